/* SPDX-License-Identifier: MIT */
#include "tls/alert.h"

const char *why__tls_alert_name(int alert) {
    switch (alert) {
#define X(name, number, text)                                                                      \
    case number:                                                                                   \
        return (text);
        WHY__TLS_ALERT_MAP(X)
#undef X
    default:
        return "unknown";
    }
}
