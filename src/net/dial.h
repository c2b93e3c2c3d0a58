/* SPDX-License-Identifier: MIT
 *
 * From a host and a port, or a path, to a connected socket: name resolution, then attempts on all
 * its addresses, a little apart ("happy eyeballs", RFC 8305). The first to connect wins.
 */
#ifndef WHY_NET_DIAL_H
#define WHY_NET_DIAL_H

#include "net/loop.h"
#include "net/resolve.h"
#include "whysocket/client.h"
#include "whysocket/options.h"
#include "whysocket/record.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct why__dial;

struct why__dial_ops {
    void (*on_step)(struct why__dial *dial, const struct why_step *step);
    /* name_only: the last call; dial->addresses is it. */
    void (*on_resolved)(struct why__dial *dial);
    /* The last call of a dial that went well: the socket, non-blocking, is the owner's now. */
    void (*on_connected)(struct why__dial *dial, int fd);
    /* The last call of one that did not: the record has cause, detail, and timings. */
    void (*on_failed)(struct why__dial *dial);
};

/* One address that is tried. */
struct why__attempt {
    struct why__watch watch; /* fd -1: not under way */
    struct why__dial *dial;
    int os_error; /* how it ended, 0 while it has not */
};

/* Embedded; start from all zeroes. The first group is the owner's to set, and all of it is borrowed
 * until the end. */
struct why__dial {
    struct why_loop *loop;
    const struct why_options *options;
    const struct why__dial_ops *ops;
    struct why_record *record;
    const char *unix_path; /* NULL: host and port */
    const char *host;
    uint16_t port;
    const struct why__addresses *pinned; /* instead of asking; NULL or empty: ask */
    bool name_only;                      /* resolve, and do not connect */
    bool is_proxy;                       /* the host is a proxy, and failures are the proxy's */

    struct why__resolve *resolve;
    struct why__timer deadline; /* of the step */
    struct why__timer next;     /* of the next attempt */
    uint64_t deadline_ms;       /* of connecting; for what else belongs to it (a proxy) */
    uint64_t step_begin_us;
    bool is_over;
    size_t next_at; /* addresses before it were begun */
    size_t won;     /* the index of the one that connected */
    struct why__addresses addresses;
    struct why__attempt attempts[WHY__ADDRESSES_MAX];
};

/* Begin. Callbacks come from inside this call too. */
void why__dial_start(struct why__dial *dial);

/* End it without a callback; does nothing where it is not under way. */
void why__dial_stop(struct why__dial *dial);

/* Order addresses so that families take turns, beginning with the first one's (RFC 8305 section 4).
 */
void why__dial_interleave(struct why__addresses *addresses);

/* The cause that connect()'s errno stands for. */
enum why_cause why__dial_cause(int os_error);

/* Does one errno of connect() say more of why there is no connection than another? */
bool why__dial_tells_more(int os_error, int other);

#endif
