#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""`whysocket conform` finds in two servers of other people's what docs/conformance says, and
docs/conformance.md is made from it. `make conformance` does so with all peers, in both roles.

usage: conform_peers_test.py TEST_BUILD
"""
import concurrent.futures
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

# pylint: disable=wrong-import-position
import conform_findings as findings
import conform_table
from conform_runs import PLAIN, World, play
from support.peers import Certificates
from support.scenario import check, main

WHOLE = ()
QUICK = tuple(map(str, range(2, 11))) + ("12",)  # but what is large, or long in coming


def compare(world, name, chosen):
    found = findings.run_of(play(world, name, "server", PLAIN, chosen=chosen))
    return [f"{name}: {line}" for line in
            findings.differences(found, findings.known(name)["server", PLAIN], chosen)]


def servers_have_the_known_findings():
    with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor() as both:
        world = World(sys.argv[1], folder, Certificates(folder))
        runs = [both.submit(compare, world, "ws", WHOLE),
                both.submit(compare, world, "websockets", QUICK)]
        lines = [line for run in runs for line in run.result()]
        check(not lines, "\n".join(lines))


def the_tables_are_in_step():
    text, made = conform_table.page()
    check(text == made, "docs/conformance.md is not what docs/conformance/*.txt make: run "
                        "`make conformance WRITE=1`, or conform_table.write()")


def a_difference_is_seen():
    """A finding that nobody knows, one that is gone, and a crash."""
    known = findings.known("ws")["server", PLAIN]
    _, *rest = known.findings
    gone = findings.Run(known.passed + 1, known.not_applicable, 1, "", rest)
    crashed = findings.Run(known.passed, known.not_applicable, 1, "the server crashed", [])
    for found, expected, word in ((gone, known, "gone: "), (known, gone, "new: "),
                                  (crashed, known, "trouble: the server crashed")):
        lines = findings.differences(found, expected)
        check(any(line.startswith(word) for line in lines), f"{word} is not in {lines}")
    one = findings.Run(0, 0, 1, "", [rest[0]])
    check(findings.differences(one, known, (rest[0].case,)) == [], "what was not played is missed")
    race = findings.Run(known.passed, known.not_applicable, 1, "",
                        [replace(known.findings[0], is_race=True), *rest])
    check(findings.differences(gone, race) == [], "a race that was won is taken for a difference")
    check(findings.with_races(gone, race) == race, "a race that was won is no longer known")
    accepted = [one for one in known.findings if "it was accepted" in one.got]
    check(accepted and all(one.sent and one.came for one in accepted), "a finding has no bytes")


main([servers_have_the_known_findings, the_tables_are_in_step, a_difference_is_seen])
