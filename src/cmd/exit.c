/* SPDX-License-Identifier: MIT
 *
 * Exit codes by what ended a connection.
 */
#include "cmd/exit.h"

const char *exit_code_text(enum exit_code code) {
    switch (code) {
#define X(name, number, text)                                                                      \
    case EXIT_CODE_##name:                                                                         \
        return text;
        EXIT_CODE_MAP(X)
#undef X
    }
    return "";
}

/* A time-out is one in whatever layer it came. */
static bool is_timeout(enum why_cause cause) {
    return (cause >= WHY_CAUSE_TIMEOUT_DNS && cause <= WHY_CAUSE_TIMEOUT_CLOSE) ||
           cause == WHY_CAUSE_TCP_TIMEOUT;
}

static enum exit_code of_peer_close(uint16_t code) {
    bool is_orderly =
        code == WHY_CLOSE_NORMAL || code == WHY_CLOSE_GOING_AWAY || code == WHY_CLOSE_NO_STATUS;
    return is_orderly ? EXIT_CODE_OK : EXIT_CODE_PEER_CLOSED;
}

/* A status of 3xx to 5xx is a refusal; all else that answers wrongly speaks no WebSocket. A
 * request that this side refused is a refusal, too. */
static enum exit_code of_http(enum why_cause cause) {
    bool is_refusal =
        (cause >= WHY_CAUSE_HTTP_STATUS_REDIRECT && cause <= WHY_CAUSE_HTTP_STATUS_5XX) ||
        (cause >= WHY_CAUSE_HTTP_REQUEST_MALFORMED && cause <= WHY_CAUSE_HTTP_REQUEST_TLS);
    return is_refusal ? EXIT_CODE_HTTP : EXIT_CODE_NOT_WEBSOCKET;
}

static enum exit_code of_application(enum why_cause cause) {
    if (cause == WHY_CAUSE_LOCAL_ABANDONED || cause == WHY_CAUSE_LOCAL_TLS_KEYS) {
        return EXIT_CODE_ABNORMAL;
    }
    if (cause == WHY_CAUSE_LOCAL_INTERNAL || cause == WHY_CAUSE_LOCAL_OUT_OF_MEMORY) {
        return EXIT_CODE_INTERNAL;
    }
    if (cause == WHY_CAUSE_APPLICATION_REFUSED) {
        return EXIT_CODE_HTTP;
    }
    return EXIT_CODE_OK; /* closed on purpose */
}

/* The cause decides, not record->layer: a layer may be told more precisely than its cause's. */
enum exit_code exit_code_of(const struct why_record *record) {
    enum why_cause cause = record->cause;
    if (is_timeout(cause)) {
        return EXIT_CODE_TIMEOUT;
    }
    if (cause == WHY_CAUSE_PEER_CLOSED) {
        return of_peer_close(record->code);
    }
    switch (why_cause_layer(cause)) {
    case WHY_LAYER_NONE:
        return EXIT_CODE_OK;
    case WHY_LAYER_DNS:
        return EXIT_CODE_DNS;
    case WHY_LAYER_TCP:
        /* Lost once it was open, it is not the connecting that failed. */
        return record->timings.http_us == WHY_NO_TIME ? EXIT_CODE_TCP : EXIT_CODE_ABNORMAL;
    case WHY_LAYER_PROXY:
        return EXIT_CODE_PROXY;
    case WHY_LAYER_TLS:
        return EXIT_CODE_TLS;
    case WHY_LAYER_HTTP:
        return of_http(cause);
    case WHY_LAYER_WEBSOCKET:
        return EXIT_CODE_PROTOCOL;
    case WHY_LAYER_APPLICATION:
        return of_application(cause);
    }
    return EXIT_CODE_INTERNAL;
}
