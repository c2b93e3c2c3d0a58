/* SPDX-License-Identifier: MIT */
#include "conform/agree.h"

#include "core/extensions.h"
#include "core/http_field.h"

#include <stdbool.h>
#include <string.h>

enum {
    BITS_MIN = 8,
    BITS_MAX = 15,
    BITS_OPEN = 16, /* client_max_window_bits without a value */
};

/* One element of a list. */
struct terms {
    bool is_deflate;
    bool server_forgets, client_forgets;
    uint8_t server_bits, client_bits; /* 0: not named */
    const char *wrong;                /* NULL, or what is */
};

static uint8_t read_bits(struct why_bytes value) {
    if (value.len == 1 && value.data[0] >= '8' && value.data[0] <= '9') {
        return (uint8_t)(value.data[0] - '0');
    }
    if (value.len == 2 && value.data[0] == '1' && value.data[1] >= '0' && value.data[1] <= '5') {
        return (uint8_t)(10 + value.data[1] - '0');
    }
    return 0;
}

static void read_flag(struct terms *terms, bool *flag, bool has_value) {
    if (*flag) {
        terms->wrong = "a parameter of permessage-deflate stands twice";
    } else if (has_value) {
        terms->wrong = "..._no_context_takeover with a value";
    }
    *flag = true;
}

static void read_window(struct terms *terms, uint8_t *bits,
                        const struct why__extension_iterator *iterator, bool may_be_open) {
    if (*bits != 0) {
        terms->wrong = "a parameter of permessage-deflate stands twice";
    } else if (!iterator->has_value) {
        *bits = BITS_OPEN;
        terms->wrong = may_be_open ? terms->wrong : "..._max_window_bits without a value";
    } else {
        *bits = read_bits(iterator->value);
        terms->wrong = *bits == 0 ? "..._max_window_bits is not 8 to 15" : terms->wrong;
    }
}

static void read_parameter(struct terms *terms, const struct why__extension_iterator *iterator,
                           bool is_offer) {
    struct why_bytes name = iterator->name;
    if (why__bytes_are(name, "server_no_context_takeover")) {
        read_flag(terms, &terms->server_forgets, iterator->has_value);
    } else if (why__bytes_are(name, "client_no_context_takeover")) {
        read_flag(terms, &terms->client_forgets, iterator->has_value);
    } else if (why__bytes_are(name, "server_max_window_bits")) {
        read_window(terms, &terms->server_bits, iterator, false);
    } else if (why__bytes_are(name, "client_max_window_bits")) {
        read_window(terms, &terms->client_bits, iterator, is_offer);
    } else {
        terms->wrong = "permessage-deflate has no such parameter";
    }
}

/* Read one element. False: there is none, or (BAD) it cannot be read. */
static bool read_element(struct why__extension_iterator *iterator, enum why__extension_item *item,
                         bool is_offer, struct terms *terms) {
    if (*item != WHY__EXTENSION_NAME) {
        return false;
    }
    *terms = (struct terms){.is_deflate = why__bytes_are(iterator->name, "permessage-deflate")};
    while ((*item = why__extension_next(iterator)) == WHY__EXTENSION_PARAM) {
        if (terms->is_deflate && terms->wrong == NULL) {
            read_parameter(terms, iterator, is_offer);
        }
    }
    return true;
}

/* Why this answer is none to this offer; NULL: it is one. */
static const char *compare(const struct terms *offer, const struct terms *answer) {
    if (!offer->is_deflate || offer->wrong != NULL) {
        return "permessage-deflate, which was not offered";
    }
    if (offer->server_forgets && !answer->server_forgets) {
        return "server_no_context_takeover was asked for, and the answer does not have it";
    }
    if (offer->server_bits != 0 &&
        (answer->server_bits == 0 || answer->server_bits > offer->server_bits)) {
        return "server_max_window_bits was asked for, and the answer lacks it or has a larger one";
    }
    if (answer->client_bits != 0 && offer->client_bits == 0) {
        return "client_max_window_bits, which the client did not offer";
    }
    if (offer->client_bits != 0 && answer->client_bits > offer->client_bits) {
        return "client_max_window_bits is larger than the client offered";
    }
    return NULL;
}

const char *conform_agree(const struct why_bytes *offers, size_t offer_count,
                          struct why_bytes answer, struct why_deflate_params *agreed) {
    struct why__extension_iterator iterator;
    struct terms chosen;
    why__extension_iterator_init(&iterator, answer);
    enum why__extension_item item = why__extension_next(&iterator);
    if (!read_element(&iterator, &item, false, &chosen) || item == WHY__EXTENSION_BAD) {
        return "Sec-WebSocket-Extensions cannot be read";
    }
    if (!chosen.is_deflate) {
        return "an extension that was not offered";
    }
    if (item != WHY__EXTENSION_END) {
        return "two extensions, where one was offered";
    }
    const char *wrong =
        chosen.wrong == NULL ? "permessage-deflate, which was not offered" : chosen.wrong;
    for (size_t i = 0; chosen.wrong == NULL && wrong != NULL && i < offer_count; i++) {
        struct terms offer;
        why__extension_iterator_init(&iterator, offers[i]);
        item = why__extension_next(&iterator);
        while (wrong != NULL && read_element(&iterator, &item, true, &offer)) {
            wrong = compare(&offer, &chosen);
        }
    }
    if (wrong == NULL) {
        *agreed = (struct why_deflate_params){
            .enabled = true,
            .server_no_context_takeover = chosen.server_forgets,
            .client_no_context_takeover = chosen.client_forgets,
            .server_max_window_bits = chosen.server_bits,
            .client_max_window_bits = chosen.client_bits,
        };
    }
    return wrong;
}
