/* SPDX-License-Identifier: MIT
 *
 * The clients that `lab --matrix` tries: what is run for a mode, and what it says.
 */
#ifndef WHY_CMD_LAB_CLIENTS_H
#define WHY_CMD_LAB_CLIENTS_H

#include "cmd/lab_list.h"

#include <stdbool.h>
#include <stddef.h>

/* Where and how a client is tried. Borrowed texts. */
struct lab_trial {
    const struct lab_place *place;
    const char *scratch; /* a folder for what clients write */
    unsigned timeout_ms; /* for a mode */
};

struct lab_client {
    const char *name;
    const char *program; /* that PATH has to have; NULL: this one */
    bool all_at_once;    /* it is started once, for all modes: lab_client_say_all() */
    bool takes_proxy;
};

/* Those found on this machine, one after the other; NULL past the last. */
const struct lab_client *lab_client_at(size_t index);
bool lab_client_is_here(const struct lab_client *client);

/* Try one mode, and append what the client says, in a line: "open" where all is well. */
void lab_client_say(const struct lab_client *client, const struct lab_trial *trial,
                    const struct lab_mode *mode, struct why_text *line);

/* Try all modes of the place; `lines` has one for each, in their order. */
void lab_client_say_all(const struct lab_client *client, const struct lab_trial *trial,
                        struct why_text *lines);

#endif
