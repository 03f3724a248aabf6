package base_test

import (
	"fmt"
	"sync"
	"testing"
)

// manySmall makes so many small tables, and one without rows and one without columns.
func manySmall(tables int) string {
	return fmt.Sprintf(`DO $$ BEGIN FOR i IN 1..%d LOOP EXECUTE format('CREATE TABLE small%%s (id int PRIMARY KEY, body text)', i); EXECUTE format('INSERT INTO small%%s SELECT g, ''x'' || g FROM generate_series(1, %%s) g', i, 1 + i %% 5);
EXECUTE format('CREATE INDEX ON small%%s (body)', i); END LOOP; END $$; CREATE TABLE nothing (id int PRIMARY KEY); CREATE TABLE columnless ();`, tables)
}

// noted counts the places that a run passes.
type noted struct {
	mu   sync.Mutex
	hits map[string]int
}

func (n *noted) point(name string) int {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.hits == nil {
		n.hits = map[string]int{}
	}
	n.hits[name]++
	return n.hits[name]
}

// Small tables go together, with their indexes and their statistics, and what
// becomes of each is told as of any other.
func TestSmallTablesGoTogether(t *testing.T) {
	t.Parallel()
	s := pair(t)
	exec(t, s.source, manySmall(70))
	o := s.options(t)
	n := &noted{}
	o.Point = func(name string) { n.point(name) }
	r := s.clone(t, o)
	s.same(t)
	if n.hits["chunk noted"] != 2 {
		t.Errorf("72 tables came in %d transactions", n.hits["chunk noted"])
	}
	if got := tableOf(t, r, "small4"); len(r.Tables) != 72 || got.Rows != 5 || got.Bytes == 0 || got.Generation != 1 || got.Chunks != 1 || r.Indexes != 141 {
		t.Errorf("%d tables, %+v, %d indexes", len(r.Tables), got, r.Indexes)
	}
	if n := one[int](t, s.target, "SELECT count(*) FROM pg_class WHERE relname LIKE 'small%' AND relkind = 'r' AND reltuples = 1 + substr(relname, 6)::int % 5"); n != 70 {
		t.Errorf("%d tables are analyzed", n)
	}
}

// One table of a group that is refused leaves the others whole.
func TestATableThatIsRefusedLeavesItsGroup(t *testing.T) {
	t.Parallel()
	s := pair(t)
	exec(t, s.source, manySmall(40), `CREATE FUNCTION never(int) RETURNS bool LANGUAGE sql AS 'SELECT current_setting(''application_name'') NOT LIKE ''landfall%'''; CREATE TABLE refused (id int CHECK (never(id))); INSERT INTO refused VALUES (1)`)
	r, err := s.copy(t, s.options(t))
	fatal(t, err)
	if len(r.Left) != 1 || r.Left[0].Kind != "ROWS" || tableOf(t, r, "refused").Error == "" {
		t.Errorf("%+v", r.Left)
	}
	exec(t, s.source, "TRUNCATE refused")
	s.same(t)
}

// A group whose last word does not arrive is there or not: the notes tell, and
// nothing comes twice.
func TestAGroupThatIsCutOffGoesOn(t *testing.T) {
	t.Parallel()
	for _, where := range []string{"chunk sent", "chunk noted"} {
		s := pair(t)
		exec(t, s.source, manySmall(70))
		o := s.options(t)
		o.Jobs = 1
		n := &noted{}
		o.Point = func(name string) {
			if n.point(name) == 1 && name == where {
				s.end(t, s.target, true)
			}
		}
		r := s.clone(t, o)
		s.same(t)
		if got := tableOf(t, r, "small9"); got.Error != "" || got.Rows != 5 {
			t.Errorf("%s: %+v", where, got)
		}
	}
}
