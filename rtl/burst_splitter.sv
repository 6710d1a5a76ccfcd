// Joins adjacent runs and cuts the result into bursts at multiples of BURST_BYTES.
//
// Runs and bursts are ready/valid streams. Runs of one instruction only are joined (run_last_i ends it); the last burst
// of an instruction has its last bit set. One burst, or one run joined, per cycle. idle_o: nothing is held.
module burst_splitter
  import engine_pkg::*;
  import core_pkg::*;
(
  input  logic                clk_i,
  input  logic                rst_ni,
  input  logic                run_valid_i,
  output logic                run_ready_o,
  input  address_t            run_address_i,
  input  logic [RUN_BITS-1:0] run_bytes_i,
  input  logic                run_last_i,
  output logic                burst_valid_o,
  input  logic                burst_ready_i,
  output burst_t              burst_o,
  output logic                idle_o
);

  localparam int unsigned BEAT_SHIFT = $clog2(AXI_BYTES);
  localparam int unsigned GRANULE_SHIFT = $clog2(GRANULE_BYTES);
  localparam int unsigned BURST_SHIFT = $clog2(BURST_BYTES);

  logic held_q, last_q;
  address_t address_q, end_q, boundary, stop;
  logic adjacent, full, rest, emit, finish, can_emit;
  logic [BURST_SHIFT:0] bytes;
  logic [BEAT_SHIFT:0] phase;

  assign boundary = {address_q[63:BURST_SHIFT] + 1'b1, {BURST_SHIFT{1'b0}}};
  assign full = end_q >= boundary;
  assign adjacent = run_valid_i && !last_q && run_address_i == end_q;
  assign rest = last_q || (run_valid_i && !adjacent);
  assign can_emit = !burst_valid_o || burst_ready_i;
  assign emit = held_q && can_emit && (full || rest);
  assign stop = full ? boundary : end_q;
  assign finish = emit && stop == end_q;
  assign bytes = (BURST_SHIFT + 1)'(stop - address_q);
  assign phase = (BEAT_SHIFT + 1)'(address_q[BEAT_SHIFT-1:0]);
  assign run_ready_o = !held_q || finish || (adjacent && !full);
  assign idle_o = !held_q && !burst_valid_o;

  always_ff @(posedge clk_i) begin
    if (burst_ready_i) burst_valid_o <= 1'b0;
    if (emit) begin
      burst_valid_o <= 1'b1;
      burst_o.address <= {address_q[63:BEAT_SHIFT], {BEAT_SHIFT{1'b0}}};
      burst_o.length <= 8'(((BURST_SHIFT + 2)'(bytes) + (BURST_SHIFT + 2)'(phase) - 1'b1) >> BEAT_SHIFT);
      burst_o.first <= FIRST_BITS'(phase >> GRANULE_SHIFT);
      burst_o.granules <= COUNT_BITS'(bytes >> GRANULE_SHIFT);
      burst_o.last <= last_q && finish;
      address_q <= stop;
      if (finish) held_q <= 1'b0;
    end
    if (run_valid_i && run_ready_o) begin
      last_q <= run_last_i;
      if (!held_q || finish) begin
        held_q <= 1'b1;
        address_q <= run_address_i;
        end_q <= run_address_i + 64'(run_bytes_i);
      end else begin
        end_q <= end_q + 64'(run_bytes_i);
      end
    end
    if (!rst_ni) begin
      held_q <= 1'b0;
      burst_valid_o <= 1'b0;
    end
  end

endmodule
