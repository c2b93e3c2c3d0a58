/* SPDX-License-Identifier: MIT
 *
 * Every kernel answers as the scalar one does, and the answer does not depend on how the text is
 * split. Input: phase, two bytes for the split, then the text.
 */
#include "base/kernel.h"
#include "fuzz.h"

#include <string.h>

static const uint8_t key[4] = {0xf0, 0x9f, 0x80, 0x41};

/* In two calls, the second one only where the first found nothing wrong. */
static size_t unmask_split(const struct why__kernel *kernel, struct why__utf8 *check, uint8_t *text,
                           size_t len, unsigned phase, size_t split) {
    size_t end = kernel->unmask_utf8(check, text, split, key, phase);
    if (end < split) {
        kernel->mask(text + split, text + split, len - split, key, phase + (unsigned)split);
        return end;
    }
    return split +
           kernel->unmask_utf8(check, text + split, len - split, key, phase + (unsigned)split);
}

static void compare(const struct why__kernel *kernel, const uint8_t *text, size_t len,
                    unsigned phase, size_t split) {
    struct why__utf8 expected = {0}, checked = {0}, unmasked = {0};
    size_t end = why__kernel_scalar.check(&expected, text, len);
    FUZZ_CHECK(kernel->check(&checked, text, len) == end);
    FUZZ_CHECK(checked.state == expected.state);

    uint8_t *copy = malloc(len + 1);
    FUZZ_CHECK(copy != NULL);
    why__kernel_scalar.mask(copy, text, len, key, phase);
    FUZZ_CHECK(unmask_split(kernel, &unmasked, copy, len, phase, split) == end);
    FUZZ_CHECK(unmasked.state == expected.state);
    FUZZ_CHECK(memcmp(copy, text, len) == 0);
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 3) {
        return 0;
    }
    size_t len = size - 3;
    size_t split = (size_t)(data[1] << 8 | data[2]) % (len + 1);
    for (size_t i = 0; why__kernels[i] != NULL; i++) {
        if (why__kernels[i]->is_supported()) {
            compare(why__kernels[i], data + 3, len, data[0] & 3, split);
        }
    }
    return 0;
}
