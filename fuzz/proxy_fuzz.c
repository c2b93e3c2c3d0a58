/* SPDX-License-Identifier: MIT
 *
 * A proxy's answer is judged the same however it is split, and never without a cause. Input: a byte
 * (bit 0: SOCKS5, bit 1: with a user), two bytes for the split, then what the proxy sends.
 */
#include "fuzz.h"
#include "net/proxy.h"

#include <string.h>

struct run {
    struct why__proxy proxy;
    size_t used;
};

static void take(struct run *run, const uint8_t *data, size_t len) {
    struct why_bytes input = {data, len};
    (void)why__proxy_receive(&run->proxy, &input);
    run->used += len - input.len;
    struct why_bytes output = why__proxy_output(&run->proxy);
    why__proxy_output_consumed(&run->proxy, output.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 3) {
        return 0;
    }
    static struct run whole, halves;
    struct why__url via = {.scheme =
                               (data[0] & 1) != 0 ? WHY__SCHEME_SOCKS5H : WHY__SCHEME_HTTP_PROXY,
                           .has_user = (data[0] & 2) != 0,
                           .user = "me",
                           .password = "secret"};
    const uint8_t *text = data + 3;
    size_t len = size - 3;
    size_t split = (size_t)(data[1] << 8 | data[2]) % (len + 1);
    memset(&whole, 0, sizeof whole);
    memset(&halves, 0, sizeof halves);
    why__proxy_begin(&whole.proxy, &via, "chat.example", 443);
    why__proxy_begin(&halves.proxy, &via, "chat.example", 443);
    take(&whole, text, len);
    take(&halves, text, split);
    if (halves.proxy.status == WHY__PROXY_READING) {
        take(&halves, text + split, len - split);
    }
    FUZZ_CHECK(whole.proxy.status == halves.proxy.status && whole.used == halves.used);
    FUZZ_CHECK(strcmp(whole.proxy.detail, halves.proxy.detail) == 0);
    FUZZ_CHECK(whole.proxy.output_len == halves.proxy.output_len);
    FUZZ_CHECK(memcmp(whole.proxy.output, halves.proxy.output, whole.proxy.output_len) == 0);
    why__proxy_eof(&whole.proxy);
    struct why_record record;
    why_record_init(&record);
    why__proxy_report(&whole.proxy, &record);
    FUZZ_CHECK((record.cause == WHY_CAUSE_NONE) == (whole.proxy.status == WHY__PROXY_DONE));
    return 0;
}
