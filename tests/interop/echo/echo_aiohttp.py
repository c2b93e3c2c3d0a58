#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""python3-aiohttp sends back what it gets (roles.py says how it is called)."""
import asyncio

import aiohttp
import roles
from aiohttp import web

WINDOW_BITS = 15


async def send_back(socket):
    async for message in socket:
        if message.type == aiohttp.WSMsgType.TEXT:
            await socket.send_str(message.data)
        elif message.type == aiohttp.WSMsgType.BINARY:
            await socket.send_bytes(message.data)


async def serve(deflate, tls):
    async def answer(request):
        socket = web.WebSocketResponse(compress=deflate, max_msg_size=0)
        await socket.prepare(request)
        await send_back(socket)
        return socket

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
    roles.say_listening(runner.addresses[0][1])
    await asyncio.Future()


def echo(deflate):
    async def one(url, tls):
        async with aiohttp.ClientSession() as session, session.ws_connect(
                url, ssl=tls, compress=WINDOW_BITS if deflate else 0, max_msg_size=0) as socket:
            await send_back(socket)
    return one


roles.run(serve, echo)
