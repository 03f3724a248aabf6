package view_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"example.com/landfall/internal/testkit"
	"example.com/landfall/internal/view"
)

func text(r view.Result, color bool) string {
	var out bytes.Buffer
	r.Text(view.NewPaper(&out, color))
	return out.String()
}

func TestTableIsAsWideAsItsWidestCell(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	p := view.NewPaper(&out, false)
	p.Table([][]string{{"KEY", "VALUE", "ORIGIN"}, {"a", "grün", "file"}, {"longer", "b"}})
	// No trailing spaces after the last cell: they wrap on a narrow terminal.
	want := "KEY     VALUE  ORIGIN\na       grün   file\nlonger  b\n"
	if got := out.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestMarksAreWordsAndColourIsOptional(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	plain, coloured := view.NewPaper(&out, false), view.NewPaper(&out, true)
	seen := map[string]bool{}
	for _, m := range []view.Mark{view.Good, view.Warn, view.Bad, view.Unknown, view.Info} {
		if got := plain.Mark(m); strings.TrimSpace(got) != string(m) || len(got) != 7 {
			t.Errorf("plain mark %q: %q", m, got)
		}
		got := coloured.Mark(m)
		if !strings.Contains(got, string(m)) || seen[strings.ReplaceAll(got, string(m), "")] {
			t.Errorf("coloured mark %q: %q has no word, or the colour of another", m, got)
		}
		seen[strings.ReplaceAll(got, string(m), "")] = true
	}
}

type broken struct{ after int }

func (b *broken) Write(p []byte) (int, error) {
	if b.after--; b.after < 0 {
		return 0, errors.New("no space left")
	}
	return len(p), nil
}

func TestPaperKeepsTheFirstWriteError(t *testing.T) {
	t.Parallel()
	p := view.NewPaper(&broken{after: 1}, false)
	p.Line("one")
	if p.Err() != nil {
		t.Error(p.Err())
	}
	p.Line("two")
	p.Table([][]string{{"three"}})
	if p.Err() == nil {
		t.Error("the error is lost")
	}
}

// results are one of each kind, with every branch of a text in some of them.
func results() map[string]view.Result {
	verdict := view.LedgerVerdict{File: "l.db", Entries: 2, Head: "id/2/sha256:ff", Intact: true, Checked: []string{}}
	bad := view.LedgerVerdict{File: "l.db", Entries: 1, Checked: []string{}, FirstBad: 2, Problem: "the body was changed"}
	demo := sampleDemo()
	failed := sampleDemo()
	failed.Kept, failed.LedgerIntact = true, false
	failed.Audit = view.Audit{Accepted: 3, Confirmed: 2, Violations: []view.AuditViolation{{Kind: "lost", Order: "r-1", Detail: "not in the database"}}}
	failed.Load.Failed = map[string]int64{"timeout": 2, "http-500": 1}
	failed.Moved[0].Verified.Results = append(failed.Moved[0].Verified.Results, view.MoveCount{Name: "missing", Objects: 1, Bytes: 7}, view.MoveCount{Name: "refused", Objects: 2, Bytes: 7})
	failed.Moved[0].Part = "covers/*0.jpg"
	failed.Moved[0].Verified.Evidence = nil
	empty := sampleDemo()
	empty.Moved = nil
	empty.Audit = view.Audit{OK: true, Refused: 9}
	up := view.SandboxStatus{
		Phase: "ready", Workspace: "/w", UptimeSeconds: 61, Logs: "/w/logs", Swept: []string{"moto"},
		Parts:     []view.SandboxPart{{Name: "moto", State: "ready", Addresses: []string{"127.0.0.1:1", "127.0.0.1:2"}, PID: 7, MemoryBytes: 3 << 20}, {Name: "dns", State: "ready"}},
		Endpoints: map[string]string{"dns": "127.0.0.1:53", "aws": "http://127.0.0.1:1"},
	}
	again := up
	again.Already, again.Swept = true, nil
	sick := up
	sick.Phase, sick.Trouble, sick.Swept = "failed", "moto ended", nil
	return map[string]view.Result{
		"initialised":       view.Initialised{Workspace: "/w", File: "/w/landfall.yaml", Workload: "shop"},
		"initialised-here":  view.Initialised{Workspace: "/w", File: "/w/landfall.yaml", Workload: "shop", Here: true},
		"settings":          view.Settings{File: "f", Settings: []view.Setting{{Key: "a.b", Value: 1, Shown: "1", Origin: "default"}, {Key: "c", Shown: "x", Origin: "env X"}}},
		"diagnosis":         sampleDiagnosis(),
		"verdict-intact":    verdict,
		"verdict-broken":    bad,
		"entries":           view.LedgerEntries{File: "l.db", Entries: []view.LedgerEntry{{Seq: 1, Time: "2026-03-01T12:00:00Z", Kind: "k", Actor: "a", Subject: "s", Body: json.RawMessage(`{"n":1}`), Hash: "ff"}}},
		"exported":          view.LedgerExported{File: "out.jsonl", Entries: 1, Head: "id/1/sha256:ff"},
		"sandbox-up":        up,
		"sandbox-again":     again,
		"sandbox-failed":    sick,
		"sandbox-none":      view.SandboxStatus{Phase: "down", Workspace: "/w"},
		"sandbox-env":       view.SandboxEnv{Variables: []view.SandboxVariable{{Name: "A", Value: "it's"}, {Name: "B"}}},
		"sandbox-down":      view.SandboxDown{WasUp: true, Orderly: true, Stopped: []string{"moto", "dns"}, Logs: "/w/logs"},
		"sandbox-down-none": view.SandboxDown{},
		"sandbox-down-kill": view.SandboxDown{WasUp: true, Swept: []string{"moto"}, Logs: "/w/logs"},
		"sandbox-down-left": view.SandboxDown{Swept: []string{"moto"}, Logs: "/w/logs"},
		"sandbox-tools":     view.SandboxTools{Cache: "/c", Tools: []view.SandboxTool{{Name: "moto", Version: "5"}, {Name: "azurite", Version: "3"}}},
		"demo":              demo,
		"demo-failed":       failed,
		"demo-unproved":     empty,
	}
}

func sampleDiagnosis() view.Diagnosis {
	return view.Diagnosis{
		Findings: []view.Finding{
			{Area: "aws", Name: "credentials", Mark: view.Good, Detail: "somebody"},
			{Area: "aws", Name: "clock", Mark: view.Unknown, Detail: "not said"},
			{Area: "azure", Name: "configuration", Mark: view.Bad, Detail: "no subscription", Mend: "set it"},
		},
		Counts: map[view.Mark]int{view.Good: 1, view.Unknown: 1, view.Bad: 1},
	}
}

func sampleDemo() view.Demo {
	return view.Demo{
		Workspace: "/w", UpSeconds: 30, TotalSeconds: 70,
		Census: view.Census{Services: []view.ServiceCount{{Service: "EC2", Resources: 40}, {Service: "S3", Resources: 2}}, Resources: 42, Buckets: 2, Objects: 200, ObjectBytes: 3 << 20, Tables: 5, Rows: 900, LogLines: 10, MetricSeries: 11, TrailEvents: 12},
		Load:   view.LoadRun{Seconds: 30, RatePerSecond: 50, Sent: 1500, OK: 1497, Latency: view.Latency{P50: 1.25, P95: 9.5, P99: 20, Max: 31}},
		Audit:  view.Audit{OK: true, Tried: 150, Accepted: 149, Refused: 1, Confirmed: 149, Fulfilled: 140, Queued: 9, Customers: 30},
		Moved: []view.DemoMoved{{
			Copied: view.Moved{Source: "s3://covers", Target: "az://stcovers/covers", Proofs: []view.MoveCount{{Name: "bound", Objects: 200, Bytes: 3 << 20, Good: true}}, Seconds: 4.21},
			Verified: view.Moved{
				Results: []view.MoveCount{{Name: "same", Objects: 200, Bytes: 3 << 20, Good: true}}, Proofs: []view.MoveCount{{Name: "read", Objects: 200, Bytes: 3 << 20, Good: true}},
				Digest: "0591dece7aaf", Seconds: 2, Evidence: []int64{8, 9},
			},
		}},
		Down:          view.SandboxDown{WasUp: true, Orderly: true, Stopped: []string{"moto", "dns"}},
		LedgerEntries: 6, LedgerHead: "id/6/sha256:ff", LedgerIntact: true,
		Evidence: map[string]int64{"load": 3, "audit": 4, "census": 5},
	}
}

func TestTexts(t *testing.T) {
	t.Parallel()
	for name, r := range results() {
		testkit.Golden(t, "testdata/"+name+".txt", []byte(text(r, false)))
	}
}

// Colour adds codes and changes no word.
func TestColourChangesNoWord(t *testing.T) {
	t.Parallel()
	for name, r := range results() {
		plain, coloured := text(r, false), text(r, true)
		for _, code := range []string{"\x1b[0m", "\x1b[1m", "\x1b[2m", "\x1b[31m", "\x1b[32m", "\x1b[33m", "\x1b[35m"} {
			coloured = strings.ReplaceAll(coloured, code, "")
		}
		if coloured != plain {
			t.Errorf("%s: colour changes the text to %q", name, coloured)
		}
		if strings.Contains(plain, "\x1b") {
			t.Errorf("%s: colour without being asked for: %q", name, plain)
		}
	}
}

// What --json prints is one document, and ends with a line break.
func TestJSONIsOneDocument(t *testing.T) {
	t.Parallel()
	for name, r := range results() {
		var out bytes.Buffer
		if err := view.JSON(&out, r); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		var document map[string]any
		if err := json.Unmarshal(out.Bytes(), &document); err != nil || !strings.HasSuffix(out.String(), "}\n") {
			t.Errorf("%s: %v: %q", name, err, out.String())
		}
	}
}
