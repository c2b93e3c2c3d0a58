#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""whysocket lab: every mode can be reached and does what it says, as Python's ssl and openssl see
it; the list, the hosts, the start.

usage: lab_test.py TEST_BUILD
"""
import base64
import contextlib
import fcntl
import json
import os
import random
import re
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import jsonschema

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.scenario import ROOT, check, main, release_build, run

WHYSOCKET = f"{sys.argv[1]}/src/cmd/whysocket"
SILENCE = 4.0  # seconds after which a peer that should be silent is
PATIENCE = 60.0  # for one that should not: the machine may have much else to do
START_MAX = 2.0  # seconds


# ---- The lab ----

class Lab:
    def __init__(self, process, folder):
        self.process, self.folder = process, folder
        self.modes, self.events = {}, []
        for line in process.stdout:
            event = json.loads(line)
            if event["event"] == "ready":
                self.tls_port = event["tls_port"]
                break
            self.modes[event["name"]] = event
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        with contextlib.suppress(ValueError):  # closed at the end of the test
            for line in self.process.stdout:
                self.events.append(json.loads(line))


@contextlib.contextmanager
def lab(whysocket=WHYSOCKET):
    with tempfile.TemporaryDirectory() as folder:
        with subprocess.Popen([whysocket, "lab", "--listen", "127.0.0.1:0", "--json",
                               "--write-certs", folder], stdout=subprocess.PIPE,
                              text=True) as process:
            try:
                yield Lab(process, folder)
            finally:
                process.terminate()
        check(process.returncode == 0, f"lab ended with {process.returncode}")


# ---- A client that has nothing of ours ----

def context_of(running, mode):
    """What `check` would do with the mode's options, said to Python."""
    context = ssl.create_default_context(cafile=f"{running.folder}/ca.pem")
    context.set_alpn_protocols(["http/1.1"])
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options &= ~getattr(ssl, "OP_IGNORE_UNEXPECTED_EOF", 0x80)
    options = iter(mode["options"])
    proxy = None
    versions = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}
    for option in options:
        if option == "--cert":
            context.load_cert_chain(next(options))
        elif option == "--crl":
            context.load_verify_locations(next(options))
            context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
        elif option == "--tls-min":
            context.minimum_version = versions[next(options)]
        elif option == "--tls-max":
            context.maximum_version = versions[next(options)]
        elif option == "--proxy":
            proxy = urlsplit(next(options))
        elif option != "--probe=all":
            check(option in ("--cacert", "--timeout"), f"{mode['name']}: no client knows {option}")
            next(options)
    return context, proxy


def receive_until(connection, end):
    data = b""
    while end not in data:
        piece = connection.recv(4096)
        if not piece:
            break
        data += piece
    return data


def receive_exactly(connection, size):
    data = b""
    while len(data) < size:
        piece = connection.recv(size - len(data))
        if not piece:
            break
        data += piece
    return data


def echo(connection, host):
    """Upgrade, send a text, want it back; then close in order."""
    key = base64.b64encode(os.urandom(16)).decode()
    connection.sendall(f"GET / HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade"
                       f"\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode())
    head = receive_until(connection, b"\r\n\r\n")
    if not head:
        return "no answer"
    status = head.split(b" ")[1].decode()
    if status != "101":
        return f"status {status}"
    connection.sendall(b"\x81\x85\0\0\0\0hello")
    answer = receive_exactly(connection, 7)
    check(answer == b"\x81\x05hello", f"{host}: no echo: {answer!r}")
    connection.sendall(b"\x88\x82\0\0\0\0\x03\xe8")
    check(receive_exactly(connection, 4) == b"\x88\x02\x03\xe8", f"{host}: no Close")
    try:
        rest = connection.recv(100)
    except ssl.SSLError as error:
        return f"echo, then {reason_of(error)}"
    check(rest == b"", f"{host}: more after the Close: {rest!r}")
    return "echo"


def connect(mode, context, proxy, patience):
    url = urlsplit(mode["url"])
    with socket.create_connection(("127.0.0.1", proxy.port if proxy else url.port),
                                  timeout=patience) as plain:
        if proxy:
            plain.sendall(f"CONNECT {url.netloc} HTTP/1.1\r\nHost: {url.netloc}\r\n\r\n".encode())
            answer = receive_until(plain, b"\r\n\r\n")
            if not answer.startswith(b"HTTP/1.1 200"):
                return f"proxy {answer[9:12].decode()}" if answer else "proxy closed"
        if url.scheme == "ws":
            return echo(plain, url.hostname)
        if mode["name"] == "proxy-protocol":
            plain.sendall(b"PROXY TCP4 192.0.2.1 192.0.2.2 1000 443\r\n")
        # The end of TCP without close_notify is to be seen.
        connection = context.wrap_socket(plain, server_hostname=url.hostname,
                                         suppress_ragged_eofs=False)
        with connection:
            return echo(connection, url.hostname)


def reason_of(error):
    """OpenSSL's reason, without the prefixes that say nothing of the version that was spoken."""
    text = (error.reason or re.sub(r"^\[SSL\] | \(_ssl.*", "", str(error))).lower()
    return re.sub(r"^(ssl|tls)v\d+ (alert )?", "alert ", text.replace("_", " "))


def outcome(mode, context, proxy):
    """In one word or two, how it ended."""
    patience = SILENCE if mode["name"] in ENDS["silent"].split() else PATIENCE
    try:
        return connect(mode, context, proxy, patience)
    except ssl.SSLCertVerificationError as error:
        return f"V={error.verify_code}"
    except ssl.SSLError as error:
        return reason_of(error)
    except ConnectionRefusedError:
        return "refused"
    except (ConnectionResetError, BrokenPipeError):
        return "reset"
    except TimeoutError:
        return "silent"


def outcomes(running, modes):
    def one(mode):
        return mode["name"], outcome(mode, *context_of(running, mode))
    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(one, modes.values()))


# ---- Tests ----

# How each mode ends for a client that has Python's ssl; V is X509_verify_cert()'s number.
ENDS = {
    "echo":
        "ok ip-ok idn-alabel no-common-name expires-soon int-expires-soon longlived "
        "misordered superfluous root-included cn-only ecc256 ecc384 p521 ed25519 rsa2048 "
        "rsa3072 rsa4096 rsa8192 sha256 sha384 sha512 sans1000 strict-noaki "
        "strict-bcnoncrit strict-noku crl-ok staple-good staple-expired staple-revoked "
        "staple-unknown staple-badsig staple-trylater must-staple tls12-only tls13-only "
        "krsa-only cbc-only mozilla-modern mozilla-intermediate group-x448 hrr-p384 dh2048 "
        "sni-warning112 slow-hello mtls12-good mtls13-good proxy-protocol proxyok",
    "V=10":
        "expired expired-int m-both-exp",
    "V=9":
        "notyet",
    "V=20":
        "untrusted missing-int missing-int-noaia wrong-int-other m-4 m-missing-exp-host",
    "V=19":
        "untrusted-rootsent mitm-direct superfish proxymitm",
    "V=18":
        "selfsigned selfsigned-ca fake-traefik fake-ingress",
    "V=7":
        "badsig",
    "V=79":
        "ca-false",
    "V=25":
        "pathlen",
    "V=47":
        "nameconstr",
    "V=26":
        "int-eku-client eku-client eku-code ku-wrong",
    "V=34":
        "unk-crit",
    "V=62":
        "wronghost cn-vs-san wild-partial wild-bare wild-deep wild-one-label san-space "
        "san-dot san-url san-port m-exp-host",
    "V=64":
        "ip-other ip-cn-only ip-as-dns",
    "V=66":
        "rsa512 rsa1024",
    "V=68":
        "sha1 sha1-intermediate md5",
    "excessive message size":
        "sans10000",
    "V=23":
        "revoked",
    "V=3":
        "crl-none",
    "alert protocol version":
        "tls10-only tls11-only tls12only-c13 tls13only-c12 alert-70",
    "unsupported protocol":
        "sslv3",
    "alert handshake failure":
        "no-cipher12 rc4 rc4-md5 3des export group12-none sigalg-sha1 sni-required40 "
        "sni-unknown40 sni-strict40 mtls12-none alert-40",
    "bad dh value":
        "dh480",
    "dh key too small":
        "dh512 dh1024",
    "unsafe legacy renegotiation disabled":
        "no-reneg-info",
    "alert no application protocol":
        "alpn-h2only alert-120",
    "unknown cipher returned":
        "bad-cipher",
    "unexpected message":
        "unexpected-message",
    "packet length too long":
        "long-record",
    "alert unrecognized name":
        "sni-required112 sni-strict112 alert-112",
    "alert internal error":
        "sni-unknown80 alert-80",
    "alert access denied":
        "sni-strict49",
    "alert unknown ca":
        "mtls12-wrongca mtls13-wrongca alert-48",
    "alert certificate expired":
        "mtls12-expired mtls13-expired",
    "alert unsupported certificate":
        "mtls12-eku-server mtls13-eku-server",
    "alert certificate required":
        "mtls13-none",
    "status 400":
        "mtls-http400 plain-to-tls",
    "wrong version number":
        "http-on-tls html-on-tls ssh-banner smtp-banner garbage proxyhtml",
    "silent":
        "httpwait-on-tls slow-accept stall stall-ch ch-big-stall stall-in-sh "
        "stall-in-cert stall-after-fin proxystall",
    "refused":
        "refused",
    "unexpected eof while reading":
        "eof-accept eof-ch eof-in-sh eof-in-cert eof-in-cert12 eof-after-fin",
    "reset":
        "rst-accept rst-ch ch-big-rst rst-in-sh rst-in-cert",
    "decryption failed or bad record mac":
        "corrupt-sh13",
    "bad signature":
        "corrupt12-ske",
    "echo, then unexpected eof while reading":
        "noclose",
    "unknown error":
        "alert-0",
    "alert unexpected message":
        "alert-10",
    "alert illegal parameter":
        "alert-47",
    "alert insufficient security":
        "alert-71",
    "alert inappropriate fallback":
        "alert-86",
    "proxy 403":
        "proxy403",
    "proxy 405":
        "proxy405",
    "proxy 407":
        "proxy407",
    "proxy 502":
        "proxy502",
    "proxy 511":
        "proxy511",
    "proxy closed":
        "proxyeof",
}

# What a leaf says of itself: openssl's words for it, or what they may not have.
LEAVES = {
    "no-common-name": r"Subject: *\n", "longlived": None, "p521": "NIST CURVE: P-521",
    "ed25519": "ED25519 Public-Key", "ecc384": "NIST CURVE: P-384", "rsa2048": r"\(2048 bit\)",
    "rsa3072": r"\(3072 bit\)", "rsa4096": r"\(4096 bit\)", "rsa8192": r"\(8192 bit\)",
    "sha256": "sha256WithRSA", "sha384": "sha384WithRSA", "sha512": "sha512WithRSA",
    "must-staple": "status_request", "cn-only": "Subject:.*CN = cn-only.localhost",
    "missing-int": "CA Issuers - URI:http://localhost:", "selfsigned-ca": "CA:TRUE",
    "wild-partial": r"DNS:wild-p\*\.lab\.localhost", "san-space": "DNS:san-space.localhost $",
    "san-dot": r"DNS:san-dot\.localhost\.\n", "ip-as-dns": "DNS:127.0.0.1",
}

# The common names of what is sent, in order.
CHAINS = {
    "ok": ["ok.localhost", "Lab Intermediate"],
    "misordered": ["misordered.localhost", "Lab Intermediate", "Lab Sub Intermediate"],
    "superfluous": ["superfluous.localhost", "Lab Intermediate", "Unknown Corp Issuing"],
    "root-included": ["root-included.localhost", "Lab Intermediate", "Lab Root"],
    "missing-int": ["missing-int.localhost"],
    "wrong-int-other": ["wrong-int-other.localhost", "Unknown Corp Issuing"],
    "untrusted": ["untrusted.localhost"],
    "untrusted-rootsent": ["untrusted-rootsent.localhost", "Unknown Corp Root"],
}

# What `openssl s_client -status` says.
STAPLES = {
    "ok": "no response sent", "must-staple": "no response sent", "staple-good": "Cert Status: good",
    "staple-expired": "Cert Status: good", "staple-revoked": "Cert Status: revoked",
    "staple-unknown": "Cert Status: unknown", "staple-badsig": "CN = Unknown Corp Root",
    "staple-trylater": "OCSP Response Status: trylater",
}

OLD_CIPHERS = {"rc4": 0x0005, "rc4-md5": 0x0004, "3des": 0x000a, "export": 0x0003}


def s_client(mode, *options):
    url = urlsplit(mode["url"])
    return run("openssl", "s_client", "-connect", f"127.0.0.1:{url.port}", "-servername",
               url.hostname, "-showcerts", *options)


def leaf_of(mode):
    """As text, and its PEM."""
    pem = ssl.PEM_cert_to_DER_cert(re.search("-----BEGIN.*?END CERTIFICATE-----",
                                             s_client(mode), re.S)[0])
    return subprocess.run(["openssl", "x509", "-inform", "DER", "-noout", "-text"], input=pem,
                          stdout=subprocess.PIPE, check=True).stdout.decode()


def small_hello(name, *ciphers):
    """A ClientHello of TLS 1.2 that OpenSSL would not write: short, and with any cipher."""
    host = name.encode()
    name_list = len(host).to_bytes(2, "big") + host
    extension = (b"\0" + name_list)
    extension = b"\0\0" + (len(extension) + 2).to_bytes(2, "big") + len(extension).to_bytes(
        2, "big") + extension
    extensions = len(extension).to_bytes(2, "big") + extension
    suites = b"".join(cipher.to_bytes(2, "big") for cipher in ciphers)
    body = (b"\3\3" + os.urandom(32) + b"\0" + len(suites).to_bytes(2, "big") + suites + b"\1\0" +
            extensions)
    message = b"\1" + len(body).to_bytes(3, "big") + body
    return b"\x16\3\1" + len(message).to_bytes(2, "big") + message


def exchange(port, sent, size):
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection:
        connection.sendall(sent)
        return receive_exactly(connection, size)


def ask(port, request, name=None, context=None):
    """The answer to a plain request, through TLS where there is a context."""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection:
        if context is not None:
            connection = context.wrap_socket(connection, server_hostname=name)
        with connection:
            connection.sendall(request)
            return receive_until(connection, b"\0never")


def unverified():
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.options &= ~getattr(ssl, "OP_IGNORE_UNEXPECTED_EOF", 0x80)
    return context


def every_mode_ends_as_it_says():
    expected = {name: end for end, names in ENDS.items() for name in names.split()}
    with lab() as running:
        # The moment at which a reset is seen is the kernel's to choose.
        expected["rst-after-fin"] = None
        missing = set(running.modes) ^ set(expected)
        check(not missing, f"no row, or no mode: {sorted(missing)}")
        wrong = [f"{name}: {end}, not {expected[name]}"
                 for name, end in outcomes(running, running.modes)
                 if expected[name] is not None and end != expected[name]]
        check(not wrong, "\n".join(wrong))


def healthy_modes_are_those_without_a_cause():
    listed = json.loads(run(WHYSOCKET, "lab", "--list", "--json"))["modes"]
    names = {mode["name"] for mode in listed if mode["cause"] is None}
    healthy = set(ENDS["echo"].split()) - {"proxy-protocol"} | {"noclose"}
    check(names == healthy, f"{sorted(names ^ healthy)}")


def leaves_chains_and_staples_are_what_the_mode_says():
    with lab() as running:
        for name, pattern in LEAVES.items():
            text = leaf_of(running.modes[name])
            check(pattern is None or re.search(pattern, text, re.M), f"{name}: {text}")
        check(leaf_of(running.modes["sans1000"]).count("DNS:") == 1001, "1,001 names")
        check("Authority Key" not in leaf_of(running.modes["strict-noaki"]), "strict-noaki")
        for name, chain in CHAINS.items():
            sent = re.findall(r"^ *\d s:.*CN = (.*)", s_client(running.modes[name]), re.M)
            check(sent == chain, f"{name} sent {sent}")
        for name, words in STAPLES.items():
            said = s_client(running.modes[name], "-status")
            check(words in said, f"{name}: {said}")
        check("Server Temp Key: X448" in s_client(running.modes["group-x448"]), "group-x448")
        check("Cipher is AES" in s_client(running.modes["krsa-only"]), "krsa-only")


def what_openssl_lacks_is_answered_to_who_has_it():
    with lab() as running:
        for name, cipher in OLD_CIPHERS.items():
            answer = exchange(running.tls_port, small_hello(f"{name}.localhost", cipher), 46)
            check(answer[:1] == b"\x16" and answer[44:46] == cipher.to_bytes(2, "big"),
                  f"{name}: {answer!r}")
        for name in ["ch-big-rst", "ch-big-stall"]:
            port = urlsplit(running.modes[name]["url"]).port
            answer = exchange(port, small_hello("a.example", 0xc02b, 0xc02f), 6)
            check(answer[:1] == b"\x15" or answer[5:6] == b"\2", f"{name}: {answer!r}")
        answer = exchange(running.tls_port, small_hello("alert-99.example.test", 0xc02b), 7)
        check(answer == b"\x15\3\3\0\2\2\x63", f"any alert: {answer!r}")
        port = urlsplit(running.modes["proxy-protocol"]["url"]).port
        check(exchange(port, small_hello("a.example", 0xc02b), 1) == b"", "without a PROXY header")
        header = b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0"
        answer = exchange(port, header + small_hello("a.example", 0xc02b), 1)
        check(answer in (b"\x15", b"\x16"), f"behind a PROXY header of version 2: {answer!r}")


def names_are_those_of_badssl_too():
    with lab() as running:
        wanted = {f"{alias.split('.')[0]}.example.test": mode["name"]
                  for mode in running.modes.values() for alias in mode["badssl"]}
        for host in wanted:
            with contextlib.suppress(OSError):
                with socket.create_connection(("127.0.0.1", running.tls_port),
                                              timeout=PATIENCE) as plain:
                    unverified().wrap_socket(plain, server_hostname=host).close()
        deadline = time.monotonic() + 10
        seen = {}
        while wanted != seen and time.monotonic() < deadline:
            time.sleep(0.05)
            seen = {event["server_name"]: event["mode"] for event in running.events}
        check(wanted == seen, f"{wanted.items() ^ seen.items()}")


def ports_answer_what_they_are_not_made_for():
    request = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
    with lab() as running:
        port = running.tls_port
        check(b" 400 " in ask(port, request), "plain HTTP on the TLS port")
        check(b" 421 " in ask(port, request, "nothing.example", unverified()), "an unknown name")
        trusting = ssl.create_default_context(cafile=f"{running.folder}/ca.pem")
        check(b" 200 " in ask(port, request, "127.0.0.1", trusting), "no name")
        check(b"mode cbc-only" in ask(port, request, "cbc.localhost", trusting), "a page")
        answer = ask(port, b"GET /intermediate.der HTTP/1.1\r\n\r\n")
        fetched = ssl.DER_cert_to_PEM_cert(answer.split(b"\r\n\r\n", 1)[1])
        check(fetched.split()[5] in s_client(running.modes["ok"]), "the intermediate")
        plain = urlsplit(running.modes["http-on-tls"]["url"]).port
        with socket.create_connection(("127.0.0.1", plain), timeout=PATIENCE) as connection:
            check(echo(connection, "localhost") == "echo", "ws:// on the plain port")


def what_makes_no_sense_harms_nobody():
    chance = random.Random(1)
    with lab() as running:
        ports = {urlsplit(mode["url"]).port for mode in running.modes.values()}
        for port in sorted(ports) * 3:
            hello = bytearray(small_hello("ok.localhost", 0xc02b))
            for _ in range(4):
                hello[chance.randrange(3, len(hello))] = chance.randrange(256)
            with contextlib.suppress(OSError):
                with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection:
                    connection.sendall(hello if chance.random() < 0.7 else chance.randbytes(300))
        mode = running.modes["ok"]
        check(outcome(mode, *context_of(running, mode)) == "echo", "after the garbage")


def it_ends_at_once_with_connections_open():
    with lab() as running:
        held = [socket.create_connection(("127.0.0.1", urlsplit(mode["url"]).port))
                for name, mode in running.modes.items() if name not in ("refused", "rst-accept")]
        begin = time.monotonic()
        running.process.terminate()
        running.process.wait(10)
        taken = time.monotonic() - begin
        for connection in held:
            connection.close()
        check(taken < 3, f"it took {taken:.1f} s")


def the_list_fits_its_schema_and_the_run():
    schema = json.loads((ROOT / "docs/lab.schema.json").read_text("utf-8"))
    listed = json.loads(run(WHYSOCKET, "lab", "--list", "--json"))
    jsonschema.validate(listed, schema)
    names = [mode["name"] for mode in listed["modes"]]
    words = names + [word for mode in listed["modes"] for word in mode["badssl"]
                     if word != mode["name"]]
    check(len(words) == len(set(words)), "each name stands for one mode")
    with lab() as running:
        check(list(running.modes) == names, "the run has other modes than the list")
    text = run(WHYSOCKET, "lab", "--list")
    check(all(f"  {name} " in text for name in names), "the list for people has them all")
    urls = [mode["url"] for mode in listed["modes"]]
    check("wss://expired.localhost:9500/" in urls, f"{urls}")
    raw = json.loads(run(WHYSOCKET, "lab", "raw", "--list", "--json"))["modes"]
    tls = json.loads(run(WHYSOCKET, "lab", "tls", "--list", "--json"))["modes"]
    check(len(raw) + len(tls) == len(names) - 1, "tls and raw are all but the proxy that works")
    french = run(WHYSOCKET, "lab", "--list", "--json", "--lang", "fr")
    whats = {mode["what"] for mode in listed["modes"]}
    same = [mode["what"] for mode in json.loads(french)["modes"] if mode["what"] in whats]
    check(not same, f"not in French: {same}")


def hosts_are_lines_for_etc_hosts():
    lines = run(WHYSOCKET, "lab", "--hosts").splitlines()
    check(all(re.fullmatch(r"127\.0\.0\.1 [a-z0-9.-]+", line) for line in lines), f"{lines}")
    check("127.0.0.1 expired.localhost" in lines, f"{lines}")
    one = run(WHYSOCKET, "lab", "--hosts", "--mode", "wrong.host", "--listen", "[::1]:1")
    check(one == "::1 wronghost.localhost\n", one)


def the_matrix_shows_what_clients_say():
    schema = json.loads((ROOT / "docs/lab-matrix.schema.json").read_text("utf-8"))
    words = ["lab", "--matrix", "--client", "whysocket", "--mode", "ok", "--mode", "expired",
             "--mode", "stall", "--timeout", "500ms"]
    matrix = json.loads(run(WHYSOCKET, *words, "--json"))
    rows = matrix["modes"]
    jsonschema.validate(matrix, schema)
    taken = jsonschema.Draft202012Validator(schema).is_valid({**matrix, "modes": [{}]})
    check(not taken, "the schema takes a mode without members")
    says = {row["name"]: row["says"]["whysocket"] for row in rows}
    check(says == {"ok": "open", "expired": "tls.cert.expired", "stall": "timeout.tls"}, f"{says}")
    text = run(WHYSOCKET, *words)
    check("  whysocket  tls.cert.expired\n" in text, text)


def a_log_that_nobody_reads_holds_up_no_reset():
    with subprocess.Popen([WHYSOCKET, "lab", "raw", "--listen", "127.0.0.1:0", "--json"],
                          stdout=subprocess.PIPE, text=True) as process:
        port, line = 0, process.stdout.readline()
        while '"ready"' not in line:
            event = json.loads(line)
            port = urlsplit(event["url"]).port if event["name"] == "rst-ch" else port
            line = process.stdout.readline()
        fcntl.fcntl(process.stdout, fcntl.F_SETPIPE_SZ, 4096)
        try:
            for _ in range(100):  # what the log says of them does not fit the pipe
                with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection:
                    connection.sendall(small_hello("a.example", 0xc02b))
                    with contextlib.suppress(ConnectionResetError):
                        check(False, f"it was no reset: {connection.recv(1)!r}")
        finally:
            process.terminate()
            told = process.stdout.read().count('"mode":"rst-ch"')
        check(told == 100, f"{told} of them were told")


def mistakes_are_told():
    def ends(status, *words):
        done = subprocess.run([WHYSOCKET, "lab", *words], capture_output=True, text=True,
                              check=False, timeout=20)
        check(done.returncode == status and len(done.stderr.splitlines()) == 1,
              f"{words}: {done.returncode}, {done.stderr}")
    ends(2, "everything")
    ends(2, "--mode", "nothing", "--list")
    ends(2, "--listen", "nowhere")
    ends(2, "--matrix", "--client", "nobody")
    ends(2, "--listen", "127.0.0.1:0", "--write-ca", "/nowhere/ca.pem")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ends(11, "--listen", f"127.0.0.1:{taken.getsockname()[1]}")


def files_of_keys_are_the_owners():
    with lab() as running:
        for name in os.listdir(running.folder):
            mode = os.stat(f"{running.folder}/{name}").st_mode & 0o777
            check(mode == 0o600, f"{name}: {mode:o}")


def it_starts_in_under_two_seconds():
    build = release_build(sys.argv[1])
    taken = []
    for _ in range(3):
        begin = time.monotonic()
        with lab(build / "src/cmd/whysocket"):
            taken.append(time.monotonic() - begin)
    check(min(taken) < START_MAX, f"{taken}")


main([
    every_mode_ends_as_it_says,
    healthy_modes_are_those_without_a_cause,
    leaves_chains_and_staples_are_what_the_mode_says,
    what_openssl_lacks_is_answered_to_who_has_it,
    names_are_those_of_badssl_too,
    ports_answer_what_they_are_not_made_for,
    what_makes_no_sense_harms_nobody,
    it_ends_at_once_with_connections_open,
    the_list_fits_its_schema_and_the_run,
    hosts_are_lines_for_etc_hosts,
    the_matrix_shows_what_clients_say,
    a_log_that_nobody_reads_holds_up_no_reset,
    mistakes_are_told,
    files_of_keys_are_the_owners,
    it_starts_in_under_two_seconds,
])
