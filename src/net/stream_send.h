/* SPDX-License-Identifier: MIT
 *
 * What the two halves of a stream ask of each other.
 */
#ifndef WHY_NET_STREAM_SEND_H
#define WHY_NET_STREAM_SEND_H

#include "net/stream.h"

/* Watch for what is wanted now. */
void why__stream_rewatch(struct why__stream *stream);

/* The transport is over, by the peer's FIN (0) or an errno: on_lost, and close. */
void why__stream_lost(struct why__stream *stream, int os_error);

/* Send together with what other streams have at the end of this turn. False: not this one. */
bool why__stream_send_later(struct why__stream *stream);

/* See to what came of that. */
void why__stream_sent(struct why__stream *stream);

/* Bytes for a stream besides its owner's output, which is empty. */
struct why__stream_send {
    struct why__stream *stream;
    struct why_bytes data;
    size_t sent; /* of them; the rest is the owner's to queue: the stream's task is on its way */
};

/* Whether a stream may be sent to in this way, while its owner has no output: it is open, in order
 * and not encrypted. */
bool why__stream_is_clear(const struct why__stream *stream);

/* From why__stream_begin_send() to why__stream_send_many() a stream is in one batch, once. No
 * callback comes from either. At most WHY__SENDS_MAX at a time. */
bool why__stream_is_sending(const struct why__stream *stream);
void why__stream_begin_send(struct why__stream_send *send);
void why__stream_send_many(struct why_loop *loop, struct why__stream_send *sends, size_t count);

/* Sending failed: read what had come before, then the transport is lost. */
void why__stream_broken(struct why__stream *stream, int write_error);

#endif
