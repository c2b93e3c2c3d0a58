/* SPDX-License-Identifier: MIT
 *
 * UTF-8 and masking, a byte at a time: the oracle for the kernels, and what they leave over.
 */
#include "base/utf8.h"

/* Between two bytes of a character: which bytes may follow (Unicode 15, table 3-7). */
enum state {
    BETWEEN,
    WANT_1, /* 80..BF */
    WANT_2,
    WANT_3,
    AFTER_E0, /* A0..BF, then WANT_1 */
    AFTER_ED, /* 80..9F, then WANT_1 */
    AFTER_F0, /* 90..BF, then WANT_2 */
    AFTER_F4, /* 80..8F, then WANT_2 */
    REJECT,
};

static enum state after_lead(uint8_t byte) {
    if (byte < 0x80) {
        return BETWEEN;
    }
    if (byte < 0xc2) {
        return REJECT;
    }
    if (byte < 0xe0) {
        return WANT_1;
    }
    if (byte < 0xf0) {
        return byte == 0xe0 ? AFTER_E0 : byte == 0xed ? AFTER_ED : WANT_2;
    }
    if (byte > 0xf4) {
        return REJECT;
    }
    return byte == 0xf0 ? AFTER_F0 : byte == 0xf4 ? AFTER_F4 : WANT_3;
}

static enum state step(enum state state, uint8_t byte) {
    static const struct {
        uint8_t min, max, next;
    } rules[] = {
        [WANT_1] = {0x80, 0xbf, BETWEEN},  [WANT_2] = {0x80, 0xbf, WANT_1},
        [WANT_3] = {0x80, 0xbf, WANT_2},   [AFTER_E0] = {0xa0, 0xbf, WANT_1},
        [AFTER_ED] = {0x80, 0x9f, WANT_1}, [AFTER_F0] = {0x90, 0xbf, WANT_2},
        [AFTER_F4] = {0x80, 0x8f, WANT_2},
    };
    if (state == BETWEEN) {
        return after_lead(byte);
    }
    return byte >= rules[state].min && byte <= rules[state].max ? rules[state].next : REJECT;
}

size_t why__utf8_check(struct why__utf8 *check, const uint8_t *data, size_t len) {
    enum state state = check->state;
    for (size_t i = 0; i < len; i++) {
        enum state next = step(state, data[i]);
        if (next == REJECT) {
            check->state = (uint8_t)state;
            return i;
        }
        state = next;
    }
    check->state = (uint8_t)state;
    return len;
}

enum why_utf8_class why__utf8_class(const struct why__utf8 *check, uint8_t byte) {
    bool continues = byte >= 0x80 && byte <= 0xbf;
    switch ((enum state)check->state) {
    case BETWEEN:
        return continues      ? WHY_UTF8_CLASS_STRAY_CONTINUATION
               : byte >= 0xf8 ? WHY_UTF8_CLASS_BAD_LEAD
               : byte >= 0xf5 ? WHY_UTF8_CLASS_TOO_LARGE
                              : WHY_UTF8_CLASS_OVERLONG; /* C0, C1 */
    case AFTER_E0:
    case AFTER_F0:
        return continues ? WHY_UTF8_CLASS_OVERLONG : WHY_UTF8_CLASS_INTERRUPTED;
    case AFTER_ED:
        return continues ? WHY_UTF8_CLASS_SURROGATE : WHY_UTF8_CLASS_INTERRUPTED;
    case AFTER_F4:
        return continues ? WHY_UTF8_CLASS_TOO_LARGE : WHY_UTF8_CLASS_INTERRUPTED;
    case WANT_1:
    case WANT_2:
    case WANT_3:
    case REJECT:
        return WHY_UTF8_CLASS_INTERRUPTED;
    }
    return WHY_UTF8_CLASS_NONE;
}

bool why__utf8_is_valid(const uint8_t *data, size_t len) {
    struct why__utf8 check = {0};
    return why__utf8_check(&check, data, len) == len && why__utf8_is_complete(&check);
}

void why__mask(uint8_t *data, size_t len, const uint8_t key[4], unsigned phase) {
    for (size_t i = 0; i < len; i++) {
        data[i] ^= key[(phase + i) & 3];
    }
}

void why__mask_copy(uint8_t *out, const uint8_t *data, size_t len, const uint8_t key[4],
                    unsigned phase) {
    for (size_t i = 0; i < len; i++) {
        out[i] = data[i] ^ key[(phase + i) & 3];
    }
}

size_t why__unmask_utf8(struct why__utf8 *check, uint8_t *data, size_t len, const uint8_t key[4],
                        unsigned phase) {
    why__mask(data, len, key, phase);
    return why__utf8_check(check, data, len);
}
