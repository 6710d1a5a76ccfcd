/* The core library against a device of registers and a memory, with faults on demand. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flow.h"
#include "flow_container.h"
#include "flow_mmio.h"
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

enum { MEMORY = 1 << 20, TIMEOUT = 1000 };

typedef struct {
    uint32_t registers[FLOW_CORE_PAGE_BYTES / 4];
    uint8_t memory[MEMORY];
    uint64_t now;
    int interrupt_fails; /* what wait_interrupt gives */
    int lost, bus_dead, never_ends, ends_with_error, reset_hangs, memory_dead, doorbell_lost;
    unsigned doorbells, uploads;
    char log[4096]; /* writes, as "offset=value " */
} device;

static uint32_t *reg(device *d, uint32_t offset) { return &d->registers[offset / 4]; }

static int reg_read(void *context, uint32_t address, uint32_t *value) {
    device *d = context;
    ++d->now;
    if (d->bus_dead) return -1;
    *value = d->lost ? 0xFFFFFFFFu : d->registers[address / 4];
    return 0;
}

static int reg_write(void *context, uint32_t address, uint32_t value) {
    device *d = context;
    const size_t used = strlen(d->log);
    if (d->bus_dead) return -1;
    snprintf(d->log + used, sizeof d->log - used, "%x=%x ", (unsigned)address, (unsigned)value);
    if (address == FLOW_REG_CONTROL && value == FLOW_REG_CONTROL_START_MASK) {
        ++d->doorbells;
        if (d->doorbell_lost) return 0;
        *reg(d, FLOW_REG_IRQ_PENDING) = !d->never_ends;
        *reg(d, FLOW_REG_STATUS) = FLOW_REG_STATUS_BUSY_MASK;
        if (d->ends_with_error) {
            *reg(d, FLOW_REG_STATUS) = FLOW_REG_STATUS_ERROR_MASK;
            *reg(d, FLOW_REG_ERROR) = FLOW_ERROR_WINDOW | FLOW_UNIT_STORE << FLOW_REG_ERROR_UNIT_LSB;
            *reg(d, FLOW_REG_ERROR_PC) = 17;
            *reg(d, FLOW_REG_ERROR_ADDRESS_LO) = 0x9ABCDEF0u;
            *reg(d, FLOW_REG_ERROR_ADDRESS_HI) = 0x12u;
        } else if (!d->never_ends) {
            *reg(d, FLOW_REG_STATUS) = FLOW_REG_STATUS_DONE_MASK;
        }
    } else if (address == FLOW_REG_CONTROL && value == FLOW_REG_CONTROL_RESET_MASK) {
        *reg(d, FLOW_REG_STATUS) = d->reset_hangs ? FLOW_REG_STATUS_BUSY_MASK : 0;
    } else if (address == FLOW_REG_IRQ_PENDING) {
        *reg(d, address) &= ~value;
    } else if (address != FLOW_REG_CONTROL) {
        *reg(d, address) = value;
    }
    return 0;
}

static int mem_write(void *context, uint32_t channel, uint64_t address, const void *data, size_t length) {
    device *d = context;
    if (d->memory_dead || channel != 1 || address > MEMORY || length > MEMORY - address) return -1;
    ++d->uploads;
    memcpy(d->memory + address, data, length);
    return 0;
}

static int mem_read(void *context, uint32_t channel, uint64_t address, void *data, size_t length) {
    device *d = context;
    if (d->memory_dead || channel != 1 || address > MEMORY || length > MEMORY - address) return -1;
    memcpy(data, d->memory + address, length);
    return 0;
}

static int wait_interrupt(void *context, uint32_t core, uint64_t timeout_ns) {
    device *d = context;
    (void)core;
    if (d->interrupt_fails) return d->interrupt_fails;
    if (*reg(d, FLOW_REG_STATUS) != FLOW_REG_STATUS_BUSY_MASK) return 0;
    d->now += timeout_ns;
    return 1;
}

static uint64_t now_ns(void *context) { return ++((device *)context)->now; }

static device *fresh(void) {
    device *d = calloc(1, sizeof *d);
    CHECK(d);
    *reg(d, FLOW_REG_MAGIC) = FLOW_MAGIC;
    *reg(d, FLOW_REG_ABI) = FLOW_ABI_MAJOR << FLOW_REG_ABI_MAJOR_LSB | 9u;
    *reg(d, FLOW_REG_HASH_LO) = (uint32_t)FLOW_MODEL.config_hash;
    *reg(d, FLOW_REG_HASH_HI) = (uint32_t)(FLOW_MODEL.config_hash >> 32);
    *reg(d, FLOW_REG_SHAPE) = FLOW_MODEL.pix << FLOW_REG_SHAPE_PIX_LSB | FLOW_MODEL.rows << FLOW_REG_SHAPE_ROWS_LSB |
                              FLOW_MODEL.cols << FLOW_REG_SHAPE_COLS_LSB;
    *reg(d, FLOW_REG_SYSTEM) = 1u << FLOW_REG_SYSTEM_CORES_LSB | FLOW_MODEL.axi_bytes << FLOW_REG_SYSTEM_AXI_BYTES_LSB;
    return d;
}

static flow_transport transport_of(device *d, int interrupts) {
    return (flow_transport){.context = d, .reg_read = reg_read, .reg_write = reg_write, .mem_write = mem_write,
                            .mem_read = mem_read, .wait_interrupt = interrupts ? wait_interrupt : NULL, .now_ns = now_ns};
}

static flow_status open_at(flow_core *core, const flow_transport *t, uint64_t base, uint64_t memory) {
    return flow_open(core, t, &FLOW_MODEL, 0, 1, base, memory, TIMEOUT);
}

static void test_identification(void) {
    struct { uint32_t offset, flip; flow_status status; } cases[] = {
        {FLOW_REG_MAGIC, 1, FLOW_NOT_AN_ENGINE},
        {FLOW_REG_ABI, 1, FLOW_OK},
        {FLOW_REG_ABI, 1u << FLOW_REG_ABI_MAJOR_LSB, FLOW_WRONG_ABI},
        {FLOW_REG_HASH_LO, 4, FLOW_WRONG_ENGINE},
        {FLOW_REG_HASH_HI, 1u << 31, FLOW_WRONG_ENGINE},
        {FLOW_REG_SHAPE, 1, FLOW_WRONG_ENGINE},
        {FLOW_REG_SHAPE, 1u << FLOW_REG_SHAPE_ROWS_LSB, FLOW_WRONG_ENGINE},
        {FLOW_REG_SHAPE, 1u << FLOW_REG_SHAPE_COLS_LSB, FLOW_WRONG_ENGINE},
        {FLOW_REG_SYSTEM, 1, FLOW_WRONG_ENGINE},
        {FLOW_REG_SYSTEM, 1u << FLOW_REG_SYSTEM_CORE_LSB, FLOW_WRONG_ENGINE},
        {FLOW_REG_SYSTEM, 1u << FLOW_REG_SYSTEM_AXI_BYTES_LSB, FLOW_WRONG_ENGINE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; ++i) {
        device *d = fresh();
        flow_transport t = transport_of(d, 1);
        flow_core core;
        *reg(d, cases[i].offset) ^= cases[i].flip;
        EXPECT(open_at(&core, &t, 0, MEMORY), cases[i].status);
        CHECK(cases[i].status == FLOW_OK || !d->log[0]); /* a foreign device is not written to */
        free(d);
    }
    device *d = fresh();
    flow_transport t = transport_of(d, 1);
    flow_core core;
    d->lost = 1;
    EXPECT(open_at(&core, &t, 0, MEMORY), FLOW_DEVICE_LOST);
    d->lost = 0;
    d->bus_dead = 1;
    EXPECT(open_at(&core, &t, 0, MEMORY), FLOW_BAD_TRANSPORT);
    EXPECT(flow_start(&core), FLOW_BAD_ARGUMENT);
    free(d);
}

static void test_windows(void) {
    device *d = fresh();
    flow_transport t = transport_of(d, 1);
    flow_core core;
    const uint64_t bytes = flow_device_bytes(&FLOW_MODEL);
    EXPECT(open_at(&core, &t, 0, bytes), FLOW_OK);
    EXPECT(open_at(&core, &t, 0, bytes - 1), FLOW_BAD_WINDOW);
    EXPECT(open_at(&core, &t, FLOW_REGION_ALIGNMENT, bytes), FLOW_BAD_WINDOW);
    EXPECT(open_at(&core, &t, 64, MEMORY), FLOW_BAD_WINDOW);
    EXPECT(open_at(&core, &t, UINT64_MAX - FLOW_REGION_ALIGNMENT + 1, UINT64_MAX), FLOW_BAD_WINDOW);
    EXPECT(open_at(&core, &t, FLOW_REGION_ALIGNMENT, MEMORY), FLOW_OK);
    CHECK(*reg(d, FLOW_REG_CONSTANT_BASE_LO) == FLOW_REGION_ALIGNMENT);
    CHECK(*reg(d, FLOW_REG_OUTPUT_SIZE_LO) == FLOW_MODEL_OUTPUT_BYTES);
    free(d);
}

static void test_upload(const uint8_t *file, size_t length) {
    device *d = fresh();
    flow_transport t = transport_of(d, 1);
    flow_core core;
    uint8_t *copy = malloc(length);
    CHECK(copy);
    EXPECT(open_at(&core, &t, 0, MEMORY), FLOW_OK);
    EXPECT(flow_start(&core), FLOW_BAD_FILE);
    struct { size_t at; flow_status status; } cases[] = {
        {FLOW_CONTAINER_MAGIC_AT, FLOW_BAD_FILE}, {FLOW_CONTAINER_ABI_MAJOR_AT, FLOW_WRONG_ABI},
        {FLOW_CONTAINER_CONFIG_HASH_AT + 7, FLOW_WRONG_ENGINE}, {FLOW_CONTAINER_MODEL_HASH_AT, FLOW_BAD_FILE},
        {FLOW_CONTAINER_LENGTH_AT, FLOW_BAD_FILE}, {FLOW_CONTAINER_CRC32_AT + 3, FLOW_BAD_CHECKSUM},
        {FLOW_CONTAINER_HEADER_BYTES_AT, FLOW_BAD_FILE}, {FLOW_CONTAINER_BYTES, FLOW_BAD_CHECKSUM},
        {length - 1, FLOW_BAD_CHECKSUM},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; ++i) {
        memcpy(copy, file, length);
        copy[cases[i].at] ^= 1;
        EXPECT(flow_upload(&core, copy, length), cases[i].status);
    }
    EXPECT(flow_upload(&core, file, length - 1), FLOW_BAD_FILE);
    EXPECT(flow_upload(&core, file, 10), FLOW_BAD_FILE);
    EXPECT(flow_upload(&core, NULL, length), FLOW_BAD_ARGUMENT);
    CHECK(d->uploads == 0);
    EXPECT(flow_upload(&core, file, length), FLOW_OK);
    CHECK(d->uploads == 1 && memcmp(d->memory, file + FLOW_CONTAINER_BYTES, length - FLOW_CONTAINER_BYTES) == 0);
    free(copy);
    free(d);
}

static void test_launch(const uint8_t *file, size_t length, int interrupts) {
    device *d = fresh();
    flow_transport t = transport_of(d, interrupts);
    flow_core core;
    uint64_t counters[FLOW_NUM_COUNTERS];
    static uint8_t output[FLOW_MODEL_OUTPUT_BYTES];
    EXPECT(open_at(&core, &t, 0, MEMORY), FLOW_OK);
    CHECK(*reg(d, FLOW_REG_IRQ_ENABLE) == (interrupts ? 1u : 0u));
    EXPECT(flow_upload(&core, file, length), FLOW_OK);
    EXPECT(flow_wait(&core, TIMEOUT), FLOW_NOT_RUNNING);
    EXPECT(flow_read_outputs(&core, output), FLOW_NOT_RUNNING);
    d->log[0] = 0;
    core.watchdog_cycles = 0x500000007;
    EXPECT(flow_start(&core), FLOW_OK);
    CHECK(strcmp(d->log, "88=7 8c=5 2c=1 20=1 ") == 0);
    EXPECT(flow_start(&core), FLOW_BUSY);
    EXPECT(flow_read_outputs(&core, output), FLOW_BUSY);
    EXPECT(flow_upload(&core, file, length), FLOW_BUSY);
    EXPECT(flow_wait(&core, TIMEOUT), FLOW_OK);
    EXPECT(flow_read_outputs(&core, output), FLOW_OK);
    *reg(d, FLOW_COUNTER_BASE + 8 * FLOW_COUNTER_INSTRUCTIONS) = 3;
    *reg(d, FLOW_COUNTER_BASE + 8 * FLOW_COUNTER_INSTRUCTIONS + 4) = 1;
    EXPECT(flow_counters(&core, counters), FLOW_OK);
    CHECK(counters[FLOW_COUNTER_INSTRUCTIONS] == (UINT64_C(1) << 32) + 3 && counters[FLOW_COUNTER_CYCLES] == 0);

    d->ends_with_error = 1;
    EXPECT(flow_start(&core), FLOW_OK);
    EXPECT(flow_wait(&core, TIMEOUT), FLOW_ENGINE_ERROR);
    CHECK(core.error.code == FLOW_ERROR_WINDOW && core.error.unit == FLOW_UNIT_STORE && core.error.pc == 17);
    CHECK(core.error.address == UINT64_C(0x129ABCDEF0));
    EXPECT(flow_start(&core), FLOW_ENGINE_ERROR);
    EXPECT(flow_read_outputs(&core, output), FLOW_NOT_RUNNING);
    EXPECT(flow_reset(&core, TIMEOUT), FLOW_OK);
    EXPECT(flow_read_outputs(&core, output), FLOW_NOT_RUNNING);
    d->ends_with_error = 0;
    EXPECT(flow_start(&core), FLOW_OK);
    EXPECT(flow_wait(&core, TIMEOUT), FLOW_OK);

    /* the end of the launch before is not taken for this one's */
    d->doorbell_lost = 1;
    EXPECT(flow_start(&core), FLOW_OK);
    EXPECT(flow_wait(&core, TIMEOUT), FLOW_TIMED_OUT);
    d->doorbell_lost = 0;

    d->never_ends = 1;
    EXPECT(flow_start(&core), FLOW_OK);
    EXPECT(flow_wait(&core, TIMEOUT), FLOW_TIMED_OUT);
    CHECK(core.state == FLOW_STATE_IDLE && core.error.status == FLOW_REG_STATUS_BUSY_MASK);
    EXPECT(flow_read_outputs(&core, output), FLOW_NOT_RUNNING);
    EXPECT(flow_start(&core), FLOW_OK);
    d->reset_hangs = 1;
    EXPECT(flow_wait(&core, TIMEOUT), FLOW_TIMED_OUT);
    EXPECT(flow_start(&core), FLOW_DEAD);
    free(d);

    d = fresh();
    t = transport_of(d, interrupts);
    EXPECT(open_at(&core, &t, 0, MEMORY), FLOW_OK);
    EXPECT(flow_upload(&core, file, length), FLOW_OK);
    EXPECT(flow_start(&core), FLOW_OK);
    d->lost = 1;
    EXPECT(flow_wait(&core, TIMEOUT), FLOW_DEVICE_LOST);
    EXPECT(flow_reset(&core, TIMEOUT), FLOW_DEAD);
    free(d);

    for (int failure = -1; failure <= 2 && interrupts; failure += 3) {
        d = fresh();
        t = transport_of(d, 1);
        EXPECT(open_at(&core, &t, 0, MEMORY), FLOW_OK);
        EXPECT(flow_upload(&core, file, length), FLOW_OK);
        d->interrupt_fails = failure;
        EXPECT(flow_start(&core), FLOW_OK);
        EXPECT(flow_wait(&core, TIMEOUT), FLOW_BAD_TRANSPORT);
        free(d);
    }

    d = fresh();
    t = transport_of(d, interrupts);
    EXPECT(open_at(&core, &t, 0, MEMORY), FLOW_OK);
    d->memory_dead = 1;
    EXPECT(flow_upload(&core, file, length), FLOW_BAD_TRANSPORT);
    EXPECT(flow_write_inputs(&core, d), FLOW_DEAD);
    free(d);
}

/* Two batches in flight: inputs are written for the next launch, outputs read from the one that ended. */
static void test_second_place(const uint8_t *file, size_t length) {
    device *d = fresh();
    flow_transport t = transport_of(d, 1);
    flow_core core;
    static uint8_t input[FLOW_MODEL_INPUT_BYTES], output[FLOW_MODEL_OUTPUT_BYTES];
    const uint64_t bytes = flow_device_bytes(&FLOW_MODEL), second = flow_second_place_bytes(&FLOW_MODEL);
    EXPECT(open_at(&core, &t, 0, MEMORY), FLOW_OK);
    EXPECT(flow_upload(&core, file, length), FLOW_OK);
    EXPECT(flow_second_place(&core, bytes + 64, MEMORY), FLOW_BAD_WINDOW);
    EXPECT(flow_second_place(&core, bytes, bytes + second - 1), FLOW_BAD_WINDOW);
    EXPECT(flow_start(&core), FLOW_OK);
    EXPECT(flow_second_place(&core, bytes, MEMORY), FLOW_BUSY);
    EXPECT(flow_write_inputs(&core, input), FLOW_BUSY);
    EXPECT(flow_wait(&core, TIMEOUT), FLOW_OK);
    EXPECT(flow_second_place(&core, bytes, bytes + second), FLOW_OK);
    const uint64_t in[2] = {core.other[FLOW_REGION_INPUT], core.base[FLOW_REGION_INPUT]};
    const uint64_t out[2] = {core.other[FLOW_REGION_OUTPUT], core.base[FLOW_REGION_OUTPUT]};
    CHECK(in[0] == bytes && out[0] + FLOW_MODEL_OUTPUT_BYTES <= bytes + second);
    memset(input, 100, sizeof input);
    EXPECT(flow_write_inputs(&core, input), FLOW_OK);
    for (unsigned n = 0; n < 4; ++n) { /* launch n has inputs of 100 + n and outputs of 50 + n */
        EXPECT(flow_start(&core), FLOW_OK);
        CHECK(*reg(d, FLOW_REG_INPUT_BASE_LO) == in[n % 2] && *reg(d, FLOW_REG_OUTPUT_BASE_LO) == out[n % 2]);
        CHECK(d->memory[in[n % 2]] == 100 + n && d->memory[in[n % 2] + sizeof input - 1] == 100 + n);
        memset(&d->memory[out[n % 2]], (int)(50 + n), sizeof output);
        for (unsigned twice = 0; twice < 2; ++twice) {
            memset(input, (int)(101 + n), sizeof input);
            EXPECT(flow_write_inputs(&core, input), FLOW_OK);
        }
        CHECK(d->memory[in[n % 2]] == 100 + n);
        EXPECT(flow_read_outputs(&core, output), FLOW_OK);
        CHECK(n == 0 || (output[0] == 49 + n && output[sizeof output - 1] == 49 + n));
        EXPECT(flow_wait(&core, TIMEOUT), FLOW_OK);
        EXPECT(flow_read_outputs(&core, output), FLOW_OK);
        CHECK(output[0] == 50 + n);
    }
    EXPECT(flow_start(&core), FLOW_OK); /* the inputs written last, then those again */
    EXPECT(flow_wait(&core, TIMEOUT), FLOW_OK);
    EXPECT(flow_start(&core), FLOW_OK);
    CHECK(*reg(d, FLOW_REG_INPUT_BASE_LO) == in[0]);
    EXPECT(flow_read_outputs(&core, output), FLOW_BUSY);
    EXPECT(flow_wait(&core, TIMEOUT), FLOW_OK);

    /* outputs of the launch before are not taken for those of one that failed */
    EXPECT(flow_write_inputs(&core, input), FLOW_OK);
    d->ends_with_error = 1;
    EXPECT(flow_start(&core), FLOW_OK);
    EXPECT(flow_read_outputs(&core, output), FLOW_OK);
    EXPECT(flow_wait(&core, TIMEOUT), FLOW_ENGINE_ERROR);
    EXPECT(flow_read_outputs(&core, output), FLOW_NOT_RUNNING);
    free(d);
}

static void test_arguments(void) {
    uint8_t image[1] = {0};
    int8_t values[1] = {0};
    const float nan[1] = {strtof("nan", NULL)};
    EXPECT(flow_layout_input(&FLOW_MODEL, FLOW_MODEL.input_count, 0, values, image), FLOW_BAD_ARGUMENT);
    EXPECT(flow_layout_input(&FLOW_MODEL, 0, FLOW_MODEL.pix, values, image), FLOW_BAD_ARGUMENT);
    EXPECT(flow_extract_output(&FLOW_MODEL, FLOW_MODEL.output_count, 0, image, values), FLOW_BAD_ARGUMENT);
    EXPECT(flow_extract_output(&FLOW_MODEL, 0, FLOW_MODEL.pix, image, values), FLOW_BAD_ARGUMENT);
    EXPECT(flow_quantise(&FLOW_MODEL.inputs[0], nan, 1, values), FLOW_BAD_ARGUMENT);
    EXPECT(flow_open(NULL, NULL, &FLOW_MODEL, 0, 0, 0, MEMORY, TIMEOUT), FLOW_BAD_ARGUMENT);
    CHECK(flow_counter_name(FLOW_NUM_COUNTERS) == NULL);
    for (uint32_t i = 0; i < FLOW_NUM_COUNTERS; ++i) CHECK(flow_counter_name(i));
}

static uint64_t tick(void) {
    static uint64_t now;
    return ++now;
}

static void test_mmio(const uint8_t *file, size_t length) {
    device *d = fresh();
    uint8_t *memories[2] = {NULL, d->memory};
    flow_mmio mmio = {.registers = d->registers, .memory = memories, .channels = 2, .now_ns = tick};
    flow_transport t;
    flow_core core;
    EXPECT(flow_mmio_transport(&mmio, &t), FLOW_OK);
    EXPECT(open_at(&core, &t, 0, MEMORY), FLOW_OK);
    EXPECT(flow_upload(&core, file, length), FLOW_OK);
    CHECK(memcmp(d->memory, file + FLOW_CONTAINER_BYTES, length - FLOW_CONTAINER_BYTES) == 0);
    free(d);
}

int main(int argc, char **argv) {
    CHECK(argc == 2);
    FILE *in = fopen(argv[1], "rb");
    CHECK(in);
    static uint8_t file[1 << 16];
    const size_t length = fread(file, 1, sizeof file, in);
    fclose(in);
    test_identification();
    test_windows();
    test_upload(file, length);
    test_launch(file, length, 1);
    test_launch(file, length, 0);
    test_mmio(file, length);
    test_second_place(file, length);
    test_arguments();
    return 0;
}
