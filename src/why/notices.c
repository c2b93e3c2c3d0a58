/* SPDX-License-Identifier: MIT
 *
 * Notices in words: what works here and now, and will fail elsewhere or later.
 */
#include "base/mark.h"
#include "whysocket/explain.h"

#include <string.h>

static const struct why_notice_info infos[WHY_NOTICE_COUNT] = {
    [WHY_NOTICE_EXPIRES_SOON] =
        {
            .title = N_("The certificate expires soon"),
            .meaning = N_("The server's certificate is valid for less than 30 days more. On its "
                          "last day every client will refuse it at once."),
            .fix = N_("See that renewal runs and that the server is reloaded after it: certbot "
                      "renew --dry-run; systemctl list-timers | grep certbot; a hook with certbot "
                      "renew --deploy-hook 'systemctl reload nginx'. Caddy renews by itself: "
                      "journalctl -u caddy."),
        },
    [WHY_NOTICE_LONG_LIFETIME] =
        {
            .title = N_("The certificate is valid for very long"),
            .meaning = N_("Its lifetime is more than 398 days. Browsers refuse that of public CAs, "
                          "and Safari of private ones beyond 825 days; programs accept it."),
            .fix = N_("Issue it for 397 days or less and renew it by a timer: openssl x509 -req "
                      "-days 397, or certbot, which takes 90."),
        },
    [WHY_NOTICE_NO_SAN] =
        {
            .title = N_("The certificate has only a common name"),
            .meaning = N_("It has no subjectAltName. It works with curl, Node, Python 3.11 and "
                          "Java; Chrome and Go refuse it."),
            .fix = N_(
                "Issue it with the name in subjectAltName: openssl req -new -key key.pem -subj "
                "/CN=NAME -addext subjectAltName=DNS:NAME, and sign with -copy_extensions copy."),
        },
    [WHY_NOTICE_PARTIAL_WILDCARD] =
        {
            .title = N_("The certificate has a wildcard inside of a label"),
            .meaning = N_("A name such as www*.example.org matches in Node and Java; Chrome, curl, "
                          "Python and Go do not accept it."),
            .fix = N_("Issue it with *.example.org, or with each name written out: -addext "
                      "subjectAltName=DNS:www1.example.org,DNS:www2.example.org."),
        },
    [WHY_NOTICE_MANY_NAMES] =
        {
            .title = N_("The certificate lists very many names"),
            .meaning = N_("It has more than 1,000 names, which makes each handshake larger. Java "
                          "and older versions of Go refuse a message over 32 or 64 KB."),
            .fix = N_("Split it into several certificates, chosen by the name that is asked for, "
                      "or use a wildcard."),
        },
    [WHY_NOTICE_BROWSER_KEY] =
        {
            .title = N_("Browsers do not take this kind of key"),
            .meaning =
                N_("The certificate has an Ed25519 or P-521 key. Node, Python, Go, Java and curl "
                   "accept it; Chrome refuses it with net::ERR_SSL_VERSION_OR_CIPHER_MISMATCH."),
            .fix = N_(
                "Use P-256 or RSA: openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 "
                "-out key.pem, or certbot renew --force-renewal --key-type ecdsa."),
        },
    [WHY_NOTICE_WEAK_ELSEWHERE] =
        {
            .title = N_("Stricter clients refuse this key or signature"),
            .meaning = N_(
                "A key or a signature in the chain passes here but not at OpenSSL's security level "
                "2, which is the default of Debian's and Ubuntu's OpenSSL, curl and Python."),
            .fix = N_("Issue it anew with P-256 or RSA of 2048 bits or more and SHA-256. Test it: "
                      "openssl s_client -connect HOST:443 -cipher DEFAULT@SECLEVEL=2."),
        },
    [WHY_NOTICE_STRICT] =
        {
            .title = N_("Newer versions of Python refuse this chain"),
            .meaning = N_("A certificate lacks what RFC 5280 demands: an authority key identifier, "
                          "a critical basicConstraints, or a keyUsage in a CA. Most clients let "
                          "that pass; ssl.create_default_context() of Python 3.13 does not."),
            .fix = N_("Issue the CA with basicConstraints=critical,CA:TRUE, "
                      "keyUsage=critical,keyCertSign,cRLSign and subjectKeyIdentifier=hash, and "
                      "below it with authorityKeyIdentifier=keyid. Until then in Python: "
                      "context.verify_flags &= ~ssl.VERIFY_X509_STRICT."),
        },
    [WHY_NOTICE_CHAIN_MISORDERED] =
        {
            .title = N_("The chain is in the wrong order"),
            .meaning = N_("The server sends its certificates not each followed by its issuer. Most "
                          "clients sort them; some old and small ones fail."),
            .fix = N_("Order the file: the server's certificate, then what signed it, and so on: "
                      "cat cert.pem inter.pem > fullchain.pem, then reload. nginx, HAProxy and "
                      "Caddy send it as it stands in the file."),
        },
    [WHY_NOTICE_CHAIN_SUPERFLUOUS] =
        {
            .title = N_("The server sends certificates that nobody needs"),
            .meaning = N_("The chain has certificates that do not belong to it. It works, but "
                          "every handshake carries them, and some strict clients stop at them."),
            .fix =
                N_("Keep only the server's certificate and its intermediates in the file. See what "
                   "is sent: openssl s_client -connect HOST:443 -servername HOST -showcerts."),
        },
    [WHY_NOTICE_CHAIN_ROOT_SENT] =
        {
            .title = N_("The server sends the root, too"),
            .meaning = N_("The root at the end of the chain is not needed: a client has it "
                          "already, or does not trust it. It only makes each handshake larger."),
            .fix = N_("Take the last certificate, whose subject and issuer are the same, out of "
                      "the file of ssl_certificate (nginx) or crt (HAProxy)."),
        },
    [WHY_NOTICE_CHAIN_EXPIRES_SOON] =
        {
            .title = N_("An intermediate certificate expires soon"),
            .meaning =
                N_("An intermediate in the chain is valid for less than 30 days more; from then on "
                   "the server's own certificate will fail with it, although it is still valid."),
            .fix = N_("Fetch the CA's current intermediate, or renew the certificate, which brings "
                      "it along: certbot renew --force-renewal; then reload the server."),
        },
    [WHY_NOTICE_STAPLE_EXPIRED] =
        {
            .title = N_("The OCSP response that the server staples is out of date"),
            .meaning = N_("Its next update is past, so it proves nothing. Firefox refuses the "
                          "connection (SEC_ERROR_OCSP_OLD_RESPONSE); others ignore it."),
            .fix =
                N_("Let the server fetch it anew: nginx needs resolver ADDRESS beside ssl_stapling "
                   "on; HAProxy: update ssl ocsp-response on its socket; or switch stapling off."),
        },
    [WHY_NOTICE_STAPLE_REVOKED] =
        {
            .title = N_("The OCSP response says that the certificate is revoked"),
            .meaning = N_("The server itself staples the proof that its certificate was revoked. "
                          "Firefox refuses it now, clients that check revocation as well."),
            .fix = N_("Make a new key, have a new certificate issued for it, and reload. Do not "
                      "use the old key again."),
        },
    [WHY_NOTICE_STAPLE_UNKNOWN] =
        {
            .title = N_("The OCSP responder does not know the certificate"),
            .meaning = N_("The stapled response says unknown: it is of another CA, or the "
                          "certificate is so new that the responder has not heard of it."),
            .fix = N_("Check that the intermediate in the server's file is the one that signed its "
                      "certificate; wait an hour after a new one was issued, then reload."),
        },
    [WHY_NOTICE_STAPLE_BAD_SIGNATURE] =
        {
            .title = N_("The OCSP response has a wrong signature"),
            .meaning = N_("The stapled response is not signed by the CA of the certificate or on "
                          "its behalf. Firefox refuses it; others ignore it."),
            .fix = N_("Let the server verify what it staples: nginx ssl_stapling_verify on with "
                      "ssl_trusted_certificate chain.pem; remove an ssl_stapling_file that is left "
                      "over."),
        },
    [WHY_NOTICE_STAPLE_ERROR] =
        {
            .title = N_("The OCSP responder reported an error"),
            .meaning = N_("The server staples an error of the responder, such as tryLater, instead "
                          "of a status. It proves nothing, and Firefox refuses some of them."),
            .fix = N_("Ask the responder by hand: openssl ocsp -issuer inter.pem -cert cert.pem "
                      "-url URL, with the URL of openssl x509 -noout -ocsp_uri -in cert.pem. If it "
                      "stays so, switch stapling off."),
        },
    [WHY_NOTICE_STAPLE_MISSING] =
        {
            .title = N_("The certificate demands a staple, and none came"),
            .meaning =
                N_("It has the must-staple extension, and the server staples no OCSP response. "
                   "Firefox refuses that (MOZILLA_PKIX_ERROR_REQUIRED_TLS_FEATURE_MISSING); the "
                   "others do not look."),
            .fix =
                N_("Switch stapling on: nginx ssl_stapling on, ssl_stapling_verify on and resolver "
                   "ADDRESS; or issue the certificate without it: certbot without --must-staple."),
        },
    [WHY_NOTICE_CIPHER_CBC] =
        {
            .title = N_("The cipher is of the old CBC kind"),
            .meaning =
                N_("The two sides agreed on a CBC cipher, which has been attacked again and again "
                   "(Lucky 13). It works today; scanners complain, and strict clients refuse it."),
            .fix = N_("Put AEAD ciphers first: nginx ssl_ciphers ECDHE+AESGCM:ECDHE+CHACHA20; "
                      "HAProxy ssl-default-bind-ciphers with the same. TLS 1.3 has no others."),
        },
    [WHY_NOTICE_CIPHER_NO_FORWARD_SECRECY] =
        {
            .title = N_("The cipher has no forward secrecy"),
            .meaning = N_("The key exchange is plain RSA: whoever gets the server's key later can "
                          "read what was recorded today. Go from 1.22 on does not offer it and "
                          "fails where nothing else is allowed."),
            .fix =
                N_("Allow ECDHE: nginx ssl_ciphers ECDHE+AESGCM:ECDHE+CHACHA20; HAProxy "
                   "ssl-default-bind-ciphers with the same, or TLS 1.3, which has nothing else."),
        },
    [WHY_NOTICE_GROUP_BROWSER] =
        {
            .title = N_("Browsers do not offer this key exchange group"),
            .meaning = N_(
                "The server chose X448 or P-521 and takes perhaps no other. Chrome offers neither "
                "and fails with net::ERR_SSL_VERSION_OR_CIPHER_MISMATCH then, Go has no X448."),
            .fix = N_("Allow X25519 and P-256 as well: nginx ssl_ecdh_curve "
                      "X25519:prime256v1:secp384r1; HAProxy bind ... curves X25519:P-256:P-384."),
        },
    [WHY_NOTICE_VERSION_OLD] =
        {
            .title = N_("TLS 1.2 is the best that the server has"),
            .meaning = N_("It works everywhere today, but the server does not speak TLS 1.3; "
                          "clients that are set to TLS 1.3 alone fail."),
            .fix = N_(
                "Allow it: nginx ssl_protocols TLSv1.2 TLSv1.3; HAProxy ssl-default-bind-options "
                "ssl-min-ver TLSv1.2. It needs OpenSSL 1.1.1 or later."),
        },
};

const struct why_notice_info *why_notice_info(enum why_notice notice) {
    return (unsigned)notice < WHY_NOTICE_COUNT ? &infos[notice] : NULL;
}

bool why_notice_find(const char *id, enum why_notice *notice) {
    for (int i = 0; i < WHY_NOTICE_COUNT; i++) {
        if (strcmp(why_notice_id((enum why_notice)i), id) == 0) {
            *notice = (enum why_notice)i;
            return true;
        }
    }
    return false;
}
