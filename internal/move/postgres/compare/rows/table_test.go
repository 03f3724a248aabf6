package rows

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move"
	"example.com/landfall/internal/move/postgres/pg"
	"example.com/landfall/internal/testkit"
)

// notes is a journal in memory.
type notes struct {
	lock  sync.Mutex
	pages map[string][]byte
}

func (n *notes) Page(key string) ([]byte, bool) {
	n.lock.Lock()
	defer n.lock.Unlock()
	page, there := n.pages[key]
	return page, there
}

func (n *notes) Keep(key string, page []byte) error {
	n.lock.Lock()
	defer n.lock.Unlock()
	if _, there := n.pages[key]; !there {
		n.pages[key] = page
	}
	return nil
}

const numbered = "CREATE TABLE public.big AS SELECT g AS id, md5(g::text) AS v FROM generate_series(1, 30000) g; ALTER TABLE public.big ADD PRIMARY KEY (id); ANALYZE public.big;"

// A large table is read in pieces by several sessions in one snapshot, and its
// sums are those of the whole; throttled as well.
func TestPieces(t *testing.T) {
	t.Parallel()
	source, target, sides := two(t)
	source.exec(numbered)
	target.exec("CREATE TABLE public.big (id int, v text); INSERT INTO public.big SELECT g, md5(g::text) FROM generate_series(1, 30000) g ORDER BY random()")
	var told []move.Progress
	options := Options{piece: 64 << 10, Jobs: 3, Limits: move.Limits{BytesPerSecond: 1 << 30}, Progress: func(p move.Progress) { told = append(told, p) }}
	got := compareOf(t, sides, options)["public.big"]
	if got.Verdict != Equal || got.SourceRows != 30000 || got.TargetRows != 30000 {
		t.Error(show(got))
	}
	last := told[len(told)-1]
	if len(told) < 10 || last.Items != 30000 || last.Bytes == 0 || last.TotalItems < 30000 || last.Slowed == "" || last.Doing == "" {
		t.Errorf("%d times, %+v", len(told), last)
	}
	target.exec("UPDATE public.big SET v = 'other' WHERE id % 3 = 0; DELETE FROM public.big WHERE id > 29990")
	got = compareOf(t, sides, options)["public.big"]
	if got.Verdict != Different || got.Changed != 9996 || got.Missing != 10 || got.Extra != 0 || len(got.Rows) != 20 {
		t.Error(show(got))
	}
	done, err := Repair(t.Context(), sides, RepairOptions{Alone: true, Tables: []Table{got}, Options: Options{keep: 3000}})
	if err != nil || len(done) != 1 || done[0].Verdict != Equal || done[0].Updated != 9996 || done[0].Inserted != 10 {
		t.Errorf("%+v %v", done, err)
	}
}

// What is on one side only, has other columns or cannot be read has a verdict of
// its own; the rest is compared all the same.
func TestVerdicts(t *testing.T) {
	t.Parallel()
	source, p := newSide(t, testkit.Postgres(t)), testkit.OwnPostgres(t)
	target := newSide(t, p)
	both := "CREATE TABLE public.%s (a int PRIMARY KEY, b text);"
	for _, name := range []string{"same", "hidden", "denied", "columns"} {
		source.exec(fmt.Sprintf(both, name))
		target.exec(fmt.Sprintf(both, name))
	}
	source.exec(fmt.Sprintf(both, "gone") + "ALTER TABLE public.columns ADD c int")
	target.exec(fmt.Sprintf(both, "more") + `CREATE ROLE poor LOGIN PASSWORD 'poor'; GRANT SELECT ON ALL TABLES IN SCHEMA public TO poor; REVOKE SELECT ON public.denied FROM poor;
		ALTER TABLE public.hidden ENABLE ROW LEVEL SECURITY; CREATE SCHEMA landfall_12345678; CREATE TABLE landfall_12345678.progress (a int)`)
	poor := endpoint(t, strings.Replace(p.URL(), p.User+":"+p.Password, "poor:poor", 1))
	all := compareOf(t, Sides{source.endpoint, poor}, Options{})
	want := map[string]Verdict{"public.same": Equal, "public.hidden": Unreadable, "public.denied": Unreadable, "public.columns": Different, "public.gone": Missing, "public.more": Extra}
	for name, verdict := range want {
		got := all[name]
		if got.Verdict != verdict || (got.Reason == "") != (verdict == Equal) || (got.Proof == move.Read) != (verdict == Equal) {
			t.Error(show(got))
		}
	}
	if len(all) != len(want) || !strings.Contains(all["public.hidden"].Reason, "row security") {
		t.Errorf("%v", slices.Sorted(maps.Keys(all)))
	}
	if _, err := Repair(t.Context(), Sides{source.endpoint, poor}, RepairOptions{}); !fault.Is(err, fault.Refused) {
		t.Error(err)
	}
	if _, err := Compare(t.Context(), Sides{}, Options{}); !fault.Is(err, fault.Usage) {
		t.Error(err)
	}
}

// A table that was equal in a pass is not read again in it; one that was not is.
func TestJournal(t *testing.T) {
	t.Parallel()
	source, target, sides := two(t)
	for _, s := range []*side{source, target} {
		s.exec("CREATE TABLE public.a (id int PRIMARY KEY); CREATE TABLE public.b (id int PRIMARY KEY); INSERT INTO public.a VALUES (1)")
	}
	source.exec("INSERT INTO public.b VALUES (1)")
	journal := &notes{pages: map[string][]byte{}}
	options := Options{Journal: journal, Pass: "0/1"}
	first := compareOf(t, sides, options)
	if first["public.a"].Verdict != Equal || first["public.b"].Verdict != Different || len(journal.pages) != 1 {
		t.Errorf("%v %d", first, len(journal.pages))
	}
	source.exec("DROP TABLE public.a; CREATE TABLE public.a (id int PRIMARY KEY)")
	target.exec("INSERT INTO public.b VALUES (1)")
	second := compareOf(t, sides, options)
	if second["public.a"].Verdict != Equal || second["public.b"].Verdict != Equal || second["public.a"].SourceRows != 1 {
		t.Errorf("%s %s", show(second["public.a"]), show(second["public.b"]))
	}
	options.Pass = "0/2"
	if third := compareOf(t, sides, options); third["public.a"].Verdict != Different {
		t.Error(show(third["public.a"]))
	}
}

// Values of a unique column that changed places are repaired, and triggers do not
// fire.
func TestRepairOfUniqueValues(t *testing.T) {
	t.Parallel()
	source, target, sides := two(t)
	for i, s := range []*side{source, target} {
		s.exec("CREATE TABLE public.u (id int PRIMARY KEY, n int UNIQUE, i int GENERATED ALWAYS AS IDENTITY); CREATE TABLE public.log (a int); CREATE TABLE public.child (id int REFERENCES public.u ON DELETE CASCADE);" +
			"CREATE FUNCTION public.f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO public.log VALUES (1); RETURN new; END $$; CREATE TRIGGER t AFTER UPDATE OR INSERT ON public.u FOR EACH ROW EXECUTE FUNCTION public.f();" +
			"ALTER TABLE public.u DISABLE TRIGGER t; INSERT INTO public.u VALUES (1, 10), (2, 20), (3, 30); ALTER TABLE public.u ENABLE TRIGGER t; INSERT INTO public.child VALUES (1), (2), (3)")
		if i == 1 {
			s.exec("ALTER TABLE public.u DISABLE TRIGGER t; UPDATE public.u SET n = -id; UPDATE public.u SET n = CASE id WHEN 1 THEN 20 WHEN 2 THEN 10 ELSE 30 END, i = DEFAULT; ALTER TABLE public.u ENABLE TRIGGER t")
		}
	}
	all := compareOf(t, sides, Options{})
	done, err := Repair(t.Context(), sides, RepairOptions{Alone: true, Tables: []Table{all["public.u"]}})
	if err != nil || len(done) != 1 || done[0].Verdict != Equal || done[0].Updated != 3 {
		t.Errorf("%+v %v", done, err)
	}
	for name, got := range compareOf(t, sides, Options{}) {
		if got.Verdict != Equal {
			t.Errorf("%s: %s", name, show(got))
		}
	}
}

// A login that cannot keep foreign keys from acting does not take rows away to put
// them back: rows of other tables would go with them. What it can do it does.
func TestRepairWithoutRights(t *testing.T) {
	t.Parallel()
	p := testkit.OwnPostgres(t)
	source, target := newSide(t, testkit.Postgres(t)), newSide(t, p)
	for i, s := range []*side{source, target} {
		s.exec("CREATE TABLE public.u (id int PRIMARY KEY, n int UNIQUE); CREATE TABLE public.child (id int PRIMARY KEY REFERENCES public.u ON DELETE CASCADE, v text); INSERT INTO public.u VALUES (1, 10), (2, 20); INSERT INTO public.child VALUES (1, 'a'), (2, 'b')")
		if i == 1 {
			s.exec("UPDATE public.u SET n = -id; UPDATE public.u SET n = 30 - 10 * id; UPDATE public.child SET v = 'x'; CREATE ROLE app LOGIN PASSWORD 'app'; GRANT CREATE ON SCHEMA public TO app; ALTER TABLE public.u OWNER TO app; ALTER TABLE public.child OWNER TO app")
		}
	}
	app := Sides{source.endpoint, endpoint(t, strings.Replace(p.URL(), p.User+":"+p.Password, "app:app", 1))}
	all := compareOf(t, app, Options{})
	done, err := Repair(t.Context(), app, RepairOptions{Alone: true, Tables: slices.Collect(maps.Values(all))})
	if err != nil || len(done) != 2 {
		t.Fatalf("%+v %v", done, err)
	}
	for _, r := range done {
		if want := map[string]Verdict{"u": Different, "child": Equal}[r.Name.Name]; r.Verdict != want || (r.Reason == "") != (want == Equal) {
			t.Errorf("%s: %s %s", r.Name.Name, r.Verdict, r.Reason)
		}
	}
	if n := target.one("SELECT count(*)::text FROM public.child"); n != "2" {
		t.Errorf("%s rows of another table are left", n)
	}
}

// A session that is lost ends the comparison with an error; the next one goes on
// with the tables that are not in the journal.
func TestLostSession(t *testing.T) {
	t.Parallel()
	source, target, sides := two(t)
	for _, s := range []*side{source, target} {
		for i := range 6 {
			s.exec(fmt.Sprintf("CREATE TABLE public.t%d AS SELECT g AS id, repeat('x', 2000) AS v FROM generate_series(1, 1000) g", i))
		}
	}
	journal := &notes{pages: map[string][]byte{}}
	options := Options{Jobs: 1, Journal: journal, Pass: "p", piece: 256 << 10}
	var killed bool
	options.Progress = func(p move.Progress) {
		if p.Items > 2500 && !killed {
			killed = true
			source.exec("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'landfall compare' AND datname = current_database()")
		}
	}
	_, err := Compare(t.Context(), sides, options)
	if !fault.Is(err, fault.Unavailable) || len(journal.pages) == 0 || len(journal.pages) == 6 {
		t.Errorf("%v, %d tables are noted", err, len(journal.pages))
	}
	for name, got := range compareOf(t, sides, options) {
		if got.Verdict != Equal || got.SourceRows != 1000 {
			t.Errorf("%s: %s", name, show(got))
		}
	}
}

// A table of which a part was copied before, and which changed since, is brought
// up by the ranges that differ; a second call finds nothing to do.
func TestBringUp(t *testing.T) {
	t.Parallel()
	source, target, sides := two(t)
	source.exec(numbered + `CREATE TABLE public.words AS SELECT 'wörd ' || g AS k, g AS v, '{red}'::text[] AS l FROM generate_series(1, 5000) g; ALTER TABLE public.words ADD PRIMARY KEY (k); ANALYZE public.words;
		CREATE TYPE public.e AS ENUM ('x', 'y'); CREATE TABLE public.odd (a public.e, b int, c public.e[], g int GENERATED ALWAYS AS (b + 1) STORED, PRIMARY KEY (a, b)); INSERT INTO public.odd SELECT 'x', g, '{x,y}' FROM generate_series(1, 300) g; CREATE TABLE public.nokey (a int)`)
	target.exec(`CREATE TABLE public.big (v text, id int); INSERT INTO public.big SELECT md5(g::text), g FROM generate_series(1, 15000) g; UPDATE public.big SET v = 'old' WHERE id = 7; INSERT INTO public.big VALUES ('gone', 99999);
		CREATE TABLE public.words (k text, v int, l text[]); INSERT INTO public.words SELECT 'wörd ' || g, g, '{red}' FROM generate_series(1, 5000) g WHERE g <> 4321;
		CREATE TYPE public.f AS ENUM ('z'); CREATE TYPE public.e AS ENUM ('y', 'x'); CREATE TABLE public.odd (a public.e, b int, c public.e[], g int GENERATED ALWAYS AS (b + 1) STORED)`)
	tables, err := pg.Tables(t.Context(), source.conn, pg.Selection{})
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range tables {
		o := BringUpOptions{Source: source.conn, Target: target.conn, Table: table, Rows: 500}
		calls := 0
		o.In = func(ctx context.Context, tx pgx.Tx) error { calls++; return nil }
		source.exec("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
		first, err := BringUp(t.Context(), o)
		if table.Key == nil {
			if !fault.Is(err, fault.Unsupported) {
				t.Error(err)
			}
			source.exec("ROLLBACK")
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		second, err := BringUp(t.Context(), o)
		if err != nil || second.Recopied != 0 || second.Rows != 0 || calls != 2 {
			t.Errorf("%+v %v", second, err)
		}
		source.exec("ROLLBACK")
		if n := table.Name.Name; n == "big" && (first.Rows < 15000 || first.Rows > 22000 || first.Ranges != 60) || n == "words" && (first.Recopied != 1 || first.Rows > 2500) {
			t.Errorf("%s: %+v", n, first)
		}
	}
	for name, got := range compareOf(t, sides, Options{Select: pg.Selection{Except: []string{"public.nokey"}}}) {
		if got.Verdict != Equal {
			t.Errorf("%s: %s", name, show(got))
		}
	}
}
