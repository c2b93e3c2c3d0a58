// SPDX-License-Identifier: MIT

// nhooyr.io/websocket sends back what it gets.
package main

import (
	"context"
	"crypto/tls"
	"log"
	"net/http"
	"time"

	"nhooyr.io/websocket"
)

const (
	messageMax = 64 << 20
	// Where a write has failed the library waits until its time is up.
	writeMax = 10 * time.Second
)

func write(socket *websocket.Conn, kind websocket.MessageType, message []byte) error {
	limited, cancel := context.WithTimeout(context.Background(), writeMax)
	defer cancel()
	return socket.Write(limited, kind, message)
}

func sendBack(socket *websocket.Conn) {
	defer socket.Close(websocket.StatusInternalError, "")
	socket.SetReadLimit(messageMax)
	for {
		kind, message, err := socket.Read(context.Background())
		if err != nil {
			return
		}
		if write(socket, kind, message) != nil {
			return
		}
	}
}

func compression(deflate bool) websocket.CompressionMode {
	if deflate {
		return websocket.CompressionContextTakeover
	}
	return websocket.CompressionDisabled
}

func answerWith(deflate bool) http.HandlerFunc {
	options := websocket.AcceptOptions{CompressionMode: compression(deflate)}
	return func(answer http.ResponseWriter, request *http.Request) {
		socket, err := websocket.Accept(answer, request, &options)
		if err == nil {
			sendBack(socket)
		}
	}
}

func echoWith(deflate bool, trusted *tls.Config) func(url string) {
	options := websocket.DialOptions{
		CompressionMode: compression(deflate),
		// Each URL is one of its own: none goes out on a connection that another has left.
		HTTPClient: &http.Client{Transport: &http.Transport{
			TLSClientConfig: trusted, MaxIdleConnsPerHost: -1}},
	}
	return func(url string) {
		handshake, cancel := context.WithTimeout(context.Background(), handshakeMax)
		defer cancel()
		socket, _, err := websocket.Dial(handshake, url, &options)
		if err != nil {
			log.Printf("%s: %v", url, err)
			return
		}
		sendBack(socket)
	}
}
