package app

import (
	"slices"

	"example.com/landfall/internal/action"
	"example.com/landfall/internal/config"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/runbook"
	"example.com/landfall/internal/runbook/check"
)

// passes refuses a runbook that does not pass its checks as they are in this
// release, or that deploys to a place that landfall.yaml does not name: findings
// that stand in the file are what somebody wrote there.
func (a *App) passes(verb string, plan *runbook.Runbook) error {
	for _, f := range check.Runbook(plan) {
		if f.Blocks {
			return fault.Newf(fault.Refused, "%s: the runbook does not pass its checks: %s: %s", verb, f.ID, f.Text).Hintf("%s, then: landfall plan", f.Do)
		}
	}
	for i := range plan.Steps {
		s := &plan.Steps[i]
		if s.Kind != action.KindDeploy && s.Kind != action.KindLandingZone {
			continue
		}
		name, _ := s.Inputs["environment"].(string)
		if !slices.ContainsFunc(a.Config.Environments, func(e config.Environment) bool { return e.Name == name }) {
			return fault.Newf(fault.Refused, "%s: step %q is about the environment %q, which landfall.yaml does not name", verb, s.ID, name).
				Hintf("name it under environments in landfall.yaml, then: landfall plan")
		}
	}
	return nil
}

// assumed are findings about what landfall.yaml leaves open and a runbook is
// made with all the same.
func assumed(c *config.Config) []runbook.Finding {
	if len(c.Environments) > 0 {
		return nil
	}
	return []runbook.Finding{{
		ID:   "environments.assumed",
		Text: "landfall.yaml names no environments: the runbook is made for one that is called production, with nothing verified before it, and can be neither approved nor run so",
		Do:   "name where the workload is tried and where production is under environments in landfall.yaml, then: landfall plan",
	}}
}
