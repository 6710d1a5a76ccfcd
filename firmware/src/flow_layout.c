/* Network inputs and outputs between rows of (height, width, channels) and the engine's layout. */
#include <math.h>
#include <string.h>

#include "flow.h"

static size_t group_bytes(const flow_layout *l) { return (size_t)l->pix * l->cols; }

static bool fits(const flow_model *model, const flow_layout *l) {
    const uint64_t size = (uint64_t)l->blocks * l->height * l->width * group_bytes(l);
    const uint64_t window = model->region_bytes[l->region];
    return size <= window && l->offset <= window - size && (uint64_t)l->blocks * l->cols >= l->channels;
}

static void lay_out(const flow_input *input, const flow_input_copy *copy, uint32_t lane, const int8_t *values, uint8_t *image) {
    const flow_layout *l = &copy->layout;
    const flow_fold *f = &copy->fold;
    const size_t group = group_bytes(l);
    const size_t plane = (size_t)l->height * l->width * group;
    for (uint32_t y = 0; y < l->height; ++y) {
        for (uint32_t x = 0; x < l->width; ++x) {
            uint8_t *position = image + l->offset + ((size_t)y * l->width + x) * group + (size_t)lane * l->cols;
            for (uint32_t b = 0; b < l->blocks; ++b) memset(position + b * plane, (uint8_t)f->value, l->cols);
            uint32_t channel = 0;
            for (uint32_t fh = 0; fh < f->fold_h; ++fh) {
                const int64_t row = (int64_t)y * f->stride_h - f->top + (int64_t)fh * f->dilation_h;
                for (uint32_t fw = 0; fw < f->fold_w; ++fw, channel += input->channels) {
                    const int64_t column = (int64_t)x * f->stride_w - f->left + (int64_t)fw * f->dilation_w;
                    if (row < 0 || row >= input->height || column < 0 || column >= input->width) continue;
                    const int8_t *source = values + ((size_t)row * input->width + (size_t)column) * input->channels;
                    for (uint32_t c = 0; c < input->channels && channel + c < l->channels; ++c) {
                        const uint32_t at = channel + c;
                        position[at / l->cols * plane + at % l->cols] = (uint8_t)source[c];
                    }
                }
            }
        }
    }
}

flow_status flow_layout_input(const flow_model *model, uint32_t input, uint32_t lane, const int8_t *values, void *image) {
    if (!model || !values || !image || input >= model->input_count || lane >= model->pix) return FLOW_BAD_ARGUMENT;
    const flow_input *in = &model->inputs[input];
    for (uint32_t i = 0; i < in->copy_count; ++i)
        if (in->copies[i].layout.region != FLOW_REGION_INPUT || !fits(model, &in->copies[i].layout)) return FLOW_BAD_WINDOW;
    for (uint32_t i = 0; i < in->copy_count; ++i) lay_out(in, &in->copies[i], lane, values, image);
    return FLOW_OK;
}

flow_status flow_extract_output(const flow_model *model, uint32_t output, uint32_t lane, const void *image, int8_t *values) {
    if (!model || !values || !image || output >= model->output_count || lane >= model->pix) return FLOW_BAD_ARGUMENT;
    const flow_output *out = &model->outputs[output];
    const flow_layout *l = &out->layout;
    if (l->region != FLOW_REGION_OUTPUT || !fits(model, l)) return FLOW_BAD_WINDOW;
    const size_t group = group_bytes(l);
    const size_t positions = (size_t)l->height * l->width;
    const int8_t *source = (const int8_t *)image + l->offset + (size_t)lane * l->cols;
    for (size_t p = 0; p < positions; ++p)
        for (uint32_t c = 0; c < l->channels; ++c)
            values[p * l->channels + c] = source[(c / l->cols * positions + p) * group + c % l->cols];
    if (!out->softmax.enabled) return FLOW_OK;
    return flow_softmax_int8(&out->softmax, values, (size_t)out->height * out->width, out->channels, values);
}

/* Whatever the processor's rounding mode. */
static float round_half_even(float value) {
    return fabsf(value - truncf(value)) == 0.5f ? 2.0f * roundf(value / 2.0f) : roundf(value);
}

flow_status flow_quantise(const flow_input *input, const float *values, size_t count, int8_t *result) {
    if (!input || !values || !result || !(input->scale > 0.0f)) return FLOW_BAD_ARGUMENT;
    for (size_t i = 0; i < count; ++i) {
        if (isnan(values[i])) return FLOW_BAD_ARGUMENT;
        const float quotient = values[i] / input->scale;
        float rounded = input->half_even ? round_half_even(quotient) : roundf(quotient);
        if (rounded > 1024.0f) rounded = 1024.0f;
        if (rounded < -1024.0f) rounded = -1024.0f;
        const int32_t value = (int32_t)rounded + input->zero_point;
        result[i] = (int8_t)(value > INT8_MAX ? INT8_MAX : value < INT8_MIN ? INT8_MIN : value);
    }
    return FLOW_OK;
}

flow_status flow_dequantise(const int8_t *values, size_t count, float scale, int32_t zero_point, float *result) {
    if (!values || !result) return FLOW_BAD_ARGUMENT;
    for (size_t i = 0; i < count; ++i) result[i] = scale * (float)(values[i] - zero_point);
    return FLOW_OK;
}
