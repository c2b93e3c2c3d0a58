/* SPDX-License-Identifier: MIT
 *
 * Sec-WebSocket-Extensions: its grammar, and what is agreed on for permessage-deflate, both roles.
 */
#include "core/extensions.h"

#include "support/guard.h"
#include "support/host.h"
#include "support/test.h"

#include <stdlib.h>
#include <string.h>

/* A copy that ends at a guard page. */
struct guarded {
    uint8_t *memory;
    size_t len;
};

static struct guarded guard(const char *text) {
    struct guarded copy = {.len = strlen(text)};
    copy.memory = test_guard_new(copy.len);
    memcpy(copy.memory, text, copy.len);
    return copy;
}

/* 0 says 15 as well (whysocket/conn.h). */
static uint8_t bits(uint8_t agreed, bool is_enabled) {
    return agreed == 0 && is_enabled ? 15 : agreed;
}

/* ---- Grammar: "name[param][param=value]..." for what the iterator yields, "!at" for an error ----
 */

static const struct {
    const char *name;
    const char *input;
    const char *expect;
} grammar_rows[] = {
    {"one name", "a", "a"},
    {"names", "a, b,c", "a b c"},
    {"empty elements are passed over", " , ,a,,b ,", "a b"},
    {"parameters", "a; b; c=d;e = f ", "a[b][c=d][e=f]"},
    {"a quoted value", "a; b=\"c\"", "a[b=c]"},
    {"a quoted value with an escape", "a; b=\"c\\d\", e", "a[b=c\\d] e"},
    {"nothing", "", ""},
    {"commas alone", ",,", ""},
    {"a parameter without a name", "a;", "a !2"},
    {"a parameter without a name, and more", "a; ,b", "a !3"},
    {"a semicolon without an extension", ";a", "!0"},
    {"no value after the equals sign", "a; b=", "a !5"},
    {"two values", "a; b=c d", "a[b=c] !7"},
    {"two names", "a b", "a !2"},
    {"a name that is quoted", "\"a\"", "!0"},
    {"a quoted value that does not end", "a; b=\"c", "a !7"},
    {"a quoted value that ends in a backslash", "a; b=\"c\\", "a !8"},
    {"a quoted value that is empty", "a; b=\"\"", "a !6"},
    {"a quoted value that is no token", "a; b=\"8 \"", "a !7"},
    {"a quoted value, escaped to what is no token", "a; b=\"\\\"\"", "a !7"},
    {"an equals sign in a name", "a=b", "a !1"},
    {"a byte above 7f", "a; b=\xc3\xa9", "a !5"},
};

static void format_items(struct why_bytes text, char *out, size_t out_size) {
    struct why__extension_iterator iterator;
    why__extension_iterator_init(&iterator, text);
    size_t at = 0;
    out[0] = '\0';
    for (;;) {
        enum why__extension_item item = why__extension_next(&iterator);
        const char *space = at == 0 ? "" : " ";
        int name_len = (int)iterator.name.len;
        const char *name = (const char *)iterator.name.data;
        if (item == WHY__EXTENSION_END) {
            return;
        }
        if (item == WHY__EXTENSION_BAD) {
            snprintf(out + at, out_size - at, "%s!%zu", space, iterator.at);
            return;
        }
        if (item == WHY__EXTENSION_NAME) {
            at += (size_t)snprintf(out + at, out_size - at, "%s%.*s", space, name_len, name);
        } else {
            at += (size_t)snprintf(out + at, out_size - at, "[%.*s%s%.*s]", name_len, name,
                                   iterator.has_value ? "=" : "", (int)iterator.value.len,
                                   iterator.has_value ? (const char *)iterator.value.data : "");
        }
    }
}

static void the_grammar_is_that_of_the_rfc(void **state) {
    (void)state;
    size_t failures = 0;
    for (size_t i = 0; i < TEST_COUNT(grammar_rows); i++) {
        struct guarded copy = guard(grammar_rows[i].input);
        char items[256];
        format_items((struct why_bytes){copy.memory, copy.len}, items, sizeof items);
        if (strcmp(items, grammar_rows[i].expect) != 0) {
            print_error("%s (RFC 6455 section 9.1): \"%s\" instead of \"%s\"\n",
                        grammar_rows[i].name, items, grammar_rows[i].expect);
            failures++;
        }
        test_guard_free(copy.memory, copy.len);
    }
    assert_int_equal(failures, 0);
}

/* Bad input, rows 2 and 3. The iterator never goes back and every call moves it on, so that calls
 * and the final offset bound the work; both are counted. */
static void the_work_is_linear(void **state) {
    (void)state;
    static const struct {
        const char *name, *begin, *repeat;
    } rows[] = {
        {"a quoted string of escapes that does not end", "a; b=\"", "\\c"},
        {"spaces", "a", " "},
        {"commas", "a", ","},
        {"semicolons", "a", ";"},
        {"parameters", "a", ";b"},
        {"extensions", "a", ",a"},
        {"backslashes", "a; b=\"", "\\"},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        for (size_t len = 1024; len <= 32768; len *= 2) {
            uint8_t *text = malloc(len);
            assert_non_null(text);
            size_t begin_len = strlen(rows[i].begin);
            memcpy(text, rows[i].begin, begin_len);
            for (size_t at = begin_len; at < len; at++) {
                text[at] = (uint8_t)rows[i].repeat[(at - begin_len) % strlen(rows[i].repeat)];
            }
            struct why__extension_iterator iterator;
            why__extension_iterator_init(&iterator, (struct why_bytes){text, len});
            size_t calls = 0;
            enum why__extension_item item = WHY__EXTENSION_NAME;
            while (item != WHY__EXTENSION_END && item != WHY__EXTENSION_BAD) {
                size_t before = iterator.at;
                item = why__extension_next(&iterator);
                calls++;
                if (item != WHY__EXTENSION_END && item != WHY__EXTENSION_BAD &&
                    iterator.at <= before) {
                    fail_msg("%s: no progress at %zu", rows[i].name, before);
                }
            }
            assert_true(calls <= len + 1 && iterator.at <= len);
            free(text);
        }
    }
}

/* ---- permessage-deflate ---- */

/* The options that matter, from the defaults: both contexts dropped, 15 bits. */
struct wishes {
    bool is_off, keep, peer_keeps;
    uint8_t bits; /* 0: 15 */
};

static struct why_options options_of(const struct wishes *wishes) {
    struct why_options options = why_options_default(NULL);
    options.deflate = !wishes->is_off;
    options.deflate_keep_context = wishes->keep;
    options.deflate_peer_keep_context = wishes->peer_keeps;
    options.deflate_window_bits = wishes->bits == 0 ? 15 : wishes->bits;
    return options;
}

#define KEEP_BOTH                                                                                  \
    { .keep = true, .peer_keeps = true }
#define DROPS "; server_no_context_takeover; client_no_context_takeover"

static const struct server_row {
    const char *name;
    const char *rfc; /* section of RFC 7692 */
    const char *offer;
    struct wishes wishes;
    const char *expect; /* the answer; "" for none, "!at" for a header that is malformed */
    uint8_t expect_server_bits, expect_client_bits;
} server_rows[] = {
    {"a plain offer", "7.1", "permessage-deflate", KEEP_BOTH, "permessage-deflate", 15, 15},
    {"our wishes are in the answer, unasked",
     "7.1.1",
     "permessage-deflate",
     {0},
     "permessage-deflate" DROPS,
     15,
     15},
    {"what the client drops is dropped", "7.1.1",
     "permessage-deflate; server_no_context_takeover; client_no_context_takeover", KEEP_BOTH,
     "permessage-deflate" DROPS, 15, 15},
    {"deflate is switched off", "5", "permessage-deflate", {.is_off = true}, "", 0, 0},
    {"another extension is declined", "5", "x-webkit-deflate-frame", KEEP_BOTH, "", 0, 0},
    {"another extension first", "5", "x; y=z, permessage-deflate", KEEP_BOTH, "permessage-deflate",
     15, 15},
    {"the name in capitals", "7.1", "Permessage-Deflate", KEEP_BOTH, "permessage-deflate", 15, 15},
    {"a server window", "7.1.2.1", "permessage-deflate; server_max_window_bits=10", KEEP_BOTH,
     "permessage-deflate; server_max_window_bits=10", 10, 15},
    {"a server window of 15 is answered too", "7.1.2.1",
     "permessage-deflate; server_max_window_bits=15", KEEP_BOTH,
     "permessage-deflate; server_max_window_bits=15", 15, 15},
    {"a quoted server window", "7.1.2.1", "permessage-deflate; server_max_window_bits=\"10\"",
     KEEP_BOTH, "permessage-deflate; server_max_window_bits=10", 10, 15},
    {"a quoted and escaped server window", "7.1.2.1",
     "permessage-deflate; server_max_window_bits=\"\\1\\0\"", KEEP_BOTH,
     "permessage-deflate; server_max_window_bits=10", 10, 15},
    {"our window is smaller",
     "7.1.2.1",
     "permessage-deflate; server_max_window_bits=12",
     {.keep = true, .peer_keeps = true, .bits = 9},
     "permessage-deflate; server_max_window_bits=9",
     9,
     15},
    {"our window is small, unasked",
     "7.1.2.1",
     "permessage-deflate",
     {.keep = true, .peer_keeps = true, .bits = 11},
     "permessage-deflate; server_max_window_bits=11",
     11,
     15},
    {"a server window of 8, which zlib cannot", "7.1.2.1",
     "permessage-deflate; server_max_window_bits=8", KEEP_BOTH, "", 0, 0},
    {"8 first, then an offer that can be accepted", "5.1",
     "permessage-deflate; server_max_window_bits=8, permessage-deflate", KEEP_BOTH,
     "permessage-deflate", 15, 15},
    {"the first that can be accepted wins", "5.1",
     "permessage-deflate; server_max_window_bits=9, permessage-deflate", KEEP_BOTH,
     "permessage-deflate; server_max_window_bits=9", 9, 15},
    {"a client window without a value", "7.1.2.2", "permessage-deflate; client_max_window_bits",
     KEEP_BOTH, "permessage-deflate", 15, 15},
    {"a client window", "7.1.2.2", "permessage-deflate; client_max_window_bits=10", KEEP_BOTH,
     "permessage-deflate; client_max_window_bits=10", 15, 10},
    {"a client window of 8 is left unanswered", "7.1.2.2",
     "permessage-deflate; client_max_window_bits=8", KEEP_BOTH, "permessage-deflate", 15, 15},
    {"no client window, none in the answer",
     "7.1.2.2",
     "permessage-deflate",
     {.keep = true, .peer_keeps = true, .bits = 9},
     "permessage-deflate; server_max_window_bits=9",
     9,
     15},
    {"a parameter that does not exist", "7.1", "permessage-deflate; x", KEEP_BOTH, "", 0, 0},
    {"a parameter twice", "7.1",
     "permessage-deflate; client_no_context_takeover; client_no_context_takeover", KEEP_BOTH, "", 0,
     0},
    {"a window twice", "7.1",
     "permessage-deflate; client_max_window_bits; client_max_window_bits=10", KEEP_BOTH, "", 0, 0},
    {"a flag with a value", "7.1.1.1", "permessage-deflate; server_no_context_takeover=1",
     KEEP_BOTH, "", 0, 0},
    {"a server window without a value", "7.1.2.1", "permessage-deflate; server_max_window_bits",
     KEEP_BOTH, "", 0, 0},
    {"a window of 7", "7.1.2.1", "permessage-deflate; server_max_window_bits=7", KEEP_BOTH, "", 0,
     0},
    {"a window of 16", "7.1.2.1", "permessage-deflate; server_max_window_bits=16", KEEP_BOTH, "", 0,
     0},
    {"a window of 0", "7.1.2.1", "permessage-deflate; server_max_window_bits=0", KEEP_BOTH, "", 0,
     0},
    {"a window of 09", "7.1.2.1", "permessage-deflate; server_max_window_bits=09", KEEP_BOTH, "", 0,
     0},
    {"a window of 266", "7.1.2.1", "permessage-deflate; client_max_window_bits=266", KEEP_BOTH, "",
     0, 0},
    {"a window of -1", "7.1.2.1", "permessage-deflate; client_max_window_bits=-1", KEEP_BOTH, "", 0,
     0},
    {"a good parameter after one that does not exist", "7.1",
     "permessage-deflate; x; client_max_window_bits", KEEP_BOTH, "", 0, 0},
    {"an offer that is declined, then a good one", "5.1",
     "permessage-deflate; x, permessage-deflate; client_max_window_bits=12", KEEP_BOTH,
     "permessage-deflate; client_max_window_bits=12", 15, 12},
    {"malformed behind a good offer", "5", "permessage-deflate, x=", KEEP_BOTH, "!21", 0, 0},
    {"empty", "5", "", KEEP_BOTH, "!0", 0, 0},
    {"a comma alone", "5", ",", KEEP_BOTH, "!1", 0, 0},
    {"an empty quoted window", "5", "permessage-deflate; server_max_window_bits=\"\"", KEEP_BOTH,
     "!44", 0, 0},
};

static bool run_server_row(const struct server_row *row) {
    struct guarded copy = guard(row->offer);
    struct why_options options = options_of(&row->wishes);
    struct why_deflate_params agreed = {0};
    size_t error_at = 0;
    char answer[WHY__EXTENSIONS_TEXT_MAX + 1];
    if (why__extensions_accept((struct why_bytes){copy.memory, copy.len}, &options, &agreed,
                               &error_at)) {
        answer[why__extensions_answer(&agreed, answer)] = '\0';
    } else {
        snprintf(answer, sizeof answer, "!%zu", error_at);
    }
    test_guard_free(copy.memory, copy.len);
    bool pass = strcmp(answer, row->expect) == 0 &&
                agreed.enabled == (row->expect_server_bits != 0) &&
                bits(agreed.server_max_window_bits, agreed.enabled) == row->expect_server_bits &&
                agreed.client_max_window_bits == row->expect_client_bits;
    if (!pass) {
        print_error("%s (RFC 7692 section %s): \"%s\" instead of \"%s\", bits %u and %u\n",
                    row->name, row->rfc, answer, row->expect, agreed.server_max_window_bits,
                    agreed.client_max_window_bits);
    }
    return pass;
}

static void a_server_accepts_the_first_offer_it_can(void **state) {
    (void)state;
    size_t failures = 0;
    for (size_t i = 0; i < TEST_COUNT(server_rows); i++) {
        failures += !run_server_row(&server_rows[i]);
    }
    assert_int_equal(failures, 0);
}

static void a_second_header_does_not_replace_what_was_accepted(void **state) {
    (void)state;
    struct why_options options = options_of(&(struct wishes)KEEP_BOTH);
    struct why_deflate_params agreed = {0};
    size_t error_at = 0;
    static const char *const headers[] = {"permessage-deflate; server_max_window_bits=10",
                                          "permessage-deflate"};
    for (size_t i = 0; i < 2; i++) {
        struct why_bytes value = {(const uint8_t *)headers[i], strlen(headers[i])};
        assert_true(why__extensions_accept(value, &options, &agreed, &error_at));
    }
    assert_int_equal(agreed.server_max_window_bits, 10);
}

static void a_client_offers_what_the_options_say(void **state) {
    (void)state;
    static const struct {
        struct wishes wishes;
        const char *expect;
    } rows[] = {
        {{0}, "permessage-deflate" DROPS "; client_max_window_bits"},
        {KEEP_BOTH, "permessage-deflate; client_max_window_bits"},
        {{.keep = true}, "permessage-deflate; server_no_context_takeover; client_max_window_bits"},
        {{.peer_keeps = true, .bits = 10},
         "permessage-deflate; client_no_context_takeover; client_max_window_bits=10"},
        {{.is_off = true}, ""},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        struct why_options options = options_of(&rows[i].wishes);
        char offer[WHY__EXTENSIONS_TEXT_MAX + 1];
        offer[why__extensions_offer(&options, offer)] = '\0';
        assert_string_equal(offer, rows[i].expect);
    }
}

static const struct client_row {
    const char *name;
    const char *rfc; /* section of RFC 7692 */
    const char *answer;
    struct wishes wishes;
    bool is_right;
    struct why_deflate_params expect;
} client_rows[] = {
    {"a plain answer", "7.1", "permessage-deflate", KEEP_BOTH, true, {true, false, false, 15, 15}},
    {"both contexts dropped",
     "7.1.1",
     "permessage-deflate" DROPS,
     {0},
     true,
     {true, true, true, 15, 15}},
    {"we drop ours whatever the answer says",
     "7.1.1.2",
     "permessage-deflate; server_no_context_takeover",
     {0},
     true,
     {true, true, true, 15, 15}},
    {"the server drops its own, unasked",
     "7.1.1.1",
     "permessage-deflate; server_no_context_takeover",
     KEEP_BOTH,
     true,
     {true, true, false, 15, 15}},
    {"the server does not drop what it was asked to",
     "7.1.1.1",
     "permessage-deflate",
     {0},
     false,
     {0}},
    {"both windows",
     "7.1.2",
     "permessage-deflate; client_max_window_bits=9; server_max_window_bits=10",
     KEEP_BOTH,
     true,
     {true, false, false, 10, 9}},
    {"a server window of 8 can be inflated",
     "7.1.2.1",
     "permessage-deflate; server_max_window_bits=8",
     KEEP_BOTH,
     true,
     {true, false, false, 8, 15}},
    {"a client window of 8 is agreed to, as any was offered",
     "7.1.2.2",
     "permessage-deflate; client_max_window_bits=8",
     KEEP_BOTH,
     true,
     {true, false, false, 15, 8}},
    {"our own window, where the answer has none",
     "7.1.2.2",
     "permessage-deflate",
     {.keep = true, .peer_keeps = true, .bits = 10},
     true,
     {true, false, false, 15, 10}},
    {"a larger client window than was offered",
     "7.1.2.2",
     "permessage-deflate; client_max_window_bits=11",
     {.keep = true, .peer_keeps = true, .bits = 10},
     false,
     {0}},
    {"a client window without a value",
     "7.1.2.2",
     "permessage-deflate; client_max_window_bits",
     KEEP_BOTH,
     false,
     {0}},
    {"a server window without a value",
     "7.1.2.1",
     "permessage-deflate; server_max_window_bits",
     KEEP_BOTH,
     false,
     {0}},
    {"a window of 0",
     "7.1.2.1",
     "permessage-deflate; server_max_window_bits=0",
     KEEP_BOTH,
     false,
     {0}},
    {"a window of 7",
     "7.1.2.1",
     "permessage-deflate; server_max_window_bits=7",
     KEEP_BOTH,
     false,
     {0}},
    {"a window of 16",
     "7.1.2.1",
     "permessage-deflate; server_max_window_bits=16",
     KEEP_BOTH,
     false,
     {0}},
    {"a window of 99",
     "7.1.2.1",
     "permessage-deflate; server_max_window_bits=99",
     KEEP_BOTH,
     false,
     {0}},
    {"a window of -1",
     "7.1.2.1",
     "permessage-deflate; server_max_window_bits=-1",
     KEEP_BOTH,
     false,
     {0}},
    {"an empty window",
     "7.1.2.1",
     "permessage-deflate; server_max_window_bits=\"\"",
     KEEP_BOTH,
     false,
     {0}},
    {"a window of 09",
     "7.1.2.1",
     "permessage-deflate; server_max_window_bits=09",
     KEEP_BOTH,
     false,
     {0}},
    {"a window with a space",
     "7.1.2.1",
     "permessage-deflate; server_max_window_bits=\"8 \"",
     KEEP_BOTH,
     false,
     {0}},
    {"a parameter that does not exist", "7.1", "permessage-deflate; x=1", KEEP_BOTH, false, {0}},
    {"a parameter twice",
     "7.1",
     "permessage-deflate; server_max_window_bits=10; server_max_window_bits=10",
     KEEP_BOTH,
     false,
     {0}},
    {"a flag with a value",
     "7.1.1",
     "permessage-deflate; client_no_context_takeover=true",
     KEEP_BOTH,
     false,
     {0}},
    {"permessage-deflate twice",
     "5",
     "permessage-deflate, permessage-deflate",
     KEEP_BOTH,
     false,
     {0}},
    {"another extension", "5", "permessage-bzip2", KEEP_BOTH, false, {0}},
    {"another extension behind it", "5", "permessage-deflate, x", KEEP_BOTH, false, {0}},
    {"nothing was offered", "5", "permessage-deflate", {.is_off = true}, false, {0}},
    {"empty", "5", "", KEEP_BOTH, false, {0}},
    {"malformed", "5", "permessage-deflate;", KEEP_BOTH, false, {0}},
};

static bool are_equal(const struct why_deflate_params *a, const struct why_deflate_params *b) {
    return a->enabled == b->enabled &&
           a->server_no_context_takeover == b->server_no_context_takeover &&
           a->client_no_context_takeover == b->client_no_context_takeover &&
           bits(a->server_max_window_bits, a->enabled) ==
               bits(b->server_max_window_bits, b->enabled) &&
           a->client_max_window_bits == b->client_max_window_bits;
}

static void a_client_lets_in_what_was_offered(void **state) {
    (void)state;
    size_t failures = 0;
    for (size_t i = 0; i < TEST_COUNT(client_rows); i++) {
        const struct client_row *row = &client_rows[i];
        struct guarded copy = guard(row->answer);
        struct why_options options = options_of(&row->wishes);
        struct why_deflate_params agreed = {0};
        size_t error_at = 0;
        const char *error = why__extensions_check((struct why_bytes){copy.memory, copy.len},
                                                  &options, &agreed, &error_at);
        if ((error == NULL) != row->is_right || !are_equal(&agreed, &row->expect) ||
            error_at > copy.len) {
            print_error("%s (RFC 7692 section %s): %s, bits %u and %u\n", row->name, row->rfc,
                        error == NULL ? "let in" : error, agreed.server_max_window_bits,
                        agreed.client_max_window_bits);
            failures++;
        }
        test_guard_free(copy.memory, copy.len);
    }
    assert_int_equal(failures, 0);
}

/* Whatever is offered under any options, the answer is one that our own client lets in. */
static void our_two_sides_agree(void **state) {
    (void)state;
    for (unsigned bits = 0; bits < 256; bits++) {
        struct wishes client = {.keep = bits & 1, .peer_keeps = bits & 2};
        struct wishes server = {.keep = bits & 4, .peer_keeps = bits & 8};
        client.bits = (uint8_t)(9 + (bits >> 4 & 3) * 2);
        server.bits = (uint8_t)(9 + (bits >> 6 & 3) * 2);
        struct why_options client_options = options_of(&client);
        struct why_options server_options = options_of(&server);
        char text[WHY__EXTENSIONS_TEXT_MAX];
        struct why_bytes value = {(const uint8_t *)text,
                                  why__extensions_offer(&client_options, text)};
        struct why_deflate_params at_server = {0};
        struct why_deflate_params at_client = {0};
        size_t error_at = 0;
        assert_true(why__extensions_accept(value, &server_options, &at_server, &error_at));
        assert_true(at_server.enabled);
        value.len = why__extensions_answer(&at_server, text);
        assert_null(why__extensions_check(value, &client_options, &at_client, &error_at));
        assert_true(are_equal(&at_server, &at_client));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_grammar_is_that_of_the_rfc),
        cmocka_unit_test(the_work_is_linear),
        cmocka_unit_test(a_server_accepts_the_first_offer_it_can),
        cmocka_unit_test(a_second_header_does_not_replace_what_was_accepted),
        cmocka_unit_test(a_client_offers_what_the_options_say),
        cmocka_unit_test(a_client_lets_in_what_was_offered),
        cmocka_unit_test(our_two_sides_agree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
