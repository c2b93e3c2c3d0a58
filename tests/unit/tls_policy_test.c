/* SPDX-License-Identifier: MIT
 *
 * Versions, ciphers and revocation lists that the program asks for; and the causes that OpenSSL
 * itself finds in a handshake.
 */
#include "support/test.h"
#include "support/tls_pair.h"

#include <openssl/dh.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <string.h>

static struct test_pki pki;
static struct test_tls_pair pair;
static struct test_host host;

static int make(void **state) {
    (void)state;
    test_pki_init(&pki);
    return 0;
}

static int unmake(void **state) {
    (void)state;
    test_pki_free(&pki);
    return 0;
}

static void begin(const struct why_tls_config *client) {
    test_host_init(&host);
    pair = (struct test_tls_pair){0};
    const struct why_tls_config server = {.cert_file = pki.leaf_file};
    pair.server.context = test_tls_context(&host.host, &server, true);
    pair.client.context = test_tls_context(&host.host, client, false);
}

static struct why_record end(void) {
    test_tls_run(&pair);
    struct why_record record = test_tls_report(&pair.client);
    test_tls_stop(&pair);
    why__tls_context_free(pair.client.context);
    why__tls_context_free(pair.server.context);
    assert_int_equal(host.live_blocks, 0);
    return record;
}

static void expect(const char *name, const struct why_record *record, enum why_cause cause,
                   const char *detail) {
    if (record->cause != cause || strstr(record->detail, detail) == NULL) {
        fail_msg("%s: %s (%s), not %s (%s)", name, why_cause_id(record->cause), record->detail,
                 why_cause_id(cause), detail);
    }
}

/* ---- What may be asked for ---- */

static void a_policy_that_cannot_be_is_refused(void **state) {
    (void)state;
    static const struct {
        struct why_tls_config config;
        const char *error;
    } rows[] = {
        {{.min_version = 0x0305}, "0x0301 (1.0) to 0x0304 (1.3) there are"},
        {{.min_version = 0x0300}, "0x0301 (1.0) to 0x0304 (1.3) there are"},
        {{.min_version = 0x0304, .max_version = 0x0303}, "the least is above the most"},
        {{.ciphers = "NO-SUCH-CIPHER"}, "OpenSSL knows none of \"NO-SUCH-CIPHER\""},
        {{.ciphers = "TLS_NO_SUCH"}, "OpenSSL knows none of \"TLS_NO_SUCH\""},
        {{.max_version = 0x0301, .ciphers = "ECDHE-ECDSA-AES256-GCM-SHA384"},
         "no cipher is left of these versions and ciphers at OpenSSL's security level"},
        {{.crl_file = "/nonexistent"}, "revocation list /nonexistent: cannot be read"},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        test_host_init(&host);
        struct why__tls_context *context = NULL;
        char error[512];
        int result =
            why__tls_context_new(&host.host, &rows[i].config, false, &context, error, sizeof error);
        if (result != WHY_ERR_CONFIG || strstr(error, rows[i].error) == NULL) {
            fail_msg("row %zu: %d, \"%s\"", i, result, error);
        }
        assert_int_equal(host.live_blocks, 0);
    }
}

static void a_policy_is_offered(void **state) {
    (void)state;
    const struct why_tls_config config = {
        .ca_file = pki.ca_file, .max_version = 0x0303, .ciphers = "ECDHE-ECDSA-AES256-GCM-SHA384"};
    begin(&config);
    test_tls_start(&pair, "server.example");
    struct why_record record = end();
    expect("1.2", &record, WHY_CAUSE_NONE, "");
    assert_string_equal(record.tls.version, "TLSv1.2");
    assert_string_equal(record.tls.cipher, "ECDHE-ECDSA-AES256-GCM-SHA384");
    assert_string_equal(record.tls.group, "x25519");
    assert_int_equal(record.tls.offer.version_count, 1);
    assert_int_equal(record.tls.offer.versions[0], 0x0303);
    assert_int_equal(record.tls.offer.ciphers[0], 0xc02c);
    assert_int_equal(record.tls.offer.cipher_count, 2); /* and the signal of RFC 5746 */
    assert_true(record.tls.offer.renegotiation);
}

/* ---- Revocation ---- */

static const char *write_list(const char *name, const struct test_cert *revoked, long to) {
    X509_CRL *list = X509_CRL_new();
    ASN1_TIME *from = X509_gmtime_adj(NULL, -9 * TEST_DAY), *until = X509_gmtime_adj(NULL, to);
    X509_CRL_set_version(list, X509_CRL_VERSION_2);
    X509_CRL_set_issuer_name(list, X509_get_subject_name(pki.ca.x509));
    X509_CRL_set1_lastUpdate(list, from);
    X509_CRL_set1_nextUpdate(list, until);
    if (revoked != NULL) {
        X509_REVOKED *entry = X509_REVOKED_new();
        X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(revoked->x509));
        X509_REVOKED_set_revocationDate(entry, from);
        X509_CRL_add0_revoked(list, entry);
    }
    assert_true(X509_CRL_sign(list, pki.ca.key, EVP_sha256()) > 0);
    const char *path = test_path(&pki.folder, name);
    BIO *file = BIO_new_file(path, "w");
    assert_int_equal(PEM_write_bio_X509_CRL(file, list), 1);
    BIO_free(file);
    X509_CRL_free(list);
    ASN1_TIME_free(from);
    ASN1_TIME_free(until);
    return path;
}

static void revocation_lists_are_looked_at(void **state) {
    (void)state;
    const struct {
        const char *name;
        const char *path;
        const char *chain; /* what the server shows; NULL: its leaf */
        enum why_cause cause;
        const char *detail;
        int alert;
    } rows[] = {
        {"not in it", write_list("empty.crl", NULL, TEST_DAY), NULL, WHY_CAUSE_NONE, "", -1},
        {"in it", write_list("leaf.crl", &pki.leaf, TEST_DAY), NULL, WHY_CAUSE_TLS_CERT_REVOKED,
         "is in the revocation list of CN=Lab Root,O=Lab", 44},
        {"expired", write_list("old.crl", NULL, -TEST_DAY), NULL, WHY_CAUSE_TLS_CERT_NO_CRL,
         "the revocation list of CN=Lab Root,O=Lab has expired", 45},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        const struct why_tls_config config = {.ca_file = pki.ca_file, .crl_file = rows[i].path};
        begin(&config);
        test_tls_start(&pair, "server.example");
        struct why_record record = end();
        expect(rows[i].name, &record, rows[i].cause, rows[i].detail);
        if (rows[i].cause == WHY_CAUSE_TLS_CERT_REVOKED) {
            assert_int_equal(record.tls.alert, rows[i].alert);
        }
    }
}

static void a_list_of_the_wrong_issuer_is_none(void **state) {
    (void)state;
    const struct test_cert_spec spec = {.cn = "server.example", .names = "DNS:server.example"};
    struct test_cert leaf = test_cert_new(&spec, &pki.intermediate);
    const struct test_cert *chain[] = {&leaf, &pki.intermediate};
    const char *path = test_write_pem(&pki.folder, "crl-leaf.pem", chain, 2, leaf.key);
    const struct why_tls_config config = {.ca_file = pki.ca_file,
                                          .crl_file = write_list("ca.crl", NULL, TEST_DAY)};
    begin(&config);
    test_tls_start(&pair, "server.example");
    SSL_certs_clear(pair.server.tls->ssl);
    assert_int_equal(SSL_use_certificate_chain_file(pair.server.tls->ssl, path), 1);
    assert_int_equal(SSL_use_PrivateKey_file(pair.server.tls->ssl, path, SSL_FILETYPE_PEM), 1);
    struct why_record record = end();
    expect("no list", &record, WHY_CAUSE_TLS_CERT_NO_CRL,
           "there is no revocation list of CN=Lab Intermediate,O=Lab");
    assert_int_equal(record.tls.error_count, 1); /* that of the root is there */
    test_cert_free(&leaf);
}

/* ---- What OpenSSL finds ---- */

static void a_short_prime_is_named_with_its_bits(void **state) {
    (void)state;
    const struct test_cert_spec spec = {.cn = "a", .names = "DNS:server.example", .rsa_bits = 2048};
    struct test_cert leaf = test_cert_new(&spec, &pki.ca);
    const struct test_cert *chain[] = {&leaf};
    const char *path = test_write_pem(&pki.folder, "rsa.pem", chain, 1, leaf.key);
    begin(&(struct why_tls_config){.ca_file = pki.ca_file});
    test_tls_start(&pair, "server.example");
    SSL *ssl = pair.server.tls->ssl;
    SSL_set_security_level(ssl, 0);
    SSL_set_max_proto_version(ssl, TLS1_2_VERSION);
    SSL_certs_clear(ssl);
    assert_int_equal(SSL_use_certificate_chain_file(ssl, path), 1);
    assert_int_equal(SSL_use_PrivateKey_file(ssl, path, SSL_FILETYPE_PEM), 1);
    assert_int_equal(SSL_set_cipher_list(ssl, "DHE-RSA-AES128-GCM-SHA256"), 1);
    BIGNUM *p = BN_get_rfc2409_prime_1024(NULL), *g = BN_new();
    BN_set_word(g, 2);
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    OSSL_PARAM_BLD_push_BN(build, "p", p);
    OSSL_PARAM_BLD_push_BN(build, "g", g);
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(build);
    EVP_PKEY_CTX *maker = EVP_PKEY_CTX_new_from_name(NULL, "DH", NULL);
    EVP_PKEY *dh = NULL;
    assert_int_equal(EVP_PKEY_fromdata_init(maker), 1);
    assert_int_equal(EVP_PKEY_fromdata(maker, &dh, EVP_PKEY_KEY_PARAMETERS, params), 1);
    assert_int_equal(SSL_set0_tmp_dh_pkey(ssl, dh), 1);
    EVP_PKEY_CTX_free(maker);
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(build);
    BN_free(p);
    BN_free(g);
    SSL_set_cipher_list(pair.client.tls->ssl, "DEFAULT:@SECLEVEL=2");
    struct why_record record = end();
    expect("DH", &record, WHY_CAUSE_TLS_WEAK_DH,
           "prime has 1024 bits, OpenSSL's security level 2 wants 2048");
    assert_int_equal(record.tls.dh_bits, 1024);
    test_cert_free(&leaf);
}

/* A ServerHello of a server from before RFC 5746, and one of TLS 1.1. */
static void an_old_server_is_told_by_its_hello(void **state) {
    (void)state;
    static const struct {
        const char *name;
        uint8_t version;
        enum why_cause cause;
        const char *detail;
    } rows[] = {
        {"no RFC 5746", 3, WHY_CAUSE_TLS_NO_SECURE_RENEGOTIATION, "does not know RFC 5746"},
        {"TLS 1.1", 2, WHY_CAUSE_TLS_VERSION, "the server chose TLS 1.1, here there is TLS 1.2"},
        {"SSL 3.0", 0, WHY_CAUSE_TLS_VERSION, "the server chose SSL 3.0"},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        uint8_t hello[5 + 4 + 38] = {0x16, 3, rows[i].version, 0, 42, 2, 0, 0, 38};
        hello[9] = 3;
        hello[10] = rows[i].version;
        hello[44] = 0xc0; /* version, random, no session id, then the cipher, no compression */
        hello[45] = 0x2f;
        begin(&(struct why_tls_config){.ca_file = pki.ca_file});
        test_tls_start(&pair, "server.example");
        test_tls_feed(&pair.client, hello, sizeof hello, 0);
        struct why_record record = test_tls_report(&pair.client);
        expect(rows[i].name, &record, rows[i].cause, rows[i].detail);
        assert_int_equal(record.tls.messages[record.tls.message_count - 1].type, 2);
        test_tls_stop(&pair);
        why__tls_context_free(pair.client.context);
        why__tls_context_free(pair.server.context);
    }
}

static void certificates_past_the_limit_are_told(void **state) {
    (void)state;
    begin(&(struct why_tls_config){.ca_file = pki.ca_file});
    SSL_CTX_set_max_cert_list(pair.client.context->ssl, 300);
    test_tls_start(&pair, "server.example");
    struct why_record record = end();
    expect("size", &record, WHY_CAUSE_TLS_CERT_TOO_LARGE,
           "the server's certificates are larger than 300 bytes");
}

static void a_context_lives_as_long_as_its_connections(void **state) {
    (void)state;
    begin(&(struct why_tls_config){.ca_file = pki.ca_file});
    test_tls_start(&pair, "server.example");
    why__tls_context_free(pair.server.context);
    why__tls_context_free(pair.client.context);
    test_tls_run(&pair);
    assert_int_equal(pair.client.status, WHY__TLS_OPEN);
    test_tls_stop(&pair);
    assert_int_equal(host.live_blocks, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_policy_that_cannot_be_is_refused),
        cmocka_unit_test(a_policy_is_offered),
        cmocka_unit_test(revocation_lists_are_looked_at),
        cmocka_unit_test(a_list_of_the_wrong_issuer_is_none),
        cmocka_unit_test(a_short_prime_is_named_with_its_bits),
        cmocka_unit_test(an_old_server_is_told_by_its_hello),
        cmocka_unit_test(certificates_past_the_limit_are_told),
        cmocka_unit_test(a_context_lives_as_long_as_its_connections),
    };
    return cmocka_run_group_tests(tests, make, unmake);
}
