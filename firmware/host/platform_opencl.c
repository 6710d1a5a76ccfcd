/* flow_host on the OpenCL kernel: whatever device the loader finds. */
#include <stdlib.h>
#include <string.h>

#include "flow_opencl_transport.h"
#include "platform.h"

#define SCRATCH_BYTES ((size_t)512 << 20)

static const char usage[] =
    "  --kernel FILE     the kernel, flow_engine.cl of the build folder\n"
    "  --binary FILE     instead: the vendor compiler's result (.aocx, .xclbin)\n"
    "  --cache DIR       folder for compiled kernels\n"
    "  --opencl-device N counted over all platforms (0)\n";

static struct {
    flow_opencl_config config;
    flow_opencl_link link;
} self = {.config = {.timeout_ns = UINT64_C(20000000000)}};

static int option(const char *name, const char *value) {
    uint64_t number = 0;
    if (strcmp(name, "--kernel") == 0 || strcmp(name, "--binary") == 0) {
        self.config.kernel = value;
        self.config.binary = strcmp(name, "--binary") == 0;
        return 2;
    }
    if (strcmp(name, "--cache") == 0) {
        self.config.cache = value;
        return 2;
    }
    if (strcmp(name, "--opencl-device") != 0 || !platform_number(value, &number)) return 0;
    self.config.device = (uint32_t)number;
    return 2;
}

static int start(flow_transport *transport, uint32_t cores, uint64_t bytes) {
    if (!self.config.kernel) {
        fprintf(stderr, "flow_host: --kernel is missing\n");
        return -1;
    }
    self.config.cores = cores;
    self.config.memory_bytes = bytes;
    void *scratch = malloc(SCRATCH_BYTES);
    const flow_status status =
        scratch ? flow_opencl_open(&self.link, &self.config, scratch, SCRATCH_BYTES, transport) : FLOW_BAD_ARGUMENT;
    free(scratch);
    return platform_opened(status, self.config.kernel, scratch ? self.link.problem : "out of memory");
}

static void shut(void) { flow_opencl_close(&self.link); }
static uint32_t channels(void) { return self.config.cores; }
static uint64_t memory_bytes(void) { return self.config.memory_bytes; }

const flow_platform flow_platform_opencl = {
    .name = "opencl", .usage = usage, .option = option, .one_at_a_time = 1, .open = start, .close = shut, .channels = channels,
    .memory_bytes = memory_bytes,
};
