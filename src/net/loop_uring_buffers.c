/* SPDX-License-Identifier: MIT
 *
 * The buffers that io_uring receives into.
 */
#include "net/loop_uring.h"

#include "net/loop.h"
#include "net/poison.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

/* More than what one call into a current kernel fills; where all are taken, receiving is begun anew
 * after they were given back. */
#define COUNT 64

/* A cache line more than there is room for: the beginnings, which are all that short messages
 * touch, would else share the few cache lines of one set. */
#define STRIDE (WHY__RECEIVED_MAX + 64)

#define RING_LEN (COUNT * sizeof(struct io_uring_buf))

static void offer(struct why__uring_buffers *buffers, unsigned index) {
    uint8_t *data = buffers->memory + index * STRIDE;
    ASAN_POISON_MEMORY_REGION(data, STRIDE);
    io_uring_buf_ring_add(buffers->ring, data, WHY__RECEIVED_MAX, (unsigned short)index,
                          io_uring_buf_ring_mask(COUNT), 0);
    io_uring_buf_ring_advance(buffers->ring, 1);
}

static int map(struct why__uring_buffers *buffers) {
    void *ring = mmap(NULL, RING_LEN, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (ring == MAP_FAILED) {
        return -errno;
    }
    buffers->ring = ring;
    buffers->memory = malloc(COUNT * STRIDE);
    if (buffers->memory == NULL) {
        munmap(ring, RING_LEN);
        return -ENOMEM;
    }
    return 0;
}

static void unmap(struct why__uring_buffers *buffers) {
    ASAN_UNPOISON_MEMORY_REGION(buffers->memory, COUNT * STRIDE);
    free(buffers->memory);
    munmap(buffers->ring, RING_LEN);
}

int why__uring_buffers_open(struct why__uring_buffers *buffers, struct io_uring *ring) {
    int result = map(buffers);
    if (result < 0) {
        return result;
    }
    struct io_uring_buf_reg registration = {.ring_addr = (uint64_t)(uintptr_t)buffers->ring,
                                            .ring_entries = COUNT,
                                            .bgid = WHY__URING_GROUP};
    result = io_uring_register_buf_ring(ring, &registration, 0);
    if (result < 0) {
        unmap(buffers);
        return result;
    }
    io_uring_buf_ring_init(buffers->ring);
    for (unsigned i = 0; i < COUNT; i++) {
        offer(buffers, i);
    }
    return 0;
}

void why__uring_buffers_close(struct why__uring_buffers *buffers, struct io_uring *ring) {
    (void)io_uring_unregister_buf_ring(ring, WHY__URING_GROUP);
    unmap(buffers);
}

struct why_span why__uring_buffers_take(struct why__uring_buffers *buffers, unsigned index,
                                        int len) {
    uint8_t *data = buffers->memory + index * STRIDE;
    ASAN_UNPOISON_MEMORY_REGION(data, WHY__RECEIVED_MAX);
    return (struct why_span){data, len > 0 ? (size_t)len : 0};
}

void why__uring_buffers_give(struct why__uring_buffers *buffers, const uint8_t *data) {
    offer(buffers, (unsigned)((size_t)(data - buffers->memory) / STRIDE));
}
