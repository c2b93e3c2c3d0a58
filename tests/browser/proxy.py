# SPDX-License-Identifier: MIT
"""A TCP proxy that breaks one byte: of the first message that goes up on paths that begin with
/corrupt-up, and of the first that comes down on /corrupt-down. The message has to be short; it
goes uncompressed, since the offer to compress is taken out of the request."""
import socket
import threading

HEAD_END = b"\r\n\r\n"
# Of the character that is broken: after a frame's header of 2 bytes, and the mask going up.
AT = 3
UP_AT, DOWN_AT = 2 + 4 + AT, 2 + AT


def read_head(peer):
    head = b""
    while HEAD_END not in head:
        more = peer.recv(65536)
        if not more:
            return None, b""
        head += more
    end = head.index(HEAD_END) + len(HEAD_END)
    return head[:end], head[end:]


def pump(source, target, first, broken_at):
    """Pass on what comes, up to its end; `broken_at` is an offset in it, or None."""
    at, data = 0, first
    try:
        while True:
            if broken_at is not None and at <= broken_at < at + len(data):
                data = bytearray(data)
                data[broken_at - at] ^= 0x80
            target.sendall(data)
            at += len(data)
            data = source.recv(65536)
            if not data:
                break
    except OSError:
        pass  # one end is gone; the other one hears of it
    try:
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass  # it was that one


def pass_on(browser, server_address):
    with browser, socket.create_connection(server_address) as server:
        head, rest = read_head(browser)
        if head is None:
            return
        target = head.split(b" ")[1]
        head = head.replace(b"Sec-WebSocket-Extensions", b"X-Not-Offered")
        server.sendall(head)
        up = threading.Thread(daemon=True, target=pump, args=(
            browser, server, rest, UP_AT if target.startswith(b"/corrupt-up") else None))
        up.start()
        head, rest = read_head(server)
        if head is not None:
            browser.sendall(head)
            pump(server, browser, rest, DOWN_AT if target.startswith(b"/corrupt-down") else None)
        up.join(20)


def start(server_address):
    """Listen, pass on to the server, and return the address."""
    host, port = server_address.rsplit(":", 1)
    listener = socket.create_server(("127.0.0.1", 0))

    def accept():
        while True:
            browser, _ = listener.accept()
            threading.Thread(daemon=True, target=pass_on,
                             args=(browser, (host, int(port)))).start()
    threading.Thread(target=accept, daemon=True).start()
    return f"127.0.0.1:{listener.getsockname()[1]}"
