/* SPDX-License-Identifier: MIT */
#include "support/hex.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void put(uint8_t byte, uint8_t *out, size_t *len, size_t out_size) {
    if (*len == out_size) {
        fprintf(stderr, "hex: more than %zu bytes\n", out_size);
        abort();
    }
    out[(*len)++] = byte;
}

size_t test_parse_hex(const char *text, uint8_t *out, size_t out_size) {
    size_t len = 0;
    for (const char *at = text; *at != '\0';) {
        if (*at == ' ') {
            at++;
        } else if (*at == '\'') {
            for (at++; *at != '\'' && *at != '\0'; at++) {
                put((uint8_t)*at, out, &len, out_size);
            }
            at += *at == '\'';
        } else {
            char *end = NULL;
            unsigned long byte = strtoul(at, &end, 16);
            if (end == at || byte > 0xff) {
                fprintf(stderr, "hex: cannot read \"%s\"\n", at);
                abort();
            }
            unsigned long times = 1;
            if (*end == '*') {
                times = strtoul(end + 1, &end, 10);
            }
            for (; times > 0; times--) {
                put((uint8_t)byte, out, &len, out_size);
            }
            at = end;
        }
    }
    return len;
}

const char *test_format_hex(const uint8_t *data, size_t len) {
    static char text[64 * 3 + 8];
    size_t shown = len < 64 ? len : 64;
    size_t at = 0;
    text[0] = '\0';
    for (size_t i = 0; i < shown; i++) {
        at += (size_t)snprintf(text + at, sizeof text - at, "%02x ", data[i]);
    }
    if (shown < len) {
        memcpy(text + at, "...", 4);
    }
    return text;
}
