/* SPDX-License-Identifier: MIT
 *
 * A client: name, TCP, proxy, TLS, opening handshake, session; and again when that makes sense.
 */
#ifndef WHY_CLIENT_H
#define WHY_CLIENT_H

#include "whysocket/api.h"
#include "whysocket/loop.h"
#include "whysocket/options.h"
#include "whysocket/probe.h"
#include "whysocket/session.h"
#include "whysocket/tls_config.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

WHY_BEGIN_DECLS

struct why_client;

/* One step of the way, as it ends. */
struct why_step {
    enum why_layer layer; /* DNS, TCP, PROXY, TLS, HTTP */
    bool ok;
    uint32_t us;      /* how long it took */
    const char *what; /* the fact: "192.0.2.1, 192.0.2.2", "TLSv1.3, TLS_AES_256_GCM_SHA384" */
    const struct why_detail_parts *parts; /* of it, for why_text_append_detail(); or NULL */
};

/* How to connect again after the end of a session, or after a failure to get one: a random pause
 * between 0 and initial * 2^attempt ms, at most `max` (full jitter), where why_record_retry()
 * says WHY_RETRY_BACK_OFF. A session that lasted longer than the next pause can be is a success. */
struct why_reconnect {
    bool enabled;
    uint32_t initial_ms; /* 0: 500 */
    uint32_t max_ms;     /* 0: 30,000 */
    uint32_t attempts;   /* in a row without success; 0: without end */
};

/* Borrowed for why_client_connect() alone, but `options` and `handler`, which outlive the client.
 */
struct why_client_config {
    const char *url; /* ws://, wss:// (http and https mean the same), ws+unix:/path:/target; a user
                      * and password in it become an Authorization header */
    const struct why_options *options;
    const struct why_session_handler *handler;
    void *user; /* why_session_user() of its sessions */

    const char *origin;
    const char *const *subprotocols;
    size_t subprotocol_count;
    const char *const *headers; /* "Name: value" */
    size_t header_count;

    const struct why_tls_config *tls; /* NULL: the defaults */
    const struct why_client *like; /* wss, too, on the same loop: what it read of `tls` is shared,
                                    * and not read again, nor is this one's looked at; NULL: none */
    const char *proxy; /* "http://user:pass@host:port", "socks5://", "socks5h://"; NULL: none */
    const char *const *resolve; /* "host:port:address", instead of asking DNS for the URL's host */
    size_t resolve_count;
    struct why_reconnect reconnect;

    /* Further connections after an attempt that failed in a way that one cannot explain; on_close
     * comes after them, with what they came to. Each is bounded by the TLS timeout, and by 5 s. */
    enum why_probe_policy probe;

    void (*on_step)(void *user, const struct why_step *step);
    void (*on_probe)(void *user, const struct why_probe *probe);
    /* Another attempt will be made after this pause. */
    void (*on_reconnect)(void *user, const struct why_record *record, uint32_t pause_ms);
};

/* Begin to connect. The first callback comes from a later turn of the loop. Free the client with
 * why_client_free() in any case, also when no attempt follows any more.
 *
 * error    a text that names the part of the config that cannot be used; NULL if not wanted
 * returns  WHY_OK; WHY_ERR_ARGUMENT (url, header, proxy), WHY_ERR_CONFIG (TLS files),
 * WHY_ERR_NOMEM: nothing was begun, `error` is written */
WHY_API WHY_MUST_USE int why_client_connect(struct why_loop *loop,
                                            const struct why_client_config *config,
                                            struct why_client **out, char *error,
                                            size_t error_size);

/* End it at once, whatever it is at, without callbacks. To end in order, close its session; it is
 * freed with this all the same. Also from inside any callback; what the callback was given stays
 * readable until it returns. */
WHY_API void why_client_free(struct why_client *client);

/* The proxy that the usual environment asks for, out of a snapshot that the program takes:
 * for ws: ws_proxy, http_proxy, all_proxy; for wss: wss_proxy, https_proxy, all_proxy; lower case
 * first, then upper (but for http_proxy, which a CGI's peer can set); no_proxy: "*", suffixes,
 * addresses and networks as 10.0.0.0/8. Never for loopback and unix sockets, which no proxy can
 * reach for us.
 *
 * lookup    answers getenv()'s way
 * variable  set to the name of the variable that decided, or NULL
 * returns   the proxy, or NULL */
WHY_API const char *why_proxy_for(const char *url, const char *(*lookup)(const char *name),
                                  const char **variable);

WHY_END_DECLS

#endif
