# SPDX-License-Identifier: MIT
"""The certificates, keys and lists that the setups of tls_cases.py name."""
import atexit
import pathlib
import shutil
import socket
import tempfile

from cryptography import x509
from support.authority import Authority, Keys, SelfSigned, damaged, key_usage, sign, write_chain, \
    write_key

HOST = "chat.example.org"


class Material:
    """The files that the setups and the options name."""

    def __init__(self, folder):
        self.folder = folder
        self.keys = Keys()
        self.root = Authority(self.keys, "Example Trust Root R1", "Example Trust")
        self.issuing = Authority(self.keys, "Example Trust Issuing E5", "Example Trust", self.root)
        self.other_issuing = Authority(self.keys, "Example Trust Issuing E6", "Example Trust",
                                       self.root)
        self.strange_root = Authority(self.keys, "Corp Root", "Corp")
        self.strange = Authority(self.keys, "Corp Issuing", "Corp", self.strange_root)
        self.client_root = Authority(self.keys, "Partner Access CA", "Example Partners")
        self.client_issuing = Authority(self.keys, "Partner Access Issuing", "Example Partners",
                                        self.client_root)
        self.ca = write_chain(folder / "ca.pem", self.root.certificate)
        self.client_ca = write_chain(folder / "client-ca.pem", self.client_root.certificate)
        self.count = 0

    def files(self, chain, key):
        """As a setup has them: chain= and key=."""
        self.count += 1
        return {"chain": write_chain(self.folder / f"{self.count}.pem", *chain),
                "key": write_key(self.folder / f"{self.count}.key", key)}

    def leaf(self, names=(HOST,), issuer=None, sent=None, **options):
        """A certificate of `issuer`, with the certificates `sent` behind it (the issuer's)."""
        issuer = issuer or self.issuing
        certificate, key = issuer.leaf(names, **options)
        sent = [issuer.certificate] if sent is None else sent
        return self.files([certificate, *sent], key)

    def under(self, sent=(), leaf=None, **options):
        """A certificate of an intermediate that is made with these options."""
        issuer = Authority(self.keys, "Example Trust Issuing X1", "Example Trust",
                           options.pop("issuer", self.root), **options)
        return self.leaf(issuer=issuer, sent=[issuer.certificate, *sent], **(leaf or {}))

    def self_signed(self, common_name=HOST, **options):
        made = SelfSigned(self.keys, common_name, **options)
        return self.files([made.certificate], made.key)

    def damaged(self):
        certificate, key = self.issuing.leaf([HOST])
        return self.files([damaged(certificate), self.issuing.certificate], key)

    def deep(self):
        top = Authority(self.keys, "Example Trust Policy P2", "Example Trust", self.root)
        return self.under(issuer=top, sent=[top.certificate])

    def too_deep(self):
        top = Authority(self.keys, "Example Trust Policy P1", "Example Trust", self.root,
                        path_length=0)
        return self.under(issuer=top, sent=[top.certificate])

    def stapled(self, days=(-1, 6), revoked=False, other=False):
        """A certificate and a response to it, or to another."""
        certificate, key = self.issuing.leaf([HOST])
        about = self.issuing.leaf([HOST])[0] if other else certificate
        path = self.folder / f"{self.count}.ocsp"
        path.write_bytes(self.issuing.staple(about, days, revoked))
        return {**self.files([certificate, self.issuing.certificate], key), "staple": str(path)}

    def client(self, issuer=None, **options):
        """Options of check, for a certificate of ours."""
        made = self.files(*self.client_pair(issuer or self.client_root, **options))
        return ["--cert", made["chain"], "--key", made["key"]]

    @staticmethod
    def client_pair(issuer, **options):
        certificate, key = issuer.leaf(None, common_name="dashboard", **{"purpose": "client",
                                                                         **options})
        return [certificate], key

    def revoked_client(self):
        """Options of check, and the file with the list that the certificate is on."""
        chain, key = self.client_pair(self.client_root)
        made = self.files(chain, key)
        return (["--cert", made["chain"], "--key", made["key"]],
                self.crl(self.client_root, *chain)[1])

    def revoked(self):
        """A certificate, and the list that it is on."""
        certificate, key = self.issuing.leaf([HOST])
        return (self.files([certificate, self.issuing.certificate], key),
                self.crl(self.issuing, certificate))

    def crl(self, issuer, *certificates, days=(-1, 6)):
        self.count += 1
        path = self.folder / f"{self.count}.crl"
        path.write_bytes(issuer.revocation_list(*certificates, days=days))
        return ["--crl", str(path)]

    def revoked_issuer(self):
        """A certificate of a CA that was revoked, and the lists that say so."""
        issuer = Authority(self.keys, "Example Trust Issuing X2", "Example Trust", self.root)
        lists = [self.crl(issuer), self.crl(self.root, issuer.certificate)]
        path = self.folder / f"{self.count}.crls"
        path.write_bytes(b"".join(pathlib.Path(one[1]).read_bytes() for one in lists))
        return self.leaf(issuer=issuer), ["--crl", str(path)]

    def crossed(self):
        """A chain that ends in a root's certificate by an older one, which has expired since, as
        when Let's Encrypt outlived its first; and the older one's own."""
        older = Authority(self.keys, "Example Trust Root R0", "Example Trust", days=(-4000, -30))
        crossed = sign(self.root.subject, self.root.key.public_key(), older, (-2000, -30),
                       [(x509.BasicConstraints(True, None), True),
                        (key_usage(key_cert_sign=True, crl_sign=True), True)])
        trust = write_chain(self.folder / "older.pem", older.certificate)
        return self.leaf(sent=[self.issuing.certificate, crossed]), trust


FOLDER = pathlib.Path(tempfile.mkdtemp(prefix="whysocket-tls-client-"))
atexit.register(shutil.rmtree, FOLDER, ignore_errors=True)
PEM = Material(FOLDER)
GOOD, GOOD_RSA = PEM.leaf(), PEM.leaf(key="rsa")
REVOKED, REVOKED_LIST = PEM.revoked()
REVOKED_ISSUER, REVOKED_ISSUER_LIST = PEM.revoked_issuer()
CROSSED, OLD_TRUST = PEM.crossed()
ELSEWHERE = PEM.leaf(["www.example.com"])
# 1,024 bits: the Second Oakley Group (RFC 2409 section 6.2), that many servers still have.
SMALL_DH = FOLDER / "dh.pem"
SMALL_DH.write_text("""-----BEGIN DH PARAMETERS-----
MIGHAoGBAP//////////yQ/aoiFowjTExmKLgNwc0SkCTgiKZ8x0Agu+pjsTmyJR
Sgh5jjQE3e+VGbPNOkMbMCsKbfJfFDdP4TVtbVHCReSFtXZiXn7G9ExC6aY37WsL
/1y29Aa37e44a/taiZ+lrp8kEXxLH+ZJKGZR7OZTgf//////////AgEC
-----END DH PARAMETERS-----
""")


def unused_port():
    """A port on which nobody listens as long as the test runs."""
    holder = socket.socket()
    holder.bind(("127.0.0.1", 0))
    HELD.append(holder)
    return holder.getsockname()[1]


HELD = []
DOWN = unused_port()
