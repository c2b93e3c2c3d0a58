/* SPDX-License-Identifier: MIT
 *
 * Prepared messages: who shares the bytes and who does not, what of them is sent, and when the
 * memory goes.
 */
#include "core/prepared.h"

#include "support/pair.h"
#include "support/test.h"

#include <stdlib.h>
#include <string.h>

#define TEXT                                                                                       \
    "{\"user\":\"anna\",\"text\":\"hello hello hello\"} {\"user\":\"anna\",\"text\":\"hello\"}"
#define TEXT_LEN (sizeof TEXT - 1)

static const struct why_bytes text = {(const uint8_t *)TEXT, TEXT_LEN};

static struct why_prepared *prepare(const struct why_options *options, struct why_bytes data,
                                    unsigned flags) {
    struct why_prepared *prepared = NULL;
    assert_int_equal(why_prepared_new(options, WHY_OPCODE_TEXT, data, flags, &prepared), WHY_OK);
    return prepared;
}

static struct why_conn *open_server(const struct test_pair *pair,
                                    const struct why_deflate_params *params) {
    struct why_conn *conn = why_conn_new(&pair->server_options, WHY_ROLE_SERVER, params);
    assert_non_null(conn);
    return conn;
}

/* All that is queued, which is one piece. */
static struct why_bytes queued(struct why_conn *conn) {
    struct why_bytes list[2];
    assert_int_equal(why_conn_output(conn, list, 2), 1);
    return list[0];
}

static struct why_counters counters_of(const struct why_conn *conn) {
    struct why_record record;
    why_record_init(&record);
    why_conn_report(conn, &record);
    return record.counters;
}

static void expect_last(const struct test_end *end, struct why_bytes data) {
    assert_int_equal(end->last_len, data.len);
    assert_memory_equal(end->last, data.data, data.len);
}

/* ---- Who shares ---- */

static void servers_queue_the_same_bytes(void **state) {
    (void)state;
    struct test_pair pair;
    test_pair_init(&pair);
    test_pair_open(&pair);
    struct why_conn *other = open_server(&pair, NULL);
    struct why_prepared *prepared = prepare(&pair.server_options, text, 0);
    assert_int_equal(why_conn_send_prepared(pair.server.conn, prepared), WHY_OK);
    assert_int_equal(why_conn_send_prepared(other, prepared), WHY_OK);
    assert_ptr_equal(queued(other).data, queued(pair.server.conn).data);
    why_prepared_free(prepared); /* the queues have it still */
    test_pair_run(&pair);
    expect_last(&pair.client, text);
    assert_int_equal(counters_of(pair.server.conn).messages_sent, 1);
    assert_int_equal(counters_of(pair.server.conn).bytes_sent, 2 + TEXT_LEN);
    assert_int_equal(counters_of(other).bytes_sent, 0);
    why_conn_free(other); /* with its reference */
    test_pair_close(&pair);
}

/* RFC 6455 section 5.3: a fresh key for each frame. */
static void a_client_masks_a_copy(void **state) {
    (void)state;
    struct test_pair pair;
    test_pair_init(&pair);
    test_pair_open(&pair);
    struct why_prepared *prepared = prepare(&pair.client_options, text, 0);
    uint8_t keys[2][4];
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(why_conn_send_prepared(pair.client.conn, prepared), WHY_OK);
        struct why_bytes frame = queued(pair.client.conn);
        assert_int_equal(frame.data[1], 0x80 | TEXT_LEN);
        memcpy(keys[i], frame.data + 2, 4);
        test_pair_run(&pair);
        expect_last(&pair.server, text);
    }
    assert_memory_not_equal(keys[0], keys[1], 4);
    why_prepared_free(prepared);
    test_pair_close(&pair);
}

/* ---- Compression (RFC 7692) ---- */

static void open_deflating(struct test_pair *pair, bool keeps_context) {
    test_pair_init(pair);
    pair->deflate = (struct why_deflate_params){.enabled = true};
    pair->server_options.deflate_keep_context = keeps_context;
    pair->server_options.deflate_len_min = 16;
    test_pair_open(pair);
}

static void one_compressed_frame_is_shared_by_alike_connections(void **state) {
    (void)state;
    struct test_pair pair;
    open_deflating(&pair, false);
    struct why_deflate_params narrow = {.enabled = true, .server_max_window_bits = 9};
    struct why_conn *alike = open_server(&pair, &pair.deflate);
    struct why_conn *narrower = open_server(&pair, &narrow);
    struct why_conn *plain = open_server(&pair, NULL);
    struct why_prepared *prepared = prepare(&pair.server_options, text, 0);
    struct why_conn *all[] = {pair.server.conn, alike, narrower, plain};
    const uint8_t *data[TEST_COUNT(all)];
    for (size_t i = 0; i < TEST_COUNT(all); i++) {
        assert_int_equal(why_conn_send_prepared(all[i], prepared), WHY_OK);
        data[i] = queued(all[i]).data;
        assert_int_equal(data[i][0], i < 3 ? 0xc1 : 0x81);
        assert_int_equal(queued(all[i]).len < TEXT_LEN, i < 3);
    }
    assert_ptr_equal(data[0], data[1]);
    assert_ptr_not_equal(data[0], data[2]); /* the window is another */
    why_prepared_free(prepared);
    test_pair_run(&pair);
    expect_last(&pair.client, text);
    assert_true(pair.client.last_compressed);
    why_conn_free(alike);
    why_conn_free(narrower);
    why_conn_free(plain);
    test_pair_close(&pair);
}

/* What is compressed with what went before means nothing to another peer. */
static void a_compressor_with_a_context_shares_nothing(void **state) {
    (void)state;
    struct test_pair pair;
    open_deflating(&pair, true);
    struct why_prepared *prepared = prepare(&pair.server_options, text, 0);
    size_t lens[2];
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(why_conn_send_prepared(pair.server.conn, prepared), WHY_OK);
        lens[i] = queued(pair.server.conn).len;
        test_pair_run(&pair);
        expect_last(&pair.client, text);
    }
    assert_true(lens[1] < lens[0]); /* it refers to the first */
    assert_null(why__prepared_show(prepared, pair.server.conn));
    why_prepared_free(prepared);
    test_pair_close(&pair);
}

/* The queue's limit counts bytes: what a peer does not read may not pin the message that they were
 * compressed from. */
static void a_queue_holds_what_it_sends(void **state) {
    (void)state;
    struct test_pair pair;
    open_deflating(&pair, false);
    size_t size = 1 << 20;
    struct why_bytes zeroes = {calloc(1, size), size};
    size_t before = pair.host.live_bytes;
    for (unsigned i = 0; i < 20; i++) {
        struct why_prepared *prepared = prepare(&pair.server_options, zeroes, 0);
        assert_int_equal(why_conn_send_prepared(pair.server.conn, prepared), WHY_OK);
        why_prepared_free(prepared);
    }
    size_t queued_len = why_conn_output_len(pair.server.conn);
    assert_true(pair.host.live_bytes - before < queued_len + 20 * 256);
    assert_true(queued_len < 20 * 4096);
    free((void *)(uintptr_t)zeroes.data);
    test_pair_close(&pair);
}

static void what_compression_does_not_shorten_goes_as_it_is(void **state) {
    (void)state;
    struct test_pair pair;
    open_deflating(&pair, false);
    const struct {
        const char *data;
        unsigned flags;
    } rows[] = {{"short", 0}, {"abcdefghijklmnopqrstuvwxyz0123456789", 0}, {TEXT, WHY_SEND_PLAIN}};
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        struct why_bytes data = {(const uint8_t *)rows[i].data, strlen(rows[i].data)};
        struct why_prepared *prepared = prepare(&pair.server_options, data, rows[i].flags);
        assert_int_equal(why_conn_send_prepared(pair.server.conn, prepared), WHY_OK);
        why_prepared_free(prepared);
        test_pair_run(&pair);
        expect_last(&pair.client, data);
        assert_false(pair.client.last_compressed);
    }
    test_pair_close(&pair);
}

/* ---- Sending without a queue ---- */

static void what_was_not_taken_is_queued(void **state) {
    (void)state;
    for (size_t sent = 0; sent <= 2 + TEXT_LEN; sent++) {
        struct test_pair pair;
        test_pair_init(&pair);
        test_pair_open(&pair);
        struct why_prepared *prepared = prepare(&pair.server_options, text, 0);
        struct why_conn *conn = pair.server.conn;
        uint8_t wire[2 + TEXT_LEN];
        struct why__shared *frame = why__prepared_show(prepared, conn);
        assert_non_null(frame);
        assert_int_equal(frame->len, sizeof wire);
        memcpy(wire, frame->data, sent);
        assert_int_equal(why__prepared_sent(prepared, conn, frame, sent), WHY_OK);
        assert_int_equal(why_conn_output_len(conn), sizeof wire - sent);
        assert_int_equal(why__prepared_show(prepared, conn) != NULL, sent == sizeof wire);
        why_prepared_free(prepared);
        for (size_t at = sent; at < sizeof wire; at++) { /* and byte by byte */
            wire[at] = *queued(conn).data;
            why_conn_output_consumed(conn, 1);
        }
        assert_memory_equal(wire, "\x81", 1);
        assert_memory_equal(wire + 2, TEXT, TEXT_LEN);
        assert_int_equal(counters_of(conn).messages_sent, 1);
        assert_int_equal(counters_of(conn).bytes_sent, sizeof wire);
        test_pair_close(&pair);
    }
}

static void whatever_waits_goes_first(void **state) {
    (void)state;
    struct test_pair pair;
    test_pair_init(&pair);
    test_pair_open(&pair);
    struct why_prepared *prepared = prepare(&pair.server_options, text, 0);
    assert_int_equal(why_conn_ping(pair.client.conn, (struct why_bytes){0}), WHY_OK);
    pair.client.deaf = true;
    test_pair_run(&pair); /* the Pong is owed */
    assert_null(why__prepared_show(prepared, pair.server.conn));
    pair.client.deaf = false;
    test_pair_run(&pair);
    assert_int_equal(pair.client.pongs, 1);
    assert_non_null(why__prepared_show(prepared, pair.server.conn));
    assert_int_equal(why_conn_send(pair.server.conn, WHY_OPCODE_TEXT, text, 0), WHY_OK);
    assert_null(why__prepared_show(prepared, pair.server.conn));
    test_pair_run(&pair);
    assert_null(why__prepared_show(prepared, pair.client.conn));
    why_prepared_free(prepared);
    test_pair_close(&pair);
}

/* RFC 6455 section 5.4: no other message comes between the fragments of one. */
static void between_fragments_it_is_refused(void **state) {
    (void)state;
    struct test_pair pair;
    test_pair_init(&pair);
    test_pair_open(&pair);
    struct why_prepared *prepared = prepare(&pair.server_options, text, 0);
    struct why_conn *conn = pair.server.conn;
    struct why_bytes part = {(const uint8_t *)"part", 4};
    assert_int_equal(why_conn_send(conn, WHY_OPCODE_TEXT, part, WHY_SEND_MORE), WHY_OK);
    test_pair_run(&pair);
    assert_int_equal(why_conn_send_prepared(conn, prepared), WHY_ERR_STATE);
    assert_null(why__prepared_show(prepared, conn));
    assert_int_equal(why_conn_output_len(conn), 0);
    assert_int_equal(why_conn_send(conn, WHY_OPCODE_TEXT, part, 0), WHY_OK);
    assert_int_equal(why_conn_send_prepared(conn, prepared), WHY_OK);
    test_pair_run(&pair);
    assert_int_equal(pair.client.messages, 2);
    assert_int_equal(why_conn_close(conn, 1000, (struct why_bytes){0}), WHY_OK);
    assert_int_equal(why_conn_send_prepared(conn, prepared), WHY_ERR_STATE);
    why_prepared_free(prepared);
    test_pair_close(&pair);
}

static void a_full_queue_refuses_it(void **state) {
    (void)state;
    struct test_pair pair;
    test_pair_init(&pair);
    pair.server_options.send_queue_max = 2 + TEXT_LEN + 1;
    test_pair_open(&pair);
    struct why_prepared *prepared = prepare(&pair.server_options, text, 0);
    assert_int_equal(why_conn_send_prepared(pair.server.conn, prepared), WHY_OK);
    assert_int_equal(why_conn_send_prepared(pair.server.conn, prepared), WHY_OK);
    assert_int_equal(why_conn_send_prepared(pair.server.conn, prepared), WHY_ERR_FULL);
    assert_int_equal(why_conn_output_len(pair.server.conn), 2 * (2 + TEXT_LEN));
    why_prepared_free(prepared);
    why_conn_lost(pair.server.conn, WHY_CAUSE_TCP_RESET, WHY_TRANSPORT_RESET, 0);
    test_pair_close(&pair);
}

/* ---- Several as one ---- */

static void joined_messages_are_those_that_were_joined(void **state) {
    (void)state;
    static const char *const words[] = {TEXT, "short", TEXT TEXT};
    for (unsigned deflates = 0; deflates < 2; deflates++) {
        struct test_pair pair;
        test_pair_init(&pair);
        pair.deflate.enabled = deflates != 0;
        pair.server_options.deflate_len_min = 16;
        pair.server_options.deflate_keep_context = false;
        test_pair_open(&pair);
        struct why_prepared *list[TEST_COUNT(words)];
        size_t len = 0;
        for (size_t i = 0; i < TEST_COUNT(words); i++) {
            struct why_bytes data = {(const uint8_t *)words[i], strlen(words[i])};
            list[i] = prepare(&pair.server_options, data, 0);
            len += data.len;
        }
        struct why_prepared *joined = why__prepared_join(list, TEST_COUNT(list));
        struct why__shared *frames = why__prepared_show(joined, pair.server.conn);
        assert_non_null(frames);
        assert_ptr_equal(frames, why__prepared_show(joined, pair.server.conn));
        assert_int_equal(frames->len < len, deflates);
        assert_int_equal(why__prepared_sent(joined, pair.server.conn, frames, 0), WHY_OK);
        why_prepared_free(joined);
        for (size_t i = 0; i < TEST_COUNT(words); i++) {
            why_prepared_free(list[i]);
        }
        test_pair_run(&pair);
        assert_int_equal(pair.client.messages, 3);
        assert_int_equal(pair.client.bytes, len);
        assert_int_equal(counters_of(pair.server.conn).messages_sent, 3);
        assert_int_equal(pair.client.last_compressed, deflates);
        test_pair_close(&pair);
    }
}

/* ---- Errors ---- */

static void what_is_no_message_is_not_prepared(void **state) {
    (void)state;
    struct test_host host;
    test_host_init(&host);
    struct why_options options = why_options_default(&host.host);
    const struct {
        const char *data;
        unsigned flags;
        int opcode, expected;
    } rows[] = {
        {"caf\xe9", 0, WHY_OPCODE_TEXT, WHY_ERR_UTF8},
        {"cut \xe2\x82", 0, WHY_OPCODE_TEXT, WHY_ERR_UTF8},
        {"caf\xe9", 0, WHY_OPCODE_BINARY, WHY_OK},
        {"", 0, WHY_OPCODE_TEXT, WHY_OK},
        {"part", WHY_SEND_MORE, WHY_OPCODE_TEXT, WHY_ERR_ARGUMENT},
        {"ping", 0, WHY_OPCODE_PING, WHY_ERR_ARGUMENT},
        {"rest", 0, WHY_OPCODE_CONTINUATION, WHY_ERR_ARGUMENT},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        struct why_bytes data = {(const uint8_t *)rows[i].data, strlen(rows[i].data)};
        struct why_prepared *prepared = NULL;
        enum why_opcode opcode = (enum why_opcode)rows[i].opcode;
        assert_int_equal(why_prepared_new(&options, opcode, data, rows[i].flags, &prepared),
                         rows[i].expected);
        assert_int_equal(prepared != NULL, rows[i].expected == WHY_OK);
        why_prepared_free(prepared);
    }
    assert_int_equal(host.live_blocks, 0);
}

/* Prepare two, and send each, and both as one, in two pieces. returns  messages that were sent */
static size_t send_all(struct test_pair *pair) {
    struct why_prepared *list[2] = {NULL, NULL};
    struct why_prepared *joined = NULL;
    struct why_conn *conn = pair->server.conn;
    struct why__shared *frames = NULL;
    size_t sent = 0;
    for (unsigned i = 0; i < 2; i++) {
        int result = why_prepared_new(&pair->server_options, WHY_OPCODE_TEXT, text, 0, &list[i]);
        assert_true(result == WHY_OK || result == WHY_ERR_NOMEM);
        if (result == WHY_OK) {
            result = why_conn_send_prepared(conn, list[i]);
            assert_true(result == WHY_OK || result == WHY_ERR_NOMEM);
            sent += result == WHY_OK;
        }
    }
    test_pair_run(pair);
    if (list[0] != NULL && list[1] != NULL) {
        joined = why__prepared_join(list, 2);
    }
    if (joined != NULL) {
        frames = why__prepared_show(joined, conn);
    }
    if (frames != NULL) {
        int result = why__prepared_sent(joined, conn, frames, 0);
        assert_true(result == WHY_OK || result == WHY_ERR_NOMEM);
        sent += result == WHY_OK ? 2 : 0;
    }
    why_prepared_free(joined);
    why_prepared_free(list[0]);
    why_prepared_free(list[1]);
    return sent;
}

static void what_found_no_memory_is_not_sent(void **state) {
    (void)state;
    for (unsigned deflates = 0; deflates < 2; deflates++) {
        for (size_t fail_at = 1; fail_at < 40; fail_at++) {
            struct test_pair pair;
            test_pair_init(&pair);
            pair.deflate.enabled = deflates != 0;
            pair.server_options.deflate_len_min = 16;
            pair.server_options.deflate_keep_context = false;
            test_pair_open(&pair);
            pair.client.deaf = true;
            pair.host.fail_at = pair.host.allocations + fail_at;
            size_t sent = send_all(&pair);
            pair.host.fail_at = 0;
            pair.client.deaf = false;
            test_pair_run(&pair);
            assert_int_equal(pair.client.messages, sent);
            assert_int_equal(counters_of(pair.server.conn).messages_sent, sent);
            assert_int_equal(why_conn_state(pair.server.conn), WHY_CONN_OPEN);
            test_pair_close(&pair);
        }
    }
}

/* A part has left, and there is no memory to remember the rest: nothing can follow it. */
static void a_frame_that_was_cut_ends_the_connection(void **state) {
    (void)state;
    struct test_pair pair;
    test_pair_init(&pair);
    test_pair_open(&pair);
    struct why_prepared *prepared = prepare(&pair.server_options, text, 0);
    struct why__shared *frame = why__prepared_show(prepared, pair.server.conn);
    assert_non_null(frame);
    pair.host.fail_at = pair.host.allocations + 1;
    assert_int_equal(why__prepared_sent(prepared, pair.server.conn, frame, 5), WHY_ERR_NOMEM);
    pair.host.fail_at = 0;
    assert_int_equal(why_conn_cause(pair.server.conn), WHY_CAUSE_LOCAL_OUT_OF_MEMORY);
    assert_int_equal(counters_of(pair.server.conn).bytes_sent, 5);
    assert_int_equal(counters_of(pair.server.conn).messages_sent, 0);
    assert_int_equal(why_conn_output_len(pair.server.conn), 0);
    assert_int_equal(why_conn_send_prepared(pair.server.conn, prepared), WHY_ERR_STATE);
    why_prepared_free(prepared);
    test_pair_close(&pair);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(servers_queue_the_same_bytes),
        cmocka_unit_test(a_client_masks_a_copy),
        cmocka_unit_test(one_compressed_frame_is_shared_by_alike_connections),
        cmocka_unit_test(a_compressor_with_a_context_shares_nothing),
        cmocka_unit_test(a_queue_holds_what_it_sends),
        cmocka_unit_test(what_compression_does_not_shorten_goes_as_it_is),
        cmocka_unit_test(what_was_not_taken_is_queued),
        cmocka_unit_test(whatever_waits_goes_first),
        cmocka_unit_test(between_fragments_it_is_refused),
        cmocka_unit_test(a_full_queue_refuses_it),
        cmocka_unit_test(joined_messages_are_those_that_were_joined),
        cmocka_unit_test(what_is_no_message_is_not_prepared),
        cmocka_unit_test(what_found_no_memory_is_not_sent),
        cmocka_unit_test(a_frame_that_was_cut_ends_the_connection),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
