package preflight_test

import (
	"slices"
	"strings"
	"testing"

	"example.com/landfall/internal/move/postgres/pg"
	"example.com/landfall/internal/move/postgres/preflight"
	"example.com/landfall/internal/move/postgres/preflight/facts"
)

// The list of effects follows the options: what is not asked for is not written.
func TestEffectsFollowTheOptions(t *testing.T) {
	t.Parallel()
	s := sound(pg.RDS, 15)
	s.Tables = []facts.Table{{Name: pg.Name{Schema: "public", Name: "heap"}, Identity: "d", Owned: true, Readable: true}}
	for _, c := range []struct {
		o              preflight.Options
		holds, lacks   string
		source, target int
	}{
		{preflight.Options{}, "CREATE SUBSCRIPTION", "REPLICA IDENTITY", 6, 5},
		{preflight.Options{Identity: true}, `ALTER TABLE ONLY "public"."heap" REPLICA IDENTITY FULL`, "-", 7, 5},
		{preflight.Options{NoReturn: true}, "CREATE PUBLICATION", "sequences", 5, 4},
		{preflight.Options{Offline: true}, "REVOKE CONNECT", "CREATE_REPLICATION_SLOT", 2, 3},
		{preflight.Options{Run: "0a1b2c3d"}, `"landfall_0a1b2c3d_1"`, "landfall_RUN", 6, 5},
	} {
		effects, err := preflight.Effects(s, sound(pg.Flexible, 15), c.o)
		if err != nil {
			t.Fatal(err)
		}
		var all strings.Builder
		n := map[preflight.Side]int{}
		for _, e := range effects {
			n[e.Side]++
			all.WriteString(e.What + strings.Join(e.SQL, ";") + "\n")
		}
		if n[preflight.Source] != c.source || n[preflight.Target] != c.target || !strings.Contains(all.String(), c.holds) || strings.Contains(all.String(), c.lacks+" ") {
			t.Errorf("%+v: %d and %d effects\n%s", c.o, n[preflight.Source], n[preflight.Target], all.String())
		}
	}
}

// The estimate grows with the data, shrinks with jobs, and never claims more than
// the target's compute size writes.
func TestEstimate(t *testing.T) {
	t.Parallel()
	const table = 10 << 30
	guess := func(tables int, o preflight.Options, samples ...facts.Sample) preflight.Estimate {
		s := sound(pg.RDS, 15)
		for i := range tables {
			s.Tables = append(s.Tables, facts.Table{Name: pg.Name{Schema: "s", Name: string(rune('a' + i))}, Bytes: table, Rows: 1e6, Indexes: 2, IndexBytes: 1 << 30})
		}
		e, err := preflight.EstimateOf(s, o, samples)
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	sample := facts.Sample{Table: "s.a", Stored: 100 << 20, Bytes: 80 << 20, Seconds: 1}
	one, four := guess(1, preflight.Options{}, sample), guess(4, preflight.Options{}, sample)
	if one.BytesPerSecond != 100<<20 || one.CopySeconds != 102.4 || four.BytesPerSecond != 400<<20 || four.CopySeconds != 102.4 || four.Bytes != 4*table || four.Indexes != 8 {
		t.Errorf("%+v\n%+v", one, four)
	}
	if wide := guess(4, preflight.Options{Jobs: 2}, sample); wide.BytesPerSecond != 200<<20 || wide.LowSeconds <= four.LowSeconds || wide.HighSeconds < wide.LowSeconds {
		t.Errorf("%+v", wide)
	}
	small := guess(4, preflight.Options{Planned: preflight.Planned{SKU: "Standard_D2ds_v5"}}, sample)
	if small.BytesPerSecond != 85<<20 || !slices.ContainsFunc(small.Basis, func(s string) bool { return strings.Contains(s, "Standard_D2ds_v5") }) {
		t.Errorf("%+v", small)
	}
	if none := guess(4, preflight.Options{}); none.HighSeconds != 0 || len(none.Basis) != 1 || none.Bytes != 4*table {
		t.Errorf("%+v", none)
	}
}
