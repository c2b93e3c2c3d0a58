/* SPDX-License-Identifier: MIT
 *
 * Causes in words: TLS, chains, trust, client certificates, and clients that turn ours down.
 */
#include "base/mark.h"
#include "why/causes.h"
#include "why/shown_tls.h"

#define AT(name) [WHY_CAUSE_##name - WHY_CAUSE_TLS_CHAIN_UNTRUSTED_CA]

static const struct why_cause_info infos[] = {
    AT(TLS_CHAIN_UNTRUSTED_CA) =
        {
            .title = N_("The certificate's CA is not trusted here"),
            .happened = N_(
                "The chain is complete but ends at a CA that is not in this side's trust store."),
            .when = N_("A company's or a test's private CA, a proxy that inspects TLS and signs "
                       "with its own CA, or a trust store that is too old for a new CA."),
            .fix = N_("Give this side the CA's certificate, by a way that you trust; or serve a "
                      "certificate of a public CA."),
            .fix_server = N_("For the public use a public CA: certbot --nginx -d NAME; Caddy gets "
                             "one by itself."),
            .fix_client = FIX_TRUST,
            .reference = "RFC 5280 section 6.1",
            .clients = SHOWN_VERIFY(
                "AUTHORITY_INVALID", "SEC_ERROR_UNKNOWN_ISSUER",
                "UNABLE_TO_GET_ISSUER_CERT_LOCALLY: unable to get local issuer certificate",
                "unable to get local issuer certificate", "certificate signed by unknown authority",
                "PKIX path building failed: "
                "sun.security.provider.certpath.SunCertPathBuilderException: unable to find valid "
                "certification path to requested target",
                " certificate problem: unable to get local issuer certificate"),
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
            .fix = N_(
                "Serve the server's certificate followed by the intermediates in one file. From "
                "here it cannot be mended, save by trusting the intermediate for the time being."),
            .fix_server = FIX_CHAIN,
            .fix_client =
                N_("As a stop-gap give the client the intermediate together with its root, in one "
                   "file: NODE_EXTRA_CA_CERTS=both.pem, SSL_CERT_FILE=both.pem for Python and Go, "
                   "curl --cacert both.pem. Fetch it from the URL of openssl x509 -noout -ext "
                   "authorityInfoAccess -in cert.pem and convert it: openssl x509 -inform DER -in "
                   "inter.der -out inter.pem."),
            .reference = "RFC 8446 section 4.4.2",
            .clients = SHOWN_NO_ISSUER,
            .retry = WHY_RETRY_CHANGED,
        },
    AT(TLS_CHAIN_WRONG_INTERMEDIATE) =
        {
            .title = N_("The server sends the wrong intermediate certificate"),
            .happened =
                N_("The server sent an intermediate certificate, but not the one that signed its "
                   "own; the record says which one it is and which one is needed."),
            .when = N_("The certificate was renewed from another intermediate of the CA (Let's "
                       "Encrypt changes between several) while the chain file stayed the old one, "
                       "or files of two sites were mixed up."),
            .fix = N_("Serve the intermediate that belongs to this very certificate."),
            .fix_server = FIX_CHAIN,
            .reference = "RFC 8446 section 4.4.2",
            .clients = SHOWN_NO_ISSUER,
            .retry = WHY_RETRY_CHANGED,
        },
    AT(TLS_CHAIN_UNTRUSTED_ROOT) =
        {
            .title = N_("The chain ends at a root that is not trusted here"),
            .happened =
                N_("The server sent its chain up to a self-signed root, and that root is not in "
                   "this side's trust store. That the server sends it makes nobody trust it."),
            .when = N_("A company's or a test's private CA, a proxy that inspects TLS, or a root "
                       "so new that this side's trust store does not have it yet."),
            .fix = N_("Give this side the root's certificate, by a way that you trust; or serve a "
                      "certificate of a public CA."),
            .fix_server = N_("For the public use a public CA: certbot --nginx -d NAME; Caddy gets "
                             "one by itself."),
            .fix_client = FIX_TRUST,
            .reference = "RFC 5280 section 6.1",
            .clients = SHOWN_VERIFY(
                "AUTHORITY_INVALID", "SEC_ERROR_UNKNOWN_ISSUER",
                "SELF_SIGNED_CERT_IN_CHAIN: self-signed certificate in certificate chain",
                "self-signed certificate in certificate chain",
                "certificate signed by unknown authority",
                "PKIX path building failed: "
                "sun.security.provider.certpath.SunCertPathBuilderException: unable to find valid "
                "certification path to requested target",
                " certificate problem: self-signed certificate in certificate chain"),
            .retry = WHY_RETRY_CHANGED,
        },
    AT(TLS_CHAIN_NO_TRUST_STORE) =
        {
            .title = N_("This machine has no trusted CAs"),
            .happened = N_("No CA certificates were found on this side, so no certificate of any "
                           "server can be verified."),
            .when =
                N_("Minimal containers (debian:slim, scratch) without the package ca-certificates, "
                   "or SSL_CERT_FILE that points to a file that is not there."),
            .fix = N_("Install them, or correct SSL_CERT_FILE and SSL_CERT_DIR."),
            .fix_client =
                N_("apt-get install ca-certificates (Debian, Ubuntu), apk add ca-certificates "
                   "(Alpine); in a Dockerfile FROM scratch: COPY --from=build "
                   "/etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/. openssl version -d shows "
                   "where they are looked for; env | grep SSL_CERT what overrides it."),
            .reference = "RFC 5280 section 6.1.1",
            .clients = SHOWN(N_("not affected: it brings its own CAs"),
                             N_("not affected: it brings its own CAs"),
                             N_("not affected: it uses the system's keychain"),
                             N_("not affected: it brings its own CAs"),
                             "ssl.SSLCertVerificationError: certificate verify failed: unable to "
                             "get local issuer certificate",
                             "x509: certificate signed by unknown authority",
                             N_("not affected: the JDK brings its own CAs"),
                             N_("curl: (77) error setting certificate file, or (60)")),
            .retry = WHY_RETRY_CHANGED,
        },
    AT(TLS_CLIENT_CERT_REQUIRED) =
        {
            .title = N_("The server wants a client certificate"),
            .happened =
                N_("The server asked this client for a certificate (mutual TLS), got none, and "
                   "refused. With TLS 1.3 the refusal comes after the handshake seemed done."),
            .when = N_("APIs for machines, company gateways, brokers with ssl_verify_client on or "
                       "its like."),
            .fix = N_("Give the client its certificate and key. The certificate must come from a "
                      "CA that the server names; the record lists them if it did."),
            .fix_server =
                N_("If it should not ask: nginx ssl_verify_client off or optional; HAProxy bind "
                   "without verify required; Caddy tls without client_auth."),
            .fix_client =
                N_("whysocket check --cert client.pem --key client.key; Node: the options cert and "
                   "key; Python: context.load_cert_chain('client.pem', 'client.key'); Go: "
                   "tls.Config.Certificates; Java: -Djavax.net.ssl.keyStore=client.p12; curl "
                   "--cert client.pem --key client.key. Browsers: import a PKCS#12 file, openssl "
                   "pkcs12 -export -in client.pem -inkey client.key -out client.p12; on Linux "
                   "pk12util -d sql:$HOME/.pki/nssdb -i client.p12."),
            .reference = "RFC 8446 section 4.4.2.4",
            .clients = SHOWN(
                N_("1006; the console says the handshake was canceled"),
                "1015, SSL_ERROR_RX_CERTIFICATE_REQUIRED_ALERT", "1006",
                N_("1006, socket hang up; EPROTO with alert 116 or 40 at times"),
                "InvalidMessage: did not receive a valid HTTP response",
                "remote error: tls: certificate required",
                "javax.net.ssl.SSLHandshakeException: Received fatal alert: certificate_required",
                "curl: (56) ... alert certificate required"),
            .retry = WHY_RETRY_CHANGED,
        },
    AT(TLS_CLIENT_CERT_REJECTED) =
        {
            .title = N_("The server refused our client certificate"),
            .happened = N_("The server wants a certificate of its clients and does not take ours; "
                           "the alert with which it ended says what it objects to."),
            .when = N_("The client certificate has expired, comes from a CA that this server does "
                       "not trust, was issued for servers only, was revoked, or has a kind of key "
                       "that the server takes no signature of."),
            .fix = N_("Use a valid client certificate of a CA that the server names, and send its "
                      "intermediates along in the same file."),
            .fix_server =
                N_("Give the server the CA of its clients: nginx ssl_client_certificate ca.pem "
                   "(root and intermediates; ssl_verify_depth 2); HAProxy ca-file ca.pem verify "
                   "required; Caddy client_auth { trust_pool file ca.pem }. Its log says what it "
                   "objects to, in nginx with error_log FILE info."),
            .fix_client =
                N_("Look at its dates, issuer and purpose: openssl x509 -noout -dates -issuer "
                   "-purpose -in client.pem. It must be good for 'SSL client'; cat client.pem "
                   "inter.pem > client-chain.pem sends the intermediate along."),
            .reference = "RFC 8446 section 6.2",
            .clients = SHOWN(
                "1006, net::ERR_BAD_SSL_CLIENT_AUTH_CERT",
                N_("1015; the alert's name on the page with https://"), "1006",
                N_("EPROTO with the name of the alert"),
                N_("ssl.SSLError with the name of the alert"), "remote error: tls: bad certificate",
                "javax.net.ssl.SSLHandshakeException: Received fatal alert: bad_certificate",
                N_("curl: (56), with TLS 1.2 (35), and the name of the alert")),
            .retry = WHY_RETRY_CHANGED,
        },
    AT(TLS_INTERCEPTED) =
        {
            .title = N_("Something on the way opens TLS"),
            .happened = N_("The certificate does not come from the server but from a box or a "
                           "program on the way that opens TLS, looks inside and signs again with "
                           "its own CA, which is not trusted here."),
            .when = N_("Company proxies (Zscaler, Netskope, Fortinet, Palo Alto), virus scanners "
                       "on this machine, debugging proxies (mitmproxy, Charles, Fiddler). Browsers "
                       "work where the company put its CA into the system's store; programs with a "
                       "store of their own fail."),
            .fix = N_("If the box is your company's, give this program its CA; if you know of "
                      "none, do not go on: somebody listens."),
            .fix_server = N_(
                "Nothing is wrong there. The owner of the box can take this host from inspection."),
            .fix_client = FIX_TRUST,
            .reference = "RFC 5280 section 6.1",
            .clients = SHOWN(
                N_("open where the CA is in the system's store; else 1006, "
                   "net::ERR_CERT_AUTHORITY_INVALID"),
                "1015, MOZILLA_PKIX_ERROR_MITM_DETECTED", "1006",
                "SELF_SIGNED_CERT_IN_CHAIN: self-signed certificate in certificate chain",
                "ssl.SSLCertVerificationError: certificate verify failed: self-signed certificate "
                "in certificate chain",
                "x509: certificate signed by unknown authority",
                "javax.net.ssl.SSLHandshakeException: PKIX path building failed: "
                "sun.security.provider.certpath.SunCertPathBuilderException: unable to find valid "
                "certification path to requested target",
                "curl: (60) SSL certificate problem: self-signed certificate in certificate chain"),
            .retry = WHY_RETRY_CHANGED,
        },
    AT(TLS_OUR_CERT_REJECTED) =
        {
            .title = N_("The client refused our certificate"),
            .happened = N_("This server sent its certificate, and the client ended the handshake "
                           "because of it, with an alert or by hanging up at once."),
            .when =
                N_("Our certificate has expired, lacks its intermediate, does not list the name "
                   "that the client asked for, or comes from a CA that the client does not have. "
                   "Go, GnuTLS and Chrome send the same alert for every fault; OpenSSL's differ."),
            .fix = N_("Renew the certificate, serve the full chain, or give the client our CA."),
            .fix_server =
                N_("Test this server from another machine: whysocket check wss://NAME. Then as for "
                   "the cause that it names: whysocket explain tls.cert tls.chain."),
            .fix_client = N_("Look at the client's own message: Chrome's console, Node's error "
                             "event, the exception of Python, Go and Java."),
            .reference = "RFC 8446 section 6.2",
            .clients = SHOWN(
                N_("1006; the console has net::ERR_CERT_..."),
                N_("1015; the cause is on the page that the same address shows with https://"),
                "1006", N_("an error event with the OpenSSL name of the fault"),
                "ssl.SSLCertVerificationError", N_("an error of crypto/x509 out of Dial()"),
                N_("javax.net.ssl.SSLHandshakeException with the fault"),
                N_("curl: (60) with the fault")),
            .retry = WHY_RETRY_CHANGED,
        },
    AT(TLS_CLIENT_LEFT) =
        {
            .title = N_("The client left in the midst of the handshake"),
            .happened = N_("This server sent its certificate, and the client went away without an "
                           "alert, or finished the handshake and closed without a request."),
            .when = N_("Node.js and Java close without an alert where they refuse a certificate; "
                       "curl finishes the handshake first and then compares the name. A user who "
                       "closes the page, or a health check that only looks whether TLS answers, "
                       "looks the same."),
            .fix = N_("If it happens once in a while, nothing. If one kind of client always does "
                      "it, check this server's certificate as that client would."),
            .fix_server = N_("whysocket check wss://NAME from another machine; the record has the "
                             "verdict on our own chain for the name that was asked for. nginx and "
                             "others log such clients only with error_log FILE info."),
            .fix_client = N_("Look at the client's own message; in Node the error event's code, in "
                             "Java the SSLHandshakeException."),
            .reference = "RFC 8446 section 6.1",
            .clients = SHOWN("1006", "1006", "1006",
                             N_("the name of the fault: CERT_HAS_EXPIRED and its like"),
                             N_("nothing: Python sends an alert"), N_("nothing: Go sends an alert"),
                             N_("javax.net.ssl.SSLHandshakeException with the fault"),
                             N_("curl: (60) with the fault")),
            .retry = WHY_RETRY_CHANGED,
        },
    AT(TLS_NO_HELLO) =
        {
            .title = N_("A client connected and never began TLS"),
            .happened = N_("A TCP connection came in and ended without a single byte of TLS."),
            .when = N_("Port scanners, health checks of load balancers that only open TCP, or "
                       "browsers that open a spare connection."),
            .fix = N_("Mostly nothing. Let a health check speak TLS, or leave such connections out "
                      "of the log."),
            .fix_server = N_("HAProxy: option httpchk with check-ssl on the server line instead of "
                             "a bare check. See who it is by the address in the record."),
            .reference = "RFC 8446 section 4.1.2",
            .clients =
                SHOWN(N_("nothing: a spare connection that was not needed"),
                      N_("nothing: a spare connection that was not needed"),
                      N_("nothing: a spare connection that was not needed"),
                      N_("nothing: no handshake was tried"), N_("nothing: no handshake was tried"),
                      N_("nothing: no handshake was tried"), N_("nothing: no handshake was tried"),
                      N_("nothing: no handshake was tried")),
            .retry = WHY_RETRY_NOT_NEEDED,
        },
};

_Static_assert(sizeof infos / sizeof *infos ==
                   WHY_CAUSE_TLS_NO_HELLO - WHY_CAUSE_TLS_CHAIN_UNTRUSTED_CA + 1,
               "a cause without words");

const struct why__cause_group why__causes_tls_trust = {
    WHY_CAUSE_TLS_CHAIN_UNTRUSTED_CA,
    WHY_CAUSE_TLS_NO_HELLO,
    infos,
};
