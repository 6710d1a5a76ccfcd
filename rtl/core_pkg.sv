// Types and derived sizes shared by the engine's stages.
//
// Widths here are the engine's own (counters, addresses on their way to a check); widths of instruction fields come from
// isa_pkg, sizes of buffers from engine_pkg. Counters are one bit wider than the fields they start from, so that an
// address that left its buffer is seen before it can wrap: every address is a legal one plus one step.
package core_pkg;

  import isa_pkg::*;
  import engine_pkg::*;

  // Bits to count 0..n-1, at least one.
  function automatic int unsigned bits(input int unsigned n);
    return (n <= 2) ? 1 : $clog2(n);
  endfunction

  // Units that have a queue (FETCH comes after them).
  localparam int unsigned UNITS = 32'(UNIT_FETCH);

  localparam int unsigned PC_BITS = 32;
  localparam int unsigned SIZE_BITS = 18;    // a loop's extent, padding included
  localparam int unsigned STEP_BITS = 26;    // an on-chip address before its range check
  localparam int unsigned OFFSET_BITS = 56;  // an offset in a region before its window check
  localparam int unsigned RUN_BITS = 40;     // bytes of one row
  localparam int unsigned DATA_BITS = AXI_BYTES * 8;
  localparam int unsigned GROUP_BITS = GROUP_BYTES * 8;
  localparam int unsigned GRANULE_BITS = GRANULE_BYTES * 8;
  localparam int unsigned BLOCK_BITS = COLS * 8;  // one lane of a group

  // Transfers: bursts stay within aligned BURST_BYTES, which divide 4 KiB.
  localparam int unsigned BOUNDARY = 4096;
  localparam int unsigned LONGEST = 64;
  localparam int unsigned READ_BURSTS = 64;  // of LOAD, under way at most
  localparam int unsigned READ_BEATS = 320;  // under way: LOAD requests no more, so that fetch need not wait long
  localparam int unsigned BURST_BYTES = (LONGEST * AXI_BYTES > BOUNDARY) ? BOUNDARY : LONGEST * AXI_BYTES;
  localparam int unsigned GROUP_GRANULES = GROUP_BYTES / GRANULE_BYTES;
  localparam int unsigned BEAT_GRANULES = AXI_BYTES / GRANULE_BYTES;
  localparam int unsigned BURST_GRANULES = BURST_BYTES / GRANULE_BYTES;
  localparam int unsigned FIRST_BITS = bits(BEAT_GRANULES);
  localparam int unsigned COUNT_BITS = $clog2(BURST_GRANULES + 1);

  // Columns of one array_column: a multiplier holds two products, of two lanes or, if there is only one, of two columns
  localparam int unsigned ARRAY_COLS = (PACKED && PIX == 1 && COLS % 2 == 0) ? 2 : 1;

  // Buffers
  localparam int unsigned INP_VECTORS = INP_BANKS * INP_DEPTH;
  localparam int unsigned INP_BLOCKS = INP_VECTORS * BLOCKS;
  localparam int unsigned BANK_BITS = bits(INP_BANKS);
  localparam int unsigned PART_BITS = bits(BLOCKS);
  localparam int unsigned INP_BITS = bits(INP_DEPTH);
  localparam int unsigned VECTOR_BITS = bits(INP_VECTORS);
  localparam int unsigned BLOCK_ADDRESS_BITS = bits(INP_BLOCKS);
  localparam int unsigned ACC_BITS = bits(ACC_DEPTH);
  localparam int unsigned ACC_BANKS = 2;
  localparam int unsigned WGT_BITS = bits(WGT_DEPTH);
  localparam int unsigned OUT_BITS = bits(OUT_DEPTH);
  localparam int unsigned PAR_BITS = bits(PAR_DEPTH);
  localparam int unsigned PAR_SIZE = PAR_DEPTH * PAR_WORDS;
  localparam int unsigned ENTRY_BITS = PARAMETER_BYTES * 8;
  localparam int unsigned VALUE_BITS = 32;  // accumulators and table A, B entries
  localparam int unsigned VALUE_BYTES = VALUE_BITS / 8;
  localparam int unsigned TABLE_DEPTH = TABLE_SLOTS * TABLE_ENTRIES;
  localparam int unsigned TABLE_BITS = bits(TABLE_DEPTH);

  // Pipelines: the cycle, counted from issue, in which something is visible or done.
  localparam int unsigned OPERAND_STAGE = 4;   // GEMM and ALU operands, weight words on their way to the columns
  localparam int unsigned GEMM_READ = 7;       // accumulator read request
  localparam int unsigned GEMM_SUM = 9;        // column sums and accumulators meet
  localparam int unsigned GEMM_WRITE = 10;     // accumulator write request
  localparam int unsigned ALU_READ = 2;        // accumulator and parameter read request
  localparam int unsigned ALU_WRITE = 23;      // write requests
  localparam int unsigned ALU_VISIBLE = 25;    // every write can be read
  localparam int unsigned IN_FLIGHT = 8;       // instructions of a unit between their pop and their push

  // Channels that exist, as (producer, consumer)
  localparam logic [UNITS-1:0] FROM_LOAD = UNITS'(1) << UNIT_LOAD;
  localparam logic [UNITS-1:0] FROM_GEMM = UNITS'(1) << UNIT_GEMM;
  localparam logic [UNITS-1:0] FROM_ALU = UNITS'(1) << UNIT_ALU;
  localparam logic [UNITS-1:0] FROM_STORE = UNITS'(1) << UNIT_STORE;

  typedef logic [63:0] address_t;

  typedef struct packed {
    logic valid;
    logic [$bits(ERROR_NONE)-1:0] code;
    logic [PC_BITS-1:0] pc;
    address_t address;
  } fault_t;

  // A burst: aligned address, beats - 1, first granule in the first beat, granules, last one of its instruction.
  typedef struct packed {
    address_t address;
    logic [7:0] length;
    logic [FIRST_BITS-1:0] first;
    logic [COUNT_BITS-1:0] granules;
    logic last;
  } burst_t;

  // A token to give when the instruction's work is visible.
  typedef struct packed {
    logic [UNITS-1:0] mask;
    logic [PC_BITS-1:0] pc;
  } push_t;

  // One cycle's events of a unit for the performance counters.
  typedef struct packed {
    logic busy;
    logic starved;
    logic blocked;
  } activity_t;

  // What a unit tells the supervisor: quiet (cannot move without a token or an instruction), waiting (for a token).
  typedef struct packed {
    logic quiet;
    logic waiting;
    logic [PC_BITS-1:0] pc;
  } rest_t;

endpackage
