/* SPDX-License-Identifier: MIT */
#include "core/redact.h"

#include "base/ascii.h"

#include <string.h>

static const char *const secret_headers[] = {"Authorization", "Proxy-Authorization", "Cookie",
                                             "Set-Cookie"};

static void hide(char *text, size_t len) {
    if (len > 0) {
        memset(text, '*', len);
    }
}

static bool is_line_end(char c) {
    return c == '\r' || c == '\n';
}

static bool is_blank(char c) {
    return c == ' ' || c == '\t';
}

static bool is_secret_header(const char *name, size_t len) {
    for (size_t i = 0; i < sizeof secret_headers / sizeof secret_headers[0]; i++) {
        if (why__text_is_nocase(name, len, secret_headers[i])) {
            return true;
        }
    }
    return false;
}

/* Hide what this line has to hide; a line that begins with a blank goes on with the one before.
 * returns  whether the next, if it goes on with this one, has to be hidden as well */
static bool redact_line(char *line, size_t len, bool goes_on_secret) {
    size_t value_at = 0;
    bool is_secret = goes_on_secret;
    if (!is_blank(line[0])) {
        const char *colon = memchr(line, ':', len);
        const char *name = line;
        size_t name_len = colon != NULL ? (size_t)(colon - line) : 0;
        value_at = name_len + 1;
        why__trim(&name, &name_len);
        is_secret = colon != NULL && is_secret_header(name, name_len);
    }
    if (is_secret) {
        while (value_at < len && is_blank(line[value_at])) {
            value_at++;
        }
        hide(line + value_at, len - value_at);
    }
    return is_secret;
}

static void redact_headers(char *text, size_t len) {
    bool is_secret = false;
    for (size_t at = 0; at < len;) {
        size_t end = at;
        while (end < len && !is_line_end(text[end])) {
            end++;
        }
        if (end > at) {
            is_secret = redact_line(text + at, end - at, is_secret);
        }
        at = end + 1;
    }
}

/* What ends the part of a URL that may have a user in it (RFC 3986 section 3.2), or the URL. */
static bool ends_authority(char c) {
    unsigned char byte = (unsigned char)c;
    return byte <= ' ' || c == '/' || c == '?' || c == '#' || c == '"' || c == '<' || c == '>';
}

static void redact_users(char *text, size_t len, bool is_cut) {
    static const char mark[] = "://";
    for (size_t i = 0; i + sizeof mark - 1 <= len; i++) {
        if (memcmp(text + i, mark, sizeof mark - 1) != 0) {
            continue;
        }
        size_t begin = i + sizeof mark - 1;
        size_t user_end = begin;
        size_t at = begin;
        for (; at < len && !ends_authority(text[at]); at++) {
            if (text[at] == '@') {
                user_end = at;
            }
        }
        hide(text + begin, (is_cut && at == len ? len : user_end) - begin);
    }
}

void why__redact(char *text, size_t len, bool is_cut) {
    redact_headers(text, len);
    redact_users(text, len, is_cut);
}
