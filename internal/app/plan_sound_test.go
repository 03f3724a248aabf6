package app

import (
	"strings"
	"testing"

	"example.com/landfall/internal/action"
	"example.com/landfall/internal/config"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/runbook"
)

// A runbook that does not pass its checks, as one that was changed by hand and
// says nothing of it, is refused with the finding.
func TestRunbooksPassTheirChecks(t *testing.T) {
	t.Parallel()
	a := workspace(t)
	a.Config = &config.Config{Environments: []config.Environment{{Name: "test"}}}
	for name, c := range map[string]struct {
		change func(*runbook.Runbook)
		why    string
	}{
		"as planned": {func(*runbook.Runbook) {}, ""},
		"a ring":     {func(r *runbook.Runbook) { r.Steps[0].Needs = []string{"prepare.later"} }, "need each other"},
		"no undo":    {func(r *runbook.Runbook) { r.Steps[1].Undo = nil }, "neither how it is taken back"},
		"a place": {func(r *runbook.Runbook) {
			r.Steps[5].Kind, r.Steps[5].Inputs = action.KindDeploy, map[string]any{"environment": "test"}
		}, ""},
		"no such place": {func(r *runbook.Runbook) {
			r.Steps[5].Kind, r.Steps[5].Inputs = action.KindDeploy, map[string]any{"environment": "production"}
		}, "landfall.yaml does not name"},
	} {
		plan := talkative()
		c.change(plan)
		err := a.passes("run", plan)
		if (err == nil) != (c.why == "") || err != nil && (!fault.Is(err, fault.Refused) || !strings.Contains(err.Error(), c.why) || fault.HintOf(err) == "") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Where landfall.yaml names no environments the runbook says what it assumes.
func TestAssumedEnvironments(t *testing.T) {
	t.Parallel()
	got := assumed(&config.Config{})
	if len(got) != 1 || got[0].Blocks || got[0].Do == "" || !strings.Contains(got[0].Text, "production") {
		t.Errorf("%+v", got)
	}
	if got := assumed(&config.Config{Environments: []config.Environment{{Name: "test"}}}); len(got) != 0 {
		t.Errorf("%+v", got)
	}
}
