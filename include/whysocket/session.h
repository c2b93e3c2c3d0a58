/* SPDX-License-Identifier: MIT
 *
 * A session: a connection in the runtime's hands, with its socket, its TLS and its deadlines. What
 * a client or a server gives to the program. It belongs to its loop's thread.
 */
#ifndef WHY_SESSION_H
#define WHY_SESSION_H

#include "whysocket/api.h"
#include "whysocket/bytes.h"
#include "whysocket/conn.h"
#include "whysocket/handshake.h"
#include "whysocket/prepared.h"
#include "whysocket/record.h"

WHY_BEGIN_DECLS

struct why_session;

/* What the program wants to know; any may be NULL. Every function of this header may be called from
 * inside any of them, on this session or on another. */
struct why_session_handler {
    /* The handshake is done. `head` is the peer's request or answer, valid during the call. */
    void (*on_open)(struct why_session *session, const struct why_http_head *head);

    /* A message, or a piece of one (event->type); its data is valid during the call. */
    void (*on_message)(struct why_session *session, const struct why_event *event);

    /* Ping, Pong and Close frames as they come; the answers to them are the engine's. */
    void (*on_control)(struct why_session *session, const struct why_event *event);

    /* The send queue, which had been full (WHY_ERR_FULL), has room again. */
    void (*on_writable)(struct why_session *session);

    /* It is over. The last call for this session, which is gone after it; comes for every session
     * that was opened, and for a client also where it never was: once an attempt. Not where
     * why_client_free() ended it. The record is valid during the call. */
    void (*on_close)(struct why_session *session, const struct why_record *record);
};

/* The program's own pointer; at first what why_answer.user says on a server, else NULL, and the
 * config's on a client. */
WHY_API void why_session_set_user(struct why_session *session, void *user);
WHY_API void *why_session_user(const struct why_session *session);

/* As why_conn_send(), _ping(), _close(). What is sent within one turn of the loop leaves in one
 * system call. WHY_SEND_BORROWED data has to stay until the callback returns that sends it; outside
 * of one of this session's own callbacks it is copied. After WHY_ERR_FULL on_writable comes, unless
 * a server's `when_full` closes the session. Before on_open, and in on_close, WHY_ERR_STATE. */
WHY_API WHY_MUST_USE int why_session_send(struct why_session *session, enum why_opcode opcode,
                                          struct why_bytes data, unsigned flags);
WHY_API WHY_MUST_USE int why_session_ping(struct why_session *session, struct why_bytes payload);
WHY_API WHY_MUST_USE int why_session_close(struct why_session *session, uint16_t code,
                                           struct why_bytes reason);

/* As why_conn_send_prepared(), and else as why_session_send(). */
WHY_API WHY_MUST_USE int why_session_send_prepared(struct why_session *session,
                                                   struct why_prepared *prepared);

/* Send prepared messages, in their order, to many sessions of one loop: as
 * why_session_send_prepared() to each, but at once, not at the end of the turn. Where a session has
 * nothing else to send they go to the kernel from where they lie, all of them in one call; on
 * io_uring that is one call for many sessions. What a socket does not take stays queued as a
 * reference: a slow peer holds up nobody.
 *
 * sessions  of one loop; a session may be inside a callback, and is none that on_close was called
 * for results   NULL, or room for `count`: what why_session_send_prepared() answered for each
 * session, for the first message that was refused; those after it were not tried */
WHY_API void why_session_broadcast(struct why_session *const *sessions, size_t count,
                                   struct why_prepared *const *messages, size_t message_count,
                                   int *results);

/* As why_conn_fail(): for a program that finds the peer at fault, or itself. */
WHY_API void why_session_fail(struct why_session *session, enum why_cause cause,
                              const char *detail);

/* Stop reading from the peer, and go on: back-pressure, for a program whose own output is full.
 * While an open session is paused the peer is not late with anything, and its Close waits unread.
 */
WHY_API void why_session_pause(struct why_session *session);
WHY_API void why_session_resume(struct why_session *session);

WHY_API size_t why_session_queued(const struct why_session *session); /* bytes not yet sent */
WHY_API struct why_loop *why_session_loop(const struct why_session *session);

/* What is known so far: counters, times, the peer's address, TLS. `record` is initialised here. */
WHY_API void why_session_report(const struct why_session *session, struct why_record *record);

WHY_END_DECLS

#endif
