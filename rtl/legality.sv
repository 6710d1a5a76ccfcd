// What makes an instruction ILLEGAL, for each unit it could be for; one cycle after the instruction is shown.
module legality
  import isa_pkg::*;
  import engine_pkg::*;
  import core_pkg::*;
(
  input  logic                        clk_i,
  input  logic [INSTRUCTION_BITS-1:0] instruction_i,  // held until then
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

  localparam int unsigned CHUNK = 16;
  logic [INSTRUCTION_BITS/CHUNK-1:0] used_q;  // a bit of the chunk is set

  always_ff @(posedge clk_i) begin
    for (int unsigned n = 0; n < INSTRUCTION_BITS / CHUNK; n++) used_q[n] <= instruction_i[n*CHUNK+:CHUNK] != '0;
  end

  // True if one of the instruction's upper bits is set.
  function automatic logic upper(input int unsigned count);
    automatic logic [INSTRUCTION_BITS/CHUNK-1:0] whole = '1;
    automatic logic [CHUNK-1:0] rest = '1;
    automatic int unsigned first = INSTRUCTION_BITS - count;
    return (used_q & (whole << ((first + CHUNK - 1) / CHUNK))) != '0 ||
           (first % CHUNK != 0 && (instruction_i[first/CHUNK*CHUNK+:CHUNK] & (rest << (first % CHUNK))) != '0);
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
    load_bad = upper($bits(load.reserved)) || (load.pop & ~LOAD_POPS) != '0 || (load.push & ~LOAD_PUSHES) != '0;
    if (load.buffer == BUFFER_INPUT) begin
      if (misaligned(64'(load.offset), GRANULE_BYTES) || misaligned(64'(load.y_pitch), GRANULE_BYTES) ||
          misaligned(64'(load.z_pitch), GRANULE_BYTES)) load_bad = 1'b1;
    end else if (linear_bad || (load.buffer == BUFFER_TABLE && table_bad)) load_bad = 1'b1;

    gemm_bad = upper($bits(gemm.reserved)) || (gemm.pop & ~GEMM_POPS) != '0 || (gemm.push & ~GEMM_PUSHES) != '0;

    alu_inp = alu.src1 == SOURCE1_INP;
    alu_bad = upper($bits(alu.reserved)) || (alu.pop & ~ALU_POPS) != '0 || (alu.push & ~ALU_PUSHES) != '0 ||
              alu.op > ALU_MAC || alu.requant > REQUANT_CHANNEL || (alu.src0 == SOURCE0_INP && alu_inp) ||
              (alu.op == ALU_MOV) != (alu.src1 == SOURCE1_NONE) || (alu.op == ALU_MAC && !alu_inp) ||
              (alu.table_b != '0 && !alu_inp) || (alu.to_acc | alu.to_out | alu.to_inp) == '0 ||
              ((alu.to_out | alu.to_inp | alu.table_o) != '0 && alu.clamp == '0) ||
              (alu.clamp != '0 && alu.clamp_min > alu.clamp_max);

    store_bad = upper($bits(store.reserved)) || (store.pop & ~STORE_POPS) != '0 || (store.push & ~STORE_PUSHES) != '0 ||
                store.region == REGION_CONSTANT ||
                misaligned(64'(store.offset), GRANULE_BYTES) || misaligned(64'(store.y_pitch), GRANULE_BYTES) ||
                misaligned(64'(store.z_pitch), GRANULE_BYTES);

    finish_bad = upper($bits(finish.reserved)) || (finish.pop & ~FETCH_POPS) != '0 ||
                 (finish.push & ~FETCH_PUSHES) != '0;
  end

  assign bad_o = {finish_bad, store_bad, alu_bad, gemm_bad, load_bad};

endmodule
