package app

import (
	"context"
	"encoding/json"
	"time"

	"example.com/landfall/internal/action"
	"example.com/landfall/internal/engine"
	"example.com/landfall/internal/engine/simulate"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/redact"
	"example.com/landfall/internal/runbook"
	"example.com/landfall/internal/view"
)

// entrySimulated is the kind of ledger entries about dry runs.
const entrySimulated = "run.simulated"

// lookWithin bounds one look of a dry run: a scan of the source is the longest.
const lookWithin = 10 * time.Minute

// DryRun carries the runbook of the workspace out in simulated time: order,
// waits, who is asked, and what a look at each step and gate finds today. It
// holds nothing with which a step could be done, and writes one entry of the
// ledger.
func (a *App) DryRun(ctx context.Context, until string) (view.DryRun, error) {
	w, err := a.need()
	if err != nil {
		return view.DryRun{}, err
	}
	if err := knownPhase(until); err != nil {
		return view.DryRun{}, err
	}
	plan, fingerprint, err := a.sound(w)
	if err != nil {
		return view.DryRun{}, err
	}
	given, err := a.runbookApprovals(ctx, w, fingerprint)
	if err != nil {
		return view.DryRun{}, err
	}
	begins := a.setup.Now().UTC().Truncate(time.Second)
	request := engine.Request{Run: "dry-run", Plan: plan, Fingerprint: fingerprint, Until: runbook.Phase(until), By: a.setup.User, How: "dry run"}
	result, err := simulate.Run(ctx, request, begins, a.eyes(plan, fingerprint))
	if err != nil {
		return view.DryRun{}, err
	}
	out := view.OfDryRun(plan, fingerprint, result)
	out.Approved, out.Needed, out.Until = append(out.Approved, given...), a.persons(), until
	entry, err := a.record(ctx, entrySimulated, plan.Workload, map[string]any{
		"runbook": fingerprint, "environment": plan.Environment, "until": until, "steps": len(out.Steps), "ends": out.Ends.Format(time.RFC3339), "stops": out.Stops, "wrong": out.Wrong,
	})
	out.Evidence = entry.Seq
	return out, err
}

// readingTests are the kinds of tests that ask the clouds and name servers and
// nothing else: a team's own commands and requests may do anything, and judging
// connections writes the list of them.
func readingTests() []runbook.StepKind {
	return []runbook.StepKind{action.KindWait, action.KindNote, action.KindLandingZone, action.KindFreeze, action.KindUnchanged, action.KindDNS, action.KindExpired}
}

// eyes are all that a dry run has of the world.
type eyes struct {
	actions     action.Registry
	ask         func(context.Context, engine.Question) (engine.Answer, error)
	call        action.Call
	looks       map[string]simulate.Look
	readOnlySet map[runbook.StepKind]bool
}

func (a *App) eyes(plan *runbook.Runbook, fingerprint string) eyes {
	e := eyes{actions: a.Actions.Looking(readingTests()...), ask: a.hands().Ask, looks: map[string]simulate.Look{}, readOnlySet: map[runbook.StepKind]bool{},
		// Waits between the tries of a look are for a run that has days.
		call: action.Call{Run: "dry-run", Plan: fingerprint, Workload: plan.Workload, Environment: plan.Environment, Attempt: 1, Rehearsal: 0.01, Secret: redact.Value, Log: a.setup.Log}}
	for _, kind := range readingTests() {
		e.readOnlySet[kind] = true
	}
	return e
}

// Look looks at a step. The same look, by kind and inputs, is made once.
func (e eyes) Look(ctx context.Context, step runbook.Step) simulate.Look {
	act, err := e.actions.Of(step.Kind)
	if err != nil {
		return simulate.Look{Text: err.Error(), Wrong: true}
	}
	_, isTest := act.(action.Test)
	if isTest && !e.readOnlySet[step.Kind] {
		return simulate.Look{Text: "a test that only a run carries out"}
	}
	inputs, err := json.Marshal(step.Inputs)
	if err != nil {
		return simulate.Look{Text: err.Error(), Wrong: true}
	}
	key := string(step.Kind) + "\n" + string(inputs)
	if had, ok := e.looks[key]; ok {
		return had
	}
	bounded, cancel := context.WithTimeout(ctx, lookWithin)
	defer cancel()
	call := e.call
	call.Step = step
	call.Key = engine.Key(call.Run, engine.Command{Kind: engine.ProbeStep, Step: step.ID})
	look := seen(bounded, act, &call, isTest)
	e.looks[key] = look
	return look
}

func seen(ctx context.Context, act action.Action, call *action.Call, isTest bool) simulate.Look {
	if isTest {
		r := action.Run(ctx, act, call, false)
		look := simulate.Look{Text: r.Detail, Wrong: r.Outcome != runbook.Succeeded}
		for _, e := range r.Evidence {
			if look.Text == "" {
				look.Text = e.Text
			}
		}
		if look.Text == "" {
			look.Text = "as it should be"
		}
		return look
	}
	r := action.Probe(ctx, act, call)
	switch r.Seen {
	case action.There:
		return simulate.Look{Text: "it is there already" + detail(r.Detail)}
	case action.Partly:
		return simulate.Look{Text: "part of it is there; the run would go on with it" + detail(r.Detail)}
	case action.NotThere:
		return simulate.Look{Text: "nothing of it is there; the run would carry it out" + detail(r.Detail)}
	case action.CannotTell:
	}
	return simulate.Look{Text: "cannot tell" + detail(r.Detail), Wrong: true}
}

func detail(text string) string {
	if text == "" {
		return ""
	}
	return ": " + text
}

// Ask measures a gate as a run does.
func (e eyes) Ask(ctx context.Context, q engine.Question) engine.Answer {
	answer, err := e.ask(ctx, q)
	if err != nil {
		return engine.Answer{Detail: err.Error()}
	}
	return answer
}

// knownPhase refuses a word that is no phase.
func knownPhase(until string) error {
	for _, p := range runbook.Phases() {
		if until == "" || until == string(p) {
			return nil
		}
	}
	return fault.Newf(fault.Usage, "run: there is no phase %q", until).Hintf("take plan, prepare, execute, evaluate or decommission")
}
