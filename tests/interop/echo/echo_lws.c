/* SPDX-License-Identifier: MIT
 *
 * libwebsockets sends back what it gets, as a server and as a client (roles.py says how it is
 * called). It wants to be asked before each write, and hands over pieces: messages are kept until
 * they are whole and it takes them. Reading goes on however much waits: stopped by
 * lws_rx_flow_control() over TLS, version 4.1.6 goes round in lws_service() for ever.
 */
#include <libwebsockets.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    PIECE_MAX = 65536,
    URL_MAX = 512,
};

struct message {
    struct message *next;
    size_t len;
    bool binary;
    uint8_t data[]; /* behind the room for a header that lws_write() asks for */
};

/* One connection; of a server it lies in libwebsockets' memory, zeroed. */
struct link {
    uint8_t *in; /* the message that is coming */
    size_t in_len, in_size;
    struct message *first, **end;
    size_t *open; /* of a client: the connections there are */
};

static int keep_piece(struct link *link, const void *data, size_t len) {
    if (link->in_len + len > link->in_size) {
        size_t size = (link->in_len + len) * 2;
        uint8_t *grown = realloc(link->in, size);
        if (grown == NULL) {
            return -1;
        }
        link->in = grown;
        link->in_size = size;
    }
    if (len > 0) {
        memcpy(link->in + link->in_len, data, len);
    }
    link->in_len += len;
    return 0;
}

static int on_receive(struct lws *wsi, struct link *link, const void *data, size_t len) {
    if (keep_piece(link, data, len) != 0) {
        return -1;
    }
    if (!lws_is_final_fragment(wsi)) {
        return 0;
    }
    struct message *message = malloc(sizeof *message + LWS_PRE + link->in_len);
    if (message == NULL) {
        return -1;
    }
    *message = (struct message){.len = link->in_len, .binary = lws_frame_is_binary(wsi) != 0};
    if (link->in_len > 0) {
        memcpy(message->data + LWS_PRE, link->in, link->in_len);
    }
    if (link->first == NULL) {
        link->end = &link->first;
    }
    *link->end = message;
    link->end = &message->next;
    link->in_len = 0;
    lws_callback_on_writable(wsi);
    return 0;
}

static int on_writable(struct lws *wsi, struct link *link) {
    struct message *message = link->first;
    if (message == NULL) {
        return 0;
    }
    link->first = message->next;
    int written = lws_write(wsi, message->data + LWS_PRE, message->len,
                            message->binary ? LWS_WRITE_BINARY : LWS_WRITE_TEXT);
    free(message);
    if (link->first != NULL) {
        lws_callback_on_writable(wsi);
    }
    return written < 0 ? -1 : 0;
}

static void end_link(struct link *link) {
    while (link->first != NULL) {
        struct message *message = link->first;
        link->first = message->next;
        free(message);
    }
    free(link->in);
    link->in = NULL;
    if (link->open != NULL) {
        --*link->open;
        free(link);
    }
}

static int on_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                    size_t len) {
    switch ((int)reason) {
    case LWS_CALLBACK_RECEIVE:
    case LWS_CALLBACK_CLIENT_RECEIVE:
        return on_receive(wsi, user, in, len);
    case LWS_CALLBACK_SERVER_WRITEABLE:
    case LWS_CALLBACK_CLIENT_WRITEABLE:
        return on_writable(wsi, user);
    case LWS_CALLBACK_CLOSED:
    case LWS_CALLBACK_CLIENT_CLOSED:
        end_link(user);
        return 0;
    case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
        if (user != NULL) {
            end_link(user);
        }
        return 0;
    default:
        return lws_callback_http_dummy(wsi, reason, user, in, len);
    }
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

static int serve(const char *deflate, const char *cert, const char *key) {
    struct lws_context_creation_info info = {0};
    info.port = 0; /* a free one */
    info.iface = "lo";
    info.vhost_name = "localhost";
    info.ssl_cert_filepath = file_or_null(cert);
    info.ssl_private_key_filepath = file_or_null(key);
    struct lws_context *context = make_context(&info, deflate);
    printf("{\"event\":\"listening\",\"address\":\"127.0.0.1:%d\"}\n",
           lws_get_vhost_listen_port(lws_get_vhost_by_name(context, "localhost")));
    fflush(stdout);
    while (lws_service(context, 0) >= 0) {
    }
    lws_context_destroy(context);
    return 0;
}

static void connect_to(struct lws_context *context, const char *url, size_t *open) {
    char host[URL_MAX] = "", path[URL_MAX] = "/";
    int port = 0;
    struct link *link = calloc(1, sizeof *link);
    if (link == NULL || sscanf(url, "%*[a-z]://%511[^:]:%d%511s", host, &port, path) < 2) {
        fprintf(stderr, "%s: not a URL\n", url);
        exit(2);
    }
    link->open = open;
    ++*open;
    struct lws_client_connect_info connect = {0};
    connect.context = context;
    connect.address = connect.host = host;
    connect.port = port;
    connect.path = path;
    connect.ssl_connection = strncmp(url, "wss:", 4) == 0 ? LCCSCF_USE_SSL : 0;
    connect.userdata = link;
    connect.local_protocol_name = "echo";
    (void)lws_client_connect_via_info(&connect); /* its event says where there is none */
}

static int echo_all(const char *deflate, const char *ca_file, size_t at_once) {
    struct lws_context_creation_info info = {0};
    info.port = CONTEXT_PORT_NO_LISTEN;
    info.client_ssl_ca_filepath = file_or_null(ca_file);
    struct lws_context *context = make_context(&info, deflate);
    char url[URL_MAX];
    size_t open = 0;
    bool more = true;
    while (more || open > 0) {
        while (more && open < at_once) {
            more = fgets(url, sizeof url, stdin) != NULL;
            url[strcspn(url, "\n")] = '\0';
            if (more) {
                connect_to(context, url, &open);
            }
        }
        if (open > 0 && lws_service(context, 0) < 0) {
            break;
        }
    }
    lws_context_destroy(context);
    return 0;
}

int main(int argc, char **argv) {
    if (argc != 5) {
        fprintf(stderr, "usage: echo_lws server DEFLATE CERT_FILE|- KEY_FILE|-\n"
                        "       echo_lws client DEFLATE CA_FILE|- AT_ONCE < URLS\n");
        return 2;
    }
    if (strcmp(argv[1], "server") == 0) {
        return serve(argv[2], argv[3], argv[4]);
    }
    return echo_all(argv[2], argv[3], strtoul(argv[4], NULL, 10));
}
