/* A Linux serial device for flow_serial. Not run on a board here. */
#define _DEFAULT_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "flow_serial.h"

/* A send that takes longer has failed. */
enum { SEND_MILLISECONDS = 2000 };

int flow_serial_linux_open(const char *path) {
    struct termios settings;
    const int file = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (file < 0) return -errno;
    if (tcgetattr(file, &settings) == 0) {
        cfmakeraw(&settings);
        settings.c_cflag |= CLOCAL | CREAD;
        settings.c_cc[VMIN] = 0;
        settings.c_cc[VTIME] = 0;
        if (cfsetispeed(&settings, B3000000) == 0 && cfsetospeed(&settings, B3000000) == 0 &&
            tcsetattr(file, TCSANOW, &settings) == 0 && tcflush(file, TCIOFLUSH) == 0)
            return file;
    }
    const int error = errno;
    (void)close(file);
    return -error;
}

void flow_serial_linux_close(int file) { (void)close(file); }

static int send_all(void *context, const uint8_t *data, size_t length) {
    const int file = *(const int *)context;
    while (length) {
        const ssize_t count = write(file, data, length);
        if (count < 0 && errno != EAGAIN && errno != EINTR) return -1;
        if (count > 0) {
            data += count;
            length -= (size_t)count;
        } else {
            struct pollfd entry = {.fd = file, .events = POLLOUT};
            const int ready = poll(&entry, 1, SEND_MILLISECONDS);
            if (ready == 0 || (ready < 0 && errno != EINTR) || entry.revents & (POLLERR | POLLHUP | POLLNVAL)) return -1;
        }
    }
    return 0;
}

static int receive(void *context, uint8_t *data, size_t length, uint64_t timeout_ns) {
    const int file = *(const int *)context;
    struct pollfd entry = {.fd = file, .events = POLLIN};
    const uint64_t milliseconds = timeout_ns / 1000000u + (timeout_ns % 1000000u != 0);
    const int ready = poll(&entry, 1, milliseconds > INT_MAX ? INT_MAX : (int)milliseconds);
    if (ready == 0 || (ready < 0 && errno == EINTR)) return 0;
    if (ready < 0 || !(entry.revents & POLLIN)) return -1;
    const ssize_t count = read(file, data, length);
    if (count < 0) return errno == EAGAIN || errno == EINTR ? 0 : -1;
    return (int)count;
}

static uint64_t now_ns(void *context) {
    struct timespec now;
    (void)context;
    if (clock_gettime(CLOCK_MONOTONIC, &now) != 0) return 0;
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

const flow_serial_line flow_serial_linux = {.send = send_all, .receive = receive, .now_ns = now_ns};
