/* SPDX-License-Identifier: MIT
 *
 * One connection of the lab: a socket that a thread reads and writes, waiting where it has to, with
 * or without TLS around it. Nothing waits longer than LAB_HOLD_MS for a peer that is silent.
 */
#ifndef WHY_LAB_LINK_H
#define WHY_LAB_LINK_H

#include "lab/hello.h"
#include "lab/modes.h"

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    LAB_HOLD_MS = 120000,  /* for a silent peer */
    LAB_DRAIN_MS = 2000,   /* for the peer's FIN, once we have said all */
    LAB_EARLY_MAX = 72000, /* bytes read before it is known what they are: a ClientHello, a head */
};

struct lab_server;

struct lab_link {
    struct lab_server *server;
    const struct lab_mode *mode;
    struct lab_mode own_mode; /* where the table has none for it: alert-N */
    int fd;
    bool reset; /* close with a RST */

    uint8_t *early; /* LAB_EARLY_MAX bytes */
    size_t early_at, early_len;
    struct lab_hello hello;

    SSL *ssl; /* NULL: plain */
    BIO *in, *out;
    size_t record_count; /* that went out */
    bool fault_done;     /* the mode's fault on the wire has happened */
    bool ended;          /* by that fault; nothing more is to be sent */

    /* For the log */
    bool handshake_done;
    int alert; /* that the peer sent; -1: none */
    unsigned message_count;

    struct lab_link *next, *previous; /* of the server's list */
};

/* ---- The socket ---- */

/* Wait until there is something to read. returns  false: the time is up */
bool lab_link_wait(const struct lab_link *link, int timeout_ms);

/* Read what is there, the early bytes first; waits for some. 0: the end, an error, or too late. */
size_t lab_link_receive(struct lab_link *link, uint8_t *out, size_t size);

/* Add to the early bytes. returns  false: the end, or there is no more room */
bool lab_link_more(struct lab_link *link);

bool lab_link_send(struct lab_link *link, const void *data, size_t len);

/* Our side is done: FIN, and time for the peer to read what it was sent. */
void lab_link_finish(struct lab_link *link);

/* Read and forget, until the peer leaves. */
void lab_link_hold(struct lab_link *link);

/* End it as the mode says. */
void lab_link_end(struct lab_link *link, enum lab_how how);

/* ---- TLS (tls.c) ---- */

/* Do the handshake; the ClientHello lies in the early bytes.
 * returns  false: it failed, and the socket is done with */
bool lab_link_start_tls(struct lab_link *link, SSL_CTX *context);

/* As lab_link_wait(), _receive(), _send(), _finish(), but through TLS where there is any. */
bool lab_link_wait_data(const struct lab_link *link, int timeout_ms);
size_t lab_link_receive_data(struct lab_link *link, uint8_t *out, size_t size);
bool lab_link_send_data(struct lab_link *link, const void *data, size_t len);
void lab_link_finish_data(struct lab_link *link);

/* ---- What is served over it ---- */

/* A WebSocket echo, and a page for who asks with a plain GET (echo.c). */
void lab_serve_echo(struct lab_link *link);

/* A flight that OpenSSL would not write (canned.c). */
void lab_serve_canned(struct lab_link *link, X509 *leaf, STACK_OF(X509) * chain);

/* Whatever the mode says, from the first byte on (serve.c). */
void lab_serve(struct lab_link *link);

/* The ClientHello, then TLS, then the echo, for the mode that is set already. */
void lab_serve_tls(struct lab_link *link);

/* A mode of the group proxy (serve_proxy.c). */
void lab_serve_proxy(struct lab_link *link);

#endif
