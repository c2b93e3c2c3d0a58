/* SPDX-License-Identifier: MIT
 *
 * The event loop: one a thread. Everything that lives on a loop belongs to its thread; only
 * why_loop_post() and why_loop_stop() may be called from others.
 */
#ifndef WHY_LOOP_H
#define WHY_LOOP_H

#include "whysocket/api.h"
#include "whysocket/host.h"

WHY_BEGIN_DECLS

struct why_loop;

/* What a loop asks the kernel with. io_uring handles small messages of many connections in fewer
 * system calls; older kernels (before 6.1) and many sandboxes refuse it. */
enum why_loop_backend {
    WHY_LOOP_AUTO, /* what is faster of those that this system lets us have */
    WHY_LOOP_EPOLL,
    WHY_LOOP_IO_URING,
};

/* A loop on WHY_LOOP_EPOLL.
 * returns  a loop, to be freed with why_loop_free(); NULL: errno says why */
WHY_API struct why_loop *why_loop_new(void);

/* A loop on `backend`. Freeing one on io_uring may interrupt, with EINTR, what the thread that ran
 * it waits for next. returns  as why_loop_new(); for WHY_LOOP_IO_URING also NULL with ENOSYS: not
 * in this kernel or this build, or EPERM: forbidden here */
WHY_API struct why_loop *why_loop_new_on(enum why_loop_backend backend);

/* returns  what `loop` runs on: never WHY_LOOP_AUTO */
WHY_API enum why_loop_backend why_loop_backend(const struct why_loop *loop);

/* Free it. Everything on it has ended before: its clients, its servers. NULL is allowed. */
WHY_API void why_loop_free(struct why_loop *loop);

/* Memory from malloc(), randomness from getrandom() (fresh after fork()), the loop's clock. Lives
 * as long as the loop. */
WHY_API const struct why_host *why_loop_host(const struct why_loop *loop);

/* Handle what happens until why_loop_stop(), or until nothing is left that could happen.
 * returns  WHY_OK, or WHY_ERR_SYSTEM with errno */
WHY_API WHY_MUST_USE int why_loop_run(struct why_loop *loop);

/* Make why_loop_run() return after the turn it is in, or, where it does not run yet, after its
 * first one. From any thread, and from a signal handler. */
WHY_API void why_loop_stop(struct why_loop *loop);

/* Run `task(argument)` on the loop's thread, in its next turn, in the order of posting. From any
 * thread. What a loop has not run before it is freed is forgotten: the argument stays the caller's.
 * By the time it runs, a session may be gone: post what finds it, not its pointer.
 * returns WHY_OK or WHY_ERR_NOMEM */
WHY_API WHY_MUST_USE int why_loop_post(struct why_loop *loop, void (*task)(void *argument),
                                       void *argument);

WHY_END_DECLS

#endif
