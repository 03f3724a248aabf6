package flowlog

import (
	"bytes"
	"context"
	"encoding/json"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/records"
)

// read takes one file, whatever form it has.
func (r *reader) read(ctx context.Context, c *records.Content) error {
	r.use(nil)
	r.log = uint16(r.c.register.number(logOf(c.Name)))
	if r.c.o.Format != nil {
		if format := r.c.o.Format(c.Name); format != "" {
			r.use(layoutOf(format, r.c.known))
		}
	}
	head := c.Peek(64)
	switch trimmed := bytes.TrimLeft(head, " \t\r\n"); {
	case bytes.HasPrefix(head, []byte("PAR1")):
		return r.parquet(ctx, c)
	case bytes.HasPrefix(trimmed, []byte("{")), bytes.HasPrefix(trimmed, []byte("[")):
		return r.events(ctx, c)
	}
	return r.text(ctx, c)
}

// text takes a file of lines. The header stands first in a file of S3, but it
// may be repeated where people put files together, or missing.
func (r *reader) text(ctx context.Context, c *records.Content) error {
	for {
		line, ok := c.Next()
		if !ok {
			return nil
		}
		if c.Line()&0xfff == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		entry, err := r.any(line)
		if err != nil {
			c.Bad(err)
			continue
		}
		if entry {
			c.Result.Entries++
		}
	}
}

// any takes a line: a header, a record, a record behind the time of a
// CloudWatch Logs export, or a blank.
func (r *reader) any(line []byte) (bool, error) {
	line = exported(bytes.TrimSpace(line))
	if len(line) == 0 {
		return false, nil
	}
	if isHeader(line, r.c.known) {
		l := layoutOf(string(line), r.c.known)
		if l == nil || !l.enough() {
			r.use(nil)
			return false, fault.Newf(fault.Invalid, "read flow log: the header names no addresses and ports")
		}
		r.use(l)
		return false, nil
	}
	if r.layout == nil {
		if r.use(defaultLayout(string(line), r.c.known)); r.layout == nil {
			return false, fault.Newf(fault.Invalid, "read flow log: no header, and the line is in no published format").
				Hintf("put the flow log's field names in front, or give the inventory that has its LogFormat")
		}
	}
	return r.line(line)
}

// isHeader reports whether a line begins with the name of a field. Values
// never do: they are numbers, "-", addresses, ids and words in upper case.
func isHeader(line []byte, known map[string]field) bool {
	first := line[0]
	if first != '"' && first != '$' && (first < 'a' || first > 'z') {
		return false
	}
	end := bytes.IndexAny(line, " ,\t")
	if end < 0 {
		return false
	}
	if bytes.HasPrefix(line, []byte("eni-")) || bytes.HasPrefix(line, []byte("vpc-0")) {
		return false
	}
	_, ok := known[normal(string(line[:end]))]
	return ok
}

// exported takes the time off a line of a CloudWatch Logs export to S3:
// "2026-01-02T03:04:05.000Z 2 1234…".
func exported(line []byte) []byte {
	if len(line) > 25 && line[4] == '-' && line[7] == '-' && line[10] == 'T' && line[13] == ':' {
		if i := bytes.IndexByte(line, ' '); i >= 19 && i <= 35 {
			return bytes.TrimLeft(line[i+1:], " ")
		}
	}
	return line
}

// logEvent is an event of CloudWatch Logs, as GetLogEvents, FilterLogEvents and
// subscriptions give it.
type logEvent struct {
	Message string `json:"message"`
}

// events takes JSON of CloudWatch Logs: answers of the API ("events"), data of
// subscriptions ("logEvents"), a list of events, or one event per line. The
// documents may follow each other.
func (r *reader) events(ctx context.Context, c *records.Content) error {
	d := json.NewDecoder(c)
	seen := false
	for ctx.Err() == nil {
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			return r.eventsEnd(c, err, seen)
		}
		list, err := eventsOf(raw)
		if err != nil {
			c.Result.Bad(c.Result.Lines+1, err)
			continue
		}
		seen = true
		for _, e := range list {
			c.Result.Lines++
			entry, err := r.any([]byte(e.Message))
			if err != nil {
				c.Result.Bad(c.Result.Lines, err)
				continue
			}
			if entry {
				c.Result.Entries++
			}
		}
	}
	return ctx.Err()
}

func (r *reader) eventsEnd(c *records.Content, err error, seen bool) error {
	switch {
	case err.Error() == "EOF":
		return nil
	case seen:
		c.Result.Bad(c.Result.Lines+1, fault.Newf(fault.Invalid, "read flow log: the JSON ends or breaks here"))
		return nil
	}
	return fault.Newf(fault.Invalid, "read flow log: JSON that is cut off or broken")
}

func eventsOf(raw json.RawMessage) ([]logEvent, error) {
	if len(raw) > 0 && raw[0] == '[' {
		var list []logEvent
		if err := json.Unmarshal(raw, &list); err != nil {
			return nil, fault.Newf(fault.Invalid, "read flow log: a list of something else than log events")
		}
		return list, nil
	}
	var one struct {
		Message   string     `json:"message"`
		Events    []logEvent `json:"events"`
		LogEvents []logEvent `json:"logEvents"`
		Type      string     `json:"messageType"`
	}
	if err := json.Unmarshal(raw, &one); err != nil {
		return nil, fault.Newf(fault.Invalid, "read flow log: JSON of something else than log events")
	}
	list := append(one.Events, one.LogEvents...)
	if one.Message != "" {
		list = append(list, logEvent{one.Message})
	}
	if len(list) == 0 && one.Type != "CONTROL_MESSAGE" && one.Events == nil && one.LogEvents == nil {
		return nil, fault.Newf(fault.Invalid, "read flow log: a JSON object without log events")
	}
	return list, nil
}
