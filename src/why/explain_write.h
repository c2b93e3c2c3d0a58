/* SPDX-License-Identifier: MIT
 *
 * An entry of the tables in words: a code, a cause or a notice, as text and as JSON. The text has
 * the form of why_record_write_text().
 */
#ifndef WHY_WHY_EXPLAIN_WRITE_H
#define WHY_WHY_EXPLAIN_WRITE_H

#include "why/json.h"
#include "whysocket/explain.h"

/* `info` is a code's entry; `code` one that it covers, or info->first where the whole of it is
 * meant. */
void why__code_write_text(uint16_t code, const struct why_code_info *info, enum why_lang lang,
                          struct why_text *text);
void why__code_write_json(struct why__json *json, uint16_t code, const struct why_code_info *info,
                          enum why_lang lang);

/* The causes that are reported with a code, in order. Begin with NONE; false after the last. */
bool why__code_next_cause(uint16_t code, enum why_cause *cause);

void why__cause_write_text(enum why_cause cause, enum why_lang lang, struct why_text *text);
void why__cause_write_json(struct why__json *json, enum why_cause cause, enum why_lang lang);

void why__notice_write_text(enum why_notice notice, enum why_lang lang, struct why_text *text);
void why__notice_write_json(struct why__json *json, enum why_notice notice, enum why_lang lang);

#endif
