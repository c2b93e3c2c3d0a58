/* SPDX-License-Identifier: MIT
 *
 * Which versions and ciphers are spoken, and revocation lists: what the program asks for beyond the
 * defaults.
 */
#include "tls/engine.h"

#include "tls/hello.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <string.h>

#define VERSION_MIN 0x0301
#define VERSION_MAX 0x0304
#define CIPHERS_MAX 2048

static int set_versions(SSL_CTX *ssl, const struct why_tls_config *config,
                        const struct why__tls_message *message) {
    uint16_t least = config->min_version, most = config->max_version;
    bool in_range = (least == 0 || (least >= VERSION_MIN && least <= VERSION_MAX)) &&
                    (most == 0 || (most >= VERSION_MIN && most <= VERSION_MAX));
    if (!in_range) {
        return why__tls_refuse(message, "TLS versions: 0x0301 (1.0) to 0x0304 (1.3) there are");
    }
    if (least == 0) {
        /* Who wants an old one at most, wants it. */
        least = most != 0 && most < TLS1_2_VERSION ? most : TLS1_2_VERSION;
    }
    if (most != 0 && least > most) {
        return why__tls_refuse(message, "TLS versions: the least is above the most");
    }
    bool set = SSL_CTX_set_min_proto_version(ssl, least) == 1 &&
               SSL_CTX_set_max_proto_version(ssl, most) == 1;
    return set ? WHY_OK
               : why__tls_refuse(message, "TLS versions: this OpenSSL was built without them");
}

/* OpenSSL has two lists, and ignores in each what belongs in the other. */
static int set_ciphers(SSL_CTX *ssl, const char *ciphers, const struct why__tls_message *message) {
    char lists[2][CIPHERS_MAX] = {"", ""};
    if (strlen(ciphers) >= CIPHERS_MAX) {
        return why__tls_refuse(message, "ciphers: longer than %d characters", CIPHERS_MAX - 1);
    }
    for (const char *at = ciphers; *at != '\0';) {
        size_t len = strcspn(at, ":");
        bool is_13 = strncmp(at, "TLS_", 4) == 0;
        char *list = lists[is_13];
        size_t used = strlen(list);
        (void)snprintf(list + used, CIPHERS_MAX - used, "%s%.*s", used > 0 ? ":" : "", (int)len,
                       at);
        at += len + (at[len] == ':' ? 1 : 0);
    }
    bool set = (lists[0][0] == '\0' || SSL_CTX_set_cipher_list(ssl, lists[0]) == 1) &&
               (lists[1][0] == '\0' || SSL_CTX_set_ciphersuites(ssl, lists[1]) == 1);
    return set ? WHY_OK
               : why__tls_refuse(message,
                                 "ciphers: OpenSSL knows none of \"%.200s\": openssl ciphers -v",
                                 ciphers);
}

/* Would there be a ClientHello? Otherwise it would only show in the handshake. */
static bool can_begin(SSL *ssl) {
    BIO *in = BIO_new(BIO_s_mem()), *out = BIO_new(BIO_s_mem());
    if (in == NULL || out == NULL) {
        BIO_free(in);
        BIO_free(out);
        return false;
    }
    SSL_set_bio(ssl, in, out);
    SSL_set_msg_callback(ssl, NULL); /* there is no connection to keep evidence of */
    SSL_set_connect_state(ssl);
    return SSL_get_error(ssl, SSL_do_handshake(ssl)) == SSL_ERROR_WANT_READ;
}

/* With the versions, the ciphers and the security level there may be nothing left to offer. */
static int check_something_is_left(SSL_CTX *context, bool is_server,
                                   const struct why_tls_config *config,
                                   const struct why__tls_message *message) {
    SSL *ssl = SSL_new(context);
    if (ssl == NULL) {
        return WHY_ERR_NOMEM;
    }
    STACK_OF(SSL_CIPHER) *ciphers = SSL_get1_supported_ciphers(ssl);
    bool is_left = sk_SSL_CIPHER_num(ciphers) > 0 && (is_server || can_begin(ssl));
    sk_SSL_CIPHER_free(ciphers);
    SSL_free(ssl);
    if (is_left) {
        return WHY_OK;
    }
    return why__tls_refuse(
        message, "no cipher is left of %s at OpenSSL's security level %d; for old ones: %s",
        config->ciphers == NULL ? "these versions" : "these versions and ciphers",
        SSL_CTX_get_security_level(context), "DEFAULT@SECLEVEL=0");
}

static int load_lists(SSL_CTX *ssl, const char *path, const struct why__tls_message *message) {
    BIO *file = BIO_new_file(path, "rb");
    if (file == NULL) {
        return why__tls_refuse(message, "revocation list %s: cannot be read", path);
    }
    X509_STORE *store = SSL_CTX_get_cert_store(ssl);
    size_t count = 0;
    bool stored = true;
    for (X509_CRL *list = NULL;
         stored && (list = PEM_read_bio_X509_CRL(file, NULL, NULL, NULL)) != NULL; count++) {
        stored = X509_STORE_add_crl(store, list) == 1;
        X509_CRL_free(list);
    }
    bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    BIO_free(file);
    if (!stored) {
        return WHY_ERR_NOMEM;
    }
    if (count == 0 || !at_end) {
        return why__tls_refuse(message,
                               "revocation list %s: is damaged, or not PEM: openssl crl -inform "
                               "DER -in %s -out %s.pem",
                               path, path, path);
    }
    bool set = X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL) == 1;
    return set ? WHY_OK : WHY_ERR_NOMEM;
}

int why__tls_set_policy(SSL_CTX *ssl, bool is_server, const struct why_tls_config *config,
                        const struct why__tls_message *message) {
    int result = set_versions(ssl, config, message);
    if (result == WHY_OK && config->ciphers != NULL) {
        result = set_ciphers(ssl, config->ciphers, message);
    }
    bool is_own = config->ciphers != NULL || config->min_version != 0 || config->max_version != 0;
    if (result == WHY_OK && is_own) {
        result = check_something_is_left(ssl, is_server, config, message);
    }
    if (result == WHY_OK && config->crl_file != NULL) {
        result = load_lists(ssl, config->crl_file, message);
    }
    return result;
}
