/* SPDX-License-Identifier: MIT
 *
 * Whether an answer of permessage-deflate fits an offer (RFC 7692 section 7.1), whoever made the
 * two.
 */
#ifndef WHY_CONFORM_AGREE_H
#define WHY_CONFORM_AGREE_H

#include "whysocket/bytes.h"
#include "whysocket/conn.h"

#include <stddef.h>

/* offers   values of Sec-WebSocket-Extensions, of the client
 * answer   the value of the server's
 * agreed   set where it fits
 * returns  NULL where it fits, else what is wrong, English */
const char *conform_agree(const struct why_bytes *offers, size_t offer_count,
                          struct why_bytes answer, struct why_deflate_params *agreed);

#endif
