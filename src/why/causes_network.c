/* SPDX-License-Identifier: MIT
 *
 * Causes in words: ends on purpose, the look-up of the name, TCP, the proxy on the way.
 */
#include "base/mark.h"
#include "why/causes.h"
#include "why/shown.h"

#define AT(name) [WHY_CAUSE_##name - WHY_CAUSE_NONE]

#define SHOWN_RECEIVED_CODE                                                                        \
    SHOWN(N_("the code and the reason, in the close event"),                                       \
          N_("the code and the reason, in the close event"),                                       \
          N_("the code and the reason, in the close event"),                                       \
          N_("the code and the reason, in the close event"),                                       \
          N_("ConnectionClosedOK or ConnectionClosedError with the code"),                         \
          N_("*websocket.CloseError with the code"), N_("onClose with the code and the reason"),   \
          N_("no code: curl ends when the connection does"))

#define SHOWN_CODE(code, python, go)                                                               \
    SHOWN(code, code, code, code, "ConnectionClosedError: received " python,                       \
          "websocket: close " go, N_("onClose with the code and the reason"),                      \
          N_("no code: curl ends when the connection does"))

#define SHOWN_PROXY(chrome, node)                                                                  \
    SHOWN("1006, " chrome, "1006", "1006", node, N_("an exception out of connect()"),              \
          N_("an error out of Dial() with the proxy's status line"),                               \
          N_("an IOException out of buildAsync()"),                                                \
          N_("curl: (56) CONNECT tunnel failed, with the status; (5), (7) or (97) without one"))

static const struct why_cause_info infos[] = {
    AT(NONE) =
        {
            .title = N_("Nothing is known of the end"),
            .happened = N_("The connection has not ended, or nothing was recorded about it."),
            .when = N_("A record is read before its connection ended."),
            .fix = N_("Read the record once the connection has reported its end."),
            .reference = "",
            .clients = SHOWN("", "", "", "", "", "", "", ""),
            .retry = WHY_RETRY_DEPENDS,
        },
    AT(PEER_CLOSED) =
        {
            .title = N_("The peer closed the connection"),
            .happened = N_("The peer sent a Close frame first, with the code and the reason that "
                           "are shown here; this side answered it."),
            .when = N_("The program on the other side decided to close. Its code says in which "
                       "way: 1000 and 1001 are ordinary, the rest are complaints."),
            .fix = N_("Look up the code (whysocket explain CODE) and read the reason. What to do "
                      "about it stands there; the peer's log at that time has the rest."),
            .reference = "RFC 6455 section 5.5.1",
            .clients = SHOWN_RECEIVED_CODE,
            .retry = WHY_RETRY_DEPENDS,
        },
    AT(LOCAL_CLOSED) =
        {
            .title = N_("This side closed the connection"),
            .happened = N_("The program on this side asked for the close and sent its Close frame "
                           "first."),
            .when = N_("The program called close: the work is done, or it decided to stop."),
            .fix = N_("Nothing to fix. If it surprises you, look for the call that closes in your "
                      "own program."),
            .reference = "RFC 6455 section 7.1.2",
            .clients = SHOWN_RECEIVED_CODE,
            .retry = WHY_RETRY_NOT_NEEDED,
        },
    AT(LOCAL_SHUTDOWN) =
        {
            .title = N_("This side is shutting down"),
            .happened = N_("The process on this side is stopping and told its peers with 1001."),
            .when = N_("The server got a signal to stop, for a deployment or a reboot, and ended "
                       "its connections in order."),
            .fix = N_("Nothing on this side. Clients should connect again after a random pause; "
                      "put the time to drain into your supervisor's stop time-out (systemd: "
                      "TimeoutStopSec)."),
            .reference = "RFC 6455 section 7.4.1",
            .clients = SHOWN_CODE("1001", "1001 (going away)", "1001 (going away)"),
            .retry = WHY_RETRY_BACK_OFF,
        },
    AT(LOCAL_ABANDONED) =
        {
            .title = N_("This side dropped the connection without closing it"),
            .happened = N_("The program let go of the connection, or ended, before a Close frame "
                           "was sent or answered."),
            .when = N_("A connection object is freed while still open, or a second interrupt ends "
                       "a program that was waiting for the peer's answer."),
            .fix = N_("Call close first and keep the event loop running until the end is reported, "
                      "or until the close time-out has passed."),
            .reference = "RFC 6455 section 7.1.7",
            .clients =
                SHOWN("1006", "1006", "1006", "1006",
                      "ConnectionClosedError: no close frame received or sent",
                      "websocket: close 1006 (abnormal closure): unexpected EOF",
                      N_("onClose with 1006"), N_("no code: curl ends when the connection does")),
            .retry = WHY_RETRY_NOT_NEEDED,
        },
    AT(LOCAL_INTERNAL) =
        {
            .title = N_("An internal error on this side"),
            .happened = N_("This side met a condition that should not exist and closed with 1011 "
                           "rather than go on with a state that may be wrong."),
            .when = N_("Hardly ever; the detail names the operation that failed."),
            .fix = N_("Keep the record and report it as a fault of whysocket or of the program "
                      "that uses it; the detail and the version are what is needed."),
            .reference = "RFC 6455 section 7.4.1",
            .clients = SHOWN_CODE("1011", "1011 (internal error)", "1011 (internal server error)"),
            .retry = WHY_RETRY_BACK_OFF,
        },
    AT(LOCAL_OUT_OF_MEMORY) =
        {
            .title = N_("This side ran out of memory"),
            .happened = N_("An allocation failed, so the connection that needed it was closed with "
                           "1011; the others go on."),
            .when = N_("A memory limit of the container or the process is reached, often by many "
                       "large messages at once."),
            .fix = N_("Raise the memory limit, or lower what one connection may hold: the largest "
                      "message, the send queue, the compression window."),
            .reference = "RFC 6455 section 7.4.1",
            .clients = SHOWN_CODE("1011", "1011 (internal error)", "1011 (internal server error)"),
            .retry = WHY_RETRY_BACK_OFF,
        },
    AT(APPLICATION_REFUSED) =
        {
            .title = N_("The application refused the upgrade"),
            .happened = N_("The request was in order, but the program on the server answered it "
                           "with an HTTP error instead of 101."),
            .when = N_("No such path, no valid login, too many connections: whatever the program's "
                       "own check says."),
            .fix = N_("Look at the check in the server's program. If a page must learn the reason, "
                      "accept the upgrade and close with 3000, 3003 or one of 4000-4999: script "
                      "never sees the HTTP status."),
            .reference = "RFC 6455 section 4.2.2",
            .clients = SHOWN("1006, Unexpected response code: 4xx", "1006", "1006",
                             "Unexpected server response: 4xx",
                             "InvalidStatus: server rejected WebSocket connection: HTTP 4xx",
                             "websocket: bad handshake",
                             "java.net.http.WebSocketHandshakeException, status 4xx",
                             "curl: (22) Refused WebSockets upgrade: 4xx"),
            .retry = WHY_RETRY_CHANGED,
        },
    AT(LOCAL_TLS_KEYS) =
        {
            .title = N_("This side's TLS keys were due to be changed, and could not be"),
            .happened = N_("The client asked for new keys, or as many records were sent as one key "
                           "is good for; but the kernel encrypts this connection, and does not "
                           "take new keys. It was ended in order, with 1001."),
            .when = N_("The server runs with kTLS (serve --ktls) on a Linux before 6.14. Few "
                       "clients ask for new keys; 16 million messages use one up."),
            .fix = N_("Connect again: the next connection has fresh keys. If it happens often, run "
                      "the server without kTLS, or on Linux 6.14 or later."),
            .reference = "RFC 8446 section 4.6.3",
            .clients = SHOWN_CODE("1001", "1001 (going away)", "1001 (going away)"),
            .retry = WHY_RETRY_BACK_OFF,
        },
    AT(DNS_NOT_FOUND) =
        {
            .title = N_("There is no such host name"),
            .happened = N_("The resolver answered that the name does not exist."),
            .when = N_("A typing mistake, a name that only an internal DNS server knows while the "
                       "VPN is off, a record that was deleted, or a container that looks for a "
                       "service under the wrong name."),
            .fix = N_("Check the spelling and ask the resolver directly: getent hosts NAME, then "
                      "dig NAME. For internal names connect the VPN; in containers use the "
                      "service's name in the same network."),
            .reference = "RFC 1035",
            .clients = SHOWN(
                "1006, net::ERR_NAME_NOT_RESOLVED", "1006", "1006", "getaddrinfo ENOTFOUND HOST",
                "socket.gaierror: [Errno -2] Name or service not known",
                "dial tcp: lookup HOST: no such host",
                "java.net.ConnectException: java.nio.channels.UnresolvedAddressException",
                "curl: (6) Could not resolve host: HOST"),
            .retry = WHY_RETRY_CHANGED,
        },
    AT(DNS_NO_ADDRESS) =
        {
            .title = N_("The name exists but has no address"),
            .happened = N_("The name is known, yet it has no A or AAAA record that this machine "
                           "can use."),
            .when =
                N_("A domain that has only mail records, or a name with IPv6 alone on a machine "
                   "without IPv6."),
            .fix = N_("Compare dig A NAME with dig AAAA NAME, add the missing record, or use the "
                      "name that carries the service, often with www. or ws. in front."),
            .reference = "RFC 1035",
            .clients = SHOWN(
                "1006, net::ERR_NAME_NOT_RESOLVED", "1006", "1006", "getaddrinfo ENODATA HOST",
                "socket.gaierror: [Errno -5] No address associated with hostname",
                "dial tcp: lookup HOST: no such host",
                "java.net.ConnectException: java.nio.channels.UnresolvedAddressException",
                "curl: (6) Could not resolve host: HOST"),
            .retry = WHY_RETRY_CHANGED,
        },
    AT(DNS_TEMPORARY) =
        {
            .title = N_("The name could not be resolved just now"),
            .happened = N_("No name server gave an answer, so nothing is known about the name "
                           "yet."),
            .when = N_("No network, a VPN that is coming up, a name server that does not answer, "
                       "or a container whose /etc/resolv.conf names the wrong one."),
            .fix = N_("Check the network first, then the name servers in /etc/resolv.conf with dig "
                      "@SERVER NAME. Connecting again later is right for this one."),
            .reference = "RFC 1035",
            .clients = SHOWN(
                "1006, net::ERR_NAME_NOT_RESOLVED", "1006", "1006", "getaddrinfo EAI_AGAIN HOST",
                "socket.gaierror: [Errno -3] Temporary failure in name resolution",
                "dial tcp: lookup HOST: server misbehaving",
                "java.net.ConnectException: java.nio.channels.UnresolvedAddressException",
                "curl: (6) Could not resolve host: HOST"),
            .retry = WHY_RETRY_BACK_OFF,
        },
    AT(DNS_FAILED) =
        {
            .title = N_("The look-up of the name failed"),
            .happened = N_("The resolver reported a failure other than a missing name; the record "
                           "has its number."),
            .when = N_("A name server that refuses the query, a broken DNSSEC chain, or a resolver "
                       "library that is set up wrongly."),
            .fix = N_("Run dig NAME and look at its status line (SERVFAIL, REFUSED); try another "
                      "server with dig @SERVER NAME. SERVFAIL at one of them only points to "
                      "DNSSEC."),
            .reference = "RFC 1035",
            .clients = SHOWN(
                "1006, net::ERR_NAME_NOT_RESOLVED", "1006", "1006", "getaddrinfo EAI_FAIL HOST",
                "socket.gaierror: [Errno -4] Non-recoverable failure in name "
                "resolution",
                "dial tcp: lookup HOST: server misbehaving",
                "java.net.ConnectException: java.nio.channels.UnresolvedAddressException",
                "curl: (6) Could not resolve host: HOST"),
            .retry = WHY_RETRY_BACK_OFF,
        },
    AT(TCP_REFUSED) =
        {
            .title = N_("Nothing listens on this port"),
            .happened = N_("The host is there and answered the connection with a refusal: no "
                           "program listens on that address and port."),
            .when = N_("The server is not started or crashed, listens on another port, or only on "
                       "127.0.0.1 while you use another address. With localhost: it may listen on "
                       "127.0.0.1 and not on ::1."),
            .fix = N_("On the server see what listens: ss -ltnp. Start it, correct the port, or "
                      "let it listen on 0.0.0.0 or [::]; in a container publish the port "
                      "(docker run -p)."),
            .reference = "RFC 9293 section 3.10.7.1",
            .clients =
                SHOWN("1006, net::ERR_CONNECTION_REFUSED", "1006", "1006",
                      "connect ECONNREFUSED ADDRESS:PORT",
                      "ConnectionRefusedError: [Errno 111] Connect call failed",
                      "dial tcp ADDRESS:PORT: connect: connection refused",
                      "java.net.ConnectException", "curl: (7) Failed to connect to HOST port PORT"),
            .retry = WHY_RETRY_BACK_OFF,
        },
    AT(TCP_UNREACHABLE) =
        {
            .title = N_("The host cannot be reached"),
            .happened = N_("The network has no way to the address: a router, or this machine "
                           "itself, said so."),
            .when = N_("No network, no IPv6 route for an IPv6 address, a private address outside "
                       "of its VPN, or a firewall that rejects."),
            .fix = N_("Check the route with ip route get ADDRESS and try the other address family. "
                      "Connect the VPN, or have the firewall's rule changed."),
            .reference = "RFC 1122 section 3.2.2.1",
            .clients =
                SHOWN("1006, net::ERR_ADDRESS_UNREACHABLE", "1006", "1006",
                      "connect EHOSTUNREACH ADDRESS:PORT",
                      "OSError: [Errno 113] Connect call failed",
                      "dial tcp ADDRESS:PORT: connect: no route to host",
                      "java.net.ConnectException", "curl: (7) Failed to connect to HOST port PORT"),
            .retry = WHY_RETRY_BACK_OFF,
        },
    AT(TCP_DENIED) =
        {
            .title = N_("This machine does not allow the connection"),
            .happened = N_("The operating system refused to open the connection for this "
                           "program."),
            .when = N_("A local firewall rule, SELinux or AppArmor, a sandbox without network, a "
                       "Unix socket without the right to write to it, or a port below 1024 for "
                       "listening without the privilege."),
            .fix = N_("Look for the denial in journalctl -k and ausearch -m avc, allow it in that "
                      "policy, or for a Unix socket add the user to its group."),
            .reference = "connect(2)",
            .clients =
                SHOWN("1006, net::ERR_NETWORK_ACCESS_DENIED", "1006", "1006",
                      "connect EACCES ADDRESS:PORT", "PermissionError: [Errno 13]",
                      "dial tcp ADDRESS:PORT: connect: permission denied",
                      "java.net.ConnectException", "curl: (7) Failed to connect to HOST port PORT"),
            .retry = WHY_RETRY_CHANGED,
        },
    AT(TCP_NO_RESOURCE) =
        {
            .title = N_("This machine is out of sockets or memory for them"),
            .happened = N_("The operating system could not give this program another socket: file "
                           "descriptors, local ports or buffers are used up."),
            .when = N_("A process at its limit of open files, or a load generator that used all "
                       "local ports to one destination."),
            .fix = N_("Raise the limit (ulimit -n, LimitNOFILE= in the systemd unit), close what "
                      "is no longer needed, and for ports widen net.ipv4.ip_local_port_range or "
                      "use more addresses."),
            .reference = "socket(2)",
            .clients =
                SHOWN("1006, net::ERR_INSUFFICIENT_RESOURCES", "1006", "1006",
                      "connect EMFILE ADDRESS:PORT", "OSError: [Errno 24] Too many open files",
                      "dial tcp ADDRESS:PORT: socket: too many open files",
                      "java.net.SocketException: Too many open files",
                      "curl: (7) Couldn't connect to server"),
            .retry = WHY_RETRY_BACK_OFF,
        },
    AT(TCP_NO_UNIX_SOCKET) =
        {
            .title = N_("The Unix socket does not exist"),
            .happened = N_("There is no socket at the given path."),
            .when = N_("The server is not started yet, puts its socket elsewhere, or runs in "
                       "another container that does not share the directory."),
            .fix = N_("Look with ls -l PATH and ss -lxp, start the server, and mount the "
                      "socket's directory (not the socket itself) into both containers."),
            .reference = "unix(7)",
            .clients = SHOWN("", "", "", "connect ENOENT PATH",
                             "FileNotFoundError: [Errno 2] No such file or directory",
                             "dial unix PATH: connect: no such file or directory",
                             N_("not affected: the JDK's client knows no Unix sockets"),
                             "curl: (7) Couldn't connect to server"),
            .retry = WHY_RETRY_BACK_OFF,
        },
    AT(TCP_RESET) =
        {
            .title = N_("The connection was reset"),
            .happened = N_("The other end, or something on the way, tore the TCP connection down "
                           "with a reset; no Close frame came before it."),
            .when = N_("The peer's process was killed, or closed its socket with data unread; a "
                       "load balancer or firewall forgot the connection after a silence and "
                       "answers the next packet with a reset."),
            .fix = N_("If it follows a silence, send pings more often than the shortest time-out "
                      "on the way. Otherwise look at the peer's log for a crash or an "
                      "out-of-memory kill: journalctl -k | grep -i oom."),
            .reference = "RFC 9293 section 3.5.2",
            .clients =
                SHOWN("1006, net::ERR_CONNECTION_RESET", "1006", "1006", "1006; read ECONNRESET",
                      "ConnectionClosedError: no close frame received or sent",
                      "read: connection reset by peer",
                      "onError: java.net.SocketException: Connection reset",
                      "curl: (56) Recv failure: Connection reset by peer"),
            .retry = WHY_RETRY_BACK_OFF,
        },
    AT(TCP_FIN) =
        {
            .title = N_("The connection ended without a Close frame"),
            .happened = N_("The other end finished its side of the TCP connection in order, but "
                           "without saying good-bye in the WebSocket protocol."),
            .when = N_("A proxy's time-out (nginx closes after 60 silent seconds by default), a "
                       "server process that exits or crashes, or a peer that closes the socket "
                       "instead of the WebSocket."),
            .fix = N_("Note how long the connection lasted and was silent. A round number such as "
                      "60 s is a proxy: raise proxy_read_timeout and send pings every 20 to 30 "
                      "seconds. Otherwise have the server close with a code before it exits."),
            .reference = "RFC 6455 section 7.1.5",
            .clients =
                SHOWN("1006", "1006", "1006", "1006",
                      "ConnectionClosedError: no close frame received or sent",
                      "websocket: close 1006 (abnormal closure): unexpected EOF",
                      N_("onClose with 1006"), N_("no code: curl ends when the connection does")),
            .retry = WHY_RETRY_BACK_OFF,
        },
    AT(TCP_TIMEOUT) =
        {
            .title = N_("The network gave no answer any more"),
            .happened = N_("Packets of this connection were sent again and again without an "
                           "acknowledgement, until the operating system gave up."),
            .when = N_("A cable or Wi-Fi that is gone, a machine that went to sleep or lost its "
                       "power, a firewall that drops packets silently."),
            .fix = N_("Connect again after a pause. If it happens on a network that works, look "
                      "for a firewall or NAT that forgets connections, and send pings so that it "
                      "does not."),
            .reference = "RFC 9293 section 3.8.3",
            .clients = SHOWN("1006, net::ERR_TIMED_OUT", "1006", "1006", "1006; read ETIMEDOUT",
                             "ConnectionClosedError: no close frame received or sent",
                             "read: connection timed out",
                             "onError: java.io.IOException: Connection timed out",
                             "curl: (56) Recv failure: Connection timed out"),
            .retry = WHY_RETRY_BACK_OFF,
        },
    AT(TCP_FAILED) =
        {
            .title = N_("The network connection failed"),
            .happened = N_("The operating system reported a network error that has no name of its "
                           "own here; the record has its number and name."),
            .when = N_("Rare: an address that is not valid on this network, an interface that went "
                       "away."),
            .fix = N_("Look up the error's name in man 7 tcp and man 2 connect, and try the same "
                      "address with nc -vz HOST PORT."),
            .reference = "connect(2)",
            .clients = SHOWN("1006, net::ERR_CONNECTION_FAILED", "1006", "1006",
                             N_("1006 after an error event with the errno"),
                             N_("an OSError out of connect() or ConnectionClosedError"),
                             N_("a *net.OpError with the errno"),
                             N_("an IOException with the system's words"),
                             N_("curl: (7) or (56) with the system's words")),
            .retry = WHY_RETRY_BACK_OFF,
        },
    AT(PROXY_UNREACHABLE) =
        {
            .title = N_("The proxy cannot be reached"),
            .happened = N_("A proxy is configured, and there was no connection to it: its name, "
                           "address or port does not answer."),
            .when = N_("HTTPS_PROXY or ALL_PROXY is left from another network, or the proxy is "
                       "down."),
            .fix = N_("See which proxy is used (env | grep -i proxy) and correct or unset it. For "
                      "hosts that need none, add them to NO_PROXY."),
            .reference = "RFC 9110 section 9.3.6",
            .clients = SHOWN_PROXY("net::ERR_PROXY_CONNECTION_FAILED",
                                   N_("the error of the proxy agent, such as ECONNREFUSED")),
            .retry = WHY_RETRY_BACK_OFF,
        },
    AT(PROXY_AUTH_REQUIRED) =
        {
            .title = N_("The proxy wants a login"),
            .happened = N_("The proxy answered CONNECT with 407: it lets nobody through without "
                           "credentials."),
            .when = N_("In company networks; browsers log in by themselves, programs do not."),
            .fix = N_("Put user and password into the proxy's URL: --proxy "
                      "http://USER:PASSWORD@PROXY:PORT, with special characters percent-encoded. "
                      "For Kerberos or NTLM use a local helper such as cntlm."),
            .reference = "RFC 9110 section 15.5.8",
            .clients = SHOWN_PROXY("net::ERR_TUNNEL_CONNECTION_FAILED",
                                   N_("the error of the proxy agent, with status 407")),
            .retry = WHY_RETRY_CHANGED,
        },
    AT(PROXY_FORBIDDEN) =
        {
            .title = N_("The proxy forbids this destination"),
            .happened = N_("The proxy answered CONNECT with 403: its rules do not let this host or "
                           "port through."),
            .when = N_("Company proxies that allow only port 443, or only listed hosts."),
            .fix = N_("Offer the service as wss:// on port 443, or have the host and port added to "
                      "the proxy's rules. For internal hosts go around it with NO_PROXY."),
            .reference = "RFC 9110 section 9.3.6",
            .clients = SHOWN_PROXY("net::ERR_TUNNEL_CONNECTION_FAILED",
                                   N_("the error of the proxy agent, with status 403")),
            .retry = WHY_RETRY_CHANGED,
        },
    AT(PROXY_BAD_METHOD) =
        {
            .title = N_("The proxy does not know CONNECT"),
            .happened = N_("What is configured as a proxy answered CONNECT with 400, 405 or 501: "
                           "it opens no tunnels."),
            .when = N_("The proxy's address is in truth an ordinary web server, a reverse proxy, "
                       "or a proxy for plain HTTP only."),
            .fix = N_("Correct the proxy's host and port, or enable CONNECT in it (Apache: "
                      "mod_proxy_connect with AllowCONNECT)."),
            .reference = "RFC 9110 section 9.3.6",
            .clients = SHOWN_PROXY("net::ERR_TUNNEL_CONNECTION_FAILED",
                                   N_("the error of the proxy agent, with the status")),
            .retry = WHY_RETRY_CHANGED,
        },
    AT(PROXY_TARGET_DOWN) =
        {
            .title = N_("The proxy cannot reach the server"),
            .happened = N_("The proxy works, and answered that it got no connection to the server "
                           "behind it: 502, 503 or 504."),
            .when = N_("The server is down, its name is unknown to the proxy's resolver, or the "
                       "proxy's own firewall blocks the port."),
            .fix = N_("Try from another network whether the server is up. If it is, have the name "
                      "and port checked from the proxy's machine."),
            .reference = "RFC 9110 section 15.6",
            .clients = SHOWN_PROXY("net::ERR_TUNNEL_CONNECTION_FAILED",
                                   N_("the error of the proxy agent, with the status")),
            .retry = WHY_RETRY_BACK_OFF,
        },
    AT(PROXY_STATUS) =
        {
            .title = N_("The proxy answered with an unexpected status"),
            .happened = N_("The proxy answered CONNECT with a status that is neither a success nor "
                           "one of the well-known refusals."),
            .when = N_("A captive portal that redirects to its login page, or a proxy with rules "
                       "of its own."),
            .fix = N_("Read the status and the body in the record; they mostly name the rule. On a "
                      "guest network open any http:// page in a browser and log in."),
            .reference = "RFC 9110 section 9.3.6",
            .clients = SHOWN_PROXY("net::ERR_TUNNEL_CONNECTION_FAILED",
                                   N_("the error of the proxy agent, with the status")),
            .retry = WHY_RETRY_BACK_OFF,
        },
    AT(PROXY_NOT_A_PROXY) =
        {
            .title = N_("What answers at the proxy's address is no proxy"),
            .happened = N_("The answer to CONNECT, or to the SOCKS greeting, was in another "
                           "protocol."),
            .when = N_("The port is that of another service, an HTTP proxy was given as socks5:// "
                       "or the other way round, or the proxy itself wants TLS (https://)."),
            .fix = N_("Correct scheme and port of the proxy: http:// for CONNECT, socks5h:// for "
                      "SOCKS with names resolved by the proxy."),
            .reference = "RFC 9110 section 9.3.6, RFC 1928",
            .clients = SHOWN_PROXY("net::ERR_TUNNEL_CONNECTION_FAILED",
                                   N_("the error of the proxy agent")),
            .retry = WHY_RETRY_CHANGED,
        },
    AT(PROXY_LOGIN_PAGE) =
        {
            .title = N_("A login page answers instead of the server"),
            .happened = N_("In place of the server a web page of the network or the proxy "
                           "answered: it wants a login or a consent first."),
            .when = N_("Wi-Fi of hotels, trains and airports, and company proxies whose session "
                       "has run out."),
            .fix = N_("Open http://neverssl.com in a browser on this network, log in or consent, "
                      "and connect again."),
            .reference = "RFC 8910, RFC 6585 section 6",
            .clients = SHOWN_PROXY("net::ERR_SSL_PROTOCOL_ERROR",
                                   N_("EPROTO: wrong version number, or ECONNRESET")),
            .retry = WHY_RETRY_CHANGED,
        },
    AT(PROXY_CLOSED) =
        {
            .title = N_("The proxy closed the connection"),
            .happened = N_("The proxy ended the connection before it had opened the tunnel."),
            .when = N_("The proxy is overloaded or restarts, does not admit this client's address, "
                       "or expects TLS."),
            .fix = N_("Try again; if it stays so, check with curl -v --proxy PROXY https://HOST/ "
                      "and ask for the proxy's log."),
            .reference = "RFC 9110 section 9.3.6",
            .clients = SHOWN_PROXY("net::ERR_PROXY_CONNECTION_FAILED",
                                   N_("the error of the proxy agent, such as ECONNRESET")),
            .retry = WHY_RETRY_BACK_OFF,
        },
    AT(PROXY_SOCKS_AUTH) =
        {
            .title = N_("The SOCKS proxy refused the login"),
            .happened = N_("The SOCKS proxy wants a way to log in that was not offered, or did not "
                           "accept user and password."),
            .when = N_("A proxy with accounts, used without one or with an old password."),
            .fix = N_("Give user and password in the URL: --proxy "
                      "socks5h://USER:PASSWORD@PROXY:1080."),
            .reference = "RFC 1928 section 3, RFC 1929",
            .clients =
                SHOWN_PROXY("net::ERR_SOCKS_CONNECTION_FAILED", N_("the error of the proxy agent")),
            .retry = WHY_RETRY_CHANGED,
        },
    AT(PROXY_SOCKS_REFUSED) =
        {
            .title = N_("The SOCKS proxy did not connect"),
            .happened = N_("The SOCKS proxy understood the request and answered with a failure; "
                           "the detail has its number: not allowed, unreachable, refused."),
            .when = N_("A rule of the proxy, a server that is down, or a name that the proxy "
                       "cannot resolve. With Tor also an exit that blocks the port."),
            .fix = N_("Check that the server is up, and use socks5h:// so that the proxy resolves "
                      "the name itself. For a rule, ask whoever runs the proxy."),
            .reference = "RFC 1928 section 6",
            .clients = SHOWN_PROXY("net::ERR_SOCKS_CONNECTION_HOST_UNREACHABLE",
                                   N_("the error of the proxy agent")),
            .retry = WHY_RETRY_BACK_OFF,
        },
};

_Static_assert(sizeof infos / sizeof *infos == WHY_CAUSE_PROXY_SOCKS_REFUSED - WHY_CAUSE_NONE + 1,
               "a cause without words");

const struct why__cause_group why__causes_network = {
    WHY_CAUSE_NONE,
    WHY_CAUSE_PROXY_SOCKS_REFUSED,
    infos,
};
