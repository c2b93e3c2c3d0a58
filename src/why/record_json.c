/* SPDX-License-Identifier: MIT
 *
 * A close record as JSON, after docs/close-record.schema.json. Every key is always there; what is
 * not known is null.
 */
#include "why/record_json.h"
#include "base/utf8.h"
#include "why/i18n.h"
#include "why/json.h"
#include "why/names.h"
#include "why/record_facts.h"
#include "why/words.h"

#include <stdio.h>
#include <string.h>

static void write_close_frame(struct why__json *json, const char *key,
                              const struct why_close_frame *frame) {
    if (!frame->present) {
        why__json_null(json, key);
        return;
    }
    const uint8_t *reason = (const uint8_t *)frame->reason;
    why__json_open(json, key, '{');
    why__json_unsigned(json, "code", frame->code);
    why__json_bytes(json, "reason", reason, frame->reason_len);
    if (why__utf8_is_valid(reason, frame->reason_len)) {
        why__json_null(json, "reason_hex");
    } else {
        why__json_hex(json, "reason_hex", reason, frame->reason_len);
    }
    why__json_close(json, '}');
}

static void write_os_error(struct why__json *json, const struct why_record *record) {
    if (record->os_error == 0) {
        why__json_null(json, "os_error");
        return;
    }
    const char *name = why__os_error_name(record->layer, record->os_error);
    why__json_open(json, "os_error", '{');
    why__json_integer(json, "number", record->os_error);
    why__json_string_or_null(json, "name", name == NULL ? "" : name);
    why__json_close(json, '}');
}

static void write_utf8(struct why__json *json, const struct why_utf8_evidence *utf8) {
    if (!utf8->present) {
        why__json_null(json, "utf8");
        return;
    }
    why__json_open(json, "utf8", '{');
    why__json_bool(json, "in_reason", utf8->in_reason);
    why__json_unsigned(json, "message_number", utf8->message_number);
    why__json_unsigned(json, "offset", utf8->offset);
    why__json_string(json, "class", why_utf8_class_name(utf8->utf8_class));
    why__json_string(json, "guess", why_guess_name(utf8->guess));
    why__json_hex(json, "window", utf8->window, utf8->window_len);
    why__json_unsigned(json, "window_at", utf8->window_at);
    why__json_close(json, '}');
}

static void write_http(struct why__json *json, const struct why_http_evidence *http) {
    if (http->status == 0 && http->head_len == 0 && http->body_len == 0 && *http->header == '\0') {
        why__json_null(json, "http");
        return;
    }
    why__json_open(json, "http", '{');
    if (http->status == 0) {
        why__json_null(json, "status");
    } else {
        why__json_unsigned(json, "status", http->status);
    }
    why__json_string_or_null(json, "header", http->header);
    why__json_unsigned(json, "offset", http->offset);
    why__json_bytes(json, "head", http->head, http->head_len);
    why__json_bytes(json, "body", http->body, http->body_len);
    why__json_close(json, '}');
}

static void write_time(struct why__json *json, const char *key, uint32_t value) {
    if (value == WHY_NO_TIME) {
        why__json_null(json, key);
    } else {
        why__json_unsigned(json, key, value);
    }
}

static void write_timings(struct why__json *json, const struct why_timings *timings) {
    why__json_open(json, "timings", '{');
    write_time(json, "dns_us", timings->dns_us);
    write_time(json, "tcp_us", timings->tcp_us);
    write_time(json, "proxy_us", timings->proxy_us);
    write_time(json, "tls_us", timings->tls_us);
    write_time(json, "http_us", timings->http_us);
    why__json_unsigned(json, "open_ms", timings->open_ms);
    why__json_unsigned(json, "since_received_ms", timings->since_received_ms);
    why__json_unsigned(json, "since_sent_ms", timings->since_sent_ms);
    write_time(json, "ping_rtt_ms", timings->ping_rtt_ms);
    why__json_close(json, '}');
}

static void write_counters(struct why__json *json, const struct why_counters *counters) {
    why__json_open(json, "counters", '{');
    why__json_unsigned(json, "messages_received", counters->messages_received);
    why__json_unsigned(json, "messages_sent", counters->messages_sent);
    why__json_unsigned(json, "bytes_received", counters->bytes_received);
    why__json_unsigned(json, "bytes_sent", counters->bytes_sent);
    why__json_close(json, '}');
}

/* What the record says in words, so that a log can be read without this program. */
static void write_words(struct why__json *json, const struct why_record *record,
                        enum why_lang lang) {
    const struct why_cause_info *cause = why_cause_info(record->cause);
    struct why_text line = {0};
    why_record_write_line(record, lang, &line);
    why__json_string(json, "lang", why_lang_tag(lang));
    why__json_string(json, "line", line.data == NULL ? "" : line.data);
    why_text_clear(&line);
    why__json_string(json, "code_name",
                     record->code == 0 ? "" : tr(lang, why_code_info(record->code)->name));
    why__json_string(json, "title", tr(lang, cause->title));
    why__json_string(json, "happened", tr(lang, cause->happened));
    why__json_string(json, "fix", tr(lang, cause->fix));
    why__json_sides(json, cause, lang);
    why__json_string(json, "reference", tr(lang, cause->reference));
}

void why_record_write_json(const struct why_record *record, enum why_lang lang,
                           struct why_text *text) {
    static const char *const first_names[] = {
        [WHY_FIRST_NONE] = "",
        [WHY_FIRST_SENT] = "sent",
        [WHY_FIRST_RECEIVED] = "received",
    };
    struct why__json json = {.text = text};
    why__json_open(&json, NULL, '{');
    why__json_string(&json, "schema", "whysocket.close-record/1");
    why__json_unsigned(&json, "code", record->code);
    why__json_string(&json, "cause", why_cause_id(record->cause));
    why__json_bool(&json, "likely", record->likely);
    why__json_string(&json, "side", why_side_name(record->side));
    why__json_string(&json, "layer", why_layer_name(record->layer));
    why__json_string(&json, "retry", why__retry_id(why_record_retry(record)));
    write_words(&json, record, lang);
    write_close_frame(&json, "sent", &record->sent);
    write_close_frame(&json, "received", &record->received);
    why__json_string_or_null(&json, "first", first_names[record->first]);
    why__json_string(&json, "transport", why_transport_name(record->transport));
    write_os_error(&json, record);
    why__json_string_or_null(&json, "detail", record->detail);
    why__json_string_or_null(&json, "peer", record->peer);
    why__json_hex(&json, "frame", (const uint8_t *)record->frame, record->frame_len);
    write_utf8(&json, &record->utf8);
    write_http(&json, &record->http);
    why__record_json_tls(&json, record);
    why__record_notices_json(record, lang, &json);
    write_timings(&json, &record->timings);
    write_counters(&json, &record->counters);
    why__json_close(&json, '}');
}
