/* flow_xdma with the operating system's own calls on files that stand for the nodes: a sparse file for the data, a memory file for the
 * registers with an engine of a thread behind it, a pipe for the events. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "device.h"
#include "flow_xdma.h"

enum { BUFFER = 1 << 16 };
#define SECOND UINT64_C(1000000000)
#define CHANNEL (UINT64_C(1) << 34)

static alignas(64) uint8_t buffer[BUFFER];
static _Atomic int quit, silent;
static volatile uint32_t *bar;
static int pipe_end;

/* Ends a launch soon after its doorbell. What it cannot see, a write of what is there already, it does not need. */
static void *engine(void *unused) {
    (void)unused;
    while (!quit) {
        const uint32_t control = bar[FLOW_REG_CONTROL / 4];
        if (control) {
            bar[FLOW_REG_CONTROL / 4] = 0;
            if (control & FLOW_REG_CONTROL_RESET_MASK) bar[FLOW_REG_STATUS / 4] = 0;
            if ((control & FLOW_REG_CONTROL_START_MASK) && !silent) {
                const uint32_t event = 1;
                bar[FLOW_REG_IRQ_PENDING / 4] = 1;
                bar[FLOW_REG_STATUS / 4] = FLOW_REG_STATUS_DONE_MASK;
                CHECK(write(pipe_end, &event, sizeof event) == (ssize_t)sizeof event);
            }
        }
        usleep(100);
    }
    return NULL;
}

int main(int argc, char **argv) {
    static device start;
    size_t length = 0;
    CHECK(argc == 2);
    uint8_t *weights = whole_file(argv[1], &length);
    const int user = open("user", O_RDWR | O_CREAT | O_TRUNC, 0600);
    const int data = open("data", O_RDWR | O_CREAT | O_TRUNC, 0600);
    CHECK(user >= 0 && data >= 0 && ftruncate(user, FLOW_CORE_PAGE_BYTES) == 0 && ftruncate(data, (off_t)(2 * CHANNEL)) == 0);
    device_reset(&start);
    CHECK(pwrite(user, start.registers, sizeof start.registers, 0) == (ssize_t)sizeof start.registers);
    void *mapped = mmap(NULL, FLOW_CORE_PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, user, 0);
    CHECK(mapped != MAP_FAILED);
    bar = mapped;
    CHECK(mkfifo("events", 0600) == 0);
    pipe_end = open("events", O_RDWR);
    CHECK(pipe_end >= 0);

    static const char *const events[] = {"events"};
    static int event_nodes[1];
    flow_xdma xdma = {.user = "user", .h2c = "data", .c2h = "data", .events = events, .cores = 1, .channels = 2,
                      .channel_bytes = CHANNEL, .channel_stride = CHANNEL, .buffer = buffer, .buffer_bytes = BUFFER,
                      .timeout_ns = 10 * SECOND, .slice_ns = SECOND / 5, .system = &flow_xdma_linux,
                      .event_nodes = event_nodes};
    flow_transport transport;
    flow_core core;
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, engine, NULL) == 0);
    EXPECT(flow_xdma_open(&xdma, &transport), FLOW_OK);
    EXPECT(flow_open(&core, &transport, &FLOW_MODEL, 0, 1, CHANNEL - MEMORY, CHANNEL, SECOND), FLOW_OK);
    EXPECT(flow_upload(&core, weights, length), FLOW_OK);

    /* the weights are where the second channel's memory lies on the bus */
    const size_t bytes = (size_t)FLOW_MODEL.region_bytes[FLOW_REGION_CONSTANT];
    uint8_t *seen = malloc(bytes);
    CHECK(seen && pread(data, seen, bytes, (off_t)(2 * CHANNEL - MEMORY)) == (ssize_t)bytes);
    CHECK(memcmp(seen, weights + length - bytes, bytes) == 0);
    memset(seen, 0, bytes);
    CHECK(transport.mem_read(transport.context, 1, CHANNEL - MEMORY, seen, bytes) == 0);
    CHECK(memcmp(seen, weights + length - bytes, bytes) == 0);
    CHECK(bar[FLOW_REG_CONSTANT_BASE_LO / 4] == (uint32_t)(CHANNEL - MEMORY));

    const uint64_t begin = flow_xdma_linux.now_ns();
    EXPECT(flow_start(&core), FLOW_OK);
    EXPECT(flow_wait(&core, 5 * SECOND), FLOW_OK);
    CHECK(flow_xdma_linux.now_ns() - begin < SECOND);

    /* the engine does not end: the deadline holds; the old event is not taken for a new one */
    silent = 1;
    EXPECT(flow_start(&core), FLOW_OK);
    bar[FLOW_REG_STATUS / 4] = FLOW_REG_STATUS_BUSY_MASK;
    const uint64_t second = flow_xdma_linux.now_ns();
    EXPECT(flow_wait(&core, SECOND / 2), FLOW_TIMED_OUT);
    CHECK(flow_xdma_linux.now_ns() - second < 2 * SECOND);

    /* the device is gone */
    bar[FLOW_REG_MAGIC / 4] = 0xFFFFFFFFu;
    bar[FLOW_REG_STATUS / 4] = 0xFFFFFFFFu;
    core.state = FLOW_STATE_RUNNING;
    EXPECT(flow_wait(&core, SECOND), FLOW_DEVICE_LOST);

    quit = 1;
    CHECK(pthread_join(thread, NULL) == 0);
    flow_xdma_close(&xdma);

    xdma.c2h = "nowhere";
    EXPECT(flow_xdma_open(&xdma, &transport), FLOW_BAD_TRANSPORT);
    CHECK(xdma.fault == FLOW_XDMA_NO_NODE);
    free(seen);
    free(weights);
    return 0;
}
