/* SPDX-License-Identifier: MIT
 *
 * Causes in words: TLS, what is wrong with a certificate itself.
 */
#include "base/mark.h"
#include "why/causes.h"
#include "why/shown_tls.h"

#define AT(name) [WHY_CAUSE_##name - WHY_CAUSE_TLS_CERT_EXPIRED]

static const struct why_cause_info infos[] = {
    AT(TLS_CERT_EXPIRED) =
        {
            .title = N_("The certificate has expired"),
            .happened = N_("A certificate in the server's chain is past its last day of validity; "
                           "the record says which one and since when."),
            .when = N_(
                "The renewal did not run, or it ran and the server was not reloaded, so it still "
                "serves the old file. Sometimes the server's own certificate is new and an old "
                "intermediate is served with it. A wrong clock on this machine looks the same."),
            .fix = N_("Renew the certificate and reload the server, which reads it at start only. "
                      "Check this machine's clock with date -u."),
            .fix_server =
                N_("certbot renew, then systemctl reload nginx (or haproxy, apache2); Caddy renews "
                   "by itself, see journalctl -u caddy. Look at what is really served: openssl "
                   "s_client -connect HOST:443 -servername HOST </dev/null | openssl x509 -noout "
                   "-dates. Where an intermediate has expired, serve the CA's current one: "
                   "fullchain.pem of the renewed certificate."),
            .fix_client = N_("If its clock is wrong: timedatectl set-ntp true. Nothing else mends "
                             "it from here; do not switch verification off."),
            .reference = "RFC 5280 section 4.1.2.5",
            .clients =
                SHOWN_VERIFY("DATE_INVALID", "SEC_ERROR_EXPIRED_CERTIFICATE",
                             "CERT_HAS_EXPIRED: certificate has expired", "certificate has expired",
                             "certificate has expired or is not yet valid",
                             "PKIX path validation failed: "
                             "java.security.cert.CertPathValidatorException: validity check failed",
                             " certificate problem: certificate has expired"),
            .retry = WHY_RETRY_CHANGED,
        },
    AT(TLS_CERT_NOT_YET_VALID) =
        {
            .title = N_("The certificate is not valid yet"),
            .happened = N_("A certificate in the server's chain begins to be valid at a time that "
                           "this machine's clock has not reached."),
            .when = N_(
                "Nearly always this machine's clock is behind: a board without a battery, a "
                "virtual machine that slept. Rarely the certificate was issued for a later day."),
            .fix = N_("Set this machine's clock. If it is right, serve the previous certificate "
                      "until the new one begins."),
            .fix_server = N_("See from when it is valid: openssl x509 -noout -startdate -in "
                             "cert.pem. Check the clock of the machine that issues: a private CA "
                             "whose clock is ahead makes certificates of tomorrow."),
            .fix_client =
                N_("date -u, then timedatectl set-ntp true; on boards without a battery fetch the "
                   "time before the first connection (systemd-time-wait-sync, chronyd -q)."),
            .reference = "RFC 5280 section 4.1.2.5",
            .clients = SHOWN_VERIFY(
                "DATE_INVALID", "MOZILLA_PKIX_ERROR_NOT_YET_VALID_CERTIFICATE",
                "CERT_NOT_YET_VALID: certificate is not yet valid", "certificate is not yet valid",
                "certificate has expired or is not yet valid",
                "PKIX path validation failed: java.security.cert.CertPathValidatorException: "
                "validity check failed",
                " certificate problem: certificate is not yet valid"),
            .retry = WHY_RETRY_CHANGED,
        },
    AT(TLS_CERT_SELF_SIGNED) =
        {
            .title = N_("The certificate is self-signed"),
            .happened = N_("The server's certificate is signed by itself and by no CA, and this "
                           "side was not told to trust it."),
            .when = N_(
                "A development server, a device's factory certificate, or the default certificate "
                "of a proxy (Traefik, ingress-nginx, Plesk) because none is set up for this name."),
            .fix = N_("In production use a certificate of a CA, for example from Let's Encrypt; "
                      "for development make a CA with mkcert, or trust this very certificate."),
            .fix_server = N_(
                "certbot --nginx -d NAME; Caddy gets a certificate by itself for a public name; "
                "HAProxy: cat fullchain.pem privkey.pem > site.pem and bind :443 ssl crt site.pem. "
                "For development: mkcert -install, then mkcert NAME localhost 127.0.0.1."),
            .fix_client = FIX_TRUST,
            .reference = "RFC 5280 section 6.1",
            .clients =
                SHOWN_VERIFY("AUTHORITY_INVALID", "MOZILLA_PKIX_ERROR_SELF_SIGNED_CERT",
                             "DEPTH_ZERO_SELF_SIGNED_CERT: self-signed certificate",
                             "self-signed certificate", "certificate signed by unknown authority",
                             "PKIX path building failed: "
                             "sun.security.provider.certpath.SunCertPathBuilderException: unable "
                             "to find valid certification path to requested target",
                             " certificate problem: self-signed certificate"),
            .retry = WHY_RETRY_CHANGED,
        },
    AT(TLS_CERT_NAME_MISMATCH) =
        {
            .title = N_("The certificate is for another name"),
            .happened = N_("The certificate is in order but does not list the host that was asked "
                           "for; the record shows the names it does list."),
            .when = N_(
                "The server falls back to the certificate of another site because it knows no site "
                "of this name, www. or a sub-domain is missing from the certificate, the name "
                "stands only in its common name, or the DNS record points to another machine."),
            .fix = N_("Connect by a name that the certificate lists, or issue it with every name "
                      "in subjectAltName. The common name alone does not count."),
            .fix_server =
                N_("certbot --expand -d NAME1 -d NAME2. nginx: server_name HOST in the same block "
                   "as its ssl_certificate; HAProxy: one file for each site in the directory of "
                   "bind ... ssl crt DIRECTORY; Caddy: the site's address must be HOST. See the "
                   "names: openssl x509 -noout -ext subjectAltName -in cert.pem."),
            .fix_client = N_("Use a name of the list. Check where the name leads: getent hosts "
                             "HOST, and /etc/hosts."),
            .reference = "RFC 9525",
            .clients = SHOWN_VERIFY(
                "COMMON_NAME_INVALID", "SSL_ERROR_BAD_CERT_DOMAIN",
                "ERR_TLS_CERT_ALTNAME_INVALID: Host: HOST. is not in the cert's altnames",
                "Hostname mismatch, certificate is not valid for 'HOST'",
                "certificate is valid for NAME, not HOST",
                "No subject alternative DNS name matching HOST found",
                ": no alternative certificate subject name matches target host name 'HOST'"),
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
            .fix_server = N_("certbot renew --force-renewal makes a new key, unless --reuse-key is "
                             "set; by hand openssl genpkey -algorithm EC -pkeyopt "
                             "ec_paramgen_curve:P-256 -out key.pem. Then reload the server."),
            .reference = "RFC 5280 section 5, RFC 6960",
            .clients = SHOWN(N_("open as a rule; 1006, net::ERR_CERT_REVOKED if it knows"),
                             "1015, SEC_ERROR_REVOKED_CERTIFICATE", "1006",
                             N_("open: Node checks only CRLs that it is given"),
                             N_("open: Python checks only CRLs that it is given"),
                             N_("open: crypto/tls does not check revocation"),
                             N_("open, unless com.sun.net.ssl.checkRevocation is set"),
                             N_("open; with --crlfile curl: (60) certificate revoked")),
            .retry = WHY_RETRY_CHANGED,
        },
    AT(TLS_CERT_WRONG_PURPOSE) =
        {
            .title = N_("The certificate is for another purpose"),
            .happened = N_("The certificate, or one above it, is not permitted to identify a TLS "
                           "server: its key usage or extended key usage says something else."),
            .when = N_("A client certificate or a code-signing certificate was put into the "
                       "server, or a private CA issues without serverAuth."),
            .fix = N_("Issue it with extendedKeyUsage = serverAuth. Where a CA above it is "
                      "limited, too, issue that anew first."),
            .fix_server = N_("See what it has: openssl x509 -noout -purpose -in cert.pem. In the "
                             "CA's openssl.cnf: extendedKeyUsage = serverAuth and keyUsage = "
                             "critical, digitalSignature, keyEncipherment; in a request -addext "
                             "extendedKeyUsage=serverAuth, signed with -copy_extensions copy."),
            .reference = "RFC 5280 section 4.2.1.12",
            .clients = SHOWN_VERIFY(
                "INVALID", "SEC_ERROR_INADEQUATE_CERT_TYPE",
                "INVALID_PURPOSE: unsuitable certificate purpose", "unsuitable certificate purpose",
                "certificate specifies an incompatible key usage",
                "Extended key usage does not permit use for TLS server authentication",
                " certificate problem: unsuitable certificate purpose"),
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
                      "old one."),
            .fix_server =
                N_("openssl verify -CAfile root.pem -untrusted inter.pem cert.pem must say OK. "
                   "Compare the key identifiers: openssl x509 -noout -ext authorityKeyIdentifier "
                   "-in cert.pem with -ext subjectKeyIdentifier of inter.pem."),
            .fix_client = N_("If the CA was set up anew under its old name, replace its "
                             "certificate in this side's trust store."),
            .reference = "RFC 5280 section 6.1.3",
            .clients =
                SHOWN("1006, net::ERR_CERT_AUTHORITY_INVALID", "1015, SEC_ERROR_BAD_SIGNATURE",
                      "1006", "CERT_SIGNATURE_FAILURE: certificate signature failure",
                      "ssl.SSLCertVerificationError: certificate verify failed: certificate "
                      "signature failure",
                      "x509: certificate signed by unknown authority",
                      "javax.net.ssl.SSLHandshakeException: PKIX path validation failed: "
                      "java.security.cert.CertPathValidatorException: signature check failed",
                      N_("curl: (35) or (60), with OpenSSL's words for the signature")),
            .retry = WHY_RETRY_CHANGED,
        },
    AT(TLS_CERT_WEAK_KEY) =
        {
            .title = N_("The certificate's key is too short"),
            .happened = N_("A key in the server's chain is shorter than this side accepts; the "
                           "record says whose and how long it is."),
            .when =
                N_("Old devices and old private CAs with RSA keys of 1024 bits. The limit depends "
                   "on how the client was built: Debian's OpenSSL, curl and Python want 2048 bits; "
                   "Node, Chrome, Go and Java let a private CA's 1024 bits pass."),
            .fix =
                N_("Make a new key, P-256 or RSA with 2048 bits or more, and have the certificate "
                   "issued for it anew. A CA with a short key must be replaced, too."),
            .fix_server = N_("openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes "
                             "-keyout key.pem -out request.csr -subj /CN=NAME -addext "
                             "subjectAltName=DNS:NAME, have request.csr signed, and reload. With "
                             "Let's Encrypt: certbot renew --force-renewal --key-type ecdsa."),
            .fix_client = N_("As a stop-gap, for this one server only: OpenSSL's security level 1, "
                             "curl --ciphers DEFAULT@SECLEVEL=1, in Python "
                             "context.set_ciphers('DEFAULT@SECLEVEL=1')."),
            .reference = "RFC 9325 section 4.5",
            .clients = SHOWN(N_("open with a CA of your own; else 1006, net::ERR_CERT_WEAK_KEY"),
                             "1015, MOZILLA_PKIX_ERROR_INADEQUATE_KEY_SIZE", "1006",
                             N_("open: Node accepts RSA with 1024 bits"),
                             "ssl.SSLCertVerificationError: certificate verify failed: EE "
                             "certificate key too weak",
                             N_("open: crypto/tls accepts RSA with 1024 bits"),
                             N_("open: the JDK accepts RSA with 1024 bits"),
                             "curl: (60) SSL certificate problem: EE certificate key too weak"),
            .retry = WHY_RETRY_CHANGED,
        },
    AT(TLS_CERT_WEAK_SIGNATURE) =
        {
            .title = N_("A certificate is signed with a broken hash"),
            .happened = N_("A signature in the server's chain uses SHA-1 or MD5, which can be "
                           "forged; the record says on which certificate."),
            .when = N_("Private CAs and devices that were set up before 2016, or a CA tool whose "
                       "configuration still says default_md = sha1."),
            .fix = N_("Have the certificate signed anew with SHA-256. Where a CA's own certificate "
                      "is concerned, issue that anew first."),
            .fix_server =
                N_("openssl x509 -req -sha256 -in request.csr -CA ca.pem -CAkey ca.key "
                   "-copy_extensions copy -days 397 -out cert.pem; in openssl.cnf set default_md = "
                   "sha256. Check with openssl x509 -noout -text -in cert.pem | grep Signature."),
            .reference = "RFC 9155, RFC 9325 section 4.5",
            .clients =
                SHOWN("1006, net::ERR_CERT_WEAK_SIGNATURE_ALGORITHM",
                      "1015, SEC_ERROR_CERT_SIGNATURE_ALGORITHM_DISABLED", "1006",
                      "CA signature digest algorithm too weak",
                      "ssl.SSLCertVerificationError: certificate verify failed: CA signature "
                      "digest algorithm too weak",
                      "x509: cannot verify signature: insecure algorithm SHA1-RSA",
                      N_("open with a CA of your own and SHA-1; else an SSLHandshakeException: "
                         "Algorithm constraints check failed"),
                      "curl: (60) SSL certificate problem: CA signature digest algorithm too weak"),
            .retry = WHY_RETRY_CHANGED,
        },
    AT(TLS_CERT_INVALID) =
        {
            .title = N_("The certificate breaks a rule"),
            .happened = N_("A certificate in the chain breaks a rule of its format or of the CA "
                           "above it; the record has the exact words."),
            .when = N_("Private CAs made by hand, or software that writes certificates of its own: "
                       "a wrong version, a malformed date, extensions that contradict each other."),
            .fix = N_("Look at the certificate that the record points to and issue it anew with an "
                      "ordinary tool."),
            .fix_server =
                N_("openssl x509 -noout -text -in cert.pem; openssl verify -x509_strict -CAfile "
                   "root.pem -untrusted inter.pem cert.pem names the rule. mkcert, step-ca and "
                   "certbot make certificates that keep all of them."),
            .reference = "RFC 5280 section 6.1",
            .clients = SHOWN_VERIFY(
                "INVALID", "SEC_ERROR_CA_CERT_INVALID", N_("UNSPECIFIED, or the name of the rule"),
                "invalid CA certificate",
                "certificate is not authorized to sign other certificates",
                "PKIX path validation failed: java.security.cert.CertPathValidatorException: "
                "basic constraints check failed",
                " certificate problem: invalid CA certificate"),
            .retry = WHY_RETRY_CHANGED,
        },
    AT(TLS_CERT_WILDCARD) =
        {
            .title = N_("The certificate's wildcard does not reach this name"),
            .happened = N_("The certificate has a wildcard for this domain, but a wildcard stands "
                           "for exactly one label: *.example.org covers neither example.org nor "
                           "a.b.example.org."),
            .when = N_("The bare domain was forgotten when the wildcard was ordered, a sub-domain "
                       "got a further level, the wildcard stands below a top-level domain "
                       "(*.local), or the host's name has an underscore, which OpenSSL does not "
                       "match."),
            .fix = N_("Connect by a name one level below the wildcard, or issue the certificate "
                      "with this name beside the wildcard."),
            .fix_server = N_("certbot certonly --dns-PLUGIN -d example.org -d '*.example.org' "
                             "(wildcards need the DNS challenge), or an OpenSSL request with "
                             "-addext subjectAltName=DNS:example.org,DNS:*.example.org. Caddy gets "
                             "a certificate for each site address by itself."),
            .reference = "RFC 9525 section 6.3",
            .clients = SHOWN_VERIFY(
                "COMMON_NAME_INVALID", "SSL_ERROR_BAD_CERT_DOMAIN",
                "ERR_TLS_CERT_ALTNAME_INVALID: Host: HOST. is not in the cert's altnames",
                "Hostname mismatch, certificate is not valid for 'HOST'",
                "certificate is valid for *.NAME, not HOST",
                "No subject alternative DNS name matching HOST found",
                ": no alternative certificate subject name matches target host name 'HOST'"),
            .retry = WHY_RETRY_CHANGED,
        },
    AT(TLS_CERT_IP_NOT_LISTED) =
        {
            .title = N_("The certificate does not list this IP address"),
            .happened = N_("The server was addressed by IP, and the certificate has no entry of "
                           "the type IP for that address; a name in the common name or of the type "
                           "DNS does not count."),
            .when = N_("Addresses of the form wss://192.0.2.1, containers and devices without a "
                       "name, or a server whose address changed."),
            .fix = N_("Connect by a name that the certificate lists; to reach one certain machine "
                      "by it use whysocket check --resolve NAME:443:ADDRESS or a line in "
                      "/etc/hosts. Or issue the certificate with the address."),
            .fix_server = N_("openssl req -x509 or -new with -addext "
                             "subjectAltName=IP:192.0.2.1,DNS:NAME; mkcert NAME 192.0.2.1."),
            .fix_client =
                N_("Use the name. In Node the option servername, in Python server_hostname= says "
                   "which name to check while you dial an address."),
            .reference = "RFC 9525 section 6.5",
            .clients = SHOWN_VERIFY(
                "COMMON_NAME_INVALID", "SSL_ERROR_BAD_CERT_DOMAIN",
                "ERR_TLS_CERT_ALTNAME_INVALID: IP: ADDRESS is not in the cert's list",
                "IP address mismatch, certificate is not valid for 'ADDRESS'",
                "cannot validate certificate for ADDRESS because it doesn't contain any IP "
                "SANs",
                "No subject alternative names matching IP address ADDRESS found",
                ": no alternative certificate subject name matches target host name 'ADDRESS'"),
            .retry = WHY_RETRY_CHANGED,
        },
    AT(TLS_CERT_NAMES_MALFORMED) =
        {
            .title = N_("The certificate spells its name wrongly"),
            .happened = N_("The certificate means this host, but its entry is no proper DNS name: "
                           "it has a space, a dot at the end, a port, or a whole URL."),
            .when = N_("The name was pasted into the request with what stood around it: 'host ', "
                       "'host.example.org.', 'host.example.org:443', 'https://host.example.org/'."),
            .fix = N_("Issue the certificate anew with the bare name in subjectAltName."),
            .fix_server = N_("See what it says, letter by letter: openssl x509 -noout -ext "
                             "subjectAltName -in cert.pem | cat -A. Then request it with -addext "
                             "subjectAltName=DNS:host.example.org."),
            .reference = "RFC 5280 section 4.2.1.6",
            .clients = SHOWN_VERIFY(
                "COMMON_NAME_INVALID", "SSL_ERROR_BAD_CERT_DOMAIN",
                "ERR_TLS_CERT_ALTNAME_INVALID: Host: HOST. is not in the cert's altnames",
                "Hostname mismatch, certificate is not valid for 'HOST'",
                "certificate is valid for 'HOST ', not HOST",
                "No subject alternative DNS name matching HOST found",
                ": no alternative certificate subject name matches target host name 'HOST'"),
            .retry = WHY_RETRY_CHANGED,
        },
    AT(TLS_CERT_DEFAULT) =
        {
            .title = N_("The server shows its factory certificate"),
            .happened = N_("What answered has no certificate for this name and serves the "
                           "placeholder that its software or device came with."),
            .when = N_("Traefik's TRAEFIK DEFAULT CERT, the Fake Certificate of ingress-nginx, "
                       "Plesk, localhost.localdomain, a router's own certificate: no certificate "
                       "is set up for this name, its secret is missing, or the name is not routed "
                       "there."),
            .fix = N_("Give the proxy a certificate for this name, or correct the name's DNS "
                      "record if it points to the wrong machine."),
            .fix_server =
                N_("Traefik: tls.certresolver on the router, or "
                   "tls.stores.default.defaultCertificate. ingress-nginx: kubectl get secret NAME "
                   "in the namespace of the Ingress, and spec.tls.hosts with this very host. "
                   "nginx: server_name HOST in the block with its ssl_certificate."),
            .reference = "RFC 6066 section 3",
            .clients = SHOWN_VERIFY("AUTHORITY_INVALID", "MOZILLA_PKIX_ERROR_SELF_SIGNED_CERT",
                                    "DEPTH_ZERO_SELF_SIGNED_CERT: self-signed certificate",
                                    "self-signed certificate",
                                    "certificate is valid for OTHER.invalid, not HOST",
                                    "PKIX path building failed: "
                                    "sun.security.provider.certpath.SunCertPathBuilderException: "
                                    "unable to find valid certification path to requested target",
                                    " certificate problem: self-signed certificate"),
            .retry = WHY_RETRY_CHANGED,
        },
    AT(TLS_CERT_UNKNOWN_CRITICAL) =
        {
            .title = N_("A certificate has a critical extension that nobody knows"),
            .happened = N_("A certificate in the chain has an extension that is marked critical "
                           "and that this side does not understand, so it must be refused; the "
                           "record has its number."),
            .when = N_("Private CAs with extensions of their own, or certificates for another "
                       "purpose than TLS."),
            .fix = N_("Have the certificate issued anew without that extension, or with it not "
                      "marked critical."),
            .fix_server = N_("Find it: openssl x509 -noout -text -in cert.pem | grep -B1 -A1 "
                             "critical. In the CA's openssl.cnf take the word critical from that "
                             "extension's line and issue anew."),
            .reference = "RFC 5280 section 4.2",
            .clients = SHOWN_VERIFY(
                "INVALID", "SEC_ERROR_UNKNOWN_CRITICAL_EXTENSION",
                "UNSPECIFIED: unhandled critical extension", "unhandled critical extension",
                "unhandled critical extension",
                "PKIX path validation failed: java.security.cert.CertPathValidatorException: "
                "unrecognized critical extension(s)",
                " certificate problem: unhandled critical extension"),
            .retry = WHY_RETRY_CHANGED,
        },
    AT(TLS_CERT_NAME_CONSTRAINTS) =
        {
            .title = N_("The CA may not issue for this name"),
            .happened = N_("A CA in the chain is limited to certain names (nameConstraints), and "
                           "the certificate has a name outside of them."),
            .when = N_("A company's CA that is limited to its own domains issued for another one, "
                       "or the certificate lists an IP address while only DNS names are "
                       "permitted."),
            .fix =
                N_("Have the certificate issued by a CA that may, or with permitted names only."),
            .fix_server = N_("See the limits: openssl x509 -noout -ext nameConstraints -in ca.pem; "
                             "and the names: openssl x509 -noout -ext subjectAltName -in cert.pem. "
                             "Ask for the certificate with names inside the limits."),
            .reference = "RFC 5280 section 4.2.1.10",
            .clients = SHOWN_VERIFY(
                "INVALID", "SEC_ERROR_CERT_NOT_IN_NAME_SPACE",
                "UNSPECIFIED: permitted subtree violation", "permitted subtree violation",
                "a root or intermediate certificate is not authorized to sign for this name",
                "PKIX path building failed: "
                "sun.security.provider.certpath.SunCertPathBuilderException: unable to find "
                "valid certification path to requested target",
                " certificate problem: permitted subtree violation"),
            .retry = WHY_RETRY_CHANGED,
        },
    AT(TLS_CERT_PATH_LENGTH) =
        {
            .title = N_("There are more CAs in the chain than permitted"),
            .happened = N_("A CA in the chain limits how many CAs may stand below it (pathlen), "
                           "and the chain has more."),
            .when = N_("A private root with pathlen:0 and an intermediate between it and the "
                       "certificate, or an intermediate that issued a further one."),
            .fix = N_("Issue the upper CA's certificate anew with a larger pathlen or none, or "
                      "have the certificate issued directly by the CA that has the limit."),
            .fix_server = N_("See the limits: openssl x509 -noout -ext basicConstraints -in "
                             "ca.pem. A root with one intermediate below it takes basicConstraints "
                             "= critical, CA:TRUE, pathlen:1."),
            .reference = "RFC 5280 section 4.2.1.9",
            .clients = SHOWN_VERIFY("INVALID", "SEC_ERROR_PATH_LEN_CONSTRAINT_INVALID",
                                    "PATH_LENGTH_EXCEEDED: path length constraint exceeded",
                                    "path length constraint exceeded",
                                    "too many intermediates for path length constraint",
                                    "PKIX path building failed: "
                                    "sun.security.provider.certpath.SunCertPathBuilderException: "
                                    "unable to find valid certification path to requested target",
                                    " certificate problem: path length constraint exceeded"),
            .retry = WHY_RETRY_CHANGED,
        },
    AT(TLS_CERT_ISSUER_NOT_CA) =
        {
            .title = N_("What signed the certificate is no CA"),
            .happened = N_("A certificate in the chain is signed by another one that is not marked "
                           "as a CA, or whose key may not sign certificates."),
            .when = N_("A server's certificate was used to sign another one, or a private CA was "
                       "made without extensions: openssl x509 -req without -extfile."),
            .fix = N_("Make a proper CA and issue the chain anew."),
            .fix_server = N_("A CA needs basicConstraints = critical, CA:TRUE and keyUsage = "
                             "critical, keyCertSign, cRLSign: openssl req -x509 -newkey ec "
                             "-pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.pem "
                             "-days 3650 -subj /CN=CA -addext basicConstraints=critical,CA:TRUE "
                             "-addext keyUsage=critical,keyCertSign,cRLSign."),
            .reference = "RFC 5280 section 4.2.1.9",
            .clients =
                SHOWN_VERIFY(
                    "INVALID", "SEC_ERROR_CA_CERT_INVALID", "INVALID_CA: invalid CA certificate",
                    "invalid CA certificate",
                    "invalid signature: parent certificate cannot sign this kind of certificate",
                    "PKIX path building failed: "
                    "sun.security.provider.certpath.SunCertPathBuilderException: unable to find "
                    "valid certification path to requested target",
                    " certificate problem: invalid CA certificate"),
            .retry = WHY_RETRY_CHANGED,
        },
    AT(TLS_CERT_NO_CRL) =
        {
            .title = N_("There is no revocation list for this CA"),
            .happened = N_("This side was told to check revocation, and none of the lists that it "
                           "was given is of the CA of this certificate."),
            .when = N_("The file given with --crl belongs to another CA, or a chain with an "
                       "intermediate needs the lists of both CAs."),
            .fix = N_("Fetch the list that the certificate names, and give all lists that are "
                      "needed, or check without them."),
            .fix_client = N_("openssl x509 -noout -ext crlDistributionPoints -in cert.pem names "
                             "the list; curl -o list.crl URL; openssl crl -inform DER -in list.crl "
                             "-out list.pem. Several lists go into one file, one after the other."),
            .reference = "RFC 5280 section 6.3",
            .clients = SHOWN(N_("not affected: it uses no lists of your own"),
                             N_("not affected: it uses no lists of your own"),
                             N_("not affected: it uses no lists of your own"),
                             "UNABLE_TO_GET_CRL: unable to get certificate CRL",
                             "ssl.SSLCertVerificationError: certificate verify failed: unable to "
                             "get certificate CRL",
                             N_("not affected: crypto/tls does not check revocation"),
                             "javax.net.ssl.SSLHandshakeException: PKIX path validation failed: "
                             "java.security.cert.CertPathValidatorException: Could not determine "
                             "revocation status",
                             "curl: (60) SSL certificate problem: unable to get certificate CRL"),
            .retry = WHY_RETRY_CHANGED,
        },
    AT(TLS_CERT_TOO_LARGE) =
        {
            .title = N_("The certificates are too large"),
            .happened = N_("The server's certificate message is larger than this side takes, so "
                           "the handshake was ended."),
            .when = N_("A certificate with thousands of names, or a server that sends a whole "
                       "bundle of CAs as its chain. The limits: Java 32 KB and 10 certificates, Go "
                       "64 KB in older versions, OpenSSL 100 KB."),
            .fix = N_("Send only the certificate and its intermediates, and split a certificate "
                      "with very many names into several."),
            .fix_server = N_("Count what is sent: openssl s_client -connect HOST:443 -servername "
                             "HOST -showcerts </dev/null | grep -c BEGIN. In nginx ssl_certificate "
                             "must be fullchain.pem, not the system's ca-certificates.crt; in "
                             "HAProxy ca-file is for clients, crt for the chain."),
            .fix_client =
                N_("Java: -Djdk.tls.maxHandshakeMessageSize=131072 "
                   "-Djdk.tls.maxCertificateChainLength=20. OpenSSL: SSL_CTX_set_max_cert_list()."),
            .reference = "RFC 8446 section 4.4.2",
            .clients =
                SHOWN("1006, net::ERR_SSL_PROTOCOL_ERROR", "1015, SSL_ERROR_RX_MALFORMED_HANDSHAKE",
                      "1006", "EPROTO: excessive message size",
                      "ssl.SSLError: [SSL: EXCESSIVE_MESSAGE_SIZE] excessive message size",
                      "tls: handshake message of length N bytes exceeds maximum of 65536 bytes",
                      "javax.net.ssl.SSLProtocolException: The size of the handshake message (N) "
                      "exceeds the maximum allowed size (32768)",
                      "curl: (35) ... excessive message size"),
            .retry = WHY_RETRY_CHANGED,
        },
};

_Static_assert(sizeof infos / sizeof *infos ==
                   WHY_CAUSE_TLS_CERT_TOO_LARGE - WHY_CAUSE_TLS_CERT_EXPIRED + 1,
               "a cause without words");

const struct why__cause_group why__causes_tls_cert = {
    WHY_CAUSE_TLS_CERT_EXPIRED,
    WHY_CAUSE_TLS_CERT_TOO_LARGE,
    infos,
};
