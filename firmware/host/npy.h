/* What a .npy file says of its data, held against the tensor it is for: bytes that fit by chance are no images. */
#ifndef NPY_H
#define NPY_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Images in C order. type: as .npy files write it, with its quotes. */
typedef struct {
    const char *type;
    uint32_t height, width, channels;
} npy_tensor;

#define NPY_INT8 "'|i1'"
#define NPY_FLOAT "'<f4'"
enum { NPY_TEXT_BYTES = 1024 };

/* What follows a key in the header. */
static inline const char *npy_entry(const char *text, const char *key) {
    const char *found = strstr(text, key);
    return found ? found + strlen(key) : "";
}

/* Whether a shape "N, height, width, channels)" is the tensor's; axes of size 1 may be left out. */
static inline int npy_shape_fits(const char *shape, const npy_tensor *tensor, uint32_t *images) {
    const uint32_t wanted[3] = {tensor->height, tensor->width, tensor->channels};
    unsigned axis = 0, known = 0;
    char *end = NULL;
    for (unsigned long size; size = strtoul(shape, &end, 10), end != shape; ++axis) {
        if (axis == 0) {
            *images = (uint32_t)size;
        } else if (size != 1) {
            while (known < 3 && wanted[known] == 1) ++known;
            if (known == 3 || wanted[known++] != size) return 0;
        }
        shape = *end == ',' ? end + 1 : end;
    }
    while (known < 3 && wanted[known] == 1) ++known;
    return axis > 0 && known == 3;
}

/* Sets header to the bytes before the data, 0 for a raw file, and of a .npy file the number of its images. Not 0, and the
 * reason on stderr, if it holds something else than images of the tensor. */
static inline int npy_check(const char *path, const uint8_t *data, size_t length, const npy_tensor *tensor, size_t *header,
                            uint32_t *images) {
    *header = 0;
    if (length < 12 || memcmp(data, "\x93NUMPY", 6) != 0) return 0;
    const size_t start = data[6] > 1 ? 12 : 10;
    size_t size = data[8] | (size_t)data[9] << 8;
    if (start == 12) size |= (size_t)data[10] << 16 | (size_t)data[11] << 24;
    char text[NPY_TEXT_BYTES] = "";
    if (size > length - start || size >= sizeof text) {
        fprintf(stderr, "flow_host: %s: the header of this .npy file cannot be read\n", path);
        return -1;
    }
    memcpy(text, data + start, size);
    *header = start + size;
    const char *type = npy_entry(text, "'descr': "), *shape = npy_entry(text, "'shape': (");
    if (strncmp(type, tensor->type, strlen(tensor->type)) != 0) {
        fprintf(stderr, "flow_host: %s: type %.*s, wanted is %s (--float 1: '<f4', else '|i1')\n", path,
                (int)strcspn(type, ","), type, tensor->type);
        return -1;
    }
    if (strncmp(npy_entry(text, "'fortran_order': "), "False", 5) != 0) {
        fprintf(stderr, "flow_host: %s: the values are in Fortran's order, wanted is C's\n", path);
        return -1;
    }
    if (!npy_shape_fits(shape, tensor, images)) {
        fprintf(stderr, "flow_host: %s: shape (%.*s), wanted is (images, %u, %u, %u)\n", path, (int)strcspn(shape, ")"), shape,
                (unsigned)tensor->height, (unsigned)tensor->width, (unsigned)tensor->channels);
        return -1;
    }
    return 0;
}

#endif
