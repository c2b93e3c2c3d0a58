/* SPDX-License-Identifier: MIT
 *
 * One run of `whysocket connect`: the client, and its two fronts, the filter (connect_filter.h) and
 * the terminal (connect_terminal.h).
 */
#ifndef WHY_CMD_CONNECT_H
#define WHY_CMD_CONNECT_H

#include "cmd/connect_filter.h"
#include "cmd/connect_sink.h"
#include "cmd/connect_terminal.h"
#include "cmd/dial_options.h"
#include "net/loop.h"

#include <stdbool.h>
#include <stdint.h>

struct connect_options {
    struct dial_options dial;
    bool binary, reconnect;
    uint64_t wait_ms;
};

struct connect {
    struct command_call *call;
    const struct connect_options *asked;
    struct why_loop *loop;
    struct dial dial; /* outlives the loop, on which sessions are freed last */
    struct why_client *client;
    struct why_session *session; /* while one is open, else NULL */
    struct sink sink;            /* stdout, where there is no terminal */
    struct filter filter;
    struct terminal *terminal; /* NULL: stdin is read by the filter */
    bool shows_safely;         /* stdout is a terminal, which acts on what it is sent */
    bool is_leaving;           /* we asked for the end */
    uint64_t ping_us;          /* when /ping was sent, on why__clock_us(); 0: none is awaited */
    uint32_t attempts;         /* in a row, to connect again */
    enum exit_code code;       /* of how the last connection ended */
    enum exit_code own_code;   /* of what went wrong on this side; EXIT_CODE_OK: nothing */
    struct why__watch signals;
    struct why__task end; /* stops the loop, unless another attempt is made */
};

/* Send what was typed or read. returns as why_session_send(); WHY_ERR_STATE without a session */
int connect_send(struct connect *connect, enum why_opcode opcode, struct why_bytes data);

/* A line was typed. */
void connect_typed(struct connect *connect, const char *line, size_t len);

/* Close with 1000; end at once where nothing is open. Asked for again, it changes nothing. */
void connect_leave(struct connect *connect);

/* The sink has room again, or its reader is gone. */
void connect_drained(struct connect *connect);

/* One line on the terminal, above the one that is typed; on stderr where there is none. */
void connect_note(struct connect *connect, enum style style, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
