/* SPDX-License-Identifier: MIT
 *
 * What a server's opening handshake answers: the 101 and what was agreed on, other answers, limits,
 * and running out of memory.
 */
#include "support/test.h"
#include "support/upgrade.h"

#include <stdlib.h>
#include <string.h>

/* ---- The 101 ---- */

static void the_answer_is_that_of_the_rfc(void **state) {
    (void)state;
    struct test_upgrade fixture;
    test_upgrade_start(&fixture, NULL);
    assert_int_equal(test_upgrade_receive(&fixture, GOOD END), WHY_HANDSHAKE_DECIDE);
    assert_int_equal(why_server_handshake_accept(fixture.handshake, NULL), WHY_OK);
    assert_string_equal(test_upgrade_output(&fixture),
                        "HTTP/1.1 101 Switching Protocols\r\n"
                        "Upgrade: websocket\r\n"
                        "Connection: Upgrade\r\n"
                        "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n");
    why_server_handshake_output_consumed(fixture.handshake, 10);
    assert_memory_equal(test_upgrade_output(&fixture), "01 Switch", 5);
    assert_int_equal(why_server_handshake_accept(fixture.handshake, NULL), WHY_ERR_STATE);
    test_upgrade_end(&fixture);
}

static void one_subprotocol_of_those_offered_is_chosen(void **state) {
    (void)state;
    struct test_upgrade fixture;
    test_upgrade_start(&fixture, NULL);
    test_upgrade_receive(&fixture, GOOD "Sec-WebSocket-Protocol: chat,v2\r\n"
                                        "Sec-WebSocket-Protocol: , third\r\n" END);
    static const char *const expected[] = {"chat", "v2", "third"};
    struct why_bytes subprotocol;
    for (size_t i = 0; i < TEST_COUNT(expected); i++) {
        assert_true(why_server_handshake_subprotocol(fixture.handshake, i, &subprotocol));
        assert_int_equal(subprotocol.len, strlen(expected[i]));
        assert_memory_equal(subprotocol.data, expected[i], subprotocol.len);
    }
    assert_false(why_server_handshake_subprotocol(fixture.handshake, 3, &subprotocol));
    assert_int_equal(why_server_handshake_accept(fixture.handshake, "v1"), WHY_ERR_ARGUMENT);
    assert_int_equal(why_server_handshake_accept(fixture.handshake, "V2"), WHY_ERR_ARGUMENT);
    assert_int_equal(why_server_handshake_accept(fixture.handshake, "v2"), WHY_OK);
    assert_non_null(strstr(test_upgrade_output(&fixture), "\r\nSec-WebSocket-Protocol: v2\r\n"));
    test_upgrade_end(&fixture);
}

static void the_answer_has_what_was_agreed_on(void **state) {
    (void)state;
    struct test_upgrade fixture;
    test_upgrade_start(&fixture, NULL);
    test_upgrade_receive(&fixture, GOOD
                         "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=10"
                         "\r\nSec-WebSocket-Extensions: permessage-deflate\r\n" END);
    assert_int_equal(why_server_handshake_accept(fixture.handshake, NULL), WHY_OK);
    assert_non_null(strstr(test_upgrade_output(&fixture),
                           "\r\nSec-WebSocket-Extensions: permessage-deflate; "
                           "server_no_context_takeover; client_no_context_takeover; "
                           "client_max_window_bits=10\r\n"));
    struct why_deflate_params deflate = why_server_handshake_deflate(fixture.handshake);
    assert_true(deflate.enabled);
    assert_int_equal(deflate.client_max_window_bits, 10);
    test_upgrade_end(&fixture);
}

/* Bad input, row 18. */
static void frames_behind_the_request_stay_in_the_input(void **state) {
    (void)state;
    struct test_upgrade fixture;
    test_upgrade_start(&fixture, NULL);
    static const char text[] = GOOD END "\x81\x80\x01\x02\x03\x04";
    struct why_bytes input = {(const uint8_t *)text, sizeof text - 1};
    assert_int_equal(why_server_handshake_receive(fixture.handshake, &input), WHY_HANDSHAKE_DECIDE);
    assert_int_equal(input.len, 6);
    assert_int_equal(why_server_handshake_receive(fixture.handshake, &input), WHY_HANDSHAKE_DECIDE);
    assert_int_equal(input.len, 6);
    test_upgrade_end(&fixture);
}

/* ---- Other answers ---- */

static void a_plain_request_is_answered_and_closed(void **state) {
    (void)state;
    static const struct {
        const char *request;
        struct why_http_response response;
        const char *expect;
    } answers[] = {
        {GET HOST END,
         {.status = 200, .body = {(const uint8_t *)"ok\n", 3}},
         "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: text/plain; charset=utf-8\r\n"
         "Content-Length: 3\r\n\r\nok\n"},
        {"HEAD / HTTP/1.1\r\n" HOST END,
         {.status = 200,
          .content_type = "text/html",
          .headers = "Cache-Control: no-store\r\nX: y\r\n",
          .body = {(const uint8_t *)"ok\n", 3}},
         "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: text/html\r\n"
         "Content-Length: 3\r\nCache-Control: no-store\r\nX: y\r\n\r\n"},
        {GET HOST END,
         {.status = 204, .body = {(const uint8_t *)"no", 2}},
         "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"},
        {GET HOST END,
         {.status = 599},
         "HTTP/1.1 599 \r\nConnection: close\r\nContent-Type: text/plain; charset=utf-8\r\n"
         "Content-Length: 0\r\n\r\n"},
    };
    for (size_t i = 0; i < TEST_COUNT(answers); i++) {
        struct test_upgrade fixture;
        test_upgrade_start(&fixture, NULL);
        assert_int_equal(test_upgrade_receive(&fixture, answers[i].request), WHY_HANDSHAKE_DECIDE);
        assert_int_equal(why_server_handshake_accept(fixture.handshake, NULL), WHY_ERR_STATE);
        assert_int_equal(why_server_handshake_respond(fixture.handshake, &answers[i].response),
                         WHY_OK);
        assert_string_equal(test_upgrade_output(&fixture), answers[i].expect);
        struct why_record record;
        why_record_init(&record);
        why_server_handshake_report(fixture.handshake, &record);
        assert_int_equal(record.cause, WHY_CAUSE_NONE);
        assert_int_equal(why_server_handshake_respond(fixture.handshake, &answers[i].response),
                         WHY_ERR_STATE);
        test_upgrade_end(&fixture);
    }
}

/* Bad input, row 12: whatever refuses, closes; what is behind the request is not read. */
static void a_program_may_refuse_an_upgrade(void **state) {
    (void)state;
    struct test_upgrade fixture;
    test_upgrade_start(&fixture, NULL);
    test_upgrade_receive(&fixture, GOOD END "GET /secret HTTP/1.1\r\n\r\n");
    struct why_http_response response = {.status = 401, .headers = "WWW-Authenticate: Bearer\r\n"};
    assert_int_equal(why_server_handshake_respond(fixture.handshake, &response), WHY_OK);
    assert_non_null(strstr(test_upgrade_output(&fixture), "\r\nConnection: close\r\n"));
    assert_non_null(strstr(test_upgrade_output(&fixture), "\r\nWWW-Authenticate: Bearer\r\n"));
    struct why_record record;
    why_record_init(&record);
    why_server_handshake_report(fixture.handshake, &record);
    assert_int_equal(record.cause, WHY_CAUSE_APPLICATION_REFUSED);
    assert_int_equal(record.http.status, 401);
    struct why_bytes input = {(const uint8_t *)GET, strlen(GET)};
    assert_int_equal(why_server_handshake_receive(fixture.handshake, &input), WHY_HANDSHAKE_FAILED);
    assert_int_equal(input.len, strlen(GET));
    test_upgrade_end(&fixture);
}

static void an_answer_that_would_split_is_not_taken(void **state) {
    (void)state;
    static const struct why_http_response responses[] = {
        {.status = 101},
        {.status = 100},
        {.status = 600},
        {.status = 0},
        {.status = 200, .content_type = "a\r\nX: b"},
        {.status = 200, .headers = "X: y"},
        {.status = 200, .headers = "X: y\n"},
        {.status = 200, .headers = "X: y\r\n\r\n"},
        {.status = 200, .headers = "X: y\rZ: z\r\n"},
        {.status = 200, .headers = "no colon\r\n"},
        {.status = 200, .headers = "X : y\r\n"},
        {.status = 200, .headers = "X: y\r\ncontent-length: 5\r\n"},
        {.status = 200, .headers = "Connection: keep-alive\r\n"},
        {.status = 200, .headers = "Transfer-Encoding: chunked\r\n"},
    };
    struct test_upgrade fixture;
    test_upgrade_start(&fixture, NULL);
    test_upgrade_receive(&fixture, GOOD END);
    for (size_t i = 0; i < TEST_COUNT(responses); i++) {
        assert_int_equal(why_server_handshake_respond(fixture.handshake, &responses[i]),
                         WHY_ERR_ARGUMENT);
    }
    assert_int_equal(why_server_handshake_accept(fixture.handshake, NULL), WHY_OK);
    test_upgrade_end(&fixture);
}

static void a_tls_client_is_told_in_tls(void **state) {
    (void)state;
    struct test_upgrade fixture;
    test_upgrade_start(&fixture, NULL);
    assert_int_equal(test_upgrade_receive(&fixture, "\x16\x03\x01\x02"), WHY_HANDSHAKE_FAILED);
    struct why_bytes alert = why_server_handshake_output(fixture.handshake);
    assert_int_equal(alert.len, 7);
    assert_memory_equal(alert.data, "\x15\x03\x01\x00\x02\x02\x46", 7);
    struct why_record record;
    why_record_init(&record);
    why_server_handshake_report(fixture.handshake, &record);
    assert_int_equal(record.cause, WHY_CAUSE_HTTP_REQUEST_TLS);
    test_upgrade_end(&fixture);
}

static void a_stream_that_ends_inside_the_request_is_cut(void **state) {
    (void)state;
    static const char request[] = GOOD END;
    for (size_t len = 0; len < sizeof request; len++) {
        struct test_upgrade fixture;
        test_upgrade_start(&fixture, NULL);
        test_upgrade_take(fixture.handshake, (const uint8_t *)request, len);
        bool is_whole = len == sizeof request - 1;
        assert_int_equal(why_server_handshake_eof(fixture.handshake),
                         is_whole ? WHY_HANDSHAKE_DECIDE : WHY_HANDSHAKE_FAILED);
        struct why_record record;
        why_record_init(&record);
        why_server_handshake_report(fixture.handshake, &record);
        assert_int_equal(record.cause, is_whole ? WHY_CAUSE_NONE : WHY_CAUSE_HTTP_REQUEST_CUT);
        test_upgrade_end(&fixture);
    }
}

/* ---- Limits ---- */

/* `begin`, then `unit` over and over to `len` bytes in all, then `finish`. */
static char *long_request(const char *begin, const char *unit, size_t len, const char *finish) {
    char *text = malloc(len + strlen(finish) + 1);
    assert_non_null(text);
    size_t at = strlen(begin);
    memcpy(text, begin, at);
    for (size_t i = 0; at < len; at++, i++) {
        text[at] = unit[i % strlen(unit)];
    }
    memcpy(text + at, finish, strlen(finish) + 1);
    return text;
}

static void what_is_too_long_is_refused(void **state) {
    (void)state;
    static const struct {
        const char *name, *begin, *unit, *finish, *status, *cause;
        size_t len;
    } limits[] = {
        {"a target of 5,000 bytes", "GET /", "a", " HTTP/1.1\r\n" HOST END, "414",
         "http.request.target_too_long", 5000},
        {"2,000 headers", GOOD, "X: y\r\n", END, "431", "http.request.too_large", 14000},
        {"a header without end", GOOD "X: ", "a", "", "431", "http.request.too_large", 65536},
        {"a thousand names of subprotocols", GOOD "Sec-WebSocket-Protocol: ", "a,", "\r\n" END,
         "400", "http.request.subprotocols", 4000},
        {"spaces inside a subprotocol", GOOD "Sec-WebSocket-Protocol: b", " ", "x\r\n" END, "400",
         "http.request.subprotocols", 8000},
        {"a quoted string of escapes without end", GOOD "Sec-WebSocket-Extensions: a; b=\"", "\\c",
         "\r\n" END, "400", "http.request.extensions", 8000},
    };
    for (size_t i = 0; i < TEST_COUNT(limits); i++) {
        char *text = long_request(limits[i].begin, limits[i].unit, limits[i].len, limits[i].finish);
        struct test_upgrade fixture;
        test_upgrade_start(&fixture, NULL);
        if (test_upgrade_receive(&fixture, text) != WHY_HANDSHAKE_FAILED) {
            fail_msg("%s: let in", limits[i].name);
        }
        struct why_record record;
        why_record_init(&record);
        why_server_handshake_report(fixture.handshake, &record);
        assert_memory_equal(test_upgrade_output(&fixture) + 9, limits[i].status, 3);
        assert_string_equal(why_cause_id(record.cause), limits[i].cause);
        /* Bad input, row 6: the head's limit, the answer, and the object itself. */
        assert_true(fixture.host.peak_bytes < 8192 + 8192);
        test_upgrade_end(&fixture);
        free(text);
    }
}

static void subprotocols_are_counted(void **state) {
    (void)state;
    for (unsigned count = 63; count <= 65; count++) {
        char text[2048];
        size_t at = (size_t)snprintf(text, sizeof text, GOOD "Sec-WebSocket-Protocol: p0");
        for (unsigned i = 1; i < count; i++) {
            at += (size_t)snprintf(text + at, sizeof text - at, ",p%u", i);
        }
        snprintf(text + at, sizeof text - at, "\r\n" END);
        struct test_upgrade fixture;
        test_upgrade_start(&fixture, NULL);
        assert_int_equal(test_upgrade_receive(&fixture, text),
                         count <= 64 ? WHY_HANDSHAKE_DECIDE : WHY_HANDSHAKE_FAILED);
        test_upgrade_end(&fixture);
    }
}

/* ---- Memory ---- */

static void every_allocation_may_fail(void **state) {
    (void)state;
    static const char *const inputs[] = {
        GOOD "Sec-WebSocket-Extensions: permessage-deflate\r\nSec-WebSocket-Protocol: a\r\n" END,
        "POST / HTTP/1.1\r\n" HOST END, GET HOST END, "\x16\x03"};
    for (size_t i = 0; i < TEST_COUNT(inputs); i++) {
        bool failed = true;
        for (size_t fail_at = 1; failed; fail_at++) {
            struct test_host host;
            test_host_init(&host);
            host.fail_at = fail_at;
            struct why_options options = why_options_default(&host.host);
            struct why_server_handshake *handshake = why_server_handshake_new(&options, NULL);
            failed = handshake == NULL;
            if (handshake != NULL) {
                test_upgrade_take(handshake, (const uint8_t *)inputs[i], strlen(inputs[i]));
                struct why_bytes none = {NULL, 0};
                struct why_http_response response = {.status = 200};
                if (why_server_handshake_receive(handshake, &none) == WHY_HANDSHAKE_DECIDE) {
                    int result = why_server_handshake_is_upgrade(handshake)
                                     ? why_server_handshake_accept(handshake, "a")
                                     : why_server_handshake_respond(handshake, &response);
                    assert_true(result == WHY_OK || result == WHY_ERR_NOMEM);
                    failed = result == WHY_ERR_NOMEM;
                    assert_int_equal(why_server_handshake_output(handshake).len == 0, failed);
                } else {
                    struct why_record record;
                    why_record_init(&record);
                    why_server_handshake_report(handshake, &record);
                    failed = record.cause == WHY_CAUSE_LOCAL_OUT_OF_MEMORY;
                    assert_int_equal(why_server_handshake_output(handshake).len == 0, failed);
                }
            }
            why_server_handshake_free(handshake);
            assert_int_equal(host.live_blocks, 0);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_answer_is_that_of_the_rfc),
        cmocka_unit_test(one_subprotocol_of_those_offered_is_chosen),
        cmocka_unit_test(the_answer_has_what_was_agreed_on),
        cmocka_unit_test(frames_behind_the_request_stay_in_the_input),
        cmocka_unit_test(a_plain_request_is_answered_and_closed),
        cmocka_unit_test(a_program_may_refuse_an_upgrade),
        cmocka_unit_test(an_answer_that_would_split_is_not_taken),
        cmocka_unit_test(a_tls_client_is_told_in_tls),
        cmocka_unit_test(a_stream_that_ends_inside_the_request_is_cut),
        cmocka_unit_test(what_is_too_long_is_refused),
        cmocka_unit_test(subprotocols_are_counted),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
