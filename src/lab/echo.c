/* SPDX-License-Identifier: MIT
 *
 * What is behind a handshake that succeeds: a WebSocket that sends every message back, on the
 * library's own engine, and a line of text for a plain GET.
 */
#include "lab/link.h"
#include "whysocket/conn.h"
#include "whysocket/handshake.h"

#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    PIECE_MAX = 16384,
    BODY_MAX = 512,
    LIST_MAX = 16,
};

struct echo {
    struct lab_link *link;
    struct why_host host;
    struct why_options options;
    uint64_t now_ms;
    struct why_bytes rest; /* of `piece`: not yet taken */
    uint8_t piece[PIECE_MAX];
};

static void *allocate(void *context, void *memory, size_t size) {
    (void)context;
    if (size == 0) {
        free(memory);
        return NULL;
    }
    return realloc(memory, size);
}

/* A lab without randomness is of no use to anybody, and harms nobody. */
static void fill_random(void *context, uint8_t *out, size_t len) {
    (void)context;
    (void)RAND_bytes(out, (int)len);
}

static void look_at_clock(struct echo *echo) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    echo->now_ms = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static bool fetch(struct echo *echo) {
    size_t len = lab_link_receive_data(echo->link, echo->piece, sizeof echo->piece);
    echo->rest = (struct why_bytes){echo->piece, len};
    look_at_clock(echo);
    return len > 0;
}

/* ---- The request ---- */

static bool lacks_client_cert(const struct lab_link *link) {
    return link->ssl != NULL && link->mode->tls.client_certs == LAB_CLIENT_CERTS_ASKED &&
           SSL_get0_peer_certificate(link->ssl) == NULL;
}

static int respond(struct why_server_handshake *handshake, uint16_t status, const char *type,
                   const char *text) {
    struct why_http_response response = {
        .status = status,
        .content_type = type,
        .body = {(const uint8_t *)text, strlen(text)},
    };
    return why_server_handshake_respond(handshake, &response);
}

static int answer(const struct lab_link *link, struct why_server_handshake *handshake) {
    char body[BODY_MAX];
    if (lacks_client_cert(link)) {
        return respond(handshake, 400, "text/html",
                       "<html><head><title>400 No required SSL certificate was sent</title></head>"
                       "</html>\n");
    }
    if (link->mode->group == NULL) {
        return respond(handshake, 421, NULL,
                       "This name is no mode of the lab: whysocket lab --list shows them.\n");
    }
    if (why_server_handshake_is_upgrade(handshake)) {
        return why_server_handshake_accept(handshake, NULL);
    }
    (void)snprintf(body, sizeof body, "whysocket lab, mode %s: %s.\nThis is a WebSocket echo.\n",
                   link->mode->name, link->mode->what);
    return respond(handshake, 200, NULL, body);
}

static bool send_output(struct lab_link *link, struct why_server_handshake *handshake) {
    struct why_bytes output = why_server_handshake_output(handshake);
    bool sent = lab_link_send_data(link, output.data, output.len);
    why_server_handshake_output_consumed(handshake, output.len);
    return sent;
}

/* returns  whether a WebSocket was agreed on, with these parameters */
static bool shake_hands(struct echo *echo, struct why_deflate_params *deflate) {
    static const struct why_origin_policy anybody = {.mode = WHY_ORIGIN_ANY};
    struct why_server_handshake *handshake = why_server_handshake_new(&echo->options, &anybody);
    enum why_handshake_state state = WHY_HANDSHAKE_READING;
    bool goes_on = handshake != NULL;
    while (goes_on && state == WHY_HANDSHAKE_READING) {
        goes_on = fetch(echo);
        if (goes_on) {
            state = why_server_handshake_receive(handshake, &echo->rest);
        }
    }
    if (goes_on && state == WHY_HANDSHAKE_DECIDE && answer(echo->link, handshake) == WHY_OK) {
        state = why_server_handshake_is_upgrade(handshake) && !lacks_client_cert(echo->link) &&
                        echo->link->mode->group != NULL
                    ? WHY_HANDSHAKE_DONE
                    : WHY_HANDSHAKE_FAILED;
    }
    goes_on = goes_on && send_output(echo->link, handshake) && state == WHY_HANDSHAKE_DONE;
    if (goes_on) {
        *deflate = why_server_handshake_deflate(handshake);
    }
    why_server_handshake_free(handshake);
    return goes_on;
}

/* ---- The messages ---- */

static bool send_all(struct lab_link *link, struct why_conn *conn) {
    struct why_bytes list[LIST_MAX];
    size_t count = 0;
    while ((count = why_conn_output(conn, list, LIST_MAX)) > 0) {
        size_t len = 0;
        for (size_t i = 0; i < count; i++) {
            if (!lab_link_send_data(link, list[i].data, list[i].len)) {
                return false;
            }
            len += list[i].len;
        }
        why_conn_output_consumed(conn, len);
    }
    return true;
}

/* Take all that is there, and answer. */
static bool take(struct echo *echo, struct why_conn *conn) {
    struct why_span input = {echo->piece + (echo->rest.data - echo->piece), echo->rest.len};
    struct why_event event;
    do {
        why_conn_receive(conn, &input, &event);
        if (event.type == WHY_EVENT_MESSAGE) {
            echo->link->message_count++;
            (void)!why_conn_send(conn, event.opcode, event.data, WHY_SEND_VALID);
            if (!send_all(echo->link, conn)) {
                return false;
            }
        }
    } while (event.type != WHY_EVENT_NONE && event.type != WHY_EVENT_END);
    return send_all(echo->link, conn);
}

static int until_deadline(const struct echo *echo, const struct why_conn *conn) {
    uint64_t deadline = why_conn_next_deadline(conn);
    if (deadline <= echo->now_ms) {
        return 0;
    }
    uint64_t left = deadline - echo->now_ms;
    return left < LAB_HOLD_MS ? (int)left : LAB_HOLD_MS;
}

static void talk(struct echo *echo, struct why_conn *conn) {
    bool goes_on = take(echo, conn);
    while (goes_on && why_conn_state(conn) < WHY_CONN_FINISHING) {
        if (lab_link_wait_data(echo->link, until_deadline(echo, conn))) {
            goes_on = fetch(echo) && take(echo, conn);
        } else {
            look_at_clock(echo);
            why_conn_tick(conn);
            goes_on = send_all(echo->link, conn);
        }
    }
}

void lab_serve_echo(struct lab_link *link) {
    struct echo *echo = calloc(1, sizeof *echo);
    if (echo == NULL) {
        return;
    }
    echo->link = link;
    echo->host =
        (struct why_host){.allocate = allocate, .random = fill_random, .now_ms = &echo->now_ms};
    echo->options = why_options_default(&echo->host);
    look_at_clock(echo);
    struct why_deflate_params deflate = {0};
    if (shake_hands(echo, &deflate)) {
        struct why_conn *conn = why_conn_new(&echo->options, WHY_ROLE_SERVER, &deflate);
        if (conn != NULL) {
            talk(echo, conn);
        }
        why_conn_free(conn);
    }
    free(echo);
    if (!link->ended) {
        lab_link_finish_data(link);
    }
}
