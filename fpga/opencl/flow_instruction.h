/* Instructions as they lie in memory, and their fields. */
#ifndef FLOW_INSTRUCTION_H
#define FLOW_INSTRUCTION_H

#define ULONG_BITS (CHAR_BIT * sizeof(ulong))
#define FLOW_INSTRUCTION_WORDS (FLOW_INSTRUCTION_BYTES / sizeof(ulong))

typedef struct {
    ulong word[FLOW_INSTRUCTION_WORDS];
    uint pc;
} flow_instruction;

/* Bits lsb to lsb + width - 1; both are constants, so that only wires remain. */
static inline ulong flow_bits(const flow_instruction *i, uint lsb, uint width) {
    const uint word = lsb / ULONG_BITS, shift = lsb % ULONG_BITS;
    ulong value = i->word[word] >> shift;
    if (shift + width > ULONG_BITS) value |= i->word[word + 1] << (ULONG_BITS - shift);
    return width < ULONG_BITS ? value & ((1UL << width) - 1) : value;
}

static inline long flow_signed_bits(const flow_instruction *i, uint lsb, uint width) {
    return (long)(flow_bits(i, lsb, width) << (ULONG_BITS - width)) >> (ULONG_BITS - width);
}

#define FLOW_WIDE(i, kind, name) flow_bits(i, FLOW_##kind##_##name##_LSB, FLOW_##kind##_##name##_WIDTH)
#define FLOW_FIELD(i, kind, name) ((uint)FLOW_WIDE(i, kind, name))
#define FLOW_SIGNED(i, kind, name) ((int)flow_signed_bits(i, FLOW_##kind##_##name##_LSB, FLOW_##kind##_##name##_WIDTH))

/* Any of the bits above the last field set? */
static inline bool flow_reserved(const flow_instruction *i, uint bits) {
    bool any = false;
    FLOW_UNROLL
    for (uint n = 0; n < FLOW_INSTRUCTION_WORDS; ++n) {
        const uint first = FLOW_INSTRUCTION_BITS - bits, low = n * ULONG_BITS;
        if (low >= first) any |= i->word[n] != 0;
        else if (low + ULONG_BITS > first) any |= (i->word[n] >> (first - low)) != 0;
    }
    return any;
}

static inline void flow_fetch(flow_instruction *i, __global const uchar *memory, ulong address) {
    FLOW_UNROLL
    for (uint n = 0; n < FLOW_INSTRUCTION_WORDS; ++n)
        i->word[n] = *(__global const ulong *)(memory + address + n * sizeof(ulong));
}

#endif
