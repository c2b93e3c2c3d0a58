/* SPDX-License-Identifier: MIT
 *
 * A peer that has said all and still listens: FIN, or TLS's close_notify, ends its own direction
 * alone (RFC 6455 section 7.1.1, RFC 8446 section 6.1), so what we had for it is still sent.
 */
#include "support/test.h"

#include "support/certs.h"
#include "support/raw_peer.h"
#include "support/world.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    SMALL = 125,
    LARGE = 12 << 20, /* more than the kernel holds for a peer that does not read */
    HEADER_MAX = 14,
};

/* ---- The server ---- */

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

struct stage {
    struct test_world world;
    struct keys keys;
    bool is_secure;
};

/* send_queue_max, ping_interval_ms  0: the default */
static struct stage *start(bool is_secure, size_t send_queue_max, uint32_t ping_interval_ms) {
    struct stage *stage = calloc(1, sizeof *stage);
    stage->is_secure = is_secure;
    if (is_secure) {
        make_keys(&stage->keys);
    }
    test_world_init(&stage->world);
    if (send_queue_max != 0) {
        stage->world.options.send_queue_max = send_queue_max;
    }
    if (ping_interval_ms != 0) {
        stage->world.options.ping_interval_ms = ping_interval_ms;
    }
    test_world_listen(&stage->world, "127.0.0.1:0", is_secure ? &stage->keys.config : NULL);
    test_world_start(&stage->world);
    return stage;
}

static void finish(struct stage *stage) {
    test_world_end(&stage->world);
    if (stage->is_secure) {
        test_folder_remove(&stage->keys.folder);
    }
    free(stage);
}

/* ---- The peer ---- */

struct peer {
    int fd;
    SSL_CTX *context; /* NULL: no TLS */
    SSL *ssl;
};

static struct peer meet(const struct stage *stage) {
    struct peer peer = {.fd = test_connect(stage->world.address)};
    if (stage->is_secure) {
        peer.context = SSL_CTX_new(TLS_client_method());
        peer.ssl = SSL_new(peer.context);
        SSL_set_fd(peer.ssl, peer.fd);
        assert_int_equal(SSL_connect(peer.ssl), 1);
    }
    return peer;
}

static void part(struct peer *peer) {
    SSL_free(peer->ssl);
    SSL_CTX_free(peer->context);
    close(peer->fd);
}

/* Say that, and that it was all, as far as it goes in one segment. */
static void say_last(struct peer *peer, const void *data, size_t len) {
    int one = 1;
    assert_int_equal(setsockopt(peer->fd, IPPROTO_TCP, TCP_CORK, &one, sizeof one), 0);
    if (peer->ssl == NULL) {
        assert_true(test_send(peer->fd, data, len));
        shutdown(peer->fd, SHUT_WR);
        return;
    }
    assert_int_equal(SSL_write(peer->ssl, data, (int)len), len);
    assert_int_equal(SSL_shutdown(peer->ssl), 0); /* ours is sent, theirs did not come */
    int zero = 0;
    assert_int_equal(setsockopt(peer->fd, IPPROTO_TCP, TCP_CORK, &zero, sizeof zero), 0);
}

/* Read until the end; how much came, and how it ended: 0 in order. */
static size_t hear_out(struct peer *peer, uint8_t *data, size_t size, int *error) {
    size_t len = 0;
    for (;;) {
        long got = 0;
        if (peer->ssl != NULL) {
            got = SSL_read(peer->ssl, data + len, (int)(size - len));
            *error = SSL_get_error(peer->ssl, (int)got) == SSL_ERROR_ZERO_RETURN ? 0 : 1;
        } else {
            got = recv(peer->fd, data + len, size - len, 0);
            *error = got == 0 ? 0 : 1;
        }
        if (got <= 0) {
            return len;
        }
        len += (size_t)got;
        assert_true(len < size);
    }
}

static void open_session(struct peer *peer) {
    size_t len = strlen(test_upgrade_request);
    char head[1024] = "";
    if (peer->ssl == NULL) {
        assert_true(test_send(peer->fd, test_upgrade_request, len));
        assert_true(test_read_head(peer->fd, head, sizeof head));
    } else {
        assert_int_equal(SSL_write(peer->ssl, test_upgrade_request, (int)len), len);
        assert_true(SSL_read(peer->ssl, head, sizeof head - 1) > 0);
    }
    assert_memory_equal(head, "HTTP/1.1 101 ", 13);
}

/* A masked message, with a key of zeroes. */
static size_t make_frame(uint8_t *out, size_t len) {
    size_t at = 2;
    out[0] = 0x82;
    out[1] = (uint8_t)(0x80 | (len <= 125 ? len : 127));
    if (len > 125) {
        for (unsigned i = 0; i < 8; i++) {
            out[at++] = (uint8_t)((uint64_t)len >> (56 - 8 * i));
        }
    }
    memset(out + at, 0, 4);
    memset(out + at + 4, 'x', len);
    return at + 4 + len;
}

/* ---- The tests ---- */

static const struct row {
    const char *name;
    bool is_secure;
    size_t len; /* of a message; 0: the upgrade itself is the last thing said */
} rows[] = {
    {"a message before the FIN comes back", false, SMALL},
    {"a message before close_notify comes back", true, SMALL},
    {"all of a message that the kernel cannot hold comes back after the FIN", false, LARGE},
    {"all of a message that the kernel cannot hold comes back after close_notify", true, LARGE},
    {"an upgrade before the FIN is answered", false, 0},
    {"an upgrade before close_notify is answered", true, 0},
};

static const char *play(const struct row *row, struct stage *stage) {
    static uint8_t said[LARGE + HEADER_MAX], heard[LARGE + 4096];
    struct peer peer = meet(stage);
    size_t len = strlen(test_upgrade_request);
    memcpy(said, test_upgrade_request, len);
    if (row->len > 0) {
        open_session(&peer);
        len = make_frame(said, row->len);
    }
    say_last(&peer, said, len);
    int error = 0;
    size_t heard_len = hear_out(&peer, heard, sizeof heard, &error);
    part(&peer);
    if (row->len == 0 ? heard_len < 13 || memcmp(heard, "HTTP/1.1 101 ", 13) != 0
                      : heard_len != len - 4 || heard[heard_len - 1] != 'x') {
        return "the answer did not come whole";
    }
    if (error != 0) {
        return "the end was not in order";
    }
    if (!test_world_wait(&stage->world.closed, 1)) {
        return "the session did not end";
    }
    const struct why_record *record = &stage->world.close_record;
    return record->cause == WHY_CAUSE_TCP_FIN && record->transport == WHY_TRANSPORT_FIN &&
                   record->code == 1006
               ? NULL
               : why_cause_id(record->cause);
}

static void what_is_queued_at_the_peers_end_is_sent(void **state) {
    (void)state;
    unsigned failures = 0;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct stage *stage = start(rows[i].is_secure, 0, 0);
        const char *wrong = play(&rows[i], stage);
        if (wrong != NULL) {
            print_error("%s (RFC 6455 7.1.1, RFC 8446 6.1): %s\n", rows[i].name, wrong);
            failures++;
        }
        finish(stage);
    }
    assert_int_equal(failures, 0);
}

/* It has no more time than silence has: a peer that neither speaks nor reads is gone. */
static void a_peer_that_does_not_read_after_its_end_is_cut(void **state) {
    (void)state;
    static uint8_t said[LARGE + HEADER_MAX];
    for (unsigned is_secure = 0; is_secure < 2; is_secure++) {
        struct stage *stage = start(is_secure != 0, 2 * LARGE, 300);
        struct peer peer = meet(stage);
        open_session(&peer);
        say_last(&peer, said, make_frame(said, LARGE));
        assert_true(test_world_wait(&stage->world.closed, 1));
        assert_string_equal(why_cause_id(stage->world.close_record.cause), "tcp.fin");
        assert_int_equal(stage->world.close_record.transport, WHY_TRANSPORT_FIN);
        part(&peer);
        finish(stage);
    }
}

/* A peer that went away altogether resets what is sent to it: the FIN came first. */
static void a_peer_that_is_gone_has_ended_by_its_fin(void **state) {
    (void)state;
    static uint8_t said[LARGE + HEADER_MAX];
    for (unsigned is_secure = 0; is_secure < 2; is_secure++) {
        struct stage *stage = start(is_secure != 0, 2 * LARGE, 0);
        struct peer peer = meet(stage);
        open_session(&peer);
        say_last(&peer, said, make_frame(said, LARGE));
        assert_true(test_world_wait(&stage->world.messages, 1));
        for (unsigned i = 0; i < 2; i++) { /* turns of the loop: it has seen the end */
            struct peer other = meet(stage);
            open_session(&other);
            part(&other);
            assert_true(test_world_wait(&stage->world.closed, i + 1));
        }
        part(&peer); /* with much unread: an RST */
        assert_true(test_world_wait(&stage->world.closed, 3));
        assert_string_equal(why_cause_id(stage->world.close_record.cause), "tcp.fin");
        finish(stage);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_queued_at_the_peers_end_is_sent),
        cmocka_unit_test(a_peer_that_does_not_read_after_its_end_is_cut),
        cmocka_unit_test(a_peer_that_is_gone_has_ended_by_its_fin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
