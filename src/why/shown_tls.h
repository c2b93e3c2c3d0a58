/* SPDX-License-Identifier: MIT
 *
 * What clients show for the many TLS failures that look alike in them, and the mends that many
 * causes share. OpenSSL puts "sslv3" or "tlsv1" before an alert's name whatever the version was;
 * that misleads, and is left out.
 */
#ifndef WHY_WHY_SHOWN_TLS_H
#define WHY_WHY_SHOWN_TLS_H

#include "base/mark.h"
#include "why/shown.h"

/* A certificate that each client refuses by its own check. */
#define SHOWN_VERIFY(chrome, firefox, node, python, go, java, curl)                                \
    SHOWN("1006, net::ERR_CERT_" chrome, "1015, " firefox, "1006", node,                           \
          "ssl.SSLCertVerificationError: certificate verify failed: " python, "x509: " go,         \
          "javax.net.ssl.SSLHandshakeException: " java, "curl: (60) SSL" curl)

/* An alert that the server sends; only browsers tell it by a name of their own. */
#define SHOWN_ALERT(chrome, firefox, number, words, go, java)                                      \
    SHOWN("1006, net::" chrome, "1015, " firefox, "1006", "EPROTO ... SSL alert number " number,   \
          "ssl.SSLError: ... " words, "remote error: tls: " go,                                    \
          "javax.net.ssl.SSLHandshakeException: Received fatal alert: " java,                      \
          "curl: (35) ... " words)

#define SHOWN_NOT_TLS                                                                              \
    SHOWN("1006, net::ERR_SSL_PROTOCOL_ERROR", "1015, SSL_ERROR_RX_RECORD_TOO_LONG", "1006",       \
          "EPROTO: wrong version number", "ssl.SSLError: [SSL: WRONG_VERSION_NUMBER]",             \
          "tls: first record does not look like a TLS handshake",                                  \
          "javax.net.ssl.SSLException: Unrecognized SSL message, plaintext connection?",           \
          "curl: (35) ... wrong version number")

/* A chain with a gap that some browsers close by themselves. */
#define SHOWN_NO_ISSUER                                                                            \
    SHOWN(N_("open, if it knows the intermediate from elsewhere; else 1006, "                      \
             "net::ERR_CERT_AUTHORITY_INVALID"),                                                   \
          N_("open, if it knows the intermediate from elsewhere; else 1015, "                      \
             "SEC_ERROR_UNKNOWN_ISSUER"),                                                          \
          N_("open, if it knows the intermediate from elsewhere; else 1006"),                      \
          "UNABLE_TO_VERIFY_LEAF_SIGNATURE: unable to verify the first certificate",               \
          "ssl.SSLCertVerificationError: certificate verify failed: unable to get local "          \
          "issuer certificate",                                                                    \
          "x509: certificate signed by unknown authority",                                         \
          "javax.net.ssl.SSLHandshakeException: PKIX path building failed: "                       \
          "sun.security.provider.certpath.SunCertPathBuilderException: unable to find "            \
          "valid certification path to requested target",                                          \
          "curl: (60) SSL certificate problem: unable to get local issuer certificate")

/* The stream ends in the midst of the handshake. */
#define SHOWN_CUT                                                                                  \
    SHOWN("1006, net::ERR_CONNECTION_CLOSED", N_("1006, or 1015 where it counts the cut as TLS"),  \
          "1006",                                                                                  \
          "ECONNRESET: Client network socket disconnected before secure TLS connection was "       \
          "established",                                                                           \
          "ssl.SSLEOFError, ConnectionResetError", "EOF",                                          \
          "javax.net.ssl.SSLHandshakeException: Remote host terminated the handshake",             \
          "curl: (35) ... SSL_ERROR_SYSCALL")

/* The handshake never ends. */
#define SHOWN_STALL                                                                                \
    SHOWN(N_("1006, net::ERR_TIMED_OUT, after minutes"), N_("1006, after minutes"),                \
          N_("1006, after minutes"), N_("nothing until handshakeTimeout, if one is set"),          \
          "TimeoutError: timed out during opening handshake", "net/http: TLS handshake timeout",   \
          "java.net.http.HttpConnectTimeoutException",                                             \
          N_("curl: (28) SSL connection timeout, after five minutes"))

#define FIX_TRUST                                                                                  \
    N_("NODE_EXTRA_CA_CERTS=ca.pem for Node, which ignores SSL_CERT_FILE; SSL_CERT_FILE=ca.pem "   \
       "for Python and Go; curl --cacert ca.pem; whysocket check --cacert ca.pem; Java: keytool "  \
       "-importcert -cacerts -alias ca -file ca.pem; Chrome on Linux: certutil -A -d "             \
       "sql:$HOME/.pki/nssdb -t C,, -n NAME -i ca.pem; Firefox: Settings, Certificates, "          \
       "Authorities. For all of Debian: cp ca.pem /usr/local/share/ca-certificates/NAME.crt, "     \
       "then update-ca-certificates.")

#define FIX_CHAIN                                                                                  \
    N_("cat cert.pem inter.pem > fullchain.pem; nginx: ssl_certificate "                           \
       "/etc/letsencrypt/live/NAME/fullchain.pem; HAProxy: cat fullchain.pem privkey.pem > "       \
       "site.pem and bind :443 ssl crt site.pem; Caddy: tls fullchain.pem privkey.pem; then "      \
       "reload. The intermediate is at the URL of openssl x509 -noout -ext authorityInfoAccess "   \
       "-in cert.pem; openssl x509 -inform DER -in inter.der -out inter.pem converts it. See "     \
       "what is sent: openssl s_client -connect HOST:443 -servername HOST -showcerts.")

#endif
