/* SPDX-License-Identifier: MIT
 *
 * The cases that are built in, a file for each group.
 */
#include "conform/case.h"
#include "whysocket/result.h"

/* X(name of the file in src/conform/cases, without .cases) */
#define OWN_FILES(X)                                                                               \
    X(echo)                                                                                        \
    X(ping)                                                                                        \
    X(reserved_bits)                                                                               \
    X(opcodes)                                                                                     \
    X(fragments)                                                                                   \
    X(utf8)                                                                                        \
    X(close)                                                                                       \
    X(masking)                                                                                     \
    X(lengths)                                                                                     \
    X(control)                                                                                     \
    X(server_opening)                                                                              \
    X(deflate)                                                                                     \
    X(client_opening)                                                                              \
    X(limits)                                                                                      \
    X(resilience)                                                                                  \
    X(tls)                                                                                         \
    X(performance)

#define X(name)                                                                                    \
    extern const uint8_t conform_cases_##name[];                                                   \
    extern const size_t conform_cases_##name##_len;
OWN_FILES(X)
#undef X

int conform_cases_read_own(struct conform_cases *cases, char *error, size_t error_size) {
    const struct {
        const char *name;
        struct why_bytes text;
    } files[] = {
#define X(name) {#name ".cases", {conform_cases_##name, conform_cases_##name##_len}},
        OWN_FILES(X)
#undef X
    };
    size_t before = cases->count;
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        int result = conform_cases_read(cases, files[i].name, files[i].text, error, error_size);
        if (result != WHY_OK) {
            cases->count = before;
            return result;
        }
    }
    return WHY_OK;
}
