package temporal

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"go.temporal.io/sdk/testsuite"

	"example.com/landfall/internal/engine"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/runbook"
)

// bookshop is the compiled runbook of the bookshop, whose steps are carried out
// by test hands, and whose triggers are asked once a day: its observation takes
// weeks.
func bookshop(t *testing.T) *runbook.Runbook {
	t.Helper()
	data, err := os.ReadFile("../../runbook/compile/testdata/golden/bookshop.json")
	if err != nil {
		t.Fatal(err)
	}
	var plan runbook.Runbook
	if err := json.Unmarshal(data, &plan); err != nil {
		t.Fatal(err)
	}
	for i := range plan.Steps {
		plan.Steps[i].Kind = "deploy"
	}
	for i := range plan.Triggers {
		plan.Triggers[i].EverySeconds = 24 * 3600
	}
	return &plan
}

// site is which side writes and serves, as the runbook says of its steps.
type site struct {
	facts  map[string]string
	before map[string]map[string]string
}

func newSite(plan *runbook.Runbook) *site {
	s := &site{facts: map[string]string{}, before: map[string]map[string]string{}}
	for _, d := range plan.Data {
		s.facts["writer of "+d.ID] = string(runbook.AtSource)
	}
	for _, r := range plan.Routes {
		s.facts["weights of "+r.ID] = "100/0"
	}
	s.facts["serves source"] = "true"
	return s
}

func factsOf(a runbook.After) map[string]string {
	out := map[string]string{}
	for id, side := range a.Writers {
		out["writer of "+id] = string(side)
	}
	for id, w := range a.Weights {
		out["weights of "+id] = fmt.Sprintf("%d/%d", w.Source, w.Target)
	}
	for side, serves := range a.Serves {
		out["serves "+string(side)] = fmt.Sprint(serves)
	}
	if a.Gone {
		out["gone"] = "true"
	}
	return out
}

// done and undone follow the steps of a run.
func (s *site) done(step *runbook.Step) {
	was := map[string]string{}
	for name := range factsOf(step.After) {
		was[name] = s.facts[name]
	}
	s.before[step.ID] = was
	maps.Copy(s.facts, factsOf(step.After))
}

func (s *site) undone(step *runbook.Step) {
	if step.Undo != nil && step.Undo.After != nil {
		maps.Copy(s.facts, factsOf(*step.Undo.After))
		return
	}
	maps.Copy(s.facts, s.before[step.ID])
}

// away lists what is not at the source.
func (s *site) away() []string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(s.facts)) {
		value := s.facts[name]
		bad := strings.HasPrefix(name, "writer") && value != string(runbook.AtSource) || strings.HasPrefix(name, "weights") && value != "100/0" ||
			name == "serves source" && value != "true" || name == "gone" && value == "true"
		if bad {
			out = append(out, name+" is "+value)
		}
	}
	return out
}

// Going back from every step of the bookshop's runbook returns the source to
// service, or the runbook had said before that it could not.
func TestRollbackFromEveryStepOfTheBookshop(t *testing.T) {
	t.Parallel()
	plan := bookshop(t)
	if len(plan.Steps) < 30 {
		t.Fatalf("the runbook has %d steps", len(plan.Steps))
	}
	for i := range plan.Steps {
		// Every step that decides who writes or serves, and some of the others;
		// all of them in the long test.
		step := &plan.Steps[i]
		if len(factsOf(step.After)) == 0 && i%12 != 0 && os.Getenv("LANDFALL_LONG") == "" {
			continue
		}
		t.Run(plan.Steps[i].ID, func(t *testing.T) {
			t.Parallel()
			backFrom(t, plan, plan.Steps[i].ID)
		})
	}
}

// backFrom goes forward until the step is done, then back.
func backFrom(t *testing.T, plan *runbook.Runbook, id string) {
	t.Helper()
	steps := map[string]*runbook.Step{}
	for i := range plan.Steps {
		steps[plan.Steps[i].ID] = &plan.Steps[i]
	}
	hands, at := &fakeHands{}, newSite(plan)
	hands.ask = func(q engine.Question) (engine.Answer, error) {
		return engine.Answer{Open: new(q.Step != "")}, nil
	}
	x := &trip{t: t, hands: hands, plan: plan, every: 10 * time.Minute}
	var current *testsuite.TestWorkflowEnvironment
	x.setup = func(env *testsuite.TestWorkflowEnvironment, _ int) { current = env }
	var first, second *answer
	hands.recorded = func(e engine.Entry) {
		switch e.Kind {
		case "step.done":
			at.done(steps[e.Step])
			if e.Step == id {
				current.RegisterDelayedCallback(func() {
					first = send(current, engine.Event{Kind: engine.Rollback, By: "ada", Reason: "no"})
					second = send(current, engine.Event{Kind: engine.Rollback, By: "ada", Reason: "no", Accept: true})
				}, 0)
			}
		case "step.undone":
			at.undone(steps[e.Step])
		}
	}
	x.look = func(env *testsuite.TestWorkflowEnvironment, s engine.Summary) { people(env, s, steps) }
	end := x.run()
	if end.Result == "done" {
		// It was over before anybody could say a word: what the step works on is
		// gone, or it is the one that closes the run.
		closes := plan.Steps[len(plan.Steps)-1].ID == id
		if step := steps[id]; !step.After.Gone && !closes || step.Undo != nil || plan.PointOfNoReturn == "" {
			t.Errorf("the run was over")
		}
		return
	}
	if first == nil || end.Result != "rolled back" {
		t.Fatalf("%s: %s", end.Result, statuses(end))
	}
	refused := first.err != nil
	if refused {
		if kindOf(first.err) != fault.Refused || second.err != nil {
			t.Fatalf("refused with %v, then %v", first.err, second.err)
		}
		if plan.PointOfNoReturn == "" {
			t.Errorf("the runbook names no point of no return, and going back is refused: %v", first.err)
		}
	}
	if away := at.away(); len(away) > 0 && !refused {
		t.Errorf("after going back: %v", away)
	}
}

// people say yes to all that is asked, in whatever role it takes.
func people(env *testsuite.TestWorkflowEnvironment, s engine.Summary, steps map[string]*runbook.Step) {
	for _, a := range s.Active {
		e := engine.Event{Step: a.ID, By: "ada", Reason: "looked", Plan: s.Plan, Accept: true}
		switch a.Status {
		case engine.Asked:
			e.Kind, e.Accept = engine.Approve, false
			if roles := steps[a.ID].Approvals.Roles; len(roles) > 0 {
				e.Role = roles[0]
			}
			send(env, e)
			e.By = "bob"
		case engine.Person:
			e.Kind = engine.Confirm
		case engine.Operator:
			e.Kind = engine.Retry
			if strings.Contains(a.Detail, "say whether it was done") {
				e.Kind, e.Effect = engine.Settle, new(true)
			}
		default:
			continue
		}
		send(env, e)
	}
}
