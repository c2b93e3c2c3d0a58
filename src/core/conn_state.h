/* SPDX-License-Identifier: MIT
 *
 * The connection from inside, for the files that are it: conn.c (life and time), conn_receive.c,
 * conn_join.c, conn_control.c, conn_send.c, conn_close.c (codes, causes, the record). An idle
 * connection holds struct why_conn and nothing else: what only matters while something is under way
 * is in its activity, which comes and goes.
 */
#ifndef WHY_CORE_CONN_STATE_H
#define WHY_CORE_CONN_STATE_H

#include "base/utf8.h"
#include "core/deflate.h"
#include "core/frame.h"
#include "core/send_queue.h"
#include "whysocket/conn.h"

/* What is being received of a frame. */
enum why__conn_step {
    WHY__STEP_HEADER,
    WHY__STEP_DATA,
    WHY__STEP_COMPRESSED_DATA,
    WHY__STEP_COMPRESSED_END, /* the message's last byte is in, more may come out */
    WHY__STEP_CONTROL,
    WHY__STEP_COUNT,
};

/* The memory that a message is joined in which did not lie whole in one input. */
struct why__joined {
    size_t len, size;
    uint64_t compressed_len; /* bytes of the message as they travelled, where it is compressed */
    uint8_t data[];
};

struct why__message {
    struct why__joined *joined; /* NULL while nothing had to be joined */
    uint64_t offset;            /* bytes of the message so far, joined or handed out */
    uint8_t opcode;
    struct why__utf8 utf8;
    bool compressed : 1;
    bool inflating : 1; /* more may come out of the codec without further input */
    bool begun : 1;     /* a piece of it was handed out (stream_messages) */
    bool delivered : 1; /* the program has it: let go of the memory in the next call */
};

/* The payload of a control frame that came in pieces. */
struct why__control {
    uint8_t len;
    uint8_t data[WHY__CONTROL_MAX];
};

/* The Pong that we owe, the last one if there are several (RFC 6455 section 5.5.3). */
struct why__pong {
    uint64_t end; /* place in the output behind the one that was queued before */
    bool is_owed; /* it waits until that has left; else nothing does */
    uint8_t len;
    uint8_t data[WHY__CONTROL_MAX];
};

/* What is kept for the record, from the first event that is worth one. */
struct why__ending {
    struct why_close_frame sent, received;
    enum why_first first;
    enum why_transport transport;
    int os_error;
    uint64_t ended_ms;
    char detail[sizeof((struct why_record *)NULL)->detail];
    uint8_t frame_len;
    uint8_t frame[WHY__FRAME_HEADER_MAX];
    struct why_utf8_evidence utf8;
};

/* What a connection is in the middle of: a frame, a message, a Ping or Pong on its way, its end.
 * One of all zeroes says that there is nothing, and is as good as none. */
struct why__activity {
    struct why__frame_decoder decoder;
    uint64_t payload_left; /* of the frame that is being received */
    struct why__message message;
    struct why__control *control; /* NULL but inside a control frame that came in pieces */
    struct why__pong *pong;       /* NULL but while one waits, or is in the output */
    struct why__ending *ending;   /* NULL while there is nothing to record */
    uint64_t asked_end; /* place in the output behind the Ping of asked_ms, or where it should be */
    uint8_t step;       /* enum why__conn_step */
};

struct why_conn {
    const struct why_options *options;
    struct why__activity *activity; /* NULL at rest */
    struct why__send_queue output;
    struct why__deflate *deflate; /* NULL: not agreed on */
    struct why_counters counters;
    uint64_t opened_ms;

    /* These are looked at within a time-out of less than 2^32 ms, and are kept modulo that. */
    uint32_t message_ms; /* when the last message moved */
    uint32_t ping_ms;    /* when the last Ping was queued; awaited if ping_open */
    uint32_t asked_ms;   /* when the first left that nothing came after, if is_asking; from
                            close_begun on, when the close handshake began */

    uint32_t ping_hash; /* of the last Ping's payload */
    uint32_t ping_rtt_ms;
    uint32_t control_level;   /* of the leaky bucket, in thousandths of a frame */
    uint32_t control_time_ms; /* when it leaked last, modulo 2^32 */

    /* When bytes came last, and left last: modulo 2^40, which is 34 years of silence. */
    uint32_t received_low, sent_low;
    uint8_t received_high, sent_high;

    uint8_t cause;   /* enum why_cause */
    uint8_t state;   /* enum why_conn_state */
    uint8_t sending; /* opcode of our unfinished message; 0: none */
    struct why__utf8 sending_utf8;
    bool is_server : 1;
    bool ping_open : 1;
    bool is_asking : 1; /* a Ping was queued, and nothing at all has come since */
    bool ping_owed : 1; /* but there was no room for that Ping */
    bool sending_compressed : 1;
    bool has_borrowed : 1; /* the output points at bytes that may go away */
    bool close_begun : 1;
    bool close_sent : 1;
    bool close_received : 1;

    uint32_t owner_word; /* the owner's, as there is room for it */
};

/* What an idle connection costs is promised: 256 bytes with its session and the allocator. */
_Static_assert(sizeof(void *) != 8 || sizeof(struct why_conn) <= 120, "why_conn grew");
_Static_assert(WHY_CAUSE_COUNT <= UINT8_MAX, "why_conn.cause is too small");

/* As why_conn_new() and why_conn_free(), in a place of the caller's. False: out of memory, and
 * nothing is to be cleared. */
WHY_MUST_USE bool why__conn_init(struct why_conn *conn, const struct why_options *options,
                                 enum why_role role, const struct why_deflate_params *deflate);
void why__conn_clear(struct why_conn *conn);

/* The activity, made if there was none. NULL if out of memory. It stays, whatever happens, until
 * why__conn_rest(). */
struct why__activity *why__conn_activity(struct why_conn *conn);

/* Let go of it where it says nothing any more. Not inside of what looks at it. */
void why__conn_rest(struct why_conn *conn);

static inline const struct why_host *why__conn_host(const struct why_conn *conn) {
    return conn->options->host;
}

static inline uint64_t why__conn_now(const struct why_conn *conn) {
    return *conn->options->host->now_ms;
}

/* The moment of one of the times above. */
static inline uint64_t why__conn_moment(const struct why_conn *conn, uint32_t kept_ms) {
    uint64_t now = why__conn_now(conn);
    return now - (uint32_t)((uint32_t)now - kept_ms);
}

static inline void why__conn_note_received(struct why_conn *conn) {
    uint64_t now = why__conn_now(conn);
    conn->received_low = (uint32_t)now;
    conn->received_high = (uint8_t)(now >> 32);
}

static inline void why__conn_note_sent(struct why_conn *conn) {
    uint64_t now = why__conn_now(conn);
    conn->sent_low = (uint32_t)now;
    conn->sent_high = (uint8_t)(now >> 32);
}

/* As why__conn_moment(), modulo 2^40. */
static inline uint64_t why__conn_long_moment(const struct why_conn *conn, uint32_t low,
                                             uint8_t high) {
    uint64_t now = why__conn_now(conn);
    uint64_t ago = now - ((uint64_t)high << 32 | low);
    return now - (ago & ((UINT64_C(1) << 40) - 1));
}

static inline uint64_t why__conn_received_ms(const struct why_conn *conn) {
    return why__conn_long_moment(conn, conn->received_low, conn->received_high);
}

static inline uint64_t why__conn_sent_ms(const struct why_conn *conn) {
    return why__conn_long_moment(conn, conn->sent_low, conn->sent_high);
}

static inline void *why__conn_allocate(struct why_conn *conn, void *memory, size_t size) {
    const struct why_host *host = conn->options->host;
    return host->allocate(host->context, memory, size);
}

/* Places in the output count from its first byte: up to this one it has left, */
static inline uint64_t why__conn_output_at(const struct why_conn *conn) {
    return conn->counters.bytes_sent;
}

/* and this is where what is queued next begins. */
static inline uint64_t why__conn_output_end(const struct why_conn *conn) {
    return conn->counters.bytes_sent + why__send_queue_len(&conn->output);
}

/* The send queue is at its limit. Empty it never is, so that a limit of 0 lets one message in. */
static inline bool why__conn_is_full(const struct why_conn *conn) {
    size_t queued = why__send_queue_len(&conn->output);
    return queued > 0 && queued >= conn->options->send_queue_max;
}

/* A Ping of ours is in what is still to be sent, or should be. */
static inline bool why__conn_is_ping_queued(const struct why_conn *conn) {
    return conn->activity != NULL && why__conn_output_at(conn) < conn->activity->asked_end;
}

/* Between two frames, with nothing left of the message before. */
static inline bool why__activity_is_between(const struct why__activity *activity) {
    const struct why__frame_decoder *decoder = &activity->decoder;
    return activity->step == WHY__STEP_HEADER && !decoder->in_message &&
           (decoder->header_len == 0 || decoder->state == WHY__FRAME_DONE) &&
           !activity->message.delivered && activity->message.joined == NULL &&
           activity->control == NULL;
}

/* The place for what the record will say; NULL if out of memory, then the record says less. */
struct why__ending *why__conn_ending(struct why_conn *conn);

/* Queue one frame; the payload is copied, and masked where we are a client. False if out of
 * memory: nothing was queued. */
bool why__conn_queue_frame(struct why_conn *conn, const struct why__frame_header *header,
                           struct why_bytes payload);

/* As why_conn_send(), of data in front of which there is room for a header: where it is borrowed,
 * its frame is one piece. */
WHY_MUST_USE int why__conn_send_in_place(struct why_conn *conn, enum why_opcode opcode,
                                         struct why_span data, unsigned flags);

/* Whether a message of which `data` is the first fragment should be compressed. */
bool why__conn_wants_compression(const struct why_conn *conn, struct why_bytes data,
                                 unsigned flags);

/* There is no memory for what has to follow in the queue: the stream ends in the middle of a frame,
 * and the connection fails. returns  WHY_ERR_NOMEM */
int why__conn_cut_short(struct why_conn *conn);

/* Remember a Ping's payload as its Pong's, in place of an older one (RFC 6455 section 5.5.3). */
void why__conn_want_pong(struct why_conn *conn, struct why_bytes payload);

/* Queue the Pong that is owed, where one is. False if out of memory: it is owed still. */
bool why__conn_queue_pong(struct why_conn *conn);

/* The peer's Close frame is whole: check it, answer it, yield the event (section 5.5.1). */
void why__conn_take_close(struct why_conn *conn, struct why_bytes payload, struct why_event *event);

/* Fail with what is wrong in a text: `piece` is where it was found, `at` the index of the wrong
 * byte in it (piece.len: the text ended too early), `state` the check's at that byte. */
void why__conn_fail_utf8(struct why_conn *conn, enum why_cause cause, struct why_bytes piece,
                         size_t at, struct why__utf8 state);

/* A frame came that carries nothing of a message. A leaky bucket: so many of them are allowed a
 * second, and ten seconds' worth at once. False: too many. */
bool why__conn_count_empty(struct why_conn *conn);

/* A control frame is whole: do what it asks for, and yield its event. */
void why__conn_take_control(struct why_conn *conn, struct why_bytes payload,
                            struct why_event *event);

/* The bytes that were joined so far. */
static inline struct why_span why__conn_joined(const struct why_conn *conn) {
    struct why__joined *joined = conn->activity->message.joined;
    return joined != NULL ? (struct why_span){joined->data, joined->len} : (struct why_span){0};
}

/* Room for `more` bytes in the joined message. It grows with what has come, but never past what the
 * message can still come to: a length that is only declared costs nothing. */
bool why__conn_reserve_message(struct why_conn *conn, size_t more, uint64_t expected);

/* Join a piece of the frame that is being received. False: out of memory, and the connection has
 * failed. */
bool why__conn_join(struct why_conn *conn, struct why_span piece);

/* Let go of a joined message. */
void why__conn_drop_message(struct why_conn *conn);

/* The same at the end of the connection: what an event shows is left until the next receive, as the
 * end may come from the program that is looking at it. */
void why__conn_abandon_message(struct why_conn *conn);

uint32_t why__ping_hash(struct why_bytes payload);

#endif
