#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Peers that send garbage, at each step of a connection: cut off, far too long, in drops, without
end. `whysocket check` has to end by its deadline with a cause, and `whysocket serve` has to get rid
of them and serve others meanwhile; what that costs in memory, processor time and bytes is measured.

usage: garbage_test.py TEST_BUILD
"""
import collections
import concurrent.futures
import contextlib
import functools
import itertools
import json
import re
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support import peers, programs
from support.scenario import check, main, release_build
from support.tls_bytes import (
    alternative_names, CA, CA_NAME, certificate, certificates, client_hello, COMMON_NAME, der,
    extension, extension_of_tls, HELLO_12, HELLO_REQUEST, LEAF_NAME, length, message, name,
    ORGANISATION, record, rsa_key, RSA_SHA256, WARNING, NOISE)

MIB = 1 << 20
TIMEOUT_S = 1.0   # of each step: what check is told
SLACK_S = 4.0     # for the start, other steps, a machine that has much else to do
GROWTH_MAX = 6 * MIB  # above what a check takes that meets silence
CPU_MAX_S = 1.0
SENT_MAX = 48 * MIB  # 16 that are discarded, and what the kernels hold at both ends
CONNECTION_MAX = MIB // 4  # bytes of a server, each
NUMBERS = itertools.count()
UPGRADE = (b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
           b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n")


# ---- What is sent ----

HEAD = b"HTTP/1.1 101 Switching Protocols\r\n"


def many(count, one):
    return [one(number) for number in range(count)]


# Chains: what OpenSSL lets through is 100 KiB, so that is what they fill.
def same_names(number):
    return certificate(CA_NAME, CA_NAME, number + 1)


def link(number):
    return certificate(name((COMMON_NAME, f"ca {number}")), name((COMMON_NAME, f"ca {number + 1}")),
                       number + 1, [CA])


LEAF = certificate(LEAF_NAME, name((COMMON_NAME, "ca 0")), 1,
                   [alternative_names(["127.0.0.1.example"])])
RSA_CHAIN = dict(algorithm=RSA_SHA256, signature=der(3, b"\0" + NOISE[:380]))
CHAINS = {
    "1,000 certificates": many(1000, link),
    "1,000 issuers of one name": many(1000, same_names),
    "as many of one name as fit": many(380, same_names),
    "a chain as deep as fits": [LEAF] + many(260, link),
    "a certificate of 1 MiB": [certificate(LEAF_NAME, CA_NAME, 1, [
        alternative_names(f"host-{i}.example" for i in range(52000))])],
    "as many names as fit": [certificate(LEAF_NAME, CA_NAME, 1, [
        alternative_names(f"*.{i:x}" for i in range(11000))])],
    "names of all kinds": [certificate(LEAF_NAME, CA_NAME, 1, [extension(
        "551d11", der(0x30, *(der(tag, text) for tag, text in zip(
            itertools.cycle([0x86, 0x81, 0x87, 0x82, 0x88]), [b"a.b"] * 18000)))) ])],
    "a subject of 20,000 parts": [certificate(
        name(*[(ORGANISATION, "\n")] * 6000), CA_NAME)],
    "a subject of one long part": [certificate(name((COMMON_NAME, "\x01\"," * 30000)), CA_NAME)],
    "two thousand extensions": [certificate(LEAF_NAME, CA_NAME, 1, [
        extension("2b060104018237", bytes(8), True) for _ in range(4000)])],
    "names and constraints": [
        certificate(LEAF_NAME, CA_NAME, 1, [alternative_names(["a.b"] * 9000)]),
        certificate(CA_NAME, CA_NAME, 2, [CA, extension("551d1e", der(0x30, der(0xa0, *(
            der(0x30, der(0x82, b"a.c")) for _ in range(6000)))))])],
    "RSA keys of 16,384 bits": [certificate(CA_NAME, CA_NAME, i + 1, [CA], rsa_key(16384, 65537),
                                            RSA_SHA256, der(3, b"\0" + NOISE[:2048]))
                                for i in range(23)],
    "RSA keys with long exponents": [certificate(
        CA_NAME, CA_NAME, i + 1, [CA], rsa_key(3072, (1 << 3071) | 1), RSA_SHA256,
        der(3, b"\0\0" + NOISE[:383])) for i in range(75)],
    "a certificate of nothing": [b""],
    "a certificate of noise": [NOISE[:3000]],
}


# ---- How it is sent ----

class Meter:
    """What a peer could send, as far as the kernel took it."""

    def __init__(self, connection):
        self.connection, self.sent = connection, 0
        self.below = None  # another, on the socket under TLS

    def send(self, data):
        self.connection.sendall(data)
        self.sent += len(data)

    def once(self, data):
        """It, then silence, until the other side is gone."""
        self.send(data)
        peers.drain(self.connection)

    def endless(self, data, first=b""):
        data = data * max(1, 65536 // len(data))
        self.send(first)
        while True:
            self.send(data)

    def in_drops(self, data, first=b""):
        self.send(first)
        for byte in itertools.cycle(data):
            self.send(bytes([byte]))
            time.sleep(0.03)


class Peer(peers.Server):
    """A server that counts what it sends."""

    def __init__(self, talk):
        self.meters = []
        super().__init__(lambda connection: talk(self.meter(connection)))

    def meter(self, connection):
        connection.settimeout(20)
        self.meters.append(Meter(connection))
        return self.meters[-1]

    @property
    def sent(self):
        return sum(meter.sent + (meter.below.sent if meter.below else 0) for meter in self.meters)


def run_check(url, *options):
    """Returns its record, and what it took: seconds, processor seconds, bytes resident."""
    begin = time.monotonic()
    figures = Path(FOLDER.name) / f"figures-{next(NUMBERS)}"
    command = [MEASURE, figures, WHYSOCKET, "check", "--json", "--timeout",
               f"{TIMEOUT_S * 1000:.0f}ms", url, *options]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, env=peers.environment()) as process:
        killer = threading.Timer(60, process.kill)
        killer.start()
        out, errors = process.communicate()
        killer.cancel()
    seconds = time.monotonic() - begin
    check(process.returncode > 3 and errors == b"", f"{process.returncode} {errors.decode()}")
    processor, memory = figures.read_text(encoding="ascii").split()
    return json.loads(out)["record"], seconds, float(processor), int(memory) * 1024


def is_bounded(what, talk, cause, *options, scheme="wss", url=None):
    """A check against that peer ends in time, at a bounded price, and with a cause that fits."""
    with Peer(talk) as peer:
        at = f"{scheme}://127.0.0.1:{peer.port}/" if url is None else url
        options = [option.replace("PORT", str(peer.port)) for option in options]
        result, seconds, processor, memory = run_check(at, *options)
        sent = peer.sent
    grown = memory - SILENT[scheme]
    print(f"# {what}: {result['cause']}, {seconds:.2f} s, {processor:.2f} s of a processor, "
          f"{grown // 1024} KiB more, {sent} bytes sent", flush=True)
    check(re.fullmatch(cause, result["cause"]), f"{what}: {result['cause']}, {result['detail']}")
    check(seconds < TIMEOUT_S + SLACK_S, f"{what}: it took {seconds:.2f} s")
    check(processor < CPU_MAX_S, f"{what}: it took {processor:.2f} s of a processor")
    check(grown < GROWTH_MAX, f"{what}: {grown} bytes more")
    check(sent < SENT_MAX, f"{what}: {sent} bytes were taken")


# ---- Against our client ----

def case(*arguments, **options):
    return arguments, options


def at_once(cases):
    """A test of several cases, each of which mostly waits."""
    @functools.wraps(cases)
    def test():
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            jobs = [pool.submit(is_bounded, *arguments, **options)
                    for arguments, options in cases()]
        for job in jobs:
            job.result()
    return test


@at_once
def garbage_instead_of_a_server_hello():
    no_tls = r"tls\.(not_tls|protocol)"
    for what, data in (("noise", NOISE), ("zeroes", bytes(65536)),
                       ("records of a length that cannot be", b"\x16\x03\x03\xff\xff" + NOISE)):
        yield case(f"{what}, once", lambda peer, data=data: peer.once(data), no_tls)
        yield case(f"{what}, without end", lambda peer, data=data: peer.endless(data), no_tls)
        yield case(f"{what}, in drops", lambda peer, data=data: peer.in_drops(data), no_tls)
    message_cut = record(22, message(2, NOISE[:2000], 20000))
    for what, data in (("a record that does not end", b"\x16\x03\x03\x40\x00" + NOISE[:16000]),
                       ("a message that does not end", message_cut)):
        yield case(f"{what}, once", lambda peer, data=data: peer.once(data), r"timeout\.tls")
        yield case(f"{what}, in drops", lambda peer, data=data: peer.in_drops(b"\x02", data),
                   r"timeout\.tls|tls\..*")
    yield case("a hello of 16 MiB",
               lambda peer: peer.endless(record(22, NOISE[:16384]),
                                         record(22, message(2, NOISE[:100], 0xffffff))), no_tls)


@at_once
def records_of_nothing_without_end():
    for first, where in ((b"", "at first"), (HELLO_12, "after a hello")):
        for what, data in (("empty handshake records", record(22, b"")),
                           ("empty records of data", record(23, b"")),
                           ("empty alerts", record(21, b"")),
                           ("warnings", WARNING),
                           ("changes of cipher", record(20, b"\x01")),
                           ("hello requests", HELLO_REQUEST),
                           ("heartbeats", record(24, b"\x01\0\0")),
                           ("hellos", HELLO_12)):
            yield case(f"{what} {where}, without end",
                       lambda peer, data=data, first=first: peer.endless(data, first),
                       r"tls\..*|timeout\.tls")
            yield case(f"{what} {where}, in drops",
                       lambda peer, data=data, first=first: peer.in_drops(data, first),
                       r"tls\..*|timeout\.tls")


@at_once
def certificates_that_cost_much():
    for what, chain in CHAINS.items():
        data = HELLO_12 + certificates(*chain)
        for options in ((), ("--insecure",)):
            yield case(f"{what} {' '.join(options)}", lambda peer, data=data: peer.once(data),
                       r"tls\..*|timeout\.tls", *options)
    endless = record(22, message(11, b"\xff\xff\xfc" + NOISE[:100], 0xffffff))
    yield case("certificates without end",
               lambda peer: peer.endless(record(22, NOISE[:16384]), HELLO_12 + endless), r"tls\..*")
    yield case("certificates in drops", lambda peer: peer.in_drops(
        certificates(*CHAINS["as many names as fit"]), HELLO_12), r"timeout\.tls")


@at_once
def requests_for_certificates_that_cost_much():
    """A request of 64 KiB of names (RFC 5246 section 7.4.4), and one that does not end."""
    names = b"".join(length(2, name((COMMON_NAME, f"{i}"))) for i in range(3000))
    request = message(13, b"\x01\x40" + length(2, b"\x04\x03") + length(2, names))
    request = record(22, request)
    for what, data in (("after the certificate", HELLO_12 + certificates(LEAF) + request),
                       ("before it", HELLO_12 + request)):
        yield case(f"a request {what}", lambda peer, data=data: peer.once(data),
                   r"tls\..*|timeout\.tls", "--insecure")


def connection_below(peer):
    """A meter that counts into the peer's, on the socket that TLS is about to take over."""
    below = Meter(peer.connection.dup())
    below.connection.settimeout(20)
    peer.below = below
    return below


def tls_server(behind, **attributes):
    """TLS of the machine's own, then `behind`, with the connection and the socket under it."""
    context = peers.server_context(PAIR, **attributes)

    def talk(peer):
        below = connection_below(peer)
        secured = context.wrap_socket(peer.connection, server_side=True)
        peer.connection = secured
        with below.connection, contextlib.suppress(ssl.SSLError):
            behind(peer, below)
    return talk


@at_once
def tickets_without_end():
    """RFC 8446 section 4.6.1: any number may come, at any time."""
    yield case("50,000 tickets", tls_server(lambda peer, below: peer.once(b""), num_tickets=50000),
               r"timeout\.upgrade", "--cacert", CERTIFICATES.ca)


@at_once
def garbage_under_the_handshake_that_is_done():
    closed = r"tls\..*|timeout\.upgrade|tcp\..*|http\..*"
    for what, data in (("noise", NOISE), ("empty records", record(23, b"")),
                       ("warnings", WARNING),
                       ("records that do not decrypt", record(23, NOISE[:64]))):
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            yield case(f"{what} below {version.name}, without end", tls_server(
                lambda peer, below, data=data: below.endless(data), maximum_version=version),
                closed, "--cacert", CERTIFICATES.ca)
            yield case(f"{what} below {version.name}, in drops", tls_server(
                lambda peer, below, data=data: below.in_drops(data), maximum_version=version),
                closed, "--cacert", CERTIFICATES.ca)


@at_once
def heads_without_end():
    bad = r"http\..*|timeout\.upgrade"
    heads = {
        "a head of one line": (HEAD + b"X: ", b"y"),
        "a head of many lines": (HEAD, b"X: y\r\n"),
        "interim answers": (b"", b"HTTP/1.1 103 Early Hints\r\nX: y\r\n\r\n"),
        "noise": (b"", NOISE),
        "a body": (b"HTTP/1.1 503 Service Unavailable\r\n\r\n", b"<html>"),
        "chunks": (b"HTTP/1.1 503 No\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\na\r\n"),
        "a length of chunk": (b"HTTP/1.1 503 No\r\nTransfer-Encoding: chunked\r\n\r\n", b"0"),
        "zeroes": (b"", b"\0"),
    }
    for what, (first, data) in heads.items():
        for how in ("endless", "in_drops"):
            yield case(f"{what}, {how}", lambda peer, how=how, first=first, data=data:
                       getattr(peer, how)(data, first), bad, scheme="ws")
            yield case(f"{what} in TLS, {how}", tls_server(
                lambda peer, below, how=how, first=first, data=data:
                getattr(peer, how)(data, first)), bad, "--cacert", CERTIFICATES.ca)


@at_once
def proxies_without_end():
    answers = {
        "a head of one line": ("http", b"HTTP/1.1 200 OK\r\nX: ", b"y"),
        "a head of many lines": ("http", b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"),
        "interim answers": ("http", b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        "noise": ("http", b"", NOISE),
        "a body": ("http", b"HTTP/1.1 407 No\r\n\r\n", b"<html>"),
        "an answer, then noise": ("http", b"HTTP/1.1 200 OK\r\n\r\n", NOISE),
        "SOCKS, zeroes": ("socks5h", b"", b"\0"),
        "SOCKS, noise": ("socks5h", b"", NOISE),
        "SOCKS, a name": ("socks5h", b"\x05\0\x05\0\0\x03\xff", b"a"),
    }
    for what, (scheme, first, data) in answers.items():
        for how in ("endless", "in_drops"):
            yield case(f"{what}, {how}", lambda peer, how=how, first=first, data=data:
                       getattr(peer, how)(data, first), r"proxy\..*|timeout\..*|tls\..*|tcp\..*",
                       "--proxy", f"{scheme}://127.0.0.1:PORT", url="wss://chat.example/")


# ---- Against our server ----

def sends(how, *arguments):
    return lambda meter, _: getattr(meter, how)(*arguments)


def behind_tls(how, *arguments, below=False):
    """The same in TLS, or on the socket under it."""
    def talk(meter, _):
        under = meter.connection.dup()
        under.settimeout(20)
        meter.connection = ssl.create_default_context(cafile=CERTIFICATES.ca).wrap_socket(
            meter.connection, server_hostname="localhost")
        if below:
            meter.connection = under
        with under, contextlib.suppress(ssl.SSLError):
            getattr(meter, how)(*arguments)
    return talk


LARGEST_HELLO = client_hello(extension_of_tls(0xfeed, bytes(65000)), declared=131000)
# What each does, and at which of the two ports.
CLIENTS = {
    "noise": ("tls", sends("endless", NOISE)),
    "noise in drops": ("tls", sends("in_drops", NOISE)),
    "zeroes": ("tls", sends("endless", bytes(1))),
    "empty records": ("tls", sends("endless", record(22, b""))),
    "warnings": ("tls", sends("endless", WARNING)),
    "a record that does not end": ("tls", sends("once", b"\x16\3\1\x40\0" + NOISE[:16000])),
    "a hello of 16 MiB": ("tls", sends("endless", record(22, NOISE[:16384]),
                                       record(22, message(1, NOISE[:100], 0xffffff)))),
    "a hello that does not end": ("tls", sends("once", LARGEST_HELLO)),
    "a hello in drops": ("tls", sends("in_drops", client_hello())),
    "hellos": ("tls", sends("endless", client_hello())),
    "a hello, then noise": ("tls", sends("endless", NOISE, client_hello())),
    "a hello, then nothing": ("tls", sends("once", client_hello())),
    "a hello of extensions": ("tls", sends("once", client_hello(*(
        extension_of_tls(number, b"") for number in range(100, 15000))))),
    "a hello of names": ("tls", sends("once", client_hello(extension_of_tls(0, length(2, b"".join(
        b"\0" + length(2, b"a.b") for _ in range(9000))))))),
    "a hello of protocols": ("tls", sends("once", client_hello(
        extension_of_tls(16, length(2, length(1, b"x") * 30000))))),
    "records under TLS": ("tls", behind_tls("endless", record(23, NOISE[:64]), below=True)),
    "empty records under TLS": ("tls", behind_tls("endless", record(23, b""), below=True)),
    "noise in TLS": ("tls", behind_tls("endless", NOISE)),
    "a head in TLS": ("tls", behind_tls("endless", b"X: y\r\n", UPGRADE[:16])),
    "a head in TLS in drops": ("tls", behind_tls("in_drops", b"x", UPGRADE[:-2])),
    "a head": ("plain", sends("endless", b"X: y\r\n", UPGRADE[:16])),
    "a line of a head": ("plain", sends("endless", b"x", UPGRADE[:-2])),
    "noise at the plain port": ("plain", sends("endless", NOISE)),
    "TLS at the plain port": ("plain", sends("endless", client_hello())),
}


def meet(address, talk, figures):
    """One of them: what it could send, and how long it was let."""
    host, port = address.rsplit(":", 1)
    begin = time.monotonic()
    with contextlib.suppress(OSError), \
            socket.create_connection((host, int(port)), 20) as connection:
        connection.settimeout(30)
        meter = Meter(connection)
        figures.append(meter)
        with contextlib.suppress(OSError):
            talk(meter, None)
        meter.seconds = time.monotonic() - begin


def resident(process, which):
    text = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
    return int(re.search(rf"^{which}:\s+(\d+)", text, re.M)[1]) * 1024


def echo_seconds(address):
    """How long somebody else has to wait meanwhile."""
    begin = time.monotonic()
    host, port = address.rsplit(":", 1)
    with socket.create_connection((host, int(port)), 20) as connection:
        connection.sendall(UPGRADE + b"\x81\x82\0\0\0\0hi")
        answer = b""
        while not answer.endswith(b"\x81\2hi"):
            piece = connection.recv(4096)
            check(piece, f"no echo: {answer}")
            answer += piece
    return time.monotonic() - begin


def client_certificates_that_cost_much():
    server = programs.serve(RELEASE, PAIR, "--cacert", CERTIFICATES.ca)
    plain, tls = server.addresses
    before = resident(server.process, "VmRSS")
    for what, chain in CHAINS.items():
        def talk(meter, _, chain=chain):
            meter.send(client_hello())
            answer = b""
            while b"\x0e\0\0\0" not in answer:  # the end of its flight
                piece = meter.connection.recv(65536)
                check(piece, f"{what}: {answer}")
                answer += piece
            meter.once(certificates(*chain))
        figures = []
        meet(tls, talk, figures)
        close = server.next(time.monotonic() + 20)
        print(f"# {what}: {close['record']['cause']}, {figures[0].seconds:.2f} s", flush=True)
        check(close["record"]["cause"].startswith("tls."), f"{what}: {close}")
        check(figures[0].seconds < SLACK_S, f"{what}: it took {figures[0].seconds:.1f} s")
    echo_seconds(plain)
    grown = resident(server.process, "VmHWM") - before
    print(f"# {grown // 1024} KiB more")
    check(grown < GROWTH_MAX, f"{grown} bytes more")
    check(server.terminate() == 0, server.story())


def a_server_gets_rid_of_them_all():
    """Some of each kind at once: each goes at the deadline of its step, ten seconds."""
    each = 3
    server = programs.serve(RELEASE, PAIR)
    plain, tls = server.addresses
    before = resident(server.process, "VmRSS")
    meters = {what: [] for what in CLIENTS}
    threads = [threading.Thread(target=meet, args=(tls if where == "tls" else plain, talk,
                                                   meters[what]))
               for what, (where, talk) in CLIENTS.items() for _ in range(each)]
    for thread in threads:
        thread.start()
    worst = 0
    while any(thread.is_alive() for thread in threads):
        worst = max(worst, echo_seconds(plain))
        time.sleep(0.1)
    grown = resident(server.process, "VmHWM") - before
    for what, those in meters.items():
        check(len(those) == each, f"{what}: {len(those)} connected")
        seconds = max(meter.seconds for meter in those)
        sent = max(meter.sent for meter in those)
        print(f"# {what}: {seconds:.1f} s, {sent} bytes sent", flush=True)
        check(seconds < 10 + SLACK_S, f"{what}: it was let for {seconds:.1f} s")
        check(sent < SENT_MAX, f"{what}: {sent} bytes were taken")
    print(f"# {len(threads)} at once: {grown // 1024} KiB, an echo in {worst:.2f} s")
    check(grown < len(threads) * CONNECTION_MAX, f"{grown} bytes more")
    check(worst < 5, f"somebody else waited for {worst:.1f} s")
    server.process.terminate()
    causes = collections.Counter(line["record"]["cause"] for line in server.all()
                                 if line["event"] == "close" and line["path"] != "/")
    print(f"# {dict(causes)}")
    check(sum(causes.values()) == len(threads), f"{sum(causes.values())} in the log")
    check(not any(cause.startswith("local.") for cause in causes), f"{causes}")


RELEASE = release_build(sys.argv[1])
MEASURE = Path(sys.argv[1]).resolve() / "tests" / "measure"
WHYSOCKET = RELEASE / "src" / "cmd" / "whysocket"
FOLDER = tempfile.TemporaryDirectory(prefix="whysocket-")
CERTIFICATES = peers.Certificates(FOLDER.name)
PAIR = CERTIFICATES.leaf("server")


def resident_against_silence(scheme):
    with Peer(lambda peer: peer.once(b"")) as peer:
        return run_check(f"{scheme}://127.0.0.1:{peer.port}/", "--cacert", CERTIFICATES.ca)[3]


SILENT = {scheme: resident_against_silence(scheme) for scheme in ("ws", "wss")}
if __name__ == "__main__":
    main([
        garbage_instead_of_a_server_hello,
        records_of_nothing_without_end,
        certificates_that_cost_much,
        requests_for_certificates_that_cost_much,
        tickets_without_end,
        garbage_under_the_handshake_that_is_done,
        heads_without_end,
        proxies_without_end,
        client_certificates_that_cost_much,
        a_server_gets_rid_of_them_all,
    ])
