/* GEMM: one input vector past the held weight tile per step, while the next tile is read behind it. */
#ifndef FLOW_GEMM_H
#define FLOW_GEMM_H

#define CODES_PER_BYTE (CHAR_BIT / FLOW_ENGINE_WEIGHT_BITS)
#define CODES_PER_WORD (FLOW_ENGINE_AXI_BYTES * CODES_PER_BYTE)
#define CODE_SHIFT (CHAR_BIT - FLOW_ENGINE_WEIGHT_BITS)
#define CHANNEL_VECTORS (FLOW_ENGINE_COLS / FLOW_CHANNELS)

typedef struct {
    uint v, h, w, i, j, v_size, h_size, w_size, i_size, j_size;
    uint tap, tap_row, tap_plane, v_stride, h_stride, w_stride;  /* input addresses of the held tile */
    uint pixel, pixel_row, i_stride, j_stride;                   /* input address relative to it */
    uint acc, acc_row, acc_base, i_acc, j_acc;
    uint wgt, words;          /* next weight word to read, words in the shadow tile */
    ulong tiles;              /* tiles that are not in the shadow yet */
    uint bank, held;          /* which of the two tiles is held */
    bool first, holding;      /* the held tile overwrites; there is a held tile */
} flow_gemm;

static inline bool flow_gemm_start(flow_gemm *u, const flow_instruction *i) {
    u->v = u->h = u->w = u->i = u->j = 0;
    u->v_size = FLOW_FIELD(i, GEMM, V_SIZE);
    u->h_size = FLOW_FIELD(i, GEMM, H_SIZE);
    u->w_size = FLOW_FIELD(i, GEMM, W_SIZE);
    u->i_size = FLOW_FIELD(i, GEMM, I_SIZE);
    u->j_size = FLOW_FIELD(i, GEMM, J_SIZE);
    u->tap = u->tap_row = u->tap_plane = FLOW_FIELD(i, GEMM, INP_BASE);
    u->v_stride = FLOW_FIELD(i, GEMM, V_STRIDE);
    u->h_stride = FLOW_FIELD(i, GEMM, H_STRIDE);
    u->w_stride = FLOW_FIELD(i, GEMM, W_STRIDE);
    u->pixel = u->pixel_row = 0;
    u->i_stride = FLOW_FIELD(i, GEMM, I_STRIDE);
    u->j_stride = FLOW_FIELD(i, GEMM, J_STRIDE);
    u->acc = u->acc_row = u->acc_base = FLOW_FIELD(i, GEMM, ACC_BASE);
    u->i_acc = FLOW_FIELD(i, GEMM, I_ACC);
    u->j_acc = FLOW_FIELD(i, GEMM, J_ACC);
    u->wgt = FLOW_FIELD(i, GEMM, WGT_BASE);
    u->words = 0;
    u->tiles = (ulong)u->v_size * u->h_size * u->w_size;
    u->bank = FLOW_FIELD(i, GEMM, ACC_BANK);
    u->first = FLOW_FIELD(i, GEMM, INIT);
    u->holding = false;
    return u->tiles && u->i_size && u->j_size;
}

/* Unpack one word of the weight buffer into a tile, which lies [input][output]. */
static inline void flow_unpack(FLOW_WEIGHT *tile, FLOW_BUFFER const uchar *word, uint index) {
    FLOW_UNROLL_ARRAY
    for (uint n = 0; n < CODES_PER_WORD; ++n) {
        const uint at = index * CODES_PER_WORD + n, output = at / FLOW_ENGINE_ROWS, input = at % FLOW_ENGINE_ROWS;
        const uchar code = word[n / CODES_PER_BYTE] >> (n % CODES_PER_BYTE * FLOW_ENGINE_WEIGHT_BITS);
        const char weight = (char)(code << CODE_SHIFT) >> CODE_SHIFT;
        if (at < TILE) tile[input * FLOW_ENGINE_COLS + output] = weight;
    }
}

/* One input vector of all lanes times the tile, added to (or overwriting) an accumulator vector. */
static inline void flow_multiply(FLOW_BUFFER int *acc, FLOW_BUFFER const uchar *inp, const FLOW_WEIGHT *tile, bool overwrite) {
    flow_uints sum[FLOW_ENGINE_PIX][CHANNEL_VECTORS] FLOW_REGISTERS;
    FLOW_UNROLL
    for (uint lane = 0; lane < FLOW_ENGINE_PIX; ++lane) {
        FLOW_UNROLL
        for (uint c = 0; c < CHANNEL_VECTORS; ++c) sum[lane][c] = 0;
    }
    FLOW_UNROLL
    for (uint block = 0; block < FLOW_ENGINE_BLOCKS; ++block) {
        FLOW_UNROLL_ARRAY
        for (uint r = 0; r < FLOW_ENGINE_COLS; ++r) {
            const FLOW_WEIGHT *row = tile + (block * FLOW_ENGINE_COLS + r) * FLOW_ENGINE_COLS;
            FLOW_UNROLL
            for (uint lane = 0; lane < FLOW_ENGINE_PIX; ++lane) {
                const int x = (char)inp[block * FLOW_ENGINE_GROUP_BYTES + lane * FLOW_ENGINE_COLS + r];
                FLOW_UNROLL
                for (uint c = 0; c < CHANNEL_VECTORS; ++c)
                    sum[lane][c] += flow_as_uints(flow_to_ints(flow_read(row + c * FLOW_CHANNELS)) * x);
            }
        }
    }
    FLOW_UNROLL
    for (uint lane = 0; lane < FLOW_ENGINE_PIX; ++lane) {
        FLOW_UNROLL
        for (uint c = 0; c < CHANNEL_VECTORS; ++c) {
            FLOW_BUFFER int *at = acc + lane * FLOW_ENGINE_COLS + c * FLOW_CHANNELS;
            const flow_uints old = overwrite ? (flow_uints)0 : flow_as_uints(flow_read(at));
            flow_write(flow_as_ints(old + sum[lane][c]), at);
        }
    }
}

/* Go to the next pixel or tile; returns whether there is none. */
static inline bool flow_gemm_advance(flow_gemm *u) {
    u->pixel += u->j_stride;
    u->acc += u->j_acc;
    if (++u->j < u->j_size) return false;
    u->j = 0;
    u->pixel = u->pixel_row += u->i_stride;
    u->acc = u->acc_row += u->i_acc;
    if (++u->i < u->i_size) return false;
    u->i = 0;
    u->pixel = u->pixel_row = 0;
    u->acc = u->acc_row = u->acc_base;
    u->first = u->holding = false;
    u->tap += u->w_stride;
    if (++u->w < u->w_size) return false;
    u->w = 0;
    u->tap = u->tap_row += u->h_stride;
    if (++u->h < u->h_size) return false;
    u->h = 0;
    u->tap = u->tap_row = u->tap_plane += u->v_stride;
    return ++u->v == u->v_size;
}

/* One step; issued tells whether a vector was multiplied. Returns whether it was the last one. */
static inline bool flow_gemm_step(flow_gemm *u, FLOW_WEIGHT (*tiles)[TILE], const flow_buffers *b, flow_history *h,
                                  bool *issued) {
    if (!u->holding && u->words == FLOW_ENGINE_TILE_WORDS) {
        u->held ^= 1;
        u->words = 0;
        u->holding = true;
    }
    if (u->tiles && u->words < FLOW_ENGINE_TILE_WORDS) {
        flow_unpack(tiles[u->held ^ 1], b->wgt + (ulong)u->wgt * FLOW_ENGINE_AXI_BYTES, u->words);
        ++u->wgt;
        if (++u->words == FLOW_ENGINE_TILE_WORDS) --u->tiles;
    }
    const uint acc = u->bank * FLOW_ENGINE_ACC_DEPTH + u->acc;
    *issued = u->holding && !flow_pending(h, acc);
    flow_remember(h, *issued, acc);
    if (!*issued) return false;
    flow_multiply(b->acc + (ulong)acc * VECTOR_LANES,
                  b->inp + (ulong)(u->tap + u->pixel) * FLOW_ENGINE_BLOCKS * FLOW_ENGINE_GROUP_BYTES, tiles[u->held],
                  u->first);
    return flow_gemm_advance(u);
}

#endif
