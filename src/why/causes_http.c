/* SPDX-License-Identifier: MIT
 *
 * Causes in words: the answer to a client's upgrade, and the requests that a server refuses.
 */
#include "base/mark.h"
#include "why/causes.h"
#include "why/shown.h"

#define AT(name) [WHY_CAUSE_##name - WHY_CAUSE_HTTP_STATUS_REDIRECT]

#define SHOWN_STATUS(status)                                                                       \
    SHOWN("1006, Unexpected response code: " status, "1006", "1006",                               \
          "Unexpected server response: " status,                                                   \
          "InvalidStatus: server rejected WebSocket connection: HTTP " status,                     \
          "websocket: bad handshake", "java.net.http.WebSocketHandshakeException, status " status, \
          "curl: (22) Refused WebSockets upgrade: " status)

/* A 101 that breaks a rule. */
#define SHOWN_BAD_101(chrome, node, python, go)                                                    \
    SHOWN("1006, Error during WebSocket handshake: " chrome, "1006", "1006", node, python,         \
          "websocket: " go, "java.net.http.WebSocketHandshakeException",                           \
          N_("open: curl does not check it"))

static const struct why_cause_info infos[] = {
    AT(HTTP_STATUS_REDIRECT) =
        {
            .title = N_("The server redirects instead of upgrading"),
            .happened = N_("The answer to the upgrade was a redirect (301, 302, 307, 308); the "
                           "header Location says where to. Browsers do not follow it for "
                           "WebSockets."),
            .when = N_("ws:// where the server sends everybody to https://, a missing or "
                       "superfluous slash at the end of the path, or a session that has run out "
                       "and leads to the login page."),
            .fix = N_("Use the address in Location, with wss:// for https://. On the server exempt "
                      "the WebSocket path from redirects and from the login page."),
            .reference = "RFC 9110 section 15.4",
            .clients = SHOWN_STATUS("301"),
            .retry = WHY_RETRY_CHANGED,
        },
    AT(HTTP_STATUS_400) =
        {
            .title = N_("The server calls the request bad"),
            .happened = N_("The server answered the upgrade with 400: it does not accept the "
                           "request as it arrived."),
            .when = N_("A proxy in between dropped the headers Upgrade and Connection, which are "
                       "not passed on by themselves; ws:// was used on a TLS port; or the server "
                       "wants a parameter, a token or a client certificate."),
            .fix = N_("In nginx: proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; "
                      "proxy_set_header Connection \"upgrade\";. Read the body in the record, it "
                      "often names what is missing; on a TLS port use wss://."),
            .reference = "RFC 9110 section 15.5.1",
            .clients = SHOWN_STATUS("400"),
            .retry = WHY_RETRY_CHANGED,
        },
    AT(HTTP_STATUS_401) =
        {
            .title = N_("The server wants a login"),
            .happened = N_("The server answered the upgrade with 401: credentials are missing or "
                           "not valid. WWW-Authenticate says which kind it wants."),
            .when = N_("The token is missing or expired, or the cookie was not sent because the "
                       "host differs. Scripts in pages cannot set the header Authorization."),
            .fix = N_("Send the credentials: --header 'Authorization: Bearer TOKEN'. From a page "
                      "use a cookie, a short-lived token in the query, or log in with the first "
                      "message."),
            .reference = "RFC 9110 section 15.5.2",
            .clients = SHOWN_STATUS("401"),
            .retry = WHY_RETRY_CHANGED,
        },
    AT(HTTP_STATUS_403) =
        {
            .title = N_("The server forbids the connection"),
            .happened = N_("The server answered the upgrade with 403: it understood who asks, or "
                           "from where, and does not allow it."),
            .when = N_("Mostly the Origin is not on the server's list: a page on another host or "
                       "port, or a program that sends none. Else a firewall, an address filter or "
                       "missing rights."),
            .fix = N_("Add the page's exact origin (https://app.example, without a slash) to the "
                      "server's list, for instance ALLOWED_HOSTS, allowedOrigins, CheckOrigin. To "
                      "try it: whysocket check URL --origin https://app.example."),
            .reference = "RFC 6455 section 10.2",
            .clients = SHOWN_STATUS("403"),
            .retry = WHY_RETRY_CHANGED,
        },
    AT(HTTP_STATUS_404) =
        {
            .title = N_("The server has nothing at this path"),
            .happened = N_("The server answered the upgrade with 404: it has no WebSocket at this "
                           "path."),
            .when = N_("A wrong path, a prefix that the proxy adds or strips, a request that "
                       "reaches the static file server, or a proxy that drops Upgrade so that the "
                       "application sees an ordinary GET."),
            .fix = N_("Compare the path with the server's routes, including the slash at the end. "
                      "In nginx check whether proxy_pass ends in a slash, and that the location "
                      "passes Upgrade and Connection on."),
            .reference = "RFC 9110 section 15.5.5",
            .clients = SHOWN_STATUS("404"),
            .retry = WHY_RETRY_CHANGED,
        },
    AT(HTTP_STATUS_426) =
        {
            .title = N_("The server wants another protocol or version"),
            .happened = N_("The server answered with 426: it did not see an upgrade that it "
                           "supports. Its headers Upgrade and Sec-WebSocket-Version say what it "
                           "would take."),
            .when = N_("A proxy removed the headers Upgrade and Connection on the way, or one "
                       "side speaks an old draft instead of version 13."),
            .fix = N_("Let the proxy pass Upgrade and Connection on over HTTP/1.1. If "
                      "Sec-WebSocket-Version lists no 13, update the server."),
            .reference = "RFC 6455 section 4.4",
            .clients = SHOWN_STATUS("426"),
            .retry = WHY_RETRY_CHANGED,
        },
    AT(HTTP_STATUS_429) =
        {
            .title = N_("Too many connections or requests"),
            .happened = N_("The server answered the upgrade with 429: this client or account has "
                           "asked too often."),
            .when = N_("A client that connects again in a tight loop, several copies of it with "
                       "one key, or a whole office behind one address."),
            .fix = N_("Wait as long as Retry-After says, and connect again with a growing, random "
                      "pause. Keep one connection open instead of many short ones."),
            .reference = "RFC 6585 section 4",
            .clients = SHOWN_STATUS("429"),
            .retry = WHY_RETRY_BACK_OFF,
        },
    AT(HTTP_STATUS_4XX) =
        {
            .title = N_("The server refused the request"),
            .happened = N_("The server answered the upgrade with a status from 400 to 499 that has "
                           "no cause of its own here; the record shows it and the body."),
            .when = N_("405 for a path without GET, 408 for a request that came too slowly, 421 "
                       "for a name that this server does not serve, or a rule of the application."),
            .fix = N_("Look up the status and read the body in the record. Try the same with curl "
                      "-i --http1.1 -H 'Connection: Upgrade' -H 'Upgrade: websocket' URL."),
            .reference = "RFC 9110 section 15.5",
            .clients = SHOWN_STATUS("4xx"),
            .retry = WHY_RETRY_CHANGED,
        },
    AT(HTTP_STATUS_502) =
        {
            .title = N_("The gateway got no valid answer"),
            .happened = N_("A proxy in front answered with 502: the server behind it refused the "
                           "connection or did not answer in HTTP."),
            .when = N_("The application is down or restarting, listens on another port or socket, "
                       "or the proxy speaks http to a port that wants https."),
            .fix = N_("Check the application behind the proxy: systemctl status, ss -ltnp, then "
                      "whysocket check ws://127.0.0.1:PORT/ on that machine. The proxy's error log "
                      "names the address that it tried."),
            .reference = "RFC 9110 section 15.6.3",
            .clients = SHOWN_STATUS("502"),
            .retry = WHY_RETRY_BACK_OFF,
        },
    AT(HTTP_STATUS_503) =
        {
            .title = N_("The service is not available now"),
            .happened = N_("The server or its load balancer answered with 503: nobody is there to "
                           "serve this for the moment."),
            .when = N_("No healthy server behind the load balancer, a deployment, maintenance, or "
                       "a limit on connections."),
            .fix = N_("Try again after the time in Retry-After. If it stays, look at the load "
                      "balancer's health checks: they must not expect 200 from a path that only "
                      "upgrades."),
            .reference = "RFC 9110 section 15.6.4",
            .clients = SHOWN_STATUS("503"),
            .retry = WHY_RETRY_BACK_OFF,
        },
    AT(HTTP_STATUS_504) =
        {
            .title = N_("The gateway waited in vain"),
            .happened = N_("A proxy in front answered with 504: the server behind it took the "
                           "request and did not answer in time."),
            .when = N_("An application that hangs or is overloaded, one that does slow work before "
                       "it answers the upgrade, or a firewall between proxy and application."),
            .fix = N_("Answer the upgrade first and do slow work after it. Look for what the "
                      "application waits for, then at the proxy's own time-out."),
            .reference = "RFC 9110 section 15.6.5",
            .clients = SHOWN_STATUS("504"),
            .retry = WHY_RETRY_BACK_OFF,
        },
    AT(HTTP_STATUS_5XX) =
        {
            .title = N_("The server failed to answer the upgrade"),
            .happened = N_("The server answered with a status from 500 to 599 that has no cause of "
                           "its own here; the record shows it and the body."),
            .when = N_("500: an exception in the server's handler. 520 to 526: a CDN that has "
                       "trouble with the server behind it; 525 and 526 mean TLS there."),
            .fix = N_("Read the server's log at that second. Behind a CDN test the server "
                      "directly: whysocket check URL --resolve HOST:443:ADDRESS."),
            .reference = "RFC 9110 section 15.6",
            .clients = SHOWN_STATUS("5xx"),
            .retry = WHY_RETRY_BACK_OFF,
        },
    AT(HTTP_NOT_UPGRADED) =
        {
            .title = N_("The server answered, but did not upgrade"),
            .happened = N_("The answer was an ordinary one (200 or the like) where 101 Switching "
                           "Protocols was expected: to the server this was a plain web request."),
            .when = N_("The path leads to a page and not to the WebSocket, or a proxy dropped the "
                       "headers Upgrade and Connection. Also login pages of guest networks."),
            .fix = N_("Check the path (/ws, /socket.io/?EIO=4&transport=websocket). In nginx: "
                      "proxy_http_version 1.1 with Upgrade and Connection set. The body in the "
                      "record shows who answered."),
            .reference = "RFC 6455 section 4.1",
            .clients = SHOWN_STATUS("200"),
            .retry = WHY_RETRY_CHANGED,
        },
    AT(HTTP_NOT_HTTP) =
        {
            .title = N_("The answer is not HTTP"),
            .happened = N_("Bytes came back, but they do not begin like an HTTP answer; the record "
                           "shows the first of them."),
            .when = N_("The port belongs to another service: SSH, a database, a mail server, a "
                       "broker's own protocol (MQTT has one port for TCP and another for "
                       "WebSockets)."),
            .fix = N_("Correct the port. On the server see which program has it: ss -ltnp."),
            .reference = "RFC 9112 section 4",
            .clients =
                SHOWN("1006, net::ERR_INVALID_HTTP_RESPONSE", "1006", "1006",
                      "Parse Error: Expected HTTP/",
                      "InvalidMessage: did not receive a valid HTTP response",
                      "malformed HTTP response", "java.net.ProtocolException: Invalid status line",
                      "curl: (1) Received HTTP/0.9 when not allowed"),
            .retry = WHY_RETRY_CHANGED,
        },
    AT(HTTP_TLS_PORT) =
        {
            .title = N_("The port speaks TLS, and we did not"),
            .happened = N_("The address began with ws://, and the server expects TLS on this "
                           "port: it answered with TLS, said so in HTTP, or closed at once."),
            .when = N_("ws:// with port 443 or 8443, or a server that got TLS lately."),
            .fix = N_("Use wss:// in place of ws://. A page that was loaded with https:// may only "
                      "open wss:// anyway."),
            .reference = "RFC 6455 section 3",
            .clients = SHOWN("1006, net::ERR_EMPTY_RESPONSE", "1006", "1006",
                             N_("socket hang up, or Unexpected server response: 400"),
                             "InvalidMessage: did not receive a valid HTTP response",
                             N_("EOF, or websocket: bad handshake"),
                             "java.io.IOException: HTTP/1.1 header parser received no bytes",
                             "curl: (52) Empty reply from server"),
            .retry = WHY_RETRY_CHANGED,
        },
    AT(HTTP_RESPONSE_MALFORMED) =
        {
            .title = N_("The server's answer breaks the rules of HTTP"),
            .happened = N_("The answer began like HTTP, then a line of its head was malformed; the "
                           "record has the header and the byte."),
            .when = N_("A server written by hand: a bare line feed, a space before the colon, "
                       "control characters in a value, headers folded over lines."),
            .fix = N_("In the server end each line with CR LF, write headers as Name: value, and "
                      "strip control characters from values that come from outside."),
            .reference = "RFC 9112 section 5",
            .clients = SHOWN("1006, net::ERR_INVALID_HTTP_RESPONSE", "1006", "1006",
                             "Parse Error: Invalid header value char",
                             "InvalidMessage: did not receive a valid HTTP response",
                             "malformed MIME header",
                             N_("a ProtocolException, or it takes the answer as it is"),
                             "curl: (8) Header without colon"),
            .retry = WHY_RETRY_CHANGED,
        },
    AT(HTTP_RESPONSE_TOO_LARGE) =
        {
            .title = N_("The head of the server's answer is too large"),
            .happened = N_("The answer's status line and headers went past this side's limit (8 "
                           "KiB or 64 lines by default), so it was not read to its end."),
            .when = N_("A server or gateway that sets very large cookies or security policies on "
                       "every answer."),
            .fix = N_("Have the server leave those headers out of its answer to an upgrade, or "
                      "raise head_len_max in the options."),
            .reference = "RFC 9110 section 5.4",
            .clients = SHOWN("1006, net::ERR_RESPONSE_HEADERS_TOO_BIG", "1006", "1006",
                             "Parse Error: Header overflow",
                             "InvalidMessage: did not receive a valid HTTP response",
                             "http: server response headers exceeded limit",
                             N_("open up to 384 KB; then a ProtocolException in newer JDKs"),
                             N_("curl: (27) or (56), by its version")),
            .retry = WHY_RETRY_CHANGED,
        },
    AT(HTTP_RESPONSE_CUT) =
        {
            .title = N_("The server's answer ended too early"),
            .happened = N_("The connection ended after the request and before the answer's head "
                           "was whole, perhaps without any byte of it."),
            .when = N_("The server or a proxy crashed, restarts, or drops requests that it does "
                       "not like without a word. Also a TLS port that was asked in plain HTTP."),
            .fix = N_("Read the server's log at that moment, and check that ws:// and wss:// fit "
                      "the port. Connecting again may help if it was a restart."),
            .reference = "RFC 9112 section 8",
            .clients =
                SHOWN("1006, net::ERR_EMPTY_RESPONSE", "1006", "1006", "socket hang up",
                      "InvalidMessage: did not receive a valid HTTP response", "unexpected EOF",
                      "java.io.IOException: HTTP/1.1 header parser received no bytes",
                      "curl: (52) Empty reply from server"),
            .retry = WHY_RETRY_BACK_OFF,
        },
    AT(HTTP_RESPONSE_UPGRADE) =
        {
            .title = N_("The 101 does not say that it upgrades to WebSocket"),
            .happened = N_("The status was 101, but the header Upgrade is not websocket, or "
                           "Connection does not list Upgrade."),
            .when = N_("A server written by hand, or a proxy that takes these headers away on the "
                       "way back."),
            .fix = N_("Have the server send exactly Upgrade: websocket and Connection: Upgrade, "
                      "and the proxy pass them on."),
            .reference = "RFC 6455 section 4.1",
            .clients = SHOWN_BAD_101("'Upgrade' header is missing", "Invalid Upgrade header",
                                     "InvalidUpgrade", "bad handshake"),
            .retry = WHY_RETRY_CHANGED,
        },
    AT(HTTP_RESPONSE_ACCEPT) =
        {
            .title = N_("Sec-WebSocket-Accept is wrong"),
            .happened = N_("The value that the server computed from our key is missing or wrong, "
                           "so it did not answer this very request or computes it wrongly."),
            .when = N_("A server that answers with a fixed value, encodes the hash in hex, forgets "
                       "the GUID or hashes a key with spaces; or a cache that answers."),
            .fix = N_("Compute base64(SHA-1(key + 258EAFA5-E914-47DA-95CA-C5AB0DC85B11)) from the "
                      "request's Sec-WebSocket-Key, without spaces around it. Switch caching off "
                      "for the path."),
            .reference = "RFC 6455 section 4.2.2",
            .clients = SHOWN_BAD_101("Incorrect 'Sec-WebSocket-Accept' header value",
                                     "Invalid Sec-WebSocket-Accept header",
                                     "InvalidHeaderValue: invalid Sec-WebSocket-Accept header",
                                     "bad handshake"),
            .retry = WHY_RETRY_CHANGED,
        },
    AT(HTTP_RESPONSE_SUBPROTOCOL) =
        {
            .title = N_("The server chose a subprotocol that we did not offer"),
            .happened = N_("The header Sec-WebSocket-Protocol of the answer names something that "
                           "the request did not list, or names it twice."),
            .when = N_("A server that always sends its own name, or whose client asked for none; "
                       "names differ in upper and lower case."),
            .fix = N_("Offer the name that the server expects (--subprotocol NAME, in JavaScript "
                      "the second argument of WebSocket), or have the server answer only with one "
                      "that was offered."),
            .reference = "RFC 6455 section 4.1",
            .clients =
                SHOWN_BAD_101("Response must not include 'Sec-WebSocket-Protocol' header if not "
                              "present in request",
                              "Server sent a subprotocol but none was requested",
                              "NegotiationError: unsupported subprotocol", "bad handshake"),
            .retry = WHY_RETRY_CHANGED,
        },
    AT(HTTP_RESPONSE_EXTENSION) =
        {
            .title = N_("The server chose an extension that we did not offer"),
            .happened = N_("The header Sec-WebSocket-Extensions of the answer holds an extension "
                           "or a parameter that the request did not offer, or one that is not "
                           "valid."),
            .when = N_("A server that switches permessage-deflate on without being asked, or "
                       "answers with window bits that were not offered; a proxy that removes the "
                       "client's offer but not the server's answer."),
            .fix = N_("Update the server's library, let the proxy pass the header in both "
                      "directions or in neither, or switch compression off on the server."),
            .reference = "RFC 6455 section 9.1, RFC 7692 section 5",
            .clients = SHOWN_BAD_101("Found an unsupported extension in 'Sec-WebSocket-Extensions' "
                                     "header",
                                     "Server sent a Sec-WebSocket-Extensions header but no "
                                     "extension was requested",
                                     "NegotiationError: unsupported extension",
                                     "bad compression negotiation"),
            .retry = WHY_RETRY_CHANGED,
        },
    AT(HTTP_REQUEST_MALFORMED) =
        {
            .title = N_("The request breaks the rules of HTTP"),
            .happened = N_("What the client sent begins like an HTTP request and then breaks its "
                           "rules; this server answered 400. The record has the header and the "
                           "byte."),
            .when = N_("A client written by hand, a scanner that looks for holes, or a program "
                       "that speaks another protocol to this port."),
            .fix = N_("Correct the client: lines that end in CR LF, Name: value without a space "
                      "before the colon, no control characters. Scanners need no fix."),
            .reference = "RFC 9112 section 3",
            .clients = SHOWN_STATUS("400"),
            .retry = WHY_RETRY_CHANGED,
        },
    AT(HTTP_REQUEST_TOO_LARGE) =
        {
            .title = N_("The head of the request is too large"),
            .happened = N_("The request's headers went past this server's limit (8 KiB or 64 lines "
                           "by default); it answered 431."),
            .when = N_("Many or large cookies of the site, or a token of several KiB in a header."),
            .fix = N_("Shrink or delete the cookies, serve WebSockets on a host name without them, "
                      "or raise head_len_max on the server."),
            .reference = "RFC 6585 section 5",
            .clients = SHOWN_STATUS("431"),
            .retry = WHY_RETRY_CHANGED,
        },
    AT(HTTP_REQUEST_TARGET_TOO_LONG) =
        {
            .title = N_("The request's path is too long"),
            .happened = N_("Path and query together went past this server's limit (4 KiB by "
                           "default); it answered 414."),
            .when = N_("A token or data of several KiB in the query of the URL."),
            .fix = N_("Send the data in the first message after the connection opened, or raise "
                      "target_len_max on the server."),
            .reference = "RFC 9110 section 15.5.15",
            .clients = SHOWN_STATUS("414"),
            .retry = WHY_RETRY_CHANGED,
        },
    AT(HTTP_REQUEST_CUT) =
        {
            .title = N_("The client left before its request was whole"),
            .happened = N_("The connection ended before the client's request was complete, perhaps "
                           "without any byte of it."),
            .when = N_("Health checks of load balancers that only open a connection, port scans, a "
                       "user who leaves the page at once."),
            .fix = N_("Mostly nothing. Point health checks at /healthz, so that they ask a real "
                      "question."),
            .reference = "RFC 9112 section 8",
            .clients = SHOWN("1006", "1006", "1006", "socket hang up",
                             "InvalidMessage: did not receive a valid HTTP response", "EOF",
                             "java.io.IOException: HTTP/1.1 header parser received no bytes",
                             "curl: (52) Empty reply from server"),
            .retry = WHY_RETRY_BACK_OFF,
        },
    AT(HTTP_REQUEST_METHOD) =
        {
            .title = N_("An upgrade must be a GET"),
            .happened = N_("The client asked with another method than GET; this server answered "
                           "405."),
            .when = N_("A POST or HEAD that reached the WebSocket's path: a form, an API client, a "
                       "health check."),
            .fix = N_("Connect with a WebSocket client, or send the request to the path that it is "
                      "meant for. For HTTP/2 the server must support RFC 8441."),
            .reference = "RFC 6455 section 4.1",
            .clients = SHOWN_STATUS("405"),
            .retry = WHY_RETRY_CHANGED,
        },
    AT(HTTP_REQUEST_HOST) =
        {
            .title = N_("The header Host is missing or not valid"),
            .happened = N_("The request has no Host, more than one, or one that is no host name; "
                           "this server answered 400."),
            .when = N_("A client written by hand, a proxy that sets Host to a variable that is "
                       "empty, or an HTTP/1.0 client."),
            .fix = N_("Send exactly one Host with the name and the port of the URL. In nginx: "
                      "proxy_set_header Host $host;."),
            .reference = "RFC 9112 section 3.2",
            .clients = SHOWN_STATUS("400"),
            .retry = WHY_RETRY_CHANGED,
        },
    AT(HTTP_REQUEST_UPGRADE) =
        {
            .title = N_("The request asks for no upgrade to WebSocket"),
            .happened = N_("The headers Upgrade: websocket and Connection: Upgrade are missing or "
                           "say something else, so this server cannot switch."),
            .when = N_("Somebody opened the address in a browser's address bar, or a proxy in "
                       "front does not pass these two headers on."),
            .fix = N_("Use a WebSocket client. In nginx: proxy_http_version 1.1; proxy_set_header "
                      "Upgrade $http_upgrade; proxy_set_header Connection \"upgrade\";. In Apache: "
                      "ProxyPass with upgrade=websocket."),
            .reference = "RFC 6455 section 4.2.1",
            .clients = SHOWN_STATUS("426"),
            .retry = WHY_RETRY_CHANGED,
        },
    AT(HTTP_REQUEST_KEY) =
        {
            .title = N_("Sec-WebSocket-Key is missing or not valid"),
            .happened = N_("The key of the request must be 16 bytes in base64 (24 characters) and "
                           "come once; this server answered 400."),
            .when = N_("A client written by hand that uses a fixed word, or hex, as its key; or a "
                       "proxy that doubles headers."),
            .fix = N_("Make 16 random bytes for every connection and encode them in base64; a test "
                      "by hand may use openssl rand -base64 16."),
            .reference = "RFC 6455 section 4.2.1",
            .clients = SHOWN_STATUS("400"),
            .retry = WHY_RETRY_CHANGED,
        },
    AT(HTTP_REQUEST_VERSION) =
        {
            .title = N_("The client asks for another WebSocket version"),
            .happened = N_("Sec-WebSocket-Version is missing or is not 13; this server answered "
                           "426 and named 13."),
            .when = N_("A library from before 2011 that speaks a draft, or a client written by "
                       "hand that forgets the header."),
            .fix = N_("Send Sec-WebSocket-Version: 13, or update the client's library."),
            .reference = "RFC 6455 section 4.4",
            .clients = SHOWN_STATUS("426"),
            .retry = WHY_RETRY_CHANGED,
        },
    AT(HTTP_REQUEST_EXTENSIONS) =
        {
            .title = N_("The offer of extensions cannot be read"),
            .happened = N_("The header Sec-WebSocket-Extensions of the request breaks its grammar; "
                           "this server answered 400."),
            .when = N_("A client that puts the list together by hand: a stray comma or quote, a "
                       "parameter without a name."),
            .fix = N_("Offer it as in: permessage-deflate; client_max_window_bits. Several offers "
                      "are separated by commas, parameters by semicolons."),
            .reference = "RFC 6455 section 9.1",
            .clients = SHOWN_STATUS("400"),
            .retry = WHY_RETRY_CHANGED,
        },
    AT(HTTP_REQUEST_SUBPROTOCOLS) =
        {
            .title = N_("The offer of subprotocols cannot be read"),
            .happened = N_("The header Sec-WebSocket-Protocol of the request is empty, holds "
                           "characters that names may not have, or lists a name twice; this server "
                           "answered 400."),
            .when = N_("A token or JSON put into the list of subprotocols to get it past the "
                       "browser, with spaces, slashes or equals signs in it."),
            .fix = N_("Names may hold letters, digits and !#$%&'*+-.^_`|~ only: encode a token in "
                      "base64url without padding, and list every name once."),
            .reference = "RFC 6455 section 4.1",
            .clients = SHOWN_STATUS("400"),
            .retry = WHY_RETRY_CHANGED,
        },
    AT(HTTP_REQUEST_BODY) =
        {
            .title = N_("An upgrade must not have a body"),
            .happened = N_("The request announced a body with Content-Length or "
                           "Transfer-Encoding; this server answered 400, because bytes after the "
                           "head would be taken for frames."),
            .when = N_("An HTTP client that was bent into a WebSocket client, a proxy that adds "
                       "Transfer-Encoding, or an attempt to smuggle a request."),
            .fix = N_("Leave both headers out of the upgrade, and send the data in the first "
                      "message."),
            .reference = "RFC 9112 section 6",
            .clients = SHOWN_STATUS("400"),
            .retry = WHY_RETRY_CHANGED,
        },
    AT(HTTP_REQUEST_ORIGIN) =
        {
            .title = N_("The page's origin is not allowed here"),
            .happened = N_("The request came from a page of an origin that this server's policy "
                           "does not admit; it answered 403."),
            .when = N_("A page on another host, port or scheme than the server, a development "
                       "server on localhost, or a foreign site that tries to use the visitor's "
                       "cookies."),
            .fix = N_("If the page is yours, add its exact origin to the policy: whysocket serve "
                      "--origin https://app.example. If it is not, the refusal did its job."),
            .reference = "RFC 6455 section 10.2",
            .clients = SHOWN_STATUS("403"),
            .retry = WHY_RETRY_CHANGED,
        },
    AT(HTTP_REQUEST_TLS) =
        {
            .title = N_("The client speaks TLS to a plain port"),
            .happened = N_("The first bytes are a TLS greeting, and this port has no TLS; the "
                           "client was told so with an alert."),
            .when = N_("wss:// was used with the port for ws://, or a proxy in front connects with "
                       "https to this server."),
            .fix =
                N_("Use ws:// for this port, or wss:// with the port that has TLS (whysocket "
                   "serve --listen-tls). In a proxy write http:// before this server's address."),
            .reference = "RFC 6455 section 3",
            .clients =
                SHOWN("1006, net::ERR_SSL_VERSION_OR_CIPHER_MISMATCH",
                      "1015, SSL_ERROR_PROTOCOL_VERSION_ALERT", "1006",
                      "EPROTO ... SSL alert number 70", "ssl.SSLError: ... alert protocol version",
                      "remote error: tls: protocol version not supported",
                      "javax.net.ssl.SSLHandshakeException: Received fatal alert: protocol_version",
                      "curl: (35) ... alert protocol version"),
            .retry = WHY_RETRY_CHANGED,
        },
};

_Static_assert(sizeof infos / sizeof *infos ==
                   WHY_CAUSE_HTTP_REQUEST_TLS - WHY_CAUSE_HTTP_STATUS_REDIRECT + 1,
               "a cause without words");

const struct why__cause_group why__causes_http = {
    WHY_CAUSE_HTTP_STATUS_REDIRECT,
    WHY_CAUSE_HTTP_REQUEST_TLS,
    infos,
};
