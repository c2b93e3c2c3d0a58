/* SPDX-License-Identifier: MIT
 *
 * The suite's memory: what is read once and lives until the end lies in an arena; bytes that are
 * made for a frame lie in a buffer that grows.
 */
#ifndef WHY_CONFORM_MEMORY_H
#define WHY_CONFORM_MEMORY_H

#include "whysocket/api.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Chunks, the newest first; an arena without any is NULL. */
struct conform_memory;

/* Zeroes, aligned for anything; NULL if out of memory. */
void *conform_memory_take(struct conform_memory **memory, size_t size);

/* A copy with a terminator; NULL if out of memory. */
char *conform_memory_text(struct conform_memory **memory, const char *text, size_t len);

/* Make what was added part of `memory`; either may be NULL. */
void conform_memory_join(struct conform_memory **memory, struct conform_memory *added);
void conform_memory_free(struct conform_memory *memory);

/* A term that would be larger is a slip of the pen: no peer is sent so much at once. */
#define CONFORM_BUFFER_MAX ((size_t)256 << 20)

struct conform_buffer { /* from all zeroes */
    uint8_t *data;
    size_t len, room;
};

/* Room for `len` more bytes, which count as added.
 * returns  where they begin; NULL if out of memory, or past CONFORM_BUFFER_MAX: nothing changed */
uint8_t *conform_buffer_grow(struct conform_buffer *buffer, size_t len);
WHY_MUST_USE bool conform_buffer_add(struct conform_buffer *buffer, const void *data, size_t len);
void conform_buffer_free(struct conform_buffer *buffer);

#endif
