/* SPDX-License-Identifier: MIT
 *
 * Words, numbers and quoted strings of a line.
 */
#include "conform/scan.h"
#include "base/ascii.h"
#include "whysocket/result.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool conform_scan_fail(struct conform_scan *scan, const char *format, ...) {
    if (scan->result != WHY_OK) {
        return false;
    }
    scan->result = WHY_ERR_CONFIG;
    int len = snprintf(scan->error, scan->error_size, "%s:%u: ", scan->file, (unsigned)scan->line);
    if (len >= 0 && (size_t)len < scan->error_size) {
        va_list arguments;
        va_start(arguments, format);
        (void)vsnprintf(scan->error + len, scan->error_size - (size_t)len, format, arguments);
        va_end(arguments);
    }
    return false;
}

bool conform_scan_no_memory(struct conform_scan *scan) {
    if (scan->result == WHY_OK) {
        scan->result = WHY_ERR_NOMEM;
        (void)snprintf(scan->error, scan->error_size, "%s:%u: out of memory", scan->file,
                       (unsigned)scan->line);
    }
    return false;
}

void *conform_scan_take(struct conform_scan *scan, size_t size) {
    void *taken = conform_memory_take(scan->memory, size);
    if (taken == NULL) {
        (void)conform_scan_no_memory(scan);
    }
    return taken;
}

char *conform_scan_copy(struct conform_scan *scan, struct conform_word word) {
    char *copy = conform_scan_take(scan, word.len + 1);
    if (copy != NULL) {
        memcpy(copy, word.text, word.len);
    }
    return copy;
}

bool conform_scan_is_end(struct conform_scan *scan) {
    scan->at += strspn(scan->at, " ");
    return *scan->at == '\0';
}

bool conform_scan_end(struct conform_scan *scan) {
    return conform_scan_is_end(scan) ||
           conform_scan_fail(scan, "\"%s\" is too much on this line", scan->at);
}

struct conform_word conform_scan_peek(struct conform_scan *scan) {
    (void)conform_scan_is_end(scan);
    return (struct conform_word){scan->at, strcspn(scan->at, " \",()")};
}

bool conform_word_is(struct conform_word word, const char *text) {
    return why__text_is(word.text, word.len, text);
}

bool conform_scan_is(struct conform_scan *scan, const char *text) {
    struct conform_word word = conform_scan_peek(scan);
    bool is = conform_word_is(word, text);
    scan->at += is ? word.len : 0;
    return is;
}

bool conform_scan_word(struct conform_scan *scan, const char *what, struct conform_word *word) {
    *word = conform_scan_peek(scan);
    scan->at += word->len;
    return word->len > 0 || conform_scan_fail(scan, "%s is missing", what);
}

bool conform_word_number(struct conform_scan *scan, struct conform_word word, const char *what,
                         uint64_t max, uint64_t *number) {
    return why__decimal_read(word.text, word.len, max, number) ||
           conform_scan_fail(scan, "%s is a number up to %llu, not \"%.*s\"", what,
                             (unsigned long long)max, CONFORM_WORD(word));
}

bool conform_scan_number(struct conform_scan *scan, const char *what, uint64_t max,
                         uint64_t *number) {
    struct conform_word word;
    return conform_scan_word(scan, what, &word) &&
           conform_word_number(scan, word, what, max, number);
}

bool conform_scan_take_mark(struct conform_scan *scan, char mark) {
    if (conform_scan_is_end(scan) || *scan->at != mark) {
        return conform_scan_fail(scan, "'%c' is missing before \"%s\"", mark, scan->at);
    }
    scan->at++;
    return true;
}

bool conform_scan_quoted(struct conform_scan *scan, struct conform_word *inside) {
    if (conform_scan_is_end(scan) || *scan->at != '"') {
        return conform_scan_fail(scan, "a quoted text is missing before \"%s\"", scan->at);
    }
    const char *end = scan->at + 1;
    while (*end != '"' && *end != '\0') {
        end += *end == '\\' && end[1] != '\0' ? 2 : 1;
    }
    *inside = (struct conform_word){scan->at + 1, (size_t)(end - scan->at - 1)};
    if (*end == '\0') {
        return conform_scan_fail(scan, "the quote before \"%s\" is not closed", scan->at + 1);
    }
    scan->at = end + 1;
    return true;
}

/* Resolve the escape behind a backslash.
 * returns  how many characters it has; 0: it is none */
static size_t read_escape(const char *text, size_t len, uint8_t *byte) {
    static const char from[] = "\"\\nrt0", to[] = "\"\\\n\r\t\0";
    if (len >= 3 && text[0] == 'x') {
        int high = why__hex_value(text[1]), low = why__hex_value(text[2]);
        *byte = (uint8_t)(high * 16 + low);
        return high >= 0 && low >= 0 ? 3 : 0;
    }
    const char *found = len > 0 ? memchr(from, text[0], sizeof from - 1) : NULL;
    if (found == NULL) {
        return 0;
    }
    *byte = (uint8_t)to[found - from];
    return 1;
}

bool conform_scan_string(struct conform_scan *scan, uint8_t **data, size_t *len) {
    struct conform_word inside = {0};
    if (!conform_scan_quoted(scan, &inside)) {
        return false;
    }
    *data = conform_scan_take(scan, inside.len + 1);
    if (*data == NULL) {
        return false;
    }
    *len = 0;
    for (size_t i = 0; i < inside.len; i++) {
        uint8_t byte = (uint8_t)inside.text[i];
        if (byte == '\\') {
            size_t used = read_escape(inside.text + i + 1, inside.len - i - 1, &byte);
            if (used == 0) {
                return conform_scan_fail(scan, "\"\\%c\" is no escape", inside.text[i + 1]);
            }
            i += used;
        }
        (*data)[(*len)++] = byte;
    }
    return true;
}

bool conform_scan_text(struct conform_scan *scan, const char **text) {
    uint8_t *data = NULL;
    size_t len = 0;
    if (!conform_scan_string(scan, &data, &len)) {
        return false;
    }
    if (memchr(data, 0, len) != NULL) {
        return conform_scan_fail(scan, "this text has a NUL");
    }
    *text = (const char *)data;
    return true;
}
