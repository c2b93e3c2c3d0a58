/* SPDX-License-Identifier: MIT
 *
 * Our own compressor: matches by one look into a table of what was seen, blocks with the fixed
 * codes or with codes of their own, whichever is shorter.
 */
#include "core/deflate_short.h"

#include "core/huffman.h"

#include <stdbool.h>
#include <string.h>

enum {
    MATCH_MIN = 4, /* what is hashed; three bytes further back gain next to nothing */
    MATCH_MAX = 258,
    HASH_BITS = 12,
    PLACES_MAX = 1 << 24, /* before a new count begins */
    SEQUENCES_MAX = 2048, /* of a block */
    BLOCK_LEN_MAX = 32768,
    LITERAL_COUNT = 286,
    END_OF_BLOCK = 256,
    DISTANCE_COUNT = 30,
    LENGTH_CODE_COUNT = 19,
    CODE_BITS_MAX = 15,
    LENGTH_CODE_BITS_MAX = 7,
    LITERALS_AT_ONCE = 3, /* that fit into what is left of the 64 bits */
    CHUNK_LEN = 64,       /* literals between two looks at the room */
    NOTED_MAX = 16,
    SKIP_SHIFT = 5, /* after so many literals without a match every second place is tried */
    OWN_CODES_MIN =
        160, /* literals and matches: with fewer, their header is longer than its gain */
};

/* So many bytes as they are, then a match; of length 0 at a block's end. */
struct sequence {
    uint16_t literals, length, distance;
};

/* What is written for a symbol. */
struct codes {
    uint16_t bits[LITERAL_COUNT + 2 + DISTANCE_COUNT];
    uint8_t lengths[LITERAL_COUNT + 2 + DISTANCE_COUNT];
};
#define DISTANCES_AT (LITERAL_COUNT + 2) /* in a struct codes */

struct why__encoder {
    /* Places count on from message to message, so that the table is never cleared: what lies before
     * `base` is of another message. */
    uint32_t base;
    uint32_t places[1 << HASH_BITS];
    struct codes fixed, own;
    uint8_t length_symbols[MATCH_MAX + 1];
    size_t sequence_count;
    struct sequence sequences[SEQUENCES_MAX];
    uint32_t frequencies[LITERAL_COUNT + 2 + DISTANCE_COUNT];
};

static const uint16_t length_bases[] = {3,  4,  5,  6,   7,   8,   9,   10,  11, 13,
                                        15, 17, 19, 23,  27,  31,  35,  43,  51, 59,
                                        67, 83, 99, 115, 131, 163, 195, 227, 258};
static const uint8_t length_extra[] = {0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2,
                                       2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0};

/* ---- Bits ---- */

/* What is written to `out` is whole bytes; up to 7 bits wait. */
struct writer {
    uint8_t *out;
    uint64_t bits;
    unsigned count;
};

static void put(struct writer *writer, uint64_t bits, unsigned count) {
    writer->bits |= bits << writer->count;
    writer->count += count;
}

static void store(uint8_t *out, uint64_t word) {
    for (unsigned i = 0; i < 8; i++) { /* one instruction, where the processor has that order */
        out[i] = (uint8_t)(word >> (8 * i));
    }
}

static void flush(struct writer *writer) {
    store(writer->out, writer->bits);
    writer->out += writer->count >> 3;
    writer->bits >>= writer->count & 56;
    writer->count &= 7;
}

/* ---- Matches ---- */

static uint32_t load32(const uint8_t *data) {
    uint32_t word = 0;
    memcpy(&word, data, sizeof word);
    return word;
}

static uint64_t load64(const uint8_t *data) {
    uint64_t word = 0;
    memcpy(&word, data, sizeof word);
    return word;
}

static uint32_t hash(uint32_t word) {
    return word * 2654435761u >> (32 - HASH_BITS);
}

/* How many bytes are the same, at most `max`. */
static size_t common_len(const uint8_t *a, const uint8_t *b, size_t max) {
    size_t len = 0;
    for (; max - len >= 8; len += 8) {
        if (load64(a + len) != load64(b + len)) {
            break;
        }
    }
    while (len < max && a[len] == b[len]) {
        len++;
    }
    return len;
}

/* The same backwards, which finds what was skipped. At most so many that the match that is made of
 * them goes past `at`: no place is looked at twice. */
static size_t common_before(const uint8_t *data, size_t at, size_t distance, size_t max) {
    max = max < at - distance ? max : at - distance;
    max = max < MATCH_MAX - MATCH_MIN ? max : MATCH_MAX - MATCH_MIN;
    size_t len = 0;
    while (len < max && data[at - len - 1] == data[at - distance - len - 1]) {
        len++;
    }
    return len;
}

static void add_sequence(struct why__encoder *encoder, size_t literals, size_t length,
                         size_t distance) {
    encoder->sequences[encoder->sequence_count++] = (struct sequence){
        .literals = (uint16_t)literals, .length = (uint16_t)length, .distance = (uint16_t)distance};
}

/* What lies in a match is found later too: some of its beginning, for the sake of time. */
static void note_match(struct why__encoder *encoder, const uint8_t *data, size_t start,
                       size_t end) {
    size_t stop = end > start + NOTED_MAX ? start + NOTED_MAX : end;
    for (size_t at = start + 1; at < stop; at += 2) {
        encoder->places[hash(load32(data + at))] = encoder->base + (uint32_t)at;
    }
}

/* Take a block's sequences off the message from `start` on. returns  where they end */
static size_t find_sequences(struct why__encoder *encoder, struct why_bytes message, size_t start,
                             size_t window) {
    const uint8_t *data = message.data;
    size_t end = message.len - start > BLOCK_LEN_MAX ? start + BLOCK_LEN_MAX : message.len;
    size_t last = message.len < 8 ? 0 : message.len - 8; /* up to here may be hashed, twice */
    size_t done = start;
    encoder->sequence_count = 0;
    for (size_t at = start; at < end && at < last && encoder->sequence_count < SEQUENCES_MAX - 1;) {
        uint32_t word = load32(data + at);
        uint32_t *place = &encoder->places[hash(word)];
        size_t distance = (uint32_t)(encoder->base + at) - *place;
        *place = encoder->base + (uint32_t)at;
        if (distance > at || distance > window || load32(data + at - distance) != word) {
            at += 1 + ((at - done) >> SKIP_SHIFT);
            continue;
        }
        at -= common_before(data, at, distance, at - done);
        size_t max = message.len - at < MATCH_MAX ? message.len - at : MATCH_MAX;
        size_t length = common_len(data + at, data + at - distance, max);
        add_sequence(encoder, at - done, length, distance);
        at += length;
        done = at;
        note_match(encoder, data, done - length, done < last ? done : last);
    }
    /* Where there is no room for more of them, the next block goes on from here. */
    if (encoder->sequence_count < SEQUENCES_MAX - 1 && done < end) {
        add_sequence(encoder, end - done, 0, 0);
        done = end;
    }
    return done;
}

/* ---- Symbols ---- */

static unsigned log2_of(size_t value) {
    return 31u - (unsigned)__builtin_clz((unsigned)value);
}

/* RFC 1951 section 3.2.5: two symbols for each power of two. */
static unsigned distance_symbol(size_t distance, unsigned *extra) {
    size_t from_0 = distance - 1;
    if (from_0 < 4) {
        *extra = 0;
        return (unsigned)from_0;
    }
    unsigned bits = log2_of(from_0);
    *extra = bits - 1;
    return 2 * bits + (from_0 >> (bits - 1) & 1);
}

static void write_literals(struct writer *writer, const struct codes *codes, const uint8_t *data,
                           size_t len) {
    size_t at = 0;
    for (; len - at >= LITERALS_AT_ONCE; at += LITERALS_AT_ONCE) {
        for (size_t i = at; i < at + LITERALS_AT_ONCE; i++) {
            put(writer, codes->bits[data[i]], codes->lengths[data[i]]);
        }
        flush(writer);
    }
    for (; at < len; at++) {
        put(writer, codes->bits[data[at]], codes->lengths[data[at]]);
    }
    flush(writer);
}

static void write_match(struct writer *writer, const struct why__encoder *encoder,
                        const struct codes *codes, struct sequence match) {
    unsigned symbol = encoder->length_symbols[match.length];
    put(writer, codes->bits[END_OF_BLOCK + 1 + symbol], codes->lengths[END_OF_BLOCK + 1 + symbol]);
    put(writer, (uint64_t)match.length - length_bases[symbol], length_extra[symbol]);
    unsigned extra = 0;
    symbol = distance_symbol(match.distance, &extra);
    put(writer, codes->bits[DISTANCES_AT + symbol], codes->lengths[DISTANCES_AT + symbol]);
    put(writer, (match.distance - 1u) & ((1u << extra) - 1), extra); /* 15 + 5 + 15 + 13 bits */
    flush(writer);
}

/* returns  false where it would pass `end` */
static bool write_sequences(struct writer *writer, const struct why__encoder *encoder,
                            const struct codes *codes, const uint8_t *data, const uint8_t *end) {
    for (size_t i = 0; i < encoder->sequence_count; i++) {
        struct sequence sequence = encoder->sequences[i];
        for (size_t left = sequence.literals; left > 0;) {
            size_t len = left < CHUNK_LEN ? left : CHUNK_LEN;
            if (writer->out > end) {
                return false;
            }
            write_literals(writer, codes, data, len);
            data += len;
            left -= len;
        }
        if (sequence.length > 0) {
            if (writer->out > end) {
                return false;
            }
            write_match(writer, encoder, codes, sequence);
            data += sequence.length;
        }
    }
    put(writer, codes->bits[END_OF_BLOCK], codes->lengths[END_OF_BLOCK]);
    flush(writer);
    return writer->out <= end;
}

/* ---- Codes of a block's own (section 3.2.7) ---- */

static void count_symbols(struct why__encoder *encoder, const uint8_t *data) {
    uint32_t *frequencies = encoder->frequencies;
    memset(frequencies, 0, sizeof encoder->frequencies);
    for (size_t i = 0; i < encoder->sequence_count; i++) {
        struct sequence sequence = encoder->sequences[i];
        for (size_t n = 0; n < sequence.literals; n++) {
            frequencies[data[n]]++;
        }
        data += sequence.literals + sequence.length;
        if (sequence.length > 0) {
            unsigned extra = 0;
            frequencies[END_OF_BLOCK + 1 + encoder->length_symbols[sequence.length]]++;
            frequencies[DISTANCES_AT + distance_symbol(sequence.distance, &extra)]++;
        }
    }
    frequencies[END_OF_BLOCK] = 1;
}

/* Bits of all symbols; what extra bits follow them is the same with any codes. */
static size_t cost(const uint32_t *frequencies, const struct codes *codes) {
    size_t bits = 0;
    for (size_t i = 0; i < DISTANCES_AT + DISTANCE_COUNT; i++) {
        bits += frequencies[i] * codes->lengths[i];
    }
    return bits;
}

/* The lengths of the codes, as section 3.2.7 writes them: runs are a symbol and their length. */
struct header {
    size_t literal_count, distance_count, count;
    uint8_t symbols[LITERAL_COUNT + DISTANCE_COUNT];
    uint8_t extra[LITERAL_COUNT + DISTANCE_COUNT];
    uint8_t lengths[LENGTH_CODE_COUNT];
    uint16_t bits[LENGTH_CODE_COUNT];
    size_t length_count; /* of those, in their strange order */
    size_t cost;         /* bits of all of it */
};

enum {
    REPEAT = 16,
    ZEROS = 17,
    MANY_ZEROS = 18
};
static const uint8_t repeat_bits[] = {2, 3, 7};
static const uint8_t repeat_min[] = {3, 3, 11};
static const uint8_t length_order[] = {16, 17, 18, 0, 8,  7, 9,  6, 10, 5,
                                       11, 4,  12, 3, 13, 2, 14, 1, 15};

static void add_length(struct header *header, unsigned symbol, size_t extra) {
    header->symbols[header->count] = (uint8_t)symbol;
    header->extra[header->count++] = (uint8_t)extra;
}

static void add_run(struct header *header, unsigned length, size_t run) {
    if (length != 0) {
        add_length(header, length, 0);
        run--;
    }
    while (run >= 3) {
        unsigned symbol = length != 0 ? REPEAT : run > 10 ? MANY_ZEROS : ZEROS;
        size_t max = symbol == REPEAT ? 6 : symbol == ZEROS ? 10 : 138;
        size_t taken = run < max ? run : max;
        add_length(header, symbol, taken - repeat_min[symbol - REPEAT]);
        run -= taken;
    }
    for (; run > 0; run--) {
        add_length(header, length, 0);
    }
}

static size_t used(const uint8_t *lengths, size_t count, size_t min) {
    while (count > min && lengths[count - 1] == 0) {
        count--;
    }
    return count;
}

static void choose_length_codes(struct header *header) {
    uint32_t frequencies[LENGTH_CODE_COUNT] = {0};
    for (size_t i = 0; i < header->count; i++) {
        frequencies[header->symbols[i]]++;
    }
    why__huffman_lengths(frequencies, LENGTH_CODE_COUNT, LENGTH_CODE_BITS_MAX, header->lengths);
    why__huffman_codes(header->lengths, LENGTH_CODE_COUNT, header->bits);
    header->length_count = LENGTH_CODE_COUNT;
    while (header->length_count > 4 &&
           header->lengths[length_order[header->length_count - 1]] == 0) {
        header->length_count--;
    }
    header->cost = 5 + 5 + 4 + 3 * header->length_count;
    for (size_t i = 0; i < header->count; i++) {
        unsigned symbol = header->symbols[i];
        header->cost += header->lengths[symbol];
        header->cost += symbol < REPEAT ? 0 : repeat_bits[symbol - REPEAT];
    }
}

static void make_header(struct header *header, const struct codes *codes) {
    uint8_t all[LITERAL_COUNT + DISTANCE_COUNT];
    header->literal_count = used(codes->lengths, LITERAL_COUNT, END_OF_BLOCK + 1);
    header->distance_count = used(codes->lengths + DISTANCES_AT, DISTANCE_COUNT, 1);
    header->count = 0;
    size_t count = header->literal_count + header->distance_count;
    memcpy(all, codes->lengths, header->literal_count);
    memcpy(all + header->literal_count, codes->lengths + DISTANCES_AT, header->distance_count);
    for (size_t at = 0; at < count;) {
        size_t run = 1;
        while (at + run < count && all[at + run] == all[at]) {
            run++;
        }
        add_run(header, all[at], run);
        at += run;
    }
    choose_length_codes(header);
}

static void write_header(struct writer *writer, const struct header *header) {
    put(writer, header->literal_count - 257, 5);
    put(writer, header->distance_count - 1, 5);
    put(writer, header->length_count - 4, 4);
    flush(writer);
    for (size_t i = 0; i < header->length_count; i++) {
        put(writer, header->lengths[length_order[i]], 3);
        flush(writer);
    }
    for (size_t i = 0; i < header->count; i++) {
        unsigned symbol = header->symbols[i];
        put(writer, header->bits[symbol], header->lengths[symbol]);
        if (symbol >= REPEAT) {
            put(writer, header->extra[i], repeat_bits[symbol - REPEAT]);
        }
        flush(writer);
    }
}

static void choose_codes(struct why__encoder *encoder) {
    const uint32_t *frequencies = encoder->frequencies;
    struct codes *own = &encoder->own;
    why__huffman_lengths(frequencies, LITERAL_COUNT, CODE_BITS_MAX, own->lengths);
    why__huffman_lengths(frequencies + DISTANCES_AT, DISTANCE_COUNT, CODE_BITS_MAX,
                         own->lengths + DISTANCES_AT);
}

/* ---- Blocks ---- */

enum block {
    STORED = 0,
    FIXED = 1,
    OWN = 2
};

static size_t symbol_count(const struct why__encoder *encoder) {
    size_t count = encoder->sequence_count;
    for (size_t i = 0; i < encoder->sequence_count; i++) {
        count += encoder->sequences[i].literals;
    }
    return count;
}

static bool write_fixed(struct writer *writer, const struct why__encoder *encoder,
                        const uint8_t *data, const uint8_t *end) {
    put(writer, FIXED << 1, 3);
    return write_sequences(writer, encoder, &encoder->fixed, data, end);
}

/* Sequences with codes of their own, where that is shorter than with the fixed ones. */
static bool write_block(struct writer *writer, struct why__encoder *encoder, const uint8_t *data,
                        const uint8_t *end) {
    if (symbol_count(encoder) < OWN_CODES_MIN) {
        return write_fixed(writer, encoder, data, end);
    }
    struct header header;
    count_symbols(encoder, data);
    choose_codes(encoder);
    make_header(&header, &encoder->own);
    size_t fixed_cost = cost(encoder->frequencies, &encoder->fixed);
    if (fixed_cost <= cost(encoder->frequencies, &encoder->own) + header.cost) {
        return write_fixed(writer, encoder, data, end);
    }
    why__huffman_codes(encoder->own.lengths, LITERAL_COUNT, encoder->own.bits);
    why__huffman_codes(encoder->own.lengths + DISTANCES_AT, DISTANCE_COUNT,
                       encoder->own.bits + DISTANCES_AT);
    put(writer, OWN << 1, 3);
    write_header(writer, &header);
    return write_sequences(writer, encoder, &encoder->own, data, end);
}

/* ---- The encoder ---- */

size_t why__encoder_size(void) {
    return sizeof(struct why__encoder);
}

void why__encoder_init(struct why__encoder *encoder) {
    memset(encoder, 0, sizeof *encoder);
    encoder->base = 1; /* the table's 0 is before it */
    struct codes *fixed = &encoder->fixed;
    for (size_t i = 0; i < LITERAL_COUNT + 2; i++) { /* section 3.2.6 */
        fixed->lengths[i] = i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8;
    }
    memset(fixed->lengths + DISTANCES_AT, 5, DISTANCE_COUNT);
    why__huffman_codes(fixed->lengths, LITERAL_COUNT + 2, fixed->bits);
    why__huffman_codes(fixed->lengths + DISTANCES_AT, DISTANCE_COUNT, fixed->bits + DISTANCES_AT);
    uint8_t symbol = 0;
    for (size_t length = 3; length <= MATCH_MAX; length++) {
        if (symbol + 1u < sizeof length_extra && length_bases[symbol + 1] <= length) {
            symbol++;
        }
        encoder->length_symbols[length] = symbol;
    }
}

size_t why__encode(struct why__encoder *encoder, struct why_bytes data, uint8_t window_bits,
                   uint8_t *out) {
    struct writer writer = {.out = out};
    if (encoder->base > PLACES_MAX) {
        memset(encoder->places, 0, sizeof encoder->places);
        encoder->base = 1;
    }
    bool fits = true;
    for (size_t at = 0; at < data.len && fits;) {
        size_t block = at;
        at = find_sequences(encoder, data, at, (size_t)1 << window_bits);
        fits = write_block(&writer, encoder, data.data + block, out + data.len);
    }
    encoder->base += (uint32_t)data.len;
    /* An empty stored block, of which the four bytes that follow its header are left off. */
    put(&writer, STORED << 1, 3);
    writer.count += 7;
    flush(&writer);
    size_t len = (size_t)(writer.out - out);
    return fits && len < data.len ? len : 0;
}
