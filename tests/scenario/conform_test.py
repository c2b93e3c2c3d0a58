#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""whysocket conform: what it says of peers that are right, wrong, dying or silent, as servers and
as clients; its options, its exit codes, its JSON.

usage: conform_test.py WHYSOCKET DOCS
"""
import contextlib
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import jsonschema

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.peers import Server
from support.programs import Process
from support.scenario import ROOT, Failed, check, closed_port, main

WHYSOCKET, DOCS = sys.argv[1:]
PEER = ROOT / "tests/support/faulty_peer.py"
PATIENCE_S = 120  # of a machine that has much else to do

CASES = """
group 90 "Ours" 5.1
case 90.1 must "a text comes back"
  why "it is \\"echoed\\""
  autobahn 1.1.1 1.1.10
  send text "hello"
  expect echo
case 90.2 should "a Ping is answered once"
  autobahn 1.1.2
  send ping "once"
  expect pong "once"
  expect silence 300
case 90.3 info "a text of a MiB comes back"
  slow
  send text ascii(1048576)
  expect echo
case 90.3.1 must "opcode 3 fails the connection"
  send op3 "x"
  expect fail 1002
case 90.4 must "a silence is short"
  timed
  send text "hello"
  expect echo
  expect silence 200
case 90.5 must "bytes in the handshake's segment are a frame"
  manual
  for server
  glue
  send text "early"
  open
  expect echo
case 90.6 must "a server's wrong key is refused"
  manual
  for client
  with "Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA="
  offerup
  expect refused
"""

folder = tempfile.TemporaryDirectory()
cases_file = Path(folder.name) / "our.cases"
cases_file.write_text(CASES, encoding="utf-8")
schema = jsonschema.Draft202012Validator(json.loads((Path(DOCS) / "conform.schema.json").read_text()))


def conform(*arguments, stdin=subprocess.DEVNULL):
    return subprocess.run([WHYSOCKET, "conform", *map(str, arguments)], stdin=stdin, text=True,
                          capture_output=True, timeout=PATIENCE_S, check=False)


def ours(*arguments, case="90"):
    """A run of our cases, as JSON."""
    done = conform(*arguments, "--cases", cases_file, "--case", case, "--json")
    check(done.stdout, f"{arguments}: ended with {done.returncode}: {done.stderr}")
    document = json.loads(done.stdout)
    errors = [error.message for error in schema.iter_errors(document)]
    check(not errors, f"not as the schema says: {errors[:3]}")
    return done.returncode, document


def verdicts(document):
    return {result["id"]: result["verdict"] for result in document["results"]}


def result_of(document, case):
    return next(result for result in document["results"] if result["id"] == case)


@contextlib.contextmanager
def peer(*faults):
    """An echo server with these faults; its URL."""
    server = Process(PEER, "server", *(word for fault in faults for word in ("--fault", fault)))
    try:
        yield f"ws://{server.next(time.monotonic() + PATIENCE_S)['address']}/"
    finally:
        server.terminate()


# ---- Servers ----

def a_right_server_has_no_findings():
    with peer() as url:
        code, document = ours(url, "--agent", "right")
        check(code == 0, document["results"])
        check(document["agent"] == "right" and document["role"] == "server", document["agent"])
        check(document["counts"]["passed"] == 6 and document["counts"]["not_applicable"] == 1,
              document["counts"])
        check(result_of(document, "90.6")["note"] == "the case is for clients", document)
        check(document["trouble"] is None, document["trouble"])


def a_finding_is_told_with_its_bytes():
    with peer("text-as-binary") as url:
        code, document = ours(url)
        check(code == 1, code)
        result = result_of(document, "90.1")
        finding = result["findings"][0]
        check(result["verdict"] == "failed" and finding["severity"] == "must", result)
        check("a binary message of 5 bytes came" in finding["got"], finding)
        moment = result["moments"][finding["moment"]]
        check(moment["bytes"] == "8205" + b"hello".hex() and moment["mark"] == 0, moment)
        text = conform(url, "--cases", cases_file, "--case", "90.1").stdout
        for words in ("90.1 must", "RFC 6455 section 5.1: it is \"echoed\"", "[82]05 68",
                      f"whysocket conform {url} --cases {cases_file} --case 90.1 -v"):
            check(words in text, f"{words} is not in {text}")


def the_line_that_runs_a_case_alone_does():
    with peer("text-as-binary") as url:
        _, document = ours(url)
        words = result_of(document, "90.1")["command"].split()
        check(words[:2] == ["whysocket", "conform"], words)
        done = conform(*words[2:])
        check(done.returncode == 1 and "90.1" in done.stdout and "90.2" not in done.stdout,
              done.stdout)


def what_should_be_counts_if_it_is_asked_for():
    with peer("fails-without-close") as url:
        code, document = ours(url, case="90.3.1")
        check(code == 0 and document["counts"]["should"] == 1, document["counts"])
        check(ours(url, "--strict", case="90.3.1")[0] == 1, "--strict")


def verbose_shows_what_has_passed():
    with peer() as url:
        text = conform(url, "--cases", cases_file, "--case", "90.1", "-v").stdout
        check(re.search(r"> Text, FIN, 5 bytes: \"hello\"\n +81 85 ", text), text)
        check(re.search(r"< Text, FIN, 5 bytes: \"hello\"\n +81 05 68 65 6c 6c 6f", text), text)


def cases_about_time_are_played_by_themselves():
    with peer() as url:
        _, document = ours(url, "--jobs", "6", "--verbose")
        check(verdicts(document)["90.4"] == "passed", document)


def a_cases_own_limit_is_longer_where_the_peer_is_slow():
    file = Path(folder.name) / "limits.cases"
    file.write_text('group 91 "Limits" 5\ncase 91.1 info "x"\n  expect text "x" within 300\n')
    for limit, text in (("1s", "nothing within 300 ms"), ("10s", "nothing within 600 ms")):
        with peer() as url:
            done = conform(url, "--cases", file, "--case", "91", "--timeout", limit)
            check(text in done.stdout, done.stdout)


def a_server_that_crashes_is_named_with_what_was_played():
    with peer("crashes-on-op3") as url:
        code, document = ours(url, "--jobs", "1")
        check(code == 1 and "crashed in case 90.3.1" in document["trouble"], document["trouble"])
        check(result_of(document, "90.3.1")["findings"][0]["severity"] == "must", document)
        check(verdicts(document)["90.4"] == "not run", verdicts(document))


class Supervised:
    """A server that crashes, and comes back after half a second."""

    def __enter__(self):
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.is_over, self.count = False, 0
        self.up = threading.Event()
        self.server = None
        self.thread = threading.Thread(target=self.watch)
        self.thread.start()
        check(self.up.wait(PATIENCE_S), "the server does not start")
        return f"ws://127.0.0.1:{self.port}/"

    def watch(self):
        while not self.is_over:
            self.server = Process(PEER, "server", "--port", self.port, "--fault", "crashes-on-op3")
            with contextlib.suppress(Failed):  # it was ended before it was up
                self.server.next(time.monotonic() + PATIENCE_S)
                self.up.set()
            self.server.process.wait()
            self.count += 1

    def __exit__(self, *_):
        self.is_over = True
        while self.thread.is_alive():  # the one that was just started, too
            self.server.process.kill()
            self.thread.join(0.1)


def a_crash_is_pinned_to_its_case_where_the_server_comes_back():
    with Supervised() as url:
        code, document = ours(url, "--restart", "60s")
        check(code == 1, document)
        check(document["trouble"] == "the server crashed in case 90.3.1", document["trouble"])
        failed = [case for case, verdict in verdicts(document).items() if verdict == "failed"]
        check(failed == ["90.3.1"], verdicts(document))
        check(document["counts"]["not_run"] == 0, document["counts"])


def a_server_that_hangs_ends_the_run_early():
    held = []

    def answer_the_first(connection):
        held.append(connection)
        if len(held) > 1:
            time.sleep(PATIENCE_S)
            return
        peer_key = re.search(rb"Sec-WebSocket-Key: (\S+)", connection.recv(4096))[1]
        connection.sendall(accepting(peer_key))
        echo_one(connection)

    with Server(answer_the_first) as server:
        code, document = ours(f"ws://127.0.0.1:{server.port}/", "--timeout", "200ms", "--jobs", "1")
        check(code == 1 and "the server hangs" in document["trouble"], document["trouble"])
        check(document["counts"]["not_run"] >= 4, document["counts"])


def accepting(key):
    import base64
    import hashlib
    accept = base64.b64encode(
        hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
    return (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n")


def echo_one(connection):
    frame = connection.recv(4096)
    key, data = frame[2:6], frame[6:6 + (frame[1] & 127)]
    connection.sendall(bytes([frame[0], len(data)]) +
                       bytes(byte ^ key[i % 4] for i, byte in enumerate(data)))
    connection.recv(4096)


def what_cannot_be_tested_is_said_at_once():
    with closed_port() as port:
        for text, code, arguments in (
                ("there is no connection", 11, [f"ws://127.0.0.1:{port}/"]),
                ("scheme", 2, ["127.0.0.1"]),
                ("is no case and no group", 2, ["ws://127.0.0.1:1/", "--case", "77777"]),
                ("whom to test?", 2, []),
                ("whom to test?", 2, ["ws://127.0.0.1:1/", "--listen", "127.0.0.1:0"]),
                ("No such file", 2, ["--list", "--cases", "/nowhere/at.all"]),
                ("cannot listen", 2, ["--listen", "nowhere"])):
            done = conform(*arguments)
            check(done.returncode == code and text in done.stderr,
                  f"{arguments}: {done.returncode}, {done.stderr}")


def a_server_that_is_no_echo_is_said_at_once():
    def refuse(connection):
        connection.recv(4096)
        connection.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")

    def silence(connection):
        key = re.search(rb"Sec-WebSocket-Key: (\S+)", connection.recv(4096))[1]
        connection.sendall(accepting(key))
        while connection.recv(4096):
            pass

    for talk, code, text in ((refuse, 15, "404"), (silence, 12, "does not echo")):
        with Server(talk) as server:
            done = conform(f"ws://127.0.0.1:{server.port}/", "--timeout", "1s")
            check(done.returncode == code and text in done.stderr, f"{done.returncode} {done.stderr}")


# ---- Lists ----

def the_list_has_ids_severities_and_titles():
    text = conform("--list", "--cases", cases_file, "--case", "90.3").stdout
    check(re.fullmatch(r"90 Ours\n  90\.3 +info +both +a text of a MiB comes back\n"
                       r"  90\.3\.1 +must +both +opcode 3 fails the connection\n", text), text)


def the_older_numbers_stand_beside_ours_in_their_order():
    text = conform("--autobahn-ids", "--cases", cases_file, "--case", "90").stdout
    check([line.split() for line in text.splitlines()] ==
          [["1.1.1", "90.1"], ["1.1.2", "90.2"], ["1.1.10", "90.1"]], text)


def a_wrong_case_is_refused_with_its_line():
    wrong = Path(folder.name) / "wrong.cases"
    wrong.write_text('group 91 "Wrong" 5\ncase 91.1 must "x"\n  send nothing\n', encoding="utf-8")
    done = conform("--list", "--cases", wrong)
    check(done.returncode == 2 and f"{wrong}:3:" in done.stderr, done.stderr)


# ---- Clients ----

def a_right_client_that_is_started_for_each_case_has_no_findings():
    code, document = ours("--run", f"{PEER} client {{url}}")
    check(code == 0 and document["role"] == "client", document["results"])
    check(document["counts"]["passed"] == 6 and document["counts"]["not_applicable"] == 1,
          document["counts"])


def a_wrong_client_is_found_out():
    code, document = ours("--run", f"{PEER} client {{url}} --fault text-as-binary")
    check(code == 1 and verdicts(document)["90.1"] == "failed", verdicts(document))


def a_client_that_crashes_is_said_with_its_signal():
    crash = f"{PEER} client {{url}}; kill -SEGV $$"
    code, document = ours("--run", crash, case="90.1")
    check(code == 1 and "crashed in case 90.1" in document["trouble"], document["trouble"])
    check("signal 11" in result_of(document, "90.1")["findings"][0]["got"], document)


def a_client_that_stays_is_ended():
    begin = time.monotonic()
    _, document = ours("--run", f"{PEER} client {{url}}; exec sleep {PATIENCE_S}", "--timeout", "2s",
                       case="90.1")
    check(time.monotonic() - begin < PATIENCE_S, "it was waited for")
    check("was killed" in result_of(document, "90.1")["findings"][0]["got"], document)


def a_command_that_never_connects_ends_the_run():
    _, document = ours("--run", "echo not today; exit 7 # {url}", "--jobs", "1")
    check("the command does not connect" in document["trouble"] and
          "status 7" in document["trouble"] and "not today" in document["trouble"],
          document["trouble"])


@contextlib.contextmanager
def listening(*arguments):
    """The suite as a server; its URL, and what becomes of it."""
    with subprocess.Popen([WHYSOCKET, "conform", *map(str, arguments), "--json", "--cases",
                           str(cases_file)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True) as process:
        try:
            found = re.search(r"listening on (\S+):", process.stderr.readline())
            check(found, "it does not listen")
            yield found[1], process
        finally:
            process.kill()


def clients_ask_for_cases_by_path():
    with listening("--listen", "127.0.0.1:0", "--case", "90.1", "--case", "90.6") as (url, process):
        done = subprocess.run([PEER, "client", "--cases", url, "90.1", "90.6"], timeout=PATIENCE_S,
                              check=False)
        output, _ = process.communicate(timeout=PATIENCE_S)
        document = json.loads(output)
        check(set(verdicts(document).values()) == {"passed"} and process.returncode == 0, document)
        check(done.returncode == 0, done)


class OlderClient:
    """What a test client for the Autobahn test suite does."""

    key = None

    def __init__(self, url):
        self.port = int(url.rsplit(":", 1)[1])

    def talk(self, path, echoes=False):
        """Open, read to the end; the last text."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE_S) as connection:
            connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
                               "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                               "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode())
            stream = connection.makefile("rb")
            while stream.readline() not in (b"\r\n", b""):
                pass
            text = None
            while head := stream.read(2):
                data = stream.read(head[1] & 127)
                opcode = head[0] & 15
                if opcode == 1:
                    text = data.decode()
                if opcode == 8 or echoes:
                    key = self.key or os.urandom(4)
                    connection.sendall(bytes([head[0], 0x80 | len(data)]) + key +
                                       bytes(byte ^ key[i % 4] for i, byte in enumerate(data)))
                if opcode == 8:
                    break
            return text

    def status(self, number):
        """What the suite says of a case, once it has dealt with the end of its connection."""
        until = time.monotonic() + PATIENCE_S
        while True:
            status = json.loads(self.talk(f"/getCaseStatus?case={number}&agent=old%20client"))
            if status["behavior"] != "MISSING" or time.monotonic() > until:
                return status
            time.sleep(0.02)


def clients_of_the_older_suite_need_no_change():
    with listening("--listen", "127.0.0.1:0", "--timeout", "1s", "--case", "90.1", "--case", "90.2",
                   "--case", "90.5") as (url, process):
        client = OlderClient(url)
        check(client.talk("/getCaseCount") == "2", "90.5 is for servers")
        info = json.loads(client.talk("/getCaseInfo?case=2"))
        check(info == {"id": "90.2", "description": "a Ping is answered once"}, info)
        client.talk("/runCase?case=1&agent=old%20client", echoes=True)
        told = client.status(1)
        check(told == {"behavior": "OK"}, told)
        client.talk("/runCase?case=2&agent=old%20client")  # which answers no Ping
        told = client.status(2)
        check(told == {"behavior": "NON-STRICT"}, told)
        client.talk("/updateReports?agent=old%20client")
        output, _ = process.communicate(timeout=PATIENCE_S)
        document = json.loads(output)
        check(document["agent"] == "old client", document["agent"])
        check(document["counts"]["passed"] == 1 and document["counts"]["should"] == 1,
              document["counts"])


def a_client_that_is_done_before_all_are_ends_the_run():
    with listening("--listen", "127.0.0.1:0", "--case", "90.1", "--case", "90.2") as (url, process):
        OlderClient(url).talk("/updateReports?agent=short")
        output, _ = process.communicate(timeout=PATIENCE_S)
        check(json.loads(output)["counts"]["not_run"] == 2, output)


def a_client_that_goes_away_ends_the_run():
    """A second after it has gone, with words for what it left."""
    with listening("--listen", "127.0.0.1:0", "--idle", "1s", "--case", "90.1", "--case",
                   "90.2") as (url, process):
        OlderClient(url).talk("/case/90.1", echoes=True)
        document = json.loads(process.communicate(timeout=PATIENCE_S)[0])
        check("no client has been here for 1 s, and 1 cases were not asked for"
              in document["trouble"], document["trouble"])
        check(verdicts(document) == {"90.1": "passed", "90.2": "not run"}, verdicts(document))


def request(url, head, is_secure=False):
    """What comes for these bytes."""
    port = int(url.rsplit(":", 1)[1])
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S) as connection:
        if is_secure:
            trusting = ssl.create_default_context()
            trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
            connection = trusting.wrap_socket(connection)
        connection.sendall(head)
        return connection.makefile("rb").read().decode()


def a_request_that_is_not_of_http_1_1_is_a_finding_of_its_case():
    with listening("--listen", "127.0.0.1:0", "--case", "90.1", "--case", "90.6") as (url, process):
        for case in ("90.1", "90.6"):
            answer = request(url, f"GET /case/{case} HTTP/1.0\r\nHost: x\r\n\r\n".encode())
            check(answer.startswith("HTTP/1.1 400 ") and "not HTTP/1.1" in answer, answer)
        document = json.loads(process.communicate(timeout=PATIENCE_S)[0])
        check(document["counts"]["must"] == 2, document["results"])
        finding = result_of(document, "90.6")["findings"][0]
        check("the request is not HTTP/1.1" in finding["got"], finding)


def what_cannot_be_played_where_it_is_asked_for_is_told_to_the_client():
    with listening("--listen", "127.0.0.1:0", "--idle", "1s", "--case", "90.1", "--case", "90.5",
                   "--case", "16.4.1") as (url, process):
        for path, words in (("/case/16.4.1", "needs --listen-tls"), ("/case/90.5", "is for servers"),
                            ("/case/99", "no such case")):
            answer = request(url, f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            check(answer.startswith("HTTP/1.1 404 ") and words in answer, answer)
        document = json.loads(process.communicate(timeout=PATIENCE_S)[0])
        check("what is not to be had" in document["trouble"], document["trouble"])
        check(verdicts(document) == {"16.4.1": "not applicable", "90.1": "not run",
                                     "90.5": "not applicable"}, verdicts(document))


def a_bad_certificate_is_shown_at_its_own_port_alone():
    with listening("--listen-tls", "127.0.0.1:0", "--idle", "1s", "--case", "16.4.2") as (url, process):
        bad = re.search(r"listening on (\S+), with a bad certificate: expired",
                        process.stderr.readline())[1]
        answer = request(url, b"GET /case/16.4.2 HTTP/1.1\r\nHost: x\r\n\r\n", True)
        check(answer.startswith("HTTP/1.1 404 ") and f"is played at {bad}" in answer, answer)
        request(bad, b"no TLS\r\n\r\n")
        document = json.loads(process.communicate(timeout=PATIENCE_S)[0])
        check(verdicts(document) == {"16.4.2": "passed"}, document["results"])


def a_client_that_begins_each_connection_with_the_same_key_is_found_out():
    class SameKeys(OlderClient):
        key = bytes([1, 2, 3, 4])

    wanted = [word for case in ("90.1", "90.2", "8.8.3") for word in ("--case", case)]
    for kind, verdict in ((OlderClient, "passed"), (SameKeys, "failed")):
        with listening("--listen", "127.0.0.1:0", *wanted) as (url, process):
            for case in ("90.1", "90.2", "8.8.3"):
                kind(url).talk(f"/case/{case}", echoes=True)
            document = json.loads(process.communicate(timeout=PATIENCE_S)[0])
            check(verdicts(document)["8.8.3"] == verdict, document["results"])
    check("3 of 3 connections began with the key 01 02 03 04" in
          result_of(document, "8.8.3")["findings"][0]["got"], document)


def a_signal_ends_the_run_with_what_there_is():
    with listening("--listen", "127.0.0.1:0", "--case", "90.1", "--case", "90.2") as (url, process):
        client = OlderClient(url)
        client.talk("/case/90.1", echoes=True)
        check(client.status(1) == {"behavior": "OK"}, "it is not done")
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=PATIENCE_S)
        document = json.loads(output)
        check("was ended" in document["trouble"] and process.returncode == 1, document["trouble"])
        check(document["counts"]["not_run"] == 1, document["counts"])


def bad_certificates_are_shown_to_clients():
    ca = Path(folder.name) / "ca.pem"
    arguments = ("--listen-tls", "localhost:0", "--write-ca", ca, "--json")
    client = f"{PEER} client {{url}} --cacert {ca}"
    wanted = [word for case in ("16.4.1", "16.4.2", "16.4.4", "16.4.6") for word in ("--case", case)]
    document = json.loads(conform(*arguments, *wanted, "--run", client).stdout)
    check(set(verdicts(document).values()) == {"passed"}, document["results"])
    client += " --fault tls-expired-accepted"
    document = json.loads(conform(*arguments, *wanted, "--run", client).stdout)
    check(verdicts(document) == {"16.4.1": "passed", "16.4.2": "failed", "16.4.4": "passed",
                                 "16.4.6": "passed"}, verdicts(document))
    check("took the certificate" in result_of(document, "16.4.2")["findings"][0]["got"], document)


main([a_right_server_has_no_findings, a_finding_is_told_with_its_bytes,
      the_line_that_runs_a_case_alone_does, what_should_be_counts_if_it_is_asked_for,
      verbose_shows_what_has_passed, cases_about_time_are_played_by_themselves,
      a_cases_own_limit_is_longer_where_the_peer_is_slow,
      a_server_that_crashes_is_named_with_what_was_played,
      a_crash_is_pinned_to_its_case_where_the_server_comes_back,
      a_server_that_hangs_ends_the_run_early, what_cannot_be_tested_is_said_at_once,
      a_server_that_is_no_echo_is_said_at_once, the_list_has_ids_severities_and_titles,
      the_older_numbers_stand_beside_ours_in_their_order, a_wrong_case_is_refused_with_its_line,
      a_right_client_that_is_started_for_each_case_has_no_findings, a_wrong_client_is_found_out,
      a_client_that_crashes_is_said_with_its_signal, a_client_that_stays_is_ended,
      a_command_that_never_connects_ends_the_run, clients_ask_for_cases_by_path,
      clients_of_the_older_suite_need_no_change, a_client_that_is_done_before_all_are_ends_the_run,
      a_client_that_goes_away_ends_the_run,
      a_request_that_is_not_of_http_1_1_is_a_finding_of_its_case,
      what_cannot_be_played_where_it_is_asked_for_is_told_to_the_client,
      a_bad_certificate_is_shown_at_its_own_port_alone,
      a_client_that_begins_each_connection_with_the_same_key_is_found_out,
      a_signal_ends_the_run_with_what_there_is, bad_certificates_are_shown_to_clients])
