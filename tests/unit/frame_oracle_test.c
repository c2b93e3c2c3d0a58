/* SPDX-License-Identifier: MIT
 *
 * The frame decoder against an independent oracle, written from the RFC's text and sharing no code:
 * every first two bytes x boundary lengths x truncations x what may be known beforehand.
 */
#include "core/frame.h"

#include "support/test.h"

#include <string.h>

enum verdict {
    MORE, /* a header not yet whole, nothing wrong so far */
    DONE,
    WRONG,
};

struct known {
    bool from_client, deflate, in_message;
};

/* Section 5.2 read aloud: look at the bytes that are there, from the front. */
static enum verdict oracle(const uint8_t *bytes, size_t len, struct known known,
                           uint64_t *payload_len) {
    if (len < 1) {
        return MORE;
    }
    unsigned fin = bytes[0] >> 7, rsv1 = bytes[0] >> 6 & 1, rsv23 = bytes[0] >> 4 & 3;
    unsigned opcode = bytes[0] & 15;
    bool data = opcode == 1 || opcode == 2;
    bool control = opcode == 8 || opcode == 9 || opcode == 10;
    if (rsv23 != 0 || (rsv1 != 0 && (!known.deflate || !data)) ||
        (!data && !control && opcode != 0) || (control && fin == 0) || (data && known.in_message) ||
        (opcode == 0 && !known.in_message)) {
        return WRONG;
    }
    if (len < 2) {
        return MORE;
    }
    unsigned masked = bytes[1] >> 7, form = bytes[1] & 127;
    if (masked != (known.from_client ? 1u : 0u) || (control && form > 125)) {
        return WRONG;
    }
    size_t extra = form == 127 ? 8 : form == 126 ? 2 : 0;
    if (len < 2 + extra) {
        return MORE;
    }
    *payload_len = form;
    if (extra > 0) {
        *payload_len = 0;
        for (size_t i = 2; i < 2 + extra; i++) {
            *payload_len = *payload_len * 256 + bytes[i];
        }
        if (*payload_len >= UINT64_C(1) << 63 || (extra == 2 && *payload_len <= 125) ||
            (extra == 8 && *payload_len <= 65535)) {
            return WRONG;
        }
    }
    return len >= 2 + extra + (masked ? 4 : 0) ? DONE : MORE;
}

static bool is_as_oracle_says(uint8_t *bytes, size_t len, struct known known) {
    struct why__frame_decoder decoder = {.from_client = known.from_client,
                                         .rsv1_allowed = known.deflate,
                                         .in_message = known.in_message};
    struct why_span input = {bytes, len};
    bool done = false;
    enum why_cause cause = why__frame_decode(&decoder, &input, &done);
    enum verdict got = cause != WHY_CAUSE_NONE ? WRONG : done ? DONE : MORE;
    uint64_t payload_len = 0;
    enum verdict expected = oracle(bytes, len, known, &payload_len);
    bool same = got == expected &&
                (got != DONE ||
                 (decoder.payload_len == payload_len && decoder.header_len == len - input.len)) &&
                (got != MORE || input.len == 0);
    if (!same) {
        fprintf(stderr, "FAIL %02x %02x, %zu bytes, client %d, deflate %d, in message %d: %d\n",
                bytes[0], bytes[1], len, known.from_client, known.deflate, known.in_message, got);
    }
    return same;
}

static const uint64_t lengths[] = {
    0,
    1,
    125,
    126,
    127,
    128,
    255,
    256,
    32767,
    32768,
    65534,
    65535,
    65536,
    65537,
    UINT32_MAX,
    UINT64_C(1) << 32,
    (UINT64_C(1) << 63) - 1,
    UINT64_C(1) << 63,
    UINT64_MAX - 3,
    UINT64_MAX,
};

static size_t check_truncations(uint8_t *bytes, struct known known) {
    size_t failures = 0;
    for (size_t len = 0; len <= WHY__FRAME_HEADER_MAX; len++) {
        failures += !is_as_oracle_says(bytes, len, known);
    }
    return failures;
}

/* The length is written into the extended field, where there is one, and cut to its size. */
static size_t check_lengths(uint8_t *bytes, struct known known) {
    size_t size = (bytes[1] & 127) == 127 ? 8 : (bytes[1] & 127) == 126 ? 2 : 0;
    if (size == 0) {
        return check_truncations(bytes, known);
    }
    size_t failures = 0;
    for (size_t i = 0; i < TEST_COUNT(lengths); i++) {
        for (size_t k = 0; k < size; k++) {
            bytes[2 + k] = (uint8_t)(lengths[i] >> (8 * (size - 1 - k)));
        }
        failures += check_truncations(bytes, known);
    }
    return failures;
}

static void every_header_is_read_as_the_oracle_reads_it(void **state) {
    (void)state;
    size_t failures = 0;
    for (unsigned what = 0; what < 8 && failures < 20; what++) {
        struct known known = {(what & 1) != 0, (what & 2) != 0, (what & 4) != 0};
        for (unsigned pair = 0; pair <= UINT16_MAX && failures < 20; pair++) {
            uint8_t bytes[WHY__FRAME_HEADER_MAX + 1] = {(uint8_t)(pair >> 8), (uint8_t)pair};
            failures += check_lengths(bytes, known);
        }
    }
    assert_int_equal(failures, 0);
}

/* What is encoded decodes to itself, in the shortest form. */
static void headers_survive_the_round_trip(void **state) {
    (void)state;
    static const uint8_t key[4] = {1, 2, 3, 4};
    for (size_t i = 0; i < TEST_COUNT(lengths); i++) {
        for (unsigned bits = 0; bits < 8; bits++) {
            struct why__frame_header header = {
                .payload_len = lengths[i] & ~(UINT64_C(1) << 63),
                .opcode = WHY_OPCODE_BINARY,
                .final = (bits & 1) != 0,
                .compressed = (bits & 2) != 0,
                .mask_key = (bits & 4) != 0 ? key : NULL,
            };
            uint8_t bytes[WHY__FRAME_HEADER_MAX];
            size_t len = why__frame_encode(&header, bytes);
            struct why__frame_decoder decoder = {.from_client = header.mask_key != NULL,
                                                 .rsv1_allowed = true};
            struct why_span input = {bytes, len};
            bool done = false;
            assert_int_equal(why__frame_decode(&decoder, &input, &done), WHY_CAUSE_NONE);
            assert_true(done && input.len == 0);
            assert_true(decoder.payload_len == header.payload_len);
            assert_int_equal(why__frame_is_final(&decoder), header.final);
            assert_int_equal(why__frame_is_compressed(&decoder), header.compressed);
            if (header.mask_key != NULL) {
                assert_memory_equal(why__frame_mask_key(&decoder), key, 4);
            }
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_header_is_read_as_the_oracle_reads_it),
        cmocka_unit_test(headers_survive_the_round_trip),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
