/* SPDX-License-Identifier: MIT
 *
 * The knowledge is whole: every code, cause and notice has its words, every number its range, and
 * the advice to connect again follows from code and cause.
 */
#include "whysocket/explain.h"

#include "support/test.h"

#include <string.h>

static bool is_text(const char *text) {
    return text != NULL && text[0] != '\0';
}

static bool is_sentence(const char *text) {
    return is_text(text) && text[strlen(text) - 1] == '.';
}

static void every_number_has_one_entry(void **state) {
    (void)state;
    size_t index = 0;
    for (unsigned code = 0; code <= UINT16_MAX; code++) {
        const struct why_code_info *info = why_code_info_at(index);
        if (code > info->last) {
            info = why_code_info_at(++index);
        }
        if (info == NULL || code < info->first || code > info->last) {
            fail_msg("%u is in no entry, or the entries are out of order", code);
        }
        if (why_code_info((uint16_t)code) != info) {
            fail_msg("%u: why_code_info() finds another entry", code);
        }
    }
    assert_null(why_code_info_at(index + 1));
}

static void ranges_are_those_of_the_registry(void **state) {
    (void)state;
    static const struct {
        uint16_t first, last;
        enum why_code_status status;
    } rows[] = {
        {0, 999, WHY_CODE_INVALID},        {1000, 1000, WHY_CODE_REGISTERED},
        {1001, 1001, WHY_CODE_REGISTERED}, {1002, 1002, WHY_CODE_REGISTERED},
        {1003, 1003, WHY_CODE_REGISTERED}, {1004, 1004, WHY_CODE_RESERVED},
        {1005, 1005, WHY_CODE_LOCAL},      {1006, 1006, WHY_CODE_LOCAL},
        {1007, 1007, WHY_CODE_REGISTERED}, {1008, 1008, WHY_CODE_REGISTERED},
        {1009, 1009, WHY_CODE_REGISTERED}, {1010, 1010, WHY_CODE_REGISTERED},
        {1011, 1011, WHY_CODE_REGISTERED}, {1012, 1012, WHY_CODE_REGISTERED},
        {1013, 1013, WHY_CODE_REGISTERED}, {1014, 1014, WHY_CODE_REGISTERED},
        {1015, 1015, WHY_CODE_LOCAL},      {1016, 2999, WHY_CODE_UNASSIGNED},
        {3000, 3000, WHY_CODE_LIBRARY},    {3001, 3002, WHY_CODE_LIBRARY},
        {3003, 3003, WHY_CODE_LIBRARY},    {3004, 3007, WHY_CODE_LIBRARY},
        {3008, 3008, WHY_CODE_LIBRARY},    {3009, 3999, WHY_CODE_LIBRARY},
        {4000, 4999, WHY_CODE_PRIVATE},    {5000, UINT16_MAX, WHY_CODE_INVALID},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        const struct why_code_info *info = why_code_info_at(i);
        if (info == NULL || info->first != rows[i].first || info->last != rows[i].last ||
            info->status != rows[i].status) {
            fail_msg("entry %zu is not %u-%u", i, rows[i].first, rows[i].last);
        }
    }
    assert_null(why_code_info_at(TEST_COUNT(rows)));
}

static void who_may_send_agrees_with_the_rule(void **state) {
    (void)state;
    const struct why_code_info *info;
    for (size_t i = 0; (info = why_code_info_at(i)) != NULL; i++) {
        bool sendable = info->senders != WHY_SENDERS_NONE;
        if (why_close_code_is_sendable(info->first) != sendable ||
            why_close_code_is_sendable(info->last) != sendable) {
            fail_msg("%u", info->first);
        }
    }
}

static void expect_words_of_code(const struct why_code_info *info) {
    const char *sentences[] = {
        info->description, info->when, info->fix, info->use, info->sender, info->retry_advice,
    };
    for (size_t i = 0; i < TEST_COUNT(sentences); i++) {
        if (!is_sentence(sentences[i])) {
            fail_msg("%u: sentence %zu", info->first, i);
        }
    }
    if (!is_text(info->name) || !is_text(info->essence) || !is_text(info->reference)) {
        fail_msg("%u: name, essence or reference", info->first);
    }
    for (int client = 0; client < WHY_CLIENT_KIND_COUNT; client++) {
        if (!is_text(info->clients[client])) {
            fail_msg("%u: nothing on client %d", info->first, client);
        }
    }
}

static void every_code_has_its_words(void **state) {
    (void)state;
    const struct why_code_info *info;
    for (size_t i = 0; (info = why_code_info_at(i)) != NULL; i++) {
        expect_words_of_code(info);
    }
}

static void every_code_has_its_facets(void **state) {
    (void)state;
    for (int i = 0; i < WHY_FACET_COUNT; i++) {
        enum why_facet facet = (enum why_facet)i;
        assert_true(is_text(why_facet_name(facet)));
        const struct why_code_info *info;
        for (size_t k = 0; (info = why_code_info_at(k)) != NULL; k++) {
            const char *text = why_code_facet(info, facet);
            if (!is_text(text) || is_sentence(text)) {
                fail_msg("%u: facet %d", info->first, i);
            }
        }
    }
}

static void named_codes_differ_in_two_facets(void **state) {
    (void)state;
    static const uint16_t named[] = {1000, 1001, 1002, 1003, 1004, 1005, 1006, 1007, 1008, 1009,
                                     1010, 1011, 1012, 1013, 1014, 1015, 3000, 3003, 3008};
    for (size_t a = 0; a < TEST_COUNT(named); a++) {
        for (size_t b = a + 1; b < TEST_COUNT(named); b++) {
            const struct why_code_info *one = why_code_info(named[a]);
            const struct why_code_info *other = why_code_info(named[b]);
            int differences = 0;
            for (int facet = 0; facet < WHY_FACET_COUNT; facet++) {
                const char *here = why_code_facet(one, (enum why_facet)facet);
                const char *there = why_code_facet(other, (enum why_facet)facet);
                assert_int_equal(here == there, strcmp(here, there) == 0);
                differences += here != there;
            }
            if (differences < 2) {
                fail_msg("%u and %u: %d", named[a], named[b], differences);
            }
            assert_string_not_equal(one->essence, other->essence);
            assert_string_not_equal(one->name, other->name);
        }
    }
}

static void vendors_mean_codes_that_travel(void **state) {
    (void)state;
    const struct why_vendor_code *code;
    uint16_t before = 0;
    size_t count = 0;
    for (; (code = why_vendor_code_at(count)) != NULL; count++) {
        if (code->first > code->last || code->first < before || !is_text(code->vendor) ||
            !is_text(code->meaning) || !why_close_code_is_sendable(code->first) ||
            !why_close_code_is_sendable(code->last)) {
            fail_msg("row %zu: %u-%u %s", count, code->first, code->last, code->vendor);
        }
        before = code->first;
    }
    assert_true(count > 0);
}

static bool is_id(const char *id) {
    return is_text(id) && strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789_.") == strlen(id);
}

static void every_cause_is_found_by_its_id(void **state) {
    (void)state;
    for (int i = 0; i < WHY_CAUSE_COUNT; i++) {
        const char *id = why_cause_id((enum why_cause)i);
        enum why_cause found = WHY_CAUSE_COUNT;
        if (!is_id(id) || !why_cause_find(id, &found) || found != (enum why_cause)i) {
            fail_msg("%s: not an id, or another cause has it, too", id);
        }
    }
    static const char *const unknown[] = {"", "tls", "tls.cert", "tls.cert.expired ", "TCP.RESET"};
    for (size_t i = 0; i < TEST_COUNT(unknown); i++) {
        enum why_cause found = WHY_CAUSE_COUNT;
        assert_false(why_cause_find(unknown[i], &found));
        assert_int_equal(found, WHY_CAUSE_COUNT);
    }
}

/* What no client of that kind can meet: browsers know no Unix sockets, have no key files, and
 * always mask; the JDK and curl are no servers either. */
static bool may_be_silent(enum why_cause cause, enum why_client_kind client) {
    if (client >= WHY_CLIENT_JAVA) {
        return cause == WHY_CAUSE_FRAME_NOT_MASKED;
    }
    return client <= WHY_CLIENT_SAFARI &&
           (cause == WHY_CAUSE_TCP_NO_UNIX_SOCKET || cause == WHY_CAUSE_TLS_CONFIG ||
            cause == WHY_CAUSE_FRAME_NOT_MASKED);
}

static void expect_words_of_cause(enum why_cause cause, const struct why_cause_info *info) {
    if (is_sentence(info->title) || !is_sentence(info->happened) || !is_sentence(info->when) ||
        !is_sentence(info->fix)) {
        fail_msg("%s: a full stop too many or too few", why_cause_id(cause));
    }
    if (is_text(info->reference) == (cause == WHY_CAUSE_NONE)) {
        fail_msg("%s: reference", why_cause_id(cause));
    }
}

static void expect_clients_of_cause(enum why_cause cause, const struct why_cause_info *info) {
    for (int client = 0; client < WHY_CLIENT_KIND_COUNT; client++) {
        bool silent = may_be_silent(cause, (enum why_client_kind)client);
        const char *shown = info->clients[client];
        if (shown == NULL || (shown[0] == '\0' && !silent && cause != WHY_CAUSE_NONE)) {
            fail_msg("%s: nothing on client %d", why_cause_id(cause), client);
        }
    }
}

static void every_cause_has_its_words(void **state) {
    (void)state;
    for (int i = 0; i < WHY_CAUSE_COUNT; i++) {
        enum why_cause cause = (enum why_cause)i;
        const struct why_cause_info *info = why_cause_info(cause);
        if (info == NULL || !is_text(info->title)) {
            fail_msg("%s: no words", why_cause_id(cause));
            return;
        }
        expect_words_of_cause(cause, info);
        expect_clients_of_cause(cause, info);
    }
    assert_null(why_cause_info(WHY_CAUSE_COUNT));
}

static void causes_of_tls_say_what_each_side_does(void **state) {
    (void)state;
    for (int i = 0; i < WHY_CAUSE_COUNT; i++) {
        enum why_cause cause = (enum why_cause)i;
        const struct why_cause_info *info = why_cause_info(cause);
        const char *const sides[] = {info->fix_server, info->fix_client};
        bool any = false;
        for (size_t k = 0; k < TEST_COUNT(sides); k++) {
            if (sides[k] != NULL && !is_sentence(sides[k])) {
                fail_msg("%s: a full stop is missing", why_cause_id(cause));
            }
            any |= sides[k] != NULL;
        }
        if (why_cause_layer(cause) == WHY_LAYER_TLS && !any) {
            fail_msg("%s: nothing for either side", why_cause_id(cause));
        }
        /* What is a client's own, a client can mend; what is its peer's, a server can. */
        const char *own = why_cause_side(cause) == WHY_SIDE_PEER     ? info->fix_server
                          : cause == WHY_CAUSE_TLS_OUR_CERT_REJECTED ? info->fix_server
                                                                     : info->fix_client;
        if (why_cause_layer(cause) == WHY_LAYER_TLS && own == NULL) {
            fail_msg("%s: nothing for the side that it is on", why_cause_id(cause));
        }
    }
}

/* OpenSSL prefixes an alert's name with a version that says nothing about the connection. */
static void expect_no_prefix(const char *id, const char *text) {
    static const char *const prefixes[] = {"sslv3 alert", "tlsv1 alert", "tlsv13 alert",
                                           "SSLV3_ALERT", "TLSV1_ALERT", "TLSV13_ALERT"};
    for (size_t i = 0; i < TEST_COUNT(prefixes); i++) {
        if (strstr(text, prefixes[i]) != NULL) {
            fail_msg("%s: %s", id, text);
        }
    }
}

static void no_alert_is_named_after_a_version(void **state) {
    (void)state;
    for (int i = 0; i < WHY_CAUSE_COUNT; i++) {
        const struct why_cause_info *info = why_cause_info((enum why_cause)i);
        const char *id = why_cause_id((enum why_cause)i);
        for (int client = 0; client < WHY_CLIENT_KIND_COUNT; client++) {
            expect_no_prefix(id, info->clients[client]);
        }
        expect_no_prefix(id, info->happened);
        expect_no_prefix(id, info->when);
        expect_no_prefix(id, info->fix);
    }
}

static void every_notice_has_its_words(void **state) {
    (void)state;
    for (int i = 0; i < WHY_NOTICE_COUNT; i++) {
        const char *id = why_notice_id((enum why_notice)i);
        const struct why_notice_info *info = why_notice_info((enum why_notice)i);
        enum why_notice found = WHY_NOTICE_COUNT;
        enum why_cause cause;
        if (!is_id(id) || !why_notice_find(id, &found) || found != (enum why_notice)i ||
            why_cause_find(id, &cause)) {
            fail_msg("%s: not an id, or another entry has it, too", id);
        }
        if (!is_text(info->title) || is_sentence(info->title) || !is_sentence(info->meaning) ||
            !is_sentence(info->fix)) {
            fail_msg("%s: words", id);
        }
        for (int k = 0; k < i; k++) {
            if (strcmp(why_notice_info((enum why_notice)k)->title, info->title) == 0) {
                fail_msg("%s: another notice has its title", id);
            }
        }
    }
    enum why_notice found = WHY_NOTICE_COUNT;
    assert_null(why_notice_info(WHY_NOTICE_COUNT));
    assert_false(why_notice_find("cert", &found));
    assert_int_equal(found, WHY_NOTICE_COUNT);
}

static void titles_tell_causes_apart(void **state) {
    (void)state;
    for (int i = 0; i < WHY_CAUSE_COUNT; i++) {
        for (int k = i + 1; k < WHY_CAUSE_COUNT; k++) {
            const struct why_cause_info *one = why_cause_info((enum why_cause)i);
            const struct why_cause_info *other = why_cause_info((enum why_cause)k);
            if (strcmp(one->title, other->title) == 0 ||
                strcmp(one->happened, other->happened) == 0) {
                fail_msg("%s and %s", why_cause_id((enum why_cause)i),
                         why_cause_id((enum why_cause)k));
            }
        }
    }
}

static void connecting_again_follows_from_code_and_cause(void **state) {
    (void)state;
    static const struct {
        uint16_t code;
        enum why_cause cause;
        enum why_retry retry;
    } rows[] = {
        {1000, WHY_CAUSE_PEER_CLOSED, WHY_RETRY_NOT_NEEDED},
        {1001, WHY_CAUSE_PEER_CLOSED, WHY_RETRY_BACK_OFF},
        {1002, WHY_CAUSE_PEER_CLOSED, WHY_RETRY_CHANGED},
        {1003, WHY_CAUSE_PEER_CLOSED, WHY_RETRY_CHANGED},
        {1005, WHY_CAUSE_PEER_CLOSED, WHY_RETRY_DEPENDS},
        {1006, WHY_CAUSE_NONE, WHY_RETRY_BACK_OFF},
        {1007, WHY_CAUSE_PEER_CLOSED, WHY_RETRY_CHANGED},
        {1008, WHY_CAUSE_PEER_CLOSED, WHY_RETRY_CHANGED},
        {1009, WHY_CAUSE_PEER_CLOSED, WHY_RETRY_CHANGED},
        {1010, WHY_CAUSE_PEER_CLOSED, WHY_RETRY_CHANGED},
        {1011, WHY_CAUSE_PEER_CLOSED, WHY_RETRY_BACK_OFF},
        {1012, WHY_CAUSE_PEER_CLOSED, WHY_RETRY_BACK_OFF},
        {1013, WHY_CAUSE_PEER_CLOSED, WHY_RETRY_BACK_OFF},
        {1014, WHY_CAUSE_PEER_CLOSED, WHY_RETRY_BACK_OFF},
        {3000, WHY_CAUSE_PEER_CLOSED, WHY_RETRY_CHANGED},
        {3003, WHY_CAUSE_PEER_CLOSED, WHY_RETRY_CHANGED},
        {3008, WHY_CAUSE_PEER_CLOSED, WHY_RETRY_BACK_OFF},
        {4001, WHY_CAUSE_PEER_CLOSED, WHY_RETRY_DEPENDS},
        {1011, WHY_CAUSE_LOCAL_CLOSED, WHY_RETRY_NOT_NEEDED},
        {1006, WHY_CAUSE_DNS_NOT_FOUND, WHY_RETRY_CHANGED},
        {1006, WHY_CAUSE_DNS_TEMPORARY, WHY_RETRY_BACK_OFF},
        {1006, WHY_CAUSE_TCP_REFUSED, WHY_RETRY_BACK_OFF},
        {1006, WHY_CAUSE_TCP_FIN, WHY_RETRY_BACK_OFF},
        {1006, WHY_CAUSE_TCP_RESET, WHY_RETRY_BACK_OFF},
        {1006, WHY_CAUSE_PROXY_AUTH_REQUIRED, WHY_RETRY_CHANGED},
        {1015, WHY_CAUSE_NONE, WHY_RETRY_DEPENDS},
        {1015, WHY_CAUSE_TLS_EOF, WHY_RETRY_BACK_OFF},
        {1015, WHY_CAUSE_TLS_RESET, WHY_RETRY_BACK_OFF},
        {1015, WHY_CAUSE_TLS_CORRUPTED, WHY_RETRY_BACK_OFF},
        {1015, WHY_CAUSE_TIMEOUT_TLS, WHY_RETRY_BACK_OFF},
        {1015, WHY_CAUSE_TLS_CERT_EXPIRED, WHY_RETRY_CHANGED},
        {1015, WHY_CAUSE_TLS_CHAIN_UNTRUSTED_CA, WHY_RETRY_CHANGED},
        {1015, WHY_CAUSE_TLS_VERSION, WHY_RETRY_CHANGED},
        {1006, WHY_CAUSE_HTTP_STATUS_403, WHY_RETRY_CHANGED},
        {1006, WHY_CAUSE_HTTP_STATUS_4XX, WHY_RETRY_CHANGED},
        {1006, WHY_CAUSE_HTTP_STATUS_429, WHY_RETRY_BACK_OFF},
        {1006, WHY_CAUSE_HTTP_STATUS_502, WHY_RETRY_BACK_OFF},
        {1006, WHY_CAUSE_HTTP_STATUS_503, WHY_RETRY_BACK_OFF},
        {1006, WHY_CAUSE_HTTP_STATUS_504, WHY_RETRY_BACK_OFF},
        {1006, WHY_CAUSE_HTTP_RESPONSE_ACCEPT, WHY_RETRY_CHANGED},
        {1007, WHY_CAUSE_UTF8_INVALID, WHY_RETRY_CHANGED},
        {1013, WHY_CAUSE_LIMIT_SEND_QUEUE, WHY_RETRY_BACK_OFF},
        {1006, WHY_CAUSE_TIMEOUT_PONG, WHY_RETRY_BACK_OFF},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        struct why_record record = {.code = rows[i].code, .cause = rows[i].cause};
        if (why_record_retry(&record) != rows[i].retry) {
            fail_msg("%u %s", rows[i].code, why_cause_id(rows[i].cause));
        }
    }
}

/* All certificates, keys and versions: the same handshake again fails the same way. */
static void only_a_cut_in_tls_is_tried_again(void **state) {
    (void)state;
    for (int i = 0; i < WHY_CAUSE_COUNT; i++) {
        enum why_cause cause = (enum why_cause)i;
        if (why_cause_layer(cause) != WHY_LAYER_TLS) {
            continue;
        }
        bool cut = cause == WHY_CAUSE_TLS_EOF || cause == WHY_CAUSE_TLS_CUT ||
                   cause == WHY_CAUSE_TLS_RESET || cause == WHY_CAUSE_TLS_CLOSED_ON_ACCEPT ||
                   cause == WHY_CAUSE_TLS_PACKETS_LOST || cause == WHY_CAUSE_TLS_SERVER_ERROR ||
                   cause == WHY_CAUSE_TLS_CORRUPTED || cause == WHY_CAUSE_TIMEOUT_TLS;
        enum why_retry expected = cut                               ? WHY_RETRY_BACK_OFF
                                  : cause == WHY_CAUSE_TLS_NO_HELLO ? WHY_RETRY_NOT_NEEDED
                                                                    : WHY_RETRY_CHANGED;
        struct why_record record = {.code = 1015, .cause = cause};
        if (why_record_retry(&record) != expected) {
            fail_msg("%s", why_cause_id(cause));
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_number_has_one_entry),
        cmocka_unit_test(ranges_are_those_of_the_registry),
        cmocka_unit_test(who_may_send_agrees_with_the_rule),
        cmocka_unit_test(every_code_has_its_words),
        cmocka_unit_test(every_code_has_its_facets),
        cmocka_unit_test(named_codes_differ_in_two_facets),
        cmocka_unit_test(vendors_mean_codes_that_travel),
        cmocka_unit_test(every_cause_is_found_by_its_id),
        cmocka_unit_test(every_cause_has_its_words),
        cmocka_unit_test(causes_of_tls_say_what_each_side_does),
        cmocka_unit_test(no_alert_is_named_after_a_version),
        cmocka_unit_test(every_notice_has_its_words),
        cmocka_unit_test(titles_tell_causes_apart),
        cmocka_unit_test(connecting_again_follows_from_code_and_cause),
        cmocka_unit_test(only_a_cut_in_tls_is_tried_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
