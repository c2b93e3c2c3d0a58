/* SPDX-License-Identifier: MIT
 *
 * A head is judged the same however it is split, with a step a byte, and its parts lie in it.
 * Input: a byte (even: a request), two bytes for the split, then the head.
 */
#include "core/http_head.h"
#include "fuzz.h"
#include "support/host.h"

#include <string.h>

struct run {
    struct test_host host;
    struct why_options options;
    struct why__http_parser parser;
    size_t used;
};

static void take(struct run *run, const uint8_t *data, size_t len) {
    struct why_bytes input = {data, len};
    why__http_parser_receive(&run->parser, &input);
    run->used += len - input.len;
}

static void start(struct run *run, bool is_response) {
    memset(run, 0, sizeof *run);
    test_host_init(&run->host);
    run->options = why_options_default(&run->host.host);
    run->options.head_len_max = 1024; /* within reach */
    run->options.target_len_max = 256;
    if (is_response) {
        why__http_parser_init_response(&run->parser, &run->options);
    } else {
        why__http_parser_init_request(&run->parser, &run->options);
    }
}

static void check_part(const struct run *run, struct why_bytes part) {
    const uint8_t *begin = run->parser.buffer;
    FUZZ_CHECK(part.len == 0 || (part.data >= begin && part.data + part.len <= begin + run->used));
    FUZZ_CHECK(part.len == 0 || memchr(part.data, '\r', part.len) == NULL);
    FUZZ_CHECK(part.len == 0 || memchr(part.data, '\n', part.len) == NULL);
}

static void check(const struct run *run, size_t size) {
    const struct why__http_parser *parser = &run->parser;
    FUZZ_CHECK(parser->examined == run->used && run->used <= size);
    FUZZ_CHECK(run->host.peak_bytes <= run->options.head_len_max);
    FUZZ_CHECK((parser->state == WHY__HTTP_FAILED) == (parser->error != WHY__HTTP_OK));
    if (parser->state != WHY__HTTP_DONE) {
        return;
    }
    check_part(run, parser->head.method);
    check_part(run, parser->head.target);
    check_part(run, parser->head.reason);
    for (size_t i = 0; i < parser->head.header_count; i++) {
        check_part(run, parser->head.headers[i].name);
        check_part(run, parser->head.headers[i].value);
    }
}

static void compare(const struct run *a, const struct run *b) {
    struct why_http_evidence evidence[2];
    memset(evidence, 0, sizeof evidence);
    why__http_parser_report(&a->parser, &evidence[0]);
    why__http_parser_report(&b->parser, &evidence[1]);
    FUZZ_CHECK(memcmp(&evidence[0], &evidence[1], sizeof evidence[0]) == 0);
    FUZZ_CHECK(a->parser.state == b->parser.state && a->parser.error == b->parser.error);
    FUZZ_CHECK(a->used == b->used && a->parser.line_count == b->parser.line_count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 3) {
        return 0;
    }
    bool is_response = (data[0] & 1) != 0;
    const uint8_t *text = data + 3;
    size_t len = size - 3;
    size_t split = (size_t)(data[1] << 8 | data[2]) % (len + 1);
    static struct run whole, halves, bytes;
    start(&whole, is_response);
    start(&halves, is_response);
    start(&bytes, is_response);
    take(&whole, text, len);
    take(&halves, text, split);
    take(&halves, text + split, len - split);
    for (size_t i = 0; i < len; i++) {
        take(&bytes, text + i, 1);
    }
    check(&whole, len);
    compare(&whole, &halves);
    compare(&whole, &bytes);
    why__http_parser_clear(&whole.parser);
    why__http_parser_clear(&halves.parser);
    why__http_parser_clear(&bytes.parser);
    FUZZ_CHECK(whole.host.live_blocks + halves.host.live_blocks + bytes.host.live_blocks == 0);
    return 0;
}
