package dial_test

import (
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"example.com/landfall/internal/design/connect"
	"example.com/landfall/internal/target/dial"
	"github.com/miekg/dns"
)

func port(t *testing.T, address string) int {
	t.Helper()
	_, text, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// silent takes connections and never says a word; closed is a port that
// nobody listens on.
func silent(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return port(t, l.Addr().String())
}

func closed(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	n := port(t, l.Addr().String())
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return n
}

// nameServer answers every question with "no such name", which is an answer.
func nameServer(t *testing.T) int {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &dns.Server{PacketConn: conn, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, r *dns.Msg) {
		m := new(dns.Msg)
		m.SetRcode(r, dns.RcodeNameError)
		_ = w.WriteMsg(m)
	})}
	go func() { _ = server.ActivateAndServe() }()
	t.Cleanup(func() { _ = server.Shutdown() })
	return port(t, conn.LocalAddr().String())
}

func TestTry(t *testing.T) {
	t.Parallel()
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }))
	t.Cleanup(web.Close)
	secure := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(secure.Close)
	d := dial.New(dial.Options{Now: time.Now, Timeout: 300 * time.Millisecond})
	for _, c := range []struct {
		name, host, protocol string
		port                 int
		state, detail        string
	}{
		{"tcp", "127.0.0.1", "tcp", silent(t), connect.Open, ""},
		{"refused", "127.0.0.1", "tcp", closed(t), connect.Refused, "refused"},
		{"http", "127.0.0.1", "http", port(t, web.Listener.Addr().String()), connect.Open, "418"},
		{"tls", "127.0.0.1", "https", port(t, secure.Listener.Addr().String()), connect.Open, "TLS 1.3"},
		{"no tls", "127.0.0.1", "tls", port(t, web.Listener.Addr().String()), connect.Broken, "tls"},
		{"silence", "127.0.0.1", "http", silent(t), connect.Broken, "deadline"},
		{"no name", "nothing.invalid", "tcp", 80, connect.NoName, ""},
		{"dns", "127.0.0.1", "dns", nameServer(t), connect.Open, ""},
		{"no address", "", "tcp", 80, connect.NotTried, "not known"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := d.Try(t.Context(), connect.Check{ID: c.name, To: connect.End{Host: c.host, Name: "x"}, Port: c.port, Protocol: c.protocol})
			if got.ID != c.name || got.State != c.state || !strings.Contains(got.Detail, c.detail) {
				t.Errorf("got %+v", got)
			}
		})
	}
}
