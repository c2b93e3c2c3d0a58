/* SPDX-License-Identifier: MIT
 *
 * The pool of large blocks.
 */
#include "net/pool.h"

#include "net/poison.h"
#include "whysocket/conn.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#define SLICE ((size_t)256 * 1024)
#define SLICE_MS 1 /* from one slice to the next */

static void *take_at(struct why__pool *pool, unsigned i) {
    void *block = pool->blocks[i];
    pool->blocks[i] = pool->blocks[--pool->count];
    ASAN_UNPOISON_MEMORY_REGION(block, WHY__POOL_BLOCK_MIN);
    pool->bytes -= malloc_usable_size(block);
    return block;
}

/* The smallest that does, and is not much too large; of those alike, what was given back last: it
 * may be in the cache still. */
static void *take(struct why__pool *pool, size_t size) {
    unsigned best = pool->count;
    size_t best_size = SIZE_MAX;
    for (unsigned i = 0; i < pool->count; i++) {
        size_t usable = malloc_usable_size(pool->blocks[i]);
        if (usable >= size && usable / 4 <= size && usable <= best_size) {
            best = i;
            best_size = usable;
        }
    }
    pool->is_used = true;
    return best < pool->count ? take_at(pool, best) : NULL;
}

static bool keep(struct why__pool *pool, void *block, size_t usable, uint64_t now_ms) {
    if (usable < WHY__POOL_BLOCK_MIN || pool->count == WHY__POOL_BLOCKS_MAX ||
        usable > WHY__POOL_BYTES_MAX - pool->bytes) {
        return false;
    }
    if (pool->count == 0) {
        pool->release_ms = now_ms + WHY__POOL_KEEP_MS;
    }
    pool->blocks[pool->count++] = block;
    pool->bytes += usable;
    ASAN_POISON_MEMORY_REGION(block, WHY__POOL_BLOCK_MIN);
    return true;
}

static bool keep_answer(struct why__pool *pool, void *block, size_t usable) {
    if (pool->answer != NULL || usable < WHY__POOL_ANSWER_MIN || usable >= WHY__POOL_BLOCK_MIN) {
        return false;
    }
    pool->answer = block;
    pool->answer_size = usable;
    ASAN_POISON_MEMORY_REGION(block, WHY__POOL_ANSWER_MIN);
    return true;
}

static void *take_answer(struct why__pool *pool) {
    void *block = pool->answer;
    pool->answer = NULL;
    ASAN_UNPOISON_MEMORY_REGION(block, WHY__POOL_ANSWER_MIN);
    return block;
}

static void give_back(struct why__pool *pool, void *block, uint64_t now_ms) {
    if (block == NULL) {
        return;
    }
    size_t usable = malloc_usable_size(block);
    if (!keep_answer(pool, block, usable) && !keep(pool, block, usable, now_ms)) {
        free(block);
    }
}

void *why__pool_allocate(struct why__pool *pool, void *memory, size_t size, uint64_t now_ms) {
    if (size == 0) {
        give_back(pool, memory, now_ms);
        return NULL;
    }
    if (size < WHY__POOL_BLOCK_MIN) {
        bool is_answer = memory == NULL && pool->answer != NULL && size >= WHY__POOL_ANSWER_MIN &&
                         size <= pool->answer_size;
        return is_answer ? take_answer(pool) : realloc(memory, size);
    }
    size_t had = memory != NULL ? malloc_usable_size(memory) : 0;
    if (had >= size) {
        return realloc(memory, size); /* it shrinks */
    }
    void *block = take(pool, size);
    if (block == NULL) {
        return realloc(memory, size);
    }
    if (memory != NULL) {
        memcpy(block, memory, had);
        give_back(pool, memory, now_ms);
    }
    return block;
}

void why__pool_clear(struct why__pool *pool) {
    if (pool->answer != NULL) {
        free(take_answer(pool));
    }
    while (pool->count > 0) {
        free(take_at(pool, 0));
    }
}

void *why__pool_recall(struct why__pool *pool, size_t size) {
    return size < WHY__POOL_BLOCK_MIN ? NULL : take(pool, size);
}

/* returns  false where that was the last */
static bool release_slice(struct why__pool *pool) {
    if (pool->answer != NULL) {
        free(take_answer(pool));
    }
    void *block = take_at(pool, 0);
    size_t usable = malloc_usable_size(block);
    void *rest = usable > SLICE ? realloc(block, usable - SLICE) : NULL;
    if (rest == NULL || malloc_usable_size(rest) >= usable) {
        free(rest != NULL ? rest : block);
    } else {
        pool->blocks[pool->count++] = rest;
        pool->bytes += malloc_usable_size(rest);
        ASAN_POISON_MEMORY_REGION(rest, WHY__POOL_BLOCK_MIN);
    }
    return pool->count > 0;
}

void why__pool_tick(struct why__pool *pool, uint64_t now_ms) {
    if (pool->count == 0 || now_ms < pool->release_ms) {
        return;
    }
    if (pool->is_used) {
        pool->is_used = false;
        pool->release_ms = now_ms + WHY__POOL_KEEP_MS;
    } else if (release_slice(pool)) {
        pool->release_ms = now_ms + SLICE_MS;
    }
}

uint64_t why__pool_deadline(const struct why__pool *pool) {
    return pool->count > 0 ? pool->release_ms : WHY_NO_DEADLINE;
}
