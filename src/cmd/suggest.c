/* SPDX-License-Identifier: MIT
 *
 * Distance by insertions, deletions, substitutions and swaps of neighbours.
 */
#include "cmd/suggest.h"

#include <stdint.h>
#include <string.h>

enum {
    NAME_LEN_MAX = 48,
};

static size_t least(size_t a, size_t b) {
    return a < b ? a : b;
}

static char fold(char c) {
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c == '_' || c == ' ' ? '-' : c;
}

static size_t distance_between(const char *a, size_t a_len, const char *b, size_t b_len) {
    size_t rows[3][NAME_LEN_MAX + 1];
    for (size_t j = 0; j <= b_len; j++) {
        rows[0][j] = j;
    }
    for (size_t i = 1; i <= a_len; i++) {
        size_t *row = rows[i % 3];
        const size_t *above = rows[(i + 2) % 3];
        const size_t *above_that = rows[(i + 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            size_t change = fold(a[i - 1]) == fold(b[j - 1]) ? 0 : 1;
            row[j] = least(above[j - 1] + change, least(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && fold(a[i - 1]) == fold(b[j - 2]) &&
                fold(a[i - 2]) == fold(b[j - 1])) {
                row[j] = least(row[j], above_that[j - 2] + 1);
            }
        }
    }
    return rows[a_len % 3][b_len];
}

struct suggestion suggestion_start(const char *given, size_t len) {
    return (struct suggestion){.given = given, .len = len, .distance = SIZE_MAX};
}

void suggestion_offer(struct suggestion *suggestion, const char *name) {
    size_t len = strlen(name);
    if (suggestion->len > NAME_LEN_MAX || len > NAME_LEN_MAX || suggestion->len == 0) {
        return;
    }
    size_t distance = distance_between(suggestion->given, suggestion->len, name, len);
    /* The beginning of a longer name is as near as a slip. */
    if (suggestion->len >= 3 && suggestion->len < len && distance == len - suggestion->len &&
        strncmp(suggestion->given, name, suggestion->len) == 0) {
        distance = 1;
    }
    size_t limit = 1 + least(suggestion->len, len) / 4;
    if (distance <= limit && distance < suggestion->distance) {
        suggestion->best = name;
        suggestion->distance = distance;
    }
}
