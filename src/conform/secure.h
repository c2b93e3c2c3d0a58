/* SPDX-License-Identifier: MIT
 *
 * TLS for the suite's connections: as it should be, and bent as a case's `tls` line wants it.
 */
#ifndef WHY_CONFORM_SECURE_H
#define WHY_CONFORM_SECURE_H

#include "tls/tls.h"

#include <stdbool.h>
#include <stddef.h>

struct conform_secure;

/* For testing a server.
 *
 * config   of the healthy connections; borrowed for the call
 * name     of the server, as the URL has it
 * returns  WHY_OK, WHY_ERR_CONFIG (`error` says what is wrong with a file), WHY_ERR_NOMEM */
WHY_MUST_USE int conform_secure_new(const struct why_host *host,
                                    const struct why_tls_config *config, const char *name,
                                    struct conform_secure **out, char *error, size_t error_size);
void conform_secure_free(struct conform_secure *secure);

/* Begin a connection to a server.
 *
 * mode     of the case, NULL: none
 * tls      NULL where the mode is to speak no TLS
 * returns  false if out of memory, or OpenSSL does not have what the mode needs */
bool conform_secure_connect(struct conform_secure *secure, const char *mode, struct why__tls **tls);

#endif
