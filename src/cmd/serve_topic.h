/* SPDX-License-Identifier: MIT
 *
 * Topics: what one session sends goes to the others of the same name. Each thread has a table of
 * its own sessions; a message to the others' goes through their loops.
 */
#ifndef WHY_CMD_SERVE_TOPIC_H
#define WHY_CMD_SERVE_TOPIC_H

#include "whysocket/session.h"

#include <stdbool.h>
#include <stddef.h>

enum {
    TOPIC_NAME_MAX = 128,
};

struct topic_table;

/* A session's place in a topic; embedded in what the session's user pointer is. */
struct topic_member {
    struct why_session *session;
    struct topic *topic;
    struct topic_member *next, *prev;
};

/* One for each thread. NULL if out of memory. */
struct topic_table *topic_table_new(void);
void topic_table_free(struct topic_table *table);

/* Join the topic of that name; it is made by the first who joins, and goes with the last who
 * leaves. returns  false if out of memory */
bool topic_join(struct topic_table *table, const char *name, struct topic_member *member);
void topic_leave(struct topic_table *table, struct topic_member *member);

const char *topic_name(const struct topic_member *member);

/* Send to all of that name in this table but `sender`, which may be NULL. A member whose send queue
 * is full is closed with 1013: a slow one costs itself alone.
 *
 * returns  how many it was sent to */
size_t topic_publish(struct topic_table *table, const char *name, const struct topic_member *sender,
                     enum why_opcode opcode, struct why_bytes data);

#endif
