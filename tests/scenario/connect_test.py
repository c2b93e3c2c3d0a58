#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""whysocket connect: in pipes, at a terminal, as JSON, and how it ends.

usage: connect_test.py TEST_BUILD
"""
import base64
import contextlib
import errno
import fcntl
import hashlib
import json
import os
import pty
import re
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
from pathlib import Path

import jsonschema

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.scenario import LOOP, ROOT, check, closed_port, main

WHYSOCKET = f"{sys.argv[1]}/src/cmd/whysocket"
STATE = tempfile.TemporaryDirectory()
CLEAN = {**{key: value for key, value in os.environ.items()
            if not key.startswith(("LC_", "LANG", "CLICOLOR", "NO_COLOR", "COLUMNS", "TERM"))
            and not key.lower().endswith("_proxy")},
         "XDG_STATE_HOME": STATE.name, "HOME": STATE.name}
DEADLINE = 20  # seconds, for whatever is waited for


# ---- Peers ----

@contextlib.contextmanager
def echo():
    """whysocket's own server; gives its URL and its process."""
    with subprocess.Popen([WHYSOCKET, "serve", *LOOP, "--listen", "127.0.0.1:0", "--json"], env=CLEAN,
                          stdout=subprocess.PIPE) as server:
        try:
            address = json.loads(server.stdout.readline())["address"]
            yield f"ws://{address}/echo", server
        finally:
            server.terminate()


def frame(opcode, payload):
    """A server's frame: whole, unmasked."""
    length = (bytes([len(payload)]) if len(payload) < 126
              else b"\x7e" + struct.pack(">H", len(payload)))
    return bytes([0x80 | opcode]) + length + payload


def upgrade(peer):
    """Read a request and answer 101."""
    head = b""
    while b"\r\n\r\n" not in head:
        head += peer.recv(65536)
    key = re.search(rb"Sec-WebSocket-Key: (\S+)", head)[1]
    accept = hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()
    peer.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                 b"Sec-WebSocket-Accept: " + base64.b64encode(accept) + b"\r\n\r\n")


@contextlib.contextmanager
def peer_that(*scripts):
    """A server that runs a script for each connection, one after the other; gives its URL."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(DEADLINE)

    def serve():
        for script in scripts:
            with contextlib.suppress(OSError):
                peer, _ = listener.accept()
                with peer:
                    peer.settimeout(DEADLINE)
                    upgrade(peer)
                    script(peer)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"ws://127.0.0.1:{listener.getsockname()[1]}/"
    finally:
        listener.close()
        thread.join(DEADLINE)


def end(peer):
    """End the stream, and read until the client is gone."""
    peer.shutdown(socket.SHUT_WR)
    while peer.recv(65536):
        pass


def sends(data):
    """Send bytes, then a Close."""
    def script(peer):
        peer.sendall(data + frame(8, struct.pack(">H", 1000)))
        end(peer)
    return script


# ---- Runs ----

def connect(url, *options, text=b"", **environment):
    done = subprocess.run([WHYSOCKET, "connect", url, *options], input=text, capture_output=True,
                          timeout=DEADLINE, env={**CLEAN, **environment}, check=False)
    return done.returncode, done.stdout, done.stderr.decode()


class Terminal:
    """The command with a terminal of 60 columns for stdin, stdout and stderr."""

    def __init__(self, *arguments, **environment):
        self.leader, follower = pty.openpty()
        self.settings = termios.tcgetattr(follower)
        fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 60, 0, 0))
        self.process = subprocess.Popen(
            [WHYSOCKET, "connect", "--color=never", *arguments], stdin=follower, stdout=follower, stderr=follower,
            start_new_session=True, env={**CLEAN, "TERM": "xterm", **environment},
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        self.follower = follower
        self.seen = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(DEADLINE)
        os.close(self.leader)
        os.close(self.follower)

    def type(self, data):
        os.write(self.leader, data.encode())

    def read(self, timeout):
        ready, _, _ = select.select([self.leader], [], [], timeout)
        if not ready:
            return False
        try:
            self.seen += os.read(self.leader, 65536)
        except OSError as error:
            if error.errno != errno.EIO:
                raise
            return False
        return True

    def expect(self, text):
        """Wait until it has written this; what was before is forgotten."""
        wanted = text.encode()
        end = time.monotonic() + DEADLINE
        while wanted not in self.seen:
            left = end - time.monotonic()
            check(left > 0 and self.process.poll() is None or self.read(0.2) or wanted in self.seen,
                  f"{text!r} did not come: {self.seen!r}")
            self.read(0.1)
        before, _, self.seen = self.seen.partition(wanted)
        return before.decode(errors="replace")

    def end(self):
        """Its exit code, once it has ended by itself."""
        end = time.monotonic() + DEADLINE
        while self.process.poll() is None:
            check(time.monotonic() < end, f"it did not end: {self.seen!r}")
            self.read(0.1)
        while self.read(0):
            pass
        return self.process.returncode


def validator():
    with open(ROOT / "docs/connect-event.schema.json", encoding="utf-8") as file:
        schema = json.load(file)
    resolver = jsonschema.RefResolver(f"file://{ROOT}/docs/connect-event.schema.json", schema)
    return jsonschema.Draft202012Validator(schema, resolver=resolver)


def events_of(output):
    checker = validator()
    events = [json.loads(line) for line in output.decode().splitlines()]
    for event in events:
        checker.validate(event)
    return events


# ---- In pipes ----

def lines_go_there_and_back():
    with echo() as (url, _):
        code, out, err = connect(url, text="hi\n\ndeux\r\nčas: ☃".encode())
    check((code, out) == (0, "hi\n\ndeux\r\nčas: ☃\n".encode()), f"{code} {out} {err}")
    check(err.count("\n") == 1 and err.startswith("whysocket connect: 1000 local.closed"), err)


def a_file_and_nothing_at_all_are_read_too():
    with echo() as (url, _), tempfile.NamedTemporaryFile() as file:
        file.write(b"line\n" * 50000)
        file.flush()
        with open(file.name, "rb") as source:
            done = subprocess.run([WHYSOCKET, "connect", url], stdin=source, capture_output=True,
                                  timeout=DEADLINE, env=CLEAN, check=False)
        check((done.returncode, done.stdout) == (0, b"line\n" * 50000), done.stderr)
        with open(os.devnull, "rb") as source:
            done = subprocess.run([WHYSOCKET, "connect", url, "--wait", "50ms"], stdin=source,
                                  capture_output=True, timeout=DEADLINE, env=CLEAN, check=False)
        check((done.returncode, done.stdout) == (0, b""), done.stderr)


def bytes_go_there_and_back():
    data = os.urandom(700000)
    with echo() as (url, _):
        code, out, err = connect(url, "--binary", text=data)
    check(code == 0 and out == data, f"{code} {len(out)} {err}")


def a_binary_message_is_a_line_of_hex():
    with peer_that(sends(frame(2, b"\x00\xffab") + frame(1, b"text"))) as url:
        code, out, err = connect(url, "--wait", "0")
    check((code, out) == (0, b"00ff6162\ntext\n"), f"{code} {out} {err}")


def text_that_is_not_utf8_is_refused_with_its_place():
    with echo() as (url, _):
        code, out, err = connect(url, "--wait", "0", text=b"good\nab\xffcd\nmore\n")
        check((code, out) == (2, b"good\n"), f"{code} {out} {err}")
        check("line 2 of the input is not UTF-8: byte ff at offset 2" in err, err)
        code, out, err = connect(url, text=b"cut \xe2\x98")
        check(code == 2 and "it ends inside a character, at offset 6" in err, f"{code} {err}")
        code, out, err = connect(url, "--lang", "fr", text=b"\xff\n")
        check(code == 2 and "la ligne 1 de l'entrée" in err, f"{code} {err}")


def without_a_wait_the_peer_closes():
    def script(peer):
        time.sleep(1.5)
        sends(frame(1, b"late"))(peer)
    with peer_that(script) as url:
        code, out, err = connect(url, "--wait", "0")
    check((code, out) == (0, b"late\n"), f"{code} {out} {err}")


def a_reader_that_goes_away_ends_it():
    with echo() as (url, _):
        with subprocess.Popen(["yes"], stdout=subprocess.PIPE) as source, \
                subprocess.Popen([WHYSOCKET, "connect", url], stdin=source.stdout, env=CLEAN,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE) as run:
            source.stdout.close()
            check(run.stdout.readline() == b"y\n", "no answer")
            run.stdout.close()
            code = run.wait(DEADLINE)
            err = run.stderr.read().decode()
    check(code == 0 and err.count("\n") == 1, f"{code} {err}")


def stdin_is_read_no_faster_than_the_peer_takes_it():
    release = threading.Event()

    def script(peer):
        release.wait(DEADLINE)
    with peer_that(script) as url:
        with subprocess.Popen([WHYSOCKET, "connect", url], stdin=subprocess.PIPE, env=CLEAN,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as run:
            os.set_blocking(run.stdin.fileno(), False)
            line, taken, quiet = b"x" * 999 + b"\n", 0, 0
            while quiet < 10 and taken < 200 << 20:
                try:
                    taken += os.write(run.stdin.fileno(), line * 60)
                    quiet = 0
                except BlockingIOError:
                    quiet += 1
                    time.sleep(0.1)
            release.set()
            run.kill()
    check(1 << 20 < taken < 32 << 20, f"it took {taken} bytes")


def the_peer_is_read_no_faster_than_stdout_takes_it():
    sent = []

    def script(peer):
        peer.settimeout(1)
        data = frame(1, b"y" * 1000) * 60
        with contextlib.suppress(TimeoutError):
            while sum(sent) < 200 << 20:
                sent.append(peer.send(data))
    with peer_that(script) as url:
        with subprocess.Popen([WHYSOCKET, "connect", url, "--wait", "0"], env=CLEAN,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL) as run:
            time.sleep(3)
            blocked = sum(sent)
            out = run.stdout.read()
            run.wait(DEADLINE)
    check(blocked < 64 << 20, f"it read {blocked} bytes")
    lines = out.split(b"\n")
    check(set(lines[:-1]) == {b"y" * 1000} and len(lines) > blocked // 1010, f"{len(lines)}")


# ---- How it ends ----

def every_end_has_its_exit_code():
    with closed_port() as port:
        code, out, err = connect(f"ws://127.0.0.1:{port}/")
    check((code, out) == (11, b"") and "tcp.refused" in err and err.count("\n") == 1,
          f"{code} {err}")
    for url in ("ws:/x", "ftp://127.0.0.1/", "ws://127.0.0.1:99999/", ""):
        code, out, err = connect(url)
        check((code, out) == (2, b"") and err.count("\n") == 1, f"{url} {code} {err}")
    for options in (["--cacert", "/nonexistent"], ["--header", "Host: x"], ["--key", "/dev/null"],
                    ["--header", "X: a\nb"], ["--proxy", "gopher://x"], ["--resolve", "x"]):
        code, out, err = connect("wss://127.0.0.1:1/", *options)
        check((code, out) == (2, b"") and err.count("\n") == 1, f"{options} {code} {err}")
    for close, expected in ((struct.pack(">H", 1000), 0), (struct.pack(">H", 1001), 0), (b"", 0),
                            (struct.pack(">H", 1011) + b"\x1b[31mred", 18),
                            (struct.pack(">H", 4999), 18), (struct.pack(">H", 1005), 17)):
        with peer_that(lambda peer, data=close: peer.sendall(frame(8, data))) as url:
            code, out, err = connect(url, "--wait", "0")
        check(code == expected and "\x1b" not in err, f"{close} {code} {err}")


def a_server_that_is_gone_is_abnormal():
    with echo() as (url, server):
        with subprocess.Popen([WHYSOCKET, "connect", url], stdin=subprocess.PIPE, env=CLEAN,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE) as run:
            run.stdin.write(b"a\n")
            run.stdin.flush()
            check(run.stdout.readline() == b"a\n", "no answer")
            server.kill()
            code = run.wait(DEADLINE)
            err = run.stderr.read().decode()
    check(code == 19 and "1006 tcp." in err, f"{code} {err}")


def ctrl_c_closes_and_twice_ends_at_once():
    with echo() as (url, _):
        with subprocess.Popen([WHYSOCKET, "connect", url], stdin=subprocess.PIPE, env=CLEAN,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE) as run:
            run.stdin.write(b"a\n")
            run.stdin.flush()
            run.stdout.readline()
            run.send_signal(signal.SIGINT)
            check(run.wait(DEADLINE) == 0, "it did not close in order")

    closing = threading.Event()

    def script(peer):
        peer.sendall(frame(1, b"up"))
        while peer.recv(65536):
            closing.set()

    def slow(peer):
        peer.sendall(frame(1, b"up"))
        time.sleep(1.5)
        sends(b"")(peer)
    with peer_that(slow) as url:
        with subprocess.Popen([WHYSOCKET, "connect", url], stdin=subprocess.DEVNULL, env=CLEAN,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE) as run:
            run.stdout.readline()
            run.send_signal(signal.SIGINT)
            check(run.wait(DEADLINE) == 0, "the end of stdin made it impatient")
    with peer_that(script) as url:
        with subprocess.Popen([WHYSOCKET, "connect", url], stdin=subprocess.PIPE, env=CLEAN,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE) as run:
            run.stdout.readline()
            run.send_signal(signal.SIGINT)
            check(closing.wait(DEADLINE), "no Close came")
            run.send_signal(signal.SIGINT)
            code = run.wait(DEADLINE)
            err = run.stderr.read().decode()
    check(code == 19, f"{code}")
    check("1006 local.abandoned" in err and err.count("\n") == 1, err)


def it_connects_again_where_that_can_mend():
    def gone(peer):
        peer.sendall(frame(1, b"first"))
    with peer_that(gone, sends(frame(1, b"second"))) as url:
        code, out, err = connect(url, "--reconnect", "--wait", "0")
    check((code, out) == (0, b"first\nsecond\n"), f"{code} {out} {err}")
    lines = err.splitlines()
    check(len(lines) == 3 and "1006" in lines[0] and "(attempt 1)" in lines[1], err)
    with peer_that(gone, sends(b"")) as url:
        code, out, err = connect(url, "--reconnect", "--json", "--wait", "0")
    kinds = [event["event"] for event in events_of(out)]
    check(kinds == ["open", "message", "close", "reconnect", "open", "close"], f"{kinds} {err}")


def the_way_there_is_as_the_options_say():
    folder = Path(STATE.name)
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=there.example",
                    "-addext", "subjectAltName=DNS:there.example", "-keyout", folder / "key.pem",
                    "-out", folder / "cert.pem"], check=True, capture_output=True, timeout=DEADLINE)
    log = folder / "secrets"
    with subprocess.Popen([WHYSOCKET, "serve", "--listen", "127.0.0.1:0", "--listen-tls",
                           "127.0.0.1:0", "--cert", folder / "cert.pem", "--key",
                           folder / "key.pem", "--json"], env=CLEAN,
                          stdout=subprocess.PIPE) as server:
        try:
            ports = {}
            for _ in range(2):
                event = json.loads(server.stdout.readline())
                ports[event["tls"]] = event["address"].rpartition(":")[2]
            url = f"wss://there.example:{ports[True]}/echo"
            resolve = ("--resolve", f"there.example:{ports[True]}:127.0.0.1")
            code, out, err = connect(url, *resolve, text=b"hi\n")
            check((code, out) == (14, b"") and "1015 tls." in err, f"{code} {err}")
            for trust in (["--cacert", folder / "cert.pem"], ["--insecure"]):
                code, out, err = connect(url, *resolve, *trust, "--timeout", "5s", text=b"hi\n",
                                         SSLKEYLOGFILE=str(log))
                check((code, out) == (0, b"hi\n"), f"{trust} {code} {err}")
            check("CLIENT_TRAFFIC_SECRET_0 " in log.read_text(), log.read_text())
            check(log.stat().st_mode & 0o777 == 0o600, oct(log.stat().st_mode))
            code, out, err = connect(url, *resolve, "--insecure", text=b"hi\n",
                                     SSLKEYLOGFILE="/nonexistent/file")
            check((code, out) == (0, b"hi\n") and "SSLKEYLOGFILE" in err, f"{code} {err}")
            # A proxy of the environment is used, unless --proxy says otherwise.
            code, _, err = connect(url, "--insecure", text=b"", wss_proxy="http://127.0.0.1:1")
            check(code in (11, 13) and "127.0.0.1:1" in err, f"{code} {err}")
            code, out, err = connect(url, *resolve, "--insecure", "--proxy", "none", text=b"hi\n",
                                     wss_proxy="http://127.0.0.1:1")
            check((code, out) == (0, b"hi\n"), f"{code} {err}")
            code, _, err = connect(url, wss_proxy="gopher://x")
            check(code == 2 and "wss_proxy" in err, f"{code} {err}")
        finally:
            server.terminate()


# ---- As JSON ----

def events_are_lines_of_json():
    data = (frame(9, b"are you") + frame(10, b"there") + frame(1, b"\x1b[31m\xe2\x98\x83")
            + frame(2, b"\x00\xff"))
    with peer_that(sends(data)) as url:
        code, out, err = connect(url, "--json", "--wait", "0")
    events = events_of(out)
    check((code, err) == (0, ""), f"{code} {err}")
    check(b"\x1b" not in out, out)
    check([event["event"] for event in events] == ["open", "ping", "pong", "message", "message",
                                                   "close"], events)
    check(events[1]["hex"] == b"are you".hex() and events[3]["text"] == "\x1b[31m☃"
          and events[4]["hex"] == "00ff" and events[5]["record"]["code"] == 1000, events)
    with closed_port() as port:
        code, out, err = connect(f"ws://127.0.0.1:{port}/", "--json")
    check(code == 11 and [e["record"]["cause"] for e in events_of(out)] == ["tcp.refused"],
          f"{code} {out} {err}")
    check(not validator().is_valid({"event": "message", "type": "text", "hex": ""}), "any passes")
    check(not validator().is_valid({"event": "close", "record": {}}), "any record passes")


# ---- At a terminal ----

def a_person_types_and_sees_the_answer():
    with echo() as (url, _), Terminal(url) as terminal:
        terminal.expect("connected to 127.0.0.1:")
        terminal.expect("> ")
        terminal.type("hé ☃\r")
        terminal.expect("< hé ☃")
        terminal.type("//slash\r")
        terminal.expect("< /slash")
        terminal.type("/binary 00 ff 41\r")
        terminal.expect("binary, 3 bytes")
        terminal.expect("00000000  00 ff 41")
        terminal.expect("|..A|")
        terminal.type("/ping hello\r")
        terminal.expect("pong after ")
        terminal.expect(" ms hello")
        terminal.type("\x04")
        check(terminal.end() == 0, terminal.seen)
        check(b"1000 local.closed" in terminal.seen, terminal.seen)
        check(termios.tcgetattr(terminal.follower) == terminal.settings, "the terminal is changed")


def what_cannot_be_done_is_explained():
    with echo() as (url, _), Terminal(url) as terminal:
        terminal.expect("> ")
        for line, says in (("/pong", "is /ping meant?"), ("/xyzzy", "see /help"),
                           ("/binary 0g", "pairs of hex digits"), ("/close 1006", "may not be sent"),
                           ("/close 99999999999999999999", "may not be sent"),
                           ("/close bye", "a code is a number"), ("/close 4000 " + 124 * "x", "123"),
                           ("/ping " + 126 * "x", "125"), ("/help", "/close [CODE [REASON]]")):
            terminal.type(line + "\r")
            terminal.expect(says)
        terminal.type("/close 4001 bye\r")
        check(terminal.end() == 0, terminal.seen)
    with echo() as (url, server), Terminal(url) as terminal:
        terminal.expect("> ")
        terminal.type("/close 4001 bye\r")
        check(terminal.end() == 0, terminal.seen)
        record = json.loads(server.stdout.readline())["record"]
        check(record["received"] == {"code": 4001, "reason": "bye", "reason_hex": None}, record)


def a_message_does_not_break_the_line_being_typed():
    go = threading.Event()

    def script(peer):
        go.wait(DEADLINE)
        peer.sendall(frame(1, b"meanwhile"))
        peer.settimeout(DEADLINE)
        got = peer.recv(65536)
        peer.sendall(frame(1, b"got %d" % len(got)))
        sends(b"")(peer)
    for typed in ("half a li", "wrapped " * 10):  # the second takes two rows of 60 columns
        go.clear()
        with peer_that(script) as url, Terminal(url) as terminal:
            terminal.expect("> ")
            terminal.type(typed)
            terminal.expect(typed[-2:].strip())
            time.sleep(0.3)
            go.set()
            before = terminal.expect("< meanwhile")
            rows = (2 + len(typed)) // 60
            up = f"\x1b[{rows}A" if rows else ""
            check(f"\r{up}\x1b[J" in before, repr(before))
            terminal.expect("> " + typed[:7])
            terminal.type("ne\r")
            terminal.expect(f"got {len(typed) + 2 + 6}")
            check(terminal.end() == 0, terminal.seen)


def nothing_from_a_peer_is_printed_raw():
    text = "\x1b]0;title\x07 \x9b31m \u202e a\nb \x1b[2J".encode()
    close = struct.pack(">H", 4000) + b"\x1b[31mreason"
    ours = re.compile(rb"\x1b\[\d*[ABCDJKm]|\x1b\[\?\d+[hl]|\x1b=|\x1b>")

    def script(peer):
        peer.sendall(frame(1, text) + frame(2, b"\x1b[31m") + frame(8, close))
        end(peer)
    with peer_that(script) as url, Terminal(url) as terminal:
        terminal.expect("< \\x1b]0;title\\x07")
        terminal.expect("a\r\n  b")
        check(terminal.end() == 18, terminal.seen)
        check(b"\\x1b[31mreason" in terminal.seen, terminal.seen)
        check(b"\x1b[2J" not in terminal.seen and b"\x1b]" not in terminal.seen, terminal.seen)
        check(b"\x1b" not in ours.sub(b"", terminal.seen), terminal.seen)
    # The same where stdin is a pipe and stdout a terminal.
    with peer_that(script) as url:
        leader, follower = pty.openpty()
        done = subprocess.run([WHYSOCKET, "connect", url, "--wait", "0"], stdout=follower, check=False,
                              stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=DEADLINE,
                              env={**CLEAN, "TERM": "xterm"})
        os.close(follower)
        shown = os.read(leader, 65536)
        os.close(leader)
        check(done.returncode == 18 and b"\x1b" not in shown + done.stderr, shown)
        check(b"\\x1b]0;title" in shown and b"1b5b33316d" in shown, shown)


def keys_edit_and_the_history_is_kept_for_its_owner():
    with echo() as (url, _), Terminal(url) as terminal:
        terminal.expect("> ")
        terminal.type("wrld\x1b[D\x1b[D\x1b[Do\r")  # left, left, left
        terminal.expect("< world")
        terminal.type(" secret\r")
        terminal.expect("<  secret")
        terminal.type("\x1b[A\r")  # up
        terminal.expect("< world")
        terminal.type("\x1b")  # Escape alone holds nothing up
        time.sleep(0.2)
        terminal.process.send_signal(signal.SIGWINCH)
        terminal.type("[A\r")
        terminal.expect("< world")
        terminal.type("kept")
        terminal.expect("kept")
        terminal.process.send_signal(signal.SIGSTOP)
        time.sleep(0.2)
        terminal.process.send_signal(signal.SIGCONT)
        terminal.expect("> kept")
        terminal.type("!\r")
        terminal.expect("< kept!")
        terminal.type("\x04")
        check(terminal.end() == 0, terminal.seen)
    history = Path(STATE.name) / "whysocket/history"
    check(history.stat().st_mode & 0o777 == 0o600, oct(history.stat().st_mode))
    check("world" in history.read_text() and "secret" not in history.read_text(), "wrong lines")
    with echo() as (url, _), Terminal(url) as terminal:
        terminal.expect("> ")
        terminal.type("\x1b[A\r")
        terminal.expect("< kept!")
        terminal.type("\x03")  # Ctrl-C
        check(terminal.end() == 0, terminal.seen)


def a_terminal_outlives_its_connections():
    go = threading.Event()

    def gone(peer):
        go.wait(DEADLINE)
    with peer_that(gone, sends(frame(1, b"back again"))) as url, \
            Terminal(url, "--reconnect") as terminal:
        terminal.expect("> ")
        terminal.type("half")
        terminal.expect("half")
        go.set()
        terminal.expect("1006 tcp.")
        terminal.expect("connecting again in ")
        terminal.expect("< back again")
        terminal.expect("> half")
        check(terminal.end() == 0, terminal.seen)


def a_server_that_closes_gives_the_terminal_back():
    go = threading.Event()

    def script(peer):
        go.wait(DEADLINE)
        peer.sendall(frame(8, struct.pack(">H", 1001)))
    with peer_that(script) as url, Terminal(url) as terminal:
        terminal.expect("> ")
        terminal.type("not sent")
        terminal.expect("sent")
        go.set()
        check(terminal.end() == 0 and b"1001 peer.closed" in terminal.seen, terminal.seen)
        check(termios.tcgetattr(terminal.follower) == terminal.settings, "the terminal is changed")


if __name__ == "__main__":
    main([lines_go_there_and_back, a_file_and_nothing_at_all_are_read_too, bytes_go_there_and_back,
          a_binary_message_is_a_line_of_hex, text_that_is_not_utf8_is_refused_with_its_place,
          without_a_wait_the_peer_closes, a_reader_that_goes_away_ends_it,
          stdin_is_read_no_faster_than_the_peer_takes_it,
          the_peer_is_read_no_faster_than_stdout_takes_it, every_end_has_its_exit_code,
          a_server_that_is_gone_is_abnormal, ctrl_c_closes_and_twice_ends_at_once,
          it_connects_again_where_that_can_mend, the_way_there_is_as_the_options_say,
          events_are_lines_of_json,
          a_person_types_and_sees_the_answer, what_cannot_be_done_is_explained,
          a_message_does_not_break_the_line_being_typed, nothing_from_a_peer_is_printed_raw,
          keys_edit_and_the_history_is_kept_for_its_owner, a_terminal_outlives_its_connections,
          a_server_that_closes_gives_the_terminal_back])
