/* SPDX-License-Identifier: MIT
 *
 * What is sent when: the schedule, the mix; and what a difference between two runs is worth.
 */
#include "support/test.h"

#include "bench/compare.h"
#include "bench/mix.h"
#include "bench/schedule.h"

#include <string.h>

#define SECOND_NS UINT64_C(1000000000)

/* ---- The schedule ---- */

static const struct schedule_row {
    const char *name;
    double rate;
    uint64_t ramp_ns, number, due_ns;
} schedule_rows[] = {
    {"the first is due at once", 1000, 0, 0, 0},
    {"the next a period later", 1000, 0, 1, 1000000},
    {"no period is lost over a long time", 3, 0, 3000000, 1000000 * SECOND_NS},
    {"a ramp begins with one, too", 1000, 10 * SECOND_NS, 0, 0},
    {"in half the ramp a quarter of its messages are due", 1000, 10 * SECOND_NS, 1250,
     5 * SECOND_NS},
    {"in all of it half of what the rate would have been", 1000, 10 * SECOND_NS, 5000,
     10 * SECOND_NS},
    {"after it the rate is what was asked for", 1000, 10 * SECOND_NS, 6000, 11 * SECOND_NS},
    {"what is never due is due never", 1, 0, UINT64_C(1) << 52, UINT64_MAX},
};

static void messages_are_due_by_the_schedule(void **unused) {
    (void)unused;
    for (size_t i = 0; i < sizeof schedule_rows / sizeof *schedule_rows; i++) {
        const struct schedule_row *row = &schedule_rows[i];
        struct bench_schedule schedule = {.rate = row->rate, .ramp_ns = row->ramp_ns};
        uint64_t due_ns = bench_schedule_due_ns(&schedule, row->number);
        if (due_ns != row->due_ns) {
            fail_msg("%s: %llu ns, not %llu", row->name, (unsigned long long)due_ns,
                     (unsigned long long)row->due_ns);
        }
    }
}

static void as_many_are_counted_as_are_due(void **unused) {
    (void)unused;
    struct bench_schedule schedule = {.rate = 777, .ramp_ns = SECOND_NS};
    for (uint64_t number = 0; number < 5000; number += 13) {
        uint64_t due_ns = bench_schedule_due_ns(&schedule, number);
        assert_int_equal(bench_schedule_count(&schedule, due_ns), number);
        assert_int_equal(bench_schedule_count(&schedule, due_ns + 1), number + 1);
    }
    struct bench_schedule fast = {.rate = 1e8};
    assert_int_equal(bench_schedule_count(&fast, 10 * SECOND_NS), 1000000000);
}

/* ---- The mix ---- */

static const struct mix_row {
    const char *text;
    enum bench_mix_error error;
    const char *written;
} mix_rows[] = {
    {"text:20", BENCH_MIX_OK, "text:20"},
    {"text:20*8,utf8:1K,binary:2M*1000", BENCH_MIX_OK, "text:20*8,utf8:1024,binary:2097152*1000"},
    {"binary:0", BENCH_MIX_OK, "binary:0"},
    {"", BENCH_MIX_WRONG, NULL},
    {"text", BENCH_MIX_WRONG, NULL},
    {"text:", BENCH_MIX_WRONG, NULL},
    {"text:x", BENCH_MIX_WRONG, NULL},
    {"texts:2", BENCH_MIX_WRONG, NULL},
    {"text:2,", BENCH_MIX_WRONG, NULL},
    {"text:2*", BENCH_MIX_WRONG, NULL},
    {"text:2*0", BENCH_MIX_WRONG, NULL},
    {"text:2;text:3", BENCH_MIX_WRONG, NULL},
    {"text:-2", BENCH_MIX_WRONG, NULL},
    {"text:2*1001", BENCH_MIX_LIMIT, NULL},
    {"text:257M", BENCH_MIX_LIMIT, NULL},
    {"text:99999999999999999999", BENCH_MIX_LIMIT, NULL},
    {"text:1,text:1,text:1,text:1,text:1,text:1,text:1,text:1,text:1,text:1,text:1,text:1,text:1,"
     "text:1,text:1,text:1,text:1",
     BENCH_MIX_LIMIT, NULL},
};

static void mixes_are_read_as_they_are_meant(void **unused) {
    (void)unused;
    for (size_t i = 0; i < sizeof mix_rows / sizeof *mix_rows; i++) {
        const struct mix_row *row = &mix_rows[i];
        struct bench_mix mix = {.count = 0};
        struct why_text text = {0};
        enum bench_mix_error error = bench_mix_read(&mix, row->text);
        bench_mix_write(&mix, &text);
        if (error != row->error || (row->written != NULL && strcmp(text.data, row->written) != 0)) {
            fail_msg("\"%s\": %d, \"%s\"", row->text, (int)error, text.data);
        }
        why_text_clear(&text);
        bench_mix_clear(&mix);
    }
}

static void each_item_comes_as_often_as_its_weight_and_spread(void **unused) {
    (void)unused;
    struct bench_mix mix = {.count = 0};
    assert_int_equal(bench_mix_read(&mix, "text:1*7,utf8:2*2,binary:3"), BENCH_MIX_OK);
    for (int round = 0; round < 3; round++) {
        size_t counts[3] = {0};
        size_t run = 0;
        for (int i = 0; i < 10; i++) {
            size_t item = bench_mix_next(&mix);
            counts[item]++;
            run = item == 0 ? run + 1 : 0;
            assert_true(run <= 4); /* the seven are not one after the other */
        }
        assert_int_equal(counts[0], 7);
        assert_int_equal(counts[1], 2);
        assert_int_equal(counts[2], 1);
    }
    bench_mix_clear(&mix);
}

/* ---- Comparing ---- */

/* A run whose slots vary by `spread` around `rate`. */
static struct bench_summary summary_of(struct bench_slot *slots, size_t count, double rate,
                                       double spread) {
    struct bench_summary summary = {.slots = slots, .slot_count = count};
    summary.values[BENCH_METRIC_RATE] = rate;
    summary.values[BENCH_METRIC_P50] = rate;
    for (size_t i = 0; i < count; i++) {
        double value = rate * (i % 2 == 0 ? 1 + spread : 1 - spread);
        slots[i] = (struct bench_slot){
            .ns = SECOND_NS, .replies = (uint64_t)value, .p50_ns = (uint64_t)value};
    }
    return summary;
}

static const struct compare_row {
    const char *name;
    double before, now, spread;
    enum bench_metric metric;
    enum bench_verdict verdict;
} compare_rows[] = {
    {"a tenth more of steady runs is better", 100000, 110000, 0.01, BENCH_METRIC_RATE,
     BENCH_BETTER},
    {"a tenth less is worse", 100000, 90000, 0.01, BENCH_METRIC_RATE, BENCH_WORSE},
    {"of latency less is better", 100000, 90000, 0.01, BENCH_METRIC_P50, BENCH_BETTER},
    {"and more worse", 100000, 110000, 0.01, BENCH_METRIC_P50, BENCH_WORSE},
    {"four in a hundred are noise in any case", 100000, 104000, 0, BENCH_METRIC_RATE, BENCH_NOISE},
    {"a tenth is noise where runs vary by half", 100000, 110000, 0.5, BENCH_METRIC_RATE,
     BENCH_NOISE},
    {"what one lacks is not known", 0, 100, 0, BENCH_METRIC_RATE, BENCH_UNKNOWN},
};

static void differences_are_held_against_the_noise(void **unused) {
    (void)unused;
    enum {
        COUNT = 50
    };
    struct bench_slot slots[2][COUNT];
    for (size_t i = 0; i < sizeof compare_rows / sizeof *compare_rows; i++) {
        const struct compare_row *row = &compare_rows[i];
        struct bench_summary before = summary_of(slots[0], COUNT, row->before, row->spread);
        struct bench_summary now = summary_of(slots[1], COUNT, row->now, row->spread);
        struct bench_difference difference = bench_compare(&before, &now, row->metric);
        if (difference.verdict != row->verdict) {
            fail_msg("%s: %d, ratio %g, noise %g", row->name, (int)difference.verdict,
                     difference.ratio, difference.noise);
        }
    }
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_are_due_by_the_schedule),
        cmocka_unit_test(as_many_are_counted_as_are_due),
        cmocka_unit_test(mixes_are_read_as_they_are_meant),
        cmocka_unit_test(each_item_comes_as_often_as_its_weight_and_spread),
        cmocka_unit_test(differences_are_held_against_the_noise),
    };
    return cmocka_run_group_tests_name("bench_plan", tests, NULL, NULL);
}
