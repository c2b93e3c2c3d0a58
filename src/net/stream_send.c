/* SPDX-License-Identifier: MIT
 *
 * The stream's sending half: output is pulled from the owner, through TLS where there is one, into
 * as few system calls as the socket, and the loop, allow.
 */
#include "net/stream_send.h"

#include "net/ktls.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#define LIST_MAX 64

enum progress {
    PROGRESS_DONE,
    PROGRESS_BLOCKED,
    PROGRESS_BROKEN, /* errno says how */
};

static ssize_t send_vector(int fd, const struct why_bytes *list, size_t count) {
    struct iovec vector[LIST_MAX];
    for (size_t i = 0; i < count; i++) {
        /* An iovec has no const; sendmsg() does not write there. */
        memcpy(&vector[i].iov_base, &list[i].data, sizeof list[i].data);
        vector[i].iov_len = list[i].len;
    }
    struct msghdr message = {.msg_iov = vector, .msg_iovlen = count};
    return sendmsg(fd, &message, MSG_NOSIGNAL);
}

/* Leave out of the list what is more than is left of this turn's share; that is sent in a later
 * one, unless it is little.
 *
 * taken    how much this turn has sent of it
 * returns  how much of the list is left; 0: the share is used up */
static size_t cut(const struct why__stream *stream, struct why_bytes *list, size_t count,
                  size_t taken) {
    size_t len = taken;
    for (size_t i = 0; i < count; i++) {
        len += list[i].len;
    }
    if (len <= WHY__SHARE_MIN) {
        return count;
    }
    size_t share = why__loop_share(why__stream_loop(stream));
    share -= taken < share ? taken : share;
    if (share == 0 || len - taken <= 2 * share) {
        return share == 0 ? 0 : count;
    }
    for (size_t i = 0; i < count; i++) {
        if (list[i].len >= share) {
            list[i].len = share;
            return i + 1;
        }
        share -= list[i].len;
    }
    return count;
}

/* `sent` is how much the socket took. */
static enum progress send_list(const struct why__stream *stream, const struct why_bytes *list,
                               size_t count, size_t *sent) {
    size_t len = 0;
    for (size_t i = 0; i < count; i++) {
        len += list[i].len;
    }
    int fd = stream->watch.fd;
    ssize_t result = 0;
    do { /* of a single buffer the kernel has no list to fetch and to check */
        result = count == 1 ? send(fd, list[0].data, list[0].len, MSG_NOSIGNAL)
                            : send_vector(fd, list, count);
    } while (result < 0 && errno == EINTR);
    *sent = result > 0 ? (size_t)result : 0;
    if (result < 0) {
        return errno == EAGAIN || errno == EWOULDBLOCK ? PROGRESS_BLOCKED : PROGRESS_BROKEN;
    }
    return *sent < len ? PROGRESS_BLOCKED : PROGRESS_DONE;
}

/* Send the next of the output as it is. Where a turn's share was sent and there is more, it is as
 * if the socket were full: the loop says in its next turn that it is not.
 *
 * taken  what was sent in this turn; advanced
 * more   set where there was some */
static enum progress send_some(struct why__stream *stream, size_t *taken, bool *more) {
    struct why_bytes list[LIST_MAX];
    size_t count = stream->ops->output(stream, list, LIST_MAX);
    *more = count > 0;
    if (count == 0) {
        return PROGRESS_DONE;
    }
    count = cut(stream, list, count, *taken);
    if (count == 0) {
        return PROGRESS_BLOCKED;
    }
    size_t sent = 0;
    enum progress progress = send_list(stream, list, count, &sent);
    if (sent > 0) {
        stream->ops->output_consumed(stream, sent);
    }
    *taken += sent;
    return progress;
}

static enum progress send_plain(struct why__stream *stream) {
    enum progress progress = PROGRESS_DONE;
    size_t taken = 0;
    bool more = true;
    while (more && progress == PROGRESS_DONE) {
        progress = send_some(stream, &taken, &more);
    }
    return progress;
}

static enum progress send_ciphertext(struct why__stream *stream, size_t *len) {
    for (;;) {
        struct why_bytes output = why__tls_output(stream->tls);
        if (output.len == 0) {
            return PROGRESS_DONE;
        }
        size_t sent = 0;
        enum progress progress = send_list(stream, &output, 1, &sent);
        why__tls_output_consumed(stream->tls, sent);
        *len += sent;
        if (progress != PROGRESS_DONE) {
            return progress;
        }
    }
}

static bool can_send_data(const struct why__stream *stream) {
    enum why__tls_status status = why__tls_status(stream->tls);
    return status == WHY__TLS_OPEN || status == WHY__TLS_ENDED;
}

/* Whether close_notify is due, once there is no more output. */
static bool has_to_notify(const struct why__stream *stream) {
    bool is_last = stream->has_ended || (stream->is_finishing && stream->is_half_close);
    return is_last && !stream->has_notified;
}

/* Encrypt the next of the output. `more`: there is ciphertext to send. */
static enum progress encrypt(struct why__stream *stream, bool *more) {
    struct why_bytes list[LIST_MAX];
    *more = false;
    if (!can_send_data(stream)) {
        return PROGRESS_DONE;
    }
    size_t count = stream->ops->output(stream, list, LIST_MAX);
    if (count > 0) {
        size_t taken = 0;
        int result = why__tls_send(stream->tls, list, count, &taken);
        if (taken > 0) {
            stream->ops->output_consumed(stream, taken);
        }
        *more = taken > 0;
        errno = result == WHY_ERR_NOMEM ? ENOMEM : EPROTO;
        /* With nothing waiting to be sent it has to take something, or we would ask for ever. */
        return result == WHY_OK && taken > 0 ? PROGRESS_DONE : PROGRESS_BROKEN;
    }
    if (has_to_notify(stream)) {
        stream->has_notified = true;
        why__tls_close(stream->tls);
        *more = true;
    }
    return PROGRESS_DONE;
}

/* ---- Records that the kernel makes ---- */

/* Alerts and KeyUpdates. An alert is the last, whose record nothing would push on. */
static enum progress send_control(struct why__stream *stream) {
    struct why__tls_control control;
    int fd = stream->watch.fd;
    while (why__tls_control(stream->tls, &control)) {
        if (control.renews && !why__ktls_can_renew(fd)) {
            why__tls_wear_out(stream->tls);
            stream->ops->on_worn(stream);
            continue;
        }
        if (!control.renews && !why__ktls_has_room(fd)) {
            return PROGRESS_BLOCKED;
        }
        if (why__ktls_send(fd, &control) < 0) {
            return errno == EAGAIN || errno == EWOULDBLOCK ? PROGRESS_BLOCKED : PROGRESS_BROKEN;
        }
        why__tls_control_sent(stream->tls);
        struct why__tls_sending sending;
        errno = ENOMEM;
        if (control.renews &&
            (!why__tls_renew_sending(stream->tls, &sending) || !why__ktls_renew(fd, &sending))) {
            return PROGRESS_BROKEN; /* the peer decrypts with the new keys already */
        }
    }
    return PROGRESS_DONE;
}

/* What is next: of the output, or its end; as send_some(). */
static enum progress send_next(struct why__stream *stream, size_t *taken, bool *more) {
    *more = false;
    if (!can_send_data(stream) || stream->has_notified) {
        return PROGRESS_DONE;
    }
    size_t before = *taken;
    enum progress progress = send_some(stream, taken, more);
    why__tls_note_sent(stream->tls, *taken - before);
    if (!*more && has_to_notify(stream)) {
        stream->has_notified = true;
        why__tls_close(stream->tls);
        *more = true;
    }
    return progress;
}

static enum progress send_by_kernel(struct why__stream *stream, size_t taken) {
    bool more = true;
    while (more) {
        enum progress progress = send_control(stream);
        if (progress == PROGRESS_DONE) {
            progress = send_next(stream, &taken, &more);
        }
        if (progress != PROGRESS_DONE) {
            return progress;
        }
    }
    return PROGRESS_DONE;
}

/* Let the kernel go on, if it is to: only for who can end it where keys wear out. */
static bool has_given_away(struct why__stream *stream) {
    struct why__tls_sending sending;
    if (stream->ops->on_worn != NULL && why__tls_offer_sending(stream->tls, &sending)) {
        why__tls_settle_sending(stream->tls, why__ktls_begin(stream->watch.fd, &sending));
    }
    return why__tls_sends_outside(stream->tls);
}

static enum progress send_tls(struct why__stream *stream) {
    bool more = true;
    size_t sent = 0;
    while (more) {
        enum progress progress = send_ciphertext(stream, &sent);
        if (progress == PROGRESS_DONE && has_given_away(stream)) {
            return send_by_kernel(stream, sent);
        }
        if (progress == PROGRESS_DONE) {
            progress = encrypt(stream, &more);
        }
        if (progress != PROGRESS_DONE) {
            return progress;
        }
        if (more && sent >= why__loop_share(why__stream_loop(stream))) {
            return PROGRESS_BLOCKED; /* until the next turn, as above */
        }
    }
    return PROGRESS_DONE;
}

/* All is sent, and nothing more will be. */
static void say_farewell(struct why__stream *stream) {
    stream->is_drained = true;
    if (stream->is_half_close) {
        shutdown(stream->watch.fd, SHUT_WR);
    }
    if (stream->has_ended) {
        why__stream_lost(stream, 0);
    }
}

void why__stream_flush(struct why__stream *stream) {
    if (stream->is_open) {
        why__watch_defer(why__stream_loop(stream), &stream->watch);
    }
}

static void note_flush(struct why__stream *stream, bool is_done) {
    stream->is_blocked = !is_done;
    why__stream_rewatch(stream);
    if (stream->ops->on_flush != NULL) {
        stream->ops->on_flush(stream, is_done);
    }
}

void why__stream_flush_now(struct why__stream *stream) {
    if (!stream->is_open || stream->is_broken || stream->is_drained) {
        return;
    }
    bool was_finishing = stream->is_finishing; /* else there may be a close_notify to send yet */
    enum progress progress = stream->tls == NULL ? send_plain(stream) : send_tls(stream);
    if (progress == PROGRESS_BROKEN) {
        why__stream_broken(stream, errno);
        return;
    }
    bool is_done = progress == PROGRESS_DONE;
    note_flush(stream, is_done);
    if (!is_done || !stream->is_open || stream->is_blocked || stream->is_drained) {
        return;
    }
    if (was_finishing) {
        say_farewell(stream);
    } else if (stream->has_ended && !stream->is_finishing) {
        why__stream_lost(stream, 0);
    }
}

/* ---- Many at once ---- */

/* Whether its output can be sent as it is: without TLS, or as data of records of the kernel's. */
static bool goes_along(const struct why__stream *stream) {
    bool can_send = stream->is_open && !stream->is_broken && !stream->is_drained;
    if (!can_send || stream->tls == NULL) {
        return can_send;
    }
    return why__tls_sends_outside(stream->tls) && !why__tls_has_to_send(stream->tls) &&
           can_send_data(stream) && !stream->has_notified;
}

static struct why__stream *stream_of(struct why__watch *watch) {
    return WHY__CONTAINER(watch, struct why__stream, watch);
}

static void note_records(struct why__stream *stream, size_t len) {
    if (stream->tls != NULL) {
        why__tls_note_sent(stream->tls, len);
    }
}

/* What came of sending `len` bytes; the stream's task sees to what follows from it. */
static void note_result(struct why__stream *stream, ssize_t result, size_t len) {
    bool is_tried = len > 0 && result != -EINPROGRESS && result != -EINTR;
    if (is_tried && result < 0 && result != -EAGAIN) {
        stream->watch.owner_error = (uint16_t)-result;
    }
    stream->is_blocked = is_tried && (result < 0 || (size_t)result < len);
    stream->is_sent = true;
}

static void note_send(struct why__stream *stream, const struct why__send *send) {
    size_t len = 0;
    for (unsigned i = 0; i < send->count; i++) {
        len += send->list[i].len;
    }
    if (send->result > 0) {
        stream->ops->output_consumed(stream, (size_t)send->result);
        note_records(stream, (size_t)send->result);
    }
    note_result(stream, send->result, len);
}

/* What is gathered has to stay where it is until the loop has sent it, so nothing is called
 * meanwhile that could change it: the streams, and through them the program, hear of it when all is
 * noted. */
static void send_all(struct why_loop *loop) {
    struct why__send sends[WHY__SENDS_MAX];
    struct why__stream *streams[WHY__SENDS_MAX];
    struct why__watch *watch = NULL;
    do {
        size_t count = 0;
        while (count < WHY__SENDS_MAX && (watch = why__loop_next_send(loop)) != NULL) {
            struct why__stream *stream = stream_of(watch);
            streams[count] = stream;
            sends[count].fd = stream->watch.fd;
            sends[count].count = 0;
            if (goes_along(stream)) {
                struct why_bytes *list = sends[count].list;
                size_t parts = stream->ops->output(stream, list, WHY__SEND_LIST_MAX);
                sends[count].count = (unsigned)cut(stream, list, parts, 0);
            }
            count++;
        }
        why__loop_send(loop, sends, count);
        for (size_t i = 0; i < count; i++) {
            note_send(streams[i], &sends[i]);
            why__loop_defer_sent(loop, &streams[i]->watch);
        }
    } while (watch != NULL);
}

bool why__stream_is_clear(const struct why__stream *stream) {
    return goes_along(stream) && !stream->is_blocked && !stream->is_finishing && !stream->is_sent;
}

bool why__stream_is_sending(const struct why__stream *stream) {
    return stream->is_sending;
}

void why__stream_begin_send(struct why__stream_send *send) {
    send->stream->is_sending = true;
}

/* Nothing more is to be seen to where all went. */
static void end_send(struct why__stream_send *send, ssize_t result) {
    send->stream->is_sending = false;
    send->sent = result > 0 ? (size_t)result : 0;
    note_records(send->stream, send->sent);
    if (send->sent < send->data.len) {
        note_result(send->stream, result, send->data.len);
        why__watch_defer(why__stream_loop(send->stream), &send->stream->watch);
    }
}

static void send_by_loop(struct why_loop *loop, struct why__stream_send *sends, size_t count) {
    struct why__send at_once[WHY__SENDS_MAX];
    for (size_t i = 0; i < count; i++) {
        at_once[i].fd = sends[i].stream->watch.fd;
        at_once[i].count = 1;
        at_once[i].list[0] = sends[i].data;
    }
    why__loop_send(loop, at_once, count);
    for (size_t i = 0; i < count; i++) {
        end_send(&sends[i], at_once[i].result);
    }
}

void why__stream_send_many(struct why_loop *loop, struct why__stream_send *sends, size_t count) {
    if (why__loop_does_io(loop) && count > 1) {
        send_by_loop(loop, sends, count);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        ssize_t sent =
            send(sends[i].stream->watch.fd, sends[i].data.data, sends[i].data.len, MSG_NOSIGNAL);
        end_send(&sends[i], sent < 0 ? -errno : sent);
    }
}

bool why__stream_send_later(struct why__stream *stream) {
    if (!goes_along(stream) || !why__loop_does_io(why__stream_loop(stream))) {
        return false;
    }
    why__loop_defer_send(why__stream_loop(stream), &stream->watch, send_all);
    return true;
}

void why__stream_sent(struct why__stream *stream) {
    stream->is_sent = false;
    uint16_t error = stream->watch.owner_error;
    if (error != 0 && !stream->is_broken) {
        stream->watch.owner_error = 0;
        why__stream_broken(stream, error);
    } else if (stream->is_blocked) {
        note_flush(stream, false);
    } else {
        why__stream_flush_now(stream); /* what did not fit, mostly nothing */
    }
    if (stream->is_open && stream->is_resuming) {
        why__stream_flush(stream); /* it was asked for while the task was taken */
    }
}
