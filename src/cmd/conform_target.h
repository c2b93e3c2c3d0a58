/* SPDX-License-Identifier: MIT
 *
 * A server that is to be tested: from its URL to an address that answers.
 */
#ifndef WHY_CMD_CONFORM_TARGET_H
#define WHY_CMD_CONFORM_TARGET_H

#include "cmd/command.h"
#include "conform/player.h"
#include "net/url.h"
#include "whysocket/tls_config.h"

/* Find the server, and see whether it takes a WebSocket and echoes: what fails every case is said
 * once, here.
 *
 * url      borrowed as long as the stage is
 * stage    its loop, options, headers and limit are set; target, host, path and secure are filled
 *          in: secure is freed by the caller, in any case
 * returns  EXIT_CODE_OK; else how the way to it ended, said on stderr */
enum exit_code conform_target_find(const struct command_call *call, const char *text,
                                   const struct why_tls_config *tls, struct why__url *url,
                                   struct conform_stage *stage);

#endif
