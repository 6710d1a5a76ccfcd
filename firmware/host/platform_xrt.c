/* flow_host on AMD's cards through XRT. Not run on a card here; tested on a stand-in for XRT. */
#include <string.h>

#include "flow_xrt_transport.h"
#include "platform.h"

static const char usage[] =
    "  --xclbin FILE     the linker's result\n"
    "  --xrt-device N    as XRT counts them (0)\n";

static struct {
    flow_xrt_config config;
    flow_xrt_link *link;
} self;

static int option(const char *name, const char *value) {
    uint64_t number = 0;
    if (strcmp(name, "--xclbin") == 0) {
        self.config.xclbin = value;
        return 2;
    }
    if (strcmp(name, "--xrt-device") != 0 || !platform_number(value, &number)) return 0;
    self.config.device = (uint32_t)number;
    return 2;
}

static int start(flow_transport *transport, uint32_t cores, uint64_t bytes) {
    char problem[512] = "";
    if (!self.config.xclbin) {
        fprintf(stderr, "flow_host: --xclbin is missing\n");
        return -1;
    }
    self.config.cores = cores;
    self.config.memory_bytes = bytes;
    const flow_status status = flow_xrt_open(&self.link, &self.config, transport, problem, sizeof problem);
    return platform_opened(status, self.config.xclbin, problem);
}

static void shut(void) { flow_xrt_close(self.link); }
static uint32_t channels(void) { return self.config.cores; }
static uint64_t memory_bytes(void) { return self.config.memory_bytes; }

const flow_platform flow_platform_xrt = {
    .name = "xrt", .usage = usage, .option = option, .open = start, .close = shut, .channels = channels,
    .memory_bytes = memory_bytes,
};
