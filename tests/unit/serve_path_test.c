/* SPDX-License-Identifier: MIT
 *
 * The paths of `serve`: one copy while it is in use, bounded sharing, nothing left.
 */
#include "cmd/serve_path.h"

#include "support/test.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct why_bytes bytes_of(const char *text) {
    return (struct why_bytes){(const uint8_t *)text, strlen(text)};
}

static void shares_a_path_in_use(void **state) {
    (void)state;
    int owner = 0;
    struct path_table table = {.owner = &owner};
    struct path *first = path_take(&table, bytes_of("/chat"));
    struct path *other = path_take(&table, bytes_of("/cha"));
    assert_ptr_equal(path_take(&table, bytes_of("/chat")), first);
    assert_ptr_not_equal(other, first);
    assert_ptr_equal(first->owner, &owner);
    assert_string_equal(first->text, "/chat");
    path_drop(&table, first);
    assert_ptr_equal(path_take(&table, bytes_of("/chat")), first);
    path_drop(&table, first);
    path_drop(&table, first);
    path_drop(&table, other);
    assert_int_equal(table.count, 0);
}

static void keeps_the_beginning_of_a_long_path(void **state) {
    (void)state;
    char text[PATH_KEPT + 40];
    memset(text, 'a', sizeof text);
    struct path_table table = {0};
    struct path *whole = path_take(&table, (struct why_bytes){(uint8_t *)text, sizeof text});
    assert_int_equal(strlen(whole->text), PATH_KEPT);
    assert_ptr_equal(path_take(&table, (struct why_bytes){(uint8_t *)text, PATH_KEPT + 1}), whole);
    path_drop(&table, whole);
    path_drop(&table, whole);
}

static void shares_no_more_than_its_limit(void **state) {
    (void)state;
    enum {
        COUNT = PATHS_SHARED_MAX + 2,
    };
    struct path_table table = {0};
    struct path **paths = calloc(COUNT, sizeof(struct path *));
    assert_non_null(paths);
    char text[16];
    for (int i = 0; i < COUNT; i++) {
        snprintf(text, sizeof text, "/%d", i);
        paths[i] = path_take(&table, bytes_of(text));
        assert_non_null(paths[i]);
    }
    assert_int_equal(table.count, PATHS_SHARED_MAX);
    struct path *again = path_take(&table, bytes_of(text));
    assert_ptr_not_equal(again, paths[COUNT - 1]);
    assert_string_equal(again->text, text);
    path_drop(&table, again);
    for (int i = 0; i < COUNT; i++) {
        path_drop(&table, paths[i]);
    }
    assert_int_equal(table.count, 0);
    for (size_t i = 0; i < PATH_BUCKETS; i++) {
        assert_null(table.buckets[i]);
    }
    free(paths);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shares_a_path_in_use),
        cmocka_unit_test(keeps_the_beginning_of_a_long_path),
        cmocka_unit_test(shares_no_more_than_its_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
