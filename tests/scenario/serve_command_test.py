#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""`whysocket serve` as its users and their mistakes meet it: signals, addresses, closed descriptors,
a topic that is flooded.

usage: serve_test.py WHYSOCKET
"""
import contextlib
import fcntl
import os
import pathlib
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from support import peers  # noqa: E402
from support.scenario import LOOP  # noqa: E402

WHYSOCKET = sys.argv[1]
PAGE = 4096
REQUEST = (b"GET %s HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
           b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n")


def with_default_hangup():
    """Whoever runs the tests may ignore SIGHUP, as nohup does, and that is inherited."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


@contextlib.contextmanager
def server(*options, address="127.0.0.1:0", preexec_fn=with_default_hangup, **changes):
    """A server that listens; gives its process and its port."""
    with subprocess.Popen([WHYSOCKET, "serve", *LOOP, "--listen", address, *options],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          env=peers.environment(), preexec_fn=preexec_fn, **changes) as process:
        try:
            line = process.stdout.readline().decode()
            assert line.startswith("listening on "), (line, process.stderr.read())
            yield process, line.rsplit(":", 1)[1].strip("/\n")
        finally:
            process.kill()


def open_session(port, path=b"/echo"):
    return upgraded(socket.create_connection(("127.0.0.1", int(port)), timeout=20), path)


def open_unix_session(address):
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(20)
    connection.connect(address)
    return upgraded(connection, b"/echo")


def upgraded(connection, path):
    connection.sendall(REQUEST % path)
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += connection.recv(1)
    assert head.startswith(b"HTTP/1.1 101 "), head
    return connection


def what_it_says_to_try_can_be_typed():
    with server() as (process, _):
        process.stdout.readline()
        tries = [process.stdout.readline().decode().split() for _ in range(3)]
        for line in tries:
            assert line[0] == WHYSOCKET, line
        done = subprocess.run(tries[0], capture_output=True, env=peers.environment(), timeout=20)
        assert done.returncode == 0, done
        done = subprocess.run(tries[2], capture_output=True, env=peers.environment(), timeout=20)
        assert done.returncode == 0, done


def ends_in_order(number):
    def test():
        with server() as (process, port), open_session(port) as session:
            process.send_signal(number)
            assert session.recv(100) == b"\x88\x02\x03\xe9"
            session.sendall(b"\x88\x82\0\0\0\0\x03\xe9")
            assert process.wait(6) == 0, process.returncode
    return test


def a_hangup_that_is_ignored_stays_so():
    """As under nohup."""
    with server(preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN)) as (process, port):
        process.send_signal(signal.SIGHUP)
        with open_session(port) as session:
            session.sendall(b"\x81\x82\0\0\0\0hi")
            assert session.recv(100) == b"\x81\x02hi"
        process.terminate()
        assert process.wait(6) == 0, process.returncode


def refused(address, exit_code, *words, options=()):
    done = subprocess.run([WHYSOCKET, "serve", "--listen", address, *options], stdin=subprocess.DEVNULL,
                          capture_output=True, env=peers.environment(), timeout=20, check=False)
    assert (done.returncode, done.stdout) == (exit_code, b""), done
    text = done.stderr.decode()
    assert text.count("\n") == 1 and text.endswith("\n"), text
    for word in words:
        assert word in text, text
    return text


def a_taken_port_is_said_with_the_mend():
    with server() as (_, port):
        refused(f"127.0.0.1:{port}", 11, "another program listens there")


def an_origin_that_is_none_is_refused():
    for origin in ("app.example", "https://app.example/", "https://", "*"):
        refused("127.0.0.1:0", 2, origin, "no origin", options=["--origin", origin])
    refused("127.0.0.1:0", 2, "no name of a host", options=["--host", "https://app.example"])
    with server("--origin", "https://app.example:8443", "--origin", "any", "--host", "app.example:80"):
        pass


def what_is_no_socket_is_not_replaced():
    with tempfile.NamedTemporaryFile(prefix="whysocket-") as file:
        text = refused(f"unix:{file.name}", 11, "something else")
        assert "port" not in text, text
        assert os.path.exists(file.name)


def an_address_is_shown_without_its_escapes():
    text = refused("127.0.0.1\033[31m:80", 2)
    assert "\033" not in text, text


def nothing_takes_the_place_of_a_closed_descriptor():
    """What is printed would go there, a connection for one."""
    def close_both():
        os.close(0)
        os.close(2)
    with server(preexec_fn=close_both) as (process, _):
        for descriptor in (0, 2):
            assert os.readlink(f"/proc/{process.pid}/fd/{descriptor}") == "/dev/null"


def a_full_disk_is_said_once():
    """Where it listens cannot be read, and a port that was free may be another's by now."""
    with open("/dev/full", "w", encoding="ascii") as full, \
            tempfile.TemporaryDirectory(prefix="whysocket-") as folder:
        path = f"{folder}/socket"
        with subprocess.Popen([WHYSOCKET, "serve", "--listen", f"unix:{path}"], stdout=full,
                              stdin=subprocess.DEVNULL, stderr=subprocess.PIPE,
                              env=peers.environment()) as process:
            for _ in range(400):
                with contextlib.suppress(OSError):
                    open_unix_session(path).close()
                    break
                time.sleep(0.05)
            open_unix_session(path).close()
            process.terminate()
            assert process.wait(8) == 3, process.returncode
            text = process.stderr.read().decode()
            assert text.count("\n") == 1 and "No space left" in text, text


def bytes_waiting(descriptor):
    return struct.unpack("i", fcntl.ioctl(descriptor, termios.FIONREAD, bytes(4)))[0]


def close_one(port):
    with open_session(port) as session:
        session.sendall(b"\x88\x82\0\0\0\0\x03\xe8")
        peers.drain(session)


def a_log_that_nobody_reads_does_not_hold_up_the_end():
    with server() as (process, port):
        log = process.stdout.fileno()
        fcntl.fcntl(log, fcntl.F_SETPIPE_SZ, PAGE)
        close_one(port)
        line = b""
        while b"peer.closed" not in line:
            line = process.stdout.readline()
        while PAGE - bytes_waiting(log) >= len(line):
            before = bytes_waiting(log)
            close_one(port)
            while bytes_waiting(log) == before:
                time.sleep(0.001)
        close_one(port) # there is no room for its line
        process.terminate()
        assert process.wait(20) == 3, process.returncode
        assert b"stdout" in process.stderr.read()


def a_unix_socket_goes_with_threads():
    with tempfile.TemporaryDirectory(prefix="whysocket-") as folder:
        path = f"{folder}/socket"
        for end in ("kill", "terminate"):  # the first leaves its socket behind
            with server("--threads", "2", address=f"unix:{path}") as (process, _):
                open_unix_session(path).close()
                if end == "terminate":
                    text = refused(f"unix:{path}", 11, "another program listens there")
                    assert "port" not in text, text
                getattr(process, end)()
                process.wait(8)
        assert not os.path.exists(path)


def a_flooded_topic_holds_up_nobody(threads):
    def test():
        with server("--threads", threads, "--max-message", "1M") as (process, port):
            # Three hundred closes are more than a pipe holds, and an unread log is an error.
            reader = threading.Thread(target=process.stdout.read)
            reader.start()
            members = [open_session(port, b"/topic/flood") for _ in range(300)]
            publisher = open_session(port, b"/topic/flood")
            publisher.settimeout(0.2)
            flood = b"\x82\x81\0\0\0\0x" * 100000

            def publish():
                with contextlib.suppress(OSError):
                    while True:
                        publisher.sendall(flood)
            thread = threading.Thread(target=publish)
            thread.start()
            with open_session(port) as other:
                begin = time.monotonic()
                for _ in range(5):
                    other.sendall(b"\x81\x82\0\0\0\0hi")
                    assert other.recv(100) == b"\x81\x02hi"
                took = time.monotonic() - begin
                assert took < 5, took
            thread.join()
            process.terminate()
            assert process.wait(20) == 0, process.returncode
            reader.join()
            for connection in (publisher, *members):
                connection.close()
    return test


TESTS = [
    ("what it says to try can be typed", what_it_says_to_try_can_be_typed),
    ("SIGTERM says 1001 to all and ends", ends_in_order(signal.SIGTERM)),
    ("SIGHUP does as well: the terminal is gone", ends_in_order(signal.SIGHUP)),
    ("a SIGHUP that is ignored stays so", a_hangup_that_is_ignored_stays_so),
    ("a taken port is said, with the mend", a_taken_port_is_said_with_the_mend),
    ("an origin that is none is refused", an_origin_that_is_none_is_refused),
    ("what is no socket is not replaced", what_is_no_socket_is_not_replaced),
    ("an address is shown without its escapes", an_address_is_shown_without_its_escapes),
    ("nothing takes the place of a closed descriptor",
     nothing_takes_the_place_of_a_closed_descriptor),
    ("a full disk is said once", a_full_disk_is_said_once),
    ("a log that nobody reads does not hold up the end",
     a_log_that_nobody_reads_does_not_hold_up_the_end),
    ("a unix socket goes with threads", a_unix_socket_goes_with_threads),
    ("a flooded topic holds up nobody", a_flooded_topic_holds_up_nobody("1")),
    ("nor with several threads", a_flooded_topic_holds_up_nobody("2")),
]

sys.exit(peers.run_tests(TESTS))
