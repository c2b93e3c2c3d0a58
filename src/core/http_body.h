/* SPDX-License-Identifier: MIT
 *
 * A response's body (RFC 9112 section 6): what of the bytes on the wire is its data, and where it
 * ends. The first of it are kept, as evidence of why an upgrade was refused.
 */
#ifndef WHY_CORE_HTTP_BODY_H
#define WHY_CORE_HTTP_BODY_H

#include "whysocket/bytes.h"
#include "whysocket/handshake.h"
#include "whysocket/record.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WHY__BODY_MAX sizeof(((struct why_http_evidence *)NULL)->body)

enum why__body_state {
    WHY__BODY_PLAIN,      /* `left` more bytes, or until the stream ends */
    WHY__BODY_CHUNK_SIZE, /* RFC 9112 section 7.1 */
    WHY__BODY_CHUNK_EXTENSION,
    WHY__BODY_CHUNK_SIZE_LF,
    WHY__BODY_CHUNK_DATA,
    WHY__BODY_CHUNK_CR,
    WHY__BODY_CHUNK_LF,
    WHY__BODY_DONE,
};

struct why__body {
    enum why__body_state state;
    uint64_t left;       /* PLAIN, CHUNK_DATA; CHUNK_SIZE: the size as far as it came */
    unsigned size_count; /* CHUNK_SIZE: its digits */
    bool until_end;      /* PLAIN: no length came, the end of the stream is its end */
    bool is_broken;      /* DONE: what came is no chunk */
    size_t len;
    char data[WHY__BODY_MAX];
};

/* Start behind this head. A length that cannot be read means: until the stream ends. */
void why__body_init(struct why__body *body, const struct why_http_head *head);

/* The next stretch of data, chunks unwrapped; it points into `input`, which is advanced past it.
 * Empty where all input is used, or the body has ended (state DONE); broken chunks end it. */
struct why_bytes why__body_next(struct why__body *body, struct why_bytes *input);

/* Take bytes, chunks unwrapped, until enough came or all did (state DONE). Broken chunks end it. */
void why__body_receive(struct why__body *body, struct why_bytes *input);

/* Take what fits, as it is, without a look at it. */
void why__body_take(struct why__body *body, struct why_bytes bytes);

#endif
