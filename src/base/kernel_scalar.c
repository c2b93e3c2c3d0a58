/* SPDX-License-Identifier: MIT
 *
 * UTF-8 a byte at a time, masking a word at a time: the oracle for the other kernels, and what they
 * leave over.
 */
#include "base/kernel.h"

#include "base/utf8_state.h"

#include <string.h>

static enum why__utf8_state after_lead(uint8_t byte) {
    if (byte < 0x80) {
        return WHY__UTF8_BETWEEN;
    }
    if (byte < 0xc2) {
        return WHY__UTF8_REJECT;
    }
    if (byte < 0xe0) {
        return WHY__UTF8_WANT_1;
    }
    if (byte < 0xf0) {
        return byte == 0xe0   ? WHY__UTF8_AFTER_E0
               : byte == 0xed ? WHY__UTF8_AFTER_ED
                              : WHY__UTF8_WANT_2;
    }
    if (byte > 0xf4) {
        return WHY__UTF8_REJECT;
    }
    return byte == 0xf0 ? WHY__UTF8_AFTER_F0 : byte == 0xf4 ? WHY__UTF8_AFTER_F4 : WHY__UTF8_WANT_3;
}

static enum why__utf8_state step(enum why__utf8_state state, uint8_t byte) {
    static const struct {
        uint8_t min, max, next;
    } rules[] = {
        [WHY__UTF8_WANT_1] = {0x80, 0xbf, WHY__UTF8_BETWEEN},
        [WHY__UTF8_WANT_2] = {0x80, 0xbf, WHY__UTF8_WANT_1},
        [WHY__UTF8_WANT_3] = {0x80, 0xbf, WHY__UTF8_WANT_2},
        [WHY__UTF8_AFTER_E0] = {0xa0, 0xbf, WHY__UTF8_WANT_1},
        [WHY__UTF8_AFTER_ED] = {0x80, 0x9f, WHY__UTF8_WANT_1},
        [WHY__UTF8_AFTER_F0] = {0x90, 0xbf, WHY__UTF8_WANT_2},
        [WHY__UTF8_AFTER_F4] = {0x80, 0x8f, WHY__UTF8_WANT_2},
    };
    if (state == WHY__UTF8_BETWEEN) {
        return after_lead(byte);
    }
    return byte >= rules[state].min && byte <= rules[state].max ? rules[state].next
                                                                : WHY__UTF8_REJECT;
}

/* Bytes of ASCII at the beginning, as far as whole words show them. */
static size_t count_ascii_words(const uint8_t *data, size_t len) {
    size_t at = 0;
    uint64_t word = 0;
    for (; len - at >= sizeof word; at += sizeof word) {
        memcpy(&word, data + at, sizeof word);
        if ((word & UINT64_C(0x8080808080808080)) != 0) {
            break;
        }
    }
    return at;
}

static size_t check_bytes(struct why__utf8 *check, const uint8_t *data, size_t len) {
    enum why__utf8_state state = check->state;
    size_t at = state == WHY__UTF8_BETWEEN ? count_ascii_words(data, len) : 0;
    for (; at < len; at++) {
        enum why__utf8_state next = step(state, data[at]);
        if (next == WHY__UTF8_REJECT) {
            break;
        }
        state = next;
    }
    check->state = (uint8_t)state;
    return at;
}

static void mask(uint8_t *out, const uint8_t *data, size_t len, const uint8_t key[4],
                 unsigned phase) {
    uint8_t turned[8];
    for (unsigned i = 0; i < 8; i++) {
        turned[i] = key[(phase + i) & 3];
    }
    uint64_t key_word = 0;
    memcpy(&key_word, turned, sizeof key_word);
    size_t at = 0;
    for (; len - at >= sizeof key_word; at += sizeof key_word) {
        uint64_t word = 0;
        memcpy(&word, data + at, sizeof word);
        word ^= key_word;
        memcpy(out + at, &word, sizeof word);
    }
    for (; at < len; at++) {
        out[at] = data[at] ^ turned[at & 3];
    }
}

static size_t unmask_utf8(struct why__utf8 *check, uint8_t *data, size_t len, const uint8_t key[4],
                          unsigned phase) {
    mask(data, data, len, key, phase);
    return check_bytes(check, data, len);
}

static bool is_supported(void) {
    return true;
}

const struct why__kernel why__kernel_scalar = {
    .name = "scalar",
    .is_supported = is_supported,
    .check = check_bytes,
    .mask = mask,
    .unmask_utf8 = unmask_utf8,
};
