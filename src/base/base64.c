/* SPDX-License-Identifier: MIT */
#include "base/base64.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

size_t why__base64_encode(const uint8_t *data, size_t len, char *out) {
    size_t written = 0;
    for (size_t i = 0; i < len; i += 3) {
        size_t left = len - i;
        uint32_t group = (uint32_t)data[i] << 16;
        group |= left > 1 ? (uint32_t)data[i + 1] << 8 : 0;
        group |= left > 2 ? data[i + 2] : 0;
        out[written++] = alphabet[group >> 18];
        out[written++] = alphabet[group >> 12 & 63];
        out[written++] = '=';
        out[written++] = '=';
        if (left > 1) {
            out[written - 2] = alphabet[group >> 6 & 63];
        }
        if (left > 2) {
            out[written - 1] = alphabet[group & 63];
        }
    }
    return written;
}

/* The six bits of a character; 64 where it has none. */
static uint32_t digit(char character) {
    if (character >= 'A' && character <= 'Z') {
        return (uint32_t)(character - 'A');
    }
    if (character >= 'a' && character <= 'z') {
        return (uint32_t)(character - 'a') + 26;
    }
    if (character >= '0' && character <= '9') {
        return (uint32_t)(character - '0') + 52;
    }
    return character == '+' ? 62 : character == '/' ? 63 : 64;
}

bool why__base64_decode(const char *text, size_t len, uint8_t *out, size_t out_size,
                        size_t *out_len) {
    *out_len = 0;
    if (len % 4 != 0) {
        return false;
    }
    size_t padding = len == 0 || text[len - 1] != '=' ? 0 : text[len - 2] != '=' ? 1 : 2;
    if (len / 4 * 3 - padding > out_size) {
        return false;
    }
    for (size_t i = 0; i < len; i += 4) {
        size_t digits = i + 4 == len ? 4 - padding : 4;
        uint32_t group = 0;
        for (size_t j = 0; j < 4; j++) {
            uint32_t bits = j < digits ? digit(text[i + j]) : 0;
            if (bits > 63) {
                return false;
            }
            group = group << 6 | bits;
        }
        size_t bytes = digits - 1;
        for (size_t j = 0; j < bytes; j++) {
            out[(*out_len)++] = (uint8_t)(group >> (16 - 8 * j));
        }
        if ((group & ((1U << (24 - 8 * bytes)) - 1)) != 0) {
            return false; /* bits that no encoder sets */
        }
    }
    return true;
}
