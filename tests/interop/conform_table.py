# SPDX-License-Identifier: MIT
"""The tables of docs/conformance.md, made from docs/conformance/PEER.txt."""
import re

import conform_findings as findings
from conform_runs import PEERS
from support.scenario import ROOT, check

PAGE = ROOT / "docs/conformance.md"
PART = re.compile(r"(<!-- (server|client)s: made by `make conformance` -->\n).*?(<!-- end -->)",
                  re.S)
HEAD = """\
| | version | | passed | must | should | info | not applicable | seconds |
|---|---|---|---:|---:|---:|---:|---:|---:|
"""


def rows(role):
    for peer in PEERS.values():
        title, version = f"[{peer.title}](conformance/{peer.name}.txt)", findings.version(peer.name)
        for mode in peer.modes:
            run = findings.known(peer.name).get((role, mode))
            if run is not None:
                yield (f"| {title} | {version} | {findings.short_name(mode)} | {run.passed} "
                       f"| {run.count('must')} | {run.count('should')} | {run.count('info')} "
                       f"| {run.not_applicable} | {run.seconds:.0f} |\n")
                title = version = ""


def page():
    """(what the page is, what it has to be)."""
    text = PAGE.read_text()
    check(len(PART.findall(text)) == 2, f"{PAGE} has no place for the two tables")
    return text, PART.sub(lambda part: part[1] + HEAD + "".join(rows(part[2])) + part[3], text)


def write():
    PAGE.write_text(page()[1])
