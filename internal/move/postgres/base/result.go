package base

import (
	"maps"
	"slices"
	"strings"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move/postgres/pg"
)

// result is what the run has come to.
func (b *Base) result() Result {
	r := Result{State: b.State()}
	b.mu.Lock()
	defer b.mu.Unlock()
	done := finished(b.known.notes)
	for name, t := range b.tables {
		tr := TableResult{Table: name, Moved: t.moved, Chunks: t.chunks, Text: t.Text, Frozen: t.Frozen, Again: t.Again, Error: t.fails()}
		if n, ok := done[name]; ok {
			tr.Generation = n.generation
		}
		r.Rows += t.moved.Rows
		r.Bytes += t.moved.Bytes
		r.Tables = append(r.Tables, tr)
	}
	slices.SortFunc(r.Tables, func(a, b TableResult) int { return a.Table.Compare(b.Table) })
	for _, e := range b.known.entries {
		r.Left = append(r.Left, e.lefts()...)
		if e.state == stateDone || e.state == statePartly || e.state == stateLoose {
			r.Objects++
			if e.Kind == kindIndex || e.Kind == kindConstraint {
				r.Indexes++
			}
		}
	}
	for _, t := range r.Tables {
		if t.Error != "" {
			r.Left = append(r.Left, Left{Kind: "ROWS", Name: t.Table.String(), Message: message(b.tables[t.Table].failed), Code: pg.Code(b.tables[t.Table].failed)})
		}
	}
	for _, what := range slices.Sorted(maps.Keys(b.known.done)) {
		if id, ok := strings.CutPrefix(what, objectRefused); ok {
			r.Left = append(r.Left, Left{Kind: "LARGE OBJECT", Name: id, Message: "the target had a large object of this number before, which is left alone", Code: "23505"})
		}
	}
	r.Left = append(r.Left, b.left...)
	r.LargeObjects = b.objects
	return r
}

// lefts tells what of an entry is not there.
func (e *entry) lefts() []Left {
	name := pg.Name{Schema: e.Schema, Name: e.Entry.Name}.String()
	switch {
	case e.Schema == "":
		name = e.Entry.Name
	case !relation(&e.Entry):
		name = e.Schema + "." + e.Entry.Name // a list of arguments or a table belongs to it
	}
	if e.LeftOut != "" {
		return []Left{{Kind: e.Kind, Name: name, Message: e.LeftOut}}
	}
	var out []Left
	for _, t := range e.trouble {
		out = append(out, Left{Kind: e.Kind, Name: name, Message: t.Message, Code: t.Code, SQL: t.SQL, Later: t.Later})
	}
	return out
}

// Err is nil if all is there: otherwise fault.Found, with the first thing that is
// not.
func (r Result) Err() error {
	for _, l := range r.Left {
		if !l.Later {
			return fault.Newf(fault.Found, "copy the database: %d objects could not be made on the target, the first is %s %s: %s", len(r.Left), l.Kind, l.Name, l.Message)
		}
	}
	return nil
}
