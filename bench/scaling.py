#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""`make scaling`: what a message costs our server as connections become many and messages large, and
what those who are idle, slow or greedy do to the others.

usage: scaling.py BUILD [--part NAME]... [--rounds N] [--seconds S] [--most N] [--largest BYTES]
                  [--against COMMAND] [--json FILE] [--plots FOLDER]

Parts: connections, sizes, threads, idle, latency, large, slow. The servers have one core, who asks
them the other; what is compared is measured in turn, and figures are medians over the rounds.
--against is a server of somebody else, "{port}" in its command, for the part latency. --json adds
to what the file has of other parts; --plots draws what it has.
"""
import argparse
import contextlib
import json
import os
import shlex
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from scaling_report import draw, write_tables
from stand import (ALL_CORES, Crowd, Failed, SERVE, SERVER_CORE, Servers, ask, bench,
                   connections_max, machine, median, on_core, progress)

CONNECTIONS = (1, 10, 100, 1000, 10000, 100000)
SIZES = (1, 16, 256, 4096, 65536, 1 << 20, 16 << 20, 64 << 20)
SIZES_CONNECTIONS = 100  # that ask at once, unless their messages are large
IN_FLIGHT_BYTES = 4 << 20
BUSY, BUSY_SIZE = 100, 20
LARGE = 64 << 20
SLOW, SLOW_UNREAD, SLOW_SIZE = 10000, 128 << 10, 16384
SHARE = 0.5  # of the most that it does, for latency


class World:
    def __init__(self, words):
        self.build = Path(words.build)
        self.whysocket = self.build / "src/cmd/whysocket"
        self.rounds, self.seconds = words.rounds, words.seconds
        self.most, self.largest, self.each_max = words.most, words.largest, words.each
        self.against = words.against
        self.backends = ["epoll"] + (["io_uring"] if self.has_uring() else [])

    def serve(self, backend="epoll", *options):
        return [self.whysocket, *SERVE, "--loop", backend, *options]

    def has_uring(self):
        try:
            with Servers(self.serve("io_uring")):
                return True
        except Failed:
            return False

    def servers(self):
        """{name: command} of what a table has columns for."""
        return {"floor": [self.build / "bench/floor"],
                **{backend: self.serve(backend) for backend in self.backends}}

    def ask(self, servers, connections, **options):
        options.setdefault("seconds", self.seconds)
        return ask(self.build, servers, connections, each_max=self.each_max, **options)


def in_turn(world, name, commands, connections, **options):
    """{server: [µs a message]}, each round all of them once, begun anew."""
    found = {server: [] for server in commands}
    for number in range(world.rounds):
        for server, command in commands.items():
            progress(f"{name}, round {number + 1} of {world.rounds}: {server}")
            with Servers(command, connections, each_max=world.each_max) as servers:
                found[server].append(world.ask(servers, connections, **options)["us"])
    return found


# ---- The parts ----


def part_connections(world):
    return [{"connections": count, "size": BUSY_SIZE,
             "us": in_turn(world, f"{count} connections", world.servers(), count, size=BUSY_SIZE)}
            for count in CONNECTIONS if count <= world.most]


def part_sizes(world):
    rows = []
    for size in SIZES:
        if size <= world.largest:
            count = max(1, min(SIZES_CONNECTIONS, IN_FLIGHT_BYTES // size))
            rows.append({"connections": count, "size": size,
                         "us": in_turn(world, f"{size} bytes", world.servers(), count, size=size)})
    return rows


def part_threads(world):
    """Servers and those who ask share all cores: processor time is what is compared."""
    rows = []
    for name, count, depth in (("one in flight", 100, 1), ("64 in flight", 50, 64)):
        found = {"1": [], "2": []}
        with contextlib.ExitStack() as stack:
            running = {threads: stack.enter_context(
                Servers(world.serve("epoll", "--threads", threads), core=ALL_CORES))
                for threads in found}
            for number in range(world.rounds):
                for threads, servers in running.items():
                    progress(f"threads, {name}, round {number + 1} of {world.rounds}: {threads}")
                    found[threads].append(
                        ask(world.build, servers, count, size=BUSY_SIZE, depth=depth,
                            seconds=world.seconds, each_max=count // 2, core=ALL_CORES)["us"])
        rows.append({"connections": count, "depth": depth, "us": found})
    return rows


def part_idle(world):
    """100 busy ones with and without so many idle; those are all of one process, as far as it has
    descriptors, and of others beside it."""
    total = world.most
    rounds = {"idle": total, "bytes": [], "us": {"without": [], "with": []},
              "a_second": {"without": [], "with": []}}
    for number in range(world.rounds):
        with Servers(world.serve(), total + BUSY, each_max=world.each_max) as servers:
            first = [servers.ports[0]]
            world.ask(servers, BUSY, ports=first)  # what comes once is not the idle ones'
            before = servers.rss()
            for name in ("without", "with"):
                with contextlib.ExitStack() as stack:
                    if name == "with":
                        progress(f"idle, round {number + 1} of {world.rounds}: {total} open")
                        each = min(world.each_max or connections_max(), connections_max())
                        crowd = stack.enter_context(Crowd(world.build, servers, "-c", total,
                                                          "-d", 0, "-f", each))
                        crowd.ready()
                        rounds["processes"] = len(servers.pids)
                        rounds["bytes"].append((servers.rss() - before) / total)
                    progress(f"idle, round {number + 1} of {world.rounds}: {name}")
                    result = world.ask(servers, BUSY, ports=first)
                    rounds["us"][name].append(result["us"])
                    rounds["a_second"][name].append(result["a_second"])
    return rounds


def rate_of(world, url):
    """Half of what it does at most."""
    most = bench(world.whysocket, url, "-c", BUSY, "--size", BUSY_SIZE, *times_of(world))
    return max(1, int(most["messages"]["replies_per_second"] * SHARE))


def times_of(world):
    ms = max(1, round(world.seconds * 1000))
    return "-d", f"{ms}ms", "--warm-up", f"{min(ms, 300)}ms"


def at_rate(world, url, rate):
    """Latency where so many messages a second are due, in an open model."""
    result = bench(world.whysocket, url, "-c", BUSY, "--size", BUSY_SIZE, "--rate", rate,
                   *times_of(world))
    return {"p50": result["latency_ns"]["p50"], "p99": result["latency_ns"]["p99"],
            "p999": result["latency_ns"]["p99.9"], "limit": result["own_limit"]}


def url_of(servers):
    return f"ws://127.0.0.1:{servers.ports[0]}/"


@contextlib.contextmanager
def other_server(command):
    """Somebody else's, which does not say when it listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]
    process = subprocess.Popen(shlex.split(command.replace("{port}", str(port))),
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                               preexec_fn=on_core(SERVER_CORE))
    try:
        until = time.monotonic() + 10
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                if time.monotonic() > until:
                    raise Failed(f"{command} does not listen") from None
                time.sleep(0.05)
        yield f"ws://127.0.0.1:{port}/"
    finally:
        process.kill()
        process.wait()


def part_latency(world):
    with contextlib.ExitStack() as stack:
        urls = {backend: url_of(stack.enter_context(Servers(world.serve(backend))))
                for backend in world.backends}
        if world.against:
            urls["against"] = stack.enter_context(other_server(world.against))
        rate = rate_of(world, urls["epoll"])
        found = {name: [] for name in urls}
        for number in range(world.rounds):
            for name, url in urls.items():
                progress(f"latency, round {number + 1} of {world.rounds}: {name}")
                found[name].append(at_rate(world, url, rate))
    return {"connections": BUSY, "size": BUSY_SIZE, "rate": rate, "of": found}


def part_large(world):
    """One more, whose message is large, is echoed again and again; it asks when nobody else does."""
    rows = {}
    for backend in world.backends:
        found = {"without": [], "with": []}
        with Servers(world.serve(backend)) as servers:
            rate = rate_of(world, url_of(servers))
            for number in range(world.rounds):
                progress(f"large, {backend}, round {number + 1} of {world.rounds}")
                found["without"].append(at_rate(world, url_of(servers), rate))
                with Crowd(world.build, servers, "-c", 1, "-s", min(LARGE, world.largest),
                           "-w", 0, "-t", 60000, is_meek=True):
                    time.sleep(0.2)
                    found["with"].append(at_rate(world, url_of(servers), rate))
        rows[backend] = {"rate": rate, "of": found}
    return rows


def part_slow(world):
    """Two servers, one with those who do not read what they asked for."""
    rows = {}
    count = min(SLOW, world.most)
    for backend in world.backends:
        found = {"without": [], "with": []}
        with Servers(world.serve(backend)) as alone, \
                Servers(world.serve(backend), count + BUSY) as crowded:
            with Crowd(world.build, crowded, "-c", count, "-u", SLOW_UNREAD, "-s", SLOW_SIZE,
                       ports=crowded.ports[:1]) as crowd:
                progress(f"slow, {backend}: {count} ask and do not read")
                crowd.ready()
                rate = rate_of(world, url_of(alone))
                for number in range(world.rounds):
                    progress(f"slow, {backend}, round {number + 1} of {world.rounds}")
                    found["without"].append(at_rate(world, url_of(alone), rate))
                    found["with"].append(at_rate(world, url_of(crowded), rate))
        rows[backend] = {"rate": rate, "connections": count, "unread": SLOW_UNREAD, "of": found}
    return rows


PARTS = {"connections": part_connections, "sizes": part_sizes, "threads": part_threads,
         "idle": part_idle, "latency": part_latency, "large": part_large, "slow": part_slow}


# ---- The command ----


def arguments():
    parser = argparse.ArgumentParser(usage=__doc__.split("usage: ")[1].split("\n\n")[0])
    parser.add_argument("build")
    parser.add_argument("--part", action="append", choices=PARTS)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=1)
    parser.add_argument("--most", type=int, default=CONNECTIONS[-1])
    parser.add_argument("--largest", type=int, default=SIZES[-1])
    parser.add_argument("--each", type=int, help="connections of a process, if not what it may have")
    parser.add_argument("--against")
    parser.add_argument("--json")
    parser.add_argument("--plots")
    return parser.parse_args()


def keep(path, results):
    """Beside what the file has of other parts."""
    path.parent.mkdir(parents=True, exist_ok=True)
    kept = json.loads(path.read_text("utf-8")) if path.exists() else {}
    kept.update(results)
    path.write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n", "utf-8")
    return kept


def main():
    words = arguments()
    world = World(words)
    results = {}
    path = Path(words.json) if words.json else Path(tempfile.mkdtemp()) / "scaling.json"
    failed = False
    for name in words.part or PARTS:
        begin = time.monotonic()
        try:
            rows = PARTS[name](world)
        except Failed as error:
            failed = True
            progress("")
            print(f"{name}: not measured: {error}", file=sys.stderr)
            continue
        seconds = round(time.monotonic() - begin)
        results = keep(path, {name: {"machine": machine(), "rounds": world.rounds,
                                     "took_s": seconds, "rows": rows}})
    progress("")
    write_tables(results)
    if words.plots:
        draw(results, Path(words.plots))
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    os.environ.pop("LANG", None)
    main()
