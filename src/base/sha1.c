/* SPDX-License-Identifier: MIT */
#include "base/sha1.h"

#include <string.h>

static uint32_t rotate(uint32_t value, unsigned bits) {
    return value << bits | value >> (32 - bits);
}

static uint32_t load(const uint8_t *at) {
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static void store(uint8_t *at, uint32_t value) {
    for (unsigned i = 0; i < 4; i++) {
        at[i] = (uint8_t)(value >> (24 - 8 * i));
    }
}

/* The round's function and constant (RFC 3174 section 5). */
static uint32_t mix(unsigned round, uint32_t b, uint32_t c, uint32_t d) {
    switch (round / 20) {
    case 0:
        return ((b & c) | (~b & d)) + 0x5a827999;
    case 1:
        return (b ^ c ^ d) + 0x6ed9eba1;
    case 2:
        return ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc;
    default:
        return (b ^ c ^ d) + 0xca62c1d6;
    }
}

static void add_block(uint32_t state[5], const uint8_t *block) {
    uint32_t words[80];
    for (unsigned i = 0; i < 16; i++) {
        words[i] = load(block + (size_t)4 * i);
    }
    for (unsigned i = 16; i < 80; i++) {
        words[i] = rotate(words[i - 3] ^ words[i - 8] ^ words[i - 14] ^ words[i - 16], 1);
    }
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3], e = state[4];
    for (unsigned i = 0; i < 80; i++) {
        uint32_t next = rotate(a, 5) + mix(i, b, c, d) + e + words[i];
        e = d;
        d = c;
        c = rotate(b, 30);
        b = a;
        a = next;
    }
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
    state[4] += e;
}

void why__sha1_init(struct why__sha1 *sha1) {
    *sha1 = (struct why__sha1){
        .state = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0},
    };
}

void why__sha1_add(struct why__sha1 *sha1, const uint8_t *data, size_t len) {
    while (len > 0) {
        size_t filled = sha1->len % sizeof sha1->block;
        size_t take = sizeof sha1->block - filled;
        take = take < len ? take : len;
        memcpy(sha1->block + filled, data, take);
        sha1->len += take;
        data += take;
        len -= take;
        if (sha1->len % sizeof sha1->block == 0) {
            add_block(sha1->state, sha1->block);
        }
    }
}

void why__sha1_finish(struct why__sha1 *sha1, uint8_t out[WHY__SHA1_SIZE]) {
    static const uint8_t padding[64] = {0x80};
    uint64_t bits = sha1->len * 8;
    size_t filled = sha1->len % 64;
    why__sha1_add(sha1, padding, filled < 56 ? 56 - filled : 120 - filled);
    uint8_t tail[8];
    store(tail, (uint32_t)(bits >> 32));
    store(tail + 4, (uint32_t)bits);
    why__sha1_add(sha1, tail, sizeof tail);
    for (unsigned i = 0; i < 5; i++) {
        store(out + (size_t)4 * i, sha1->state[i]);
    }
}

void why__sha1(const uint8_t *data, size_t len, uint8_t out[WHY__SHA1_SIZE]) {
    struct why__sha1 sha1;
    why__sha1_init(&sha1);
    why__sha1_add(&sha1, data, len);
    why__sha1_finish(&sha1, out);
}
