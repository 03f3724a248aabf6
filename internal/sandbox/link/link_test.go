package link_test

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
	"time"

	"example.com/landfall/internal/sandbox/link"
)

// echo is a part that sends back what it gets.
func echo(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				_, _ = io.Copy(conn, conn)
			}()
		}
	}()
	return listener.Addr().String()
}

func open(t *testing.T) *link.Link {
	t.Helper()
	l, err := link.New(echo(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	return l
}

// call sends text and reads as much back, within the limit.
func call(t *testing.T, address, text string, limit time.Duration) (string, time.Duration, error) {
	t.Helper()
	began := time.Now()
	conn, err := net.DialTimeout("tcp", address, limit)
	if err != nil {
		return "", time.Since(began), err
	}
	defer conn.Close()
	if err := conn.SetDeadline(began.Add(limit)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(conn, text); err != nil {
		return "", time.Since(began), err
	}
	answer := make([]byte, len(text))
	n, err := io.ReadFull(conn, answer)
	return string(answer[:n]), time.Since(began), err
}

func TestALinkWithoutFaultsPassesEverything(t *testing.T) {
	t.Parallel()
	got, _, err := call(t, open(t).Address(), "hello", 5*time.Second)
	if err != nil || got != "hello" {
		t.Fatalf("got %q, %v", got, err)
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		fault link.Fault
		check func(t *testing.T, got string, took time.Duration, err error)
	}{
		{"latency delays and delivers", link.Fault{Latency: 300 * time.Millisecond}, func(t *testing.T, got string, took time.Duration, err error) {
			if err != nil || got != "hello" || took < 300*time.Millisecond {
				t.Errorf("got %q after %s, %v", got, took, err)
			}
		}},
		{"reset is a reset", link.Fault{Reset: true}, func(t *testing.T, got string, _ time.Duration, err error) {
			if !errors.Is(err, syscall.ECONNRESET) && !errors.Is(err, io.EOF) {
				t.Errorf("got %q, %v; want a cut connection", got, err)
			}
		}},
		{"an answer is cut off", link.Fault{CloseAfterBytes: 2}, func(t *testing.T, got string, _ time.Duration, err error) {
			if got != "he" || err == nil {
				t.Errorf("got %q, %v; want the first two bytes and an error", got, err)
			}
		}},
		{"a black hole answers nothing", link.Fault{BlackHole: true}, func(t *testing.T, got string, _ time.Duration, err error) {
			if got != "" || !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("got %q, %v; want a deadline", got, err)
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			l := open(t)
			if err := l.Disturb(context.Background(), c.fault); err != nil {
				t.Fatal(err)
			}
			got, took, err := call(t, l.Address(), "hello", time.Second)
			c.check(t, got, took, err)

			if err := l.Mend(context.Background()); err != nil {
				t.Fatal(err)
			}
			if got, _, err := call(t, l.Address(), "again", 5*time.Second); err != nil || got != "again" {
				t.Errorf("after mending: got %q, %v", got, err)
			}
		})
	}
}

func TestACutLinkRefusesAndComesBackAtTheSameAddress(t *testing.T) {
	t.Parallel()
	l := open(t)
	before := l.Address()
	l.Cut()
	if got, _, err := call(t, before, "hello", time.Second); err == nil {
		t.Errorf("a cut link answered %q", got)
	}
	if err := l.Mend(context.Background()); err != nil {
		t.Fatal(err)
	}
	if l.Address() != before {
		t.Errorf("address changed from %s to %s", before, l.Address())
	}
	if got, _, err := call(t, before, "hello", 5*time.Second); err != nil || got != "hello" {
		t.Errorf("after mending: got %q, %v", got, err)
	}
}
