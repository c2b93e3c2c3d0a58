/* SPDX-License-Identifier: MIT
 *
 * Frame header encoder.
 */
#include "core/frame.h"

#include <string.h>

size_t why__frame_encode(const struct why__frame_header *header,
                         uint8_t out[WHY__FRAME_HEADER_MAX]) {
    uint64_t payload_len = header->payload_len;
    uint8_t mask_bit = header->mask_key != NULL ? 0x80 : 0;
    out[0] = (uint8_t)((header->final ? 0x80 : 0) | (header->compressed ? 0x40 : 0) |
                       (unsigned)header->opcode);
    size_t length_size = payload_len < 126 ? 0 : payload_len <= UINT16_MAX ? 2 : 8;
    out[1] = (uint8_t)(mask_bit | (length_size == 0   ? payload_len
                                   : length_size == 2 ? 126u
                                                      : 127u));
    for (size_t i = 0; i < length_size; i++) {
        out[2 + i] = (uint8_t)(payload_len >> (8 * (length_size - 1 - i)));
    }
    size_t len = 2 + length_size;
    if (header->mask_key != NULL) {
        memcpy(out + len, header->mask_key, 4);
        len += 4;
    }
    return len;
}
