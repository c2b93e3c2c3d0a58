/* SPDX-License-Identifier: MIT
 *
 * What bytes that are no UTF-8 look like instead: evidence for the close record, to be shown with
 * care. A guess that is wrong misleads, so where the signs are few or disagree the answer is
 * WHY_GUESS_BINARY or WHY_GUESS_NONE.
 */
#ifndef WHY_BASE_GUESS_H
#define WHY_BASE_GUESS_H

#include "whysocket/record.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of a message, unmasked and inflated, from around the one that was refused. */
struct why__guess_input {
    const uint8_t *data; /* the first few KiB are enough; more costs time */
    size_t len;
    size_t wrong_at; /* index of the wrong byte; `len` where the text ended too early */
    enum why_utf8_class utf8_class;
    uint64_t offset;  /* of data[0] in the message */
    bool is_whole;    /* data ends where the message does */
    bool at_fragment; /* data[wrong_at] is a frame's first byte, not the message's */
};

enum why_guess why__guess(const struct why__guess_input *input);

/* Whether the bytes are MessagePack, CBOR or a protobuf message, from a message's first byte on, to
 * the last where `is_whole`. WHY_GUESS_NONE where none of them, or more than one, is plausible. */
enum why_guess why__guess_structure(const uint8_t *data, size_t len, bool is_whole);

#endif
