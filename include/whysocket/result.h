/* SPDX-License-Identifier: MIT
 *
 * What a call answers its caller. Why a *connection* ended is another thing: see cause.h.
 */
#ifndef WHY_RESULT_H
#define WHY_RESULT_H

#include "whysocket/api.h"

WHY_BEGIN_DECLS

/* X(name, number, text) */
#define WHY_RESULT_MAP(X)                                                                          \
    X(OK, 0, "ok")                                                                                 \
    X(ERR_ARGUMENT, -1, "an argument is not allowed here")                                         \
    X(ERR_STATE, -2, "the call does not fit the state of the connection")                          \
    X(ERR_NOMEM, -3, "out of memory")                                                              \
    X(ERR_FULL, -4, "the send queue is at its limit; drain it, then send again")                   \
    X(ERR_CLOSE_CODE, -5,                                                                          \
      "this close code may not be sent: use 1000-1003, 1007-1014 or 3000-4999")                    \
    X(ERR_CLOSE_REASON, -6, "a close reason is at most 123 bytes of valid UTF-8")                  \
    X(ERR_UTF8, -7, "a text message has to be valid UTF-8; send other bytes as binary")            \
    X(ERR_FAILED, -8, "the connection failed; its close record says why")                          \
    X(ERR_SYSTEM, -9, "the operating system refused; errno says why")                              \
    X(ERR_CONFIG, -10, "the configuration cannot be used; the message beside this says why")

enum why_result {
#define X(name, number, text) WHY_##name = (number),
    WHY_RESULT_MAP(X)
#undef X
};

/* Static English text for any result; never NULL. */
WHY_API const char *why_result_text(int result);

WHY_END_DECLS

#endif
