/* An engine of registers and a memory, with faults on demand. */
#ifndef DEVICE_H
#define DEVICE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flow.h"
#include "model.h"

#define CHECK(condition)                                                            \
    do {                                                                            \
        if (!(condition)) {                                                         \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);         \
            exit(1);                                                                \
        }                                                                           \
    } while (0)
#define EXPECT(call, status)                                                                                        \
    do {                                                                                                            \
        const flow_status got_ = (call);                                                                            \
        if (got_ != (status)) {                                                                                     \
            fprintf(stderr, "%s:%d: %s: %s and not %s\n", __FILE__, __LINE__, #call, flow_status_name(got_),        \
                    flow_status_name(status));                                                                      \
            exit(1);                                                                                                \
        }                                                                                                           \
    } while (0)

enum { MEMORY = 1 << 20 };

typedef struct {
    uint32_t registers[FLOW_CORE_PAGE_BYTES / 4];
    uint8_t memory[MEMORY];
    int lost, never_ends, ends_with_error, raised;
} device;

static inline void device_reset(device *d) {
    const flow_model *m = &FLOW_MODEL;
    memset(d, 0, sizeof *d);
    d->registers[FLOW_REG_MAGIC / 4] = FLOW_MAGIC;
    d->registers[FLOW_REG_ABI / 4] = (uint32_t)FLOW_ABI_MAJOR << FLOW_REG_ABI_MAJOR_LSB;
    d->registers[FLOW_REG_HASH_LO / 4] = (uint32_t)m->config_hash;
    d->registers[FLOW_REG_HASH_HI / 4] = (uint32_t)(m->config_hash >> 32);
    d->registers[FLOW_REG_SHAPE / 4] = m->pix << FLOW_REG_SHAPE_PIX_LSB | m->rows << FLOW_REG_SHAPE_ROWS_LSB |
                                       m->cols << FLOW_REG_SHAPE_COLS_LSB;
    d->registers[FLOW_REG_SYSTEM / 4] = 1u << FLOW_REG_SYSTEM_CORES_LSB | m->axi_bytes << FLOW_REG_SYSTEM_AXI_BYTES_LSB;
}

static inline uint32_t device_load(device *d, uint32_t offset) {
    return d->lost ? 0xFFFFFFFFu : d->registers[offset / 4];
}

static inline void device_store(device *d, uint32_t offset, uint32_t value) {
    if (offset == FLOW_REG_IRQ_PENDING) {
        d->registers[offset / 4] &= ~value;
        d->raised = d->raised && d->registers[offset / 4];
        return;
    }
    if (offset != FLOW_REG_CONTROL) {
        d->registers[offset / 4] = value;
        return;
    }
    if (value & FLOW_REG_CONTROL_RESET_MASK) d->registers[FLOW_REG_STATUS / 4] = 0;
    if (value & FLOW_REG_CONTROL_START_MASK) {
        d->registers[FLOW_REG_STATUS / 4] = d->never_ends        ? FLOW_REG_STATUS_BUSY_MASK
                                            : d->ends_with_error ? FLOW_REG_STATUS_ERROR_MASK
                                                                 : FLOW_REG_STATUS_DONE_MASK;
        if (d->ends_with_error) d->registers[FLOW_REG_ERROR / 4] = FLOW_ERROR_BUS;
        d->registers[FLOW_REG_IRQ_PENDING / 4] = d->never_ends ? 0 : 1;
        d->raised = !d->never_ends;
    }
}

static inline uint8_t *whole_file(const char *path, size_t *length) {
    FILE *file = fopen(path, "rb");
    CHECK(file && fseek(file, 0, SEEK_END) == 0);
    *length = (size_t)ftell(file);
    uint8_t *data = malloc(*length);
    CHECK(data && fseek(file, 0, SEEK_SET) == 0 && fread(data, 1, *length, file) == *length);
    CHECK(fclose(file) == 0);
    return data;
}

#endif
