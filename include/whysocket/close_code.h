/* SPDX-License-Identifier: MIT
 *
 * Close codes: the numbers and the rules for them (RFC 6455 section 7.4 and the IANA registry).
 */
#ifndef WHY_CLOSE_CODE_H
#define WHY_CLOSE_CODE_H

#include "whysocket/api.h"

#include <stdbool.h>
#include <stdint.h>

WHY_BEGIN_DECLS

enum why_close_code {
    WHY_CLOSE_NORMAL = 1000,
    WHY_CLOSE_GOING_AWAY = 1001,
    WHY_CLOSE_PROTOCOL_ERROR = 1002,
    WHY_CLOSE_UNSUPPORTED_DATA = 1003,
    WHY_CLOSE_NO_STATUS = 1005, /* local: the Close frame had no code */
    WHY_CLOSE_ABNORMAL = 1006,  /* local: there was no Close frame */
    WHY_CLOSE_INVALID_PAYLOAD = 1007,
    WHY_CLOSE_POLICY_VIOLATION = 1008,
    WHY_CLOSE_TOO_BIG = 1009,
    WHY_CLOSE_MANDATORY_EXTENSION = 1010,
    WHY_CLOSE_INTERNAL_ERROR = 1011,
    WHY_CLOSE_SERVICE_RESTART = 1012,
    WHY_CLOSE_TRY_AGAIN_LATER = 1013,
    WHY_CLOSE_BAD_GATEWAY = 1014,
    WHY_CLOSE_TLS_HANDSHAKE = 1015, /* local: TLS is why there is no connection */
};

#define WHY_CLOSE_REASON_MAX 123 /* bytes: a control frame's 125 less the code */

/* Whether `code` may stand in a Close frame: 1000-1003, 1007-1014, 3000-4999. The same rule holds
 * for what programs ask for and for what peers send. */
WHY_API bool why_close_code_is_sendable(uint16_t code);

WHY_END_DECLS

#endif
