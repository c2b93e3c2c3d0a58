/* SPDX-License-Identifier: MIT
 *
 * Why a certificate does not name the host that was asked for: it nearly does, it has the name in a
 * form that does not count, or it is for somebody else.
 */
#include "tls/verification.h"

#include <openssl/x509v3.h>
#include <string.h>
#include <strings.h>

#define NAME_SIZE 256

/* A name as it was meant: without the scheme, port, path, spaces and the last dot that people put
 * around it. */
static void tidy(const char *name, char *out, size_t size) {
    const char *scheme = strstr(name, "://");
    if (scheme != NULL) {
        name = scheme + 3;
    }
    size_t len = 0;
    for (; *name != '\0' && *name != '/' && *name != ':' && len + 1 < size; name++) {
        if (*name != ' ') {
            out[len++] = *name;
        }
    }
    while (len > 0 && out[len - 1] == '.') {
        len--;
    }
    out[len] = '\0';
}

/* Does the pattern match under the rules of RFC 6125 section 6.4.3, of one whole label? */
static bool matches(const char *pattern, const char *host) {
    if (strncmp(pattern, "*.", 2) != 0) {
        return strcasecmp(pattern, host) == 0;
    }
    const char *dot = strchr(host, '.');
    return dot != NULL && dot != host && strcasecmp(dot, pattern + 1) == 0;
}

/* A wildcard that a person would have thought to match: it stands for no label here, for more than
 * one, or for a part of one. */
static bool nearly_matches(const char *pattern, const char *host) {
    const char *star = strchr(pattern, '*');
    if (star == NULL) {
        return false;
    }
    const char *dot = strchr(star, '.');
    if (dot == NULL) {
        return true; /* a lone "*" */
    }
    size_t host_len = strlen(host), rest_len = strlen(dot);
    if (strcasecmp(host, dot + 1) == 0) {
        return true; /* the name that the wildcard stands under */
    }
    if (host_len <= rest_len || strcasecmp(host + host_len - rest_len, dot) != 0) {
        return false;
    }
    /* What is before the star has to be there. */
    size_t before = (size_t)(star - pattern);
    return strncasecmp(host, pattern, before) == 0;
}

enum likeness {
    UNLIKE,
    NEAR_WILDCARD,
    MALFORMED,
};

static enum likeness compare(const struct why__tls_verification *verification,
                             const GENERAL_NAME *name, char *text, size_t size) {
    int type = 0;
    const ASN1_STRING *value = GENERAL_NAME_get0_value(name, &type);
    bool is_text = type == GEN_DNS || type == GEN_URI || type == GEN_EMAIL;
    if (!is_text) {
        return UNLIKE;
    }
    char meant[NAME_SIZE];
    why__tls_safe_text(ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value), text, size);
    tidy(text, meant, sizeof meant);
    if (type == GEN_DNS && !verification->is_address && strcmp(meant, text) == 0) {
        bool is_near = nearly_matches(text, verification->name) ||
                       (strchr(text, '*') != NULL && matches(text, verification->name));
        return is_near ? NEAR_WILDCARD : UNLIKE;
    }
    return matches(meant, verification->name) ? MALFORMED : UNLIKE;
}

enum why_cause why__tls_name_cause(const struct why__tls_verification *verification,
                                   X509 *certificate, char *near, size_t size) {
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    enum likeness best = UNLIKE;
    near[0] = '\0';
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        char text[NAME_SIZE];
        enum likeness likeness =
            compare(verification, sk_GENERAL_NAME_value(names, i), text, sizeof text);
        if (likeness > best) {
            best = likeness;
            why__tls_safe_text(text, strlen(text), near, size);
        }
    }
    GENERAL_NAMES_free(names);
    if (verification->is_address) {
        return WHY_CAUSE_TLS_CERT_IP_NOT_LISTED;
    }
    return best == MALFORMED       ? WHY_CAUSE_TLS_CERT_NAMES_MALFORMED
           : best == NEAR_WILDCARD ? WHY_CAUSE_TLS_CERT_WILDCARD
                                   : WHY_CAUSE_TLS_CERT_NAME_MISMATCH;
}
