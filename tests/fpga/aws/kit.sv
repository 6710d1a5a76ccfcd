// Stand-ins for what AWS's development kit has: the converter to HBM is a memory here, HBM itself nothing.
interface cfg_bus_t #(parameter ADDR_WIDTH = 32, parameter DATA_WIDTH = 32, parameter USER_WIDTH = 3);
  logic [ADDR_WIDTH-1:0] addr;
  logic [DATA_WIDTH-1:0] wdata, rdata;
  logic [USER_WIDTH-1:0] user;
  logic wr, rd, ack;
  modport slave(input addr, wdata, wr, rd, user, output ack, rdata);
  modport master(output addr, wdata, wr, rd, user, input ack, rdata);
endinterface

package kit_memory;
  logic [7:0] bytes[int unsigned];
endpackage

// One burst each way at a time, answered after a while.
module cl_axi_sc_1x1_wrapper (
  input  logic aclk_250, aresetn_250, aclk_450,
  input  logic AXI4_arvalid, output logic AXI4_arready, input logic [63:0] AXI4_araddr, input logic [15:0] AXI4_arid,
  input  logic [7:0] AXI4_arlen, input logic [2:0] AXI4_arsize, input logic [1:0] AXI4_arburst,
  input  logic [3:0] AXI4_arcache, AXI4_arqos, input logic AXI4_arlock, input logic [2:0] AXI4_arprot,
  output logic AXI4_rvalid, input logic AXI4_rready, output logic [511:0] AXI4_rdata, output logic [15:0] AXI4_rid,
  output logic [1:0] AXI4_rresp, output logic AXI4_rlast,
  input  logic AXI4_awvalid, output logic AXI4_awready, input logic [63:0] AXI4_awaddr, input logic [15:0] AXI4_awid,
  input  logic [7:0] AXI4_awlen, input logic [2:0] AXI4_awsize, input logic [1:0] AXI4_awburst,
  input  logic [3:0] AXI4_awcache, AXI4_awqos, input logic AXI4_awlock, input logic [2:0] AXI4_awprot,
  input  logic AXI4_wvalid, output logic AXI4_wready, input logic [511:0] AXI4_wdata, input logic [63:0] AXI4_wstrb,
  input  logic AXI4_wlast, output logic AXI4_bvalid, input logic AXI4_bready, output logic [15:0] AXI4_bid,
  output logic [1:0] AXI4_bresp,
  output logic AXI3_arvalid, input logic AXI3_arready, output logic [63:0] AXI3_araddr, output logic [3:0] AXI3_arlen,
  output logic [2:0] AXI3_arsize, output logic [1:0] AXI3_arburst, output logic [3:0] AXI3_arcache, AXI3_arqos,
  output logic [1:0] AXI3_arlock, output logic [2:0] AXI3_arprot,
  input  logic AXI3_rvalid, output logic AXI3_rready, input logic [255:0] AXI3_rdata, input logic [1:0] AXI3_rresp,
  input  logic AXI3_rlast,
  output logic AXI3_awvalid, input logic AXI3_awready, output logic [63:0] AXI3_awaddr, output logic [3:0] AXI3_awlen,
  output logic [2:0] AXI3_awsize, output logic [1:0] AXI3_awburst, output logic [3:0] AXI3_awcache, AXI3_awqos,
  output logic [1:0] AXI3_awlock, output logic [2:0] AXI3_awprot,
  output logic AXI3_wvalid, input logic AXI3_wready, output logic [255:0] AXI3_wdata, output logic [31:0] AXI3_wstrb,
  output logic AXI3_wlast, input logic AXI3_bvalid, output logic AXI3_bready, input logic [1:0] AXI3_bresp
);

  typedef struct packed {logic [63:0] address; logic [15:0] id; logic [7:0] len;} burst_t;
  burst_t reads[$], writes[$], done[$];
  logic [7:0] r_beat, w_beat;

  function automatic logic [511:0] word(input logic [63:0] address);
    for (int unsigned b = 0; b < 64; b++) word[8*b+:8] = kit_memory::bytes[32'(address) + b];
  endfunction

  assign AXI4_rresp = '0;
  assign AXI4_bresp = '0;

  always_ff @(posedge aclk_250) begin
    if (AXI4_arvalid && AXI4_arready) reads.push_back('{AXI4_araddr, AXI4_arid, AXI4_arlen});
    if (AXI4_awvalid && AXI4_awready) writes.push_back('{AXI4_awaddr, AXI4_awid, AXI4_awlen});
    AXI4_arready <= reads.size() < 6;
    AXI4_awready <= writes.size() < 6;
    AXI4_wready <= $urandom_range(3) != 0;
    if (AXI4_wvalid && AXI4_wready) begin
      for (int unsigned b = 0; b < 64; b++) begin
        if (AXI4_wstrb[b]) kit_memory::bytes[32'(writes[0].address) + 64 * 32'(w_beat) + b] = AXI4_wdata[8*b+:8];
      end
      w_beat <= w_beat + 8'd1;
      if (AXI4_wlast != (w_beat == writes[0].len)) $fatal(1, "wlast");
      if (AXI4_wlast) begin
        done.push_back(writes.pop_front());
        w_beat <= '0;
      end
    end
    if (AXI4_bvalid && AXI4_bready) AXI4_bvalid <= 1'b0;
    if (done.size() != 0 && !AXI4_bvalid && $urandom_range(15) == 0) begin
      AXI4_bvalid <= 1'b1;
      AXI4_bid <= done[0].id;
      void'(done.pop_front());
    end
    if (AXI4_rvalid && AXI4_rready) AXI4_rvalid <= 1'b0;
    if (reads.size() != 0 && (!AXI4_rvalid || AXI4_rready) && (r_beat != '0 || $urandom_range(15) == 0)) begin
      AXI4_rvalid <= 1'b1;
      AXI4_rid <= reads[0].id;
      AXI4_rdata <= word(reads[0].address + 64 * 64'(r_beat));
      AXI4_rlast <= r_beat == reads[0].len;
      r_beat <= r_beat + 8'd1;
      if (r_beat == reads[0].len) begin
        r_beat <= '0;
        void'(reads.pop_front());
      end
    end
    if (!aresetn_250) begin
      {AXI4_arready, AXI4_awready, AXI4_wready, AXI4_bvalid, AXI4_rvalid, r_beat, w_beat} <= '0;
    end
  end

  assign {AXI3_arvalid, AXI3_araddr, AXI3_arlen, AXI3_arsize, AXI3_arburst, AXI3_arcache, AXI3_arqos} = '0;
  assign {AXI3_arlock, AXI3_arprot, AXI3_rready, AXI3_awvalid, AXI3_awaddr, AXI3_awlen, AXI3_awsize} = '0;
  assign {AXI3_awburst, AXI3_awcache, AXI3_awqos, AXI3_awlock, AXI3_awprot, AXI3_wvalid, AXI3_wdata} = '0;
  assign {AXI3_wstrb, AXI3_wlast, AXI3_bready} = '0;

endmodule

module cl_hbm_wrapper #(
  parameter NUM_OF_AXI_PORTS = 1, parameter AXI4_INTERFACE = 0, parameter AXLEN_WIDTH = AXI4_INTERFACE ? 8 : 4
) (
  input  logic apb_clk, i_clk_250m, i_rst_250m_n,
  output logic o_clk_450m, o_rst_450m_n, o_clk_100m, o_rst_100m_n,
  input  logic [33:0] i_axi_araddr[0:NUM_OF_AXI_PORTS-1], i_axi_awaddr[0:NUM_OF_AXI_PORTS-1],
  input  logic [1:0] i_axi_arburst[0:NUM_OF_AXI_PORTS-1], i_axi_awburst[0:NUM_OF_AXI_PORTS-1],
  input  logic [5:0] i_axi_arid[0:NUM_OF_AXI_PORTS-1], i_axi_awid[0:NUM_OF_AXI_PORTS-1],
  input  logic [AXLEN_WIDTH-1:0] i_axi_arlen[0:NUM_OF_AXI_PORTS-1], i_axi_awlen[0:NUM_OF_AXI_PORTS-1],
  input  logic [2:0] i_axi_arsize[0:NUM_OF_AXI_PORTS-1], i_axi_awsize[0:NUM_OF_AXI_PORTS-1],
  input  logic i_axi_arvalid[0:NUM_OF_AXI_PORTS-1], i_axi_awvalid[0:NUM_OF_AXI_PORTS-1],
  input  logic i_axi_rready[0:NUM_OF_AXI_PORTS-1], i_axi_bready[0:NUM_OF_AXI_PORTS-1],
  input  logic [255:0] i_axi_wdata[0:NUM_OF_AXI_PORTS-1],
  input  logic i_axi_wlast[0:NUM_OF_AXI_PORTS-1], i_axi_wvalid[0:NUM_OF_AXI_PORTS-1],
  input  logic [31:0] i_axi_wstrb[0:NUM_OF_AXI_PORTS-1],
  output logic o_axi_arready[0:NUM_OF_AXI_PORTS-1], o_axi_awready[0:NUM_OF_AXI_PORTS-1],
  output logic [255:0] o_axi_rdata[0:NUM_OF_AXI_PORTS-1],
  output logic [5:0] o_axi_rid[0:NUM_OF_AXI_PORTS-1], o_axi_bid[0:NUM_OF_AXI_PORTS-1],
  output logic o_axi_rlast[0:NUM_OF_AXI_PORTS-1], o_axi_rvalid[0:NUM_OF_AXI_PORTS-1],
  output logic [1:0] o_axi_rresp[0:NUM_OF_AXI_PORTS-1], o_axi_bresp[0:NUM_OF_AXI_PORTS-1],
  output logic o_axi_wready[0:NUM_OF_AXI_PORTS-1], o_axi_bvalid[0:NUM_OF_AXI_PORTS-1],
  input  logic i_hbm_apb_preset_n_1, i_hbm_apb_preset_n_0,
  output logic [21:0] o_hbm_apb_paddr_1, o_hbm_apb_paddr_0,
  output logic [2:0] o_hbm_apb_pprot_1, o_hbm_apb_pprot_0,
  output logic o_hbm_apb_psel_1, o_hbm_apb_penable_1, o_hbm_apb_pwrite_1, o_hbm_apb_pready_1, o_hbm_apb_pslverr_1,
  output logic o_hbm_apb_psel_0, o_hbm_apb_penable_0, o_hbm_apb_pwrite_0, o_hbm_apb_pready_0, o_hbm_apb_pslverr_0,
  output logic [31:0] o_hbm_apb_pwdata_1, o_hbm_apb_prdata_1, o_hbm_apb_pwdata_0, o_hbm_apb_prdata_0,
  output logic [3:0] o_hbm_apb_pstrb_1, o_hbm_apb_pstrb_0,
  cfg_bus_t.slave hbm_stat_bus,
  output logic [7:0] o_cl_sh_hbm_stat_int,
  output logic o_hbm_ready
);
  assign o_hbm_ready = i_rst_250m_n;
  assign o_clk_450m = i_clk_250m;
endmodule
