/* SPDX-License-Identifier: MIT
 *
 * The same messages to many sessions, over real sockets: everybody gets them, once and in order,
 * and who does not read, or is gone, is the only one to suffer from it.
 */
#include "support/test.h"

#include "support/raw_peer.h"
#include "support/world.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    MANY = 150, /* more than go out at once */
    LARGE = 200000,
};

/* A server that sends whatever it is told to all of its sessions. */
struct crowd {
    struct test_world world; /* first */
    size_t count;
    struct why_session *sessions[MANY];
    int fds[MANY];
    /* What came of it, written on the loop's thread before the world's messages are counted. */
    size_t sent, refused;
    bool wraps; /* each is sent something of its own before, and after */
};

static void on_open(struct why_session *session, const struct why_http_head *head) {
    struct crowd *crowd = (struct crowd *)test_world_of(session);
    (void)head;
    crowd->sessions[crowd->count++] = session;
    crowd->world.opened++;
}

static void on_close(struct why_session *session, const struct why_record *record) {
    struct crowd *crowd = (struct crowd *)test_world_of(session);
    size_t i = 0;
    while (crowd->sessions[i] != session) {
        i++;
    }
    crowd->sessions[i] = crowd->sessions[--crowd->count];
    crowd->world.close_record = *record;
    crowd->world.closed++;
}

static void say(struct crowd *crowd, const char *word) {
    struct why_bytes data = {(const uint8_t *)word, 3};
    for (size_t i = 0; crowd->wraps && i < crowd->count; i++) {
        if (why_session_send(crowd->sessions[i], WHY_OPCODE_TEXT, data, 0) != WHY_OK) {
            abort();
        }
    }
}

/* The message, and behind it its length as one byte. */
static void on_message(struct why_session *session, const struct why_event *event) {
    struct crowd *crowd = (struct crowd *)test_world_of(session);
    const struct why_options *options = &crowd->world.options;
    uint8_t len = (uint8_t)event->data.len;
    struct why_prepared *messages[2];
    int results[MANY];
    if (why_prepared_new(options, event->opcode, event->data, 0, &messages[0]) != WHY_OK ||
        why_prepared_new(options, WHY_OPCODE_BINARY, (struct why_bytes){&len, 1}, 0,
                         &messages[1]) != WHY_OK) {
        abort();
    }
    say(crowd, "one");
    why_session_broadcast(crowd->sessions, crowd->count, messages, 2, results);
    say(crowd, "two");
    for (size_t i = 0; i < crowd->count; i++) {
        crowd->sent += results[i] == WHY_OK;
        crowd->refused += results[i] == WHY_ERR_FULL;
    }
    why_prepared_free(messages[0]);
    why_prepared_free(messages[1]);
    crowd->world.messages++;
}

static struct crowd *gather(size_t count, void (*change)(struct crowd *crowd)) {
    struct crowd *crowd = calloc(1, sizeof *crowd);
    test_world_init(&crowd->world);
    crowd->world.handler.on_open = on_open;
    crowd->world.handler.on_message = on_message;
    crowd->world.handler.on_close = on_close;
    if (change != NULL) {
        change(crowd);
    }
    test_world_listen(&crowd->world, "127.0.0.1:0", NULL);
    test_world_start(&crowd->world);
    for (size_t i = 0; i < count; i++) {
        crowd->fds[i] = test_open(crowd->world.address);
    }
    assert_true(test_world_wait(&crowd->world.opened, (unsigned)count));
    return crowd;
}

static void disperse(struct crowd *crowd, size_t count) {
    test_world_end(&crowd->world);
    for (size_t i = 0; i < count; i++) {
        if (crowd->fds[i] >= 0) {
            close(crowd->fds[i]);
        }
    }
    assert_int_equal(crowd->world.closed, count);
    free(crowd);
}

static void expect(int fd, unsigned first, const void *data, size_t len) {
    static uint8_t payload[LARGE];
    uint8_t got = 0;
    assert_int_equal(test_read_frame(fd, &got, payload, sizeof payload), len);
    assert_int_equal(got, first);
    assert_memory_equal(payload, data, len);
}

static void everybody_gets_all_of_it_once_and_in_order(void **state) {
    (void)state;
    struct crowd *crowd = gather(MANY, NULL);
    for (unsigned round = 1; round <= 3; round++) {
        assert_true(test_send_frame(crowd->fds[0], 0x81, "hello", 5));
        for (size_t i = 0; i < MANY; i++) {
            expect(crowd->fds[i], 0x81, "hello", 5);
            expect(crowd->fds[i], 0x82, "\x05", 1);
        }
        assert_true(test_world_wait(&crowd->world.messages, round));
        assert_int_equal(crowd->sent, round * MANY);
    }
    disperse(crowd, MANY);
}

static void wraps(struct crowd *crowd) {
    crowd->wraps = true;
}

static void what_was_sent_before_comes_before(void **state) {
    (void)state;
    struct crowd *crowd = gather(3, wraps);
    assert_true(test_send_frame(crowd->fds[0], 0x81, "hello", 5));
    for (size_t i = 0; i < 3; i++) {
        expect(crowd->fds[i], 0x81, "one", 3);
        expect(crowd->fds[i], 0x81, "hello", 5);
        expect(crowd->fds[i], 0x82, "\x05", 1);
        expect(crowd->fds[i], 0x81, "two", 3);
    }
    disperse(crowd, 3);
}

static void on_message_twice(struct why_session *session, const struct why_event *event) {
    struct crowd *crowd = (struct crowd *)test_world_of(session);
    struct why_session *twice[] = {session, session};
    struct why_prepared *message = NULL;
    if (why_prepared_new(&crowd->world.options, event->opcode, event->data, 0, &message) !=
        WHY_OK) {
        abort();
    }
    why_session_broadcast(twice, 2, &message, 1, NULL);
    why_prepared_free(message);
}

static void sends_twice(struct crowd *crowd) {
    crowd->world.handler.on_message = on_message_twice;
}

/* Larger than a socket takes at once: half of one in the midst of the other would be seen. */
static void a_session_that_is_named_twice_gets_it_twice(void **state) {
    (void)state;
    static uint8_t large[LARGE];
    struct crowd *crowd = gather(1, sends_twice);
    memset(large, 'x', sizeof large);
    assert_true(test_send_frame(crowd->fds[0], 0x81, large, sizeof large));
    expect(crowd->fds[0], 0x81, large, sizeof large);
    expect(crowd->fds[0], 0x81, large, sizeof large);
    disperse(crowd, 1);
}

static void closes_who_is_full(struct crowd *crowd) {
    crowd->world.options.send_queue_max = LARGE;
    crowd->world.options.close_timeout_ms = 200;
    crowd->world.config.when_full = WHY_FULL_CLOSE;
}

static void who_does_not_read_is_closed_and_nobody_else(void **state) {
    (void)state;
    static uint8_t large[LARGE];
    struct crowd *crowd = gather(3, closes_who_is_full);
    memset(large, 'x', sizeof large);
    uint8_t len = (uint8_t)LARGE;
    for (unsigned i = 0; i < 200 && crowd->world.closed == 0; i++) {
        assert_true(test_send_frame(crowd->fds[0], 0x81, large, sizeof large));
        for (size_t reader = 0; reader < 2; reader++) {
            expect(crowd->fds[reader], 0x81, large, sizeof large);
            expect(crowd->fds[reader], 0x82, &len, 1);
        }
    }
    assert_true(test_world_wait(&crowd->world.closed, 1));
    assert_string_equal(why_cause_id(crowd->world.close_record.cause), "limit.send_queue");
    assert_int_equal(crowd->world.close_record.code, 1013);
    assert_true(test_send_frame(crowd->fds[0], 0x81, "still", 5));
    expect(crowd->fds[0], 0x81, "still", 5);
    expect(crowd->fds[1], 0x81, "still", 5);
    disperse(crowd, 3);
}

static void who_is_gone_is_told_of_and_nobody_else(void **state) {
    (void)state;
    struct crowd *crowd = gather(3, NULL);
    test_reset(crowd->fds[2]);
    crowd->fds[2] = -1;
    for (unsigned i = 0; i < 3; i++) {
        assert_true(test_send_frame(crowd->fds[0], 0x81, "hello", 5));
        for (size_t reader = 0; reader < 2; reader++) {
            expect(crowd->fds[reader], 0x81, "hello", 5);
            expect(crowd->fds[reader], 0x82, "\x05", 1);
        }
    }
    assert_true(test_world_wait(&crowd->world.closed, 1));
    assert_string_equal(why_cause_id(crowd->world.close_record.cause), "tcp.reset");
    disperse(crowd, 3);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everybody_gets_all_of_it_once_and_in_order),
        cmocka_unit_test(what_was_sent_before_comes_before),
        cmocka_unit_test(a_session_that_is_named_twice_gets_it_twice),
        cmocka_unit_test(who_does_not_read_is_closed_and_nobody_else),
        cmocka_unit_test(who_is_gone_is_told_of_and_nobody_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
