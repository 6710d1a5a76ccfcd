// Turns beats into groups: takes the granules of a burst out of its beats and puts them together without gaps.
//
// Beats come with the burst they belong to (first granule, granules) and a flag for the burst's last beat. One beat in and
// one group out per cycle; latency 1 cycle. The order of granules is kept over bursts.
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

  localparam int unsigned SLOTS = GROUP_GRANULES + BEAT_GRANULES;
  localparam int unsigned FILL_BITS = $clog2(SLOTS + 1);

  logic [GRANULE_BITS-1:0] slot_q[SLOTS];
  logic [GRANULE_BITS-1:0] in[BEAT_GRANULES];
  logic [FILL_BITS-1:0] fill_q, kept;
  logic [COUNT_BITS-1:0] left_q, left;  // granules of the burst not yet taken
  logic begun_q, take, give;
  logic [FILL_BITS-1:0] first, count;

  for (genvar i = 0; i < BEAT_GRANULES; i++) begin : gen_in
    assign in[i] = beat_data_i[i*GRANULE_BITS+:GRANULE_BITS];
  end
  for (genvar i = 0; i < GROUP_GRANULES; i++) begin : gen_out
    assign group_o[i*GRANULE_BITS+:GRANULE_BITS] = slot_q[i];
  end

  assign left = begun_q ? left_q : burst_i.granules;
  assign first = (begun_q || BEAT_GRANULES == 1) ? '0 : FILL_BITS'(burst_i.first);
  assign count = (left < COUNT_BITS'(BEAT_GRANULES - 32'(first))) ? FILL_BITS'(left)
                                                                : FILL_BITS'(BEAT_GRANULES) - first;
  assign group_valid_o = fill_q >= FILL_BITS'(GROUP_GRANULES);
  assign give = group_valid_o && group_ready_i;
  assign kept = give ? fill_q - FILL_BITS'(GROUP_GRANULES) : fill_q;
  assign beat_ready_o = 32'(kept) + 32'(count) <= SLOTS;
  assign take = beat_valid_i && beat_ready_o;

  always_ff @(posedge clk_i) begin
    fill_q <= take ? kept + count : kept;
    if (take) begin
      begun_q <= !beat_last_i;
      left_q <= left - COUNT_BITS'(count);
    end
    if (!rst_ni) begin
      fill_q <= '0;
      begun_q <= 1'b0;
    end
  end

  // Slot i keeps its place, moves down by a group, or takes the beat's granule that belongs there.
  for (genvar i = 0; i < SLOTS; i++) begin : gen_slot
    logic [FILL_BITS-1:0] index;
    assign index = FILL_BITS'(i) - kept + first;
    always_ff @(posedge clk_i) begin
      if (take && FILL_BITS'(i) >= kept) begin
        if (BEAT_GRANULES == 1) slot_q[i] <= in[0];
        else slot_q[i] <= in[FIRST_BITS'(index)];
      end else if (give) begin
        if (i + GROUP_GRANULES < SLOTS) slot_q[i] <= slot_q[(i+GROUP_GRANULES)%SLOTS];
      end
    end
  end

endmodule
