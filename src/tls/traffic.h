/* SPDX-License-Identifier: MIT
 *
 * A server's open TLS 1.3 connection without OpenSSL's object, which is 14 KB: once the handshake
 * is done, and the first data has come, all that is left is to seal and open records (RFC 8446
 * section 5), and for that the two traffic secrets are enough. The ciphers stay OpenSSL's.
 */
#ifndef WHY_TLS_TRAFFIC_H
#define WHY_TLS_TRAFFIC_H

#include "tls/engine.h"

#define WHY__TLS_RECORD_MAX ((size_t)16384) /* plaintext, RFC 8446 section 5.1 */
#define WHY__TLS_HEADER_LEN 5
#define WHY__TLS_TAG_LEN 16 /* of all that we take over */

/* What one direction's records are protected with. */
struct why__tls_keys {
    uint64_t sequence;
    uint16_t slot; /* of the context's ciphers, where the key may still be set up */
    uint8_t secret[WHY__TLS_SECRET_MAX];
    uint8_t key[32];
    uint8_t iv[12];
};

struct why__tls_traffic {
    const struct why__tls_suite *suite;
    struct why__tls_keys in, out;
    uint8_t *held; /* a record of which not all has come, or plaintext that found no room */
    uint16_t held_at, held_len, held_size;
    bool is_plain : 1; /* which of them it is */
    bool has_alpn : 1;
    /* Records are made outside (tls.h): */
    bool was_offered : 1;
    bool is_outside : 1;
    bool owes_update : 1; /* a KeyUpdate has to be sent */
    bool is_worn : 1;     /* and cannot be */
    bool owes_alert : 1;
    uint8_t alert;
    uint8_t header[WHY__TLS_HEADER_LEN];
    uint8_t header_len;
    uint8_t update[WHY__TLS_HEADER_LEN]; /* KeyUpdate, as far as it has come */
    uint8_t update_len;
    uint8_t empty_count, warning_count; /* records in a row that carry nothing */
    uint32_t burst_len;                 /* sent since it was last quiet */
    uint64_t sent_ms;                   /* when it was not */
    char group[24];                     /* for the report: what was agreed, */
    char asked_name[];                  /* and the name that was asked for */
};

/* traffic.c */
/* Take the connection over from OpenSSL, if it is one that can be. Where it is not, or there is no
 * memory for it, all stays as it is. */
void why__tls_traffic_begin(struct why__tls *tls);
void why__tls_traffic_free(struct why__tls *tls);
void why__tls_ciphers_free(struct why__tls_context *context);
const char *why__tls_traffic_cipher(const struct why__tls_traffic *traffic);
/* Keep what a line of OpenSSL's key log says of the traffic secrets. */
void why__tls_traffic_see_secret(struct why__tls *tls, const char *line);

/* What records are made with, and it is not kept here; the secret that the next keys come from is.
 */
void why__tls_keys_copy(const struct why__tls *tls, struct why__tls_sending *sending);
void why__tls_keys_forget(struct why__tls *tls);

/* The next keys of a direction (RFC 8446 section 7.2); false if OpenSSL has no memory for it. */
bool why__tls_keys_update(struct why__tls *tls, struct why__tls_keys *keys);

/* A key is good for so many records (section 5.5): of full size 24 million for AES-GCM. */
#define WHY__TLS_RECORDS_PER_KEY ((uint64_t)1 << 24)

/* Encrypt in place: `record` has room for a header, `len` bytes that are there, and a tag. */
bool why__tls_seal(struct why__tls *tls, uint8_t *record, size_t len);
/* Decrypt a record's body, which may be in place. Its last byte before the tag, which is the
 * content's type where there is no padding, goes to `last`; what is before it to `out`, which has
 * room for that at least. False: it is not authentic. */
bool why__tls_open(struct why__tls *tls, const uint8_t *header, const uint8_t *body, size_t len,
                   struct why_span out, uint8_t *last);

/* records.c: as tls.h has them, for a connection that was taken over. */
size_t why__tls_records_receive(struct why__tls *tls, struct why_span plain);
int why__tls_records_send(struct why__tls *tls, const struct why_bytes *list, size_t count,
                          size_t *taken);
void why__tls_records_close(struct why__tls *tls);
/* Let go of what is held, and leave nothing of it in memory. */
void why__tls_records_drop_held(struct why__tls *tls);

#endif
