/* Run images through the engine: deals batches out to the cores, one launch each, and prints what the engine counted. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model.h"
#include "npy.h"
#include "platform.h"

#define MAX_TENSORS 64

static const flow_platform *const platforms[] = {
#ifndef FLOW_HOST_WITHOUT_SIM
    &flow_platform_sim,
#endif
#ifdef FLOW_HOST_WITH_OPENCL
    &flow_platform_opencl,
#endif
#ifdef FLOW_HOST_WITH_XDMA
    &flow_platform_xdma,
#endif
#ifdef FLOW_HOST_WITH_F2
    &flow_platform_f2,
#endif
#ifdef FLOW_HOST_WITH_XRT
    &flow_platform_xrt,
#endif
#ifdef FLOW_HOST_WITH_SERIAL
    &flow_platform_serial,
#endif
};
#define PLATFORMS (sizeof platforms / sizeof platforms[0])
static const flow_platform *platform; /* chosen once, before anything else */

typedef struct {
    const char *weights;
    const char *input[MAX_TENSORS];
    const char *output[MAX_TENSORS];
    const char *expect[MAX_TENSORS];
    uint32_t inputs, outputs, expects;
    uint32_t images, cores;
    uint64_t timeout_ns, watchdog;
    int floats;
} options;

static int usage(const char *problem, const char *name) {
    if (problem) fprintf(stderr, "flow_host: %s%s%s\n\n", problem, name ? ": " : "", name ? name : "");
    fprintf(stderr,
            "flow_host --weights weights.bin --input FILE... [options]\n"
            "  --input FILE      images of one network input, raw or .npy, once for each, in the model's order\n"
            "  --output FILE     where to write a network output, once for each, in the model's order\n"
            "  --expect FILE     compare a network output with the file's bytes; a difference ends with exit code 1\n"
            "  --images N        images in the files (0: as many as the first .npy file has)\n"
            "  --cores N         cores to use (1)\n"
            "  --float 0|1       files hold float32 and not int8 (0)\n"
            "  --timeout-ns N    longest time of one launch (60 s)\n"
            "  --watchdog N      cycles after which the engine gives up, 0 never (0)\n"
            "  --device NAME     what to run on; the first of these if not given\n");
    for (size_t i = 0; i < PLATFORMS; ++i) fprintf(stderr, "%s:\n%s", platforms[i]->name, platforms[i]->usage);
    return 2;
}

/* Options of a device are known only when the device is. */
static const flow_platform *choose(int argc, char **argv) {
    const char *wanted = platforms[0]->name;
    for (int i = 1; i + 1 < argc; i += 2)
        if (strcmp(argv[i], "--device") == 0) wanted = argv[i + 1];
    for (size_t i = 0; i < PLATFORMS; ++i)
        if (strcmp(platforms[i]->name, wanted) == 0) return platforms[i];
    return NULL;
}

/* Whether a and b are digits of the same network output, or the same. */
static int together(uint32_t a, uint32_t b) {
    const char *const name = FLOW_MODEL.outputs[a].digit_of, *const other = FLOW_MODEL.outputs[b].digit_of;
    return a == b || (name && other && strcmp(name, other) == 0);
}

/* Files of outputs: int8 ones hold a digit each, those of real values what the digits add up to. */
static int has_file(const options *o, uint32_t i) {
    for (uint32_t k = 0; o->floats && k < i; ++k)
        if (together(k, i)) return 0;
    return 1;
}

static uint32_t output_files(const options *o) {
    uint32_t files = 0;
    for (uint32_t i = 0; i < FLOW_MODEL.output_count; ++i) files += (uint32_t)has_file(o, i);
    return files;
}

static int parse(int argc, char **argv, options *o) {
    platform = choose(argc, argv);
    if (!platform) return usage("this program was not linked for the device that was asked for", NULL);
    for (int i = 1; i < argc; i += 2) {
        const char *name = argv[i], *value = i + 1 < argc ? argv[i + 1] : NULL;
        uint64_t number = 0;
        if (!value) return usage("no value for", name);
        const int numeric = platform_number(value, &number);
        if (strcmp(name, "--weights") == 0) o->weights = value;
        else if (strcmp(name, "--input") == 0 && o->inputs < MAX_TENSORS) o->input[o->inputs++] = value;
        else if (strcmp(name, "--output") == 0 && o->outputs < MAX_TENSORS) o->output[o->outputs++] = value;
        else if (strcmp(name, "--expect") == 0 && o->expects < MAX_TENSORS) o->expect[o->expects++] = value;
        else if (strcmp(name, "--images") == 0 && numeric) o->images = (uint32_t)number;
        else if (strcmp(name, "--cores") == 0 && numeric) o->cores = (uint32_t)number;
        else if (strcmp(name, "--float") == 0 && numeric) o->floats = number != 0;
        else if (strcmp(name, "--timeout-ns") == 0 && numeric) o->timeout_ns = number;
        else if (strcmp(name, "--watchdog") == 0 && numeric) o->watchdog = number;
        else if (strcmp(name, "--device") == 0) continue;
        else if (platform->option(name, value) != 2) return usage("unknown option or bad value", name);
    }
    if (!o->weights) return usage("--weights is missing", NULL);
    if (o->inputs != FLOW_MODEL.input_count) return usage("one --input for each network input", NULL);
    if (o->outputs && o->outputs != output_files(o))
        return usage("one --output for each network output (of one wider than 8 bits: for each digit, with --float 1 for all)", NULL);
    if (o->expects && o->expects != FLOW_MODEL.output_count) return usage("one --expect for each network output", NULL);
    if (!o->cores || o->cores > PLATFORM_MAX_CORES) return usage("unknown option or bad value", "--cores");
    return 0;
}

static void *allocate(size_t bytes) {
    void *memory = calloc(bytes ? bytes : 1, 1);
    if (!memory) {
        fprintf(stderr, "flow_host: out of memory\n");
        exit(3);
    }
    return memory;
}

/* The file's bytes, of a .npy file its data, which must be images of the tensor; without a tensor all bytes. length is what
 * there must be, or 0 for any. images (may be NULL) is set to the number of images in a .npy file. */
static uint8_t *read_file(const char *path, size_t *length, const npy_tensor *tensor, uint32_t *images) {
    FILE *file = fopen(path, "rb");
    long size = -1;
    if (file && fseek(file, 0, SEEK_END) == 0) size = ftell(file);
    if (!file || size < 0 || fseek(file, 0, SEEK_SET) != 0) {
        fprintf(stderr, "flow_host: cannot read %s\n", path);
        if (file) fclose(file);
        return NULL;
    }
    uint8_t *data = allocate((size_t)size + 1);
    size_t got = fread(data, 1, (size_t)size, file);
    uint32_t found = 0;
    size_t header = 0;
    if (tensor && npy_check(path, data, got, tensor, &header, &found) != 0) {
        fclose(file);
        free(data);
        return NULL;
    }
    if (images && header) *images = found;
    got -= header;
    memmove(data, data + header, got);
    if (got + header != (size_t)size || (*length && got != *length)) {
        fprintf(stderr, "flow_host: %s has %zu bytes of data and must have %zu\n", path, got, *length);
        free(data);
        data = NULL;
    }
    *length = got;
    fclose(file);
    return data;
}

static int write_file(const char *path, const void *data, size_t length) {
    FILE *file = fopen(path, "wb");
    int good = file && fwrite(data, 1, length, file) == length;
    if (file && fclose(file) != 0) good = 0;
    if (!good) fprintf(stderr, "flow_host: cannot write %s\n", path);
    return good ? 0 : -1;
}

static size_t input_values(uint32_t i) {
    const flow_input *in = &FLOW_MODEL.inputs[i];
    return (size_t)in->height * in->width * in->channels;
}

static size_t output_values(uint32_t i) {
    const flow_output *out = &FLOW_MODEL.outputs[i];
    return (size_t)out->height * out->width * out->channels;
}

static void print_json_string(const char *text) {
    putchar('"');
    for (; *text; ++text) {
        if (*text == '"' || *text == '\\') putchar('\\');
        if ((unsigned char)*text < 0x20) printf("\\u%04x", (unsigned)*text);
        else putchar(*text);
    }
    putchar('"');
}

static int failed(const char *what, flow_status status, const flow_core *core) {
    fprintf(stderr, "flow_host: %s: %s", what, flow_status_name(status));
    if (core && core->error.code != FLOW_ERROR_NONE)
        fprintf(stderr, ": %s in unit %u at instruction %u, address 0x%llx", flow_error_name(core->error.code),
                (unsigned)core->error.unit, (unsigned)core->error.pc, (unsigned long long)core->error.address);
    fprintf(stderr, "\n");
    return 4;
}

static int report(const flow_core *cores, uint32_t index, uint32_t batch, int first) {
    uint64_t counters[FLOW_NUM_COUNTERS];
    flow_core core = cores[index];
    const flow_status status = flow_counters(&core, counters);
    if (status != FLOW_OK) return failed("counters", status, &core);
    printf("%s\n  {\"batch\": %u, \"core\": %u, \"counters\": {", first ? "" : ",", (unsigned)batch, (unsigned)index);
    for (uint32_t i = 0; i < FLOW_NUM_COUNTERS; ++i)
        printf("%s\"%s\": %llu", i ? ", " : "", flow_counter_name(i), (unsigned long long)counters[i]);
    printf("}");
    const int good = platform->report ? platform->report(stdout, cores, index, batch) : 0;
    printf("}");
    return good == 0 ? 0 : 5;
}

/* A round: batch first + k on core k, all of them in flight at once. */
typedef struct {
    flow_core *cores;
    const options *o;
    int8_t *const *inputs, *const *outputs;
    uint8_t *input_image, *output_image;
} work;

static int write_round(const work *w, uint32_t first, uint32_t count) {
    flow_status status = FLOW_OK;
    for (uint32_t k = 0; k < count; ++k) {
        for (uint32_t lane = 0; lane < FLOW_MODEL.pix; ++lane) {
            uint32_t image = (first + k) * FLOW_MODEL.pix + lane;
            if (image >= w->o->images) image = (first + k) * FLOW_MODEL.pix; /* a short batch repeats its first image */
            for (uint32_t i = 0; i < FLOW_MODEL.input_count && status == FLOW_OK; ++i)
                status = flow_layout_input(&FLOW_MODEL, i, lane, w->inputs[i] + image * input_values(i), w->input_image);
        }
        if (status == FLOW_OK) status = flow_write_inputs(&w->cores[k], w->input_image);
        if (status != FLOW_OK) return failed("inputs", status, &w->cores[k]);
    }
    return 0;
}

static int start_round(const work *w, uint32_t count) {
    if (platform->begin && platform->begin(w->cores, count) != 0) return 4;
    for (uint32_t k = 0; k < count; ++k) {
        const flow_status status = flow_start(&w->cores[k]);
        if (platform->started) platform->started(k);
        if (status != FLOW_OK) return failed("start", status, &w->cores[k]);
    }
    return 0;
}

static int await_round(const work *w, uint32_t first, uint32_t count) {
    for (uint32_t k = 0; k < count; ++k) {
        const flow_status status = flow_wait(&w->cores[k], w->o->timeout_ns);
        if (status != FLOW_OK) return failed("launch", status, &w->cores[k]);
        const int bad = report(w->cores, k, first + k, first + k == 0);
        if (bad) return bad;
    }
    return 0;
}

static int read_round(const work *w, uint32_t first, uint32_t count) {
    for (uint32_t k = 0; k < count; ++k) {
        flow_status status = flow_read_outputs(&w->cores[k], w->output_image);
        for (uint32_t lane = 0; lane < FLOW_MODEL.pix; ++lane) {
            const uint32_t image = (first + k) * FLOW_MODEL.pix + lane;
            for (uint32_t i = 0; i < FLOW_MODEL.output_count && status == FLOW_OK && image < w->o->images; ++i)
                status = flow_extract_output(&FLOW_MODEL, i, lane, w->output_image, w->outputs[i] + image * output_values(i));
        }
        if (status != FLOW_OK) return failed("outputs", status, &w->cores[k]);
    }
    return 0;
}

/* All batches. overlap: while a round runs, the next one's inputs are written and the last one's outputs read. */
static int run_rounds(const work *w, uint32_t batches, int overlap) {
    const uint32_t step = w->o->cores;
    uint32_t before = 0; /* launches of the round before */
    int result = write_round(w, 0, batches < step ? batches : step);
    for (uint32_t first = 0; first < batches && !result; first += step) {
        const uint32_t left = batches - first, count = left < step ? left : step;
        const uint32_t next = left - count < step ? left - count : step;
        result = start_round(w, count);
        if (!result && overlap) result = read_round(w, first - before, before);
        if (!result && overlap) result = write_round(w, first + count, next);
        if (!result) result = await_round(w, first, count);
        if (!result && !overlap) result = read_round(w, first, count);
        if (!result && !overlap) result = write_round(w, first + count, next);
        before = count;
        if (!result && overlap && !next) result = read_round(w, first, count);
    }
    return result;
}

/* Real values of the network output that output first is, or is the first digit of. */
static int store_real(const options *o, int8_t *const *outputs, uint32_t first, const char *path) {
    const size_t count = output_values(first) * o->images;
    double *sum = allocate(count * sizeof *sum);
    float *values = allocate(count * sizeof *values);
    flow_status status = FLOW_OK;
    for (uint32_t i = first; i < FLOW_MODEL.output_count && status == FLOW_OK; ++i) {
        if (!together(first, i)) continue;
        status = flow_dequantise(outputs[i], count, FLOW_MODEL.outputs[i].scale, FLOW_MODEL.outputs[i].zero_point, values);
        for (size_t k = 0; k < count; ++k) sum[k] += values[k];
    }
    for (size_t k = 0; k < count; ++k) values[k] = (float)sum[k];
    const int bad = status == FLOW_OK ? write_file(path, values, count * sizeof *values) : failed("real values", status, NULL);
    free(sum);
    free(values);
    return bad;
}

static int store_outputs(const options *o, int8_t *const *outputs) {
    uint32_t file = 0;
    for (uint32_t i = 0; o->outputs && i < FLOW_MODEL.output_count; ++i) {
        if (!has_file(o, i)) continue;
        const char *const path = o->output[file++];
        if (o->floats ? store_real(o, outputs, i, path) : write_file(path, outputs[i], output_values(i) * o->images)) return 3;
    }
    return 0;
}

static int compare_outputs(const options *o, int8_t *const *outputs, uint64_t *wrong) {
    for (uint32_t i = 0; i < o->expects; ++i) {
        size_t count = output_values(i) * o->images;
        const flow_output *out = &FLOW_MODEL.outputs[i];
        const npy_tensor tensor = {NPY_INT8, out->height, out->width, out->channels};
        uint8_t *expected = read_file(o->expect[i], &count, &tensor, NULL);
        if (!expected) return 3;
        for (size_t k = 0; k < count; ++k) {
            if ((uint8_t)outputs[i][k] == expected[k]) continue;
            if ((*wrong)++ < 10)
                fprintf(stderr, "flow_host: output %s, image %zu, value %zu: %d, expected %d\n", FLOW_MODEL.outputs[i].name,
                        k / output_values(i), k % output_values(i), outputs[i][k], (int8_t)expected[k]);
        }
        free(expected);
    }
    return *wrong ? 1 : 0;
}

/* Reads all inputs; their number of images comes from the first .npy file if it was not given. */
static int load_inputs(options *o, int8_t **inputs) {
    for (uint32_t i = 0; i < o->inputs; ++i) {
        const size_t value = o->floats ? sizeof(float) : 1;
        size_t length = input_values(i) * o->images * value;
        const flow_input *in = &FLOW_MODEL.inputs[i];
        const npy_tensor tensor = {o->floats ? NPY_FLOAT : NPY_INT8, in->height, in->width, in->channels};
        uint8_t *data = read_file(o->input[i], &length, &tensor, o->images ? NULL : &o->images);
        if (!data) return 3;
        const size_t count = input_values(i) * o->images;
        if (!count || length != count * value) {
            fprintf(stderr, "flow_host: %s: how many images? give --images\n", o->input[i]);
            free(data);
            return 3;
        }
        if (o->floats) {
            inputs[i] = allocate(count);
            const flow_status status = flow_quantise(in, (const float *)(void *)data, count, inputs[i]);
            free(data);
            if (status != FLOW_OK) return failed("quantisation (not a number?)", status, NULL);
        } else {
            inputs[i] = (int8_t *)data;
        }
    }
    return 0;
}

static int run(options *o, int8_t **inputs, int8_t **outputs, uint8_t *input_image, uint8_t *output_image) {
    flow_transport transport;
    flow_core cores[PLATFORM_MAX_CORES];
    int overlap = !platform->one_at_a_time;
    const uint64_t bytes = flow_device_bytes(&FLOW_MODEL), second = overlap ? flow_second_place_bytes(&FLOW_MODEL) : 0;
    const work w = {cores, o, inputs, outputs, input_image, output_image};
    uint64_t wrong = 0;
    int result = load_inputs(o, inputs);
    if (result) return result;
    const uint32_t batches = (o->images + FLOW_MODEL.pix - 1) / FLOW_MODEL.pix;
    for (uint32_t i = 0; i < FLOW_MODEL.output_count; ++i) outputs[i] = allocate(output_values(i) * o->images);
    if (platform->open(&transport, o->cores, bytes + second) != 0) return 4;
    const uint32_t channels = platform->channels();
    const uint64_t sharing = (o->cores + channels - 1) / channels;
    size_t length = 0;
    uint8_t *weights = read_file(o->weights, &length, NULL, NULL);
    if (!weights) result = 3;
    for (uint32_t k = 0; k < o->cores && !result; ++k) {
        flow_status status = flow_open(&cores[k], &transport, &FLOW_MODEL, k, k % channels, k / channels * bytes,
                                       platform->memory_bytes(), o->timeout_ns);
        if (status == FLOW_OK) status = flow_upload(&cores[k], weights, length);
        if (status != FLOW_OK) result = failed("opening the engine", status, NULL);
        else if (overlap &&
                 flow_second_place(&cores[k], sharing * bytes + k / channels * second, platform->memory_bytes()) != FLOW_OK)
            overlap = 0; /* the memory is too small */
        cores[k].watchdog_cycles = o->watchdog;
    }
    free(weights);
    printf("{\"model\": ");
    print_json_string(FLOW_MODEL.name);
    printf(", \"images\": %u, \"batches\": %u, \"cores\": %u, \"launches\": [", (unsigned)o->images, (unsigned)batches,
           (unsigned)o->cores);
    const uint64_t begin = transport.now_ns(transport.context);
    if (!result) result = run_rounds(&w, batches, overlap);
    const uint64_t end = transport.now_ns(transport.context);
    if (!result) result = store_outputs(o, outputs);
    if (!result) result = compare_outputs(o, outputs, &wrong);
    const char *fault = platform->fault ? platform->fault() : NULL;
    if (fault) fprintf(stderr, "flow_host: %s\n", fault);
    printf("],\n \"overlap\": %s, \"nanoseconds\": %llu,", overlap ? "true" : "false", (unsigned long long)(end - begin));
    printf("\n \"compared\": %s, \"wrong\": %llu, \"protocol_error\": %s%s%s, \"exit\": %d}\n", o->expects ? "true" : "false",
           (unsigned long long)wrong, fault ? "\"" : "", fault ? fault : "null", fault ? "\"" : "", fault ? 6 : result);
    platform->close();
    return fault ? 6 : result;
}

int main(int argc, char **argv) {
    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        usage(NULL, NULL);
        return 0;
    }
    options o = {.cores = 1, .timeout_ns = UINT64_C(60000000000)};
    int8_t *inputs[MAX_TENSORS] = {NULL}, *outputs[MAX_TENSORS] = {NULL};
    int result = parse(argc, argv, &o);
    if (result) return result;
    if (FLOW_MODEL.output_count > MAX_TENSORS) return usage("too many outputs", NULL);
    uint8_t *input_image = allocate((size_t)FLOW_MODEL.region_bytes[FLOW_REGION_INPUT]);
    uint8_t *output_image = allocate((size_t)FLOW_MODEL.region_bytes[FLOW_REGION_OUTPUT]);
    result = run(&o, inputs, outputs, input_image, output_image);
    for (uint32_t i = 0; i < MAX_TENSORS; ++i) {
        free(inputs[i]);
        free(outputs[i]);
    }
    free(input_image);
    free(output_image);
    return result;
}
