package view

import (
	"strings"
	"testing"
)

func TestDatabaseText(t *testing.T) {
	t.Parallel()
	d := Database{
		Verb: "check", Source: "postgres://a@s/x", Target: "postgres://a@t/x", Run: "0123abcd", Stage: "following", Notes: []string{"a note"},
		Facts: []DatabaseFact{{Good, "all is well"}, {Bad, "not so"}},
		Findings: []DatabaseFinding{
			{ID: "no-identity", Severity: "blocks", Side: "source", Subject: "s.t", What: "it has no key", Why: "updates are lost", Fix: []string{"at the source: ALTER TABLE"}},
			{ID: "quiet", Severity: "notes", Side: "target", What: "nothing", Why: "not shown"},
		},
		Effects: []string{"source, copy: a slot; dropped"}, Lag: &DatabaseLag{Known: true, Bytes: 2048, Seconds: 6, Kept: 4096}, Next: "go on",
	}
	got := textOf(d)
	for _, want := range []string{
		"check postgres://a@s/x -> postgres://a@t/x, run 0123abcd, following", "info    a note", "ok      all is well", "fail    not so",
		"fail    blocks no-identity (source) s.t: it has no key", "updates are lost", "fix: at the source: ALTER TABLE", "info    notes quiet (target): nothing",
		"What the move does to the servers", "source, copy: a slot; dropped", "warn    2.0 KiB behind, 6s; the log that is kept for it: 4.0 KiB", "next: go on",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	if strings.Contains(got, "not shown") {
		t.Error("the reason of a note is shown")
	}
	// What is not known is never good.
	for _, l := range []DatabaseLag{{}, {Known: true, Trouble: "stuck"}} {
		if text := textOf(Database{Lag: &l}); strings.Contains(text, "ok ") {
			t.Errorf("%+v: %s", l, text)
		}
	}
}
