// SPDX-License-Identifier: MIT

// What the echo programs in Go share: roles.py says how they are called.
package main

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"strconv"
	"sync"
	"time"
)

// Neither library has a limit of its own.
const handshakeMax = 20 * time.Second

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func serve(answer http.HandlerFunc, cert, key string) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(err)
	fmt.Printf("{\"event\":\"listening\",\"address\":\"%s\"}\n", listener.Addr())
	server := &http.Server{Handler: answer}
	if cert == "-" {
		must(server.Serve(listener))
	}
	// HTTP/2 has no Upgrade.
	server.TLSNextProto = map[string]func(*http.Server, *tls.Conn, http.Handler){}
	must(server.ServeTLS(listener, cert, key))
}

func trust(file string) *tls.Config {
	if file == "-" {
		return nil
	}
	pem, err := os.ReadFile(file)
	must(err)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	return &tls.Config{RootCAs: roots}
}

func echoAll(echo func(url string), atOnce int) {
	urls := make(chan string)
	var workers sync.WaitGroup
	for i := 0; i < atOnce; i++ {
		workers.Add(1)
		go func() {
			defer workers.Done()
			for url := range urls {
				echo(url)
			}
		}()
	}
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		urls <- lines.Text()
	}
	close(urls)
	workers.Wait()
}

func main() {
	role, deflate, first, second := os.Args[1], os.Args[2] == "1", os.Args[3], os.Args[4]
	log.SetFlags(0)
	if role == "server" {
		serve(answerWith(deflate), first, second)
		return
	}
	atOnce, err := strconv.Atoi(second)
	must(err)
	echoAll(echoWith(deflate, trust(first)), atOnce)
}
