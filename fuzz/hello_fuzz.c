/* SPDX-License-Identifier: MIT
 *
 * Arbitrary bytes as the answer to the hand-made ClientHello, and as a ClientHello itself. What is
 * complete stays as it is, whatever follows; and the probes that come of it end.
 */
#include "fuzz.h"

#include "tls/banner.h"
#include "tls/probe_verdict.h"

#include <string.h>

static void check_offer(struct why_bytes bytes) {
    struct why_tls_offer offer;
    why__hello_read_offer(bytes, &offer);
    FUZZ_CHECK(offer.version_count <= 8 && offer.cipher_count <= 96 && offer.group_count <= 24 &&
               offer.signature_count <= 40);
    FUZZ_CHECK(memchr(offer.alpn, 0, sizeof offer.alpn) != NULL);
}

static void check_inquiry(struct why_bytes bytes, const struct why__hello_answer *answer) {
    struct why_record first;
    why_record_init(&first);
    first.cause = bytes.len % 2 == 0 ? WHY_CAUSE_TLS_REFUSED : WHY_CAUSE_TLS_EOF;
    first.tls.present = true;
    first.tls.alert = bytes.len % 2 == 0 ? 40 : -1;
    first.tls.offer.version_count = 1;
    first.tls.offer.versions[0] = 0x0303;
    struct why__probe_result results[WHY_PROBES_MAX];
    struct why__probe_step step = {0};
    size_t count = 0;
    why__probe_next(&first, results, count, WHY_PROBE_POLICY_ALL, &step);
    while (step.kind != WHY_PROBE_NONE) {
        FUZZ_CHECK(count < WHY_PROBES_MAX);
        struct why__probe_result *result = &results[count++];
        *result = (struct why__probe_result){
            .kind = step.kind, .hello = step.hello, .answer = *answer, .end = WHY_PROBE_END_FIN};
        result->first_bytes_len =
            (uint8_t)(bytes.len < sizeof result->first_bytes ? bytes.len
                                                             : sizeof result->first_bytes);
        if (result->first_bytes_len > 0) {
            memcpy(result->first_bytes, bytes.data, result->first_bytes_len);
        }
        result->wants_tls = why__banner_wants_tls(bytes);
        char text[200];
        struct why__say say;
        why__say_begin(&say, text, sizeof text, NULL);
        why__probe_say(result, &say);
        FUZZ_CHECK(memchr(text, 0, sizeof text) != NULL);
        why__probe_next(&first, results, count, WHY_PROBE_POLICY_ALL, &step);
    }
    FUZZ_CHECK(memchr(step.text, 0, sizeof step.text) != NULL);
    FUZZ_CHECK(step.cause != WHY_CAUSE_NONE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct why_bytes bytes = {data, size < WHY__HELLO_ANSWER_MAX ? size : WHY__HELLO_ANSWER_MAX};
    struct why__hello_answer answer, part;
    why__hello_parse(bytes, &answer);
    FUZZ_CHECK(memchr(answer.alpn, 0, sizeof answer.alpn) != NULL);
    why__hello_parse((struct why_bytes){data, bytes.len / 2}, &part);
    if (part.complete) {
        FUZZ_CHECK(part.kind == answer.kind && part.version == answer.version &&
                   part.cipher == answer.cipher && part.alert == answer.alert &&
                   part.group == answer.group);
    }
    const char *name = NULL;
    enum why_cause cause = why__banner_of_client(bytes, &name);
    FUZZ_CHECK(cause != WHY_CAUSE_TLS_OTHER_PROTOCOL || name != NULL);
    check_offer(bytes);
    check_inquiry(bytes, &answer);
    return 0;
}
