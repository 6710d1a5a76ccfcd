// One column of the array: PIX dot products of ROWS inputs with one output channel's weights; or two columns of one lane.
//
// Two sets of weight registers; word_mask_i says which rows word_i writes, set word_set_i. An operand vector
// (lane p, row r is byte p * ROWS + r of operand_i) uses set operand_set_i. sum_o is valid five cycles after operand_valid_i.
// Row r of column c is number c * ROWS + r of word_mask_i and word_i; the sum of lane p, column c is number p + c of sum_o.
// Stages: operands, products, sums of four, separated sums, sum.
//
// PACKED: two lanes share a multiplier as ((a1 << FIELD) + a0) * w, one DSP of 27 x 18 bits; four products are added before the
// fields are separated (the low field's sign is a borrow from the high one). An engine of one lane shares it between two
// columns instead, as ((w1 << FIELD) + w0) * a.
//
// Stages are written last first with blocking assignments, so that each reads its predecessor's register before that
// is overwritten; all variables but sum_o live in this process alone.
module array_column
  import engine_pkg::*;
  import core_pkg::*;
#(
  parameter bit STAGE_ENABLES = 1'b1  // see flow_core
) (
  input  logic                                   clk_i,
  input  logic                                   rst_ni,
  input  logic                                   word_valid_i,
  input  logic                                   word_set_i,
  input  logic [ARRAY_COLS*ROWS-1:0]             word_mask_i,
  input  logic [ARRAY_COLS*ROWS*WEIGHT_BITS-1:0] word_i,
  input  logic                                   operand_valid_i,
  input  logic                                   operand_set_i,
  input  logic [PIX*ROWS*8-1:0]                  operand_i,
  output logic [ARRAY_COLS*PIX*VALUE_BITS-1:0]   sum_o
);

  /* verilator no_inline_module */  // one copy of the code for all columns

  localparam int unsigned WEIGHTS = ARRAY_COLS * ROWS;
  localparam int unsigned SUMS = ARRAY_COLS * PIX;
  localparam int unsigned FOURS = (ROWS + 3) / 4;
  localparam int unsigned FIELD = 18;
  localparam int unsigned PAIRS = PACKED ? (SUMS + 1) / 2 : SUMS;
  localparam int unsigned A_BITS = PACKED ? FIELD + 9 : 8;
  localparam int unsigned M_BITS = A_BITS + 8;
  localparam int unsigned Q_BITS = M_BITS + 2;
  localparam int unsigned S_BITS = FIELD + 1;

  logic signed [WEIGHT_BITS-1:0] weight_q[2][WEIGHTS];
  logic [4:1] valid_q;
  logic signed [7:0] b_q[ROWS];                // what the lanes or columns of a multiplier share
  logic signed [A_BITS-1:0] a_q[PAIRS][ROWS];  // what is their own
  logic signed [M_BITS-1:0] m_q[PAIRS][FOURS*4];
  logic signed [Q_BITS-1:0] q_q[PAIRS][FOURS];
  logic signed [S_BITS-1:0] s_q[SUMS][FOURS];

  always_ff @(posedge clk_i) begin : stages
    automatic logic [4:0] load = {valid_q, operand_valid_i} | {5{!STAGE_ENABLES}};
    if (load[4]) begin
      for (int unsigned p = 0; p < SUMS; p++) begin
        automatic logic signed [VALUE_BITS-1:0] sum = '0;
        for (int unsigned f = 0; f < FOURS; f++) sum += VALUE_BITS'(s_q[p][f]);
        sum_o[p*VALUE_BITS+:VALUE_BITS] <= sum;
      end
    end
    if (load[3]) begin
      for (int unsigned k = 0; k < PAIRS; k++) begin
        for (int unsigned f = 0; f < FOURS; f++) begin
          if (PACKED) begin
            s_q[2*k][f] = S_BITS'(signed'(q_q[k][f][FIELD-1:0]));
            if (2 * k + 1 < SUMS) begin
              s_q[(2*k+1)%SUMS][f] = S_BITS'(q_q[k][f] >>> FIELD) + S_BITS'(unsigned'(q_q[k][f][FIELD-1]));
            end
          end else begin
            s_q[k][f] = S_BITS'(q_q[k][f]);
          end
        end
      end
    end
    if (load[2]) begin
      for (int unsigned k = 0; k < PAIRS; k++) begin
        for (int unsigned f = 0; f < FOURS; f++) begin
          q_q[k][f] = Q_BITS'(m_q[k][4*f]) + Q_BITS'(m_q[k][4*f+1]) + Q_BITS'(m_q[k][4*f+2]) + Q_BITS'(m_q[k][4*f+3]);
        end
      end
    end
    if (load[1]) begin
      for (int unsigned k = 0; k < PAIRS; k++) begin
        for (int unsigned r = 0; r < ROWS; r++) m_q[k][r] = M_BITS'(a_q[k][r]) * M_BITS'(b_q[r]);
        for (int unsigned r = ROWS; r < FOURS * 4; r++) m_q[k][r] = '0;
      end
    end
    if (load[0]) begin
      for (int unsigned r = 0; r < ROWS; r++) begin
        b_q[r] = (ARRAY_COLS > 1) ? signed'(operand_i[r*8+:8]) : 8'(weight_q[operand_set_i][r]);
        for (int unsigned k = 0; k < PAIRS; k++) begin
          if (ARRAY_COLS > 1) begin
            a_q[k][r] = A_BITS'(weight_q[operand_set_i][r]) +
                        (A_BITS'(weight_q[operand_set_i][WEIGHTS-ROWS+r]) <<< FIELD);
          end else if (PACKED) begin
            a_q[k][r] = A_BITS'(signed'(operand_i[(2*k*ROWS+r)*8+:8]));
            if (2 * k + 1 < PIX) begin
              a_q[k][r] = a_q[k][r] + (A_BITS'(signed'(operand_i[(((2*k+1)%PIX)*ROWS+r)*8+:8])) <<< FIELD);
            end
          end else begin
            a_q[k][r] = A_BITS'(signed'(operand_i[(k*ROWS+r)*8+:8]));
          end
        end
      end
    end
    if (word_valid_i) begin
      for (int unsigned r = 0; r < WEIGHTS; r++) begin
        if (word_mask_i[r]) weight_q[word_set_i][r] = word_i[r*WEIGHT_BITS+:WEIGHT_BITS];
      end
    end
    valid_q = rst_ni ? {valid_q[3:1], operand_valid_i} : '0;
  end

endmodule
