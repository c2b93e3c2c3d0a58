/* SPDX-License-Identifier: MIT
 *
 * Arbitrary bytes as a chain of certificates (each after two bytes of length) and an OCSP response:
 * whatever decodes is verified, and has causes with facts, in an order, and notices.
 */
#include "fuzz.h"

#include "base/say.h"
#include "tls/verification.h"

#include <openssl/err.h>
#include <string.h>

#define CHAIN_MAX 8

static X509_STORE *trust;

/* The next certificate; NULL where the bytes are none. */
static X509 *next_certificate(const uint8_t **data, size_t *size) {
    size_t len = (size_t)(*data)[0] << 8 | (*data)[1];
    *data += 2;
    *size -= 2;
    len = len < *size ? len : *size;
    const unsigned char *at = *data;
    X509 *certificate = d2i_X509(NULL, &at, (long)len);
    *data += len;
    *size -= len;
    return certificate;
}

static void check(const struct why__tls_verification *verification) {
    struct why__tls_finding findings[WHY_TLS_ERRORS_MAX];
    size_t count = why__tls_findings(verification, findings);
    FUZZ_CHECK(count <= WHY_TLS_ERRORS_MAX);
    FUZZ_CHECK((count > 0) == (verification->error_count > 0));
    for (size_t i = 0; i < count; i++) {
        char detail[200];
        struct why_detail_parts parts;
        struct why__say say;
        why__say_begin(&say, detail, sizeof detail, &parts);
        why__tls_finding_say(verification, &findings[i], &say);
        FUZZ_CHECK(memchr(detail, 0, sizeof detail) != NULL);
        for (const char *byte = detail; *byte != '\0'; byte++) {
            FUZZ_CHECK(*byte >= 0x20 && *byte < 0x7f);
        }
        FUZZ_CHECK(findings[i].cause != WHY_CAUSE_NONE);
        FUZZ_CHECK(i == 0 || findings[i - 1].rank <= findings[i].rank);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    STACK_OF(X509) *chain = sk_X509_new_null();
    trust = trust == NULL ? X509_STORE_new() : trust;
    FUZZ_CHECK(chain != NULL && trust != NULL);
    bool is_address = size > 0 && (data[0] & 1) != 0;
    while (size > 2 && sk_X509_num(chain) < CHAIN_MAX) {
        X509 *certificate = next_certificate(&data, &size);
        if (certificate == NULL) {
            break;
        }
        FUZZ_CHECK(sk_X509_push(chain, certificate) > 0);
    }
    struct why__tls_verification verification = {.name = is_address ? "192.0.2.1" : "a.example",
                                                 .is_address = is_address,
                                                 .own_trust = true};
    if (why__tls_verify_chain(trust, chain, &verification)) {
        check(&verification);
        (void)why__tls_chain_notices(chain, trust, verification.verified_at);
        (void)why__tls_staple(data, size, chain, trust);
    }
    why__tls_verification_clear(&verification);
    sk_X509_pop_free(chain, X509_free);
    ERR_clear_error();
    return 0;
}
