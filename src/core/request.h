/* SPDX-License-Identifier: MIT
 *
 * What a server asks of a request whose grammar is right (RFC 6455 section 4.2.1).
 */
#ifndef WHY_CORE_REQUEST_H
#define WHY_CORE_REQUEST_H

#include "base/mark.h"
#include "whysocket/handshake.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* X(name, cause, status, what is wrong, how to mend it)
 * The first ones are the parser's, which has its own words for what is wrong. */
#define WHY__REFUSAL_MAP(X)                                                                        \
    X(MALFORMED, MALFORMED, 400, "", "Send a request as RFC 9112 has it, lines ending in CR LF.")  \
    X(HTTP_VERSION, MALFORMED, 505, "", "Send the request as HTTP/1.1.")                           \
    X(TOO_LARGE, TOO_LARGE, 431, "", "Send fewer or shorter headers; cookies are the usual ones.") \
    X(TARGET_TOO_LONG, TARGET_TOO_LONG, 414, "",                                                   \
      "Send what is so long as a message, after the WebSocket is open.")                           \
    X(METHOD, METHOD, 405, N_("the method is not GET"),                                            \
      "A WebSocket is opened with GET; beside it GET and HEAD are answered.")                      \
    X(HOST_MISSING, HOST, 400, N_("there is no Host header"),                                      \
      "Send Host, with the name and port of this server.")                                         \
    X(HOST_DOUBLED, HOST, 400, N_("there is more than one Host header"), "Send Host once.")        \
    X(HOST_BAD, HOST, 400, N_("Host is neither a name nor an address"),                            \
      "Send Host as name, name:port or [IPv6]:port.")                                              \
    X(CONTENT_LENGTH_BAD, BODY, 400, N_("Content-Length is not one number"),                       \
      "Send Content-Length once and as digits, or leave it out.")                                  \
    X(BODY, BODY, 400, N_("the request announces a body"),                                         \
      "Leave out Content-Length and Transfer-Encoding; send data as messages.")                    \
    X(UPGRADE_MISSING, UPGRADE, 426, N_("Upgrade does not say websocket"),                         \
      "Send Upgrade: websocket. A proxy in between has to pass it on; in nginx, proxy_set_header " \
      "Upgrade $http_upgrade.")                                                                    \
    X(UPGRADE_LIST, UPGRADE, 426, N_("Upgrade asks for more than websocket"),                      \
      "Send Upgrade: websocket and nothing beside it.")                                            \
    X(CONNECTION, UPGRADE, 426, N_("Connection does not say Upgrade"),                             \
      "Send Connection: Upgrade. A proxy in between has to set it; in nginx, proxy_set_header "    \
      "Connection \"upgrade\".")                                                                   \
    X(VERSION_DOUBLED, VERSION, 400, N_("there is more than one Sec-WebSocket-Version header"),    \
      "Send Sec-WebSocket-Version: 13 once.")                                                      \
    X(VERSION, VERSION, 426, N_("Sec-WebSocket-Version is not 13"),                                \
      "Send Sec-WebSocket-Version: 13; there is no other version in use.")                         \
    X(KEY_MISSING, KEY, 400, N_("there is no Sec-WebSocket-Key header"),                           \
      "Send Sec-WebSocket-Key: 16 random bytes in Base64.")                                        \
    X(KEY_DOUBLED, KEY, 400, N_("there is more than one Sec-WebSocket-Key header"),                \
      "Send Sec-WebSocket-Key once.")                                                              \
    X(KEY_BAD, KEY, 400, N_("Sec-WebSocket-Key is not 16 bytes in Base64"),                        \
      "Send 16 random bytes in Base64: 24 characters, == at the end.")                             \
    X(ORIGIN_DOUBLED, ORIGIN, 403, N_("there is more than one Origin header"),                     \
      "Send Origin once.")                                                                         \
    X(ORIGIN, ORIGIN, 403, N_("this Origin is not let in"),                                        \
      "Let the page come from this server's own name, or add its origin to those that the server " \
      "lets in.")                                                                                  \
    X(EXTENSIONS, EXTENSIONS, 400, N_("Sec-WebSocket-Extensions is malformed"),                    \
      "Write it as RFC 6455 section 9.1 has it, or leave it out.")                                 \
    X(SUBPROTOCOLS, SUBPROTOCOLS, 400, N_("Sec-WebSocket-Protocol is not a list of tokens"),       \
      "Send names without spaces, with commas between them.")                                      \
    X(SUBPROTOCOL_TWICE, SUBPROTOCOLS, 400, N_("Sec-WebSocket-Protocol has a name twice"),         \
      "Send each name once.")                                                                      \
    X(SUBPROTOCOLS_MANY, SUBPROTOCOLS, 431, N_("Sec-WebSocket-Protocol has more than 64 names"),   \
      "Offer fewer.")

enum why__refusal {
    WHY__REFUSAL_NONE,
#define X(name, cause, status, detail, mend) WHY__REFUSAL_##name,
    WHY__REFUSAL_MAP(X)
#undef X
};

/* Comparing each with each is bounded by this. */
#define WHY__SUBPROTOCOLS_MAX 64

/* What a good request asks for; all of it points into its head. */
struct why__request {
    bool is_upgrade;
    struct why_bytes key;
    struct why_deflate_params deflate;
    size_t subprotocol_count;
    struct why_bytes subprotocols[WHY__SUBPROTOCOLS_MAX];

    const struct why_header *refused_header; /* which header a refusal is about; NULL for none */
    const uint8_t *refused_at;
};

/* Look at all of it, in the order of the table.
 * request  set, as far as the look went
 * returns  WHY__REFUSAL_NONE where it is a good request */
enum why__refusal why__request_check(const struct why_http_head *head,
                                     const struct why_options *options,
                                     const struct why_origin_policy *policy,
                                     struct why__request *request);

#endif
