/* SPDX-License-Identifier: MIT
 *
 * The send queue: a list of chunks. Small frames are copied one behind the other into a chunk, so
 * that many leave in one buffer; a large payload may be a chunk of its own that only points at it.
 * Empty, it holds nothing.
 */
#ifndef WHY_CORE_SEND_QUEUE_H
#define WHY_CORE_SEND_QUEUE_H

#include "whysocket/bytes.h"
#include "whysocket/host.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Its fields are send_queue.c's, but for the shortest way through why__send_queue_take(). */
struct why__chunk {
    struct why__chunk *next;
    const uint8_t *data; /* what is left to send: in `room`, or borrowed */
    size_t len;
    uint8_t *free;   /* room behind it; NULL: the bytes are elsewhere: borrowed, */
    size_t free_len; /* 0 then */
    void *owned;     /* or in this, which goes with the chunk, */
    bool is_kept;    /* or in what a later chunk owns, or in */
    bool is_shared;  /* a why__shared, of which `owned` is a reference */

    /* Of the first chunk alone, so that an empty queue is a pointer: */
    struct why__chunk *last;
    size_t queued; /* bytes of all chunks */
    uint8_t room[];
};

/* Start from all zeroes. */
struct why__send_queue {
    struct why__chunk *first;
};

/* Bytes not yet consumed. */
static inline size_t why__send_queue_len(const struct why__send_queue *queue) {
    return queue->first != NULL ? queue->first->queued : 0;
}

/* Append a chunk with room for `len` bytes, or more where the queue has filled up before. */
bool why__send_queue_grow(struct why__send_queue *queue, const struct why_host *host, size_t len);

/* As below, but only where that much room is there already. */
static inline uint8_t *why__send_queue_take(struct why__send_queue *queue, size_t len) {
    if (queue->first == NULL || queue->first->last->free_len < len) {
        return NULL;
    }
    struct why__chunk *chunk = queue->first->last;
    uint8_t *place = chunk->free;
    chunk->free += len;
    chunk->free_len -= len;
    chunk->len += len;
    queue->first->queued += len;
    return place;
}

/* Room for `len` bytes in one piece at the end of the queue, to be written before the next call.
 * NULL if out of memory: nothing was queued. */
static inline uint8_t *why__send_queue_reserve(struct why__send_queue *queue,
                                               const struct why_host *host, size_t len) {
    uint8_t *place = why__send_queue_take(queue, len);
    return place != NULL || !why__send_queue_grow(queue, host, len)
               ? place
               : why__send_queue_take(queue, len);
}

/* Give back the last `len` bytes of what was just reserved. What was written may move. */
void why__send_queue_trim(struct why__send_queue *queue, const struct why_host *host, size_t len);

/* Queue bytes that stay where they are until why__send_queue_settle(). False if out of memory. */
bool why__send_queue_borrow(struct why__send_queue *queue, const struct why_host *host,
                            struct why_bytes data);

/* Bytes that any number of queues send. Whoever holds a reference may let go of it. */
struct why__shared {
    const struct why_host *host; /* whose memory it is */
    size_t references;
    size_t len;
    uint8_t data[];
};

/* Room for `len` bytes, to be filled in before others get it. NULL if out of memory. */
struct why__shared *why__shared_new(const struct why_host *host, size_t len);
void why__shared_release(struct why__shared *shared); /* NULL is allowed */

/* Queue them, but for the first `skip`, and hold a reference as long as they are queued. False if
 * out of memory. */
bool why__send_queue_share(struct why__send_queue *queue, const struct why_host *host,
                           struct why__shared *shared, size_t skip);

/* Memory of the host's that borrowed bytes may lie in. */
struct why__lent {
    void *memory; /* NULL: none */
    struct why_bytes data;
};

/* See that borrowed bytes stay: those in `lent` by taking its memory over (`lent->memory` is NULL
 * then), others by copying them. False if out of memory; the queue is as it was. */
bool why__send_queue_settle(struct why__send_queue *queue, const struct why_host *host,
                            struct why__lent *lent);

size_t why__send_queue_list(const struct why__send_queue *queue, struct why_bytes *list,
                            size_t max);
void why__send_queue_consume(struct why__send_queue *queue, const struct why_host *host,
                             size_t len);
void why__send_queue_clear(struct why__send_queue *queue, const struct why_host *host);

#endif
