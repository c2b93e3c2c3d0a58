/* SPDX-License-Identifier: MIT
 *
 * Limits at their ends, 0 and the largest number there is, and what the send queue really holds.
 */
#include "whysocket/conn.h"

#include "support/pair.h"
#include "support/test.h"

#include <stdlib.h>
#include <string.h>

#define MEBI ((size_t)1 << 20)

static void send_zeroes(struct why_conn *conn, size_t len, unsigned flags) {
    uint8_t *data = calloc(1, len + 1);
    assert_non_null(data);
    assert_int_equal(why_conn_send(conn, WHY_OPCODE_BINARY, (struct why_bytes){data, len}, flags),
                     WHY_OK);
    free(data);
}

static void open_deflate(struct test_pair *pair, uint64_t message_len_max, bool stream) {
    test_pair_init(pair);
    pair->deflate.enabled = true;
    pair->server_options.message_len_max = message_len_max;
    pair->server_options.stream_messages = stream;
    test_pair_open(pair);
}

/* No limit is a limit like any other: what is inflated grows by doubling, not byte by byte. */
static void the_largest_limit_costs_no_more(void **state) {
    (void)state;
    static const uint64_t limits[] = {UINT64_MAX, UINT64_MAX - 1, UINT64_MAX - 1024};
    for (size_t i = 0; i < TEST_COUNT(limits); i++) {
        struct test_pair pair;
        open_deflate(&pair, limits[i], false);
        send_zeroes(pair.client.conn, MEBI, 0);
        size_t before = pair.host.allocations;
        test_pair_run(&pair);
        assert_int_equal(pair.server.messages, 1);
        assert_int_equal(pair.server.last_len, MEBI);
        assert_true(pair.host.allocations - before < 100);
        test_pair_close(&pair);
    }
}

static void the_largest_limit_streams_in_slices(void **state) {
    (void)state;
    struct test_pair pair;
    open_deflate(&pair, UINT64_MAX, true);
    send_zeroes(pair.client.conn, 100000, 0);
    struct why_bytes list[4];
    size_t count = why_conn_output(pair.client.conn, list, TEST_COUNT(list));
    assert_int_equal(count, 1);
    uint8_t bytes[1024];
    assert_true(list[0].len <= sizeof bytes);
    memcpy(bytes, list[0].data, list[0].len);
    struct why_span input = {bytes, list[0].len};
    struct why_event event;
    size_t fragments = 0;
    size_t len = 0;
    do {
        why_conn_receive(pair.server.conn, &input, &event);
        fragments += event.type == WHY_EVENT_FRAGMENT;
        len += event.data.len;
    } while (event.type == WHY_EVENT_FRAGMENT);
    assert_int_equal(len, 100000);
    assert_true(fragments < 200);
    test_pair_close(&pair);
}

static void nothing_is_the_longest_message_of_limit_0(void **state) {
    (void)state;
    for (unsigned deflate = 0; deflate < 2; deflate++) {
        struct test_pair pair;
        test_pair_init(&pair);
        pair.deflate.enabled = deflate != 0;
        pair.server_options.message_len_max = 0;
        test_pair_open(&pair);
        send_zeroes(pair.client.conn, 0, 0);
        test_pair_run(&pair);
        assert_int_equal(pair.server.messages, 1);
        send_zeroes(pair.client.conn, 1000, 0);
        test_pair_run(&pair);
        assert_int_equal(pair.client.close_code, 1009);
        test_pair_close(&pair);
    }
}

static void a_queue_of_limit_0_takes_one_message_at_a_time(void **state) {
    (void)state;
    struct test_pair pair;
    test_pair_init(&pair);
    pair.server_options.send_queue_max = 0;
    test_pair_open(&pair);
    assert_true(why_conn_wants_input(pair.server.conn));
    send_zeroes(pair.server.conn, 10, 0);
    assert_false(why_conn_wants_input(pair.server.conn));
    assert_int_equal(why_conn_send(pair.server.conn, WHY_OPCODE_TEXT, (struct why_bytes){0}, 0),
                     WHY_ERR_FULL);
    test_pair_run(&pair);
    send_zeroes(pair.server.conn, 10, 0);
    test_pair_run(&pair);
    assert_int_equal(pair.client.messages, 2);
    test_pair_close(&pair);
}

/* A queue at its limit holds about that: not the room that its messages had before they were
 * compressed. */
static void what_was_compressed_holds_what_it_sends(void **state) {
    (void)state;
    static const size_t sizes[] = {1000, 4096, 16384, 65536, MEBI};
    for (size_t i = 0; i < TEST_COUNT(sizes); i++) {
        for (unsigned keep = 0; keep < 2; keep++) {
            struct test_pair pair;
            test_pair_init(&pair);
            pair.deflate.enabled = true;
            pair.server_options.deflate_keep_context = keep != 0;
            pair.server_options.send_queue_max = 65536;
            test_pair_open(&pair);
            size_t before = pair.host.live_bytes;
            uint8_t *data = calloc(1, sizes[i]);
            struct why_bytes message = {data, sizes[i]};
            for (size_t sent = 0; sent < 100; sent++) {
                int result = why_conn_send(pair.server.conn, WHY_OPCODE_BINARY, message, 0);
                assert_true(result == WHY_OK || result == WHY_ERR_FULL);
            }
            free(data);
            size_t codec = keep != 0 ? 300000 : 0;
            size_t held = pair.host.live_bytes - before;
            size_t queued = why_conn_output_len(pair.server.conn);
            if (held > 2 * queued + 16384 + codec) {
                fail_msg("%zu bytes held for %zu queued, messages of %zu", held, queued, sizes[i]);
            }
            test_pair_close(&pair);
        }
    }
}

/* Whichever allocation fails: what was queued before and after is what the peer gets, though the
 * compressor had seen the message that was not. */
static void a_message_that_found_no_memory_leaves_no_trace(void **state) {
    (void)state;
    static const char text[] = "the compressor has seen this text, and may not refer to it: "
                               "the compressor has seen this text, and may not refer to it";
    struct why_bytes data = {(const uint8_t *)text, sizeof text - 1};
    for (size_t fail_at = 1; fail_at < 20; fail_at++) {
        struct test_pair pair;
        test_pair_init(&pair);
        pair.deflate.enabled = true;
        pair.client_options.deflate_keep_context = true;
        test_pair_open(&pair);
        pair.host.fail_at = pair.host.allocations + fail_at;
        int result = why_conn_send(pair.client.conn, WHY_OPCODE_TEXT, data, 0);
        assert_true(result == WHY_OK || result == WHY_ERR_NOMEM);
        pair.host.fail_at = 0;
        assert_int_equal(why_conn_send(pair.client.conn, WHY_OPCODE_TEXT, data, 0), WHY_OK);
        test_pair_run(&pair);
        assert_int_equal(pair.server.messages, result == WHY_OK ? 2 : 1);
        assert_int_equal(pair.server.last_len, data.len);
        assert_memory_equal(pair.server.last, text, data.len);
        test_pair_close(&pair);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_largest_limit_costs_no_more),
        cmocka_unit_test(the_largest_limit_streams_in_slices),
        cmocka_unit_test(nothing_is_the_longest_message_of_limit_0),
        cmocka_unit_test(a_queue_of_limit_0_takes_one_message_at_a_time),
        cmocka_unit_test(what_was_compressed_holds_what_it_sends),
        cmocka_unit_test(a_message_that_found_no_memory_leaves_no_trace),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
