/* SPDX-License-Identifier: MIT
 *
 * The loop from inside: watches on descriptors, timers, tasks at the end of a turn. The backend
 * (loop_epoll.c) is behind the four functions of struct why__poller.
 */
#ifndef WHY_NET_LOOP_H
#define WHY_NET_LOOP_H

#include "whysocket/bytes.h"
#include "whysocket/loop.h"
#include "whysocket/result.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What `pointer`, to the member of that name, is embedded in. */
#define WHY__CONTAINER(pointer, type, member)                                                      \
    ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

enum why__ready {
    WHY__READABLE = 1,
    WHY__WRITABLE = 2,
    WHY__BROKEN = 4, /* error or hang-up: read to learn which */
};

/* A descriptor under watch. Embedded in what it serves; level-triggered. BROKEN needs not be asked
 * for, but nothing is reported while `interest` is 0.
 * After why__loop_unwatch() `on_ready` is not called again, not even for events of the same turn
 * that were already fetched. */
struct why__watch {
    int fd;
    unsigned interest; /* of READABLE and WRITABLE; kept by the loop */
    void (*on_ready)(struct why__watch *watch, unsigned ready);
};

WHY_MUST_USE int why__loop_watch(struct why_loop *loop, struct why__watch *watch,
                                 unsigned interest);
/* Change what is watched for; cheap where nothing changes. */
void why__loop_rewatch(struct why_loop *loop, struct why__watch *watch, unsigned interest);
void why__loop_unwatch(struct why_loop *loop, struct why__watch *watch);

/* A timer, embedded in what it serves; all zeroes is one that is not set. */
struct why__timer {
    struct why__timer *next, *prev;
    uint64_t deadline_ms;
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
    struct why__task *next, *prev;
    void (*run)(struct why__task *task);
};

void why__loop_defer(struct why_loop *loop, struct why__task *task);
void why__loop_undefer(struct why_loop *loop, struct why__task *task);

/* Milliseconds: the moment at which this turn began. */
uint64_t why__loop_now(const struct why_loop *loop);

/* Microseconds on the same clock, read now: for how long a step took. */
uint64_t why__clock_us(void);

/* One buffer for whatever is read in this turn, shared by everything on the loop; what has to
 * outlive the callback is copied out. */
struct why_span why__loop_buffer(struct why_loop *loop);

/* Whether `data` lies in it: then it stays until the next read. */
bool why__loop_has_read(const struct why_loop *loop, const uint8_t *data);

/* Keep why_loop_run() running although nothing is watched: a worker thread will post. */
void why__loop_hold(struct why_loop *loop);
void why__loop_release(struct why_loop *loop);

#endif
