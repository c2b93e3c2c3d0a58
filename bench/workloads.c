/* SPDX-License-Identifier: MIT
 *
 * The workloads of the engine: it is driven as a session drives it, in memory.
 */
#include "workloads.h"

#include "whysocket/conn.h"
#include "whysocket/handshake.h"

#include <stdlib.h>
#include <string.h>

/* At a time, where the engine does not say where to read to. */
#define READ_MAX ((size_t)16 << 10)
#define LIST_MAX 64

static uint64_t now_ms = 1000;

static void *workload_allocate(void *context, void *memory, size_t size) {
    (void)context;
    if (size == 0) {
        free(memory);
        return NULL;
    }
    return realloc(memory, size);
}

static void workload_random(void *context, uint8_t *out, size_t len) {
    (void)context;
    memset(out, 0, len);
}

const struct why_host workload_host = {
    .allocate = workload_allocate, .random = workload_random, .now_ms = &now_ms};

/* What the workload at hand was given by its prepare(). */
static struct {
    struct why_options options;
    struct why_conn *conn;
    uint8_t *input; /* one turn's, as it came; `len` bytes of it */
    uint8_t *read;  /* where it is read to, turn by turn */
    size_t len;
} state;

static void clear_state(void) {
    why_conn_free(state.conn);
    free(state.input);
    free(state.read);
    state.conn = NULL;
    state.input = NULL;
    state.read = NULL;
    state.len = 0;
}

/* ---- Messages ---- */

static const char ascii_sample[] = "The quick brown fox jumps over the lazy dog, again and again. ";
static const char mixed_sample[] =
    "Der B\xc3\xa4r a\xc3\x9f s\xc3\xbc\xc3\x9f"
    "e \xc3\x84pfel und tr\xc3\xa4nkte \xe2\x80\x9egro\xc3\x9f"
    "e\xe2\x80\x9c M\xc3\xa4use. \xf0\x9f\x99\x82 Then a stretch of plain English, long enough to "
    "fill a block or two. ";

/* Whole samples, and full stops where one more would be cut. */
static void fill(const struct workload *workload, uint8_t *out) {
    const char *sample = workload->is_mixed ? mixed_sample : ascii_sample;
    size_t sample_len = strlen(sample);
    size_t whole = workload->size - workload->size % sample_len;
    for (size_t i = 0; i < workload->size; i++) {
        out[i] = i < whole ? (uint8_t)sample[i % sample_len] : '.';
    }
}

static size_t write_frame(uint8_t *out, uint8_t first, const uint8_t *data, size_t len) {
    static const uint8_t key[4] = {0x37, 0xfa, 0x21, 0x3d};
    size_t at = 0;
    out[at++] = first;
    if (len < 126) {
        out[at++] = (uint8_t)(0x80 | len);
    } else {
        size_t bytes = len < 65536 ? 2 : 8;
        out[at++] = len < 65536 ? 0x80 | 126 : 0x80 | 127;
        for (size_t i = bytes; i > 0; i--) {
            out[at++] = (uint8_t)((uint64_t)len >> (8 * (i - 1)));
        }
    }
    memcpy(out + at, key, sizeof key);
    at += sizeof key;
    for (size_t i = 0; i < len; i++) {
        out[at + i] = data[i] ^ key[i % 4];
    }
    return at + len;
}

size_t workload_write_message(const struct workload *workload, unsigned char *out) {
    uint8_t *data = malloc(workload->size + 1);
    if (data == NULL) {
        return 0;
    }
    fill(workload, data);
    size_t count = workload->fragments == 0 ? 1 : workload->fragments;
    size_t each = workload->size / count;
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
        bool is_last = i + 1 == count;
        unsigned opcode = i > 0               ? WHY_OPCODE_CONTINUATION
                          : workload->is_text ? WHY_OPCODE_TEXT
                                              : WHY_OPCODE_BINARY;
        at += write_frame(out + at, (uint8_t)((is_last ? 0x80U : 0) | opcode), data + i * each,
                          is_last ? workload->size - i * each : each);
    }
    free(data);
    return at;
}

/* ---- Turns ---- */

static bool send_output(struct why_conn *conn) {
    struct why_bytes list[LIST_MAX];
    bool has_sent = false;
    for (size_t count; (count = why_conn_output(conn, list, LIST_MAX)) > 0;) {
        size_t len = 0;
        for (size_t i = 0; i < count; i++) {
            len += list[i].len;
        }
        why_conn_output_consumed(conn, len);
        has_sent = true;
    }
    return has_sent;
}

/* Echo what lies in `input`. returns  false where that failed */
static bool receive(struct why_conn *conn, struct why_span input, size_t *messages) {
    for (;;) {
        struct why_event event;
        why_conn_receive(conn, &input, &event);
        if (event.type == WHY_EVENT_NONE || event.type == WHY_EVENT_END) {
            return event.type == WHY_EVENT_NONE;
        }
        unsigned flags = WHY_SEND_BORROWED | WHY_SEND_VALID;
        if (event.type == WHY_EVENT_MESSAGE &&
            why_conn_send(conn, event.opcode, event.data, flags) != WHY_OK) {
            return false;
        }
        *messages += event.type == WHY_EVENT_MESSAGE;
    }
}

/* One turn of what came, read by read. */
static bool run_turn(size_t *messages) {
    for (size_t at = 0; at < state.len;) {
        struct why_span room = why_conn_room(state.conn);
        size_t most = room.len > 0 ? room.len : READ_MAX;
        size_t len = state.len - at < most ? state.len - at : most;
        uint8_t *to = room.len > 0 ? room.data : state.read;
        memcpy(to, state.input + at, len);
        at += len;
        if (!receive(state.conn, (struct why_span){to, len}, messages) ||
            why_conn_settle(state.conn) != WHY_OK) {
            return false;
        }
        send_output(state.conn);
    }
    return true;
}

/* ---- Echo ---- */

/* What a client's engine makes of a message, as only that can deflate it. */
static size_t write_deflated(const struct workload *workload, uint8_t *out,
                             const struct why_deflate_params *params) {
    struct why_conn *client = why_conn_new(&state.options, WHY_ROLE_CLIENT, params);
    uint8_t *data = malloc(workload->size + 1);
    size_t at = 0;
    if (client != NULL && data != NULL) {
        struct why_bytes list[LIST_MAX];
        fill(workload, data);
        struct why_bytes message = {data, workload->size};
        size_t count = why_conn_send(client, WHY_OPCODE_TEXT, message, 0) == WHY_OK
                           ? why_conn_output(client, list, LIST_MAX)
                           : 0;
        for (size_t i = 0; i < count; i++) {
            memcpy(out + at, list[i].data, list[i].len);
            at += list[i].len;
        }
    }
    free(data);
    why_conn_free(client);
    return at;
}

static bool prepare_echo(const struct workload *workload) {
    const struct why_deflate_params params = {
        .enabled = true, .server_no_context_takeover = true, .client_no_context_takeover = true};
    const struct why_deflate_params *deflate = workload->is_deflated ? &params : NULL;
    size_t room = workload->per_read * (workload->size + 14 * (workload->fragments + 1));
    state.options = why_options_default(&workload_host);
    state.options.deflate = workload->is_deflated;
    state.conn = why_conn_new(&state.options, WHY_ROLE_SERVER, deflate);
    state.input = malloc(room);
    state.read = malloc(READ_MAX);
    if (state.conn == NULL || state.input == NULL || state.read == NULL) {
        return false;
    }
    for (size_t i = 0; i < workload->per_read; i++) {
        uint8_t *to = state.input + state.len;
        size_t len = workload->is_deflated ? write_deflated(workload, to, deflate)
                                           : workload_write_message(workload, to);
        if (len == 0) {
            return false;
        }
        state.len += len;
    }
    return true;
}

static bool run_echo(const struct workload *workload) {
    size_t messages = 0;
    while (messages < workload->times && run_turn(&messages)) {
    }
    return messages == workload->times;
}

/* ---- A client that sends ---- */

static bool prepare_client(const struct workload *workload) {
    state.options = why_options_default(&workload_host);
    state.conn = why_conn_new(&state.options, WHY_ROLE_CLIENT, NULL);
    state.input = malloc(workload->size);
    if (state.conn == NULL || state.input == NULL) {
        return false;
    }
    fill(workload, state.input);
    return true;
}

static bool run_client(const struct workload *workload) {
    struct why_bytes message = {state.input, workload->size};
    for (size_t i = 0; i < workload->times; i++) {
        if (why_conn_send(state.conn, WHY_OPCODE_TEXT, message, 0) != WHY_OK ||
            !send_output(state.conn)) {
            return false;
        }
    }
    return true;
}

/* ---- The opening handshake ---- */

static const char request[] =
    "GET /chat?room=1 HTTP/1.1\r\nHost: 127.0.0.1:9001\r\nConnection: Upgrade\r\n"
    "Pragma: no-cache\r\nCache-Control: no-cache\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\n"
    "Upgrade: websocket\r\nOrigin: http://127.0.0.1:9001\r\nSec-WebSocket-Version: 13\r\n"
    "Accept-Encoding: gzip, deflate, br\r\nAccept-Language: en-GB,en;q=0.9\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n";

/* Answer a request. response  NULL, or has room for `*len` bytes, which becomes the answer's */
static bool serve(struct why_bytes input, uint8_t *response, size_t *len) {
    struct why_server_handshake *server = why_server_handshake_new(&state.options, NULL);
    bool is_done = server != NULL &&
                   why_server_handshake_receive(server, &input) == WHY_HANDSHAKE_DECIDE &&
                   why_server_handshake_accept(server, NULL) == WHY_OK;
    if (is_done) {
        struct why_bytes output = why_server_handshake_output(server);
        if (response != NULL && output.len <= *len) {
            memcpy(response, output.data, output.len);
            *len = output.len;
        }
        why_server_handshake_output_consumed(server, output.len);
    }
    why_server_handshake_free(server);
    return is_done;
}

static bool prepare_server_handshake(const struct workload *workload) {
    (void)workload;
    state.options = why_options_default(&workload_host);
    return true;
}

static bool run_server_handshake(const struct workload *workload) {
    struct why_bytes input = {(const uint8_t *)request, sizeof request - 1};
    for (size_t i = 0; i < workload->times; i++) {
        if (!serve(input, NULL, NULL)) {
            return false;
        }
    }
    return true;
}

static struct why_client_handshake *begin_client(void) {
    const struct why_client_request asked = {.host = "127.0.0.1:9001", .target = "/chat?room=1"};
    struct why_client_handshake *client = NULL;
    return why_client_handshake_new(&state.options, &asked, &client) == WHY_OK ? client : NULL;
}

/* As randomness is all zeroes here, one answer is right for every request. */
static bool prepare_client_handshake(const struct workload *workload) {
    (void)workload;
    state.options = why_options_default(&workload_host);
    state.len = READ_MAX;
    state.input = malloc(state.len);
    struct why_client_handshake *client = begin_client();
    bool is_done = state.input != NULL && client != NULL &&
                   serve(why_client_handshake_output(client), state.input, &state.len);
    why_client_handshake_free(client);
    return is_done;
}

static bool run_client_handshake(const struct workload *workload) {
    for (size_t i = 0; i < workload->times; i++) {
        struct why_client_handshake *client = begin_client();
        if (client == NULL) {
            return false;
        }
        struct why_bytes answer = {state.input, state.len};
        why_client_handshake_output_consumed(client, why_client_handshake_output(client).len);
        bool is_done = why_client_handshake_receive(client, &answer) == WHY_HANDSHAKE_DONE;
        why_client_handshake_free(client);
        if (!is_done) {
            return false;
        }
    }
    return true;
}

/* ---- A connection's beginning and end ---- */

static bool run_close(const struct workload *workload) {
    static const uint8_t bye[] = {0x03, 0xe8, 'b', 'y', 'e'}; /* 1000 */
    for (size_t i = 0; i < workload->times; i++) {
        struct why_conn *conn = why_conn_new(&state.options, WHY_ROLE_SERVER, NULL);
        if (conn == NULL) {
            return false;
        }
        uint8_t frame[32];
        struct why_span input = {frame, write_frame(frame, 0x88, bye, sizeof bye)};
        struct why_event event;
        do {
            why_conn_receive(conn, &input, &event);
        } while (event.type != WHY_EVENT_NONE && event.type != WHY_EVENT_END);
        bool is_answered = send_output(conn);
        struct why_record record;
        why_record_init(&record);
        why_conn_lost(conn, WHY_CAUSE_TCP_FIN, WHY_TRANSPORT_FIN, 0);
        why_conn_report(conn, &record);
        why_conn_free(conn);
        if (!is_answered || record.cause != WHY_CAUSE_PEER_CLOSED) {
            return false;
        }
    }
    return true;
}

/* ---- The table ---- */

#define ECHO .prepare = prepare_echo, .run = run_echo, .clear = clear_state

const struct workload workloads[] = {
    {"echo, 20 B of text, one at a time", 2000, 20, 1, .is_text = true, ECHO},
    {"echo, 20 B of text, 64 at once", 3200, 20, 64, .is_text = true, ECHO},
    {"echo, 16 KiB of ASCII text", 50, (size_t)16 << 10, 1, .is_text = true, ECHO},
    {"echo, 16 KiB of mixed text", 50, (size_t)16 << 10, 1, .is_text = true, .is_mixed = true,
     ECHO},
    {"echo, 1 MiB binary, read by read", 4, (size_t)1 << 20, 1, ECHO},
    {"echo, 1 KiB of text in 8 fragments", 200, 1024, 1, .is_text = true, .fragments = 8, ECHO},
    {"echo, 1 KiB deflated", 200, 1024, 1, .is_text = true, .is_deflated = true, ECHO},
    {"client, sending 20 B of text", 2000, 20, .is_text = true, .prepare = prepare_client,
     .run = run_client, .clear = clear_state},
    {"handshake, server", 200, .prepare = prepare_server_handshake, .run = run_server_handshake,
     .clear = clear_state},
    {"handshake, client", 200, .prepare = prepare_client_handshake, .run = run_client_handshake,
     .clear = clear_state},
    {"close, by the peer", 200, .prepare = prepare_server_handshake, .run = run_close,
     .clear = clear_state},
    {"session on a socket, 20 B of text, 64 at once", 3200, 20, 64, .is_text = true,
     .prepare = workload_session_prepare, .run = workload_session_run,
     .clear = workload_session_clear},
    {"session on a socket, 16 KiB of ASCII text", 50, (size_t)16 << 10, 1, .is_text = true,
     .prepare = workload_session_prepare, .run = workload_session_run,
     .clear = workload_session_clear},
    {"broadcast on sockets, 100 B of text to each of 64", 3200, 100, .is_text = true,
     .prepare = workload_broadcast_prepare, .run = workload_broadcast_run,
     .clear = workload_broadcast_clear},
    {.name = NULL},
};
