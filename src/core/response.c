/* SPDX-License-Identifier: MIT
 *
 * One function a rule, as for requests.
 */
#include "core/response.h"

#include "base/mark.h"
#include "core/extensions.h"
#include "core/http_field.h"

#include <string.h>

struct check {
    const struct why_http_head *head;
    const struct why__offer *offer;
    struct why__agreement *agreement;
};

static void refuse(struct check *check, enum why_cause cause, const char *detail,
                   const struct why_header *header) {
    check->agreement->cause = cause;
    check->agreement->detail = detail;
    check->agreement->header = header;
    check->agreement->at = header == NULL ? NULL : header->value.data;
}

static void check_upgrade(struct check *check) {
    size_t count = 0;
    const struct why_header *header = why__header_find(check->head, "Upgrade", &count);
    if (count == 0) {
        refuse(check, WHY_CAUSE_HTTP_RESPONSE_UPGRADE, N_("the 101 has no Upgrade header"), NULL);
    } else if (count > 1 || !why__bytes_are(header->value, "websocket")) {
        refuse(check, WHY_CAUSE_HTTP_RESPONSE_UPGRADE,
               N_("the 101 switches to something else than websocket"), header);
    }
}

static void check_connection(struct check *check) {
    if (!why__header_lists(check->head, "Connection", "upgrade")) {
        refuse(check, WHY_CAUSE_HTTP_RESPONSE_UPGRADE,
               N_("the Connection header of the 101 does not say Upgrade"),
               why__header_find(check->head, "Connection", NULL));
    }
}

static void check_accept(struct check *check) {
    size_t count = 0;
    const struct why_header *header = why__header_find(check->head, "Sec-WebSocket-Accept", &count);
    struct why_bytes expected = {(const uint8_t *)check->offer->accept_key, WHY__ACCEPT_KEY_LEN};
    if (count == 0) {
        refuse(check, WHY_CAUSE_HTTP_RESPONSE_ACCEPT,
               N_("the 101 has no Sec-WebSocket-Accept header"), NULL);
    } else if (count > 1) {
        refuse(check, WHY_CAUSE_HTTP_RESPONSE_ACCEPT,
               N_("the 101 has more than one Sec-WebSocket-Accept header"), header);
    } else if (!why__bytes_are_equal(header->value, expected)) {
        refuse(check, WHY_CAUSE_HTTP_RESPONSE_ACCEPT,
               N_("Sec-WebSocket-Accept does not answer the key that was sent"), header);
    }
}

/* An answer without one is allowed: whether to go on so is the program's to decide. */
static void check_subprotocol(struct check *check) {
    size_t count = 0;
    const struct why_header *header =
        why__header_find(check->head, "Sec-WebSocket-Protocol", &count);
    if (count == 0) {
        return;
    }
    if (count > 1) {
        refuse(check, WHY_CAUSE_HTTP_RESPONSE_SUBPROTOCOL,
               N_("the 101 has more than one Sec-WebSocket-Protocol header"), header);
        return;
    }
    struct why_bytes offered = check->offer->subprotocols;
    struct why_bytes subprotocol;
    while (why__list_next(&offered, &subprotocol)) {
        if (why__bytes_are_equal(subprotocol, header->value)) {
            check->agreement->subprotocol = header->value;
            return;
        }
    }
    refuse(check, WHY_CAUSE_HTTP_RESPONSE_SUBPROTOCOL,
           N_("the server chose a subprotocol that was not offered"), header);
}

static void check_extensions(struct check *check) {
    size_t count = 0;
    const struct why_header *header =
        why__header_find(check->head, "Sec-WebSocket-Extensions", &count);
    if (count == 0) {
        return;
    }
    if (count > 1) {
        refuse(check, WHY_CAUSE_HTTP_RESPONSE_EXTENSION,
               N_("the 101 has more than one Sec-WebSocket-Extensions header"), header);
        return;
    }
    size_t error_at = 0;
    const char *error = why__extensions_check(header->value, check->offer->options,
                                              &check->agreement->deflate, &error_at);
    if (error != NULL) {
        refuse(check, WHY_CAUSE_HTTP_RESPONSE_EXTENSION, error, header);
        check->agreement->at = header->value.data + error_at;
    }
}

typedef void rule(struct check *check);

static rule *const rules[] = {check_upgrade, check_connection, check_accept, check_subprotocol,
                              check_extensions};

void why__response_check(const struct why_http_head *head, const struct why__offer *offer,
                         struct why__agreement *agreement) {
    memset(agreement, 0, sizeof *agreement);
    struct check check = {.head = head, .offer = offer, .agreement = agreement};
    for (size_t i = 0; i < sizeof rules / sizeof rules[0] && agreement->cause == WHY_CAUSE_NONE;
         i++) {
        rules[i](&check);
    }
}
