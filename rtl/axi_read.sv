// AXI read master of one client: bursts out, beats back with the burst they belong to.
//
// beat_valid_o/beat_ready_i: beats in order; beat_burst_o is the burst of the beat shown, beat_last_o its last beat.
// Up to OUTSTANDING bursts are under way; back-pressure goes to RREADY. halt_i: no new requests, answers are dropped.
// idle_o: no transfer under way.
module axi_read
  import core_pkg::*;
#(
  parameter int unsigned OUTSTANDING = 64
) (
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

  localparam int unsigned OUTSTANDING_BITS = $clog2(OUTSTANDING + 2);

  logic [OUTSTANDING_BITS-1:0] outstanding_q;
  logic accept, finished, bursts_ready, bursts_valid, beats_ready, beats_valid;

  assign burst_ready_o = (!arvalid_o || arready_i) && bursts_ready && !halt_i;
  assign accept = burst_valid_i && burst_ready_o;
  assign finished = rvalid_i && rready_o && rlast_i;
  assign rready_o = beats_ready || halt_i;
  assign idle_o = outstanding_q == '0;
  assign beat_valid_o = beats_valid && bursts_valid;

  fifo #(.WIDTH($bits(burst_t)), .DEPTH(OUTSTANDING)) i_bursts (
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
    if (arready_i) arvalid_o <= 1'b0;
    if (accept) begin
      arvalid_o <= 1'b1;
      araddr_o <= burst_i.address;
      arlen_o <= burst_i.length;
    end
    outstanding_q <= outstanding_q + OUTSTANDING_BITS'(accept) - OUTSTANDING_BITS'(finished);
    if (!rst_ni) begin
      arvalid_o <= 1'b0;
      outstanding_q <= '0;
    end
  end

endmodule
