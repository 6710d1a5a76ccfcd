/* What keeps a pipelined loop right without the compiler's help: an address that is still to be written is not read, and tokens
 * arrive when the writes before them have. With FLOW_LATENCY 0 (a CPU runs one iteration after the other) nothing is left. */
#ifndef FLOW_HAZARD_H
#define FLOW_HAZARD_H

#if FLOW_LATENCY > 0

/* The last addresses a unit writes to, newest first; address + 1, 0 for none. */
typedef struct {
    uint entry[FLOW_LATENCY];
} flow_history;

static inline void flow_forget(flow_history *h) {
    FLOW_UNROLL
    for (uint n = 0; n < FLOW_LATENCY; ++n) h->entry[n] = 0;
}

/* Once in each iteration; writes: this one writes to address. */
static inline void flow_remember(flow_history *h, bool writes, uint address) {
    FLOW_UNROLL
    for (uint n = FLOW_LATENCY - 1; n > 0; --n) h->entry[n] = h->entry[n - 1];
    h->entry[0] = writes ? address + 1 : 0;
}

static inline bool flow_pending(const flow_history *h, uint address) {
    bool found = false;
    FLOW_UNROLL
    for (uint n = 0; n < FLOW_LATENCY; ++n) found |= h->entry[n] == address + 1;
    return found;
}

/* Tokens on their way: for each iteration one mask of the units each unit gives to. */
typedef struct {
    uint given[FLOW_LATENCY][UNITS];
} flow_delay;

static inline void flow_delay_clear(flow_delay *d) {
    FLOW_UNROLL
    for (uint n = 0; n < FLOW_LATENCY; ++n) {
        FLOW_UNROLL
        for (uint unit = 0; unit < UNITS; ++unit) d->given[n][unit] = 0;
    }
}

/* Once in each iteration: what was given FLOW_LATENCY iterations ago can be taken. Returns whether any are on their way. */
static inline bool flow_delay_step(flow_delay *d, uint (*tokens)[UNITS]) {
    bool any = false;
    FLOW_UNROLL
    for (uint unit = 0; unit < UNITS; ++unit) {
        FLOW_UNROLL
        for (uint other = 0; other < UNITS; ++other) tokens[unit][other] += d->given[FLOW_LATENCY - 1][unit] >> other & 1;
        FLOW_UNROLL
        for (uint n = FLOW_LATENCY - 1; n > 0; --n) {
            any |= d->given[n][unit] != 0;
            d->given[n][unit] = d->given[n - 1][unit];
        }
        any |= d->given[0][unit] != 0;
        d->given[0][unit] = 0;
    }
    return any;
}

/* Tokens from one unit to another that are on their way. */
static inline uint flow_on_the_way(const flow_delay *d, uint unit, uint other) {
    uint count = 0;
    FLOW_UNROLL
    for (uint n = 0; n < FLOW_LATENCY; ++n) count += d->given[n][unit] >> other & 1;
    return count;
}

#else

typedef struct {
    uint none;
} flow_history;
typedef flow_history flow_delay;

static inline void flow_forget(flow_history *h) { h->none = 0; }
static inline void flow_remember(flow_history *h, bool writes, uint address) {}
static inline bool flow_pending(const flow_history *h, uint address) { return false; }
static inline void flow_delay_clear(flow_delay *d) { d->none = 0; }
static inline bool flow_delay_step(flow_delay *d, uint (*tokens)[UNITS]) { return false; }
static inline uint flow_on_the_way(const flow_delay *d, uint unit, uint other) { return 0; }

#endif

#endif
