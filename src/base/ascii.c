/* SPDX-License-Identifier: MIT */
#include "base/ascii.h"

#include <string.h>

size_t why__text_len(const char *text) {
    /* Volatile, or the compiler sees what this is and calls strlen(). */
    const volatile char *at = text;
    size_t len = 0;
    while (at[len] != '\0') {
        len++;
    }
    return len;
}

bool why__text_is(const char *data, size_t len, const char *text) {
    return why__text_len(text) == len && (len == 0 || memcmp(data, text, len) == 0);
}

bool why__is_equal_nocase(const char *a, size_t a_len, const char *b, size_t b_len) {
    if (a_len != b_len) {
        return false;
    }
    for (size_t i = 0; i < a_len; i++) {
        if (why__to_lower(a[i]) != why__to_lower(b[i])) {
            return false;
        }
    }
    return true;
}

bool why__text_is_nocase(const char *data, size_t len, const char *text) {
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '\0' || why__to_lower(data[i]) != why__to_lower(text[i])) {
            return false;
        }
    }
    return text[len] == '\0';
}

size_t why__text_copy(char *out, size_t out_size, const char *data, size_t len) {
    size_t take = len;
    if (take >= out_size) {
        take = out_size - 1;
        /* At most three steps back: a run of continuation bytes that is longer is no UTF-8. */
        size_t cut = take;
        while (cut > 0 && take - cut < 3 && ((uint8_t)data[cut] & 0xc0) == 0x80) {
            cut--;
        }
        take = ((uint8_t)data[cut] & 0xc0) == 0x80 ? take : cut;
    }
    if (take > 0) {
        memcpy(out, data, take);
    }
    out[take] = '\0';
    return take;
}

int why__hex_value(char c) {
    char lower = why__to_lower(c);
    if (why__is_digit(c)) {
        return c - '0';
    }
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

bool why__is_token(const char *data, size_t len) {
    for (size_t i = 0; i < len; i++) {
        if (!why__is_token_char(data[i])) {
            return false;
        }
    }
    return len > 0;
}

static bool is_space(char c) {
    return c == ' ' || c == '\t';
}

void why__trim(const char **data, size_t *len) {
    while (*len > 0 && is_space((*data)[0])) {
        (*data)++;
        (*len)--;
    }
    while (*len > 0 && is_space((*data)[*len - 1])) {
        (*len)--;
    }
}

size_t why__decimal_write(uint64_t value, char out[WHY__DECIMAL_MAX]) {
    char digits[WHY__DECIMAL_MAX];
    size_t count = 0;
    do {
        digits[count++] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    for (size_t i = 0; i < count; i++) {
        out[i] = digits[count - 1 - i];
    }
    return count;
}

bool why__decimal_read(const char *data, size_t len, uint64_t max, uint64_t *value) {
    uint64_t read = 0;
    for (size_t i = 0; i < len; i++) {
        if (!why__is_digit(data[i])) {
            return false;
        }
        uint64_t digit = (uint64_t)(data[i] - '0');
        if (read > max / 10 || digit > max - read * 10) {
            return false;
        }
        read = read * 10 + digit;
    }
    *value = read;
    return len > 0;
}
