/* SPDX-License-Identifier: MIT
 *
 * The pool: what is given back is handed out again, and after a while goes to the system in slices.
 */
#include "net/pool.h"

#include "support/test.h"
#include "whysocket/conn.h"

#include <malloc.h>

#define LARGE ((size_t)1024 * 1024)
#define SLICE_MAX ((size_t)256 * 1024)

static void keep(struct why__pool *pool, size_t size, uint64_t now_ms) {
    void *block = why__pool_allocate(pool, NULL, size, now_ms);
    assert_non_null(block);
    assert_null(why__pool_allocate(pool, block, 0, now_ms));
    assert_int_equal(pool->count, 1);
}

static void what_is_kept_is_recalled_once(void **state) {
    (void)state;
    struct why__pool pool = {0};
    assert_null(why__pool_recall(&pool, LARGE));
    keep(&pool, LARGE, 0);
    void *block = why__pool_recall(&pool, LARGE / 2);
    assert_non_null(block);
    assert_null(why__pool_recall(&pool, LARGE / 2));
    assert_null(why__pool_allocate(&pool, block, 0, 0));
    why__pool_clear(&pool);
}

static void what_is_much_too_large_is_not_recalled(void **state) {
    (void)state;
    struct why__pool pool = {0};
    keep(&pool, LARGE, 0);
    assert_null(why__pool_recall(&pool, LARGE / 8));
    assert_null(why__pool_recall(&pool, 2 * LARGE));
    assert_null(why__pool_recall(&pool, 100));
    why__pool_clear(&pool);
}

static void what_nobody_asks_for_goes_in_slices(void **state) {
    (void)state;
    struct why__pool pool = {0};
    keep(&pool, LARGE, 0);
    assert_int_equal(why__pool_deadline(&pool), WHY__POOL_KEEP_MS);
    why__pool_tick(&pool, WHY__POOL_KEEP_MS); /* it was asked for in the time before */
    assert_int_equal(why__pool_deadline(&pool), 2 * WHY__POOL_KEEP_MS);
    unsigned ticks = 0;
    for (uint64_t now_ms = 2 * WHY__POOL_KEEP_MS; pool.count > 0; ticks++) {
        size_t before = pool.bytes;
        why__pool_tick(&pool, now_ms);
        assert_true(pool.bytes < before);
        assert_true(before - pool.bytes <= SLICE_MAX + 8192); /* and what a page rounds up */
        assert_true(pool.count == 0 || why__pool_deadline(&pool) > now_ms);
        now_ms = why__pool_deadline(&pool);
    }
    assert_true(ticks >= LARGE / SLICE_MAX);
    assert_int_equal(pool.bytes, 0);
    assert_true(why__pool_deadline(&pool) == WHY_NO_DEADLINE);
}

static void what_is_asked_for_meanwhile_stays(void **state) {
    (void)state;
    struct why__pool pool = {0};
    keep(&pool, LARGE, 0);
    why__pool_tick(&pool, WHY__POOL_KEEP_MS);
    why__pool_tick(&pool, 2 * WHY__POOL_KEEP_MS);
    void *block = why__pool_recall(&pool, LARGE / 2);
    assert_non_null(block);
    assert_null(why__pool_allocate(&pool, block, 0, 2 * WHY__POOL_KEEP_MS));
    size_t bytes = pool.bytes;
    why__pool_tick(&pool, why__pool_deadline(&pool));
    assert_int_equal(pool.bytes, bytes);
    why__pool_clear(&pool);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_kept_is_recalled_once),
        cmocka_unit_test(what_is_much_too_large_is_not_recalled),
        cmocka_unit_test(what_nobody_asks_for_goes_in_slices),
        cmocka_unit_test(what_is_asked_for_meanwhile_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
