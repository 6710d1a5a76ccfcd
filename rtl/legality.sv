// What makes an instruction ILLEGAL, for each unit it could be for. Combinational.
module legality
  import isa_pkg::*;
  import engine_pkg::*;
  import core_pkg::*;
(
  input  logic [INSTRUCTION_BITS-1:0] instruction_i,
  output logic [UNITS:0]              bad_o  // by unit; FETCH's is FINISH
);

  load_t load;
  gemm_t gemm;
  alu_t alu;
  store_t store;
  finish_t finish;

  assign load = load_t'(instruction_i);
  assign gemm = gemm_t'(instruction_i);
  assign alu = alu_t'(instruction_i);
  assign store = store_t'(instruction_i);
  assign finish = finish_t'(instruction_i);

  localparam int unsigned WIDE_WORDS = TABLE_ENTRIES * VALUE_BYTES / AXI_BYTES;
  localparam int unsigned NARROW_WORDS = TABLE_ENTRIES / AXI_BYTES;
  localparam int unsigned TABLE_END = 32'(TABLE_O) + TABLE_SLOTS;

  // True if an address or pitch is no multiple of a power of two.
  function automatic logic misaligned(input logic [63:0] value, input int unsigned unit);
    return (value & 64'(unit - 1)) != '0;
  endfunction

  logic load_bad, gemm_bad, alu_bad, store_bad, finish_bad;
  logic linear_bad, table_bad, alu_inp;

  always_comb begin
    linear_bad = misaligned(64'(load.offset), AXI_BYTES) || 32'(load.y_size) != 1 || 32'(load.z_size) != 1 ||
                 load.pad_value != '0 || load.pad_left != '0 || load.pad_right != '0 || load.pad_top != '0 ||
                 load.pad_bottom != '0 || load.x_stride != '0 || load.y_stride != '0 || load.z_stride != '0 ||
                 load.y_pitch != '0 || load.z_pitch != '0;
    table_bad = 32'(load.base) >= TABLE_END ||
                32'(load.x_size) != ((load.base >= TABLE_O) ? NARROW_WORDS : WIDE_WORDS);
    load_bad = load.reserved != '0 || (load.pop & ~LOAD_POPS) != '0 || (load.push & ~LOAD_PUSHES) != '0;
    if (load.buffer == BUFFER_INPUT) begin
      if (misaligned(64'(load.offset), GRANULE_BYTES) || misaligned(64'(load.y_pitch), GRANULE_BYTES) ||
          misaligned(64'(load.z_pitch), GRANULE_BYTES)) load_bad = 1'b1;
    end else if (linear_bad || (load.buffer == BUFFER_TABLE && table_bad)) load_bad = 1'b1;

    gemm_bad = gemm.reserved != '0 || (gemm.pop & ~GEMM_POPS) != '0 || (gemm.push & ~GEMM_PUSHES) != '0;

    alu_inp = alu.src1 == SOURCE1_INP;
    alu_bad = alu.reserved != '0 || (alu.pop & ~ALU_POPS) != '0 || (alu.push & ~ALU_PUSHES) != '0 ||
              alu.op > ALU_MAC || alu.requant > REQUANT_CHANNEL || (alu.src0 == SOURCE0_INP && alu_inp) ||
              (alu.op == ALU_MOV) != (alu.src1 == SOURCE1_NONE) || (alu.op == ALU_MAC && !alu_inp) ||
              (alu.table_b != '0 && !alu_inp) || (alu.to_acc | alu.to_out | alu.to_inp) == '0 ||
              ((alu.to_out | alu.to_inp | alu.table_o) != '0 && alu.clamp == '0) ||
              (alu.clamp != '0 && alu.clamp_min > alu.clamp_max);

    store_bad = store.reserved != '0 || (store.pop & ~STORE_POPS) != '0 || (store.push & ~STORE_PUSHES) != '0 ||
                store.region == REGION_CONSTANT ||
                misaligned(64'(store.offset), GRANULE_BYTES) || misaligned(64'(store.y_pitch), GRANULE_BYTES) ||
                misaligned(64'(store.z_pitch), GRANULE_BYTES);

    finish_bad = finish.reserved != '0 || (finish.pop & ~FETCH_POPS) != '0 ||
                 (finish.push & ~FETCH_PUSHES) != '0;
  end

  assign bad_o = {finish_bad, store_bad, alu_bad, gemm_bad, load_bad};

endmodule
