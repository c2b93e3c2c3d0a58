/* SPDX-License-Identifier: MIT
 *
 * Comparisons of every pair of codes: what is called a difference is one in the table, and none is
 * left out.
 */
#include "why/compare.h"
#include "why/words.h"

#include "support/test.h"

#include <string.h>

/* The number in the table behind a facet: the test looks there, not at the words. */
static int raw_field(const struct why_code_info *info, enum why_facet facet) {
    switch (facet) {
    case WHY_FACET_STATUS:
        return (int)info->status;
    case WHY_FACET_SENDERS:
        return (int)info->senders;
    case WHY_FACET_SCOPE:
        return (int)info->scope;
    case WHY_FACET_PHASE:
        return (int)info->phase;
    case WHY_FACET_LAYER:
        return (int)info->layer;
    case WHY_FACET_DECIDER:
        return (int)info->decider;
    case WHY_FACET_MEND:
        return (int)info->mend;
    case WHY_FACET_RETRY:
        return (int)info->retry;
    case WHY_FACET_HTTP:
        return info->http_status;
    case WHY_FACET_COUNT:
        break;
    }
    return -1;
}

typedef void pair_check(const struct why__comparison *comparison);

/* Every ordered pair of entries, a range by its first code. */
static void for_each_pair(pair_check *check) {
    const struct why_code_info *a = NULL;
    const struct why_code_info *b = NULL;
    for (size_t i = 0; (a = why_code_info_at(i)) != NULL; i++) {
        for (size_t j = 0; (b = why_code_info_at(j)) != NULL; j++) {
            if (i != j) {
                struct why__comparison comparison;
                why__compare(a->first, b->first, &comparison);
                check(&comparison);
            }
        }
    }
}

static void check_facets(const struct why__comparison *comparison) {
    unsigned seen = 0;
    for (size_t i = 0; i < comparison->differing_count; i++) {
        enum why_facet facet = comparison->differing[i];
        seen |= 1u << facet;
        if (raw_field(comparison->infos[0], facet) == raw_field(comparison->infos[1], facet)) {
            fail_msg("%u and %u do not differ in %s", comparison->codes[0], comparison->codes[1],
                     why__facet_id(facet));
        }
    }
    for (size_t i = 0; i < comparison->shared_count; i++) {
        enum why_facet facet = comparison->shared[i];
        seen |= 1u << facet;
        if (raw_field(comparison->infos[0], facet) != raw_field(comparison->infos[1], facet)) {
            fail_msg("%u and %u do differ in %s", comparison->codes[0], comparison->codes[1],
                     why__facet_id(facet));
        }
    }
    assert_int_equal(seen, (1u << WHY_FACET_COUNT) - 1);
}

static void differences_are_those_of_the_table(void **state) {
    (void)state;
    for_each_pair(check_facets);
}

static bool is_range(const struct why_code_info *info) {
    return info->first != info->last;
}

/* Two ranges may stand for the same (3001-3002 and 3004-3007 do); a code never does. */
static void check_count(const struct why__comparison *comparison) {
    if (!is_range(comparison->infos[0]) && !is_range(comparison->infos[1]) &&
        comparison->differing_count == 0) {
        fail_msg("%u and %u: no difference", comparison->codes[0], comparison->codes[1]);
    }
}

static void any_two_codes_differ(void **state) {
    (void)state;
    for_each_pair(check_count);
}

static void count_lines(const char *text, const char *heading, size_t *count) {
    const char *at = strstr(text, heading);
    *count = 0;
    if (at == NULL) {
        return;
    }
    for (at = strchr(at + 1, '\n'); at != NULL && at[1] == ' '; at = strchr(at + 1, '\n')) {
        (*count)++;
    }
}

/* In both languages: every heading, and one numbered line for each difference that names both
 * codes and both values. */
static void check_text(const struct why__comparison *comparison) {
    static const char *const headings[] = {"Description",     "When you see it",   "How to fix it",
                                           "Key differences", "When to use which", "Read more"};
    for (int l = 0; l < WHY_LANG_COUNT; l++) {
        enum why_lang lang = (enum why_lang)l;
        struct why_text text = {0};
        why__comparison_write_text(comparison, lang, &text);
        assert_false(text.failed);
        for (size_t i = 0; i < TEST_COUNT(headings); i++) {
            struct why_text line = {0};
            why_text_append(&line, "\n%s\n", why_translate(lang, headings[i]));
            assert_non_null(strstr(text.data, line.data));
            why_text_clear(&line);
        }
        for (size_t i = 0; i < comparison->differing_count; i++) {
            for (size_t side = 0; side < 2; side++) {
                struct why_text value = {0};
                why_text_append(&value, "%u %s", comparison->codes[side],
                                why_translate(lang, why_code_facet(comparison->infos[side],
                                                                   comparison->differing[i])));
                assert_non_null(strstr(text.data, value.data));
                why_text_clear(&value);
            }
        }
        size_t lines = 0;
        struct why_text heading = {0};
        why_text_append(&heading, "\n%s\n", why_translate(lang, "Key differences"));
        count_lines(text.data, heading.data, &lines);
        why_text_clear(&heading);
        assert_int_equal(lines, comparison->differing_count == 0 ? 1 : comparison->differing_count);
        why_text_clear(&text);
    }
}

static void every_comparison_is_whole_in_both_languages(void **state) {
    (void)state;
    for_each_pair(check_text);
}

static void only_what_may_travel_can_be_chosen(void **state) {
    (void)state;
    static const struct {
        uint16_t a, b;
        enum why__choice choice;
    } rows[] = {
        {1000, 1001, WHY__CHOICE_BOTH},    {1007, 1015, WHY__CHOICE_FIRST},
        {1006, 1011, WHY__CHOICE_SECOND},  {1005, 1006, WHY__CHOICE_NEITHER},
        {4999, 5000, WHY__CHOICE_FIRST},   {999, 1000, WHY__CHOICE_SECOND},
        {1016, 2999, WHY__CHOICE_NEITHER},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        struct why__comparison comparison;
        why__compare(rows[i].a, rows[i].b, &comparison);
        if (comparison.choice != rows[i].choice) {
            fail_msg("%u and %u", rows[i].a, rows[i].b);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(differences_are_those_of_the_table),
        cmocka_unit_test(any_two_codes_differ),
        cmocka_unit_test(every_comparison_is_whole_in_both_languages),
        cmocka_unit_test(only_what_may_travel_can_be_chosen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
