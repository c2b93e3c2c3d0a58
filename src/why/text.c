/* SPDX-License-Identifier: MIT
 *
 * Text that grows, and the two ways in which bytes of others get into it without doing harm.
 */
#include "base/utf8.h"
#include "whysocket/explain.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void why_text_clear(struct why_text *text) {
    free(text->data);
    *text = (struct why_text){0};
}

/* Room for `more` bytes and the terminator. Sticky: after a failure nothing is appended, so that
 * no text has a hole in its middle. */
static bool reserve(struct why_text *text, size_t more) {
    if (text->failed) {
        return false;
    }
    if (text->data != NULL && more < text->size - text->len) {
        return true;
    }
    size_t size = text->size < 128 ? 128 : text->size;
    while (size - text->len <= more) {
        if (size > SIZE_MAX / 2) {
            text->failed = true;
            return false;
        }
        size *= 2;
    }
    char *data = realloc(text->data, size);
    if (data == NULL) {
        text->failed = true;
        return false;
    }
    text->data = data;
    text->size = size;
    return true;
}

static void append_bytes(struct why_text *text, const void *data, size_t len) {
    if (reserve(text, len)) {
        memcpy(text->data + text->len, data, len);
        text->len += len;
        text->data[text->len] = '\0';
    }
}

void why_text_append(struct why_text *text, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    va_list again;
    va_copy(again, arguments);
    int len = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (len < 0) {
        text->failed = true;
    } else if (reserve(text, (size_t)len)) {
        vsnprintf(text->data + text->len, (size_t)len + 1, format, again);
        text->len += (size_t)len;
    }
    va_end(again);
}

/* The first character of `data`: its length, 0 if it is no UTF-8. */
static size_t decode(const uint8_t *data, size_t len, uint32_t *character) {
    uint8_t lead = data[0];
    size_t need = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    if (need > len || !why__utf8_is_valid(data, need)) {
        return 0;
    }
    static const uint8_t lead_bits[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    uint32_t value = lead & lead_bits[need];
    for (size_t i = 1; i < need; i++) {
        value = value << 6 | (data[i] & 0x3f);
    }
    *character = value;
    return need;
}

/* Characters that make a terminal or a reader see something else than what is there: controls,
 * marks of direction, separators of lines, and what has no glyph at all. */
static bool is_deceptive(uint32_t character) {
    static const struct {
        uint32_t first, last;
    } ranges[] = {
        {0x00, 0x1f},     {0x7f, 0x9f},     {0xad, 0xad},       {0x61c, 0x61c},   {0x180e, 0x180e},
        {0x200b, 0x200f}, {0x2028, 0x202e}, {0x2060, 0x206f},   {0xfeff, 0xfeff}, {0xfff9, 0xfffb},
        {0xfdd0, 0xfdef}, {0xfffe, 0xffff}, {0xe0000, 0xe0fff},
    };
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
        if (character >= ranges[i].first && character <= ranges[i].last) {
            return true;
        }
    }
    return false;
}

void why_text_append_untrusted(struct why_text *text, const void *data, size_t len) {
    const uint8_t *bytes = data;
    for (size_t at = 0; at < len;) {
        uint32_t character = 0;
        size_t used = decode(bytes + at, len - at, &character);
        if (used == 0 || (used == 1 && is_deceptive(character))) {
            why_text_append(text, "\\x%02x", bytes[at]);
            used = 1;
        } else if (is_deceptive(character)) {
            why_text_append(text, "\\u{%x}", (unsigned)character);
        } else {
            append_bytes(text, bytes + at, used);
        }
        at += used;
    }
}

static void append_json_escape(struct why_text *text, uint32_t character) {
    if (character >= 0x10000) {
        uint32_t rest = character - 0x10000;
        why_text_append(text, "\\u%04x\\u%04x", (unsigned)(0xd800 + (rest >> 10)),
                        (unsigned)(0xdc00 + (rest & 0x3ff)));
    } else {
        why_text_append(text, "\\u%04x", (unsigned)character);
    }
}

void why_text_append_json(struct why_text *text, const void *data, size_t len) {
    const uint8_t *bytes = data;
    append_bytes(text, "\"", 1);
    for (size_t at = 0; at < len;) {
        uint32_t character = 0;
        size_t used = decode(bytes + at, len - at, &character);
        if (used == 0) {
            append_bytes(text, "\xef\xbf\xbd", 3);
            used = 1;
        } else if (character == '"' || character == '\\') {
            why_text_append(text, "\\%c", (char)character);
        } else if (character == '\n' || character == '\t' || character == '\r') {
            why_text_append(text, character == '\n' ? "\\n" : character == '\t' ? "\\t" : "\\r");
        } else if (is_deceptive(character)) {
            /* JSON goes to terminals too. */
            append_json_escape(text, character);
        } else {
            append_bytes(text, bytes + at, used);
        }
        at += used;
    }
    append_bytes(text, "\"", 1);
}
