// Rendered from flow/isa/description.py by flow.isa.render. Do not edit.
package isa_pkg;

  // Versions and sizes
  localparam int unsigned ABI_MAJOR = 1;
  localparam int unsigned ABI_MINOR = 0;
  localparam int unsigned WORD_BITS = 128;
  localparam int unsigned WORDS_PER_INSTRUCTION = 4;
  localparam int unsigned INSTRUCTION_BITS = 512;
  localparam int unsigned INSTRUCTION_BYTES = 64;
  localparam int unsigned TOKEN_CAPACITY = 255;
  localparam int unsigned REGIONS = 4;
  localparam int unsigned TABLE_ENTRIES = 256;
  localparam int unsigned TABLE_SLOTS = 2;
  localparam int unsigned PARAMETER_BYTES = 16;
  localparam int unsigned CORE_PAGE_BYTES = 4096;
  localparam int unsigned COUNTER_BASE = 256;
  localparam int unsigned NUM_COUNTERS = 16;
  localparam logic [31:0] MAGIC = 32'h464C4F57;
  localparam logic [31:0] STREAM_MAGIC = 32'h464C5053;

  // Operation of an instruction. 0 is illegal, so that empty memory is never a program.
  localparam logic [3:0] OP_LOAD = 4'd1;
  localparam logic [3:0] OP_GEMM = 4'd2;
  localparam logic [3:0] OP_ALU = 4'd3;
  localparam logic [3:0] OP_STORE = 4'd4;
  localparam logic [3:0] OP_FINISH = 4'd5;

  // Execution units; the number is the bit in the ``pop`` and ``push`` masks.
  localparam logic [2:0] UNIT_LOAD = 3'd0;
  localparam logic [2:0] UNIT_GEMM = 3'd1;
  localparam logic [2:0] UNIT_ALU = 3'd2;
  localparam logic [2:0] UNIT_STORE = 3'd3;
  localparam logic [2:0] UNIT_FETCH = 3'd4;

  // Destinations of LOAD.
  localparam logic [1:0] BUFFER_INPUT = 2'd0;
  localparam logic [1:0] BUFFER_WEIGHT = 2'd1;
  localparam logic [1:0] BUFFER_PARAMETER = 2'd2;
  localparam logic [1:0] BUFFER_TABLE = 2'd3;

  // Windows of device memory; an instruction's offset is relative to the region's base register.
  localparam logic [1:0] REGION_CONSTANT = 2'd0;
  localparam logic [1:0] REGION_SCRATCH = 2'd1;
  localparam logic [1:0] REGION_INPUT = 2'd2;
  localparam logic [1:0] REGION_OUTPUT = 2'd3;

  // Table index of slot 0; slot s is this plus s.
  localparam logic [23:0] TABLE_A = 24'd0;
  localparam logic [23:0] TABLE_B = 24'd2;
  localparam logic [23:0] TABLE_O = 24'd4;

  // The operation between table A's and table B's output; all modulo 2**32, two's complement.
  localparam logic [2:0] ALU_MOV = 3'd0;
  localparam logic [2:0] ALU_ADD = 3'd1;
  localparam logic [2:0] ALU_MAX = 3'd2;
  localparam logic [2:0] ALU_MIN = 3'd3;
  localparam logic [2:0] ALU_MUL = 3'd4;
  localparam logic [2:0] ALU_MAC = 3'd5;

  // Source0
  localparam logic [0:0] SOURCE0_ACC = 1'd0;
  localparam logic [0:0] SOURCE0_INP = 1'd1;

  // Source1
  localparam logic [1:0] SOURCE1_NONE = 2'd0;
  localparam logic [1:0] SOURCE1_INP = 2'd1;
  localparam logic [1:0] SOURCE1_BIAS = 2'd2;
  localparam logic [1:0] SOURCE1_IMM = 2'd3;

  // Requant
  localparam logic [1:0] REQUANT_NONE = 2'd0;
  localparam logic [1:0] REQUANT_TENSOR = 2'd1;
  localparam logic [1:0] REQUANT_CHANNEL = 2'd2;

  // How the right shift of the requantiser rounds.
  localparam logic [1:0] ROUNDING_HALF_AWAY = 2'd0;
  localparam logic [1:0] ROUNDING_HALF_EVEN = 2'd1;
  localparam logic [1:0] ROUNDING_HALF_UP = 2'd2;
  localparam logic [1:0] ROUNDING_FLOOR = 2'd3;

  // Sticky verdict of a launch.
  localparam logic [7:0] ERROR_NONE = 8'd0;
  localparam logic [7:0] ERROR_ILLEGAL = 8'd1;
  localparam logic [7:0] ERROR_RANGE = 8'd2;
  localparam logic [7:0] ERROR_WINDOW = 8'd3;
  localparam logic [7:0] ERROR_BUS = 8'd4;
  localparam logic [7:0] ERROR_TOKEN = 8'd5;
  localparam logic [7:0] ERROR_WATCHDOG = 8'd6;
  localparam logic [7:0] ERROR_HEADER = 8'd7;

  // Token channels: units that a unit may take from, units that it may give to (bit masks)
  localparam logic [3:0] LOAD_POPS = 4'hE;
  localparam logic [3:0] LOAD_PUSHES = 4'h6;
  localparam logic [3:0] GEMM_POPS = 4'h5;
  localparam logic [3:0] GEMM_PUSHES = 4'h5;
  localparam logic [3:0] ALU_POPS = 4'hB;
  localparam logic [3:0] ALU_PUSHES = 4'hB;
  localparam logic [3:0] STORE_POPS = 4'h4;
  localparam logic [3:0] STORE_PUSHES = 4'h5;
  localparam logic [3:0] FETCH_POPS = 4'h0;
  localparam logic [3:0] FETCH_PUSHES = 4'h0;

  // Instructions, most significant field first
  typedef struct packed {
    logic [191:0] reserved;
    logic [31:0] z_pitch;
    logic [31:0] y_pitch;
    logic [23:0] z_stride;
    logic [23:0] y_stride;
    logic [23:0] x_stride;
    logic [11:0] pad_bottom;
    logic [11:0] pad_top;
    logic [11:0] pad_right;
    logic [11:0] pad_left;
    logic [15:0] z_size;
    logic [15:0] y_size;
    logic [15:0] x_size;
    logic [23:0] base;
    logic [39:0] offset;
    logic signed [7:0] pad_value;
    logic [1:0] region;
    logic [1:0] buffer;
    logic [3:0] push;
    logic [3:0] pop;
    logic [3:0] opcode;
  } load_t;

  typedef struct packed {
    logic [229:0] reserved;
    logic [15:0] j_acc;
    logic [15:0] i_acc;
    logic [19:0] j_stride;
    logic [19:0] i_stride;
    logic [19:0] w_stride;
    logic [19:0] h_stride;
    logic [19:0] v_stride;
    logic [15:0] j_size;
    logic [15:0] i_size;
    logic [15:0] w_size;
    logic [15:0] h_size;
    logic [15:0] v_size;
    logic [19:0] wgt_base;
    logic [15:0] acc_base;
    logic [19:0] inp_base;
    logic [0:0] acc_bank;
    logic [0:0] init;
    logic [3:0] push;
    logic [3:0] pop;
    logic [3:0] opcode;
  } gemm_t;

  typedef struct packed {
    logic [40:0] reserved;
    logic signed [31:0] immediate;
    logic signed [7:0] clamp_max;
    logic signed [7:0] clamp_min;
    logic signed [8:0] zero_point;
    logic [4:0] right_shift;
    logic [4:0] left_shift;
    logic [30:0] multiplier;
    logic [19:0] j_dst;
    logic [19:0] i_dst;
    logic [19:0] k_dst;
    logic [13:0] j_out;
    logic [13:0] i_out;
    logic [13:0] k_out;
    logic [19:0] j_src;
    logic [19:0] i_src;
    logic [19:0] k_src;
    logic [13:0] j_acc;
    logic [13:0] i_acc;
    logic [13:0] k_acc;
    logic [15:0] j_size;
    logic [15:0] i_size;
    logic [15:0] k_size;
    logic [7:0] par_stride;
    logic [11:0] par_base;
    logic [19:0] dst_base;
    logic [13:0] out_base;
    logic [19:0] src_base;
    logic [13:0] acc_base;
    logic [0:0] acc_bank;
    logic [0:0] to_inp;
    logic [0:0] to_out;
    logic [0:0] to_acc;
    logic [0:0] clamp;
    logic [1:0] rounding;
    logic [1:0] requant;
    logic [0:0] slot_o;
    logic [0:0] slot_b;
    logic [0:0] slot_a;
    logic [0:0] table_o;
    logic [0:0] table_b;
    logic [0:0] table_a;
    logic [1:0] src1;
    logic [0:0] src0;
    logic [2:0] op;
    logic [3:0] push;
    logic [3:0] pop;
    logic [3:0] opcode;
  } alu_t;

  typedef struct packed {
    logic [297:0] reserved;
    logic [31:0] z_pitch;
    logic [31:0] y_pitch;
    logic [15:0] z_stride;
    logic [15:0] y_stride;
    logic [15:0] z_size;
    logic [15:0] y_size;
    logic [15:0] x_size;
    logic [15:0] base;
    logic [39:0] offset;
    logic [1:0] region;
    logic [3:0] push;
    logic [3:0] pop;
    logic [3:0] opcode;
  } store_t;

  typedef struct packed {
    logic [499:0] reserved;
    logic [3:0] push;
    logic [3:0] pop;
    logic [3:0] opcode;
  } finish_t;

  typedef struct packed {
    logic [499:0] reserved;
    logic [3:0] push;
    logic [3:0] pop;
    logic [3:0] opcode;
  } header_t;

  typedef struct packed {
    logic [351:0] reserved;
    logic [31:0] count;
    logic [63:0] config_hash;
    logic [15:0] abi_major;
    logic [15:0] abi_minor;
    logic [31:0] magic;
  } stream_header_t;

  // Entry of a parameter vector
  localparam int unsigned PARAMETER_BIAS_LSB = 0;
  localparam int unsigned PARAMETER_BIAS_WIDTH = 32;
  localparam int unsigned PARAMETER_MULTIPLIER_LSB = 32;
  localparam int unsigned PARAMETER_MULTIPLIER_WIDTH = 31;
  localparam int unsigned PARAMETER_LEFT_SHIFT_LSB = 64;
  localparam int unsigned PARAMETER_LEFT_SHIFT_WIDTH = 5;
  localparam int unsigned PARAMETER_RIGHT_SHIFT_LSB = 72;
  localparam int unsigned PARAMETER_RIGHT_SHIFT_WIDTH = 5;
  localparam int unsigned PARAMETER_WEIGHT_LSB = 80;
  localparam int unsigned PARAMETER_WEIGHT_WIDTH = 16;

  // Registers: byte offsets in a core's page
  localparam logic [11:0] REG_MAGIC = 12'h000;
  localparam logic [11:0] REG_ABI = 12'h004;
  localparam int unsigned REG_ABI_MINOR_LSB = 0;
  localparam int unsigned REG_ABI_MINOR_WIDTH = 16;
  localparam int unsigned REG_ABI_MAJOR_LSB = 16;
  localparam int unsigned REG_ABI_MAJOR_WIDTH = 16;
  localparam logic [11:0] REG_HASH_LO = 12'h008;
  localparam logic [11:0] REG_HASH_HI = 12'h00C;
  localparam logic [11:0] REG_SHAPE = 12'h010;
  localparam int unsigned REG_SHAPE_PIX_LSB = 0;
  localparam int unsigned REG_SHAPE_PIX_WIDTH = 8;
  localparam int unsigned REG_SHAPE_ROWS_LSB = 8;
  localparam int unsigned REG_SHAPE_ROWS_WIDTH = 12;
  localparam int unsigned REG_SHAPE_COLS_LSB = 20;
  localparam int unsigned REG_SHAPE_COLS_WIDTH = 12;
  localparam logic [11:0] REG_SYSTEM = 12'h014;
  localparam int unsigned REG_SYSTEM_CORES_LSB = 0;
  localparam int unsigned REG_SYSTEM_CORES_WIDTH = 8;
  localparam int unsigned REG_SYSTEM_CORE_LSB = 8;
  localparam int unsigned REG_SYSTEM_CORE_WIDTH = 8;
  localparam int unsigned REG_SYSTEM_AXI_BYTES_LSB = 16;
  localparam int unsigned REG_SYSTEM_AXI_BYTES_WIDTH = 16;
  localparam logic [11:0] REG_SCRATCH = 12'h018;
  localparam logic [11:0] REG_CONTROL = 12'h020;
  localparam int unsigned REG_CONTROL_START_LSB = 0;
  localparam int unsigned REG_CONTROL_START_WIDTH = 1;
  localparam int unsigned REG_CONTROL_RESET_LSB = 1;
  localparam int unsigned REG_CONTROL_RESET_WIDTH = 1;
  localparam logic [11:0] REG_STATUS = 12'h024;
  localparam int unsigned REG_STATUS_BUSY_LSB = 0;
  localparam int unsigned REG_STATUS_BUSY_WIDTH = 1;
  localparam int unsigned REG_STATUS_DONE_LSB = 1;
  localparam int unsigned REG_STATUS_DONE_WIDTH = 1;
  localparam int unsigned REG_STATUS_ERROR_LSB = 2;
  localparam int unsigned REG_STATUS_ERROR_WIDTH = 1;
  localparam logic [11:0] REG_IRQ_ENABLE = 12'h028;
  localparam logic [11:0] REG_IRQ_PENDING = 12'h02C;
  localparam logic [11:0] REG_ERROR = 12'h030;
  localparam int unsigned REG_ERROR_CODE_LSB = 0;
  localparam int unsigned REG_ERROR_CODE_WIDTH = 8;
  localparam int unsigned REG_ERROR_UNIT_LSB = 8;
  localparam int unsigned REG_ERROR_UNIT_WIDTH = 8;
  localparam logic [11:0] REG_ERROR_PC = 12'h034;
  localparam logic [11:0] REG_ERROR_ADDRESS_LO = 12'h038;
  localparam logic [11:0] REG_ERROR_ADDRESS_HI = 12'h03C;
  localparam logic [11:0] REG_CONSTANT_BASE_LO = 12'h040;
  localparam logic [11:0] REG_CONSTANT_BASE_HI = 12'h044;
  localparam logic [11:0] REG_CONSTANT_SIZE_LO = 12'h048;
  localparam logic [11:0] REG_CONSTANT_SIZE_HI = 12'h04C;
  localparam logic [11:0] REG_SCRATCH_BASE_LO = 12'h050;
  localparam logic [11:0] REG_SCRATCH_BASE_HI = 12'h054;
  localparam logic [11:0] REG_SCRATCH_SIZE_LO = 12'h058;
  localparam logic [11:0] REG_SCRATCH_SIZE_HI = 12'h05C;
  localparam logic [11:0] REG_INPUT_BASE_LO = 12'h060;
  localparam logic [11:0] REG_INPUT_BASE_HI = 12'h064;
  localparam logic [11:0] REG_INPUT_SIZE_LO = 12'h068;
  localparam logic [11:0] REG_INPUT_SIZE_HI = 12'h06C;
  localparam logic [11:0] REG_OUTPUT_BASE_LO = 12'h070;
  localparam logic [11:0] REG_OUTPUT_BASE_HI = 12'h074;
  localparam logic [11:0] REG_OUTPUT_SIZE_LO = 12'h078;
  localparam logic [11:0] REG_OUTPUT_SIZE_HI = 12'h07C;
  localparam logic [11:0] REG_PROGRAM_LO = 12'h080;
  localparam logic [11:0] REG_PROGRAM_HI = 12'h084;
  localparam logic [11:0] REG_WATCHDOG_LO = 12'h088;
  localparam logic [11:0] REG_WATCHDOG_HI = 12'h08C;
  localparam logic [11:0] REG_CYCLES_LO = 12'h100;
  localparam logic [11:0] REG_CYCLES_HI = 12'h104;
  localparam logic [11:0] REG_LOAD_BUSY_LO = 12'h108;
  localparam logic [11:0] REG_LOAD_BUSY_HI = 12'h10C;
  localparam logic [11:0] REG_LOAD_STARVED_LO = 12'h110;
  localparam logic [11:0] REG_LOAD_STARVED_HI = 12'h114;
  localparam logic [11:0] REG_LOAD_BLOCKED_LO = 12'h118;
  localparam logic [11:0] REG_LOAD_BLOCKED_HI = 12'h11C;
  localparam logic [11:0] REG_GEMM_BUSY_LO = 12'h120;
  localparam logic [11:0] REG_GEMM_BUSY_HI = 12'h124;
  localparam logic [11:0] REG_GEMM_STARVED_LO = 12'h128;
  localparam logic [11:0] REG_GEMM_STARVED_HI = 12'h12C;
  localparam logic [11:0] REG_GEMM_BLOCKED_LO = 12'h130;
  localparam logic [11:0] REG_GEMM_BLOCKED_HI = 12'h134;
  localparam logic [11:0] REG_ALU_BUSY_LO = 12'h138;
  localparam logic [11:0] REG_ALU_BUSY_HI = 12'h13C;
  localparam logic [11:0] REG_ALU_STARVED_LO = 12'h140;
  localparam logic [11:0] REG_ALU_STARVED_HI = 12'h144;
  localparam logic [11:0] REG_ALU_BLOCKED_LO = 12'h148;
  localparam logic [11:0] REG_ALU_BLOCKED_HI = 12'h14C;
  localparam logic [11:0] REG_STORE_BUSY_LO = 12'h150;
  localparam logic [11:0] REG_STORE_BUSY_HI = 12'h154;
  localparam logic [11:0] REG_STORE_STARVED_LO = 12'h158;
  localparam logic [11:0] REG_STORE_STARVED_HI = 12'h15C;
  localparam logic [11:0] REG_STORE_BLOCKED_LO = 12'h160;
  localparam logic [11:0] REG_STORE_BLOCKED_HI = 12'h164;
  localparam logic [11:0] REG_READ_BEATS_LO = 12'h168;
  localparam logic [11:0] REG_READ_BEATS_HI = 12'h16C;
  localparam logic [11:0] REG_WRITE_BEATS_LO = 12'h170;
  localparam logic [11:0] REG_WRITE_BEATS_HI = 12'h174;
  localparam logic [11:0] REG_INSTRUCTIONS_LO = 12'h178;
  localparam logic [11:0] REG_INSTRUCTIONS_HI = 12'h17C;

  // Counters: indices
  localparam int unsigned COUNTER_CYCLES = 0;
  localparam int unsigned COUNTER_LOAD_BUSY = 1;
  localparam int unsigned COUNTER_LOAD_STARVED = 2;
  localparam int unsigned COUNTER_LOAD_BLOCKED = 3;
  localparam int unsigned COUNTER_GEMM_BUSY = 4;
  localparam int unsigned COUNTER_GEMM_STARVED = 5;
  localparam int unsigned COUNTER_GEMM_BLOCKED = 6;
  localparam int unsigned COUNTER_ALU_BUSY = 7;
  localparam int unsigned COUNTER_ALU_STARVED = 8;
  localparam int unsigned COUNTER_ALU_BLOCKED = 9;
  localparam int unsigned COUNTER_STORE_BUSY = 10;
  localparam int unsigned COUNTER_STORE_STARVED = 11;
  localparam int unsigned COUNTER_STORE_BLOCKED = 12;
  localparam int unsigned COUNTER_READ_BEATS = 13;
  localparam int unsigned COUNTER_WRITE_BEATS = 14;
  localparam int unsigned COUNTER_INSTRUCTIONS = 15;

endpackage
