/* SPDX-License-Identifier: MIT
 *
 * `send`: an opcode, flags that bend the frame's header, and a payload.
 */
#include "base/ascii.h"
#include "conform/language.h"
#include "conform/term.h"

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum opcode_number {
    OPCODE_CLOSE = 8,
};

static const struct conform_name opcodes[] = {
    {"cont", 0},  {"text", 1},  {"binary", 2},
    {"op3", 3},   {"op4", 4},   {"op5", 5},
    {"op6", 6},   {"op7", 7},   {"close", OPCODE_CLOSE},
    {"ping", 9},  {"pong", 10}, {"op11", 11},
    {"op12", 12}, {"op13", 13}, {"op14", 14},
    {"op15", 15},
};

enum flag {
    FLAG_MORE,
    FLAG_RSV1,
    FLAG_RSV2,
    FLAG_RSV3,
    FLAG_MASK,
    FLAG_NOMASK,
    FLAG_LEN16,
    FLAG_LEN64,
    FLAG_TOPBIT,
    FLAG_KEY,
    FLAG_LEN,
    FLAG_CUT,
    FLAG_SPLIT,
};

static const struct conform_name flags[] = {
    {"more", FLAG_MORE},     {"rsv1", FLAG_RSV1},     {"rsv2", FLAG_RSV2},   {"rsv3", FLAG_RSV3},
    {"mask", FLAG_MASK},     {"nomask", FLAG_NOMASK}, {"len16", FLAG_LEN16}, {"len64", FLAG_LEN64},
    {"topbit", FLAG_TOPBIT}, {"key", FLAG_KEY},       {"len", FLAG_LEN},     {"cut", FLAG_CUT},
    {"split", FLAG_SPLIT},
};

static bool read_key(struct conform_scan *scan, struct conform_word value,
                     struct conform_frame *frame) {
    for (size_t i = 0; value.len == 8 && i < 4; i++) {
        int high = why__hex_value(value.text[2 * i]), low = why__hex_value(value.text[2 * i + 1]);
        if (high < 0 || low < 0) {
            value.len = 0;
        }
        frame->key[i] = (uint8_t)(high * 16 + low);
    }
    frame->has_key = true;
    return value.len == 8 || conform_scan_fail(scan, "a masking key is 8 hex digits");
}

static bool read_flag(struct conform_scan *scan, enum flag flag, struct conform_word value,
                      struct conform_frame *frame) {
    switch (flag) {
    case FLAG_MORE:
        frame->more = true;
        return true;
    case FLAG_RSV1:
    case FLAG_RSV2:
    case FLAG_RSV3:
        frame->rsv |= (uint8_t)(4 >> (flag - FLAG_RSV1));
        return true;
    case FLAG_MASK:
    case FLAG_NOMASK:
        frame->mask = flag == FLAG_MASK ? 1 : -1;
        return true;
    case FLAG_LEN16:
    case FLAG_LEN64:
        frame->len_bytes = flag == FLAG_LEN16 ? 2 : 8;
        return true;
    case FLAG_TOPBIT:
        frame->top_bit = true;
        return true;
    case FLAG_KEY:
        return read_key(scan, value, frame);
    case FLAG_LEN:
        return conform_word_number(scan, value, "a length", INT64_MAX, &frame->len);
    case FLAG_CUT:
        return conform_word_number(scan, value, "a length", INT64_MAX, &frame->cut);
    case FLAG_SPLIT:
        return conform_word_number(scan, value, "a length", INT64_MAX, &frame->split) &&
               (frame->split > 0 || conform_scan_fail(scan, "fragments of 0 bytes have no end"));
    }
    return false;
}

static bool read_flags(struct conform_scan *scan, struct conform_frame *frame) {
    while (!conform_term_is_next(scan) && !conform_scan_is_end(scan)) {
        struct conform_word word = conform_scan_peek(scan);
        const char *sign = memchr(word.text, '=', word.len);
        struct conform_word name = {word.text,
                                    sign != NULL ? (size_t)(sign - word.text) : word.len};
        struct conform_word value = {word.text + name.len + (sign != NULL),
                                     word.len - name.len - (sign != NULL)};
        const struct conform_name *flag = conform_name_find(flags, COUNT(flags), name);
        if (flag == NULL || (sign != NULL) != (flag->value >= FLAG_KEY)) {
            return conform_scan_fail(scan, "\"%.*s\" is no flag of a frame", CONFORM_WORD(word));
        }
        scan->at += word.len;
        if (!read_flag(scan, (enum flag)flag->value, value, frame)) {
            return false;
        }
    }
    if (frame->len_bytes == 2 &&
        (frame->top_bit || (frame->len != CONFORM_LEN_AS_IS && frame->len > UINT16_MAX))) {
        return conform_scan_fail(scan, "that length does not fit into len16");
    }
    if (frame->split > 0 && (frame->cut != UINT64_MAX || frame->len != CONFORM_LEN_AS_IS)) {
        return conform_scan_fail(scan, "what is split has neither cut nor len");
    }
    return true;
}

bool conform_frame_read(struct conform_scan *scan, struct conform_step *step) {
    struct conform_word word;
    if (!conform_scan_word(scan, "an opcode", &word)) {
        return false;
    }
    const struct conform_name *opcode = conform_name_find(opcodes, COUNT(opcodes), word);
    if (opcode == NULL) {
        return conform_scan_fail(scan, "\"%.*s\" is no opcode", CONFORM_WORD(word));
    }
    step->frame.opcode = (uint8_t)opcode->value;
    step->has_term = true;
    return read_flags(scan, &step->frame) &&
           conform_term_read(scan, opcode->value == OPCODE_CLOSE, &step->term);
}
