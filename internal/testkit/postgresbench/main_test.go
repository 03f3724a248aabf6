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
	got := table("x", []measured{{Mover: "a", Seconds: 3, Tool: 1, Source: 1, Target: 1}, {Mover: "a", Seconds: 1, Tool: 2, Source: 2, Target: 2}, {Mover: "b", WAL: 12, Memory: 7}})
	lines := strings.Split(strings.TrimSpace(got), "\n")
	if len(lines) != 4 || lines[2] != "| a | 2 | 2.0 [1.0-3.0] | 1.50 | 1.50 | 1.50 | 4.50 [3.00-6.00] | 0 | 0 |" || lines[3] != "| b | 1 | 0.0 | 0.00 | 0.00 | 0.00 | 0.00 | 7 | 12 |" {
		t.Error(got)
	}
	if median([]float64{9, 1, 5}) != 5 {
		t.Error("the median of three is not the one between")
	}
	if at(nil, 0.5) != 0 || at([]float64{1, 2, 3}, 1) != 3 || at([]float64{1, 2, 3}, 0.5) != 2 {
		t.Error("a share lies elsewhere")
	}
}

func TestMemoryOfAProcess(t *testing.T) {
	t.Parallel()
	if got := anonymousOf("Name:\tx\nRssAnon:\t    2048 kB\nRssFile:\t 4 kB\n"); got != 2 {
		t.Error(got)
	}
	if anonymousOf("") != 0 || anonymous(-1, 0) != 0 {
		t.Error("a process that is gone has memory")
	}
	if got := peak(os.Getpid())(); got < 1 {
		t.Errorf("this one has %.1f MiB", got)
	}
}

func TestArguments(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"copy"}, {"copy", "postgres://h/d", "postgres://h/e", "two"}, {"verify", "nothing", "postgres://h/e", "1"}, {"native", "postgres://h/d", "9://", "1"}, {"--jobs", "x"}} {
		if err := run(t.Context(), args, io.Discard); err == nil {
			t.Errorf("%q was taken", args)
		}
	}
	p := dump.Programs{Dump: "/x/pg_dump", Restore: "/x/pg_restore"}
	names := map[string]bool{}
	for _, m := range append(movers(p, 3), provers(p, 3)...) {
		all := strings.Join(m.command, " ")
		if names[m.name+m.what] || !strings.Contains(all, "TARGET") || !strings.Contains(all, "SOURCE") && !strings.HasPrefix(m.name, "(") {
			t.Errorf("%s: %s", m.name, all)
		}
		names[m.name+m.what] = true
	}
	b := &bench{servers: &servers{dir: "/d", source: server{address: "h:1"}, target: server{address: "h:2"}, at: "bench_7"}}
	if got := strings.Join(b.arguments(mover{command: []string{"x", "SOURCE", "TARGET", "DIR/y"}}), " "); !strings.Contains(got, "h:1/bench?") || !strings.Contains(got, "h:2/bench_7?") || !strings.HasSuffix(got, " /d/y") {
		t.Error(got)
	}
}
