# SPDX-License-Identifier: MIT
"""For the tests with other people's programs: processes that write JSON lines, the servers among
them, a certificate, npm's packages."""
import atexit
import ctypes
import json
import queue
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from pathlib import Path

from support.scenario import LOOP, ROOT, Failed, check, run

PATIENCE_S = 60  # of a machine that has much else to do
PR_SET_PDEATHSIG = 1
libc = ctypes.CDLL(None)


def die_with_parent():
    """A test that is killed, since its time is up, leaves nothing running."""
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Process:
    """A program that writes JSON lines to stdout; its stderr is kept for whoever asks why."""

    def __init__(self, *command, cwd=None):
        self.command = [str(word) for word in command]
        self.errors = tempfile.TemporaryFile("w+", errors="replace")
        self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stderr=self.errors,
                                        stdout=subprocess.PIPE, text=True, errors="replace", cwd=cwd,
                                        preexec_fn=die_with_parent)
        atexit.register(self.process.kill)
        self.lines = queue.Queue()
        self.other = []  # what it wrote that was no JSON
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.process.stdout:
            try:
                self.lines.put(json.loads(line))
            except ValueError:
                self.other.append(line)
        self.lines.put(None)

    def story(self):
        self.errors.seek(0)
        return (f"{' '.join(self.command)[:300]}\n{''.join(self.other)[-2000:]}"
                f"{self.errors.read()[-4000:]}")

    def next(self, until):
        try:
            line = self.lines.get(timeout=max(0.01, until - time.monotonic()))
        except queue.Empty:
            raise Failed(f"nothing more was said in time by {self.story()}") from None
        if line is None:
            self.lines.put(None)
            raise Failed(f"it ended: {self.story()}")
        return line

    def all(self):
        """Its lines up to its end, which has to be a good one."""
        until, lines = time.monotonic() + PATIENCE_S, []
        while True:
            try:
                lines.append(self.next(until))
            except Failed:
                check(self.wait() == 0, f"ended with {self.process.returncode}: {self.story()}")
                return lines

    def wait(self):
        try:
            return self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()

    def terminate(self):
        if self.process.poll() is None:
            self.process.terminate()
        return self.wait()


class Server(Process):
    """One that says where it listens, then how each connection ended."""

    def __init__(self, *command, listeners=1, cwd=None):
        super().__init__(*command, cwd=cwd)
        self.closes = []
        until = time.monotonic() + PATIENCE_S
        lines = [self.next(until) for _ in range(listeners)]
        self.addresses = [line["address"] for line in lines]

    def close_where(self, wanted, what):
        """The first close that `wanted` says yes to, of those that were and those to come."""
        until = time.monotonic() + PATIENCE_S
        for close in self.closes:
            if wanted(close):
                return close
        while True:
            try:
                close = self.next(until)
            except Failed as error:
                raise Failed(f"no close of {what}: {error}") from None
            if close.get("event") == "close":
                self.closes.append(close)
                if wanted(close):
                    return close

    def close_of(self, path):
        return self.close_where(lambda close: close["path"] == path, path)

    def record_of(self, path):
        return self.close_of(path)["record"]


def serve(build, certificate, *options):
    """`whysocket serve` on two free ports: the first address is ws://, the second wss://."""
    return Server(Path(build) / "src/cmd/whysocket", "serve", *LOOP, "--json", "--listen", "127.0.0.1:0",
                  "--listen-tls", "127.0.0.1:0", "--cert", certificate[0], "--key", certificate[1],
                  *options, listeners=2)


def make_certificate(folder):
    """A certificate of this host, signed by itself: its file and its key's."""
    cert, key = Path(folder) / "cert.pem", Path(folder) / "key.pem"
    run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
        "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
        "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", key, "-out", cert)
    return cert, key


def node(folder, package):
    """The node command, once it and the package are known to be there."""
    command = shutil.which("node")
    check(command, "there is no node on the PATH: apt-get install nodejs npm")
    check((ROOT / folder / "node_modules" / package).is_dir(),
          f"npm's {package} is not in {folder}/node_modules: run tools/npm-ci {folder}")
    return command
