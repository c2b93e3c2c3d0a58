/* SPDX-License-Identifier: MIT
 *
 * The engine alone: a client and a server joined in memory, without a socket, a clock or a thread.
 * What moves the bytes here is a loop over two arrays; in your program it is your event loop.
 */
#include <whysocket/conn.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

static void *allocate(void *context, void *memory, size_t size) {
    (void)context;
    if (size == 0) {
        free(memory);
        return NULL;
    }
    return realloc(memory, size);
}

static void fill_random(void *context, uint8_t *out, size_t len) {
    (void)context;
    while (len > 0) {
        ssize_t got = getrandom(out, len, 0);
        if (got < 0) {
            abort(); /* without randomness there are no masking keys */
        }
        out += got;
        len -= (size_t)got;
    }
}

static void show(const char *who, const struct why_event *event) {
    if (event->type == WHY_EVENT_MESSAGE) {
        printf("%s: message \"%.*s\"\n", who, (int)event->data.len, (const char *)event->data.data);
    } else if (event->type == WHY_EVENT_CLOSE) {
        printf("%s: peer closes with %u\n", who, (unsigned)event->code);
    } else if (event->type == WHY_EVENT_END) {
        printf("%s: end\n", who);
    }
}

/* Carry what `from` has to send to `to`. Returns whether there was anything. */
static bool carry(struct why_conn *from, struct why_conn *to, const char *who) {
    struct why_bytes list[8];
    size_t count = why_conn_output(from, list, 8);
    for (size_t i = 0; i < count; i++) {
        uint8_t *buffer = malloc(list[i].len);
        if (buffer == NULL) {
            abort();
        }
        memcpy(buffer, list[i].data, list[i].len);
        struct why_span input = {buffer, list[i].len};
        struct why_event event;
        do {
            why_conn_receive(to, &input, &event);
            show(who, &event);
        } while (event.type != WHY_EVENT_NONE && event.type != WHY_EVENT_END);
        free(buffer);
    }
    size_t carried = 0;
    for (size_t i = 0; i < count; i++) {
        carried += list[i].len;
    }
    why_conn_output_consumed(from, carried);
    return carried > 0;
}

static void say(struct why_conn *conn, const char *text) {
    struct why_bytes data = {(const uint8_t *)text, strlen(text)};
    int result = why_conn_send(conn, WHY_OPCODE_TEXT, data, 0);
    if (result != WHY_OK) {
        fprintf(stderr, "cannot send: %s\n", why_result_text(result));
    }
}

int main(void) {
    uint64_t now_ms = 0;
    struct why_host host = {.allocate = allocate, .random = fill_random, .now_ms = &now_ms};
    struct why_options options = why_options_default(&host);
    struct why_conn *client = why_conn_new(&options, WHY_ROLE_CLIENT, NULL);
    struct why_conn *server = why_conn_new(&options, WHY_ROLE_SERVER, NULL);
    if (client != NULL && server != NULL) {
        say(client, "hello");
        say(server, "welcome");
        if (why_conn_close(client, WHY_CLOSE_NORMAL, (struct why_bytes){NULL, 0}) != WHY_OK) {
            fprintf(stderr, "cannot close\n");
        }
        while (carry(client, server, "server") || carry(server, client, "client")) {
        }
        printf("clean: %s, cause of the client: %s\n", why_conn_is_clean(client) ? "yes" : "no",
               why_cause_id(why_conn_cause(client)));
    }
    why_conn_free(client);
    why_conn_free(server);
    return 0;
}
