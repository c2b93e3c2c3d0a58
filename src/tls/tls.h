/* SPDX-License-Identifier: MIT
 *
 * A TLS engine on OpenSSL: bytes in, bytes out, evidence kept. No sockets. OpenSSL reads straight
 * from the caller's input and writes into this object's output buffer, which is held only while
 * something is in it. A server's open connection of TLS 1.3 goes on without OpenSSL's object
 * (traffic.h).
 */
#ifndef WHY_TLS_H
#define WHY_TLS_H

#include "whysocket/bytes.h"
#include "whysocket/host.h"
#include "whysocket/record.h"
#include "whysocket/result.h"
#include "whysocket/tls_config.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is shared by all connections of a client or listener: certificates, trust, session cache.
 * It belongs to one thread at a time, as they do. */
struct why__tls_context;

/* is_server  needs a certificate; with a `ca_file` it takes only clients whose certificate one of
 *            these CAs has issued
 * error      "" or, also with WHY_OK, a warning: a certificate that has expired can be used
 * returns    WHY_OK; WHY_ERR_CONFIG (a file is missing, is no PEM, the key does not fit: `error`
 *            names the file, what is wrong with it, and the mend), WHY_ERR_NOMEM */
WHY_MUST_USE int why__tls_context_new(const struct why_host *host,
                                      const struct why_tls_config *config, bool is_server,
                                      struct why__tls_context **out, char *error,
                                      size_t error_size);
/* A client's like another client's: what was read from files is shared, above all the store of CAs,
 * which is large; the session is not, so that each begins with a whole handshake. Either may be
 * freed first. returns  NULL if out of memory */
struct why__tls_context *why__tls_context_like(const struct why__tls_context *other);

/* Where connections still use it, the last one frees it: a server that stops lets them end first.
 * The host, and what on_secret needs, have to outlive them. */
void why__tls_context_free(struct why__tls_context *context);

/* A server's files again, for the connections that begin from now on. Where they have become bad,
 * what there is stays. Arguments and errors as above. */
WHY_MUST_USE int why__tls_context_reload(struct why__tls_context *context, char *error,
                                         size_t error_size);

struct why__tls;

/* server_name  client: the host of the URL, a name (SNI, verified) or an address (no SNI, verified
 *              against the certificate's addresses); a trailing dot is not part of it. NULL for a
 *              server.
 * returns      NULL if out of memory */
struct why__tls *why__tls_new(struct why__tls_context *context, const char *server_name);

/* A client's that verifies the name and does not send it: what does the server show who asks for
 * nothing? */
struct why__tls *why__tls_new_nameless(struct why__tls_context *context, const char *server_name);
void why__tls_free(struct why__tls *tls);

/* Client: an HTTP proxy has opened the way, and may put a page of its own in the server's place. */
void why__tls_set_proxy(struct why__tls *tls);

enum why__tls_status {
    WHY__TLS_HANDSHAKE, /* in the handshake: send the output, feed more input */
    WHY__TLS_OPEN,      /* application data can pass */
    WHY__TLS_ENDED,     /* the peer sent close_notify: its stream ended in order */
    /* Send what output there is (an alert; or, from a server to a client that speaks plain HTTP, an
     * answer in plain HTTP), end the transport, see the report. */
    WHY__TLS_FAILED,
};

/* Take ciphertext and yield plaintext. During the handshake there is none. Each call uses input or
 * yields plaintext, so that the loop ends; where it has ended or failed, all input is used.
 *
 * input    borrowed; advanced past what was used; loop until it is empty and *plain_len is 0
 * plain    room for decrypted bytes, not empty
 * returns  the status after it; bytes that were yielded with ENDED or FAILED came before that, and
 *          are good */
enum why__tls_status why__tls_receive(struct why__tls *tls, struct why_bytes *input,
                                      struct why_span plain, size_t *plain_len);

/* Encrypt a list of buffers, joined into records where they are small. OPEN, and ENDED too: the
 * peer's close_notify is about its own direction alone (RFC 8446 section 6.1).
 *
 * taken    bytes of plaintext taken; fewer than given where the output buffer is at its limit
 * returns  WHY_OK, WHY_ERR_STATE, WHY_ERR_NOMEM, WHY_ERR_FAILED */
WHY_MUST_USE int why__tls_send(struct why__tls *tls, const struct why_bytes *list, size_t count,
                               size_t *taken);

/* Queue close_notify. */
void why__tls_close(struct why__tls *tls);

/* Ciphertext to send. */
struct why_bytes why__tls_output(const struct why__tls *tls);
void why__tls_output_consumed(struct why__tls *tls, size_t len);

/* The transport ended under it: fin, reset, timeout, errno. In the handshake that is a failure,
 * with the cause returned: tls.eof, tls.reset, timeout.tls, or that of the alert that came first.
 * So it is before the first application data from a server that had asked for our certificate, as
 * TLS 1.3 lets it refuse that late (RFC 8446 section 4.4.2.4). So is a client that leaves before it
 * has sent any: some look at our name only then. Else it is no matter of TLS:
 * WHY_CAUSE_NONE. */
enum why_cause why__tls_lost(struct why__tls *tls, enum why_transport transport, int os_error);

/* ---- Records that somebody else makes ----
 *
 * Of a connection that went on without OpenSSL the sending half can be given away: to the kernel,
 * which then makes records of whatever plaintext is sent (net/ktls.h). Receiving stays here, and so
 * does the knowledge of what has to be said beside data. It cannot be taken back. */

/* What records are made with. It is a secret: whoever has it wipes it. */
struct why__tls_sending {
    uint64_t sequence; /* of the next record */
    uint16_t suite;    /* IANA's number, of TLS 1.3 */
    uint8_t key[32];   /* as long as the suite's is */
    uint8_t iv[12];
};

/* Whether it is to be given away, and can be now: the context wants it, it was not tried before,
 * and no ciphertext of ours is waiting. */
WHY_MUST_USE bool why__tls_offer_sending(const struct why__tls *tls,
                                         struct why__tls_sending *sending);

enum why__tls_taker {
    WHY__TLS_TAKEN,   /* from now on there is no why__tls_send(), and no output */
    WHY__TLS_LEFT,    /* it stays with us */
    WHY__TLS_NO_TAKER /* as that, and so it does for all connections of this context */
};
/* What came of the offer. */
void why__tls_settle_sending(struct why__tls *tls, enum why__tls_taker taker);
bool why__tls_sends_outside(const struct why__tls *tls);

/* So much plaintext went into records: a key is good for so many (RFC 8446 section 5.5). */
void why__tls_note_sent(struct why__tls *tls, size_t len);

/* A record that is no data, for them to make before any more of it. */
struct why__tls_control {
    uint8_t type;
    uint8_t len;
    uint8_t content[5];
    bool renews; /* a KeyUpdate: what follows it is under new keys */
};
/* The next of them; false: there is none. It is sent when why__tls_control_sent() says so. */
WHY_MUST_USE bool why__tls_control(const struct why__tls *tls, struct why__tls_control *control);
void why__tls_control_sent(struct why__tls *tls);

/* After a KeyUpdate: the new keys; false if OpenSSL has no memory for it. */
WHY_MUST_USE bool why__tls_renew_sending(struct why__tls *tls, struct why__tls_sending *sending);
/* Or they cannot be exchanged: no KeyUpdate is sent any more, and the connection should end. */
void why__tls_wear_out(struct why__tls *tls);

/* Whether anything waits to be sent that is no data: output, or such a record. */
bool why__tls_has_to_send(const struct why__tls *tls);

enum why__tls_status why__tls_status(const struct why__tls *tls);

/* FAILED: why; else WHY_CAUSE_NONE. */
enum why_cause why__tls_cause(const struct why__tls *tls);

/* Server: is it of use to know the address that the client reached us by? Where our certificate was
 * turned down by a client that asked for no name, it is what the client looked for in it. */
bool why__tls_wants_address(const struct why__tls *tls, const struct why_record *record);

/* Server, after why__tls_report(): where our certificate was turned down, or seems to have been,
 * verify it as a client would, and say in the record what is wrong with it.
 *
 * address  ours, "192.0.2.1", for a client that asked for no name; NULL: not known */
void why__tls_explain_rejection(const struct why__tls *tls, const char *address,
                                struct why_record *record);

/* Write the TLS part of the record; and where TLS failed, the cause and its detail. */
void why__tls_report(const struct why__tls *tls, struct why_record *record);

#endif
