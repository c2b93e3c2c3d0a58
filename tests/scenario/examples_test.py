#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The examples do what they are there to show.

usage: examples_test.py TEST_BUILD
"""
import contextlib
import re
import socket
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.scenario import check, closed_port, main, run

examples = Path(sys.argv[1]).resolve() / "examples"


def the_engine_needs_no_socket():
    output = run(examples / "example_engine", timeout=20)
    for line in ['server: message "hello"', 'client: message "welcome"',
                 "server: peer closes with 1000", "client: peer closes with 1000",
                 "clean: yes, cause of the client: local.closed"]:
        check(line in output, f"no line {line!r} in\n{output}")


def a_client_says_why_it_could_not_connect():
    with closed_port() as port:
        output = run(examples / "example_why_closed", f"ws://127.0.0.1:{port}/", timeout=20)
    check("1006" in output and "refused" in output.lower(), output)


def a_client_says_what_is_wrong_with_its_url():
    output = run(examples / "example_why_closed", "http//", timeout=20)
    check("http//" in output or "ws://" in output, output)


@contextlib.contextmanager
def running(program):
    """yields  its process, and the port that it listens on"""
    with subprocess.Popen([examples / program, "127.0.0.1:0"], text=True, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE) as server:
        try:
            url = re.fullmatch(r"listening on ws://127\.0\.0\.1:([1-9]\d*)/\n",
                               server.stdout.readline())
            check(url, "the server does not say where it listens")
            yield server, int(url[1])
        finally:
            server.kill()


def client_and_server_talk():
    with running("example_echo_server") as (server, port):
        output = run(examples / "example_echo_client", f"ws://127.0.0.1:{port}/", timeout=20)
        check(output.startswith("hello\n") and "1000" in output, output)
        line = server.stdout.readline()
        check("1000" in line and "peer.closed" in line, line)


def join(port):
    connection = socket.create_connection(("127.0.0.1", port), timeout=20)
    connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                       b"Sec-WebSocket-Version: 13\r\n"
                       b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += connection.recv(1)
    return connection


def what_one_says_all_hear():
    with running("example_broadcast_server") as (_, port):
        members = [join(port) for _ in range(3)]
        members[1].sendall(b"\x81\x82\0\0\0\0hi")
        for member in members:
            check(member.recv(4, socket.MSG_WAITALL) == b"\x81\x02hi", "not heard")
            member.close()


main([
    the_engine_needs_no_socket,
    a_client_says_why_it_could_not_connect,
    a_client_says_what_is_wrong_with_its_url,
    client_and_server_talk,
    what_one_says_all_hear,
])
