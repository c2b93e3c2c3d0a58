/* SPDX-License-Identifier: MIT
 *
 * Many short messages that come with one read, and what a callback may do in the midst of them:
 * those that follow see it, as they would had they come one by one. And longer ones, which are
 * answered from where they lie.
 */
#include "support/test.h"

#include "support/raw_peer.h"
#include "support/world.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    COUNT = 200,
    ACTS_AT = 10,  /* the message in whose callback something is done */
    LEN_MAX = 140, /* some are too long for the shortest way */
};

enum action {
    ACTION_NONE,
    ACTION_PAUSE, /* until the loop runs what is posted */
    ACTION_PING,
    ACTION_CLOSE,
    ACTION_FAIL,
    ACTION_BORROW,
    ACTION_FREE,
};

struct scene {
    struct test_world world;
    enum action action;
    atomic_uint while_paused;
};

/* ---- The messages ---- */

static size_t len_of(unsigned i) {
    return i * 37 % LEN_MAX;
}

static bool is_text(unsigned i) {
    return i % 3 != 0;
}

/* What the message is: letters, two bytes of a character among them in every fourth text. */
static void fill(uint8_t *data, unsigned i) {
    for (size_t at = 0; at < len_of(i); at++) {
        data[at] = (uint8_t)('a' + (at + i) % 26);
    }
    if (is_text(i) && i % 4 == 0 && len_of(i) >= 2) {
        memcpy(data + len_of(i) - 2, "\xc3\xa4", 2);
    }
}

static size_t add_frame(uint8_t *out, uint8_t first, const uint8_t *data, size_t len) {
    static const uint8_t key[4] = {0x37, 0xfa, 0x21, 0x3d};
    size_t length_size = len < 126 ? 0 : len <= UINT16_MAX ? 2 : 8;
    size_t at = 0;
    out[at++] = first;
    out[at++] = (uint8_t)(0x80 | (length_size == 0 ? len : length_size == 2 ? 126 : 127));
    for (size_t i = length_size; i > 0; i--) {
        out[at++] = (uint8_t)((uint64_t)len >> (8 * (i - 1)));
    }
    memcpy(out + at, key, sizeof key);
    at += sizeof key;
    for (size_t i = 0; i < len; i++) {
        out[at + i] = data[i] ^ key[i % 4];
    }
    return at + len;
}

/* All of them with one call, so that most come with one read. */
static void send_all(int fd) {
    static uint8_t bytes[COUNT * (LEN_MAX + 8)];
    size_t len = 0;
    for (unsigned i = 0; i < COUNT; i++) {
        uint8_t data[LEN_MAX];
        fill(data, i);
        len += add_frame(bytes + len, is_text(i) ? 0x81 : 0x82, data, len_of(i));
    }
    assert_true(test_send(fd, bytes, len));
}

/* The next frame is the echo of message `i`. */
static void expect_echo(int fd, unsigned i) {
    uint8_t first = 0;
    uint8_t data[LEN_MAX], expected[LEN_MAX];
    fill(expected, i);
    assert_int_equal(test_read_frame(fd, &first, data, sizeof data), len_of(i));
    assert_int_equal(first, is_text(i) ? 0x81 : 0x82);
    assert_memory_equal(data, expected, len_of(i));
}

static void expect_echoes(int fd, unsigned from, unsigned to) {
    for (unsigned i = from; i < to; i++) {
        expect_echo(fd, i);
    }
}

static void expect_close(int fd, unsigned code) {
    uint8_t first = 0;
    uint8_t data[LEN_MAX];
    assert_true(test_read_frame(fd, &first, data, sizeof data) >= 2);
    assert_int_equal(first, 0x88);
    assert_int_equal(data[0] << 8 | data[1], code);
}

/* ---- The server ---- */

static void resume(void *argument) {
    struct why_session *session = argument;
    struct scene *scene = (struct scene *)test_world_of(session);
    scene->while_paused = scene->world.messages;
    why_session_resume(session);
}

static void act(struct scene *scene, struct why_session *session) {
    uint8_t lent[] = "lent";
    struct why_bytes data = {lent, 4};
    int result = WHY_OK;
    switch (scene->action) {
    case ACTION_PAUSE:
        why_session_pause(session);
        result = why_loop_post(scene->world.loop, resume, session);
        break;
    case ACTION_PING:
        result = why_session_ping(session, data);
        break;
    case ACTION_CLOSE:
        result = why_session_close(session, 1000, (struct why_bytes){0});
        break;
    case ACTION_FAIL:
        why_session_fail(session, WHY_CAUSE_LIMIT_MESSAGE_SIZE, NULL);
        break;
    case ACTION_BORROW:
        result = why_session_send(session, WHY_OPCODE_BINARY, data, WHY_SEND_BORROWED);
        break;
    case ACTION_FREE:
        why_server_free(scene->world.server);
        scene->world.server = NULL;
        break;
    case ACTION_NONE:
        break;
    }
    if (result != WHY_OK) {
        abort(); /* cmocka's own checks are for the main thread */
    }
    memset(lent, '?', sizeof lent);
}

static void on_message(struct why_session *session, const struct why_event *event) {
    struct scene *scene = (struct scene *)test_world_of(session);
    bool is_right = event->type == WHY_EVENT_MESSAGE && event->first && event->last &&
                    !event->compressed && event->code == 0;
    if (!is_right) {
        abort();
    }
    test_world_echo(session, event);
    if (scene->world.messages == ACTS_AT) {
        act(scene, session);
    }
}

static int begin(struct scene *scene, enum action action) {
    test_world_init(&scene->world);
    scene->action = action;
    scene->while_paused = 0;
    scene->world.handler.on_message = on_message;
    test_world_listen(&scene->world, "127.0.0.1:0", NULL);
    test_world_start(&scene->world);
    return test_open(scene->world.address);
}

static void end(struct scene *scene, int fd) {
    close(fd);
    test_world_end(&scene->world);
}

/* ---- What has to hold ---- */

static void all_of_a_batch_is_echoed_in_order(void **state) {
    (void)state;
    struct scene scene;
    int fd = begin(&scene, ACTION_NONE);
    send_all(fd);
    expect_echoes(fd, 0, COUNT);
    assert_true(test_send_frame(fd, 0x88, "\x03\xe8", 2));
    expect_close(fd, 1000);
    close(fd);
    assert_true(test_world_wait(&scene.world.closed, 1));
    const struct why_counters *counters = &scene.world.close_record.counters;
    assert_int_equal(counters->messages_received, COUNT);
    assert_int_equal(counters->messages_sent, COUNT);
    uint64_t sent = 4; /* the Close frame */
    for (unsigned i = 0; i < COUNT; i++) {
        sent += len_of(i) + (len_of(i) < 126 ? 2 : 4);
    }
    assert_int_equal(counters->bytes_sent, sent);
    assert_int_equal(counters->bytes_received, sent + 4 * (COUNT + 1));
    test_world_end(&scene.world);
}

static void a_pause_holds_back_what_follows(void **state) {
    (void)state;
    struct scene scene;
    int fd = begin(&scene, ACTION_PAUSE);
    send_all(fd);
    expect_echoes(fd, 0, COUNT);
    assert_int_equal(scene.while_paused, ACTS_AT);
    end(&scene, fd);
}

static void a_ping_goes_out_in_its_place(void **state) {
    (void)state;
    struct scene scene;
    uint8_t first = 0;
    uint8_t data[LEN_MAX];
    int fd = begin(&scene, ACTION_PING);
    send_all(fd);
    expect_echoes(fd, 0, ACTS_AT);
    assert_int_equal(test_read_frame(fd, &first, data, sizeof data), 4);
    assert_int_equal(first, 0x89);
    expect_echoes(fd, ACTS_AT, COUNT);
    end(&scene, fd);
}

static void after_our_close_messages_still_come_but_none_goes(void **state) {
    (void)state;
    struct scene scene;
    int fd = begin(&scene, ACTION_CLOSE);
    send_all(fd);
    expect_echoes(fd, 0, ACTS_AT);
    expect_close(fd, 1000);
    assert_true(test_world_wait(&scene.world.messages, COUNT));
    close(fd);
    assert_true(test_world_wait(&scene.world.closed, 1));
    assert_int_equal(scene.world.close_record.counters.messages_received, COUNT);
    assert_int_equal(scene.world.close_record.counters.messages_sent, ACTS_AT);
    test_world_end(&scene.world);
}

static void after_a_failure_nothing_more_comes(void **state) {
    (void)state;
    struct scene scene;
    int fd = begin(&scene, ACTION_FAIL);
    send_all(fd);
    expect_echoes(fd, 0, ACTS_AT);
    expect_close(fd, 1009);
    assert_int_equal(scene.world.messages, ACTS_AT);
    end(&scene, fd);
}

static void what_was_lent_may_change_when_the_callback_returns(void **state) {
    (void)state;
    struct scene scene;
    uint8_t first = 0;
    uint8_t data[LEN_MAX];
    int fd = begin(&scene, ACTION_BORROW);
    send_all(fd);
    expect_echoes(fd, 0, ACTS_AT);
    assert_int_equal(test_read_frame(fd, &first, data, sizeof data), 4);
    assert_memory_equal(data, "lent", 4);
    expect_echoes(fd, ACTS_AT, COUNT);
    end(&scene, fd);
}

static void a_server_that_is_freed_calls_nobody_any_more(void **state) {
    (void)state;
    struct scene scene;
    int fd = begin(&scene, ACTION_FREE);
    send_all(fd);
    (void)test_drain(fd, 5000);
    assert_int_equal(scene.world.messages, ACTS_AT);
    end(&scene, fd);
}

static void a_text_that_is_none_ends_a_batch_where_it_is(void **state) {
    (void)state;
    struct scene scene;
    int fd = begin(&scene, ACTION_NONE);
    uint8_t bytes[512];
    size_t len = 0;
    const uint8_t good[] = "twenty bytes of text";
    const uint8_t bad[] = "twenty bytes, no t\xc3(";
    len += add_frame(bytes + len, 0x81, good, 20);
    len += add_frame(bytes + len, 0x81, good, 20);
    len += add_frame(bytes + len, 0x81, bad, 20);
    len += add_frame(bytes + len, 0x81, good, 20);
    assert_true(test_send(fd, bytes, len));
    for (unsigned i = 0; i < 2; i++) {
        uint8_t first = 0;
        uint8_t data[LEN_MAX];
        assert_int_equal(test_read_frame(fd, &first, data, sizeof data), 20);
        assert_memory_equal(data, good, 20);
    }
    expect_close(fd, 1007);
    close(fd);
    assert_true(test_world_wait(&scene.world.closed, 1));
    assert_int_equal(scene.world.messages, 2);
    assert_int_equal(scene.world.close_record.cause, WHY_CAUSE_UTF8_INVALID);
    assert_int_equal(scene.world.close_record.utf8.offset, 19);
    test_world_end(&scene.world);
}

/* A peer that sends and does not read: once the queue is full nothing more is taken from it, and
 * what it has asked for comes when it reads. */
static void a_full_queue_holds_back_what_follows(void **state) {
    (void)state;
    struct scene scene;
    test_world_init(&scene.world);
    scene.action = ACTION_NONE;
    scene.world.options.send_queue_max = 64;
    scene.world.config.when_full = WHY_FULL_PAUSE;
    scene.world.handler.on_message = on_message;
    test_world_listen(&scene.world, "127.0.0.1:0", NULL);
    test_world_start(&scene.world);
    int fd = test_open(scene.world.address);
    send_all(fd);
    expect_echoes(fd, 0, COUNT);
    end(&scene, fd);
}

/* ---- Longer messages, which are sent from where they lie ---- */

enum {
    LONG_COUNT = 6
};

/* About the least that is, and where headers grow. */
static const size_t long_lens[LONG_COUNT] = {4095, 4096, 5000, 16384, 65535, 65536};

static uint8_t letter(size_t at, unsigned i) {
    return (uint8_t)('a' + (at + i) % 23);
}

/* All of it, all of it again as another kind, and a part of it. */
static void send_three(struct why_session *session, const struct why_event *event) {
    const struct {
        enum why_opcode opcode;
        struct why_bytes data;
    } sends[] = {{WHY_OPCODE_TEXT, event->data},
                 {WHY_OPCODE_BINARY, event->data},
                 {WHY_OPCODE_TEXT, {event->data.data + 10, event->data.len - 10}}};
    for (size_t i = 0; i < TEST_COUNT(sends); i++) {
        if (why_session_send(session, sends[i].opcode, sends[i].data,
                             (unsigned)WHY_SEND_BORROWED | (unsigned)WHY_SEND_VALID) != WHY_OK) {
            abort();
        }
    }
    test_world_of(session)->messages++;
}

static void expect_long(int fd, uint8_t expected_first, unsigned i, size_t from) {
    static uint8_t data[65536];
    uint8_t first = 0;
    assert_int_equal(test_read_frame(fd, &first, data, sizeof data), long_lens[i] - from);
    assert_int_equal(first, expected_first);
    for (size_t at = from; at < long_lens[i]; at++) {
        assert_int_equal(data[at - from], letter(at, i));
    }
}

static size_t add_long(uint8_t *out, unsigned i) {
    static uint8_t data[65536];
    for (size_t at = 0; at < long_lens[i]; at++) {
        data[at] = letter(at, i);
    }
    return add_frame(out, 0x82, data, long_lens[i]);
}

static void what_is_sent_from_where_it_lies_is_right_again_and_again(void **state) {
    (void)state;
    struct scene scene;
    test_world_init(&scene.world);
    scene.world.handler.on_message = send_three;
    test_world_listen(&scene.world, "127.0.0.1:0", NULL);
    test_world_start(&scene.world);
    int fd = test_open(scene.world.address);
    static uint8_t bytes[2 * LONG_COUNT * (65536 + 14)];
    for (unsigned round = 0; round < 2; round++) { /* each by itself, and all at once */
        size_t len = 0;
        for (unsigned i = 0; i < LONG_COUNT; i++) {
            len += add_long(bytes + len, i);
            if (round == 0) {
                assert_true(test_send(fd, bytes, len));
                len = 0;
                expect_long(fd, 0x81, i, 0);
                expect_long(fd, 0x82, i, 0);
                expect_long(fd, 0x81, i, 10);
            }
        }
        assert_true(test_send(fd, bytes, len));
    }
    for (unsigned i = 0; i < LONG_COUNT; i++) {
        expect_long(fd, 0x81, i, 0);
        expect_long(fd, 0x82, i, 0);
        expect_long(fd, 0x81, i, 10);
    }
    end(&scene, fd);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_of_a_batch_is_echoed_in_order),
        cmocka_unit_test(a_pause_holds_back_what_follows),
        cmocka_unit_test(a_ping_goes_out_in_its_place),
        cmocka_unit_test(after_our_close_messages_still_come_but_none_goes),
        cmocka_unit_test(after_a_failure_nothing_more_comes),
        cmocka_unit_test(what_was_lent_may_change_when_the_callback_returns),
        cmocka_unit_test(a_server_that_is_freed_calls_nobody_any_more),
        cmocka_unit_test(a_text_that_is_none_ends_a_batch_where_it_is),
        cmocka_unit_test(a_full_queue_holds_back_what_follows),
        cmocka_unit_test(what_is_sent_from_where_it_lies_is_right_again_and_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
