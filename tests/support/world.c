/* SPDX-License-Identifier: MIT */
#include "support/world.h"

#include "support/loop.h"
#include "support/raw_peer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct test_world *test_world_of(const struct why_session *session) {
    return why_session_user(session);
}

static void on_open(struct why_session *session, const struct why_http_head *head) {
    (void)head;
    test_world_of(session)->opened++;
}

void test_world_echo(struct why_session *session, const struct why_event *event) {
    int result = why_session_send(session, event->opcode, event->data,
                                  (unsigned)WHY_SEND_BORROWED | (unsigned)WHY_SEND_VALID);
    (void)result;
    test_world_of(session)->messages++;
}

static void on_control(struct why_session *session, const struct why_event *event) {
    (void)event;
    test_world_of(session)->controls++;
}

static void on_writable(struct why_session *session) {
    test_world_of(session)->writable++;
}

static void on_close(struct why_session *session, const struct why_record *record) {
    struct test_world *world = test_world_of(session);
    world->close_record = *record;
    world->closed++;
}

static void on_request(void *user, const struct why_server_handshake *handshake,
                       struct why_answer *answer) {
    struct test_world *world = user;
    world->requests++;
    answer->user = world;
    if (!why_server_handshake_is_upgrade(handshake)) {
        answer->respond = true;
        answer->response.status = 200;
        answer->response.body = (struct why_bytes){(const uint8_t *)"hello\n", 6};
    }
}

static void on_refused(void *user, const struct why_record *record) {
    struct test_world *world = user;
    world->refused_record = *record;
    world->refused++;
}

void test_world_init(struct test_world *world) {
    memset(world, 0, sizeof *world);
    world->loop = test_loop_new();
    world->options = why_options_default(why_loop_host(world->loop));
    world->handler = (struct why_session_handler){.on_open = on_open,
                                                  .on_message = test_world_echo,
                                                  .on_control = on_control,
                                                  .on_writable = on_writable,
                                                  .on_close = on_close};
    world->config = (struct why_server_config){.options = &world->options,
                                               .handler = &world->handler,
                                               .user = world,
                                               .on_request = on_request,
                                               .on_refused = on_refused};
}

void test_world_listen(struct test_world *world, const char *address,
                       const struct why_tls_config *tls) {
    if (world->server == NULL &&
        why_server_new(world->loop, &world->config, &world->server) != WHY_OK) {
        abort();
    }
    if (why_server_listen(world->server, address, tls, world->error, sizeof world->error) !=
        WHY_OK) {
        fprintf(stderr, "%s\n", world->error);
        abort();
    }
    world->address = why_server_address(world->server, 0);
}

static void *run(void *argument) {
    struct test_world *world = argument;
    if (why_loop_run(world->loop) != WHY_OK) {
        abort();
    }
    return NULL;
}

void test_world_start(struct test_world *world) {
    if (pthread_create(&world->thread, NULL, run, world) != 0) {
        abort();
    }
}

void test_world_halt(struct test_world *world) {
    why_loop_stop(world->loop);
    pthread_join(world->thread, NULL);
}

void test_world_end(struct test_world *world) {
    test_world_halt(world);
    why_server_free(world->server);
    why_loop_free(world->loop);
}

bool test_world_wait(const atomic_uint *number, unsigned expected) {
    uint64_t end_ms = test_now_ms() + 5000;
    while (*number < expected && test_now_ms() < end_ms) {
        usleep(500);
    }
    return *number >= expected;
}
