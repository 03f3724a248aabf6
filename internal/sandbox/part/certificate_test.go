package part_test

import (
	"net"
	"strconv"
	"testing"
	"time"

	"example.com/landfall/internal/sandbox/cert"
)

func itoa(n int) string { return strconv.Itoa(n) }

// certificate returns one for 127.0.0.1, with its key.
func certificate(t *testing.T) (certificate, key []byte) {
	t.Helper()
	authority, err := cert.New("test", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	pair, err := authority.Server(nil, []net.IP{net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	return pair.Certificate, pair.Key
}
