/* SPDX-License-Identifier: MIT
 *
 * The suite's judge of permessage-deflate: which answers fit which offers (RFC 7692 section 7.1).
 */
#include "conform/agree.h"
#include "core/http_field.h"

#include "support/test.h"

#include <string.h>

struct row {
    const char *name, *rfc;
    const char *offers[3]; /* headers, ended by NULL */
    const char *answer;
    const char *wrong; /* a part of what is said; NULL: it fits */
    uint8_t server_bits, client_bits;
};

static const struct row rows[] = {
    {.name = "nothing but the name",
     .rfc = "7.1",
     .offers = {"permessage-deflate"},
     .answer = "permessage-deflate"},
    {.name = "a name in capitals",
     .rfc = "9.1",
     .offers = {"permessage-deflate"},
     .answer = "PERMESSAGE-DEFLATE"},
    {.name = "nothing was offered",
     .rfc = "9.1",
     .offers = {NULL},
     .answer = "permessage-deflate",
     .wrong = "not offered"},
    {.name = "another extension",
     .rfc = "9.1",
     .offers = {"permessage-deflate"},
     .answer = "x-other",
     .wrong = "not offered"},
    {.name = "two extensions",
     .rfc = "9.1",
     .offers = {"permessage-deflate"},
     .answer = "permessage-deflate, permessage-deflate",
     .wrong = "two extensions"},
    {.name = "an empty answer",
     .rfc = "9.1",
     .offers = {"permessage-deflate"},
     .answer = "",
     .wrong = "cannot be read"},
    {.name = "not the grammar",
     .rfc = "9.1",
     .offers = {"permessage-deflate"},
     .answer = "permessage-deflate; =1",
     .wrong = "cannot be read"},
    {.name = "forgetting may be answered unasked",
     .rfc = "7.1.1",
     .offers = {"permessage-deflate"},
     .answer = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"},
    {.name = "forgetting was asked for",
     .rfc = "7.1.1.1",
     .offers = {"permessage-deflate; server_no_context_takeover"},
     .answer = "permessage-deflate",
     .wrong = "server_no_context_takeover"},
    {.name = "forgetting twice",
     .rfc = "7.1",
     .offers = {"permessage-deflate"},
     .answer = "permessage-deflate; client_no_context_takeover; client_no_context_takeover",
     .wrong = "twice"},
    {.name = "forgetting with a value",
     .rfc = "7.1.1",
     .offers = {"permessage-deflate"},
     .answer = "permessage-deflate; server_no_context_takeover=1",
     .wrong = "with a value"},
    {.name = "a server's window may be answered unasked",
     .rfc = "7.1.2.1",
     .offers = {"permessage-deflate"},
     .answer = "permessage-deflate; server_max_window_bits=12",
     .server_bits = 12},
    {.name = "a server's window was asked for",
     .rfc = "7.1.2.1",
     .offers = {"permessage-deflate; server_max_window_bits=10"},
     .answer = "permessage-deflate",
     .wrong = "server_max_window_bits was asked for"},
    {.name = "a server's window that is larger",
     .rfc = "7.1.2.1",
     .offers = {"permessage-deflate; server_max_window_bits=10"},
     .answer = "permessage-deflate; server_max_window_bits=11",
     .wrong = "server_max_window_bits was asked for"},
    {.name = "a server's window that is smaller",
     .rfc = "7.1.2.1",
     .offers = {"permessage-deflate; server_max_window_bits=10"},
     .answer = "permessage-deflate; server_max_window_bits=9",
     .server_bits = 9},
    {.name = "a server's window without a value",
     .rfc = "7.1.2.1",
     .offers = {"permessage-deflate"},
     .answer = "permessage-deflate; server_max_window_bits",
     .wrong = "without a value"},
    {.name = "a window of 7 bits",
     .rfc = "7.1.2.1",
     .offers = {"permessage-deflate"},
     .answer = "permessage-deflate; server_max_window_bits=7",
     .wrong = "not 8 to 15"},
    {.name = "a window of 16 bits",
     .rfc = "7.1.2.1",
     .offers = {"permessage-deflate"},
     .answer = "permessage-deflate; server_max_window_bits=16",
     .wrong = "not 8 to 15"},
    {.name = "a window with a leading zero",
     .rfc = "7.1.2.1",
     .offers = {"permessage-deflate"},
     .answer = "permessage-deflate; server_max_window_bits=09",
     .wrong = "not 8 to 15"},
    {.name = "a window in quotes",
     .rfc = "9.1",
     .offers = {"permessage-deflate"},
     .answer = "permessage-deflate; server_max_window_bits=\"9\"",
     .server_bits = 9},
    {.name = "a client's window that was not offered",
     .rfc = "7.1.2.2",
     .offers = {"permessage-deflate"},
     .answer = "permessage-deflate; client_max_window_bits=15",
     .wrong = "did not offer"},
    {.name = "a client's window, any size",
     .rfc = "7.1.2.2",
     .offers = {"permessage-deflate; client_max_window_bits"},
     .answer = "permessage-deflate; client_max_window_bits=8",
     .client_bits = 8},
    {.name = "a client's window without a value in the answer",
     .rfc = "7.1.2.2",
     .offers = {"permessage-deflate; client_max_window_bits"},
     .answer = "permessage-deflate; client_max_window_bits",
     .wrong = "without a value"},
    {.name = "a client's window that is larger than offered",
     .rfc = "7.1.2.2",
     .offers = {"permessage-deflate; client_max_window_bits=10"},
     .answer = "permessage-deflate; client_max_window_bits=11",
     .wrong = "larger"},
    {.name = "an unknown parameter",
     .rfc = "7.1",
     .offers = {"permessage-deflate"},
     .answer = "permessage-deflate; mem_level=9",
     .wrong = "no such parameter"},
    {.name = "the second of two offers",
     .rfc = "5.1",
     .offers = {"permessage-deflate; server_max_window_bits=10, permessage-deflate"},
     .answer = "permessage-deflate"},
    {.name = "an offer in a second header",
     .rfc = "9.1",
     .offers = {"x-other", "permessage-deflate; client_max_window_bits"},
     .answer = "permessage-deflate; client_max_window_bits=9",
     .client_bits = 9},
    {.name = "an offer that is wrong itself",
     .rfc = "7.1",
     .offers = {"permessage-deflate; server_max_window_bits=7"},
     .answer = "permessage-deflate",
     .wrong = "not offered"},
};

static bool is_right(const struct row *row) {
    struct why_bytes offers[3];
    size_t count = 0;
    while (count < 3 && row->offers[count] != NULL) {
        offers[count] = why__bytes_of(row->offers[count]);
        count++;
    }
    struct why_deflate_params agreed = {0};
    const char *wrong = conform_agree(offers, count, why__bytes_of(row->answer), &agreed);
    if (row->wrong != NULL) {
        return wrong != NULL && strstr(wrong, row->wrong) != NULL && !agreed.enabled;
    }
    return wrong == NULL && agreed.enabled && agreed.server_max_window_bits == row->server_bits &&
           agreed.client_max_window_bits == row->client_bits;
}

static void answers_are_judged_by_their_offers(void **state) {
    (void)state;
    size_t failed = 0;
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        if (!is_right(&rows[i])) {
            fprintf(stderr, "FAIL %s (RFC 7692 section %s)\n", rows[i].name, rows[i].rfc);
            failed++;
        }
    }
    assert_int_equal(failed, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(answers_are_judged_by_their_offers)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
