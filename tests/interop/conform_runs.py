# SPDX-License-Identifier: MIT
"""Runs of `whysocket conform` against other people's echo servers and echo clients, and against our
own: whom there is, how each is started, and what was found."""
import dataclasses
import json
import os
import re
import shutil
import subprocess
import threading
from pathlib import Path

import tls_servers
from support.peers import environment
from support.programs import Process, Server, die_with_parent, node
from support.scenario import LOOP, ROOT, Failed, check, run

ECHO = ROOT / "tests/interop/echo"
RUN_S = 900         # for a whole run on a machine that has much else to do
GONE_S = 30         # for a client to end once all cases are played
PYTHON = "/usr/bin/python3"  # Debian's has the libraries
IN_PYTHON = {"websockets": "echo_websockets.py", "autobahn": "echo_autobahn.py",
             "aiohttp": "echo_aiohttp.py"}


@dataclasses.dataclass(frozen=True)
class Mode:
    tls: bool
    deflate: bool

    def __str__(self):
        return f"{'wss' if self.tls else 'ws'}, {'deflate' if self.deflate else 'no deflate'}"


PLAIN, SECURE = Mode(False, True), Mode(True, False)
COMPRESSED = (PLAIN, Mode(True, True))  # for those that have no switch
UNCOMPRESSED = (Mode(False, False), SECURE)  # for what ends by an assertion where it inflates
ALL_MODES = tuple(Mode(tls, deflate) for tls in (False, True) for deflate in (True, False))


@dataclasses.dataclass(frozen=True)
class Peer:
    name: str
    title: str
    version: object  # a function that says it
    roles: tuple = ("server", "client")
    modes: tuple = (PLAIN, SECURE)
    at_once: int = 12  # connections, of a client
    answer: str = "5s"  # how long one may take; more where much Python or a browser is at work


def of_debian(package):
    return lambda: run("dpkg-query", "-W", "-f", "${Version}", package)


def of_npm(folder, package):
    def read():
        path = ROOT / folder / "node_modules" / package / "package.json"
        check(path.exists(), f"npm's {package} is not there: run tools/npm-ci {folder}")
        return json.loads(path.read_text())["version"]
    return read


def of_chromium():
    return run("chromium", "--version").split()[1]


def own_version():
    project = (ROOT / "CMakeLists.txt").read_text()
    return re.search(r"project\(whysocket VERSION ([\d.]+)", project)[1]


PEERS = {peer.name: peer for peer in (
    Peer("whysocket", "libwhysocket", own_version, modes=ALL_MODES),
    Peer("whysocket-serve", "whysocket serve", own_version, ("server",), COMPRESSED),
    Peer("nginx", "nginx before whysocket serve", of_debian("nginx"), ("server",), COMPRESSED),
    Peer("haproxy", "HAProxy before whysocket serve", of_debian("haproxy"), ("server",),
         COMPRESSED),
    Peer("websockets", "python3-websockets", of_debian("python3-websockets"), answer="20s"),
    Peer("autobahn", "python3-autobahn", of_debian("python3-autobahn"), at_once=4, answer="40s"),
    Peer("aiohttp", "python3-aiohttp", of_debian("python3-aiohttp"), answer="20s"),
    Peer("lws", "libwebsockets", of_debian("libwebsockets-dev"), modes=UNCOMPRESSED,
         answer="20s"),  # its own time-outs are 5 s and 10 s
    Peer("ws", "node ws", of_npm("tests/interop", "ws")),
    Peer("undici", "undici", of_npm("tests/interop", "undici"), ("client",), COMPRESSED),
    Peer("gorilla", "gorilla/websocket", of_debian("golang-github-gorilla-websocket-dev")),
    Peer("nhooyr", "nhooyr.io/websocket", of_debian("golang-nhooyr-websocket-dev")),
    Peer("chromium", "Chromium", of_chromium, ("client",), COMPRESSED, at_once=6,
         answer="20s"),
)}


class World:
    """What the runs need: programs, a place for files, a certificate."""

    def __init__(self, build, folder, authority):
        """build    the folder with the programs of CMake
        authority   support.peers.Certificates"""
        self.build, self.folder = Path(build), Path(folder)
        self.whysocket = self.build / "src/cmd/whysocket"
        self.ca = authority.ca
        self.certificate = authority.leaf("good")
        self.cases = None

    def echo(self, name):
        """The command of an echo program, without arguments."""
        if name in ("whysocket", "lws"):
            program = self.build / f"tests/echo_{name}"
            check(program.exists(), f"{program} was not built: is its library installed?")
            return [program]
        if name in ("gorilla", "nhooyr"):
            return [self.go(name)]
        if name in ("ws", "undici"):
            return [node("tests/interop", name), ECHO / f"echo_{name}.mjs"]
        if name == "chromium":
            chromium = shutil.which("chromium")
            check(chromium, "there is no chromium on the PATH: apt-get install chromium")
            return [node("tests/browser", "playwright-core"), ROOT / "tests/browser/echo.mjs",
                    chromium]
        return [PYTHON, ECHO / IN_PYTHON[name]]

    def go(self, name):
        """Debian's packages are in a GOPATH, without modules."""
        program = self.folder / f"echo_{name}"
        if not program.exists():
            cache = os.environ.get("GOCACHE", str(self.folder / "go"))
            run("go", "build", "-o", program, ECHO / "roles.go", ECHO / f"echo_{name}.go",
                env={**os.environ, "GO111MODULE": "off", "GOPATH": "/usr/share/gocode",
                     "GOCACHE": cache, "HOME": str(self.folder)})
        return program

    def list_cases(self):
        """[(group, id, role)]."""
        if self.cases is None:
            self.cases, group = [], ""
            for line in run(self.whysocket, "conform", "--list").splitlines():
                if found := re.fullmatch(r" +(\S+) +(must|should|info) +(both|server|client) +.*",
                                         line):
                    self.cases.append((group, found[1], found[3]))
                elif found := re.match(r"(\d+) ", line):
                    group = found[1]
            check(len(self.cases) > 900, f"{len(self.cases)} cases are listed")
        return self.cases


class Conform:
    """`whysocket conform` at work."""

    def __init__(self, world, *words):
        self.process = subprocess.Popen(
            [world.whysocket, "conform", "--json", *map(str, words)], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env=environment(LC_ALL="C.UTF-8"), preexec_fn=die_with_parent)

    def addresses(self):
        """Where it says that it listens: the good one, then those with bad certificates."""
        urls = []
        while not urls or urls[0].startswith("wss:") and "weak" not in line:
            line = self.process.stderr.readline()
            found = re.search(r"listening on (\S+?)[:,] ", line)
            check(found, f"whysocket does not say where it listens: {line}")
            urls.append(found[1])
        return urls

    def report(self):
        try:
            out, errors = self.process.communicate(timeout=RUN_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise Failed(f"whysocket did not end: {self.process.communicate()[1]}") from None
        check(self.process.returncode in (0, 1) and out.startswith("{"),
              f"whysocket ended with {self.process.returncode}: {errors}")
        return json.loads(out)


# ---- Servers

def start_server(world, name, mode):
    """(its processes, its address)."""
    cert, key = world.certificate if mode.tls else ("-", "-")
    if name in ("whysocket-serve", "nginx", "haproxy"):
        words = ["--listen", "127.0.0.1:0"]
        if mode.tls and name == "whysocket-serve":
            words = ["--listen-tls", "127.0.0.1:0", "--cert", cert, "--key", key]
        server = Server(world.whysocket, "serve", *LOOP, "--json", *words)
        address = server.addresses[0]
        if name == "whysocket-serve":
            return [server.process], address
        proxy = start_proxy(world, name, mode, int(address.rsplit(":", 1)[1]))
        return [proxy.program.process, server.process], f"127.0.0.1:{proxy.port}"
    server = Server(*world.echo(name), "server", int(mode.deflate), cert, key)
    return [server.process], server.addresses[0]


def start_proxy(world, name, mode, port):
    folder = world.folder / f"{name}-{port}"
    folder.mkdir()
    setup = tls_servers.Setup(plain=not mode.tls, upstream=port)
    if mode.tls:
        setup.chain, setup.key = world.certificate
    tls_servers.reserve(setup)
    start = {"nginx": tls_servers.start_nginx, "haproxy": tls_servers.start_haproxy}[name]
    start(folder, [setup])
    setup.program.wait_for(setup.port)
    return setup


def stop(processes):
    for process in processes:
        process.terminate()
    for process in processes:
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def words_of(chosen):
    return [word for case in chosen for word in ("--case", case)]


def play_server(world, name, mode, chosen, *options):
    processes, address = start_server(world, name, mode)
    try:
        words = [f"wss://{address}/", "--cacert", world.ca] if mode.tls else [f"ws://{address}/"]
        return Conform(world, *words, *words_of(chosen), *options).report()
    finally:
        stop(processes)


# ---- Clients

def urls_for(world, mode, good, bad, chosen):
    """A bad certificate has a port of its own, and no request comes that names the case."""
    names = [name for _, name, role in world.list_cases() if role != "server" and
             (not chosen or any(f"{name}.".startswith(f"{one}.") for one in chosen))]
    if not mode.tls:
        names = [name for name in names if not name.startswith("16.")]
    return bad + [f"{good}/case/{name}" for name in names]


def play_client(world, name, mode, chosen, *options):
    ca_file = world.folder / f"ca-{name}-{mode.deflate}-{threading.get_ident()}.pem"
    words = ["--listen-tls", "127.0.0.1:0", "--write-ca", ca_file] if mode.tls \
        else ["--listen", "127.0.0.1:0"]
    conform = Conform(world, *words, *words_of(chosen), *options)
    good, *bad = conform.addresses()
    client = Process(*world.echo(name), "client", int(mode.deflate),
                     ca_file if mode.tls else "-", PEERS[name].at_once)
    try:
        client.process.stdin.write("\n".join(urls_for(world, mode, good, bad, chosen)) + "\n")
        client.process.stdin.close()
        watch = threading.Thread(target=stop_without_client, args=(client, conform), daemon=True)
        watch.start()
        return conform.report()
    finally:
        stop([client.process])


def stop_without_client(client, conform):
    """Where the client has died nobody comes any more."""
    client.process.wait()
    try:
        conform.process.wait(GONE_S)
    except subprocess.TimeoutExpired:
        conform.process.terminate()


def play(world, name, role, mode, *options, chosen=()):
    """A run's report. chosen: cases or groups of them, as --case has them; none: all."""
    play_role = play_server if role == "server" else play_client
    return play_role(world, name, mode, chosen, "--timeout", PEERS[name].answer, *options)
