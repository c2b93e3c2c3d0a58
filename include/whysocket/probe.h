/* SPDX-License-Identifier: MIT
 *
 * Probes: where one connection cannot tell why it failed, further ones are made, each to answer a
 * question. Only a client that asks for them makes them (client.h).
 */
#ifndef WHY_PROBE_H
#define WHY_PROBE_H

#include "whysocket/api.h"
#include "whysocket/record.h"

#include <stdint.h>

WHY_BEGIN_DECLS

enum why_probe_policy {
    WHY_PROBE_POLICY_NONE, /* the first connection has to do */
    WHY_PROBE_POLICY_AUTO, /* what it takes, at most WHY_PROBES_MAX */
    WHY_PROBE_POLICY_ALL,  /* PROXY_PROTOCOL too, which writes a line that is no TLS to the peer */
};

#define WHY_PROBES_MAX 4 /* beyond the first connection */

/* X(name, id); ids never change their meaning. Each is a new connection to the address of the
 * first, by way of the same proxy. None sends the request's headers, path or query. */
#define WHY_PROBE_MAP(X)                                                                           \
    X(NONE, "none")                                                                                \
    /* A ClientHello made by hand: every version from TLS 1.0 on, every cipher and group; */       \
    X(EVERYTHING, "everything")                                                                    \
    X(OUR_VERSIONS, "our_versions")     /* the same, of no newer version than ours; */             \
    X(NO_NAME, "no_name")               /* as the first, without a server name; */                 \
    X(H2, "h2")                         /* as the first, for HTTP/2 alone; */                      \
    X(SMALL_HELLO, "small_hello")       /* one as small as can be; */                              \
    X(TLS, "tls")                       /* the first of them, where ws:// was asked for. */        \
    X(PLAIN_HTTP, "plain_http")         /* GET / with an upgrade to a WebSocket, without TLS */    \
    X(SILENCE, "silence")               /* nothing is sent */                                      \
    X(PROXY_PROTOCOL, "proxy_protocol") /* the PROXY protocol's line, then EVERYTHING */           \
    /* A whole handshake without a server name: which certificate comes then? */                   \
    X(DEFAULT_CERTIFICATE, "default_certificate")                                                  \
    X(REPEAT, "repeat") /* the first handshake once more */

enum why_probe_kind {
#define X(name, id) WHY_PROBE_##name,
    WHY_PROBE_MAP(X)
#undef X
    WHY_PROBE_COUNT
};

WHY_API const char *why_probe_name(enum why_probe_kind kind);

/* How a probe's connection ended. */
#define WHY_PROBE_END_MAP(X)                                                                       \
    X(ANSWERED, "answered") /* enough came to tell, by which it was ended */                       \
    X(FIN, "fin")                                                                                  \
    X(RESET, "reset")                                                                              \
    X(TIMEOUT, "timeout")       /* its time is over, the connection stands */                      \
    X(NO_CONNECT, "no_connect") /* it did not even come about: nothing is learnt */

enum why_probe_end {
#define X(name, id) WHY_PROBE_END_##name,
    WHY_PROBE_END_MAP(X)
#undef X
};

WHY_API const char *why_probe_end_name(enum why_probe_end end);

/* One probe, as it ends. */
struct why_probe {
    enum why_probe_kind kind; /* why it was made: why_probe_reason() */
    enum why_probe_end end;
    uint32_t us;      /* from its beginning to its end */
    const char *what; /* the fact, in English: "TLS 1.2, TLS_RSA_WITH_RC4_128_SHA" */
    const struct why_detail_parts *parts; /* of it, for why_text_append_detail() */
};

WHY_END_DECLS

#endif
