package facts_test

import (
	"slices"
	"testing"

	"example.com/landfall/internal/move/postgres/pg"
	"example.com/landfall/internal/move/postgres/preflight/facts"
)

// Numbers come in bytes and milliseconds, whatever the server counts in.
func TestNumber(t *testing.T) {
	t.Parallel()
	f := &facts.Facts{Settings: map[string]facts.Setting{
		"count": {Value: "7"}, "ms": {Value: "5", Unit: "ms"}, "s": {Value: "5", Unit: "s"}, "min": {Value: "2", Unit: "min"}, "kB": {Value: "4", Unit: "kB"}, "pages": {Value: "2", Unit: "8kB"},
		"MB": {Value: "3", Unit: "MB"}, "segments": {Value: "2", Unit: "16MB"}, "none": {Value: "-1", Unit: "MB"}, "word": {Value: "on"}, "bytes": {Value: "9", Unit: "B"},
	}}
	for name, want := range map[string]int64{"count": 7, "ms": 5, "s": 5000, "min": 120_000, "kB": 4096, "pages": 16384, "MB": 3 << 20, "segments": 32 << 20, "none": -1, "bytes": 9} {
		if got, ok := f.Number(name); !ok || got != want {
			t.Errorf("%s: %d %t, want %d", name, got, ok, want)
		}
	}
	for _, name := range []string{"word", "absent"} {
		if got, ok := f.Number(name); ok || got != 0 {
			t.Errorf("%s: %d", name, got)
		}
	}
}

func TestPreloaded(t *testing.T) {
	t.Parallel()
	f := &facts.Facts{Settings: map[string]facts.Setting{"shared_preload_libraries": {Value: `pg_cron, "pg_stat_statements",wal2json`}}}
	for library, want := range map[string]bool{"pg_cron": true, "pg_stat_statements": true, "wal2json": true, "pg_stat": false, "": false} {
		if got := f.Preloaded(library); got != want {
			t.Errorf("%s: %t", library, got)
		}
	}
}

func TestLargest(t *testing.T) {
	t.Parallel()
	f := &facts.Facts{Tables: []facts.Table{{Name: pg.Name{Schema: "s", Name: "b"}, Bytes: 5}, {Name: pg.Name{Schema: "s", Name: "a"}, Bytes: 5}, {Name: pg.Name{Schema: "s", Name: "c"}, Bytes: 9}}}
	var got []string
	for _, x := range f.Largest() {
		got = append(got, x.Name.Name)
	}
	if want := []string{"c", "a", "b"}; !slices.Equal(got, want) || f.Tables[0].Name.Name != "b" {
		t.Errorf("%q", got)
	}
	for _, c := range []struct {
		o    facts.Object
		want string
	}{{facts.Object{Name: pg.Name{Name: "watch"}}, "watch"}, {facts.Object{Name: pg.Name{Schema: "s", Name: "F"}, Arguments: "(integer)"}, `s."F"(integer)`}} {
		if got := c.o.Label(); got != c.want {
			t.Error(got)
		}
	}
}
