/* Host side of a flow engine: load a compiled network, run batches of images, read the results.
 *
 * The caller owns all memory; nothing is allocated, nothing is global. Every call returns a status, every wait has a
 * deadline. A handle (flow_core) belongs to one core of one engine; cores are independent, so that several batches
 * can be in flight, one per handle. A handle must not be used by two threads at the same time. */
#ifndef FLOW_H
#define FLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "flow_isa.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
    FLOW_OK = 0,
    FLOW_BAD_ARGUMENT,  /* a null pointer, an index or a size that does not exist; nothing was done */
    FLOW_BAD_TRANSPORT, /* the transport reported a failure; the device's state is unknown */
    FLOW_DEVICE_LOST,   /* registers read as all ones; the handle is dead */
    FLOW_NOT_AN_ENGINE, /* the magic register holds something else */
    FLOW_WRONG_ABI,     /* engine or file speak another ABI major version */
    FLOW_WRONG_ENGINE,  /* the network was compiled for another engine configuration */
    FLOW_BAD_FILE,      /* the weight file is not one, is cut short, or belongs to another network */
    FLOW_BAD_CHECKSUM,  /* the weight file is damaged */
    FLOW_BAD_WINDOW,    /* a region does not fit its memory or is not aligned */
    FLOW_BUSY,          /* a launch is running */
    FLOW_NOT_RUNNING,   /* no launch to wait for, or none that ended well to read the outputs of */
    FLOW_TIMED_OUT,     /* the deadline passed; the core was reset or is dead */
    FLOW_ENGINE_ERROR,  /* the launch ended with an error, see flow_core.error; flow_reset before the next */
    FLOW_DEAD           /* an earlier failure made the handle unusable: open it again */
} flow_status;

/* Name of a status, for messages. */
const char *flow_status_name(flow_status status);
/* Name of an engine error code (FLOW_ERROR_*). */
const char *flow_error_name(uint32_t code);
/* Name of a counter (FLOW_COUNTER_*), or NULL. */
const char *flow_counter_name(uint32_t counter);

/* How the host reaches the engine. Functions return 0 on success. Addresses of registers count from the first core's page; a
 * core's memory is that of its channel; channels may be ports to one and the same memory (SoC). */
typedef struct {
    void *context;
    int (*reg_read)(void *context, uint32_t address, uint32_t *value);
    int (*reg_write)(void *context, uint32_t address, uint32_t value);
    int (*mem_write)(void *context, uint32_t channel, uint64_t address, const void *data, size_t length);
    int (*mem_read)(void *context, uint32_t channel, uint64_t address, void *data, size_t length);
    /* 0: raised, 1: not within the time, else failure. NULL: the core is polled. */
    int (*wait_interrupt)(void *context, uint32_t core, uint64_t timeout_ns);
    uint64_t (*now_ns)(void *context); /* monotonic */
} flow_transport;

/* A tensor in device memory: [blocks][height][width][pix][cols] bytes from offset in region. */
typedef struct {
    uint32_t region;
    uint64_t offset;
    uint32_t height, width, channels;
    uint32_t blocks, pix, cols;
} flow_layout;

/* How an input is laid out: position (y, x), channel (fh * fold_w + fw) * C + c holds the source's row
 * y * stride_h - top + fh * dilation_h, column x * stride_w - left + fw * dilation_w, channel c, or value outside. */
typedef struct {
    uint32_t fold_h, fold_w, stride_h, stride_w, dilation_h, dilation_w, top, left;
    int8_t value;
} flow_fold;

/* One copy of a network input in device memory. */
typedef struct {
    flow_fold fold;
    flow_layout layout;
} flow_input_copy;

typedef struct {
    const char *name;
    uint32_t height, width, channels;
    float scale;
    int32_t zero_point;
    bool half_even; /* rounding of real values: halves to even, not away from zero */
    const flow_input_copy *copies;
    uint32_t copy_count;
} flow_input;

/* Fixed-point constants of the int8 softmax. */
typedef struct {
    bool enabled;
    int32_t multiplier;
    int32_t left_shift;
    int32_t diff_min;
} flow_softmax;

typedef struct {
    const char *name;
    uint32_t height, width, channels;
    float scale;
    int32_t zero_point;
    flow_layout layout;
    flow_softmax softmax;
    /* NULL, or the name of a network output wider than 8 bits: it is the sum of the real values (flow_dequantise, added
     * in double) of all outputs with this name here, alone they mean nothing. */
    const char *digit_of;
} flow_output;

/* A tensor the engine writes, for verification: bytes written until it is complete, and the layer that makes it. */
typedef struct {
    const char *tensor;
    const char *layer;
    flow_layout layout;
    uint64_t bytes_written;
} flow_written;

/* A compiled network; constants in model.c. */
typedef struct {
    const char *name;
    uint32_t abi_major;
    uint64_t config_hash;
    uint64_t model_hash;
    uint32_t pix, rows, cols, axi_bytes;
    uint64_t region_bytes[FLOW_REGIONS];
    uint64_t stream_offset;
    const flow_input *inputs;
    uint32_t input_count;
    const flow_output *outputs;
    uint32_t output_count;
    const flow_written *written;
    uint32_t written_count;
} flow_model;

/* Regions start at multiples of this. */
#define FLOW_REGION_ALIGNMENT 4096u

/* What the engine said about its last error. */
typedef struct {
    uint32_t code; /* FLOW_ERROR_* */
    uint32_t unit; /* FLOW_UNIT_* */
    uint32_t pc;
    uint64_t address;
    uint32_t status; /* register STATUS when it was read */
} flow_error;

typedef enum { FLOW_STATE_CLOSED = 0, FLOW_STATE_IDLE, FLOW_STATE_RUNNING, FLOW_STATE_FAILED, FLOW_STATE_DEAD } flow_state;

/* Handle of a core. Written by the library only; a zeroed one is closed. */
typedef struct {
    const flow_transport *transport;
    const flow_model *model;
    uint32_t index;
    uint32_t channel;
    uint64_t base[FLOW_REGIONS]; /* INPUT and OUTPUT: of the latest inputs written */
    uint64_t other[FLOW_REGIONS]; /* INPUT and OUTPUT: the second place, see flow_second_place */
    uint64_t running_output, finished_output;
    bool second, launched;    /* there is a second place; the latest inputs have been launched */
    bool finished;            /* the latest launch that ended did so well, and its outputs are still there */
    uint64_t watchdog_cycles; /* 0: none; the caller may change it between launches */
    flow_state state;
    bool uploaded;
    flow_error error;
} flow_core;

/* --- the core ------------------------------------------------------------------------------------------------------ */

/* Bytes of device memory that flow_open uses from its base. */
uint64_t flow_device_bytes(const flow_model *model);

/* Identify the engine (magic, ABI, configuration, shape) and place the network's regions one after the other at
 * base in the memory of the core's channel, whose size is memory_bytes. The core is reset. */
flow_status flow_open(flow_core *core, const flow_transport *transport, const flow_model *model, uint32_t index,
                      uint32_t channel, uint64_t base, uint64_t memory_bytes, uint64_t timeout_ns);

/* Check a weight file completely, then write it to the device. Nothing is written unless it is right. */
flow_status flow_upload(flow_core *core, const void *file, size_t length);

/* Bytes of device memory that flow_second_place uses from its base. */
uint64_t flow_second_place_bytes(const flow_model *model);

/* Give an idle core a second place for inputs and outputs, so that batches overlap: flow_write_inputs may be called while a launch
 * runs and writes for the next one, flow_read_outputs while the next one runs and reads those of the last that ended. */
flow_status flow_second_place(flow_core *core, uint64_t base, uint64_t memory_bytes);

/* Write the laid-out inputs (region_bytes[FLOW_REGION_INPUT] bytes, see flow_layout_input). */
flow_status flow_write_inputs(flow_core *core, const void *image);

/* Ring the doorbell. */
flow_status flow_start(flow_core *core);

/* Wait for the end of the launch. FLOW_TIMED_OUT resets the core; it can be used again if that succeeded (state IDLE). */
flow_status flow_wait(flow_core *core, uint64_t timeout_ns);

/* Read region OUTPUT (region_bytes[FLOW_REGION_OUTPUT] bytes, see flow_extract_output) of the last launch that ended.
 * FLOW_NOT_RUNNING if there was none, if it failed, or after a reset. */
flow_status flow_read_outputs(flow_core *core, void *image);

/* Reset after an error, or to give a launch up. */
flow_status flow_reset(flow_core *core, uint64_t timeout_ns);

/* Counters of the last launch. */
flow_status flow_counters(flow_core *core, uint64_t counters[FLOW_NUM_COUNTERS]);

/* --- data, on the host alone --------------------------------------------------------------------------------------- */

/* round(value / scale) + zero_point in float32, halves as the input says, clamped to int8. NaN is FLOW_BAD_ARGUMENT. */
flow_status flow_quantise(const flow_input *input, const float *values, size_t count, int8_t *result);

/* scale * (value - zero_point) in float32. */
flow_status flow_dequantise(const int8_t *values, size_t count, float scale, int32_t zero_point, float *result);

/* Lay image number lane of the batch (height * width * channels int8 values) out in all its copies inside image,
 * which is region INPUT's contents. Lanes that are never laid out hold whatever image held. */
flow_status flow_layout_input(const flow_model *model, uint32_t input, uint32_t lane, const int8_t *values, void *image);

/* Value of output for one lane (height * width * channels), softmax applied where the network ends with one. */
flow_status flow_extract_output(const flow_model *model, uint32_t output, uint32_t lane, const void *image, int8_t *values);

/* int8 softmax of the reference kernels over rows of count values; scale 1/256 and zero point -128. */
flow_status flow_softmax_int8(const flow_softmax *softmax, const int8_t *values, size_t rows, size_t count, int8_t *result);

/* CRC-32 (polynomial 0xEDB88320, reflected) continued from crc, 0 at the start. */
uint32_t flow_crc32(uint32_t crc, const void *data, size_t length);

#ifdef __cplusplus
}
#endif
#endif
