package accesslog

import (
	"strconv"
	"time"
)

// Entry is one request as the log tells it.
type Entry struct {
	// Kind is http, https, h2, ws, wss or grpcs; Front the proxy's name.
	Kind, Front string
	// Begun is when the head of the request was read, Ended when the answer was
	// given. Client and Endpoint are ADDRESS:PORT, "" for none.
	Begun, Ended     time.Time
	Client, Endpoint string
	// Before is until the request was sent, Waited until the answer's head came,
	// After until it went on; negative where it did not come to that.
	Before, Waited, After time.Duration
	// Status went to the user, SideStatus came from the side; 0 for none.
	Status, SideStatus int
	BytesIn, BytesOut  int64
	// URL is the whole one, with scheme, host and port.
	Method, URL, Protocol string
	UserAgent             string
	Cipher, TLSVersion    string
	// Side and Route say where it went and why; Trace is the trace header.
	Side, Route, Trace, ServerName string
	// Reason says why the proxy gave an answer of its own.
	Reason string
}

// none stands for a value that is not there.
const none = "-"

// append writes the fields in the order of the published table, up to the
// classification; positions are all that readers go by.
func (e *Entry) append(b []byte) []byte {
	b = append(b, e.Kind...)
	b = stamp(append(b, ' '), e.Ended)
	b = word(b, e.Front)
	b = word(b, e.Client)
	b = word(b, e.Endpoint)
	for _, d := range []time.Duration{e.Before, e.Waited, e.After} {
		b = seconds(append(b, ' '), d)
	}
	b = status(b, e.Status)
	b = status(b, e.SideStatus)
	b = strconv.AppendInt(append(b, ' '), e.BytesIn, 10)
	b = strconv.AppendInt(append(b, ' '), e.BytesOut, 10)
	b = append(b, ' ', '"')
	b = escape(b, e.Method)
	b = escape(append(b, ' '), e.URL)
	b = append(escape(append(b, ' '), e.Protocol), '"')
	b = quoted(b, e.UserAgent)
	b = word(b, e.Cipher)
	b = word(b, e.TLSVersion)
	b = word(b, e.Side)
	b = quoted(b, e.Trace)
	b = quoted(b, e.ServerName)
	b = quoted(b, "") // the certificate that was chosen
	b = append(b, " 0 "...)
	b = stamp(b, e.Begun)
	b = quoted(b, "forward:"+e.Route)
	b = quoted(b, "") // where a redirect leads
	b = quoted(b, e.Reason)
	b = quoted(b, e.Endpoint)
	b = append(b, ' ', '"')
	b = append(status(b, e.SideStatus), '"')
	b = quoted(b, "") // how the request was classified
	b = quoted(b, "") // and why
	return append(b, '\n')
}

func stamp(b []byte, t time.Time) []byte {
	return t.UTC().AppendFormat(b, "2006-01-02T15:04:05.000000Z")
}

// seconds writes -1 for a part that never was.
func seconds(b []byte, d time.Duration) []byte {
	if d < 0 {
		return append(b, "-1"...)
	}
	return strconv.AppendFloat(b, d.Seconds(), 'f', 6, 64)
}

func status(b []byte, code int) []byte {
	if len(b) > 0 && b[len(b)-1] != '"' {
		b = append(b, ' ')
	}
	if code == 0 {
		return append(b, none...)
	}
	return strconv.AppendInt(b, int64(code), 10)
}

func word(b []byte, s string) []byte {
	b = append(b, ' ')
	if s == "" {
		return append(b, none...)
	}
	start := len(b)
	b = escape(b, s)
	for i := start; i < len(b); i++ {
		if b[i] == ' ' {
			b[i] = '_'
		}
	}
	return b
}

func quoted(b []byte, s string) []byte {
	b = append(b, ' ', '"')
	if s == "" {
		b = append(b, none...)
	}
	return append(escape(b, s), '"')
}

// longest bounds a value that a client chose.
const longest = 8 << 10

// escape keeps what a client sent from ending a field or a line: quotes and
// backslashes get a backslash, control characters and all outside ASCII become \xNN.
func escape(b []byte, s string) []byte {
	const digits = "0123456789abcdef"
	for i := 0; i < min(len(s), longest); i++ {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c < ' ' || c >= 0x7f:
			b = append(b, '\\', 'x', digits[c>>4], digits[c&15])
		default:
			b = append(b, c)
		}
	}
	return b
}
