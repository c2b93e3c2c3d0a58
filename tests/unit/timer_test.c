/* SPDX-License-Identifier: MIT
 *
 * The timing wheel: against a list that is searched, at every distance, and from inside callbacks.
 */
#include "net/timer.h"

#include "whysocket/conn.h"

#include "support/test.h"

#include <stdlib.h>
#include <string.h>

struct probe {
    struct why__timer timer;
    struct why__wheel *wheel;
    struct probe *other;  /* cancelled by its callback */
    uint64_t again_ms;    /* set again to that by its callback; 0: not */
    uint64_t expected_ms; /* 0: not set */
    uint64_t *now_ms;
    uint64_t fired_ms;
    unsigned fired;
};

static void on_due(struct why__timer *timer) {
    struct probe *probe = WHY__CONTAINER(timer, struct probe, timer);
    probe->fired++;
    probe->fired_ms = *probe->now_ms;
    if (probe->other != NULL) {
        why__wheel_cancel(probe->wheel, &probe->other->timer.later);
    }
    if (probe->again_ms != 0) {
        why__wheel_set(probe->wheel, &timer->later, probe->again_ms);
    }
}

static void fire(struct why__later *later) {
    struct why__timer *timer = WHY__CONTAINER(later, struct why__timer, later);
    timer->on_due(timer);
}

static void a_deadline_fires_at_its_millisecond_and_not_before(void **state) {
    (void)state;
    static const uint64_t starts[] = {0, 1, 63, 64, 4095, 123456789, (UINT64_C(1) << 36) - 1};
    static const uint64_t distances[] = {1,    2,     63,    64,     65,     4095,      4096,
                                         4097, 10000, 30000, 262143, 262144, 100000000, 86400000};
    for (size_t i = 0; i < TEST_COUNT(starts); i++) {
        for (size_t j = 0; j < TEST_COUNT(distances); j++) {
            uint64_t now_ms = starts[i];
            struct why__wheel *wheel = malloc(sizeof *wheel);
            why__wheel_init(wheel, now_ms);
            struct probe probe = {.timer.on_due = on_due, .wheel = wheel, .now_ms = &now_ms};
            uint64_t deadline_ms = starts[i] + distances[j];
            why__wheel_set(wheel, &probe.timer.later, deadline_ms);
            unsigned wakes = 0;
            while (probe.fired == 0) {
                uint64_t next_ms = why__wheel_next(wheel);
                assert_true(next_ms > now_ms && next_ms <= deadline_ms);
                now_ms = next_ms - 1; /* a moment too early, which does no harm */
                why__wheel_fire(wheel, now_ms, fire);
                assert_int_equal(probe.fired, 0);
                now_ms = next_ms;
                why__wheel_fire(wheel, now_ms, fire);
                assert_true(++wakes <= WHY__WHEEL_LEVELS);
            }
            assert_int_equal(probe.fired_ms, deadline_ms);
            assert_int_equal(wheel->count, 0);
            assert_true(why__wheel_next(wheel) == WHY_NO_DEADLINE);
            free(wheel);
        }
    }
}

#define PROBES 300

static struct probe *new_probes(struct why__wheel *wheel, uint64_t *now_ms, size_t count) {
    struct probe *probes = calloc(count, sizeof *probes);
    for (size_t i = 0; i < count; i++) {
        probes[i] = (struct probe){.timer.on_due = on_due, .wheel = wheel, .now_ms = now_ms};
    }
    return probes;
}

static void random_sets_and_cancels_agree_with_a_list(void **state) {
    (void)state;
    uint64_t now_ms = 987654321;
    struct why__wheel *wheel = malloc(sizeof *wheel);
    why__wheel_init(wheel, now_ms);
    struct probe *probes = new_probes(wheel, &now_ms, PROBES);
    srand(7);
    for (unsigned round = 0; round < 20000; round++) {
        struct probe *probe = &probes[rand() % PROBES];
        if (rand() % 4 == 0) {
            why__wheel_cancel(wheel, &probe->timer.later);
            probe->expected_ms = 0;
        } else {
            probe->expected_ms = now_ms + (uint64_t)(rand() % (1 << (rand() % 20)));
            why__wheel_set(wheel, &probe->timer.later, probe->expected_ms);
        }
        if (rand() % 3 != 0) {
            continue;
        }
        now_ms += (uint64_t)(rand() % (1 << (rand() % 14)));
        why__wheel_fire(wheel, now_ms, fire);
        for (size_t i = 0; i < PROBES; i++) {
            probe = &probes[i];
            bool is_due = probe->expected_ms != 0 && probe->expected_ms <= now_ms;
            assert_int_equal(probe->fired, is_due);
            if (is_due) {
                probe->fired = 0;
                probe->expected_ms = 0;
            }
            assert_true((probe->timer.later.is_set) == (probe->expected_ms != 0));
        }
    }
    free(probes);
    free(wheel);
}

static void a_callback_may_set_itself_and_cancel_others(void **state) {
    (void)state;
    uint64_t now_ms = 1000;
    struct why__wheel *wheel = malloc(sizeof *wheel);
    why__wheel_init(wheel, now_ms);
    struct probe *probes = new_probes(wheel, &now_ms, 3);
    probes[0].other = &probes[1];
    probes[2].again_ms = 500; /* past for ever: fires once a round, no more */
    for (size_t i = 0; i < 3; i++) {
        why__wheel_set(wheel, &probes[i].timer.later, 1010);
    }
    now_ms = 1020;
    why__wheel_fire(wheel, now_ms, fire);
    assert_int_equal(probes[0].fired, 1);
    assert_int_equal(probes[1].fired, 0);
    assert_int_equal(probes[2].fired, 1);
    assert_true(why__wheel_next(wheel) <= now_ms);
    why__wheel_fire(wheel, now_ms, fire);
    assert_int_equal(probes[2].fired, 2);
    why__wheel_set(wheel, &probes[2].timer.later, WHY_NO_DEADLINE);
    assert_int_equal(wheel->count, 0);
    free(probes);
    free(wheel);
}

/* 100,000 timers that are moved on with every message: the time for it is taken as "within the
 * test's patience even under a sanitizer", a quadratic wheel is a thousand times over it. */
static void many_timers_are_cheap(void **state) {
    (void)state;
    enum {
        MANY = 100000
    };
    uint64_t now_ms = 5;
    struct why__wheel *wheel = malloc(sizeof *wheel);
    why__wheel_init(wheel, now_ms);
    struct probe *probes = new_probes(wheel, &now_ms, MANY);
    for (unsigned round = 0; round < 10; round++) {
        for (size_t i = 0; i < MANY; i++) {
            why__wheel_set(wheel, &probes[i].timer.later, now_ms + 30000 + i % 977);
        }
        now_ms += 100;
        why__wheel_fire(wheel, now_ms, fire);
    }
    assert_int_equal(wheel->count, MANY);
    now_ms += 40000;
    why__wheel_fire(wheel, now_ms, fire);
    assert_int_equal(wheel->count, 0);
    for (size_t i = 0; i < MANY; i++) {
        assert_int_equal(probes[i].fired, 1);
    }
    free(probes);
    free(wheel);
}

/* What is deferred is in another ring for a while, with its deadline; and that may be set, moved
 * and cancelled meanwhile. */
static void what_is_lifted_keeps_its_deadline(void **state) {
    (void)state;
    uint64_t now_ms = 1000;
    struct why__wheel *wheel = malloc(sizeof *wheel);
    why__wheel_init(wheel, now_ms);
    enum {
        STAYS,
        PASSES,
        MOVES,
        IS_CANCELLED,
        IS_SET,
        COUNT,
    };
    struct probe *probes = new_probes(wheel, &now_ms, COUNT);
    for (size_t i = 0; i < COUNT; i++) {
        struct why__later *later = &probes[i].timer.later;
        if (i != IS_SET) {
            why__wheel_set(wheel, later, 1100 + i);
        }
        why__wheel_lift(wheel, later);
        later->is_deferred = true;
        assert_null(later->next);
    }
    assert_int_equal(wheel->count, COUNT - 1);
    assert_true(why__wheel_next(wheel) == WHY_NO_DEADLINE);
    why__wheel_set(wheel, &probes[MOVES].timer.later, 1300);
    why__wheel_cancel(wheel, &probes[IS_CANCELLED].timer.later);
    why__wheel_set(wheel, &probes[IS_SET].timer.later, 1400);
    now_ms = 1101;
    why__wheel_fire(wheel, now_ms, fire);
    static const uint64_t expected_ms[COUNT] = {1101, 1101, 1300, 0, 1400};
    for (size_t i = 0; i < COUNT; i++) {
        assert_int_equal(probes[i].fired, 0);
        probes[i].timer.later.is_deferred = false;
        why__wheel_put_back(wheel, &probes[i].timer.later);
    }
    for (; now_ms <= 1500; now_ms++) {
        why__wheel_fire(wheel, now_ms, fire);
    }
    for (size_t i = 0; i < COUNT; i++) {
        assert_int_equal(probes[i].fired_ms, expected_ms[i]);
    }
    assert_int_equal(wheel->count, 0);
    free(probes);
    free(wheel);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_lifted_keeps_its_deadline),
        cmocka_unit_test(a_deadline_fires_at_its_millisecond_and_not_before),
        cmocka_unit_test(random_sets_and_cancels_agree_with_a_list),
        cmocka_unit_test(a_callback_may_set_itself_and_cancel_others),
        cmocka_unit_test(many_timers_are_cheap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
