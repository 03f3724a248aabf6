package accesslog

import (
	"fmt"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"bufio"

	"example.com/landfall/examples/bookshop/internal/trouble"
)

// Entry is one answered request.
type Entry struct {
	Finished      time.Time
	Began         time.Time
	Balancer      string // "app/bookshop/..."; here the instance
	Client        netip.AddrPort
	Target        netip.AddrPort
	Seconds       float64 // from the request's head to the answer's last byte
	Status        int
	ReceivedBytes int64
	SentBytes     int64
	Method        string
	URL           string // absolute
	Protocol      string // "HTTP/1.1"
	UserAgent     string
	TraceID       string // the value of X-Amzn-Trace-Id, may be empty
	Host          string
}

// Line returns the entry as one line without its end.
func (e Entry) Line() string {
	const layout = "2006-01-02T15:04:05.000000Z"
	request := quote(e.Method + " " + e.URL + " " + e.Protocol)
	target := "-"
	if e.Target.IsValid() {
		target = e.Target.String()
	}
	client := "-"
	if e.Client.IsValid() {
		client = e.Client.String()
	}
	return strings.Join([]string{
		"http", e.Finished.UTC().Format(layout), e.Balancer, client, target,
		// The load balancer splits the time into waiting, target and sending;
		// a server sees the middle one only.
		"0.000", strconv.FormatFloat(e.Seconds, 'f', 3, 64), "0.000",
		strconv.Itoa(e.Status), strconv.Itoa(e.Status),
		strconv.FormatInt(e.ReceivedBytes, 10), strconv.FormatInt(e.SentBytes, 10),
		request, quote(orDash(e.UserAgent)),
		"-", "-", "-", // ssl_cipher, ssl_protocol, target_group_arn
		quote(orDash(e.TraceID)), quote(orDash(e.Host)), quote("-"), // chosen_cert_arn
		"0", e.Began.UTC().Format(layout), quote("forward"), quote("-"), quote("-"), // redirect_url, error_reason
		quote(target), quote(strconv.Itoa(e.Status)), quote("-"), quote("-"), "-",
	}, " ")
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// quote puts a value in quotes. A quote, backslash or control byte inside is
// written as \xHH, so that a request cannot forge fields or lines.
func quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' || c == 0x7f {
			fmt.Fprintf(&b, `\x%02X`, c)
		} else {
			b.WriteByte(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// Log appends entries to a file. It is safe for concurrent use. A nil Log
// drops everything.
type Log struct {
	mu     sync.Mutex
	file   *os.File
	buffer *bufio.Writer
	err    error // the first since Open
	stop   chan struct{}
	done   chan struct{}
}

// Open opens the file for appending, and returns nil for an empty path. Lines
// reach the file at least every second.
func Open(path string) (*Log, error) {
	if path == "" {
		return nil, nil
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o640)
	if err != nil {
		return nil, trouble.Of(trouble.Usage, "open access log", path, err)
	}
	l := &Log{file: file, buffer: bufio.NewWriterSize(file, 64<<10), stop: make(chan struct{}), done: make(chan struct{})}
	go l.flushing()
	return l, nil
}

func (l *Log) flushing() {
	defer close(l.done)
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-l.stop:
			return
		case <-tick.C:
			l.mu.Lock()
			l.flush()
			l.mu.Unlock()
		}
	}
}

// flush writes what is buffered. A full disk must not stop the shop, nor the
// log for good: what could not be written is dropped, the error is kept for
// Close, and the next line is tried again.
func (l *Log) flush() {
	if err := l.buffer.Flush(); err != nil {
		if l.err == nil {
			l.err = err
		}
		l.buffer.Reset(l.file)
	}
}

// Add appends one entry.
func (l *Log) Add(e Entry) {
	if l == nil {
		return
	}
	line := e.Line()
	l.mu.Lock()
	defer l.mu.Unlock()
	_, _ = l.buffer.WriteString(line) // the error stays in the buffer, see flush
	_ = l.buffer.WriteByte('\n')
}

// Close writes what is buffered and closes the file. It returns the first
// error since Open.
func (l *Log) Close() error {
	if l == nil {
		return nil
	}
	close(l.stop)
	<-l.done
	l.mu.Lock()
	defer l.mu.Unlock()
	l.flush()
	err := l.err
	if closing := l.file.Close(); err == nil {
		err = closing
	}
	if err != nil {
		return trouble.Of(trouble.Internal, "write access log", l.file.Name(), err)
	}
	return nil
}
