// SPDX-License-Identifier: MIT

// gorilla/websocket sends back what it gets.
package main

import (
	"crypto/tls"
	"net/http"

	"github.com/gorilla/websocket"
)

func sendBack(socket *websocket.Conn) {
	defer socket.Close()
	for {
		kind, message, err := socket.ReadMessage()
		if err != nil {
			return
		}
		if socket.WriteMessage(kind, message) != nil {
			return
		}
	}
}

func answerWith(deflate bool) http.HandlerFunc {
	upgrader := websocket.Upgrader{EnableCompression: deflate}
	return func(answer http.ResponseWriter, request *http.Request) {
		socket, err := upgrader.Upgrade(answer, request, nil)
		if err == nil {
			sendBack(socket)
		}
	}
}

func echoWith(deflate bool, trusted *tls.Config) func(url string) {
	dialer := websocket.Dialer{
		EnableCompression: deflate,
		TLSClientConfig:   trusted,
		HandshakeTimeout:  handshakeMax,
	}
	return func(url string) {
		socket, _, err := dialer.Dial(url, nil)
		if err == nil {
			sendBack(socket)
		}
	}
}
