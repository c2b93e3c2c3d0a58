/* SPDX-License-Identifier: MIT
 *
 * The body that all vector kernels share. A kernel's file defines `vec`, its size, that of a block
 * of some vectors, and the operations, and includes this; it does not stand alone.
 *
 * Three table lookups, on both halves of a byte and the upper half of the next, leave a bit for
 * each rule that the pair of them breaks. What pairs cannot see, third and fourth bytes, two
 * subtractions find (the idea of Keiser and Lemire, "Validating UTF-8 in less than one instruction
 * per byte"). Where in a block the fault is, the scalar kernel says.
 */
#ifndef WHY_BASE_KERNEL_VECTOR_H
#define WHY_BASE_KERNEL_VECTOR_H

#include "base/kernel.h"

#include <string.h>

#define VECS_PER_BLOCK (BLOCK_SIZE / VEC_SIZE)

/* Below this, what is over after the last whole block is left to the scalar kernel. */
#define PART_MIN 12

/* Rules that a pair of bytes can break (Unicode 15, table 3-7). */
#define LEAD_ALONE 0x01   /* C0..FF, then no continuation */
#define STRAY 0x02        /* 00..7F, then a continuation */
#define SMALL_2 0x04      /* C0 or C1: overlong */
#define SMALL_3 0x08      /* E0 80..9F: overlong */
#define SURROGATE 0x10    /* ED A0..BF */
#define ENDS_OF_F 0x20    /* F0 80..8F: overlong; F5..FF 80..8F: too large */
#define LARGE 0x40        /* F4..FF 90..BF */
#define CONTINUATION 0x80 /* two of them: wrong unless a lead byte lies before both */
#define ANY_LOW (LEAD_ALONE | STRAY | CONTINUATION)

static const uint8_t first_high[16] = {
    STRAY,
    STRAY,
    STRAY,
    STRAY,
    STRAY,
    STRAY,
    STRAY,
    STRAY,
    CONTINUATION,
    CONTINUATION,
    CONTINUATION,
    CONTINUATION,
    LEAD_ALONE | SMALL_2,
    LEAD_ALONE,
    LEAD_ALONE | SMALL_3 | SURROGATE,
    LEAD_ALONE | ENDS_OF_F | LARGE,
};

static const uint8_t first_low[16] = {
    ANY_LOW | SMALL_2 | SMALL_3 | ENDS_OF_F,
    ANY_LOW | SMALL_2,
    ANY_LOW,
    ANY_LOW,
    ANY_LOW | LARGE,
    ANY_LOW | LARGE | ENDS_OF_F,
    ANY_LOW | LARGE | ENDS_OF_F,
    ANY_LOW | LARGE | ENDS_OF_F,
    ANY_LOW | LARGE | ENDS_OF_F,
    ANY_LOW | LARGE | ENDS_OF_F,
    ANY_LOW | LARGE | ENDS_OF_F,
    ANY_LOW | LARGE | ENDS_OF_F,
    ANY_LOW | LARGE | ENDS_OF_F,
    ANY_LOW | LARGE | ENDS_OF_F | SURROGATE,
    ANY_LOW | LARGE | ENDS_OF_F,
    ANY_LOW | LARGE | ENDS_OF_F,
};

#define ANY_CONTINUATION (STRAY | SMALL_2 | CONTINUATION)
static const uint8_t second_high[16] = {
    LEAD_ALONE,
    LEAD_ALONE,
    LEAD_ALONE,
    LEAD_ALONE,
    LEAD_ALONE,
    LEAD_ALONE,
    LEAD_ALONE,
    LEAD_ALONE,
    ANY_CONTINUATION | SMALL_3 | ENDS_OF_F,
    ANY_CONTINUATION | SMALL_3 | LARGE,
    ANY_CONTINUATION | SURROGATE | LARGE,
    ANY_CONTINUATION | SURROGATE | LARGE,
    LEAD_ALONE,
    LEAD_ALONE,
    LEAD_ALONE,
    LEAD_ALONE,
};

#define ALL_ONES                                                                                   \
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff

/* A byte above these, at the end of a vector, begins a character that goes on in the next. */
static const uint8_t end_max[64] = {
    ALL_ONES, ALL_ONES, ALL_ONES, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff,     0xff,     0xff,     0xff, 0xff, 0xff, 0xef, 0xdf, 0xbf,
};

static inline vec ends_inside(vec last) {
    return vec_sub_saturated(last, vec_load(end_max + sizeof end_max - VEC_SIZE));
}

/* Not zero at each byte that is wrong after those before it. */
static inline vec find_wrong(vec bytes, vec before) {
    vec first = vec_back_1(bytes, before);
    vec pair = vec_and(vec_and(vec_lookup(vec_table(first_high), vec_high_half(first)),
                               vec_lookup(vec_table(first_low), vec_low_half(first))),
                       vec_lookup(vec_table(second_high), vec_high_half(bytes)));
    /* The top bit says that a lead byte two or three back wants a continuation here. */
    vec third = vec_sub_saturated(vec_back_2(bytes, before), vec_splat(0xe0 - 0x80));
    vec fourth = vec_sub_saturated(vec_back_3(bytes, before), vec_splat(0xf0 - 0x80));
    return vec_xor(vec_and(vec_or(third, fourth), vec_splat(CONTINUATION)), pair);
}

/* The text before a block. */
struct before {
    vec last;   /* its last vector */
    bool begun; /* it ends inside a character */
};

/* Whether the block is right after `before`, which it then becomes part of. */
static inline bool is_block_right(const vec block[VECS_PER_BLOCK], struct before *before) {
    vec all = block[0];
    for (size_t i = 1; i < VECS_PER_BLOCK; i++) {
        all = vec_or(all, block[i]);
    }
    vec last = before->last;
    before->last = block[VECS_PER_BLOCK - 1];
    if (!vec_is_any_high(all)) { /* ASCII */
        bool right = !before->begun;
        before->begun = false;
        return right;
    }
    vec wrong = find_wrong(block[0], last);
    for (size_t i = 1; i < VECS_PER_BLOCK; i++) {
        wrong = vec_or(wrong, find_wrong(block[i], block[i - 1]));
    }
    before->begun = !vec_is_zero(ends_inside(before->last));
    return vec_is_zero(wrong);
}

/* Where the character begins that `end` cuts; `end` where it cuts none. The data is still masked
 * with `key`, which may be 0. */
static inline size_t find_boundary(const uint8_t *data, size_t end, uint32_t key) {
    static const uint8_t lead_min[] = {0xc0, 0xe0, 0xf0};
    for (size_t back = 1; back <= sizeof lead_min && back <= end; back++) {
        size_t at = end - back;
        if ((data[at] ^ (key >> at % 4 * 8 & 0xff)) >= lead_min[back - 1]) {
            return at;
        }
    }
    return end;
}

/* The key as the first byte of the data meets it. */
static inline uint32_t turn_key(const uint8_t key[4], unsigned phase) {
    uint32_t word = 0;
    memcpy(&word, key, sizeof word);
    unsigned shift = phase % 4 * 8; /* the vector kernels are all for little-endian processors */
    return word >> shift | word << (-shift & 31);
}

static void mask(uint8_t *out, const uint8_t *data, size_t len, const uint8_t key[4],
                 unsigned phase) {
    vec key_vec = vec_splat_word(turn_key(key, phase));
    size_t at = 0;
    for (; len - at >= BLOCK_SIZE; at += BLOCK_SIZE) {
        for (size_t i = 0; i < BLOCK_SIZE; i += VEC_SIZE) {
            vec_store(out + at + i, vec_xor(vec_load(data + at + i), key_vec));
        }
    }
    for (; len - at >= VEC_SIZE; at += VEC_SIZE) {
        vec_store(out + at, vec_xor(vec_load(data + at), key_vec));
    }
    if (at < len) { /* VEC_SIZE is a multiple of the key's: `phase` is as it was */
        mask_part(out + at, data + at, len - at, key_vec);
    }
}

/* Less than a block: as much of it as makes whole characters is checked.
 * returns  where they end; 0 where they are wrong, or too few to be worth it */
static inline size_t scan_part(uint8_t *out, const uint8_t *data, size_t len, uint32_t key,
                               struct before *before) {
    static const uint8_t first_bytes[128] = {ALL_ONES, ALL_ONES, ALL_ONES, ALL_ONES};
    vec key_vec = vec_splat_word(key);
    vec block[VECS_PER_BLOCK];
    size_t end = 0;
    if (len >= PART_MIN) {
        end = find_boundary(data, len, key);
        load_part(block, data, len);
        for (size_t i = 0; i < VECS_PER_BLOCK; i++) {
            size_t left = end < i * VEC_SIZE ? 0 : end - i * VEC_SIZE;
            vec wanted = vec_load(first_bytes + 64 - (left < VEC_SIZE ? left : VEC_SIZE));
            block[i] = vec_and(vec_xor(block[i], key_vec), wanted);
        }
        end = is_block_right(block, before) ? end : 0;
    }
    if (out != NULL && len > 0) {
        mask_part(out, data, len, key_vec);
    }
    return end;
}

struct scanned {
    size_t right; /* so far nothing is wrong: a multiple of BLOCK_SIZE, or a boundary */
    bool is_boundary;
};

/* Check from a boundary on; with `out`, which is `data` then, unmask as well, all of it or to the
 * end of the block that is wrong. */
static inline struct scanned scan(uint8_t *out, const uint8_t *data, size_t len, uint32_t key) {
    vec key_vec = vec_splat_word(key);
    struct before before = {.last = vec_splat(0)};
    size_t at = 0;
    for (; len - at >= BLOCK_SIZE; at += BLOCK_SIZE) {
        vec block[VECS_PER_BLOCK];
        for (size_t i = 0; i < VECS_PER_BLOCK; i++) {
            block[i] = vec_load(data + at + i * VEC_SIZE);
            if (out != NULL) {
                block[i] = vec_xor(block[i], key_vec);
                vec_store(out + at + i * VEC_SIZE, block[i]);
            }
        }
        if (!is_block_right(block, &before)) {
            return (struct scanned){at, false};
        }
    }
    size_t part = scan_part(out == NULL ? NULL : out + at, data + at, len - at, key, &before);
    return (struct scanned){at + part, part > 0 || (at == len && !before.begun)};
}

/* Let the scalar kernel look at what is left. */
static inline size_t finish(struct why__utf8 *check, const uint8_t *data, size_t len,
                            struct scanned scanned) {
    size_t at = scanned.is_boundary ? scanned.right : find_boundary(data, scanned.right, 0);
    return at == len ? len : at + why__kernel_scalar.check(check, data + at, len - at);
}

/* With the character that was begun before, a byte at a time, until it is whole.
 * returns  bytes used; `wrong` says that the next one is wrong */
static inline size_t end_begun(struct why__utf8 *check, const uint8_t *data, size_t len,
                               bool *wrong) {
    size_t at = 0;
    *wrong = false;
    while (!why__utf8_is_complete(check) && at < len && !*wrong) {
        *wrong = why__kernel_scalar.check(check, data + at, 1) == 0;
        at += !*wrong;
    }
    return at;
}

static size_t check_text(struct why__utf8 *check, const uint8_t *data, size_t len) {
    bool wrong = false;
    size_t begun = end_begun(check, data, len, &wrong);
    if (wrong) {
        return begun;
    }
    data += begun;
    len -= begun;
    return begun + finish(check, data, len, scan(NULL, data, len, 0));
}

static size_t unmask_utf8(struct why__utf8 *check, uint8_t *data, size_t len, const uint8_t key[4],
                          unsigned phase) {
    size_t begun = 0;
    if (!why__utf8_is_complete(check)) {
        size_t few = len < 3 ? len : 3; /* what such a character can want */
        bool wrong = false;
        why__kernel_scalar.mask(data, data, few, key, phase);
        begun = end_begun(check, data, few, &wrong);
        if (wrong) {
            mask(data + few, data + few, len - few, key, phase + (unsigned)few);
            return begun;
        }
        /* It wanted less than that: what follows it is masked again, to start from there. */
        why__kernel_scalar.mask(data + begun, data + begun, few - begun, key,
                                phase + (unsigned)begun);
        data += begun;
        len -= begun;
        phase += (unsigned)begun;
    }
    struct scanned scanned = scan(data, data, len, turn_key(key, phase));
    if (len - scanned.right >= BLOCK_SIZE) { /* a block was wrong: behind it all is still masked */
        size_t done = scanned.right + BLOCK_SIZE;
        mask(data + done, data + done, len - done, key, phase);
    }
    return begun + finish(check, data, len, scanned);
}

/* The last line of a kernel's file. */
#define DEFINE_KERNEL(symbol, text)                                                                \
    const struct why__kernel symbol = {                                                            \
        .name = (text),                                                                            \
        .is_supported = is_supported,                                                              \
        .check = check_text,                                                                       \
        .mask = mask,                                                                              \
        .unmask_utf8 = unmask_utf8,                                                                \
    }

#endif
