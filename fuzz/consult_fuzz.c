/* SPDX-License-Identifier: MIT
 *
 * Arbitrary bytes as certificates and as what others answer about them: a trusted certificate, a
 * chain of up to four, then answers to whatever is asked, each after two bytes of length. The
 * search for issuers and the questions about revocation end, and all that comes out of them can be
 * shown.
 */
#include "fuzz.h"

#include "tls/consult_state.h"

#include <openssl/err.h>
#include <string.h>

struct pieces {
    const uint8_t *data;
    size_t size;
};

/* What is left where there is no other; empty in the end. */
static struct why_bytes next_piece(struct pieces *pieces) {
    struct why_bytes piece = {NULL, 0};
    if (pieces->size < 2) {
        return piece;
    }
    size_t len = (size_t)pieces->data[0] << 8 | pieces->data[1];
    size_t rest = pieces->size - 2;
    piece = (struct why_bytes){pieces->data + 2, len < rest ? len : rest};
    pieces->data += 2 + piece.len;
    pieces->size = rest - piece.len;
    return piece;
}

static X509 *next_certificate(struct pieces *pieces) {
    struct why_bytes piece = next_piece(pieces);
    const unsigned char *at = piece.data;
    return piece.len == 0 ? NULL : d2i_X509(NULL, &at, (long)piece.len);
}

static void check_text(const char *text, size_t size) {
    FUZZ_CHECK(memchr(text, 0, size) != NULL);
    for (; *text != '\0'; text++) {
        FUZZ_CHECK(*text >= 0x20 && *text < 0x7f);
    }
}

#define CHECK_TEXT(array) check_text(array, sizeof(array))

static void search(struct why__consult *consult, struct pieces *pieces) {
    const struct why__issuers *issuers = why__consult_issuers(consult);
    const char *address = NULL;
    for (size_t i = 0; (address = why__consult_issuer_next(consult)) != NULL; i++) {
        FUZZ_CHECK(i < WHY__CONSULT_FETCHES_MAX);
        FUZZ_CHECK(strchr(address, ' ') == NULL && address[0] != '\0');
        why__consult_issuer_take(consult, next_piece(pieces));
    }
    FUZZ_CHECK(issuers->outcome != WHY__ISSUERS_UNDECIDED);
    CHECK_TEXT(issuers->missing);
    CHECK_TEXT(issuers->end);
    for (size_t i = 0; i < issuers->fetch_count; i++) {
        CHECK_TEXT(issuers->fetches[i].address);
        CHECK_TEXT(issuers->fetches[i].wanted);
        CHECK_TEXT(issuers->fetches[i].subject);
        FUZZ_CHECK(!issuers->fetches[i].used || issuers->outcome == WHY__ISSUERS_COMPLETE);
    }
    for (size_t i = 0; i < issuers->left_count; i++) {
        CHECK_TEXT(issuers->left[i].detail);
    }
}

static void ask(struct why__consult *consult, struct pieces *pieces) {
    struct why_bytes question;
    for (size_t i = 0; why__consult_status_next(consult, &question) != NULL; i++) {
        FUZZ_CHECK(i < WHY__CONSULT_STATUS_MAX && question.len > 0);
        why__consult_status_take(consult, next_piece(pieces));
    }
    const struct why__standings *standings = why__consult_standings(consult);
    for (size_t i = 0; i < standings->count; i++) {
        CHECK_TEXT(standings->list[i].subject);
        CHECK_TEXT(standings->list[i].address);
        CHECK_TEXT(standings->list[i].answer.reason);
        CHECK_TEXT(standings->list[i].answer.signer);
    }
}

static void report(const struct why__consult *consult, bool all_was_well) {
    struct why_record record;
    why_record_init(&record);
    if (!all_was_well) {
        why_record_fail(&record, WHY_CAUSE_TLS_CHAIN_MISSING_INTERMEDIATE);
        record.tls.error_count = 1;
        record.tls.errors[0].cause = record.cause;
    }
    why__consult_report(consult, all_was_well, &record);
    CHECK_TEXT(record.detail);
    for (size_t i = 0; i < record.tls.error_count; i++) {
        CHECK_TEXT(record.tls.errors[i].detail);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0) {
        return 0;
    }
    unsigned flags = data[0];
    struct pieces pieces = {data + 1, size - 1};
    X509_STORE *trust = X509_STORE_new();
    STACK_OF(X509) *chain = sk_X509_new_null();
    FUZZ_CHECK(trust != NULL && chain != NULL);
    X509 *root = next_certificate(&pieces);
    if (root != NULL) {
        FUZZ_CHECK(X509_STORE_add_cert(trust, root) == 1);
    }
    X509_free(root);
    for (unsigned i = 0; i <= (flags & 3); i++) {
        X509 *certificate = next_certificate(&pieces);
        if (certificate != NULL) {
            FUZZ_CHECK(sk_X509_push(chain, certificate) > 0);
        }
    }
    struct why__consult consult = {.trust = trust};
    if (sk_X509_num(chain) > 0 &&
        why__consult_init(&consult, (flags & 4) != 0 ? "192.0.2.1" : "a.example", chain, true) ==
            WHY_OK) {
        search(&consult, &pieces);
        ask(&consult, &pieces);
        report(&consult, (flags & 8) != 0);
    }
    why__consult_clear(&consult);
    sk_X509_pop_free(chain, X509_free);
    X509_STORE_free(trust);
    ERR_clear_error();
    return 0;
}
