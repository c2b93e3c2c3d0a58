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

struct probe {
    struct why__stream stream;
    struct why_loop *loop;
    struct why__task task; /* runs at the end of every turn */
    size_t received, received_before, turn_max;
    bool dawdles;
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

static size_t output(struct why__stream *stream, struct why_bytes *list, size_t max) {
    static const uint8_t zeroes[1000];
    struct probe *probe = probe_of(stream);
    if (probe->output_len == 0 || max == 0) {
        return 0;
    }
    list[0] = (struct why_bytes){zeroes, probe->output_len};
    return 1;
}

static void output_consumed(struct why__stream *stream, size_t len) {
    probe_of(stream)->output_len -= len;
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

static const struct why__stream_ops ops = {
    .on_data = on_data, .output = output, .output_consumed = output_consumed, .on_lost = on_lost};

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
 * budget, and not the empty socket, end the reading. */
static void a_turn_reads_no_more_than_its_budget(void **state) {
    (void)state;
    struct why_loop *loop = test_loop_new();
    size_t buffer_len = why__loop_buffer(loop).len;
    int fds[2];
    connect_pair(fds);
    struct probe probe = {.loop = loop, .task.run = at_end_of_turn, .dawdles = true};
    assert_int_equal(why__stream_attach(&probe.stream, &probe.loop, fds[1], NULL, &ops), WHY_OK);
    why__loop_defer(loop, &probe.task);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, send_noise, &fds[0]), 0);
    assert_int_equal(why_loop_run(loop), WHY_OK);
    pthread_join(thread, NULL);
    assert_int_equal(probe.received, NOISE_LEN);
    assert_int_equal(probe.cause, WHY_CAUSE_TCP_FIN);
    assert_int_equal(probe.turn_max, 4 * buffer_len); /* it was reached, and not passed */
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
        cmocka_unit_test(what_came_before_a_failed_send_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
