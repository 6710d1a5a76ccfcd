/* Transport for a bus the CPU sees: registers and memory at fixed addresses (SoC, RISC-V, a mapped PCIe BAR).
 *
 * On a SoC all channels are ports to one memory: memory[] has the same pointer for each, and core k is opened with a base of its
 * own, base + k * flow_device_bytes(), in physical memory that the operating system leaves alone. Two cores at one base
 * overwrite each other.
 *
 * A barrier stands before each write of a register and after each read: the engine finds what was written before its doorbell, and
 * nothing is read before the end was seen. It is the widest of ARM (from version 7 on) and RISC-V, elsewhere C11's fence: a CPU whose
 * fence leaves registers out needs its own. */
#ifndef FLOW_MMIO_H
#define FLOW_MMIO_H

#include "flow.h"

typedef struct {
    volatile uint32_t *registers;     /* first core's page */
    uint8_t *const *memory;           /* of each channel, where the CPU sees device address 0 */
    uint32_t channels;
    uint64_t (*now_ns)(void);
    /* Caches: clean before the engine reads, invalidate before the CPU reads; NULL where memory is coherent. */
    void (*clean)(const void *start, size_t length);
    void (*invalidate)(void *start, size_t length);
} flow_mmio;

/* Fill transport so that it uses mmio, which must outlive it. The cores are polled. */
flow_status flow_mmio_transport(flow_mmio *mmio, flow_transport *transport);

#endif
