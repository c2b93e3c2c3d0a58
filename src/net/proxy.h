/* SPDX-License-Identifier: MIT
 *
 * The talk with a proxy until it has opened the way: HTTP CONNECT (RFC 9110 section 9.3.6) or
 * SOCKS5 (RFC 1928, RFC 1929). Bytes in, bytes out, no I/O.
 */
#ifndef WHY_NET_PROXY_H
#define WHY_NET_PROXY_H

#include "base/say.h"
#include "net/url.h"
#include "whysocket/bytes.h"
#include "whysocket/record.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Of the line that says who we are; its parts are bounded by url.h. */
#define WHY__PROXY_AUTHORIZATION_SIZE 800
#define WHY__PROXY_HEAD_LEN_MAX 8192 /* of an HTTP proxy's answers, interim ones included */

enum why__proxy_status {
    WHY__PROXY_READING, /* send the output, feed more input */
    WHY__PROXY_DONE,    /* the way is open; what is left of the input is the target's */
    WHY__PROXY_FAILED,  /* the report says why */
};

enum why__socks_step {
    WHY__SOCKS_METHOD,
    WHY__SOCKS_AUTH,
    WHY__SOCKS_REPLY,
};

/* In place; nothing in it needs to be freed. Private to proxy*.c. */
struct why__proxy {
    enum why__proxy_status status;
    const struct why__url *via; /* borrowed */
    const char *host;           /* borrowed: the target */
    uint16_t port;
    size_t output_at, output_len;
    uint8_t output[2048];

    size_t head_len, line_len; /* HTTP: bytes of the head, and of its last line, so far */
    size_t interim_len;        /* HTTP: bytes of the heads before this one */
    enum why__socks_step step;
    size_t answer_len; /* SOCKS: bytes of the step's answer so far */
    uint8_t answer[262];

    enum why_cause cause;
    char detail[200];
    struct why_detail_parts detail_parts;
    struct why__say say; /* FAILED: of the detail, to add to it */
    struct why_http_evidence evidence;
};

/* Begin; the first output is there after it.
 *
 * via         the proxy; its scheme says how to talk; borrowed until the end
 * host, port  the target: a name or an address without brackets; borrowed until the end */
void why__proxy_begin(struct why__proxy *proxy, const struct why__url *via, const char *host,
                      uint16_t port);

/* Take the proxy's bytes.
 * input  borrowed; advanced past what is the proxy's and not a byte further */
enum why__proxy_status why__proxy_receive(struct why__proxy *proxy, struct why_bytes *input);

/* The proxy ended its stream: FAILED, with proxy.closed unless it had failed before. */
void why__proxy_eof(struct why__proxy *proxy);

struct why_bytes why__proxy_output(const struct why__proxy *proxy);
void why__proxy_output_consumed(struct why__proxy *proxy, size_t len);

/* FAILED: write cause, detail, and what the proxy answered. */
void why__proxy_report(const struct why__proxy *proxy, struct why_record *record);

/* The line of an HTTP request that says who we are to the proxy, with its CR LF, terminated. `via`
 * has a user. */
void why__proxy_authorization(const struct why__url *via, char out[WHY__PROXY_AUTHORIZATION_SIZE]);

/* ---- Between proxy*.c ---- */

void why__proxy_fail(struct why__proxy *proxy, enum why_cause cause, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Keep what came instead of an answer that makes sense. */
void why__proxy_keep_body(struct why__proxy *proxy, const uint8_t *data, size_t len);
void why__proxy_http_begin(struct why__proxy *proxy);
void why__proxy_http_receive(struct why__proxy *proxy, struct why_bytes *input);
void why__proxy_socks_begin(struct why__proxy *proxy);
void why__proxy_socks_receive(struct why__proxy *proxy, struct why_bytes *input);

#endif
