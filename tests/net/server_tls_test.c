/* SPDX-License-Identifier: MIT
 *
 * The server's ports for TLS: an echo through OpenSSL's own client, what is no TLS, handshakes that
 * are cut or dribble.
 */
#include "support/test.h"

#include "support/certs.h"
#include "support/raw_peer.h"
#include "support/world.h"

#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct test_world *new_world(void) {
    struct test_world *world = malloc(sizeof *world);
    test_world_init(world);
    return world;
}

static void finish(struct test_world *world) {
    test_world_end(world);
    free(world);
}

struct keys {
    struct test_folder folder;
    struct why_tls_config config;
    char cert_path[300], key_path[300];
};

static void make_keys(struct keys *keys) {
    memset(keys, 0, sizeof *keys);
    test_folder_init(&keys->folder);
    struct test_cert cert =
        test_cert_new(&(struct test_cert_spec){.cn = "localhost", .names = "IP:127.0.0.1"}, NULL);
    snprintf(keys->cert_path, sizeof keys->cert_path, "%s",
             test_write_cert(&keys->folder, "cert.pem", &cert));
    snprintf(keys->key_path, sizeof keys->key_path, "%s",
             test_write_key(&keys->folder, "key.pem", &cert));
    test_cert_free(&cert);
    keys->config.cert_file = keys->cert_path;
    keys->config.key_file = keys->key_path;
}

static void tls_carries_an_echo_and_a_close(void **state) {
    (void)state;
    struct keys keys;
    make_keys(&keys);
    struct test_world *world = new_world();
    test_world_listen(world, "127.0.0.1:0", &keys.config);
    test_world_start(world);
    int fd = test_connect(world->address);
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    SSL *ssl = SSL_new(context);
    SSL_set_fd(ssl, fd);
    assert_int_equal(SSL_connect(ssl), 1);
    /* The first frame is in one record with the request, and another follows it at once. */
    static const uint8_t text[] = {0x81, 0x82, 0, 0, 0, 0, 'h', 'i'};
    char both[1024];
    size_t both_len = strlen(test_upgrade_request);
    memcpy(both, test_upgrade_request, both_len);
    memcpy(both + both_len, text, sizeof text);
    both_len += sizeof text;
    assert_int_equal(SSL_write(ssl, both, (int)both_len), both_len);
    assert_int_equal(SSL_write(ssl, text, sizeof text), sizeof text);
    char answer[1024] = "";
    int len = 0;
    while (strstr(answer, "\r\n\r\n") == NULL) {
        int got = SSL_read(ssl, answer + len, 1);
        assert_true(got > 0);
        len += got;
        answer[len] = '\0';
    }
    assert_memory_equal(answer, "HTTP/1.1 101 ", 13);
    for (len = 0; len < 8;) {
        int got = SSL_read(ssl, answer + len, 8 - len);
        assert_true(got > 0);
        len += got;
    }
    assert_memory_equal(answer + 4, "\x81\x02hi", 4);
    assert_memory_equal(answer, "\x81\x02hi", 4);
    static const uint8_t close_frame[] = {0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe8};
    assert_int_equal(SSL_write(ssl, close_frame, sizeof close_frame), sizeof close_frame);
    assert_int_equal(SSL_read(ssl, answer, sizeof answer), 4);
    assert_memory_equal(answer, "\x88\x02\x03\xe8", 4);
    assert_int_equal(SSL_read(ssl, answer, sizeof answer), 0);
    assert_int_equal(SSL_get_error(ssl, 0), SSL_ERROR_ZERO_RETURN); /* close_notify came */
    SSL_free(ssl);
    SSL_CTX_free(context);
    close(fd);
    assert_true(test_world_wait(&world->closed, 1));
    assert_int_equal(world->close_record.cause, WHY_CAUSE_PEER_CLOSED);
    assert_int_equal(world->close_record.code, 1000);
    assert_true(world->close_record.tls.present);
    assert_string_equal(world->close_record.tls.version, "TLSv1.3");
    assert_true(world->close_record.timings.tls_us != WHY_NO_TIME);
    finish(world);
    test_folder_remove(&keys.folder);
}

static void plain_http_at_a_tls_port_is_told_about_wss(void **state) {
    (void)state;
    struct keys keys;
    make_keys(&keys);
    struct test_world *world = new_world();
    test_world_listen(world, "127.0.0.1:0", &keys.config);
    test_world_start(world);
    int fd = test_connect(world->address);
    assert_true(test_send_text(fd, test_upgrade_request));
    char head[1024];
    assert_true(test_read_head(fd, head, sizeof head));
    assert_memory_equal(head, "HTTP/1.1 400 ", 13);
    char body[256] = "";
    assert_true(recv(fd, body, sizeof body - 1, MSG_WAITALL) == 82);
    assert_non_null(strstr(body, "wss://"));
    close(fd);
    assert_true(test_world_wait(&world->refused, 1));
    assert_int_equal(world->refused_record.cause, WHY_CAUSE_TLS_PLAIN_HTTP);
    assert_int_equal(world->refused_record.side, WHY_SIDE_PEER);
    finish(world);
    test_folder_remove(&keys.folder);
}

static void garbage_at_a_tls_port_is_refused_with_its_cause(void **state) {
    (void)state;
    struct keys keys;
    make_keys(&keys);
    struct test_world *world = new_world();
    test_world_listen(world, "127.0.0.1:0", &keys.config);
    test_world_start(world);
    int fd = test_connect(world->address);
    assert_true(test_send(fd, "\x01\x02\x03\x04\x05\x06\x07\x08", 8));
    assert_int_not_equal(test_drain(fd, 2000), TEST_SILENCE);
    close(fd);
    assert_true(test_world_wait(&world->refused, 1));
    assert_int_equal(why_cause_layer(world->refused_record.cause), WHY_LAYER_TLS);
    finish(world);
    test_folder_remove(&keys.folder);
}

/* A ClientHello as OpenSSL sends it. */
static size_t client_hello(uint8_t *out, size_t size) {
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    SSL *ssl = SSL_new(context);
    BIO *in = BIO_new(BIO_s_mem());
    BIO *hello = BIO_new(BIO_s_mem());
    SSL_set_bio(ssl, in, hello);
    assert_int_equal(SSL_connect(ssl), -1);
    int len = BIO_read(hello, out, (int)size);
    assert_true(len > 100);
    SSL_free(ssl);
    SSL_CTX_free(context);
    return (size_t)len;
}

/* Row 124. */
static void a_tls_handshake_cut_anywhere_ends_at_once(void **state) {
    (void)state;
    struct keys keys;
    make_keys(&keys);
    struct test_world *world = new_world();
    test_world_listen(world, "127.0.0.1:0", &keys.config);
    test_world_start(world);
    uint8_t hello[2048];
    size_t len = client_hello(hello, sizeof hello);
    unsigned expected = 0;
    for (size_t cut = 0; cut <= len; cut += cut < 16 ? 1 : 13) {
        int fd = test_connect(world->address);
        assert_true(test_send(fd, hello, cut));
        shutdown(fd, SHUT_WR);
        assert_int_not_equal(test_drain(fd, 2000), TEST_SILENCE);
        close(fd);
        assert_true(test_world_wait(&world->refused, ++expected));
        if (world->refused_record.code != 1015) {
            fail_msg("cut at %zu: %s", cut, why_cause_id(world->refused_record.cause));
        }
    }
    finish(world);
    test_folder_remove(&keys.folder);
}

/* Row 128: a byte now and then, and still the deadline stands. */
static void a_client_hello_in_drops_is_cut_at_its_deadline(void **state) {
    (void)state;
    struct keys keys;
    make_keys(&keys);
    enum {
        MANY = 30
    };
    struct test_world *world = new_world();
    world->options.tls_timeout_ms = 250;
    test_world_listen(world, "127.0.0.1:0", &keys.config);
    test_world_start(world);
    int fds[MANY];
    uint8_t hello[2048];
    size_t len = client_hello(hello, sizeof hello);
    uint64_t begin_ms = test_now_ms();
    for (size_t i = 0; i < MANY; i++) {
        fds[i] = test_connect(world->address);
    }
    for (size_t at = 0; world->refused < MANY && test_now_ms() - begin_ms < 5000; at++) {
        for (size_t i = 0; i < MANY; i++) {
            (void)send(fds[i], hello + at % len, 1, MSG_NOSIGNAL);
        }
        usleep(20000);
    }
    assert_int_equal(world->refused, MANY);
    assert_true(test_now_ms() - begin_ms >= 249);
    assert_string_equal(why_cause_id(world->refused_record.cause), "timeout.tls");
    assert_int_equal(world->refused_record.transport, WHY_TRANSPORT_TIMEOUT);
    for (size_t i = 0; i < MANY; i++) {
        assert_int_not_equal(test_drain(fds[i], 2000), TEST_SILENCE);
        close(fds[i]);
    }
    finish(world);
    test_folder_remove(&keys.folder);
}

struct ending {
    struct test_world *world;
    bool stops; /* else the server is freed */
};

static void on_done(void *user) {
    struct test_world *world = user;
    world->done++;
}

static void end_server(void *argument) {
    const struct ending *ending = argument;
    struct test_world *world = ending->world;
    if (ending->stops) {
        why_server_stop(world->server, 0, 2000, on_done);
    } else {
        why_server_free(world->server);
        world->server = NULL;
    }
}

/* What the sessions need of the port outlives it. */
static void tls_sessions_outlive_the_port(bool stops) {
    struct keys keys;
    make_keys(&keys);
    struct test_world *world = new_world();
    test_world_listen(world, "127.0.0.1:0", &keys.config);
    test_world_start(world);
    int fd = test_connect(world->address);
    int in_handshake = test_connect(world->address);
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    SSL *ssl = SSL_new(context);
    SSL_set_fd(ssl, fd);
    assert_int_equal(SSL_connect(ssl), 1);
    int request_len = (int)strlen(test_upgrade_request);
    assert_int_equal(SSL_write(ssl, test_upgrade_request, request_len), request_len);
    assert_true(test_world_wait(&world->opened, 1));
    struct ending ending = {world, stops};
    assert_int_equal(why_loop_post(world->loop, end_server, &ending), WHY_OK);
    if (stops) {
        char answer[1024];
        uint8_t close_frame[8];
        while (SSL_read(ssl, answer, sizeof answer) > 0 &&
               memcmp(answer, "\x88\x02\x03\xe9", 4) != 0) {
        }
        assert_memory_equal(answer, "\x88\x02\x03\xe9", 4);
        memcpy(close_frame, "\x88\x82\0\0\0\0\x03\xe9", sizeof close_frame);
        assert_int_equal(SSL_write(ssl, close_frame, sizeof close_frame), sizeof close_frame);
        assert_true(test_world_wait(&world->done, 1));
    }
    assert_true(test_world_wait(&world->closed, 1));
    assert_true(test_world_wait(&world->refused, 1));
    assert_int_equal(world->close_record.cause, WHY_CAUSE_LOCAL_SHUTDOWN);
    SSL_free(ssl);
    SSL_CTX_free(context);
    close(fd);
    close(in_handshake);
    finish(world);
    test_folder_remove(&keys.folder);
}

static void a_stop_says_1001_to_tls_sessions(void **state) {
    (void)state;
    tls_sessions_outlive_the_port(true);
}

static void a_server_is_freed_with_tls_sessions_open(void **state) {
    (void)state;
    tls_sessions_outlive_the_port(false);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tls_carries_an_echo_and_a_close),
        cmocka_unit_test(plain_http_at_a_tls_port_is_told_about_wss),
        cmocka_unit_test(garbage_at_a_tls_port_is_refused_with_its_cause),
        cmocka_unit_test(a_tls_handshake_cut_anywhere_ends_at_once),
        cmocka_unit_test(a_client_hello_in_drops_is_cut_at_its_deadline),
        cmocka_unit_test(a_stop_says_1001_to_tls_sessions),
        cmocka_unit_test(a_server_is_freed_with_tls_sessions_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
