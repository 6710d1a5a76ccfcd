/* The real calls for flow_xdma. */
#define _POSIX_C_SOURCE 200809L
#define _FILE_OFFSET_BITS 64

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#include "flow_xdma.h"

static int64_t result(ssize_t count) { return count < 0 ? -(int64_t)errno : (int64_t)count; }

static int open_node(const char *path, int writable, int nonblocking) {
    const int node = open(path, (writable ? O_RDWR : O_RDONLY) | (nonblocking ? O_NONBLOCK : 0) | O_CLOEXEC);
    return node < 0 ? -errno : node;
}

static void close_node(int node) { (void)close(node); }

static int64_t read_at(int node, void *data, size_t length, uint64_t offset) {
    return result(pread(node, data, length, (off_t)offset));
}

static int64_t write_at(int node, const void *data, size_t length, uint64_t offset) {
    return result(pwrite(node, data, length, (off_t)offset));
}

static int64_t read_event(int node, void *data, size_t length) { return result(read(node, data, length)); }

static int wait_readable(int node, uint64_t timeout_ns) {
    struct pollfd entry = {.fd = node, .events = POLLIN};
    const uint64_t milliseconds = timeout_ns / 1000000u + (timeout_ns % 1000000u != 0);
    const int ready = poll(&entry, 1, milliseconds > INT_MAX ? INT_MAX : (int)milliseconds);
    if (ready < 0) return -errno;
    if (ready == 0) return 0;
    return entry.revents & POLLIN ? 1 : -ENODEV;
}

static volatile uint32_t *map(int node, size_t length) {
    void *start = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, node, 0);
    return start == MAP_FAILED ? NULL : start;
}

static void unmap(volatile uint32_t *registers, size_t length) { (void)munmap((void *)(uintptr_t)registers, length); }

static uint32_t load(volatile uint32_t *address) { return *address; }
static void store(volatile uint32_t *address, uint32_t value) { *address = value; }

static uint64_t now_ns(void) {
    struct timespec now;
    if (clock_gettime(CLOCK_MONOTONIC, &now) != 0) return 0;
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

const flow_xdma_system flow_xdma_linux = {
    .open_node = open_node, .close_node = close_node, .read_at = read_at, .write_at = write_at, .read_event = read_event,
    .wait_readable = wait_readable, .map = map, .unmap = unmap, .load = load, .store = store, .now_ns = now_ns,
};
