package base_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"example.com/landfall/internal/move/postgres/base"
	"example.com/landfall/internal/move/postgres/pg"
	"example.com/landfall/internal/testkit"
	"example.com/landfall/internal/testkit/pgworld"
)

const (
	copyBody = "copy a database until killed"
	orderIn  = "order.json"
)

// order is what a child is to copy.
type order struct{ Source, Target, Run string }

func (o order) options() (base.Options, error) {
	source, err := pg.Parse(o.Source)
	target, err2 := pg.Parse(o.Target)
	return base.Options{Source: source, Target: target, Run: o.Run, Jobs: 3, IndexJobs: 2, ChunkBytes: 64 << 10}, errors.Join(err, err2)
}

// copyUntilKilled is the child: one pass.
func copyUntilKilled(ctx context.Context, c testkit.Child) error {
	text, err := os.ReadFile(filepath.Join(c.Dir, orderIn))
	if err != nil {
		return err
	}
	var o order
	if err := json.Unmarshal(text, &o); err != nil {
		return err
	}
	options, err := o.options()
	if err != nil {
		return err
	}
	options.Point = c.Point
	b, err := base.Open(ctx, options)
	if err != nil {
		return err
	}
	defer b.Close()
	r, err := b.Copy(ctx)
	return errors.Join(err, r.Err())
}

// disturbances is how many of each kind a test tries: LANDFALL_LONG says more.
func disturbances(usual int) int {
	if n, err := strconv.Atoi(os.Getenv("LANDFALL_LONG")); err == nil && n > 1 {
		return n
	} else if err == nil && n == 1 {
		return 100
	}
	return usual
}

func random(t *testing.T) *mathrand.Rand {
	seed := uint64(time.Now().UnixNano())
	if text := os.Getenv("LANDFALL_SEED"); text != "" {
		n, err := strconv.ParseUint(text, 10, 64)
		fatal(t, err)
		seed = n
	}
	t.Logf("LANDFALL_SEED=%d", seed)
	return mathrand.New(mathrand.NewPCG(seed, 0))
}

// points are those where a kill is most interesting, and how often they are passed.
func points() []testkit.Point {
	return []testkit.Point{{Name: "pass begins", Hit: 1}, {Name: "generation noted", Hit: 1}, {Name: "slot made", Hit: 1}, {Name: "slot noted", Hit: 1}, {Name: "schema noted", Hit: 1},
		{Name: "objects begin", Hit: 12}, {Name: "objects made", Hit: 10}, {Name: "chunk begins", Hit: 40}, {Name: "chunk sent", Hit: 40}, {Name: "chunk noted", Hit: 40}, {Name: "large objects noted", Hit: 1}, {Name: "all made", Hit: 1}}
}

// A process that is killed at whatever instant, and begun again, comes to what an
// undisturbed one comes to, and leaves no more than it.
func TestKilledCopiesGoOn(t *testing.T) {
	t.Parallel()
	r := random(t)
	source := testkit.Postgres(t)
	exec(t, source.URL(), pgworld.Everything(), pgworld.Rows(4000))
	for range disturbances(3) {
		s := between(t, source, testkit.Postgres(t))
		dir := t.TempDir()
		text, err := json.Marshal(order{s.source, s.target, s.run})
		fatal(t, err)
		fatal(t, os.WriteFile(filepath.Join(dir, orderIn), text, 0o600))
		var at []string
		for range 1 + r.IntN(3) {
			p := points()[r.IntN(len(points()))]
			p.Hit = 1 + r.IntN(p.Hit)
			at = append(at, p.String())
			if o := (testkit.Crash{Body: copyBody, Dir: dir, At: p, Within: 5 * time.Minute}).Run(t); !o.Killed && o.ExitCode != 0 {
				t.Fatalf("%v: exit code %d: %s", at, o.ExitCode, o.Output)
			}
		}
		if o := (testkit.Crash{Body: copyBody, Dir: dir, Within: 5 * time.Minute}).Run(t); o.Killed || o.ExitCode != 0 {
			t.Fatalf("%v: the last run: exit code %d: %s", at, o.ExitCode, o.Output)
		}
		s.same(t)
		s.cleaned(t)
		if t.Failed() {
			t.Fatal(at)
		}
	}
}

// cleaned cleans up and looks for what is left of the run.
func (s sides) cleaned(t *testing.T) {
	t.Helper()
	left, err := base.Clean(t.Context(), s.endpoint(t, s.source), s.endpoint(t, s.target), s.run)
	if err != nil || len(left) > 0 {
		t.Errorf("%+v, %v", left, err)
	}
	if slots := s.slots(t); len(slots) > 0 {
		t.Errorf("slots left: %q", slots)
	}
	for _, url := range []string{s.source, s.target} {
		sql := fmt.Sprintf("SELECT (SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'landfall%%') + (SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE '%%%s%%')", s.run)
		if n := one[int](t, url, sql); n > 0 {
			t.Errorf("%d schemas and sessions are left", n)
		}
	}
}

// Sessions that are ended on either side, and connections that are cut, cost time
// and nothing else. The run goes on by itself.
func TestSessionsThatAreLostAreReplaced(t *testing.T) {
	t.Parallel()
	r := random(t)
	source := testkit.Postgres(t)
	exec(t, source.URL(), pgworld.Everything(), pgworld.Rows(4000))
	for i := range disturbances(3) {
		s := between(t, source, testkit.Postgres(t))
		how := i % 3
		cutter := &testkit.Cuts{}
		o, err := order{cutter.Front(t, s.source), cutter.Front(t, s.target), s.run}.options()
		fatal(t, err)
		left := 1 + r.IntN(4)
		next := 1 + r.IntN(40)
		passed := 0
		var mu sync.Mutex
		o.Point = func(string) {
			mu.Lock()
			defer mu.Unlock()
			if passed++; passed < next || left == 0 {
				return
			}
			left--
			next = passed + 1 + r.IntN(60)
			switch how {
			case 0:
				s.end(t, s.source, r.IntN(2) == 0)
			case 1:
				s.end(t, s.target, r.IntN(2) == 0)
			default:
				cutter.Cut(r.IntN(2) == 0)
			}
		}
		result, err := s.copy(t, o)
		for try := 0; err != nil && try < 3; try++ {
			result, err = s.copy(t, o) // lost more often than one pass bears
		}
		fatal(t, err)
		if len(result.Left) > 0 {
			t.Errorf("%+v", result.Left)
		}
		s.same(t)
		s.cleaned(t)
		if t.Failed() {
			t.Fatalf("kind %d", how)
		}
	}
}

// The snapshot may be lost before the schema is read, by a program that tells it in
// words only: the copy goes on with another one.
func TestTheSnapshotIsLostBeforeTheSchemaIsRead(t *testing.T) {
	t.Parallel()
	source := testkit.Postgres(t)
	exec(t, source.URL(), "CREATE TABLE public.a (i int PRIMARY KEY); INSERT INTO public.a SELECT generate_series(1, 100)")
	s := between(t, source, testkit.Postgres(t))
	o, err := order{s.source, s.target, s.run}.options()
	fatal(t, err)
	var once sync.Once
	o.Point = func(name string) {
		if name == "slot noted" {
			once.Do(func() { s.end(t, s.source, true) })
		}
	}
	result, err := s.copy(t, o)
	if err != nil || len(result.Generations) == 0 || len(result.Left) > 0 {
		t.Fatalf("%+v %v", result, err)
	}
	s.same(t)
	s.cleaned(t)
}

// end ends sessions of the run: all or one.
func (s sides) end(t *testing.T, url string, all bool) {
	limit := "1"
	if all {
		limit = "ALL"
	}
	conn := connect(t, url)
	sql := fmt.Sprintf("SELECT pg_terminate_backend(pid) FROM (SELECT pid FROM pg_stat_activity WHERE application_name LIKE '%%%s' ORDER BY hashint4(pid) LIMIT %s) x", s.run, limit)
	if _, err := conn.Exec(context.Background(), sql); err != nil {
		t.Error(err)
	}
	_ = conn.Close(context.Background())
}
