/* The Verilated engine with a memory on every channel, as a C library.
 *
 * One object is one engine (all cores) and its memories. Time passes only inside reg_read, reg_write, step, wait_irq
 * and reset. Functions returning int give 0 on success and a negative value on failure. */
#ifndef FLOW_SIM_H
#define FLOW_SIM_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct flow_sim flow_sim;

typedef struct {
    uint64_t memory_bytes;         /* size of each channel's memory, from address 0; allocated as it is touched */
    uint64_t seed;                 /* of stalls, reordering, moments of visibility and the registers' initial contents */
    uint32_t latency;              /* cycles from an accepted address to its data, from the last write beat to its response */
    uint32_t bandwidth_millibytes; /* 1/1000 byte per cycle and channel, reads and writes together; 0 is no limit */
    uint32_t stall_permille;       /* chance of each handshake to be held back in a cycle, below 1000 */
    uint32_t reorder;              /* not 0: bursts of different IDs are answered in random order */
    uint32_t threads;              /* simulation threads the model was built for */
    uint32_t reserved;
} flow_sim_config;

enum { FLOW_SIM_DEFAULT_LATENCY = 100, FLOW_SIM_DEFAULT_BANDWIDTH = 51200 };

/* What the model was built with. */
uint32_t flow_sim_channels(void);
uint32_t flow_sim_cores(void);
uint32_t flow_sim_axi_bytes(void);

/* NULL if memory is lacking or the configuration is impossible. The engine comes out of reset. */
flow_sim *flow_sim_create(const flow_sim_config *config);
void flow_sim_destroy(flow_sim *sim);
/* Hardware reset for some cycles; memories keep their contents. */
void flow_sim_reset(flow_sim *sim);

/* Transactions on the AXI-Lite port; address = core * page + register. Fail on an error response or after 10,000 cycles. */
int flow_sim_reg_read(flow_sim *sim, uint32_t address, uint32_t *value);
int flow_sim_reg_write(flow_sim *sim, uint32_t address, uint32_t value);

/* Direct access to a channel's memory, in no time. Fail outside the memory. */
int flow_sim_mem_write(flow_sim *sim, uint32_t channel, uint64_t address, const void *data, size_t length);
int flow_sim_mem_read(const flow_sim *sim, uint32_t channel, uint64_t address, void *data, size_t length);

void flow_sim_step(flow_sim *sim, uint64_t cycles);
/* 0 when the core's interrupt is raised, 1 if max_cycles passed before. */
int flow_sim_wait_irq(flow_sim *sim, uint32_t core, uint64_t max_cycles);
uint64_t flow_sim_cycles(const flow_sim *sim);

/* Bus accesses that touch the range are answered with SLVERR. */
int flow_sim_inject_error(flow_sim *sim, uint32_t channel, uint64_t address, uint64_t length, int reads, int writes);
void flow_sim_clear_errors(flow_sim *sim);

/* First breach of the AXI protocol by the engine, or NULL. */
const char *flow_sim_protocol_error(const flow_sim *sim);

/* Bytes moved since the start. */
int flow_sim_traffic(const flow_sim *sim, uint32_t channel, uint64_t *read_bytes, uint64_t *written_bytes);

/* Watches. A byte written goes to the first watch of its channel, in the order of the calls, that contains its address and has not yet had
 * expected_bytes. With the last one's write response the watch is complete: the cycle is kept and the
 * contents are copied. Returns the watch's number, from 0. */
int flow_sim_watch(flow_sim *sim, uint32_t channel, uint64_t address, uint64_t length, uint64_t expected_bytes);
void flow_sim_watch_clear(flow_sim *sim);
/* 1 complete (cycle and *data, length bytes, are set; either may be NULL), 0 not yet, negative: no such watch. */
int flow_sim_watch_result(const flow_sim *sim, uint32_t watch, uint64_t *cycle, const uint8_t **data);
/* Bytes a watch has had. */
uint64_t flow_sim_watch_bytes(const flow_sim *sim, uint32_t watch);

#ifdef __cplusplus
}
#endif
#endif
