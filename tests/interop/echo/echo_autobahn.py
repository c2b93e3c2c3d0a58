#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""python3-autobahn sends back what it gets (roles.py says how it is called). As in its own tests it
closes in order where it fails a connection, instead of dropping it."""
import asyncio
from urllib.parse import urlsplit

import roles
from autobahn.asyncio.websocket import (WebSocketClientFactory, WebSocketClientProtocol,
                                        WebSocketServerFactory, WebSocketServerProtocol)
from autobahn.websocket.compress import (PerMessageDeflateOffer, PerMessageDeflateOfferAccept,
                                         PerMessageDeflateResponse, PerMessageDeflateResponseAccept)

OPEN_S = 60  # where one connection has tens of MiB to read in Python, the others wait


class Server(WebSocketServerProtocol):
    def onMessage(self, payload, isBinary):  # pylint: disable=invalid-name
        self.sendMessage(payload, isBinary)


class Client(WebSocketClientProtocol):
    def onMessage(self, payload, isBinary):  # pylint: disable=invalid-name
        self.sendMessage(payload, isBinary)

    def connection_lost(self, exc):
        super().connection_lost(exc)
        if not self.factory.lost.done():
            self.factory.lost.set_result(None)


def accept_offer(offers):
    for offer in offers:
        if isinstance(offer, PerMessageDeflateOffer):
            return PerMessageDeflateOfferAccept(offer)
    return None


def accept_response(response):
    if isinstance(response, PerMessageDeflateResponse):
        return PerMessageDeflateResponseAccept(response)
    return None


async def serve(deflate, tls):
    factory = WebSocketServerFactory()
    factory.protocol = Server
    factory.setProtocolOptions(failByDrop=False,
                               perMessageCompressionAccept=accept_offer if deflate else None)
    listening = await asyncio.get_running_loop().create_server(factory, "127.0.0.1", 0, ssl=tls)
    roles.say_listening(listening.sockets[0].getsockname()[1])
    await asyncio.Future()


def echo(deflate):
    async def one(url, tls):
        loop = asyncio.get_running_loop()
        factory = WebSocketClientFactory(url)
        factory.protocol = Client
        factory.lost = loop.create_future()
        factory.setProtocolOptions(
            failByDrop=False, openHandshakeTimeout=OPEN_S,
            perMessageCompressionOffers=[PerMessageDeflateOffer()] if deflate else [],
            perMessageCompressionAccept=accept_response if deflate else None)
        where = urlsplit(url)
        await loop.create_connection(factory, where.hostname, where.port, ssl=tls)
        await factory.lost
    return one


roles.run(serve, echo)
