/* SPDX-License-Identifier: MIT */
#include "tls/banner.h"

#include <stdio.h>
#include <string.h>

struct banner {
    const char *bytes;
    size_t len;
    const char *name;
};

#define TEXT(text) (text), sizeof(text) - 1

/* The more telling first. */
static const struct banner server_banners[] = {
    {TEXT("SSH-"), "SSH"},
    {TEXT("* OK"), "IMAP"},
    {TEXT("* PREAUTH"), "IMAP"},
    {TEXT("* BYE"), "IMAP"},
    {TEXT("+OK"), "POP3"},
    {TEXT("RFB 00"), "VNC"},
    {TEXT("-ERR"), "Redis"},
    {TEXT("-DENIED"), "Redis"},
    {TEXT("ERROR\r\n"), "memcached"},
    {TEXT("@RSYNCD:"), "rsync"},
    {TEXT("RTSP/"), "RTSP"},
    {TEXT("SIP/2.0"), "SIP"},
    {TEXT("AMQP"), "AMQP"},
    {TEXT("EHLO"), "SMTP"},
    {TEXT("<stream:"), "XMPP"},
    {TEXT("<?xml version='1.0'?><stream"), "XMPP"},
    {TEXT("INFO {"), "NATS"},
    {TEXT("200 "), "NNTP"},
    {TEXT("421 "), "SMTP or FTP"},
    {TEXT("554 "), "SMTP"},
    {TEXT("\xff\xfd"), "Telnet"},
    {TEXT("\xff\xfb"), "Telnet"},
    {TEXT("\xff\x00\x00\x00\x00\x00\x00\x00\x01\x7f"), "ZeroMQ"},
    {TEXT("\x03\x00\x00\x13\x0e\xd0"), "RDP"},
    {TEXT("\x03\x00\x00\x0b\x06\xd0"), "RDP"},
    {TEXT("\x05\xff"), "SOCKS"},
    {TEXT("\x00\x5b"), "SOCKS"},
};

static const struct banner http_banners[] = {
    {TEXT("HTTP/"), "HTTP"},
};

/* A page without a head, as HTTP/0.9 has it: what many a server answers to a request that it cannot
 * read, and what a proxy puts in the way. */
static const struct banner page_banners[] = {
    {TEXT("<!DOCTYPE"), "HTML"},
    {TEXT("<!doctype"), "HTML"},
    {TEXT("<html"), "HTML"},
    {TEXT("<HTML"), "HTML"},
};

static const struct banner client_http_banners[] = {
    {TEXT("GET "), "HTTP"},       {TEXT("HEAD "), "HTTP"},   {TEXT("POST "), "HTTP"},
    {TEXT("PUT "), "HTTP"},       {TEXT("DELETE "), "HTTP"}, {TEXT("OPTIONS "), "HTTP"},
    {TEXT("CONNECT "), "HTTP"},   {TEXT("PATCH "), "HTTP"},  {TEXT("TRACE "), "HTTP"},
    {TEXT("PRI * HTTP"), "HTTP"},
};

static const struct banner client_proxy_banners[] = {
    {TEXT("PROXY TCP"), "PROXY protocol"},
    {TEXT("PROXY UNKNOWN"), "PROXY protocol"},
    {TEXT("\r\n\r\n\0\r\nQUIT\n"), "PROXY protocol"},
};

static const struct banner client_banners[] = {
    {TEXT("SSH-"), "SSH"},       {TEXT("\x05\x01\x00"), "SOCKS"}, {TEXT("\x05\x02\x00"), "SOCKS"},
    {TEXT("\x04\x01"), "SOCKS"}, {TEXT("\x03\x00\x00"), "RDP"},   {TEXT("EHLO "), "SMTP"},
    {TEXT("HELO "), "SMTP"},     {TEXT("*1\r\n$"), "Redis"},
};

/* Where less has come than the banner is long, what has come decides. */
static const char *find(struct why_bytes first, const struct banner *table, size_t count) {
    for (size_t i = 0; i < count; i++) {
        size_t len = first.len < table[i].len ? first.len : table[i].len;
        if (memcmp(first.data, table[i].bytes, len) == 0) {
            return table[i].name;
        }
    }
    return NULL;
}

#define FIND(first, table) find((first), (table), sizeof(table) / sizeof(table)[0])

static bool has(struct why_bytes bytes, const char *word) {
    size_t len = strlen(word);
    for (size_t at = 0; at + len <= bytes.len; at++) {
        if (memcmp(bytes.data + at, word, len) == 0) {
            return true;
        }
    }
    return false;
}

/* Banners that more than their beginning tells. */
static const char *find_by_shape(struct why_bytes first) {
    const uint8_t *data = first.data;
    if (first.len >= 4 && memcmp(data, "220", 3) == 0 && (data[3] == ' ' || data[3] == '-')) {
        bool is_ftp = has(first, "FTP") || has(first, "ftp");
        return has(first, "SMTP") ? "SMTP" : is_ftp ? "FTP" : "SMTP or FTP";
    }
    if (first.len >= 5 && data[2] == 0 && data[3] == 0 && (data[4] == 10 || data[4] == 0xff)) {
        return "MySQL"; /* a packet's length and number, then the greeting's version, or an error */
    }
    if (first.len >= 6 && data[0] == 'E' && data[1] == 0 && has(first, "FATAL")) {
        return "PostgreSQL";
    }
    return NULL;
}

/* A SETTINGS frame of stream 0 (RFC 9113 section 6.5). */
static bool is_http2(struct why_bytes first) {
    const uint8_t *data = first.data;
    return first.len >= 9 && data[0] == 0 && data[1] == 0 && data[3] == 4 && data[4] == 0 &&
           memcmp(data + 5, "\0\0\0\0", 4) == 0;
}

static bool is_record(struct why_bytes first) {
    return first.data[0] >= 20 && first.data[0] <= 24 && (first.len < 2 || first.data[1] == 3);
}

bool why__banner_is_page(struct why_bytes first) {
    return first.len >= 2 && FIND(first, page_banners) != NULL;
}

enum why_cause why__banner_of_server(struct why_bytes first, const char **name) {
    *name = NULL;
    if (first.len == 0 || is_record(first)) {
        return WHY_CAUSE_NONE;
    }
    *name = FIND(first, http_banners);
    if (*name == NULL && is_http2(first)) {
        *name = "HTTP/2";
    }
    if (*name == NULL && why__banner_is_page(first)) {
        *name = "HTML";
    }
    if (*name != NULL) {
        return WHY_CAUSE_TLS_PLAIN_HTTP;
    }
    *name = find_by_shape(first);
    if (*name == NULL && first.len >= 2) {
        *name = FIND(first, server_banners);
    }
    return *name != NULL ? WHY_CAUSE_TLS_OTHER_PROTOCOL : WHY_CAUSE_TLS_NOT_TLS;
}

enum why_cause why__banner_of_client(struct why_bytes first, const char **name) {
    *name = NULL;
    if (first.len == 0 || is_record(first)) {
        return WHY_CAUSE_NONE;
    }
    *name = FIND(first, client_http_banners);
    if (*name != NULL) {
        return WHY_CAUSE_TLS_PLAIN_HTTP;
    }
    *name = FIND(first, client_proxy_banners);
    if (*name != NULL) {
        return WHY_CAUSE_TLS_PROXY_PROTOCOL;
    }
    bool is_mqtt = first.data[0] == 0x10 && has(first, "MQTT");
    *name = is_mqtt ? "MQTT" : FIND(first, client_banners);
    return *name != NULL ? WHY_CAUSE_TLS_OTHER_PROTOCOL : WHY_CAUSE_TLS_NOT_TLS;
}

bool why__banner_wants_tls(struct why_bytes answer) {
    static const char *const words[] = {
        "HTTPS port",   /* nginx: The plain HTTP request was sent to HTTPS port */
        "HTTPS server", /* Go, Caddy: Client sent an HTTP request to an HTTPS server. */
        "SSL-enabled",  /* Apache: You're speaking plain HTTP to an SSL-enabled server port. */
        "HTTPS scheme", /* Apache: Instead use the HTTPS scheme to access this URL */
        "requires TLS", /* Tomcat: This combination of host and port requires TLS. */
        "speaks TLS",   /* whysocket */
    };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (has(answer, words[i])) {
            return true;
        }
    }
    return false;
}

bool why__banner_refuses_certificate(struct why_bytes answer) {
    return has(answer, "SSL certificate error"); /* nginx, for its status 495 */
}

void why__banner_say(struct why_bytes first, struct why__say *say) {
    char bytes[48] = "";
    size_t len = 0;
    while (len < first.len && first.data[len] >= 0x20 && first.data[len] < 0x7f) {
        len++;
    }
    if (len >= 4) {
        why__say(say, "it began with \"%.*s\"", (int)len, (const char *)first.data);
        return;
    }
    size_t at = 0;
    for (size_t i = 0; i < first.len && i < 16 && at < sizeof bytes; i++) {
        at += (size_t)snprintf(bytes + at, sizeof bytes - at, "%s%02x", i > 0 ? " " : "",
                               first.data[i]);
    }
    why__say(say, "it began with the bytes %s", bytes);
}
