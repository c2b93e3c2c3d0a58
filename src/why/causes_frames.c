/* SPDX-License-Identifier: MIT
 *
 * Causes in words: frames, messages, limits and time.
 */
#include "base/mark.h"
#include "why/causes.h"
#include "why/shown.h"

#define AT(name) [WHY_CAUSE_##name - WHY_CAUSE_FRAME_RESERVED_BITS]

/* What the receiver of such a frame says of it; its script sees 1006. */
#define SHOWN_BREACH(chrome, node, python, go)                                                     \
    SHOWN("1006, " chrome, "1006", "1006", "1006, " node,                                          \
          "ConnectionClosedError: sent 1002 (protocol error) " python, "websocket: " go,           \
          N_("onError with a java.net.ProtocolException"),                                         \
          N_("curl: (56), or open: curl checks few of these rules"))

#define SHOWN_CUT                                                                                  \
    SHOWN("1006", "1006", "1006", "1006",                                                          \
          "ConnectionClosedError: no close frame received or sent",                                \
          "websocket: close 1006 (abnormal closure): unexpected EOF", N_("onClose with 1006"),     \
          N_("no code: curl ends when the connection does"))

/* A program's own time-out: browsers give no way to set it. */
#define SHOWN_WAITING(chrome, node, python, go, java, curl)                                        \
    SHOWN(chrome, "1006", "1006", node, python, go, java, curl)

static const struct why_cause_info infos[] = {
    AT(FRAME_RESERVED_BITS) =
        {
            .title = N_("A frame has a reserved bit set"),
            .happened = N_("A frame came with RSV1, RSV2 or RSV3 set, and no extension that gives "
                           "the bit a meaning was agreed on, or not for this kind of frame."),
            .when = N_("The peer compresses although compression was not agreed on, because a "
                       "proxy removed the header; or the stream went out of step: two threads "
                       "write at once, or text was printed into the socket."),
            .fix = N_("Switch permessage-deflate off on one side to see whether it is compression; "
                      "then let the proxy pass Sec-WebSocket-Extensions. Else have only one thread "
                      "write to the connection."),
            .reference = "RFC 6455 section 5.2",
            .clients = SHOWN_BREACH("One or more reserved bits are on",
                                    "WS_ERR_UNEXPECTED_RSV_1, WS_ERR_UNEXPECTED_RSV_2_3",
                                    "reserved bits must be 0", "RSV1 set, RSV2 set, RSV3 set"),
            .retry = WHY_RETRY_CHANGED,
        },
    AT(FRAME_RESERVED_OPCODE) =
        {
            .title = N_("A frame has an unknown opcode"),
            .happened = N_("A frame's opcode is one of those that RFC 6455 keeps free (3 to 7, 11 "
                           "to 15)."),
            .when = N_("Nearly always the stream went out of step before this frame: a wrong "
                       "length, two writers, bytes from another protocol. The record has the "
                       "frame's first bytes."),
            .fix = N_("Look at the frame before it in the peer's code, check its length, and have "
                      "only one thread write to the connection."),
            .reference = "RFC 6455 section 5.2",
            .clients = SHOWN_BREACH("Unrecognized frame opcode", "WS_ERR_INVALID_OPCODE",
                                    "invalid opcode", "bad opcode"),
            .retry = WHY_RETRY_CHANGED,
        },
    AT(FRAME_LENGTH_NOT_MINIMAL) =
        {
            .title = N_("A frame's length is not in its shortest form"),
            .happened = N_("A length was written in 2 or 8 bytes where a shorter form would have "
                           "held it."),
            .when = N_("A home-made encoder that always writes the long form."),
            .fix = N_("In the encoder: up to 125 in the 7 bits, up to 65535 in 16 bits, more in 64 "
                      "bits."),
            .reference = "RFC 6455 section 5.2",
            .clients =
                SHOWN("1006, Invalid frame header", "1006", "1006", N_("ws accepts it"),
                      N_("websockets accepts it"), N_("gorilla accepts it"),
                      N_("onError with a java.net.ProtocolException"), N_("curl accepts it")),
            .retry = WHY_RETRY_CHANGED,
        },
    AT(FRAME_LENGTH_OVERFLOW) =
        {
            .title = N_("A frame's length has its highest bit set"),
            .happened = N_("A 64-bit length came with its highest bit set, which is more than any "
                           "frame may have."),
            .when = N_("A length computed as a negative number, bytes in the wrong order, or a "
                       "stream that went out of step."),
            .fix = N_("Write the length as an unsigned number with the highest byte first, and "
                      "check the encoder for sizes of 0 and above 65535."),
            .reference = "RFC 6455 section 5.2",
            .clients = SHOWN("1006, Invalid frame header", "1006", "1006",
                             "1006, WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH",
                             N_("ConnectionClosedError: sent 1009, the frame is too big"),
                             "websocket: read limit exceeded",
                             N_("onError with a java.net.ProtocolException"),
                             N_("curl: (56), or open: curl checks few of these rules")),
            .retry = WHY_RETRY_CHANGED,
        },
    AT(FRAME_NOT_MASKED) =
        {
            .title = N_("A client's frame is not masked"),
            .happened = N_("A client must mask every frame that it sends; this one came without a "
                           "mask."),
            .when = N_("A home-made client, often on a microcontroller, or a library's server side "
                       "that is used as a client."),
            .fix = N_("Set the mask bit, put four random bytes before the payload and XOR it with "
                      "them, a new key for each frame; or use the library's client."),
            .reference = "RFC 6455 section 5.1",
            .clients = SHOWN("", "", "", N_("1006, WS_ERR_EXPECTED_MASK, on a ws server"),
                             N_("sent 1002 (protocol error) incorrect masking, on the server"),
                             N_("websocket: bad MASK, on the server"), "", ""),
            .retry = WHY_RETRY_CHANGED,
        },
    AT(FRAME_MASKED) =
        {
            .title = N_("A server's frame is masked"),
            .happened = N_("A server must not mask what it sends; this frame came with a mask."),
            .when = N_("A home-made server that reuses its client's encoder, or a proxy that "
                       "passes a client's frames back unchanged."),
            .fix = N_("Leave the mask bit and the four bytes of the key out of frames from the "
                      "server."),
            .reference = "RFC 6455 section 5.1",
            .clients =
                SHOWN_BREACH("A server must not mask any frames that it sends to the client.",
                             "WS_ERR_UNEXPECTED_MASK", "incorrect masking", "bad MASK"),
            .retry = WHY_RETRY_CHANGED,
        },
    AT(FRAME_CONTROL_FRAGMENTED) =
        {
            .title = N_("A control frame is fragmented"),
            .happened = N_("A ping, pong or Close came without its FIN bit; control frames must be "
                           "whole."),
            .when = N_("A home-made encoder that sets FIN for data frames only, or a stream that "
                       "went out of step."),
            .fix = N_("Always set FIN on ping, pong and Close (first byte 0x89, 0x8a, 0x88)."),
            .reference = "RFC 6455 section 5.5",
            .clients = SHOWN_BREACH("Received fragmented control frame", "WS_ERR_EXPECTED_FIN",
                                    "fragmented control frame", "FIN not set on control"),
            .retry = WHY_RETRY_CHANGED,
        },
    AT(FRAME_CONTROL_TOO_LONG) =
        {
            .title = N_("A control frame is longer than 125 bytes"),
            .happened = N_("A ping, pong or Close carries more than the 125 bytes that a control "
                           "frame may have."),
            .when = N_("A Close reason that is too long: it has 123 bytes of UTF-8, not "
                       "characters. Or data that were put into a ping."),
            .fix = N_("Cut the reason to 123 bytes at the end of a character, and send data in "
                      "messages."),
            .reference = "RFC 6455 section 5.5",
            .clients = SHOWN_BREACH("Received control frame having too long payload",
                                    "WS_ERR_INVALID_CONTROL_PAYLOAD_LENGTH",
                                    "control frame too long", "len > 125 for control"),
            .retry = WHY_RETRY_CHANGED,
        },
    AT(FRAME_CONTINUATION_UNEXPECTED) =
        {
            .title = N_("A continuation without a beginning"),
            .happened = N_("A continuation frame came while no message was open, so there is "
                           "nothing that it continues."),
            .when = N_("The first fragment had FIN set, a second writer ended the message in "
                       "between, or the peer sends an empty last fragment too many."),
            .fix = N_("Send the first fragment with opcode 1 or 2 and without FIN, the rest with "
                      "opcode 0, and FIN on the last only."),
            .reference = "RFC 6455 section 5.4",
            .clients =
                SHOWN_BREACH("Received unexpected continuation frame.", "WS_ERR_INVALID_OPCODE",
                             "unexpected continuation frame", "continuation after FIN"),
            .retry = WHY_RETRY_CHANGED,
        },
    AT(FRAME_CONTINUATION_EXPECTED) =
        {
            .title = N_("A new message began before the last one ended"),
            .happened = N_("A text or binary frame came while a fragmented message was still open; "
                           "only control frames may come in between."),
            .when = N_("Two threads or tasks send at once and their fragments mix; or the peer "
                       "uses opcode 1 or 2 for every fragment."),
            .fix = N_("Send one message at a time (a lock or a queue for each connection), and "
                      "give fragments after the first opcode 0."),
            .reference = "RFC 6455 section 5.4",
            .clients = SHOWN_BREACH("Received start of new message but previous message is "
                                    "unfinished.",
                                    "WS_ERR_INVALID_OPCODE", "expected a continuation frame",
                                    "data before FIN"),
            .retry = WHY_RETRY_CHANGED,
        },
    AT(CLOSE_FRAME_LENGTH) =
        {
            .title = N_("A Close frame of one byte"),
            .happened = N_("A Close frame is empty or begins with a code of two bytes; this one "
                           "has a single byte."),
            .when = N_("A home-made encoder that writes the code as one byte, or as text."),
            .fix = N_("Write the code as 16 bits, highest byte first, then the reason; or leave "
                      "the frame empty."),
            .reference = "RFC 6455 section 5.5.1",
            .clients = SHOWN_BREACH("Received a broken close frame with an invalid size of 1 byte.",
                                    "WS_ERR_INVALID_CONTROL_PAYLOAD_LENGTH",
                                    "close frame too short", "close 1005 (no status)"),
            .retry = WHY_RETRY_CHANGED,
        },
    AT(CLOSE_FRAME_CODE) =
        {
            .title = N_("A Close frame with a code that may not travel"),
            .happened = N_("The peer put a code into its Close frame that is reserved or outside "
                           "of the ranges: 1004, 1005, 1006, 1015, 1016-2999, below 1000 or above "
                           "4999."),
            .when = N_("A proxy or wrapper that passes on its own local code (1005, 1006, 1015) as "
                       "if it had been received, or a program with codes of its own invention."),
            .fix = N_("Have it send an empty Close frame for 1005, end the TCP connection for "
                      "1006, and use 4000-4999 for its own codes."),
            .reference = "RFC 6455 sections 7.4.1, 7.4.2",
            .clients =
                SHOWN_BREACH("Received a broken close frame containing a reserved status code.",
                             "WS_ERR_INVALID_CLOSE_CODE", "invalid close code", "bad close code"),
            .retry = WHY_RETRY_CHANGED,
        },
    AT(CLOSE_FRAME_REASON) =
        {
            .title = N_("A Close reason that is not UTF-8"),
            .happened = N_("The reason in the peer's Close frame is not valid UTF-8; the record "
                           "has the byte."),
            .when = N_("A reason in Latin-1, or one that was cut to 123 bytes in the middle of a "
                       "character."),
            .fix = N_("Encode the reason as UTF-8 and cut it between characters. Plain ASCII is "
                      "the safest choice for reasons."),
            .reference = "RFC 6455 section 5.5.1",
            .clients = SHOWN("1006, Received a broken close frame containing invalid UTF-8.",
                             "1006", "1006", "1006, WS_ERR_INVALID_UTF8",
                             "ConnectionClosedError: sent 1007 (invalid frame payload data)",
                             "websocket: invalid utf8 payload in close frame",
                             N_("onError with a java.net.ProtocolException"),
                             N_("no code: curl does not check text")),
            .retry = WHY_RETRY_CHANGED,
        },
    AT(UTF8_INVALID) =
        {
            .title = N_("A text message is not valid UTF-8"),
            .happened = N_("A text message holds a byte that cannot stand there in UTF-8; the "
                           "record has its position, the bytes around it and what they look like "
                           "instead."),
            .when = N_("Binary data (an image, gzip, protobuf) sent as text by accident, text in "
                       "Latin-1, Windows-1252 or UTF-16, or a buffer that was cut in the middle of "
                       "a character."),
            .fix = N_("Send raw bytes in a binary frame: send(ArrayBuffer) in JavaScript, "
                      "send(bytes) in Python, BinaryMessage in Go. For text encode the whole "
                      "string as UTF-8 once; cut only between messages."),
            .reference = "RFC 6455 section 8.1",
            .clients = SHOWN("1006, Could not decode a text frame as UTF-8.", "1006", "1006",
                             "1006, WS_ERR_INVALID_UTF8",
                             "ConnectionClosedError: sent 1007 (invalid frame payload data) "
                             "invalid start byte at position N",
                             N_("gorilla hands the bytes to the program unchecked"),
                             N_("onError with a java.net.ProtocolException"),
                             N_("no code: curl does not check text")),
            .retry = WHY_RETRY_CHANGED,
        },
    AT(DEFLATE_CORRUPT) =
        {
            .title = N_("A compressed message cannot be inflated"),
            .happened = N_("A message marked as compressed does not hold a valid DEFLATE stream, "
                           "or refers to data before its window."),
            .when = N_("The two sides disagree on context takeover or window bits, the peer sends "
                       "zlib or gzip instead of raw DEFLATE, or the last four bytes were not "
                       "removed as the extension asks."),
            .fix = N_("Try without permessage-deflate. If that works, negotiate "
                      "server_no_context_takeover and client_no_context_takeover, or update the "
                      "library that compresses."),
            .reference = "RFC 7692 section 7.2",
            .clients = SHOWN("1006, Inflation failed", "1006", "1006",
                             N_("1006 and an error of zlib, such as Z_DATA_ERROR"),
                             "ConnectionClosedError: sent 1002 (protocol error) decompression "
                             "failed",
                             "flate: corrupt input before offset N",
                             N_("not affected: the JDK does not compress"),
                             N_("not affected: curl does not compress")),
            .retry = WHY_RETRY_CHANGED,
        },
    AT(LIMIT_MESSAGE_SIZE) =
        {
            .title = N_("A message is larger than the limit"),
            .happened = N_("A message passed this side's limit for one message, counted after "
                           "inflation and over all fragments; it was closed with 1009."),
            .when = N_("A file or a long list in one message, or a small compressed message that "
                       "inflates to a huge one."),
            .fix = N_("Send it in smaller messages, or raise this side's limit: message_len_max in "
                      "the options, whysocket serve --max-message."),
            .reference = "RFC 6455 section 10.4",
            .clients = SHOWN("1009", "1009", "1009", "1009",
                             "ConnectionClosedError: received 1009 (message too big)",
                             "websocket: close 1009 (message too big)",
                             N_("onClose with the code and the reason"),
                             N_("no code: curl ends when the connection does")),
            .retry = WHY_RETRY_CHANGED,
        },
    AT(LIMIT_CONTROL_RATE) =
        {
            .title = N_("Too many control or empty frames"),
            .happened = N_("The peer sent more pings, pongs or empty frames per second than this "
                           "side takes over ten seconds; it was closed with 1008."),
            .when = N_("A timer in the wrong unit (a ping every 30 ms instead of 30 s), a loop "
                       "that answers pongs with pings, or an attack that costs little to send."),
            .fix = N_("Ping once in 20 to 30 seconds. If the traffic is meant, raise "
                      "control_rate_max in the options."),
            .reference = "RFC 6455 section 10.4",
            .clients = SHOWN("1008", "1008", "1008", "1008",
                             "ConnectionClosedError: received 1008 (policy violation)",
                             "websocket: close 1008 (policy violation)",
                             N_("onClose with the code and the reason"),
                             N_("no code: curl ends when the connection does")),
            .retry = WHY_RETRY_CHANGED,
        },
    AT(LIMIT_SEND_QUEUE) =
        {
            .title = N_("The peer reads too slowly"),
            .happened = N_("What waits to be sent to this peer passed the limit of its send queue; "
                           "it was closed with 1013 so that others do not wait for it."),
            .when = N_("A slow or hidden client on a busy topic, a phone on a bad network, or a "
                       "receiver that does slow work between two reads."),
            .fix = N_("Have the client read and work in separate tasks, or subscribe to less. On "
                      "the server send less or merge updates, then raise send_queue_max."),
            .reference = N_("IANA registry (mailing list hybi, 2012)"),
            .clients = SHOWN("1013", "1013", "1013", "1013",
                             "ConnectionClosedError: received 1013 (try again later)",
                             "websocket: close 1013", N_("onClose with the code and the reason"),
                             N_("no code: curl ends when the connection does")),
            .retry = WHY_RETRY_BACK_OFF,
        },
    AT(TIMEOUT_DNS) =
        {
            .title = N_("The look-up of the name took too long"),
            .happened = N_("No answer about the host's name came within the time allowed."),
            .when = N_("A name server that is unreachable, typical of a VPN that is half up, or a "
                       "firewall that drops UDP port 53."),
            .fix = N_("Try dig NAME and dig @1.1.1.1 NAME. If only the first hangs, correct the "
                      "name servers in /etc/resolv.conf or in resolvectl."),
            .reference = "RFC 1035",
            .clients =
                SHOWN_WAITING("1006, net::ERR_NAME_NOT_RESOLVED", "getaddrinfo EAI_AGAIN HOST",
                              "TimeoutError", "dial tcp: lookup HOST: i/o timeout",
                              "java.net.http.HttpConnectTimeoutException",
                              "curl: (28) Resolving timed out"),
            .retry = WHY_RETRY_BACK_OFF,
        },
    AT(TIMEOUT_CONNECT) =
        {
            .title = N_("The server did not answer the connection"),
            .happened = N_("None of the host's addresses answered the TCP connection within the "
                           "time allowed: neither yes nor no came back."),
            .when = N_("A firewall or security group that drops packets, a machine that is off, or "
                       "an address that no longer belongs to the server."),
            .fix = N_("Test with nc -vz HOST PORT, from another network, too. Open the port in the "
                      "firewall or the cloud's security group, and check that DNS has the "
                      "current address."),
            .reference = "RFC 9293 section 3.8.3",
            .clients =
                SHOWN_WAITING(
                    "1006, net::ERR_CONNECTION_TIMED_OUT", "connect ETIMEDOUT ADDRESS:PORT",
                    "TimeoutError: timed out during opening handshake",
                    "dial tcp ADDRESS:PORT: i/o timeout",
                    "java.net.http.HttpConnectTimeoutException",
                    "curl: (28) Failed to connect to HOST port PORT: Connection timed out"),
            .retry = WHY_RETRY_BACK_OFF,
        },
    AT(TIMEOUT_PROXY) =
        {
            .title = N_("The proxy did not answer in time"),
            .happened = N_("The proxy took the connection and then gave no answer to CONNECT, or "
                           "to the SOCKS request, within the time allowed."),
            .when = N_("The proxy itself waits for a server that drops its packets, or is "
                       "overloaded."),
            .fix = N_("Try another host through the same proxy: curl -v --proxy PROXY "
                      "https://example.org/. If that works, the server cannot be reached from the "
                      "proxy."),
            .reference = "RFC 9110 section 9.3.6",
            .clients = SHOWN_WAITING("1006, net::ERR_TIMED_OUT",
                                     N_("nothing until a time-out of the program's own"),
                                     "TimeoutError: timed out during opening handshake",
                                     "i/o timeout", "java.net.http.HttpConnectTimeoutException",
                                     "curl: (28) Proxy CONNECT aborted due to timeout"),
            .retry = WHY_RETRY_BACK_OFF,
        },
    AT(TIMEOUT_TLS) =
        {
            .title = N_("The TLS handshake took too long"),
            .happened = N_("The TCP connection was up, and TLS was not done within the time "
                           "allowed; the record says how far it got."),
            .when = N_("The port speaks plain HTTP and waits for a request, packets of full size "
                       "get lost on the way (MTU, common with VPNs), or the server is "
                       "overloaded."),
            .fix = N_("Find out which of the three it is: try ws:// on the port, then smaller "
                      "packets, then another time."),
            .fix_server = N_("If the port is plain: nginx listen 443 ssl, HAProxy bind :443 ssl "
                             "crt FILE. If it is slow: uptime and ss -ltn, whose Recv-Q shows a "
                             "queue that is full; ECDSA keys cost a server a tenth of RSA's time."),
            .fix_client = N_("ping -M do -s 1372 HOST finds out whether packets of full size pass; "
                             "if only smaller ones do, ip link set dev DEVICE mtu SIZE, or sysctl "
                             "net.ipv4.tcp_mtu_probing=1."),
            .reference = "RFC 8446 section 2",
            .clients = SHOWN_WAITING("1006, net::ERR_TIMED_OUT",
                                     N_("nothing until a time-out of the program's own"),
                                     "TimeoutError: timed out during opening handshake",
                                     "net/http: TLS handshake timeout",
                                     "java.net.http.HttpConnectTimeoutException",
                                     "curl: (28) SSL connection timeout"),
            .retry = WHY_RETRY_BACK_OFF,
        },
    AT(TIMEOUT_REQUEST) =
        {
            .title = N_("The client's request took too long"),
            .happened = N_("A client connected to this server and did not complete its request "
                           "within the time allowed, so the connection was closed."),
            .when = N_("Browsers that open a connection in advance and do not use it, port scans, "
                       "health checks, or an attack that sends byte by byte (slowloris)."),
            .fix = N_("Mostly nothing. For clients on very slow networks raise "
                      "request_timeout_ms."),
            .reference = "RFC 9110 section 15.5.9",
            .clients = SHOWN("1006", "1006", "1006", "socket hang up",
                             "InvalidMessage: did not receive a valid HTTP response", "EOF",
                             "java.io.IOException: HTTP/1.1 header parser received no bytes",
                             "curl: (52) Empty reply from server"),
            .retry = WHY_RETRY_BACK_OFF,
        },
    AT(TIMEOUT_UPGRADE) =
        {
            .title = N_("No answer to the upgrade in time"),
            .happened = N_("The request was sent, and no complete answer came within the time "
                           "allowed."),
            .when = N_("An application that does slow work before it accepts, a server whose "
                       "workers are all busy, or a proxy that holds the request back because it "
                       "does not know upgrades."),
            .fix = N_("Accept first and do slow work after it; check the number of workers. Test "
                      "the server without the proxy: if that is quick, the proxy needs its "
                      "settings for WebSockets."),
            .reference = "RFC 6455 section 4.1",
            .clients =
                SHOWN_WAITING("1006, WebSocket opening handshake timed out",
                              "Opening handshake has timed out",
                              "TimeoutError: timed out during opening handshake", "i/o timeout",
                              "java.net.http.HttpTimeoutException: request timed out",
                              N_("nothing until --max-time; then curl: (28)")),
            .retry = WHY_RETRY_BACK_OFF,
        },
    AT(TIMEOUT_PONG) =
        {
            .title = N_("The peer no longer answers pings"),
            .happened = N_("This side sent a ping, and nothing at all came from the peer within "
                           "the time allowed, so it is taken for gone."),
            .when = N_("A laptop that sleeps, a phone that changed its network, a NAT that forgot "
                       "the connection; or a peer whose event loop is blocked by long work and "
                       "cannot answer."),
            .fix = N_("Connect again. If the peer is alive and busy, keep long work out of its "
                      "event loop, and keep reading: many libraries answer pings only while the "
                      "program reads. Else raise pong_timeout_ms."),
            .reference = "RFC 6455 section 5.5.2",
            .clients = SHOWN_CUT,
            .retry = WHY_RETRY_BACK_OFF,
        },
    AT(TIMEOUT_IDLE) =
        {
            .title = N_("No message for too long"),
            .happened = N_("Neither side sent a message within the idle time of this side, so it "
                           "closed with 1001. Pings do not count."),
            .when = N_("A page that nobody uses, a subscription without events, a client that "
                       "forgot to close."),
            .fix = N_("Connect again when there is something to send, or send a message of your "
                      "application's own now and then. On this side raise idle_timeout_ms "
                      "(whysocket serve --idle), 0 switches it off."),
            .reference = "RFC 6455 section 7.4.1",
            .clients = SHOWN("1001", "1001", "1001", "1001",
                             "ConnectionClosedOK: received 1001 (going away)",
                             "websocket: close 1001 (going away)",
                             N_("onClose with the code and the reason"),
                             N_("no code: curl ends when the connection does")),
            .retry = WHY_RETRY_BACK_OFF,
        },
    AT(TIMEOUT_CLOSE) =
        {
            .title = N_("The peer did not finish the close"),
            .happened = N_("A Close frame was sent, and the peer did not answer it, or did not end "
                           "the TCP connection, within the time allowed; this side ended it."),
            .when = N_("A peer that is busy or no longer reads, a library that forgets to answer "
                       "the Close, or a network that is gone already."),
            .fix = N_("Mostly harmless: what was sent before the Close had left this side. In the "
                      "peer, keep reading until its library reports the end; for slow peers raise "
                      "close_timeout_ms."),
            .reference = "RFC 6455 section 7.1.1",
            .clients = SHOWN_CUT,
            .retry = WHY_RETRY_BACK_OFF,
        },
};

_Static_assert(sizeof infos / sizeof *infos ==
                   WHY_CAUSE_TIMEOUT_CLOSE - WHY_CAUSE_FRAME_RESERVED_BITS + 1,
               "a cause without words");

const struct why__cause_group why__causes_frames = {
    WHY_CAUSE_FRAME_RESERVED_BITS,
    WHY_CAUSE_TIMEOUT_CLOSE,
    infos,
};
