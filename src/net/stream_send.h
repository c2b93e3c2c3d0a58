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

/* Sending failed: read what had come before, then the transport is lost. */
void why__stream_broken(struct why__stream *stream, int write_error);

/* Send what the socket takes of the output, the peer's direction being at its end. Whether it could
 * be sent says nothing new, and is not told. */
void why__stream_push(struct why__stream *stream);

#endif
