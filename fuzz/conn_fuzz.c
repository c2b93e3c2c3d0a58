/* SPDX-License-Identifier: MIT
 *
 * A connection gives the same events however its bytes are split, holds no more than its limits
 * say, and never fails without a cause. In a second run the program does what it likes between the
 * pieces, memory may run out, and another connection reads all that leaves: it finds no fault.
 * Input: two bytes of choices, four of a seed, then what the peer sends.
 */
#include "whysocket/conn.h"

#include "core/conn_state.h"
#include "fuzz.h"
#include "support/host.h"

#include <string.h>

enum {
    CHOICES = 6,
    TRANSCRIPT_MAX = 1 << 20,
    DEFLATE_HELD_MAX = 400000, /* both codecs of zlib, with the largest windows */
    HELD_MAX = 40000,          /* all else that is not a message or the queue */
};

struct text {
    size_t len;
    uint8_t bytes[TRANSCRIPT_MAX];
};

/* Data may be handed out in other pieces where it is streamed, so that where a control frame stands
 * between them is not compared, but which message it stands in is. */
struct run {
    struct test_host host;
    struct why_options options;
    struct why_conn *conn;
    size_t held_before;
    struct text messages, others;
    size_t unfinished_at; /* where the message begins that is not whole yet */
    bool in_message;
    bool is_left_alone; /* the program does nothing, memory does not run out */
    uint32_t message_count;
};

static const uint64_t limits[] = {1, 5, 125, 126, 1000, 65536, 300000, 1 << 24};

static void put(struct text *text, const void *bytes, size_t len) {
    if (len <= TRANSCRIPT_MAX - text->len && len > 0) {
        memcpy(text->bytes + text->len, bytes, len);
        text->len += len;
    }
}

static void put_number(struct text *text, uint64_t number) {
    put(text, &number, sizeof number);
}

static struct why_deflate_params deflate_of(const uint8_t *choices) {
    return (struct why_deflate_params){
        .enabled = (choices[0] & 2) != 0,
        .server_no_context_takeover = (choices[0] & 8) != 0,
        .client_no_context_takeover = (choices[0] & 16) != 0,
        .server_max_window_bits = (choices[0] & 32) != 0 ? 9 : 15,
        .client_max_window_bits = (choices[0] & 64) != 0 ? 9 : 15,
    };
}

static enum why_role role_of(const uint8_t *choices) {
    return (choices[0] & 1) != 0 ? WHY_ROLE_CLIENT : WHY_ROLE_SERVER;
}

static void start(struct run *run, const uint8_t *choices, enum why_role role) {
    run->messages.len = run->others.len = 0;
    run->in_message = run->is_left_alone = false;
    run->message_count = 0;
    test_host_init(&run->host);
    run->options = why_options_default(&run->host.host);
    run->options.message_len_max = limits[choices[1] & 7];
    run->options.stream_messages = (choices[0] & 4) != 0;
    run->options.control_rate_max = (choices[1] & 8) != 0 ? 1 : 1000; /* ten at once, or all */
    run->options.deflate_keep_context = (choices[1] & 16) != 0;
    run->options.deflate_memory_level = 1;
    struct why_deflate_params deflate = deflate_of(choices);
    run->conn = why_conn_new(&run->options, role, &deflate);
    FUZZ_CHECK(run->conn != NULL);
    run->held_before = run->host.live_bytes;
}

static void note_message(struct run *run, const struct why_event *event) {
    bool whole = event->type == WHY_EVENT_MESSAGE;
    FUZZ_CHECK(whole != run->options.stream_messages);
    FUZZ_CHECK(event->opcode == WHY_OPCODE_TEXT || event->opcode == WHY_OPCODE_BINARY);
    FUZZ_CHECK(whole || event->first != run->in_message);
    if (whole || event->first) {
        run->unfinished_at = run->messages.len;
        put_number(&run->messages, event->opcode);
        put_number(&run->messages, event->compressed);
    }
    put(&run->messages, event->data.data, event->data.len);
    run->in_message = !whole && !event->last;
    if (!run->in_message) {
        FUZZ_CHECK(run->messages.len == TRANSCRIPT_MAX ||
                   run->messages.len - run->unfinished_at <= 16 + run->options.message_len_max);
        put_number(&run->messages, run->message_count++);
    }
}

static void note(struct run *run, const struct why_event *event) {
    if (event->type == WHY_EVENT_MESSAGE || event->type == WHY_EVENT_FRAGMENT) {
        note_message(run, event);
    } else if (event->type != WHY_EVENT_NONE) {
        put_number(&run->others, event->type);
        put_number(&run->others, event->code);
        put_number(&run->others, event->data.len);
        put_number(&run->others, run->message_count);
        put(&run->others, event->data.data, event->data.len);
    }
}

static void check_held(const struct run *run) {
    size_t held = run->host.live_bytes - run->held_before;
    size_t allowed = HELD_MAX + (size_t)run->options.message_len_max +
                     2 * why_conn_output_len(run->conn) +
                     (run->conn->deflate != NULL ? DEFLATE_HELD_MAX : 0);
    FUZZ_CHECK(held <= allowed);
}

/* The end has a cause, and what it sent is what may be sent. */
static void check_end(const struct run *run) {
    struct why_record record;
    why_record_init(&record);
    why_conn_report(run->conn, &record);
    FUZZ_CHECK(why_conn_state(run->conn) >= WHY_CONN_FINISHING);
    FUZZ_CHECK(record.cause != WHY_CAUSE_NONE && record.code != 0);
    FUZZ_CHECK(!record.sent.present || record.sent.code == WHY_CLOSE_NO_STATUS ||
               why_close_code_is_sendable(record.sent.code));
    if (run->is_left_alone) {
        FUZZ_CHECK(why_cause_code(record.cause) == 0 || record.sent.code == record.code);
        FUZZ_CHECK(record.utf8.present == (record.cause == WHY_CAUSE_UTF8_INVALID ||
                                           record.cause == WHY_CAUSE_CLOSE_FRAME_REASON));
    }
}

/* A copy in memory of its own, so that a step past its end is seen. */
static bool feed(struct run *run, const uint8_t *bytes, size_t len) {
    uint8_t *piece = malloc(len + (len == 0));
    if (piece == NULL) {
        abort();
    }
    memcpy(piece, bytes, len);
    struct why_span input = {piece, len};
    struct why_event event;
    do {
        const uint8_t *before = input.data;
        why_conn_receive(run->conn, &input, &event);
        FUZZ_CHECK(input.data >= before && input.data + input.len == piece + len);
        note(run, &event);
        check_held(run);
    } while (event.type != WHY_EVENT_NONE && event.type != WHY_EVENT_END);
    FUZZ_CHECK(input.len == 0);
    if (event.type == WHY_EVENT_END) {
        check_end(run);
    }
    free(piece);
    return event.type != WHY_EVENT_END;
}

static size_t next_piece(uint32_t *seed, size_t left) {
    *seed = *seed * 1664525u + 1013904223u;
    size_t len = 1 + (*seed >> 16) % (1u << (*seed >> 28));
    return len < left ? len : left;
}

static void check_same(struct run *a, struct run *b) {
    if (a->in_message || b->in_message) {
        /* How much of a message came before its fault is a matter of the pieces. */
        a->messages.len = a->in_message ? a->unfinished_at : a->messages.len;
        b->messages.len = b->in_message ? b->unfinished_at : b->messages.len;
    }
    FUZZ_CHECK(a->messages.len == b->messages.len && a->others.len == b->others.len);
    FUZZ_CHECK(memcmp(a->messages.bytes, b->messages.bytes, a->messages.len) == 0);
    FUZZ_CHECK(memcmp(a->others.bytes, b->others.bytes, a->others.len) == 0);
    static struct why_record records[2];
    why_record_init(&records[0]);
    why_record_init(&records[1]);
    why_conn_report(a->conn, &records[0]);
    why_conn_report(b->conn, &records[1]);
    FUZZ_CHECK(records[0].cause == records[1].cause && records[0].code == records[1].code);
    FUZZ_CHECK(records[0].utf8.offset == records[1].utf8.offset);
    FUZZ_CHECK(records[0].utf8.utf8_class == records[1].utf8.utf8_class);
    FUZZ_CHECK(records[0].frame_len == records[1].frame_len);
    FUZZ_CHECK(memcmp(records[0].frame, records[1].frame, records[0].frame_len) == 0);
    FUZZ_CHECK(why_conn_output_len(a->conn) == why_conn_output_len(b->conn));
}

static void finish(struct run *run) {
    why_conn_free(run->conn);
    FUZZ_CHECK(run->host.live_blocks == 0);
}

static void compare_splits(const uint8_t *choices, uint32_t seed, const uint8_t *bytes,
                           size_t len) {
    static struct run whole, split;
    for (int bytewise = 0; bytewise < 2; bytewise++) {
        start(&whole, choices, role_of(choices));
        start(&split, choices, role_of(choices));
        whole.is_left_alone = split.is_left_alone = true;
        feed(&whole, bytes, len);
        for (size_t at = 0, piece = 0; at < len; at += piece) {
            piece = bytewise != 0 ? 1 : next_piece(&seed, len - at);
            if (!feed(&split, bytes + at, piece)) {
                break;
            }
        }
        check_same(&whole, &split);
        finish(&whole);
        finish(&split);
    }
}

/* Hand `max` bytes of the output to the other side, which has to find them in order. */
static void deliver(struct run *run, struct run *peer, size_t max) {
    struct why_bytes next;
    while (max > 0 && why_conn_output(run->conn, &next, 1) > 0) {
        size_t len = next.len < max ? next.len : max;
        FUZZ_CHECK(len > 0);
        FUZZ_CHECK(why_conn_state(peer->conn) == WHY_CONN_OPEN); /* nothing follows a Close */
        feed(peer, next.data, len);
        enum why_cause cause = why_conn_cause(peer->conn);
        FUZZ_CHECK(cause == WHY_CAUSE_NONE || cause == WHY_CAUSE_PEER_CLOSED);
        why_conn_output_consumed(run->conn, len);
        max -= len;
    }
}

static void send_something(struct run *run, uint32_t dice, const uint8_t *bytes, size_t len) {
    enum why_opcode opcode = (dice & 1) != 0 ? WHY_OPCODE_TEXT : WHY_OPCODE_BINARY;
    unsigned flags = dice >> 1 & (WHY_SEND_MORE | WHY_SEND_PLAIN | WHY_SEND_BORROWED);
    static uint8_t large[70000];
    struct why_bytes data = {bytes, len};
    if ((dice & 16) != 0) {
        data = (struct why_bytes){large, dice % sizeof large};
    }
    (void)!why_conn_send(run->conn, opcode, data, flags);
    if ((dice & 32) != 0) {
        (void)!why_conn_settle(run->conn);
    }
}

static void do_something(struct run *run, struct run *peer, uint32_t dice, const uint8_t *bytes,
                         size_t len) {
    struct why_bytes data = {bytes, len < 140 ? len : 140};
    switch (dice & 15) {
    case 0:
        deliver(run, peer, (dice >> 4) % 300);
        break;
    case 1:
        (void)!why_conn_ping(run->conn, data);
        break;
    case 2:
        (void)!why_conn_close(run->conn, (uint16_t)(dice >> 16), data);
        break;
    case 3:
        (void)!why_conn_close(run->conn, (uint16_t)(1000 + (dice >> 8) % 16), data);
        break;
    case 4:
        run->host.now_ms += (dice >> 4) % 20000;
        why_conn_tick(run->conn);
        break;
    case 5:
        if ((dice >> 4) % 16 == 0) {
            why_conn_fail(run->conn, (enum why_cause)(1 + (dice >> 8) % (WHY_CAUSE_COUNT - 1)),
                          "of the program");
        }
        break;
    case 6:
        if ((dice >> 4) % 16 == 0) {
            why_conn_lost(run->conn, WHY_CAUSE_TCP_RESET, WHY_TRANSPORT_RESET, 104);
        }
        break;
    default:
        send_something(run, dice >> 4, bytes, len);
    }
}

static void do_what_it_likes(const uint8_t *choices, uint32_t seed, const uint8_t *bytes,
                             size_t len) {
    static struct run run, peer;
    start(&run, choices, role_of(choices));
    uint8_t peer_choices[] = {choices[0], 7};
    start(&peer, peer_choices,
          role_of(choices) == WHY_ROLE_CLIENT ? WHY_ROLE_SERVER : WHY_ROLE_CLIENT);
    run.host.fail_at = (choices[1] & 32) != 0 ? run.host.allocations + 1 + (seed & 31) : 0;
    bool goes_on = true;
    enum why_conn_state before = WHY_CONN_OPEN;
    for (size_t at = 0, piece = 0; at < len; at += piece) {
        piece = next_piece(&seed, len - at);
        do_something(&run, &peer, seed, bytes + at, piece);
        goes_on = goes_on && feed(&run, bytes + at, piece);
        FUZZ_CHECK(why_conn_state(run.conn) >= before);
        before = why_conn_state(run.conn);
    }
    deliver(&run, &peer, SIZE_MAX);
    if (before >= WHY_CONN_FINISHING) {
        check_end(&run);
    }
    finish(&run);
    finish(&peer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < CHOICES) {
        return 0;
    }
    uint32_t seed = 0;
    memcpy(&seed, data + 2, sizeof seed);
    compare_splits(data, seed, data + CHOICES, size - CHOICES);
    do_what_it_likes(data, seed, data + CHOICES, size - CHOICES);
    return 0;
}
