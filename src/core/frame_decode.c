/* SPDX-License-Identifier: MIT
 *
 * Frame header decoder: one step function a state, resumable at any byte, failing at the first
 * byte that breaks a rule.
 */
#include "core/frame.h"

#include <assert.h>
#include <string.h>

typedef enum why_cause decode_step(struct why__frame_decoder *decoder, struct why_span *input);

/* Collect header bytes until there are `need`, across as many calls as it takes. */
static bool collect(struct why__frame_decoder *decoder, struct why_span *input, size_t need) {
    assert(need <= sizeof decoder->header);
    size_t missing = need - decoder->header_len;
    size_t take = input->len < missing ? input->len : missing;
    if (take > 0) {
        memcpy(decoder->header + decoder->header_len, input->data, take);
        input->data += take;
        input->len -= take;
        decoder->header_len = (uint8_t)(decoder->header_len + take);
    }
    return decoder->header_len == need;
}

/* The first byte: FIN, RSV, opcode, and how the opcode fits what came before. */
static enum why_cause check_first(const struct why__frame_decoder *decoder) {
    uint8_t reserved = decoder->header[0] & 0x70;
    enum why_opcode opcode = why__frame_opcode(decoder);
    bool begins_message = opcode == WHY_OPCODE_TEXT || opcode == WHY_OPCODE_BINARY;
    if (reserved != 0 && !(reserved == 0x40 && decoder->rsv1_allowed && begins_message)) {
        return WHY_CAUSE_FRAME_RESERVED_BITS; /* RFC 6455 section 5.2, RFC 7692 section 6 */
    }
    if (why__opcode_is_control(opcode)) {
        if (opcode > WHY_OPCODE_PONG) {
            return WHY_CAUSE_FRAME_RESERVED_OPCODE;
        }
        return why__frame_is_final(decoder) ? WHY_CAUSE_NONE : WHY_CAUSE_FRAME_CONTROL_FRAGMENTED;
    }
    if (opcode > WHY_OPCODE_BINARY) {
        return WHY_CAUSE_FRAME_RESERVED_OPCODE;
    }
    if (begins_message && decoder->in_message) {
        return WHY_CAUSE_FRAME_CONTINUATION_EXPECTED; /* section 5.4 */
    }
    if (!begins_message && !decoder->in_message) {
        return WHY_CAUSE_FRAME_CONTINUATION_UNEXPECTED;
    }
    return WHY_CAUSE_NONE;
}

/* The second byte: MASK and the length's first form. */
static enum why_cause check_second(const struct why__frame_decoder *decoder) {
    bool masked = (decoder->header[1] & 0x80) != 0;
    if (masked != decoder->from_client) {
        return masked ? WHY_CAUSE_FRAME_MASKED : WHY_CAUSE_FRAME_NOT_MASKED; /* section 5.1 */
    }
    if (why__opcode_is_control(why__frame_opcode(decoder)) &&
        (decoder->header[1] & 0x7f) > WHY__CONTROL_MAX) {
        return WHY_CAUSE_FRAME_CONTROL_TOO_LONG; /* section 5.5 */
    }
    return WHY_CAUSE_NONE;
}

static uint8_t state_after_length(const struct why__frame_decoder *decoder) {
    return decoder->from_client ? WHY__FRAME_MASK : WHY__FRAME_DONE;
}

static enum why_cause step_base(struct why__frame_decoder *decoder, struct why_span *input) {
    if (decoder->header_len == 0) {
        if (!collect(decoder, input, 1)) {
            return WHY_CAUSE_NONE;
        }
        enum why_cause cause = check_first(decoder);
        if (cause != WHY_CAUSE_NONE) {
            return cause;
        }
    }
    if (!collect(decoder, input, 2)) {
        return WHY_CAUSE_NONE;
    }
    enum why_cause cause = check_second(decoder);
    if (cause != WHY_CAUSE_NONE) {
        return cause;
    }
    decoder->payload_len = decoder->header[1] & 0x7f;
    decoder->state = decoder->payload_len >= 126 ? WHY__FRAME_LENGTH : state_after_length(decoder);
    return WHY_CAUSE_NONE;
}

static enum why_cause step_length(struct why__frame_decoder *decoder, struct why_span *input) {
    size_t size = (decoder->header[1] & 0x7f) == 126 ? 2 : 8;
    if (!collect(decoder, input, 2 + size)) {
        return WHY_CAUSE_NONE;
    }
    uint64_t len = 0;
    for (size_t i = 0; i < size; i++) {
        len = (len << 8) | decoder->header[2 + i];
    }
    if (len >> 63 != 0) {
        return WHY_CAUSE_FRAME_LENGTH_OVERFLOW;
    }
    if (len < (size == 2 ? 126 : UINT64_C(1) << 16)) {
        return WHY_CAUSE_FRAME_LENGTH_NOT_MINIMAL;
    }
    decoder->payload_len = len;
    decoder->state = state_after_length(decoder);
    return WHY_CAUSE_NONE;
}

static enum why_cause step_mask(struct why__frame_decoder *decoder, struct why_span *input) {
    uint8_t length_form = decoder->header[1] & 0x7f;
    size_t length_size = length_form == 126 ? 2 : length_form == 127 ? 8 : 0;
    if (collect(decoder, input, 2 + length_size + 4)) {
        decoder->state = WHY__FRAME_DONE;
    }
    return WHY_CAUSE_NONE;
}

static decode_step *const decode_steps[WHY__FRAME_DONE] = {
    [WHY__FRAME_BASE] = step_base,
    [WHY__FRAME_LENGTH] = step_length,
    [WHY__FRAME_MASK] = step_mask,
};

enum why_cause why__frame_decode(struct why__frame_decoder *decoder, struct why_span *input,
                                 bool *done) {
    if (decoder->state == WHY__FRAME_DONE) {
        decoder->state = WHY__FRAME_BASE;
        decoder->header_len = 0;
    }
    *done = false;
    while (decoder->state != WHY__FRAME_DONE) {
        uint8_t before = decoder->state;
        enum why_cause cause = decode_steps[before](decoder, input);
        if (cause != WHY_CAUSE_NONE) {
            return cause;
        }
        if (decoder->state == before) {
            return WHY_CAUSE_NONE; /* needs more input */
        }
    }
    if (!why__opcode_is_control(why__frame_opcode(decoder))) {
        decoder->in_message = !why__frame_is_final(decoder);
    }
    *done = true;
    return WHY_CAUSE_NONE;
}
