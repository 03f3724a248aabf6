package weblog

import (
	"net/url"
	"strings"
	"time"
)

// s3 reads an entry of an S3 server access log (Amazon S3 user guide, "Amazon
// S3 server access log format"). Later years added fields at the end.
func (e *Entry) s3(f *fields) error {
	if f.n < 10 {
		return broken("too few fields for an S3 server access log")
	}
	t, err := clockTime(f.at[2])
	if err != nil {
		return err
	}
	e.Time, e.Front, e.Client, e.Principal, e.Operation = t, f.field(1), f.field(3), f.field(4), f.field(6)
	if r := f.field(8); r != "" {
		e.request(r)
	}
	e.Status, e.Reason, e.BytesOut = status(f.field(9)), f.field(10), number(f.field(11))
	total, turn := millis(f.field(13)), millis(f.field(14))
	e.Took, e.TargetTime = total, turn
	if total >= 0 && turn >= 0 && total >= turn {
		e.ResponseTime = total - turn
	}
	e.UserAgent = f.field(16)
	e.host(f.field(22))
	if f.field(20) != "" {
		e.Scheme = "https"
	} else if f.n > 20 {
		e.Scheme = "http"
	}
	e.defaultPort()
	return nil
}

// commonShift tells where the client stands in a line of a web server: at 0,
// or at 1 behind the name of a virtual host; -1 when it is no such line.
func commonShift(f *fields) int {
	for shift := range 2 {
		if f.n >= shift+6 && isClock(f.at[3+shift]) && f.isQuoted(4+shift) {
			return shift
		}
	}
	return -1
}

// common reads "client ident user [time] "request" status bytes", and the
// referrer and agent of the combined form.
func (e *Entry) common(f *fields) error {
	at := commonShift(f)
	if at < 0 {
		return broken("no line of a web server")
	}
	t, err := clockTime(f.at[3+at])
	if err != nil {
		return err
	}
	e.Time, e.Client = t, f.field(at)
	if at == 1 {
		e.host(f.field(0))
		e.Front = e.Host
	}
	if r := f.field(4 + at); r != "" {
		e.request(r)
	}
	e.Status, e.BytesOut, e.UserAgent = status(f.field(5+at)), number(f.field(6+at)), f.field(8+at)
	e.defaultPort()
	return nil
}

// cloudFrontColumns is the order of the standard log, used where a file lost
// its #Fields line.
const cloudFrontColumns = "date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status cs(Referer) cs(User-Agent) cs-uri-query cs(Cookie) " +
	"x-edge-result-type x-edge-request-id x-host-header cs-protocol cs-bytes time-taken x-forwarded-for ssl-protocol ssl-cipher x-edge-response-result-type " +
	"cs-protocol-version fle-status fle-encrypted-fields c-port time-to-first-byte x-edge-detailed-result-type sc-content-type sc-content-len sc-range-start sc-range-end"

// cloudFront reads a tab-separated entry by the names of the columns.
func (p *Parser) cloudFront(line string, e *Entry) error {
	if p.columns == nil {
		p.columns = strings.Fields(cloudFrontColumns)
	}
	var date, clock string
	seen := 0
	for _, name := range p.columns {
		value, rest, more := strings.Cut(line, "\t")
		switch name {
		case "date":
			date = value
		case "time":
			clock = value
		default:
			if value != "-" {
				e.edge(name, value)
			}
		}
		seen++
		if !more {
			break
		}
		line = rest
	}
	if date != "" {
		t, err := time.Parse("2006-01-02 15:04:05", date+" "+clock)
		if err != nil {
			return broken("the time is none")
		}
		e.Time = t
	}
	if e.Time.IsZero() || seen < 5 {
		return broken("no entry of CloudFront under these #Fields")
	}
	e.edgeDone()
	return nil
}

// edge takes one field of CloudFront by its name; the names of the tab
// separated and of the JSON form are the same.
func (e *Entry) edge(name, value string) {
	switch strings.ToLower(name) {
	case "timestamp":
		e.Time = epoch(value)
	case "timestamp(ms)":
		e.Time = epoch(value)
	case "sc-bytes":
		e.BytesOut = number(value)
	case "cs-bytes":
		e.BytesIn = number(value)
	case "c-ip":
		e.Client = value
	case "cs-method":
		e.Method = value
	case "cs(host)": // the distribution's own name; x-host-header is what was asked
		e.Front = value
		if e.Host == "" {
			e.host(value)
		}
	case "distributionid":
		if e.Front == "" {
			e.Front = value
		}
	case "x-host-header":
		e.host(value)
	case "cs-uri-stem":
		e.Path = value
	case "cs-uri-query":
		e.Query = value
	case "sc-status":
		e.Status = status(value)
	case "cs(user-agent)":
		e.UserAgent = value
		if plain, err := url.PathUnescape(value); err == nil {
			e.UserAgent = plain
		}
	case "cs-protocol":
		e.Scheme = value
	case "time-taken":
		e.Took = seconds(value)
	case "time-to-first-byte":
		e.RequestTime = seconds(value)
	case "origin-fbl":
		e.TargetTime = seconds(value)
	case "x-edge-result-type":
		e.Operation = value
	case "x-edge-detailed-result-type":
		e.Reason = value
	}
}

// edgeDone settles what depends on several fields. What CloudFront calls the
// time to first byte is until its answer began, which is the target's time
// only where the log does not know the origin's.
func (e *Entry) edgeDone() {
	first := e.RequestTime
	e.RequestTime = None
	if e.TargetTime < 0 {
		e.TargetTime = first
	}
	if first >= 0 && e.Took >= first {
		e.ResponseTime = e.Took - first
	}
	if e.Reason == e.Operation {
		e.Reason = ""
	}
	e.defaultPort()
}

// epoch reads seconds, or milliseconds, since 1970.
func epoch(s string) time.Time {
	n := number(s)
	switch {
	case n > 1e17: // nanoseconds
		return time.Unix(0, n).UTC()
	case n > 1e14:
		return time.UnixMicro(n).UTC()
	case n > 1e11:
		return time.UnixMilli(n).UTC()
	case n > 0:
		return time.Unix(n, 0).UTC()
	}
	return time.Time{}
}
