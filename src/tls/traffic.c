/* SPDX-License-Identifier: MIT
 *
 * Keys of an open TLS 1.3 connection: where they come from, how they change, and the ciphers that
 * they are set up in. A cipher with its key is 1.2 KB, so that only connections that are busy have
 * one: a context keeps some, and whose turn it is takes the place of who had it longest.
 */
#include "tls/traffic.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

#define SLOTS 256 /* two for each connection that is busy at a time */
#define NO_SLOT UINT16_MAX

/* RFC 8446 section B.4, as far as the tag is of 16 bytes. */
struct why__tls_suite {
    uint32_t id; /* OpenSSL's: 0x0300 and the number */
    const char *name, *cipher;
    const EVP_MD *(*digest)(void);
    uint8_t key_len, secret_len;
};

static const struct why__tls_suite suites[] = {
    {TLS1_3_CK_AES_128_GCM_SHA256, "TLS_AES_128_GCM_SHA256", "AES-128-GCM", EVP_sha256, 16, 32},
    {TLS1_3_CK_AES_256_GCM_SHA384, "TLS_AES_256_GCM_SHA384", "AES-256-GCM", EVP_sha384, 32, 48},
    {TLS1_3_CK_CHACHA20_POLY1305_SHA256, "TLS_CHACHA20_POLY1305_SHA256", "ChaCha20-Poly1305",
     EVP_sha256, 32, 32},
};
#define SUITES (sizeof suites / sizeof suites[0])

struct why__tls_ciphers {
    EVP_CIPHER *fetched[SUITES];
    SSL *stand_in; /* has no connection: what reports ask OpenSSL about our side, they ask this */
    unsigned next;
    struct {
        EVP_CIPHER_CTX *cipher;
        const struct why__tls_keys *owner;
    } slots[SLOTS];
};

/* ---- Keys ---- */

/* HKDF-Expand-Label with no context (RFC 8446 section 7.1). What is asked for is never longer than
 * the digest, so that the first block of HKDF-Expand is all (RFC 5869 section 2.3). */
static bool expand(const struct why__tls_suite *suite, const uint8_t *secret, const char *label,
                   uint8_t *out, size_t len) {
    static const char prefix[] = "tls13 ";
    uint8_t info[40] = {0, (uint8_t)len};
    uint8_t block[EVP_MAX_MD_SIZE];
    size_t at = 3, label_len = strlen(label);
    info[2] = (uint8_t)(sizeof prefix - 1 + label_len);
    memcpy(info + at, prefix, sizeof prefix - 1);
    at += sizeof prefix - 1;
    memcpy(info + at, label, label_len);
    at += label_len;
    info[at++] = 0; /* the context's length */
    info[at++] = 1; /* the block's number */
    if (HMAC(suite->digest(), secret, suite->secret_len, info, at, block, NULL) == NULL) {
        return false;
    }
    memcpy(out, block, len);
    OPENSSL_cleanse(block, sizeof block);
    return true;
}

/* Section 7.3: from the secret that is there. */
static bool set_keys(const struct why__tls_suite *suite, struct why__tls_keys *keys) {
    keys->sequence = 0;
    return expand(suite, keys->secret, "key", keys->key, suite->key_len) &&
           expand(suite, keys->secret, "iv", keys->iv, sizeof keys->iv);
}

static void release(struct why__tls_ciphers *ciphers, struct why__tls_keys *keys) {
    if (keys->slot != NO_SLOT && ciphers->slots[keys->slot].owner == keys) {
        (void)EVP_CIPHER_CTX_reset(ciphers->slots[keys->slot].cipher);
        ciphers->slots[keys->slot].owner = NULL;
    }
    keys->slot = NO_SLOT;
}

bool why__tls_keys_update(struct why__tls *tls, struct why__tls_keys *keys) {
    const struct why__tls_suite *suite = tls->traffic->suite;
    release(tls->context->ciphers, keys);
    return expand(suite, keys->secret, "traffic upd", keys->secret, suite->secret_len) &&
           set_keys(suite, keys);
}

void why__tls_keys_copy(const struct why__tls *tls, struct why__tls_sending *sending) {
    const struct why__tls_keys *keys = &tls->traffic->out;
    *sending = (struct why__tls_sending){.sequence = keys->sequence,
                                         .suite = (uint16_t)tls->traffic->suite->id};
    memcpy(sending->key, keys->key, sizeof sending->key);
    memcpy(sending->iv, keys->iv, sizeof sending->iv);
}

void why__tls_keys_forget(struct why__tls *tls) {
    struct why__tls_keys *keys = &tls->traffic->out;
    release(tls->context->ciphers, keys);
    OPENSSL_cleanse(keys->key, sizeof keys->key);
    OPENSSL_cleanse(keys->iv, sizeof keys->iv);
}

/* ---- Records ---- */

/* The cipher with these keys, begun for the next record. NULL: OpenSSL has no memory for it. */
static EVP_CIPHER_CTX *begin(struct why__tls *tls, struct why__tls_keys *keys, bool is_out) {
    struct why__tls_ciphers *ciphers = tls->context->ciphers;
    const struct why__tls_suite *suite = tls->traffic->suite;
    uint8_t nonce[sizeof keys->iv];
    memcpy(nonce, keys->iv, sizeof nonce);
    for (size_t i = 0; i < 8; i++) { /* section 5.3 */
        nonce[sizeof nonce - 1 - i] ^= (uint8_t)(keys->sequence >> 8 * i);
    }
    keys->sequence++;
    if (keys->slot != NO_SLOT && ciphers->slots[keys->slot].owner == keys) {
        EVP_CIPHER_CTX *cipher = ciphers->slots[keys->slot].cipher;
        return EVP_CipherInit_ex(cipher, NULL, NULL, NULL, nonce, -1) == 1 ? cipher : NULL;
    }
    uint16_t slot = (uint16_t)(ciphers->next++ % SLOTS);
    EVP_CIPHER_CTX **cipher = &ciphers->slots[slot].cipher;
    ciphers->slots[slot].owner = NULL;
    *cipher = *cipher == NULL ? EVP_CIPHER_CTX_new() : *cipher;
    if (*cipher == NULL || EVP_CipherInit_ex(*cipher, ciphers->fetched[suite - suites], NULL,
                                             keys->key, nonce, is_out) != 1) {
        return NULL;
    }
    ciphers->slots[slot].owner = keys;
    keys->slot = slot;
    return *cipher;
}

bool why__tls_seal(struct why__tls *tls, uint8_t *record, size_t len) {
    EVP_CIPHER_CTX *cipher = begin(tls, &tls->traffic->out, true);
    uint8_t *body = record + WHY__TLS_HEADER_LEN;
    size_t body_len = len + WHY__TLS_TAG_LEN;
    int done = 0;
    record[0] = SSL3_RT_APPLICATION_DATA;
    record[1] = TLS1_2_VERSION >> 8;
    record[2] = TLS1_2_VERSION & 0xff;
    record[3] = (uint8_t)(body_len >> 8);
    record[4] = (uint8_t)body_len;
    return cipher != NULL &&
           EVP_EncryptUpdate(cipher, NULL, &done, record, WHY__TLS_HEADER_LEN) == 1 &&
           EVP_EncryptUpdate(cipher, body, &done, body, (int)len) == 1 &&
           EVP_EncryptFinal_ex(cipher, body + len, &done) == 1 &&
           EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_GET_TAG, WHY__TLS_TAG_LEN, body + len) == 1;
}

/* All of it at once where there is room: a cipher is slow where it has to stop within a block. */
static bool decrypt(EVP_CIPHER_CTX *cipher, const uint8_t *body, struct why_span out, size_t len,
                    uint8_t *last) {
    int done = 0;
    if (out.len > len) {
        bool all = EVP_DecryptUpdate(cipher, out.data, &done, body, (int)len + 1) == 1;
        *last = out.data[len];
        return all;
    }
    return (len == 0 || EVP_DecryptUpdate(cipher, out.data, &done, body, (int)len) == 1) &&
           EVP_DecryptUpdate(cipher, last, &done, body + len, 1) == 1;
}

bool why__tls_open(struct why__tls *tls, const uint8_t *header, const uint8_t *body, size_t len,
                   struct why_span out, uint8_t *last) {
    EVP_CIPHER_CTX *cipher = begin(tls, &tls->traffic->in, false);
    size_t content_len = len - WHY__TLS_TAG_LEN - 1;
    uint8_t tag[WHY__TLS_TAG_LEN];
    int done = 0;
    memcpy(tag, body + content_len + 1, sizeof tag); /* OpenSSL does not take it const */
    return cipher != NULL &&
           EVP_DecryptUpdate(cipher, NULL, &done, header, WHY__TLS_HEADER_LEN) == 1 &&
           decrypt(cipher, body, out, content_len, last) &&
           EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_SET_TAG, sizeof tag, tag) == 1 &&
           EVP_DecryptFinal_ex(cipher, tag, &done) == 1;
}

/* ---- Taking over, and the end ---- */

void why__tls_traffic_see_secret(struct why__tls *tls, const char *line) {
    static const char client[] = "CLIENT_TRAFFIC_SECRET_0 ", server[] = "SERVER_TRAFFIC_SECRET_0 ";
    struct why__tls_evidence *evidence = tls->evidence;
    const char *hex = strrchr(line, ' ');
    if (evidence == NULL || hex == NULL) {
        return;
    }
    size_t len = 0;
    if (strncmp(line, client, sizeof client - 1) == 0) {
        (void)OPENSSL_hexstr2buf_ex(evidence->secret_in, WHY__TLS_SECRET_MAX, &len, hex + 1, '\0');
        evidence->secret_in_len = (uint8_t)len;
    } else if (strncmp(line, server, sizeof server - 1) == 0) {
        (void)OPENSSL_hexstr2buf_ex(evidence->secret_out, WHY__TLS_SECRET_MAX, &len, hex + 1, '\0');
        evidence->secret_out_len = (uint8_t)len;
    }
}

/* Only where nothing is under way in OpenSSL: no message after the handshake, no part of a record,
 * and nothing that it has decrypted and not handed out. Records are counted in two ways, as one
 * that was not told of would have us use a nonce again: an OpenSSL that tells of them in another
 * way keeps its connections. */
static bool is_at_rest(const struct why__tls *tls) {
    const struct why__tls_evidence *evidence = tls->evidence;
    return !evidence->is_unusual && evidence->records_in > 0 &&
           evidence->headers_in == evidence->records_in &&
           evidence->headers_out == evidence->records_out && SSL_has_pending(tls->ssl) == 0 &&
           !tls->close_sent;
}

/* RFC 6066 section 4: records of less than 16 KiB, if both want that. */
static bool has_short_records(const struct why__tls *tls) {
    unsigned mode = SSL_SESSION_get_max_fragment_length(SSL_get_session(tls->ssl));
    return mode >= TLSEXT_max_fragment_length_512 && mode <= TLSEXT_max_fragment_length_4096;
}

/* NULL: it stays with OpenSSL. */
static const struct why__tls_suite *suite_of(const struct why__tls *tls) {
    const struct why__tls_evidence *evidence = tls->evidence;
    const SSL_CIPHER *cipher = SSL_get_current_cipher(tls->ssl);
    if (!tls->context->is_server || SSL_version(tls->ssl) != TLS1_3_VERSION || cipher == NULL ||
        SSL_get0_peer_certificate(tls->ssl) != NULL || !is_at_rest(tls) || has_short_records(tls)) {
        return NULL;
    }
    for (size_t i = 0; i < SUITES; i++) {
        if (suites[i].id == SSL_CIPHER_get_id(cipher) &&
            suites[i].secret_len == evidence->secret_in_len &&
            suites[i].secret_len == evidence->secret_out_len) {
            return &suites[i];
        }
    }
    return NULL;
}

static bool prepare_ciphers(struct why__tls_context *context, const struct why__tls_suite *suite) {
    if (context->ciphers == NULL) {
        context->ciphers =
            context->host->allocate(context->host->context, NULL, sizeof *context->ciphers);
        if (context->ciphers == NULL) {
            return false;
        }
        *context->ciphers = (struct why__tls_ciphers){0};
    }
    struct why__tls_ciphers *ciphers = context->ciphers;
    EVP_CIPHER **fetched = &ciphers->fetched[suite - suites];
    if (*fetched == NULL) {
        *fetched = EVP_CIPHER_fetch(NULL, suite->cipher, NULL);
    }
    if (ciphers->stand_in == NULL || SSL_get_SSL_CTX(ciphers->stand_in) != context->ssl) {
        /* Certificates were exchanged: the old ones go with the last connection that has them. */
        SSL_free(ciphers->stand_in);
        ciphers->stand_in = SSL_new(context->ssl);
    }
    return *fetched != NULL && ciphers->stand_in != NULL;
}

static void keep_agreed(const struct why__tls *tls, struct why__tls_traffic *traffic,
                        const char *name, size_t name_len) {
    const unsigned char *alpn = NULL;
    unsigned int alpn_len = 0;
    SSL_get0_alpn_selected(tls->ssl, &alpn, &alpn_len);
    traffic->has_alpn = alpn_len > 0; /* there is one that we agree to */
    int group = (int)SSL_get_negotiated_group(tls->ssl);
    const char *known = group == NID_undef ? NULL : SSL_group_to_name(tls->ssl, group);
    size_t len = known == NULL ? 0 : strlen(known);
    len = len < sizeof traffic->group ? len : sizeof traffic->group - 1;
    memcpy(traffic->group, known == NULL ? "" : known, len);
    memcpy(traffic->asked_name, name, name_len + 1);
}

void why__tls_traffic_begin(struct why__tls *tls) {
    const struct why_host *host = tls->context->host;
    const struct why__tls_suite *suite = suite_of(tls);
    if (suite == NULL || !prepare_ciphers(tls->context, suite)) {
        return;
    }
    const char *name = SSL_get_servername(tls->ssl, TLSEXT_NAMETYPE_host_name);
    name = name == NULL ? tls->evidence->asked_name : name;
    size_t name_len = strlen(name);
    struct why__tls_traffic *traffic =
        host->allocate(host->context, NULL, sizeof *traffic + name_len + 1);
    if (traffic == NULL) {
        return;
    }
    *traffic = (struct why__tls_traffic){
        .suite = suite, .in.slot = NO_SLOT, .out.slot = NO_SLOT, .sent_ms = *host->now_ms};
    memcpy(traffic->in.secret, tls->evidence->secret_in, suite->secret_len);
    memcpy(traffic->out.secret, tls->evidence->secret_out, suite->secret_len);
    keep_agreed(tls, traffic, name, name_len);
    tls->traffic = traffic;
    if (!set_keys(suite, &traffic->in) || !set_keys(suite, &traffic->out)) {
        why__tls_traffic_free(tls);
        return;
    }
    traffic->in.sequence = tls->evidence->records_in;
    traffic->out.sequence = tls->evidence->records_out;
    SSL_free(tls->ssl);
    tls->ssl = tls->context->ciphers->stand_in;
    SSL_up_ref(tls->ssl);
}

void why__tls_traffic_free(struct why__tls *tls) {
    struct why__tls_traffic *traffic = tls->traffic;
    if (traffic == NULL) {
        return;
    }
    const struct why_host *host = tls->context->host;
    release(tls->context->ciphers, &traffic->in);
    release(tls->context->ciphers, &traffic->out);
    why__tls_records_drop_held(tls);
    OPENSSL_cleanse(traffic, sizeof *traffic);
    host->allocate(host->context, traffic, 0);
    tls->traffic = NULL;
}

void why__tls_ciphers_free(struct why__tls_context *context) {
    struct why__tls_ciphers *ciphers = context->ciphers;
    if (ciphers == NULL) {
        return;
    }
    for (size_t i = 0; i < SLOTS; i++) {
        EVP_CIPHER_CTX_free(ciphers->slots[i].cipher);
    }
    for (size_t i = 0; i < SUITES; i++) {
        EVP_CIPHER_free(ciphers->fetched[i]);
    }
    SSL_free(ciphers->stand_in);
    context->host->allocate(context->host->context, ciphers, 0);
    context->ciphers = NULL;
}

const char *why__tls_traffic_cipher(const struct why__tls_traffic *traffic) {
    return traffic->suite->name;
}
