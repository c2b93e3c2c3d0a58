// SPDX-License-Identifier: MIT

// Asks for / over TLS with Go's own verification: tls_client ADDRESS NAME CA-FILE
package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"os"
)

func main() {
	pem, err := os.ReadFile(os.Args[3])
	if err != nil {
		fmt.Println(err)
		os.Exit(2)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	config := &tls.Config{ServerName: os.Args[2], RootCAs: roots}
	connection, err := tls.Dial("tcp", os.Args[1], config)
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Fprintf(connection, "GET /healthz HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", os.Args[2])
	answer, _ := io.ReadAll(connection)
	fmt.Print(string(answer))
}
