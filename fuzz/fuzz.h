/* SPDX-License-Identifier: MIT
 *
 * What every fuzz target needs: the name that the fuzzer calls, and a way to fail.
 */
#ifndef WHY_FUZZ_FUZZ_H
#define WHY_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* NOLINTNEXTLINE(readability-identifier-naming): the fuzzer asks for this name */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Also where assert() is gone. */
#define FUZZ_CHECK(condition)                                                                      \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);                \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

#endif
