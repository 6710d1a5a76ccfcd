// The engine: CORES cores behind one AXI-Lite slave and CHANNELS AXI4 masters.
//
// Page n of the register space is core n; core n uses channel n % CHANNELS. Cores that share a channel take fair turns.
// IDs: bit 0 of a read is 0 for instructions and 1 for LOAD, the bits above are the core's place on its channel, as all bits
// of a write are. Bursts are INCR and as wide as the bus.
module flow_top
  import isa_pkg::*;
  import engine_pkg::*;
  import core_pkg::*;
#(
  parameter bit STAGE_ENABLES = 1'b1  // see flow_core
) (
  input  logic        clk_i,
  input  logic        rst_ni,
  // registers
  input  logic        s_axil_awvalid_i,
  output logic        s_axil_awready_o,
  input  logic [31:0] s_axil_awaddr_i,
  input  logic        s_axil_wvalid_i,
  output logic        s_axil_wready_o,
  input  logic [31:0] s_axil_wdata_i,
  input  logic [3:0]  s_axil_wstrb_i,
  output logic        s_axil_bvalid_o,
  input  logic        s_axil_bready_i,
  output logic [1:0]  s_axil_bresp_o,
  input  logic        s_axil_arvalid_i,
  output logic        s_axil_arready_o,
  input  logic [31:0] s_axil_araddr_i,
  output logic        s_axil_rvalid_o,
  input  logic        s_axil_rready_i,
  output logic [31:0] s_axil_rdata_o,
  output logic [1:0]  s_axil_rresp_o,
  // memory channels
  output logic [CHANNELS-1:0]                  m_axi_arvalid_o,
  input  logic [CHANNELS-1:0]                  m_axi_arready_i,
  output logic [CHANNELS-1:0][63:0]            m_axi_araddr_o,
  output logic [CHANNELS-1:0][7:0]             m_axi_arlen_o,
  output logic [CHANNELS-1:0][2:0]             m_axi_arsize_o,
  output logic [CHANNELS-1:0][1:0]             m_axi_arburst_o,
  output logic [CHANNELS-1:0][7:0]             m_axi_arid_o,
  input  logic [CHANNELS-1:0]                  m_axi_rvalid_i,
  output logic [CHANNELS-1:0]                  m_axi_rready_o,
  input  logic [CHANNELS-1:0][AXI_BYTES*8-1:0] m_axi_rdata_i,
  input  logic [CHANNELS-1:0][1:0]             m_axi_rresp_i,
  input  logic [CHANNELS-1:0]                  m_axi_rlast_i,
  input  logic [CHANNELS-1:0][7:0]             m_axi_rid_i,
  output logic [CHANNELS-1:0]                  m_axi_awvalid_o,
  input  logic [CHANNELS-1:0]                  m_axi_awready_i,
  output logic [CHANNELS-1:0][63:0]            m_axi_awaddr_o,
  output logic [CHANNELS-1:0][7:0]             m_axi_awlen_o,
  output logic [CHANNELS-1:0][2:0]             m_axi_awsize_o,
  output logic [CHANNELS-1:0][1:0]             m_axi_awburst_o,
  output logic [CHANNELS-1:0][7:0]             m_axi_awid_o,
  output logic [CHANNELS-1:0]                  m_axi_wvalid_o,
  input  logic [CHANNELS-1:0]                  m_axi_wready_i,
  output logic [CHANNELS-1:0][AXI_BYTES*8-1:0] m_axi_wdata_o,
  output logic [CHANNELS-1:0][AXI_BYTES-1:0]   m_axi_wstrb_o,
  output logic [CHANNELS-1:0]                  m_axi_wlast_o,
  input  logic [CHANNELS-1:0]                  m_axi_bvalid_i,
  output logic [CHANNELS-1:0]                  m_axi_bready_o,
  input  logic [CHANNELS-1:0][1:0]             m_axi_bresp_i,
  input  logic [CHANNELS-1:0][7:0]             m_axi_bid_i,
  output logic [CORES-1:0]                     irq_o
);

  localparam logic [1:0] INCR = 2'b01;
  localparam logic [2:0] FULL_WIDTH = 3'($clog2(AXI_BYTES));

  // --- Registers ---

  logic [CORES-1:0] reg_write;
  logic [$bits(REG_MAGIC)-1:0] reg_waddr, reg_raddr;
  logic [31:0] reg_wdata;
  logic [3:0] reg_wstrb;
  logic [CORES-1:0][31:0] reg_rdata;

  axil_slave i_slave (
    .clk_i, .rst_ni,
    .awvalid_i(s_axil_awvalid_i), .awready_o(s_axil_awready_o), .awaddr_i(s_axil_awaddr_i),
    .wvalid_i(s_axil_wvalid_i), .wready_o(s_axil_wready_o), .wdata_i(s_axil_wdata_i), .wstrb_i(s_axil_wstrb_i),
    .bvalid_o(s_axil_bvalid_o), .bready_i(s_axil_bready_i), .bresp_o(s_axil_bresp_o),
    .arvalid_i(s_axil_arvalid_i), .arready_o(s_axil_arready_o), .araddr_i(s_axil_araddr_i),
    .rvalid_o(s_axil_rvalid_o), .rready_i(s_axil_rready_i), .rdata_o(s_axil_rdata_o), .rresp_o(s_axil_rresp_o),
    .write_o(reg_write), .waddr_o(reg_waddr), .wdata_o(reg_wdata), .wstrb_o(reg_wstrb), .raddr_o(reg_raddr),
    .rdata_i(reg_rdata)
  );

  // --- Channels and their cores ---

  for (genvar n = 0; n < CHANNELS; n++) begin : gen_channel
    localparam int unsigned SLOTS = (CORES - n + CHANNELS - 1) / CHANNELS;

    logic     [SLOTS-1:0]                arvalid, arready, rvalid, rready;
    address_t [SLOTS-1:0]                araddr, awaddr;
    logic     [SLOTS-1:0][7:0]           arlen, arid, awlen;
    logic     [SLOTS-1:0]                awvalid, awready, wvalid, wready, wlast, bvalid;
    logic     [SLOTS-1:0][DATA_BITS-1:0] wdata;
    logic     [SLOTS-1:0][AXI_BYTES-1:0] wstrb;
    logic     [7:0]                      rid;

    axi_read_mux #(.SLOTS(SLOTS), .ID_BITS(1)) i_read_mux (
      .clk_i, .rst_ni,
      .s_arvalid_i(arvalid), .s_arready_o(arready), .s_araddr_i(araddr), .s_arlen_i(arlen), .s_arid_i(arid),
      .s_rvalid_o(rvalid), .s_rready_i(rready), .s_rid_o(rid),
      .m_arvalid_o(m_axi_arvalid_o[n]), .m_arready_i(m_axi_arready_i[n]), .m_araddr_o(m_axi_araddr_o[n]),
      .m_arlen_o(m_axi_arlen_o[n]), .m_arid_o(m_axi_arid_o[n]), .m_rvalid_i(m_axi_rvalid_i[n]),
      .m_rready_o(m_axi_rready_o[n]), .m_rid_i(m_axi_rid_i[n])
    );

    axi_write_mux #(.SLOTS(SLOTS)) i_write_mux (
      .clk_i, .rst_ni,
      .s_awvalid_i(awvalid), .s_awready_o(awready), .s_awaddr_i(awaddr), .s_awlen_i(awlen),
      .s_wvalid_i(wvalid), .s_wready_o(wready), .s_wdata_i(wdata), .s_wstrb_i(wstrb), .s_wlast_i(wlast),
      .s_bvalid_o(bvalid),
      .m_awvalid_o(m_axi_awvalid_o[n]), .m_awready_i(m_axi_awready_i[n]), .m_awaddr_o(m_axi_awaddr_o[n]),
      .m_awlen_o(m_axi_awlen_o[n]), .m_awid_o(m_axi_awid_o[n]), .m_wvalid_o(m_axi_wvalid_o[n]),
      .m_wready_i(m_axi_wready_i[n]), .m_wdata_o(m_axi_wdata_o[n]), .m_wstrb_o(m_axi_wstrb_o[n]),
      .m_wlast_o(m_axi_wlast_o[n]), .m_bvalid_i(m_axi_bvalid_i[n]), .m_bready_o(m_axi_bready_o[n]),
      .m_bid_i(m_axi_bid_i[n])
    );

    assign m_axi_arsize_o[n] = FULL_WIDTH;
    assign m_axi_awsize_o[n] = FULL_WIDTH;
    assign m_axi_arburst_o[n] = INCR;
    assign m_axi_awburst_o[n] = INCR;

    for (genvar s = 0; s < SLOTS; s++) begin : gen_core
      localparam int unsigned CORE = s * CHANNELS + n;
      logic bready;

      flow_core #(.CORE(CORE), .STAGE_ENABLES(STAGE_ENABLES)) i_core (
        .clk_i, .rst_ni,
        .reg_write_i(reg_write[CORE]), .reg_waddr_i(reg_waddr), .reg_wdata_i(reg_wdata), .reg_wstrb_i(reg_wstrb),
        .reg_raddr_i(reg_raddr), .reg_rdata_o(reg_rdata[CORE]), .irq_o(irq_o[CORE]),
        .arvalid_o(arvalid[s]), .arready_i(arready[s]), .araddr_o(araddr[s]), .arlen_o(arlen[s]),
        .arid_o(arid[s]), .rvalid_i(rvalid[s]), .rready_o(rready[s]), .rdata_i(m_axi_rdata_i[n]),
        .rresp_i(m_axi_rresp_i[n]), .rlast_i(m_axi_rlast_i[n]), .rid_i(rid),
        .awvalid_o(awvalid[s]), .awready_i(awready[s]), .awaddr_o(awaddr[s]), .awlen_o(awlen[s]),
        .wvalid_o(wvalid[s]), .wready_i(wready[s]), .wdata_o(wdata[s]), .wstrb_o(wstrb[s]), .wlast_o(wlast[s]),
        .bvalid_i(bvalid[s]), .bready_o(bready), .bresp_i(m_axi_bresp_i[n])
      );
    end
  end

endmodule
