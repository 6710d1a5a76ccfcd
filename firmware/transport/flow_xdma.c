#include "flow_xdma.h"

#include <errno.h>
#include <string.h>

#define NO_NODE (-1)

const char *flow_xdma_fault_name(flow_xdma_fault fault) {
    switch (fault) {
        case FLOW_XDMA_ALIVE: return "alive";
        case FLOW_XDMA_NO_NODE: return "a device node cannot be opened";
        case FLOW_XDMA_ERROR: return "the DMA engine stopped with an error";
        case FLOW_XDMA_TIMED_OUT: return "a transfer timed out";
        case FLOW_XDMA_OFFLINE: return "the device is offline";
        case FLOW_XDMA_BAD_COUNT: return "the driver returned an impossible count";
        case FLOW_XDMA_OUT_OF_WINDOW: return "an access outside its window";
    }
    return "unknown";
}

static size_t register_bytes(const flow_xdma *xdma) { return (size_t)xdma->cores * FLOW_CORE_PAGE_BYTES; }

static int dead(flow_xdma *xdma, flow_xdma_fault fault) {
    if (xdma->fault == FLOW_XDMA_ALIVE) xdma->fault = fault;
    return -1;
}

static int dead_by(flow_xdma *xdma, int64_t error) {
    switch (-error) {
        case ETIMEDOUT: return dead(xdma, FLOW_XDMA_TIMED_OUT);
        case EBUSY:
        case ENODEV:
        case ENXIO: return dead(xdma, FLOW_XDMA_OFFLINE);
        default: return dead(xdma, FLOW_XDMA_ERROR);
    }
}

/* --- registers ---------------------------------------------------------------------------------------------------- */

static int reg_read(void *context, uint32_t address, uint32_t *value) {
    flow_xdma *xdma = context;
    if (xdma->fault != FLOW_XDMA_ALIVE) return -1;
    if (address % sizeof(uint32_t) || address >= register_bytes(xdma)) return dead(xdma, FLOW_XDMA_OUT_OF_WINDOW);
    *value = xdma->system->load(xdma->registers + address / sizeof(uint32_t));
    return 0;
}

static int reg_write(void *context, uint32_t address, uint32_t value) {
    flow_xdma *xdma = context;
    if (xdma->fault != FLOW_XDMA_ALIVE) return -1;
    if (address % sizeof(uint32_t) || address >= register_bytes(xdma)) return dead(xdma, FLOW_XDMA_OUT_OF_WINDOW);
    xdma->system->store(xdma->registers + address / sizeof(uint32_t), value);
    return 0;
}

/* --- data --------------------------------------------------------------------------------------------------------- */

/* Bus address of a piece of a channel's memory, or -1. */
static int window(flow_xdma *xdma, uint32_t channel, uint64_t address, size_t length, uint64_t *bus) {
    if (xdma->fault != FLOW_XDMA_ALIVE) return -1;
    if (channel >= xdma->channels || length > xdma->channel_bytes || address > xdma->channel_bytes - length)
        return dead(xdma, FLOW_XDMA_OUT_OF_WINDOW);
    *bus = channel * xdma->channel_stride + address;
    return 0;
}

/* Move length bytes, a multiple of 64, between the buffer and bus address at, also a multiple of 64. */
static int move(flow_xdma *xdma, int writing, uint64_t at, size_t length, uint64_t start) {
    const flow_xdma_system *system = xdma->system;
    size_t done = 0;
    while (done < length) {
        size_t wanted = length - done;
        if (wanted > FLOW_XDMA_MAX_CALL) wanted = FLOW_XDMA_MAX_CALL / FLOW_XDMA_ALIGNMENT * FLOW_XDMA_ALIGNMENT;
        if (system->now_ns() - start >= xdma->timeout_ns) return dead(xdma, FLOW_XDMA_TIMED_OUT);
        const int64_t count = writing ? system->write_at(xdma->h2c_node, xdma->buffer + done, wanted, at + done)
                                      : system->read_at(xdma->c2h_node, xdma->buffer + done, wanted, at + done);
        if (count == -EINTR || count == -EAGAIN) continue;
        if (count < 0) return dead_by(xdma, count);
        if ((uint64_t)count > wanted) return dead(xdma, FLOW_XDMA_BAD_COUNT);
        /* a broken piece of 64 bytes is moved again */
        done += (size_t)count / FLOW_XDMA_ALIGNMENT * FLOW_XDMA_ALIGNMENT;
    }
    return 0;
}

/* Pieces of at most the buffer's size; bytes before and after what was asked for keep what the card holds. */
static int transfer(flow_xdma *xdma, uint64_t bus, uint8_t *into, const uint8_t *from, size_t length) {
    const uint64_t start = xdma->system->now_ns();
    while (length) {
        const size_t head = (size_t)(bus % FLOW_XDMA_ALIGNMENT);
        size_t piece = xdma->buffer_bytes - head;
        if (piece > length) piece = length;
        const size_t whole = (head + piece + FLOW_XDMA_ALIGNMENT - 1) / FLOW_XDMA_ALIGNMENT * FLOW_XDMA_ALIGNMENT;
        const uint64_t at = bus - head;
        if (!from || head || whole != piece) {
            if (move(xdma, 0, at, whole, start) != 0) return -1;
        }
        if (from) {
            memcpy(xdma->buffer + head, from, piece);
            if (move(xdma, 1, at, whole, start) != 0) return -1;
            from += piece;
        } else {
            memcpy(into, xdma->buffer + head, piece);
            into += piece;
        }
        bus += piece;
        length -= piece;
    }
    return 0;
}

static int mem_write(void *context, uint32_t channel, uint64_t address, const void *data, size_t length) {
    uint64_t bus = 0;
    return window(context, channel, address, length, &bus) == 0 ? transfer(context, bus, NULL, data, length) : -1;
}

static int mem_read(void *context, uint32_t channel, uint64_t address, void *data, size_t length) {
    uint64_t bus = 0;
    return window(context, channel, address, length, &bus) == 0 ? transfer(context, bus, data, NULL, length) : -1;
}

/* --- interrupts --------------------------------------------------------------------------------------------------- */

/* Waits no longer than a slice, so that the caller looks at the status also if the interrupt was lost. */
static int wait_interrupt(void *context, uint32_t core, uint64_t timeout_ns) {
    flow_xdma *xdma = context;
    uint32_t count = 0;
    if (xdma->fault != FLOW_XDMA_ALIVE || core >= xdma->cores) return -1;
    if (timeout_ns > xdma->slice_ns) timeout_ns = xdma->slice_ns;
    const int ready = xdma->system->wait_readable(xdma->event_nodes[core], timeout_ns);
    if (ready == 0 || ready == -EINTR) return 1;
    if (ready < 0) return dead_by(xdma, ready);
    const int64_t got = xdma->system->read_event(xdma->event_nodes[core], &count, sizeof count);
    if (got == -EINTR || got == -EAGAIN) return 1;
    if (got < 0) return dead_by(xdma, got);
    return got == (int64_t)sizeof count ? 0 : dead(xdma, FLOW_XDMA_BAD_COUNT);
}

static uint64_t now_ns(void *context) { return ((const flow_xdma *)context)->system->now_ns(); }

/* --- open and close ----------------------------------------------------------------------------------------------- */

static int usable(const flow_xdma *xdma) {
    const flow_xdma_system *s = xdma->system;
    return s && s->open_node && s->close_node && s->read_at && s->write_at && s->map && s->unmap && s->load && s->store &&
           s->now_ns && xdma->user && xdma->h2c && xdma->c2h && xdma->cores && xdma->channels && xdma->buffer &&
           xdma->buffer_bytes && xdma->buffer_bytes % FLOW_XDMA_ALIGNMENT == 0 &&
           (uintptr_t)xdma->buffer % FLOW_XDMA_ALIGNMENT == 0 && xdma->channel_bytes % FLOW_XDMA_ALIGNMENT == 0 &&
           xdma->channel_stride % FLOW_XDMA_ALIGNMENT == 0 && xdma->channel_stride >= xdma->channel_bytes &&
           (!xdma->events || (xdma->event_nodes && s->wait_readable && s->read_event && xdma->slice_ns));
}

flow_status flow_xdma_open(flow_xdma *xdma, flow_transport *transport) {
    if (!xdma || !transport || !usable(xdma)) return FLOW_BAD_ARGUMENT;
    const flow_xdma_system *system = xdma->system;
    xdma->fault = FLOW_XDMA_ALIVE;
    xdma->registers = NULL;
    xdma->user_node = xdma->h2c_node = xdma->c2h_node = NO_NODE;
    if (xdma->events)
        for (uint32_t core = 0; core < xdma->cores; ++core) xdma->event_nodes[core] = NO_NODE;
    xdma->user_node = system->open_node(xdma->user, 1, 0);
    xdma->h2c_node = system->open_node(xdma->h2c, 1, 0);
    xdma->c2h_node = system->open_node(xdma->c2h, 0, 0);
    int good = xdma->user_node >= 0 && xdma->h2c_node >= 0 && xdma->c2h_node >= 0;
    if (xdma->events) {
        for (uint32_t core = 0; core < xdma->cores; ++core) {
            xdma->event_nodes[core] = system->open_node(xdma->events[core], 0, 1);
            good = good && xdma->event_nodes[core] >= 0;
        }
    }
    if (good) xdma->registers = system->map(xdma->user_node, register_bytes(xdma));
    if (!xdma->registers) {
        flow_xdma_close(xdma);
        xdma->fault = FLOW_XDMA_NO_NODE;
        return FLOW_BAD_TRANSPORT;
    }
    *transport = (flow_transport){.context = xdma, .reg_read = reg_read, .reg_write = reg_write, .mem_write = mem_write,
                                  .mem_read = mem_read, .wait_interrupt = xdma->events ? wait_interrupt : NULL,
                                  .now_ns = now_ns};
    return FLOW_OK;
}

static void shut(const flow_xdma *xdma, int *node) {
    if (*node >= 0) xdma->system->close_node(*node);
    *node = NO_NODE;
}

void flow_xdma_close(flow_xdma *xdma) {
    if (!xdma || !xdma->system) return;
    if (xdma->registers) xdma->system->unmap(xdma->registers, register_bytes(xdma));
    xdma->registers = NULL;
    shut(xdma, &xdma->user_node);
    shut(xdma, &xdma->h2c_node);
    shut(xdma, &xdma->c2h_node);
    if (xdma->events)
        for (uint32_t core = 0; core < xdma->cores; ++core) shut(xdma, &xdma->event_nodes[core]);
    if (xdma->fault == FLOW_XDMA_ALIVE) xdma->fault = FLOW_XDMA_NO_NODE;
}
