/* SPDX-License-Identifier: MIT
 *
 * What a server has seen: a line for each close, the last closes for the page, counters for
 * /metrics. One for all threads; every function here may be called from any of them.
 */
#ifndef WHY_CMD_SERVE_LOG_H
#define WHY_CMD_SERVE_LOG_H

#include "whysocket/explain.h"
#include "whysocket/record.h"

#include <stdbool.h>
#include <stdint.h>

struct serve_log;

/* json  the lines to stdout are JSON objects. NULL if out of memory */
struct serve_log *serve_log_new(enum why_lang lang, bool json);
void serve_log_free(struct serve_log *log);

/* The error of the first line that could not be written, 0 if there was none. That nobody reads any
 * more ("| head") is none. */
int serve_log_write_error(const struct serve_log *log);

/* Where the server listens, and what to try there. */
void serve_log_listening(struct serve_log *log, const char *address, bool is_tls);

/* Whether the kernel makes the TLS records that are sent, as was asked for. */
void serve_log_ktls(struct serve_log *log, bool is_there);

/* The certificates were read again; or they were not, and what there was stays: `error` says why.
 * It is a warning where they were, or "". */
void serve_log_reloaded(struct serve_log *log, bool is_done, const char *error);

/* A connection became a session. */
void serve_log_opened(struct serve_log *log);

/* A connection ended; `path` is the request's, "" where there was none. */
void serve_log_closed(struct serve_log *log, const char *path, const struct why_record *record,
                      bool was_open);

/* Prometheus' text format. The labels are bounded: causes are our own table, codes that no registry
 * knows are "other". */
void serve_log_write_metrics(struct serve_log *log, struct why_text *text);

/* The last closes, newest first: {"closes": [...]}. */
void serve_log_write_closes(struct serve_log *log, struct why_text *text);

#endif
