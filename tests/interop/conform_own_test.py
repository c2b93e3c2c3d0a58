#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""`whysocket conform` against ourselves: nothing that must or should be is missing, and of what may
be only what is known, with its reason.

usage: conform_own_test.py TEST_BUILD

Whole where a session has most to it; in the other modes the groups that look different there.
"""
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
# pylint: disable=wrong-import-position
from conform_findings import findings_of, mode_of, show
from conform_runs import World, play
from support.peers import Certificates
from support.scenario import check, main, release_build

# What may be otherwise, and is for a reason.
KNOWN = {
    "server": {
        "2.7.1": "of Pings that wait together the last is answered, as section 5.5.3 allows: who "
                 "floods us with them holds one Pong's memory",
        "11.36.3": "100 headers beside its own are more than a head may have: options.head_lines_max",
    },
    "client": {
        "2.7.2": "as 2.7.1",
        "13.21.10": "a folded line is what two parsers read in two ways; no server writes one",
    },
}
PINGS = "2.7"  # there a finding is a silence, which is waited out
# 17 is information, how fast it is.
ALL = ("1", *(f"2.{number}" for number in range(1, 7)),
       *(str(number) for number in range(3, 17)))
RUNS = (
    ("whysocket", "server", "ws+", ALL),
    ("whysocket", "client", "ws+", ALL),
    ("whysocket", "server", "ws+", (PINGS,)),
    ("whysocket", "client", "ws+", (PINGS,)),
    ("whysocket-serve", "server", "ws+", ("1.2", "3", "7", "11")),  # a program around the library
    # TLS: records are not frames, its end is not TCP's, and it has cases of its own.
    ("whysocket", "server", "wss+", ("1.1", "5", "7", "10", "12.28", "12.29", "15.14", "16")),
    ("whysocket", "client", "wss+", ("1.1", "5", "7", "10", "12.28", "12.29", "15.14", "16")),
    # Without deflate: RSV1 has no meaning, and nothing of it may be agreed on.
    ("whysocket", "server", "ws", ("1.1", "3", "4", "6", "9", "12")),
    ("whysocket", "client", "ws", ("1.1", "3", "4", "6", "9", "12")),
    ("whysocket", "server", "wss", ("3", "7", "11.39", "16")),
    ("whysocket", "client", "wss", ("3", "7", "13.1", "13.2", "16")),
)
AT_ONCE = 3  # much of it is waiting
ANSWER = "20s"  # from a peer with sanitizers, on a machine that has much else to do
SILENCE = "1s"

temporary = tempfile.TemporaryDirectory(prefix="whysocket-conform-")
certificates = Certificates(temporary.name)
world = World(sys.argv[1], temporary.name, certificates)
# Who tests needs no sanitizer here, but for `serve`, which is the same program.
tester = World(sys.argv[1], temporary.name, certificates)
tester.whysocket = release_build(sys.argv[1]) / "src/cmd/whysocket"


def is_among(case, groups):
    return any(f"{case}.".startswith(f"{group}.") for group in groups)


def judge(report, role, groups):
    found = findings_of(report)
    wrong = [show(finding) for finding in found
             if finding.severity != "info" or finding.case not in KNOWN[role]]
    expected = {case for case in KNOWN[role] if is_among(case, groups)}
    gone = expected - {finding.case for finding in found}
    check(not wrong and not gone,
          "\n".join(wrong + [f"{case} passes now: take it off the list" for case in gone]))
    counts = report["counts"]
    check(counts["passed"] > 0 and counts["not_run"] == 0 and not report["trouble"],
          f"{counts}, {report['trouble']}")


def start(pool, run):
    name, role, mode, groups = run
    place = world if name == "whysocket-serve" else tester
    return pool.submit(play, place, name, role, mode_of(mode), "--timeout",
                       SILENCE if groups == (PINGS,) else ANSWER, chosen=groups)


def test_of(run, started):
    name, role, mode, groups = run

    def test():
        judge(started.result(), role, groups)

    whole = "all" if groups == ALL else ", ".join(groups)
    test.__name__ = f"{name}_as_a_{role}_over_{mode}:_{whole}"
    return test


world.list_cases()
tester.list_cases()
with ThreadPoolExecutor(AT_ONCE) as pool:
    main([test_of(run, start(pool, run)) for run in RUNS])
