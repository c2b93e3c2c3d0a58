/* SPDX-License-Identifier: MIT
 *
 * OpenSSL's way to the outside: reads come straight from the caller's input, writes go to the
 * output buffer, which exists only while something is in it.
 */
#include "tls/engine.h"

#include <string.h>

#define OUTPUT_FIRST_SIZE ((size_t)2048)
#define SPARE_MAX ((size_t)256 * 1024)

static int read_input(BIO *bio, char *data, int len) {
    struct why__tls *tls = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (len <= 0) {
        return 0;
    }
    if (tls->input.len == 0) {
        BIO_set_retry_read(bio);
        return -1;
    }
    size_t take = (size_t)len < tls->input.len ? (size_t)len : tls->input.len;
    memcpy(data, tls->input.data, take);
    tls->input.data += take;
    tls->input.len -= take;
    return (int)take;
}

static int write_output(BIO *bio, const char *data, int len) {
    struct why__tls *tls = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (len <= 0) {
        return 0;
    }
    if (tls->output_len - tls->output_at + (size_t)len > WHY__TLS_OUTPUT_HARD_MAX) {
        tls->flooded = true;
        return -1;
    }
    if (!why__tls_output_reserve(tls, (size_t)len)) {
        tls->no_memory = true;
        return -1;
    }
    why__tls_output_append(tls, data, (size_t)len);
    return len;
}

static long control(BIO *bio, int command, long number, void *pointer) {
    (void)bio;
    (void)number;
    (void)pointer;
    return command == BIO_CTRL_FLUSH ? 1 : 0;
}

BIO_METHOD *why__tls_bio_method(void) {
    BIO_METHOD *method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "whysocket");
    if (method == NULL) {
        return NULL;
    }
    if (BIO_meth_set_read(method, read_input) != 1 ||
        BIO_meth_set_write(method, write_output) != 1 || BIO_meth_set_ctrl(method, control) != 1) {
        BIO_meth_free(method);
        return NULL;
    }
    return method;
}

bool why__tls_output_reserve(struct why__tls *tls, size_t len) {
    if (tls->output == NULL) {
        struct why__tls_context *context = tls->context;
        tls->output = context->spare;
        tls->output_size = context->spare_size;
        context->spare = NULL;
        context->spare_size = 0;
    }
    size_t held = tls->output_len - tls->output_at;
    if (tls->output_size - tls->output_len >= len) {
        return true;
    }
    if (tls->output_at > 0) {
        memmove(tls->output, tls->output + tls->output_at, held);
        tls->output_at = 0;
        tls->output_len = held;
    }
    size_t size = tls->output_size == 0 ? OUTPUT_FIRST_SIZE : tls->output_size;
    while (size - held < len) {
        size *= 2;
    }
    if (size == tls->output_size) {
        return true;
    }
    const struct why_host *host = tls->context->host;
    uint8_t *output = host->allocate(host->context, tls->output, size);
    if (output == NULL) {
        return false;
    }
    tls->output = output;
    tls->output_size = size;
    return true;
}

void why__tls_output_append(struct why__tls *tls, const void *data, size_t len) {
    memcpy(tls->output + tls->output_len, data, len);
    tls->output_len += len;
}

struct why_bytes why__tls_output(const struct why__tls *tls) {
    if (tls->output == NULL) {
        return (struct why_bytes){0};
    }
    return (struct why_bytes){tls->output + tls->output_at, tls->output_len - tls->output_at};
}

/* Whoever writes next takes it over, which is sooner than fresh memory: its pages are there, and in
 * the cache. */
static void give_back(struct why__tls *tls) {
    struct why__tls_context *context = tls->context;
    const struct why_host *host = context->host;
    if (context->spare_size < tls->output_size && tls->output_size <= SPARE_MAX) {
        host->allocate(host->context, context->spare, 0);
        context->spare = tls->output;
        context->spare_size = tls->output_size;
    } else {
        host->allocate(host->context, tls->output, 0);
    }
    tls->output = NULL;
    tls->output_size = 0;
}

void why__tls_output_consumed(struct why__tls *tls, size_t len) {
    tls->output_at += len;
    if (tls->output_at == tls->output_len && tls->output != NULL) {
        give_back(tls);
        tls->output_at = tls->output_len = 0;
    }
}
