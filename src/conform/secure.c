/* SPDX-License-Identifier: MIT */
#include "conform/secure.h"

#include <stdlib.h>
#include <string.h>

enum {
    TLS_1_0 = 0x0301,
    TLS_1_1 = 0x0302,
    TLS_1_2 = 0x0303,
    TLS_1_3 = 0x0304,
    NAME_MAX_LEN = 255,
};

/* What a mode's ClientHello is like. */
static const struct mode {
    const char *name;
    bool is_plain; /* there is no TLS at all: the case says what is sent */
    bool no_name;  /* no SNI */
    uint16_t min, max;
} modes[] = {
    {.name = "max1.0", .min = TLS_1_0, .max = TLS_1_0},
    {.name = "max1.1", .min = TLS_1_0, .max = TLS_1_1},
    {.name = "max1.2", .min = TLS_1_2, .max = TLS_1_2},
    {.name = "only1.3", .min = TLS_1_3, .max = TLS_1_3},
    {.name = "nosni", .no_name = true},
    {.name = "plain", .is_plain = true},
    {.name = "garbage", .is_plain = true},
    {.name = "silence", .is_plain = true},
};

enum {
    MODE_COUNT = sizeof modes / sizeof *modes,
};

struct conform_secure {
    struct why__tls_context *healthy;
    struct why__tls_context *bent[MODE_COUNT]; /* NULL where there is none */
    char name[NAME_MAX_LEN + 1];
};

static int make_mode(struct conform_secure *secure, size_t index, const struct why_host *host,
                     const struct why_tls_config *config) {
    const struct mode *mode = &modes[index];
    struct why_tls_config bent = *config;
    if (mode->is_plain) {
        return WHY_OK;
    }
    if (mode->max != 0) {
        bent.min_version = mode->min;
        bent.max_version = mode->max;
    }
    if (mode->max != 0 && mode->max < TLS_1_2) {
        bent.ciphers = "DEFAULT@SECLEVEL=0"; /* else OpenSSL would not offer them */
    }
    /* What the certificate is worth is no matter of these cases. */
    bent.insecure = true;
    char error[256];
    int result =
        why__tls_context_new(host, &bent, false, &secure->bent[index], error, sizeof error);
    return result == WHY_ERR_NOMEM ? result : WHY_OK;
}

int conform_secure_new(const struct why_host *host, const struct why_tls_config *config,
                       const char *name, struct conform_secure **out, char *error,
                       size_t error_size) {
    struct conform_secure *secure = calloc(1, sizeof *secure);
    if (secure == NULL) {
        return WHY_ERR_NOMEM;
    }
    size_t len = strlen(name);
    memcpy(secure->name, name, len < NAME_MAX_LEN ? len : NAME_MAX_LEN);
    int result = why__tls_context_new(host, config, false, &secure->healthy, error, error_size);
    for (size_t i = 0; result == WHY_OK && i < MODE_COUNT; i++) {
        result = make_mode(secure, i, host, config);
    }
    if (result != WHY_OK) {
        conform_secure_free(secure);
        return result;
    }
    *out = secure;
    return WHY_OK;
}

void conform_secure_free(struct conform_secure *secure) {
    if (secure == NULL) {
        return;
    }
    why__tls_context_free(secure->healthy);
    for (size_t i = 0; i < MODE_COUNT; i++) {
        why__tls_context_free(secure->bent[i]);
    }
    free(secure);
}

bool conform_secure_connect(struct conform_secure *secure, const char *mode,
                            struct why__tls **tls) {
    size_t index = 0;
    while (mode != NULL && index < MODE_COUNT && strcmp(modes[index].name, mode) != 0) {
        index++;
    }
    bool is_bent = mode != NULL && index < MODE_COUNT;
    *tls = NULL;
    if (is_bent && modes[index].is_plain) {
        return true;
    }
    struct why__tls_context *context = is_bent ? secure->bent[index] : secure->healthy;
    if (context == NULL) {
        return false;
    }
    /* No name is asked for where the name is an address (RFC 6066 section 3). */
    *tls = why__tls_new(context, is_bent && modes[index].no_name ? "127.0.0.1" : secure->name);
    return *tls != NULL;
}
