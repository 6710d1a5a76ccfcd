// Rendered by flow. The engine with plain ports, for block designs that take modules by reference.
//
// Each memory channel's addresses are moved to where the channel's memory lies on the bus; the cores count from 0.
// Interrupts are levels; they are brought into irq_clk's domain.
module flow_wrapper (
  (* X_INTERFACE_INFO = "xilinx.com:signal:clock:1.0 clk CLK" *)
  (* X_INTERFACE_PARAMETER = "ASSOCIATED_BUSIF s_axil:m00_axi:m01_axi, ASSOCIATED_RESET rst_n" *)
  input  wire         clk,
  (* X_INTERFACE_INFO = "xilinx.com:signal:reset:1.0 rst_n RST" *)
  (* X_INTERFACE_PARAMETER = "POLARITY ACTIVE_LOW" *)
  input  wire         rst_n,
  (* X_INTERFACE_INFO = "xilinx.com:signal:clock:1.0 irq_clk CLK" *)
  input  wire         irq_clk,
  output wire [1:0]   irq,
  input  wire [31:0]  s_axil_awaddr,
  input  wire [2:0]   s_axil_awprot,
  input  wire         s_axil_awvalid,
  output wire         s_axil_awready,
  input  wire [31:0]  s_axil_wdata,
  input  wire [3:0]   s_axil_wstrb,
  input  wire         s_axil_wvalid,
  output wire         s_axil_wready,
  output wire [1:0]   s_axil_bresp,
  output wire         s_axil_bvalid,
  input  wire         s_axil_bready,
  input  wire [31:0]  s_axil_araddr,
  input  wire [2:0]   s_axil_arprot,
  input  wire         s_axil_arvalid,
  output wire         s_axil_arready,
  output wire [31:0]  s_axil_rdata,
  output wire [1:0]   s_axil_rresp,
  output wire         s_axil_rvalid,
  input  wire         s_axil_rready,
  output wire [7:0]   m00_axi_arid,
  output wire [63:0]  m00_axi_araddr,
  output wire [7:0]   m00_axi_arlen,
  output wire [2:0]   m00_axi_arsize,
  output wire [1:0]   m00_axi_arburst,
  output wire [3:0]   m00_axi_arcache,
  output wire [2:0]   m00_axi_arprot,
  output wire         m00_axi_arvalid,
  input  wire         m00_axi_arready,
  input  wire [7:0]   m00_axi_rid,
  input  wire [127:0] m00_axi_rdata,
  input  wire [1:0]   m00_axi_rresp,
  input  wire         m00_axi_rlast,
  input  wire         m00_axi_rvalid,
  output wire         m00_axi_rready,
  output wire [7:0]   m00_axi_awid,
  output wire [63:0]  m00_axi_awaddr,
  output wire [7:0]   m00_axi_awlen,
  output wire [2:0]   m00_axi_awsize,
  output wire [1:0]   m00_axi_awburst,
  output wire [3:0]   m00_axi_awcache,
  output wire [2:0]   m00_axi_awprot,
  output wire         m00_axi_awvalid,
  input  wire         m00_axi_awready,
  output wire [127:0] m00_axi_wdata,
  output wire [15:0]  m00_axi_wstrb,
  output wire         m00_axi_wlast,
  output wire         m00_axi_wvalid,
  input  wire         m00_axi_wready,
  input  wire [7:0]   m00_axi_bid,
  input  wire [1:0]   m00_axi_bresp,
  input  wire         m00_axi_bvalid,
  output wire         m00_axi_bready,
  output wire [7:0]   m01_axi_arid,
  output wire [63:0]  m01_axi_araddr,
  output wire [7:0]   m01_axi_arlen,
  output wire [2:0]   m01_axi_arsize,
  output wire [1:0]   m01_axi_arburst,
  output wire [3:0]   m01_axi_arcache,
  output wire [2:0]   m01_axi_arprot,
  output wire         m01_axi_arvalid,
  input  wire         m01_axi_arready,
  input  wire [7:0]   m01_axi_rid,
  input  wire [127:0] m01_axi_rdata,
  input  wire [1:0]   m01_axi_rresp,
  input  wire         m01_axi_rlast,
  input  wire         m01_axi_rvalid,
  output wire         m01_axi_rready,
  output wire [7:0]   m01_axi_awid,
  output wire [63:0]  m01_axi_awaddr,
  output wire [7:0]   m01_axi_awlen,
  output wire [2:0]   m01_axi_awsize,
  output wire [1:0]   m01_axi_awburst,
  output wire [3:0]   m01_axi_awcache,
  output wire [2:0]   m01_axi_awprot,
  output wire         m01_axi_awvalid,
  input  wire         m01_axi_awready,
  output wire [127:0] m01_axi_wdata,
  output wire [15:0]  m01_axi_wstrb,
  output wire         m01_axi_wlast,
  output wire         m01_axi_wvalid,
  input  wire         m01_axi_wready,
  input  wire [7:0]   m01_axi_bid,
  input  wire [1:0]   m01_axi_bresp,
  input  wire         m01_axi_bvalid,
  output wire         m01_axi_bready
);

  localparam [63:0] BASE_0 = 64'h0000000000000000;
  localparam [63:0] BASE_1 = 64'h0000000000000000;

  wire [1:0] irq_level;
  (* ASYNC_REG = "TRUE" *) reg [1:0] irq_meta;
  (* ASYNC_REG = "TRUE" *) reg [1:0] irq_sync;

  always @(posedge irq_clk) begin
    irq_meta <= irq_level;
    irq_sync <= irq_meta;
  end

  assign irq = irq_sync;

  wire [63:0] m00_axi_araddr_local, m00_axi_awaddr_local;
  assign m00_axi_araddr = m00_axi_araddr_local + BASE_0;
  assign m00_axi_awaddr = m00_axi_awaddr_local + BASE_0;
  assign m00_axi_arcache = 4'b0011; // normal, bufferable, may be merged and split
  assign m00_axi_awcache = 4'b0011;
  assign m00_axi_arprot = 3'b000;
  assign m00_axi_awprot = 3'b000;

  wire [63:0] m01_axi_araddr_local, m01_axi_awaddr_local;
  assign m01_axi_araddr = m01_axi_araddr_local + BASE_1;
  assign m01_axi_awaddr = m01_axi_awaddr_local + BASE_1;
  assign m01_axi_arcache = 4'b0011; // normal, bufferable, may be merged and split
  assign m01_axi_awcache = 4'b0011;
  assign m01_axi_arprot = 3'b000;
  assign m01_axi_awprot = 3'b000;

  flow_top i_flow_top (
    .clk_i(clk), .rst_ni(rst_n),
    .s_axil_awvalid_i(s_axil_awvalid), .s_axil_awready_o(s_axil_awready), .s_axil_awaddr_i(s_axil_awaddr),
    .s_axil_wvalid_i(s_axil_wvalid), .s_axil_wready_o(s_axil_wready), .s_axil_wdata_i(s_axil_wdata),
    .s_axil_wstrb_i(s_axil_wstrb), .s_axil_bvalid_o(s_axil_bvalid), .s_axil_bready_i(s_axil_bready),
    .s_axil_bresp_o(s_axil_bresp), .s_axil_arvalid_i(s_axil_arvalid), .s_axil_arready_o(s_axil_arready),
    .s_axil_araddr_i(s_axil_araddr), .s_axil_rvalid_o(s_axil_rvalid), .s_axil_rready_i(s_axil_rready),
    .s_axil_rdata_o(s_axil_rdata), .s_axil_rresp_o(s_axil_rresp),
    .m_axi_arvalid_o({m01_axi_arvalid, m00_axi_arvalid}),
    .m_axi_araddr_o({m01_axi_araddr_local, m00_axi_araddr_local}),
    .m_axi_arlen_o({m01_axi_arlen, m00_axi_arlen}),
    .m_axi_arsize_o({m01_axi_arsize, m00_axi_arsize}),
    .m_axi_arburst_o({m01_axi_arburst, m00_axi_arburst}),
    .m_axi_arid_o({m01_axi_arid, m00_axi_arid}),
    .m_axi_rready_o({m01_axi_rready, m00_axi_rready}),
    .m_axi_awvalid_o({m01_axi_awvalid, m00_axi_awvalid}),
    .m_axi_awaddr_o({m01_axi_awaddr_local, m00_axi_awaddr_local}),
    .m_axi_awlen_o({m01_axi_awlen, m00_axi_awlen}),
    .m_axi_awsize_o({m01_axi_awsize, m00_axi_awsize}),
    .m_axi_awburst_o({m01_axi_awburst, m00_axi_awburst}),
    .m_axi_awid_o({m01_axi_awid, m00_axi_awid}),
    .m_axi_wvalid_o({m01_axi_wvalid, m00_axi_wvalid}),
    .m_axi_wdata_o({m01_axi_wdata, m00_axi_wdata}),
    .m_axi_wstrb_o({m01_axi_wstrb, m00_axi_wstrb}),
    .m_axi_wlast_o({m01_axi_wlast, m00_axi_wlast}),
    .m_axi_bready_o({m01_axi_bready, m00_axi_bready}),
    .m_axi_arready_i({m01_axi_arready, m00_axi_arready}),
    .m_axi_rvalid_i({m01_axi_rvalid, m00_axi_rvalid}),
    .m_axi_rdata_i({m01_axi_rdata, m00_axi_rdata}),
    .m_axi_rresp_i({m01_axi_rresp, m00_axi_rresp}),
    .m_axi_rlast_i({m01_axi_rlast, m00_axi_rlast}),
    .m_axi_rid_i({m01_axi_rid, m00_axi_rid}),
    .m_axi_awready_i({m01_axi_awready, m00_axi_awready}),
    .m_axi_wready_i({m01_axi_wready, m00_axi_wready}),
    .m_axi_bvalid_i({m01_axi_bvalid, m00_axi_bvalid}),
    .m_axi_bresp_i({m01_axi_bresp, m00_axi_bresp}),
    .m_axi_bid_i({m01_axi_bid, m00_axi_bid}),
    .irq_o(irq_level)
  );

endmodule
