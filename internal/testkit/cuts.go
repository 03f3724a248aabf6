package testkit

import (
	"io"
	"net"
	"net/url"
	"sync"
	"testing"
)

// Cuts are connections to servers that go through this process, which can cut them
// as a network does: both ends find out by themselves.
type Cuts struct {
	mu    sync.Mutex
	conns []net.Conn
}

// Front listens before the server of a URL until the test ends, and returns the URL
// that leads there.
func (c *Cuts) Front(t testing.TB, text string) string {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	behind := u.Host
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close(); c.Cut(true) })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("tcp", behind)
			if err != nil {
				_ = conn.Close()
				continue
			}
			c.mu.Lock()
			c.conns = append(c.conns, conn, server)
			c.mu.Unlock()
			through := func(to, from net.Conn) { _, _ = io.Copy(to, from); _ = to.Close(); _ = from.Close() }
			go through(conn, server)
			go through(server, conn)
		}
	}()
	u.Host = l.Addr().String()
	return u.String()
}

// Cut cuts all connections, or every third.
func (c *Cuts) Cut(all bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, conn := range c.conns {
		if all || (i/2)%3 == 0 {
			_ = conn.Close()
		}
	}
	if all {
		c.conns = nil
	}
}
