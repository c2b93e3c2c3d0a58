#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""whysocket check against every mode of whysocket lab: the cause is the one that the list names,
and few connections were needed to find it.

usage: lab_check_test.py TEST_BUILD
"""
import json
import re
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import jsonschema

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support import peers
from support.programs import PATIENCE_S, Process
from support.scenario import ROOT, check, main, run

WHYSOCKET = f"{sys.argv[1]}/src/cmd/whysocket"
CONNECTIONS_MEAN, CONNECTIONS_MOST = 1.6, 5
# Whoever never answers is waited for as long as this; the others have the default's time, in which
# a machine with much else to do answers too.
PATIENCE = "3s"
SILENT_CAUSES = {"timeout.tls", "timeout.proxy", "timeout.upgrade"}
SILENT_MODES = {"ch-big-stall", "httpwait-on-tls"}


class Found:
    """What `check` said of a mode, or nothing where that was no JSON."""

    def __init__(self, mode, done):
        self.mode, self.done = mode, done
        try:
            self.said = json.loads(done.stdout)
        except ValueError:
            self.said = None

    def cause(self):
        """None: all is well."""
        return None if self.said["ok"] else self.said["record"]["cause"]

    def is_right(self):
        return self.said and self.cause() in {self.mode["cause"], self.mode["or"]}

    def story(self):
        name, wanted = self.mode["name"], self.mode["cause"] or "nothing wrong"
        if not self.said:
            return f"{name}: {self.done.returncode}, {self.done.stdout}{self.done.stderr}"
        probes = "".join(f"\n    {probe['kind']}, {probe['end']}: {probe['what']}"
                         for probe in self.said["probes"])
        return (f"{name}: {self.cause()} ({self.said['record']['detail']}), not {wanted}"
                f"{' or ' + self.mode['or'] if self.mode['or'] else ''}{probes}")


def is_silent(mode):
    return mode["cause"] in SILENT_CAUSES or mode["name"] in SILENT_MODES


def ask(mode, *options):
    patience = ["--timeout", PATIENCE] if is_silent(mode) else []
    return subprocess.run([WHYSOCKET, "check", mode["url"], *patience, *mode["options"], *options],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
                          timeout=PATIENCE_S, env=peers.environment())


def find(mode, *options):
    return Found(mode, ask(mode, "--json", *options))


def ask_all(modes, how):
    """The silent ones wait and cost nothing: all at once, beside a few of the others."""
    silent = [mode for mode in modes if is_silent(mode)]
    with ThreadPoolExecutor(len(silent)) as waiting, ThreadPoolExecutor(4) as working:
        found = [waiting.submit(how, mode) for mode in silent]
        found += [working.submit(how, mode) for mode in modes if not is_silent(mode)]
        return [one.result() for one in found]


def modes_of(lab):
    until, modes = time.monotonic() + PATIENCE_S, []
    while not modes or modes[-1]["event"] != "ready":
        modes.append(lab.next(until))
    return modes[:-1]


def every_mode_is_named():
    listed = json.loads(run(WHYSOCKET, "lab", "--list", "--json"))["modes"]
    check(len(FOUND) == len(listed) > 100, f"{len(FOUND)} of {len(listed)} modes")
    wrong = [one.story() for one in FOUND if not one.is_right()]
    check(not wrong, f"{len(wrong)} of {len(FOUND)} are wrong\n" + "\n".join(wrong))


def few_connections_are_needed():
    connections = {one.mode["name"]: one.said["connections"] for one in FOUND if one.said}
    mean, most = sum(connections.values()) / len(connections), max(connections.values())
    print(f"# {len(connections)} modes, {mean:.2f} connections each, {most} at most")
    many = [f"{name} {count}" for name, count in connections.items() if count > 2]
    check(mean < CONNECTIONS_MEAN and most <= CONNECTIONS_MOST, f"{', '.join(many)}")
    healthy = [one.mode["name"] for one in FOUND
               if one.said and not one.mode["cause"] and one.said["connections"] != 1]
    check(not healthy, f"healthy, and asked more than once: {healthy}")


def what_is_said_fits_the_schema():
    schema, record = (json.loads((ROOT / "docs" / f"{name}.schema.json").read_text("utf-8"))
                      for name in ("check", "close-record"))
    resolver = jsonschema.RefResolver("", schema, {"close-record.schema.json": record})
    validator = jsonschema.Draft202012Validator(schema, resolver=resolver)
    for one in FOUND:
        if one.said:
            errors = [error.message[:200] for error in validator.iter_errors(one.said)]
            check(not errors, f"{one.mode['name']}: {errors}")


# Words that no French sentence has, and none of the names, options and lines of configuration in it.
ENGLISH = re.compile(r"(?<![\w-])(the|was|is|sent|and|of|it|with|has|which|for|after|no)(?![\w-])")
# What the peer and OpenSSL have said themselves is evidence.
EVIDENCE = re.compile(r"\nIndices\n.*?\n\n", re.S)


def nothing_of_it_is_english_in_french():
    def french(mode):
        return mode["name"], ask(mode, "--lang=fr").stdout
    english = [f"{name}: {line}" for name, text in ask_all(MODES.values(), french)
               for line in EVIDENCE.sub("\n", text).splitlines() if ENGLISH.search(line)]
    check(not english, "\n".join(english))


def without_probes_one_connection_has_to_do():
    for name, wanted in (("rc4", "tls.refused"), ("eof-accept", "tls.eof")):
        one = find(MODES[name], "--probe=none")
        check(one.said and one.said["connections"] == 1 and one.said["probes"] == [], one.story())
        check(one.cause() in (wanted, "tls.reset"), one.story())


def each_probe_is_shown_with_its_reason():
    mode = MODES["sni-unknown40"]
    shown = re.compile(r"offered, to see what is chosen\n {16}alert handshake_failure \(40\) .* ms\n"
                       r"  \S+ Again .* asked once more without a server name\n {16}TLS 1.3, .* ms\n")
    text = ask(mode).stdout
    check(shown.search(text), text)
    text = ask(mode, "--lang=fr").stdout
    check("demandé encore une fois sans nom de serveur\n" in text, text)


with tempfile.TemporaryDirectory() as folder:
    LAB = Process(WHYSOCKET, "lab", "--listen", "127.0.0.1:0", "--json", "--write-certs", folder)
    MODES = {mode["name"]: mode for mode in modes_of(LAB)}
    FOUND = ask_all(MODES.values(), find)
    main([
        every_mode_is_named,
        few_connections_are_needed,
        what_is_said_fits_the_schema,
        without_probes_one_connection_has_to_do,
        each_probe_is_shown_with_its_reason,
        nothing_of_it_is_english_in_french,
    ])
