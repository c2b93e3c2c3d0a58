/* SPDX-License-Identifier: MIT
 *
 * A terminal acts on control characters, so nothing that a peer chose gets there as it is. Into a
 * pipe or a file texts go unchanged: whoever reads there reads data.
 */
#include "cmd/connect_show.h"

#include "why/i18n.h"
#include "why/json.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    DUMP_LEN_MAX = 4096, /* bytes of a binary message that are shown to a person */
    DUMP_COLUMNS = 16,
};

/* To the terminal, above the line that is edited, or to stdout. */
static void emit(struct connect *connect, struct why_text *text) {
    if (text->failed) {
        connect->own_code = EXIT_CODE_INTERNAL;
    } else if (connect->terminal != NULL) {
        terminal_print(connect->terminal, text);
    } else {
        sink_write(&connect->sink, text->data, text->len);
    }
    why_text_clear(text);
}

static void append_styled(const struct connect *connect, struct why_text *text, enum style style,
                          const char *content) {
    const struct output *output = &connect->call->output;
    why_text_append(text, "%s%s%s", output_style(output, style), content,
                    output_style(output, STYLE_PLAIN));
}

void connect_note(struct connect *connect, enum style style, const char *format, ...) {
    char *line = NULL;
    va_list arguments;
    va_start(arguments, format);
    int len = vasprintf(&line, format, arguments);
    va_end(arguments);
    if (len < 0) {
        return;
    }
    if (connect->terminal == NULL) {
        output_diagnostic(&connect->call->output, "%s", line);
    } else {
        struct why_text text = {0};
        append_styled(connect, &text, style, line);
        why_text_append(&text, "\n");
        emit(connect, &text);
    }
    free(line);
}

/* ---- For people ---- */

/* A line feed begins a line here, too, indented so that it cannot look like another message. */
static void append_text(struct why_text *text, struct why_bytes data) {
    const uint8_t *at = data.data;
    size_t left = data.len;
    while (left > 0) {
        const uint8_t *feed = memchr(at, '\n', left);
        size_t len = feed == NULL ? left : (size_t)(feed - at);
        why_text_append_untrusted(text, at, len);
        at += len;
        left -= len;
        if (feed != NULL) {
            why_text_append(text, "\n  ");
            at++;
            left--;
        }
    }
}

static void append_dump_row(struct why_text *text, const uint8_t *data, size_t len, size_t offset) {
    why_text_append(text, "  %08zx ", offset);
    for (size_t i = 0; i < DUMP_COLUMNS; i++) {
        if (i < len) {
            why_text_append(text, " %02x", data[i]);
        } else {
            why_text_append(text, "   ");
        }
    }
    why_text_append(text, "  |");
    for (size_t i = 0; i < len; i++) {
        why_text_append(text, "%c", data[i] >= 0x20 && data[i] < 0x7f ? data[i] : '.');
    }
    why_text_append(text, "|\n");
}

static void append_dump(const struct connect *connect, struct why_text *text,
                        struct why_bytes data) {
    enum why_lang lang = connect->call->output.lang;
    why_text_append(text, tr(lang, "binary, %zu bytes"), data.len);
    why_text_append(text, "\n");
    size_t shown = data.len < DUMP_LEN_MAX ? data.len : DUMP_LEN_MAX;
    for (size_t at = 0; at < shown; at += DUMP_COLUMNS) {
        size_t len = shown - at < DUMP_COLUMNS ? shown - at : DUMP_COLUMNS;
        append_dump_row(text, data.data + at, len, at);
    }
    if (shown < data.len) {
        why_text_append(text, "  ");
        why_text_append(text, tr(lang, "and %zu bytes more"), data.len - shown);
        why_text_append(text, "\n");
    }
}

static void show_to_person(struct connect *connect, const struct why_event *event) {
    struct why_text text = {0};
    append_styled(connect, &text, STYLE_FAINT, "<");
    why_text_append(&text, " ");
    if (event->opcode == WHY_OPCODE_TEXT) {
        append_text(&text, event->data);
        why_text_append(&text, "\n");
    } else {
        append_dump(connect, &text, event->data);
    }
    emit(connect, &text);
}

/* ---- For pipes ---- */

static void append_hex(struct why_text *text, struct why_bytes data) {
    static const char digits[] = "0123456789abcdef";
    char piece[512];
    size_t len = 0;
    for (size_t i = 0; i < data.len; i++) {
        piece[len++] = digits[data.data[i] >> 4];
        piece[len++] = digits[data.data[i] & 15];
        if (len == sizeof piece || i + 1 == data.len) {
            why_text_append(text, "%.*s", (int)len, piece);
            len = 0;
        }
    }
}

static void show_in_pipe(struct connect *connect, const struct why_event *event) {
    bool is_text = event->opcode == WHY_OPCODE_TEXT;
    struct why_text text = {0};
    if (connect->shows_safely && is_text) {
        append_text(&text, event->data);
    } else if (!connect->shows_safely && connect->asked->binary) {
        sink_write(&connect->sink, event->data.data, event->data.len);
        return;
    } else if (is_text) {
        sink_write(&connect->sink, event->data.data, event->data.len);
    } else {
        append_hex(&text, event->data);
    }
    why_text_append(&text, "\n");
    emit(connect, &text);
}

/* ---- As JSON ---- */

struct json_line {
    struct why_text text;
    struct why__json json;
};

static void begin_line(struct json_line *line, const char *event) {
    *line = (struct json_line){.text = {0}};
    line->json.text = &line->text;
    why__json_open(&line->json, NULL, '{');
    why__json_string(&line->json, "event", event);
}

static void end_line(struct connect *connect, struct json_line *line) {
    why__json_close(&line->json, '}');
    why_text_append(&line->text, "\n");
    emit(connect, &line->text);
}

static void add_header(struct why__json *json, const char *key, struct why_bytes value) {
    if (value.len == 0) {
        why__json_null(json, key);
    } else {
        why__json_bytes(json, key, value.data, value.len);
    }
}

static void show_message_json(struct connect *connect, const struct why_event *event) {
    struct json_line line;
    begin_line(&line, "message");
    bool is_text = event->opcode == WHY_OPCODE_TEXT;
    why__json_string(&line.json, "type", is_text ? "text" : "binary");
    if (is_text) {
        why__json_bytes(&line.json, "text", event->data.data, event->data.len);
    } else {
        why__json_hex(&line.json, "hex", event->data.data, event->data.len);
    }
    end_line(connect, &line);
}

/* ---- Events ---- */

void show_message(struct connect *connect, const struct why_event *event) {
    if (connect->call->json) {
        show_message_json(connect, event);
    } else if (connect->terminal != NULL) {
        show_to_person(connect, event);
    } else {
        show_in_pipe(connect, event);
    }
}

void show_open(struct connect *connect, const struct why_http_head *head) {
    struct why_record record;
    why_record_init(&record);
    why_session_report(connect->session, &record);
    struct why_bytes subprotocol = why_http_head_find(head, "Sec-WebSocket-Protocol");
    struct why_bytes extensions = why_http_head_find(head, "Sec-WebSocket-Extensions");
    if (connect->call->json) {
        struct json_line line;
        begin_line(&line, "open");
        why__json_string(&line.json, "peer", record.peer);
        add_header(&line.json, "subprotocol", subprotocol);
        add_header(&line.json, "extensions", extensions);
        end_line(connect, &line);
    } else if (connect->terminal != NULL) {
        enum why_lang lang = connect->call->output.lang;
        struct why_text extra = {0};
        if (subprotocol.len > 0) {
            why_text_append(&extra, "%s", tr(lang, ", subprotocol "));
            why_text_append_untrusted(&extra, subprotocol.data, subprotocol.len);
        }
        connect_note(connect, STYLE_FAINT,
                     tr(lang, "connected to %s%s; /help says what can be typed"), record.peer,
                     extra.data == NULL ? "" : extra.data);
        why_text_clear(&extra);
    }
}

void show_control(struct connect *connect, const struct why_event *event, uint64_t rtt_us) {
    bool is_ping = event->type == WHY_EVENT_PING;
    if (connect->call->json) {
        struct json_line line;
        begin_line(&line, is_ping ? "ping" : "pong");
        why__json_hex(&line.json, "hex", event->data.data, event->data.len);
        end_line(connect, &line);
    } else if (rtt_us > 0) {
        struct why_text payload = {0};
        why_text_append_untrusted(&payload, event->data.data, event->data.len);
        double ms = (double)rtt_us / 1000;
        connect_note(connect, STYLE_FAINT, tr(connect->call->output.lang, "pong after %.1f ms %s"),
                     ms, payload.data == NULL ? "" : payload.data);
        why_text_clear(&payload);
    }
}

void show_reconnect(struct connect *connect, const struct why_record *record, uint32_t pause_ms) {
    if (connect->call->json) {
        struct json_line line;
        begin_line(&line, "reconnect");
        why__json_unsigned(&line.json, "attempt", connect->attempts);
        why__json_unsigned(&line.json, "pause_ms", pause_ms);
        why__json_string(&line.json, "cause", why_cause_id(record->cause));
        end_line(connect, &line);
    } else {
        double pause_s = (double)pause_ms / 1000;
        connect_note(connect, STYLE_WARNING,
                     tr(connect->call->output.lang, "connecting again in %.1f s (attempt %u)"),
                     pause_s, connect->attempts);
    }
}

void show_close(struct connect *connect, const struct why_record *record) {
    enum why_lang lang = connect->call->output.lang;
    if (connect->call->json) {
        struct why_text rendered = {0};
        why_record_write_json(record, lang, &rendered);
        struct json_line line;
        begin_line(&line, "close");
        why_text_append(&line.text, ",\"record\":%s",
                        rendered.data == NULL ? "null" : rendered.data);
        end_line(connect, &line);
        why_text_clear(&rendered);
        return;
    }
    struct why_text text = {0};
    why_record_write_line(record, lang, &text);
    const char *shown = text.data == NULL ? "" : text.data;
    if (connect->asked->reconnect && connect->terminal != NULL) {
        connect_note(connect, STYLE_WARNING, "%s", shown); /* a line may still be edited */
    } else {
        output_diagnostic(&connect->call->output, "%s", shown);
    }
    why_text_clear(&text);
}
