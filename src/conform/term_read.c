/* SPDX-License-Identifier: MIT
 *
 * Terms are read from a case's text. The functions are a table: name, what stands in the
 * parentheses.
 */
#include "base/ascii.h"
#include "conform/scan.h"
#include "conform/term.h"
#include "conform/term_kinds.h"

#include <string.h>

/* Deep enough for anything that one can read, and for the stack. */
#define DEPTH_MAX 8

const char *const conform_value_names[CONFORM_VALUE_COUNT] = {
    [CONFORM_VALUE_I] = "{i}",           [CONFORM_VALUE_PATH] = "{path}",
    [CONFORM_VALUE_HOST] = "{host}",     [CONFORM_VALUE_KEY] = "{key}",
    [CONFORM_VALUE_ACCEPT] = "{accept}",
};

static const struct {
    const char *name;
    enum conform_term_kind kind;
    bool has_number, has_terms;
} functions[] = {
    {"ascii", CONFORM_TERM_ASCII, true, false}, {"utf8", CONFORM_TERM_UTF8, true, false},
    {"bytes", CONFORM_TERM_BYTES, true, false}, {"json", CONFORM_TERM_JSON, true, false},
    {"u16", CONFORM_TERM_U16, true, false},     {"first", CONFORM_TERM_FIRST, true, true},
    {"from", CONFORM_TERM_FROM, true, true},    {"deflate", CONFORM_TERM_DEFLATE, false, true},
};

#define FUNCTION_COUNT (sizeof functions / sizeof functions[0])

static bool read_terms(struct conform_scan *scan, bool code, unsigned depth,
                       struct conform_term **term);

static struct conform_term *new_term(struct conform_scan *scan, enum conform_term_kind kind) {
    struct conform_term *term = conform_scan_take(scan, sizeof *term);
    if (term != NULL) {
        term->kind = kind;
    }
    return term;
}

/* The value whose name in braces stands at `data`; CONFORM_VALUE_COUNT if there is none. */
static enum conform_value value_at(const uint8_t *data, size_t len) {
    for (enum conform_value value = 0; value < CONFORM_VALUE_COUNT; value++) {
        size_t name_len = strlen(conform_value_names[value]);
        if (name_len <= len && memcmp(data, conform_value_names[value], name_len) == 0) {
            return value;
        }
    }
    return CONFORM_VALUE_COUNT;
}

static bool read_values(struct conform_scan *scan, const uint8_t *data, size_t len,
                        struct conform_term **term) {
    *term = NULL;
    struct conform_term **end = term;
    for (size_t at = 0, from = 0; at <= len; at++) {
        enum conform_value value = value_at(data + at, len - at);
        if (at < len && value == CONFORM_VALUE_COUNT) {
            continue;
        }
        if (from < at || (at == len && *term == NULL)) {
            struct conform_term *literal = new_term(scan, CONFORM_TERM_LITERAL);
            if (literal == NULL) {
                return false;
            }
            literal->literal = (struct why_bytes){data + from, at - from};
            *end = literal;
            end = &literal->next;
        }
        if (at < len) {
            struct conform_term *made = new_term(scan, CONFORM_TERM_VALUE);
            if (made == NULL) {
                return false;
            }
            made->value = value;
            *end = made;
            end = &made->next;
            from = at + strlen(conform_value_names[value]);
            at = from - 1;
        }
    }
    return true;
}

static bool read_hex(struct conform_scan *scan, struct conform_term **term) {
    struct conform_word inside;
    scan->at++; /* the h */
    if (!conform_scan_quoted(scan, &inside)) {
        return false;
    }
    uint8_t *data = conform_scan_take(scan, inside.len / 2 + 1);
    struct conform_term *made = data != NULL ? new_term(scan, CONFORM_TERM_LITERAL) : NULL;
    if (made == NULL) {
        return false;
    }
    size_t len = 0;
    for (size_t i = 0; i < inside.len; i += inside.text[i] == ' ' ? 1 : 2) {
        if (inside.text[i] == ' ') {
            continue;
        }
        int high = why__hex_value(inside.text[i]);
        int low = i + 1 < inside.len ? why__hex_value(inside.text[i + 1]) : -1;
        if (high < 0 || low < 0) {
            return conform_scan_fail(scan, "\"%.*s\" is not hex, two digits for a byte",
                                     CONFORM_WORD(inside));
        }
        data[len++] = (uint8_t)(high * 16 + low);
    }
    made->literal = (struct why_bytes){data, len};
    *term = made;
    return true;
}

/* The number in the parentheses, which may be that of the repetition. */
static bool read_number(struct conform_scan *scan, uint64_t max, uint64_t *number) {
    if (conform_scan_is(scan, conform_value_names[CONFORM_VALUE_I])) {
        *number = CONFORM_NUMBER_IS_I;
        return true;
    }
    return conform_scan_number(scan, "what stands here", max, number);
}

static bool read_deflate_option(struct conform_scan *scan, struct conform_term *term, bool *is) {
    const struct {
        const char *name;
        bool *flag;
    } flags[] = {
        {"final", &term->final},     {"stored", &term->stored}, {"fixed", &term->fixed},
        {"context", &term->context}, {"whole", &term->whole},
    };
    *is = true;
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        if (conform_scan_is(scan, flags[i].name)) {
            *flags[i].flag = true;
            return true;
        }
    }
    struct conform_word word = conform_scan_peek(scan);
    uint64_t number = 0;
    for (size_t i = 0; i < 2; i++) {
        const char *name = i == 0 ? "bits=" : "level=";
        size_t len = strlen(name);
        if (word.len < len || memcmp(word.text, name, len) != 0) {
            continue;
        }
        scan->at += word.len;
        struct conform_word value = {word.text + len, word.len - len};
        if (!conform_word_number(scan, value, i == 0 ? "bits" : "level", i == 0 ? 15 : 9,
                                 &number)) {
            return false;
        }
        if (i == 0 && number < 8) {
            return conform_scan_fail(scan, "a window has 8 to 15 bits, not %u", (unsigned)number);
        }
        *(i == 0 ? &term->bits : &term->level) = (uint8_t)number;
        return true;
    }
    *is = false;
    return true;
}

static bool read_deflate_options(struct conform_scan *scan, struct conform_term *term) {
    term->bits = 0; /* as agreed */
    term->level = 6;
    for (bool is = true; is;) {
        if (!read_deflate_option(scan, term, &is)) {
            return false;
        }
    }
    return true;
}

/* NOLINTBEGIN(misc-no-recursion): `depth` bounds it */
static bool read_function(struct conform_scan *scan, unsigned depth, struct conform_term **term) {
    struct conform_word name = conform_scan_peek(scan);
    size_t which = 0;
    while (which < FUNCTION_COUNT && !conform_word_is(name, functions[which].name)) {
        which++;
    }
    if (which == FUNCTION_COUNT) {
        return conform_scan_fail(scan, "\"%.*s\" is no term", CONFORM_WORD(name));
    }
    scan->at += name.len;
    struct conform_term *made = new_term(scan, functions[which].kind);
    if (made == NULL || !conform_scan_take_mark(scan, '(')) {
        return false;
    }
    uint64_t max = made->kind == CONFORM_TERM_U16 ? UINT16_MAX : CONFORM_BUFFER_MAX;
    if ((functions[which].has_number && !read_number(scan, max, &made->number)) ||
        (functions[which].has_number && functions[which].has_terms &&
         !conform_scan_take_mark(scan, ',')) ||
        (made->kind == CONFORM_TERM_DEFLATE && !read_deflate_options(scan, made)) ||
        (functions[which].has_terms && !read_terms(scan, false, depth, &made->child)) ||
        !conform_scan_take_mark(scan, ')')) {
        return false;
    }
    *term = made;
    return true;
}

static bool read_one(struct conform_scan *scan, bool code, unsigned depth,
                     struct conform_term **term) {
    if (depth == 0) {
        return conform_scan_fail(scan, "terms stand in terms more than %d deep", DEPTH_MAX);
    }
    if (*scan->at == '"') {
        uint8_t *data = NULL;
        size_t len = 0;
        return conform_scan_string(scan, &data, &len) && read_values(scan, data, len, term);
    }
    if (scan->at[0] == 'h' && scan->at[1] == '"') {
        return read_hex(scan, term);
    }
    if (!why__is_digit(*scan->at)) {
        return read_function(scan, depth - 1, term);
    }
    struct conform_word digits = {scan->at, strspn(scan->at, "0123456789")};
    scan->at += digits.len;
    bool repeats = *scan->at == '*';
    struct conform_term *made = new_term(scan, repeats ? CONFORM_TERM_REPEATED : CONFORM_TERM_U16);
    if (made == NULL) {
        return false;
    }
    if (!repeats && !code) {
        return conform_scan_fail(scan, "\"%.*s\" is no term; %.*s*TERM repeats one",
                                 CONFORM_WORD(digits), CONFORM_WORD(digits));
    }
    *term = made;
    uint64_t max = repeats ? CONFORM_BUFFER_MAX : UINT16_MAX;
    if (!conform_word_number(scan, digits, repeats ? "a repetition" : "a close code", max,
                             &made->number)) {
        return false;
    }
    scan->at += repeats;
    return !repeats || read_one(scan, false, depth - 1, &made->child);
}

bool conform_term_is_next(const struct conform_scan *scan) {
    const char *at = scan->at + strspn(scan->at, " ");
    if (*at == '"' || why__is_digit(*at)) {
        return true;
    }
    size_t len = strcspn(at, " \",()");
    return len > 0 && (at[len] == '(' || (len == 1 && at[0] == 'h' && at[1] == '"'));
}

static bool read_terms(struct conform_scan *scan, bool code, unsigned depth,
                       struct conform_term **term) {
    *term = NULL;
    struct conform_term **end = term;
    while (conform_term_is_next(scan)) {
        (void)conform_scan_is_end(scan);
        struct conform_term *read = NULL;
        if (!read_one(scan, code, depth, &read)) {
            return false;
        }
        /* A text with values in braces is several terms already. */
        for (*end = read; *end != NULL; end = &(*end)->next) {
        }
    }
    return true;
}

/* NOLINTEND(misc-no-recursion) */

bool conform_term_of_text(struct conform_scan *scan, const uint8_t *data, size_t len,
                          const struct conform_term **term) {
    struct conform_term *read = NULL;
    bool is_read = read_values(scan, data, len, &read);
    *term = read;
    return is_read;
}

bool conform_term_read(struct conform_scan *scan, bool code, const struct conform_term **term) {
    struct conform_term *read = NULL;
    bool is_read = read_terms(scan, code, DEPTH_MAX, &read);
    *term = read;
    return is_read;
}
