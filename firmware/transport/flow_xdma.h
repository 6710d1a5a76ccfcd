/* Transport for a card with AMD's XDMA and its Linux driver: character devices for registers, data and interrupts.
 *
 * Data go through pread and pwrite only, in multiples of 64 bytes at multiples of 64, by way of a buffer of the caller's (the
 * driver pins and dirties a buffer's pages, so data are never read from the caller's constant memory directly). Short
 * counts are continued. Every wait has a deadline; after any failure the handle is dead, because a DMA engine that timed out can
 * stay stuck until the driver is loaded again. Not run on a card here; tested on stand-ins. */
#ifndef FLOW_XDMA_H
#define FLOW_XDMA_H

#include "flow.h"

/* The operating system's calls; results and errors as POSIX has them, error numbers returned negated. */
typedef struct {
    int (*open_node)(const char *path, int writable, int nonblocking);
    void (*close_node)(int node);
    int64_t (*read_at)(int node, void *data, size_t length, uint64_t offset);
    int64_t (*write_at)(int node, const void *data, size_t length, uint64_t offset);
    int64_t (*read_event)(int node, void *data, size_t length);
    /* 1: readable, 0: not within the time, else an error. */
    int (*wait_readable)(int node, uint64_t timeout_ns);
    /* NULL on failure. */
    volatile uint32_t *(*map)(int node, size_t length);
    void (*unmap)(volatile uint32_t *registers, size_t length);
    uint32_t (*load)(volatile uint32_t *address);
    void (*store)(volatile uint32_t *address, uint32_t value);
    uint64_t (*now_ns)(void);
} flow_xdma_system;

/* flow_xdma_linux.c */
extern const flow_xdma_system flow_xdma_linux;

/* Why the handle is dead. */
typedef enum {
    FLOW_XDMA_ALIVE = 0,
    FLOW_XDMA_NO_NODE,      /* a node cannot be opened or mapped */
    FLOW_XDMA_ERROR,        /* EIO and all not named here: the DMA engine stopped with an error */
    FLOW_XDMA_TIMED_OUT,    /* ETIMEDOUT of the driver, or our own deadline */
    FLOW_XDMA_OFFLINE,      /* EBUSY, ENODEV: the device is offline or gone */
    FLOW_XDMA_BAD_COUNT,    /* the driver moved more than it was asked to, or half an event */
    FLOW_XDMA_OUT_OF_WINDOW /* an access outside the registers or a channel's memory; nothing was done */
} flow_xdma_fault;

const char *flow_xdma_fault_name(flow_xdma_fault fault);

#define FLOW_XDMA_ALIGNMENT 64u
/* Largest number of bytes in one call. */
#define FLOW_XDMA_MAX_CALL 0x7FFFF000u

typedef struct {
    /* Set by the caller before flow_xdma_open; paths are read there only. */
    const char *user, *h2c, *c2h; /* /dev/xdma0_user, /dev/xdma0_h2c_0, /dev/xdma0_c2h_0 */
    const char *const *events;    /* of each core: /dev/xdma0_events_0 ...; NULL: cores are polled */
    uint32_t cores;
    uint32_t channels;
    uint64_t channel_bytes;  /* memory of each channel */
    uint64_t channel_stride; /* from one channel's first byte to the next one's, on the card's bus */
    uint8_t *buffer;         /* FLOW_XDMA_ALIGNMENT aligned */
    size_t buffer_bytes;     /* a multiple of FLOW_XDMA_ALIGNMENT */
    uint64_t timeout_ns;     /* of one transfer of data */
    uint64_t slice_ns;       /* of one wait for an interrupt: how late a lost one is found */
    const flow_xdma_system *system;
    /* Set by flow_xdma_open. */
    int user_node, h2c_node, c2h_node;
    int *event_nodes; /* the caller's, one of each core; not used if events is NULL */
    volatile uint32_t *registers;
    flow_xdma_fault fault;
} flow_xdma;

/* Open the nodes and fill transport, which uses xdma until flow_xdma_close. On failure nothing stays open. */
flow_status flow_xdma_open(flow_xdma *xdma, flow_transport *transport);
void flow_xdma_close(flow_xdma *xdma);

#endif
