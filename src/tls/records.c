/* SPDX-License-Identifier: MIT
 *
 * Records of an open TLS 1.3 connection that was taken over from OpenSSL: data, alerts, KeyUpdate.
 * What is refused, and by which alert, is what OpenSSL refuses; the reason has its number and text.
 */
#include "tls/traffic.h"

#include "tls/alert.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/sslerr.h>
#include <string.h>

#define BODY_MAX (WHY__TLS_RECORD_MAX + 256) /* RFC 8446 section 5.2 */
#define KEY_UPDATE_LEN 5
#define EMPTY_MAX 32 /* in a row: they cost us more than the peer */
#define WARNINGS_MAX 5

/* A peer can use a record once it has all of it. So the first of them fit what TCP sends at once,
 * and records become large where there is much to send: fewer are cheaper. */
#define FIRST_RECORD_MAX ((size_t)4096)
#define FIRST_RECORDS_LEN ((uint32_t)64 * 1024)
#define QUIET_MS 1000

/* ---- Out ---- */

/* One record around what gather() or the caller has put behind its header. */
static int finish_record(struct why__tls *tls, uint8_t type, size_t len) {
    uint8_t *record = tls->output + tls->output_len;
    record[WHY__TLS_HEADER_LEN + len] = type;
    if (!why__tls_seal(tls, record, len + 1)) {
        tls->no_memory = true;
        why__tls_fail(tls);
        return WHY_ERR_FAILED;
    }
    tls->output_len += WHY__TLS_HEADER_LEN + len + 1 + WHY__TLS_TAG_LEN;
    return WHY_OK;
}

static bool reserve_record(struct why__tls *tls, size_t len) {
    return why__tls_output_reserve(tls, WHY__TLS_HEADER_LEN + len + 1 + WHY__TLS_TAG_LEN);
}

/* An alert or a KeyUpdate. False: the connection has failed. */
static bool emit(struct why__tls *tls, uint8_t type, const uint8_t *content, size_t len) {
    size_t record_len = WHY__TLS_HEADER_LEN + len + 1 + WHY__TLS_TAG_LEN;
    if (tls->output_len - tls->output_at + record_len > WHY__TLS_OUTPUT_HARD_MAX) {
        tls->flooded = true;
        why__tls_fail(tls);
        return false;
    }
    if (!reserve_record(tls, len)) {
        tls->no_memory = true;
        why__tls_fail(tls);
        return false;
    }
    memcpy(tls->output + tls->output_len + WHY__TLS_HEADER_LEN, content, len);
    return finish_record(tls, type, len) == WHY_OK;
}

static bool update_keys(struct why__tls *tls, struct why__tls_keys *keys) {
    bool done = why__tls_keys_update(tls, keys);
    if (!done) {
        tls->no_memory = true;
        why__tls_fail(tls);
    }
    return done;
}

/* Section 4.6.3: tell it under the old keys, then go on with new ones. */
static bool send_key_update(struct why__tls *tls) {
    static const uint8_t message[KEY_UPDATE_LEN] = {SSL3_MT_KEY_UPDATE, 0, 0, 1,
                                                    SSL_KEY_UPDATE_NOT_REQUESTED};
    if (tls->traffic->is_outside) {
        tls->traffic->owes_update = true; /* one answers all that ask until then */
        return true;
    }
    return emit(tls, SSL3_RT_HANDSHAKE, message, sizeof message) &&
           update_keys(tls, &tls->traffic->out);
}

static void send_alert(struct why__tls *tls, uint8_t level, uint8_t alert) {
    const uint8_t content[] = {level, alert};
    if (tls->close_sent) {
        return; /* nothing comes behind close_notify (section 6.1) */
    }
    why__tls_see_alert(tls, true, content);
    if (tls->traffic->is_outside) {
        tls->traffic->owes_alert = true;
        tls->traffic->alert = alert;
        return;
    }
    (void)emit(tls, SSL3_RT_ALERT, content, sizeof content);
}

void why__tls_records_close(struct why__tls *tls) {
    send_alert(tls, SSL3_AL_WARNING, WHY__TLS_ALERT_CLOSE_NOTIFY);
}

static size_t record_max(struct why__tls *tls) {
    struct why__tls_traffic *traffic = tls->traffic;
    uint64_t now_ms = *tls->context->host->now_ms;
    if (now_ms - traffic->sent_ms > QUIET_MS) {
        traffic->burst_len = 0;
    }
    traffic->sent_ms = now_ms;
    return traffic->burst_len < FIRST_RECORDS_LEN ? FIRST_RECORD_MAX : WHY__TLS_RECORD_MAX;
}

/* Where in a list the next record begins. */
struct cursor {
    const struct why_bytes *list;
    size_t count;
    size_t at; /* in the list's first */
};

/* Copy to `out` as much as there is, `max` at most. */
static size_t gather(struct cursor *from, uint8_t *out, size_t max) {
    size_t len = 0;
    while (from->count > 0 && len < max) {
        size_t rest = from->list->len - from->at;
        size_t take = rest < max - len ? rest : max - len;
        if (take > 0) {
            memcpy(out + len, from->list->data + from->at, take);
        }
        len += take;
        from->at += take;
        if (take == rest) {
            from->list++;
            from->count--;
            from->at = 0;
        }
    }
    return len;
}

static size_t count_bytes(const struct cursor *from, size_t max) {
    size_t len = 0;
    for (size_t i = 0; i < from->count && len < max; i++) {
        len += from->list[i].len - (i == 0 ? from->at : 0);
    }
    return len < max ? len : max;
}

int why__tls_records_send(struct why__tls *tls, const struct why_bytes *list, size_t count,
                          size_t *taken) {
    struct why__tls_traffic *traffic = tls->traffic;
    struct cursor from = {list, count, 0};
    for (;;) {
        size_t len = count_bytes(&from, record_max(tls));
        if (len == 0 || tls->output_len - tls->output_at + len > WHY__TLS_OUTPUT_MAX) {
            return WHY_OK;
        }
        if (traffic->out.sequence >= WHY__TLS_RECORDS_PER_KEY && !send_key_update(tls)) {
            return WHY_ERR_FAILED;
        }
        if (!reserve_record(tls, len)) {
            /* What was taken before is on its way; the next call meets the same trouble. */
            return *taken > 0 ? WHY_OK : WHY_ERR_NOMEM;
        }
        (void)gather(&from, tls->output + tls->output_len + WHY__TLS_HEADER_LEN, len);
        if (finish_record(tls, SSL3_RT_APPLICATION_DATA, len) != WHY_OK) {
            return WHY_ERR_FAILED;
        }
        *taken += len;
        traffic->burst_len += traffic->burst_len < FIRST_RECORDS_LEN ? (uint32_t)len : 0;
    }
}

/* ---- In ---- */

/* Always false: it goes on no further. The queue of OpenSSL is emptied: its text is another. */
static bool refuse(struct why__tls *tls, uint8_t alert, int reason) {
    ERR_clear_error();
    send_alert(tls, SSL3_AL_FATAL, alert);
    if (tls->status != WHY__TLS_FAILED) {
        tls->error = (uint32_t)ERR_PACK(ERR_LIB_SSL, 0, reason);
        why__tls_fail(tls);
    }
    return false;
}

void why__tls_records_drop_held(struct why__tls *tls) {
    struct why__tls_traffic *traffic = tls->traffic;
    if (traffic->held != NULL) {
        OPENSSL_cleanse(traffic->held, traffic->held_size);
        tls->context->host->allocate(tls->context->host->context, traffic->held, 0);
    }
    traffic->held = NULL;
    traffic->held_at = traffic->held_len = traffic->held_size = 0;
    traffic->is_plain = false;
}

static bool make_held(struct why__tls *tls, size_t size) {
    const struct why_host *host = tls->context->host;
    tls->traffic->held = host->allocate(host->context, NULL, size);
    if (tls->traffic->held == NULL) {
        tls->no_memory = true;
        why__tls_fail(tls);
        return false;
    }
    tls->traffic->held_size = (uint16_t)size;
    return true;
}

static bool check_header(struct why__tls *tls, const uint8_t *header, size_t body_len) {
    if (header[0] != SSL3_RT_APPLICATION_DATA) {
        return refuse(tls, WHY__TLS_ALERT_UNEXPECTED_MESSAGE, SSL_R_BAD_RECORD_TYPE);
    }
    if (header[1] != TLS1_2_VERSION >> 8 || header[2] != (TLS1_2_VERSION & 0xff)) {
        return refuse(tls, WHY__TLS_ALERT_DECODE_ERROR, SSL_R_WRONG_VERSION_NUMBER);
    }
    if (body_len > BODY_MAX) {
        return refuse(tls, WHY__TLS_ALERT_RECORD_OVERFLOW, SSL_R_ENCRYPTED_LENGTH_TOO_LONG);
    }
    if (body_len < WHY__TLS_TAG_LEN + 1) {
        return refuse(tls, WHY__TLS_ALERT_BAD_RECORD_MAC,
                      SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC);
    }
    return true;
}

static size_t body_len_of(const uint8_t *header) {
    return (size_t)header[3] << 8 | header[4];
}

static size_t take_input(struct why__tls *tls, uint8_t *to, size_t max) {
    size_t len = tls->input.len < max ? tls->input.len : max;
    if (len > 0) {
        memcpy(to, tls->input.data, len);
        tls->input.data += len;
        tls->input.len -= len;
    }
    return len;
}

/* Hold what has come of a record; true when it is all of it. */
static bool collect(struct why__tls *tls) {
    struct why__tls_traffic *traffic = tls->traffic;
    uint8_t *header = traffic->header;
    size_t missing = sizeof traffic->header - traffic->header_len;
    traffic->header_len =
        (uint8_t)(traffic->header_len + take_input(tls, header + traffic->header_len, missing));
    if (traffic->header_len < sizeof traffic->header) {
        return false;
    }
    size_t len = body_len_of(header);
    if (traffic->held == NULL && (!check_header(tls, header, len) || !make_held(tls, len))) {
        return false;
    }
    size_t more = take_input(tls, traffic->held + traffic->held_len, len - traffic->held_len);
    traffic->held_len = (uint16_t)(traffic->held_len + more);
    return traffic->held_len == len;
}

static bool count_empty(struct why__tls *tls) {
    return ++tls->traffic->empty_count <= EMPTY_MAX ||
           refuse(tls, WHY__TLS_ALERT_UNEXPECTED_MESSAGE, SSL_R_RECORD_TOO_SMALL);
}

static bool take_key_update(struct why__tls *tls, bool is_last) {
    struct why__tls_traffic *traffic = tls->traffic;
    const uint8_t *message = traffic->update;
    traffic->update_len = 0;
    if (!is_last) {
        return refuse(tls, WHY__TLS_ALERT_UNEXPECTED_MESSAGE, SSL_R_NOT_ON_RECORD_BOUNDARY);
    }
    if (!count_empty(tls)) {
        return false; /* each costs us more than it costs the peer */
    }
    uint8_t request = message[KEY_UPDATE_LEN - 1];
    if (request != SSL_KEY_UPDATE_NOT_REQUESTED && request != SSL_KEY_UPDATE_REQUESTED) {
        return refuse(tls, WHY__TLS_ALERT_ILLEGAL_PARAMETER, SSL_R_BAD_KEY_UPDATE);
    }
    return update_keys(tls, &traffic->in) &&
           (request == SSL_KEY_UPDATE_NOT_REQUESTED || tls->close_sent || send_key_update(tls));
}

/* After its handshake a client has nothing to say but KeyUpdate, in one record or in parts. */
static bool take_handshake(struct why__tls *tls, const uint8_t *content, size_t len) {
    static const uint8_t head[KEY_UPDATE_LEN - 1] = {SSL3_MT_KEY_UPDATE, 0, 0, 1};
    struct why__tls_traffic *traffic = tls->traffic;
    if (len == 0) {
        return refuse(tls, WHY__TLS_ALERT_UNEXPECTED_MESSAGE, SSL_R_BAD_LENGTH);
    }
    for (size_t i = 0; i < len; i++) {
        uint8_t at = traffic->update_len++;
        traffic->update[at] = content[i];
        if (at == 0 && content[i] != SSL3_MT_KEY_UPDATE) {
            return refuse(tls, WHY__TLS_ALERT_UNEXPECTED_MESSAGE, SSL_R_UNEXPECTED_MESSAGE);
        }
        if (at < sizeof head && content[i] != head[at]) {
            return refuse(tls, WHY__TLS_ALERT_DECODE_ERROR, SSL_R_BAD_KEY_UPDATE);
        }
        if (at == KEY_UPDATE_LEN - 1) {
            return take_key_update(tls, i == len - 1);
        }
    }
    return true;
}

/* Section 6. The level means nothing. */
static bool take_alert(struct why__tls *tls, const uint8_t *content, size_t len) {
    if (len != 2) {
        return refuse(tls, WHY__TLS_ALERT_UNEXPECTED_MESSAGE, SSL_R_INVALID_ALERT);
    }
    why__tls_see_alert(tls, false, content);
    bool is_ignored = content[1] == WHY__TLS_ALERT_USER_CANCELED;
    if ((content[0] == SSL3_AL_WARNING || is_ignored) &&
        ++tls->traffic->warning_count == WARNINGS_MAX) {
        return refuse(tls, WHY__TLS_ALERT_UNEXPECTED_MESSAGE, SSL_R_TOO_MANY_WARN_ALERTS);
    }
    if (is_ignored) {
        return true;
    }
    if (content[1] == WHY__TLS_ALERT_CLOSE_NOTIFY) {
        tls->status = WHY__TLS_ENDED;
    } else {
        tls->error = (uint32_t)ERR_PACK(ERR_LIB_SSL, 0, SSL_AD_REASON_OFFSET + content[1]);
        why__tls_fail(tls);
    }
    return false;
}

static bool take_data(struct why__tls *tls, size_t len) {
    struct why__tls_traffic *traffic = tls->traffic;
    if (len == 0) {
        return count_empty(tls);
    }
    traffic->empty_count = traffic->warning_count = 0;
    return true;
}

/* What a record holds, at `content`, with its padding; true: it is data, *len of it. */
static bool take_content(struct why__tls *tls, const uint8_t *content, uint8_t last, size_t *len) {
    while (last == 0 && *len > 0) {
        last = content[--*len];
    }
    if (*len > WHY__TLS_RECORD_MAX) {
        return refuse(tls, WHY__TLS_ALERT_RECORD_OVERFLOW, SSL_R_DATA_LENGTH_TOO_LONG);
    }
    if (tls->traffic->update_len > 0 && last != SSL3_RT_HANDSHAKE) {
        /* Section 5.1: nothing comes between the parts of a message. */
        return refuse(tls, WHY__TLS_ALERT_UNEXPECTED_MESSAGE,
                      SSL_R_MIXED_HANDSHAKE_AND_NON_HANDSHAKE_DATA);
    }
    switch (last) {
    case SSL3_RT_APPLICATION_DATA:
        return take_data(tls, *len);
    case SSL3_RT_HANDSHAKE:
        (void)take_handshake(tls, content, *len);
        return false;
    case SSL3_RT_ALERT:
        (void)take_alert(tls, content, *len);
        return false;
    default:
        return refuse(tls, WHY__TLS_ALERT_UNEXPECTED_MESSAGE, SSL_R_BAD_RECORD_TYPE);
    }
}

/* A whole record: to `plain` where it fits, else it is held decrypted. Returns what it has put
 * there. */
static size_t take_record(struct why__tls *tls, const uint8_t *header, const uint8_t *body,
                          size_t body_len, struct why_span plain) {
    struct why__tls_traffic *traffic = tls->traffic;
    size_t len = body_len - WHY__TLS_TAG_LEN - 1;
    bool fits = len <= plain.len;
    if (!fits && traffic->held == NULL && !make_held(tls, len)) {
        return 0;
    }
    struct why_span content = fits ? plain : (struct why_span){traffic->held, traffic->held_size};
    uint8_t last = 0;
    if (!why__tls_open(tls, header, body, body_len, content, &last)) {
        (void)refuse(tls, WHY__TLS_ALERT_BAD_RECORD_MAC, SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC);
        return 0;
    }
    bool is_data = take_content(tls, content.data, last, &len);
    if (is_data && !fits && len > 0) {
        traffic->held_at = 0;
        traffic->held_len = (uint16_t)len;
        traffic->is_plain = true;
        return 0;
    }
    why__tls_records_drop_held(tls);
    return is_data ? len : 0;
}

static size_t take_held_plain(struct why__tls *tls, struct why_span plain) {
    struct why__tls_traffic *traffic = tls->traffic;
    size_t rest = (size_t)(traffic->held_len - traffic->held_at);
    size_t len = rest < plain.len ? rest : plain.len;
    memcpy(plain.data, traffic->held + traffic->held_at, len);
    traffic->held_at = (uint16_t)(traffic->held_at + len);
    if (len == rest) {
        why__tls_records_drop_held(tls);
    }
    return len;
}

/* The next record, if all of it has come. Returns the plaintext that came of it. */
static size_t take_next(struct why__tls *tls, struct why_span plain) {
    struct why__tls_traffic *traffic = tls->traffic;
    const uint8_t *header = tls->input.data;
    bool is_whole = traffic->header_len == 0 && tls->input.len >= WHY__TLS_HEADER_LEN &&
                    tls->input.len - WHY__TLS_HEADER_LEN >= body_len_of(header);
    if (!is_whole) {
        if (!collect(tls)) {
            return 0;
        }
        traffic->header_len = 0;
        return take_record(tls, traffic->header, traffic->held, traffic->held_len, plain);
    }
    size_t len = body_len_of(header);
    if (!check_header(tls, header, len)) {
        return 0;
    }
    tls->input.data += WHY__TLS_HEADER_LEN + len;
    tls->input.len -= WHY__TLS_HEADER_LEN + len;
    return take_record(tls, header, header + WHY__TLS_HEADER_LEN, len, plain);
}

size_t why__tls_records_receive(struct why__tls *tls, struct why_span plain) {
    size_t len = 0;
    while (tls->status == WHY__TLS_OPEN && len < plain.len) {
        struct why_span room = {plain.data + len, plain.len - len};
        if (tls->traffic->is_plain) {
            len += take_held_plain(tls, room);
        } else if (tls->input.len > 0) {
            len += take_next(tls, room);
        } else {
            break;
        }
    }
    return len;
}
