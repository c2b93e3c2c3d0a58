#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""`whysocket check` against servers with one fault each: cause, code, mend, exit code.

usage: diagnosis_test.py WHYSOCKET DOCS
"""
import contextlib
import json
import pathlib
import socket
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from support import peers  # noqa: E402
from support.scenario import closed_port  # noqa: E402

import jsonschema  # noqa: E402

WHYSOCKET, DOCS = sys.argv[1], pathlib.Path(sys.argv[2])
FOLDER = tempfile.TemporaryDirectory(prefix="whysocket-")
CERTIFICATES = peers.Certificates(FOLDER.name)


def validator():
    schema = json.loads((DOCS / "check.schema.json").read_text())
    record = json.loads((DOCS / "close-record.schema.json").read_text())
    resolver = jsonschema.RefResolver("", schema, {"close-record.schema.json": record})
    return jsonschema.Draft202012Validator(schema, resolver=resolver)


VALIDATOR = validator()


def run(url, *options, **changes):
    done = subprocess.run([WHYSOCKET, "check", url, *options], capture_output=True, timeout=60,
                          stdin=subprocess.DEVNULL, env=peers.environment(**changes), check=False)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def expect(url, exit_code, cause, code, *options, **changes):
    """Both forms: the text names cause and mend, the object fits its schema. Returns the record."""
    status, text, errors = run(url, *options, **changes)
    assert status == exit_code, (status, text, errors)
    assert errors == "", errors
    assert cause in text and "How to fix it" in text, text
    status, text, errors = run(url, "--json", *options, **changes)
    result = json.loads(text)
    VALIDATOR.validate(result)
    record = result["record"]
    assert (status, result["exit_code"]) == (exit_code, exit_code), (status, text)
    assert (record["cause"], record["code"]) == (cause, code), (record["cause"], record["code"])
    assert record["fix"] and record["happened"], record
    return record


# ---- Below TLS ----

def refused():
    with closed_port() as port:
        record = expect(f"ws://127.0.0.1:{port}/", 11, "tcp.refused", 1006)
    assert record["os_error"] is not None


def no_such_host():
    status, text, _ = run("ws://nosuch.invalid/")
    assert status == 10 and "dns." in text, (status, text)


def no_unix_socket():
    expect(f"ws+unix:{FOLDER.name}/none:/", 11, "tcp.no_unix_socket", 1006)


def silence(exit_code, cause, scheme, code):
    def test():
        with peers.Server(peers.drain) as server:
            expect(f"{scheme}://127.0.0.1:{server.port}/", exit_code, cause, code,
                   "--timeout", "300ms")
    return test


# ---- HTTP ----

def answers(response, exit_code, cause):
    def talk(connection):
        peers.read_head(connection)
        connection.sendall(response)

    def test():
        with peers.Server(talk) as server:
            record = expect(f"ws://127.0.0.1:{server.port}/", exit_code, cause, 1006)
            status = response[9:12]
            if status.isdigit():
                assert record["http"]["status"] == int(status), record["http"]
    return test


def wrong_accept(connection):
    peers.read_head(connection)
    connection.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                       b"Connection: Upgrade\r\nSec-WebSocket-Accept: AAAA\r\n\r\n")
    peers.drain(connection)


def accepts_wrongly():
    with peers.Server(wrong_accept) as server:
        expect(f"ws://127.0.0.1:{server.port}/", 16, "http.response.accept", 1006)


# ---- TLS ----

def certificate(pair, cause, *options, host="127.0.0.1", words=()):
    def test():
        context = peers.server_context(pair())
        with peers.Server(peers.upgrade, context) as server:
            record = expect(f"wss://{host}:{server.port}/", 14, cause, 1015, *options)
            text = json.dumps(record)
            for word in words:
                assert word in text, (word, text)
            assert cause in [error["cause"] for error in record["tls"]["errors"]], record["tls"]
    return test


def insecure_goes_on():
    def talk(connection):
        peers.upgrade(connection)
        connection.sendall(b"\x88\x02\x03\xe8")
        peers.drain(connection)
    context = peers.server_context(CERTIFICATES.self_signed("ignored"))
    with peers.Server(talk, context) as server:
        status, text, errors = run(f"wss://127.0.0.1:{server.port}/", "--insecure")
        assert status == 0 and "tls.cert.self_signed" in text, (status, text, errors)


def plain_http_on_the_tls_port():
    def talk(connection):
        connection.recv(1024)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
    with peers.Server(talk) as server:
        expect(f"wss://127.0.0.1:{server.port}/", 14, "tls.plain_http", 1015)


def ends_within_tls(end, cause):
    def talk(connection):
        connection.recv(1024)
        end(connection)

    def test():
        with peers.Server(talk) as server:
            expect(f"wss://127.0.0.1:{server.port}/", 14, cause, 1015)
    return test


def tls_on_the_plain_port():
    def talk(connection):
        connection.recv(1024)
        connection.sendall(bytes.fromhex("15030100020246"))
    with peers.Server(talk) as server:
        expect(f"ws://127.0.0.1:{server.port}/", 16, "http.tls_port", 1006)


# ---- Proxies ----

def proxy_answers(response, cause):
    def talk(connection):
        peers.read_head(connection)
        connection.sendall(response)

    def test():
        with peers.Server(talk) as server:
            expect("ws://example.invalid/", 13, cause, 1006,
                   "--proxy", f"http://127.0.0.1:{server.port}")
            expect("ws://example.invalid/", 13, cause, 1006,
                   ws_proxy=f"http://127.0.0.1:{server.port}")
    return test


# ---- The WebSocket ----

def after_upgrade(data, then, exit_code, cause, code, check=None):
    def talk(connection):
        peers.upgrade(connection)
        connection.sendall(data)
        then(connection)

    def test():
        with peers.Server(talk) as server:
            record = expect(f"ws://127.0.0.1:{server.port}/", exit_code, cause, code)
            if check is not None:
                check(record)
    return test


def end_stream(connection):
    connection.shutdown(socket.SHUT_WR)
    peers.drain(connection)


def reset_later(connection):
    """Once the ping has come: a reset at once could destroy the 101."""
    connection.recv(1024)
    peers.reset(connection)


def has_offset(record):
    utf8 = record["utf8"]
    assert (utf8["offset"], utf8["message_number"], utf8["class"]) == (3, 1, "bad_lead"), utf8
    assert record["sent"]["code"] == 1007 and record["first"] == "sent", record


def split_invalid(connection):
    """The wrong byte in the second fragment, each byte in a segment of its own."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for byte in b"\x01\x02ab\x80\x03c\xffd":
        connection.sendall(bytes([byte]))
    peers.drain(connection)


def splits_invalid_text():
    def talk(connection):
        peers.upgrade(connection)
        split_invalid(connection)
    with peers.Server(talk) as server:
        has_offset(expect(f"ws://127.0.0.1:{server.port}/", 17, "utf8.invalid", 1007))


def healthy():
    server = subprocess.Popen([WHYSOCKET, "serve", "--listen", "127.0.0.1:0", "--json"],
                              stdout=subprocess.PIPE, env=peers.environment())
    try:
        address = json.loads(server.stdout.readline())["address"]
        status, text, errors = run(f"ws://{address}/echo")
        assert status == 0 and "All is well." in text and errors == "", (status, text, errors)
        status, text, _ = run(f"ws://{address}/echo", "--json")
        result = json.loads(text)
        VALIDATOR.validate(result)
        assert result["ok"] and result["websocket"]["text"] == "echoed", text
        assert [step["layer"] for step in result["steps"]] == ["dns", "tcp", "http"], text
    finally:
        server.terminate()
        server.wait(20)


def quiet_servers_are_no_fault():
    def talk(connection):
        peers.upgrade(connection)
        with contextlib.suppress(OSError):
            while True:
                frame = connection.recv(4096)
                if not frame or frame[0] == 0x88:
                    connection.sendall(b"\x88\x02\x03\xe8")
                    return
                if frame[0] == 0x89:
                    length = frame[1] & 0x7f
                    mask, payload = frame[2:6], frame[6:6 + length]
                    payload = bytes(b ^ mask[i % 4] for i, b in enumerate(payload))
                    connection.sendall(bytes([0x8a, length]) + payload)
    with peers.Server(talk) as server:
        status, text, errors = run(f"ws://127.0.0.1:{server.port}/")
        assert status == 0 and "not echoed" in text, (status, text, errors)


def usage(arguments, word):
    def test():
        status, text, errors = run(*arguments)
        assert status == 2 and text == "" and word in errors, (status, text, errors)
        assert errors.count("\n") == 1, errors
    return test


TESTS = [
    ("a healthy server", healthy),
    ("a server that does not echo is no fault", quiet_servers_are_no_fault),
    ("a closed port", refused),
    ("no such host", no_such_host),
    ("no such unix socket", no_unix_socket),
    ("a plain server that never answers", silence(12, "timeout.upgrade", "ws", 1006)),
    ("a TLS server that never answers", silence(12, "timeout.tls", "wss", 1015)),
    ("403", answers(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 6\r\n\r\nno way", 15,
                    "http.status.403")),
    ("302", answers(b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n", 15,
                    "http.status.redirect")),
    ("503", answers(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n", 15,
                    "http.status.503")),
    ("a plain HTTP server", answers(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", 16,
                                    "http.not_upgraded")),
    ("what is not HTTP", answers(b"SSH-2.0-OpenSSH_9.2\r\n", 16, "http.not_http")),
    ("a wrong Accept", accepts_wrongly),
    ("an expired certificate",
     certificate(lambda: CERTIFICATES.leaf("old", end="20250301000000Z"), "tls.cert.expired",
                 "--cacert", CERTIFICATES.ca, words=("2025-03-01", "CN=old"))),
    ("a self-signed certificate",
     certificate(lambda: CERTIFICATES.self_signed("selfish"), "tls.cert.self_signed",
                 words=("CN=selfish",))),
    ("a certificate for another host",
     certificate(lambda: CERTIFICATES.leaf("other", names="DNS:other.example"),
                 "tls.cert.name_mismatch", "--cacert", CERTIFICATES.ca, host="localhost",
                 words=("other.example", "localhost"))),
    ("a certificate of an unknown CA",
     certificate(lambda: CERTIFICATES.leaf("unknown"), "tls.chain.untrusted_ca",
                 words=("Test CA",))),
    ("--insecure goes on and says what it ignored", insecure_goes_on),
    ("plain HTTP on the TLS port", plain_http_on_the_tls_port),
    ("the end of the stream within TLS", ends_within_tls(lambda c: c.close(), "tls.eof")),
    ("a reset within TLS", ends_within_tls(peers.reset, "tls.reset")),
    ("TLS on the plain port", tls_on_the_plain_port),
    ("a proxy that wants a password",
     proxy_answers(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n",
                   "proxy.auth_required")),
    ("a proxy that cannot reach the target",
     proxy_answers(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n", "proxy.target_down")),
    ("invalid UTF-8", after_upgrade(b"\x81\x05abc\xffd", peers.drain, 17, "utf8.invalid", 1007,
                                    has_offset)),
    ("invalid UTF-8 across fragments and segments", splits_invalid_text),
    ("a masked frame", after_upgrade(b"\x81\x81aaaa ", peers.drain, 17, "frame.masked", 1002)),
    ("the peer closes with 1011", after_upgrade(b"\x88\x06\x03\xf3oops", peers.drain, 18,
                                                "peer.closed", 1011)),
    ("the peer sends 1015", after_upgrade(b"\x88\x02\x03\xf7", peers.drain, 17,
                                          "close_frame.code", 1002)),
    ("the stream ends without a Close", after_upgrade(b"", end_stream, 19, "tcp.fin", 1006)),
    ("a reset without a Close", after_upgrade(b"", reset_later, 19, "tcp.reset", 1006)),
    ("a URL of another scheme", usage(("ftp://example.com/",), "ftp")),
    ("a URL with a fragment", usage(("ws://example.com/#x",), "fragment")),
    ("an option that does not exist", usage(("ws://example.com/", "--tiemout", "1s"), "--timeout")),
    ("a CA file that is not there", usage(("wss://127.0.0.1:1/", "--cacert", "/nonexistent"),
                                          "/nonexistent")),
]

sys.exit(peers.run_tests(TESTS))
