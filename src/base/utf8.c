/* SPDX-License-Identifier: MIT
 *
 * Which kernel does the work, and what the answer means.
 */
#include "base/utf8.h"

#include "base/kernel.h"
#include "base/short.h"
#include "base/utf8_state.h"

/* Setting up a vector costs more than this many bytes. */
#define SHORT_MAX 31

/* Up to here ASCII is unmasked and seen to be ASCII by short.h. */
#define SHORT_TEXT_MAX 64

const struct why__kernel *const why__kernels[] = {
#if defined(__x86_64__)
    &why__kernel_avx512, &why__kernel_avx2,
    &why__kernel_sse41,
#elif defined(__AARCH64EL__)
    &why__kernel_neon,
#endif
    &why__kernel_scalar, NULL,
};

/* Asked each time, as the library keeps no state of its own: a few loads and branches. */
static const struct why__kernel *best_for(size_t len) {
    if (len <= SHORT_MAX) {
        return &why__kernel_scalar;
    }
    size_t i = 0;
    while (!why__kernels[i]->is_supported()) {
        i++;
    }
    return why__kernels[i];
}

size_t why__utf8_check(struct why__utf8 *check, const uint8_t *data, size_t len) {
    return best_for(len)->check(check, data, len);
}

enum why_utf8_class why__utf8_class(const struct why__utf8 *check, uint8_t byte) {
    bool continues = byte >= 0x80 && byte <= 0xbf;
    switch ((enum why__utf8_state)check->state) {
    case WHY__UTF8_BETWEEN:
        return continues      ? WHY_UTF8_CLASS_STRAY_CONTINUATION
               : byte >= 0xf8 ? WHY_UTF8_CLASS_BAD_LEAD
               : byte >= 0xf5 ? WHY_UTF8_CLASS_TOO_LARGE
                              : WHY_UTF8_CLASS_OVERLONG; /* C0, C1 */
    case WHY__UTF8_AFTER_E0:
    case WHY__UTF8_AFTER_F0:
        return continues ? WHY_UTF8_CLASS_OVERLONG : WHY_UTF8_CLASS_INTERRUPTED;
    case WHY__UTF8_AFTER_ED:
        return continues ? WHY_UTF8_CLASS_SURROGATE : WHY_UTF8_CLASS_INTERRUPTED;
    case WHY__UTF8_AFTER_F4:
        return continues ? WHY_UTF8_CLASS_TOO_LARGE : WHY_UTF8_CLASS_INTERRUPTED;
    case WHY__UTF8_WANT_1:
    case WHY__UTF8_WANT_2:
    case WHY__UTF8_WANT_3:
    case WHY__UTF8_REJECT:
        return WHY_UTF8_CLASS_INTERRUPTED;
    }
    return WHY_UTF8_CLASS_NONE;
}

bool why__utf8_is_valid(const uint8_t *data, size_t len) {
    struct why__utf8 check = {0};
    return why__utf8_check(&check, data, len) == len && why__utf8_is_complete(&check);
}

void why__mask(uint8_t *data, size_t len, const uint8_t key[4], unsigned phase) {
    best_for(len)->mask(data, data, len, key, phase);
}

void why__mask_copy(uint8_t *out, const uint8_t *data, size_t len, const uint8_t key[4],
                    unsigned phase) {
    best_for(len)->mask(out, data, len, key, phase);
}

size_t why__unmask_utf8(struct why__utf8 *check, uint8_t *data, size_t len, const uint8_t key[4],
                        unsigned phase) {
    if (len - 1 < SHORT_TEXT_MAX && why__utf8_is_complete(check)) {
        uint32_t turned = why__short_turn(why__short_load_4(key), phase);
        return why__short_unmask(data, len, turned) ? len : why__utf8_check(check, data, len);
    }
    return best_for(len)->unmask_utf8(check, data, len, key, phase);
}
