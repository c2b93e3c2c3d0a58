/* SPDX-License-Identifier: MIT
 *
 * Listening sockets: from an address in words to sockets that listen.
 */
#ifndef WHY_NET_LISTENER_H
#define WHY_NET_LISTENER_H

#include "net/loop.h"
#include "tls/tls.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct why_server;

struct why__listener {
    struct why__watch watch;
    struct why_server *server;
    struct why__listener *next;
    struct why__tls_context *tls; /* NULL: plain; that of the listener before it if `shares_tls` */
    bool shares_tls;
    bool is_unix;
    char address[128]; /* "127.0.0.1:9001", "unix:/path" */
};

struct why__listen {
    uint32_t user_timeout_ms; /* see why__stream_tune() */
    bool joins;               /* listen also where somebody else does */
    char *error;
    size_t error_size;
};

/* Sockets for an address, a name may have several. They listen, and nobody watches them yet.
 *
 * out      a list, freed by why__listeners_free(); set on WHY_OK
 * returns  as why_server_listen() */
WHY_MUST_USE int why__listeners_open(const char *address, const struct why__listen *how,
                                     struct why__listener **out);

/* Close them; a unix socket's path goes too. They are not watched any more. What the connections
 * that they took need of them stays: TLS. */
void why__listeners_close(struct why__listener *listeners);

/* Close those that are open, and free all. No connection is left that one of them took. */
void why__listeners_free(struct why__listener *listeners);

#endif
