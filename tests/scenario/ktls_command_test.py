#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""`whysocket serve --ktls`: it says whether the kernel encrypts, and works either way.

usage: ktls_command_test.py WHYSOCKET
"""
import contextlib
import json
import os
import pathlib
import socket
import ssl
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from support import peers  # noqa: E402
from support.scenario import LOOP, check, main  # noqa: E402

WHYSOCKET = sys.argv[1]
STATISTICS = pathlib.Path("/proc/net/tls_stat")  # where there is the module
REQUEST = (b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
           b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n")


def given_count():
    if not STATISTICS.exists():
        return None
    return int(dict(line.split() for line in STATISTICS.read_text().splitlines())["TlsTxSw"])


@contextlib.contextmanager
def server(*options):
    """Gives what it says at first, and where it listens."""
    with tempfile.TemporaryDirectory() as folder:
        pair = [f"{folder}/cert.pem", f"{folder}/key.pem"]
        subprocess.run(["openssl", "req", "-x509", "-nodes", "-newkey", "rsa:2048", "-subj",
                        "/CN=localhost", "-keyout", pair[1], "-out", pair[0]], check=True,
                       stderr=subprocess.DEVNULL)
        command = [WHYSOCKET, "serve", *LOOP, "--json", "--ktls", "--listen-tls", "127.0.0.1:0",
                   "--cert", pair[0], "--key", pair[1], *options]
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              env=peers.environment()) as process:
            try:
                port = json.loads(process.stdout.readline())["address"].rsplit(":", 1)[1]
                yield json.loads(process.stdout.readline()), int(port)
            finally:
                process.kill()


def read(connection, count):
    data = b""
    while len(data) < count:
        more = connection.recv(count - len(data))
        check(more, f"{len(data)} of {count} bytes")
        data += more
    return data


def it_says_whether_the_kernel_encrypts_and_echoes_either_way():
    before = given_count()
    check(before is not None or not os.environ.get("WHY_TEST_KTLS"), "this kernel has no kTLS")
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with server("--threads", "2") as (said, port):
        check(said == {"event": "ktls", "used": before is not None}, said)
        for _ in range(4):
            with context.wrap_socket(socket.create_connection(("127.0.0.1", port), 20)) as peer:
                peer.sendall(REQUEST)
                head = b""
                while not head.endswith(b"\r\n\r\n"):
                    head += read(peer, 1)
                check(head.startswith(b"HTTP/1.1 101 "), head)
                peer.sendall(b"\x82\xfe\xff\xff\0\0\0\0" + 65535 * b"a")
                check(read(peer, 4) == b"\x82\x7e\xff\xff", "not its head")
                check(read(peer, 65535) == 65535 * b"a", "not what was sent")
                peer.sendall(b"\x88\x82\0\0\0\0\x03\xe8")
                check(read(peer, 4) == b"\x88\x02\x03\xe8", "not its Close")
                check(peer.recv(1) == b"", "not its end")
    check(before is None or given_count() == before + 4, "records were made elsewhere")


def it_is_for_tls():
    done = subprocess.run([WHYSOCKET, "serve", "--ktls"], capture_output=True, text=True,
                          env=peers.environment(), timeout=60, check=False)
    check(done.returncode == 2 and "--listen-tls" in done.stderr, done)


main([it_says_whether_the_kernel_encrypts_and_echoes_either_way, it_is_for_tls])
