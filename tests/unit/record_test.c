/* SPDX-License-Identifier: MIT
 *
 * The close record's beginnings: what is unknown says so, and the first cause stays.
 */
#include "whysocket/record.h"

#include "support/test.h"

#include <string.h>

static void an_empty_record_knows_nothing(void **state) {
    (void)state;
    struct why_record record;
    memset(&record, 0xff, sizeof record);
    why_record_init(&record);
    assert_int_equal(record.cause, WHY_CAUSE_NONE);
    assert_int_equal(record.code, 0);
    assert_int_equal(record.tls.alert, -1);
    assert_int_equal(record.timings.dns_us, WHY_NO_TIME);
    assert_int_equal(record.timings.http_us, WHY_NO_TIME);
    assert_int_equal(record.timings.ping_rtt_ms, WHY_NO_TIME);
    assert_false(record.sent.present || record.received.present || record.utf8.present);
}

static void the_first_cause_stays(void **state) {
    (void)state;
    for (unsigned cause = 1; cause < WHY_CAUSE_COUNT; cause++) {
        struct why_record record;
        why_record_init(&record);
        why_record_fail(&record, (enum why_cause)cause);
        assert_int_equal(record.code, why_cause_code((enum why_cause)cause));
        assert_int_equal(record.layer, why_cause_layer((enum why_cause)cause));
        assert_int_equal(record.side, why_cause_side((enum why_cause)cause));
        why_record_fail(&record, cause == 1 ? WHY_CAUSE_TCP_RESET : (enum why_cause)1);
        assert_int_equal(record.cause, cause);
    }
}

static void every_status_has_a_cause(void **state) {
    (void)state;
    static const struct {
        uint16_t first, last;
        enum why_cause cause;
    } ranges[] = {
        {200, 299, WHY_CAUSE_HTTP_NOT_UPGRADED}, {300, 399, WHY_CAUSE_HTTP_STATUS_REDIRECT},
        {400, 400, WHY_CAUSE_HTTP_STATUS_400},   {401, 401, WHY_CAUSE_HTTP_STATUS_401},
        {402, 402, WHY_CAUSE_HTTP_STATUS_4XX},   {403, 403, WHY_CAUSE_HTTP_STATUS_403},
        {404, 404, WHY_CAUSE_HTTP_STATUS_404},   {405, 425, WHY_CAUSE_HTTP_STATUS_4XX},
        {426, 426, WHY_CAUSE_HTTP_STATUS_426},   {427, 428, WHY_CAUSE_HTTP_STATUS_4XX},
        {429, 429, WHY_CAUSE_HTTP_STATUS_429},   {430, 499, WHY_CAUSE_HTTP_STATUS_4XX},
        {500, 501, WHY_CAUSE_HTTP_STATUS_5XX},   {502, 502, WHY_CAUSE_HTTP_STATUS_502},
        {503, 503, WHY_CAUSE_HTTP_STATUS_503},   {504, 504, WHY_CAUSE_HTTP_STATUS_504},
        {505, 599, WHY_CAUSE_HTTP_STATUS_5XX},
    };
    for (size_t i = 0; i < TEST_COUNT(ranges); i++) {
        for (unsigned status = ranges[i].first; status <= ranges[i].last; status++) {
            assert_int_equal(why_cause_of_status((uint16_t)status), ranges[i].cause);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_record_knows_nothing),
        cmocka_unit_test(the_first_cause_stays),
        cmocka_unit_test(every_status_has_a_cause),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
