/* SPDX-License-Identifier: MIT
 *
 * What zlib makes of a compressed message: the judge of our own decoder.
 */
#ifndef WHY_TEST_DEFLATED_H
#define WHY_TEST_DEFLATED_H

#include "whysocket/bytes.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct test_inflated {
    bool is_right;  /* it can be inflated, and is whole with its tail 00 00 ff ff */
    bool has_final; /* a block says that it is the last one */
    bool is_full;   /* more came out than there is room for: nothing else is known */
    size_t len;
};

/* Inflate a message that came without its tail, with a window of `bits`. */
struct test_inflated test_inflate(struct why_bytes input, uint8_t bits, struct why_span out);

#endif
