#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""python3-websockets sends back what it gets (roles.py says how it is called)."""
import asyncio

import roles
import websockets


def options(deflate):
    return {"compression": "deflate" if deflate else None, "max_size": None,
            "ping_interval": None, "close_timeout": 10}


async def send_back(socket, *_):
    async for message in socket:
        await socket.send(message)


async def serve(deflate, tls):
    listening = await websockets.serve(send_back, "127.0.0.1", 0, ssl=tls, **options(deflate))
    roles.say_listening(listening.sockets[0].getsockname()[1])
    await asyncio.Future()


def echo(deflate):
    async def one(url, tls):
        async with websockets.connect(url, ssl=tls, open_timeout=30, **options(deflate)) as socket:
            await send_back(socket)
    return one


roles.run(serve, echo)
