/* SPDX-License-Identifier: MIT
 *
 * The hand-made ClientHello, read back by our own reader and by OpenSSL; and answers to it, as
 * servers send them and as nobody should, whole and at every length.
 */
#include "tls/hello.h"

#include "support/guard.h"
#include "support/test.h"
#include "support/tls_pair.h"

#include <stdlib.h>
#include <string.h>

/* ---- What is built ---- */

static void built_as_it_is_asked_for(void **state) {
    (void)state;
    struct test_host host;
    test_host_init(&host);
    static const struct {
        struct why__hello_options options;
        size_t len_least, len_most;
        const char *alpn;
    } rows[] = {
        {{.server_name = "server.example", .highest_version = 0x0303}, 430, 510, "h2, http/1.1"},
        {{.server_name = "server.example"}, 430, 510, "h2, http/1.1"},
        {{.server_name = NULL}, 410, 490, "h2, http/1.1"},
        {{.server_name = "", .alpn = WHY__HELLO_ALPN_NONE}, 400, 480, ""},
        {{.server_name = "a", .alpn = WHY__HELLO_ALPN_H2}, 410, 490, "h2"},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        uint8_t hello[WHY__HELLO_MAX];
        size_t len = why__hello_build(&host.host, &rows[i].options, hello);
        assert_in_range(len, rows[i].len_least, rows[i].len_most);
        assert_int_equal(hello[0], 22);
        assert_int_equal((size_t)hello[3] << 8 | hello[4], len - 5);
        struct why_tls_offer offer;
        why__hello_read_offer((struct why_bytes){hello + 5, len - 5}, &offer);
        assert_int_equal(offer.len, len - 5);
        assert_int_equal(offer.version_count, i == 0 ? 3 : 4);
        assert_int_equal(offer.versions[0], i == 0 ? 0x0303 : 0x0304);
        assert_int_equal(offer.cipher_count, 95);
        assert_int_equal(offer.group_count, 17);
        assert_int_equal(offer.signature_count, 25);
        assert_string_equal(offer.alpn, rows[i].alpn);
        assert_true(offer.renegotiation);
        /* Cut short it is none, and nothing is read past its end. */
        for (size_t cut = 0; cut < len - 5; cut++) {
            uint8_t *guarded = test_guard_new(cut);
            memcpy(guarded, hello + 5, cut);
            why__hello_read_offer((struct why_bytes){guarded, cut}, &offer);
            test_guard_free(guarded, cut);
        }
    }
}

/* Some boxes on the way stumble over a ClientHello of more than 255 bytes. */
static void a_small_one_fits_where_a_large_one_does_not(void **state) {
    (void)state;
    struct test_host host;
    test_host_init(&host);
    char name[89];
    for (size_t len = 0; len < sizeof name; len++) {
        memset(name, 'a', len);
        name[len] = '\0';
        uint8_t hello[WHY__HELLO_MAX];
        struct why__hello_options options = {.server_name = name, .is_small = true};
        size_t built = why__hello_build(&host.host, &options, hello);
        assert_in_range(built, 150, 255);
        assert_int_equal((size_t)hello[3] << 8 | hello[4], built - 5);
        struct why_tls_offer offer;
        why__hello_read_offer((struct why_bytes){hello + 5, built - 5}, &offer);
        assert_int_equal(offer.len, built - 5);
        assert_int_equal(offer.version_count, 4);
        assert_int_equal(offer.group_count, 4);
        assert_true(offer.renegotiation);
    }
}

static void a_name_too_long_is_refused(void **state) {
    (void)state;
    struct test_host host;
    test_host_init(&host);
    char name[257];
    memset(name, 'a', sizeof name);
    name[255] = '\0';
    uint8_t hello[WHY__HELLO_MAX];
    assert_true(
        why__hello_build(&host.host, &(struct why__hello_options){.server_name = name}, hello) > 0);
    name[255] = 'a';
    name[256] = '\0';
    assert_int_equal(
        why__hello_build(&host.host, &(struct why__hello_options){.server_name = name}, hello), 0);
}

/* ---- What OpenSSL makes of it ---- */

/* But for the certificate's length, which differs from run to run. */
static bool is_same(const struct why__hello_answer *a, const struct why__hello_answer *b) {
    return a->kind == b->kind && a->complete == b->complete && a->version == b->version &&
           a->cipher == b->cipher && a->group == b->group && a->signature == b->signature &&
           a->dh_bits == b->dh_bits && a->alert == b->alert &&
           a->renegotiation == b->renegotiation &&
           a->certificate_requested == b->certificate_requested &&
           (a->certificate_len > 0) == (b->certificate_len > 0) && strcmp(a->alpn, b->alpn) == 0;
}

static void fail_with(const char *name, const struct why__hello_answer *answer) {
    fail_msg("%s: kind %d, complete %d, version %04x, cipher %04x, group %04x, signature %04x, "
             "prime %u, certificate %u, alpn \"%s\", alert %d",
             name, (int)answer->kind, answer->complete, answer->version, answer->cipher,
             answer->group, answer->signature, answer->dh_bits, answer->certificate_len,
             answer->alpn, answer->alert);
}

struct server_row {
    const char *name;
    const char *leaf; /* NULL: the pki's own */
    int max_version;
    const char *ciphers, *groups, *signatures;
    bool wants_certificate;
    const char *small_name;          /* ask with a small hello, and this name */
    struct why__hello_answer expect; /* certificate_len: 1 stands for any */
};

static const struct server_row server_rows[] = {
    {.name = "TLS 1.3",
     .expect = {.kind = WHY__HELLO_SERVER_HELLO,
                .complete = true,
                .alert = -1,
                .version = 0x0304,
                .cipher = 0x1302,
                .group = 0x001d}},
    {.name = "TLS 1.3, a small hello",
     .small_name = "server.example",
     .expect = {.kind = WHY__HELLO_SERVER_HELLO,
                .complete = true,
                .alert = -1,
                .version = 0x0304,
                .cipher = 0x1302,
                .group = 0x001d}},
    {.name = "TLS 1.3, a small hello that the name leaves no room for a key share",
     .small_name = "a-name-of-more-than-fifty-bytes.beside-which-no-share-fits.example",
     .expect = {.kind = WHY__HELLO_RETRY,
                .complete = true,
                .alert = -1,
                .version = 0x0304,
                .cipher = 0x1302,
                .group = 0x001d}},
    {.name = "TLS 1.2, a small hello",
     .small_name = "server.example",
     .max_version = TLS1_2_VERSION,
     .expect = {.kind = WHY__HELLO_SERVER_HELLO,
                .complete = true,
                .alert = -1,
                .version = 0x0303,
                .cipher = 0xc02c,
                .group = 0x001d,
                .signature = 0x0403,
                .renegotiation = true,
                .certificate_len = 1}},
    {.name = "TLS 1.3 with a group that we have no share of",
     .groups = "P-384",
     .expect = {.kind = WHY__HELLO_RETRY,
                .complete = true,
                .alert = -1,
                .version = 0x0304,
                .cipher = 0x1302,
                .group = 0x0018}},
    {.name = "TLS 1.2",
     .max_version = TLS1_2_VERSION,
     .expect = {.kind = WHY__HELLO_SERVER_HELLO,
                .complete = true,
                .alert = -1,
                .version = 0x0303,
                .cipher = 0xc02c,
                .group = 0x001d,
                .signature = 0x0403,
                .renegotiation = true,
                .certificate_len = 1,
                .alpn = "http/1.1"}},
    {.name = "TLS 1.2 with a cipher that nobody else offers",
     .max_version = TLS1_2_VERSION,
     .ciphers = "ECDHE-ECDSA-NULL-SHA@SECLEVEL=0",
     .groups = "P-521",
     .signatures = "ECDSA+SHA1",
     .wants_certificate = true,
     .expect = {.kind = WHY__HELLO_SERVER_HELLO,
                .complete = true,
                .alert = -1,
                .version = 0x0303,
                .cipher = 0xc006,
                .group = 0x0019,
                .signature = 0x0203,
                .renegotiation = true,
                .certificate_requested = true,
                .certificate_len = 1,
                .alpn = "http/1.1"}},
    {.name = "TLS 1.0",
     .max_version = TLS1_VERSION,
     .ciphers = "DEFAULT@SECLEVEL=0",
     .expect = {.kind = WHY__HELLO_SERVER_HELLO,
                .complete = true,
                .alert = -1,
                .version = 0x0301,
                .cipher = 0xc00a,
                .group = 0x001d,
                .renegotiation = true,
                .certificate_len = 1,
                .alpn = "http/1.1"}},
    {.name = "nothing that it could take",
     .max_version = TLS1_2_VERSION,
     .ciphers = "AES128-SHA", /* it has no RSA key */
     .expect = {.kind = WHY__HELLO_ALERT, .complete = true, .alert = 40}},
};

static struct why__hello_answer ask_openssl(const struct server_row *row,
                                            struct why__tls_context *context) {
    struct test_host host;
    test_host_init(&host);
    struct why__tls *tls = why__tls_new(context, NULL);
    assert_non_null(tls);
    SSL_set_min_proto_version(tls->ssl, TLS1_VERSION);
    SSL_set_max_proto_version(tls->ssl, row->max_version);
    if (row->ciphers != NULL) {
        assert_int_equal(SSL_set_cipher_list(tls->ssl, row->ciphers), 1);
    }
    if (row->groups != NULL) {
        assert_int_equal(SSL_set1_groups_list(tls->ssl, row->groups), 1);
    }
    if (row->signatures != NULL) {
        assert_int_equal(SSL_set1_sigalgs_list(tls->ssl, row->signatures), 1);
    }
    if (row->wants_certificate) {
        SSL_set_verify(tls->ssl, SSL_VERIFY_PEER, NULL);
    }
    SSL_set_options(tls->ssl, SSL_OP_CIPHER_SERVER_PREFERENCE);
    uint8_t hello[WHY__HELLO_MAX], plain[16];
    struct why__hello_options options = {.server_name = row->small_name != NULL ? row->small_name
                                                                                : "server.example",
                                         .is_small = row->small_name != NULL};
    struct why_bytes input = {hello, why__hello_build(&host.host, &options, hello)};
    size_t plain_len = 0;
    while (input.len > 0) {
        why__tls_receive(tls, &input, (struct why_span){plain, sizeof plain}, &plain_len);
    }
    struct why_bytes output = why__tls_output(tls);
    struct why__hello_answer answer = {0};
    why__hello_parse(output, &answer);
    /* Every shorter answer is either the same already, or says that there is more to come. */
    for (size_t len = 0; len < output.len; len++) {
        struct why__hello_answer part;
        uint8_t *guarded = test_guard_new(len);
        memcpy(guarded, output.data, len);
        why__hello_parse((struct why_bytes){guarded, len}, &part);
        test_guard_free(guarded, len);
        if (part.complete && !is_same(&part, &answer)) {
            fail_msg("%s: complete after %zu bytes, but not the same", row->name, len);
        }
    }
    why__tls_free(tls);
    return answer;
}

static void openssl_answers(void **state) {
    (void)state;
    struct test_pki pki;
    test_pki_init(&pki);
    struct test_host host;
    test_host_init(&host);
    const struct why_tls_config config = {.cert_file = pki.leaf_file};
    struct why__tls_context *context = test_tls_context(&host.host, &config, true);
    for (size_t i = 0; i < TEST_COUNT(server_rows); i++) {
        const struct server_row *row = &server_rows[i];
        struct why__hello_answer answer = ask_openssl(row, context);
        if (!is_same(&answer, &row->expect)) {
            fail_with(row->name, &answer);
        }
    }
    why__tls_context_free(context);
    test_pki_free(&pki);
}

/* ---- Answers that OpenSSL does not give ---- */

#define RANDOM "0000000000000000000000000000000000000000000000000000000000000000"
#define SERVER_HELLO_10 "160301002a 02000026 0301" RANDOM "00 0005 00"
#define SERVER_HELLO_12 "160303002a 02000026 0303" RANDOM "00 0033 00"

static const struct row {
    const char *name;
    const char *hex;
    struct why__hello_answer expect;
} rows[] = {
    {"nothing", "", {.kind = WHY__HELLO_NOTHING, .alert = -1}},
    {"half a header", "160301", {.kind = WHY__HELLO_NOTHING, .alert = -1}},
    {"an alert", "15030100020228", {.kind = WHY__HELLO_ALERT, .complete = true, .alert = 40}},
    {"half an alert", "150301000202", {.kind = WHY__HELLO_NOTHING, .alert = -1}},
    {"a warning is not the end", "15030100020170", {.kind = WHY__HELLO_ALERT, .alert = 112}},
    {"a warning, then a hello",
     "15030100020170" SERVER_HELLO_10,
     {.kind = WHY__HELLO_SERVER_HELLO, .version = 0x0301, .cipher = 5, .alert = 112}},
    {"SSL 3.0",
     "160300002a 02000026 0300" RANDOM "00 0004 00",
     {.kind = WHY__HELLO_SERVER_HELLO, .version = 0x0300, .cipher = 4, .alert = -1}},
    {"a message over two records",
     "1603010003 020000 1603010027 26 0301" RANDOM "00 0005 00",
     {.kind = WHY__HELLO_SERVER_HELLO, .version = 0x0301, .cipher = 5, .alert = -1}},
    {"an empty record between",
     "1603010000" SERVER_HELLO_10,
     {.kind = WHY__HELLO_SERVER_HELLO, .version = 0x0301, .cipher = 5, .alert = -1}},
    {"a prime of 15 bits, signed with RSA and SHA-1",
     SERVER_HELLO_12 "1603030013 0c00000f 0002 7fff 0001 02 0002 0102 0201 0000",
     {.kind = WHY__HELLO_SERVER_HELLO,
      .version = 0x0303,
      .cipher = 0x33,
      .dh_bits = 15,
      .signature = 0x0201,
      .alert = -1}},
    {"a curve of its own making is not read",
     "160303002a 02000026 0303" RANDOM "00 c014 00 1603030008 0c000004 01 0203 04",
     {.kind = WHY__HELLO_SERVER_HELLO, .version = 0x0303, .cipher = 0xc014, .alert = -1}},
    {"a certificate is asked for, and done",
     SERVER_HELLO_12 "1603030008 0d000000 0e000000",
     {.kind = WHY__HELLO_SERVER_HELLO,
      .version = 0x0303,
      .cipher = 0x33,
      .certificate_requested = true,
      .complete = true,
      .alert = -1}},
    {"an alert after the hello",
     SERVER_HELLO_12 "15030300020250",
     {.kind = WHY__HELLO_SERVER_HELLO,
      .version = 0x0303,
      .cipher = 0x33,
      .complete = true,
      .alert = 80}},
    {"HTTP", "485454502f312e31", {.kind = WHY__HELLO_NOT_TLS, .complete = true, .alert = -1}},
    {"one byte that is none of TLS",
     "00",
     {.kind = WHY__HELLO_NOT_TLS, .complete = true, .alert = -1}},
    {"a record longer than may be",
     "160303ffff",
     {.kind = WHY__HELLO_NOT_TLS, .complete = true, .alert = -1}},
    {"application data",
     "1703030001 00",
     {.kind = WHY__HELLO_MALFORMED, .complete = true, .alert = -1}},
    {"a ServerHello that is too short",
     "1603030006 02000002 0303",
     {.kind = WHY__HELLO_MALFORMED, .complete = true, .alert = -1}},
    {"a ClientHello for an answer",
     "1603030006 01000002 0303",
     {.kind = WHY__HELLO_MALFORMED, .complete = true, .alert = -1}},
    {"no TLS after a record",
     SERVER_HELLO_12 "48545450",
     {.kind = WHY__HELLO_MALFORMED,
      .version = 0x0303,
      .cipher = 0x33,
      .complete = true,
      .alert = -1}},
};

/* Digits in pairs, with spaces wherever they help. */
static size_t unhex(const char *text, uint8_t *out, size_t size) {
    size_t len = 0;
    for (; *text != '\0'; text++) {
        if (*text != ' ') {
            char pair[3] = {text[0], text[1], '\0'};
            assert_true(len < size);
            out[len++] = (uint8_t)strtoul(pair, NULL, 16);
            text++;
        }
    }
    return len;
}

static void read_as_far_as_it_makes_sense(void **state) {
    (void)state;
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        uint8_t bytes[256];
        size_t len = unhex(rows[i].hex, bytes, sizeof bytes);
        uint8_t *guarded = test_guard_new(len);
        memcpy(guarded, bytes, len);
        struct why__hello_answer answer;
        why__hello_parse((struct why_bytes){guarded, len}, &answer);
        test_guard_free(guarded, len);
        if (!is_same(&answer, &rows[i].expect)) {
            fail_with(rows[i].name, &answer);
        }
    }
}

static void numbers_have_names(void **state) {
    (void)state;
    char out[WHY__HELLO_NAME_MAX];
    assert_string_equal(why__hello_version_name(0x0301, out), "TLS 1.0");
    assert_string_equal(why__hello_cipher_name(0x0005, out), "TLS_RSA_WITH_RC4_128_SHA");
    assert_string_equal(why__hello_group_name(0x001e, out), "x448");
    assert_string_equal(why__hello_signature_name(0x0201, out), "rsa_pkcs1_sha1");
    assert_string_equal(why__hello_cipher_name(0x5a5a, out), "0x5a5a");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(built_as_it_is_asked_for),
        cmocka_unit_test(a_small_one_fits_where_a_large_one_does_not),
        cmocka_unit_test(a_name_too_long_is_refused),
        cmocka_unit_test(openssl_answers),
        cmocka_unit_test(read_as_far_as_it_makes_sense),
        cmocka_unit_test(numbers_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
