package weblog

import (
	"strings"
	"time"

	"example.com/landfall/internal/fault"
)

// Parser reads the lines of one file. It belongs to one goroutine; the zero
// value is ready.
type Parser struct {
	source  Source
	columns []string // of CloudFront, from #Fields
	f       fields
}

// Line reads one line into e. It returns false without an error for a line
// that is no entry: blank, a comment, a header. The strings of e share one
// copy of the line, so a caller that keeps one of them for long clones it. An error is of kind fault.Invalid (the line fits no
// format) or fault.Unsupported (a log that is known but not for this).
func (p *Parser) Line(line []byte, e *Entry) (bool, error) {
	for len(line) > 0 && (line[len(line)-1] == '\n' || line[len(line)-1] == '\r') {
		line = line[:len(line)-1]
	}
	if len(line) == 0 {
		return false, nil
	}
	if line[0] == '#' {
		p.header(string(line))
		return false, nil
	}
	text := string(line)
	if p.source != "" {
		if err := p.parse(p.source, text, e); err == nil {
			return true, nil
		}
	}
	source, err := p.recognise(text)
	if err != nil {
		return false, err
	}
	if err := p.parse(source, text, e); err != nil {
		return false, err
	}
	p.source = source
	return true, nil
}

// Source is the format of the last line that was understood, "" before.
func (p *Parser) Source() Source { return p.source }

// header takes the columns of a CloudFront log, which may come in any order
// and selection (CloudFront developer guide, "Standard log file format").
func (p *Parser) header(line string) {
	if names, ok := strings.CutPrefix(line, "#Fields:"); ok {
		p.columns = strings.Fields(names)
		if len(p.columns) > maxFields {
			p.columns = p.columns[:maxFields]
		}
	}
}

func (p *Parser) parse(s Source, line string, e *Entry) error {
	e.reset(s)
	if s == JSON {
		return e.json(line)
	}
	if s == CloudFront {
		return p.cloudFront(line, e)
	}
	p.f.cut(line)
	switch s {
	case ALB:
		return e.alb(&p.f)
	case NLB:
		return e.nlb(&p.f)
	case ClassicELB:
		return e.classic(&p.f)
	case S3:
		return e.s3(&p.f)
	}
	return e.common(&p.f)
}

// recognise tells the format by the shape of a line.
func (p *Parser) recognise(line string) (Source, error) {
	if line[0] == '{' {
		return JSON, nil
	}
	if strings.Count(line, "\t") >= 10 {
		return CloudFront, nil
	}
	f := &p.f
	f.cut(line)
	switch {
	case f.n >= 13 && albType(f.at[0]) && isTime(f.at[1]):
		return ALB, nil
	case f.n >= 18 && f.at[0] == "tls" && isTime(f.at[2]):
		return NLB, nil
	case f.n >= 12 && isTime(f.at[0]) && f.isQuoted(11):
		return ClassicELB, nil
	case f.n >= 10 && isClock(f.at[2]) && strings.Contains(f.at[6], "."):
		return S3, nil
	case commonShift(f) >= 0:
		return Common, nil
	case f.n >= 8 && isTime(f.at[0]) && !f.isQuoted(11):
		return "", fault.Newf(fault.Unsupported, "read access log: a connection log holds no requests").Hintf("give the access logs of the load balancer")
	}
	return "", broken("no access log of a known format")
}

func broken(why string) error { return fault.Newf(fault.Invalid, "read access log: %s", why) }

func albType(s string) bool {
	switch s {
	case "http", "https", "h2", "grpcs", "ws", "wss":
		return true
	}
	return false
}

// isTime reports whether s looks like 2006-01-02T15:04:05….
func isTime(s string) bool {
	return len(s) >= 19 && s[4] == '-' && s[7] == '-' && s[10] == 'T' && s[13] == ':'
}

// isClock reports whether s looks like 02/Jan/2006:15:04:05 +0000.
func isClock(s string) bool {
	return len(s) >= 20 && s[2] == '/' && s[6] == '/' && s[11] == ':'
}

// isoTime reads the times of load balancers: with or without fraction and zone.
func isoTime(s string) (time.Time, error) {
	if !isTime(s) {
		return time.Time{}, broken("the time is none")
	}
	if t, err := time.Parse(time.RFC3339Nano, s); err == nil {
		return t.UTC(), nil
	}
	t, err := time.Parse("2006-01-02T15:04:05.999999999", s)
	if err != nil {
		return time.Time{}, broken("the time is none")
	}
	return t, nil
}

// clockTime reads the times of S3 and web servers.
func clockTime(s string) (time.Time, error) {
	t, err := time.Parse("02/Jan/2006:15:04:05 -0700", s)
	if err != nil {
		if t, err = time.Parse("02/Jan/2006:15:04:05", s); err != nil {
			return time.Time{}, broken("the time is none")
		}
	}
	return t.UTC(), nil
}
