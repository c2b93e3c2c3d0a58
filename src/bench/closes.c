/* SPDX-License-Identifier: MIT */
#include "bench/closes.h"

#include <stdlib.h>

const char *bench_stage_name(enum bench_stage stage) {
    static const char *const names[] = {
        [BENCH_OPENING] = "opening", [BENCH_RUNNING] = "running", [BENCH_ENDING] = "ending"};
    return names[stage];
}

bool bench_closes_add(struct bench_closes *closes, enum bench_stage stage,
                      const struct why_record *record) {
    for (size_t i = 0; i < closes->count; i++) {
        struct bench_close *row = &closes->rows[i];
        if (row->stage == stage && row->first->cause == record->cause &&
            row->first->code == record->code) {
            row->count++;
            return true;
        }
    }
    struct bench_close *rows = realloc(closes->rows, (closes->count + 1) * sizeof *rows);
    struct why_record *first = malloc(sizeof *first);
    closes->rows = rows == NULL ? closes->rows : rows;
    if (rows == NULL || first == NULL) {
        free(first);
        return false;
    }
    *first = *record;
    rows[closes->count++] = (struct bench_close){.stage = stage, .count = 1, .first = first};
    return true;
}

static int compare(const void *a, const void *b) {
    const struct bench_close *one = a;
    const struct bench_close *other = b;
    bool is_expected = bench_close_is_expected(one);
    if (is_expected != bench_close_is_expected(other)) {
        return is_expected ? 1 : -1;
    }
    return one->count < other->count ? 1 : one->count > other->count ? -1 : 0;
}

void bench_closes_sort(struct bench_closes *closes) {
    if (closes->count > 1) {
        qsort(closes->rows, closes->count, sizeof *closes->rows, compare);
    }
}

bool bench_close_is_expected(const struct bench_close *close) {
    const struct why_record *record = close->first;
    return close->stage == BENCH_ENDING && record->sent.present && record->received.present &&
           record->code == WHY_CLOSE_NORMAL;
}

uint64_t bench_closes_unexpected(const struct bench_closes *closes) {
    uint64_t count = 0;
    for (size_t i = 0; i < closes->count; i++) {
        count += bench_close_is_expected(&closes->rows[i]) ? 0 : closes->rows[i].count;
    }
    return count;
}

void bench_closes_clear(struct bench_closes *closes) {
    for (size_t i = 0; i < closes->count; i++) {
        free(closes->rows[i].first);
    }
    free(closes->rows);
    *closes = (struct bench_closes){0};
}
