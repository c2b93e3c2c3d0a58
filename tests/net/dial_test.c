/* SPDX-License-Identifier: MIT
 *
 * Dialling real sockets on loopback: what each failure becomes, who wins a race, and that nothing
 * stays open.
 */
#include "net/dial.h"

#include "support/loop.h"
#include "support/socket.h"
#include "support/test.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct caller {
    struct why__dial dial;
    struct why_record record;
    struct why_options options;
    struct why_loop *loop;
    int fd; /* connected */
    bool has_failed, is_resolved;
    size_t step_count;
    struct {
        enum why_layer layer;
        bool ok;
        char what[200];
    } steps[4];
};

static struct caller *caller_of(struct why__dial *dial) {
    return WHY__CONTAINER(dial, struct caller, dial);
}

static void on_step(struct why__dial *dial, const struct why_step *step) {
    struct caller *caller = caller_of(dial);
    assert_true(caller->step_count < TEST_COUNT(caller->steps));
    caller->steps[caller->step_count].layer = step->layer;
    caller->steps[caller->step_count].ok = step->ok;
    (void)snprintf(caller->steps[caller->step_count].what, sizeof caller->steps[0].what, "%s",
                   step->what);
    caller->step_count++;
}

static void on_resolved(struct why__dial *dial) {
    caller_of(dial)->is_resolved = true;
}

static void on_connected(struct why__dial *dial, int fd) {
    struct caller *caller = caller_of(dial);
    assert_int_equal(caller->fd, -1);
    caller->fd = fd;
}

static void on_failed(struct why__dial *dial) {
    struct caller *caller = caller_of(dial);
    assert_false(caller->has_failed);
    caller->has_failed = true;
}

static const struct why__dial_ops ops = {on_step, on_resolved, on_connected, on_failed};

static int setup(void **state) {
    static struct caller caller;
    memset(&caller, 0, sizeof caller);
    caller.loop = test_loop_new();
    assert_non_null(caller.loop);
    caller.options = why_options_default(why_loop_host(caller.loop));
    caller.options.connect_timeout_ms = 3000;
    *state = &caller;
    return 0;
}

/* A thread that asks for a name may outlive the question, and holds a descriptor until it ends: the
 * next test counts those. */
static int teardown(void **state) {
    struct caller *caller = *state;
    why_loop_free(caller->loop);
    return test_wait_until_alone() ? 0 : -1;
}

/* Dial and wait for the end of it, which the loop's running dry is. */
static void dial(struct caller *caller, const char *host, uint16_t port, const char *unix_path) {
    why_record_init(&caller->record);
    caller->fd = -1;
    caller->has_failed = false;
    caller->step_count = 0;
    caller->dial.loop = caller->loop;
    caller->dial.options = &caller->options;
    caller->dial.ops = &ops;
    caller->dial.record = &caller->record;
    caller->dial.host = host;
    caller->dial.port = port;
    caller->dial.unix_path = unix_path;
    why__dial_start(&caller->dial);
    assert_int_equal(why_loop_run(caller->loop), WHY_OK);
    assert_true(caller->is_resolved || caller->has_failed == (caller->fd < 0));
}

static void assert_cause(const struct caller *caller, enum why_cause cause) {
    assert_true(caller->has_failed);
    assert_string_equal(why_cause_id(caller->record.cause), why_cause_id(cause));
    assert_int_equal(caller->record.layer, why_cause_layer(cause));
    assert_int_equal(caller->record.code, 1006);
    assert_false(caller->steps[caller->step_count - 1].ok);
}

static void connects(void **state) {
    struct caller *caller = *state;
    uint16_t port = 0;
    int listener = test_listen(false, &port);
    dial(caller, "127.0.0.1", port, NULL);
    assert_true(caller->fd >= 0);
    char peer[64];
    (void)snprintf(peer, sizeof peer, "127.0.0.1:%u", (unsigned)port);
    assert_string_equal(caller->record.peer, peer);
    assert_int_equal(caller->step_count, 2);
    assert_int_equal(caller->steps[0].layer, WHY_LAYER_DNS);
    assert_string_equal(caller->steps[0].what, "127.0.0.1");
    assert_int_equal(caller->steps[1].layer, WHY_LAYER_TCP);
    assert_string_equal(caller->steps[1].what, peer);
    assert_true(caller->record.timings.dns_us != WHY_NO_TIME);
    assert_true(caller->record.timings.tcp_us != WHY_NO_TIME);
    assert_int_equal(caller->record.cause, WHY_CAUSE_NONE);
    assert_string_equal(caller->record.detail, "");
    close(caller->fd);
    close(listener);
}

static void a_port_without_a_listener_refuses(void **state) {
    struct caller *caller = *state;
    uint16_t port = 0;
    int bound = test_refuse(false, &port);
    dial(caller, "127.0.0.1", port, NULL);
    assert_cause(caller, WHY_CAUSE_TCP_REFUSED);
    assert_int_equal(caller->record.os_error, ECONNREFUSED);
    char detail[64];
    (void)snprintf(detail, sizeof detail, "127.0.0.1:%u refused", (unsigned)port);
    assert_string_equal(caller->record.detail, detail);
    assert_string_equal(caller->steps[1].what, detail);
    close(bound);
}

/* RFC 6761 section 6.3; and RFC 8305: the next address is tried at once where one fails. */
static void localhost_goes_on_to_ipv4_where_ipv6_refuses(void **state) {
    struct caller *caller = *state;
    uint16_t port = 0;
    int listener = test_listen(false, &port);
    int bound = test_refuse_at(true, port); /* where there is no IPv6 that is no hindrance */
    dial(caller, "dev.localhost", port, NULL);
    assert_true(caller->fd >= 0);
    assert_string_equal(caller->steps[0].what, "::1, 127.0.0.1");
    assert_non_null(strstr(caller->steps[1].what, "([::1]:"));
    assert_in_range(caller->record.timings.tcp_us, 0, 200000);
    close(caller->fd);
    close(listener);
    if (bound >= 0) {
        close(bound);
    }
}

static void both_addresses_are_named_where_both_refuse(void **state) {
    struct caller *caller = *state;
    uint16_t port = 0;
    int bound = test_refuse(false, &port);
    int other = test_refuse_at(true, port);
    dial(caller, "localhost", port, NULL);
    assert_cause(caller, WHY_CAUSE_TCP_REFUSED);
    char detail[100];
    (void)snprintf(detail, sizeof detail, ", 127.0.0.1:%u refused", (unsigned)port);
    assert_non_null(strstr(caller->record.detail, detail));
    assert_non_null(strstr(caller->record.detail, "[::1]:"));
    close(bound);
    if (other >= 0) {
        close(other);
    }
}

/* RFC 8305 section 5: a silent address does not hold up the next one for long. */
static void a_silent_address_is_overtaken(void **state) {
    struct caller *caller = *state;
    struct test_silence silence;
    test_silence_init(&silence, false);
    uint16_t port = 0;
    int listener = test_listen(false, &port);
    struct why__addresses pinned = {0};
    assert_true(why__addresses_add(&pinned, "127.0.0.1", silence.port));
    assert_true(why__addresses_add(&pinned, "127.0.0.1", port));
    caller->dial.pinned = &pinned;
    dial(caller, "example.com", 1, NULL);
    assert_true(caller->fd >= 0);
    assert_string_equal(caller->steps[0].what, "127.0.0.1, 127.0.0.1 (given)");
    assert_in_range(caller->record.timings.tcp_us, 200000, 2000000);
    close(caller->fd);
    close(listener);
    test_silence_clear(&silence);
}

static void silence_times_out(void **state) {
    struct caller *caller = *state;
    struct test_silence silence;
    test_silence_init(&silence, false);
    caller->options.connect_timeout_ms = 100;
    dial(caller, "127.0.0.1", silence.port, NULL);
    assert_cause(caller, WHY_CAUSE_TIMEOUT_CONNECT);
    assert_int_equal(caller->record.transport, WHY_TRANSPORT_TIMEOUT);
    assert_non_null(strstr(caller->record.detail, "no answer"));
    assert_in_range(caller->record.timings.tcp_us, 90000, 2000000);
    test_silence_clear(&silence);
}

/* Offline there is no answer, online the answer is no (RFC 6761 section 6.4); never another layer.
 */
static void a_name_that_does_not_exist_is_a_matter_of_dns(void **state) {
    struct caller *caller = *state;
    caller->options.name_timeout_ms = 5000;
    dial(caller, "name.invalid", 80, NULL);
    assert_true(caller->has_failed);
    assert_int_equal(caller->record.layer, WHY_LAYER_DNS);
    assert_int_equal(caller->record.code, 1006);
    assert_non_null(strstr(caller->record.detail, "name.invalid"));
    assert_int_equal(caller->record.timings.tcp_us, WHY_NO_TIME);
    assert_int_equal(caller->step_count, 1);
}

/* Where addresses fail in different ways. That one resets says that somebody is there. */
static void the_most_telling_failure_is_the_cause(void **state) {
    (void)state;
    static const int in_order[] = {EMFILE, ECONNRESET, ECONNREFUSED, ETIMEDOUT, ENETUNREACH, EDOM};
    for (size_t i = 0; i < TEST_COUNT(in_order); i++) {
        for (size_t j = 0; j < TEST_COUNT(in_order); j++) {
            if (why__dial_tells_more(in_order[i], in_order[j]) != (i < j)) {
                fail_msg("%s or %s", strerror(in_order[i]), strerror(in_order[j]));
            }
        }
    }
}

static void a_proxy_that_fails_is_the_proxys_fault(void **state) {
    struct caller *caller = *state;
    uint16_t port = 0;
    int bound = test_refuse(false, &port);
    caller->dial.is_proxy = true;
    dial(caller, "127.0.0.1", port, NULL);
    assert_cause(caller, WHY_CAUSE_PROXY_UNREACHABLE);
    assert_int_equal(caller->steps[1].layer, WHY_LAYER_TCP);
    close(bound);
}

static void a_name_alone_is_resolved(void **state) {
    struct caller *caller = *state;
    caller->dial.name_only = true;
    dial(caller, "localhost", 7, NULL);
    assert_true(caller->is_resolved);
    assert_int_equal(caller->dial.addresses.count, 2);
    assert_int_equal(caller->step_count, 1);
}

static void unix_sockets_connect_or_say_why_not(void **state) {
    struct caller *caller = *state;
    char folder[] = "/tmp/why-dial-XXXXXX";
    assert_non_null(mkdtemp(folder));
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s/socket", folder);
    dial(caller, NULL, 0, address.sun_path);
    assert_cause(caller, WHY_CAUSE_TCP_NO_UNIX_SOCKET);
    assert_non_null(strstr(caller->record.detail, "no such file"));

    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(listener, (const struct sockaddr *)&address, sizeof address), 0);
    dial(caller, NULL, 0, address.sun_path);
    assert_cause(caller, WHY_CAUSE_TCP_REFUSED);

    assert_int_equal(listen(listener, 4), 0);
    dial(caller, NULL, 0, address.sun_path);
    assert_true(caller->fd >= 0);
    assert_int_equal(strncmp(caller->record.peer, "unix:/tmp/", 10), 0);
    close(caller->fd);
    close(listener);
    unlink(address.sun_path);

    FILE *file = fopen(address.sun_path, "w");
    assert_non_null(file);
    (void)fclose(file);
    dial(caller, NULL, 0, address.sun_path);
    assert_cause(caller, WHY_CAUSE_TCP_NO_UNIX_SOCKET);
    assert_non_null(strstr(caller->record.detail, "no socket"));
    unlink(address.sun_path);
    rmdir(folder);
}

static void too_many_open_files_are_named(void **state) {
    struct caller *caller = *state;
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    int lowest = dup(0);
    close(lowest);
    struct rlimit few = {(rlim_t)lowest, before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    dial(caller, "127.0.0.1", 9, NULL);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_cause(caller, WHY_CAUSE_TCP_NO_RESOURCE);
    assert_non_null(strstr(caller->record.detail, "too many open files"));
}

/* Bad-input row 78. */
static void a_hundred_failures_leave_nothing_open(void **state) {
    struct caller *caller = *state;
    uint16_t port = 0;
    int bound = test_refuse(false, &port);
    struct test_silence silence;
    test_silence_init(&silence, false);
    struct why__addresses pinned = {0};
    assert_true(why__addresses_add(&pinned, "127.0.0.1", silence.port));
    assert_true(why__addresses_add(&pinned, "127.0.0.1", port));
    dial(caller, "127.0.0.1", port, NULL); /* from now on the loop has all it needs */
    size_t before = test_count_fds();
    for (size_t i = 0; i < 50; i++) {
        caller->dial.pinned = NULL;
        caller->options.connect_timeout_ms = 3000;
        dial(caller, "127.0.0.1", port, NULL);
        assert_cause(caller, WHY_CAUSE_TCP_REFUSED);
        caller->dial.pinned = &pinned;
        caller->options.connect_timeout_ms = 2;
        dial(caller, "example.com", 1, NULL);
        assert_cause(caller, WHY_CAUSE_TIMEOUT_CONNECT);
    }
    assert_int_equal(test_count_fds(), before);
    test_silence_clear(&silence);
    close(bound);
}

static void a_dial_that_is_stopped_says_nothing(void **state) {
    struct caller *caller = *state;
    struct test_silence silence;
    test_silence_init(&silence, false);
    size_t before = test_count_fds();
    caller->fd = -1;
    why_record_init(&caller->record);
    caller->dial.loop = caller->loop;
    caller->dial.options = &caller->options;
    caller->dial.ops = &ops;
    caller->dial.record = &caller->record;
    caller->dial.host = "127.0.0.1";
    caller->dial.port = silence.port;
    why__dial_start(&caller->dial);
    why__dial_stop(&caller->dial);
    why__dial_stop(&caller->dial);
    assert_int_equal(why_loop_run(caller->loop), WHY_OK);
    assert_false(caller->has_failed);
    assert_int_equal(test_count_fds(), before);
    /* The thread may outlive both dial and loop. */
    caller->dial.host = "name.invalid";
    why__dial_start(&caller->dial);
    why__dial_stop(&caller->dial);
    assert_int_equal(why_loop_run(caller->loop), WHY_OK);
    assert_false(caller->has_failed);
    test_silence_clear(&silence);
}

/* RFC 8305 section 4. */
static void families_take_turns(void **state) {
    (void)state;
    static const struct {
        const char *in[6], *out[6];
    } rows[] = {
        {{"::1", "::2", "10.0.0.1", "10.0.0.2"}, {"::1", "10.0.0.1", "::2", "10.0.0.2"}},
        {{"10.0.0.1", "10.0.0.2", "10.0.0.3", "::1"}, {"10.0.0.1", "::1", "10.0.0.2", "10.0.0.3"}},
        {{"::1", "::2", "::3"}, {"::1", "::2", "::3"}},
        {{"10.0.0.1"}, {"10.0.0.1"}},
        {{NULL}, {NULL}},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        struct why__addresses in = {0};
        struct why__addresses out = {0};
        for (size_t k = 0; k < 6 && rows[i].in[k] != NULL; k++) {
            assert_true(why__addresses_add(&in, rows[i].in[k], 1));
            assert_true(why__addresses_add(&out, rows[i].out[k], 1));
        }
        why__dial_interleave(&in);
        assert_int_equal(in.count, out.count);
        assert_memory_equal(in.list, out.list, in.count * sizeof in.list[0]);
    }
}

static void a_race_is_run_in_that_order(void **state) {
    struct caller *caller = *state;
    uint16_t port = 0;
    int bound = test_refuse(false, &port);
    int other = test_refuse_at(true, port);
    struct why__addresses pinned = {0};
    assert_true(why__addresses_add(&pinned, "127.0.0.1", port));
    assert_true(why__addresses_add(&pinned, "127.0.0.1", port));
    assert_true(why__addresses_add(&pinned, "::1", port));
    caller->dial.pinned = &pinned;
    dial(caller, "example.com", 1, NULL);
    assert_true(caller->has_failed);
    assert_int_equal(caller->dial.addresses.list[1].any.sa_family, AF_INET6);
    close(bound);
    if (other >= 0) {
        close(other);
    }
}

static void overrides_name_host_port_and_address(void **state) {
    (void)state;
    static const struct {
        const char *entry;
        bool ok;
        size_t count; /* of addresses for example.com:443 */
    } rows[] = {
        {"example.com:443:192.0.2.1", true, 1},
        {"EXAMPLE.com:443:::1", true, 1},
        {"example.com:443:[::1]", true, 1},
        {"example.com:80:192.0.2.1", true, 0},
        {"other.com:443:192.0.2.1", true, 0},
        {"example.com:443:", false, 0},
        {"example.com:443", false, 0},
        {"example.com", false, 0},
        {":443:192.0.2.1", false, 0},
        {"example.com:x:192.0.2.1", false, 0},
        {"example.com:443:name", false, 0},
        {"example.com:65536:192.0.2.1", false, 0},
        {"", false, 0},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        struct why__addresses out = {0};
        bool ok = why__resolve_override(rows[i].entry, "example.com", 443, &out);
        if (ok != rows[i].ok || out.count != rows[i].count) {
            print_message("FAIL %s\n", rows[i].entry);
        }
        assert_int_equal(ok, rows[i].ok);
        assert_int_equal(out.count, rows[i].count);
    }
}

int main(void) {
#define ROW(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        ROW(connects),
        ROW(a_port_without_a_listener_refuses),
        ROW(localhost_goes_on_to_ipv4_where_ipv6_refuses),
        ROW(both_addresses_are_named_where_both_refuse),
        ROW(a_silent_address_is_overtaken),
        ROW(silence_times_out),
        ROW(a_name_that_does_not_exist_is_a_matter_of_dns),
        ROW(the_most_telling_failure_is_the_cause),
        ROW(a_proxy_that_fails_is_the_proxys_fault),
        ROW(a_name_alone_is_resolved),
        ROW(unix_sockets_connect_or_say_why_not),
        ROW(too_many_open_files_are_named),
        ROW(a_hundred_failures_leave_nothing_open),
        ROW(a_dial_that_is_stopped_says_nothing),
        cmocka_unit_test(families_take_turns),
        ROW(a_race_is_run_in_that_order),
        cmocka_unit_test(overrides_name_host_port_and_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
