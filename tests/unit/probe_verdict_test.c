/* SPDX-License-Identifier: MIT
 *
 * The decision tree: which probe is asked for after which evidence, and what the answers come to.
 * Each row plays a whole inquiry; its probes have to be asked for in that order.
 */
#include "tls/probe_verdict.h"

#include "support/test.h"

#include <stdbool.h>
#include <string.h>

/* What the first connection offered. */
static const struct why_tls_offer offer = {
    .len = 300,
    .version_count = 2,
    .versions = {0x0304, 0x0303},
    .cipher_count = 2,
    .ciphers = {0x1302, 0xc02b},
    .group_count = 2,
    .groups = {0x001d, 0x0017},
    .signature_count = 1,
    .signatures = {0x0403},
};

#define NAME "a.example"
#define ALERTED(number)                                                                            \
    .tls = {.present = true, .alert = (number), .server_name = NAME},                              \
    .transport = WHY_TRANSPORT_TLS_ALERT

#define WRONG_NAME(text)                                                                           \
    .cause = WHY_CAUSE_TLS_CERT_NAME_MISMATCH,                                                     \
    .tls = {.present = true,                                                                       \
            .alert = 42,                                                                           \
            .alert_sent = true,                                                                    \
            .server_name = NAME,                                                                   \
            .chain_len = 1},                                                                       \
    .detail = text
#define DAMAGED                                                                                    \
    .cause = WHY_CAUSE_TLS_CORRUPTED,                                                              \
    .tls = {.present = true, .alert = 20, .alert_sent = true, .received = 700}
#define CERTIFICATE_ERROR "<center>The SSL certificate error</center><hr>"
#define LONG_DETAIL                                                                                \
    "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567"     \
    "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567"

struct answer {
    enum why_probe_kind kind;
    enum why_probe_end end;
    struct why__hello_answer answer;
    const char *bytes;
    /* Of a whole handshake, or of HTTP. */
    enum why_cause cause;
    bool certificate, same_certificate, same_place, wants_tls;
};

#define HELLO(kind_name, ...)                                                                      \
    { .kind = WHY_PROBE_##kind_name, .end = WHY_PROBE_END_ANSWERED, .answer = __VA_ARGS__ }
#define EVERYTHING(...) HELLO(EVERYTHING, __VA_ARGS__)
#define OUR_VERSIONS(...) HELLO(OUR_VERSIONS, __VA_ARGS__)
#define NAMELESS(...) HELLO(NO_NAME, __VA_ARGS__)
#define H2(...) HELLO(H2, __VA_ARGS__)
#define SMALL(...) HELLO(SMALL_HELLO, __VA_ARGS__)
#define CHOSE(v, c, g, s)                                                                          \
    {                                                                                              \
        .kind = WHY__HELLO_SERVER_HELLO, .version = (v), .cipher = (c), .group = (g),              \
        .signature = (s), .alert = -1, .complete = true, .renegotiation = true                     \
    }
#define GOES_ON CHOSE(0x0304, 0x1302, 0x001d, 0)
#define ALERT(number)                                                                              \
    { .kind = WHY__HELLO_ALERT, .alert = (number), .complete = true }
#define NO_ANSWER                                                                                  \
    { .kind = WHY__HELLO_NOTHING, .alert = -1 }
#define DEAD(kind_name, how)                                                                       \
    { .kind = WHY_PROBE_##kind_name, .end = WHY_PROBE_END_##how, .answer = NO_ANSWER }
#define SAYS(kind_name, how, text)                                                                 \
    {                                                                                              \
        .kind = WHY_PROBE_##kind_name, .end = WHY_PROBE_END_##how, .answer = NO_ANSWER,            \
        .bytes = (text)                                                                            \
    }
#define AGAIN(ended, place)                                                                        \
    {                                                                                              \
        .kind = WHY_PROBE_REPEAT, .end = WHY_PROBE_END_ANSWERED, .answer = NO_ANSWER,              \
        .cause = WHY_CAUSE_##ended, .same_place = (place)                                          \
    }
#define SHOWN(any, same)                                                                           \
    {                                                                                              \
        .kind = WHY_PROBE_DEFAULT_CERTIFICATE, .end = WHY_PROBE_END_ANSWERED, .answer = NO_ANSWER, \
        .certificate = (any), .same_certificate = (same)                                           \
    }

static const struct row {
    const char *name;
    struct why_record first;
    enum why_probe_policy policy; /* NONE stands for AUTO */
    bool no_probes;               /* policy NONE */
    bool only_12;                 /* TLS 1.2 alone was offered */
    struct answer answers[5];
    enum why_cause cause;
    bool likely;
    const char *text;
} rows[] = {
    /* Alerts */
    {.name = "alert 40: TLS 1.0 is all it has",
     .first = {.cause = WHY_CAUSE_TLS_REFUSED, ALERTED(40)},
     .answers = {EVERYTHING(CHOSE(0x0301, 0xc013, 0, 0))},
     .cause = WHY_CAUSE_TLS_VERSION,
     .text = "speaks TLS 1.0 at most, and TLS 1.2 is the least"},
    {.name = "alert 70: TLS 1.1 is all it has",
     .first = {.cause = WHY_CAUSE_TLS_VERSION, ALERTED(70)},
     .answers = {EVERYTHING(CHOSE(0x0302, 0xc013, 0, 0))},
     .cause = WHY_CAUSE_TLS_VERSION,
     .text = "TLS 1.1 at most"},
    {.name = "alert 70, and again: no more is known",
     .first = {.cause = WHY_CAUSE_TLS_VERSION, ALERTED(70)},
     .answers = {EVERYTHING(ALERT(70))},
     .cause = WHY_CAUSE_TLS_VERSION,
     .text = "alert protocol_version (70), to a ClientHello that offers everything too"},
    {.name = "alert 70 to TLS 1.2: TLS 1.3 is all it has",
     .only_12 = true,
     .first = {.cause = WHY_CAUSE_TLS_VERSION, ALERTED(70)},
     .answers = {EVERYTHING(GOES_ON)},
     .cause = WHY_CAUSE_TLS_VERSION,
     .text = "speaks TLS 1.3, and TLS 1.2 is the most that was offered"},
    {.name = "alert 40 to TLS 1.2: TLS 1.3 is all it has, as GnuTLS says it",
     .only_12 = true,
     .first = {.cause = WHY_CAUSE_TLS_REFUSED, ALERTED(40)},
     .answers = {EVERYTHING(GOES_ON), OUR_VERSIONS(ALERT(40))},
     .cause = WHY_CAUSE_TLS_VERSION,
     .text = "speaks TLS 1.3, and TLS 1.2 is the most that was offered"},
    {.name = "alert 40 to TLS 1.2: it has both, and in TLS 1.2 no cipher of ours",
     .only_12 = true,
     .first = {.cause = WHY_CAUSE_TLS_REFUSED, ALERTED(40)},
     .answers = {EVERYTHING(GOES_ON), OUR_VERSIONS(CHOSE(0x0303, 0xc02f, 0x001d, 0x0804))},
     .cause = WHY_CAUSE_TLS_NO_SHARED_CIPHER,
     .text = "chooses TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"},
    {.name = "alert 40 to TLS 1.2: it chooses TLS 1.3 whatever is offered",
     .only_12 = true,
     .first = {.cause = WHY_CAUSE_TLS_REFUSED, ALERTED(40)},
     .answers = {EVERYTHING(GOES_ON), OUR_VERSIONS(GOES_ON)},
     .cause = WHY_CAUSE_TLS_VERSION,
     .text = "speaks TLS 1.3"},
    {.name = "alert 40: RC4 alone",
     .first = {.cause = WHY_CAUSE_TLS_REFUSED, ALERTED(40)},
     .answers = {EVERYTHING(CHOSE(0x0303, 0x0005, 0, 0))},
     .cause = WHY_CAUSE_TLS_NO_SHARED_CIPHER,
     .text = "chooses TLS_RSA_WITH_RC4_128_SHA"},
    {.name = "alert 40: P-521 alone, in TLS 1.2",
     .first = {.cause = WHY_CAUSE_TLS_REFUSED, ALERTED(40)},
     .answers = {EVERYTHING(CHOSE(0x0303, 0xc02b, 0x0019, 0x0403))},
     .cause = WHY_CAUSE_TLS_NO_SHARED_GROUP,
     .text = "chooses secp521r1"},
    {.name = "alert 40: x448 alone, in TLS 1.3",
     .first = {.cause = WHY_CAUSE_TLS_REFUSED, ALERTED(40)},
     .answers = {EVERYTHING({.kind = WHY__HELLO_RETRY,
                             .version = 0x0304,
                             .cipher = 0x1302,
                             .group = 0x001e,
                             .alert = -1,
                             .complete = true})},
     .cause = WHY_CAUSE_TLS_NO_SHARED_GROUP,
     .text = "x448"},
    {.name = "alert 40: SHA-1 signatures alone",
     .first = {.cause = WHY_CAUSE_TLS_REFUSED, ALERTED(40)},
     .answers = {EVERYTHING(CHOSE(0x0303, 0xc02b, 0x001d, 0x0201))},
     .cause = WHY_CAUSE_TLS_NO_SHARED_SIGNATURE,
     .text = "signs with rsa_pkcs1_sha1"},
    {.name = "alert 40: all that is seen is shared",
     .first = {.cause = WHY_CAUSE_TLS_REFUSED, ALERTED(40)},
     .answers = {EVERYTHING(GOES_ON)},
     .cause = WHY_CAUSE_TLS_NO_SHARED_SIGNATURE,
     .likely = true,
     .text = "the kind of the server's certificate"},
    {.name = "alert 40 with the name, none without",
     .first = {.cause = WHY_CAUSE_TLS_REFUSED, ALERTED(40)},
     .answers = {EVERYTHING(ALERT(40)), NAMELESS(GOES_ON)},
     .cause = WHY_CAUSE_TLS_UNKNOWN_NAME,
     .text = "when asked for a.example, while it answers where no name is asked for"},
    {.name = "alert 40 with the name and without",
     .first = {.cause = WHY_CAUSE_TLS_REFUSED, ALERTED(40)},
     .answers = {EVERYTHING(ALERT(40)), NAMELESS(ALERT(40))},
     .cause = WHY_CAUSE_TLS_REFUSED,
     .text = "handshake_failure (40), with the server name and without"},
    {.name = "alert 49 with the name and without",
     .first = {.cause = WHY_CAUSE_TLS_REFUSED, ALERTED(49)},
     .answers = {EVERYTHING(ALERT(49)), NAMELESS(ALERT(49))},
     .cause = WHY_CAUSE_TLS_REFUSED,
     .text = "access_denied (49)"},
    {.name = "alert 80 with the name, none without",
     .first = {.cause = WHY_CAUSE_TLS_SERVER_ERROR, ALERTED(80)},
     .answers = {EVERYTHING(ALERT(80)), NAMELESS(GOES_ON)},
     .cause = WHY_CAUSE_TLS_UNKNOWN_NAME,
     .text = "internal_error (80)"},
    {.name = "alert 80 with the name and without",
     .first = {.cause = WHY_CAUSE_TLS_SERVER_ERROR, ALERTED(80)},
     .answers = {EVERYTHING(ALERT(80)), NAMELESS(ALERT(80))},
     .cause = WHY_CAUSE_TLS_SERVER_ERROR,
     .text = "with the server name and without"},
    {.name = "alert 40 to an address: it wants a name",
     .first =
         {.cause = WHY_CAUSE_TLS_REFUSED,
          .tls = {.present = true, .alert = 40, .server_name = "192.0.2.1", .is_address = true}},
     .answers = {EVERYTHING(ALERT(40))},
     .cause = WHY_CAUSE_TLS_NAME_REQUIRED,
     .likely = true,
     .text = "the URL has an address"},
    {.name = "alert 10, and again",
     .first = {.cause = WHY_CAUSE_TLS_ALERT, ALERTED(10)},
     .answers = {EVERYTHING(ALERT(10))},
     .cause = WHY_CAUSE_TLS_ALERT,
     .text = "unexpected_message (10)"},
    {.name = "alert 86, and again",
     .first = {.cause = WHY_CAUSE_TLS_ALERT, ALERTED(86)},
     .answers = {EVERYTHING(ALERT(86))},
     .cause = WHY_CAUSE_TLS_ALERT,
     .text = "inappropriate_fallback (86)"},
    {.name = "alert 71, and again",
     .first = {.cause = WHY_CAUSE_TLS_NO_SHARED_CIPHER, ALERTED(71)},
     .answers = {EVERYTHING(ALERT(71))},
     .cause = WHY_CAUSE_TLS_NO_SHARED_CIPHER,
     .text = "insufficient_security (71)"},
    {.name = "alert 10 to ours, none to another hello",
     .first = {.cause = WHY_CAUSE_TLS_ALERT, ALERTED(10)},
     .answers = {EVERYTHING(GOES_ON)},
     .cause = WHY_CAUSE_TLS_HELLO_INTOLERANT,
     .likely = true,
     .text = "unexpected_message (10) to a ClientHello of 300 bytes, while another of 435"},
    {.name = "the probe is not even taken: as it was",
     .first = {.cause = WHY_CAUSE_TLS_REFUSED, ALERTED(40), .detail = "as it was"},
     .answers = {DEAD(EVERYTHING, NO_CONNECT)},
     .cause = WHY_CAUSE_TLS_REFUSED,
     .text = "as it was"},
    {.name = "alert 112 needs no probe",
     .first = {.cause = WHY_CAUSE_TLS_UNKNOWN_NAME, ALERTED(112), .detail = "as it was"},
     .cause = WHY_CAUSE_TLS_UNKNOWN_NAME,
     .text = "as it was"},
    {.name = "an alert after a ServerHello is not about the hello",
     .first = {.cause = WHY_CAUSE_TLS_ALERT,
               .tls = {.present = true, .alert = 80, .version = "TLSv1.2"},
               .detail = "as it was"},
     .cause = WHY_CAUSE_TLS_ALERT,
     .text = "as it was"},
    {.name = "alert 120: h2 alone",
     .first = {.cause = WHY_CAUSE_TLS_ALPN, ALERTED(120)},
     .answers = {H2(GOES_ON)},
     .cause = WHY_CAUSE_TLS_ALPN,
     .text = "offered h2 it goes on"},
    {.name = "alert 120: neither",
     .first = {.cause = WHY_CAUSE_TLS_ALPN, ALERTED(120)},
     .answers = {H2(ALERT(120))},
     .cause = WHY_CAUSE_TLS_ALPN,
     .text = "neither http/1.1 nor h2"},
    /* Nothing came */
    {.name = "reset, and the smaller hello is answered",
     .first = {.cause = WHY_CAUSE_TLS_RESET,
               .transport = WHY_TRANSPORT_RESET,
               .tls = {.present = true, .alert = -1, .server_name = NAME, .offer = {.len = 1629}}},
     .answers = {SMALL(GOES_ON), AGAIN(TLS_RESET, true)},
     .cause = WHY_CAUSE_TLS_HELLO_INTOLERANT,
     .text = "of 435 bytes is answered, to one of 1629 the peer resets"},
    {.name = "reset, then the smaller hello is answered, then ours too",
     .first = {.cause = WHY_CAUSE_TLS_RESET,
               .transport = WHY_TRANSPORT_RESET,
               .tls = {.present = true, .alert = -1, .server_name = NAME, .offer = {.len = 1629}}},
     .answers = {SMALL(GOES_ON), AGAIN(NONE, false)},
     .cause = WHY_CAUSE_TLS_RESET,
     .likely = true,
     .text = "it comes and goes"},
    {.name = "reset, then the smaller hello is answered, then ours gets further",
     .first = {.cause = WHY_CAUSE_TLS_RESET,
               .transport = WHY_TRANSPORT_RESET,
               .tls = {.present = true, .alert = -1, .server_name = NAME, .offer = {.len = 1629}}},
     .answers = {SMALL(GOES_ON), AGAIN(TLS_CUT, false)},
     .cause = WHY_CAUSE_TLS_RESET,
     .likely = true,
     .text = "it comes and goes"},
    {.name = "closed, and a hello that is larger is answered",
     .first = {.cause = WHY_CAUSE_TLS_EOF,
               .transport = WHY_TRANSPORT_FIN,
               .tls = {.present = true, .alert = -1, .server_name = NAME}},
     .answers = {SMALL(GOES_ON)},
     .cause = WHY_CAUSE_TLS_EOF,
     .likely = true,
     .text = "it comes and goes"},
    {.name = "reset before anything is sent",
     .first = {.cause = WHY_CAUSE_TLS_RESET,
               .transport = WHY_TRANSPORT_RESET,
               .tls = {.present = true, .alert = -1, .server_name = NAME}},
     .answers = {DEAD(SMALL_HELLO, RESET), DEAD(SILENCE, RESET)},
     .cause = WHY_CAUSE_TCP_RESET,
     .text = "it resets each connection within 7 ms, before anything is sent"},
    {.name = "closed after the hello, and it says that it speaks TLS",
     .first = {.cause = WHY_CAUSE_TLS_EOF,
               .transport = WHY_TRANSPORT_FIN,
               .tls = {.present = true, .alert = -1, .server_name = NAME}},
     .answers = {DEAD(SMALL_HELLO, FIN),
                 DEAD(SILENCE, TIMEOUT),
                 {.kind = WHY_PROBE_PLAIN_HTTP,
                  .answer = NO_ANSWER,
                  .bytes = "HTTP/1.1 400 Bad Request\r\n",
                  .wants_tls = true}},
     .cause = WHY_CAUSE_TLS_EOF,
     .text = "asked in plain HTTP it says that it speaks TLS"},
    {.name = "closed before anything is sent",
     .first = {.cause = WHY_CAUSE_TLS_EOF,
               .transport = WHY_TRANSPORT_FIN,
               .tls = {.present = true, .alert = -1, .server_name = NAME}},
     .answers = {DEAD(SMALL_HELLO, FIN), DEAD(SILENCE, FIN)},
     .cause = WHY_CAUSE_TLS_CLOSED_ON_ACCEPT,
     .text = "it closes each connection within 7 ms, before anything is sent"},
    {.name = "closed after the hello, and after HTTP",
     .first = {.cause = WHY_CAUSE_TLS_EOF,
               .transport = WHY_TRANSPORT_FIN,
               .tls = {.present = true, .alert = -1, .server_name = NAME}},
     .answers = {DEAD(SMALL_HELLO, FIN), DEAD(SILENCE, TIMEOUT), DEAD(PLAIN_HTTP, FIN)},
     .cause = WHY_CAUSE_TLS_EOF,
     .text = "it accepts the connection and closes, to TLS large and small as to HTTP"},
    {.name = "closed, unless the PROXY protocol's line goes first",
     .first = {.cause = WHY_CAUSE_TLS_EOF,
               .transport = WHY_TRANSPORT_FIN,
               .tls = {.present = true, .alert = -1, .server_name = NAME}},
     .policy = WHY_PROBE_POLICY_ALL,
     .answers = {DEAD(SMALL_HELLO, FIN), DEAD(SILENCE, TIMEOUT), DEAD(PLAIN_HTTP, FIN),
                 HELLO(PROXY_PROTOCOL, GOES_ON)},
     .cause = WHY_CAUSE_TLS_PROXY_PROTOCOL,
     .text = "it closes without the PROXY protocol's line, and speaks TLS after it"},
    {.name = "closed, whatever is tried",
     .first = {.cause = WHY_CAUSE_TLS_EOF,
               .transport = WHY_TRANSPORT_FIN,
               .tls = {.present = true, .alert = -1, .server_name = NAME}},
     .policy = WHY_PROBE_POLICY_ALL,
     .answers = {DEAD(SMALL_HELLO, FIN), DEAD(SILENCE, TIMEOUT), DEAD(PLAIN_HTTP, FIN),
                 DEAD(PROXY_PROTOCOL, FIN)},
     .cause = WHY_CAUSE_TLS_EOF,
     .text = "accepts the connection and closes"},
    {.name = "it speaks first",
     .first = {.cause = WHY_CAUSE_TLS_RESET,
               .transport = WHY_TRANSPORT_RESET,
               .tls = {.present = true, .alert = -1, .server_name = NAME}},
     .answers = {DEAD(SMALL_HELLO, RESET), SAYS(SILENCE, TIMEOUT, "220 mail.example ESMTP\r\n")},
     .cause = WHY_CAUSE_TLS_OTHER_PROTOCOL,
     .text = "it speaks first: SMTP"},
    {.name = "it never answers, and HTTP it does",
     .first = {.cause = WHY_CAUSE_TIMEOUT_TLS,
               .transport = WHY_TRANSPORT_TIMEOUT,
               .tls = {.present = true, .alert = -1, .server_name = NAME}},
     .answers = {DEAD(SMALL_HELLO, TIMEOUT),
                 SAYS(PLAIN_HTTP, ANSWERED, "HTTP/1.1 101 Switching Protocols\r\n")},
     .cause = WHY_CAUSE_TLS_PLAIN_HTTP,
     .text = "asked in plain HTTP it answers: it began with \"HTTP/1.1 101"},
    {.name = "it never answers anything",
     .first = {.cause = WHY_CAUSE_TIMEOUT_TLS,
               .transport = WHY_TRANSPORT_TIMEOUT,
               .tcp = {.present = true},
               .tls = {.present = true, .alert = -1, .server_name = NAME}},
     .answers = {DEAD(SMALL_HELLO, TIMEOUT), DEAD(PLAIN_HTTP, TIMEOUT)},
     .cause = WHY_CAUSE_TIMEOUT_TLS,
     .text = "does not answer, to TLS large and small as to HTTP; its kernel confirmed"},
    {.name = "the hello never arrives",
     .first = {.cause = WHY_CAUSE_TIMEOUT_TLS,
               .transport = WHY_TRANSPORT_TIMEOUT,
               .tcp = {.present = true, .unacked = 1, .retransmits = 5},
               .tls = {.present = true, .alert = -1, .server_name = NAME}},
     .cause = WHY_CAUSE_TLS_PACKETS_LOST,
     .text = "was sent 6 times, and its receipt never confirmed"},
    {.name = "the answer's first packet never arrives",
     .first = {.cause = WHY_CAUSE_TIMEOUT_TLS,
               .transport = WHY_TRANSPORT_TIMEOUT,
               .tcp = {.present = true, .out_of_order = 2},
               .tls = {.present = true, .alert = -1, .server_name = NAME}},
     .cause = WHY_CAUSE_TLS_PACKETS_LOST,
     .text = "later ones did"},
    {.name = "something came: no probe",
     .first = {.cause = WHY_CAUSE_TLS_CUT,
               .tls = {.present = true, .alert = -1, .received = 100},
               .detail = "as it was"},
     .cause = WHY_CAUSE_TLS_CUT,
     .text = "as it was"},
    /* Not TLS at all */
    {.name = "ws:// to a TLS port",
     .first = {.cause = WHY_CAUSE_TCP_FIN},
     .answers = {HELLO(TLS, ALERT(112))},
     .cause = WHY_CAUSE_HTTP_TLS_PORT,
     .text = "use wss://"},
    {.name = "ws:// to a port that is just closed",
     .first = {.cause = WHY_CAUSE_TCP_FIN, .detail = "as it was"},
     .answers = {DEAD(TLS, FIN)},
     .cause = WHY_CAUSE_TCP_FIN,
     .text = "as it was"},
    {.name = "a client certificate that is missed in HTTP",
     .first = {.cause = WHY_CAUSE_HTTP_STATUS_400,
               .layer = WHY_LAYER_HTTP,
               .http = {.status = 400},
               .tls = {.present = true,
                       .alert = -1,
                       .handshake_done = true,
                       .client_cert_requested = true,
                       .wanted_cas = "CN=Lab Client CA,O=Lab"}},
     .cause = WHY_CAUSE_TLS_CLIENT_CERT_REQUIRED,
     .likely = true,
     .text = "asked for a client certificate of CN=Lab Client CA,O=Lab, got none"},
    {.name = "a certificate is what it is",
     .first = {.cause = WHY_CAUSE_TLS_CERT_EXPIRED,
               .tls = {.present = true, .alert = 45, .alert_sent = true},
               .detail = "as it was"},
     .cause = WHY_CAUSE_TLS_CERT_EXPIRED,
     .text = "as it was"},
    {.name = "a name that is not the certificate's: the default one",
     .first = {WRONG_NAME("as it was")},
     .answers = {SHOWN(true, true)},
     .cause = WHY_CAUSE_TLS_CERT_NAME_MISMATCH,
     .text = "as it was; without a name it shows the same"},
    {.name = "a name that is not the certificate's: chosen for it",
     .first = {WRONG_NAME("as it was")},
     .answers = {SHOWN(true, false)},
     .cause = WHY_CAUSE_TLS_CERT_NAME_MISMATCH,
     .text = "as it was; without a name it shows another"},
    {.name = "a name that is not the certificate's, and none without a name",
     .first = {WRONG_NAME("as it was")},
     .answers = {SHOWN(false, false)},
     .cause = WHY_CAUSE_TLS_CERT_NAME_MISMATCH,
     .text = "as it was"},
    {.name = "facts that fill the detail are not pushed out",
     .first = {WRONG_NAME(LONG_DETAIL)},
     .answers = {SHOWN(true, false)},
     .cause = WHY_CAUSE_TLS_CERT_NAME_MISMATCH,
     .text = LONG_DETAIL},
    {.name = "damaged, and again",
     .first = {DAMAGED},
     .answers = {AGAIN(TLS_CORRUPTED, true)},
     .cause = WHY_CAUSE_TLS_CORRUPTED,
     .text = "at the same place: no accident"},
    {.name = "damaged, and again elsewhere",
     .first = {DAMAGED},
     .answers = {AGAIN(TLS_CORRUPTED, false)},
     .cause = WHY_CAUSE_TLS_CORRUPTED,
     .text = "broke too, at another place"},
    {.name = "damaged once",
     .first = {DAMAGED},
     .answers = {AGAIN(NONE, false)},
     .cause = WHY_CAUSE_TLS_CORRUPTED,
     .text = "went well: an accident on the way"},
    {.name = "damaged, and no second connection to be had",
     .first = {DAMAGED, .detail = "as it was"},
     .answers = {DEAD(REPEAT, NO_CONNECT)},
     .cause = WHY_CAUSE_TLS_CORRUPTED,
     .text = "as it was"},
    {.name = "ws:// to a TLS port that has words for it",
     .first = {.cause = WHY_CAUSE_HTTP_STATUS_400,
               .http = {.status = 400,
                        .body = "The plain HTTP request was sent to HTTPS port",
                        .body_len = 45}},
     .cause = WHY_CAUSE_HTTP_TLS_PORT,
     .text = "says that it speaks TLS"},
    {.name = "nginx does not take the certificate that was sent",
     .first = {.cause = WHY_CAUSE_HTTP_STATUS_400,
               .layer = WHY_LAYER_HTTP,
               .http = {.status = 400, .body = CERTIFICATE_ERROR, .body_len = 46},
               .tls = {.present = true,
                       .alert = -1,
                       .client_cert_requested = true,
                       .client_cert_sent = true,
                       .wanted_cas = "CN=Partners"}},
     .cause = WHY_CAUSE_TLS_CLIENT_CERT_REJECTED,
     .text = "asked for a client certificate of CN=Partners, and answers ours with HTTP 400"},
    {.name = "an application's 400 is its own, whatever certificate was sent",
     .first = {.cause = WHY_CAUSE_HTTP_STATUS_400,
               .layer = WHY_LAYER_HTTP,
               .http = {.status = 400, .body = "bad request", .body_len = 11},
               .tls = {.present = true,
                       .alert = -1,
                       .client_cert_requested = true,
                       .client_cert_sent = true},
               .detail = "as it was"},
     .cause = WHY_CAUSE_HTTP_STATUS_400,
     .text = "as it was"},
    {.name = "an application's 403 is its own",
     .first = {.cause = WHY_CAUSE_HTTP_STATUS_403,
               .layer = WHY_LAYER_HTTP,
               .http = {.status = 403},
               .tls = {.present = true, .alert = -1, .client_cert_requested = true},
               .detail = "as it was"},
     .cause = WHY_CAUSE_HTTP_STATUS_403,
     .text = "as it was"},
    {.name = "probes are off",
     .first = {.cause = WHY_CAUSE_TLS_REFUSED, ALERTED(40), .detail = "as it was"},
     .no_probes = true,
     .cause = WHY_CAUSE_TLS_REFUSED,
     .text = "as it was"},
    {.name = "nothing is wrong", .first = {.tls = {.present = true, .alert = -1}}, .text = ""},
};

/* What was asked for, answered as the row says. */
static struct why__probe_result answer_step(const struct row *row,
                                            const struct why__probe_step *step,
                                            const struct answer *answer) {
    bool is_named = step->hello.server_name != NULL;
    bool may_be_named = step->kind != WHY_PROBE_NO_NAME && !row->first.tls.is_address &&
                        step->kind != WHY_PROBE_DEFAULT_CERTIFICATE &&
                        row->first.tls.server_name[0] != '\0';
    if (answer->kind != step->kind || is_named != may_be_named ||
        (step->hello.alpn == WHY__HELLO_ALPN_H2) != (step->kind == WHY_PROBE_H2) ||
        (step->hello.highest_version == 0x0303) != (step->kind == WHY_PROBE_OUR_VERSIONS) ||
        step->hello.is_small != (step->kind == WHY_PROBE_SMALL_HELLO)) {
        fail_msg("%s: asks for %s, not for %s", row->name, why_probe_name(step->kind),
                 why_probe_name(answer->kind));
    }
    struct why__probe_result result = {
        .kind = step->kind,
        .hello = step->hello,
        .hello_len = 435,
        .end = answer->end,
        .answer = answer->answer,
        .elapsed_ms = 7,
        .cause = answer->cause,
        .has_certificate = answer->certificate,
        .same_certificate = answer->same_certificate,
        .same_place = answer->same_place,
        .wants_tls = answer->wants_tls,
    };
    if (answer->bytes != NULL) {
        size_t len = strlen(answer->bytes);
        result.first_bytes_len =
            (uint8_t)(len < sizeof result.first_bytes ? len : sizeof result.first_bytes);
        memcpy(result.first_bytes, answer->bytes, result.first_bytes_len);
    }
    return result;
}

static void each_inquiry_ends_where_it_should(void **state) {
    (void)state;
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        const struct row *row = &rows[i];
        static struct why_record first;
        first = row->first;
        uint16_t len = first.tls.offer.len;
        first.tls.offer = offer;
        first.tls.offer.len = len == 0 ? offer.len : len;
        if (row->only_12) {
            first.tls.offer.version_count = 1;
            first.tls.offer.versions[0] = 0x0303;
        }
        enum why_probe_policy policy =
            row->policy == WHY_PROBE_POLICY_NONE ? WHY_PROBE_POLICY_AUTO : row->policy;
        policy = row->no_probes ? WHY_PROBE_POLICY_NONE : policy;
        struct why__probe_result results[WHY_PROBES_MAX + 1];
        struct why__probe_step step = {0};
        size_t count = 0;
        why__probe_next(&first, results, count, policy, &step);
        while (step.kind != WHY_PROBE_NONE) {
            assert_true(count < WHY_PROBES_MAX);
            results[count] = answer_step(row, &step, &row->answers[count]);
            count++;
            why__probe_next(&first, results, count, policy, &step);
        }
        if (row->answers[count].kind != WHY_PROBE_NONE) {
            fail_msg("%s: final (%s) without %s", row->name, why_cause_id(step.cause),
                     why_probe_name(row->answers[count].kind));
        }
        if (step.cause != row->cause || step.likely != row->likely ||
            strstr(step.text, row->text) == NULL) {
            fail_msg("%s: %s, likely %d, \"%s\"", row->name, why_cause_id(step.cause), step.likely,
                     step.text);
        }
    }
}

/* Whatever the answers are, and in any order: it ends. */
static void it_never_asks_for_a_fifth(void **state) {
    (void)state;
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        for (int kind = WHY__HELLO_NOTHING; kind <= WHY__HELLO_MALFORMED; kind++) {
            struct why__probe_result results[WHY_PROBES_MAX];
            struct why__probe_step step = {0};
            size_t count = 0;
            why__probe_next(&rows[i].first, results, count, WHY_PROBE_POLICY_ALL, &step);
            while (step.kind != WHY_PROBE_NONE) {
                assert_true(count < WHY_PROBES_MAX);
                results[count++] = (struct why__probe_result){
                    .kind = step.kind,
                    .hello = step.hello,
                    .end = WHY_PROBE_END_TIMEOUT,
                    .answer = {.kind = (enum why__hello_kind)kind, .alert = -1},
                };
                why__probe_next(&rows[i].first, results, count, WHY_PROBE_POLICY_ALL, &step);
            }
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_inquiry_ends_where_it_should),
        cmocka_unit_test(it_never_asks_for_a_fifth),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
