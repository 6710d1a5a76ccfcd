#include "flow_sim_transport.h"

static int reg_read(void *context, uint32_t address, uint32_t *value) {
    return flow_sim_reg_read(((flow_sim_link *)context)->sim, address, value);
}

static int reg_write(void *context, uint32_t address, uint32_t value) {
    return flow_sim_reg_write(((flow_sim_link *)context)->sim, address, value);
}

static int mem_write(void *context, uint32_t channel, uint64_t address, const void *data, size_t length) {
    return flow_sim_mem_write(((flow_sim_link *)context)->sim, channel, address, data, length);
}

static int mem_read(void *context, uint32_t channel, uint64_t address, void *data, size_t length) {
    return flow_sim_mem_read(((flow_sim_link *)context)->sim, channel, address, data, length);
}

static int wait_interrupt(void *context, uint32_t core, uint64_t timeout_ns) {
    flow_sim_link *link = context;
    for (;;) {
        const uint64_t slice = link->slice_cycles && link->slice_cycles < timeout_ns ? link->slice_cycles : timeout_ns;
        const int result = flow_sim_wait_irq(link->sim, core, slice);
        if (result != 1) return result;
        if (link->progress) link->progress(link->argument, flow_sim_cycles(link->sim));
        timeout_ns -= slice;
        if (!timeout_ns) return 1;
    }
}

static uint64_t now_ns(void *context) { return flow_sim_cycles(((flow_sim_link *)context)->sim); }

flow_status flow_sim_transport(flow_sim_link *link, flow_transport *transport) {
    if (!link || !link->sim || !transport) return FLOW_BAD_ARGUMENT;
    *transport = (flow_transport){.context = link, .reg_read = reg_read, .reg_write = reg_write, .mem_write = mem_write,
                                  .mem_read = mem_read, .wait_interrupt = wait_interrupt, .now_ns = now_ns};
    return FLOW_OK;
}
