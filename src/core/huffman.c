/* SPDX-License-Identifier: MIT
 *
 * Huffman codes: lengths by joining the two rarest again and again, over one sorted list.
 */
#include "core/huffman.h"

#include <string.h>

#define BITS_MAX 15

/* Sorted by how often they occur, then by their number, so that the answer is one. */
static void sort(uint32_t *keys, size_t count) {
    static const uint8_t gaps[] = {132, 57, 23, 10, 4, 1};
    for (size_t g = 0; g < sizeof gaps; g++) {
        size_t gap = gaps[g];
        for (size_t i = gap; i < count; i++) {
            uint32_t key = keys[i];
            size_t at = i;
            for (; at >= gap && keys[at - gap] > key; at -= gap) {
                keys[at] = keys[at - gap];
            }
            keys[at] = key;
        }
    }
}

#define SYMBOL_BITS 9
#define SYMBOL_MASK ((1u << SYMBOL_BITS) - 1)

/* The symbols that occur, as frequency and number in one; never fewer than two. */
static size_t collect(const uint32_t *frequencies, size_t count, uint32_t *keys) {
    size_t used = 0;
    for (size_t i = 0; i < count; i++) {
        if (frequencies[i] != 0) {
            keys[used++] = frequencies[i] << SYMBOL_BITS | (uint32_t)i;
        }
    }
    for (uint32_t i = 0; used < 2; i++) {
        if (frequencies[i] == 0) {
            keys[used++] = 1u << SYMBOL_BITS | i;
        }
    }
    return used;
}

/* How many codes there are of each length, had they no limit; those past it are at it. Nodes are
 * made in the order of their weight, so that the next rarest is a leaf or the oldest node left. */
static void count_depths(const uint32_t *keys, size_t used, unsigned max, uint16_t *counts) {
    uint32_t weights[WHY__HUFFMAN_SYMBOLS_MAX];
    uint16_t leaf_parents[WHY__HUFFMAN_SYMBOLS_MAX] = {0}, parents[WHY__HUFFMAN_SYMBOLS_MAX] = {0};
    size_t leaf = 0, node = 0;
    for (size_t made = 0; made + 1 < used; made++) {
        uint32_t weight = 0;
        for (int i = 0; i < 2; i++) {
            if (node == made || (leaf < used && keys[leaf] >> SYMBOL_BITS <= weights[node])) {
                weight += keys[leaf] >> SYMBOL_BITS;
                leaf_parents[leaf++] = (uint16_t)made;
            } else {
                weight += weights[node];
                parents[node++] = (uint16_t)made;
            }
        }
        weights[made] = weight;
    }
    uint16_t depths[WHY__HUFFMAN_SYMBOLS_MAX];
    depths[used - 2] = 0;
    for (size_t i = used - 2; i-- > 0;) {
        depths[i] = (uint16_t)(depths[parents[i]] + 1);
    }
    memset(counts, 0, (BITS_MAX + 1) * sizeof *counts);
    for (size_t i = 0; i < used; i++) {
        unsigned depth = depths[leaf_parents[i]] + 1u;
        counts[depth < max ? depth : max]++;
    }
}

/* Cutting at the limit asks for more codes than there are: lengthen the longest that can be, until
 * all of the room is used and no more than that. */
static void fit(uint16_t *counts, unsigned max) {
    uint32_t room = 1u << max;
    uint32_t taken = 0;
    for (unsigned bits = 1; bits <= max; bits++) {
        taken += (uint32_t)counts[bits] << (max - bits);
    }
    while (taken > room) {
        unsigned bits = max - 1;
        while (counts[bits] == 0) {
            bits--;
        }
        counts[bits]--;
        counts[bits + 1]++;
        taken -= 1u << (max - bits - 1);
    }
    for (; taken < room; taken++) {
        counts[max]--;
        counts[max - 1]++;
    }
}

void why__huffman_lengths(const uint32_t *frequencies, size_t count, unsigned max,
                          uint8_t *lengths) {
    uint32_t keys[WHY__HUFFMAN_SYMBOLS_MAX];
    uint16_t counts[BITS_MAX + 1];
    size_t used = collect(frequencies, count, keys);
    sort(keys, used);
    count_depths(keys, used, max, counts);
    fit(counts, max);
    memset(lengths, 0, count);
    size_t at = 0;
    for (unsigned bits = max; bits > 0; bits--) {
        for (unsigned i = 0; i < counts[bits]; i++) {
            lengths[keys[at++] & SYMBOL_MASK] = (uint8_t)bits;
        }
    }
}

static uint16_t reverse(unsigned code, unsigned bits) {
    code = (code & 0x5555) << 1 | (code >> 1 & 0x5555);
    code = (code & 0x3333) << 2 | (code >> 2 & 0x3333);
    code = (code & 0x0f0f) << 4 | (code >> 4 & 0x0f0f);
    code = (code & 0x00ff) << 8 | (code >> 8 & 0x00ff);
    return (uint16_t)(code >> (16 - bits));
}

void why__huffman_codes(const uint8_t *lengths, size_t count, uint16_t *codes) {
    uint16_t counts[BITS_MAX + 1] = {0};
    uint16_t next[BITS_MAX + 1];
    for (size_t i = 0; i < count; i++) {
        counts[lengths[i]]++;
    }
    counts[0] = 0;
    unsigned code = 0;
    for (unsigned bits = 1; bits <= BITS_MAX; bits++) {
        code = (code + counts[bits - 1]) << 1;
        next[bits] = (uint16_t)code;
    }
    for (size_t i = 0; i < count; i++) {
        codes[i] = lengths[i] != 0 ? reverse(next[lengths[i]]++, lengths[i]) : 0;
    }
}
