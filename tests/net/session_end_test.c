/* SPDX-License-Identifier: MIT
 *
 * The ends that a session can have, over real sockets: who closed, how the transport went, and what
 * the record says of it.
 */
#include "support/test.h"

#include "support/raw_peer.h"
#include "support/world.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct test_world *start(void (*change)(struct test_world *world)) {
    struct test_world *world = malloc(sizeof *world);
    test_world_init(world);
    if (change != NULL) {
        change(world);
    }
    test_world_listen(world, "127.0.0.1:0", NULL);
    test_world_start(world);
    return world;
}

static void finish(struct test_world *world) {
    test_world_end(world);
    free(world);
}

static void expect_close(int fd, unsigned code) {
    uint8_t first = 0;
    uint8_t payload[125];
    ssize_t len = test_read_frame(fd, &first, payload, sizeof payload);
    if (code == 0) {
        assert_int_equal(len, 0);
    } else {
        assert_true(len >= 2);
        assert_int_equal(payload[0] << 8 | payload[1], code);
    }
    assert_int_equal(first, 0x88);
}

static void expect_record(struct test_world *world, unsigned number, unsigned code,
                          enum why_cause cause, enum why_transport transport) {
    assert_true(test_world_wait(&world->closed, number));
    assert_string_equal(why_cause_id(world->close_record.cause), why_cause_id(cause));
    assert_int_equal(world->close_record.code, code);
    assert_string_equal(why_transport_name(world->close_record.transport),
                        why_transport_name(transport));
    assert_memory_equal(world->close_record.peer, "127.0.0.1:", 10);
}

static void closes_late(struct test_world *world) {
    world->options.close_timeout_ms = 60000;
}

/* Row 76. */
static void a_fin_without_close_is_1006_and_our_fin_comes_at_once(void **state) {
    (void)state;
    struct test_world *world = start(closes_late);
    int fd = test_open(world->address);
    shutdown(fd, SHUT_WR);
    assert_int_equal(test_drain(fd, 4000), TEST_EOF); /* and not at the close deadline, in 60 s */
    expect_record(world, 1, 1006, WHY_CAUSE_TCP_FIN, WHY_TRANSPORT_FIN);
    close(fd);
    finish(world);
}

static void a_reset_is_1006_and_says_so(void **state) {
    (void)state;
    struct test_world *world = start(NULL);
    test_reset(test_open(world->address));
    expect_record(world, 1, 1006, WHY_CAUSE_TCP_RESET, WHY_TRANSPORT_RESET);
    finish(world);
}

static void the_peers_close_is_answered_and_tcp_ends_here_first(void **state) {
    (void)state;
    struct test_world *world = start(NULL);
    int fd = test_open(world->address);
    assert_true(test_send_frame(fd, 0x88,
                                "\x03\xe8"
                                "bye",
                                5));
    expect_close(fd, 1000);
    assert_int_equal(test_drain(fd, 2000), TEST_EOF);
    assert_int_equal(world->closed, 0); /* our own FIN is still awaited */
    close(fd);
    expect_record(world, 1, 1000, WHY_CAUSE_PEER_CLOSED, WHY_TRANSPORT_FIN);
    assert_int_equal(world->close_record.first, WHY_FIRST_RECEIVED);
    assert_string_equal(world->close_record.received.reason, "bye");
    finish(world);
}

static void a_close_with_fin_in_the_same_segment_is_still_answered(void **state) {
    (void)state;
    struct test_world *world = start(NULL);
    int fd = test_open(world->address);
    assert_true(test_send_frame(fd, 0x88, "\x0f\xa0", 2));
    shutdown(fd, SHUT_WR);
    expect_close(fd, 4000);
    assert_int_equal(test_drain(fd, 2000), TEST_EOF);
    expect_record(world, 1, 4000, WHY_CAUSE_PEER_CLOSED, WHY_TRANSPORT_FIN);
    close(fd);
    finish(world);
}

static void close_on_message(struct why_session *session, const struct why_event *event) {
    (void)event;
    assert_int_equal(why_session_close(session, 4001, (struct why_bytes){0}), WHY_OK);
    assert_int_equal(why_session_close(session, 4001, (struct why_bytes){0}), WHY_ERR_STATE);
}

static void closes_by_itself(struct test_world *world) {
    world->handler.on_message = close_on_message;
    world->options.close_timeout_ms = 60000;
}

static void closes_soon(struct test_world *world) {
    world->handler.on_message = close_on_message;
    world->options.close_timeout_ms = 150;
}

static void our_close_is_answered(void **state) {
    (void)state;
    struct test_world *world = start(closes_by_itself);
    int fd = test_open(world->address);
    assert_true(test_send_frame(fd, 0x81, "x", 1));
    expect_close(fd, 4001);
    assert_true(test_send_frame(fd, 0x88, "\x0f\xa1", 2));
    assert_int_equal(test_drain(fd, 2000), TEST_EOF);
    close(fd);
    expect_record(world, 1, 4001, WHY_CAUSE_LOCAL_CLOSED, WHY_TRANSPORT_FIN);
    assert_int_equal(world->close_record.first, WHY_FIRST_SENT);
    assert_true(world->close_record.received.present);
    finish(world);
}

/* Row 73. */
static void a_close_without_an_answer_ends_at_its_deadline(void **state) {
    (void)state;
    struct test_world *world = start(closes_soon);
    int fd = test_open(world->address);
    uint64_t begin_ms = test_now_ms();
    assert_true(test_send_frame(fd, 0x81, "x", 1));
    expect_close(fd, 4001);
    assert_int_equal(test_drain(fd, 4000), TEST_EOF);
    assert_true(test_now_ms() - begin_ms >= 149);
    expect_record(world, 1, 1006, WHY_CAUSE_TIMEOUT_CLOSE, WHY_TRANSPORT_TIMEOUT);
    close(fd);
    finish(world);
}

static void a_peer_that_keeps_tcp_open_after_both_closes_is_cut(void **state) {
    (void)state;
    struct test_world *world = start(closes_soon);
    int fd = test_open(world->address);
    assert_true(test_send_frame(fd, 0x88, "\x03\xe8", 2));
    expect_close(fd, 1000);
    assert_int_equal(test_drain(fd, 4000), TEST_EOF);
    expect_record(world, 1, 1000, WHY_CAUSE_PEER_CLOSED, WHY_TRANSPORT_CLOSED);
    close(fd);
    finish(world);
}

/* The peer is at fault, and still sending much: an RST would destroy the Close that says why. */
static void the_last_frame_survives_a_peer_that_does_not_stop_sending(void **state) {
    (void)state;
    struct test_world *world = start(NULL);
    int fd = test_open(world->address);
    static uint8_t noise[1 << 20];
    static const uint8_t unmasked[] = {0x81, 0x01, 'x'};
    assert_true(test_send(fd, unmasked, sizeof unmasked));
    assert_true(test_send(fd, noise, sizeof noise));
    usleep(50000);
    expect_close(fd, 1002);
    assert_int_equal(test_drain(fd, 2000), TEST_EOF);
    close(fd);
    expect_record(world, 1, 1002, WHY_CAUSE_FRAME_NOT_MASKED, WHY_TRANSPORT_FIN);
    assert_int_equal(world->messages, 0);
    finish(world);
}

static void pings_impatiently(struct test_world *world) {
    world->options.ping_interval_ms = 60;
    world->options.pong_timeout_ms = 100;
}

static void pings_patiently(struct test_world *world) {
    world->options.ping_interval_ms = 60;
    world->options.pong_timeout_ms = 60000;
}

/* Row 77. */
static void a_ping_without_a_pong_is_1006(void **state) {
    (void)state;
    struct test_world *world = start(pings_impatiently);
    uint64_t begin_ms = test_now_ms();
    int silent = test_open(world->address);
    uint8_t first = 0;
    uint8_t payload[125];
    assert_true(test_read_frame(silent, &first, payload, sizeof payload) >= 0);
    assert_int_equal(first, 0x89);
    assert_int_equal(test_drain(silent, 4000), TEST_EOF);
    assert_true(test_now_ms() - begin_ms >= 159);
    expect_record(world, 1, 1006, WHY_CAUSE_TIMEOUT_PONG, WHY_TRANSPORT_TIMEOUT);
    close(silent);
    finish(world);
}

/* There is one Ping at a time: it is the answer that lets the next one go. */
static void a_pong_is_life_and_followed_by_another_ping(void **state) {
    (void)state;
    struct test_world *world = start(pings_patiently);
    int alive = test_open(world->address);
    uint8_t first = 0;
    uint8_t payload[125];
    for (unsigned i = 0; i < 5; i++) {
        ssize_t len = test_read_frame(alive, &first, payload, sizeof payload);
        assert_true(len >= 0);
        assert_int_equal(first, 0x89);
        assert_true(test_send_frame(alive, 0x8a, payload, (size_t)len));
    }
    assert_int_equal(world->closed, 0);
    close(alive);
    finish(world);
}

static void soon_idle(struct test_world *world) {
    world->options.idle_timeout_ms = 80;
}

static void silence_of_messages_is_1001(void **state) {
    (void)state;
    struct test_world *world = start(soon_idle);
    int fd = test_open(world->address);
    expect_close(fd, 1001);
    assert_true(test_send_frame(fd, 0x88, "\x03\xe9", 2));
    assert_int_equal(test_drain(fd, 2000), TEST_EOF);
    close(fd);
    expect_record(world, 1, 1001, WHY_CAUSE_TIMEOUT_IDLE, WHY_TRANSPORT_FIN);
    finish(world);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fin_without_close_is_1006_and_our_fin_comes_at_once),
        cmocka_unit_test(a_reset_is_1006_and_says_so),
        cmocka_unit_test(the_peers_close_is_answered_and_tcp_ends_here_first),
        cmocka_unit_test(a_close_with_fin_in_the_same_segment_is_still_answered),
        cmocka_unit_test(our_close_is_answered),
        cmocka_unit_test(a_close_without_an_answer_ends_at_its_deadline),
        cmocka_unit_test(a_peer_that_keeps_tcp_open_after_both_closes_is_cut),
        cmocka_unit_test(the_last_frame_survives_a_peer_that_does_not_stop_sending),
        cmocka_unit_test(a_ping_without_a_pong_is_1006),
        cmocka_unit_test(a_pong_is_life_and_followed_by_another_ping),
        cmocka_unit_test(silence_of_messages_is_1001),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
