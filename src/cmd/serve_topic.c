/* SPDX-License-Identifier: MIT
 *
 * A table of topics by name.
 */
#include "cmd/serve_topic.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum {
    BUCKETS = 256,
};

struct topic {
    struct topic *next; /* in the bucket */
    struct topic_member *first;
    char name[];
};

struct topic_table {
    struct topic *buckets[BUCKETS];
};

struct topic_table *topic_table_new(void) {
    return calloc(1, sizeof(struct topic_table));
}

void topic_table_free(struct topic_table *table) {
    if (table == NULL) {
        return;
    }
    for (size_t i = 0; i < BUCKETS; i++) {
        while (table->buckets[i] != NULL) {
            struct topic *topic = table->buckets[i];
            table->buckets[i] = topic->next;
            free(topic);
        }
    }
    free(table);
}

static struct topic **bucket_of(struct topic_table *table, const char *name) {
    uint32_t hash = 2166136261u; /* FNV-1a */
    for (const char *at = name; *at != '\0'; at++) {
        hash = (hash ^ (uint8_t)*at) * 16777619u;
    }
    return &table->buckets[hash % BUCKETS];
}

/* Where the topic hangs, or where it would. */
static struct topic **find(struct topic_table *table, const char *name) {
    struct topic **at = bucket_of(table, name);
    while (*at != NULL && strcmp((*at)->name, name) != 0) {
        at = &(*at)->next;
    }
    return at;
}

bool topic_join(struct topic_table *table, const char *name, struct topic_member *member) {
    struct topic **at = find(table, name);
    if (*at == NULL) {
        size_t size = strlen(name) + 1;
        struct topic *topic = calloc(1, sizeof *topic + size);
        if (topic == NULL) {
            return false;
        }
        memcpy(topic->name, name, size);
        *at = topic;
    }
    struct topic *topic = *at;
    member->topic = topic;
    member->prev = NULL;
    member->next = topic->first;
    if (topic->first != NULL) {
        topic->first->prev = member;
    }
    topic->first = member;
    return true;
}

void topic_leave(struct topic_table *table, struct topic_member *member) {
    struct topic *topic = member->topic;
    if (topic == NULL) {
        return;
    }
    *(member->prev == NULL ? &topic->first : &member->prev->next) = member->next;
    if (member->next != NULL) {
        member->next->prev = member->prev;
    }
    member->topic = NULL;
    if (topic->first == NULL) {
        *find(table, topic->name) = topic->next;
        free(topic);
    }
}

const char *topic_name(const struct topic_member *member) {
    return member->topic->name;
}

size_t topic_publish(struct topic_table *table, const char *name, const struct topic_member *sender,
                     enum why_opcode opcode, struct why_bytes data) {
    struct topic *topic = *find(table, name);
    size_t count = 0;
    if (topic == NULL) {
        return 0;
    }
    struct topic_member *next = NULL;
    for (struct topic_member *member = topic->first; member != NULL; member = next) {
        next = member->next; /* sending may end this one, and no other */
        if (member == sender) {
            continue;
        }
        if (why_session_send(member->session, opcode, data, WHY_SEND_VALID) == WHY_ERR_FULL) {
            why_session_fail(member->session, WHY_CAUSE_LIMIT_SEND_QUEUE, NULL);
        }
        count++;
    }
    return count;
}
