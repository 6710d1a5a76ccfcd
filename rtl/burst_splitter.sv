// Joins adjacent runs and cuts the result into bursts at multiples of BURST_BYTES.
//
//   runs -> joined until they pass a boundary -> spans -> cut, one burst per cycle -> bursts
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
  localparam int unsigned SHIFT = $clog2(BURST_BYTES);
  localparam int unsigned PAGE_BITS = 64 - SHIFT;
  localparam int unsigned SPAN_BITS = RUN_BITS - SHIFT + 2;  // of the boundaries a span can pass

  // --- Runs wait here, so that their generator sees a flag only; compared with the run before on their way in ---

  logic run_valid, run_pop, run_last, follows, adjacent;
  address_t run_address, before_q;
  logic [RUN_BITS-1:0] run_bytes;

  assign follows = run_address_i == before_q;

  always_ff @(posedge clk_i) begin
    if (run_valid_i && run_ready_o) before_q <= run_address_i + 64'(run_bytes_i);
  end

  fifo #(.WIDTH(64 + RUN_BITS + 2), .DEPTH(2)) i_runs (
    .clk_i, .rst_ni,
    .push_i(run_valid_i), .ready_o(run_ready_o), .data_i({run_address_i, run_bytes_i, run_last_i, follows}),
    .valid_o(run_valid), .pop_i(run_pop), .data_o({run_address, run_bytes, run_last, adjacent})
  );

  // --- Joined runs: address_q up to end_q, both in pages of BURST_BYTES and bytes within ---

  logic held_q, last_q, passes, joins, hand_on, whole, span_ready;
  address_t address_q, end_q;
  logic [SPAN_BITS-1:0] passed;

  assign passed = end_q[SHIFT+:SPAN_BITS] - address_q[SHIFT+:SPAN_BITS];
  assign passes = end_q[SHIFT+:SPAN_BITS] != address_q[SHIFT+:SPAN_BITS];
  assign joins = adjacent && !last_q;
  assign hand_on = held_q && span_ready && (passes || last_q || (run_valid && !joins));
  assign whole = last_q || !passes || end_q[SHIFT-1:0] == '0;  // else what is beyond the boundary stays for the next
  assign run_pop = !held_q || (!passes && joins);

  always_ff @(posedge clk_i) begin
    if (hand_on) begin
      held_q <= !whole;
      address_q <= {end_q[63:SHIFT], {SHIFT{1'b0}}};
    end
    if (run_valid && run_pop) begin
      held_q <= 1'b1;
      last_q <= run_last;
      if (!held_q) address_q <= run_address;
      end_q <= run_address + 64'(run_bytes);
    end
    if (!rst_ni) held_q <= 1'b0;
  end

  // --- A span under way: from address_q to end_q, or to the boundary before it ---

  logic span_q, span_last_q, final_q, tail, tail_q, emit, bursts_ready;
  logic [PAGE_BITS-1:0] page_q;
  logic [SPAN_BITS-1:0] left_q;  // boundaries still to be reached; tail_q: and bytes beyond the last one
  logic [SHIFT-1:0] begin_q;
  logic [SHIFT:0] span_end_q, bytes;
  logic [BEAT_SHIFT-1:0] phase;
  burst_t burst;

  assign span_ready = !span_q || (final_q && bursts_ready);
  assign emit = span_q && bursts_ready;
  assign tail = last_q && end_q[SHIFT-1:0] != '0;
  assign bytes = (final_q ? span_end_q : (SHIFT + 1)'(BURST_BYTES)) - {1'b0, begin_q};
  assign phase = begin_q[BEAT_SHIFT-1:0];

  always_comb begin
    burst.address = {page_q, begin_q[SHIFT-1:BEAT_SHIFT], {BEAT_SHIFT{1'b0}}};
    burst.length = 8'(((SHIFT + 2)'(bytes) + (SHIFT + 2)'(phase) - 1'b1) >> BEAT_SHIFT);
    burst.first = FIRST_BITS'(phase >> GRANULE_SHIFT);
    burst.granules = COUNT_BITS'(bytes >> GRANULE_SHIFT);
    burst.last = span_last_q && final_q;
  end

  always_ff @(posedge clk_i) begin
    if (emit) begin
      page_q <= page_q + 1'b1;
      begin_q <= '0;
      left_q <= left_q - 1'b1;
      final_q <= left_q == (tail_q ? SPAN_BITS'(1) : SPAN_BITS'(2));
      if (final_q) span_q <= 1'b0;
    end
    if (hand_on) begin
      span_q <= 1'b1;
      span_last_q <= last_q;
      page_q <= address_q[63:SHIFT];
      begin_q <= address_q[SHIFT-1:0];
      left_q <= passed;
      tail_q <= tail;
      final_q <= passed == '0 || (passed == SPAN_BITS'(1) && !tail);
      span_end_q <= (passes && !tail) ? (SHIFT + 1)'(BURST_BYTES) : {1'b0, end_q[SHIFT-1:0]};
    end
    if (!rst_ni) span_q <= 1'b0;
  end

  fifo #(.WIDTH($bits(burst_t)), .DEPTH(2)) i_bursts (
    .clk_i, .rst_ni,
    .push_i(span_q), .ready_o(bursts_ready), .data_i(burst),
    .valid_o(burst_valid_o), .pop_i(burst_ready_i), .data_o(burst_o)
  );

  assign idle_o = !run_valid && !held_q && !span_q && !burst_valid_o;

endmodule
