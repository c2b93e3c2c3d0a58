/* SPDX-License-Identifier: MIT
 *
 * stdout stays as blocking as it was: the descriptor is often shared with other programs, which
 * O_NONBLOCK would break. What poll() calls writable takes PIPE_BUF bytes at once, so no more than
 * that is written at a time.
 */
#include "cmd/connect_sink.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void on_ready(struct why__watch *watch, unsigned ready);

void sink_init(struct sink *sink, struct why_loop *loop, void (*on_drained)(struct sink *sink)) {
    *sink = (struct sink){
        .loop = loop,
        .on_drained = on_drained,
        .watch = {.fd = STDOUT_FILENO, .on_ready = on_ready},
    };
}

bool sink_is_full(const struct sink *sink) {
    return sink->start < sink->end;
}

static void fail(struct sink *sink, int error) {
    sink->error = error;
    sink->start = 0;
    sink->end = 0;
}

/* Write what there is until the reader has enough; `timeout_ms` -1 waits for it. */
static void write_some(struct sink *sink, int timeout_ms) {
    while (sink_is_full(sink)) {
        struct pollfd ready = {.fd = STDOUT_FILENO, .events = POLLOUT};
        int count = poll(&ready, 1, timeout_ms);
        if (count == 0 || (count < 0 && errno == EINTR)) {
            return;
        }
        size_t len = sink->end - sink->start;
        ssize_t written =
            write(STDOUT_FILENO, sink->data + sink->start, len < PIPE_BUF ? len : PIPE_BUF);
        if (written >= 0) {
            sink->start += (size_t)written;
        } else if (errno != EINTR && errno != EAGAIN) {
            fail(sink, errno);
        }
    }
    sink->start = 0;
    sink->end = 0;
}

/* A descriptor that cannot be watched (a file) is always writable, and never comes here. */
static void watch_if_full(struct sink *sink) {
    unsigned interest = sink_is_full(sink) ? WHY__WRITABLE : 0;
    if (sink->is_watched) {
        why__loop_rewatch(sink->loop, &sink->watch, interest);
    } else if (interest != 0) {
        sink->is_watched = why__loop_watch(sink->loop, &sink->watch, interest) == WHY_OK;
        if (!sink->is_watched) {
            fail(sink, errno);
        }
    }
}

static void on_ready(struct why__watch *watch, unsigned ready) {
    (void)ready;
    struct sink *sink = WHY__CONTAINER(watch, struct sink, watch);
    write_some(sink, 0);
    watch_if_full(sink);
    if (!sink_is_full(sink)) {
        sink->on_drained(sink);
    }
}

static bool make_room(struct sink *sink, size_t len) {
    if (sink->start > 0) {
        memmove(sink->data, sink->data + sink->start, sink->end - sink->start);
        sink->end -= sink->start;
        sink->start = 0;
    }
    if (sink->size - sink->end >= len) {
        return true;
    }
    size_t size = 2 * sink->size > sink->end + len ? 2 * sink->size : sink->end + len;
    uint8_t *data = realloc(sink->data, size);
    if (data == NULL) {
        return false;
    }
    sink->data = data;
    sink->size = size;
    return true;
}

void sink_write(struct sink *sink, const void *data, size_t len) {
    if (sink->error != 0 || len == 0) {
        return;
    }
    if (!make_room(sink, len)) {
        fail(sink, ENOMEM);
    } else {
        memcpy(sink->data + sink->end, data, len);
        sink->end += len;
        write_some(sink, 0);
    }
    watch_if_full(sink);
}

void sink_finish(struct sink *sink) {
    while (sink_is_full(sink)) {
        write_some(sink, -1);
    }
    if (sink->is_watched) {
        why__loop_unwatch(sink->loop, &sink->watch);
    }
    free(sink->data);
    sink->data = NULL;
}
