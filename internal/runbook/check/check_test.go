package check_test

import (
	"slices"
	"strings"
	"testing"

	"example.com/landfall/internal/runbook"
	"example.com/landfall/internal/runbook/check"
)

type (
	sides  = map[string]runbook.Side
	shares = map[string]runbook.Weights
	ttls   = map[string]int64
)

func zeroLag() runbook.Gate {
	return runbook.Gate{ID: "zero-lag", Expr: "remaining == 0.0", EverySeconds: 5, TimeoutSeconds: 60, Facts: []runbook.Fact{{Name: "remaining", Source: "lag", Inputs: map[string]any{"data": "db"}, Type: "number"}}}
}

// good is a small runbook that may be approved.
func good() *runbook.Runbook {
	r := &runbook.Runbook{
		Workload: "shop", Strategy: runbook.BlueGreen,
		Window: &runbook.Window{Seconds: 3600, RollbackSeconds: 1800, Zone: "UTC"},
		Data:   []runbook.DataSet{{ID: "db", Kind: "postgres", Method: "online", Returns: true}},
		Routes: []runbook.Route{{ID: "www", By: "dns-switch", TTLSeconds: 3600}},
	}
	add := func(id string, after runbook.After, needs ...string) *runbook.Step {
		phase, _, _ := strings.Cut(id, ".")
		r.Steps = append(r.Steps, runbook.Step{ID: id, Phase: runbook.Phase(phase), Kind: "manual", Title: id, Owner: "lead", Needs: needs, After: after, Undo: &runbook.Undo{Do: "take it back", ExpectedSeconds: 60},
			TimeoutSeconds: 600, Retry: runbook.Retry{Attempts: 1}, ExpectedSeconds: 60, ExpectedBasis: "stated"})
		return &r.Steps[len(r.Steps)-1]
	}
	add("plan.review", runbook.After{})
	add("prepare.deploy", runbook.After{}, "plan.review")
	add("execute.copy", runbook.After{Replicates: sides{"db": runbook.AtTarget}}, "prepare.deploy")
	add("execute.ttl", runbook.After{TTLSeconds: ttls{"www": 60}}, "prepare.deploy")
	add("execute.expired", runbook.After{}, "execute.ttl").WaitSeconds = 3660
	add("execute.go", runbook.After{}, "execute.copy", "execute.expired").Approvals = runbook.Approvals{Count: 1, Why: "users are concerned"}
	add("execute.fence", runbook.After{Writers: sides{"db": runbook.Nowhere}}, "execute.go").InWindow = true
	add("execute.return", runbook.After{Replicates: sides{"db": runbook.AtSource}}, "execute.fence").InWindow = true
	hand := add("execute.switch", runbook.After{Writers: sides{"db": runbook.AtTarget}}, "execute.return")
	hand.InWindow, hand.Gates = true, []runbook.Gate{zeroLag()}
	hand.Undo.After = &runbook.After{Writers: sides{"db": runbook.Nowhere}}
	add("execute.serve", runbook.After{Serves: map[runbook.Side]bool{runbook.AtTarget: true}}, "execute.switch").InWindow = true
	add("execute.shift", runbook.After{Weights: shares{"www": {Source: 0, Target: 100}}}, "execute.serve").InWindow = true
	add("evaluate.ttl", runbook.After{TTLSeconds: ttls{"www": 3600}}, "execute.shift")
	end := add("evaluate.end", runbook.After{Replicates: sides{"db": runbook.Nowhere}}, "evaluate.ttl")
	end.Undo, end.UndoReason = nil, "changes are not carried back any more"
	gone := add("decommission.remove", runbook.After{Gone: true}, "evaluate.end")
	gone.Undo, gone.UndoReason, gone.Approvals = nil, "it is deleted", runbook.Approvals{Count: 2, Why: "deletion"}
	r.Triggers = []runbook.Trigger{{ID: "errors", Expr: "rate > 0.1", Facts: []runbook.Fact{{Name: "rate", Source: "kpi", Type: "number"}}, EverySeconds: 30, From: "execute.shift", Until: "evaluate.end", Action: "rollback", To: "execute.fence", Decides: "lead"}}
	r.PointOfNoReturn = r.NoReturn()
	return r
}

func at(r *runbook.Runbook, id string) *runbook.Step { return &r.Steps[r.Index()[id]] }

func TestAGoodRunbookHasNoFinding(t *testing.T) {
	t.Parallel()
	if found := check.Runbook(good()); len(found) > 0 {
		t.Errorf("%+v", found)
	}
}

// Each rule finds what breaks it, blocks, and says what mends it.
func TestEachRuleBites(t *testing.T) {
	t.Parallel()
	type mutant struct {
		change func(r *runbook.Runbook)
		want   string
	}
	for _, c := range []mutant{
		{func(r *runbook.Runbook) { r.Steps[1].ID = "plan.review" }, "id.twice:plan.review"},
		{func(r *runbook.Runbook) { r.Steps[0].ID = "plan.Review" }, "id.form:plan.Review"},
		{func(r *runbook.Runbook) { r.Steps[0].ID = "execute.review" }, "id.form:execute.review"},
		{func(r *runbook.Runbook) { at(r, "execute.copy").Needs = []string{"execute.nothing"} }, "need:execute.copy:execute.nothing"},
		{func(r *runbook.Runbook) { at(r, "prepare.deploy").Needs = []string{"evaluate.ttl"} }, "cycle"},
		{func(r *runbook.Runbook) {
			at(r, "plan.review").Needs = []string{"execute.copy"}
			at(r, "execute.copy").Needs = nil
			at(r, "execute.ttl").Needs = nil
		}, "need.later:plan.review:execute.copy"},
		{func(r *runbook.Runbook) { at(r, "execute.fence").Undo = nil }, "undo:execute.fence"},
		{func(r *runbook.Runbook) { at(r, "execute.shift").Undo, at(r, "execute.shift").UndoReason = nil, "no" }, "undo.needed:execute.shift"},
		{func(r *runbook.Runbook) { at(r, "execute.fence").Needs = []string{"execute.copy", "execute.expired"} }, "go:execute.fence"},
		{func(r *runbook.Runbook) { at(r, "execute.fence").UndoReason = "why" }, "undo.both:execute.fence"},
		{func(r *runbook.Runbook) { at(r, "execute.fence").Undo.Do = " " }, "undo.empty:execute.fence"},
		{func(r *runbook.Runbook) { at(r, "execute.switch").Undo.After.Writers["db"] = runbook.AtSource }, "undo.order:execute.switch:db"},
		{func(r *runbook.Runbook) { at(r, "execute.switch").Gates[0].Expr = "remaining ==" }, "condition:gate:execute.switch:zero-lag"},
		{func(r *runbook.Runbook) { at(r, "execute.switch").Gates[0].EverySeconds = 0 }, "condition.every:gate:execute.switch:zero-lag"},
		{func(r *runbook.Runbook) { at(r, "execute.switch").Gates[0].HoldSeconds = 60 }, "gate.time:execute.switch:zero-lag"},
		{func(r *runbook.Runbook) { s := at(r, "execute.switch"); s.Gates = append(s.Gates, s.Gates[0]) }, "gate.id:execute.switch:zero-lag"},
		{func(r *runbook.Runbook) { at(r, "execute.switch").Gates[0].Expr = "remaining < 5.0" }, "zero-lag:execute.switch:db"},
		{func(r *runbook.Runbook) { at(r, "execute.switch").Gates[0].Facts[0].Inputs["data"] = "other" }, "zero-lag:execute.switch:db"},
		{func(r *runbook.Runbook) { at(r, "execute.switch").Gates = nil }, "zero-lag:execute.switch:db"},
		{func(r *runbook.Runbook) { r.Triggers[0].Expr, r.Triggers[0].Facts = "true", nil }, "condition.open:trigger:errors"},
		{func(r *runbook.Runbook) { r.Triggers = append(r.Triggers, r.Triggers[0]) }, "trigger.id:errors"},
		{func(r *runbook.Runbook) { r.Triggers[0].Until = "execute.copy" }, "trigger.span:errors"},
		{func(r *runbook.Runbook) { r.Triggers[0].Action = "panic" }, "trigger.action:errors"},
		{func(r *runbook.Runbook) { r.Triggers[0].To = "evaluate.end" }, "trigger.to:errors"},
		{func(r *runbook.Runbook) {
			at(r, "execute.switch").Undo.Loses = "orders"
			r.PointOfNoReturn = "execute.switch"
		}, "trigger.loses:errors"},
		{func(r *runbook.Runbook) {
			r.Acceptance = []runbook.Criterion{{ID: "a", Gate: &runbook.Gate{Expr: "x"}}}
		}, "condition:acceptance:a"},
		{func(r *runbook.Runbook) { at(r, "execute.copy").Approvals.Count = -1 }, "approval:execute.copy"},
		{func(r *runbook.Runbook) { at(r, "execute.copy").Approvals.Roles = []string{"lead"} }, "approval:execute.copy"},
		{func(r *runbook.Runbook) { at(r, "execute.copy").Approvals.Count = 1 }, "approval.why:execute.copy"},
		{func(r *runbook.Runbook) { at(r, "execute.copy").Owner = "" }, "owner:execute.copy"},
		{func(r *runbook.Runbook) { at(r, "execute.copy").ExpectedBasis = "" }, "time:execute.copy"},
		{func(r *runbook.Runbook) { at(r, "execute.copy").TimeoutSeconds = 30 }, "timeout:execute.copy"},
		{func(r *runbook.Runbook) { at(r, "execute.copy").Retry.Attempts = 0 }, "retry:execute.copy"},
		{func(r *runbook.Runbook) { r.Window = nil }, "window.none"},
		{func(r *runbook.Runbook) { r.Window.RollbackSeconds = 100 }, "window.back"},
		{func(r *runbook.Runbook) { r.Window.Seconds = 2000 }, "window.short"},
		{func(r *runbook.Runbook) { at(r, "execute.return").InWindow = false }, "window.gap:execute.return"},
		{func(r *runbook.Runbook) { at(r, "prepare.deploy").After = runbook.After{TTLSeconds: ttls{"www": 60}} }, "read-only:prepare.deploy"},
		{func(r *runbook.Runbook) { at(r, "evaluate.ttl").After.Gone = true }, "gone:evaluate.ttl"},
		{func(r *runbook.Runbook) { at(r, "decommission.remove").Approvals.Count = 0 }, "gone.approval:decommission.remove"},
		{func(r *runbook.Runbook) { r.PointOfNoReturn = "" }, "no-return"},
		{func(r *runbook.Runbook) { r.Data = append(r.Data, r.Data[0]) }, "data.twice:db"},
		{func(r *runbook.Runbook) { r.Routes = append(r.Routes, r.Routes[0]) }, "route.twice:www"},
		{func(r *runbook.Runbook) { at(r, "execute.copy").After.Replicates["x"] = runbook.AtTarget }, "data.unknown:execute.copy:x"},
		{func(r *runbook.Runbook) { at(r, "execute.ttl").After.TTLSeconds["x"] = 60 }, "route.unknown:execute.ttl:x"},
		{func(r *runbook.Runbook) { at(r, "execute.shift").After.Weights["www"] = runbook.Weights{Target: 99} }, "weights:execute.shift:www"},
		{func(r *runbook.Runbook) {
			at(r, "execute.shift").After.Weights["www"] = runbook.Weights{Source: -1, Target: 101}
		}, "weights:execute.shift:www"},
		{func(r *runbook.Runbook) { at(r, "execute.fence").InWindow = false }, "fence.window:execute.fence:db"},
		{func(r *runbook.Runbook) { at(r, "execute.return").Needs = []string{"execute.copy"} }, "fence:execute.switch:db"},
		{func(r *runbook.Runbook) { at(r, "execute.switch").After = runbook.After{} }, "handover:db"},
		{func(r *runbook.Runbook) { at(r, "execute.expired").WaitSeconds = 3600 }, "ttl:execute.shift"},
		{func(r *runbook.Runbook) { at(r, "execute.expired").Needs = []string{"prepare.deploy"} }, "ttl:execute.shift"},
		{func(r *runbook.Runbook) { at(r, "execute.ttl").After.TTLSeconds["www"] = 7200 }, "ttl:execute.shift"},
		{func(r *runbook.Runbook) { at(r, "execute.shift").After = runbook.After{} }, "route.stays:www"},
		{func(r *runbook.Runbook) { at(r, "evaluate.ttl").After.TTLSeconds["www"] = 300 }, "ttl.back:www"},
		{func(r *runbook.Runbook) {
			at(r, "evaluate.ttl").Needs = []string{"execute.copy"}
			at(r, "evaluate.end").Needs = []string{"evaluate.ttl", "execute.shift"}
		}, "ttl.back:www"},
		{func(r *runbook.Runbook) { at(r, "execute.serve").After = runbook.After{} }, "explore.unserved:route:www"},
		{func(r *runbook.Runbook) { at(r, "execute.return").After = runbook.After{} }, "explore.lost-writes:data:db"},
		{func(r *runbook.Runbook) {
			r.Steps[0].Phase, r.Steps[0].ID = "later", "later.review"
			at(r, "prepare.deploy").Needs = nil
		}, "phase:later.review"},
	} {
		t.Run(c.want, func(t *testing.T) {
			t.Parallel()
			r := good()
			c.change(r)
			found := check.Runbook(r)
			i := slices.IndexFunc(found, func(f runbook.Finding) bool { return f.ID == c.want })
			if i < 0 {
				t.Fatalf("found %+v", found)
			}
			if !found[i].Blocks || found[i].Text == "" || found[i].Do == "" {
				t.Errorf("%+v", found[i])
			}
		})
	}
}

// A fence outside of the window is allowed where it is stated.
func TestStatedFence(t *testing.T) {
	t.Parallel()
	r := good()
	for i := range r.Steps {
		r.Steps[i].InWindow = false
	}
	r.Window = nil
	at(r, "execute.fence").Inputs = map[string]any{"stated": "nobody can write for a minute"}
	if found := check.Runbook(r); len(found) > 0 {
		t.Errorf("%+v", found)
	}
}

// Checking changes nothing, and says the same twice.
func TestCheckIsPure(t *testing.T) {
	t.Parallel()
	r := good()
	at(r, "execute.switch").Gates = nil
	at(r, "execute.fence").Undo = nil
	before, err := r.Fingerprint()
	if err != nil {
		t.Fatal(err)
	}
	first := check.Runbook(r)
	second := check.Runbook(r)
	after, err := r.Fingerprint()
	if err != nil || before != after || len(first) != len(second) {
		t.Errorf("%s %s %v", before, after, err)
	}
	for i := range first {
		if first[i].ID != second[i].ID || i > 0 && first[i].ID < first[i-1].ID {
			t.Errorf("%s, %s", first[i].ID, second[i].ID)
		}
	}
}
