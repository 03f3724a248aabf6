package base_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move/postgres/base"
	"example.com/landfall/internal/move/postgres/pg"
)

const large = `
CREATE TABLE keyed (id int PRIMARY KEY, body text); INSERT INTO keyed SELECT g, repeat('x', 100) FROM generate_series(1, 8000) g;
CREATE TABLE keyless (id int, body text); INSERT INTO keyless SELECT g, repeat('y', 100) FROM generate_series(1, 8000) g;
CREATE TABLE small (id int PRIMARY KEY, other int REFERENCES keyed); INSERT INTO small SELECT g, g FROM generate_series(1, 100) g;
CREATE INDEX ON keyed (body); ALTER TABLE keyed ADD CONSTRAINT both_ways UNIQUE (body, id) DEFERRABLE`

func tableOf(t testing.TB, r base.Result, name string) base.TableResult {
	t.Helper()
	for _, table := range r.Tables {
		if table.Table.Name == name {
			return table
		}
	}
	t.Fatalf("no table %q in %+v", name, r.Tables)
	return base.TableResult{}
}

// Large tables go in pieces, all others in one that needs no vacuum.
func TestLargeTablesGoInPieces(t *testing.T) {
	t.Parallel()
	s := pair(t)
	exec(t, s.source, large)
	o := s.options(t)
	o.ChunkBytes = 900 << 10
	var asked sync.Map
	o.Protect = func(context.Context) error {
		n, _ := asked.LoadOrStore("n", new(int))
		*n.(*int)++
		return nil
	}
	o.Jobs = 1
	r := s.clone(t, o)
	s.same(t)
	keyed := tableOf(t, r, "keyed")
	if keyed.Chunks != 2 || keyed.Frozen || keyed.Rows != 8000 || keyed.Generation != 1 {
		t.Errorf("%+v", keyed)
	}
	if n, _ := asked.Load("n"); *n.(*int) < 5 {
		t.Errorf("asked %d times", *n.(*int))
	}
	if n := one[int](t, s.target, "SELECT count(*) FROM pg_class WHERE relname IN ('keyed', 'keyless') AND reltuples = 8000"); n != 2 {
		t.Errorf("%d tables are analyzed", n)
	}
}

func TestTablesInOnePieceAreFrozen(t *testing.T) {
	t.Parallel()
	s := pair(t)
	exec(t, s.source, large)
	o := s.options(t)
	o.Once = true
	r := s.clone(t, o)
	s.same(t)
	if k := tableOf(t, r, "keyed"); !k.Frozen || k.Chunks != 1 || k.Text {
		t.Errorf("%+v", k)
	}
	if len(s.slots(t)) > 0 || r.Generations[0].LSN != 0 {
		t.Errorf("a copy without following made a slot: %+v", r.Generations)
	}
	if n := one[int](t, s.target, "SELECT relallvisible FROM pg_class WHERE relname = 'keyless'"); n == 0 {
		t.Error("a table that was frozen is not all visible")
	}
}

var errStop = errors.New("stopped by the test")

// stopAfter lets so many chunks be noted and then ends the pass: as a kill would, but
// where the test wants it.
func (s sides) stopAfter(t *testing.T, o base.Options, chunks int) {
	t.Helper()
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	o.Jobs = 1
	o.Point = func(name string) {
		if name == "chunk noted" {
			if chunks--; chunks == 0 {
				cancel(errStop)
			}
		}
	}
	b, err := base.Open(ctx, o)
	fatal(t, err)
	defer b.Close()
	if _, err := b.Copy(ctx); fault.KindOf(err) != fault.Canceled {
		t.Fatal(err)
	}
}

// What is finished keeps its generation; a large table in pieces is mended if it has
// a key, and copied anew if not. The rest comes with the new snapshot.
func TestALostSnapshotCostsNoFinishedTable(t *testing.T) {
	t.Parallel()
	s := pair(t)
	exec(t, s.source, strings.ReplaceAll(large, "CREATE TABLE small", "CREATE TABLE first (id int, body text); INSERT INTO first SELECT g, repeat('z', 120) FROM generate_series(1, 9000) g; CREATE TABLE small"))
	o := s.options(t)
	o.ChunkBytes = 400 << 10
	chunks := 4 // of "first", by size the first of all
	s.stopAfter(t, o, chunks+2)
	exec(t, s.source, "UPDATE keyed SET body = 'new' WHERE id % 100 = 0; DELETE FROM keyless WHERE id < 100; UPDATE small SET other = 7")
	var mended []base.Mending
	var ready, published []base.Generation
	o.Mend = func(ctx context.Context, m base.Mending) (base.Moved, error) {
		mended = append(mended, m)
		return s.mendAll(t, m)
	}
	o.Publish = func(_ context.Context, g base.Generation) error { published = append(published, g); return nil }
	o.Ready = func(_ context.Context, g base.Generation) error { ready = append(ready, g); return nil }
	r := s.clone(t, o)
	s.same(t)
	if first := tableOf(t, r, "first"); first.Generation != 1 || first.Again != "" {
		t.Errorf("%+v", first)
	}
	keyed, keyless := tableOf(t, r, "keyed"), tableOf(t, r, "keyless")
	if keyed.Generation != 2 || keyless.Generation != 2 || tableOf(t, r, "small").Generation != 2 {
		t.Errorf("%+v %+v", keyed, keyless)
	}
	if (len(mended) == 1) == (keyless.Again != "") || !strings.Contains(keyed.Again+keyless.Again, "of a snapshot that was lost") {
		t.Errorf("%d mended: %q, %q", len(mended), keyed.Again, keyless.Again)
	}
	if len(published) != 1 || published[0].Number != 2 || len(published[0].Tables) != 3 || len(ready) != 2 || len(ready[0].Tables) != 1 || ready[0].LSN >= ready[1].LSN || len(ready[1].Tables) != 3 {
		t.Errorf("published %+v, ready %+v", published, ready)
	}
	if slots := s.slots(t); len(slots) != 2 {
		t.Errorf("%q", slots)
	}
}

// mendAll is the crudest way to mend: all rows anew, by the snapshot.
func (s sides) mendAll(t *testing.T, m base.Mending) (base.Moved, error) {
	if n := one[int](t, s.target, fmt.Sprintf("SELECT count(*) FROM pg_index WHERE indrelid = %s::regclass AND indisprimary", pg.Literal(m.Table.SQL()))); n != 1 {
		t.Errorf("%s is to be mended without its key", m.Table.Name)
	}
	conn := connect(t, s.source)
	for _, sql := range []string{"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", "SET TRANSACTION SNAPSHOT " + pg.Literal(m.Snapshot)} {
		if _, err := conn.Exec(t.Context(), sql); err != nil {
			return base.Moved{}, err
		}
	}
	rows, err := conn.Query(t.Context(), "SELECT id, body FROM "+m.Table.SQL())
	if err != nil {
		return base.Moved{}, err
	}
	all, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) ([]any, error) { return row.Values() })
	if err != nil {
		return base.Moved{}, err
	}
	exec(t, s.target, "TRUNCATE "+m.Table.SQL())
	n, err := connect(t, s.target).CopyFrom(t.Context(), pgx.Identifier{m.Table.Schema, m.Table.Name.Name}, []string{"id", "body"}, pgx.CopyFromRows(all))
	return base.Moved{Rows: n, Bytes: 1}, err
}

// Where tables are of several generations, a foreign key that does not hold waits.
func TestForeignKeysWaitForGenerationsToLevel(t *testing.T) {
	t.Parallel()
	s := pair(t)
	exec(t, s.source, `CREATE TABLE parent (id int PRIMARY KEY, body text); INSERT INTO parent SELECT g, repeat('x', 1500) FROM generate_series(1, 900) g;
CREATE TABLE child (id int PRIMARY KEY, parent int CONSTRAINT of_parent REFERENCES parent); INSERT INTO child VALUES (1, 1)`)
	o := s.options(t)
	s.stopAfter(t, o, 1)
	exec(t, s.source, "INSERT INTO parent VALUES (1000); INSERT INTO child VALUES (2, 1000)")
	r, err := s.copy(t, o)
	fatal(t, err)
	if len(r.Left) != 1 || !r.Left[0].Later || r.Left[0].Code != "23503" || r.Err() != nil {
		t.Fatalf("%+v, %v", r.Left, r.Err())
	}
	exec(t, s.target, "INSERT INTO parent VALUES (1000)") // what following brings
	s.clone(t, o)
	s.same(t)
}

// A table in pieces that the source writes anew in the middle begins anew.
func TestATableThatMovesWhileItIsReadBeginsAnew(t *testing.T) {
	t.Parallel()
	s := pair(t)
	exec(t, s.source, "CREATE TABLE moving (id int, body text); INSERT INTO moving SELECT g, repeat('x', 100) FROM generate_series(1, 9000) g; DELETE FROM moving WHERE id % 3 = 0")
	o := s.options(t)
	o.ChunkBytes, o.Jobs = 200<<10, 1
	noted := 0
	o.Point = func(name string) {
		if name == "chunk noted" {
			if noted++; noted == 2 {
				exec(t, s.source, "VACUUM FULL moving")
			}
		}
	}
	r := s.clone(t, o)
	s.same(t)
	if m := tableOf(t, r, "moving"); m.Generation != 1 || m.Rows != 6000 || !strings.Contains(m.Again, "wrote the table anew") {
		t.Errorf("%+v", m)
	}
}
