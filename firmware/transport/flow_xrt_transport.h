/* Transport to cores that are compute units of an XRT binary: kernel flow_xrt, units flow_xrt_1, flow_xrt_2, ..., each with
 * a memory. Registers go through user-managed access, memory through a buffer in the bank that the unit is linked to; core k's
 * memory is channel k and begins at address 0. Not run on a card here; tested on a stand-in for XRT. */
#ifndef FLOW_XRT_TRANSPORT_H
#define FLOW_XRT_TRANSPORT_H

#include "flow.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    const char *xclbin;
    uint32_t device;
    uint32_t cores;
    uint64_t memory_bytes; /* of each core */
} flow_xrt_config;

typedef struct flow_xrt_link flow_xrt_link;

/* Load the binary and fill transport so that it uses *link, which XRT's objects live in (on the heap, as XRT does).
 * On failure *link is NULL and problem (room bytes) says what XRT said. */
flow_status flow_xrt_open(flow_xrt_link **link, const flow_xrt_config *config, flow_transport *transport, char *problem,
                          size_t room);

void flow_xrt_close(flow_xrt_link *link);

#ifdef __cplusplus
}
#endif
#endif
