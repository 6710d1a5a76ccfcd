#include "flow_mmio.h"

#include <stdatomic.h>
#include <string.h>

/* Accesses of memory and registers before it are done before those after it. C11's fence orders memory alone where
 * registers are another kind of it. */
static void barrier(void) {
#if defined __aarch64__ || (defined __ARM_ARCH && __ARM_ARCH >= 7)
    __asm__ volatile("dsb sy" ::: "memory");
#elif defined __riscv
    __asm__ volatile("fence iorw, iorw" ::: "memory");
#else
    atomic_thread_fence(memory_order_seq_cst);
#endif
}

static int reg_read(void *context, uint32_t address, uint32_t *value) {
    const flow_mmio *mmio = context;
    *value = mmio->registers[address / sizeof(uint32_t)];
    barrier();
    return 0;
}

static int reg_write(void *context, uint32_t address, uint32_t value) {
    const flow_mmio *mmio = context;
    barrier();
    mmio->registers[address / sizeof(uint32_t)] = value;
    return 0;
}

static int mem_write(void *context, uint32_t channel, uint64_t address, const void *data, size_t length) {
    const flow_mmio *mmio = context;
    if (channel >= mmio->channels) return -1;
    memcpy(mmio->memory[channel] + address, data, length);
    if (mmio->clean) mmio->clean(mmio->memory[channel] + address, length);
    return 0;
}

static int mem_read(void *context, uint32_t channel, uint64_t address, void *data, size_t length) {
    const flow_mmio *mmio = context;
    if (channel >= mmio->channels) return -1;
    if (mmio->invalidate) mmio->invalidate(mmio->memory[channel] + address, length);
    memcpy(data, mmio->memory[channel] + address, length);
    return 0;
}

static uint64_t now_ns(void *context) {
    const flow_mmio *mmio = context;
    return mmio->now_ns();
}

flow_status flow_mmio_transport(flow_mmio *mmio, flow_transport *transport) {
    if (!mmio || !transport || !mmio->registers || !mmio->memory || !mmio->now_ns) return FLOW_BAD_ARGUMENT;
    *transport = (flow_transport){.context = mmio, .reg_read = reg_read, .reg_write = reg_write,
                                  .mem_write = mem_write, .mem_read = mem_read, .now_ns = now_ns};
    return FLOW_OK;
}
