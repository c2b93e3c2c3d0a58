/* SPDX-License-Identifier: MIT
 *
 * Which close codes may travel (RFC 6455 section 7.4, IANA registry).
 */
#include "whysocket/close_code.h"

#include "support/test.h"

static void codes_that_may_travel(void **state) {
    (void)state;
    static const struct {
        uint16_t first, last;
    } sendable[] = {{1000, 1003}, {1007, 1014}, {3000, 4999}};
    for (unsigned code = 0; code <= UINT16_MAX; code++) {
        bool expected = false;
        for (size_t i = 0; i < TEST_COUNT(sendable); i++) {
            expected |= code >= sendable[i].first && code <= sendable[i].last;
        }
        if (why_close_code_is_sendable((uint16_t)code) != expected) {
            fail_msg("%u", code);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(codes_that_may_travel),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
