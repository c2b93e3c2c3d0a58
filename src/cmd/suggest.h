/* SPDX-License-Identifier: MIT
 *
 * "Is ... meant?": the nearest of several names to one that is none of them.
 */
#ifndef WHY_CMD_SUGGEST_H
#define WHY_CMD_SUGGEST_H

#include <stddef.h>

struct suggestion {
    const char *given;
    size_t len;
    const char *best; /* NULL where none is near enough to be a slip of the hand */
    size_t distance;
};

struct suggestion suggestion_start(const char *given, size_t len);

/* `name` is borrowed for as long as `best` is looked at. */
void suggestion_offer(struct suggestion *suggestion, const char *name);

#endif
