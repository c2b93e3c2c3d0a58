/* SPDX-License-Identifier: MIT
 *
 * In the place of loop_uring.c where liburing was not there to build with.
 */
#include "net/poller.h"

#include <errno.h>

struct why__poller *why__poller_uring_new(void) {
    errno = ENOSYS;
    return NULL;
}
