/* SPDX-License-Identifier: MIT
 *
 * What is no failure yet: from certificates alone, then from whole connections with staples.
 */
#include "support/test.h"
#include "support/tls_pair.h"

#include <openssl/ocsp.h>
#include <string.h>

#define BIT(notice) ((uint32_t)1 << WHY_NOTICE_##notice)
#define GOOD_DATES .from = -TEST_DAY, .to = 90 * TEST_DAY

enum sent {
    LEAF,
    LEAF_LOWER_UPPER, /* as it should be: the leaf is of `lower`, which is of `upper`, of the root
                       */
    LEAF_UPPER_LOWER,
    LEAF_LOWER_UPPER_ROOT,
    LEAF_LOWER_UPPER_LOWER,
    LEAF_OTHER, /* of the root; and somebody else's CA */
};

static const struct row {
    const char *name;
    struct test_cert_spec leaf;
    enum sent sent;
    bool old_lower; /* `lower` expires soon */
    uint32_t notices;
} rows[] = {
    {"nothing", {.cn = "a", .names = "DNS:a.example", GOOD_DATES}, LEAF_LOWER_UPPER, false, 0},
    {"expires in 20 days",
     {.cn = "a", .names = "DNS:a.example", .from = -TEST_DAY, .to = 20 * TEST_DAY},
     LEAF,
     false,
     BIT(EXPIRES_SOON)},
    {"has expired, which is told elsewhere",
     {.cn = "a", .names = "DNS:a.example", .from = -9 * TEST_DAY, .to = -TEST_DAY},
     LEAF,
     false,
     0},
    {"398 days",
     {.cn = "a", .names = "DNS:a.example", .from = -TEST_DAY, .to = 397 * TEST_DAY},
     LEAF,
     false,
     0},
    {"400 days",
     {.cn = "a", .names = "DNS:a.example", .from = -TEST_DAY, .to = 399 * TEST_DAY},
     LEAF,
     false,
     BIT(LONG_LIFETIME)},
    {"only a common name", {.cn = "a.example", GOOD_DATES}, LEAF, false, BIT(NO_SAN)},
    {"part of a label as wildcard",
     {.cn = "a", .names = "DNS:w*.a.example", GOOD_DATES},
     LEAF,
     false,
     BIT(PARTIAL_WILDCARD)},
    {"a whole label as wildcard",
     {.cn = "a", .names = "DNS:*.a.example", GOOD_DATES},
     LEAF,
     false,
     0},
    {"P-521",
     {.cn = "a", .names = "DNS:a.example", .curve = "P-521", GOOD_DATES},
     LEAF,
     false,
     BIT(BROWSER_KEY)},
    {"Ed25519",
     {.cn = "a", .names = "DNS:a.example", .curve = "ED25519", GOOD_DATES},
     LEAF,
     false,
     BIT(BROWSER_KEY)},
    {"RSA of 1024 bits",
     {.cn = "a", .names = "DNS:a.example", .rsa_bits = 1024, GOOD_DATES},
     LEAF,
     false,
     BIT(WEAK_ELSEWHERE)},
    {"signed with SHA-1",
     {.cn = "a", .names = "DNS:a.example", .sha1 = true, GOOD_DATES},
     LEAF,
     false,
     BIT(WEAK_ELSEWHERE)},
    {"no key identifiers: Python 3.13",
     {.cn = "a", .names = "DNS:a.example", .no_key_ids = true, GOOD_DATES},
     LEAF,
     false,
     BIT(STRICT)},
    {"in the wrong order",
     {.cn = "a", .names = "DNS:a.example", GOOD_DATES},
     LEAF_UPPER_LOWER,
     false,
     BIT(CHAIN_MISORDERED)},
    {"the root too",
     {.cn = "a", .names = "DNS:a.example", GOOD_DATES},
     LEAF_LOWER_UPPER_ROOT,
     false,
     BIT(CHAIN_ROOT_SENT)},
    {"one of them twice",
     {.cn = "a", .names = "DNS:a.example", GOOD_DATES},
     LEAF_LOWER_UPPER_LOWER,
     false,
     BIT(CHAIN_SUPERFLUOUS)},
    {"somebody else's CA",
     {.cn = "a", .names = "DNS:a.example", GOOD_DATES},
     LEAF_OTHER,
     false,
     BIT(CHAIN_SUPERFLUOUS)},
    {"an issuer that expires in 10 days",
     {.cn = "a", .names = "DNS:a.example", GOOD_DATES},
     LEAF_LOWER_UPPER,
     true,
     BIT(CHAIN_EXPIRES_SOON)},
};

static struct test_pki pki;
static struct test_cert root, upper, lower, lower_old;
static X509_STORE *trust;

static int make(void **state) {
    (void)state;
    test_pki_init(&pki);
    const struct test_cert_spec specs[] = {
        {.cn = "Root", .is_ca = true, .from = -TEST_DAY, .to = 900 * TEST_DAY},
        {.cn = "Upper", .is_ca = true, .from = -TEST_DAY, .to = 900 * TEST_DAY},
        {.cn = "Lower", .is_ca = true, .from = -TEST_DAY, .to = 900 * TEST_DAY},
        {.cn = "Lower", .is_ca = true, .from = -TEST_DAY, .to = 10 * TEST_DAY},
    };
    root = test_cert_new(&specs[0], NULL);
    upper = test_cert_new(&specs[1], &root);
    lower = test_cert_new(&specs[2], &upper);
    lower_old = test_cert_new(&specs[3], &upper);
    trust = X509_STORE_new();
    return trust != NULL && X509_STORE_add_cert(trust, root.x509) == 1 ? 0 : -1;
}

static int unmake(void **state) {
    (void)state;
    test_cert_free(&root);
    test_cert_free(&upper);
    test_cert_free(&lower);
    test_cert_free(&lower_old);
    X509_STORE_free(trust);
    test_pki_free(&pki);
    return 0;
}

static void certificates_have_their_notices(void **state) {
    (void)state;
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        const struct row *row = &rows[i];
        const struct test_cert *issuer = row->old_lower ? &lower_old : &lower;
        bool by_root = row->sent == LEAF || row->sent == LEAF_OTHER;
        struct test_cert leaf = test_cert_new(&row->leaf, by_root ? &root : issuer);
        X509 *const sent[][4] = {
            [LEAF] = {leaf.x509},
            [LEAF_LOWER_UPPER] = {leaf.x509, issuer->x509, upper.x509},
            [LEAF_UPPER_LOWER] = {leaf.x509, upper.x509, lower.x509},
            [LEAF_LOWER_UPPER_ROOT] = {leaf.x509, lower.x509, upper.x509, root.x509},
            [LEAF_LOWER_UPPER_LOWER] = {leaf.x509, lower.x509, upper.x509, lower.x509},
            [LEAF_OTHER] = {leaf.x509, pki.other_ca.x509},
        };
        STACK_OF(X509) *chain = sk_X509_new_null();
        for (size_t j = 0; j < 4 && sent[row->sent][j] != NULL; j++) {
            assert_true(sk_X509_push(chain, sent[row->sent][j]) > 0);
        }
        uint32_t notices = why__tls_chain_notices(chain, trust, time(NULL));
        if (notices != row->notices && row->sent != LEAF_OTHER) {
            fail_msg("%s: %x, not %x", row->name, notices, row->notices);
        }
        /* The other CA is of a day, so that it expires soon as well. */
        if (row->sent == LEAF_OTHER && (notices & row->notices) == 0) {
            fail_msg("%s: %x", row->name, notices);
        }
        sk_X509_free(chain);
        test_cert_free(&leaf);
    }
}

/* ---- Staples ---- */

enum staple_kind {
    NO_STAPLE,
    GOOD,
    OLD,
    REVOKED,
    UNKNOWN,
    BY_ANOTHER,
    OF_ANOTHER,
    TRY_LATER,
    GARBAGE,
};

static const struct {
    const char *name;
    enum staple_kind kind;
    bool must;
    enum why_staple staple;
    uint32_t notice; /* 0: none about staples */
} staples[] = {
    {"none", NO_STAPLE, false, WHY_STAPLE_NONE, 0},
    {"none, and there must be one", NO_STAPLE, true, WHY_STAPLE_NONE, BIT(STAPLE_MISSING)},
    {"good", GOOD, true, WHY_STAPLE_GOOD, 0},
    {"expired", OLD, false, WHY_STAPLE_EXPIRED, BIT(STAPLE_EXPIRED)},
    {"revoked", REVOKED, false, WHY_STAPLE_REVOKED, BIT(STAPLE_REVOKED)},
    {"unknown", UNKNOWN, false, WHY_STAPLE_UNKNOWN, BIT(STAPLE_UNKNOWN)},
    {"of another certificate", OF_ANOTHER, false, WHY_STAPLE_UNKNOWN, BIT(STAPLE_UNKNOWN)},
    {"signed by another", BY_ANOTHER, false, WHY_STAPLE_BAD_SIGNATURE, BIT(STAPLE_BAD_SIGNATURE)},
    {"try later", TRY_LATER, false, WHY_STAPLE_ERROR, BIT(STAPLE_ERROR)},
    {"garbage", GARBAGE, false, WHY_STAPLE_ERROR, BIT(STAPLE_ERROR)},
};

#define ABOUT_STAPLES                                                                              \
    (BIT(STAPLE_EXPIRED) | BIT(STAPLE_REVOKED) | BIT(STAPLE_UNKNOWN) | BIT(STAPLE_BAD_SIGNATURE) | \
     BIT(STAPLE_ERROR) | BIT(STAPLE_MISSING))

/* Memory of OpenSSL's, which the handshake takes over. */
static int make_staple(enum staple_kind kind, X509 *leaf, unsigned char **out) {
    *out = NULL;
    if (kind == GARBAGE) {
        *out = (unsigned char *)OPENSSL_strdup("no OCSP");
        return 7;
    }
    if (kind == TRY_LATER) {
        OCSP_RESPONSE *response = OCSP_response_create(OCSP_RESPONSE_STATUS_TRYLATER, NULL);
        int len = i2d_OCSP_RESPONSE(response, out);
        OCSP_RESPONSE_free(response);
        return len;
    }
    const struct test_cert *signer = kind == BY_ANOTHER ? &pki.other_ca : &pki.ca;
    OCSP_BASICRESP *basic = OCSP_BASICRESP_new();
    X509 *about = kind == OF_ANOTHER ? pki.client.x509 : leaf;
    OCSP_CERTID *id = OCSP_cert_to_id(NULL, about, pki.ca.x509);
    ASN1_TIME *from = X509_gmtime_adj(NULL, -9 * TEST_DAY);
    ASN1_TIME *to = X509_gmtime_adj(NULL, kind == OLD ? -2 * TEST_DAY : TEST_DAY);
    int status = kind == REVOKED   ? V_OCSP_CERTSTATUS_REVOKED
                 : kind == UNKNOWN ? V_OCSP_CERTSTATUS_UNKNOWN
                                   : V_OCSP_CERTSTATUS_GOOD;
    assert_non_null(OCSP_basic_add1_status(basic, id, status, OCSP_REVOKED_STATUS_KEYCOMPROMISE,
                                           from, from, to));
    assert_int_equal(OCSP_basic_sign(basic, signer->x509, signer->key, EVP_sha256(), NULL, 0), 1);
    OCSP_RESPONSE *response = OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic);
    int len = i2d_OCSP_RESPONSE(response, out);
    OCSP_RESPONSE_free(response);
    OCSP_BASICRESP_free(basic);
    OCSP_CERTID_free(id);
    ASN1_TIME_free(from);
    ASN1_TIME_free(to);
    return len;
}

static int staple(SSL *ssl, void *kind) {
    unsigned char *response = NULL;
    int len = make_staple(*(const enum staple_kind *)kind, SSL_get_certificate(ssl), &response);
    SSL_set_tlsext_status_ocsp_resp(ssl, response, len);
    return SSL_TLSEXT_ERR_OK;
}

static struct why_record connect_with(enum staple_kind kind, bool must, bool notices, int version,
                                      const char *ciphers) {
    static struct test_tls_pair pair;
    struct test_host host;
    test_host_init(&host);
    const struct test_cert_spec spec = {
        .cn = "a", .names = "DNS:a.example", .must_staple = must, GOOD_DATES, .rsa_bits = 2048};
    struct test_cert leaf = test_cert_new(&spec, &pki.ca);
    const struct test_cert *chain[] = {&leaf};
    const struct why_tls_config server = {
        .cert_file = test_write_pem(&pki.folder, "notices.pem", chain, 1, leaf.key)};
    const struct why_tls_config client = {.ca_file = pki.ca_file, .notices = notices};
    pair = (struct test_tls_pair){0};
    pair.server.context = test_tls_context(&host.host, &server, true);
    pair.client.context = test_tls_context(&host.host, &client, false);
    SSL_CTX_set_max_proto_version(pair.server.context->ssl, version);
    if (ciphers != NULL) {
        assert_int_equal(SSL_CTX_set_cipher_list(pair.server.context->ssl, ciphers), 1);
    }
    if (kind != NO_STAPLE) {
        SSL_CTX_set_tlsext_status_cb(pair.server.context->ssl, staple);
        SSL_CTX_set_tlsext_status_arg(pair.server.context->ssl, &kind);
    }
    test_tls_start(&pair, "a.example");
    test_tls_run(&pair);
    assert_int_equal(pair.client.status, WHY__TLS_OPEN);
    struct why_record record = test_tls_report(&pair.client);
    test_tls_stop(&pair);
    why__tls_context_free(pair.client.context);
    why__tls_context_free(pair.server.context);
    test_cert_free(&leaf);
    assert_int_equal(host.live_blocks, 0);
    return record;
}

static void staples_are_looked_at(void **state) {
    (void)state;
    for (size_t i = 0; i < TEST_COUNT(staples); i++) {
        struct why_record record =
            connect_with(staples[i].kind, staples[i].must, true, TLS1_3_VERSION, NULL);
        if (record.tls.staple != staples[i].staple ||
            (record.tls.notices & ABOUT_STAPLES) != staples[i].notice) {
            fail_msg("%s: %s, notices %x", staples[i].name, why_staple_name(record.tls.staple),
                     record.tls.notices);
        }
    }
}

static void nothing_is_asked_for_unless_wanted(void **state) {
    (void)state;
    struct why_record record = connect_with(REVOKED, false, false, TLS1_3_VERSION, NULL);
    assert_int_equal(record.tls.staple, WHY_STAPLE_NOT_ASKED);
    assert_int_equal(record.tls.notices, 0);
    assert_false(record.tls.offer.status_request);
}

static void what_was_agreed_has_notices(void **state) {
    (void)state;
    const uint32_t about =
        BIT(VERSION_OLD) | BIT(CIPHER_CBC) | BIT(CIPHER_NO_FORWARD_SECRECY) | BIT(GROUP_BROWSER);
    static const struct {
        int version;
        const char *ciphers;
        uint32_t notices;
    } agreed[] = {
        {TLS1_3_VERSION, NULL, 0},
        {TLS1_2_VERSION, NULL, BIT(VERSION_OLD)},
        {TLS1_2_VERSION, "ECDHE-RSA-AES128-SHA", BIT(VERSION_OLD) | BIT(CIPHER_CBC)},
        {TLS1_2_VERSION, "AES128-GCM-SHA256", BIT(VERSION_OLD) | BIT(CIPHER_NO_FORWARD_SECRECY)},
        {TLS1_2_VERSION, "AES128-SHA",
         BIT(VERSION_OLD) | BIT(CIPHER_CBC) | BIT(CIPHER_NO_FORWARD_SECRECY)},
    };
    for (size_t i = 0; i < TEST_COUNT(agreed); i++) {
        struct why_record record =
            connect_with(NO_STAPLE, false, true, agreed[i].version, agreed[i].ciphers);
        if ((record.tls.notices & about) != agreed[i].notices) {
            fail_msg("%s: %x, group %s", record.tls.cipher, record.tls.notices, record.tls.group);
        }
        assert_true(record.tls.message_count > 4);
        assert_int_equal(record.tls.messages[0].type, 1);
        assert_true(record.tls.messages[0].sent);
        assert_true(record.tls.offer.len > 100 && record.tls.offer.version_count == 2);
        assert_string_equal(record.tls.anchor, "CN=Lab Root,O=Lab");
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(certificates_have_their_notices),
        cmocka_unit_test(staples_are_looked_at),
        cmocka_unit_test(nothing_is_asked_for_unless_wanted),
        cmocka_unit_test(what_was_agreed_has_notices),
    };
    return cmocka_run_group_tests(tests, make, unmake);
}
