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

/* Sending failed: read what had come before, then the transport is lost. */
void why__stream_broken(struct why__stream *stream, int write_error);

#endif
