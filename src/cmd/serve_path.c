/* SPDX-License-Identifier: MIT
 *
 * A table of paths that are in use.
 */
#include "cmd/serve_path.h"

#include "base/hash.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static struct path **bucket_of(struct path_table *table, struct why_bytes text) {
    return &table->buckets[why__hash(text.data, text.len) % PATH_BUCKETS];
}

static bool is_text(const struct path *path, struct why_bytes text) {
    return strlen(path->text) == text.len && memcmp(path->text, text.data, text.len) == 0;
}

struct path *path_take(struct path_table *table, struct why_bytes text) {
    text.len = text.len < PATH_KEPT ? text.len : PATH_KEPT;
    struct path **bucket = bucket_of(table, text);
    for (struct path *path = *bucket; path != NULL; path = path->next) {
        if (is_text(path, text)) {
            path->count++;
            return path;
        }
    }
    struct path *path = calloc(1, sizeof *path + text.len + 1);
    if (path == NULL) {
        return NULL;
    }
    path->owner = table->owner;
    path->count = 1;
    memcpy(path->text, text.data, text.len);
    if (table->count < PATHS_SHARED_MAX) {
        path->is_shared = true;
        path->next = *bucket;
        *bucket = path;
        table->count++;
    }
    return path;
}

void path_drop(struct path_table *table, struct path *path) {
    if (--path->count > 0) {
        return;
    }
    if (path->is_shared) {
        struct why_bytes text = {(const uint8_t *)path->text, strlen(path->text)};
        struct path **at = bucket_of(table, text);
        while (*at != path) {
            at = &(*at)->next;
        }
        *at = path->next;
        table->count--;
    }
    free(path);
}
