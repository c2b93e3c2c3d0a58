/* SPDX-License-Identifier: MIT
 *
 * SHA-1 against published digests, and its increments against the whole.
 */
#include "base/sha1.h"

#include "support/hex.h"
#include "support/test.h"

#include <stdbool.h>
#include <string.h>

static const struct {
    const char *name, *rfc, *input, *digest;
} rows[] = {
    {"nothing", "RFC 3174", "", "da 39 a3 ee 5e 6b 4b 0d 32 55 bf ef 95 60 18 90 af d8 07 09"},
    {"one block", "RFC 3174, 7.3, TEST1", "'abc'",
     "a9 99 3e 36 47 06 81 6a ba 3e 25 71 78 50 c2 6c 9c d0 d8 9d"},
    {"padding that needs a block of its own", "RFC 3174, 7.3, TEST2a",
     "'abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq'",
     "84 98 3e 44 1c 3b d2 6e ba ae 4a a1 f9 51 29 e5 e5 46 70 f1"},
    {"ten blocks exactly", "RFC 3174, 4", "00*640",
     "1f 67 63 98 39 67 67 9e fd ab a1 6c ea 3e a3 ee 97 cd 68 bf"},
    {"the key of the handshake's example", "RFC 6455, 1.3",
     "'dGhlIHNhbXBsZSBub25jZQ==258EAFA5-E914-47DA-95CA-C5AB0DC85B11'",
     "b3 7a 4f 2c c0 62 4f 16 90 f6 46 06 cf 38 59 45 b2 be c4 ea"},
};

static void published_digests_come_out(void **state) {
    (void)state;
    size_t failures = 0;
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        uint8_t input[1024], expected[WHY__SHA1_SIZE], digest[WHY__SHA1_SIZE];
        size_t len = test_parse_hex(rows[i].input, input, sizeof input);
        assert_int_equal(test_parse_hex(rows[i].digest, expected, sizeof expected), sizeof digest);
        for (size_t split = 0; split <= len; split++) {
            struct why__sha1 sha1;
            why__sha1_init(&sha1);
            why__sha1_add(&sha1, input, split);
            why__sha1_add(&sha1, input + split, len - split);
            why__sha1_finish(&sha1, digest);
            if (memcmp(digest, expected, sizeof digest) != 0) {
                print_error("FAIL %s (%s), split at %zu: %s\n", rows[i].name, rows[i].rfc, split,
                            test_format_hex(digest, sizeof digest));
                failures++;
            }
        }
        why__sha1(input, len, digest);
        failures += memcmp(digest, expected, sizeof digest) != 0;
    }
    assert_int_equal(failures, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_digests_come_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
