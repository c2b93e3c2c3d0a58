/* SPDX-License-Identifier: MIT */
#include "support/program.h"

#include "support/loop.h"
#include "support/socket.h"
#include "support/test.h"

#include <string.h>

static struct why_bytes bytes_of(const char *text) {
    return (struct why_bytes){(const uint8_t *)text, strlen(text)};
}

void test_program_free_client(struct test_program *program) {
    why_client_free(program->client);
    program->client = NULL;
}

static void on_open(struct why_session *session, const struct why_http_head *head) {
    struct test_program *program = why_session_user(session);
    program->opened++;
    assert_int_equal(head->status, 101);
    if (program->frees == TEST_FREE_ON_OPEN) {
        test_program_free_client(program);
    }
    if (program->says_hello) {
        assert_int_equal(why_session_send(session, WHY_OPCODE_TEXT, bytes_of("hello"), 0), WHY_OK);
    }
    assert_int_equal(head->status, 101); /* still readable */
}

static void on_message(struct why_session *session, const struct why_event *event) {
    struct test_program *program = why_session_user(session);
    size_t len = strlen(program->messages);
    (void)snprintf(program->messages + len, sizeof program->messages - len, "%.*s;",
                   (int)event->data.len, (const char *)event->data.data);
    if (program->frees == TEST_FREE_ON_MESSAGE) {
        test_program_free_client(program);
    } else if (program->says_hello || program->closes) {
        assert_int_equal(why_session_close(session, 1000, bytes_of("bye")), WHY_OK);
    }
}

static void on_close(struct why_session *session, const struct why_record *record) {
    struct test_program *program = why_session_user(session);
    program->closed++;
    program->record = *record;
    if (program->frees == TEST_FREE_ON_CLOSE) {
        test_program_free_client(program);
    }
}

static const struct why_session_handler handler = {
    .on_open = on_open, .on_message = on_message, .on_close = on_close};

static void on_step(void *user, const struct why_step *step) {
    struct test_program *program = user;
    if (program->step_count < TEST_COUNT(program->steps)) {
        program->steps[program->step_count].layer = step->layer;
        program->steps[program->step_count].ok = step->ok;
        (void)snprintf(program->steps[program->step_count].what, sizeof program->steps[0].what,
                       "%s", step->what);
        program->step_count++;
    }
    if (program->frees == TEST_FREE_ON_STEP && program->free_at == step->layer) {
        test_program_free_client(program);
    }
}

static void on_reconnect(void *user, const struct why_record *record, uint32_t pause_ms) {
    struct test_program *program = user;
    program->reconnects++;
    assert_true(record->cause != WHY_CAUSE_NONE);
    assert_in_range(pause_ms, 0, 30000);
}

void test_program_init(struct test_program *program) {
    memset(program, 0, sizeof *program);
    program->loop = test_loop_new();
    assert_non_null(program->loop);
    struct why_options *options = &program->options;
    *options = why_options_default(why_loop_host(program->loop));
    options->connect_timeout_ms = 3000;
    options->tls_timeout_ms = 3000;
    options->upgrade_timeout_ms = 3000;
    program->config = (struct why_client_config){.options = options,
                                                 .handler = &handler,
                                                 .user = program,
                                                 .on_step = on_step,
                                                 .on_reconnect = on_reconnect};
}

void test_program_clear(struct test_program *program) {
    test_program_free_client(program);
    why_loop_free(program->loop);
    assert_true(test_wait_until_alone());
}

void test_program_run(struct test_program *program, const char *url) {
    char error[300] = "";
    program->config.url = url;
    int result =
        why_client_connect(program->loop, &program->config, &program->client, error, sizeof error);
    assert_string_equal(error, "");
    assert_int_equal(result, WHY_OK);
    assert_int_equal(program->step_count, 0); /* nothing is called before a later turn */
    assert_int_equal(why_loop_run(program->loop), WHY_OK);
}

const char *test_url(const char *scheme, const char *host, uint16_t port) {
    static char url[200];
    (void)snprintf(url, sizeof url, "%s://%s:%u/chat?a=1", scheme, host, (unsigned)port);
    return url;
}

const struct test_script test_echo_script = {.exchanges = {{0, TEST_GOOD, 0}}, .end = TEST_ECHO};

void test_assert_good_echo(const struct test_program *program) {
    assert_int_equal(program->opened, 1);
    assert_int_equal(program->closed, 1);
    assert_string_equal(program->messages, "hello;");
    assert_int_equal(program->record.code, 1000);
    assert_string_equal(why_cause_id(program->record.cause), "local.closed");
    assert_true(program->record.timings.tcp_us != WHY_NO_TIME);
    assert_true(program->record.timings.http_us != WHY_NO_TIME);
}
