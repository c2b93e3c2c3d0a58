/* SPDX-License-Identifier: MIT
 *
 * Bytes that are no good handshake: not TLS at all, cut, damaged, alerts, and memory that runs out.
 * Each ends in a cause, and nothing spins.
 */
#include "support/test.h"
#include "support/tls_pair.h"

#include <string.h>

static struct test_pki pki;
static struct test_tls_pair pair;
static struct test_host host;

static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};

static int make_pki(void **state) {
    (void)state;
    test_pki_init(&pki);
    test_host_init(&host);
    const struct why_tls_config client = {.ca_file = pki.ca_file};
    const struct why_tls_config server = {.cert_file = pki.leaf_file};
    pair.client.context = test_tls_context(&host.host, &client, false);
    pair.server.context = test_tls_context(&host.host, &server, true);
    /* Each handshake here is a whole one. */
    SSL_CTX_sess_set_new_cb(pair.client.context->ssl, NULL);
    SSL_CTX_set_num_tickets(pair.server.context->ssl, 0);
    return 0;
}

static int free_pki(void **state) {
    (void)state;
    why__tls_context_free(pair.client.context);
    why__tls_context_free(pair.server.context);
    test_pki_free(&pki);
    assert_int_equal(host.live_blocks, 0);
    return 0;
}

static void start(int version) {
    SSL_CTX_set_max_proto_version(pair.server.context->ssl, version);
    pair.step = pair.cut_at = 0;
    test_tls_start(&pair, "server.example");
}

/* What one side first gets, instead of TLS; then the transport ends. */
static const struct first {
    const char *name;
    const char *bytes;
    size_t len; /* 0: strlen */
    bool to_server;
    enum why_transport end;
    enum why_cause cause;
    const char *detail;
} firsts[] = {
    {"nothing", "", 0, false, WHY_TRANSPORT_FIN, WHY_CAUSE_TLS_EOF,
     "the server closed before it sent a byte"},
    {"nothing, reset", "", 0, false, WHY_TRANSPORT_RESET, WHY_CAUSE_TLS_RESET,
     "the server reset before it sent a byte"},
    {"nothing, errno", "", 0, false, WHY_TRANSPORT_ERRNO, WHY_CAUSE_TLS_RESET, ""},
    {"nothing, for long", "", 0, false, WHY_TRANSPORT_TIMEOUT, WHY_CAUSE_TIMEOUT_TLS,
     "the server went silent before it sent a byte"},
    {"half a record header", "\x16\x03\x03", 0, false, WHY_TRANSPORT_FIN, WHY_CAUSE_TLS_CUT,
     "the server closed after 3 bytes, within its first message"},
    {"HTTP", "HTTP/1.1 400 Bad Request\r\n\r\n", 0, false, WHY_TRANSPORT_FIN,
     WHY_CAUSE_TLS_PLAIN_HTTP, "it began with \"HTTP/1.1 400 Bad Request\""},
    {"two bytes of HTTP", "HT", 0, false, WHY_TRANSPORT_FIN, WHY_CAUSE_TLS_PLAIN_HTTP,
     "it began with the bytes 48 54"},
    {"SSH", "SSH-2.0-OpenSSH_9.2\r\n", 0, false, WHY_TRANSPORT_FIN, WHY_CAUSE_TLS_OTHER_PROTOCOL,
     "SSH: it began with \"SSH-2"},
    {"SMTP", "220 mail.example ESMTP Postfix\r\n", 0, false, WHY_TRANSPORT_FIN,
     WHY_CAUSE_TLS_OTHER_PROTOCOL, "SMTP"},
    {"MySQL", "\x4a\x00\x00\x00\x0a\x38.0.33", 12, false, WHY_TRANSPORT_FIN,
     WHY_CAUSE_TLS_OTHER_PROTOCOL, ""},
    {"HTML, as Python's http.server answers", "<!DOCTYPE HTML>\n<html lang=\"en\">", 0, false,
     WHY_TRANSPORT_FIN, WHY_CAUSE_TLS_PLAIN_HTTP, "HTML: it began with \"<!DOCTYPE HTML>\""},
    {"HTTP/2, as nginx begins", "\x00\x00\x12\x04\x00\x00\x00\x00\x00\x00\x03", 11, false,
     WHY_TRANSPORT_FIN, WHY_CAUSE_TLS_PLAIN_HTTP, "HTTP/2: it began with the bytes 00 00 12"},
    {"noise", "\x00\x01\x02\x03\x04\x05", 6, false, WHY_TRANSPORT_FIN, WHY_CAUSE_TLS_NOT_TLS,
     "it began with the bytes 00 01 02 03 04 05"},
    {"an escape sequence", "\x1b[2Jhello", 0, false, WHY_TRANSPORT_FIN, WHY_CAUSE_TLS_NOT_TLS,
     "it began with the bytes 1b 5b 32 4a"},
    {"a TLS header, then noise", "\x16\x03\x03\x00\x04\xff\xff\xff\xff", 9, false,
     WHY_TRANSPORT_FIN, WHY_CAUSE_TLS_PROTOCOL, ""},
    {"close_notify", "\x15\x03\x03\x00\x02\x01\x00", 7, false, WHY_TRANSPORT_FIN, WHY_CAUSE_TLS_EOF,
     "the server closed in order after 7 bytes"},
    {"a warning, then silence", "\x15\x03\x03\x00\x02\x01\x5a", 7, false, WHY_TRANSPORT_TIMEOUT,
     WHY_CAUSE_TIMEOUT_TLS, "the server went silent after 7 bytes"},
    {"GET", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", 0, true, WHY_TRANSPORT_FIN,
     WHY_CAUSE_TLS_PLAIN_HTTP, "it began with \"GET / HTTP/1.1\""},
    {"DELETE", "DELETE /x HTTP/1.1\r\n", 0, true, WHY_TRANSPORT_FIN, WHY_CAUSE_TLS_PLAIN_HTTP,
     "it began with \"DELETE /x HTTP/1.1\""},
    {"CONNECT", "CONNECT a:443 HTTP/1.1\r\n", 0, true, WHY_TRANSPORT_FIN, WHY_CAUSE_TLS_PLAIN_HTTP,
     "it began with \"CONNECT a:443 HTTP/1.1\""},
    {"a mail client", "EHLO example.com\r\n", 0, true, WHY_TRANSPORT_FIN,
     WHY_CAUSE_TLS_OTHER_PROTOCOL, "SMTP: it began with \"EHLO"},
    {"a PROXY header", "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n", 0, true, WHY_TRANSPORT_FIN,
     WHY_CAUSE_TLS_PROXY_PROTOCOL, "it began with \"PROXY"},
    {"a scan", "", 0, true, WHY_TRANSPORT_FIN, WHY_CAUSE_TLS_NO_HELLO,
     "the client closed before it sent a byte"},
    {"a slow client", "\x16\x03\x01\x02", 0, true, WHY_TRANSPORT_TIMEOUT, WHY_CAUSE_TIMEOUT_TLS,
     "the client went silent after 4 bytes"},
};

static void first_bytes_name_the_cause(void **state) {
    (void)state;
    for (size_t i = 0; i < TEST_COUNT(firsts) * 3; i++) {
        const struct first *row = &firsts[i / 3];
        start(0);
        struct test_tls_end *end = row->to_server ? &pair.server : &pair.client;
        size_t len = row->len == 0 ? strlen(row->bytes) : row->len;
        test_tls_feed(end, row->bytes, len, i % 3); /* whole, by one, by two */
        enum why_cause cause = why__tls_lost(end->tls, row->end, 0);
        struct why_record record = test_tls_report(end);
        if (cause != row->cause || record.cause != row->cause ||
            strstr(record.detail, row->detail) == NULL) {
            fail_msg("%s, step %zu: %s (%s)", row->name, i % 3, why_cause_id(record.cause),
                     record.detail);
        }
        size_t kept = len < sizeof record.tls.first_bytes ? len : sizeof record.tls.first_bytes;
        /* Bytes after the one that decided may not have been looked at. */
        assert_true(record.tls.first_bytes_len <= kept);
        assert_memory_equal(record.tls.first_bytes, row->bytes, record.tls.first_bytes_len);
        assert_false(record.tls.handshake_done);
        assert_string_equal(record.tls.version, "");
        test_tls_stop(&pair);
    }
}

static void plain_http_is_answered_in_plain_http(void **state) {
    (void)state;
    start(0);
    test_tls_feed(&pair.server, "GET / HTTP/1.1\r\n\r\n", 18, 0);
    assert_int_equal(pair.server.status, WHY__TLS_FAILED);
    struct why_bytes output = why__tls_output(pair.server.tls);
    assert_in_range(output.len, 100, 250);
    assert_memory_equal(output.data, "HTTP/1.1 400 Bad Request\r\n", 26);
    assert_non_null(memmem(output.data, output.len, "use wss://", 10));
    assert_int_equal(test_tls_report(&pair.server).side, WHY_SIDE_PEER);
    test_tls_stop(&pair);
}

/* RFC 8446 section 6: an alert instead of a ServerHello. */
static const struct {
    int alert;
    enum why_cause cause;
    bool likely;
    const char *name;
} alerts[] = {
    {0, WHY_CAUSE_TLS_REFUSED, false, "close_notify (0)"},
    {10, WHY_CAUSE_TLS_ALERT, false, "unexpected_message (10)"},
    {20, WHY_CAUSE_TLS_CORRUPTED, true, "bad_record_mac (20)"},
    {40, WHY_CAUSE_TLS_REFUSED, false, "handshake_failure (40)"},
    {46, WHY_CAUSE_TLS_ALERT, false, "certificate_unknown (46)"},
    {47, WHY_CAUSE_TLS_ALERT, false, "illegal_parameter (47)"},
    {48, WHY_CAUSE_TLS_ALERT, false, "unknown_ca (48)"},
    {49, WHY_CAUSE_TLS_REFUSED, false, "access_denied (49)"},
    {70, WHY_CAUSE_TLS_VERSION, false, "protocol_version (70)"},
    {71, WHY_CAUSE_TLS_NO_SHARED_CIPHER, false, "insufficient_security (71)"},
    {80, WHY_CAUSE_TLS_SERVER_ERROR, false, "internal_error (80)"},
    {86, WHY_CAUSE_TLS_ALERT, false, "inappropriate_fallback (86)"},
    {112, WHY_CAUSE_TLS_UNKNOWN_NAME, false, "unrecognized_name (112), asked for server.example"},
    {116, WHY_CAUSE_TLS_CLIENT_CERT_REQUIRED, false, "certificate_required (116)"},
    {120, WHY_CAUSE_TLS_ALPN, false, "no_application_protocol (120)"},
    {200, WHY_CAUSE_TLS_ALERT, false, "unknown (200)"},
};

static void an_alert_names_the_cause(void **state) {
    (void)state;
    for (size_t i = 0; i < TEST_COUNT(alerts) * 2; i++) {
        const uint8_t bytes[] = {0x15, 3, 3, 0, 2, 2, (uint8_t)alerts[i / 2].alert};
        start(0);
        test_tls_feed(&pair.client, bytes, sizeof bytes, i % 2);
        struct why_record record = test_tls_report(&pair.client);
        if (pair.client.status != WHY__TLS_FAILED || record.cause != alerts[i / 2].cause ||
            record.likely != alerts[i / 2].likely ||
            strstr(record.detail, alerts[i / 2].name) == NULL) {
            fail_msg("alert %d: %s, likely %d (%s)", alerts[i / 2].alert,
                     why_cause_id(record.cause), record.likely, record.detail);
        }
        assert_int_equal(record.tls.alert, alerts[i / 2].alert);
        assert_false(record.tls.alert_sent);
        assert_string_equal(record.tls.library_error, "");
        assert_int_equal(record.transport, WHY_TRANSPORT_TLS_ALERT);
        /* The first cause stays. */
        assert_int_equal(why__tls_lost(pair.client.tls, WHY_TRANSPORT_RESET, 0), record.cause);
        test_tls_stop(&pair);
    }
}

/* RFC 5246 section 7.2.2: a warning does not end the handshake. */
static void a_warning_is_no_failure(void **state) {
    (void)state;
    static const uint8_t warning[] = {0x15, 3, 3, 0, 2, 1, 112};
    start(TLS1_2_VERSION);
    test_tls_feed(&pair.client, warning, sizeof warning, 0);
    test_tls_run(&pair);
    assert_int_equal(pair.client.status, WHY__TLS_OPEN);
    test_tls_stop(&pair);
}

/* OpenSSL passes over as many HelloRequests as come (RFC 5246 section 7.4.1.1). */
static void a_handshake_without_end_is_cut(void **state) {
    (void)state;
    static const uint8_t hello_request[] = {0x16, 3, 3, 0, 4, 0, 0, 0, 0};
    start(TLS1_2_VERSION);
    size_t sent = 0;
    while (pair.client.status == WHY__TLS_HANDSHAKE && sent < (size_t)4 << 20) {
        test_tls_feed(&pair.client, hello_request, sizeof hello_request, 0);
        sent += sizeof hello_request;
    }
    assert_in_range(sent, 400000, 600000); /* no message may be as long */
    struct why_record record = test_tls_report(&pair.client);
    assert_string_equal(why_cause_id(record.cause), "tls.protocol");
    assert_non_null(strstr(record.detail, "its handshake has no end within 524288 bytes"));
    test_tls_stop(&pair);
}

/* bad-input.md 124: cut at every byte of what the server, then the client, sends. */
static void a_handshake_cut_anywhere_has_its_cause(void **state) {
    (void)state;
    static const enum why_transport ends[] = {WHY_TRANSPORT_FIN, WHY_TRANSPORT_RESET,
                                              WHY_TRANSPORT_TIMEOUT};
    static const enum why_cause cuts_by[] = {WHY_CAUSE_TLS_CUT, WHY_CAUSE_TLS_CUT,
                                             WHY_CAUSE_TIMEOUT_TLS};
    static const enum why_cause server_causes[] = {
        WHY_CAUSE_TLS_CLIENT_LEFT, WHY_CAUSE_TLS_CLIENT_LEFT, WHY_CAUSE_TIMEOUT_TLS};
    for (size_t v = 0; v < TEST_COUNT(versions); v++) {
        size_t cuts = 0;
        for (size_t at = 1;; at++, cuts++) {
            start(versions[v]);
            pair.cut_at = at;
            test_tls_run(&pair);
            bool open = pair.client.status == WHY__TLS_OPEN;
            size_t kind = at % TEST_COUNT(ends);
            enum why_cause client = why__tls_lost(pair.client.tls, ends[kind], 104);
            enum why_cause server = why__tls_lost(pair.server.tls, ends[kind], 104);
            struct why_record record = test_tls_report(&pair.client);
            test_tls_stop(&pair);
            if (open) {
                assert_int_equal(client, WHY_CAUSE_NONE);
                break;
            }
            /* In TLS 1.2 it is the server that has finished first. */
            bool server_open = server == WHY_CAUSE_NONE && versions[v] == TLS1_2_VERSION;
            if (client != cuts_by[kind] || (server != server_causes[kind] && !server_open)) {
                fail_msg("cut at %zu: %s, %s", at, why_cause_id(client), why_cause_id(server));
            }
            assert_int_equal(record.os_error, 104);
            assert_int_equal(record.transport, ends[kind]);
        }
        assert_in_range(cuts, 600, 3000);
    }
}

static void carry_damaged(struct test_tls_end *from, struct test_tls_end *to, size_t at,
                          uint8_t flip) {
    static uint8_t copy[65536];
    struct why_bytes output = why__tls_output(from->tls);
    if (output.len == 0) {
        return;
    }
    memcpy(copy, output.data, output.len);
    if (at >= to->received && at - to->received < output.len) {
        copy[at - to->received] ^= flip;
    }
    size_t len = output.len;
    why__tls_output_consumed(from->tls, len);
    test_tls_feed(to, copy, len, 0);
}

/* One bit wrong, anywhere: no crash, no spin, and whoever does not open has a cause. */
static void a_damaged_handshake_has_a_cause(void **state) {
    (void)state;
    for (size_t i = 0; i < 2200; i += 3) {
        bool to_client = i % 2 == 0;
        start(versions[i / 2 % 2]);
        for (int turn = 0; turn < 6; turn++) {
            carry_damaged(&pair.client, &pair.server, to_client ? SIZE_MAX : i / 2,
                          (uint8_t)(1u << (i % 8)));
            carry_damaged(&pair.server, &pair.client, to_client ? i / 2 : SIZE_MAX,
                          (uint8_t)(1u << (i % 8)));
        }
        struct test_tls_end *ends[] = {&pair.client, &pair.server};
        for (size_t j = 0; j < 2; j++) {
            bool open = why__tls_status(ends[j]->tls) == WHY__TLS_OPEN;
            enum why_cause cause = why__tls_lost(ends[j]->tls, WHY_TRANSPORT_FIN, 0);
            if (!open && (cause == WHY_CAUSE_NONE || why_cause_code(cause) != 1015)) {
                fail_msg("bit of byte %zu, end %zu: no cause", i / 2, j);
            }
            (void)test_tls_report(ends[j]);
        }
        test_tls_stop(&pair);
    }
}

/* Random bytes in the place of either side's first, second or third flight. */
static void noise_at_any_flight_has_a_cause(void **state) {
    (void)state;
    for (unsigned seed = 0; seed < 200; seed++) {
        uint8_t noise[300];
        host.host.random(host.host.context, noise, sizeof noise);
        if (seed % 2 == 0) { /* as one record of the handshake */
            memcpy(noise, "\x16\x03\x03\x01\x20", 5);
        }
        start(versions[seed / 2 % 2]);
        for (unsigned flight = 0; flight < seed % 5; flight++) {
            carry_damaged(flight % 2 == 0 ? &pair.client : &pair.server,
                          flight % 2 == 0 ? &pair.server : &pair.client, SIZE_MAX, 0);
        }
        struct test_tls_end *end = seed % 3 == 0 ? &pair.server : &pair.client;
        test_tls_feed(end, noise, sizeof noise, seed % 7);
        enum why_cause cause = why__tls_lost(end->tls, WHY_TRANSPORT_FIN, 0);
        assert_int_not_equal(cause, WHY_CAUSE_NONE);
        assert_int_equal(test_tls_report(end).cause, cause);
        test_tls_stop(&pair);
    }
}

/* On an open connection: the data before it is good, and the cause is not lost. */
static void damage_after_the_handshake_is_told(void **state) {
    (void)state;
    for (size_t v = 0; v < TEST_COUNT(versions); v++) {
        start(versions[v]);
        test_tls_run(&pair);
        const struct why_bytes list = {(const uint8_t *)"hello", 5};
        size_t taken = 0;
        assert_int_equal(why__tls_send(pair.client.tls, &list, 1, &taken), WHY_OK);
        size_t first = why__tls_output(pair.client.tls).len;
        assert_int_equal(why__tls_send(pair.client.tls, &list, 1, &taken), WHY_OK);
        carry_damaged(&pair.client, &pair.server, pair.server.received + first + 10, 1);
        assert_int_equal(pair.server.plain_len, 5);
        struct why_record record = test_tls_report(&pair.server);
        assert_string_equal(why_cause_id(record.cause), "tls.corrupted");
        assert_true(record.tls.handshake_done);
        test_tls_run(&pair);
        record = test_tls_report(&pair.client);
        assert_string_equal(why_cause_id(record.cause), "tls.corrupted");
        assert_int_equal(record.tls.alert, 20);
        test_tls_stop(&pair);
    }
}

/* With the allocation `at` and all later ones failing. Returns false where it passed untouched. */
static bool talk_without_memory(size_t at) {
    host.allocations = 0;
    host.fail_at = at;
    bool touched = false;
    pair.client.tls = why__tls_new(pair.client.context, "server.example");
    pair.server.tls = pair.client.tls == NULL ? NULL : why__tls_new(pair.server.context, NULL);
    if (pair.client.tls != NULL && pair.server.tls != NULL) {
        pair.client.status = pair.server.status = WHY__TLS_HANDSHAKE;
        pair.client.plain_len = pair.server.plain_len = 0;
        test_tls_run(&pair);
        const struct why_bytes list = {(const uint8_t *)"hello", 5};
        size_t taken = 0;
        int result = why__tls_send(pair.client.tls, &list, 1, &taken);
        test_tls_run(&pair);
        struct test_tls_end *ends[] = {&pair.client, &pair.server};
        for (size_t i = 0; i < 2; i++) {
            enum why_cause cause = why__tls_cause(ends[i]->tls);
            if (cause != WHY_CAUSE_NONE && cause != WHY_CAUSE_LOCAL_OUT_OF_MEMORY) {
                fail_msg("allocation %zu: %s", at, why_cause_id(cause));
            }
        }
        bool done = pair.server.plain_len == 5;
        assert_true(done || result != WHY_OK);
        touched = !done;
    } else {
        touched = true;
    }
    host.fail_at = 0;
    test_tls_stop(&pair);
    return touched;
}

/* What is not kept for the next connections. */
static size_t own_blocks(void) {
    const struct why__tls_context *client = pair.client.context, *server = pair.server.context;
    return host.live_blocks - (client->spare != NULL) - (server->spare != NULL) -
           (server->ciphers != NULL);
}

static void memory_may_run_out_anywhere(void **state) {
    (void)state;
    size_t before = own_blocks(), at = 1;
    SSL_CTX_set_max_proto_version(pair.server.context->ssl, 0);
    pair.step = pair.cut_at = 0;
    while (talk_without_memory(at)) {
        assert_int_equal(own_blocks(), before);
        at++;
    }
    assert_in_range(at, 6, 100);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_bytes_name_the_cause),
        cmocka_unit_test(plain_http_is_answered_in_plain_http),
        cmocka_unit_test(an_alert_names_the_cause),
        cmocka_unit_test(a_warning_is_no_failure),
        cmocka_unit_test(a_handshake_without_end_is_cut),
        cmocka_unit_test(a_handshake_cut_anywhere_has_its_cause),
        cmocka_unit_test(a_damaged_handshake_has_a_cause),
        cmocka_unit_test(noise_at_any_flight_has_a_cause),
        cmocka_unit_test(damage_after_the_handshake_is_told),
        cmocka_unit_test(memory_may_run_out_anywhere),
    };
    return cmocka_run_group_tests(tests, make_pki, free_pki);
}
