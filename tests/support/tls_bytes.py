# SPDX-License-Identifier: MIT
"""Certificates and records of TLS by the byte, for peers that send what no library would: with
signatures that fit nothing, of any size, any number of times."""
import random

CHANCE = random.Random(1)
NOISE = CHANCE.randbytes(65536)


# ---- Certificates ----

def der(tag, *parts):
    body = b"".join(parts)
    if len(body) < 128:
        return bytes([tag, len(body)]) + body
    length = len(body).to_bytes((len(body).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + body


def integer(number):
    return der(2, number.to_bytes(number.bit_length() // 8 + 1, "big"))


def oid(*hexadecimal):
    return der(6, bytes.fromhex("".join(hexadecimal)))


COMMON_NAME, ORGANISATION = "550403", "55040a"
ECDSA_SHA256 = der(0x30, oid("2a8648ce3d040302"))
RSA_SHA256 = der(0x30, oid("2a864886f70d01010b"), der(5))
POINT = bytes.fromhex("04"
                      "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
                      "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5")
EC_KEY = der(0x30, der(0x30, oid("2a8648ce3d0201"), oid("2a8648ce3d030107")), der(3, b"\0" + POINT))
EC_SIGNATURE = der(3, b"\0" + der(0x30, integer(3 << 250), integer(5 << 249)))


def rsa_key(bits, exponent):
    modulus = (1 << bits - 1) | CHANCE.getrandbits(bits - 1) | 1
    return der(0x30, der(0x30, oid("2a864886f70d010101"), der(5)),
               der(3, b"\0" + der(0x30, integer(modulus), integer(exponent))))


def name(*pairs):
    return der(0x30, *(der(0x31, der(0x30, oid(kind), der(0x0c, text.encode())))
                       for kind, text in pairs))


def extension(number, value, critical=False):
    return der(0x30, oid(number), der(1, b"\xff") if critical else b"", der(4, value))


def alternative_names(names):
    return extension("551d11", der(0x30, *(der(0x82, text.encode()) for text in names)))


CA = extension("551d13", der(0x30, der(1, b"\xff")), True)
LEAF_NAME, CA_NAME = name((COMMON_NAME, "leaf")), name((COMMON_NAME, "x"))


def certificate(subject, issuer, serial=1, extensions=(), key=EC_KEY, algorithm=ECDSA_SHA256,
                signature=EC_SIGNATURE):
    dates = der(0x30, der(0x17, b"200101000000Z"), der(0x17, b"490101000000Z"))
    version = der(0xa0, integer(2)) if extensions else b""
    body = der(0x30, version, integer(serial), algorithm, issuer, dates, subject, key,
               der(0xa3, der(0x30, *extensions)) if extensions else b"")
    return der(0x30, body, algorithm, signature)


# ---- Records ----

def length(size, data):
    return len(data).to_bytes(size, "big") + data


def record(kind, data, version=b"\x03\x03"):
    return b"".join(bytes([kind]) + version + length(2, data[at:at + 16384])
                    for at in range(0, max(len(data), 1), 16384))


def message(kind, body, declared=None):
    size = len(body) if declared is None else declared
    return bytes([kind]) + size.to_bytes(3, "big") + body


def certificates(*chain):
    return record(22, message(11, length(3, b"".join(length(3, one) for one in chain))))


HELLO_12 = record(22, message(2, b"\x03\x03" + NOISE[:32] + b"\0\xc0\x2b\0"
                              b"\0\x05\xff\x01\0\x01\0"))
HELLO_REQUEST = record(22, message(0, b""))
WARNING = record(21, b"\x01\x5a")


def extension_of_tls(kind, data):
    return kind.to_bytes(2, "big") + length(2, data)


def client_hello(*extensions, declared=None):
    usual = (extension_of_tls(10, length(2, b"\0\x17")), extension_of_tls(11, b"\1\0"),
             extension_of_tls(13, length(2, b"\4\3\4\1")))
    body = (b"\3\3" + NOISE[:32] + b"\0" + length(2, b"\xc0\x2b\xc0\x2f") + b"\1\0" +
            length(2, b"".join(usual + extensions)))
    return record(22, message(1, body, declared), b"\3\1")
