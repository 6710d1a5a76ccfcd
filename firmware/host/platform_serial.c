/* flow_host on a board with a serial line (fpga/ecp5). Not run on a board here; tested on the simulated pins. */
#include <string.h>

#include "flow_serial.h"
#include "platform.h"

static const char usage[] =
    "  --port PATH       of the serial line (/dev/ttyUSB0)\n"
    "  --memory-bytes N  of the board's memory (131072)\n"
    "  --answer-ns N     longest time of one answer (500000000)\n"
    "  --attempts N      times a frame is sent before the line is given up (5)\n";

static struct {
    const char *port;
    int file;
    flow_serial serial;
} self = {.port = "/dev/ttyUSB0",
          .file = -1,
          .serial = {.memory_bytes = 131072, .timeout_ns = UINT64_C(500000000), .attempts = 5}};

static int option(const char *name, const char *value) {
    if (strcmp(name, "--port") == 0) {
        self.port = value;
        return 2;
    }
    uint64_t number = 0;
    if (!platform_number(value, &number)) return 0;
    if (strcmp(name, "--memory-bytes") == 0 && number % FLOW_SERIAL_WORD == 0) self.serial.memory_bytes = number;
    else if (strcmp(name, "--answer-ns") == 0) self.serial.timeout_ns = number;
    else if (strcmp(name, "--attempts") == 0 && number) self.serial.attempts = (uint32_t)number;
    else return 0;
    return 2;
}

static int open_port(flow_transport *transport, uint32_t cores, uint64_t bytes) {
    (void)cores;
    (void)bytes;
    self.file = flow_serial_linux_open(self.port);
    if (self.file < 0) return platform_opened(FLOW_BAD_TRANSPORT, self.port, "cannot be opened");
    self.serial.line = &flow_serial_linux;
    self.serial.context = &self.file;
    return platform_opened(flow_serial_transport(&self.serial, transport), self.port, NULL);
}

static void shut(void) {
    if (self.serial.repeated) fprintf(stderr, "%llu frames were sent again\n", (unsigned long long)self.serial.repeated);
    flow_serial_linux_close(self.file);
}

static uint32_t channels(void) { return 1; }
static uint64_t memory_bytes(void) { return self.serial.memory_bytes; }

static int report(FILE *out, const flow_core *cores, uint32_t index, uint32_t batch) {
    (void)cores;
    (void)index;
    (void)batch;
    return fprintf(out, ", \"repeated\": %llu", (unsigned long long)self.serial.repeated) < 0 ? -1 : 0;
}

const flow_platform flow_platform_serial = {
    .name = "serial", .usage = usage, .option = option, .open = open_port, .close = shut, .channels = channels,
    .memory_bytes = memory_bytes, .report = report,
};
