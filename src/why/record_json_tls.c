/* SPDX-License-Identifier: MIT
 *
 * The close record's evidence of TLS as JSON, and what the kernel knew of the connection under it.
 */
#include "tls/hello.h"
#include "why/names.h"
#include "why/record_json.h"

static void write_verify_errors(struct why__json *json, const struct why_tls_evidence *tls) {
    why__json_open(json, "errors", '[');
    for (size_t i = 0; i < tls->error_count; i++) {
        const struct why_tls_verify_error *error = &tls->errors[i];
        why__json_open(json, NULL, '{');
        why__json_integer(json, "depth", error->depth);
        why__json_integer(json, "error", error->error);
        why__json_string(json, "cause", why_cause_id(error->cause));
        why__json_bool(json, "likely", error->likely);
        why__json_string(json, "text", error->text);
        why__json_string(json, "detail", error->detail);
        why__json_close(json, '}');
    }
    why__json_close(json, ']');
}

static void write_chain(struct why__json *json, const struct why_tls_evidence *tls) {
    why__json_open(json, "chain", '[');
    for (size_t i = 0; i < tls->chain_len; i++) {
        const struct why_tls_certificate *certificate = &tls->chain[i];
        why__json_open(json, NULL, '{');
        why__json_string(json, "subject", certificate->subject);
        why__json_string(json, "issuer", certificate->issuer);
        why__json_integer(json, "not_before", certificate->not_before);
        why__json_integer(json, "not_after", certificate->not_after);
        why__json_string(json, "names", certificate->names);
        why__json_string(json, "key", certificate->key);
        why__json_string(json, "signature", certificate->signature);
        why__json_bool(json, "used", certificate->used);
        why__json_close(json, '}');
    }
    why__json_close(json, ']');
}

static void write_alert(struct why__json *json, const struct why_tls_evidence *tls) {
    if (tls->alert < 0) {
        why__json_null(json, "alert");
        return;
    }
    why__json_open(json, "alert", '{');
    why__json_integer(json, "number", tls->alert);
    why__json_string(json, "name", why__alert_name(tls->alert));
    why__json_string(json, "direction", tls->alert_sent ? "sent" : "received");
    why__json_close(json, '}');
}

/* Numbers by their names, those without one as "0x1234". */
static void write_codes(struct why__json *json, const char *key, const uint16_t *list, size_t count,
                        const char *(*name_of)(uint16_t number, char *out)) {
    why__json_open(json, key, '[');
    for (size_t i = 0; i < count; i++) {
        char name[WHY__HELLO_NAME_MAX];
        why__json_string(json, NULL, name_of(list[i], name));
    }
    why__json_close(json, ']');
}

static void write_offer(struct why__json *json, const struct why_tls_offer *offer) {
    if (offer->len == 0) {
        why__json_null(json, "offer");
        return;
    }
    why__json_open(json, "offer", '{');
    why__json_string(json, "client", why_tls_client_name(offer->client));
    why__json_unsigned(json, "len", offer->len);
    write_codes(json, "versions", offer->versions, offer->version_count, why__hello_version_name);
    write_codes(json, "ciphers", offer->ciphers, offer->cipher_count, why__hello_cipher_name);
    write_codes(json, "groups", offer->groups, offer->group_count, why__hello_group_name);
    write_codes(json, "key_shares", offer->shares, offer->share_count, why__hello_group_name);
    write_codes(json, "signatures", offer->signatures, offer->signature_count,
                why__hello_signature_name);
    why__json_string_or_null(json, "alpn", offer->alpn);
    why__json_bool(json, "status_request", offer->status_request);
    why__json_bool(json, "renegotiation", offer->renegotiation);
    why__json_bool(json, "grease", offer->grease);
    why__json_unsigned(json, "extension_count", offer->extension_count);
    why__json_close(json, '}');
}

static void write_reasons(struct why__json *json, const struct why_tls_evidence *tls) {
    why__json_open(json, "reasons", '[');
    for (size_t i = 0; i < tls->reason_count; i++) {
        why__json_string(json, NULL, why_cause_id(tls->reasons[i]));
    }
    why__json_close(json, ']');
}

static void write_messages(struct why__json *json, const struct why_tls_evidence *tls) {
    why__json_open(json, "messages", '[');
    for (size_t i = 0; i < tls->message_count; i++) {
        const struct why_tls_message *message = &tls->messages[i];
        why__json_open(json, NULL, '{');
        why__json_integer(json, "type", message->type);
        why__json_string(json, "name", why_tls_message_name(message->type));
        why__json_string(json, "direction", message->sent ? "sent" : "received");
        why__json_unsigned(json, "len", message->len);
        why__json_unsigned(json, "at_ms", message->at_ms);
        why__json_close(json, '}');
    }
    why__json_close(json, ']');
}

static void write_tcp(struct why__json *json, const struct why_tcp_evidence *tcp) {
    if (!tcp->present) {
        why__json_null(json, "tcp");
        return;
    }
    why__json_open(json, "tcp", '{');
    why__json_unsigned(json, "unacked", tcp->unacked);
    why__json_unsigned(json, "retransmits", tcp->retransmits);
    why__json_unsigned(json, "out_of_order", tcp->out_of_order);
    why__json_unsigned(json, "bytes_received", tcp->bytes_received);
    why__json_close(json, '}');
}

static void write_tls(struct why__json *json, const struct why_tls_evidence *tls) {
    if (!tls->present) {
        why__json_null(json, "tls");
        return;
    }
    why__json_open(json, "tls", '{');
    why__json_bool(json, "handshake_done", tls->handshake_done);
    why__json_bool(json, "insecure", tls->insecure);
    why__json_bool(json, "client_cert_requested", tls->client_cert_requested);
    why__json_bool(json, "client_cert_sent", tls->client_cert_sent);
    write_alert(json, tls);
    why__json_string_or_null(json, "version", tls->version);
    why__json_string_or_null(json, "cipher", tls->cipher);
    why__json_string_or_null(json, "group", tls->group);
    if (tls->dh_bits == 0) {
        why__json_null(json, "dh_bits");
    } else {
        why__json_unsigned(json, "dh_bits", tls->dh_bits);
    }
    why__json_unsigned(json, "security_level", tls->security_level);
    why__json_string_or_null(json, "alpn", tls->alpn);
    why__json_string_or_null(json, "server_name", tls->server_name);
    why__json_bool(json, "is_address", tls->is_address);
    why__json_string_or_null(json, "wanted_cas", tls->wanted_cas);
    why__json_string_or_null(json, "library_error", tls->library_error);
    why__json_unsigned(json, "received", tls->received);
    why__json_hex(json, "first_bytes", tls->first_bytes, tls->first_bytes_len);
    write_verify_errors(json, tls);
    write_chain(json, tls);
    why__json_string_or_null(json, "anchor", tls->anchor);
    why__json_string(json, "staple", why_staple_name(tls->staple));
    write_messages(json, tls);
    write_offer(json, &tls->offer);
    why__json_bool(json, "self_checked", tls->self_checked);
    write_reasons(json, tls);
    why__json_close(json, '}');
}

void why__record_json_tls(struct why__json *json, const struct why_record *record) {
    write_tls(json, &record->tls);
    write_tcp(json, &record->tcp);
}
