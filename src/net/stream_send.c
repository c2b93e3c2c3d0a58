/* SPDX-License-Identifier: MIT
 *
 * The stream's sending half: output is pulled from the owner, through TLS where there is one, into
 * as few system calls as the socket allows.
 */
#include "net/stream_send.h"

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

/* `sent` is how much the socket took. */
static enum progress send_list(const struct why__stream *stream, const struct why_bytes *list,
                               size_t count, size_t *sent) {
    struct iovec vector[LIST_MAX];
    size_t len = 0;
    for (size_t i = 0; i < count; i++) {
        /* An iovec has no const; sendmsg() does not write there. */
        memcpy(&vector[i].iov_base, &list[i].data, sizeof list[i].data);
        vector[i].iov_len = list[i].len;
        len += list[i].len;
    }
    struct msghdr message = {.msg_iov = vector, .msg_iovlen = count};
    ssize_t result = 0;
    do {
        result = sendmsg(stream->watch.fd, &message, MSG_NOSIGNAL);
    } while (result < 0 && errno == EINTR);
    *sent = result > 0 ? (size_t)result : 0;
    if (result < 0) {
        return errno == EAGAIN || errno == EWOULDBLOCK ? PROGRESS_BLOCKED : PROGRESS_BROKEN;
    }
    return *sent < len ? PROGRESS_BLOCKED : PROGRESS_DONE;
}

static enum progress send_plain(struct why__stream *stream) {
    struct why_bytes list[LIST_MAX];
    for (;;) {
        size_t count = stream->ops->output(stream, list, LIST_MAX);
        if (count == 0) {
            return PROGRESS_DONE;
        }
        size_t sent = 0;
        enum progress progress = send_list(stream, list, count, &sent);
        if (sent > 0) {
            stream->ops->output_consumed(stream, sent);
        }
        if (progress != PROGRESS_DONE) {
            return progress;
        }
    }
}

static enum progress send_ciphertext(struct why__stream *stream) {
    for (;;) {
        struct why_bytes output = why__tls_output(stream->tls);
        if (output.len == 0) {
            return PROGRESS_DONE;
        }
        size_t sent = 0;
        enum progress progress = send_list(stream, &output, 1, &sent);
        why__tls_output_consumed(stream->tls, sent);
        if (progress != PROGRESS_DONE) {
            return progress;
        }
    }
}

/* Encrypt the next of the output. `more`: there is ciphertext to send. */
static enum progress encrypt(struct why__stream *stream, bool *more) {
    struct why_bytes list[LIST_MAX];
    *more = false;
    enum why__tls_status status = why__tls_status(stream->tls);
    if (status != WHY__TLS_OPEN && status != WHY__TLS_ENDED) {
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
    if (stream->is_finishing && stream->is_half_close && !stream->has_notified) {
        stream->has_notified = true;
        why__tls_close(stream->tls);
        *more = true;
    }
    return PROGRESS_DONE;
}

static enum progress send_tls(struct why__stream *stream) {
    bool more = true;
    while (more) {
        enum progress progress = send_ciphertext(stream);
        if (progress == PROGRESS_DONE) {
            progress = encrypt(stream, &more);
        }
        if (progress != PROGRESS_DONE) {
            return progress;
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
        why__loop_defer(stream->loop, &stream->task);
    }
}

void why__stream_push(struct why__stream *stream) {
    if (stream->is_open && !stream->is_broken && !stream->is_drained) {
        (void)(stream->tls == NULL ? send_plain(stream) : send_tls(stream));
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
    stream->is_blocked = !is_done;
    why__stream_rewatch(stream);
    if (stream->ops->on_flush != NULL) {
        stream->ops->on_flush(stream, is_done);
    }
    if (is_done && was_finishing && stream->is_open && !stream->is_blocked && !stream->is_drained) {
        say_farewell(stream);
    }
}
