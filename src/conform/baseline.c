/* SPDX-License-Identifier: MIT */
#include "conform/baseline.h"

#include "conform/board.h"

#include <stdlib.h>
#include <string.h>

/* 0: nothing is wrong; up to 3: it fails what it must. */
static int rank_of(const struct conform_result *result) {
    return result->verdict == CONFORM_FAILED ? (int)result->severity + 1 : 0;
}

static bool was_played(const struct conform_result *result) {
    return result->verdict == CONFORM_PASSED || result->verdict == CONFORM_FAILED;
}

/* Where it failed; what came is another text each time ("within 5 s"), and is not looked at. */
static const char *step_of(const struct conform_result *result) {
    return result->finding_count > 0 ? result->findings[0].step : "";
}

/* returns  false if there is nothing to say */
static bool compare(const struct conform_result *before, const struct conform_result *now,
                    enum conform_change_kind *kind) {
    int rank_before = rank_of(before);
    int rank_now = rank_of(now);
    if (rank_now != rank_before && now->verdict != CONFORM_NOT_APPLICABLE &&
        now->verdict != CONFORM_NOT_RUN) {
        *kind = rank_now > rank_before ? CONFORM_WORSE : CONFORM_BETTER;
        return true;
    }
    if (now->verdict == CONFORM_NOT_RUN) {
        *kind = CONFORM_WORSE;
        return was_played(before);
    }
    *kind = CONFORM_OTHER;
    if (now->verdict == CONFORM_NOT_APPLICABLE) {
        return was_played(before);
    }
    return rank_now > 0 && strcmp(step_of(before), step_of(now)) != 0;
}

static void add(struct conform_changes *changes, const struct conform_result *before,
                const struct conform_result *now) {
    enum conform_change_kind kind = CONFORM_NEW;
    bool is_change = false;
    if (now == NULL) {
        changes->gone++;
    } else if (before == NULL || before->verdict == CONFORM_NOT_RUN) {
        changes->unknown++;
        is_change = now->verdict == CONFORM_FAILED;
    } else {
        is_change = compare(before, now, &kind);
    }
    if (is_change) {
        changes->list[changes->count++] = (struct conform_change){kind, before, now};
    }
}

bool conform_changes_init(struct conform_changes *changes, const struct conform_run *before,
                          const struct conform_run *now) {
    struct conform_run none = {.trouble = ""};
    struct conform_run runs[] = {before == NULL ? none : *before, *now};
    struct conform_board board;
    *changes = (struct conform_changes){0};
    if (!conform_board_init(&board, runs, 2)) {
        return false;
    }
    changes->list = calloc(board.row_count + 1, sizeof *changes->list);
    if (changes->list == NULL) {
        conform_board_clear(&board);
        return false;
    }
    for (size_t row = 0; row < board.row_count; row++) {
        const struct conform_result *const *cells = conform_board_row(&board, row);
        add(changes, cells[0], cells[1]);
    }
    changes->has_new_trouble = now->trouble[0] != '\0' && runs[0].trouble[0] == '\0';
    conform_board_clear(&board);
    return true;
}

void conform_changes_clear(struct conform_changes *changes) {
    free(changes->list);
    *changes = (struct conform_changes){0};
}

bool conform_change_is_bad(const struct conform_change *change) {
    return change->kind == CONFORM_WORSE &&
           (change->now->verdict == CONFORM_NOT_RUN || change->now->severity > CONFORM_INFO);
}

bool conform_changes_are_bad(const struct conform_changes *changes) {
    bool are_bad = changes->has_new_trouble;
    for (size_t i = 0; i < changes->count; i++) {
        are_bad = are_bad || conform_change_is_bad(&changes->list[i]);
    }
    return are_bad;
}

const struct conform_run *conform_baseline_find(const struct conform_run *baselines, size_t count,
                                                const struct conform_run *run) {
    const struct conform_run *only = NULL;
    size_t of_role = 0;
    for (size_t i = 0; i < count; i++) {
        if (baselines[i].role != run->role) {
            continue;
        }
        if (strcmp(baselines[i].agent, run->agent) == 0) {
            return &baselines[i];
        }
        only = &baselines[i];
        of_role++;
    }
    return of_role == 1 ? only : NULL;
}
