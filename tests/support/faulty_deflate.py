# SPDX-License-Identifier: MIT
"""permessage-deflate of the faulty peer: what is agreed to, and the compression (RFC 7692)."""
import re
import zlib

from support.faulty_frames import Failure

TOKEN = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
PART = re.compile(rf'[ \t]*({TOKEN})[ \t]*(?:=[ \t]*(?:({TOKEN})|"((?:[^"\\]|\\.)*)")[ \t]*)?')
TAIL = b"\0\0\xff\xff"
FLAGS = ("server_no_context_takeover", "client_no_context_takeover")
WINDOWS = ("server_max_window_bits", "client_max_window_bits")


class Malformed(Exception):
    """A header does not have the form that it has to have."""


def read_list(text):
    """Sec-WebSocket-Extensions: [(name, [(parameter, value or None)])]."""
    found, at, in_item = [], 0, False
    while at < len(text):
        part = PART.match(text, at)
        if part is None:
            if not in_item and text[at] in ", \t":  # an empty element of a list
                at += 1
                continue
            raise Malformed(f"Sec-WebSocket-Extensions: {text}")
        value = part[2]
        if part[3] is not None:
            value = re.sub(r"\\(.)", r"\1", part[3])
            if not re.fullmatch(TOKEN, value):
                raise Malformed(f"Sec-WebSocket-Extensions: {text}")
        if in_item:
            found[-1][1].append((part[1].lower(), value))
        elif value is not None:
            raise Malformed(f"Sec-WebSocket-Extensions: {text}")
        else:
            found.append((part[1].lower(), []))
        at = part.end()
        if at < len(text) and text[at] not in ",;" or text[at:].rstrip(" \t") == ";":
            raise Malformed(f"Sec-WebSocket-Extensions: {text}")
        in_item = text[at:at + 1] == ";"
        at += 1
    return found


def read_parameters(pairs, faults, is_answer):
    """Those of one permessage-deflate as a dictionary, None where one of them is not valid."""
    read = {}
    for name, value in pairs:
        if name in read and "doubled-parameter-agreed" not in faults:
            return None
        if name in FLAGS and value is None:
            read[name] = True
        elif name in WINDOWS and value is None:
            if is_answer or name == WINDOWS[0]:
                return None
            read[name] = None
        elif name in WINDOWS and re.fullmatch("[89]|1[0-5]", value):
            read[name] = int(value)
        elif name in WINDOWS and "window-value-unchecked" in faults:
            read[name] = 15
        elif name in FLAGS + WINDOWS or "unknown-parameter-agreed" not in faults:
            return None
    return read


def agree(offers, faults):
    """A server's choice among the offers: (the answer's header or None, the Deflate or None)."""
    if "extension-unasked" in faults:
        return "permessage-deflate", None
    for name, pairs in offers:
        offer = read_parameters(pairs, faults, False) if name == "permessage-deflate" else None
        # zlib has no window of 8 for raw streams: such an offer is one that we do not support.
        if offer is None or offer.get("server_max_window_bits") == 8:
            continue
        answer = {flag: None for flag in FLAGS if flag in offer}
        answer |= {window: offer[window] for window in WINDOWS if offer.get(window)}
        if "client-window-unasked" in faults:
            answer["client_max_window_bits"] = 12
        agreed = dict(answer)
        if "no-takeover-unanswered" in faults:
            answer.pop("server_no_context_takeover", None)
        words = [word if value is None else f"{word}={value}" for word, value in answer.items()]
        return "; ".join(["permessage-deflate", *words]), Deflate(agreed, "server", faults)
    return None, None


def take(answer, was_offered, faults):
    """What a server's answer means to a client: its Deflate, None; Malformed where it is wrong."""
    deflate, unchecked = None, "answer-parameters-unchecked" in faults
    for name, pairs in answer:
        if name != "permessage-deflate" or not was_offered or deflate is not None:
            if "unoffered-extension-accepted" in faults:
                continue
            raise Malformed(f"an extension that was not offered: {name}")
        read = read_parameters(pairs, faults, True)
        if read is None and not unchecked:
            raise Malformed(f"parameters of permessage-deflate: {pairs}")
        deflate = Deflate(read or {}, "client", faults)
    return deflate


class Deflate:
    """Both directions of a connection that agreed to permessage-deflate."""

    def __init__(self, agreed, role, faults):
        self.faults = faults
        other = "client" if role == "server" else "server"
        self.bits = agreed.get(f"{role}_max_window_bits") or 15
        self.packs_anew = f"{role}_no_context_takeover" in agreed
        self.inflates_anew = f"{other}_no_context_takeover" in agreed
        if "context-kept" in faults:
            self.packs_anew = False
        if "context-forgotten" in faults:
            self.inflates_anew = True
        if "window-exceeded" in faults:
            self.bits = 15
        self.packer = None
        self.inflater, self.history = zlib.decompressobj(-15), b""
        self.has_ended = False  # the stream has, with BFINAL, and nothing came behind it
        self.head = b""         # of the message, for the faults that look at it
        self.is_cut = False     # by a fault: the rest of the message is passed over

    def pack(self, data):
        """A message's payload, None where it is sent as it is: zlib has no raw window of 8."""
        if self.bits == 8:
            return None
        if not data:
            return b"\0"
        if self.packer is None or self.packs_anew:
            self.packer = zlib.compressobj(1, zlib.DEFLATED, -self.bits)
        packed = self.packer.compress(data) + self.packer.flush(zlib.Z_SYNC_FLUSH)
        return packed if "tail-kept" in self.faults else packed[:-4]

    def begin(self):
        """A message begins."""
        self.head, self.has_ended, self.is_cut = b"", False, False
        if self.inflates_anew:
            self.inflater, self.history = zlib.decompressobj(-15), b""

    def inflate(self, data, room):
        """The next bytes of a message; Failure where more than `room` come of them."""
        if not self.head and data:
            self.head = data[:1]
            if "stored-rejected" in self.faults and data[0] & 6 == 0 and data[:1] != b"\0":
                raise Failure(1007, "a stored block")
        if self.is_cut:
            return b""
        try:
            return self.inflate_whole(data, room)
        except zlib.error as error:
            if "garbage-inflated" in self.faults:
                return b""
            raise Failure(1007, f"the message does not inflate: {error}") from None

    def inflate_whole(self, data, room):
        out = []
        while data:
            self.has_ended = False
            part = self.inflater.decompress(data, room + 1)
            room -= len(part)
            if room < 0:
                if "bomb-cut" not in self.faults:
                    raise Failure(1009, "the message inflates to more than is taken")
                self.is_cut = True
                return part[:-1]
            out.append(part)
            self.history = (self.history + part if len(part) < 32768 else part)[-32768:]
            if not self.inflater.eof:
                break
            if "bfinal-rejected" in self.faults:
                raise Failure(1007, "a final block")
            # Behind a final block a new stream begins; what was before it can still be referred to.
            data, self.has_ended = self.inflater.unused_data, True
            self.inflater = zlib.decompressobj(-15, zdict=self.history)
        return b"".join(out)

    def end(self, room):
        """The message has ended; its last bytes."""
        # No compressor writes a message without a byte, but inflaters take it.
        if self.has_ended or self.is_cut or not self.head:
            return b""
        if self.head == b"\0" and "empty-compressed-fails" in self.faults:
            raise Failure(1007, "an empty message")
        out = self.inflate(TAIL, room)
        probe = self.inflater.copy()
        try:  # a final empty block has to be what may stand here
            rest = probe.decompress(b"\1\0\0\xff\xff")
            is_whole = probe.eof and not rest and not probe.unused_data
        except zlib.error:
            is_whole = False
        if not is_whole and "garbage-inflated" not in self.faults:
            raise Failure(1007, "the message ends inside a block")
        return out
