/* SPDX-License-Identifier: MIT
 *
 * Causes in words: TLS, what stands in the way of TLS: other protocols, lost bytes, our own set-up.
 */
#include "base/mark.h"
#include "why/causes.h"
#include "why/shown_tls.h"

#define AT(name) [WHY_CAUSE_##name - WHY_CAUSE_TLS_PLAIN_HTTP]

static const struct why_cause_info infos[] = {
    AT(TLS_PLAIN_HTTP) =
        {
            .title = N_("The port speaks plain HTTP, not TLS"),
            .happened = N_("The address began with wss://, and the server answered in plain HTTP: "
                           "there is no TLS on this port."),
            .when = N_("wss:// with the port of the plain server (80, 3000, 8080), or TLS ends at "
                       "a proxy in front and you went past it."),
            .fix = N_("Use ws:// for this port, or wss:// with the port that has TLS, mostly 443."),
            .fix_server = N_("To have TLS here: nginx listen 443 ssl with ssl_certificate and "
                             "ssl_certificate_key (the word ssl is often what is missing); HAProxy "
                             "bind :443 ssl crt FILE; or put Caddy before it: caddy reverse-proxy "
                             "--from NAME --to localhost:8080."),
            .fix_client = N_("Correct the URL, and try it: whysocket check ws://HOST:PORT/. From a "
                             "page that came by https:// a browser refuses ws://, so there the "
                             "server must have TLS."),
            .reference = "RFC 6455 section 3",
            .clients = SHOWN_NOT_TLS,
            .retry = WHY_RETRY_CHANGED,
        },
    AT(TLS_NOT_TLS) =
        {
            .title = N_("The port speaks neither TLS nor HTTP"),
            .happened = N_("The answer to the TLS greeting was something else; the record shows "
                           "the first bytes, often enough to recognise the program."),
            .when = N_("The port belongs to a service of another kind, something on the way "
                       "answers in its place, or a proxy sends its own bytes first."),
            .fix = N_("Correct the port, and check on the server which program has it."),
            .fix_server = N_("ss -ltnp shows which program has which port."),
            .fix_client = N_("See the bytes by hand: openssl s_client -connect HOST:PORT, or nc "
                             "HOST PORT. On a guest network log in first."),
            .reference = "RFC 8446 section 5.1",
            .clients = SHOWN_NOT_TLS,
            .retry = WHY_RETRY_CHANGED,
        },
    AT(TLS_OTHER_PROTOCOL) =
        {
            .title = N_("Another service has this port"),
            .happened = N_("What answers on this port speaks first and speaks another protocol "
                           "than TLS; the record shows what it said, which names the program."),
            .when = N_("The port of SSH (22), SMTP (25, 587), FTP (21), MySQL (3306) or another "
                       "service was taken, or two port mappings were mixed up."),
            .fix = N_("Correct the port. wss:// is 443 unless the server was set up otherwise."),
            .fix_server = N_("See which program has which port: ss -ltnp; for containers docker "
                             "port NAME or kubectl get service."),
            .fix_client = N_("Try the port that wss:// has by itself: whysocket check wss://HOST/. "
                             "See who answers here: nc HOST PORT."),
            .reference = "RFC 8446 section 5.1",
            .clients = SHOWN_NOT_TLS,
            .retry = WHY_RETRY_CHANGED,
        },
    AT(TLS_PROXY_PROTOCOL) =
        {
            .title = N_("The port expects the PROXY protocol first"),
            .happened =
                N_("The server closes a plain TLS greeting, and answers one that a PROXY protocol "
                   "header stands before: it is set up to stand behind a load balancer."),
            .when = N_(
                "The load balancer was gone round, its setting for the PROXY protocol was switched "
                "off while the server still wants it, or a health check does not send it."),
            .fix = N_("Set both the same: the load balancer sends it and the server accepts it, or "
                      "neither does."),
            .fix_server = N_(
                "nginx: listen 443 ssl proxy_protocol; HAProxy accepts with bind :443 accept-proxy "
                "and sends with server S ADDRESS:443 send-proxy-v2; Caddy: listener_wrappers { "
                "proxy_protocol } before tls; AWS: proxy_protocol_v2.enabled on the target group."),
            .fix_client = N_("Connect to the load balancer, not past it."),
            .reference = "RFC 8446 section 5.1",
            .clients = SHOWN_CUT,
            .retry = WHY_RETRY_CHANGED,
        },
    AT(TLS_CLOSED_ON_ACCEPT) =
        {
            .title = N_("The port accepts and closes at once"),
            .happened = N_("The TCP connection was accepted and closed before a byte was sent, "
                           "whatever was said to it."),
            .when = N_(
                "A load balancer without a healthy server behind it, a filter by address that lets "
                "TCP through, a container's published port (docker-proxy) with nothing behind it."),
            .fix = N_("See whether the servers behind the load balancer are up and its health "
                      "checks green; try from another address."),
            .fix_server =
                N_("HAProxy: echo 'show servers state' | socat stdio /run/haproxy/admin.sock. "
                   "docker ps and ss -ltnp inside of the container: the program must listen on "
                   "0.0.0.0, not on 127.0.0.1. kubectl get endpointslices."),
            .reference = "RFC 9293 section 3.6",
            .clients = SHOWN_CUT,
            .retry = WHY_RETRY_BACK_OFF,
        },
    AT(TLS_HELLO_INTOLERANT) =
        {
            .title = N_("A large TLS greeting does not get through"),
            .happened =
                N_("A small TLS greeting is answered, the usual large one is not: something on the "
                   "way or the server itself cannot take one that fills more than a packet."),
            .when = N_("Post-quantum key exchange (X25519MLKEM768) makes the greeting of new "
                       "browsers larger than 1,400 bytes. Old firewalls, load balancers and "
                       "servers read only its first packet (tldr.fail)."),
            .fix = N_(
                "Update the box or the server that drops it; nothing is wrong with the greeting."),
            .fix_server =
                N_("Update the firmware of the firewall or load balancer before it (fixes are "
                   "listed at tldr.fail). In a server of your own, read until the whole record is "
                   "there: its length stands in its fourth and fifth byte."),
            .fix_client = N_("As a stop-gap: Chrome's policy PostQuantumKeyAgreementEnabled=false, "
                             "Firefox security.tls.enable_kyber=false, GODEBUG=tlsmlkem=0 for Go, "
                             "curl --curves X25519:P-256."),
            .reference = "RFC 8446 section 5.1",
            .clients =
                SHOWN("1006, net::ERR_CONNECTION_RESET",
                      N_("1006, or 1015 where it counts the cut as TLS"), "1006",
                      N_("open, or ECONNRESET from Node 24 on, which sends the large greeting"),
                      N_("open, or ConnectionResetError with OpenSSL 3.5, which sends the large "
                         "greeting"),
                      N_("EOF or connection reset by peer from Go 1.24 on, which sends the large "
                         "greeting"),
                      N_("open: the JDK's greeting is small"),
                      N_("open, or curl: (35) Recv failure with OpenSSL 3.5, which sends the large "
                         "greeting")),
            .retry = WHY_RETRY_CHANGED,
        },
    AT(TLS_PACKETS_LOST) =
        {
            .title = N_("Large packets are lost on the way"),
            .happened = N_("TCP came about, but the packets of the handshake that are full size do "
                           "not arrive; the counters of this machine's TCP show it."),
            .when = N_("A VPN, a tunnel or PPPoE with a smaller packet size (MTU) on the way, and "
                       "a firewall that drops the ICMP messages which would say so."),
            .fix = N_("Let ICMP 'fragmentation needed' and 'packet too big' through, or make the "
                      "packets smaller on the link that is at fault."),
            .fix_server =
                N_("On the router of the link: iptables -t mangle -A FORWARD -p tcp --tcp-flags "
                   "SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu. WireGuard: MTU = 1380 in "
                   "[Interface]; in containers the network's own mtu option."),
            .fix_client = N_("Find the size that passes: ping -M do -s 1372 HOST, larger or "
                             "smaller; then ip link set dev DEVICE mtu SIZE. sysctl "
                             "net.ipv4.tcp_mtu_probing=1 lets Linux find it by itself."),
            .reference = "RFC 2923 section 2.1, RFC 8899",
            .clients = SHOWN_STALL,
            .retry = WHY_RETRY_BACK_OFF,
        },
    AT(TLS_EOF) =
        {
            .title = N_("The connection was closed during the TLS handshake"),
            .happened = N_("The other end accepted the TCP connection and closed it before TLS was "
                           "done, without an alert."),
            .when = N_("A load balancer without a healthy server behind it, a filter by address or "
                       "name, a port that expects the PROXY protocol first, or a server that is "
                       "just restarting."),
            .fix = N_(
                "Try again. If it stays so, look at the load balancer and at filters on the way."),
            .fix_server = N_("Check that the targets of the load balancer are healthy, and that "
                             "its PROXY protocol setting fits the server's: nginx listen 443 ssl "
                             "proxy_protocol, HAProxy accept-proxy and send-proxy."),
            .fix_client =
                N_("Try from another network: if that works, a filter on the way closes it. Try "
                   "each address by itself: getent ahosts HOST, then whysocket check wss://HOST/ "
                   "--resolve HOST:443:ADDRESS."),
            .reference = "RFC 8446 section 6.1",
            .clients = SHOWN_CUT,
            .retry = WHY_RETRY_BACK_OFF,
        },
    AT(TLS_CUT) =
        {
            .title = N_("The connection was cut in the midst of the TLS handshake"),
            .happened = N_("The server had begun to answer, then the connection ended without an "
                           "alert; the record says after which message and how many bytes."),
            .when = N_(
                "The server's process crashed or was restarted, an inspecting firewall cut it when "
                "it saw the name or the certificate, or a load balancer moved the connection."),
            .fix = N_("Try again. If it is always cut at the same place, look at the server's log "
                      "and for a firewall that inspects TLS."),
            .fix_server = N_("journalctl -u SERVICE around that time, coredumpctl list, dmesg | "
                             "grep -i oom; nginx logs worker exits as alerts (signal 11)."),
            .fix_client =
                N_("Try from another network: if only this one fails, its firewall cuts it."),
            .reference = "RFC 8446 section 6.1",
            .clients = SHOWN_CUT,
            .retry = WHY_RETRY_BACK_OFF,
        },
    AT(TLS_RESET) =
        {
            .title = N_("The connection was reset during the TLS handshake"),
            .happened = N_("The TCP connection was torn down with a reset before TLS was done."),
            .when = N_("A firewall that dislikes the name or the size of the greeting, a server "
                       "that crashes or restarts, or a port without a working service behind it."),
            .fix = N_("Try again, then from another network, which tells whose it is."),
            .fix_server =
                N_("journalctl -u SERVICE around that time; ss -ltn shows in Recv-Q whether its "
                   "queue of new connections is full; iptables -L -n | grep -i reset."),
            .fix_client =
                N_("If only this network fails, a filter is on the way; if all do, it is the "
                   "server. Try "
                   "each address by itself: getent ahosts HOST, then whysocket check wss://HOST/ "
                   "--resolve HOST:443:ADDRESS."),
            .reference = "RFC 9293 section 3.5.2",
            .clients =
                SHOWN("1006, net::ERR_CONNECTION_RESET",
                      N_("1006, or 1015 where it counts the cut as TLS"), "1006", "read ECONNRESET",
                      "ConnectionResetError: [Errno 104]", "read: connection reset by peer",
                      "javax.net.ssl.SSLHandshakeException: Remote host terminated the handshake",
                      "curl: (35) Recv failure: Connection reset by peer"),
            .retry = WHY_RETRY_BACK_OFF,
        },
    AT(TLS_CORRUPTED) =
        {
            .title = N_("TLS data were damaged on the way"),
            .happened = N_("A record arrived changed: its checksum or the signature over the "
                           "handshake does not hold."),
            .when = N_("A middlebox that rewrites packets, faulty memory or network hardware, a "
                       "tunnel that damages large packets."),
            .fix = N_("Try again: if it fails at the same place each time, a box on the way alters "
                      "the bytes; go around it with a VPN or another network. If it comes and "
                      "goes, test memory and network card on both ends."),
            .fix_server = N_("Take hardware offloading off, which is often at fault in virtual "
                             "machines: ethtool -K DEVICE rx off tx off tso off gso off; count "
                             "errors with ip -s link and nstat -az TcpInCsumErrors."),
            .fix_client = N_("The same here, and compare with another network: if it works there, "
                             "a box on this one alters the bytes."),
            .reference = "RFC 8446 section 5.2",
            .clients = SHOWN("1006, net::ERR_SSL_PROTOCOL_ERROR", "1015, SSL_ERROR_BAD_MAC_READ",
                             "1006", "EPROTO: decryption failed or bad record mac",
                             "ssl.SSLError: [SSL: DECRYPTION_FAILED_OR_BAD_RECORD_MAC]",
                             "local error: tls: bad record MAC",
                             "javax.net.ssl.SSLException: Tag mismatch!",
                             "curl: (35) ... decryption failed or bad record mac"),
            .retry = WHY_RETRY_BACK_OFF,
        },
    AT(TLS_PROTOCOL) =
        {
            .title = N_("The peer breaks the rules of TLS"),
            .happened = N_("The peer speaks TLS, but sent a message that the protocol does not "
                           "allow there; the record has the library's words for it."),
            .when = N_("Very old or home-made TLS stacks, middleboxes that change the handshake, "
                       "messages out of order."),
            .fix = N_("Update the TLS library of the peer. For details: openssl s_client -connect "
                      "HOST:443 -servername HOST -msg."),
            .fix_server = N_("Update it: openssl version, java -version or the firmware; restart "
                             "what still runs with the old library: needrestart -r l."),
            .fix_client =
                N_("Go round the boxes on the way, by another network. openssl s_client -connect "
                   "HOST:443 -servername HOST -tls1_2 shows whether the older version works."),
            .reference = "RFC 8446 section 6.2",
            .clients = SHOWN(
                "1006, net::ERR_SSL_PROTOCOL_ERROR",
                N_("1015; the cause is on the page that the same address shows with https://"),
                "1006", N_("EPROTO with OpenSSL's words"), N_("ssl.SSLError with OpenSSL's words"),
                N_("an error that begins with tls:"),
                N_("javax.net.ssl.SSLProtocolException or SSLHandshakeException"),
                N_("curl: (35) with OpenSSL's words")),
            .retry = WHY_RETRY_CHANGED,
        },
    AT(TLS_CONFIG) =
        {
            .title = N_("This side's TLS settings cannot be used"),
            .happened = N_("A certificate, a key or another TLS setting on this side could not be "
                           "loaded; the detail names the file and what is wrong with it."),
            .when = N_("Key and certificate do not belong together, the key has a passphrase, a "
                       "file is empty or in DER or PKCS#12 instead of PEM, or the server's "
                       "certificate is not the first in its file."),
            .fix = N_("Compare the two: openssl x509 -noout -pubkey -in cert.pem and openssl pkey "
                      "-pubout -in key.pem must print the same."),
            .fix_server = N_("Order: the server's own certificate first, cat cert.pem inter.pem > "
                             "fullchain.pem. Passphrase: openssl pkey -in key.pem -out plain.pem, "
                             "readable by the server alone. PKCS#12: openssl pkcs12 -in file.p12 "
                             "-nodes -out both.pem. DER: openssl x509 -inform DER -in cert.der "
                             "-out cert.pem. Then nginx -t, haproxy -c -f FILE or caddy validate."),
            .fix_client =
                N_("The same for the client's: openssl x509 -noout -pubkey -in client.pem "
                   "and openssl pkey -pubout -in client.key must print the same. "
                   "whysocket check wss://HOST/ --cert client.pem --key client.key says "
                   "what is wrong with which file."),
            .reference = "RFC 7468",
            .clients = SHOWN("", "", "", "ERR_OSSL_X509_KEY_VALUES_MISMATCH",
                             "ssl.SSLError: [X509: KEY_VALUES_MISMATCH]",
                             "tls: private key does not match public key",
                             "java.security.KeyStoreException",
                             "curl: (58) unable to set private key file"),
            .retry = WHY_RETRY_CHANGED,
        },
};

_Static_assert(sizeof infos / sizeof *infos == WHY_CAUSE_TLS_CONFIG - WHY_CAUSE_TLS_PLAIN_HTTP + 1,
               "a cause without words");

const struct why__cause_group why__causes_tls_wire = {
    WHY_CAUSE_TLS_PLAIN_HTTP,
    WHY_CAUSE_TLS_CONFIG,
    infos,
};
