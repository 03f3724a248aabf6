package view

import (
	"strings"
	"testing"
	"time"

	"example.com/landfall/internal/engine"
	"example.com/landfall/internal/engine/simulate"
	"example.com/landfall/internal/runbook"
)

func written(t *testing.T, r Result) string {
	t.Helper()
	var b strings.Builder
	p := NewPaper(&b, false)
	r.Text(p)
	if p.Err() != nil {
		t.Fatal(p.Err())
	}
	return b.String()
}

func has(t *testing.T, text string, want ...string) {
	t.Helper()
	for _, w := range want {
		if !strings.Contains(text, w) {
			t.Errorf("no %q in:\n%s", w, text)
		}
	}
}

func lacks(t *testing.T, text string, unwanted ...string) {
	t.Helper()
	for _, w := range unwanted {
		if strings.Contains(text, w) {
			t.Errorf("%q in:\n%s", w, text)
		}
	}
}

func hour(h int) time.Time { return time.Date(2026, 3, 1, h, 0, 0, 0, time.UTC) }

// A person reads words, lengths of time that can be read, and the command that
// comes next; of a run that is over nothing more can be said.
func TestRunStatusText(t *testing.T) {
	t.Parallel()
	s := RunStatus{Run: "shop-1", Fingerprint: "sha256:x", Environment: "production", By: "ann", Begun: hour(8), Summary: engine.Summary{
		Mode: engine.Forward, Total: 2, Percent: 5, LeftSeconds: 3_177_998, Counts: []engine.StatusCount{{Status: engine.Pending, Steps: 1}, {Status: engine.Asked, Steps: 1}},
		Active:   []engine.ActiveStep{{ID: "plan.review", Title: "Review", Owner: "lead", Status: engine.Asked, Waits: "1 more approval of lead", Command: "landfall approve plan.review --role lead"}},
		Triggers: []engine.TriggerLooks{{ID: "frozen", Fired: true, Detail: "arn:a is changed"}},
	}}
	text := written(t, s)
	has(t, text, "begun by ann at 2026-03-01T08:00:00Z", "36.8 days left", "2 steps: 1 to come, 1 waiting for approval", "plan.review: waiting for approval (lead)", "next: landfall approve plan.review --role lead", "trigger frozen has fired: arn:a is changed")
	lacks(t, text, "882h", "pending", "asked")

	ended := hour(9)
	s.Ended, s.Result, s.Summary.Mode, s.Summary.Kept = &ended, "aborted", engine.Ended, []string{"a", "b"}
	text = written(t, s)
	has(t, text, "aborted at 2026-03-01T09:00:00Z", "still in effect: a, b", "next: landfall plan")
	lacks(t, text, "landfall approve", "1 more approval")

	for want, change := range map[string]func(*RunStatus){
		"next: landfall resume":              func(s *RunStatus) { s.Summary.Paused = true },
		"next: landfall run --until execute": func(s *RunStatus) { s.Summary.Held, s.Summary.Until = true, runbook.Prepare },
		"next: landfall run --resume":        func(s *RunStatus) { s.Ended, s.Result = &ended, "drained" },
		"next: landfall ledger verify":       func(s *RunStatus) { s.Ended, s.Result = &ended, "done" },
	} {
		one := RunStatus{Summary: engine.Summary{Mode: engine.Forward}}
		change(&one)
		has(t, written(t, one), want)
	}
}

func TestNewsOfARun(t *testing.T) {
	t.Parallel()
	before := engine.Summary{Seq: 1, Mode: engine.Forward, Total: 2}
	now := engine.Summary{Seq: 2, Mode: engine.Back, Why: "enough", Total: 2, Percent: 50, Counts: []engine.StatusCount{{Status: engine.Done, Steps: 1}},
		Active: []engine.ActiveStep{{ID: "a", Status: engine.Person, Waits: "ops to carry it out", Command: "landfall confirm a --reason TEXT", Attempt: 2}}}
	text := strings.Join(NewsOf(before, now).Lines, "\n")
	has(t, text, "a: waiting for a person (attempt 2); ops to carry it out", "next: landfall confirm a --reason TEXT", "1 of 2 steps done (50%)", "the run goes back: enough")
	if !NewsOf(now, now).None() {
		t.Error("nothing happened, and it is news")
	}
}

func TestDryRunText(t *testing.T) {
	t.Parallel()
	no := false
	plan := &runbook.Runbook{Workload: "shop", Environment: "production", Strategy: runbook.BigBang, CriticalPath: []string{"execute.a"}, ExpectedSeconds: 600, PointOfNoReturn: "execute.a",
		Steps: []runbook.Step{{ID: "plan.p", Phase: runbook.Plan, Owner: "lead", Title: "Sign"}, {ID: "execute.a", Phase: runbook.Execute, Owner: "ops"}, {ID: "execute.b", Phase: runbook.Execute, Owner: "ops"}}}
	d := OfDryRun(plan, "sha256:x", simulate.Result{Begins: hour(8), Ends: hour(12), Steps: []simulate.Step{
		{ID: "plan.p", Ready: hour(8), Begins: hour(8), Ends: hour(9), Person: true, Approvers: []string{"lead", "lead"}},
		{ID: "execute.a", Ready: hour(9), Begins: hour(11), Ends: hour(11), Look: &simulate.Look{Text: "no quota", Wrong: true}, Gates: []simulate.Gate{{ID: "lag"}, {ID: "calm", Open: &no, Detail: "x is 3"}}},
		{ID: "execute.b", Ready: hour(11), Begins: hour(11), Ends: hour(12), Stops: "no time is agreed"},
	}})
	d.Needed = 2
	text := written(t, d)
	has(t, text, "approved by 0 of 2", "Nothing was changed", "expected end 2026-03-01 12:00:00 (4 h 00 min", "asks for 2 approvals of lead", "lead carries it out: Sign",
		"waits 2 h 00 min first", "gate lag, measured now: no data", "gate calm, measured now: closed: x is 3", "looked: NOT YET: no quota", "would stop: no time is agreed",
		"3 steps, 1 by people, 2 approvals to give", "1 step would stop", "3 looks find", "point of no return: execute.a", "next: landfall approve runbook --fingerprint sha256:x")
	d.Approved = []string{"ann", "bob"}
	has(t, written(t, d), "approved by 2 of 2: ann, bob", "next: landfall run")
}

func TestRehearsedAndWatchedText(t *testing.T) {
	t.Parallel()
	text := written(t, Rehearsed{Run: "shop-rehearsal-1", Result: "done", Steps: 2, People: 1, Factor: 10, Seconds: 70, File: ".landfall/durations.json",
		Measured: []Measured{{"execute.freeze", 8, 900}}, Failed: []NotDone{{"prepare.deploy.test", "no rights"}}, NoData: []string{"execute.go: lag"}})
	has(t, text, "this is no run", "1 step is carried out by people", "execute.freeze", "expected 15 min", "prepare.deploy.test: no rights", "gates without data", "next: landfall plan")

	w := Watched{Workload: "shop", Fingerprint: "sha256:x", Environment: "production", At: hour(8), Looked: []string{"approvals", "source", "names"}, Findings: []WatchFinding{
		{Area: "source", Mark: Bad, Where: "arn:a", What: "it is changed", Do: "landfall assess"}, {Area: "names", Mark: Warn, Where: "x", What: "y"}}}
	has(t, written(t, w), "ok", "source: arn:a: it is changed", "do: landfall assess", "1 thing would fail")
	if w.Failing() != 1 || !w.Changed(Watched{}) || w.Changed(w) {
		t.Errorf("failing %d", w.Failing())
	}
}
