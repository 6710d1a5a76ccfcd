#include "flow_f2.h"

#include <string.h>

#define WORD sizeof(uint32_t)
#define BURST_WORDS 256u

static int dead(flow_f2 *f2) {
    f2->dead = 1;
    return -1;
}

/* No access timed out since the start. */
static int undisturbed(flow_f2 *f2) {
    uint32_t count = 0;
    return f2->timeouts(&count) == 0 && count == f2->timeouts_before ? 0 : dead(f2);
}

static int reg_read(void *context, uint32_t address, uint32_t *value) {
    flow_f2 *f2 = context;
    if (f2->dead || address % WORD || address >= f2->cores * FLOW_CORE_PAGE_BYTES) return -1;
    return f2->peek(f2->ocl, address, value) == 0 ? 0 : dead(f2);
}

static int reg_write(void *context, uint32_t address, uint32_t value) {
    flow_f2 *f2 = context;
    if (f2->dead || address % WORD || address >= f2->cores * FLOW_CORE_PAGE_BYTES) return -1;
    return f2->poke(f2->ocl, address, value) == 0 ? 0 : dead(f2);
}

static int inside(const flow_f2 *f2, uint32_t channel, uint64_t address, size_t length) {
    return !f2->dead && channel < f2->channels && length <= f2->channel_bytes && address <= f2->channel_bytes - length;
}

static int mem_write(void *context, uint32_t channel, uint64_t address, const void *data, size_t length) {
    flow_f2 *f2 = context;
    const uint8_t *from = data;
    uint32_t words[BURST_WORDS];
    if (!inside(f2, channel, address, length)) return -1;
    uint64_t at = channel * f2->channel_stride + address;
    while (length) {
        const size_t head = (size_t)(at % WORD);
        size_t piece = sizeof words - head;
        if (piece > length) piece = length;
        const size_t count = (head + piece + WORD - 1) / WORD;
        /* words that are written in part keep what the memory holds */
        if (head && f2->peek(f2->pcis, at - head, &words[0]) != 0) return dead(f2);
        if ((head + piece) % WORD && (count > 1 || !head) &&
            f2->peek(f2->pcis, at - head + (count - 1) * WORD, &words[count - 1]) != 0)
            return dead(f2);
        if (count * WORD != piece && undisturbed(f2) != 0) return -1;
        memcpy((uint8_t *)words + head, from, piece);
        if (f2->write_burst(f2->pcis, at - head, words, count) != 0) return dead(f2);
        at += piece;
        from += piece;
        length -= piece;
    }
    return undisturbed(f2);
}

static int mem_read(void *context, uint32_t channel, uint64_t address, void *data, size_t length) {
    flow_f2 *f2 = context;
    uint8_t *into = data;
    if (!inside(f2, channel, address, length)) return -1;
    uint64_t at = channel * f2->channel_stride + address;
    while (length) {
        const size_t head = (size_t)(at % WORD);
        size_t piece = WORD - head;
        uint32_t word = 0;
        if (piece > length) piece = length;
        if (f2->peek(f2->pcis, at - head, &word) != 0) return dead(f2);
        memcpy(into, (const uint8_t *)&word + head, piece);
        at += piece;
        into += piece;
        length -= piece;
    }
    return undisturbed(f2);
}

static uint64_t now_ns(void *context) { return ((const flow_f2 *)context)->now_ns(); }

flow_status flow_f2_transport(flow_f2 *f2, flow_transport *transport) {
    if (!f2 || !transport || !f2->peek || !f2->poke || !f2->write_burst || !f2->timeouts ||
        !f2->now_ns || !f2->cores || !f2->channels ||
        f2->channel_stride < f2->channel_bytes)
        return FLOW_BAD_ARGUMENT;
    f2->dead = 0;
    if (f2->timeouts(&f2->timeouts_before) != 0) return FLOW_BAD_TRANSPORT;
    *transport = (flow_transport){.context = f2, .reg_read = reg_read, .reg_write = reg_write, .mem_write = mem_write,
                                  .mem_read = mem_read, .now_ns = now_ns};
    return FLOW_OK;
}
