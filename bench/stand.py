# SPDX-License-Identifier: MIT
"""What the benchmarks share: a core for the servers and one for who asks them, servers, crowds of
clients (bench/crowd.c), `whysocket bench`, and what came of it."""
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

# pylint: disable=wrong-import-position
from support.programs import Server, die_with_parent
from support.scenario import Failed, check

FILES_SPARE = 64  # descriptors of a process that are no connections
PATIENCE_S = 110
# Of serve: large messages are let in, and no silence is broken.
SERVE = ("serve", "--json", "--listen", "127.0.0.1:0", "--ping", "0", "--max-message", "128M")


def cores():
    """One for the server, one for the generator; the same where there is but one."""
    available = sorted(os.sched_getaffinity(0))
    return {available[0]}, {available[-1]}


SERVER_CORE, OWN_CORE = cores()
ALL_CORES = SERVER_CORE | OWN_CORE


def on_core(core, is_meek=False):
    """For subprocess: `is_meek` runs when nobody else there wants to."""
    def prepare():
        die_with_parent()
        os.sched_setaffinity(0, core)
        if is_meek:
            os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    return prepare


def start_server(core, *command, **options):
    """On its core from the beginning, so that every thread of it is."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, core)
    try:
        return Server(*command, **options)
    finally:
        os.sched_setaffinity(0, before)


def connections_max():
    """That a process has descriptors for."""
    return resource.getrlimit(resource.RLIMIT_NOFILE)[1] - FILES_SPARE


class Servers:
    """As many processes of one program as so many connections need descriptors for."""

    def __init__(self, command, connections=1, core=None, each_max=None):
        count = -(-connections // min(each_max or connections_max(), connections_max()))
        self.servers = [start_server(core or SERVER_CORE, *command) for _ in range(count)]
        self.pids = [server.process.pid for server in self.servers]
        self.ports = [server.addresses[0].rsplit(":", 1)[1] for server in self.servers]

    def __enter__(self):
        return self

    def __exit__(self, *error):
        for server in self.servers:
            server.process.kill()  # the ends of thousands of connections are not what is measured
            server.process.wait()

    def rss(self):
        """Bytes that are resident, once they have settled."""
        time.sleep(0.3)
        total = 0
        for pid in self.pids:
            for line in Path(f"/proc/{pid}/status").read_text("utf-8").splitlines():
                if line.startswith("VmRSS:"):
                    total += int(line.split()[1]) * 1024
        return total


class Crowd:
    """Connections that are idle, or that go on asking, until the end of a `with`."""

    def __init__(self, build, servers, *options, ports=None, core=None, is_meek=False):
        pids = [word for pid in servers.pids for word in ("-p", pid)]
        command = [build / "bench/crowd", *options, *pids, *(ports or servers.ports)]
        self.process = subprocess.Popen([str(word) for word in command], text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE,
                                        preexec_fn=on_core(core or OWN_CORE, is_meek))

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.process.kill()
        self.process.communicate()

    def ready(self):
        """Wait until all are there."""
        line = self.process.stdout.readline()
        if not line:
            raise Failed(f"crowd: {self.process.communicate()[1]}")
        return json.loads(line)

    def measured(self):
        try:
            out, errors = self.process.communicate(timeout=PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise Failed("crowd did not end in time") from None
        check(self.process.returncode == 0 and out, f"crowd: {errors}")
        result = json.loads(out)
        check(result["replies"] > 0, "no reply came in the time that was measured")
        result["us"] = result["server_cpu_ns"] / result["replies"] / 1e3
        result["a_second"] = result["replies"] / result["elapsed_ns"] * 1e9
        return result


def ask(build, servers, connections, size=20, depth=1, seconds=1.0, **options):
    """What it costs the servers: {"us", "a_second", ...}."""
    each = options.pop("each_max", None) or connections_max()
    warm_ms = round(min(200, seconds * 1000)) + connections // 50 + size // 100000
    with Crowd(build, servers, "-c", connections, "-s", size, "-d", depth, "-f", each,
               "-w", warm_ms, "-t", max(1, round(seconds * 1000)), **options) as crowd:
        return crowd.measured()


def bench(whysocket, url, *options, core=None, patience=PATIENCE_S):
    """The JSON of `whysocket bench`."""
    words = [whysocket, "bench", url, "--json", "--proxy", "none", *options]
    try:
        done = subprocess.run([str(word) for word in words], capture_output=True, text=True,
                              timeout=patience, preexec_fn=on_core(core or OWN_CORE), check=False)
    except subprocess.TimeoutExpired:
        raise Failed("whysocket bench did not end") from None
    check(done.stdout.startswith("{"), done.stderr)
    result = json.loads(done.stdout)
    check(result["messages"]["answered"] > 0 and result["messages"]["wrong"] == 0,
          [row["why"] for row in result["closes"]])
    return result


def machine():
    """Where it was measured."""
    model = [line.split(":", 1)[1].strip() for line in
             Path("/proc/cpuinfo").read_text("utf-8").splitlines() if line.startswith("model name")]
    return {"cpu": model[0] if model else platform.machine(), "cores": os.cpu_count(),
            "kernel": platform.release(), "load": round(os.getloadavg()[0], 1),
            "date": time.strftime("%Y-%m-%d", time.gmtime())}


def progress(text):
    if sys.stderr.isatty():
        print(f"\r{text}\033[K", end="", file=sys.stderr, flush=True)
    elif text:
        print(text, file=sys.stderr, flush=True)


def median(values):
    return statistics.median(values)


def median_ratio(values, others):
    """Of pairs."""
    return statistics.median(one / other for one, other in zip(values, others) if other > 0)


__all__ = ["ALL_CORES", "Crowd", "Failed", "OWN_CORE", "SERVE", "SERVER_CORE", "Servers", "ask",
           "bench", "check", "connections_max", "machine", "median", "median_ratio", "on_core",
           "progress", "start_server"]
