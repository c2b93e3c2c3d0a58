/* SPDX-License-Identifier: MIT
 *
 * Questions about certificates, and what any answer to them means: the search for issuers, OCSP,
 * and what both do to the record. No network: the test is who answers.
 */
#include "tls/consult_state.h"

#include "support/certs.h"
#include "support/guard.h"
#include "support/host.h"
#include "support/test.h"
#include "support/tls_pair.h"

#include <openssl/pem.h>
#include <openssl/pkcs7.h>
#include <openssl/x509v3.h>
#include <string.h>

#define LOWER_URL "http://ca.example/lower"
#define UPPER_URL "http://ca.example/upper"
#define OCSP_URL "http://ocsp.example/"

/* root <- upper <- lower <- leaf; `stranger` and `impostor`, which has the name of lower; delegate
 * may answer for lower, delegate_old could, and clerk may not. */
enum {
    ROOT,
    UPPER,
    LOWER,
    LEAF,
    STRANGER,
    IMPOSTOR,
    DELEGATE,
    DELEGATE_OLD,
    CLERK,
    BARE, /* a leaf of lower that names no address at all */
    CERTS
};

static struct test_cert certs[CERTS];
static X509_STORE *trust;

static int make(void **state) {
    (void)state;
    static const struct {
        struct test_cert_spec spec;
        int issuer; /* its own index: itself */
    } plan[CERTS] = {
        [ROOT] = {{.cn = "Root", .is_ca = true}, ROOT},
        [UPPER] = {{.cn = "Upper", .is_ca = true}, ROOT},
        [LOWER] = {{.cn = "Lower", .is_ca = true, .aia = "caIssuers;URI:" UPPER_URL}, UPPER},
        [LEAF] = {{.cn = "leaf",
                   .names = "DNS:a.example",
                   .aia = "OCSP;URI:" OCSP_URL ",caIssuers;URI:ldap://x/,caIssuers;URI:" LOWER_URL},
                  LOWER},
        [STRANGER] = {{.cn = "Stranger", .is_ca = true}, STRANGER},
        [IMPOSTOR] = {{.cn = "Lower", .is_ca = true}, IMPOSTOR},
        [DELEGATE] = {{.cn = "Delegate", .eku = "OCSPSigning"}, LOWER},
        [DELEGATE_OLD] = {{.cn = "Old", .eku = "OCSPSigning", .from = -9 * TEST_DAY, .to = -1},
                          LOWER},
        [CLERK] = {{.cn = "Clerk"}, LOWER},
        [BARE] = {{.cn = "bare", .names = "DNS:a.example"}, LOWER},
    };
    for (int i = 0; i < CERTS; i++) {
        const struct test_cert *issuer = plan[i].issuer == i ? NULL : &certs[plan[i].issuer];
        certs[i] = test_cert_new(&plan[i].spec, issuer);
    }
    trust = X509_STORE_new();
    return trust != NULL && X509_STORE_add_cert(trust, certs[ROOT].x509) == 1 ? 0 : -1;
}

static int unmake(void **state) {
    (void)state;
    for (int i = 0; i < CERTS; i++) {
        test_cert_free(&certs[i]);
    }
    X509_STORE_free(trust);
    return 0;
}

/* A consultation about a chain; the list ends with -1. */
static void begin(struct why__consult *consult, const int *list) {
    STACK_OF(X509) *chain = sk_X509_new_null();
    for (; *list >= 0; list++) {
        assert_true(sk_X509_push(chain, certs[*list].x509) > 0);
    }
    *consult = (struct why__consult){.trust = trust};
    assert_int_equal(why__consult_init(consult, "a.example", chain, true), WHY_OK);
    sk_X509_free(chain);
}

/* ---- Forms ---- */

enum form {
    DER,
    DER_AND_MORE,
    PEM,
    PEM_AFTER_A_KEY,
    PEM_TWO,
    PKCS7_DER,
    PKCS7_PEM,
    GARBAGE,
    EMPTY,
};

/* returns  memory of OpenSSL's */
static uint8_t *encode(enum form form, int which, size_t *len) {
    BIO *out = BIO_new(BIO_s_mem());
    PKCS7 *bundle = PKCS7_new();
    assert_int_equal(PKCS7_set_type(bundle, NID_pkcs7_signed), 1);
    assert_int_equal(PKCS7_content_new(bundle, NID_pkcs7_data), 1);
    assert_int_equal(PKCS7_add_certificate(bundle, certs[STRANGER].x509), 1);
    assert_int_equal(PKCS7_add_certificate(bundle, certs[which].x509), 1);
    switch (form) {
    case DER:
    case DER_AND_MORE:
        assert_int_equal(i2d_X509_bio(out, certs[which].x509), 1);
        BIO_printf(out, "%s", form == DER ? "" : "\r\n");
        break;
    case PEM_AFTER_A_KEY:
        assert_int_equal(PEM_write_bio_PKCS8PrivateKey(out, certs[which].key, EVP_aes_128_cbc(),
                                                       "secret", 6, NULL, NULL),
                         1);
        assert_int_equal(PEM_write_bio_X509(out, certs[which].x509), 1);
        break;
    case PEM_TWO:
        assert_int_equal(PEM_write_bio_X509(out, certs[STRANGER].x509), 1);
        assert_int_equal(PEM_write_bio_X509(out, certs[which].x509), 1);
        break;
    case PEM:
        assert_int_equal(PEM_write_bio_X509(out, certs[which].x509), 1);
        break;
    case PKCS7_DER:
        assert_int_equal(i2d_PKCS7_bio(out, bundle), 1);
        break;
    case PKCS7_PEM:
        assert_int_equal(PEM_write_bio_PKCS7(out, bundle), 1);
        break;
    case GARBAGE:
        BIO_printf(out, "<html>-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n");
        break;
    case EMPTY:
        break;
    }
    char *data = NULL;
    *len = (size_t)BIO_get_mem_data(out, &data);
    uint8_t *copy = OPENSSL_memdup(*len > 0 ? data : "", *len > 0 ? *len : 1);
    BIO_free(out);
    PKCS7_free(bundle);
    return copy;
}

static void certificates_come_in_three_forms(void **state) {
    (void)state;
    static const struct {
        const char *name;
        enum form form;
        enum why__issuer_form expect;
        int count;
    } rows[] = {
        {"DER", DER, WHY__ISSUER_FORM_DER, 1},
        {"DER with a line end", DER_AND_MORE, WHY__ISSUER_FORM_DER, 1},
        {"PEM", PEM, WHY__ISSUER_FORM_PEM, 1},
        {"PEM, a key before it", PEM_AFTER_A_KEY, WHY__ISSUER_FORM_PEM, 1},
        {"PEM, two", PEM_TWO, WHY__ISSUER_FORM_PEM, 2},
        {"PKCS #7", PKCS7_DER, WHY__ISSUER_FORM_PKCS7, 2},
        {"PKCS #7 in PEM", PKCS7_PEM, WHY__ISSUER_FORM_PEM, 2},
        {"garbage", GARBAGE, WHY__ISSUER_FORM_NONE, 0},
        {"nothing", EMPTY, WHY__ISSUER_FORM_NONE, 0},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        size_t len = 0;
        uint8_t *data = encode(rows[i].form, LOWER, &len);
        /* Also cut anywhere: what is there then is less, and no byte is read behind it. */
        for (size_t cut = 0; cut <= len; cut += cut + 8 < len ? 7 : 1) {
            uint8_t *guarded = test_guard_new(cut);
            memcpy(guarded, data, cut);
            enum why__issuer_form form = WHY__ISSUER_FORM_NONE;
            STACK_OF(X509) *read = why__certificates_read((struct why_bytes){guarded, cut}, &form);
            int count = read == NULL ? 0 : sk_X509_num(read);
            if (count > rows[i].count ||
                (cut == len && (count != rows[i].count || form != rows[i].expect))) {
                fail_msg("%s, cut at %zu of %zu: %d certificates, %s", rows[i].name, cut, len,
                         count, why__issuer_form_id(form));
            }
            sk_X509_pop_free(read, X509_free);
            test_guard_free(guarded, cut);
        }
        OPENSSL_free(data);
    }
}

static void what_is_too_much_is_not_read(void **state) {
    (void)state;
    size_t len = 0, size = WHY__CONSULT_ISSUER_LEN_MAX + 1;
    uint8_t *one = encode(PEM, LOWER, &len);
    uint8_t *data = calloc(1, size);
    for (size_t at = 0; at + len < size; at += len) {
        memcpy(data + at, one, len);
    }
    enum why__issuer_form form = WHY__ISSUER_FORM_NONE;
    assert_null(why__certificates_read((struct why_bytes){data, size}, &form));
    STACK_OF(X509) *read = why__certificates_read((struct why_bytes){data, size - 1}, &form);
    assert_int_equal(sk_X509_num(read), 32);
    sk_X509_pop_free(read, X509_free);
    free(data);
    OPENSSL_free(one);
}

/* ---- Addresses ---- */

static void only_plain_http_addresses_are_taken(void **state) {
    (void)state;
    static const struct {
        const char *name, *aia;
        const char *expect; /* NULL: none */
    } rows[] = {
        {"http", "caIssuers;URI:http://a.example/x", "http://a.example/x"},
        {"in capitals", "caIssuers;URI:HTTP://a.example/x", "HTTP://a.example/x"},
        {"none", NULL, NULL},
        {"of another purpose", "OCSP;URI:http://a.example/x", NULL},
        {"https", "caIssuers;URI:https://a.example/x", NULL},
        {"ldap first", "caIssuers;URI:ldap://a/,caIssuers;URI:http://b.example/",
         "http://b.example/"},
        {"a file", "caIssuers;URI:file:///etc/passwd", NULL},
        {"with a space", "caIssuers;URI:http://a.example/x y", NULL},
        {"with an escape", "caIssuers;URI:http://a.example/\x1b[2J", NULL},
        {"nothing behind the scheme", "caIssuers;URI:http://", NULL},
        {"no URI", "caIssuers;DNS:a.example", NULL},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        struct test_cert cert =
            test_cert_new(&(struct test_cert_spec){.cn = "a", .aia = rows[i].aia}, NULL);
        char address[WHY__CONSULT_ADDRESS_MAX + 1] = "";
        int at = 0;
        bool found = why__certificate_address(cert.x509, NID_ad_ca_issuers, &at, address);
        if (found != (rows[i].expect != NULL) || (found && strcmp(address, rows[i].expect) != 0)) {
            fail_msg("%s: \"%s\"", rows[i].name, address);
        }
        test_cert_free(&cert);
    }
}

static void an_address_of_512_bytes_is_the_longest(void **state) {
    (void)state;
    for (size_t len = 512; len <= 513; len++) {
        char aia[600], address[WHY__CONSULT_ADDRESS_MAX + 1];
        int written = snprintf(aia, sizeof aia, "caIssuers;URI:http://a.example/");
        size_t prefix = strlen("http://a.example/");
        memset(aia + written, 'x', len - prefix);
        aia[(size_t)written + len - prefix] = '\0';
        struct test_cert cert =
            test_cert_new(&(struct test_cert_spec){.cn = "a", .aia = aia}, NULL);
        int at = 0;
        assert_int_equal(why__certificate_address(cert.x509, NID_ad_ca_issuers, &at, address),
                         len == 512);
        test_cert_free(&cert);
    }
}

/* ---- The search ---- */

struct offer {
    const char *address;
    enum form form;
    int which;
};

static const struct search {
    const char *name;
    int chain[4];
    struct offer offers[3];
    enum why__issuers_outcome outcome;
    size_t fetches;
    enum why__issuer_result first;
    const char *missing, *end;
    size_t used;
} searches[] = {
    {"whole", {LEAF, LOWER, UPPER, -1}, {{0}}, WHY__ISSUERS_NOT_NEEDED, 0, 0, "", "CN=Root", 0},
    {"one is missing",
     {LEAF, LOWER, -1},
     {{UPPER_URL, DER, UPPER}},
     WHY__ISSUERS_COMPLETE,
     1,
     WHY__ISSUER_FOUND,
     "CN=Upper",
     "CN=Root",
     1},
    {"two are missing",
     {LEAF, -1},
     {{UPPER_URL, PEM, UPPER}, {LOWER_URL, DER, LOWER}},
     WHY__ISSUERS_COMPLETE,
     2,
     WHY__ISSUER_FOUND,
     "CN=Lower",
     "CN=Root",
     2},
    {"one is missing in the middle",
     {LEAF, UPPER, -1},
     {{LOWER_URL, PKCS7_DER, LOWER}},
     WHY__ISSUERS_COMPLETE,
     1,
     WHY__ISSUER_FOUND,
     "CN=Lower",
     "CN=Root",
     1},
    {"the first is there, the second is not",
     {LEAF, -1},
     {{LOWER_URL, DER, LOWER}},
     WHY__ISSUERS_NOT_FOUND,
     2,
     WHY__ISSUER_FOUND,
     "CN=Lower",
     "CN=Upper",
     0},
    {"nothing answers",
     {LEAF, -1},
     {{0}},
     WHY__ISSUERS_NOT_FOUND,
     1,
     WHY__ISSUER_UNREACHABLE,
     "CN=Lower",
     "CN=Lower",
     0},
    {"garbage",
     {LEAF, -1},
     {{LOWER_URL, GARBAGE, LOWER}},
     WHY__ISSUERS_NOT_FOUND,
     1,
     WHY__ISSUER_MALFORMED,
     "CN=Lower",
     "CN=Lower",
     0},
    {"another certificate",
     {LEAF, -1},
     {{LOWER_URL, DER, STRANGER}},
     WHY__ISSUERS_NOT_FOUND,
     1,
     WHY__ISSUER_OTHER,
     "CN=Lower",
     "CN=Lower",
     0},
    {"one of that name",
     {LEAF, -1},
     {{LOWER_URL, DER, IMPOSTOR}},
     WHY__ISSUERS_NOT_FOUND,
     1,
     WHY__ISSUER_OTHER,
     "CN=Lower",
     "CN=Lower",
     0},
    {"the leaf itself",
     {LEAF, -1},
     {{LOWER_URL, DER, LEAF}},
     WHY__ISSUERS_NOT_FOUND,
     1,
     WHY__ISSUER_OTHER,
     "CN=Lower",
     "CN=Lower",
     0},
    {"no address", {BARE, -1}, {{0}}, WHY__ISSUERS_NO_ADDRESS, 0, 0, "", "CN=Lower", 0},
    {"self-signed", {STRANGER, -1}, {{0}}, WHY__ISSUERS_UNTRUSTED, 0, 0, "", "CN=Stranger", 0},
};

static struct why_bytes answer_to(const struct search *search, const char *address,
                                  uint8_t **memory) {
    for (size_t i = 0; i < TEST_COUNT(search->offers); i++) {
        const struct offer *offer = &search->offers[i];
        if (offer->address != NULL && strcmp(offer->address, address) == 0) {
            size_t len = 0;
            *memory = encode(offer->form, offer->which, &len);
            return (struct why_bytes){*memory, len};
        }
    }
    return (struct why_bytes){NULL, 0};
}

static void run_search(const struct search *search, struct why__consult *consult) {
    begin(consult, search->chain);
    const char *address = NULL;
    for (int i = 0; (address = why__consult_issuer_next(consult)) != NULL; i++) {
        assert_true(i < WHY__CONSULT_FETCHES_MAX);
        uint8_t *memory = NULL;
        why__consult_issuer_take(consult, answer_to(search, address, &memory));
        OPENSSL_free(memory);
    }
}

static void issuers_are_searched_for(void **state) {
    (void)state;
    for (size_t i = 0; i < TEST_COUNT(searches); i++) {
        const struct search *row = &searches[i];
        struct why__consult consult;
        run_search(row, &consult);
        const struct why__issuers *issuers = why__consult_issuers(&consult);
        size_t used = 0;
        for (size_t j = 0; j < issuers->fetch_count; j++) {
            used += issuers->fetches[j].used;
        }
        if (issuers->outcome != row->outcome || issuers->fetch_count != row->fetches ||
            (row->fetches > 0 && issuers->fetches[0].result != row->first) || used != row->used ||
            strcmp(issuers->missing, row->missing) != 0 || strcmp(issuers->end, row->end) != 0) {
            fail_msg("%s: %s, %zu fetches, %zu used, first %s, missing %s, end %s", row->name,
                     why__issuers_outcome_id(issuers->outcome), issuers->fetch_count, used,
                     why__issuer_result_id(issuers->fetches[0].result), issuers->missing,
                     issuers->end);
        }
        assert_null(why__consult_issuer_next(&consult)); /* over is over */
        why__consult_clear(&consult);
    }
}

/* Without key identifiers a name is all there is to go by, and anybody can have it: what has not
 * signed is not the issuer. */
static void a_name_alone_is_no_issuer(void **state) {
    (void)state;
    const struct test_cert_spec ca = {.cn = "Plain", .is_ca = true, .no_key_ids = true};
    struct test_cert issuer = test_cert_new(&ca, NULL), impostor = test_cert_new(&ca, NULL);
    struct test_cert leaf = test_cert_new(
        &(struct test_cert_spec){
            .cn = "leaf", .no_key_ids = true, .aia = "caIssuers;URI:" LOWER_URL},
        &issuer);
    for (int i = 0; i < 2; i++) {
        STACK_OF(X509) *sent = sk_X509_new_null();
        assert_true(sk_X509_push(sent, leaf.x509) > 0);
        struct why__consult consult = {.trust = trust};
        assert_int_equal(why__consult_init(&consult, "a.example", sent, true), WHY_OK);
        sk_X509_free(sent);
        assert_non_null(why__consult_issuer_next(&consult));
        uint8_t *der = NULL;
        int len = i2d_X509(i == 0 ? issuer.x509 : impostor.x509, &der);
        why__consult_issuer_take(&consult, (struct why_bytes){der, (size_t)len});
        OPENSSL_free(der);
        assert_int_equal(consult.issuers.fetches[0].result,
                         i == 0 ? WHY__ISSUER_FOUND : WHY__ISSUER_OTHER);
        why__consult_clear(&consult);
    }
    test_cert_free(&issuer);
    test_cert_free(&impostor);
    test_cert_free(&leaf);
}

/* Every issuer names the next one, at the same address: a CA that answers for ever. */
static void a_search_without_end_ends(void **state) {
    (void)state;
    struct test_cert chain[12];
    chain[11] = test_cert_new(&(struct test_cert_spec){.cn = "End", .is_ca = true}, NULL);
    for (int i = 10; i >= 0; i--) {
        char cn[16];
        (void)snprintf(cn, sizeof cn, "Level %d", i);
        const struct test_cert_spec spec = {
            .cn = cn, .is_ca = i > 0, .aia = "caIssuers;URI:http://ca.example/more"};
        chain[i] = test_cert_new(&spec, &chain[i + 1]);
    }
    STACK_OF(X509) *sent = sk_X509_new_null();
    assert_true(sk_X509_push(sent, chain[0].x509) > 0);
    struct why__consult consult = {.trust = trust};
    assert_int_equal(why__consult_init(&consult, "a.example", sent, true), WHY_OK);
    sk_X509_free(sent);
    int fetches = 0;
    while (why__consult_issuer_next(&consult) != NULL) {
        uint8_t *der = NULL;
        int len = i2d_X509(chain[++fetches].x509, &der);
        why__consult_issuer_take(&consult, (struct why_bytes){der, (size_t)len});
        OPENSSL_free(der);
    }
    assert_int_equal(fetches, WHY__CONSULT_HOPS_MAX);
    assert_int_equal(consult.issuers.outcome, WHY__ISSUERS_TOO_LONG);
    why__consult_clear(&consult);
    for (int i = 0; i < 12; i++) {
        test_cert_free(&chain[i]);
    }
}

/* ---- OCSP ---- */

enum nonce {
    SAME,
    ANOTHER,
    NO_NONCE,
};

struct answer {
    const char *name;
    int about, signer;
    int status;
    long from, to; /* seconds from now; to 0: not said */
    enum nonce nonce;
    enum why__ocsp_status expect;
};

#define GOOD V_OCSP_CERTSTATUS_GOOD
#define HOURS_AGO (-9 * TEST_HOUR)

static const struct answer answers[] = {
    {"good", LEAF, LOWER, GOOD, HOURS_AGO, TEST_DAY, SAME, WHY__OCSP_GOOD},
    {"good, without a nonce", LEAF, LOWER, GOOD, HOURS_AGO, TEST_DAY, NO_NONCE, WHY__OCSP_GOOD},
    {"good, without an end", LEAF, LOWER, GOOD, HOURS_AGO, 0, SAME, WHY__OCSP_GOOD},
    {"good, by a delegate", LEAF, DELEGATE, GOOD, HOURS_AGO, TEST_DAY, SAME, WHY__OCSP_GOOD},
    {"by a delegate of the past", LEAF, DELEGATE_OLD, GOOD, HOURS_AGO, TEST_DAY, SAME,
     WHY__OCSP_BAD_SIGNATURE},
    {"by one that the issuer has not delegated", LEAF, CLERK, GOOD, HOURS_AGO, TEST_DAY, SAME,
     WHY__OCSP_BAD_SIGNATURE},
    {"by the root, which has not issued it", LEAF, ROOT, GOOD, HOURS_AGO, TEST_DAY, SAME,
     WHY__OCSP_BAD_SIGNATURE},
    {"by one of the issuer's name", LEAF, IMPOSTOR, GOOD, HOURS_AGO, TEST_DAY, SAME,
     WHY__OCSP_BAD_SIGNATURE},
    {"by the certificate itself", LEAF, LEAF, GOOD, HOURS_AGO, TEST_DAY, SAME,
     WHY__OCSP_BAD_SIGNATURE},
    {"to another question", LEAF, LOWER, GOOD, HOURS_AGO, TEST_DAY, ANOTHER, WHY__OCSP_BAD_NONCE},
    {"about another certificate", BARE, LOWER, GOOD, HOURS_AGO, TEST_DAY, SAME, WHY__OCSP_OTHER},
    {"stale", LEAF, LOWER, GOOD, HOURS_AGO, -TEST_HOUR, SAME, WHY__OCSP_STALE},
    {"within the clocks' difference", LEAF, LOWER, GOOD, HOURS_AGO, -60, SAME, WHY__OCSP_GOOD},
    {"its end before its beginning", LEAF, LOWER, GOOD, 200, 100, SAME, WHY__OCSP_STALE},
    {"of the future", LEAF, LOWER, GOOD, TEST_HOUR, TEST_DAY, SAME, WHY__OCSP_NOT_YET},
    {"revoked", LEAF, LOWER, V_OCSP_CERTSTATUS_REVOKED, HOURS_AGO, TEST_DAY, SAME,
     WHY__OCSP_REVOKED},
    {"revoked, by one without the right", LEAF, CLERK, V_OCSP_CERTSTATUS_REVOKED, HOURS_AGO,
     TEST_DAY, SAME, WHY__OCSP_BAD_SIGNATURE},
    {"revoked, and stale", LEAF, LOWER, V_OCSP_CERTSTATUS_REVOKED, HOURS_AGO, -TEST_HOUR, SAME,
     WHY__OCSP_STALE},
    {"unknown", LEAF, LOWER, V_OCSP_CERTSTATUS_UNKNOWN, HOURS_AGO, TEST_DAY, SAME,
     WHY__OCSP_UNKNOWN},
};

/* returns  memory of OpenSSL's */
static uint8_t *make_answer(const struct answer *row, OCSP_REQUEST *question, size_t *len) {
    OCSP_BASICRESP *basic = OCSP_BASICRESP_new();
    OCSP_CERTID *id = OCSP_cert_to_id(NULL, certs[row->about].x509, certs[LOWER].x509);
    ASN1_TIME *from = X509_gmtime_adj(NULL, row->from);
    ASN1_TIME *to = row->to == 0 ? NULL : X509_gmtime_adj(NULL, row->to);
    assert_non_null(OCSP_basic_add1_status(basic, id, row->status,
                                           OCSP_REVOKED_STATUS_KEYCOMPROMISE, from, from, to));
    if (row->nonce == SAME) {
        assert_int_equal(OCSP_copy_nonce(basic, question), 1);
    } else if (row->nonce == ANOTHER) {
        assert_int_equal(OCSP_basic_add1_nonce(basic, NULL, 16), 1);
    }
    const struct test_cert *signer = &certs[row->signer];
    assert_int_equal(OCSP_basic_sign(basic, signer->x509, signer->key, EVP_sha256(), NULL, 0), 1);
    OCSP_RESPONSE *response = OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic);
    uint8_t *data = NULL;
    int encoded = i2d_OCSP_RESPONSE(response, &data);
    assert_true(encoded > 0);
    *len = (size_t)encoded;
    OCSP_RESPONSE_free(response);
    OCSP_BASICRESP_free(basic);
    OCSP_CERTID_free(id);
    ASN1_TIME_free(from);
    ASN1_TIME_free(to);
    return data;
}

/* The question as it went out, as a responder reads it. */
static OCSP_REQUEST *read_question(struct why_bytes question) {
    const unsigned char *at = question.data;
    OCSP_REQUEST *request = d2i_OCSP_REQUEST(NULL, &at, (long)question.len);
    assert_non_null(request);
    assert_int_equal(OCSP_request_onereq_count(request), 1);
    return request;
}

static void answers_are_read(void **state) {
    (void)state;
    for (size_t i = 0; i < TEST_COUNT(answers); i++) {
        const struct answer *row = &answers[i];
        struct why__consult consult;
        begin(&consult, (const int[]){LEAF, LOWER, UPPER, -1});
        struct why_bytes question;
        assert_string_equal(why__consult_status_next(&consult, &question), OCSP_URL);
        OCSP_REQUEST *request = read_question(question);
        size_t len = 0;
        uint8_t *data = make_answer(row, request, &len);
        uint8_t *guarded = test_guard_new(len);
        memcpy(guarded, data, len);
        why__consult_status_take(&consult, (struct why_bytes){guarded, len});
        const struct why__ocsp_answer *answer = &why__consult_standings(&consult)->list[0].answer;
        bool is_revoked =
            row->status == V_OCSP_CERTSTATUS_REVOKED && row->expect != WHY__OCSP_BAD_SIGNATURE;
        if (answer->status != row->expect || (answer->revoked_at != 0) != is_revoked ||
            (strcmp(answer->reason, "keyCompromise") == 0) != is_revoked) {
            fail_msg("%s: %s, revoked at %lld, %s", row->name, why__ocsp_status_id(answer->status),
                     (long long)answer->revoked_at, answer->reason);
        }
        if (answer->status == WHY__OCSP_GOOD && answer->has_nonce != (row->nonce == SAME)) {
            fail_msg("%s: the nonce", row->name);
        }
        assert_null(why__consult_status_next(&consult, &question)); /* lower names no responder */
        assert_int_equal(why__consult_standings(&consult)->count, 1);
        test_guard_free(guarded, len);
        OPENSSL_free(data);
        OCSP_REQUEST_free(request);
        why__consult_clear(&consult);
    }
}

/* Cut anywhere, or with any bit the other way round: it is never revoked, and if it is good, then
 * by what was signed (the certificates that come along are not). */
static void damaged_answers_say_nothing_else(void **state) {
    (void)state;
    OCSP_REQUEST *question = why__ocsp_question(certs[LEAF].x509, certs[LOWER].x509);
    size_t len = 0;
    uint8_t *data = make_answer(&answers[0], question, &len);
    time_t now = time(NULL);
    struct why__ocsp_answer whole, answer;
    why__ocsp_read((struct why_bytes){data, len}, question, certs[LEAF].x509, certs[LOWER].x509,
                   now, &whole);
    assert_int_equal(whole.status, WHY__OCSP_GOOD);
    for (size_t cut = 0; cut < len; cut++) {
        why__ocsp_read((struct why_bytes){data, cut}, question, certs[LEAF].x509, certs[LOWER].x509,
                       now, &answer);
        assert_int_equal(answer.status, WHY__OCSP_MALFORMED);
    }
    for (size_t bit = 0; bit < 8 * len; bit += 3) {
        data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        why__ocsp_read((struct why_bytes){data, len}, question, certs[LEAF].x509, certs[LOWER].x509,
                       now, &answer);
        data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_not_equal(answer.status, WHY__OCSP_REVOKED);
        assert_int_not_equal(answer.status, WHY__OCSP_UNKNOWN);
        if (answer.status == WHY__OCSP_GOOD) {
            assert_int_equal(answer.this_update, whole.this_update);
            assert_int_equal(answer.next_update, whole.next_update);
        }
    }
    OPENSSL_free(data);
    OCSP_REQUEST_free(question);
}

static void refusals_have_their_names(void **state) {
    (void)state;
    static const struct {
        uint8_t status;
        enum why__ocsp_status expect;
        const char *reason;
    } rows[] = {
        {1, WHY__OCSP_REFUSED, "malformedRequest"},
        {2, WHY__OCSP_REFUSED, "internalError"},
        {3, WHY__OCSP_REFUSED, "tryLater"},
        {5, WHY__OCSP_REFUSED, "sigRequired"},
        {6, WHY__OCSP_REFUSED, "unauthorized"},
        {9, WHY__OCSP_REFUSED, ""},
        {0, WHY__OCSP_MALFORMED, ""}, /* "successful", and no more */
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        const uint8_t response[] = {0x30, 0x03, 0x0a, 0x01, rows[i].status};
        struct why__ocsp_answer answer;
        why__ocsp_read((struct why_bytes){response, sizeof response}, NULL, certs[LEAF].x509,
                       certs[LOWER].x509, time(NULL), &answer);
        assert_int_equal(answer.status, rows[i].expect);
        assert_string_equal(answer.reason, rows[i].reason);
    }
}

static void who_cannot_be_asked_about_is_said(void **state) {
    (void)state;
    static const struct {
        const char *name;
        int chain[4];
        enum why__ocsp_status expect;
    } rows[] = {
        {"no responder", {BARE, LOWER, UPPER, -1}, WHY__OCSP_NO_RESPONDER},
        {"no issuer", {LEAF, -1}, WHY__OCSP_NO_ISSUER},
        {"self-signed", {STRANGER, -1}, WHY__OCSP_NO_RESPONDER},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        struct why__consult consult;
        begin(&consult, rows[i].chain);
        struct why_bytes question;
        assert_null(why__consult_status_next(&consult, &question));
        assert_int_equal(why__consult_standings(&consult)->list[0].answer.status, rows[i].expect);
        why__consult_clear(&consult);
    }
}

static void no_answer_is_told_from_a_bad_one(void **state) {
    (void)state;
    struct why__consult consult;
    begin(&consult, (const int[]){LEAF, LOWER, UPPER, -1});
    struct why_bytes question;
    assert_non_null(why__consult_status_next(&consult, &question));
    assert_null(why__consult_status_next(&consult, &question)); /* without having answered */
    assert_int_equal(consult.standings.list[0].answer.status, WHY__OCSP_UNREACHABLE);
    why__consult_clear(&consult);
}

/* ---- The record ---- */

static struct why_record failed_with(enum why_cause cause, bool likely) {
    struct why_record record;
    why_record_init(&record);
    record.tls.present = true;
    if (cause != WHY_CAUSE_NONE) {
        why_record_fail(&record, cause);
        record.likely = likely;
        record.tls.error_count = 1;
        record.tls.errors[0].cause = cause;
        record.tls.errors[0].likely = likely;
    }
    return record;
}

static void the_search_makes_the_cause_certain(void **state) {
    (void)state;
    static const struct {
        const char *name;
        int search; /* index in `searches` */
        enum why_cause before, after;
        bool likely_after;
        const char *words;
    } rows[] = {
        {"found", 1, WHY_CAUSE_TLS_CHAIN_MISSING_INTERMEDIATE,
         WHY_CAUSE_TLS_CHAIN_MISSING_INTERMEDIATE, false,
         "CN=Upper was not sent; it is at " UPPER_URL ", and with it the chain is complete"},
        {"found, where it looked like a CA", 1, WHY_CAUSE_TLS_CHAIN_UNTRUSTED_CA,
         WHY_CAUSE_TLS_CHAIN_MISSING_INTERMEDIATE, false, "complete"},
        {"found, and the wrong one was sent", 1, WHY_CAUSE_TLS_CHAIN_WRONG_INTERMEDIATE,
         WHY_CAUSE_TLS_CHAIN_WRONG_INTERMEDIATE, false, "complete"},
        {"found two", 2, WHY_CAUSE_TLS_CHAIN_MISSING_INTERMEDIATE,
         WHY_CAUSE_TLS_CHAIN_MISSING_INTERMEDIATE, false, "with it and 1 more"},
        {"nothing answers", 5, WHY_CAUSE_TLS_CHAIN_MISSING_INTERMEDIATE,
         WHY_CAUSE_TLS_CHAIN_MISSING_INTERMEDIATE, true, LOWER_URL " could not be fetched"},
        {"garbage", 6, WHY_CAUSE_TLS_CHAIN_MISSING_INTERMEDIATE,
         WHY_CAUSE_TLS_CHAIN_MISSING_INTERMEDIATE, true, "holds no certificate"},
        {"half of the way", 4, WHY_CAUSE_TLS_CHAIN_MISSING_INTERMEDIATE,
         WHY_CAUSE_TLS_CHAIN_MISSING_INTERMEDIATE, true, "lacks CN=Upper"},
        {"another cause", 1, WHY_CAUSE_TLS_CERT_EXPIRED, WHY_CAUSE_TLS_CERT_EXPIRED, true, ""},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        struct why__consult consult;
        run_search(&searches[rows[i].search], &consult);
        struct why_record record = failed_with(rows[i].before, true);
        why__consult_report(&consult, false, &record);
        if (record.cause != rows[i].after || record.likely != rows[i].likely_after ||
            record.code != 1015 || record.side != why_cause_side(rows[i].after) ||
            record.tls.errors[0].cause != rows[i].after ||
            strcmp(record.detail, record.tls.errors[0].detail) != 0 ||
            strstr(record.detail, rows[i].words) == NULL) {
            fail_msg("%s: %s, %s%s", rows[i].name, why_cause_id(record.cause), record.detail,
                     record.likely ? " (likely)" : "");
        }
        why__consult_clear(&consult);
    }
}

static void a_revoked_certificate_is_the_cause_of_what_went_well(void **state) {
    (void)state;
    for (int i = 0; i < 3; i++) {
        bool all_was_well = i == 0, insecure = i == 2;
        struct why__consult consult;
        begin(&consult, (const int[]){LEAF, LOWER, UPPER, -1});
        consult.standings.count = 1;
        consult.standings.list[0].answer = (struct why__ocsp_answer){
            .status = WHY__OCSP_REVOKED, .revoked_at = 86400, .reason = "superseded"};
        struct why_record record =
            failed_with(i == 1 ? WHY_CAUSE_HTTP_STATUS_403 : WHY_CAUSE_NONE, false);
        record.tls.insecure = insecure;
        size_t before = record.tls.error_count;
        why__consult_report(&consult, all_was_well || insecure, &record);
        enum why_cause expect = all_was_well ? WHY_CAUSE_TLS_CERT_REVOKED
                                : insecure   ? WHY_CAUSE_NONE
                                             : WHY_CAUSE_HTTP_STATUS_403;
        assert_int_equal(record.cause, expect);
        assert_int_equal(record.tls.error_count, before + 1);
        assert_int_equal(record.tls.errors[before].cause, WHY_CAUSE_TLS_CERT_REVOKED);
        assert_string_equal(record.tls.errors[before].detail,
                            "revoked on 1970-01-02 (superseded), as its responder says");
        why__consult_clear(&consult);
    }
}

/* ---- From the connection ---- */

struct seen {
    size_t calls, count;
    uint8_t *der[8];
    size_t lens[8];
};

static void see_chain(void *context, const struct why_bytes *chain, size_t count) {
    struct seen *seen = context;
    seen->calls++;
    seen->count = count;
    for (size_t i = 0; i < count; i++) {
        seen->der[i] = OPENSSL_memdup(chain[i].data, chain[i].len);
        seen->lens[i] = chain[i].len;
    }
}

static void connect_to(const struct test_pki *pki, struct seen *seen) {
    static struct test_tls_pair pair;
    struct test_host host;
    test_host_init(&host);
    const struct test_cert *chain[] = {&pki->leaf, &pki->intermediate};
    const struct why_tls_config server = {
        .cert_file = test_write_pem(&pki->folder, "chain.pem", chain, 2, pki->leaf.key)};
    const struct why_tls_config client = {
        .ca_file = pki->ca_file, .on_chain = see_chain, .on_chain_context = seen};
    pair = (struct test_tls_pair){0};
    pair.server.context = test_tls_context(&host.host, &server, true);
    pair.client.context = test_tls_context(&host.host, &client, false);
    test_tls_start(&pair, "server.example");
    test_tls_run(&pair);
    assert_int_equal(pair.client.status, WHY__TLS_OPEN);
    test_tls_stop(&pair);
    why__tls_context_free(pair.client.context);
    why__tls_context_free(pair.server.context);
    assert_int_equal(host.live_blocks, 0);
}

static void the_chain_is_told_and_asked_about(void **state) {
    (void)state;
    struct test_pki pki;
    test_pki_init(&pki);
    struct seen seen = {0};
    connect_to(&pki, &seen);
    assert_int_equal(seen.calls, 1);
    assert_int_equal(seen.count, 2);
    const struct why_bytes chain[] = {{seen.der[0], seen.lens[0]}, {seen.der[1], seen.lens[1]}};
    const struct why_bytes garbage = {(const uint8_t *)"garbage", 7};
    const struct why_tls_config config = {.ca_file = pki.ca_file};
    const struct why_tls_config no_file = {.ca_file = "/nonexistent"};
    struct test_host host;
    test_host_init(&host);
    struct why__consult *consult = NULL;
    assert_int_equal(why__consult_new(&host.host, &config, "a", chain, 0, &consult),
                     WHY_ERR_ARGUMENT);
    assert_int_equal(why__consult_new(&host.host, &config, "a", &garbage, 1, &consult),
                     WHY_ERR_ARGUMENT);
    assert_int_equal(why__consult_new(&host.host, &no_file, "a", chain, 2, &consult),
                     WHY_ERR_CONFIG);
    assert_int_equal(host.live_blocks, 0);
    int result = WHY_ERR_NOMEM;
    for (size_t fail_at = 1; result == WHY_ERR_NOMEM; fail_at++) {
        assert_true(fail_at < 20);
        test_host_init(&host);
        host.fail_at = fail_at;
        result = why__consult_new(&host.host, &config, "server.example.", chain, 2, &consult);
        assert_true(result == WHY_OK || host.live_blocks == 0);
    }
    assert_int_equal(result, WHY_OK);
    assert_null(why__consult_issuer_next(consult));
    assert_int_equal(why__consult_issuers(consult)->outcome, WHY__ISSUERS_NOT_NEEDED);
    why__consult_free(consult);
    assert_int_equal(host.live_blocks, 0);
    OPENSSL_free(seen.der[0]);
    OPENSSL_free(seen.der[1]);
    test_pki_free(&pki);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(certificates_come_in_three_forms),
        cmocka_unit_test(what_is_too_much_is_not_read),
        cmocka_unit_test(only_plain_http_addresses_are_taken),
        cmocka_unit_test(an_address_of_512_bytes_is_the_longest),
        cmocka_unit_test(issuers_are_searched_for),
        cmocka_unit_test(a_name_alone_is_no_issuer),
        cmocka_unit_test(a_search_without_end_ends),
        cmocka_unit_test(answers_are_read),
        cmocka_unit_test(damaged_answers_say_nothing_else),
        cmocka_unit_test(refusals_have_their_names),
        cmocka_unit_test(who_cannot_be_asked_about_is_said),
        cmocka_unit_test(no_answer_is_told_from_a_bad_one),
        cmocka_unit_test(the_search_makes_the_cause_certain),
        cmocka_unit_test(a_revoked_certificate_is_the_cause_of_what_went_well),
        cmocka_unit_test(the_chain_is_told_and_asked_about),
    };
    return cmocka_run_group_tests(tests, make, unmake);
}
