// Rendered by flow: custom logic for AWS F2's small shell. Not run in Vivado or on AWS here.
//
// Registers are on the OCL interface (BAR 0). The host's PCIS interface (BAR 4) and the engine's memory channels meet in
// cl_flow_memory, before AWS's HBM. The cores are polled: interrupts are not connected. Until the HBM is ready the engine is
// in reset and the host reads all ones.
module cl_flow #(
  parameter EN_DDR = 0,
  parameter EN_HBM = 1
) (
  `include "cl_ports.vh"
);

`include "cl_id_defines.vh"

  localparam int CHANNELS = 3;
  localparam int DATA_BITS = 512;

  // --- Shell signals that are not used ---

  always_comb begin
    cl_sh_flr_done = 1'b1;
    cl_sh_status0 = '0;
    cl_sh_status1 = '0;
    cl_sh_status2 = '0;
    cl_sh_id0 = `CL_SH_ID0;
    cl_sh_id1 = `CL_SH_ID1;
    cl_sh_status_vled = '0;
    cl_sh_dma_wr_full = 1'b0;
    cl_sh_dma_rd_full = 1'b0;
    cl_sh_apppf_irq_req = '0;
    cl_sh_ddr_stat_ack = '0;
    cl_sh_ddr_stat_rdata = '0;
    cl_sh_ddr_stat_int = '0;
    tdo = 1'b0;
    {cl_sda_awready, cl_sda_wready, cl_sda_bvalid, cl_sda_arready, cl_sda_rvalid} = '0;
    {cl_sda_bresp, cl_sda_rresp, cl_sda_rdata} = '0;
    {cl_sh_pcim_awvalid, cl_sh_pcim_wvalid, cl_sh_pcim_wlast, cl_sh_pcim_arvalid, cl_sh_pcim_rready} = '0;
    {cl_sh_pcim_awid, cl_sh_pcim_awaddr, cl_sh_pcim_awlen, cl_sh_pcim_awsize, cl_sh_pcim_awburst} = '0;
    {cl_sh_pcim_awcache, cl_sh_pcim_awlock, cl_sh_pcim_awprot, cl_sh_pcim_awqos, cl_sh_pcim_awuser} = '0;
    {cl_sh_pcim_wid, cl_sh_pcim_wdata, cl_sh_pcim_wstrb, cl_sh_pcim_wuser} = '0;
    {cl_sh_pcim_arid, cl_sh_pcim_araddr, cl_sh_pcim_arlen, cl_sh_pcim_arsize, cl_sh_pcim_arburst} = '0;
    {cl_sh_pcim_arcache, cl_sh_pcim_arlock, cl_sh_pcim_arprot, cl_sh_pcim_arqos, cl_sh_pcim_aruser} = '0;
    {PCIE_EP_TXP, PCIE_EP_TXN, PCIE_RP_PERSTN, PCIE_RP_TXP, PCIE_RP_TXN} = '0;
  end

  // --- Reset, in step with the clock ---

  (* ASYNC_REG = "TRUE" *) logic [1:0] reset_q;
  logic hbm_ready, engine_reset_q;

  always_ff @(posedge clk_main_a0) engine_reset_q <= reset_q[1] && hbm_ready;

  always_ff @(posedge clk_main_a0 or negedge rst_main_n) begin
    if (!rst_main_n) reset_q <= '0;
    else reset_q <= {reset_q[0], 1'b1};
  end

  // --- Engine ---

  logic [CHANNELS-1:0] arvalid, arready, rvalid, rready, rlast, awvalid, awready, wvalid, wready, wlast, bvalid, bready;
  logic [CHANNELS-1:0][63:0] araddr, awaddr;
  logic [CHANNELS-1:0][7:0] arlen, arid, rid, awlen, awid, bid;
  logic [CHANNELS-1:0][2:0] arsize, awsize;
  logic [CHANNELS-1:0][1:0] arburst, rresp, awburst, bresp;
  logic [CHANNELS-1:0][DATA_BITS-1:0] rdata, wdata;
  logic [CHANNELS-1:0][DATA_BITS/8-1:0] wstrb;

  flow_top i_flow_top (
    .clk_i(clk_main_a0), .rst_ni(engine_reset_q),
    .s_axil_awvalid_i(ocl_cl_awvalid), .s_axil_awready_o(cl_ocl_awready), .s_axil_awaddr_i(ocl_cl_awaddr),
    .s_axil_wvalid_i(ocl_cl_wvalid), .s_axil_wready_o(cl_ocl_wready), .s_axil_wdata_i(ocl_cl_wdata),
    .s_axil_wstrb_i(ocl_cl_wstrb), .s_axil_bvalid_o(cl_ocl_bvalid), .s_axil_bready_i(ocl_cl_bready),
    .s_axil_bresp_o(cl_ocl_bresp), .s_axil_arvalid_i(ocl_cl_arvalid), .s_axil_arready_o(cl_ocl_arready),
    .s_axil_araddr_i(ocl_cl_araddr), .s_axil_rvalid_o(cl_ocl_rvalid), .s_axil_rready_i(ocl_cl_rready),
    .s_axil_rdata_o(cl_ocl_rdata), .s_axil_rresp_o(cl_ocl_rresp),
    .m_axi_arvalid_o(arvalid), .m_axi_arready_i(arready), .m_axi_araddr_o(araddr), .m_axi_arlen_o(arlen),
    .m_axi_arsize_o(arsize), .m_axi_arburst_o(arburst), .m_axi_arid_o(arid), .m_axi_rvalid_i(rvalid),
    .m_axi_rready_o(rready), .m_axi_rdata_i(rdata), .m_axi_rresp_i(rresp), .m_axi_rlast_i(rlast), .m_axi_rid_i(rid),
    .m_axi_awvalid_o(awvalid), .m_axi_awready_i(awready), .m_axi_awaddr_o(awaddr), .m_axi_awlen_o(awlen),
    .m_axi_awsize_o(awsize), .m_axi_awburst_o(awburst), .m_axi_awid_o(awid), .m_axi_wvalid_o(wvalid),
    .m_axi_wready_i(wready), .m_axi_wdata_o(wdata), .m_axi_wstrb_o(wstrb), .m_axi_wlast_o(wlast),
    .m_axi_bvalid_i(bvalid), .m_axi_bready_o(bready), .m_axi_bresp_i(bresp), .m_axi_bid_i(bid), .irq_o()
  );

  // --- Memory ---

  cl_flow_memory #(.CHANNELS(CHANNELS)) i_memory (
    .clk_i(clk_main_a0), .rst_ni(reset_q[1]), .clk_hbm_ref, .ready_o(hbm_ready),
    .arvalid, .awvalid, .wvalid, .wlast, .rready, .bready, .arready, .awready, .wready, .rvalid, .rlast, .bvalid,
    .araddr, .awaddr, .arlen, .arid, .awlen, .awid, .rid, .bid, .rresp, .bresp, .rdata, .wdata, .wstrb,
    .s_awvalid_i(sh_cl_dma_pcis_awvalid), .s_awready_o(cl_sh_dma_pcis_awready), .s_awid_i(sh_cl_dma_pcis_awid),
    .s_awaddr_i(sh_cl_dma_pcis_awaddr), .s_awlen_i(sh_cl_dma_pcis_awlen), .s_awsize_i(sh_cl_dma_pcis_awsize),
    .s_wvalid_i(sh_cl_dma_pcis_wvalid), .s_wready_o(cl_sh_dma_pcis_wready), .s_wdata_i(sh_cl_dma_pcis_wdata),
    .s_wstrb_i(sh_cl_dma_pcis_wstrb), .s_bvalid_o(cl_sh_dma_pcis_bvalid), .s_bready_i(sh_cl_dma_pcis_bready),
    .s_bid_o(cl_sh_dma_pcis_bid), .s_bresp_o(cl_sh_dma_pcis_bresp),
    .s_arvalid_i(sh_cl_dma_pcis_arvalid), .s_arready_o(cl_sh_dma_pcis_arready), .s_arid_i(sh_cl_dma_pcis_arid),
    .s_araddr_i(sh_cl_dma_pcis_araddr), .s_arlen_i(sh_cl_dma_pcis_arlen), .s_arsize_i(sh_cl_dma_pcis_arsize),
    .s_rvalid_o(cl_sh_dma_pcis_rvalid), .s_rready_i(sh_cl_dma_pcis_rready), .s_rid_o(cl_sh_dma_pcis_rid),
    .s_rdata_o(cl_sh_dma_pcis_rdata), .s_rresp_o(cl_sh_dma_pcis_rresp), .s_rlast_o(cl_sh_dma_pcis_rlast),
    .hbm_apb_preset_n_1, .hbm_apb_preset_n_0, .hbm_apb_paddr_1, .hbm_apb_paddr_0, .hbm_apb_pprot_1, .hbm_apb_pprot_0,
    .hbm_apb_psel_1, .hbm_apb_penable_1, .hbm_apb_pwrite_1, .hbm_apb_pready_1, .hbm_apb_pslverr_1,
    .hbm_apb_psel_0, .hbm_apb_penable_0, .hbm_apb_pwrite_0, .hbm_apb_pready_0, .hbm_apb_pslverr_0,
    .hbm_apb_pwdata_1, .hbm_apb_prdata_1, .hbm_apb_pwdata_0, .hbm_apb_prdata_0, .hbm_apb_pstrb_1, .hbm_apb_pstrb_0
  );
  assign cl_sh_dma_pcis_ruser = '0;

endmodule
