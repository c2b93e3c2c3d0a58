/* SPDX-License-Identifier: MIT
 *
 * Which kernel does the work, and what the answer means.
 */
#include "base/utf8.h"

#include "base/kernel.h"
#include "base/utf8_state.h"

#include <string.h>

/* Setting up a vector costs more than this many bytes. */
#define SHORT_MAX 31

/* Up to here words do. */
#define SHORT_ASCII_MIN 8
#define SHORT_ASCII_MAX 64

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

#define HIGH_BITS UINT64_C(0x8080808080808080)

static uint64_t load(const uint8_t *data) {
    uint64_t word = 0;
    memcpy(&word, data, sizeof word);
    return word;
}

static void store(uint8_t *data, uint64_t word) {
    memcpy(data, &word, sizeof word);
}

/* The key as it lies over data that begins at that phase, twice. */
static uint64_t key_word(const uint8_t key[4], size_t phase) {
    uint32_t word = 0;
    memcpy(&word, key, sizeof word);
    unsigned shift = (unsigned)(phase & 3) * 8;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    word = word >> shift | word << (32 - shift) % 32;
#else
    word = word << shift | word >> (32 - shift) % 32;
#endif
    return (uint64_t)word << 32 | word;
}

/* Both words of one are loaded, changed and tested at once where the processor can. */
typedef uint64_t pair __attribute__((vector_size(16)));

static pair load_pair(const uint8_t *data) {
    pair words;
    memcpy(&words, data, sizeof words);
    return words;
}

static void store_pair(uint8_t *data, pair words) {
    memcpy(data, &words, sizeof words);
}

static bool is_pair_ascii(pair words) {
    return ((words[0] | words[1]) & HIGH_BITS) == 0;
}

/* 8 to 15 bytes, from both ends, which may overlap. */
static bool unmask_word_ascii(uint8_t *data, size_t len, uint64_t first_key, uint64_t last_key) {
    uint64_t first = load(data) ^ first_key;
    uint64_t last = load(data + len - 8) ^ last_key;
    if (((first | last) & HIGH_BITS) != 0) {
        return false;
    }
    store(data, first);
    store(data + len - 8, last);
    return true;
}

/* What most messages are: 8 to 64 bytes of ASCII, from both ends, which may overlap. False, and
 * nothing has changed, where a byte is not ASCII, or they are fewer or more. */
static bool unmask_short_ascii(uint8_t *data, size_t len, const uint8_t key[4], unsigned phase) {
    if (len - SHORT_ASCII_MIN > SHORT_ASCII_MAX - SHORT_ASCII_MIN) {
        return false;
    }
    uint64_t first_key = key_word(key, phase);
    uint64_t last_key = key_word(key, phase + len);
    if (len < 16) {
        return unmask_word_ascii(data, len, first_key, last_key);
    }
    size_t half = len <= 32 ? 0 : 16;
    uint8_t *tail = data + len - 16;
    pair a = load_pair(data) ^ first_key;
    pair b = load_pair(data + half) ^ first_key;
    pair c = load_pair(tail - half) ^ last_key;
    pair d = load_pair(tail) ^ last_key;
    if (!is_pair_ascii(a | b | c | d)) {
        return false;
    }
    store_pair(data, a);
    store_pair(data + half, b);
    store_pair(tail - half, c);
    store_pair(tail, d);
    return true;
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

bool why__unmask_ascii(uint8_t *data, size_t len, const uint8_t key[4]) {
    return unmask_short_ascii(data, len, key, 0);
}

size_t why__unmask_utf8(struct why__utf8 *check, uint8_t *data, size_t len, const uint8_t key[4],
                        unsigned phase) {
    if (why__utf8_is_complete(check) && unmask_short_ascii(data, len, key, phase)) {
        return len;
    }
    return best_for(len)->unmask_utf8(check, data, len, key, phase);
}
