/* STORE: one group from the output buffer to memory per step. */
#ifndef FLOW_STORE_H
#define FLOW_STORE_H

typedef struct {
    uint x, y, z, x_size, y_size, z_size;
    uint at, row, plane, y_stride, z_stride;
    ulong first, target, target_row, target_plane, y_pitch, z_pitch;
} flow_store;

static inline bool flow_store_start(flow_store *u, const flow_instruction *i, const ulong *base) {
    u->x = u->y = u->z = 0;
    u->x_size = FLOW_FIELD(i, STORE, X_SIZE);
    u->y_size = FLOW_FIELD(i, STORE, Y_SIZE);
    u->z_size = FLOW_FIELD(i, STORE, Z_SIZE);
    u->at = u->row = u->plane = FLOW_FIELD(i, STORE, BASE);
    u->y_stride = FLOW_FIELD(i, STORE, Y_STRIDE);
    u->z_stride = FLOW_FIELD(i, STORE, Z_STRIDE);
    u->first = base[FLOW_FIELD(i, STORE, REGION)] + FLOW_WIDE(i, STORE, OFFSET);
    u->target = u->target_row = u->target_plane = u->first;
    u->y_pitch = FLOW_FIELD(i, STORE, Y_PITCH);
    u->z_pitch = FLOW_FIELD(i, STORE, Z_PITCH);
    return u->x_size && u->y_size && u->z_size;
}

/* One step; returns whether it was the last. */
static inline bool flow_store_step(flow_store *u, __global uchar *memory, const flow_buffers *b) {
    FLOW_BUFFER const uchar *from = b->out + (ulong)u->at * FLOW_ENGINE_GROUP_BYTES;
    __global uchar *to = memory + u->target;
    FLOW_COPY(to, from, FLOW_ENGINE_GROUP_BYTES);
    ++u->at;
    u->target += FLOW_ENGINE_GROUP_BYTES;
    if (++u->x < u->x_size) return false;
    u->x = 0;
    u->at = u->row += u->y_stride;
    u->target = u->target_row += u->y_pitch;
    if (++u->y < u->y_size) return false;
    u->y = 0;
    u->at = u->row = u->plane += u->z_stride;
    u->target = u->target_row = u->target_plane += u->z_pitch;
    return ++u->z == u->z_size;
}

#endif
