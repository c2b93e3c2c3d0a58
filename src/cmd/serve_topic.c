/* SPDX-License-Identifier: MIT
 *
 * A table of topics by name.
 */
#include "cmd/serve_topic.h"

#include "base/hash.h"
#include "whysocket/prepared.h"

#include <stdlib.h>
#include <string.h>

enum {
    BUCKETS = 256,
    MEMBERS_MIN = 4,         /* room for so many at first */
    RESULTS_MAX = 1024,      /* members who are sent to at once */
    BATCH_MAX = 64,          /* messages that wait */
    BATCH_LEN_MAX = 16384,   /* their bytes: more in a call gains nothing */
    DELIVERY_LEN_MAX = 4096, /* bytes that cost no more than the call they are sent with */
};

/* What was published in this turn. */
struct batch {
    size_t count, len;
    struct why_prepared *messages[BATCH_MAX];
    struct topic_member *senders[BATCH_MAX]; /* NULL: somebody elsewhere, or who has left */
};

struct topic {
    struct topic *next; /* in the bucket */
    struct topic *next_waiting, *prev_waiting;
    struct batch *batch; /* NULL: nothing waits */
    size_t count, size;
    struct topic_member **members;
    struct why_session **sessions; /* theirs */
    char name[];
};

struct topic_table {
    const struct why_options *options;
    struct topic *waiting; /* those with a batch */
    struct batch *spare;   /* one is kept, as mostly one is needed */
    struct topic *buckets[BUCKETS];
};

struct topic_table *topic_table_new(const struct why_options *options) {
    struct topic_table *table = calloc(1, sizeof *table);
    if (table != NULL) {
        table->options = options;
    }
    return table;
}

void topic_table_free(struct topic_table *table) {
    if (table != NULL) {
        free(table->spare);
        free(table);
    }
}

static struct topic **bucket_of(struct topic_table *table, const char *name) {
    return &table->buckets[why__hash(name, strlen(name)) % BUCKETS];
}

/* Where the topic hangs, or where it would. */
static struct topic **find(struct topic_table *table, const char *name) {
    struct topic **at = bucket_of(table, name);
    while (*at != NULL && strcmp((*at)->name, name) != 0) {
        at = &(*at)->next;
    }
    return at;
}

/* ---- What waits ---- */

static bool begin_batch(struct topic_table *table, struct topic *topic) {
    struct batch *batch = table->spare != NULL ? table->spare : malloc(sizeof *batch);
    if (batch == NULL) {
        return false;
    }
    table->spare = NULL;
    batch->count = 0;
    batch->len = 0;
    topic->batch = batch;
    topic->prev_waiting = NULL;
    topic->next_waiting = table->waiting;
    if (table->waiting != NULL) {
        table->waiting->prev_waiting = topic;
    }
    table->waiting = topic;
    return true;
}

static void end_batch(struct topic_table *table, struct topic *topic) {
    struct batch *batch = topic->batch;
    for (size_t i = 0; i < batch->count; i++) {
        why_prepared_free(batch->messages[i]);
    }
    free(table->spare);
    table->spare = batch;
    topic->batch = NULL;
    *(topic->prev_waiting == NULL ? &table->waiting : &topic->prev_waiting->next_waiting) =
        topic->next_waiting;
    if (topic->next_waiting != NULL) {
        topic->next_waiting->prev_waiting = topic->prev_waiting;
    }
}

static void judge(struct why_session *session, int result) {
    if (result == WHY_ERR_FULL) {
        why_session_fail(session, WHY_CAUSE_LIMIT_SEND_QUEUE, NULL);
    }
}

static void send_to_all(const struct batch *batch, struct why_session *const *sessions,
                        size_t count) {
    int results[RESULTS_MAX];
    for (size_t at = 0; at < count; at += RESULTS_MAX) {
        size_t some = count - at < RESULTS_MAX ? count - at : RESULTS_MAX;
        why_session_broadcast(sessions + at, some, batch->messages, batch->count, results);
        for (size_t i = 0; i < some; i++) {
            judge(sessions[at + i], results[i]);
        }
    }
}

static void send_others(const struct batch *batch, const struct topic_member *sender) {
    struct why_session *session = sender->session;
    for (size_t i = 0; i < batch->count; i++) {
        if (batch->senders[i] != sender) {
            judge(session, why_session_send_prepared(session, batch->messages[i]));
        }
    }
}

static void swap(struct topic *topic, size_t a, size_t b) {
    struct topic_member *member = topic->members[a];
    struct why_session *session = topic->sessions[a];
    topic->members[a] = topic->members[b];
    topic->sessions[a] = topic->sessions[b];
    topic->members[a]->index = a;
    topic->members[b] = member;
    topic->sessions[b] = session;
    member->index = b;
}

/* The members who sent something go to the end of the list, as each of them gets less than all
 * there is. returns  how many are before them */
static size_t part(struct topic *topic) {
    size_t count = topic->count;
    for (size_t i = 0; i < topic->batch->count; i++) {
        const struct topic_member *sender = topic->batch->senders[i];
        if (sender != NULL && sender->index < count) {
            swap(topic, sender->index, --count);
        }
    }
    return count;
}

static size_t flush(struct topic_table *table, struct topic *topic) {
    const struct batch *batch = topic->batch;
    size_t cost = topic->count * (1 + batch->len / DELIVERY_LEN_MAX);
    size_t count = part(topic);
    send_to_all(batch, topic->sessions, count);
    for (size_t i = count; i < topic->count; i++) {
        send_others(batch, topic->members[i]);
    }
    end_batch(table, topic);
    return cost;
}

size_t topic_flush(struct topic_table *table) {
    size_t cost = 0;
    while (table->waiting != NULL) {
        cost += flush(table, table->waiting);
    }
    return cost;
}

size_t topic_publish(struct topic_table *table, const char *name, struct topic_member *sender,
                     enum why_opcode opcode, struct why_bytes data) {
    struct topic *topic = *find(table, name);
    struct why_prepared *message = NULL;
    if (topic == NULL ||
        why_prepared_new(table->options, opcode, data, WHY_SEND_VALID, &message) != WHY_OK) {
        return 0;
    }
    if (topic->batch == NULL && !begin_batch(table, topic)) {
        why_prepared_free(message);
        return 0;
    }
    struct batch *batch = topic->batch;
    batch->messages[batch->count] = message;
    batch->senders[batch->count++] = sender;
    batch->len += data.len;
    return batch->count == BATCH_MAX || batch->len >= BATCH_LEN_MAX ? flush(table, topic) : 0;
}

/* ---- Members ---- */

static struct topic *new_topic(const char *name) {
    size_t size = strlen(name) + 1;
    struct topic *topic = calloc(1, sizeof *topic + size);
    if (topic != NULL) {
        memcpy(topic->name, name, size);
    }
    return topic;
}

static void free_topic(struct topic *topic) {
    free(topic->members);
    free(topic->sessions);
    free(topic);
}

static bool make_room(struct topic *topic) {
    if (topic->count < topic->size) {
        return true;
    }
    size_t size = topic->size == 0 ? MEMBERS_MIN : topic->size * 2;
    struct topic_member **members = realloc(topic->members, size * sizeof *members);
    if (members == NULL) {
        return false;
    }
    topic->members = members;
    struct why_session **sessions = realloc(topic->sessions, size * sizeof *sessions);
    if (sessions == NULL) {
        return false;
    }
    topic->sessions = sessions;
    topic->size = size;
    return true;
}

bool topic_join(struct topic_table *table, const char *name, struct topic_member *member) {
    struct topic **at = find(table, name);
    struct topic *topic = *at != NULL ? *at : new_topic(name);
    if (topic == NULL) {
        return false;
    }
    if (!make_room(topic)) {
        if (*at == NULL) {
            free_topic(topic);
        }
        return false;
    }
    *at = topic;
    if (topic->batch != NULL) {
        (void)flush(table, topic);
    }
    member->topic = topic;
    member->index = topic->count;
    topic->members[topic->count] = member;
    topic->sessions[topic->count++] = member->session;
    return true;
}

void topic_leave(struct topic_table *table, struct topic_member *member) {
    struct topic *topic = member->topic;
    if (topic == NULL) {
        return;
    }
    for (size_t i = 0; topic->batch != NULL && i < topic->batch->count; i++) {
        if (topic->batch->senders[i] == member) {
            topic->batch->senders[i] = NULL;
        }
    }
    swap(topic, member->index, topic->count - 1);
    topic->count--;
    member->topic = NULL;
    if (topic->count > 0) {
        return;
    }
    if (topic->batch != NULL) {
        end_batch(table, topic);
    }
    *find(table, topic->name) = topic->next;
    free_topic(topic);
}

const char *topic_name(const struct topic_member *member) {
    return member->topic->name;
}
