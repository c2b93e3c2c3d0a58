#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A real peer, as client against our server and as server against our client: ws and wss, with
and without permessage-deflate, 1 byte to 16 MiB, closes both ways, Pings both ways, 1007.

usage: interop_test.py TEST_BUILD websockets|ws|lws
"""
import random
import signal
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.programs import PATIENCE_S, Process, Server, make_certificate, node, serve
from support.scenario import ROOT, Failed, check, main

MIB = 1 << 20
SIZES = [1, 125, 126, 65535, 65536, MIB, 16 * MIB]
TOO_LONG = 16 * MIB + 1
CODES = [1000, 1001, 3000, 4001]
MODES = [(tls, deflate) for tls in (False, True) for deflate in (False, True)]
# Lengths around each boundary as text and as binary, some in fragments. The longest once.
MESSAGES = " ".join(
    [f"{kind}={kind}-{size}" for size in SIZES[:-1] for kind in ("text", "binary")]
    + [f"{kind}/{count}={kind}-{size}" for kind in ("text", "binary")
       for count, size in ((5, 125), (3, 65536), (7, MIB))] + ["ping", f"text=text-{SIZES[-1]}"])

build, peer_name = Path(sys.argv[1]).resolve(), sys.argv[2]
temporary = tempfile.TemporaryDirectory(prefix="whysocket-interop-")
folder = Path(temporary.name)
certificate = make_certificate(folder)


def peer(*arguments):
    here = ROOT / "tests/interop/peers"
    if peer_name == "websockets":
        return [sys.executable, here / "websockets_peer.py", *arguments]
    if peer_name == "ws":
        return [node("tests/interop", "ws"), here / "ws_peer.mjs", *arguments]
    command = build / "tests/lws_peer"
    check(command.exists(), "libwebsockets was not there when the tests were built: "
                            "apt-get install libwebsockets-dev, then remove build/test")
    return [command, *arguments]


def write_payloads():
    """Text of characters of every length, cut between two of them; bytes that do not compress. The
    longest repeats itself, since most of the time would go into compressing it."""
    noise = random.Random(7)
    for size in [*SIZES, TOO_LONG]:
        count = 50000 if size <= MIB else 1000
        block = "".join(noise.choices("aeiou \néßж한€😀𝄞", k=count)).encode()
        text = (block * (size // len(block) + 1))[:size].decode(errors="ignore").encode()
        (folder / f"text-{size}").write_bytes(text + b"." * (size - len(text)))
        (folder / f"binary-{size}").write_bytes(noise.randbytes(size))


def messages_for(role, tls, deflate):
    """Debian's libwebsockets cannot take everything that is right. As a client that agreed on
    deflate it hands over twice what comes uncompressed, as what would not shrink does (its issue
    2794), and says nothing of Pongs (2076); as a server it cannot inflate what comes in many TLS
    records (ttyd's issue 1254)."""
    words = MESSAGES.split()
    if peer_name == "lws" and deflate and role == "client":
        words = [word.replace("=binary", "=text") for word in words
                 if not word.endswith("-1") and word != "ping"]
    if peer_name == "lws" and deflate and role == "server" and tls:
        words = [word for word in words if len(word.split("-")[-1]) < 5]
    return words


def mode_name(tls, deflate):
    return f"{'wss' if tls else 'ws'}, {'deflate' if deflate else 'plain'}"


def results(command, plans):
    """What a client says of each plan; a plan's path tells which one is meant."""
    lines = Process(*command, *plans, cwd=folder).all()
    check(len(lines) == len(plans), f"{len(plans)} plans, {lines}")
    return {line["path"]: line for line in lines}


def expect(found, **wanted):
    """A value a key; a code that is None is one that the peer has no way to know."""
    wrong = {key: found.get(key) for key, value in wanted.items() if found.get(key) != value}
    check(not wrong, f"{wrong} instead of {wanted}\n{str(found)[:3000]}")


def expect_code(found, code, reason=None):
    if found["code"] is not None:
        check(found["code"] == code, f"the peer says {found['code']}, not {code}: {found}")
        check(reason is None or found["reason"] == reason, f"the peer's reason: {found}")
    else:
        check(peer_name == "lws", f"no code: {found}")


def expect_record(record, code, cause, first):
    """A close in order: both frames, with one code."""
    expect(record, code=code, cause=cause, first=first)
    for frame in ("sent", "received"):
        check(record[frame] and record[frame]["code"] == code,
              f"{frame}: {record[frame]}, not {code}\n{record}")


def expect_1007(record):
    """After a failure nothing more is read: how the peer answered is for the peer to say."""
    expect(record, code=1007, cause="utf8.invalid", side="peer", first="sent", received=None)
    expect(record["sent"], code=1007)
    expect(record["utf8"], message_number=1, offset=3, **{"class": "bad_lead"})


class OurServer:
    """The peer as a client, against `whysocket serve`; one run of it a mode, several plans."""

    def __init__(self):
        self.server = serve(build, certificate)
        self.answers = {}

    def run_mode(self, tls, deflate):
        base = f"/{int(tls)}{int(deflate)}"
        messages = messages_for("client", tls, deflate)
        plans = [f"{base}/messages {' '.join(messages)} close=1000",
                 *[f"{base}/{code} text=text-125 close={code}" for code in CODES],
                 f"{base}/invalid invalid", f"{base}/long binary=binary-{TOO_LONG}"]
        url = f"{'wss' if tls else 'ws'}://{self.server.addresses[tls]}"
        command = peer("client", url, int(deflate), certificate[0] if tls else "-")
        self.answers.update(results(command, plans))
        return base

    def of(self, path):
        check(path in self.answers, "the peer's run had no end")
        return self.answers[path], self.server.record_of(path)

    def messages(self, tls, deflate):
        base = self.run_mode(tls, deflate)
        answer, record = self.of(f"{base}/messages")
        messages = messages_for("client", tls, deflate)
        pings = messages.count("ping")
        count = len(messages) - pings
        expect(answer, error="", deflate=deflate, echoed=count, pongs=pings)
        expect_record(record, 1000, "peer.closed", "received")
        expect(record["counters"], messages_received=count, messages_sent=count)
        check((record["tls"] is not None) == tls, f"tls: {record['tls']}")

    def closes(self, tls, deflate):
        for code in CODES:
            answer, record = self.of(f"/{int(tls)}{int(deflate)}/{code}")
            expect(answer, error="")
            expect_code(answer, code)
            expect_record(record, code, "peer.closed", "received")
            expect(record["received"], reason="bye")

    def invalid(self, tls, deflate):
        answer, record = self.of(f"/{int(tls)}{int(deflate)}/invalid")
        expect(answer, error="")
        expect_code(answer, 1007)
        expect_1007(record)

    def too_long(self, tls, deflate):
        """The peer hears 1009 although it is still sending."""
        answer, record = self.of(f"/{int(tls)}{int(deflate)}/long")
        expect_code(answer, 1009)
        expect(record, code=1009, cause="limit.message_size")

    def open_sessions(self):
        address = f"http://{self.server.addresses[0]}/metrics"
        lines = urllib.request.urlopen(address, timeout=10).read().decode().splitlines()
        return [line for line in lines if line.startswith("whysocket_sessions_open ")][0].split()[1]

    def stop(self):
        """SIGTERM: every peer is told 1001, and the server ends well."""
        url = f"ws://{self.server.addresses[0]}"
        client = Process(*peer("client", url, 1, "-"), "/stop await", cwd=folder)
        until = time.monotonic() + PATIENCE_S
        while self.open_sessions() != "1":
            check(time.monotonic() < until, f"no session: {client.story()}")
            time.sleep(0.05)
        self.server.process.send_signal(signal.SIGTERM)
        answer = client.all()[0]
        expect(answer, error="")
        expect_code(answer, 1001)
        expect_record(self.server.record_of("/stop"), 1001, "local.shutdown", "sent")
        check(self.server.wait() == 0, f"the server: {self.server.story()}")


def our_server_first():
    """The peer as a client, told to close and pinged by a server of ours."""
    server = Server(build / "tests/closing_server")
    plans = ["/ping/1 say hear=pong close=1000", "/echo/1 text=text-1 binary=binary-1 close=1000",
             *[f"/close/{code}/1 say await" for code in CODES]]
    answers = results(peer("client", f"ws://{server.addresses[0]}", int(peer_name != "lws"), "-"),
                      plans)
    for path in ("/ping/1", "/echo/1"):
        check(not answers[path]["error"], f"{answers[path]}\n{server.story()}")
        expect_record(server.record_of(path), 1000, "peer.closed", "received")
    for code in CODES:
        expect(answers[f"/close/{code}/1"], error="")
        expect_code(answers[f"/close/{code}/1"], code, "bye")
        expect_record(server.record_of(f"/close/{code}/1"), code, "local.closed", "sent")
    check(server.terminate() == -signal.SIGTERM, f"our server: {server.story()}")


class OurClient:
    """The peer as a server, against a client on our API; both are run once a mode."""

    def __init__(self):
        self.answers, self.servers = {}, {}

    def run_mode(self, tls, deflate):
        files = certificate if tls else ("-", "-")
        server = Server(*peer("server", int(deflate), *files), cwd=folder)
        self.servers[tls, deflate] = server
        messages = messages_for("server", tls, deflate)
        plans = [f"/echo/messages {' '.join(messages)} close=1000",
                 *[f"/echo/{code} text=text-125 close={code}" for code in CODES],
                 *[f"/close/{code}/1 say await" for code in CODES],
                 "/ping/1 say hear=pong close=1000", "/echo/refused invalid close=1000",
                 "/invalid/1 say await"]
        url = f"{'wss' if tls else 'ws'}://{server.addresses[0]}"
        self.answers[tls, deflate] = results([build / "tests/echo_client", url, int(deflate),
                                              certificate[0] if tls else "-"], plans)
        server.terminate()

    def of(self, mode, path):
        """What our client, and what the peer says of that connection."""
        check(mode in self.answers, "our client's run had no end")
        server = self.servers[mode]
        answer = self.answers[mode][path]
        expect(answer, error="")
        return answer, answer["record"], server.close_of(path)

    def messages(self, *mode):
        self.run_mode(*mode)
        answer, record, said = self.of(mode, "/echo/messages")
        tls, deflate = mode
        expect(answer, echoed=len(messages_for("server", tls, deflate)) - 1, pongs=1)
        check((answer["compressed"] > 0) == deflate, f"compressed: {answer['compressed']}")
        check((record["tls"] is not None) == tls, f"tls: {record['tls']}")
        expect_record(record, 1000, "local.closed", "sent")
        expect_code(said, 1000)

    def closes(self, *mode):
        for code in CODES:
            _, record, said = self.of(mode, f"/echo/{code}")
            expect_record(record, code, "local.closed", "sent")
            expect_code(said, code, "bye")

    def closed(self, *mode):
        for code in CODES:
            _, record, said = self.of(mode, f"/close/{code}/1")
            expect_record(record, code, "peer.closed", "received")
            expect(record["received"], reason="bye")
            expect_code(said, code)

    def pings(self, *mode):
        _, record, _ = self.of(mode, "/ping/1")
        expect_record(record, 1000, "local.closed", "sent")

    def invalid(self, *mode):
        """What is no UTF-8 does not leave our API; what comes is answered with 1007."""
        _, record, _ = self.of(mode, "/echo/refused")
        expect_record(record, 1000, "local.closed", "sent")
        _, record, said = self.of(mode, "/invalid/1")
        expect_1007(record)
        expect_code(said, 1007)


def tests_of(our, names, role):
    for tls, deflate in MODES:
        for method, behaviour in names:
            def test(method=method, mode=(tls, deflate)):
                getattr(our, method)(*mode)
            test.__name__ = f"{peer_name} as {role}, {mode_name(tls, deflate)}: {behaviour}"
            yield test


def all_tests():
    write_payloads()
    try:
        our_server = OurServer()
    except (Failed, OSError) as error:
        our_server, story = None, str(error)

        def our_server_starts():
            raise Failed(story)
        yield our_server_starts
    if our_server:
        yield from tests_of(our_server, [("messages", "messages of 1 byte to 16 MiB, a Ping"),
                                         ("closes", "its codes are answered and recorded"),
                                         ("invalid", "its invalid text is 1007 on both sides"),
                                         ("too_long", "too long a message is 1009 on both sides")],
                            "client")
    our_server_first.__name__ = f"{peer_name} as client: our server closes and pings first"
    yield our_server_first
    yield from tests_of(OurClient(), [("messages", "messages of 1 byte to 16 MiB, a Ping"),
                                      ("closes", "our codes are answered and recorded"),
                                      ("closed", "its codes are answered and recorded"),
                                      ("pings", "its Ping is answered"),
                                      ("invalid", "its invalid text is 1007 on both sides")],
                        "server")
    if our_server:
        our_server.stop.__func__.__name__ = f"{peer_name} as client: a server that stops is 1001"
        yield our_server.stop


main(list(all_tests()))
