/* SPDX-License-Identifier: MIT
 *
 * What a server may do to a client, and what leaves us: the other side of pair_test.c, which is a
 * server's. The numbers are those of docs/bad-input.md.
 */
#include "whysocket/conn.h"

#include "support/pair.h"
#include "support/test.h"

#include <stdlib.h>
#include <string.h>

static struct why_event receive(struct why_conn *conn, uint8_t *bytes, size_t len) {
    struct why_span input = {bytes, len};
    struct why_event event;
    why_conn_receive(conn, &input, &event);
    assert_int_equal(input.len, 0);
    return event;
}

/* Rows 65, 69. */
static void tiny_fragments_cost_a_client_what_they_carry(void **state) {
    (void)state;
    struct test_pair pair;
    test_pair_init(&pair);
    test_pair_open(&pair);
    size_t count = 1000000;
    size_t before = pair.host.live_bytes;
    pair.host.peak_bytes = before;
    for (size_t i = 0; i < count; i++) {
        uint8_t frame[] = {i == 0 ? 0x02 : i == count - 1 ? 0x80 : 0x00, 1, 'x'};
        struct why_event event = receive(pair.client.conn, frame, sizeof frame);
        assert_int_equal(event.type, i == count - 1 ? WHY_EVENT_MESSAGE : WHY_EVENT_NONE);
        assert_true(i < count - 1 || event.data.len == count);
    }
    assert_true(pair.host.peak_bytes - before < 3 * count);
    test_pair_close(&pair);
}

/* Rows 65, 69: to the limit, and not past it. */
static void fragments_without_end_are_1009(void **state) {
    (void)state;
    struct test_pair pair;
    test_pair_init(&pair);
    pair.client_options.message_len_max = 100000;
    test_pair_open(&pair);
    pair.host.peak_bytes = 0;
    size_t before = pair.host.live_bytes;
    struct why_event event = {.type = WHY_EVENT_NONE};
    size_t count = 0;
    for (; event.type == WHY_EVENT_NONE; count++) {
        uint8_t frame[] = {count == 0 ? 0x02 : 0x00, 1, 'x'};
        event = receive(pair.client.conn, frame, sizeof frame);
        assert_true(count < 200000);
    }
    assert_int_equal(event.type, WHY_EVENT_END);
    assert_int_equal(count, 100001);
    assert_int_equal(why_conn_cause(pair.client.conn), WHY_CAUSE_LIMIT_MESSAGE_SIZE);
    assert_true(pair.host.peak_bytes - before < 110000);
    test_pair_close(&pair);
}

/* Row 70, where curl queued them all. */
static void pings_without_end_cost_a_client_one_pong(void **state) {
    (void)state;
    struct test_pair pair;
    test_pair_init(&pair);
    pair.client_options.control_rate_max = 0;
    test_pair_open(&pair);
    size_t before = pair.host.live_bytes;
    pair.host.peak_bytes = before;
    for (size_t i = 0; i < 200000; i++) {
        uint8_t frame[2 + 125] = {0x89, 125};
        memcpy(frame + 2, &i, sizeof i);
        assert_int_equal(receive(pair.client.conn, frame, sizeof frame).type, WHY_EVENT_PING);
        struct why_bytes list[4];
        why_conn_output(pair.client.conn, list, TEST_COUNT(list));
    }
    assert_true(why_conn_output_len(pair.client.conn) <= 2 + 4 + 125);
    assert_true(pair.host.peak_bytes - before < 3072);
    test_pair_close(&pair);
}

struct wire {
    uint8_t *bytes;
    size_t len, size;
};

static void collect(struct wire *wire, struct why_conn *conn) {
    struct why_bytes list[1];
    while (why_conn_output(conn, list, 1) > 0) {
        assert_true(list[0].len <= wire->size - wire->len);
        memcpy(wire->bytes + wire->len, list[0].data, list[0].len);
        wire->len += list[0].len;
        why_conn_output_consumed(conn, list[0].len);
    }
}

/* Everything that can be sent, with memory that holds `fill` before it is written. */
static void send_everything(struct wire *wire, enum why_role role, bool deflate, uint8_t fill) {
    static const size_t sizes[] = {0, 1, 63, 64, 125, 126, 5000, 65535, 65536, 100000};
    struct test_host host;
    test_host_init(&host);
    host.fill = fill;
    struct why_options options = why_options_default(&host.host);
    struct why_deflate_params params = {deflate, false, false, 15, 15};
    struct why_conn *conn = why_conn_new(&options, role, &params);
    assert_non_null(conn);
    static uint8_t data[100000];
    for (size_t i = 0; i < sizeof data; i++) {
        data[i] = (uint8_t)(i * i >> 7);
    }
    wire->len = 0;
    for (size_t i = 0; i < TEST_COUNT(sizes); i++) {
        for (unsigned flags = 0; flags < 8; flags++) {
            struct why_bytes piece = {data, sizes[i]};
            assert_int_equal(why_conn_send(conn, WHY_OPCODE_BINARY, piece, flags), WHY_OK);
            assert_int_equal(why_conn_settle(conn), WHY_OK);
            if ((flags & WHY_SEND_MORE) != 0) {
                assert_int_equal(why_conn_send(conn, WHY_OPCODE_BINARY, piece, 0), WHY_OK);
            }
            collect(wire, conn);
        }
    }
    for (size_t len = 0; len <= 125; len++) {
        assert_int_equal(why_conn_ping(conn, (struct why_bytes){data, len}), WHY_OK);
        uint8_t ping[] = {0x89, role == WHY_ROLE_SERVER ? 0x81 : 1, 0, 0, 0, 0};
        size_t ping_len = role == WHY_ROLE_SERVER ? 6 : 2;
        uint8_t with_payload[7] = {0};
        memcpy(with_payload, ping, ping_len);
        assert_int_equal(receive(conn, with_payload, ping_len + 1).type, WHY_EVENT_PING);
        collect(wire, conn);
    }
    struct why_bytes reason = {(const uint8_t *)"bye", 3};
    assert_int_equal(why_conn_close(conn, 1000, reason), WHY_OK);
    collect(wire, conn);
    why_conn_free(conn);
    assert_int_equal(host.live_blocks, 0);
}

/* Row 62: what is sent does not depend on what the memory held before. */
static void no_byte_leaves_that_was_not_written(void **state) {
    (void)state;
    enum {
        ROOM = 8 << 20
    };
    struct wire wires[2] = {{malloc(ROOM), 0, ROOM}, {malloc(ROOM), 0, ROOM}};
    for (unsigned what = 0; what < 4; what++) {
        enum why_role role = (what & 1) != 0 ? WHY_ROLE_CLIENT : WHY_ROLE_SERVER;
        send_everything(&wires[0], role, (what & 2) != 0, 0xa5);
        send_everything(&wires[1], role, (what & 2) != 0, 0x5a);
        assert_true(wires[0].len > 100000);
        assert_int_equal(wires[0].len, wires[1].len);
        assert_memory_equal(wires[0].bytes, wires[1].bytes, wires[0].len);
    }
    free(wires[0].bytes);
    free(wires[1].bytes);
}

/* Row 95: as large as is allowed, compressed and not; a byte more is refused (row 49). */
static void the_largest_message_comes_back(void **state) {
    (void)state;
    size_t len = 16 << 20;
    uint8_t *data = calloc(1, len + 1);
    assert_non_null(data);
    for (size_t i = 0; i < len; i += 7) {
        data[i] = (uint8_t)(i >> 5);
    }
    for (unsigned deflate = 0; deflate < 2; deflate++) {
        struct test_pair pair;
        test_pair_init(&pair);
        pair.deflate.enabled = deflate != 0;
        pair.client_options.send_queue_max = pair.server_options.send_queue_max = 1 << 26;
        pair.server.echo = true;
        test_pair_open(&pair);
        struct why_bytes most = {data, len};
        assert_int_equal(why_conn_send(pair.client.conn, WHY_OPCODE_BINARY, most, 0), WHY_OK);
        test_pair_run(&pair);
        assert_int_equal(pair.client.messages, 1);
        assert_int_equal(pair.client.last_len, len);
        assert_memory_equal(pair.client.last, data, len);
        struct why_bytes more = {data, len + 1};
        assert_int_equal(why_conn_send(pair.client.conn, WHY_OPCODE_BINARY, more, 0), WHY_OK);
        test_pair_run(&pair);
        assert_int_equal(pair.client.close_code, 1009);
        test_pair_close(&pair);
    }
    free(data);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tiny_fragments_cost_a_client_what_they_carry),
        cmocka_unit_test(fragments_without_end_are_1009),
        cmocka_unit_test(pings_without_end_cost_a_client_one_pong),
        cmocka_unit_test(no_byte_leaves_that_was_not_written),
        cmocka_unit_test(the_largest_message_comes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
