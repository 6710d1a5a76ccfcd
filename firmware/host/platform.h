/* What flow_host needs to know about where it runs; one implementation is linked (platform_sim.c, ...). */
#ifndef PLATFORM_H
#define PLATFORM_H

#include <stdio.h>

#include "flow.h"

/* Usage text of the platform's own options, each line "  --name VALUE  text". */
extern const char *const platform_usage;

/* Take an option of the platform. 2: taken with its value, 0: unknown or bad. */
int platform_option(const char *name, const char *value);

/* Open the device for cores that each use bytes of device memory. Returns 0, and on failure prints why. */
int platform_open(flow_transport *transport, uint32_t cores, uint64_t bytes);
void platform_close(void);
uint32_t platform_channels(void);
uint64_t platform_memory_bytes(void);

/* Before a round of launches, one on each of the cores. */
int platform_begin(const flow_core *cores, uint32_t count);
/* Right after the doorbell of cores[index]. */
void platform_started(uint32_t index);
/* After the launch of cores[index]: prints JSON members, each with a leading comma. Not 0 if the launch was not as it must be. */
int platform_report(FILE *out, const flow_core *cores, uint32_t index, uint32_t batch);
/* First violation of the bus protocol, or NULL. */
const char *platform_fault(void);

#endif
