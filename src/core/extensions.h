/* SPDX-License-Identifier: MIT
 *
 * Sec-WebSocket-Extensions: its grammar (RFC 6455 section 9.1) as an iterator, and on it the
 * negotiation of permessage-deflate (RFC 7692 section 7.1), both roles.
 */
#ifndef WHY_CORE_EXTENSIONS_H
#define WHY_CORE_EXTENSIONS_H

#include "whysocket/bytes.h"
#include "whysocket/conn.h"
#include "whysocket/options.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum why__extension_item {
    WHY__EXTENSION_NAME,  /* an extension begins */
    WHY__EXTENSION_PARAM, /* a parameter of the one that began last */
    WHY__EXTENSION_END,
    WHY__EXTENSION_BAD, /* not the grammar; `at` is the offset of the byte that is wrong */
};

/* Reads one value from front to back: `at` never goes back, and every call moves it on or is the
 * last. */
struct why__extension_iterator {
    struct why_bytes text;
    size_t at;
    bool in_extension;

    struct why_bytes name;  /* of the extension, or of the parameter */
    bool has_value;         /* PARAM */
    struct why_bytes value; /* as it stands; between its quotes, with its backslashes, if quoted */
};

void why__extension_iterator_init(struct why__extension_iterator *iterator, struct why_bytes text);
enum why__extension_item why__extension_next(struct why__extension_iterator *iterator);

/* Server: read one header of offers, and accept the first that can be accepted, unless `agreed`
 * holds one already. Unknown extensions, and offers with parameters that are unknown, doubled or
 * out of range, are declined (RFC 7692 section 7.1).
 *
 * options   the program's wishes; all offers are declined without options.deflate
 * error_at  set to the offset of what is wrong, on false
 * returns   false where the header is not the grammar */
bool why__extensions_accept(struct why_bytes value, const struct why_options *options,
                            struct why_deflate_params *agreed, size_t *error_at);

/* The answer that `agreed` stands for, or the client's offer for `options`, is at most this. */
#define WHY__EXTENSIONS_TEXT_MAX 160

/* Server: write the answer.
 * returns  its length; 0: no header */
size_t why__extensions_answer(const struct why_deflate_params *agreed,
                              char out[WHY__EXTENSIONS_TEXT_MAX]);

/* Client: write the offer.
 * returns  its length; 0: no header */
size_t why__extensions_offer(const struct why_options *options, char out[WHY__EXTENSIONS_TEXT_MAX]);

/* Client: check the answer to that offer (section 7.1: all in it must have been asked for, in
 * range, and once).
 *
 * agreed    set on NULL being returned
 * error_at  offset of what is wrong, else
 * returns   NULL where it is right, else what is wrong in words */
const char *why__extensions_check(struct why_bytes value, const struct why_options *options,
                                  struct why_deflate_params *agreed, size_t *error_at);

#endif
