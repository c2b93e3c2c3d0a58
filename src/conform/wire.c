/* SPDX-License-Identifier: MIT */
#include "conform/wire.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    READS_PER_TURN = 8,
    PIECES_PER_TURN = 64, /* more waits for the next turn: others play, too */
};

const char *conform_end_text(enum conform_end end) {
    switch (end) {
    case CONFORM_END_NONE:
        return "the connection is open";
    case CONFORM_END_FIN:
        return "the peer ended the connection (FIN)";
    case CONFORM_END_RESET:
        return "the peer reset the connection (RST)";
    case CONFORM_END_REFUSED:
        return "the connection was refused";
    case CONFORM_END_ERROR:
        return "the connection broke";
    case CONFORM_END_TLS:
        return "TLS failed";
    }
    return "";
}

static void rewatch(struct conform_wire *wire) {
    if (!wire->is_open) {
        return;
    }
    unsigned interest = 0;
    if (wire->is_connecting || wire->is_blocked) {
        interest |= WHY__WRITABLE;
    }
    if (!wire->is_connecting && wire->is_reading && !wire->has_ended) {
        interest |= WHY__READABLE;
    }
    why__loop_rewatch(wire->loop, &wire->watch, interest);
}

static void end(struct conform_wire *wire, enum conform_end how, int os_error) {
    if (!wire->has_ended) {
        wire->has_ended = true;
        wire->ops->on_end(wire, how, os_error);
    }
}

static void end_by(struct conform_wire *wire, int os_error) {
    enum conform_end how = CONFORM_END_ERROR;
    if (os_error == ECONNRESET || os_error == EPIPE) {
        how = CONFORM_END_RESET;
    } else if (wire->is_connecting && (os_error == ECONNREFUSED || os_error == ENOENT)) {
        how = CONFORM_END_REFUSED;
    }
    end(wire, how, os_error);
}

/* ---- Sending ---- */

enum progress {
    PROGRESS_SENT,
    PROGRESS_BLOCKED,
    PROGRESS_BROKEN,
};

static enum progress push(struct conform_wire *wire, struct why_bytes data, size_t *sent) {
    ssize_t result = 0;
    do {
        result = send(wire->watch.fd, data.data, data.len, MSG_NOSIGNAL);
    } while (result < 0 && errno == EINTR);
    *sent = result > 0 ? (size_t)result : 0;
    if (result < 0) {
        bool is_full = errno == EAGAIN || errno == EWOULDBLOCK;
        wire->write_error = is_full ? 0 : errno;
        return is_full ? PROGRESS_BLOCKED : PROGRESS_BROKEN;
    }
    return *sent < data.len ? PROGRESS_BLOCKED : PROGRESS_SENT;
}

static enum progress push_ciphertext(struct conform_wire *wire) {
    enum progress progress = PROGRESS_SENT;
    struct why_bytes output = why__tls_output(wire->tls);
    while (progress == PROGRESS_SENT && output.len > 0) {
        size_t sent = 0;
        progress = push(wire, output, &sent);
        why__tls_output_consumed(wire->tls, sent);
        output = why__tls_output(wire->tls);
    }
    return progress;
}

/* One piece, through TLS or straight to the socket. */
static enum progress push_piece(struct conform_wire *wire, struct why_bytes piece) {
    size_t sent = 0;
    enum progress progress = PROGRESS_BROKEN;
    if (wire->tls == NULL) {
        progress = push(wire, piece, &sent);
    } else if (why__tls_send(wire->tls, &piece, 1, &sent) == WHY_OK) {
        progress = push_ciphertext(wire);
    }
    wire->taken += sent;
    conform_queue_consume(&wire->output, sent);
    return progress;
}

static void shut(struct conform_wire *wire) {
    if (wire->tls != NULL) {
        why__tls_close(wire->tls);
        (void)push_ciphertext(wire);
    }
    wire->is_shut = true;
    (void)shutdown(wire->watch.fd, SHUT_WR);
}

static void apply(struct conform_wire *wire, const struct conform_mark *mark) {
    switch (mark->kind) {
    case CONFORM_MARK_CHOP:
        wire->piece = mark->piece;
        wire->pause_ms = mark->pause_ms;
        break;
    case CONFORM_MARK_FIN:
        shut(wire);
        break;
    case CONFORM_MARK_RESET: {
        struct linger at_once = {.l_onoff = 1};
        (void)setsockopt(wire->watch.fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        conform_wire_close(wire);
        break;
    }
    }
}

/* What a FIN follows goes with it, in one segment: whether a peer reads both at once or one after
 * the other would be a race, in which peers do different things. */
static void hold_for_fin(struct conform_wire *wire) {
    if (wire->piece == 0 && wire->mark_at < wire->mark_count &&
        wire->marks[wire->mark_at].kind == CONFORM_MARK_FIN) {
        int on = 1;
        (void)setsockopt(wire->watch.fd, IPPROTO_TCP, TCP_CORK, &on, sizeof on);
    }
}

/* What goes out next: up to the next mark, and no more than a piece. */
static struct why_bytes next_piece(struct conform_wire *wire) {
    while (wire->is_open && wire->mark_at < wire->mark_count &&
           wire->marks[wire->mark_at].at == wire->taken) {
        apply(wire, &wire->marks[wire->mark_at++]);
    }
    hold_for_fin(wire);
    struct why_bytes piece = conform_queue_bytes(&wire->output);
    if (wire->mark_at < wire->mark_count) {
        uint64_t room = wire->marks[wire->mark_at].at - wire->taken;
        piece.len = piece.len < room ? piece.len : (size_t)room;
    }
    if (wire->piece != 0 && piece.len > wire->piece) {
        piece.len = wire->piece;
    }
    return piece;
}

static void drop_output(struct conform_wire *wire) {
    wire->taken = wire->queued;
    conform_queue_consume(&wire->output, conform_queue_len(&wire->output));
    wire->mark_at = wire->mark_count;
}

static void on_due(struct why__timer *timer);

/* True: the time for more comes by itself. */
static bool rests(struct conform_wire *wire, unsigned pieces) {
    if (wire->piece == 0) {
        return false;
    }
    if (wire->pause_ms != 0) {
        wire->is_resting = true;
        why__timer_set(wire->loop, &wire->timer, why__loop_now(wire->loop) + wire->pause_ms);
        return true;
    }
    if (pieces % PIECES_PER_TURN == 0) {
        why__loop_defer(wire->loop, &wire->task);
        return true;
    }
    return false;
}

/* Send until there is no more, or no more room, or it is time to rest. */
static enum progress send_pieces(struct conform_wire *wire) {
    enum progress progress = wire->tls == NULL ? PROGRESS_SENT : push_ciphertext(wire);
    unsigned pieces = 0;
    while (progress == PROGRESS_SENT) {
        struct why_bytes piece = next_piece(wire);
        if (piece.len == 0) {
            break;
        }
        progress = push_piece(wire, piece);
        if (progress == PROGRESS_SENT && rests(wire, ++pieces)) {
            break;
        }
    }
    return progress;
}

static void flush(struct conform_wire *wire) {
    if (!wire->is_open || !wire->is_secured || wire->is_resting || wire->write_error != 0) {
        return;
    }
    uint64_t before = wire->taken;
    enum progress progress = send_pieces(wire);
    wire->is_blocked = progress == PROGRESS_BLOCKED;
    if (progress == PROGRESS_BROKEN) {
        /* What the peer said before it left is still to be read, and tells more. */
        wire->write_error = wire->write_error == 0 ? EPROTO : wire->write_error;
        drop_output(wire);
    }
    rewatch(wire);
    if (wire->is_open && wire->taken > before) {
        wire->ops->on_sent(wire);
    }
}

static void on_due(struct why__timer *timer) {
    struct conform_wire *wire = WHY__CONTAINER(timer, struct conform_wire, timer);
    wire->is_resting = false;
    flush(wire);
}

/* ---- Receiving ---- */

static void open_up(struct conform_wire *wire) {
    if (!wire->is_secured) {
        wire->is_secured = true;
        wire->ops->on_open(wire);
    }
}

static void decrypt(struct conform_wire *wire, struct why_bytes input) {
    struct why_span room = why__loop_buffer(wire->loop);
    room.len /= 2; /* `input` is in the other half */
    size_t plain_len = 0;
    size_t before = 0;
    do {
        before = input.len;
        enum why__tls_status status = why__tls_receive(wire->tls, &input, room, &plain_len);
        if (status == WHY__TLS_OPEN || status == WHY__TLS_ENDED) {
            open_up(wire);
        }
        if (plain_len > 0 && wire->is_open) {
            wire->ops->on_data(wire, (struct why_bytes){room.data, plain_len});
        }
        if (status == WHY__TLS_FAILED && wire->is_open) {
            (void)push_ciphertext(wire); /* the alert */
            end(wire, CONFORM_END_TLS, 0);
        } else if (status == WHY__TLS_ENDED && plain_len == 0 && wire->is_open) {
            end(wire, CONFORM_END_FIN, 0);
        }
    } while (wire->is_open && !wire->has_ended && (plain_len > 0 || input.len < before));
    if (wire->is_open && !wire->has_ended && why__tls_output(wire->tls).len > 0) {
        wire->is_blocked |= push_ciphertext(wire) == PROGRESS_BLOCKED;
    }
}

static void lost(struct conform_wire *wire, int os_error) {
    bool in_handshake = wire->tls != NULL && !wire->is_secured;
    if (in_handshake) {
        (void)why__tls_lost(wire->tls, os_error == 0 ? WHY_TRANSPORT_FIN : WHY_TRANSPORT_RESET,
                            os_error);
        end(wire, CONFORM_END_TLS, os_error);
    } else if (os_error != 0) {
        end_by(wire, os_error);
    } else if (wire->write_error == ECONNRESET) {
        end(wire, CONFORM_END_RESET, ECONNRESET); /* sending has met it, and cleared it away */
    } else {
        end(wire, CONFORM_END_FIN, 0);
    }
}

static void read_input(struct conform_wire *wire) {
    for (unsigned reads = 0; reads < READS_PER_TURN; reads++) {
        if (!wire->is_open || wire->has_ended || !wire->is_reading) {
            return;
        }
        struct why_span room = why__loop_buffer(wire->loop);
        if (wire->tls != NULL) {
            room.len /= 2;
            room.data += room.len;
        }
        ssize_t got = recv(wire->watch.fd, room.data, room.len, 0);
        if (got > 0 && wire->tls != NULL) {
            decrypt(wire, (struct why_bytes){room.data, (size_t)got});
        } else if (got > 0) {
            wire->ops->on_data(wire, (struct why_bytes){room.data, (size_t)got});
        } else if (got == 0) {
            lost(wire, 0);
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            return;
        } else if (errno != EINTR) {
            lost(wire, errno);
        }
    }
}

static void finish_connecting(struct conform_wire *wire) {
    int error = 0;
    socklen_t len = sizeof error;
    if (getsockopt(wire->watch.fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0) {
        error = errno;
    }
    if (error != 0) {
        end_by(wire, error);
        return;
    }
    wire->is_connecting = false;
    if (wire->tls == NULL) {
        open_up(wire);
    } else {
        (void)push_ciphertext(wire); /* the ClientHello: of a new connection, it fits */
    }
}

static void on_ready(struct why__watch *watch, unsigned ready) {
    struct conform_wire *wire = WHY__CONTAINER(watch, struct conform_wire, watch);
    if (wire->is_connecting) {
        finish_connecting(wire);
    } else if ((ready & (WHY__READABLE | WHY__BROKEN)) != 0) {
        read_input(wire);
    }
    if (wire->is_open && !wire->is_connecting) {
        if ((ready & WHY__BROKEN) != 0 && !wire->is_reading) {
            wire->is_blocked = false; /* nothing can be written, and reading waits: no more of it */
        }
        flush(wire);
    }
    rewatch(wire);
}

static void run(struct why__task *task) {
    struct conform_wire *wire = WHY__CONTAINER(task, struct conform_wire, task);
    if (wire->is_open && wire->tls == NULL && !wire->is_connecting) {
        open_up(wire); /* of conform_wire_take() */
    }
    flush(wire);
}

/* ---- Life ---- */

static int begin(struct conform_wire *wire, struct why_loop *loop, int fd, struct why__tls *tls,
                 const struct conform_wire_ops *ops, bool is_connecting) {
    *wire = (struct conform_wire){.watch = {.fd = fd, .on_ready = on_ready},
                                  .timer = {.on_due = on_due},
                                  .task = {.run = run},
                                  .loop = loop,
                                  .ops = ops,
                                  .tls = tls,
                                  .is_connecting = is_connecting,
                                  .is_reading = true};
    int on = 1; /* a unix socket has no such option, and no need of it */
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    unsigned interest = is_connecting ? WHY__WRITABLE : WHY__READABLE;
    int result = why__loop_watch(loop, &wire->watch, interest);
    if (result != WHY_OK) {
        int error = errno;
        close(fd);
        why__tls_free(tls);
        wire->tls = NULL;
        errno = error;
        return result;
    }
    wire->is_open = true;
    return WHY_OK;
}

int conform_wire_connect(struct conform_wire *wire, struct why_loop *loop,
                         const struct conform_target *target, struct why__tls *tls,
                         const struct conform_wire_ops *ops) {
    int fd = socket(target->address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        int error = errno;
        why__tls_free(tls);
        errno = error;
        return WHY_ERR_SYSTEM;
    }
    const struct sockaddr *address = (const struct sockaddr *)&target->address;
    if (connect(fd, address, target->address_len) != 0 && errno != EINPROGRESS) {
        int error = errno;
        close(fd);
        why__tls_free(tls);
        errno = error;
        return WHY_ERR_SYSTEM;
    }
    return begin(wire, loop, fd, tls, ops, true);
}

int conform_wire_take(struct conform_wire *wire, struct why_loop *loop, int fd,
                      struct why__tls *tls, const struct conform_wire_ops *ops) {
    int result = begin(wire, loop, fd, tls, ops, false);
    if (result == WHY_OK) {
        why__loop_defer(loop, &wire->task);
    }
    return result;
}

void conform_wire_close(struct conform_wire *wire) {
    if (!wire->is_open) {
        return;
    }
    wire->is_open = false;
    why__timer_cancel(wire->loop, &wire->timer);
    why__loop_undefer(wire->loop, &wire->task);
    why__loop_unwatch(wire->loop, &wire->watch);
    close(wire->watch.fd);
    wire->watch.fd = -1;
    why__tls_free(wire->tls);
    wire->tls = NULL;
    conform_queue_clear(&wire->output);
    free(wire->marks);
    wire->marks = NULL;
    wire->mark_count = wire->mark_at = wire->mark_size = 0;
}

/* ---- The queue ---- */

static void ask_to_flush(struct conform_wire *wire) {
    why__loop_defer(wire->loop, &wire->task);
}

void conform_wire_send(struct conform_wire *wire, struct why_bytes data) {
    if (!wire->is_open || wire->write_error != 0) {
        return;
    }
    conform_queue_append(&wire->output, data.data, data.len);
    if (!wire->output.failed) {
        wire->queued += data.len;
    }
    ask_to_flush(wire);
}

static void add_mark(struct conform_wire *wire, const struct conform_mark *mark) {
    if (!wire->is_open || wire->write_error != 0) {
        return;
    }
    if (wire->mark_count == wire->mark_size) {
        size_t size = wire->mark_size == 0 ? 4 : wire->mark_size * 2;
        struct conform_mark *marks = realloc(wire->marks, size * sizeof *marks);
        if (marks == NULL) {
            wire->output.failed = true;
            return;
        }
        wire->marks = marks;
        wire->mark_size = size;
    }
    wire->marks[wire->mark_count] = *mark;
    wire->marks[wire->mark_count++].at = wire->queued;
    ask_to_flush(wire);
}

void conform_wire_chop(struct conform_wire *wire, uint32_t piece, uint32_t pause_ms) {
    add_mark(wire, &(struct conform_mark){
                       .kind = CONFORM_MARK_CHOP, .piece = piece, .pause_ms = pause_ms});
}

void conform_wire_shut(struct conform_wire *wire) {
    add_mark(wire, &(struct conform_mark){.kind = CONFORM_MARK_FIN});
}

void conform_wire_reset(struct conform_wire *wire) {
    add_mark(wire, &(struct conform_mark){.kind = CONFORM_MARK_RESET});
}

uint64_t conform_wire_pending(const struct conform_wire *wire) {
    if (!wire->is_open) {
        return 0;
    }
    return wire->queued - wire->taken + (wire->mark_at < wire->mark_count ? 1 : 0);
}

void conform_wire_pause(struct conform_wire *wire) {
    wire->is_reading = false;
    rewatch(wire);
}

void conform_wire_resume(struct conform_wire *wire) {
    wire->is_reading = true;
    rewatch(wire);
}
