#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The engine does not get slower unseen: callgrind counts what our own functions execute for fixed
workloads (bench/workloads.c), and no count may be more than 3% above that of
bench/instructions.json. What libc, zlib and OpenSSL execute is not counted.

usage: instructions_test.py TEST_BUILD [--write]

--write  takes the counts of now for the new baseline, to be committed with what changed them
"""
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.scenario import ROOT, Failed, check, main, release_build, run

BASELINE = ROOT / "bench/instructions.json"
GROWTH_MAX = 0.03
SHOWN = 5  # functions of a workload that grew
# What gcc cuts off a function, and how callgrind numbers recursion.
PARTS = re.compile(r"\.(part|constprop|isra|cold|lto_priv)\.?\d*|'\d+")
COST = re.compile(r"[+\-*\d]\S* (\d+)")


def our_functions(build):
    """Each function of the library, and the file that it is of."""
    files = {}
    for folder in ("base", "core", "tls", "why", "net"):
        for path in sorted((build / f"src/{folder}").rglob("*.o")):
            for line in run("nm", "--defined-only", path).splitlines():
                address, kind, name = line.split()
                if kind in "tT":
                    files.setdefault(PARTS.sub("", name), f"{folder}/{path.name[:-2]}")
    return files


def self_costs(dump):
    """Instructions by function, without those of what it calls."""
    costs, name, skip = {}, None, False
    for line in dump.read_text("utf-8", "replace").splitlines():
        if line.startswith("fn="):
            name = PARTS.sub("", line[3:])
        elif line.startswith("calls="):
            skip = True  # the next line's are the callee's
        elif found := COST.fullmatch(line.strip()):
            if not skip and name:
                costs[name] = costs.get(name, 0) + int(found[1])
            skip = False
    return costs


def count(build):
    """What was counted: {"compiler", "kernel", "workloads": {name: {function: instructions}}}, for
    one message, handshake, ..."""
    files = our_functions(build)
    check(len(files) > 100, f"found only {len(files)} functions in {build}")
    with tempfile.TemporaryDirectory(prefix="whysocket-instructions-") as folder:
        out = Path(folder) / "out"
        done = subprocess.run(
            ["valgrind", "--tool=callgrind", "--collect-atstart=no", "--compress-strings=no",
             "--toggle-collect=counted_run", "--dump-after=counted_run",
             f"--callgrind-out-file={out}", build / "bench/instructions"],
            env={"PATH": "/usr/bin:/bin"}, capture_output=True, text=True, check=False)
        check(done.returncode == 0, done.stdout + done.stderr)
        lines = [line.split(" ", 1) for line in done.stdout.splitlines()]
        result = {"compiler": lines[0][1], "kernel": lines[1][1], "workloads": {}}
        for number, (times, workload) in enumerate(lines[2:], 1):
            costs = self_costs(Path(f"{out}.{number}"))
            result["workloads"][workload] = {
                f"{files[name]} {name}": round(cost / int(times), 1)
                for name, cost in sorted(costs.items(), key=lambda row: (-row[1], row[0]))
                if name in files and cost * 20 >= int(times)}
    return result


def differences(before, now):
    """Lines that say what grew, the most first."""
    grown = sorted(((now.get(name, 0) - before.get(name, 0), name)
                    for name in before.keys() | now.keys()), reverse=True)
    return [f"    {by:+10.1f}  {name}: {before.get(name, 0)} -> {now.get(name, 0)}"
            for by, name in grown[:SHOWN] if by > 0]


def compare(name, before, now):
    """returns  what a workload costs now, or raises Failed where that is too much"""
    old, new = sum(before.values()), sum(now.values())
    check(old > 0 and new > 0, f"{name}: {old:.0f} instructions before, {new:.0f} now")
    growth = f"{name}: {old:.1f} instructions before, {new:.1f} now, {new / old - 1:+.1%}"
    if new > old * (1 + GROWTH_MAX):
        raise Failed("\n".join([
            growth, "  what grew (a function that is inlined elsewhere moves, too):",
            *differences(before, now),
            "  If that is what it has to cost: make counts, and commit bench/instructions.json."]))
    return growth


def a_workload_that_grew_is_found_with_its_function():
    before = {"core/a.c one": 1000.0, "core/b.c two": 100.0}
    compare("within", before, {"core/a.c one": 1032.0, "core/b.c two": 100.0})
    try:
        compare("beyond", before, {"core/a.c one": 990.0, "core/b.c two": 144.0})
    except Failed as failed:
        check("core/b.c two: 100.0 -> 144.0" in str(failed) and "a.c" not in str(failed), failed)
        return
    raise Failed("34 of 1100 more were let pass")


def is_counted(baseline, name):
    def test():
        check(name in counted["workloads"], "nothing runs this; make counts forgets it")
        print("#", compare(name, baseline["workloads"][name], counted["workloads"][name]))
    test.__name__ = name
    return test


def the_baseline_has_every_workload():
    missing = counted["workloads"].keys() - json.loads(BASELINE.read_text())["workloads"].keys()
    check(not missing, f"not in the baseline: {missing}; run make counts")


def tests():
    baseline = json.loads(BASELINE.read_text())
    made_for = {key: baseline[key] for key in ("compiler", "kernel")}
    here = {key: counted[key] for key in made_for}
    if here != made_for:
        def skipped():
            pass
        skipped.__name__ = (f"skipped: counts are for {' and kernel '.join(made_for.values())}, "
                            f"this is {' and kernel '.join(here.values())}")
        return [skipped]
    return [the_baseline_has_every_workload,
            *(is_counted(baseline, name) for name in baseline["workloads"])]


try:
    counted = count(release_build(sys.argv[1]))
except (Failed, OSError) as failed:
    sys.exit(str(failed))  # valgrind is missing, say
if sys.argv[2:] == ["--write"]:
    BASELINE.write_text(json.dumps(counted, indent=1) + "\n")
else:
    main([a_workload_that_grew_is_found_with_its_function, *tests()])
