// Stand-in for the engine: per core a copier of INPUT to OUTPUT (adding 1 to every byte), 16 beats a round, four IDs, with
// the registers the firmware needs.
module flow_top
  import engine_pkg::*;
(
  input  logic clk_i,
  input  logic rst_ni,
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
  output logic [CHANNELS-1:0]                  m_axi_arvalid_o,
  input  logic [CHANNELS-1:0]                  m_axi_arready_i,
  output logic [CHANNELS-1:0][63:0]            m_axi_araddr_o,
  output logic [CHANNELS-1:0][7:0]             m_axi_arlen_o,
  output logic [CHANNELS-1:0][7:0]             m_axi_arid_o,
  output logic [CHANNELS-1:0][2:0]             m_axi_arsize_o,
  output logic [CHANNELS-1:0][1:0]             m_axi_arburst_o,
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
  output logic [CHANNELS-1:0][7:0]             m_axi_awid_o,
  output logic [CHANNELS-1:0][2:0]             m_axi_awsize_o,
  output logic [CHANNELS-1:0][1:0]             m_axi_awburst_o,
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
  localparam int ROUND = 16 * int'(AXI_BYTES);

  logic [31:0] registers[CORES][64];
  logic        start[CORES];

  // AXI-Lite: one transaction at a time, answers a cycle later
  assign s_axil_awready_o = s_axil_awvalid_i && s_axil_wvalid_i && !s_axil_bvalid_o;
  assign s_axil_wready_o  = s_axil_awready_o;
  assign s_axil_arready_o = !s_axil_rvalid_o;
  assign s_axil_bresp_o   = 2'b00;

  logic done[CORES];
  logic busy[CORES];
  logic bus_error[CORES];
  logic clear[CORES];
  logic pending[CORES];

  wire [31:0] reader = s_axil_araddr_i >> 12;

  function automatic logic [31:0] value(input logic [31:0] core, input logic [7:0] at);
    case (at)
      8'h00: return 32'h464C_4F57;
      8'h04: return 32'h0001_0000;
      8'h08: return CONFIG_HASH[31:0];
      8'h0C: return CONFIG_HASH[63:32];
      8'h10: return {12'(COLS), 12'(ROWS), 8'(PIX)};
      8'h14: return {16'(AXI_BYTES), core[7:0], 8'(CORES)};
      8'h24: return {29'd0, bus_error[core], done[core] && !bus_error[core], busy[core]};
      8'h2C: return {31'd0, pending[core]};
      8'h30: return bus_error[core] ? 32'h0004 : 32'h0;
      default: return registers[core][at[7:2]];
    endcase
  endfunction

  always_ff @(posedge clk_i) begin
    for (int n = 0; n < CORES; n++) begin
      start[n] <= 1'b0;
      clear[n] <= 1'b0;
    end
    if (s_axil_awready_o) begin
      s_axil_bvalid_o <= 1'b1;
      case (s_axil_awaddr_i[7:0])
        8'h20: begin
          start[s_axil_awaddr_i[31:12]] <= s_axil_wdata_i[0];
          clear[s_axil_awaddr_i[31:12]] <= s_axil_wdata_i[1];
        end
        8'h2C: clear[s_axil_awaddr_i[31:12]] <= s_axil_wdata_i[0] && !bus_error[s_axil_awaddr_i[31:12]];
        default: registers[s_axil_awaddr_i[31:12]][s_axil_awaddr_i[7:2]] <= s_axil_wdata_i;
      endcase
    end else if (s_axil_bready_i) s_axil_bvalid_o <= 1'b0;
    if (s_axil_arvalid_i && s_axil_arready_o) begin
      s_axil_rvalid_o <= 1'b1;
      s_axil_rresp_o  <= s_axil_araddr_i[11:8] == 4'hF ? 2'b10 : 2'b00;
      s_axil_rdata_o  <= s_axil_araddr_i[11:8] == 4'h0 ? value(reader, s_axil_araddr_i[7:0]) : 32'd7;
    end else if (s_axil_rready_i) s_axil_rvalid_o <= 1'b0;
    if (!rst_ni) begin
      s_axil_bvalid_o <= 1'b0;
      s_axil_rvalid_o <= 1'b0;
    end
  end

  for (genvar n = 0; n < CORES; n++) begin : g_core
    typedef enum logic [2:0] {IDLE, ADDRESS, DATA, WADDRESS, WDATA, RESPONSE} state_e;
    state_e                 state;
    logic [63:0]            at, size;
    logic [2:0]             issued, answers;
    logic [4:0]             beats;
    logic [2:0]             filled[4];
    logic [AXI_BYTES*8-1:0] data[16];
    wire [31:0]             fault = registers[n][6];  // SCRATCH

    assign irq_o[n] = pending[n];
    assign busy[n]  = state != IDLE;
    assign m_axi_arvalid_o[n] = state == ADDRESS && !(fault == 3 && beats[0]);
    assign m_axi_araddr_o[n]  = {registers[n][25], registers[n][24]} + at + 64'(issued * 4 * AXI_BYTES);
    assign m_axi_arlen_o[n]   = fault == 1 ? 8'(4096 / AXI_BYTES) : 8'd3;
    assign m_axi_arid_o[n]    = 8'(issued) * 8'd37;
    assign m_axi_arsize_o[n]  = 3'($clog2(AXI_BYTES));
    assign m_axi_arburst_o[n] = 2'b01;
    assign m_axi_rready_o[n]  = state == DATA;
    assign m_axi_awvalid_o[n] = state == WADDRESS;
    assign m_axi_awaddr_o[n]  = {registers[n][29], registers[n][28]} + at + 64'(issued * 4 * AXI_BYTES);
    assign m_axi_awlen_o[n]   = 8'd3;
    assign m_axi_awid_o[n]    = 8'(issued);
    assign m_axi_awsize_o[n]  = 3'($clog2(AXI_BYTES));
    assign m_axi_awburst_o[n] = 2'b01;
    assign m_axi_wvalid_o[n]  = state == WDATA;
    assign m_axi_wlast_o[n]   = fault == 2 ? 1'b0 : beats[1:0] == 2'd3;
    assign m_axi_bready_o[n]  = state == RESPONSE;
    always_comb begin
      for (int b = 0; b < AXI_BYTES; b++) m_axi_wdata_o[n][8*b +: 8] = data[beats[3:0]][8*b +: 8] + 8'd1;
      m_axi_wstrb_o[n] = '1;
      if (fault == 4) m_axi_wstrb_o[n] = {{(AXI_BYTES / 2) {1'b1}}, {(AXI_BYTES / 2) {1'b0}}};
    end

    always_ff @(posedge clk_i) begin
      case (state)
        IDLE: if (start[n]) begin
          state <= ADDRESS;
          done[n] <= 1'b0;
          pending[n] <= 1'b0;
          bus_error[n] <= 1'b0;
          at <= '0;
          size <= {registers[n][27], registers[n][26]};
          issued <= '0;
          beats <= '0;
          for (int i = 0; i < 4; i++) filled[i] <= '0;
        end
        ADDRESS: begin
          if (fault == 3) beats <= beats + 5'd1;
          if (m_axi_arvalid_o[n] && m_axi_arready_i[n]) begin
            issued <= issued + 3'd1;
            if (issued == 3'd3) begin
              state <= DATA;
              beats <= '0;
            end
          end
        end
        DATA: if (m_axi_rvalid_i[n]) begin
          for (int i = 0; i < 4; i++) if (m_axi_rid_i[n] == 8'(i * 37)) begin
            data[4 * i + 32'(filled[i])] <= m_axi_rdata_i[n];
            filled[i] <= filled[i] + 3'd1;
          end
          bus_error[n] <= bus_error[n] || m_axi_rresp_i[n] != 2'b00;
          beats <= beats + 5'd1;
          if (beats == 5'd15) begin
            state <= WADDRESS;
            issued <= '0;
          end
        end
        WADDRESS: if (m_axi_awready_i[n]) begin
          issued <= issued + 3'd1;
          if (issued == 3'd3) begin
            state <= WDATA;
            beats <= '0;
          end
        end
        WDATA: if (m_axi_wready_i[n]) begin
          beats <= beats + 5'd1;
          if (beats == 5'd15) begin
            state <= RESPONSE;
            answers <= '0;
          end
        end
        default: if (m_axi_bvalid_i[n]) begin
          answers <= answers + 3'd1;
          bus_error[n] <= bus_error[n] || m_axi_bresp_i[n] != 2'b00;
          if (answers == 3'd3) begin
            at <= at + 64'(ROUND);
            issued <= '0;
            beats <= '0;
            for (int i = 0; i < 4; i++) filled[i] <= '0;
            state <= ADDRESS;
            if (at + 64'(ROUND) >= size || bus_error[n]) begin
              state <= IDLE;
              done[n] <= 1'b1;
              pending[n] <= 1'b1;
            end
          end
        end
      endcase
      if (clear[n]) begin
        pending[n] <= 1'b0;
        if (state == IDLE) bus_error[n] <= 1'b0;
      end
      if (!rst_ni) begin
        state <= IDLE;
        pending[n] <= 1'b0;
        done[n] <= 1'b0;
        bus_error[n] <= 1'b0;
      end
    end
  end
endmodule
