// The counted token channels between the units.
//
// pop_*: unit u takes one token of every producer in its mask at once; pop_ready_o is high while all of them have one.
// push_*: port u gives one token to every consumer in its mask at once; push_ready_o is high while none of them is full.
// Port UNITS is STORE's second one (its write responses); its mask and the first one's never name the same consumer
// in the same cycle. A token pushed in a cycle can be popped in the next.
module token_channels
  import isa_pkg::*;
  import core_pkg::*;
(
  input  logic                        clk_i,
  input  logic                        rst_ni,
  input  logic [UNITS-1:0]            pop_valid_i,
  input  logic [UNITS-1:0][UNITS-1:0] pop_mask_i,
  output logic [UNITS-1:0]            pop_ready_o,
  input  logic [UNITS:0]              push_valid_i,
  input  logic [UNITS:0][UNITS-1:0]   push_mask_i,
  output logic [UNITS:0]              push_ready_o,
  output logic                        empty_o
);

  localparam int unsigned TOKEN_BITS = $clog2(TOKEN_CAPACITY + 1);

  // [producer][consumer]
  logic [UNITS-1:0][UNITS-1:0][TOKEN_BITS-1:0] count_q;
  logic [UNITS-1:0][UNITS-1:0] none_q, full_q;  // of the counts as they are

  always_comb begin
    for (int unsigned c = 0; c < UNITS; c++) begin
      pop_ready_o[c] = 1'b1;
      for (int unsigned p = 0; p < UNITS; p++) if (pop_mask_i[c][p] && none_q[p][c]) pop_ready_o[c] = 1'b0;
    end
    for (int unsigned p = 0; p < UNITS; p++) push_ready_o[p] = (push_mask_i[p] & full_q[p]) == '0;
    push_ready_o[UNITS] = (push_mask_i[UNITS] & full_q[UNIT_STORE[1:0]]) == '0;
    empty_o = &none_q;
  end

  always_ff @(posedge clk_i) begin
    for (int unsigned p = 0; p < UNITS; p++) begin
      for (int unsigned c = 0; c < UNITS; c++) begin
        automatic logic take = pop_valid_i[c] && pop_ready_o[c] && pop_mask_i[c][p];
        automatic logic give = push_valid_i[p] && push_ready_o[p] && push_mask_i[p][c];
        if (p == 32'(UNIT_STORE) && push_valid_i[UNITS] && push_ready_o[UNITS] && push_mask_i[UNITS][c]) give = 1'b1;
        if (give && !take) begin
          count_q[p][c] <= count_q[p][c] + 1'b1;
          none_q[p][c] <= 1'b0;
          full_q[p][c] <= count_q[p][c] == TOKEN_BITS'(TOKEN_CAPACITY - 1);
        end else if (take && !give) begin
          count_q[p][c] <= count_q[p][c] - 1'b1;
          none_q[p][c] <= count_q[p][c] == TOKEN_BITS'(1);
          full_q[p][c] <= 1'b0;
        end
        if (!rst_ni) begin
          count_q[p][c] <= '0;
          none_q[p][c] <= 1'b1;
          full_q[p][c] <= 1'b0;
        end
      end
    end
  end

endmodule
