/* SPDX-License-Identifier: MIT
 *
 * The connection: what follows the opening handshake, on any stream of bytes, either role, without
 * I/O. Bytes go in, events come out, bytes to send are fetched, deadlines are data.
 *
 *     why_conn_receive() ── events ──> the program
 *     why_conn_send(), _ping(), _close() ──> why_conn_output() ──> the peer
 *
 * Life: OPEN -> CLOSING (our Close is out, the peer's awaited) -> FINISHING (nothing more is read;
 * flush, then end the transport) -> CLOSED. A failure goes to FINISHING at once, the loss of the
 * transport to CLOSED.
 */
#ifndef WHY_CONN_H
#define WHY_CONN_H

#include "whysocket/api.h"
#include "whysocket/bytes.h"
#include "whysocket/cause.h"
#include "whysocket/options.h"
#include "whysocket/record.h"
#include "whysocket/result.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

WHY_BEGIN_DECLS

struct why_conn;

enum why_role {
    WHY_ROLE_CLIENT,
    WHY_ROLE_SERVER,
};

/* RFC 6455 section 5.2 */
enum why_opcode {
    WHY_OPCODE_CONTINUATION = 0x0,
    WHY_OPCODE_TEXT = 0x1,
    WHY_OPCODE_BINARY = 0x2,
    WHY_OPCODE_CLOSE = 0x8,
    WHY_OPCODE_PING = 0x9,
    WHY_OPCODE_PONG = 0xa,
};

enum why_conn_state {
    WHY_CONN_OPEN,
    WHY_CONN_CLOSING,   /* our Close frame was first; the peer's is awaited, messages still come */
    WHY_CONN_FINISHING, /* nothing more is received: flush the output, then end the transport */
    WHY_CONN_CLOSED,    /* the transport is gone */
};

/* What the opening handshake agreed on (RFC 7692 section 7.1); all zero: no permessage-deflate. */
struct why_deflate_params {
    bool enabled;
    bool server_no_context_takeover;
    bool client_no_context_takeover;
    uint8_t server_max_window_bits; /* 9 to 15 for our own role's, 8 to 15 for the peer's; 0: 15 */
    uint8_t client_max_window_bits;
};

/* Make a connection whose handshake is done.
 *
 * options  borrowed, outlives the connection; its host hands in memory, randomness and time
 * deflate  copied; NULL for none
 * returns  the connection, to be freed with why_conn_free(); NULL if out of memory */
WHY_API struct why_conn *why_conn_new(const struct why_options *options, enum why_role role,
                                      const struct why_deflate_params *deflate);

/* Free it and all it holds, in any state; NULL is allowed. */
WHY_API void why_conn_free(struct why_conn *conn);

/* ---- Receiving ---- */

enum why_event_type {
    WHY_EVENT_NONE,     /* the input is used up */
    WHY_EVENT_MESSAGE,  /* a whole message */
    WHY_EVENT_FRAGMENT, /* a piece of one, with options.stream_messages */
    WHY_EVENT_PING,     /* its Pong comes with the next why_conn_output() */
    WHY_EVENT_PONG,
    WHY_EVENT_CLOSE, /* the peer's Close frame; the answer is queued if it was first */
    WHY_EVENT_END,   /* nothing more will be received; why_conn_report() says why */
};

struct why_event {
    enum why_event_type type;
    enum why_opcode opcode; /* MESSAGE, FRAGMENT: TEXT or BINARY */
    bool first, last;       /* FRAGMENT: begins the message, ends it */
    bool compressed;        /* MESSAGE, FRAGMENT: it came deflated */
    uint16_t code;          /* CLOSE: 1005 where the frame had none */
    struct why_bytes data;  /* the payload, or the Close's reason; may be NULL where len is 0 */
};

/* Take bytes from the peer until something happens or they are used up. Call again, with what is
 * left, until WHY_EVENT_NONE or WHY_EVENT_END.
 *
 * input  borrowed; unmasked in place; advanced past what was used
 * event  its data points into `input` or into the connection, and is valid until the next call
 *        of this function, whichever comes first with the end of the input buffer itself
 *
 * Text is checked as it comes: invalid UTF-8 (RFC 6455 section 8.1), a broken frame (section 5)
 * or a passed limit fails the connection at the first wrong byte, queues the Close frame that
 * says so, and yields WHY_EVENT_END, now and ever after. */
WHY_API void why_conn_receive(struct why_conn *conn, struct why_span *input,
                              struct why_event *event);

/* Where the next bytes of the peer's are best put: behind what has come of a large message, which
 * saves copying them. Read at most that many bytes to there, and pass them on to why_conn_receive()
 * from the first one; or read elsewhere, and do not mind it.
 *
 * returns  room in the connection's memory, until the next call that is not const; empty where
 *          nothing is to be saved */
WHY_API struct why_span why_conn_room(struct why_conn *conn);

/* The transport ended: the peer's FIN (cause WHY_CAUSE_TCP_FIN), a reset, an errno, a TLS failure.
 * Without both Close frames this is 1006, or the cause's own code. The state is CLOSED after it. */
WHY_API void why_conn_lost(struct why_conn *conn, enum why_cause cause,
                           enum why_transport transport, int os_error);

/* Whether more input is wanted: not past the end, and not while the send queue is over its limit,
 * so that a peer that does not read cannot make us hold more. What is given all the same is
 * taken. */
WHY_API bool why_conn_wants_input(const struct why_conn *conn);

/* ---- Sending ---- */

enum why_send_flags {
    WHY_SEND_MORE = 1,  /* more of this message follows: a fragment (section 5.4) */
    WHY_SEND_PLAIN = 2, /* do not compress this message (secrets beside foreign text: CRIME) */
    /* Keep pointing at the data until why_conn_settle(). A hint: a client, which has to mask,
     * copies all the same, and so does a server what is short or compressed. */
    WHY_SEND_BORROWED = 4,
    WHY_SEND_VALID = 8, /* the text is known to be UTF-8: it was just received, say */
};

/* Queue a message, or one fragment of it.
 *
 * opcode   TEXT or BINARY; the same again for every further fragment
 * data     copied, but for WHY_SEND_BORROWED
 * flags    of enum why_send_flags; PLAIN counts with a message's first fragment alone
 * returns  WHY_OK
 *          WHY_ERR_FULL      options.send_queue_max or more was queued before; nothing was queued
 *          WHY_ERR_UTF8      text that is not UTF-8; nothing was queued, and a message that is
 *                            unfinished stays so
 *          WHY_ERR_STATE     after a Close, or another message is unfinished
 *          WHY_ERR_NOMEM     nothing was queued
 *          WHY_ERR_ARGUMENT  another opcode */
WHY_API WHY_MUST_USE int why_conn_send(struct why_conn *conn, enum why_opcode opcode,
                                       struct why_bytes data, unsigned flags);

/* Queue a Ping with a payload of at most 125 bytes (section 5.5.2). options.pong_timeout_ms runs
 * from when the first that nothing came after has left; round trips are of the last one's Pong.
 * returns WHY_OK, WHY_ERR_ARGUMENT, WHY_ERR_STATE, WHY_ERR_FULL, WHY_ERR_NOMEM */
WHY_API WHY_MUST_USE int why_conn_ping(struct why_conn *conn, struct why_bytes payload);

/* Begin the close handshake (section 7.1.2). Nothing can be sent after it; what was queued before
 * it still leaves, and the peer's messages still come.
 *
 * code     1000-1003, 1007-1014 or 3000-4999; 0 for a Close frame without one
 * reason   at most 123 bytes of UTF-8; empty where code is 0
 * returns  WHY_OK            queued; options.close_timeout_ms runs
 *          WHY_ERR_CLOSE_CODE, WHY_ERR_CLOSE_REASON   nothing changed
 *          WHY_ERR_STATE     a Close was sent already, or the connection is over
 *          WHY_ERR_NOMEM     nothing changed */
WHY_API WHY_MUST_USE int why_conn_close(struct why_conn *conn, uint16_t code,
                                        struct why_bytes reason);

/* Fail the connection (section 7.1.7): the first call records the cause, queues a Close frame with
 * its code where that may travel, and stops reading; later calls change nothing. Where the cause is
 * this side's own decision (its side is WHY_SIDE_US: local.shutdown, timeout.idle, ...) the peer's
 * Close is awaited, as after why_conn_close().
 *
 * cause   any but WHY_CAUSE_NONE; it takes the place of a close of our own that is still awaited,
 *         unless it is this side's decision too
 * detail  a text for the record, copied as far as it fits, without the passwords of URLs; NULL for
 *         none */
WHY_API void why_conn_fail(struct why_conn *conn, enum why_cause cause, const char *detail);

/* The bytes to send, as a list of buffers for writev().
 *
 * list     room for `max` buffers; they stay valid until the next call that is not const
 * returns  how many were written to it; 0: nothing to send */
WHY_API size_t why_conn_output(struct why_conn *conn, struct why_bytes *list, size_t max);

/* `len` bytes of what why_conn_output() showed are sent; not more than it showed. */
WHY_API void why_conn_output_consumed(struct why_conn *conn, size_t len);

/* Bytes to send, a Pong that waits for its turn included; 0 where why_conn_output() has nothing. */
WHY_API size_t why_conn_output_len(const struct why_conn *conn);

/* Copy what is still queued of WHY_SEND_BORROWED data, which may go away after this. Where it is
 * what the last event showed, the queue may take that memory over instead: do not look at the
 * event's data after this.
 * returns WHY_OK; WHY_ERR_NOMEM: the connection failed (1011), the borrowed bytes are forgotten */
WHY_API int why_conn_settle(struct why_conn *conn);

/* ---- Time ---- */

#define WHY_NO_DEADLINE UINT64_MAX

/* When why_conn_tick() wants to be called, on the host's clock; WHY_NO_DEADLINE: not at all.
 * It may move with any other call; to tick too early does no harm. */
WHY_API uint64_t why_conn_next_deadline(const struct why_conn *conn);

/* Do what is due: send a Ping, fail with timeout.pong, close with timeout.idle, give up waiting for
 * the peer's Close. */
WHY_API void why_conn_tick(struct why_conn *conn);

/* ---- Looking at it ---- */

WHY_API enum why_conn_state why_conn_state(const struct why_conn *conn);

/* Whether both Close frames were exchanged. After that the server ends the TCP connection and the
 * client waits for it, both within the close time-out (section 7.1.1). */
WHY_API bool why_conn_is_clean(const struct why_conn *conn);

/* Why it ended, or WHY_CAUSE_NONE. */
WHY_API enum why_cause why_conn_cause(const struct why_conn *conn);

/* Write what the connection knows of its end (cause, code, both Close frames, who was first, UTF-8
 * and frame evidence, counters, times) into `record`, which why_record_init() has made, leaving the
 * rest as it is. A connection that has not ended writes its counters and times; one that is CLOSING
 * may yet report another code. */
WHY_API void why_conn_report(const struct why_conn *conn, struct why_record *record);

WHY_END_DECLS

#endif
