package compile_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"example.com/landfall/internal/action"
	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/runbook"
	"example.com/landfall/internal/runbook/compile"
	"example.com/landfall/internal/target"
)

// ports stand for the clouds: they note for which environment they were asked.
type ports struct{ asked []string }

func (p *ports) Landing(_ context.Context, environment string) (action.Landing, error) {
	p.asked = append(p.asked, environment)
	return stands{}, nil
}

func (p *ports) Connections(_ context.Context, environment string, _ func(int, int)) ([]action.Connection, error) {
	p.asked = append(p.asked, environment)
	return []action.Connection{{ID: "open", Expected: true, Tried: true, Passed: true}, {ID: "shut", Tried: true, Passed: true}}, nil
}

func (p *ports) Changes(context.Context) ([]action.SourceChange, int, []string, error) {
	return []action.SourceChange{{ID: "cloudformation:bookshop/Database", What: "changed"}}, 10, nil, nil
}

// stands is an environment in which everything is as it should be.
type stands struct{}

func (stands) Preflight(context.Context) ([]target.Check, error) {
	return []target.Check{{Status: target.OK}}, nil
}
func (stands) WhatIf(context.Context) (action.Preview, error) {
	return action.Preview{Changes: []target.Change{{Action: target.None}}}, nil
}
func (stands) Deploy(context.Context, target.Progress) ([]target.Outcome, error) { return nil, nil }
func (stands) ReadBack(context.Context) (action.ReadBack, error) {
	return action.ReadBack{Resources: 1}, nil
}

// What the compiler writes for each kind that is carried out is what the kind
// reads: nothing that it does not know, and nothing that it misses.
func TestActionsReadWhatIsCompiled(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(server.Close)
	p := &ports{}
	checks := action.Checks{}
	registry := action.Registry{
		action.KindManual: action.Manual{}, action.KindWait: action.Wait{}, action.KindNote: action.Note{},
		action.KindLandingZone: action.LandingZone{Landings: p}, action.KindDeploy: action.Deploy{Landings: p}, action.KindConnections: action.Connections{Connector: p},
		action.KindFreeze: action.Unchanged{Source: &ports{}}, action.KindUnchanged: action.Unchanged{Source: p},
		action.KindChecks: checks, action.KindHTTP: checks, action.KindCommand: checks,
		// Nobody listens there, which is no fault of the inputs.
		action.KindDNS: action.Names{Resolvers: []string{"127.0.0.1:1"}}, action.KindExpired: action.Names{Resolvers: []string{"127.0.0.1:1"}},
	}
	in := named(t, "bookshop")
	in.Kinds = map[runbook.StepKind]bool{}
	for kind := range registry {
		in.Kinds[kind] = true
	}
	in.Choices.HTTP = []compile.HTTPCheck{{Name: "front", URL: server.URL, Status: http.StatusNotFound, Contains: "not found"}}
	in.Choices.Commands = []compile.Command{{Name: "well", Run: "true", For: "load"}}
	seen := map[runbook.StepKind]int{}
	for _, strategy := range runbook.Strategies() {
		for _, s := range compiled(t, in, strategy).Steps {
			seen[s.Kind]++
			a, err := registry.Of(s.Kind)
			if err != nil {
				t.Fatal(err)
			}
			if s.Kind == action.KindManual || s.Kind == action.KindExpired && seen[s.Kind] > 1 {
				continue
			}
			p.asked = nil
			r := action.Run(t.Context(), a, &action.Call{Run: "run", Step: s, Attempt: 1}, false)
			// The source is changed in the test, which only those notice that were
			// not told: the beginning of the freeze.
			switch {
			case s.Kind == action.KindFreeze || s.Kind == action.KindExpired:
				if r.Final || r.Outcome != runbook.NoEffect {
					t.Errorf("%s: %s: %s", s.ID, r.Outcome, r.Detail)
				}
			case r.Outcome != runbook.Succeeded:
				t.Errorf("%s: %s: %s", s.ID, r.Outcome, r.Detail)
			}
			if slices.Contains(p.asked, "") {
				t.Errorf("%s does not say for which environment", s.ID)
			}
		}
	}
	for _, kind := range []runbook.StepKind{action.KindLandingZone, action.KindDeploy, action.KindConnections, action.KindFreeze, action.KindUnchanged, action.KindChecks, action.KindExpired} {
		if seen[kind] == 0 {
			t.Errorf("no step is of kind %s", kind)
		}
	}
}

// The source is looked at again directly before the cutover and before the
// point of no return, and what the runbook itself changes is announced.
func TestSourceIsLookedAtAgain(t *testing.T) {
	t.Parallel()
	in := named(t, "bookshop")
	in.Kinds = map[runbook.StepKind]bool{action.KindUnchanged: true}
	for strategy, first := range map[runbook.Strategy]string{runbook.BigBang: "execute.open", runbook.BlueGreen: "execute.open", runbook.Canary: "execute.cross", runbook.Phased: "execute.cross"} {
		r := compiled(t, in, strategy)
		if needs := step(t, r, first).Needs; !slices.Equal(needs, []string{"execute.unchanged"}) {
			t.Errorf("%s: %s needs %v", strategy, first, needs)
		}
		index, behind := r.Index(), r.Behind()
		last := index["execute.unchanged.last"]
		for i, s := range r.Steps {
			if s.ID == r.PointOfNoReturn && !behind[i].Has(last) {
				t.Errorf("%s: nobody looks at the source before %s", strategy, s.ID)
			}
			if s.Kind != action.KindUnchanged {
				continue
			}
			known, _ := s.Inputs["announced"].([]string)
			if !slices.Contains(known, string(resource(t, in, "Database"))) {
				t.Errorf("%s: %s takes the fence of the database for a change", strategy, s.ID)
			}
		}
		if s := step(t, r, "execute.go"); !slices.Contains(s.Gates[0].Facts[0].Inputs["announced"].([]string), string(resource(t, in, "Database"))) {
			t.Errorf("%s: the decision waits for ever for changes that the runbook itself makes", strategy)
		}
	}
	// Where everything can be carried back, that ends with the sign-off.
	in = own(t, in)
	in.Design.Decisions = slices.DeleteFunc(in.Design.Decisions, func(d design.Decision) bool {
		return slices.Contains([]cloud.Kind{"AWS::DynamoDB::Table", "AWS::ElastiCache::ReplicationGroup", "AWS::ElastiCache::CacheCluster"}, d.Kind)
	})
	r := compiled(t, in, runbook.BlueGreen)
	if r.PointOfNoReturn == "" || !slices.Contains(step(t, r, "evaluate.sign-off").Needs, "evaluate.unchanged") {
		t.Errorf("the way back ends at %q after %v", r.PointOfNoReturn, step(t, r, "evaluate.sign-off").Needs)
	}
}
