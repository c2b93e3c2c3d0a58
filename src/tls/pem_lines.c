/* SPDX-License-Identifier: MIT
 *
 * Where PEM text breaks off or holds what it cannot: by line, as an editor counts them.
 */
#include "tls/engine.h"

#include <stdio.h>
#include <string.h>

#define BEGIN "-----BEGIN "
#define END "-----END "

struct line {
    const char *text;
    size_t len;
    unsigned number; /* from 1 */
};

static bool begins(const struct line *line, const char *with) {
    size_t len = strlen(with);
    return line->len >= len && memcmp(line->text, with, len) == 0;
}

/* The next one, without its end; false where there is none. */
static bool next_line(struct line *line, const char *end) {
    const char *at = line->text + line->len;
    while (line->number > 0 && at < end && *at != '\n') {
        at++;
    }
    if (line->number > 0 && at < end) {
        at++; /* the newline */
    }
    if (at >= end) {
        return false;
    }
    const char *newline = memchr(at, '\n', (size_t)(end - at));
    size_t len = (size_t)((newline == NULL ? end : newline) - at);
    while (len > 0 && (at[len - 1] == '\r' || at[len - 1] == ' ' || at[len - 1] == '\t')) {
        len--;
    }
    *line = (struct line){at, len, line->number + 1};
    return true;
}

static bool is_base64(const struct line *line) {
    for (size_t i = 0; i < line->len; i++) {
        char c = line->text[i];
        bool is_letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        if (!is_letter && !(c >= '0' && c <= '9') && c != '+' && c != '/' && c != '=') {
            return false;
        }
    }
    return true;
}

/* A header of old encrypted keys: "DEK-Info: AES-256-CBC,...". */
static bool is_header(const struct line *line) {
    return memchr(line->text, ':', line->len) != NULL;
}

bool why__tls_pem_fault(const char *data, size_t len, char *out, size_t size) {
    struct line line = {.text = data};
    unsigned begun = 0; /* the line of the block that is open; 0: none */
    while (next_line(&line, data + len)) {
        bool begin = begins(&line, BEGIN), end = begins(&line, END);
        if (begin && begun > 0) {
            (void)snprintf(out, size, "line %u: a block begins, and that of line %u has no end",
                           line.number, begun);
            return true;
        }
        if (end && begun == 0) {
            (void)snprintf(out, size, "line %u: a block ends that did not begin", line.number);
            return true;
        }
        if (begun > 0 && !begin && !end && !is_base64(&line) && !is_header(&line)) {
            (void)snprintf(out, size, "line %u: is no base64", line.number);
            return true;
        }
        begun = begin ? line.number : end ? 0 : begun;
    }
    if (begun > 0) {
        (void)snprintf(out, size,
                       "the file ends in line %u, before the end of the block that begins in line "
                       "%u: it was cut off",
                       line.number, begun);
    }
    return begun > 0;
}
