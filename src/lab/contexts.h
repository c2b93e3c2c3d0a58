/* SPDX-License-Identifier: MIT
 *
 * What OpenSSL needs to play a mode for a name: certificate, versions, ciphers. Made when it is
 * first asked for, and kept, so that the same question is answered with the same certificate.
 */
#ifndef WHY_LAB_CONTEXTS_H
#define WHY_LAB_CONTEXTS_H

#include "lab/certs.h"
#include "lab/modes.h"

#include <openssl/ssl.h>
#include <pthread.h>
#include <stdbool.h>

enum {
    LAB_CONTEXTS_MAX = 4096, /* past it, names that are new are not served */
};

struct lab_context {
    const struct lab_mode *mode;
    SSL_CTX *ssl;
    struct lab_identity identity;
    struct lab_context *next;
    char host[];
};

struct lab_contexts {
    pthread_mutex_t lock;
    struct lab_certs certs;
    struct lab_context *first;
    size_t count;
};

/* returns  false: OpenSSL could not make the authorities; to be cleared all the same */
bool lab_contexts_init(struct lab_contexts *contexts);
void lab_contexts_clear(struct lab_contexts *contexts);

/* From any thread; lives as long as `contexts`. NULL: it cannot be made. */
const struct lab_context *lab_contexts_get(struct lab_contexts *contexts,
                                           const struct lab_mode *mode, const char *host);

#endif
