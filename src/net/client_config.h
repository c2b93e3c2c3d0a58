/* SPDX-License-Identifier: MIT
 *
 * What a client was asked for, checked and copied: the config is only borrowed for the call.
 */
#ifndef WHY_NET_CLIENT_CONFIG_H
#define WHY_NET_CLIENT_CONFIG_H

#include "net/resolve.h"
#include "net/url.h"
#include "tls/tls.h"
#include "whysocket/client.h"
#include "whysocket/handshake.h"

#include <stdbool.h>
#include <stddef.h>

/* Start from all zeroes. */
struct why__client_config {
    const struct why_host *host;
    struct why__url url;
    struct why__url proxy;
    bool has_proxy;
    struct why__addresses pinned;
    struct why__tls_context *tls_context; /* wss alone */
    struct why_client_request request;    /* points into `strings` and `list` */
    char *strings;
    const char **list;
};

/* Check all of it before a byte is sent (no CR, LF or NUL reaches a request), and copy it.
 *
 * like     whose TLS is shared; NULL: it is made of the config's
 * error    names the part, the place in it and the mend
 * returns  as why_client_connect(); to be cleared in any case */
WHY_MUST_USE int why__client_config_read(struct why__client_config *out,
                                         const struct why_client_config *config,
                                         const struct why__tls_context *like, char *error,
                                         size_t error_size);

void why__client_config_clear(struct why__client_config *config);

#endif
