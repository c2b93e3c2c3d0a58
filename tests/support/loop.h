/* SPDX-License-Identifier: MIT
 *
 * The loop that a test runs on: what WHY_TEST_LOOP names, so that the same tests run on each
 * backend.
 */
#ifndef WHY_TEST_LOOP_H
#define WHY_TEST_LOOP_H

#include "whysocket/loop.h"

/* Where this system refuses io_uring it is epoll. NULL: errno says why. */
struct why_loop *test_loop_new(void);

#endif
