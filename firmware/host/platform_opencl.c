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
} self;

static int option(const char *name, const char *value) {
    char *end = NULL;
    if (strcmp(name, "--kernel") == 0 || strcmp(name, "--binary") == 0) {
        self.config.kernel = value;
        self.config.binary = strcmp(name, "--binary") == 0;
        return 2;
    }
    if (strcmp(name, "--cache") == 0) {
        self.config.cache = value;
        return 2;
    }
    if (strcmp(name, "--opencl-device") != 0) return 0;
    self.config.device = (uint32_t)strtoul(value, &end, 0);
    return *value && !*end ? 2 : 0;
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
    if (status != FLOW_OK) fprintf(stderr, "flow_host: %s: %s\n", flow_status_name(status), self.link.problem);
    return status == FLOW_OK ? 0 : -1;
}

static void shut(void) { flow_opencl_close(&self.link); }
static uint32_t channels(void) { return self.config.cores; }
static uint64_t memory_bytes(void) { return self.config.memory_bytes; }

static int begin(const flow_core *cores, uint32_t count) {
    (void)cores;
    (void)count;
    return 0;
}

static void started(uint32_t index) { (void)index; }

static int report(FILE *out, const flow_core *cores, uint32_t index, uint32_t batch) {
    (void)out;
    (void)cores;
    (void)index;
    (void)batch;
    return 0;
}

static const char *fault(void) { return NULL; }

const flow_platform flow_platform_opencl = {
    .name = "opencl", .usage = usage, .option = option, .open = start, .close = shut, .channels = channels,
    .memory_bytes = memory_bytes, .begin = begin, .started = started, .report = report, .fault = fault,
};
