/* SPDX-License-Identifier: MIT
 *
 * A hierarchical timing wheel: seven levels of 64 slots, a millisecond each at the bottom. Setting
 * and cancelling take constant time, and a timer moves down at most six times in its life.
 */
#ifndef WHY_NET_TIMER_H
#define WHY_NET_TIMER_H

#include "net/loop.h"

#define WHY__WHEEL_LEVELS 7
#define WHY__WHEEL_BITS 6
#define WHY__WHEEL_SLOTS (1u << WHY__WHEEL_BITS)

struct why__wheel {
    uint64_t elapsed_ms;
    size_t count; /* of what is set, lifted or not */
    uint64_t occupied[WHY__WHEEL_LEVELS];
    struct why__later *slots[WHY__WHEEL_LEVELS][WHY__WHEEL_SLOTS]; /* rings; NULL: empty */
    struct why__later *due;                                        /* a ring: past, not fired yet */
    struct why__later *firing; /* a ring: those of `due` that this round fires */
};

void why__wheel_init(struct why__wheel *wheel, uint64_t now_ms);

/* A deadline of WHY_NO_DEADLINE, or 139 years away, cancels. */
void why__wheel_set(struct why__wheel *wheel, struct why__later *later, uint64_t deadline_ms);
void why__wheel_cancel(struct why__wheel *wheel, struct why__later *later);

/* Take what is set off the wheel, as it is needed in another ring, and put it back. What is
 * deferred is taken to be lifted. */
void why__wheel_lift(struct why__wheel *wheel, struct why__later *later);
void why__wheel_put_back(struct why__wheel *wheel, struct why__later *later);

/* When why__wheel_fire() has something to do next, at the earliest; WHY_NO_DEADLINE: never. */
uint64_t why__wheel_next(const struct why__wheel *wheel);

/* Call `fire` for what is due at `now_ms`, earliest first; it is not set any more. What is set
 * while it fires, to a moment that is past already, waits for the next round: nothing can keep the
 * loop in here. */
void why__wheel_fire(struct why__wheel *wheel, uint64_t now_ms,
                     void (*fire)(struct why__later *later));

#endif
