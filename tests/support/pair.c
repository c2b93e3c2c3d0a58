/* SPDX-License-Identifier: MIT */
#include "support/pair.h"

#include "support/test.h"

#include <stdlib.h>
#include <string.h>

void test_pair_init(struct test_pair *pair) {
    memset(pair, 0, sizeof *pair);
    test_host_init(&pair->host);
    pair->client_options = why_options_default(&pair->host.host);
    pair->server_options = why_options_default(&pair->host.host);
    pair->deflate = (struct why_deflate_params){false, false, false, 15, 15};
}

void test_pair_open(struct test_pair *pair) {
    pair->client.pair = pair;
    pair->server.pair = pair;
    pair->client.conn = why_conn_new(&pair->client_options, WHY_ROLE_CLIENT, &pair->deflate);
    pair->server.conn = why_conn_new(&pair->server_options, WHY_ROLE_SERVER, &pair->deflate);
    assert_non_null(pair->client.conn);
    assert_non_null(pair->server.conn);
}

static void take_message(struct test_end *end, const struct why_event *event) {
    bool begins = event->type == WHY_EVENT_MESSAGE || event->first;
    size_t before = begins ? 0 : end->last_len;
    if (before + event->data.len >= end->last_size) {
        end->last_size = 2 * (before + event->data.len) + 1;
        end->last = realloc(end->last, end->last_size);
        assert_non_null(end->last);
    }
    if (event->data.len > 0) {
        memcpy(end->last + before, event->data.data, event->data.len);
    }
    end->last_len = before + event->data.len;
    end->last_opcode = event->opcode;
    end->last_compressed = event->compressed;
    end->bytes += event->data.len;
    end->messages += event->type == WHY_EVENT_MESSAGE || event->last;
    if (end->echo) {
        unsigned flags = event->type == WHY_EVENT_FRAGMENT && !event->last ? WHY_SEND_MORE : 0;
        flags |= WHY_SEND_BORROWED | WHY_SEND_VALID;
        assert_int_equal(why_conn_send(end->conn, event->opcode, event->data, flags), WHY_OK);
        assert_int_equal(why_conn_settle(end->conn), WHY_OK);
    }
}

static void take(struct test_end *end, struct why_span input) {
    struct why_event event;
    do {
        why_conn_receive(end->conn, &input, &event);
        switch (event.type) {
        case WHY_EVENT_MESSAGE:
        case WHY_EVENT_FRAGMENT:
            take_message(end, &event);
            break;
        case WHY_EVENT_PING:
            end->pings++;
            break;
        case WHY_EVENT_PONG:
            end->pongs++;
            break;
        case WHY_EVENT_CLOSE:
            end->close_code = event.code;
            break;
        case WHY_EVENT_END:
            end->ends = 1;
            break;
        case WHY_EVENT_NONE:
            break;
        }
    } while (event.type != WHY_EVENT_NONE && event.type != WHY_EVENT_END);
    assert_int_equal(input.len, 0);
}

static bool move(struct test_end *from, struct test_end *to) {
    struct why_bytes list[1];
    if (to->deaf || why_conn_output(from->conn, list, 1) == 0) {
        return false;
    }
    size_t piece = from->pair->piece;
    size_t len = piece != 0 && piece < list[0].len ? piece : list[0].len;
    uint8_t *copy = malloc(len);
    assert_non_null(copy);
    memcpy(copy, list[0].data, len);
    why_conn_output_consumed(from->conn, len);
    from->pair->moved += len;
    take(to, (struct why_span){copy, len});
    free(copy);
    return true;
}

void test_pair_run(struct test_pair *pair) {
    bool moved = true;
    while (moved) {
        moved = move(&pair->client, &pair->server);
        moved |= move(&pair->server, &pair->client);
    }
}

void test_pair_advance(struct test_pair *pair, uint64_t ms) {
    uint64_t end = pair->host.now_ms + ms;
    test_pair_run(pair);
    for (;;) {
        uint64_t client = why_conn_next_deadline(pair->client.conn);
        uint64_t server = why_conn_next_deadline(pair->server.conn);
        uint64_t next = client < server ? client : server;
        if (next > end) {
            break;
        }
        pair->host.now_ms = next > pair->host.now_ms ? next : pair->host.now_ms;
        why_conn_tick(pair->client.conn);
        why_conn_tick(pair->server.conn);
        test_pair_run(pair);
    }
    pair->host.now_ms = end;
}

void test_pair_close(struct test_pair *pair) {
    why_conn_free(pair->client.conn);
    why_conn_free(pair->server.conn);
    free(pair->client.last);
    free(pair->server.last);
    assert_int_equal(pair->host.live_blocks, 0);
}
