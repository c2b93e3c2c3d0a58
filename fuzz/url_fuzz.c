/* SPDX-License-Identifier: MIT
 *
 * What a URL is taken apart into can stand in a request and go to DNS as it is; what is refused is
 * refused with an offset inside of it. Input: the URL, of a WebSocket and of a proxy.
 */
#include "fuzz.h"
#include "net/url.h"
#include "whysocket/client.h"

#include <string.h>

static const char *everything(const char *name) {
    return strcmp(name, "no_proxy") == 0 ? "10.0.0.0/8,.example,[::1]:80" : "http://proxy.example";
}

static void check_visible(const char *text, size_t size) {
    size_t len = strnlen(text, size);
    FUZZ_CHECK(len < size);
    for (size_t i = 0; i < len; i++) {
        FUZZ_CHECK(text[i] > ' ' && text[i] < 0x7f);
    }
}

static void check_url(const struct why__url *url) {
    check_visible(url->host, sizeof url->host);
    check_visible(url->host_header, sizeof url->host_header);
    check_visible(url->target, sizeof url->target);
    FUZZ_CHECK(url->host[0] != '\0');
    FUZZ_CHECK(strpbrk(url->host, "/?#@[]%\\") == NULL);
    FUZZ_CHECK(!url->is_address || why__is_address(url->host));
    FUZZ_CHECK(strchr(url->user, ':') == NULL);
}

static void check_error(const char *error, size_t size) {
    static const char begin[] = "offset ";
    FUZZ_CHECK(strncmp(error, begin, sizeof begin - 1) == 0);
    char *end = NULL;
    FUZZ_CHECK(strtoul(error + sizeof begin - 1, &end, 10) <= size);
    FUZZ_CHECK(strncmp(end, ": ", 2) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct why__url url;
    struct why_bytes text = {data, size};
    char error[256] = "";
    if (why__url_parse(&url, text, error, sizeof error) == WHY_OK) {
        check_url(&url);
        FUZZ_CHECK(url.target[0] == '/');
        FUZZ_CHECK((url.port == 0) == (url.scheme == WHY__SCHEME_WS_UNIX));
        char *copy = malloc(size + 1);
        FUZZ_CHECK(copy != NULL);
        memcpy(copy, data, size);
        copy[size] = '\0';
        const char *variable = NULL;
        (void)why_proxy_for(copy, everything, &variable);
        free(copy);
    } else {
        check_error(error, size);
    }
    if (why__url_parse_proxy(&url, text, error, sizeof error) == WHY_OK) {
        check_url(&url);
        FUZZ_CHECK(url.port != 0);
    } else {
        check_error(error, size);
    }
    return 0;
}
