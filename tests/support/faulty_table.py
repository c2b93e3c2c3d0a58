# SPDX-License-Identifier: MIT
"""The faults that the echo peer can be given: what each does wrong, and what of the suite has to
find it.

A fault is one small deviation from RFC 6455 or 7692, switched where the right behaviour stands in
the code: `"name" in self.faults`. `groups` are those of the conformance suite that find it (1 echo
and sizes, 2 ping and pong, 3 reserved bits, 4 opcodes, 5 fragmentation, 6 UTF-8, 7 close,
8 masking, 9 lengths, 10 control frames, 11 opening handshake of servers, 12 permessage-deflate,
13 opening handshake of clients, 14 limits, 15 resilience, 16 TLS).
"""
from typing import NamedTuple

SERVER, CLIENT, BOTH = ("server",), ("client",), ("server", "client")


class Fault(NamedTuple):
    name: str
    roles: tuple
    groups: str
    does: str


FAULTS = [Fault(*row) for row in [
    # Echo and sizes.
    ("text-as-binary", BOTH, "1", "a text comes back as a binary message"),
    ("binary-as-text", BOTH, "1", "a binary message comes back as a text"),
    ("empty-message-lost", BOTH, "1", "an empty message does not come back"),
    ("order-of-two-swapped", BOTH, "15 1", "of two messages that come at once the second is first"),
    ("nul-ends-text", BOTH, "1 6", "a text ends before its first NUL"),
    # Ping and pong.
    ("pong-missing", BOTH, "2", "Pings are not answered"),
    ("pong-empty", BOTH, "2", "a Pong has no payload"),
    ("pong-cut", BOTH, "2", "a Pong has at most 100 bytes of the Ping's"),
    ("pong-wrong", BOTH, "2", "the last byte of a Pong's payload is another one"),
    ("pong-after-message", BOTH, "2 5", "a Ping between fragments is answered after the message"),
    ("pong-is-ping", BOTH, "2", "a Ping is answered with a Ping"),
    ("ping-125-ignored", BOTH, "2", "a Ping of 125 bytes is not answered"),
    ("unasked-pong-fails", BOTH, "2", "a Pong that nobody asked for is an error"),
    ("only-last-ping-answered", BOTH, "15 2", "of Pings that come at once one alone is answered"),
    # Reserved bits.
    ("rsv1-accepted", BOTH, "3", "RSV1 is taken without an extension"),
    ("rsv2-accepted", BOTH, "3", "RSV2 is taken"),
    ("rsv3-accepted", BOTH, "3", "RSV3 is taken"),
    ("rsv-answered-1000", BOTH, "3", "a reserved bit is answered with 1000"),
    # Opcodes.
    ("reserved-data-ignored", BOTH, "4", "frames of opcodes 3 to 7 are passed over"),
    ("reserved-control-ignored", BOTH, "4", "frames of opcodes 11 to 15 are passed over"),
    ("reserved-echoed", BOTH, "4", "frames of opcodes 3 to 7 come back as binary messages"),
    ("opcode-answered-1000", BOTH, "4", "a reserved opcode is answered with 1000"),
    # Fragmentation.
    ("cont-without-start-accepted", BOTH, "5", "a continuation of nothing is a binary message"),
    ("data-inside-message-accepted", BOTH, "5", "a new message inside another takes its place"),
    ("empty-fragment-lost", BOTH, "5", "an empty fragment does not count, nor its FIN"),
    ("echo-per-fragment", BOTH, "5", "each fragment comes back as a message"),
    ("ping-ends-message", BOTH, "5", "what came of a message before a Ping is forgotten"),
    ("65th-fragment-lost", BOTH, "5 9", "a message is cut to its first 64 fragments"),
    # UTF-8.
    ("utf8-unchecked", BOTH, "6", "a text may be any bytes"),
    ("utf8-at-message-end", BOTH, "6", "UTF-8 is looked at when the message is whole"),
    ("utf8-at-frame-end", BOTH, "6", "UTF-8 is looked at when the frame is whole"),
    ("utf8-per-fragment", BOTH, "6", "each fragment has to be whole characters"),
    ("surrogates-accepted", BOTH, "6", "U+D800 to U+DFFF are characters"),
    ("overlong-accepted", BOTH, "6", "characters may be longer than needed"),
    ("beyond-10ffff-accepted", BOTH, "6", "characters go up to U+1FFFFF"),
    ("noncharacters-rejected", BOTH, "6", "U+FFFE and U+FFFF and their like are errors"),
    ("utf8-cut-accepted", BOTH, "6", "a text may end inside a character"),
    ("bom-removed", BOTH, "1", "U+FEFF at the beginning of a text is dropped"),
    ("utf8-answered-1002", BOTH, "6", "bad UTF-8 is answered with 1002"),
    # Close.
    ("close-ignored", BOTH, "7", "a Close is not answered, and nothing ends"),
    ("close-unanswered", BOTH, "7", "a Close is answered with the end of the transport alone"),
    ("close-answered-1000", BOTH, "7", "whatever a Close says, 1000 is the answer"),
    ("close-sends-1005", BOTH, "7", "a Close without a code is answered with 1005"),
    ("close-sends-1006", BOTH, "7", "a bad Close is answered with 1006"),
    ("no-end-after-close", SERVER, "7", "the transport stays open after the Closes"),
    *[(f"code-{code}-accepted", BOTH, "7", f"a Close may say {code}")
      for code in (0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000)],
    *[(f"code-{code}-rejected", BOTH, "7", f"a Close may not say {code}")
      for code in (1003, 1011, 1012, 1013, 1014, 3000, 4999)],
    ("close-of-1-byte-accepted", BOTH, "7", "a Close may have half a code"),
    ("close-reason-unchecked", BOTH, "7", "a reason may be any bytes"),
    ("close-reason-too-long", BOTH, "7", "a Close has a reason of 200 bytes"),
    ("data-after-close-echoed", BOTH, "7", "what comes after the Close comes back"),
    ("close-twice", BOTH, "7", "Close is sent twice"),
    ("ping-after-close-answered", BOTH, "7", "a Ping after the Close is answered"),
    ("fails-without-close", BOTH, "3 4 5 6 7", "a connection is failed without a Close frame"),
    # Masking.
    ("unmasked-accepted", SERVER, "8", "a client need not mask"),
    ("masked-accepted", CLIENT, "8", "a server may mask"),
    ("masks-as-server", SERVER, "8", "a server masks"),
    ("does-not-mask", CLIENT, "8", "a client does not mask"),
    ("key-restarts-in-pieces", BOTH, "8 1", "the key begins anew with each piece that is read"),
    # Lengths.
    ("long-form-16-accepted", BOTH, "9", "2 bytes of length may say less than 126"),
    ("long-form-64-accepted", BOTH, "9", "8 bytes of length may say less than 65536"),
    ("long-form-sent", BOTH, "9 1", "a short length is sent in 2 bytes"),
    ("top-bit-accepted", BOTH, "9", "the highest bit of a length is passed over"),
    ("126-off-by-one", BOTH, "9 1", "a message of 126 or 127 bytes loses its last"),
    ("65536-lost", BOTH, "9 1", "a message of 65,536 bytes does not come back"),
    ("cut-at-65535", BOTH, "9 1", "a longer message is cut to 65,535 bytes"),
    # Control frames.
    ("long-control-accepted", BOTH, "10", "a control frame may have more than 125 bytes"),
    ("fragmented-control-accepted", BOTH, "10", "a control frame may be without FIN"),
    # The opening handshake of a server.
    ("accept-wrong", SERVER, "11", "Sec-WebSocket-Accept is of another key"),
    ("accept-of-untrimmed-key", SERVER, "11", "the blanks around a key are part of it"),
    ("upgrade-missing-accepted", SERVER, "11", "a request need not have Upgrade"),
    ("connection-missing-accepted", SERVER, "11", "a request need not have Connection"),
    ("post-accepted", SERVER, "11", "any method opens a WebSocket"),
    ("http10-accepted", SERVER, "11", "HTTP/1.0 opens a WebSocket"),
    ("version-12-accepted", SERVER, "11", "any version is taken"),
    ("no-version-accepted", SERVER, "11", "a request need not say its version"),
    ("426-without-version", SERVER, "11", "the refusal of a version does not name the right one"),
    ("short-key-accepted", SERVER, "11", "a key may be of another length"),
    ("no-key-accepted", SERVER, "11", "a request need not have a key"),
    ("doubled-key-accepted", SERVER, "11", "of two keys the first counts"),
    ("body-accepted", SERVER, "11", "a request may have a body, which is taken for frames"),
    ("chunked-accepted", SERVER, "11", "a request may have a Transfer-Encoding"),
    ("no-host-accepted", SERVER, "11", "a request need not have Host"),
    ("doubled-host-accepted", SERVER, "11", "a request may have two Hosts"),
    ("lf-unanswered", SERVER, "11", "lines that end in LF alone are awaited on, and not answered"),
    ("blank-before-colon-accepted", SERVER, "11", "a header's name may end with blanks"),
    ("nul-in-header-accepted", SERVER, "11", "a header may have control characters"),
    ("glued-frames-lost", BOTH, "11 13 15", "frames in the handshake's own segment are lost"),
    ("names-in-one-case", BOTH, "11 13", "names of headers count in their usual case only"),
    ("values-in-one-case", BOTH, "11 13", "`websocket` and `Upgrade` count in this case only"),
    ("keep-alive-rejected", SERVER, "11", "Connection may name Upgrade alone"),
    ("two-connections-rejected", SERVER, "11", "of two Connection headers the first alone counts"),
    ("protocol-unasked", SERVER, "11", "a subprotocol is agreed to that was not offered"),
    ("protocols-all-agreed", SERVER, "11", "all subprotocols that were offered are agreed to"),
    ("extension-unasked", SERVER, "11", "permessage-deflate is agreed to that was not offered"),
    ("unknown-extension-rejected", SERVER, "11", "an offer of an unknown extension is an error"),
    ("no-upgrade-answered", SERVER, "11", "the 101 has no Upgrade"),
    ("no-connection-answered", SERVER, "11", "the 101 has no Connection"),
    ("accept-without-101", SERVER, "11", "the answer that opens has the status 200"),
    ("long-head-hangs", SERVER, "11", "a head that is too long is read on, and not answered"),
    # permessage-deflate.
    ("compressed-without-rsv1", BOTH, "12", "a compressed message has no RSV1"),
    ("rsv1-without-compression", BOTH, "12", "a message with RSV1 is not compressed"),
    ("context-kept", BOTH, "12", "it compresses with context though it agreed not to"),
    ("context-forgotten", BOTH, "12", "it inflates each message on its own"),
    ("window-exceeded", BOTH, "12", "it compresses with a larger window than agreed"),
    ("bfinal-rejected", BOTH, "12", "a block may not be the final one"),
    ("stored-rejected", BOTH, "12", "a message may not begin with a stored block"),
    ("empty-compressed-fails", BOTH, "12", "an empty compressed message is an error"),
    ("uncompressed-rejected", BOTH, "12", "a message has to be compressed"),
    ("rsv1-on-cont-accepted", BOTH, "12", "RSV1 may be set on a continuation"),
    ("rsv1-on-control-accepted", BOTH, "12", "RSV1 may be set on a control frame"),
    ("pong-with-rsv1", BOTH, "12", "Pongs are compressed"),
    ("garbage-inflated", BOTH, "12", "what does not inflate is an empty message"),
    ("tail-kept", BOTH, "12", "a compressed message keeps its 00 00 ff ff"),
    ("inflated-utf8-unchecked", BOTH, "12", "a compressed text may be any bytes"),
    ("bomb-inflated", BOTH, "12 14", "what inflates to more than the limit is inflated to its end"),
    ("unknown-parameter-agreed", SERVER, "12", "an offer with an unknown parameter is agreed to"),
    ("doubled-parameter-agreed", SERVER, "12", "an offer with a parameter twice is agreed to"),
    ("window-value-unchecked", SERVER, "12", "a window of 0 or 16 is agreed to"),
    ("client-window-unasked", SERVER, "12", "client_max_window_bits is answered unasked"),
    ("no-takeover-unanswered", SERVER, "12", "server_no_context_takeover is not answered"),
    # The opening handshake of a client.
    ("status-200-accepted", CLIENT, "13", "any status opens"),
    ("accept-unchecked", CLIENT, "13", "Sec-WebSocket-Accept may be any"),
    ("no-accept-accepted", CLIENT, "13", "an answer need not have Sec-WebSocket-Accept"),
    ("answer-without-upgrade-accepted", CLIENT, "13", "an answer need not have Upgrade"),
    ("answer-without-connection-accepted", CLIENT, "13", "an answer need not have Connection"),
    ("unoffered-extension-accepted", CLIENT, "13", "an answer may have any extension"),
    ("unoffered-protocol-accepted", CLIENT, "13", "an answer may have any subprotocol"),
    ("doubled-accept-accepted", CLIENT, "13", "an answer may have two Sec-WebSocket-Accept"),
    ("answer-parameters-unchecked", CLIENT, "12 13", "parameters of an answer may be any"),
    ("answer-of-http10-accepted", CLIENT, "13", "the answer may be of HTTP/1.0"),
    ("same-key", CLIENT, "13", "each request has the same key"),
    ("key-of-8-bytes", CLIENT, "13", "the key is of 8 bytes"),
    ("asks-with-http10", CLIENT, "13", "the request is one of HTTP/1.0"),
    ("asks-without-host", CLIENT, "13", "the request has no Host"),
    ("asks-for-version-8", CLIENT, "13", "the request is for version 8"),
    ("asks-without-upgrade", CLIENT, "13", "the request has no Upgrade"),
    # Limits and resilience.
    ("1-mib-refused", BOTH, "14 1 9", "a message of 1 MiB or more is answered with 1009"),
    ("huge-length-awaited", BOTH, "14", "a length beyond all limits is no error"),
    ("header-pieces-lost", BOTH, "15 1", "a header that comes in pieces is misread"),
    ("half-close-drops", BOTH, "15", "the end of the peer's stream drops what is to be sent"),
    ("stops-after-500", BOTH, "15", "after 500 frames nothing is answered"),
    ("hangs-at-100", SERVER, "6", "the 100th connection stops everything"),
    ("crashes-on-op3", BOTH, "4", "a frame of opcode 3 ends the program"),
    ("slow", BOTH, "2", "what comes is looked at after 20 s"),
    # TLS.
    ("tls-1.0-accepted", SERVER, "16", "TLS 1.0 and 1.1 are spoken"),
    ("tls-unverified", CLIENT, "16", "certificates are not looked at"),
    ("tls-expired-accepted", CLIENT, "16", "a certificate's dates are not looked at"),
    ("tls-host-unchecked", CLIENT, "16", "a certificate may be of another host"),
]]

NAMES = {fault.name: fault for fault in FAULTS}
