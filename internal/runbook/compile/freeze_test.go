package compile_test

import (
	"slices"
	"testing"

	"example.com/landfall/internal/runbook"
)

// From the freeze to the end of the cutover the source is asked about without a
// gap: until the decision to go a change stops the run, then the lead is asked.
// What the runbook itself changes at the source is no surprise.
func TestTheFreezeIsWatched(t *testing.T) {
	t.Parallel()
	for name := range architectures(t) {
		in := named(t, name)
		for _, strategy := range runbook.Strategies() {
			r := compiled(t, in, strategy)
			index := r.Index()
			_, has := index["execute.freeze"]
			found := map[string]runbook.Trigger{}
			for _, g := range r.Triggers {
				found[g.ID] = g
			}
			before, during := found["frozen"], found["frozen-cutover"]
			if !has || before.From != "execute.freeze" || before.Until != during.From || during.From != "execute.go" || during.Until != "execute.settle" || before.Action != "pause" || during.Action != "ask" {
				t.Fatalf("%s, %s: %+v and %+v", name, strategy, before, during)
			}
			announced, _ := during.Facts[0].Inputs["announced"].([]string)
			for i := range r.Steps {
				s := &r.Steps[i]
				for _, id := range s.About {
					if s.Phase == runbook.Execute && len(s.After.Writers) > 0 && !slices.Contains(announced, string(id)) {
						t.Errorf("%s, %s: %s changes %s, which is not announced", name, strategy, s.ID, id)
					}
				}
			}
		}
	}
}
