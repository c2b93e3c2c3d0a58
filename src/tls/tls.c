/* SPDX-License-Identifier: MIT
 *
 * The engine: one connection's handshake and records, in the pull shape of tls.h. Why it failed is
 * told by verdict.c, from what evidence.c kept.
 */
#include "tls/engine.h"

#include "tls/traffic.h"

#include <assert.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#define RECORD_MAX ((size_t)16384)    /* RFC 8446 section 5.1 */
#define RECORD_OVERHEAD ((size_t)512) /* header, tag and padding, of either version; generous */
#define JOIN_MAX ((size_t)4096)       /* buffers shorter than this share a record */

void why__tls_fail(struct why__tls *tls) {
    tls->status = WHY__TLS_FAILED;
    tls->cause = (uint16_t)why__tls_judge(tls).cause;
}

/* A browser at https:// would show its own error; one that speaks plain HTTP can be told. OpenSSL
 * has sent nothing to such a peer, or an alert that it cannot read. */
static void answer_plain_http(struct why__tls *tls) {
    static const char body[] = "This port speaks TLS: use wss:// (or https://) in the URL.\n";
    char answer[256];
    int len = snprintf(answer, sizeof answer,
                       "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\n"
                       "Content-Length: %zu\r\nConnection: close\r\n\r\n%s",
                       sizeof body - 1, body);
    assert(len > 0 && (size_t)len < sizeof answer);
    why__tls_output_consumed(tls, tls->output_len - tls->output_at);
    if (why__tls_output_reserve(tls, (size_t)len)) {
        why__tls_output_append(tls, answer, (size_t)len);
    }
}

/* OpenSSL could not go on. */
static void settle(struct why__tls *tls, int ssl_error) {
    bool starved = ssl_error == SSL_ERROR_WANT_READ && tls->input.len == 0;
    if (starved && !tls->flooded && !tls->no_memory) {
        return;
    }
    if (ssl_error == SSL_ERROR_ZERO_RETURN && tls->handshake_done) {
        tls->status = WHY__TLS_ENDED;
        return;
    }
    tls->error = why__tls_evidence_error();
    why__tls_fail(tls);
    struct why__tls_context *context = tls->context;
    if (context->is_server && tls->cause == WHY_CAUSE_TLS_PLAIN_HTTP) {
        answer_plain_http(tls);
    }
    if (!context->is_server && SSL_session_reused(tls->ssl) == 1) {
        /* It may be the session that the server chokes on: the next try is a whole handshake. */
        SSL_SESSION_free(context->session);
        context->session = NULL;
    }
}

static void handshake(struct why__tls *tls) {
    ERR_clear_error();
    int done = SSL_do_handshake(tls->ssl);
    if (done == 1) {
        tls->handshake_done = true;
        tls->status = WHY__TLS_OPEN;
    } else {
        settle(tls, SSL_get_error(tls->ssl, done));
    }
}

static size_t decrypt(struct why__tls *tls, struct why_span plain) {
    size_t len = 0;
    while (len < plain.len) {
        size_t got = 0;
        ERR_clear_error();
        int read = SSL_read_ex(tls->ssl, plain.data + len, plain.len - len, &got);
        if (read != 1) {
            settle(tls, SSL_get_error(tls->ssl, read));
            break;
        }
        len += got;
    }
    if (len > 0 && !tls->data_came) {
        tls->data_came = true;
        /* Errors that were let pass (insecure) stay: the record tells of them at the end. */
        if (tls->status != WHY__TLS_FAILED && !tls->context->notices &&
            tls->evidence->verification.error_count == 0) {
            if (tls->status == WHY__TLS_OPEN) {
                why__tls_traffic_begin(tls);
            }
            why__tls_evidence_free(tls);
        }
    }
    return len;
}

enum why__tls_status why__tls_receive(struct why__tls *tls, struct why_bytes *input,
                                      struct why_span plain, size_t *plain_len) {
    assert(plain.len > 0); /* or an open connection could not go on */
    *plain_len = 0;
    tls->input = *input;
    if (!tls->handshake_done) {
        uint8_t known = tls->evidence->first_bytes_len;
        why__tls_evidence_first_bytes(tls, *input);
        if (tls->status == WHY__TLS_FAILED && tls->evidence->first_bytes_len > known) {
            why__tls_fail(tls); /* what follows may say more of what it is */
        }
    }
    if (tls->status == WHY__TLS_HANDSHAKE && tls->evidence->received > WHY__TLS_HANDSHAKE_MAX) {
        tls->endless = true;
        why__tls_fail(tls);
    }
    if (tls->status == WHY__TLS_HANDSHAKE) {
        handshake(tls);
    }
    if (tls->status == WHY__TLS_OPEN && tls->traffic != NULL) {
        *plain_len = why__tls_records_receive(tls, plain);
    } else if (tls->status == WHY__TLS_OPEN) {
        *plain_len = decrypt(tls, plain);
    }
    if (tls->status == WHY__TLS_ENDED || tls->status == WHY__TLS_FAILED) {
        /* Nothing after it can mean anything; and whoever loops until the input is empty ends. */
        tls->input.data += tls->input.len;
        tls->input.len = 0;
    }
    *input = tls->input;
    tls->input = (struct why_bytes){0};
    return (enum why__tls_status)tls->status;
}

/* Copy from the list, from byte `at` of its first buffer on, until `scratch` is full. */
static struct why_bytes join(const struct why_bytes *list, size_t count, size_t at,
                             uint8_t scratch[JOIN_MAX]) {
    size_t len = 0;
    for (size_t i = 0; i < count && len < JOIN_MAX; i++) {
        size_t rest = list[i].len - at;
        size_t take = rest < JOIN_MAX - len ? rest : JOIN_MAX - len;
        if (take > 0) {
            memcpy(scratch + len, list[i].data + at, take);
        }
        len += take;
        at = 0;
    }
    return (struct why_bytes){scratch, len};
}

/* Encrypt one record's worth. Returns WHY_OK with *written 0 where the output is at its limit. */
static int encrypt(struct why__tls *tls, struct why_bytes chunk, size_t *written) {
    *written = 0;
    size_t held = tls->output_len - tls->output_at;
    if (held + chunk.len + RECORD_OVERHEAD > WHY__TLS_OUTPUT_MAX) {
        return WHY_OK;
    }
    /* Room first: OpenSSL would not forgive a write that failed half-way. */
    if (!why__tls_output_reserve(tls, chunk.len + RECORD_OVERHEAD)) {
        return WHY_ERR_NOMEM;
    }
    ERR_clear_error();
    if (SSL_write_ex(tls->ssl, chunk.data, chunk.len, written) == 1) {
        return WHY_OK;
    }
    tls->error = why__tls_evidence_error();
    why__tls_fail(tls);
    return WHY_ERR_FAILED;
}

/* RFC 8446 section 6.1: close_notify ends one direction, and not the other. */
static bool can_send(const struct why__tls *tls) {
    return tls->status == WHY__TLS_OPEN || tls->status == WHY__TLS_ENDED;
}

int why__tls_send(struct why__tls *tls, const struct why_bytes *list, size_t count, size_t *taken) {
    *taken = 0;
    if (tls->status == WHY__TLS_FAILED) {
        return WHY_ERR_FAILED;
    }
    if (!can_send(tls) || tls->close_sent) {
        return WHY_ERR_STATE;
    }
    if (tls->traffic != NULL) {
        return why__tls_records_send(tls, list, count, taken);
    }
    size_t at = 0;
    while (count > 0) {
        if (at == list->len) {
            list++;
            count--;
            at = 0;
            continue;
        }
        uint8_t scratch[JOIN_MAX];
        struct why_bytes chunk = {list->data + at, list->len - at};
        if (chunk.len < JOIN_MAX && count > 1) {
            chunk = join(list, count, at, scratch);
        } else if (chunk.len > RECORD_MAX) {
            chunk.len = RECORD_MAX;
        }
        size_t written = 0;
        int result = encrypt(tls, chunk, &written);
        if (result != WHY_OK) {
            /* What was taken before is on its way; the next call meets the same trouble. */
            return result == WHY_ERR_NOMEM && *taken > 0 ? WHY_OK : result;
        }
        if (written == 0) {
            return WHY_OK;
        }
        *taken += written;
        for (at += written; count > 0 && at > list->len; list++, count--) {
            at -= list->len;
        }
    }
    return WHY_OK;
}

void why__tls_close(struct why__tls *tls) {
    if (can_send(tls) && !tls->close_sent) {
        if (tls->traffic != NULL) {
            why__tls_records_close(tls);
        } else {
            ERR_clear_error();
            (void)SSL_shutdown(tls->ssl);
            ERR_clear_error();
        }
        tls->close_sent = true;
    }
}

enum why_cause why__tls_lost(struct why__tls *tls, enum why_transport transport, int os_error) {
    if (tls->status == WHY__TLS_FAILED) {
        return (enum why_cause)tls->cause;
    }
    /* A server that did not like our certificate, or that we had none, finds out only after the
     * handshake is done for us; its alert may be lost to a reset, and some just hang up. */
    bool in_doubt = tls->status == WHY__TLS_OPEN && !tls->data_came && tls->client_cert_requested &&
                    !tls->context->is_server && transport != WHY_TRANSPORT_TIMEOUT;
    if (tls->context->is_server && !tls->data_came && transport != WHY_TRANSPORT_TIMEOUT) {
        in_doubt =
            true; /* it may have found our certificate wrong after the handshake, as curl does */
    }
    if (transport == WHY_TRANSPORT_CLOSED || (tls->status != WHY__TLS_HANDSHAKE && !in_doubt)) {
        return WHY_CAUSE_NONE;
    }
    tls->lost = (uint8_t)transport;
    tls->os_error = os_error;
    why__tls_fail(tls);
    return (enum why_cause)tls->cause;
}

enum why__tls_status why__tls_status(const struct why__tls *tls) {
    return (enum why__tls_status)tls->status;
}

enum why_cause why__tls_cause(const struct why__tls *tls) {
    return tls->status == WHY__TLS_FAILED ? (enum why_cause)tls->cause : WHY_CAUSE_NONE;
}

/* Copy the host as certificates and SNI spell it: no trailing dot, no brackets, no zone. */
static void copy_name(char *out, const char *name, size_t len) {
    if (len > 1 && name[0] == '[' && name[len - 1] == ']') {
        name++;
        len -= 2;
        const char *zone = memchr(name, '%', len);
        len = zone == NULL ? len : (size_t)(zone - name);
    } else if (len > 1 && name[len - 1] == '.') {
        len--;
    }
    memcpy(out, name, len);
    out[len] = '\0';
}

static bool ask_for_name(struct why__tls *tls) {
    X509_VERIFY_PARAM *param = SSL_get0_param(tls->ssl);
    X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    if (X509_VERIFY_PARAM_set1_ip_asc(param, tls->server_name) == 1) {
        tls->is_address = true; /* RFC 6066 section 3: no SNI for an address */
        return true;
    }
    ERR_clear_error();
    if (X509_VERIFY_PARAM_set1_host(param, tls->server_name, 0) != 1) {
        return false;
    }
    return tls->is_nameless || strlen(tls->server_name) > WHY__TLS_NAME_MAX ||
           SSL_set_tlsext_host_name(tls->ssl, tls->server_name) == 1;
}

static bool offer_session(struct why__tls *tls) {
    struct why__tls_context *context = tls->context;
    if (context->session == NULL || tls->is_nameless ||
        strcmp(context->session_name, tls->server_name) != 0) {
        return true;
    }
    bool offered = SSL_set_session(tls->ssl, context->session) == 1;
    if (SSL_SESSION_get_protocol_version(context->session) >= TLS1_3_VERSION) {
        /* RFC 8446 section C.4: a ticket used twice ties two connections together. */
        SSL_SESSION_free(context->session);
        context->session = NULL;
    }
    return offered;
}

static bool start(struct why__tls *tls) {
    struct why__tls_context *context = tls->context;
    const struct why_host *host = context->host;
    tls->evidence = host->allocate(host->context, NULL, sizeof *tls->evidence);
    tls->ssl = SSL_new(context->ssl);
    BIO *bio = BIO_new(context->bio);
    if (tls->evidence != NULL) {
        *tls->evidence = (struct why__tls_evidence){0};
    }
    if (tls->evidence == NULL || tls->ssl == NULL || bio == NULL) {
        BIO_free(bio);
        return false;
    }
    BIO_set_data(bio, tls);
    BIO_set_init(bio, 1);
    SSL_set_bio(tls->ssl, bio, bio);
    SSL_set_app_data(tls->ssl, tls);
    if (context->is_server) {
        SSL_set_accept_state(tls->ssl);
        return true;
    }
    SSL_set_connect_state(tls->ssl);
    if (context->notices && SSL_set_tlsext_status_type(tls->ssl, TLSEXT_STATUSTYPE_ocsp) != 1) {
        return false;
    }
    if (!ask_for_name(tls) || !offer_session(tls)) {
        return false;
    }
    handshake(tls); /* the ClientHello is the first output */
    return tls->status == WHY__TLS_HANDSHAKE;
}

static struct why__tls *make(struct why__tls_context *context, const char *server_name,
                             bool is_nameless) {
    const struct why_host *host = context->host;
    size_t len = server_name == NULL ? 0 : strlen(server_name);
    struct why__tls *tls = host->allocate(host->context, NULL, sizeof *tls + len + 1);
    if (tls == NULL) {
        return NULL;
    }
    context->users++;
    *tls = (struct why__tls){.context = context, .alert = -1, .status = WHY__TLS_HANDSHAKE};
    tls->is_nameless = is_nameless;
    copy_name(tls->server_name, len == 0 ? "" : server_name, len);
    ERR_clear_error();
    if (!start(tls)) {
        why__tls_free(tls);
        tls = NULL;
    }
    ERR_clear_error();
    return tls;
}

struct why__tls *why__tls_new(struct why__tls_context *context, const char *server_name) {
    return make(context, server_name, false);
}

struct why__tls *why__tls_new_nameless(struct why__tls_context *context, const char *server_name) {
    return make(context, server_name, true);
}

void why__tls_set_proxy(struct why__tls *tls) {
    tls->by_proxy = true;
}

void why__tls_free(struct why__tls *tls) {
    if (tls == NULL) {
        return;
    }
    const struct why_host *host = tls->context->host;
    if (tls->traffic == NULL && tls->status == WHY__TLS_OPEN && tls->ssl != NULL) {
        /* The session stays good for the next connection, whoever ended this one. */
        SSL_set_quiet_shutdown(tls->ssl, 1);
        (void)SSL_shutdown(tls->ssl);
    }
    why__tls_traffic_free(tls);
    SSL_free(tls->ssl);
    why__tls_evidence_free(tls);
    host->allocate(host->context, tls->output, 0);
    struct why__tls_context *context = tls->context;
    host->allocate(host->context, tls, 0);
    context->users--;
    if (context->is_orphan) {
        why__tls_context_free(context);
    }
}
