/* A launch that the runtime gives up is the error BUS; the core is usable after a reset and right in the next launch. A copy that does
 * not end is a failure, after its time.
 *
 * test_bus KERNEL WEIGHTS INPUTS EXPECTED: INPUTS is region INPUT as the model lays it out, EXPECTED region OUTPUT.
 * Linked with --wrap=clGetEventInfo. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flow_opencl_transport.h"
#include "model.h"

#define SECOND UINT64_C(1000000000)
#define CHECK(condition) \
    if (!(condition)) return fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition), 1

static bool give_up; /* the next launch that ends well is told to have failed */
static bool hang;    /* nothing ends */

cl_int __real_clGetEventInfo(cl_event event, cl_event_info name, size_t size, void *value, size_t *length);
cl_int __wrap_clGetEventInfo(cl_event event, cl_event_info name, size_t size, void *value, size_t *length);

cl_int __wrap_clGetEventInfo(cl_event event, cl_event_info name, size_t size, void *value, size_t *length) {
    const cl_int code = __real_clGetEventInfo(event, name, size, value, length);
    if (code == CL_SUCCESS && name == CL_EVENT_COMMAND_EXECUTION_STATUS && *(cl_int *)value == CL_COMPLETE && give_up) {
        *(cl_int *)value = CL_OUT_OF_RESOURCES;
        give_up = false;
    }
    if (code == CL_SUCCESS && name == CL_EVENT_COMMAND_EXECUTION_STATUS && hang) *(cl_int *)value = CL_RUNNING;
    return code;
}

static void *file(const char *path, size_t *length) {
    static const size_t room = (size_t)64 << 20;
    FILE *stream = fopen(path, "rb");
    void *data = malloc(room);
    if (!stream || !data) exit(2);
    *length = fread(data, 1, room, stream);
    fclose(stream);
    return data;
}

int main(int argc, char **argv) {
    flow_opencl_link link = {0};
    flow_transport transport;
    flow_core core;
    size_t weights_length, inputs_length, expected_length;
    CHECK(argc == 5);
    void *weights = file(argv[2], &weights_length), *inputs = file(argv[3], &inputs_length);
    void *expected = file(argv[4], &expected_length), *scratch = malloc((size_t)64 << 20);
    void *outputs = calloc(1, expected_length);
    const flow_opencl_config config = {.kernel = argv[1], .cores = 1, .memory_bytes = flow_device_bytes(&FLOW_MODEL),
                                       .timeout_ns = SECOND / 10};
    CHECK(flow_opencl_open(&link, &config, scratch, (size_t)64 << 20, &transport) == FLOW_OK);
    CHECK(flow_open(&core, &transport, &FLOW_MODEL, 0, 0, 0, config.memory_bytes, SECOND) == FLOW_OK);
    CHECK(flow_upload(&core, weights, weights_length) == FLOW_OK);
    CHECK(flow_write_inputs(&core, inputs) == FLOW_OK);
    for (int round = 0; round < 2; ++round) {
        memset(outputs, 0, expected_length); /* what the engine does not write stays so */
        CHECK(transport.mem_write(transport.context, 0, core.base[FLOW_REGION_OUTPUT], outputs, expected_length) == 0);
        give_up = true;
        CHECK(flow_start(&core) == FLOW_OK);
        CHECK(flow_wait(&core, 60 * SECOND) == FLOW_ENGINE_ERROR);
        CHECK(core.error.code == FLOW_ERROR_BUS && core.error.unit == FLOW_UNIT_FETCH && !give_up);
        CHECK(flow_start(&core) != FLOW_OK);
        CHECK(flow_reset(&core, SECOND) == FLOW_OK);
        CHECK(flow_start(&core) == FLOW_OK);
        CHECK(flow_wait(&core, 60 * SECOND) == FLOW_OK);
        CHECK(flow_read_outputs(&core, outputs) == FLOW_OK);
        CHECK(memcmp(outputs, expected, expected_length) == 0);
    }
    hang = true;
    for (int reading = 0; reading < 2; ++reading) {
        const uint64_t begin = transport.now_ns(transport.context);
        CHECK((reading ? transport.mem_read(transport.context, 0, 0, outputs, 1)
                       : transport.mem_write(transport.context, 0, 0, outputs, 1)) != 0);
        const uint64_t spent = transport.now_ns(transport.context) - begin;
        CHECK(spent >= config.timeout_ns && spent < 50 * config.timeout_ns);
    }
    CHECK(flow_read_outputs(&core, outputs) == FLOW_BAD_TRANSPORT);
    flow_opencl_close(&link);
    free(weights), free(inputs), free(expected), free(scratch), free(outputs);
    return 0;
}
