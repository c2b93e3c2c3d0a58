#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`make conformance`: `whysocket conform` against other people's libraries and against our own, in
both roles; what it finds is compared with what is known of each, docs/conformance/PEER.txt.

usage: conformance.py BUILD [--peer NAME]... [--role server|client] [--mode ws+]... [--case ID]...
                            [--runs N] [--write] [--reports FOLDER]
"""
import argparse
import json
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

# pylint: disable=wrong-import-position
import conform_findings as findings
import conform_table
from conform_runs import PEERS, World, play
from support.peers import Certificates
from support.scenario import Failed


def wanted_runs(words):
    """[(peer, role, mode)]."""
    runs = [(peer, role, mode) for peer in PEERS.values() for role in peer.roles
            for mode in peer.modes if (not words.peer or peer.name in words.peer)
            and words.role in (None, role)
            and (not words.mode or findings.short_name(mode) in words.mode)]
    if not runs:
        sys.exit("conformance.py: no peer has such a run")
    return runs


def play_one(world, words, peer, role, mode, number):
    """(the run, what differs from what is known)."""
    where = f"{peer.name} {role} {findings.short_name(mode)}"
    try:
        report = play(world, peer.name, role, mode, chosen=words.case)
    except Failed as error:
        return None, [f"{where}: could not run: {error}"]
    if words.reports:
        (Path(words.reports) / f"{where.replace(' ', '-')}-{number}.json").write_text(
            json.dumps(report, indent=1))
    found = findings.run_of(report)
    expected = findings.known(peer.name).get((role, mode))
    if expected is None:
        differs = [f"{where}: nothing is known of it yet"]
    else:
        differs = [f"{where}: {line}" for line in findings.differences(found, expected,
                                                                           words.case)]
    counts = ", ".join(f"{found.count(one)} {one}" for one in ("must", "should", "info"))
    print(f"{where}: {found.passed} passed, {counts}, {found.not_applicable} not applicable, "
          f"{found.seconds:.1f} s{'' if words.write else f', {len(differs)} differences'}",
          flush=True)
    return found, differs


def parse_words():
    parser = argparse.ArgumentParser(usage=__doc__.split("usage: ")[1])
    parser.add_argument("build")
    parser.add_argument("--peer", action="append", choices=list(PEERS))
    parser.add_argument("--role", choices=("server", "client"))
    parser.add_argument("--mode", action="append", choices=("ws", "ws+", "wss", "wss+"))
    parser.add_argument("--case", action="append", default=[])
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--reports")
    return parser.parse_args()


def main():
    words = parse_words()
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        world = World(words.build, folder, Certificates(folder))
        for number in range(1, words.runs + 1):
            for peer, role, mode in wanted_runs(words):
                found, differs = play_one(world, words, peer, role, mode, number)
                if words.write and not words.case and found is not None:
                    findings.keep(peer, role, mode, found)
                    continue
                print("".join(f"  {line}\n" for line in differs), end="", flush=True)
                failed = failed or bool(differs)
    if words.write:
        conform_table.write()
    sys.exit(1 if failed else 0)


main()
