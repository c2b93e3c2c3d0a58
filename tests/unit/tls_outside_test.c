/* SPDX-License-Identifier: MIT
 *
 * A server's TLS 1.3 connection whose records are made by somebody else, here by the test: when the
 * keys are given away, that they are the right ones, what has to be said beside data, new keys.
 */
#include "support/test.h"
#include "support/tls_pair.h"
#include "tls/alert.h"
#include "tls/traffic.h"

#include <string.h>

static struct test_pki pki;
static struct test_tls_pair pair;
static struct test_host host;

/* Who makes the records. */
static struct why__tls_traffic maker_traffic;
static struct why__tls maker;

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

static void talk(void) {
    const struct why_bytes list = {(const uint8_t *)"GET /", 5};
    size_t taken = 0;
    assert_int_equal(why__tls_send(pair.client.tls, &list, 1, &taken), WHY_OK);
    test_tls_run(&pair);
}

static void meet(void) {
    test_tls_start(&pair, "server.example");
    test_tls_run(&pair);
    talk();
    assert_non_null(pair.server.tls->traffic);
}

static int join(void **state) {
    (void)state;
    test_host_init(&host);
    memset(&pair, 0, sizeof pair);
    const struct why_tls_config client = {.ca_file = pki.ca_file};
    const struct why_tls_config server = {.cert_file = pki.leaf_file, .kernel_sends = true};
    pair.client.context = test_tls_context(&host.host, &client, false);
    pair.server.context = test_tls_context(&host.host, &server, true);
    return 0;
}

static int part(void **state) {
    (void)state;
    test_tls_stop(&pair);
    why__tls_context_free(pair.client.context);
    why__tls_context_free(pair.server.context);
    assert_int_equal(host.live_blocks, 0);
    return 0;
}

static void use(const struct why__tls_sending *sending) {
    maker_traffic =
        (struct why__tls_traffic){.suite = pair.server.tls->traffic->suite,
                                  .out = {.sequence = sending->sequence, .slot = UINT16_MAX}};
    memcpy(maker_traffic.out.key, sending->key, sizeof sending->key);
    memcpy(maker_traffic.out.iv, sending->iv, sizeof sending->iv);
    maker = (struct why__tls){.context = pair.server.context, .traffic = &maker_traffic};
}

static void take(void) {
    struct why__tls_sending sending;
    assert_true(why__tls_offer_sending(pair.server.tls, &sending));
    why__tls_settle_sending(pair.server.tls, WHY__TLS_TAKEN);
    assert_true(why__tls_sends_outside(pair.server.tls));
    use(&sending);
}

/* A record to the client. */
static void make_record(uint8_t type, const void *content, size_t len) {
    static uint8_t record[WHY__TLS_RECORD_MAX + 64];
    memcpy(record + WHY__TLS_HEADER_LEN, content, len);
    record[WHY__TLS_HEADER_LEN + len] = type;
    maker_traffic.out.slot = UINT16_MAX;
    assert_true(why__tls_seal(&maker, record, len + 1));
    test_tls_feed(&pair.client, record, WHY__TLS_HEADER_LEN + len + 1 + WHY__TLS_TAG_LEN, 0);
}

static void send_data(const char *text) {
    pair.client.plain_len = 0;
    make_record(SSL3_RT_APPLICATION_DATA, text, strlen(text));
    why__tls_note_sent(pair.server.tls, strlen(text));
    assert_int_equal(pair.client.plain_len, strlen(text));
    assert_memory_equal(pair.client.plain, text, strlen(text));
    assert_int_equal(why__tls_output(pair.server.tls).len, 0);
}

static bool owes(struct why__tls_control *control) {
    bool does = why__tls_control(pair.server.tls, control);
    assert_int_equal(why__tls_has_to_send(pair.server.tls), does);
    return does;
}

static void send_control(const struct why__tls_control *control) {
    make_record(control->type, control->content, control->len);
    why__tls_control_sent(pair.server.tls);
    if (control->renews) {
        struct why__tls_sending sending;
        assert_true(why__tls_renew_sending(pair.server.tls, &sending));
        assert_int_equal(sending.sequence, 0);
        use(&sending);
    }
}

/* ---- When ---- */

static void it_is_offered_once_and_only_when_nothing_waits(void **state) {
    (void)state;
    struct why__tls_sending sending;
    test_tls_start(&pair, "server.example");
    test_tls_run(&pair);
    assert_false(why__tls_offer_sending(pair.server.tls, &sending)); /* it is OpenSSL's still */
    talk();
    const struct why_bytes list = {(const uint8_t *)"hello", 5};
    size_t taken = 0;
    assert_int_equal(why__tls_send(pair.server.tls, &list, 1, &taken), WHY_OK);
    assert_false(why__tls_offer_sending(pair.server.tls, &sending)); /* a record of ours waits */
    test_tls_run(&pair);
    assert_true(why__tls_offer_sending(pair.server.tls, &sending));
    why__tls_settle_sending(pair.server.tls, WHY__TLS_LEFT);
    assert_false(why__tls_sends_outside(pair.server.tls));
    assert_false(why__tls_offer_sending(pair.server.tls, &sending));
    test_tls_stop(&pair);
    meet();
    assert_true(why__tls_offer_sending(pair.server.tls, &sending)); /* the next one */
    why__tls_settle_sending(pair.server.tls, WHY__TLS_NO_TAKER);
    test_tls_stop(&pair);
    meet();
    assert_false(why__tls_offer_sending(pair.server.tls, &sending));
    pair.client.plain_len = 0;
    assert_int_equal(why__tls_send(pair.server.tls, &list, 1, &taken), WHY_OK);
    test_tls_run(&pair);
    assert_int_equal(pair.client.plain_len, 5);
}

static void who_does_not_want_it_is_not_asked(void **state) {
    (void)state;
    pair.server.context->offers_sending = false;
    meet();
    struct why__tls_sending sending;
    assert_false(why__tls_offer_sending(pair.server.tls, &sending));
    pair.server.context->offers_sending = true;
    why__tls_close(pair.server.tls);
    assert_false(why__tls_offer_sending(pair.server.tls, &sending));
}

static void the_keys_are_not_kept(void **state) {
    (void)state;
    static const uint8_t nothing[32];
    meet();
    take();
    const struct why__tls_keys *keys = &pair.server.tls->traffic->out;
    assert_memory_equal(keys->key, nothing, sizeof keys->key);
    assert_memory_equal(keys->iv, nothing, sizeof keys->iv);
    assert_memory_not_equal(maker_traffic.out.key, nothing, 16);
}

/* ---- Data and keys ---- */

static const struct {
    const char *name;
    uint16_t number;
} suites[] = {{"TLS_AES_128_GCM_SHA256", 0x1301},
              {"TLS_AES_256_GCM_SHA384", 0x1302},
              {"TLS_CHACHA20_POLY1305_SHA256", 0x1303}};

static void records_and_new_keys_are_what_the_client_expects(void **state) {
    (void)state;
    for (size_t i = 0; i < TEST_COUNT(suites); i++) {
        SSL_CTX_set_ciphersuites(pair.client.context->ssl, suites[i].name);
        meet();
        struct why__tls_sending sending;
        assert_true(why__tls_offer_sending(pair.server.tls, &sending));
        assert_int_equal(sending.suite, suites[i].number);
        take();
        for (int round = 0; round < 5; round++) {
            send_data("hello");
            send_data("there");
            assert_int_equal(SSL_key_update(pair.client.tls->ssl, SSL_KEY_UPDATE_REQUESTED), 1);
            talk();
            struct why__tls_control control;
            assert_true(owes(&control));
            assert_true(control.renews);
            send_control(&control);
            assert_false(owes(&control));
        }
        send_data("the end");
        test_tls_stop(&pair);
    }
}

/* RFC 8446 section 4.6.3. */
static void one_key_update_answers_all_that_asked(void **state) {
    (void)state;
    struct why__tls_control control;
    meet();
    take();
    for (int i = 0; i < 10; i++) {
        assert_int_equal(SSL_key_update(pair.client.tls->ssl, SSL_KEY_UPDATE_REQUESTED), 1);
        talk();
    }
    assert_true(owes(&control));
    send_control(&control);
    assert_false(owes(&control));
    send_data("hello");
    assert_int_equal(SSL_key_update(pair.client.tls->ssl, SSL_KEY_UPDATE_NOT_REQUESTED), 1);
    talk();
    assert_false(owes(&control));
}

/* Section 5.5. */
static void keys_change_before_they_wear_out(void **state) {
    (void)state;
    struct why__tls_control control;
    meet();
    take();
    uint64_t *sequence = &pair.server.tls->traffic->out.sequence;
    uint64_t first = *sequence;
    static const struct {
        size_t len, records;
    } rows[] = {{0, 0}, {1, 1}, {16384, 1}, {16385, 2}, {1 << 20, 64}};
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        why__tls_note_sent(pair.server.tls, rows[i].len);
        first += rows[i].records;
        assert_int_equal(*sequence, first);
    }
    *sequence = WHY__TLS_RECORDS_PER_KEY - 2;
    why__tls_note_sent(pair.server.tls, 1);
    assert_false(owes(&control));
    why__tls_note_sent(pair.server.tls, 1);
    assert_true(owes(&control));
    assert_memory_equal(control.content, "\x18\0\0\x01\0", 5);
    send_control(&control);
    assert_int_equal(*sequence, 0);
    send_data("hello");
}

static void keys_that_cannot_be_changed_are_not_asked_for_again(void **state) {
    (void)state;
    struct why__tls_control control;
    meet();
    take();
    pair.server.tls->traffic->out.sequence = WHY__TLS_RECORDS_PER_KEY;
    why__tls_note_sent(pair.server.tls, 1);
    assert_true(owes(&control));
    why__tls_wear_out(pair.server.tls);
    assert_false(owes(&control));
    assert_int_equal(SSL_key_update(pair.client.tls->ssl, SSL_KEY_UPDATE_REQUESTED), 1);
    talk();
    why__tls_note_sent(pair.server.tls, 1);
    assert_false(owes(&control));
    send_data("that is all");
}

/* ---- The end ---- */

static void close_notify_is_said_once(void **state) {
    (void)state;
    struct why__tls_control control;
    meet();
    take();
    assert_int_equal(SSL_key_update(pair.client.tls->ssl, SSL_KEY_UPDATE_REQUESTED), 1);
    talk();
    why__tls_close(pair.server.tls);
    why__tls_close(pair.server.tls);
    assert_true(owes(&control)); /* and the keys need not be new any more */
    assert_int_equal(control.type, SSL3_RT_ALERT);
    assert_memory_equal(control.content, "\x01\0", 2);
    send_control(&control);
    assert_int_equal(pair.client.status, WHY__TLS_ENDED);
    assert_false(owes(&control));
    static const uint8_t record[5 + 30] = {0x17, 3, 3, 0, 30};
    test_tls_feed(&pair.server, record, sizeof record, 0);
    assert_int_equal(pair.server.status, WHY__TLS_FAILED);
    assert_false(owes(&control));
}

static void a_fatal_alert_is_said(void **state) {
    (void)state;
    struct why__tls_control control;
    meet();
    take();
    static const uint8_t record[5 + 30] = {0x17, 3, 3, 0, 30};
    test_tls_feed(&pair.server, record, sizeof record, 0);
    assert_int_equal(pair.server.status, WHY__TLS_FAILED);
    assert_true(owes(&control));
    assert_int_equal(control.type, SSL3_RT_ALERT);
    assert_int_equal(control.len, 2);
    assert_memory_equal(control.content, "\x02\x14", 2);
    send_control(&control);
    assert_false(owes(&control));
    assert_int_equal(test_tls_report(&pair.client).tls.alert, WHY__TLS_ALERT_BAD_RECORD_MAC);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(it_is_offered_once_and_only_when_nothing_waits, join, part),
        cmocka_unit_test_setup_teardown(who_does_not_want_it_is_not_asked, join, part),
        cmocka_unit_test_setup_teardown(the_keys_are_not_kept, join, part),
        cmocka_unit_test_setup_teardown(records_and_new_keys_are_what_the_client_expects, join,
                                        part),
        cmocka_unit_test_setup_teardown(one_key_update_answers_all_that_asked, join, part),
        cmocka_unit_test_setup_teardown(keys_change_before_they_wear_out, join, part),
        cmocka_unit_test_setup_teardown(keys_that_cannot_be_changed_are_not_asked_for_again, join,
                                        part),
        cmocka_unit_test_setup_teardown(close_notify_is_said_once, join, part),
        cmocka_unit_test_setup_teardown(a_fatal_alert_is_said, join, part),
    };
    return cmocka_run_group_tests(tests, make_pki, free_pki);
}
