/* SPDX-License-Identifier: MIT
 *
 * How long to wait before connecting again: at random between nothing and a bound that doubles
 * ("full jitter"), so that clients that lost one server do not all come back at once.
 */
#ifndef WHY_NET_BACKOFF_H
#define WHY_NET_BACKOFF_H

#include "whysocket/client.h"
#include "whysocket/explain.h"
#include "whysocket/host.h"

#include <stdbool.h>
#include <stdint.h>

struct why__backoff {
    struct why_reconnect config;
    uint32_t attempt; /* in a row without success */
};

/* In place; `config` is copied. */
void why__backoff_init(struct why__backoff *backoff, const struct why_reconnect *config);

/* A session was open for so long. If that was longer than the last pause could have been, begin
 * anew; a server that lets clients in only to throw them out is no success. */
void why__backoff_opened(struct why__backoff *backoff, uint64_t open_ms);

/* Whether to connect again, and after how long.
 *
 * advice    why_record_retry() of what ended
 * pause_ms  set where it returns true
 * returns   false: switched off, all attempts used up, or the advice is any other than to back
 *           off; where that depends on the application, the application has to decide */
bool why__backoff_next(struct why__backoff *backoff, enum why_retry advice,
                       const struct why_host *host, uint32_t *pause_ms);

#endif
