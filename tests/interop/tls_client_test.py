#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""`whysocket check` against other people's TLS servers, each wrong in one way or more: what comes
first has to be what was done wrong. Against the same servers set up well it has to find nothing.

usage: tls_client_test.py BUILD [SUBSTRING]
"""
import json
import pathlib
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from support.peers import environment, run_tests
from support.programs import Server as Ours
from support.scenario import check
from tls_cases import PLAIN_TO_TLS, Healthy, all_cases, healthy_cases
from tls_material import FOLDER
from tls_servers import Servers

WHYSOCKET = pathlib.Path(sys.argv[1]).resolve() / "src/cmd/whysocket"
WANTED = sys.argv[2] if len(sys.argv) > 2 else ""
TOGETHER = 4  # checks at a time
PROBES = []  # how many each case took
HELD = []  # connections that keep a server busy


def run_check(case):
    port = case.setup.port
    case.setup.program.wait_for(port)
    if case.occupied:
        HELD.append(socket.create_connection(("127.0.0.1", port)))
    name = case.host.encode("idna").decode()
    resolve = [] if case.host[0].isdigit() else ["--resolve", f"{name}:{port}:127.0.0.1"]
    done = subprocess.run(
        [WHYSOCKET, "check", "--json", "--lang", "en", "--timeout", "20s", *resolve,
         *case.options, f"{case.scheme}://{case.host}:{port}/"], capture_output=True, text=True,
        timeout=100, env=environment(**case.variables), check=False)
    check(done.stdout, f"exit code {done.returncode}: {done.stderr}")
    result = json.loads(done.stdout)
    check(result["exit_code"] == done.returncode, f"exit code {done.returncode}")
    return result


def story(case, result):
    record = result["record"]
    tls = record["tls"] or {}
    return (f"{record['cause']}: {record['detail']}\nnotices {record['notices']}, alert "
            f"{tls.get('alert')}, errors {tls.get('errors')}\n{case.setup.program.said()}")


def judge(case, result):
    record = result["record"]
    check(record["cause"] == case.cause, f"wanted {case.cause}, {story(case, result)}")
    if record["cause"].startswith("tls."):
        check(record["code"] == 1015, f"code {record['code']}, {story(case, result)}")
        if record["tls"]["errors"]:
            check(record["tls"]["errors"][0]["cause"] == case.cause, story(case, result))
    found = {error["cause"] for error in record["tls"]["errors"]} if record["tls"] else set()
    check(found >= set(case.also), f"wanted also {case.also}, {story(case, result)}")
    PROBES.append(len(result["probes"]))
    check(PROBES[-1] <= case.probes, f"{PROBES[-1]} probes, not {case.probes}")


def judge_healthy(case, result):
    record, steps = result["record"], {step["layer"]: step for step in result["steps"]}
    check(record["tls"] and record["tls"]["handshake_done"], story(case, result))
    check(steps["tls"]["ok"] and not record["tls"]["errors"], story(case, result))
    check(record["code"] != 1015 and record["layer"] != "tls", story(case, result))
    check(not result["probes"], f"probes {result['probes']}, {story(case, result)}")
    notices = {notice["id"] for notice in record["notices"]}
    check(notices == case.notices, f"wanted {case.notices}, {story(case, result)}")
    if case.setup.upstream:
        check(result["exit_code"] == 0, f"exit code, {story(case, result)}")
    else:
        check(record["http"]["status"] == 200, f"no answer, {story(case, result)}")


def tests_of(cases):
    """All are run at once, some at a time; then each is a test."""
    with ThreadPoolExecutor(TOGETHER) as pool:
        results = [pool.submit(run_check, case) for case in cases]
    for case, result in zip(cases, results):
        def test(case=case, result=result):
            (judge_healthy if isinstance(case, Healthy) else judge)(case, result.result())
        yield case.name, test


def main():
    whysocket = Ours(WHYSOCKET, "serve", "--json", "--listen", "127.0.0.1:0")
    cases = [*all_cases(), *healthy_cases(int(whysocket.addresses[0].rsplit(":", 1)[1]))]
    cases = [case for case in cases if WANTED in case.name]
    setups = {}
    for case in cases:
        setups.setdefault(case.kind, []).append(case.setup)
    setups.setdefault("go", []).append(PLAIN_TO_TLS)
    with Servers(FOLDER, setups):
        status = run_tests(list(tests_of(cases)))
    if PROBES:
        mean = 1 + sum(PROBES) / len(PROBES)
        print(f"# {len(PROBES)} faults named, {mean:.2f} connections each, {1 + max(PROBES)} most")
    return status


if __name__ == "__main__":
    sys.exit(main())
