/* SPDX-License-Identifier: MIT
 *
 * URLs, taken apart from left to right. One pass looks for what no URL may hold; after it every
 * part has its own function, and every refusal its offset.
 */
#include "net/url.h"

#include "base/ascii.h"

#include <arpa/inet.h>
#include <idn2.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct parse {
    const uint8_t *text;
    size_t len;
    size_t at;
    struct why__url *url;
    bool is_proxy;
    uint16_t usual_port;
    char *error;
    size_t error_size;
};

static const struct scheme {
    const char *name;
    enum why__scheme scheme;
    uint16_t port;
    bool is_proxy;
} schemes[] = {
    {"ws", WHY__SCHEME_WS, 80, false},          {"wss", WHY__SCHEME_WSS, 443, false},
    {"http", WHY__SCHEME_WS, 80, false},        {"https", WHY__SCHEME_WSS, 443, false},
    {"ws+unix", WHY__SCHEME_WS_UNIX, 0, false}, {"http", WHY__SCHEME_HTTP_PROXY, 80, true},
    {"socks5", WHY__SCHEME_SOCKS5, 1080, true}, {"socks5h", WHY__SCHEME_SOCKS5H, 1080, true},
};

/* "proxy.example:3128", as the environment's variables have it. */
static const struct scheme bare_proxy = {"http", WHY__SCHEME_HTTP_PROXY, 80, true};

static int __attribute__((format(printf, 3, 4)))
refuse(struct parse *parse, size_t offset, const char *format, ...) {
    if (parse->error_size == 0) {
        return WHY_ERR_ARGUMENT;
    }
    int len = snprintf(parse->error, parse->error_size, "offset %zu: ", offset);
    if (len > 0 && (size_t)len < parse->error_size) {
        va_list arguments;
        va_start(arguments, format);
        (void)vsnprintf(parse->error + len, parse->error_size - (size_t)len, format, arguments);
        va_end(arguments);
    }
    return WHY_ERR_ARGUMENT;
}

static bool is_letter(uint8_t c) {
    return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

/* The first place in [from, to) that holds one of `set`, or `to`. */
static size_t find_any(const struct parse *parse, size_t from, size_t to, const char *set) {
    size_t count = strlen(set);
    size_t at = from;
    while (at < to && memchr(set, parse->text[at], count) == NULL) {
        at++;
    }
    return at;
}

static const char *control_name(uint8_t c) {
    switch (c) {
    case '\0':
        return "a NUL byte";
    case '\t':
        return "a tab";
    case '\n':
        return "a line feed";
    case '\r':
        return "a carriage return";
    default:
        return "a control character";
    }
}

/* What would end a header line or hide in a terminal is refused wherever it stands: a URL that
 * was put together from foreign parts must not be able to add lines to the request. */
static int check_characters(struct parse *parse) {
    if (parse->len == 0) {
        return refuse(parse, 0, "the URL is empty; write ws://host/path or wss://host/path");
    }
    if (parse->len > WHY__URL_LEN_MAX) {
        return refuse(parse, WHY__URL_LEN_MAX, "the URL has %zu bytes; at most %d are allowed",
                      parse->len, WHY__URL_LEN_MAX);
    }
    for (size_t i = 0; i < parse->len; i++) {
        uint8_t c = parse->text[i];
        if (c == ' ') {
            return refuse(parse, i, "a space cannot be in a URL; write %%20, or leave it out");
        }
        if (c < 0x20 || c == 0x7f) {
            return refuse(parse, i, "%s (0x%02x) cannot be in a URL; leave it out", control_name(c),
                          c);
        }
    }
    return WHY_OK;
}

static int take_scheme(struct parse *parse, const struct scheme **out) {
    size_t end = find_any(parse, 0, parse->len, ":/?#@[");
    int shown = (int)(parse->len < 60 ? parse->len : 60);
    bool has_scheme = end < parse->len && parse->text[end] == ':' && end > 0;
    for (size_t i = 0; has_scheme && i < sizeof schemes / sizeof schemes[0]; i++) {
        if (schemes[i].is_proxy == parse->is_proxy &&
            why__text_is_nocase((const char *)parse->text, end, schemes[i].name)) {
            parse->at = end + 1;
            *out = &schemes[i];
            return WHY_OK;
        }
    }
    bool has_slashes =
        has_scheme && parse->len - end >= 3 && memcmp(parse->text + end, "://", 3) == 0;
    if (has_slashes) {
        return refuse(parse, 0, "the scheme \"%.*s\" is not known here; use %s", (int)end,
                      (const char *)parse->text,
                      parse->is_proxy ? "http, socks5 or socks5h"
                                      : "ws, wss or ws+unix (http and https mean ws and wss)");
    }
    if (parse->is_proxy) {
        *out = &bare_proxy;
        return WHY_OK;
    }
    size_t slashes = 0;
    while (slashes < 2 && slashes < parse->len && parse->text[slashes] == '/') {
        slashes++;
    }
    return refuse(parse, 0, "the scheme is missing; did you mean ws://%.*s?", shown - (int)slashes,
                  (const char *)parse->text + slashes);
}

/* Percent-decode [from, to) into a terminated text. */
static int decode(struct parse *parse, size_t from, size_t to, const char *what, char *out,
                  size_t len_max) {
    size_t len = 0;
    for (size_t i = from; i < to; i++) {
        uint8_t c = parse->text[i];
        if (c == '%') {
            int high = to - i > 2 ? why__hex_value((char)parse->text[i + 1]) : -1;
            int low = to - i > 2 ? why__hex_value((char)parse->text[i + 2]) : -1;
            if (high < 0 || low < 0) {
                return refuse(parse, i, "%% needs two hex digits after it; write %%25 for itself");
            }
            c = (uint8_t)(high * 16 + low);
            if (c < 0x20 || c == 0x7f) {
                return refuse(parse, i, "a control character (%%%02X) cannot be in the %s", c,
                              what);
            }
            i += 2;
        }
        if (len == len_max) {
            return refuse(parse, i, "the %s is longer than %zu bytes", what, len_max);
        }
        out[len] = (char)c;
        len++;
    }
    out[len] = '\0';
    return WHY_OK;
}

static int take_user(struct parse *parse, size_t end) {
    size_t colon = find_any(parse, parse->at, end, ":");
    struct why__url *url = parse->url;
    int result = decode(parse, parse->at, colon, "user name", url->user, WHY__USER_LEN_MAX);
    if (result == WHY_OK && colon < end) {
        result = decode(parse, colon + 1, end, "password", url->password, WHY__USER_LEN_MAX);
    }
    if (result == WHY_OK && strchr(url->user, ':') != NULL) {
        /* RFC 7617 section 2: the first colon ends the name. */
        return refuse(parse, parse->at, "a user name cannot have a colon in it");
    }
    url->has_user = true;
    parse->at = end + 1;
    return result;
}

/* Whether the last label is a number: such a host is an IPv4 address, or none at all. Shorter
 * forms ("127.1", "0x7f000001") mean different things to different programs. */
static bool looks_numeric(const char *host) {
    size_t len = strlen(host);
    size_t end = len > 0 && host[len - 1] == '.' ? len - 1 : len;
    size_t begin = end;
    while (begin > 0 && host[begin - 1] != '.') {
        begin--;
    }
    if (begin == end) {
        return false;
    }
    bool is_hex = end - begin >= 2 && host[begin] == '0' && host[begin + 1] == 'x';
    for (size_t i = is_hex ? begin + 2 : begin; i < end; i++) {
        if (is_hex ? why__hex_value(host[i]) < 0 : !why__is_digit(host[i])) {
            return false;
        }
    }
    return true;
}

bool why__is_address(const char *text) {
    unsigned char bytes[16];
    return inet_pton(AF_INET, text, bytes) == 1 || inet_pton(AF_INET6, text, bytes) == 1;
}

bool why__is_localhost(const char *host) {
    static const char name[] = "localhost";
    size_t len = strlen(host);
    len -= len > 0 && host[len - 1] == '.';
    size_t name_len = sizeof name - 1;
    return len >= name_len && why__text_is_nocase(host + len - name_len, name_len, name) &&
           (len == name_len || host[len - name_len - 1] == '.');
}

static int check_name(struct parse *parse, size_t offset, const char *host) {
    size_t label = 0;
    size_t len = strlen(host);
    for (size_t i = 0; i <= len; i++) {
        uint8_t c = (uint8_t)host[i];
        if (c == '.' || c == '\0') {
            /* One dot may end the name: it says that the name is complete. */
            if (label == 0 && (c == '.' || i == 0 || len == 1)) {
                return refuse(parse, offset, "the host \"%s\" has an empty part between its dots",
                              host);
            }
            if (label > 63) {
                return refuse(parse, offset, "a part of the host is longer than 63 characters");
            }
            label = 0;
        } else if (is_letter(c) || why__is_digit((char)c) || c == '-' || c == '_') {
            label++;
        } else if (c == '%') {
            return refuse(parse, offset, "a host has no percent-encoding; write it out");
        } else {
            return refuse(parse, offset, "the host cannot have \"%c\" in it", c);
        }
    }
    return WHY_OK;
}

/* A host with characters beyond ASCII goes to DNS in its ASCII form (RFC 5891). Its lookup also
 * folds look-alikes, so what comes out is checked like any other name. */
static int encode_name(struct parse *parse, size_t offset, char *host, size_t host_size) {
    uint8_t *ascii = NULL;
    int error = idn2_lookup_u8((const uint8_t *)host, &ascii,
                               (int)IDN2_NONTRANSITIONAL | (int)IDN2_NFC_INPUT);
    if (error != IDN2_OK) {
        return refuse(parse, offset, "the host is no valid international name (%s)",
                      idn2_strerror_name(error));
    }
    size_t len = strlen((const char *)ascii);
    if (len >= host_size) {
        idn2_free(ascii);
        return refuse(parse, offset, "the host is longer than %d characters", WHY__HOST_LEN_MAX);
    }
    memcpy(host, ascii, len + 1);
    idn2_free(ascii);
    return WHY_OK;
}

static int take_name(struct parse *parse, size_t end) {
    char *host = parse->url->host;
    size_t begin = parse->at;
    if (begin == end) {
        return refuse(parse, begin, "the host is missing");
    }
    if (end - begin > WHY__HOST_LEN_MAX) {
        return refuse(parse, begin, "the host is longer than %d characters", WHY__HOST_LEN_MAX);
    }
    bool is_ascii = true;
    for (size_t i = begin; i < end; i++) {
        is_ascii = is_ascii && parse->text[i] < 0x80;
        host[i - begin] = why__to_lower((char)parse->text[i]);
    }
    host[end - begin] = '\0';
    int result = is_ascii ? WHY_OK : encode_name(parse, begin, host, sizeof parse->url->host);
    if (result == WHY_OK) {
        result = check_name(parse, begin, host);
    }
    if (result != WHY_OK) {
        return result;
    }
    parse->url->is_address = why__is_address(host);
    if (!parse->url->is_address && looks_numeric(host)) {
        return refuse(parse, begin, "\"%.60s\" is no IPv4 address; write all four numbers", host);
    }
    parse->at = end;
    return WHY_OK;
}

static int take_ipv6(struct parse *parse, size_t end) {
    size_t begin = parse->at + 1;
    size_t close = find_any(parse, begin, end, "]");
    if (close == end) {
        return refuse(parse, parse->at, "the bracket of the IPv6 address is not closed");
    }
    size_t zone = find_any(parse, begin, close, "%");
    if (zone < close) {
        return refuse(parse, zone,
                      "a zone id (%%eth0) means something on one machine only and is not taken; "
                      "use an address that is not link-local, or a name");
    }
    char text[INET6_ADDRSTRLEN];
    unsigned char bytes[16];
    size_t len = close - begin;
    if (len >= sizeof text) {
        return refuse(parse, begin, "what is in the brackets is no IPv6 address");
    }
    memcpy(text, parse->text + begin, len);
    text[len] = '\0';
    if (inet_pton(AF_INET6, text, bytes) != 1 ||
        inet_ntop(AF_INET6, bytes, parse->url->host, sizeof parse->url->host) == NULL) {
        return refuse(parse, begin, "\"%s\" is no IPv6 address", text);
    }
    parse->url->is_address = true;
    parse->at = close + 1;
    return WHY_OK;
}

static int take_port(struct parse *parse, size_t end) {
    parse->url->port = parse->usual_port;
    if (parse->at == end) {
        return WHY_OK;
    }
    if (parse->text[parse->at] != ':') {
        return refuse(parse, parse->at, "after the host a port (:8080) or a slash has to follow");
    }
    size_t begin = parse->at + 1;
    unsigned long port = 0;
    for (size_t i = begin; i < end; i++) {
        if (!why__is_digit((char)parse->text[i])) {
            return refuse(parse, i, "the port has to be a number from 1 to 65535");
        }
        port = port * 10 + (unsigned long)(parse->text[i] - '0');
        if (port > 65535) {
            return refuse(parse, begin, "the port has to be a number from 1 to 65535");
        }
    }
    if (begin < end && port == 0) {
        return refuse(parse, begin, "port 0 cannot be connected to; use 1 to 65535");
    }
    if (begin < end) { /* "host:" is the usual port (RFC 3986 section 3.2.3) */
        parse->url->port = (uint16_t)port;
    }
    parse->at = end;
    return WHY_OK;
}

static int take_authority(struct parse *parse) {
    size_t end = find_any(parse, parse->at, parse->len, "/?#");
    size_t backslash = find_any(parse, parse->at, end, "\\");
    if (backslash < end) {
        return refuse(parse, backslash, "a backslash is no part of a URL; write a slash");
    }
    /* The last @ ends the user and password, so that none of them can pose as the host. */
    size_t user_end = end;
    while (user_end > parse->at && parse->text[user_end - 1] != '@') {
        user_end--;
    }
    int result = WHY_OK;
    if (user_end > parse->at) {
        result = take_user(parse, user_end - 1);
    }
    if (result != WHY_OK) {
        return result;
    }
    if (parse->at < end && parse->text[parse->at] == '[') {
        result = take_ipv6(parse, end);
    } else {
        size_t colon = find_any(parse, parse->at, end, ":");
        if (colon < end && find_any(parse, colon + 1, end, ":") < end) {
            return refuse(parse, parse->at, "an IPv6 address stands in brackets: ws://[::1]:80/");
        }
        result = take_name(parse, colon);
    }
    return result == WHY_OK ? take_port(parse, end) : result;
}

size_t why__format_authority(char *out, size_t out_size, const char *host, uint16_t port) {
    bool is_ipv6 = strchr(host, ':') != NULL;
    int len = snprintf(out, out_size, is_ipv6 ? "[%s]:%u" : "%s:%u", host, (unsigned)port);
    return len < 0 ? 0 : (size_t)len < out_size ? (size_t)len : out_size - 1;
}

static void write_host_header(struct parse *parse) {
    struct why__url *url = parse->url;
    size_t len =
        why__format_authority(url->host_header, sizeof url->host_header, url->host, url->port);
    if (url->port == parse->usual_port) { /* RFC 6455 section 4.1: only where it is another */
        while (len > 0 && url->host_header[len] != ':') {
            len--;
        }
        url->host_header[len] = '\0';
    }
}

/* Path and query as they are (RFC 3986 sections 3.3 and 3.4), for they are the server's business;
 * but nothing that a URL cannot hold, which one server would read so and another otherwise. */
static int take_target(struct parse *parse) {
    static const char allowed[] = "-._~!$&'()*+,;=:@/?";
    char *target = parse->url->target;
    size_t len = 0;
    if (parse->at == parse->len || parse->text[parse->at] != '/') {
        target[0] = '/';
        len = 1;
    }
    for (size_t i = parse->at; i < parse->len; i++) {
        uint8_t c = parse->text[i];
        if (c == '#') {
            return refuse(parse, i,
                          "a WebSocket URL has no fragment (RFC 6455 section 3); leave it out, or "
                          "write %%23 for a # that belongs to the path");
        }
        if (c == '%') {
            if (parse->len - i < 3 || why__hex_value((char)parse->text[i + 1]) < 0 ||
                why__hex_value((char)parse->text[i + 2]) < 0) {
                return refuse(parse, i, "%% needs two hex digits after it; write %%25 for itself");
            }
        } else if (!is_letter(c) && !why__is_digit((char)c) &&
                   memchr(allowed, c, sizeof allowed - 1) == NULL) {
            return refuse(parse, i, "this byte has to be percent-encoded; write %%%02X", c);
        }
        if (len == WHY__TARGET_LEN_MAX) {
            return refuse(parse, i, "path and query are longer than %d bytes", WHY__TARGET_LEN_MAX);
        }
        target[len] = (char)c;
        len++;
    }
    target[len] = '\0';
    return WHY_OK;
}

/* ws+unix:/run/app.sock:/chat, and with an empty host also ws+unix:///run/app.sock:/chat. */
static int take_unix(struct parse *parse) {
    if (parse->len - parse->at >= 3 && memcmp(parse->text + parse->at, "///", 3) == 0) {
        parse->at += 2;
    }
    bool is_absolute = parse->at < parse->len && parse->text[parse->at] == '/' &&
                       (parse->len - parse->at < 2 || parse->text[parse->at + 1] != '/');
    if (!is_absolute) {
        return refuse(parse, parse->at,
                      "the socket's path has to be absolute: ws+unix:/run/app.sock:/chat");
    }
    size_t end = find_any(parse, parse->at, parse->len, ":?#");
    int result = decode(parse, parse->at, end, "socket's path", parse->url->unix_path,
                        WHY__UNIX_PATH_LEN_MAX);
    if (result != WHY_OK) {
        return result;
    }
    if (end < parse->len && parse->text[end] == '?') {
        return refuse(parse, end,
                      "before the query the target has to begin with a colon and a "
                      "slash: ws+unix:/run/app.sock:/chat?room=1");
    }
    parse->at = end < parse->len && parse->text[end] == ':' ? end + 1 : end;
    if (parse->at < parse->len && parse->text[parse->at] != '/' && parse->text[parse->at] != '#') {
        return refuse(parse, parse->at, "the target has to begin with a slash");
    }
    memcpy(parse->url->host, "localhost", sizeof "localhost");
    memcpy(parse->url->host_header, "localhost", sizeof "localhost");
    return take_target(parse);
}

static int parse_all(struct parse *parse) {
    const struct scheme *scheme = NULL;
    int result = check_characters(parse);
    if (result == WHY_OK) {
        result = take_scheme(parse, &scheme);
    }
    if (result != WHY_OK || scheme == NULL) {
        return result;
    }
    parse->url->scheme = scheme->scheme;
    parse->usual_port = scheme->port;
    if (scheme->scheme == WHY__SCHEME_WS_UNIX) {
        return take_unix(parse);
    }
    bool has_slashes = parse->len - parse->at >= 2 && memcmp(parse->text + parse->at, "//", 2) == 0;
    if (has_slashes) {
        parse->at += 2;
    } else if (parse->at > 0) {
        parse->at += parse->at < parse->len && parse->text[parse->at] == '/' ? 1 : 0;
        int rest = (int)(parse->len - parse->at < 60 ? parse->len - parse->at : 60);
        return refuse(parse, parse->at, "two slashes are missing; did you mean %s://%.*s?",
                      scheme->name, rest, (const char *)parse->text + parse->at);
    }
    result = take_authority(parse);
    if (result != WHY_OK) {
        return result;
    }
    write_host_header(parse);
    if (!parse->is_proxy) {
        return take_target(parse);
    }
    bool has_more =
        parse->len - parse->at > 1 || (parse->at < parse->len && parse->text[parse->at] != '/');
    return has_more ? refuse(parse, parse->at,
                             "a proxy has no path; leave out what is after its "
                             "port")
                    : WHY_OK;
}

int why__url_parse(struct why__url *url, struct why_bytes text, char *error, size_t error_size) {
    memset(url, 0, sizeof *url);
    struct parse parse = {
        .text = text.data, .len = text.len, .url = url, .error = error, .error_size = error_size};
    return parse_all(&parse);
}

int why__url_parse_proxy(struct why__url *url, struct why_bytes text, char *error,
                         size_t error_size) {
    memset(url, 0, sizeof *url);
    struct parse parse = {.text = text.data,
                          .len = text.len,
                          .url = url,
                          .is_proxy = true,
                          .error = error,
                          .error_size = error_size};
    return parse_all(&parse);
}
