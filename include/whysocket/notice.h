/* SPDX-License-Identifier: MIT
 *
 * Notices: what is no failure yet. The connection stands, but somewhere else, or some day, it would
 * not. The words for each are in explain.h.
 */
#ifndef WHY_NOTICE_H
#define WHY_NOTICE_H

#include "whysocket/api.h"

WHY_BEGIN_DECLS

/* X(name, id); ids never change their meaning. */
#define WHY_NOTICE_MAP(X)                                                                          \
    X(EXPIRES_SOON, "cert.expires_soon")         /* within 30 days */                              \
    X(LONG_LIFETIME, "cert.long_lifetime")       /* over 398 days */                               \
    X(NO_SAN, "cert.no_san")                     /* only a common name: Chrome, Go refuse it */    \
    X(PARTIAL_WILDCARD, "cert.partial_wildcard") /* www*.example.com */                            \
    X(MANY_NAMES, "cert.many_names")             /* over 1,000 */                                  \
    X(BROWSER_KEY, "cert.browser_key")           /* Ed25519, P-521: Chrome refuses it */           \
    X(WEAK_ELSEWHERE, "cert.weak_elsewhere")     /* passes here, not at security level 2 */        \
    X(STRICT, "cert.strict")                     /* Python 3.13's default refuses it */            \
    X(CHAIN_MISORDERED, "chain.misordered")                                                        \
    X(CHAIN_SUPERFLUOUS, "chain.superfluous")                                                      \
    X(CHAIN_ROOT_SENT, "chain.root_sent")                                                          \
    X(CHAIN_EXPIRES_SOON, "chain.expires_soon") /* an intermediate, within 30 days */              \
    X(STAPLE_EXPIRED, "staple.expired")                                                            \
    X(STAPLE_REVOKED, "staple.revoked")                                                            \
    X(STAPLE_UNKNOWN, "staple.unknown")                                                            \
    X(STAPLE_BAD_SIGNATURE, "staple.bad_signature")                                                \
    X(STAPLE_ERROR, "staple.error")     /* the responder's own error */                            \
    X(STAPLE_MISSING, "staple.missing") /* the certificate says must-staple */                     \
    X(CIPHER_CBC, "cipher.cbc")                                                                    \
    X(CIPHER_NO_FORWARD_SECRECY, "cipher.no_forward_secrecy")                                      \
    X(GROUP_BROWSER, "group.browser") /* a group that browsers do not offer */                     \
    X(VERSION_OLD, "version.old")     /* TLS 1.2 is the best it has */

enum why_notice {
#define X(name, id) WHY_NOTICE_##name,
    WHY_NOTICE_MAP(X)
#undef X
    WHY_NOTICE_COUNT
};

WHY_API const char *why_notice_id(enum why_notice notice);

WHY_END_DECLS

#endif
