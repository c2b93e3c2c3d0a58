/* SPDX-License-Identifier: MIT
 *
 * The lab's modes: what can be wrong with a TLS server, a row each. What a row does is in certs.c
 * (certificates), contexts.c (TLS settings) and serve*.c (what goes over the wire).
 */
#ifndef WHY_LAB_MODES_H
#define WHY_LAB_MODES_H

#include "whysocket/cause.h"
#include "whysocket/notice.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- Certificates ---- */

/* Who signs; authorities.c has a row for each. */
enum lab_ca {
    LAB_CA_INTERMEDIATE, /* "Lab Intermediate", under the root that --write-ca writes */
    LAB_CA_ROOT,
    LAB_CA_SUB, /* under the intermediate */
    LAB_CA_EXPIRED,
    LAB_CA_EXPIRES_SOON,
    LAB_CA_UNKNOWN_ROOT,
    LAB_CA_UNKNOWN,
    LAB_CA_NOT_A_CA,
    LAB_CA_PATHLEN_ZERO,
    LAB_CA_TOO_DEEP, /* under the one with pathlen:0 */
    LAB_CA_NAME_CONSTRAINED,
    LAB_CA_FOR_CLIENTS,
    LAB_CA_SHA1,
    LAB_CA_BASIC_NOT_CRITICAL,
    LAB_CA_NO_KEY_USAGE,
    LAB_CA_RSA,
    LAB_CA_EVIL,
    LAB_CA_INTERCEPTOR,
    LAB_CA_SUPERFISH,
    LAB_CA_CLIENTS, /* whom mTLS modes trust */
    LAB_CA_OTHER_CLIENTS,
    LAB_CA_COUNT,
    LAB_CA_SELF, /* no authority: the certificate signs itself */
};

enum lab_key {
    LAB_KEY_P256,
    LAB_KEY_P384,
    LAB_KEY_P521,
    LAB_KEY_ED25519,
    LAB_KEY_RSA512,
    LAB_KEY_RSA1024,
    LAB_KEY_RSA2048,
    LAB_KEY_RSA3072,
    LAB_KEY_RSA4096,
    LAB_KEY_RSA8192,
    LAB_KEY_COUNT,
};

enum lab_digest {
    LAB_SHA256,
    LAB_SHA384,
    LAB_SHA512,
    LAB_SHA1,
    LAB_MD5,
};

/* What goes along with the leaf. */
enum lab_sent {
    LAB_SENT_CHAIN, /* its issuers up to the root, without it */
    LAB_SENT_NONE,
    LAB_SENT_WITH_ROOT,
    LAB_SENT_REVERSED,
    LAB_SENT_OTHER, /* an issuer of somebody else's */
    LAB_SENT_EXTRA, /* the chain, and an issuer of somebody else's */
};

enum lab_staple {
    LAB_STAPLE_NONE,
    LAB_STAPLE_GOOD,
    LAB_STAPLE_EXPIRED,
    LAB_STAPLE_REVOKED,
    LAB_STAPLE_UNKNOWN,
    LAB_STAPLE_BAD_SIGNATURE,
    LAB_STAPLE_TRY_LATER,
};

enum lab_quirk {
    LAB_QUIRK_BAD_SIGNATURE = 1,
    LAB_QUIRK_UNKNOWN_CRITICAL = 2,
    LAB_QUIRK_MUST_STAPLE = 4,
    LAB_QUIRK_AIA = 8,
    LAB_QUIRK_NO_AUTHORITY_KEY = 16,
    LAB_QUIRK_CA = 32,      /* basicConstraints CA:TRUE */
    LAB_QUIRK_REVOKED = 64, /* the serial number that crl.pem lists */
};

/* All zeroes: a P-256 leaf for the name that was asked, from an hour ago, for 90 days. Texts take
 * %h, the name that was asked, and %p, the same without its first label. */
struct lab_recipe {
    int from_days, to_days; /* from now; both 0: see above */
    const char *cn;         /* NULL: %h; "": no subject at all */
    const char *org;        /* NULL: Lab */
    const char *names;      /* "DNS:%h,IP:127.0.0.1", taken to the letter; NULL: DNS:%h; "": none */
    unsigned more_names;    /* so many others */
    const char *usage;      /* keyUsage; NULL: digitalSignature, and keyEncipherment for RSA */
    const char *purposes;   /* extendedKeyUsage; NULL: serverAuth */
    enum lab_ca ca;
    enum lab_key key;
    enum lab_digest digest;
    enum lab_sent sent;
    enum lab_staple staple;
    unsigned quirks; /* of enum lab_quirk */
};

/* ---- TLS ---- */

enum lab_client_certs {
    LAB_CLIENT_CERTS_NONE,
    LAB_CLIENT_CERTS_ASKED, /* and without one HTTP answers 400, as nginx does */
    LAB_CLIENT_CERTS_REQUIRED,
};

struct lab_tls {
    int version_min, version_max; /* 0: TLS 1.2, TLS 1.3 */
    const char *ciphers, *groups, *signatures;
    enum lab_client_certs client_certs;
    int dh_bits;          /* of the DH group, 1024 or 2048; 0: none */
    bool h2_only;         /* ALPN */
    bool name_warning;    /* a warning unrecognized_name, then all is well */
    bool name_required;   /* no server name: the alert `number` of the mode */
    bool no_close_notify; /* ends with a bare FIN */
};

/* ---- The wire ---- */

enum lab_act {
    LAB_ACT_TLS,          /* a handshake, then a WebSocket echo */
    LAB_ACT_ALERT,        /* alert `number` instead of a ServerHello */
    LAB_ACT_CANNED,       /* a flight that OpenSSL would not write: enum lab_canned in `number` */
    LAB_ACT_HTTP,         /* a plain server that answers anything at once */
    LAB_ACT_HTTP_WAIT,    /* a plain server that waits for the end of a request */
    LAB_ACT_BANNER,       /* `text` on accept */
    LAB_ACT_END,          /* `how` at `moment` */
    LAB_ACT_HELLO_SIZE,   /* `how` where the ClientHello is longer than 255 bytes */
    LAB_ACT_SLOW,         /* TLS after `number` ms */
    LAB_ACT_NO_ACCEPT,    /* nobody takes the connection out of the queue */
    LAB_ACT_REFUSED,      /* nobody listens */
    LAB_ACT_PROXY_HEADER, /* TLS behind a PROXY protocol header; closes without one */
    LAB_ACT_PROXY,        /* HTTP CONNECT, answered with status `number` */
    LAB_ACT_PROXY_HTML,   /* CONNECT answered 200, and then a login page comes */
    LAB_ACT_PROXY_OPEN,   /* a proxy that works */
    LAB_ACT_PROXY_TLS,    /* a proxy that answers in the target's place */
    LAB_ACT_PROXY_END,    /* `how` once CONNECT came */
};

enum lab_moment {
    LAB_AT_NOTHING,
    LAB_AT_ACCEPT,
    LAB_AT_CLIENT_HELLO, /* it came whole */
    LAB_AT_SERVER_HELLO, /* a part of it went out */
    LAB_AT_CERTIFICATE,  /* a part of it went out */
    LAB_AT_KEY_EXCHANGE, /* TLS 1.2's ServerKeyExchange; for LAB_HOW_CORRUPT */
    LAB_AT_FINISHED,     /* the handshake is done */
};

enum lab_how {
    LAB_HOW_EOF,
    LAB_HOW_RESET,
    LAB_HOW_STALL,
    LAB_HOW_CORRUPT, /* a bit is turned over, and all goes on */
};

enum lab_canned {
    LAB_CANNED_SSL3,
    LAB_CANNED_NO_RENEGOTIATION_INFO,
    LAB_CANNED_DH480,
    LAB_CANNED_DH512,
    LAB_CANNED_RC4,
    LAB_CANNED_RC4_MD5,
    LAB_CANNED_3DES,
    LAB_CANNED_EXPORT,
    LAB_CANNED_UNKNOWN_CIPHER,
    LAB_CANNED_UNEXPECTED_MESSAGE,
    LAB_CANNED_LONG_RECORD,
};

/* ---- The row ---- */

enum lab_where {
    LAB_BY_NAME,  /* on the TLS port, told by the first label of the server name */
    LAB_BY_PORT,  /* on a port of its own */
    LAB_BY_PROXY, /* a proxy, on a port of its own; the URL is that of `ok` */
};

enum {
    LAB_ALSO_MAX = 3,
};

struct lab_mode {
    const char *name;
    const char *group;
    const char *what; /* what it does: English, for why_translate() */
    const char
        *badssl;      /* its names there, which it answers to as well, parted by spaces; or NULL */
    const char *host; /* of the URL, without scheme and port; NULL: NAME.localhost */
    const char *scheme; /* NULL: wss */
    const char
        *options; /* for `check`, beside --cacert; @ stands for the folder of --write-certs */
    enum why_cause cause;              /* that a correct check names first; NONE: it is healthy */
    enum why_cause or_cause;           /* as correct, where it is a matter of words */
    enum why_cause also[LAB_ALSO_MAX]; /* that it has to name beside it */
    uint32_t notices;                  /* 1 << enum why_notice: that a correct check gives */
    enum lab_where where;
    enum lab_act act;
    int number;
    const char *text;
    size_t text_len; /* 0: up to the end of the string */
    enum lab_moment moment;
    enum lab_how how;
    struct lab_recipe cert;
    struct lab_tls tls;
};

/* The tables, ended by a row without a name. */
extern const struct lab_mode lab_certificate_modes[];
extern const struct lab_mode lab_protocol_modes[];
extern const struct lab_mode lab_transport_modes[];

/* All of them in order; NULL past the last. */
const struct lab_mode *lab_mode_at(size_t index);

/* By its name or its name at badssl.com; NULL if there is none. `len` is of `name`. */
const struct lab_mode *lab_mode_find(const char *name, size_t len);

/* Which of them are meant. */
enum lab_kind {
    LAB_KIND_ALL,
    LAB_KIND_TLS, /* the TLS port alone */
    LAB_KIND_RAW, /* the ports beside it */
};

bool lab_mode_is_of(const struct lab_mode *mode, enum lab_kind kind);

/* The port of a mode where the TLS port is `base`: that one, or the next ones in the order of the
 * table. */
unsigned lab_mode_port(const struct lab_mode *mode, unsigned base);

#endif
