/* flow_host on AWS F2's small shell, with AWS's library (fpga_mgmt). Not run on AWS here; tested on stand-ins. */
#define _POSIX_C_SOURCE 200809L
#include <fpga_mgmt.h>
#include <fpga_pci.h>
#include <string.h>
#include <time.h>

#include "flow_f2.h"
#include "platform.h"

static const char usage[] =
    "  --slot N          of the FPGA (0)\n"
    "  --channel-bytes N memory of each channel (1 GiB)\n"
    "  --channels N      memory channels of the engine (1)\n";

static uint64_t now_ns(void) {
    struct timespec now;
    if (clock_gettime(CLOCK_MONOTONIC, &now) != 0) return 0;
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static int timeouts(uint32_t *count);

static struct {
    int slot;
    flow_f2 f2;
} self = {.f2 = {.peek = fpga_pci_peek, .poke = fpga_pci_poke, .write_burst = fpga_pci_write_burst,
                 .timeouts = timeouts, .now_ns = now_ns, .ocl = PCI_BAR_HANDLE_INIT, .pcis = PCI_BAR_HANDLE_INIT,
                 .channels = 1, .channel_bytes = UINT64_C(1) << 30}};

static int timeouts(uint32_t *count) {
    struct fpga_mgmt_image_info info;
    if (fpga_mgmt_describe_local_image(self.slot, &info, FPGA_CMD_GET_HW_METRICS) != 0) return -1;
    *count = info.metrics.f2_metrics.dma_pcis_timeout_count + info.metrics.f2_metrics.ocl_slave_timeout_count;
    return 0;
}

static int option(const char *name, const char *value) {
    uint64_t number = 0;
    if (!platform_number(value, &number)) return 0;
    if (strcmp(name, "--slot") == 0) self.slot = (int)number;
    else if (strcmp(name, "--channel-bytes") == 0) self.f2.channel_bytes = number;
    else if (strcmp(name, "--channels") == 0 && number) self.f2.channels = (uint32_t)number;
    else return 0;
    return 2;
}

static int open_card(flow_transport *transport, uint32_t cores, uint64_t bytes) {
    (void)bytes;
    char device[32];
    (void)snprintf(device, sizeof device, "slot %d", self.slot);
    if (fpga_mgmt_init() != 0 || fpga_pci_attach(self.slot, FPGA_APP_PF, APP_PF_BAR0, 0, &self.f2.ocl) != 0 ||
        fpga_pci_attach(self.slot, FPGA_APP_PF, APP_PF_BAR4, BURST_CAPABLE, &self.f2.pcis) != 0)
        return platform_opened(FLOW_BAD_TRANSPORT, device, "the FPGA cannot be attached");
    self.f2.cores = cores;
    self.f2.channel_stride = self.f2.channel_bytes;
    return platform_opened(flow_f2_transport(&self.f2, transport), device, NULL);
}

static void shut(void) {
    (void)fpga_pci_detach(self.f2.pcis);
    (void)fpga_pci_detach(self.f2.ocl);
    (void)fpga_mgmt_close();
}

static const char *fault(void) { return self.f2.dead ? "an access timed out or was refused" : NULL; }
static uint32_t channels(void) { return self.f2.channels; }
static uint64_t memory_bytes(void) { return self.f2.channel_bytes; }

const flow_platform flow_platform_f2 = {
    .name = "f2", .usage = usage, .option = option, .open = open_card, .close = shut, .channels = channels,
    .memory_bytes = memory_bytes, .fault = fault,
};
