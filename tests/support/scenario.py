# SPDX-License-Identifier: MIT
"""For the tests that are scripts: TAP output, commands, a release build that they share."""
import contextlib
import fcntl
import os
import socket
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# What `serve` is told where the tests run on each backend of the loop: "auto" is io_uring where the
# system lets us have it.
LOOP = ["--loop", "auto" if os.environ.get("WHY_TEST_LOOP") == "io_uring" else "epoll"]


class Failed(Exception):
    """A test failed; the text says how."""


def check(condition, text):
    if not condition:
        raise Failed(text)


@contextlib.contextmanager
def closed_port():
    """A port that nobody listens on, and nobody can as long as it is held."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


def run(*command, **options):
    """Run a command and return what it printed; fail with all of it where it ends with an error."""
    done = subprocess.run([str(word) for word in command], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          errors="replace", check=False, **options)
    check(done.returncode == 0,
          f"{' '.join(map(str, command))}\nended with {done.returncode}\n{done.stdout}")
    return done.stdout


def release_build(test_build):
    """Build the release, without sanitizers and with NDEBUG, beside the test build; it is kept, so
    that only what changed is built again, and set up to be installed into its folder `prefix`.
    Several tests may ask at once."""
    build = Path(test_build).resolve() / "release"
    build.mkdir(parents=True, exist_ok=True)
    with open(build / "lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        run("cmake", "-S", ROOT, "-B", build, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release",
            f"-DCMAKE_INSTALL_PREFIX={build}/prefix", "-DCMAKE_INSTALL_LIBDIR=lib",
            "-DWHY_BENCH=ON", "--log-level=WARNING")
        run("cmake", "--build", build)
    return build


def main(tests):
    """Run the functions in order, each a test named after it, and report in TAP."""
    print(f"1..{len(tests)}", flush=True)
    failures = 0
    for number, test in enumerate(tests, 1):
        name = test.__name__.replace("_", " ")
        try:
            test()
            print(f"ok {number} - {name}", flush=True)
        except (Failed, OSError) as error:
            failures += 1
            print(f"not ok {number} - {name}")
            print("\n".join("# " + line for line in str(error).splitlines()), flush=True)
    sys.exit(1 if failures else 0)
