/* SPDX-License-Identifier: MIT
 *
 * A guess reads nothing outside the data and comes to an end, also where what it is told of the
 * data is odd. Input: flags, place of the wrong byte, its class, then the data.
 */
#include "base/guess.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 3) {
        return 0;
    }
    size_t len = size - 3;
    struct why__guess_input input = {
        .data = data + 3,
        .len = len,
        .wrong_at = data[1] % (len + 1),
        .utf8_class = (enum why_utf8_class)(data[2] % (WHY_UTF8_CLASS_TRUNCATED + 1)),
        .offset = (data[0] & 1) != 0 ? data[0] : 0,
        .is_whole = (data[0] & 2) != 0,
        .at_fragment = (data[0] & 4) != 0,
    };
    enum why_guess guess = why__guess(&input);
    FUZZ_CHECK(guess <= WHY_GUESS_BINARY);
    FUZZ_CHECK(guess == why__guess(&input));
    return 0;
}
