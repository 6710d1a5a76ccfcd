"""The manual's prose: one summary, pseudo-code and list of edge cases per instruction."""

from __future__ import annotations

from flow.isa.description import Opcode

SUMMARY: dict[Opcode, str] = {
    Opcode.LOAD: "Moves device memory into a buffer on the chip; for the input buffer a strided block of up to three "
                 "dimensions, surrounded by padding.",
    Opcode.GEMM: "Streams pixels of the input buffer past weight tiles and accumulates. The outer loops make the "
                 "micro-ops (one held weight tile each), the inner ones stream the pixels.",
    Opcode.ALU: "One pass over vectors: table, operation, requantisation, clamp, table.",
    Opcode.STORE: "Moves groups of the output buffer into device memory.",
    Opcode.FINISH: "Ends the launch.",
}

PSEUDO_CODE: dict[Opcode, str] = {
    Opcode.LOAD: """\
INPUT:
  for z < z_size, y < pad_top + y_size + pad_bottom, x < pad_left + x_size + pad_right:
    block = base + z*z_stride + y*y_stride + x*x_stride
    if pad_top <= y < pad_top + y_size and pad_left <= x < pad_left + x_size:
      at = offset + z*z_pitch + (y - pad_top)*y_pitch + (x - pad_left)*GROUP_BYTES
      INPUT[block] = memory[region][at : GROUP_BYTES]
    else:
      INPUT[block] = pad_value in every byte
WEIGHT, PARAMETER:
  for x < x_size:  BUFFER[base + x] = memory[region][offset + x*AXI_BYTES : AXI_BYTES]
TABLE:
  table[base] = memory[region][offset : x_size*AXI_BYTES]      entry i belongs to the int8 value i - 128""",
    Opcode.GEMM: """\
t = 0
for v < v_size, h < h_size, w < w_size:
  tile = WEIGHT[wgt_base + t*TILE_WORDS : TILE_WORDS]; t += 1
  for i < i_size, j < j_size:
    n = inp_base + v*v_stride + h*h_stride + w*w_stride + i*i_stride + j*j_stride
    a = acc_base + i*i_acc + j*j_acc
    for lane < PIX, c < COLS:
      old = 0 if init and v == h == w == 0 else ACC[acc_bank][a][lane][c]
      ACC[acc_bank][a][lane][c] = old + sum over r < ROWS of INPUT_VECTOR[n][lane][r] * tile[c*ROWS + r]""",
    Opcode.ALU: """\
for k < k_size, i < i_size, j < j_size, every lane and column:
  acc = acc_base + k*k_acc + i*i_acc + j*j_acc;  src likewise, dst likewise, out likewise
  p = parameter vector par_base + k*par_stride, entry of the column
  a = ACC[acc_bank][acc] if src0 == ACC else sign_extend(INPUT[src])
  b = 0, sign_extend(INPUT[src]), p.bias or immediate, by src1
  a = A[slot_a][a & 255 as int8 + 128] if table_a;  b = B[slot_b][...] if table_b
  r = MOV: a  ADD: a + b  MAX: max(a, b)  MIN: min(a, b)  MUL: int16(a) * int16(b)  MAC: a + int16(b) * p.weight
  if requant:
    m, l, s = multiplier, left_shift, right_shift or p's
    r = r << l                                           modulo 2**32
    r = (r*m + n) >> 31                                  64-bit product, arithmetic shift; n = 2**30, but 0 if
                                                         rounding == HALF_UP and s > 0: HALF_UP rounds only once
    r = rounding shift of r right by s
    r = r + zero_point
  if clamp: r = min(max(r, clamp_min), clamp_max)
  if table_o: r = O[slot_o][r + 128]
  if to_acc: ACC[acc_bank][acc] = r
  if to_out: OUT[out] = int8(r)
  if to_inp: INPUT[dst] = int8(r)""",
    Opcode.STORE: """\
for z < z_size, y < y_size, x < x_size:
  at = offset + z*z_pitch + y*y_pitch + x*GROUP_BYTES
  memory[region][at : GROUP_BYTES] = OUT[base + z*z_stride + y*y_stride + x]""",
    Opcode.FINISH: "wait until all units are idle; all channels must be empty; done",
}

EDGE_CASES: dict[Opcode, tuple[str, ...]] = {
    Opcode.LOAD: (
        "INPUT: offset, y_pitch and z_pitch are multiples of GRANULE_BYTES, else ILLEGAL.",
        "INPUT: with x_size or y_size 0 all positions are padded and memory is not touched.",
        "INPUT: each row of x_size groups must lie inside the region, else WINDOW.",
        "WEIGHT, PARAMETER, TABLE: offset is a multiple of AXI_BYTES; y_size and z_size are 1; pads, pad_value, "
        "strides and pitches are 0, else ILLEGAL. The x_size words must lie inside the region, else WINDOW.",
        "TABLE: base is 0 to 5; x_size is the table's bytes (A, B: 1024, O: 256) over AXI_BYTES, else ILLEGAL.",
        "Input block b is part b mod BLOCKS of input vector b / BLOCKS.",
    ),
    Opcode.GEMM: (
        "Sums are modulo 2**32.",
        "WEIGHT_BITS is 2, 4 or 8; below 8 a tile is packed, lowest bits first. Weights are two's complement.",
        "A vector that reads an accumulator still being written waits; additions happen in the order of the loops.",
        "If any loop size is 0 nothing is read or written.",
    ),
    Opcode.ALU: (
        "ILLEGAL: src0 INP with src1 INP; op above MAC; MOV with src1 other than NONE; another op with src1 NONE; "
        "table_b without src1 INP; MAC without src1 INP; to_out or to_inp or table_o without clamp; no destination; "
        "clamp_min above clamp_max; requant 3.",
        "Fields without effect (a multiplier without TENSOR, a slot without its table, ...) are ignored.",
        "A read sees every earlier write of the ALU, also within one instruction.",
        "rounding HALF_AWAY: halves away from zero (of the shifted value); HALF_EVEN: to the even result; HALF_UP: "
        "towards plus infinity; FLOOR: towards minus infinity. With shift 0 all are the same.",
    ),
    Opcode.STORE: (
        "offset, y_pitch and z_pitch are multiples of GRANULE_BYTES; region is not CONSTANT, else ILLEGAL.",
        "Each row of x_size groups must lie inside the region, else WINDOW.",
        "The token to LOAD is given after the last write response.",
    ),
    Opcode.FINISH: ("pop and push are 0, else ILLEGAL.",
                    "Missing at the end of the stream, or not at its end, or an empty stream: ILLEGAL."),
}
