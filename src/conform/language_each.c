/* SPDX-License-Identifier: MIT
 *
 * `each`: one text for many cases. Its items replace names in braces, before anything else of the
 * case is read.
 */
#include "base/ascii.h"
#include "conform/language.h"
#include "conform/term_kinds.h"

#include <string.h>

#define NAMES_MAX 8
/* So many cases of one text are a slip of the pen. */
#define REPETITIONS_MAX 4096

/* A tuple of items, one for each name of the line. */
struct items {
    struct items *next;
    struct conform_word words[NAMES_MAX];
};

struct conform_each { /* the first one of the text is the slowest */
    struct conform_each *next;
    struct conform_word names[NAMES_MAX];
    size_t name_count;
    bool used[NAMES_MAX];
    struct items *first, *last;
    size_t count;
    uint32_t line;
};

static bool add_items(struct conform_scan *scan, struct conform_each *each,
                      const struct conform_word *words) {
    struct items *items = conform_scan_take(scan, sizeof *items);
    if (items == NULL) {
        return false;
    }
    memcpy(items->words, words, each->name_count * sizeof *words);
    if (each->last != NULL) {
        each->last->next = items;
    } else {
        each->first = items;
    }
    each->last = items;
    return ++each->count <= REPETITIONS_MAX ||
           conform_scan_fail(scan, "more than %d items", REPETITIONS_MAX);
}

/* Items "A..B".
 * is  whether it was a range */
static bool add_range(struct conform_scan *scan, struct conform_each *each,
                      struct conform_word word, bool *is) {
    size_t dots = 0;
    while (dots + 1 < word.len && (word.text[dots] != '.' || word.text[dots + 1] != '.')) {
        dots++;
    }
    uint64_t first = 0, last = 0;
    *is = dots + 2 < word.len && why__decimal_read(word.text, dots, UINT32_MAX, &first) &&
          why__decimal_read(word.text + dots + 2, word.len - dots - 2, UINT32_MAX, &last);
    if (!*is) {
        return true;
    }
    if (first > last || each->name_count != 1) {
        return conform_scan_fail(scan, "the range %.*s %s", CONFORM_WORD(word),
                                 first > last ? "is empty" : "can be of one name only");
    }
    for (uint64_t number = first; number <= last; number++) {
        char digits[WHY__DECIMAL_MAX];
        size_t len = why__decimal_write(number, digits);
        struct conform_word item = {conform_scan_copy(scan, (struct conform_word){digits, len}),
                                    len};
        if (item.text == NULL || !add_items(scan, each, &item)) {
            return false;
        }
    }
    return true;
}

/* A quoted item may hold quotes: \" and \\ stand for themselves; other escapes are for where it is
 * put. */
static bool read_quoted_item(struct conform_scan *scan, struct conform_word *word) {
    struct conform_word inside;
    char *copy = conform_scan_quoted(scan, &inside) ? conform_scan_copy(scan, inside) : NULL;
    if (copy == NULL) {
        return false;
    }
    size_t len = 0;
    for (size_t i = 0; i < inside.len; i++) {
        bool is_escape = inside.text[i] == '\\' && i + 1 < inside.len &&
                         (inside.text[i + 1] == '"' || inside.text[i + 1] == '\\');
        i += is_escape;
        copy[len++] = inside.text[i];
    }
    *word = (struct conform_word){copy, len};
    return true;
}

/* What stands up to the next space, or a quoted text. */
static bool read_item(struct conform_scan *scan, struct conform_word *word) {
    (void)conform_scan_is_end(scan);
    if (*scan->at == '"') {
        return read_quoted_item(scan, word);
    }
    *word = (struct conform_word){scan->at, strcspn(scan->at, " ")};
    scan->at += word->len;
    return true;
}

static bool read_items(struct conform_scan *scan, struct conform_each *each) {
    if (conform_scan_is_end(scan)) {
        return conform_scan_fail(scan, "each has no items");
    }
    while (!conform_scan_is_end(scan)) {
        struct conform_word words[NAMES_MAX];
        bool is_range = false;
        bool is_quoted = *scan->at == '"';
        for (size_t i = 0; i < each->name_count; i++) {
            if (conform_scan_is_end(scan)) {
                return conform_scan_fail(scan, "an item for \"%.*s\" is missing",
                                         CONFORM_WORD(each->names[i]));
            }
            if (!read_item(scan, &words[i]) ||
                (i == 0 && !is_quoted && !add_range(scan, each, words[0], &is_range))) {
                return false;
            }
        }
        if (!is_range && !add_items(scan, each, words)) {
            return false;
        }
        if (each->name_count > 1 && !conform_scan_is_end(scan) && !conform_scan_is(scan, "|")) {
            return conform_scan_fail(scan, "'|' is missing before \"%s\"", scan->at);
        }
    }
    return true;
}

static bool is_name(struct conform_word word) {
    for (size_t i = 0; i < word.len; i++) {
        if (!((word.text[i] >= 'a' && word.text[i] <= 'z') || word.text[i] == '_')) {
            return false;
        }
    }
    return word.len > 0;
}

static bool is_known_value(struct conform_word word) {
    for (size_t i = 0; i < CONFORM_VALUE_COUNT; i++) {
        if (strlen(conform_value_names[i]) == word.len + 2 &&
            memcmp(conform_value_names[i] + 1, word.text, word.len) == 0) {
            return true;
        }
    }
    return false;
}

static bool read_names(struct conform_scan *scan, struct conform_each *each) {
    while (!conform_scan_is(scan, "in")) {
        struct conform_word name;
        if (!conform_scan_word(scan, "\"in\"", &name)) {
            return false;
        }
        if (!is_name(name) || conform_word_is(name, "n") || is_known_value(name)) {
            return conform_scan_fail(scan, "\"%.*s\" cannot be a name", CONFORM_WORD(name));
        }
        if (each->name_count == NAMES_MAX) {
            return conform_scan_fail(scan, "more than %d names", NAMES_MAX);
        }
        each->names[each->name_count++] = name;
    }
    return each->name_count > 0 || conform_scan_fail(scan, "each has no name");
}

static bool is_same_word(struct conform_word a, struct conform_word b) {
    return a.len == b.len && memcmp(a.text, b.text, a.len) == 0;
}

/* Whether the names are those of `other`, all in its order; any that both have is a fault. */
static bool compare_names(struct conform_scan *scan, const struct conform_each *each,
                          const struct conform_each *other, bool *same) {
    *same = each->name_count == other->name_count;
    for (size_t i = 0; *same && i < each->name_count; i++) {
        *same = is_same_word(each->names[i], other->names[i]);
    }
    for (size_t i = 0; !*same && i < each->name_count * other->name_count; i++) {
        struct conform_word name = each->names[i / other->name_count];
        if (is_same_word(name, other->names[i % other->name_count])) {
            return conform_scan_fail(scan, "there is an each of \"%.*s\" already",
                                     CONFORM_WORD(name));
        }
    }
    return true;
}

/* A line whose names are those of one before adds its items to it. */
static bool read_each(struct conform_scan *scan, struct conform_each **first) {
    struct conform_each *each = conform_scan_take(scan, sizeof *each);
    if (each == NULL || !read_names(scan, each)) {
        return false;
    }
    each->line = scan->line;
    struct conform_each **end = first;
    for (; *end != NULL; end = &(*end)->next) {
        bool same = false;
        if (!compare_names(scan, each, *end, &same)) {
            return false;
        }
        if (same) {
            return read_items(scan, *end);
        }
    }
    *end = each;
    return read_items(scan, each);
}

bool conform_each_read(struct conform_scan *scan, struct conform_line *lines, size_t *count,
                       struct conform_each **each) {
    size_t kept = 0;
    *each = NULL;
    for (size_t i = 0; i < *count; i++) {
        scan->line = lines[i].number;
        scan->at = lines[i].text;
        if (!conform_scan_is(scan, "each")) {
            lines[kept++] = lines[i];
        } else if (!read_each(scan, each)) {
            return false;
        }
    }
    *count = kept;
    return conform_each_count(*each) <= REPETITIONS_MAX ||
           conform_scan_fail(scan, "more than %d repetitions of a case", REPETITIONS_MAX);
}

size_t conform_each_count(const struct conform_each *each) {
    size_t count = 1;
    for (; each != NULL && count <= REPETITIONS_MAX; each = each->next) {
        count *= each->count;
    }
    return count;
}

/* The item that is `name`'s in this repetition; false if there is no such name. */
static bool find_item(struct conform_each *each, size_t repetition, struct conform_word name,
                      struct conform_word *item) {
    for (; each != NULL; each = each->next) {
        size_t faster = conform_each_count(each->next);
        for (size_t i = 0; i < each->name_count; i++) {
            if (!is_same_word(each->names[i], name)) {
                continue;
            }
            const struct items *items = each->first;
            for (size_t skip = repetition / faster % each->count; skip > 0; skip--) {
                items = items->next;
            }
            each->used[i] = true;
            *item = items->words[i];
            return true;
        }
    }
    return false;
}

static bool fill_name(struct conform_scan *scan, struct conform_each *each, size_t repetition,
                      struct conform_word name, struct conform_buffer *out) {
    struct conform_word item;
    char digits[WHY__DECIMAL_MAX];
    if (conform_word_is(name, "n")) {
        item = (struct conform_word){digits, why__decimal_write(repetition + 1, digits)};
    } else if (is_known_value(name)) {
        item = (struct conform_word){name.text - 1, name.len + 2};
    } else if (!find_item(each, repetition, name, &item)) {
        return conform_scan_fail(scan, "there is no each of \"%.*s\"", CONFORM_WORD(name));
    }
    return conform_buffer_add(out, item.text, item.len);
}

static bool fill(struct conform_scan *scan, struct conform_each *each, size_t repetition,
                 const char *text, struct conform_buffer *out) {
    while (*text != '\0') {
        size_t plain = strcspn(text, "{");
        if (!conform_buffer_add(out, text, plain)) {
            return false;
        }
        text += plain;
        if (*text == '\0') {
            return true;
        }
        struct conform_word name = {text + 1, strcspn(text + 1, "}")};
        if (text[1 + name.len] == '}' && is_name(name)) {
            if (!fill_name(scan, each, repetition, name, out)) {
                return false;
            }
            text += name.len + 2;
        } else if (!conform_buffer_add(out, text++, 1)) {
            return false;
        }
    }
    return true;
}

bool conform_each_fill(struct conform_scan *scan, struct conform_each *each, size_t repetition,
                       const char *text, const char **filled) {
    struct conform_buffer out = {0};
    *filled = NULL;
    if (fill(scan, each, repetition, text, &out)) {
        *filled = conform_scan_copy(scan, (struct conform_word){(const char *)out.data, out.len});
    }
    conform_buffer_free(&out);
    return *filled != NULL || conform_scan_no_memory(scan);
}

bool conform_each_check(struct conform_scan *scan, const struct conform_each *each) {
    for (; each != NULL; each = each->next) {
        for (size_t i = 0; i < each->name_count; i++) {
            if (!each->used[i]) {
                scan->line = each->line;
                return conform_scan_fail(scan, "{%.*s} is used nowhere in this case",
                                         CONFORM_WORD(each->names[i]));
            }
        }
    }
    return true;
}
