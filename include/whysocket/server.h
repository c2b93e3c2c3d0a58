/* SPDX-License-Identifier: MIT
 *
 * A server: listening sockets on a loop, TLS, opening handshakes, sessions. For more cores run one
 * loop and one server a thread on the same addresses: SO_REUSEPORT shares them out.
 */
#ifndef WHY_SERVER_H
#define WHY_SERVER_H

#include "whysocket/api.h"
#include "whysocket/handshake.h"
#include "whysocket/loop.h"
#include "whysocket/options.h"
#include "whysocket/session.h"
#include "whysocket/tls_config.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

WHY_BEGIN_DECLS

struct why_server;

/* What to do with a session whose send queue is at its limit. The send that finds it so is answered
 * with WHY_ERR_FULL in any case, and its message is not sent. */
enum why_full {
    WHY_FULL_PAUSE, /* stop reading from the session that is full, until it has drained */
    WHY_FULL_DROP,  /* nothing: the program does without that message, or keeps it */
    WHY_FULL_CLOSE, /* close it with 1013, limit.send_queue */
};

/* How a request is answered. Filled by on_request, all zeroes before. */
struct why_answer {
    bool respond;                              /* with `response`, instead of 101 */
    const char *subprotocol;                   /* one of those offered, or NULL */
    const struct why_session_handler *handler; /* NULL: the config's */
    void *user;                                /* why_session_user() of the new session */
    struct why_http_response response;
};

/* Borrowed for the life of the server. */
struct why_server_config {
    const struct why_options *options;
    const struct why_origin_policy *origin; /* NULL: same origin */
    const struct why_session_handler *handler;
    enum why_full when_full;
    uint32_t connection_max; /* 0: what the limit of open files leaves, less 32 */
    bool join_ports; /* listen also where another server does: the second thread's and further
                      * ones. False: an address that anybody listens on is EADDRINUSE */
    void *user;      /* handed to the functions below */

    /* A request is whole and in order. NULL: upgrades are accepted, all else is 404. */
    void (*on_request)(void *user, const struct why_server_handshake *handshake,
                       struct why_answer *answer);

    /* A connection ended before it was a session: TLS or HTTP failed, or it was refused. Not called
     * for a plain request that was answered. */
    void (*on_refused)(void *user, const struct why_record *record);
};

/* returns  WHY_OK, WHY_ERR_NOMEM */
WHY_API WHY_MUST_USE int why_server_new(struct why_loop *loop,
                                        const struct why_server_config *config,
                                        struct why_server **out);

/* Listen on "127.0.0.1:9001", "[::1]:9001", "localhost:9001", ":9001" (any) or "unix:/path".
 * Port 0 takes a free one.
 *
 * tls      NULL: plain
 * error    NULL if not wanted
 * returns  WHY_OK: `error` is "", or a warning (the certificate has expired)
 *          WHY_ERR_ARGUMENT, WHY_ERR_SYSTEM (errno: EADDRINUSE, EACCES, ...), WHY_ERR_CONFIG,
 *          WHY_ERR_NOMEM, WHY_ERR_STATE (it is stopping): `error` names the thing and the mend,
 *          nothing changed, and others may be listened on still */
WHY_API WHY_MUST_USE int why_server_listen(struct why_server *server, const char *address,
                                           const struct why_tls_config *tls, char *error,
                                           size_t error_size);

/* Read the files of every TLS address again, for connections that come from now on; those that are
 * there keep what they began with. What an address had stays where its files have become bad.
 *
 * error    "", or the first trouble; a warning too
 * returns  WHY_OK, WHY_ERR_CONFIG, WHY_ERR_NOMEM */
WHY_API WHY_MUST_USE int why_server_reload(struct why_server *server, char *error,
                                           size_t error_size);

/* The addresses that it listens on, as "127.0.0.1:9001" with the port that was given; NULL past the
 * last. */
WHY_API const char *why_server_address(const struct why_server *server, size_t index);

/* Stop in order: no new connections; every session is closed with 1001, one after the other
 * within `jitter_ms`, so that not all clients come back at once; what is left at `deadline_ms` is
 * cut. `done` (NULL: nobody) is called when none is left, from a later turn of the loop. */
WHY_API void why_server_stop(struct why_server *server, uint32_t jitter_ms, uint32_t deadline_ms,
                             void (*done)(void *user));

/* Free it, cutting what is left: on_close and on_refused come for each, `done` does not. NULL is
 * allowed. Inside a callback too; then the options stay until the callback has returned. */
WHY_API void why_server_free(struct why_server *server);

struct why_server_stats {
    uint64_t accepted, refused, opened, closed;
    uint32_t open; /* sessions now */
};
WHY_API void why_server_stats(const struct why_server *server, struct why_server_stats *stats);

WHY_END_DECLS

#endif
