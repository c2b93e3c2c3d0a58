/* SPDX-License-Identifier: MIT
 *
 * Which close codes may travel (RFC 6455 section 7.4).
 */
#include "whysocket/close_code.h"

bool why_close_code_is_sendable(uint16_t code) {
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
           (code >= 3000 && code <= 4999);
}
