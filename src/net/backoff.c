/* SPDX-License-Identifier: MIT */
#include "net/backoff.h"

#define INITIAL_MS 500
#define MAX_MS 30000

void why__backoff_init(struct why__backoff *backoff, const struct why_reconnect *config) {
    *backoff = (struct why__backoff){.config = *config};
    if (backoff->config.initial_ms == 0) {
        backoff->config.initial_ms = INITIAL_MS;
    }
    if (backoff->config.max_ms == 0) {
        backoff->config.max_ms = MAX_MS;
    }
}

/* initial * 2^attempt, at most max; computed so that no shift can overflow. */
static uint32_t bound_ms(const struct why__backoff *backoff) {
    uint32_t attempt = backoff->attempt < 31 ? backoff->attempt : 31;
    uint64_t bound = (uint64_t)backoff->config.initial_ms << attempt;
    return bound < backoff->config.max_ms ? (uint32_t)bound : backoff->config.max_ms;
}

void why__backoff_opened(struct why__backoff *backoff, uint64_t open_ms) {
    if (open_ms >= bound_ms(backoff)) {
        backoff->attempt = 0;
    }
}

bool why__backoff_next(struct why__backoff *backoff, enum why_retry advice,
                       const struct why_host *host, uint32_t *pause_ms) {
    const struct why_reconnect *config = &backoff->config;
    if (!config->enabled || (config->attempts != 0 && backoff->attempt >= config->attempts) ||
        advice != WHY_RETRY_BACK_OFF) {
        return false;
    }
    uint32_t random = 0;
    host->random(host->context, (uint8_t *)&random, sizeof random);
    /* Scaled instead of taken modulo: every pause is equally likely, to one part in 2^32. */
    *pause_ms = (uint32_t)(((uint64_t)random * ((uint64_t)bound_ms(backoff) + 1)) >> 32);
    backoff->attempt++;
    return true;
}
