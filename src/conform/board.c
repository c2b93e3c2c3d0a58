/* SPDX-License-Identifier: MIT
 *
 * Cases of several runs meet by their ids: runs of other versions have other cases, and those of a
 * file may be the user's own.
 */
#include "conform/board.h"

#include "conform/report.h"

#include <stdlib.h>
#include <string.h>

struct entry {
    const struct conform_result *result;
    size_t run;
};

static int compare_entries(const void *a, const void *b) {
    const struct entry *one = a;
    const struct entry *other = b;
    int order = conform_id_compare(one->result->test->id, other->result->test->id);
    if (order != 0) {
        return order;
    }
    order = strcmp(one->result->test->id, other->result->test->id);
    return order != 0 ? order : (one->run > other->run) - (one->run < other->run);
}

static void fill(struct conform_board *board, const struct entry *entries, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const char *id = entries[i].result->test->id;
        if (i == 0 || strcmp(id, entries[i - 1].result->test->id) != 0) {
            board->row_count++;
        }
        board->cells[(board->row_count - 1) * board->run_count + entries[i].run] =
            entries[i].result;
    }
}

bool conform_board_init(struct conform_board *board, const struct conform_run *runs,
                        size_t run_count) {
    *board = (struct conform_board){.runs = runs, .run_count = run_count};
    size_t count = 0;
    for (size_t run = 0; run < run_count; run++) {
        count += runs[run].count;
    }
    struct entry *entries = calloc(count + 1, sizeof *entries);
    board->cells = calloc(count * run_count + 1, sizeof *board->cells);
    if (entries == NULL || board->cells == NULL) {
        free(entries);
        conform_board_clear(board);
        return false;
    }
    size_t at = 0;
    for (size_t run = 0; run < run_count; run++) {
        for (size_t i = 0; i < runs[run].count; i++) {
            entries[at++] = (struct entry){&runs[run].results[i], run};
        }
    }
    qsort(entries, count, sizeof *entries, compare_entries);
    fill(board, entries, count);
    free(entries);
    return true;
}

void conform_board_clear(struct conform_board *board) {
    free(board->cells);
    *board = (struct conform_board){0};
}

const struct conform_result *const *conform_board_row(const struct conform_board *board,
                                                      size_t row) {
    return board->cells + row * board->run_count;
}

const struct conform_case *conform_board_case(const struct conform_board *board, size_t row) {
    const struct conform_result *const *cells = conform_board_row(board, row);
    size_t run = 0;
    while (cells[run] == NULL) {
        run++;
    }
    return cells[run]->test;
}

size_t conform_board_group_end(const struct conform_board *board, size_t begin) {
    const char *id = conform_board_case(board, begin)->group->id;
    size_t end = begin + 1;
    while (end < board->row_count && strcmp(conform_board_case(board, end)->group->id, id) == 0) {
        end++;
    }
    return end;
}
