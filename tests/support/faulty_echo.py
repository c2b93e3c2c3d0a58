# SPDX-License-Identifier: MIT
"""A connection of the faulty peer: the messages it echoes, its Pongs and Closes, and its end."""
import asyncio
import codecs
import os
import time

from support import faulty_http
from support.faulty_deflate import Malformed
from support.faulty_frames import (BINARY, CLOSE, CONT, DATA, PING, PONG, TEXT, Failure, LooseUtf8,
                                   Reader, StrictUtf8, Writer)

OPENING_S = 9    # for the opening handshake
CLOSING_S = 10   # for the peer's end, once ours is said and everything has left
AWAITING_S = 3   # for a server to end the transport
SLOW_S = 20
LIMIT = 24 << 20
WRITE_AHEAD = 1 << 20  # where the peer does not read that much, it is not read from either
LOOSE = {"surrogates-accepted", "overlong-accepted", "beyond-10ffff-accepted",
         "noncharacters-rejected"}
RSV = {4: "rsv1-accepted", 2: "rsv2-accepted", 1: "rsv3-accepted"}
LATE_UTF8 = {"utf8-at-message-end", "utf8-at-frame-end", "utf8-per-fragment"}


def is_valid_code(code, faults):
    if f"code-{code}-accepted" in faults or f"code-{code}-rejected" in faults:
        return f"code-{code}-accepted" in faults
    return 1000 <= code <= 1003 or 1007 <= code <= 1014 or 3000 <= code <= 4999


class Echo(asyncio.Protocol):
    """What is the same in both roles. `is_client` says which; open() does the handshake,
    and says whether it is done."""
    is_client = False

    def __init__(self, faults, limit=LIMIT):
        self.faults, self.limit = faults, 8 << 20 if "bomb-cut" in faults else limit
        self.transport, self.timer = None, None
        self.done = asyncio.get_running_loop().create_future()
        self.opening = b""        # of the head, until it is whole; then None
        self.out = []             # what is to be written when what came is done with
        self.deflate = None
        self.writer = Writer(faults, self.is_client)
        self.reader = Reader(faults, self.is_client, self)
        self.is_closing = False   # our Close was sent, or will not be
        self.opcode, self.fin, self.skips = 0, True, False  # of the frame that is coming in
        self.control = b""
        self.message, self.packed = None, False  # the opcode of the message that is coming in
        self.pieces, self.size, self.text = [], 0, None
        self.fragments, self.frame_at = 0, 0  # frames of it, and where in it the last one begins
        self.frames = 0
        self.held = []            # Pongs that a fault keeps back

    # The transport.

    def connection_made(self, transport):
        self.transport = transport
        transport.set_write_buffer_limits(WRITE_AHEAD)
        self.timer = asyncio.get_running_loop().call_later(OPENING_S, transport.abort)

    def connection_lost(self, error):
        self.timer.cancel()
        if not self.done.done():
            self.done.set_result(None)

    def pause_writing(self):
        self.transport.pause_reading()

    def resume_writing(self):
        if not self.transport.is_closing():
            self.transport.resume_reading()

    def data_received(self, data):
        delay = SLOW_S if "slow" in self.faults else 0.2 if "half-close-drops" in self.faults else 0
        if delay and self.opening is None:
            asyncio.get_running_loop().call_later(delay, self.received, data)
        else:
            self.received(data)

    def received(self, data):
        if self.opening is not None:
            data = self.head_received(data)
        if data and not self.reader.stopped:
            try:
                self.reader.feed(data)
            except Failure as failure:
                self.fail(failure)
        self.flush()

    def head_received(self, data):
        """What came before the handshake is done; returns what is behind it."""
        self.opening += data
        try:
            found = faulty_http.split_head(self.opening, self.faults, self.is_client)
            too_long = len(found[0] if found else self.opening) > faulty_http.HEAD_MAX
            if too_long and "long-head-hangs" not in self.faults:
                raise faulty_http.Refused("431 Request Header Fields Too Large", "a long head")
            if found is None or too_long:
                return b""
            self.opening = None
            if not self.open(found[0]):
                self.opening = b""
                return self.head_received(found[1])
        except Malformed as error:
            self.refuse(faulty_http.Refused("400 Bad Request", str(error)))
            return b""
        except faulty_http.Refused as refused:
            self.refuse(refused)
            return b""
        self.timer.cancel()
        return b"" if "glued-frames-lost" in self.faults else found[1]

    def flush(self):
        if self.out and not self.transport.is_closing():
            if "order-swapped" in self.faults:
                self.out.reverse()
            self.transport.write(b"".join(self.out))
        self.out = []

    def eof_received(self):
        if "half-close-drops" in self.faults:
            self.transport.abort()
        return False  # what was written still leaves, then the transport closes

    def finish(self):
        """End our direction once everything is sent; the peer has a while to end its own, so that
        nothing of ours is lost to a reset."""
        self.reader.stopped = True
        self.flush()
        if self.transport.can_write_eof():
            self.transport.write_eof()
            self.await_end(CLOSING_S)
        else:
            self.transport.close()

    def await_end(self, seconds):
        self.timer.cancel()
        self.timer = asyncio.get_running_loop().call_later(seconds, self.transport.abort)

    # What is sent.

    def send(self, opcode, payload, fin=True, rsv=0):
        self.out.append(self.writer.frame(opcode, payload, fin, rsv))

    def send_close(self, code, reason=""):
        payload = b"" if code is None else code.to_bytes(2, "big") + reason.encode()[:123]
        if "close-reason-too-long" in self.faults:
            payload = (code or 1000).to_bytes(2, "big") + 200 * b"r"
        self.send(CLOSE, payload)
        if "close-twice" in self.faults:
            self.send(CLOSE, payload)
        self.is_closing = True

    def fail(self, failure):
        if "fails-without-close" not in self.faults and not self.is_closing:
            self.send_close(failure.code, failure.reason)
        self.is_closing = True
        self.finish()

    def echo(self, opcode, data):
        faults = self.faults
        if opcode == TEXT:
            if "nul-ends-text" in faults:
                data = data.split(b"\0")[0]
            if "bom-removed" in faults and data.startswith(codecs.BOM_UTF8):
                data = data[3:]
        size = len(data)
        if size == 0 and "empty-message-lost" in faults or size == 65536 and "65536-lost" in faults:
            return
        if size in (126, 127) and "126-off-by-one" in faults:
            data = data[:-1]
        if "cut-at-65535" in faults:
            data = data[:65535]
        if opcode == TEXT and "text-as-binary" in faults:
            opcode = BINARY
        elif opcode == BINARY and "binary-as-text" in faults:
            opcode = TEXT
        packed = self.deflate.pack(data) if self.deflate else None
        if packed is None:
            self.send(opcode, data)
        elif "rsv1-without-compression" in faults:
            self.send(opcode, data, rsv=4)
        else:
            self.send(opcode, packed, rsv=0 if "compressed-without-rsv1" in faults else 4)

    # What the reader finds.

    def first(self, fin, rsv, opcode):
        self.frames += 1
        self.opcode, self.fin, self.skips = opcode, fin, False
        if opcode == 3 and "crashes-on-op3" in self.faults:
            os._exit(70)
        if rsv:
            self.check_reserved(rsv, opcode)
        if opcode >= CLOSE:
            self.control = b""
            if not fin and "fragmented-control-accepted" not in self.faults:
                raise Failure(1002, "a control frame is not fragmented")
        if opcode not in (CONT, TEXT, BINARY, CLOSE, PING, PONG):
            self.reserved_opcode(opcode)
        elif opcode in DATA:
            if self.message is not None and "data-inside-message-accepted" not in self.faults:
                raise Failure(1002, "a message begins inside another")
            self.begin(opcode, bool(rsv & 4) and self.deflate is not None)
        elif opcode == CONT and self.message is None:
            if "cont-without-start-accepted" not in self.faults:
                raise Failure(1002, "a continuation of nothing")
            self.begin(BINARY, False)

    def check_reserved(self, rsv, opcode):
        if rsv & 4 and self.deflate and (
                opcode in DATA or opcode == CONT and "rsv1-on-cont-accepted" in self.faults or
                opcode >= CLOSE and "rsv1-on-control-accepted" in self.faults):
            rsv &= 3
        for bit, fault in RSV.items():
            if rsv & bit and fault not in self.faults:
                raise Failure(1000 if "rsv-answered-1000" in self.faults else 1002,
                              "a reserved bit is set")

    def reserved_opcode(self, opcode):
        if opcode < CLOSE and "reserved-echoed" in self.faults:
            self.opcode = BINARY
            self.begin(BINARY, False)
        elif ("reserved-data-ignored" if opcode < CLOSE else
              "reserved-control-ignored") in self.faults:
            self.skips = True
        else:
            raise Failure(1000 if "opcode-answered-1000" in self.faults else 1002,
                          f"the opcode {opcode} is reserved")

    def begin(self, opcode, packed):
        if self.deflate and not packed and "uncompressed-rejected" in self.faults:
            raise Failure(1002, "a message that is not compressed")
        self.message, self.packed, self.pieces = opcode, packed, []
        self.size, self.fragments = 0, 0
        if packed:
            self.deflate.begin()
        self.text = self.decoder() if opcode == TEXT else None

    def decoder(self):
        if "utf8-unchecked" in self.faults or (
                self.packed and "inflated-utf8-unchecked" in self.faults):
            return None
        if self.faults & LOOSE:
            return LooseUtf8(self.faults)
        return StrictUtf8()

    def sized(self, size):
        if self.opcode >= CLOSE or self.skips:
            return
        self.fragments, self.frame_at = self.fragments + 1, self.size
        total = self.size + size
        if total > self.limit and "huge-length-awaited" not in self.faults:
            raise Failure(1009, "a message is longer than is taken")
        if total >= 1 << 20 and "1-mib-answered-1002" in self.faults:
            raise Failure(1002, "a message of 1 MiB")

    def piece(self, data):
        if self.opcode >= CLOSE:
            self.control += data
        elif not self.skips:
            if self.packed:
                data = self.deflate.inflate(data, self.limit - self.size)
            self.add(data)

    def add(self, data):
        if self.text and not self.faults & LATE_UTF8:
            self.check_text(data)
        if self.fragments > 64 and "65th-fragment-lost" in self.faults:
            return
        self.pieces.append(data)
        self.size += len(data)

    def check_text(self, data, final=False):
        if final and "utf8-cut-accepted" in self.faults:
            final = False
        try:
            self.text.decode(data, final)
        except ValueError:  # UnicodeDecodeError is one
            raise Failure(1002 if "utf8-answered-1002" in self.faults else 1007,
                          "a text that is not UTF-8") from None

    def end(self):
        if self.skips or self.frames > 500 and "stops-after-500" in self.faults:
            return
        if self.is_closing and ("ping-after-close-answered" if self.opcode >= CLOSE else
                                "data-after-close-echoed") not in self.faults:
            return
        if self.opcode >= CLOSE:
            self.control_frame(self.opcode, self.control)
        else:
            self.fragment()

    def fragment(self):
        """A frame of a message is whole."""
        faults = self.faults
        if "empty-fragment-lost" in faults and self.fragments > 1 and self.size == self.frame_at:
            return
        if self.fin and self.packed:
            self.add(self.deflate.end(self.limit - self.size))
        if self.text:
            self.check_text_whole()
        if "echo-per-fragment" in faults and not self.fin:
            self.echo(self.message, b"".join(self.pieces))
            self.pieces = []
        if self.fin:
            opcode, self.message = self.message, None
            self.echo(opcode, b"".join(self.pieces))
            self.pieces, self.size = [], 0
            for payload in self.held:
                self.send(PONG, payload)
            self.held = []

    def check_text_whole(self):
        """What is left to check where a frame ends."""
        faults = self.faults
        if "utf8-per-fragment" in faults:
            self.text = self.decoder()
            self.check_text(b"".join(self.pieces)[self.frame_at:], True)
        elif faults & LATE_UTF8:
            if self.fin or "utf8-at-frame-end" in faults:
                self.text = self.decoder()
                self.check_text(b"".join(self.pieces), self.fin)
        elif self.fin:
            self.check_text(b"", True)

    # Control frames.

    def control_frame(self, opcode, payload):
        if opcode == PING:
            self.ping(payload)
        elif opcode == CLOSE:
            self.closed(payload)
        elif "unasked-pong-fails" in self.faults:
            raise Failure(1002, "a Pong that nobody asked for")

    def ping(self, payload):
        faults = self.faults
        if "ping-ends-message" in faults:
            self.pieces = []
        if "pong-missing" in faults or len(payload) == 125 and "ping-125-ignored" in faults:
            return
        if "pong-empty" in faults:
            payload = b""
        if "pong-cut" in faults:
            payload = payload[:100]
        if "pong-wrong" in faults and payload:
            payload = payload[:-1] + bytes((payload[-1] ^ 1,))
        if "pong-after-message" in faults and self.message is not None:
            self.held.append(payload)
            return
        opcode = PING if "pong-is-ping" in faults else PONG
        rsv = 0
        if self.deflate and "pong-with-rsv1" in faults:
            payload, rsv = self.deflate.pack(payload)[:125], 4
        self.send(opcode, payload, rsv=rsv)

    def closed(self, payload):
        faults = self.faults
        if "close-ignored" in faults or self.is_closing:  # a second Close says nothing new
            return
        if "close-unanswered" in faults:
            self.is_closing = True
            self.finish()
            return
        self.send_close(self.close_answer(payload))
        if faults & {"data-after-close-echoed", "ping-after-close-answered"}:
            asyncio.get_running_loop().call_later(0.5, self.end_of_closing)
        else:
            self.end_of_closing()

    def close_answer(self, payload):
        """The code to answer with, None for none; Failure where the Close is not valid."""
        faults = self.faults
        try:
            code = self.close_code(payload)
        except Failure:
            if "close-sends-1006" in faults:
                return 1006
            raise
        if "close-sends-1005" in faults and code is None:
            return 1005
        return 1008 if "close-answered-1008" in faults else code

    def close_code(self, payload):
        if not payload:
            return None
        if len(payload) == 1:
            if "close-of-1-byte-accepted" in self.faults:
                return None
            raise Failure(1002, "a Close with half a code")
        code = int.from_bytes(payload[:2], "big")
        if not is_valid_code(code, self.faults):
            raise Failure(1002, f"a Close may not say {code}")
        try:
            payload[2:].decode()
        except UnicodeDecodeError:
            if "close-reason-unchecked" not in self.faults:
                raise Failure(1007, "a reason that is not UTF-8") from None
        return code

    def end_of_closing(self):
        """Both Closes are there: a server ends the transport, a client awaits it (section 7.1.1)."""
        if "no-end-after-close" in self.faults:
            self.reader.stopped = True
        elif self.is_client:
            self.reader.stopped = True
            self.flush()
            self.await_end(AWAITING_S)
        else:
            self.finish()


class ServerEcho(Echo):
    def open(self, head):
        response, self.deflate = faulty_http.answer(head, self.faults)
        self.transport.write(response)
        return True

    def refuse(self, refused):
        self.opening = None
        self.transport.write(refused.answer())
        self.finish()


class HangingEcho(ServerEcho):
    connections = 0

    def connection_made(self, transport):
        super().connection_made(transport)
        HangingEcho.connections += 1
        if HangingEcho.connections == 100:
            time.sleep(3600)


class ClientEcho(Echo):
    is_client = True

    def __init__(self, faults, host, path, offer):
        super().__init__(faults)
        self.host, self.path, self.offer = host, path, offer
        self.key, self.refused = "", None

    def connection_made(self, transport):
        super().connection_made(transport)
        request, self.key = faulty_http.request(self.host, self.path, self.offer, self.faults)
        transport.write(request)

    def open(self, head):
        if faulty_http.is_interim(head):
            return False  # RFC 9110 section 15.2: another answer is to come
        self.deflate = faulty_http.check_answer(head, self.key, self.offer, self.faults)
        return True

    def refuse(self, refused):
        self.opening = None
        self.refused = str(refused)
        self.finish()
