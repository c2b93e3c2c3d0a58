/* SPDX-License-Identifier: MIT */
#include "cmd/connect_filter.h"

#include "base/utf8.h"
#include "cmd/connect.h"
#include "why/i18n.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    CHUNK = 64 << 10,
    LINE_LEN_MAX = 16 << 20,
    GIVEN_UP_MS = 1000,
};

static void on_ready(struct why__watch *watch, unsigned ready);
static void on_again(struct why__task *task);
static void on_quiet(struct why__timer *timer);

void filter_init(struct filter *filter, struct connect *connect) {
    *filter = (struct filter){
        .connect = connect,
        .watch = {.fd = STDIN_FILENO, .on_ready = on_ready},
        .again = {.run = on_again},
        .quiet = {.on_due = on_quiet},
        .line = 1,
    };
}

/* ---- The end of the input ---- */

static void wait_for_quiet(struct filter *filter) {
    const struct connect *connect = filter->connect;
    uint64_t wait_ms = connect->asked->wait_ms;
    if (connect->own_code != EXIT_CODE_OK) {
        wait_ms = GIVEN_UP_MS; /* whoever asked to wait for ever did not ask for this */
    }
    if (wait_ms > 0) {
        why__timer_set(connect->loop, &filter->quiet, why__loop_now(connect->loop) + wait_ms);
    }
}

/* What is still on its way, on either side, is waited for: it is not the peer that is slow. */
static void on_quiet(struct why__timer *timer) {
    struct filter *filter = WHY__CONTAINER(timer, struct filter, quiet);
    struct connect *connect = filter->connect;
    if (connect->session == NULL) {
        return;
    }
    if (why_session_queued(connect->session) > 0 || sink_is_full(&connect->sink)) {
        wait_for_quiet(filter);
    } else {
        connect_leave(connect);
    }
}

void filter_heard(struct filter *filter) {
    if (filter->quiet.later.is_set) {
        wait_for_quiet(filter);
    }
}

/* The input cannot be used any further. What was sent before is still answered. */
static void give_up(struct filter *filter, enum exit_code code) {
    filter->is_ended = true;
    filter->start = filter->end;
    filter->connect->own_code = code;
}

/* ---- Messages ---- */

static void refuse_line(struct filter *filter, const uint8_t *data, size_t len) {
    struct why__utf8 check = {0};
    size_t at = why__utf8_check(&check, data, len);
    const struct output *output = &filter->connect->call->output;
    unsigned long long line = filter->line;
    if (at < len) {
        output_diagnostic(output,
                          tr(output->lang, "line %llu of the input is not UTF-8: byte %02x at "
                                           "offset %zu; it was not sent (--binary sends any "
                                           "bytes)"),
                          line, data[at], at);
    } else {
        output_diagnostic(output,
                          tr(output->lang, "line %llu of the input is not UTF-8: it ends inside a "
                                           "character, at offset %zu; it was not sent (--binary "
                                           "sends any bytes)"),
                          line, len);
    }
    give_up(filter, EXIT_CODE_USAGE);
}

/* The next message's length, without its line feed; SIZE_MAX where it is not whole yet. */
static size_t next_len(struct filter *filter) {
    size_t len = filter->end - filter->start;
    if (filter->connect->asked->binary) {
        return len > 0 ? len : SIZE_MAX;
    }
    const uint8_t *line = filter->data + filter->start;
    const uint8_t *feed = len > filter->searched
                              ? memchr(line + filter->searched, '\n', len - filter->searched)
                              : NULL;
    filter->searched = len;
    if (feed != NULL) {
        return (size_t)(feed - line);
    }
    return filter->is_ended && len > 0 ? len : SIZE_MAX;
}

static void drop_message(struct filter *filter, size_t len) {
    bool has_feed = !filter->connect->asked->binary && filter->start + len < filter->end;
    filter->start += len + has_feed;
    filter->searched = 0;
    filter->line++;
}

/* Send what is whole. False: no more can be sent for now. */
static bool send_all(struct filter *filter) {
    struct connect *connect = filter->connect;
    enum why_opcode opcode = connect->asked->binary ? WHY_OPCODE_BINARY : WHY_OPCODE_TEXT;
    for (;;) {
        size_t len = next_len(filter);
        if (len == SIZE_MAX) {
            return true;
        }
        struct why_bytes data = {filter->data + filter->start, len};
        int result = connect_send(connect, opcode, data);
        if (result == WHY_ERR_UTF8) {
            refuse_line(filter, data.data, data.len);
            return true;
        }
        if (result != WHY_OK) {
            filter->is_full = result == WHY_ERR_FULL;
            filter->searched = 0;
            return false;
        }
        drop_message(filter, len);
    }
}

/* ---- Reading ---- */

static bool make_room(struct filter *filter) {
    size_t len = filter->end - filter->start;
    if (filter->start > 0 && len > 0) {
        memmove(filter->data, filter->data + filter->start, len);
    }
    filter->start = 0;
    filter->end = len;
    if (filter->size - filter->end >= CHUNK) {
        return true;
    }
    size_t size = filter->size == 0 ? 2 * (size_t)CHUNK : 2 * filter->size;
    uint8_t *data = realloc(filter->data, size);
    if (data == NULL) {
        return false;
    }
    filter->data = data;
    filter->size = size;
    return true;
}

/* Ask for more where more can be used. */
static void set_interest(struct filter *filter) {
    const struct connect *connect = filter->connect;
    bool wants =
        connect->session != NULL && !connect->is_leaving && !filter->is_ended && !filter->is_full;
    if (filter->is_watched) {
        why__loop_rewatch(connect->loop, &filter->watch, wants ? WHY__READABLE : 0);
    } else if (wants) {
        why__loop_defer(connect->loop, &filter->again);
    } else {
        why__loop_undefer(connect->loop, &filter->again);
    }
}

static void pump(struct filter *filter) {
    bool is_sent = send_all(filter);
    const struct output *output = &filter->connect->call->output;
    if (is_sent && filter->end - filter->start > LINE_LEN_MAX) {
        unsigned long long line = filter->line;
        output_diagnostic(output,
                          tr(output->lang, "line %llu of the input is longer than %d bytes; "
                                           "--binary sends without lines"),
                          line, (int)LINE_LEN_MAX);
        give_up(filter, EXIT_CODE_USAGE);
    }
    if (is_sent && filter->is_ended) {
        wait_for_quiet(filter);
    }
    set_interest(filter);
}

static void read_some(struct filter *filter) {
    const struct output *output = &filter->connect->call->output;
    if (!make_room(filter)) {
        output_diagnostic(output, "%s", tr(output->lang, "out of memory"));
        give_up(filter, EXIT_CODE_INTERNAL);
        pump(filter);
        return;
    }
    ssize_t got = read(STDIN_FILENO, filter->data + filter->end, CHUNK);
    if (got > 0) {
        filter->end += (size_t)got;
    } else if (got == 0) {
        filter->is_ended = true;
    } else if (errno != EINTR && errno != EAGAIN) {
        output_diagnostic(output, tr(output->lang, "stdin cannot be read: %s"), strerror(errno));
        give_up(filter, EXIT_CODE_USAGE);
    }
    pump(filter);
}

static void on_ready(struct why__watch *watch, unsigned ready) {
    (void)ready;
    read_some(WHY__CONTAINER(watch, struct filter, watch));
}

static void on_again(struct why__task *task) {
    read_some(WHY__CONTAINER(task, struct filter, again));
}

void filter_go_on(struct filter *filter) {
    struct why_loop *loop = filter->connect->loop;
    if (!filter->is_started) {
        filter->is_started = true;
        filter->is_watched = why__loop_watch(loop, &filter->watch, 0) == WHY_OK;
    }
    filter->is_full = false;
    pump(filter);
}

void filter_hold(struct filter *filter) {
    why__timer_cancel(filter->connect->loop, &filter->quiet);
    set_interest(filter);
}

void filter_clear(struct filter *filter) {
    struct why_loop *loop = filter->connect->loop;
    if (filter->is_watched) {
        why__loop_unwatch(loop, &filter->watch);
    }
    why__loop_undefer(loop, &filter->again);
    why__timer_cancel(loop, &filter->quiet);
    free(filter->data);
    filter->data = NULL;
}
