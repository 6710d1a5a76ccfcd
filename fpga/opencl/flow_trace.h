/* For verification only (FLOW_TRACE): copies each watched tensor when its last byte was stored, before its memory is used again. */
#ifndef FLOW_TRACE_H
#define FLOW_TRACE_H

/* A tensor at address, size bytes long, complete after left bytes were stored; its copy goes to offset copy. */
typedef struct {
    ulong address, size, left, copy;
} flow_watch;

static inline void flow_traced(ulong address, ulong bytes, __global const uchar *memory, __global flow_watch *watches,
                               uint count, __global uchar *copies) {
    for (uint n = 0; n < count; ++n) {
        const flow_watch w = watches[n];
        if (!w.left || address < w.address || address - w.address >= w.size) continue;
        watches[n].left = w.left < bytes ? 0 : w.left - bytes;
        if (w.left <= bytes)
            for (ulong at = 0; at < w.size; ++at) copies[w.copy + at] = memory[w.address + at];
        return;
    }
}

#endif
