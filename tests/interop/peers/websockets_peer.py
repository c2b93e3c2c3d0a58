#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""python3-websockets as a peer: follows plans as a client, has the manners of a server (plan.h).

usage: websockets_peer.py client URL DEFLATE CA_FILE|- PLAN...
       websockets_peer.py server DEFLATE CERT_FILE|- KEY_FILE|-
"""
import asyncio
import json
import ssl
import sys
from pathlib import Path

import websockets
from websockets.frames import OP_TEXT

INVALID = b"abc\xff"


def options(deflate):
    return {"compression": "deflate" if deflate == "1" else None, "max_size": None,
            "ping_interval": None, "close_timeout": 10}


def pieces(message, count):
    """The message itself, or its parts; text is cut between characters, as the library wants it."""
    if count == 1:
        return message
    size = -(-len(message) // count)
    return [message[at:at + size] for at in range(0, len(message), size)]


async def step(socket, word, result):
    name, _, value = word.partition("=")
    name, _, count = name.partition("/")
    if name in ("text", "binary"):
        message = Path(value).read_bytes()
        message = message.decode() if name == "text" else message
        await socket.send(pieces(message, int(count or 1)))
        if await socket.recv() != message:
            raise ValueError("what came is not what was to come")
        result["echoed"] += 1
    elif name == "ping":
        await (await socket.ping(b"are you there?"))
        result["pongs"] += 1
    elif name == "say":
        await socket.send("go")
    elif name == "hear":
        if await socket.recv() != value:
            raise ValueError("what came is not what was to come")
    elif name == "invalid":
        await socket.write_frame(True, OP_TEXT, INVALID)
        await socket.wait_closed()
    elif name == "close":
        await socket.close(int(value), "bye")
    elif name == "await":
        await socket.wait_closed()
    else:
        raise ValueError(f"not a step: {word}")


async def follow(url, deflate, ca_file, plan):
    path, *words = plan.split()
    tls = None if ca_file == "-" else ssl.create_default_context(cafile=ca_file)
    result = {"path": path, "error": "", "echoed": 0, "pongs": 0}
    socket = None
    try:
        socket = await websockets.connect(url + path, ssl=tls, **options(deflate))
        result["deflate"] = any(one.name == "permessage-deflate" for one in socket.extensions)
        for word in words:
            await step(socket, word, result)
    except (OSError, ValueError, websockets.WebSocketException) as error:
        result["error"] = f"{type(error).__name__}: {error}"
    if socket:
        await socket.close()
        result["code"], result["reason"] = socket.close_code, socket.close_reason
    print(json.dumps(result), flush=True)


async def client(url, deflate, ca_file, *plans):
    for plan in plans:
        await follow(url, deflate, ca_file, plan)


async def serve_one(socket, path):
    try:
        async for message in socket:
            if path.startswith("/close/"):
                await socket.close(int(path.split("/")[2]), "bye")
            elif path.startswith("/ping/"):
                await (await socket.ping(b"are you there?"))
                await socket.send("pong")
            elif path.startswith("/invalid/"):
                await socket.write_frame(True, OP_TEXT, INVALID)
            else:
                await socket.send(message)
    except websockets.ConnectionClosed:
        pass
    await socket.wait_closed()
    print(json.dumps({"event": "close", "path": path, "code": socket.close_code,
                      "reason": socket.close_reason}), flush=True)


async def server(deflate, cert, key):
    tls = None
    if cert != "-":
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(cert, key)
    listening = await websockets.serve(serve_one, "127.0.0.1", 0, ssl=tls, **options(deflate))
    port = listening.sockets[0].getsockname()[1]
    print(json.dumps({"event": "listening", "address": f"127.0.0.1:{port}"}), flush=True)
    await asyncio.Future()


asyncio.run({"client": client, "server": server}[sys.argv[1]](*sys.argv[2:]))
