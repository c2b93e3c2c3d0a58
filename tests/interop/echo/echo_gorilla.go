// SPDX-License-Identifier: MIT

// gorilla/websocket sends back what it gets. That texts are UTF-8 it leaves to the program, as its
// documentation says; its own example of an echo server looks, as this one does.
package main

import (
	"crypto/tls"
	"log"
	"net/http"
	"time"
	"unicode/utf8"

	"github.com/gorilla/websocket"
)

const closeMax = time.Second

func sendBack(socket *websocket.Conn) {
	defer socket.Close()
	for {
		kind, message, err := socket.ReadMessage()
		if err != nil {
			return
		}
		if kind == websocket.TextMessage && !utf8.Valid(message) {
			why := websocket.FormatCloseMessage(websocket.CloseInvalidFramePayloadData, "")
			socket.WriteControl(websocket.CloseMessage, why, time.Now().Add(closeMax))
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
		if err != nil {
			log.Printf("%s: %v", url, err)
			return
		}
		sendBack(socket)
	}
}
