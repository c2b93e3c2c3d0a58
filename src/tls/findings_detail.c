/* SPDX-License-Identifier: MIT
 *
 * The facts of one finding, in a clause without a full stop: which certificate, by how many days,
 * which name was asked for and which there are, who should have signed and where that can be had.
 */
#include "tls/verification.h"

#include <openssl/x509v3.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define SECONDS_PER_DAY 86400
#define NAME_SIZE 100

struct out {
    char *text;
    size_t size;
    size_t len;
};

__attribute__((format(printf, 2, 3))) static void say(struct out *out, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int len = vsnprintf(out->text + out->len, out->size - out->len, format, arguments);
    va_end(arguments);
    size_t room = out->size - out->len - 1;
    out->len += len < 0 ? 0 : (size_t)len < room ? (size_t)len : room;
}

static void say_date(struct out *out, int64_t seconds) {
    time_t time = (time_t)seconds;
    struct tm parts;
    char date[32];
    if (gmtime_r(&time, &parts) == NULL || strftime(date, sizeof date, "%Y-%m-%d", &parts) == 0) {
        say(out, "an unknown date");
        return;
    }
    say(out, "%s", date);
}

static void say_span(struct out *out, int64_t seconds) {
    static const struct {
        int64_t seconds;
        const char *unit;
    } units[] = {{SECONDS_PER_DAY, "day"}, {3600, "hour"}, {60, "minute"}, {1, "second"}};
    size_t i = 0;
    while (i < 3 && seconds < units[i].seconds) {
        i++;
    }
    long long count = (long long)(seconds / units[i].seconds);
    say(out, "%lld %s%s", count, units[i].unit, count == 1 ? "" : "s");
}

static void say_subject(struct out *out, X509 *certificate) {
    char name[NAME_SIZE];
    why__tls_name_text(X509_get_subject_name(certificate), name, sizeof name);
    say(out, "%s", name[0] == '\0' ? "a certificate without a name" : name);
}

static void say_issuer(struct out *out, X509 *certificate) {
    char name[NAME_SIZE];
    why__tls_name_text(X509_get_issuer_name(certificate), name, sizeof name);
    say(out, "%s", name[0] == '\0' ? "an issuer without a name" : name);
}

/* Whose certificate it is about: nothing for the peer's own. */
static void say_whose(struct out *out, const struct why__tls_finding *finding) {
    if (finding->depth > 0) {
        say(out, "the issuer ");
        say_subject(out, finding->certificate);
        say(out, " ");
    }
}

static void say_dates(struct out *out, const struct why__tls_verification *verification,
                      const struct why__tls_finding *finding) {
    bool expired = finding->cause == WHY_CAUSE_TLS_CERT_EXPIRED;
    int64_t now = (int64_t)verification->verified_at;
    int64_t limit = why__tls_time(expired ? X509_get0_notAfter(finding->certificate)
                                          : X509_get0_notBefore(finding->certificate));
    say_whose(out, finding);
    if (expired) {
        say(out, "expired ");
        say_span(out, now - limit);
        say(out, " ago, on ");
        say_date(out, limit);
        return;
    }
    say(out, "valid only from ");
    say_date(out, limit);
    say(out, ", in ");
    say_span(out, limit - now);
    if (limit - now <= SECONDS_PER_DAY) {
        say(out, ": or is this machine's clock slow?");
    }
}

static void say_names(struct out *out, const struct why__tls_verification *verification,
                      X509 *certificate) {
    char names[NAME_SIZE];
    say(out, "asked for %.60s, the certificate ", verification->name);
    why__tls_names_text(certificate, names, sizeof names);
    if (names[0] != '\0') {
        say(out, "names %s", names);
        return;
    }
    say(out, "of ");
    say_subject(out, certificate);
    say(out, " names no host");
}

static void say_wildcard(struct out *out, const struct why__tls_verification *verification,
                         const char *near) {
    const char *host = verification->name;
    if (strncmp(near, "*.", 2) != 0) {
        say(out, "; a * has to stand for a whole label");
    } else if (strcasecmp(near + 2, host) == 0) {
        say(out, "; %.60s does not cover %.60s itself", near, host);
    } else if (strchr(near + 2, '.') == NULL) {
        say(out, "; a * right under a top-level domain covers nothing");
    } else if (strchr(host, '_') != NULL) {
        say(out, "; OpenSSL matches no wildcard to a name with an underscore, browsers do");
    } else {
        say(out, "; a * stands for one label, not for two");
    }
}

static void say_name_cause(struct out *out, const struct why__tls_verification *verification,
                           const struct why__tls_finding *finding) {
    char near[NAME_SIZE];
    (void)why__tls_name_cause(verification, finding->certificate, near, sizeof near);
    if (finding->cause == WHY_CAUSE_TLS_CERT_NAMES_MALFORMED) {
        say(out, "asked for %.60s, the certificate has it as \"%s\", which is no host name",
            verification->name, near);
        return;
    }
    say_names(out, verification, finding->certificate);
    if (finding->cause == WHY_CAUSE_TLS_CERT_WILDCARD) {
        say_wildcard(out, verification, near);
    } else if (finding->cause == WHY_CAUSE_TLS_CERT_IP_NOT_LISTED && near[0] != '\0') {
        say(out, "; an address among the host names does not count");
    }
}

static void say_default(struct out *out, const struct why__tls_verification *verification,
                        X509 *certificate) {
    const char *product = why__tls_default_certificate(certificate, verification->is_address);
    say(out, "it is %s; ", product == NULL ? "a default certificate" : product);
    say_names(out, verification, certificate);
}

static void say_address(struct out *out, X509 *certificate) {
    char address[NAME_SIZE];
    why__tls_issuer_address(certificate, address, sizeof address);
    if (address[0] != '\0') {
        say(out, "; it can be had at %s", address);
    }
}

static void say_gap(struct out *out, const struct why__tls_verification *verification,
                    const struct why__tls_finding *finding) {
    X509 *top = finding->certificate;
    switch ((int)finding->cause) {
    case WHY_CAUSE_TLS_CHAIN_NO_TRUST_STORE:
        say(out, "no CA certificates in %.80s or %.80s", X509_get_default_cert_file(),
            X509_get_default_cert_dir());
        return;
    case WHY_CAUSE_TLS_CHAIN_UNTRUSTED_ROOT:
        say(out, "the root ");
        say_subject(out, top);
        say(out, " was sent, and is not trusted here");
        return;
    case WHY_CAUSE_TLS_CHAIN_MISSING_INTERMEDIATE:
        say(out, "the issuer ");
        say_issuer(out, top);
        say(out, " was not sent");
        say_address(out, top);
        return;
    default:
        break;
    }
    if (verification->anchored) {
        say(out, "the trusted ");
        say_subject(out, top);
        say(out, " is no root, and its issuer is not trusted");
        return;
    }
    say(out, "unknown CA: ");
    say_issuer(out, top);
    if (verification->name_trusted) {
        say(out, "; one of this name is trusted, with another key");
    }
}

static void say_wrong_intermediate(struct out *out,
                                   const struct why__tls_verification *verification,
                                   const struct why__tls_finding *finding) {
    if (finding->error == X509_V_ERR_CERT_SIGNATURE_FAILURE ||
        verification->gap == WHY__TLS_GAP_OTHER_KEY) {
        say(out, "the ");
        say_issuer(out, finding->certificate);
        say(out, " that was sent has another key than the one that signed");
    } else {
        say(out, "others came, but ");
        say_issuer(out, finding->certificate);
        say(out, " was not sent");
    }
    say_address(out, finding->certificate);
}

static void say_purpose(struct out *out, const struct why__tls_finding *finding) {
    X509 *certificate = finding->certificate;
    say_whose(out, finding);
    EXTENDED_KEY_USAGE *usages = X509_get_ext_d2i(certificate, NID_ext_key_usage, NULL, NULL);
    const char *separator = finding->depth > 0 ? "is limited to " : "made for ";
    for (int i = 0; i < sk_ASN1_OBJECT_num(usages) && i < 4; i++) {
        const ASN1_OBJECT *usage = sk_ASN1_OBJECT_value(usages, i);
        char text[64];
        const char *name = OBJ_nid2sn(OBJ_obj2nid(usage));
        if (OBJ_obj2nid(usage) == NID_undef || name == NULL) {
            (void)OBJ_obj2txt(text, sizeof text, usage, 1);
            name = text;
        }
        say(out, "%s%s", separator, name);
        separator = ", ";
    }
    if (usages == NULL) {
        say(out, "its key usage leaves out signatures and key exchange");
    }
    sk_ASN1_OBJECT_pop_free(usages, ASN1_OBJECT_free);
}

static void say_no_ca(struct out *out, X509 *certificate) {
    say_subject(out, certificate);
    uint32_t flags = X509_get_extension_flags(certificate);
    bool said = (flags & EXFLAG_BCONS) != 0;
    if (!said) {
        say(out, " signed it, and does not say that it is a CA (basicConstraints)");
    } else if ((flags & EXFLAG_CA) == 0) {
        say(out, " signed it, and is no CA (CA:FALSE)");
    } else {
        say(out, " signed it, and its key usage does not let it (keyCertSign)");
    }
}

static void say_constraint(struct out *out, GENERAL_SUBTREE *subtree) {
    char text[NAME_SIZE];
    int type = 0;
    const ASN1_STRING *value = GENERAL_NAME_get0_value(subtree->base, &type);
    if (type == GEN_DNS || type == GEN_URI || type == GEN_EMAIL) {
        why__tls_safe_text(ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value), text,
                           sizeof text);
        say(out, " %s", text);
    } else {
        say(out, " %s", type == GEN_IPADD ? "certain addresses" : "certain names");
    }
}

/* The nearest CA above that constrains names. */
static void say_constraints(struct out *out, const struct why__tls_verification *verification,
                            const struct why__tls_finding *finding) {
    for (int i = finding->depth + 1; i < sk_X509_num(verification->built); i++) {
        X509 *issuer = sk_X509_value(verification->built, i);
        NAME_CONSTRAINTS *limits = X509_get_ext_d2i(issuer, NID_name_constraints, NULL, NULL);
        if (limits == NULL) {
            continue;
        }
        say_subject(out, issuer);
        bool permits = sk_GENERAL_SUBTREE_num(limits->permittedSubtrees) > 0;
        STACK_OF(GENERAL_SUBTREE) *list =
            permits ? limits->permittedSubtrees : limits->excludedSubtrees;
        say(out, permits ? " may only issue for" : " may not issue for");
        for (int j = 0; j < sk_GENERAL_SUBTREE_num(list) && j < 4; j++) {
            say_constraint(out, sk_GENERAL_SUBTREE_value(list, j));
        }
        NAME_CONSTRAINTS_free(limits);
        return;
    }
    say(out, "%s", X509_verify_cert_error_string(finding->error));
}

static void say_critical(struct out *out, const struct why__tls_finding *finding) {
    say_whose(out, finding);
    say(out, "critical extension");
    for (int i = 0; i < X509_get_ext_count(finding->certificate); i++) {
        X509_EXTENSION *extension = X509_get_ext(finding->certificate, i);
        if (X509_EXTENSION_get_critical(extension) == 1 &&
            X509_supported_extension(extension) == 0) {
            char oid[64];
            (void)OBJ_obj2txt(oid, sizeof oid, X509_EXTENSION_get_object(extension), 1);
            say(out, " %s", oid);
        }
    }
    say(out, " that nobody here knows");
}

static void say_crl(struct out *out, const struct why__tls_finding *finding) {
    if (finding->error == X509_V_ERR_UNABLE_TO_GET_CRL) {
        say(out, "there is no revocation list of ");
        say_issuer(out, finding->certificate);
        return;
    }
    say(out, "the revocation list of ");
    say_issuer(out, finding->certificate);
    say(out, finding->error == X509_V_ERR_CRL_HAS_EXPIRED ? " has expired" : ": %s",
        X509_verify_cert_error_string(finding->error));
}

static void say_key(struct out *out, const struct why__tls_finding *finding) {
    EVP_PKEY *key = X509_get0_pubkey(finding->certificate);
    const char *type = key == NULL ? NULL : EVP_PKEY_get0_type_name(key);
    say_whose(out, finding);
    say(out, "%s%s key of %d bits", finding->depth > 0 ? "has an " : "an ",
        type == NULL ? "unreadable" : type, key == NULL ? 0 : EVP_PKEY_get_bits(key));
}

/* What is in the certificate, or around it, is not as it should be. */
static void say_content(struct out *out, const struct why__tls_verification *verification,
                        const struct why__tls_finding *finding) {
    X509 *certificate = finding->certificate;
    char text[NAME_SIZE];
    switch ((int)finding->cause) {
    case WHY_CAUSE_TLS_CERT_WRONG_PURPOSE:
        say_purpose(out, finding);
        return;
    case WHY_CAUSE_TLS_CERT_ISSUER_NOT_CA:
        say_no_ca(out, certificate);
        return;
    case WHY_CAUSE_TLS_CERT_PATH_LENGTH:
        say_whose(out, finding);
        say(out, "allows %ld CAs below it, and there are more", X509_get_pathlen(certificate));
        return;
    case WHY_CAUSE_TLS_CERT_NAME_CONSTRAINTS:
        say_constraints(out, verification, finding);
        return;
    case WHY_CAUSE_TLS_CERT_UNKNOWN_CRITICAL:
        say_critical(out, finding);
        return;
    case WHY_CAUSE_TLS_CERT_WEAK_KEY:
        say_key(out, finding);
        return;
    case WHY_CAUSE_TLS_CERT_WEAK_SIGNATURE:
        why__tls_signature_text(certificate, text, sizeof text);
        say_whose(out, finding);
        say(out, "signed with %s", text);
        return;
    case WHY_CAUSE_TLS_CERT_REVOKED:
        say_whose(out, finding);
        say(out, "is in the revocation list of ");
        say_issuer(out, certificate);
        return;
    case WHY_CAUSE_TLS_CERT_NO_CRL:
        say_crl(out, finding);
        return;
    case WHY_CAUSE_TLS_CERT_BAD_SIGNATURE:
        say_whose(out, finding);
        say(out, "%s of ",
            finding->depth > 0 ? "does not fit the key"
                               : "its signature does not "
                                 "fit the key");
        say_issuer(out, certificate);
        return;
    default:
        say_whose(out, finding);
        say(out, "%s%s", finding->depth > 0 ? "has: " : "",
            X509_verify_cert_error_string(finding->error));
    }
}

/* Each has a certificate. */
static void say_finding(struct out *out, const struct why__tls_verification *verification,
                        const struct why__tls_finding *finding) {
    X509 *certificate = finding->certificate;
    switch ((int)finding->cause) {
    case WHY_CAUSE_TLS_CERT_EXPIRED:
    case WHY_CAUSE_TLS_CERT_NOT_YET_VALID:
        say_dates(out, verification, finding);
        return;
    case WHY_CAUSE_TLS_CERT_NAME_MISMATCH:
    case WHY_CAUSE_TLS_CERT_WILDCARD:
    case WHY_CAUSE_TLS_CERT_IP_NOT_LISTED:
    case WHY_CAUSE_TLS_CERT_NAMES_MALFORMED:
        say_name_cause(out, verification, finding);
        return;
    case WHY_CAUSE_TLS_CERT_DEFAULT:
        say_default(out, verification, certificate);
        return;
    case WHY_CAUSE_TLS_CERT_SELF_SIGNED:
        say(out, "issued by itself: ");
        say_subject(out, certificate);
        return;
    case WHY_CAUSE_TLS_CHAIN_UNTRUSTED_CA:
    case WHY_CAUSE_TLS_CHAIN_UNTRUSTED_ROOT:
    case WHY_CAUSE_TLS_CHAIN_MISSING_INTERMEDIATE:
    case WHY_CAUSE_TLS_CHAIN_NO_TRUST_STORE:
        say_gap(out, verification, finding);
        return;
    case WHY_CAUSE_TLS_CHAIN_WRONG_INTERMEDIATE:
        say_wrong_intermediate(out, verification, finding);
        return;
    case WHY_CAUSE_TLS_INTERCEPTED:
        say(out, "%s reads along: the certificate is of ",
            why__tls_interceptor(verification->chain));
        say_issuer(out, certificate);
        return;
    default:
        say_content(out, verification, finding);
    }
}

void why__tls_finding_detail(const struct why__tls_verification *verification,
                             const struct why__tls_finding *finding, char *text, size_t size) {
    struct out out = {text, size, 0};
    text[0] = '\0';
    if (finding->cause == WHY_CAUSE_LOCAL_OUT_OF_MEMORY) {
        return;
    }
    if (finding->certificate == NULL) {
        say(&out, "%s", X509_verify_cert_error_string(finding->error));
        return;
    }
    say_finding(&out, verification, finding);
}
