/* SPDX-License-Identifier: MIT
 *
 * The enums of the knowledge as ids for machines, and what the texts of several places have in
 * common.
 */
#ifndef WHY_WHY_WORDS_H
#define WHY_WHY_WORDS_H

#include "why/json.h"
#include "whysocket/explain.h"

/* Stable, for JSON: "registered", "back_off", "senders", "chrome". */
const char *why__status_id(enum why_code_status status);
const char *why__retry_id(enum why_retry retry);
const char *why__facet_id(enum why_facet facet);
const char *why__client_id(enum why_client_kind kind);

/* English, for why_translate(): whether to connect again, as a sentence. */
const char *why__retry_text(enum why_retry retry);

/* English, for why_translate(): "peer", "this side". */
const char *why__side_word(enum why_side side);

/* Append the address of a reference such as "RFC 6455 section 7.4.1"; nothing where it has none. */
void why__append_reference_url(struct why_text *text, const char *reference);

/* Append "1007" or "4000-4999". */
void why__append_code_range(struct why_text *text, uint16_t first, uint16_t last);

/* Append how each side mends the cause, a line each; nothing where the fix says it all. */
void why__append_sides(struct why_text *text, const struct why_cause_info *info,
                       enum why_lang lang);

/* The same as the members "fix_server" and "fix_client"; null where there is nothing. */
void why__json_sides(struct why__json *json, const struct why_cause_info *info, enum why_lang lang);

#endif
