/* What flow_host needs to know about where it runs; --device chooses among those that are linked. */
#ifndef PLATFORM_H
#define PLATFORM_H

#include <stdio.h>
#include <stdlib.h>

#include "flow.h"

/* Value of a numeric option. 0 if it is no number. */
static inline int platform_number(const char *value, uint64_t *number) {
    char *end = NULL;
    if (!value) return 0;
    *number = strtoull(value, &end, 0);
    return *value && !*end;
}

/* What open returns. On failure prints why, or the status's name where no reason is known (NULL or empty). */
static inline int platform_opened(flow_status status, const char *device, const char *why) {
    if (status == FLOW_OK) return 0;
    fprintf(stderr, "flow_host: %s: %s\n", device, why && *why ? why : flow_status_name(status));
    return -1;
}

/* Most cores the host program uses. */
enum { PLATFORM_MAX_CORES = 64 };

typedef struct {
    const char *name;  /* of --device */
    const char *usage; /* of the platform's own options, each line "  --name VALUE  text" */
    /* Take an option of the platform. 2: taken with its value, 0: unknown or bad. */
    int (*option)(const char *name, const char *value);
    int one_at_a_time; /* nothing is copied while a launch runs */
    /* Open the device for cores (1 to PLATFORM_MAX_CORES) that each use bytes of device memory. Returns 0, and on failure prints why. */
    int (*open)(flow_transport *transport, uint32_t cores, uint64_t bytes);
    void (*close)(void);
    uint32_t (*channels)(void);
    uint64_t (*memory_bytes)(void);
    /* The rest may be NULL. Before a round of launches, one on each of the cores. */
    int (*begin)(const flow_core *cores, uint32_t count);
    /* Right after the doorbell of cores[index]. */
    void (*started)(uint32_t index);
    /* After the launch of cores[index]: prints JSON members, each with a leading comma. Not 0 if the launch was not as it must be. */
    int (*report)(FILE *out, const flow_core *cores, uint32_t index, uint32_t batch);
    /* First violation of the bus protocol, or NULL. */
    const char *(*fault)(void);
} flow_platform;

/* Linked unless FLOW_HOST_WITHOUT_SIM is defined. */
extern const flow_platform flow_platform_sim;
/* Linked if FLOW_HOST_WITH_OPENCL is defined. */
extern const flow_platform flow_platform_opencl;
/* Linked if FLOW_HOST_WITH_XDMA is defined. */
extern const flow_platform flow_platform_xdma;
/* Linked if FLOW_HOST_WITH_F2 is defined. */
extern const flow_platform flow_platform_f2;
/* Linked if FLOW_HOST_WITH_XRT is defined. */
extern const flow_platform flow_platform_xrt;
/* Linked if FLOW_HOST_WITH_SERIAL is defined. */
extern const flow_platform flow_platform_serial;

#endif
