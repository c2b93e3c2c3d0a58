/* SPDX-License-Identifier: MIT
 *
 * A prepared message: checked, framed and compressed once, to be sent to many connections. Each
 * that it is sent to holds a reference until the bytes have left: nothing is copied.
 *
 *     why_prepared_new() ──> why_conn_send_prepared(), why_session_send_prepared(),
 *                            why_session_broadcast(): as often as you like ──> why_prepared_free()
 */
#ifndef WHY_PREPARED_H
#define WHY_PREPARED_H

#include "whysocket/api.h"
#include "whysocket/bytes.h"
#include "whysocket/conn.h"
#include "whysocket/options.h"

#include <stddef.h>

WHY_BEGIN_DECLS

struct why_prepared;

/* Prepare a whole message. It belongs to one thread, as the connections do that it is sent to:
 * prepare it once for each loop.
 *
 * options  borrowed; like their host, whose memory it takes, they outlive the message and all
 *          connections that it is sent to. trust_own_text counts
 * opcode   TEXT or BINARY
 * data     copied
 * flags    of enum why_send_flags: VALID, and PLAIN: never to be compressed. BORROWED means nothing
 * out      the message, to be let go of with why_prepared_free()
 * returns  WHY_OK
 *          WHY_ERR_UTF8      text that is not UTF-8 (RFC 6455 section 5.6)
 *          WHY_ERR_ARGUMENT  another opcode, or WHY_SEND_MORE: a part of a message is not shared
 *          WHY_ERR_NOMEM     after any error `out` is NULL */
WHY_API WHY_MUST_USE int why_prepared_new(const struct why_options *options, enum why_opcode opcode,
                                          struct why_bytes data, unsigned flags,
                                          struct why_prepared **out);

/* Let go of it. The memory goes when no connection has it in its queue any more. NULL is
 * allowed. */
WHY_API void why_prepared_free(struct why_prepared *prepared);

/* Queue it, as why_conn_send() does: a server queues a reference to the one frame, or to the frame
 * as it was compressed for others with the same window, level and deflate_len_min (RFC 7692 section
 * 7.2.1). Where that cannot be shared it costs what why_conn_send() costs: a client masks each
 * frame with a key of its own (RFC 6455 section 5.3), and a server whose compressor keeps its
 * context (RFC 7692 section 7.1.1) compresses for that connection alone.
 *
 * returns  WHY_OK
 *          WHY_ERR_FULL   options.send_queue_max or more was queued before; nothing was queued
 *          WHY_ERR_STATE  after a Close, or between the fragments of a message (RFC 6455 section
 *                         5.4); nothing changed
 *          WHY_ERR_NOMEM  nothing was queued */
WHY_API WHY_MUST_USE int why_conn_send_prepared(struct why_conn *conn,
                                                struct why_prepared *prepared);

WHY_END_DECLS

#endif
