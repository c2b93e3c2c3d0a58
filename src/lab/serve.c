/* SPDX-License-Identifier: MIT
 *
 * A connection of the lab, from its first byte on: finds out which mode is meant, and does what it
 * says.
 */
#include "lab/link.h"
#include "lab/server.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    HELLO_SHORT = 255, /* what a middlebox takes that fails with more */
    BANNER_MS = 1000,  /* for the peer's answer to a banner */
    REPLY_MAX = 1024,
};

/* The TLS port without a name, and with one that no mode has. */
static const struct lab_mode index_mode = {
    .name = "index",
    .group = "control",
    .what = "the name of a mode stands before the first dot, as in wss://expired.localhost:9500/",
    .cert = {.cn = "localhost", .names = "DNS:localhost,IP:127.0.0.1,IP:::1"}};
static const struct lab_mode unknown_mode = {
    .name = "unknown", .cert = {.cn = "fallback.invalid", .names = "DNS:fallback.invalid"}};

/* ---- Which mode ---- */

/* alert-N, whatever N is. */
static bool make_alert_mode(struct lab_link *link, const char *label, size_t len) {
    static const char prefix[] = "alert-";
    size_t prefix_len = sizeof prefix - 1;
    if (len <= prefix_len || len > prefix_len + 3 || memcmp(label, prefix, prefix_len) != 0) {
        return false;
    }
    int code = 0;
    for (size_t i = prefix_len; i < len; i++) {
        if (label[i] < '0' || label[i] > '9') {
            return false;
        }
        code = code * 10 + (label[i] - '0');
    }
    link->own_mode = (struct lab_mode){
        .name = "alert-N", .group = "rawalert", .act = LAB_ACT_ALERT, .number = code};
    link->mode = &link->own_mode;
    return code <= 255;
}

static void choose_mode(struct lab_link *link) {
    const char *name = link->hello.name;
    size_t len = strcspn(name, ".");
    if (link->mode != NULL) {
        return; /* the port has said it */
    }
    if (!link->hello.has_name || strcmp(name, "localhost") == 0) {
        link->mode = &index_mode;
        return;
    }
    if (make_alert_mode(link, name, len)) {
        return;
    }
    link->mode = lab_mode_find(name, len);
    if (link->mode == NULL || link->mode->where != LAB_BY_NAME) {
        link->mode = &unknown_mode;
    }
}

/* ---- Plain ---- */

static bool begins_like_http(const struct lab_link *link) {
    uint8_t byte = link->early[0];
    return byte >= 'A' && byte <= 'Z';
}

static bool has_head(const struct lab_link *link) {
    return memmem(link->early, link->early_len, "\r\n\r\n", 4) != NULL;
}

static void reply(struct lab_link *link, const char *status, const char *type, const void *body,
                  size_t len) {
    char head[REPLY_MAX];
    int head_len = snprintf(head, sizeof head,
                            "HTTP/1.1 %s\r\nServer: whysocket-lab\r\nContent-Type: %s\r\n"
                            "Content-Length: %zu\r\nConnection: close\r\n\r\n",
                            status, type, len);
    if (lab_link_send(link, head, (size_t)head_len) && lab_link_send(link, body, len)) {
        lab_link_finish(link);
    }
}

static void reply_text(struct lab_link *link, const char *status, const char *text) {
    reply(link, status, "text/plain", text, strlen(text));
}

/* Plain HTTP on the TLS port: the intermediate that one mode does not send, or a 400. */
static void serve_plain_on_tls(struct lab_link *link) {
    static const char wanted[] = "GET /intermediate.der ";
    while (!has_head(link)) {
        if (!lab_link_more(link)) {
            return;
        }
    }
    if (memcmp(link->early, wanted, sizeof wanted - 1) != 0) {
        reply_text(link, "400 Bad Request",
                   "This port speaks TLS: use wss:// or https:// instead of ws:// or http://.\n");
        return;
    }
    struct lab_contexts *contexts = lab_server_contexts(link->server);
    unsigned char *der = NULL;
    int len = i2d_X509(contexts->certs.authorities[LAB_CA_INTERMEDIATE].x509, &der);
    if (len > 0) {
        reply(link, "200 OK", "application/pkix-cert", der, (size_t)len);
    }
    OPENSSL_free(der);
}

/* A server that knows no TLS. */
static void serve_plain(struct lab_link *link, bool answers_at_once) {
    if (!lab_link_more(link)) {
        return;
    }
    if (begins_like_http(link)) {
        lab_serve_echo(link);
    } else if (answers_at_once) {
        reply_text(link, "400 Bad Request", "This is no HTTP request.\n");
    } else {
        while (!has_head(link)) {
            if (!lab_link_more(link)) {
                return;
            }
        }
        reply_text(link, "400 Bad Request", "This is no HTTP request.\n");
    }
}

static void serve_banner(struct lab_link *link) {
    const struct lab_mode *mode = link->mode;
    size_t len = mode->text_len != 0 ? mode->text_len : strlen(mode->text);
    if (lab_link_send(link, mode->text, len)) {
        (void)lab_link_wait(link, BANNER_MS);
        lab_link_finish(link);
    }
}

/* ---- PROXY protocol ---- */

/* The length of the header that the early bytes begin with; 0: not yet whole; SIZE_MAX: none. */
static size_t proxy_header_len(const struct lab_link *link) {
    static const char version1[] = "PROXY ";
    static const char version2[] = "\r\n\r\n\0\r\nQUIT\n";
    const size_t version2_len = sizeof version2 - 1;
    const uint8_t *data = link->early;
    size_t len = link->early_len;
    size_t known = len < sizeof version1 - 1 ? len : sizeof version1 - 1;
    if (memcmp(data, version1, known) == 0) {
        const uint8_t *line_end = memchr(data, '\n', len);
        return line_end == NULL ? 0 : (size_t)(line_end - data) + 1;
    }
    known = len < version2_len ? len : version2_len;
    if (memcmp(data, version2, known) != 0) {
        return SIZE_MAX;
    }
    if (len < version2_len + 4) {
        return 0;
    }
    size_t whole = version2_len + 4 + ((size_t)data[14] << 8 | (size_t)data[15]);
    return len < whole ? 0 : whole;
}

/* As HAProxy: who does not begin with the header is shown the door. */
static void serve_behind_header(struct lab_link *link) {
    size_t header = 0;
    while (header == 0) {
        if (!lab_link_more(link)) {
            return;
        }
        header = proxy_header_len(link);
    }
    if (header == SIZE_MAX) {
        lab_link_finish(link);
        return;
    }
    memmove(link->early, link->early + header, link->early_len - header);
    link->early_len -= header;
    lab_serve_tls(link);
}

/* ---- TLS ---- */

static void send_alert(struct lab_link *link, int code) {
    const uint8_t alert[] = {21, 3, 3, 0, 2, 2, (uint8_t)code};
    if (lab_link_send(link, alert, sizeof alert)) {
        lab_link_finish(link);
    }
}

static void serve_handshake(struct lab_link *link) {
    const char *host = link->hello.has_name ? link->hello.name : "localhost";
    const struct lab_context *context =
        lab_contexts_get(lab_server_contexts(link->server), link->mode, host);
    if (context == NULL) {
        send_alert(link, SSL_AD_INTERNAL_ERROR);
    } else if (link->mode->act == LAB_ACT_CANNED) {
        lab_serve_canned(link, context->identity.leaf, context->identity.chain);
    } else if (lab_link_start_tls(link, context->ssl)) {
        lab_serve_echo(link);
    }
}

/* The ClientHello is there, and the mode is known. */
static void serve_hello(struct lab_link *link) {
    const struct lab_mode *mode = link->mode;
    bool lacks_name = mode->tls.name_required && !link->hello.has_name;
    if (mode->act == LAB_ACT_ALERT || lacks_name) {
        send_alert(link, mode->number);
    } else if (mode->act == LAB_ACT_END ||
               (mode->act == LAB_ACT_HELLO_SIZE && link->hello.len > HELLO_SHORT)) {
        lab_link_end(link, mode->how);
    } else {
        if (mode->act == LAB_ACT_SLOW) {
            struct pollfd watched = {.fd = link->fd, .events = 0};
            (void)poll(&watched, 1, mode->number);
        }
        serve_handshake(link);
    }
}

void lab_serve_tls(struct lab_link *link) {
    enum lab_hello_result result = LAB_HELLO_MORE;
    while (result == LAB_HELLO_MORE) {
        if (link->early_len > 0) {
            result = lab_hello_read(link->early, link->early_len, &link->hello);
        }
        if (result == LAB_HELLO_MORE && !lab_link_more(link)) {
            return;
        }
    }
    if (result == LAB_HELLO_WHOLE) {
        choose_mode(link);
        serve_hello(link);
    } else if (link->mode == NULL && begins_like_http(link)) {
        serve_plain_on_tls(link);
    } else if (begins_like_http(link)) {
        reply_text(link, "400 Bad Request", "This port speaks TLS.\n");
    } else {
        send_alert(link, SSL_AD_UNEXPECTED_MESSAGE);
    }
}

void lab_serve(struct lab_link *link) {
    const struct lab_mode *mode = link->mode;
    if (mode == NULL) {
        lab_serve_tls(link);
        return;
    }
    if (mode->where == LAB_BY_PROXY) {
        lab_serve_proxy(link);
        return;
    }
    if (mode->act == LAB_ACT_END && mode->moment == LAB_AT_ACCEPT) {
        lab_link_end(link, mode->how);
    } else if (mode->act == LAB_ACT_HTTP || mode->act == LAB_ACT_HTTP_WAIT) {
        serve_plain(link, mode->act == LAB_ACT_HTTP);
    } else if (mode->act == LAB_ACT_BANNER) {
        serve_banner(link);
    } else if (mode->act == LAB_ACT_PROXY_HEADER) {
        serve_behind_header(link);
    } else {
        lab_serve_tls(link);
    }
}
