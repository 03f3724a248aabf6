package cloudtrail

import (
	"bytes"
	"context"
	"path"
	"strings"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/records"
)

// maxRecord bounds one record. CloudTrail's own limit is 256 KB; documents of
// other services may wrap many records in one object.
const maxRecord = 64 << 20

// stream reads the records of one file as they come.
type stream struct {
	d       *decoder
	c       *records.Content
	s       scanner
	handle  func(*Event) bool
	lists   int  // lists that we are inside of
	rows    bool // of a query of Lake: lists of objects with one field each
	insight int64
	other   int64
	stopped bool
}

// Read calls handle for each record of a file, which may be in any of the
// forms of the package comment. The event is valid during the call; handle
// returns whether it counts. Digest and Insight files are skipped by name or
// content, and Result.Skipped says so.
func Read(ctx context.Context, c *records.Content, handle func(*Event) bool) error {
	return newDecoder().read(ctx, c, handle)
}

// Reader reads file after file with one decoder: what it remembers from one
// helps with the next. It belongs to one goroutine.
type Reader struct{ d *decoder }

// NewReader returns a reader.
func NewReader() *Reader { return &Reader{newDecoder()} }

// Read is the function Read.
func (r *Reader) Read(ctx context.Context, c *records.Content, handle func(*Event) bool) error {
	return r.d.read(ctx, c, handle)
}

func (d *decoder) read(ctx context.Context, c *records.Content, handle func(*Event) bool) error {
	if why := otherFile(c.Name); why != "" {
		c.Result.Skipped = why
		return nil
	}
	head := bytes.TrimLeft(c.Peek(4096), " \t\r\n")
	if len(head) == 0 {
		return nil
	}
	if head[0] != '{' && head[0] != '[' {
		return d.csv(ctx, c, handle)
	}
	st := &stream{d: d, c: c, handle: handle}
	if err := st.run(ctx); err != nil {
		return err
	}
	switch {
	case c.Result.Entries > 0 || c.Result.Broken > 0 || c.Result.Truncated != "":
	case st.insight > 0:
		c.Result.Skipped = "Insight events, which name no principal"
	case d.digest:
		c.Result.Skipped = "digest file, which holds no events"
	case st.other > 0:
		return fault.Newf(fault.Invalid, "read CloudTrail log: JSON without CloudTrail records")
	}
	return nil
}

// otherFile tells files that CloudTrail delivers beside its logs by their
// folder and name (CloudTrail user guide, "CloudTrail digest file structure").
func otherFile(name string) string {
	switch base := path.Base(name); {
	case strings.Contains(base, "_CloudTrail-Digest_"):
		return "digest file, which holds no events"
	case strings.Contains(base, "_CloudTrail-Insight_"):
		return "Insight events, which name no principal"
	}
	return ""
}

func (st *stream) run(ctx context.Context) error {
	for n := 0; !st.stopped; n++ {
		if n&0x3ff == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		st.s = scanner{b: st.c.Window()}
		switch c := st.s.space(); c {
		case 0:
			st.c.Use(st.s.i)
			if !st.c.More() {
				st.end()
				return nil
			}
		case ',', ']', '}':
			st.close(c)
		case '[':
			if st.rows && st.lists == 1 {
				st.row()
				continue
			}
			st.lists++
			st.s.i++
			st.c.Use(st.s.i)
		case '{':
			st.c.Use(st.s.i)
			st.object()
		default:
			st.stray()
		}
	}
	return nil
}

// close takes punctuation between records. Behind a list of records, the other
// members of its document follow; they are stepped over.
func (st *stream) close(c byte) {
	st.s.i++
	if c == ']' && st.lists > 0 {
		st.lists--
	}
	st.c.Use(st.s.i)
}

func (st *stream) end() {
	if st.lists > 0 && st.c.Result.Truncated == "" {
		st.c.Result.Truncated = "the JSON ends too early"
	}
}

// object takes the object that the window begins with.
func (st *stream) object() {
	for {
		st.s = scanner{b: st.c.Window()}
		st.d.reset()
		list, v := st.members()
		switch {
		case v == wrong:
			st.broken("a record that is no JSON")
			return
		case v == short:
			if st.more() {
				continue
			}
			return
		case list:
			// A list of records began: they are read one by one.
			st.lists++
			st.c.Use(st.s.i)
			return
		}
		// The record's bytes stay valid: nothing is read while it is handled.
		used := st.s.i
		st.record()
		st.c.Use(used)
		return
	}
}

// more makes the window longer, and says when that is not possible.
func (st *stream) more() bool {
	if len(st.c.Window()) > maxRecord {
		st.c.Result.Bad(st.c.Result.Lines+1, fault.Newf(fault.Invalid, "read CloudTrail log: a record longer than %d bytes", maxRecord))
		st.stopped = true
		return false
	}
	if st.c.More() {
		return true
	}
	if st.c.Result.Truncated == "" {
		st.c.Result.Truncated = "the JSON ends inside a record"
	}
	st.stopped = true
	return false
}

// members reads a record, or the beginning of a document that wraps records in
// a list (list is true, and the scanner stands behind its bracket).
func (st *stream) members() (list bool, v verdict) {
	s := &st.s
	v = s.members(func(name []byte) (bool, verdict) {
		switch string(name) {
		case "Records", "Events", "events", "logEvents", "QueryResultRows":
			if s.space() == '[' {
				st.rows = string(name) == "QueryResultRows"
				s.i++
				list = true
				return true, fine
			}
		case "CloudTrailEvent", "message", "detail", "@message":
			return false, st.inner()
		}
		return false, st.d.member(s, name)
	})
	return list, v
}

// row takes a row of GetQueryResults: [{"eventID": "…"}, {"eventTime": "…"}].
func (st *stream) row() {
	var columns, values []string
	for {
		st.s = scanner{b: st.c.Window()}
		s := &st.s
		columns, values = columns[:0], values[:0]
		v := s.items(func() verdict {
			return s.members(func(name []byte) (bool, verdict) {
				b, v := s.value()
				columns, values = append(columns, canonical(string(name))), append(values, string(b))
				return false, v
			})
		})
		if v == short {
			if st.more() {
				continue
			}
			return
		}
		if v == wrong {
			st.broken("a row that is no JSON")
			return
		}
		break
	}
	used := st.s.i
	st.d.reset()
	st.d.row(columns, values)
	st.record()
	st.c.Use(used)
}

// inner takes a record inside a member: as text (LookupEvents, CloudWatch
// Logs) or as an object (EventBridge).
func (st *stream) inner() verdict {
	s := &st.s
	switch s.space() {
	case '"':
		b, v := s.value()
		if v != fine || len(b) == 0 || b[0] != '{' {
			return v
		}
		text := scanner{b: b}
		st.d.reset() // what the wrapper says is in the record as well, and better
		if inside := text.members(func(name []byte) (bool, verdict) { return false, st.d.member(&text, name) }); inside != fine {
			st.c.Result.Bad(st.c.Result.Lines+1, fault.Newf(fault.Invalid, "read CloudTrail log: a record inside an event is no JSON"))
			st.d.reset()
		}
		return fine
	case '{':
		return s.members(func(name []byte) (bool, verdict) { return false, st.d.member(s, name) })
	}
	return s.skip()
}

func (st *stream) record() {
	d := st.d
	st.c.Result.Lines++
	if d.e.Category == "Insight" || d.e.Type == "AwsCloudTrailInsight" {
		st.insight++
		return
	}
	if d.fields == 0 {
		if st.lists > 0 && !d.digest {
			st.c.Result.Bad(st.c.Result.Lines, fault.Newf(fault.Invalid, "read CloudTrail log: an object without the fields of a record"))
			return
		}
		st.other++
		return
	}
	if !d.finish() {
		st.c.Result.Bad(st.c.Result.Lines, fault.Newf(fault.Invalid, "read CloudTrail log: a record without time, source or name"))
		return
	}
	if st.handle(&d.e) {
		st.c.Result.Entries++
	}
}

// stray takes what stands between records and is none: members behind a list,
// or garbage.
func (st *stream) stray() {
	if st.s.b[st.s.i] == '"' {
		start := st.s.i
		v := st.pair()
		if v == fine {
			st.c.Use(st.s.i)
			return
		}
		st.c.Use(start)
		if v == short {
			if !st.more() {
				st.stopped = true
			}
			return
		}
	}
	st.broken("text that is no JSON")
}

// pair steps over `"name": value`; a value that is a list may hold records.
func (st *stream) pair() verdict {
	s := &st.s
	if _, _, v := s.text(); v != fine {
		return v
	}
	switch s.space() {
	case 0:
		return short
	case ':':
		s.i++
	default:
		return wrong
	}
	return s.skip()
}

// broken counts something unreadable and goes on at the next record, which
// begins on a new line or with the field that CloudTrail writes first.
func (st *stream) broken(what string) {
	st.c.Result.Lines++
	st.c.Result.Bad(st.c.Result.Lines, fault.Newf(fault.Invalid, "read CloudTrail log: %s", what))
	for {
		w := st.c.Window()
		if next := restart(w); next > 0 {
			st.c.Use(next)
			return
		}
		// The beginning of the mark may stand at the end of the window.
		st.c.Use(max(len(w)-len(mark), 1))
		if !st.c.More() {
			st.stopped = true
			return
		}
	}
}

const mark = `{"eventVersion"`

// restart finds where to go on, 0 for nowhere.
func restart(w []byte) int {
	if len(w) < 2 {
		return 0
	}
	next := bytes.Index(w[1:], []byte(mark))
	line := bytes.Index(w[1:], []byte("\n{"))
	switch {
	case next < 0 && line < 0:
		// Tools that order the fields put others first. Inside of a record this
		// may find no record, which then is one more broken piece.
		if i := bytes.Index(w[1:], []byte(`},{"`)); i >= 0 {
			return i + 3
		}
		return 0
	case next < 0 || line >= 0 && line < next:
		return line + 2
	}
	return next + 1
}
