/* SPDX-License-Identifier: MIT
 *
 * A connection whose records are made by somebody else, the kernel say: the keys are handed out,
 * and what is no data waits here until it can be sent.
 */
#include "tls/alert.h"
#include "tls/traffic.h"

#include <openssl/ssl.h>
#include <string.h>

bool why__tls_offer_sending(const struct why__tls *tls, struct why__tls_sending *sending) {
    const struct why__tls_traffic *traffic = tls->traffic;
    if (!tls->context->offers_sending || traffic == NULL || traffic->was_offered ||
        tls->status != WHY__TLS_OPEN || tls->close_sent || tls->output_len > tls->output_at) {
        return false;
    }
    why__tls_keys_copy(tls, sending);
    return true;
}

void why__tls_settle_sending(struct why__tls *tls, enum why__tls_taker taker) {
    tls->traffic->was_offered = true;
    if (taker == WHY__TLS_TAKEN) {
        tls->traffic->is_outside = true;
        why__tls_keys_forget(tls);
    } else if (taker == WHY__TLS_NO_TAKER) {
        tls->context->offers_sending = false;
    }
}

bool why__tls_sends_outside(const struct why__tls *tls) {
    return tls->traffic != NULL && tls->traffic->is_outside;
}

/* How data is cut into records is not told: it is not into fewer than this, and hardly into more,
 * for which the limit has room. */
void why__tls_note_sent(struct why__tls *tls, size_t len) {
    struct why__tls_traffic *traffic = tls->traffic;
    traffic->out.sequence += (len + WHY__TLS_RECORD_MAX - 1) / WHY__TLS_RECORD_MAX;
    if (traffic->out.sequence >= WHY__TLS_RECORDS_PER_KEY) {
        traffic->owes_update = true;
    }
}

/* After an alert there is nothing more to say, and no key to be new. */
static bool owes_update(const struct why__tls *tls) {
    const struct why__tls_traffic *traffic = tls->traffic;
    return traffic->owes_update && !traffic->is_worn && !tls->close_sent &&
           tls->status != WHY__TLS_FAILED;
}

bool why__tls_control(const struct why__tls *tls, struct why__tls_control *control) {
    const struct why__tls_traffic *traffic = tls->traffic;
    if (!why__tls_sends_outside(tls)) {
        return false;
    }
    if (traffic->owes_alert) {
        bool is_end = traffic->alert == WHY__TLS_ALERT_CLOSE_NOTIFY;
        *control = (struct why__tls_control){
            .type = SSL3_RT_ALERT,
            .len = 2,
            .content = {is_end ? SSL3_AL_WARNING : SSL3_AL_FATAL, traffic->alert},
        };
        return true;
    }
    if (owes_update(tls)) {
        *control = (struct why__tls_control){
            .type = SSL3_RT_HANDSHAKE,
            .len = 5,
            .content = {SSL3_MT_KEY_UPDATE, 0, 0, 1, SSL_KEY_UPDATE_NOT_REQUESTED},
            .renews = true,
        };
        return true;
    }
    return false;
}

void why__tls_control_sent(struct why__tls *tls) {
    tls->traffic->out.sequence++;
    if (tls->traffic->owes_alert) {
        tls->traffic->owes_alert = false;
    } else {
        tls->traffic->owes_update = false;
    }
}

bool why__tls_renew_sending(struct why__tls *tls, struct why__tls_sending *sending) {
    bool is_done = why__tls_keys_update(tls, &tls->traffic->out);
    if (is_done) {
        why__tls_keys_copy(tls, sending);
    }
    why__tls_keys_forget(tls);
    return is_done;
}

void why__tls_wear_out(struct why__tls *tls) {
    tls->traffic->is_worn = true;
}

bool why__tls_has_to_send(const struct why__tls *tls) {
    struct why__tls_control control;
    return tls->output_len > tls->output_at || why__tls_control(tls, &control);
}
