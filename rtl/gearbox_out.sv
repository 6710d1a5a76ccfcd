// Turns groups into the beats of write bursts, with strobes for partial first and last beats.
//
// Groups and bursts (in order, one shown until it is taken) are ready/valid streams, as are beats. One group in and one
// beat out per cycle. halt_i: the bursts taken are completed with beats that write nothing.
//
// Groups lie in a ring at places that are multiples of a group; beats are planned (first granule, granules, last) ahead.
module gearbox_out
  import engine_pkg::*;
  import core_pkg::*;
(
  input  logic                  clk_i,
  input  logic                  rst_ni,
  input  logic                  halt_i,
  input  logic                  group_valid_i,
  output logic                  group_ready_o,
  input  logic [GROUP_BITS-1:0] group_i,
  input  logic                  burst_valid_i,
  output logic                  burst_pop_o,
  input  burst_t                burst_i,
  output logic                  beat_valid_o,
  input  logic                  beat_ready_i,
  output logic [DATA_BITS-1:0]  beat_data_o,
  output logic [AXI_BYTES-1:0]  beat_strobe_o,
  output logic                  beat_last_o
);

  // the least that sustains the faster side of the two
  localparam int unsigned LEAST = (GROUP_GRANULES >= BEAT_GRANULES) ? 2 * BEAT_GRANULES - 1 + GROUP_GRANULES
                                                                    : BEAT_GRANULES - 1 + 2 * GROUP_GRANULES;
  localparam int unsigned GROUPS = (LEAST + GROUP_GRANULES - 1) / GROUP_GRANULES;
  localparam int unsigned SLOTS = GROUPS * GROUP_GRANULES;
  localparam int unsigned FILL_BITS = $clog2(SLOTS + 1);
  localparam int unsigned SLOT_BITS = bits(SLOTS);
  localparam int unsigned PLACE_BITS = bits(GROUPS);
  localparam int unsigned BEAT_BITS = $clog2(BEAT_GRANULES + 1);

  // --- Plan: one beat per cycle ---

  typedef struct packed {
    logic [FIRST_BITS-1:0] first;
    logic [BEAT_BITS-1:0] count;
    logic last;
  } plan_t;

  plan_t plan_new, plan;
  logic plan_ready, plan_valid, planned, begun_q, give, take;
  logic [COUNT_BITS-1:0] left_q, left;
  logic [BEAT_BITS-1:0] room;
  logic [7:0] beats_q, beats;

  assign left = begun_q ? left_q : burst_i.granules;
  assign beats = begun_q ? beats_q : burst_i.length;
  assign plan_new.first = (begun_q || BEAT_GRANULES == 1) ? '0 : burst_i.first;
  assign room = BEAT_BITS'(BEAT_GRANULES) - BEAT_BITS'(plan_new.first);
  assign plan_new.count = (left < COUNT_BITS'(room)) ? BEAT_BITS'(left) : room;
  assign plan_new.last = beats == '0;
  assign planned = burst_valid_i && plan_ready;
  assign burst_pop_o = planned && plan_new.last;

  always_ff @(posedge clk_i) begin
    if (planned) begin
      begun_q <= !plan_new.last;
      left_q <= left - COUNT_BITS'(plan_new.count);
      beats_q <= beats - 1'b1;
    end
    if (!rst_ni) begun_q <= 1'b0;
  end

  fifo #(.WIDTH($bits(plan_t)), .DEPTH(2)) i_plans (
    .clk_i, .rst_ni,
    .push_i(burst_valid_i), .ready_o(plan_ready), .data_i(plan_new),
    .valid_o(plan_valid), .pop_i(give), .data_o(plan)
  );

  // --- Ring ---

  logic [GRANULE_BITS-1:0] slot_q[SLOTS];
  logic [FILL_BITS-1:0] fill_q, read_q, start, taken;
  logic [PLACE_BITS-1:0] place_q;

  // Adds within the ring; both below SLOTS, or b at most SLOTS.
  function automatic logic [FILL_BITS-1:0] around(input logic [FILL_BITS-1:0] a, input logic [FILL_BITS-1:0] b);
    automatic logic [FILL_BITS:0] sum = {1'b0, a} + {1'b0, b};
    return FILL_BITS'((sum >= (FILL_BITS + 1)'(SLOTS)) ? sum - (FILL_BITS + 1)'(SLOTS) : sum);
  endfunction

  assign beat_valid_o = plan_valid && (fill_q >= FILL_BITS'(plan.count) || halt_i);
  assign beat_last_o = plan.last;
  assign give = beat_valid_o && beat_ready_i;
  assign taken = give ? FILL_BITS'(plan.count) : '0;
  assign group_ready_o = fill_q <= FILL_BITS'(SLOTS - GROUP_GRANULES) && !halt_i;
  assign take = group_valid_i && group_ready_o;
  assign start = around(read_q, FILL_BITS'(SLOTS) - FILL_BITS'(plan.first));  // of the beat's granule 0, if it were there

  for (genvar i = 0; i < BEAT_GRANULES; i++) begin : gen_beat
    logic valid;
    assign valid = FILL_BITS'(i + 1) > FILL_BITS'(plan.first) &&
                   FILL_BITS'(i) < FILL_BITS'(plan.first) + FILL_BITS'(plan.count) && !halt_i;
    assign beat_data_o[i*GRANULE_BITS+:GRANULE_BITS] = slot_q[SLOT_BITS'(around(start, FILL_BITS'(i)))];
    assign beat_strobe_o[i*GRANULE_BYTES+:GRANULE_BYTES] = {GRANULE_BYTES{valid}};
  end

  always_ff @(posedge clk_i) begin
    fill_q <= fill_q + (take ? FILL_BITS'(GROUP_GRANULES) : '0) - taken;
    read_q <= around(read_q, taken);
    if (take) begin
      place_q <= (place_q == PLACE_BITS'(GROUPS - 1)) ? '0 : place_q + 1'b1;
      for (int unsigned i = 0; i < SLOTS; i++) begin
        if (place_q == PLACE_BITS'(i / GROUP_GRANULES)) begin
          slot_q[i] <= group_i[(i%GROUP_GRANULES)*GRANULE_BITS+:GRANULE_BITS];
        end
      end
    end
    if (!rst_ni) begin
      fill_q <= '0;
      read_q <= '0;
      place_q <= '0;
    end
  end

endmodule
