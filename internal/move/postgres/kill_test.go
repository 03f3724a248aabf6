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
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

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

// journey is the child: there, back, there for good, with a row written at the open
// side after each verb. What an earlier child has finished it passes over.
func journey(ctx context.Context, c testkit.Child) error {
	text, err := os.ReadFile(filepath.Join(c.Dir, "ticket"))
	if err != nil {
		return err
	}
	var at ticket
	if err := json.Unmarshal(text, &at); err != nil {
		return err
	}
	done, err := os.ReadFile(filepath.Join(c.Dir, "done"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	mover := func() (*postgres.Mover, error) { return moverOf(at, c) }
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
			if m, err = mover(); err == nil {
				err = verb.do(m)
			}
		}
		if err != nil {
			return fmt.Errorf("%d %s: %w", n, verb.name, err)
		}
		done = fmt.Appendf(done, "%s\n", verb.name)
		if err := (fileStore{filepath.Join(c.Dir, "done")}).Save(done); err != nil {
			return err
		}
		c.Point("finished " + verb.name)
	}
	return nil
}

func moverOf(at ticket, c testkit.Child) (*postgres.Mover, error) {
	source, err := pg.Parse(at.Source)
	if err != nil {
		return nil, err
	}
	target, err := pg.Parse(at.Target)
	if err != nil {
		return nil, err
	}
	return postgres.New(postgres.Ports{
		Source: source, Target: target, Store: fileStore{filepath.Join(c.Dir, "move.json")}, Point: c.Point,
		Record: func(_ context.Context, kind string, _ any) error { c.Point("record " + kind); return nil },
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
	if n := p.one(p.target, "SELECT count(*) * 1000 + sum(n) FROM shop.visit"); n != 4000+1+3+5+7 {
		t.Errorf("%v: the rows of the target are %d", what, n)
	}
	if n := p.one(p.target, "SELECT count(*) FROM shop.bag"); n != 40 {
		t.Errorf("%v: %d rows in the bag", what, n)
	}
	n := p.one(p.source, "SELECT count(*) FROM pg_replication_slots WHERE database = current_database()") + p.one(p.source, "SELECT count(*) FROM pg_publication") +
		p.one(p.target, "SELECT count(*) FROM pg_subscription WHERE subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())") +
		p.one(p.target, "SELECT count(*) FROM pg_publication") + p.one(p.target, "SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'landfall%'")
	if n != 0 {
		t.Errorf("%v: %d things of the move are left", what, n)
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
	kills := 4
	if long, err := strconv.Atoi(os.Getenv("LANDFALL_LONG")); err == nil && long > 0 {
		kills = long
		if long == 1 {
			kills = len(points)
		}
	}
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
