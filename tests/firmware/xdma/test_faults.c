/* flow_xdma on calls that fail on demand: every fault ends in a named status within its deadline. */
#include <errno.h>
#include <stdalign.h>

#include "device.h"
#include "flow_xdma.h"

enum { BUFFER = 4096, TIMEOUT = 1000000, SLICE = 1000 };
enum { USER = 10, H2C, C2H, EVENTS };

static device engine;
static uint64_t now;
static int64_t answer;      /* what the next data calls return instead of doing their work; 0: they work */
static int answer_after;    /* calls that work before that */
static size_t longest;      /* of one call; 0: any */
static int missing;         /* a node that cannot be opened */
static int event_lost, event_error, half_event;
static unsigned open_nodes, calls, waits, refuse_map;
static uint32_t shadow[FLOW_CORE_PAGE_BYTES / 4];

static int open_node(const char *path, int writable, int nonblocking) {
    const int node = strcmp(path, "user") == 0 ? USER : strcmp(path, "h2c") == 0 ? H2C : strcmp(path, "c2h") == 0 ? C2H : EVENTS;
    CHECK(nonblocking == (node == EVENTS));
    CHECK(writable || node == C2H || node == EVENTS);
    if (node == missing) return -ENOENT;
    ++open_nodes;
    return node;
}

static void close_node(int node) {
    CHECK(node >= USER && node <= EVENTS);
    --open_nodes;
}

static int64_t data_call(const void *data, size_t length, uint64_t offset, size_t *count) {
    ++calls;
    now += 10;
    CHECK((uintptr_t)data % 64 == 0 && length % 64 == 0 && offset % 64 == 0 && length <= FLOW_XDMA_MAX_CALL);
    if (answer && answer_after-- <= 0) return answer == 1 ? (int64_t)length + 64 : answer == 2 ? 0 : answer;
    *count = longest && longest < length ? longest : length;
    CHECK(offset + length <= MEMORY);
    return 3;
}

static int64_t read_at(int node, void *data, size_t length, uint64_t offset) {
    size_t count = 0;
    CHECK(node == C2H);
    const int64_t early = data_call(data, length, offset, &count);
    if (early != 3) return early;
    memcpy(data, engine.memory + offset, count);
    return (int64_t)count;
}

static int64_t write_at(int node, const void *data, size_t length, uint64_t offset) {
    size_t count = 0;
    CHECK(node == H2C);
    const int64_t early = data_call(data, length, offset, &count);
    if (early != 3) return early;
    memcpy(engine.memory + offset, data, count);
    return (int64_t)count;
}

static int wait_readable(int node, uint64_t timeout_ns) {
    CHECK(node == EVENTS && timeout_ns <= SLICE);
    ++waits;
    if (event_error) return event_error;
    if (engine.raised && !event_lost) return 1;
    now += timeout_ns;
    return 0;
}

static int64_t read_event(int node, void *data, size_t length) {
    CHECK(node == EVENTS && length == 4);
    memset(data, 0, length);
    return half_event ? 2 : 4;
}

static volatile uint32_t *map(int node, size_t length) {
    CHECK(node == USER && length == FLOW_CORE_PAGE_BYTES);
    return refuse_map ? NULL : shadow;
}

static void unmap(volatile uint32_t *registers, size_t length) {
    CHECK(registers == shadow && length == FLOW_CORE_PAGE_BYTES);
}

static uint32_t load(volatile uint32_t *address) {
    now += 10;
    return device_load(&engine, (uint32_t)(address - shadow) * 4);
}

static void store(volatile uint32_t *address, uint32_t value) {
    device_store(&engine, (uint32_t)(address - shadow) * 4, value);
}

static uint64_t now_ns(void) { return now; }

static const flow_xdma_system fake = {
    .open_node = open_node, .close_node = close_node, .read_at = read_at, .write_at = write_at, .read_event = read_event,
    .wait_readable = wait_readable, .map = map, .unmap = unmap, .load = load, .store = store, .now_ns = now_ns,
};

static alignas(64) uint8_t buffer[BUFFER];
static const char *const events[] = {"events"};
static int event_nodes[1];
static flow_xdma xdma;
static flow_transport transport;
static flow_core core;

static flow_status start(void) {
    device_reset(&engine);
    answer = answer_after = 0;
    longest = 0;
    missing = event_lost = event_error = half_event = 0;
    open_nodes = calls = waits = refuse_map = 0;
    xdma = (flow_xdma){.user = "user", .h2c = "h2c", .c2h = "c2h", .events = events, .cores = 1, .channels = 1,
                       .channel_bytes = MEMORY, .channel_stride = MEMORY, .buffer = buffer, .buffer_bytes = BUFFER,
                       .timeout_ns = TIMEOUT, .slice_ns = SLICE, .system = &fake, .event_nodes = event_nodes};
    return FLOW_OK;
}

static void open_all(const uint8_t *weights, size_t length) {
    start();
    EXPECT(flow_xdma_open(&xdma, &transport), FLOW_OK);
    EXPECT(flow_open(&core, &transport, &FLOW_MODEL, 0, 0, 0, MEMORY, TIMEOUT), FLOW_OK);
    if (weights) EXPECT(flow_upload(&core, weights, length), FLOW_OK);
}

static void shut(void) {
    flow_xdma_close(&xdma);
    CHECK(open_nodes == 0);
}

/* A data fault ends a call with the transport's status, the handle names it, and nothing works after it. */
static void data_fault(const uint8_t *weights, size_t length, int64_t with, flow_xdma_fault named) {
    for (int after = 0; after < 3; ++after) {
        open_all(NULL, 0);
        answer = with;
        answer_after = after;
        const uint64_t begin = now;
        EXPECT(flow_upload(&core, weights, length), after * BUFFER >= (int)length ? FLOW_OK : FLOW_BAD_TRANSPORT);
        CHECK(now - begin <= TIMEOUT + 100);
        if (after * BUFFER < (int)length) {
            CHECK(xdma.fault == named);
            const unsigned before = calls;
            answer = 0;
            EXPECT(flow_upload(&core, weights, length), FLOW_DEAD);
            uint32_t value = 0;
            CHECK(transport.reg_read(transport.context, 0, &value) != 0 && calls == before);
        }
        shut();
    }
}

static void round_trips(void) {
    static uint8_t out[3000], in[3000];
    open_all(NULL, 0);
    for (size_t i = 0; i < sizeof out; ++i) out[i] = (uint8_t)(i * 7 + 1);
    for (size_t offset = 0; offset < 130; offset += 13) {
        for (size_t length = 0; length < sizeof out - 200; length = length * 2 + 1) {
            for (longest = 0; longest < 400; longest += 133) {
                memset(engine.memory, 0xA5, 8192);
                CHECK(transport.mem_write(transport.context, 0, offset, out, length) == 0);
                CHECK(memcmp(engine.memory + offset, out, length) == 0);
                for (size_t i = 0; i < offset; ++i) CHECK(engine.memory[i] == 0xA5);
                for (size_t i = offset + length; i < 8192; ++i) CHECK(engine.memory[i] == 0xA5);
                memset(in, 0, sizeof in);
                CHECK(transport.mem_read(transport.context, 0, offset, in, length) == 0);
                CHECK(memcmp(in, out, length) == 0);
            }
        }
    }
    longest = 0;
    CHECK(transport.mem_write(transport.context, 0, MEMORY - 10, out, 10) == 0);
    CHECK(transport.mem_write(transport.context, 0, MEMORY - 10, out, 11) != 0);
    CHECK(xdma.fault == FLOW_XDMA_OUT_OF_WINDOW);
    shut();
}

int main(int argc, char **argv) {
    size_t length = 0;
    CHECK(argc == 2);
    uint8_t *weights = whole_file(argv[1], &length);
    CHECK(length > 2 * BUFFER);

    round_trips();
    data_fault(weights, length, -EIO, FLOW_XDMA_ERROR);
    data_fault(weights, length, -ETIMEDOUT, FLOW_XDMA_TIMED_OUT);
    data_fault(weights, length, -EBUSY, FLOW_XDMA_OFFLINE);
    data_fault(weights, length, -ENODEV, FLOW_XDMA_OFFLINE);
    data_fault(weights, length, -EINVAL, FLOW_XDMA_ERROR);
    data_fault(weights, length, 1, FLOW_XDMA_BAD_COUNT);
    data_fault(weights, length, 2, FLOW_XDMA_TIMED_OUT);      /* nothing moves, for ever */
    data_fault(weights, length, -EINTR, FLOW_XDMA_TIMED_OUT); /* interrupted, for ever */

    /* a node that is not there */
    for (missing = USER; missing <= EVENTS; ++missing) {
        const int absent = missing;
        start();
        missing = absent;
        EXPECT(flow_xdma_open(&xdma, &transport), FLOW_BAD_TRANSPORT);
        CHECK(xdma.fault == FLOW_XDMA_NO_NODE && open_nodes == 0);
    }
    start();
    refuse_map = 1;
    EXPECT(flow_xdma_open(&xdma, &transport), FLOW_BAD_TRANSPORT);
    CHECK(xdma.fault == FLOW_XDMA_NO_NODE && open_nodes == 0);

    /* what cannot work is refused before anything is opened */
    start();
    xdma.buffer_bytes = 100;
    EXPECT(flow_xdma_open(&xdma, &transport), FLOW_BAD_ARGUMENT);
    start();
    xdma.buffer = buffer + 8;
    EXPECT(flow_xdma_open(&xdma, &transport), FLOW_BAD_ARGUMENT);
    start();
    xdma.channel_stride = MEMORY / 2;
    EXPECT(flow_xdma_open(&xdma, &transport), FLOW_BAD_ARGUMENT);
    CHECK(open_nodes == 0);

    /* another engine, another ABI, no engine, no device */
    start();
    EXPECT(flow_xdma_open(&xdma, &transport), FLOW_OK);
    engine.registers[FLOW_REG_ABI / 4] += 1u << FLOW_REG_ABI_MAJOR_LSB;
    EXPECT(flow_open(&core, &transport, &FLOW_MODEL, 0, 0, 0, MEMORY, TIMEOUT), FLOW_WRONG_ABI);
    device_reset(&engine);
    engine.registers[FLOW_REG_HASH_LO / 4] ^= 1;
    EXPECT(flow_open(&core, &transport, &FLOW_MODEL, 0, 0, 0, MEMORY, TIMEOUT), FLOW_WRONG_ENGINE);
    device_reset(&engine);
    engine.registers[FLOW_REG_MAGIC / 4] = 0;
    EXPECT(flow_open(&core, &transport, &FLOW_MODEL, 0, 0, 0, MEMORY, TIMEOUT), FLOW_NOT_AN_ENGINE);
    device_reset(&engine);
    engine.lost = 1;
    EXPECT(flow_open(&core, &transport, &FLOW_MODEL, 0, 0, 0, MEMORY, TIMEOUT), FLOW_DEVICE_LOST);
    shut();

    /* a launch with its interrupt */
    open_all(weights, length);
    EXPECT(flow_start(&core), FLOW_OK);
    EXPECT(flow_wait(&core, TIMEOUT), FLOW_OK);
    CHECK(waits == 1);

    /* the interrupt is lost: the end is found a slice later */
    event_lost = 1;
    EXPECT(flow_start(&core), FLOW_OK);
    const uint64_t begin = now;
    EXPECT(flow_wait(&core, TIMEOUT), FLOW_OK);
    CHECK(now - begin <= SLICE + 200);
    event_lost = 0;

    /* never an end: our deadline, then the core is reset and works again */
    engine.never_ends = 1;
    EXPECT(flow_start(&core), FLOW_OK);
    const uint64_t second = now;
    EXPECT(flow_wait(&core, TIMEOUT), FLOW_TIMED_OUT);
    CHECK(now - second <= TIMEOUT + SLICE + 500);
    engine.never_ends = 0;
    EXPECT(flow_start(&core), FLOW_OK);
    EXPECT(flow_wait(&core, TIMEOUT), FLOW_OK);

    /* an error on the bus behind the engine */
    engine.ends_with_error = 1;
    EXPECT(flow_start(&core), FLOW_OK);
    EXPECT(flow_wait(&core, TIMEOUT), FLOW_ENGINE_ERROR);
    CHECK(core.error.code == FLOW_ERROR_BUS);
    engine.ends_with_error = 0;
    EXPECT(flow_reset(&core, TIMEOUT), FLOW_OK);

    /* the device goes away while we wait */
    EXPECT(flow_start(&core), FLOW_OK);
    engine.lost = 1;
    EXPECT(flow_wait(&core, TIMEOUT), FLOW_DEVICE_LOST);
    EXPECT(flow_start(&core), FLOW_DEAD);
    shut();

    /* the events node fails, or gives half an event */
    open_all(weights, length);
    EXPECT(flow_start(&core), FLOW_OK);
    event_error = -EIO;
    EXPECT(flow_wait(&core, TIMEOUT), FLOW_BAD_TRANSPORT);
    CHECK(xdma.fault == FLOW_XDMA_ERROR);
    shut();
    open_all(weights, length);
    EXPECT(flow_start(&core), FLOW_OK);
    half_event = 1;
    EXPECT(flow_wait(&core, TIMEOUT), FLOW_BAD_TRANSPORT);
    CHECK(xdma.fault == FLOW_XDMA_BAD_COUNT);
    shut();
    free(weights);
    return 0;
}
