/* SPDX-License-Identifier: MIT
 *
 * Evidence in words. What a peer chose (reasons, headers, certificates) goes through
 * why_text_append_untrusted(); no other place prints it.
 */
#include "why/record_facts.h"
#include "why/i18n.h"
#include "why/names.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

enum {
    LABEL_WIDTH = 20,
};

static size_t width_of(const char *text) {
    size_t width = 0;
    for (; *text != '\0'; text++) {
        width += ((unsigned char)*text & 0xc0) != 0x80;
    }
    return width;
}

void why__record_row(struct why_text *text, const char *label) {
    size_t width = width_of(label);
    int pad = width < LABEL_WIDTH ? (int)(LABEL_WIDTH - width) : 0;
    why_text_append(text, "  %s%*s  ", label, pad, "");
}

static void row_untrusted(struct why_text *text, const char *label, const char *value) {
    if (*value != '\0') {
        why__record_row(text, label);
        why_text_append_untrusted(text, value, strlen(value));
        why_text_append(text, "\n");
    }
}

static void append_hex(struct why_text *text, const uint8_t *data, size_t len) {
    for (size_t i = 0; i < len; i++) {
        why_text_append(text, "%s%02x", i > 0 ? " " : "", data[i]);
    }
}

/* ---- 1007 ---- */

static const char *const class_texts[] = {
    [WHY_UTF8_CLASS_NONE] = N_("it cannot be there in UTF-8."),
    [WHY_UTF8_CLASS_STRAY_CONTINUATION] = N_("it can only go on with a character, and none has "
                                             "begun."),
    [WHY_UTF8_CLASS_BAD_LEAD] = N_("no UTF-8 text contains such a byte."),
    [WHY_UTF8_CLASS_OVERLONG] = N_("it would write a character in more bytes than it "
                                   "takes (an overlong form)."),
    [WHY_UTF8_CLASS_SURROGATE] = N_("it would make half of a UTF-16 surrogate pair "
                                    "(U+D800 to U+DFFF), which is no character."),
    [WHY_UTF8_CLASS_TOO_LARGE] = N_("it would make a character above U+10FFFF, and "
                                    "there are none."),
    [WHY_UTF8_CLASS_INTERRUPTED] = N_("it breaks into a character whose remaining bytes "
                                      "were due."),
};

void why__record_utf8_fact(const struct why_record *record, enum why_lang lang,
                           struct why_text *text) {
    const struct why_utf8_evidence *utf8 = &record->utf8;
    struct why_text place = {0};
    if (utf8->in_reason) {
        why_text_append(&place, "%s", tr(lang, "of the reason in the Close frame"));
    } else {
        why_text_append(&place, tr(lang, "of message %llu"),
                        (unsigned long long)utf8->message_number);
    }
    const char *where = place.data == NULL ? "" : place.data;
    unsigned long long offset = utf8->offset;
    if (utf8->utf8_class == WHY_UTF8_CLASS_TRUNCATED || utf8->window_at >= utf8->window_len) {
        why_text_append(text,
                        tr(lang, "At offset %llu %s the text ends in the middle of a character."),
                        offset, where);
    } else {
        why_text_append(text, tr(lang, "The byte at offset %llu %s is %02x: %s"), offset, where,
                        (unsigned)utf8->window[utf8->window_at],
                        tr(lang, class_texts[utf8->utf8_class]));
    }
    why_text_clear(&place);
}

static const char *const guess_texts[] = {
    [WHY_GUESS_NONE] = "",
    [WHY_GUESS_LATIN1] =
        N_("The bytes look like Latin-1 (ISO 8859-1) text: convert it to UTF-8 before it is sent."),
    [WHY_GUESS_WINDOWS_1252] =
        N_("The bytes look like Windows-1252 text: convert it to UTF-8 before it is sent."),
    [WHY_GUESS_UTF16_LE] =
        N_("The bytes look like UTF-16 (little-endian): convert it to UTF-8 before it is sent."),
    [WHY_GUESS_UTF16_BE] =
        N_("The bytes look like UTF-16 (big-endian): convert it to UTF-8 before it is sent."),
    [WHY_GUESS_GZIP] = N_("The bytes look like gzip data: send it as a binary frame."),
    [WHY_GUESS_ZLIB] = N_("The bytes look like zlib data: send it as a binary frame."),
    [WHY_GUESS_ZSTD] = N_("The bytes look like Zstandard data: send it as a binary frame."),
    [WHY_GUESS_PNG] = N_("The bytes look like a PNG image: send it as a binary frame."),
    [WHY_GUESS_JPEG] = N_("The bytes look like a JPEG image: send it as a binary frame."),
    [WHY_GUESS_PROTOBUF] =
        N_("The bytes look like a Protocol Buffers message: send it as a binary frame."),
    [WHY_GUESS_MESSAGEPACK] = N_("The bytes look like MessagePack: send it as a binary frame."),
    [WHY_GUESS_CBOR] = N_("The bytes look like CBOR: send it as a binary frame."),
    [WHY_GUESS_MODIFIED_UTF8] =
        N_("The bytes look like Java's modified UTF-8 (writeUTF): encode with "
           "StandardCharsets.UTF_8 instead."),
    [WHY_GUESS_CUT_CHARACTER] =
        N_("A character was cut in two by the sender: cut text between characters, or send the "
           "pieces as fragments of one message."),
    [WHY_GUESS_BINARY] = N_("The bytes look like binary data: send it as a binary frame."),
};

void why__record_utf8_guess(const struct why_record *record, enum why_lang lang,
                            struct why_text *text) {
    why_text_append(text, "%s", tr(lang, guess_texts[record->utf8.guess]));
}

static void utf8_rows(const struct why_record *record, enum why_lang lang, struct why_text *text) {
    const struct why_utf8_evidence *utf8 = &record->utf8;
    why__record_row(text, tr(lang, "Bytes"));
    for (size_t i = 0; i < utf8->window_len; i++) {
        bool is_wrong = i == utf8->window_at;
        why_text_append(text, "%s%s%02x%s", i > 0 ? " " : "", is_wrong ? "[" : "", utf8->window[i],
                        is_wrong ? "]" : "");
    }
    if (utf8->window_at >= utf8->window_len) {
        why_text_append(text, " [%s]", tr(lang, "end"));
    }
    why_text_append(text, "\n");
}

/* ---- Close frames and the transport ---- */

static void close_frame_row(const struct why_close_frame *frame, const char *label,
                            const char *first, enum why_lang lang, struct why_text *text) {
    if (!frame->present) {
        return;
    }
    why__record_row(text, label);
    if (frame->code == WHY_CLOSE_NO_STATUS) {
        why_text_append(text, "%s", tr(lang, "without a code"));
    } else {
        why_text_append(text, "%u %s", frame->code, tr(lang, why_code_info(frame->code)->name));
    }
    if (frame->reason_len > 0) {
        why_text_append(text, ", \"");
        why_text_append_untrusted(text, frame->reason, frame->reason_len);
        why_text_append(text, "\"");
    }
    why_text_append(text, "%s%s\n", *first != '\0' ? " " : "", first);
}

static const char *const transport_texts[] = {
    [WHY_TRANSPORT_NONE] = "",
    [WHY_TRANSPORT_FIN] = N_("the peer ended its stream in order (FIN)"),
    [WHY_TRANSPORT_RESET] = N_("the connection was reset (RST)"),
    [WHY_TRANSPORT_TIMEOUT] = N_("a deadline passed"),
    [WHY_TRANSPORT_TLS_ALERT] = N_("a TLS alert ended it"),
    [WHY_TRANSPORT_ERRNO] = N_("the operating system reported an error"),
    [WHY_TRANSPORT_CLOSED] = N_("this side closed it"),
};

static void transport_rows(const struct why_record *record, enum why_lang lang,
                           struct why_text *text) {
    row_untrusted(text, tr(lang, "Peer"), record->peer);
    if (record->transport != WHY_TRANSPORT_NONE) {
        why__record_row(text, tr(lang, "Transport"));
        why_text_append(text, "%s\n", tr(lang, transport_texts[record->transport]));
    }
    if (record->os_error != 0) {
        const char *name = why__os_error_name(record->layer, record->os_error);
        why__record_row(text, tr(lang, "System error"));
        why_text_append(text, "%s (%d)\n", name == NULL ? "?" : name, record->os_error);
    }
    const char *first = tr(lang, "(first)");
    close_frame_row(&record->received, tr(lang, "Close received"),
                    record->first == WHY_FIRST_RECEIVED ? first : "", lang, text);
    close_frame_row(&record->sent, tr(lang, "Close sent"),
                    record->first == WHY_FIRST_SENT ? first : "", lang, text);
    if (record->frame_len > 0) {
        why__record_row(text, tr(lang, "Frame header"));
        append_hex(text, record->frame, record->frame_len);
        why_text_append(text, "\n");
    }
}

/* ---- HTTP ---- */

static size_t line_len(const char *data, size_t len, size_t len_max) {
    const char *end = memchr(data, '\r', len);
    const char *newline = memchr(data, '\n', len);
    if (end == NULL || (newline != NULL && newline < end)) {
        end = newline;
    }
    size_t line = end == NULL ? len : (size_t)(end - data);
    return line < len_max ? line : len_max;
}

static void http_rows(const struct why_record *record, enum why_lang lang, struct why_text *text) {
    const struct why_http_evidence *http = &record->http;
    if (http->status != 0) {
        why__record_row(text, tr(lang, "HTTP status"));
        why_text_append(text, "%u\n", http->status);
    }
    if (*http->header != '\0') {
        why__record_row(text, tr(lang, "Refused header"));
        why_text_append_untrusted(text, http->header, strlen(http->header));
        why_text_append(text, "\n");
    }
    if (http->offset != 0) {
        why__record_row(text, tr(lang, "Refused at byte"));
        why_text_append(text, "%" PRIu32 "\n", http->offset);
    }
    if (http->head_len > 0) {
        why__record_row(text, tr(lang, "First line"));
        why_text_append_untrusted(text, http->head, line_len(http->head, http->head_len, 200));
        why_text_append(text, "\n");
    }
    if (http->body_len > 0) {
        size_t shown = http->body_len < 160 ? http->body_len : 160;
        why__record_row(text, tr(lang, "Body begins"));
        why_text_append_untrusted(text, http->body, shown);
        why_text_append(text, "%s\n", shown < http->body_len ? " ..." : "");
    }
}

/* ---- TLS ---- */

static void append_date(struct why_text *text, int64_t seconds) {
    time_t when = (time_t)seconds;
    struct tm date;
    if (gmtime_r(&when, &date) == NULL) {
        why_text_append(text, "%" PRId64, seconds);
        return;
    }
    why_text_append(text, "%04d-%02d-%02d %02d:%02d UTC", date.tm_year + 1900, date.tm_mon + 1,
                    date.tm_mday, date.tm_hour, date.tm_min);
}

static void certificate_rows(const struct why_tls_certificate *certificate, unsigned depth,
                             enum why_lang lang, struct why_text *text) {
    struct why_text label = {0};
    why_text_append(&label, tr(lang, "Certificate %u"), depth);
    why__record_row(text, label.data == NULL ? "" : label.data);
    why_text_clear(&label);
    why_text_append_untrusted(text, certificate->subject, strlen(certificate->subject));
    why_text_append(text, "\n");
    row_untrusted(text, tr(lang, "  issued by"), certificate->issuer);
    why__record_row(text, tr(lang, "  valid from"));
    append_date(text, certificate->not_before);
    why_text_append(text, "\n");
    why__record_row(text, tr(lang, "  valid until"));
    append_date(text, certificate->not_after);
    why_text_append(text, "\n");
    row_untrusted(text, tr(lang, "  for the names"), certificate->names);
}

static void tls_parameter_rows(const struct why_tls_evidence *tls, enum why_lang lang,
                               struct why_text *text) {
    row_untrusted(text, tr(lang, "TLS version"), tls->version);
    row_untrusted(text, tr(lang, "Cipher"), tls->cipher);
    row_untrusted(text, tr(lang, "Name asked for"), tls->server_name);
    if (tls->alert >= 0) {
        why__record_row(text,
                        tls->alert_sent ? tr(lang, "Alert sent") : tr(lang, "Alert received"));
        why_text_append(text, "%s (%d)\n", why__alert_name(tls->alert), tls->alert);
    }
    if (tls->client_cert_requested) {
        why__record_row(text, tr(lang, "Client certificate"));
        why_text_append(text, "%s\n",
                        tls->client_cert_sent ? tr(lang, "asked for, and sent")
                                              : tr(lang, "asked for, none was sent"));
    }
    if (tls->insecure) {
        why__record_row(text, tr(lang, "Verification"));
        why_text_append(text, "%s\n", tr(lang, "switched off"));
    }
    row_untrusted(text, "OpenSSL", tls->library_error);
}

/* A TLS record's head (RFC 8446 section 5.1): what came was TLS, and its bytes tell a person
 * nothing. */
static bool begins_as_tls(const struct why_tls_evidence *tls) {
    return tls->first_bytes_len >= 2 && tls->first_bytes[0] >= 0x14 &&
           tls->first_bytes[0] <= 0x17 && tls->first_bytes[1] == 0x03;
}

static void tls_rows(const struct why_record *record, enum why_lang lang, struct why_text *text) {
    const struct why_tls_evidence *tls = &record->tls;
    tls_parameter_rows(tls, lang, text);
    why__record_offer_rows(record, lang, text);
    why__record_own_rows(record, lang, text);
    for (size_t i = 0; i < tls->error_count; i++) {
        const struct why_tls_verify_error *error = &tls->errors[i];
        why__record_row(text, tr(lang, "Verify error"));
        why_text_append(text, tr(lang, "certificate %d: "), error->depth);
        why_text_append_untrusted(text, error->text, strlen(error->text));
        why_text_append(text, " (%d, %s)\n", error->error, why_cause_id(error->cause));
    }
    for (unsigned i = 0; i < tls->chain_len; i++) {
        certificate_rows(&tls->chain[i], i, lang, text);
    }
    if (tls->first_bytes_len > 0 && !begins_as_tls(tls)) {
        why__record_row(text, tr(lang, "First bytes"));
        append_hex(text, tls->first_bytes, tls->first_bytes_len);
        why_text_append(text, "  ");
        why_text_append_untrusted(text, tls->first_bytes, tls->first_bytes_len);
        why_text_append(text, "\n");
    }
}

/* ---- Time and counts ---- */

static void timing_rows(const struct why_record *record, enum why_lang lang,
                        struct why_text *text) {
    const struct why_timings *timings = &record->timings;
    const struct {
        const char *name;
        uint32_t us;
    } steps[] = {{"dns", timings->dns_us},
                 {"tcp", timings->tcp_us},
                 {"proxy", timings->proxy_us},
                 {"tls", timings->tls_us},
                 {"http", timings->http_us}};
    bool any = false;
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        if (steps[i].us == WHY_NO_TIME) {
            continue;
        }
        if (!any) {
            why__record_row(text, tr(lang, "Steps"));
        }
        why_text_append(text, "%s%s %" PRIu32 ".%" PRIu32 " ms", any ? ", " : "", steps[i].name,
                        steps[i].us / 1000, steps[i].us % 1000 / 100);
        any = true;
    }
    why_text_append(text, any ? "\n" : "");
}

static void row_duration(struct why_text *text, const char *label, uint64_t ms) {
    why__record_row(text, label);
    if (ms < 1000) {
        why_text_append(text, "%" PRIu64 " ms\n", ms);
    } else {
        why_text_append(text, "%" PRIu64 ".%" PRIu64 " s\n", ms / 1000, ms % 1000 / 100);
    }
}

static void count_rows(const struct why_record *record, enum why_lang lang, struct why_text *text) {
    const struct why_counters *counters = &record->counters;
    const struct why_timings *timings = &record->timings;
    if (counters->bytes_received == 0 && counters->bytes_sent == 0 && timings->open_ms == 0) {
        return; /* it never opened */
    }
    row_duration(text, tr(lang, "Open for"), timings->open_ms);
    row_duration(text, tr(lang, "Silent for"), timings->since_received_ms);
    if (timings->ping_rtt_ms != WHY_NO_TIME) {
        row_duration(text, tr(lang, "Ping round trip"), timings->ping_rtt_ms);
    }
    why__record_row(text, tr(lang, "Received"));
    why_text_append(text, tr(lang, "messages: %llu, bytes: %llu"),
                    (unsigned long long)counters->messages_received,
                    (unsigned long long)counters->bytes_received);
    why_text_append(text, "\n");
    why__record_row(text, tr(lang, "Sent"));
    why_text_append(text, tr(lang, "messages: %llu, bytes: %llu"),
                    (unsigned long long)counters->messages_sent,
                    (unsigned long long)counters->bytes_sent);
    why_text_append(text, "\n");
}

void why__record_evidence(const struct why_record *record, enum why_lang lang,
                          struct why_text *text) {
    if (record->utf8.present) {
        utf8_rows(record, lang, text);
    }
    /* The opening handshake that went well is no evidence of a later end. */
    if (record->layer == WHY_LAYER_HTTP || record->layer == WHY_LAYER_PROXY) {
        http_rows(record, lang, text);
    }
    if (record->tls.present && record->layer == WHY_LAYER_TLS) {
        tls_rows(record, lang, text);
    }
    transport_rows(record, lang, text);
    timing_rows(record, lang, text);
    count_rows(record, lang, text);
}
