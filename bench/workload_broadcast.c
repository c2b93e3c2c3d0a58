/* SPDX-License-Identifier: MIT
 *
 * A message to many sessions on a loop, over socket pairs that are emptied at once.
 */
#include "workloads.h"

#include "net/session.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    SESSIONS = 64,
    READ_MAX = 4096,
};

static struct {
    struct why_loop *loop;
    struct why_options options;
    struct why__session_owner owner;
    struct why_session *sessions[SESSIONS];
    int peers[SESSIONS];
    size_t count;
    uint8_t *message;
} state;

static void forget(struct why_session *session) {
    (void)session;
}

static void no_input(struct why__stream *stream, struct why_span *input) {
    (void)stream;
    (void)input;
}

static const struct why_session_handler handler = {.on_message = NULL};

/* Until it is a session's, which is at once. */
static const struct why__stream_ops no_ops = {.on_data = no_input};

static bool open_session(void) {
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) != 0) {
        return false;
    }
    struct why_session *session = why__session_new(state.loop, &state.owner, &handler, NULL);
    if (session == NULL || !why__session_prepare(session, NULL) ||
        why__stream_attach(&session->stream, state.loop, pair[1], NULL, &no_ops) != WHY_OK) {
        close(pair[0]);
        close(pair[1]);
        return false;
    }
    why__session_open(session, NULL);
    state.sessions[state.count] = session;
    state.peers[state.count++] = pair[0];
    return true;
}

bool workload_broadcast_prepare(const struct workload *workload) {
    state.loop = why_loop_new();
    state.message = malloc(workload->size);
    if (state.loop == NULL || state.message == NULL) {
        return false;
    }
    memset(state.message, 'x', workload->size);
    state.options = why_options_default(why_loop_host(state.loop));
    state.options.ping_interval_ms = 0;
    state.owner = (struct why__session_owner){
        .options = &state.options, .role = WHY_ROLE_SERVER, .on_gone = forget};
    while (state.count < SESSIONS && open_session()) {
    }
    return state.count == SESSIONS;
}

static bool empty_peers(size_t len) {
    uint8_t read_to[READ_MAX];
    bool is_all = true;
    for (size_t i = 0; i < state.count; i++) {
        is_all = is_all && read(state.peers[i], read_to, sizeof read_to) == (ssize_t)len;
    }
    return is_all;
}

bool workload_broadcast_run(const struct workload *workload) {
    struct why_bytes data = {state.message, workload->size};
    bool is_good = true;
    for (size_t sent = 0; sent < workload->times && is_good; sent += SESSIONS) {
        struct why_prepared *message = NULL;
        is_good = why_prepared_new(&state.options, WHY_OPCODE_TEXT, data, WHY_SEND_VALID,
                                   &message) == WHY_OK;
        if (is_good) {
            why_session_broadcast(state.sessions, state.count, &message, 1, NULL);
            is_good = empty_peers(2 + workload->size);
        }
        why_prepared_free(message);
    }
    return is_good;
}

void workload_broadcast_clear(void) {
    for (size_t i = 0; i < state.count; i++) {
        why__session_cut(state.sessions[i], WHY_CAUSE_LOCAL_SHUTDOWN, true);
        close(state.peers[i]);
    }
    why_loop_free(state.loop);
    free(state.message);
    state.loop = NULL;
    state.message = NULL;
    state.count = 0;
}
