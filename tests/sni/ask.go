package main

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
)

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func main() {
	proxy, host, port, sni, ca := os.Args[1], os.Args[2], os.Args[3], os.Args[4], os.Args[5]
	pem, err := os.ReadFile(ca)
	check(err)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	stream, err := net.Dial("tcp", proxy)
	check(err)
	fmt.Fprintf(stream, "CONNECT %s:%s HTTP/1.1\r\nHost: %s:%s\r\n\r\n", host, port, host, port)
	response, err := http.ReadResponse(bufio.NewReaderSize(stream, 16), &http.Request{Method: "CONNECT"})
	check(err)
	if response.StatusCode != 200 {
		check(fmt.Errorf("%s", response.Status))
	}
	config := &tls.Config{RootCAs: roots, ServerName: sni}
	if sni == "-" {
		// For an address, Go names nobody, and checks the address all the same.
		config.ServerName = host
		if net.ParseIP(host) == nil {
			config.ServerName, config.InsecureSkipVerify = "", true
		}
	}
	conn := tls.Client(stream, config)
	check(conn.Handshake())
	fmt.Fprint(conn, "GET / HTTP/1.0\r\n\r\n")
	_, err = io.Copy(os.Stdout, conn)
	check(err)
}
