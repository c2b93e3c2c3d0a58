/* SPDX-License-Identifier: MIT
 *
 * Where a certificate says that more is to be had: its issuer, its responder (RFC 5280 section
 * 4.2.2.1). Whoever makes a certificate chooses the text, so only what is plain is taken.
 */
#include "tls/consult_state.h"

#include <openssl/x509v3.h>
#include <string.h>
#include <strings.h>

/* Over http alone: over https a chain could hang on itself (RFC 5280 section 8), and ldap is a
 * protocol of its own. */
static bool read_address(const GENERAL_NAME *where, char *out) {
    static const char scheme[] = "http://";
    if (where->type != GEN_URI) {
        return false;
    }
    const ASN1_STRING *uri = where->d.uniformResourceIdentifier;
    const char *text = (const char *)ASN1_STRING_get0_data(uri);
    int len = ASN1_STRING_length(uri);
    if (len < (int)sizeof scheme || len > WHY__CONSULT_ADDRESS_MAX ||
        strncasecmp(text, scheme, sizeof scheme - 1) != 0) {
        return false;
    }
    for (int i = 0; i < len; i++) {
        if (text[i] <= ' ' || text[i] > '~') {
            return false;
        }
    }
    memcpy(out, text, (size_t)len);
    out[len] = '\0';
    return true;
}

bool why__certificate_address(X509 *certificate, int purpose, int *at,
                              char out[WHY__CONSULT_ADDRESS_MAX + 1]) {
    AUTHORITY_INFO_ACCESS *access = X509_get_ext_d2i(certificate, NID_info_access, NULL, NULL);
    bool found = false;
    while (!found && *at < sk_ACCESS_DESCRIPTION_num(access)) {
        const ACCESS_DESCRIPTION *description = sk_ACCESS_DESCRIPTION_value(access, *at);
        ++*at;
        found =
            OBJ_obj2nid(description->method) == purpose && read_address(description->location, out);
    }
    AUTHORITY_INFO_ACCESS_free(access);
    return found;
}
