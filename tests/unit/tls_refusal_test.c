/* SPDX-License-Identifier: MIT
 *
 * What a server tells of a client that turned its certificate down: what sent the hello, what is
 * wrong with our own certificate, and which certificate is shown to whom.
 */
#include "support/guard.h"
#include "support/test.h"
#include "support/tls_pair.h"
#include "tls/client_hello.h"
#include "tls/hello.h"

#include <string.h>

static struct test_pki pki;
static struct test_tls_pair pair;
static struct test_host host;

static int set_up(void **state) {
    (void)state;
    test_pki_init(&pki);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    test_pki_free(&pki);
    return 0;
}

/* ---- Who it is ---- */

/* Hellos as they came, cut to what is looked at. */
static const struct hello_row {
    const char *name;
    enum why_tls_client client;
    bool grease;
    size_t point_formats;
    uint16_t ciphers[8];
    int extensions[20];
} hellos[] = {
    {"curl 7.88 with OpenSSL 3.0",
     WHY_TLS_CLIENT_OPENSSL,
     false,
     3,
     {0x1302, 0x1303, 0x1301, 0xc02c, 0xc030, 0x009f, 0xcca9, 0xcca8},
     {0, 11, 10, 16, 22, 23, 49, 13, 43, 45, 51, 21}},
    {"Python 3.12",
     WHY_TLS_CLIENT_OPENSSL,
     false,
     3,
     {0x1302, 0x1303, 0x1301, 0xc02c, 0xc030, 0xc02b, 0xc02f, 0xcca9},
     {0, 11, 10, 35, 22, 23, 13, 43, 45, 51, 21}},
    {"Node 20",
     WHY_TLS_CLIENT_NODE,
     false,
     3,
     {0x1302, 0x1303, 0x1301, 0xc02f, 0xc02b, 0xc030, 0xc02c, 0x009e},
     {0, 11, 10, 35, 22, 23, 13, 43, 45, 51}},
    {"Go 1.19",
     WHY_TLS_CLIENT_GO,
     false,
     1,
     {0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc009, 0xc013},
     {0, 5, 10, 11, 13, 65281, 18, 43, 51}},
    {"GnuTLS 3.7",
     WHY_TLS_CLIENT_GNUTLS,
     false,
     1,
     {0x1302, 0x1303, 0x1301, 0x1304, 0xc02c, 0xcca9, 0xc0ad, 0xc00a},
     {5, 10, 11, 13, 22, 23, 35, 51, 43, 65281, 45, 28}},
    {"Java 17",
     WHY_TLS_CLIENT_JAVA,
     false,
     1,
     {0x1302, 0x1301, 0x1303, 0xc02c, 0xc02b, 0xcca9, 0xc030, 0xcca8},
     {5, 10, 11, 17, 23, 35, 13, 43, 45, 50, 51}},
    {"Chromium 156",
     WHY_TLS_CLIENT_CHROMIUM,
     true,
     1,
     {0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9},
     {31354, 35, 5, 18, 65281, 16, 13, 51, 23, 17613, 43, 45, 11, 65037, 51764, 10, 27}},
    {"Firefox, by its documentation",
     WHY_TLS_CLIENT_FIREFOX,
     false,
     1,
     {0x1301, 0x1303, 0x1302, 0xc02b, 0xc02f, 0xcca9, 0xcca8, 0xc02c},
     {0, 23, 65281, 10, 11, 35, 16, 5, 34, 51, 43, 13, 45, 28}},
    {"a scan for export suites",
     WHY_TLS_CLIENT_SCANNER,
     false,
     3,
     {0xc02c, 0x0003, 0x0006, 0x0008, 0x0014, 0x0017, 0x0019, 0x0001},
     {0, 11, 10, 13}},
    {"nothing that is known", WHY_TLS_CLIENT_UNKNOWN, false, 0, {0x1301}, {10, 13, 43, 51}},
};

static void put(uint8_t *out, size_t *at, size_t number, size_t len) {
    for (size_t i = len; i > 0; i--) {
        out[(*at)++] = (uint8_t)(number >> (8 * (i - 1)));
    }
}

/* A ClientHello of that shape; its extensions are empty, but for the two that are looked into. */
static size_t make_hello(const struct hello_row *row, uint8_t *out) {
    size_t at = 0, suite_count = 0, extensions_at;
    put(out, &at, 1, 1);
    put(out, &at, 0, 3);
    put(out, &at, 0x0303, 2);
    memset(out + at, 7, 32);
    at += 32;
    put(out, &at, 0, 1);
    while (suite_count < TEST_COUNT(row->ciphers) && row->ciphers[suite_count] != 0) {
        suite_count++;
    }
    put(out, &at, 2 * suite_count, 2);
    for (size_t i = 0; i < suite_count; i++) {
        put(out, &at, row->ciphers[i], 2);
    }
    put(out, &at, 0x0100, 2);
    extensions_at = at;
    put(out, &at, 0, 2);
    for (size_t i = 0; i < TEST_COUNT(row->extensions); i++) {
        int type = row->extensions[i];
        if (type == 0 && i > 0) {
            break;
        }
        put(out, &at, (size_t)type, 2);
        if (type == 11) {
            put(out, &at, 1 + row->point_formats, 2);
            put(out, &at, row->point_formats, 1);
            put(out, &at, 0x000102, row->point_formats);
        } else if (type == 51) { /* one share of x25519, of a byte */
            put(out, &at, 7, 2);
            put(out, &at, 5, 2);
            put(out, &at, 0x001d, 2);
            put(out, &at, 0x000199, 3);
        } else {
            put(out, &at, 0, 2);
        }
    }
    size_t len = at - extensions_at - 2, fix = extensions_at;
    put(out, &fix, len, 2);
    fix = 1;
    put(out, &fix, at - 4, 3);
    return at;
}

static void the_kind_of_client_is_guessed(void **state) {
    (void)state;
    for (size_t i = 0; i < TEST_COUNT(hellos); i++) {
        const struct hello_row *row = &hellos[i];
        uint8_t message[1024];
        size_t len = make_hello(row, message);
        struct why_tls_offer offer;
        why__hello_read_offer((struct why_bytes){message, len}, &offer);
        why__client_hello_read((struct why_bytes){message, len}, &offer);
        if (offer.client != row->client || offer.grease != row->grease) {
            fail_msg("%s: %s", row->name, why_tls_client_name(offer.client));
        }
    }
}

/* OpenSSL refuses it; what is looked at before that ends where the bytes do. */
static void a_hello_cut_anywhere_is_read_to_its_end(void **state) {
    (void)state;
    uint8_t message[1024];
    size_t len = make_hello(&hellos[6], message);
    for (size_t cut = 1; cut <= len; cut++) {
        uint8_t *data = test_guard_new(cut);
        memcpy(data, message, cut);
        struct why_tls_offer offer = {0};
        why__client_hello_read((struct why_bytes){data, cut}, &offer);
        assert_int_equal(offer.extension_count > 0, cut == len);
        assert_int_equal(offer.share_count, cut == len);
        test_guard_free(data, cut);
    }
}

/* ---- Two ends ---- */

static void start(const struct why_tls_config *server, const struct why_tls_config *client,
                  const char *name) {
    test_host_init(&host);
    pair = (struct test_tls_pair){0};
    pair.server.context = test_tls_context(&host.host, server, true);
    pair.client.context = test_tls_context(&host.host, client, false);
    test_tls_start(&pair, name);
    test_tls_run(&pair);
}

static void stop(void) {
    test_tls_stop(&pair);
    why__tls_context_free(pair.client.context);
    why__tls_context_free(pair.server.context);
    assert_int_equal(host.live_blocks, 0);
}

static struct why_record explained(const char *address) {
    struct why_record record = test_tls_report(&pair.server);
    why__tls_explain_rejection(pair.server.tls, address, &record);
    return record;
}

static const char *write_leaf(const char *file, const struct test_cert_spec *spec,
                              const struct test_cert *issuer) {
    struct test_cert cert = test_cert_new(spec, issuer);
    const struct test_cert *certs[] = {&cert};
    const char *path = test_write_pem(&pki.folder, file, certs, 1, cert.key);
    test_cert_free(&cert);
    return path;
}

static void an_open_connection_does_not_carry_the_offer(void **state) {
    (void)state;
    const struct why_tls_config server = {.cert_file = pki.leaf_file};
    const struct why_tls_config client = {.ca_file = pki.ca_file};
    start(&server, &client, "server.example");
    struct why_record record = test_tls_report(&pair.server);
    assert_int_equal(record.tls.offer.client, WHY_TLS_CLIENT_OPENSSL);
    assert_true(record.tls.offer.len > 100 && record.tls.offer.cipher_count > 3);
    assert_int_equal(record.tls.offer.shares[0], 0x001d);
    assert_string_equal(record.tls.offer.alpn, "http/1.1");
    size_t taken = 0;
    const struct why_bytes list = {(const uint8_t *)"x", 1};
    assert_int_equal(why__tls_send(pair.client.tls, &list, 1, &taken), WHY_OK);
    test_tls_run(&pair);
    assert_null(pair.server.tls->evidence);
    assert_int_equal(test_tls_report(&pair.server).tls.offer.len, 0);
    stop();
}

/* ---- Our certificate turned down ---- */

static const struct refusal {
    const char *name;
    struct test_cert_spec spec;
    bool other_ca;   /* it is of a CA that nobody trusts */
    bool own_trusts; /* ... but we do: only the client does not */
    uint8_t error_count;
    const char *reasons; /* ids, joined by spaces */
    const char *detail;
} refusals[] = {
    {.name = "expired",
     .spec = {.from = -9 * TEST_DAY, .to = -3 * TEST_DAY},
     .error_count = 1,
     .reasons = "tls.cert.expired",
     .detail = "alert certificate_expired (45); checked here: "},
    {.name = "of another name",
     .spec = {.names = "DNS:b.example"},
     .error_count = 1,
     .reasons = "tls.cert.name_mismatch",
     .detail = "alert bad_certificate (42); checked here: "},
    {.name = "two faults: the alert is that of the name",
     .spec = {.names = "DNS:b.example", .from = -9 * TEST_DAY, .to = -3 * TEST_DAY},
     .error_count = 2,
     .reasons = "tls.cert.name_mismatch",
     .detail = "alert bad_certificate (42)"},
    {.name = "for clients",
     .spec = {.eku = "clientAuth"},
     .error_count = 1,
     .reasons = "tls.cert.wrong_purpose",
     .detail = "alert unsupported_certificate (43)"},
    {.name = "of a CA that nobody trusts",
     .other_ca = true,
     .error_count = 1,
     .reasons = "tls.chain.untrusted_ca",
     .detail = "alert unknown_ca (48)"},
    {.name = "of a CA that the client does not have",
     .other_ca = true,
     .own_trusts = true,
     .error_count = 0,
     .reasons = "tls.chain.untrusted_ca",
     .detail = "alert unknown_ca (48); it verifies here for a.example"},
};

static void join_reasons(const struct why_record *record, char *out, size_t size) {
    size_t at = 0;
    out[0] = '\0';
    for (size_t i = 0; i < record->tls.reason_count; i++) {
        at += (size_t)snprintf(out + at, size - at, "%s%s", i > 0 ? " " : "",
                               why_cause_id(record->tls.reasons[i]));
    }
}

static void a_refusal_is_explained(void **state) {
    (void)state;
    char other_file[300];
    (void)snprintf(other_file, sizeof other_file, "%s",
                   test_write_cert(&pki.folder, "other-ca.pem", &pki.other_ca));
    for (size_t i = 0; i < TEST_COUNT(refusals); i++) {
        const struct refusal *row = &refusals[i];
        struct test_cert_spec spec = row->spec;
        spec.cn = "a leaf";
        spec.names = spec.names == NULL ? "DNS:a.example" : spec.names;
        const char *leaf =
            write_leaf("refused.pem", &spec, row->other_ca ? &pki.other_ca : &pki.ca);
        const struct why_tls_config server = {
            .cert_file = leaf, .client_trust_file = row->own_trusts ? other_file : pki.ca_file};
        const struct why_tls_config client = {.ca_file = pki.ca_file};
        start(&server, &client, "a.example");
        struct why_record record = explained(NULL);
        char reasons[200];
        join_reasons(&record, reasons, sizeof reasons);
        if (record.cause != WHY_CAUSE_TLS_OUR_CERT_REJECTED || !record.tls.self_checked ||
            record.side != WHY_SIDE_US || record.tls.error_count != row->error_count ||
            strcmp(reasons, row->reasons) != 0 || strstr(record.detail, row->detail) == NULL) {
            fail_msg("%s: %s, %u errors, for %s (%s)", row->name, why_cause_id(record.cause),
                     record.tls.error_count, reasons, record.detail);
        }
        assert_string_equal(record.tls.chain[0].subject, "CN=a leaf");
        stop();
    }
}

static void a_renewed_certificate_is_looked_at_anew(void **state) {
    (void)state;
    const struct test_cert_spec old = {
        .cn = "old", .names = "DNS:a.example", .from = -9 * TEST_DAY, .to = -TEST_DAY};
    const struct test_cert_spec renewed = {.cn = "renewed", .names = "DNS:a.example"};
    const struct why_tls_config server = {.cert_file = write_leaf("renew.pem", &old, &pki.ca),
                                          .client_trust_file = pki.ca_file};
    const struct why_tls_config client = {.ca_file = pki.ca_file};
    start(&server, &client, "a.example");
    assert_int_equal(explained(NULL).tls.errors[0].cause, WHY_CAUSE_TLS_CERT_EXPIRED);
    char error[512];
    (void)write_leaf("renew.pem", &renewed, &pki.ca);
    assert_int_equal(why__tls_context_reload(pair.server.context, error, sizeof error), WHY_OK);
    struct why_record record = explained(NULL);
    assert_true(record.tls.self_checked);
    assert_int_equal(record.tls.error_count, 0);
    assert_string_equal(record.tls.chain[0].subject, "CN=renewed");
    stop();
}

/* curl compares the name after the handshake, and then says goodbye without a word. */
static void a_goodbye_without_a_request_may_be_the_name(void **state) {
    (void)state;
    static const struct {
        const char *asked;
        const char *address; /* that it came to */
        enum why_cause cause;
    } rows[] = {
        {"other.example", NULL, WHY_CAUSE_TLS_OUR_CERT_REJECTED},
        {"server.example", NULL, WHY_CAUSE_TLS_CLIENT_LEFT},
        {"192.0.2.1", "192.0.2.1", WHY_CAUSE_TLS_OUR_CERT_REJECTED},
        {"127.0.0.1", "127.0.0.1", WHY_CAUSE_TLS_CLIENT_LEFT},
        {"192.0.2.1", NULL, WHY_CAUSE_TLS_CLIENT_LEFT}, /* for what, nobody knows */
    };
    /* Nor is the CA trusted here; but that, curl tells by an alert. */
    const struct why_tls_config server = {
        .cert_file = pki.leaf_file,
        .client_trust_file = test_write_cert(&pki.folder, "other-ca.pem", &pki.other_ca)};
    const struct why_tls_config client = {.ca_file = pki.ca_file, .insecure = true};
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        start(&server, &client, rows[i].asked);
        why__tls_close(pair.client.tls);
        test_tls_run(&pair);
        assert_int_equal(pair.server.status, WHY__TLS_ENDED);
        assert_int_equal(why__tls_lost(pair.server.tls, WHY_TRANSPORT_FIN, 0),
                         WHY_CAUSE_TLS_CLIENT_LEFT);
        struct why_record record = explained(rows[i].address);
        if (record.cause != rows[i].cause) {
            fail_msg("%s: %s (%s)", rows[i].asked, why_cause_id(record.cause), record.detail);
        }
        assert_int_equal(record.tls.reason_count, record.cause == WHY_CAUSE_TLS_OUR_CERT_REJECTED);
        assert_int_equal(record.likely, record.cause == WHY_CAUSE_TLS_OUR_CERT_REJECTED);
        assert_non_null(strstr(record.detail, "finished the handshake and closed without"));
        stop();
    }
}

/* A flood of names costs no more than a few handshakes a second; a name that is known is free. */
static void checks_are_kept_and_bounded(void **state) {
    (void)state;
    const struct why_tls_config server = {.cert_file = pki.leaf_file,
                                          .client_trust_file = pki.ca_file};
    const struct why_tls_config client = {.ca_file = pki.ca_file};
    start(&server, &client, "a.example");
    unsigned checked = 0;
    time_t began = time(NULL);
    for (int i = 0; i < 100; i++) {
        (void)snprintf(pair.server.tls->evidence->asked_name,
                       sizeof pair.server.tls->evidence->asked_name, "n%d.example", i);
        checked += explained(NULL).tls.self_checked;
    }
    unsigned seconds = (unsigned)(time(NULL) - began) + 1;
    assert_in_range(checked, 8, 8 * seconds);
    (void)snprintf(pair.server.tls->evidence->asked_name,
                   sizeof pair.server.tls->evidence->asked_name, "n7.example");
    size_t allocations = host.allocations;
    if (seconds == 1) {
        assert_true(explained(NULL).tls.self_checked);
        assert_int_equal(host.allocations, allocations);
    }
    stop();
}

/* ---- Which certificate ---- */

static void shows(const struct why_tls_config *server, const char *asked, const char *subject) {
    const struct why_tls_config client = {.ca_file = pki.ca_file, .insecure = true};
    start(server, &client, asked);
    struct why_record record = test_tls_report(&pair.client);
    if (pair.client.status != WHY__TLS_OPEN || strcmp(record.tls.chain[0].subject, subject) != 0) {
        fail_msg("%s: %s", asked, record.tls.chain[0].subject);
    }
    stop();
}

static void the_certificate_that_has_the_name_is_shown(void **state) {
    (void)state;
    const struct why_tls_pair more[] = {
        {.cert_file = write_leaf(
             "rsa.pem",
             &(struct test_cert_spec){.cn = "rsa", .names = "DNS:rsa.example", .rsa_bits = 2048},
             &pki.ca)},
        {.cert_file = write_leaf("wild.pem",
                                 &(struct test_cert_spec){.cn = "wild", .names = "DNS:*.a.example"},
                                 &pki.ca)},
        {.cert_file = write_leaf(
             "late.pem",
             &(struct test_cert_spec){.cn = "late", .names = "DNS:b.a.example,DNS:server.example"},
             &pki.ca)},
    };
    const struct why_tls_config server = {
        .cert_file = pki.leaf_file, .more = more, .more_count = TEST_COUNT(more)};
    static const char *const rows[][2] = {
        {"server.example", "CN=server.example"},
        {"rsa.example", "CN=rsa"}, /* a key of another kind than the first's */
        {"RSA.Example", "CN=rsa"},
        {"b.a.example", "CN=wild"}, /* in order */
        {"a.example", "CN=server.example"},
        {"c.b.a.example", "CN=server.example"},
        {"unknown.example", "CN=server.example"},
        {"127.0.0.1", "CN=server.example"},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        shows(&server, rows[i][0], rows[i][1]);
    }
}

static void files_are_read_again(void **state) {
    (void)state;
    const struct test_cert_spec before = {.cn = "before"}, after = {.cn = "after"};
    const char *path = write_leaf("again.pem", &before, &pki.ca);
    const struct why_tls_config server = {.cert_file = path};
    const struct why_tls_config client = {.ca_file = pki.ca_file, .insecure = true};
    start(&server, &client, "a.example");
    char error[512];
    (void)write_leaf("again.pem", &after, &pki.ca);
    assert_int_equal(why__tls_context_reload(pair.server.context, error, sizeof error), WHY_OK);
    assert_string_equal(error, "");
    size_t taken = 0;
    const struct why_bytes list = {(const uint8_t *)"x", 1};
    assert_int_equal(why__tls_send(pair.client.tls, &list, 1, &taken), WHY_OK);
    test_tls_run(&pair); /* who is there stays */
    assert_int_equal(pair.server.plain_len, 1);
    for (int i = 0; i < 2; i++) {
        test_tls_stop(&pair);
        struct why__tls_context *contexts[] = {pair.client.context, pair.server.context};
        pair = (struct test_tls_pair){.client.context = contexts[0], .server.context = contexts[1]};
        test_tls_start(&pair, "a.example");
        test_tls_run(&pair);
        assert_string_equal(test_tls_report(&pair.client).tls.chain[0].subject, "CN=after");
        test_write_file(&pki.folder, "again.pem", "-----BEGIN CERTIFICATE-----\nMIIB\n", 33);
        assert_int_equal(why__tls_context_reload(pair.server.context, error, sizeof error),
                         WHY_ERR_CONFIG);
        assert_non_null(strstr(error, "again.pem: is damaged: the file ends in line 2"));
    }
    stop();
}

/* ---- No memory ---- */

static bool try_all(const struct why_tls_config *server, const struct why_tls_config *client) {
    char error[512];
    pair = (struct test_tls_pair){0};
    struct test_host peer;
    test_host_init(&peer);
    pair.client.context = test_tls_context(&peer.host, client, false);
    int result =
        why__tls_context_new(&host.host, server, true, &pair.server.context, error, sizeof error);
    bool done = false;
    if (result == WHY_OK) {
        pair.server.tls = why__tls_new(pair.server.context, NULL);
        pair.client.tls = why__tls_new(pair.client.context, "a.example");
        if (pair.server.tls != NULL) {
            test_tls_run(&pair);
            struct why_record record = explained(NULL);
            done = record.tls.self_checked &&
                   why__tls_context_reload(pair.server.context, error, sizeof error) == WHY_OK;
        }
        why__tls_free(pair.server.tls);
        why__tls_free(pair.client.tls);
        why__tls_context_free(pair.server.context);
    } else {
        assert_int_equal(result, WHY_ERR_NOMEM);
    }
    why__tls_context_free(pair.client.context);
    assert_int_equal(peer.live_blocks, 0);
    return done;
}

static void memory_may_run_out_anywhere(void **state) {
    (void)state;
    const struct why_tls_pair more = {.cert_file = pki.leaf_file};
    const struct why_tls_config server = {.cert_file = pki.leaf_file,
                                          .more = &more,
                                          .more_count = 1,
                                          .client_trust_file = pki.ca_file};
    const struct why_tls_config client = {.ca_file = pki.ca_file};
    size_t at = 1;
    for (bool done = false; !done; at++) {
        test_host_init(&host);
        host.fail_at = at;
        done = try_all(&server, &client);
        assert_int_equal(host.live_blocks, 0);
        assert_true(at < 200);
    }
    assert_true(at > 10);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_kind_of_client_is_guessed),
        cmocka_unit_test(a_hello_cut_anywhere_is_read_to_its_end),
        cmocka_unit_test(an_open_connection_does_not_carry_the_offer),
        cmocka_unit_test(a_refusal_is_explained),
        cmocka_unit_test(a_renewed_certificate_is_looked_at_anew),
        cmocka_unit_test(a_goodbye_without_a_request_may_be_the_name),
        cmocka_unit_test(checks_are_kept_and_bounded),
        cmocka_unit_test(the_certificate_that_has_the_name_is_shown),
        cmocka_unit_test(files_are_read_again),
        cmocka_unit_test(memory_may_run_out_anywhere),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
