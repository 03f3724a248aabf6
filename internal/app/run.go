package app

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"example.com/landfall/internal/engine"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/runbook"
	"example.com/landfall/internal/store"
	"example.com/landfall/internal/view"
)

// Kinds of ledger entries about approvals of runbooks and about runs.
const (
	entryRunbookApproved = "runbook.approved"
	entryRunBegun        = "run.begun"
)

// RunOptions say how to run.
type RunOptions struct {
	// Until is the last phase to carry out, "" for all.
	Until string
	// Detach returns when the run has begun.
	Detach bool
	// Resume goes on from the checkpoint of a run that was drained.
	Resume bool
}

// Run executes the approved runbook of the workspace: it begins a run, or
// attaches to the one under way, and tells what happens until it ends or the
// caller goes, which changes nothing for the run.
func (a *App) Run(ctx context.Context, o RunOptions, tell func(view.RunNews)) (view.RunStatus, error) {
	w, err := a.need()
	if err != nil {
		return view.RunStatus{}, err
	}
	if err := knownPhase(o.Until); err != nil {
		return view.RunStatus{}, err
	}
	asked := a.setup.Now().UTC().Truncate(time.Second)
	open, err := a.beginOrFind(ctx, w, o)
	if err != nil {
		return view.RunStatus{}, err
	}
	if open.Begun.Before(asked) {
		if err := a.askAgain(ctx, *open); err != nil {
			return view.RunStatus{}, err
		}
	}
	if o.Until != "" && open.Begun.Before(asked) {
		if err := a.extend(ctx, w, *open, runbook.Phase(o.Until), tell); err != nil {
			return view.RunStatus{}, err
		}
	}
	if o.Detach {
		return a.statusOf(ctx, w, *open)
	}
	return a.follow(ctx, w, *open, following{tell: tell, untilHeld: true})
}

// extend lets a run under way go further. That it goes just so far already is
// what was wanted.
func (a *App) extend(ctx context.Context, w *store.Workspace, x store.Execution, until runbook.Phase, tell func(view.RunNews)) error {
	now, err := a.statusOf(ctx, w, x)
	if err != nil {
		return err
	}
	if now.Ended == nil && now.Summary.Until == until && a.goesSo(ctx, x.Run) {
		tell(view.RunNews{At: now.Summary.Now, Percent: now.Summary.Percent, Lines: []string{"the run " + x.Run + " goes until the end of the phase " + string(until) + " already"}})
		return nil
	}
	return a.Operate(ctx, engine.Event{Kind: engine.Extend, Until: until})
}

// openExecution returns the run that has not ended, nil when there is none.
// Rehearsals are no runs.
func openExecution(w *store.Workspace) (*store.Execution, error) { return openOf(w, false) }

func openOf(w *store.Workspace, rehearsal bool) (*store.Execution, error) {
	all, err := w.Executions()
	if err != nil {
		return nil, err
	}
	for i := range slices.Backward(all) {
		if all[i].Ended == nil && all[i].Rehearsal == rehearsal {
			return &all[i], nil
		}
	}
	return nil, nil
}

// lastExecution returns the newest run.
func lastExecution(w *store.Workspace) (store.Execution, error) {
	all, err := w.Executions()
	if err != nil {
		return store.Execution{}, err
	}
	for i := range slices.Backward(all) {
		if !all[i].Rehearsal {
			return all[i], nil
		}
	}
	return store.Execution{}, noRun()
}

// beginRun begins a run of the runbook in the workspace, if it was approved as
// it is, or goes on with one that was drained.
func (a *App) beginRun(ctx context.Context, w *store.Workspace, o RunOptions) (*store.Execution, error) {
	if o.Resume {
		return a.resume(ctx, w)
	}
	plan, fingerprint, err := a.runnable(ctx, w)
	if err != nil {
		return nil, err
	}
	if err := notAgain(w, fingerprint); err != nil {
		return nil, err
	}
	me, err := a.speak(ctx, said{Verb: sayRun, Until: o.Until, Runbook: fingerprint})
	if err != nil {
		return nil, err
	}
	now := a.setup.Now().UTC().Truncate(time.Second)
	x := store.Execution{Run: plan.Workload + "-" + now.Format("20060102-150405"), Fingerprint: fingerprint, Environment: plan.Environment, Begun: now, By: me.By, Engine: a.Config.Engine.Address}
	return &x, a.start(ctx, w, &x, engine.Request{Run: x.Run, Plan: plan, Fingerprint: fingerprint, Until: runbook.Phase(o.Until), By: me.By, How: me.How, Role: me.Role})
}

// notAgain refuses a new run where the last one has done the same already, or
// waits to go on in another engine.
func notAgain(w *store.Workspace, fingerprint string) error {
	last, err := lastExecution(w)
	switch {
	case fault.Is(err, fault.NotFound):
		return nil
	case err != nil:
		return err
	case last.Result == resultDrained:
		return fault.Newf(fault.Conflict, "run: the run %s was drained and waits to go on", last.Run).Hintf("landfall run --resume")
	case last.Result == "done" && last.Fingerprint == fingerprint:
		return fault.Newf(fault.Conflict, "run: the run %s has carried out this very runbook", last.Run).Hintf("landfall status")
	}
	return nil
}

// start begins a run in the engine.
func (a *App) start(ctx context.Context, w *store.Workspace, x *store.Execution, r engine.Request) error {
	runs, done, err := a.runs(ctx, true)
	if err != nil {
		return err
	}
	defer done()
	return a.startIn(ctx, w, runs, x, r)
}

// startIn begins a run in an engine. The register has it first: a run that
// nobody knows of is worse than one that is not there, which takeUp mends. One
// that goes on from a checkpoint is known, and is under way when it has begun.
func (a *App) startIn(ctx context.Context, w *store.Workspace, runs engine.Runs, x *store.Execution, r engine.Request) error {
	content, err := json.Marshal(r.Plan)
	if err != nil {
		return fault.Of(fault.Internal, "keep the runbook", x.Run, err)
	}
	if err := w.KeepFor(x.Run, "runbook", content); err != nil {
		return err
	}
	id, err := workspaceID(w)
	if err != nil {
		return err
	}
	x.Queue = runQueue(id, x.Rehearsal)
	if r.Queues, err = a.queues(w); err != nil {
		return err
	}
	if r.From == nil {
		if err := w.KeepExecution(*x); err != nil {
			return err
		}
	}
	if _, err := a.recordAs(ctx, x.By, entryRunBegun, x.Run, map[string]any{"runbook": x.Fingerprint, "environment": x.Environment, "by": x.By, "until": string(r.Until), "resumed": r.From != nil, "rehearsal": x.Rehearsal}); err != nil {
		return err
	}
	if err := runs.Start(ctx, r); err != nil || r.From == nil {
		return err
	}
	return w.KeepExecution(*x)
}

// runnable reads the runbook and refuses one that must not be run: blocked, out
// of date, or not approved as it is.
func (a *App) runnable(ctx context.Context, w *store.Workspace) (*runbook.Runbook, string, error) {
	plan, fingerprint, err := a.sound(w)
	if err != nil {
		return nil, "", err
	}
	return plan, fingerprint, a.approvedEnough(ctx, w, fingerprint)
}

// approvedEnough refuses a runbook to which fewer people have said yes than it
// takes.
func (a *App) approvedEnough(ctx context.Context, w *store.Workspace, fingerprint string) error {
	given, refused, err := a.approvalsThatCount(ctx, w, fingerprint)
	if needed := a.persons(); err == nil && len(given) < needed {
		return fault.Newf(fault.Refused, "run: the runbook %s has %d of %s%s", short(fingerprint), len(given), several(needed, "approval", "approvals"), notCounted(refused)).
			Hintf("read runbook.md, then: landfall approve runbook --fingerprint %s", fingerprint)
	}
	return err
}

// sound reads the runbook with its fingerprint and refuses one that is blocked
// or out of date.
func (a *App) sound(w *store.Workspace) (*runbook.Runbook, string, error) {
	var plan runbook.Runbook
	if err := w.Read(store.Runbook, &plan); err != nil {
		return nil, "", err
	}
	fingerprint, err := w.Fingerprint(store.Runbook)
	if err != nil {
		return nil, "", err
	}
	for _, f := range plan.Findings {
		if f.Blocks {
			return nil, "", fault.Newf(fault.Refused, "run: a finding blocks the runbook: %s: %s", f.ID, f.Text).Hintf("landfall plan")
		}
	}
	older, err := a.olderThan(w, &plan)
	if err != nil {
		return nil, "", err
	}
	if len(older) > 0 {
		return nil, "", fault.Newf(fault.Refused, "run: the runbook is older than %s", strings.Join(older, ", ")).Hintf("landfall plan, and have it approved anew")
	}
	return &plan, fingerprint, a.passes("run", &plan)
}

// olderThan names what a runbook was made from and what is another thing now.
// Durations that a rehearsal measured later are none of it: they change what is
// expected, not what is done.
func (a *App) olderThan(w *store.Workspace, plan *runbook.Runbook) ([]string, error) {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(plan.Inputs)) {
		switch name {
		case durationsFile:
			continue
		case configInput:
			same, err := a.sameChoices(plan)
			if err != nil {
				return nil, err
			}
			if !same {
				out = append(out, name)
			}
			continue
		}
		got, err := w.Fingerprint(store.Name(name))
		if err != nil {
			return nil, err
		}
		if got != plan.Inputs[name] {
			out = append(out, name)
		}
	}
	return out, nil
}

// sameChoices says whether landfall.yaml asks for the runbook as it was planned,
// by itself or with the strategy that was given to "landfall plan".
func (a *App) sameChoices(plan *runbook.Runbook) (bool, error) {
	for _, strategy := range []string{"", string(plan.Strategy)} {
		choices, err := planChoices(a.Config, strategy)
		if err != nil {
			return false, err
		}
		fingerprint, err := choicesFingerprint(choices)
		if err != nil || fingerprint == plan.Inputs[configInput] {
			return err == nil, err
		}
	}
	return false, nil
}

// persons is how many have to approve.
func (a *App) persons() int {
	if a.Config.Approvals.TwoPersons {
		return 2
	}
	return 1
}

// runbookApprovals returns who has approved a fingerprint, each person once:
// those whose yes counts today.
func (a *App) runbookApprovals(ctx context.Context, w *store.Workspace, fingerprint string) ([]string, error) {
	people, _, err := a.approvalsThatCount(ctx, w, fingerprint)
	return people, err
}

// short is a fingerprint as people compare it.
func short(fingerprint string) string {
	const shown = len("sha256:") + 12
	if len(fingerprint) > shown {
		return fingerprint[:shown]
	}
	return fingerprint
}

// ApproveRunbook gives a person's yes to the runbook of exactly this
// fingerprint.
func (a *App) ApproveRunbook(ctx context.Context, fingerprint, role string) (view.Approved, error) {
	w, err := a.need()
	if err != nil {
		return view.Approved{}, err
	}
	var plan runbook.Runbook
	if err := w.Read(store.Runbook, &plan); err != nil {
		return view.Approved{}, err
	}
	is, err := w.Fingerprint(store.Runbook)
	if err != nil {
		return view.Approved{}, err
	}
	if fingerprint != is {
		return view.Approved{}, fault.Newf(fault.Conflict, "approve the runbook: runbook.json is %s, not what was read", is).Hintf("read runbook.md again, then: landfall approve runbook --fingerprint %s", is)
	}
	for _, f := range plan.Findings {
		if f.Blocks {
			return view.Approved{}, fault.Newf(fault.Refused, "approve the runbook: a finding blocks it: %s: %s", f.ID, f.Text).Hintf("landfall plan")
		}
	}
	if err := a.passes("approve the runbook", &plan); err != nil {
		return view.Approved{}, err
	}
	me, err := a.speak(ctx, said{Verb: string(engine.Approve), Role: role, Runbook: fingerprint})
	if err != nil {
		return view.Approved{}, err
	}
	if role, err = a.roleOf(me, role); err != nil {
		return view.Approved{}, err
	}
	before, err := a.runbookApprovals(ctx, w, fingerprint)
	if err != nil {
		return view.Approved{}, err
	}
	out := view.Approved{What: "runbook", Fingerprint: fingerprint, By: me.By, How: me.How, Given: before, Needed: a.persons(), PointOfNoReturn: plan.PointOfNoReturn}
	if slices.ContainsFunc(before, func(one string) bool { return strings.EqualFold(one, me.By) }) {
		return out, fault.Newf(fault.Conflict, "approve the runbook: %s has approved %s already", me.By, short(fingerprint)).Hintf("landfall run")
	}
	entry, err := a.recordAs(ctx, me.By, entryRunbookApproved, fingerprint, map[string]any{"what": "runbook", "runbook": fingerprint, "how": me.How, "role": role, "proof": me.Proof, "pointOfNoReturn": plan.PointOfNoReturn})
	out.Given, out.Evidence = append(out.Given, me.By), entry.Seq
	return out, err
}
