#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The conformance suite is itself tested: each fault that the echo peer of support/faulty_peer.py
can be given is found, by a case that names it; without a fault nothing is found.

usage: conform_faults_test.py TEST_BUILD [FAULT...]
"""
import json
import re
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support import faulty_table
from support.faulty_table import FAULTS
from support.peers import Certificates, environment
from support.programs import PATIENCE_S, Process, Server, die_with_parent
from support.scenario import ROOT, Failed, check, main, release_build

# With sanitizers where there is no fault, and all cases are played; it is started for each fault.
CAREFUL, WANTED = Path(sys.argv[1]) / "src/cmd/whysocket", sys.argv[2:]
WHYSOCKET = release_build(sys.argv[1]) / "src/cmd/whysocket"
PEER = ROOT / "tests/support/faulty_peer.py"
RUN_S = 280      # for a whole run on a machine that has much else to do
AT_ONCE = 6
CASES_MAX = 12   # of those that may find a fault
ANSWER = "2s"    # how long the suite waits where a fault may keep an answer back,
PATIENT = "60s"  # and where there is none,
OPENING_S = 60   # as the peer does with the opening handshake, but for what it has to give up
GIVING_UP, GIVING_UP_S = "is given up within", 9
ALONE = {"hangs-at-100", "crashes-on-op3"}  # faults that take the whole program with them
CASES_MANY = 150  # that is what a hang needs
TLS, PERFORMANCE = "16", "17"  # groups; no case of the second can fail
TRUSTED = "16.4.1"  # the one of TLS in which the certificate is good

folder = tempfile.TemporaryDirectory()
authority = Certificates(folder.name)
certificate = authority.leaf("good")
own = threading.local()  # each worker has a client of its own


class Conform:
    """A run of `whysocket conform`, in the background."""

    def __init__(self, *words):
        program = CAREFUL if PATIENT in words else WHYSOCKET
        self.process = subprocess.Popen([program, "conform", *words], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                        env=environment(LC_ALL="C.UTF-8"),
                                        preexec_fn=die_with_parent)

    def addresses(self):
        """Where it says that it listens: the good one, and with TLS those that clients refuse."""
        urls = []
        while not urls or urls[0].startswith("wss:") and "weak" not in line:
            line = self.process.stderr.readline()
            found = re.search(r"listening on (\S+?)[:,] ", line)
            check(found, f"whysocket does not say where it listens: {line}")
            urls.append(found[1])
        return urls

    def end(self):
        """(what it printed, what it complained of)."""
        try:
            out, errors = self.process.communicate(timeout=RUN_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise Failed(f"whysocket did not end: {self.process.communicate()[1]}") from None
        check(self.process.returncode in (0, 1, 12, 15),
              f"whysocket ended with {self.process.returncode}: {errors}")
        return out, errors


def read_list():
    """The cases, but those that measure: [(group, id, role, title)]."""
    cases, group = [], ""
    for line in Conform("--list").end()[0].splitlines():
        if found := re.fullmatch(r" +(\S+) +(must|should|info) +(both|server|client) +(.*)", line):
            cases.append((group, found[1], found[3], found[4]))
        elif found := re.match(r"(\d+) ", line):
            group = found[1]
    cases = [case for case in cases if case[0] != PERFORMANCE]
    check(len(cases) > 900, f"{len(cases)} cases are listed")
    return cases


CASES = read_list()


def choose(fault, role):
    """Those that have to find a fault."""
    chosen = [name for group, name, whose, title in CASES
              if group in fault.groups.split() and whose in ("both", role)
              and re.search(fault.case, title)]
    check(chosen, f"there is no case of group {fault.groups} whose title has /{fault.case}/")
    return chosen[:CASES_MANY if fault.name in ALONE else CASES_MAX]


def words_of(cases):
    return [word for case in cases for word in ("--case", case)]


def serve(names, *options):
    return Server(PEER, "server", *options, "--each", *names, listeners=len(names))


def play_server(address, cases, *options):
    scheme = "wss" if "--cacert" in options else "ws"
    return Conform(f"{scheme}://{address}/", "--json", *options, *words_of(cases)).end()


def play_client(faults, cases, *options, opening=OPENING_S):
    # An id is that of a group as well: all that are played have to be asked for.
    cases = [name for _, name, role, _ in CASES if role != "server" and
             any(name == case or name.startswith(f"{case}.") for case in cases)]
    cacert = None
    if cases[0].startswith(f"{TLS}."):
        cacert = f"{folder.name}/{faults}.pem"
        options = (*options, "--listen-tls", "127.0.0.1:0", "--write-ca", cacert)
    else:
        options = (*options, "--listen", "127.0.0.1:0")
    run = Conform("--json", *options, *words_of(cases))
    client = getattr(own, "client", None) or Process(PEER, "client", "--errands")
    own.client = None  # until it is done with this errand
    good, *bad = run.addresses()
    # A bad certificate has a port of its own, and no request comes that names the case.
    urls = bad + [f"{good}/case/{case}" for case in cases if not bad or case == TRUSTED]
    errand = {"urls": urls, "faults": faults, "cacert": cacert, "opening": opening}
    client.process.stdin.write(json.dumps(errand) + "\n")
    client.process.stdin.flush()
    answer = run.end()
    check(client.next(time.monotonic() + PATIENCE_S)["went"], "the client was turned away")
    own.client = client
    return answer


def judge(fault, out, errors):
    """One of the cases has failed, and says what the fault is."""
    if not out.startswith("{"):
        check(fault.finding and re.search(fault.finding, errors), f"it is not told: {errors}")
        return
    report = json.loads(out)
    said = [(result["title"], f"{finding['expected']}: {finding['got']}")
            for result in report["results"] for finding in result["findings"]]
    named = [title for title, text in said if re.search(fault.case, title)
             and re.search(fault.finding, f"{text} {report['trouble']}")]
    check(named, f"not found; the cases say {said}, the run {report['trouble']}")


def judge_healthy(out, errors):
    check(out.startswith("{"), f"it was not played: {errors}")
    report = json.loads(out)
    said = [(result["id"], result["title"], result["findings"])
            for result in report["results"] if result["verdict"] == "failed"]
    counts = report["counts"]
    check(not said and not report["trouble"] and not counts["not_run"] and counts["passed"],
          f"{said} {report['trouble']} {counts}")


def find_in_server(fault, address):
    secure = ("--cacert", authority.ca) if TLS in fault.groups else ()
    cases, process = choose(fault, "server"), None
    if fault.name in ALONE:
        process = serve([fault.name])
        address = process.addresses[0]
    out, errors = play_server(address, cases, "--timeout", ANSWER, *secure)
    if not out and not process and not re.search(fault.finding or "$^", errors):
        # No case was played, since the machine has much else to do: it may take its time.
        out, errors = play_server(address, cases, "--timeout", PATIENT, *secure)
    if process:
        process.process.kill()
    judge(fault, out, errors)


def find_in_client(fault):
    out, errors = play_client([fault.name], choose(fault, "client"), "--timeout", ANSWER)
    judge(fault, out, errors)


def choose_healthy(other, gives_up=False):
    """All but those of TLS, and but those in which the peer is to lose its patience; or these."""
    return [name for group, name, role, title in CASES if role != other and group != TLS
            and (GIVING_UP in title) == gives_up]


def healthy_server(address):
    judge_healthy(*play_server(address, choose_healthy("client"), "--timeout", PATIENT))


def healthy_server_gives_up(address):
    judge_healthy(*play_server(address, choose_healthy("client", gives_up=True)))


def healthy_client():
    judge_healthy(*play_client([], choose_healthy("server"), "--timeout", PATIENT))


def healthy_client_gives_up():
    cases = choose_healthy("server", gives_up=True)
    judge_healthy(*play_client([], cases, opening=GIVING_UP_S))


def healthy_server_with_tls(address):
    cases = [name for group, name, role, _ in CASES if role != "client" and group in ("2", TLS)]
    judge_healthy(*play_server(address, cases, "--timeout", PATIENT, "--cacert", authority.ca))


def healthy_client_with_tls():
    cases = [name for group, name, role, _ in CASES if role == "client" and group == TLS]
    judge_healthy(*play_client([], cases, "--timeout", PATIENT))


def faults_are_switched():
    """The table and the code name the same faults."""
    code = "".join((ROOT / f"tests/support/faulty_{part}.py").read_text()
                   for part in ("echo", "frames", "http", "deflate", "peer"))
    unused = [fault.name for fault in FAULTS
              if fault.name not in code and not re.match(r"code-\d+-", fault.name)]
    check(not unused, f"nothing has these faults: {unused}")
    check(len(faulty_table.NAMES) == len(FAULTS), "a fault is there twice")


def as_test(name, future):
    def test():
        future.result()
    test.__name__ = name
    return test


def run():
    faults = [fault for fault in FAULTS if not WANTED or fault.name in WANTED]
    in_server = [fault for fault in faults if "server" in fault.roles]
    secure = [fault.name for fault in in_server if TLS in fault.groups]
    plain = [fault.name for fault in in_server if fault.name not in ALONE | set(secure)]
    # Several programs, since one has but one processor's time; the healthy one has much to do.
    addresses = {}
    for names in (plain[::2], plain[1::2]):
        if names:
            addresses |= dict(zip(names, serve(names).addresses))
    patient = serve(["none"], "--opening", str(OPENING_S)).addresses[0]
    impatient = serve(["none"], "--opening", str(GIVING_UP_S)).addresses[0]
    tls = ["none", *secure]
    with_tls = dict(zip(tls, serve(tls, "--tls", "--cert", certificate[0], "--key",
                                   certificate[1]).addresses))
    tests = [faults_are_switched]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        if not WANTED:
            tests += [as_test(name, pool.submit(*call)) for name, *call in [
                ("a healthy server", healthy_server, patient),
                ("a healthy client", healthy_client),
                ("a healthy server gives up", healthy_server_gives_up, impatient),
                ("a healthy client gives up", healthy_client_gives_up),
                ("a healthy server with TLS", healthy_server_with_tls, with_tls["none"]),
                ("a healthy client with TLS", healthy_client_with_tls)]]
        for fault in in_server:
            address = (with_tls if fault.name in secure else addresses).get(fault.name)
            tests.append(as_test(f"server: {fault.name}",
                                 pool.submit(find_in_server, fault, address)))
        for fault in faults:
            if "client" in fault.roles:
                tests.append(as_test(f"client: {fault.name}", pool.submit(find_in_client, fault)))
        main(tests)


run()
