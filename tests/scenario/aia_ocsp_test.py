#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""`whysocket check --aia` and `--ocsp`: issuers and responders on loopback, good and bad.

usage: aia_ocsp_test.py WHYSOCKET DOCS
"""
import contextlib
import json
import pathlib
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from support import peers  # noqa: E402

import jsonschema  # noqa: E402

WHYSOCKET, DOCS = sys.argv[1], pathlib.Path(sys.argv[2])
TEMPORARY = tempfile.TemporaryDirectory(prefix="whysocket-")
FOLDER = pathlib.Path(TEMPORARY.name)


def validator():
    schema = json.loads((DOCS / "check.schema.json").read_text())
    record = json.loads((DOCS / "close-record.schema.json").read_text())
    resolver = jsonschema.RefResolver("", schema, {"close-record.schema.json": record})
    return jsonschema.Draft202012Validator(schema, resolver=resolver)


VALIDATOR = validator()


# ---- Who answers ----

class Web:
    """Answers by path; remembers what was asked. An answer is bytes (a 200's body), or a function
    of connection and body that does it all."""

    def __init__(self):
        self.answers, self.asked, self.lock = {}, [], threading.Lock()
        self.server = peers.Server(self.talk)
        self.url = f"http://127.0.0.1:{self.server.port}"

    def talk(self, connection):
        head = peers.read_head(connection)
        if b"\r\n\r\n" not in head:
            return
        head, _, body = head.partition(b"\r\n\r\n")
        length = 0
        for line in head.split(b"\r\n"):
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        while len(body) < length:
            body += connection.recv(4096)
        method, target, _ = head.split(b"\r\n")[0].decode().split(" ")
        with self.lock:
            self.asked.append((method, target))
        path = target.removeprefix("http://ca.example.test")
        answer = self.answers.get(path)
        if answer is None:
            connection.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
        elif callable(answer):
            answer(connection, body)
        else:
            ok(connection, answer)

    def __enter__(self):
        return self

    def __exit__(self, *arguments):
        self.server.__exit__(*arguments)


def ok(connection, body):
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/pkix-cert\r\n"
                       b"Content-Length: %d\r\n\r\n" % len(body) + body)


def in_chunks(body):
    def answer(connection, _):
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for at in range(0, len(body), 100):
            piece = body[at:at + 100]
            connection.sendall(b"%x\r\n%s\r\n" % (len(piece), piece))
        connection.sendall(b"0\r\n\r\n")
    return answer


def until_the_end(body):
    def answer(connection, _):
        connection.sendall(b"HTTP/1.0 200 OK\r\n\r\n" + body)
    return answer


def raw(response, then=None):
    def answer(connection, _):
        connection.sendall(response)
        if then is not None:
            then(connection)
    return answer


def endless(connection, _):
    with contextlib.suppress(OSError):
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            connection.sendall(bytes(65536))


def drips(connection, _):
    """A byte now and then: never silent, never done."""
    with contextlib.suppress(OSError):
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n")
        while True:
            connection.sendall(b"x")
            time.sleep(0.02)


def silent(connection, _):
    peers.drain(connection)


def redirect(to):
    return raw(b"HTTP/1.1 302 Found\r\nLocation: " + to.encode() + b"\r\n"
               b"Content-Length: 0\r\n\r\n")


# ---- Certificates ----

def openssl(*arguments, data=None):
    done = subprocess.run(["openssl", *map(str, arguments)], cwd=FOLDER, capture_output=True,
                          input=data, check=False)
    assert done.returncode == 0, (arguments, done.stderr.decode())
    return done.stdout


class Certificate:
    """NAME.pem and NAME.key in the folder; of `issuer`, or of itself."""
    count = 0

    def __init__(self, subject, issuer=None, **extensions):
        Certificate.count += 1
        self.name = f"c{Certificate.count}"
        self.pem, self.key = FOLDER / f"{self.name}.pem", FOLDER / f"{self.name}.key"
        self.serial = 1000 + Certificate.count
        extensions = {"basicConstraints": "critical,CA:true",
                      "keyUsage": "critical,keyCertSign,cRLSign",
                      "subjectKeyIdentifier": "hash", **extensions}
        if issuer is not None:
            extensions["authorityKeyIdentifier"] = "keyid"
        file = FOLDER / f"{self.name}.cnf"
        lines = "".join(f"{key}={value}\n" for key, value in extensions.items() if value)
        # Quotes mean something in these files.
        file.write_text(lines.replace("'", "\\'").replace("`", "\\`"))
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-keyout", self.key, "-out", f"{self.name}.csr", "-subj", subject)
        by = ["-signkey", self.key] if issuer is None else ["-CA", issuer.pem, "-CAkey", issuer.key]
        openssl("x509", "-req", "-in", f"{self.name}.csr", "-out", self.pem, "-days", "30",
                "-set_serial", self.serial, "-extfile", file, *by)

    def der(self):
        return openssl("x509", "-in", self.pem, "-outform", "DER")


def leaf(issuer, aia=(), **extensions):
    return Certificate("/CN=leaf", issuer, basicConstraints="CA:false",
                       keyUsage="critical,digitalSignature",
                       subjectAltName="DNS:localhost,IP:127.0.0.1",
                       authorityInfoAccess=",".join(aia), **extensions)


def pkcs7(*certificates, form="DER"):
    files = [word for one in certificates for word in ("-certfile", one.pem)]
    return openssl("crl2pkcs7", "-nocrl", *files, "-outform", form)


ROOT = Certificate("/O=Lab/CN=Root")
OTHER = Certificate("/O=Else/CN=Other")


# ---- Servers ----

def echo(connection):
    """A WebSocket that answers a ping, and closes when told."""
    peers.upgrade(connection)
    with contextlib.suppress(OSError):
        while True:
            frame = connection.recv(4096)
            if not frame or frame[0] == 0x88:
                connection.sendall(b"\x88\x02\x03\xe8")
                return
            length = frame[1] & 0x7f
            mask, payload = frame[2:6], frame[6:6 + length]
            payload = bytes(b ^ mask[i % 4] for i, b in enumerate(payload))
            connection.sendall(bytes([0x8a if frame[0] == 0x89 else frame[0], length]) + payload)


def serve(*chain):
    """A WebSocket server with these certificates, its own first."""
    file = FOLDER / f"chain{Certificate.count}-{chain[0].name}.pem"
    file.write_bytes(b"".join(one.pem.read_bytes() for one in chain))
    return peers.Server(echo, peers.server_context((str(file), str(chain[0].key))))


def run(url, *options, trust=ROOT, **changes):
    done = subprocess.run([WHYSOCKET, "check", url, "--cacert", str(trust.pem), *options],
                          capture_output=True, timeout=60, stdin=subprocess.DEVNULL,
                          env=peers.environment(**changes), check=False)
    assert done.stderr == b"", done.stderr
    return done.returncode, done.stdout.decode()


def ask(chain, *options, exit_code=0, cause=None, host="127.0.0.1", trust=ROOT, **changes):
    """Both forms. Returns the JSON, and the text."""
    with serve(*chain) as server:
        url = f"wss://{host}:{server.port}/"
        status, text = run(url, *options, trust=trust, **changes)
        assert status == exit_code, (status, text)
        assert text.isascii() or "✓" in text or "é" in text, text
        status, output = run(url, "--json", *options, trust=trust, **changes)
        result = json.loads(output)
        VALIDATOR.validate(result)
        assert (status, result["exit_code"]) == (exit_code, exit_code), (status, output)
    if cause is not None:
        assert result["record"]["cause"] == cause, result["record"]
        assert cause in text, text
    return result, text


MISSING = "tls.chain.missing_intermediate"


# ---- --aia ----

def completes(answer_of, form, detail="with it the chain is complete"):
    def test():
        with Web() as web:
            inter = Certificate("/O=Lab/CN=Inter", ROOT)
            end = leaf(inter, [f"caIssuers;URI:{web.url}/inter"])
            web.answers["/inter"] = answer_of(inter)
            result, text = ask([end], "--aia", exit_code=14, cause=MISSING)
            aia = result["aia"]
            assert (aia["outcome"], aia["end"]) == ("complete", "CN=Root,O=Lab"), aia
            assert aia["missing"] == "CN=Inter,O=Lab" and aia["left"] == [], aia
            fetch = aia["fetches"][0]
            assert (fetch["result"], fetch["form"], fetch["used"]) == ("found", form, True), fetch
            record = result["record"]
            assert detail in record["detail"] and f"{web.url}/inter" in record["detail"], record
            assert record["likely"] is False, record
            assert web.url in text and fetch["command"] in text, text
            # What is said to mend it does.
            chain = FOLDER / "fullchain.pem"
            chain.write_bytes(end.pem.read_bytes())
            subprocess.run(["sh", "-c", fetch["command"]], cwd=FOLDER, check=True,
                           env=peers.environment())
            assert b"OK" in openssl("verify", "-CAfile", ROOT.pem, "-untrusted", chain, end.pem)
            assert set(web.asked) == {("GET", "/inter")}, web.asked
    return test


def completes_two_levels():
    with Web() as web:
        upper = Certificate("/O=Lab/CN=Upper", ROOT)
        lower = Certificate("/O=Lab/CN=Lower", upper,
                            authorityInfoAccess=f"caIssuers;URI:{web.url}/upper")
        end = leaf(lower, [f"caIssuers;URI:{web.url}/lower"])
        web.answers = {"/upper": upper.der(), "/lower": lower.der()}
        result, _ = ask([end], "--aia", exit_code=14, cause=MISSING)
        aia = result["aia"]
        assert aia["outcome"] == "complete" and len(aia["fetches"]) == 2, aia
        assert "and 1 more" in result["record"]["detail"], result["record"]
        result, _ = ask([end, lower], "--aia", exit_code=14, cause=MISSING)
        assert result["aia"]["missing"] == "CN=Upper,O=Lab", result["aia"]


def names_what_is_left():
    with Web() as web:
        inter = Certificate("/O=Lab/CN=Inter", ROOT)
        end = leaf(inter, [f"caIssuers;URI:{web.url}/inter"], extendedKeyUsage="clientAuth")
        web.answers["/inter"] = inter.der()
        result, text = ask([end], "--aia", exit_code=14, cause=MISSING)
        assert [one["cause"] for one in result["aia"]["left"]] == ["tls.cert.wrong_purpose"], result
        assert "Even then" in text, text


def asks_nobody_where_the_chain_is_whole():
    with Web() as web:
        inter = Certificate("/O=Lab/CN=Inter", ROOT)
        end = leaf(inter, [f"caIssuers;URI:{web.url}/inter", f"OCSP;URI:{web.url}/ocsp"])
        result, _ = ask([end, inter], "--aia")
        assert result["aia"]["outcome"] == "not_needed" and result["ocsp"] is None, result
        assert web.asked == [], web.asked


def asks_nobody_unasked():
    with Web() as web:
        inter = Certificate("/O=Lab/CN=Inter", ROOT)
        end = leaf(inter, [f"caIssuers;URI:{web.url}/inter", f"OCSP;URI:{web.url}/ocsp"])
        result, _ = ask([end], exit_code=14, cause=MISSING)
        assert (result["aia"], result["ocsp"]) == (None, None), result
        ask([end, inter])
        assert web.asked == [], web.asked


def does_not_complete(answer_of, outcome, cause, words, result_id=None, timeout="10s"):
    """`answer_of` gets the intermediate, and a way to make what it answers."""
    def test():
        with Web() as web:
            inter = Certificate("/O=Lab/CN=Inter", ROOT)
            end = leaf(inter, [f"caIssuers;URI:{web.url}/inter"])
            web.answers["/inter"] = answer_of(inter)
            result, text = ask([end], "--aia", "--timeout", timeout, exit_code=14, cause=cause)
            aia = result["aia"]
            assert aia["outcome"] == outcome, aia
            assert result_id in (None, aia["fetches"][0]["result"]), aia
            told = json.dumps(result) + text
            for word in words:
                assert word in told, (word, told)
            assert f"{web.url}/inter" in result["record"]["detail"], result["record"]
    return test


def ends_at_a_root_that_is_not_trusted():
    with Web() as web:
        inter = Certificate("/O=Lab/CN=Inter", OTHER,
                            authorityInfoAccess=f"caIssuers;URI:{web.url}/root")
        end = leaf(inter, [f"caIssuers;URI:{web.url}/inter"])
        web.answers = {"/root": OTHER.der(), "/inter": inter.der()}
        result, _ = ask([end], "--aia", exit_code=14, cause=MISSING)
        assert result["aia"]["outcome"] == "untrusted", result["aia"]
        assert "CN=Other" in result["record"]["detail"], result["record"]


def an_untrusted_root_alone_is_no_missing_intermediate():
    with Web() as web:
        end = leaf(OTHER, [f"caIssuers;URI:{web.url}/root"])
        web.answers["/root"] = OTHER.der()
        ask([end], exit_code=14, cause=MISSING)  # so it seems
        result, _ = ask([end], "--aia", exit_code=14, cause="tls.chain.untrusted_ca")
        assert result["record"]["likely"] is False, result["record"]


def a_chain_without_end():
    """Each issuer names one more, of the same key, so that a single pair of them suffices."""
    with Web() as web:
        issuer, made = OTHER, []
        for level in range(7, 0, -1):
            issuer = Certificate(f"/CN=Level {level}", issuer,
                                 authorityInfoAccess=f"caIssuers;URI:{web.url}/{level + 1}")
            web.answers[f"/{level}"] = issuer.der()
            made.append(issuer)
        end = leaf(issuer, [f"caIssuers;URI:{web.url}/1"])
        result, _ = ask([end], "--aia", exit_code=14, cause=MISSING)
        assert result["aia"]["outcome"] == "too_long", result["aia"]
        assert len(result["aia"]["fetches"]) <= 6, result["aia"]


def tries_the_second_address():
    with Web() as web:
        inter = Certificate("/O=Lab/CN=Inter", ROOT)
        end = leaf(inter, ["caIssuers;URI:ldap://127.0.0.1/cn=inter",
                           f"caIssuers;URI:{web.url}/gone", f"caIssuers;URI:{web.url}/inter"])
        web.answers["/inter"] = inter.der()
        result, _ = ask([end], "--aia", exit_code=14, cause=MISSING)
        results = [one["result"] for one in result["aia"]["fetches"]]
        assert results == ["unreachable", "found"], result["aia"]


def asks_over_http_alone(address):
    def test():
        inter = Certificate("/O=Lab/CN=Inter", ROOT)
        end = leaf(inter, [f"caIssuers;URI:{address}", f"OCSP;URI:{address}"])
        result, _ = ask([end], "--aia", "--ocsp", exit_code=14)
        assert result["aia"]["outcome"] == "no_address", result["aia"]
        assert result["ocsp"][0]["status"] == "no_responder", result["ocsp"]
    return test


def refuses_an_address(address, problem):
    def test():
        inter = Certificate("/O=Lab/CN=Inter", ROOT)
        end = leaf(inter, [f"caIssuers;URI:{address}"])
        result, _ = ask([end], "--aia", exit_code=14)
        assert problem in result["aia"]["fetches"][0]["problem"], result["aia"]
    return test


def an_address_cannot_leave_its_quotes():
    """The command is to be pasted, and the certificate anybody's."""
    with Web() as web:
        inter = Certificate("/O=Lab/CN=Inter", ROOT)
        end = leaf(inter, [f"caIssuers;URI:{web.url}/';touch&pwned;'"])
        web.answers["/';touch&pwned;'"] = inter.der()
        result, _ = ask([end], "--aia", exit_code=14, cause=MISSING)
        command = result["aia"]["fetches"][0]["command"]
        assert f"curl -fsS '{web.url}/%27;touch&pwned;%27' |" in command, command


def follows_redirects():
    with Web() as web:
        inter = Certificate("/O=Lab/CN=Inter", ROOT)
        end = leaf(inter, [f"caIssuers;URI:{web.url}/a"])
        web.answers = {"/a": redirect("/b"), "/b": redirect(f"{web.url}/c#x"), "/c": inter.der()}
        result, text = ask([end], "--aia", exit_code=14, cause=MISSING)
        fetch = result["aia"]["fetches"][0]
        assert fetch["redirected"] == f"{web.url}/c" and f"{web.url}/c" in fetch["command"], fetch
        assert f"{web.url}/a" in text and f"{web.url}/c" in text, text


def the_user_s_resolve_and_proxy_are_for_it_too():
    with Web() as web:
        inter = Certificate("/O=Lab/CN=Inter", ROOT)
        port = web.server.port
        end = leaf(inter, [f"caIssuers;URI:http://ca.example.test:{port}/inter"])
        web.answers["/inter"] = inter.der()
        result, _ = ask([end], "--aia", "--resolve", f"ca.example.test:{port}:127.0.0.1",
                        exit_code=14, cause=MISSING)
        assert result["aia"]["outcome"] == "complete", result["aia"]
        # A proxy for plain HTTP gets the whole URL.
        end = leaf(inter, ["caIssuers;URI:http://ca.example.test/inter"])
        result, _ = ask([end], "--aia", exit_code=14, cause=MISSING, http_proxy=web.url)
        assert result["aia"]["outcome"] == "complete", result["aia"]
        assert web.asked[-1] == ("GET", "http://ca.example.test/inter"), web.asked


def it_speaks_french():
    with Web() as web:
        inter = Certificate("/O=Lab/CN=Inter", ROOT)
        end = leaf(inter, [f"caIssuers;URI:{web.url}/inter", f"OCSP;URI:{web.url}/ocsp"])
        web.answers["/inter"] = inter.der()
        _, text = ask([end], "--aia", "--ocsp", "--lang", "fr", exit_code=14)
        assert "la chaîne est complète" in text and "Append" not in text, text


# ---- --ocsp ----

class Responder:
    """`openssl ocsp`, as Debian has it, for the certificates of `ca`."""

    def __init__(self, ca, *options, signer=None, entries=()):
        signer = signer or ca
        index = FOLDER / f"index{time.monotonic_ns()}.txt"
        index.write_text("".join(entries))
        self.process = subprocess.Popen(
            ["openssl", "ocsp", "-index", index, "-port", "0", "-CA", ca.pem, "-rsigner",
             signer.pem, "-rkey", signer.key, *options], cwd=FOLDER, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        line = self.process.stdout.readline().decode()
        self.url = f"http://127.0.0.1:{line.split()[1].rpartition(':')[2]}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(20)


def entry(certificate, revoked=None):
    """A line of the database that `openssl ca` keeps."""
    return (f"{'R' if revoked else 'V'}\t490101000000Z\t{revoked or ''}\t"
            f"{certificate.serial:04X}\tunknown\t/CN=leaf\n")


def real_responder(line_of, status, *options, exit_code=0, cause=None, signer=None):
    def test():
        # The address is in the certificate, and the certificate in the database: the port is taken
        # first, by what passes on to it.
        with Web() as web:
            end = leaf(ROOT, [f"OCSP;URI:{web.url}/ocsp"])
            entries = [] if line_of is None else [line_of(end)]
            by = None if signer is None else signer()
            with Responder(ROOT, *options, signer=by, entries=entries) as responder:
                web.answers["/ocsp"] = pass_on(responder.url)
                result, text = ask([end], "--ocsp", exit_code=exit_code, cause=cause)
            standing = result["ocsp"][0]
            assert standing["status"] == status, standing
            assert f"{web.url}/ocsp" in text and result["aia"] is None, text
            assert {method for method, _ in web.asked} == {"POST"}, web.asked
            return result
    return test


def pass_on(url):
    host, port = url.removeprefix("http://").split(":")

    def answer(connection, body):
        with contextlib.closing(peers.socket.create_connection((host, int(port)), 20)) as to:
            to.sendall(b"POST / HTTP/1.0\r\nContent-Type: application/ocsp-request\r\n"
                       b"Content-Length: %d\r\n\r\n" % len(body) + body)
            while True:
                piece = to.recv(65536)
                if not piece:
                    return
                connection.sendall(piece)
    return answer


def delegated():
    return Certificate("/O=Lab/CN=Responder", ROOT, basicConstraints="CA:false",
                       keyUsage="critical,digitalSignature", extendedKeyUsage="OCSPSigning")


def not_delegated():
    return Certificate("/O=Lab/CN=Somebody", ROOT, basicConstraints="CA:false",
                       keyUsage="critical,digitalSignature")


def good_has_its_nonce():
    result = real_responder(entry, "good", "-nmin", "60")()
    standing = result["ocsp"][0]
    assert standing["has_nonce"] and standing["next_update"] > time.time(), standing
    assert standing["signer"] == "CN=Root,O=Lab" and standing["problem"] is None, standing


def revoked_is_the_cause():
    result = real_responder(lambda one: entry(one, "260102030405Z,keyCompromise"), "revoked",
                            exit_code=14, cause="tls.cert.revoked")()
    record = result["record"]
    assert (record["code"], record["side"]) == (1015, "peer"), record
    assert "2026-01-02" in record["detail"] and "keyCompromise" in record["detail"], record
    assert result["websocket"]["text"] == "echoed", result  # nobody else had looked
    assert result["ocsp"][0]["reason"] == "keyCompromise", result["ocsp"]


def insecure_lets_revoked_pass():
    with Web() as web:
        end = leaf(ROOT, [f"OCSP;URI:{web.url}/ocsp"])
        with Responder(ROOT, entries=[entry(end, "260102030405Z")]) as responder:
            web.answers["/ocsp"] = pass_on(responder.url)
            result, text = ask([end], "--ocsp", "--insecure")
        assert result["ocsp"][0]["status"] == "revoked" and "tls.cert.revoked" in text, text


def made(question, certificate, issuer, line, *options, signer=None):
    """An answer made by `openssl ocsp`, offline."""
    signer = signer or issuer
    index = FOLDER / f"index{time.monotonic_ns()}.txt"
    index.write_text(line)
    (FOLDER / "question.der").write_bytes(question)
    openssl("ocsp", "-index", index, "-CA", issuer.pem, "-rsigner", signer.pem, "-rkey",
            signer.key, "-reqin", "question.der", "-respout", "answer.der", *options)
    return (FOLDER / "answer.der").read_bytes()


def responder_says(answer_of, status, problem=None, exit_code=0, timeout="10s"):
    """`answer_of(question, certificate)` makes the answer's body; or it is what a Web answers."""
    def test():
        with Web() as web:
            end = leaf(ROOT, [f"OCSP;URI:{web.url}/ocsp"])

            def answer(connection, question):
                ok(connection, answer_of(question, end))
            web.answers["/ocsp"] = answer if answer_of.__name__ == "<lambda>" else answer_of
            result, text = ask([end], "--ocsp", "--timeout", timeout, exit_code=exit_code)
            standing = result["ocsp"][0]
            assert standing["status"] == status, standing
            if problem is not None:
                assert problem in standing["problem"] and problem in text, (standing, text)
    return test


def own_question(issuer, certificate):
    openssl("ocsp", "-issuer", issuer.pem, "-cert", certificate.pem, "-reqout", "own.der")
    return (FOLDER / "own.der").read_bytes()


def tampered(data):
    """The signature is of other bytes: one in the middle, in the answer's date, is another."""
    at = data.index(b"\x18\x0f") + 10
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1:]


def responder_is_gone():
    with peers.socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    end = leaf(ROOT, [f"OCSP;URI:http://127.0.0.1:{port}/"])
    result, text = ask([end], "--ocsp")
    standing = result["ocsp"][0]
    assert standing["status"] == "unreachable" and "tcp.refused" in standing["problem"], standing
    assert "All is well." in text, text


def intermediates_are_asked_about():
    with Web() as web:
        inter = Certificate("/O=Lab/CN=Inter", ROOT,
                            authorityInfoAccess=f"OCSP;URI:{web.url}/upper")
        end = leaf(inter, [f"OCSP;URI:{web.url}/lower"])
        revoked = entry(inter, "260102030405Z,cACompromise")
        web.answers = {
            "/lower": lambda to, body: ok(to, made(body, end, inter, entry(end))),
            "/upper": lambda to, body: ok(to, made(body, inter, ROOT, revoked))}
        result, _ = ask([end, inter], "--ocsp", exit_code=14, cause="tls.cert.revoked")
        statuses = [(one["depth"], one["status"]) for one in result["ocsp"]]
        assert statuses == [(0, "good"), (1, "revoked")], result["ocsp"]
        assert "the issuer CN=Inter" in result["record"]["detail"], result["record"]


def without_the_issuer_there_is_no_question():
    with Web() as web:
        inter = Certificate("/O=Lab/CN=Inter", ROOT)
        end = leaf(inter, [f"OCSP;URI:{web.url}/ocsp", f"caIssuers;URI:{web.url}/inter"])
        result, _ = ask([end], "--ocsp", exit_code=14, cause=MISSING)
        assert result["ocsp"][0]["status"] == "no_issuer" and web.asked == [], result["ocsp"]
        web.answers = {"/inter": inter.der(),
                       "/ocsp": lambda to, body: ok(to, made(body, end, inter, entry(end)))}
        result, _ = ask([end], "--ocsp", "--aia", exit_code=14, cause=MISSING)
        assert result["ocsp"][0]["status"] == "good", result["ocsp"]


def plain_servers_have_no_certificates():
    with peers.Server(echo) as server:
        status, output = run(f"ws://127.0.0.1:{server.port}/", "--aia", "--ocsp", "--json")
        result = json.loads(output)
        VALIDATOR.validate(result)
        assert status == 0 and (result["aia"], result["ocsp"]) == (None, None), output


AGE = ("-nmin", "1")
TESTS = [
    ("aia: DER", completes(lambda inter: inter.der(), "der")),
    ("aia: PEM", completes(lambda inter: inter.pem.read_bytes(), "pem")),
    ("aia: PKCS #7", completes(lambda inter: pkcs7(inter, ROOT), "pkcs7")),
    ("aia: an answer in chunks", completes(lambda inter: in_chunks(inter.der()), "der")),
    ("aia: an answer that the end of the stream ends",
     completes(lambda inter: until_the_end(inter.der()), "der")),
    ("aia: an interim answer first",
     completes(lambda inter: raw(b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\n"
                                 b"Content-Length: %d\r\n\r\n" % len(inter.der()) + inter.der()),
               "der")),
    ("aia: two are missing", completes_two_levels),
    ("aia: what is left is named", names_what_is_left),
    ("aia: a whole chain asks nobody", asks_nobody_where_the_chain_is_whole),
    ("nothing is asked unasked", asks_nobody_unasked),
    ("aia: 404", does_not_complete(lambda _: None, "not_found", MISSING,
                                   ["it answered 404"], "unreachable")),
    ("aia: garbage", does_not_complete(lambda _: b"<html>\x1b[31m</html>", "not_found", MISSING,
                                       ["holds no certificate"], "malformed")),
    ("aia: another certificate",
     does_not_complete(lambda _: OTHER.der(), "not_found", MISSING, ["CN=Other"], "other")),
    ("aia: one of the same name with another key",
     does_not_complete(lambda _: Certificate("/O=Lab/CN=Inter", ROOT).der(), "not_found", MISSING,
                       [], "other")),
    ("aia: an empty answer", does_not_complete(lambda _: b"", "not_found", MISSING, ["empty"])),
    ("aia: an answer without end",
     does_not_complete(lambda _: endless, "not_found", MISSING, ["larger than 1048576"])),
    ("aia: an answer that says that it is large",
     does_not_complete(lambda _: raw(b"HTTP/1.1 200 OK\r\nContent-Length: 1048577\r\n\r\n",
                                     peers.drain),
                       "not_found", MISSING, ["larger than 1048576"])),
    ("aia: a byte at a time", does_not_complete(lambda _: drips, "not_found", MISSING,
                                                ["not whole after 2000 ms"], timeout="2s")),
    ("aia: silence", does_not_complete(lambda _: silent, "not_found", MISSING,
                                       ["no answer after 2000 ms"], timeout="2s")),
    ("aia: an answer that is cut",
     does_not_complete(lambda _: raw(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nabc"),
                       "not_found", MISSING, ["cut short"])),
    ("aia: broken chunks",
     does_not_complete(lambda _: raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz"),
                       "not_found", MISSING, ["no chunk"])),
    ("aia: no HTTP", does_not_complete(lambda _: raw(b"SSH-2.0-OpenSSH_9.2\r\n"), "not_found",
                                       MISSING, ["no HTTP"])),
    ("aia: a reset", does_not_complete(lambda _: raw(b"", peers.reset), "not_found", MISSING,
                                       ["tcp.reset"])),
    ("aia: a redirect to itself",
     does_not_complete(lambda _: redirect("/inter"), "not_found", MISSING, ["on and on"])),
    ("aia: a redirect to https", does_not_complete(lambda _: redirect("https://127.0.0.1/"),
                                                   "not_found", MISSING, ["not followed"])),
    ("aia: a redirect to a file", does_not_complete(lambda _: redirect("file:///etc/passwd"),
                                                    "not_found", MISSING, ["not followed"])),
    ("aia: a root that is not trusted", ends_at_a_root_that_is_not_trusted),
    ("aia: nothing between it and such a root", an_untrusted_root_alone_is_no_missing_intermediate),
    ("aia: a chain without end", a_chain_without_end),
    ("aia: the second address", tries_the_second_address),
    ("https is not asked", asks_over_http_alone("https://127.0.0.1/x")),
    ("ldap is not asked", asks_over_http_alone("ldap://127.0.0.1/x")),
    ("a file is not asked", asks_over_http_alone("file:///etc/passwd")),
    ("aia: an address with a user", refuses_an_address("http://user:secret@127.0.0.1/x", "a user")),
    ("aia: an address without a host", refuses_an_address("http:///x", "host")),
    ("aia: an address that no URL can be", refuses_an_address("http://127.0.0.1/`x`", "byte")),
    ("aia: an address with quotes", an_address_cannot_leave_its_quotes),
    ("aia: redirects", follows_redirects),
    ("aia: --resolve and a proxy", the_user_s_resolve_and_proxy_are_for_it_too),
    ("in French", it_speaks_french),
    ("ocsp: good, with nonce", good_has_its_nonce),
    ("ocsp: good, by a delegated responder",
     real_responder(entry, "good", *AGE, signer=delegated)),
    ("ocsp: signed by one without the right",
     real_responder(entry, "bad_signature", *AGE, signer=not_delegated)),
    ("ocsp: signed by somebody else",
     real_responder(entry, "bad_signature", *AGE, signer=lambda: OTHER)),
    ("ocsp: revoked", revoked_is_the_cause),
    ("ocsp: revoked, and --insecure", insecure_lets_revoked_pass),
    ("ocsp: unknown", real_responder(None, "unknown", *AGE)),
    ("ocsp: tampered with", responder_says(
        lambda question, one: tampered(made(question, one, ROOT, entry(one))), "bad_signature")),
    ("ocsp: an answer to another question", responder_says(
        lambda question, one: made(own_question(ROOT, one), one, ROOT, entry(one)), "bad_nonce")),
    ("ocsp: about another certificate", responder_says(
        lambda question, one: made(own_question(ROOT, ROOT), one, ROOT, entry(ROOT)),
        "bad_nonce")),
    ("ocsp: try later", responder_says(lambda *_: b"\x30\x03\x0a\x01\x03", "refused")),
    ("ocsp: garbage", responder_says(lambda *_: b"garbage\x1b[2J\x00", "malformed")),
    ("ocsp: silence", responder_says(silent, "unreachable", "no answer after 2000 ms",
                                     timeout="2s")),
    ("ocsp: a byte at a time", responder_says(drips, "unreachable", "not whole", timeout="2s")),
    ("ocsp: without end", responder_says(endless, "unreachable", "larger than 65536")),
    ("ocsp: 500", responder_says(raw(b"HTTP/1.1 500 No\r\n\r\n"), "unreachable", "500")),
    ("ocsp: a redirect", responder_says(redirect("/ocsp"), "unreachable", "not followed")),
    ("ocsp: nobody there", responder_is_gone),
    ("ocsp: intermediates", intermediates_are_asked_about),
    ("ocsp: without the issuer", without_the_issuer_there_is_no_question),
    ("a plain server has no certificates", plain_servers_have_no_certificates),
]

if __name__ == "__main__":
    sys.exit(peers.run_tests(TESTS))
