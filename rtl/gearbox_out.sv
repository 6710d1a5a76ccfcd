// Turns groups into the beats of write bursts, with strobes for partial first and last beats.
//
// Groups and bursts (in order, one shown until its last beat left) are ready/valid streams, as are beats. One group in and one
// beat out per cycle. halt_i: the bursts shown are completed with beats that write nothing.
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

  localparam int unsigned SLOTS = GROUP_GRANULES + BEAT_GRANULES;
  localparam int unsigned FILL_BITS = $clog2(SLOTS + 1);
  localparam int unsigned SLOT_BITS = bits(SLOTS);

  logic [GRANULE_BITS-1:0] slot_q[SLOTS];
  logic [FILL_BITS-1:0] fill_q, kept, first, count, taken;
  logic [COUNT_BITS-1:0] left_q, left;
  logic [7:0] beats_q, beats;
  logic begun_q, give, take;

  assign left = begun_q ? left_q : burst_i.granules;
  assign beats = begun_q ? beats_q : burst_i.length;
  assign first = (begun_q || BEAT_GRANULES == 1) ? '0 : FILL_BITS'(burst_i.first);
  assign count = (left < COUNT_BITS'(BEAT_GRANULES - 32'(first))) ? FILL_BITS'(left)
                                                                  : FILL_BITS'(BEAT_GRANULES) - first;
  assign beat_valid_o = burst_valid_i && (fill_q >= count || halt_i);
  assign beat_last_o = beats == '0;
  assign give = beat_valid_o && beat_ready_i;
  assign burst_pop_o = give && beat_last_o;
  assign taken = give ? count : '0;
  assign kept = fill_q - taken;
  assign group_ready_o = 32'(kept) + GROUP_GRANULES <= SLOTS && !halt_i;
  assign take = group_valid_i && group_ready_o;

  for (genvar i = 0; i < BEAT_GRANULES; i++) begin : gen_beat
    logic [SLOT_BITS-1:0] index;
    logic valid;
    assign index = SLOT_BITS'(FILL_BITS'(i) - first);
    assign valid = FILL_BITS'(i) >= first && FILL_BITS'(i) < first + count && !halt_i;
    assign beat_data_o[i*GRANULE_BITS+:GRANULE_BITS] = valid ? slot_q[index] : '0;
    assign beat_strobe_o[i*GRANULE_BYTES+:GRANULE_BYTES] = {GRANULE_BYTES{valid}};
  end

  always_ff @(posedge clk_i) begin
    fill_q <= take ? kept + FILL_BITS'(GROUP_GRANULES) : kept;
    if (give) begin
      begun_q <= !beat_last_o;
      left_q <= left - COUNT_BITS'(count);
      beats_q <= beats - 1'b1;
    end
    if (!rst_ni) begin
      fill_q <= '0;
      begun_q <= 1'b0;
    end
  end

  // Slot i takes the granule that moves down to it, or the group's granule that belongs there.
  for (genvar i = 0; i < SLOTS; i++) begin : gen_slot
    logic [FILL_BITS-1:0] moved, fresh;
    assign moved = FILL_BITS'(i) + taken;
    assign fresh = FILL_BITS'(i) - kept;
    always_ff @(posedge clk_i) begin
      if (FILL_BITS'(i) < kept) begin
        if (give) slot_q[i] <= slot_q[SLOT_BITS'(moved)];
      end else if (take && 32'(fresh) < GROUP_GRANULES) begin
        slot_q[i] <= group_i[32'(fresh)*GRANULE_BITS+:GRANULE_BITS];
      end
    end
  end

endmodule
