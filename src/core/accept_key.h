/* SPDX-License-Identifier: MIT
 *
 * Sec-WebSocket-Accept, which proves that the peer knows WebSocket (RFC 6455 section 4.2.2).
 */
#ifndef WHY_CORE_ACCEPT_KEY_H
#define WHY_CORE_ACCEPT_KEY_H

#include "whysocket/bytes.h"

#define WHY__ACCEPT_KEY_LEN 28

/* The value that answers a Sec-WebSocket-Key; unterminated. */
void why__accept_key(struct why_bytes key, char out[WHY__ACCEPT_KEY_LEN]);

#endif
