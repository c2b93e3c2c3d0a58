#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Headless Chromium against `whysocket serve`: what the page is told, and what the record says.

usage: browser_test.py TEST_BUILD
"""
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from browser import proxy
from support.chromium import Chromium
from support.programs import Server, make_certificate, serve
from support.scenario import Failed, check, main

# Connect, send the messages once open, close with `code` once as many came back (none: leave that
# to the other side), and tell all.
TALK = """
const { url, messages = [], bytes = 0, code } = argument;
const all = bytes ? [new Uint8Array(bytes).map((_, i) => i * 31 + (i >> 8))] : messages;
return new Promise((resolve) => {
  const socket = new WebSocket(url);
  const heard = [];
  socket.binaryType = 'arraybuffer';
  socket.onopen = () => {
    all.forEach((one) => socket.send(one));
    if (code && !all.length) socket.close(code, 'bye');
  };
  socket.onmessage = ({ data }) => {
    const sent = all[heard.length];
    const same = typeof data === 'string' ? data === sent
      : new Uint8Array(data).every((byte, i) => byte === sent[i]) && data.byteLength === sent.length;
    heard.push(typeof data === 'string' && data.length < 100 ? data : same);
    if (code && heard.length === all.length) socket.close(code, 'bye');
  };
  socket.onclose = ({ code, reason, wasClean }) =>
    resolve({ heard, code, reason, clean: wasClean });
});
"""
STAY = """
const socket = new WebSocket(argument);
return new Promise((resolve) => { socket.onopen = () => resolve(socket.readyState); });
"""
MIB = 1 << 20


build = Path(sys.argv[1]).resolve()
temporary = tempfile.TemporaryDirectory(prefix="whysocket-browser-")
certificate = make_certificate(temporary.name)


class World:
    """The programs that all tests share; a page that stays open at the server's own."""

    def __getattr__(self, name):
        raise Failed(f"no {name}: not everything was started")

    def start(self):
        self.server = serve(build, certificate)
        self.plain, self.secure = self.server.addresses
        self.closing = Server(build / "tests/closing_server")
        self.proxy = proxy.start(self.plain)
        self.chromium = Chromium()
        self.chromium.do("open", "home", url=f"http://{self.plain}/")

    def talk(self, page, path, address=None, scheme="ws", **argument):
        return self.chromium.do("run", page, script=TALK, argument={
            "url": f"{scheme}://{address or self.plain}{path}", **argument})


world = World()


def expect(found, **wanted):
    wrong = {key: found.get(key) for key, value in wanted.items() if found.get(key) != value}
    check(not wrong, f"{wrong} instead of {wanted}\n{str(found)[:3000]}")


def chromium_and_the_servers_start():
    world.start()


def text_and_binary_come_back():
    texts = ["", "x", "Grüße, 世界, 😀", "é" * 40000]
    said = world.talk("home", "/texts", messages=texts, code=1000)
    expect(said, heard=texts[:3] + [True], code=1000, clean=True)
    expect(world.server.record_of("/texts")["counters"], messages_received=4, messages_sent=4)
    said = world.talk("home", "/bytes", bytes=70000, code=1000)
    expect(said, heard=[True], code=1000)


def a_message_of_16_mib_comes_back():
    said = world.talk("home", "/big", bytes=16 * MIB, code=1000)
    expect(said, heard=[True], code=1000, clean=True)


def one_byte_more_is_1009():
    said = world.talk("home", "/bigger", bytes=16 * MIB + 1, code=1000)
    expect(world.server.record_of("/bigger"), code=1009, cause="limit.message_size")
    expect(said, code=1009)


def codes_of_the_page_are_answered_and_recorded():
    for code in (1000, 3000, 4001, 4999):
        expect(world.talk("home", f"/page/{code}", code=code), code=code, clean=True)
        record = world.server.record_of(f"/page/{code}")
        expect(record, code=code, cause="peer.closed", first="received")
        expect(record["received"], code=code, reason="bye")


def codes_of_the_server_reach_the_page():
    for code in (1000, 1001, 1011, 3000, 4001, 4999):
        said = world.talk("home", f"/close/{code}/1", address=world.closing.addresses[0],
                          messages=["go"])
        expect(said, code=code, reason="bye", clean=True)
        record = world.closing.record_of(f"/close/{code}/1")
        expect(record, code=code, cause="local.closed", first="sent")
        expect(record["received"], code=code)


def invalid_text_is_1007_on_both_sides():
    """A page cannot send such text: it is broken on its way."""
    world.chromium.do("open", "proxied", url=f"http://{world.proxy}/")
    said = world.talk("proxied", "/corrupt-up", address=world.proxy, messages=["0123456789"])
    expect(said, heard=[], code=1007, clean=True)
    record = world.server.record_of("/corrupt-up")
    expect(record, code=1007, cause="utf8.invalid", first="sent")
    expect(record["utf8"], offset=3, message_number=1, **{"class": "stray_continuation"})


def what_chromium_finds_invalid_is_recorded():
    """Chromium's own code for it is 1002; its page gets 1006 and nothing else."""
    said = world.talk("proxied", "/corrupt-down", address=world.proxy, messages=["0123456789"])
    expect(said, heard=[], code=1006, reason="", clean=False)
    record = world.server.record_of("/corrupt-down")
    expect(record, code=1002, cause="peer.closed", first="received")
    expect(record["received"], reason="Invalid UTF-8 in text frame")


def a_closed_tab_is_1001():
    world.chromium.do("open", "tab", url=f"http://{world.plain}/")
    world.chromium.do("run", "tab", script=STAY, argument=f"ws://{world.plain}/tab")
    world.chromium.do("close", "tab")
    record = world.server.record_of("/tab")
    expect(record, code=1001, cause="peer.closed", first="received")
    expect(record["received"], code=1001)


def a_page_that_is_left_is_1001():
    world.chromium.do("open", "left", url=f"http://{world.plain}/")
    world.chromium.do("run", "left", script=STAY, argument=f"ws://{world.plain}/left")
    world.chromium.do("open", "left", url=f"http://{world.plain}/healthz")
    expect(world.server.record_of("/left")["received"], code=1001)


def a_page_of_another_origin_is_refused():
    """Chromium tells its page 1006; the record has who asked."""
    world.chromium.do("open", "foreign", url=f"http://{world.plain.replace('127.0.0.1', 'localhost')}/")
    said = world.talk("foreign", "/refused", code=1000)
    expect(said, heard=[], code=1006, clean=False)
    close = world.server.close_where(
        lambda one: one["record"]["cause"] == "http.request.origin", "a refused origin")
    expect(close["record"]["http"], status=403, header="Origin")


def wss_with_a_trusted_certificate():
    world.chromium.do("open", "secure", url=f"https://{world.secure}/", trusts=True)
    said = world.talk("secure", "/wss", address=world.secure, scheme="wss",
                      messages=["Grüße"], code=3001)
    expect(said, heard=["Grüße"], code=3001, clean=True)
    record = world.server.record_of("/wss")
    expect(record, code=3001, cause="peer.closed")
    expect(record["tls"], version="TLSv1.3", handshake_done=True)


def wss_with_a_certificate_it_does_not_trust_is_1015():
    said = world.talk("home", "/untrusted", address=world.secure, scheme="wss", code=1000)
    expect(said, heard=[], code=1006, clean=False)
    world.server.close_where(lambda one: one["record"]["cause"] == "tls.our_cert.rejected",
                             "a refused certificate")


def each_alert_about_our_certificate_says_so():
    """Chromium sends it also where it resumes a session, whose certificate it looks at anew: the
    trusting page, which asks for the closes every two seconds, has done so."""
    refused = [one["record"] for one in world.server.closes if one["record"]["code"] == 1015]
    check(len(refused) > 1, f"only {len(refused)}")
    for record in refused:
        expect(record["tls"]["alert"], name="certificate_unknown", direction="received")
        expect(record, cause="tls.our_cert.rejected", layer="tls", side="us")


def the_page_talks_and_shows_why_it_closed():
    do = world.chromium.do
    do("fill", "home", selector="#message", text="Grüße, 世界")
    do("click", "home", selector="#talk button[type=submit]")
    do("wait", "home", selector="#transcript li", text="< Grüße, 世界")
    do("click", "home", selector="#binary")
    do("wait", "home", selector="#transcript li", text="< 15 bytes, binary")
    do("fill", "home", selector="#code", text="4001")
    do("click", "home", selector="#close")
    do("wait", "home", selector="#transcript li", text="closed: 4001")
    do("wait", "home", selector="#closes tr:has-text('4001'):has-text('/page')", text="peer.closed")
    pictures = build / "browser"
    pictures.mkdir(exist_ok=True)
    do("picture", "home", path=str(pictures / "page.png"))
    do("picture", "home", path=str(pictures / "page-dark.png"), dark=True)
    do("picture", "home", path=str(pictures / "page-narrow.png"), width=400)
    expect(world.server.record_of("/page")["received"], code=4001, reason="from the page")


def all_end_well():
    world.chromium.end()
    for server in (world.server, world.closing):
        server.terminate()
    check(world.server.process.returncode == 0, f"serve: {world.server.story()}")


main([chromium_and_the_servers_start, text_and_binary_come_back, a_message_of_16_mib_comes_back,
      one_byte_more_is_1009, codes_of_the_page_are_answered_and_recorded,
      codes_of_the_server_reach_the_page, invalid_text_is_1007_on_both_sides,
      what_chromium_finds_invalid_is_recorded, a_closed_tab_is_1001, a_page_that_is_left_is_1001,
      a_page_of_another_origin_is_refused, wss_with_a_trusted_certificate,
      wss_with_a_certificate_it_does_not_trust_is_1015, the_page_talks_and_shows_why_it_closed,
      each_alert_about_our_certificate_says_so, all_end_well])
