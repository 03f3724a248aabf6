package accesslog_test

import (
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/landfall/examples/bookshop/internal/accesslog"
)

func entry() accesslog.Entry {
	began := time.Date(2026, 11, 22, 12, 0, 0, 123456789, time.UTC)
	return accesslog.Entry{
		Began: began, Finished: began.Add(42 * time.Millisecond), Seconds: 0.042, Balancer: "app/bookshop/aws-1",
		Client: netip.MustParseAddrPort("203.0.113.9:40000"), Target: netip.MustParseAddrPort("10.0.1.5:8080"),
		Status: 200, ReceivedBytes: 12, SentBytes: 3456, Method: "GET", URL: "http://shop.example.org:80/books?page=2",
		Protocol: "HTTP/1.1", UserAgent: `Mozilla "5.0"`, TraceID: "Root=1-58337262-36d228ad5d99923122bbe354", Host: "shop.example.org",
	}
}

// The line is laid out as in the table "Access log entries" of the load
// balancer's guide: 30 fields.
func TestLine(t *testing.T) {
	t.Parallel()
	want := `http 2026-11-22T12:00:00.165456Z app/bookshop/aws-1 203.0.113.9:40000 10.0.1.5:8080 0.000 0.042 0.000 200 200 12 3456 ` +
		`"GET http://shop.example.org:80/books?page=2 HTTP/1.1" "Mozilla \x225.0\x22" - - - ` +
		`"Root=1-58337262-36d228ad5d99923122bbe354" "shop.example.org" "-" 0 2026-11-22T12:00:00.123456Z "forward" "-" "-" ` +
		`"10.0.1.5:8080" "200" "-" "-" -`
	if got := entry().Line(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if n := len(fields(want)); n != 30 {
		t.Errorf("%d fields, want 30", n)
	}
	empty := accesslog.Entry{}.Line()
	if n := len(fields(empty)); n != 30 {
		t.Errorf("an empty entry has %d fields: %s", n, empty)
	}
}

// fields splits a line at spaces outside quotes.
func fields(line string) []string {
	var all []string
	var b strings.Builder
	quoted := false
	for _, c := range line {
		switch {
		case c == '"':
			quoted = !quoted
		case c == ' ' && !quoted:
			all = append(all, b.String())
			b.Reset()
			continue
		}
		b.WriteRune(c)
	}
	return append(all, b.String())
}

// Whatever a client sends, a line stays one line of 30 fields.
func FuzzLineCannotBeForged(f *testing.F) {
	f.Add("GET", "/books\" 200 \"", "curl\n", "Root=1")
	f.Add("PUT", `/\x22`, `"\`, "")
	f.Fuzz(func(t *testing.T, method, path, agent, trace string) {
		e := entry()
		e.Method, e.URL, e.UserAgent, e.TraceID, e.Host = method, "http://h"+path, agent, trace, path
		line := e.Line()
		if got := len(fields(line)); got != 30 || strings.ContainsAny(line, "\n\r") {
			t.Errorf("%d fields in %q", got, line)
		}
	})
}

func TestLogIsAppendedAndFlushed(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "access.log")
	for range 2 {
		log, err := accesslog.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		var wait sync.WaitGroup
		for range 50 {
			wait.Go(func() { log.Add(entry()) })
		}
		wait.Wait()
		if err := log.Close(); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	if len(lines) != 100 || lines[99] != entry().Line() {
		t.Errorf("%d lines, the last %q", len(lines), lines[len(lines)-1])
	}
	none, err := accesslog.Open("")
	if none != nil || err != nil {
		t.Errorf("no path gave %v, %v", none, err)
	}
	none.Add(entry())
	if err := none.Close(); err != nil {
		t.Error(err)
	}
	if _, err := accesslog.Open(filepath.Join(path, "below-a-file")); err == nil {
		t.Error("a path below a file was opened")
	}
}
