/* SPDX-License-Identifier: MIT
 *
 * The loop's choice of a backend, and what io_uring adds to it: reading by the loop that changes to
 * reading by the stream and back, and a loop that another thread goes on to run.
 */
#include "net/loop.h"
#include "net/stream.h"
#include "support/loop.h"
#include "support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- The choice ---- */

/* From now on this process gets `error` for system call `number`. */
static bool forbid(unsigned number, unsigned error) {
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {.len = TEST_COUNT(filter), .filter = filter};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

struct refusal {
    const char *name;
    unsigned call, refused_with;
    int error; /* what why_loop_new_on(WHY_LOOP_IO_URING) says; without one, this build does not
                  know it */
};

static const struct refusal refusals[] = {
    {"a sandbox", __NR_io_uring_setup, EPERM, EPERM},
    {"an old kernel", __NR_io_uring_setup, ENOSYS, ENOSYS},
    {"no memory may be locked", __NR_io_uring_setup, ENOMEM, ENOMEM},
    {"a kernel without these rings", __NR_io_uring_setup, EINVAL, ENOSYS},
    {"a sandbox that lets them be made", __NR_io_uring_enter, EPERM, EPERM},
};

enum verdict {
    VERDICT_GOOD,
    VERDICT_NO_FILTER,
    VERDICT_NOT_EPOLL,
    VERDICT_NOT_REFUSED,
    VERDICT_WRONG_ERROR,
    VERDICT_DOES_NOT_RUN,
};

static enum verdict judge(const struct refusal *refusal, bool is_built_in) {
    if (!forbid(refusal->call, refusal->refused_with)) {
        return VERDICT_NO_FILTER;
    }
    struct why_loop *loop = why_loop_new_on(WHY_LOOP_IO_URING);
    if (loop != NULL) {
        return VERDICT_NOT_REFUSED;
    }
    if (errno != (is_built_in ? refusal->error : ENOSYS)) {
        return VERDICT_WRONG_ERROR;
    }
    loop = why_loop_new_on(WHY_LOOP_AUTO);
    if (loop == NULL || why_loop_backend(loop) != WHY_LOOP_EPOLL) {
        return VERDICT_NOT_EPOLL;
    }
    bool runs = why_loop_run(loop) == WHY_OK;
    why_loop_free(loop);
    return runs ? VERDICT_GOOD : VERDICT_DOES_NOT_RUN;
}

static bool has_uring(void) {
    struct why_loop *loop = why_loop_new_on(WHY_LOOP_IO_URING);
    bool has = loop != NULL;
    why_loop_free(loop);
    return has;
}

static void where_io_uring_is_refused_auto_is_epoll(void **state) {
    (void)state;
    bool is_built_in = has_uring();
    for (size_t i = 0; i < TEST_COUNT(refusals); i++) {
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            _exit((int)judge(&refusals[i], is_built_in));
        }
        int status = 0;
        assert_int_equal(waitpid(child, &status, 0), child);
        if (status != 0) {
            print_error("%s: status %#x\n", refusals[i].name, (unsigned)status);
        }
        assert_int_equal(status, 0);
    }
}

static void a_loop_says_what_it_runs_on(void **state) {
    (void)state;
    struct why_loop *loop = why_loop_new_on(WHY_LOOP_EPOLL);
    assert_int_equal(why_loop_backend(loop), WHY_LOOP_EPOLL);
    why_loop_free(loop);
    loop = why_loop_new_on(WHY_LOOP_IO_URING);
    if (loop != NULL) {
        assert_int_equal(why_loop_backend(loop), WHY_LOOP_IO_URING);
    }
    why_loop_free(loop);
}

/* ---- Reading ---- */

#define CHUNKS 3000
#define CHUNK_MAX 20000

struct reader {
    struct why__stream stream; /* first: a stream's callbacks get at it */
    struct why_loop *loop;
    struct why__timer timer;
    uint64_t received, pauses, next_pause;
    bool is_wrong;
    unsigned lost;
    enum why_cause cause;
    size_t to_send;
};

static uint8_t byte_at(uint64_t at) {
    return (uint8_t)(at * 31 + (at >> 8) * 7);
}

static size_t chunk_len(unsigned i) {
    /* Many small ones, then a few large ones, and so on; whatever a read makes of them. */
    return i / 100 % 2 == 0 ? 1 + i % 97 : 1 + i * 7919 % CHUNK_MAX;
}

/* What is left is held, and shown again with what came meanwhile. */
static void on_data(struct why__stream *stream, struct why_span *input) {
    struct reader *reader = (struct reader *)stream;
    while (input->len > 0) {
        reader->is_wrong = reader->is_wrong || *input->data != byte_at(reader->received);
        reader->received++;
        input->data++;
        input->len--;
        if (reader->received == reader->next_pause) {
            reader->pauses++;
            reader->next_pause += 1 + reader->pauses * 4099 % 60000;
            why__stream_pause(stream);
            why__timer_set(reader->loop, &reader->timer, why__loop_now(reader->loop) + 1);
            return;
        }
    }
}

static void on_resume(struct why__timer *timer) {
    why__stream_resume(&WHY__CONTAINER(timer, struct reader, timer)->stream);
}

static size_t output(struct why__stream *stream, struct why_bytes *list, size_t max) {
    static const uint8_t zeroes[65536];
    struct reader *reader = (struct reader *)stream;
    (void)max;
    size_t len = reader->to_send < sizeof zeroes ? reader->to_send : sizeof zeroes;
    list[0] = (struct why_bytes){zeroes, len};
    return len > 0 ? 1 : 0;
}

static void output_consumed(struct why__stream *stream, size_t len) {
    ((struct reader *)stream)->to_send -= len;
}

static void on_lost(struct why__stream *stream, enum why_cause cause, enum why_transport transport,
                    int os_error) {
    struct reader *reader = (struct reader *)stream;
    (void)transport;
    (void)os_error;
    reader->lost++;
    reader->cause = cause;
}

static const struct why__stream_ops ops = {
    .on_data = on_data, .output = output, .output_consumed = output_consumed, .on_lost = on_lost};

static void open_reader(struct reader *reader, struct why_loop *loop, int fds[2]) {
    *reader = (struct reader){.loop = loop, .timer.on_due = on_resume, .next_pause = 5000};
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    assert_int_equal(fcntl(fds[1], F_SETFL, O_NONBLOCK), 0);
    assert_int_equal(why__stream_attach(&reader->stream, &reader->loop, fds[1], NULL, &ops),
                     WHY_OK);
    why__stream_steady(&reader->stream);
}

static void send_range(int fd, uint64_t from, size_t len) {
    uint8_t data[CHUNK_MAX];
    for (size_t i = 0; i < len; i++) {
        data[i] = byte_at(from + i);
    }
    for (size_t sent = 0; sent < len;) {
        ssize_t result = send(fd, data + sent, len - sent, MSG_NOSIGNAL);
        if (result < 0) {
            return; /* the test is over already, and has said why */
        }
        sent += (size_t)result;
    }
}

static void *send_chunks(void *argument) {
    int fd = *(int *)argument;
    uint64_t at = 0;
    for (unsigned i = 0; i < CHUNKS; i++) {
        send_range(fd, at, chunk_len(i));
        at += chunk_len(i);
    }
    shutdown(fd, SHUT_WR);
    return NULL;
}

static void bytes_stay_in_order_whoever_reads_them(void **state) {
    (void)state;
    uint64_t total = 0;
    for (unsigned i = 0; i < CHUNKS; i++) {
        total += chunk_len(i);
    }
    struct why_loop *loop = test_loop_new();
    struct reader reader;
    int fds[2];
    open_reader(&reader, loop, fds);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, send_chunks, &fds[0]), 0);
    assert_int_equal(why_loop_run(loop), WHY_OK);
    close(fds[0]);
    pthread_join(thread, NULL);
    assert_false(reader.is_wrong);
    assert_true(reader.received == total);
    assert_true(reader.pauses > 10);
    assert_int_equal(reader.lost, 1);
    assert_int_equal(reader.cause, WHY_CAUSE_TCP_FIN);
    why_loop_free(loop);
}

/* ---- Another thread ---- */

static void stop_later(struct why__timer *timer) {
    why_loop_stop(WHY__CONTAINER(timer, struct reader, timer)->loop);
}

static void *run_once(void *argument) {
    struct reader *reader = argument;
    reader->timer.on_due = stop_later;
    why__timer_set(reader->loop, &reader->timer, why__loop_now(reader->loop) + 20);
    return why_loop_run(reader->loop) == WHY_OK ? argument : NULL;
}

static void another_thread_may_go_on(void **state) {
    (void)state;
    struct why_loop *loop = test_loop_new();
    struct reader reader;
    int fds[2];
    open_reader(&reader, loop, fds);
    reader.next_pause = 0;
    for (unsigned i = 0; i < 3; i++) {
        send_range(fds[0], 1000 * (uint64_t)i, 1000);
        pthread_t thread;
        void *result = NULL;
        assert_int_equal(pthread_create(&thread, NULL, run_once, &reader), 0);
        pthread_join(thread, &result);
        assert_non_null(result);
        assert_true(reader.received == 1000 * (i + 1));
    }
    send_range(fds[0], 3000, 1000);
    assert_non_null(run_once(&reader));
    assert_true(reader.received == 4000);
    assert_false(reader.is_wrong);
    why__stream_close(&reader.stream);
    close(fds[0]);
    why_loop_free(loop);
}

/* ---- Sending ---- */

#define SENDERS 70 /* more than go along at once */
#define LARGE_LEN ((size_t)1 << 20)

static size_t len_of(unsigned i) {
    return i % 3 == 0 ? LARGE_LEN : i + 1;
}

static void *drain_all(void *argument) {
    static uint8_t buffer[65536];
    const int(*fds)[2] = argument;
    for (unsigned i = 0; i < SENDERS; i++) {
        for (size_t got = 0; got < len_of(i);) {
            ssize_t result = recv(fds[i][0], buffer, sizeof buffer, 0);
            if (result <= 0) {
                return NULL;
            }
            got += (size_t)result;
        }
        shutdown(fds[i][0], SHUT_WR);
    }
    return argument;
}

static void many_that_send_at_once_all_get_through(void **state) {
    (void)state;
    static struct reader readers[SENDERS];
    int fds[SENDERS][2];
    struct why_loop *loop = test_loop_new();
    for (unsigned i = 0; i < SENDERS; i++) {
        open_reader(&readers[i], loop, fds[i]);
        readers[i].to_send = len_of(i);
        why__stream_flush(&readers[i].stream);
    }
    pthread_t thread;
    void *result = NULL;
    assert_int_equal(pthread_create(&thread, NULL, drain_all, fds), 0);
    assert_int_equal(why_loop_run(loop), WHY_OK);
    pthread_join(thread, &result);
    assert_non_null(result);
    for (unsigned i = 0; i < SENDERS; i++) {
        assert_int_equal(readers[i].to_send, 0);
        assert_int_equal(readers[i].cause, WHY_CAUSE_TCP_FIN);
        close(fds[i][0]);
    }
    why_loop_free(loop);
}

/* A request of io_uring would keep the socket open. */
static void the_peer_of_a_closed_stream_hears_of_it(void **state) {
    (void)state;
    struct why_loop *loop = test_loop_new();
    struct reader readers[2];
    int fds[2][2];
    for (unsigned i = 0; i < 2; i++) {
        open_reader(&readers[i], loop, fds[i]);
        readers[i].to_send = 10;
        why__stream_flush(&readers[i].stream);
    }
    assert_non_null(run_once(&readers[0])); /* both are read by the loop now */
    why__stream_close(&readers[0].stream);
    close(fds[1][0]);
    readers[1].to_send = 10;
    why__stream_flush(&readers[1].stream);
    assert_int_equal(why_loop_run(loop), WHY_OK);
    assert_int_equal(readers[1].lost, 1);
    uint8_t rest[16];
    struct timeval patience = {.tv_sec = 5};
    setsockopt(fds[0][0], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    assert_int_equal(recv(fds[0][0], rest, sizeof rest, 0), 10);
    assert_int_equal(recv(fds[0][0], rest, sizeof rest, 0), 0); /* though the loop still lives */
    close(fds[0][0]);
    why_loop_free(loop);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_loop_says_what_it_runs_on),
        cmocka_unit_test(where_io_uring_is_refused_auto_is_epoll),
        cmocka_unit_test(bytes_stay_in_order_whoever_reads_them),
        cmocka_unit_test(another_thread_may_go_on),
        cmocka_unit_test(many_that_send_at_once_all_get_through),
        cmocka_unit_test(the_peer_of_a_closed_stream_hears_of_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
