/* The operating system's calls for flow_xdma, with the Verilated engine behind the nodes: registers are its AXI-Lite port, data its
 * memories, an event its interrupt. FLOW_XDMA_SEED plants what a driver may do: short counts, interrupted calls, lost and
 * spurious interrupts. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flow_sim.h"
#include "flow_xdma.h"

enum { USER = 10, H2C, C2H, EVENTS = 20, PAGES = 64 };

#define STRIDE (UINT64_C(1) << 24)

static flow_sim *sim;
static uint32_t registers[PAGES * FLOW_CORE_PAGE_BYTES / 4];
static uint64_t state;
static int planted;

static unsigned chance(unsigned of) {
    state = state * UINT64_C(6364136223846793005) + 1442695040888963407u;
    return planted ? (unsigned)(state >> 33) % of : 1;
}

static int ends_with(const char *path, const char *end) {
    const size_t length = strlen(path), size = strlen(end);
    return length >= size && strcmp(path + length - size, end) == 0;
}

static int open_node(const char *path, int writable, int nonblocking) {
    (void)writable;
    (void)nonblocking;
    if (!sim) {
        const flow_sim_config config = {.memory_bytes = STRIDE, .seed = 1, .latency = FLOW_SIM_DEFAULT_LATENCY, .threads = 1};
        const char *seed = getenv("FLOW_XDMA_SEED");
        planted = seed != NULL;
        state = seed ? strtoull(seed, NULL, 0) : 0;
        sim = flow_sim_create(&config);
        if (!sim) return -ENODEV;
    }
    if (ends_with(path, "_user")) return USER;
    if (ends_with(path, "_h2c_0")) return H2C;
    if (ends_with(path, "_c2h_0")) return C2H;
    const char *number = strrchr(path, '_');
    return number && strstr(path, "_events_") ? EVENTS + atoi(number + 1) : -ENOENT;
}

static void close_node(int node) {
    if (node == USER) {
        if (flow_sim_protocol_error(sim)) {
            fprintf(stderr, "protocol: %s\n", flow_sim_protocol_error(sim));
            exit(4);
        }
        flow_sim_destroy(sim);
        sim = NULL;
    }
}

static size_t shortened(size_t length) { return chance(3) == 0 ? chance(4) == 0 ? 0 : length / 3 : length; }

static int64_t moved(int result, size_t length) { return result == 0 ? (int64_t)length : -EIO; }

static int aligned(const void *data, size_t length, uint64_t offset) {
    return (uintptr_t)data % 64 == 0 && length % 64 == 0 && offset % 64 == 0;
}

static int64_t read_at(int node, void *data, size_t length, uint64_t offset) {
    if (node != C2H || !aligned(data, length, offset)) return -EINVAL;
    if (chance(7) == 0) return -EINTR;
    length = shortened(length);
    return moved(flow_sim_mem_read(sim, (uint32_t)(offset / STRIDE), offset % STRIDE, data, length), length);
}

static int64_t write_at(int node, const void *data, size_t length, uint64_t offset) {
    if (node != H2C || !aligned(data, length, offset)) return -EINVAL;
    if (chance(7) == 0) return -EAGAIN;
    length = shortened(length);
    return moved(flow_sim_mem_write(sim, (uint32_t)(offset / STRIDE), offset % STRIDE, data, length), length);
}

static int wait_readable(int node, uint64_t timeout_ns) {
    if (chance(5) == 0) return 1;                                 /* an event that is not ours */
    if (chance(3) == 0) return flow_sim_step(sim, 1000), 0;       /* lost */
    const int result = flow_sim_wait_irq(sim, (uint32_t)(node - EVENTS), timeout_ns);
    return result < 0 ? -EIO : result == 0;
}

static int64_t read_event(int node, void *data, size_t length) {
    (void)node;
    memset(data, 1, length);
    return (int64_t)length;
}

static volatile uint32_t *map(int node, size_t length) {
    return node == USER && length <= sizeof registers ? registers : NULL;
}

static void unmap(volatile uint32_t *start, size_t length) {
    (void)start;
    (void)length;
}

static uint32_t load(volatile uint32_t *address) {
    uint32_t value = 0xFFFFFFFFu;
    (void)flow_sim_reg_read(sim, (uint32_t)(address - registers) * 4, &value);
    return value;
}

static void store(volatile uint32_t *address, uint32_t value) {
    (void)flow_sim_reg_write(sim, (uint32_t)(address - registers) * 4, value);
}

static uint64_t now_ns(void) { return sim ? flow_sim_cycles(sim) : 0; }

const flow_xdma_system flow_xdma_linux = {
    .open_node = open_node, .close_node = close_node, .read_at = read_at, .write_at = write_at, .read_event = read_event,
    .wait_readable = wait_readable, .map = map, .unmap = unmap, .load = load, .store = store, .now_ns = now_ns,
};
