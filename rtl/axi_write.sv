// AXI write master: bursts out, their beats after the address was taken, responses counted.
//
// Bursts are a ready/valid stream. beat_burst_o is the burst whose beats come next; the beat stream's last beat removes
// it (beat_pop_i). response_o: a response came in this cycle, for burst response_burst_o. halt_i: no new addresses.
// idle_o: no transfer under way.
module axi_write
  import engine_pkg::*;
  import core_pkg::*;
#(
  parameter int unsigned OUTSTANDING = 32
) (
  input  logic                 clk_i,
  input  logic                 rst_ni,
  input  logic                 halt_i,
  output logic                 idle_o,
  input  logic                 burst_valid_i,
  output logic                 burst_ready_o,
  input  burst_t               burst_i,
  output logic                 beat_burst_valid_o,
  output burst_t               beat_burst_o,
  input  logic                 beat_pop_i,
  input  logic                 beat_valid_i,
  output logic                 beat_ready_o,
  input  logic [DATA_BITS-1:0] beat_data_i,
  input  logic [AXI_BYTES-1:0] beat_strobe_i,
  input  logic                 beat_last_i,
  output logic                 response_o,
  output logic                 response_error_o,
  output burst_t               response_burst_o,
  // memory
  output logic                 awvalid_o,
  input  logic                 awready_i,
  output address_t             awaddr_o,
  output logic [7:0]           awlen_o,
  output logic                 wvalid_o,
  input  logic                 wready_i,
  output logic [DATA_BITS-1:0] wdata_o,
  output logic [AXI_BYTES-1:0] wstrb_o,
  output logic                 wlast_o,
  input  logic                 bvalid_i,
  output logic                 bready_o,
  input  logic [1:0]           bresp_i
);

  logic pending_q, addressed, data_ready, response_ready, response_valid;
  burst_t burst_q;

  assign burst_ready_o = (!pending_q || addressed) && !halt_i;
  assign awvalid_o = pending_q && data_ready && response_ready;
  assign awaddr_o = burst_q.address;
  assign awlen_o = burst_q.length;
  assign addressed = awvalid_o && awready_i;

  always_ff @(posedge clk_i) begin
    if (addressed) pending_q <= 1'b0;
    if (burst_valid_i && burst_ready_o) begin
      pending_q <= 1'b1;
      burst_q <= burst_i;
    end
    if (!rst_ni) pending_q <= 1'b0;
  end

  fifo #(.WIDTH($bits(burst_t)), .DEPTH(OUTSTANDING)) i_data (
    .clk_i, .rst_ni,
    .push_i(addressed), .ready_o(data_ready), .data_i(burst_q),
    .valid_o(beat_burst_valid_o), .pop_i(beat_pop_i), .data_o(beat_burst_o)
  );

  fifo #(.WIDTH($bits(burst_t)), .DEPTH(OUTSTANDING)) i_responses (
    .clk_i, .rst_ni,
    .push_i(addressed), .ready_o(response_ready), .data_i(burst_q),
    .valid_o(response_valid), .pop_i(bvalid_i), .data_o(response_burst_o)
  );

  fifo #(.WIDTH(DATA_BITS + AXI_BYTES + 1), .DEPTH(2)) i_beats (
    .clk_i, .rst_ni,
    .push_i(beat_valid_i), .ready_o(beat_ready_o), .data_i({beat_data_i, beat_strobe_i, beat_last_i}),
    .valid_o(wvalid_o), .pop_i(wready_i), .data_o({wdata_o, wstrb_o, wlast_o})
  );

  assign bready_o = 1'b1;
  assign response_o = bvalid_i && response_valid;
  assign response_error_o = bresp_i != '0;
  assign idle_o = !pending_q && !response_valid && !wvalid_o && !beat_burst_valid_o;

endmodule
