package base_test

import (
	"testing"

	"example.com/landfall/internal/move/postgres/base"
	"example.com/landfall/internal/testkit/pgworld"
)

// A database with every kind of object arrives as it was: schema, rows, sequences,
// large objects, grants.
func TestEverythingIsCopied(t *testing.T) {
	t.Parallel()
	s := pair(t)
	exec(t, s.source, pgworld.Everything(), pgworld.Rows(2000))
	o := s.options(t)
	var told base.Progress
	o.Hooks.Progress = func(p base.Progress) { told = p }
	r := s.clone(t, o)
	s.same(t)
	if !r.Done || !r.Loaded || !r.Schema || len(r.Generations) != 1 || r.Generations[0].LSN == 0 || r.Generations[0].Live {
		t.Errorf("%+v", r.State)
	}
	if r.LargeObjects != 3 || r.Rows < 5000 || r.Indexes < 40 || len(r.Tables) != len(r.Generations[0].Tables) {
		t.Errorf("%d large objects, %d rows, %d indexes, %d tables", r.LargeObjects, r.Rows, r.Indexes, len(r.Tables))
	}
	if told.Items != told.TotalItems || told.Rows != r.Rows || told.Bytes != told.TotalBytes || told.Indexes != told.TotalIndexes {
		t.Errorf("%+v", told)
	}
}
