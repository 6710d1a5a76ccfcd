/* The calls of flow_xdma on the files of a card: the operating system's own (flow_xdma_linux.c, which is compiled under another name), but for
 * registers, whose writes go through card.h, and for what a driver may do, planted by the environment:
 * FLOW_XDMA_SEED   short counts, interrupted calls, events that are not ours
 * FLOW_XDMA_FAULT  error number that data calls end with after FLOW_XDMA_AFTER of them */
#include <errno.h>
#include <stdlib.h>

#include "card.h"
#include "flow_xdma.h"

extern const flow_xdma_system flow_xdma_real;

static card_bar *bar;
static uint64_t state, calls;

static unsigned chance(unsigned of) {
    static const char *seed;
    if (!seed && (seed = getenv("FLOW_XDMA_SEED")) != NULL) state = strtoull(seed, NULL, 0);
    state = state * UINT64_C(6364136223846793005) + 1442695040888963407u;
    return seed ? (unsigned)(state >> 33) % of : 1;
}

static int open_node(const char *path, int writable, int nonblocking) {
    return flow_xdma_real.open_node(path, writable, nonblocking);
}

/* A planted error, or 0 and perhaps fewer bytes. */
static int64_t disturbed(const void *data, size_t *length, uint64_t offset) {
    const char *fault = getenv("FLOW_XDMA_FAULT"), *after = getenv("FLOW_XDMA_AFTER");
    if ((uintptr_t)data % 64 || *length % 64 || offset % 64) return -EINVAL;
    if (fault && calls++ >= (after ? strtoull(after, NULL, 0) : 0)) return -(int64_t)strtoll(fault, NULL, 0);
    if (chance(7) == 0) return chance(2) ? -EINTR : -EAGAIN;
    if (chance(3) == 0) *length /= 3;
    return 0;
}

static int64_t read_at(int node, void *data, size_t length, uint64_t offset) {
    const int64_t early = disturbed(data, &length, offset);
    return early ? early : flow_xdma_real.read_at(node, data, length, offset);
}

static int64_t write_at(int node, const void *data, size_t length, uint64_t offset) {
    const int64_t early = disturbed(data, &length, offset);
    return early ? early : flow_xdma_real.write_at(node, data, length, offset);
}

static int64_t read_event(int node, void *data, size_t length) { return flow_xdma_real.read_event(node, data, length); }

static int wait_readable(int node, uint64_t timeout_ns) {
    return chance(5) == 0 ? -EINTR : flow_xdma_real.wait_readable(node, timeout_ns);
}

static volatile uint32_t *map(int node, size_t length) {
    if (length > sizeof bar->registers) return NULL;
    volatile uint32_t *start = flow_xdma_real.map(node, sizeof *bar);
    bar = (card_bar *)(uintptr_t)start;
    return start;
}

static void unmap(volatile uint32_t *registers, size_t length) {
    (void)length;
    flow_xdma_real.unmap(registers, sizeof *bar);
}

static uint32_t load(volatile uint32_t *address) {
    return card_load(bar, (uint32_t)((uintptr_t)address - (uintptr_t)bar->registers));
}

static void store(volatile uint32_t *address, uint32_t value) {
    card_store(bar, (uint32_t)((uintptr_t)address - (uintptr_t)bar->registers), value);
}

static void close_node(int node) { flow_xdma_real.close_node(node); }
static uint64_t now_ns(void) { return flow_xdma_real.now_ns(); }

const flow_xdma_system flow_xdma_linux = {
    .open_node = open_node, .close_node = close_node, .read_at = read_at, .write_at = write_at, .read_event = read_event,
    .wait_readable = wait_readable, .map = map, .unmap = unmap, .load = load, .store = store, .now_ns = now_ns,
};
