/* SPDX-License-Identifier: MIT
 *
 * What `whysocket check` finds out: the steps to a session, then a conversation (Ping, text,
 * binary, Close), and the close record of its end.
 */
#ifndef WHY_CMD_CHECK_RUN_H
#define WHY_CMD_CHECK_RUN_H

#include "cmd/dial_options.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    CHECK_STEPS_MAX = 8,
    CHECK_WHAT_MAX = 256,
};

struct check_step {
    enum why_layer layer;
    bool ok;
    uint32_t us;
    char what[CHECK_WHAT_MAX];
    struct why_detail_parts parts; /* of it */
};

/* A further connection, made since the first could not tell. */
struct check_probe {
    enum why_probe_kind kind;
    enum why_probe_end end;
    uint32_t us;
    char what[CHECK_WHAT_MAX];
    struct why_detail_parts parts;
};

/* Who is told while it runs. */
struct check_watcher {
    void *context;
    void (*on_step)(void *context, const struct check_step *step);
    void (*on_probe)(void *context, const struct check_probe *probe);
};

/* What came of a message that was sent. */
enum check_answer {
    CHECK_NOT_SENT,
    CHECK_ECHOED,
    CHECK_ANSWERED, /* something else came */
    CHECK_SILENT,   /* nothing came in time: no fault, not every server echoes */
};

struct check_result {
    struct check_step steps[CHECK_STEPS_MAX];
    size_t step_count;
    struct check_probe probes[WHY_PROBES_MAX];
    size_t probe_count;
    bool opened;
    uint32_t ping_us; /* WHY_NO_TIME: no Pong came */
    enum check_answer text, binary;
    uint32_t conversation_us; /* from the 101 to the end */
    struct why_record record;
};

/* Connect and talk, until it has ended.
 *
 * dial     initialised; what this needs is set in its config
 * probe    what may be done where the first connection cannot tell why it failed
 * watcher  told of each step and probe as it ends
 * returns  EXIT_CODE_OK, with `result` written; else what dial_connect() says */
enum exit_code check_run(const struct command_call *call, struct dial *dial, struct why_loop *loop,
                         enum why_probe_policy probe, const struct check_watcher *watcher,
                         struct check_result *result);

#endif
