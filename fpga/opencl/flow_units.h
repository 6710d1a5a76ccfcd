/* What all units share: a queue of instructions, tokens taken before and given after each. */
#ifndef FLOW_UNITS_H
#define FLOW_UNITS_H

typedef struct {
    flow_instruction queue[FLOW_ENGINE_QUEUE_DEPTH];
    uint head, filled;
    bool active; /* has taken its tokens */
    bool moving; /* has steps left */
    uint pc, push;
} flow_control;

static inline uint flow_unit_of(uint opcode) {
    switch (opcode) {
        case FLOW_OP_LOAD: return FLOW_UNIT_LOAD;
        case FLOW_OP_GEMM: return FLOW_UNIT_GEMM;
        case FLOW_OP_ALU: return FLOW_UNIT_ALU;
        case FLOW_OP_STORE: return FLOW_UNIT_STORE;
        default: return FLOW_UNIT_FETCH;
    }
}

static inline void flow_clear(flow_control *c) {
    c->head = c->filled = c->pc = c->push = 0;
    c->active = c->moving = false;
}

static inline bool flow_enqueue(flow_control *c, const flow_instruction *i) {
    if (c->filled == FLOW_ENGINE_QUEUE_DEPTH) return false;
    c->queue[(c->head + c->filled) % FLOW_ENGINE_QUEUE_DEPTH] = *i;
    ++c->filled;
    return true;
}

static inline const flow_instruction *flow_head(const flow_control *c) { return &c->queue[c->head]; }

static inline void flow_dequeue(flow_control *c) {
    c->head = (c->head + 1) % FLOW_ENGINE_QUEUE_DEPTH;
    --c->filled;
}

/* Take the tokens of the next instruction if the unit is free and all of them are there. */
static inline bool flow_take(flow_control *c, uint unit, uint (*tokens)[UNITS]) {
    if (c->active || !c->filled) return false;
    const uint pop = FLOW_FIELD(flow_head(c), HEADER, POP);
    bool all = true;
    FLOW_UNROLL
    for (uint other = 0; other < UNITS; ++other) all &= !(pop >> other & 1) || tokens[other][unit] > 0;
    if (!all) return false;
    FLOW_UNROLL
    for (uint other = 0; other < UNITS; ++other) tokens[other][unit] -= pop >> other & 1;
    c->active = true;
    c->pc = flow_head(c)->pc;
    c->push = FLOW_FIELD(flow_head(c), HEADER, PUSH);
    return true;
}

/* Give the tokens of an instruction that has moved everything, if there is room for all of them. */
static inline bool flow_give(flow_control *c, uint unit, uint (*tokens)[UNITS], flow_delay *delay) {
    if (!c->active || c->moving) return false;
    bool room = true;
    FLOW_UNROLL
    for (uint other = 0; other < UNITS; ++other)
        room &= !(c->push >> other & 1) ||
                tokens[unit][other] + flow_on_the_way(delay, unit, other) < FLOW_TOKEN_CAPACITY;
    if (!room) return false;
#if FLOW_LATENCY > 0
    delay->given[0][unit] = c->push;
#else
    FLOW_UNROLL
    for (uint other = 0; other < UNITS; ++other) tokens[unit][other] += c->push >> other & 1;
#endif
    c->active = false;
    return true;
}

static inline bool flow_idle(const flow_control *c) { return !c->active && !c->filled; }

#endif
