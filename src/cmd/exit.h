/* SPDX-License-Identifier: MIT
 *
 * The one table of exit codes. All stay below 125: shells, xargs and git bisect use those above.
 */
#ifndef WHY_CMD_EXIT_H
#define WHY_CMD_EXIT_H

#include "base/mark.h"
#include "whysocket/record.h"

/* X(name, number, text) */
#define EXIT_CODE_MAP(X)                                                                           \
    X(OK, 0, N_("all is well"))                                                                    \
    X(FINDING, 1, N_("something was found that is worth a look"))                                  \
    X(USAGE, 2, N_("the command line cannot be understood, or names what does not exist"))         \
    X(INTERNAL, 3, N_("whysocket itself failed"))                                                  \
    X(DNS, 10, N_("the name was not found"))                                                       \
    X(TCP, 11, N_("there was no TCP connection, or the port is in use"))                           \
    X(TIMEOUT, 12, N_("a time-out, in whatever step"))                                             \
    X(PROXY, 13, N_("the proxy failed or refused"))                                                \
    X(TLS, 14, N_("TLS failed (1015)"))                                                            \
    X(HTTP, 15, N_("the server refused the upgrade (HTTP 3xx to 5xx)"))                            \
    X(NOT_WEBSOCKET, 16, N_("what answered is not a WebSocket server"))                            \
    X(PROTOCOL, 17, N_("a protocol error (1002, 1007, 1009 found on this side)"))                  \
    X(PEER_CLOSED, 18, N_("the peer closed with another code than 1000, 1001 or none"))            \
    X(ABNORMAL, 19, N_("the connection broke without a Close frame (1006)"))

enum exit_code {
#define X(name, number, text) EXIT_CODE_##name = (number),
    EXIT_CODE_MAP(X)
#undef X
};

/* English, for why_translate(). */
const char *exit_code_text(enum exit_code code);

/* The exit code for how a connection ended; EXIT_CODE_OK for a record without a cause. */
enum exit_code exit_code_of(const struct why_record *record);

#endif
