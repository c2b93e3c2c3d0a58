/* SPDX-License-Identifier: MIT
 *
 * From a name to addresses: known ones at once, others by getaddrinfo() in a thread of its own, so
 * that no loop waits for DNS.
 */
#ifndef WHY_NET_RESOLVE_H
#define WHY_NET_RESOLVE_H

#include "net/loop.h"
#include "whysocket/cause.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#define WHY__ADDRESSES_MAX 16 /* of one name; what DNS has beyond them is not tried */

/* Enough for what a name resolves to, and half the size of a sockaddr_storage. */
union why__sockaddr {
    struct sockaddr any;
    struct sockaddr_in ipv4;
    struct sockaddr_in6 ipv6;
};

struct why__addresses {
    size_t count;
    union why__sockaddr list[WHY__ADDRESSES_MAX];
};

/* Append a literal address. returns false where `text` is none, or the list is full */
bool why__addresses_add(struct why__addresses *addresses, const char *text, uint16_t port);

/* How many bytes of a sockaddr are in use. */
socklen_t why__sockaddr_len(const union why__sockaddr *address);

/* What needs no DNS: literals, and localhost with all below it (RFC 6761 section 6.3).
 * returns  whether it was such a host */
bool why__resolve_known(const char *host, uint16_t port, struct why__addresses *out);

/* Read an override "host:port:address"; where host and port are these, append its address.
 * returns  false where `entry` is no such thing */
bool why__resolve_override(const char *entry, const char *host, uint16_t port,
                           struct why__addresses *out);

/* getaddrinfo's answer. `error` is EAI_..., 0 for none; `os_error` is errno's with EAI_SYSTEM. */
struct why__resolved {
    int error;
    int os_error;
    struct why__addresses addresses;
};

struct why__resolve; /* a question that is under way */

typedef void why__resolve_done(void *context, const struct why__resolved *resolved);

/* Ask. `on_done` is called from a later turn, once; the question is over then.
 *
 * returns  NULL: no thread or descriptor was to be had; errno says why */
struct why__resolve *why__resolve_start(struct why_loop *loop, const char *host, uint16_t port,
                                        why__resolve_done *on_done, void *context);

/* Do not want the answer any more. The thread ends when getaddrinfo() does, which nothing can
 * hasten, and cleans up behind itself, whether or not the loop is still there. */
void why__resolve_cancel(struct why__resolve *resolve);

/* The cause that an EAI_... stands for. */
enum why_cause why__resolve_cause(int error);

#endif
