/* SPDX-License-Identifier: MIT
 *
 * The timing wheel. A timer lies on the level of the highest six bits in which its deadline differs
 * from the time elapsed; time reaching a slot above the bottom deals its timers out to the levels
 * below. So where a timer lies follows from its deadline, and nothing more is stored.
 */
#include "net/timer.h"

#include "whysocket/conn.h"

#include <string.h>

#define HORIZON_MS (UINT64_C(1) << (WHY__WHEEL_LEVELS * WHY__WHEEL_BITS))

static void ring_add(struct why__later **ring, struct why__later *later) {
    if (*ring == NULL) {
        later->next = later;
        later->prev = later;
        *ring = later;
        return;
    }
    struct why__later *first = *ring;
    later->next = first;
    later->prev = first->prev;
    first->prev->next = later;
    first->prev = later;
}

/* Where `ring` is the ring that the timer is in; another stays as it is. */
static void ring_drop_first(struct why__later **ring, const struct why__later *later) {
    if (*ring == later) {
        *ring = later->next == later ? NULL : later->next;
    }
}

static void ring_unlink(struct why__later *later) {
    later->next->prev = later->prev;
    later->prev->next = later->next;
    later->next = NULL;
    later->prev = NULL;
}

static unsigned level_of(const struct why__wheel *wheel, uint64_t deadline_ms) {
    uint64_t differs = wheel->elapsed_ms ^ deadline_ms;
    return (63u - (unsigned)__builtin_clzll(differs)) / WHY__WHEEL_BITS;
}

static unsigned slot_of(uint64_t deadline_ms, unsigned level) {
    return (unsigned)(deadline_ms >> (level * WHY__WHEEL_BITS)) & (WHY__WHEEL_SLOTS - 1);
}

static void insert(struct why__wheel *wheel, struct why__later *later) {
    if (why__later_deadline(later) <= wheel->elapsed_ms) {
        ring_add(&wheel->due, later);
        return;
    }
    unsigned level = level_of(wheel, why__later_deadline(later));
    unsigned slot = slot_of(why__later_deadline(later), level);
    ring_add(&wheel->slots[level][slot], later);
    wheel->occupied[level] |= UINT64_C(1) << slot;
}

static void extract(struct why__wheel *wheel, struct why__later *later) {
    if (why__later_deadline(later) <= wheel->elapsed_ms) {
        ring_drop_first(&wheel->due, later);
        ring_drop_first(&wheel->firing, later);
    } else {
        unsigned level = level_of(wheel, why__later_deadline(later));
        unsigned slot = slot_of(why__later_deadline(later), level);
        ring_drop_first(&wheel->slots[level][slot], later);
        if (wheel->slots[level][slot] == NULL) {
            wheel->occupied[level] &= ~(UINT64_C(1) << slot);
        }
    }
    ring_unlink(later);
}

void why__wheel_init(struct why__wheel *wheel, uint64_t now_ms) {
    memset(wheel, 0, sizeof *wheel);
    wheel->elapsed_ms = now_ms;
}

void why__wheel_lift(struct why__wheel *wheel, struct why__later *later) {
    if (later->is_set) {
        extract(wheel, later);
    }
}

void why__wheel_put_back(struct why__wheel *wheel, struct why__later *later) {
    if (later->is_set) {
        insert(wheel, later);
    }
}

void why__wheel_set(struct why__wheel *wheel, struct why__later *later, uint64_t deadline_ms) {
    if (deadline_ms >= HORIZON_MS) {
        why__wheel_cancel(wheel, later);
        return;
    }
    if (later->is_set && why__later_deadline(later) == deadline_ms) {
        return;
    }
    why__wheel_cancel(wheel, later);
    wheel->count++;
    later->is_set = true;
    later->deadline_low = (uint32_t)deadline_ms;
    later->deadline_high = (uint16_t)(deadline_ms >> 32);
    if (!later->is_deferred) {
        insert(wheel, later);
    }
}

void why__wheel_cancel(struct why__wheel *wheel, struct why__later *later) {
    if (!later->is_set) {
        return;
    }
    if (!later->is_deferred) {
        extract(wheel, later);
    }
    later->is_set = false;
    wheel->count--;
}

/* The first occupied slot: the lowest level is the earliest, and within it the lowest slot, as
 * all of its timers share the higher bits of the time elapsed. */
static bool first_slot(const struct why__wheel *wheel, unsigned *level, unsigned *slot,
                       uint64_t *begins_ms) {
    for (unsigned i = 0; i < WHY__WHEEL_LEVELS; i++) {
        if (wheel->occupied[i] != 0) {
            unsigned shift = i * WHY__WHEEL_BITS;
            *level = i;
            *slot = (unsigned)__builtin_ctzll(wheel->occupied[i]);
            *begins_ms = (wheel->elapsed_ms >> (shift + WHY__WHEEL_BITS) << WHY__WHEEL_BITS |
                          (uint64_t)*slot)
                         << shift;
            return true;
        }
    }
    return false;
}

uint64_t why__wheel_next(const struct why__wheel *wheel) {
    unsigned level = 0;
    unsigned slot = 0;
    uint64_t begins_ms = 0;
    if (wheel->due != NULL) {
        return wheel->elapsed_ms;
    }
    return first_slot(wheel, &level, &slot, &begins_ms) ? begins_ms : WHY_NO_DEADLINE;
}

/* Let time pass: everything up to `now_ms` ends up in the ring of what is due, in order. */
static void advance(struct why__wheel *wheel, uint64_t now_ms) {
    unsigned level = 0;
    unsigned slot = 0;
    uint64_t begins_ms = 0;
    while (first_slot(wheel, &level, &slot, &begins_ms) && begins_ms <= now_ms) {
        struct why__later *ring = wheel->slots[level][slot];
        wheel->slots[level][slot] = NULL;
        wheel->occupied[level] &= ~(UINT64_C(1) << slot);
        wheel->elapsed_ms = begins_ms;
        while (ring != NULL) {
            struct why__later *later = ring;
            ring_drop_first(&ring, later);
            ring_unlink(later);
            insert(wheel, later);
        }
    }
    if (now_ms > wheel->elapsed_ms) {
        wheel->elapsed_ms = now_ms;
    }
}

void why__wheel_fire(struct why__wheel *wheel, uint64_t now_ms,
                     void (*fire)(struct why__later *later)) {
    advance(wheel, now_ms);
    wheel->firing = wheel->due;
    wheel->due = NULL;
    while (wheel->firing != NULL) {
        struct why__later *later = wheel->firing;
        ring_drop_first(&wheel->firing, later);
        ring_unlink(later);
        later->is_set = false;
        wheel->count--;
        fire(later);
    }
}
