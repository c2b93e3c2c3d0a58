/* SPDX-License-Identifier: MIT
 *
 * The close record's beginnings, and the names of what is in it.
 */
#include "whysocket/record.h"

#include <string.h>

static const char *const transport_names[] = {
#define X(name, text) [WHY_TRANSPORT_##name] = (text),
    WHY_TRANSPORT_MAP(X)
#undef X
};

static const char *const utf8_class_names[] = {
#define X(name, text) [WHY_UTF8_CLASS_##name] = (text),
    WHY_UTF8_CLASS_MAP(X)
#undef X
};

static const char *const guess_names[] = {
#define X(name, text) [WHY_GUESS_##name] = (text),
    WHY_GUESS_MAP(X)
#undef X
};

static const char *const client_names[] = {
#define X(name, text) [WHY_TLS_CLIENT_##name] = (text),
    WHY_TLS_CLIENT_MAP(X)
#undef X
};

static const char *const staple_names[] = {
#define X(name, text) [WHY_STAPLE_##name] = (text),
    WHY_STAPLE_MAP(X)
#undef X
};

const char *why_transport_name(enum why_transport transport) {
    return transport_names[transport];
}

const char *why_utf8_class_name(enum why_utf8_class utf8_class) {
    return utf8_class_names[utf8_class];
}

const char *why_guess_name(enum why_guess guess) {
    return guess_names[guess];
}

const char *why_tls_client_name(enum why_tls_client client) {
    return client_names[client];
}

const char *why_staple_name(enum why_staple staple) {
    return staple_names[staple];
}

const char *why_tls_message_name(uint8_t type) {
    switch (type) {
    case 0:
        return "HelloRequest";
    case 1:
        return "ClientHello";
    case 2:
        return "ServerHello";
    case 4:
        return "NewSessionTicket";
    case 5:
        return "EndOfEarlyData";
    case 8:
        return "EncryptedExtensions";
    case 11:
        return "Certificate";
    case 12:
        return "ServerKeyExchange";
    case 13:
        return "CertificateRequest";
    case 14:
        return "ServerHelloDone";
    case 15:
        return "CertificateVerify";
    case 16:
        return "ClientKeyExchange";
    case 20:
        return "Finished";
    case 22:
        return "CertificateStatus";
    case 24:
        return "KeyUpdate";
    default:
        return "unknown";
    }
}

void why_record_init(struct why_record *record) {
    memset(record, 0, sizeof *record);
    record->tls.alert = -1;
    struct why_timings *timings = &record->timings;
    timings->dns_us = WHY_NO_TIME;
    timings->tcp_us = WHY_NO_TIME;
    timings->proxy_us = WHY_NO_TIME;
    timings->tls_us = WHY_NO_TIME;
    timings->http_us = WHY_NO_TIME;
    timings->ping_rtt_ms = WHY_NO_TIME;
}

void why_record_fail(struct why_record *record, enum why_cause cause) {
    if (record->cause != WHY_CAUSE_NONE) {
        return;
    }
    record->cause = cause;
    record->code = why_cause_code(cause);
    record->layer = why_cause_layer(cause);
    record->side = why_cause_side(cause);
}
