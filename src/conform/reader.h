/* SPDX-License-Identifier: MIT
 *
 * What came behind the opening handshake, taken apart: frames, and the messages that they make,
 * inflated. It is the suite's own judge of a frame's form: with the byte that breaks a rule.
 *
 * It reads our own direction too, where cases break the rules on purpose: leniently, to know which
 * messages a peer has been sent.
 */
#ifndef WHY_CONFORM_READER_H
#define WHY_CONFORM_READER_H

#include "base/utf8.h"
#include "conform/memory.h"
#include "conform/result.h"
#include "core/deflate.h"
#include "core/frame.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum conform_seen_kind {
    CONFORM_SEEN_NOTHING, /* the input is used up */
    CONFORM_SEEN_FRAME,   /* of a message that goes on */
    CONFORM_SEEN_MESSAGE, /* a frame that ends a message */
    CONFORM_SEEN_CONTROL,
    CONFORM_SEEN_FAULT, /* against the rules: nothing is read after it */
    CONFORM_SEEN_NOMEM, /* the same; it is no fault of the peer's */
};

/* The frame that was read, or as much of it as came before the fault. */
struct conform_seen {
    enum conform_seen_kind kind;
    uint8_t header[WHY__FRAME_HEADER_MAX];
    uint8_t header_len;
    uint64_t len;                      /* payload */
    uint8_t bytes[CONFORM_BYTES_KEPT]; /* of it, as on the wire */
    uint8_t kept;
    int8_t mark;                       /* FAULT: the byte among those, or -1 */
    uint8_t shown[CONFORM_BYTES_KEPT]; /* the first of its payload, unmasked */
    uint8_t shown_len;
    uint8_t control[WHY__CONTROL_MAX]; /* CONTROL: its payload, unmasked */
    const char *fault;                 /* FAULT: in words, English */
    bool is_lesser;                    /* the RFC forbids it nowhere in so many words */
};

/* CONFORM_SEEN_MESSAGE: it stays until the next frame is read. */
struct conform_message {
    uint8_t opcode;
    bool compressed;
    struct conform_buffer content;
    uint64_t wire_len; /* of its frames, headers and all */
    uint32_t frame_count;
};

/* Start from all zeroes, then conform_reader_init(). */
struct conform_reader {
    const struct why_options *options;
    struct why__deflate *inflater; /* NULL: no permessage-deflate */
    bool from_client;
    bool is_lenient;
    bool is_over;
    bool was_closed; /* a Close came */
    bool in_frame;   /* a header is whole, its payload is not */
    bool in_message;
    bool is_dropped;       /* lenient: what no message can be made of */
    bool is_finished_with; /* the message was shown, and its content can be forgotten */
    uint64_t left;         /* of the payload */
    struct conform_seen seen;
    struct conform_message message;
    struct why__utf8 utf8;
    uint8_t key[4];     /* the last masking key, */
    uint32_t same_keys; /* and how many frames in a row had it */
    bool has_first_key;
    uint8_t first_key[4]; /* of the first frame that was masked and not empty */
};

/* deflate  what was agreed on; not enabled: there is no compression
 * returns  false if out of memory */
WHY_MUST_USE bool conform_reader_init(struct conform_reader *reader, bool from_client,
                                      bool is_lenient, const struct why_options *options,
                                      const struct why_deflate_params *deflate);
void conform_reader_clear(struct conform_reader *reader);

/* Read up to the next thing to tell of; `input` is advanced. */
enum conform_seen_kind conform_reader_next(struct conform_reader *reader, struct why_bytes *input);

/* Whether it stands between two frames. */
bool conform_reader_is_between(const struct conform_reader *reader);

#endif
