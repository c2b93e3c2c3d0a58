/* SPDX-License-Identifier: MIT
 *
 * Sentences with facts in them, in English, with what it takes to say them in another language:
 * which texts they are made of, and what was put into these. Nothing here knows a language.
 */
#ifndef WHY_BASE_SAY_H
#define WHY_BASE_SAY_H

#include "whysocket/record.h"

#include <stdarg.h>
#include <stddef.h>

struct why__say {
    char *text; /* always terminated */
    size_t size, len;
    struct why_detail_parts *parts; /* NULL: not wanted */
};

/* Begin with nothing said.
 *
 * text   borrowed until the end; cut where it is full
 * size   1 to 256
 * parts  borrowed until the end; NULL if not wanted */
void why__say_begin(struct why__say *say, char *text, size_t size, struct why_detail_parts *parts);

/* Begin to write a record's detail. */
struct why__say why__say_in(struct why_record *record);

/* Add a text: a string literal, which check-translations finds here and through N_(). It knows %s,
 * %.*s, %.20s, %d, %u with l, ll and z, and %%. What is put into it stays as it is in any language;
 * words of ours are texts of their own. */
__attribute__((format(printf, 2, 3))) void why__say(struct why__say *say, const char *format, ...);
__attribute__((format(printf, 2, 0))) void why__say_list(struct why__say *say, const char *format,
                                                         va_list list);

/* Add a text of a table, static and with no conversion but %s. words  one for each */
void why__say_words(struct why__say *say, const char *text, const char *const *words);
/* ... and with none. */
void why__say_text(struct why__say *say, const char *text);

/* Add what was said elsewhere. */
void why__say_again(struct why__say *say, const char *text, const struct why_detail_parts *parts);

/* The next conversion of such a text.
 *
 * at       where to look from; set to behind the conversion
 * returns  its first byte, the %; the end of the text where there is none. %% is one. */
const char *why__say_next(const char **at);

#endif
