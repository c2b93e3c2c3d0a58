/* SPDX-License-Identifier: MIT
 *
 * One attempt of a client to get to a session: dial, proxy, TLS, opening handshake; each step timed
 * and told, and a record of the one that failed.
 *
 *     dial -> [proxy] -> [TLS] -> HTTP -> why__session_open()
 *        \________\_________\_______\---> on_failed
 */
#ifndef WHY_NET_OPENING_H
#define WHY_NET_OPENING_H

#include "net/dial.h"
#include "net/proxy.h"
#include "net/session.h"
#include "net/url.h"
#include "tls/tls.h"
#include "whysocket/client.h"
#include "whysocket/handshake.h"
#include "whysocket/record.h"

#include <stdbool.h>
#include <stdint.h>

struct why__opening;

struct why__opening_ops {
    void (*on_step)(struct why__opening *opening, const struct why_step *step);
    /* The last call: opening->record says why. The session is still the owner's to end. */
    void (*on_failed)(struct why__opening *opening);
};

/* Embedded; start from all zeroes. The first group is the owner's to set, and all of it is borrowed
 * until the session is open or the attempt over. */
struct why__opening {
    struct why__session_owner owner; /* the session's; its options are used, its report is ours */
    const struct why__opening_ops *ops;
    struct why_session *session; /* made, without a socket */
    const struct why__url *url;
    const struct why__url *proxy;             /* NULL: none */
    const struct why__addresses *pinned;      /* of the URL's host, instead of asking */
    struct why__tls_context *tls_context;     /* wss */
    const struct why_client_request *request; /* known to be allowed */

    struct why_record record;
    struct why__dial dial;
    struct why__proxy talk;
    struct why_client_handshake *handshake;
    struct why__timer timer; /* the step's deadline, or the end of waiting for evidence */
    uint64_t step_begin_us;
    enum why_layer step;
    bool is_over;    /* stopped */
    bool is_settled; /* the record has its cause; only the peer's end is awaited */
    char target[WHY__HOST_LEN_MAX + 1]; /* what the proxy is asked for */
};

/* Begin. Callbacks come from inside this call too. */
void why__opening_start(struct why__opening *opening);

/* End it without a callback; does nothing where it is not under way. */
void why__opening_stop(struct why__opening *opening);

#endif
