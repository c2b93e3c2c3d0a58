/* SPDX-License-Identifier: MIT
 *
 * The server: accepting, counting, stopping. What happens to a connection before it is a session is
 * in server_opening.c, where the sockets come from in listener.c.
 */
#include "whysocket/server.h"

#include "net/server_state.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define ACCEPTS_PER_TURN 64
#define ACCEPT_RETRY_MS 250
#define DESCRIPTORS_SPARED 32 /* for files, resolvers and whatever else the program opens */

/* ---- Lists ---- */

void why__ring_add(struct why_session **ring, struct why_session *session) {
    if (*ring == NULL) {
        session->next = session;
        session->prev = session;
        *ring = session;
        return;
    }
    session->next = *ring;
    session->prev = (*ring)->prev;
    session->prev->next = session;
    session->next->prev = session;
}

static void take_off(struct why_session **ring, struct why_session *session) {
    if (*ring == session) {
        *ring = session->next == session ? NULL : session->next;
    }
    session->next->prev = session->prev;
    session->prev->next = session->next;
    session->next = NULL;
    session->prev = NULL;
}

void why__ring_remove(struct why_session **ring, struct why_session *session) {
    if (session->next != NULL) {
        take_off(ring, session);
    }
}

/* ---- Accepting ---- */

static void set_accepting(struct why_server *server, bool on) {
    if (server->is_accepting == on) {
        return;
    }
    server->is_accepting = on;
    for (struct why__listener *at = server->listeners; at != NULL; at = at->next) {
        why__loop_rewatch(server->owner.loop, &at->watch, on ? (unsigned)WHY__READABLE : 0);
    }
}

static void on_retry(struct why__timer *timer) {
    struct why_server *server = WHY__CONTAINER(timer, struct why_server, retry);
    set_accepting(server, server->connection_count < server->connection_max);
}

/* The system has no descriptor, or no memory, left. The connections that wait would be reported for
 * ever, so look away from them until one of ours has gone, or a moment has passed. */
static void rest(struct why_server *server) {
    set_accepting(server, false);
    why__timer_set(server->owner.loop, &server->retry,
                   why__loop_now(server->owner.loop) + ACCEPT_RETRY_MS);
}

static void refuse_for_memory(struct why_server *server, int fd,
                              const struct sockaddr_storage *storage) {
    struct why_record record;
    why_record_init(&record);
    why_record_fail(&record, WHY_CAUSE_LOCAL_OUT_OF_MEMORY);
    record.transport = WHY_TRANSPORT_CLOSED;
    struct why__address address = why__address_of(storage);
    why__address_text(&address, record.peer, sizeof record.peer);
    close(fd);
    why__server_refused(server, &record);
}

static void begin(struct why_server *server, const struct why__listener *listener, int fd,
                  const struct sockaddr_storage *storage) {
    server->stats.accepted++;
    struct why_session *session = why__session_new(&server->owner, server->config->handler, NULL);
    struct why__tls *tls = NULL;
    bool is_ready = session != NULL;
    if (is_ready && listener->tls != NULL) {
        tls = why__tls_new(listener->tls, NULL);
        is_ready = tls != NULL;
    }
    if (is_ready) {
        session->peer = why__address_of(storage);
        if (listener->is_unix) {
            session->peer.family = AF_UNIX; /* a peer without a name has no family either */
        }
        is_ready = why__opening_begin(server, session, fd, tls);
    }
    if (is_ready) {
        server->connection_count++;
        return;
    }
    why__tls_free(tls);
    free(session);
    refuse_for_memory(server, fd, storage);
}

static void on_listener(struct why__watch *watch, unsigned ready) {
    struct why__listener *listener = WHY__CONTAINER(watch, struct why__listener, watch);
    struct why_server *server = listener->server;
    (void)ready;
    for (unsigned i = 0; i < ACCEPTS_PER_TURN; i++) {
        if (server->connection_count >= server->connection_max) {
            set_accepting(server, false);
            return;
        }
        struct sockaddr_storage storage = {0};
        socklen_t len = sizeof storage;
        int fd =
            accept4(watch->fd, (struct sockaddr *)&storage, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            begin(server, listener, fd, &storage);
            if (server->is_stopping || server->is_freed) {
                return; /* on_refused may do that */
            }
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            return;
        } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            rest(server);
            return;
        }
        /* Else the connection was gone before it was taken (accept(2)): there may be others. */
    }
}

void why__server_refused(struct why_server *server, const struct why_record *record) {
    server->stats.refused++;
    if (server->config->on_refused != NULL) {
        server->config->on_refused(server->config->user, record);
    }
}

/* ---- Sessions that end ---- */

static void check_done(struct why_server *server) {
    if (server->is_stopping && !server->is_freed && server->connection_count == 0) {
        why__timer_cancel(server->owner.loop, &server->deadline);
        why__timer_cancel(server->owner.loop, &server->leave);
        why__loop_defer(server->owner.loop, &server->task);
    }
}

void why__server_released(struct why_server *server) {
    server->connection_count--;
    if (server->is_freed) {
        return;
    }
    if (!server->is_stopping) {
        set_accepting(server, true);
    }
    check_done(server);
}

static void on_gone(struct why_session *session) {
    struct why_server *server =
        WHY__CONTAINER(why__session_owner(session), struct why_server, owner);
    why__ring_remove(server->leaving == session ? &server->leaving : &server->sessions, session);
    server->stats.open--;
    server->stats.closed++;
    why__server_released(server);
}

/* Off the list first: a callback may come back here, by freeing the server. */
static void cut_ring(struct why_session **ring) {
    while (*ring != NULL) {
        struct why_session *session = *ring;
        why__ring_remove(ring, session);
        why__session_cut(session, WHY_CAUSE_LOCAL_SHUTDOWN, false);
    }
}

static void cut_all(struct why_server *server) {
    while (server->openings != NULL) {
        why__opening_cut(server->openings);
    }
    cut_ring(&server->leaving);
    cut_ring(&server->sessions);
}

/* ---- Public ---- */

static uint32_t connection_max(uint32_t wanted) {
    struct rlimit limit;
    if (wanted != 0) {
        return wanted;
    }
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= UINT32_MAX) {
        return UINT32_MAX;
    }
    return limit.rlim_cur > DESCRIPTORS_SPARED ? (uint32_t)limit.rlim_cur - DESCRIPTORS_SPARED : 1;
}

static void run_task(struct why__task *task) {
    struct why_server *server = WHY__CONTAINER(task, struct why_server, task);
    if (server->is_freed) {
        free(server);
    } else if (server->done != NULL) {
        void (*done)(void *) = server->done;
        server->done = NULL;
        done(server->config->user);
    }
}

static void on_deadline(struct why__timer *timer) {
    cut_all(WHY__CONTAINER(timer, struct why_server, deadline));
}

/* Say 1001 to those whose turn has come. They are spread evenly, not at random: that keeps no time
 * in each session, and their clients come back as evenly. */
static void on_leave(struct why__timer *timer) {
    struct why_server *server = WHY__CONTAINER(timer, struct why_server, leave);
    uint64_t now_ms = why__loop_now(server->owner.loop);
    while (server->sessions != NULL) {
        uint64_t turn_ms = server->leave_begin_ms +
                           server->leave_span_ms * server->leave_done / server->leave_count;
        if (turn_ms > now_ms) {
            why__timer_set(server->owner.loop, timer, turn_ms);
            return;
        }
        struct why_session *session = server->sessions;
        take_off(&server->sessions, session);
        why__ring_add(&server->leaving, session);
        server->leave_done++;
        why_session_fail(session, WHY_CAUSE_LOCAL_SHUTDOWN, NULL);
    }
}

int why_server_new(struct why_loop *loop, const struct why_server_config *config,
                   struct why_server **out) {
    struct why_server *server = calloc(1, sizeof *server);
    if (server == NULL) {
        return WHY_ERR_NOMEM;
    }
    server->owner = (struct why__session_owner){.loop = loop,
                                                .options = config->options,
                                                .role = WHY_ROLE_SERVER,
                                                .when_full = config->when_full,
                                                .on_gone = on_gone};
    server->config = config;
    server->connection_max = connection_max(config->connection_max);
    server->is_accepting = true;
    server->retry.on_due = on_retry;
    server->deadline.on_due = on_deadline;
    server->leave.on_due = on_leave;
    server->task.run = run_task;
    *out = server;
    return WHY_OK;
}

static int watch_listeners(struct why_server *server, struct why__listener *listeners) {
    for (struct why__listener *at = listeners; at != NULL; at = at->next) {
        at->server = server;
        at->watch.on_ready = on_listener;
        int result = why__loop_watch(server->owner.loop, &at->watch,
                                     server->is_accepting ? (unsigned)WHY__READABLE : 0);
        if (result != WHY_OK) {
            int error = errno;
            for (struct why__listener *done = listeners; done != at; done = done->next) {
                why__loop_unwatch(server->owner.loop, &done->watch);
            }
            errno = error;
            return result;
        }
    }
    return WHY_OK;
}

int why_server_listen(struct why_server *server, const char *address,
                      const struct why_tls_config *tls, char *error, size_t error_size) {
    char unwanted[8];
    const struct why_options *options = server->config->options;
    struct why__listen how = {.joins = server->config->join_ports,
                              .error = error != NULL ? error : unwanted,
                              .error_size = error != NULL ? error_size : sizeof unwanted};
    how.error[0] = '\0';
    if (options->ping_interval_ms != 0 && options->pong_timeout_ms != 0) {
        how.user_timeout_ms = options->ping_interval_ms + options->pong_timeout_ms;
    }
    if (server->is_stopping) {
        snprintf(how.error, how.error_size, "cannot listen on %s: the server is stopping", address);
        return WHY_ERR_STATE;
    }
    struct why__tls_context *context = NULL;
    int result = WHY_OK;
    if (tls != NULL) {
        result = why__tls_context_new(why_loop_host(server->owner.loop), tls, true, &context,
                                      how.error, how.error_size);
    }
    struct why__listener *listeners = NULL;
    if (result == WHY_OK) {
        result = why__listeners_open(address, &how, &listeners);
    }
    if (result != WHY_OK) {
        int saved = errno;
        why__tls_context_free(context);
        errno = saved;
        return result;
    }
    for (struct why__listener *at = listeners; at != NULL; at = at->next) {
        at->tls = context;
        at->shares_tls = at != listeners;
    }
    result = watch_listeners(server, listeners);
    if (result != WHY_OK) {
        int saved = errno;
        why__listeners_free(listeners);
        errno = saved;
        return result;
    }
    struct why__listener **end = &server->listeners;
    while (*end != NULL) {
        end = &(*end)->next;
    }
    *end = listeners;
    return WHY_OK;
}

int why_server_reload(struct why_server *server, char *error, size_t error_size) {
    char one[512];
    int result = WHY_OK;
    if (error != NULL && error_size > 0) {
        error[0] = '\0';
    }
    for (struct why__listener *at = server->listeners; at != NULL; at = at->next) {
        if (at->tls == NULL || at->shares_tls) {
            continue;
        }
        int reloaded = why__tls_context_reload(at->tls, one, sizeof one);
        bool is_first = result == WHY_OK && reloaded != WHY_OK;
        if (error != NULL && error_size > 0 && (is_first || error[0] == '\0')) {
            snprintf(error, error_size, "%s", one);
        }
        result = result == WHY_OK ? reloaded : result;
    }
    return result;
}

const char *why_server_address(const struct why_server *server, size_t index) {
    const struct why__listener *at = server->listeners;
    for (; at != NULL && index > 0; index--) {
        at = at->next;
    }
    return at == NULL ? NULL : at->address;
}

static void close_listeners(struct why_server *server) {
    why__timer_cancel(server->owner.loop, &server->retry);
    for (struct why__listener *at = server->listeners; at != NULL; at = at->next) {
        if (at->watch.fd >= 0) {
            why__loop_unwatch(server->owner.loop, &at->watch);
        }
    }
    why__listeners_close(server->listeners);
}

void why_server_stop(struct why_server *server, uint32_t jitter_ms, uint32_t deadline_ms,
                     void (*done)(void *user)) {
    uint64_t now_ms = why__loop_now(server->owner.loop);
    server->is_stopping = true;
    server->done = done;
    close_listeners(server);
    while (server->openings != NULL) {
        why__opening_cut(server->openings);
    }
    if (server->is_freed) {
        return; /* by on_refused */
    }
    server->leave_begin_ms = now_ms;
    server->leave_span_ms = jitter_ms < deadline_ms ? jitter_ms : deadline_ms;
    server->leave_count = server->stats.open;
    server->leave_done = 0;
    on_leave(&server->leave);
    why__timer_set(server->owner.loop, &server->deadline, now_ms + deadline_ms);
    check_done(server);
}

void why_server_free(struct why_server *server) {
    if (server == NULL || server->is_freed) {
        return;
    }
    server->is_freed = true; /* a callback may call this again */
    close_listeners(server);
    cut_all(server);
    why__listeners_free(server->listeners);
    server->listeners = NULL;
    why__timer_cancel(server->owner.loop, &server->deadline);
    why__timer_cancel(server->owner.loop, &server->leave);
    why__loop_defer(server->owner.loop, &server->task);
}

void why_server_stats(const struct why_server *server, struct why_server_stats *stats) {
    *stats = server->stats;
}
