package follow

import (
	"bytes"
	"encoding/binary"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move/postgres/pg"
)

// relation is a table as the publisher describes it in the stream.
type relation struct {
	pg.Name
	columns []string
}

// change is one of the messages of a transaction that says what is written.
type change struct {
	// kind is I, U, D or T as in the stream.
	kind     byte
	relation *relation
	// values are those of an inserted row, in the order of the columns; nil is NULL.
	values []*string
}

// transaction is what a commit brings.
type transaction struct {
	commit  pg.LSN
	changes []change
	// whole says that the commit was read.
	whole bool
}

// decoder reads the messages of pgoutput, protocol version 1 (PostgreSQL manual,
// "Logical Replication Message Formats").
type decoder struct {
	relations map[uint32]*relation
	current   *transaction
	done      []transaction
}

func (d *decoder) message(m []byte) error {
	r := reader{rest: m}
	switch r.byte() {
	case 'B':
		d.current = &transaction{commit: pg.LSN(r.uint64())}
	case 'C':
		if d.current != nil {
			d.current.whole = true
			d.done = append(d.done, *d.current)
		}
		d.current = nil
	case 'R':
		d.describe(&r)
	case 'I':
		c := change{kind: 'I', relation: d.relations[r.uint32()]}
		r.byte() // N for new
		c.values = r.tuple()
		d.add(c)
	case 'U':
		d.add(change{kind: 'U', relation: d.relations[r.uint32()]})
	case 'D':
		d.add(change{kind: 'D', relation: d.relations[r.uint32()]})
	case 'T':
		n := r.uint32()
		r.byte()
		for ; n > 0 && !r.short; n-- {
			d.add(change{kind: 'T', relation: d.relations[r.uint32()]})
		}
	}
	if r.short {
		return fault.Newf(fault.Invalid, "read a message of pgoutput: it ends too early")
	}
	return nil
}

func (d *decoder) describe(r *reader) {
	id := r.uint32()
	rel := &relation{Name: pg.Name{Schema: r.text(), Name: r.text()}}
	if rel.Schema == "" {
		rel.Schema = "pg_catalog" // the stream leaves this one out
	}
	r.byte() // replica identity
	for n := r.uint16(); n > 0 && !r.short; n-- {
		r.byte() // part of the key
		rel.columns = append(rel.columns, r.text())
		r.uint64() // type and modifier
	}
	if d.relations == nil {
		d.relations = map[uint32]*relation{}
	}
	d.relations[id] = rel
}

func (d *decoder) add(c change) {
	if d.current != nil && c.relation != nil {
		d.current.changes = append(d.current.changes, c)
	}
}

// reader reads numbers and texts, and remembers that there was not enough.
type reader struct {
	rest  []byte
	short bool
}

func (r *reader) take(n int) []byte {
	if n < 0 || n > len(r.rest) {
		r.rest, r.short = nil, true
		return make([]byte, min(max(n, 0), 8))
	}
	taken := r.rest[:n]
	r.rest = r.rest[n:]
	return taken
}

func (r *reader) byte() byte     { return r.take(1)[0] }
func (r *reader) uint16() uint16 { return binary.BigEndian.Uint16(r.take(2)) }
func (r *reader) uint32() uint32 { return binary.BigEndian.Uint32(r.take(4)) }
func (r *reader) uint64() uint64 { return binary.BigEndian.Uint64(r.take(8)) }

func (r *reader) text() string {
	i := bytes.IndexByte(r.rest, 0)
	if i < 0 {
		r.take(len(r.rest) + 1)
		return ""
	}
	return string(r.take(i + 1)[:i])
}

func (r *reader) tuple() []*string {
	var values []*string
	for n := r.uint16(); n > 0 && !r.short; n-- {
		var value *string
		if r.byte() == 't' {
			text := string(r.take(int(int32(r.uint32()))))
			value = &text
		}
		values = append(values, value)
	}
	return values
}
