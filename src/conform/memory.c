/* SPDX-License-Identifier: MIT
 *
 * An arena of chunks, and a buffer that doubles.
 */
#include "conform/memory.h"

#include <stdlib.h>
#include <string.h>

#define CHUNK_SIZE ((size_t)64 << 10)

struct conform_memory {
    struct conform_memory *next;
    size_t used, size;
    max_align_t data[];
};

static struct conform_memory *new_chunk(size_t size) {
    size_t room = size > CHUNK_SIZE ? size : CHUNK_SIZE;
    struct conform_memory *chunk = calloc(1, sizeof *chunk + room);
    if (chunk != NULL) {
        chunk->size = room;
    }
    return chunk;
}

void *conform_memory_take(struct conform_memory **memory, size_t size) {
    size_t rounded = (size + sizeof(max_align_t) - 1) / sizeof(max_align_t) * sizeof(max_align_t);
    struct conform_memory *chunk = *memory;
    if (chunk == NULL || chunk->size - chunk->used < rounded) {
        chunk = new_chunk(rounded);
        if (chunk == NULL) {
            return NULL;
        }
        chunk->next = *memory;
        *memory = chunk;
    }
    void *taken = (uint8_t *)chunk->data + chunk->used;
    chunk->used += rounded;
    return taken;
}

char *conform_memory_text(struct conform_memory **memory, const char *text, size_t len) {
    char *copy = conform_memory_take(memory, len + 1);
    if (copy != NULL && len > 0) {
        memcpy(copy, text, len);
    }
    return copy;
}

void conform_memory_join(struct conform_memory **memory, struct conform_memory *added) {
    struct conform_memory **end = memory;
    while (*end != NULL) {
        end = &(*end)->next;
    }
    *end = added;
}

void conform_memory_free(struct conform_memory *memory) {
    while (memory != NULL) {
        struct conform_memory *next = memory->next;
        free(memory);
        memory = next;
    }
}

uint8_t *conform_buffer_grow(struct conform_buffer *buffer, size_t len) {
    if (len > CONFORM_BUFFER_MAX - buffer->len) {
        return NULL;
    }
    size_t needed = buffer->len + len;
    if (needed > buffer->room || buffer->data == NULL) {
        size_t room = buffer->room * 2 > needed ? buffer->room * 2 : needed + 64;
        uint8_t *data = realloc(buffer->data, room);
        if (data == NULL) {
            return NULL;
        }
        buffer->data = data;
        buffer->room = room;
    }
    uint8_t *added = buffer->data + buffer->len;
    buffer->len = needed;
    return added;
}

bool conform_buffer_add(struct conform_buffer *buffer, const void *data, size_t len) {
    uint8_t *added = conform_buffer_grow(buffer, len);
    if (added != NULL && len > 0) {
        memcpy(added, data, len);
    }
    return added != NULL;
}

void conform_buffer_free(struct conform_buffer *buffer) {
    free(buffer->data);
    *buffer = (struct conform_buffer){0};
}
