# SPDX-License-Identifier: MIT
"""The opening handshake of the faulty peer, both roles (RFC 6455 section 4, RFC 9112)."""
import base64
import binascii
import hashlib
import os
import re

from support import faulty_deflate
from support.faulty_deflate import TOKEN, Malformed

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
HEAD_MAX = 16384
HEADERS_MAX = 200
HOST = re.compile(r"(?:[A-Za-z0-9._~!$&'()*+,;=%-]+|\[[0-9A-Fa-f:.v]+\])(?::[0-9]*)?")


class Refused(Exception):
    """A request is answered with this status, and the connection ended."""

    def __init__(self, status, reason, *headers):
        super().__init__(reason)
        self.status, self.reason, self.headers = status, reason, headers

    def answer(self):
        body = f"{self}\n".encode()
        head = [f"HTTP/1.1 {self.status}", "Content-Type: text/plain", "Connection: close",
                f"Content-Length: {len(body)}", *self.headers, "", ""]
        return "\r\n".join(head).encode() + body


def accept_of(key):
    return base64.b64encode(hashlib.sha1(key.encode("latin-1") + GUID).digest()).decode()


def split_head(data, faults, is_answer):
    """(the head with all its line ends, what is behind it), None where it is not whole yet. Of an
    answer lines may end in LF alone, and be folded (RFC 9112 sections 2.2 and 5.2)."""
    found = re.search(rb"\r?\n\r?\n" if is_answer else rb"\r\n\r\n", data)
    head = data[:found.end()] if found else data
    if re.match(rb"[^\r\n]*[\x00-\x09\x0b\x0c\x0e-\x1f\x7f]", head):
        raise Malformed("the first line is not one of HTTP")
    if is_answer:
        head = re.sub(rb"\r\n[ \t]+", b" ", re.sub(rb"\r?\n", b"\r\n", head))
    elif "lf-unanswered" not in faults and re.search(rb"(?<!\r)\n|\r[^\n]", head):
        raise Malformed("a line does not end with CR LF")
    return (head, data[found.end():]) if found else None


class Head:
    """A head's first line and its headers, read strictly."""

    def __init__(self, data, faults):
        self.faults = faults
        text = data.decode("latin-1")[:-4]
        self.first, *lines = text.split("\r\n")
        if len(lines) > HEADERS_MAX:
            raise Refused("431 Request Header Fields Too Large", "too many headers")
        self.fields = [self.field(line) for line in lines]

    def field(self, line):
        blanks = "[ \t]*" if "blank-before-colon-accepted" in self.faults else ""
        found = re.fullmatch(rf"({TOKEN}){blanks}:(.*)", line, re.S)
        if found is None:
            raise Malformed("a header is not a name, a colon and a value")
        bad = re.search(r"[\x00-\x08\x0a-\x1f\x7f]", found[2])
        if bad and "nul-in-header-accepted" not in self.faults:
            raise Malformed("a header has a control character")
        return found[1], found[2]

    def raw(self, name):
        if "names-in-one-case" in self.faults:
            return [value for other, value in self.fields if other == name]
        return [value for other, value in self.fields if other.lower() == name.lower()]

    def all(self, name):
        return [value.strip(" \t") for value in self.raw(name)]

    def words(self, name):
        """The elements of a list that may be in several headers."""
        values = self.all(name)
        if name == "Connection" and "two-connections-rejected" in self.faults:
            values = values[:1]
        return [word.strip(" \t") for word in ",".join(values).split(",") if word.strip(" \t")]

    def lists(self, name, word):
        words = self.words(name)
        if name == "Connection" and "keep-alive-rejected" in self.faults and len(words) > 1:
            return False
        if "values-in-one-case" in self.faults:
            return word in words
        return word.lower() in [other.lower() for other in words]


# A server's side.

def check_first_line(head, faults):
    found = re.fullmatch(rf"({TOKEN}) ([\x21-\x7e]+) HTTP/(\d)\.(\d)", head.first)
    if found is None:
        raise Refused("400 Bad Request", "the request line is malformed")
    if found[3] != "1":
        raise Refused("505 HTTP Version Not Supported", "HTTP/1.1 is spoken here")
    if found[1] != "GET" and "post-accepted" not in faults:
        raise Refused("405 Method Not Allowed", "a WebSocket is opened with GET", "Allow: GET")
    if found[4] == "0" and "http10-accepted" not in faults:
        raise Refused("400 Bad Request", "a WebSocket is opened with HTTP/1.1")
    if not re.fullmatch(r"(/|https?://[^/]+|wss?://[^/]+)[^#]*", found[2]):
        raise Refused("400 Bad Request", "the target is not a path")
    return found[2]


def check_message(head, faults):
    hosts = head.all("Host")
    if not (hosts or "no-host-accepted" in faults):
        raise Refused("400 Bad Request", "no Host")
    if len(hosts) > 1 and "doubled-host-accepted" not in faults:
        raise Refused("400 Bad Request", "two Hosts")
    if hosts and not HOST.fullmatch(hosts[0]):
        raise Refused("400 Bad Request", "Host is malformed")
    lengths = head.all("Content-Length")
    if lengths not in ([], ["0"]) and "body-accepted" not in faults:
        raise Refused("400 Bad Request", "a request with a body")
    if head.all("Transfer-Encoding") and "chunked-accepted" not in faults:
        raise Refused("400 Bad Request", "a request with a body")


def check_upgrade(head, faults):
    if not head.lists("Upgrade", "websocket"):
        if head.all("Upgrade") or "upgrade-missing-accepted" not in faults:
            raise Refused("426 Upgrade Required", "Upgrade does not name websocket",
                          "Upgrade: websocket")
    if not head.lists("Connection", "Upgrade"):
        if head.all("Connection") or "connection-missing-accepted" not in faults:
            raise Refused("400 Bad Request", "Connection does not name Upgrade")
    versions = head.all("Sec-WebSocket-Version")
    if not versions and "no-version-accepted" in faults:
        return
    if len(versions) > 1:
        raise Refused("400 Bad Request", "two Sec-WebSocket-Version")
    if versions != ["13"] and "version-12-accepted" not in faults:
        headers = ["Sec-WebSocket-Version: 13"] if "426-without-version" not in faults else []
        raise Refused("426 Upgrade Required", "version 13 is spoken here", "Upgrade: websocket",
                      *headers)


def check_key(head, faults):
    keys = head.all("Sec-WebSocket-Key")
    if not keys and "no-key-accepted" in faults:
        return ""
    if len(keys) != 1 and not (keys and "doubled-key-accepted" in faults):
        raise Refused("400 Bad Request", "not one Sec-WebSocket-Key")
    try:
        size = len(base64.b64decode(keys[0], validate=True))
    except (binascii.Error, ValueError):
        size = 0
    if (size != 16 or len(keys[0]) != 24) and "short-key-accepted" not in faults:
        raise Refused("400 Bad Request", "Sec-WebSocket-Key is not of 16 bytes")
    if "accept-of-untrimmed-key" in faults:
        return head.raw("Sec-WebSocket-Key")[0].removeprefix(" ")
    return keys[0]


def check_protocols(head, faults):
    """The subprotocol that is agreed to: of itself the peer has none."""
    words = head.words("Sec-WebSocket-Protocol")
    if head.all("Sec-WebSocket-Protocol") and not words:
        raise Refused("400 Bad Request", "Sec-WebSocket-Protocol is empty")
    if any(not re.fullmatch(TOKEN, word) for word in words) or len(set(words)) < len(words):
        raise Refused("400 Bad Request", "Sec-WebSocket-Protocol is malformed")
    if "protocol-unasked" in faults:
        return ["superchat"]
    return [", ".join(words)] if words and "protocols-all-agreed" in faults else []


def answer(data, faults):
    """What a request is answered with: (bytes, Deflate or None). Raises Refused."""
    try:
        # RFC 9112 section 2.2: an empty line before the request is passed over.
        head = Head(data[2:] if data.startswith(b"\r\n") else data, faults)
        check_first_line(head, faults)
        check_message(head, faults)
        check_upgrade(head, faults)
        key = check_key(head, faults)
        protocols = check_protocols(head, faults)
        offers = faulty_deflate.read_list(", ".join(head.all("Sec-WebSocket-Extensions")))
    except Malformed as error:
        raise Refused("400 Bad Request", str(error)) from None
    if "unknown-extension-rejected" in faults and any(
            name != "permessage-deflate" for name, _ in offers):
        raise Refused("400 Bad Request", "an unknown extension")
    extension, deflate = faulty_deflate.agree(offers, faults)
    accept = accept_of("x" + key if "accept-wrong" in faults else key)
    lines = ["HTTP/1.1 200 OK" if "accept-without-101" in faults else
             "HTTP/1.1 101 Switching Protocols"]
    lines += ["Upgrade: websocket"] if "no-upgrade-answered" not in faults else []
    lines += ["Connection: Upgrade"] if "no-connection-answered" not in faults else []
    lines += [f"Sec-WebSocket-Accept: {accept}"]
    lines += [f"Sec-WebSocket-Protocol: {protocol}" for protocol in protocols]
    lines += [f"Sec-WebSocket-Extensions: {extension}"] if extension else []
    return "\r\n".join([*lines, "", ""]).encode("latin-1"), deflate


# A client's side.

def request(host, path, offer, faults):
    """(the request, its key)."""
    key = base64.b64encode(os.urandom(8 if "key-of-8-bytes" in faults else 16)).decode()
    version = 8 if "asks-for-version-8" in faults else 13
    lines = [f"GET {path} HTTP/1.1"]
    lines += [f"Host: {host}"] if "asks-without-host" not in faults else []
    lines += ["Upgrade: websocket"] if "asks-without-upgrade" not in faults else []
    lines += ["Connection: Upgrade", f"Sec-WebSocket-Key: {key}",
              f"Sec-WebSocket-Version: {version}"]
    lines += [f"Sec-WebSocket-Extensions: {offer}"] if offer else []
    return "\r\n".join([*lines, "", ""]).encode(), key


def is_interim(data):
    return re.match(rb"HTTP/1\.1 1(?!01)\d\d[ \r]", data) is not None


def check_answer(data, key, offer, faults):
    """What a server's answer agrees to, a Deflate or None; Malformed where it opens nothing."""
    try:
        head = Head(data, faults)
    except Refused as error:
        raise Malformed(str(error)) from None
    status = re.fullmatch(r"HTTP/(\d)\.(\d) (\d{3})(?: [\t\x20-\x7e\x80-\xff]*)?", head.first)
    if status is None:
        raise Malformed("the status line is malformed")
    if (status[1] != "1" or status[2] == "0") and "answer-of-http10-accepted" not in faults:
        raise Malformed("the answer is of HTTP/1.0")
    if status[3] != "101" and "status-200-accepted" not in faults:
        raise Malformed(f"the status is {status[3]}")
    upgrades = [value.lower() for value in head.words("Upgrade")]
    if "values-in-one-case" in faults:
        upgrades = head.words("Upgrade")
    if upgrades != ["websocket"] and (upgrades or "answer-without-upgrade-accepted" not in faults):
        raise Malformed("Upgrade is not websocket")
    if not head.lists("Connection", "Upgrade") and (
            head.all("Connection") or "answer-without-connection-accepted" not in faults):
        raise Malformed("Connection does not name Upgrade")
    check_accept(head, key, faults)
    if head.all("Sec-WebSocket-Protocol") and "unoffered-protocol-accepted" not in faults:
        raise Malformed("a subprotocol that was not offered")
    extensions = faulty_deflate.read_list(", ".join(head.all("Sec-WebSocket-Extensions")))
    return faulty_deflate.take(extensions, bool(offer), faults)


def check_accept(head, key, faults):
    accepts = head.all("Sec-WebSocket-Accept")
    if "doubled-accept-accepted" in faults:
        accepts = accepts[:1]
    if not accepts and "no-accept-accepted" in faults:
        return
    if len(accepts) != 1:
        raise Malformed("not one Sec-WebSocket-Accept")
    if accepts[0] != accept_of(key) and "accept-unchecked" not in faults:
        raise Malformed("Sec-WebSocket-Accept is of another key")
