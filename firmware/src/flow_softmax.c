/* int8 softmax in fixed point, as the reference kernels compute it.
 *
 * exp(x) for x <= 0 comes from x = q - k/4, q in (-1/4, 0]: a polynomial gives exp(q), one factor for each bit of k
 * the rest. The reciprocal of the sum is three Newton steps. Numbers are int32 with a named count of fraction bits. */
#include "flow.h"

#define DIFF_FRACTION 26        /* scaled differences: 5 integer bits */
#define SUM_INTEGER_BITS 12

/* high half of 2ab, rounded to nearest; the one overflow saturates */
static int32_t multiply(int32_t a, int32_t b) {
    if (a == INT32_MIN && b == INT32_MIN) return INT32_MAX;
    const int64_t product = (int64_t)a * b;
    const int64_t nudge = product >= 0 ? (INT64_C(1) << 30) : 1 - (INT64_C(1) << 30);
    return (int32_t)((product + nudge) / (INT64_C(1) << 31));
}

/* x / 2^exponent, halves away from zero */
static int32_t divide_by_power(int32_t x, int exponent) {
    const int64_t mask = (INT64_C(1) << exponent) - 1;
    const int64_t remainder = x & mask;
    const int64_t threshold = (mask >> 1) + (x < 0);
    return (int32_t)(((int64_t)x >> exponent) + (remainder > threshold));
}

static int32_t saturating_shift(int32_t x, int exponent) {
    const int64_t value = (int64_t)x * (INT64_C(1) << exponent);
    return value > INT32_MAX ? INT32_MAX : value < INT32_MIN ? INT32_MIN : (int32_t)value;
}

static int32_t wrap(int64_t value) { return (int32_t)(uint32_t)(uint64_t)value; }

/* a in [-1/4, 0), 31 fraction bits; Taylor around -1/8 */
static int32_t exp_of_quarter(int32_t a) {
    const int32_t exp_minus_eighth = 1895147668;
    const int32_t third = 715827883;
    const int32_t x = a + (1 << 28);
    const int32_t x2 = multiply(x, x);
    const int32_t x3 = multiply(x2, x);
    const int32_t x4 = multiply(x2, x2);
    const int32_t tail = divide_by_power(multiply(divide_by_power(x4, 2) + x3, third) + x2, 1);
    return exp_minus_eighth + multiply(exp_minus_eighth, x + tail);
}

/* a <= 0 with DIFF_FRACTION bits; result has 31 fraction bits */
static int32_t exp_of_negative(int32_t a) {
    /* exp(-2^(i - 2)) */
    static const int32_t factors[7] = {1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242};
    const int32_t quarter = 1 << (DIFF_FRACTION - 2);
    if (a == 0) return INT32_MAX;
    const int32_t low = (a & (quarter - 1)) - quarter;
    const int32_t remainder = low - a;
    int32_t result = exp_of_quarter(saturating_shift(low, 31 - DIFF_FRACTION));
    for (int i = 0; i < 7; ++i)
        if (remainder & (1 << (DIFF_FRACTION - 2 + i))) result = multiply(result, factors[i]);
    return result;
}

/* 1 / (1 + a), a in [0, 1) with 31 fraction bits */
static int32_t reciprocal(int32_t a) {
    const int32_t c48_17 = 1515870810, c32_17 = -1010580540; /* 29 fraction bits */
    const int64_t sum = (int64_t)a + INT32_MAX;
    const int32_t half = (int32_t)((sum + 1) / 2);
    int32_t x = c48_17 + multiply(half, c32_17);
    for (int i = 0; i < 3; ++i) {
        const int32_t error = (1 << 29) - multiply(half, x);
        x = wrap((int64_t)x + saturating_shift(multiply(x, error), 2));
    }
    return saturating_shift(x, 1);
}

flow_status flow_softmax_int8(const flow_softmax *softmax, const int8_t *values, size_t rows, size_t count, int8_t *result) {
    if (!softmax || !values || !result || !count) return FLOW_BAD_ARGUMENT;
    for (size_t r = 0; r < rows; ++r, values += count, result += count) {
        int32_t largest = INT8_MIN;
        for (size_t i = 0; i < count; ++i)
            if (values[i] > largest) largest = values[i];
        int32_t exponential[256];
        bool counted[256];
        for (int d = 0; d < 256; ++d) {
            const int32_t diff = -d;
            counted[d] = diff >= softmax->diff_min;
            exponential[d] = 0;
            if (counted[d])
                exponential[d] = exp_of_negative(
                    multiply(wrap((int64_t)diff * (INT64_C(1) << softmax->left_shift)), softmax->multiplier));
        }
        int32_t sum = 0;
        for (size_t i = 0; i < count; ++i) {
            const int32_t d = largest - values[i];
            if (counted[d]) sum = wrap((int64_t)sum + divide_by_power(exponential[d], SUM_INTEGER_BITS));
        }
        int leading = 0;
        while (leading < 32 && !((uint32_t)sum & (0x80000000u >> leading))) ++leading;
        const int over_unit = SUM_INTEGER_BITS - leading;
        const int32_t scale = reciprocal((int32_t)(((uint32_t)sum << leading) - 0x80000000u));
        for (size_t i = 0; i < count; ++i) {
            const int32_t d = largest - values[i];
            int32_t value = INT8_MIN;
            if (counted[d]) {
                value = divide_by_power(multiply(scale, exponential[d]), over_unit + 31 - 8) + INT8_MIN;
                value = value > INT8_MAX ? INT8_MAX : value < INT8_MIN ? INT8_MIN : value;
            }
            result[i] = (int8_t)value;
        }
    }
    return FLOW_OK;
}
