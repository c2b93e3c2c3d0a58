/* SPDX-License-Identifier: MIT
 *
 * The loop from inside: watches on descriptors, timers, tasks at the end of a turn. The backend
 * (loop_epoll.c, loop_uring.c) is behind struct why__poller.
 */
#ifndef WHY_NET_LOOP_H
#define WHY_NET_LOOP_H

#include "whysocket/bytes.h"
#include "whysocket/loop.h"
#include "whysocket/result.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* What `pointer`, to the member of that name, is embedded in. */
#define WHY__CONTAINER(pointer, type, member)                                                      \
    ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

enum why__ready {
    WHY__READABLE = 1,
    WHY__WRITABLE = 2,
    WHY__BROKEN = 4,   /* error or hang-up: read to learn which */
    WHY__RECEIVED = 8, /* instead of READABLE: bytes were read, why__loop_received() has them */
    WHY__DUE = 16,     /* alone: the watch's deadline has come, */
    WHY__DEFERRED = 32 /* or the end of the turn that it was deferred to */
};

enum why__later_kind {
    WHY__LATER_TIMER,
    WHY__LATER_TASK,
    WHY__LATER_WATCH,
};

/* Something to do later: at a moment, at the end of a turn, or at both, as a watch may have to. The
 * place among those of the same slot, or of the same turn, is one: what is deferred goes back to
 * the wheel when its turn has ended. All zeroes: nothing. */
struct why__later {
    struct why__later *next, *prev; /* a ring; NULL: in none */
    uint32_t deadline_low;          /* milliseconds, */
    uint16_t deadline_high;         /* of which the wheel knows 42 bits */
    uint8_t kind;                   /* enum why__later_kind: what it is embedded in */
    bool is_set : 1;                /* it has a deadline */
    bool is_deferred : 1;
};

static inline uint64_t why__later_deadline(const struct why__later *later) {
    return (uint64_t)later->deadline_high << 32 | later->deadline_low;
}

/* A descriptor under watch. Embedded in what it serves; level-triggered. BROKEN needs not be asked
 * for, but nothing is reported while `interest` is 0, save what had been received by then.
 * After why__loop_unwatch() `on_ready` is not called again for the descriptor, not even for events
 * of the same turn that were already fetched. It may have a deadline and be deferred besides, under
 * watch or not. */
struct why__watch {
    struct why__later later;
    int fd;
    uint8_t interest;    /* of READABLE or RECEIVED, and WRITABLE; kept by the loop */
    uint8_t owner_count; /* the owner's, where there is room for them */
    uint16_t owner_error;
    void (*on_ready)(struct why__watch *watch, unsigned ready);
};

WHY_MUST_USE int why__loop_watch(struct why_loop *loop, struct why__watch *watch,
                                 unsigned interest);
/* Change what is watched for; cheap where nothing changes. */
void why__loop_rewatch(struct why_loop *loop, struct why__watch *watch, unsigned interest);
void why__loop_unwatch(struct why_loop *loop, struct why__watch *watch);

/* ---- Input and output by the backend ----
 *
 * io_uring reads many sockets, and writes to many, in one system call. Where the loop cannot,
 * whoever is told that a descriptor is ready reads and writes by itself, as it does for all that is
 * not the small messages of many connections. */

/* Whether RECEIVED may be asked for, and why__loop_defer_send() is of use. */
bool why__loop_does_io(const struct why_loop *loop);

/* What one RECEIVED brought. */
struct why__received {
    struct why_span data; /* the loop's, until on_ready returns; may be written to */
    int error; /* an errno; 0 without data: the peer's FIN. Then it is over, but asking for
                  RECEIVED again says so again (an error may have become a FIN) */
};

/* Room for one RECEIVED: where that much came, there is more. */
#define WHY__RECEIVED_MAX ((size_t)17 * 1024)

/* Inside on_ready with RECEIVED. */
struct why__received why__loop_received(const struct why_loop *loop);

/* RECEIVED was asked for once, and may still read: the descriptor is not to be read from, as what
 * came earlier may still be on its way. After asking for READABLE instead it will be reported. */
bool why__loop_is_receiving(const struct why_loop *loop, const struct why__watch *watch);

#define WHY__SENDS_MAX 64 /* at once */
#define WHY__SEND_LIST_MAX 8

struct why__send {
    int fd; /* non-blocking */
    unsigned count;
    struct why_bytes list[WHY__SEND_LIST_MAX];
    ssize_t result; /* bytes, a negative errno, or -EINPROGRESS: not tried */
};

/* Send to each what the socket takes. All of it is over when this returns. */
void why__loop_send(struct why_loop *loop, struct why__send *sends, size_t count);

/* A timer, embedded in what it serves; all zeroes is one that is not set. */
struct why__timer {
    struct why__later later;
    void (*on_due)(struct why__timer *timer);
};

/* Fire at `deadline_ms` (why__loop_now) or just after; set again, it moves. WHY_NO_DEADLINE
 * cancels. */
void why__timer_set(struct why_loop *loop, struct why__timer *timer, uint64_t deadline_ms);
void why__timer_cancel(struct why_loop *loop, struct why__timer *timer);

/* Something to do at the end of this turn (of the next one, if a task asks for it), once however
 * often it is asked for: a corked write, a deferred free. Embedded; all zeroes is one that is not
 * queued. */
struct why__task {
    struct why__later later;
    void (*run)(struct why__task *task);
};

void why__loop_defer(struct why_loop *loop, struct why__task *task);
void why__loop_undefer(struct why_loop *loop, struct why__task *task);

/* As the four above, for a watch: its on_ready is called with DUE or DEFERRED. */
void why__watch_set(struct why_loop *loop, struct why__watch *watch, uint64_t deadline_ms);
void why__watch_defer(struct why_loop *loop, struct why__watch *watch);
void why__watch_cancel(struct why_loop *loop, struct why__watch *watch); /* both */

/* WHY_NO_DEADLINE: it has none. */
uint64_t why__watch_deadline(const struct why__watch *watch);

/* Move it to a list of what is to be sent, for which `send_all` is called after the tasks of this
 * turn. It takes each off with why__loop_next_send(), and puts it back, before anything else is
 * done with it, by why__loop_defer_sent(): then it is deferred to the end of the same turn. */
void why__loop_defer_send(struct why_loop *loop, struct why__watch *watch,
                          void (*send_all)(struct why_loop *loop));
struct why__watch *why__loop_next_send(struct why_loop *loop);
void why__loop_defer_sent(struct why_loop *loop, struct why__watch *watch);

/* Milliseconds: the moment at which this turn began. */
uint64_t why__loop_now(const struct why_loop *loop);

/* Microseconds on the same clock, read now: for how long a step took. */
uint64_t why__clock_us(void);

/* One buffer for whatever is read in this turn, shared by everything on the loop; what has to
 * outlive the callback is copied out. */
struct why_span why__loop_buffer(struct why_loop *loop);

/* Bytes that one descriptor should move in this turn: many, unless there are also some that want
 * little, who are not to wait long for one who wants much. They make themselves known. */
size_t why__loop_share(const struct why_loop *loop);
void why__loop_note_small(struct why_loop *loop);

/* Whether `data` lies in it, or in what the loop has read itself: then it stays until the end of
 * on_ready(), or the next read in it. */
bool why__loop_has_read(const struct why_loop *loop, const uint8_t *data);

/* The message that is being handed to the program lies at `place`, and there is room in front of it
 * for the header of one that is sent from there. Until the next one, or NULL. */
void why__loop_offer_place(struct why_loop *loop, uint8_t *place);

/* Whether that is where `data` lies; once. NULL: it is not. */
uint8_t *why__loop_take_place(struct why_loop *loop, const uint8_t *data);

/* Keep why_loop_run() running although nothing is watched: a worker thread will post. */
void why__loop_hold(struct why_loop *loop);
void why__loop_release(struct why_loop *loop);

#endif
