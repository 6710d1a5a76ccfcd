// Rendered by flow: AWS's HBM behind the host and the engine's channels. Not run in Vivado or on AWS here.
//
// Channel n is the 0x40000000 bytes from n times as many; the cores count from 0, the host from the first channel's first byte.
//
//   host (PCIS) - cl_flow_host --- axi_*_mux - cl_axi_sc_1x1 (512 bits, clk_main_a0 -> 256 bits, HBM's clock) - cl_hbm_wrapper
//   engine's channel n -----------/
//
// cl_axi_sc_1x1_wrapper, cl_hbm_wrapper and cfg_bus_t are the development kit's.
module cl_flow_memory
  import core_pkg::*;
#(
  parameter int unsigned CHANNELS = 3
) (
  input  logic                       clk_i,
  input  logic                       rst_ni,
  input  logic                       clk_hbm_ref,
  output logic                       ready_o,
  // the engine
  input  logic [CHANNELS-1:0]        arvalid, awvalid, wvalid, wlast, rready, bready,
  output logic [CHANNELS-1:0]        arready, awready, wready, rvalid, rlast, bvalid,
  input  logic [CHANNELS-1:0][63:0]  araddr, awaddr,
  input  logic [CHANNELS-1:0][7:0]   arlen, arid, awlen, awid,
  output logic [CHANNELS-1:0][7:0]   rid, bid,
  output logic [CHANNELS-1:0][1:0]   rresp, bresp,
  output logic [CHANNELS-1:0][511:0] rdata,
  input  logic [CHANNELS-1:0][511:0] wdata,
  input  logic [CHANNELS-1:0][63:0]  wstrb,
  // the host
  input  logic         s_awvalid_i, s_wvalid_i, s_bready_i, s_arvalid_i, s_rready_i,
  output logic         s_awready_o, s_wready_o, s_bvalid_o, s_arready_o, s_rvalid_o, s_rlast_o,
  input  logic [15:0]  s_awid_i, s_arid_i,
  output logic [15:0]  s_bid_o, s_rid_o,
  input  logic [63:0]  s_awaddr_i, s_araddr_i,
  input  logic [7:0]   s_awlen_i, s_arlen_i,
  input  logic [2:0]   s_awsize_i, s_arsize_i,
  input  logic [511:0] s_wdata_i,
  input  logic [63:0]  s_wstrb_i,
  output logic [511:0] s_rdata_o,
  output logic [1:0]   s_bresp_o, s_rresp_o,
  // HBM's own registers, to the shell
  input  logic         hbm_apb_preset_n_1, hbm_apb_preset_n_0,
  output logic [21:0]  hbm_apb_paddr_1, hbm_apb_paddr_0,
  output logic [2:0]   hbm_apb_pprot_1, hbm_apb_pprot_0,
  output logic         hbm_apb_psel_1, hbm_apb_penable_1, hbm_apb_pwrite_1, hbm_apb_pready_1, hbm_apb_pslverr_1,
  output logic         hbm_apb_psel_0, hbm_apb_penable_0, hbm_apb_pwrite_0, hbm_apb_pready_0, hbm_apb_pslverr_0,
  output logic [31:0]  hbm_apb_pwdata_1, hbm_apb_prdata_1, hbm_apb_pwdata_0, hbm_apb_prdata_0,
  output logic [3:0]   hbm_apb_pstrb_1, hbm_apb_pstrb_0
);

  localparam longint unsigned CHANNEL_BYTES = 64'h40000000;
  // slots of the multiplexers; IDs of the engine are below 128
  localparam int unsigned ENGINE = 0, HOST = 1, SLOTS = 2, ID_BITS = 7;
  localparam int unsigned OUTSTANDING = 64;

  // --- The host's words ---

  logic [CHANNELS-1:0] h_awvalid, h_awready, h_wvalid, h_wready, h_bvalid, h_arvalid, h_arready, h_rvalid;
  logic [63:0] h_awaddr, h_araddr, h_wstrb;
  logic [511:0] h_wdata;
  logic h_rready;

  cl_flow_host #(.CHANNELS(CHANNELS), .CHANNEL_BYTES(CHANNEL_BYTES)) i_host (
    .clk_i, .rst_ni,
    .s_awvalid_i, .s_awready_o, .s_awid_i, .s_awaddr_i, .s_awlen_i, .s_awsize_i, .s_wvalid_i, .s_wready_o,
    .s_wdata_i, .s_wstrb_i, .s_bvalid_o, .s_bready_i, .s_bid_o, .s_bresp_o, .s_arvalid_i, .s_arready_o, .s_arid_i,
    .s_araddr_i, .s_arlen_i, .s_arsize_i, .s_rvalid_o, .s_rready_i, .s_rid_o, .s_rdata_o, .s_rresp_o, .s_rlast_o,
    .m_awvalid_o(h_awvalid), .m_awready_i(h_awready), .m_awaddr_o(h_awaddr),
    .m_wvalid_o(h_wvalid), .m_wready_i(h_wready), .m_wdata_o(h_wdata), .m_wstrb_o(h_wstrb),
    .m_bvalid_i(h_bvalid), .m_bresp_i(bresp),
    .m_arvalid_o(h_arvalid), .m_arready_i(h_arready), .m_araddr_o(h_araddr),
    .m_rvalid_i(h_rvalid), .m_rready_o(h_rready), .m_rdata_i(rdata), .m_rresp_i(rresp)
  );

  // --- HBM's ports ---

  logic hbm_clk;
  logic [33:0]  a3_araddr[0:CHANNELS-1], a3_awaddr[0:CHANNELS-1];
  logic [1:0]   a3_arburst[0:CHANNELS-1], a3_awburst[0:CHANNELS-1], a3_rresp[0:CHANNELS-1], a3_bresp[0:CHANNELS-1];
  logic [5:0]   a3_arid[0:CHANNELS-1], a3_awid[0:CHANNELS-1], a3_rid[0:CHANNELS-1], a3_bid[0:CHANNELS-1];
  logic [3:0]   a3_arlen[0:CHANNELS-1], a3_awlen[0:CHANNELS-1];
  logic [2:0]   a3_arsize[0:CHANNELS-1], a3_awsize[0:CHANNELS-1];
  logic         a3_arvalid[0:CHANNELS-1], a3_awvalid[0:CHANNELS-1], a3_wvalid[0:CHANNELS-1], a3_wlast[0:CHANNELS-1];
  logic         a3_arready[0:CHANNELS-1], a3_awready[0:CHANNELS-1], a3_wready[0:CHANNELS-1];
  logic         a3_rvalid[0:CHANNELS-1], a3_rready[0:CHANNELS-1], a3_rlast[0:CHANNELS-1];
  logic         a3_bvalid[0:CHANNELS-1], a3_bready[0:CHANNELS-1];
  logic [255:0] a3_wdata[0:CHANNELS-1], a3_rdata[0:CHANNELS-1];
  logic [31:0]  a3_wstrb[0:CHANNELS-1];

  for (genvar n = 0; n < CHANNELS; n++) begin : gen_channel
    logic [7:0] m_arid, m_awid, slot_rid;
    logic [15:0] m_rid, m_bid;
    address_t m_araddr, m_awaddr;
    logic [7:0] m_arlen, m_awlen;
    logic m_arvalid, m_arready, m_rvalid, m_rready, m_awvalid, m_awready, m_wvalid, m_wready, m_wlast, m_bvalid;
    logic [511:0] m_wdata;
    logic [63:0] m_wstrb;
    logic m_bready, aw_room, e_awready, e_bvalid;
    logic [29:0] above_ar, above_aw;

    axi_read_mux #(.SLOTS(SLOTS), .ID_BITS(ID_BITS)) i_read_mux (
      .clk_i, .rst_ni,
      .s_arvalid_i({h_arvalid[n], arvalid[n]}), .s_arready_o({h_arready[n], arready[n]}),
      .s_araddr_i({h_araddr, araddr[n] + n * CHANNEL_BYTES}), .s_arlen_i({8'd0, arlen[n]}),
      .s_arid_i({8'd0, arid[n]}), .s_rvalid_o({h_rvalid[n], rvalid[n]}), .s_rready_i({h_rready, rready[n]}),
      .s_rid_o(slot_rid),
      .m_arvalid_o(m_arvalid), .m_arready_i(m_arready), .m_araddr_o(m_araddr), .m_arlen_o(m_arlen),
      .m_arid_o(m_arid), .m_rvalid_i(m_rvalid), .m_rready_o(m_rready), .m_rid_i(m_rid[7:0])
    );
    assign rid[n] = slot_rid;

    axi_write_mux #(.SLOTS(SLOTS)) i_write_mux (
      .clk_i, .rst_ni,
      .s_awvalid_i({h_awvalid[n], awvalid[n] && aw_room}), .s_awready_o({h_awready[n], e_awready}),
      .s_awaddr_i({h_awaddr, awaddr[n] + n * CHANNEL_BYTES}), .s_awlen_i({8'd0, awlen[n]}),
      .s_wvalid_i({h_wvalid[n], wvalid[n]}), .s_wready_o({h_wready[n], wready[n]}), .s_wdata_i({h_wdata, wdata[n]}),
      .s_wstrb_i({h_wstrb, wstrb[n]}), .s_wlast_i({1'b1, wlast[n]}), .s_bvalid_o({h_bvalid[n], e_bvalid}),
      .m_awvalid_o(m_awvalid), .m_awready_i(m_awready), .m_awaddr_o(m_awaddr), .m_awlen_o(m_awlen),
      .m_awid_o(m_awid), .m_wvalid_o(m_wvalid), .m_wready_i(m_wready), .m_wdata_o(m_wdata), .m_wstrb_o(m_wstrb),
      .m_wlast_o(m_wlast), .m_bvalid_i(m_bvalid), .m_bready_o(m_bready), .m_bid_i(m_bid[7:0])
    );
    assign awready[n] = e_awready && aw_room;
    assign bvalid[n] = e_bvalid;

    // the multiplexer's ID is the slot: the engine's answers come in the order of its requests
    fifo #(.WIDTH(8), .DEPTH(OUTSTANDING)) i_engine_ids (
      .clk_i, .rst_ni,
      .push_i(awvalid[n] && awready[n]), .ready_o(aw_room), .data_i(awid[n]),
      .valid_o(), .pop_i(e_bvalid), .data_o(bid[n])
    );

    cl_axi_sc_1x1_wrapper i_converter (
      .aclk_250(clk_i), .aresetn_250(rst_ni), .aclk_450(hbm_clk),
      .AXI4_arvalid(m_arvalid), .AXI4_arready(m_arready), .AXI4_araddr(m_araddr), .AXI4_arid({8'd0, m_arid}),
      .AXI4_arlen(m_arlen), .AXI4_arsize(3'd6), .AXI4_arburst(2'b01), .AXI4_arcache(4'b0011), .AXI4_arlock(1'b0),
      .AXI4_arprot(3'd0), .AXI4_arqos(4'd0),
      .AXI4_rvalid(m_rvalid), .AXI4_rready(m_rready), .AXI4_rdata(rdata[n]), .AXI4_rid(m_rid),
      .AXI4_rresp(rresp[n]), .AXI4_rlast(rlast[n]),
      .AXI4_awvalid(m_awvalid), .AXI4_awready(m_awready), .AXI4_awaddr(m_awaddr), .AXI4_awid({8'd0, m_awid}),
      .AXI4_awlen(m_awlen), .AXI4_awsize(3'd6), .AXI4_awburst(2'b01), .AXI4_awcache(4'b0011), .AXI4_awlock(1'b0),
      .AXI4_awprot(3'd0), .AXI4_awqos(4'd0),
      .AXI4_wvalid(m_wvalid), .AXI4_wready(m_wready), .AXI4_wdata(m_wdata), .AXI4_wstrb(m_wstrb), .AXI4_wlast(m_wlast),
      .AXI4_bvalid(m_bvalid), .AXI4_bready(m_bready), .AXI4_bid(m_bid), .AXI4_bresp(bresp[n]),
      .AXI3_arvalid(a3_arvalid[n]), .AXI3_arready(a3_arready[n]), .AXI3_araddr({above_ar, a3_araddr[n]}),
      .AXI3_arlen(a3_arlen[n]), .AXI3_arsize(a3_arsize[n]), .AXI3_arburst(a3_arburst[n]), .AXI3_arcache(),
      .AXI3_arlock(), .AXI3_arprot(), .AXI3_arqos(),
      .AXI3_rvalid(a3_rvalid[n]), .AXI3_rready(a3_rready[n]), .AXI3_rdata(a3_rdata[n]), .AXI3_rresp(a3_rresp[n]),
      .AXI3_rlast(a3_rlast[n]),
      .AXI3_awvalid(a3_awvalid[n]), .AXI3_awready(a3_awready[n]), .AXI3_awaddr({above_aw, a3_awaddr[n]}),
      .AXI3_awlen(a3_awlen[n]), .AXI3_awsize(a3_awsize[n]), .AXI3_awburst(a3_awburst[n]), .AXI3_awcache(),
      .AXI3_awlock(), .AXI3_awprot(), .AXI3_awqos(),
      .AXI3_wvalid(a3_wvalid[n]), .AXI3_wready(a3_wready[n]), .AXI3_wdata(a3_wdata[n]), .AXI3_wstrb(a3_wstrb[n]),
      .AXI3_wlast(a3_wlast[n]), .AXI3_bvalid(a3_bvalid[n]), .AXI3_bready(a3_bready[n]), .AXI3_bresp(a3_bresp[n])
    );
    assign a3_arid[n] = '0;
    assign a3_awid[n] = '0;
  end

  cfg_bus_t stat_bus();
  assign stat_bus.addr = '0;
  assign stat_bus.wdata = '0;
  assign stat_bus.wr = 1'b0;
  assign stat_bus.rd = 1'b0;
  assign stat_bus.user = '0;

  cl_hbm_wrapper #(.NUM_OF_AXI_PORTS(CHANNELS), .AXI4_INTERFACE(0)) i_hbm (
    .apb_clk(clk_hbm_ref), .i_clk_250m(clk_i), .i_rst_250m_n(rst_ni), .o_clk_450m(hbm_clk), .o_rst_450m_n(),
    .o_clk_100m(), .o_rst_100m_n(),
    .i_axi_araddr(a3_araddr), .i_axi_arburst(a3_arburst), .i_axi_arid(a3_arid), .i_axi_arlen(a3_arlen),
    .i_axi_arsize(a3_arsize), .i_axi_arvalid(a3_arvalid), .i_axi_awaddr(a3_awaddr), .i_axi_awburst(a3_awburst),
    .i_axi_awid(a3_awid), .i_axi_awlen(a3_awlen), .i_axi_awsize(a3_awsize), .i_axi_awvalid(a3_awvalid),
    .i_axi_rready(a3_rready), .i_axi_bready(a3_bready), .i_axi_wdata(a3_wdata), .i_axi_wlast(a3_wlast),
    .i_axi_wstrb(a3_wstrb), .i_axi_wvalid(a3_wvalid), .o_axi_arready(a3_arready), .o_axi_awready(a3_awready),
    .o_axi_rdata(a3_rdata), .o_axi_rid(a3_rid), .o_axi_rlast(a3_rlast), .o_axi_rresp(a3_rresp),
    .o_axi_rvalid(a3_rvalid), .o_axi_wready(a3_wready), .o_axi_bid(a3_bid), .o_axi_bresp(a3_bresp),
    .o_axi_bvalid(a3_bvalid),
    .i_hbm_apb_preset_n_1(hbm_apb_preset_n_1),
    .o_hbm_apb_paddr_1(hbm_apb_paddr_1),
    .o_hbm_apb_pprot_1(hbm_apb_pprot_1),
    .o_hbm_apb_psel_1(hbm_apb_psel_1),
    .o_hbm_apb_penable_1(hbm_apb_penable_1),
    .o_hbm_apb_pwrite_1(hbm_apb_pwrite_1),
    .o_hbm_apb_pwdata_1(hbm_apb_pwdata_1),
    .o_hbm_apb_pstrb_1(hbm_apb_pstrb_1),
    .o_hbm_apb_pready_1(hbm_apb_pready_1),
    .o_hbm_apb_prdata_1(hbm_apb_prdata_1),
    .o_hbm_apb_pslverr_1(hbm_apb_pslverr_1),
    .i_hbm_apb_preset_n_0(hbm_apb_preset_n_0),
    .o_hbm_apb_paddr_0(hbm_apb_paddr_0),
    .o_hbm_apb_pprot_0(hbm_apb_pprot_0),
    .o_hbm_apb_psel_0(hbm_apb_psel_0),
    .o_hbm_apb_penable_0(hbm_apb_penable_0),
    .o_hbm_apb_pwrite_0(hbm_apb_pwrite_0),
    .o_hbm_apb_pwdata_0(hbm_apb_pwdata_0),
    .o_hbm_apb_pstrb_0(hbm_apb_pstrb_0),
    .o_hbm_apb_pready_0(hbm_apb_pready_0),
    .o_hbm_apb_prdata_0(hbm_apb_prdata_0),
    .o_hbm_apb_pslverr_0(hbm_apb_pslverr_0),
    .hbm_stat_bus(stat_bus), .o_cl_sh_hbm_stat_int(), .o_hbm_ready(ready_o)
  );

endmodule
