/* SPDX-License-Identifier: MIT
 *
 * Every limit and time-out in one struct, safe as it comes.
 */
#ifndef WHY_OPTIONS_H
#define WHY_OPTIONS_H

#include "whysocket/api.h"
#include "whysocket/host.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

WHY_BEGIN_DECLS

/* Start from why_options_default(). Borrowed by everything that is made with it, and outlives it
 * unchanged; many connections share one. Times are milliseconds; 0 switches a time-out or a rate
 * off. Of the other limits 0 is a limit: UINT64_MAX and SIZE_MAX switch those off. */
struct why_options {
    size_t struct_size; /* set by why_options_default(): which version of this struct it is */
    const struct why_host *host; /* memory, randomness and time; borrowed */

    /* Messages */
    uint64_t message_len_max; /* bytes, after inflation, of streamed messages too; past it 1009 */
    bool stream_messages;     /* deliver pieces as they come, and join nothing */
    bool trust_own_text;      /* leave out the UTF-8 check of text that the program itself sends */
    size_t send_queue_max;    /* bytes; why_conn_send() answers WHY_ERR_FULL from there on, so that
                               * one message may pass it; 0: one message at a time */
    uint32_t
        control_rate_max; /* control and empty frames a second, over 10 seconds; past it 1008 */

    /* permessage-deflate (RFC 7692) */
    bool deflate;                   /* offer it, or accept it */
    bool deflate_keep_context;      /* keep our compressor's window between messages */
    bool deflate_peer_keep_context; /* let the peer keep its own (we hold the window) */
    uint8_t deflate_window_bits;    /* 9 to 15: ours, at most */
    uint8_t deflate_level;        /* zlib's, 1 to 9. Where no context is kept, an encoder of our own
                                   * takes whole messages of up to 64 KiB at levels 1 to 3, of up
                                   * to 8 KiB at levels 4 to 6: in less time, some longer */
    uint8_t deflate_memory_level; /* zlib's, 1 to 9 */
    size_t deflate_len_min;       /* bytes; shorter messages go out as they are */

    /* Opening handshake */
    size_t head_len_max;     /* bytes of a request's or response's head; past it 431 */
    uint32_t head_lines_max; /* header lines, at most 64; past it 431 */
    size_t target_len_max;   /* bytes of a request's target; past it 414 */

    /* Time */
    uint32_t name_timeout_ms;    /* client: until the name is resolved */
    uint32_t connect_timeout_ms; /* client: until TCP (and the proxy) has answered */
    uint32_t tls_timeout_ms;     /* either side: until TLS is up */
    uint32_t request_timeout_ms; /* server: until the request is whole */
    uint32_t upgrade_timeout_ms; /* client: until the 101; server: request to answer */
    uint32_t ping_interval_ms;   /* silence from the peer before we ping */
    uint32_t pong_timeout_ms;    /* from when our ping left, or while it cannot, from the last byte
                                  * that was taken, to anything from the peer; 1006, timeout.pong */
    uint32_t idle_timeout_ms;    /* without a byte of a message received, or a message sent; 1001,
                                  * timeout.idle */
    uint32_t close_timeout_ms;   /* for the whole close handshake, what is queued before the Close
                                  * included, until the socket is closed */
};

/* The defaults of the table in ARCHITECTURE.md. */
WHY_API struct why_options why_options_default(const struct why_host *host);

WHY_END_DECLS

#endif
