/* SPDX-License-Identifier: MIT
 *
 * stdin as messages: a line is a text, or whatever comes at once a binary one. It is read no faster
 * than the peer takes it.
 */
#ifndef WHY_CMD_CONNECT_FILTER_H
#define WHY_CMD_CONNECT_FILTER_H

#include "net/loop.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct connect;

struct filter {
    struct connect *connect;
    struct why__watch watch;
    struct why__task again;  /* reads what cannot be watched: a file, /dev/null */
    struct why__timer quiet; /* after the end of the input, until the peer has been quiet */
    bool is_started, is_watched, is_ended;
    bool is_full;  /* the send queue is: what is read waits */
    uint64_t line; /* that is next to be sent, from 1 */
    uint8_t *data;
    size_t start, end, size;
    size_t searched; /* bytes after `start` that hold no line feed */
};

void filter_init(struct filter *filter, struct connect *connect);

/* A session is open; or its send queue has room again. */
void filter_go_on(struct filter *filter);

/* There is no session any more; what was read waits for the next one. */
void filter_hold(struct filter *filter);

/* Something came from the peer: it is not quiet. */
void filter_heard(struct filter *filter);

void filter_clear(struct filter *filter);

#endif
