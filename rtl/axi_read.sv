// AXI read master of one client: bursts out, beats back with the burst they belong to.
//
// beat_valid_o/beat_ready_i: beats in order; beat_burst_o is the burst of the beat shown, beat_last_o its last beat.
// Up to READ_BURSTS bursts are under way; none is requested with READ_BEATS beats under way, which is seen two cycles
// late. Two requests wait for ARREADY, back-pressure goes to RREADY. Handshakes are counted a cycle later: their paths
// end here. halt_i: no new requests, answers are dropped. idle_o: no transfer under way.
module axi_read
  import core_pkg::*;
(
  input  logic                 clk_i,
  input  logic                 rst_ni,
  input  logic                 halt_i,
  output logic                 idle_o,
  input  logic                 burst_valid_i,
  output logic                 burst_ready_o,
  input  burst_t               burst_i,
  output logic                 beat_valid_o,
  input  logic                 beat_ready_i,
  output logic [DATA_BITS-1:0] beat_data_o,
  output logic                 beat_error_o,
  output logic                 beat_last_o,
  output burst_t               beat_burst_o,
  // memory
  output logic                 arvalid_o,
  input  logic                 arready_i,
  output address_t             araddr_o,
  output logic [7:0]           arlen_o,
  input  logic                 rvalid_i,
  output logic                 rready_o,
  input  logic [DATA_BITS-1:0] rdata_i,
  input  logic [1:0]           rresp_i,
  input  logic                 rlast_i
);

  localparam int unsigned BURSTS_BITS = $clog2(READ_BURSTS + 2);
  localparam int unsigned BEATS_BITS = $clog2(READ_BEATS + 2 * LONGEST);

  logic [BURSTS_BITS-1:0] bursts_q;
  logic [BEATS_BITS-1:0] beats_q, beats;  // without those of this cycle's handshakes
  logic accepted_q, taken_q, finished_q, full_q;
  logic [7:0] length_q;
  logic accept, finished, requests_ready, bursts_ready, bursts_valid, beats_ready, beats_valid;

  assign burst_ready_o = requests_ready && bursts_ready && !full_q && !halt_i;
  assign accept = burst_valid_i && burst_ready_o;
  assign finished = rvalid_i && rready_o && rlast_i;
  assign rready_o = beats_ready || halt_i;
  assign beats = beats_q + (accepted_q ? BEATS_BITS'(length_q) + 1'b1 : '0) - BEATS_BITS'(taken_q);
  assign idle_o = bursts_q == '0 && !accepted_q;
  assign beat_valid_o = beats_valid && bursts_valid;

  fifo #(.WIDTH($bits(address_t) + 8), .DEPTH(2)) i_requests (
    .clk_i, .rst_ni,
    .push_i(accept), .ready_o(requests_ready), .data_i({burst_i.address, burst_i.length}),
    .valid_o(arvalid_o), .pop_i(arvalid_o && arready_i), .data_o({araddr_o, arlen_o})
  );

  fifo #(.WIDTH($bits(burst_t)), .DEPTH(READ_BURSTS)) i_bursts (
    .clk_i, .rst_ni,
    .push_i(accept), .ready_o(bursts_ready), .data_i(burst_i),
    .valid_o(bursts_valid), .pop_i(beat_valid_o && beat_ready_i && beat_last_o), .data_o(beat_burst_o)
  );

  fifo #(.WIDTH(DATA_BITS + 2), .DEPTH(2)) i_beats (
    .clk_i, .rst_ni,
    .push_i(rvalid_i && !halt_i), .ready_o(beats_ready), .data_i({rdata_i, rresp_i != '0, rlast_i}),
    .valid_o(beats_valid), .pop_i(beat_valid_o && beat_ready_i),
    .data_o({beat_data_o, beat_error_o, beat_last_o})
  );

  always_ff @(posedge clk_i) begin
    length_q <= burst_i.length;
    bursts_q <= bursts_q + BURSTS_BITS'(accepted_q) - BURSTS_BITS'(finished_q);
    accepted_q <= accept;
    taken_q <= rvalid_i && rready_o;
    finished_q <= finished;
    beats_q <= beats;
    full_q <= beats >= BEATS_BITS'(READ_BEATS);
    if (!rst_ni) begin
      bursts_q <= '0;
      beats_q <= '0;
      accepted_q <= 1'b0;
      finished_q <= 1'b0;
      taken_q <= 1'b0;
      full_q <= 1'b0;
    end
  end

endmodule
