/* Transport over a serial line to fpga/ecp5/serial_link.sv: frames with a CRC, each answered.
 *
 * A frame that gets no answer, a broken one, that of another frame or the answer "CRC wrong" is sent again, with the number it
 * had; all operations may be repeated. The line keeps the order of its bytes. Memory is moved in multiples of 8 bytes; words
 * written in part keep what the memory holds. */
#ifndef FLOW_SERIAL_H
#define FLOW_SERIAL_H

#include "flow.h"

/* Most bytes of data in one frame (MAX_BYTES of serial_link). */
#define FLOW_SERIAL_MAX_BYTES 512u
/* Memory is moved in multiples of this. */
#define FLOW_SERIAL_WORD 8u

/* The line. send: 0 when all bytes were taken; receive: bytes read, 0 when the time is over, negative on failure. */
typedef struct {
    int (*send)(void *context, const uint8_t *data, size_t length);
    int (*receive)(void *context, uint8_t *data, size_t length, uint64_t timeout_ns);
    uint64_t (*now_ns)(void *context); /* monotonic */
} flow_serial_line;

typedef struct {
    const flow_serial_line *line;
    void *context;       /* the line's */
    uint64_t memory_bytes;
    uint64_t timeout_ns; /* of one answer */
    uint32_t attempts;   /* of one frame */
    /* Set by flow_serial_transport. */
    uint64_t repeated; /* frames that were sent again */
    uint8_t number;    /* of the latest frame */
} flow_serial;

/* Fill transport so that it uses serial, which must outlive it; what is still on the line is lost. The cores are polled. */
flow_status flow_serial_transport(flow_serial *serial, flow_transport *transport);

/* flow_serial_linux.c: a Linux serial device, raw, 8N1, 3 Mbaud; context is the open file's number as an int *. */
extern const flow_serial_line flow_serial_linux;
/* The open file, or negative. */
int flow_serial_linux_open(const char *path);
void flow_serial_linux_close(int file);

#endif
