/* SPDX-License-Identifier: MIT
 *
 * What close codes mean: one entry for each code of the IANA registry, one for each range between
 * them, in order of code and without a gap.
 */
#include "whysocket/explain.h"

#include "base/mark.h"
#include "why/shown.h"

/* A code that came in a Close frame, and that every client hands on as it came. */
#define SHOWN_IN_EVENT(python, go)                                                                 \
    SHOWN(N_("the code and the reason, in the close event"),                                       \
          N_("the code and the reason, in the close event"),                                       \
          N_("the code and the reason, in the close event"),                                       \
          N_("the code and the reason, in the close event"), python, go,                           \
          N_("onClose with the code and the reason"),                                              \
          N_("no code: curl ends when the connection does"))
#define SHOWN_AS_RECEIVED(code, python, go)                                                        \
    SHOWN_IN_EVENT(python, "*websocket.CloseError: websocket: close " code go)

/* A code that the client's own library sends as well: script then sees 1006 (WHATWG). */
#define SHOWN_ON_EITHER_SIDE(python, go)                                                           \
    SHOWN(N_("the code if received; 1006 if the browser itself ended the connection"),             \
          N_("the code if received; 1006 if the browser itself ended the connection"),             \
          N_("the code if received; 1006 if the browser itself ended the connection"),             \
          N_("the code if received; 1006 after an error event if ws itself ended the connection"), \
          python, go,                                                                              \
          N_("onClose with the code if received; onError if the JDK itself ended the connection"), \
          N_("no code: curl ends when the connection does"))

/* A number that no Close frame may hold: the receiver fails the connection instead. */
#define SHOWN_AS_ILLEGAL                                                                           \
    SHOWN(N_("1006: a frame with this code fails the connection"),                                 \
          N_("1006: a frame with this code fails the connection"),                                 \
          N_("1006: a frame with this code fails the connection"),                                 \
          N_("1006, and ws reports WS_ERR_INVALID_CLOSE_CODE"),                                    \
          N_("ConnectionClosedError; answers 1002 to the peer"),                                   \
          N_("an error that names a bad close code; gorilla answers 1002"),                        \
          N_("onError with a java.net.ProtocolException; the JDK answers 1002"),                   \
          N_("curl: (56), or open: curl checks few of these rules"))

/* 3000-3999 without what is registered. */
#define UNASSIGNED_FOR_LIBRARIES(first_code, last_code)                                            \
    {                                                                                              \
        .first = (first_code), .last = (last_code), .status = WHY_CODE_LIBRARY,                    \
        .senders = WHY_SENDERS_PRIVATE, .scope = WHY_SCOPE_NONE, .phase = WHY_PHASE_OPEN,          \
        .layer = WHY_LAYER_APPLICATION, .decider = WHY_DECIDER_APPLICATION,                        \
        .mend = WHY_MEND_NOTHING, .name = N_("Unassigned (libraries)"),                            \
        .essence = N_("a code of a library or framework"),                                         \
        .description =                                                                             \
            N_("The range 3000-3999 is for libraries and frameworks, which register "              \
               "their codes with IANA. This one is not registered; its meaning is that "           \
               "of the library that sends it."),                                                   \
        .when = N_("A framework on the other side closed with a code of its own."),                \
        .fix =                                                                                     \
            N_("Look it up in the documentation of the library or framework on the other side."),  \
        .use = N_("Only if you write a library and register the code; for an application take "    \
                  "4000-4999."),                                                                   \
        .sender = N_("Client and server alike, as the library defines it."),                       \
        .retry = WHY_RETRY_DEPENDS,                                                                \
        .retry_advice = N_("As the documentation of the library that sends it says."),             \
        .clients =                                                                                 \
            SHOWN_AS_RECEIVED("3xxx", "ConnectionClosedError: received 3xxx (registered)", ""),    \
        .reference = "RFC 6455 section 7.4.2",                                                     \
    }

static const struct why_code_info codes[] = {
    {
        .first = 0,
        .last = 999,
        .status = WHY_CODE_INVALID,
        .mend = WHY_MEND_LIBRARY,
        .name = N_("Not used"),
        .essence = N_("a number below the range of close codes"),
        .description = N_("Close codes begin at 1000. Numbers below it were never given a meaning "
                          "and may not stand in a Close frame."),
        .when = N_("Mostly a program passed something else where a close code belongs: an HTTP "
                   "status, a process's exit status, or 0 for a value it never set. Some clients "
                   "also show 0 or -1 of their own where they have no code at all."),
        .fix = N_("Find the call that closes and give it a code: 1000 for an orderly end, 1011 for "
                  "an error, one of 4000-4999 for a meaning of your own. To carry an HTTP status, "
                  "add 4000 to it: 4401, 4404."),
        .use = N_("Never: libraries refuse to send it, and a peer that gets it ends the connection "
                  "with 1002."),
        .sender = N_("Nobody."),
        .retry = WHY_RETRY_CHANGED,
        .retry_advice = N_("Not before the program that sent it is corrected."),
        .clients = SHOWN_AS_ILLEGAL,
        .reference = "RFC 6455 section 7.4.2",
    },
    {
        .first = 1000,
        .last = 1000,
        .status = WHY_CODE_REGISTERED,
        .senders = WHY_SENDERS_EITHER,
        .scope = WHY_SCOPE_CONNECTION,
        .phase = WHY_PHASE_OPEN,
        .layer = WHY_LAYER_APPLICATION,
        .decider = WHY_DECIDER_APPLICATION,
        .mend = WHY_MEND_NOTHING,
        .name = N_("Normal closure"),
        .essence = N_("a connection that has done its work"),
        .description = N_("The connection served its purpose and was closed on purpose. Nothing "
                          "went wrong."),
        .when = N_("One side called close() without a code of its own, or with 1000, and the other "
                   "answered. It says nothing about whether the work itself succeeded."),
        .fix = N_("Nothing to fix. If the end surprises you, look at who sent its Close frame "
                  "first, and have that program send a reason or a code from 4000-4999 with it."),
        .use = N_("When both sides are done: the user logged out, the transfer is complete. Not "
                  "for errors, because clients do not connect again after it."),
        .sender = N_("Client and server alike; with 3000-4999 it is all that a page's script may "
                     "pass to close()."),
        .retry = WHY_RETRY_NOT_NEEDED,
        .retry_advice = N_("Do not connect again by yourself; wait until there is work again."),
        .clients = SHOWN(N_("close event with code 1000, wasClean true"),
                         N_("close event with code 1000, wasClean true"),
                         N_("close event with code 1000, wasClean true"),
                         N_("the code and the reason, in the close event"), "ConnectionClosedOK",
                         "*websocket.CloseError: websocket: close 1000 (normal)",
                         N_("onClose with the code and the reason"),
                         N_("no code: curl ends when the connection does")),
        .reference = "RFC 6455 section 7.4.1",
    },
    {
        .first = 1001,
        .last = 1001,
        .status = WHY_CODE_REGISTERED,
        .senders = WHY_SENDERS_EITHER,
        .scope = WHY_SCOPE_ENDPOINT,
        .phase = WHY_PHASE_OPEN,
        .layer = WHY_LAYER_APPLICATION,
        .decider = WHY_DECIDER_OPERATOR,
        .mend = WHY_MEND_NOTHING,
        .name = N_("Going away"),
        .essence = N_("an endpoint that is leaving"),
        .description = N_("The side that closes is about to be gone: a server that stops, a "
                          "browser that leaves the page. The connection itself was in order."),
        .when = N_("On a server, all day long: users close tabs, reload and follow links. On a "
                   "client, during a deployment or when a load balancer drains a node. Some "
                   "servers also end idle connections with it."),
        .fix = N_("Usually nothing. If a server sends it without being stopped, look for an idle "
                  "time-out and send pings more often than it; do not log it as an error on the "
                  "server."),
        .use = N_("When this endpoint stops or leaves and would say so to every peer. If the same "
                  "service is coming back at once, 1012 says more."),
        .sender = N_("Client and server alike; browsers send it by themselves, a page's script "
                     "cannot."),
        .retry = WHY_RETRY_BACK_OFF,
        .retry_advice = N_("Connect again after a random pause of up to a few seconds, so that the "
                           "clients of a stopped server do not all come back at once."),
        .clients = SHOWN_IN_EVENT("ConnectionClosedOK",
                                  "*websocket.CloseError: websocket: close 1001 (going away)"),
        .reference = "RFC 6455 section 7.4.1",
    },
    {
        .first = 1002,
        .last = 1002,
        .status = WHY_CODE_REGISTERED,
        .senders = WHY_SENDERS_EITHER,
        .scope = WHY_SCOPE_CONNECTION,
        .phase = WHY_PHASE_OPEN,
        .layer = WHY_LAYER_WEBSOCKET,
        .decider = WHY_DECIDER_PROTOCOL,
        .mend = WHY_MEND_LIBRARY,
        .http_status = 400,
        .name = N_("Protocol error"),
        .essence = N_("frames that break the rules of the protocol"),
        .description = N_("The other side's frames do not follow RFC 6455, so what comes after "
                          "them on this connection cannot be trusted either."),
        .when = N_("A frame with the wrong masking, a reserved bit or opcode, a control frame over "
                   "125 bytes or in fragments, fragments out of order, or a Close frame with a "
                   "forbidden code such as 1006. Often it is a proxy or a second writer that mixes "
                   "bytes into the stream, or compression that only one side took as agreed."),
        .fix = N_("Update the WebSocket library of the side that sent the frame. Check that "
                  "exactly one thread writes to a connection, that no proxy rewrites "
                  "Sec-WebSocket-Extensions, and try once without permessage-deflate to narrow it "
                  "down."),
        .use = N_("Leave it to the library, which sends it by itself. For content that you do not "
                  "like use 1003, 1007 or 1008."),
        .sender = N_("Client and server alike, by their libraries."),
        .retry = WHY_RETRY_CHANGED,
        .retry_advice = N_("Not unchanged: the same library sends the same frames again."),
        .clients = SHOWN_ON_EITHER_SIDE(
            N_("ConnectionClosedError: received 1002, or sent 1002 with the rule that was broken"),
            N_("*websocket.CloseError with 1002 if received; else an error that names the rule")),
        .reference = "RFC 6455 section 7.4.1",
    },
    {
        .first = 1003,
        .last = 1003,
        .status = WHY_CODE_REGISTERED,
        .senders = WHY_SENDERS_EITHER,
        .scope = WHY_SCOPE_MESSAGE,
        .phase = WHY_PHASE_OPEN,
        .layer = WHY_LAYER_APPLICATION,
        .decider = WHY_DECIDER_APPLICATION,
        .mend = WHY_MEND_SENDER,
        .http_status = 415,
        .name = N_("Unsupported data"),
        .essence = N_("a kind of message that the receiver does not take"),
        .description = N_("A message was in order but of a kind that the receiver does not accept: "
                          "binary where it takes only text, or the other way round."),
        .when = N_("A client sends JSON as a binary frame to a service that reads text, or "
                   "sends a Blob where a string was meant. A few libraries send it in place of "
                   "1007 for text that is not UTF-8."),
        .fix = N_("Send the frame type that the service documents: in JavaScript send(string) for "
                  "text, send(ArrayBuffer) for binary; in Python send(str) or send(bytes)."),
        .use = N_("When your program cannot handle the type of a message whatever it contains. For "
                  "contents that do not fit their type use 1007."),
        .sender = N_("Client and server alike; a page's script cannot."),
        .retry = WHY_RETRY_CHANGED,
        .retry_advice = N_("Not unchanged: the same kind of message is refused again."),
        .clients =
            SHOWN_AS_RECEIVED("1003", "ConnectionClosedError: received 1003 (unsupported data)",
                              " (unsupported data)"),
        .reference = "RFC 6455 section 7.4.1",
    },
    {
        .first = 1004,
        .last = 1004,
        .status = WHY_CODE_RESERVED,
        .mend = WHY_MEND_LIBRARY,
        .name = N_("Reserved"),
        .essence = N_("a number kept free, without a meaning"),
        .description = N_("The number is reserved. An early draft meant it for messages that are "
                          "too large; that became 1009, and 1004 was left without a meaning."),
        .when = N_("Hardly ever. If a log shows it, a program picked the number by itself, or a "
                   "very old library still follows the draft."),
        .fix = N_("Have the program send 1009 if it means a message that is too big, or a code "
                  "from 4000-4999 for a meaning of its own."),
        .use = N_("Never."),
        .sender = N_("Nobody."),
        .retry = WHY_RETRY_CHANGED,
        .retry_advice = N_("Not before the program that sent it is corrected."),
        .clients = SHOWN_AS_ILLEGAL,
        .reference = "RFC 6455 section 7.4.1",
    },
    {
        .first = 1005,
        .last = 1005,
        .status = WHY_CODE_LOCAL,
        .scope = WHY_SCOPE_CONNECTION,
        .phase = WHY_PHASE_OPEN,
        .layer = WHY_LAYER_WEBSOCKET,
        .decider = WHY_DECIDER_REPORTER,
        .mend = WHY_MEND_CLOSER,
        .name = N_("No status received"),
        .essence = N_("a Close frame without a code"),
        .description = N_("A Close frame came, and it was empty: the peer closed in order and did "
                          "not say why. Your own side puts 1005 in the place of the missing code."),
        .when = N_("The peer called close() without arguments. Browsers do so for socket.close(), "
                   "and several libraries by default."),
        .fix = N_("Nothing is broken. To know more next time have the peer pass a code: "
                  "close(1000, 'done')."),
        .use = N_("Never send it. To close without a code, send an empty Close frame; a proxy that "
                  "forwards closes must do the same and not write 1005 into the frame."),
        .sender = N_("Nobody: each side reports it to its own program only."),
        .retry = WHY_RETRY_DEPENDS,
        .retry_advice = N_("Treat it like 1000 unless your own protocol says otherwise: the peer "
                           "closed in order."),
        .clients = SHOWN(N_("close event with code 1005, wasClean true"),
                         N_("close event with code 1005, wasClean true"),
                         N_("close event with code 1005, wasClean true"),
                         N_("1005 and an empty reason, in the close event"),
                         "ConnectionClosedOK: received 1005 (no status received [internal])",
                         "*websocket.CloseError: websocket: close 1005 (no status)",
                         N_("onClose with 1005 and an empty reason"),
                         N_("no code: curl ends when the connection does")),
        .reference = "RFC 6455 section 7.4.1",
    },
    {
        .first = 1006,
        .last = 1006,
        .status = WHY_CODE_LOCAL,
        .scope = WHY_SCOPE_PATH,
        .phase = WHY_PHASE_ANY,
        .layer = WHY_LAYER_TCP,
        .decider = WHY_DECIDER_REPORTER,
        .mend = WHY_MEND_NETWORK,
        .name = N_("Abnormal closure"),
        .essence = N_("a connection that ended, or never opened, without a Close frame"),
        .description = N_("The connection ended and no Close frame came. It is no diagnosis: "
                          "browsers use it for every failure that they may not tell a page about, "
                          "from a name that does not resolve to a server that crashed."),
        .when = N_("A proxy cut a silent connection (nginx after 60 seconds), a process crashed or "
                   "was killed, the network went away, the server answered the upgrade with an "
                   "HTTP error, TLS failed in Chrome or Safari, or the client itself ended the "
                   "connection over a protocol error."),
        .fix = N_("Find the layer first: whysocket check URL walks through all of them. If it ends "
                  "after about the same time every time, raise proxy_read_timeout or the load "
                  "balancer's idle time-out and send pings every 20 to 30 seconds. Then read the "
                  "server's log at the moment of the end."),
        .use = N_("Never send it. A server that must give up a connection still has time for a "
                  "Close frame with 1011 or 1013."),
        .sender = N_("Nobody: each side reports it to its own program only."),
        .retry = WHY_RETRY_BACK_OFF,
        .retry_advice = N_("Connect again after a random pause that grows with every failure, for "
                           "example from 1 to 60 seconds. If it never opened, show the failure "
                           "after a few attempts."),
        .clients = SHOWN(N_("1006, wasClean false; the cause, if any, only in the console"),
                         N_("1006, wasClean false; 1015 in its place if TLS failed"),
                         N_("1006, wasClean false"),
                         N_("1006; ws explains in an error event before it, Node's own WebSocket "
                            "does not"),
                         "ConnectionClosedError: no close frame received or sent",
                         "*websocket.CloseError: websocket: close 1006 (abnormal closure): "
                         "unexpected EOF",
                         N_("onClose with 1006, or onError with the IOException"),
                         N_("no code: curl ends, at times with (56) or (52)")),
        .reference = "RFC 6455 section 7.4.1",
    },
    {
        .first = 1007,
        .last = 1007,
        .status = WHY_CODE_REGISTERED,
        .senders = WHY_SENDERS_EITHER,
        .scope = WHY_SCOPE_MESSAGE,
        .phase = WHY_PHASE_OPEN,
        .layer = WHY_LAYER_WEBSOCKET,
        .decider = WHY_DECIDER_PROTOCOL,
        .mend = WHY_MEND_SENDER,
        .name = N_("Invalid frame payload data"),
        .essence = N_("a payload that does not fit its type, above all text that is not UTF-8"),
        .description = N_("The frames were in order, but what a message carries does not fit its "
                          "type: above all a text message that is not valid UTF-8. Compressed data "
                          "that cannot be inflated counts too."),
        .when = N_("Binary data was sent as text by accident: an image, gzip, protobuf. Or the "
                   "text was encoded as Latin-1, Windows-1252 or UTF-16, or a buffer was cut in "
                   "the middle of a character. A few services use it for arguments that they "
                   "reject."),
        .fix = N_("Put only valid UTF-8 into text frames and send raw bytes in binary frames. "
                  "Encode the whole text once (Buffer.from(text, 'utf8'), text.encode('utf-8')) "
                  "and cut it only between messages, never within a character. The record's byte "
                  "offset shows where it went wrong."),
        .use = N_("Libraries send it by themselves for text that is not UTF-8. Use it for a "
                  "payload that contradicts its declared type; for a type that you do not take use "
                  "1003, for rules of your own 1008."),
        .sender = N_("Client and server alike; a page's script cannot."),
        .retry = WHY_RETRY_CHANGED,
        .retry_advice = N_("Connect again if you must, but do not send that message again as it "
                           "is: it ends the same way."),
        .clients =
            SHOWN(N_("1007 if received; 1006 and a line in the console if Chrome itself "
                     "found the bad text"),
                  N_("1007 if received; 1006 if Firefox itself found the bad text"),
                  N_("1007 if received; 1006 if Safari itself found the bad text"),
                  N_("1007 if received; 1006 and WS_ERR_INVALID_UTF8 if ws found the bad "
                     "text"),
                  N_("ConnectionClosedError: sent 1007 or received 1007, with the position "
                     "of the byte"),
                  N_("*websocket.CloseError with 1007 if received; gorilla itself does not "
                     "check text"),
                  N_("onClose with 1007 if received; onError if the JDK itself found the bad text"),
                  N_("no code: curl does not check text")),
        .reference = "RFC 6455 sections 7.4.1, 8.1",
    },
    {
        .first = 1008,
        .last = 1008,
        .status = WHY_CODE_REGISTERED,
        .senders = WHY_SENDERS_EITHER,
        .scope = WHY_SCOPE_PEER,
        .phase = WHY_PHASE_OPEN,
        .layer = WHY_LAYER_APPLICATION,
        .decider = WHY_DECIDER_APPLICATION,
        .mend = WHY_MEND_SENDER,
        .http_status = 403,
        .name = N_("Policy violation"),
        .essence = N_("conduct that breaks the receiver's own rules"),
        .description = N_("The peer broke a rule of the one who closes, which no other code names, "
                          "or whose name is not to be given away."),
        .when = N_("A login token is missing or expired, a quota or rate limit is used up, the "
                   "origin is not allowed, a message does not fit the schema. The reason often "
                   "says which."),
        .fix = N_("Read the reason and the service's documentation. Renew the token, send more "
                  "slowly, or correct the message; if the reason is empty, the server's log has "
                  "it."),
        .use = N_("When a peer breaks your rules and no narrower code fits: 3000 for missing "
                  "login, 3003 for missing rights, 1009 for size. Give a short reason with it."),
        .sender = N_("Client and server alike, mostly servers; a page's script cannot."),
        .retry = WHY_RETRY_CHANGED,
        .retry_advice = N_("Not unchanged. After a rate limit, only after the pause that the "
                           "service asks for."),
        .clients =
            SHOWN_AS_RECEIVED("1008", "ConnectionClosedError: received 1008 (policy violation)",
                              " (policy violation)"),
        .reference = "RFC 6455 section 7.4.1",
    },
    {
        .first = 1009,
        .last = 1009,
        .status = WHY_CODE_REGISTERED,
        .senders = WHY_SENDERS_EITHER,
        .scope = WHY_SCOPE_MESSAGE,
        .phase = WHY_PHASE_OPEN,
        .layer = WHY_LAYER_WEBSOCKET,
        .decider = WHY_DECIDER_LIMIT,
        .mend = WHY_MEND_CONFIGURATION,
        .http_status = 413,
        .name = N_("Message too big"),
        .essence = N_("a message over the receiver's size limit"),
        .description = N_("A message is larger than the one who closes is prepared to take. The "
                          "limit is the receiver's own; the protocol sets none. With compression "
                          "it counts the size after inflation."),
        .when = N_("A file, an image or a long list in one message against a default limit: 1 MiB "
                   "in Python's websockets, 100 MiB in Node's ws, 16 MiB here."),
        .fix = N_("Send less in one message: pages, chunks, or a URL instead of the file. Or raise "
                  "the limit on the side that closed: maxPayload in ws, max_size in Python's "
                  "websockets, SetReadLimit in gorilla, --max-message in whysocket serve."),
        .use = N_("When a message passes your limit, as soon as its length is known. Fragments do "
                  "not help the sender: the limit is on the whole message."),
        .sender = N_("Client and server alike, by their libraries."),
        .retry = WHY_RETRY_CHANGED,
        .retry_advice = N_("Connect again if you must, but do not send the same message again in "
                           "one piece."),
        .clients = SHOWN_ON_EITHER_SIDE(
            N_("ConnectionClosedError: received 1009, or sent 1009 with both sizes"),
            N_("*websocket.CloseError with 1009 if received; else websocket: read limit exceeded")),
        .reference = "RFC 6455 section 7.4.1",
    },
    {
        .first = 1010,
        .last = 1010,
        .status = WHY_CODE_REGISTERED,
        .senders = WHY_SENDERS_CLIENT,
        .scope = WHY_SCOPE_CONNECTION,
        .phase = WHY_PHASE_OPEN,
        .layer = WHY_LAYER_WEBSOCKET,
        .decider = WHY_DECIDER_PROTOCOL,
        .mend = WHY_MEND_CONFIGURATION,
        .name = N_("Mandatory extension"),
        .essence = N_("an extension that the client needs and the server did not agree to"),
        .description = N_("The client asked for an extension without which it cannot work, and the "
                          "server's answer to the upgrade did not list it."),
        .when = N_("Very rarely: a client that insists on permessage-deflate, or on parameters of "
                   "it, against a server without it. A proxy that drops the header "
                   "Sec-WebSocket-Extensions has the same effect."),
        .fix = N_("Switch the extension on in the server, let the proxy pass "
                  "Sec-WebSocket-Extensions in both directions, or let the client do without it. "
                  "The Close frame's reason should list what was missing."),
        .use = N_("As a client that truly cannot go on without an extension; name it in the "
                  "reason. A server refuses during the opening handshake instead."),
        .sender = N_("The client only: a server can refuse the upgrade itself."),
        .retry = WHY_RETRY_CHANGED,
        .retry_advice = N_("Not unchanged: the server's answer stays the same until its settings "
                           "do not."),
        .clients =
            SHOWN_AS_RECEIVED("1010", "ConnectionClosedError: received 1010 (mandatory extension)",
                              " (mandatory extension missing)"),
        .reference = "RFC 6455 section 7.4.1",
    },
    {
        .first = 1011,
        .last = 1011,
        .status = WHY_CODE_REGISTERED,
        .senders = WHY_SENDERS_EITHER,
        .scope = WHY_SCOPE_ENDPOINT,
        .phase = WHY_PHASE_OPEN,
        .layer = WHY_LAYER_APPLICATION,
        .decider = WHY_DECIDER_ACCIDENT,
        .mend = WHY_MEND_CLOSER,
        .http_status = 500,
        .name = N_("Internal error"),
        .essence = N_("an unexpected failure in the program that closes"),
        .description = N_("The one who closes ran into a condition that it did not expect and "
                          "cannot go on. What you sent may have been quite in order."),
        .when = N_("An exception left the server's message handler, a database was gone, memory "
                   "ran out. Python's websockets also sends it when its own ping gets no answer: "
                   "the reason is then keepalive ping timeout."),
        .fix = N_("Look into the log of the side that closed, at that second. With the reason "
                  "keepalive ping timeout: keep long work out of the event loop, or raise "
                  "ping_timeout."),
        .use = N_("When your program fails unexpectedly. If the load is the reason use 1013, if a "
                  "server behind you failed 1014. Keep stack traces out of the reason."),
        .sender = N_("Client and server alike (RFC 6455 speaks of servers; erratum 3227 lets "
                     "clients too); a page's script cannot."),
        .retry = WHY_RETRY_BACK_OFF,
        .retry_advice = N_("Connect again after a random pause that grows. If it follows every "
                           "time upon the same message, stop sending that message."),
        .clients =
            SHOWN_AS_RECEIVED("1011", "ConnectionClosedError: received 1011 (internal error)",
                              " (internal server error)"),
        .reference = "RFC 6455 section 7.4.1, erratum 3227",
    },
    {
        .first = 1012,
        .last = 1012,
        .status = WHY_CODE_REGISTERED,
        .senders = WHY_SENDERS_SERVER,
        .scope = WHY_SCOPE_ENDPOINT,
        .phase = WHY_PHASE_OPEN,
        .layer = WHY_LAYER_APPLICATION,
        .decider = WHY_DECIDER_OPERATOR,
        .mend = WHY_MEND_NOTHING,
        .http_status = 503,
        .name = N_("Service restart"),
        .essence = N_("a service that restarts and will be back"),
        .description = N_("The service is being restarted and will be there again shortly. Clients "
                          "are asked to come back, not all at once."),
        .when = N_("A deployment, a change of configuration, a supervisor that restarts a worker."),
        .fix = N_("Nothing, if clients connect again by themselves. If it comes often, look at "
                  "what restarts the service: memory limits, health checks, crash loops."),
        .use = N_("When you stop a server that comes back in seconds. If it stays away, or only "
                  "this node leaves, use 1001; if it is too busy, 1013."),
        .sender = N_("Servers, by its meaning."),
        .retry = WHY_RETRY_BACK_OFF,
        .retry_advice = N_("Connect again after a random pause of 5 to 30 seconds, then growing."),
        .clients = SHOWN_IN_EVENT(N_("ConnectionClosedError: received 1012 (service restart); "
                                     "websocket-client refuses the frame"),
                                  "*websocket.CloseError: websocket: close 1012"),
        .reference = N_("IANA registry (mailing list hybi, 2012)"),
    },
    {
        .first = 1013,
        .last = 1013,
        .status = WHY_CODE_REGISTERED,
        .senders = WHY_SENDERS_SERVER,
        .scope = WHY_SCOPE_ENDPOINT,
        .phase = WHY_PHASE_OPEN,
        .layer = WHY_LAYER_APPLICATION,
        .decider = WHY_DECIDER_LIMIT,
        .mend = WHY_MEND_CAPACITY,
        .http_status = 503,
        .name = N_("Try again later"),
        .essence = N_("a server that is too busy now"),
        .description = N_("The server cannot serve this connection now, for a reason that passes: "
                          "too many connections, too much load, or a client that reads too "
                          "slowly."),
        .when = N_("Load shedding at a peak, a connection limit, a send queue that filled up "
                   "because this client did not read as fast as messages came."),
        .fix = N_("If it is load: add capacity or spread the clients. If only slow readers get it: "
                  "read faster, subscribe to less, or raise the send queue's limit."),
        .use = N_("When you shed load or drop a slow reader. For a planned restart use 1012, for a "
                  "broken program 1011."),
        .sender = N_("Servers, by its meaning."),
        .retry = WHY_RETRY_BACK_OFF,
        .retry_advice = N_("Connect again after a longer random pause, from 30 seconds and "
                           "doubling; better to another address of the service."),
        .clients = SHOWN_IN_EVENT(N_("ConnectionClosedError: received 1013 (try again later); "
                                     "websocket-client refuses the frame"),
                                  "*websocket.CloseError: websocket: close 1013"),
        .reference = N_("IANA registry (mailing list hybi, 2012)"),
    },
    {
        .first = 1014,
        .last = 1014,
        .status = WHY_CODE_REGISTERED,
        .senders = WHY_SENDERS_SERVER,
        .scope = WHY_SCOPE_PATH,
        .phase = WHY_PHASE_OPEN,
        .layer = WHY_LAYER_PROXY,
        .decider = WHY_DECIDER_ACCIDENT,
        .mend = WHY_MEND_UPSTREAM,
        .http_status = 502,
        .name = N_("Bad gateway"),
        .essence = N_("a server behind the gateway that failed"),
        .description = N_("The server you are connected to is a gateway or proxy, and the server "
                          "behind it gave no valid answer."),
        .when = N_("The gateway is up, the service behind it is down, restarts, or speaks another "
                   "protocol than expected."),
        .fix = N_(
            "Look at the service behind the gateway: whether it runs, whether the gateway has its "
            "address right, and whether whysocket check succeeds against it directly."),
        .use = N_("As a gateway, when the server behind fails after the connection was accepted. "
                  "Before that, answer the upgrade with HTTP 502."),
        .sender = N_("Servers that are gateways, by its meaning."),
        .retry = WHY_RETRY_BACK_OFF,
        .retry_advice = N_("Connect again after a random pause that grows."),
        .clients =
            SHOWN_IN_EVENT("ConnectionClosedError: received 1014 (bad gateway)",
                           N_("gorilla does not know the code and fails: bad close code 1014")),
        .reference = N_("IANA registry (mailing list hybi, 2015)"),
    },
    {
        .first = 1015,
        .last = 1015,
        .status = WHY_CODE_LOCAL,
        .scope = WHY_SCOPE_CONNECTION,
        .phase = WHY_PHASE_OPENING,
        .layer = WHY_LAYER_TLS,
        .decider = WHY_DECIDER_REPORTER,
        .mend = WHY_MEND_TLS,
        .name = N_("TLS handshake"),
        .essence = N_("TLS that failed before there was a connection"),
        .description = N_("The TLS negotiation of a wss:// address failed, so there never was a "
                          "WebSocket connection. The code is reserved: an endpoint never sets it "
                          "in a Close frame, it only reports it to its own program."),
        .when = N_("The certificate has expired, its CA is not trusted, it names another host, an "
                   "intermediate certificate is missing, or the TLS versions of the two sides do "
                   "not meet. Chrome and Safari show 1006 for the same failures."),
        .fix = N_("Serve a certificate that is in date, for this very name, with its intermediate "
                  "certificates (nginx: ssl_certificate fullchain.pem), and allow TLS 1.2 or later "
                  "on both sides. See what the server sends with: openssl s_client -connect "
                  "HOST:443 -servername HOST -showcerts."),
        .use = N_("Never send it; a peer that receives it answers 1002. As a library, report it "
                  "when TLS is why there is no connection, together with the cause."),
        .sender = N_("Nobody: each side reports it to its own program only."),
        .retry = WHY_RETRY_DEPENDS,
        .retry_advice = N_("It depends on the cause: after a cut, a reset or a time-out within TLS "
                           "connect again after a pause; after a certificate or a version was "
                           "refused, only once that is changed."),
        .clients = SHOWN(N_("1006; the console has the cause as net::ERR_CERT_... or "
                            "net::ERR_SSL_..."),
                         N_("1015; the cause is on the page that the same address shows with "
                            "https://"),
                         "1006",
                         N_("1006; ws has the cause in its error event, Node's own WebSocket has "
                            "none"),
                         N_("no code: an ssl.SSLError out of connect()"),
                         N_("no code: an error of crypto/tls or crypto/x509 out of Dial()"),
                         N_("no code: an SSLException out of buildAsync()"),
                         N_("no code: curl: (60) or (35) with the cause")),
        .reference = "RFC 6455 section 7.4.1",
    },
    {
        .first = 1016,
        .last = 2999,
        .status = WHY_CODE_UNASSIGNED,
        .mend = WHY_MEND_LIBRARY,
        .name = N_("Unassigned"),
        .essence = N_("a number kept for later versions of the protocol"),
        .description = N_("The range belongs to the WebSocket protocol and its extensions. A code "
                          "in it may be sent once a standard has given it a meaning; so far none "
                          "has."),
        .when = N_("A program invented a code and did not know of the range for that."),
        .fix = N_("Move the program's own codes to 4000-4999, for instance by adding 3000."),
        .use = N_("Never, until a standard assigns it."),
        .sender = N_("Nobody."),
        .retry = WHY_RETRY_CHANGED,
        .retry_advice = N_("Not before the program that sent it is corrected."),
        .clients = SHOWN_AS_ILLEGAL,
        .reference = "RFC 6455 section 7.4.2",
    },
    {
        .first = 3000,
        .last = 3000,
        .status = WHY_CODE_LIBRARY,
        .senders = WHY_SENDERS_SERVER,
        .scope = WHY_SCOPE_PEER,
        .phase = WHY_PHASE_OPEN,
        .layer = WHY_LAYER_APPLICATION,
        .decider = WHY_DECIDER_APPLICATION,
        .mend = WHY_MEND_CREDENTIALS,
        .http_status = 401,
        .name = N_("Unauthorized"),
        .essence = N_("a client that is not logged in"),
        .description = N_("The server does not know who the client is: credentials are missing, "
                          "wrong or expired. It is for WebSockets what 401 is for HTTP."),
        .when = N_("A token ran out while the connection was open, or the first message did not "
                   "hold a valid one. Centrifugo and other older programs give 3000 another "
                   "meaning."),
        .fix = N_("Get a fresh token or session, then connect with it. On the server check clock, "
                  "signing key and audience of the token."),
        .use = N_("When a page must learn that its login is not valid: accept the upgrade, then "
                  "close with 3000, because script never sees an HTTP 401."),
        .sender = N_("Servers, by its meaning; the range is open to all libraries and "
                     "applications."),
        .retry = WHY_RETRY_CHANGED,
        .retry_advice = N_("Only with new credentials."),
        .clients =
            SHOWN_AS_RECEIVED("3000", "ConnectionClosedError: received 3000 (registered)", ""),
        .reference = N_("IANA registry (first come, first served)"),
    },
    UNASSIGNED_FOR_LIBRARIES(3001, 3002),
    {
        .first = 3003,
        .last = 3003,
        .status = WHY_CODE_LIBRARY,
        .senders = WHY_SENDERS_SERVER,
        .scope = WHY_SCOPE_PEER,
        .phase = WHY_PHASE_OPEN,
        .layer = WHY_LAYER_APPLICATION,
        .decider = WHY_DECIDER_APPLICATION,
        .mend = WHY_MEND_PERMISSIONS,
        .http_status = 403,
        .name = N_("Forbidden"),
        .essence = N_("a client that is known and lacks the right"),
        .description = N_("The server knows who the client is and does not let it do this. It is "
                          "for WebSockets what 403 is for HTTP."),
        .when = N_("The account lacks a role or a subscription, was blocked, or asked for a "
                   "channel that is not its own."),
        .fix = N_("Have the right granted, or ask for something that the account may have. New "
                  "credentials for the same account do not help."),
        .use = N_("When the login is valid and the right is missing. Accept the upgrade first if "
                  "a page is to see the code; for a missing login use 3000."),
        .sender = N_("Servers, by its meaning; the range is open to all libraries and "
                     "applications."),
        .retry = WHY_RETRY_CHANGED,
        .retry_advice = N_("Not before the account's rights have changed."),
        .clients =
            SHOWN_AS_RECEIVED("3003", "ConnectionClosedError: received 3003 (registered)", ""),
        .reference = N_("IANA registry (first come, first served)"),
    },
    UNASSIGNED_FOR_LIBRARIES(3004, 3007),
    {
        .first = 3008,
        .last = 3008,
        .status = WHY_CODE_LIBRARY,
        .senders = WHY_SENDERS_EITHER,
        .scope = WHY_SCOPE_CONNECTION,
        .phase = WHY_PHASE_OPEN,
        .layer = WHY_LAYER_APPLICATION,
        .decider = WHY_DECIDER_LIMIT,
        .mend = WHY_MEND_SENDER,
        .http_status = 408,
        .name = N_("Timeout"),
        .essence = N_("something expected that did not come in time"),
        .description = N_("The one who closes waited for something (a first message, an answer, a "
                          "sign of life) and it did not come in time. It is for WebSockets what "
                          "408 is for HTTP."),
        .when = N_("A client that did not log in within the time it had, or sent no heartbeat of "
                   "the application's protocol. Centrifugo uses 3008 for a client that reads too "
                   "slowly."),
        .fix = N_("Send the expected message sooner, or the heartbeat more often than the limit. "
                  "In browsers, note that timers of hidden tabs run late: once a minute at "
                  "worst."),
        .use = N_("When a time limit of your application's protocol has passed. For a connection "
                  "that is merely idle 1001 is usual."),
        .sender = N_("Client and server alike, also a page's script."),
        .retry = WHY_RETRY_BACK_OFF,
        .retry_advice = N_("Connect again after a random pause that grows."),
        .clients =
            SHOWN_AS_RECEIVED("3008", "ConnectionClosedError: received 3008 (registered)", ""),
        .reference = N_("IANA registry (first come, first served)"),
    },
    UNASSIGNED_FOR_LIBRARIES(3009, 3999),
    {
        .first = 4000,
        .last = 4999,
        .status = WHY_CODE_PRIVATE,
        .senders = WHY_SENDERS_PRIVATE,
        .scope = WHY_SCOPE_NONE,
        .phase = WHY_PHASE_OPEN,
        .layer = WHY_LAYER_APPLICATION,
        .decider = WHY_DECIDER_APPLICATION,
        .mend = WHY_MEND_NOTHING,
        .name = N_("Private use"),
        .essence = N_("a code of the application's own"),
        .description = N_("The range 4000-4999 is for agreements between a client and a server of "
                          "the same application. No registry knows these codes, and two "
                          "applications may mean different things by the same one."),
        .when = N_("The application on the other side closed for a reason of its own: login, "
                   "quota, a second session, a game that is over."),
        .fix = N_("Look it up in the service's documentation; whysocket explain lists what some "
                  "well-known services mean by it. The reason often says more."),
        .use = N_("For every end that your application wants to tell from others. Page scripts "
                  "may send them, too. Document them, and say for each whether to connect again."),
        .sender = N_("Client and server alike, also a page's script."),
        .retry = WHY_RETRY_DEPENDS,
        .retry_advice = N_("As the documentation of the service says; without one, do not connect "
                           "again more than a few times."),
        .clients =
            SHOWN_AS_RECEIVED("4xxx", "ConnectionClosedError: received 4xxx (private use)", ""),
        .reference = "RFC 6455 section 7.4.2",
    },
    {
        .first = 5000,
        .last = UINT16_MAX,
        .status = WHY_CODE_INVALID,
        .mend = WHY_MEND_LIBRARY,
        .name = N_("Outside the range"),
        .essence = N_("a number above the range of close codes"),
        .description = N_("Close codes end at 4999. Larger numbers have no meaning and may not "
                          "stand in a Close frame."),
        .when = N_("A program passed an error number of another kind, or the two bytes of the code "
                   "were written in the wrong order: 59395 is 1000 with its bytes swapped."),
        .fix = N_("Use 4000-4999 for codes of your own, and write the code with its high byte "
                  "first (htons)."),
        .use = N_("Never: libraries refuse to send it, and a peer that gets it ends the connection "
                  "with 1002."),
        .sender = N_("Nobody."),
        .retry = WHY_RETRY_CHANGED,
        .retry_advice = N_("Not before the program that sent it is corrected."),
        .clients = SHOWN_AS_ILLEGAL,
        .reference = "RFC 6455 section 7.4.2",
    },
};

#define CODE_COUNT (sizeof(codes) / sizeof(codes[0]))

const struct why_code_info *why_code_info(uint16_t code) {
    size_t low = 0;
    size_t high = CODE_COUNT - 1;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (code > codes[middle].last) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return &codes[low];
}

const struct why_code_info *why_code_info_at(size_t index) {
    return index < CODE_COUNT ? &codes[index] : NULL;
}
