/* SPDX-License-Identifier: MIT
 *
 * A session from inside. It is made before there is a connection, carries the stream through the
 * handshakes, in its owner's hands (a server's opening, a client's attempt), and then runs the
 * WebSocket on it by itself.
 *
 *     new -> attach session->stream, with the owner's own ops -> open -> ... on_close, on_gone
 *                                                          \-> end (a client's on_close)
 *                                                          \-> drop (no callback)
 */
#ifndef WHY_NET_SESSION_H
#define WHY_NET_SESSION_H

#include "core/conn_state.h"
#include "net/address.h"
#include "net/loop.h"
#include "net/stream.h"
#include "whysocket/conn.h"
#include "whysocket/options.h"
#include "whysocket/server.h"
#include "whysocket/session.h"

#include <stdbool.h>
#include <stdint.h>

/* Whoever owns sessions; embedded in it. One is shared by all that are alike. */
struct why__session_owner {
    struct why_loop *loop; /* its sessions' streams are at home here, see why__session_owner() */
    const struct why_options *options;
    enum why_role role;
    enum why_full when_full;

    /* Add what the owner knows of this session (timings of the steps before it, say). NULL: none.
     */
    void (*report)(const struct why_session *session, struct why_record *record);

    /* It ended and the program was told: take it off your list. Its memory goes at the end of the
     * turn, by itself. */
    void (*on_gone)(struct why_session *session);
};

struct why_session {
    struct why__stream stream; /* first: a stream's callbacks get at the session */
    const struct why_session_handler *handler;
    void *user;
    struct why_session *next, *prev; /* the owner's list */
    uint32_t http_us;                /* how long the handshake took; WHY_NO_TIME: there was none */
    struct why__address peer;
    struct why_conn conn; /* without options until why__session_prepare() */
};

/* What an idle session costs is promised, see conn_state.h. */
_Static_assert(sizeof(void *) != 8 || sizeof(struct why_session) <= 256, "why_session grew");

static inline struct why__session_owner *why__session_owner(const struct why_session *session) {
    return WHY__CONTAINER(session->stream.home, struct why__session_owner, loop);
}

/* returns  NULL if out of memory. It is on no list and has no socket */
struct why_session *why__session_new(struct why__session_owner *owner,
                                     const struct why_session_handler *handler, void *user);

static inline bool why__session_has_conn(const struct why_session *session) {
    return session->conn.options != NULL;
}

/* Make its connection, as why_conn_new() with the owner's options and role. False if out of memory.
 */
WHY_MUST_USE bool why__session_prepare(struct why_session *session,
                                       const struct why_deflate_params *deflate);

/* The handshake is done, all of its output sent, and the connection made. Calls on_open; then input
 * that is held, or that the running on_data leaves, goes to the session. */
void why__session_open(struct why_session *session, const struct why_http_head *head);

/* It ends without having been opened: calls on_close with `record`, then on_gone. */
void why__session_end(struct why_session *session, const struct why_record *record);

/* It ends without having been opened, and without a word. */
void why__session_drop(struct why_session *session);

/* Cut an open session: on_close (not where `quiet`), then on_gone. */
void why__session_cut(struct why_session *session, enum why_cause cause, bool quiet);

#endif
