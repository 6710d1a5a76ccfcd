/* LOAD: one group or word from memory into a buffer per step. */
#ifndef FLOW_LOAD_H
#define FLOW_LOAD_H

typedef struct {
    uint buffer, base;
    uint x, y, z, x_size, y_size, z_size;         /* position and extents, padding included */
    uint left, top, columns, rows;                /* the unpadded part */
    uint at, row, plane;                          /* buffer addresses */
    uint x_stride, y_stride, z_stride;
    ulong source, source_row, source_plane, y_pitch, z_pitch;
    uchar pad;
} flow_load;

/* Returns whether there is anything to move. */
static inline bool flow_load_start(flow_load *u, const flow_instruction *i, const ulong *base) {
    const bool input = FLOW_FIELD(i, LOAD, BUFFER) == FLOW_BUFFER_INPUT;
    u->buffer = FLOW_FIELD(i, LOAD, BUFFER);
    u->base = FLOW_FIELD(i, LOAD, BASE);
    u->columns = FLOW_FIELD(i, LOAD, X_SIZE);
    u->rows = u->columns ? FLOW_FIELD(i, LOAD, Y_SIZE) : 0;
    u->left = FLOW_FIELD(i, LOAD, PAD_LEFT);
    u->top = FLOW_FIELD(i, LOAD, PAD_TOP);
    u->x_size = u->left + u->columns + FLOW_FIELD(i, LOAD, PAD_RIGHT);
    u->y_size = u->top + FLOW_FIELD(i, LOAD, Y_SIZE) + FLOW_FIELD(i, LOAD, PAD_BOTTOM);
    u->z_size = FLOW_FIELD(i, LOAD, Z_SIZE);
    u->x = u->y = u->z = 0;
    u->at = u->row = u->plane = u->base;
    u->x_stride = input ? FLOW_FIELD(i, LOAD, X_STRIDE) : 1;
    u->y_stride = FLOW_FIELD(i, LOAD, Y_STRIDE);
    u->z_stride = FLOW_FIELD(i, LOAD, Z_STRIDE);
    u->source = u->source_row = u->source_plane = base[FLOW_FIELD(i, LOAD, REGION)] + FLOW_WIDE(i, LOAD, OFFSET);
    u->y_pitch = FLOW_FIELD(i, LOAD, Y_PITCH);
    u->z_pitch = FLOW_FIELD(i, LOAD, Z_PITCH);
    u->pad = (uchar)FLOW_FIELD(i, LOAD, PAD_VALUE);
    return u->x_size && u->y_size && u->z_size;
}

static inline void flow_load_table(const flow_load *u, __global const uchar *source, const flow_buffers *b) {
    const uint first = u->x * FLOW_ENGINE_AXI_BYTES;
    if (u->base >= FLOW_TABLE_O) {
        FLOW_BUFFER uchar *to = b->table_o + (u->base - FLOW_TABLE_O) * FLOW_TABLE_ENTRIES + first;
        FLOW_COPY(to, source, FLOW_ENGINE_AXI_BYTES);
    } else {
        FLOW_BUFFER uchar *to = (FLOW_BUFFER uchar *)(b->table + u->base * FLOW_TABLE_ENTRIES) + first;
        FLOW_COPY(to, source, FLOW_ENGINE_AXI_BYTES);
    }
}

/* One step; returns whether it was the last. bytes counts what was read from memory. */
static inline bool flow_load_step(flow_load *u, __global const uchar *memory, const flow_buffers *b, ulong *bytes) {
    __global const uchar *source = memory + u->source;
    const bool inside_row = u->y - u->top < u->rows, inside = inside_row && u->x - u->left < u->columns;
    if (u->buffer == FLOW_BUFFER_INPUT) {
        FLOW_BUFFER uchar *to = b->inp + (ulong)u->at * FLOW_ENGINE_GROUP_BYTES;
        if (inside) {
            FLOW_COPY(to, source, FLOW_ENGINE_GROUP_BYTES);
            u->source += FLOW_ENGINE_GROUP_BYTES;
            *bytes += FLOW_ENGINE_GROUP_BYTES;
        } else {
            FLOW_UNROLL_ARRAY
            for (uint n = 0; n < FLOW_ENGINE_GROUP_BYTES; ++n) to[n] = u->pad;
        }
    } else {
        if (u->buffer == FLOW_BUFFER_TABLE) {
            flow_load_table(u, source, b);
        } else {
            FLOW_BUFFER uchar *to =
                (u->buffer == FLOW_BUFFER_WEIGHT ? b->wgt : b->par) + (ulong)u->at * FLOW_ENGINE_AXI_BYTES;
            FLOW_COPY(to, source, FLOW_ENGINE_AXI_BYTES);
        }
        u->source += FLOW_ENGINE_AXI_BYTES;
        *bytes += FLOW_ENGINE_AXI_BYTES;
    }
    u->at += u->x_stride;
    if (++u->x < u->x_size) return false;
    u->x = 0;
    u->at = u->row += u->y_stride;
    if (inside_row) u->source = u->source_row += u->y_pitch;
    if (++u->y < u->y_size) return false;
    u->y = 0;
    u->at = u->row = u->plane += u->z_stride;
    u->source = u->source_row = u->source_plane += u->z_pitch;
    return ++u->z == u->z_size;
}

#endif
