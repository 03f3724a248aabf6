package app

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/landfall/internal/action"
	"example.com/landfall/internal/assess"
	"example.com/landfall/internal/config"
	"example.com/landfall/internal/engine"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/runbook"
	"example.com/landfall/internal/store"
	"example.com/landfall/internal/view"
)

// looked is a look at a plan in a workspace, at noon.
func looked(t *testing.T, plan runbook.Runbook) *watching {
	t.Helper()
	a := workspace(t)
	a.Config = &config.Config{}
	return &watching{App: a, w: a.Workspace, now: noon(), plan: plan, fingerprint: "sha256:0123456789abcdef"}
}

func marks(list []view.WatchFinding) string {
	var out []string
	for _, f := range list {
		out = append(out, string(f.Mark)+" "+f.Where)
	}
	return strings.Join(out, "; ")
}

// A window in the past, one that nobody agreed on, and one that a run of today
// does not reach are said before anybody waits for it.
func TestWatchWindow(t *testing.T) {
	t.Parallel()
	at := func(d time.Duration) *time.Time { w := noon().Add(d); return &w }
	for name, c := range map[string]struct {
		window *runbook.Window
		open   bool
		want   string
	}{
		"none needed":    {nil, false, ""},
		"not agreed":     {&runbook.Window{Seconds: 3600}, false, "no time is agreed"},
		"in the past":    {&runbook.Window{Opens: at(-3 * time.Hour), Seconds: 7200}, false, "lies in the past"},
		"only the end":   {&runbook.Window{Opens: at(-time.Hour), Seconds: 7200, RollbackSeconds: 5400}, false, "lies in the past"},
		"too soon":       {&runbook.Window{Opens: at(time.Hour), Seconds: 7200}, false, "at the earliest"},
		"a run is there": {&runbook.Window{Opens: at(time.Hour), Seconds: 7200}, true, ""},
		"in time":        {&runbook.Window{Opens: at(20 * time.Hour), Seconds: 7200}, false, ""},
	} {
		x := looked(t, runbook.Runbook{Window: c.window, Steps: []runbook.Step{
			{ID: "prepare.a", Phase: runbook.Prepare, ExpectedSeconds: 36_000},
			{ID: "execute.b", Phase: runbook.Execute, Needs: []string{"prepare.a"}, InWindow: true, ExpectedSeconds: 60},
		}})
		if c.open {
			x.open = &store.Execution{Run: "shop-1"}
		}
		got, err := x.window(t.Context())
		if err != nil || (len(got) > 0) != (c.want != "") || len(got) > 0 && (!strings.Contains(got[0].What, c.want) || got[0].Mark != view.Bad || got[0].Do == "") {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

// A certificate that ends before the cutover is over takes the source down in
// the middle of it.
func TestWatchCertificates(t *testing.T) {
	t.Parallel()
	opens := noon().Add(48 * time.Hour)
	x := looked(t, runbook.Runbook{Window: &runbook.Window{Opens: &opens, Seconds: 3600}, Steps: []runbook.Step{
		{ID: "execute.a", Phase: runbook.Execute, ExpectedSeconds: 600},
		{ID: "evaluate.b", Phase: runbook.Evaluate, Needs: []string{"execute.a"}, WaitSeconds: 86_400, ExpectedSeconds: 600},
	}})
	stamp := func(d time.Duration) string { return noon().Add(d).Format(time.RFC3339) }
	if err := x.w.Write(store.Assessment, assess.Assessment{SchemaVersion: assess.Version, Inputs: map[string]string{}, Certificates: []assess.Certificate{
		{ID: "gone", NotAfter: stamp(-time.Hour)}, {ID: "soon", NotAfter: stamp(60 * time.Hour), Names: []string{"shop.example.com"}},
		{ID: "later", NotAfter: stamp(1000 * time.Hour)}, {ID: "untold"},
	}}); err != nil {
		t.Fatal(err)
	}
	got, err := x.certificates(t.Context())
	if want := "fail gone; fail shop.example.com (soon); warn untold"; err != nil || marks(got) != want {
		t.Errorf("%s, %v, want %s", marks(got), err, want)
	}
}

// named answers for names as a test says.
type named struct{ answers map[string]error }

func (n named) Check(context.Context, *action.Call) (action.Seen, string, error) {
	return action.NotThere, "", nil
}
func (n named) Apply(context.Context, *action.Call) error { return nil }
func (n named) Verify(context.Context, *action.Call) ([]action.Evidence, error) {
	return nil, nil
}
func (n named) Undo(context.Context, *action.Call) ([]action.Evidence, error) { return nil, nil }
func (n named) Try(_ context.Context, c *action.Call) ([]action.Evidence, error) {
	return nil, n.answers[c.Step.Inputs["route"].(string)]
}

// A name that may be kept for longer than the plan waits fails; a server that
// does not answer tells nothing.
func TestWatchNames(t *testing.T) {
	t.Parallel()
	x := looked(t, runbook.Runbook{Routes: []runbook.Route{
		{ID: "long.example.com", TTLSeconds: 60}, {ID: "good.example.com", TTLSeconds: 60}, {ID: "dark.example.com", TTLSeconds: 60},
		{ID: "untold.example.com"}, {ID: "arn:aws:elasticloadbalancing:us-east-1:1:loadbalancer/x", TTLSeconds: 60},
	}})
	x.Actions[action.KindDNS] = named{map[string]error{
		"long.example.com": fault.Newf(fault.Found, "it may be kept for 3600 s"), "dark.example.com": fault.Newf(fault.Unavailable, "no answer"),
	}}
	got, err := x.names(t.Context())
	if want := "fail long.example.com; unknown dark.example.com"; err != nil || marks(got) != want {
		t.Errorf("%s, %v, want %s", marks(got), err, want)
	}
}

// A yes to another fingerprint is no yes to this one.
func TestWatchApprovals(t *testing.T) {
	t.Parallel()
	x := looked(t, runbook.Runbook{})
	got, err := x.approvals(t.Context())
	if err != nil || len(got) != 1 || got[0].Mark != view.Bad || !strings.Contains(got[0].What, "0 of 1 approval") {
		t.Fatalf("%+v, %v", got, err)
	}
	if _, err := x.recordAs(t.Context(), "ann", entryRunbookApproved, "sha256:another", map[string]any{}); err != nil {
		t.Fatal(err)
	}
	if got, err = x.approvals(t.Context()); err != nil || len(got) != 1 || !strings.Contains(got[0].What, "another runbook") {
		t.Fatalf("%+v, %v", got, err)
	}
	me, err := x.speak(t.Context(), said{Verb: "approve", Runbook: x.fingerprint})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := x.recordAs(t.Context(), me.By, entryRunbookApproved, x.fingerprint, map[string]any{"runbook": x.fingerprint, "how": me.How, "proof": me.Proof}); err != nil {
		t.Fatal(err)
	}
	x.open = &store.Execution{Run: "shop-1", Fingerprint: "sha256:another"}
	if got, err = x.approvals(t.Context()); err != nil || marks(got) != "warn shop-1" {
		t.Errorf("%s, %v", marks(got), err)
	}
}

// What would fail and what nobody can tell both fail the look; a warning does
// not, and each look is in the ledger.
func TestWatchedFailsClosed(t *testing.T) {
	t.Parallel()
	a := workspace(t)
	for mark, fails := range map[view.Mark]bool{view.Bad: true, view.Unknown: true, view.Warn: false} {
		out := view.Watched{Workload: "shop", Findings: []view.WatchFinding{{Area: "source", Mark: mark, Where: "x"}}}
		if err := a.watched(t.Context(), &out); fault.Is(err, fault.Found) != fails || (err == nil) == fails || out.Evidence == 0 {
			t.Errorf("%s: %v", mark, err)
		}
	}
	list, err := a.LedgerList(t.Context(), LedgerOptions{}, entryWatched)
	if err != nil || len(list.Entries) != 3 {
		t.Errorf("%d entries, %v", len(list.Entries), err)
	}
	if err := a.KeepWatching(t.Context(), time.Second, nil); !fault.Is(err, fault.Usage) {
		t.Errorf("each second: %v", err)
	}
}

// A dry run asks actions to look and nothing else, whatever the runbook holds.
func TestDryRunEyesOnlyLook(t *testing.T) {
	t.Parallel()
	a := workspace(t)
	acted := &acting{}
	a.Actions = action.Registry{"deploy": acted, action.KindCommand: named{}, action.KindUnchanged: named{map[string]error{"": fault.Newf(fault.Found, "it changed")}}}
	e := a.eyes(&runbook.Runbook{Workload: "shop"}, "sha256:x")
	ctx := t.Context()
	look := func(id string, kind runbook.StepKind) string {
		l := e.Look(ctx, runbook.Step{ID: id, Kind: kind, Inputs: map[string]any{"route": ""}})
		return l.Text
	}
	for _, c := range []struct{ id, kind, want string }{
		{"a", "deploy", "nothing of it is there"}, {"b", "deploy", "nothing of it is there"},
		{"c", string(action.KindCommand), "only a run carries out"}, {"d", string(action.KindUnchanged), "it changed"}, {"e", "unheard-of", "does not know it"},
	} {
		if got := look(c.id, runbook.StepKind(c.kind)); !strings.Contains(got, c.want) {
			t.Errorf("%s: %q, want %q", c.kind, got, c.want)
		}
	}
	if acted.effects != 0 || acted.checks != 1 {
		t.Errorf("%d effects, %d looks", acted.effects, acted.checks)
	}
	if answer := e.Ask(ctx, engine.Question{Expr: "x > ", ID: "g"}); answer.Open != nil || answer.Detail == "" {
		t.Errorf("a broken gate: %+v", answer)
	}
	for _, kind := range readingTests() {
		if slices.Contains([]runbook.StepKind{action.KindCommand, action.KindHTTP, action.KindChecks, action.KindConnections, action.KindDeploy}, kind) {
			t.Errorf("%s is tried by a dry run", kind)
		}
	}
}

// acting counts what is done.
type acting struct{ checks, effects int }

func (a *acting) Check(context.Context, *action.Call) (action.Seen, string, error) {
	a.checks++
	return action.NotThere, "", nil
}
func (a *acting) Apply(context.Context, *action.Call) error { a.effects++; return nil }
func (a *acting) Verify(context.Context, *action.Call) ([]action.Evidence, error) {
	return nil, nil
}
func (a *acting) Undo(context.Context, *action.Call) ([]action.Evidence, error) {
	a.effects++
	return nil, nil
}
