/* SPDX-License-Identifier: MIT
 *
 * Closes as lines, as a list, as counters.
 */
#include "cmd/serve_log.h"

#include "why/i18n.h"
#include "why/json.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    KEPT = 100, /* closes that the page shows */
    PATH_SHOWN = 128,
};

struct kept_close {
    int64_t time;
    char path[PATH_SHOWN];
    char *json; /* the record, rendered */
    char *line;
};

/* Codes that have a label of their own; all others are counted together. */
static const uint16_t counted_codes[] = {1000, 1001, 1002, 1003, 1005, 1006, 1007, 1008, 1009,
                                         1010, 1011, 1012, 1013, 1014, 1015, 3000, 3003, 3008};
#define COUNTED (sizeof counted_codes / sizeof *counted_codes)

struct serve_log {
    pthread_mutex_t mutex;
    atomic_int write_error;
    enum why_lang lang;
    bool json;
    struct kept_close kept[KEPT];
    size_t next; /* the oldest, to be overwritten */
    uint64_t opened, closed;
    uint64_t messages_received, messages_sent, bytes_received, bytes_sent;
    uint64_t by_cause[WHY_CAUSE_COUNT];
    uint64_t by_code[COUNTED + 1];
};

struct serve_log *serve_log_new(enum why_lang lang, bool json) {
    struct serve_log *log = calloc(1, sizeof *log);
    if (log != NULL) {
        log->lang = lang;
        log->json = json;
        pthread_mutex_init(&log->mutex, NULL);
    }
    return log;
}

static void drop_kept(struct kept_close *kept) {
    free(kept->json);
    free(kept->line);
    memset(kept, 0, sizeof *kept);
}

void serve_log_free(struct serve_log *log) {
    if (log == NULL) {
        return;
    }
    for (size_t i = 0; i < KEPT; i++) {
        drop_kept(&log->kept[i]);
    }
    pthread_mutex_destroy(&log->mutex);
    free(log);
}

int serve_log_write_error(const struct serve_log *log) {
    return atomic_load(&log->write_error);
}

static void write_time(struct why_text *text, int64_t seconds) {
    time_t time = (time_t)seconds;
    struct tm utc;
    gmtime_r(&time, &utc);
    char stamp[32];
    strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%SZ", &utc);
    why_text_append(text, "%s", stamp);
}

/* One write a line: lines of several threads do not mix, and a pipe's reader sees each at once. */
static void print_line(struct serve_log *log, struct why_text *text) {
    why_text_append(text, "\n");
    if (text->data != NULL) {
        fwrite(text->data, 1, text->len, stdout);
        if (fflush(stdout) != 0 && errno != EPIPE) {
            int none = 0;
            atomic_compare_exchange_strong(&log->write_error, &none, errno);
        }
    }
    why_text_clear(text);
}

void serve_log_listening(struct serve_log *log, const char *address, bool is_tls) {
    struct why_text text = {0};
    bool is_unix = strncmp(address, "unix:", 5) == 0;
    const char *scheme = is_tls ? "wss" : "ws";
    if (log->json) {
        struct why__json json = {.text = &text};
        why__json_open(&json, NULL, '{');
        why__json_string(&json, "event", "listening");
        why__json_string(&json, "address", address);
        why__json_bool(&json, "tls", is_tls);
        why__json_close(&json, '}');
    } else if (is_unix) {
        why_text_append(&text, tr(log->lang, "listening on %s+%s"), scheme, address);
    } else {
        why_text_append(&text, tr(log->lang, "listening on %s://%s/"), scheme, address);
    }
    print_line(log, &text);
}

void serve_log_ktls(struct serve_log *log, bool is_there) {
    struct why_text text = {0};
    if (log->json) {
        struct why__json json = {.text = &text};
        why__json_open(&json, NULL, '{');
        why__json_string(&json, "event", "ktls");
        why__json_bool(&json, "used", is_there);
        why__json_close(&json, '}');
    } else {
        why_text_append(&text, "%s",
                        is_there
                            ? tr(log->lang, "kTLS: the kernel encrypts what is sent by TLS 1.3")
                            : tr(log->lang, "kTLS is not used: this kernel has none, or its "
                                            "module is not loaded (modprobe tls)"));
    }
    print_line(log, &text);
}

void serve_log_reloaded(struct serve_log *log, bool is_done, const char *error) {
    struct why_text text = {0};
    if (log->json) {
        struct why__json json = {.text = &text};
        why__json_open(&json, NULL, '{');
        why__json_string(&json, "event", "reload");
        why__json_bool(&json, "done", is_done);
        why__json_string_or_null(&json, "error", error);
        why__json_close(&json, '}');
    } else {
        why_text_append(&text, "%s",
                        is_done ? tr(log->lang, "certificates read again")
                                : tr(log->lang, "certificates not read again, those "
                                                "from before stay"));
        why_text_append(&text, "%s%s", *error != '\0' ? ": " : "", error);
    }
    print_line(log, &text);
}

void serve_log_opened(struct serve_log *log) {
    pthread_mutex_lock(&log->mutex);
    log->opened++;
    pthread_mutex_unlock(&log->mutex);
}

static void count(struct serve_log *log, const struct why_record *record, bool was_open) {
    log->closed += was_open;
    log->by_cause[record->cause]++;
    size_t i = 0;
    while (i < COUNTED && counted_codes[i] != record->code) {
        i++;
    }
    log->by_code[i]++;
    log->messages_received += record->counters.messages_received;
    log->messages_sent += record->counters.messages_sent;
    log->bytes_received += record->counters.bytes_received;
    log->bytes_sent += record->counters.bytes_sent;
}

static void keep(struct serve_log *log, int64_t now, const char *path, struct why_text *line,
                 struct why_text *json) {
    struct kept_close *kept = &log->kept[log->next];
    drop_kept(kept);
    if (line->data == NULL || json->data == NULL || line->failed || json->failed) {
        return;
    }
    kept->time = now;
    snprintf(kept->path, sizeof kept->path, "%s", path);
    kept->line = line->data;
    kept->json = json->data;
    *line = *json = (struct why_text){0};
    log->next = (log->next + 1) % KEPT;
}

static void print_close(struct serve_log *log, int64_t now, const char *path,
                        const struct why_record *record, const struct why_text *line,
                        const struct why_text *record_json) {
    struct why_text text = {0};
    if (log->json) {
        struct why__json json = {.text = &text};
        why__json_open(&json, NULL, '{');
        why__json_string(&json, "event", "close");
        struct why_text stamp = {0};
        write_time(&stamp, now);
        why__json_string(&json, "time", stamp.data == NULL ? "" : stamp.data);
        why_text_clear(&stamp);
        why__json_string_or_null(&json, "path", path);
        why_text_append(&text, ",\"record\":%s",
                        record_json->data == NULL ? "null" : record_json->data);
        why__json_close(&json, '}');
    } else {
        write_time(&text, now);
        why_text_append(&text, " %s ", record->peer[0] != '\0' ? record->peer : "-");
        why_text_append_untrusted(&text, path[0] != '\0' ? path : "-",
                                  path[0] != '\0' ? strlen(path) : 1);
        why_text_append(&text, " %s", line->data == NULL ? "" : line->data);
    }
    print_line(log, &text);
}

void serve_log_closed(struct serve_log *log, const char *path, const struct why_record *record,
                      bool was_open) {
    int64_t now = (int64_t)time(NULL);
    struct why_text line = {0};
    struct why_text json = {0};
    why_record_write_line(record, log->lang, &line);
    why_record_write_json(record, log->lang, &json);
    /* Port scans and health checks: counted, and told to programs alone. */
    bool is_noise = record->cause == WHY_CAUSE_TLS_NO_HELLO;
    if (!is_noise || log->json) {
        print_close(log, now, path, record, &line, &json);
    }
    pthread_mutex_lock(&log->mutex);
    count(log, record, was_open);
    if (!is_noise) {
        keep(log, now, path, &line, &json);
    }
    pthread_mutex_unlock(&log->mutex);
    why_text_clear(&line);
    why_text_clear(&json);
}

static void write_metric(struct why_text *text, const char *name, const char *type,
                         const char *help, uint64_t value) {
    why_text_append(text, "# HELP %s %s\n# TYPE %s %s\n%s %" PRIu64 "\n", name, help, name, type,
                    name, value);
}

void serve_log_write_metrics(struct serve_log *log, struct why_text *text) {
    pthread_mutex_lock(&log->mutex);
    write_metric(text, "whysocket_sessions_opened_total", "counter",
                 "WebSocket sessions that were opened.", log->opened);
    write_metric(text, "whysocket_sessions_open", "gauge", "WebSocket sessions that are open now.",
                 log->opened - log->closed);
    write_metric(text, "whysocket_messages_received_total", "counter",
                 "Messages received by sessions that have ended.", log->messages_received);
    write_metric(text, "whysocket_messages_sent_total", "counter",
                 "Messages sent by sessions that have ended.", log->messages_sent);
    write_metric(text, "whysocket_received_bytes_total", "counter",
                 "Bytes received by sessions that have ended.", log->bytes_received);
    write_metric(text, "whysocket_sent_bytes_total", "counter",
                 "Bytes sent by sessions that have ended.", log->bytes_sent);
    why_text_append(text, "# HELP whysocket_closes_total Connections that ended, by cause.\n"
                          "# TYPE whysocket_closes_total counter\n");
    for (size_t i = 1; i < WHY_CAUSE_COUNT; i++) {
        if (log->by_cause[i] > 0) {
            why_text_append(
                text, "whysocket_closes_total{cause=\"%s\",layer=\"%s\",side=\"%s\"} %" PRIu64 "\n",
                why_cause_id((enum why_cause)i), why_layer_name(why_cause_layer((enum why_cause)i)),
                why_side_name(why_cause_side((enum why_cause)i)), log->by_cause[i]);
        }
    }
    why_text_append(text, "# HELP whysocket_close_codes_total Connections that ended, by code.\n"
                          "# TYPE whysocket_close_codes_total counter\n");
    for (size_t i = 0; i <= COUNTED; i++) {
        if (i < COUNTED) {
            why_text_append(text, "whysocket_close_codes_total{code=\"%u\"} %" PRIu64 "\n",
                            counted_codes[i], log->by_code[i]);
        } else {
            why_text_append(text, "whysocket_close_codes_total{code=\"other\"} %" PRIu64 "\n",
                            log->by_code[i]);
        }
    }
    pthread_mutex_unlock(&log->mutex);
}

void serve_log_write_closes(struct serve_log *log, struct why_text *text) {
    pthread_mutex_lock(&log->mutex);
    struct why__json json = {.text = text};
    why__json_open(&json, NULL, '{');
    why__json_unsigned(&json, "open", log->opened - log->closed);
    why__json_open(&json, "closes", '[');
    for (size_t i = 0; i < KEPT; i++) {
        const struct kept_close *kept = &log->kept[(log->next + KEPT - 1 - i) % KEPT];
        if (kept->json == NULL) {
            continue;
        }
        why__json_open(&json, NULL, '{');
        why__json_integer(&json, "time", kept->time);
        why__json_string(&json, "path", kept->path);
        why__json_string(&json, "line", kept->line);
        why_text_append(text, ",\"record\":%s", kept->json);
        why__json_close(&json, '}');
    }
    why__json_close(&json, ']');
    why__json_close(&json, '}');
    pthread_mutex_unlock(&log->mutex);
}
