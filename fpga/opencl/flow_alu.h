/* ALU: one vector of all lanes per step: tables, operation, requantisation, clamp, table. */
#ifndef FLOW_ALU_H
#define FLOW_ALU_H

#define TABLE_MIDDLE (FLOW_TABLE_ENTRIES / 2)
#define FRACTION_BITS FLOW_PARAMETER_MULTIPLIER_WIDTH
#define INT_BITS (CHAR_BIT * sizeof(int))

/* Address of three nested loops. */
typedef struct {
    uint at, row, plane, j, i, k;
} flow_address;

/* One channel vector's parameters. */
typedef struct {
    flow_ints bias, multiplier, left, right, weight;
} flow_parameters;

typedef struct {
    uint k, i, j, k_size, i_size, j_size;
    flow_address acc, src, out, dst;
    uint par, par_stride;
    uint op, src0, src1, requant, rounding, bank, slot_a, slot_b, slot_o;
    bool table_a, table_b, table_o, clamp, to_acc, to_out, to_inp;
    bool uses_acc, uses_input, uses_parameters, fresh;
    int zero_point, clamp_min, clamp_max, immediate;
} flow_alu;

#define ALU_ADDRESS(u, i, member, base, name)                          \
    do {                                                               \
        u->member.at = u->member.row = u->member.plane = FLOW_FIELD(i, ALU, base); \
        u->member.j = FLOW_FIELD(i, ALU, J_##name);                    \
        u->member.i = FLOW_FIELD(i, ALU, I_##name);                    \
        u->member.k = FLOW_FIELD(i, ALU, K_##name);                    \
    } while (0)

/* p receives the instruction's own requantisation; with Requant CHANNEL the steps replace it. */
static inline bool flow_alu_start(flow_alu *u, const flow_instruction *i, flow_parameters *p) {
    u->k = u->i = u->j = 0;
    u->k_size = FLOW_FIELD(i, ALU, K_SIZE);
    u->i_size = FLOW_FIELD(i, ALU, I_SIZE);
    u->j_size = FLOW_FIELD(i, ALU, J_SIZE);
    ALU_ADDRESS(u, i, acc, ACC_BASE, ACC);
    ALU_ADDRESS(u, i, src, SRC_BASE, SRC);
    ALU_ADDRESS(u, i, out, OUT_BASE, OUT);
    ALU_ADDRESS(u, i, dst, DST_BASE, DST);
    u->par = FLOW_FIELD(i, ALU, PAR_BASE);
    u->par_stride = FLOW_FIELD(i, ALU, PAR_STRIDE);
    u->op = FLOW_FIELD(i, ALU, OP);
    u->src0 = FLOW_FIELD(i, ALU, SRC0);
    u->src1 = FLOW_FIELD(i, ALU, SRC1);
    u->requant = FLOW_FIELD(i, ALU, REQUANT);
    u->rounding = FLOW_FIELD(i, ALU, ROUNDING);
    u->bank = FLOW_FIELD(i, ALU, ACC_BANK);
    u->slot_a = FLOW_FIELD(i, ALU, SLOT_A);
    u->slot_b = FLOW_FIELD(i, ALU, SLOT_B);
    u->slot_o = FLOW_FIELD(i, ALU, SLOT_O);
    u->table_a = FLOW_FIELD(i, ALU, TABLE_A);
    u->table_b = FLOW_FIELD(i, ALU, TABLE_B);
    u->table_o = FLOW_FIELD(i, ALU, TABLE_O);
    u->clamp = FLOW_FIELD(i, ALU, CLAMP);
    u->to_acc = FLOW_FIELD(i, ALU, TO_ACC);
    u->to_out = FLOW_FIELD(i, ALU, TO_OUT);
    u->to_inp = FLOW_FIELD(i, ALU, TO_INP);
    u->uses_acc = flow_alu_uses_acc(i);
    u->uses_input = flow_alu_uses_input(i);
    u->uses_parameters = flow_alu_uses_parameters(i);
    u->fresh = true;
    u->zero_point = FLOW_SIGNED(i, ALU, ZERO_POINT);
    u->clamp_min = FLOW_SIGNED(i, ALU, CLAMP_MIN);
    u->clamp_max = FLOW_SIGNED(i, ALU, CLAMP_MAX);
    u->immediate = FLOW_SIGNED(i, ALU, IMMEDIATE);
    FLOW_UNROLL
    for (uint c = 0; c < CHANNEL_VECTORS; ++c) {
        p[c].multiplier = (flow_ints)(int)FLOW_FIELD(i, ALU, MULTIPLIER);
        p[c].left = (flow_ints)(int)FLOW_FIELD(i, ALU, LEFT_SHIFT);
        p[c].right = (flow_ints)(int)FLOW_FIELD(i, ALU, RIGHT_SHIFT);
    }
    return u->k_size && u->i_size && u->j_size;
}

static inline int flow_parameter(FLOW_BUFFER const uchar *entry, uint lsb, uint width) {
    const uint word = ((FLOW_BUFFER const uint *)entry)[lsb / INT_BITS] >> lsb % INT_BITS;
    return (int)(width < INT_BITS ? word & ((1u << width) - 1) : word);
}

#define PARAMETER(entry, name) flow_parameter(entry, FLOW_PARAMETER_##name##_LSB, FLOW_PARAMETER_##name##_WIDTH)

/* Read the parameter vector of the channel block. */
static inline void flow_alu_parameters(const flow_alu *u, FLOW_BUFFER const uchar *par, flow_parameters *p) {
    FLOW_BUFFER const uchar *vector = par + (ulong)u->par * FLOW_ENGINE_COLS * FLOW_PARAMETER_BYTES;
    const bool channel = u->requant == FLOW_REQUANT_CHANNEL;
    FLOW_UNROLL_ARRAY
    for (uint c = 0; c < CHANNEL_VECTORS; ++c) {
        int bias[FLOW_CHANNELS], multiplier[FLOW_CHANNELS], left[FLOW_CHANNELS], right[FLOW_CHANNELS], weight[FLOW_CHANNELS];
        FLOW_UNROLL
        for (uint n = 0; n < FLOW_CHANNELS; ++n) {
            FLOW_BUFFER const uchar *entry = vector + (c * FLOW_CHANNELS + n) * FLOW_PARAMETER_BYTES;
            bias[n] = PARAMETER(entry, BIAS);
            multiplier[n] = PARAMETER(entry, MULTIPLIER);
            left[n] = PARAMETER(entry, LEFT_SHIFT);
            right[n] = PARAMETER(entry, RIGHT_SHIFT);
            weight[n] = (short)PARAMETER(entry, WEIGHT);
        }
        p[c].bias = flow_read(bias);
        p[c].weight = flow_read(weight);
        if (channel) {
            p[c].multiplier = flow_read(multiplier);
            p[c].left = flow_read(left);
            p[c].right = flow_read(right);
        }
    }
}

/* The low half of each value as a signed number. */
static inline flow_ints flow_low_half(flow_ints x) {
    return flow_as_ints(flow_as_uints(x) << (INT_BITS / 2)) >> (INT_BITS / 2);
}

static inline flow_ints flow_look_up(FLOW_BUFFER const int *table, flow_ints x) {
    uint index[FLOW_CHANNELS];
    int value[FLOW_CHANNELS];
    flow_write((flow_as_uints(x) + TABLE_MIDDLE) & (FLOW_TABLE_ENTRIES - 1), index);
    FLOW_UNROLL
    for (uint n = 0; n < FLOW_CHANNELS; ++n) value[n] = table[index[n]];
    return flow_read(value);
}

static inline flow_ints flow_look_up_bytes(FLOW_BUFFER const uchar *table, flow_ints x) {
    uint index[FLOW_CHANNELS];
    int value[FLOW_CHANNELS];
    flow_write((flow_as_uints(x) + TABLE_MIDDLE) & (FLOW_TABLE_ENTRIES - 1), index);
    FLOW_UNROLL
    for (uint n = 0; n < FLOW_CHANNELS; ++n) value[n] = (char)table[index[n]];
    return flow_read(value);
}

static inline flow_ints flow_operate(uint op, flow_ints a, flow_ints b, flow_ints weight) {
    switch (op) {
        case FLOW_ALU_ADD: return flow_as_ints(flow_as_uints(a) + flow_as_uints(b));
        case FLOW_ALU_MAX: return max(a, b);
        case FLOW_ALU_MIN: return min(a, b);
        case FLOW_ALU_MUL: return flow_low_half(a) * flow_low_half(b);
        case FLOW_ALU_MAC: return flow_as_ints(flow_as_uints(a) + flow_as_uints(flow_low_half(b) * weight));
        default: return a;
    }
}

/* Left shift, doubling high multiply, rounding right shift, zero point. */
static inline flow_ints flow_requantise(flow_ints x, flow_parameters p, uint rounding, int zero_point) {
    const flow_ints shifted = flow_as_ints(flow_as_uints(x) << flow_as_uints(p.left));
    const flow_ints shifts = p.right > 0;
    const int nudge = 1 << (FRACTION_BITS - 1);
    const flow_ints nudges = rounding == FLOW_ROUNDING_HALF_UP ? select((flow_ints)nudge, (flow_ints)0, shifts) : (flow_ints)nudge;
    const flow_longs product = flow_to_longs(shifted) * flow_to_longs(p.multiplier) + flow_to_longs(nudges);
    const flow_ints high = flow_to_ints(product >> FRACTION_BITS);
    const flow_ints floor = high >> p.right;
    const flow_ints rest = flow_as_ints(flow_as_uints(high) - (flow_as_uints(floor) << flow_as_uints(p.right)));
    const flow_ints half_ = flow_as_ints(((flow_uints)1 << flow_as_uints(p.right)) >> 1);
    flow_ints tie;
    switch (rounding) {
        case FLOW_ROUNDING_HALF_AWAY: tie = high >= 0; break;
        case FLOW_ROUNDING_HALF_EVEN: tie = (floor & 1) != 0; break;
        case FLOW_ROUNDING_HALF_UP: tie = ~(flow_ints)0; break;
        default: tie = 0; break;
    }
    const flow_ints above = rounding == FLOW_ROUNDING_FLOOR ? (flow_ints)0 : (flow_ints)(rest > half_);
    const flow_ints up = shifts & (above | ((rest == half_) & tie));
    const flow_ints rounded = floor + select((flow_ints)0, (flow_ints)1, up);
    return flow_as_ints(flow_as_uints(rounded) + (uint)zero_point);
}

/* Next address of the loops: row tells that a row ended, plane that a plane ended. */
static inline void flow_next(flow_address *a, bool row, bool plane) {
    if (plane) a->at = a->row = a->plane += a->k;
    else if (row) a->at = a->row += a->i;
    else a->at += a->j;
}

/* One step, unless it would read what is still to be written; issued tells. Returns whether it was the last. */
static inline bool flow_alu_step(flow_alu *u, flow_parameters *p, const flow_buffers *b, flow_history *accumulated,
                                 flow_history *entered, bool *issued) {
    const uint vector = u->bank * FLOW_ENGINE_ACC_DEPTH + (u->uses_acc ? u->acc.at : 0);
    *issued = !(u->src0 == FLOW_SOURCE0_ACC && flow_pending(accumulated, vector)) &&
              !(u->uses_input && flow_pending(entered, u->src.at));
    flow_remember(accumulated, *issued && u->to_acc, vector);
    flow_remember(entered, *issued && u->to_inp, u->dst.at);
    if (!*issued) return false;
    if (u->fresh && u->uses_parameters) flow_alu_parameters(u, b->par, p);
    u->fresh = false;
    FLOW_BUFFER int *acc = b->acc + (ulong)vector * VECTOR_LANES;
    FLOW_BUFFER const char *src = (FLOW_BUFFER const char *)b->inp + (ulong)(u->uses_input ? u->src.at : 0) * FLOW_ENGINE_GROUP_BYTES;
    FLOW_BUFFER char *out = (FLOW_BUFFER char *)b->out + (ulong)u->out.at * FLOW_ENGINE_GROUP_BYTES;
    FLOW_BUFFER char *dst = (FLOW_BUFFER char *)b->inp + (ulong)u->dst.at * FLOW_ENGINE_GROUP_BYTES;
    FLOW_UNROLL_ARRAY
    for (uint lane = 0; lane < FLOW_ENGINE_PIX; ++lane) {
        FLOW_UNROLL_ARRAY
        for (uint c = 0; c < CHANNEL_VECTORS; ++c) {
            const uint at = lane * FLOW_ENGINE_COLS + c * FLOW_CHANNELS;
            const flow_ints inp = u->uses_input ? flow_to_ints(flow_read(src + at)) : (flow_ints)0;
            flow_ints x = u->src0 == FLOW_SOURCE0_ACC ? flow_read(acc + at) : inp, y = 0;
            switch (u->src1) {
                case FLOW_SOURCE1_INP: y = inp; break;
                case FLOW_SOURCE1_BIAS: y = p[c].bias; break;
                case FLOW_SOURCE1_IMM: y = (flow_ints)u->immediate; break;
                default: break;
            }
            if (u->table_a) x = flow_look_up(b->table + (FLOW_TABLE_A + u->slot_a) * FLOW_TABLE_ENTRIES, x);
            if (u->table_b) y = flow_look_up(b->table + (FLOW_TABLE_B + u->slot_b) * FLOW_TABLE_ENTRIES, y);
            x = flow_operate(u->op, x, y, p[c].weight);
            if (u->requant != FLOW_REQUANT_NONE) x = flow_requantise(x, p[c], u->rounding, u->zero_point);
            if (u->clamp) x = min(max(x, (flow_ints)u->clamp_min), (flow_ints)u->clamp_max);
            if (u->table_o) x = flow_look_up_bytes(b->table_o + u->slot_o * FLOW_TABLE_ENTRIES, x);
            if (u->to_acc) flow_write(x, acc + at);
            if (u->to_out) flow_write(flow_to_bytes(x), out + at);
            if (u->to_inp) flow_write(flow_to_bytes(x), dst + at);
        }
    }
    const bool row = ++u->j == u->j_size;
    if (row) u->j = 0, ++u->i;
    const bool plane = u->i == u->i_size;
    if (plane) u->i = 0, ++u->k, u->par += u->par_stride, u->fresh = true;
    flow_next(&u->acc, row, plane);
    flow_next(&u->src, row, plane);
    flow_next(&u->out, row, plane);
    flow_next(&u->dst, row, plane);
    return u->k == u->k_size;
}

#endif
