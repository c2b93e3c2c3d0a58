/* SPDX-License-Identifier: MIT
 *
 * The files of web/: names, types, bytes.
 */
#include "cmd/web.h"

#include <string.h>

#define X(path, symbol, type)                                                                      \
    extern const uint8_t symbol[];                                                                 \
    extern const size_t symbol##_len;
#define WEB_FILES(X)                                                                               \
    X("/", why__web_index, "text/html; charset=utf-8")                                             \
    X("/style.css", why__web_style, "text/css; charset=utf-8")                                     \
    X("/app.js", why__web_app, "text/javascript; charset=utf-8")
WEB_FILES(X)
#undef X

const char *web_find(struct why_bytes path, struct why_bytes *body) {
#define X(name, symbol, type)                                                                      \
    if (path.len == sizeof(name) - 1 && memcmp(path.data, (name), path.len) == 0) {                \
        *body = (struct why_bytes){symbol, symbol##_len};                                          \
        return (type);                                                                             \
    }
    WEB_FILES(X)
#undef X
    return NULL;
}
