/* Verdicts on an instruction before it runs: ILLEGAL, RANGE, WINDOW. */
#ifndef FLOW_LEGALITY_H
#define FLOW_LEGALITY_H

#define INPUT_VECTORS (FLOW_ENGINE_INP_BANKS * FLOW_ENGINE_INP_DEPTH)
#define INPUT_BLOCKS (INPUT_VECTORS * FLOW_ENGINE_BLOCKS)
#define PARAMETER_WORDS (FLOW_ENGINE_PAR_DEPTH * FLOW_ENGINE_PAR_WORDS)
#define TABLES (FLOW_TABLE_O + FLOW_TABLE_SLOTS)
#define TABLE_BYTES(base) (FLOW_TABLE_ENTRIES * ((base) >= FLOW_TABLE_O ? sizeof(char) : sizeof(int)))
#define OFF_GRANULE(bytes) ((bytes) % FLOW_ENGINE_GRANULE_BYTES != 0)

static inline bool flow_illegal_tokens(uint pop, uint push, uint opcode) {
    switch (opcode) {
        case FLOW_OP_LOAD: return (pop & ~FLOW_UNIT_LOAD_POPS) != 0 || (push & ~FLOW_UNIT_LOAD_PUSHES) != 0;
        case FLOW_OP_GEMM: return (pop & ~FLOW_UNIT_GEMM_POPS) != 0 || (push & ~FLOW_UNIT_GEMM_PUSHES) != 0;
        case FLOW_OP_ALU: return (pop & ~FLOW_UNIT_ALU_POPS) != 0 || (push & ~FLOW_UNIT_ALU_PUSHES) != 0;
        case FLOW_OP_STORE: return (pop & ~FLOW_UNIT_STORE_POPS) != 0 || (push & ~FLOW_UNIT_STORE_PUSHES) != 0;
        case FLOW_OP_FINISH: return (pop & ~FLOW_UNIT_FETCH_POPS) != 0 || (push & ~FLOW_UNIT_FETCH_PUSHES) != 0;
        default: return true;
    }
}

static inline bool flow_illegal_load(const flow_instruction *i) {
    const uint buffer = FLOW_FIELD(i, LOAD, BUFFER), base = FLOW_FIELD(i, LOAD, BASE);
    const ulong offset = FLOW_WIDE(i, LOAD, OFFSET);
    const uint y_pitch = FLOW_FIELD(i, LOAD, Y_PITCH), z_pitch = FLOW_FIELD(i, LOAD, Z_PITCH);
    if (flow_reserved(i, FLOW_LOAD_RESERVED_BITS)) return true;
    if (buffer == FLOW_BUFFER_INPUT) return OFF_GRANULE(offset) || OFF_GRANULE(y_pitch) || OFF_GRANULE(z_pitch);
    if (offset % FLOW_ENGINE_AXI_BYTES != 0 || FLOW_FIELD(i, LOAD, Y_SIZE) != 1 || FLOW_FIELD(i, LOAD, Z_SIZE) != 1) return true;
    if ((FLOW_FIELD(i, LOAD, PAD_VALUE) | FLOW_FIELD(i, LOAD, PAD_LEFT) | FLOW_FIELD(i, LOAD, PAD_RIGHT) |
         FLOW_FIELD(i, LOAD, PAD_TOP) | FLOW_FIELD(i, LOAD, PAD_BOTTOM) | FLOW_FIELD(i, LOAD, X_STRIDE) |
         FLOW_FIELD(i, LOAD, Y_STRIDE) | FLOW_FIELD(i, LOAD, Z_STRIDE) | y_pitch | z_pitch) != 0)
        return true;
    if (buffer != FLOW_BUFFER_TABLE) return false;
    return base >= TABLES || FLOW_FIELD(i, LOAD, X_SIZE) != TABLE_BYTES(base) / FLOW_ENGINE_AXI_BYTES;
}

static inline bool flow_illegal_alu(const flow_instruction *i) {
    const uint op = FLOW_FIELD(i, ALU, OP), src0 = FLOW_FIELD(i, ALU, SRC0), src1 = FLOW_FIELD(i, ALU, SRC1);
    const bool clamp = FLOW_FIELD(i, ALU, CLAMP), to_acc = FLOW_FIELD(i, ALU, TO_ACC);
    const bool to_out = FLOW_FIELD(i, ALU, TO_OUT), to_inp = FLOW_FIELD(i, ALU, TO_INP);
    if (flow_reserved(i, FLOW_ALU_RESERVED_BITS)) return true;
    if (op > FLOW_ALU_MAC || FLOW_FIELD(i, ALU, REQUANT) > FLOW_REQUANT_CHANNEL) return true;
    if (src0 == FLOW_SOURCE0_INP && src1 == FLOW_SOURCE1_INP) return true;
    if ((op == FLOW_ALU_MOV) != (src1 == FLOW_SOURCE1_NONE)) return true;
    if ((op == FLOW_ALU_MAC || FLOW_FIELD(i, ALU, TABLE_B)) && src1 != FLOW_SOURCE1_INP) return true;
    if (!to_acc && !to_out && !to_inp) return true;
    if ((to_out || to_inp || FLOW_FIELD(i, ALU, TABLE_O)) && !clamp) return true;
    return clamp && FLOW_SIGNED(i, ALU, CLAMP_MIN) > FLOW_SIGNED(i, ALU, CLAMP_MAX);
}

static inline bool flow_illegal_store(const flow_instruction *i) {
    return flow_reserved(i, FLOW_STORE_RESERVED_BITS) || FLOW_FIELD(i, STORE, REGION) == FLOW_REGION_CONSTANT ||
           OFF_GRANULE(FLOW_WIDE(i, STORE, OFFSET)) || OFF_GRANULE(FLOW_FIELD(i, STORE, Y_PITCH)) ||
           OFF_GRANULE(FLOW_FIELD(i, STORE, Z_PITCH));
}

static inline bool flow_illegal(const flow_instruction *i, bool last) {
    const uint opcode = FLOW_FIELD(i, HEADER, OPCODE);
    if (flow_illegal_tokens(FLOW_FIELD(i, HEADER, POP), FLOW_FIELD(i, HEADER, PUSH), opcode)) return true;
    if ((opcode == FLOW_OP_FINISH) != last) return true;
    switch (opcode) {
        case FLOW_OP_LOAD: return flow_illegal_load(i);
        case FLOW_OP_GEMM: return flow_reserved(i, FLOW_GEMM_RESERVED_BITS);
        case FLOW_OP_ALU: return flow_illegal_alu(i);
        case FLOW_OP_STORE: return flow_illegal_store(i);
        default: return flow_reserved(i, FLOW_FINISH_RESERVED_BITS);
    }
}

/* Way from the first to the last address of a loop of size > 0. */
static inline ulong flow_reach(uint size, uint stride) { return (ulong)(size - 1) * stride; }

static inline bool flow_load_out_of_range(const flow_instruction *i) {
    const uint buffer = FLOW_FIELD(i, LOAD, BUFFER), base = FLOW_FIELD(i, LOAD, BASE), size = FLOW_FIELD(i, LOAD, X_SIZE);
    if (buffer == FLOW_BUFFER_INPUT) {
        const uint xs = FLOW_FIELD(i, LOAD, PAD_LEFT) + size + FLOW_FIELD(i, LOAD, PAD_RIGHT);
        const uint ys = FLOW_FIELD(i, LOAD, PAD_TOP) + FLOW_FIELD(i, LOAD, Y_SIZE) + FLOW_FIELD(i, LOAD, PAD_BOTTOM);
        const uint zs = FLOW_FIELD(i, LOAD, Z_SIZE);
        return xs && ys && zs &&
               base + flow_reach(xs, FLOW_FIELD(i, LOAD, X_STRIDE)) + flow_reach(ys, FLOW_FIELD(i, LOAD, Y_STRIDE)) +
                       flow_reach(zs, FLOW_FIELD(i, LOAD, Z_STRIDE)) >= INPUT_BLOCKS;
    }
    if (buffer == FLOW_BUFFER_TABLE || !size) return false;
    return base + size > (buffer == FLOW_BUFFER_WEIGHT ? FLOW_ENGINE_WGT_DEPTH : PARAMETER_WORDS);
}

static inline bool flow_gemm_out_of_range(const flow_instruction *i) {
    const uint v = FLOW_FIELD(i, GEMM, V_SIZE), h = FLOW_FIELD(i, GEMM, H_SIZE), w = FLOW_FIELD(i, GEMM, W_SIZE);
    const uint rows = FLOW_FIELD(i, GEMM, I_SIZE), columns = FLOW_FIELD(i, GEMM, J_SIZE);
    if (!v || !h || !w || !rows || !columns) return false;
    const ulong inp = FLOW_FIELD(i, GEMM, INP_BASE) + flow_reach(v, FLOW_FIELD(i, GEMM, V_STRIDE)) +
                      flow_reach(h, FLOW_FIELD(i, GEMM, H_STRIDE)) + flow_reach(w, FLOW_FIELD(i, GEMM, W_STRIDE)) +
                      flow_reach(rows, FLOW_FIELD(i, GEMM, I_STRIDE)) + flow_reach(columns, FLOW_FIELD(i, GEMM, J_STRIDE));
    const ulong wgt = FLOW_FIELD(i, GEMM, WGT_BASE) + (ulong)v * h * w * FLOW_ENGINE_TILE_WORDS;
    const ulong acc = FLOW_FIELD(i, GEMM, ACC_BASE) + flow_reach(rows, FLOW_FIELD(i, GEMM, I_ACC)) +
                      flow_reach(columns, FLOW_FIELD(i, GEMM, J_ACC));
    return inp >= INPUT_VECTORS || wgt > FLOW_ENGINE_WGT_DEPTH || acc >= FLOW_ENGINE_ACC_DEPTH;
}

static inline bool flow_alu_uses_acc(const flow_instruction *i) {
    return FLOW_FIELD(i, ALU, SRC0) == FLOW_SOURCE0_ACC || FLOW_FIELD(i, ALU, TO_ACC);
}

static inline bool flow_alu_uses_input(const flow_instruction *i) {
    return FLOW_FIELD(i, ALU, SRC0) == FLOW_SOURCE0_INP || FLOW_FIELD(i, ALU, SRC1) == FLOW_SOURCE1_INP;
}

static inline bool flow_alu_uses_parameters(const flow_instruction *i) {
    return FLOW_FIELD(i, ALU, SRC1) == FLOW_SOURCE1_BIAS || FLOW_FIELD(i, ALU, REQUANT) == FLOW_REQUANT_CHANNEL ||
           FLOW_FIELD(i, ALU, OP) == FLOW_ALU_MAC;
}

#define ALU_LAST(i, base, name)                                                                                \
    (FLOW_FIELD(i, ALU, base) + flow_reach(FLOW_FIELD(i, ALU, K_SIZE), FLOW_FIELD(i, ALU, K_##name)) +         \
     flow_reach(FLOW_FIELD(i, ALU, I_SIZE), FLOW_FIELD(i, ALU, I_##name)) +                                    \
     flow_reach(FLOW_FIELD(i, ALU, J_SIZE), FLOW_FIELD(i, ALU, J_##name)))

static inline bool flow_alu_out_of_range(const flow_instruction *i) {
    if (!FLOW_FIELD(i, ALU, K_SIZE) || !FLOW_FIELD(i, ALU, I_SIZE) || !FLOW_FIELD(i, ALU, J_SIZE)) return false;
    if (flow_alu_uses_acc(i) && ALU_LAST(i, ACC_BASE, ACC) >= FLOW_ENGINE_ACC_DEPTH) return true;
    if (flow_alu_uses_input(i) && ALU_LAST(i, SRC_BASE, SRC) >= INPUT_BLOCKS) return true;
    if (FLOW_FIELD(i, ALU, TO_OUT) && ALU_LAST(i, OUT_BASE, OUT) >= FLOW_ENGINE_OUT_DEPTH) return true;
    if (FLOW_FIELD(i, ALU, TO_INP) && ALU_LAST(i, DST_BASE, DST) >= INPUT_BLOCKS) return true;
    return flow_alu_uses_parameters(i) &&
           FLOW_FIELD(i, ALU, PAR_BASE) + flow_reach(FLOW_FIELD(i, ALU, K_SIZE), FLOW_FIELD(i, ALU, PAR_STRIDE)) >=
               FLOW_ENGINE_PAR_DEPTH;
}

static inline bool flow_store_out_of_range(const flow_instruction *i) {
    const uint x = FLOW_FIELD(i, STORE, X_SIZE), y = FLOW_FIELD(i, STORE, Y_SIZE), z = FLOW_FIELD(i, STORE, Z_SIZE);
    return x && y && z &&
           FLOW_FIELD(i, STORE, BASE) + flow_reach(x, 1) + flow_reach(y, FLOW_FIELD(i, STORE, Y_STRIDE)) +
                   flow_reach(z, FLOW_FIELD(i, STORE, Z_STRIDE)) >= FLOW_ENGINE_OUT_DEPTH;
}

static inline bool flow_out_of_range(const flow_instruction *i) {
    switch (FLOW_FIELD(i, HEADER, OPCODE)) {
        case FLOW_OP_LOAD: return flow_load_out_of_range(i);
        case FLOW_OP_GEMM: return flow_gemm_out_of_range(i);
        case FLOW_OP_ALU: return flow_alu_out_of_range(i);
        case FLOW_OP_STORE: return flow_store_out_of_range(i);
        default: return false;
    }
}

/* Does the instruction leave its region? If so, address is the region's end. */
static inline bool flow_outside_window(const flow_instruction *i, const ulong *base, const ulong *size, ulong *address) {
    const uint opcode = FLOW_FIELD(i, HEADER, OPCODE);
    uint region, x, y, z;
    ulong end;
    if (opcode == FLOW_OP_LOAD) {
        const bool input = FLOW_FIELD(i, LOAD, BUFFER) == FLOW_BUFFER_INPUT;
        region = FLOW_FIELD(i, LOAD, REGION);
        x = FLOW_FIELD(i, LOAD, X_SIZE), y = FLOW_FIELD(i, LOAD, Y_SIZE), z = FLOW_FIELD(i, LOAD, Z_SIZE);
        end = FLOW_WIDE(i, LOAD, OFFSET) + (ulong)x * (input ? FLOW_ENGINE_GROUP_BYTES : FLOW_ENGINE_AXI_BYTES) +
              flow_reach(y, FLOW_FIELD(i, LOAD, Y_PITCH)) + flow_reach(z, FLOW_FIELD(i, LOAD, Z_PITCH));
    } else if (opcode == FLOW_OP_STORE) {
        region = FLOW_FIELD(i, STORE, REGION);
        x = FLOW_FIELD(i, STORE, X_SIZE), y = FLOW_FIELD(i, STORE, Y_SIZE), z = FLOW_FIELD(i, STORE, Z_SIZE);
        end = FLOW_WIDE(i, STORE, OFFSET) + (ulong)x * FLOW_ENGINE_GROUP_BYTES +
              flow_reach(y, FLOW_FIELD(i, STORE, Y_PITCH)) + flow_reach(z, FLOW_FIELD(i, STORE, Z_PITCH));
    } else {
        return false;
    }
    *address = base[region] + size[region];
    return x && y && z && end > size[region];
}

#endif
