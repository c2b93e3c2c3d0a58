/* SPDX-License-Identifier: MIT
 *
 * Pings and Pongs beside a send queue that is long, full, or never empty: who is alive is not taken
 * for dead, and who is dead not for alive.
 */
#include "whysocket/conn.h"

#include "support/pair.h"
#include "support/test.h"

#include <stdlib.h>
#include <string.h>

static struct why_bytes text_of(const char *text) {
    return (struct why_bytes){(const uint8_t *)text, strlen(text)};
}

/* A pair whose client asks nothing by itself. */
static void open_pair(struct test_pair *pair) {
    test_pair_init(pair);
    pair->client_options.ping_interval_ms = 0;
    test_pair_open(pair);
}

static void send_bytes(struct why_conn *conn, size_t len) {
    uint8_t *data = calloc(1, len);
    assert_non_null(data);
    assert_int_equal(why_conn_send(conn, WHY_OPCODE_BINARY, (struct why_bytes){data, len}, 0),
                     WHY_OK);
    free(data);
}

/* As a socket takes them: at most so many. */
static size_t take_bytes(struct why_conn *conn, size_t max) {
    struct why_bytes list[16];
    size_t count = why_conn_output(conn, list, TEST_COUNT(list));
    size_t len = 0;
    for (size_t i = 0; i < count && len < max; i++) {
        len += list[i].len < max - len ? list[i].len : max - len;
    }
    why_conn_output_consumed(conn, len);
    return len;
}

static void give_ping(struct why_conn *conn, uint8_t mark) {
    uint8_t frame[] = {0x89, 0x81, 0, 0, 0, 0, mark};
    struct why_span input = {frame, sizeof frame};
    struct why_event event;
    why_conn_receive(conn, &input, &event);
    assert_int_equal(event.type, WHY_EVENT_PING);
}

/* The time-out is from the first Ping that nothing came after, not from the last. */
static void pinging_often_does_not_put_the_end_off(void **state) {
    (void)state;
    struct test_pair pair;
    open_pair(&pair);
    for (int second = 0; second < 20; second += 5) {
        assert_int_equal(why_conn_ping(pair.server.conn, text_of("?")), WHY_OK);
        (void)take_bytes(pair.server.conn, SIZE_MAX);
        assert_int_equal(why_conn_cause(pair.server.conn), WHY_CAUSE_NONE);
        pair.host.now_ms += 5000;
        why_conn_tick(pair.server.conn);
    }
    assert_int_equal(why_conn_cause(pair.server.conn), WHY_CAUSE_TIMEOUT_PONG);
    test_pair_close(&pair);
}

/* 4 MiB at 40 kB a second: the queue is full for most of the time, and the peer, which has nothing
 * to say, cannot answer a Ping before it has read what is in front of it. */
static void a_slow_reader_is_not_a_dead_one(void **state) {
    (void)state;
    struct test_pair pair;
    open_pair(&pair);
    send_bytes(pair.server.conn, (size_t)4 << 20);
    size_t seconds = 0;
    while (why_conn_output_len(pair.server.conn) > 0) {
        (void)take_bytes(pair.server.conn, 40000);
        pair.host.now_ms += 1000;
        why_conn_tick(pair.server.conn);
        assert_int_equal(why_conn_cause(pair.server.conn), WHY_CAUSE_NONE);
        seconds++;
    }
    assert_true(seconds > 100 && seconds < 110);
    /* It has had its Ping now, and is dead if it does not answer that. */
    pair.host.now_ms += 18000;
    why_conn_tick(pair.server.conn);
    assert_int_equal(why_conn_cause(pair.server.conn), WHY_CAUSE_NONE);
    pair.host.now_ms += 60000;
    why_conn_tick(pair.server.conn);
    assert_int_equal(why_conn_cause(pair.server.conn), WHY_CAUSE_TIMEOUT_PONG);
    test_pair_close(&pair);
}

static void a_reader_that_stops_is_ended(void **state) {
    (void)state;
    struct test_pair pair;
    open_pair(&pair);
    pair.client.deaf = true;
    send_bytes(pair.server.conn, (size_t)4 << 20);
    pair.host.now_ms += 20000;
    (void)take_bytes(pair.server.conn, 40000);
    test_pair_advance(&pair, 10000 + 20000 - 1);
    assert_int_equal(why_conn_cause(pair.server.conn), WHY_CAUSE_NONE);
    test_pair_advance(&pair, 1);
    assert_int_equal(why_conn_cause(pair.server.conn), WHY_CAUSE_TIMEOUT_PONG);
    test_pair_close(&pair);
}

/* A Ping that was due while the queue was full goes out when there is room, and a peer that answers
 * it lives. */
static void a_ping_that_found_no_room_is_sent_later(void **state) {
    (void)state;
    struct test_pair pair;
    open_pair(&pair);
    pair.client.deaf = true;
    send_bytes(pair.server.conn, (size_t)2 << 20);
    test_pair_advance(&pair, 40000);
    pair.client.deaf = false;
    test_pair_advance(&pair, 60000);
    assert_int_equal(why_conn_cause(pair.server.conn), WHY_CAUSE_NONE);
    assert_true(pair.client.pings >= 1);
    test_pair_close(&pair);
}

static void no_memory_for_a_ping_is_the_cause(void **state) {
    (void)state;
    struct test_pair pair;
    open_pair(&pair);
    pair.host.fail_at = pair.host.allocations + 1;
    pair.host.now_ms += 30000;
    why_conn_tick(pair.server.conn);
    assert_int_equal(why_conn_cause(pair.server.conn), WHY_CAUSE_LOCAL_OUT_OF_MEMORY);
    test_pair_close(&pair);
}

/* A sender that never runs dry still answers every Ping, one at a time. */
static void pings_are_answered_by_a_queue_that_is_never_empty(void **state) {
    (void)state;
    struct test_pair pair;
    open_pair(&pair);
    send_bytes(pair.server.conn, 10000);
    size_t pongs = 0;
    for (uint8_t round = 0; round < 5; round++) {
        give_ping(pair.server.conn, round);
        struct why_bytes list[16];
        size_t count = why_conn_output(pair.server.conn, list, TEST_COUNT(list));
        assert_true(count > 0 && list[count - 1].len >= 3);
        /* The Pong is the last in the queue, and more is queued behind it before it leaves. */
        const uint8_t *last = list[count - 1].data + list[count - 1].len - 3;
        pongs += last[0] == 0x8a && last[1] == 1 && last[2] == round;
        size_t before = why_conn_output_len(pair.server.conn);
        send_bytes(pair.server.conn, 10000);
        assert_int_equal(take_bytes(pair.server.conn, before), before);
    }
    assert_int_equal(pongs, 5);
    test_pair_close(&pair);
}

/* A program that asks how much there is to send before it looks for it does not forget a Pong. */
static void a_pong_that_waits_is_output(void **state) {
    (void)state;
    struct test_pair pair;
    open_pair(&pair);
    give_ping(pair.server.conn, 'p');
    assert_int_equal(why_conn_output_len(pair.server.conn), 3);
    assert_int_equal(take_bytes(pair.server.conn, SIZE_MAX), 3);
    assert_int_equal(why_conn_output_len(pair.server.conn), 0);
    /* Nothing leaves once the transport is gone. */
    give_ping(pair.server.conn, 'q');
    why_conn_lost(pair.server.conn, WHY_CAUSE_TCP_RESET, WHY_TRANSPORT_RESET, 0);
    assert_int_equal(why_conn_output_len(pair.server.conn), 0);
    struct why_bytes list[1];
    assert_int_equal(why_conn_output(pair.server.conn, list, 1), 0);
    test_pair_close(&pair);
}

/* A piece of a message is no idleness, however long the whole takes. */
static void a_message_on_its_way_is_not_idle(void **state) {
    (void)state;
    struct test_pair pair;
    open_pair(&pair);
    pair.server_options.idle_timeout_ms = 60000;
    uint8_t header[] = {0x82, 0xff, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0};
    struct why_span input = {header, sizeof header};
    struct why_event event;
    why_conn_receive(pair.server.conn, &input, &event);
    for (int i = 0; i < 10; i++) {
        uint8_t piece[100] = {0};
        input = (struct why_span){piece, sizeof piece};
        pair.host.now_ms += 29000;
        why_conn_receive(pair.server.conn, &input, &event);
        why_conn_tick(pair.server.conn);
        assert_int_equal(why_conn_cause(pair.server.conn), WHY_CAUSE_NONE);
    }
    test_pair_close(&pair);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pinging_often_does_not_put_the_end_off),
        cmocka_unit_test(a_slow_reader_is_not_a_dead_one),
        cmocka_unit_test(a_reader_that_stops_is_ended),
        cmocka_unit_test(a_ping_that_found_no_room_is_sent_later),
        cmocka_unit_test(no_memory_for_a_ping_is_the_cause),
        cmocka_unit_test(pings_are_answered_by_a_queue_that_is_never_empty),
        cmocka_unit_test(a_pong_that_waits_is_output),
        cmocka_unit_test(a_message_on_its_way_is_not_idle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
