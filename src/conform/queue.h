/* SPDX-License-Identifier: MIT
 *
 * Bytes that grow, and are taken from the front.
 */
#ifndef WHY_CONFORM_QUEUE_H
#define WHY_CONFORM_QUEUE_H

#include "whysocket/bytes.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Start from all zeroes. Once memory ran out it stays `failed`, and takes nothing more. */
struct conform_queue {
    uint8_t *data;
    size_t begin, end, size; /* what it holds is data[begin] up to data[end] */
    bool failed;
};

void conform_queue_clear(struct conform_queue *queue);

/* Room for `len` bytes behind what is held, which belong to it at once: to be written before the
 * next call. NULL if out of memory. */
uint8_t *conform_queue_extend(struct conform_queue *queue, size_t len);

void conform_queue_append(struct conform_queue *queue, const void *data, size_t len);

/* Forget so many bytes from the front; memory of more than some pages is given back with the last.
 */
void conform_queue_consume(struct conform_queue *queue, size_t len);

static inline size_t conform_queue_len(const struct conform_queue *queue) {
    return queue->end - queue->begin;
}

static inline struct why_bytes conform_queue_bytes(const struct conform_queue *queue) {
    return (struct why_bytes){queue->data == NULL ? NULL : queue->data + queue->begin,
                              queue->end - queue->begin};
}

#endif
