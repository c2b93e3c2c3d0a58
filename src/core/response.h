/* SPDX-License-Identifier: MIT
 *
 * What a client asks of a 101 (RFC 6455 section 4.1).
 */
#ifndef WHY_CORE_RESPONSE_H
#define WHY_CORE_RESPONSE_H

#include "core/accept_key.h"
#include "whysocket/handshake.h"

#include <stdint.h>

/* What was sent, that the answer has to go with. */
struct why__offer {
    const struct why_options *options;
    char accept_key[WHY__ACCEPT_KEY_LEN];
    struct why_bytes subprotocols; /* the value of Sec-WebSocket-Protocol; empty for none */
};

/* What was agreed on, or what is wrong. */
struct why__agreement {
    struct why_deflate_params deflate;
    struct why_bytes subprotocol; /* points into the answer's head */

    enum why_cause cause; /* NONE: it is a good 101 */
    const char *detail;
    const struct why_header *header; /* that is wrong; NULL where it is one that is missing */
    const uint8_t *at;
};

/* Look at all of it; the first thing that is wrong counts. */
void why__response_check(const struct why_http_head *head, const struct why__offer *offer,
                         struct why__agreement *agreement);

#endif
