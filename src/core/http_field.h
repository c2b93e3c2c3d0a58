/* SPDX-License-Identifier: MIT
 *
 * The values of HTTP headers (RFC 9110 section 5.6): lists, tokens, numbers, hosts. All of it in
 * one pass, without allocation.
 */
#ifndef WHY_CORE_HTTP_FIELD_H
#define WHY_CORE_HTTP_FIELD_H

#include "whysocket/bytes.h"
#include "whysocket/handshake.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A terminated text as bytes. */
struct why_bytes why__bytes_of(const char *text);

bool why__bytes_are_equal(struct why_bytes a, struct why_bytes b);

/* A to Z being a to z. */
bool why__bytes_are(struct why_bytes bytes, const char *text);

/* Without the spaces and tabs around it. */
struct why_bytes why__bytes_trim(struct why_bytes bytes);

/* The header of that name; NULL if there is none.
 * count  how many there are; NULL where that does not matter */
const struct why_header *why__header_find(const struct why_http_head *head, const char *name,
                                          size_t *count);

/* Whether it has no byte that would end the line or the text (RFC 9110 section 5.5). */
bool why__is_field_value(struct why_bytes value);

/* Read one line "Name: value", its end taken off.
 * returns  false where it is not that */
bool why__header_read(struct why_bytes line, struct why_header *header);

/* Take the next element off a list; empty ones are passed over (section 5.6.1.2).
 * returns  false where there is no other */
bool why__list_next(struct why_bytes *list, struct why_bytes *element);

/* Whether one of the headers of that name lists this token, ASCII case ignored. */
bool why__header_lists(const struct why_http_head *head, const char *name, const char *token);

/* A host with its port, as Host and Origin have it. */
struct why__authority {
    struct why_bytes host; /* a name, an IPv4 address, or an IPv6 address in its brackets */
    uint16_t port;         /* 0: none was given */
};

/* Read host [":" port] (RFC 3986 section 3.2, without what no URL of ws:// needs: user names,
 * percent signs, addresses of the future). A name is at most 253 bytes.
 * returns  false where it is not that */
bool why__authority_read(struct why_bytes text, struct why__authority *authority);

#endif
