/* SPDX-License-Identifier: MIT
 *
 * The columns of the table of causes.
 */
#include "whysocket/cause.h"

static const struct {
    const char *id;
    uint16_t code;
    enum why_layer layer;
    enum why_side side;
} causes[WHY_CAUSE_COUNT] = {
#define X(name, id, code, layer, side)                                                             \
    [WHY_CAUSE_##name] = {id, code, WHY_LAYER_##layer, WHY_SIDE_##side},
    WHY_CAUSE_MAP(X)
#undef X
};

static const char *const layer_names[] = {
#define X(name, text) [WHY_LAYER_##name] = (text),
    WHY_LAYER_MAP(X)
#undef X
};

static const char *const side_names[] = {
#define X(name, text) [WHY_SIDE_##name] = (text),
    WHY_SIDE_MAP(X)
#undef X
};

const char *why_cause_id(enum why_cause cause) {
    return causes[cause].id;
}

uint16_t why_cause_code(enum why_cause cause) {
    return causes[cause].code;
}

enum why_layer why_cause_layer(enum why_cause cause) {
    return causes[cause].layer;
}

enum why_side why_cause_side(enum why_cause cause) {
    return causes[cause].side;
}

const char *why_layer_name(enum why_layer layer) {
    return layer_names[layer];
}

const char *why_side_name(enum why_side side) {
    return side_names[side];
}

enum why_cause why_cause_of_status(uint16_t status) {
    switch (status) {
    case 400:
        return WHY_CAUSE_HTTP_STATUS_400;
    case 401:
        return WHY_CAUSE_HTTP_STATUS_401;
    case 403:
        return WHY_CAUSE_HTTP_STATUS_403;
    case 404:
        return WHY_CAUSE_HTTP_STATUS_404;
    case 426:
        return WHY_CAUSE_HTTP_STATUS_426;
    case 429:
        return WHY_CAUSE_HTTP_STATUS_429;
    case 502:
        return WHY_CAUSE_HTTP_STATUS_502;
    case 503:
        return WHY_CAUSE_HTTP_STATUS_503;
    case 504:
        return WHY_CAUSE_HTTP_STATUS_504;
    default:
        break;
    }
    if (status >= 300 && status < 400) {
        return WHY_CAUSE_HTTP_STATUS_REDIRECT;
    }
    if (status >= 400 && status < 500) {
        return WHY_CAUSE_HTTP_STATUS_4XX;
    }
    if (status >= 500 && status < 600) {
        return WHY_CAUSE_HTTP_STATUS_5XX;
    }
    return WHY_CAUSE_HTTP_NOT_UPGRADED;
}
