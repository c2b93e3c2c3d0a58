/* SPDX-License-Identifier: MIT
 *
 * The paths that sessions were opened with, for the log: one copy of each, however many came by it,
 * so that an idle session holds none. One table for each thread.
 */
#ifndef WHY_CMD_SERVE_PATH_H
#define WHY_CMD_SERVE_PATH_H

#include "whysocket/bytes.h"

#include <stdbool.h>
#include <stddef.h>

enum {
    PATH_KEPT = 128,         /* bytes of it */
    PATHS_SHARED_MAX = 4096, /* what is looked through stays short, whatever peers ask for */
    PATH_BUCKETS = 256,
};

struct path {
    void *owner; /* the table's */
    struct path *next;
    size_t count; /* sessions that have it */
    bool is_shared;
    char text[]; /* terminated */
};

/* Start from all zeroes, then set the owner. The other fields are private. */
struct path_table {
    void *owner;
    struct path *buckets[PATH_BUCKETS];
    size_t count;
};

/* One more session has this path. NULL if out of memory. */
struct path *path_take(struct path_table *table, struct why_bytes text);

/* One less. The last one frees it; so a table whose sessions are gone holds nothing. */
void path_drop(struct path_table *table, struct path *path);

#endif
