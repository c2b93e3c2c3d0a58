/* SPDX-License-Identifier: MIT
 *
 * whysocket lab --matrix: what the clients of this machine say of each mode.
 */
#ifndef WHY_CMD_LAB_MATRIX_H
#define WHY_CMD_LAB_MATRIX_H

#include "cmd/command.h"
#include "cmd/lab_list.h"

/* Try the clients that are asked for (none: all that are found) and print.
 *
 * place    of a lab that runs; its folder has the CA
 * scratch  a folder for what clients write */
enum exit_code lab_matrix_run(struct command_call *call, const struct lab_place *place,
                              const struct arg_list *clients, const char *scratch,
                              unsigned timeout_ms);

#endif
