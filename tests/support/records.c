/* SPDX-License-Identifier: MIT */
#include "support/records.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a peer may send to change how a terminal shows it: a title, a new line, a change of
 * direction, a byte that is no UTF-8, a control of two bytes. */
#define HOSTILE "\033]0;owned\007\r\n\xe2\x80\xae\xff\xc2\x9b\xe2\x80\xac"

static void set_window(struct why_utf8_evidence *utf8, const char *bytes, size_t len, uint8_t at) {
    memcpy(utf8->window, bytes, len);
    utf8->window_len = (uint8_t)len;
    utf8->window_at = at;
}

static void fill_latin1(struct why_record *record) {
    why_record_fail(record, WHY_CAUSE_UTF8_INVALID);
    record->utf8 = (struct why_utf8_evidence){.present = true,
                                              .utf8_class = WHY_UTF8_CLASS_INTERRUPTED,
                                              .guess = WHY_GUESS_LATIN1,
                                              .message_number = 4,
                                              .offset = 3};
    set_window(&record->utf8, "caf\xe9!", 5, 3);
    record->sent = (struct why_close_frame){.present = true, .code = 1007};
    record->first = WHY_FIRST_SENT;
    record->transport = WHY_TRANSPORT_CLOSED;
    record->timings.open_ms = 61500;
    record->timings.since_received_ms = 12;
    record->timings.ping_rtt_ms = 7;
    record->counters =
        (struct why_counters){.messages_received = 4, .bytes_received = 70, .bytes_sent = 8};
}

static void fill_gzip(struct why_record *record) {
    fill_latin1(record);
    record->utf8.guess = WHY_GUESS_GZIP;
    record->utf8.utf8_class = WHY_UTF8_CLASS_STRAY_CONTINUATION;
    record->utf8.offset = 1;
    set_window(&record->utf8, "\x1f\x8b\x08", 3, 1);
}

static void fill_cut_character(struct why_record *record) {
    fill_latin1(record);
    record->utf8.guess = WHY_GUESS_CUT_CHARACTER;
    record->utf8.utf8_class = WHY_UTF8_CLASS_TRUNCATED;
    set_window(&record->utf8, "a\xe2\x82", 3, 3);
}

static void fill_reason(struct why_record *record) {
    why_record_fail(record, WHY_CAUSE_CLOSE_FRAME_REASON);
    record->utf8 = (struct why_utf8_evidence){
        .present = true, .in_reason = true, .utf8_class = WHY_UTF8_CLASS_BAD_LEAD, .offset = 0};
    set_window(&record->utf8, "\xff", 1, 0);
    record->received =
        (struct why_close_frame){.present = true, .code = 1000, .reason_len = 1, .reason = "\xff"};
    record->first = WHY_FIRST_RECEIVED;
}

/* The first and the last of the notices, in a connection that stood. */
static void fill_noticed(struct why_record *record) {
    why_record_fail(record, WHY_CAUSE_LOCAL_CLOSED);
    record->code = 1000;
    record->tls.present = true;
    record->tls.handshake_done = true;
    record->tls.alert = -1;
    record->tls.notices = 1U << WHY_NOTICE_EXPIRES_SOON | 1U << (WHY_NOTICE_COUNT - 1);
}

static void fill_expired(struct why_record *record) {
    why_record_fail(record, WHY_CAUSE_TLS_CERT_EXPIRED);
    struct why_tls_evidence *tls = &record->tls;
    tls->present = true;
    tls->alert = 45;
    tls->alert_sent = true;
    snprintf(tls->version, sizeof tls->version, "TLSv1.3");
    snprintf(tls->cipher, sizeof tls->cipher, "TLS_AES_256_GCM_SHA384");
    snprintf(tls->server_name, sizeof tls->server_name, "chat.example");
    tls->error_count = 1;
    tls->errors[0] = (struct why_tls_verify_error){
        .error = 10, .cause = WHY_CAUSE_TLS_CERT_EXPIRED, .text = "certificate has expired"};
    tls->chain_len = 2;
    tls->chain[0] = (struct why_tls_certificate){.subject = "CN=chat.example",
                                                 .issuer = "CN=An Intermediate",
                                                 .not_before = 1672531200,
                                                 .not_after = 1680307200,
                                                 .names = "chat.example, *.chat.example"};
    tls->chain[1] = (struct why_tls_certificate){.subject = "CN=An Intermediate",
                                                 .issuer = "CN=A Root",
                                                 .not_before = -1,
                                                 .not_after = INT64_MAX};
    record->timings.dns_us = 1234;
    record->timings.tcp_us = 20345;
    record->timings.tls_us = 41000;
    snprintf(record->peer, sizeof record->peer, "192.0.2.1:443");
}

static void fill_forbidden(struct why_record *record) {
    why_record_fail(record, WHY_CAUSE_HTTP_STATUS_403);
    static const char head[] = "HTTP/1.1 403 Forbidden\r\nServer: nginx\r\n";
    static const char body[] = "<html>Origin not allowed</html>";
    record->http.status = 403;
    memcpy(record->http.head, head, sizeof head - 1);
    record->http.head_len = sizeof head - 1;
    memcpy(record->http.body, body, sizeof body - 1);
    record->http.body_len = sizeof body - 1;
}

static void fill_peer_closed(struct why_record *record) {
    why_record_fail(record, WHY_CAUSE_PEER_CLOSED);
    record->code = 1011;
    record->received = (struct why_close_frame){
        .present = true, .code = 1011, .reason_len = 13, .reason = "database down"};
    record->sent = (struct why_close_frame){.present = true, .code = 1011};
    record->first = WHY_FIRST_RECEIVED;
    record->transport = WHY_TRANSPORT_FIN;
}

static void fill_no_status(struct why_record *record) {
    why_record_fail(record, WHY_CAUSE_PEER_CLOSED);
    record->code = 1005;
    record->received = (struct why_close_frame){.present = true, .code = 1005};
}

static void fill_not_found(struct why_record *record) {
    why_record_fail(record, WHY_CAUSE_DNS_NOT_FOUND);
    record->os_error = EAI_NONAME;
    snprintf(record->detail, sizeof record->detail, "no.such.host.example");
}

static void fill_reset(struct why_record *record) {
    why_record_fail(record, WHY_CAUSE_TCP_RESET);
    record->likely = true;
    record->transport = WHY_TRANSPORT_RESET;
    record->os_error = ECONNRESET;
    memcpy(record->frame, "\x81\x7e\x00\x7d", 4);
    record->frame_len = 4;
}

/* Every field that a peer has a hand in. */
static void fill_hostile(struct why_record *record) {
    why_record_fail(record, WHY_CAUSE_TLS_NOT_TLS);
    static const char hostile[] = HOSTILE;
    size_t len = sizeof hostile - 1;
    struct why_tls_evidence *tls = &record->tls;
    tls->present = true;
    memcpy(tls->alpn, hostile, len);
    memcpy(tls->server_name, hostile, len);
    memcpy(tls->library_error, hostile, len);
    memcpy(tls->first_bytes, hostile, len);
    tls->first_bytes_len = (uint8_t)len;
    tls->error_count = 1;
    memcpy(tls->errors[0].text, hostile, len);
    tls->chain_len = 1;
    memcpy(tls->chain[0].subject, hostile, len);
    memcpy(tls->chain[0].issuer, hostile, len);
    memcpy(tls->chain[0].names, hostile, len);
    memcpy(record->detail, hostile, len);
    memcpy(record->peer, hostile, len);
    record->received = (struct why_close_frame){.present = true, .code = 4000};
    memcpy(record->received.reason, hostile, len);
    record->received.reason_len = (uint8_t)len;
}

static void fill_hostile_http(struct why_record *record) {
    why_record_fail(record, WHY_CAUSE_HTTP_NOT_HTTP);
    static const char hostile[] = HOSTILE;
    size_t len = sizeof hostile - 1;
    memcpy(record->http.header, hostile, len);
    memcpy(record->http.head, hostile, len);
    record->http.head_len = (uint16_t)len;
    memcpy(record->http.body, hostile, len);
    record->http.body_len = (uint16_t)len;
    record->http.offset = 3;
}

static void fill_hostile_reason(struct why_record *record) {
    fill_peer_closed(record);
    static const char hostile[] = HOSTILE;
    memcpy(record->received.reason, hostile, sizeof hostile - 1);
    record->received.reason_len = sizeof hostile - 1;
}

static const struct {
    const char *name;
    void (*fill)(struct why_record *record);
} samples[] = {
    {"latin1", fill_latin1},
    {"gzip", fill_gzip},
    {"cut character", fill_cut_character},
    {"bad reason", fill_reason},
    {"expired", fill_expired},
    {"noticed", fill_noticed},
    {"forbidden", fill_forbidden},
    {"peer closed", fill_peer_closed},
    {"no status", fill_no_status},
    {"not found", fill_not_found},
    {"reset", fill_reset},
    {"hostile", fill_hostile},
    {"hostile http", fill_hostile_http},
    {"hostile reason", fill_hostile_reason},
};

static const size_t sample_count = sizeof samples / sizeof *samples;

bool test_record_at(size_t index, struct why_record *record, const char **name) {
    why_record_init(record);
    if (index < WHY_CAUSE_COUNT) {
        why_record_fail(record, (enum why_cause)index);
        *name = why_cause_id((enum why_cause)index);
        return true;
    }
    if (index - WHY_CAUSE_COUNT >= sample_count) {
        return false;
    }
    *name = samples[index - WHY_CAUSE_COUNT].name;
    samples[index - WHY_CAUSE_COUNT].fill(record);
    return true;
}

void test_record_named(const char *name, struct why_record *record) {
    for (size_t i = 0; i < sample_count; i++) {
        if (strcmp(samples[i].name, name) == 0) {
            why_record_init(record);
            samples[i].fill(record);
            return;
        }
    }
    fprintf(stderr, "records: there is no \"%s\"\n", name);
    abort();
}
