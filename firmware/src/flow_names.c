/* Names for messages. */
#include "flow.h"

const char *flow_status_name(flow_status status) {
    switch (status) {
    case FLOW_OK: return "ok";
    case FLOW_BAD_ARGUMENT: return "bad argument";
    case FLOW_BAD_TRANSPORT: return "transport failure";
    case FLOW_DEVICE_LOST: return "device lost";
    case FLOW_NOT_AN_ENGINE: return "not a flow engine";
    case FLOW_WRONG_ABI: return "wrong ABI version";
    case FLOW_WRONG_ENGINE: return "compiled for another engine";
    case FLOW_BAD_FILE: return "not the weight file of this network";
    case FLOW_BAD_CHECKSUM: return "damaged weight file";
    case FLOW_BAD_WINDOW: return "region outside the memory";
    case FLOW_BUSY: return "busy";
    case FLOW_NOT_RUNNING: return "no launch is running, or none ended well";
    case FLOW_TIMED_OUT: return "timed out";
    case FLOW_ENGINE_ERROR: return "engine error";
    case FLOW_DEAD: return "handle is dead";
    }
    return "unknown status";
}

const char *flow_error_name(uint32_t code) {
    switch (code) {
    case FLOW_ERROR_NONE: return "NONE";
    case FLOW_ERROR_ILLEGAL: return "ILLEGAL";
    case FLOW_ERROR_RANGE: return "RANGE";
    case FLOW_ERROR_WINDOW: return "WINDOW";
    case FLOW_ERROR_BUS: return "BUS";
    case FLOW_ERROR_TOKEN: return "TOKEN";
    case FLOW_ERROR_WATCHDOG: return "WATCHDOG";
    case FLOW_ERROR_HEADER: return "HEADER";
    default: return "unknown";
    }
}

const char *flow_counter_name(uint32_t counter) {
    static const char *const names[FLOW_NUM_COUNTERS] = {
        [FLOW_COUNTER_CYCLES] = "CYCLES",
        [FLOW_COUNTER_LOAD_BUSY] = "LOAD_BUSY",
        [FLOW_COUNTER_LOAD_STARVED] = "LOAD_STARVED",
        [FLOW_COUNTER_LOAD_BLOCKED] = "LOAD_BLOCKED",
        [FLOW_COUNTER_GEMM_BUSY] = "GEMM_BUSY",
        [FLOW_COUNTER_GEMM_STARVED] = "GEMM_STARVED",
        [FLOW_COUNTER_GEMM_BLOCKED] = "GEMM_BLOCKED",
        [FLOW_COUNTER_ALU_BUSY] = "ALU_BUSY",
        [FLOW_COUNTER_ALU_STARVED] = "ALU_STARVED",
        [FLOW_COUNTER_ALU_BLOCKED] = "ALU_BLOCKED",
        [FLOW_COUNTER_STORE_BUSY] = "STORE_BUSY",
        [FLOW_COUNTER_STORE_STARVED] = "STORE_STARVED",
        [FLOW_COUNTER_STORE_BLOCKED] = "STORE_BLOCKED",
        [FLOW_COUNTER_READ_BEATS] = "READ_BEATS",
        [FLOW_COUNTER_WRITE_BEATS] = "WRITE_BEATS",
        [FLOW_COUNTER_INSTRUCTIONS] = "INSTRUCTIONS",
    };
    return counter < FLOW_NUM_COUNTERS ? names[counter] : 0;
}
