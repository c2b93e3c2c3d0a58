/* SPDX-License-Identifier: MIT
 *
 * The frame codec (RFC 6455 section 5.2): bytes to headers, headers to bytes. Everything that can
 * be said of a frame without its payload is decided here.
 */
#ifndef WHY_CORE_FRAME_H
#define WHY_CORE_FRAME_H

#include "whysocket/bytes.h"
#include "whysocket/cause.h"
#include "whysocket/conn.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WHY__FRAME_HEADER_MAX 14 /* 2, length 8, masking key 4 */
#define WHY__CONTROL_MAX 125     /* payload of a control frame (section 5.5) */

enum why__frame_state {
    WHY__FRAME_BASE, /* the first two bytes */
    WHY__FRAME_LENGTH,
    WHY__FRAME_MASK,
    WHY__FRAME_DONE,
};

/* Start from all zeroes, then set the two rules. After WHY__FRAME_DONE the next call begins a new
 * header. */
struct why__frame_decoder {
    uint64_t payload_len;                  /* bytes, < 2^63 */
    uint8_t header[WHY__FRAME_HEADER_MAX]; /* as it came */
    uint8_t header_len;                    /* bytes of it collected so far */
    uint8_t state;
    bool from_client : 1;  /* rule: its frames are masked, the server's are not (section 5.1) */
    bool rsv1_allowed : 1; /* rule: permessage-deflate was agreed on */
    bool in_message : 1;   /* a fragmented message is open */
};

/* Decode at most one header from the front of `input`, which is advanced past the bytes used.
 *
 * done     set when the header is complete
 * returns  WHY_CAUSE_NONE, or the rule of section 5 that was broken; the bytes so far are in
 * `header` */
enum why_cause why__frame_decode(struct why__frame_decoder *decoder, struct why_span *input,
                                 bool *done);

static inline enum why_opcode why__frame_opcode(const struct why__frame_decoder *decoder) {
    return (enum why_opcode)(decoder->header[0] & 0x0f);
}

static inline bool why__frame_is_final(const struct why__frame_decoder *decoder) {
    return (decoder->header[0] & 0x80) != 0;
}

static inline bool why__frame_is_compressed(const struct why__frame_decoder *decoder) {
    return (decoder->header[0] & 0x40) != 0;
}

static inline bool why__opcode_is_control(enum why_opcode opcode) {
    return (opcode & 0x8) != 0;
}

/* The masking key; valid when the header is complete and came from a client. */
static inline const uint8_t *why__frame_mask_key(const struct why__frame_decoder *decoder) {
    return decoder->header + decoder->header_len - 4;
}

struct why__frame_header {
    uint64_t payload_len;
    enum why_opcode opcode;
    bool final;
    bool compressed;         /* RSV1 */
    const uint8_t *mask_key; /* NULL: a server's */
};

/* Write a header, in the shortest form. Returns its length. */
size_t why__frame_encode(const struct why__frame_header *header,
                         uint8_t out[WHY__FRAME_HEADER_MAX]);

#endif
