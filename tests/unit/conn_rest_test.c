/* SPDX-License-Identifier: MIT
 *
 * A connection at rest: whatever went through it, one block of memory is left, and its clocks are
 * right however long the silence was.
 */
#include "whysocket/conn.h"

#include "support/host.h"
#include "support/test.h"

#include <string.h>

#define DAY_MS (UINT64_C(24) * 60 * 60 * 1000)

struct row {
    const char *name;
    const char *input; /* a client's frames, masked with zeroes */
    size_t len;
    bool pings; /* the server has asked before */
};

#define FRAMES(text) text, sizeof(text) - 1
#define KEY "\0\0\0\0"

static const struct row rows[] = {
    {"a short text", FRAMES("\x81\x85" KEY "hello"), false},
    {"an empty text", FRAMES("\x81\x80" KEY), false},
    {"a text that is not ASCII", FRAMES("\x81\x82" KEY "\xc3\xa9"), false},
    {"two short messages", FRAMES("\x81\x81" KEY "a\x82\x81" KEY "b"), false},
    {"a message in two frames", FRAMES("\x01\x83" KEY "hel\x80\x82" KEY "lo"), false},
    {"a Ping between fragments", FRAMES("\x01\x81" KEY "a\x89\x81" KEY "?\x80\x81" KEY "b"), false},
    {"a Ping", FRAMES("\x89\x81" KEY "?"), false},
    {"two Pings", FRAMES("\x89\x81" KEY "1\x89\x81" KEY "2"), false},
    {"a Pong that nobody asked for", FRAMES("\x8a\x81" KEY "!"), false},
    {"the Pong that was asked for", FRAMES("\x8a\x81" KEY "?"), true},
    {"another than the Pong that was asked for", FRAMES("\x8a\x81" KEY "!"), true},
};

static void drain(struct why_conn *conn, size_t step) {
    struct why_bytes list[8];
    while (why_conn_output(conn, list, TEST_COUNT(list)) > 0) {
        why_conn_output_consumed(conn, list[0].len < step ? list[0].len : step);
    }
}

static void give(struct why_conn *conn, uint8_t *bytes, size_t len) {
    struct why_span input = {bytes, len};
    struct why_event event;
    do {
        why_conn_receive(conn, &input, &event);
        assert_int_not_equal(event.type, WHY_EVENT_END);
        if (event.type == WHY_EVENT_MESSAGE) {
            assert_int_equal(
                why_conn_send(conn, event.opcode, event.data, WHY_SEND_VALID | WHY_SEND_BORROWED),
                WHY_OK);
        }
    } while (event.type != WHY_EVENT_NONE);
    assert_int_equal(why_conn_settle(conn), WHY_OK);
}

/* Echoed, in two inputs, the output taken in pieces. */
static void play(const struct row *row, size_t split, size_t step) {
    struct test_host host;
    test_host_init(&host);
    struct why_options options = why_options_default(&host.host);
    struct why_conn *conn = why_conn_new(&options, WHY_ROLE_SERVER, NULL);
    uint8_t bytes[64];
    assert_true(row->len <= sizeof bytes);
    memcpy(bytes, row->input, row->len);
    if (row->pings) {
        struct why_bytes payload = {(const uint8_t *)"?", 1};
        assert_int_equal(why_conn_ping(conn, payload), WHY_OK);
        drain(conn, step);
        if (host.live_blocks != 1) {
            fail_msg("%s: %zu blocks while the Pong is awaited", row->name, host.live_blocks);
        }
    }
    give(conn, bytes, split);
    drain(conn, step);
    give(conn, bytes + split, row->len - split);
    drain(conn, step);
    if (host.live_blocks != 1) {
        fail_msg("%s, split at %zu, sent by %zu: %zu blocks at rest", row->name, split, step,
                 host.live_blocks);
    }
    why_conn_free(conn);
    assert_int_equal(host.live_blocks, 0);
}

static void one_block_is_left(void **state) {
    (void)state;
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        for (size_t split = 0; split <= rows[i].len; split++) {
            for (size_t step = 1; step < 5; step++) {
                play(&rows[i], split, step);
            }
        }
    }
}

/* What the record says of silences, which are kept in less than 64 bits. */
static void a_long_silence_is_told(void **state) {
    (void)state;
    static const uint64_t begins[] = {0, UINT32_MAX - 5, (UINT64_C(1) << 40) - 5,
                                      UINT64_C(1795400000000)};
    for (size_t i = 0; i < TEST_COUNT(begins); i++) {
        struct test_host host;
        test_host_init(&host);
        host.now_ms = begins[i];
        struct why_options options = why_options_default(&host.host);
        options.ping_interval_ms = 0;
        struct why_conn *conn = why_conn_new(&options, WHY_ROLE_SERVER, NULL);
        uint8_t bytes[] = {0x81, 0x81, 0, 0, 0, 0, 'a'};
        host.now_ms += 10;
        give(conn, bytes, sizeof bytes);
        host.now_ms += 20;
        drain(conn, SIZE_MAX);
        host.now_ms += 400 * DAY_MS;
        struct why_record record;
        why_record_init(&record);
        why_conn_report(conn, &record);
        assert_int_equal(record.timings.open_ms, 400 * DAY_MS + 30);
        assert_int_equal(record.timings.since_received_ms, 400 * DAY_MS + 20);
        assert_int_equal(record.timings.since_sent_ms, 400 * DAY_MS);
        why_conn_free(conn);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_block_is_left),
        cmocka_unit_test(a_long_silence_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
