# SPDX-License-Identifier: MIT
"""Chromium for the tests with pages, driven by tests/browser/driver.mjs."""
import json
import shutil
import time

from support.programs import PATIENCE_S, Process, node
from support.scenario import ROOT, check


class Chromium(Process):
    """Pages by name; what can be done with them are the commands of driver.mjs."""

    def __init__(self):
        command = node("tests/browser", "playwright-core")
        chromium = shutil.which("chromium")
        check(chromium, "there is no chromium on the PATH: apt-get install chromium")
        super().__init__(command, ROOT / "tests/browser/driver.mjs", chromium)
        self.answer()

    def answer(self):
        said = self.next(time.monotonic() + PATIENCE_S)
        check("error" not in said, said.get("error"))
        return said["result"]

    def do(self, what, page, **rest):
        self.process.stdin.write(json.dumps({"do": what, "page": page, **rest}) + "\n")
        self.process.stdin.flush()
        return self.answer()

    def end(self):
        self.process.stdin.close()
        self.wait()
