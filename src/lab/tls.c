/* SPDX-License-Identifier: MIT
 *
 * TLS on a connection of the lab. OpenSSL reads and writes memory, so that what goes over the wire
 * can be cut and damaged on its way.
 */
#include "lab/link.h"

#include <openssl/err.h>

enum {
    RECORD_HEADER = 5,
    RECORD_HANDSHAKE = 22,
    RECORD_DATA = 23,
    MESSAGE_KEY_EXCHANGE = 12,
    /* A record of the first flight that is longer than this has the certificate in it. */
    CERTIFICATE_LEN_MIN = 200,
    /* Of the ServerHello, where it is cut: the header, and a piece of the message. */
    SERVER_HELLO_CUT = 20,
};

/* ---- Out ---- */

static bool is_the_moment(const struct lab_link *link, const uint8_t *record, size_t len) {
    bool is_handshake = record[0] == RECORD_HANDSHAKE || record[0] == RECORD_DATA;
    if (link->fault_done || link->handshake_done) {
        return false;
    }
    switch (link->mode->moment) {
    case LAB_AT_SERVER_HELLO:
        return link->record_count == 0;
    case LAB_AT_CERTIFICATE:
        return link->record_count > 0 && is_handshake && len > CERTIFICATE_LEN_MIN;
    case LAB_AT_KEY_EXCHANGE:
        return record[0] == RECORD_HANDSHAKE && len > RECORD_HEADER &&
               record[RECORD_HEADER] == MESSAGE_KEY_EXCHANGE;
    case LAB_AT_NOTHING:
    case LAB_AT_ACCEPT:
    case LAB_AT_CLIENT_HELLO:
    case LAB_AT_FINISHED:
        break;
    }
    return false;
}

static bool send_record(struct lab_link *link, uint8_t *record, size_t len) {
    if (!is_the_moment(link, record, len)) {
        link->record_count++;
        return lab_link_send(link, record, len);
    }
    link->fault_done = true;
    if (link->mode->how == LAB_HOW_CORRUPT) {
        record[len - 8] ^= 1;
        link->record_count++;
        return lab_link_send(link, record, len);
    }
    (void)lab_link_send(link, record,
                        link->mode->moment == LAB_AT_SERVER_HELLO ? SERVER_HELLO_CUT : len / 2);
    lab_link_end(link, link->mode->how);
    return false;
}

/* Send what OpenSSL has written: whole records, one after the other. */
static bool flush(struct lab_link *link) {
    char *data = NULL;
    long pending = BIO_get_mem_data(link->out, &data);
    bool sent = !link->ended;
    uint8_t *at = (uint8_t *)data;
    for (size_t left = pending > 0 ? (size_t)pending : 0; sent && left >= RECORD_HEADER;) {
        size_t len = RECORD_HEADER + ((size_t)at[3] << 8 | (size_t)at[4]);
        len = len < left ? len : left;
        sent = send_record(link, at, len);
        at += len;
        left -= len;
    }
    (void)BIO_reset(link->out);
    return sent;
}

/* ---- In ---- */

static bool fill(struct lab_link *link) {
    uint8_t piece[16384];
    size_t len = lab_link_receive(link, piece, sizeof piece);
    return len > 0 && BIO_write(link->in, piece, (int)len) == (int)len;
}

/* After a call of OpenSSL that did not do it: send, fetch, and say whether to call again. */
static bool go_on(struct lab_link *link, int result) {
    int error = SSL_get_error(link->ssl, result);
    ERR_clear_error();
    if (!flush(link)) {
        return false;
    }
    return error == SSL_ERROR_WANT_READ && fill(link);
}

static void on_info(const SSL *ssl, int where, int value) {
    if ((where & SSL_CB_READ_ALERT) == SSL_CB_READ_ALERT) {
        struct lab_link *link = SSL_get_app_data(ssl);
        link->alert = value & 0xff;
    }
}

bool lab_link_start_tls(struct lab_link *link, SSL_CTX *context) {
    link->ssl = SSL_new(context);
    link->in = BIO_new(BIO_s_mem());
    link->out = BIO_new(BIO_s_mem());
    if (link->ssl == NULL || link->in == NULL || link->out == NULL) {
        BIO_free(link->in);
        BIO_free(link->out);
        SSL_free(link->ssl);
        link->ssl = NULL;
        return false;
    }
    BIO_set_mem_eof_return(link->in, -1);
    SSL_set_bio(link->ssl, link->in, link->out);
    SSL_set_app_data(link->ssl, link);
    SSL_set_info_callback(link->ssl, on_info);
    int result = 0;
    do {
        result = SSL_accept(link->ssl);
    } while (result != 1 && go_on(link, result));
    link->handshake_done = result == 1 && flush(link);
    if (link->handshake_done && link->mode->moment == LAB_AT_FINISHED) {
        lab_link_end(link, link->mode->how);
        return false;
    }
    if (!link->handshake_done && !link->ended) {
        lab_link_finish(link); /* the peer may have an alert of ours to read */
    }
    return link->handshake_done;
}

/* ---- With or without ---- */

bool lab_link_wait_data(const struct lab_link *link, int timeout_ms) {
    bool has_data =
        link->early_at < link->early_len ||
        (link->ssl != NULL && (SSL_pending(link->ssl) > 0 || BIO_ctrl_pending(link->in) > 0));
    return has_data || lab_link_wait(link, timeout_ms);
}

size_t lab_link_receive_data(struct lab_link *link, uint8_t *out, size_t size) {
    if (link->ssl == NULL) {
        return lab_link_receive(link, out, size);
    }
    int result = 0;
    do {
        result = SSL_read(link->ssl, out, (int)size);
    } while (result <= 0 && go_on(link, result));
    return result > 0 ? (size_t)result : 0;
}

bool lab_link_send_data(struct lab_link *link, const void *data, size_t len) {
    if (link->ssl == NULL) {
        return lab_link_send(link, data, len);
    }
    return len == 0 || (SSL_write(link->ssl, data, (int)len) == (int)len && flush(link));
}

void lab_link_finish_data(struct lab_link *link) {
    if (link->ssl != NULL && !link->mode->tls.no_close_notify) {
        (void)SSL_shutdown(link->ssl);
        ERR_clear_error();
        (void)flush(link);
    }
    lab_link_finish(link);
}
