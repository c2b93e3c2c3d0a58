#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""An echo peer for the conformance suite, right in everything but the faults it is told to have.

faulty_peer.py server [--port N] [--tls --cert FILE --key FILE] [--fault NAME]...
faulty_peer.py server --each NAME...   a port for each fault, which has it alone ("none": healthy)
faulty_peer.py client URL [--cacert FILE] [--fault NAME]...
faulty_peer.py client --cases URL ID...    a connection for each id, to URL/case/ID
faulty_peer.py client --errands        a line of JSON each, with "urls", "faults" and "cacert"
faulty_peer.py faults                      what there is

A server writes a line of JSON for each port: its address, its faults. A client echoes until the
connection is closed; its exit status is 0 but where nobody listens. Of each errand that is done it
writes a line, too.
"""
import argparse
import asyncio
import json
import ssl
import sys
import warnings
from pathlib import Path
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.faulty_echo import LIMIT, OPENING_S, ClientEcho, HangingEcho, ServerEcho
from support.faulty_table import FAULTS, NAMES

OFFER = "permessage-deflate; client_max_window_bits"
SHUTDOWN_S = 2
X509_V_FLAG_NO_CHECK_TIME = 0x200000  # of OpenSSL; the module has no name for it


def faults_of(names, role):
    for name in names:
        if name not in NAMES or role not in NAMES[name].roles:
            sys.exit(f"faulty_peer.py: a {role} has no fault {name}")
    return frozenset(names)


def server_context(options, faults):
    if not options.tls:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(options.cert, options.key)
    if "tls-1.0-accepted" in faults:
        warnings.simplefilter("ignore", DeprecationWarning)  # which is what this fault is about
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.set_ciphers("ALL:@SECLEVEL=0")
    else:
        context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def client_context(options, faults):
    context = ssl.create_default_context(cafile=options.cacert)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if "tls-host-unchecked" in faults or "tls-unverified" in faults:
        context.check_hostname = False
    if "tls-unverified" in faults:
        context.verify_mode = ssl.CERT_NONE
    if "tls-expired-accepted" in faults:
        context.verify_flags |= X509_V_FLAG_NO_CHECK_TIME
    return context


async def listen(options, port, names):
    faults = faults_of(names, "server")
    kind = HangingEcho if "hangs-at-100" in faults else ServerEcho
    context = server_context(options, faults)
    server = await asyncio.get_running_loop().create_server(
        lambda: kind(faults, options.limit), options.host, port, ssl=context, backlog=512,
        ssl_handshake_timeout=OPENING_S if context else None,
        ssl_shutdown_timeout=SHUTDOWN_S if context else None)
    host, port = server.sockets[0].getsockname()[:2]
    print(json.dumps({"address": f"{host}:{port}", "tls": options.tls, "faults": names}),
          flush=True)
    return server


async def serve(options):
    if options.each:
        servers = [await listen(options, 0, [] if name == "none" else [name])
                   for name in options.each]
    else:
        servers = [await listen(options, options.port, options.fault)]
    await asyncio.gather(*(server.serve_forever() for server in servers))


async def connect(options, faults, url):
    """One connection to its end; False where nobody listens."""
    parts = urlsplit(url)
    secure = parts.scheme == "wss"
    port = parts.port or (443 if secure else 80)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        _, echo = await asyncio.get_running_loop().create_connection(
            lambda: ClientEcho(faults, parts.netloc, path, options.offer), parts.hostname, port,
            ssl=client_context(options, faults) if secure else None,
            ssl_shutdown_timeout=SHUTDOWN_S if secure else None)
    except ConnectionRefusedError as error:
        print(f"{url}: {error}", file=sys.stderr)
        return False
    except OSError as error:  # TLS's among them: a connection that the peer is right to refuse
        print(f"{url}: {error}", file=sys.stderr)
        return True
    await echo.done
    if echo.refused:
        print(f"{url}: {echo.refused}", file=sys.stderr)
    return True


async def connect_all(options, faults, urls):
    at_once = asyncio.Semaphore(options.parallel)

    async def one(url):
        async with at_once:
            return await connect(options, faults, url)

    return all(await asyncio.gather(*map(one, urls)))


async def run_errands(options):
    while line := await asyncio.to_thread(sys.stdin.readline):
        errand = json.loads(line)
        faults = faults_of(errand["faults"], "client")
        options.cacert = errand["cacert"]
        print(json.dumps({"went": await connect_all(options, faults, errand["urls"])}), flush=True)
    return 0


async def run_client(options):
    if options.errands:
        return await run_errands(options)
    urls = options.words
    if options.cases:
        urls = [f"{urls[0].rstrip('/')}/case/{case}" for case in urls[1:]]
    return 0 if await connect_all(options, faults_of(options.fault, "client"), urls) else 1


def handle_exception(loop, context):
    """A connection that breaks is no fault of this program; everything else is told."""
    if not isinstance(context.get("exception"), OSError):
        loop.default_exception_handler(context)


async def run(options):
    asyncio.get_running_loop().set_exception_handler(handle_exception)
    return await (serve(options) if options.role == "server" else run_client(options))


def parse():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    roles = parser.add_subparsers(dest="role", required=True)
    server, client = roles.add_parser("server"), roles.add_parser("client")
    roles.add_parser("faults")
    server.add_argument("--host", default="127.0.0.1")
    server.add_argument("--port", type=int, default=0)
    server.add_argument("--limit", type=int, default=LIMIT, help="bytes of a message")
    server.add_argument("--tls", action="store_true")
    server.add_argument("--cert")
    server.add_argument("--key")
    server.add_argument("--each", nargs="+", metavar="NAME")
    client.add_argument("words", nargs="*", metavar="URL")
    client.add_argument("--errands", action="store_true")
    client.add_argument("--cases", action="store_true")
    client.add_argument("--parallel", type=int, default=12, metavar="N")
    client.add_argument("--cacert")
    client.add_argument("--offer", default=OFFER, help="empty: no extension")
    for role in (server, client):
        role.add_argument("--fault", action="append", default=[], metavar="NAME")
    return parser.parse_args()


def main():
    options = parse()
    if options.role == "faults":
        for fault in FAULTS:
            print(f"{fault.name:36}{'/'.join(fault.roles):15}{fault.groups:11}{fault.does}")
        return 0
    try:
        return asyncio.run(run(options))
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
