/* SPDX-License-Identifier: MIT */
#include "conform/queue.h"

#include <stdlib.h>
#include <string.h>

enum {
    FIRST_SIZE = 512,
    KEPT_SIZE = 64 * 1024, /* more is given back when the queue is empty */
};

void conform_queue_clear(struct conform_queue *queue) {
    free(queue->data);
    *queue = (struct conform_queue){0};
}

static bool grow(struct conform_queue *queue, size_t len) {
    size_t held = conform_queue_len(queue);
    size_t size = queue->size < FIRST_SIZE ? FIRST_SIZE : queue->size;
    while (size - held < len) {
        if (size > SIZE_MAX / 2) {
            return false;
        }
        size *= 2;
    }
    uint8_t *data = malloc(size);
    if (data == NULL) {
        return false;
    }
    if (held > 0 && queue->data != NULL) {
        memcpy(data, queue->data + queue->begin, held);
    }
    free(queue->data);
    *queue = (struct conform_queue){.data = data, .end = held, .size = size};
    return true;
}

uint8_t *conform_queue_extend(struct conform_queue *queue, size_t len) {
    if (queue->failed) {
        return NULL;
    }
    if ((queue->data == NULL || queue->size - queue->end < len) && !grow(queue, len)) {
        queue->failed = true;
        return NULL;
    }
    uint8_t *room = queue->data + queue->end;
    queue->end += len;
    return room;
}

void conform_queue_append(struct conform_queue *queue, const void *data, size_t len) {
    uint8_t *room = len == 0 ? NULL : conform_queue_extend(queue, len);
    if (room != NULL) {
        memcpy(room, data, len);
    }
}

void conform_queue_consume(struct conform_queue *queue, size_t len) {
    queue->begin += len;
    if (queue->begin < queue->end) {
        return;
    }
    bool failed = queue->failed;
    if (queue->size > KEPT_SIZE) {
        conform_queue_clear(queue);
    }
    queue->begin = 0;
    queue->end = 0;
    queue->failed = failed;
}
