/* SPDX-License-Identifier: MIT
 *
 * Text that grows, and bytes of others in it: shown, never obeyed.
 */
#include "whysocket/explain.h"

#include "support/guard.h"
#include "support/hex.h"
#include "support/test.h"

#include <string.h>

struct row {
    const char *name;
    const char *input; /* hex */
    const char *shown; /* why_text_append_untrusted() */
    const char *json;  /* why_text_append_json(), without the quotes */
};

static const struct row rows[] = {
    {"plain text stays", "'abc'", "abc", "abc"},
    {"two, three and four bytes stay", "c3 a9 e2 82 ac f0 9f 98 80", "\u00e9\u20ac\U0001f600",
     "\u00e9\u20ac\U0001f600"},
    {"escape sequences", "1b '[31m'", "\\x1b[31m", "\\u001b[31m"},
    {"new line, tab, return", "0a 09 0d", "\\x0a\\x09\\x0d", "\\n\\t\\r"},
    {"NUL and DEL", "00 7f", "\\x00\\x7f", "\\u0000\\u007f"},
    {"quotes and backslash", "22 5c", "\"\\", "\\\"\\\\"},
    {"C1 controls (CSI in one character)", "c2 9b", "\\u{9b}", "\\u009b"},
    {"right-to-left override", "e2 80 ae", "\\u{202e}", "\\u202e"},
    {"isolates", "e2 81 a6", "\\u{2066}", "\\u2066"},
    {"line separator", "e2 80 a8", "\\u{2028}", "\\u2028"},
    {"tags, beyond the first plane", "f3 a0 80 81", "\\u{e0001}", "\\udb40\\udc01"},
    {"a stray continuation", "80", "\\x80", "\xef\xbf\xbd"},
    {"an overlong form", "c0 80", "\\xc0\\x80", "\xef\xbf\xbd\xef\xbf\xbd"},
    {"a surrogate", "ed a0 80", "\\xed\\xa0\\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
    {"a character cut by the end", "'a' e2 82", "a\\xe2\\x82", "a\xef\xbf\xbd\xef\xbf\xbd"},
    {"a character cut by another", "e2 82 'a'", "\\xe2\\x82a",
     "\xef\xbf\xbd\xef\xbf\xbd"
     "a"},
};

/* On a guard page: a character cut by the end is not looked for behind it. */
static void bytes_of_others_are_made_harmless(void **state) {
    (void)state;
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        uint8_t bytes[64];
        size_t len = test_parse_hex(rows[i].input, bytes, sizeof bytes);
        uint8_t *guarded = test_guard_new(len);
        memcpy(guarded, bytes, len);
        struct why_text shown = {0};
        struct why_text json = {0};
        why_text_append_untrusted(&shown, guarded, len);
        why_text_append_json(&json, guarded, len);
        bool good = strcmp(shown.data, rows[i].shown) == 0 && json.len >= 2 &&
                    strncmp(json.data + 1, rows[i].json, json.len - 2) == 0 &&
                    strlen(rows[i].json) == json.len - 2;
        if (!good) {
            print_error("FAIL %s: %s and %s\n", rows[i].name, shown.data, json.data);
        }
        why_text_clear(&shown);
        why_text_clear(&json);
        test_guard_free(guarded, len);
        assert_true(good);
    }
}

static void every_byte_and_pair_gives_clean_output(void **state) {
    (void)state;
    for (unsigned value = 0; value <= UINT16_MAX; value++) {
        uint8_t pair[2] = {(uint8_t)(value >> 8), (uint8_t)value};
        struct why_text shown = {0};
        why_text_append_untrusted(&shown, pair, sizeof pair);
        why_text_append_json(&shown, pair, sizeof pair);
        for (size_t i = 0; i < shown.len; i++) {
            uint8_t byte = (uint8_t)shown.data[i];
            bool is_c1 = byte == 0xc2 && (uint8_t)shown.data[i + 1] < 0xa0;
            if (byte < 0x20 || byte == 0x7f || is_c1) {
                fail_msg("%04x leaves a control character", value);
            }
        }
        why_text_clear(&shown);
    }
}

static void text_grows(void **state) {
    (void)state;
    struct why_text text = {0};
    for (int i = 0; i < 1000; i++) {
        why_text_append(&text, "%d,", i);
        assert_int_equal(text.len, strlen(text.data));
        assert_true(text.len < text.size);
    }
    assert_false(text.failed);
    assert_int_equal(text.len, 10 * 2 + 90 * 3 + 900 * 4);
    why_text_clear(&text);
    assert_null(text.data);
    why_text_append(&text, "%s", "");
    assert_string_equal(text.data, "");
    why_text_clear(&text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_of_others_are_made_harmless),
        cmocka_unit_test(every_byte_and_pair_gives_clean_output),
        cmocka_unit_test(text_grows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
