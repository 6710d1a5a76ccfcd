/* Transport to the OpenCL kernel, on whatever platform the loader finds. The kernel's register page is kept here: ringing the
 * doorbell enqueues one launch of the kernel, STATUS follows its event. Each core has its own memory (channel n is core n's).
 * A copy waits for the core's launch, so a second place (flow_second_place) gains nothing. After a copy that failed the device may
 * use the caller's bytes until flow_opencl_close returns. */
#ifndef FLOW_OPENCL_TRANSPORT_H
#define FLOW_OPENCL_TRANSPORT_H

#define CL_TARGET_OPENCL_VERSION 120
#include <CL/cl.h>

#include "flow.h"

#define FLOW_OPENCL_MAX_CORES 64
#define FLOW_OPENCL_MAX_DEVICES 64
#define FLOW_OPENCL_PAGE_WORDS (FLOW_CORE_PAGE_BYTES / sizeof(uint32_t))

typedef struct {
    const char *kernel;    /* path of flow_engine.cl, or of a vendor's binary if binary is set */
    bool binary;
    const char *cache;     /* folder for compiled kernels; NULL: compile each time */
    uint32_t device;       /* counted over all platforms */
    uint32_t cores;        /* launches that can be in flight */
    uint64_t memory_bytes; /* of each core */
    uint64_t timeout_ns;   /* of one copy between host and device */
} flow_opencl_config;

/* One core. page: registers as the host sees them. */
typedef struct {
    cl_command_queue queue;
    cl_kernel kernel;
    cl_mem memory, registers, state;
    cl_event finished;
    bool running, resetting;
    uint32_t page[FLOW_OPENCL_PAGE_WORDS];
    uint32_t result[FLOW_OPENCL_PAGE_WORDS]; /* where the device writes while a launch runs */
} flow_opencl_core;

/* A zeroed one is closed. problem: what went wrong, for people. */
typedef struct {
    cl_device_id device;
    cl_context context;
    cl_program program;
    uint32_t cores;
    uint64_t timeout_ns;
    flow_opencl_core core[FLOW_OPENCL_MAX_CORES];
    char problem[1024];
} flow_opencl_link;

/* Open the device and fill transport so that it uses link, which must outlive it. scratch (scratch_bytes long) holds the kernel's
 * source or binary while it is loaded; FLOW_BAD_FILE if it is too small or the kernel is no kernel. On failure link is closed. */
flow_status flow_opencl_open(flow_opencl_link *link, const flow_opencl_config *config, void *scratch, size_t scratch_bytes,
                             flow_transport *transport);

/* Waits for launches and copies that still run, without a deadline: OpenCL has no way to end them. */
void flow_opencl_close(flow_opencl_link *link);

#endif
