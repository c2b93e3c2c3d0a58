# SPDX-License-Identifier: MIT
"""What was done wrong to which server, and what has to be said first about it; and servers that
were set up well. Who set them up wrote the cause down: it is not what `check` happens to say."""
import ipaddress
import ssl

from cryptography.hazmat.primitives import hashes
from support.authority import Authority, write_chain
from tls_material import CROSSED, DOWN, ELSEWHERE, FOLDER, GOOD, GOOD_RSA, HOST, OLD_TRUST, PEM, \
    REVOKED, REVOKED_ISSUER, REVOKED_ISSUER_LIST, REVOKED_LIST, SMALL_DH
from tls_servers import Setup

PLAIN_TO_TLS = Setup(**GOOD)  # of Go


# ---- What is wrong, at whom, and what has to come first


# Where the first connection is enough for the cause, and one more for its facts: which version or
# protocol there is, and whether the name made a difference.
ONE_PROBE = ("tls.version", "tls.alpn", "tls.cert.name_mismatch")


class Case:  # pylint: disable=too-many-instance-attributes
    """
    One fault of one server; what else is given is of the Setup.

    options    for check; besides those for `trust`
    also       causes that have to be among the others
    trust      a file of CAs, None for the system's
    variables  of the environment
    occupied   somebody else is connected, and says nothing
    probes     how many more connections it may take
    """

    def __init__(self, kind, what, cause, setup=None, options=(), host=HOST, scheme="wss", also=(),
                 trust=PEM.ca, variables=None, occupied=False, probes=None, **more):
        self.kind, self.what, self.cause, self.also = kind, what, cause, also
        self.setup = Setup(**{**(GOOD if setup is None else setup), **more})
        self.options, self.host, self.scheme = list(options), host, scheme
        self.options += ["--cacert", trust] if trust else []
        self.variables, self.occupied = variables or {}, occupied
        self.probes = ONE_PROBE.count(cause) if probes is None else probes
        self.name = f"{kind}: {what}"


EXPIRED = {"days": (-100, -3)}
TLS11, TLS12, TLS13 = ("1.1", "1.1"), ("1.2", "1.2"), ("1.3", "1.3")
OLD_CIPHERS = "DEFAULT:@SECLEVEL=0"  # for Python, which reads no openssl.cnf here
IP = ipaddress.ip_address("127.0.0.1")
OTHER_IP = ipaddress.ip_address("192.0.2.1")
CLIENT_CA = {"client_ca": PEM.client_ca}


def certificate_cases():
    yield Case("nginx", "expired", "tls.cert.expired", PEM.leaf(**EXPIRED))
    yield Case("nginx", "self-signed", "tls.cert.self_signed", PEM.self_signed())
    yield Case("nginx", "cert.pem where fullchain.pem belongs", "tls.chain.missing_intermediate",
               PEM.leaf(sent=[]))
    yield Case("nginx", "a certificate of another site", "tls.cert.name_mismatch",
               PEM.leaf(["www.example.com", "example.com"]))
    yield Case("nginx", "a key of 1,024 bits", "tls.cert.weak_key", PEM.leaf(key="rsa1024"))
    yield Case("nginx", "a certificate for clients", "tls.cert.wrong_purpose",
               PEM.leaf(purpose="client"))
    yield Case("nginx", "a CA of the company, its root not sent", "tls.chain.untrusted_ca",
               PEM.leaf(issuer=PEM.strange))
    yield Case("nginx", "for *.example.org, asked for example.org", "tls.cert.wildcard_mismatch",
               PEM.leaf(["*.example.org"]), host="example.org")
    yield Case("nginx", "revoked, by the list of its CA", "tls.cert.revoked", REVOKED,
               REVOKED_LIST)

    yield Case("haproxy", "the intermediate expired", "tls.cert.expired",
               PEM.under(days=(-400, -10)))
    yield Case("haproxy", "the intermediate of the CA's other line",
               "tls.chain.wrong_intermediate", PEM.leaf(sent=[PEM.other_issuing.certificate]))
    yield Case("haproxy", "a CA of the company, with its root", "tls.chain.untrusted_root",
               PEM.leaf(issuer=PEM.strange,
                        sent=[PEM.strange.certificate, PEM.strange_root.certificate]))
    yield Case("haproxy", "signed with SHA-1", "tls.cert.weak_signature",
               PEM.leaf(digest=hashes.SHA1()))
    yield Case("haproxy", "a CA for other domains only", "tls.cert.name_constraints",
               PEM.under(permitted="corp.example"))
    yield Case("haproxy", "not valid yet", "tls.cert.not_yet_valid", PEM.leaf(days=(2, 90)))
    yield Case("haproxy", "asked by address", "tls.cert.ip_not_listed", host="127.0.0.1")
    yield Case("haproxy", "the intermediate revoked", "tls.cert.revoked", REVOKED_ISSUER,
               REVOKED_ISSUER_LIST)
    yield Case("haproxy", "the root here expired, and there is a newer one", "tls.cert.expired",
               CROSSED, trust=OLD_TRUST)
    yield Case("haproxy", "expired, and of another site", "tls.cert.name_mismatch",
               PEM.leaf(["www.example.com"], **EXPIRED), also=["tls.cert.expired"])

    yield Case("go", "not valid yet", "tls.cert.not_yet_valid", PEM.leaf(days=(30, 90)))
    yield Case("go", "another address", "tls.cert.ip_not_listed", PEM.leaf([HOST, OTHER_IP]),
               host="127.0.0.1")
    yield Case("go", "a CA below one that may have none", "tls.cert.path_length", PEM.too_deep())
    yield Case("go", "self-signed, expired", "tls.cert.self_signed",
               PEM.self_signed(**EXPIRED), also=["tls.cert.expired"])
    yield Case("go", "no intermediate, and of another site", "tls.chain.missing_intermediate",
               PEM.leaf(["www.example.com"], sent=[]), also=["tls.cert.name_mismatch"])
    yield Case("go", "the name in the common name, another in the list",
               "tls.cert.name_mismatch", PEM.leaf(["www.example.com"], common_name=HOST))

    yield Case("python", "expired", "tls.cert.expired", PEM.leaf(key="rsa", **EXPIRED))
    yield Case("python", "no intermediate, nor where to get it", "tls.chain.missing_intermediate",
               PEM.leaf(sent=[], address=False))
    yield Case("python", "for *.example.org, asked for two labels below",
               "tls.cert.wildcard_mismatch", PEM.leaf(["*.example.org"]),
               host="eu.chat.example.org")
    yield Case("python", "the address as a name", "tls.cert.ip_not_listed",
               PEM.leaf(["127.0.0.1"]), host="127.0.0.1")
    yield Case("python", "a wildcard, and a name with an underscore",
               "tls.cert.wildcard_mismatch", PEM.leaf(["*.example.org"]),
               host="my_chat.example.org")
    yield Case("gnutls", "a wildcard within a label", "tls.cert.wildcard_mismatch",
               PEM.leaf(["ch*.example.org"]))
    yield Case("python", "issued by what is no CA", "tls.cert.issuer_not_ca",
               PEM.under(is_ca=False))
    yield Case("python", "made on the machine itself: localhost", "tls.cert.default_certificate",
               PEM.self_signed("localhost"), also=["tls.cert.self_signed"])

    yield Case("gnutls", "expired long ago", "tls.cert.expired", PEM.leaf(days=(-900, -500)))
    yield Case("gnutls", "a CA of the company, its root not sent", "tls.chain.untrusted_ca",
               PEM.leaf(issuer=PEM.strange))
    yield Case("gnutls", "a critical extension that nobody knows", "tls.cert.unknown_critical",
               PEM.leaf(unknown_critical=True))
    yield Case("gnutls", "https:// before the name in the list", "tls.cert.names_malformed",
               PEM.leaf([f"https://{HOST}"]))
    yield Case("gnutls", "self-signed", "tls.cert.self_signed", PEM.self_signed())
    yield Case("gnutls", "the wrong intermediate, which it leaves out",
               "tls.chain.missing_intermediate", PEM.leaf(sent=[PEM.other_issuing.certificate]))
    yield Case("gnutls", "a list of revocations that is out of date", "tls.cert.no_crl", GOOD,
               PEM.crl(PEM.issuing, days=(-40, -33)))

    yield Case("openssl", "the signature damaged", "tls.cert.bad_signature", PEM.damaged())
    yield Case("openssl", "a certificate for signing programs", "tls.cert.wrong_purpose",
               PEM.leaf(purpose="code"))
    yield Case("openssl", "a CA for clients only", "tls.cert.wrong_purpose",
               PEM.under(purpose="client"))
    yield Case("openssl", "the intermediate signed with SHA-1", "tls.cert.weak_signature",
               PEM.under(digest=hashes.SHA1()))
    yield Case("openssl", "an intermediate with a key of 1,024 bits", "tls.cert.weak_key",
               PEM.under(key="rsa1024"))
    yield Case("openssl", "a list of revocations of another CA", "tls.cert.no_crl", GOOD,
               PEM.crl(PEM.other_issuing))
    yield Case("openssl", "two intermediates of other lines", "tls.chain.wrong_intermediate",
               PEM.leaf(sent=[PEM.other_issuing.certificate, PEM.strange.certificate]))
    yield Case("openssl", "three thousand names", "tls.cert.too_large",
               PEM.leaf([f"tenant-{number:05}.customers.example.org" for number in range(3000)]))
    yield Case("openssl", "a CA of the company, SHA-1, another site, expired",
               "tls.chain.untrusted_ca",
               PEM.leaf(["www.example.com"], issuer=PEM.strange, digest=hashes.SHA1(), **EXPIRED),
               also=["tls.cert.weak_signature", "tls.cert.name_mismatch", "tls.cert.expired"])


def trust_cases():
    """What this side trusts is part of it."""
    alone = PEM.leaf(issuer=PEM.strange_root, sent=[], address=False)
    yield Case("nginx", "a CA of one's own, the system's trusted", "tls.chain.untrusted_ca",
               trust=None)
    yield Case("haproxy", "a CA of one's own with its root, the system's trusted",
               "tls.chain.untrusted_root",
               PEM.leaf(sent=[PEM.issuing.certificate, PEM.root.certificate]), trust=None)
    yield Case("go", "self-signed, the system's trusted", "tls.cert.self_signed",
               PEM.self_signed(), trust=None)
    yield Case("openssl", "nobody is trusted here at all", "tls.chain.no_trust_store", trust=None,
               variables={"SSL_CERT_FILE": "/nonexistent", "SSL_CERT_DIR": "/nonexistent"})
    yield Case("python", "of a root of a developer's own, sent alone", "tls.chain.untrusted_ca",
               alone)
    yield Case("gnutls", "of a root of a developer's own, the system's trusted",
               "tls.chain.untrusted_ca", alone, trust=None)
    yield Case("nginx", "the ingress controller's own certificate",
               "tls.cert.default_certificate",
               PEM.self_signed("Kubernetes Ingress Controller Fake Certificate",
                               name="ingress.local"))
    yield Case("go", "Traefik's own certificate", "tls.cert.default_certificate",
               PEM.self_signed("TRAEFIK DEFAULT CERT", name="6d2b.9f.traefik.default"))
    for kind, name, organisation in (("haproxy", "Zscaler Intermediate Root CA", "Zscaler Inc."),
                                     ("python", "mitmproxy", "mitmproxy")):
        reader = Authority(PEM.keys, name, organisation)
        yield Case(kind, f"{name} reads along", "tls.intercepted",
                   PEM.leaf(issuer=reader, sent=[reader.certificate], address=False))


def version_cases():
    old, twelve = {"versions": TLS11}, ["--tls-max", "1.2"]
    for kind, more in (("nginx", {}), ("haproxy", {}), ("go", {}), ("gnutls", {}),
                       ("python", {"ciphers": OLD_CIPHERS}), ("openssl", {})):
        yield Case(kind, "TLS 1.1 and nothing newer", "tls.version", **old, **more)
        yield Case(kind, "TLS 1.3 alone, and TLS 1.2 here", "tls.version", None, twelve,
                   versions=TLS13, probes=2 if kind == "gnutls" else 1)
    yield Case("nginx", "TLS 1.2 alone, and TLS 1.3 here", "tls.version", None,
               ["--tls-min", "1.3"], versions=TLS12)
    yield Case("go", "TLS 1.0 alone", "tls.version", versions=("1", "1"))


def client_certificate_cases():
    none, rejected = "tls.client_cert.required", "tls.client_cert.rejected"
    for kind in ("haproxy", "go", "python", "gnutls", "openssl"):
        for versions in (TLS12, TLS13):
            name = f"TLS {versions[0]}"
            yield Case(kind, f"{name}, a client's certificate wanted, none given", none,
                       versions=versions, **CLIENT_CA)
            yield Case(kind, f"{name}, the client's is of another CA", rejected, None,
                       PEM.client(PEM.strange), versions=versions, **CLIENT_CA)
    expired = PEM.client(**EXPIRED)
    yield Case("haproxy", "the client's is expired", rejected, None, expired, **CLIENT_CA)
    yield Case("openssl", "TLS 1.2, the client's is expired", rejected, None, expired,
               versions=TLS12, **CLIENT_CA)
    yield Case("python", "the client's is one for servers", rejected, None,
               PEM.client(purpose="server"), **CLIENT_CA)
    yield Case("openssl", "the client's comes without its intermediate", rejected, None,
               PEM.client(PEM.client_issuing), **CLIENT_CA)
    yield Case("openssl", "takes RSA signatures alone, the client's is ECDSA", rejected, None,
               PEM.client(), extra=("-client_sigalgs", "RSA-PSS+SHA256:RSA+SHA256"), **CLIENT_CA)
    yield Case("openssl", "TLS 1.2, takes RSA signatures alone, the client's is ECDSA", rejected,
               None, PEM.client(), extra=("-client_sigalgs", "RSA+SHA256"), versions=TLS12,
               **CLIENT_CA)
    revoked, listed = PEM.revoked_client()
    yield Case("haproxy", "the client's is revoked", rejected, None, revoked,
               extra=("crl-file", listed), **CLIENT_CA)
    # It goes on without, and refuses the request.
    yield Case("nginx", "a client's certificate wanted, none given", none, **CLIENT_CA)
    yield Case("nginx", "the client's is of another CA", rejected, None, PEM.client(PEM.strange),
               **CLIENT_CA)
    yield Case("nginx", "the client's is expired", rejected, None, expired, **CLIENT_CA)
    yield Case("nginx", "a client's certificate wanted elsewhere, nothing at this path",
               "http.status.404", client="optional", answer="return 404;", **CLIENT_CA)


def name_cases():
    unknown = {"only_name": "www.example.com", "setup": ELSEWHERE}
    yield Case("nginx", "refuses names that it does not know", "tls.unknown_name", **unknown)
    yield Case("haproxy", "strict-sni, and another name", "tls.unknown_name", **unknown)
    yield Case("gnutls", "refuses names that it does not know", "tls.unknown_name", **unknown)
    yield Case("openssl", "refuses names that it does not know", "tls.unknown_name", **unknown)
    yield Case("python", "refuses names that it does not know", "tls.unknown_name", **unknown)
    yield Case("go", "has no certificate at all", "tls.unknown_name", {"chain": None})
    yield Case("nginx", "asked by address, and wants a name", "tls.name_required",
               host="127.0.0.1", **unknown)


def protocol_cases():
    # h2 alone it takes for http/1.1 too.
    yield Case("go", "a protocol of databases alone", "tls.alpn", alpn="postgresql")
    yield Case("gnutls", "HTTP/2 alone", "tls.alpn", alpn="h2")
    yield Case("openssl", "HTTP/2 alone", "tls.alpn", alpn="h2")
    weak = {"setup": GOOD_RSA, "versions": TLS12, "dh": str(SMALL_DH)}
    yield Case("nginx", "Diffie-Hellman with 1,024 bits", "tls.weak_dh",
               ciphers="DHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0", **weak)
    yield Case("haproxy", "Diffie-Hellman with 1,024 bits", "tls.weak_dh",
               ciphers="DHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0", **weak)
    yield Case("python", "Diffie-Hellman with 1,024 bits", "tls.weak_dh",
               ciphers="DHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0", **weak)
    yield Case("openssl", "Diffie-Hellman with 1,024 bits", "tls.weak_dh",
               ciphers="DHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0", **weak)


def port_cases():
    for kind in ("nginx", "haproxy", "go", "python"):
        yield Case(kind, "plain HTTP on the port", "tls.plain_http", plain=True)
    yield Case("nginx", "plain HTTP/2 on the port", "tls.plain_http", plain=True, http2=True)
    for kind in ("nginx", "go", "gnutls"):
        yield Case(kind, "TLS on the port, and ws:// here", "http.tls_port", scheme="ws")
    # TLS is well: nothing is to be said against it.
    yield Case("nginx", "hands plain HTTP on to what wants TLS", "http.status.400",
               upstream=PLAIN_TO_TLS)
    yield Case("nginx", "closes where the answer belongs", "http.response.cut",
               answer="return 444;")
    yield Case("haproxy", "does not want this request", "http.status.403",
               answer="http-request deny")
    yield Case("nginx", "TLS is well, and what it hands on to is down", "http.status.502",
               upstream=DOWN)
    yield Case("haproxy", "TLS is well, and what it hands on to is down", "http.status.503",
               upstream=DOWN)


def probe_cases():
    """One connection sees no more than an alert, or the end."""
    cipher, group = "tls.no_shared_cipher", "tls.no_shared_group"
    camellia = "ECDHE-ECDSA-CAMELLIA128-SHA256"
    yield Case("nginx", "Camellia alone", cipher, ciphers=camellia, versions=TLS12, probes=1)
    yield Case("haproxy", "ARIA alone", cipher, ciphers="ECDHE-ECDSA-ARIA256-GCM-SHA384",
               versions=TLS12, probes=1)
    yield Case("go", "RC4 alone", cipher, GOOD_RSA, ciphers="TLS_RSA_WITH_RC4_128_SHA",
               versions=TLS12, probes=1)
    yield Case("python", "ciphers without encryption alone", cipher,
               ciphers="ECDHE-ECDSA-NULL-SHA:@SECLEVEL=0", versions=TLS12, probes=1)
    yield Case("nginx", "an ECDSA certificate, and ciphers for RSA here", cipher, None,
               ["--tls-max", "1.2", "--ciphers", "ECDHE-RSA-AES128-GCM-SHA256"], probes=2)
    yield Case("gnutls", "3DES alone", cipher, GOOD_RSA, ciphers="-CIPHER-ALL:+3DES-CBC",
               versions=TLS12, probes=1)
    yield Case("openssl", "CCM with short tags alone", cipher, ciphers="ECDHE-ECDSA-AES128-CCM8",
               versions=TLS12, probes=1)
    yield Case("openssl", "TLS 1.3 with CCM alone", cipher, versions=TLS13, probes=1,
               extra=("-ciphersuites", "TLS_AES_128_CCM_SHA256"))
    yield Case("openssl", "anonymous ciphers alone", cipher, ciphers="aNULL:@SECLEVEL=0",
               versions=TLS12, probes=1)
    yield Case("openssl", "a certificate on a Brainpool curve", "tls.no_shared_signature",
               PEM.leaf(key="brainpool"), probes=1, versions=TLS12)
    yield Case("nginx", "a Brainpool curve alone", group, GOOD_RSA, versions=TLS12,
               groups="brainpoolP256r1", ciphers="ECDHE-RSA-AES128-GCM-SHA256", probes=1)
    yield Case("haproxy", "a Brainpool curve alone", group, GOOD_RSA, versions=TLS12,
               groups="brainpoolP384r1", ciphers="ECDHE-RSA-AES128-GCM-SHA256", probes=1)
    yield Case("gnutls", "P-224 alone", group, GOOD_RSA, versions=TLS12, probes=1,
               groups="-GROUP-ALL:+GROUP-SECP224R1", ciphers="-KX-ALL:+ECDHE-RSA")
    yield Case("openssl", "secp256k1 alone", group, GOOD_RSA, versions=TLS12, probes=1,
               groups="secp256k1", ciphers="ECDHE-RSA-AES128-GCM-SHA256")
    yield Case("gnutls", "signs with SHA-1 alone", "tls.no_shared_signature", GOOD_RSA, probes=1,
               versions=TLS12, ciphers="-KX-ALL:+ECDHE-RSA",
               groups="-SIGN-ALL:+SIGN-RSA-SHA1:%VERIFY_ALLOW_SIGN_WITH_SHA1")
    yield Case("openssl", "signs with SHA-1 alone", "tls.no_shared_signature", GOOD_RSA, probes=1,
               versions=TLS12, extra=("-sigalgs", "RSA+SHA1"))
    yield Case("go", "has no certificate of that name, and says internal error",
               "tls.unknown_name", ELSEWHERE, only_name="www.example.com", probes=2)
    yield Case("python", "does not know the name, and says no more than no", "tls.unknown_name",
               ELSEWHERE, only_name="www.example.com", probes=2,
               extra=(ssl.ALERT_DESCRIPTION_HANDSHAKE_FAILURE,))
    for kind in ("nginx", "haproxy"):
        yield Case(kind, "waits for the PROXY protocol's line", "tls.proxy_protocol", None,
                   ["--probe=all"], proxy_protocol=True, probes=4)
    yield Case("haproxy", "hands TCP on to what is down", "tls.closed_on_accept", plain=True,
               tcp=True, upstream=DOWN, probes=2)
    for kind in ("haproxy", "openssl"):
        yield Case(kind, "TLS on the port, and ws:// here", "http.tls_port", scheme="ws", probes=1)
    yield Case("python", "busy with one client that says nothing", "timeout.tls", None,
               ["--timeout", "700ms"], threads=False, occupied=True, probes=2)


def all_cases():
    for cases in (certificate_cases, trust_cases, version_cases, client_certificate_cases,
                  name_cases, protocol_cases, port_cases, probe_cases):
        yield from cases()


# ---- Set up well


class Healthy(Case):
    """
    Nothing is wrong.

    notices  what is worth a word all the same, and is so
    """

    def __init__(self, kind, what, setup=None, options=(), notices=(), **more):
        super().__init__(kind, what, None, setup, options, **more)
        self.notices = set(notices)
        self.name = f"{kind}, set up well: {what}"


def healthy_cases(upstream):
    good, staple, client = None, PEM.stapled, PEM.client()
    for kind in ("nginx", "haproxy", "go", "python", "gnutls", "openssl"):
        handed_on = {"upstream": upstream} if kind in ("nginx", "haproxy") else {}
        yield Healthy(kind, "ECDSA", good, **handed_on)
        yield Healthy(kind, "RSA", GOOD_RSA, **handed_on)
        yield Healthy(kind, "TLS 1.2 alone", good, versions=TLS12, notices=["version.old"],
                      **handed_on)
        yield Healthy(kind, "TLS 1.3 alone, no tickets", good, versions=TLS13, tickets=False,
                      **handed_on)
        for versions in (TLS12, TLS13):
            old = ["version.old"] if versions == TLS12 else []
            yield Healthy(kind, f"a client's certificate, TLS {versions[0]}", good, client,
                          versions=versions, notices=old, **CLIENT_CA, **handed_on)
        if kind != "python":
            yield Healthy(kind, "with an OCSP response", staple(), **handed_on)
    yield Healthy("nginx", "a client's certificate wanted, and not required", good,
                  client="optional", upstream=upstream, **CLIENT_CA)
    yield Healthy("haproxy", "a client's certificate wanted, and not required", good,
                  client="optional", upstream=upstream, **CLIENT_CA)
    yield Healthy("haproxy", "HTTP/2 too", good, alpn="h2,http/1.1", upstream=upstream)
    yield Healthy("gnutls", "HTTP/1.1 and nothing else", good, alpn="http/1.1")
    yield Healthy("openssl", "HTTP/1.1 and nothing else", good, alpn="http/1.1")
    yield Healthy("haproxy", "a root with a second, expired certificate", CROSSED,
                  upstream=upstream)
    own = PEM.self_signed()
    yield Healthy("nginx", "self-signed, and trusted", own, trust=own["chain"], upstream=upstream)
    yield Healthy("gnutls", "of a root itself", PEM.leaf(issuer=PEM.root, sent=[]))
    yield Healthy("nginx", "P-384 alone, so that the client asks twice", good, groups="secp384r1",
                  upstream=upstream)
    yield Healthy("go", "a name beyond ASCII", PEM.leaf(["xn--bcher-kva.example.org"]),
                  host="bücher.example.org")
    yield Healthy("python", "the intermediate alone is trusted", good,
                  trust=write_chain(FOLDER / "issuing.pem", PEM.issuing.certificate))
    yield Healthy("nginx", "two intermediates", PEM.deep(), upstream=upstream)
    yield Healthy("nginx", "by address", PEM.leaf([HOST, IP]), host="127.0.0.1",
                  upstream=upstream)
    yield Healthy("haproxy", "not on the list of revocations", good,
                  PEM.crl(PEM.issuing, PEM.issuing.leaf([HOST])[0]), upstream=upstream)
    yield Healthy("haproxy", "a wildcard", PEM.leaf(["*.example.org"]), upstream=upstream)
    yield Healthy("nginx", "the only name that it knows", good, only_name=HOST, upstream=upstream)
    # What will fail elsewhere, or later: a word, and no fault.
    root = PEM.root.certificate
    yield Healthy("nginx", "expires in nine days", PEM.leaf(days=(-80, 9)),
                  notices=["cert.expires_soon"], upstream=upstream)
    yield Healthy("haproxy", "sends its root too", PEM.leaf(sent=[PEM.issuing.certificate, root]),
                  notices=["chain.root_sent"], upstream=upstream)
    yield Healthy("go", "sends its chain in the wrong order",
                  PEM.leaf(sent=[root, PEM.issuing.certificate]),
                  notices=["chain.misordered", "chain.root_sent"])
    yield Healthy("python", "sends a certificate that is not needed",
                  PEM.leaf(sent=[PEM.issuing.certificate, PEM.other_issuing.certificate]),
                  notices=["chain.superfluous"])
    yield Healthy("gnutls", "a common name alone", PEM.leaf(None, common_name=HOST),
                  notices=["cert.no_san"])
    yield Healthy("go", "a response from last month", staple(days=(-40, -33)),
                  notices=["staple.expired"])
    yield Healthy("go", "a response that says revoked", staple(revoked=True),
                  notices=["staple.revoked"])
    yield Healthy("openssl", "a response about another certificate", staple(other=True),
                  notices=["staple.unknown"])
    yield Healthy("openssl", "no response, where the certificate promises one",
                  PEM.leaf(must_staple=True), notices=["staple.missing"])
    yield Healthy("openssl", "Ed25519", PEM.leaf(key="ed25519"), notices=["cert.browser_key"])
    yield Healthy("openssl", "P-521", PEM.leaf(key="p521"), notices=["cert.browser_key"])
    yield Healthy("openssl", "X448 alone", good, groups="X448", notices=["group.browser"])
    yield Healthy("haproxy", "key exchange by RSA, and CBC", GOOD_RSA, versions=TLS12,
                  ciphers="AES128-SHA", upstream=upstream,
                  notices=["version.old", "cipher.cbc", "cipher.no_forward_secrecy"])
    yield Healthy("haproxy", "the intermediate expires in five days",
                  PEM.under(days=(-400, 5)), notices=["chain.expires_soon"], upstream=upstream)
    yield Healthy("gnutls", "valid for three years", PEM.leaf(days=(-10, 1085)),
                  notices=["cert.long_lifetime"])
