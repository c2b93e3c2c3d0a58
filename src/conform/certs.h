/* SPDX-License-Identifier: MIT
 *
 * What the suite shows clients that come by TLS: a certificate as it should be, and one for each
 * fault that a case is about. They are the lab's.
 */
#ifndef WHY_CONFORM_CERTS_H
#define WHY_CONFORM_CERTS_H

#include "tls/tls.h"

#include <stdbool.h>
#include <stddef.h>

struct conform_certs;

/* name     the host that clients are to ask for; localhost, 127.0.0.1 and ::1 are right, too
 * ca_file  where to write the CA that clients have to trust (PEM); NULL: nowhere
 * error    what failed, in words
 * returns  WHY_OK, WHY_ERR_SYSTEM (the file), WHY_ERR_CONFIG (OpenSSL), WHY_ERR_NOMEM */
WHY_MUST_USE int conform_certs_new(const struct why_host *host, const char *name,
                                   const char *ca_file, struct conform_certs **out, char *error,
                                   size_t error_size);
void conform_certs_free(struct conform_certs *certs);

/* The modes in the order of their ports: the first is "good"; NULL past the last. */
const char *conform_certs_mode(size_t index);

/* A connection that shows the certificate of that mode; NULL if out of memory. */
struct why__tls *conform_certs_begin(struct conform_certs *certs, size_t mode);

#endif
