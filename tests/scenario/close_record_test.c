/* SPDX-License-Identifier: MIT
 *
 * What the record says of an end that has more than one beginning: the first is the cause, and only
 * what travelled is said to have been sent.
 */
#include "whysocket/conn.h"

#include "support/pair.h"
#include "support/test.h"

#include <string.h>

static struct why_bytes text_of(const char *text) {
    return (struct why_bytes){(const uint8_t *)text, strlen(text)};
}

static void report(const struct test_end *end, struct why_record *record) {
    why_record_init(record);
    why_conn_report(end->conn, record);
}

static void a_later_failure_leaves_the_first_ones_detail(void **state) {
    (void)state;
    struct test_pair pair;
    test_pair_init(&pair);
    test_pair_open(&pair);
    why_conn_fail(pair.server.conn, WHY_CAUSE_LOCAL_SHUTDOWN, "first");
    why_conn_fail(pair.server.conn, WHY_CAUSE_LIMIT_SEND_QUEUE, "second");
    struct why_record record;
    report(&pair.server, &record);
    assert_int_equal(record.cause, WHY_CAUSE_LOCAL_SHUTDOWN);
    assert_string_equal(record.detail, "first");
    test_pair_close(&pair);
}

/* The program has closed; that the server stops as well, before the peer has answered, is no other
 * reason. What the peer does wrong meanwhile is. */
static void a_close_that_is_awaited_stays_the_cause(void **state) {
    (void)state;
    struct test_pair pair;
    test_pair_init(&pair);
    test_pair_open(&pair);
    assert_int_equal(why_conn_close(pair.server.conn, 4000, text_of("bye")), WHY_OK);
    why_conn_fail(pair.server.conn, WHY_CAUSE_LOCAL_SHUTDOWN, "stopping");
    test_pair_run(&pair);
    struct why_record record;
    report(&pair.server, &record);
    assert_int_equal(record.cause, WHY_CAUSE_LOCAL_CLOSED);
    assert_int_equal(record.code, 4000);
    assert_string_equal(record.detail, "");
    test_pair_close(&pair);

    test_pair_init(&pair);
    test_pair_open(&pair);
    assert_int_equal(why_conn_close(pair.server.conn, 4000, text_of("bye")), WHY_OK);
    uint8_t frame[] = {0x81, 0x01, 'a'};
    struct why_event event;
    why_conn_receive(pair.server.conn, &(struct why_span){frame, sizeof frame}, &event);
    report(&pair.server, &record);
    assert_int_equal(record.cause, WHY_CAUSE_FRAME_NOT_MASKED);
    test_pair_close(&pair);
}

static void a_close_that_never_left_was_not_sent(void **state) {
    (void)state;
    for (unsigned leaves = 0; leaves < 2; leaves++) {
        struct test_pair pair;
        test_pair_init(&pair);
        test_pair_open(&pair);
        assert_int_equal(why_conn_close(pair.server.conn, 4000, text_of("bye")), WHY_OK);
        if (leaves != 0) {
            why_conn_output_consumed(pair.server.conn, why_conn_output_len(pair.server.conn));
        }
        why_conn_lost(pair.server.conn, WHY_CAUSE_TCP_RESET, WHY_TRANSPORT_RESET, 0);
        struct why_record record;
        report(&pair.server, &record);
        assert_int_equal(record.cause, WHY_CAUSE_TCP_RESET);
        assert_int_equal(record.sent.present, leaves != 0);
        assert_int_equal(record.first, leaves != 0 ? WHY_FIRST_SENT : WHY_FIRST_NONE);
        assert_int_equal(record.sent.code, leaves != 0 ? 4000 : 0);
        test_pair_close(&pair);
    }
}

/* The peer's Close came, and the transport broke before the answer left. */
static void an_answer_that_never_left_was_not_sent(void **state) {
    (void)state;
    struct test_pair pair;
    test_pair_init(&pair);
    test_pair_open(&pair);
    uint8_t frame[] = {0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe8};
    struct why_event event;
    why_conn_receive(pair.server.conn, &(struct why_span){frame, sizeof frame}, &event);
    assert_int_equal(event.type, WHY_EVENT_CLOSE);
    why_conn_lost(pair.server.conn, WHY_CAUSE_TCP_RESET, WHY_TRANSPORT_RESET, 0);
    struct why_record record;
    report(&pair.server, &record);
    assert_true(record.cause == WHY_CAUSE_PEER_CLOSED && record.code == 1000);
    assert_true(record.received.present && !record.sent.present);
    assert_int_equal(record.first, WHY_FIRST_RECEIVED);
    assert_false(why_conn_is_clean(pair.server.conn));
    test_pair_close(&pair);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_later_failure_leaves_the_first_ones_detail),
        cmocka_unit_test(a_close_that_is_awaited_stays_the_cause),
        cmocka_unit_test(a_close_that_never_left_was_not_sent),
        cmocka_unit_test(an_answer_that_never_left_was_not_sent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
