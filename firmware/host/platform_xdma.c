/* flow_host on a card with AMD's XDMA and its Linux driver. Not run on a card here; tested on stand-ins. */
#include <stdalign.h>
#include <string.h>

#include "flow_xdma.h"
#include "platform.h"

enum { PATH_BYTES = 256, BUFFER_BYTES = 1 << 20 };

static const char usage[] =
    "  --nodes PREFIX    of the device nodes (/dev/xdma0)\n"
    "  --channel-bytes N memory of each channel (16 GiB)\n"
    "  --channels N      memory channels of the engine (1)\n"
    "  --poll 0|1        look at the status instead of waiting for interrupts (0)\n";

static alignas(FLOW_XDMA_ALIGNMENT) uint8_t buffer[BUFFER_BYTES];

static struct {
    const char *nodes;
    flow_xdma xdma;
    int poll;
    int event_nodes[PLATFORM_MAX_CORES];
    char paths[3][PATH_BYTES];
    char event_paths[PLATFORM_MAX_CORES][PATH_BYTES];
    const char *events[PLATFORM_MAX_CORES];
} self = {.nodes = "/dev/xdma0",
          .xdma = {.channels = 1, .channel_bytes = UINT64_C(1) << 34, .timeout_ns = UINT64_C(20000000000),
                   .slice_ns = UINT64_C(100000000)}};

static int option(const char *name, const char *value) {
    if (strcmp(name, "--nodes") == 0) {
        self.nodes = value;
        return 2;
    }
    uint64_t number = 0;
    if (!platform_number(value, &number)) return 0;
    if (strcmp(name, "--channel-bytes") == 0) self.xdma.channel_bytes = number;
    else if (strcmp(name, "--channels") == 0 && number) self.xdma.channels = (uint32_t)number;
    else if (strcmp(name, "--poll") == 0) self.poll = number != 0;
    else return 0;
    return 2;
}

static int path(char *into, const char *kind, uint32_t number) {
    const int length = snprintf(into, PATH_BYTES, "%s_%s_%u", self.nodes, kind, (unsigned)number);
    return length > 0 && length < PATH_BYTES;
}

static const char *fault(void) {
    return self.xdma.fault == FLOW_XDMA_ALIVE ? NULL : flow_xdma_fault_name(self.xdma.fault);
}

static int open_card(flow_transport *transport, uint32_t cores, uint64_t bytes) {
    (void)bytes;
    const int length = snprintf(self.paths[0], PATH_BYTES, "%s_user", self.nodes);
    int good = length > 0 && length < PATH_BYTES && path(self.paths[1], "h2c", 0) && path(self.paths[2], "c2h", 0);
    for (uint32_t core = 0; core < cores; ++core) {
        good = good && path(self.event_paths[core], "events", core);
        self.events[core] = self.event_paths[core];
    }
    if (!good) {
        fprintf(stderr, "flow_host: the nodes' names are too long\n");
        return -1;
    }
    self.xdma.user = self.paths[0];
    self.xdma.h2c = self.paths[1];
    self.xdma.c2h = self.paths[2];
    self.xdma.events = self.poll ? NULL : self.events;
    self.xdma.event_nodes = self.event_nodes;
    self.xdma.cores = cores;
    self.xdma.channel_stride = self.xdma.channel_bytes;
    self.xdma.buffer = buffer;
    self.xdma.buffer_bytes = sizeof buffer;
    self.xdma.system = &flow_xdma_linux;
    const flow_status status = flow_xdma_open(&self.xdma, transport);
    return platform_opened(status, self.nodes, fault());
}

static void shut(void) { flow_xdma_close(&self.xdma); }
static uint32_t channels(void) { return self.xdma.channels; }
static uint64_t memory_bytes(void) { return self.xdma.channel_bytes; }

const flow_platform flow_platform_xdma = {
    .name = "xdma", .usage = usage, .option = option, .open = open_card, .close = shut, .channels = channels,
    .memory_bytes = memory_bytes, .fault = fault,
};
