/* SPDX-License-Identifier: MIT
 *
 * The seam between the loop and the kernel: what a backend (epoll, or io_uring beside it) has to
 * do. Which events are still wanted when they are delivered is the loop's care, not the backend's.
 */
#ifndef WHY_NET_POLLER_H
#define WHY_NET_POLLER_H

#include "net/loop.h"

#include <sys/types.h>

struct why__event {
    struct why__watch *watch; /* NULL: it was unwatched after the event was fetched */
    unsigned ready;
    struct why__received received; /* with WHY__RECEIVED */
};

struct why__poller {
    /* Begin to watch for watch->interest, which may be nothing. WHY_OK, or WHY_ERR_SYSTEM with
     * errno. */
    int (*watch)(struct why__poller *poller, struct why__watch *watch);

    /* watch->interest has changed. Cannot fail. Without interest it may not keep the loop awake,
     * whatever becomes of the descriptor. */
    void (*rewatch)(struct why__poller *poller, struct why__watch *watch);

    /* Forget it: no later wait() names it. The descriptor is still open. */
    void (*unwatch)(struct why__poller *poller, struct why__watch *watch);

    /* Wait up to `timeout_ms` (-1: for ever) and write what is ready to `events`.
     * returns how many; -1 with errno */
    int (*wait)(struct why__poller *poller, struct why__event *events, int max, int timeout_ms);

    void (*free)(struct why__poller *poller);

    /* The rest only where the backend does input and output by itself; all of them or none. */

    /* An event with received data was delivered. */
    void (*give_back)(struct why__poller *poller, const struct why__event *event);

    /* See why__loop_is_receiving(). */
    bool (*is_receiving)(struct why__poller *poller, const struct why__watch *watch);

    /* See why__loop_send(). */
    void (*send)(struct why__poller *poller, struct why__send *sends, size_t count);

    /* The loop will not wait for a while: let go of what was unwatched. */
    void (*rest)(struct why__poller *poller);
};

/* NULL with errno. */
struct why__poller *why__poller_epoll_new(void);

/* NULL with errno: ENOSYS where it was not built in or the kernel is too old, EPERM where it is
 * forbidden. */
struct why__poller *why__poller_uring_new(void);

#endif
