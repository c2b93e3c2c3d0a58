/* SPDX-License-Identifier: MIT
 *
 * SOCKS5 (RFC 1928) with user and password (RFC 1929): a method, perhaps a sign-in, one request.
 */
#include "net/proxy.h"

#include "base/mark.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

enum {
    VERSION = 5,
    AUTH_VERSION = 1,
    METHOD_NONE = 0,
    METHOD_USER = 2,
    METHOD_REFUSED = 0xff,
    COMMAND_CONNECT = 1,
    ADDRESS_IPV4 = 1,
    ADDRESS_NAME = 3,
    ADDRESS_IPV6 = 4,
};

/* RFC 1928 section 6; the words are the RFC's. */
static const struct {
    enum why_cause cause;
    const char *text;
} replies[] = {
    [1] = {WHY_CAUSE_PROXY_SOCKS_REFUSED, N_("general SOCKS server failure")},
    [2] = {WHY_CAUSE_PROXY_SOCKS_REFUSED, N_("connection not allowed by ruleset")},
    [3] = {WHY_CAUSE_PROXY_TARGET_DOWN, N_("network unreachable")},
    [4] = {WHY_CAUSE_PROXY_TARGET_DOWN, N_("host unreachable")},
    [5] = {WHY_CAUSE_PROXY_TARGET_DOWN, N_("connection refused")},
    [6] = {WHY_CAUSE_PROXY_TARGET_DOWN, N_("TTL expired")},
    [7] = {WHY_CAUSE_PROXY_SOCKS_REFUSED, N_("command not supported")},
    [8] = {WHY_CAUSE_PROXY_SOCKS_REFUSED, N_("address type not supported")},
};

static void append(struct why__proxy *proxy, const void *data, size_t len) {
    memcpy(proxy->output + proxy->output_len, data, len);
    proxy->output_len += len;
}

static void append_byte(struct why__proxy *proxy, unsigned byte) {
    uint8_t value = (uint8_t)byte;
    append(proxy, &value, 1);
}

/* The length in one byte, then the text; url.h keeps both below 256. */
static void append_counted(struct why__proxy *proxy, const char *text) {
    size_t len = strlen(text);
    append_byte(proxy, (unsigned)len);
    append(proxy, text, len);
}

void why__proxy_socks_begin(struct why__proxy *proxy) {
    append_byte(proxy, VERSION);
    if (proxy->via->has_user) {
        append_byte(proxy, 2);
        append_byte(proxy, METHOD_NONE);
        append_byte(proxy, METHOD_USER);
    } else {
        append_byte(proxy, 1);
        append_byte(proxy, METHOD_NONE);
    }
    proxy->step = WHY__SOCKS_METHOD;
}

static void send_request(struct why__proxy *proxy) {
    uint8_t address[16];
    append_byte(proxy, VERSION);
    append_byte(proxy, COMMAND_CONNECT);
    append_byte(proxy, 0);
    if (inet_pton(AF_INET, proxy->host, address) == 1) {
        append_byte(proxy, ADDRESS_IPV4);
        append(proxy, address, 4);
    } else if (inet_pton(AF_INET6, proxy->host, address) == 1) {
        append_byte(proxy, ADDRESS_IPV6);
        append(proxy, address, 16);
    } else {
        append_byte(proxy, ADDRESS_NAME);
        append_counted(proxy, proxy->host);
    }
    append_byte(proxy, proxy->port >> 8);
    append_byte(proxy, proxy->port & 0xff);
    proxy->step = WHY__SOCKS_REPLY;
    proxy->answer_len = 0;
}

static void send_sign_in(struct why__proxy *proxy) {
    append_byte(proxy, AUTH_VERSION);
    append_counted(proxy, proxy->via->user);
    append_counted(proxy, proxy->via->password);
    proxy->step = WHY__SOCKS_AUTH;
    proxy->answer_len = 0;
}

static void take_method(struct why__proxy *proxy) {
    unsigned method = proxy->answer[1];
    if (method == METHOD_NONE) {
        send_request(proxy);
    } else if (method == METHOD_USER && proxy->via->has_user) {
        send_sign_in(proxy);
    } else if (method == METHOD_REFUSED) {
        why__proxy_fail(proxy, WHY_CAUSE_PROXY_SOCKS_AUTH,
                        proxy->via->has_user
                            ? N_("it takes neither no sign-in nor user and password")
                            : N_("it wants a sign-in; none was given"));
    } else {
        char number[8];
        (void)snprintf(number, sizeof number, "0x%02x", method);
        why__proxy_fail(proxy, WHY_CAUSE_PROXY_SOCKS_AUTH,
                        "it chose method %s, which was not offered", number);
    }
}

static void take_sign_in(struct why__proxy *proxy) {
    if (proxy->answer[1] == 0) {
        send_request(proxy);
    } else {
        why__proxy_fail(proxy, WHY_CAUSE_PROXY_SOCKS_AUTH,
                        "it refused user and password (status %u)", (unsigned)proxy->answer[1]);
    }
}

static void refuse_reply(struct why__proxy *proxy) {
    unsigned reply = proxy->answer[1];
    bool is_known = reply < sizeof replies / sizeof replies[0];
    why__proxy_fail(proxy, is_known ? replies[reply].cause : WHY_CAUSE_PROXY_SOCKS_REFUSED,
                    "reply %u: ", reply);
    why__say_text(&proxy->say, is_known ? replies[reply].text : N_("not in RFC 1928"));
}

/* How many bytes the step's answer has, as far as it is known yet. */
static size_t answer_len_needed(const struct why__proxy *proxy) {
    const uint8_t *answer = proxy->answer;
    if (proxy->step != WHY__SOCKS_REPLY || proxy->answer_len < 2 || answer[1] != 0) {
        return 2; /* a refusal is clear from its second byte, and some proxies end there */
    }
    if (proxy->answer_len < 5) {
        return 5;
    }
    size_t address_len = answer[3] == ADDRESS_IPV4   ? 4
                         : answer[3] == ADDRESS_IPV6 ? 16
                                                     : (size_t)answer[4] + 1;
    return 4 + address_len + 2;
}

static void take_answer(struct why__proxy *proxy) {
    switch (proxy->step) {
    case WHY__SOCKS_METHOD:
        take_method(proxy);
        break;
    case WHY__SOCKS_AUTH:
        take_sign_in(proxy);
        break;
    case WHY__SOCKS_REPLY:
        if (proxy->answer[1] != 0) {
            refuse_reply(proxy);
        } else {
            proxy->status = WHY__PROXY_DONE; /* the address that it bound is of no use to us */
        }
        break;
    }
}

/* Whether the byte can stand there; else it is another protocol that answers. */
static bool fits(const struct why__proxy *proxy, uint8_t byte) {
    size_t at = proxy->answer_len;
    if (at == 0) {
        return byte == (proxy->step == WHY__SOCKS_AUTH ? AUTH_VERSION : VERSION);
    }
    if (proxy->step == WHY__SOCKS_REPLY && at == 3) {
        return byte == ADDRESS_IPV4 || byte == ADDRESS_NAME || byte == ADDRESS_IPV6;
    }
    return true;
}

void why__proxy_socks_receive(struct why__proxy *proxy, struct why_bytes *input) {
    while (input->len > 0 && proxy->status == WHY__PROXY_READING) {
        if (!fits(proxy, *input->data)) {
            why__proxy_keep_body(proxy, proxy->answer, proxy->answer_len);
            why__proxy_keep_body(proxy, input->data, input->len);
            why__proxy_fail(proxy, WHY_CAUSE_PROXY_NOT_A_PROXY,
                            proxy->evidence.body[0] == 'H'
                                ? N_("it speaks HTTP, not SOCKS5: use http:// for it")
                                : N_("what it sent is no SOCKS5 answer"));
            return;
        }
        proxy->answer[proxy->answer_len] = *input->data;
        proxy->answer_len++;
        input->data++;
        input->len--;
        if (proxy->answer_len == answer_len_needed(proxy)) {
            take_answer(proxy);
        }
    }
}
