/* Transport to the Verilated engine. Its clock is the time: one cycle is one nanosecond. */
#ifndef FLOW_SIM_TRANSPORT_H
#define FLOW_SIM_TRANSPORT_H

#include "flow.h"
#include "flow_sim.h"

typedef struct {
    flow_sim *sim;
    uint64_t slice_cycles;                             /* 0: no progress */
    void (*progress)(void *argument, uint64_t cycles); /* called after each slice of waiting */
    void *argument;
} flow_sim_link;

/* Fill transport so that it uses link, which must outlive it. */
flow_status flow_sim_transport(flow_sim_link *link, flow_transport *transport);

#endif
