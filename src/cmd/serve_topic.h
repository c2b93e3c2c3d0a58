/* SPDX-License-Identifier: MIT
 *
 * Topics: what one session sends goes to the others of the same name. Each thread has a table of
 * its own sessions; a message to the others' goes through their loops.
 *
 * What is published in a turn of the loop leaves at its end, so that a member costs one system call
 * for all of it.
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
    struct topic *topic; /* NULL: it is in none */
    size_t index;        /* in the topic's list */
};

/* One for each thread. NULL if out of memory.
 *
 * options  borrowed: the sessions' */
struct topic_table *topic_table_new(const struct why_options *options);

/* All members have left. */
void topic_table_free(struct topic_table *table);

/* Join the topic of that name; it is made by the first who joins, and goes with the last who
 * leaves. What was published before does not reach who joins. returns  false if out of memory */
bool topic_join(struct topic_table *table, const char *name, struct topic_member *member);
void topic_leave(struct topic_table *table, struct topic_member *member);

const char *topic_name(const struct topic_member *member);

/* Publish to all of that name in this table but `sender`, which may be NULL. It leaves with
 * topic_flush(), or before where much waits. The text of a message is known to be valid.
 *
 * returns  deliveries made now: a system call each, and one more for some KiB of what it sends */
size_t topic_publish(struct topic_table *table, const char *name, struct topic_member *sender,
                     enum why_opcode opcode, struct why_bytes data);

/* Send what waits, in all topics. A member whose send queue is full is closed with 1013: a slow one
 * costs itself alone.
 *
 * returns  deliveries made */
size_t topic_flush(struct topic_table *table);

#endif
