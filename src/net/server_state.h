/* SPDX-License-Identifier: MIT
 *
 * The server from inside: what server.c and server_opening.c share.
 */
#ifndef WHY_NET_SERVER_STATE_H
#define WHY_NET_SERVER_STATE_H

#include "net/listener.h"
#include "net/loop.h"
#include "net/session.h"
#include "whysocket/server.h"

struct why_server {
    struct why__session_owner owner;
    const struct why_server_config *config;
    struct why__listener *listeners;
    struct why_session *openings; /* rings by session->next */
    struct why_session *sessions;
    struct why_session *leaving; /* those that were told to, by why_server_stop() */
    uint32_t connection_count, connection_max;
    bool is_accepting;
    bool is_stopping;
    bool is_freed;
    struct why__timer retry;    /* accepting, after the system had no descriptor left */
    struct why__timer deadline; /* of why_server_stop() */
    struct why__timer leave;    /* when the next session has to */
    uint64_t leave_begin_ms, leave_span_ms;
    uint32_t leave_count, leave_done; /* sessions at the beginning, told so far */
    struct why__task task;            /* done, then the memory */
    void (*done)(void *user);
    struct why_server_stats stats;
};

/* Lead a connection through TLS and HTTP. Takes `session`, which is attached to nothing, `fd`, and
 * `tls` (NULL: plain); false: out of memory or watches, they are the caller's still. */
WHY_MUST_USE bool why__opening_begin(struct why_server *server, struct why_session *session, int fd,
                                     struct why__tls *tls);

/* End one that is not a session yet. */
void why__opening_cut(struct why_session *session);

/* Tell the program of a connection that ended before it was a session. */
void why__server_refused(struct why_server *server, const struct why_record *record);

/* One connection less. */
void why__server_released(struct why_server *server);

void why__ring_add(struct why_session **ring, struct why_session *session);
/* Nothing where it is on none. */
void why__ring_remove(struct why_session **ring, struct why_session *session);

#endif
