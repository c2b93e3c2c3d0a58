/* SPDX-License-Identifier: MIT
 *
 * A prepared message from inside, for the queues that refer to it and for whoever sends it without
 * a queue.
 */
#ifndef WHY_CORE_PREPARED_H
#define WHY_CORE_PREPARED_H

#include "whysocket/prepared.h"

#include <stdbool.h>

/* One reference more, which why_prepared_free() takes away. */
void why__prepared_keep(struct why_prepared *prepared);

/* Several messages behind each other, as one. A reference to each is kept with it.
 * returns  one reference; to the message itself where it is but one. NULL if out of memory */
struct why_prepared *why__prepared_join(struct why_prepared *const *list, size_t count);

/* The bytes that this connection would queue, where they might as well go to the transport at once:
 * nothing waits before them, and they can be shared. False: send it the usual way, message by
 * message. */
bool why__prepared_show(struct why_prepared *prepared, struct why_conn *conn,
                        struct why_bytes *bytes);

/* The first `sent` of those bytes, or none, went to the transport: count them, queue the rest.
 * returns  WHY_OK; WHY_ERR_NOMEM: nothing was sent or queued, or where a part was sent, the
 *          connection failed (1011) */
int why__prepared_sent(struct why_prepared *prepared, struct why_conn *conn, struct why_bytes bytes,
                       size_t sent);

#endif
