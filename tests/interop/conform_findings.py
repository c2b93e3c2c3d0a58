# SPDX-License-Identifier: MIT
"""What is known to be wrong with whom: docs/conformance/PEER.txt, a line a case, with the bytes
that prove it; read for comparing, and written."""
import json
import re
from dataclasses import dataclass, replace
from pathlib import Path

from conform_runs import Mode
from support.scenario import ROOT

FOLDER = ROOT / "docs/conformance"
BYTES_SHOWN = 16
HEAD_SHOWN = 240
HEAD = """\
# What `whysocket conform` finds in {title} {version}. Made by `make conformance`, which expects
# exactly this, as tests/interop/conform_peers_test.py does.
#
# A line: the case, how bad it is to fail it, where (ws or wss, + with permessage-deflate), what a
# right peer does; what came instead; the last bytes that the suite sent before (>), and the bytes
# that decide (<), the first {shown} of each. Of HTTP the text. What differs each time is a *, as
# the masking key, behind which the payload is shown unmasked. A ? behind the place: a race inside
# the peer, lost or won from run to run; docs/conformance.md says which.
"""
FIRST = re.compile(r"# What `whysocket conform` finds in .* (\S+)\. Made")
LINE = re.compile(r"(\S+) (must|should|info) (\S+) (.*?) \| (.*?) \| (>[^|]*) \| (<[^|]*)")


@dataclass
class Finding:
    case: str
    severity: str
    title: str
    got: str
    sent: str
    came: str
    is_race: bool = False  # inside the peer: a run may find it or not

    def key(self):
        """What is the same in every run: no random bytes, and whether an end was a FIN or a RST is
        a race. How long nothing came is the run's limit."""
        got = re.sub(r"\((FIN|RST)\)|ended|reset| within [\d.]+ m?s| is \w\w in place of \w\w", "",
                     self.got)
        return self.case, self.severity, re.sub(r":.*?(?=; |$)", "", got)


def short_name(mode):
    return ("wss" if mode.tls else "ws") + ("+" if mode.deflate else "")


def mode_of(name):
    return Mode(name.startswith("wss"), name.endswith("+"))


def show_head(head, way):
    """Of an answer its first line; a request whole, but for what is another one each time."""
    lines = head.rstrip("\n").split("\n")
    if way == "received" and lines[0].startswith("HTTP/"):
        lines = lines[:1]
    lines = [re.sub(r"^(Host: 127.0.0.1:|Sec-WebSocket-Key: )[\w+/=]+$", r"\1*", line)
             for line in lines]
    text = json.dumps("\n".join(lines)).replace("|", "/")
    return " " + (text if len(text) <= HEAD_SHOWN else text[:HEAD_SHOWN] + " ...")


def show_bytes(moment):
    if moment is None:
        return ""
    if moment["head"]:
        return show_head(moment["head"], moment["way"])
    raw = bytes.fromhex(moment["bytes"])
    more = " ..." if moment["len"] > BYTES_SHOWN else ""
    header_len = 2 + {126: 2, 127: 8}.get(raw[1] & 0x7f, 0) if len(raw) > 1 else 0
    key = raw[header_len:header_len + 4]
    if "as they are" in moment["what"] or len(key) < 4 or not raw[1] & 0x80:
        return f" {raw[:BYTES_SHOWN].hex(' ')}{more}"
    payload = bytes(byte ^ key[at % 4] for at, byte in enumerate(raw[header_len + 4:BYTES_SHOWN]))
    return f" {raw[:header_len].hex(' ')} * {payload.hex(' ')}".rstrip() + more


def proof(result):
    """(what the suite sent last before it, the decisive moment)."""
    moments = result["moments"]
    decisive = next((finding["moment"] for finding in result["findings"]
                     if finding["moment"] is not None), len(moments))
    before = moments[:decisive + 1]
    sent = next((one for one in reversed(before) if one["way"] == "sent"), None)
    came = moments[decisive] if decisive < len(moments) else None
    return show_bytes(sent), show_bytes(came if came and came["way"] == "received" else None)


def findings_of(report):
    """Those of a run, in the order of the cases."""
    found = []
    for result in report["results"]:
        if result["verdict"] == "failed":
            got = "; ".join(finding["got"] for finding in result["findings"]).replace("|", "/")
            sent, came = proof(result)
            found.append(Finding(result["id"], result["worst"], result["title"].replace("|", "/"),
                                 got, sent, came))
    return found


@dataclass
class Run:
    """What one run came to."""
    passed: int
    not_applicable: int
    seconds: float
    trouble: str  # the peer crashed or hangs; else empty
    findings: list

    def count(self, severity):
        return sum(finding.severity == severity for finding in self.findings)


def run_of(report):
    counts = report["counts"]
    return Run(counts["passed"], counts["not_applicable"], report["elapsed_ms"] / 1000,
               report["trouble"] or "", findings_of(report))


COUNTS = re.compile(r"(wss?\+?): (\d+) passed, (\d+) not applicable, ([\d.]+) s(?:; (.*))?")


def write(path, title, version, runs):
    """runs: {(role, mode): Run}"""
    lines = [HEAD.format(title=title, version=version, shown=BYTES_SHOWN)]
    for role in ("server", "client"):
        rows = {}  # what is the same in several modes is one line, with the first one's bytes
        for (one, mode), run in runs.items():
            if one == role:
                lines.append("" if rows else f"\n## {role}\n")
                lines.append(f"{short_name(mode)}: {run.passed} passed, {run.not_applicable} not "
                             f"applicable, {run.seconds:.0f} s"
                             f"{'; ' if run.trouble else ''}{run.trouble}\n")
                rows.setdefault(None, None)
                for finding in run.findings:
                    rows.setdefault(finding.key(), (finding, []))[1].append(
                        short_name(mode) + "?" * finding.is_race)
        rows.pop(None, None)
        lines.append("\n" if rows else "")
        for finding, names in sorted(rows.values(), key=lambda row: natural(row[0].case)):
            lines.append(f"{finding.case} {finding.severity} {','.join(names)} {finding.title} | "
                         f"{finding.got} | >{finding.sent} | <{finding.came}\n")
    path.write_text("".join(lines))


def natural(case):
    return [int(number) for number in case.split(".")]


def read(path):
    """{(role, mode): Run}"""
    runs, role = {}, None
    for line in Path(path).read_text().splitlines():
        if line in ("## server", "## client"):
            role = line[3:]
        elif counts := COUNTS.fullmatch(line):
            runs[role, mode_of(counts[1])] = Run(int(counts[2]), int(counts[3]), float(counts[4]),
                                                 counts[5] or "", [])
        elif row := LINE.fullmatch(line):
            case, severity, names, title, got, sent, came = row.groups()
            for name in names.split(","):
                runs[role, mode_of(name.rstrip("?"))].findings.append(
                    Finding(case, severity, title, got, sent[1:], came[1:], name.endswith("?")))
    return runs


def path_of(name):
    return FOLDER / f"{name}.txt"


def known(name):
    """What is known of a peer: {(role, mode): Run}, empty where there is no file yet."""
    path = path_of(name)
    return read(path) if path.exists() else {}


def version(name):
    """Of the peer that is known; empty where none is."""
    path = path_of(name)
    return FIRST.match(path.read_text())[1] if path.exists() else ""


def with_races(run, known_run):
    """A run as it would be had the peer lost the races that it is known to lose at times."""
    races = {one.key(): one for one in known_run.findings if one.is_race}
    won = [one for key, one in races.items() if key not in {one.key() for one in run.findings}]
    marked = [replace(one, is_race=one.key() in races) for one in run.findings]
    return replace(run, passed=run.passed - len(won),
                   findings=sorted(marked + won, key=lambda one: natural(one.case)))


def keep(peer, role, mode, run):
    """Put one run into the peer's file; those of other roles and modes stay."""
    runs = known(peer.name)
    runs[role, mode] = with_races(run, runs.get((role, mode), run))
    order = [(one, other) for one in peer.roles for other in peer.modes]
    FOLDER.mkdir(exist_ok=True)
    write(path_of(peer.name), peer.title, peer.version(),
          {one: runs[one] for one in order if one in runs})


def is_chosen(case, chosen):
    return not chosen or any(f"{case}.".startswith(f"{one}.") for one in chosen)


def differences(found, expected, chosen=()):
    """What a run found and was not known, and what was known and it did not find, in words.

    chosen  the cases or groups that were played; none: all"""
    found = with_races(found, Run(0, 0, 0, "", [one for one in expected.findings
                                                if is_chosen(one.case, chosen)]))
    seen = {finding.key(): finding for finding in found.findings}
    known_ones = {finding.key(): finding for finding in expected.findings
                  if is_chosen(finding.case, chosen)}
    lines = ([f"new: {show(seen[key])}" for key in seen if key not in known_ones]
             + [f"gone: {show(known_ones[key])}" for key in known_ones if key not in seen])
    if found.trouble != expected.trouble:
        lines.append(f"trouble: {found.trouble or 'none'}; known: {expected.trouble or 'none'}")
    if not lines and not chosen and found.passed != expected.passed:
        lines.append(f"{found.passed} cases passed, not {expected.passed}: `--write` after a "
                     "change of the cases")
    return lines


def show(finding):
    return (f"{finding.case} {finding.severity} {finding.title}: {finding.got[:200]}\n"
            f"    >{finding.sent}\n    <{finding.came}")
