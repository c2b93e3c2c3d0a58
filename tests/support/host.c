/* SPDX-License-Identifier: MIT */
#include "support/host.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

/* The size stands before the block, so that what is freed can be counted. */
struct prefix {
    _Alignas(max_align_t) size_t size;
};

static void *test_allocate(void *context, void *memory, size_t size) {
    struct test_host *test = context;
    struct prefix *old = memory == NULL ? NULL : (struct prefix *)memory - 1;
    size_t old_size = old == NULL ? 0 : old->size;
    if (size == 0) {
        if (old != NULL) {
            test->live_blocks--;
            test->live_bytes -= old_size;
        }
        free(old);
        return NULL;
    }
    test->allocations++;
    if (test->fail_at != 0 && test->allocations >= test->fail_at) {
        return NULL;
    }
    /* Always move, so that a pointer kept over a reallocation is found. */
    struct prefix *fresh = malloc(sizeof *fresh + size);
    if (fresh == NULL) {
        abort();
    }
    fresh->size = size;
    memset(fresh + 1, test->fill, size);
    if (old != NULL) {
        memcpy(fresh + 1, memory, old_size < size ? old_size : size);
        free(old);
    } else {
        test->live_blocks++;
    }
    test->live_bytes = test->live_bytes - old_size + size;
    if (test->live_bytes > test->peak_bytes) {
        test->peak_bytes = test->live_bytes;
    }
    return fresh + 1;
}

/* xorshift64*: repeatable, which is what a test wants and a program must not have. */
static void test_random(void *context, uint8_t *out, size_t len) {
    struct test_host *test = context;
    for (size_t i = 0; i < len; i++) {
        uint64_t x = test->random_state;
        x ^= x >> 12;
        x ^= x << 25;
        x ^= x >> 27;
        test->random_state = x;
        out[i] = (uint8_t)((x * UINT64_C(2685821657736338717)) >> 56);
    }
}

void test_host_init(struct test_host *test) {
    *test = (struct test_host){.now_ms = 1000000, .random_state = 88172645463325252u, .fill = 0xa5};
    test->host = (struct why_host){
        .context = test, .allocate = test_allocate, .random = test_random, .now_ms = &test->now_ms};
}
