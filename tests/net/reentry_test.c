/* SPDX-License-Identifier: MIT
 *
 * Every function of a session, and of its server, called from inside every callback, on the session
 * itself and on another (row 81 of the list of bad input). What has to hold: no memory is touched
 * that is gone, and whatever was opened is closed exactly once.
 */
#include "support/test.h"

#include "support/raw_peer.h"
#include "support/world.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATIENCE_MS 5000 /* for what has to come */

#define PLACE_MAP(X) X(REQUEST) X(OPEN) X(MESSAGE) X(CONTROL) X(WRITABLE) X(CLOSE) X(REFUSED)

#define ACTION_MAP(X)                                                                              \
    X(SEND)                                                                                        \
    X(BORROW)                                                                                      \
    X(PREPARED)                                                                                    \
    X(BROADCAST)                                                                                   \
    X(PING)                                                                                        \
    X(CLOSE)                                                                                       \
    X(FAIL)                                                                                        \
    X(ABANDON)                                                                                     \
    X(PAUSE)                                                                                       \
    X(RESUME)                                                                                      \
    X(PAUSE_AND_CLOSE)                                                                             \
    X(LOOK)                                                                                        \
    X(STOP)                                                                                        \
    X(CUT)                                                                                         \
    X(FREE)

enum place {
#define X(name) PLACE_##name,
    PLACE_MAP(X)
#undef X
    PLACE_COUNT
};

enum action {
#define X(name) ACTION_##name,
    ACTION_MAP(X)
#undef X
    ACTION_COUNT
};

static const char *const place_names[] = {
#define X(name) #name,
    PLACE_MAP(X)
#undef X
};

static const char *const action_names[] = {
#define X(name) #name,
    ACTION_MAP(X)
#undef X
};

struct matrix {
    struct test_world world;
    enum place place;
    enum action action;
    bool on_other;
    atomic_uint acted;
    struct why_session *sessions[2];
};

/* cmocka's own checks are for the main thread: on the loop's they end the program without a word.
 */
static void demand(const struct matrix *matrix, bool holds, const char *what) {
    assert(matrix->place < PLACE_COUNT && matrix->action < ACTION_COUNT);
    if (!holds) {
        fprintf(stderr, "in %s, %s on %s: %s\n", place_names[matrix->place],
                action_names[matrix->action], matrix->on_other ? "another" : "itself", what);
        abort();
    }
}

static struct matrix *matrix_of(const struct why_session *session) {
    return why_session_user(session);
}

/* As often as it takes to fill the socket, so that some is queued. */
static void send_prepared(struct matrix *matrix, struct why_session *session) {
    static const char text[100000] = "";
    struct why_bytes data = {(const uint8_t *)text, sizeof text};
    struct why_session *both[] = {session, session};
    struct why_prepared *message = NULL;
    int results[2];
    if (why_prepared_new(&matrix->world.options, WHY_OPCODE_BINARY, data, 0, &message) != WHY_OK) {
        abort();
    }
    for (unsigned i = 0; i < 4; i++) {
        if (matrix->action == ACTION_PREPARED) {
            results[0] = why_session_send_prepared(session, message);
        } else {
            why_session_broadcast(both, 2, &message, 1, results);
        }
    }
    why_prepared_free(message);
}

static void act_on(struct matrix *matrix, struct why_session *session) {
    static uint8_t much[50000];
    struct why_record *record = malloc(sizeof *record);
    struct why_bytes data = {much, matrix->action == ACTION_BORROW ? sizeof much : 5};
    int result = WHY_OK;
    switch (matrix->action) {
    case ACTION_SEND:
        result = why_session_send(session, WHY_OPCODE_TEXT, data, 0);
        break;
    case ACTION_BORROW:
        result = why_session_send(session, WHY_OPCODE_BINARY, data, WHY_SEND_BORROWED);
        break;
    case ACTION_PREPARED:
    case ACTION_BROADCAST:
        send_prepared(matrix, session);
        break;
    case ACTION_PING:
        result = why_session_ping(session, data);
        break;
    case ACTION_PAUSE_AND_CLOSE:
        why_session_pause(session);
        result = why_session_close(session, 1000, (struct why_bytes){0});
        break;
    case ACTION_CLOSE:
        result = why_session_close(session, 1000, (struct why_bytes){0});
        break;
    case ACTION_FAIL:
        why_session_fail(session, WHY_CAUSE_LOCAL_INTERNAL, "a test");
        break;
    case ACTION_ABANDON:
        why_session_fail(session, WHY_CAUSE_LOCAL_ABANDONED, NULL);
        break;
    case ACTION_PAUSE:
        why_session_pause(session);
        break;
    case ACTION_RESUME:
        why_session_pause(session);
        why_session_resume(session);
        break;
    case ACTION_LOOK:
        why_session_report(session, record);
        demand(matrix, why_session_queued(session) < 1000000, "the queue has a length");
        demand(matrix, why_session_loop(session) == matrix->world.loop, "the loop is its own");
        break;
    case ACTION_STOP:
    case ACTION_CUT:
    case ACTION_FREE:
    case ACTION_COUNT:
        break;
    }
    (void)result; /* whatever it is: many of them are not allowed there */
    free(record);
}

static void act(struct matrix *matrix, enum place place, struct why_session *session) {
    if (matrix->place != place) {
        return;
    }
    matrix->acted++;
    if (matrix->action == ACTION_STOP || matrix->action == ACTION_CUT) {
        why_server_stop(matrix->world.server, 0, matrix->action == ACTION_CUT ? 0 : 50, NULL);
        return;
    }
    if (matrix->action == ACTION_FREE) {
        why_server_free(matrix->world.server);
        matrix->world.server = NULL;
        return;
    }
    struct why_session *other = matrix->sessions[session == matrix->sessions[0]];
    struct why_session *target = matrix->on_other ? other : session;
    if (target != NULL) {
        act_on(matrix, target);
    }
}

static void on_open(struct why_session *session, const struct why_http_head *head) {
    (void)head;
    struct matrix *matrix = matrix_of(session);
    matrix->sessions[matrix->sessions[0] != NULL] = session;
    matrix->world.opened++;
    act(matrix, PLACE_OPEN, session);
}

/* The queue holds a byte: the second send is refused, so on_writable is owed. */
static void on_message(struct why_session *session, const struct why_event *event) {
    struct matrix *matrix = matrix_of(session);
    matrix->world.messages++;
    for (unsigned i = 0; i < 2; i++) {
        int result = why_session_send(session, event->opcode, event->data, WHY_SEND_BORROWED);
        (void)result;
    }
    act(matrix, PLACE_MESSAGE, session);
    if (event->data.len > 0) {
        demand(matrix, event->data.data[0] == 'h', "the message is valid until we return");
    }
}

static void on_control(struct why_session *session, const struct why_event *event) {
    (void)event;
    act(matrix_of(session), PLACE_CONTROL, session);
}

static void on_writable(struct why_session *session) {
    matrix_of(session)->world.writable++;
    act(matrix_of(session), PLACE_WRITABLE, session);
}

static void on_close(struct why_session *session, const struct why_record *record) {
    struct matrix *matrix = matrix_of(session);
    demand(matrix, record->cause != WHY_CAUSE_NONE, "an end has a cause");
    act(matrix, PLACE_CLOSE, session);
    matrix->sessions[session == matrix->sessions[1]] = NULL;
    matrix->world.closed++;
}

static void on_request(void *user, const struct why_server_handshake *handshake,
                       struct why_answer *answer) {
    struct matrix *matrix = user;
    answer->user = matrix;
    if (matrix->sessions[0] != NULL) {
        act(matrix, PLACE_REQUEST, matrix->sessions[0]);
    }
    demand(matrix, why_server_handshake_head(handshake)->method.len == 3,
           "the request is valid until we return");
}

static void on_refused(void *user, const struct why_record *record) {
    struct matrix *matrix = user;
    demand(matrix, record->cause != WHY_CAUSE_NONE, "a refusal has a cause");
    matrix->world.refused++;
    if (matrix->sessions[0] != NULL) {
        act(matrix, PLACE_REFUSED, matrix->sessions[0]);
    }
}

static const struct why_session_handler handler = {.on_open = on_open,
                                                   .on_message = on_message,
                                                   .on_control = on_control,
                                                   .on_writable = on_writable,
                                                   .on_close = on_close};

/* Whatever a client can make happen; nothing is expected to go well. It is either answered or cut
 * off, however long a busy machine takes over it. */
static int client(const char *address) {
    char head[1024];
    int fd = test_connect(address);
    if (!test_send_text(fd, test_upgrade_request) || !test_read_head(fd, head, sizeof head)) {
        close(fd);
        return -1;
    }
    return fd;
}

static void talk(int fd) {
    static char text[40000];
    memset(text, 'h', sizeof text);
    /* In fragments first: the message is then in the connection's own memory. */
    if (fd >= 0) {
        (void)(test_send_frame(fd, 0x01, "hel", 3) && test_send_frame(fd, 0x80, "lo", 2) &&
               test_send_frame(fd, 0x89, "p", 1) && test_send_frame(fd, 0x81, text, sizeof text) &&
               test_send_frame(fd, 0x81, "h", 1));
    }
}

/* Read what comes until the callback has acted, or has had its time; and a little of what comes of
 * that, which nothing depends on. */
static void listen_to_both(const struct matrix *matrix, const int fds[2]) {
    uint64_t end_ms = test_now_ms() + PATIENCE_MS;
    while (matrix->acted == 0 && test_now_ms() < end_ms) {
        for (size_t i = 0; i < 2; i++) {
            if (fds[i] >= 0) {
                (void)test_drain(fds[i], 1);
            }
        }
    }
    for (size_t i = 0; i < 2; i++) {
        if (fds[i] >= 0) {
            (void)test_drain(fds[i], 5);
        }
    }
}

static void leave(int fd) {
    if (fd >= 0) {
        (void)test_send_frame(fd, 0x88, "\x03\xe8", 2);
        close(fd);
    }
}

static bool run(enum place place, enum action action, bool on_other) {
    struct matrix *matrix = calloc(1, sizeof *matrix);
    struct test_world *world = &matrix->world;
    test_world_init(world);
    matrix->place = place;
    matrix->action = action;
    matrix->on_other = on_other;
    world->options.send_queue_max = 1;
    world->options.close_timeout_ms = 50;
    world->config.handler = &handler;
    world->config.on_request = on_request;
    world->config.on_refused = on_refused;
    test_world_listen(world, "127.0.0.1:0", NULL);
    char address[64];
    snprintf(address, sizeof address, "%s", world->address);
    test_world_start(world);
    int fds[2];
    fds[0] = client(address);
    bool is_gone = (action == ACTION_STOP || action == ACTION_CUT || action == ACTION_FREE) &&
                   place == PLACE_OPEN;
    fds[1] = is_gone ? -1 : client(address);
    if (place == PLACE_REFUSED) {
        int bad = test_connect(address);
        (void)test_send_text(bad, "NONSENSE\r\n\r\n");
        (void)test_drain(bad, 100);
        close(bad);
        (void)test_world_wait(&world->refused, 1);
    }
    talk(fds[0]);
    talk(fds[1]);
    if (place != PLACE_CLOSE) { /* for that it is leaving that makes it act */
        listen_to_both(matrix, fds);
    }
    leave(fds[0]);
    leave(fds[1]);
    (void)test_world_wait(&matrix->acted, 1);
    usleep(2000); /* so that some of what follows happens before the end; nothing depends on it */
    test_world_halt(world);
    why_server_free(world->server);
    why_loop_free(world->loop);
    bool good = world->closed == world->opened && matrix->acted > 0;
    free(matrix);
    return good;
}

static void everything_may_be_called_from_everywhere(void **state) {
    (void)state;
    for (int place = 0; place < PLACE_COUNT; place++) {
        for (int action = 0; action < ACTION_COUNT; action++) {
            for (int on_other = 0; on_other < 2; on_other++) {
                if (!run((enum place)place, (enum action)action, on_other == 1)) {
                    fail_msg("in %s: %s on %s", place_names[place], action_names[action],
                             on_other == 1 ? "another" : "itself");
                }
            }
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_may_be_called_from_everywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
