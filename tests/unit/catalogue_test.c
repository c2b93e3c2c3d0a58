/* SPDX-License-Identifier: MIT
 *
 * Catalogues: texts are found, and a file that is cut or damaged yields nothing that lies outside
 * it. Languages by the names that locales have.
 */
#include "why/catalogue.h"
#include "whysocket/explain.h"

#include "support/guard.h"
#include "support/hex.h"
#include "support/test.h"

#include <string.h>

/* Two texts, "a" -> "A!" and "bb" -> "B", as msgfmt would lay them out. */
static const char little[] = "de 12 04 95 00*4 02 00*3 1c 00*3 2c 00*3 00*8 "
                             "01 00*3 3c 00*3 02 00*3 3e 00*3 "
                             "02 00*3 41 00*3 01 00*3 44 00*3 "
                             "'a' 00 'bb' 00 'A!' 00 'B' 00";
static const char big[] = "95 04 12 de 00*4 00*3 02 00*3 1c 00*3 2c 00*8 "
                          "00*3 01 00*3 3c 00*3 02 00*3 3e "
                          "00*3 02 00*3 41 00*3 01 00*3 44 "
                          "'a' 00 'bb' 00 'A!' 00 'B' 00";

static void texts_are_found_in_either_byte_order(void **state) {
    (void)state;
    const char *const files[] = {little, big};
    for (size_t i = 0; i < TEST_COUNT(files); i++) {
        uint8_t bytes[128];
        size_t len = test_parse_hex(files[i], bytes, sizeof bytes);
        struct why__catalogue catalogue;
        assert_true(why__catalogue_open(&catalogue, bytes, len));
        assert_string_equal(why__catalogue_find(&catalogue, "a"), "A!");
        assert_string_equal(why__catalogue_find(&catalogue, "bb"), "B");
        assert_null(why__catalogue_find(&catalogue, "b"));
        assert_null(why__catalogue_find(&catalogue, "c"));
        assert_null(why__catalogue_find(&catalogue, ""));
    }
}

/* What is found has to lie in the file, its terminator too. */
static void look_up(const uint8_t *data, size_t len) {
    static const char *const texts[] = {"", "a", "bb", "zz"};
    struct why__catalogue catalogue;
    if (!why__catalogue_open(&catalogue, data, len)) {
        return;
    }
    for (size_t i = 0; i < TEST_COUNT(texts); i++) {
        const char *found = why__catalogue_find(&catalogue, texts[i]);
        assert_true(found == NULL ||
                    memchr(found, '\0', (size_t)((const char *)data + len - found)));
    }
}

static void files_cut_anywhere_are_read_within_bounds(void **state) {
    (void)state;
    uint8_t bytes[128];
    size_t whole = test_parse_hex(little, bytes, sizeof bytes);
    for (size_t len = 0; len <= whole; len++) {
        uint8_t *guarded = test_guard_new(len);
        memcpy(guarded, bytes, len);
        look_up(guarded, len);
        test_guard_free(guarded, len);
    }
}

static void damaged_files_are_read_within_bounds(void **state) {
    (void)state;
    uint8_t bytes[128];
    size_t len = test_parse_hex(little, bytes, sizeof bytes);
    uint8_t *guarded = test_guard_new(len);
    for (size_t at = 0; at < len; at++) {
        for (unsigned value = 0; value <= UINT8_MAX; value++) {
            memcpy(guarded, bytes, len);
            guarded[at] = (uint8_t)value;
            look_up(guarded, len);
            if (at % 4 == 3) { /* a large offset, length or count */
                memset(guarded + at - 3, 0xff, 3);
                look_up(guarded, len);
            }
        }
    }
    test_guard_free(guarded, len);
}

static void garbage_is_no_catalogue(void **state) {
    (void)state;
    struct why__catalogue catalogue;
    uint8_t garbage[64];
    for (unsigned value = 0; value <= UINT8_MAX; value++) {
        memset(garbage, (int)value, sizeof garbage);
        assert_false(why__catalogue_open(&catalogue, garbage, sizeof garbage));
    }
}

static void french_is_embedded(void **state) {
    (void)state;
    struct why__catalogue catalogue;
    assert_true(why__catalogue_open(&catalogue, why__catalogue_fr, why__catalogue_fr_len));
    assert_true(catalogue.count > 100);
    assert_string_equal(why_translate(WHY_LANG_FR, "Key differences"), "Différences clés");
    assert_string_equal(why_translate(WHY_LANG_EN, "Key differences"), "Key differences");
    assert_string_equal(why_translate(WHY_LANG_FR, "no such text"), "no such text");
    assert_string_equal(why_translate(WHY_LANG_FR, ""), "");
}

static void languages_are_found_by_the_names_of_locales(void **state) {
    (void)state;
    static const struct {
        const char *name;
        bool known;
        enum why_lang lang;
    } rows[] = {
        {"en", true, WHY_LANG_EN},      {"fr", true, WHY_LANG_FR},
        {"FR", true, WHY_LANG_FR},      {"fr_FR.UTF-8", true, WHY_LANG_FR},
        {"fr-CA", true, WHY_LANG_FR},   {"fr@euro", true, WHY_LANG_FR},
        {"fr.utf8", true, WHY_LANG_FR}, {"en-GB", true, WHY_LANG_EN},
        {"C", true, WHY_LANG_EN},       {"C.UTF-8", true, WHY_LANG_EN},
        {"POSIX", true, WHY_LANG_EN},   {"", false, WHY_LANG_EN},
        {"f", false, WHY_LANG_EN},      {"fro", false, WHY_LANG_EN},
        {"french", false, WHY_LANG_EN}, {"de_DE.UTF-8", false, WHY_LANG_EN},
        {"/fr", false, WHY_LANG_EN},    {"Cymraeg", false, WHY_LANG_EN},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        enum why_lang lang = WHY_LANG_EN;
        bool known = why_lang_find(rows[i].name, &lang);
        if (known != rows[i].known || (known && lang != rows[i].lang)) {
            fail_msg("\"%s\"", rows[i].name);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_found_in_either_byte_order),
        cmocka_unit_test(files_cut_anywhere_are_read_within_bounds),
        cmocka_unit_test(damaged_files_are_read_within_bounds),
        cmocka_unit_test(garbage_is_no_catalogue),
        cmocka_unit_test(french_is_embedded),
        cmocka_unit_test(languages_are_found_by_the_names_of_locales),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
