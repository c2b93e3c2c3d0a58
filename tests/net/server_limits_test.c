/* SPDX-License-Identifier: MIT
 *
 * What a server holds against its peers: deadlines that dribble does not move, running out of
 * descriptors, a limit on connections, peers that do not read; and how it is stopped and shared.
 */
#include "support/test.h"

#include "support/raw_peer.h"
#include "support/world.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static struct test_world *new_world(void) {
    struct test_world *world = malloc(sizeof *world);
    test_world_init(world);
    return world;
}

static void finish(struct test_world *world) {
    test_world_end(world);
    free(world);
}

static double cpu_seconds(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static bool echoes(int fd) {
    uint8_t first = 0;
    char payload[8];
    return test_send_frame(fd, 0x81, "hello", 5) &&
           test_read_frame(fd, &first, payload, sizeof payload) == 5;
}

/* ---- Deadlines ---- */

/* Row 127: a byte now and then, and still the deadline stands. */
static void a_request_in_drops_is_cut_at_its_deadline(void **state) {
    (void)state;
    enum {
        MANY = 30
    };
    struct test_world *world = new_world();
    world->options.request_timeout_ms = 250;
    test_world_listen(world, "127.0.0.1:0", NULL);
    test_world_start(world);
    int fds[MANY];
    uint64_t begin_ms = test_now_ms();
    for (size_t i = 0; i < MANY; i++) {
        fds[i] = test_connect(world->address);
    }
    for (size_t at = 0; world->refused < MANY && test_now_ms() - begin_ms < 5000; at++) {
        for (size_t i = 0; i < MANY; i++) {
            (void)send(fds[i], test_upgrade_request + at % 32, 1, MSG_NOSIGNAL);
        }
        usleep(20000);
    }
    assert_int_equal(world->refused, MANY);
    assert_true(test_now_ms() - begin_ms >= 249);
    assert_string_equal(why_cause_id(world->refused_record.cause), "timeout.request");
    assert_int_equal(world->refused_record.transport, WHY_TRANSPORT_TIMEOUT);
    for (size_t i = 0; i < MANY; i++) {
        assert_int_not_equal(test_drain(fds[i], 2000), TEST_SILENCE);
        close(fds[i]);
    }
    finish(world);
}

/* ---- Descriptors and connections ---- */

/* In a child, whose limit it is. Its exit code says which step failed. */
static int run_out_of_descriptors(int to_parent, int from_parent) {
    struct test_world *world = new_world();
    world->config.connection_max = 100000;
    test_world_listen(world, "127.0.0.1:0", NULL);
    test_world_start(world);
    struct rlimit limit = {.rlim_cur = 40, .rlim_max = 40};
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0 ||
        write(to_parent, world->address, strlen(world->address) + 1) < 0) {
        return 1;
    }
    char byte = 0;
    double begin = 0;
    if (read(from_parent, &byte, 1) != 1) { /* more connections than it can take are there */
        return 2;
    }
    begin = cpu_seconds();
    usleep(500000);
    if (cpu_seconds() - begin > 0.1) {
        return 3;
    }
    if (write(to_parent, "x", 1) != 1 || read(from_parent, &byte, 1) != 1) {
        return 4;
    }
    finish(world);
    return 0;
}

/* Row 126. */
static void without_descriptors_it_waits_and_serves_those_it_has(void **state) {
    (void)state;
    enum {
        MANY = 80
    };
    int up[2];
    int down[2];
    assert_int_equal(pipe2(up, O_CLOEXEC), 0);
    assert_int_equal(pipe2(down, O_CLOEXEC), 0);
    pid_t child = fork();
    if (child == 0) {
        _exit(run_out_of_descriptors(up[1], down[0]));
    }
    char address[64];
    assert_true(read(up[0], address, sizeof address) > 0);
    int fds[MANY];
    fds[0] = test_open(address);
    for (size_t i = 1; i < MANY; i++) {
        fds[i] = test_connect(address); /* the kernel takes them, the server cannot */
        assert_true(test_send_text(fds[i], test_upgrade_request));
    }
    char byte = 0;
    assert_int_equal(write(down[1], "x", 1), 1);
    assert_int_equal(read(up[0], &byte, 1), 1);
    assert_true(echoes(fds[0]));
    /* As the first go, the last get in. */
    for (size_t i = 0; i < MANY - 10; i++) {
        close(fds[i]);
    }
    for (size_t i = MANY - 10; i < MANY; i++) {
        char head[1024];
        assert_true(test_read_head(fds[i], head, sizeof head));
        assert_true(echoes(fds[i]));
        close(fds[i]);
    }
    assert_int_equal(write(down[1], "x", 1), 1);
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    for (size_t i = 0; i < 2; i++) {
        close(up[i]);
        close(down[i]);
    }
}

static void a_connection_above_the_limit_waits_for_its_turn(void **state) {
    (void)state;
    struct test_world *world = new_world();
    world->config.connection_max = 3;
    test_world_listen(world, "127.0.0.1:0", NULL);
    test_world_start(world);
    int fds[3];
    for (size_t i = 0; i < 3; i++) {
        fds[i] = test_open(world->address);
    }
    int waits = test_connect(world->address);
    assert_true(test_send_text(waits, test_upgrade_request));
    struct pollfd poll_fd = {.fd = waits, .events = POLLIN};
    assert_int_equal(poll(&poll_fd, 1, 150), 0);
    close(fds[0]);
    char head[1024];
    assert_true(test_read_head(waits, head, sizeof head));
    assert_true(echoes(waits));
    close(waits);
    close(fds[1]);
    close(fds[2]);
    finish(world);
}

/* ---- Peers that do not read ---- */

/* Send messages until nothing more is taken, or it is certainly too much. */
static size_t flood(int fd, size_t len, size_t count) {
    struct timeval patience = {.tv_usec = 300000};
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    uint8_t *payload = calloc(1, len);
    size_t sent = 0;
    while (sent < count && test_send_frame(fd, 0x82, payload, len)) {
        sent++;
    }
    free(payload);
    return sent;
}

static struct test_world *start_small_queue(enum why_full when_full) {
    struct test_world *world = new_world();
    world->options.send_queue_max = 65536;
    world->options.close_timeout_ms = 200;
    world->config.when_full = when_full;
    test_world_listen(world, "127.0.0.1:0", NULL);
    test_world_start(world);
    return world;
}

/* Does it stop reading, and stop working too? On a busy machine it may still be at what was sent.
 */
static bool comes_to_rest(const struct test_world *world) {
    for (unsigned i = 0; i < 25; i++) {
        unsigned messages = world->messages;
        double begin = cpu_seconds();
        usleep(200000);
        if (world->messages == messages && cpu_seconds() - begin < 0.1) {
            return true;
        }
    }
    return false;
}

static void a_peer_that_does_not_read_is_not_read_from(void **state) {
    (void)state;
    struct test_world *world = start_small_queue(WHY_FULL_PAUSE);
    int fd = test_open(world->address);
    enum {
        LEN = 100000,
        COUNT = 1000
    };
    size_t sent = flood(fd, LEN, COUNT);
    assert_true(sent < COUNT);
    assert_true(comes_to_rest(world));
    assert_int_equal(world->closed, 0);
    /* It reads again: every message that was taken comes back. */
    uint8_t *got = malloc(LEN);
    uint8_t first = 0;
    for (size_t i = 0; i < sent; i++) {
        assert_int_equal(test_read_frame(fd, &first, got, LEN), LEN);
    }
    free(got);
    close(fd);
    finish(world);
}

static void messages_for_a_peer_that_does_not_read_are_dropped(void **state) {
    (void)state;
    struct test_world *world = start_small_queue(WHY_FULL_DROP);
    int fd = test_open(world->address);
    enum {
        LEN = 100000,
        COUNT = 300
    };
    assert_int_equal(flood(fd, LEN, COUNT), COUNT);
    assert_true(test_world_wait(&world->messages, COUNT));
    assert_int_equal(world->closed, 0);
    uint8_t *got = malloc(LEN);
    uint8_t first = 0;
    /* The word comes after the bytes that made the room, so that the last frame may be here first:
     * one more is asked for only where there is one. */
    for (uint64_t end_ms = test_now_ms() + 10000; world->writable == 0;) {
        assert_true(test_now_ms() < end_ms);
        struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
        if (poll(&poll_fd, 1, 10) == 1) {
            assert_int_equal(test_read_frame(fd, &first, got, LEN), LEN);
        }
    }
    free(got);
    close(fd);
    assert_true(test_world_wait(&world->closed, 1));
    assert_true(world->close_record.counters.messages_sent < COUNT);
    finish(world);
}

static void a_peer_that_does_not_read_is_closed_with_1013(void **state) {
    (void)state;
    struct test_world *world = start_small_queue(WHY_FULL_CLOSE);
    int fd = test_open(world->address);
    flood(fd, 100000, 300);
    assert_true(test_world_wait(&world->closed, 1)); /* at the close deadline, unread as it is */
    assert_int_equal(world->close_record.cause, WHY_CAUSE_LIMIT_SEND_QUEUE);
    assert_int_equal(world->close_record.code, 1013);
    assert_false(world->close_record.sent.present); /* it never left: nobody read */
    close(fd);
    finish(world);
}

static void pause_and_fill(struct why_session *session, const struct why_event *event) {
    static uint8_t data[65536];
    (void)event;
    why_session_pause(session);
    while (why_session_send(session, WHY_OPCODE_BINARY, (struct why_bytes){data, sizeof data}, 0) !=
           WHY_ERR_STATE) {
    }
}

/* Whom the program does not read from cannot be late, but the end of the session has its deadline
 * all the same. */
static void a_paused_session_that_failed_ends_at_its_deadline(void **state) {
    (void)state;
    struct test_world *world = new_world();
    world->options.send_queue_max = (size_t)32 << 20; /* more than the kernel takes */
    world->options.close_timeout_ms = 200;
    world->config.when_full = WHY_FULL_CLOSE;
    world->handler.on_message = pause_and_fill;
    test_world_listen(world, "127.0.0.1:0", NULL);
    test_world_start(world);
    int fd = test_open(world->address);
    assert_true(test_send_frame(fd, 0x81, "x", 1));
    bool has_ended = test_world_wait(&world->closed, 1);
    close(fd);
    assert_true(has_ended);
    assert_int_equal(world->close_record.cause, WHY_CAUSE_LIMIT_SEND_QUEUE);
    finish(world);
}

/* ---- Stopping and sharing ---- */

static void on_done(void *user) {
    struct test_world *world = user;
    world->done++;
}

struct stop {
    struct test_world *world;
    uint32_t jitter_ms, deadline_ms;
};

static void stop_server(void *argument) {
    const struct stop *stop = argument;
    why_server_stop(stop->world->server, stop->jitter_ms, stop->deadline_ms, on_done);
}

/* The stop is over: nothing is left that could happen. */
static void expect_stopped(struct test_world *world, unsigned closed) {
    assert_true(test_world_wait(&world->done, 1));
    assert_int_equal(world->closed, closed);
    pthread_join(world->thread, NULL);
    assert_int_equal(world->close_record.cause, WHY_CAUSE_LOCAL_SHUTDOWN);
    assert_int_equal(world->close_record.code, 1001);
    why_server_free(world->server);
    why_loop_free(world->loop);
    free(world);
}

/* Row 106. Long before its deadline: that is when the last one has answered. */
static void a_stop_closes_all_with_1001(void **state) {
    (void)state;
    enum {
        MANY = 50
    };
    struct test_world *world = new_world();
    test_world_listen(world, "127.0.0.1:0", NULL);
    test_world_start(world);
    /* It is accepted before those that come after it. */
    int opening = test_connect(world->address);
    assert_true(test_send_text(opening, "GET / HTTP/1.1\r\n"));
    int fds[MANY];
    for (size_t i = 0; i < MANY; i++) {
        fds[i] = test_open(world->address);
    }
    uint64_t begin_ms = test_now_ms();
    struct stop stop = {world, 200, 60000};
    assert_int_equal(why_loop_post(world->loop, stop_server, &stop), WHY_OK);
    for (size_t i = 0; i < MANY; i++) {
        uint8_t first = 0;
        uint8_t payload[125];
        assert_true(test_read_frame(fds[i], &first, payload, sizeof payload) >= 2);
        assert_int_equal(first, 0x88);
        assert_int_equal(payload[0] << 8 | payload[1], 1001);
        assert_int_equal(world->done, 0);
        assert_true(test_send_frame(fds[i], 0x88, payload, 2));
        close(fds[i]);
    }
    /* One after the other: the last of 50 in 200 ms has its turn after 196. */
    assert_true(test_now_ms() - begin_ms >= 190);
    assert_true(test_world_wait(&world->refused, 1));
    assert_int_equal(world->refused_record.cause, WHY_CAUSE_LOCAL_SHUTDOWN);
    close(opening);
    expect_stopped(world, MANY);
}

static void a_stop_cuts_those_that_stay_at_its_deadline(void **state) {
    (void)state;
    struct test_world *world = new_world();
    test_world_listen(world, "127.0.0.1:0", NULL);
    test_world_start(world);
    int fd = test_open(world->address);
    uint64_t begin_ms = test_now_ms();
    struct stop stop = {world, 0, 300};
    assert_int_equal(why_loop_post(world->loop, stop_server, &stop), WHY_OK);
    assert_true(test_world_wait(&world->closed, 1));
    assert_true(test_now_ms() - begin_ms >= 299);
    assert_int_equal(test_drain(fd, 4000), TEST_EOF);
    close(fd);
    expect_stopped(world, 1);
}

static void a_taken_port_is_refused_unless_it_is_joined(void **state) {
    (void)state;
    struct test_world *first = new_world();
    struct test_world *second = new_world();
    test_world_listen(first, "127.0.0.1:0", NULL);
    assert_int_equal(why_server_new(second->loop, &second->config, &second->server), WHY_OK);
    assert_int_equal(why_server_listen(second->server, first->address, NULL, second->error,
                                       sizeof second->error),
                     WHY_ERR_SYSTEM);
    assert_int_equal(errno, EADDRINUSE);
    assert_non_null(strstr(second->error, first->address));
    second->config.join_ports = true;
    test_world_listen(second, first->address, NULL);
    test_world_start(first);
    test_world_start(second);
    enum {
        MANY = 200
    };
    int fds[MANY];
    for (size_t i = 0; i < MANY; i++) {
        fds[i] = test_open(first->address);
        assert_true(echoes(fds[i]));
    }
    assert_int_equal(first->opened + second->opened, MANY);
    assert_true(first->opened > 20 && second->opened > 20);
    for (size_t i = 0; i < MANY; i++) {
        close(fds[i]);
    }
    finish(first);
    finish(second);
}

static void addresses_that_cannot_be_are_refused_in_words(void **state) {
    (void)state;
    static const struct {
        const char *address;
        int result;
    } rows[] = {
        {"", WHY_ERR_ARGUMENT},           {"9001", WHY_ERR_ARGUMENT},
        {"127.0.0.1:", WHY_ERR_ARGUMENT}, {"127.0.0.1:x", WHY_ERR_ARGUMENT},
        {"::1:9001", WHY_ERR_ARGUMENT},   {"127.0.0.1:70000", WHY_ERR_ARGUMENT},
        {"unix:", WHY_ERR_ARGUMENT},      {"unix:/nowhere/at/all", WHY_ERR_SYSTEM},
        {"192.0.2.1:0", WHY_ERR_SYSTEM},
    };
    struct test_world *world = new_world();
    assert_int_equal(why_server_new(world->loop, &world->config, &world->server), WHY_OK);
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        world->error[0] = '\0';
        int result = why_server_listen(world->server, rows[i].address, NULL, world->error,
                                       sizeof world->error);
        if (result != rows[i].result || strstr(world->error, rows[i].address) == NULL) {
            fail_msg("\"%s\": %d, %s", rows[i].address, result, world->error);
        }
    }
    assert_null(why_server_address(world->server, 0));
    test_world_listen(world, "localhost:0", NULL);
    test_world_listen(world, ":0", NULL);
    assert_non_null(why_server_address(world->server, 1));
    why_server_free(world->server);
    why_loop_free(world->loop);
    free(world);
}

/* Row 79. */
static void starting_and_stopping_leaves_nothing_behind(void **state) {
    (void)state;
    int before = dup(0);
    for (unsigned round = 0; round < 200; round++) {
        struct test_world *world = new_world();
        test_world_listen(world, "127.0.0.1:0", NULL);
        test_world_start(world);
        int fds[3];
        for (size_t i = 0; i < 3; i++) {
            fds[i] = test_open(world->address);
        }
        int half = test_connect(world->address);
        assert_true(test_send_text(half, "GET"));
        uint64_t begin_ms = test_now_ms();
        finish(world);
        assert_true(test_now_ms() - begin_ms < 5000); /* the least that any deadline has */
        for (size_t i = 0; i < 3; i++) {
            assert_int_not_equal(test_drain(fds[i], 2000), TEST_SILENCE);
            close(fds[i]);
        }
        close(half);
    }
    int after = dup(0);
    assert_int_equal(after, before + 1);
    close(before);
    close(after);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_in_drops_is_cut_at_its_deadline),
        cmocka_unit_test(without_descriptors_it_waits_and_serves_those_it_has),
        cmocka_unit_test(a_connection_above_the_limit_waits_for_its_turn),
        cmocka_unit_test(a_peer_that_does_not_read_is_not_read_from),
        cmocka_unit_test(messages_for_a_peer_that_does_not_read_are_dropped),
        cmocka_unit_test(a_peer_that_does_not_read_is_closed_with_1013),
        cmocka_unit_test(a_paused_session_that_failed_ends_at_its_deadline),
        cmocka_unit_test(a_stop_closes_all_with_1001),
        cmocka_unit_test(a_stop_cuts_those_that_stay_at_its_deadline),
        cmocka_unit_test(a_taken_port_is_refused_unless_it_is_joined),
        cmocka_unit_test(addresses_that_cannot_be_are_refused_in_words),
        cmocka_unit_test(starting_and_stopping_leaves_nothing_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
