#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""tools/run-tests counts honestly: what did not run has not passed.

usage: runner_test.py TEST_BUILD
"""
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.scenario import ROOT, check, main

# behaviour, what the test program does (sh), the last line that is expected
ROWS = [
    ("what passes is counted", "echo 1..2; echo ok 1 - a; echo ok 2 - b", "2 passed, 0 failed"),
    ("what fails is counted", "echo 1..2; echo ok 1 - a; echo not ok 2 - b; exit 1",
     "1 passed, 1 failed"),
    ("a failure counts also where the program ends well",
     "echo 1..1; echo not ok 1 - a", "0 passed, 1 failed"),
    ("a skipped test has failed", "echo 1..1; echo 'ok 1 - a # SKIP no peer'", "0 passed, 1 failed"),
    ("a test that says nothing has failed", "exit 0", "0 passed, 1 failed"),
    ("one that ends early has failed", "echo 1..3; echo ok 1 - a", "1 passed, 1 failed"),
    ("one that crashes after its last line has failed", "echo 1..1; echo ok 1 - a; kill -11 $$",
     "1 passed, 1 failed"),
    ("one that does not end has failed", "echo 1..1; echo ok 1 - a; exec sleep 60",
     "1 passed, 1 failed"),
    ("no test at all is a failure", None, "0 passed, 1 failed"),
]


def run_tests(script, *arguments):
    with tempfile.TemporaryDirectory(prefix="whysocket-runner-") as folder:
        lines = "" if script is None else (
            f"add_test(planted /bin/sh -c [==[{script}]==])\n"
            "set_tests_properties(planted PROPERTIES TIMEOUT 2)\n")
        (Path(folder) / "CTestTestfile.cmake").write_text(lines, encoding="ascii")
        return subprocess.run([ROOT / "tools/run-tests", folder, *arguments], check=False,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True)


def test_of(behaviour, script, last):
    def test():
        done = run_tests(script)
        check(done.stdout.splitlines()[-1] == last, done.stdout)
        check((done.returncode == 0) == last.endswith(" 0 failed"), f"ended {done.returncode}")
    test.__name__ = behaviour
    return test


def a_name_that_no_test_has_is_a_failure():
    done = run_tests("echo 1..1; echo ok 1 - a", "other")
    check(done.returncode == 1 and done.stdout.endswith("0 passed, 1 failed\n"), done.stdout)


main([*[test_of(*row) for row in ROWS], a_name_that_no_test_has_is_a_failure])
