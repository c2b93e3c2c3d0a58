#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""`make scaling`, made small: every part of bench/scaling.py is measured, kept and drawn, and what
is not as it should be is said. What the figures are is nobody's business here.

usage: scaling_test.py TEST_BUILD
"""
import json
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.programs import PATIENCE_S, Server
from support.scenario import ROOT, check, closed_port, main, release_build, run

BUILD = release_build(sys.argv[1])
SCALING, CROWD = ROOT / "bench/scaling.py", BUILD / "bench/crowd"
SMALL = ("--rounds", 1, "--seconds", 0.5, "--most", 10, "--each", 60, "--largest", 256)
temporary = tempfile.TemporaryDirectory(prefix="whysocket-scaling-")
WORK = Path(temporary.name)


def scaling(*words):
    return run("/usr/bin/python3", SCALING, BUILD, *SMALL, *words, timeout=PATIENCE_S * 4)


def crowd(*words):
    return subprocess.run([CROWD, *map(str, words)], stdin=subprocess.DEVNULL, text=True,
                          capture_output=True, timeout=PATIENCE_S, check=False)


def every_part_is_measured_and_kept():
    kept = WORK / "all.json"
    out = scaling("--json", kept, "--plots", WORK)
    parts = json.loads(kept.read_text("utf-8"))
    check(sorted(parts) == ["connections", "idle", "large", "latency", "sizes", "slow", "threads"],
          f"kept {sorted(parts)}")
    for part in parts.values():
        check(part["machine"]["cpu"] and part["rounds"] == 1, f"no machine: {part}")
    costs = [row["us"] for name in ("connections", "sizes") for row in parts[name]["rows"]]
    check(all(len(row) >= 2 and min(min(us) for us in row.values()) > 0 for row in costs),
          f"a cost is missing: {costs}")
    check(parts["idle"]["rows"]["processes"] == 2, "so many connections need two processes")
    for words in ("| connections |", "| message |", "2 threads", "idle, 2 processes",
                  "one large message", "slow readers"):
        check(words in out, f"{words!r} is not in\n{out}")


def plots_are_for_light_and_dark_pages():
    for name in ("connections", "sizes"):
        text = (WORK / f"{name}.svg").read_text("utf-8")
        root = ET.fromstring(text)
        check(root.tag.endswith("svg") and root.get("viewBox"), "not an SVG that scales")
        check("prefers-color-scheme: dark" in text, "it has colours for a light page alone")
        lines = [path for path in root.iter() if re.match("line ", path.get("class", ""))]
        check(len(lines) >= 4, f"{len(lines)} lines: each server's, and its legend")


def a_part_is_added_to_what_was_kept():
    kept = WORK / "some.json"
    kept.write_text('{"other": {"rows": []}}', "utf-8")
    scaling("--part", "threads", "--json", kept)
    check(sorted(json.loads(kept.read_text("utf-8"))) == ["other", "threads"], "it was replaced")


def a_crowd_is_as_many_processes_as_it_has_to_be():
    server = Server(BUILD / "bench/floor")
    port = server.addresses[0].rsplit(":", 1)[1]
    done = crowd("-c", 25, "-f", 10, "-s", 300, "-d", 3, "-w", 0, "-t", 50, "-p",
                 server.process.pid, port)
    check(done.returncode == 0, done.stderr)
    told = json.loads(done.stdout)
    check(told["processes"] == 3 and told["replies"] > 0 and told["server_cpu_ns"] > 0, told)
    server.terminate()


def a_crowd_says_what_went_wrong():
    with closed_port() as port:
        done = crowd("-c", 1, port)
    check(done.returncode == 1 and "connect: " in done.stderr, done)
    for words in ((), ("-c", "many", 1), ("-x", 1), (0,), (70000,)):
        done = crowd(*words)
        check(done.returncode == 2 and "usage: " in done.stderr, done)


main([every_part_is_measured_and_kept, plots_are_for_light_and_dark_pages,
      a_part_is_added_to_what_was_kept, a_crowd_is_as_many_processes_as_it_has_to_be,
      a_crowd_says_what_went_wrong])
