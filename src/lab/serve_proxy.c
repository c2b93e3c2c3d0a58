/* SPDX-License-Identifier: MIT
 *
 * The lab's proxies: they answer CONNECT, each in its way. The one that works leads to the lab's
 * own TLS port and nowhere else.
 */
#include "lab/link.h"
#include "lab/server.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    HEAD_MAX = 1024,
    PIECE_MAX = 16384,
};

static const char sign_in[] = "<!DOCTYPE html>\n<html><head><title>Sign in</title></head>"
                              "<body>Sign in to use this network</body></html>\n";

static const char *reason_of(int status) {
    switch (status) {
    case 403:
        return "Forbidden";
    case 405:
        return "Method Not Allowed";
    case 407:
        return "Proxy Authentication Required";
    case 502:
        return "Bad Gateway";
    case 511:
        return "Network Authentication Required";
    default:
        return "Refused";
    }
}

static void refuse(struct lab_link *link, int status) {
    char head[HEAD_MAX];
    const char *extra = status == 407   ? "Proxy-Authenticate: Basic realm=\"lab\"\r\n"
                        : status == 405 ? "Allow: GET, HEAD\r\n"
                                        : "";
    const char *body = status == 511 ? sign_in : "";
    int len = snprintf(head, sizeof head,
                       "HTTP/1.1 %d %s\r\n%sContent-Type: text/html\r\nContent-Length: %zu\r\n"
                       "Connection: close\r\n\r\n%s",
                       status, reason_of(status), extra, strlen(body), body);
    if (lab_link_send(link, head, (size_t)len)) {
        lab_link_finish(link);
    }
}

/* Read the request, and leave what follows it in the early bytes. */
static bool read_connect(struct lab_link *link) {
    const uint8_t *head_end = NULL;
    while (head_end == NULL) {
        if (!lab_link_more(link)) {
            return false;
        }
        head_end = memmem(link->early, link->early_len, "\r\n\r\n", 4);
    }
    bool is_connect = memcmp(link->early, "CONNECT ", 8) == 0;
    link->early_at = (size_t)(head_end - link->early) + 4;
    memmove(link->early, link->early + link->early_at, link->early_len - link->early_at);
    link->early_len -= link->early_at;
    link->early_at = 0;
    return is_connect;
}

static bool open_way(struct lab_link *link) {
    static const char head[] = "HTTP/1.1 200 Connection established\r\n\r\n";
    return lab_link_send(link, head, sizeof head - 1);
}

/* Pass on what is there. returns  false: the end of it */
static bool pass(int from, int to) {
    char piece[PIECE_MAX];
    ssize_t len = recv(from, piece, sizeof piece, 0);
    for (ssize_t at = 0; at < len;) {
        ssize_t sent = send(to, piece + at, (size_t)(len - at), MSG_NOSIGNAL);
        if (sent < 0) {
            return false;
        }
        at += sent;
    }
    return len > 0;
}

static void tunnel(struct lab_link *link, int upstream) {
    struct pollfd watched[] = {{.fd = link->fd, .events = POLLIN},
                               {.fd = upstream, .events = POLLIN}};
    /* An end that has said all is not read from any more; the other may still have something. */
    while ((watched[0].fd >= 0 || watched[1].fd >= 0) && poll(watched, 2, LAB_HOLD_MS) > 0) {
        if (watched[0].revents != 0 && !pass(link->fd, upstream)) {
            shutdown(upstream, SHUT_WR);
            watched[0].fd = -1;
            watched[0].revents = 0;
        }
        if (watched[1].revents != 0 && !pass(upstream, link->fd)) {
            shutdown(link->fd, SHUT_WR);
            watched[1].fd = -1;
            watched[1].revents = 0;
        }
    }
}

static void serve_open(struct lab_link *link) {
    int upstream = lab_server_connect(link->server);
    if (upstream < 0) {
        refuse(link, 502);
        return;
    }
    if (open_way(link) &&
        (link->early_len == 0 || send(upstream, link->early, link->early_len, MSG_NOSIGNAL) > 0)) {
        tunnel(link, upstream);
    }
    close(upstream);
}

void lab_serve_proxy(struct lab_link *link) {
    const struct lab_mode *mode = link->mode;
    if (!read_connect(link)) {
        if (link->early_len > 0) {
            refuse(link, 405);
        }
        return;
    }
    if (mode->act == LAB_ACT_PROXY) {
        refuse(link, mode->number);
    } else if (mode->act == LAB_ACT_PROXY_OPEN) {
        serve_open(link);
    } else if (mode->act == LAB_ACT_PROXY_END) {
        lab_link_end(link, mode->how);
    } else if (open_way(link)) {
        if (mode->act == LAB_ACT_PROXY_TLS) {
            lab_serve_tls(link);
        } else if (lab_link_wait_data(link, LAB_HOLD_MS) &&
                   lab_link_send(link, sign_in, sizeof sign_in - 1)) {
            lab_link_finish(link);
        }
    }
}
