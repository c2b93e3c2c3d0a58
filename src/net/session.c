/* SPDX-License-Identifier: MIT
 *
 * The session: pumps bytes between a stream and a connection, hands events to the program, keeps
 * the deadlines, and tells of the end once.
 *
 * Nothing that the program may call ends a session there and then: it marks what has changed, and
 * the stream's task at the end of the turn does the rest. So every function may be called inside
 * every callback. Only an owner that is freed cuts at once; then the memory still stays for the
 * rest of the turn.
 */
#include "net/session.h"

#include "base/apart.h"
#include "core/conn_short.h"
#include "whysocket/close_code.h"

#include <stdlib.h>

/* stream.owner_bits */
enum bits {
    BIT_BUSY = 1,      /* inside one of its callbacks; update() follows */
    BIT_BORROWED = 2,  /* queued data points into what ends with that callback */
    BIT_FULL = 4,      /* a send was refused: on_writable is owed */
    BIT_STARVED = 8,   /* reading waits for the send queue to drain */
    BIT_PAUSED = 16,   /* reading waits for the program */
    BIT_GONE = 32,     /* on_close was called */
    BIT_WRITABLE = 64, /* inside on_writable */
    BIT_LARGE = 128,   /* its messages are large */
};

/* Borrowed data up to this much is cheaper to copy, and to send with what follows in this turn,
 * than to send by itself. */
#define BORROW_MIN ((size_t)32 * 1024)

/* The engine copies what is shorter; the headers of a client's longer messages. */
#define IN_PLACE_MIN ((size_t)4096)
#define MEDIUM_HEADER 8
#define LONG_HEADER 14

/* Less than this is worth more in one system call with the answers of others, where the loop has
 * such a call, than at once. */
#define BATCH_MAX ((size_t)4096)

/* After a message of this size another is expected, of which only the beginning is read elsewhere
 * than where it is joined. */
#define LARGE_LEN ((size_t)256 * 1024)
#define LARGE_FIRST_LEN 4096

static void update(struct why_session *session);
static const struct why__stream_ops session_ops;

static bool has(const struct why_session *session, unsigned bits) {
    return (session->stream.owner_bits & bits) != 0;
}

static void put(struct why_session *session, unsigned bits, bool on) {
    unsigned before = session->stream.owner_bits;
    session->stream.owner_bits = (uint16_t)(on ? before | bits : before & ~bits);
}

static struct why_loop *loop_of(const struct why_session *session) {
    return why__stream_loop(&session->stream);
}

static struct why_session *session_of(struct why__stream *stream) {
    return WHY__CONTAINER(stream, struct why_session, stream);
}

/* ---- Calling the program ---- */

/* What it sent from inside the callback and only lent is copied now, or goes out if it is much. */
static void settle(struct why_session *session) {
    if (!has(session, BIT_BORROWED) || !why__session_has_conn(session)) {
        return;
    }
    put(session, BIT_BORROWED, false);
    if (why_conn_output_len(&session->conn) >= BORROW_MIN && !session->stream.is_blocked &&
        !has(session, BIT_WRITABLE)) {
        why__stream_flush_now(&session->stream);
    }
    if (session->stream.is_open) {
        /* Failing, it fails the connection: seen by update(). */
        (void)why_conn_settle(&session->conn);
    }
}

/* All that was read has been looked at: its answers leave in one call, from where they lie, and
 * what the socket does not take is copied before the next read. */
static void answer(struct why_session *session) {
    struct why__stream *stream = &session->stream;
    size_t len = stream->is_blocked ? 0 : why_conn_output_len(&session->conn);
    bool is_batched =
        stream->tls == NULL && len < BATCH_MAX && why__loop_does_io(why__stream_loop(stream));
    bool sends = len > 0 && !is_batched;
    if (sends) {
        why__stream_flush_now(stream); /* and update, from on_flush() */
    }
    if (stream->is_open && (why_conn_settle(&session->conn) != WHY_OK || !sends)) {
        update(session);
    }
}

/* Enter and leave a callback. They nest where an owner is freed inside of one. */
static bool enter(struct why_session *session) {
    bool was_busy = has(session, BIT_BUSY);
    put(session, BIT_BUSY, true);
    return was_busy;
}

static void leave(struct why_session *session, bool was_busy) {
    put(session, BIT_BUSY, was_busy);
    if (session->stream.is_open) {
        settle(session);
    }
}

static void deliver(struct why_session *session, const struct why_event *event) {
    const struct why_session_handler *handler = session->handler;
    void (*callback)(struct why_session *, const struct why_event *) = NULL;
    switch (event->type) {
    case WHY_EVENT_MESSAGE:
    case WHY_EVENT_FRAGMENT:
        put(session, BIT_LARGE, event->data.len >= LARGE_LEN);
        callback = handler->on_message;
        break;
    case WHY_EVENT_PING:
    case WHY_EVENT_PONG:
    case WHY_EVENT_CLOSE:
        callback = handler->on_control;
        break;
    case WHY_EVENT_NONE:
    case WHY_EVENT_END:
        break;
    }
    if (callback != NULL) {
        bool was_busy = enter(session);
        callback(session, event);
        leave(session, was_busy);
    }
}

/* ---- The end ---- */

static void drop_conn(struct why_session *session) {
    if (why__session_has_conn(session)) {
        why__conn_clear(&session->conn);
        session->conn.options = NULL;
    }
}

static void on_buried(struct why__stream *stream) {
    struct why_session *session = session_of(stream);
    drop_conn(session);
    free(session);
}

/* From here on no callback comes, and the memory goes at the end of the turn. A connection is freed
 * at once where nobody looks at it, as its options may go with its owner. */
static void bury(struct why_session *session) {
    session->stream.ops = &session_ops;
    why__stream_bury(&session->stream);
    if (!has(session, BIT_BUSY)) {
        drop_conn(session);
    }
}

static void conclude(struct why_session *session, const struct why_record *record) {
    put(session, BIT_GONE, true);
    why__stream_close(&session->stream);
    if (record != NULL && session->handler->on_close != NULL) {
        bool was_busy = enter(session);
        session->handler->on_close(session, record);
        put(session, BIT_BUSY, was_busy);
    }
    why__session_owner(session)->on_gone(session);
    bury(session);
}

/* An open session whose connection is CLOSED. */
static void conclude_open(struct why_session *session) {
    struct why_record record;
    why_session_report(session, &record); /* while the socket can still say where it led */
    conclude(session, &record);
}

static void lose(struct why_session *session, enum why_cause cause, enum why_transport transport,
                 int os_error) {
    why_conn_lost(&session->conn, cause, transport, os_error);
    conclude_open(session);
}

void why__session_end(struct why_session *session, const struct why_record *record) {
    conclude(session, record);
}

void why__session_drop(struct why_session *session) {
    put(session, BIT_GONE, true);
    bury(session);
}

void why__session_cut(struct why_session *session, enum why_cause cause, bool quiet) {
    if (has(session, BIT_GONE)) {
        return;
    }
    why_conn_lost(&session->conn, cause, WHY_TRANSPORT_CLOSED, 0);
    if (quiet) {
        conclude(session, NULL);
    } else {
        conclude_open(session);
    }
}

/* ---- Deadlines ---- */

/* A peer that the program does not listen to cannot be late; with the end that is another thing. */
static bool is_patient(const struct why_session *session) {
    return has(session, BIT_PAUSED) && why_conn_state(&session->conn) == WHY_CONN_OPEN;
}

/* The timer is left where it is when the deadline moves away, as it does with every byte: it fires
 * early, and is set anew then. */
static void arm(struct why_session *session) {
    uint64_t deadline_ms =
        is_patient(session) ? WHY_NO_DEADLINE : why_conn_next_deadline(&session->conn);
    if (deadline_ms < why__watch_deadline(&session->stream.watch)) {
        why__stream_set_deadline(&session->stream, deadline_ms);
    }
}

static void on_due(struct why__stream *stream) {
    struct why_session *session = session_of(stream);
    if (session->stream.has_ended && !session->stream.is_finishing) {
        /* It does not read what is left for it, and nothing that we ask it can be answered. */
        lose(session, WHY_CAUSE_TCP_FIN, WHY_TRANSPORT_FIN, 0);
        return;
    }
    if (!is_patient(session)) {
        why_conn_tick(&session->conn);
    }
    update(session);
}

/* ---- Keeping up with the connection ---- */

/* Stop or go on reading as the send queue asks for. */
static void balance(struct why_session *session) {
    bool starve = why__session_owner(session)->when_full == WHY_FULL_PAUSE &&
                  !why_conn_wants_input(&session->conn);
    if (starve == has(session, BIT_STARVED)) {
        return;
    }
    put(session, BIT_STARVED, starve);
    if (starve) {
        why__stream_pause(&session->stream);
    } else if (!has(session, BIT_PAUSED)) {
        why__stream_resume(&session->stream);
    }
}

/* The connection has nothing to say any more but what is queued. Where not even a Close frame may
 * be sent the peer is not there to wait for. False: the session is over. */
static bool finish(struct why_session *session) {
    struct why_conn *conn = &session->conn;
    enum why_cause cause = why_conn_cause(conn);
    uint16_t code = why_cause_code(cause);
    if (code != 0 && !why_close_code_is_sendable(code)) {
        bool is_late = cause == WHY_CAUSE_TIMEOUT_PONG || cause == WHY_CAUSE_TIMEOUT_CLOSE;
        lose(session, cause, is_late ? WHY_TRANSPORT_TIMEOUT : WHY_TRANSPORT_CLOSED, 0);
        return false;
    }
    /* RFC 6455 section 7.1.1: after both Close frames the server ends TCP first, so that it is not
     * the client that has to remember the connection. */
    bool waits = why__session_owner(session)->role == WHY_ROLE_CLIENT && why_conn_is_clean(conn);
    why__stream_finish(&session->stream, !waits);
    return true;
}

/* Do what the connection's state asks for. The session may be over after it. */
static void update(struct why_session *session) {
    if (!session->stream.is_open) {
        return;
    }
    enum why_conn_state state = why_conn_state(&session->conn);
    if (state == WHY_CONN_CLOSED) {
        conclude_open(session);
        return;
    }
    if (state == WHY_CONN_FINISHING) {
        if (!session->stream.is_finishing && !finish(session)) {
            return;
        }
    } else {
        balance(session);
    }
    if (why_conn_output_len(&session->conn) > 0 && !session->stream.is_blocked) {
        why__stream_flush(&session->stream);
    }
    arm(session);
}

/* ---- The stream's callbacks ---- */

static bool listens(const struct why_session *session) {
    return session->stream.is_open && !has(session, BIT_PAUSED | BIT_STARVED);
}

/* Short messages follow each other as long as nothing else is asked of the session.
 *
 * queue_max  the queue's limit; one of 0 is not for here */
static bool goes_on(const struct why_session *session, const struct why_conn *conn,
                    size_t queue_max) {
    unsigned others = (unsigned)~(BIT_BUSY | BIT_WRITABLE | BIT_LARGE);
    return session->stream.is_open && !has(session, others) && conn->state == WHY_CONN_OPEN &&
           !conn->is_asking && why__send_queue_len(&conn->output) < queue_max;
}

/* What most input is: short messages, which take the shortest way one after the other. `input` is
 * advanced past them; they may have changed anything.
 * returns  whether there were any */
static bool receive_short(struct why_session *session, struct why_span *input) {
    struct why_conn *conn = &session->conn;
    void (*callback)(struct why_session *, const struct why_event *) = session->handler->on_message;
    size_t queue_max = conn->options->send_queue_max;
    if (!why__is_short_frame(*input) || callback == NULL || !goes_on(session, conn, queue_max) ||
        !why__conn_takes_short(conn)) {
        return false;
    }
    struct why_event event = {.type = WHY_EVENT_MESSAGE, .first = true, .last = true};
    struct why_span left = *input;
    size_t len_max = why__conn_short_max(conn);
    why__conn_note_received(conn);
    bool was_busy = enter(session);
    while (why__conn_receive_short(conn, &left, len_max, &event.opcode, &event.data)) {
        callback(session, &event);
        if (!goes_on(session, conn, queue_max)) {
            break;
        }
    }
    leave(session, was_busy);
    if (left.len == input->len) {
        return false;
    }
    put(session, BIT_LARGE, false);
    *input = left;
    return true;
}

/* A message that lies where it was read has its own header in front of it, which is used up and is
 * not shorter than that of its echo. */
static void offer_place(struct why_session *session, const struct why_event *event,
                        struct why_span before) {
    size_t at = (size_t)((uintptr_t)event->data.data - (uintptr_t)before.data);
    size_t header_len = event->data.len > UINT16_MAX ? LONG_HEADER : MEDIUM_HEADER;
    bool has_header = at < before.len && at >= header_len;
    why__loop_offer_place(loop_of(session), has_header ? before.data + at : NULL);
}

static void on_data(struct why__stream *stream, struct why_span *input) {
    struct why_session *session = session_of(stream);
    struct why_event event = {.type = WHY_EVENT_NONE};
    do {
        balance(session);
        if (!listens(session)) {
            break;
        }
        if (receive_short(session, input)) {
            bool is_resting = input->len == 0 && session->conn.activity == NULL;
            event.type = is_resting ? WHY_EVENT_NONE : WHY_EVENT_MESSAGE;
        } else {
            struct why_span before = *input;
            why_conn_receive(&session->conn, input, &event);
            if (event.data.len >= IN_PLACE_MIN) {
                offer_place(session, &event, before);
            }
            deliver(session, &event);
            why__loop_offer_place(loop_of(session), NULL);
        }
        if (!stream->is_open) {
            return;
        }
    } while (event.type != WHY_EVENT_NONE && event.type != WHY_EVENT_END);
    if (event.type == WHY_EVENT_END) {
        input->len = 0; /* whatever follows is not for us */
    }
    answer(session);
}

static struct why_span room(struct why__stream *stream) {
    struct why_session *session = session_of(stream);
    struct why_span room = why_conn_room(&session->conn);
    if (room.len == 0 && has(session, BIT_LARGE)) {
        room.len = LARGE_FIRST_LEN;
    }
    return room;
}

static size_t output(struct why__stream *stream, struct why_bytes *list, size_t max) {
    return why_conn_output(&session_of(stream)->conn, list, max);
}

static void output_consumed(struct why__stream *stream, size_t len) {
    why_conn_output_consumed(&session_of(stream)->conn, len);
}

static void on_flush(struct why__stream *stream, bool is_done) {
    struct why_session *session = session_of(stream);
    (void)is_done;
    size_t room_at = why__session_owner(session)->options->send_queue_max / 2;
    if (has(session, BIT_FULL) && why_conn_output_len(&session->conn) <= room_at) {
        put(session, BIT_FULL, false);
        if (session->handler->on_writable != NULL &&
            why_conn_state(&session->conn) == WHY_CONN_OPEN) {
            bool was_busy = enter(session);
            put(session, BIT_WRITABLE, true);
            session->handler->on_writable(session);
            leave(session, was_busy);
            put(session, BIT_WRITABLE, false);
        }
    }
    update(session);
}

static void on_tls(struct why__stream *stream, bool is_open) {
    struct why_session *session = session_of(stream);
    if (is_open) {
        return;
    }
    why_conn_lost(&session->conn, why__tls_cause(stream->tls), WHY_TRANSPORT_TLS_ALERT, 0);
    why__stream_flush_now(stream); /* the alert; it may also be what ends the session */
    update(session);
}

static void on_worn(struct why__stream *stream) {
    why_session_fail(session_of(stream), WHY_CAUSE_LOCAL_TLS_KEYS, NULL);
}

static void on_lost(struct why__stream *stream, enum why_cause cause, enum why_transport transport,
                    int os_error) {
    lose(session_of(stream), cause, transport, os_error);
}

static const struct why__stream_ops session_ops = {.on_data = on_data,
                                                   .room = room,
                                                   .output = output,
                                                   .output_consumed = output_consumed,
                                                   .on_flush = on_flush,
                                                   .on_tls = on_tls,
                                                   .on_worn = on_worn,
                                                   .on_lost = on_lost,
                                                   .on_due = on_due,
                                                   .on_buried = on_buried};

/* ---- Its beginning ---- */

struct why_session *why__session_new(struct why__session_owner *owner,
                                     const struct why_session_handler *handler, void *user) {
    struct why_session *session = calloc(1, sizeof *session);
    if (session != NULL) {
        session->stream.home = &owner->loop;
        session->stream.watch.fd = -1;
        session->handler = handler;
        session->user = user;
        session->stream.tls_us = WHY_NO_TIME;
        session->http_us = WHY_NO_TIME;
    }
    return session;
}

bool why__session_prepare(struct why_session *session, const struct why_deflate_params *deflate) {
    bool is_made = why__conn_init(&session->conn, why__session_owner(session)->options,
                                  why__session_owner(session)->role, deflate);
    if (!is_made) {
        session->conn.options = NULL;
    }
    return is_made;
}

void why__session_open(struct why_session *session, const struct why_http_head *head) {
    why__stream_set_deadline(&session->stream, WHY_NO_DEADLINE);
    session->stream.ops = &session_ops;
    why__stream_steady(&session->stream);
    if (session->handler->on_open != NULL) {
        bool was_busy = enter(session);
        session->handler->on_open(session, head);
        leave(session, was_busy);
    }
    if (session->stream.is_open) {
        if (!has(session, BIT_PAUSED)) {
            why__stream_resume(&session->stream);
        }
        update(session);
    }
}

/* ---- Public ---- */

void why_session_set_user(struct why_session *session, void *user) {
    session->user = user;
}

void *why_session_user(const struct why_session *session) {
    return session->user;
}

struct why_loop *why_session_loop(const struct why_session *session) {
    return loop_of(session);
}

/* A call may have changed anything, also where it failed: see to it at the end of the turn, unless
 * the callback that it came from is followed by update() anyway. */
static int changed(struct why_session *session, int result) {
    if (!has(session, BIT_BUSY)) {
        why__stream_flush(&session->stream);
    }
    return result;
}

static void refuse_full(struct why_session *session) {
    put(session, BIT_FULL, true);
    if (why__session_owner(session)->when_full == WHY_FULL_CLOSE) {
        why_conn_fail(&session->conn, WHY_CAUSE_LIMIT_SEND_QUEUE, NULL);
    }
}

WHY__APART static int send_any(struct why_session *session, enum why_opcode opcode,
                               struct why_bytes data, unsigned flags) {
    if (!why__session_has_conn(session)) {
        return WHY_ERR_STATE;
    }
    bool borrows = (flags & WHY_SEND_BORROWED) != 0 && has(session, BIT_BUSY);
    if (!borrows) {
        flags &= ~(unsigned)WHY_SEND_BORROWED; /* nobody tells when the caller's data goes */
    }
    uint8_t *place = borrows ? why__loop_take_place(loop_of(session), data.data) : NULL;
    int result = place != NULL ? why__conn_send_in_place(&session->conn, opcode,
                                                         (struct why_span){place, data.len}, flags)
                               : why_conn_send(&session->conn, opcode, data, flags);
    if (result == WHY_OK && borrows) {
        if (!why__loop_has_read(loop_of(session), data.data)) {
            put(session, BIT_BORROWED, true);
        }
    } else if (result == WHY_ERR_FULL) {
        refuse_full(session);
    }
    return changed(session, result);
}

int why_session_send(struct why_session *session, enum why_opcode opcode, struct why_bytes data,
                     unsigned flags) {
    struct why_conn *conn = &session->conn;
    return has(session, BIT_BUSY) && why__session_has_conn(session) &&
                   why__conn_is_short(conn, opcode, data, flags)
               ? why__conn_send_short(conn, opcode, data)
               : send_any(session, opcode, data, flags);
}

int why_session_send_prepared(struct why_session *session, struct why_prepared *prepared) {
    if (!why__session_has_conn(session)) {
        return WHY_ERR_STATE;
    }
    int result = why_conn_send_prepared(&session->conn, prepared);
    if (result == WHY_ERR_FULL) {
        refuse_full(session);
    }
    return changed(session, result);
}

int why_session_ping(struct why_session *session, struct why_bytes payload) {
    if (!why__session_has_conn(session)) {
        return WHY_ERR_STATE;
    }
    int result = why_conn_ping(&session->conn, payload);
    if (result == WHY_ERR_FULL) {
        refuse_full(session);
    }
    return changed(session, result);
}

int why_session_close(struct why_session *session, uint16_t code, struct why_bytes reason) {
    if (!why__session_has_conn(session)) {
        return WHY_ERR_STATE;
    }
    int result = why_conn_close(&session->conn, code, reason);
    if (result == WHY_OK) {
        why_session_resume(session); /* the peer's Close is awaited */
    }
    return changed(session, result);
}

void why_session_fail(struct why_session *session, enum why_cause cause, const char *detail) {
    if (why__session_has_conn(session)) {
        why_conn_fail(&session->conn, cause, detail);
        why_session_resume(session);
        (void)changed(session, WHY_OK);
    }
}

void why_session_pause(struct why_session *session) {
    if (why__session_has_conn(session) && session->stream.is_open &&
        why_conn_state(&session->conn) == WHY_CONN_OPEN) {
        put(session, BIT_PAUSED, true);
        why__stream_pause(&session->stream);
    }
}

void why_session_resume(struct why_session *session) {
    if (!has(session, BIT_PAUSED)) {
        return;
    }
    put(session, BIT_PAUSED, false);
    if (!session->stream.is_open) {
        return;
    }
    if (!has(session, BIT_STARVED)) {
        why__stream_resume(&session->stream);
    }
    /* What came during the pause is read before the connection looks at its watch. */
    why__stream_set_deadline(&session->stream, why__loop_now(loop_of(session)) + 1);
}

size_t why_session_queued(const struct why_session *session) {
    size_t len = why__session_has_conn(session) ? why_conn_output_len(&session->conn) : 0;
    return session->stream.tls == NULL ? len : len + why__tls_output(session->stream.tls).len;
}

void why_session_report(const struct why_session *session, struct why_record *record) {
    why_record_init(record);
    if (why__session_has_conn(session)) {
        why_conn_report(&session->conn, record);
    }
    why__stream_report(&session->stream, record);
    record->timings.tls_us = session->stream.tls_us;
    record->timings.http_us = session->http_us;
    if (session->peer.family == AF_UNIX && session->stream.is_open) {
        why__address_unix_text(session->stream.watch.fd, record->peer, sizeof record->peer);
    } else {
        why__address_text(&session->peer, record->peer, sizeof record->peer);
    }
    if (why__session_owner(session)->report != NULL) {
        why__session_owner(session)->report(session, record);
    }
}
