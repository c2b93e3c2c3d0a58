/* SPDX-License-Identifier: MIT
 *
 * A server's TLS 1.3 connection after its first data, when its records are our own: who is taken
 * over and who is not, every kind of record, keys that change, and how little it holds.
 */
#include "support/test.h"
#include "support/tls_pair.h"
#include "tls/alert.h"
#include "tls/traffic.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

/* What OpenSSL holds, counted before the bytes that it gets. */
static size_t openssl_bytes;

#define COUNTED 16

static void *counted_resize(void *memory, size_t size, const char *file, int line) {
    (void)file;
    (void)line;
    uint8_t *block = memory == NULL ? NULL : (uint8_t *)memory - COUNTED;
    size_t had = 0;
    if (block != NULL) {
        memcpy(&had, block, sizeof had);
    }
    if (size == 0) {
        openssl_bytes -= had;
        free(block);
        return NULL;
    }
    uint8_t *resized = realloc(block, COUNTED + size);
    if (resized == NULL) {
        return NULL;
    }
    openssl_bytes += size - had;
    memcpy(resized, &size, sizeof size);
    return resized + COUNTED;
}

static void *counted_new(size_t size, const char *file, int line) {
    return counted_resize(NULL, size, file, line);
}

static void counted_free(void *memory, const char *file, int line) {
    (void)counted_resize(memory, 0, file, line);
}

static struct test_pki pki;
static struct test_tls_pair pair;
static struct test_host host;

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

static void join_with(const struct why_tls_config *server) {
    const struct why_tls_config client = {.ca_file = pki.ca_file, .cert_file = pki.client_file};
    pair.client.context = test_tls_context(&host.host, &client, false);
    pair.server.context = test_tls_context(&host.host, server, true);
}

static void join(void) {
    join_with(&(struct why_tls_config){.cert_file = pki.leaf_file});
}

static void part(void) {
    test_tls_stop(&pair);
    why__tls_context_free(pair.client.context);
    why__tls_context_free(pair.server.context);
    assert_int_equal(host.live_blocks, 0);
}

static void send_to(struct test_tls_end *from, struct test_tls_end *to, const void *data,
                    size_t len) {
    const struct why_bytes list = {data, len};
    size_t taken = 0;
    to->plain_len = 0;
    assert_int_equal(why__tls_send(from->tls, &list, 1, &taken), WHY_OK);
    assert_int_equal(taken, len);
    test_tls_run(&pair);
    assert_int_equal(to->plain_len, len);
    assert_memory_equal(to->plain, data, len);
}

static void talk(void) {
    send_to(&pair.client, &pair.server, "GET /", 5);
    send_to(&pair.server, &pair.client, "HTTP/1.1", 8);
    send_to(&pair.client, &pair.server, "more", 4);
}

static void meet(void) {
    test_tls_start(&pair, "server.example");
    test_tls_run(&pair);
    talk();
}

static bool is_taken_over(void) {
    return pair.server.tls->traffic != NULL;
}

/* ---- Who ---- */

static const struct who {
    const char *name;
    const char *suites; /* of TLS 1.3; NULL: the usual */
    int version;
    bool is_taken_over;
    bool client_certificate;
    uint8_t short_records; /* RFC 6066 section 4 */
    bool no_tickets;
} whos[] = {
    {"AES-256", "TLS_AES_256_GCM_SHA384", 0, true},
    {"AES-128", "TLS_AES_128_GCM_SHA256", 0, true},
    {"ChaCha20", "TLS_CHACHA20_POLY1305_SHA256", 0, true},
    {"CCM stays with OpenSSL", "TLS_AES_128_CCM_SHA256", 0, false},
    {"TLS 1.2 stays with OpenSSL", NULL, TLS1_2_VERSION, false},
    {"a client's certificate has to be told at the end", NULL, 0, false, true},
    {"short records were agreed", NULL, 0, false, false, TLSEXT_max_fragment_length_512},
    {"no tickets", NULL, 0, true, false, 0, true},
};

static void an_open_connection_is_taken_over_where_it_can_be(void **state) {
    (void)state;
    for (size_t i = 0; i < TEST_COUNT(whos); i++) {
        const struct who *row = &whos[i];
        join_with(&(struct why_tls_config){
            .cert_file = pki.leaf_file, .ca_file = row->client_certificate ? pki.ca_file : NULL});
        SSL_CTX *client = pair.client.context->ssl, *server = pair.server.context->ssl;
        SSL_CTX_set_max_proto_version(server, row->version);
        if (row->suites != NULL) {
            assert_int_equal(SSL_CTX_set_ciphersuites(client, row->suites), 1);
            assert_int_equal(SSL_CTX_set_ciphersuites(server, row->suites), 1);
        }
        SSL_CTX_set_tlsext_max_fragment_length(client, row->short_records);
        SSL_CTX_set_num_tickets(server, row->no_tickets ? 0 : 2);
        for (int visit = 0; visit < 3; visit++) { /* resumed where there are tickets */
            meet();
            if (is_taken_over() != row->is_taken_over) {
                fail_msg("%s, visit %d: taken over: %d", row->name, visit, is_taken_over());
            }
            assert_int_equal(SSL_session_reused(pair.client.tls->ssl),
                             visit > 0 && !row->no_tickets);
            test_tls_stop(&pair);
        }
        part();
        set_up(NULL);
    }
}

static void the_record_knows_what_was_agreed(void **state) {
    (void)state;
    join();
    test_tls_start(&pair, "server.example");
    test_tls_run(&pair);
    struct why_record before = test_tls_report(&pair.server);
    talk();
    assert_true(is_taken_over());
    struct why_record after = test_tls_report(&pair.server);
    assert_string_equal(after.tls.version, before.tls.version);
    assert_string_equal(after.tls.cipher, before.tls.cipher);
    assert_string_equal(after.tls.group, before.tls.group);
    assert_string_equal(after.tls.alpn, before.tls.alpn);
    assert_string_equal(after.tls.server_name, "server.example");
    assert_int_equal(after.tls.security_level, before.tls.security_level);
    assert_true(after.tls.handshake_done);
    assert_int_equal(after.tls.chain_len, 0);
    part();
}

/* ---- Records, of a client that can make any ---- */

/* Has the client's keys: seals what the server opens. */
static struct why__tls_traffic forged_traffic;
static struct why__tls forger;

static void forge_begin(void) {
    forged_traffic = (struct why__tls_traffic){.suite = pair.server.tls->traffic->suite,
                                               .out = pair.server.tls->traffic->in,
                                               .in = pair.server.tls->traffic->out};
    forged_traffic.out.slot = forged_traffic.in.slot = UINT16_MAX;
    forger = (struct why__tls){.context = pair.server.context, .traffic = &forged_traffic};
}

static size_t forge(uint8_t *record, const void *content, size_t len) {
    memcpy(record + WHY__TLS_HEADER_LEN, content, len);
    forged_traffic.out.slot = UINT16_MAX;
    assert_true(why__tls_seal(&forger, record, len));
    return WHY__TLS_HEADER_LEN + len + WHY__TLS_TAG_LEN;
}

/* Opens a record of the server's output. Returns its type, the content goes to `out`. */
static uint8_t open_output(size_t *at, uint8_t out[64], size_t *len) {
    struct why_bytes output = why__tls_output(pair.server.tls);
    assert_true(output.len - *at > WHY__TLS_HEADER_LEN);
    const uint8_t *record = output.data + *at;
    size_t body_len = (size_t)record[3] << 8 | record[4];
    assert_true(output.len - *at >= WHY__TLS_HEADER_LEN + body_len);
    uint8_t type = 0;
    forged_traffic.in.slot = UINT16_MAX;
    assert_true(why__tls_open(&forger, record, record + WHY__TLS_HEADER_LEN, body_len,
                              (struct why_span){out, 64}, &type));
    *len = body_len - WHY__TLS_TAG_LEN - 1;
    *at += WHY__TLS_HEADER_LEN + body_len;
    return type;
}

#define DATA "\x17"
#define ALERT "\x15"
#define HANDSHAKE "\x16"

/* The last byte of a record that is not zero is its type. */
static const struct row {
    const char *name;
    struct {
        const char *content;
        size_t len;
    } records[3];
    const char *plain; /* what comes of it */
    enum why__tls_status status;
    int alert; /* sent; -1: none */
    const char *reason;
    bool is_answered;
} rows[] = {
    {"data", {{"hello" DATA, 6}}, "hello", WHY__TLS_OPEN, -1},
    {"data with padding", {{"hello" DATA "\0\0\0\0\0", 11}}, "hello", WHY__TLS_OPEN, -1},
    {"data that ends with zeroes is not padding", {{"hi\0" DATA, 4}}, "hi", WHY__TLS_OPEN, -1},
    {"an empty record", {{DATA, 1}, {"a" DATA, 2}}, "a", WHY__TLS_OPEN, -1},
    {"nothing but padding", {{"\0\0\0", 3}}, "", WHY__TLS_FAILED, 10, "bad record type"},
    {"a type of one byte that is zero", {{"\0", 1}}, "", WHY__TLS_FAILED, 10, "bad record type"},
    {"an unknown type", {{"a\x18", 2}}, "", WHY__TLS_FAILED, 10, "bad record type"},
    {"ChangeCipherSpec", {{"\x01\x14", 2}}, "", WHY__TLS_FAILED, 10, "bad record type"},
    {"new keys", {{"\x18\0\0\x01\0" HANDSHAKE, 6}, {"a" DATA, 2}}, "a", WHY__TLS_OPEN, -1},
    {"new keys, and ours asked for",
     {{"\x18\0\0\x01\x01" HANDSHAKE, 6}, {"a" DATA, 2}},
     "a",
     WHY__TLS_OPEN,
     -1,
     "",
     true},
    {"new keys in parts",
     {{"\x18\0" HANDSHAKE, 3}, {"\0\x01\0" HANDSHAKE, 4}, {"a" DATA, 2}},
     "a",
     WHY__TLS_OPEN,
     -1},
    {"new keys, data within",
     {{"\x18\0" HANDSHAKE, 3}, {"a" DATA, 2}},
     "",
     WHY__TLS_FAILED,
     10,
     "mixed handshake and non handshake data"},
    {"new keys, an alert within",
     {{"\x18\0" HANDSHAKE, 3}, {"\x01\0" ALERT, 3}},
     "",
     WHY__TLS_FAILED,
     10,
     "mixed handshake and non handshake data"},
    {"new keys of no known kind",
     {{"\x18\0\0\x01\x02" HANDSHAKE, 6}},
     "",
     WHY__TLS_FAILED,
     47,
     "bad key update"},
    {"new keys of the wrong length",
     {{"\x18\0\0\x02\0\0" HANDSHAKE, 7}},
     "",
     WHY__TLS_FAILED,
     50,
     "bad key update"},
    {"new keys within a record",
     {{"\x18\0\0\x01\0\x18" HANDSHAKE, 7}},
     "",
     WHY__TLS_FAILED,
     10,
     "not on record boundary"},
    {"an empty handshake record", {{HANDSHAKE, 1}}, "", WHY__TLS_FAILED, 10, "bad length"},
    {"a second ClientHello",
     {{"\x01\0\0\x01\0" HANDSHAKE, 6}},
     "",
     WHY__TLS_FAILED,
     10,
     "unexpected message"},
    {"close_notify", {{"a" DATA, 2}, {"\x01\0" ALERT, 3}}, "a", WHY__TLS_ENDED, -1},
    {"user_canceled is passed over",
     {{"\x01\x5a" ALERT, 3}, {"a" DATA, 2}},
     "a",
     WHY__TLS_OPEN,
     -1},
    {"a fatal alert", {{"a" DATA, 2}, {"\x02\x28" ALERT, 3}}, "a", WHY__TLS_FAILED, -1, ""},
    {"the level means nothing", {{"\x01\x28" ALERT, 3}}, "", WHY__TLS_FAILED, -1, ""},
    {"half an alert", {{"\x02" ALERT, 2}}, "", WHY__TLS_FAILED, 10, "invalid alert"},
    {"two alerts", {{"\x01\0\x01\0" ALERT, 5}}, "", WHY__TLS_FAILED, 10, "invalid alert"},
    {"an empty alert", {{ALERT, 1}}, "", WHY__TLS_FAILED, 10, "invalid alert"},
};

/* Does it end as the row says? What was sent back is looked at with the server's own keys. */
static void expect_row(const struct row *row, size_t step) {
    struct why_record record = test_tls_report(&pair.server);
    size_t plain_len = strlen(row->plain);
    bool held = pair.server.status == row->status && record.tls.alert_sent == (row->alert >= 0) &&
                (row->alert < 0 || record.tls.alert == row->alert) &&
                pair.server.plain_len >= plain_len &&
                memcmp(pair.server.plain, row->plain, plain_len) == 0 &&
                (row->alert < 0 || strstr(record.tls.library_error, row->reason) != NULL);
    if (!held) {
        fail_msg("%s, step %zu: status %d, alert %d, %zu bytes, \"%s\"", row->name, step,
                 pair.server.status, record.tls.alert, pair.server.plain_len,
                 record.tls.library_error);
    }
    uint8_t content[64];
    size_t at = 0, len = 0;
    if (row->alert >= 0) {
        assert_int_equal(open_output(&at, content, &len), SSL3_RT_ALERT);
        assert_int_equal(len, 2);
        assert_int_equal(content[0], SSL3_AL_FATAL);
        assert_int_equal(content[1], row->alert);
    }
    if (row->is_answered) {
        assert_int_equal(open_output(&at, content, &len), SSL3_RT_HANDSHAKE);
        assert_int_equal(len, 5);
        assert_memory_equal(content, "\x18\0\0\x01\0", 5);
    }
    assert_int_equal(why__tls_output(pair.server.tls).len, at);
}

static void every_record_is_taken_or_refused(void **state) {
    (void)state;
    static const size_t steps[] = {0, 1, 2, 7};
    join();
    for (size_t i = 0; i < TEST_COUNT(rows) * TEST_COUNT(steps); i++) {
        const struct row *row = &rows[i / TEST_COUNT(steps)];
        size_t step = steps[i % TEST_COUNT(steps)];
        uint8_t wire[512];
        size_t len = 0;
        meet();
        forge_begin();
        for (size_t j = 0; j < TEST_COUNT(row->records) && row->records[j].len > 0; j++) {
            const uint8_t *content = (const uint8_t *)row->records[j].content;
            len += forge(wire + len, content, row->records[j].len);
            bool is_update = content[0] == 0x18 || (j > 0 && content[0] == 0);
            if (is_update && row->status == WHY__TLS_OPEN &&
                row->records[j + 1].content[0] == 'a') {
                assert_true(why__tls_keys_update(&forger, &forged_traffic.out));
            }
        }
        pair.server.plain_len = 0;
        test_tls_feed(&pair.server, wire, len, step);
        expect_row(row, step);
        test_tls_stop(&pair);
    }
    part();
}

/* Bytes on the wire that no client with these keys has made. */
static const struct wire_row {
    const char *name;
    size_t at;
    uint8_t flip;
    int alert;
    const char *reason;
} wire_rows[] = {
    {"a record that is not encrypted", 0, 0x17 ^ 0x15, 10, "bad record type"},
    {"ChangeCipherSpec, not encrypted", 0, 0x17 ^ 0x14, 10, "bad record type"},
    {"another version", 2, 1, 50, "wrong version number"},
    {"a record that is too long", 3, 0x80, 22, "encrypted length too long"},
    {"a changed byte", 5, 1, 20, "bad record mac"},
    {"a changed tag", 5 + 6 + 15, 1, 20, "bad record mac"},
};

static void what_is_damaged_is_refused(void **state) {
    (void)state;
    join();
    for (size_t i = 0; i < TEST_COUNT(wire_rows) * 2; i++) {
        const struct wire_row *row = &wire_rows[i / 2];
        uint8_t wire[64];
        meet();
        forge_begin();
        size_t len = forge(wire, "hello" DATA, 6);
        wire[row->at] ^= row->flip;
        pair.server.plain_len = 0;
        test_tls_feed(&pair.server, wire, len, i % 2);
        const struct row expected = {row->name, .plain = "", .status = WHY__TLS_FAILED,
                                     .alert = row->alert, .reason = row->reason};
        expect_row(&expected, i % 2);
        assert_int_equal(pair.server.plain_len, 0);
        test_tls_stop(&pair);
    }
    part();
}

static void a_record_is_not_taken_twice(void **state) {
    (void)state;
    join();
    meet();
    forge_begin();
    uint8_t wire[64];
    size_t len = forge(wire, "hello" DATA, 6);
    test_tls_feed(&pair.server, wire, len, 0);
    assert_int_equal(pair.server.status, WHY__TLS_OPEN);
    test_tls_feed(&pair.server, wire, len, 0);
    assert_int_equal(test_tls_report(&pair.server).cause, WHY_CAUSE_TLS_CORRUPTED);
    part();
}

/* RFC 8446 section 5.1 and 5.2: 16 KiB, and 256 bytes more with padding. */
static void records_may_be_of_full_length(void **state) {
    (void)state;
    static uint8_t content[16384 + 257], wire[16384 + 512];
    static const struct {
        size_t len, padded;
        int alert;
    } lengths[] = {
        {16384, 16385, -1}, {16384, 16384 + 240, -1}, {16385, 16386, 22}, {100, 16384 + 241, 22}};
    join();
    for (size_t i = 0; i < TEST_COUNT(lengths) * 3; i++) {
        size_t len = lengths[i / 3].len;
        memset(content, 0, sizeof content);
        memset(content, 'x', len);
        content[len] = SSL3_RT_APPLICATION_DATA;
        meet();
        forge_begin();
        size_t wire_len = forge(wire, content, lengths[i / 3].padded);
        pair.server.plain_len = 0;
        static const size_t steps[] = {0, 700, 16000};
        test_tls_feed(&pair.server, wire, wire_len, steps[i % 3]);
        bool is_good = lengths[i / 3].alert < 0;
        assert_int_equal(pair.server.status, is_good ? WHY__TLS_OPEN : WHY__TLS_FAILED);
        assert_int_equal(pair.server.plain_len, is_good ? len : 0);
        assert_memory_equal(pair.server.plain, content, pair.server.plain_len);
        assert_int_equal(test_tls_report(&pair.server).tls.alert, lengths[i / 3].alert);
        test_tls_stop(&pair);
    }
    part();
}

static void records_that_carry_nothing_have_an_end(void **state) {
    (void)state;
    join();
    for (int is_alert = 0; is_alert < 2; is_alert++) {
        meet();
        forge_begin();
        uint8_t wire[64];
        int count = 0;
        while (pair.server.status == WHY__TLS_OPEN && count < 100) {
            size_t len = is_alert ? forge(wire, "\x01\x5a" ALERT, 3) : forge(wire, DATA, 1);
            test_tls_feed(&pair.server, wire, len, 0);
            count++;
        }
        assert_int_equal(count, is_alert ? 5 : 33);
        struct why_record record = test_tls_report(&pair.server);
        assert_string_equal(record.tls.library_error,
                            is_alert ? "too many warn alerts" : "record too small");
        assert_true(why__tls_output(pair.server.tls).len > 0);
        test_tls_stop(&pair);
    }
    part();
}

static void new_keys_without_data_have_an_end(void **state) {
    (void)state;
    join();
    meet();
    forge_begin();
    int count = 0;
    while (pair.server.status == WHY__TLS_OPEN && count < 100) {
        uint8_t wire[64];
        size_t len = forge(wire, "\x18\0\0\x01\0" HANDSHAKE, 6);
        assert_true(why__tls_keys_update(&forger, &forged_traffic.out));
        test_tls_feed(&pair.server, wire, len, 0);
        count++;
    }
    assert_int_equal(count, 33);
    test_tls_stop(&pair);
    part();
}

/* RFC 8446 section 6.1. */
static void nothing_comes_behind_our_close_notify(void **state) {
    (void)state;
    join();
    meet();
    forge_begin();
    why__tls_close(pair.server.tls);
    uint8_t content[64];
    size_t at = 0, len = 0;
    assert_int_equal(open_output(&at, content, &len), SSL3_RT_ALERT);
    assert_memory_equal(content, "\x01\0", 2);
    uint8_t wire[64];
    len = forge(wire, "\x18\0\0\x01\x01" HANDSHAKE, 6); /* asks for new keys */
    test_tls_feed(&pair.server, wire, len, 0);
    assert_true(why__tls_keys_update(&forger, &forged_traffic.out));
    len = forge(wire, "\x02" ALERT, 2); /* is refused */
    test_tls_feed(&pair.server, wire, len, 0);
    assert_int_equal(pair.server.status, WHY__TLS_FAILED);
    assert_int_equal(why__tls_output(pair.server.tls).len, at);
    test_tls_stop(&pair);
    part();
}

/* ---- Sending ---- */

static void keys_change_as_a_peer_asks(void **state) {
    (void)state;
    join();
    meet();
    for (int i = 0; i < 20; i++) {
        int kind = i % 2 == 0 ? SSL_KEY_UPDATE_REQUESTED : SSL_KEY_UPDATE_NOT_REQUESTED;
        assert_int_equal(SSL_key_update(pair.client.tls->ssl, kind), 1);
        talk();
    }
    assert_true(is_taken_over());
    part();
}

/* RFC 8446 section 5.5: a key is good for so many records. */
static void keys_change_before_they_wear_out(void **state) {
    (void)state;
    join();
    meet();
    pair.server.tls->traffic->out.sequence = (uint64_t)1 << 24;
    forge_begin();
    const struct why_bytes list = {(const uint8_t *)"hello", 5};
    size_t taken = 0, at = 0, len = 0;
    uint8_t content[64];
    assert_int_equal(why__tls_send(pair.server.tls, &list, 1, &taken), WHY_OK);
    assert_int_equal(open_output(&at, content, &len), SSL3_RT_HANDSHAKE);
    assert_memory_equal(content, "\x18\0\0\x01\0", 5);
    assert_true(why__tls_keys_update(&forger, &forged_traffic.in));
    assert_int_equal(open_output(&at, content, &len), SSL3_RT_APPLICATION_DATA);
    assert_int_equal(len, 5);
    assert_memory_equal(content, "hello", 5);
    assert_int_equal(pair.server.tls->traffic->out.sequence, 1);
    part();
}

/* The longest record of what is sent now. */
static size_t longest_record(size_t len) {
    static const uint8_t data[65536];
    const struct why_bytes list = {data, len};
    size_t taken = 0, longest = 0;
    assert_int_equal(why__tls_send(pair.server.tls, &list, 1, &taken), WHY_OK);
    assert_int_equal(taken, len);
    struct why_bytes output = why__tls_output(pair.server.tls);
    for (size_t at = 0; at < output.len;) {
        size_t body_len = (size_t)output.data[at + 3] << 8 | output.data[at + 4];
        longest = body_len > longest ? body_len : longest;
        at += WHY__TLS_HEADER_LEN + body_len;
    }
    pair.client.plain_len = 0;
    test_tls_run(&pair);
    assert_int_equal(pair.client.plain_len, len);
    return longest - WHY__TLS_TAG_LEN - 1;
}

static void records_grow_with_what_there_is_to_send(void **state) {
    (void)state;
    join();
    meet();
    host.now_ms += 5000;
    assert_int_equal(longest_record(60000), 4096);
    assert_int_equal(longest_record(5000), 4096);
    assert_int_equal(longest_record(60000), 16384);
    host.now_ms += 1000;
    assert_int_equal(longest_record(60000), 16384);
    host.now_ms += 1001;
    assert_int_equal(longest_record(60000), 4096);
    part();
}

static void many_small_buffers_share_a_record(void **state) {
    (void)state;
    join();
    meet();
    struct why_bytes list[64];
    for (size_t i = 0; i < TEST_COUNT(list); i++) {
        list[i] = (struct why_bytes){(const uint8_t *)"abcdefghij", i % 11};
    }
    size_t taken = 0;
    pair.client.plain_len = 0;
    assert_int_equal(why__tls_send(pair.server.tls, list, TEST_COUNT(list), &taken), WHY_OK);
    assert_int_equal(why__tls_output(pair.server.tls).len,
                     taken + WHY__TLS_HEADER_LEN + 1 + WHY__TLS_TAG_LEN);
    test_tls_run(&pair);
    assert_int_equal(pair.client.plain_len, taken);
    assert_memory_equal(pair.client.plain, "aababcabcd", 10);
    part();
}

static void output_is_bounded(void **state) {
    (void)state;
    static uint8_t data[1024 * 1024];
    join();
    meet();
    size_t taken = 0;
    const struct why_bytes list = {data, sizeof data};
    assert_int_equal(why__tls_send(pair.server.tls, &list, 1, &taken), WHY_OK);
    assert_in_range(taken, WHY__TLS_OUTPUT_MAX / 2, WHY__TLS_OUTPUT_MAX);
    assert_int_equal(why__tls_send(pair.server.tls, &list, 1, &taken), WHY_OK);
    assert_int_equal(taken, 0);
    part();
}

/* ---- Memory ---- */

#define MANY 160 /* more than have a cipher at a time */

/* OpenSSL's object for a connection is 14 KB. */
static void an_idle_connection_holds_less_than_a_kilobyte(void **state) {
    (void)state;
    static struct test_tls_pair pairs[MANY];
    size_t before = 0;
    join();
    for (size_t i = 0; i < MANY; i++) {
        if (i == MANY / 2 + 64) { /* whatever is kept for all is there */
            before = host.live_bytes + openssl_bytes;
        }
        meet();
        pairs[i].server = pair.server;
        pairs[i].client = pair.client;
        if (i >= MANY / 2 + 64) {
            why__tls_free(pair.client.tls);
            pairs[i].client.tls = NULL;
        }
    }
    size_t each = (host.live_bytes + openssl_bytes - before) / (MANY / 2 - 64);
    print_message("an idle connection: %zu bytes, OpenSSL's too\n", each);
    assert_in_range(each, 100, 600);
    for (size_t round = 0; round < 2; round++) { /* each finds its keys again */
        for (size_t i = 0; i < MANY / 2 + 64; i++) {
            pair.server = pairs[i].server;
            pair.client = pairs[i].client;
            talk();
        }
    }
    for (size_t i = 0; i < MANY; i++) {
        why__tls_free(pairs[i].client.tls);
        why__tls_free(pairs[i].server.tls);
    }
    pair.client.tls = pair.server.tls = NULL;
    part();
}

/* With the allocation `at`, and all later ones, failing. False: there were not so many. */
static bool talk_without_memory(size_t at) {
    static const uint8_t data[20000];
    test_tls_start(&pair, "server.example");
    test_tls_run(&pair);
    host.fail_at = host.allocations + at;
    const struct why_bytes list = {data, sizeof data};
    size_t taken = 0;
    int sent = why__tls_send(pair.client.tls, &list, 1, &taken);
    if (sent == WHY_OK) {
        test_tls_run(&pair);
        taken = 0;
        sent = why__tls_send(pair.server.tls, &list, 1, &taken);
    }
    bool ran_out = host.allocations >= host.fail_at;
    if (pair.server.status == WHY__TLS_FAILED) {
        assert_int_equal(why__tls_cause(pair.server.tls), WHY_CAUSE_LOCAL_OUT_OF_MEMORY);
    } else if (sent != WHY_ERR_NOMEM) {
        assert_int_equal(sent, WHY_OK);
    }
    host.fail_at = 0;
    test_tls_stop(&pair);
    return ran_out;
}

static void memory_may_run_out(void **state) {
    (void)state;
    size_t at = 1;
    for (bool goes_on = true; goes_on; at++) {
        join();
        pair.step = 1000;
        goes_on = talk_without_memory(at);
        assert_in_range(at, 1, 200);
        why__tls_context_free(pair.client.context);
        why__tls_context_free(pair.server.context);
        assert_int_equal(host.live_blocks, 0);
        set_up(NULL);
    }
    assert_in_range(at, 4, 200);
}

int main(void) {
    if (CRYPTO_set_mem_functions(counted_new, counted_resize, counted_free) != 1) {
        return 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(an_open_connection_is_taken_over_where_it_can_be, set_up),
        cmocka_unit_test_setup(the_record_knows_what_was_agreed, set_up),
        cmocka_unit_test_setup(every_record_is_taken_or_refused, set_up),
        cmocka_unit_test_setup(what_is_damaged_is_refused, set_up),
        cmocka_unit_test_setup(a_record_is_not_taken_twice, set_up),
        cmocka_unit_test_setup(records_may_be_of_full_length, set_up),
        cmocka_unit_test_setup(records_that_carry_nothing_have_an_end, set_up),
        cmocka_unit_test_setup(new_keys_without_data_have_an_end, set_up),
        cmocka_unit_test_setup(nothing_comes_behind_our_close_notify, set_up),
        cmocka_unit_test_setup(keys_change_as_a_peer_asks, set_up),
        cmocka_unit_test_setup(keys_change_before_they_wear_out, set_up),
        cmocka_unit_test_setup(records_grow_with_what_there_is_to_send, set_up),
        cmocka_unit_test_setup(many_small_buffers_share_a_record, set_up),
        cmocka_unit_test_setup(output_is_bounded, set_up),
        cmocka_unit_test_setup(an_idle_connection_holds_less_than_a_kilobyte, set_up),
        cmocka_unit_test_setup(memory_may_run_out, set_up),
    };
    return cmocka_run_group_tests(tests, make_pki, free_pki);
}
