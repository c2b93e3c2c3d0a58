/* SPDX-License-Identifier: MIT
 *
 * A server on a loop in a thread of its own, with what it told written down.
 */
#ifndef WHY_TEST_WORLD_H
#define WHY_TEST_WORLD_H

#include "whysocket/whysocket.h"

#include <pthread.h>
#include <stdatomic.h>

struct test_world {
    struct why_loop *loop;
    struct why_options options; /* change them before test_world_listen() */
    struct why_server_config config;
    struct why_session_handler handler; /* echoes; others may be put in */
    struct why_server *server;
    const char *address; /* the first */
    char error[256];
    pthread_t thread;
    /* Written on the loop's thread, the record before the number. */
    atomic_uint opened, messages, controls, writable, closed, requests, refused, done;
    struct why_record close_record, refused_record; /* the last ones */
};

/* A loop and the defaults; nothing runs yet. `world` does not move after this. */
void test_world_init(struct test_world *world);

/* Listen on one more address; aborts where that fails. */
void test_world_listen(struct test_world *world, const char *address,
                       const struct why_tls_config *tls);

/* Run the loop in a thread. */
void test_world_start(struct test_world *world);

/* Stop the loop and free it all, or only stop the loop. */
void test_world_end(struct test_world *world);
void test_world_halt(struct test_world *world);

/* Whether the number gets to `expected` within five seconds. */
bool test_world_wait(const atomic_uint *number, unsigned expected);

/* The world that a session of its server is in, as its user pointer says. */
struct test_world *test_world_of(const struct why_session *session);

/* Send what came back to where it came from: the default for on_message. */
void test_world_echo(struct why_session *session, const struct why_event *event);

#endif
