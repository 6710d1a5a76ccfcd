// Control of an ALU vector on its way through the lanes, and the cycles (counted from issue) in which stages take place.
//
//   4 operands visible       11 left shift          20 table O read
//   5 tables read            12 multiplier inputs   22 result
//   7 table or operand       13 products            23 writes
//   8 factors                14 low sum
//   9 product                15 high product
//  10 operation              16 right shift, 17 rounding, 18 zero point, 19 clamp
package alu_pkg;

  import isa_pkg::*;
  import core_pkg::*;

  localparam int unsigned SOURCE = 4;
  localparam int unsigned LOOKUP = 5;
  localparam int unsigned SELECT = 7;
  localparam int unsigned FACTOR = 8;
  localparam int unsigned PRODUCT = 9;
  localparam int unsigned OPERATION = 10;
  localparam int unsigned SHIFT_LEFT = 11;
  localparam int unsigned MULTIPLIER = 12;
  localparam int unsigned PARTIAL = 13;
  localparam int unsigned PARTIAL_SUM = 14;
  localparam int unsigned HIGH = 15;
  localparam int unsigned SHIFT_RIGHT = 16;
  localparam int unsigned ROUND = 17;
  localparam int unsigned ZERO_POINT = 18;
  localparam int unsigned CLAMP = 19;
  localparam int unsigned LOOKUP_O = 20;
  localparam int unsigned RESULT = 22;

  localparam int unsigned FACTOR_BITS = PARAMETER_WEIGHT_WIDTH;     // of MUL and MAC
  localparam int unsigned Q31_BITS = PARAMETER_MULTIPLIER_WIDTH + 1;  // one more: 2**31 is the identity
  localparam int unsigned SHIFT_BITS = PARAMETER_LEFT_SHIFT_WIDTH;

  typedef struct packed {
    logic [$bits(ALU_MOV)-1:0] op;
    logic src0_inp;
    logic [$bits(SOURCE1_INP)-1:0] src1;
    logic acc_bank;
    logic table_a;
    logic table_b;
    logic table_o;
    logic slot_a;
    logic slot_b;
    logic slot_o;
    logic channel;  // requantisation parameters of the channel, not these
    logic [Q31_BITS-1:0] multiplier;
    logic [SHIFT_BITS-1:0] left_shift;
    logic [SHIFT_BITS-1:0] right_shift;
    logic [$bits(ROUNDING_FLOOR)-1:0] rounding;
    logic [8:0] zero_point;
    logic clamp;
    logic [7:0] clamp_min;
    logic [7:0] clamp_max;
    logic [VALUE_BITS-1:0] immediate;
  } control_t;

endpackage
