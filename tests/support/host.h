/* SPDX-License-Identifier: MIT
 *
 * A host for tests: virtual time, repeatable randomness, and memory that counts what is held and
 * fails when it is told to.
 */
#ifndef WHY_TEST_HOST_H
#define WHY_TEST_HOST_H

#include "whysocket/host.h"

#include <stddef.h>
#include <stdint.h>

struct test_host {
    struct why_host host; /* hand in its address */
    uint64_t now_ms;
    uint64_t random_state;
    size_t allocations; /* calls that asked for memory, so far */
    size_t fail_at;     /* that call, counted from 1, and all later ones fail; 0: none */
    size_t live_blocks; /* not yet freed */
    size_t live_bytes, peak_bytes;
    uint8_t fill; /* what new memory holds; 0xa5 at first */
};

/* In place; `test` does not move after this. */
void test_host_init(struct test_host *test);

#endif
