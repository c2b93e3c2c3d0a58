/* SPDX-License-Identifier: MIT
 *
 * The masking keys that a client began its connections with: they have to be unpredictable (RFC
 * 6455 section 5.3), and one connection alone does not show that each begins with the same.
 */
#ifndef WHY_CONFORM_KEYS_H
#define WHY_CONFORM_KEYS_H

#include "conform/tally.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Start from all zeroes. */
struct conform_keys {
    struct conform_key *list;
    size_t count, size;
};

/* A connection began with this key; `index` of the case that it played.
 * returns  false if out of memory */
WHY_MUST_USE bool conform_keys_add(struct conform_keys *keys, const uint8_t key[4], size_t index);

/* The run is over: a finding of the case about keys, where it was played and they are the same. */
void conform_keys_judge(struct conform_keys *keys, struct conform_tally *tally);

void conform_keys_clear(struct conform_keys *keys);

#endif
