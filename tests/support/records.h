/* SPDX-License-Identifier: MIT
 *
 * Close records as connections leave them, for tests of how they are written.
 */
#ifndef WHY_TEST_RECORDS_H
#define WHY_TEST_RECORDS_H

#include "whysocket/record.h"

#include <stdbool.h>
#include <stddef.h>

/* The record of that number, in place: one with nothing in it, one for each cause, and some with
 * evidence of each kind, a hostile peer's among it. `name` is for failure messages.
 * returns  false past the last */
bool test_record_at(size_t index, struct why_record *record, const char **name);

/* By name; aborts if there is none. */
void test_record_named(const char *name, struct why_record *record);

#endif
