/* SPDX-License-Identifier: MIT
 *
 * What the files of this folder share: the engine's state and the evidence that it keeps.
 */
#ifndef WHY_TLS_ENGINE_H
#define WHY_TLS_ENGINE_H

#include "tls/tls.h"
#include "tls/verification.h"

#include <openssl/ssl.h>
#include <openssl/x509.h>

/* why__tls_send stops filling the output here; answers that the peer provokes may go further, to
 * the second figure, past which a peer that asks and never reads has failed. */
#define WHY__TLS_OUTPUT_MAX ((size_t)256 * 1024)
#define WHY__TLS_OUTPUT_HARD_MAX ((size_t)512 * 1024)

/* What a peer may send until the handshake is done. All that OpenSSL takes, each message as long as
 * can be, is about two thirds of it. */
#define WHY__TLS_HANDSHAKE_MAX ((size_t)512 * 1024)

#define WHY__TLS_NAME_MAX 255
#define WHY__TLS_SECRET_MAX 48 /* SHA-384 */

struct why__tls_context {
    const struct why_host *host;
    SSL_CTX *ssl;
    BIO_METHOD *bio; /* here, as a static one would be global state that somebody has to free */
    uint32_t users;  /* connections; the last frees an orphan */
    bool is_orphan;
    bool is_server;
    bool insecure;
    bool own_trust;      /* ca_file was given: the system's store is out of the game */
    bool offers_sending; /* server: who makes records may be somebody else */
    bool notices;        /* a report is wanted, of what is no failure yet too: evidence is kept */
    void (*on_secret)(void *context, const char *line);
    void *on_secret_context;
    void (*on_chain)(void *context, const struct why_bytes *chain, size_t count);
    void *on_chain_context;
    struct why_tls_config *config; /* server: the paths, to read them again */
    SSL_CTX **more;                /* server: config->more, as it was loaded */
    uint8_t *spare;                /* for output; NULL: there is none, or it is in use */
    size_t spare_size;
    struct why__tls_ciphers *ciphers; /* server: of traffic.c; NULL until it is wanted */
    struct why__tls_own *own;         /* server: of own_check.c; NULL until it is wanted */
    SSL_SESSION *session;             /* client: the last one, and the name that it is good for */
    char session_name[WHY__TLS_NAME_MAX + 1];
};

/* What only the handshake's end needs: freed when the first application data has come, so that an
 * open connection does not carry it. */
struct why__tls_evidence {
    struct why__tls_verification verification;
    uint16_t offered_version; /* server: the highest in the ClientHello; 0 before one */
    uint16_t dh_bits;         /* of the server's prime; 0: none came */
    uint16_t group;           /* of ServerKeyExchange, IANA's number; 0: none came */
    uint64_t received;        /* bytes in the handshake */
    uint64_t started_ms;      /* of the first message */
    uint8_t first_bytes_len;
    uint8_t first_bytes[48];
    uint8_t message_count;
    struct why_tls_message messages[WHY_TLS_MESSAGES_MAX];
    /* TLS 1.3: what traffic.c needs to go on alone. Records since the keys for data are in use. */
    uint8_t secret_in[WHY__TLS_SECRET_MAX], secret_out[WHY__TLS_SECRET_MAX];
    uint8_t secret_in_len, secret_out_len;
    uint32_t headers_in, headers_out, records_in, records_out;
    bool is_unusual;             /* something else than data came in them */
    char asked_name[128];        /* server: SNI, as early as the ClientHello is read */
    struct why_tls_offer *offer; /* the ClientHello's, ours or the client's; NULL before one */
};

struct why__tls {
    struct why__tls_context *context;
    SSL *ssl;                           /* the context's stand-in where there is `traffic` */
    struct why__tls_evidence *evidence; /* NULL once it is of no more use */
    struct why__tls_traffic *traffic;   /* records without OpenSSL; NULL: with it */
    struct why_bytes input;             /* the caller's, for the length of one call */
    uint8_t *output;
    size_t output_at, output_len, output_size;
    uint32_t error; /* OpenSSL's packed code; 0: none */
    int os_error;   /* with `lost` */
    int16_t alert;  /* -1: none */
    uint8_t lost;   /* enum why_transport: how the transport ended under us */
    uint8_t status; /* enum why__tls_status */
    uint16_t cause; /* enum why_cause, of FAILED */
    bool alert_sent : 1;
    bool alert_fatal : 1;
    bool hello_done : 1; /* version and cipher are agreed */
    bool handshake_done : 1;
    bool data_came : 1;
    bool close_sent : 1;
    bool client_cert_requested : 1;
    bool client_cert_sent : 1;
    bool client_cert_empty : 1; /* the answer to the request was "I have none" */
    bool certificate_sent : 1;  /* ours is on its way to the peer */
    bool no_memory : 1;         /* our own allocation failed */
    bool flooded : 1;           /* WHY__TLS_OUTPUT_HARD_MAX was reached */
    bool endless : 1;           /* WHY__TLS_HANDSHAKE_MAX came, and the handshake goes on */
    bool is_address : 1;        /* server_name is one: no SNI */
    bool by_proxy : 1;          /* why__tls_set_proxy() */
    bool is_check : 1;          /* own_check.c's: both ends are ours */
    bool is_nameless : 1;       /* no SNI either way */
    char server_name[];         /* client: what was asked for; "" for a server */
};

/* Where it is told what is wrong with a file. */
struct why__tls_message {
    char *text;
    size_t size;
};

/* tls.c: it has failed, for what the evidence says. */
void why__tls_fail(struct why__tls *tls);

/* bio.c */
BIO_METHOD *why__tls_bio_method(void);
/* Make room for `len` more bytes of output; false if out of memory. */
bool why__tls_output_reserve(struct why__tls *tls, size_t len);
void why__tls_output_append(struct why__tls *tls, const void *data, size_t len);

/* evidence.c */
/* `alert`: level and number. */
void why__tls_see_alert(struct why__tls *tls, bool sent, const uint8_t alert[2]);
void why__tls_evidence_install(struct why__tls_context *context);
void why__tls_evidence_free(struct why__tls *tls);
void why__tls_evidence_first_bytes(struct why__tls *tls, struct why_bytes input);
/* The entry of OpenSSL's queue that says most, 0 where it is empty; the queue is emptied. */
uint32_t why__tls_evidence_error(void);

/* verdict.c */
struct why__tls_verdict {
    enum why_cause cause;
    enum why_side side; /* NONE: the cause's own */
    bool likely;
    bool by_certificates; /* it is the first of why__tls_findings() */
};
struct why__tls_verdict why__tls_judge(const struct why__tls *tls);
/* Was it the peer's alert that ended it? */
bool why__tls_was_ended_by_alert(const struct why__tls *tls);

/* detail.c */
void why__tls_detail(const struct why__tls *tls, const struct why__tls_verdict *verdict,
                     struct why__say *say);

/* own_check.c */
void why__tls_own_free(struct why__tls_context *context);
/* The groups that we can agree on, by name, separated by commas; "" if out of memory. */
const char *why__tls_own_groups(struct why__tls_context *context);

/* pairs.c */
/* NULL if out of memory. */
struct why_tls_config *why__tls_config_copy(const struct why_host *host,
                                            const struct why_tls_config *config);
int why__tls_pairs_load(struct why__tls_context *context, const struct why_tls_config *config,
                        const struct why__tls_message *message);
void why__tls_pairs_free(struct why__tls_context *context);
/* Show the certificate that has the name; the first where none has. False if out of memory. */
bool why__tls_pairs_choose(const struct why__tls *tls, const char *name, size_t len);

/* pem.c */
int why__tls_load_own(SSL_CTX *ssl, const struct why_tls_config *config,
                      const struct why__tls_message *message);
int why__tls_load_trust(SSL_CTX *ssl, const char *path, const struct why__tls_message *message);
/* policy.c: versions, ciphers, revocation lists. */
int why__tls_set_policy(SSL_CTX *ssl, bool is_server, const struct why_tls_config *config,
                        const struct why__tls_message *message);
/* Say what is wrong; returns WHY_ERR_CONFIG. */
__attribute__((format(printf, 2, 3))) int why__tls_refuse(const struct why__tls_message *message,
                                                          const char *format, ...);

/* pem_lines.c: what is wrong with PEM text, by line; false where its form is right. */
bool why__tls_pem_fault(const char *data, size_t len, char *out, size_t size);

#endif
