/* SPDX-License-Identifier: MIT
 *
 * Large messages: read to where they are joined, and echoed from there. However the bytes arrive,
 * and wherever they are read to, the message is the same.
 */
#include "whysocket/conn.h"

#include "support/host.h"
#include "support/test.h"

#include <stdlib.h>
#include <string.h>

enum {
    LEN = 1 << 20,
    HEADER = 14,
};

static const uint8_t key[4] = {0x37, 0xfa, 0x21, 0x3d};

struct world {
    struct test_host host;
    struct why_options options;
    struct why_conn *conn;
    uint8_t *payload; /* LEN bytes of text */
    uint8_t *frame;   /* with its header, masked */
    size_t roomed;    /* bytes that were put where the connection asked for them */
};

static void set_up(struct world *world, uint8_t opcode) {
    memset(world, 0, sizeof *world);
    test_host_init(&world->host);
    world->options = why_options_default(&world->host.host);
    world->options.send_queue_max = 4 * (size_t)LEN;
    world->conn = why_conn_new(&world->options, WHY_ROLE_SERVER, NULL);
    world->payload = malloc(LEN);
    world->frame = malloc(HEADER + LEN);
    assert_non_null(world->conn);
    assert_true(world->payload != NULL && world->frame != NULL);
    for (size_t i = 0; i < LEN; i++) {
        world->payload[i] = (uint8_t)('a' + i * 7 % 26);
    }
    const uint8_t header[HEADER] = {opcode,    0xff, 0, 0,      0,      0,      0,
                                    LEN >> 16, 0,    0, key[0], key[1], key[2], key[3]};
    memcpy(world->frame, header, HEADER);
}

static void mask_frame(struct world *world) {
    for (size_t i = 0; i < LEN; i++) {
        world->frame[HEADER + i] = world->payload[i] ^ key[i % 4];
    }
}

static void tear_down(struct world *world) {
    why_conn_free(world->conn);
    assert_int_equal(world->host.live_blocks, 0);
    free(world->payload);
    free(world->frame);
}

/* Read as a program does: into the room where there is one, at most `piece` bytes at once. Returns
 * what the last byte brought. */
static struct why_event read_all(struct world *world, size_t piece) {
    uint8_t *elsewhere = malloc(piece);
    struct why_event event = {.type = WHY_EVENT_NONE};
    size_t at = 0;
    assert_non_null(elsewhere);
    while (at < HEADER + LEN && event.type == WHY_EVENT_NONE) {
        struct why_span room = why_conn_room(world->conn);
        if (room.len == 0) {
            room = (struct why_span){elsewhere, piece};
        } else {
            room.len = room.len < piece ? room.len : piece;
            world->roomed += room.len;
        }
        room.len = room.len < HEADER + LEN - at ? room.len : HEADER + LEN - at;
        memcpy(room.data, world->frame + at, room.len);
        at += room.len;
        why_conn_receive(world->conn, &room, &event);
    }
    free(elsewhere);
    return event;
}

static void a_message_read_into_its_room_is_whole(void **state) {
    (void)state;
    static const size_t pieces[] = {1000, 4096, 65536, 131072, 500000};
    for (size_t i = 0; i < TEST_COUNT(pieces); i++) {
        struct world world;
        set_up(&world, 0x81);
        mask_frame(&world);
        struct why_event event = read_all(&world, pieces[i]);
        assert_int_equal(event.type, WHY_EVENT_MESSAGE);
        assert_int_equal(event.data.len, LEN);
        assert_memory_equal(event.data.data, world.payload, LEN);
        /* All of it but the beginning, and an end that is read with what follows. */
        assert_true(world.roomed >= LEN - pieces[i] - 16384);
        tear_down(&world);
    }
}

static void text_in_its_room_is_checked(void **state) {
    (void)state;
    struct world world;
    set_up(&world, 0x81);
    world.payload[700001] = 0xff;
    mask_frame(&world);
    struct why_event event = read_all(&world, 100000);
    assert_int_equal(event.type, WHY_EVENT_END);
    struct why_record record;
    why_record_init(&record);
    why_conn_report(world.conn, &record);
    assert_int_equal(record.code, 1007);
    assert_int_equal(record.utf8.offset, 700001);
    assert_int_equal(why_conn_room(world.conn).len, 0);
    tear_down(&world);
}

/* What is only declared costs nothing: no more than eight times what has come is held. */
static void room_grows_with_what_has_come(void **state) {
    (void)state;
    struct world world;
    set_up(&world, 0x82);
    mask_frame(&world);
    struct why_span input = {world.frame, HEADER + 1000};
    struct why_event event;
    why_conn_receive(world.conn, &input, &event);
    struct why_span room = why_conn_room(world.conn);
    assert_true(room.len >= 16384 && room.len <= 65536);
    tear_down(&world);
}

static size_t take_output(struct why_conn *conn, struct why_bytes expected, bool *is_same_memory) {
    struct why_bytes list[8];
    size_t count = 0;
    size_t seen = 0;
    while ((count = why_conn_output(conn, list, TEST_COUNT(list))) > 0) {
        for (size_t i = 0; i < count; i++) {
            if (list[i].len == expected.len) {
                *is_same_memory = list[i].data == expected.data;
                assert_memory_equal(list[i].data, expected.data, expected.len);
            }
            seen += list[i].len;
        }
        why_conn_output_consumed(conn, list[0].len);
    }
    return seen;
}

/* A part of it has left when the callback that lent it ends: the rest stays where it is. */
static void an_echo_takes_the_messages_memory_over(void **state) {
    (void)state;
    struct world world;
    set_up(&world, 0x82);
    mask_frame(&world);
    for (unsigned round = 0; round < 2; round++) {
        struct why_event event = read_all(&world, 100000);
        assert_int_equal(event.type, WHY_EVENT_MESSAGE);
        /* Twice: the one memory serves both, and goes with the later one. */
        assert_int_equal(
            why_conn_send(world.conn, WHY_OPCODE_BINARY, event.data, WHY_SEND_BORROWED), WHY_OK);
        if (round == 1) {
            assert_int_equal(
                why_conn_send(world.conn, WHY_OPCODE_BINARY, event.data, WHY_SEND_BORROWED),
                WHY_OK);
        }
        size_t blocks = world.host.live_blocks;
        assert_int_equal(why_conn_settle(world.conn), WHY_OK);
        assert_int_equal(why_conn_settle(world.conn), WHY_OK); /* there is nothing left to do */
        assert_int_equal(world.host.live_blocks, blocks);
        struct why_span none = {0};
        struct why_event nothing;
        why_conn_receive(world.conn, &none, &nothing); /* lets go of what the event showed */
        bool is_same_memory = false;
        (void)take_output(world.conn, event.data, &is_same_memory);
        assert_true(is_same_memory);
    }
    tear_down(&world);
}

static size_t recalled; /* bytes that were asked for */

static void *recall(void *context, size_t size) {
    struct test_host *host = context;
    recalled = size;
    return host->host.allocate(context, NULL, size);
}

/* What is kept costs nothing: it is taken for all of the message when that is known to be large,
 * and nothing has to grow. */
static void a_large_message_is_joined_in_memory_that_was_kept(void **state) {
    (void)state;
    struct world world;
    set_up(&world, 0x81);
    mask_frame(&world);
    world.host.host.recall = recall;
    recalled = 0;
    struct why_event event = read_all(&world, 65536);
    assert_int_equal(event.type, WHY_EVENT_MESSAGE);
    assert_int_equal(event.data.len, LEN);
    assert_memory_equal(event.data.data, world.payload, LEN);
    assert_true(recalled >= LEN && recalled < LEN + 1024);
    assert_true(world.host.allocations <= 4); /* the connection's, the beginning's, and this one */
    tear_down(&world);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_read_into_its_room_is_whole),
        cmocka_unit_test(text_in_its_room_is_checked),
        cmocka_unit_test(room_grows_with_what_has_come),
        cmocka_unit_test(an_echo_takes_the_messages_memory_over),
        cmocka_unit_test(a_large_message_is_joined_in_memory_that_was_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
