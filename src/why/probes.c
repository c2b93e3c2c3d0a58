/* SPDX-License-Identifier: MIT
 *
 * Why a further connection is made, in words: what is not known, then what is done about it.
 */
#include "base/mark.h"
#include "whysocket/explain.h"

static const char *const reasons[WHY_PROBE_COUNT] = {
    [WHY_PROBE_NONE] = "",
    [WHY_PROBE_EVERYTHING] =
        N_("an alert does not say what is lacking; everything was offered, to see what is chosen"),
    [WHY_PROBE_OUR_VERSIONS] =
        N_("a newer version is chosen, where ours may be had too; everything of ours was offered"),
    [WHY_PROBE_NO_NAME] =
        N_("all is refused under this name; asked once more without a server name"),
    [WHY_PROBE_H2] = N_("http/1.1 is refused; HTTP/2 was offered instead"),
    [WHY_PROBE_SMALL_HELLO] = N_("nothing came; asked once more with a small ClientHello"),
    [WHY_PROBE_TLS] = N_("plain HTTP is not answered; asked in TLS"),
    [WHY_PROBE_PLAIN_HTTP] = N_("no TLS is answered; asked in plain HTTP"),
    [WHY_PROBE_SILENCE] =
        N_("no TLS is answered; nothing was sent, to see whether it closes or speaks by itself"),
    [WHY_PROBE_PROXY_PROTOCOL] =
        N_("neither TLS nor HTTP is answered; the PROXY protocol's line was sent first"),
    [WHY_PROBE_DEFAULT_CERTIFICATE] =
        N_("the certificate is for another name; asked which one comes without a server name"),
    [WHY_PROBE_REPEAT] = N_("it may be an accident; the same was tried once more"),
};

const char *why_probe_reason(enum why_probe_kind kind) {
    return (unsigned)kind < WHY_PROBE_COUNT ? reasons[kind] : "";
}
