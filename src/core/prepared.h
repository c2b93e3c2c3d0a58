/* SPDX-License-Identifier: MIT
 *
 * A prepared message from inside, for whoever sends it without a queue.
 */
#ifndef WHY_CORE_PREPARED_H
#define WHY_CORE_PREPARED_H

#include "core/send_queue.h"
#include "whysocket/prepared.h"

#include <stdbool.h>

/* Two messages or more behind each other, as one, to be let go of by why_prepared_free().
 *
 * list     borrowed, with the messages, as long as it is used
 * returns  NULL if out of memory */
struct why_prepared *why__prepared_join(struct why_prepared *const *list, size_t count);

/* The bytes that this connection would queue, where they might as well go to the transport at once:
 * nothing waits before them, and they can be shared. NULL: send it the usual way, message by
 * message. They are the message's. */
struct why__shared *why__prepared_show(struct why_prepared *prepared, struct why_conn *conn);

/* The first `sent` of those bytes, or none, went to the transport: count them, queue the rest.
 * returns  WHY_OK; WHY_ERR_NOMEM: nothing was sent or queued, or where a part was sent, the
 *          connection failed (1011) */
int why__prepared_sent(const struct why_prepared *prepared, struct why_conn *conn,
                       struct why__shared *frames, size_t sent);

#endif
