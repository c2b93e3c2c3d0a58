/* SPDX-License-Identifier: MIT
 *
 * Large blocks of memory that were given back, kept for a moment: what the system takes for fresh
 * pages is more than what copying a message costs. Small ones go to the C library as ever, and so
 * do all once they have not been asked for; but for one of the size that answers are put together
 * in, which is asked for in every turn.
 */
#ifndef WHY_NET_POOL_H
#define WHY_NET_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WHY__POOL_BLOCK_MIN ((size_t)4 * 1024)
#define WHY__POOL_ANSWER_MIN ((size_t)1536)
#define WHY__POOL_BYTES_MAX ((size_t)128 * 1024 * 1024)
#define WHY__POOL_BLOCKS_MAX 16
#define WHY__POOL_KEEP_MS 1000

/* Start from all zeroes. */
struct why__pool {
    void *answer; /* of WHY__POOL_ANSWER_MIN to WHY__POOL_BLOCK_MIN bytes; NULL: in use */
    size_t answer_size;
    void *blocks[WHY__POOL_BLOCKS_MAX];
    unsigned count;
    size_t bytes;
    bool is_used;        /* since the last tick that looked */
    uint64_t release_ms; /* when to look next; only while there are blocks */
};

/* As realloc(), but for a size of 0, which frees and returns NULL. */
void *why__pool_allocate(struct why__pool *pool, void *memory, size_t size, uint64_t now_ms);

/* One that is kept, of that size at least; NULL where none is. */
void *why__pool_recall(struct why__pool *pool, size_t size);

/* Give back to the system what was not asked for in WHY__POOL_KEEP_MS, a slice at a time: what it
 * takes for all of a large block would keep the loop from everything else. */
void why__pool_tick(struct why__pool *pool, uint64_t now_ms);

/* When to tick; WHY_NO_DEADLINE: nothing is kept. */
uint64_t why__pool_deadline(const struct why__pool *pool);

void why__pool_clear(struct why__pool *pool);

#endif
