/* The core: identification, upload, launch. */
#include <string.h>

#include "flow.h"
#include "flow_container.h"

#define ALL_ONES 0xFFFFFFFFu
#define TRY(call)                             \
    do {                                      \
        const flow_status status_ = (call);   \
        if (status_ != FLOW_OK) return status_; \
    } while (0)

static const uint32_t region_base[FLOW_REGIONS] = {
    [FLOW_REGION_CONSTANT] = FLOW_REG_CONSTANT_BASE_LO,
    [FLOW_REGION_SCRATCH] = FLOW_REG_SCRATCH_BASE_LO,
    [FLOW_REGION_INPUT] = FLOW_REG_INPUT_BASE_LO,
    [FLOW_REGION_OUTPUT] = FLOW_REG_OUTPUT_BASE_LO,
};
static const uint32_t region_size[FLOW_REGIONS] = {
    [FLOW_REGION_CONSTANT] = FLOW_REG_CONSTANT_SIZE_LO,
    [FLOW_REGION_SCRATCH] = FLOW_REG_SCRATCH_SIZE_LO,
    [FLOW_REGION_INPUT] = FLOW_REG_INPUT_SIZE_LO,
    [FLOW_REGION_OUTPUT] = FLOW_REG_OUTPUT_SIZE_LO,
};

static uint32_t field(uint32_t value, uint32_t mask, uint32_t lsb) { return (value & mask) >> lsb; }

static uint64_t little_endian(const uint8_t *bytes, unsigned count) {
    uint64_t value = 0;
    for (unsigned i = count; i > 0; --i) value = (value << 8) | bytes[i - 1];
    return value;
}

static uint64_t aligned(uint64_t bytes) {
    return (bytes + FLOW_REGION_ALIGNMENT - 1) / FLOW_REGION_ALIGNMENT * FLOW_REGION_ALIGNMENT;
}

/* --- registers; a lost device is told by a magic register that reads as all ones ----------------------------------- */

static flow_status dead(flow_core *core, flow_status status) {
    core->state = FLOW_STATE_DEAD;
    return status;
}

static flow_status reg_read(flow_core *core, uint32_t offset, uint32_t *value) {
    const flow_transport *t = core->transport;
    const uint32_t page = core->index * FLOW_CORE_PAGE_BYTES;
    if (t->reg_read(t->context, page + offset, value) != 0) return dead(core, FLOW_BAD_TRANSPORT);
    if (*value == ALL_ONES) {
        uint32_t magic = 0;
        if (t->reg_read(t->context, page + FLOW_REG_MAGIC, &magic) != 0) return dead(core, FLOW_BAD_TRANSPORT);
        if (magic == ALL_ONES) return dead(core, FLOW_DEVICE_LOST);
    }
    return FLOW_OK;
}

static flow_status reg_write(flow_core *core, uint32_t offset, uint32_t value) {
    const flow_transport *t = core->transport;
    if (t->reg_write(t->context, core->index * FLOW_CORE_PAGE_BYTES + offset, value) != 0)
        return dead(core, FLOW_BAD_TRANSPORT);
    return FLOW_OK;
}

static flow_status pair_read(flow_core *core, uint32_t low, uint64_t *value) {
    uint32_t half[2] = {0, 0};
    TRY(reg_read(core, low, &half[0]));
    TRY(reg_read(core, low + 4, &half[1]));
    *value = half[0] | (uint64_t)half[1] << 32;
    return FLOW_OK;
}

static flow_status pair_write(flow_core *core, uint32_t low, uint64_t value) {
    TRY(reg_write(core, low, (uint32_t)value));
    return reg_write(core, low + 4, (uint32_t)(value >> 32));
}

static flow_status usable(const flow_core *core) {
    if (!core || !core->transport || !core->model || core->state == FLOW_STATE_CLOSED) return FLOW_BAD_ARGUMENT;
    return core->state == FLOW_STATE_DEAD ? FLOW_DEAD : FLOW_OK;
}

static bool expired(const flow_core *core, uint64_t start, uint64_t timeout_ns) {
    return core->transport->now_ns(core->transport->context) - start >= timeout_ns;
}

/* --- open --------------------------------------------------------------------------------------------------------- */

uint64_t flow_device_bytes(const flow_model *model) {
    uint64_t total = 0;
    if (!model) return 0;
    for (unsigned r = 0; r < FLOW_REGIONS; ++r) total += aligned(model->region_bytes[r]);
    return total;
}

static flow_status identify(flow_core *core) {
    const flow_model *model = core->model;
    uint32_t value = 0;
    uint64_t hash = 0;
    TRY(reg_read(core, FLOW_REG_MAGIC, &value));
    if (value != FLOW_MAGIC) return FLOW_NOT_AN_ENGINE;
    TRY(reg_read(core, FLOW_REG_ABI, &value));
    if (field(value, FLOW_REG_ABI_MAJOR_MASK, FLOW_REG_ABI_MAJOR_LSB) != FLOW_ABI_MAJOR || model->abi_major != FLOW_ABI_MAJOR)
        return FLOW_WRONG_ABI;
    TRY(pair_read(core, FLOW_REG_HASH_LO, &hash));
    if (hash != model->config_hash) return FLOW_WRONG_ENGINE;
    TRY(reg_read(core, FLOW_REG_SHAPE, &value));
    if (field(value, FLOW_REG_SHAPE_PIX_MASK, FLOW_REG_SHAPE_PIX_LSB) != model->pix ||
        field(value, FLOW_REG_SHAPE_ROWS_MASK, FLOW_REG_SHAPE_ROWS_LSB) != model->rows ||
        field(value, FLOW_REG_SHAPE_COLS_MASK, FLOW_REG_SHAPE_COLS_LSB) != model->cols)
        return FLOW_WRONG_ENGINE;
    TRY(reg_read(core, FLOW_REG_SYSTEM, &value));
    if (field(value, FLOW_REG_SYSTEM_CORES_MASK, FLOW_REG_SYSTEM_CORES_LSB) <= core->index ||
        field(value, FLOW_REG_SYSTEM_CORE_MASK, FLOW_REG_SYSTEM_CORE_LSB) != core->index ||
        field(value, FLOW_REG_SYSTEM_AXI_BYTES_MASK, FLOW_REG_SYSTEM_AXI_BYTES_LSB) != model->axi_bytes)
        return FLOW_WRONG_ENGINE;
    return FLOW_OK;
}

flow_status flow_open(flow_core *core, const flow_transport *transport, const flow_model *model, uint32_t index,
                      uint32_t channel, uint64_t base, uint64_t memory_bytes, uint64_t timeout_ns) {
    if (!core || !transport || !model || !transport->reg_read || !transport->reg_write || !transport->mem_read ||
        !transport->mem_write || !transport->now_ns)
        return FLOW_BAD_ARGUMENT;
    memset(core, 0, sizeof *core);
    core->transport = transport;
    core->model = model;
    core->index = index;
    core->channel = channel;
    if (base % FLOW_REGION_ALIGNMENT) return FLOW_BAD_WINDOW;
    for (unsigned r = 0; r < FLOW_REGIONS; ++r) {
        const uint64_t size = aligned(model->region_bytes[r]);
        if (size < model->region_bytes[r] || size > memory_bytes || base > memory_bytes - size) return FLOW_BAD_WINDOW;
        core->base[r] = base;
        base += size;
    }
    const flow_status status = identify(core);
    if (status != FLOW_OK) {
        core->state = FLOW_STATE_CLOSED;
        return status;
    }
    core->state = FLOW_STATE_FAILED;
    TRY(flow_reset(core, timeout_ns));
    for (unsigned r = 0; r < FLOW_REGIONS; ++r) {
        TRY(pair_write(core, region_base[r], core->base[r]));
        TRY(pair_write(core, region_size[r], model->region_bytes[r]));
    }
    TRY(pair_write(core, FLOW_REG_PROGRAM_LO, model->stream_offset));
    return reg_write(core, FLOW_REG_IRQ_ENABLE, transport->wait_interrupt ? 1u : 0u);
}

/* --- data --------------------------------------------------------------------------------------------------------- */

flow_status flow_upload(flow_core *core, const void *file, size_t length) {
    TRY(usable(core));
    const flow_model *model = core->model;
    const uint8_t *bytes = file;
    if (!file) return FLOW_BAD_ARGUMENT;
    if (core->state != FLOW_STATE_IDLE) return FLOW_BUSY;
    if (length < FLOW_CONTAINER_BYTES || little_endian(bytes + FLOW_CONTAINER_MAGIC_AT, 4) != FLOW_CONTAINER_MAGIC ||
        little_endian(bytes + FLOW_CONTAINER_HEADER_BYTES_AT, 4) != FLOW_CONTAINER_BYTES)
        return FLOW_BAD_FILE;
    if (little_endian(bytes + FLOW_CONTAINER_ABI_MAJOR_AT, 2) != FLOW_ABI_MAJOR) return FLOW_WRONG_ABI;
    if (little_endian(bytes + FLOW_CONTAINER_CONFIG_HASH_AT, 8) != model->config_hash) return FLOW_WRONG_ENGINE;
    if (little_endian(bytes + FLOW_CONTAINER_LENGTH_AT, 8) != length - FLOW_CONTAINER_BYTES ||
        length - FLOW_CONTAINER_BYTES != model->region_bytes[FLOW_REGION_CONSTANT] ||
        little_endian(bytes + FLOW_CONTAINER_MODEL_HASH_AT, 8) != model->model_hash)
        return FLOW_BAD_FILE;
    if (flow_crc32(0, bytes + FLOW_CONTAINER_BYTES, length - FLOW_CONTAINER_BYTES) !=
        little_endian(bytes + FLOW_CONTAINER_CRC32_AT, 4))
        return FLOW_BAD_CHECKSUM;
    if (core->transport->mem_write(core->transport->context, core->channel, core->base[FLOW_REGION_CONSTANT],
                                   bytes + FLOW_CONTAINER_BYTES, length - FLOW_CONTAINER_BYTES) != 0)
        return dead(core, FLOW_BAD_TRANSPORT);
    core->uploaded = true;
    return FLOW_OK;
}

uint64_t flow_second_place_bytes(const flow_model *model) {
    return model ? aligned(model->region_bytes[FLOW_REGION_INPUT]) + aligned(model->region_bytes[FLOW_REGION_OUTPUT]) : 0;
}

flow_status flow_second_place(flow_core *core, uint64_t base, uint64_t memory_bytes) {
    TRY(usable(core));
    if (core->state != FLOW_STATE_IDLE) return FLOW_BUSY;
    const uint64_t size = flow_second_place_bytes(core->model);
    if (base % FLOW_REGION_ALIGNMENT || size > memory_bytes || base > memory_bytes - size) return FLOW_BAD_WINDOW;
    core->other[FLOW_REGION_INPUT] = base;
    core->other[FLOW_REGION_OUTPUT] = base + aligned(core->model->region_bytes[FLOW_REGION_INPUT]);
    core->second = true;
    return FLOW_OK;
}

static void exchange(flow_core *core, unsigned region) {
    const uint64_t base = core->base[region];
    core->base[region] = core->other[region];
    core->other[region] = base;
}

flow_status flow_write_inputs(flow_core *core, const void *image) {
    TRY(usable(core));
    if (!image) return FLOW_BAD_ARGUMENT;
    if (core->state == FLOW_STATE_RUNNING && !core->second) return FLOW_BUSY;
    if (core->second && core->launched) {
        exchange(core, FLOW_REGION_INPUT);
        exchange(core, FLOW_REGION_OUTPUT);
        core->launched = false;
    }
    if (core->transport->mem_write(core->transport->context, core->channel, core->base[FLOW_REGION_INPUT], image,
                                   (size_t)core->model->region_bytes[FLOW_REGION_INPUT]) != 0)
        return dead(core, FLOW_BAD_TRANSPORT);
    return FLOW_OK;
}

flow_status flow_read_outputs(flow_core *core, void *image) {
    TRY(usable(core));
    if (!image) return FLOW_BAD_ARGUMENT;
    if (!core->finished) return core->state == FLOW_STATE_RUNNING ? FLOW_BUSY : FLOW_NOT_RUNNING;
    if (core->transport->mem_read(core->transport->context, core->channel, core->finished_output, image,
                                  (size_t)core->model->region_bytes[FLOW_REGION_OUTPUT]) != 0)
        return dead(core, FLOW_BAD_TRANSPORT);
    return FLOW_OK;
}

/* --- launch ------------------------------------------------------------------------------------------------------- */

flow_status flow_start(flow_core *core) {
    TRY(usable(core));
    if (core->state == FLOW_STATE_RUNNING) return FLOW_BUSY;
    if (core->state != FLOW_STATE_IDLE) return FLOW_ENGINE_ERROR;
    if (!core->uploaded) return FLOW_BAD_FILE;
    memset(&core->error, 0, sizeof core->error);
    if (core->finished_output == core->base[FLOW_REGION_OUTPUT]) core->finished = false;
    if (core->second) {
        TRY(pair_write(core, region_base[FLOW_REGION_INPUT], core->base[FLOW_REGION_INPUT]));
        TRY(pair_write(core, region_base[FLOW_REGION_OUTPUT], core->base[FLOW_REGION_OUTPUT]));
    }
    TRY(pair_write(core, FLOW_REG_WATCHDOG_LO, core->watchdog_cycles));
    TRY(reg_write(core, FLOW_REG_IRQ_PENDING, 1));
    TRY(reg_write(core, FLOW_REG_CONTROL, FLOW_REG_CONTROL_START_MASK));
    core->running_output = core->base[FLOW_REGION_OUTPUT];
    core->launched = true;
    core->state = FLOW_STATE_RUNNING;
    return FLOW_OK;
}

static flow_status read_error(flow_core *core, uint32_t status) {
    uint32_t value = 0;
    core->error.status = status;
    TRY(reg_read(core, FLOW_REG_ERROR, &value));
    core->error.code = field(value, FLOW_REG_ERROR_CODE_MASK, FLOW_REG_ERROR_CODE_LSB);
    core->error.unit = field(value, FLOW_REG_ERROR_UNIT_MASK, FLOW_REG_ERROR_UNIT_LSB);
    TRY(reg_read(core, FLOW_REG_ERROR_PC, &core->error.pc));
    return pair_read(core, FLOW_REG_ERROR_ADDRESS_LO, &core->error.address);
}

flow_status flow_wait(flow_core *core, uint64_t timeout_ns) {
    TRY(usable(core));
    if (core->state != FLOW_STATE_RUNNING) return FLOW_NOT_RUNNING;
    const flow_transport *t = core->transport;
    const uint64_t start = t->now_ns(t->context);
    for (;;) {
        uint32_t status = 0;
        const uint64_t spent = t->now_ns(t->context) - start;
        const bool late = spent >= timeout_ns;
        if (t->wait_interrupt && !late) {
            const int result = t->wait_interrupt(t->context, core->index, timeout_ns - spent);
            if (result != 0 && result != 1) return dead(core, FLOW_BAD_TRANSPORT);
        }
        TRY(reg_read(core, FLOW_REG_STATUS, &status));
        if (status & FLOW_REG_STATUS_ERROR_MASK) {
            core->state = FLOW_STATE_FAILED;
            core->finished = false;
            TRY(read_error(core, status));
            TRY(reg_write(core, FLOW_REG_IRQ_PENDING, 1));
            return FLOW_ENGINE_ERROR;
        }
        /* DONE stays from the launch before if a doorbell was lost on its way; only an end since then is pending */
        uint32_t ended = 0;
        if (status & FLOW_REG_STATUS_DONE_MASK) TRY(reg_read(core, FLOW_REG_IRQ_PENDING, &ended));
        if (ended & 1u) {
            core->state = FLOW_STATE_IDLE;
            core->finished_output = core->running_output;
            core->finished = true;
            return reg_write(core, FLOW_REG_IRQ_PENDING, 1);
        }
        if (late) {
            core->state = FLOW_STATE_FAILED;
            TRY(read_error(core, status));
            const flow_error seen = core->error;
            const flow_status reset = flow_reset(core, timeout_ns);
            core->error = seen;
            return reset == FLOW_OK || reset == FLOW_TIMED_OUT ? FLOW_TIMED_OUT : reset;
        }
    }
}

flow_status flow_reset(flow_core *core, uint64_t timeout_ns) {
    TRY(usable(core));
    const uint64_t start = core->transport->now_ns(core->transport->context);
    core->finished = false;
    TRY(reg_write(core, FLOW_REG_CONTROL, FLOW_REG_CONTROL_RESET_MASK));
    for (;;) {
        uint32_t status = 0;
        const bool late = expired(core, start, timeout_ns);
        TRY(reg_read(core, FLOW_REG_STATUS, &status));
        if (!(status & (FLOW_REG_STATUS_BUSY_MASK | FLOW_REG_STATUS_ERROR_MASK))) break;
        if (late) return dead(core, FLOW_TIMED_OUT);
    }
    TRY(reg_write(core, FLOW_REG_IRQ_PENDING, 1));
    memset(&core->error, 0, sizeof core->error);
    core->state = FLOW_STATE_IDLE;
    return FLOW_OK;
}

flow_status flow_counters(flow_core *core, uint64_t counters[FLOW_NUM_COUNTERS]) {
    TRY(usable(core));
    if (!counters) return FLOW_BAD_ARGUMENT;
    for (uint32_t i = 0; i < FLOW_NUM_COUNTERS; ++i) TRY(pair_read(core, FLOW_COUNTER_BASE + 8 * i, &counters[i]));
    return FLOW_OK;
}
