/* SPDX-License-Identifier: MIT
 *
 * Text in XML and HTML, and the parts of reports that are written in more than one of them.
 */
#ifndef WHY_CONFORM_MARKUP_H
#define WHY_CONFORM_MARKUP_H

#include "conform/result.h"
#include "whysocket/explain.h"

/* Append `words` so that it stands for itself, in an element or between double quotes. What is no
 * UTF-8, and what XML cannot hold, becomes U+FFFD. */
void conform_markup_append(struct why_text *text, const char *words);

/* name="words", with a space before it. */
void conform_attribute_append(struct why_text *text, const char *name, const char *words);

/* A failed case in plain text: clause, what was expected and came, the bytes, what runs it. */
void conform_transcript_append(const struct conform_run *run, const struct conform_result *result,
                               struct why_text *text);

#endif
