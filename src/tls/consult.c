/* SPDX-License-Identifier: MIT
 *
 * A consultation's life, and its questions about revocation. The search for issuers is in
 * issuers.c, what it all means for the connection in consult_report.c.
 */
#include "tls/consult_state.h"

#include "tls/engine.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>

bool why__consult_verify(struct why__consult *consult) {
    return why__tls_verify_chain(consult->trust, consult->chain, &consult->verification);
}

static bool is_address(const char *name) {
    ASN1_OCTET_STRING *address = a2i_IPADDRESS(name);
    ASN1_OCTET_STRING_free(address);
    ERR_clear_error();
    return address != NULL;
}

int why__consult_init(struct why__consult *consult, const char *server_name, STACK_OF(X509) * chain,
                      bool own_trust) {
    size_t len = strlen(server_name);
    len -= len > 1 && server_name[len - 1] == '.'; /* certificates are without it */
    len = len < WHY__CONSULT_NAME_MAX ? len : WHY__CONSULT_NAME_MAX;
    memcpy(consult->name, server_name, len);
    consult->name[len] = '\0';
    consult->verification = (struct why__tls_verification){
        .own_trust = own_trust, .is_address = is_address(consult->name), .name = consult->name};
    consult->chain = X509_chain_up_ref(chain);
    return consult->chain != NULL && why__consult_verify(consult) ? WHY_OK : WHY_ERR_NOMEM;
}

static void forget_question(struct why__consult *consult) {
    OCSP_REQUEST_free(consult->request);
    OPENSSL_free(consult->question);
    consult->request = NULL;
    consult->question = NULL;
}

void why__consult_clear(struct why__consult *consult) {
    forget_question(consult);
    why__tls_verification_clear(&consult->verification);
    sk_X509_pop_free(consult->chain, X509_free);
    consult->chain = NULL;
}

/* NULL where one of them is no certificate, or there is no memory. */
static STACK_OF(X509) * decode(const struct why_bytes *chain, size_t count) {
    STACK_OF(X509) *out = sk_X509_new_null();
    for (size_t i = 0; i < count && out != NULL; i++) {
        const unsigned char *at = chain[i].data;
        X509 *certificate = d2i_X509(NULL, &at, (long)chain[i].len);
        if (certificate == NULL || sk_X509_push(out, certificate) <= 0) {
            X509_free(certificate);
            sk_X509_pop_free(out, X509_free);
            out = NULL;
        }
    }
    ERR_clear_error();
    return out;
}

int why__consult_new(const struct why_host *host, const struct why_tls_config *config,
                     const char *server_name, const struct why_bytes *chain, size_t count,
                     struct why__consult **out) {
    *out = NULL;
    struct why__consult *consult = host->allocate(host->context, NULL, sizeof *consult);
    if (consult == NULL) {
        return WHY_ERR_NOMEM;
    }
    *consult = (struct why__consult){.host = host};
    /* What the connection trusts, and no more of its config. */
    const struct why_tls_config trust = {.ca_file = config->ca_file};
    char unwanted[8];
    int result =
        why__tls_context_new(host, &trust, false, &consult->context, unwanted, sizeof unwanted);
    if (result == WHY_OK) {
        consult->trust = SSL_CTX_get_cert_store(consult->context->ssl);
        STACK_OF(X509) *decoded = count == 0 ? NULL : decode(chain, count);
        result = decoded == NULL
                     ? WHY_ERR_ARGUMENT
                     : why__consult_init(consult, server_name, decoded, config->ca_file != NULL);
        sk_X509_pop_free(decoded, X509_free);
    }
    if (result != WHY_OK) {
        why__consult_free(consult);
        return result;
    }
    *out = consult;
    return WHY_OK;
}

void why__consult_free(struct why__consult *consult) {
    if (consult == NULL) {
        return;
    }
    why__consult_clear(consult);
    why__tls_context_free(consult->context);
    consult->host->allocate(consult->host->context, consult, 0);
}

/* ---- Revocation ---- */

/* The chain as built, as far as it is the server's: what is trusted by itself is not asked about.
 */
static void list_standings(struct why__consult *consult) {
    const struct why__tls_verification *verification = &consult->verification;
    const STACK_OF(X509) *built = verification->built;
    int count = sk_X509_num(built) - (verification->anchored ? 1 : 0);
    for (int i = 0; i == 0 || i < count; i++) {
        struct why__standing standing = {.depth = i};
        X509 *certificate = sk_X509_value(built, i);
        int at = 0;
        if (certificate == NULL || consult->standings.count == WHY__CONSULT_STATUS_MAX) {
            break;
        }
        bool has_address =
            why__certificate_address(certificate, NID_ad_OCSP, &at, standing.address);
        if (i > 0 && !has_address) {
            continue; /* few issuers name one; browsers have their own lists for them */
        }
        standing.answer.status = has_address ? WHY__OCSP_NOT_ASKED : WHY__OCSP_NO_RESPONDER;
        why__tls_name_text(X509_get_subject_name(certificate), standing.subject,
                           sizeof standing.subject);
        consult->standings.list[consult->standings.count++] = standing;
    }
    consult->is_listed = true;
}

static X509 *certificate_of(const struct why__consult *consult,
                            const struct why__standing *standing) {
    return sk_X509_value(consult->verification.built, standing->depth);
}

/* Put the question about the next one. False: it cannot be put; its status says why. */
static bool put_question(struct why__consult *consult, struct why__standing *standing,
                         struct why_bytes *question) {
    X509 *certificate = certificate_of(consult, standing);
    if (standing->answer.status != WHY__OCSP_NOT_ASKED) {
        return false;
    }
    X509 *issuer = why__ocsp_issuer(certificate, consult->chain, consult->trust);
    if (issuer == NULL) {
        standing->answer.status = WHY__OCSP_NO_ISSUER;
        ERR_clear_error();
        return false;
    }
    consult->request = why__ocsp_question(certificate, issuer);
    X509_free(issuer);
    int len =
        consult->request == NULL ? -1 : i2d_OCSP_REQUEST(consult->request, &consult->question);
    if (len <= 0) {
        forget_question(consult);
        return false;
    }
    *question = (struct why_bytes){consult->question, (size_t)len};
    return true;
}

const char *why__consult_status_next(struct why__consult *consult, struct why_bytes *question) {
    struct why__standings *standings = &consult->standings;
    if (consult->request != NULL) {
        why__consult_status_take(consult, (struct why_bytes){NULL, 0});
    }
    if (!consult->is_listed) {
        list_standings(consult);
    }
    for (; consult->status_at < standings->count; consult->status_at++) {
        struct why__standing *standing = &standings->list[consult->status_at];
        if (put_question(consult, standing, question)) {
            return standing->address;
        }
    }
    return NULL;
}

void why__consult_status_take(struct why__consult *consult, struct why_bytes answer) {
    if (consult->request == NULL) {
        return;
    }
    struct why__standing *standing = &consult->standings.list[consult->status_at];
    X509 *certificate = certificate_of(consult, standing);
    consult->status_at++;
    if (answer.len == 0) {
        standing->answer.status = WHY__OCSP_UNREACHABLE;
    } else if (answer.len > WHY__CONSULT_STATUS_LEN_MAX) {
        standing->answer.status = WHY__OCSP_MALFORMED;
    } else {
        X509 *issuer = why__ocsp_issuer(certificate, consult->chain, consult->trust);
        why__ocsp_read(answer, consult->request, certificate, issuer, time(NULL),
                       &standing->answer);
        X509_free(issuer);
    }
    forget_question(consult);
}

const struct why__standings *why__consult_standings(const struct why__consult *consult) {
    return &consult->standings;
}
