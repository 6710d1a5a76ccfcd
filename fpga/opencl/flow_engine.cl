/* The engine as a single-work-item kernel: it runs an instruction stream on device memory, with the manual's verdicts.
 *
 * One loop is the whole machine. In each iteration the fetch stage takes one instruction, and each of the four units makes one
 * step (a group loaded, a vector multiplied, a vector through the ALU, a group stored), so that they overlap as the tokens
 * allow; an iteration is a cycle. The parameters come from the rendered flow_isa.h and engine_params.h alone, arguments and
 * results go through an image of the core's register page. */
#include "flow_isa.h"
#include "engine_params.h"

#include "flow_vendor.h"
#include "flow_instruction.h"
#include "flow_legality.h"
#include "flow_buffers.h"
#include "flow_hazard.h"
#include "flow_units.h"
#include "flow_load.h"
#include "flow_gemm.h"
#include "flow_alu.h"
#include "flow_store.h"
#include "flow_trace.h"

#define REGISTER(name) registers[FLOW_REG_##name / sizeof(uint)]
#define PAIR(name) (REGISTER(name##_LO) | (ulong)REGISTER(name##_HI) << INT_BITS)

typedef struct {
    uint code, unit, pc;
    ulong address;
} flow_verdict;

/* HEADER, or WINDOW and ILLEGAL of the stream itself. */
static inline flow_verdict flow_check_stream(__global const uchar *memory, ulong base, ulong size, ulong program, uint *count) {
    flow_verdict v = {FLOW_ERROR_NONE, FLOW_UNIT_FETCH, 0, 0};
    flow_instruction header;
    *count = 0;
    if (size < FLOW_INSTRUCTION_BYTES || program > size - FLOW_INSTRUCTION_BYTES) {
        v.code = FLOW_ERROR_WINDOW;
        v.address = base + program;
        return v;
    }
    flow_fetch(&header, memory, base + program);
    *count = FLOW_FIELD(&header, STREAM_HEADER, COUNT);
    if (FLOW_FIELD(&header, STREAM_HEADER, MAGIC) != FLOW_STREAM_MAGIC ||
        FLOW_FIELD(&header, STREAM_HEADER, ABI_MAJOR) != FLOW_ABI_MAJOR ||
        FLOW_WIDE(&header, STREAM_HEADER, CONFIG_HASH) != FLOW_ENGINE_CONFIG_HASH) {
        v.code = FLOW_ERROR_HEADER;
    } else if (!*count) {
        v.code = FLOW_ERROR_ILLEGAL;
    } else if ((ulong)*count * FLOW_INSTRUCTION_BYTES > size - program - FLOW_INSTRUCTION_BYTES) {
        v.code = FLOW_ERROR_WINDOW;
        v.address = base + size;
    }
    return v;
}

static inline flow_verdict flow_judge(const flow_instruction *i, bool last, const ulong *base, const ulong *size) {
    flow_verdict v = {FLOW_ERROR_NONE, FLOW_UNIT_FETCH, i->pc, 0};
    ulong address = 0;
    if (flow_illegal(i, last)) {
        v.code = FLOW_ERROR_ILLEGAL;
        return v;
    }
    v.unit = flow_unit_of(FLOW_FIELD(i, HEADER, OPCODE));
    if (flow_outside_window(i, base, size, &address)) {
        v.code = FLOW_ERROR_WINDOW;
        v.address = address;
    } else if (flow_out_of_range(i)) {
        v.code = FLOW_ERROR_RANGE;
    }
    return v;
}

/* Nothing can go on: the first unit that waits, or FETCH if all tokens but those left over were taken. */
static inline flow_verdict flow_stuck(const flow_control *control, uint pc) {
    flow_verdict v = {FLOW_ERROR_TOKEN, FLOW_UNIT_FETCH, pc, 0};
    bool found = false;
    FLOW_UNROLL
    for (uint unit = 0; unit < UNITS; ++unit) {
        if (found || flow_idle(&control[unit])) continue;
        found = true;
        v.unit = unit;
        v.pc = control[unit].active ? control[unit].pc : flow_head(&control[unit])->pc;
    }
    return v;
}

FLOW_TASK __kernel void flow_engine(__global uchar *restrict memory, __global uint *restrict registers,
                                    __global uchar *restrict state
#ifdef FLOW_TRACE
                                    , __global flow_watch *restrict watches, const uint watch_count,
                                    __global uchar *restrict copies
#endif
) {
#ifdef FLOW_STATE_IN_MEMORY
    const flow_buffers b = {state + STATE_INP_AT, state + STATE_WGT_AT, state + STATE_PAR_AT, state + STATE_OUT_AT,
                            (__global int *)(state + STATE_ACC_AT), (__global int *)(state + STATE_TABLE_AT),
                            state + STATE_TABLE_O_AT};
#else
    __local uchar inp[INPUT_BYTES] FLOW_BANKS(FLOW_ENGINE_BLOCKS, FLOW_ENGINE_GROUP_BYTES);
    __local uchar wgt[WEIGHT_BYTES] FLOW_BANKS(1, FLOW_ENGINE_AXI_BYTES);
    __local uchar par[PARAMETERS_BYTES] FLOW_BANKS(1, FLOW_ENGINE_COLS * FLOW_PARAMETER_BYTES);
    __local uchar out[OUT_BYTES] FLOW_BANKS(1, FLOW_ENGINE_GROUP_BYTES);
    __local int acc[ACC_INTS] FLOW_BANKS(ACC_BANKS, VECTOR_LANES * sizeof(int));
    __local int table[TABLE_INTS];
    __local uchar table_o[TABLE_CHARS];
    const flow_buffers b = {inp, wgt, par, out, acc, table, table_o};
#endif
    ulong base[FLOW_REGIONS], size[FLOW_REGIONS], counters[FLOW_NUM_COUNTERS];
    uint tokens[UNITS][UNITS];
    flow_control control[UNITS];
    flow_load load;
    flow_gemm gemm;
    flow_alu alu;
    flow_store store;
    FLOW_WEIGHT tiles[2][TILE] FLOW_REGISTERS;
    flow_parameters parameters[CHANNEL_VECTORS] FLOW_REGISTERS;
    flow_history summed, accumulated, entered;
    flow_delay delay;
    flow_instruction next;
    ulong loaded = 0, stored = 0, cycle = 0;
    uint count, pc = 0;
    bool fetched = false, finish = false, running;

    base[FLOW_REGION_CONSTANT] = PAIR(CONSTANT_BASE), size[FLOW_REGION_CONSTANT] = PAIR(CONSTANT_SIZE);
    base[FLOW_REGION_SCRATCH] = PAIR(SCRATCH_BASE), size[FLOW_REGION_SCRATCH] = PAIR(SCRATCH_SIZE);
    base[FLOW_REGION_INPUT] = PAIR(INPUT_BASE), size[FLOW_REGION_INPUT] = PAIR(INPUT_SIZE);
    base[FLOW_REGION_OUTPUT] = PAIR(OUTPUT_BASE), size[FLOW_REGION_OUTPUT] = PAIR(OUTPUT_SIZE);
    const ulong program = PAIR(PROGRAM), watchdog = PAIR(WATCHDOG);
    FLOW_UNROLL
    for (uint n = 0; n < FLOW_NUM_COUNTERS; ++n) counters[n] = 0;
    FLOW_UNROLL
    for (uint unit = 0; unit < UNITS; ++unit) {
        flow_clear(&control[unit]);
        FLOW_UNROLL
        for (uint other = 0; other < UNITS; ++other) tokens[unit][other] = 0;
    }
    flow_forget(&summed);
    flow_forget(&accumulated);
    flow_forget(&entered);
    flow_delay_clear(&delay);
    gemm.held = 0;

    flow_verdict verdict = flow_check_stream(memory, base[FLOW_REGION_CONSTANT], size[FLOW_REGION_CONSTANT], program, &count);
    running = verdict.code == FLOW_ERROR_NONE;
    FLOW_INDEPENDENT
    FLOW_PIPELINE
    while (running) {
        bool progress = flow_delay_step(&delay, tokens);

        if (!fetched && pc < count) {
            flow_fetch(&next, memory, base[FLOW_REGION_CONSTANT] + program + (ulong)(pc + 1) * FLOW_INSTRUCTION_BYTES);
            next.pc = pc;
            verdict = flow_judge(&next, pc + 1 == count, base, size);
            if (verdict.code != FLOW_ERROR_NONE) break;
            fetched = progress = true;
            ++pc;
        }
        if (fetched) {
            const uint unit = flow_unit_of(FLOW_FIELD(&next, HEADER, OPCODE));
            if (unit == FLOW_UNIT_FETCH) finish = true, fetched = false;
            else if (flow_enqueue(&control[unit], &next)) fetched = false, progress = true;
            if (!fetched) ++counters[FLOW_COUNTER_INSTRUCTIONS];
        }

        flow_control *c = &control[FLOW_UNIT_LOAD];
        if (flow_take(c, FLOW_UNIT_LOAD, tokens)) {
            c->moving = flow_load_start(&load, flow_head(c), base);
            flow_dequeue(c);
            progress = true;
        }
        if (c->moving) {
            c->moving = !flow_load_step(&load, memory, &b, &loaded);
            ++counters[FLOW_COUNTER_LOAD_BUSY];
            progress = true;
        } else if (!flow_idle(c)) {
            ++counters[FLOW_COUNTER_LOAD_STARVED];
        }
        progress |= flow_give(c, FLOW_UNIT_LOAD, tokens, &delay);

        c = &control[FLOW_UNIT_GEMM];
        if (flow_take(c, FLOW_UNIT_GEMM, tokens)) {
            c->moving = flow_gemm_start(&gemm, flow_head(c));
            flow_dequeue(c);
            progress = true;
        }
        if (c->moving) {
            bool issued;
            c->moving = !flow_gemm_step(&gemm, tiles, &b, &summed, &issued);
            if (issued) ++counters[FLOW_COUNTER_GEMM_BUSY];
            else ++counters[FLOW_COUNTER_GEMM_BLOCKED];
            progress = true;
        } else {
            flow_remember(&summed, false, 0);
            if (!flow_idle(c)) ++counters[FLOW_COUNTER_GEMM_STARVED];
        }
        progress |= flow_give(c, FLOW_UNIT_GEMM, tokens, &delay);

        c = &control[FLOW_UNIT_ALU];
        if (flow_take(c, FLOW_UNIT_ALU, tokens)) {
            c->moving = flow_alu_start(&alu, flow_head(c), parameters);
            flow_dequeue(c);
            progress = true;
        }
        if (c->moving) {
            bool issued;
            c->moving = !flow_alu_step(&alu, parameters, &b, &accumulated, &entered, &issued);
            if (issued) ++counters[FLOW_COUNTER_ALU_BUSY];
            else ++counters[FLOW_COUNTER_ALU_BLOCKED];
            progress = true;
        } else {
            flow_remember(&accumulated, false, 0);
            flow_remember(&entered, false, 0);
            if (!flow_idle(c)) ++counters[FLOW_COUNTER_ALU_STARVED];
        }
        progress |= flow_give(c, FLOW_UNIT_ALU, tokens, &delay);

        c = &control[FLOW_UNIT_STORE];
        if (flow_take(c, FLOW_UNIT_STORE, tokens)) {
            c->moving = flow_store_start(&store, flow_head(c), base);
            flow_dequeue(c);
            progress = true;
        }
        if (c->moving) {
            c->moving = !flow_store_step(&store, memory, &b);
            stored += FLOW_ENGINE_GROUP_BYTES;
            ++counters[FLOW_COUNTER_STORE_BUSY];
            progress = true;
#ifdef FLOW_TRACE
            if (!c->moving)
                flow_traced(store.first, (ulong)store.x_size * store.y_size * store.z_size * FLOW_ENGINE_GROUP_BYTES,
                            memory, watches, watch_count, copies);
#endif
        } else if (!flow_idle(c)) {
            ++counters[FLOW_COUNTER_STORE_STARVED];
        }
        progress |= flow_give(c, FLOW_UNIT_STORE, tokens, &delay);

        ++cycle;
        bool idle = true, left = false;
        FLOW_UNROLL
        for (uint unit = 0; unit < UNITS; ++unit) {
            idle &= flow_idle(&control[unit]);
            FLOW_UNROLL
            for (uint other = 0; other < UNITS; ++other) left |= tokens[unit][other] != 0;
        }
        if (finish && idle && !left && !progress) {
            running = false;
        } else if (!progress) {
            verdict = flow_stuck(control, count - 1);
            running = false;
        } else if (watchdog && cycle >= watchdog) {
            verdict.code = FLOW_ERROR_WATCHDOG;
            verdict.unit = FLOW_UNIT_FETCH;
            verdict.pc = pc;
            running = false;
        }
    }

    const bool good = verdict.code == FLOW_ERROR_NONE;
    counters[FLOW_COUNTER_CYCLES] = cycle;
    counters[FLOW_COUNTER_READ_BEATS] = ((ulong)pc * FLOW_INSTRUCTION_BYTES + loaded) / FLOW_ENGINE_AXI_BYTES;
    counters[FLOW_COUNTER_WRITE_BEATS] = stored / FLOW_ENGINE_AXI_BYTES;
    REGISTER(STATUS) = good ? FLOW_REG_STATUS_DONE_MASK : FLOW_REG_STATUS_ERROR_MASK;
    REGISTER(ERROR) = good ? 0 : verdict.code << FLOW_REG_ERROR_CODE_LSB | verdict.unit << FLOW_REG_ERROR_UNIT_LSB;
    REGISTER(ERROR_PC) = good ? 0 : verdict.pc;
    REGISTER(ERROR_ADDRESS_LO) = (uint)verdict.address;
    REGISTER(ERROR_ADDRESS_HI) = (uint)(verdict.address >> INT_BITS);
    for (uint n = 0; n < FLOW_NUM_COUNTERS; ++n) {
        const uint at = FLOW_COUNTER_BASE / sizeof(uint) + 2 * n;
        registers[at] = (uint)counters[n];
        registers[at + 1] = (uint)(counters[n] >> INT_BITS);
    }
}

/* What stands in the binary: fills the identification registers, and the bytes that argument state must have. */
FLOW_TASK __kernel void flow_describe(__global uint *restrict registers, __global ulong *restrict state_bytes) {
    REGISTER(MAGIC) = FLOW_MAGIC;
    REGISTER(ABI) = FLOW_ABI_MAJOR << FLOW_REG_ABI_MAJOR_LSB | FLOW_ABI_MINOR << FLOW_REG_ABI_MINOR_LSB;
    REGISTER(HASH_LO) = (uint)FLOW_ENGINE_CONFIG_HASH;
    REGISTER(HASH_HI) = (uint)(FLOW_ENGINE_CONFIG_HASH >> INT_BITS);
    REGISTER(SHAPE) = (uint)FLOW_ENGINE_PIX << FLOW_REG_SHAPE_PIX_LSB | (uint)FLOW_ENGINE_ROWS << FLOW_REG_SHAPE_ROWS_LSB |
                      (uint)FLOW_ENGINE_COLS << FLOW_REG_SHAPE_COLS_LSB;
    REGISTER(SYSTEM) = (uint)FLOW_ENGINE_CORES << FLOW_REG_SYSTEM_CORES_LSB |
                       (uint)FLOW_ENGINE_AXI_BYTES << FLOW_REG_SYSTEM_AXI_BYTES_LSB;
#ifdef FLOW_STATE_IN_MEMORY
    *state_bytes = STATE_BYTES;
#else
    *state_bytes = 0;
#endif
}
