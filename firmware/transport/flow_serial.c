#include "flow_serial.h"

#include <string.h>

enum { REQUEST = 0xA5, RESPONSE = 0x5A };
enum { READ_REGISTER = 1, WRITE_REGISTER, READ_MEMORY, WRITE_MEMORY };
enum { DONE = 0, BAD_CRC, REFUSED };
enum { HEADER_BYTES = 9, CRC_BYTES = 2, REGISTER_BYTES = 4 };

static uint16_t crc(uint16_t value, const uint8_t *data, size_t length) {
    for (size_t i = 0; i < length; ++i) {
        value = (uint16_t)(value ^ (uint16_t)data[i] << 8);
        for (int bit = 0; bit < 8; ++bit)
            value = (uint16_t)(value & 0x8000u ? (uint16_t)(value << 1) ^ 0x1021u : (uint16_t)(value << 1));
    }
    return value;
}

/* length bytes before the deadline: 0 complete, 1 too late, negative failure. */
static int receive_all(const flow_serial *s, uint8_t *data, size_t length, uint64_t start) {
    while (length) {
        const uint64_t spent = s->line->now_ns(s->context) - start;
        if (spent >= s->timeout_ns) return 1;
        const int got = s->line->receive(s->context, data, length, s->timeout_ns - spent);
        if (got < 0 || (size_t)got > length) return -1;
        data += got;
        length -= (size_t)got;
    }
    return 0;
}

/* The answer to frame s->number: 0 done, 1 send it again, negative failure. The answer to another one came too late, how long it is
 * is not known. */
static int answer(const flow_serial *s, uint8_t *data, size_t length) {
    const uint64_t start = s->line->now_ns(s->context);
    uint8_t sync = 0, head[2] = {0}, check[CRC_BYTES]; /* head: number, status */
    do {
        const int result = receive_all(s, &sync, 1, start);
        if (result != 0) return result;
    } while (sync != RESPONSE);
    int result = receive_all(s, head, sizeof head, start);
    if (result != 0) return result;
    if (head[0] != s->number) return 1;
    const uint8_t status = head[1];
    if (status == DONE && length && (result = receive_all(s, data, length, start)) != 0) return result;
    if ((result = receive_all(s, check, sizeof check, start)) != 0) return result;
    uint16_t expected = crc(0xFFFF, head, sizeof head);
    if (status == DONE) expected = crc(expected, data, length);
    if (check[0] != (expected & 0xFF) || check[1] != expected >> 8 || status == BAD_CRC) return 1;
    return status == DONE ? 0 : -1;
}

/* Forget what is still on the line: an answer that came too late, or the rest of a broken one. */
static void drain(const flow_serial *s) {
    uint8_t lost[64];
    const uint64_t start = s->line->now_ns(s->context);
    while (s->line->now_ns(s->context) - start < s->timeout_ns &&
           s->line->receive(s->context, lost, sizeof lost, s->timeout_ns / 4) > 0) {
    }
}

static int exchange(flow_serial *s, uint8_t operation, uint64_t address, const uint8_t *out, uint8_t *in, size_t length) {
    uint8_t frame[HEADER_BYTES + FLOW_SERIAL_MAX_BYTES + CRC_BYTES] = {REQUEST, ++s->number, operation};
    const size_t data = out ? length : 0;
    for (int i = 0; i < 4; ++i) frame[3 + i] = (uint8_t)(address >> (8 * i));
    frame[7] = (uint8_t)length;
    frame[8] = (uint8_t)(length >> 8);
    if (out) memcpy(frame + HEADER_BYTES, out, data);
    const uint16_t check = crc(0xFFFF, frame + 1, HEADER_BYTES - 1 + data);
    frame[HEADER_BYTES + data] = (uint8_t)check;
    frame[HEADER_BYTES + data + 1] = (uint8_t)(check >> 8);
    for (uint32_t attempt = 0; attempt < s->attempts; ++attempt) {
        if (attempt) {
            ++s->repeated;
            drain(s);
        }
        if (s->line->send(s->context, frame, HEADER_BYTES + data + CRC_BYTES) != 0) return -1;
        const int result = answer(s, in, in ? length : 0);
        if (result <= 0) return result;
    }
    return -1;
}

static int reg_read(void *context, uint32_t address, uint32_t *value) {
    uint8_t bytes[REGISTER_BYTES] = {0};
    if (exchange(context, READ_REGISTER, address, NULL, bytes, sizeof bytes) != 0) return -1;
    *value = bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
    return 0;
}

static int reg_write(void *context, uint32_t address, uint32_t value) {
    const uint8_t bytes[REGISTER_BYTES] = {(uint8_t)value, (uint8_t)(value >> 8), (uint8_t)(value >> 16),
                                           (uint8_t)(value >> 24)};
    return exchange(context, WRITE_REGISTER, address, bytes, NULL, sizeof bytes);
}

static int inside(const flow_serial *s, uint32_t channel, uint64_t address, size_t length) {
    return channel == 0 && length <= s->memory_bytes && address <= s->memory_bytes - length;
}

static int transfer(flow_serial *s, uint64_t address, const uint8_t *out, uint8_t *in, size_t length) {
    uint8_t words[FLOW_SERIAL_MAX_BYTES];
    while (length) {
        const size_t head = (size_t)(address % FLOW_SERIAL_WORD);
        size_t piece = sizeof words - head;
        if (piece > length) piece = length;
        const size_t whole = (head + piece + FLOW_SERIAL_WORD - 1) / FLOW_SERIAL_WORD * FLOW_SERIAL_WORD;
        if ((!out || whole != piece) && exchange(s, READ_MEMORY, address - head, NULL, words, whole) != 0) return -1;
        if (out) {
            memcpy(words + head, out, piece);
            if (exchange(s, WRITE_MEMORY, address - head, words, NULL, whole) != 0) return -1;
            out += piece;
        } else {
            memcpy(in, words + head, piece);
            in += piece;
        }
        address += piece;
        length -= piece;
    }
    return 0;
}

static int mem_write(void *context, uint32_t channel, uint64_t address, const void *data, size_t length) {
    return inside(context, channel, address, length) ? transfer(context, address, data, NULL, length) : -1;
}

static int mem_read(void *context, uint32_t channel, uint64_t address, void *data, size_t length) {
    return inside(context, channel, address, length) ? transfer(context, address, NULL, data, length) : -1;
}

static uint64_t now_ns(void *context) {
    const flow_serial *s = context;
    return s->line->now_ns(s->context);
}

flow_status flow_serial_transport(flow_serial *serial, flow_transport *transport) {
    if (!serial || !transport || !serial->line || !serial->line->send || !serial->line->receive || !serial->line->now_ns ||
        !serial->attempts || serial->memory_bytes % FLOW_SERIAL_WORD)
        return FLOW_BAD_ARGUMENT;
    serial->repeated = 0;
    drain(serial);
    *transport = (flow_transport){.context = serial, .reg_read = reg_read, .reg_write = reg_write, .mem_write = mem_write,
                                  .mem_read = mem_read, .now_ns = now_ns};
    return FLOW_OK;
}
