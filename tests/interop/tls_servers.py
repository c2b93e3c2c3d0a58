# SPDX-License-Identifier: MIT
"""Six kinds of other people's TLS servers on loopback, each set up as an operator would, rightly or
wrongly. A kind starts all of its setups at once: where the program can, in one process."""
import base64
import contextlib
import dataclasses
import functools
import http.server
import json
import os
import pathlib
import shutil
import socket
import socketserver
import ssl
import subprocess
import threading
import time
import warnings

from support.programs import PATIENCE_S, die_with_parent
from support.scenario import check

PEERS = pathlib.Path(__file__).resolve().parent / "peers"
PATH = os.environ.get("PATH", os.defpath) + ":/usr/local/sbin:/usr/sbin:/sbin"
OLDEST, NEWEST = "1.2", "1.3"  # what all of them have if nothing else is said


@dataclasses.dataclass
class Setup:  # pylint: disable=too-many-instance-attributes
    """What the operator wrote, in no server's language; each kind puts what it can into its own."""
    chain: str = None  # PEM, the server's own certificate first
    key: str = None
    versions: tuple = (OLDEST, NEWEST)
    ciphers: str = None  # in the kind's own words, as the next three
    groups: str = None
    alpn: str = None
    extra: tuple = ()
    client_ca: str = None  # a certificate of the client is wanted,
    client: str = "required"  # or "optional" (nginx, HAProxy)
    staple: str = None  # a file with an OCSP response
    dh: str = None  # a file with Diffie-Hellman parameters
    only_name: str = None  # any other name is refused in the handshake
    tickets: bool = True
    threads: bool = True  # or one connection after the other (Python)
    plain: bool = False  # no TLS at all
    http2: bool = False  # plain (nginx)
    proxy_protocol: bool = False
    upstream: object = None  # a port that requests are handed on to, or a setup that has one
    answer: str = None  # instead of status 200 (nginx, HAProxy)
    tcp: bool = False  # bytes are handed on, and nobody looks at them
    port: int = None  # set when it is started
    reserved: socket.socket = None
    program: object = None


def upstream_port(setup):
    return setup.upstream.port if isinstance(setup.upstream, Setup) else setup.upstream


def reserve(setup):
    """A port that the kernel chose, and keeps for whoever binds it with SO_REUSEADDR, as each of
    these servers does, as long as this socket is bound and does not listen."""
    setup.reserved = socket.socket()
    setup.reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    setup.reserved.bind(("127.0.0.1", 0))
    setup.port = setup.reserved.getsockname()[1]


class Program:
    """A server's process, with what it said."""

    def __init__(self, folder, *command, stdin=subprocess.DEVNULL):
        found = shutil.which(str(command[0]), path=PATH)
        check(found, f"{command[0]} is not installed")
        self.log = open(folder / f"{pathlib.Path(found).name}-{time.monotonic_ns()}.log", "a+",
                        encoding="utf-8", errors="replace")
        self.process = subprocess.Popen(
            [found, *map(str, command[1:])], stdin=stdin, stdout=self.log, stderr=self.log,
            cwd=folder, preexec_fn=die_with_parent,
            env={**os.environ, "OPENSSL_CONF": str(folder / "openssl.cnf")})

    def said(self):
        self.log.seek(0)
        return f"{' '.join(self.process.args)[:200]}\n{self.log.read()[-3000:]}"

    def wait_for(self, port):
        until = time.monotonic() + PATIENCE_S
        while True:
            check(self.process.poll() is None, f"ended at once: {self.said()}")
            with contextlib.suppress(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", port), 5).close()
                return
            check(time.monotonic() < until, f"does not listen: {self.said()}")
            time.sleep(0.02)

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()


def together(folder, setups, *command, **options):
    program = Program(folder, *command, **options)
    for setup in setups:
        setup.program = program
    return [program]


def one_each(folder, setups, command_of):
    programs = []
    for setup in setups:
        setup.program = Program(folder, *command_of(setup))
        programs.append(setup.program)
    return programs


# ---- nginx

NGINX = """daemon off; master_process off; pid {folder}/nginx.pid; error_log stderr info;
events {{ }}
http {{
access_log off;
client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;
uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
proxy_http_version 1.1; proxy_read_timeout 20s;
{servers}
}}
"""


def nginx_server(setup):
    """A block for the port; where only one name is known there, one for all others too."""
    listen = f"127.0.0.1:{setup.port}{'' if setup.plain else ' ssl'}"
    listen += " http2" if setup.http2 else ""
    listen += " proxy_protocol" if setup.proxy_protocol else ""
    first, last = (("1", "1.1", "1.2", "1.3").index(version) for version in setup.versions)
    protocols = "ssl_protocols " + " ".join(
        ("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3")[first:last + 1])
    lines = [f"listen {listen}", f"server_name {setup.only_name or '_'}"]
    if not setup.plain:
        lines += [f"ssl_certificate {setup.chain}", f"ssl_certificate_key {setup.key}", protocols]
    given = [(setup.ciphers, "ssl_ciphers"), (setup.groups, "ssl_ecdh_curve"),
             (setup.dh, "ssl_dhparam"), (setup.client_ca, "ssl_client_certificate"),
             (setup.client_ca and {"required": "on"}.get(setup.client, setup.client),
              "ssl_verify_client"),
             (setup.staple and "on", "ssl_stapling"), (setup.staple, "ssl_stapling_file")]
    lines += [f"{directive} {value}" for value, directive in given if value]
    lines += [] if setup.tickets else ["ssl_session_tickets off"]
    lines += setup.extra
    answer = setup.answer or 'return 200 "hello\\n";'
    if setup.upstream:
        answer = (f"proxy_pass http://127.0.0.1:{upstream_port(setup)}; proxy_set_header Upgrade "
                  '$http_upgrade; proxy_set_header Connection "upgrade";')
    server = "server { " + "; ".join(lines) + "; location / { " + answer + " } }\n"
    if setup.only_name:
        server += (f"server {{ listen {listen} default_server; {protocols}; "
                   "ssl_reject_handshake on; }\n")
    return server


def start_nginx(folder, setups):
    text = NGINX.format(folder=folder, servers="".join(map(nginx_server, setups)))
    (folder / "nginx.conf").write_text(text)
    return together(folder, setups, "nginx", "-e", "stderr", "-p", folder, "-c",
                    folder / "nginx.conf")


# ---- HAProxy

HAPROXY = """global
    nbthread 1
defaults
    timeout client 20s
    timeout server 20s
    timeout connect 1s
    timeout client-fin 1s
    timeout tunnel 20s
    retries 0
"""


def haproxy_pem(folder, setup):
    """Certificates, key and Diffie-Hellman parameters in one file, the OCSP response beside it."""
    path = folder / f"haproxy-{setup.port}.pem"
    parts = [pathlib.Path(part).read_text() for part in (setup.chain, setup.key, setup.dh) if part]
    path.write_text("".join(parts))
    if setup.staple:
        shutil.copy(setup.staple, f"{path}.ocsp")
    return path


def haproxy_bind(folder, setup):
    words = [f"bind 127.0.0.1:{setup.port}"]
    words += ["accept-proxy"] if setup.proxy_protocol else []
    if not setup.plain:
        words += ["ssl", "crt", haproxy_pem(folder, setup), "ssl-min-ver",
                  f"TLSv{setup.versions[0]}", "ssl-max-ver", f"TLSv{setup.versions[1]}"]
    given = [(setup.ciphers, "ciphers"), (setup.groups, "curves"), (setup.alpn, "alpn"),
             (setup.client_ca, f"verify {setup.client} ca-file")]
    for value, word in given:
        words += [word, value] if value else []
    words += ["strict-sni"] if setup.only_name else []
    words += [] if setup.tickets else ["no-tls-tickets"]
    return " ".join(map(str, [*words, *setup.extra]))


def haproxy_section(folder, setup):
    mode = "tcp" if setup.tcp else "http"
    answer = setup.answer or "http-request return status 200 content-type text/plain string hello"
    if setup.upstream:
        answer = f"server upstream 127.0.0.1:{upstream_port(setup)}"
    return (f"listen port-{setup.port}\n    mode {mode}\n    {haproxy_bind(folder, setup)}\n"
            f"    {answer}\n")


def start_haproxy(folder, setups):
    (folder / "haproxy.cfg").write_text(
        HAPROXY + "".join(haproxy_section(folder, setup) for setup in setups))
    return together(folder, setups, "haproxy", "-db", "-f", folder / "haproxy.cfg")


# ---- Go's net/http


def go_setup(setup):
    numbers = {"1": 0x301, "1.1": 0x302, "1.2": 0x303, "1.3": 0x304}
    return {"Address": f"127.0.0.1:{setup.port}", "Certificate": setup.chain, "Key": setup.key,
            "ClientCA": setup.client_ca, "OnlyName": setup.only_name, "Plain": setup.plain,
            "NoTickets": not setup.tickets, "NoCertificate": not setup.chain,
            "Versions": [numbers[version] for version in setup.versions],
            "Ciphers": setup.ciphers.split() if setup.ciphers else None,
            "ALPN": [setup.alpn] if setup.alpn else None,
            "Staple": base64.b64encode(pathlib.Path(setup.staple).read_bytes()).decode()
                      if setup.staple else None}


def build_go(folder):
    """In the background: it takes longer than all others need to start."""
    found = shutil.which("go", path=PATH)
    check(found, "go is not installed")
    cache = os.environ.get("GOCACHE", str(folder / "go"))
    return subprocess.Popen(
        [found, "build", "-o", str(folder / "go_server"), str(PEERS / "tls_server.go")],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        env={**os.environ, "GO111MODULE": "off", "GOCACHE": cache, "HOME": str(folder)},
        preexec_fn=die_with_parent)


def start_go(folder, setups, building):
    said, _ = building.communicate()
    check(building.returncode == 0, f"go build: {said}")
    programs = together(folder, setups, folder / "go_server", stdin=subprocess.PIPE)
    pipe = programs[0].process.stdin
    pipe.write(json.dumps([go_setup(setup) for setup in setups]).encode())
    pipe.flush()
    return programs


# ---- Python's ssl and http.server


class Hello(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 20

    def do_GET(self):  # pylint: disable=invalid-name
        self.send_response(200)
        self.send_header("Content-Length", "6")
        self.end_headers()
        self.wfile.write(b"hello\n")

    def log_message(self, *_):  # pylint: disable=arguments-differ
        pass


class PythonSingle(http.server.HTTPServer):
    """One connection after the other."""

    def handle_error(self, *_):
        pass  # a client that leaves is what most of these tests are about


class PythonServer(socketserver.ThreadingMixIn, PythonSingle):
    daemon_threads = True


def python_context(setup):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    numbers = {"1": 1, "1.1": 2, "1.2": 3, "1.3": 4}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version, context.maximum_version = (
            ssl.TLSVersion(0x300 + numbers[version]) for version in setup.versions)
    if setup.ciphers:
        context.set_ciphers(setup.ciphers)
    context.load_cert_chain(setup.chain, setup.key)
    if setup.groups:
        context.set_ecdh_curve(setup.groups)
    if setup.dh:
        context.load_dh_params(setup.dh)
    if setup.client_ca:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(setup.client_ca)
    if setup.only_name:
        alert = setup.extra[0] if setup.extra else ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME
        context.sni_callback = (
            lambda _, name, __: None if name in (None, setup.only_name) else alert)
    context.num_tickets = 2 if setup.tickets else 0
    return context


class PythonThread:
    """In this process, on a thread: it is a library."""

    def __init__(self, setup):
        kind = PythonServer if setup.threads else PythonSingle
        self.server = kind(("127.0.0.1", setup.port), Hello, bind_and_activate=False)
        self.server.allow_reuse_address = True
        self.server.server_bind()
        self.server.server_activate()
        if not setup.plain:
            self.server.socket = python_context(setup).wrap_socket(self.server.socket,
                                                                   server_side=True)
        threading.Thread(target=functools.partial(self.server.serve_forever, 0.05),
                         daemon=True).start()

    @staticmethod
    def said():
        return "Python's http.server"

    def wait_for(self, port):
        pass  # it listens already

    def stop(self):
        pass  # it ends with this process; one that somebody keeps busy would not hear of it


def start_python(_, setups):
    for setup in setups:
        setup.program = PythonThread(setup)
    return [setup.program for setup in setups]


# ---- gnutls-serv


def gnutls_command(setup):
    priority = "NORMAL:-VERS-ALL"
    for version in ("1", "1.1", "1.2", "1.3"):
        if setup.versions[0] <= version <= setup.versions[1]:
            priority += f":+VERS-TLS{'1.0' if version == '1' else version}"
    for more in (setup.ciphers, setup.groups):
        priority += f":{more}" if more else ""
    command = ["gnutls-serv", "--http", "--port", setup.port, "--priority", priority,
               "--x509certfile", setup.chain, "--x509keyfile", setup.key]
    if setup.client_ca:
        command += ["--x509cafile", setup.client_ca, "--require-client-cert",
                    "--verify-client-cert"]
    if setup.only_name:
        command += ["--sni-hostname", setup.only_name, "--sni-hostname-fatal"]
    if setup.alpn:
        command += ["--alpn", setup.alpn, "--alpn-fatal"]
    if setup.staple:
        command += ["--ocsp-response", setup.staple, "--ignore-ocsp-response-errors"]
    command += [] if setup.tickets else ["--noticket"]
    return [*command, *setup.extra]


def start_gnutls(folder, setups):
    return one_each(folder, setups, gnutls_command)


# ---- openssl s_server


def openssl_command(setup):
    command = ["openssl", "s_server", "-www", "-accept", f"127.0.0.1:{setup.port}", "-cert",
               setup.chain, "-key", setup.key]
    others = pathlib.Path(setup.chain).read_text().split("-----END CERTIFICATE-----\n")[1:-1]
    if others:
        path = pathlib.Path(f"{setup.chain}.{setup.port}")
        path.write_text("".join(part + "-----END CERTIFICATE-----\n" for part in others))
        command += ["-cert_chain", path]
    names = {"1": "tls1", "1.1": "tls1_1", "1.2": "tls1_2", "1.3": "tls1_3"}
    command += [f"-no_{name}" for version, name in names.items()
                if not setup.versions[0] <= version <= setup.versions[1]]
    given = [(setup.ciphers, "-cipher"), (setup.groups, "-curves"), (setup.alpn, "-alpn"),
             (setup.dh, "-dhparam"), (setup.staple, "-status_file"),
             (setup.client_ca, "-CAfile"), (setup.client_ca and "1", "-Verify")]
    for value, option in given:
        command += [option, value] if value else []
    command += ["-verify_return_error", "-verify_quiet"] if setup.client_ca else []
    if setup.only_name:
        command += ["-servername", setup.only_name, "-servername_fatal", "-cert2", setup.chain,
                    "-key2", setup.key]
    command += [] if setup.tickets else ["-no_ticket", "-num_tickets", "0"]
    return [*command, *setup.extra]


def start_openssl(folder, setups):
    return one_each(folder, setups, openssl_command)


# What an operator does who still serves very old clients: no least strength.
OPENSSL_CONF = """openssl_conf = all
[all]
ssl_conf = ssl
[ssl]
system_default = default
[default]
CipherString = DEFAULT:@SECLEVEL=0
"""


class Servers:
    """All setups, by kind, started; `with` ends them, by the processes that were begun here."""

    def __init__(self, folder, setups):
        self.programs = []
        (folder / "openssl.cnf").write_text(OPENSSL_CONF)
        building = build_go(folder)
        for setup in [setup for some in setups.values() for setup in some]:
            reserve(setup)
        starts = {"openssl": start_openssl, "gnutls": start_gnutls, "nginx": start_nginx,
                  "haproxy": start_haproxy, "python": start_python,
                  "go": functools.partial(start_go, building=building)}
        try:
            for kind, start in starts.items():
                self.programs += start(folder, setups.get(kind, []))
        except BaseException:
            self.stop()
            raise

    def stop(self):
        for program in self.programs:
            program.stop()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
