/* SPDX-License-Identifier: MIT
 *
 * A connected, non-blocking socket, with TLS on it or without: plaintext goes up, output is pulled
 * from above and leaves once a turn, and the end of the transport is told apart.
 *
 *     attach -> [secure] -> data both ways -> finish -> on_lost
 *
 * What a stream is for changes over its life (a proxy's answer, a handshake, a session): `ops` may
 * be exchanged at any time, also inside its own callbacks.
 */
#ifndef WHY_NET_STREAM_H
#define WHY_NET_STREAM_H

#include "net/loop.h"
#include "tls/tls.h"
#include "whysocket/bytes.h"
#include "whysocket/cause.h"
#include "whysocket/record.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct why__stream;

/* Any of them may call any function of this header, and may close the stream; its memory stays for
 * the rest of the turn (free it from a task). Those marked * may be NULL. */
struct why__stream_ops {
    /* Bytes came. Use what can be used, in place, and advance `input` past it. What is left is
     * held, reading stops, and it is shown again after why__stream_resume(); then it is also called
     * where nothing was left, so that what is waiting elsewhere can go on. */
    void (*on_data)(struct why__stream *stream, struct why_span *input);

    /* Where plaintext is best put, as why_conn_room(); empty: anywhere; with a length alone:
     * anywhere, but no more than that. Asked again before each read. */
    struct why_span (*room)(struct why__stream *stream); /* * */

    /* What there is to send: as why_conn_output() and why_conn_output_consumed(). Called until it
     * has nothing more, or the socket takes no more. */
    size_t (*output)(struct why__stream *stream, struct why_bytes *list, size_t max);
    void (*output_consumed)(struct why__stream *stream, size_t len);

    /* A flush has ended: is_done says whether all there was is in the kernel's hands. */
    void (*on_flush)(struct why__stream *stream, bool is_done); /* * */

    /* TLS is up (why__tls_status says OPEN), or failed: an alert is on its way, the end of the
     * stream is being waited for, and closing it earlier is the owner's choice. */
    void (*on_tls)(struct why__stream *stream, bool is_open); /* * where there is no TLS */

    /* The first bytes of what should be TLS. False: take TLS away, this is plaintext. */
    bool (*on_first)(struct why__stream *stream, struct why_bytes first); /* * */

    /* The kernel makes the records (kTLS), and the keys have to be changed, which it cannot do: end
     * it. NULL: records are made here while these are the ops. */
    void (*on_worn)(struct why__stream *stream); /* * */

    /* The peer's stream ended and all there was for it is in the kernel's hands, or the transport
     * broke: the last call. The stream is closed after it. */
    void (*on_lost)(struct why__stream *stream, enum why_cause cause, enum why_transport transport,
                    int os_error);

    /* The deadline of why__stream_set_deadline() has come; there is none now. */
    void (*on_due)(struct why__stream *stream); /* * where none is set */

    /* After why__stream_bury(): its memory may go. */
    void (*on_buried)(struct why__stream *stream); /* * where that is not called */
};

/* Start from all zeroes; embedded in what it serves. Fields are private but ops, home and tls. */
struct why__stream {
    struct why__watch watch; /* also for its deadline, and for what is to do in this turn */
    struct why_loop **home;  /* where its owner keeps the loop */
    const struct why__stream_ops *ops;
    struct why__tls *tls; /* owned; NULL for plaintext */
    union {
        struct why__held *held; /* read, and not used by on_data; NULL: nothing */
        size_t discarded;       /* finishing: bytes that came since */
    };
    bool is_open : 1;       /* attached and not closed */
    bool is_paused : 1;     /* by why__stream_pause() */
    bool is_stuck : 1;      /* on_data left something */
    bool is_resuming : 1;   /* the task has to show it again */
    bool is_blocked : 1;    /* the socket took no more */
    bool is_broken : 1;     /* sending failed: what has come already is still read */
    bool is_finishing : 1;  /* input is discarded, output flushed, then FIN */
    bool is_half_close : 1; /* finishing: send FIN */
    bool is_drained : 1;    /* finishing: all of that is done but for the peer's FIN */
    bool has_ended : 1;     /* the peer's FIN or close_notify came */
    bool has_notified : 1;  /* TLS: close_notify is queued */
    bool has_begun : 1;     /* TLS: the first byte was looked at */
    bool is_secured : 1;    /* TLS: on_tls was called */
    bool is_steady : 1;     /* why__stream_steady() */
    bool is_sent : 1;       /* with others, and what it led to is not seen to yet */
    bool is_sending : 1;    /* its place in a batch is taken, see why__stream_begin_send() */
    uint16_t owner_bits;    /* the owner's flags, where there is room for them, */
    uint32_t tls_us;        /* and how long TLS took it; WHY_NO_TIME: there was none */
};

/* Take over a connected non-blocking socket and begin to read. `fd` is closed with the stream, and
 * stays the caller's where this fails.
 *
 * home     where the owner keeps the loop, which stays there as long as the stream is attached
 * tls      taken over on success; NULL for plaintext
 * returns  WHY_OK or WHY_ERR_SYSTEM with errno */
WHY_MUST_USE int why__stream_attach(struct why__stream *stream, struct why_loop **home, int fd,
                                    struct why__tls *tls, const struct why__stream_ops *ops);

static inline struct why_loop *why__stream_loop(const struct why__stream *stream) {
    return *stream->home;
}

/* Call ops->on_due at that moment; WHY_NO_DEADLINE: at none. The stream is attached. */
void why__stream_set_deadline(struct why__stream *stream, uint64_t deadline_ms);

/* Begin TLS on a stream that was plaintext until now (a proxy's CONNECT). Takes `tls` over. */
void why__stream_secure(struct why__stream *stream, struct why__tls *tls);

/* Give the descriptor and TLS back to the system at once, without a farewell. No callback comes
 * after it. Closing what is closed does nothing. */
void why__stream_close(struct why__stream *stream);

/* The same, but at the end of the turn ops->on_buried comes. Also for what was never attached, but
 * has its home. */
void why__stream_bury(struct why__stream *stream);

/* Messages come from now on, mostly small ones: the loop may read them for the stream. */
void why__stream_steady(struct why__stream *stream);

/* There is something to send: ask for it at the end of this turn. */
void why__stream_flush(struct why__stream *stream);

/* As that, but now: on_flush, and on_lost if the socket is broken, come before it returns. */
void why__stream_flush_now(struct why__stream *stream);

/* Stop reading; go on, with what is held first, in a task. */
void why__stream_pause(struct why__stream *stream);
void why__stream_resume(struct why__stream *stream);

/* End it in order: discard what still comes, send what output there is (and close_notify), and then
 * a FIN if `half_close`, else none; when the peer's FIN has come, on_lost with tcp.fin. So no RST
 * destroys what we sent last. How long to wait for that is the owner's business; from a peer that
 * goes on sending nothing more is read after a while. */
void why__stream_finish(struct why__stream *stream, bool half_close);

/* Write what is known of TLS, without secrets that came unencrypted; nothing where there is none.
 */
void why__stream_report(const struct why__stream *stream, struct why_record *record);

/* The kernel's word for what befell a socket, as a cause and a transport's end. */
enum why_cause why__stream_cause(int os_error, enum why_transport *transport);

/* Options that every TCP socket gets: no Nagle; and unacknowledged data breaks the connection after
 * `user_timeout_ms` (0: the kernel's default). A listener's are inherited by what it accepts. */
void why__stream_tune(int fd, uint32_t user_timeout_ms);

#endif
