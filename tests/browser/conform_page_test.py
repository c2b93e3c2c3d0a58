#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The page of `whysocket conform --html` in Chromium: filters without a script, narrow and wide.
Pictures of it are left in browser/ of the build for people to look at.

usage: conform_page_test.py TEST_BUILD
"""
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.chromium import Chromium
from support.programs import PATIENCE_S, Process
from support.scenario import ROOT, Failed, check, main, run

BUILD = Path(sys.argv[1]).resolve()
WHYSOCKET = BUILD / "src/cmd/whysocket"
PEER = ROOT / "tests/support/faulty_peer.py"
PICTURES = BUILD / "browser"
SHOWN = """
return [...document.querySelectorAll('.case')].filter((one) => one.offsetParent)
  .map((one) => one.id.slice(5));
"""
TOO_WIDE = "return document.documentElement.scrollWidth - document.documentElement.clientWidth;"

temporary = tempfile.TemporaryDirectory(prefix="whysocket-page-")
folder = Path(temporary.name)


def play(name, *faults):
    """Some cases against a peer with these faults; the file with the result."""
    peer = Process(PEER, "server", *(word for fault in faults for word in ("--fault", fault)))
    try:
        url = f"ws://{peer.next(time.monotonic() + PATIENCE_S)['address']}/"
        cases = (word for case in ("1.1", "4.1", "7.1", "13.1") for word in ("--case", case))
        done = subprocess.run([WHYSOCKET, "conform", url, *cases, "--timeout", "500ms", "--agent",
                               name, f"--json={folder}/{name}.json"], check=False, timeout=PATIENCE_S,
                              stdout=subprocess.DEVNULL)
        check(done.returncode == (1 if faults else 0), f"{name}: {done.returncode}")
    finally:
        peer.terminate()
    return folder / f"{name}.json"


class World:
    """A page of three runs, and Chromium."""

    def __getattr__(self, name):
        raise Failed(f"no {name}: not everything was started")

    def start(self):
        files = [play("good"), play("deaf", "reserved-data-ignored"),
                 play("muddled", "text-as-binary", "reserved-data-ignored")]
        self.page = folder / "page.html"
        run(WHYSOCKET, "conform", "--report", *files, "--html", self.page)
        self.chromium = Chromium()
        self.chromium.do("open", "page", url=self.page.as_uri())

    def shown(self):
        return self.chromium.do("run", "page", script=SHOWN)


world = World()


def chromium_opens_the_page():
    world.start()


def what_failed_is_shown_at_first():
    shown = world.shown()
    check("1.1.1" in shown and "4.1.1" in shown, shown)
    check(not any(case.startswith("13.") for case in shown), shown)


def verdicts_are_filtered():
    click = world.chromium.do
    click("click", "page", selector="#show-must")
    check("4.1.1" not in world.shown(), "what must pass is hidden")
    click("click", "page", selector="#show-na")
    check("13.1.1" in world.shown(), "what does not apply is shown")
    click("click", "page", selector="#show-na")
    click("click", "page", selector="#show-must")
    check("4.1.1" in world.shown(), "and again")


def groups_are_filtered():
    choose = ("const select = document.querySelector('#show-group');"
              "select.value = argument; return select.value;")
    world.chromium.do("run", "page", script=choose, argument="4")
    shown = world.shown()
    check(shown and all(case.startswith("4.") for case in shown), shown)
    world.chromium.do("run", "page", script=choose, argument="")
    check("1.1.1" in world.shown(), "all are shown again")


def a_case_opens_with_the_decisive_byte_marked():
    world.chromium.do("click", "page", selector="[id='case-1.1.2'] > summary")
    world.chromium.do("wait", "page", selector="[id='case-1.1.2'] mark", text="82")
    texts = world.chromium.do("texts", "page", selector="[id='case-1.1.2'] h3")
    check(texts == ["muddled"], texts)
    world.chromium.do("click", "page", selector="[id='case-4.1.1'] > summary")
    texts = world.chromium.do("texts", "page", selector="[id='case-4.1.1'] h3")
    check(texts == ["deaf", "muddled"], texts)


def it_fits_wherever_it_is_read():
    PICTURES.mkdir(exist_ok=True)
    for name, width, dark in (("wide", 1300, False), ("wide-dark", 1300, True),
                              ("narrow", 360, False), ("narrow-dark", 360, True)):
        world.chromium.do("picture", "page", path=str(PICTURES / f"conform-{name}.png"), width=width,
                          dark=dark)
        surplus = world.chromium.do("run", "page", script=TOO_WIDE)
        check(surplus <= 0, f"{name}: {surplus} pixels too wide")


def all_end_well():
    world.chromium.end()


main([chromium_opens_the_page, what_failed_is_shown_at_first, verdicts_are_filtered,
      groups_are_filtered, a_case_opens_with_the_decisive_byte_marked,
      it_fits_wherever_it_is_read, all_end_well])
