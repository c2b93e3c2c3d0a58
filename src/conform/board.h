/* SPDX-License-Identifier: MIT
 *
 * Runs side by side: a row for each case, a column for each run.
 */
#ifndef WHY_CONFORM_BOARD_H
#define WHY_CONFORM_BOARD_H

#include "conform/result.h"
#include "whysocket/api.h"

#include <stdbool.h>
#include <stddef.h>

struct conform_board {
    const struct conform_run *runs; /* borrowed */
    size_t run_count;
    const struct conform_result **cells; /* row by row; NULL: that run has no such case */
    size_t row_count;
};

/* returns  false if out of memory; the board is empty then */
WHY_MUST_USE bool conform_board_init(struct conform_board *board, const struct conform_run *runs,
                                     size_t run_count);
void conform_board_clear(struct conform_board *board);

/* A row's cells, one for each run. */
const struct conform_result *const *conform_board_row(const struct conform_board *board,
                                                      size_t row);

/* The case of a row, as the first run has it that has it. */
const struct conform_case *conform_board_case(const struct conform_board *board, size_t row);

/* Where the rows end that are of the same group as `begin`. */
size_t conform_board_group_end(const struct conform_board *board, size_t begin);

#endif
