#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""`make bench`: `whysocket bench` against our server and against other people's, side by side: the
server's processor time for each echoed message, as a ratio to the floor (bench/floor.c: the same
bytes by plain TCP), and the latency of the slowest in a hundred.

usage: peers.py BUILD [--peer NAME]... [--workload WORDS] [--rounds N] [--seconds S] [--json FILE]

Each round runs everything once, in turn, so that an hour that is slow is so for all; the figures are
medians over the rounds. The server has one core to itself, the generator another. Peers are the
programs of tests/interop/echo; what is missing is said.
"""
import argparse
import json
import os
import sys
import tempfile
from pathlib import Path

from stand import Failed, SERVER_CORE, bench, check, median, median_ratio, progress, start_server

# pylint: disable=wrong-import-order
from support.programs import make_certificate, node
from support.scenario import ROOT, run

ECHO = ROOT / "tests/interop/echo"
PEERS = ("floor", "whysocket", "websockets", "aiohttp", "lws", "ws", "gorilla", "nhooyr")
# (name, options of whysocket bench, deflate, TLS, whether the floor has such a run)
WORKLOADS = (
    ("20 B, 100 connections", ("-c", 100, "--size", 20), False, False, True),
    ("20 B, 64 in flight", ("-c", 50, "-f", 64, "--size", 20), False, False, True),
    ("16 KiB of text", ("-c", 20, "--size", "16K"), False, False, True),
    ("16 KiB of UTF-8", ("-c", 20, "--size", "16K", "--kind", "utf8"), False, False, True),
    ("1 MiB binary", ("-c", 4, "--size", "1M", "--kind", "binary"), False, False, True),
    ("1 KiB deflated", ("-c", 20, "--size", "1K", "--deflate"), True, False, False),
    ("1 KiB over TLS", ("-c", 20, "--size", "1K"), False, True, False),
)


class World:
    def __init__(self, build, folder):
        self.build, self.folder = Path(build), Path(folder)
        self.whysocket = self.build / "src/cmd/whysocket"
        self.certificate = make_certificate(folder)

    def go(self, name):
        """Debian's packages are in a GOPATH, without modules."""
        program = self.folder / f"echo_{name}"
        if not program.exists():
            run("go", "build", "-o", program, ECHO / "roles.go", ECHO / f"echo_{name}.go",
                env={**os.environ, "GO111MODULE": "off", "GOPATH": "/usr/share/gocode",
                     "GOCACHE": str(self.folder / "go"), "HOME": str(self.folder)})
        return [program]

    def lws(self):
        program = self.folder / "echo_lws"
        if not program.exists():
            run("cc", "-O2", "-o", program, ECHO / "echo_lws.c", "-lwebsockets")
        return [program]

    def command(self, name, deflate, tls):
        """What starts the server."""
        cert = [*self.certificate] if tls else ["-", "-"]
        if name == "floor":
            return [self.build / "bench/floor"]
        if name == "whysocket":
            words = ["--listen-tls", "127.0.0.1:0", "--cert", cert[0], "--key", cert[1]] if tls \
                else ["--listen", "127.0.0.1:0"]
            return [self.whysocket, "serve", "--json", *words]
        files = sorted(ECHO.glob(f"echo_{name}.*"))
        check(files, f"{ECHO.relative_to(ROOT)} has no echo_{name}")
        program = {"gorilla": lambda: self.go(name), "nhooyr": lambda: self.go(name),
                   "lws": self.lws, "ws": lambda: [node("tests/interop", name), files[0]]}.get(
                       name, lambda: ["/usr/bin/python3", files[0]])()
        return [*program, "server", int(deflate), *cert]

    def measure(self, name, workload, seconds):
        """(µs of the server for each message, p99 in ns, messages a second); None: has no such."""
        _, options, deflate, tls, has_floor = workload
        if name == "floor" and not has_floor:
            return None
        server = start_server(SERVER_CORE, *self.command(name, deflate, tls))
        url = f"{'wss' if tls else 'ws'}://{server.addresses[0]}/"
        trust = ["--cacert", self.certificate[0]] if tls else []
        try:
            result = bench(self.whysocket, url, "-d", f"{seconds}s", "--warm-up", "300ms",
                           "--pid", server.process.pid, *options, *trust,
                           patience=60 + 10 * seconds)
        finally:
            server.terminate()
        if deflate and not result["deflated"]:
            return None
        return (result["server"]["us_per_reply"], result["latency_ns"]["p99"],
                result["messages"]["replies_per_second"])


def measure_all(world, words):
    """{workload: {peer: [measures]}}; what could not be run is said once."""
    workloads = [workload for workload in WORKLOADS if words.workload in workload[0]]
    measures = {workload[0]: {} for workload in workloads}
    missing = {}
    for number in range(words.rounds):
        for workload in workloads:
            for peer in words.peer or PEERS:
                if (peer, workload[0]) in missing:
                    continue
                progress(f"round {number + 1} of {words.rounds}: {workload[0]}, {peer}")
                try:
                    measured = world.measure(peer, workload, words.seconds)
                except (Failed, OSError) as error:
                    missing[peer, workload[0]] = str(error)
                    continue
                if measured:
                    measures[workload[0]].setdefault(peer, []).append(measured)
    progress("")
    return measures, missing


def column(rows, index):
    return [row[index] for row in rows]


def ratios(rows, others):
    """Of each round to the other's of that round."""
    return median_ratio(column(rows, 0), column(others, 0))


def write_table(measures):
    for workload, peers in measures.items():
        print(f"\n{workload}")
        print(f"  {'':12} {'µs a message':>13} {'× floor':>9} {'× ours':>9} {'p99':>10} "
              f"{'a second':>11}")
        for peer, rows in sorted(peers.items(), key=lambda item: median(column(item[1], 0))):
            to_floor = f"{ratios(rows, peers['floor']):9.2f}" if "floor" in peers else " " * 9
            to_ours = f"{ratios(rows, peers['whysocket']):9.2f}" if "whysocket" in peers \
                else " " * 9
            print(f"  {peer:12} {median(column(rows, 0)):13.2f} {to_floor} {to_ours} "
                  f"{median(column(rows, 1)) / 1e6:7.2f} ms "
                  f"{median(column(rows, 2)):11.0f}")


def main():
    parser = argparse.ArgumentParser(usage=__doc__.split("usage: ")[1].split("\n")[0])
    parser.add_argument("build")
    parser.add_argument("--peer", action="append", choices=PEERS)
    parser.add_argument("--workload", default="", help="those whose name has these words in it")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=1)
    parser.add_argument("--json")
    words = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="whysocket-bench-") as folder:
        measures, missing = measure_all(World(words.build, folder), words)
    write_table(measures)
    for (peer, workload), why in missing.items():
        print(f"\nnot run: {peer}, {workload}: {why[:300]}")
    if words.json:
        Path(words.json).write_text(json.dumps(measures, indent=1) + "\n")


main()
