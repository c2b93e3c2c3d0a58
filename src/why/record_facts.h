/* SPDX-License-Identifier: MIT
 *
 * What a close record knows, as sentences and as rows of evidence.
 */
#ifndef WHY_WHY_RECORD_FACTS_H
#define WHY_WHY_RECORD_FACTS_H

#include "why/json.h"
#include "whysocket/explain.h"

/* Where 1007 found what, and what is wrong with it: one sentence. */
void why__record_utf8_fact(const struct why_record *record, enum why_lang lang,
                           struct why_text *text);

/* What the bytes look like instead, and what to do then: one sentence, or nothing. */
void why__record_utf8_guess(const struct why_record *record, enum why_lang lang,
                            struct why_text *text);

/* The rows of evidence, each "  label   value\n"; nothing where nothing is known. */
void why__record_evidence(const struct why_record *record, enum why_lang lang,
                          struct why_text *text);

/* One row of the form above, its label padded; the value follows, and a new line by the caller. */
void why__record_row(struct why_text *text, const char *label);

/* What is no failure yet, as a section of its own; nothing where there is nothing. */
void why__record_notices(const struct why_record *record, enum why_lang lang,
                         struct why_text *text);

/* The same as the member "notices" of the object that is open. */
void why__record_notices_json(const struct why_record *record, enum why_lang lang,
                              struct why__json *json);

#endif
