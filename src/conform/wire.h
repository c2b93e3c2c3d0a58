/* SPDX-License-Identifier: MIT
 *
 * One connection as the suite needs it: TCP, or TLS on it, with every end and every push in the
 * caller's hand. What is queued leaves in the order in which it was asked for: bytes, in pieces of
 * some size; a FIN; a reset.
 *
 * A stream of the library's would do more, and say less: it ends in order, and sends at its own
 * moments.
 */
#ifndef WHY_CONFORM_WIRE_H
#define WHY_CONFORM_WIRE_H

#include "conform/queue.h"
#include "net/loop.h"
#include "tls/tls.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/* How the peer's direction ended. */
enum conform_end {
    CONFORM_END_NONE,
    CONFORM_END_FIN,
    CONFORM_END_RESET,
    CONFORM_END_REFUSED, /* there was no connection at all: ECONNREFUSED, or no such unix socket */
    CONFORM_END_ERROR,   /* of errno */
    CONFORM_END_TLS,     /* TLS failed, in the handshake as a rule */
};

struct conform_wire;

/* Each may call any function of this header; the wire's memory stays until the callback is over. */
struct conform_wire_ops {
    void (*on_open)(struct conform_wire *wire); /* connected, and TLS is up */
    void (*on_data)(struct conform_wire *wire, struct why_bytes data);
    void (*on_sent)(struct conform_wire *wire); /* the kernel took some of what was queued */
    /* The last of on_data's: the peer ended, or the connection broke. Sending may go on after a
     * FIN. */
    void (*on_end)(struct conform_wire *wire, enum conform_end end, int os_error);
};

/* Something to be done when that many bytes of all have been sent. */
struct conform_mark {
    uint64_t at;
    enum conform_mark_kind {
        CONFORM_MARK_CHOP,
        CONFORM_MARK_FIN,
        CONFORM_MARK_RESET,
    } kind;
    uint32_t piece, pause_ms; /* CHOP */
};

/* Start from all zeroes. Fields are private but `tls` and `ops`. */
struct conform_wire {
    struct why__watch watch;
    struct why__timer timer; /* between two pieces */
    struct why__task task;   /* the next pieces, in the next turn */
    struct why_loop *loop;
    const struct conform_wire_ops *ops;
    struct why__tls *tls; /* owned; NULL: plain */
    struct conform_queue output;
    uint64_t queued, taken; /* bytes in all: asked for; given to the kernel or to TLS */
    struct conform_mark *marks;
    size_t mark_count, mark_at, mark_size;
    uint32_t piece, pause_ms; /* 0: all at once */
    int write_error;
    bool is_open : 1; /* there is a socket */
    bool is_connecting : 1;
    bool is_secured : 1; /* on_open was called */
    bool is_reading : 1; /* not paused */
    bool has_ended : 1;  /* on_end was called */
    bool is_blocked : 1;
    bool is_resting : 1; /* between two pieces */
    bool is_shut : 1;    /* our FIN is sent */
};

struct conform_target {
    struct sockaddr_storage address;
    socklen_t address_len;
};

/* Begin to connect; what comes of it is told by on_open or on_end, from a later turn.
 *
 * tls      taken over, also on failure; NULL: plain
 * returns  WHY_OK, or WHY_ERR_SYSTEM with errno: no callback follows */
WHY_MUST_USE int conform_wire_connect(struct conform_wire *wire, struct why_loop *loop,
                                      const struct conform_target *target, struct why__tls *tls,
                                      const struct conform_wire_ops *ops);

/* Take over a connected, non-blocking socket; on_open comes from a later turn, or when TLS is up.
 * As above; `fd` too is taken over in any case. */
WHY_MUST_USE int conform_wire_take(struct conform_wire *wire, struct why_loop *loop, int fd,
                                   struct why__tls *tls, const struct conform_wire_ops *ops);

/* Close it as it is: no callback comes after it. Closing what is closed does nothing. */
void conform_wire_close(struct conform_wire *wire);

/* ---- In this order they leave ---- */

void conform_wire_send(struct conform_wire *wire, struct why_bytes data);

/* From here on in pieces of so many bytes, each a push (and, in TLS, a record) of its own; with a
 * pause between them. 0: as it comes. */
void conform_wire_chop(struct conform_wire *wire, uint32_t piece, uint32_t pause_ms);

/* FIN; in TLS, close_notify before it. */
void conform_wire_shut(struct conform_wire *wire);

/* RST; on_end does not follow. */
void conform_wire_reset(struct conform_wire *wire);

/* What is queued and not yet in the kernel's hands. */
uint64_t conform_wire_pending(const struct conform_wire *wire);

/* ---- At once ---- */

void conform_wire_pause(struct conform_wire *wire);
void conform_wire_resume(struct conform_wire *wire);

/* English: "the peer reset the connection (RST)". */
const char *conform_end_text(enum conform_end end);

#endif
