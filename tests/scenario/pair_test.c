/* SPDX-License-Identifier: MIT
 *
 * Both roles joined in memory: messages of every size and form, deflate in every agreement, floods
 * and bombs, closes begun by either side, and time.
 */
#include "whysocket/conn.h"

#include "support/pair.h"
#include "support/test.h"

#include <stdlib.h>
#include <string.h>

static struct why_bytes text_of(const char *text) {
    return (struct why_bytes){(const uint8_t *)text, strlen(text)};
}

static void report(const struct test_end *end, struct why_record *record) {
    why_record_init(record);
    why_conn_report(end->conn, record);
}

/* Compressible, valid UTF-8 of exactly `len` bytes, with characters of every length. */
static uint8_t *make_text(size_t len) {
    static const char words[] = "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x99\x82 quick brown fox ";
    uint8_t *text = malloc(len + 1);
    assert_non_null(text);
    size_t whole = sizeof words - 1;
    for (size_t i = 0; i < len; i++) {
        text[i] = i < len - len % whole ? (uint8_t)words[i % whole] : (uint8_t)'.';
    }
    return text;
}

static const size_t sizes[] = {0,     1,     3,     63,    64,    65,     125,
                               126,   127,   128,   1023,  4095,  4096,   4097,
                               16384, 65534, 65535, 65536, 65537, 100000, 1048576};

static void echo_once(struct test_pair *pair, size_t len, size_t fragment) {
    uint8_t *text = make_text(len);
    size_t before = pair->client.messages;
    for (size_t at = 0; at == 0 || at < len; at += fragment) {
        size_t piece = fragment < len - at ? fragment : len - at;
        unsigned more = at + piece < len ? WHY_SEND_MORE : 0;
        struct why_bytes data = {text + at, piece};
        assert_int_equal(why_conn_send(pair->client.conn, WHY_OPCODE_TEXT, data, more), WHY_OK);
    }
    test_pair_run(pair);
    assert_int_equal(pair->client.messages, before + 1);
    assert_int_equal(pair->client.last_opcode, WHY_OPCODE_TEXT);
    assert_int_equal(pair->client.last_len, len);
    assert_memory_equal(pair->client.last, text, len);
    free(text);
}

static void messages_of_every_size_come_back(void **state) {
    (void)state;
    static const struct {
        size_t piece, len_max;
    } splits[] = {{0, 1048576}, {1, 4097}, {7, 16384}, {1024, 100000}, {65536, 1048576}};
    for (size_t k = 0; k < TEST_COUNT(splits); k++) {
        for (unsigned what = 0; what < 4; what++) {
            struct test_pair pair;
            test_pair_init(&pair);
            pair.deflate.enabled = (what & 1) != 0;
            pair.server_options.stream_messages = (what & 2) != 0;
            pair.client_options.send_queue_max = pair.server_options.send_queue_max = 1 << 24;
            pair.piece = splits[k].piece;
            pair.server.echo = true;
            test_pair_open(&pair);
            for (size_t i = 0; i < TEST_COUNT(sizes) && sizes[i] <= splits[k].len_max; i++) {
                echo_once(&pair, sizes[i], sizes[i] + 1);
                echo_once(&pair, sizes[i], sizes[i] / 3 + 1);
            }
            test_pair_close(&pair);
        }
    }
}

/* Every agreement of RFC 7692 section 7.1 against zlib with exactly that window. */
static void deflate_works_in_every_agreement(void **state) {
    (void)state;
    for (uint8_t server_bits = 9; server_bits <= 15; server_bits++) {
        for (uint8_t client_bits = 9; client_bits <= 15; client_bits = (uint8_t)(client_bits + 2)) {
            for (unsigned what = 0; what < 8; what++) {
                struct test_pair pair;
                test_pair_init(&pair);
                pair.deflate = (struct why_deflate_params){true, (what & 1) != 0, (what & 2) != 0,
                                                           server_bits, client_bits};
                bool keep = (what & 4) != 0;
                pair.client_options.deflate_keep_context = keep;
                pair.server_options.deflate_keep_context = keep;
                pair.server_options.deflate_memory_level = (uint8_t)(server_bits - 7);
                pair.server.echo = true;
                test_pair_open(&pair);
                for (size_t i = 0; i < 3; i++) {
                    echo_once(&pair, 100000, 100000);
                    assert_true(pair.client.last_compressed);
                    echo_once(&pair, 3000, 700);
                }
                test_pair_close(&pair);
            }
        }
    }
}

static void a_compressor_is_not_held_where_no_context_is_kept(void **state) {
    (void)state;
    struct test_pair pair;
    test_pair_init(&pair);
    pair.deflate = (struct why_deflate_params){true, true, true, 15, 15};
    pair.server.echo = true;
    test_pair_open(&pair);
    size_t before = pair.host.live_bytes;
    echo_once(&pair, 50000, 50000);
    struct why_event event;
    why_conn_receive(pair.client.conn, &(struct why_span){0}, &event);
    assert_int_equal(pair.host.live_bytes, before);
    test_pair_close(&pair);
}

static void what_does_not_compress_goes_out_as_it_is(void **state) {
    (void)state;
    struct test_pair pair;
    test_pair_init(&pair);
    pair.deflate = (struct why_deflate_params){true, true, true, 15, 15};
    test_pair_open(&pair);
    uint8_t noise[4000];
    pair.host.host.random(&pair.host, noise, sizeof noise);
    struct why_bytes data = {noise, sizeof noise};
    assert_int_equal(why_conn_send(pair.client.conn, WHY_OPCODE_BINARY, data, 0), WHY_OK);
    test_pair_run(&pair);
    assert_int_equal(pair.server.last_len, sizeof noise);
    assert_false(pair.server.last_compressed);
    test_pair_close(&pair);
}

/* RFC 7692 section 7.1.2.2: zlib cannot compress with it, and nobody has to compress. */
static void a_client_with_a_window_of_8_bits_sends_nothing_compressed(void **state) {
    (void)state;
    for (unsigned keep = 0; keep < 2; keep++) {
        struct test_pair pair;
        test_pair_init(&pair);
        pair.deflate = (struct why_deflate_params){true, keep == 0, keep == 0, 15, 8};
        pair.client_options.deflate_keep_context = keep != 0;
        pair.server_options.deflate_keep_context = keep != 0;
        pair.server.echo = true;
        test_pair_open(&pair);
        echo_once(&pair, 50000, 700);
        assert_false(pair.server.last_compressed);
        assert_true(pair.client.last_compressed);
        test_pair_close(&pair);
    }
}

/* CRIME: beside foreign text, a secret's length shows in what is compressed with it. */
static void a_message_may_be_left_uncompressed(void **state) {
    (void)state;
    size_t lengths[16];
    for (size_t guess = 0; guess < TEST_COUNT(lengths); guess++) {
        struct test_pair pair;
        test_pair_init(&pair);
        pair.deflate.enabled = true;
        pair.server_options.deflate_keep_context = true;
        test_pair_open(&pair);
        char text[200];
        snprintf(text, sizeof text, "token=7 the token of the user is not to be known: token=%x %s",
                 (unsigned)guess, "and so on and so on and so on and so on");
        assert_int_equal(
            why_conn_send(pair.server.conn, WHY_OPCODE_TEXT, text_of(text), WHY_SEND_PLAIN),
            WHY_OK);
        lengths[guess] = why_conn_output_len(pair.server.conn);
        assert_int_equal(lengths[guess], lengths[0]);
        test_pair_run(&pair);
        assert_false(pair.client.last_compressed);
        test_pair_close(&pair);
    }
}

/* 16 KiB that inflate to 16 MiB: stopped at the limit, holding no more than it. */
static void a_bomb_is_stopped_at_the_limit(void **state) {
    (void)state;
    struct test_pair pair;
    test_pair_init(&pair);
    pair.deflate = (struct why_deflate_params){true, false, false, 15, 15};
    pair.server_options.message_len_max = 1 << 20;
    pair.client_options.send_queue_max = 1 << 26;
    test_pair_open(&pair);
    size_t len = 1 << 24;
    uint8_t *zeroes = calloc(1, len);
    assert_non_null(zeroes);
    assert_int_equal(
        why_conn_send(pair.client.conn, WHY_OPCODE_BINARY, (struct why_bytes){zeroes, len}, 0),
        WHY_OK);
    assert_true(why_conn_output_len(pair.client.conn) < 20000);
    pair.host.peak_bytes = pair.host.live_bytes;
    size_t before = pair.host.live_bytes;
    test_pair_run(&pair);
    struct why_record record;
    report(&pair.server, &record);
    assert_int_equal(record.code, 1009);
    assert_int_equal(record.cause, WHY_CAUSE_LIMIT_MESSAGE_SIZE);
    /* A joined message grows by doubling: old and new stand side by side for a moment. */
    assert_true(pair.host.peak_bytes - before < 2 * (1 << 20) + (64 << 10));
    free(zeroes);
    test_pair_close(&pair);
}

static void a_bomb_in_small_messages_is_delivered_message_by_message(void **state) {
    (void)state;
    struct test_pair pair;
    test_pair_init(&pair);
    pair.deflate = (struct why_deflate_params){true, false, false, 15, 15};
    pair.client_options.deflate_keep_context = true;
    pair.server_options.message_len_max = 1 << 20;
    pair.client_options.send_queue_max = 1 << 26;
    test_pair_open(&pair);
    uint8_t *zeroes = calloc(1, 1 << 20);
    assert_non_null(zeroes);
    for (size_t i = 0; i < 8; i++) {
        struct why_bytes data = {zeroes, 1 << 20};
        assert_int_equal(why_conn_send(pair.client.conn, WHY_OPCODE_BINARY, data, 0), WHY_OK);
        test_pair_run(&pair);
        assert_int_equal(pair.server.messages, i + 1);
        assert_int_equal(pair.server.last_len, 1 << 20);
    }
    free(zeroes);
    test_pair_close(&pair);
}

/* A million fragments of one byte: one buffer, and the message still comes. */
static void tiny_fragments_cost_what_they_carry(void **state) {
    (void)state;
    struct test_pair pair;
    test_pair_init(&pair);
    test_pair_open(&pair);
    size_t count = 1000000;
    size_t before = pair.host.live_bytes;
    pair.host.peak_bytes = before;
    for (size_t i = 0; i < count; i++) {
        uint8_t frame[] = {i == 0 ? 0x02 : i == count - 1 ? 0x80 : 0x00, 0x81, 1, 2, 3, 4, 'x' ^ 1};
        struct why_span input = {frame, sizeof frame};
        struct why_event event;
        why_conn_receive(pair.server.conn, &input, &event);
        assert_int_equal(event.type, i == count - 1 ? WHY_EVENT_MESSAGE : WHY_EVENT_NONE);
        if (i == count - 1) {
            assert_int_equal(event.data.len, count);
            assert_true(event.data.data[0] == 'x' && event.data.data[count - 1] == 'x');
        }
    }
    assert_true(pair.host.peak_bytes - before < 3 * count);
    test_pair_close(&pair);
}

static void a_flood_of_empty_frames_is_policy(void **state) {
    (void)state;
    static const struct {
        uint8_t first;
        size_t per_second;
        bool allowed;
    } cases[] = {{0x00, 500, true}, {0x00, 5000, false}, {0x89, 900, true}, {0x8a, 3000, false}};
    for (size_t k = 0; k < TEST_COUNT(cases); k++) {
        struct test_pair pair;
        test_pair_init(&pair);
        test_pair_open(&pair);
        uint8_t begin[] = {0x01, 0x80, 0, 0, 0, 0};
        struct why_span input = {begin, sizeof begin};
        struct why_event event;
        why_conn_receive(pair.server.conn, &input, &event);
        size_t before = pair.host.live_bytes;
        for (size_t second = 0; second < 30; second++) {
            for (size_t i = 0; i < cases[k].per_second; i++) {
                uint8_t frame[] = {cases[k].first, 0x80, 0, 0, 0, 0};
                input = (struct why_span){frame, sizeof frame};
                why_conn_receive(pair.server.conn, &input, &event);
            }
            pair.host.now_ms += 1000;
        }
        enum why_cause expected = cases[k].allowed ? WHY_CAUSE_NONE : WHY_CAUSE_LIMIT_CONTROL_RATE;
        assert_int_equal(why_conn_cause(pair.server.conn), expected);
        if (cases[k].allowed) {
            assert_true(pair.host.live_bytes - before < 1024);
        }
        test_pair_close(&pair);
    }
}

/* Pings without end from a peer that reads nothing: one Pong waits, the latest. */
static void pings_to_a_blocked_sender_hold_one_pong(void **state) {
    (void)state;
    struct test_pair pair;
    test_pair_init(&pair);
    pair.server_options.control_rate_max = 0;
    test_pair_open(&pair);
    size_t before = pair.host.live_bytes;
    pair.host.peak_bytes = before;
    for (size_t i = 0; i < 1000000; i++) {
        uint8_t frame[] = {
            0x89,      0x84, 0, 0, 0, 0, (uint8_t)(i >> 24), (uint8_t)(i >> 16), (uint8_t)(i >> 8),
            (uint8_t)i};
        struct why_span input = {frame, sizeof frame};
        struct why_event event;
        why_conn_receive(pair.server.conn, &input, &event);
        assert_int_equal(event.type, WHY_EVENT_PING);
        struct why_bytes list[4];
        why_conn_output(pair.server.conn, list, TEST_COUNT(list));
    }
    assert_true(why_conn_output_len(pair.server.conn) <= 2 + 125);
    assert_true(pair.host.peak_bytes - before < 65536);
    test_pair_run(&pair);
    assert_int_equal(pair.client.pongs, 2); /* the one that was queued, and the latest */
    test_pair_close(&pair);
}

static void the_send_queue_has_an_end(void **state) {
    (void)state;
    struct test_pair pair;
    test_pair_init(&pair);
    pair.server_options.send_queue_max = 10000;
    test_pair_open(&pair);
    uint8_t data[3000] = {0};
    size_t sent = 0;
    while (why_conn_send(pair.server.conn, WHY_OPCODE_BINARY, (struct why_bytes){data, sizeof data},
                         0) == WHY_OK) {
        sent++;
        assert_true(sent < 10);
    }
    assert_true(why_conn_output_len(pair.server.conn) < 10000 + sizeof data + 14);
    assert_false(why_conn_wants_input(pair.server.conn));
    assert_int_equal(why_conn_ping(pair.server.conn, (struct why_bytes){0}), WHY_ERR_FULL);
    test_pair_run(&pair);
    assert_int_equal(pair.client.messages, sent);
    assert_true(why_conn_wants_input(pair.server.conn));
    test_pair_close(&pair);
}

/* What waits compressed for a peer that does not read is held as small as it is counted. */
static void compressed_messages_that_wait_cost_what_they_count(void **state) {
    (void)state;
    struct test_pair pair;
    test_pair_init(&pair);
    pair.deflate = (struct why_deflate_params){true, true, true, 15, 15};
    test_pair_open(&pair);
    size_t before = pair.host.live_bytes;
    size_t len = 1 << 20;
    uint8_t *zeroes = calloc(1, len);
    assert_non_null(zeroes);
    for (size_t i = 0; i < 50; i++) {
        struct why_bytes data = {zeroes, len};
        assert_int_equal(why_conn_send(pair.server.conn, WHY_OPCODE_BINARY, data, 0), WHY_OK);
        size_t held = pair.host.live_bytes - before;
        assert_true(held < 2 * why_conn_output_len(pair.server.conn) + 32768);
    }
    test_pair_run(&pair);
    assert_int_equal(pair.client.messages, 50);
    assert_int_equal(pair.client.last_len, len);
    free(zeroes);
    test_pair_close(&pair);
}

static void what_may_not_be_sent_is_refused_and_changes_nothing(void **state) {
    (void)state;
    struct test_pair pair;
    test_pair_init(&pair);
    test_pair_open(&pair);
    struct why_conn *conn = pair.client.conn;
    uint8_t long_ping[126] = {0};
    assert_int_equal(why_conn_send(conn, WHY_OPCODE_PING, text_of("x"), 0), WHY_ERR_ARGUMENT);
    assert_int_equal(why_conn_send(conn, WHY_OPCODE_TEXT, text_of("\xff"), 0), WHY_ERR_UTF8);
    assert_int_equal(why_conn_send(conn, WHY_OPCODE_TEXT, text_of("\xc3"), 0), WHY_ERR_UTF8);
    assert_int_equal(why_conn_ping(conn, (struct why_bytes){long_ping, 126}), WHY_ERR_ARGUMENT);
    assert_int_equal(why_conn_output_len(conn), 0);
    /* A character may be cut by a fragment, but not by the message's end. */
    assert_int_equal(why_conn_send(conn, WHY_OPCODE_TEXT, text_of("\xc3"), WHY_SEND_MORE), WHY_OK);
    assert_int_equal(why_conn_send(conn, WHY_OPCODE_BINARY, text_of("x"), 0), WHY_ERR_STATE);
    assert_int_equal(why_conn_send(conn, WHY_OPCODE_TEXT, text_of("x"), 0), WHY_ERR_UTF8);
    assert_int_equal(why_conn_send(conn, WHY_OPCODE_TEXT, text_of("\xa9"), 0), WHY_OK);
    test_pair_run(&pair);
    assert_int_equal(pair.server.messages, 1);
    assert_int_equal(why_conn_close(conn, 1000, text_of("bye")), WHY_OK);
    assert_int_equal(why_conn_send(conn, WHY_OPCODE_TEXT, text_of("x"), 0), WHY_ERR_STATE);
    assert_int_equal(why_conn_ping(conn, text_of("x")), WHY_ERR_STATE);
    assert_int_equal(why_conn_close(conn, 1000, text_of("bye")), WHY_ERR_STATE);
    test_pair_run(&pair);
    assert_int_equal(pair.server.messages, 1);
    test_pair_close(&pair);
}

static void every_frame_has_a_key_of_its_own(void **state) {
    (void)state;
    struct test_pair pair;
    test_pair_init(&pair);
    test_pair_open(&pair);
    enum {
        FRAMES = 10000
    };
    static uint32_t keys[FRAMES];
    for (size_t i = 0; i < FRAMES; i++) {
        assert_int_equal(
            why_conn_send(pair.client.conn, WHY_OPCODE_BINARY, (struct why_bytes){0}, 0), WHY_OK);
        struct why_bytes list[1];
        assert_int_equal(why_conn_output(pair.client.conn, list, 1), 1);
        assert_int_equal(list[0].len, 6);
        memcpy(&keys[i], list[0].data + 2, 4);
        why_conn_output_consumed(pair.client.conn, 6);
    }
    size_t same = 0;
    for (size_t i = 1; i < FRAMES; i++) {
        same += keys[i] == keys[i - 1];
    }
    assert_true(same < 3);
    test_pair_close(&pair);
}

static void borrowed_bytes_are_not_copied_until_they_are_settled(void **state) {
    (void)state;
    struct test_pair pair;
    test_pair_init(&pair);
    test_pair_open(&pair);
    static uint8_t data[10000];
    memset(data, 'a', sizeof data);
    struct why_conn *conn = pair.server.conn;
    assert_int_equal(why_conn_send(conn, WHY_OPCODE_TEXT, (struct why_bytes){data, sizeof data},
                                   WHY_SEND_BORROWED),
                     WHY_OK);
    assert_int_equal(why_conn_send(conn, WHY_OPCODE_TEXT, text_of("after"), 0), WHY_OK);
    struct why_bytes list[4];
    assert_int_equal(why_conn_output(conn, list, 4), 3);
    assert_ptr_equal(list[1].data, data);
    why_conn_output_consumed(conn, list[0].len + 100);
    assert_int_equal(why_conn_settle(conn), WHY_OK);
    assert_int_equal(why_conn_output(conn, list, 4), 2);
    assert_true(list[0].data != data + 100 && list[0].len == sizeof data - 100);
    memset(data, 'b', sizeof data);
    assert_int_equal(list[0].data[0], 'a');
    test_pair_close(&pair);
}

/* ---- Closing ---- */

static void either_side_may_begin_the_close(void **state) {
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct test_pair pair;
        test_pair_init(&pair);
        test_pair_open(&pair);
        struct test_end *first = i == 0 ? &pair.client : &pair.server;
        struct test_end *second = i == 0 ? &pair.server : &pair.client;
        assert_int_equal(why_conn_close(first->conn, 4001, text_of("done")), WHY_OK);
        assert_int_equal(why_conn_state(first->conn), WHY_CONN_CLOSING);
        test_pair_run(&pair);
        struct why_record record;
        report(first, &record);
        assert_true(record.code == 4001 && record.cause == WHY_CAUSE_LOCAL_CLOSED);
        assert_true(record.first == WHY_FIRST_SENT && record.received.code == 4001);
        assert_string_equal(record.sent.reason, "done");
        report(second, &record);
        assert_true(record.code == 4001 && record.cause == WHY_CAUSE_PEER_CLOSED);
        assert_true(record.first == WHY_FIRST_RECEIVED && record.sent.code == 4001);
        assert_string_equal(record.received.reason, "done");
        assert_true(why_conn_is_clean(first->conn) && why_conn_is_clean(second->conn));
        why_conn_lost(first->conn, WHY_CAUSE_TCP_FIN, WHY_TRANSPORT_FIN, 0);
        report(first, &record);
        assert_true(record.cause == WHY_CAUSE_LOCAL_CLOSED &&
                    record.transport == WHY_TRANSPORT_FIN);
        test_pair_close(&pair);
    }
}

static void closes_that_cross_are_both_kept(void **state) {
    (void)state;
    struct test_pair pair;
    test_pair_init(&pair);
    test_pair_open(&pair);
    assert_int_equal(why_conn_close(pair.client.conn, 3000, text_of("")), WHY_OK);
    assert_int_equal(why_conn_close(pair.server.conn, 1001, text_of("")), WHY_OK);
    test_pair_run(&pair);
    struct why_record record;
    report(&pair.client, &record);
    assert_true(record.code == 1001 && record.sent.code == 3000 && record.first == WHY_FIRST_SENT);
    assert_int_equal(pair.moved, (2 + 4 + 2) + (2 + 2));
    test_pair_close(&pair);
}

static void messages_still_come_while_the_close_is_awaited(void **state) {
    (void)state;
    struct test_pair pair;
    test_pair_init(&pair);
    test_pair_open(&pair);
    assert_int_equal(why_conn_send(pair.server.conn, WHY_OPCODE_TEXT, text_of("last"), 0), WHY_OK);
    assert_int_equal(why_conn_close(pair.client.conn, 1000, text_of("")), WHY_OK);
    test_pair_run(&pair);
    assert_int_equal(pair.client.messages, 1);
    test_pair_close(&pair);
}

/* However the close begins, what the peer had begun to send comes whole, or not at all. */
static void a_message_that_was_begun_is_whole_after_our_close(void **state) {
    (void)state;
    for (unsigned what = 0; what < 8; what++) {
        struct test_pair pair;
        test_pair_init(&pair);
        pair.deflate.enabled = (what & 1) != 0;
        pair.client_options.stream_messages = (what & 2) != 0;
        pair.server_options.deflate_len_min = 0;
        test_pair_open(&pair);
        struct why_conn *server = pair.server.conn;
        assert_int_equal(why_conn_send(server, WHY_OPCODE_TEXT, text_of("hel"), WHY_SEND_MORE),
                         WHY_OK);
        test_pair_run(&pair);
        if ((what & 4) != 0) {
            assert_int_equal(why_conn_close(pair.client.conn, 1000, text_of("")), WHY_OK);
        } else {
            why_conn_fail(pair.client.conn, WHY_CAUSE_LOCAL_SHUTDOWN, NULL);
        }
        assert_int_equal(why_conn_state(pair.client.conn), WHY_CONN_CLOSING);
        assert_int_equal(why_conn_send(server, WHY_OPCODE_TEXT, text_of("lo"), 0), WHY_OK);
        test_pair_run(&pair);
        assert_int_equal(pair.client.messages, 1);
        assert_int_equal(pair.client.last_opcode, WHY_OPCODE_TEXT);
        assert_int_equal(pair.client.last_len, 5);
        assert_memory_equal(pair.client.last, "hello", 5);
        test_pair_close(&pair);
    }
}

static void a_close_that_is_not_answered_has_a_deadline(void **state) {
    (void)state;
    struct test_pair pair;
    test_pair_init(&pair);
    pair.server.deaf = true;
    test_pair_open(&pair);
    assert_int_equal(why_conn_close(pair.client.conn, 1000, text_of("")), WHY_OK);
    why_conn_output_consumed(pair.client.conn, why_conn_output_len(pair.client.conn));
    test_pair_advance(&pair, 4999);
    assert_int_equal(why_conn_state(pair.client.conn), WHY_CONN_CLOSING);
    test_pair_advance(&pair, 1);
    struct why_record record;
    report(&pair.client, &record);
    assert_int_equal(why_conn_state(pair.client.conn), WHY_CONN_CLOSED);
    assert_true(record.code == 1006 && record.cause == WHY_CAUSE_TIMEOUT_CLOSE);
    assert_int_equal(record.sent.code, 1000);
    test_pair_close(&pair);
}

/* The deadline is absolute: a peer that goes on sending does not extend it. */
static void a_peer_that_talks_on_does_not_extend_the_close(void **state) {
    (void)state;
    struct test_pair pair;
    test_pair_init(&pair);
    test_pair_open(&pair);
    assert_int_equal(why_conn_close(pair.server.conn, 1000, text_of("")), WHY_OK);
    for (int i = 0; i < 60; i++) {
        uint8_t ping[] = {0x89, 0x80, 0, 0, 0, 0};
        struct why_span input = {ping, sizeof ping};
        struct why_event event;
        why_conn_receive(pair.server.conn, &input, &event);
        pair.host.now_ms += 100;
        why_conn_tick(pair.server.conn);
    }
    assert_int_equal(why_conn_cause(pair.server.conn), WHY_CAUSE_TIMEOUT_CLOSE);
    test_pair_close(&pair);
}

static void the_transport_ends_without_a_close(void **state) {
    (void)state;
    static const struct {
        enum why_cause cause;
        enum why_transport transport;
        bool after_our_close;
    } cases[] = {{WHY_CAUSE_TCP_FIN, WHY_TRANSPORT_FIN, false},
                 {WHY_CAUSE_TCP_RESET, WHY_TRANSPORT_RESET, false},
                 {WHY_CAUSE_TCP_FIN, WHY_TRANSPORT_FIN, true}};
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        struct test_pair pair;
        test_pair_init(&pair);
        test_pair_open(&pair);
        if (cases[i].after_our_close) {
            assert_int_equal(why_conn_close(pair.server.conn, 1000, text_of("")), WHY_OK);
            why_conn_output_consumed(pair.server.conn, why_conn_output_len(pair.server.conn));
        }
        why_conn_lost(pair.server.conn, cases[i].cause, cases[i].transport, 104);
        struct why_record record;
        report(&pair.server, &record);
        assert_true(record.code == 1006 && record.cause == cases[i].cause);
        assert_true(record.transport == cases[i].transport && record.os_error == 104);
        assert_int_equal(record.sent.present, cases[i].after_our_close);
        struct why_event event;
        struct why_span input = {0};
        why_conn_receive(pair.server.conn, &input, &event);
        assert_int_equal(event.type, WHY_EVENT_END);
        test_pair_close(&pair);
    }
}

static void the_first_failure_is_the_cause(void **state) {
    (void)state;
    struct test_pair pair;
    test_pair_init(&pair);
    test_pair_open(&pair);
    why_conn_fail(pair.server.conn, WHY_CAUSE_UTF8_INVALID, "first");
    why_conn_fail(pair.server.conn, WHY_CAUSE_LIMIT_MESSAGE_SIZE, "second");
    why_conn_lost(pair.server.conn, WHY_CAUSE_TCP_RESET, WHY_TRANSPORT_RESET, 0);
    struct why_record record;
    report(&pair.server, &record);
    assert_true(record.code == 1007 && record.cause == WHY_CAUSE_UTF8_INVALID);
    assert_string_equal(record.detail, "first");
    assert_int_equal(record.transport, WHY_TRANSPORT_RESET);
    test_pair_close(&pair);
}

/* ---- Time ---- */

static void silence_is_asked_about_and_then_ended(void **state) {
    (void)state;
    struct test_pair pair;
    test_pair_init(&pair);
    pair.client_options.ping_interval_ms = 0;
    test_pair_open(&pair);
    test_pair_advance(&pair, 100000);
    assert_int_equal(pair.client.pings, 3); /* at 30, 60 and 90 s, each answered */
    assert_int_equal(pair.server.pongs, 3);
    assert_int_equal(why_conn_cause(pair.server.conn), WHY_CAUSE_NONE);
    pair.client.deaf = true;
    test_pair_advance(&pair, 20000 + 20000 - 1);
    assert_int_equal(why_conn_cause(pair.server.conn), WHY_CAUSE_NONE);
    test_pair_advance(&pair, 1);
    struct why_record record;
    report(&pair.server, &record);
    assert_true(record.code == 1006 && record.cause == WHY_CAUSE_TIMEOUT_PONG);
    assert_int_equal(record.transport, WHY_TRANSPORT_TIMEOUT);
    assert_false(record.sent.present);
    test_pair_close(&pair);
}

static void a_peer_that_talks_is_not_asked(void **state) {
    (void)state;
    struct test_pair pair;
    test_pair_init(&pair);
    test_pair_open(&pair);
    for (int i = 0; i < 20; i++) {
        assert_int_equal(why_conn_send(pair.client.conn, WHY_OPCODE_TEXT, text_of("x"), 0), WHY_OK);
        assert_int_equal(why_conn_send(pair.server.conn, WHY_OPCODE_TEXT, text_of("x"), 0), WHY_OK);
        test_pair_advance(&pair, 29000);
    }
    assert_int_equal(pair.client.pings + pair.server.pings, 0);
    test_pair_close(&pair);
}

static void idleness_is_ended_in_order(void **state) {
    (void)state;
    struct test_pair pair;
    test_pair_init(&pair);
    pair.server_options.idle_timeout_ms = 60000;
    test_pair_open(&pair);
    test_pair_advance(&pair, 59999); /* Pings and Pongs are no messages */
    assert_int_equal(why_conn_cause(pair.server.conn), WHY_CAUSE_NONE);
    test_pair_advance(&pair, 1);
    struct why_record record;
    report(&pair.server, &record);
    assert_true(record.code == 1001 && record.cause == WHY_CAUSE_TIMEOUT_IDLE);
    assert_true(why_conn_is_clean(pair.server.conn));
    report(&pair.client, &record);
    assert_true(record.code == 1001 && record.cause == WHY_CAUSE_PEER_CLOSED);
    test_pair_close(&pair);
}

static void the_round_trip_is_measured(void **state) {
    (void)state;
    struct test_pair pair;
    test_pair_init(&pair);
    test_pair_open(&pair);
    assert_int_equal(why_conn_ping(pair.client.conn, text_of("hi")), WHY_OK);
    pair.server.deaf = true;
    test_pair_run(&pair);
    pair.host.now_ms += 42;
    pair.server.deaf = false;
    test_pair_run(&pair);
    struct why_record record;
    report(&pair.client, &record);
    assert_int_equal(record.timings.ping_rtt_ms, 42);
    test_pair_close(&pair);
}

static void an_idle_connection_holds_its_struct_alone(void **state) {
    (void)state;
    struct test_pair pair;
    test_pair_init(&pair);
    pair.server.echo = true;
    test_pair_open(&pair);
    size_t blocks = pair.host.live_blocks;
    echo_once(&pair, 100000, 3000);
    struct why_event event;
    why_conn_receive(pair.client.conn, &(struct why_span){0}, &event);
    why_conn_receive(pair.server.conn, &(struct why_span){0}, &event);
    assert_int_equal(pair.host.live_blocks, blocks);
    test_pair_close(&pair);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_of_every_size_come_back),
        cmocka_unit_test(deflate_works_in_every_agreement),
        cmocka_unit_test(a_client_with_a_window_of_8_bits_sends_nothing_compressed),
        cmocka_unit_test(a_compressor_is_not_held_where_no_context_is_kept),
        cmocka_unit_test(what_does_not_compress_goes_out_as_it_is),
        cmocka_unit_test(a_message_may_be_left_uncompressed),
        cmocka_unit_test(a_bomb_is_stopped_at_the_limit),
        cmocka_unit_test(a_bomb_in_small_messages_is_delivered_message_by_message),
        cmocka_unit_test(tiny_fragments_cost_what_they_carry),
        cmocka_unit_test(a_flood_of_empty_frames_is_policy),
        cmocka_unit_test(pings_to_a_blocked_sender_hold_one_pong),
        cmocka_unit_test(the_send_queue_has_an_end),
        cmocka_unit_test(compressed_messages_that_wait_cost_what_they_count),
        cmocka_unit_test(what_may_not_be_sent_is_refused_and_changes_nothing),
        cmocka_unit_test(every_frame_has_a_key_of_its_own),
        cmocka_unit_test(borrowed_bytes_are_not_copied_until_they_are_settled),
        cmocka_unit_test(either_side_may_begin_the_close),
        cmocka_unit_test(closes_that_cross_are_both_kept),
        cmocka_unit_test(messages_still_come_while_the_close_is_awaited),
        cmocka_unit_test(a_message_that_was_begun_is_whole_after_our_close),
        cmocka_unit_test(a_close_that_is_not_answered_has_a_deadline),
        cmocka_unit_test(a_peer_that_talks_on_does_not_extend_the_close),
        cmocka_unit_test(the_transport_ends_without_a_close),
        cmocka_unit_test(the_first_failure_is_the_cause),
        cmocka_unit_test(silence_is_asked_about_and_then_ended),
        cmocka_unit_test(a_peer_that_talks_is_not_asked),
        cmocka_unit_test(idleness_is_ended_in_order),
        cmocka_unit_test(the_round_trip_is_measured),
        cmocka_unit_test(an_idle_connection_holds_its_struct_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
