package postgres_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move"
	"example.com/landfall/internal/move/postgres"
	"example.com/landfall/internal/move/postgres/pg"
	"example.com/landfall/internal/testkit"
)

const journeyBody = "a database there and back until killed"

func TestMain(m *testing.M) { testkit.Main(m, testkit.Body{Name: journeyBody, Run: journey}) }

// ticket is what a child is told.
type ticket struct{ Source, Target string }

// fileStore keeps the document in a file.
type fileStore struct{ path string }

func (s fileStore) Load() ([]byte, bool, error) {
	content, err := os.ReadFile(s.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, false, nil
	}
	return content, err == nil, err
}

func (s fileStore) Save(content []byte) error {
	return errors.Join(os.WriteFile(s.path+".new", content, 0o600), os.Rename(s.path+".new", s.path))
}

// journey is the child.
func journey(ctx context.Context, c testkit.Child) error {
	text, err := os.ReadFile(filepath.Join(c.Dir, "ticket"))
	if err != nil {
		return err
	}
	var at ticket
	if err := json.Unmarshal(text, &at); err != nil {
		return err
	}
	return goOn(ctx, at, c.Dir, c.Point)
}

// goOn takes a database there, back, and there for good, with a row written at the
// open side after each verb. What was finished before it passes over.
func goOn(ctx context.Context, at ticket, dir string, point func(string)) error {
	done, err := os.ReadFile(filepath.Join(dir, "done"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	verbs := []struct {
		name string
		do   func(m *postgres.Mover) error
	}{
		{"copy", func(m *postgres.Mover) error { _, err := m.Copy(ctx); return err }}, {"source", nil},
		{"cutover", func(m *postgres.Mover) error { return m.Cutover(ctx) }}, {"target", nil},
		{"back", func(m *postgres.Mover) error { return m.Back(ctx) }}, {"source", nil},
		{"cutover", func(m *postgres.Mover) error { return m.Cutover(ctx) }}, {"target", nil},
		{"signoff", func(m *postgres.Mover) error { return m.SignOff(ctx) }},
	}
	for n, verb := range verbs {
		if n < strings.Count(string(done), "\n") {
			continue
		}
		if verb.do == nil {
			url := map[string]string{"source": at.Source, "target": at.Target}[verb.name]
			err = insert(ctx, url, n)
		} else {
			var m *postgres.Mover
			if m, err = moverOf(at, dir, point); err == nil {
				err = verb.do(m)
			}
		}
		if err != nil {
			return fmt.Errorf("%d %s: %w", n, verb.name, err)
		}
		done = fmt.Appendf(done, "%s\n", verb.name)
		if err := (fileStore{filepath.Join(dir, "done")}).Save(done); err != nil {
			return err
		}
		point("finished " + verb.name)
	}
	return nil
}

func moverOf(at ticket, dir string, point func(string)) (*postgres.Mover, error) {
	source, err := pg.Parse(at.Source)
	if err != nil {
		return nil, err
	}
	target, err := pg.Parse(at.Target)
	if err != nil {
		return nil, err
	}
	return postgres.New(postgres.Ports{
		Source: source, Target: target, Store: fileStore{filepath.Join(dir, "move.json")}, Point: point,
		Record: func(_ context.Context, kind string, _ any) error { point("record " + kind); return nil },
		Say:    func(text string) { fmt.Fprintln(os.Stderr, text) },
	}, postgres.Settings{Identity: true}, move.Limits{})
}

// insert writes a row, unless an earlier child has.
func insert(ctx context.Context, url string, n int) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, "INSERT INTO shop.visit (n) VALUES ($1) ON CONFLICT DO NOTHING", n)
	return err
}

// travel makes a pair of databases, and the folder of a child.
func travel(t *testing.T, source, target testkit.PostgresServer, name string) (dir string, p *pair) {
	t.Helper()
	p = &pair{t: t, source: source, target: target}
	for _, s := range []*testkit.PostgresServer{&p.source, &p.target} {
		p.exec(*s, "CREATE DATABASE "+name)
		s.Database = name
	}
	p.exec(p.source, `CREATE SCHEMA shop; CREATE TABLE shop.visit (id bigserial, n int PRIMARY KEY); CREATE TABLE shop.bag (a int, b text);
		INSERT INTO shop.bag SELECT i, repeat('y', i) FROM generate_series(1, 40) i; CREATE INDEX bag_a ON shop.bag (a)`)
	dir = t.TempDir()
	text, err := json.Marshal(ticket{p.source.URL(), p.target.URL()})
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "ticket"), text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return dir, p
}

func ride(t *testing.T, dir string, at testkit.Point) testkit.Outcome {
	t.Helper()
	return testkit.Crash{Body: journeyBody, Dir: dir, At: at, Within: 5 * time.Minute}.Run(t)
}

// arrived fails unless a journey has come to its end as an undisturbed one does.
func arrived(t *testing.T, p *pair, dir string, what any) {
	t.Helper()
	for n := 0; ; n++ {
		out := ride(t, dir, testkit.Point{})
		if out.ExitCode == 0 && !out.Killed {
			break
		}
		// A server may need a moment to see that its client is gone.
		if n == 5 {
			t.Fatalf("%v: it does not come to its end: %s", what, out.Output)
		}
	}
	whole(t, p, what)
}

// whole fails unless the databases are as an undisturbed journey leaves them.
func whole(t *testing.T, p *pair, what any) {
	t.Helper()
	if n := p.one(p.target, "SELECT count(*) * 1000 + sum(n) FROM shop.visit"); n != 4000+1+3+5+7 {
		t.Errorf("%v: the rows of the target are %d", what, n)
	}
	if n := p.one(p.target, "SELECT count(*) FROM shop.bag"); n != 40 {
		t.Errorf("%v: %d rows in the bag", what, n)
	}
	for _, at := range []testkit.PostgresServer{p.source, p.target} {
		n := p.one(at, `SELECT (SELECT count(*) FROM pg_replication_slots WHERE database = current_database()) + (SELECT count(*) FROM pg_publication)
			+ (SELECT count(*) FROM pg_subscription WHERE subdbid = (SELECT oid FROM pg_database WHERE datname = current_database()))
			+ (SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'landfall%') + (SELECT count(*) FROM pg_event_trigger) + (SELECT count(*) FROM pg_roles WHERE rolname LIKE 'landfall%')
			+ (SELECT count(*) FROM pg_class WHERE relreplident = 'f')`)
		if n != 0 {
			t.Errorf("%v: %d things of the move are left at %s", what, n, at.Address)
		}
	}
}

// TestKilledAnywhere kills the mover at any of the points that it passes on its way
// there, back, and there again, and lets another process go on. LANDFALL_LONG=1 kills
// at every point, another number at so many.
func TestKilledAnywhere(t *testing.T) {
	t.Parallel()
	source, target := testkit.OwnPostgres(t), testkit.OwnPostgres(t)
	dir, p := travel(t, source, target, "whole")
	out := ride(t, dir, testkit.Point{})
	if out.ExitCode != 0 {
		t.Fatal(out.Output)
	}
	arrived(t, p, dir, "undisturbed")
	points := out.Points
	if len(points) < 60 {
		t.Fatalf("only %d points: %v", len(points), points)
	}
	kills := often(4, len(points))
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d, %d points", seed, len(points))
	order := rand.New(rand.NewPCG(seed, 0)).Perm(len(points))
	for n := range min(kills, len(points)) {
		at := points[order[n]]
		dir, p := travel(t, source, target, fmt.Sprintf("killed_%d", n))
		if out := ride(t, dir, at); !out.Killed {
			t.Logf("%s was not passed: %s", at, out.Output)
		}
		arrived(t, p, dir, at)
		if t.Failed() {
			return
		}
	}
}

// often is how often a test does something: LANDFALL_LONG says more, 1 is all.
func often(usual, all int) int {
	long, err := strconv.Atoi(os.Getenv("LANDFALL_LONG"))
	switch {
	case err != nil || long < 1:
		return usual
	case long == 1:
		return all
	}
	return long
}

// TestDisturbedAnywhere ends sessions of the move at the source, at the target, or
// cuts connections, those between the servers too, some times on the way. A verb may
// end with an error that says so; the same verb goes on, and the end is that of an
// undisturbed journey.
func TestDisturbedAnywhere(t *testing.T) {
	t.Parallel()
	source, target := testkit.OwnPostgres(t), testkit.OwnPostgres(t)
	seed := uint64(time.Now().UnixNano())
	if text := os.Getenv("LANDFALL_SEED"); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("LANDFALL_SEED=%d", seed)
	r := rand.New(rand.NewPCG(seed, 1))
	for n := range often(1, 100) {
		dir, p := travel(t, source, target, fmt.Sprintf("disturbed_%d", n))
		d := &disturbance{p: p, r: r, kind: int(seed+uint64(n)) % 3, left: 1 + r.IntN(4)}
		d.next = 1 + r.IntN(60)
		at := ticket{d.cuts.Front(t, p.source.URL()), d.cuts.Front(t, p.target.URL())}
		tries := 0
		for err := goOn(t.Context(), at, dir, d.point); err != nil; err = goOn(t.Context(), at, dir, d.point) {
			t.Logf("%d: after %q: %v", n, d.done, err)
			if tries++; tries > 12 || fault.Is(err, fault.Internal) || fault.Is(err, fault.Found) || strings.Contains(err.Error(), "\n") {
				t.Fatalf("%d: %q: it ended %d times, the last time: %v", n, d.done, tries, err)
			}
		}
		t.Logf("%d: %q, ended %d times", n, d.done, tries)
		whole(t, p, d.done)
		if t.Failed() {
			return
		}
	}
}

// disturbance disturbs the passing of points: kind 0 at the source, 1 at the target, 2
// in between.
type disturbance struct {
	p    *pair
	cuts testkit.Cuts

	mu                       sync.Mutex
	r                        *rand.Rand
	kind, left, passed, next int
	done                     []string
}

func (d *disturbance) point(name string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.passed++; d.passed < d.next || d.left == 0 {
		return
	}
	d.left--
	d.next = d.passed + 1 + d.r.IntN(60)
	all := d.r.IntN(2) == 0
	d.done = append(d.done, fmt.Sprintf("kind %d, all %t: %s", d.kind, all, name))
	if d.kind == 2 {
		d.cuts.Cut(all)
		return
	}
	limit := map[bool]string{true: "ALL", false: "1"}[all]
	// By the order of a hash it may be any: of Landfall, a sender, or a worker that applies.
	d.p.exec([]testkit.PostgresServer{d.p.source, d.p.target}[d.kind], `SELECT pg_terminate_backend(pid) FROM (SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
		AND (application_name LIKE '%landfall%' OR backend_type LIKE 'logical replication%') ORDER BY hashint4(pid) LIMIT `+limit+`) x`)
}
