/* SPDX-License-Identifier: MIT
 *
 * A server that says what a script says, right or wrong, in a thread of its own on loopback. Every
 * wait in it is bounded.
 */
#ifndef WHY_TEST_SCRIPTED_H
#define WHY_TEST_SCRIPTED_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Wait for something, then say something. */
struct test_exchange {
    size_t wait;     /* for so many bytes; 0: for the empty line that ends a head */
    const char *say; /* in it, "{accept}" becomes what answers the key of the last head */
    size_t len;      /* of `say`; 0: up to its NUL */
};

/* What follows the script. */
enum test_end_of_script {
    TEST_CLOSE,   /* FIN */
    TEST_RESET,   /* RST */
    TEST_SILENCE, /* nothing, until the client closes or 5 s have passed */
    TEST_ECHO,    /* WebSocket frames sent back, Close too, and then FIN */
    TEST_NOTIFY,  /* as that, but no FIN before the client's: of TLS the close_notify alone */
};

struct test_script {
    bool says_first; /* do not wait before the first `say` */
    struct test_exchange exchanges[4];
    enum test_end_of_script end;
    const char *tls_file;     /* PEM of certificate and key; NULL: no TLS */
    size_t tls_after;         /* exchanges before TLS begins: a proxy's */
    const char *tls_wants_ca; /* PEM: ask the client for a certificate of this CA, and insist */
};

struct test_scripted {
    int listener;
    uint16_t port;
    size_t connections;
    const struct test_script *script;
    pthread_t thread;
    /* After test_scripted_stop(): */
    char heard[16384]; /* by the last connection, within its script; terminated */
    size_t heard_len;
    bool was_closed; /* SILENCE: the client closed, and said nothing before it */
};

/* Serve `connections`, one after the other. */
void test_scripted_start(struct test_scripted *server, const struct test_script *script,
                         size_t connections);
/* The same on a listening socket that is given, and taken over. */
void test_scripted_start_on(struct test_scripted *server, const struct test_script *script,
                            size_t connections, int listener);
/* Wait for its end, and give its socket back. */
void test_scripted_stop(struct test_scripted *server);

#endif
