/* SPDX-License-Identifier: MIT
 *
 * The initializer of what each client shows. Not marked for translation: a client's own words
 * ("net::ERR_...", an exception) and bare codes.
 */
#ifndef WHY_WHY_SHOWN_H
#define WHY_WHY_SHOWN_H

/* Node is ws unless it says otherwise, Python is websockets, Go is gorilla/websocket,
 * Java is the JDK's java.net.http. */
#define SHOWN(chrome, firefox, safari, node, python, go, java, curl)                               \
    {                                                                                              \
        [WHY_CLIENT_CHROME] = (chrome), [WHY_CLIENT_FIREFOX] = (firefox),                          \
        [WHY_CLIENT_SAFARI] = (safari), [WHY_CLIENT_NODE] = (node),                                \
        [WHY_CLIENT_PYTHON] = (python), [WHY_CLIENT_GO] = (go), [WHY_CLIENT_JAVA] = (java),        \
        [WHY_CLIENT_CURL] = (curl),                                                                \
    }

#endif
