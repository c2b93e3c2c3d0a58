/* SPDX-License-Identifier: MIT
 *
 * Server and sessions over real sockets: echo, pauses, requests that are no upgrade. The other side
 * is made by hand.
 */
#include "net/session.h"

#include "support/test.h"

#include "support/raw_peer.h"
#include "support/world.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
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

static void messages_of_every_size_come_back(void **state) {
    (void)state;
    static const size_t lens[] = {0, 1, 125, 126, 65535, 65536, 200000, 3000000};
    struct test_world *world = start(NULL);
    int fd = test_open(world->address);
    uint8_t *sent = malloc(3000000);
    uint8_t *got = malloc(3000000);
    for (size_t i = 0; i < 3000000; i++) {
        sent[i] = (uint8_t)(i * 7 % 251);
    }
    for (size_t i = 0; i < TEST_COUNT(lens); i++) {
        uint8_t first = 0;
        assert_true(test_send_frame(fd, 0x82, sent, lens[i]));
        assert_int_equal(test_read_frame(fd, &first, got, 3000000), lens[i]);
        assert_int_equal(first, 0x82);
        assert_memory_equal(sent, got, lens[i]);
    }
    free(sent);
    free(got);
    close(fd);
    expect_record(world, 1, 1006, WHY_CAUSE_TCP_FIN, WHY_TRANSPORT_FIN);
    assert_int_equal(world->close_record.counters.messages_received, TEST_COUNT(lens));
    assert_int_equal(world->close_record.counters.messages_sent, TEST_COUNT(lens));
    assert_int_equal(world->opened, 1);
    finish(world);
}

/* Row 18 of the list of bad input. */
static void frames_behind_the_request_in_one_segment_are_answered(void **state) {
    (void)state;
    struct test_world *world = start(NULL);
    int fd = test_connect(world->address);
    static const uint8_t frames[] = {0x81, 0x82, 0, 0, 0, 0, 'h', 'i', /* text, masked with 0 */
                                     0x89, 0x81, 0, 0, 0, 0, 'p'};
    uint8_t both[1024];
    size_t len = strlen(test_upgrade_request);
    memcpy(both, test_upgrade_request, len);
    memcpy(both + len, frames, sizeof frames);
    assert_true(test_send(fd, both, len + sizeof frames));
    char head[1024];
    assert_true(test_read_head(fd, head, sizeof head));
    uint8_t first = 0;
    uint8_t payload[16];
    assert_int_equal(test_read_frame(fd, &first, payload, sizeof payload), 2);
    assert_int_equal(first, 0x81);
    assert_memory_equal(payload, "hi", 2);
    assert_int_equal(test_read_frame(fd, &first, payload, sizeof payload), 1);
    assert_int_equal(first, 0x8a);
    close(fd);
    finish(world);
}

static void a_thousand_connections_echo_at_once(void **state) {
    (void)state;
    enum {
        MANY = 1000
    };
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    rlim_t enough = 2 * MANY + 200;
    if (limit.rlim_cur < enough) {
        limit.rlim_cur = limit.rlim_max < enough ? limit.rlim_max : enough;
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    }
    struct test_world *world = start(NULL);
    int fds[MANY];
    for (size_t i = 0; i < MANY; i++) {
        fds[i] = test_open(world->address);
    }
    for (size_t i = 0; i < MANY; i++) {
        assert_true(test_send_frame(fds[i], 0x81, "hello", 5));
    }
    for (size_t i = 0; i < MANY; i++) {
        uint8_t first = 0;
        char payload[8];
        assert_int_equal(test_read_frame(fds[i], &first, payload, sizeof payload), 5);
        close(fds[i]);
    }
    assert_true(test_world_wait(&world->closed, MANY));
    test_world_halt(world);
    struct why_server_stats stats;
    why_server_stats(world->server, &stats);
    assert_int_equal(stats.accepted, MANY);
    assert_int_equal(stats.opened, MANY);
    assert_int_equal(stats.closed, MANY);
    assert_int_equal(stats.open, 0);
    why_server_free(world->server);
    why_loop_free(world->loop);
    free(world);
}

/* Lent for the callback alone: the next one writes over it, in the same turn. */
static void lend_on_message(struct why_session *session, const struct why_event *event) {
    static uint8_t lent[20000];
    memset(lent, event->data.data[0], sizeof lent);
    assert_int_equal(why_session_send(session, WHY_OPCODE_BINARY,
                                      (struct why_bytes){lent, sizeof lent}, WHY_SEND_BORROWED),
                     WHY_OK);
}

static void lends(struct test_world *world) {
    world->handler.on_message = lend_on_message;
}

static void what_a_callback_lends_is_not_read_after_it(void **state) {
    (void)state;
    struct test_world *world = start(lends);
    int fd = test_open(world->address);
    uint8_t frames[5 * 7];
    for (uint8_t i = 0; i < 5; i++) {
        const uint8_t frame[7] = {0x82, 0x81, 0, 0, 0, 0, i};
        memcpy(frames + i * sizeof frame, frame, sizeof frame);
    }
    assert_true(test_send(fd, frames, sizeof frames));
    static uint8_t got[20000];
    for (uint8_t i = 0; i < 5; i++) {
        uint8_t first = 0;
        assert_int_equal(test_read_frame(fd, &first, got, sizeof got), sizeof got);
        assert_int_equal(got[0], i);
        assert_memory_equal(got, got + 1, sizeof got - 1);
    }
    close(fd);
    finish(world);
}

static void resume_later(void *argument) {
    why_session_resume(argument);
}

static void pause_on_message(struct why_session *session, const struct why_event *event) {
    struct test_world *world = test_world_of(session);
    assert_int_equal(event->data.data[0], 'a' + world->messages);
    world->messages++;
    why_session_pause(session);
    assert_int_equal(why_loop_post(why_session_loop(session), resume_later, session), WHY_OK);
}

static void pauses(struct test_world *world) {
    world->handler.on_message = pause_on_message;
}

static void a_pause_between_messages_of_one_segment_loses_none(void **state) {
    (void)state;
    struct test_world *world = start(pauses);
    int fd = test_open(world->address);
    uint8_t frames[20 * 7];
    for (uint8_t i = 0; i < 20; i++) {
        const uint8_t frame[7] = {0x81, 0x81, 0, 0, 0, 0, (uint8_t)('a' + i)};
        memcpy(frames + i * sizeof frame, frame, sizeof frame);
    }
    assert_true(test_send(fd, frames, sizeof frames));
    assert_true(test_world_wait(&world->messages, 20));
    assert_true(test_send_frame(fd, 0x88, NULL, 0));
    expect_close(fd, 0);
    close(fd);
    expect_record(world, 1, 1005, WHY_CAUSE_PEER_CLOSED, WHY_TRANSPORT_FIN);
    finish(world);
}

static void look_at_socket(struct why_session *session, const struct why_http_head *head) {
    (void)head;
    int fd = session->stream.watch.fd;
    int no_delay = 0;
    unsigned user_timeout_ms = 0;
    socklen_t len = sizeof no_delay;
    (void)getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &no_delay, &len);
    (void)getsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &user_timeout_ms, &len);
    test_world_of(session)->controls += no_delay != 0 && user_timeout_ms == 50000;
    test_world_of(session)->opened++;
}

static void looks_at_socket(struct test_world *world) {
    world->handler.on_open = look_at_socket;
}

static void accepted_sockets_have_no_nagle_and_a_user_timeout(void **state) {
    (void)state;
    struct test_world *world = start(looks_at_socket);
    int fd = test_open(world->address);
    assert_true(test_world_wait(&world->opened, 1));
    assert_int_equal(world->controls, 1);
    close(fd);
    finish(world);
}

/* One peer sends without end; the other's message is not the last to be answered. */
static void a_busy_peer_does_not_starve_another(void **state) {
    (void)state;
    struct test_world *world = start(NULL);
    int busy = test_open(world->address);
    int calm = test_open(world->address);
    int flags = MSG_DONTWAIT | MSG_NOSIGNAL;
    static uint8_t noise[600000];
    static const uint8_t header[14] = {0x82, 0xff, 0, 0, 0, 0, 0x00, 0xf0, 0, 0};
    assert_true(test_send(busy, header, sizeof header)); /* a message that is long in coming */
    uint64_t begin_ms = test_now_ms();
    for (unsigned i = 0; i < 20; i++) {
        (void)send(busy, noise, sizeof noise, flags);
        uint8_t first = 0;
        char payload[8];
        assert_true(test_send_frame(calm, 0x81, "hello", 5));
        assert_int_equal(test_read_frame(calm, &first, payload, sizeof payload), 5);
    }
    assert_true(test_now_ms() - begin_ms < 3000);
    test_reset(busy);
    close(calm);
    finish(world);
}

/* ---- Requests that are no upgrade ---- */

static size_t read_to_end(int fd, char *text, size_t size) {
    size_t len = 0;
    for (;;) {
        ssize_t got = recv(fd, text + len, size - 1 - len, 0);
        if (got <= 0) {
            text[len] = '\0';
            return got == 0 ? len : 0;
        }
        len += (size_t)got;
    }
}

/* Row 12: what stands behind a refused request is never looked at. */
static void a_request_behind_a_refused_one_is_not_handled(void **state) {
    (void)state;
    struct test_world *world = start(NULL);
    int fd = test_connect(world->address);
    assert_true(test_send_text(fd, "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
                                   "Connection: Upgrade\r\nOrigin: https://evil.example\r\n"
                                   "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                                   "Sec-WebSocket-Version: 13\r\n\r\n"
                                   "GET /secret HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"));
    char answer[4096];
    assert_true(read_to_end(fd, answer, sizeof answer) > 0);
    assert_memory_equal(answer, "HTTP/1.1 403 ", 13);
    assert_non_null(strstr(answer, "Connection: close\r\n"));
    assert_null(strstr(answer + 1, "HTTP/1.1"));
    close(fd);
    assert_true(test_world_wait(&world->refused, 1));
    assert_int_equal(world->requests, 0);
    assert_int_equal(world->refused_record.cause, WHY_CAUSE_HTTP_REQUEST_ORIGIN);
    assert_int_equal(world->opened, 0);
    finish(world);
}

/* Row 31. */
static void refused_upgrades_leave_no_descriptor(void **state) {
    (void)state;
    enum {
        MANY = 500
    };
    struct test_world *world = start(NULL);
    int before = dup(0);
    for (unsigned i = 0; i < MANY; i++) {
        int fd = test_connect(world->address);
        assert_true(test_send_text(fd, "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
                                       "Connection: Upgrade\r\n\r\n"));
        assert_int_equal(test_drain(fd, 2000), TEST_EOF);
        close(fd);
    }
    assert_true(test_world_wait(&world->refused, MANY));
    int after = dup(0);
    assert_int_equal(after, before + 1);
    close(before);
    close(after);
    finish(world);
}

static void a_plain_request_is_answered_and_is_no_refusal(void **state) {
    (void)state;
    struct test_world *world = start(NULL);
    int fd = test_connect(world->address);
    assert_true(test_send_text(fd, "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"));
    char answer[4096];
    assert_true(read_to_end(fd, answer, sizeof answer) > 0);
    assert_memory_equal(answer, "HTTP/1.1 200 ", 13);
    assert_non_null(strstr(answer, "\r\n\r\nhello\n"));
    close(fd);
    fd = test_connect(world->address); /* and one that says nothing is one */
    close(fd);
    assert_true(test_world_wait(&world->refused, 1));
    assert_int_equal(world->refused, 1);
    assert_int_equal(world->refused_record.cause, WHY_CAUSE_HTTP_REQUEST_CUT);
    finish(world);
}

static void tls_at_a_plain_port_gets_an_alert(void **state) {
    (void)state;
    struct test_world *world = start(NULL);
    int fd = test_connect(world->address);
    static const uint8_t hello[] = {0x16, 0x03, 0x01, 0x00, 0x05, 0x01, 0x00, 0x00, 0x01, 0x03};
    assert_true(test_send(fd, hello, sizeof hello));
    char answer[64];
    assert_true(read_to_end(fd, answer, sizeof answer) == 7);
    assert_int_equal(answer[0], 0x15);
    close(fd);
    assert_true(test_world_wait(&world->refused, 1));
    assert_int_equal(world->refused_record.cause, WHY_CAUSE_HTTP_REQUEST_TLS);
    finish(world);
}

static void a_unix_socket_serves_too(void **state) {
    (void)state;
    char address[64];
    snprintf(address, sizeof address, "unix:/tmp/whysocket-test-%ld", (long)getpid());
    struct test_world *world = malloc(sizeof *world);
    for (unsigned round = 0; round < 2; round++) {
        test_world_init(world);
        test_world_listen(world, address, NULL);
        test_world_start(world);
        int fd = test_open(address);
        assert_true(test_send_frame(fd, 0x81, "hello", 5));
        uint8_t first = 0;
        char payload[8];
        assert_int_equal(test_read_frame(fd, &first, payload, sizeof payload), 5);
        close(fd);
        assert_true(test_world_wait(&world->closed, 1));
        assert_string_equal(world->close_record.peer, address);
        test_world_end(world);
        assert_int_not_equal(access(address + 5, F_OK), 0);
    }
    free(world);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_of_every_size_come_back),
        cmocka_unit_test(frames_behind_the_request_in_one_segment_are_answered),
        cmocka_unit_test(a_thousand_connections_echo_at_once),
        cmocka_unit_test(what_a_callback_lends_is_not_read_after_it),
        cmocka_unit_test(a_pause_between_messages_of_one_segment_loses_none),
        cmocka_unit_test(accepted_sockets_have_no_nagle_and_a_user_timeout),
        cmocka_unit_test(a_busy_peer_does_not_starve_another),
        cmocka_unit_test(a_request_behind_a_refused_one_is_not_handled),
        cmocka_unit_test(refused_upgrades_leave_no_descriptor),
        cmocka_unit_test(a_plain_request_is_answered_and_is_no_refusal),
        cmocka_unit_test(tls_at_a_plain_port_gets_an_alert),
        cmocka_unit_test(a_unix_socket_serves_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
