/* SPDX-License-Identifier: MIT
 *
 * A server that lets the kernel make the TLS records it sends, where the kernel has that; where it
 * has not, all of this has to be as without. `make ktls` runs it under a kernel that has it.
 */
#include "support/test.h"

#include "net/ktls.h"
#include "support/certs.h"
#include "support/raw_peer.h"
#include "support/world.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <unistd.h>

static const char *const suites[] = {"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384",
                                     "TLS_CHACHA20_POLY1305_SHA256"};

static struct test_folder folder;
static char cert_path[300], key_path[300];
static bool is_there;
static bool can_renew; /* Linux 6.14 */

static int make_keys(void **state) {
    (void)state;
    test_folder_init(&folder);
    struct test_cert cert =
        test_cert_new(&(struct test_cert_spec){.cn = "localhost", .names = "IP:127.0.0.1"}, NULL);
    snprintf(cert_path, sizeof cert_path, "%s", test_write_cert(&folder, "cert.pem", &cert));
    snprintf(key_path, sizeof key_path, "%s", test_write_key(&folder, "key.pem", &cert));
    test_cert_free(&cert);
    struct utsname system;
    assert_int_equal(uname(&system), 0);
    char *end = NULL;
    long major = strtol(system.release, &end, 10);
    long minor = strtol(end + 1, NULL, 10);
    is_there = why__ktls_is_there();
    can_renew = major > 6 || (major == 6 && minor >= 14);
    print_message("Linux %ld.%ld, kTLS: %s\n", major, minor, is_there ? "yes" : "no");
    /* Whoever asks for a kernel that has it is not to be content with less. */
    assert_true(is_there || getenv("WHY_TEST_KTLS") == NULL);
    return 0;
}

static int drop_keys(void **state) {
    (void)state;
    test_folder_remove(&folder);
    return 0;
}

/* How many sockets have been given such keys so far, on this machine. */
static unsigned long given_count(void) {
    FILE *file = fopen("/proc/net/tls_stat", "re");
    char line[256] = "";
    unsigned long count = 0;
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, "TlsTxSw ", 8) == 0) {
            count = strtoul(line + 8, NULL, 10);
        }
    }
    if (file != NULL) {
        fclose(file);
    }
    return count;
}

/* ---- A client ---- */

struct visit {
    struct test_world *world;
    SSL_CTX *context;
    SSL *ssl;
    int fd;
    unsigned long given_before;
};

static void read_all(struct visit *visit, void *data, size_t len) {
    for (size_t at = 0; at < len;) {
        int got = SSL_read(visit->ssl, (uint8_t *)data + at, (int)(len - at));
        if (got <= 0) {
            fail_msg("%zu of %zu bytes came, then: %d, errno %d, %s", at, len,
                     SSL_get_error(visit->ssl, got), errno,
                     ERR_reason_error_string(ERR_peek_error()));
        }
        at += (size_t)got;
    }
}

static void send_message(struct visit *visit, uint8_t first, const uint8_t *data, size_t len) {
    uint8_t *frame = malloc(14 + len);
    size_t at = 0;
    frame[at++] = first;
    if (len < 126) {
        frame[at++] = (uint8_t)(0x80 | len);
    } else {
        frame[at++] = 0x80 | 127;
        if (len < 65536) {
            frame[at - 1] = 0x80 | 126;
        }
        for (int shift = len < 65536 ? 8 : 56; shift >= 0; shift -= 8) {
            frame[at++] = (uint8_t)((uint64_t)len >> shift);
        }
    }
    memset(frame + at, 0, 4); /* the mask */
    memcpy(frame + at + 4, data, len);
    assert_int_equal(SSL_write(visit->ssl, frame, (int)(at + 4 + len)), at + 4 + len);
    free(frame);
}

/* Returns the payload's length; it is thrown away where `data` is NULL. */
static size_t read_message(struct visit *visit, uint8_t first, uint8_t *data) {
    uint8_t head[10];
    read_all(visit, head, 2);
    assert_int_equal(head[0], first);
    size_t len = head[1];
    if (len > 125) {
        size_t more = len == 126 ? 2 : 8;
        read_all(visit, head, more);
        len = 0;
        for (size_t i = 0; i < more; i++) {
            len = len << 8 | head[i];
        }
    }
    if (data != NULL) {
        read_all(visit, data, len);
    }
    return len;
}

static void begin(struct visit *visit, const char *suite) {
    static const struct why_tls_config config = {
        .cert_file = cert_path, .key_file = key_path, .kernel_sends = true};
    if (visit->world == NULL) {
        visit->world = malloc(sizeof *visit->world);
        test_world_init(visit->world);
    }
    test_world_listen(visit->world, "127.0.0.1:0", &config);
    test_world_start(visit->world);
    visit->given_before = given_count();
    visit->fd = test_connect(visit->world->address);
    visit->context = SSL_CTX_new(TLS_client_method());
    assert_int_equal(SSL_CTX_set_ciphersuites(visit->context, suite), 1);
    visit->ssl = SSL_new(visit->context);
    SSL_set_fd(visit->ssl, visit->fd);
    assert_int_equal(SSL_connect(visit->ssl), 1);
    int request_len = (int)strlen(test_upgrade_request);
    assert_int_equal(SSL_write(visit->ssl, test_upgrade_request, request_len), request_len);
    char answer[1024] = "";
    for (size_t len = 0; strstr(answer, "\r\n\r\n") == NULL; len++) {
        assert_in_range(len, 0, sizeof answer - 2);
        read_all(visit, answer + len, 1);
    }
    assert_memory_equal(answer, "HTTP/1.1 101 ", 13);
}

/* What comes last is close_notify, and then the end of TCP's stream; neither is cut off. */
static void expect_end(struct visit *visit) {
    char rest[8];
    assert_int_equal(SSL_read(visit->ssl, rest, sizeof rest), 0);
    assert_int_equal(SSL_get_error(visit->ssl, 0), SSL_ERROR_ZERO_RETURN);
    assert_int_equal(recv(visit->fd, rest, sizeof rest, 0), 0);
}

static void end(struct visit *visit, enum why_cause cause) {
    SSL_free(visit->ssl);
    SSL_CTX_free(visit->context);
    if (visit->fd >= 0) {
        close(visit->fd);
    }
    assert_true(test_world_wait(&visit->world->closed, 1));
    if (visit->world->close_record.cause != cause) {
        fail_msg("%s and not %s", why_cause_id(visit->world->close_record.cause),
                 why_cause_id(cause));
    }
    if (is_there) {
        assert_true(given_count() > visit->given_before);
    }
    test_world_end(visit->world);
    free(visit->world);
}

static void say_close(struct visit *visit) {
    send_message(visit, 0x88, (const uint8_t *)"\x03\xe8", 2);
}

static void close_in_order(struct visit *visit) {
    uint8_t code[2];
    say_close(visit);
    assert_int_equal(read_message(visit, 0x88, code), 2);
    expect_end(visit);
    end(visit, WHY_CAUSE_PEER_CLOSED);
}

/* ---- Data ---- */

static void echo(struct visit *visit, size_t len) {
    uint8_t *data = malloc(2 * len + 1);
    for (size_t i = 0; i < len; i++) {
        data[i] = (uint8_t)(i * 31 + len);
    }
    send_message(visit, 0x82, data, len);
    assert_int_equal(read_message(visit, 0x82, data + len), len);
    assert_memory_equal(data, data + len, len);
    free(data);
}

static void messages_of_all_sizes_come_back(void **state) {
    (void)state;
    static const size_t lengths[] = {0,     1,     2,     125,   126,        4096,
                                     16379, 16380, 16384, 16385, 64 * 1024u, 1024 * 1024u};
    for (size_t i = 0; i < TEST_COUNT(suites); i++) {
        struct visit visit = {0};
        begin(&visit, suites[i]);
        for (size_t at = 0; at < TEST_COUNT(lengths); at++) {
            echo(&visit, lengths[at]);
        }
        close_in_order(&visit);
    }
}

static void many_small_messages_come_back(void **state) {
    (void)state;
    struct visit visit = {0};
    begin(&visit, suites[1]);
    for (size_t i = 0; i < 500; i++) {
        send_message(&visit, 0x81, (const uint8_t *)"hello", i % 6);
    }
    for (size_t i = 0; i < 500; i++) {
        uint8_t text[5];
        assert_int_equal(read_message(&visit, 0x81, text), i % 6);
        assert_memory_equal(text, "hello", i % 6);
    }
    close_in_order(&visit);
}

/* What no message asked for is sent together with that of other connections, on io_uring. */
static void pings_are_sent_too(void **state) {
    (void)state;
    struct visit visit = {.world = malloc(sizeof *visit.world)};
    test_world_init(visit.world);
    visit.world->options.ping_interval_ms = 20;
    begin(&visit, suites[0]);
    for (int i = 0; i < 3; i++) {
        uint8_t payload[125];
        size_t len = read_message(&visit, 0x89, payload);
        send_message(&visit, 0x8a, payload, len);
    }
    visit.world->options.ping_interval_ms = 0;
    say_close(&visit);
    uint8_t head[2] = {0x89, 0};
    while (head[0] == 0x89) { /* one more may be under way */
        uint8_t payload[125];
        read_all(&visit, head, 2);
        read_all(&visit, payload, head[1]);
    }
    assert_int_equal(head[0], 0x88);
    expect_end(&visit);
    end(&visit, WHY_CAUSE_PEER_CLOSED);
}

#define MUCH ((size_t)12 << 20)

static void send_much(struct why_session *session, const struct why_event *event) {
    (void)event;
    uint8_t *data = calloc(1, MUCH);
    int sent = why_session_send(session, WHY_OPCODE_BINARY, (struct why_bytes){data, MUCH}, 0);
    int closed = why_session_close(session, 1000, (struct why_bytes){0});
    test_world_of(session)->messages += sent == WHY_OK && closed == WHY_OK;
    free(data);
}

/* More than a socket's buffers hold, then the end: nothing of it is cut off. */
static void who_reads_late_reads_all(void **state) {
    (void)state;
    struct visit visit = {.world = malloc(sizeof *visit.world)};
    test_world_init(visit.world);
    visit.world->handler.on_message = send_much;
    begin(&visit, suites[1]);
    send_message(&visit, 0x81, (const uint8_t *)"go", 2);
    assert_true(test_world_wait(&visit.world->messages, 1));
    assert_int_equal(read_message(&visit, 0x82, NULL), MUCH);
    static uint8_t piece[30000];
    for (size_t at = 0; at < MUCH;) {
        size_t len = MUCH - at < sizeof piece ? MUCH - at : sizeof piece;
        read_all(&visit, piece, len);
        at += len;
        if (at % (50 * sizeof piece) == 0) {
            usleep(1000);
        }
    }
    uint8_t code[2];
    assert_int_equal(read_message(&visit, 0x88, code), 2);
    say_close(&visit);
    expect_end(&visit);
    end(&visit, WHY_CAUSE_LOCAL_CLOSED);
}

/* ---- What is no data ---- */

static void a_client_may_take_new_keys(void **state) {
    (void)state;
    struct visit visit = {0};
    begin(&visit, suites[2]);
    for (int i = 0; i < 5; i++) {
        echo(&visit, 100);
        assert_int_equal(SSL_key_update(visit.ssl, SSL_KEY_UPDATE_NOT_REQUESTED), 1);
        echo(&visit, 20000);
    }
    close_in_order(&visit);
}

/* RFC 8446 section 4.6.3. A kernel that cannot do it ends the connection, and says so. */
static void a_client_may_ask_for_new_keys(void **state) {
    (void)state;
    for (size_t i = 0; i < TEST_COUNT(suites); i++) {
        struct visit visit = {0};
        begin(&visit, suites[i]);
        echo(&visit, 100);
        assert_int_equal(SSL_key_update(visit.ssl, SSL_KEY_UPDATE_REQUESTED), 1);
        if (!is_there || can_renew) {
            echo(&visit, 100);
            assert_int_equal(SSL_key_update(visit.ssl, SSL_KEY_UPDATE_REQUESTED), 1);
            echo(&visit, 100000);
            close_in_order(&visit);
            continue;
        }
        assert_int_equal(SSL_do_handshake(visit.ssl), 1); /* it leaves */
        uint8_t code[2];
        assert_int_equal(read_message(&visit, 0x88, code), 2);
        assert_memory_equal(code, "\x03\xe9", 2);
        send_message(&visit, 0x88, code, 2);
        expect_end(&visit);
        end(&visit, WHY_CAUSE_LOCAL_TLS_KEYS);
    }
}

static void a_record_that_is_not_authentic_is_answered_by_an_alert(void **state) {
    (void)state;
    struct visit visit = {0};
    begin(&visit, suites[0]);
    echo(&visit, 1);
    static const uint8_t record[5 + 30] = {0x17, 3, 3, 0, 30};
    assert_true(test_send(visit.fd, record, sizeof record));
    char rest[8];
    int got = SSL_read(visit.ssl, rest, sizeof rest);
    assert_int_equal(SSL_get_error(visit.ssl, got), SSL_ERROR_SSL);
    assert_int_equal(ERR_GET_REASON(ERR_peek_error()), SSL_R_SSLV3_ALERT_BAD_RECORD_MAC);
    ERR_clear_error();
    assert_int_equal(recv(visit.fd, rest, sizeof rest, 0), 0);
    end(&visit, WHY_CAUSE_TLS_CORRUPTED);
}

/* ---- The client's end ---- */

static void after_a_clients_close_notify_its_answers_still_come(void **state) {
    (void)state;
    struct visit visit = {0};
    begin(&visit, suites[1]);
    uint8_t data[100];
    memset(data, 'a', sizeof data);
    send_message(&visit, 0x81, data, sizeof data);
    assert_int_equal(SSL_shutdown(visit.ssl), 0);
    assert_int_equal(read_message(&visit, 0x81, data), sizeof data);
    expect_end(&visit);
    end(&visit, WHY_CAUSE_TCP_FIN);
}

static void a_cut_while_much_is_sent_is_told(void **state) {
    (void)state;
    for (int is_reset = 0; is_reset < 2; is_reset++) {
        struct visit visit = {.world = malloc(sizeof *visit.world)};
        test_world_init(visit.world);
        visit.world->handler.on_message = send_much;
        begin(&visit, suites[1]);
        send_message(&visit, 0x81, (const uint8_t *)"go", 2);
        assert_true(test_world_wait(&visit.world->messages, 1));
        (void)read_message(&visit, 0x82, NULL);
        if (is_reset) {
            test_reset(visit.fd);
        } else {
            close(visit.fd); /* with data unread: that is a reset, too */
        }
        visit.fd = -1;
        end(&visit, WHY_CAUSE_TCP_RESET);
    }
}

static void a_cut_of_an_idle_connection_is_told(void **state) {
    (void)state;
    struct visit visit = {0};
    begin(&visit, suites[1]);
    echo(&visit, 10);
    shutdown(visit.fd, SHUT_RDWR);
    end(&visit, WHY_CAUSE_TCP_FIN);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_of_all_sizes_come_back),
        cmocka_unit_test(many_small_messages_come_back),
        cmocka_unit_test(pings_are_sent_too),
        cmocka_unit_test(who_reads_late_reads_all),
        cmocka_unit_test(a_client_may_take_new_keys),
        cmocka_unit_test(a_client_may_ask_for_new_keys),
        cmocka_unit_test(a_record_that_is_not_authentic_is_answered_by_an_alert),
        cmocka_unit_test(after_a_clients_close_notify_its_answers_still_come),
        cmocka_unit_test(a_cut_while_much_is_sent_is_told),
        cmocka_unit_test(a_cut_of_an_idle_connection_is_told),
    };
    return cmocka_run_group_tests(tests, make_keys, drop_keys);
}
