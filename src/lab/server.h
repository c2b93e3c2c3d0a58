/* SPDX-License-Identifier: MIT
 *
 * The lab's server: one port for TLS, where the server name says which mode is meant, and a port
 * each for what happens before or below it. A thread a connection: it is a test peer.
 */
#ifndef WHY_LAB_SERVER_H
#define WHY_LAB_SERVER_H

#include "lab/contexts.h"
#include "lab/modes.h"

#include <stdbool.h>
#include <stddef.h>

struct lab_link;
struct lab_server;

/* What became of a connection. */
struct lab_event {
    const char *mode;
    const char *name;    /* the server name that was asked for, or "" */
    bool handshake_done; /* TLS stood */
    int alert;           /* that the client sent, or -1 */
    unsigned message_count;
};

/* Borrowed for the life of the server. */
struct lab_config {
    const char *address; /* "127.0.0.1:9500", "[::1]:0" */
    enum lab_kind kind;
    const char *ca_file;      /* where to write the CA; NULL: nowhere */
    const char *certs_folder; /* where to write what clients need; NULL: nowhere */
    void (*on_event)(void *user, const struct lab_event *event); /* of any thread; NULL: nobody */
    void *user;
};

enum lab_result {
    LAB_OK,
    LAB_BAD_ADDRESS,   /* `error_text` has it */
    LAB_CANNOT_LISTEN, /* `error` is errno, `error_text` the address */
    LAB_CANNOT_WRITE,  /* `error` is errno, `error_text` the path */
    LAB_FAILED,        /* OpenSSL, memory, threads */
};

struct lab_failure {
    int error;
    char text[256];
};

/* Listen, write the files, and serve until lab_server_free().
 * failure  filled where the result is not LAB_OK */
enum lab_result lab_server_new(const struct lab_config *config, struct lab_server **out,
                               struct lab_failure *failure);

/* Cut what is open, and wait for its threads. NULL is allowed. */
void lab_server_free(struct lab_server *server);

/* The port of the mode; NULL: that of TLS. 0: it is not of the kind that was asked for. */
unsigned lab_server_port(const struct lab_server *server, const struct lab_mode *mode);

/* For the connections. */
struct lab_contexts *lab_server_contexts(struct lab_server *server);

/* A new connection to the TLS port; -1: there is none. */
int lab_server_connect(const struct lab_server *server);

#endif
