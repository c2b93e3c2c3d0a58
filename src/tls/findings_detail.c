/* SPDX-License-Identifier: MIT
 *
 * The facts of one finding, in a clause without a full stop: which certificate, by how many days,
 * which name was asked for and which there are, who should have signed and where that can be had.
 */
#include "base/mark.h"
#include "tls/verification.h"

#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#define NAME_SIZE 100

/* Of an X.509 name; one that is empty is shown as such. */
struct name {
    char text[NAME_SIZE];
};

static const char *name_text(const X509_NAME *name, struct name *out) {
    why__tls_name_text(name, out->text, sizeof out->text);
    return out->text[0] == '\0' ? "\"\"" : out->text;
}

static const char *subject(X509 *certificate, struct name *out) {
    return name_text(X509_get_subject_name(certificate), out);
}

static const char *issuer(X509 *certificate, struct name *out) {
    return name_text(X509_get_issuer_name(certificate), out);
}

/* Whose certificate it is about: nothing for the peer's own. */
static void say_whose(struct why__say *say, const struct why__tls_finding *finding) {
    struct name name;
    if (finding->depth > 0) {
        why__say(say, "the issuer %s ", subject(finding->certificate, &name));
    }
}

/* One, and more. */
static const struct span {
    int64_t seconds;
    const char *ago[2], *ahead[2];
} spans[] = {
    {86400,
     {N_("expired %s day ago, on %s"), N_("expired %s days ago, on %s")},
     {N_("valid only from %s, in %s day"), N_("valid only from %s, in %s days")}},
    {3600,
     {N_("expired %s hour ago, on %s"), N_("expired %s hours ago, on %s")},
     {N_("valid only from %s, in %s hour"), N_("valid only from %s, in %s hours")}},
    {60,
     {N_("expired %s minute ago, on %s"), N_("expired %s minutes ago, on %s")},
     {N_("valid only from %s, in %s minute"), N_("valid only from %s, in %s minutes")}},
    {1,
     {N_("expired %s second ago, on %s"), N_("expired %s seconds ago, on %s")},
     {N_("valid only from %s, in %s second"), N_("valid only from %s, in %s seconds")}},
};

static void say_dates(struct why__say *say, const struct why__tls_verification *verification,
                      const struct why__tls_finding *finding) {
    bool expired = finding->cause == WHY_CAUSE_TLS_CERT_EXPIRED;
    int64_t limit = why__tls_time(expired ? X509_get0_notAfter(finding->certificate)
                                          : X509_get0_notBefore(finding->certificate));
    int64_t now = (int64_t)verification->verified_at;
    int64_t left = expired ? now - limit : limit - now;
    const struct span *span = spans;
    while (span->seconds > 1 && left < span->seconds) {
        span++;
    }
    long long units = (long long)(left / span->seconds);
    char count[24], date[32] = "?";
    (void)snprintf(count, sizeof count, "%lld", units);
    struct tm parts;
    if (gmtime_r(&(time_t){(time_t)limit}, &parts) == NULL ||
        strftime(date, sizeof date, "%Y-%m-%d", &parts) == 0) {
        (void)snprintf(date, sizeof date, "?");
    }
    say_whose(say, finding);
    if (expired) {
        why__say_words(say, span->ago[units != 1], (const char *[]){count, date});
        return;
    }
    why__say_words(say, span->ahead[units != 1], (const char *[]){date, count});
    if (left <= spans[0].seconds) {
        why__say(say, ": or is this machine's clock slow?");
    }
}

static void say_names(struct why__say *say, const struct why__tls_verification *verification,
                      X509 *certificate) {
    char names[NAME_SIZE];
    struct name name;
    why__tls_names_text(certificate, names, sizeof names);
    if (names[0] != '\0') {
        why__say(say, "asked for %.60s, the certificate names %s", verification->name, names);
    } else {
        why__say(say, "asked for %.60s, the certificate of %s names no host", verification->name,
                 subject(certificate, &name));
    }
}

static void say_wildcard(struct why__say *say, const struct why__tls_verification *verification,
                         const char *near) {
    const char *host = verification->name;
    if (strncmp(near, "*.", 2) != 0) {
        why__say(say, "; a * has to stand for a whole label");
    } else if (strcasecmp(near + 2, host) == 0) {
        why__say(say, "; %.60s does not cover %.60s itself", near, host);
    } else if (strchr(near + 2, '.') == NULL) {
        why__say(say, "; a * right under a top-level domain covers nothing");
    } else if (strchr(host, '_') != NULL) {
        why__say(say, "; OpenSSL matches no wildcard to a name with an underscore, browsers do");
    } else {
        why__say(say, "; a * stands for one label, not for two");
    }
}

static void say_name_cause(struct why__say *say, const struct why__tls_verification *verification,
                           const struct why__tls_finding *finding) {
    char near[NAME_SIZE];
    (void)why__tls_name_cause(verification, finding->certificate, near, sizeof near);
    if (finding->cause == WHY_CAUSE_TLS_CERT_NAMES_MALFORMED) {
        why__say(say, "asked for %.60s, the certificate has it as \"%s\", which is no host name",
                 verification->name, near);
        return;
    }
    say_names(say, verification, finding->certificate);
    if (finding->cause == WHY_CAUSE_TLS_CERT_WILDCARD) {
        say_wildcard(say, verification, near);
    } else if (finding->cause == WHY_CAUSE_TLS_CERT_IP_NOT_LISTED && near[0] != '\0') {
        why__say(say, "; an address among the host names does not count");
    }
}

static void say_default(struct why__say *say, const struct why__tls_verification *verification,
                        X509 *certificate) {
    const char *product = why__tls_default_certificate(certificate, verification->is_address);
    why__say(say, "it is ");
    why__say_text(say, product == NULL ? N_("a default certificate") : product);
    why__say(say, "; ");
    say_names(say, verification, certificate);
}

static void say_address(struct why__say *say, X509 *certificate) {
    char address[NAME_SIZE];
    why__tls_issuer_address(certificate, address, sizeof address);
    if (address[0] != '\0') {
        why__say(say, "; it can be had at %s", address);
    }
}

static void say_gap(struct why__say *say, const struct why__tls_verification *verification,
                    const struct why__tls_finding *finding) {
    X509 *top = finding->certificate;
    struct name name;
    switch ((int)finding->cause) {
    case WHY_CAUSE_TLS_CHAIN_NO_TRUST_STORE:
        why__say(say, "no CA certificates in %.80s or %.80s", X509_get_default_cert_file(),
                 X509_get_default_cert_dir());
        return;
    case WHY_CAUSE_TLS_CHAIN_UNTRUSTED_ROOT:
        why__say(say, "the root %s was sent, and is not trusted here", subject(top, &name));
        return;
    case WHY_CAUSE_TLS_CHAIN_MISSING_INTERMEDIATE:
        why__say(say, "the issuer %s was not sent", issuer(top, &name));
        say_address(say, top);
        return;
    default:
        break;
    }
    if (verification->anchored) {
        why__say(say, "the trusted %s is no root, and its issuer is not trusted",
                 subject(top, &name));
        return;
    }
    why__say(say, "unknown CA: %s", issuer(top, &name));
    if (verification->name_trusted) {
        why__say(say, "; one of this name is trusted, with another key");
    }
}

static void say_wrong_intermediate(struct why__say *say,
                                   const struct why__tls_verification *verification,
                                   const struct why__tls_finding *finding) {
    struct name name;
    const char *wanted = issuer(finding->certificate, &name);
    if (finding->error == X509_V_ERR_CERT_SIGNATURE_FAILURE ||
        verification->gap == WHY__TLS_GAP_OTHER_KEY) {
        why__say(say, "the %s that was sent has another key than the one that signed", wanted);
    } else {
        why__say(say, "others came, but %s was not sent", wanted);
    }
    say_address(say, finding->certificate);
}

/* "clientAuth, codeSigning" */
static void usages_text(const EXTENDED_KEY_USAGE *usages, char *out, size_t size) {
    size_t len = 0;
    out[0] = '\0';
    for (int i = 0; i < sk_ASN1_OBJECT_num(usages) && i < 4 && len < size; i++) {
        const ASN1_OBJECT *usage = sk_ASN1_OBJECT_value(usages, i);
        char text[64];
        const char *name = OBJ_nid2sn(OBJ_obj2nid(usage));
        if (OBJ_obj2nid(usage) == NID_undef || name == NULL) {
            (void)OBJ_obj2txt(text, sizeof text, usage, 1);
            name = text;
        }
        len += (size_t)snprintf(out + len, size - len, "%s%s", i > 0 ? ", " : "", name);
    }
}

static void say_purpose(struct why__say *say, const struct why__tls_finding *finding) {
    X509 *certificate = finding->certificate;
    char text[NAME_SIZE];
    say_whose(say, finding);
    EXTENDED_KEY_USAGE *usages = X509_get_ext_d2i(certificate, NID_ext_key_usage, NULL, NULL);
    usages_text(usages, text, sizeof text);
    if (usages == NULL && finding->depth > 0) {
        why__say(say, "has a key usage that leaves out signatures and key exchange");
    } else if (usages == NULL) {
        why__say(say, "its key usage leaves out signatures and key exchange");
    } else if (finding->depth > 0) {
        why__say(say, "is limited to %s", text);
    } else {
        why__say(say, "made for %s", text);
    }
    sk_ASN1_OBJECT_pop_free(usages, ASN1_OBJECT_free);
}

static void say_no_ca(struct why__say *say, X509 *certificate) {
    struct name name;
    const char *who = subject(certificate, &name);
    uint32_t flags = X509_get_extension_flags(certificate);
    if ((flags & EXFLAG_BCONS) == 0) {
        why__say(say, "%s signed it, and does not say that it is a CA (basicConstraints)", who);
    } else if ((flags & EXFLAG_CA) == 0) {
        why__say(say, "%s signed it, and is no CA (CA:FALSE)", who);
    } else {
        why__say(say, "%s signed it, and its key usage does not let it (keyCertSign)", who);
    }
}

static void say_constraint(struct why__say *say, GENERAL_SUBTREE *subtree) {
    char text[NAME_SIZE];
    int type = 0;
    const ASN1_STRING *value = GENERAL_NAME_get0_value(subtree->base, &type);
    if (type == GEN_DNS || type == GEN_URI || type == GEN_EMAIL) {
        why__tls_safe_text(ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value), text,
                           sizeof text);
        why__say(say, " %s", text);
    } else if (type == GEN_IPADD) {
        why__say(say, " certain addresses");
    } else {
        why__say(say, " certain names");
    }
}

/* In OpenSSL's words, where there are no better ones. */
static void say_error(struct why__say *say, const struct why__tls_finding *finding) {
    why__say(say, "OpenSSL says: %s", X509_verify_cert_error_string(finding->error));
}

/* The nearest CA above that constrains names. */
static void say_constraints(struct why__say *say, const struct why__tls_verification *verification,
                            const struct why__tls_finding *finding) {
    for (int i = finding->depth + 1; i < sk_X509_num(verification->built); i++) {
        X509 *above = sk_X509_value(verification->built, i);
        NAME_CONSTRAINTS *limits = X509_get_ext_d2i(above, NID_name_constraints, NULL, NULL);
        if (limits == NULL) {
            continue;
        }
        struct name name;
        bool permits = sk_GENERAL_SUBTREE_num(limits->permittedSubtrees) > 0;
        STACK_OF(GENERAL_SUBTREE) *list =
            permits ? limits->permittedSubtrees : limits->excludedSubtrees;
        if (permits) {
            why__say(say, "%s may only issue for", subject(above, &name));
        } else {
            why__say(say, "%s may not issue for", subject(above, &name));
        }
        for (int j = 0; j < sk_GENERAL_SUBTREE_num(list) && j < 4; j++) {
            say_constraint(say, sk_GENERAL_SUBTREE_value(list, j));
        }
        NAME_CONSTRAINTS_free(limits);
        return;
    }
    say_error(say, finding);
}

static void say_critical(struct why__say *say, const struct why__tls_finding *finding) {
    char list[NAME_SIZE] = "";
    size_t len = 0;
    for (int i = 0; i < X509_get_ext_count(finding->certificate); i++) {
        X509_EXTENSION *extension = X509_get_ext(finding->certificate, i);
        if (X509_EXTENSION_get_critical(extension) == 1 &&
            X509_supported_extension(extension) == 0 && len < sizeof list) {
            char oid[64];
            (void)OBJ_obj2txt(oid, sizeof oid, X509_EXTENSION_get_object(extension), 1);
            len += (size_t)snprintf(list + len, sizeof list - len, "%s%s", len > 0 ? " " : "", oid);
        }
    }
    say_whose(say, finding);
    if (finding->depth > 0) {
        why__say(say, "has a critical extension %s that nobody here knows", list);
    } else {
        why__say(say, "critical extension %s that nobody here knows", list);
    }
}

static void say_crl(struct why__say *say, const struct why__tls_finding *finding) {
    struct name name;
    const char *whose = issuer(finding->certificate, &name);
    if (finding->error == X509_V_ERR_UNABLE_TO_GET_CRL) {
        why__say(say, "there is no revocation list of %s", whose);
    } else if (finding->error == X509_V_ERR_CRL_HAS_EXPIRED) {
        why__say(say, "the revocation list of %s has expired", whose);
    } else {
        why__say(say, "the revocation list of %s cannot be used; ", whose);
        say_error(say, finding);
    }
}

static void say_key(struct why__say *say, const struct why__tls_finding *finding) {
    EVP_PKEY *key = X509_get0_pubkey(finding->certificate);
    const char *type = key == NULL ? NULL : EVP_PKEY_get0_type_name(key);
    int bits = key == NULL ? 0 : EVP_PKEY_get_bits(key);
    say_whose(say, finding);
    if (finding->depth > 0) {
        why__say(say, "has an %s key of %d bits", type == NULL ? "?" : type, bits);
    } else {
        why__say(say, "an %s key of %d bits", type == NULL ? "?" : type, bits);
    }
}

static void say_signature(struct why__say *say, const struct why__tls_finding *finding) {
    struct name name;
    const char *signer = issuer(finding->certificate, &name);
    say_whose(say, finding);
    if (finding->depth > 0) {
        why__say(say, "does not fit the key of %s", signer);
    } else {
        why__say(say, "its signature does not fit the key of %s", signer);
    }
}

/* What is in the certificate, or around it, is not as it should be. */
static void say_content(struct why__say *say, const struct why__tls_verification *verification,
                        const struct why__tls_finding *finding) {
    X509 *certificate = finding->certificate;
    struct name name;
    char text[NAME_SIZE];
    switch ((int)finding->cause) {
    case WHY_CAUSE_TLS_CERT_WRONG_PURPOSE:
        say_purpose(say, finding);
        return;
    case WHY_CAUSE_TLS_CERT_ISSUER_NOT_CA:
        say_no_ca(say, certificate);
        return;
    case WHY_CAUSE_TLS_CERT_PATH_LENGTH:
        say_whose(say, finding);
        why__say(say, "allows %ld CAs below it, and there are more", X509_get_pathlen(certificate));
        return;
    case WHY_CAUSE_TLS_CERT_NAME_CONSTRAINTS:
        say_constraints(say, verification, finding);
        return;
    case WHY_CAUSE_TLS_CERT_UNKNOWN_CRITICAL:
        say_critical(say, finding);
        return;
    case WHY_CAUSE_TLS_CERT_WEAK_KEY:
        say_key(say, finding);
        return;
    case WHY_CAUSE_TLS_CERT_WEAK_SIGNATURE:
        why__tls_signature_text(certificate, text, sizeof text);
        say_whose(say, finding);
        why__say(say, "signed with %s", text);
        return;
    case WHY_CAUSE_TLS_CERT_REVOKED:
        say_whose(say, finding);
        why__say(say, "is in the revocation list of %s", issuer(certificate, &name));
        return;
    case WHY_CAUSE_TLS_CERT_NO_CRL:
        say_crl(say, finding);
        return;
    case WHY_CAUSE_TLS_CERT_BAD_SIGNATURE:
        say_signature(say, finding);
        return;
    default:
        say_whose(say, finding);
        if (finding->depth > 0) {
            why__say(say, "is refused; ");
        }
        say_error(say, finding);
    }
}

/* Each has a certificate. */
static void say_finding(struct why__say *say, const struct why__tls_verification *verification,
                        const struct why__tls_finding *finding) {
    X509 *certificate = finding->certificate;
    struct name name;
    switch ((int)finding->cause) {
    case WHY_CAUSE_TLS_CERT_EXPIRED:
    case WHY_CAUSE_TLS_CERT_NOT_YET_VALID:
        say_dates(say, verification, finding);
        return;
    case WHY_CAUSE_TLS_CERT_NAME_MISMATCH:
    case WHY_CAUSE_TLS_CERT_WILDCARD:
    case WHY_CAUSE_TLS_CERT_IP_NOT_LISTED:
    case WHY_CAUSE_TLS_CERT_NAMES_MALFORMED:
        say_name_cause(say, verification, finding);
        return;
    case WHY_CAUSE_TLS_CERT_DEFAULT:
        say_default(say, verification, certificate);
        return;
    case WHY_CAUSE_TLS_CERT_SELF_SIGNED:
        why__say(say, "issued by itself: %s", subject(certificate, &name));
        return;
    case WHY_CAUSE_TLS_CHAIN_UNTRUSTED_CA:
    case WHY_CAUSE_TLS_CHAIN_UNTRUSTED_ROOT:
    case WHY_CAUSE_TLS_CHAIN_MISSING_INTERMEDIATE:
    case WHY_CAUSE_TLS_CHAIN_NO_TRUST_STORE:
        say_gap(say, verification, finding);
        return;
    case WHY_CAUSE_TLS_CHAIN_WRONG_INTERMEDIATE:
        say_wrong_intermediate(say, verification, finding);
        return;
    case WHY_CAUSE_TLS_INTERCEPTED:
        why__say(say, "%s reads along: the certificate is of %s",
                 why__tls_interceptor(verification->chain), issuer(certificate, &name));
        return;
    default:
        say_content(say, verification, finding);
    }
}

void why__tls_finding_say(const struct why__tls_verification *verification,
                          const struct why__tls_finding *finding, struct why__say *say) {
    if (finding->cause == WHY_CAUSE_LOCAL_OUT_OF_MEMORY) {
        return;
    }
    if (finding->certificate == NULL) {
        say_error(say, finding);
        return;
    }
    say_finding(say, verification, finding);
}
