// SPDX-License-Identifier: MIT

// Go's own servers, one for each setup of a JSON list on stdin; they end with stdin.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"os"
)

type setup struct {
	Address, Certificate, Key, ClientCA, OnlyName string
	Plain, NoTickets, NoCertificate               bool
	Versions                                      []uint16
	Ciphers, ALPN                                 []string
	Staple                                        []byte
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func ciphersOf(names []string) (ids []uint16) {
	for _, suite := range append(tls.CipherSuites(), tls.InsecureCipherSuites()...) {
		for _, name := range names {
			if suite.Name == name {
				ids = append(ids, suite.ID)
			}
		}
	}
	return ids
}

func configOf(wanted setup) *tls.Config {
	config := &tls.Config{
		MinVersion:             wanted.Versions[0],
		MaxVersion:             wanted.Versions[1],
		CipherSuites:           ciphersOf(wanted.Ciphers),
		NextProtos:             wanted.ALPN,
		SessionTicketsDisabled: wanted.NoTickets,
	}
	if wanted.NoCertificate {
		config.GetCertificate = func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return nil, nil }
		return config
	}
	pair, err := tls.LoadX509KeyPair(wanted.Certificate, wanted.Key)
	must(err)
	pair.OCSPStaple = wanted.Staple
	config.Certificates = []tls.Certificate{pair}
	if wanted.OnlyName != "" {
		config.Certificates = nil
		config.GetCertificate = func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
			if hello.ServerName != "" && hello.ServerName != wanted.OnlyName {
				return nil, errors.New("no certificate for " + hello.ServerName)
			}
			return &pair, nil
		}
	}
	if wanted.ClientCA != "" {
		pem, err := os.ReadFile(wanted.ClientCA)
		must(err)
		config.ClientCAs = x509.NewCertPool()
		config.ClientCAs.AppendCertsFromPEM(pem)
		config.ClientAuth = tls.RequireAndVerifyClientCert
	}
	return config
}

func main() {
	var all []setup
	must(json.NewDecoder(os.Stdin).Decode(&all))
	handler := http.HandlerFunc(func(answer http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(answer, "hello\n")
	})
	for _, wanted := range all {
		listener, err := net.Listen("tcp", wanted.Address)
		must(err)
		if !wanted.Plain {
			listener = tls.NewListener(listener, configOf(wanted))
		}
		go func() { must(http.Serve(listener, handler)) }()
	}
	_, _ = io.Copy(io.Discard, os.Stdin)
}
