/* SPDX-License-Identifier: MIT
 *
 * Text without the C library: against it, in the "C" locale, where it has the same function.
 */
#include "base/ascii.h"

#include "support/test.h"

#include <ctype.h>
#include <string.h>

static void characters_are_classed_as_rfc_9110_has_them(void **state) {
    (void)state;
    for (int c = 0; c < 256; c++) {
        bool alnum = c < 128 && isalnum(c) != 0;
        bool token = alnum || (c != 0 && strchr("!#$%&'*+-.^_`|~", c) != NULL);
        assert_int_equal(why__is_token_char((char)c), token);
        assert_int_equal(why__is_field_char((char)c), c == '\t' || (c >= ' ' && c != 0x7f));
        assert_int_equal(why__is_digit((char)c), c < 128 && isdigit(c) != 0);
        assert_int_equal(why__hex_value((char)c) >= 0, c < 128 && isxdigit(c) != 0);
        assert_int_equal((uint8_t)why__to_lower((char)c), c < 128 ? tolower(c) : c);
    }
    assert_int_equal(why__hex_value('0'), 0);
    assert_int_equal(why__hex_value('9'), 9);
    assert_int_equal(why__hex_value('a'), 10);
    assert_int_equal(why__hex_value('F'), 15);
    assert_true(why__is_token("permessage-deflate", 18));
    assert_false(why__is_token("a b", 3));
    assert_false(why__is_token("", 0));
}

static void texts_are_compared(void **state) {
    (void)state;
    static const struct {
        const char *data, *text;
        bool same, nocase;
    } rows[] = {
        {"", "", true, true},
        {"Upgrade", "Upgrade", true, true},
        {"uPGRADE", "Upgrade", false, true},
        {"Upgrade", "Upgrad", false, false},
        {"Upgrad", "Upgrade", false, false},
        {"@", "`", false, false},               /* one bit apart, as A and a are */
        {"\xc3\x84", "\xc3\xa4", false, false}, /* no ASCII: no case */
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        size_t len = strlen(rows[i].data);
        assert_int_equal(why__text_len(rows[i].data), len);
        assert_int_equal(why__text_is(rows[i].data, len, rows[i].text), rows[i].same);
        assert_int_equal(why__text_is_nocase(rows[i].data, len, rows[i].text), rows[i].nocase);
    }
    assert_true(why__text_is(NULL, 0, ""));
}

static void copies_are_cut_between_characters(void **state) {
    (void)state;
    static const struct {
        const char *data;
        size_t out_size;
        const char *expected;
    } rows[] = {
        {"abc", 4, "abc"},
        {"abc", 3, "ab"},
        {"abc", 1, ""},
        {"", 1, ""},
        {"a\xc3\xa9", 3, "a"},
        {"a\xc3\xa9", 4, "a\xc3\xa9"},
        {"a\xf0\x9f\x99\x82", 5, "a"},
        {"a\xf0\x9f\x99\x82", 2, "a"},
        {"\x80\x80\x80\x80\x80\x80", 6, "\x80\x80\x80\x80\x80"}, /* no UTF-8: cut anywhere */
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        char out[16];
        memset(out, '#', sizeof out);
        size_t len = why__text_copy(out, rows[i].out_size, rows[i].data, strlen(rows[i].data));
        assert_int_equal(len, strlen(rows[i].expected));
        assert_string_equal(out, rows[i].expected);
        assert_int_equal(out[rows[i].out_size], '#');
    }
}

static void white_space_is_trimmed(void **state) {
    (void)state;
    static const struct {
        const char *text, *expected;
    } rows[] = {
        {"", ""}, {" \t ", ""}, {"a", "a"}, {"\t a b \t", "a b"}, {"\va\r", "\va\r"},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        const char *data = rows[i].text;
        size_t len = strlen(data);
        why__trim(&data, &len);
        assert_int_equal(len, strlen(rows[i].expected));
        assert_memory_equal(data, rows[i].expected, len);
    }
}

static void numbers_go_both_ways(void **state) {
    (void)state;
    static const uint64_t values[] = {0,         9, 10, 65535, 65536, UINT32_MAX, UINT64_MAX - 1,
                                      UINT64_MAX};
    for (size_t i = 0; i < TEST_COUNT(values); i++) {
        char text[WHY__DECIMAL_MAX], expected[WHY__DECIMAL_MAX + 1];
        size_t len = why__decimal_write(values[i], text);
        int expected_len =
            snprintf(expected, sizeof expected, "%llu", (unsigned long long)values[i]);
        assert_int_equal(len, expected_len);
        assert_memory_equal(text, expected, len);
        uint64_t value = 1;
        assert_true(why__decimal_read(text, len, UINT64_MAX, &value));
        assert_true(value == values[i]);
        assert_true(why__decimal_read(text, len, values[i], &value));
        assert_false(values[i] > 0 && why__decimal_read(text, len, values[i] - 1, &value));
    }
    static const char *const bad[] = {
        "",
        "-1",
        "+1",
        " 1",
        "1 ",
        "0x1",
        "1e1",
        "\xd9\xa1",
        "18446744073709551616",
        "99999999999999999999",
    };
    for (size_t i = 0; i < TEST_COUNT(bad); i++) {
        uint64_t value = 0;
        if (why__decimal_read(bad[i], strlen(bad[i]), UINT64_MAX, &value)) {
            fail_msg("taken: %s", bad[i]);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(characters_are_classed_as_rfc_9110_has_them),
        cmocka_unit_test(texts_are_compared),
        cmocka_unit_test(copies_are_cut_between_characters),
        cmocka_unit_test(white_space_is_trimmed),
        cmocka_unit_test(numbers_go_both_ways),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
