# SPDX-License-Identifier: MIT
"""What the echo programs in Python (echo_aiohttp, echo_autobahn, echo_websockets) share: their
arguments, and the URLs of a client.

usage: PROGRAM server DEFLATE CERT_FILE|- KEY_FILE|-
       PROGRAM client DEFLATE CA_FILE|- AT_ONCE, with a URL a line on stdin

A server says where it listens, as a JSON line. A client opens a connection for each URL, at most
AT_ONCE of them, and sends back what comes until each is closed.
"""
import asyncio
import json
import ssl
import sys


def say_listening(port):
    print(json.dumps({"event": "listening", "address": f"127.0.0.1:{port}"}), flush=True)


async def echo_all(echo, urls, at_once, tls):
    free = asyncio.Semaphore(at_once)

    async def one(url):
        async with free:
            try:
                await echo(url, tls if url.startswith("wss:") else None)
            except Exception as error:  # pylint: disable=broad-except
                # A server that is refused or broken, as most of these are. Libraries have errors
                # of all kinds for it.
                print(f"{url}: {type(error).__name__}: {error}", file=sys.stderr)

    await asyncio.gather(*map(one, urls))


def run(serve, echo):
    """serve(deflate, tls) for ever; echo(deflate) gives a function of a URL and its TLS."""
    role, deflate, *rest = sys.argv[1:]
    tls = None
    if role == "server":
        cert, key = rest
        if cert != "-":
            tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            tls.load_cert_chain(cert, key)
        asyncio.run(serve(deflate == "1", tls))
    else:
        ca_file, at_once = rest
        if ca_file != "-":
            tls = ssl.create_default_context(cafile=ca_file)
        urls = sys.stdin.read().split()
        asyncio.run(echo_all(echo(deflate == "1"), urls, int(at_once), tls))
