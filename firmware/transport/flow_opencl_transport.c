#define _POSIX_C_SOURCE 200809L
#include "flow_opencl_transport.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define NS_PER_S UINT64_C(1000000000)
#define SHORTEST_NAP_NS UINT64_C(20000)
#define LONGEST_NAP_NS UINT64_C(1000000)
#define MAX_PLATFORMS 16
#define MIN_STATE_BYTES 64

static int word(uint32_t offset) { return (int)(offset / sizeof(uint32_t)); }

static uint64_t now_ns(void *context) {
    struct timespec time;
    (void)context;
    if (clock_gettime(CLOCK_MONOTONIC, &time) != 0) return 0;
    return (uint64_t)time.tv_sec * NS_PER_S + (uint64_t)time.tv_nsec;
}

static flow_status problem(flow_opencl_link *link, flow_status status, const char *what, cl_int code) {
    if (code == CL_SUCCESS) snprintf(link->problem, sizeof link->problem, "%s", what);
    else snprintf(link->problem, sizeof link->problem, "%s: OpenCL error %d", what, (int)code);
    return status;
}

/* --- registers ---------------------------------------------------------------------------------------------------- */

/* What the kernel leaves in the page; the other registers are the host's. */
static void take_result(flow_opencl_core *core) {
    static const uint32_t taken[] = {FLOW_REG_STATUS, FLOW_REG_ERROR, FLOW_REG_ERROR_PC, FLOW_REG_ERROR_ADDRESS_LO,
                                     FLOW_REG_ERROR_ADDRESS_HI};
    for (size_t i = 0; i < sizeof taken / sizeof taken[0]; ++i) core->page[word(taken[i])] = core->result[word(taken[i])];
    memcpy(&core->page[word(FLOW_COUNTER_BASE)], &core->result[word(FLOW_COUNTER_BASE)], FLOW_NUM_COUNTERS * sizeof(uint64_t));
}

static void finish(flow_opencl_core *core, cl_int state) {
    /* only waiting makes what a command left visible; a command that is complete is not waited for */
    if (state == CL_COMPLETE && clWaitForEvents(1, &core->finished) != CL_SUCCESS) state = CL_OUT_OF_RESOURCES;
    if (state == CL_COMPLETE) take_result(core);
    else core->page[word(FLOW_REG_ERROR)] = FLOW_ERROR_BUS << FLOW_REG_ERROR_CODE_LSB | FLOW_UNIT_FETCH << FLOW_REG_ERROR_UNIT_LSB;
    if (state != CL_COMPLETE) core->page[word(FLOW_REG_STATUS)] = FLOW_REG_STATUS_ERROR_MASK;
    core->page[word(FLOW_REG_IRQ_PENDING)] = 1;
    if (core->resetting) core->page[word(FLOW_REG_STATUS)] = core->page[word(FLOW_REG_ERROR)] = 0;
    core->running = core->resetting = false;
    clReleaseEvent(core->finished);
}

/* See whether the launch has ended; returns not 0 if the device cannot be asked. */
static int look(flow_opencl_core *core) {
    cl_int state = CL_QUEUED;
    if (!core->running) return 0;
    if (clGetEventInfo(core->finished, CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof state, &state, NULL) != CL_SUCCESS) return -1;
    if (state <= CL_COMPLETE) finish(core, state);
    return 0;
}

static int start(flow_opencl_core *core) {
    const size_t one = 1;
    if (core->running || core->page[word(FLOW_REG_STATUS)] & FLOW_REG_STATUS_ERROR_MASK) return 0;
    core->page[word(FLOW_REG_STATUS)] = FLOW_REG_STATUS_BUSY_MASK;
    memcpy(core->result, core->page, sizeof core->result);
    if (clEnqueueWriteBuffer(core->queue, core->registers, CL_FALSE, 0, sizeof core->result, core->result, 0, NULL, NULL) != CL_SUCCESS ||
        clEnqueueNDRangeKernel(core->queue, core->kernel, 1, NULL, &one, &one, 0, NULL, NULL) != CL_SUCCESS ||
        clEnqueueReadBuffer(core->queue, core->registers, CL_FALSE, 0, sizeof core->result, core->result, 0, NULL,
                            &core->finished) != CL_SUCCESS)
        return -1;
    core->running = true;
    return clFlush(core->queue) == CL_SUCCESS ? 0 : -1;
}

static flow_opencl_core *core_of(void *context, uint32_t address) {
    flow_opencl_link *link = context;
    const uint32_t index = address / FLOW_CORE_PAGE_BYTES;
    return index < link->cores && address % sizeof(uint32_t) == 0 ? &link->core[index] : NULL;
}

static int reg_read(void *context, uint32_t address, uint32_t *value) {
    flow_opencl_core *core = core_of(context, address);
    if (!core || look(core) != 0) return -1;
    *value = core->page[word(address % FLOW_CORE_PAGE_BYTES)];
    return 0;
}

static bool writable(uint32_t offset) {
    return offset == FLOW_REG_SCRATCH || offset == FLOW_REG_IRQ_ENABLE ||
           (offset >= FLOW_REG_CONSTANT_BASE_LO && offset <= FLOW_REG_WATCHDOG_HI);
}

static int reg_write(void *context, uint32_t address, uint32_t value) {
    flow_opencl_core *core = core_of(context, address);
    const uint32_t offset = address % FLOW_CORE_PAGE_BYTES;
    if (!core || look(core) != 0) return -1;
    if (offset == FLOW_REG_CONTROL) {
        if (value & FLOW_REG_CONTROL_RESET_MASK) {
            core->resetting = core->running; /* a kernel cannot be stopped: it runs to its end, the core stays busy */
            if (!core->running) core->page[word(FLOW_REG_STATUS)] = core->page[word(FLOW_REG_ERROR)] = 0;
            return 0;
        }
        return value & FLOW_REG_CONTROL_START_MASK ? start(core) : 0;
    }
    if (offset == FLOW_REG_IRQ_PENDING) core->page[word(offset)] &= ~value;
    else if (writable(offset)) core->page[word(offset)] = value;
    return 0;
}

/* OpenCL's wait has no deadline: look, sleep, each time a little longer. */
static void sleep_a_little(uint64_t *nap) {
    const struct timespec pause = {.tv_sec = 0, .tv_nsec = (long)*nap};
    (void)nanosleep(&pause, NULL);
    *nap = *nap * 2 < LONGEST_NAP_NS ? *nap * 2 : LONGEST_NAP_NS;
}

static int wait_interrupt(void *context, uint32_t index, uint64_t timeout_ns) {
    flow_opencl_core *core = core_of(context, index * FLOW_CORE_PAGE_BYTES);
    const uint64_t begin = now_ns(NULL);
    uint64_t nap = SHORTEST_NAP_NS;
    if (!core) return -1;
    for (;;) {
        if (look(core) != 0) return -1;
        if (core->page[word(FLOW_REG_IRQ_PENDING)]) return 0;
        if (now_ns(NULL) - begin >= timeout_ns) return 1;
        sleep_a_little(&nap);
    }
}

/* --- memory: in the launches' queue, as OpenCL leaves open what becomes of a buffer that is copied while a kernel uses it --- */

/* The end of a copy. */
static int copied(const flow_opencl_link *link, flow_opencl_core *core, cl_event event) {
    const uint64_t begin = now_ns(NULL);
    uint64_t nap = SHORTEST_NAP_NS;
    cl_int state = clFlush(core->queue) == CL_SUCCESS ? CL_QUEUED : CL_OUT_OF_RESOURCES;
    while (state > CL_COMPLETE) {
        if (clGetEventInfo(event, CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof state, &state, NULL) != CL_SUCCESS)
            state = CL_OUT_OF_RESOURCES;
        if (state <= CL_COMPLETE || now_ns(NULL) - begin >= link->timeout_ns) break;
        sleep_a_little(&nap);
    }
    const bool whole = state == CL_COMPLETE && clWaitForEvents(1, &event) == CL_SUCCESS;
    clReleaseEvent(event);
    return whole ? 0 : -1;
}

static int mem_write(void *context, uint32_t channel, uint64_t address, const void *data, size_t length) {
    flow_opencl_link *link = context;
    if (channel >= link->cores || !length) return length ? -1 : 0;
    flow_opencl_core *core = &link->core[channel];
    cl_event event;
    if (clEnqueueWriteBuffer(core->queue, core->memory, CL_FALSE, (size_t)address, length, data, 0, NULL, &event) != CL_SUCCESS)
        return -1;
    return copied(link, core, event);
}

static int mem_read(void *context, uint32_t channel, uint64_t address, void *data, size_t length) {
    flow_opencl_link *link = context;
    if (channel >= link->cores || !length) return length ? -1 : 0;
    flow_opencl_core *core = &link->core[channel];
    cl_event event;
    if (clEnqueueReadBuffer(core->queue, core->memory, CL_FALSE, (size_t)address, length, data, 0, NULL, &event) != CL_SUCCESS)
        return -1;
    return copied(link, core, event);
}

/* --- opening ------------------------------------------------------------------------------------------------------ */

static flow_status find_device(flow_opencl_link *link, uint32_t wanted) {
    cl_platform_id platforms[MAX_PLATFORMS];
    cl_uint platform_count = 0;
    uint32_t seen = 0;
    if (clGetPlatformIDs(MAX_PLATFORMS, platforms, &platform_count) != CL_SUCCESS)
        return problem(link, FLOW_BAD_TRANSPORT, "no OpenCL platform is installed", CL_SUCCESS);
    for (cl_uint p = 0; p < platform_count && p < MAX_PLATFORMS; ++p) {
        cl_device_id devices[FLOW_OPENCL_MAX_DEVICES];
        cl_uint count = 0;
        if (clGetDeviceIDs(platforms[p], CL_DEVICE_TYPE_ALL, FLOW_OPENCL_MAX_DEVICES, devices, &count) != CL_SUCCESS) continue;
        for (cl_uint d = 0; d < count && d < FLOW_OPENCL_MAX_DEVICES; ++d, ++seen) {
            if (seen != wanted) continue;
            link->device = devices[d];
            return FLOW_OK;
        }
    }
    return problem(link, FLOW_BAD_ARGUMENT, "there is no OpenCL device of that number", CL_SUCCESS);
}

/* Bytes read, or 0. */
static size_t read_file(const char *path, void *to, size_t room) {
    FILE *file = fopen(path, "rb");
    if (!file) return 0;
    const size_t length = fread(to, 1, room, file);
    const bool whole = !ferror(file) && fgetc(file) == EOF;
    fclose(file);
    return whole ? length : 0;
}

static uint64_t mix(uint64_t hash, const void *data, size_t length) { /* FNV-1a */
    const unsigned char *bytes = data;
    for (size_t i = 0; i < length; ++i) hash = (hash ^ bytes[i]) * UINT64_C(0x100000001B3);
    return hash;
}

/* File of the compiled kernel: named by everything it depends on. Returns whether it fits the room. */
static bool cache_path(const flow_opencl_link *link, const char *folder, const char *options, const void *source,
                       size_t length, char *path, size_t room) {
    static const cl_device_info facts[] = {CL_DEVICE_NAME, CL_DEVICE_VERSION, CL_DRIVER_VERSION, CL_DEVICE_VENDOR};
    char text[512];
    uint64_t hash = mix(UINT64_C(0xCBF29CE484222325), source, length);
    hash = mix(hash, options, strlen(options));
    for (size_t i = 0; i < sizeof facts / sizeof facts[0]; ++i) {
        memset(text, 0, sizeof text);
        if (clGetDeviceInfo(link->device, facts[i], sizeof text - 1, text, NULL) == CL_SUCCESS) hash = mix(hash, text, sizeof text);
    }
    const int written = snprintf(path, room, "%s/flow-%016" PRIx64 ".bin", folder, hash);
    return written > 0 && (size_t)written < room;
}

static flow_status load_binary(flow_opencl_link *link, const unsigned char *data, size_t length) {
    cl_int code = CL_SUCCESS, loaded = CL_SUCCESS;
    link->program = clCreateProgramWithBinary(link->context, 1, &link->device, &length, &data, &loaded, &code);
    if (code == CL_SUCCESS) code = clBuildProgram(link->program, 1, &link->device, "", NULL, NULL);
    if (code == CL_SUCCESS) return FLOW_OK;
    if (link->program) clReleaseProgram(link->program);
    link->program = NULL;
    return problem(link, FLOW_BAD_FILE, "the device does not take the binary", code);
}

/* Best effort: a cache that cannot be written costs time only. Written aside and renamed, so that no one reads half a file. */
static void save_binary(const flow_opencl_link *link, const char *path, void *scratch, size_t room) {
    size_t length = 0;
    unsigned char *data = scratch;
    char aside[4200];
    if (clGetProgramInfo(link->program, CL_PROGRAM_BINARY_SIZES, sizeof length, &length, NULL) != CL_SUCCESS || !length || length > room)
        return;
    if (clGetProgramInfo(link->program, CL_PROGRAM_BINARIES, sizeof data, &data, NULL) != CL_SUCCESS) return;
    snprintf(aside, sizeof aside, "%s.%" PRIu64, path, now_ns(NULL));
    FILE *file = fopen(aside, "wb");
    if (!file) return;
    const bool good = fwrite(data, 1, length, file) == length;
    if (fclose(file) != 0 || !good || rename(aside, path) != 0) (void)remove(aside);
}

static flow_status build(flow_opencl_link *link, const flow_opencl_config *config, void *scratch, size_t room) {
    cl_device_type type = 0;
    char path[4096];
    size_t length = read_file(config->kernel, scratch, room);
    if (!length) return problem(link, FLOW_BAD_FILE, "the kernel's file cannot be read or is too large", CL_SUCCESS);
    if (config->binary) return load_binary(link, scratch, length);
    if (clGetDeviceInfo(link->device, CL_DEVICE_TYPE, sizeof type, &type, NULL) != CL_SUCCESS)
        return problem(link, FLOW_BAD_TRANSPORT, "the device does not answer", CL_SUCCESS);
    const char *options = type & CL_DEVICE_TYPE_ACCELERATOR ? "-cl-std=CL1.2" : "-cl-std=CL1.2 -DFLOW_STATE_IN_MEMORY";
    const bool cached = config->cache && cache_path(link, config->cache, options, scratch, length, path, sizeof path);
    unsigned char *spare = (unsigned char *)scratch + length;
    const size_t found = cached ? read_file(path, spare, room - length) : 0;
    if (found && load_binary(link, spare, found) == FLOW_OK) return FLOW_OK;
    cl_int code = CL_SUCCESS;
    const char *source = scratch;
    link->program = clCreateProgramWithSource(link->context, 1, &source, &length, &code);
    if (code == CL_SUCCESS) code = clBuildProgram(link->program, 1, &link->device, options, NULL, NULL);
    if (code != CL_SUCCESS) {
        /* the log's beginning: its first error is the one that counts */
        if (link->program && room > length && clGetProgramBuildInfo(link->program, link->device, CL_PROGRAM_BUILD_LOG, room - length,
                                                                    spare, NULL) == CL_SUCCESS && *spare)
            return problem(link, FLOW_BAD_FILE, (const char *)spare, CL_SUCCESS);
        return problem(link, FLOW_BAD_FILE, "the kernel does not compile", code);
    }
    if (cached) save_binary(link, path, spare, room - length);
    return FLOW_OK;
}

/* Ask the kernel what it is: identification registers and how many bytes its state takes. */
static cl_int describe(flow_opencl_link *link, flow_opencl_core *core, uint64_t *state_bytes) {
    const size_t one = 1;
    cl_int code = CL_SUCCESS;
    cl_mem answer = clCreateBuffer(link->context, CL_MEM_READ_WRITE, sizeof *state_bytes, NULL, &code);
    if (code != CL_SUCCESS) return code;
    cl_kernel kernel = clCreateKernel(link->program, "flow_describe", &code);
    if (code == CL_SUCCESS) code = clSetKernelArg(kernel, 0, sizeof core->registers, &core->registers);
    if (code == CL_SUCCESS) code = clSetKernelArg(kernel, 1, sizeof answer, &answer);
    if (code == CL_SUCCESS) code = clEnqueueNDRangeKernel(core->queue, kernel, 1, NULL, &one, &one, 0, NULL, NULL);
    if (code == CL_SUCCESS)
        code = clEnqueueReadBuffer(core->queue, core->registers, CL_TRUE, 0, sizeof core->page, core->page, 0, NULL, NULL);
    if (code == CL_SUCCESS)
        code = clEnqueueReadBuffer(core->queue, answer, CL_TRUE, 0, sizeof *state_bytes, state_bytes, 0, NULL, NULL);
    if (kernel) clReleaseKernel(kernel);
    clReleaseMemObject(answer);
    return code;
}

static cl_int open_core(flow_opencl_link *link, uint32_t index, uint64_t memory_bytes) {
    flow_opencl_core *core = &link->core[index];
    uint64_t state_bytes = 0;
    cl_int code = CL_SUCCESS;
    core->queue = clCreateCommandQueue(link->context, link->device, 0, &code);
    if (code == CL_SUCCESS) core->registers = clCreateBuffer(link->context, CL_MEM_READ_WRITE, FLOW_CORE_PAGE_BYTES, NULL, &code);
    if (code == CL_SUCCESS)
        code = clEnqueueWriteBuffer(core->queue, core->registers, CL_TRUE, 0, sizeof core->page, core->page, 0, NULL, NULL);
    if (code == CL_SUCCESS) code = describe(link, core, &state_bytes);
    if (state_bytes < MIN_STATE_BYTES) state_bytes = MIN_STATE_BYTES;
    if (code == CL_SUCCESS) core->state = clCreateBuffer(link->context, CL_MEM_READ_WRITE, (size_t)state_bytes, NULL, &code);
    if (code == CL_SUCCESS) core->memory = clCreateBuffer(link->context, CL_MEM_READ_WRITE, (size_t)memory_bytes, NULL, &code);
    if (code == CL_SUCCESS) core->kernel = clCreateKernel(link->program, "flow_engine", &code);
    if (code == CL_SUCCESS) code = clSetKernelArg(core->kernel, 0, sizeof core->memory, &core->memory);
    if (code == CL_SUCCESS) code = clSetKernelArg(core->kernel, 1, sizeof core->registers, &core->registers);
    if (code == CL_SUCCESS) code = clSetKernelArg(core->kernel, 2, sizeof core->state, &core->state);
    core->page[word(FLOW_REG_SYSTEM)] |= index << FLOW_REG_SYSTEM_CORE_LSB;
    return code;
}

flow_status flow_opencl_open(flow_opencl_link *link, const flow_opencl_config *config, void *scratch, size_t scratch_bytes,
                             flow_transport *transport) {
    cl_int code = CL_SUCCESS;
    if (!link || !config || !config->kernel || !scratch || !transport || !config->cores || !config->memory_bytes ||
        config->cores > FLOW_OPENCL_MAX_CORES)
        return FLOW_BAD_ARGUMENT;
    memset(link, 0, sizeof *link);
    link->timeout_ns = config->timeout_ns;
    flow_status status = find_device(link, config->device);
    if (status != FLOW_OK) return status;
    link->context = clCreateContext(NULL, 1, &link->device, NULL, NULL, &code);
    if (code != CL_SUCCESS) return problem(link, FLOW_BAD_TRANSPORT, "the device cannot be opened", code);
    status = build(link, config, scratch, scratch_bytes);
    for (uint32_t n = 0; n < config->cores && status == FLOW_OK; ++n) {
        link->cores = n + 1;
        code = open_core(link, n, config->memory_bytes);
        if (code != CL_SUCCESS) status = problem(link, FLOW_BAD_TRANSPORT, "the kernel or its memory cannot be set up", code);
    }
    if (status != FLOW_OK) {
        flow_opencl_close(link);
        return status;
    }
    *transport = (flow_transport){.context = link, .reg_read = reg_read, .reg_write = reg_write, .mem_write = mem_write,
                                  .mem_read = mem_read, .wait_interrupt = wait_interrupt, .now_ns = now_ns};
    return FLOW_OK;
}

void flow_opencl_close(flow_opencl_link *link) {
    for (uint32_t n = 0; n < link->cores; ++n) {
        flow_opencl_core *core = &link->core[n];
        if (core->queue) clFinish(core->queue);
        if (core->running) clReleaseEvent(core->finished);
        if (core->kernel) clReleaseKernel(core->kernel);
        if (core->memory) clReleaseMemObject(core->memory);
        if (core->state) clReleaseMemObject(core->state);
        if (core->registers) clReleaseMemObject(core->registers);
        if (core->queue) clReleaseCommandQueue(core->queue);
        memset(core, 0, sizeof *core);
    }
    link->cores = 0;
    if (link->program) clReleaseProgram(link->program);
    if (link->context) clReleaseContext(link->context);
    link->program = NULL;
    link->context = NULL;
}
