/* SPDX-License-Identifier: MIT
 *
 * Any text is read as cases, or it is said what is wrong with it; small terms of it are made.
 */
#include "conform/case.h"
#include "conform/memory.h"
#include "conform/term.h"
#include "fuzz.h"
#include "whysocket/result.h"

#include <string.h>

/* Terms can ask for any size: only so many bytes of numbers are let through. */
static int has_large_number(const uint8_t *data, size_t size) {
    size_t digits = 0;
    for (size_t i = 0; i < size; i++) {
        digits = data[i] >= '0' && data[i] <= '9' ? digits + 1 : 0;
        if (digits > 2 || (digits > 0 && i + 1 < size && data[i + 1] == '*')) {
            return 1;
        }
    }
    return 0;
}

static void make(const struct conform_cases *cases) {
    const struct conform_values values = {1, "/", "h", "k", "a"};
    struct conform_deflater deflater = {0};
    for (size_t i = 0; i < cases->count; i++) {
        for (size_t k = 0; k < cases->list[i].step_count; k++) {
            struct conform_buffer out = {0};
            FUZZ_CHECK(conform_term_make(cases->list[i].steps[k].term, &values, &deflater, &out) ==
                       WHY_OK);
            conform_buffer_free(&out);
        }
    }
    conform_deflater_clear(&deflater);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct conform_cases cases = {0};
    char error[160] = "";
    int result =
        conform_cases_read(&cases, "f", (struct why_bytes){data, size}, error, sizeof error);
    FUZZ_CHECK(result == WHY_OK || result == WHY_ERR_CONFIG);
    FUZZ_CHECK((result == WHY_OK) == (error[0] == '\0'));
    FUZZ_CHECK(result == WHY_OK || cases.count == 0);
    FUZZ_CHECK(memchr(error, '\0', sizeof error) != NULL);
    if (!has_large_number(data, size)) {
        make(&cases);
    }
    conform_cases_free(&cases);
    return 0;
}
