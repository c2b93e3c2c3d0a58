/* SPDX-License-Identifier: MIT
 *
 * The loop's backend on epoll, level-triggered.
 */
#include "net/poller.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#define BATCH 256

struct epoll_poller {
    struct why__poller poller;
    int fd;
    struct epoll_event events[BATCH];
};

/* epoll reports a hang-up also where nothing was asked for, again and again. One-shot without any
 * event reports it once and then is silent, and leaving that state cannot fail for want of memory,
 * as adding the descriptor anew could. */
static uint32_t events_of(unsigned interest) {
    uint32_t events = interest == 0 ? (uint32_t)EPOLLONESHOT : 0;
    if ((interest & WHY__READABLE) != 0) {
        events |= (uint32_t)EPOLLIN;
    }
    if ((interest & WHY__WRITABLE) != 0) {
        events |= (uint32_t)EPOLLOUT;
    }
    return events;
}

static unsigned ready_of(uint32_t events) {
    unsigned ready = 0;
    if ((events & (uint32_t)EPOLLIN) != 0) {
        ready |= WHY__READABLE;
    }
    if ((events & (uint32_t)EPOLLOUT) != 0) {
        ready |= WHY__WRITABLE;
    }
    if ((events & (uint32_t)(EPOLLERR | EPOLLHUP)) != 0) {
        ready |= WHY__BROKEN;
    }
    return ready;
}

static int control(struct why__poller *poller, int operation, struct why__watch *watch) {
    struct epoll_poller *self = (struct epoll_poller *)poller;
    struct epoll_event event = {.events = events_of(watch->interest), .data.ptr = watch};
    return epoll_ctl(self->fd, operation, watch->fd, &event);
}

static int epoll_watch(struct why__poller *poller, struct why__watch *watch) {
    return control(poller, EPOLL_CTL_ADD, watch) == 0 ? WHY_OK : WHY_ERR_SYSTEM;
}

static void epoll_rewatch(struct why__poller *poller, struct why__watch *watch) {
    int result = control(poller, EPOLL_CTL_MOD, watch);
    assert(result == 0);
    (void)result;
}

static void epoll_unwatch(struct why__poller *poller, struct why__watch *watch) {
    int result = control(poller, EPOLL_CTL_DEL, watch);
    assert(result == 0);
    (void)result;
}

static int epoll_wait_events(struct why__poller *poller, struct why__event *events, int max,
                             int timeout_ms) {
    struct epoll_poller *self = (struct epoll_poller *)poller;
    int count = epoll_wait(self->fd, self->events, max < BATCH ? max : BATCH, timeout_ms);
    for (int i = 0; i < count; i++) {
        events[i].watch = self->events[i].data.ptr;
        events[i].ready = ready_of(self->events[i].events);
        events[i].received.data.data = NULL;
    }
    return count;
}

static void epoll_free(struct why__poller *poller) {
    struct epoll_poller *self = (struct epoll_poller *)poller;
    close(self->fd);
    free(self);
}

struct why__poller *why__poller_epoll_new(void) {
    struct epoll_poller *self = malloc(sizeof *self);
    if (self == NULL) {
        return NULL;
    }
    self->poller = (struct why__poller){.watch = epoll_watch,
                                        .rewatch = epoll_rewatch,
                                        .unwatch = epoll_unwatch,
                                        .wait = epoll_wait_events,
                                        .free = epoll_free};
    self->fd = epoll_create1(EPOLL_CLOEXEC);
    if (self->fd < 0) {
        int error = errno;
        free(self);
        errno = error;
        return NULL;
    }
    return &self->poller;
}
