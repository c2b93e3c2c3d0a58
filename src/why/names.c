/* SPDX-License-Identifier: MIT
 *
 * Tables of names. strerror() would answer in the locale of the process, which is not ours.
 */
#include "why/names.h"

#include <errno.h>
#include <netdb.h>
#include <stddef.h>

struct name {
    int number;
    const char *text;
};

#define NAME(constant)                                                                             \
    { constant, #constant }

static const struct name errno_names[] = {
    NAME(EACCES),     NAME(EADDRINUSE), NAME(EADDRNOTAVAIL),   NAME(EAFNOSUPPORT),
    NAME(EAGAIN),     NAME(EBADF),      NAME(ECONNABORTED),    NAME(ECONNREFUSED),
    NAME(ECONNRESET), NAME(EHOSTDOWN),  NAME(EHOSTUNREACH),    NAME(EINTR),
    NAME(EINVAL),     NAME(EIO),        NAME(EISCONN),         NAME(EMFILE),
    NAME(EMSGSIZE),   NAME(ENETDOWN),   NAME(ENETRESET),       NAME(ENETUNREACH),
    NAME(ENFILE),     NAME(ENOBUFS),    NAME(ENOENT),          NAME(ENOMEM),
    NAME(ENOTCONN),   NAME(ENOTSOCK),   NAME(EPERM),           NAME(EPIPE),
    NAME(EPROTO),     NAME(ETIMEDOUT),  NAME(EPROTONOSUPPORT),
};

static const struct name resolver_names[] = {
    NAME(EAI_AGAIN),  NAME(EAI_BADFLAGS), NAME(EAI_FAIL),    NAME(EAI_FAMILY), NAME(EAI_MEMORY),
    NAME(EAI_NODATA), NAME(EAI_NONAME),   NAME(EAI_SERVICE), NAME(EAI_SYSTEM),
};

static const struct name alert_names[] = {
    {0, "close_notify"},
    {10, "unexpected_message"},
    {20, "bad_record_mac"},
    {21, "decryption_failed"},
    {22, "record_overflow"},
    {30, "decompression_failure"},
    {40, "handshake_failure"},
    {41, "no_certificate"},
    {42, "bad_certificate"},
    {43, "unsupported_certificate"},
    {44, "certificate_revoked"},
    {45, "certificate_expired"},
    {46, "certificate_unknown"},
    {47, "illegal_parameter"},
    {48, "unknown_ca"},
    {49, "access_denied"},
    {50, "decode_error"},
    {51, "decrypt_error"},
    {60, "export_restriction"},
    {70, "protocol_version"},
    {71, "insufficient_security"},
    {80, "internal_error"},
    {86, "inappropriate_fallback"},
    {90, "user_canceled"},
    {100, "no_renegotiation"},
    {109, "missing_extension"},
    {110, "unsupported_extension"},
    {111, "certificate_unobtainable"},
    {112, "unrecognized_name"},
    {113, "bad_certificate_status_response"},
    {114, "bad_certificate_hash_value"},
    {115, "unknown_psk_identity"},
    {116, "certificate_required"},
    {120, "no_application_protocol"},
};

static const char *find(const struct name *names, size_t count, int number) {
    for (size_t i = 0; i < count; i++) {
        if (names[i].number == number) {
            return names[i].text;
        }
    }
    return NULL;
}

const char *why__os_error_name(enum why_layer layer, int number) {
    if (layer == WHY_LAYER_DNS) {
        return find(resolver_names, sizeof resolver_names / sizeof *resolver_names, number);
    }
    return find(errno_names, sizeof errno_names / sizeof *errno_names, number);
}

const char *why__alert_name(int alert) {
    const char *name = find(alert_names, sizeof alert_names / sizeof *alert_names, alert);
    return name == NULL ? "unknown" : name;
}
