package compile

import (
	"slices"
	"strings"

	"example.com/landfall/internal/runbook"
)

// frozen are the triggers that watch the freeze of changes, by reading only: a
// change that nobody announced stops the run until the cutover begins. From
// there on the lead is asked, because a run that stands still in the window may
// do more harm than the change.
func (b *book) frozen() []runbook.Trigger {
	if !b.inBook[idFreeze] || !b.inBook[idGo] || !b.inBook[idSettle] {
		return nil
	}
	fact := b.unchanged().Facts
	fact[0].Inputs["announced"] = b.announced()
	one := runbook.Trigger{Expr: "changes > 0.0", Facts: fact, EverySeconds: 15 * minute, Decides: b.Choices.owner("lead"),
		Why: "the target was made from the source as it was; settle the change with who made it, then landfall assess reads the source anew"}
	before, during := one, one
	before.ID, before.From, before.Until, before.Action = "frozen", idFreeze, idGo, "pause"
	during.ID, during.From, during.Until, during.Action = "frozen-cutover", idGo, idSettle, "ask"
	return []runbook.Trigger{before, during}
}

// still looks once more, by reading only, whether the source is as it was
// planned from.
func (b *book) still(id, before string, needs []string, inWindow bool) string {
	phase, _, _ := strings.Cut(id, ".")
	var word runbook.Approvals
	if id == idLast {
		word = runbook.Approvals{Count: b.people(), Roles: []string{"lead"}, Why: "the point of no return follows: from there on going back loses what the plan names"}
	}
	return b.add(b.by("source.unchanged", runbook.Step{ID: id, Approvals: word, Phase: runbook.Phase(phase), Title: "Is the source as it was, before " + before + "?", Owner: "lead", Place: runbook.NearSource, Needs: needs, InWindow: inWindow,
		Probe: "a comparison from this moment is there", Do: "compare the source with inventory.json once more, by reading only; what the runbook itself has changed is no surprise",
		Verify: "nothing changed that nobody announced: what has is missing at the target", UndoReason: "looking changes nothing", ExpectedSeconds: 5 * minute, ExpectedBasis: "assumed", TimeoutSeconds: hour}))
}

// announce tells everything that compares the source what the runbook changes
// there; all steps have to be in the book.
func (b *book) announce() {
	known := b.announced()
	for i := range b.steps {
		s := &b.steps[i]
		if what := s.Inputs["kind"]; s.Kind == "source.unchanged" || what == "source.unchanged" {
			if s.Inputs == nil {
				s.Inputs = map[string]any{}
			}
			s.Inputs["announced"] = known
		}
		for _, g := range s.Gates {
			for _, f := range g.Facts {
				if f.Inputs["what"] == "source-changes" {
					f.Inputs["announced"] = known
				}
			}
		}
	}
}

// announced are the resources that the runbook itself changes while it is
// executed: what it fences, lowers and backs up is no surprise.
func (b *book) announced() []string {
	var out []string
	for i := range b.steps {
		if s := &b.steps[i]; s.Phase == runbook.Execute {
			for _, id := range s.About {
				out = append(out, string(id))
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
