/* SPDX-License-Identifier: MIT
 *
 * The loop: turns, events that are stale, timers, tasks, posts of other threads, randomness.
 */
#include "net/loop.h"
#include "whysocket/conn.h"

#include "support/loop.h"
#include "support/test.h"

#include <pthread.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct end {
    struct why__watch watch;
    struct why_loop *loop;
    struct end *victim; /* unwatched, and watched anew with `again`, when this one is ready */
    struct end *again;
    unsigned calls, ready;
};

static void on_end(struct why__watch *watch, unsigned ready) {
    struct end *end = WHY__CONTAINER(watch, struct end, watch);
    end->calls++;
    end->ready = ready;
    if (end->victim != NULL) {
        why__loop_unwatch(end->loop, &end->victim->watch);
        end->victim = NULL;
    }
    why__loop_unwatch(end->loop, watch);
}

/* Row 132: two descriptors are ready in one turn; whichever comes first unwatches the other. */
static void an_event_fetched_before_unwatch_is_not_delivered(void **state) {
    (void)state;
    struct why_loop *loop = test_loop_new();
    assert_non_null(loop);
    int pairs[2][2];
    struct end ends[2];
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pairs[i]), 0);
        assert_int_equal(write(pairs[i][1], "x", 1), 1);
        ends[i] = (struct end){
            .watch = {.fd = pairs[i][0], .on_ready = on_end}, .loop = loop, .victim = &ends[1 - i]};
        assert_int_equal(why__loop_watch(loop, &ends[i].watch, WHY__READABLE), WHY_OK);
    }
    assert_int_equal(why_loop_run(loop), WHY_OK); /* ends by itself: nothing is watched any more */
    assert_int_equal(ends[0].calls + ends[1].calls, 1);
    for (size_t i = 0; i < 2; i++) {
        close(pairs[i][0]);
        close(pairs[i][1]);
    }
    why_loop_free(loop);
}

static double cpu_seconds(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

struct alarm_clock {
    struct why__timer timer;
    struct why_loop *loop;
    struct end *end;
    uint64_t fired_ms;
};

static void on_alarm(struct why__timer *timer) {
    struct alarm_clock *clock = WHY__CONTAINER(timer, struct alarm_clock, timer);
    clock->fired_ms = why__loop_now(clock->loop);
    if (clock->end != NULL) {
        why__loop_rewatch(clock->loop, &clock->end->watch, WHY__READABLE);
    }
}

static void without_interest_a_hang_up_does_not_spin(void **state) {
    (void)state;
    struct why_loop *loop = test_loop_new();
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    struct end end = {.watch = {.fd = pair[0], .on_ready = on_end}, .loop = loop};
    assert_int_equal(why__loop_watch(loop, &end.watch, WHY__READABLE), WHY_OK);
    why__loop_rewatch(loop, &end.watch, 0);
    close(pair[1]);
    struct alarm_clock alarm_clock = {.timer.on_due = on_alarm, .loop = loop, .end = &end};
    uint64_t begin_ms = why__loop_now(loop);
    double begin = cpu_seconds();
    why__timer_set(loop, &alarm_clock.timer, begin_ms + 200);
    assert_int_equal(why_loop_run(loop), WHY_OK);
    assert_true(cpu_seconds() - begin < 0.1);
    assert_true(alarm_clock.fired_ms >= begin_ms + 200);
    assert_int_equal(end.calls, 1); /* once it is wanted again it is told */
    assert_true((end.ready & WHY__READABLE) != 0);
    close(pair[0]);
    why_loop_free(loop);
}

struct chore {
    struct why__task task;
    struct why_loop *loop;
    struct chore *cancels;
    unsigned left, ran;
};

static void run_chore(struct why__task *task) {
    struct chore *chore = WHY__CONTAINER(task, struct chore, task);
    chore->ran++;
    if (chore->cancels != NULL) {
        why__loop_undefer(chore->loop, &chore->cancels->task);
    }
    if (chore->left > 0) {
        chore->left--;
        why__loop_defer(chore->loop, task);
    }
}

/* A watch that is busy in every turn. */
struct busy {
    struct why__watch watch;
    struct why_loop *loop;
    uint64_t begin_ms, due_ms;
    unsigned turns, turns_after;
};

static void on_busy(struct why__watch *watch, unsigned ready) {
    struct busy *busy = WHY__CONTAINER(watch, struct busy, watch);
    uint64_t now_ms = why__loop_now(busy->loop);
    if (ready == WHY__DUE) {
        assert_int_equal(busy->due_ms, 0);
        busy->due_ms = now_ms;
        why__watch_defer(busy->loop, watch);
        return;
    }
    assert_int_equal(ready, WHY__DEFERRED);
    busy->turns++;
    busy->turns_after += busy->due_ms != 0;
    if (busy->due_ms == 0 && now_ms < busy->begin_ms + 5000) {
        why__watch_defer(busy->loop, watch);
    }
}

static void what_is_deferred_in_every_turn_meets_its_deadline(void **state) {
    (void)state;
    struct why_loop *loop = test_loop_new();
    struct busy busy = {.watch = {.fd = -1, .on_ready = on_busy}, .loop = loop};
    busy.begin_ms = why__loop_now(loop);
    why__watch_set(loop, &busy.watch, busy.begin_ms + 20);
    why__watch_defer(loop, &busy.watch);
    assert_int_equal(why__watch_deadline(&busy.watch), busy.begin_ms + 20);
    assert_int_equal(why_loop_run(loop), WHY_OK);
    assert_true(busy.due_ms >= busy.begin_ms + 20);
    assert_true(busy.due_ms < busy.begin_ms + 5000);
    assert_int_equal(busy.turns_after, 1);
    assert_true(why__watch_deadline(&busy.watch) == WHY_NO_DEADLINE);
    why_loop_free(loop);
}

static void a_watch_forgets_both_when_it_is_cancelled(void **state) {
    (void)state;
    struct why_loop *loop = test_loop_new();
    struct busy busy = {.watch = {.fd = -1, .on_ready = on_busy}, .loop = loop};
    why__watch_defer(loop, &busy.watch);
    why__watch_set(loop, &busy.watch, why__loop_now(loop) + 1);
    why__watch_cancel(loop, &busy.watch);
    assert_int_equal(why_loop_run(loop), WHY_OK); /* there is nothing to wait for */
    assert_int_equal(busy.turns, 0);
    assert_int_equal(busy.due_ms, 0);
    why_loop_free(loop);
}

static void tasks_run_once_and_may_defer_and_cancel(void **state) {
    (void)state;
    struct why_loop *loop = test_loop_new();
    struct chore chores[3];
    for (size_t i = 0; i < 3; i++) {
        chores[i] = (struct chore){.task.run = run_chore, .loop = loop};
    }
    chores[0].cancels = &chores[1];
    chores[2].left = 4;
    for (size_t i = 0; i < 3; i++) {
        why__loop_defer(loop, &chores[i].task);
        why__loop_defer(loop, &chores[i].task);
    }
    assert_int_equal(why_loop_run(loop), WHY_OK);
    assert_int_equal(chores[0].ran, 1);
    assert_int_equal(chores[1].ran, 0);
    assert_int_equal(chores[2].ran, 5);
    why_loop_free(loop);
}

#define POSTS 20000

struct posting {
    struct why_loop *loop;
    unsigned next, wrong, first;
    unsigned *ran;
};

struct posted {
    struct posting *posting;
    unsigned number;
};

static void count_post(void *argument) {
    struct posted *posted = argument;
    struct posting *posting = posted->posting;
    posting->wrong += posted->number != posting->next;
    posting->next++;
    if (++*posting->ran == 2 * POSTS) {
        why__loop_release(posting->loop);
    }
}

static void *post_many(void *argument) {
    struct posting *posting = argument;
    static struct posted posted[2][POSTS];
    struct posted *mine = posted[posting->first];
    for (unsigned i = 0; i < POSTS; i++) {
        mine[i] = (struct posted){posting, i};
        assert_int_equal(why_loop_post(posting->loop, count_post, &mine[i]), WHY_OK);
    }
    return NULL;
}

static void posts_of_two_threads_keep_their_order(void **state) {
    (void)state;
    struct why_loop *loop = test_loop_new();
    why__loop_hold(loop);
    unsigned ran = 0;
    struct posting postings[2] = {{.loop = loop, .ran = &ran},
                                  {.loop = loop, .ran = &ran, .first = 1}};
    pthread_t threads[2];
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, post_many, &postings[i]), 0);
    }
    assert_int_equal(why_loop_run(loop), WHY_OK);
    for (size_t i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(postings[i].next, POSTS);
        assert_int_equal(postings[i].wrong, 0);
    }
    why_loop_free(loop);
}

static void *stop_soon(void *argument) {
    usleep(20000);
    why_loop_stop(argument);
    return NULL;
}

/* Row 103 of the list of bad input: 10,000 masking keys, as the engine asks for them. */
static void masking_keys_are_uniform_and_differ(void **state) {
    (void)state;
    enum {
        KEYS = 10000
    };
    static uint32_t keys[KEYS];
    struct why_loop *loop = test_loop_new();
    const struct why_host *host = why_loop_host(loop);
    size_t counts[256] = {0};
    for (size_t i = 0; i < KEYS; i++) {
        host->random(host->context, (uint8_t *)&keys[i], sizeof keys[i]);
        for (unsigned shift = 0; shift < 32; shift += 8) {
            counts[keys[i] >> shift & 0xff]++;
        }
    }
    why_loop_free(loop);
    /* Chi square with 255 degrees of freedom: 255 expected, with a standard deviation of 22.6. */
    double expected = KEYS * 4 / 256.0;
    double chi_square = 0;
    for (size_t i = 0; i < TEST_COUNT(counts); i++) {
        double off = (double)counts[i] - expected;
        chi_square += off * off / expected;
    }
    assert_true(chi_square > 255 - 6 * 22.6 && chi_square < 255 + 7 * 22.6);
    /* The birthday bound: a hundredth of a pair is expected. */
    unsigned pairs = 0;
    for (size_t i = 0; i < KEYS; i++) {
        for (size_t j = i + 1; j < KEYS; j++) {
            pairs += keys[i] == keys[j];
        }
    }
    assert_true(pairs <= 2);
}

static void stop_ends_a_loop_that_waits_and_one_that_has_not_begun(void **state) {
    (void)state;
    struct why_loop *loop = test_loop_new();
    why__loop_hold(loop);
    for (unsigned i = 0; i < 3; i++) {
        pthread_t thread;
        assert_int_equal(pthread_create(&thread, NULL, stop_soon, loop), 0);
        assert_int_equal(why_loop_run(loop), WHY_OK);
        pthread_join(thread, NULL);
    }
    why_loop_stop(loop);
    assert_int_equal(why_loop_run(loop), WHY_OK);
    why_loop_free(loop);
}

static void randomness_is_fresh_in_a_child_of_fork(void **state) {
    (void)state;
    struct why_loop *loop = test_loop_new();
    const struct why_host *host = why_loop_host(loop);
    uint8_t bytes[32], other[32];
    host->random(host->context, bytes, sizeof bytes);
    host->random(host->context, other, sizeof other);
    assert_memory_not_equal(bytes, other, sizeof bytes);
    int pipe_fds[2];
    assert_int_equal(pipe(pipe_fds), 0);
    pid_t child = fork();
    host->random(host->context, bytes, sizeof bytes);
    if (child == 0) {
        _exit(write(pipe_fds[1], bytes, sizeof bytes) == sizeof bytes ? 0 : 1);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(read(pipe_fds[0], other, sizeof other), sizeof other);
    assert_memory_not_equal(bytes, other, sizeof bytes);
    close(pipe_fds[0]);
    close(pipe_fds[1]);
    /* More than a page at once. */
    static uint8_t many[10000];
    host->random(host->context, many, sizeof many);
    unsigned zeroes = 0;
    for (size_t i = 0; i < sizeof many; i++) {
        zeroes += many[i] == 0;
    }
    assert_true(zeroes < 120); /* 39 expected; 120 is 13 standard deviations away */
    why_loop_free(loop);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event_fetched_before_unwatch_is_not_delivered),
        cmocka_unit_test(without_interest_a_hang_up_does_not_spin),
        cmocka_unit_test(tasks_run_once_and_may_defer_and_cancel),
        cmocka_unit_test(what_is_deferred_in_every_turn_meets_its_deadline),
        cmocka_unit_test(a_watch_forgets_both_when_it_is_cancelled),
        cmocka_unit_test(posts_of_two_threads_keep_their_order),
        cmocka_unit_test(stop_ends_a_loop_that_waits_and_one_that_has_not_begun),
        cmocka_unit_test(masking_keys_are_uniform_and_differ),
        cmocka_unit_test(randomness_is_fresh_in_a_child_of_fork),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
