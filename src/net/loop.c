/* SPDX-License-Identifier: MIT
 *
 * The loop. A turn is: wait; what is ready; timers; tasks put off to the end of the turn; what they
 * have to send, where the backend sends for many at once. Posts of other threads come in through an
 * eventfd, as one more thing that is ready.
 */
#include "whysocket/conn.h"

#include "core/deflate_codecs.h"
#include "net/loop.h"
#include "net/poller.h"
#include "net/pool.h"
#include "net/random.h"
#include "net/timer.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define EVENTS_MAX 256
#define CODECS_KEEP_MS 1000
#define BUFFER_LEN ((size_t)128 * 1024)

/* The share of a turn, and what it is so long after somebody wanted little. */
#define SHARE ((size_t)1024 * 1024)
#define SHARE_SMALL ((size_t)64 * 1024)
#define SMALL_MS 100

struct post {
    struct post *next;
    void (*task)(void *argument);
    void *argument;
};

struct why_loop {
    struct why_host host;
    uint64_t now_ms;
    enum why_loop_backend backend;
    struct why__poller *poller;
    struct why__random *random;
    struct why__wheel wheel;
    struct why__later *tasks;   /* a ring: what is deferred */
    struct why__later *running; /* a ring: what of it this turn runs */
    struct why__later *sends;   /* a ring: the watches that have something to send */
    void (*send_all)(struct why_loop *loop);
    size_t watch_count;
    size_t hold_count;
    uint8_t *buffer;
    uint8_t *place; /* see why__loop_offer_place() */
    struct why__pool pool;
    uint64_t trim_ms;  /* when to look for codecs that nobody has needed */
    uint64_t small_ms; /* when somebody wanted little */

    int event_count; /* fetched events; those before event_at are delivered */
    int event_at;
    struct why__event events[EVENTS_MAX];

    struct why__watch wakeup; /* the eventfd; not in watch_count */
    atomic_bool stop;
    pthread_mutex_t mutex; /* over the posts */
    struct post *posts, **posts_end;
};

/* ---- The host ---- */

static void *host_allocate(void *context, void *memory, size_t size) {
    struct why_loop *loop = context;
    return why__pool_allocate(&loop->pool, memory, size, loop->now_ms);
}

static void *host_recall(void *context, size_t size) {
    struct why_loop *loop = context;
    return why__pool_recall(&loop->pool, size);
}

static void host_random(void *context, uint8_t *out, size_t len) {
    struct why_loop *loop = context;
    why__random_fill(loop->random, out, len);
}

uint64_t why__clock_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

const struct why_host *why_loop_host(const struct why_loop *loop) {
    return &loop->host;
}

uint64_t why__loop_now(const struct why_loop *loop) {
    return loop->now_ms;
}

struct why_span why__loop_buffer(struct why_loop *loop) {
    return (struct why_span){loop->buffer, BUFFER_LEN};
}

size_t why__loop_share(const struct why_loop *loop) {
    return loop->now_ms - loop->small_ms < SMALL_MS ? SHARE_SMALL : SHARE;
}

void why__loop_note_small(struct why_loop *loop) {
    loop->small_ms = loop->now_ms;
}

static bool is_in(struct why_span place, const uint8_t *data) {
    return (uintptr_t)data - (uintptr_t)place.data < place.len;
}

bool why__loop_has_read(const struct why_loop *loop, const uint8_t *data) {
    return is_in((struct why_span){loop->buffer, BUFFER_LEN}, data) ||
           (loop->event_at > 0 && is_in(loop->events[loop->event_at - 1].received.data, data));
}

void why__loop_offer_place(struct why_loop *loop, uint8_t *place) {
    loop->place = place;
}

uint8_t *why__loop_take_place(struct why_loop *loop, const uint8_t *data) {
    uint8_t *place = loop->place;
    if (place == NULL || place != data) {
        return NULL;
    }
    loop->place = NULL;
    return place;
}

/* ---- Watches ---- */

/* An event that was fetched before this moment is not for whoever watches after it. */
static void forget_events(struct why_loop *loop, const struct why__watch *watch) {
    for (int i = loop->event_at; i < loop->event_count; i++) {
        if (loop->events[i].watch == watch) {
            loop->events[i].watch = NULL;
        }
    }
}

int why__loop_watch(struct why_loop *loop, struct why__watch *watch, unsigned interest) {
    watch->interest = (uint8_t)interest;
    int result = loop->poller->watch(loop->poller, watch);
    loop->watch_count += result == WHY_OK;
    return result;
}

void why__loop_rewatch(struct why_loop *loop, struct why__watch *watch, unsigned interest) {
    if (interest != watch->interest) {
        watch->interest = (uint8_t)interest;
        loop->poller->rewatch(loop->poller, watch);
    }
}

void why__loop_unwatch(struct why_loop *loop, struct why__watch *watch) {
    forget_events(loop, watch);
    loop->poller->unwatch(loop->poller, watch);
    loop->watch_count--;
}

/* ---- Input and output by the backend ---- */

bool why__loop_does_io(const struct why_loop *loop) {
    return loop->poller->send != NULL;
}

struct why__received why__loop_received(const struct why_loop *loop) {
    return loop->events[loop->event_at - 1].received;
}

bool why__loop_is_receiving(const struct why_loop *loop, const struct why__watch *watch) {
    return loop->poller->is_receiving != NULL && loop->poller->is_receiving(loop->poller, watch);
}

void why__loop_send(struct why_loop *loop, struct why__send *sends, size_t count) {
    loop->poller->send(loop->poller, sends, count);
}

/* ---- Timers and tasks ---- */

void why__timer_set(struct why_loop *loop, struct why__timer *timer, uint64_t deadline_ms) {
    timer->later.kind = WHY__LATER_TIMER;
    why__wheel_set(&loop->wheel, &timer->later, deadline_ms);
}

void why__timer_cancel(struct why_loop *loop, struct why__timer *timer) {
    why__wheel_cancel(&loop->wheel, &timer->later);
}

static void append(struct why__later **ring, struct why__later *later) {
    struct why__later *first = *ring;
    if (first == NULL) {
        later->next = later;
        later->prev = later;
        *ring = later;
        return;
    }
    later->next = first;
    later->prev = first->prev;
    first->prev->next = later;
    first->prev = later;
}

static void drop_first(struct why__later **ring, const struct why__later *later) {
    if (*ring == later) {
        *ring = later->next == later ? NULL : later->next;
    }
}

static void unlink_later(struct why_loop *loop, struct why__later *later) {
    drop_first(&loop->tasks, later);
    drop_first(&loop->running, later);
    drop_first(&loop->sends, later);
    later->next->prev = later->prev;
    later->prev->next = later->next;
    later->next = NULL;
    later->prev = NULL;
}

/* Off the wheel, or from the ring where it waits, into this ring. */
static void move(struct why_loop *loop, struct why__later **ring, struct why__later *later) {
    if (later->is_deferred) {
        unlink_later(loop, later);
    } else {
        why__wheel_lift(&loop->wheel, later);
        later->is_deferred = true;
    }
    append(ring, later);
}

static void undefer(struct why_loop *loop, struct why__later *later) {
    if (later->is_deferred) {
        unlink_later(loop, later);
        later->is_deferred = false;
        why__wheel_put_back(&loop->wheel, later);
    }
}

void why__loop_defer(struct why_loop *loop, struct why__task *task) {
    task->later.kind = WHY__LATER_TASK;
    if (!task->later.is_deferred) {
        move(loop, &loop->tasks, &task->later);
    }
}

void why__loop_undefer(struct why_loop *loop, struct why__task *task) {
    undefer(loop, &task->later);
}

void why__watch_set(struct why_loop *loop, struct why__watch *watch, uint64_t deadline_ms) {
    watch->later.kind = WHY__LATER_WATCH;
    why__wheel_set(&loop->wheel, &watch->later, deadline_ms);
}

void why__watch_defer(struct why_loop *loop, struct why__watch *watch) {
    watch->later.kind = WHY__LATER_WATCH;
    if (!watch->later.is_deferred) {
        move(loop, &loop->tasks, &watch->later);
    }
}

void why__watch_cancel(struct why_loop *loop, struct why__watch *watch) {
    why__wheel_cancel(&loop->wheel, &watch->later);
    undefer(loop, &watch->later);
}

uint64_t why__watch_deadline(const struct why__watch *watch) {
    return watch->later.is_set ? why__later_deadline(&watch->later) : WHY_NO_DEADLINE;
}

static struct why__watch *watch_of(struct why__later *later) {
    return WHY__CONTAINER(later, struct why__watch, later);
}

/* Its moment has come: its deadline, or the end of the turn. */
static void call(struct why__later *later, unsigned ready) {
    struct why__watch *watch = watch_of(later);
    struct why__timer *timer = WHY__CONTAINER(later, struct why__timer, later);
    struct why__task *task = WHY__CONTAINER(later, struct why__task, later);
    switch ((enum why__later_kind)later->kind) {
    case WHY__LATER_TIMER:
        timer->on_due(timer);
        break;
    case WHY__LATER_TASK:
        task->run(task);
        break;
    case WHY__LATER_WATCH:
        watch->on_ready(watch, ready);
        break;
    }
}

static void fire(struct why__later *later) {
    call(later, WHY__DUE);
}

static void run_ring(struct why_loop *loop) {
    while (loop->running != NULL) {
        struct why__later *later = loop->running;
        undefer(loop, later);
        call(later, WHY__DEFERRED);
    }
}

/* What a task defers runs in the next turn, after what is ready then: tasks that defer each other
 * cannot keep the loop from its descriptors. */
static void run_tasks(struct why_loop *loop) {
    loop->running = loop->tasks;
    loop->tasks = NULL;
    run_ring(loop);
    if (loop->sends != NULL) {
        loop->send_all(loop);
        run_ring(loop);
    }
}

void why__loop_defer_send(struct why_loop *loop, struct why__watch *watch,
                          void (*send_all)(struct why_loop *loop)) {
    loop->send_all = send_all;
    move(loop, &loop->sends, &watch->later);
}

struct why__watch *why__loop_next_send(struct why_loop *loop) {
    struct why__later *later = loop->sends;
    if (later == NULL) {
        return NULL;
    }
    unlink_later(loop, later); /* and still deferred */
    return watch_of(later);
}

void why__loop_defer_sent(struct why_loop *loop, struct why__watch *watch) {
    append(&loop->running, &watch->later);
}

/* ---- Other threads ---- */

static void wake(struct why_loop *loop) {
    int error = errno; /* a signal handler may be who calls */
    uint64_t one = 1;
    /* A full counter is as good as another one in it. */
    ssize_t written = write(loop->wakeup.fd, &one, sizeof one);
    (void)written;
    errno = error;
}

int why_loop_post(struct why_loop *loop, void (*task)(void *argument), void *argument) {
    struct post *post = malloc(sizeof *post);
    if (post == NULL) {
        return WHY_ERR_NOMEM;
    }
    *post = (struct post){.task = task, .argument = argument};
    pthread_mutex_lock(&loop->mutex);
    bool was_empty = loop->posts == NULL;
    *loop->posts_end = post;
    loop->posts_end = &post->next;
    if (was_empty) {
        wake(loop); /* inside the lock: the loop cannot be freed between the two */
    }
    pthread_mutex_unlock(&loop->mutex);
    return WHY_OK;
}

void why_loop_stop(struct why_loop *loop) {
    atomic_store(&loop->stop, true);
    wake(loop);
}

static struct post *take_posts(struct why_loop *loop) {
    pthread_mutex_lock(&loop->mutex);
    struct post *posts = loop->posts;
    loop->posts = NULL;
    loop->posts_end = &loop->posts;
    pthread_mutex_unlock(&loop->mutex);
    return posts;
}

static void run_posts(struct why__watch *watch, unsigned ready) {
    (void)ready;
    struct why_loop *loop = WHY__CONTAINER(watch, struct why_loop, wakeup);
    uint64_t count = 0;
    ssize_t got = read(watch->fd, &count, sizeof count);
    (void)got;
    struct post *post = take_posts(loop);
    while (post != NULL) {
        struct post *next = post->next;
        post->task(post->argument);
        free(post);
        post = next;
    }
}

void why__loop_hold(struct why_loop *loop) {
    loop->hold_count++;
}

void why__loop_release(struct why_loop *loop) {
    loop->hold_count--;
}

/* ---- Turns ---- */

static void update_clock(struct why_loop *loop) {
    loop->now_ms = why__clock_us() / 1000;
}

static bool has_posts(struct why_loop *loop) {
    pthread_mutex_lock(&loop->mutex);
    bool has = loop->posts != NULL;
    pthread_mutex_unlock(&loop->mutex);
    return has;
}

static bool is_alive(struct why_loop *loop) {
    return loop->watch_count > 0 || loop->hold_count > 0 || loop->wheel.count > 0 ||
           loop->tasks != NULL || has_posts(loop);
}

static int wait_ms(const struct why_loop *loop) {
    if (loop->tasks != NULL) {
        return 0;
    }
    uint64_t next = why__wheel_next(&loop->wheel);
    uint64_t pool = why__pool_deadline(&loop->pool);
    next = pool < next ? pool : next;
    if (!why__codecs_is_empty(loop->host.codecs) && loop->trim_ms < next) {
        next = loop->trim_ms;
    }
    if (next == WHY_NO_DEADLINE) {
        return -1;
    }
    uint64_t pause = next > loop->now_ms ? next - loop->now_ms : 0;
    return pause > INT_MAX ? INT_MAX : (int)pause;
}

static void trim_codecs(struct why_loop *loop) {
    if (loop->now_ms >= loop->trim_ms) {
        why__codecs_trim(loop->host.codecs);
        loop->trim_ms = loop->now_ms + CODECS_KEEP_MS;
    }
}

static void deliver(struct why_loop *loop, struct why__event *event) {
    struct why__watch *watch = event->watch;
    if (watch != NULL) {
        unsigned kept = (unsigned)WHY__BROKEN | (unsigned)WHY__RECEIVED;
        unsigned ready = event->ready & (watch->interest | kept);
        if ((ready != 0 && watch->interest != 0) || (ready & WHY__RECEIVED) != 0) {
            watch->on_ready(watch, ready);
        }
    }
    if (event->received.data.data != NULL) {
        loop->poller->give_back(loop->poller, event);
    }
}

static int turn(struct why_loop *loop) {
    update_clock(loop); /* what ran since may have taken long */
    int count = loop->poller->wait(loop->poller, loop->events, EVENTS_MAX, wait_ms(loop));
    if (count < 0 && errno != EINTR) {
        return WHY_ERR_SYSTEM;
    }
    update_clock(loop);
    loop->event_count = count > 0 ? count : 0;
    for (loop->event_at = 0; loop->event_at < loop->event_count;) {
        deliver(loop, &loop->events[loop->event_at++]);
    }
    why__wheel_fire(&loop->wheel, loop->now_ms, fire);
    why__pool_tick(&loop->pool, loop->now_ms);
    trim_codecs(loop);
    run_tasks(loop);
    return WHY_OK;
}

int why_loop_run(struct why_loop *loop) {
    int result = WHY_OK;
    while (result == WHY_OK && is_alive(loop)) {
        result = turn(loop);
        if (atomic_exchange(&loop->stop, false)) {
            break;
        }
    }
    if (loop->poller->rest != NULL) {
        loop->poller->rest(loop->poller);
    }
    return result;
}

/* ---- Life ---- */

/* io_uring is refused by older kernels, and by many a sandbox on newer ones. */
static struct why__poller *open_poller(struct why_loop *loop, enum why_loop_backend backend) {
    struct why__poller *poller = NULL;
    if (backend != WHY_LOOP_EPOLL) {
        loop->backend = WHY_LOOP_IO_URING;
        poller = why__poller_uring_new();
    }
    if (poller == NULL && backend != WHY_LOOP_IO_URING) {
        loop->backend = WHY_LOOP_EPOLL;
        poller = why__poller_epoll_new();
    }
    return poller;
}

static bool open_loop(struct why_loop *loop, enum why_loop_backend backend) {
    loop->poller = open_poller(loop, backend);
    loop->random = loop->poller == NULL ? NULL : why__random_new();
    loop->buffer = loop->random == NULL ? NULL : malloc(BUFFER_LEN);
    if (loop->buffer == NULL) {
        return false;
    }
    loop->host.codecs = why__codecs_new(&loop->host);
    if (loop->host.codecs == NULL) {
        errno = ENOMEM;
        return false;
    }
    loop->wakeup.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    loop->wakeup.on_ready = run_posts;
    loop->wakeup.interest = WHY__READABLE;
    return loop->wakeup.fd >= 0 && loop->poller->watch(loop->poller, &loop->wakeup) == WHY_OK;
}

struct why_loop *why_loop_new(void) {
    return why_loop_new_on(WHY_LOOP_EPOLL);
}

enum why_loop_backend why_loop_backend(const struct why_loop *loop) {
    return loop->backend;
}

struct why_loop *why_loop_new_on(enum why_loop_backend backend) {
    struct why_loop *loop = calloc(1, sizeof *loop);
    if (loop == NULL) {
        return NULL;
    }
    loop->wakeup.fd = -1;
    loop->posts_end = &loop->posts;
    pthread_mutex_init(&loop->mutex, NULL);
    loop->host = (struct why_host){.context = loop,
                                   .allocate = host_allocate,
                                   .random = host_random,
                                   .now_ms = &loop->now_ms,
                                   .recall = host_recall};
    update_clock(loop);
    why__wheel_init(&loop->wheel, loop->now_ms);
    if (!open_loop(loop, backend)) {
        int error = errno;
        why_loop_free(loop);
        errno = error;
        return NULL;
    }
    return loop;
}

void why_loop_free(struct why_loop *loop) {
    if (loop == NULL) {
        return;
    }
    while (loop->tasks != NULL) {
        run_tasks(loop); /* what ended in the last turn is freed by a task */
    }
    for (struct post *post = take_posts(loop); post != NULL;) {
        struct post *next = post->next;
        free(post);
        post = next;
    }
    if (loop->wakeup.fd >= 0) {
        close(loop->wakeup.fd);
    }
    if (loop->poller != NULL) {
        loop->poller->free(loop->poller);
    }
    why__random_free(loop->random);
    free(loop->buffer);
    why__codecs_free(loop->host.codecs);
    why__pool_clear(&loop->pool);
    pthread_mutex_destroy(&loop->mutex);
    free(loop);
}
