/* SPDX-License-Identifier: MIT
 *
 * Causes in words: TLS, what is behind 1015.
 */
#include "why/causes.h"
#include "why/mark.h"
#include "why/shown.h"

#define AT(name) [WHY_CAUSE_##name - WHY_CAUSE_TLS_CERT_EXPIRED]

/* A certificate that each client refuses by its own check. */
#define SHOWN_VERIFY(chrome, firefox, node, python, go)                                            \
    SHOWN("1006, net::ERR_CERT_" chrome, "1015, " firefox, "1006", node,                           \
          "ssl.SSLCertVerificationError: certificate verify failed: " python, "x509: " go)

/* An alert that the server sends. */
#define SHOWN_ALERT(chrome, firefox, node, go)                                                     \
    SHOWN("1006, net::" chrome, "1015, " firefox, "1006", "EPROTO: " node, "ssl.SSLError: " node,  \
          "remote error: tls: " go)

#define SHOWN_NOT_TLS                                                                              \
    SHOWN("1006, net::ERR_SSL_PROTOCOL_ERROR", "1015, SSL_ERROR_RX_RECORD_TOO_LONG", "1006",       \
          "EPROTO: wrong version number", "ssl.SSLError: [SSL: WRONG_VERSION_NUMBER]",             \
          "tls: first record does not look like a TLS handshake")

static const struct why_cause_info infos[] = {
    AT(TLS_CERT_EXPIRED) =
        {
            .title = N_("The certificate has expired"),
            .happened = N_("A certificate in the server's chain is past its last day of validity; "
                           "the record says which one and since when."),
            .when = N_("The renewal did not run, or it ran and the server was not reloaded, so it "
                       "still serves the old file. Sometimes the server's own certificate is new "
                       "and an old intermediate is served with it. A wrong clock on this machine "
                       "looks the same."),
            .fix = N_("Renew it and reload the server: certbot renew, then systemctl reload nginx. "
                      "Look at what it really serves: openssl s_client -connect HOST:443 "
                      "-servername HOST </dev/null | openssl x509 -noout -dates. Check this "
                      "machine's clock with date -u."),
            .reference = "RFC 5280 section 4.1.2.5",
            .clients =
                SHOWN_VERIFY("DATE_INVALID", "SEC_ERROR_EXPIRED_CERTIFICATE",
                             "CERT_HAS_EXPIRED: certificate has expired", "certificate has expired",
                             "certificate has expired or is not yet valid"),
            .retry = WHY_RETRY_CHANGED,
        },
    AT(TLS_CERT_NOT_YET_VALID) =
        {
            .title = N_("The certificate is not valid yet"),
            .happened = N_("A certificate in the server's chain begins to be valid at a time that "
                           "this machine's clock has not reached."),
            .when = N_("Nearly always this machine's clock is behind: a board without a battery, a "
                       "virtual machine that slept. Rarely the certificate was issued for a later "
                       "day."),
            .fix = N_("Set the clock: date -u, then timedatectl set-ntp true. If the clock is "
                      "right, serve the previous certificate until the new one begins."),
            .reference = "RFC 5280 section 4.1.2.5",
            .clients = SHOWN_VERIFY("DATE_INVALID", "MOZILLA_PKIX_ERROR_NOT_YET_VALID_CERTIFICATE",
                                    "CERT_NOT_YET_VALID: certificate is not yet valid",
                                    "certificate is not yet valid",
                                    "certificate has expired or is not yet valid"),
            .retry = WHY_RETRY_CHANGED,
        },
    AT(TLS_CERT_SELF_SIGNED) =
        {
            .title = N_("The certificate is self-signed"),
            .happened = N_("The server's certificate is signed by itself and by no CA, and this "
                           "side was not told to trust it."),
            .when = N_("A development server, a device's factory certificate, or the default "
                       "certificate of a proxy (Traefik, ingress-nginx, Plesk) because none is "
                       "set up for this name."),
            .fix = N_("In production use a certificate of a CA, for example from Let's Encrypt. "
                      "For development make a CA with mkcert, or trust this certificate: --cacert "
                      "cert.pem, NODE_EXTRA_CA_CERTS=cert.pem, SSL_CERT_FILE=cert.pem for Python."),
            .reference = "RFC 5280 section 6.1",
            .clients =
                SHOWN_VERIFY("AUTHORITY_INVALID", "MOZILLA_PKIX_ERROR_SELF_SIGNED_CERT",
                             "DEPTH_ZERO_SELF_SIGNED_CERT: self-signed certificate",
                             "self-signed certificate", "certificate signed by unknown authority"),
            .retry = WHY_RETRY_CHANGED,
        },
    AT(TLS_CERT_NAME_MISMATCH) =
        {
            .title = N_("The certificate is for another name"),
            .happened = N_("The certificate is in order but does not list the host that was asked "
                           "for; the record shows the names it does list."),
            .when = N_("The server falls back to the certificate of another site, the address was "
                       "given as an IP, www. or a sub-domain is missing from the certificate, or a "
                       "wildcard is one level off: *.example.org covers neither example.org nor "
                       "a.b.example.org."),
            .fix = N_("Connect by a name that the certificate lists, or issue it with every name "
                      "in subjectAltName (certbot -d NAME1 -d NAME2). On the server check that "
                      "server_name and ssl_certificate belong to this host. The common name alone "
                      "does not count."),
            .reference = "RFC 9525",
            .clients = SHOWN_VERIFY("COMMON_NAME_INVALID", "SSL_ERROR_BAD_CERT_DOMAIN",
                                    "ERR_TLS_CERT_ALTNAME_INVALID",
                                    "Hostname mismatch, certificate is not valid for 'HOST'",
                                    "certificate is valid for NAME, not HOST"),
            .retry = WHY_RETRY_CHANGED,
        },
    AT(TLS_CERT_REVOKED) =
        {
            .title = N_("The certificate was revoked"),
            .happened = N_("The CA has declared the certificate invalid before its end."),
            .when = N_("The private key leaked, the owner asked for it, or the CA had to revoke a "
                       "whole batch. Most clients do not look, so some still connect."),
            .fix = N_("Make a new key, have a new certificate issued for it and reload the server. "
                      "If you do not know why, ask the CA; do not reuse the old key."),
            .reference = "RFC 5280 section 5, RFC 6960",
            .clients = SHOWN(N_("open as a rule; 1006, net::ERR_CERT_REVOKED if it knows"),
                             "1015, SEC_ERROR_REVOKED_CERTIFICATE", "1006",
                             N_("open: Node checks only CRLs that it is given"),
                             N_("open: Python checks only CRLs that it is given"),
                             N_("open: crypto/tls does not check revocation")),
            .retry = WHY_RETRY_CHANGED,
        },
    AT(TLS_CERT_WRONG_PURPOSE) =
        {
            .title = N_("The certificate is for another purpose"),
            .happened = N_("The certificate, or one above it, is not permitted to identify a TLS "
                           "server: its key usage or extended key usage says something else."),
            .when = N_("A client certificate or a code-signing certificate was put into the "
                       "server, or a private CA issues without serverAuth."),
            .fix = N_("Issue it with extendedKeyUsage = serverAuth. See what it has: openssl x509 "
                      "-noout -purpose -in cert.pem."),
            .reference = "RFC 5280 section 4.2.1.12",
            .clients = SHOWN_VERIFY("INVALID", "SEC_ERROR_INADEQUATE_CERT_TYPE",
                                    "INVALID_PURPOSE: unsuitable certificate purpose",
                                    "unsuitable certificate purpose",
                                    "certificate specifies an incompatible key usage"),
            .retry = WHY_RETRY_CHANGED,
        },
    AT(TLS_CERT_BAD_SIGNATURE) =
        {
            .title = N_("A certificate's signature is wrong"),
            .happened = N_("A signature in the chain does not verify with the key of the "
                           "certificate above it."),
            .when = N_("An intermediate with the right name and another key is served, after a CA "
                       "was set up anew under its old name; or a certificate file is damaged."),
            .fix = N_("Serve the intermediate that really signed this certificate, and remove the "
                      "old one. Check with openssl verify -CAfile root.pem -untrusted inter.pem "
                      "cert.pem."),
            .reference = "RFC 5280 section 6.1.3",
            .clients = SHOWN_VERIFY("AUTHORITY_INVALID", "SEC_ERROR_BAD_SIGNATURE",
                                    "CERT_SIGNATURE_FAILURE: certificate signature failure",
                                    "certificate signature failure",
                                    "certificate signed by unknown authority"),
            .retry = WHY_RETRY_CHANGED,
        },
    AT(TLS_CERT_WEAK) =
        {
            .title = N_("The certificate's key or signature is too weak"),
            .happened = N_("A key in the chain is too short, or a signature uses a hash that is "
                           "broken, such as SHA-1 or MD5."),
            .when = N_("Old devices and old private CAs: RSA with 1024 bits, SHA-1. The limit "
                       "depends on how OpenSSL was built; Debian's is stricter than Node's."),
            .fix = N_("Issue a new certificate with a P-256 key or RSA of 2048 bits or more, "
                      "signed with SHA-256. An old CA must be replaced, too."),
            .reference = "RFC 9325 section 4.5",
            .clients = SHOWN_VERIFY("WEAK_SIGNATURE_ALGORITHM",
                                    "SEC_ERROR_CERT_SIGNATURE_ALGORITHM_DISABLED",
                                    "CA signature digest algorithm too weak", "EE key too weak",
                                    "cannot verify signature: insecure algorithm"),
            .retry = WHY_RETRY_CHANGED,
        },
    AT(TLS_CERT_INVALID) =
        {
            .title = N_("The certificate breaks a rule"),
            .happened = N_("A certificate in the chain breaks a rule of its format or of the CA "
                           "above it; the record has the exact words."),
            .when = N_("Private CAs made by hand: an issuer that is not marked as a CA, a path "
                       "that is too long, a name outside the permitted ones, an unknown critical "
                       "extension."),
            .fix = N_("Look at the certificate that the record points to: openssl x509 -noout "
                      "-text -in cert.pem. A CA needs basicConstraints = critical, CA:TRUE and "
                      "keyUsage = keyCertSign; then issue the chain anew."),
            .reference = "RFC 5280 section 6.1",
            .clients =
                SHOWN_VERIFY("INVALID", "SEC_ERROR_CA_CERT_INVALID",
                             N_("UNSPECIFIED, or the name of the rule"), "invalid CA certificate",
                             "certificate is not authorized to sign other certificates"),
            .retry = WHY_RETRY_CHANGED,
        },
    AT(TLS_CHAIN_UNTRUSTED_CA) =
        {
            .title = N_("The certificate's CA is not trusted here"),
            .happened = N_("The chain is complete but ends at a CA that is not in this side's "
                           "trust store."),
            .when = N_("A company's or a test's private CA, a proxy that inspects TLS and signs "
                       "with its own CA, or a trust store that is too old for a new CA."),
            .fix = N_("Give this side the CA's certificate: --cacert root.pem, "
                      "NODE_EXTRA_CA_CERTS=root.pem, SSL_CERT_FILE=root.pem for Python and Go, or "
                      "for the whole system copy it to /usr/local/share/ca-certificates/ with the "
                      "ending .crt and run update-ca-certificates."),
            .reference = "RFC 5280 section 6.1",
            .clients = SHOWN_VERIFY("AUTHORITY_INVALID", "SEC_ERROR_UNKNOWN_ISSUER",
                                    "SELF_SIGNED_CERT_IN_CHAIN, UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
                                    "unable to get local issuer certificate",
                                    "certificate signed by unknown authority"),
            .retry = WHY_RETRY_CHANGED,
        },
    AT(TLS_CHAIN_MISSING_INTERMEDIATE) =
        {
            .title = N_("The server does not send the intermediate certificate"),
            .happened = N_("The server sent its own certificate without the intermediate that "
                           "links it to a trusted CA, so the chain cannot be built."),
            .when = N_("The server is configured with cert.pem instead of fullchain.pem. Desktop "
                       "browsers often work all the same, because they keep intermediates or fetch "
                       "them; programs and phones fail."),
            .fix = N_("Serve the server's certificate followed by the intermediates in one file: "
                      "nginx ssl_certificate /etc/letsencrypt/live/NAME/fullchain.pem; Apache "
                      "SSLCertificateFile fullchain.pem. See what is sent: openssl s_client "
                      "-connect HOST:443 -servername HOST -showcerts."),
            .reference = "RFC 8446 section 4.4.2",
            .clients = SHOWN(
                N_("open, if it knows the intermediate from elsewhere; else 1006, "
                   "net::ERR_CERT_AUTHORITY_INVALID"),
                N_("open, if it knows the intermediate from elsewhere; else 1015, "
                   "SEC_ERROR_UNKNOWN_ISSUER"),
                N_("open, if it knows the intermediate from elsewhere; else 1006"),
                "UNABLE_TO_VERIFY_LEAF_SIGNATURE: unable to verify the first certificate",
                "ssl.SSLCertVerificationError: certificate verify failed: unable to get local "
                "issuer certificate",
                "x509: certificate signed by unknown authority"),
            .retry = WHY_RETRY_CHANGED,
        },
    AT(TLS_CHAIN_NO_TRUST_STORE) =
        {
            .title = N_("This machine has no trusted CAs"),
            .happened = N_("No CA certificates were found on this side, so no certificate of any "
                           "server can be verified."),
            .when = N_("Minimal containers (debian:slim, scratch) without the package "
                       "ca-certificates, or SSL_CERT_FILE that points to a file that is not "
                       "there."),
            .fix = N_("Install them: apt-get install ca-certificates (in a Dockerfile, too), or "
                      "correct SSL_CERT_FILE and SSL_CERT_DIR. openssl version -d shows where they "
                      "are looked for."),
            .reference = "RFC 5280 section 6.1.1",
            .clients = SHOWN(N_("not affected: it brings its own CAs"),
                             N_("not affected: it brings its own CAs"),
                             N_("not affected: it uses the system's keychain"),
                             N_("not affected: it brings its own CAs"),
                             "ssl.SSLCertVerificationError: certificate verify failed: unable to "
                             "get local issuer certificate",
                             "x509: certificate signed by unknown authority"),
            .retry = WHY_RETRY_CHANGED,
        },
    AT(TLS_CLIENT_CERT_REQUIRED) =
        {
            .title = N_("The server wants a client certificate"),
            .happened = N_("The server asked this client for a certificate (mutual TLS), got none, "
                           "and refused. With TLS 1.3 the refusal comes after the handshake seemed "
                           "done."),
            .when = N_("APIs for machines, company gateways, brokers with "
                       "ssl_verify_client on or its like."),
            .fix = N_("Give the client its certificate and key: --cert client.pem --key "
                      "client.key, in Node the options cert and key, in Python "
                      "SSLContext.load_cert_chain(). It must come from a CA that the server "
                      "names; the record lists them if it did."),
            .reference = "RFC 8446 section 4.4.2.4",
            .clients = SHOWN(N_("1006; the console says the handshake was canceled"),
                             "1015, SSL_ERROR_RX_CERTIFICATE_REQUIRED_ALERT", "1006",
                             N_("1006, socket hang up; EPROTO with alert 116 or 40 at times"),
                             "InvalidMessage: did not receive a valid HTTP response",
                             "remote error: tls: certificate required"),
            .retry = WHY_RETRY_CHANGED,
        },
    AT(TLS_CLIENT_CERT_REJECTED) =
        {
            .title = N_("The server refused our client certificate"),
            .happened = N_("This client sent its certificate and the server ended the handshake "
                           "with an alert about it; the alert says what it objects to."),
            .when = N_("The client certificate has expired, comes from a CA that this server does "
                       "not trust, was issued for servers only, or was revoked."),
            .fix = N_("Look at its dates, issuer and purpose: openssl x509 -noout -dates -issuer "
                      "-purpose -in client.pem. Send its intermediates along in the same file, and "
                      "use a certificate of the CA that the server names."),
            .reference = "RFC 8446 section 6.2",
            .clients = SHOWN("1006, net::ERR_BAD_SSL_CLIENT_AUTH_CERT",
                             N_("1015; the alert's name on the page with https://"), "1006",
                             N_("EPROTO with the name of the alert"),
                             N_("ssl.SSLError with the name of the alert"),
                             "remote error: tls: bad certificate"),
            .retry = WHY_RETRY_CHANGED,
        },
    AT(TLS_OUR_CERT_REJECTED) =
        {
            .title = N_("The client refused our certificate"),
            .happened = N_("This server sent its certificate, and the client ended the handshake "
                           "because of it, with an alert or by hanging up at once."),
            .when = N_("Our certificate has expired, lacks its intermediate, does not list the "
                       "name that the client asked for, or comes from a CA that the client does "
                       "not have. Node and Java hang up without an alert."),
            .fix = N_("Test this server from outside: whysocket check wss://NAME. Renew the "
                      "certificate, serve the full chain, or give the client our CA. Go, GnuTLS "
                      "and Chrome send the same alert for every fault, so look at the client's own "
                      "message, too."),
            .reference = "RFC 8446 section 6.2",
            .clients =
                SHOWN(N_("1006; the console has net::ERR_CERT_..."),
                      N_("1015; the cause is on the page that the same address shows with "
                         "https://"),
                      "1006", N_("an error event with the OpenSSL name of the fault"),
                      "ssl.SSLCertVerificationError", N_("an error of crypto/x509 out of Dial()")),
            .retry = WHY_RETRY_CHANGED,
        },
    AT(TLS_VERSION) =
        {
            .title = N_("No TLS version that both sides allow"),
            .happened = N_("One side speaks only versions of TLS that the other does not accept, "
                           "so there was nothing to agree on."),
            .when = N_("An old device or server with TLS 1.0 or 1.1 alone, or a server that takes "
                       "only TLS 1.3 with an old client."),
            .fix = N_("Allow TLS 1.2 and 1.3 on both sides: nginx ssl_protocols TLSv1.2 TLSv1.3. "
                      "Try one version at a time: openssl s_client -connect HOST:443 -tls1_2. "
                      "Update what cannot speak 1.2."),
            .reference = "RFC 8446 section 4.2.1, RFC 8996",
            .clients =
                SHOWN_ALERT("ERR_SSL_VERSION_OR_CIPHER_MISMATCH", "SSL_ERROR_UNSUPPORTED_VERSION",
                            "tlsv1 alert protocol version", "protocol version not supported"),
            .retry = WHY_RETRY_CHANGED,
        },
    AT(TLS_NO_SHARED_CIPHER) =
        {
            .title = N_("No cipher or key exchange that both sides allow"),
            .happened = N_("The two sides share a version of TLS, but no cipher suite, group or "
                           "signature algorithm with which to go on."),
            .when = N_("A list of ciphers narrowed by hand, a server with only an exotic curve or "
                       "an Ed25519 certificate (Chrome takes none), or very old ciphers."),
            .fix = N_("Take the list of ciphers out of the configuration, or use Mozilla's "
                      "intermediate profile. Serve a P-256 or RSA certificate, and allow X25519 "
                      "and P-256 for the key exchange."),
            .reference = "RFC 8446 section 4.1.1",
            .clients =
                SHOWN_ALERT("ERR_SSL_VERSION_OR_CIPHER_MISMATCH", "SSL_ERROR_NO_CYPHER_OVERLAP",
                            "sslv3 alert handshake failure", "handshake failure"),
            .retry = WHY_RETRY_CHANGED,
        },
    AT(TLS_UNKNOWN_NAME) =
        {
            .title = N_("The server does not know this name"),
            .happened = N_("The server refused the handshake because it has no site with the name "
                           "that the client asked for, or because the client named none."),
            .when = N_("Connecting by IP address to a server that needs a name, a DNS record that "
                       "points to the wrong machine, or a host that is not set up on its load "
                       "balancer (nginx: ssl_reject_handshake)."),
            .fix = N_("Connect by the host's name; to reach one certain machine use --resolve "
                      "NAME:443:ADDRESS. On the server add the name to its configuration."),
            .reference = "RFC 6066 section 3",
            .clients =
                SHOWN_ALERT("ERR_SSL_UNRECOGNIZED_NAME_ALERT", "SSL_ERROR_UNRECOGNIZED_NAME_ALERT",
                            "tlsv1 unrecognized name", "unrecognized name"),
            .retry = WHY_RETRY_CHANGED,
        },
    AT(TLS_ALPN) =
        {
            .title = N_("The server does not speak HTTP/1.1 here"),
            .happened = N_("The two sides found no common protocol in ALPN: WebSockets over "
                           "HTTP/1.1 were asked for, and the server takes something else, mostly "
                           "h2 alone."),
            .when = N_("A gRPC endpoint, or a load balancer whose listener allows HTTP/2 only."),
            .fix = N_("Allow http/1.1 beside h2 on that port, or give WebSockets a host of their "
                      "own. See what it takes: openssl s_client -connect HOST:443 -alpn "
                      "h2,http/1.1."),
            .reference = "RFC 7301 section 3.2",
            .clients = SHOWN("1006, net::ERR_SSL_PROTOCOL_ERROR",
                             "1015, SSL_ERROR_NEXT_PROTOCOL_NO_PROTOCOL", "1006",
                             N_("open: ws offers no ALPN"), N_("open: websockets offers no ALPN"),
                             "remote error: tls: no application protocol"),
            .retry = WHY_RETRY_CHANGED,
        },
    AT(TLS_ALERT) =
        {
            .title = N_("The peer refused TLS with an alert"),
            .happened = N_("The peer ended the handshake with an alert that has no cause of its "
                           "own here; the record has its number and name."),
            .when = N_("An alert 40 or 80 mostly means that the server has no certificate for this "
                       "name, wants a client certificate, or fails in its own set-up."),
            .fix = N_("Read the server's log at that moment (nginx: error_log with level info). "
                      "Try the same with openssl s_client -connect HOST:443 -servername HOST and "
                      "without -servername, and compare."),
            .reference = "RFC 8446 section 6.2",
            .clients = SHOWN("1006, net::ERR_SSL_PROTOCOL_ERROR",
                             N_("1015; the alert's name on the page with https://"), "1006",
                             N_("EPROTO with the name of the alert"),
                             N_("ssl.SSLError with the name of the alert"),
                             N_("remote error: tls: and the name of the alert")),
            .retry = WHY_RETRY_CHANGED,
        },
    AT(TLS_PLAIN_HTTP) =
        {
            .title = N_("The port speaks plain HTTP, not TLS"),
            .happened = N_("The address began with wss://, and the server answered in plain HTTP: "
                           "there is no TLS on this port."),
            .when = N_("wss:// with the port of the plain server (80, 3000, 8080), or TLS ends at "
                       "a proxy in front and you went past it."),
            .fix = N_("Use ws:// for this port, or wss:// with the port that has TLS, mostly 443. "
                      "To have TLS here, give the server a certificate or put a proxy such as "
                      "nginx before it."),
            .reference = "RFC 6455 section 3",
            .clients = SHOWN_NOT_TLS,
            .retry = WHY_RETRY_CHANGED,
        },
    AT(TLS_NOT_TLS) =
        {
            .title = N_("The port speaks neither TLS nor HTTP"),
            .happened = N_("The answer to the TLS greeting was something else; the record shows "
                           "the first bytes, often enough to recognise the program."),
            .when = N_("The port belongs to another service (SSH, SMTP, a database), or a login "
                       "page of the network answers in its place."),
            .fix = N_("Correct the port, and check on the server which program has it: ss -ltnp. "
                      "On a guest network log in first."),
            .reference = "RFC 8446 section 5.1",
            .clients = SHOWN_NOT_TLS,
            .retry = WHY_RETRY_CHANGED,
        },
    AT(TLS_EOF) =
        {
            .title = N_("The connection was closed during the TLS handshake"),
            .happened = N_("The other end accepted the TCP connection and closed it before TLS was "
                           "done, without an alert."),
            .when = N_("A load balancer without a healthy server behind it, a filter by address or "
                       "name, a port that expects the PROXY protocol first, or a server that is "
                       "just restarting."),
            .fix = N_("Check that the load balancer's targets are healthy and that its PROXY "
                      "protocol setting fits the server's. Try from another network: if that "
                      "works, a filter on the way closes it."),
            .reference = "RFC 8446 section 6.1",
            .clients = SHOWN("1006, net::ERR_CONNECTION_CLOSED",
                             N_("1006, or 1015 where it counts the cut as TLS"), "1006",
                             "ECONNRESET: Client network socket disconnected before secure TLS "
                             "connection was established",
                             "ssl.SSLEOFError, ConnectionResetError", "EOF"),
            .retry = WHY_RETRY_BACK_OFF,
        },
    AT(TLS_RESET) =
        {
            .title = N_("The connection was reset during the TLS handshake"),
            .happened = N_("The TCP connection was torn down with a reset before TLS was done."),
            .when = N_("A firewall that dislikes the name or the size of the greeting, a server "
                       "that crashes or restarts, or a port without a working service behind it."),
            .fix = N_("Try again, then from another network. If only this network fails, a filter "
                      "is on the way; if all do, read the server's log at that moment."),
            .reference = "RFC 9293 section 3.5.2",
            .clients =
                SHOWN("1006, net::ERR_CONNECTION_RESET",
                      N_("1006, or 1015 where it counts the cut as TLS"), "1006", "read ECONNRESET",
                      "ConnectionResetError: [Errno 104]", "read: connection reset by peer"),
            .retry = WHY_RETRY_BACK_OFF,
        },
    AT(TLS_CORRUPTED) =
        {
            .title = N_("TLS data were damaged on the way"),
            .happened = N_("A record arrived changed: its checksum or the signature over the "
                           "handshake does not hold."),
            .when = N_("A middlebox that rewrites packets, faulty memory or network hardware, a "
                       "tunnel that damages large packets."),
            .fix = N_("Try again: if it fails at the same place each time, a box on the way alters "
                      "the bytes; go around it with a VPN or another network. If it comes and "
                      "goes, test memory and network card on both ends."),
            .reference = "RFC 8446 section 5.2",
            .clients = SHOWN("1006, net::ERR_SSL_PROTOCOL_ERROR", "1015, SSL_ERROR_BAD_MAC_READ",
                             "1006", "EPROTO: decryption failed or bad record mac",
                             "ssl.SSLError: [SSL: DECRYPTION_FAILED_OR_BAD_RECORD_MAC]",
                             "local error: tls: bad record MAC"),
            .retry = WHY_RETRY_BACK_OFF,
        },
    AT(TLS_PROTOCOL) =
        {
            .title = N_("The peer breaks the rules of TLS"),
            .happened = N_("The peer speaks TLS, but sent a message that the protocol does not "
                           "allow there; the record has the library's words for it."),
            .when = N_("Very old or home-made TLS stacks: no secure renegotiation, keys that are "
                       "too small, messages that are too large, messages out of order."),
            .fix = N_("Update the TLS library of the peer. For details: openssl s_client -connect "
                      "HOST:443 -servername HOST -msg."),
            .reference = "RFC 8446 section 6.2",
            .clients = SHOWN("1006, net::ERR_SSL_PROTOCOL_ERROR",
                             N_("1015; the cause is on the page that the same address shows with "
                                "https://"),
                             "1006", N_("EPROTO with OpenSSL's words"),
                             N_("ssl.SSLError with OpenSSL's words"),
                             N_("an error that begins with tls:")),
            .retry = WHY_RETRY_CHANGED,
        },
    AT(TLS_CONFIG) =
        {
            .title = N_("This side's TLS settings cannot be used"),
            .happened = N_("A certificate, a key or another TLS setting on this side could not be "
                           "loaded; the detail names the file and what is wrong with it."),
            .when = N_("Key and certificate do not belong together, the key has a passphrase, a "
                       "file is empty or in DER or PKCS#12 instead of PEM, or the server's "
                       "certificate is not the first in its file."),
            .fix = N_("Compare the two: openssl x509 -noout -pubkey -in cert.pem and openssl pkey "
                      "-pubout -in key.pem must print the same. Convert PKCS#12 with openssl "
                      "pkcs12 -in file.p12 -nodes, DER with openssl x509 -inform DER."),
            .reference = "RFC 7468",
            .clients = SHOWN("", "", "", "ERR_OSSL_X509_KEY_VALUES_MISMATCH",
                             "ssl.SSLError: [X509: KEY_VALUES_MISMATCH]",
                             "tls: private key does not match public key"),
            .retry = WHY_RETRY_CHANGED,
        },
};

_Static_assert(sizeof infos / sizeof *infos ==
                   WHY_CAUSE_TLS_CONFIG - WHY_CAUSE_TLS_CERT_EXPIRED + 1,
               "a cause without words");

const struct why__cause_group why__causes_tls = {
    WHY_CAUSE_TLS_CERT_EXPIRED,
    WHY_CAUSE_TLS_CONFIG,
    infos,
};
