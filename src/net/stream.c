/* SPDX-License-Identifier: MIT
 *
 * The stream's life and its reading half. Sending is in stream_send.c.
 */
#include "net/stream.h"

#include "core/redact.h"
#include "net/stream_send.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Reads in one turn, a buffer each: more waits for the next turn, after everybody else's. */
#define READS_PER_TURN 4

/* What a peer may still have been sending when its stream was finished: a message of the default
 * limit, which it writes to the end before it looks at what came. Who sends more will not look. */
#define DISCARD_MAX ((size_t)16 << 20)

/* Where larger reads are usual they are made straight to where the bytes are wanted, and so many
 * small ones have to come before the loop reads again. */
#define SMALL_READS 3

/* What comes at once, outside a large message, is less from who wants little. */
#define SMALL_LEN 4096

struct why__held {
    size_t len;
    uint8_t data[];
};

enum why_cause why__stream_cause(int os_error, enum why_transport *transport) {
    *transport = WHY_TRANSPORT_ERRNO;
    switch (os_error) {
    case 0:
        *transport = WHY_TRANSPORT_FIN;
        return WHY_CAUSE_TCP_FIN;
    case ECONNRESET:
    case EPIPE: /* a reset that came after the peer's FIN */
        *transport = WHY_TRANSPORT_RESET;
        return WHY_CAUSE_TCP_RESET;
    case ETIMEDOUT:
        *transport = WHY_TRANSPORT_TIMEOUT;
        return WHY_CAUSE_TCP_TIMEOUT;
    case ECONNREFUSED:
        return WHY_CAUSE_TCP_REFUSED;
    case EHOSTUNREACH:
    case ENETUNREACH:
    case EHOSTDOWN:
    case ENETDOWN:
        return WHY_CAUSE_TCP_UNREACHABLE;
    case EACCES:
    case EPERM:
        return WHY_CAUSE_TCP_DENIED;
    case ENOMEM:
        return WHY_CAUSE_LOCAL_OUT_OF_MEMORY;
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case EADDRNOTAVAIL:
    case EAGAIN:
        return WHY_CAUSE_TCP_NO_RESOURCE;
    case ENOENT:
        return WHY_CAUSE_TCP_NO_UNIX_SOCKET;
    default:
        return WHY_CAUSE_TCP_FAILED;
    }
}

void why__stream_tune(int fd, uint32_t user_timeout_ms) {
    /* Where these are not known, on a unix socket for one, there is nothing to tune. */
    int one = 1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (user_timeout_ms != 0) {
        (void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &user_timeout_ms,
                         sizeof user_timeout_ms);
    }
}

static bool wants_input(const struct why__stream *stream) {
    return stream->is_open && !stream->has_ended &&
           (stream->is_finishing ? stream->discarded < DISCARD_MAX
                                 : !stream->is_paused && !stream->is_stuck);
}

static unsigned input_interest(const struct why__stream *stream) {
    if (!wants_input(stream)) {
        return 0;
    }
    bool by_loop = stream->is_steady && stream->watch.owner_count == 0 && !stream->is_broken;
    return by_loop ? WHY__RECEIVED : WHY__READABLE;
}

void why__stream_rewatch(struct why__stream *stream) {
    if (stream->is_open) {
        why__loop_rewatch(why__stream_loop(stream), &stream->watch,
                          input_interest(stream) |
                              (stream->is_blocked ? (unsigned)WHY__WRITABLE : 0));
    }
}

void why__stream_lost(struct why__stream *stream, int os_error) {
    enum why_transport transport = WHY_TRANSPORT_NONE;
    enum why_cause cause = why__stream_cause(os_error, &transport);
    if (stream->tls != NULL) {
        enum why_cause tls_cause = why__tls_cause(stream->tls);
        if (tls_cause != WHY_CAUSE_NONE) {
            transport = WHY_TRANSPORT_TLS_ALERT;
        } else {
            tls_cause = why__tls_lost(stream->tls, transport, os_error);
        }
        cause = tls_cause != WHY_CAUSE_NONE ? tls_cause : cause;
    }
    stream->ops->on_lost(stream, cause, transport, os_error);
    why__stream_close(stream);
}

/* ---- Upwards ---- */

static bool hold(struct why__stream *stream, struct why_span input) {
    size_t len = stream->held != NULL ? stream->held->len : 0;
    struct why__held *held = realloc(stream->held, sizeof *held + len + input.len);
    if (held == NULL) {
        why__stream_lost(stream, ENOMEM);
        return false;
    }
    memcpy(held->data + len, input.data, input.len);
    held->len = len + input.len;
    stream->held = held;
    stream->is_stuck = true;
    return true;
}

/* Hand plaintext up, after what is held. Whether the stream goes on to be read by its owner.
 *
 * input  what is left of it is held; where TLS has begun within it, it is the caller's */
static bool feed(struct why__stream *stream, struct why_span *input) {
    const struct why__tls *tls = stream->tls;
    if (!stream->is_paused && !stream->is_stuck) {
        stream->ops->on_data(stream, input);
        if (!stream->is_open || stream->is_finishing) {
            return false;
        }
        if (stream->tls != tls) {
            return true;
        }
    }
    return input->len == 0 || hold(stream, *input);
}

/* The peer has said all, which is not to say that it does not listen: what we have for it is sent
 * before the stream is lost (RFC 8446 section 6.1; and so it is with a FIN). */
static void ended(struct why__stream *stream) {
    stream->has_ended = true;
    if (!stream->is_finishing) {
        why__stream_flush_now(stream);
    } else if (stream->is_drained) {
        why__stream_lost(stream, 0);
    }
}

static void tls_failed(struct why__stream *stream) {
    why__stream_finish(stream, true);
    stream->is_secured = true;
    stream->ops->on_tls(stream, false);
}

/* The owner's own room, while what comes goes straight to it. */
static struct why_span owners_room(struct why__stream *stream) {
    bool is_listening = stream->ops->room != NULL && !stream->is_finishing && !stream->is_paused &&
                        !stream->is_stuck;
    return is_listening ? stream->ops->room(stream) : (struct why_span){0};
}

/* One step of TLS. False: the stream is closed, finishing, or there is no more to decrypt. */
static bool decrypt(struct why__stream *stream, struct why_bytes *input) {
    struct why_span room = owners_room(stream);
    if (room.data == NULL) {
        room = why__loop_buffer(why__stream_loop(stream));
        room.len /= 2; /* `input` is in the other half */
    }
    size_t input_len = input->len;
    size_t plain_len = 0;
    enum why__tls_status status = why__tls_receive(stream->tls, input, room, &plain_len);
    bool is_up = status == WHY__TLS_OPEN || status == WHY__TLS_ENDED;
    if (is_up && !stream->is_secured) {
        stream->is_secured = true;
        stream->ops->on_tls(stream, true);
        if (!stream->is_open || stream->is_finishing) {
            return false;
        }
    }
    if (plain_len > 0 && !feed(stream, &(struct why_span){room.data, plain_len})) {
        return false;
    }
    if (status == WHY__TLS_FAILED) {
        tls_failed(stream);
        return false;
    }
    if (status == WHY__TLS_ENDED && plain_len == 0) {
        if (!stream->is_stuck && !stream->is_paused) {
            ended(stream);
        }
        return false;
    }
    return plain_len > 0 || input->len < input_len;
}

/* Nothing more is wanted but the peer's end. In TLS that is its close_notify: a peer that waits for
 * ours in turn sends no FIN before it. What else comes is discarded. */
static void await_notify(struct why__stream *stream, struct why_bytes input) {
    struct why_span room = why__loop_buffer(why__stream_loop(stream));
    room.len /= 2; /* `input` is in the other half */
    enum why__tls_status status = WHY__TLS_OPEN;
    size_t plain_len = 0;
    size_t before = 0;
    do {
        before = input.len;
        status = why__tls_receive(stream->tls, &input, room, &plain_len);
    } while (status != WHY__TLS_FAILED && (plain_len > 0 || input.len < before));
    if (status == WHY__TLS_ENDED) {
        ended(stream);
    }
}

/* Where to read to: TLS decrypts from the second half of the loop's buffer into the first.
 *
 * is_large  set where the owner is inside a large message, or expects one */
static struct why_span room_of(struct why__stream *stream, bool *is_large) {
    struct why_span room = why__loop_buffer(why__stream_loop(stream));
    struct why_span owners = owners_room(stream);
    *is_large = owners.len > 0;
    if (stream->tls != NULL) {
        room.len /= 2;
        room.data += room.len;
        return room;
    }
    if (owners.data == NULL) {
        owners.data = room.data;
        owners.len = owners.len > 0 ? owners.len : room.len;
    }
    return owners;
}

/* TLS began within plaintext, as behind a proxy's answer to CONNECT. We speak first, so that no TLS
 * comes along with that answer; what does is ciphertext all the same, whose failure says what it
 * is. Taking it for plaintext of that TLS would let anyone on the way write into it.
 *
 * returns  it, where decrypt() wants it: more than fits there is no record, and fails before */
static struct why_span take_early(struct why__stream *stream, struct why_span input) {
    bool is_large = false;
    struct why_span room = room_of(stream, &is_large);
    room.len = input.len < room.len ? input.len : room.len;
    memmove(room.data, input.data, room.len);
    return room;
}

/* Bytes from the socket, into TLS or straight up. */
static void take(struct why__stream *stream, struct why_span input) {
    if (stream->is_finishing) {
        stream->discarded += input.len;
        if (stream->tls != NULL && !stream->is_half_close) {
            await_notify(stream, (struct why_bytes){input.data, input.len});
        }
        return;
    }
    if (stream->tls != NULL && !stream->has_begun) {
        stream->has_begun = true;
        struct why_bytes first = {input.data, input.len};
        if (stream->ops->on_first != NULL && !stream->ops->on_first(stream, first)) {
            why__tls_free(stream->tls);
            stream->tls = NULL;
        }
    }
    if (!stream->is_open) {
        return;
    }
    if (stream->tls == NULL) {
        feed(stream, &input);
        if (!stream->is_open || stream->tls == NULL || input.len == 0) {
            return;
        }
        input = take_early(stream, input);
    }
    struct why_bytes rest = {input.data, input.len};
    while (decrypt(stream, &rest)) {
    }
    if (stream->is_open && stream->is_finishing && !stream->is_half_close) {
        await_notify(stream, rest);
    }
    if (stream->is_open && why__tls_has_to_send(stream->tls)) {
        why__stream_flush(stream);
    }
}

/* Learn from how much came at once who should read next, and whether this is one of those who want
 * little. */
static void note_read(struct why__stream *stream, size_t len, bool is_large) {
    /* The rest of what was much is little, too. */
    if (len < SMALL_LEN && !is_large && stream->watch.owner_count == 0) {
        why__loop_note_small(why__stream_loop(stream));
    }
    if (len >= WHY__RECEIVED_MAX) {
        stream->watch.owner_count = SMALL_READS;
    } else if (stream->watch.owner_count > 0) {
        stream->watch.owner_count--;
    }
}

/* The loop has read for the stream. An end that comes when it is not to be read yet is not lost:
 * reading again finds it. */
static void take_received(struct why__stream *stream) {
    struct why__received received = why__loop_received(why__stream_loop(stream));
    if (received.data.len > 0) {
        note_read(stream, received.data.len, false);
        take(stream, received.data);
        return;
    }
    if (received.error != 0 && stream->watch.owner_error == 0) {
        stream->watch.owner_error = (uint16_t)received.error;
    }
    if (!wants_input(stream)) {
        return;
    }
    if (stream->watch.owner_error == 0) {
        ended(stream);
    } else {
        why__stream_lost(stream, stream->watch.owner_error);
    }
}

/* A read gave nothing: the end, nothing yet, or a failure. */
static void take_nothing(struct why__stream *stream, ssize_t got) {
    if (got == 0) {
        ended(stream);
    } else if (errno != EAGAIN && errno != EWOULDBLOCK) {
        why__stream_lost(stream, errno);
    }
}

/* Read until there is no more, or it is enough for this turn.
 *
 * write_error  sending failed with it: that is how the transport ended, but what had come before
 *              may say why, a Close frame say; 0 otherwise */
static void read_input(struct why__stream *stream, int write_error, bool to_the_end) {
    unsigned reads = 0;
    size_t taken = 0;
    while (wants_input(stream) && (write_error != 0 || reads < READS_PER_TURN)) {
        bool is_large = false;
        struct why_span room = room_of(stream, &is_large);
        size_t share = write_error != 0 ? SIZE_MAX : why__loop_share(why__stream_loop(stream));
        if (taken >= share) {
            return;
        }
        /* Else the buffer bounds it, and a message that fits there is not to be cut in two. */
        if (is_large && room.len > share - taken) {
            room.len = share - taken;
        }
        ssize_t got = recv(stream->watch.fd, room.data, room.len, 0);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0 && write_error != 0) {
            break;
        }
        if (got <= 0) {
            take_nothing(stream, got);
            return;
        }
        reads++;
        taken += (size_t)got;
        note_read(stream, (size_t)got, is_large);
        take(stream, (struct why_span){room.data, (size_t)got});
        if ((size_t)got < room.len && !to_the_end) {
            return; /* it is empty; were it not, we are called again */
        }
    }
    if (write_error != 0 && stream->is_open) {
        why__stream_lost(stream, stream->has_ended ? 0 : write_error);
    }
}

void why__stream_broken(struct why__stream *stream, int write_error) {
    stream->is_broken = true;
    if (why__loop_is_receiving(why__stream_loop(stream), &stream->watch) && wants_input(stream)) {
        stream->watch.owner_error = (uint16_t)write_error; /* once the loop has read no more */
        why__stream_rewatch(stream);
    } else {
        read_input(stream, write_error, true);
    }
}

static void show_held(struct why__stream *stream) {
    struct why__held *held = stream->held;
    struct why_span input = {0};
    if (held != NULL) {
        input = (struct why_span){held->data, held->len};
    }
    stream->held = NULL;
    stream->is_resuming = false;
    stream->is_stuck = false;
    stream->ops->on_data(stream, &input);
    if (stream->is_open && !stream->is_finishing && input.len > 0) {
        hold(stream, input);
    }
    free(held);
    if (stream->is_open && !stream->is_stuck && !stream->is_paused && stream->tls != NULL &&
        why__tls_status(stream->tls) == WHY__TLS_ENDED) {
        ended(stream); /* its close_notify came after what was held */
    }
}

static void run(struct why__stream *stream) {
    if (stream->is_sent) {
        why__stream_sent(stream);
        why__stream_rewatch(stream);
        return;
    }
    if (stream->is_resuming && !stream->is_paused && !stream->is_finishing) {
        show_held(stream);
    }
    if (stream->is_open && stream->is_blocked) {
        if (stream->ops->on_flush != NULL) {
            stream->ops->on_flush(stream, false);
        }
    } else if (!why__stream_send_later(stream)) {
        why__stream_flush_now(stream);
    }
    why__stream_rewatch(stream);
}

static void on_later(struct why__stream *stream, unsigned ready) {
    if (ready == WHY__DUE) {
        stream->ops->on_due(stream);
    } else if (stream->is_open) {
        run(stream);
    } else {
        stream->ops->on_buried(stream);
    }
}

static void on_ready(struct why__watch *watch, unsigned ready) {
    struct why__stream *stream = WHY__CONTAINER(watch, struct why__stream, watch);
    if ((ready & ((unsigned)WHY__DUE | (unsigned)WHY__DEFERRED)) != 0) {
        on_later(stream, ready);
        return;
    }
    bool is_broken = (ready & WHY__BROKEN) != 0;
    if ((ready & WHY__RECEIVED) != 0) {
        take_received(stream);
    } else if (((ready & WHY__READABLE) != 0 || is_broken) &&
               !why__loop_is_receiving(why__stream_loop(stream), watch)) {
        read_input(stream, stream->is_broken ? watch->owner_error : 0, is_broken);
    }
    /* A hang-up that is not read is met by sending: it has to be met, or it is reported for ever.
     */
    if (stream->is_open && stream->is_blocked && ((ready & WHY__WRITABLE) != 0 || is_broken)) {
        why__stream_flush_now(stream);
    }
    why__stream_rewatch(stream);
}

/* ---- Life ---- */

int why__stream_attach(struct why__stream *stream, struct why_loop **home, int fd,
                       struct why__tls *tls, const struct why__stream_ops *ops) {
    uint8_t owner_bits = stream->owner_bits;
    *stream = (struct why__stream){.watch = {.fd = fd, .on_ready = on_ready},
                                   .home = home,
                                   .ops = ops,
                                   .owner_bits = owner_bits,
                                   .tls_us = WHY_NO_TIME};
    int result = why__loop_watch(*home, &stream->watch, WHY__READABLE);
    if (result == WHY_OK) {
        stream->is_open = true;
        stream->tls = tls;
    }
    return result;
}

void why__stream_steady(struct why__stream *stream) {
    if (stream->is_open && why__loop_does_io(why__stream_loop(stream))) {
        stream->is_steady = true;
        why__stream_rewatch(stream);
    }
}

void why__stream_secure(struct why__stream *stream, struct why__tls *tls) {
    stream->tls = tls;
    stream->has_begun = false;
    stream->is_secured = false;
    why__stream_flush(stream);
}

void why__stream_detach(struct why__stream *stream) {
    if (!stream->is_open) {
        return;
    }
    stream->is_open = false;
    stream->is_detached = true;
    why__watch_cancel(why__stream_loop(stream), &stream->watch);
    why__loop_unwatch(why__stream_loop(stream), &stream->watch);
    why__tls_free(stream->tls);
    stream->tls = NULL;
    if (!stream->is_finishing) {
        free(stream->held);
    }
    stream->held = NULL;
}

void why__stream_close(struct why__stream *stream) {
    why__stream_detach(stream);
    if (stream->is_detached) {
        stream->is_detached = false;
        close(stream->watch.fd);
        stream->watch.fd = -1;
    }
}

void why__stream_bury(struct why__stream *stream) {
    why__stream_close(stream);
    stream->watch.on_ready = on_ready;
    why__watch_defer(why__stream_loop(stream), &stream->watch);
}

void why__stream_set_deadline(struct why__stream *stream, uint64_t deadline_ms) {
    why__watch_set(why__stream_loop(stream), &stream->watch, deadline_ms);
}

void why__stream_pause(struct why__stream *stream) {
    stream->is_paused = true;
    why__stream_rewatch(stream);
}

void why__stream_resume(struct why__stream *stream) {
    stream->is_paused = false;
    stream->is_resuming = true;
    if (stream->is_open) {
        why__watch_defer(why__stream_loop(stream), &stream->watch);
    }
}

void why__stream_finish(struct why__stream *stream, bool half_close) {
    if (!stream->is_finishing) {
        free(stream->held);
        stream->discarded = 0;
    }
    stream->is_finishing = true;
    stream->is_half_close = half_close;
    why__stream_flush(stream);
    why__stream_rewatch(stream);
}

void why__stream_report(const struct why__stream *stream, struct why_record *record) {
    if (stream->tls != NULL) {
        why__tls_report(stream->tls, record);
        struct why_tls_evidence *tls = &record->tls;
        why__redact((char *)tls->first_bytes, tls->first_bytes_len,
                    tls->first_bytes_len == sizeof tls->first_bytes);
    }
}
