// The engine with on-chip memory, reached over a serial line.
module serial_system
  import engine_pkg::*;
#(
  parameter int unsigned DIVISOR = 256 * 16,     // 256 x clock / baud
  parameter int unsigned MEMORY_BYTES = 131072
) (
  input  logic clk_i,
  input  logic rst_ni,
  input  logic rx_i,
  output logic tx_o,
  output logic irq_o
);

  logic rx_valid, tx_valid, tx_ready;
  logic [7:0] rx_data, tx_data;

  logic awvalid, awready, wvalid, wready, bvalid, arvalid, arready, rvalid;
  logic [31:0] address, wdata, rdata;
  logic [1:0] bresp, rresp;

  logic mem_valid, mem_ready, mem_write, mem_rvalid;
  logic [28:0] mem_address;
  logic [63:0] mem_wdata, mem_rdata;

  logic m_arvalid, m_arready, m_rvalid, m_rready, m_rlast, m_awvalid, m_awready, m_wvalid, m_wready, m_wlast;
  logic m_bvalid, m_bready;
  logic [63:0] m_araddr, m_awaddr, m_rdata, m_wdata;
  logic [7:0] m_arlen, m_awlen, m_arid, m_awid, m_rid, m_bid, m_wstrb;
  logic [2:0] m_arsize, m_awsize;
  logic [1:0] m_arburst, m_awburst, m_rresp, m_bresp;
  logic [CORES-1:0] irq;

  // the memory's word and the engine's bus are 8 bytes, one channel
  if (AXI_BYTES != 8 || CHANNELS != 1) begin : gen_check
    $error("serial_system needs AXI_BYTES = 8 and CHANNELS = 1");
  end

  assign irq_o = |irq;

  uart_receiver #(.DIVISOR(DIVISOR)) i_receiver (.clk_i, .rst_ni, .rx_i, .valid_o(rx_valid), .data_o(rx_data));
  uart_transmitter #(.DIVISOR(DIVISOR)) i_transmitter (
    .clk_i, .rst_ni, .valid_i(tx_valid), .ready_o(tx_ready), .data_i(tx_data), .tx_o
  );

  serial_link #(.MEMORY_BYTES(MEMORY_BYTES)) i_link (
    .clk_i, .rst_ni, .rx_valid_i(rx_valid), .rx_data_i(rx_data), .tx_valid_o(tx_valid), .tx_ready_i(tx_ready),
    .tx_data_o(tx_data), .awvalid_o(awvalid), .awready_i(awready), .wvalid_o(wvalid), .wready_i(wready), .wdata_o(wdata),
    .bvalid_i(bvalid), .bresp_i(bresp), .arvalid_o(arvalid), .arready_i(arready), .rvalid_i(rvalid), .rdata_i(rdata),
    .rresp_i(rresp), .address_o(address), .mem_valid_o(mem_valid), .mem_ready_i(mem_ready), .mem_write_o(mem_write),
    .mem_address_o(mem_address), .mem_wdata_o(mem_wdata), .mem_rvalid_i(mem_rvalid), .mem_rdata_i(mem_rdata)
  );

  shared_memory #(.BYTES(MEMORY_BYTES)) i_memory (
    .clk_i, .rst_ni, .arvalid_i(m_arvalid), .arready_o(m_arready), .araddr_i(m_araddr), .arlen_i(m_arlen),
    .arid_i(m_arid), .rvalid_o(m_rvalid), .rready_i(m_rready), .rdata_o(m_rdata), .rresp_o(m_rresp), .rlast_o(m_rlast),
    .rid_o(m_rid), .awvalid_i(m_awvalid), .awready_o(m_awready), .awaddr_i(m_awaddr), .awid_i(m_awid),
    .wvalid_i(m_wvalid), .wready_o(m_wready), .wdata_i(m_wdata), .wstrb_i(m_wstrb), .wlast_i(m_wlast),
    .bvalid_o(m_bvalid), .bready_i(m_bready), .bresp_o(m_bresp), .bid_o(m_bid), .mem_valid_i(mem_valid),
    .mem_ready_o(mem_ready), .mem_write_i(mem_write), .mem_address_i(mem_address), .mem_wdata_i(mem_wdata),
    .mem_rvalid_o(mem_rvalid), .mem_rdata_o(mem_rdata)
  );

  // clock enables of a thousand registers are what the device has too few wires for
  flow_top #(.STAGE_ENABLES(1'b0)) i_flow_top (
    .clk_i, .rst_ni,
    .s_axil_awvalid_i(awvalid), .s_axil_awready_o(awready), .s_axil_awaddr_i(address),
    .s_axil_wvalid_i(wvalid), .s_axil_wready_o(wready), .s_axil_wdata_i(wdata), .s_axil_wstrb_i(4'hF),
    .s_axil_bvalid_o(bvalid), .s_axil_bready_i(1'b1), .s_axil_bresp_o(bresp),
    .s_axil_arvalid_i(arvalid), .s_axil_arready_o(arready), .s_axil_araddr_i(address),
    .s_axil_rvalid_o(rvalid), .s_axil_rready_i(1'b1), .s_axil_rdata_o(rdata), .s_axil_rresp_o(rresp),
    .m_axi_arvalid_o(m_arvalid), .m_axi_arready_i(m_arready), .m_axi_araddr_o(m_araddr), .m_axi_arlen_o(m_arlen),
    .m_axi_arsize_o(m_arsize), .m_axi_arburst_o(m_arburst), .m_axi_arid_o(m_arid), .m_axi_rvalid_i(m_rvalid),
    .m_axi_rready_o(m_rready), .m_axi_rdata_i(m_rdata), .m_axi_rresp_i(m_rresp), .m_axi_rlast_i(m_rlast),
    .m_axi_rid_i(m_rid), .m_axi_awvalid_o(m_awvalid), .m_axi_awready_i(m_awready), .m_axi_awaddr_o(m_awaddr),
    .m_axi_awlen_o(m_awlen), .m_axi_awsize_o(m_awsize), .m_axi_awburst_o(m_awburst), .m_axi_awid_o(m_awid),
    .m_axi_wvalid_o(m_wvalid), .m_axi_wready_i(m_wready), .m_axi_wdata_o(m_wdata), .m_axi_wstrb_o(m_wstrb),
    .m_axi_wlast_o(m_wlast), .m_axi_bvalid_i(m_bvalid), .m_axi_bready_o(m_bready), .m_axi_bresp_i(m_bresp),
    .m_axi_bid_i(m_bid), .irq_o(irq)
  );

endmodule
