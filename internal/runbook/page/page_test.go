package page_test

import (
	"strings"
	"testing"

	"example.com/landfall/internal/runbook"
	"example.com/landfall/internal/runbook/page"
)

// cutover is a small one: nobody writes, the target writes, and a name follows.
func cutover() *runbook.Runbook {
	step := func(id, title, owner string, after runbook.After, needs ...string) runbook.Step {
		return runbook.Step{ID: id, Phase: runbook.Execute, Kind: "manual", Title: title, Owner: owner, Needs: needs, InWindow: true, After: after, ExpectedSeconds: 600, Undo: &runbook.Undo{Do: "take it back", ExpectedSeconds: 60}}
	}
	r := &runbook.Runbook{Workload: "shop", Environment: "production", Strategy: runbook.BlueGreen, Why: "it is small", Window: &runbook.Window{Seconds: 7200, RollbackSeconds: 1800, Zone: "UTC"},
		Contacts: []runbook.Contact{{Role: "database", Name: "A. Miller"}},
		Data:     []runbook.DataSet{{ID: "db"}},
		Steps: []runbook.Step{
			step("execute.fence", "Let nobody write", "database", runbook.After{Writers: map[string]runbook.Side{"db": runbook.Nowhere}}),
			step("execute.switch", "Let the target write", "database", runbook.After{Writers: map[string]runbook.Side{"db": runbook.AtTarget}}, "execute.fence"),
			step("execute.shift", "Send users", "network", runbook.After{Weights: map[string]runbook.Weights{"www": {Target: 100}}}, "execute.switch"),
		}}
	r.Steps[1].Undo.Loses = "orders since the switch"
	r.Steps[1].Approvals = runbook.Approvals{Count: 1, Roles: []string{"lead"}, Why: "orders"}
	r.PointOfNoReturn = r.NoReturn()
	return r
}

// The head of the document answers what an approver asks first.
func TestHeadForApprovers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		change func(r *runbook.Runbook)
		wants  []string
	}{
		{func(*runbook.Runbook) {}, []string{
			"- **Window**: 2 h 00 min long, its begin is not agreed on yet. The steps in it take 30 min; 30 min are kept for going back; 1 h 00 min are to spare.",
			"- **Users cannot write for** up to 30 min: the data changes hands within 20 min, and their names lead to the target after 30 min.",
			"- **Everything can be undone until** \"Let the target write\" (`execute.switch`), 10 min after the window opens: the point of no return.",
			"- **Going back after that loses** orders since the switch.",
			"| database | A. Miller | - | +0 s to +20 min (2 steps) | +0 s to +20 min (2 steps) | - |",
			"| network | **nobody is named** |",
			"| Let the target write (`execute.switch`) | 10 min after the window opens | 1 person (lead) | orders |",
			"**The source takes all users and all writes again after 3 min**",
		}},
		{func(r *runbook.Runbook) { r.Strategy = runbook.Canary }, []string{"- **Users cannot write for** up to 20 min, from the first fence to the last switch."}},
		{func(r *runbook.Runbook) { r.Strategy = runbook.Phased }, []string{"each while it changes hands; all of that takes place within 20 min."}},
		{func(r *runbook.Runbook) { r.Steps[1].Undo.Loses, r.PointOfNoReturn = "", "" }, []string{"- **Everything can be undone**, at any time"}},
		{func(r *runbook.Runbook) {
			r.Steps[1].Undo, r.Steps[1].UndoReason = nil, "nothing follows it"
		}, []string{"- **Going back after that** is not possible without a loss: nothing follows it."}},
		{func(r *runbook.Runbook) { r.Findings = []runbook.Finding{{ID: "x", Text: "x", Blocks: true}} }, []string{"- **It cannot be approved yet**: 1 finding blocks it."}},
		{func(r *runbook.Runbook) {
			r.Steps, r.Window, r.PointOfNoReturn = nil, nil, ""
		}, []string{"- **Window**: none is needed.", "- **Nothing is fenced**: writes go on."}},
	} {
		r := cutover()
		c.change(r)
		document := string(page.Files(r, "sha256:0")[0].Content)
		for _, want := range c.wants {
			if !strings.Contains(document, want) {
				t.Errorf("%q is not in\n%s", want, document[:min(len(document), 2500)])
			}
		}
	}
}

// Steps that lose the same one after the other are one line.
func TestLossesAreGathered(t *testing.T) {
	t.Parallel()
	r := cutover()
	for _, id := range []string{"decommission.wave-01", "decommission.wave-02", "decommission.wave-03"} {
		r.Steps = append(r.Steps, runbook.Step{ID: id, Phase: runbook.Decommission, Owner: "lead", After: runbook.After{Gone: true}, UndoReason: "it is deleted"})
	}
	document := string(page.Files(r, "sha256:0")[0].Content)
	if !strings.Contains(document, "| `decommission.wave-01` to `decommission.wave-03` (3 steps) | decommission | is not possible: it is deleted |") {
		t.Error(document)
	}
}
