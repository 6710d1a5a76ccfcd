#include "flow_f2.h"

#include <string.h>

#define ALL_ONES 0xFFFFFFFFu
#define WORD sizeof(uint32_t)
#define BURST_WORDS 256u
/* Reads of a word until two agree. */
#define ATTEMPTS 8

static int inside(const flow_f2 *f2, uint32_t channel, uint64_t address, size_t length) {
    return channel < f2->channels && length <= f2->channel_bytes && address <= f2->channel_bytes - length;
}

static int reg_read(void *context, uint32_t address, uint32_t *value) {
    const flow_f2 *f2 = context;
    if (address % WORD || address >= f2->cores * FLOW_CORE_PAGE_BYTES) return -1;
    return f2->peek(f2->ocl, address, value) == 0 ? 0 : -1;
}

static int reg_write(void *context, uint32_t address, uint32_t value) {
    const flow_f2 *f2 = context;
    if (address % WORD || address >= f2->cores * FLOW_CORE_PAGE_BYTES) return -1;
    return f2->poke(f2->ocl, address, value) == 0 ? 0 : -1;
}

/* One word of memory; of all ones is taken only if it is read twice and the engine still answers. */
static int read_word(const flow_f2 *f2, uint64_t at, uint32_t *value) {
    uint32_t before = 0, magic = 0;
    if (f2->peek(f2->pcis, at, value) != 0) return -1;
    if (*value != ALL_ONES) return 0;
    for (int attempt = 0; attempt < ATTEMPTS; ++attempt) {
        before = *value;
        if (f2->peek(f2->pcis, at, value) != 0) return -1;
        if (*value == before) {
            if (f2->peek(f2->ocl, FLOW_REG_MAGIC, &magic) != 0 || magic != FLOW_MAGIC) return -1;
            return 0;
        }
    }
    return -1;
}

static int mem_write(void *context, uint32_t channel, uint64_t address, const void *data, size_t length) {
    const flow_f2 *f2 = context;
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
        if (head && read_word(f2, at - head, &words[0]) != 0) return -1;
        if ((head + piece) % WORD && (count > 1 || !head) &&
            read_word(f2, at - head + (count - 1) * WORD, &words[count - 1]) != 0)
            return -1;
        memcpy((uint8_t *)words + head, from, piece);
        if (f2->write_burst(f2->pcis, at - head, words, count) != 0) return -1;
        at += piece;
        from += piece;
        length -= piece;
    }
    return 0;
}

static int mem_read(void *context, uint32_t channel, uint64_t address, void *data, size_t length) {
    const flow_f2 *f2 = context;
    uint8_t *into = data;
    if (!inside(f2, channel, address, length)) return -1;
    uint64_t at = channel * f2->channel_stride + address;
    while (length) {
        const size_t head = (size_t)(at % WORD);
        size_t piece = WORD - head;
        uint32_t word = 0;
        if (piece > length) piece = length;
        if (read_word(f2, at - head, &word) != 0) return -1;
        memcpy(into, (const uint8_t *)&word + head, piece);
        at += piece;
        into += piece;
        length -= piece;
    }
    return 0;
}

static uint64_t now_ns(void *context) { return ((const flow_f2 *)context)->now_ns(); }

flow_status flow_f2_transport(flow_f2 *f2, flow_transport *transport) {
    if (!f2 || !transport || !f2->peek || !f2->poke || !f2->write_burst || !f2->now_ns || !f2->cores || !f2->channels ||
        f2->channel_stride < f2->channel_bytes)
        return FLOW_BAD_ARGUMENT;
    *transport = (flow_transport){.context = f2, .reg_read = reg_read, .reg_write = reg_write, .mem_write = mem_write,
                                  .mem_read = mem_read, .now_ns = now_ns};
    return FLOW_OK;
}
