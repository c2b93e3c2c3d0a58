/* SPDX-License-Identifier: MIT
 *
 * Two engines joined in memory: data, closing, resumption, client certificates, versions, ALPN.
 */
#include "support/test.h"
#include "support/tls_pair.h"
#include "tls/alert.h"

#include <string.h>

static struct test_pki pki;
static struct test_tls_pair pair;
static struct test_host host;

static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};

static int make_pki(void **state) {
    (void)state;
    test_pki_init(&pki);
    return 0;
}

static int free_pki(void **state) {
    (void)state;
    test_pki_free(&pki);
    return 0;
}

static int set_up(void **state) {
    (void)state;
    test_host_init(&host);
    memset(&pair, 0, sizeof pair);
    return 0;
}

/* Contexts of both sides; NULL for the usual configuration. */
static void join(const struct why_tls_config *client, const struct why_tls_config *server,
                 int version) {
    const struct why_tls_config usual_client = {.ca_file = pki.ca_file};
    const struct why_tls_config usual_server = {.cert_file = pki.leaf_file};
    pair.client.context =
        test_tls_context(&host.host, client == NULL ? &usual_client : client, false);
    pair.server.context =
        test_tls_context(&host.host, server == NULL ? &usual_server : server, true);
    if (version != 0) {
        SSL_CTX_set_max_proto_version(pair.server.context->ssl, version);
    }
}

static void meet(void) {
    test_tls_start(&pair, "server.example");
    test_tls_run(&pair);
}

static void part(void) {
    test_tls_stop(&pair);
    why__tls_context_free(pair.client.context);
    why__tls_context_free(pair.server.context);
    assert_int_equal(host.live_blocks, 0);
}

static void expect(const struct test_tls_end *end, enum why_cause cause, const char *detail) {
    struct why_record record = test_tls_report(end);
    if (record.cause != cause || strstr(record.detail, detail) == NULL) {
        fail_msg("%s (%s), not %s (%s)", why_cause_id(record.cause), record.detail,
                 why_cause_id(cause), detail);
    }
    assert_int_equal(why__tls_cause(end->tls), cause);
    assert_true(record.tls.present);
}

/* Send all of it, carrying bytes whenever the output is full. */
static void send_all(struct test_tls_end *from, const uint8_t *data, size_t len, size_t piece) {
    struct why_bytes list[5];
    while (len > 0) {
        size_t count = 0, given = 0;
        for (; count < TEST_COUNT(list) && given < len; count++) {
            size_t one = piece < len - given ? piece : len - given;
            list[count] = (struct why_bytes){data + given, one};
            given += one;
        }
        size_t taken = 0;
        assert_int_equal(why__tls_send(from->tls, list, count, &taken), WHY_OK);
        assert_true(taken <= given);
        data += taken;
        len -= taken;
        if (taken < given) {
            test_tls_run(&pair);
        }
    }
    test_tls_run(&pair);
}

static void data_passes_both_ways(void **state) {
    (void)state;
    static uint8_t data[40000];
    static const size_t pieces[] = {1000, 4095, 4096, 4097, 16384, 16385, 40000};
    static const size_t steps[] = {0, 1, 5, 1400};
    host.host.random(host.host.context, data, sizeof data);
    for (size_t i = 0; i < TEST_COUNT(pieces) * TEST_COUNT(steps) * 2; i++) {
        int version = versions[i % 2];
        size_t piece = pieces[i / 2 % TEST_COUNT(pieces)];
        join(NULL, NULL, version);
        pair.step = steps[i / 2 / TEST_COUNT(pieces)];
        meet();
        assert_int_equal(pair.client.status, WHY__TLS_OPEN);
        assert_int_equal(pair.server.status, WHY__TLS_OPEN);
        /* Byte by byte there is a guard page for each. */
        size_t len = pair.step == 1 ? 1100 : pair.step == 5 ? 17000 : sizeof data;
        send_all(&pair.client, data, len, piece);
        assert_int_equal(pair.server.plain_len, len);
        assert_memory_equal(pair.server.plain, data, len);
        send_all(&pair.server, data, 999, piece);
        assert_int_equal(pair.client.plain_len, 999);
        assert_memory_equal(pair.client.plain, data, 999);
        part();
        set_up(NULL);
    }
}

static void data_may_come_with_the_end_of_the_handshake(void **state) {
    (void)state;
    join(NULL, NULL, 0);
    test_tls_start(&pair, "server.example");
    struct why_bytes hello = why__tls_output(pair.client.tls);
    test_tls_feed(&pair.server, hello.data, hello.len, 0);
    why__tls_output_consumed(pair.client.tls, hello.len);
    struct why_bytes answer = why__tls_output(pair.server.tls);
    test_tls_feed(&pair.client, answer.data, answer.len, 0);
    why__tls_output_consumed(pair.server.tls, answer.len);
    assert_int_equal(pair.client.status, WHY__TLS_OPEN);
    const struct why_bytes list[] = {{(const uint8_t *)"GET ", 4}, {NULL, 0}, {hello.data, 0}};
    size_t taken = 0;
    assert_int_equal(why__tls_send(pair.client.tls, list, 3, &taken), WHY_OK);
    assert_int_equal(taken, 4);
    test_tls_run(&pair);
    assert_int_equal(pair.server.plain_len, 4);
    part();
}

static void output_is_bounded(void **state) {
    (void)state;
    static uint8_t data[1024 * 1024];
    join(NULL, NULL, 0);
    meet();
    size_t taken = 0;
    const struct why_bytes list = {data, sizeof data};
    assert_int_equal(why__tls_send(pair.client.tls, &list, 1, &taken), WHY_OK);
    assert_in_range(taken, WHY__TLS_OUTPUT_MAX / 2, WHY__TLS_OUTPUT_MAX);
    assert_in_range(why__tls_output(pair.client.tls).len, taken, WHY__TLS_OUTPUT_MAX);
    assert_int_equal(why__tls_send(pair.client.tls, &list, 1, &taken), WHY_OK);
    assert_int_equal(taken, 0);
    part();
}

static void close_notify_ends_in_order(void **state) {
    (void)state;
    for (size_t i = 0; i < TEST_COUNT(versions); i++) {
        join(NULL, NULL, versions[i]);
        meet();
        send_all(&pair.client, (const uint8_t *)"hello", 5, 5);
        why__tls_close(pair.client.tls);
        why__tls_close(pair.client.tls);
        size_t taken = 0;
        const struct why_bytes list = {(const uint8_t *)"x", 1};
        assert_int_equal(why__tls_send(pair.client.tls, &list, 1, &taken), WHY_ERR_STATE);
        test_tls_run(&pair);
        assert_int_equal(pair.server.status, WHY__TLS_ENDED);
        assert_int_equal(why__tls_lost(pair.server.tls, WHY_TRANSPORT_FIN, 0), WHY_CAUSE_NONE);
        struct why_record record = test_tls_report(&pair.server);
        assert_int_equal(record.cause, WHY_CAUSE_NONE);
        assert_int_equal(record.tls.alert, -1);
        /* The other direction is still open (RFC 8446 section 6.1). */
        assert_int_equal(why__tls_send(pair.server.tls, &list, 1, &taken), WHY_OK);
        assert_int_equal(taken, 1);
        why__tls_close(pair.server.tls);
        test_tls_run(&pair);
        assert_int_equal(pair.client.status, WHY__TLS_ENDED);
        part();
    }
}

static void the_record_knows_what_was_agreed(void **state) {
    (void)state;
    join(NULL, NULL, TLS1_3_VERSION);
    meet();
    for (int is_server = 0; is_server < 2; is_server++) {
        struct why_record record = test_tls_report(is_server ? &pair.server : &pair.client);
        assert_true(record.tls.present && record.tls.handshake_done);
        assert_string_equal(record.tls.version, "TLSv1.3");
        assert_string_equal(record.tls.cipher, "TLS_AES_256_GCM_SHA384");
        assert_string_equal(record.tls.alpn, "http/1.1");
        assert_string_equal(record.tls.server_name, "server.example");
        assert_false(record.tls.client_cert_requested);
        assert_int_equal(record.tls.alert, -1);
        assert_string_equal(record.tls.library_error, "");
    }
    struct why_record record = test_tls_report(&pair.client);
    assert_int_equal(record.tls.chain_len, 1);
    assert_string_equal(record.tls.chain[0].subject, "CN=server.example");
    assert_string_equal(record.tls.chain[0].issuer, "CN=Lab Root,O=Lab");
    assert_string_equal(record.tls.chain[0].names, "server.example, IP:127.0.0.1, IP:::1");
    part();
}

static void sessions_are_resumed_for_the_same_name(void **state) {
    (void)state;
    for (size_t i = 0; i < TEST_COUNT(versions); i++) {
        join(NULL, NULL, versions[i]);
        static const struct {
            const char *name;
            bool resumed;
        } visits[] = {{"server.example", false}, {"server.example", true},
                      {"server.example", true},  {"127.0.0.1", false},
                      {"127.0.0.1", true},       {"server.example", false}};
        for (size_t j = 0; j < TEST_COUNT(visits); j++) {
            test_tls_start(&pair, visits[j].name);
            test_tls_run(&pair);
            assert_int_equal(pair.server.status, WHY__TLS_OPEN);
            if (SSL_session_reused(pair.client.tls->ssl) != visits[j].resumed) {
                fail_msg("visit %zu to %s", j, visits[j].name);
            }
            test_tls_stop(&pair);
        }
        part();
    }
}

static void a_session_with_errors_is_not_kept(void **state) {
    (void)state;
    join(&(struct why_tls_config){.ca_file = pki.ca_file, .insecure = true}, NULL, 0);
    for (int visit = 0; visit < 2; visit++) {
        test_tls_start(&pair, "other.example");
        test_tls_run(&pair);
        struct why_record record = test_tls_report(&pair.client);
        assert_int_equal(record.tls.error_count, 1);
        assert_int_equal(record.tls.errors[0].cause, WHY_CAUSE_TLS_CERT_NAME_MISMATCH);
        test_tls_stop(&pair);
    }
    part();
}

struct secrets {
    size_t count;
    bool known; /* all of them are lines of the format */
};

static void count_secret(void *context, const char *line) {
    struct secrets *secrets = context;
    secrets->count++;
    secrets->known &= strchr(line, '\n') == NULL &&
                      (strncmp(line, "CLIENT_", 7) == 0 || strncmp(line, "SERVER_", 7) == 0 ||
                       strncmp(line, "EXPORTER_", 9) == 0);
}

static void secrets_are_told_to_who_asks(void **state) {
    (void)state;
    struct secrets client = {.known = true}, server = {.known = true};
    join(&(struct why_tls_config){.ca_file = pki.ca_file,
                                  .on_secret = count_secret,
                                  .on_secret_context = &client},
         &(struct why_tls_config){
             .cert_file = pki.leaf_file, .on_secret = count_secret, .on_secret_context = &server},
         TLS1_3_VERSION);
    meet();
    assert_true(client.count >= 5 && server.count >= 5);
    assert_true(client.known && server.known);
    part();
}

static void a_client_certificate_is_shown(void **state) {
    (void)state;
    for (size_t i = 0; i < TEST_COUNT(versions); i++) {
        join(&(struct why_tls_config){.ca_file = pki.ca_file, .cert_file = pki.client_file},
             &(struct why_tls_config){.cert_file = pki.leaf_file, .ca_file = pki.ca_file},
             versions[i]);
        meet();
        assert_int_equal(pair.server.status, WHY__TLS_OPEN);
        for (int is_server = 0; is_server < 2; is_server++) {
            struct why_record record = test_tls_report(is_server ? &pair.server : &pair.client);
            assert_true(record.tls.client_cert_requested && record.tls.client_cert_sent);
        }
        struct why_record record = test_tls_report(&pair.server);
        assert_string_equal(record.tls.chain[0].subject, "CN=client,O=Lab");
        part();
    }
}

/* In TLS 1.3 the client's handshake is done before the server has looked at the certificate. */
static void a_missing_client_certificate_is_told(void **state) {
    (void)state;
    for (size_t i = 0; i < TEST_COUNT(versions); i++) {
        join(NULL, &(struct why_tls_config){.cert_file = pki.leaf_file, .ca_file = pki.ca_file},
             versions[i]);
        meet();
        bool is_13 = versions[i] == TLS1_3_VERSION;
        expect(&pair.client, WHY_CAUSE_TLS_CLIENT_CERT_REQUIRED,
               "asked for a client certificate of CN=Lab Root,O=Lab; alert ");
        struct why_record record = test_tls_report(&pair.client);
        assert_int_equal(record.code, 1015);
        assert_int_equal(record.tls.alert, is_13 ? 116 : 40);
        assert_int_equal(record.likely, !is_13);
        assert_int_equal(record.tls.handshake_done, is_13);
        assert_true(record.tls.client_cert_requested && !record.tls.client_cert_sent);
        expect(&pair.server, WHY_CAUSE_TLS_CLIENT_CERT_REQUIRED, "the client sent no certificate");
        assert_int_equal(test_tls_report(&pair.server).side, WHY_SIDE_PEER);
        part();
    }
}

/* The client is open, and has not heard from the server since. */
static void meet_without_answer(const char *client_file) {
    join(&(struct why_tls_config){.ca_file = pki.ca_file, .cert_file = client_file},
         &(struct why_tls_config){.cert_file = pki.leaf_file, .ca_file = pki.ca_file},
         TLS1_3_VERSION);
    test_tls_start(&pair, "server.example");
    struct why_bytes hello = why__tls_output(pair.client.tls);
    test_tls_feed(&pair.server, hello.data, hello.len, 0);
    why__tls_output_consumed(pair.client.tls, hello.len);
    struct why_bytes answer = why__tls_output(pair.server.tls);
    test_tls_feed(&pair.client, answer.data, answer.len, 0);
    assert_int_equal(pair.client.status, WHY__TLS_OPEN);
}

static void a_server_may_hang_up_on_the_certificate(void **state) {
    (void)state;
    static const enum why_transport ends[] = {WHY_TRANSPORT_FIN, WHY_TRANSPORT_RESET,
                                              WHY_TRANSPORT_ERRNO};
    for (size_t i = 0; i < TEST_COUNT(ends) * 2; i++) {
        meet_without_answer(i % 2 == 0 ? NULL : pki.client_file);
        enum why_cause expected =
            i % 2 == 0 ? WHY_CAUSE_TLS_CLIENT_CERT_REQUIRED : WHY_CAUSE_TLS_CLIENT_CERT_REJECTED;
        assert_int_equal(why__tls_lost(pair.client.tls, ends[i / 2], 0), expected);
        expect(&pair.client, expected, "");
        assert_true(test_tls_report(&pair.client).likely);
        part();
    }
    /* Silence is the answer that is waited for, and what is waited for is not TLS. */
    meet_without_answer(NULL);
    assert_int_equal(why__tls_lost(pair.client.tls, WHY_TRANSPORT_TIMEOUT, 0), WHY_CAUSE_NONE);
    assert_int_equal(why__tls_lost(pair.client.tls, WHY_TRANSPORT_CLOSED, 0), WHY_CAUSE_NONE);
    part();
}

static void a_lost_open_connection_is_no_matter_of_tls(void **state) {
    (void)state;
    join(NULL, NULL, 0);
    meet();
    send_all(&pair.client, (const uint8_t *)"hello", 5, 5);
    test_tls_run(&pair);
    assert_int_equal(why__tls_lost(pair.client.tls, WHY_TRANSPORT_RESET, 0), WHY_CAUSE_NONE);
    assert_int_equal(why__tls_lost(pair.server.tls, WHY_TRANSPORT_FIN, 0), WHY_CAUSE_NONE);
    assert_int_equal(why__tls_status(pair.client.tls), WHY__TLS_OPEN);
    part();
}

/* RFC 8446 section 4.6.3: a peer may ask for our new keys as often as it likes. */
static void requests_for_keys_do_not_fill_memory(void **state) {
    (void)state;
    join(NULL, NULL, TLS1_3_VERSION);
    meet();
    const struct why_bytes list = {(const uint8_t *)"x", 1};
    for (int i = 0; i < 40 && pair.server.status == WHY__TLS_OPEN; i++) {
        for (int j = 0; j < 1000; j++) {
            size_t taken = 0;
            assert_int_equal(SSL_key_update(pair.client.tls->ssl, SSL_KEY_UPDATE_REQUESTED), 1);
            assert_int_equal(why__tls_send(pair.client.tls, &list, 1, &taken), WHY_OK);
        }
        pair.server.plain_len = 0;
        struct why_bytes output = why__tls_output(pair.client.tls);
        test_tls_feed(&pair.server, output.data, output.len, 0);
        why__tls_output_consumed(pair.client.tls, output.len);
    }
    assert_in_range(why__tls_output(pair.server.tls).len, 1, WHY__TLS_OUTPUT_HARD_MAX);
    expect(&pair.server, WHY_CAUSE_TLS_PROTOCOL, "it asks for answers and reads none");
    part();
}

static void a_bad_client_certificate_is_told(void **state) {
    (void)state;
    static const struct {
        long from, to;
        bool other_ca;
        const char *eku;
        enum why_cause on_server; /* of the verify error */
        const char *alert;
    } bad[] = {
        {0, 0, true, "clientAuth", WHY_CAUSE_TLS_CHAIN_UNTRUSTED_CA, "alert unknown_ca (48)"},
        {-9 * TEST_DAY, -TEST_DAY, false, "clientAuth", WHY_CAUSE_TLS_CERT_EXPIRED,
         "alert certificate_expired (45)"},
        {0, 0, false, "serverAuth", WHY_CAUSE_TLS_CERT_WRONG_PURPOSE,
         "alert unsupported_certificate (43)"},
    };
    for (size_t i = 0; i < TEST_COUNT(bad) * 2; i++) {
        struct test_cert cert = test_cert_new(
            &(struct test_cert_spec){
                .cn = "bad", .eku = bad[i / 2].eku, .from = bad[i / 2].from, .to = bad[i / 2].to},
            bad[i / 2].other_ca ? &pki.other_ca : &pki.ca);
        const struct test_cert *certs[] = {&cert};
        const char *path = test_write_pem(&pki.folder, "bad.pem", certs, 1, cert.key);
        join(&(struct why_tls_config){.ca_file = pki.ca_file, .cert_file = path},
             &(struct why_tls_config){.cert_file = pki.leaf_file, .ca_file = pki.ca_file},
             versions[i % 2]);
        meet();
        expect(&pair.server, WHY_CAUSE_TLS_CLIENT_CERT_REJECTED, "CN=bad: ");
        assert_int_equal(test_tls_report(&pair.server).side, WHY_SIDE_PEER);
        assert_int_equal(test_tls_report(&pair.server).tls.errors[0].cause, bad[i / 2].on_server);
        expect(&pair.client, WHY_CAUSE_TLS_CLIENT_CERT_REJECTED, bad[i / 2].alert);
        assert_true(test_tls_report(&pair.client).tls.client_cert_sent);
        part();
        test_cert_free(&cert);
    }
}

/* OpenSSL holds back a certificate whose key cannot sign what the server takes. */
static void a_client_certificate_held_back_is_told(void **state) {
    (void)state;
    for (size_t i = 0; i < TEST_COUNT(versions); i++) {
        join(&(struct why_tls_config){.ca_file = pki.ca_file, .cert_file = pki.client_file},
             &(struct why_tls_config){.cert_file = pki.leaf_file, .ca_file = pki.ca_file},
             versions[i]);
        assert_int_equal(
            SSL_CTX_set1_client_sigalgs_list(pair.server.context->ssl, "RSA-PSS+SHA256:RSA+SHA256"),
            1);
        meet();
        expect(&pair.client, WHY_CAUSE_TLS_CLIENT_CERT_REJECTED,
               "; ours was not sent: the server takes no signature of its EC P-256");
        assert_false(test_tls_report(&pair.client).tls.client_cert_sent);
        part();
    }
}

static void versions_that_do_not_meet_are_told(void **state) {
    (void)state;
    join(NULL, NULL, 0);
    SSL_CTX_set_min_proto_version(pair.client.context->ssl, TLS1_VERSION);
    SSL_CTX_set_max_proto_version(pair.client.context->ssl, TLS1_1_VERSION);
    SSL_CTX_set_security_level(pair.client.context->ssl, 0);
    meet();
    expect(&pair.server, WHY_CAUSE_TLS_VERSION,
           "the client offers TLS 1.1 at most, TLS 1.2 is the least here");
    assert_int_equal(test_tls_report(&pair.server).side, WHY_SIDE_PEER);
    expect(&pair.client, WHY_CAUSE_TLS_VERSION, "the server sent alert protocol_version (70)");
    part();

    join(NULL, NULL, TLS1_2_VERSION);
    SSL_CTX_set_min_proto_version(pair.client.context->ssl, TLS1_3_VERSION);
    meet();
    expect(&pair.server, WHY_CAUSE_TLS_VERSION,
           "the client offers TLS 1.3 at least, TLS 1.2 is the most here");
    expect(&pair.client, WHY_CAUSE_TLS_VERSION, "the server sent alert protocol_version (70)");
    part();
}

static void ciphers_that_do_not_meet_are_told(void **state) {
    (void)state;
    join(NULL, NULL, TLS1_2_VERSION);
    SSL_CTX_set_cipher_list(pair.client.context->ssl, "ECDHE-ECDSA-AES128-GCM-SHA256");
    SSL_CTX_set_cipher_list(pair.server.context->ssl, "ECDHE-ECDSA-AES256-GCM-SHA384");
    meet();
    expect(&pair.server, WHY_CAUSE_TLS_NO_SHARED_CIPHER,
           "the client offers TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256; none is among the ");
    expect(&pair.client, WHY_CAUSE_TLS_REFUSED, "alert handshake_failure (40)");
    assert_false(test_tls_report(&pair.client).likely); /* that it refuses is all it says */
    assert_false(test_tls_report(&pair.server).likely);
    part();
}

static int choose_h2(SSL *ssl, const unsigned char **out, unsigned char *out_len,
                     const unsigned char *offered, unsigned int offered_len, void *argument) {
    (void)ssl;
    (void)offered;
    (void)offered_len;
    (void)argument;
    *out = (const unsigned char *)"h2";
    *out_len = 2;
    return SSL_TLSEXT_ERR_OK;
}

static void another_protocol_by_alpn_is_told(void **state) {
    (void)state;
    join(NULL, NULL, 0);
    SSL_CTX_set_alpn_protos(pair.client.context->ssl, (const unsigned char *)"\x02h2", 3);
    meet();
    expect(&pair.server, WHY_CAUSE_TLS_ALPN, "the client offers h2; here: http/1.1");
    expect(&pair.client, WHY_CAUSE_TLS_ALPN, "alert no_application_protocol (120)");
    part();

    join(NULL, NULL, 0);
    SSL_CTX_set_alpn_select_cb(pair.server.context->ssl, choose_h2, NULL);
    meet();
    /* RFC 7301 section 3.2: a server may only choose what was offered. */
    expect(&pair.client, WHY_CAUSE_TLS_PROTOCOL, "bad extension");
    part();
}

/* RFC 5746; bad-input.md 122. Either side asks, and is told no_renegotiation. */
static void renegotiation_is_refused(void **state) {
    (void)state;
    for (int by_server = 0; by_server < 2; by_server++) {
        join(NULL, NULL, TLS1_2_VERSION);
        struct test_tls_end *asks = by_server ? &pair.server : &pair.client;
        const struct test_tls_end *asked = by_server ? &pair.client : &pair.server;
        SSL_CTX_clear_options(asks->context->ssl, SSL_OP_NO_RENEGOTIATION);
        meet();
        SSL *ssl = asks->tls->ssl;
        assert_int_equal(SSL_renegotiate(ssl), 1);
        (void)SSL_do_handshake(ssl);
        assert_true(why__tls_output(asks->tls).len > 0);
        test_tls_run(&pair);
        assert_int_equal(test_tls_report(asks).tls.alert, WHY__TLS_ALERT_NO_RENEGOTIATION);
        assert_false(test_tls_report(asks).tls.alert_sent);
        assert_true(test_tls_report(asked).tls.alert_sent || asked->status == WHY__TLS_FAILED);
        part();
    }
}

static void an_open_connection_holds_little(void **state) {
    (void)state;
    join(NULL, NULL, TLS1_2_VERSION); /* of TLS 1.3: tls_traffic_test.c */
    meet();
    test_tls_stop(&pair);
    size_t contexts = host.live_bytes;
    meet();
    send_all(&pair.client, (const uint8_t *)"GET /", 5, 5);
    send_all(&pair.server, (const uint8_t *)"HTTP/", 5, 5);
    size_t both = host.live_bytes - contexts;
    print_message("two open connections: %zu bytes beside OpenSSL's\n", both);
    assert_in_range(both, 1, 400);
    part();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(data_passes_both_ways, set_up),
        cmocka_unit_test_setup(data_may_come_with_the_end_of_the_handshake, set_up),
        cmocka_unit_test_setup(output_is_bounded, set_up),
        cmocka_unit_test_setup(close_notify_ends_in_order, set_up),
        cmocka_unit_test_setup(the_record_knows_what_was_agreed, set_up),
        cmocka_unit_test_setup(sessions_are_resumed_for_the_same_name, set_up),
        cmocka_unit_test_setup(a_session_with_errors_is_not_kept, set_up),
        cmocka_unit_test_setup(secrets_are_told_to_who_asks, set_up),
        cmocka_unit_test_setup(a_client_certificate_is_shown, set_up),
        cmocka_unit_test_setup(a_missing_client_certificate_is_told, set_up),
        cmocka_unit_test_setup(a_server_may_hang_up_on_the_certificate, set_up),
        cmocka_unit_test_setup(a_lost_open_connection_is_no_matter_of_tls, set_up),
        cmocka_unit_test_setup(requests_for_keys_do_not_fill_memory, set_up),
        cmocka_unit_test_setup(a_bad_client_certificate_is_told, set_up),
        cmocka_unit_test_setup(a_client_certificate_held_back_is_told, set_up),
        cmocka_unit_test_setup(versions_that_do_not_meet_are_told, set_up),
        cmocka_unit_test_setup(ciphers_that_do_not_meet_are_told, set_up),
        cmocka_unit_test_setup(another_protocol_by_alpn_is_told, set_up),
        cmocka_unit_test_setup(renegotiation_is_refused, set_up),
        cmocka_unit_test_setup(an_open_connection_holds_little, set_up),
    };
    return cmocka_run_group_tests(tests, make_pki, free_pki);
}
