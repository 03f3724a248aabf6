package weblog

import (
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// maxFields bounds how many fields of a line are looked at; the longest
// published format has fewer than 40.
const maxFields = 64

// fields cuts a line at spaces. A field may stand in double quotes, with
// backslash escapes inside, or in brackets (the time of S3 and web servers).
type fields struct {
	at     [maxFields]string
	quoted uint64
	n      int
}

// field returns a field, "" for one that is absent or "-".
func (f *fields) field(i int) string {
	if i >= f.n || f.at[i] == "-" {
		return ""
	}
	return f.at[i]
}

func (f *fields) isQuoted(i int) bool { return f.quoted&(1<<i) != 0 }

func (f *fields) cut(line string) {
	f.n, f.quoted = 0, 0
	for len(line) > 0 && f.n < maxFields {
		if line[0] == ' ' {
			line = line[1:]
			continue
		}
		var value string
		switch line[0] {
		case '"':
			f.quoted |= 1 << f.n
			value, line = quotedField(line[1:])
		case '[':
			value, line = bracketField(line)
		default:
			value, line, _ = strings.Cut(line, " ")
		}
		f.at[f.n] = value
		f.n++
	}
}

// quotedField returns the content up to the closing quote, and what follows.
// S3 and older web servers do not escape quotes that a client sent, so a quote
// only closes before a space or the end; and where escapes hide the end, the
// first such quote wins.
func quotedField(s string) (value, rest string) {
	escaped := false
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\':
			escaped = true
			i++
		case s[i] == '"' && (i+1 == len(s) || s[i+1] == ' '):
			return unescape(s[:i], escaped), s[i+1:]
		}
	}
	if i := strings.Index(s, `" `); i >= 0 {
		return s[:i], s[i+1:]
	}
	return strings.TrimSuffix(s, `"`), ""
}

// bracketField returns "[...]" without the brackets. Those of an IPv6 address
// with a port belong to the field.
func bracketField(s string) (value, rest string) {
	if i := strings.IndexByte(s, ']'); i >= 0 && (i+1 == len(s) || s[i+1] == ' ') {
		return s[1:i], s[i+1:]
	}
	value, rest, _ = strings.Cut(s, " ")
	return value, rest
}

// unescape undoes \" \\ and \xNN; any other backslash stays as it is.
func unescape(s string, escaped bool) string {
	if !escaped {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			b = append(b, s[i])
			continue
		}
		next := s[i+1]
		if next == '"' || next == '\\' {
			b = append(b, next)
			i++
			continue
		}
		if next == 'x' && i+3 < len(s) {
			if n, err := strconv.ParseUint(s[i+2:i+4], 16, 8); err == nil {
				b = append(b, byte(n))
				i += 3
				continue
			}
		}
		b = append(b, s[i])
	}
	return string(b)
}

// number reads a count; "" and what is no number give 0.
func number(s string) int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 {
		return 0
	}
	return n
}

// status reads an HTTP status; 0 for none.
func status(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 || n > 999 {
		return 0
	}
	return n
}

// seconds reads a duration in seconds; negative (AWS writes -1) and what is no
// number are None.
func seconds(s string) time.Duration { return scaled(s, time.Second) }

func millis(s string) time.Duration { return scaled(s, time.Millisecond) }

func scaled(s string, unit time.Duration) time.Duration {
	x, err := strconv.ParseFloat(s, 64)
	// A year bounds what a hostile line can do to sums.
	if err != nil || x < 0 || x != x || x*float64(unit) > float64(365*24*time.Hour) {
		return None
	}
	return time.Duration(x*float64(unit) + 0.5)
}

// peer drops the port of "address:port" as load balancers write it: it is
// always there, and IPv6 may come with or without brackets.
func peer(s string) string {
	if i := strings.LastIndexByte(s, ':'); i >= 0 {
		s = s[:i]
	}
	if s = strings.Trim(s, "[]"); s == "-" {
		return ""
	}
	return s
}

// address drops the port where there is one.
func address(s string) string {
	if a, err := netip.ParseAddr(strings.Trim(s, "[]")); err == nil {
		return a.String()
	}
	if strings.Contains(s, ":") {
		return peer(s)
	}
	return s
}

// request reads "METHOD URL VERSION" into e. Load balancers write whole URLs,
// servers only paths; "- http://host:80- -" is a request that never came.
func (e *Entry) request(s string) {
	method, rest, ok := strings.Cut(s, " ")
	if !ok {
		return
	}
	if method != "-" {
		e.Method = method
	}
	url := rest
	if i := strings.LastIndexByte(rest, ' '); i >= 0 {
		url = rest[:i]
	}
	e.url(url)
}

func (e *Entry) url(url string) {
	if scheme, rest, ok := strings.Cut(url, "://"); ok && !strings.ContainsAny(scheme, "/?") {
		e.Scheme = strings.ToLower(scheme)
		slash := strings.IndexAny(rest, "/?")
		host := rest
		url = ""
		if slash >= 0 {
			host, url = rest[:slash], rest[slash:]
		}
		e.host(strings.TrimSuffix(host, "-"))
	}
	e.Path, e.Query, _ = strings.Cut(url, "?")
}

// host reads "name", "name:port" or "[v6]:port".
func (e *Entry) host(s string) {
	name, port := s, ""
	if i := strings.LastIndexByte(s, ':'); i >= 0 && !strings.HasSuffix(s, "]") && (strings.Count(s, ":") == 1 || strings.HasPrefix(s, "[")) {
		name, port = s[:i], s[i+1:]
	}
	name = strings.Trim(name, "[]")
	if name != "-" {
		e.Host = strings.ToLower(strings.TrimSuffix(name, "."))
	}
	if n, err := strconv.ParseUint(port, 10, 16); err == nil {
		e.Port = int(n)
	}
}

// defaultPort fills in the port from the scheme.
func (e *Entry) defaultPort() {
	if e.Port != 0 {
		return
	}
	switch e.Scheme {
	case "https", "wss", "h2", "grpcs":
		e.Port = 443
	case "http", "ws":
		e.Port = 80
	}
}

// took sums up the parts, when all are known.
func (e *Entry) took() {
	if e.RequestTime >= 0 && e.TargetTime >= 0 && e.ResponseTime >= 0 {
		e.Took = e.RequestTime + e.TargetTime + e.ResponseTime
	}
}
