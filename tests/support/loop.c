/* SPDX-License-Identifier: MIT
 *
 * The loop that a test runs on.
 */
#include "support/loop.h"

#include <stdlib.h>
#include <string.h>

struct why_loop *test_loop_new(void) {
    const char *name = getenv("WHY_TEST_LOOP");
    if (name != NULL && strcmp(name, "io_uring") == 0) {
        struct why_loop *loop = why_loop_new_on(WHY_LOOP_IO_URING);
        if (loop != NULL) {
            return loop;
        }
    }
    return why_loop_new_on(WHY_LOOP_EPOLL);
}
