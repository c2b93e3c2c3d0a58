/* SPDX-License-Identifier: MIT
 *
 * Causes in words: TLS, what the two sides could not agree on.
 */
#include "base/mark.h"
#include "why/causes.h"
#include "why/shown_tls.h"

#define AT(name) [WHY_CAUSE_##name - WHY_CAUSE_TLS_VERSION]

static const struct why_cause_info infos[] = {
    AT(TLS_VERSION) =
        {
            .title = N_("No TLS version that both sides allow"),
            .happened = N_("One side speaks only versions of TLS that the other does not accept, "
                           "so there was nothing to agree on."),
            .when = N_("An old device or server with TLS 1.0 or 1.1 alone, or a server that takes "
                       "only TLS 1.3 with an old client."),
            .fix = N_("Allow TLS 1.2 and 1.3 on both sides, and update what cannot speak 1.2."),
            .fix_server =
                N_("nginx: ssl_protocols TLSv1.2 TLSv1.3; HAProxy: ssl-default-bind-options "
                   "ssl-min-ver TLSv1.2; Caddy: tls { protocols tls1.2 tls1.3 }. Try one version "
                   "at a time: openssl s_client -connect HOST:443 -tls1_2, then -tls1_3."),
            .fix_client = N_(
                "Take limits out: Node minVersion and maxVersion, Python context.minimum_version, "
                "curl --tls-max, Java -Djdk.tls.client.protocols. For one old device that cannot "
                "be updated: Node --tls-min-v1.0, curl --tlsv1.0 --ciphers DEFAULT@SECLEVEL=0."),
            .reference = "RFC 8446 section 4.2.1, RFC 8996",
            .clients = SHOWN_ALERT("ERR_SSL_VERSION_OR_CIPHER_MISMATCH",
                                   "SSL_ERROR_UNSUPPORTED_VERSION", "70", "alert protocol version",
                                   "protocol version not supported", "protocol_version"),
            .retry = WHY_RETRY_CHANGED,
        },
    AT(TLS_NO_SHARED_CIPHER) =
        {
            .title = N_("No cipher that both sides allow"),
            .happened = N_(
                "The two sides share a version of TLS, but no cipher suite with which to go on."),
            .when = N_("A list of ciphers narrowed by hand, very old ones (RC4, 3DES) alone, or "
                       "ciphers for RSA keys with an ECDSA certificate and the other way round."),
            .fix = N_("Take the list of ciphers out of the configuration, or use Mozilla's "
                      "intermediate profile."),
            .fix_server = N_("nginx: ssl_ciphers ECDHE+AESGCM:ECDHE+CHACHA20; HAProxy: "
                             "ssl-default-bind-ciphers with the same; Caddy: tls without ciphers. "
                             "See what a list stands for: openssl ciphers -v 'LIST'. What it "
                             "takes: openssl s_client -connect HOST:443 -tls1_2 -cipher ALL."),
            .fix_client =
                N_("Take limits out: Node ciphers, Python context.set_ciphers(), curl --ciphers, "
                   "Go tls.Config.CipherSuites, Java -Djdk.tls.client.cipherSuites."),
            .reference = "RFC 8446 section 4.1.1",
            .clients = SHOWN_ALERT("ERR_SSL_VERSION_OR_CIPHER_MISMATCH",
                                   "SSL_ERROR_NO_CYPHER_OVERLAP", "40", "alert handshake failure",
                                   "handshake failure", "handshake_failure"),
            .retry = WHY_RETRY_CHANGED,
        },
    AT(TLS_NO_SHARED_GROUP) =
        {
            .title = N_("No key exchange group that both sides allow"),
            .happened = N_("The two sides share no group (curve) for the key exchange; the record "
                           "says which ones are offered and wanted."),
            .when = N_("A server narrowed by hand to one curve, such as secp521r1 or X448, which "
                       "browsers do not offer; or a post-quantum group alone."),
            .fix = N_("Allow X25519 and P-256 on both sides; every client has them."),
            .fix_server = N_("nginx: ssl_ecdh_curve X25519:prime256v1:secp384r1; HAProxy: bind "
                             ":443 ssl crt FILE curves X25519:P-256:P-384; Caddy: tls { curves "
                             "x25519 secp256r1 secp384r1 }. Or take the line out."),
            .fix_client =
                N_("Node: ecdhCurve: 'auto'; curl --curves X25519:P-256; Go: leave "
                   "tls.Config.CurvePreferences empty; Java: -Djdk.tls.namedGroups unset."),
            .reference = "RFC 8446 section 4.2.7",
            .clients = SHOWN_ALERT("ERR_SSL_VERSION_OR_CIPHER_MISMATCH",
                                   "SSL_ERROR_NO_CYPHER_OVERLAP", "40", "alert handshake failure",
                                   "handshake failure", "handshake_failure"),
            .retry = WHY_RETRY_CHANGED,
        },
    AT(TLS_NO_SHARED_SIGNATURE) =
        {
            .title = N_("No signature algorithm that both sides allow"),
            .happened = N_("The server's certificate or key can only sign in a way that the other "
                           "side does not accept."),
            .when = N_("An Ed25519 or P-521 certificate, which Chrome does not take; a server that "
                       "signs with SHA-1 alone; an RSA-PSS certificate with an old client."),
            .fix = N_("Serve a P-256 or RSA certificate, which everybody accepts, and let the "
                      "signature algorithms stand at their defaults."),
            .fix_server = N_("certbot renew --force-renewal --key-type ecdsa (P-256), or openssl "
                             "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out key.pem. "
                             "nginx: ssl_conf_command SignatureAlgorithms must not be narrowed; it "
                             "can serve two certificates, one RSA and one ECDSA."),
            .reference = "RFC 8446 section 4.2.3",
            .clients = SHOWN_ALERT(
                "ERR_SSL_VERSION_OR_CIPHER_MISMATCH", "SSL_ERROR_UNSUPPORTED_SIGNATURE_ALGORITHM",
                "40", "alert handshake failure", "handshake failure", "handshake_failure"),
            .retry = WHY_RETRY_CHANGED,
        },
    AT(TLS_WEAK_DH) =
        {
            .title = N_("The server's Diffie-Hellman key is too short"),
            .happened = N_("The server chose a DHE cipher with a prime that is too short, so this "
                           "side ended the handshake; the record has its length."),
            .when = N_(
                "Old servers with the 1024 bits that came with them, such as old Java or Apache."),
            .fix = N_("Use ECDHE, or give the server parameters of 2048 bits."),
            .fix_server =
                N_("nginx: ssl_ciphers ECDHE+AESGCM:ECDHE+CHACHA20; or openssl dhparam -out dh.pem "
                   "2048 and ssl_dhparam dh.pem. HAProxy: tune.ssl.default-dh-param 2048."),
            .fix_client =
                N_("As a stop-gap: curl --ciphers 'DEFAULT:!DHE' or, weaker, DEFAULT@SECLEVEL=1."),
            .reference = "RFC 9325 section 4.4",
            .clients =
                SHOWN(N_("1006, net::ERR_SSL_VERSION_OR_CIPHER_MISMATCH: Chrome has no DHE"),
                      "1015, SSL_ERROR_WEAK_SERVER_EPHEMERAL_DH_KEY", "1006",
                      N_("open: Node accepts 1024 bits; below, EPROTO: dh key too small"),
                      "ssl.SSLError: [SSL: DH_KEY_TOO_SMALL] dh key too small",
                      N_("remote error: tls: handshake failure: Go has no DHE"),
                      N_("open: the JDK accepts 1024 bits"), "curl: (35) ... dh key too small"),
            .retry = WHY_RETRY_CHANGED,
        },
    AT(TLS_NO_SECURE_RENEGOTIATION) =
        {
            .title = N_("The server does not know secure renegotiation"),
            .happened = N_("The server speaks TLS 1.2 without the renegotiation_info extension of "
                           "2010, and OpenSSL 3 refuses that."),
            .when = N_("Very old servers and appliances, or a middlebox with an old TLS stack."),
            .fix = N_("Update the server's TLS library, or let it speak TLS 1.3, where the "
                      "question does not come up."),
            .fix_server = N_("Update OpenSSL to 0.9.8m or later, and see with openssl s_client "
                             "-connect HOST:443 | grep Renegotiation."),
            .fix_client =
                N_("As a stop-gap: Node secureOptions: "
                   "crypto.constants.SSL_OP_LEGACY_SERVER_CONNECT; Python context.options |= 0x4; "
                   "in openssl.cnf Options = UnsafeLegacyServerConnect."),
            .reference = "RFC 5746 section 3.4",
            .clients =
                SHOWN("1006, net::ERR_SSL_PROTOCOL_ERROR",
                      N_("open, unless security.ssl.require_safe_negotiation is set"), "1006",
                      "EPROTO: unsafe legacy renegotiation disabled",
                      "ssl.SSLError: [SSL: UNSAFE_LEGACY_RENEGOTIATION_DISABLED]",
                      N_("open: Go does not renegotiate"), N_("open: the JDK does not ask for it"),
                      "curl: (35) ... unsafe legacy renegotiation disabled"),
            .retry = WHY_RETRY_CHANGED,
        },
    AT(TLS_NAME_REQUIRED) =
        {
            .title = N_("The server wants to know the name, and none was sent"),
            .happened = N_("The server refused a handshake without a server name (SNI). The "
                           "address is an IP address, and TLS sends none for those."),
            .when = N_("wss://192.0.2.1 instead of wss://NAME with a server of many names (a CDN, "
                       "a shared load balancer), or an old client without SNI."),
            .fix = N_("Connect by the host's name; to reach one certain machine by it use "
                      "whysocket check --resolve NAME:443:ADDRESS."),
            .fix_server =
                N_("To serve an address too, set a default certificate: nginx listen 443 ssl "
                   "default_server with an ssl_certificate and without ssl_reject_handshake; "
                   "HAProxy: bind without strict-sni; Caddy: default_sni NAME."),
            .fix_client = N_("curl --resolve NAME:443:ADDRESS; Node servername: 'NAME'; Python "
                             "server_hostname='NAME'; Go tls.Config{ServerName: \"NAME\"}."),
            .reference = "RFC 6066 section 3",
            .clients =
                SHOWN_ALERT("ERR_SSL_UNRECOGNIZED_NAME_ALERT", "SSL_ERROR_UNRECOGNIZED_NAME_ALERT",
                            "112", "unrecognized name", "unrecognized name", "unrecognized_name"),
            .retry = WHY_RETRY_CHANGED,
        },
    AT(TLS_UNKNOWN_NAME) =
        {
            .title = N_("The server does not know this name"),
            .happened = N_("The server refused the handshake because it has no site with the name "
                           "that the client asked for."),
            .when = N_("A misspelt name, a DNS record that points to the wrong machine, or a host "
                       "that is not set up on its load balancer."),
            .fix = N_("Correct the name or its DNS record, or add the name to the server's "
                      "configuration."),
            .fix_server = N_("nginx: a server block with server_name HOST and its ssl_certificate "
                             "(the default block has ssl_reject_handshake on); HAProxy: a "
                             "certificate for HOST in the directory of crt (bind has strict-sni); "
                             "Caddy: a site block with the address HOST."),
            .fix_client = N_("Check where the name leads: getent hosts HOST. Compare with openssl "
                             "s_client -connect HOST:443 -noservername."),
            .reference = "RFC 6066 section 3",
            .clients =
                SHOWN_ALERT("ERR_SSL_UNRECOGNIZED_NAME_ALERT", "SSL_ERROR_UNRECOGNIZED_NAME_ALERT",
                            "112", "unrecognized name", "unrecognized name", "unrecognized_name"),
            .retry = WHY_RETRY_CHANGED,
        },
    AT(TLS_ALPN) =
        {
            .title = N_("The server does not speak HTTP/1.1 here"),
            .happened =
                N_("The two sides found no common protocol in ALPN: WebSockets over HTTP/1.1 were "
                   "asked for, and the server takes something else, mostly h2 alone."),
            .when = N_("A gRPC endpoint, or a load balancer whose listener allows HTTP/2 only."),
            .fix = N_("Allow http/1.1 beside h2 on that port, or give WebSockets a host of their "
                      "own."),
            .fix_server = N_("HAProxy: bind :443 ssl crt FILE alpn h2,http/1.1; Envoy: "
                             "alpn_protocols [h2, http/1.1]; Go: tls.Config{NextProtos: {\"h2\", "
                             "\"http/1.1\"}}; nginx and Caddy offer both by themselves. See what "
                             "it takes: openssl s_client -connect HOST:443 -alpn h2,http/1.1."),
            .fix_client =
                N_("Leave ALPN away where the client lets you: Go tls.Config.NextProtos = nil."),
            .reference = "RFC 7301 section 3.2",
            .clients = SHOWN("1006, net::ERR_SSL_PROTOCOL_ERROR",
                             "1015, SSL_ERROR_NEXT_PROTOCOL_NO_PROTOCOL", "1006",
                             N_("open: ws offers no ALPN"), N_("open: websockets offers no ALPN"),
                             "remote error: tls: no application protocol",
                             N_("open: the JDK offers no ALPN for WebSockets"),
                             "curl: (35) ... alert no application protocol"),
            .retry = WHY_RETRY_CHANGED,
        },
    AT(TLS_REFUSED) =
        {
            .title = N_("The server refuses every handshake"),
            .happened = N_("The server answers TLS with an alert, whichever versions, ciphers and "
                           "names it is offered."),
            .when = N_("It has no certificate at all, admits only certain addresses, speaks only "
                       "an exotic cipher, or its set-up of this name is broken."),
            .fix = N_("Read the server's log at that moment, and try from the server itself "
                      "whether it answers there."),
            .fix_server =
                N_("nginx -T | grep -A9 'listen.*443' shows whether the block has ssl_certificate, "
                   "or ssl_reject_handshake on; raise error_log to info. HAProxy: show ssl cert on "
                   "the stats socket. openssl s_client -connect 127.0.0.1:443 -servername NAME "
                   "from the machine itself leaves filters aside."),
            .fix_client =
                N_("whysocket check wss://NAME/ from another network shows whether addresses are "
                   "filtered. Does it want what is out of use? openssl s_client -connect HOST:443 "
                   "-servername NAME -tls1 -cipher ALL:@SECLEVEL=0."),
            .reference = "RFC 8446 section 6.2",
            .clients =
                SHOWN_ALERT("ERR_SSL_PROTOCOL_ERROR", "SSL_ERROR_HANDSHAKE_FAILURE_ALERT", "40",
                            "alert handshake failure", "handshake failure", "handshake_failure"),
            .retry = WHY_RETRY_CHANGED,
        },
    AT(TLS_SERVER_ERROR) =
        {
            .title = N_("The server failed while it shook hands"),
            .happened = N_("The server ended the handshake with internal_error: something in its "
                           "own set-up or program went wrong."),
            .when = N_("Go and Caddy send this where they have no certificate for the name; a "
                       "server whose certificate fetch (ACME) has not worked yet; a crash in a "
                       "callback that picks the certificate."),
            .fix = N_("Read the server's log at that moment. Check that a certificate for this "
                      "very name is there."),
            .fix_server = N_("Caddy: caddy validate, then journalctl -u caddy | grep -i obtain; "
                             "ports 80 or 443 must be open to the CA for it. Go: "
                             "tls.Config.GetCertificate must not return an error for NAME."),
            .reference = "RFC 8446 section 6.2",
            .clients =
                SHOWN("1006, net::ERR_SSL_PROTOCOL_ERROR", "1015, SSL_ERROR_INTERNAL_ERROR_ALERT",
                      "1006", "EPROTO ... SSL alert number 80",
                      "ssl.SSLError: ... alert internal error", "remote error: tls: internal error",
                      "javax.net.ssl.SSLException: Received fatal alert: internal_error",
                      "curl: (35) ... alert internal error"),
            .retry = WHY_RETRY_BACK_OFF,
        },
    AT(TLS_ALERT) =
        {
            .title = N_("The peer refused TLS with an alert"),
            .happened = N_("The peer ended the handshake with an alert that has no cause of its "
                           "own here; the record has its number and name."),
            .when = N_("illegal_parameter, decode_error and unexpected_message mean that one "
                       "side's TLS stack or a box on the way breaks the rules; access_denied, that "
                       "the server admits only some."),
            .fix = N_("Read the server's log at that moment, and compare with another client."),
            .fix_server = N_("nginx: error_log FILE info; HAProxy: log-format with "
                             "%[ssl_fc_err_str]; Go: http.Server.ErrorLog."),
            .fix_client = N_("openssl s_client -connect HOST:443 -servername HOST, and the same "
                             "with -noservername."),
            .reference = "RFC 8446 section 6.2",
            .clients =
                SHOWN("1006, net::ERR_SSL_PROTOCOL_ERROR",
                      N_("1015; the alert's name on the page with https://"), "1006",
                      N_("EPROTO with the name of the alert"),
                      N_("ssl.SSLError with the name of the alert"),
                      N_("remote error: tls: and the name of the alert"),
                      N_("javax.net.ssl.SSLHandshakeException: Received fatal alert: and its name"),
                      N_("curl: (35) with the name of the alert")),
            .retry = WHY_RETRY_CHANGED,
        },
};

_Static_assert(sizeof infos / sizeof *infos == WHY_CAUSE_TLS_ALERT - WHY_CAUSE_TLS_VERSION + 1,
               "a cause without words");

const struct why__cause_group why__causes_tls_handshake = {
    WHY_CAUSE_TLS_VERSION,
    WHY_CAUSE_TLS_ALERT,
    infos,
};
