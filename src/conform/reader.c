/* SPDX-License-Identifier: MIT */
#include "conform/reader.h"

#include "whysocket/close_code.h"

#include <string.h>

enum {
    PIECE = 16 * 1024,      /* unmasked, and inflated, at a time */
    CONTENT_MAX = 96 << 20, /* a message: the largest case is of 16 MiB */
    SAME_KEYS_MAX = 3,      /* in a row, by chance: once in 2^64 connections */
    CODES_END = 5000,       /* section 7.4.2 has no range from here on, and no word for it */
    RSV1 = 0x40,
    RSV = 0x70,
    FIN = 0x80,
};

bool conform_reader_init(struct conform_reader *reader, bool from_client, bool is_lenient,
                         const struct why_options *options,
                         const struct why_deflate_params *deflate) {
    *reader = (struct conform_reader){
        .options = options, .from_client = from_client, .is_lenient = is_lenient};
    reader->seen.mark = -1;
    if (deflate->enabled) {
        reader->inflater =
            why__deflate_new(options, from_client ? WHY_ROLE_SERVER : WHY_ROLE_CLIENT, deflate);
        return reader->inflater != NULL;
    }
    return true;
}

void conform_reader_clear(struct conform_reader *reader) {
    why__deflate_free(reader->inflater);
    conform_buffer_free(&reader->message.content);
    reader->inflater = NULL;
}

bool conform_reader_is_between(const struct conform_reader *reader) {
    const struct conform_seen *seen = &reader->seen;
    return !reader->in_frame && (seen->header_len == 0 || seen->kind != CONFORM_SEEN_NOTHING);
}

static enum conform_seen_kind fault(struct conform_reader *reader, int mark, const char *text) {
    struct conform_seen *seen = &reader->seen;
    reader->is_over = true;
    seen->kind = CONFORM_SEEN_FAULT;
    seen->fault = text;
    seen->mark = (int8_t)(mark >= 0 && mark < seen->kept ? mark : -1);
    return CONFORM_SEEN_FAULT;
}

static enum conform_seen_kind no_memory(struct conform_reader *reader) {
    reader->is_over = true;
    return CONFORM_SEEN_NOMEM;
}

static uint8_t opcode_of(const struct conform_seen *seen) {
    return seen->header[0] & 0x0f;
}

static bool is_control(const struct conform_seen *seen) {
    return (seen->header[0] & 0x08) != 0;
}

/* ---- Headers ---- */

static const char *first_byte_fault(const struct conform_reader *reader) {
    const struct conform_seen *seen = &reader->seen;
    uint8_t opcode = opcode_of(seen);
    uint8_t rsv = seen->header[0] & RSV;
    bool begins = opcode == WHY_OPCODE_TEXT || opcode == WHY_OPCODE_BINARY;
    if (rsv == RSV1 && !begins && reader->inflater != NULL) {
        return "RSV1 on a frame that does not begin a message (RFC 7692 section 6)";
    }
    if (rsv != 0 && (rsv != RSV1 || reader->inflater == NULL)) {
        return "a reserved bit is set, and no extension gives it a meaning (section 5.2)";
    }
    if ((opcode > WHY_OPCODE_BINARY && opcode < WHY_OPCODE_CLOSE) || opcode > WHY_OPCODE_PONG) {
        return "a reserved opcode (section 5.2)";
    }
    if (is_control(seen)) {
        return (seen->header[0] & FIN) == 0 ? "a control frame that is fragmented (section 5.5)"
                                            : NULL;
    }
    if (begins && reader->in_message) {
        return "a new message inside one that is fragmented (section 5.4)";
    }
    return !begins && !reader->in_message ? "a continuation of nothing (section 5.4)" : NULL;
}

static const char *second_byte_fault(const struct conform_reader *reader) {
    const struct conform_seen *seen = &reader->seen;
    bool masked = (seen->header[1] & 0x80) != 0;
    if (masked != reader->from_client) {
        return masked ? "a server's frame is masked (section 5.1)"
                      : "a client's frame is not masked (section 5.1)";
    }
    return is_control(seen) && (seen->header[1] & 0x7f) > WHY__CONTROL_MAX
               ? "a control frame of more than 125 bytes (section 5.5)"
               : NULL;
}

static uint64_t read_length(const struct conform_seen *seen, size_t size) {
    uint64_t len = 0;
    for (size_t i = 0; i < size; i++) {
        len = (len << 8) | seen->header[2 + i];
    }
    return size == 0 ? seen->header[1] & 0x7f : len;
}

static size_t length_size(const struct conform_seen *seen) {
    uint8_t form = seen->header[1] & 0x7f;
    return form == 126 ? 2 : form == 127 ? 8 : 0;
}

static const char *length_fault(const struct conform_seen *seen, size_t size) {
    if (size == 8 && (seen->header[2] & 0x80) != 0) {
        return "a length with its highest bit set (section 5.2)";
    }
    uint64_t len = read_length(seen, size);
    return (size == 2 && len < 126) || (size == 8 && len < UINT64_C(1) << 16)
               ? "a length in more bytes than it needs (section 5.2)"
               : NULL;
}

/* Take one more byte of the header. */
static void take_header_byte(struct conform_seen *seen, struct why_bytes *input) {
    seen->bytes[seen->kept++] = *input->data;
    seen->header[seen->header_len++] = *input->data;
    input->data++;
    input->len--;
}

static const char *key_fault(struct conform_reader *reader, const uint8_t *key) {
    bool is_same = memcmp(key, reader->key, 4) == 0;
    if (!reader->has_first_key) {
        reader->has_first_key = true;
        memcpy(reader->first_key, key, 4);
    }
    memcpy(reader->key, key, 4);
    reader->same_keys = is_same ? reader->same_keys + 1 : 1;
    return reader->same_keys > SAME_KEYS_MAX
               ? "the same masking key again and again: it has to be unpredictable (section 5.3)"
               : NULL;
}

/* Whether the header is whole; what is wrong with it is told at the byte that is. */
static bool read_header(struct conform_reader *reader, struct why_bytes *input, const char **wrong,
                        int *mark) {
    struct conform_seen *seen = &reader->seen;
    while (input->len > 0 && *wrong == NULL) {
        take_header_byte(seen, input);
        size_t have = seen->header_len;
        *mark = (int)have - 1;
        if (have == 1) {
            *wrong = first_byte_fault(reader);
            continue;
        }
        if (have == 2) {
            *wrong = second_byte_fault(reader);
        }
        size_t size = length_size(seen);
        bool is_masked = (seen->header[1] & 0x80) != 0;
        size_t need = 2 + size + (is_masked ? 4 : 0);
        if (*wrong == NULL && size > 0 && have == 2 + size) {
            *wrong = length_fault(seen, size);
            *mark = 2;
        }
        if (have == need) {
            seen->len = read_length(seen, size);
            if (*wrong == NULL && is_masked && seen->len > 0) {
                *wrong = key_fault(reader, seen->header + need - 4);
                *mark = (int)need - 4;
            }
            return true;
        }
    }
    return false;
}

/* ---- Messages ---- */

static void begin_message(struct conform_reader *reader) {
    struct conform_message *message = &reader->message;
    conform_buffer_free(&message->content);
    *message = (struct conform_message){
        .opcode = opcode_of(&reader->seen),
        .compressed = (reader->seen.header[0] & RSV1) != 0 && reader->inflater != NULL,
    };
    reader->utf8 = (struct why__utf8){0};
    reader->in_message = true;
}

/* A header is whole: what becomes of its payload. */
static void begin_payload(struct conform_reader *reader) {
    struct conform_seen *seen = &reader->seen;
    uint8_t opcode = opcode_of(seen);
    reader->in_frame = true;
    reader->left = seen->len;
    reader->is_dropped = false;
    if (opcode == WHY_OPCODE_TEXT || opcode == WHY_OPCODE_BINARY) {
        begin_message(reader);
    } else if (is_control(seen)) {
        reader->is_dropped = opcode > WHY_OPCODE_PONG || seen->len > WHY__CONTROL_MAX;
    } else {
        reader->is_dropped = opcode != WHY_OPCODE_CONTINUATION || !reader->in_message;
    }
    if (!is_control(seen) && !reader->is_dropped) {
        reader->message.frame_count++;
        reader->message.wire_len += seen->header_len + seen->len;
    }
}

/* What was added to a text has to be UTF-8 so far; in a frame that is not compressed the byte can
 * be pointed at. */
static enum conform_seen_kind check_text(struct conform_reader *reader, size_t before,
                                         uint64_t frame_at) {
    struct conform_message *message = &reader->message;
    if (message->opcode != WHY_OPCODE_TEXT || reader->is_lenient) {
        return CONFORM_SEEN_NOTHING;
    }
    size_t len = message->content.len - before;
    if (len == 0) {
        return CONFORM_SEEN_NOTHING;
    }
    size_t right = why__utf8_check(&reader->utf8, message->content.data + before, len);
    if (right == len) {
        return CONFORM_SEEN_NOTHING;
    }
    uint64_t at = reader->seen.header_len + frame_at + right;
    return fault(reader, message->compressed || at >= CONFORM_BYTES_KEPT ? -1 : (int)at,
                 "a text that is not UTF-8 (section 8.1)");
}

static enum conform_seen_kind inflate_piece(struct conform_reader *reader, struct why_bytes piece,
                                            bool is_end) {
    struct conform_buffer *content = &reader->message.content;
    for (;;) {
        uint8_t *room = conform_buffer_grow(content, PIECE);
        if (room == NULL) {
            return no_memory(reader);
        }
        size_t len = 0;
        struct why_span out = {room, PIECE};
        enum why__inflate_result result = is_end
                                              ? why__inflate_finish(reader->inflater, out, &len)
                                              : why__inflate(reader->inflater, &piece, out, &len);
        content->len -= PIECE - len;
        if (result == WHY__INFLATE_NOMEM) {
            return no_memory(reader);
        }
        if (result == WHY__INFLATE_CORRUPT) {
            return fault(reader, -1,
                         "compressed data that cannot be inflated: damaged, or it refers to what "
                         "the agreed window no longer holds (RFC 7692 section 7.2)");
        }
        if (content->len > CONTENT_MAX) {
            return fault(reader, -1, "a message of more than 96 MiB");
        }
        if (len < PIECE && piece.len == 0) {
            return CONFORM_SEEN_NOTHING;
        }
    }
}

static enum conform_seen_kind add_content(struct conform_reader *reader, const uint8_t *data,
                                          size_t len, uint64_t frame_at) {
    struct conform_message *message = &reader->message;
    size_t before = message->content.len;
    if (message->compressed) {
        enum conform_seen_kind kind = inflate_piece(reader, (struct why_bytes){data, len}, false);
        if (kind != CONFORM_SEEN_NOTHING) {
            return kind;
        }
    } else if (!conform_buffer_add(&message->content, data, len)) {
        return no_memory(reader);
    }
    return check_text(reader, before, frame_at);
}

/* Take a piece of the payload. */
static enum conform_seen_kind read_payload(struct conform_reader *reader, struct why_bytes *input) {
    struct conform_seen *seen = &reader->seen;
    uint8_t piece[PIECE];
    size_t len = input->len < sizeof piece ? input->len : sizeof piece;
    len = reader->left < len ? (size_t)reader->left : len;
    uint64_t at = seen->len - reader->left;
    size_t keep = sizeof seen->bytes - seen->kept;
    keep = len < keep ? len : keep;
    if (keep > 0) {
        memcpy(seen->bytes + seen->kept, input->data, keep);
        seen->kept = (uint8_t)(seen->kept + keep);
    }
    if ((seen->header[1] & 0x80) != 0) {
        why__mask_copy(piece, input->data, len, seen->header + seen->header_len - 4,
                       (unsigned)(at & 3));
    } else {
        memcpy(piece, input->data, len);
    }
    input->data += len;
    input->len -= len;
    reader->left -= len;
    size_t show = sizeof seen->shown - seen->shown_len;
    show = len < show ? len : show;
    if (show > 0) {
        memcpy(seen->shown + seen->shown_len, piece, show);
        seen->shown_len = (uint8_t)(seen->shown_len + show);
    }
    if (reader->is_dropped) {
        return CONFORM_SEEN_NOTHING;
    }
    if (is_control(seen)) {
        memcpy(seen->control + at, piece, len);
        return CONFORM_SEEN_NOTHING;
    }
    return add_content(reader, piece, len, at);
}

/* ---- Ends of frames ---- */

static enum conform_seen_kind end_close(struct conform_reader *reader) {
    struct conform_seen *seen = &reader->seen;
    reader->was_closed = true;
    if (reader->is_lenient || seen->len == 0) {
        return CONFORM_SEEN_CONTROL;
    }
    if (seen->len == 1) {
        return fault(reader, seen->header_len, "a Close frame of one byte (section 5.5.1)");
    }
    uint16_t code = (uint16_t)(seen->control[0] << 8 | seen->control[1]);
    if (code >= CODES_END) {
        seen->is_lesser = true;
        return fault(reader, seen->header_len,
                     "a Close frame with a code beyond all ranges (section 7.4.2)");
    }
    if (!why_close_code_is_sendable(code)) {
        return fault(reader, seen->header_len,
                     "a Close frame with a code that may not be sent (section 7.4)");
    }
    struct why__utf8 utf8 = {0};
    size_t len = (size_t)seen->len - 2;
    size_t right = why__utf8_check(&utf8, seen->control + 2, len);
    if (right < len || !why__utf8_is_complete(&utf8)) {
        return fault(reader, seen->header_len + 2 + (int)right,
                     "a Close frame whose reason is not UTF-8 (section 5.5.1)");
    }
    return CONFORM_SEEN_CONTROL;
}

static enum conform_seen_kind end_message(struct conform_reader *reader) {
    reader->in_message = false;
    size_t before = reader->message.content.len;
    if (reader->message.compressed) {
        enum conform_seen_kind kind = inflate_piece(reader, (struct why_bytes){0}, true);
        kind = kind == CONFORM_SEEN_NOTHING ? check_text(reader, before, 0) : kind;
        if (kind != CONFORM_SEEN_NOTHING) {
            return kind;
        }
    }
    if (reader->message.opcode == WHY_OPCODE_TEXT && !reader->is_lenient &&
        !why__utf8_is_complete(&reader->utf8)) {
        return fault(reader, -1, "a text that ends inside a character (section 8.1)");
    }
    reader->is_finished_with = true;
    return CONFORM_SEEN_MESSAGE;
}

static enum conform_seen_kind end_frame(struct conform_reader *reader) {
    const struct conform_seen *seen = &reader->seen;
    reader->in_frame = false;
    if (reader->is_dropped) {
        return CONFORM_SEEN_FRAME;
    }
    if (is_control(seen)) {
        return opcode_of(seen) == WHY_OPCODE_CLOSE ? end_close(reader) : CONFORM_SEEN_CONTROL;
    }
    return (seen->header[0] & FIN) == 0 ? CONFORM_SEEN_FRAME : end_message(reader);
}

static void begin_frame(struct conform_reader *reader) {
    reader->seen = (struct conform_seen){.mark = -1};
    if (reader->is_finished_with) {
        conform_buffer_free(&reader->message.content);
        reader->is_finished_with = false;
    }
}

/* Read on in a header. FRAME: it is whole. */
static enum conform_seen_kind take_header(struct conform_reader *reader, struct why_bytes *input) {
    if (reader->was_closed && input->len > 0 && !reader->is_lenient) {
        take_header_byte(&reader->seen, input);
        return fault(reader, 0, "bytes after the Close frame (section 5.5.1)");
    }
    bool is_whole = false;
    do {
        const char *wrong = NULL;
        int mark = -1;
        is_whole = read_header(reader, input, &wrong, &mark);
        if (wrong != NULL && !reader->is_lenient) {
            return fault(reader, mark, wrong);
        }
    } while (!is_whole && input->len > 0); /* lenient: it reads on over what is wrong */
    return is_whole ? CONFORM_SEEN_FRAME : CONFORM_SEEN_NOTHING;
}

/* One step: NOTHING where it needs more, or there is more to do. */
static enum conform_seen_kind take_frame(struct conform_reader *reader, struct why_bytes *input) {
    if (!reader->in_frame) {
        enum conform_seen_kind kind = take_header(reader, input);
        if (kind != CONFORM_SEEN_FRAME) {
            return kind;
        }
        begin_payload(reader);
    }
    while (reader->left > 0 && input->len > 0) {
        enum conform_seen_kind kind = read_payload(reader, input);
        if (kind != CONFORM_SEEN_NOTHING) {
            return kind;
        }
    }
    return reader->left > 0 ? CONFORM_SEEN_NOTHING : end_frame(reader);
}

enum conform_seen_kind conform_reader_next(struct conform_reader *reader, struct why_bytes *input) {
    struct conform_seen *seen = &reader->seen;
    if (reader->is_over) {
        input->data += input->len;
        input->len = 0;
        return CONFORM_SEEN_NOTHING;
    }
    if (!reader->in_frame && seen->kind != CONFORM_SEEN_NOTHING) {
        begin_frame(reader);
    }
    enum conform_seen_kind kind = take_frame(reader, input);
    seen->kind = kind;
    return kind;
}
