/* SPDX-License-Identifier: MIT
 *
 * What happens on a connection, as lines: for people, for pipes, or as JSON.
 */
#ifndef WHY_CMD_CONNECT_SHOW_H
#define WHY_CMD_CONNECT_SHOW_H

#include "cmd/connect.h"

void show_open(struct connect *connect, const struct why_http_head *head);
void show_message(struct connect *connect, const struct why_event *event);

/* A Ping or a Pong.
 * rtt_us  how long it took, where it answers a /ping; 0: it does not */
void show_control(struct connect *connect, const struct why_event *event, uint64_t rtt_us);

void show_reconnect(struct connect *connect, const struct why_record *record, uint32_t pause_ms);

/* The end: a line on stderr; above the line that is edited, where that goes on (--reconnect); with
 * --json on stdout. */
void show_close(struct connect *connect, const struct why_record *record);

#endif
