/* SPDX-License-Identifier: MIT */
#include "support/pieces.h"

#include "support/guard.h"

#include <string.h>

size_t test_feed(const uint8_t *data, size_t len, size_t first, size_t piece, test_take *take,
                 void *context) {
    uint8_t *memory = test_guard_new(len);
    size_t used = 0;
    size_t want = first;
    while (used < len) {
        size_t now = want < len - used ? want : len - used;
        uint8_t *at = memory + len - now;
        memcpy(at, data + used, now);
        size_t taken = take(context, at, now);
        used += taken;
        if (taken < now) {
            break;
        }
        want = piece;
    }
    test_guard_free(memory, len);
    return used;
}

size_t test_every_split(const void *row, size_t len, test_run *run) {
    size_t failures = 0;
    failures += !run(row, len, len);
    failures += !run(row, 1, 1);
    for (size_t split = 1; split < len; split++) {
        failures += !run(row, split, len);
    }
    return failures;
}
