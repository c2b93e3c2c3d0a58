/* SPDX-License-Identifier: MIT
 *
 * The buffers that io_uring receives into: a few for all sockets, which the kernel picks from when
 * something came, so that an idle connection holds none.
 */
#ifndef WHY_NET_LOOP_URING_H
#define WHY_NET_LOOP_URING_H

#include "whysocket/bytes.h"

#include <liburing.h>
#include <stddef.h>
#include <stdint.h>

/* The group that requests name them by. */
#define WHY__URING_GROUP 1

struct why__uring_buffers {
    struct io_uring_buf_ring *ring; /* those the kernel may pick from */
    uint8_t *memory;
};

/* returns  0 or a negative errno */
int why__uring_buffers_open(struct why__uring_buffers *buffers, struct io_uring *ring);
void why__uring_buffers_close(struct why__uring_buffers *buffers, struct io_uring *ring);

/* The kernel has picked buffer number `index` and put `len` bytes there. */
struct why_span why__uring_buffers_take(struct why__uring_buffers *buffers, unsigned index,
                                        int len);

/* What begins at `data` may be picked again. */
void why__uring_buffers_give(struct why__uring_buffers *buffers, const uint8_t *data);

#endif
