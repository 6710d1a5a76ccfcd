// One column's PIX lanes of the ALU: source, tables, operation, requantisation, clamp, table O.
//
// Fully pipelined, one vector per cycle; valid_i[s] and control_i[s] belong to the vector in stage s (alu_pkg). Operands
// (acc_i, block_i, entry_i) are visible in stage SOURCE, result_o in stage ALU_WRITE.
//
// Without requantisation the multiplier is 2**31 and the shifts are 0, which is the identity. The 32 x 32 bit product is
// x[25:0] * k[16:0] and x[25:0] * k[31:17] (one DSP of 27 x 18 bits each) and x[31:26] * k in logic.
//
// Stages are written last first with blocking assignments, so that each reads its predecessor's register before that
// is overwritten; all variables but the outputs live in this process alone.
module alu_lanes
  import isa_pkg::*;
  import engine_pkg::*;
  import core_pkg::*;
  import alu_pkg::*;
#(
  parameter bit STAGE_ENABLES = 1'b1  // see flow_core
) (
  input  logic                                     clk_i,
  input  logic [RESULT:SOURCE]                     valid_i,
  input  control_t                                 control_i[SOURCE:RESULT],
  input  logic [ACC_BANKS-1:0][PIX*VALUE_BITS-1:0] acc_i,
  input  logic [PIX*8-1:0]                         block_i,
  input  logic [ENTRY_BITS-1:0]                    entry_i,
  input  logic [2:0]                               table_we_i,
  input  logic [TABLE_BITS-1:0]                    table_address_i,
  input  logic [VALUE_BITS-1:0]                    table_data_i,
  output logic [PIX*VALUE_BITS-1:0]                result_o
);

  /* verilator no_inline_module */  // one copy of the code for all columns

  localparam int unsigned LOW = 26;                 // bits of x in the DSPs
  localparam int unsigned CUT = 17;                 // bits of k in the first DSP
  localparam int unsigned WIDE = 2 * VALUE_BITS;
  localparam logic [VALUE_BITS:0] NUDGE = (VALUE_BITS + 1)'(1) << (PARAMETER_MULTIPLIER_WIDTH - 1);

  localparam int unsigned HIGH_BITS = VALUE_BITS - LOW + Q31_BITS + 1;
  localparam int unsigned HALF_BITS = Q31_BITS + 4;

  typedef logic signed [VALUE_BITS-1:0] value_t;
  typedef logic signed [WIDE-1:0] wide_t;

  // --- Tables ---

  value_t source_q[PIX];
  logic [7:0] byte_q[PIX];
  value_t clamp_q[PIX];
  logic [PIX-1:0][TABLE_BITS-1:0] address_a, address_b, address_o;
  logic [PIX-1:0][VALUE_BITS-1:0] from_a, from_b;
  logic [PIX-1:0][7:0] from_o;

  for (genvar p = 0; p < PIX; p++) begin : gen_address
    assign address_a[p] = {control_i[LOOKUP].slot_a, source_q[p][7:0]};
    assign address_b[p] = {control_i[LOOKUP].slot_b, byte_q[p]};
    assign address_o[p] = {control_i[LOOKUP_O].slot_o, clamp_q[p][7:0]};
  end

  table_ram #(.LANES(PIX), .WIDTH(VALUE_BITS), .DEPTH(TABLE_DEPTH)) i_table_a (
    .clk_i, .we_i(table_we_i[0]), .waddr_i(table_address_i), .wdata_i(table_data_i),
    .re_i(valid_i[LOOKUP] && control_i[LOOKUP].table_a), .raddr_i(address_a), .rdata_o(from_a)
  );
  table_ram #(.LANES(PIX), .WIDTH(VALUE_BITS), .DEPTH(TABLE_DEPTH)) i_table_b (
    .clk_i, .we_i(table_we_i[1]), .waddr_i(table_address_i), .wdata_i(table_data_i),
    .re_i(valid_i[LOOKUP] && control_i[LOOKUP].table_b), .raddr_i(address_b), .rdata_o(from_b)
  );
  table_ram #(.LANES(PIX), .WIDTH(8), .DEPTH(TABLE_DEPTH)) i_table_o (
    .clk_i, .we_i(table_we_i[2]), .waddr_i(table_address_i), .wdata_i(table_data_i[7:0]),
    .re_i(valid_i[LOOKUP_O] && control_i[LOOKUP_O].table_o), .raddr_i(address_o), .rdata_o(from_o)
  );

  // --- Registers, named by the stage that fills them ---

  value_t source_1_q[PIX], source_2_q[PIX], byte_1_q[PIX], byte_2_q[PIX];
  value_t a_q[PIX], b_q[PIX], a_1_q[PIX], b_1_q[PIX], a_2_q[PIX], b_2_q[PIX];
  logic signed [FACTOR_BITS-1:0] factor_x_q[PIX], factor_y_q[PIX];
  value_t product_q[PIX], operation_q[PIX], shifted_q[PIX], multiplicand_q[PIX];
  logic [LOW+CUT-1:0] low_q[PIX];
  logic [LOW+Q31_BITS-CUT-1:0] middle_q[PIX];
  logic signed [HIGH_BITS-1:0] high_1_q[PIX];
  logic signed [HALF_BITS-1:0] three_q[PIX], six_q[PIX];
  logic [LOW+Q31_BITS-1:0] partial_q[PIX];
  value_t scaled_q[PIX], floor_q[PIX], rounded_q[PIX], pointed_q[PIX];
  logic guard_q[PIX], sticky_q[PIX];
  value_t clamp_1_q[PIX], clamp_2_q[PIX];

  // A column's parameters on their way to the stages that use them.
  logic [PARAMETER_BIAS_WIDTH-1:0] bias_q[LOOKUP:SELECT];
  logic [FACTOR_BITS-1:0] weight_q[LOOKUP:FACTOR];
  logic [SHIFT_BITS-1:0] left_q[LOOKUP:SHIFT_LEFT];
  logic [Q31_BITS-1:0] multiplier_q[LOOKUP:PARTIAL];
  logic [SHIFT_BITS-1:0] right_q[LOOKUP:SHIFT_RIGHT];

  logic [RESULT:SOURCE] load;
  assign load = valid_i | {$bits(load){!STAGE_ENABLES}};

  always_ff @(posedge clk_i) begin : stages
    if (load[RESULT]) begin
      for (int unsigned p = 0; p < PIX; p++) begin
        result_o[p*VALUE_BITS+:VALUE_BITS] <=
            control_i[RESULT].table_o ? VALUE_BITS'(signed'(from_o[p])) : clamp_2_q[p];
      end
    end
    if (load[RESULT-1]) clamp_2_q = clamp_1_q;
    if (load[LOOKUP_O]) clamp_1_q = clamp_q;
    if (load[CLAMP]) begin
      for (int unsigned p = 0; p < PIX; p++) begin
        automatic value_t lower = VALUE_BITS'(signed'(control_i[CLAMP].clamp_min));
        automatic value_t upper = VALUE_BITS'(signed'(control_i[CLAMP].clamp_max));
        clamp_q[p] <= !control_i[CLAMP].clamp ? pointed_q[p] :
                      (pointed_q[p] < lower) ? lower : (pointed_q[p] > upper) ? upper : pointed_q[p];
      end
    end
    if (load[ZERO_POINT]) begin
      for (int unsigned p = 0; p < PIX; p++) begin
        pointed_q[p] = rounded_q[p] + VALUE_BITS'(signed'(control_i[ZERO_POINT].zero_point));
      end
    end
    if (load[ROUND]) begin
      for (int unsigned p = 0; p < PIX; p++) begin
        automatic logic up = 1'b0;
        case (control_i[ROUND].rounding)
          ROUNDING_HALF_AWAY: up = guard_q[p] && (sticky_q[p] || !floor_q[p][VALUE_BITS-1]);
          ROUNDING_HALF_EVEN: up = guard_q[p] && (sticky_q[p] || floor_q[p][0]);
          ROUNDING_HALF_UP: up = guard_q[p];
          default: up = 1'b0;
        endcase
        rounded_q[p] = floor_q[p] + VALUE_BITS'(up);
      end
    end
    if (load[SHIFT_RIGHT]) begin
      for (int unsigned p = 0; p < PIX; p++) begin
        automatic wide_t moved = $signed({scaled_q[p], {VALUE_BITS{1'b0}}}) >>> right_q[SHIFT_RIGHT];
        floor_q[p] = moved[WIDE-1:VALUE_BITS];
        guard_q[p] = moved[VALUE_BITS-1];
        sticky_q[p] = moved[VALUE_BITS-2:0] != '0;
      end
    end
    if (load[HIGH]) begin
      // HALF_UP rounds once: with a right shift to come this step takes the floor
      automatic logic floor = control_i[HIGH].rounding == ROUNDING_HALF_UP && right_q[HIGH] != '0;
      for (int unsigned p = 0; p < PIX; p++) begin
        automatic wide_t product = (WIDE'(high_1_q[p]) <<< LOW) + $signed(WIDE'(partial_q[p])) +
                                   (floor ? '0 : $signed(WIDE'(NUDGE)));
        scaled_q[p] = VALUE_BITS'(product >>> PARAMETER_MULTIPLIER_WIDTH);
      end
    end
    if (load[PARTIAL_SUM]) begin
      for (int unsigned p = 0; p < PIX; p++) begin
        partial_q[p] = (LOW + Q31_BITS)'(low_q[p]) + ((LOW + Q31_BITS)'(middle_q[p]) << CUT);
      end
      for (int unsigned p = 0; p < PIX; p++) high_1_q[p] = HIGH_BITS'(three_q[p]) + (HIGH_BITS'(six_q[p]) <<< 3);
    end
    if (load[PARTIAL]) begin
      for (int unsigned p = 0; p < PIX; p++) begin
        // a part of a signed array's element is unsigned; said here, because not every synthesis tool takes it so
        low_q[p] = (LOW + CUT)'(unsigned'(multiplicand_q[p][LOW-1:0])) * (LOW + CUT)'(multiplier_q[PARTIAL][CUT-1:0]);
        middle_q[p] = (LOW + Q31_BITS - CUT)'(unsigned'(multiplicand_q[p][LOW-1:0])) *
                      (LOW + Q31_BITS - CUT)'(multiplier_q[PARTIAL][Q31_BITS-1:CUT]);
        // x[31:26] * k as sums of shifts, so that no DSP is spent on it; the top bit counts negative
        three_q[p] = '0;
        six_q[p] = '0;
        for (int unsigned b = 0; b < 3; b++) begin
          if (multiplicand_q[p][LOW+b]) three_q[p] = three_q[p] + (HALF_BITS'(multiplier_q[PARTIAL]) << b);
        end
        for (int unsigned b = 0; b < 2; b++) begin
          if (multiplicand_q[p][LOW+3+b]) six_q[p] = six_q[p] + (HALF_BITS'(multiplier_q[PARTIAL]) << b);
        end
        if (multiplicand_q[p][VALUE_BITS-1]) six_q[p] = six_q[p] - (HALF_BITS'(multiplier_q[PARTIAL]) << 2);
      end
    end
    if (load[MULTIPLIER]) multiplicand_q = shifted_q;
    if (load[SHIFT_LEFT]) begin
      for (int unsigned p = 0; p < PIX; p++) shifted_q[p] = operation_q[p] << left_q[SHIFT_LEFT];
    end
    if (load[OPERATION]) begin
      for (int unsigned p = 0; p < PIX; p++) begin
        case (control_i[OPERATION].op)
          ALU_ADD: operation_q[p] = a_2_q[p] + b_2_q[p];
          ALU_MAX: operation_q[p] = (a_2_q[p] > b_2_q[p]) ? a_2_q[p] : b_2_q[p];
          ALU_MIN: operation_q[p] = (a_2_q[p] < b_2_q[p]) ? a_2_q[p] : b_2_q[p];
          ALU_MUL: operation_q[p] = product_q[p];
          ALU_MAC: operation_q[p] = a_2_q[p] + product_q[p];
          default: operation_q[p] = a_2_q[p];
        endcase
      end
    end
    if (load[PRODUCT]) begin
      for (int unsigned p = 0; p < PIX; p++) begin
        product_q[p] = VALUE_BITS'(factor_x_q[p]) * VALUE_BITS'(factor_y_q[p]);
      end
      a_2_q = a_1_q;
      b_2_q = b_1_q;
    end
    if (load[FACTOR]) begin
      for (int unsigned p = 0; p < PIX; p++) begin
        factor_x_q[p] = (control_i[FACTOR].op == ALU_MUL) ? a_q[p][FACTOR_BITS-1:0] : weight_q[FACTOR];
        factor_y_q[p] = b_q[p][FACTOR_BITS-1:0];
      end
      a_1_q = a_q;
      b_1_q = b_q;
    end
    if (load[SELECT]) begin
      for (int unsigned p = 0; p < PIX; p++) begin
        a_q[p] = control_i[SELECT].table_a ? from_a[p] : source_2_q[p];
        case (control_i[SELECT].src1)
          SOURCE1_INP: b_q[p] = control_i[SELECT].table_b ? from_b[p] : byte_2_q[p];
          SOURCE1_BIAS: b_q[p] = bias_q[SELECT];
          default: b_q[p] = control_i[SELECT].immediate;
        endcase
      end
    end
    if (load[LOOKUP+1]) begin
      source_2_q = source_1_q;
      byte_2_q = byte_1_q;
    end
    if (load[LOOKUP]) begin
      source_1_q = source_q;
      for (int unsigned p = 0; p < PIX; p++) byte_1_q[p] = VALUE_BITS'(signed'(byte_q[p]));
    end
    // tables read source_q, byte_q and clamp_q at this edge, too: they are written without blocking
    if (load[SOURCE]) begin
      for (int unsigned p = 0; p < PIX; p++) begin
        source_q[p] <= control_i[SOURCE].src0_inp ? VALUE_BITS'(signed'(block_i[p*8+:8]))
                                                  : acc_i[control_i[SOURCE].acc_bank][p*VALUE_BITS+:VALUE_BITS];
        byte_q[p] <= block_i[p*8+:8];
      end
    end

    for (int unsigned s = SHIFT_RIGHT; s > LOOKUP; s--) begin
      if (load[s-1]) begin
        right_q[s] = right_q[s-1];
        if (s <= PARTIAL) multiplier_q[s] = multiplier_q[s-1];
        if (s <= SHIFT_LEFT) left_q[s] = left_q[s-1];
        if (s <= FACTOR) weight_q[s] = weight_q[s-1];
        if (s <= SELECT) bias_q[s] = bias_q[s-1];
      end
    end
    if (load[SOURCE]) begin
      bias_q[LOOKUP] = entry_i[PARAMETER_BIAS_LSB+:PARAMETER_BIAS_WIDTH];
      weight_q[LOOKUP] = entry_i[PARAMETER_WEIGHT_LSB+:PARAMETER_WEIGHT_WIDTH];
      left_q[LOOKUP] = control_i[SOURCE].left_shift;
      right_q[LOOKUP] = control_i[SOURCE].right_shift;
      multiplier_q[LOOKUP] = control_i[SOURCE].multiplier;
      if (control_i[SOURCE].channel) begin
        left_q[LOOKUP] = entry_i[PARAMETER_LEFT_SHIFT_LSB+:PARAMETER_LEFT_SHIFT_WIDTH];
        right_q[LOOKUP] = entry_i[PARAMETER_RIGHT_SHIFT_LSB+:PARAMETER_RIGHT_SHIFT_WIDTH];
        multiplier_q[LOOKUP] = {1'b0, entry_i[PARAMETER_MULTIPLIER_LSB+:PARAMETER_MULTIPLIER_WIDTH]};
      end
    end
  end

endmodule
