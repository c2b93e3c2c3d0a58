/* SPDX-License-Identifier: MIT
 *
 * The send queue.
 */
#include "core/send_queue.h"

#include <assert.h>
#include <string.h>

enum {
    ROOM_MIN = 1968,  /* of a new chunk: the answers to a read of small frames */
    ROOM_MAX = 16384, /* past it a chunk only holds what it was made for */
};

static struct why__chunk *append_chunk(struct why__send_queue *queue, const struct why_host *host,
                                       size_t room_len) {
    struct why__chunk *chunk = host->allocate(host->context, NULL, sizeof *chunk + room_len);
    if (chunk == NULL) {
        return NULL;
    }
    *chunk = (struct why__chunk){
        .data = chunk->room, .free = room_len > 0 ? chunk->room : NULL, .free_len = room_len};
    if (queue->first != NULL) {
        queue->first->last->next = chunk;
    } else {
        queue->first = chunk;
    }
    queue->first->last = chunk;
    return chunk;
}

/* A queue that has filled up is likely to go on: chunks grow with it. */
static size_t choose_room(const struct why__send_queue *queue, size_t len) {
    size_t queued = why__send_queue_len(queue);
    size_t room = queued < ROOM_MIN ? ROOM_MIN : queued > ROOM_MAX ? ROOM_MAX : queued;
    return len > room ? len : room;
}

bool why__send_queue_grow(struct why__send_queue *queue, const struct why_host *host, size_t len) {
    return append_chunk(queue, host, choose_room(queue, len)) != NULL;
}

/* Let go of room behind what is used. Without the memory to do so it stays. */
static void shrink_last(struct why__send_queue *queue, const struct why_host *host, size_t used) {
    struct why__chunk **link = &queue->first;
    while (*link != queue->first->last) {
        link = &(*link)->next;
    }
    size_t sent = (size_t)((*link)->data - (*link)->room);
    size_t room = used < ROOM_MIN ? ROOM_MIN : used;
    struct why__chunk *chunk = host->allocate(host->context, *link, sizeof *chunk + room);
    if (chunk == NULL) {
        return;
    }
    chunk->data = chunk->room + sent;
    chunk->free = chunk->room + used;
    chunk->free_len = room - used;
    *link = chunk;
    queue->first->last = chunk;
}

void why__send_queue_trim(struct why__send_queue *queue, const struct why_host *host, size_t len) {
    struct why__chunk *chunk = queue->first->last;
    assert(chunk->free != NULL && chunk->len >= len);
    chunk->len -= len;
    chunk->free -= len;
    chunk->free_len += len;
    queue->first->queued -= len;
    /* Room was made for the worst that a compressor may do. A peer that does not read must not be
     * able to pin it for each message: the queue's limit counts what is in it. */
    if (chunk->free_len > ROOM_MAX) {
        shrink_last(queue, host, (size_t)(chunk->free - chunk->room));
    }
}

/* A chunk that shows bytes which are elsewhere; NULL if out of memory. */
static struct why__chunk *append_view(struct why__send_queue *queue, const struct why_host *host,
                                      struct why_bytes data) {
    struct why__chunk *chunk = append_chunk(queue, host, 0);
    if (chunk != NULL) {
        chunk->data = data.data;
        chunk->len = data.len;
        queue->first->queued += data.len;
    }
    return chunk;
}

bool why__send_queue_borrow(struct why__send_queue *queue, const struct why_host *host,
                            struct why_bytes data) {
    return append_view(queue, host, data) != NULL;
}

struct why__shared *why__shared_new(const struct why_host *host, size_t len) {
    struct why__shared *shared = host->allocate(host->context, NULL, sizeof *shared + len);
    if (shared != NULL) {
        *shared = (struct why__shared){.host = host, .references = 1, .len = len};
    }
    return shared;
}

void why__shared_release(struct why__shared *shared) {
    if (shared != NULL && --shared->references == 0) {
        shared->host->allocate(shared->host->context, shared, 0);
    }
}

bool why__send_queue_share(struct why__send_queue *queue, const struct why_host *host,
                           struct why__shared *shared, size_t skip) {
    struct why_bytes data = {shared->data + skip, shared->len - skip};
    struct why__chunk *chunk = append_view(queue, host, data);
    if (chunk == NULL) {
        return false;
    }
    shared->references++;
    chunk->owned = shared;
    chunk->is_kept = true;
    chunk->is_shared = true;
    return true;
}

static struct why__chunk *copy_chunk(const struct why__chunk *chunk, const struct why_host *host) {
    struct why__chunk *copy = host->allocate(host->context, NULL, sizeof *copy + chunk->len);
    if (copy != NULL) {
        *copy = (struct why__chunk){.next = chunk->next,
                                    .data = copy->room,
                                    .len = chunk->len,
                                    .free = copy->room + chunk->len,
                                    .last = chunk->last,
                                    .queued = chunk->queued};
        memcpy(copy->room, chunk->data, chunk->len);
    }
    return copy;
}

/* Leave to the last chunk that shows what is lent the memory of it: those before it are gone
 * sooner. */
static void take_over(struct why__send_queue *queue, struct why__lent *lent) {
    struct why__chunk *last = NULL;
    const uint8_t *end = lent->data.data + lent->data.len;
    for (struct why__chunk *chunk = queue->first; chunk != NULL; chunk = chunk->next) {
        if (chunk->free == NULL && chunk->data >= lent->data.data && chunk->data < end) {
            chunk->is_kept = true;
            last = chunk;
        }
    }
    if (last != NULL) {
        last->owned = lent->memory;
        lent->memory = NULL;
    }
}

bool why__send_queue_settle(struct why__send_queue *queue, const struct why_host *host,
                            struct why__lent *lent) {
    if (lent->memory != NULL) {
        take_over(queue, lent);
    }
    struct why__chunk *before = NULL;
    for (struct why__chunk *chunk = queue->first; chunk != NULL; chunk = chunk->next) {
        if (chunk->free == NULL && !chunk->is_kept) {
            struct why__chunk *copy = copy_chunk(chunk, host);
            if (copy == NULL) {
                return false;
            }
            *(before == NULL ? &queue->first : &before->next) = copy;
            if (queue->first->last == chunk) {
                queue->first->last = copy;
            }
            host->allocate(host->context, chunk, 0);
            chunk = copy;
        }
        before = chunk;
    }
    return true;
}

size_t why__send_queue_list(const struct why__send_queue *queue, struct why_bytes *list,
                            size_t max) {
    size_t count = 0;
    for (const struct why__chunk *chunk = queue->first; chunk != NULL && count < max;
         chunk = chunk->next) {
        if (chunk->len > 0) {
            list[count++] = (struct why_bytes){chunk->data, chunk->len};
        }
    }
    return count;
}

static void drop_first(struct why__send_queue *queue, const struct why_host *host) {
    struct why__chunk *chunk = queue->first;
    queue->first = chunk->next;
    if (queue->first != NULL) {
        queue->first->last = chunk->last;
        queue->first->queued = chunk->queued - chunk->len;
    }
    if (chunk->is_shared) {
        why__shared_release(chunk->owned);
    } else if (chunk->owned != NULL) {
        host->allocate(host->context, chunk->owned, 0);
    }
    host->allocate(host->context, chunk, 0);
}

void why__send_queue_consume(struct why__send_queue *queue, const struct why_host *host,
                             size_t len) {
    assert(len <= why__send_queue_len(queue));
    while (queue->first != NULL && queue->first->len <= len) {
        len -= queue->first->len;
        drop_first(queue, host);
    }
    if (queue->first != NULL) {
        queue->first->data += len;
        queue->first->len -= len;
        queue->first->queued -= len;
    }
}

void why__send_queue_clear(struct why__send_queue *queue, const struct why_host *host) {
    while (queue->first != NULL) {
        drop_first(queue, host);
    }
}
