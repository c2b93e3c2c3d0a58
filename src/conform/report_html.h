/* SPDX-License-Identifier: MIT
 *
 * What the parts of the page have in common.
 */
#ifndef WHY_CONFORM_REPORT_HTML_H
#define WHY_CONFORM_REPORT_HTML_H

#include "conform/board.h"
#include "whysocket/explain.h"

/* One case: the verdict of each run, and what was found, side by side. */
void conform_html_case(const struct conform_board *board, size_t row, enum why_lang lang,
                       struct why_text *text);

#endif
