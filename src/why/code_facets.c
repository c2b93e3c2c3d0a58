/* SPDX-License-Identifier: MIT
 *
 * The structured fields of a code in words: what comparisons of two codes are made of.
 */
#include "whysocket/explain.h"

#include "base/mark.h"

static const char *const facet_names[WHY_FACET_COUNT] = {
    [WHY_FACET_STATUS] = N_("Standing"),
    [WHY_FACET_SENDERS] = N_("Who sends it"),
    [WHY_FACET_SCOPE] = N_("What it speaks of"),
    [WHY_FACET_PHASE] = N_("When it comes"),
    [WHY_FACET_LAYER] = N_("Layer"),
    [WHY_FACET_DECIDER] = N_("What brings it about"),
    [WHY_FACET_MEND] = N_("Where the fix is"),
    [WHY_FACET_RETRY] = N_("Connecting again"),
    [WHY_FACET_HTTP] = N_("HTTP status like it"),
};

static const char *const status_texts[] = {
    [WHY_CODE_REGISTERED] = N_("is a registered code that may stand in a Close frame"),
    [WHY_CODE_LOCAL] = N_("is reserved for local reports and never stands in a Close frame"),
    [WHY_CODE_RESERVED] = N_("is reserved and has no meaning"),
    [WHY_CODE_UNASSIGNED] = N_("is not assigned and may not be sent until a standard does so"),
    [WHY_CODE_LIBRARY] = N_("belongs to the range of libraries and frameworks"),
    [WHY_CODE_PRIVATE] = N_("belongs to the range for private use"),
    [WHY_CODE_INVALID] = N_("lies outside the range of close codes"),
};

static const char *const senders_texts[] = {
    [WHY_SENDERS_NONE] = N_("is never sent by anybody"),
    [WHY_SENDERS_EITHER] = N_("may be sent by client and server alike"),
    [WHY_SENDERS_CLIENT] = N_("is sent by clients only"),
    [WHY_SENDERS_SERVER] = N_("is meant for servers to send"),
    [WHY_SENDERS_PRIVATE] = N_("is sent by whichever side its library or application lets send it"),
};

static const char *const scope_texts[] = {
    [WHY_SCOPE_NONE] = N_("speaks of nothing that the standard defines"),
    [WHY_SCOPE_MESSAGE] = N_("speaks of one message"),
    [WHY_SCOPE_CONNECTION] = N_("speaks of the connection as a whole"),
    [WHY_SCOPE_ENDPOINT] = N_("speaks of the side that closes, and so of all its connections"),
    [WHY_SCOPE_PEER] = N_("speaks of who the other side is, or of what it did"),
    [WHY_SCOPE_PATH] = N_("speaks of what lies between or behind the two sides"),
};

static const char *const phase_texts[] = {
    [WHY_PHASE_NONE] = N_("comes at no time when all follow the rules"),
    [WHY_PHASE_OPENING] = N_("comes before the connection is open"),
    [WHY_PHASE_OPEN] = N_("comes on an open connection"),
    [WHY_PHASE_ANY] = N_("comes while connecting as well as on an open connection"),
};

static const char *const layer_texts[] = {
    [WHY_LAYER_NONE] = N_("tells of no layer"),
    [WHY_LAYER_DNS] = N_("tells of the look-up of the name"),
    [WHY_LAYER_TCP] = N_("tells of the transport underneath, TCP or whatever cut it"),
    [WHY_LAYER_PROXY] = N_("tells of a gateway or proxy"),
    [WHY_LAYER_TLS] = N_("tells of TLS"),
    [WHY_LAYER_HTTP] = N_("tells of the HTTP upgrade"),
    [WHY_LAYER_WEBSOCKET] = N_("tells of the WebSocket protocol"),
    [WHY_LAYER_APPLICATION] = N_("tells of the application on top"),
};

static const char *const decider_texts[] = {
    [WHY_DECIDER_NONE] = N_("follows from nothing but a mistake in a program"),
    [WHY_DECIDER_PROTOCOL] = N_("follows from a rule of the protocol, which the library applies"),
    [WHY_DECIDER_APPLICATION] = N_("follows from a decision of the application"),
    [WHY_DECIDER_OPERATOR] = N_("follows from what a person does: stop, restart or leave"),
    [WHY_DECIDER_LIMIT] = N_("follows from a limit on size, time or load"),
    [WHY_DECIDER_ACCIDENT] = N_("follows from a failure that nobody intended"),
    [WHY_DECIDER_REPORTER] = N_("is concluded by the side that reports it"),
};

static const char *const mend_texts[] = {
    [WHY_MEND_NOTHING] = N_("needs no fix by itself"),
    [WHY_MEND_SENDER] = N_("is fixed in the program whose messages were refused"),
    [WHY_MEND_LIBRARY] = N_("is fixed in a library, or in what alters its bytes on the way"),
    [WHY_MEND_CONFIGURATION] = N_("is fixed in a setting on one of the two sides"),
    [WHY_MEND_CREDENTIALS] = N_("is fixed with new credentials"),
    [WHY_MEND_PERMISSIONS] = N_("is fixed by granting a right"),
    [WHY_MEND_CLOSER] = N_("is fixed in the program that closed"),
    [WHY_MEND_CAPACITY] = N_("is fixed with more capacity, or less load"),
    [WHY_MEND_UPSTREAM] = N_("is fixed at the server behind the gateway"),
    [WHY_MEND_NETWORK] = N_("is fixed on the way: proxy time-outs, network, crashed processes"),
    [WHY_MEND_TLS] = N_("is fixed in certificates and TLS settings"),
};

static const char *const retry_texts[] = {
    [WHY_RETRY_NOT_NEEDED] = N_("calls for no new connection"),
    [WHY_RETRY_BACK_OFF] = N_("invites to connect again after a growing, random pause"),
    [WHY_RETRY_CHANGED] = N_("makes connecting again useless until something has changed"),
    [WHY_RETRY_DEPENDS] = N_("leaves connecting again to the cause behind it"),
};

static const char *http_text(uint16_t status) {
    switch (status) {
    case 400:
        return N_("is close to HTTP 400 (Bad Request)");
    case 401:
        return N_("is close to HTTP 401 (Unauthorized)");
    case 403:
        return N_("is close to HTTP 403 (Forbidden)");
    case 408:
        return N_("is close to HTTP 408 (Request Timeout)");
    case 413:
        return N_("is close to HTTP 413 (Content Too Large)");
    case 415:
        return N_("is close to HTTP 415 (Unsupported Media Type)");
    case 500:
        return N_("is close to HTTP 500 (Internal Server Error)");
    case 502:
        return N_("is close to HTTP 502 (Bad Gateway)");
    case 503:
        return N_("is close to HTTP 503 (Service Unavailable)");
    default:
        return N_("has no HTTP status like it");
    }
}

const char *why_facet_name(enum why_facet facet) {
    return facet_names[facet];
}

const char *why_code_facet(const struct why_code_info *info, enum why_facet facet) {
    switch (facet) {
    case WHY_FACET_STATUS:
        return status_texts[info->status];
    case WHY_FACET_SENDERS:
        return senders_texts[info->senders];
    case WHY_FACET_SCOPE:
        return scope_texts[info->scope];
    case WHY_FACET_PHASE:
        return phase_texts[info->phase];
    case WHY_FACET_LAYER:
        return layer_texts[info->layer];
    case WHY_FACET_DECIDER:
        return decider_texts[info->decider];
    case WHY_FACET_MEND:
        return mend_texts[info->mend];
    case WHY_FACET_RETRY:
        return retry_texts[info->retry];
    case WHY_FACET_HTTP:
        return http_text(info->http_status);
    case WHY_FACET_COUNT:
        break;
    }
    return "";
}
