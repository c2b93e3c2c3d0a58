/* SPDX-License-Identifier: MIT
 *
 * The send queue.
 */
#include "core/output.h"

#include <assert.h>
#include <string.h>

enum {
    ROOM_MIN = 512,   /* of a new chunk: some dozens of small frames */
    ROOM_MAX = 16384, /* past it a chunk only holds what it was made for */
};

struct why__chunk {
    struct why__chunk *next;
    const uint8_t *data; /* what is left to send: in `room`, or borrowed */
    size_t len;
    size_t room_len; /* 0: borrowed */
    uint8_t room[];
};

static struct why__chunk *append_chunk(struct why__output *output, const struct why_host *host,
                                       size_t room_len) {
    struct why__chunk *chunk = host->allocate(host->context, NULL, sizeof *chunk + room_len);
    if (chunk == NULL) {
        return NULL;
    }
    chunk->next = NULL;
    chunk->data = chunk->room;
    chunk->len = 0;
    chunk->room_len = room_len;
    if (output->last != NULL) {
        output->last->next = chunk;
    } else {
        output->first = chunk;
    }
    output->last = chunk;
    return chunk;
}

/* A queue that has filled up is likely to go on: chunks grow with it. */
static size_t choose_room(const struct why__output *output, size_t len) {
    size_t room = output->len < ROOM_MIN   ? ROOM_MIN
                  : output->len > ROOM_MAX ? ROOM_MAX
                                           : output->len;
    return len > room ? len : room;
}

uint8_t *why__output_reserve(struct why__output *output, const struct why_host *host, size_t len) {
    struct why__chunk *chunk = output->last;
    size_t used = 0;
    if (chunk != NULL && chunk->room_len > 0) {
        used = (size_t)(chunk->data - chunk->room) + chunk->len;
    }
    if (chunk == NULL || chunk->room_len - used < len) {
        chunk = append_chunk(output, host, choose_room(output, len));
        if (chunk == NULL) {
            return NULL;
        }
        used = 0;
    }
    chunk->len += len;
    output->len += len;
    return chunk->room + used;
}

void why__output_trim(struct why__output *output, size_t len) {
    assert(output->last != NULL && output->last->len >= len);
    output->last->len -= len;
    output->len -= len;
}

bool why__output_borrow(struct why__output *output, const struct why_host *host,
                        struct why_bytes data) {
    struct why__chunk *chunk = append_chunk(output, host, 0);
    if (chunk == NULL) {
        return false;
    }
    chunk->data = data.data;
    chunk->len = data.len;
    output->len += data.len;
    return true;
}

static struct why__chunk *copy_chunk(const struct why__chunk *chunk, const struct why_host *host) {
    struct why__chunk *copy = host->allocate(host->context, NULL, sizeof *copy + chunk->len);
    if (copy != NULL) {
        *copy = (struct why__chunk){chunk->next, copy->room, chunk->len, chunk->len};
        memcpy(copy->room, chunk->data, chunk->len);
    }
    return copy;
}

bool why__output_settle(struct why__output *output, const struct why_host *host) {
    struct why__chunk *before = NULL;
    for (struct why__chunk *chunk = output->first; chunk != NULL; chunk = chunk->next) {
        if (chunk->room_len == 0) {
            struct why__chunk *copy = copy_chunk(chunk, host);
            if (copy == NULL) {
                return false;
            }
            *(before == NULL ? &output->first : &before->next) = copy;
            if (output->last == chunk) {
                output->last = copy;
            }
            host->allocate(host->context, chunk, 0);
            chunk = copy;
        }
        before = chunk;
    }
    return true;
}

size_t why__output_list(const struct why__output *output, struct why_bytes *list, size_t max) {
    size_t count = 0;
    for (const struct why__chunk *chunk = output->first; chunk != NULL && count < max;
         chunk = chunk->next) {
        if (chunk->len > 0) {
            list[count++] = (struct why_bytes){chunk->data, chunk->len};
        }
    }
    return count;
}

static void drop_first(struct why__output *output, const struct why_host *host) {
    struct why__chunk *chunk = output->first;
    output->first = chunk->next;
    if (output->first == NULL) {
        output->last = NULL;
    }
    host->allocate(host->context, chunk, 0);
}

void why__output_consume(struct why__output *output, const struct why_host *host, size_t len) {
    assert(len <= output->len);
    output->len -= len;
    while (output->first != NULL && output->first->len <= len) {
        len -= output->first->len;
        drop_first(output, host);
    }
    if (len > 0) {
        output->first->data += len;
        output->first->len -= len;
    }
}

void why__output_clear(struct why__output *output, const struct why_host *host) {
    while (output->first != NULL) {
        drop_first(output, host);
    }
    output->len = 0;
}
