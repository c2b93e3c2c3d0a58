#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The reports of `whysocket conform`: JUnit and SARIF by their schemas, the page, the badge, what is
read back from JSON, baselines, and the workflow files that run it.

usage: conform_report_test.py WHYSOCKET
"""
import copy
import html.parser
import json
import re
import shlex
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as xml
from pathlib import Path

import jsonschema
import yaml

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.programs import PATIENCE_S, Process
from support.scenario import ROOT, check, main

WHYSOCKET = sys.argv[1]
PEER = ROOT / "tests/support/faulty_peer.py"
SCHEMAS = ROOT / "tests/schemas"
HOSTILE = '<b>"agent" & \'co\'</b> \u202e\x1b[31m\ufffe'  # as a name; no report may take it for markup

temporary = tempfile.TemporaryDirectory()
folder = Path(temporary.name)


def validator(path):
    schema = json.loads(path.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


OWN = validator(ROOT / "docs/conform.schema.json")
SARIF = validator(SCHEMAS / "sarif.schema.json")


def conform(*arguments, code=0, stdin=None):
    done = subprocess.run([WHYSOCKET, "conform", *map(str, arguments)], text=True, check=False,
                          capture_output=True, timeout=PATIENCE_S * 2, input=stdin)
    check(done.returncode == code,
          f"{arguments} ended with {done.returncode}\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
    return done


# ---- Runs that are made up: each verdict, and what no name should have ----

def moment(way="sent", what="Text, FIN, 5 bytes: \"hello\"", data="8105", mark=None, head=None):
    return {"way": way, "at_us": 1500, "what": what, "head": head, "len": len(data) // 2 + 3,
            "bytes": data, "mark": mark}


def result(case, verdict="passed", worst=None, **rest):
    failed = verdict == "failed"
    made = {
        "id": case, "group": case.split(".")[0], "title": f"what {case} is about", "why": "it must",
        "clause": "RFC 6455 section 5.4", "severity": "must", "autobahn": None, "verdict": verdict,
        "worst": worst, "note": None if failed or verdict == "passed" else "it is not for this peer",
        "elapsed_us": 1234, "command": f"whysocket conform ws://h/ --case {case} -v", "findings": [],
        "moments": []}
    if failed:
        made["findings"] = [{"severity": worst, "step": "expect echo", "expected": "an <echo>",
                             "got": "nothing & more", "moment": 1}]
        made["moments"] = [
            moment("note", "connected", ""),
            moment("sent", mark=1),
            moment("received", "HTTP/1.1 101 Switching Protocols", "48545450",
                   head="HTTP/1.1 101 Switching Protocols\nUpgrade: <websocket>\n")]
    return {**made, **rest}


def run_of(*results, **rest):
    groups = {one["group"]: one for one in results}
    counts = dict.fromkeys(("passed", "must", "should", "info", "not_applicable", "not_run"), 0)
    for one in results:
        counts[one["worst"] or one["verdict"].replace(" ", "_")] += 1
    return {
        "schema": "whysocket.conform/1", "agent": "made up", "target": "ws://h/", "role": "server",
        "command": "whysocket conform ws://h/ --case %s -v", "version": "0.1.0",
        "date": "2026-11-22T10:00:00Z", "elapsed_ms": 2500, "trouble": None,
        "counts": {"total": len(results), **counts},
        "groups": [{"id": group, "title": f"group {group}", "clause": "RFC 7692 section 7"}
                   for group in groups], "results": list(results), **rest}


EVERY = run_of(result("1.1"), result("1.2", "failed", "must"), result("1.10", "failed", "should"),
               result("2.1", "failed", "info"), result("2.2", "not applicable"),
               result("2.3", "not run"), trouble="the peer crashed in case 2.3")
ODD = run_of(result("1.1"), result("1.2"), result("3.1", "failed", "must"), agent=HOSTILE,
             target="ws://h/a b\"", role="client")


def write(name, *documents):
    for document in documents:
        errors = [error.message for error in OWN.iter_errors(document)]
        check(not errors, f"the test's own {name} is not as the schema says: {errors[:3]}")
    path = folder / name
    path.write_text("".join(json.dumps(document) + "\n" for document in documents), encoding="utf-8")
    return path


def xmllint(text, schema=True):
    words = ["xmllint", "--noout", *(["--schema", str(SCHEMAS / "junit.xsd")] if schema else []), "-"]
    done = subprocess.run(words, input=text, text=True, capture_output=True, check=False, timeout=60)
    return "" if done.returncode == 0 else done.stderr


# ---- A real run ----

class Real:
    """One run against a peer with a fault, with every report at once."""

    def start(self):
        peer = Process(PEER, "server", "--fault", "reserved-data-ignored")
        try:
            url = f"ws://{peer.next(time.monotonic() + PATIENCE_S)['address']}/"
            self.done = conform(
                url, "--case", "1.1", "--case", "4.1", "--case", "13.1", "--timeout", "500ms",
                "--agent", "ignores opcodes", f"--json={folder}/real.json", "--junit",
                folder / "real.xml", "--sarif", folder / "real.sarif", "--html", folder / "real.html",
                "--badge", folder / "real.svg", code=1)
        finally:
            peer.terminate()
        self.run = json.loads((folder / "real.json").read_text(encoding="utf-8"))


real = Real()


def a_run_writes_all_its_reports():
    real.start()
    OWN.validate(real.run)
    check(real.run["counts"]["must"] >= 5, real.run["counts"])
    check("4.1.1 must" in real.done.stdout, real.done.stdout)


def what_is_read_back_is_what_was_written():
    again = conform("--report", folder / "real.json", "--json").stdout
    check(again == (folder / "real.json").read_text(encoding="utf-8"), "it differs")
    for name, option in (("xml", "junit"), ("sarif", "sarif"), ("html", "html"), ("svg", "badge")):
        text = conform("--report", folder / "real.json", f"--{option}", "-").stdout
        check(text == (folder / f"real.{name}").read_text(encoding="utf-8"), f"real.{name} differs")


def a_head_of_http_is_there_to_its_last_line():
    failed = next(one for one in real.run["results"] if one["verdict"] == "failed")
    heads = [one["head"] for one in failed["moments"] if one["head"]]
    check(len(heads) == 2, failed["moments"])
    check(heads[0].startswith("GET / HTTP/1.1\n") and "\nSec-WebSocket-Key: " in heads[0], heads)
    check(heads[1].startswith("HTTP/1.1 101 ") and "\nSec-WebSocket-Accept: " in heads[1], heads)
    check(heads[1].endswith("\n") and not heads[1].endswith("\n\n"), heads)


# ---- At the terminal ----

def the_last_line_is_the_verdict():
    for document, words in (
            (run_of(result("1.1")), "made up: conformant: 1 passed; 1 case in 2.5 s"),
            (run_of(result("1.1", "failed", "should")), "made up: conformant in all that must be: "),
            (run_of(result("1.1", "failed", "must")), "made up: not conformant: 1 failed (must)"),
            (run_of(result("1.1", "not run")), "made up: not all was run: 1 not run"),
            (run_of(result("1.1", "not applicable")), "made up: nothing was run: ")):
        lines = conform("--report", write("last.json", document)).stdout.splitlines()
        check(lines[-1].startswith(words), lines)
    check("the peer crashed in case 2.3" in conform("--report", write("e.json", EVERY)).stdout, "")


def a_run_without_findings_is_no_more_than_a_screen():
    groups = [result(f"{group}.{case}") for group in range(1, 18) for case in range(1, 60)]
    lines = conform("--report", write("all.json", run_of(*groups))).stdout.splitlines()
    check(len(lines) <= 24, f"{len(lines)} lines")
    check(all(len(line) <= 80 for line in lines), max(lines, key=len))
    check(lines[1] == " 1 group 1  " + "     59" + "      -" * 1 + "       -" + "      -" * 2 + "        -",
          lines[1])


def what_fails_alike_is_not_shown_whole_a_hundred_times():
    many = run_of(*(result(f"1.{case}", "failed", "must") for case in range(1, 101)))
    path = write("many.json", many)
    text = conform("--report", path).stdout
    check(text.count("expected") == 10 and "1.100 must" in text and "-v" in text, text[:2000])
    check(conform("--report", path, "-v").stdout.count("expected") == 100, "-v")


def no_name_reaches_the_terminal_as_it_is():
    text = conform("--report", write("odd.json", ODD)).stdout
    check("\x1b" not in text and "\u202e" not in text and "\\x1b[31m" in text, repr(text))


def several_runs_are_side_by_side():
    text = conform("--report", write("e.json", EVERY), write("odd.json", ODD)).stdout
    check(re.search(r"^made up +1 +1 +1 +1 +1 +1$", text, re.M), text)
    check(len(text.splitlines()) <= 10, text)


def french_is_spoken():
    path = write("e.json", EVERY)
    text = conform("--report", path, "--lang", "fr").stdout
    for words in ("attendu", "non conforme", "Groupe", "réussis"):
        check(words in text, f"{words}: {text}")
    text = conform("--report", path, "--lang", "fr", "--html", "-").stdout
    for words in ("<html lang=\"fr\">", "Conformité à la RFC 6455", "non conforme"):
        check(words in text, f"{words} is not in the page")


# ---- JUnit ----

def junit_is_as_its_schema_says():
    for documents in ((EVERY,), (ODD,), (EVERY, ODD), (EVERY, EVERY), (real.run,)):
        text = conform("--report", write("junit.json", *documents), "--junit", "-").stdout
        wrong = xmllint(text)
        check(not wrong, wrong)


def junit_says_what_was_found():
    suites = xml.fromstring(conform("--report", write("e.json", EVERY), "--junit", "-").stdout)
    check(suites.attrib == {"name": "whysocket conform", "tests": "7", "failures": "2",
                            "errors": "1", "skipped": "2", "time": "2.500000"}, suites.attrib)
    check([suite.get("tests") for suite in suites] == ["3", "3", "1"], "tests of suites")
    cases = {case.get("name").split()[0]: case for case in suites.iter("testcase")}
    failure = cases["1.2"].find("failure")
    check(failure.get("type") == "must" and failure.get("message") ==
          "expected an <echo>; got nothing & more", failure.attrib)
    for words in ("RFC 6455 section 5.4: it must", "81 [05] ...", "Upgrade: <websocket>",
                  "alone: whysocket conform ws://h/ --case 1.2 -v"):
        check(words in failure.text, f"{words}: {failure.text}")
    check(cases["1.10"].find("failure").get("type") == "should", "1.10")
    check(cases["2.1"].find("failure") is None and "nothing" in cases["2.1"].find("system-out").text,
          "what is informational is no failure")
    check(cases["2.2"].find("skipped").get("message") ==
          "not applicable: it is not for this peer", "2.2")
    check(cases["2.3"].find("skipped") is not None, "2.3")
    check(next(suites.iter("error")).get("message") == EVERY["trouble"], "trouble")
    properties = {one.get("name"): one.get("value") for one in suites[0].iter("property")}
    check(properties == {"agent": "made up", "target": "ws://h/", "role": "server",
                         "whysocket": "0.1.0", "clause": "RFC 7692 section 7"}, properties)


def the_schema_of_junit_refuses_what_is_none():
    text = conform("--report", write("e.json", EVERY), "--junit", "-").stdout
    for before, after in (('failures="2"', 'failures="two"'), ('<failure message=', '<failure text='),
                          ("<testsuite name", "<suite name"), ('classname=', 'class='),
                          ("2026-11-22T10:00:00", "yesterday"), (' type="must"', ""),
                          ('name="1.1 ', 'name="1.2 what 1.2 is about" x="')):
        check(before in text, f"{before} is not in it")
        check(xmllint(text.replace(before, after)), f"{after} is valid")


# ---- SARIF ----

def sarif_of(*documents, options=()):
    text = conform("--report", write("sarif.json", *documents), "--sarif", "-", *options).stdout
    log = json.loads(text)
    errors = [f"{error.json_path}: {error.message}" for error in SARIF.iter_errors(log)]
    check(not errors, errors[:3])
    return log


def sarif_is_as_its_schema_says():
    for documents in ((EVERY,), (ODD,), (EVERY, ODD), (real.run,), (run_of(result("1.1")),)):
        for run in sarif_of(*documents)["runs"]:
            rules = run["tool"]["driver"]["rules"]
            for one in run["results"]:
                check(rules[one["ruleIndex"]]["id"] == one["ruleId"], one)
            prints = [one["partialFingerprints"]["conformCase/v1"] for one in run["results"]]
            check(len(set(prints)) == len(prints), prints)


def sarif_says_what_was_found():
    run = sarif_of(EVERY)["runs"][0]
    levels = {one["ruleId"]: one["level"] for one in run["results"]}
    check(levels == {"1.2": "error", "1.10": "warning", "2.1": "note"}, levels)
    check(run["tool"]["driver"]["rules"][0]["helpUri"] ==
          "https://www.rfc-editor.org/rfc/rfc6455#section-5.4", run["tool"])
    check(run["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"] ==
          EVERY["trouble"], run["invocations"])
    check(run["automationDetails"]["id"] == "whysocket-conform/made up/server/", run)


def place_of(log):
    return log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]


def sarif_points_to_a_file_or_the_target():
    check(place_of(sarif_of(EVERY)) == "ws://h/", "the target")
    check(place_of(sarif_of(ODD)) == "ws://h/a%20b%22", "a target with a blank")
    check(place_of(sarif_of(EVERY, options=("--sarif-path", "src/é x.c"))) == "src/%C3%A9%20x.c",
          "a path")


def the_schema_of_sarif_refuses_what_is_none():
    log = sarif_of(EVERY)
    def broken(change):
        copied = copy.deepcopy(log)
        change(copied["runs"][0])
        return copied
    for number, change in enumerate((
            lambda run: run["results"][0].pop("message"),
            lambda run: run["results"][0].update(level="fatal"),
            lambda run: run["results"][0].update(ruleIndex=-1),
            lambda run: run["results"][0]["locations"].clear(),
            lambda run: run["tool"]["driver"].update(surplus=1),
            lambda run: run["tool"]["driver"]["rules"][0].update(helpUri="rfc6455"),
            lambda run: run["invocations"].clear())):
        check(not SARIF.is_valid(broken(change)), f"change {number} is valid")


# ---- The page and the badge ----

class Page(html.parser.HTMLParser):
    """What is in a page; it fails where tags do not close as they open."""
    VOID = {"meta", "br", "input"}
    def __init__(self, text):
        super().__init__()
        self.open, self.ids, self.links, self.seen, self.words = [], [], [], [], ""
        self.feed(text)
        check(not self.open, f"never closed: {self.open}")

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        self.seen.append((tag, attributes))
        if "id" in attributes:
            self.ids.append(attributes["id"])
        for name in ("href", "src", "srcset", "action", "data"):
            if name in attributes:
                self.links.append((tag, name, attributes[name]))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        check(self.open and self.open[-1] == tag, f"</{tag}> inside {self.open[-3:]}")
        self.open.pop()

    def handle_data(self, data):
        if "style" not in self.open:
            self.words += data


def page_of(*documents, options=()):
    return conform("--report", write("page.json", *documents), "--html", "-", *options).stdout


def the_page_needs_nothing_else():
    for documents in ((EVERY,), (ODD,), (EVERY, ODD, EVERY), (real.run,)):
        text = page_of(*documents)
        page = Page(text)
        check(not any(tag in ("script", "link", "img", "iframe") for tag, _ in page.seen), "it loads")
        check("url(" not in text and "@import" not in text, "its style loads")
        for tag, name, value in page.links:
            check((tag, name) == ("a", "href") and
                  re.match(r"https://www\.rfc-editor\.org/rfc/rfc\d+#section-|#group-", value),
                  f"<{tag} {name}={value}>")
            check(not value.startswith("#") or value[1:] in page.ids, f"{value} is nowhere")
        check(len(set(page.ids)) == len(page.ids), "an id is there twice")


def the_page_takes_no_name_for_markup():
    text = page_of(ODD)
    check("&lt;b&gt;&quot;agent&quot; &amp;" in text and "<b>\"agent" not in text, text[:3000])
    check("\x1b" not in text and "\ufffe" not in text, "what no page may hold")


def the_page_has_what_a_finding_needs():
    text = page_of(EVERY)
    for words in ("RFC 6455 section 5.4</a> (must)", "an &lt;echo&gt;", "nothing &amp; more",
                  "81 <mark>05</mark> …", "Upgrade: &lt;websocket&gt;",
                  "whysocket conform ws://h/ --case 1.2 -v", EVERY["trouble"]):
        check(words in text, f"{words} is not in the page")


def the_page_has_runs_side_by_side():
    text = page_of(EVERY, ODD)
    row = re.search(r'<details class="case v-must v-passed" id="case-1\.2">.*?</summary>', text, re.S)
    check(row and row[0].count("<b class=") == 2, row)
    order = re.findall(r'id="case-([\d.]+)"', text)
    check(order == ["1.1", "1.2", "1.10", "2.1", "2.2", "2.3", "3.1"], order)


def badges_say_the_verdict():
    for document, color, words in (
            (run_of(result("1.1")), "#1a7f37", "conformant"),
            (run_of(result("1.1"), result("1.2", "failed", "must")), "#c62828", "1 of 2 fail"),
            (run_of(result("1.1", "failed", "should")), "#8a6100", "conformant, 1 should fail"),
            (run_of(result("1.1", "not run")), "#5c6370", "not all was run")):
        text = conform("--report", write("b.json", document), "--badge", "-").stdout
        check(not xmllint(text, schema=False) and color in text and f">{words}<" in text, text)
    text = conform("--report", write("b.json", EVERY, ODD), "--badge", "-").stdout
    check(not xmllint(text, schema=False) and text.count("<g ") == 2, text)


# ---- Reading ----

def changed(change):
    document = copy.deepcopy(EVERY)
    change(document)
    return json.dumps(document)


def what_is_no_result_is_refused_by_its_place():
    bad = (
        ("", "empty"), ("{", "line 1"), ("[]", "schema"), ('{"schema": "whysocket.check/1"}', "schema"),
        ("\x00", "line 1"), ("[" * 100000, "line 1"),
        (changed(lambda run: run.pop("agent")), "agent"),
        (changed(lambda run: run.update(agent=7)), "agent"),
        (changed(lambda run: run.update(role="both")), "role"),
        (changed(lambda run: run.update(elapsed_ms=-1)), "elapsed_ms"),
        (changed(lambda run: run.update(results={})), "results"),
        (changed(lambda run: run["groups"][1].pop("title")), "groups[1].title"),
        (changed(lambda run: run["results"][0].update(group="9")), "results[0].group"),
        (changed(lambda run: run["results"][2].update(verdict="fine")), "results[2].verdict"),
        (changed(lambda run: run["results"][1].update(worst=None)), "results[1].worst"),
        (changed(lambda run: run["results"][1].update(clause="5.4")), "results[1].clause"),
        (changed(lambda run: run["results"].insert(0, 5)), "results[0]"),
        (changed(lambda run: run["results"][1]["findings"][0].update(moment=3)),
         "results[1].findings[0].moment"),
        (changed(lambda run: run["results"][1]["moments"][1].update(mark=2)),
         "results[1].moments[1].mark"),
        (changed(lambda run: run["results"][1]["moments"][1].update(bytes="8")),
         "results[1].moments[1].bytes"),
        (changed(lambda run: run["results"][1]["moments"][1].update(bytes="8g")),
         "results[1].moments[1].bytes"),
        (changed(lambda run: run["results"][1]["moments"][1].update(bytes="81" * 65)),
         "results[1].moments[1].bytes"),
        (changed(lambda run: run["results"][1]["moments"][1].update(at_us=1 << 32)),
         "results[1].moments[1].at_us"))
    for text, place in bad:
        (folder / "bad.json").write_text(text, encoding="utf-8")
        said = conform("--report", folder / "bad.json", code=2).stderr
        check(place in said and len(said.splitlines()) == 1, f"{place}: {said}")
    check("No such file" in conform("--report", folder / "none.json", code=2).stderr, "a missing file")
    check("needs results" in conform("--report", code=2).stderr, "no file")


def a_cut_file_is_refused_wherever_it_is_cut():
    text = json.dumps(run_of(result("1.1"), result("1.2", "failed", "must")))
    for length in range(1, len(text), 97):
        conform("--report", "-", stdin=text[:length], code=2)


def several_runs_may_be_in_a_file_and_of_one_name():
    path = write("two.json", EVERY, EVERY)
    agents = [json.loads(line)["agent"] for line in
              conform("--report", path, path, "--json").stdout.splitlines()]
    check(agents == ["made up", "made up (2)", "made up (3)", "made up (4)"], agents)
    check(conform("--report", "-", "--json", stdin=json.dumps(EVERY)).stdout, "stdin")


def a_report_that_cannot_be_written_is_said():
    path = write("e.json", EVERY)
    said = conform("--report", path, "--junit", "/nonexistent/x.xml", code=3).stderr
    check("/nonexistent/x.xml: No such file" in said, said)
    if Path("/dev/full").exists():
        said = conform("--report", path, "--html", "/dev/full", code=3).stderr
        check("/dev/full: No space left" in said, said)


def a_file_after_json_is_not_taken_for_a_server():
    said = conform("ws://127.0.0.1:1/", "--json", "out.json", code=2).stderr
    check("--json=FILE" in said, said)


# ---- Baselines ----

def against(before, now, code, *options):
    return conform("--report", write("now.json", now), "--baseline", write("before.json", before),
                   *options, code=code).stdout


PASSED, MUST, SHOULD, INFO = {}, {"verdict": "failed", "worst": "must"}, \
    {"verdict": "failed", "worst": "should"}, {"verdict": "failed", "worst": "info"}
SKIPPED, NOT_RUN = {"verdict": "not applicable"}, {"verdict": "not run"}


def only_what_is_worse_is_a_finding():
    for before, now, code, word in (
            (PASSED, PASSED, 0, None), (MUST, MUST, 0, None), (PASSED, MUST, 1, "worse"),
            (PASSED, SHOULD, 1, "worse"), (SHOULD, MUST, 1, "worse"), (INFO, SHOULD, 1, "worse"),
            (PASSED, INFO, 0, "worse"), (MUST, SHOULD, 0, "better"), (MUST, PASSED, 0, "better"),
            (SKIPPED, MUST, 1, "worse"), (SKIPPED, PASSED, 0, None), (PASSED, SKIPPED, 0, "otherwise"),
            (MUST, SKIPPED, 0, "otherwise"), (PASSED, NOT_RUN, 1, "worse"),
            (MUST, NOT_RUN, 1, "worse"), (NOT_RUN, NOT_RUN, 0, None), (NOT_RUN, MUST, 0, "new"),
            (NOT_RUN, PASSED, 0, None), (SKIPPED, NOT_RUN, 0, None)):
        text = against(run_of(result("1.1"), result("1.2", **before)),
                       run_of(result("1.1"), result("1.2", **now)), code)
        lines = re.findall(r"^  (worse|better|otherwise|new) +(1\.\d)", text, re.M)
        check(lines == ([(word, "1.2")] if word else []), f"{before} -> {now}: {text}")
        check(text.splitlines()[-1].startswith("against the baseline: "), text)


def a_case_that_fails_at_another_step_is_told():
    now = result("1.1", **MUST)
    now["findings"][0]["step"] = "expect close 1000"
    check("otherwise" in against(run_of(result("1.1", **MUST)), run_of(now), 0), "it is not")
    now["findings"][0].update(step="expect echo", got="nothing within 7 s")
    check("otherwise" not in against(run_of(result("1.1", **MUST)), run_of(now), 0), "what came")


def cases_that_one_of_them_lacks_do_not_count():
    text = against(run_of(result("1.1"), result("1.3")),
                   run_of(result("1.1"), result("1.2", **MUST), result("1.4")), 0)
    check("new to the baseline: 2, of which 1 fail" in text, text)
    check("in the baseline, and not asked for: 1" in text, text)


def trouble_is_worse_where_there_was_none():
    well, ill = run_of(result("1.1")), run_of(result("1.1"), trouble="the peer hangs")
    check("the peer hangs" in against(well, ill, 1), "it is not told")
    against(ill, ill, 0)


def a_baseline_is_found_by_agent_and_role():
    good, bad = run_of(result("1.1"), agent="a"), run_of(result("1.1", **MUST), agent="b")
    both = write("both.json", good, bad)
    now = write("b.json", {**bad, "target": "ws://other/"})
    conform("--report", now, "--baseline", both)
    conform("--report", write("a.json", {**bad, "agent": "a"}), "--baseline", both, code=1)
    text = conform("--report", write("c.json", {**bad, "agent": "c"}), "--baseline", both).stdout
    check("the baseline has no run of c" in text, text)
    conform("--report", write("c.json", {**bad, "agent": "c"}), "--baseline",
            write("only.json", good), code=1)
    text = against({**good, "role": "client"}, bad, 0)
    check("the baseline has no run of b" in text, text)


def a_program_that_reads_json_gets_nothing_else():
    done = conform("--report", write("now.json", EVERY), "--json", "--baseline",
                   write("before.json", EVERY))
    json.loads(done.stdout)
    check("against the baseline: 0 worse" in done.stderr, done.stderr)


def a_bad_baseline_is_said_before_anything_is_played():
    said = conform("ws://127.0.0.1:1/", "--baseline", folder / "none.json", code=2).stderr
    check("none.json" in said, said)


def a_live_run_is_held_against_its_baseline():
    peer = Process(PEER, "server", "--fault", "reserved-data-ignored")
    try:
        url = f"ws://{peer.next(time.monotonic() + PATIENCE_S)['address']}/"
        play = (url, "--case", "1.1.1", "--case", "4.1.1", "--timeout", "500ms", "--agent",
                "ignores opcodes", "--baseline")
        text = conform(*play, folder / "real.json").stdout
        check("0 worse, 0 better" in text and "not conformant" in text, text)
        better = copy.deepcopy(real.run)
        for one in better["results"]:
            one.update(verdict="passed", worst=None, findings=[])
        text = conform(*play, write("better.json", better), code=1).stdout
        check(re.search(r"worse +4\.1\.1  passed -> failed \(must\)", text), text)
    finally:
        peer.terminate()


# ---- The workflow files ----

def command_in(script):
    """The words of the `whysocket conform` line of a script."""
    script = script.replace("\\\n", " ")
    line = next(line for line in script.splitlines() if line.startswith("whysocket conform"))
    return shlex.split(line, comments=True)


def check_script(script):
    done = subprocess.run(["sh", "-n"], input=script, text=True, capture_output=True, check=False)
    check(done.returncode == 0, done.stderr)


def check_command(words):
    known = conform("--help").stdout
    for word in words:
        if word.startswith("--"):
            check(f"{word.split('=')[0]}" in known, f"{word} is no option")
    files = [word.split("=")[-1] for word in words if re.search(r"\bconform\.(json|xml|html|svg|sarif)$", word)]
    check(len(files) >= 4, words)
    return files


def the_github_workflow_runs_it():
    flow = yaml.safe_load((ROOT / "docs/conform-github.yml").read_text(encoding="utf-8"))
    check(flow[True] and flow["permissions"]["security-events"] == "write", flow)  # `on` is true
    job = flow["jobs"]["conform"]
    check(job["runs-on"].startswith("ubuntu"), job)
    for step in job["steps"]:
        check(("uses" in step) != ("run" in step), step)
        check("uses" not in step or re.fullmatch(r"[\w.-]+/[\w./-]+@v\d+", step["uses"]), step)
        check_script(step.get("run", ""))
    script = next(step["run"] for step in job["steps"] if "whysocket conform" in step.get("run", ""))
    files = check_command(command_in(script))
    uploads = {step["uses"].split("@")[0]: step for step in job["steps"] if "with" in step}
    sarif = uploads["github/codeql-action/upload-sarif"]
    check(sarif["with"]["sarif_file"] in files, sarif)
    kept = uploads["actions/upload-artifact"]
    check(kept["with"]["path"] == "conform.*", kept)
    check(all("cancelled()" in step["if"] for step in (sarif, kept)), "a failed run is not uploaded")


def the_gitlab_job_runs_it():
    flow = yaml.safe_load((ROOT / "docs/conform-gitlab.yml").read_text(encoding="utf-8"))
    check(list(flow) == ["conform"] and set(flow["conform"]) <= {
        "image", "timeout", "variables", "before_script", "script", "artifacts"}, flow)
    job = flow["conform"]
    for script in job["before_script"] + job["script"]:
        check(isinstance(script, str), script)
        check_script(script)
    files = check_command(command_in(job["script"][-1]))
    check(job["artifacts"]["when"] == "always", job["artifacts"])
    check(job["artifacts"]["reports"]["junit"] in files, job["artifacts"])
    check(set(job["artifacts"]["paths"]) <= set(files), job["artifacts"])


main([a_run_writes_all_its_reports, what_is_read_back_is_what_was_written,
      a_head_of_http_is_there_to_its_last_line, the_last_line_is_the_verdict,
      a_run_without_findings_is_no_more_than_a_screen,
      what_fails_alike_is_not_shown_whole_a_hundred_times, no_name_reaches_the_terminal_as_it_is,
      several_runs_are_side_by_side, french_is_spoken, junit_is_as_its_schema_says,
      junit_says_what_was_found, the_schema_of_junit_refuses_what_is_none,
      sarif_is_as_its_schema_says, sarif_says_what_was_found, sarif_points_to_a_file_or_the_target,
      the_schema_of_sarif_refuses_what_is_none, the_page_needs_nothing_else,
      the_page_takes_no_name_for_markup, the_page_has_what_a_finding_needs,
      the_page_has_runs_side_by_side, badges_say_the_verdict,
      what_is_no_result_is_refused_by_its_place, a_cut_file_is_refused_wherever_it_is_cut,
      several_runs_may_be_in_a_file_and_of_one_name, a_report_that_cannot_be_written_is_said,
      a_file_after_json_is_not_taken_for_a_server, only_what_is_worse_is_a_finding,
      a_case_that_fails_at_another_step_is_told, cases_that_one_of_them_lacks_do_not_count,
      trouble_is_worse_where_there_was_none, a_baseline_is_found_by_agent_and_role,
      a_program_that_reads_json_gets_nothing_else,
      a_bad_baseline_is_said_before_anything_is_played, a_live_run_is_held_against_its_baseline,
      the_github_workflow_runs_it, the_gitlab_job_runs_it])
