# SPDX-License-Identifier: MIT
"""Frames of the faulty peer: read as their bytes come, written, and what has to be checked in
their headers (RFC 6455 section 5)."""
import codecs
import os
import struct

CONT, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
DATA = (TEXT, BINARY)


class Failure(Exception):
    """The connection has to be failed with this code (section 7.1.7)."""

    def __init__(self, code, reason):
        super().__init__(reason)
        self.code, self.reason = code, reason


def apply_mask(data, key, offset=0):
    """A whole piece at once, as one large number."""
    size = len(data)
    if not size:
        return b""
    turned = key[offset % 4:] + key[:offset % 4]
    stream = (turned * (size // 4 + 1))[:size]
    mixed = int.from_bytes(data, "little") ^ int.from_bytes(stream, "little")
    return mixed.to_bytes(size, "little")


class Writer:
    def __init__(self, faults, is_client):
        self.faults = faults
        self.masks = is_client
        if faults & {"masks-as-server", "does-not-mask"}:
            self.masks = not is_client

    def frame(self, opcode, payload, fin=True, rsv=0):
        size = len(payload)
        mask = 0x80 if self.masks else 0
        first = (0x80 if fin else 0) | rsv << 4 | opcode
        if size > 65535:
            head = struct.pack(">BBQ", first, mask | 127, size)
        elif size > 125 or "long-form-sent" in self.faults and opcode < CLOSE:
            head = struct.pack(">BBH", first, mask | 126, size)
        else:
            head = bytes((first, mask | size))
        if not mask:
            return head + payload
        key = bytes(4) if "same-mask-key" in self.faults else os.urandom(4)
        return head + key + apply_mask(payload, key)


class Reader:
    """Feeds a sink with what comes: first(fin, rsv, opcode) with a frame's first byte, sized(len)
    once the header is whole, piece(data), and end(). The sink raises Failure, or sets `stopped`."""

    def __init__(self, faults, is_client, sink):
        self.faults, self.sink = faults, sink
        self.wants_mask = not is_client
        self.rest = b""
        self.begun = False   # the first byte of a frame was looked at
        self.left = None     # bytes of payload that are still to come; None: a header is
        self.key = b""
        self.offset = 0      # of the payload, for the key
        self.stopped = False

    def feed(self, data):
        if self.rest:
            data = self.rest + data
            self.rest = b""
        at, end = 0, len(data)
        while not self.stopped:
            if self.left is None:
                size = self.header(data, at)
                if not size:
                    break
                at += size
            if self.left:
                piece = data[at:at + self.left]
                if not piece:
                    break
                at += len(piece)
                self.payload(piece)
            if self.left == 0:
                self.left, self.begun = None, False
                self.sink.end()
        if "header-pieces-lost" not in self.faults:
            self.rest = data[at:end]

    def payload(self, piece):
        self.left -= len(piece)
        if self.key:
            offset = 0 if "key-restarts-in-pieces" in self.faults else self.offset
            self.offset += len(piece)
            piece = apply_mask(piece, self.key, offset)
        self.sink.piece(piece)

    def header(self, data, at):
        """The size of the header at `at`, 0 where it is not whole."""
        have = len(data) - at
        if have and not self.begun:
            self.begun = True
            first = data[at]
            self.sink.first(bool(first & 0x80), first >> 4 & 7, first & 15)
        if have < 2:
            return 0
        masked, length = data[at + 1] & 0x80, data[at + 1] & 0x7f
        self.check_mask(masked)
        if data[at] & 8 and length > 125 and "long-control-accepted" not in self.faults:
            raise Failure(1002, "a control frame has at most 125 bytes")
        size = 2 + {126: 2, 127: 8}.get(length, 0)
        if have < size:
            return 0
        if length > 125:
            length = self.long_length(data[at + 2:at + size])
        size += 4 if masked else 0
        if have < size:
            return 0
        self.key = data[at + size - 4:at + size] if masked else b""
        self.left, self.offset = length, 0
        self.sink.sized(length)
        return size

    def check_mask(self, masked):
        if self.wants_mask and not masked and "unmasked-accepted" not in self.faults:
            raise Failure(1002, "a client has to mask")
        if not self.wants_mask and masked and "masked-accepted" not in self.faults:
            raise Failure(1002, "a server may not mask")

    def long_length(self, field):
        length = int.from_bytes(field, "big")
        if len(field) == 2:
            if length < 126 and "long-form-16-accepted" not in self.faults:
                raise Failure(1002, "a length is not in its shortest form")
            return length
        if length >> 63:
            if "top-bit-accepted" not in self.faults:
                raise Failure(1002, "the highest bit of a length is set")
            length &= 2**63 - 1
        if length < 65536 and "long-form-64-accepted" not in self.faults:
            raise Failure(1002, "a length is not in its shortest form")
        return length


FIRST_CONTINUATION = {0xe0: (0xa0, 0xbf), 0xed: (0x80, 0x9f), 0xf0: (0x90, 0xbf),
                      0xf4: (0x80, 0x8f)}


class StrictUtf8:
    """UTF-8 that fails at the first byte that no valid text has at its place."""

    def __init__(self):
        self.decoder = codecs.getincrementaldecoder("utf-8")("strict")

    def decode(self, data, final=False):
        self.decoder.decode(data, final)
        # The decoder waits for the third byte of a surrogate, where the second is already wrong.
        kept = self.decoder.getstate()[0]
        if kept[:1] == b"\xed" and kept[1:2] >= b"\xa0":
            raise ValueError("a surrogate")


class LooseUtf8:
    """UTF-8 a byte at a time, with one class of what is forbidden let in or let out."""

    def __init__(self, faults):
        self.ranges = dict(FIRST_CONTINUATION)
        self.starts = set(range(0xc2, 0xf5))
        self.left, self.low, self.high, self.point = 0, 0x80, 0xbf, 0
        self.bars_noncharacters = "noncharacters-rejected" in faults
        if "surrogates-accepted" in faults:
            del self.ranges[0xed]
        if "overlong-accepted" in faults:
            del self.ranges[0xe0], self.ranges[0xf0]
            self.starts |= {0xc0, 0xc1}
        if "beyond-10ffff-accepted" in faults:
            del self.ranges[0xf4]
            self.starts |= {0xf5, 0xf6, 0xf7}

    def decode(self, data, final=False):
        for byte in data:
            if self.left:
                if not self.low <= byte <= self.high:
                    raise ValueError("not a byte that goes on")
                self.left, self.low, self.high = self.left - 1, 0x80, 0xbf
                self.point = self.point << 6 | byte & 0x3f
                if not self.left and self.bars_noncharacters and (
                        self.point & 0xfffe == 0xfffe or 0xfdd0 <= self.point <= 0xfdef):
                    raise ValueError("a noncharacter")
            elif byte >= 0x80:
                if byte not in self.starts:
                    raise ValueError("not a byte that begins")
                self.left = 1 + (byte >= 0xe0) + (byte >= 0xf0)
                self.low, self.high = self.ranges.get(byte, (0x80, 0xbf))
                self.point = byte & 0x3f >> self.left
        if final and self.left:
            raise ValueError("cut")
