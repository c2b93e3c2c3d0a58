/* SPDX-License-Identifier: MIT
 *
 * Base64 there and back, and everything that is nearly Base64 refused.
 */
#include "base/base64.h"

#include "base/ascii.h"
#include "support/guard.h"
#include "support/test.h"

#include <string.h>

static const struct {
    const char *bytes, *text;
} pairs[] = {
    /* RFC 4648 section 10, and the accept value of RFC 6455 section 1.3 */
    {"", ""},
    {"f", "Zg=="},
    {"fo", "Zm8="},
    {"foo", "Zm9v"},
    {"foob", "Zm9vYg=="},
    {"fooba", "Zm9vYmE="},
    {"foobar", "Zm9vYmFy"},
    {"the sample nonce", "dGhlIHNhbXBsZSBub25jZQ=="},
    {"\xb3\x7a\x4f\x2c\xc0\x62\x4f\x16\x90\xf6\x46\x06\xcf\x38\x59\x45\xb2\xbe\xc4\xea",
     "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="},
};

static void published_pairs_go_both_ways(void **state) {
    (void)state;
    for (size_t i = 0; i < TEST_COUNT(pairs); i++) {
        size_t len = strlen(pairs[i].bytes), text_len = strlen(pairs[i].text);
        uint8_t *text = test_guard_new(text_len + 1) + 1; /* never empty: it has an end page */
        assert_int_equal(WHY__BASE64_LEN(len), text_len);
        assert_int_equal(why__base64_encode((const uint8_t *)pairs[i].bytes, len, (char *)text),
                         text_len);
        assert_memory_equal(text, pairs[i].text, text_len);

        uint8_t *bytes = test_guard_new(len + 1) + 1;
        size_t bytes_len = 99;
        assert_true(why__base64_decode((char *)text, text_len, bytes, len, &bytes_len));
        assert_int_equal(bytes_len, len);
        assert_memory_equal(bytes, pairs[i].bytes, len);
        if (len > 0) {
            assert_false(why__base64_decode((char *)text, text_len, bytes, len - 1, &bytes_len));
        }
        test_guard_free(bytes - 1, len + 1);
        test_guard_free(text - 1, text_len + 1);
    }
}

static void what_is_not_one_encoding_is_refused(void **state) {
    (void)state;
    static const struct {
        const char *name, *text;
    } rows[] = {
        {"no padding", "Zg"},
        {"half the padding", "Zg="},
        {"padding that is too much", "Zm9v===="},
        {"three of padding", "Z==="},
        {"nothing but padding", "===="},
        {"padding in between", "Zg==Zg=="},
        {"padding, then a digit", "Zg=A"},
        {"unused bits set after one byte", "Zh=="},
        {"unused bits set after two bytes", "Zm9="},
        {"a space in front", " Zm9"},
        {"a line end", "Zm9v\r\nZm"},
        {"the URL's alphabet", "-_-_"},
        {"a byte above ASCII", "Zm9\xc3"},
        {"one digit too many", "Zm9vY"},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        uint8_t out[16];
        size_t out_len = 0;
        if (why__base64_decode(rows[i].text, strlen(rows[i].text), out, sizeof out, &out_len)) {
            fail_msg("taken: %s (RFC 4648, 3)", rows[i].name);
        }
    }
}

/* Every pair of characters as an ending: exactly one spelling decodes to each byte. */
static void each_byte_has_one_spelling(void **state) {
    (void)state;
    unsigned spellings[256] = {0};
    for (unsigned first = 0; first < 256; first++) {
        for (unsigned second = 0; second < 256; second++) {
            char text[4] = {(char)first, (char)second, '=', '='};
            uint8_t out[1];
            size_t out_len = 0;
            if (why__base64_decode(text, sizeof text, out, sizeof out, &out_len)) {
                assert_int_equal(out_len, 1);
                spellings[out[0]]++;
            }
        }
    }
    for (size_t i = 0; i < TEST_COUNT(spellings); i++) {
        assert_int_equal(spellings[i], 1);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_pairs_go_both_ways),
        cmocka_unit_test(what_is_not_one_encoding_is_refused),
        cmocka_unit_test(each_byte_has_one_spelling),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
