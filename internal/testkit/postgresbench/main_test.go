package main

import (
	"io"
	"os"
	"strings"
	"testing"

	"example.com/landfall/internal/move/postgres/dump"
)

func TestParseStat(t *testing.T) {
	t.Parallel()
	got, err := parseStat("12 (a) b) (c) S 7 12 12 0 -1 4194304 100 0 0 0 5 6 70 80 20 0 1 0 100\n")
	if err != nil || got != (stat{7, 11, 150}) {
		t.Errorf("%+v, %v", got, err)
	}
	for _, text := range []string{"", "1 (x) S 1", "12 (x) S seven 12 12 0 -1 4194304 100 0 0 0 5 6 70 80 20"} {
		if _, err := parseStat(text); err == nil {
			t.Errorf("%q was read", text)
		}
	}
	if s, err := readStat(os.Getpid()); err != nil || s.parent != os.Getppid() {
		t.Errorf("%+v, %v", s, err)
	}
}

func TestTableHasMedians(t *testing.T) {
	t.Parallel()
	got := table("x", []measured{{Set: "x", Mover: "a", Seconds: 3, Tool: 1, Source: 1, Target: 1}, {Set: "x", Mover: "a", Seconds: 1, Tool: 2, Source: 2, Target: 2}, {Set: "y", Mover: "a", Seconds: 90}, {Set: "x", Mover: "b", WAL: 12}})
	lines := strings.Split(strings.TrimSpace(got), "\n")
	if len(lines) != 3 || strings.Join(strings.Fields(lines[1]), " ") != "a 2 2.00 1.50 1.50 1.50 4.50 0" || !strings.HasSuffix(lines[2], "12") {
		t.Error(got)
	}
	if median([]float64{9, 1, 5}) != 5 {
		t.Error("the median of three is not the one between")
	}
}

func TestArguments(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"copy"}, {"copy", "postgres://h/d", "postgres://h/e", "two"}, {"--jobs", "x"}} {
		if err := run(t.Context(), args, io.Discard); err == nil {
			t.Errorf("%q was taken", args)
		}
	}
	for _, m := range movers(dump.Programs{Dump: "/x/pg_dump", Restore: "/x/pg_restore"}, 3) {
		if all := strings.Join(m.command, " "); !strings.Contains(all, "SOURCE") || !strings.Contains(all, "TARGET") {
			t.Errorf("%s: %s", m.name, all)
		}
	}
}
