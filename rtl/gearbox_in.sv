// Turns beats into groups: takes the granules of a burst out of its beats and puts them together without gaps.
//
// Beats come with the burst they belong to (first granule, granules) and a flag for the burst's last beat. One beat in and
// one group out per cycle; latency 1 cycle. The order of granules is kept over bursts.
//
// Granules lie in a ring; groups are read at places that are multiples of a group. A beat's granules beyond its burst are
// written, too, and overwritten by the next.
module gearbox_in
  import engine_pkg::*;
  import core_pkg::*;
(
  input  logic                 clk_i,
  input  logic                 rst_ni,
  input  logic                 beat_valid_i,
  output logic                 beat_ready_o,
  input  logic [DATA_BITS-1:0] beat_data_i,
  input  logic                 beat_last_i,
  input  burst_t               burst_i,
  output logic                 group_valid_o,
  input  logic                 group_ready_i,
  output logic [GROUP_BITS-1:0] group_o
);

  // the least that sustains the faster side of the two
  localparam int unsigned LEAST = (BEAT_GRANULES >= GROUP_GRANULES) ? 2 * GROUP_GRANULES - 1 + BEAT_GRANULES
                                                                    : GROUP_GRANULES - 1 + 2 * BEAT_GRANULES;
  localparam int unsigned GROUPS = (LEAST + GROUP_GRANULES - 1) / GROUP_GRANULES;
  localparam int unsigned SLOTS = GROUPS * GROUP_GRANULES;
  localparam int unsigned FILL_BITS = $clog2(SLOTS + 1);
  localparam int unsigned PLACE_BITS = bits(GROUPS);
  localparam int unsigned BEAT_BITS = $clog2(BEAT_GRANULES + 1);

  logic [GRANULE_BITS-1:0] slot_q[SLOTS];
  logic [GRANULE_BITS-1:0] in[BEAT_GRANULES];
  logic [FILL_BITS-1:0] fill_q, write_q, end_of;
  logic [FILL_BITS:0] sum;
  logic [PLACE_BITS-1:0] place_q;
  logic [COUNT_BITS-1:0] left_q, left;  // granules of the burst not yet taken
  logic begun_q, take, give;
  logic [FIRST_BITS-1:0] first;
  logic [BEAT_BITS-1:0] room, count;

  for (genvar i = 0; i < BEAT_GRANULES; i++) begin : gen_in
    assign in[i] = beat_data_i[i*GRANULE_BITS+:GRANULE_BITS];
  end
  for (genvar i = 0; i < GROUP_GRANULES; i++) begin : gen_out
    logic [GRANULE_BITS-1:0] choice[GROUPS];
    for (genvar g = 0; g < GROUPS; g++) begin : gen_place
      assign choice[g] = slot_q[g*GROUP_GRANULES+i];
    end
    assign group_o[i*GRANULE_BITS+:GRANULE_BITS] = choice[place_q];
  end

  assign left = begun_q ? left_q : burst_i.granules;
  assign first = (begun_q || BEAT_GRANULES == 1) ? '0 : burst_i.first;
  assign room = BEAT_BITS'(BEAT_GRANULES) - BEAT_BITS'(first);
  assign count = (left < COUNT_BITS'(room)) ? BEAT_BITS'(left) : room;
  assign group_valid_o = fill_q >= FILL_BITS'(GROUP_GRANULES);
  assign give = group_valid_o && group_ready_i;
  assign beat_ready_o = fill_q <= FILL_BITS'(SLOTS - BEAT_GRANULES);
  assign take = beat_valid_i && beat_ready_o;
  assign sum = {1'b0, write_q} + (FILL_BITS + 1)'(count);
  assign end_of = FILL_BITS'((sum >= (FILL_BITS + 1)'(SLOTS)) ? sum - (FILL_BITS + 1)'(SLOTS) : sum);

  always_ff @(posedge clk_i) begin
    fill_q <= fill_q + (take ? FILL_BITS'(count) : '0) - (give ? FILL_BITS'(GROUP_GRANULES) : '0);
    if (give) place_q <= (place_q == PLACE_BITS'(GROUPS - 1)) ? '0 : place_q + 1'b1;
    if (take) begin
      write_q <= end_of;
      begun_q <= !beat_last_i;
      left_q <= left - COUNT_BITS'(count);
    end
    if (!rst_ni) begin
      fill_q <= '0;
      write_q <= '0;
      place_q <= '0;
      begun_q <= 1'b0;
    end
  end

  // Slot i takes the beat's granule that belongs there, if there is one.
  for (genvar i = 0; i < SLOTS; i++) begin : gen_slot
    logic [FILL_BITS-1:0] after;
    assign after = (FILL_BITS'(i) >= write_q) ? FILL_BITS'(i) - write_q : FILL_BITS'(i) + FILL_BITS'(SLOTS) - write_q;
    always_ff @(posedge clk_i) begin
      if (take && after < FILL_BITS'(room)) slot_q[i] <= in[FIRST_BITS'(after+FILL_BITS'(first))];
    end
  end

endmodule
