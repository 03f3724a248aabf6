package objectkit

import (
	"net"
	"net/http"
	"testing"
	"time"
)

// Serve starts a handler on loopback until the test ends and returns its URL.
func Serve(t testing.TB, h http.Handler) string {
	t.Helper()
	url, stop, err := Listen(h)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	return url
}

// Listen starts a handler on loopback, for a process that is no test.
func Listen(h http.Handler) (url string, stop func(), err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	server := &http.Server{Handler: h, ReadHeaderTimeout: time.Minute}
	go server.Serve(listener) // until it is closed
	return "http://" + listener.Addr().String(), func() { server.Close() }, nil
}
