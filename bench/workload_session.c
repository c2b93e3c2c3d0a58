/* SPDX-License-Identifier: MIT
 *
 * A session on a loop, over a socket pair: its other end is on the same loop, so that one thread
 * does everything in one order.
 */
#include "workloads.h"

#include "net/loop.h"
#include "net/session.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define READ_MAX ((size_t)64 << 10)

static struct {
    struct why_loop *loop;
    struct why_options options;
    struct why__session_owner owner;
    struct why_session *session;
    struct why__watch peer;
    uint8_t *batch, *read;
    size_t batch_len;
    size_t expected; /* bytes of a batch's echo that are still to come */
    size_t echo_len;
    size_t turns;
    bool is_broken;
} state;

static void stop(bool is_broken) {
    state.is_broken = is_broken;
    why_loop_stop(state.loop);
}

/* A batch is less than the socket holds. */
static void write_batch(void) {
    if (state.turns == 0) {
        stop(false);
        return;
    }
    state.turns--;
    state.expected = state.echo_len;
    if (write(state.peer.fd, state.batch, state.batch_len) != (ssize_t)state.batch_len) {
        stop(true);
    }
}

static void peer_ready(struct why__watch *watch, unsigned ready) {
    (void)ready;
    ssize_t len = read(watch->fd, state.read, READ_MAX);
    if (len <= 0 || (size_t)len > state.expected) {
        stop(true);
        return;
    }
    state.expected -= (size_t)len;
    if (state.expected == 0) {
        write_batch();
    }
}

static void echo(struct why_session *session, const struct why_event *event) {
    unsigned flags = WHY_SEND_BORROWED | WHY_SEND_VALID;
    if (why_session_send(session, event->opcode, event->data, flags) != WHY_OK) {
        stop(true);
    }
}

static void forget(struct why_session *session) {
    (void)session;
    state.session = NULL;
}

static void no_input(struct why__stream *stream, struct why_span *input) {
    (void)stream;
    (void)input;
}

static const struct why_session_handler handler = {.on_message = echo};

/* Until it is a session's, which is at once. */
static const struct why__stream_ops no_ops = {.on_data = no_input};

static bool prepare_batch(const struct workload *workload) {
    state.batch = malloc(workload->per_read * (workload->size + 14));
    state.read = malloc(READ_MAX);
    if (state.batch == NULL || state.read == NULL) {
        return false;
    }
    for (size_t i = 0; i < workload->per_read; i++) {
        state.batch_len += workload_write_message(workload, state.batch + state.batch_len);
    }
    /* A server's frames have no key. */
    state.echo_len = state.batch_len - 4 * workload->per_read;
    state.turns = workload->times / workload->per_read;
    return state.batch_len > 0;
}

static bool open_session(int fd) {
    state.options = why_options_default(why_loop_host(state.loop));
    /* Where nothing is due the number of turns is the work's alone. */
    state.options.ping_interval_ms = 0;
    state.owner = (struct why__session_owner){
        .loop = state.loop, .options = &state.options, .role = WHY_ROLE_SERVER, .on_gone = forget};
    state.session = why__session_new(&state.owner, &handler, NULL);
    if (state.session == NULL || !why__session_prepare(state.session, NULL) ||
        why__stream_attach(&state.session->stream, &state.owner.loop, fd, NULL, &no_ops) !=
            WHY_OK) {
        close(fd);
        return false;
    }
    why__session_open(state.session, NULL);
    return true;
}

bool workload_session_prepare(const struct workload *workload) {
    int pair[2];
    state.loop = why_loop_new();
    if (state.loop == NULL || !prepare_batch(workload) ||
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) != 0) {
        return false;
    }
    state.peer = (struct why__watch){.fd = pair[0], .on_ready = peer_ready};
    return open_session(pair[1]) &&
           why__loop_watch(state.loop, &state.peer, WHY__READABLE) == WHY_OK;
}

bool workload_session_run(const struct workload *workload) {
    (void)workload;
    write_batch();
    return why_loop_run(state.loop) == WHY_OK && !state.is_broken && state.expected == 0;
}

void workload_session_clear(void) {
    if (state.session != NULL) {
        why__session_cut(state.session, WHY_CAUSE_LOCAL_SHUTDOWN, true);
    }
    if (state.peer.interest != 0) {
        why__loop_unwatch(state.loop, &state.peer);
        close(state.peer.fd);
    }
    why_loop_free(state.loop);
    free(state.batch);
    free(state.read);
    state.peer = (struct why__watch){.fd = -1};
    state.loop = NULL;
    state.batch = NULL;
    state.read = NULL;
    state.batch_len = 0;
}
