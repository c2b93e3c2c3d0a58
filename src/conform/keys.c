/* SPDX-License-Identifier: MIT */
#include "conform/keys.h"

#include "whysocket/explain.h"

#include <stdlib.h>
#include <string.h>

enum {
    /* Connections with one key, by chance: of 2,000 once in 10^10 runs. Two are not so rare. */
    SAME_MIN = 3,
};

struct conform_key {
    uint8_t key[4];
    size_t index;
};

bool conform_keys_add(struct conform_keys *keys, const uint8_t key[4], size_t index) {
    if (keys->count == keys->size) {
        size_t size = keys->size == 0 ? 256 : keys->size * 2;
        struct conform_key *list = realloc(keys->list, size * sizeof *list);
        if (list == NULL) {
            return false;
        }
        keys->list = list;
        keys->size = size;
    }
    struct conform_key *last = &keys->list[keys->count++];
    memcpy(last->key, key, sizeof last->key);
    last->index = index;
    return true;
}

void conform_keys_clear(struct conform_keys *keys) {
    free(keys->list);
    *keys = (struct conform_keys){0};
}

static int compare(const void *a, const void *b) {
    const struct conform_key *one = a;
    const struct conform_key *other = b;
    int order = memcmp(one->key, other->key, sizeof one->key);
    return order != 0 ? order : (one->index > other->index) - (one->index < other->index);
}

/* The longest row of one key in a sorted list. */
static size_t find_most(const struct conform_keys *keys, size_t *begin) {
    size_t most = 0;
    for (size_t i = 0; i < keys->count;) {
        size_t end = i + 1;
        while (end < keys->count && memcmp(keys->list[end].key, keys->list[i].key, 4) == 0) {
            end++;
        }
        if (end - i > most) {
            most = end - i;
            *begin = i;
        }
        i = end;
    }
    return most;
}

void conform_keys_judge(struct conform_keys *keys, struct conform_tally *tally) {
    size_t at = 0;
    while (at < tally->count &&
           (!tally->results[at].test->keys || tally->results[at].verdict == CONFORM_NOT_RUN)) {
        at++;
    }
    if (keys->count < SAME_MIN || at == tally->count) {
        return;
    }
    size_t begin = 0;
    qsort(keys->list, keys->count, sizeof *keys->list, compare);
    size_t most = find_most(keys, &begin);
    if (most < SAME_MIN) {
        return;
    }
    const struct conform_key *same = &keys->list[begin];
    struct why_text text = {0};
    why_text_append(&text,
                    "%zu of %zu connections began with the key %02x %02x %02x %02x, such as those "
                    "of the cases %s, %s and %s",
                    most, keys->count, same->key[0], same->key[1], same->key[2], same->key[3],
                    tally->results[same[0].index].test->id, tally->results[same[1].index].test->id,
                    tally->results[same[2].index].test->id);
    conform_tally_find(tally, at, tally->results[at].test->severity,
                       "connections begin with masking keys that cannot be foretold",
                       conform_tally_text(tally, text.data == NULL ? "" : text.data));
    why_text_clear(&text);
}
