#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""`whysocket bench` against `whysocket serve`: what it counts is what was, and a server that stalls
cannot hide it.

usage: bench_test.py WHYSOCKET DOCS
"""
import contextlib
import copy
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from html.parser import HTMLParser
from pathlib import Path

import jsonschema

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support import peers
from support.programs import PATIENCE_S, Server, make_certificate
from support.scenario import Failed, check, closed_port, main

WHYSOCKET, DOCS = sys.argv[1], Path(sys.argv[2])
SCHEMA, RECORD, COMPARISON = (json.loads((DOCS / f"{name}.schema.json").read_text("utf-8"))
                              for name in ("bench", "close-record", "bench-compare"))
VALIDATOR = jsonschema.Draft202012Validator(
    SCHEMA, resolver=jsonschema.RefResolver("", SCHEMA, {"close-record.schema.json": RECORD}))
ENVIRONMENT = {key: value for key, value in os.environ.items()
               if not key.lower().endswith("_proxy") and key not in ("LC_ALL", "LANG")}
temporary = tempfile.TemporaryDirectory(prefix="whysocket-bench-")
WORK = Path(temporary.name)


def start(*words):
    return subprocess.Popen([WHYSOCKET, "bench", *map(str, words)], stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                            env=ENVIRONMENT)


def finish(process, code=0):
    try:
        out, err = process.communicate(timeout=PATIENCE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        raise Failed(f"no end: {process.communicate()}") from None
    check(process.returncode == code, f"exit code {process.returncode}, not {code}: {out} {err}")
    return out


def bench(*words, code=0):
    """What --json says, once it has been held against the schema."""
    result = json.loads(finish(start(*words, "--json"), code))
    VALIDATOR.validate(result)
    return result


def serve(*options):
    return Server(WHYSOCKET, "serve", "--json", "--listen", "127.0.0.1:0", *options)


def url_of(server, path="/echo", scheme="ws"):
    return f"{scheme}://{server.addresses[0]}{path}"


def metric(server, name):
    page = urllib.request.urlopen(url_of(server, "/metrics", "http"),
                                  timeout=PATIENCE_S).read().decode()
    return int(re.search(rf"^{name} (\d+)$", page, re.M)[1])


class Relay:
    """Between bench and a server: says when messages flow on so many connections."""

    def __init__(self, server):
        host, port = server.addresses[0].rsplit(":", 1)
        self.upstream = (host, int(port))
        self.sent = {}
        self.front = peers.Server(self.talk)
        self.addresses = [f"127.0.0.1:{self.front.port}"]

    def talk(self, connection):
        connection.settimeout(None)
        with socket.create_connection(self.upstream) as upstream:
            back = threading.Thread(target=self.pump, args=(upstream, connection), daemon=True)
            back.start()
            self.pump(connection, upstream, connection.fileno())
            back.join()

    def pump(self, source, target, number=None):
        with contextlib.suppress(OSError):
            while piece := source.recv(65536):
                target.sendall(piece)
                if number is not None:
                    self.sent[number] = self.sent.get(number, 0) + len(piece)
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_WR)

    def wait_for_messages(self, connections):
        """On each its request went by, and ten messages and more: all of them are open."""
        until = time.monotonic() + PATIENCE_S
        while sum(count > 2000 for count in list(self.sent.values())) < connections:
            check(time.monotonic() < until, f"no messages came: {self.sent}")
            time.sleep(0.01)


def what_it_counts_is_what_was():
    server = serve()
    result = bench(url_of(server), "-c", 3, "-n", 500, "--warm-up", "0", "--size", 100)
    messages = result["messages"]
    check(messages["sent"] == messages["answered"] == 500, messages)
    check(result["latency_ns"]["count"] == 500 and result["opened"] == 3, result["latency_ns"])
    check(sum(messages[key] for key in ("unanswered", "unsent", "late", "wrong", "unasked")) == 0,
          messages)
    check([(row["count"], row["expected"], row["code"]) for row in result["closes"]] ==
          [(3, True, 1000)], result["closes"])
    check(result["clean"] and not result["interrupted"], result)
    check(result["server"]["pids"] == [server.process.pid], result["server"])
    check(result["server"]["rss_after"] > 1 << 20 and result["server"]["cpu_ns"] > 0,
          result["server"])
    received = metric(server, "whysocket_messages_received_total")
    check(received >= 500, f"the server received {received}")
    check(sum(slot["replies"] for slot in result["slots"]) <= messages["replies"], messages)
    server.terminate()


def the_schema_refuses_what_is_no_result():
    server = serve()
    result = bench(url_of(server), "-c", 1, "-n", 5, "--warm-up", "0")
    for key in result:
        less = copy.deepcopy(result)
        del less[key]
        check(not VALIDATOR.is_valid(less), f"without {key}")
    check(not VALIDATOR.is_valid({**result, "surplus": 1}), "with more")
    server.terminate()


def a_server_that_stalls_cannot_hide_it():
    """All that was due while it stood still waited, whether or not it had been sent."""
    server = serve()
    relay = Relay(server)
    process = start(url_of(relay), "-c", 4, "--rate", 500, "--warm-up", "0", "-d", "6s", "--json")
    relay.wait_for_messages(4)
    os.kill(server.process.pid, signal.SIGSTOP)
    time.sleep(0.4)
    os.kill(server.process.pid, signal.SIGCONT)
    result = json.loads(finish(process))
    VALIDATOR.validate(result)
    latency = result["latency_ns"]
    check(result["messages"]["sent"] == latency["count"] == 3000, result["messages"])
    # 200 of 3000 were due in that time: the slowest 1% of all are the slowest 30 of these.
    check(latency["p99"] > 300e6 and latency["max"] > 390e6, latency)
    check(max(slot["max"] for slot in result["slots"]) > 390e6, result["slots"])
    server.terminate()


def a_connection_that_breaks_is_told_with_its_cause():
    server = serve()
    relay = Relay(server)
    process = start(url_of(relay), "-c", 5, "-d", "60s", "--warm-up", "0", "--json")
    relay.wait_for_messages(5)
    server.process.kill()
    result = json.loads(finish(process, 1))
    VALIDATOR.validate(result)
    rows = [row for row in result["closes"] if not row["expected"]]
    check(sum(row["count"] for row in rows) == 5 and not result["clean"], rows)
    for row in rows:
        check(row["stage"] == "running" and row["code"] == 1006, row)
        check(row["cause"] in ("tcp.reset", "tcp.fin") and row["first"]["cause"] == row["cause"],
              row)
        check(row["why"].startswith("1006 tcp."), row)
    check(result["elapsed_ns"] < 55e9, "it went on without a connection")


def no_connection_is_the_exit_code_of_its_cause():
    with closed_port() as port:
        result = bench(f"ws://127.0.0.1:{port}/", "-c", 7, code=11)
    check([(row["count"], row["stage"], row["cause"]) for row in result["closes"]] ==
          [(7, "opening", "tcp.refused")], result["closes"])
    check(result["opened"] == 0 and result["server"] is None, result)


def an_interrupt_gives_what_there_is():
    server = serve()
    relay = Relay(server)
    process = start(url_of(relay), "-c", 2, "-d", "60s", "--warm-up", "0", "--json")
    relay.wait_for_messages(2)
    process.send_signal(signal.SIGINT)
    result = json.loads(finish(process))
    VALIDATOR.validate(result)
    check(result["interrupted"] and result["messages"]["answered"] > 0, result["messages"])
    check(result["closes"][0]["expected"] and result["closes"][0]["count"] == 2, result["closes"])
    server.terminate()


def it_says_when_it_is_the_limit_itself():
    server = serve()
    result = bench(url_of(server), "-c", 2, "--rate", 50000000, "-d", "300ms", "--warm-up", "0",
                   code=1)
    check(result["own_limit"] in ("cpu", "slip") and result["messages"]["late"] > 0,
          result["messages"])
    text = finish(start(url_of(server), "-c", 2, "--rate", 50000000, "-d", "300ms", "--warm-up",
                        "0"), 1)
    check("This program was the limit" in text, text)
    server.terminate()


def replies_that_are_none_are_counted():
    """On a topic what one sends goes to the others: each gets twice what it sent."""
    server = serve()
    result = bench(url_of(server, "/topic/x"), "-c", 3, "--rate", 100, "-d", "500ms", "--warm-up",
                   "0", code=1)
    check(result["messages"]["unasked"] > 0 and not result["clean"], result["messages"])
    server.terminate()


def mixes_and_compression_go_through():
    server = serve()
    result = bench(url_of(server), "-c", 2, "-n", 40, "--warm-up", "0", "--deflate", "--mix",
                   "text:20*2,utf8:1K,binary:100K")
    check(result["deflated"] == 2 and result["messages"]["answered"] == 40, result["messages"])
    check(result["asked"]["messages"] == "text:20*2,utf8:1024,binary:102400", result["asked"])
    server.terminate()


def tls_goes_through():
    cert, key = make_certificate(WORK)
    server = Server(WHYSOCKET, "serve", "--json", "--listen-tls", "127.0.0.1:0", "--cert", cert,
                    "--key", key)
    url = url_of(server, scheme="wss")
    result = bench(url, "-c", 2, "-n", 20, "--warm-up", "0", "--cacert", cert)
    check(result["messages"]["answered"] == 20, result["messages"])
    result = bench(url, "-c", 2, "-n", 20, code=14)
    check(result["closes"][0]["code"] == 1015 and result["closes"][0]["count"] == 2,
          result["closes"])
    server.terminate()


def thinking_takes_its_time():
    server = serve()
    result = bench(url_of(server), "-c", 1, "-n", 10, "--think", "50ms", "--warm-up", "0")
    check(result["elapsed_ns"] >= 9 * 50e6, result["elapsed_ns"])
    server.terminate()


def a_ramp_takes_its_time():
    server = serve()
    begin = time.monotonic()
    result = bench(url_of(server), "-c", 5, "-n", 50, "--rate", 500, "--ramp", "1s", "--warm-up",
                   "0")
    check(time.monotonic() - begin >= 1 and result["messages"]["answered"] == 50, result)
    server.terminate()


class Page(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        names = dict(attrs)
        check(not {"src", "href", "onload"} & names.keys(), f"{tag} {names}")


def the_page_needs_nothing_else():
    server = serve()
    for lang in ("en", "fr"):
        text = finish(start(url_of(server, "/echo?a=1&b=%22"), "-c", 2, "-d", "400ms", "--warm-up",
                            "0", "--html", "-", "--lang", lang))
        page = Page(text)
        check(page.tags.count("svg") == 3 and "script" not in page.tags, page.tags)
        check("?a=1&amp;b=%22" in text and "1&b" not in text, text[:2000])
        check(f'<html lang="{lang}">' in text, text[:200])
        check("nan" not in text and "inf " not in text, text)
    server.terminate()


def comparisons_say_what_is_noise():
    server = serve()
    before, after = WORK / "before.json", WORK / "after.json"
    finish(start(url_of(server), "-c", 2, "-d", "1s", "--warm-up", "0", f"--json={before}"))
    result = json.loads(before.read_text())
    VALIDATOR.validate(result)
    table = finish(start("--compare", before, before))
    check(table.count("within noise") == 7 and "worse" not in table, table)
    result["latency_ns"]["p50"] *= 1000
    result["messages"]["replies_per_second"] *= 1000
    after.write_text(json.dumps(result))
    comparison = json.loads(finish(start("--compare", before, after, "--json"), 1))
    jsonschema.Draft202012Validator(COMPARISON).validate(comparison)
    verdicts = {row["id"]: row["verdict"] for row in comparison["metrics"]}
    check(verdicts["p50"] == "worse" and verdicts["replies_per_second"] == "better" and
          verdicts["p99"] == "noise", verdicts)
    server.terminate()


def what_cannot_be_compared_is_refused():
    broken = WORK / "broken.json"
    for text in ("", "{", "[]", '{"schema": 1}', '{"schema": "whysocket.check/1"}'):
        broken.write_text(text)
        finish(start("--compare", broken, broken), 2)
    broken.write_text('{"schema": "whysocket.bench/1", "slots": 3, "latency_ns": []}')
    check(finish(start("--compare", broken, broken)).count("not known") == 7, "all is not known")
    finish(start("--compare", broken), 2)


def what_cannot_be_meant_is_refused():
    for words in ((), ("ws://a", "ws://b"), ("http:",), ("ws://a", "--mix", "text"),
                  ("ws://a", "--rate", 5, "--in-flight", 2), ("ws://a", "--rate", 5, "--think", "1s"),
                  ("ws://a", "-c", 0), ("ws://a", "--size", "1G"), ("ws://a", "--kind", "xml")):
        finish(start(*words), 2)


main([
    what_it_counts_is_what_was,
    the_schema_refuses_what_is_no_result,
    a_server_that_stalls_cannot_hide_it,
    a_connection_that_breaks_is_told_with_its_cause,
    no_connection_is_the_exit_code_of_its_cause,
    an_interrupt_gives_what_there_is,
    it_says_when_it_is_the_limit_itself,
    replies_that_are_none_are_counted,
    mixes_and_compression_go_through,
    tls_goes_through,
    thinking_takes_its_time,
    a_ramp_takes_its_time,
    the_page_needs_nothing_else,
    comparisons_say_what_is_noise,
    what_cannot_be_compared_is_refused,
    what_cannot_be_meant_is_refused,
])
