/* SPDX-License-Identifier: MIT
 *
 * Our own decompressor: one table for each code, made for each block. Codes that are longer than
 * the table is wide stand for what is rare, and are read bit by bit.
 */
#include "core/inflate_short.h"

#include "base/apart.h"

#include <stdbool.h>
#include <string.h>

enum {
    CODE_BITS_MAX = 15,
    LITERAL_BITS = 10, /* of the tables' indices, at most */
    DISTANCE_BITS = 8,
    LENGTH_CODE_BITS = 7,
    LITERAL_COUNT = 286,
    FIXED_LITERAL_COUNT = 288,
    DISTANCE_COUNT = 30,
    FIXED_DISTANCE_COUNT = 32,
    LENGTH_CODE_COUNT = 19,
    END_OF_BLOCK = 256,
    STEP = 16, /* bytes that are copied at once */
    RUN = 5,   /* codes of LITERAL_BITS, in the 56 bits that there are at least */
};

/* ---- Bits ---- */

/* At the input's end zeros follow; `past` counts those bytes. */
struct reader {
    const uint8_t *at, *end;
    uint64_t bits;
    unsigned count;
    unsigned past;
};

static uint64_t load(const uint8_t *data) {
    uint64_t word = 0;
    for (unsigned i = 0; i < 8; i++) { /* one instruction, where the processor has that order */
        word |= (uint64_t)data[i] << (8 * i);
    }
    return word;
}

/* 56 bits or more are there, from now on. What is above `count` is either 0 or what comes next. */
static inline void refill(struct reader *reader) {
    if (reader->end - reader->at >= 8) {
        reader->bits |= load(reader->at) << reader->count;
        reader->at += (63 - reader->count) >> 3;
        reader->count |= 56;
        return;
    }
    for (; reader->count < 56; reader->count += 8) {
        if (reader->at < reader->end) {
            reader->bits |= (uint64_t)*reader->at++ << reader->count;
        } else {
            reader->past++;
        }
    }
}

/* More was used than came. */
static inline bool is_past(const struct reader *reader) {
    return reader->past * 8 > reader->count;
}

static inline unsigned peek(const struct reader *reader, unsigned count) {
    return (unsigned)reader->bits & ((1u << count) - 1);
}

static inline void drop(struct reader *reader, unsigned count) {
    reader->bits >>= count;
    reader->count -= count;
}

static inline unsigned take(struct reader *reader, unsigned count) {
    unsigned bits = peek(reader, count);
    drop(reader, count);
    return bits;
}

/* ---- Codes ---- */

/* What a code stands for, in the table and beside it:
 *   bits 0 to 3    the code's length
 *   bits 4 to 7    how many extra bits follow it
 *   bits 8 to 10   its kind
 *   bits 16 to 31  a literal, or what the extra bits are added to
 * 0 is a code that is longer than the table is wide, or means nothing. */
enum {
    LITERAL = 1 << 8,
    MATCH = 1 << 9,
    END = 1 << 10
};

struct code {
    unsigned width; /* of the table's index, in bits */
    unsigned literal_count;
    const uint32_t *meanings; /* of the symbols from there on */
    uint16_t counts[CODE_BITS_MAX + 1];
    uint16_t symbols[FIXED_LITERAL_COUNT]; /* by length, then by number */
    uint32_t table[1 << LITERAL_BITS];
};

struct why__decoder {
    struct code fixed_literals, fixed_distances;
    struct code literals, distances;
    struct code lengths; /* of the codes' lengths */
};

#define AT(base, extra) ((uint32_t)(base) << 16 | (extra) << 4 | MATCH)
/* clang-format off */
static const uint32_t match_lengths[FIXED_LITERAL_COUNT - END_OF_BLOCK] = {
    END, AT(3, 0), AT(4, 0), AT(5, 0), AT(6, 0), AT(7, 0), AT(8, 0), AT(9, 0), AT(10, 0),
    AT(11, 1), AT(13, 1), AT(15, 1), AT(17, 1), AT(19, 2), AT(23, 2), AT(27, 2), AT(31, 2),
    AT(35, 3), AT(43, 3), AT(51, 3), AT(59, 3), AT(67, 4), AT(83, 4), AT(99, 4), AT(115, 4),
    AT(131, 5), AT(163, 5), AT(195, 5), AT(227, 5), AT(258, 0), 0, 0};
static const uint32_t match_distances[FIXED_DISTANCE_COUNT] = {
    AT(1, 0), AT(2, 0), AT(3, 0), AT(4, 0), AT(5, 1), AT(7, 1), AT(9, 2), AT(13, 2), AT(17, 3),
    AT(25, 3), AT(33, 4), AT(49, 4), AT(65, 5), AT(97, 5), AT(129, 6), AT(193, 6), AT(257, 7),
    AT(385, 7), AT(513, 8), AT(769, 8), AT(1025, 9), AT(1537, 9), AT(2049, 10), AT(3073, 10),
    AT(4097, 11), AT(6145, 11), AT(8193, 12), AT(12289, 12), AT(16385, 13), AT(24577, 13), 0, 0};
/* clang-format on */

static uint32_t meaning(const struct code *code, unsigned symbol) {
    return symbol < code->literal_count ? (uint32_t)symbol << 16 | LITERAL
                                        : code->meanings[symbol - code->literal_count];
}

/* The code after this one, where its first bit is the lowest (RFC 1951 section 3.1.1). */
static unsigned next_code(unsigned code, unsigned bits) {
    unsigned bit = 1u << (bits - 1);
    while ((code & bit) != 0) {
        code ^= bit;
        bit >>= 1;
    }
    return code | bit;
}

/* For each length the table is doubled, as one bit more says nothing about shorter codes. */
static void fill_table(struct code *code, unsigned bits_max, unsigned width_max) {
    code->width = bits_max < width_max ? bits_max : width_max;
    const uint16_t *symbol = code->symbols;
    unsigned next = 0;
    code->table[0] = 0;
    for (unsigned bits = 1; bits <= code->width; bits++) {
        size_t half = (size_t)1 << (bits - 1);
        memcpy(code->table + half, code->table, half * sizeof *code->table);
        for (unsigned i = 0; i < code->counts[bits]; i++) {
            uint32_t found = meaning(code, *symbol++);
            code->table[next] = found != 0 ? found | bits : 0;
            next = next_code(next, bits);
        }
    }
}

/* Count the codes of each length, and list the symbols that have one. Most have none, so that eight
 * are looked at at once. returns  how many have */
static unsigned count_lengths(struct code *code, const uint8_t *lengths, unsigned count,
                              uint16_t *occurring) {
    unsigned used = 0;
    memset(code->counts, 0, sizeof code->counts);
    for (unsigned at = 0; at < count; at += 8) {
        if (load(lengths + at) == 0) {
            continue;
        }
        unsigned end = count - at < 8 ? count : at + 8;
        for (unsigned i = at; i < end; i++) {
            code->counts[lengths[i]]++;
            occurring[used] = (uint16_t)i;
            used += lengths[i] != 0;
        }
    }
    code->counts[0] = 0;
    return used;
}

/* Make a code of its symbols' lengths (section 3.2.2).
 *
 * lengths   7 bytes behind the last one are read as well
 * may_lack  it may have one code of one bit, or none
 * returns   false where it has too many codes, or too few */
static bool make_code(struct code *code, const uint8_t *lengths, unsigned count, unsigned width_max,
                      bool may_lack) {
    uint16_t occurring[FIXED_LITERAL_COUNT];
    unsigned used = count_lengths(code, lengths, count, occurring);
    uint16_t next[CODE_BITS_MAX + 1] = {0};
    unsigned bits_max = 0;
    int left = 1; /* codes of this length that are still free */
    for (unsigned bits = 1, at = 0; bits <= CODE_BITS_MAX; bits++) {
        next[bits] = (uint16_t)at;
        at += code->counts[bits];
        bits_max = code->counts[bits] != 0 ? bits : bits_max;
        left = 2 * left - code->counts[bits];
        if (left < 0) {
            return false;
        }
    }
    if (left != 0 && !(may_lack && used == code->counts[1] && used < 2)) {
        return false;
    }
    for (unsigned i = 0; i < used; i++) {
        code->symbols[next[lengths[occurring[i]]]++] = occurring[i];
    }
    fill_table(code, bits_max, width_max);
    return true;
}

/* The same without the table. returns  0: there is no such code, or it means nothing */
WHY__APART static uint32_t find_long(const struct code *code, uint64_t bits) {
    unsigned value = 0, first = 0, at = 0;
    for (unsigned length = 1; length <= CODE_BITS_MAX; length++) {
        unsigned count = code->counts[length];
        value = value << 1 | (unsigned)(bits & 1);
        first <<= 1;
        bits >>= 1;
        if (value - first < count) {
            uint32_t found = meaning(code, code->symbols[at + value - first]);
            return found != 0 ? found | length : 0;
        }
        at += count;
        first += count;
    }
    return 0;
}

static inline uint32_t find(const struct code *code, const struct reader *reader) {
    uint32_t found = code->table[peek(reader, code->width)];
    return found != 0 ? found : find_long(code, reader->bits);
}

/* ---- Blocks ---- */

struct output {
    uint8_t *data;
    size_t len, room;
    size_t window;
};

/* A match may reach into itself, and then repeats. Where there is room past its end, that is
 * written to. */
static inline void copy_match(struct output *out, size_t distance, size_t length) {
    uint8_t *to = out->data + out->len;
    const uint8_t *from = to - distance;
    out->len += length;
    if (distance >= STEP && out->room - out->len >= STEP) {
        for (const uint8_t *end = to + length; to < end; to += STEP, from += STEP) {
            memcpy(to, from, STEP);
        }
    } else if (distance == 1) {
        memset(to, *from, length);
    } else {
        for (size_t i = 0; i < length; i++) {
            to[i] = from[i];
        }
    }
}

/* The length's code is `found`, and read. Both take 48 bits at most. */
static inline enum why__decode_result take_match(struct reader *reader,
                                                 const struct code *distances, uint32_t found,
                                                 struct output *out) {
    size_t length = (found >> 16) + take(reader, found >> 4 & 15);
    found = find(distances, reader);
    if (found == 0) {
        return WHY__DECODE_OTHER;
    }
    drop(reader, found & 15);
    size_t distance = (found >> 16) + take(reader, found >> 4 & 15);
    if (distance > out->len || distance > out->window) {
        return WHY__DECODE_OTHER;
    }
    if (length > out->room - out->len) {
        return WHY__DECODE_ROOM;
    }
    copy_match(out, distance, length);
    return WHY__DECODE_OK;
}

/* Literals, while there is plenty of both sides and their codes are in the table.
 * returns  what comes after them, which is not read yet; 0: that is not known */
static inline uint32_t take_run(struct reader *reader, const struct code *code,
                                struct output *out) {
    uint64_t mask = ((uint64_t)1 << code->width) - 1;
    while (reader->end - reader->at >= 8 && out->room - out->len >= RUN) {
        refill(reader);
        for (unsigned i = 0; i < RUN; i++) {
            uint32_t found = code->table[reader->bits & mask];
            if ((found & LITERAL) == 0) {
                return found;
            }
            drop(reader, found & 15);
            out->data[out->len++] = (uint8_t)(found >> 16);
        }
    }
    return 0;
}

/* The symbols of a block. Both sides are copied, to be kept in registers. */
static enum why__decode_result take_symbols(struct reader *input, const struct code *literals,
                                            const struct code *distances, struct output *output) {
    struct reader reader = *input;
    struct output out = *output;
    for (;;) {
        uint32_t found = take_run(&reader, literals, &out);
        refill(&reader);
        found = found != 0 ? found : find(literals, &reader);
        if (found == 0 || is_past(&reader)) {
            return WHY__DECODE_OTHER;
        }
        drop(&reader, found & 15);
        if ((found & MATCH) != 0) {
            enum why__decode_result result = take_match(&reader, distances, found, &out);
            if (result != WHY__DECODE_OK) {
                return result;
            }
        } else if ((found & END) != 0) {
            break;
        } else if (out.len < out.room) {
            out.data[out.len++] = (uint8_t)(found >> 16);
        } else {
            return WHY__DECODE_ROOM;
        }
    }
    *input = reader;
    *output = out;
    return is_past(&reader) ? WHY__DECODE_OTHER : WHY__DECODE_OK;
}

/* Bytes that are not used yet. */
static size_t bytes_left(const struct reader *reader) {
    return (size_t)(reader->end - reader->at) + reader->count / 8 - reader->past;
}

/* Section 3.2.4. The length's four bytes are those that were left off the message's end, where
 * nothing follows the block's header. */
static enum why__decode_result take_stored(struct reader *reader, struct output *out,
                                           bool *is_end) {
    drop(reader, reader->count & 7);
    if (is_past(reader)) {
        return WHY__DECODE_OTHER;
    }
    size_t left = bytes_left(reader);
    *is_end = left == 0;
    if (left == 0) {
        return WHY__DECODE_OK;
    }
    const uint8_t *data = reader->end - left;
    size_t len = left < 4 ? 0 : (size_t)data[0] | (size_t)data[1] << 8;
    if (left < 4 || (data[2] ^ data[0]) != 0xff || (data[3] ^ data[1]) != 0xff || left - 4 < len) {
        return WHY__DECODE_OTHER;
    }
    if (len > out->room - out->len) {
        return WHY__DECODE_ROOM;
    }
    if (len > 0) {
        memcpy(out->data + out->len, data + 4, len);
        out->len += len;
    }
    *reader = (struct reader){.at = data + 4 + len, .end = reader->end};
    return WHY__DECODE_OK;
}

enum {
    REPEAT = 16,
    ZEROS = 17
};

/* The lengths of both codes, one after the other (section 3.2.7). */
static bool take_lengths(struct reader *input, const struct code *code, uint8_t *lengths,
                         unsigned count) {
    struct reader reader = *input;
    for (unsigned at = 0; at < count;) {
        refill(&reader);
        uint32_t found = find(code, &reader);
        if (found == 0 || is_past(&reader)) {
            return false;
        }
        drop(&reader, found & 15);
        unsigned symbol = found >> 16;
        if (symbol < REPEAT) {
            lengths[at++] = (uint8_t)symbol;
            continue;
        }
        if (symbol == REPEAT && at == 0) {
            return false;
        }
        unsigned run = symbol == REPEAT  ? 3 + take(&reader, 2)
                       : symbol == ZEROS ? 3 + take(&reader, 3)
                                         : 11 + take(&reader, 7);
        if (run > count - at) {
            return false;
        }
        memset(lengths + at, symbol == REPEAT ? lengths[at - 1] : 0, run);
        at += run;
    }
    *input = reader;
    return true;
}

static bool take_codes(struct why__decoder *decoder, struct reader *reader) {
    static const uint8_t order[LENGTH_CODE_COUNT] = {16, 17, 18, 0, 8,  7, 9,  6, 10, 5,
                                                     11, 4,  12, 3, 13, 2, 14, 1, 15};
    uint8_t lengths[LITERAL_COUNT + DISTANCE_COUNT + 8] = {0};
    unsigned literal_count = take(reader, 5) + 257;
    unsigned distance_count = take(reader, 5) + 1;
    unsigned length_count = take(reader, 4) + 4;
    if (literal_count > LITERAL_COUNT || distance_count > DISTANCE_COUNT) {
        return false;
    }
    for (unsigned i = 0; i < length_count; i++) {
        refill(reader);
        lengths[order[i]] = (uint8_t)take(reader, 3);
    }
    return make_code(&decoder->lengths, lengths, LENGTH_CODE_COUNT, LENGTH_CODE_BITS, false) &&
           take_lengths(reader, &decoder->lengths, lengths, literal_count + distance_count) &&
           lengths[END_OF_BLOCK] != 0 &&
           make_code(&decoder->literals, lengths, literal_count, LITERAL_BITS, false) &&
           make_code(&decoder->distances, lengths + literal_count, distance_count, DISTANCE_BITS,
                     true);
}

/* ---- Messages ---- */

enum block {
    STORED = 0,
    FIXED = 1,
    OWN = 2
};

static enum why__decode_result take_block(struct why__decoder *decoder, struct reader *reader,
                                          struct output *out, bool *is_end) {
    refill(reader);
    bool is_final = take(reader, 1) != 0;
    unsigned type = take(reader, 2);
    if (is_final || is_past(reader)) {
        return WHY__DECODE_OTHER;
    }
    if (type == STORED) {
        return take_stored(reader, out, is_end);
    }
    if (type == FIXED) {
        return take_symbols(reader, &decoder->fixed_literals, &decoder->fixed_distances, out);
    }
    if (type == OWN && take_codes(decoder, reader)) {
        return take_symbols(reader, &decoder->literals, &decoder->distances, out);
    }
    return WHY__DECODE_OTHER;
}

size_t why__decoder_size(void) {
    return sizeof(struct why__decoder);
}

static void init_code(struct code *code, unsigned literal_count, const uint32_t *meanings) {
    code->literal_count = literal_count;
    code->meanings = meanings;
}

void why__decoder_init(struct why__decoder *decoder) {
    uint8_t lengths[FIXED_LITERAL_COUNT + 8] = {0}; /* section 3.2.6 */
    for (unsigned i = 0; i < FIXED_LITERAL_COUNT; i++) {
        lengths[i] = i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8;
    }
    init_code(&decoder->lengths, LENGTH_CODE_COUNT, NULL);
    init_code(&decoder->literals, END_OF_BLOCK, match_lengths);
    init_code(&decoder->distances, 0, match_distances);
    init_code(&decoder->fixed_literals, END_OF_BLOCK, match_lengths);
    init_code(&decoder->fixed_distances, 0, match_distances);
    (void)make_code(&decoder->fixed_literals, lengths, FIXED_LITERAL_COUNT, LITERAL_BITS, false);
    memset(lengths, 5, FIXED_DISTANCE_COUNT);
    (void)make_code(&decoder->fixed_distances, lengths, FIXED_DISTANCE_COUNT, DISTANCE_BITS, false);
}

enum why__decode_result why__decode(struct why__decoder *decoder, struct why_bytes input,
                                    uint8_t window_bits, struct why_span out, size_t *out_len) {
    struct reader reader = {.at = input.data, .end = input.data + input.len};
    struct output output = {.data = out.data, .room = out.len, .window = (size_t)1 << window_bits};
    bool is_end = false;
    while (!is_end) {
        enum why__decode_result result = take_block(decoder, &reader, &output, &is_end);
        if (result != WHY__DECODE_OK) {
            return result;
        }
    }
    *out_len = output.len;
    return WHY__DECODE_OK;
}
