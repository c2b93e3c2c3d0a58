# SPDX-License-Identifier: MIT
"""Certificate authorities for tests: certificates, revocation lists and OCSP responses with the
faults that they are asked for, dated from now, made in memory and written as PEM and DER."""
import datetime
import pathlib
import warnings

from cryptography import x509
from cryptography.utils import CryptographyDeprecationWarning
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

NOW = datetime.datetime.utcnow().replace(microsecond=0)
PURPOSES = {"server": ExtendedKeyUsageOID.SERVER_AUTH, "client": ExtendedKeyUsageOID.CLIENT_AUTH,
            "code": ExtendedKeyUsageOID.CODE_SIGNING}
KEYS = {"ec": lambda: ec.generate_private_key(ec.SECP256R1()),
        "p521": lambda: ec.generate_private_key(ec.SECP521R1()),
        "brainpool": lambda: ec.generate_private_key(ec.BrainpoolP256R1()),
        "rsa": lambda: rsa.generate_private_key(65537, 2048),
        "rsa1024": lambda: rsa.generate_private_key(65537, 1024),
        "ed25519": ed25519.Ed25519PrivateKey.generate}


def day(days):
    return NOW + datetime.timedelta(days=days)


def key_usage(**allowed):
    names = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment",
             "key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only")
    return x509.KeyUsage(**{name: allowed.get(name, False) for name in names})


def names_of(names):
    """DNS names, and addresses as objects of the ipaddress module."""
    return x509.SubjectAlternativeName([x509.DNSName(name) if isinstance(name, str)
                                        else x509.IPAddress(name) for name in names])


class Keys:
    """Keys by their kind. Most certificates can share one, and RSA keys take time to make."""

    def __init__(self):
        self.made = {}

    def get(self, kind, other=""):
        if (kind, other) not in self.made:
            self.made[kind, other] = KEYS[kind]()
        return self.made[kind, other]


class Authority:
    """A CA's certificate and key, and what it issues. Without an issuer it is a root."""

    def __init__(self, keys, common_name, organisation, issuer=None, key="ec", days=(-400, 3000),
                 is_ca=True, path_length=None, permitted=None, purpose=None, digest=None):
        self.keys, self.issuer = keys, issuer
        self.key = keys.get(key, f"{organisation} {common_name}")
        self.subject = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation),
                                  x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
        self.slug = common_name.lower().replace(" ", "-")
        extensions = [(x509.BasicConstraints(is_ca, path_length if is_ca else None), True)]
        if is_ca:
            extensions.append((key_usage(key_cert_sign=True, crl_sign=True), True))
        else:
            extensions.append((key_usage(digital_signature=True), True))
        if permitted:
            extensions.append((x509.NameConstraints([x509.DNSName(permitted)], None), True))
        if purpose:
            extensions.append((x509.ExtendedKeyUsage([PURPOSES[purpose]]), False))
        self.certificate = sign(self.subject, self.key.public_key(), issuer or self, days,
                                extensions, digest)

    def leaf(self, names, key="ec", days=(-10, 80), purpose="server", digest=None, address=True,
             common_name=None, must_staple=False, unknown_critical=False):
        """A certificate of a server or a client, and its key.

        names        for subjectAltName, None to leave that out
        address      name the place where the issuer's certificate can be had, as public CAs do
        common_name  the first name where it is None
        """
        private = self.keys.get(key)
        extensions = [(x509.BasicConstraints(False, None), True),
                      (key_usage(digital_signature=True,
                                 key_encipherment=isinstance(private, rsa.RSAPrivateKey)), True),
                      (x509.ExtendedKeyUsage([PURPOSES[purpose]]), False)]
        if names is not None:
            extensions.append((names_of(names), False))
        if address:
            location = x509.UniformResourceIdentifier(f"http://ca.example.net/{self.slug}.der")
            access = x509.AccessDescription(AuthorityInformationAccessOID.CA_ISSUERS, location)
            extensions.append((x509.AuthorityInformationAccess([access]), False))
        if must_staple:
            extensions.append((x509.TLSFeature([x509.TLSFeatureType.status_request]), False))
        if unknown_critical:
            extensions.append((x509.UnrecognizedExtension(
                x509.ObjectIdentifier("1.3.6.1.4.1.99999.7"), b"\x05\x00"), True))
        common_name = common_name or str(names[0])
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
        return sign(subject, private.public_key(), self, days, extensions, digest), private

    def revocation_list(self, *certificates, days=(-1, 6)):
        builder = x509.CertificateRevocationListBuilder(self.subject, day(days[0]), day(days[1]))
        for certificate in certificates:
            builder = builder.add_revoked_certificate(
                x509.RevokedCertificateBuilder(certificate.serial_number, day(-2)).build())
        return builder.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    def staple(self, certificate, days=(-1, 6), revoked=False):
        """An OCSP response, signed by this CA itself (RFC 6960)."""
        status = ocsp.OCSPCertStatus.REVOKED if revoked else ocsp.OCSPCertStatus.GOOD
        builder = ocsp.OCSPResponseBuilder().add_response(
            certificate, self.certificate, hashes.SHA1(), status, day(days[0]), day(days[1]),
            day(-2) if revoked else None, None)
        builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, self.certificate)
        return builder.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def sign(subject, public_key, issuer, days, extensions, digest=None):
    builder = x509.CertificateBuilder(issuer.subject, subject, public_key,
                                      x509.random_serial_number(), day(days[0]), day(days[1]))
    extensions = [*extensions,
                  (x509.SubjectKeyIdentifier.from_public_key(public_key), False),
                  (x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key()),
                   False)]
    for extension, is_critical in extensions:
        builder = builder.add_extension(extension, is_critical)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CryptographyDeprecationWarning)  # SHA-1 is what is wanted
        return builder.sign(issuer.key, digest or hashes.SHA256())


class SelfSigned:
    """What a server makes for itself; an issuer of its own, and no CA."""

    def __init__(self, keys, common_name, name=None, days=(-10, 80)):
        self.key = keys.get("ec")
        self.subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
        self.certificate = sign(self.subject, self.key.public_key(), self, days,
                                [(names_of([name or common_name]), False)])


def damaged(certificate):
    """The same certificate with one bit of its signature turned over, as DER."""
    data = bytearray(certificate.public_bytes(serialization.Encoding.DER))
    data[-3] ^= 1
    return x509.load_der_x509_certificate(bytes(data))


def write_chain(path, *certificates):
    pathlib.Path(path).write_bytes(b"".join(
        certificate.public_bytes(serialization.Encoding.PEM) for certificate in certificates))
    return str(path)


def write_key(path, key):
    pathlib.Path(path).write_bytes(key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption()))
    return str(path)
