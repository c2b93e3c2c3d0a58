/* SPDX-License-Identifier: MIT
 *
 * stdout, written without ever holding up the loop: what a slow reader does not take is kept, and
 * whoever writes is told when it is gone.
 */
#ifndef WHY_CMD_CONNECT_SINK_H
#define WHY_CMD_CONNECT_SINK_H

#include "net/loop.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sink {
    struct why_loop *loop;
    void (*on_drained)(struct sink *sink); /* all is written, or never will be (`error`) */
    int error;                             /* errno of the write that failed; 0: none has */
    struct why__watch watch;
    bool is_watched;
    uint8_t *data;
    size_t start, end, size;
};

void sink_init(struct sink *sink, struct why_loop *loop, void (*on_drained)(struct sink *sink));

/* Write, or keep. After an error nothing is kept. */
void sink_write(struct sink *sink, const void *data, size_t len);

/* Whether something waits for the reader: write no more before on_drained. */
bool sink_is_full(const struct sink *sink);

/* Write the rest, for as long as it takes, and free everything. */
void sink_finish(struct sink *sink);

#endif
