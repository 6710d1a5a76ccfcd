/* AWS's calls on the files of a card, whose prefix is FLOW_CARD. FLOW_F2_TIMEOUT: that access of memory takes longer than the shell's
 * time-out: a read gives all ones, a write is dropped. FLOW_F2_FAULT: from that access of memory on (0: from the start) the library refuses all. */
#define _POSIX_C_SOURCE 200809L
#include <fcntl.h>
#include <fpga_mgmt.h>
#include <fpga_pci.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "card.h"

static card_bar *bar;
static int data = -1;
static uint64_t size, accesses;
static uint32_t timeouts;

static int planted(const char *name) {
    const char *number = getenv(name);
    return number && accesses == strtoull(number, NULL, 0);
}

/* 1: the library refuses, 2: the access times out, 0: it works. */
static int disturbed(void) {
    static int refused;
    ++accesses;
    refused = refused || planted("FLOW_F2_FAULT");
    if (!refused && planted("FLOW_F2_TIMEOUT")) return ++timeouts, 2;
    return refused;
}

int fpga_mgmt_init(void) { return 0; }
int fpga_mgmt_close(void) { return 0; }

int fpga_mgmt_describe_local_image(int slot_id, struct fpga_mgmt_image_info *info, uint32_t flags) {
    if (slot_id != 0 || flags != FPGA_CMD_GET_HW_METRICS || planted("FLOW_F2_FAULT")) return -1;
    info->metrics.f2_metrics = (struct f2_metrics_common){.dma_pcis_timeout_count = timeouts};
    return 0;
}

int fpga_pci_attach(int slot_id, int pf_id, int bar_id, uint32_t flags, pci_bar_handle_t *handle) {
    char path[4096];
    struct stat facts;
    const char *prefix = getenv("FLOW_CARD");
    if (slot_id != 0 || pf_id != FPGA_APP_PF || !prefix || (bar_id == APP_PF_BAR4) != (flags == BURST_CAPABLE)) return -1;
    (void)snprintf(path, sizeof path, "%s_%s", prefix, bar_id == APP_PF_BAR0 ? "user" : "h2c_0");
    const int file = open(path, O_RDWR);
    if (file < 0 || fstat(file, &facts) != 0) return -1;
    if (bar_id == APP_PF_BAR0) {
        bar = mmap(NULL, sizeof *bar, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
        (void)close(file);
        if (bar == MAP_FAILED) return -1;
    } else {
        data = file;
        size = (uint64_t)facts.st_size;
    }
    *handle = bar_id;
    return 0;
}

int fpga_pci_detach(pci_bar_handle_t handle) { return handle == APP_PF_BAR4 ? close(data) : 0; }

int fpga_pci_poke(pci_bar_handle_t handle, uint64_t offset, uint32_t value) {
    if (handle != APP_PF_BAR0 || offset % 4 || offset >= sizeof bar->registers) return -1;
    card_store(bar, (uint32_t)offset, value);
    return 0;
}

int fpga_pci_peek(pci_bar_handle_t handle, uint64_t offset, uint32_t *value) {
    if (offset % 4) return -1;
    if (handle == APP_PF_BAR0) {
        if (offset >= sizeof bar->registers) return -1;
        *value = card_load(bar, (uint32_t)offset);
    } else {
        const int how = disturbed();
        if (how == 1 || offset + 4 > size || pread(data, value, 4, (off_t)offset) != 4) return -1;
        if (how == 2) *value = 0xFFFFFFFFu;
    }
    return 0;
}

int fpga_pci_write_burst(pci_bar_handle_t handle, uint64_t offset, uint32_t *datap, uint64_t dword_len) {
    const size_t bytes = (size_t)dword_len * 4;
    const int how = disturbed();
    if (how == 1 || handle != APP_PF_BAR4 || offset % 4 || offset + bytes > size) return -1;
    return how == 2 || pwrite(data, datap, bytes, (off_t)offset) == (ssize_t)bytes ? 0 : -1;
}
