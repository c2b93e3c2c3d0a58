/* SPDX-License-Identifier: MIT
 *
 * The stream by itself, between two sockets that are both in the test's hands: how much it reads in
 * a turn, and what is still read when sending has failed.
 */
#include "net/stream.h"

#include "support/loop.h"
#include "support/test.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define OUTPUT_MAX ((size_t)4 << 20)
#define SMALL_SHARE ((size_t)64 * 1024) /* of a turn, beside those who want little */

struct probe {
    struct why__stream stream;
    struct why_loop *loop;
    struct why__task task; /* runs at the end of every turn */
    size_t received, received_before, turn_max;
    size_t sent, sent_before, turn_sent_max;
    bool dawdles, has_small_ones;
    size_t output_len;
    size_t received_at_loss;
    unsigned lost;
    enum why_cause cause;
    enum why_transport transport;
};

static struct probe *probe_of(struct why__stream *stream) {
    return WHY__CONTAINER(stream, struct probe, stream);
}

/* Until the kernel holds as much as that, or has had its time: at first it has no room for it. */
static void await_input(int fd, size_t len) {
    int held = 0;
    for (unsigned i = 0; i < 200 && ioctl(fd, FIONREAD, &held) == 0 && (size_t)held < len; i++) {
        usleep(1000);
    }
}

static void on_data(struct why__stream *stream, struct why_span *input) {
    struct probe *probe = probe_of(stream);
    size_t before = probe->received;
    probe->received += input->len;
    if (probe->dawdles && before >> 21 != probe->received >> 21) { /* every 2 MiB */
        await_input(stream->watch.fd, 4 * why__loop_buffer(probe->loop).len);
    }
    input->data += input->len;
    input->len = 0;
}

/* Others that want little are busy all the time: also just before this one reads or sends. */
static void note_small(struct probe *probe) {
    if (probe->has_small_ones) {
        why__loop_note_small(probe->loop);
    }
}

static struct why_span room(struct why__stream *stream) {
    note_small(probe_of(stream));
    return (struct why_span){0};
}

static size_t output(struct why__stream *stream, struct why_bytes *list, size_t max) {
    static const uint8_t zeroes[OUTPUT_MAX];
    struct probe *probe = probe_of(stream);
    note_small(probe);
    if (probe->output_len == 0 || max == 0) {
        return 0;
    }
    list[0] = (struct why_bytes){zeroes, probe->output_len};
    return 1;
}

static void output_consumed(struct why__stream *stream, size_t len) {
    probe_of(stream)->output_len -= len;
    probe_of(stream)->sent += len;
}

static void on_lost(struct why__stream *stream, enum why_cause cause, enum why_transport transport,
                    int os_error) {
    struct probe *probe = probe_of(stream);
    (void)os_error;
    probe->lost++;
    probe->cause = cause;
    probe->transport = transport;
    probe->received_at_loss = probe->received;
}

static const struct why__stream_ops ops = {.on_data = on_data,
                                           .room = room,
                                           .output = output,
                                           .output_consumed = output_consumed,
                                           .on_lost = on_lost};

/* A pair of TCP sockets; the second does not block. */
static void connect_pair(int fds[2]) {
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof in;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&in, sizeof in), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&in, &len), 0);
    fds[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fds[0], (struct sockaddr *)&in, sizeof in), 0);
    fds[1] = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    assert_true(fds[1] >= 0);
    close(listener);
}

static void at_end_of_turn(struct why__task *task) {
    struct probe *probe = WHY__CONTAINER(task, struct probe, task);
    size_t in_turn = probe->received - probe->received_before;
    probe->received_before = probe->received;
    probe->turn_max = in_turn > probe->turn_max ? in_turn : probe->turn_max;
    size_t sent_in_turn = probe->sent - probe->sent_before;
    probe->sent_before = probe->sent;
    probe->turn_sent_max =
        sent_in_turn > probe->turn_sent_max ? sent_in_turn : probe->turn_sent_max;
    if (probe->lost == 0) {
        why__loop_defer(probe->loop, task);
    }
}

/* More than is discarded, and what the kernel may hold of it (32 MiB on large machines). */
#define NOISE_LEN (80u << 20)

static void *send_noise(void *argument) {
    static uint8_t noise[65536];
    int fd = *(int *)argument;
    for (size_t sent = 0; sent < NOISE_LEN;) {
        ssize_t result = send(fd, noise, sizeof noise, MSG_NOSIGNAL);
        if (result <= 0) {
            break;
        }
        sent += (size_t)result;
    }
    shutdown(fd, SHUT_WR);
    return NULL;
}

/* The receiver dawdles, so that the kernel holds more than a turn may read: only then does the
 * budget, and not the empty socket, end the reading. Returns the most that a turn has read. */
static size_t read_noise(struct why_loop *loop, bool has_small_ones) {
    int fds[2];
    connect_pair(fds);
    struct probe probe = {.loop = loop,
                          .task.run = at_end_of_turn,
                          .dawdles = true,
                          .has_small_ones = has_small_ones};
    assert_int_equal(why__stream_attach(&probe.stream, &probe.loop, fds[1], NULL, &ops), WHY_OK);
    why__loop_defer(loop, &probe.task);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, send_noise, &fds[0]), 0);
    assert_int_equal(why_loop_run(loop), WHY_OK);
    pthread_join(thread, NULL);
    assert_int_equal(probe.received, NOISE_LEN);
    assert_int_equal(probe.cause, WHY_CAUSE_TCP_FIN);
    close(fds[0]);
    return probe.turn_max;
}

static void a_turn_reads_no_more_than_its_budget(void **state) {
    (void)state;
    struct why_loop *loop = test_loop_new();
    size_t buffer_len = why__loop_buffer(loop).len;
    assert_int_equal(read_noise(loop, false), 4 * buffer_len); /* it is reached, and not passed */
    why_loop_free(loop);
}

static void beside_small_ones_a_turn_reads_less(void **state) {
    (void)state;
    struct why_loop *loop = test_loop_new();
    assert_int_equal(read_noise(loop, true), SMALL_SHARE);
    why_loop_free(loop);
}

static void *read_to_the_end(void *argument) {
    static uint8_t input[65536];
    int fd = *(int *)argument;
    for (size_t left = OUTPUT_MAX; left > 0;) {
        ssize_t got = recv(fd, input, sizeof input, 0);
        if (got <= 0) {
            break;
        }
        left -= (size_t)got;
    }
    shutdown(fd, SHUT_WR);
    return NULL;
}

/* It is two calls where the loop sends for many at once, and the last of them may be twice the
 * share. */
static void beside_small_ones_a_turn_sends_less(void **state) {
    (void)state;
    struct why_loop *loop = test_loop_new();
    int fds[2];
    connect_pair(fds);
    struct probe probe = {
        .loop = loop, .task.run = at_end_of_turn, .output_len = OUTPUT_MAX, .has_small_ones = true};
    assert_int_equal(why__stream_attach(&probe.stream, &probe.loop, fds[1], NULL, &ops), WHY_OK);
    why__loop_defer(loop, &probe.task);
    why__stream_flush(&probe.stream);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, read_to_the_end, &fds[0]), 0);
    assert_int_equal(why_loop_run(loop), WHY_OK);
    pthread_join(thread, NULL);
    assert_int_equal(probe.sent, OUTPUT_MAX);
    assert_int_equal(probe.cause, WHY_CAUSE_TCP_FIN);
    assert_true(probe.turn_sent_max <= 2 * SMALL_SHARE + SMALL_SHARE);
    close(fds[0]);
    why_loop_free(loop);
}

/* A peer that says why and resets: our next send fails, and the reason is in the socket still. */
static void what_came_before_a_failed_send_is_read(void **state) {
    (void)state;
    struct why_loop *loop = test_loop_new();
    int fds[2];
    connect_pair(fds);
    struct probe probe = {.loop = loop, .output_len = 1000};
    assert_int_equal(why__stream_attach(&probe.stream, &probe.loop, fds[1], NULL, &ops), WHY_OK);
    assert_int_equal(send(fds[0], "goodbye", 7, MSG_NOSIGNAL), 7);
    struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    setsockopt(fds[0], SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(fds[0]);
    struct pollfd end = {.fd = fds[1]};
    assert_int_equal(poll(&end, 1, 5000), 1); /* the RST is there */
    why__stream_flush_now(&probe.stream);     /* before the loop has had a look at the socket */
    assert_int_equal(probe.lost, 1);
    assert_int_equal(probe.received_at_loss, 7);
    assert_int_equal(probe.cause, WHY_CAUSE_TCP_RESET);
    assert_int_equal(probe.transport, WHY_TRANSPORT_RESET);
    assert_false(probe.stream.is_open);
    assert_int_equal(why_loop_run(loop), WHY_OK);
    why_loop_free(loop);
}

struct flood {
    struct why_loop *loop;
    int fd;
    size_t sent;
};

static void *send_until_blocked(void *argument) {
    static uint8_t noise[65536];
    struct flood *flood = argument;
    struct timeval patience = {.tv_usec = 300000};
    setsockopt(flood->fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    for (ssize_t result = 0; flood->sent < NOISE_LEN && result >= 0;) {
        result = send(flood->fd, noise, sizeof noise, MSG_NOSIGNAL);
        flood->sent += result > 0 ? (size_t)result : 0;
    }
    why_loop_stop(flood->loop);
    return NULL;
}

/* A peer that goes on sending is not read for as long as its end is waited for. */
static void what_is_discarded_has_a_limit(void **state) {
    (void)state;
    struct why_loop *loop = test_loop_new();
    int fds[2];
    connect_pair(fds);
    struct probe probe = {.loop = loop};
    assert_int_equal(why__stream_attach(&probe.stream, &probe.loop, fds[1], NULL, &ops), WHY_OK);
    why__stream_finish(&probe.stream, false);
    struct flood flood = {.loop = loop, .fd = fds[0]};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, send_until_blocked, &flood), 0);
    assert_int_equal(why_loop_run(loop), WHY_OK);
    pthread_join(thread, NULL);
    assert_true(flood.sent < NOISE_LEN);
    assert_int_equal(probe.received, 0);
    assert_int_equal(probe.lost, 0);
    why__stream_close(&probe.stream);
    close(fds[0]);
    why_loop_free(loop);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_discarded_has_a_limit),
        cmocka_unit_test(a_turn_reads_no_more_than_its_budget),
        cmocka_unit_test(beside_small_ones_a_turn_reads_less),
        cmocka_unit_test(beside_small_ones_a_turn_sends_less),
        cmocka_unit_test(what_came_before_a_failed_send_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
