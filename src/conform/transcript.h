/* SPDX-License-Identifier: MIT
 *
 * What happened on a wire, as it is written down: the first moments and the last ones, where there
 * were too many for all.
 */
#ifndef WHY_CONFORM_TRANSCRIPT_H
#define WHY_CONFORM_TRANSCRIPT_H

#include "conform/memory.h"
#include "conform/result.h"
#include "whysocket/bytes.h"

#include <stdint.h>

#define CONFORM_MOMENTS_FIRST 120
#define CONFORM_MOMENTS_LAST 60

/* Start from all zeroes, then set `begin_us` (why__clock_us). */
struct conform_transcript {
    uint64_t begin_us;
    uint32_t count; /* of all, also those that are forgotten */
    struct conform_memory *memory;
    struct conform_moment *moments; /* FIRST, then a ring of LAST */
};

/* Write down; `what` is copied. Of `bytes` the first are kept.
 *
 * len      on the wire, where that is more than `bytes` has
 * mark     the decisive byte, or -1
 * returns  its number, for a finding; -1 if out of memory */
int32_t conform_transcript_add(struct conform_transcript *transcript, enum conform_way way,
                               const char *what, struct why_bytes bytes, uint64_t len, int mark);

/* Mark a byte in what was written down already; nothing where it was forgotten. */
void conform_transcript_mark(struct conform_transcript *transcript, int32_t number, int mark);

/* The moments as a result has them, in `memory`, which their texts move to as well.
 *
 * numbers  those of findings, made indexes of the list
 * returns  the list; NULL where it is empty */
const struct conform_moment *conform_transcript_end(struct conform_transcript *transcript,
                                                    struct conform_memory **memory, size_t *count,
                                                    int32_t *const *numbers, size_t number_count);

/* Forget it. */
void conform_transcript_clear(struct conform_transcript *transcript);

/* A frame in words: `Text, FIN, RSV1, 5 bytes: "hello"`.
 *
 * first_two  bytes of its header
 * shown      the beginning of its payload, unmasked */
struct why_text;
void conform_frame_describe(struct why_text *text, const uint8_t first_two[2], uint64_t len,
                            struct why_bytes shown);

/* Bytes in words, in quotes if they are text, else as hex; cut after some. */
void conform_bytes_describe(struct why_text *text, struct why_bytes bytes, uint64_t len);

#endif
