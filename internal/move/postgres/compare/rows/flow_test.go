package rows

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"example.com/landfall/internal/move/postgres/pg"
	"example.com/landfall/internal/testkit"
)

// flowing is a source with load and a target that follows it by a subscription.
type flowing struct {
	source, target *side
	sides          Sides
	done           atomic.Int64
}

const flowTables = `CREATE TABLE public.accounts (id int PRIMARY KEY, balance int NOT NULL DEFAULT 0, filler char(40) DEFAULT 'x');
CREATE TABLE public.branches (id int PRIMARY KEY, balance int NOT NULL DEFAULT 0); CREATE TABLE public.history (id int, delta int, at timestamptz DEFAULT now());
CREATE TABLE public.queue (k text, n int, PRIMARY KEY (k, n)); CREATE TABLE public.keyless (a int, b text); ALTER TABLE public.keyless REPLICA IDENTITY FULL;`

func newFlowing(t *testing.T) *flowing {
	t.Helper()
	p := testkit.OwnPostgres(t)
	q := p
	f := &flowing{source: newSide(t, p)}
	f.source.exec("CREATE DATABASE target")
	q.Database = "target"
	f.target = newSide(t, q)
	f.sides = Sides{f.source.endpoint, f.target.endpoint}
	f.source.exec(flowTables + `INSERT INTO public.accounts (id) SELECT g FROM generate_series(1, 2000) g; INSERT INTO public.branches VALUES (1), (2);
		INSERT INTO public.queue SELECT 'q' || g % 7, g FROM generate_series(1, 500) g; INSERT INTO public.keyless SELECT g, 'v' || g % 5 FROM generate_series(1, 300) g; INSERT INTO public.keyless SELECT 1000, 'same' FROM generate_series(1, 9)`)
	f.target.exec(flowTables)
	f.source.exec("CREATE PUBLICATION p FOR ALL TABLES")
	f.source.one("SELECT slot_name::text FROM pg_create_logical_replication_slot('s', 'pgoutput')")
	for _, table := range []string{"accounts", "branches", "queue", "keyless"} {
		f.carry(t, table)
	}
	f.target.exec("CREATE SUBSCRIPTION s CONNECTION " + pg.Literal(f.source.endpoint.Conninfo(nil)) + " PUBLICATION p WITH (create_slot = false, copy_data = false)")
	t.Cleanup(func() {
		ctx := context.WithoutCancel(t.Context())
		_, _ = f.target.conn.Exec(ctx, "ALTER SUBSCRIPTION s DISABLE")
		_, _ = f.target.conn.Exec(ctx, "ALTER SUBSCRIPTION s SET (slot_name = NONE)")
		_, _ = f.target.conn.Exec(ctx, "DROP SUBSCRIPTION s")
	})
	return f
}

func (f *flowing) carry(t *testing.T, table string) {
	t.Helper()
	if _, err := carry(t.Context(), couple{f.source.conn, f.target.conn}, "SELECT * FROM public."+table, copying{into: "public." + table, binary: true}); err != nil {
		t.Fatal(err)
	}
}

// applied waits until the apply worker has committed everything up to the place.
func (f *flowing) applied(t *testing.T) func(context.Context, pg.LSN) error {
	conn := newSide(t, f.source.server).conn
	var lock sync.Mutex
	return func(ctx context.Context, at pg.LSN) error {
		lock.Lock()
		defer lock.Unlock()
		if _, err := conn.Exec(ctx, "SELECT pg_logical_emit_message(false, 'landfall', '')"); err != nil {
			return err
		}
		for ctx.Err() == nil {
			var there bool
			err := conn.QueryRow(ctx, "SELECT coalesce(bool_and(replay_lsn >= $1::text::pg_lsn), false) FROM pg_stat_replication", at.String()).Scan(&there)
			if err != nil || there {
				return err
			}
			time.Sleep(time.Millisecond)
		}
		return ctx.Err()
	}
}

// load changes rows at the source until it is stopped. Accounts above 1000, and
// rows of keyless above 500, stay as they are.
func (f *flowing) load(t *testing.T) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var group sync.WaitGroup
	for i := range 2 {
		conn := newSide(t, f.source.server).conn
		group.Go(func() {
			r := rand.New(rand.NewPCG(uint64(i), 7))
			for ctx.Err() == nil {
				n, id := r.IntN(1000)-500, 1+r.IntN(1000)
				sql := fmt.Sprintf(`UPDATE public.accounts SET balance = balance + %d WHERE id = %d; UPDATE public.branches SET balance = balance + %d WHERE id = 1; INSERT INTO public.history (id, delta) VALUES (%d, %d);
					DELETE FROM public.queue WHERE (k, n) IN (SELECT k, n FROM public.queue WHERE n > 100 LIMIT 1); INSERT INTO public.queue SELECT 'q' || %d, max(n) + 1 FROM public.queue ON CONFLICT DO NOTHING;
					UPDATE public.keyless SET b = 'w%d' WHERE a = %d`, n, id, n, id, n, r.IntN(7), r.IntN(5), 1+r.IntN(300))
				// Two sessions may wait for each other: the statement is lost then.
				if _, err := conn.PgConn().Exec(ctx, sql).ReadAll(); err == nil {
					f.done.Add(1)
				}
			}
		})
	}
	return func() {
		cancel()
		group.Wait()
	}
}

// While rows change, a comparison finds equal what is equal, also a row that
// changes with every transaction, and finds exactly the rows that differ.
func TestWhileChangesFlow(t *testing.T) {
	t.Parallel()
	f := newFlowing(t)
	options := Options{Applied: f.applied(t), Jobs: 2}
	stop := f.load(t)
	defer stop()
	for f.done.Load() < 50 {
		time.Sleep(time.Millisecond)
	}
	began := f.done.Load()
	var reread int64
	for name, got := range compareOf(t, f.sides, options) {
		if got.Verdict != Equal || got.At == "" {
			t.Errorf("%s: %s", name, show(got))
		}
		reread += got.Reread
	}
	t.Logf("%d transactions meanwhile, %d rows read again", f.done.Load()-began, reread)
	if f.done.Load() == began {
		t.Error("nothing changed meanwhile")
	}
	f.target.exec(`UPDATE public.accounts SET filler = 'y' WHERE id = 1500; DELETE FROM public.accounts WHERE id = 1600; INSERT INTO public.accounts (id) VALUES (9000);
		DELETE FROM public.keyless WHERE ctid IN (SELECT max(ctid) FROM public.keyless WHERE a = 1000)`)
	got := compareOf(t, f.sides, options)
	a := got["public.accounts"]
	if a.Verdict != Different || a.Missing != 1 || a.Extra != 1 || a.Changed != 1 || a.Open != 0 || len(a.Rows) != 3 {
		t.Errorf("%s", show(a))
	}
	keys := map[string]bool{}
	for _, row := range a.Rows {
		keys[strings.Join(row.Key, ",")] = true
		if row.Key[0] == "1500" && (len(row.Columns) != 1 || row.Columns[0].Name != "filler" || row.Columns[0].Source != nil) {
			t.Errorf("%+v", row)
		}
	}
	if !keys["1500"] || !keys["1600"] || !keys["9000"] {
		t.Errorf("%v", keys)
	}
	if k := got["public.keyless"]; k.Verdict != Different || k.Missing != 1 || k.Extra+k.Changed+k.Open != 0 || k.Rows[0].SourceCopies != 9 || k.Rows[0].TargetCopies != 8 {
		t.Errorf("%s", show(k))
	}
	for _, name := range []string{"public.branches", "public.history", "public.queue"} {
		if got[name].Verdict != Equal {
			t.Errorf("%s", show(got[name]))
		}
	}
	stop()
	// More rows than are followed one by one: those that are, are proved; the others
	// are counted as open, and the verdict is the same.
	f.target.exec("DELETE FROM public.accounts WHERE id BETWEEN 1100 AND 1199")
	options.keep = 10
	many := compareOf(t, f.sides, options)["public.accounts"]
	if many.Verdict != Different || many.Missing+many.Extra+many.Changed != 10 || many.Open != 93 {
		t.Error(show(many))
	}
}
