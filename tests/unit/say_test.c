/* SPDX-License-Identifier: MIT
 *
 * Details: said in English, and said again in French with the same words in them. The texts are
 * those of the catalogue, the words are the test's.
 */
#include "base/say.h"
#include "whysocket/explain.h"

#include "support/guard.h"
#include "support/test.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

/* French with its no-break spaces. */
#define NBSP "\xc2\xa0"

static struct why_record record;

static void assert_said(const char *english, const char *french) {
    struct why_text text = {0};
    assert_string_equal(record.detail, english);
    why_text_append_detail(&text, WHY_LANG_EN, record.detail, &record.detail_parts);
    assert_string_equal(text.data, english);
    why_text_clear(&text);
    why_text_append_detail(&text, WHY_LANG_FR, record.detail, &record.detail_parts);
    assert_string_equal(text.data, french);
    why_text_clear(&text);
}

static void words_stay_and_texts_change(void **state) {
    (void)state;
    struct why__say say = why__say_in(&record);
    why__say(&say, "the issuer %s ", "CN=CA,O=the server");
    why__say_words(&say, "expired %s days ago, on %s", (const char *[]){"3", "2025-03-01"});
    assert_said("the issuer CN=CA,O=the server expired 3 days ago, on 2025-03-01",
                "l'\xc3\xa9metteur CN=CA,O=the server a expir\xc3\xa9 il y a 3 jours, le "
                "2025-03-01");
    say = why__say_in(&record);
    why__say_text(&say, "the server ");
    why__say_text(&say, "closed ");
    why__say(&say, "after %llu bytes, within its first message", ULLONG_MAX);
    assert_said("the server closed after 18446744073709551615 bytes, within its first message",
                "le serveur a ferm\xc3\xa9 la connexion apr\xc3\xa8s 18446744073709551615 octets, "
                "au milieu de son premier message");
    say = why__say_in(&record);
    why__say(&say, "alert %s (%d)", "", INT_MIN);
    assert_said("alert  (-2147483648)", "alerte  (-2147483648)");
}

/* As printf() has them; what is not translated is shown as it is. */
static void conversions_are_those_of_printf(void **state) {
    (void)state;
    struct why__say say = why__say_in(&record);
    why__say(&say, "%.3s|%.*s|%.*s|%u|%zu|%ld|%lu|%lld|%%|%d", "abcdef", 2, "xyz", -1, "all", 0u,
             (size_t)7, -8L, 9ul, -10LL, 11);
    assert_said("abc|xy|all|0|7|-8|9|-10|%|11", "abc|xy|all|0|7|-8|9|-10|%|11");
    assert_int_equal(record.detail_parts.word_count, 9);
}

/* A program's text may happen to be one of ours. */
static void without_parts_it_stays_as_it_is(void **state) {
    (void)state;
    struct why_text text = {0};
    why_text_append_detail(&text, WHY_LANG_FR, "refused", NULL);
    why_text_append_detail(&text, WHY_LANG_FR, "refused\x1b", &(struct why_detail_parts){0});
    assert_string_equal(text.data, "refusedrefused\\x1b");
    why_text_clear(&text);
}

static void what_was_said_elsewhere_is_said_again(void **state) {
    (void)state;
    char other[200];
    struct why_detail_parts parts;
    struct why__say say;
    why__say_begin(&say, other, sizeof other, &parts);
    why__say(&say, "%s: ", "\x1b[2J");
    why__say(&say, "the issuer %s was not sent", "CN=a");
    say = why__say_in(&record);
    why__say(&say, "alert %s (%d)", "x", 1);
    why__say_again(&say, "; of a program", NULL);
    why__say_again(&say, "", NULL);
    why__say_again(&say, other, &parts);
    struct why_text text = {0};
    why_text_append_detail(&text, WHY_LANG_FR, record.detail, &record.detail_parts);
    assert_string_equal(text.data, "alerte x (1); of a program\\x1b[2J" NBSP
                                   ": l'\xc3\xa9metteur CN=a n'a pas \xc3\xa9t\xc3\xa9 envoy\xc3"
                                   "\xa9");
    why_text_clear(&text);
}

static int visible(size_t room, size_t before, const char *text) {
    size_t len = strlen(text);
    return room <= before ? 0 : room - before < len ? (int)(room - before) : (int)len;
}

/* Nothing is written past the end, and a word that was cut is cut in any language. */
static void what_does_not_fit_is_cut(void **state) {
    (void)state;
    static const char word[] = "CN=a long name", last[] = "again";
    const size_t before_word = strlen("the issuer "),
                 before_last = strlen("the issuer CN=a long name was not sent");
    for (size_t size = 1; size < 60; size++) {
        char *memory = (char *)test_guard_new(size);
        struct why_detail_parts parts;
        struct why__say say;
        why__say_begin(&say, memory, size, &parts);
        why__say(&say, "the issuer %s was not sent", word);
        why__say_again(&say, last, NULL);
        assert_int_equal(strlen(memory), say.len);
        assert_int_equal(say.len,
                         visible(size - 1, 0, "the issuer CN=a long name was not sentagain"));
        char expected[100];
        (void)snprintf(expected, sizeof expected,
                       "l'\xc3\xa9metteur %.*s n'a pas \xc3\xa9t\xc3\xa9 envoy\xc3\xa9%.*s",
                       visible(size - 1, before_word, word), word,
                       visible(size - 1, before_last, last), last);
        struct why_text text = {0};
        why_text_append_detail(&text, WHY_LANG_FR, memory, &parts);
        assert_string_equal(text.data, expected);
        why_text_clear(&text);
        test_guard_free((uint8_t *)memory, size);
    }
}

/* Then there is the English alone: half a sentence is not said in French. */
static void too_many_parts_are_none(void **state) {
    (void)state;
    struct why__say say = why__say_in(&record);
    for (size_t i = 0; i <= WHY_DETAIL_TEXTS_MAX; i++) {
        assert_int_equal(record.detail_parts.text_count, i);
        why__say_text(&say, "closes");
    }
    assert_int_equal(record.detail_parts.text_count, 0);
    why__say_text(&say, "closes");
    assert_int_equal(record.detail_parts.text_count, 0);
    say = why__say_in(&record);
    for (size_t i = 0; i <= WHY_DETAIL_WORDS_MAX / 4; i++) {
        why__say(&say, "%s, %s%s%s", "a", "b", "c", "d");
    }
    assert_int_equal(record.detail_parts.text_count, 0);
    struct why_detail_parts parts;
    char other[200];
    struct why__say first;
    why__say_begin(&first, other, sizeof other, &parts);
    for (size_t i = 0; i < WHY_DETAIL_TEXTS_MAX; i++) {
        why__say(&first, "%s", "a");
    }
    assert_int_equal(parts.text_count, WHY_DETAIL_TEXTS_MAX);
    say = why__say_in(&record);
    why__say_text(&say, "closes");
    why__say_again(&say, other, &parts);
    assert_int_equal(record.detail_parts.text_count, 0);
    assert_string_equal(record.detail, "closesaaaaaaaaaaaa");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_stay_and_texts_change),
        cmocka_unit_test(conversions_are_those_of_printf),
        cmocka_unit_test(without_parts_it_stays_as_it_is),
        cmocka_unit_test(what_was_said_elsewhere_is_said_again),
        cmocka_unit_test(what_does_not_fit_is_cut),
        cmocka_unit_test(too_many_parts_are_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
