package view_test

import (
	"strings"
	"testing"

	"example.com/landfall/internal/runbook"
	"example.com/landfall/internal/runbook/compile"
	"example.com/landfall/internal/view"
)

func planned() view.Planned {
	step := func(id string, phase runbook.Phase) runbook.Step {
		return runbook.Step{ID: id, Phase: phase, Kind: "manual", Title: "do " + id, ExpectedSeconds: 600, Undo: &runbook.Undo{Do: "x", ExpectedSeconds: 120}}
	}
	r := &runbook.Runbook{
		Workload: "shop", Environment: "production", Strategy: runbook.BlueGreen, Why: "it fits", Window: &runbook.Window{Seconds: 7200, RollbackSeconds: 1800, Zone: "UTC"},
		Steps:           []runbook.Step{step("plan.review", runbook.Plan), step("execute.fence", runbook.Execute), step("execute.switch", runbook.Execute)},
		Data:            []runbook.DataSet{{ID: "db:shop", Kind: "postgres"}, {ID: "secret:key", Kind: "secrets", ReadOnly: true}},
		Routes:          []runbook.Route{{ID: "shop.example"}},
		PointOfNoReturn: "execute.switch", ExpectedSeconds: 1200, CriticalPath: []string{"execute.fence", "execute.switch"},
		Findings:   []runbook.Finding{{ID: "explore.two-writers:data:db:shop", Text: "both sides can write db:shop", Example: []string{"execute.switch: done"}, Do: "put a fence before it", Blocks: true}, {ID: "contacts", Text: "nobody is named"}},
		NotPlanned: []runbook.NotPlanned{{About: "a", What: "b", Why: "c"}},
	}
	r.Steps[1].InWindow, r.Steps[2].InWindow = true, true
	r.Steps[2].Undo.Loses = "orders since the switch"
	r.Steps[2].Needs = []string{"execute.fence"}
	r.Steps[1].After.Writers = map[string]runbook.Side{"db:shop": runbook.Nowhere}
	return view.OfRunbook(r, "sha256:"+strings.Repeat("ab", 32))
}

func TestRunbookViews(t *testing.T) {
	t.Parallel()
	usd := 266.0
	advised := view.Advised{Workload: "shop", Chosen: runbook.Canary, Advice: compile.Advice{Recommended: runbook.BlueGreen, Why: "it fits",
		Options: []compile.Option{
			{Strategy: runbook.BigBang, DowntimeSeconds: 90, WindowSeconds: 7200, Fits: true, Risk: "high", RiskWhy: "all at one time", Rollback: "hard", Loses: []string{"orders"}, Steps: 7},
			{Strategy: runbook.BlueGreen, DowntimeSeconds: 4000, WindowSeconds: 20_000, Risk: "low", RiskWhy: "side by side", Rollback: "easy", DoubleRunSeconds: 300_000, DoubleRunUSD: &usd, Loses: []string{"orders"}, Steps: 9},
		},
		Sources: []compile.Source{{Title: "a guide", Recommends: runbook.Canary, Says: "in shares"}}}}
	changes := view.PlanChanges{Approved: "sha256:" + strings.Repeat("a", 64), Planned: "sha256:" + strings.Repeat("b", 64), Changes: runbook.Changes{
		Runbook: []runbook.Change{{Field: "strategy", Before: `"canary"`, After: `"phased"`}},
		Added:   []runbook.Step{{ID: "execute.a", Title: "A"}}, Removed: []runbook.Step{{ID: "execute.b", Title: "B"}},
		Changed: []runbook.StepChange{{ID: "execute.c", Look: true, Fields: []runbook.Change{{Field: "do", Before: `"x"`}}}, {ID: "execute.d", Fields: []runbook.Change{{Field: "title", Before: `"x"`, After: `"` + strings.Repeat("long ", 40) + `"`}}}}}}
	for name, c := range map[string]struct {
		result view.Result
		want   []string
	}{
		"plan":    {planned(), []string{"shop: 3 steps to production, blue-green", "fail    explore.two-writers:data:db:shop", "execute.switch: done", "warn    contacts", "window: 2 h 00 min, of which the steps take 20 min; 30 min are kept for going back", "1 set of data and 1 name change hands", "point of no return: execute.switch; after it going back loses orders since the switch", "1 thing is not planned"}},
		"advise":  {advised, []string{"shop: blue-green\n", "landfall.yaml takes canary", "big-bang", "90 s", "5 h 33 min (too long)", "$266", "not known", "lost by going back", "  orders\n", "a guide"}},
		"changes": {changes, []string{"3 steps to look at again", "added    execute.a: A", "removed  execute.b: B", "changed  execute.c", `do: "x" -> none`, "reworded execute.d", "...", `runbook  strategy: "canary" -> "phased"`}},
		"same":    {view.PlanChanges{Approved: "sha256:1", Same: true}, []string{"the same as the approved runbook"}},
		"inputs":  {view.PlanChanges{Approved: "sha256:1"}, []string{"nothing that is done differs"}},
	} {
		var b strings.Builder
		p := view.NewPaper(&b, false)
		c.result.Text(p)
		if p.Err() != nil {
			t.Fatal(p.Err())
		}
		for _, want := range c.want {
			if !strings.Contains(b.String(), want) {
				t.Errorf("%s lacks %q:\n%s", name, want, b.String())
			}
		}
	}
	if p := planned(); p.Blocking != 1 || p.Manual != 3 || p.WindowSeconds != 1200 || p.BackSeconds != 240 {
		t.Errorf("%+v", p)
	}
}
