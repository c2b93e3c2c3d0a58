/* SPDX-License-Identifier: MIT
 *
 * libwebsockets as a peer: follows plans as a client, has the manners of a server (plan.h).
 *
 * usage: lws_peer client URL DEFLATE CA_FILE|- PLAN...
 *        lws_peer server DEFLATE CERT_FILE|- KEY_FILE|-
 */
#include "plan.h"

#include <libwebsockets.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    PIECE_MAX = 65536, /* it buffers what the socket does not take: no more than this at once */
    SERVER_ARGUMENTS = 5,
    CLIENT_ARGUMENTS = 6,
};

/* One connection. On a server it lies in memory that libwebsockets allocates, zeroed. */
struct link {
    char path[PLAN_PATH_MAX];
    uint8_t *in; /* the message that is coming */
    size_t in_len, in_size;
    const uint8_t *out; /* the message that is going, a piece at a time */
    size_t out_len, out_at, out_piece;
    bool out_binary, wants_ping;
    uint16_t close_code; /* to close with, 0: not yet */
    uint16_t peer_code;  /* of the Close that the peer sent first */
    char peer_reason[126];
    /* A client's alone */
    struct plan plan;
    size_t at;
    bool waits, deflate, over;
    unsigned echoed, pongs;
    char error[160];
};

static uint8_t out_buffer[LWS_PRE + PIECE_MAX];

/* ---- Either role ---- */

static void send_message(struct lws *wsi, struct link *link, const void *data, size_t len,
                         bool binary) {
    link->out = data;
    link->out_len = link->out_piece = len;
    link->out_at = 0;
    link->out_binary = binary;
    lws_callback_on_writable(wsi);
}

static bool keep_received(struct link *link, const void *data, size_t len) {
    if (link->in_len + len > link->in_size) {
        size_t size = (link->in_len + len) * 2;
        uint8_t *grown = realloc(link->in, size);
        if (grown == NULL) {
            return false;
        }
        link->in = grown;
        link->in_size = size;
    }
    memcpy(link->in + link->in_len, data, len);
    link->in_len += len;
    return true;
}

static int write_piece(struct lws *wsi, struct link *link) {
    size_t left = link->out_len - link->out_at;
    size_t len = left < link->out_piece ? left : link->out_piece;
    len = len < PIECE_MAX ? len : PIECE_MAX;
    memcpy(out_buffer + LWS_PRE, link->out + link->out_at, len);
    int flags = lws_write_ws_flags(link->out_binary ? LWS_WRITE_BINARY : LWS_WRITE_TEXT,
                                   link->out_at == 0, len == left);
    if (lws_write(wsi, out_buffer + LWS_PRE, len, (enum lws_write_protocol)flags) < 0) {
        return -1;
    }
    link->out_at += len;
    if (link->out_at == link->out_len) {
        link->out = NULL;
    } else {
        lws_callback_on_writable(wsi);
    }
    return 0;
}

static int on_writable(struct lws *wsi, struct link *link, void *in, size_t len) {
    (void)in;
    (void)len;
    if (link->wants_ping) {
        static const char payload[] = "are you there?";
        link->wants_ping = false;
        memcpy(out_buffer + LWS_PRE, payload, sizeof payload - 1);
        return lws_write(wsi, out_buffer + LWS_PRE, sizeof payload - 1, LWS_WRITE_PING) < 0 ? -1
                                                                                            : 0;
    }
    if (link->close_code != 0) {
        char reason[] = PLAN_REASON;
        lws_close_reason(wsi, (enum lws_close_status)link->close_code, (unsigned char *)reason,
                         sizeof reason - 1);
        return -1;
    }
    return link->out == NULL ? 0 : write_piece(wsi, link);
}

static int on_peer_close(struct lws *wsi, struct link *link, void *in, size_t len) {
    (void)wsi;
    const uint8_t *payload = in;
    link->peer_code = len < 2 ? 1005 : (uint16_t)(payload[0] << 8 | payload[1]);
    if (len > 2 && len - 2 < sizeof link->peer_reason) {
        memcpy(link->peer_reason, payload + 2, len - 2);
    }
    return 0; /* it is answered with the same */
}

/* ---- Server ---- */

static int on_established(struct lws *wsi, struct link *link, void *in, size_t len) {
    (void)in;
    (void)len;
    lws_hdr_copy(wsi, link->path, sizeof link->path, WSI_TOKEN_GET_URI);
    return 0;
}

static int on_server_receive(struct lws *wsi, struct link *link, void *in, size_t len) {
    if (!keep_received(link, in, len)) {
        return -1;
    }
    if (!lws_is_final_fragment(wsi)) {
        return 0;
    }
    uint16_t code = 0;
    switch (plan_manner(link->path, &code)) {
    case PLAN_ECHOES:
        send_message(wsi, link, link->in, link->in_len, lws_frame_is_binary(wsi) != 0);
        break;
    case PLAN_CLOSES:
        link->close_code = code;
        break;
    case PLAN_PINGS:
        link->wants_ping = true;
        break;
    case PLAN_BREAKS:
        send_message(wsi, link, PLAN_INVALID_TEXT, sizeof PLAN_INVALID_TEXT - 1, false);
        break;
    }
    link->in_len = 0; /* the client waits for the echo: nothing is written over it */
    lws_callback_on_writable(wsi);
    return 0;
}

static int on_server_pong(struct lws *wsi, struct link *link, void *in, size_t len) {
    (void)in;
    (void)len;
    send_message(wsi, link, "pong", 4, false);
    return 0;
}

/* It does not say how the peer answered where the Close was its own: then the code is null. */
static void print_code(const struct link *link) {
    if (link->peer_code == 0) {
        printf("\"code\":null,\"reason\":null}\n");
    } else {
        printf("\"code\":%u,\"reason\":\"%s\"}\n", (unsigned)link->peer_code, link->peer_reason);
    }
    fflush(stdout);
}

static int on_server_closed(struct lws *wsi, struct link *link, void *in, size_t len) {
    (void)wsi;
    (void)in;
    (void)len;
    printf("{\"event\":\"close\",\"path\":\"%s\",", link->path);
    print_code(link);
    free(link->in);
    return 0;
}

/* ---- Client ---- */

static int fail(struct link *link, const char *what) {
    if (link->error[0] == '\0') {
        snprintf(link->error, sizeof link->error, "step %zu: %s", link->at + 1, what);
    }
    return -1;
}

static void begin_step(struct lws *wsi, struct link *link) {
    const struct plan_step *step = &link->plan.steps[link->at];
    link->waits = true;
    switch (step->kind) {
    case PLAN_SAY:
        link->waits = false;
        send_message(wsi, link, step->data, step->len, false);
        break;
    case PLAN_TEXT:
    case PLAN_BINARY:
    case PLAN_INVALID:
        send_message(wsi, link, step->data, step->len, step->kind == PLAN_BINARY);
        link->out_piece = step->piece;
        break;
    case PLAN_PING:
        link->wants_ping = true;
        break;
    case PLAN_CLOSE:
        link->close_code = step->code;
        break;
    case PLAN_HEAR:
    case PLAN_AWAIT:
        break;
    }
    lws_callback_on_writable(wsi);
}

static void go_on(struct lws *wsi, struct link *link) {
    while (!link->waits && link->at < link->plan.count) {
        begin_step(wsi, link);
        link->at += link->waits ? 0 : 1;
    }
}

static void answered(struct lws *wsi, struct link *link) {
    link->at++;
    link->waits = false;
    go_on(wsi, link);
}

static int on_answer(struct lws *wsi, struct link *link, void *in, size_t len) {
    (void)in;
    (void)len;
    link->deflate = lws_hdr_total_length(wsi, WSI_TOKEN_EXTENSIONS) > 0;
    return 0;
}

static int on_client_established(struct lws *wsi, struct link *link, void *in, size_t len) {
    (void)in;
    (void)len;
    go_on(wsi, link);
    return 0;
}

static int on_client_receive(struct lws *wsi, struct link *link, void *in, size_t len) {
    if (!keep_received(link, in, len)) {
        return fail(link, "out of memory");
    }
    if (!lws_is_final_fragment(wsi)) {
        return 0;
    }
    if (link->at == link->plan.count) {
        return fail(link, "a message that nobody awaited");
    }
    const struct plan_step *step = &link->plan.steps[link->at];
    if ((lws_frame_is_binary(wsi) != 0) != (step->kind == PLAN_BINARY) ||
        link->in_len != step->len || memcmp(link->in, step->data, step->len) != 0) {
        return fail(link, "what came is not what was to come");
    }
    link->echoed++;
    link->in_len = 0;
    answered(wsi, link);
    return 0;
}

static int on_client_pong(struct lws *wsi, struct link *link, void *in, size_t len) {
    const struct plan_step *step = &link->plan.steps[link->at];
    if (link->at < link->plan.count && step->kind == PLAN_PING && len == step->len &&
        memcmp(in, step->data, len) == 0) {
        link->pongs++;
        answered(wsi, link);
    }
    return 0;
}

static int on_client_error(struct lws *wsi, struct link *link, void *in, size_t len) {
    (void)wsi;
    (void)fail(link, in == NULL ? "no connection" : "the connection failed");
    if (in != NULL) {
        fprintf(stderr, "%.*s\n", (int)len, (const char *)in);
    }
    link->over = true;
    return 0;
}

static int on_client_closed(struct lws *wsi, struct link *link, void *in, size_t len) {
    (void)wsi;
    (void)in;
    (void)len;
    link->over = true;
    return 0;
}

/* ---- Set up ---- */

static const struct {
    enum lws_callback_reasons reason;
    int (*handle)(struct lws *wsi, struct link *link, void *in, size_t len);
} handlers[] = {
    {LWS_CALLBACK_ESTABLISHED, on_established},
    {LWS_CALLBACK_RECEIVE, on_server_receive},
    {LWS_CALLBACK_RECEIVE_PONG, on_server_pong},
    {LWS_CALLBACK_SERVER_WRITEABLE, on_writable},
    {LWS_CALLBACK_WS_PEER_INITIATED_CLOSE, on_peer_close},
    {LWS_CALLBACK_CLOSED, on_server_closed},
    {LWS_CALLBACK_CLIENT_FILTER_PRE_ESTABLISH, on_answer},
    {LWS_CALLBACK_CLIENT_ESTABLISHED, on_client_established},
    {LWS_CALLBACK_CLIENT_RECEIVE, on_client_receive},
    {LWS_CALLBACK_CLIENT_RECEIVE_PONG, on_client_pong},
    {LWS_CALLBACK_CLIENT_WRITEABLE, on_writable},
    {LWS_CALLBACK_CLIENT_CONNECTION_ERROR, on_client_error},
    {LWS_CALLBACK_CLIENT_CLOSED, on_client_closed},
};

static int on_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                    size_t len) {
    for (size_t i = 0; user != NULL && i < sizeof handlers / sizeof *handlers; i++) {
        if (handlers[i].reason == reason) {
            return handlers[i].handle(wsi, user, in, len);
        }
    }
    return lws_callback_http_dummy(wsi, reason, user, in, len);
}

static const struct lws_protocols protocols[] = {
    {"echo", on_event, sizeof(struct link), PIECE_MAX, 0, NULL, 0},
    {NULL, NULL, 0, 0, 0, NULL, 0},
};

static const struct lws_extension extensions[] = {
    {"permessage-deflate", lws_extension_callback_pm_deflate,
     "permessage-deflate; client_no_context_takeover; client_max_window_bits"},
    {NULL, NULL, NULL},
};

static const char *file_or_null(const char *name) {
    return strcmp(name, "-") == 0 ? NULL : name;
}

static struct lws_context *make_context(struct lws_context_creation_info *info,
                                        const char *deflate) {
    lws_set_log_level(LLL_ERR, NULL);
    info->protocols = protocols;
    info->extensions = strcmp(deflate, "1") == 0 ? extensions : NULL;
    info->options |= LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT | LWS_SERVER_OPTION_VALIDATE_UTF8;
    struct lws_context *context = lws_create_context(info);
    if (context == NULL) {
        fprintf(stderr, "libwebsockets could not be set up\n");
        exit(1);
    }
    return context;
}

static int serve(char **argv) {
    struct lws_context_creation_info info = {0};
    info.port = 0; /* a free one */
    info.iface = "lo";
    info.vhost_name = "localhost";
    info.ssl_cert_filepath = file_or_null(argv[3]);
    info.ssl_private_key_filepath = file_or_null(argv[4]);
    struct lws_context *context = make_context(&info, argv[2]);
    printf("{\"event\":\"listening\",\"address\":\"127.0.0.1:%d\"}\n",
           lws_get_vhost_listen_port(lws_get_vhost_by_name(context, "localhost")));
    fflush(stdout);
    while (lws_service(context, 0) >= 0) {
    }
    lws_context_destroy(context);
    return 0;
}

static void follow(struct lws_context *context, const char *base, const char *words) {
    struct link link = {0};
    plan_parse(&link.plan, words);
    struct lws_client_connect_info connect = {0};
    connect.context = context;
    connect.address = "127.0.0.1";
    connect.host = connect.origin = "localhost";
    connect.port = (int)strtol(strrchr(base, ':') + 1, NULL, 10);
    connect.path = link.plan.path;
    connect.ssl_connection = strncmp(base, "wss:", 4) == 0 ? LCCSCF_USE_SSL : 0;
    connect.userdata = &link;
    connect.local_protocol_name = "echo";
    if (lws_client_connect_via_info(&connect) == NULL) {
        (void)fail(&link, "no connection");
        link.over = true;
    }
    while (!link.over && lws_service(context, 0) >= 0) {
    }
    if (link.error[0] == '\0' && link.at + 1 < link.plan.count) {
        (void)fail(&link, "closed");
    }
    printf("{\"path\":\"%s\",\"error\":\"%s\",\"echoed\":%u,\"pongs\":%u,\"deflate\":%s,",
           link.plan.path, link.error, link.echoed, link.pongs, link.deflate ? "true" : "false");
    print_code(&link);
    plan_clear(&link.plan);
    free(link.in);
}

int main(int argc, char **argv) {
    if (argc == SERVER_ARGUMENTS && strcmp(argv[1], "server") == 0) {
        return serve(argv);
    }
    if (argc < CLIENT_ARGUMENTS || strcmp(argv[1], "client") != 0) {
        fprintf(stderr, "usage: lws_peer client URL DEFLATE CA_FILE|- PLAN...\n"
                        "       lws_peer server DEFLATE CERT_FILE|- KEY_FILE|-\n");
        return 2;
    }
    struct lws_context_creation_info info = {0};
    info.port = CONTEXT_PORT_NO_LISTEN;
    info.client_ssl_ca_filepath = file_or_null(argv[4]);
    struct lws_context *context = make_context(&info, argv[3]);
    for (int i = CLIENT_ARGUMENTS - 1; i < argc; i++) {
        follow(context, argv[2], argv[i]);
    }
    lws_context_destroy(context);
    return 0;
}
