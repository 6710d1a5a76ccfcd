/* flow_f2 on BARs of memory: whole launches, time-outs that read as all ones, a device that is gone. */
#include "device.h"
#include "flow_f2.h"

enum { TIMEOUT = 100000 };

static device engine;
static uint64_t now;
static unsigned timed_out; /* so many of the next accesses of memory time out: reads answer all ones, writes are lost */
static uint32_t timeouts;
static int bar_dead;

static int peek(int bar, uint64_t offset, uint32_t *value) {
    now += 8;
    if (bar_dead) return -1;
    if (bar == 0) {
        *value = device_load(&engine, (uint32_t)offset);
        return 0;
    }
    CHECK(offset % 4 == 0 && offset + 4 <= MEMORY);
    memcpy(value, engine.memory + offset, 4);
    if (timed_out || engine.lost) *value = 0xFFFFFFFFu, ++timeouts;
    timed_out -= timed_out > 0;
    return 0;
}

static int poke(int bar, uint64_t offset, uint32_t value) {
    if (bar_dead) return -1;
    CHECK(bar == 0);
    device_store(&engine, (uint32_t)offset, value);
    return 0;
}

static int write_burst(int bar, uint64_t offset, uint32_t *words, uint64_t count) {
    if (bar_dead) return -1;
    CHECK(bar == 4 && offset % 4 == 0 && offset + 4 * count <= MEMORY);
    if (timed_out) ++timeouts, --timed_out;
    else memcpy(engine.memory + offset, words, 4 * count);
    return 0;
}

static int count_timeouts(uint32_t *count) {
    *count = timeouts;
    return bar_dead ? -1 : 0;
}

static uint64_t now_ns(void) { return now; }

int main(int argc, char **argv) {
    static uint8_t out[2500], in[2500];
    size_t length = 0;
    flow_transport transport;
    flow_core core;
    flow_f2 f2 = {.peek = peek, .poke = poke, .write_burst = write_burst, .timeouts = count_timeouts,
                  .now_ns = now_ns, .ocl = 0, .pcis = 4, .cores = 1,
                  .channels = 1, .channel_bytes = MEMORY, .channel_stride = MEMORY};
    CHECK(argc == 2);
    uint8_t *weights = whole_file(argv[1], &length);
    device_reset(&engine);
    EXPECT(flow_f2_transport(&f2, &transport), FLOW_OK);
    EXPECT(flow_open(&core, &transport, &FLOW_MODEL, 0, 0, 0, MEMORY, TIMEOUT), FLOW_OK);
    EXPECT(flow_upload(&core, weights, length), FLOW_OK);
    EXPECT(flow_start(&core), FLOW_OK);
    EXPECT(flow_wait(&core, TIMEOUT), FLOW_OK);

    for (size_t i = 0; i < sizeof out; ++i) out[i] = (uint8_t)(i % 5 ? i * 3 : 0xFF);
    for (size_t offset = 0; offset < 9; ++offset) {
        for (size_t bytes = 0; bytes < sizeof out; bytes = bytes * 3 + 1) {
            memset(engine.memory, 0xA5, 4096);
            CHECK(transport.mem_write(transport.context, 0, offset, out, bytes) == 0);
            for (size_t i = 0; i < offset; ++i) CHECK(engine.memory[i] == 0xA5);
            for (size_t i = offset + bytes; i < 4096; ++i) CHECK(engine.memory[i] == 0xA5);
            CHECK(transport.mem_read(transport.context, 0, offset, in, bytes) == 0);
            CHECK(memcmp(in, out, bytes) == 0);
        }
    }
    memset(engine.memory, 0xFF, 64); /* all ones that are data */
    CHECK(transport.mem_read(transport.context, 0, 0, in, 64) == 0 && in[63] == 0xFF);
    CHECK(transport.mem_read(transport.context, 0, MEMORY - 1, in, 2) != 0);
    CHECK(transport.mem_write(transport.context, 1, 0, in, 2) != 0);

    for (int writing = 0; writing < 2; ++writing) { /* one access timed out: no data, and the handle is dead */
        uint32_t value = 0;
        timed_out = 1;
        CHECK((writing ? transport.mem_write(transport.context, 0, 4, out, 2000)
                       : transport.mem_read(transport.context, 0, 0, in, 64)) != 0);
        CHECK(transport.mem_read(transport.context, 0, 0, in, 4) != 0);
        CHECK(transport.reg_read(transport.context, 0, &value) != 0);
        EXPECT(flow_f2_transport(&f2, &transport), FLOW_OK);
    }
    EXPECT(flow_open(&core, &transport, &FLOW_MODEL, 0, 0, 0, MEMORY, TIMEOUT), FLOW_OK);
    EXPECT(flow_upload(&core, weights, length), FLOW_OK);

    EXPECT(flow_start(&core), FLOW_OK);
    engine.lost = 1;
    EXPECT(flow_wait(&core, TIMEOUT), FLOW_DEVICE_LOST);
    CHECK(transport.mem_read(transport.context, 0, 0, in, 4) != 0);
    device_reset(&engine);
    EXPECT(flow_f2_transport(&f2, &transport), FLOW_OK);
    EXPECT(flow_open(&core, &transport, &FLOW_MODEL, 0, 0, 0, MEMORY, TIMEOUT), FLOW_OK);
    bar_dead = 1;
    EXPECT(flow_upload(&core, weights, length), FLOW_BAD_TRANSPORT);
    free(weights);
    return 0;
}
