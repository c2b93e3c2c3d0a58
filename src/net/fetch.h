/* SPDX-License-Identifier: MIT
 *
 * One HTTP exchange, bounded in time and size: a GET, or a POST with a body, and its answer whole.
 * http alone, no cookies, no redirects of its own, a connection for each.
 */
#ifndef WHY_NET_FETCH_H
#define WHY_NET_FETCH_H

#include "core/http_body.h"
#include "core/http_head.h"
#include "net/dial.h"
#include "net/loop.h"
#include "net/proxy.h"
#include "net/stream.h"
#include "net/url.h"
#include "whysocket/bytes.h"
#include "whysocket/options.h"
#include "whysocket/record.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WHY__FETCH_LOCATION_MAX 1024

/* Embedded; start from all zeroes. The first group is the owner's to set, and all of it is borrowed
 * until on_done. */
struct why__fetch {
    struct why_loop *loop;
    const struct why_options *options; /* memory, and what a head may have */
    const struct why__url *url;        /* of why__fetch_read_url() */
    const struct why__url *proxy;      /* NULL: none */
    const struct why__addresses
        *pinned;              /* of the URL's host, instead of asking; NULL, empty: ask */
    struct why_bytes body;    /* of a POST; empty: a GET */
    const char *content_type; /* of the body */
    size_t len_max;           /* bytes of the answer's body */
    uint32_t timeout_ms;      /* for all of it, the name too; not 0 */
    /* It is over; the last callback. Memory stays until the loop's turn has ended; then
     * why__fetch_clear(). */
    void (*on_done)(struct why__fetch *fetch);

    /* The result. */
    uint16_t status;                            /* 0: no answer that could be understood */
    char problem[200];                          /* why there is no answer; "" where it is whole:
                                                 * a 200, or a redirect with its location */
    struct why_detail_parts problem_parts;      /* of it */
    char location[WHY__FETCH_LOCATION_MAX + 1]; /* of a redirect, as it came: ASCII */
    uint8_t *answer;                            /* of a 200 */
    size_t answer_len;

    /* Private. */
    struct why__dial dial;
    struct why__stream stream;
    struct why__proxy talk; /* SOCKS */
    struct why__timer timer;
    struct why_record record; /* of dialling, and of the talk */
    struct why__http_parser parser;
    struct why__body framing;
    unsigned interim_count;
    bool has_head;
    bool is_over;
    char *request;
    size_t request_at, request_len;
    char target[WHY__HOST_LEN_MAX + 1]; /* what a SOCKS proxy is asked for */
};

/* Take an http URL apart; with users and fragments it is refused, as are all other schemes.
 * error    a clause
 * returns  WHY_OK, WHY_ERR_ARGUMENT */
WHY_MUST_USE int why__fetch_read_url(struct why__url *url, const char *text, char *error,
                                     size_t error_size);

/* Where a redirect leads to: an absolute http URL, or a path on the same host (RFC 9110 section
 * 10.2.2). returns  false for anything else, or where it does not fit */
bool why__fetch_follow(const struct why__url *from, const char *location, char *out, size_t size);

/* Begin. on_done can come from inside this call. */
void why__fetch_start(struct why__fetch *fetch);

/* End it, without a callback where it is under way, and free what it holds. */
void why__fetch_clear(struct why__fetch *fetch);

#endif
