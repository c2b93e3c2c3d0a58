/* SPDX-License-Identifier: MIT
 *
 * Unpredictable bytes from getrandom(), fetched by the page, so that a masking key does not cost a
 * system call.
 */
#ifndef WHY_NET_RANDOM_H
#define WHY_NET_RANDOM_H

#include <stddef.h>
#include <stdint.h>

struct why__random;

/* NULL with errno. */
struct why__random *why__random_new(void);
void why__random_free(struct why__random *random);

/* No byte is handed out twice, also not in a child after fork(), where the page reads as zeroes. */
void why__random_fill(struct why__random *random, uint8_t *out, size_t len);

#endif
