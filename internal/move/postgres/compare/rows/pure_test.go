package rows

import (
	"context"
	"errors"
	"math/big"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"example.com/landfall/internal/move/postgres/pg"
)

// Whatever two multisets of rows are, the counts say how many rows have to be
// added, taken away and changed to make the one the other.
func TestCounts(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		hashes := rapid.SliceOfN(rapid.Int64Range(0, 4), 0, 6)
		s := suspect{}
		if rapid.Bool().Draw(t, "keyed") {
			s.key = []string{"k"}
		}
		var here, there int64
		for _, h := range hashes.Draw(t, "source") {
			s.source = append(s.source, copies{row: h, n: 1})
			here++
		}
		for _, h := range hashes.Draw(t, "target") {
			s.target = append(s.target, copies{row: h, n: 1})
			there++
		}
		missing, extra, changed := s.counts()
		if there+missing-extra != here || missing < 0 || extra < 0 || s.key == nil && changed != 0 || s.key != nil && missing > 0 && extra > 0 {
			t.Fatal(missing, extra, changed)
		}
	})
}

// Keys whose hashes are equal by chance are told apart.
func TestMatch(t *testing.T) {
	t.Parallel()
	row := func(key string, hash int64) entry { return entry{1, []string{key}, copies{row: hash, n: 1}} }
	got := match(1, []entry{row("a", 1), row("b", 2), row("c", 3)}, []entry{row("b", 2), row("a", 9), row("d", 4)})
	var names []string
	for _, s := range got {
		names = append(names, s.key[0])
	}
	if !reflect.DeepEqual(names, []string{"a", "c", "d"}) {
		t.Error(names)
	}
}

func TestDiffering(t *testing.T) {
	t.Parallel()
	of := func(rows, sum int64) total { return total{rows, big.NewInt(sum)} }
	got := differing(map[int64]total{1: of(5, 1), 2: of(5, 2), 3: of(5, 3), 4: of(5, 4)}, map[int64]total{1: of(5, 1), 2: of(5, 9), 3: of(4, 3), 5: of(1, 1)}, 12)
	if !reflect.DeepEqual(got, [][]int64{{2}, {3}, {4, 5}}) {
		t.Error(got)
	}
}

func TestPiecesCoverATable(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		pages, per := rapid.Int64Range(0, 1000).Draw(t, "pages"), rapid.Int64Range(0, 100).Draw(t, "per")
		all := pieces(pages, per)
		if all[0].from != 0 || all[len(all)-1].to != 0 || all[len(all)-1].from > max(pages-1, 0) {
			t.Fatal(all)
		}
		for i := 1; i < len(all); i++ {
			if all[i].from != all[i-1].to || all[i].from == 0 {
				t.Fatal(all)
			}
		}
	})
}

func TestPace(t *testing.T) {
	t.Parallel()
	p := &pace{perSecond: 1 << 40, free: time.Now().Add(time.Hour)}
	ctx, cancel := context.WithCancelCause(t.Context())
	stopped := errors.New("stopped")
	cancel(stopped)
	if err := p.take(ctx, 1); !errors.Is(err, stopped) {
		t.Error(err)
	}
	if err := (&pace{}).take(ctx, 1<<62); err != nil {
		t.Error(err)
	}
}

// Servers that do not compute the same hashes, or are too old to compute 64 bits,
// are compared by MD5, which finds the same differences.
func TestOldServers(t *testing.T) {
	t.Parallel()
	source, target, sides := two(t)
	source.exec(kinds)
	target.exec(filler + kinds)
	c, err := open(t.Context(), sides, -1)
	if err != nil {
		t.Fatal(err)
	}
	defer c.close(context.WithoutCancel(t.Context()))
	f, err := look(t.Context(), c[0], c[1])
	if err != nil || f.old || !f.floats {
		t.Fatalf("%t %t %v", f.old, f.floats, err)
	}
	f.old, f.floats = true, false
	if err := f.prepare(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	w := &worker{comparer: &comparer{sides: sides, facts: f, meter: newMeter(nil, nil, ""), pace: [2]*pace{{}, {}}}, couple: c}
	check := func(want Verdict) {
		t.Helper()
		pairs, err := w.pairs(t.Context(), c, pg.Tables)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range pairs {
			got, err := w.table(t.Context(), p)
			if expected := map[bool]Verdict{true: want, false: Equal}[p.name().Name == "kinds"]; err != nil || got.Verdict != expected {
				t.Errorf("%s %v", show(got), err)
			}
		}
	}
	check(Equal)
	target.exec("UPDATE s.kinds SET i8 = i8 # 1 WHERE id = 9")
	check(Different)
}
