/* SPDX-License-Identifier: MIT
 *
 * Arbitrary bytes as a server's own chain (each certificate after two bytes of length), of which
 * the first gets a key that is ours: a client turns it down, and the server's record says what is
 * wrong with it, as does the client's.
 */
#include "fuzz.h"

#include "support/certs.h"
#include "tls/engine.h"

#include <openssl/err.h>
#include <string.h>

#define CHAIN_MAX 8
#define FLIGHTS_MAX 8

static void *allocate(void *context, void *memory, size_t size) {
    (void)context;
    if (size == 0) {
        free(memory);
        return NULL;
    }
    return realloc(memory, size);
}

static void randomize(void *context, uint8_t *out, size_t len) {
    (void)context;
    memset(out, 0x5a, len);
}

static const uint64_t now_ms;
static const struct why_host host = {.allocate = allocate, .random = randomize, .now_ms = &now_ms};

static struct why__tls_context *client, *server;
static EVP_PKEY *key;

static struct test_folder folder; /* the file of trust is read again for each own check */

static void remove_folder(void) {
    test_folder_remove(&folder);
}

static void make_contexts(void) {
    test_folder_init(&folder);
    FUZZ_CHECK(atexit(remove_folder) == 0);
    struct test_cert cert = test_cert_new(&(struct test_cert_spec){.cn = "a"}, NULL);
    const struct test_cert *certs[] = {&cert};
    const char *ca_file = test_write_cert(&folder, "ca.pem", &cert);
    struct why_tls_config config = {.ca_file = ca_file, .notices = true};
    char error[256];
    FUZZ_CHECK(why__tls_context_new(&host, &config, false, &client, error, sizeof error) == WHY_OK);
    config =
        (struct why_tls_config){.cert_file = test_write_pem(&folder, "a.pem", certs, 1, cert.key),
                                .client_trust_file = ca_file};
    FUZZ_CHECK(why__tls_context_new(&host, &config, true, &server, error, sizeof error) == WHY_OK);
    key = cert.key;
    X509_free(cert.x509);
}

static X509 *next_certificate(const uint8_t **data, size_t *size) {
    size_t len = (size_t)(*data)[0] << 8 | (*data)[1];
    *data += 2;
    *size -= 2;
    len = len < *size ? len : *size;
    const unsigned char *at = *data;
    X509 *certificate = d2i_X509(NULL, &at, (long)len);
    *data += len;
    *size -= len;
    return certificate;
}

/* False: the bytes are no certificate that OpenSSL would show to anybody. */
static bool load(const uint8_t *data, size_t size) {
    SSL_CTX_clear_chain_certs(server->ssl);
    X509 *leaf = size > 2 ? next_certificate(&data, &size) : NULL;
    bool loaded = leaf != NULL && X509_set_pubkey(leaf, key) == 1 &&
                  X509_sign(leaf, key, EVP_sha256()) > 0 &&
                  SSL_CTX_use_certificate(server->ssl, leaf) == 1 &&
                  SSL_CTX_use_PrivateKey(server->ssl, key) == 1;
    X509_free(leaf);
    for (int i = 1; loaded && size > 2 && i < CHAIN_MAX; i++) {
        X509 *more = next_certificate(&data, &size);
        if (more == NULL || SSL_CTX_add0_chain_cert(server->ssl, more) != 1) {
            X509_free(more);
            break;
        }
    }
    ERR_clear_error();
    return loaded;
}

static void carry(struct why__tls *from, struct why__tls *to) {
    struct why_bytes bytes = why__tls_output(from);
    size_t len = bytes.len;
    while (bytes.len > 0) {
        uint8_t plain[64];
        size_t plain_len = 0;
        (void)why__tls_receive(to, &bytes, (struct why_span){plain, sizeof plain}, &plain_len);
    }
    why__tls_output_consumed(from, len);
}

static void check(const struct why_record *record) {
    const struct why_tls_evidence *tls = &record->tls;
    FUZZ_CHECK(tls->error_count <= WHY_TLS_ERRORS_MAX && tls->chain_len <= WHY_TLS_CHAIN_MAX);
    FUZZ_CHECK(tls->reason_count <= WHY_TLS_REASONS_MAX);
    FUZZ_CHECK(memchr(record->detail, 0, sizeof record->detail) != NULL);
    for (const char *byte = record->detail; *byte != '\0'; byte++) {
        FUZZ_CHECK(*byte >= 0x20 && *byte < 0x7f);
    }
    for (size_t i = 0; i < tls->error_count; i++) {
        FUZZ_CHECK(memchr(tls->errors[i].detail, 0, sizeof tls->errors[i].detail) != NULL);
        FUZZ_CHECK(tls->errors[i].cause != WHY_CAUSE_NONE);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (client == NULL) {
        make_contexts();
    }
    const char *name = size > 0 && (data[0] & 1) != 0 ? "192.0.2.1" : "a.example";
    if (!load(data, size)) {
        return 0;
    }
    struct why__tls *ends[] = {why__tls_new(client, name), why__tls_new(server, NULL)};
    FUZZ_CHECK(ends[0] != NULL && ends[1] != NULL);
    for (int i = 0; i < FLIGHTS_MAX; i++) {
        carry(ends[0], ends[1]);
        carry(ends[1], ends[0]);
    }
    for (size_t i = 0; i < 2; i++) {
        struct why_record record;
        why_record_init(&record);
        (void)why__tls_lost(ends[i], WHY_TRANSPORT_FIN, 0);
        why__tls_report(ends[i], &record);
        why__tls_explain_rejection(ends[i], "192.0.2.1", &record);
        check(&record);
        bool is_turned_down = record.cause == WHY_CAUSE_TLS_OUR_CERT_REJECTED;
        FUZZ_CHECK(i == 0 || !is_turned_down || record.tls.self_checked);
    }
    why__tls_free(ends[0]);
    why__tls_free(ends[1]);
    why__tls_own_free(server); /* the next one's certificate is another */
    return 0;
}
