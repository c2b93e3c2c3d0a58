/* SPDX-License-Identifier: MIT
 *
 * Two close codes compared, field by field of the table of codes: nothing is said here of a pair
 * that the table does not say of one of the two.
 */
#ifndef WHY_WHY_COMPARE_H
#define WHY_WHY_COMPARE_H

#include "whysocket/explain.h"

#include <stddef.h>
#include <stdint.h>

/* Which of the two a program may put into a Close frame. */
enum why__choice {
    WHY__CHOICE_BOTH,
    WHY__CHOICE_FIRST,
    WHY__CHOICE_SECOND,
    WHY__CHOICE_NEITHER,
};

struct why__comparison {
    uint16_t codes[2];
    const struct why_code_info *infos[2]; /* the same one twice if both lie in one range */
    enum why_facet shared[WHY_FACET_COUNT];
    size_t shared_count;
    enum why_facet differing[WHY_FACET_COUNT];
    size_t differing_count;
    enum why__choice choice;
};

void why__compare(uint16_t first, uint16_t second, struct why__comparison *comparison);

/* As headings and paragraphs, in the form of why_record_write_text(). */
void why__comparison_write_text(const struct why__comparison *comparison, enum why_lang lang,
                                struct why_text *text);

/* As one JSON object on one line, as docs/compare.schema.json describes. */
void why__comparison_write_json(const struct why__comparison *comparison, enum why_lang lang,
                                struct why_text *text);

#endif
