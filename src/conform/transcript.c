/* SPDX-License-Identifier: MIT */
#include "conform/transcript.h"

#include "base/utf8.h"
#include "net/loop.h"
#include "whysocket/close_code.h"
#include "whysocket/conn.h"
#include "whysocket/explain.h"

#include <inttypes.h>
#include <string.h>

enum {
    ROOM = CONFORM_MOMENTS_FIRST + CONFORM_MOMENTS_LAST,
    SHOWN_MAX = 32, /* bytes of a payload in words */
    HEAD_MAX = 8192,
};

static size_t slot_of(uint32_t number) {
    return number < CONFORM_MOMENTS_FIRST
               ? number
               : CONFORM_MOMENTS_FIRST + (number - CONFORM_MOMENTS_FIRST) % CONFORM_MOMENTS_LAST;
}

static bool is_kept(const struct conform_transcript *transcript, uint32_t number) {
    return number < transcript->count &&
           (number < CONFORM_MOMENTS_FIRST || transcript->count - number <= CONFORM_MOMENTS_LAST);
}

/* A head of HTTP is kept as text: the header that matters may be its last. Frames begin with no
 * letter, but for some that are wrong; those have no version of HTTP in a first line.
 * returns  NULL where it is none */
static const char *keep_head(struct conform_transcript *transcript, struct why_bytes bytes) {
    static const char version[] = "HTTP/";
    const uint8_t *end = bytes.len == 0 ? NULL : memchr(bytes.data, '\n', bytes.len);
    if (end == NULL ||
        memmem(bytes.data, (size_t)(end - bytes.data), version, sizeof version - 1) == NULL) {
        return NULL;
    }
    struct why_text text = {0};
    size_t rest = bytes.len < HEAD_MAX ? bytes.len : HEAD_MAX;
    for (const uint8_t *at = bytes.data; rest > 0;) {
        end = memchr(at, '\n', rest);
        size_t len = end == NULL ? rest : (size_t)(end - at) + 1;
        size_t shown = len - (end != NULL);
        /* CRLF is the end of a line and not shown; a bare CR is. */
        shown -= end != NULL && shown > 0 && at[shown - 1] == '\r';
        why_text_append_untrusted(&text, at, shown);
        /* The empty line that ends it needs no line. */
        why_text_append(&text, end == NULL ? " ..." : shown == 0 && len == rest ? "" : "\n");
        at += len;
        rest -= len;
    }
    const char *head = text.failed
                           ? NULL
                           : conform_memory_text(&transcript->memory,
                                                 text.data == NULL ? "" : text.data, text.len);
    why_text_clear(&text);
    return head;
}

int32_t conform_transcript_add(struct conform_transcript *transcript, enum conform_way way,
                               const char *what, struct why_bytes bytes, uint64_t len, int mark) {
    if (transcript->moments == NULL) {
        transcript->moments =
            conform_memory_take(&transcript->memory, ROOM * sizeof *transcript->moments);
    }
    const char *copy = conform_memory_text(&transcript->memory, what, strlen(what));
    if (transcript->moments == NULL || copy == NULL) {
        return -1;
    }
    uint32_t number = transcript->count++;
    struct conform_moment *moment = &transcript->moments[slot_of(number)];
    *moment = (struct conform_moment){
        .way = way,
        .at_us = (uint32_t)(why__clock_us() - transcript->begin_us),
        .what = copy,
        .head = way == CONFORM_WIRE_NOTE ? NULL : keep_head(transcript, bytes),
        .len = len,
        .kept = (uint8_t)(bytes.len < CONFORM_BYTES_KEPT ? bytes.len : CONFORM_BYTES_KEPT),
        .mark = -1,
    };
    if (moment->kept > 0) {
        memcpy(moment->bytes, bytes.data, moment->kept);
    }
    conform_transcript_mark(transcript, (int32_t)number, mark);
    return (int32_t)number;
}

void conform_transcript_mark(struct conform_transcript *transcript, int32_t number, int mark) {
    if (number < 0 || !is_kept(transcript, (uint32_t)number)) {
        return;
    }
    struct conform_moment *moment = &transcript->moments[slot_of((uint32_t)number)];
    if (mark >= 0 && mark < moment->kept) {
        moment->mark = (int8_t)mark;
    }
}

/* Where a moment stands in the list that leaves out what was forgotten. */
static int32_t index_of(const struct conform_transcript *transcript, int32_t number) {
    if (number < 0 || !is_kept(transcript, (uint32_t)number)) {
        return -1;
    }
    if (number < CONFORM_MOMENTS_FIRST || transcript->count <= ROOM) {
        return number;
    }
    return CONFORM_MOMENTS_FIRST + 1 + CONFORM_MOMENTS_LAST -
           (int32_t)(transcript->count - (uint32_t)number);
}

const struct conform_moment *conform_transcript_end(struct conform_transcript *transcript,
                                                    struct conform_memory **memory, size_t *count,
                                                    int32_t *const *numbers, size_t number_count) {
    uint32_t total = transcript->count;
    uint32_t left_out = total > ROOM ? total - ROOM : 0;
    *count = total - left_out + (left_out > 0);
    for (size_t i = 0; i < number_count; i++) {
        *numbers[i] = index_of(transcript, *numbers[i]);
    }
    struct conform_moment *list =
        total == 0 ? NULL : conform_memory_take(memory, *count * sizeof *list);
    struct why_text gap = {0};
    why_text_append(&gap, "%" PRIu32 " more, which are left out here", left_out);
    size_t at = 0;
    for (uint32_t number = 0; list != NULL && number < total; number++) {
        if (is_kept(transcript, number)) {
            list[at++] = transcript->moments[slot_of(number)];
        } else if (at == CONFORM_MOMENTS_FIRST) {
            list[at] = (struct conform_moment){.way = CONFORM_WIRE_NOTE, .mark = -1};
            const char *text =
                conform_memory_text(memory, gap.data == NULL ? "" : gap.data, gap.len);
            list[at].at_us = list[at - 1].at_us;
            list[at++].what = text == NULL ? "" : text;
        }
    }
    why_text_clear(&gap);
    *count = at;
    conform_memory_join(memory, transcript->memory);
    *transcript = (struct conform_transcript){0};
    return list;
}

void conform_transcript_clear(struct conform_transcript *transcript) {
    conform_memory_free(transcript->memory);
    *transcript = (struct conform_transcript){0};
}

/* ---- In words ---- */

static bool is_printable(struct why_bytes bytes) {
    for (size_t i = 0; i < bytes.len; i++) {
        if (bytes.data[i] < 0x20 || bytes.data[i] == 0x7f) {
            return false;
        }
    }
    /* A character that the cut went through is no reason to show hex. */
    struct why__utf8 utf8 = {0};
    return bytes.len > 0 && why__utf8_check(&utf8, bytes.data, bytes.len) == bytes.len;
}

void conform_bytes_describe(struct why_text *text, struct why_bytes bytes, uint64_t len) {
    bool is_cut = len > bytes.len || bytes.len > SHOWN_MAX;
    bytes.len = bytes.len < SHOWN_MAX ? bytes.len : SHOWN_MAX;
    if (is_printable(bytes)) {
        why_text_append(text, "\"");
        why_text_append_untrusted(text, bytes.data, bytes.len);
        why_text_append(text, "\"");
    } else {
        for (size_t i = 0; i < bytes.len; i++) {
            why_text_append(text, i == 0 ? "%02x" : " %02x", bytes.data[i]);
        }
    }
    why_text_append(text, "%s", is_cut ? " ..." : "");
}

static const char *opcode_name(uint8_t opcode) {
    static const char *const names[16] = {
        [WHY_OPCODE_CONTINUATION] = "Continuation",
        [WHY_OPCODE_TEXT] = "Text",
        [WHY_OPCODE_BINARY] = "Binary",
        [WHY_OPCODE_CLOSE] = "Close",
        [WHY_OPCODE_PING] = "Ping",
        [WHY_OPCODE_PONG] = "Pong",
    };
    return names[opcode];
}

void conform_frame_describe(struct why_text *text, const uint8_t first_two[2], uint64_t len,
                            struct why_bytes shown) {
    uint8_t first = first_two[0];
    uint8_t opcode = first & 0x0f;
    if (opcode_name(opcode) != NULL) {
        why_text_append(text, "%s", opcode_name(opcode));
    } else {
        why_text_append(text, "opcode %u", opcode);
    }
    why_text_append(text, "%s%s%s%s", (first & 0x80) != 0 ? ", FIN" : ", no FIN",
                    (first & 0x40) != 0 ? ", RSV1" : "", (first & 0x20) != 0 ? ", RSV2" : "",
                    (first & 0x10) != 0 ? ", RSV3" : "");
    if (opcode == WHY_OPCODE_CLOSE && shown.len >= 2) {
        why_text_append(text, ", %u", shown.data[0] << 8 | shown.data[1]);
        shown.data += 2;
        shown.len -= 2;
        len -= 2;
    }
    if (opcode != WHY_OPCODE_CLOSE || len > 0) {
        why_text_append(text, ", %" PRIu64 " byte%s", len, len == 1 ? "" : "s");
    }
    if (shown.len > 0 && (first & 0x40) == 0) {
        why_text_append(text, ": ");
        conform_bytes_describe(text, shown, len);
    }
}
