# SPDX-License-Identifier: MIT
"""Peers for tests: servers with one fault each, certificates with one fault each, and TAP."""
import base64
import contextlib
import hashlib
import os
import pathlib
import socket
import ssl
import struct
import subprocess
import threading
import traceback

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class Server:
    """Runs `talk(socket)` for each connection on a free port of 127.0.0.1, until the test ends."""

    def __init__(self, talk, context=None):
        self.talk, self.context = talk, context
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.errors = []
        self.thread = threading.Thread(target=self.accept, daemon=True)
        self.thread.start()

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        connection.settimeout(20)
        with contextlib.suppress(OSError):
            with connection:
                if self.context is not None:
                    connection = self.context.wrap_socket(connection, server_side=True)
                self.talk(connection)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        # Not closed while somebody is about to accept from it: the next server may get its number.
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.thread.join(20)
        self.listener.close()


def read_head(connection):
    head = b""
    while b"\r\n\r\n" not in head:
        piece = connection.recv(4096)
        if not piece:
            return head
        head += piece
    return head


def accept_of(head):
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"sec-websocket-key":
            return base64.b64encode(hashlib.sha1(value.strip() + GUID).digest())
    raise ValueError("the request has no key")


def upgrade(connection, extra=b""):
    head = read_head(connection)
    connection.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                       b"Connection: Upgrade\r\nSec-WebSocket-Accept: " + accept_of(head) +
                       b"\r\n" + extra + b"\r\n")
    return head


def drain(connection):
    """Read until the peer ends its stream."""
    with contextlib.suppress(OSError):
        while connection.recv(65536):
            pass


def reset(connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


class Certificates:
    """A CA and certificates for 127.0.0.1 and localhost, made with the openssl command."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        (self.folder / "index.txt").write_text("")
        (self.folder / "ca.cnf").write_text(
            "[ca]\ndefault_ca=d\n[d]\ndatabase=index.txt\nnew_certs_dir=.\nrand_serial=yes\n"
            "unique_subject=no\ndefault_md=sha256\npolicy=p\ncopy_extensions=copy\n"
            "[p]\ncommonName=supplied\n")
        self.run("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                 "-keyout", "ca.key", "-out", "ca.pem", "-days", "30", "-subj", "/CN=Test CA",
                 "-addext", "keyUsage=critical,keyCertSign,cRLSign")
        self.ca = str(self.folder / "ca.pem")

    def run(self, *arguments):
        done = subprocess.run(["openssl", *arguments], cwd=self.folder, capture_output=True,
                              check=False)
        if done.returncode != 0:
            raise RuntimeError(done.stderr.decode())

    def leaf(self, name, names="DNS:localhost,IP:127.0.0.1", start="20250101000000Z",
             end="20490101000000Z", purpose=None):
        extra = [] if purpose is None else ["-addext", f"extendedKeyUsage={purpose}"]
        self.run("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                 "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}",
                 "-addext", f"subjectAltName={names}", *extra)
        self.run("ca", "-batch", "-config", "ca.cnf", "-in", f"{name}.csr", "-out", f"{name}.pem",
                 "-cert", "ca.pem", "-keyfile", "ca.key", "-startdate", start, "-enddate", end,
                 "-notext")
        return self.pair(name)

    def self_signed(self, name):
        self.run("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                 "-keyout", f"{name}.key", "-out", f"{name}.pem", "-days", "30", "-subj",
                 f"/CN={name}", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1")
        return self.pair(name)

    def pair(self, name):
        return str(self.folder / f"{name}.pem"), str(self.folder / f"{name}.key")


def server_context(pair, **attributes):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*pair)
    for name, value in attributes.items():
        setattr(context, name, value)
    return context


def environment(**changes):
    """What a command sees: nothing of the tester's language, colours and proxies."""
    dropped = ("LC_", "LANG", "CLICOLOR", "NO_COLOR", "COLUMNS", "SSL")
    kept = {key: value for key, value in os.environ.items()
            if not key.startswith(dropped) and not key.lower().endswith("_proxy")}
    return {**kept, **changes}


def run_tests(tests):
    """Run them in order, as TAP. Returns the exit status."""
    print(f"1..{len(tests)}")
    failed = 0
    for number, (name, test) in enumerate(tests, 1):
        try:
            test()
            print(f"ok {number} - {name}", flush=True)
        except Exception:  # pylint: disable=broad-except
            failed += 1
            print(f"not ok {number} - {name}")
            print("\n".join("# " + line for line in traceback.format_exc().splitlines()), flush=True)
    return 1 if failed else 0
