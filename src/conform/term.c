/* SPDX-License-Identifier: MIT
 *
 * Terms become bytes.
 */
#include "conform/term.h"
#include "conform/term_kinds.h"
#include "whysocket/result.h"

#include <stdio.h>
#include <string.h>

struct maker {
    const struct conform_values *values;
    struct conform_deflater *deflater;
};

/* Terms stand in terms so deep as their reader lets them (term_read.c), not deeper.
 * NOLINTBEGIN(misc-no-recursion) */
static bool make_all(const struct maker *maker, const struct conform_term *term,
                     struct conform_buffer *out);

static uint64_t number_of(const struct maker *maker, const struct conform_term *term) {
    return term->number == CONFORM_NUMBER_IS_I ? maker->values->i : term->number;
}

static bool make_value(const struct maker *maker, const struct conform_term *term,
                       struct conform_buffer *out) {
    const struct conform_values *values = maker->values;
    const char *texts[CONFORM_VALUE_COUNT] = {
        [CONFORM_VALUE_PATH] = values->path,
        [CONFORM_VALUE_HOST] = values->host,
        [CONFORM_VALUE_KEY] = values->key,
        [CONFORM_VALUE_ACCEPT] = values->accept,
    };
    char digits[24];
    (void)snprintf(digits, sizeof digits, "%llu", (unsigned long long)values->i);
    texts[CONFORM_VALUE_I] = digits;
    const char *text = texts[term->value];
    return text == NULL || conform_buffer_add(out, text, strlen(text));
}

static bool make_repeated(const struct maker *maker, const struct conform_term *term,
                          struct conform_buffer *out) {
    uint64_t count = number_of(maker, term);
    size_t start = out->len;
    if (count == 0) {
        return true;
    }
    if (!make_all(maker, term->child, out)) {
        return false;
    }
    size_t len = out->len - start;
    if (len > 0 && count - 1 > CONFORM_BUFFER_MAX / len) {
        return false;
    }
    if (conform_buffer_grow(out, len * (size_t)(count - 1)) == NULL) {
        return false;
    }
    uint8_t *data = out->data + start;
    for (size_t filled = len, all = out->len - start; filled < all;) {
        size_t piece = filled < all - filled ? filled : all - filled;
        memcpy(data + filled, data, piece);
        filled += piece;
    }
    return true;
}

static bool make_deflated(const struct maker *maker, const struct conform_term *term,
                          struct conform_buffer *out) {
    struct conform_buffer plain = {0};
    bool made =
        make_all(maker, term->child, &plain) &&
        conform_deflate(maker->deflater, term, (struct why_bytes){plain.data, plain.len}, out);
    conform_buffer_free(&plain);
    return made;
}

static bool make_first(const struct maker *maker, const struct conform_term *term,
                       struct conform_buffer *out) {
    size_t start = out->len;
    uint64_t count = number_of(maker, term);
    if (!make_all(maker, term->child, out)) {
        return false;
    }
    if (out->len - start > count) {
        out->len = start + (size_t)count;
    }
    return true;
}

static bool make_from(const struct maker *maker, const struct conform_term *term,
                      struct conform_buffer *out) {
    size_t start = out->len;
    uint64_t count = number_of(maker, term);
    if (!make_all(maker, term->child, out)) {
        return false;
    }
    size_t len = out->len - start;
    size_t skipped = count < len ? (size_t)count : len;
    if (skipped > 0) {
        memmove(out->data + start, out->data + start + skipped, len - skipped);
        out->len -= skipped;
    }
    return true;
}

static bool make_one(const struct maker *maker, const struct conform_term *term,
                     struct conform_buffer *out) {
    uint64_t number = number_of(maker, term);
    size_t len = number < SIZE_MAX ? (size_t)number : SIZE_MAX;
    switch (term->kind) {
    case CONFORM_TERM_LITERAL:
        return conform_buffer_add(out, term->literal.data, term->literal.len);
    case CONFORM_TERM_VALUE:
        return make_value(maker, term, out);
    case CONFORM_TERM_REPEATED:
        return make_repeated(maker, term, out);
    case CONFORM_TERM_ASCII:
        return conform_text_ascii(out, len);
    case CONFORM_TERM_UTF8:
        return conform_text_utf8(out, len);
    case CONFORM_TERM_BYTES:
        return conform_text_bytes(out, len);
    case CONFORM_TERM_JSON:
        return conform_text_json(out, len);
    case CONFORM_TERM_U16:
        return conform_buffer_add(out, (uint8_t[]){(uint8_t)(number >> 8), (uint8_t)number}, 2);
    case CONFORM_TERM_DEFLATE:
        return make_deflated(maker, term, out);
    case CONFORM_TERM_FIRST:
        return make_first(maker, term, out);
    case CONFORM_TERM_FROM:
        return make_from(maker, term, out);
    }
    return false;
}

static bool make_all(const struct maker *maker, const struct conform_term *term,
                     struct conform_buffer *out) {
    for (; term != NULL; term = term->next) {
        if (!make_one(maker, term, out)) {
            return false;
        }
    }
    return true;
}

/* NOLINTEND(misc-no-recursion) */

int conform_term_make(const struct conform_term *term, const struct conform_values *values,
                      struct conform_deflater *deflater, struct conform_buffer *out) {
    struct maker maker = {.values = values, .deflater = deflater};
    return make_all(&maker, term, out) ? WHY_OK : WHY_ERR_NOMEM;
}
