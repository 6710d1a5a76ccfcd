/* Transport for AWS F2's small shell: registers on the OCL BAR, memory through the PCIS BAR, no DMA and no interrupt.
 *
 * The calls are those of AWS's fpga_pci.h, handed in so that this file needs none of its headers. The shell answers an access
 * that took longer than its bus time-out with all ones, or drops it, without an error, but counts it: that count must not move
 * over a transfer. Not run on AWS here; tested on stand-ins. */
#ifndef FLOW_F2_H
#define FLOW_F2_H

#include "flow.h"

typedef struct {
    int (*peek)(int bar, uint64_t offset, uint32_t *value);                               /* fpga_pci_peek */
    int (*poke)(int bar, uint64_t offset, uint32_t value);                                /* fpga_pci_poke */
    int (*write_burst)(int bar, uint64_t offset, uint32_t *words, uint64_t word_count); /* fpga_pci_write_burst */
    /* Accesses that timed out so far, on all BARs (fpga_mgmt_describe_local_image). */
    int (*timeouts)(uint32_t *count);
    uint64_t (*now_ns)(void); /* monotonic */
    int ocl, pcis; /* handles of fpga_pci_attach: BAR 0 and BAR 4 of the application's function */
    uint32_t cores, channels;
    uint64_t channel_bytes, channel_stride;
    /* Set by flow_f2_transport. */
    uint32_t timeouts_before;
    int dead;
} flow_f2;

/* Fill transport so that it uses f2, which must outlive it. The cores are polled. FLOW_BAD_TRANSPORT if the count of
 * time-outs cannot be had. */
flow_status flow_f2_transport(flow_f2 *f2, flow_transport *transport);

#endif
