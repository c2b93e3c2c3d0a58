#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Other people's clients turn the certificate of `whysocket serve` down, and its record has to name
why: the reason, or at most three that the evidence allows, the true one among them.

usage: tls_server_test.py BUILD
"""
import contextlib
import json
import os
import pathlib
import queue
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
# pylint: disable=wrong-import-position
from support.peers import Certificates, environment, run_tests  # noqa: E402
from support.scenario import LOOP  # noqa: E402

WHYSOCKET = pathlib.Path(sys.argv[1]).resolve() / "src/cmd/whysocket"
FOLDER = pathlib.Path(tempfile.mkdtemp(prefix="whysocket-tls-server-"))
PEM = Certificates(FOLDER)
GO_CLIENT = FOLDER / "tls_client"

# What is wrong with a certificate, and the cause that has to be among the reasons.
FAULTS = {
    "expired": "tls.cert.expired",
    "unknown-ca": "tls.chain.untrusted_ca",
    "wrong-name": "tls.cert.name_mismatch",
    "not-yet-valid": "tls.cert.not_yet_valid",
    "wrong-purpose": "tls.cert.wrong_purpose",
    "other-trust": "tls.chain.untrusted_ca",  # nothing is wrong but what the client trusts
}


def pairs():
    other = FOLDER / "other"
    other.mkdir()
    return {
        "good": PEM.leaf("good", purpose="serverAuth"),
        "expired": PEM.leaf("expired", end="20260101000000Z"),
        "unknown-ca": Certificates(other).leaf("stranger"),
        "wrong-name": PEM.leaf("elsewhere", names="DNS:elsewhere.example"),
        "not-yet-valid": PEM.leaf("future", start="20480101000000Z"),
        "wrong-purpose": PEM.leaf("purpose", purpose="clientAuth"),
        "other-trust": PEM.leaf("trusted"),
    }


class Serve:
    """`whysocket serve --json`, and its events as they come."""

    def __init__(self, *arguments, pair=None, plain=False):
        certificate = ["--cert", pair[0], "--key", pair[1]] if pair else []
        listen = ["--listen", "127.0.0.1:0"] if plain else []
        self.process = subprocess.Popen(
            [WHYSOCKET, "serve", *LOOP, "--json", "--listen-tls", "127.0.0.1:0", *listen,
             "--client-trust", PEM.ca, *certificate, *arguments], stdout=subprocess.PIPE, stdin=subprocess.DEVNULL,
            text=True, env=environment(), start_new_session=True)
        self.events = queue.Queue()
        threading.Thread(target=self.read, daemon=True).start()
        self.ports = {}
        for _ in range(1 + plain):
            event = self.next("listening")
            self.ports[event["tls"]] = int(event["address"].rsplit(":", 1)[1])
        self.port = self.ports[True]

    def read(self):
        for line in self.process.stdout:
            self.events.put(json.loads(line))

    def next(self, kind, seconds=20):
        end = time.monotonic() + seconds
        while True:
            event = self.events.get(timeout=max(0.01, end - time.monotonic()))
            if event["event"] == kind:
                return event

    def record(self, *causes, seconds=20):
        """The next record, or the next with one of these causes."""
        while True:
            record = self.next("close", seconds)["record"]
            if not causes or record["cause"] in causes:
                return record

    def quiet(self, seconds=0.5):
        """Nothing more comes."""
        with contextlib.suppress(queue.Empty):
            raise AssertionError(self.events.get(timeout=seconds))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        if self.process.wait(20) != 0:
            raise AssertionError(f"serve ended with {self.process.returncode}")


# ---- Clients: each goes to https://localhost:PORT/healthz, trusts what it is told to and what else
# it has, and returns what it says


def run(*command, input="", **changes):  # pylint: disable=redefined-builtin
    home = {"HOME": str(FOLDER / "home"), **changes}
    done = subprocess.run(list(map(str, command)), input=input, text=True, timeout=60,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, errors="replace",
                          env=environment(**home), check=False)
    return done.stdout


def curl(port, trusted):
    return run("curl", "-sS", "--max-time", "20", "--cacert", trusted,
               f"https://localhost:{port}/healthz")


NODE = """const https = require("https");
https.get(process.argv[1], (answer) => answer.pipe(process.stdout))
    .on("error", (error) => console.log(error.code));"""


def node(port, trusted):
    return run("node", "-e", NODE, f"https://localhost:{port}/healthz", NODE_EXTRA_CA_CERTS=trusted)


def python(port, trusted):
    context = ssl.create_default_context(cafile=trusted)
    try:
        with socket.create_connection(("127.0.0.1", port), 20) as connection:
            with context.wrap_socket(connection, server_hostname="localhost") as secure:
                secure.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n"
                               b"Connection: close\r\n\r\n")
                return secure.recv(4096).decode() + secure.recv(4096).decode()
    except ssl.SSLError as error:
        return str(error)


def go_client(port, trusted):
    if not GO_CLIENT.exists():
        built = run("go", "build", "-o", GO_CLIENT, HERE / "peers/tls_client.go",
                    GO111MODULE="off", GOCACHE=os.environ.get("GOCACHE", str(FOLDER / "go")))
        if not GO_CLIENT.exists():
            raise AssertionError(built)
    return run(GO_CLIENT, f"localhost:{port}", "localhost", trusted)


def chromium(port, trusted):
    home = FOLDER / ("home-" + pathlib.Path(trusted).parent.name)
    if not (home / ".pki/nssdb").exists():
        (home / ".pki/nssdb").mkdir(parents=True)
        database = f"sql:{home}/.pki/nssdb"
        run("certutil", "-N", "-d", database, "--empty-password")
        run("certutil", "-A", "-d", database, "-n", "Test CA", "-t", "C,,", "-i", trusted)
    return run("chromium", "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
               "--disable-background-networking", f"--user-data-dir={home}/chromium", "--dump-dom",
               f"https://localhost:{port}/healthz", HOME=str(home))


def gnutls(port, trusted):
    return run("gnutls-cli", "--x509cafile", trusted, "--port", port, "localhost",
               input="GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")


CLIENTS = {"curl": (curl, "openssl"), "node": (node, "node"), "python": (python, "openssl"),
           "go": (go_client, "go"), "chromium": (chromium, "chromium"),
           "gnutls": (gnutls, "gnutls")}


# ---- Tests


def is_answer(said):
    """The body of /healthz is there, in a browser as a line of its page."""
    return re.search(r"(^|>)ok$", said, re.M) is not None


def refuses(name, fault):
    client, kind = CLIENTS[name]

    def test():
        with Serve(pair=PAIRS[fault]) as server:
            said = client(server.port, OTHER_CA if fault == "other-trust" else PEM.ca)
            assert not is_answer(said), f"{name} goes on: {said}"
            record = server.record("tls.our_cert.rejected", "tls.client_left")
            tls = record["tls"]
            facts = f"{name} said: {said[:300]}\n{json.dumps({**record, 'tls': None})}\n" \
                    f"{json.dumps({**tls, 'chain': None})}"
            assert record["cause"] == "tls.our_cert.rejected", facts
            assert record["side"] == "us", facts
            assert tls["offer"]["client"] == kind, facts
            assert tls["self_checked"] and tls["server_name"] == "localhost", facts
            assert FAULTS[fault] in tls["reasons"] and len(tls["reasons"]) <= 3, facts
            FIGURES.append((name, fault, len(tls["reasons"]), tls["reasons"][0] == FAULTS[fault]))
    return test


def goes_on(name):
    def test():
        with Serve(pair=PAIRS["good"]) as server:
            said = CLIENTS[name][0](server.port, PEM.ca)
            # gnutls-cli leaves once it has sent what it was given.
            assert is_answer(said) or "- Handshake was completed" in said, said
            with contextlib.suppress(queue.Empty):
                while True:
                    # A browser may drop a spare connection; that is no refusal.
                    record = server.next("close", 0.7)["record"]
                    assert record["cause"] == "tls.client_left", record
    return test


def told_of_plain_http():
    with Serve(pair=PAIRS["good"], plain=True) as server:
        said = run("curl", "-sS", "-i", "--max-time", "20", f"http://127.0.0.1:{server.port}/")
        assert said.startswith("HTTP/1.1 400 ") and "wss://" in said, said
        record = server.record()
        assert record["cause"] == "tls.plain_http" and record["side"] == "peer", record
        said = run("curl", "-sS", "--max-time", "20", f"https://127.0.0.1:{server.ports[False]}/")
        assert "alert" in said, said
        assert server.record()["cause"] == "http.request.tls"


def versions_that_do_not_meet():
    with Serve(pair=PAIRS["good"]) as server:
        run("curl", "-sS", "--max-time", "20", "--tls-max", "1.1", "--ciphers",
            "DEFAULT@SECLEVEL=0", f"https://localhost:{server.port}/")
        record = server.record()
        assert record["cause"] == "tls.version" and record["side"] == "peer", record
        assert "TLS 1.1 at most" in record["detail"], record["detail"]
        run("curl", "-sS", "--max-time", "20", "--tls-max", "1.2", "--ciphers",
            "ECDHE-RSA-AES128-GCM-SHA256", f"https://localhost:{server.port}/")
        record = server.record()
        assert record["cause"] == "tls.no_shared_cipher", record
        assert "our certificate, which has a EC key" in record["detail"], record["detail"]
        run("curl", "-sS", "--max-time", "20", "--curves", "secp224r1", "--tls-max", "1.2",
            "--ciphers", "ECDHE", f"https://localhost:{server.port}/")
        record = server.record()
        assert record["cause"] == "tls.no_shared_group", record
        assert "the client offers secp224r1; here: x25519" in record["detail"], record["detail"]
        # TLS 1.3 has no such group, so that curl cannot make its hello.
        run("curl", "-sS", "--max-time", "20", "--curves", "brainpoolP256r1",
            f"https://localhost:{server.port}/")
        record = server.record()
        assert record["cause"] == "tls.alert", record
        assert "alert internal_error (80) instead of a ClientHello" in record["detail"], record


def a_scan_is_told_apart():
    with Serve(pair=PAIRS["good"]) as server:
        socket.create_connection(("127.0.0.1", server.port)).close()
        assert server.record()["cause"] == "tls.no_hello"


def a_client_by_address_looks_for_the_address():
    with Serve(pair=PEM.leaf("names", names="DNS:localhost")) as server:
        run("curl", "-sS", "--max-time", "20", "--cacert", PEM.ca,
            f"https://127.0.0.1:{server.port}/")
        record = server.record()
        assert record["cause"] == "tls.our_cert.rejected" and record["likely"], record
        assert record["tls"]["reasons"] in (["tls.cert.ip_not_listed"],
                                            ["tls.cert.name_mismatch"]), record["tls"]["reasons"]


def subject_at(port, name):
    context = ssl.create_default_context(cafile=PEM.ca)
    context.check_hostname = False
    with socket.create_connection(("127.0.0.1", port), 20) as connection:
        with context.wrap_socket(connection, server_hostname=name) as secure:
            return dict(part[0] for part in secure.getpeercert()["subject"])["commonName"]


def certificates_by_name():
    first = PEM.leaf("first", names="DNS:first.example")
    wild = PEM.leaf("wild", names="DNS:*.wild.example")
    exact = PEM.leaf("exact", names="DNS:a.wild.example")
    with Serve("--cert", first[0], "--key", first[1], "--cert", wild[0], "--key", wild[1],
               "--cert", exact[0], "--key", exact[1]) as server:
        for name, shown in (("first.example", "first"), ("b.wild.example", "wild"),
                            ("a.wild.example", "wild"), ("x.y.wild.example", "first"),
                            ("WILD.example", "first"), ("B.Wild.Example", "wild")):
            assert subject_at(server.port, name) == shown, (name, shown)


def read_again_on_sighup():
    now = [FOLDER / "now.pem", FOLDER / "now.key"]
    for source, target in zip(PEM.leaf("before"), now):
        shutil.copy(source, target)
    with Serve("--threads", "2", pair=list(map(str, now))) as server:
        context = ssl.create_default_context(cafile=PEM.ca)
        with socket.create_connection(("127.0.0.1", server.port), 20) as connection, \
                context.wrap_socket(connection, server_hostname="localhost") as open_one:
            for source, target in zip(PEM.leaf("after"), now):
                shutil.copy(source, target)
            server.process.send_signal(signal.SIGHUP)
            event = server.next("reload")
            assert event["done"] and event["error"] is None, event
            # One thread says that it is done; the other reads the files at its own pace, and who of
            # them accepts is chance.
            end, seen = time.monotonic() + 20, []
            while set(seen[-8:]) != {"after"} or len(seen) < 8:
                assert time.monotonic() < end, seen
                seen.append(subject_at(server.port, "localhost"))
            now[0].write_text(now[0].read_text()[:300])
            server.process.send_signal(signal.SIGHUP)
            event = server.next("reload")
            assert not event["done"] and "now.pem" in event["error"], event
            assert "line " in event["error"], event
            assert subject_at(server.port, "localhost") == "after"
            open_one.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert open_one.recv(4096).startswith(b"HTTP/1.1 200 ")


def a_flood_of_refusals_is_cheap():
    with Serve(pair=PAIRS["wrong-name"]) as server:
        begin = time.monotonic()
        count = 200
        for _ in range(count):
            python(server.port, PEM.ca)
        took = time.monotonic() - begin
        records = [server.record() for _ in range(count)]
        checked = sum(record["tls"]["self_checked"] for record in records)
        assert checked == count, f"{checked} of {count} were checked"
        print(f"# {count} refusals in {took:.2f} s, each with its reasons")


def main():
    tests = [(f"{name} goes on with a good certificate", goes_on(name)) for name in CLIENTS]
    tests += [(f"{name} refuses: {fault}", refuses(name, fault))
              for name in CLIENTS for fault in FAULTS]
    tests += [(test.__name__.replace("_", " "), test) for test in (
        told_of_plain_http, versions_that_do_not_meet, a_scan_is_told_apart,
        a_client_by_address_looks_for_the_address, certificates_by_name, read_again_on_sighup,
        a_flood_of_refusals_is_cheap)]
    try:
        status = run_tests(tests)
    finally:
        shutil.rmtree(FOLDER, ignore_errors=True)
    first = sum(figure[3] for figure in FIGURES)
    print(f"# {len(FIGURES)} refusals named, {first} with the true reason first; "
          f"{sum(figure[2] for figure in FIGURES)} reasons in all")
    return status


OTHER_CA = str(FOLDER / "other/ca.pem")
PAIRS = pairs()
FIGURES = []
sys.exit(main())
