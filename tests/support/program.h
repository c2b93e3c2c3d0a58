/* SPDX-License-Identifier: MIT
 *
 * A program with one client, that writes down what it is told; for tests of the client against
 * scripted servers.
 */
#ifndef WHY_TEST_PROGRAM_H
#define WHY_TEST_PROGRAM_H

#include "support/scripted.h"
#include "whysocket/client.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Parts of an answer to an upgrade; TEST_GOOD is all of it. */
#define TEST_SWITCH                                                                                \
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"            \
    "Sec-WebSocket-Accept: {accept}\r\n"
#define TEST_HEAD_END "\r\n"
#define TEST_GOOD TEST_SWITCH TEST_HEAD_END

/* What a program sees of one client. */
struct test_program {
    struct why_loop *loop;
    struct why_options options;
    struct why_client_config config;
    struct why_client *client;
    struct why_record record; /* of the last on_close */
    size_t opened, closed, reconnects;
    char messages[200];
    bool says_hello; /* on_open: send "hello", and close when it comes back */
    bool closes;     /* on_message: close */
    enum {
        TEST_FREE_NEVER,
        TEST_FREE_ON_STEP,
        TEST_FREE_ON_OPEN,
        TEST_FREE_ON_MESSAGE,
        TEST_FREE_ON_CLOSE
    } frees;
    enum why_layer free_at; /* TEST_FREE_ON_STEP */
    size_t step_count;
    struct {
        enum why_layer layer;
        bool ok;
        char what[200];
    } steps[32];
};

/* A loop, the default options with short deadlines, and callbacks that write down. */
void test_program_init(struct test_program *program);
/* Free the client and the loop, and wait for the threads that ask for names: each may outlive its
 * question, and holds a descriptor until it ends. */
void test_program_clear(struct test_program *program);
void test_program_free_client(struct test_program *program);

/* Connect, and wait for the end of everything. */
void test_program_run(struct test_program *program, const char *url);

/* "SCHEME://HOST:PORT/chat?a=1", in static memory. */
const char *test_url(const char *scheme, const char *host, uint16_t port);

/* A server that answers well and sends back what comes; and what a program saw of it that said
 * hello and closed. */
extern const struct test_script test_echo_script;
void test_assert_good_echo(const struct test_program *program);

#endif
