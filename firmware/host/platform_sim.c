/* flow_host on the Verilated engine: options of the memory model, watches on every tensor the engine writes. */
#include <string.h>

#include "flow_sim_transport.h"
#include "platform.h"

static const char usage[] =
    "  --latency N       cycles of memory latency (100)\n"
    "  --bandwidth N     1/1000 byte per cycle and channel, 0 unlimited (51200 per core of the channel)\n"
    "  --stall N         chance of each handshake to be held back, 1/1000 (0)\n"
    "  --reorder 0|1     answer bursts of different IDs in random order (0)\n"
    "  --seed N          of stalls, and of what registers and unwritten memory hold (1)\n"
    "  --dump DIR        write each tensor as DIR/<batch>-<number>.bin when its last byte was written\n"
    "  --progress N      report to stderr every N cycles\n";

static struct {
    flow_sim_config config;
    flow_sim_link link;
    const char *dump;
    uint64_t bandwidth;
    int bandwidth_given;
    uint64_t begin;
    uint64_t noise; /* state of the generator */
    uint64_t start[PLATFORM_MAX_CORES];
    const flow_core *cores;
    uint32_t count;
} self = {.config = {.seed = 1, .latency = FLOW_SIM_DEFAULT_LATENCY, .threads = 1}};

static int option(const char *name, const char *value) {
    if (!value) return 0;
    if (strcmp(name, "--dump") == 0) {
        self.dump = value;
        return 2;
    }
    uint64_t number = 0;
    if (!platform_number(value, &number)) return 0;
    if (strcmp(name, "--latency") == 0) self.config.latency = (uint32_t)number;
    else if (strcmp(name, "--bandwidth") == 0) self.bandwidth = number, self.bandwidth_given = 1;
    else if (strcmp(name, "--stall") == 0) self.config.stall_permille = (uint32_t)number;
    else if (strcmp(name, "--reorder") == 0) self.config.reorder = (uint32_t)number;
    else if (strcmp(name, "--seed") == 0) self.config.seed = number;
    else if (strcmp(name, "--progress") == 0) self.link.slice_cycles = number;
    else return 0;
    return 2;
}

static void progress(void *argument, uint64_t cycles) {
    (void)argument;
    uint32_t done = 0, total = 0;
    for (uint32_t c = 0; c < self.count; ++c)
        for (uint32_t i = 0; i < self.cores[c].model->written_count; ++i, ++total)
            done += flow_sim_watch_result(self.link.sim, total, NULL, NULL) == 1;
    fprintf(stderr, "progress %llu %u %u\n", (unsigned long long)(cycles - self.begin), (unsigned)done, (unsigned)total);
}

static int start_simulation(flow_transport *transport, uint32_t cores, uint64_t bytes) {
    const uint32_t channels = flow_sim_channels();
    const uint32_t sharing = (cores + channels - 1) / channels;
    if (cores > flow_sim_cores()) {
        fprintf(stderr, "the simulated engine has %u cores\n", (unsigned)flow_sim_cores());
        return -1;
    }
    self.config.memory_bytes = sharing * bytes + FLOW_REGION_ALIGNMENT;
    self.config.bandwidth_millibytes =
        (uint32_t)(self.bandwidth_given ? self.bandwidth : (uint64_t)sharing * FLOW_SIM_DEFAULT_BANDWIDTH);
    self.link.sim = flow_sim_create(&self.config);
    if (!self.link.sim) {
        fprintf(stderr, "the simulation cannot be created\n");
        return -1;
    }
    self.link.progress = progress;
    self.noise = self.config.seed * 2 + 1;
    return flow_sim_transport(&self.link, transport) == FLOW_OK ? 0 : -1;
}

static void shut(void) { flow_sim_destroy(self.link.sim); }
static uint32_t channels(void) { return flow_sim_channels(); }
static uint64_t memory_bytes(void) { return self.config.memory_bytes; }
static const char *fault(void) { return flow_sim_protocol_error(self.link.sim); }

static uint64_t size_of(const flow_layout *l) { return (uint64_t)l->blocks * l->height * l->width * l->pix * l->cols; }

/* What a region holds that nothing was written to since the last launch: anything. */
static int forget(const flow_core *core, uint32_t region) {
    uint64_t words[1024];
    const uint64_t end = core->base[region] + core->model->region_bytes[region];
    for (uint64_t address = core->base[region]; address < end; address += sizeof words) {
        for (size_t i = 0; i < sizeof words / sizeof *words; ++i) {
            self.noise ^= self.noise << 13;
            self.noise ^= self.noise >> 7;
            self.noise ^= self.noise << 17;
            words[i] = self.noise;
        }
        const size_t length = end - address < sizeof words ? (size_t)(end - address) : sizeof words;
        if (flow_sim_mem_write(self.link.sim, core->channel, address, words, length) != 0) return -1;
    }
    return 0;
}

static int begin(const flow_core *cores, uint32_t count) {
    self.cores = cores;
    self.count = count;
    self.begin = flow_sim_cycles(self.link.sim);
    flow_sim_watch_clear(self.link.sim);
    for (uint32_t c = 0; c < count; ++c) {
        if (forget(&cores[c], FLOW_REGION_SCRATCH) != 0 || forget(&cores[c], FLOW_REGION_OUTPUT) != 0) return -1;
        for (uint32_t i = 0; i < cores[c].model->written_count; ++i) {
            const flow_written *w = &cores[c].model->written[i];
            const uint64_t address = cores[c].base[w->layout.region] + w->layout.offset;
            if (flow_sim_watch(self.link.sim, cores[c].channel, address, size_of(&w->layout), w->bytes_written) < 0) {
                fprintf(stderr, "tensor %s does not lie in the memory\n", w->tensor);
                return -1;
            }
        }
    }
    return 0;
}

static void started(uint32_t index) { self.start[index] = flow_sim_cycles(self.link.sim); }

static int report(FILE *out, const flow_core *cores, uint32_t index, uint32_t batch) {
    const flow_model *model = cores[index].model;
    uint32_t watch = 0;
    int failed = 0;
    for (uint32_t c = 0; c < index; ++c) watch += cores[c].model->written_count;
    fprintf(out, ", \"finished\": [");
    for (uint32_t i = 0; i < model->written_count; ++i, ++watch) {
        uint64_t cycle = 0;
        const uint8_t *data = NULL;
        const int complete = flow_sim_watch_result(self.link.sim, watch, &cycle, &data) == 1;
        if (!complete) {
            fprintf(stderr, "tensor %s: %llu of %llu bytes were written\n", model->written[i].tensor,
                    (unsigned long long)flow_sim_watch_bytes(self.link.sim, watch),
                    (unsigned long long)model->written[i].bytes_written);
            failed = -1;
        }
        if (complete) fprintf(out, "%s%llu", i ? ", " : "", (unsigned long long)(cycle - self.start[index]));
        else fprintf(out, "%snull", i ? ", " : "");
        if (complete && self.dump) {
            char path[4096];
            const int length = snprintf(path, sizeof path, "%s/%u-%u.bin", self.dump, (unsigned)batch, (unsigned)i);
            const size_t size = (size_t)size_of(&model->written[i].layout);
            FILE *file = length > 0 && (size_t)length < sizeof path ? fopen(path, "wb") : NULL;
            int good = file && fwrite(data, 1, size, file) == size;
            if (file && fclose(file) != 0) good = 0;
            if (!good) {
                fprintf(stderr, "cannot write %s\n", path);
                failed = -1;
            }
        }
    }
    fprintf(out, "]");
    return failed;
}

const flow_platform flow_platform_sim = {
    .name = "sim", .usage = usage, .option = option, .open = start_simulation, .close = shut, .channels = channels,
    .memory_bytes = memory_bytes, .begin = begin, .started = started, .report = report, .fault = fault,
};
