package app

import (
	"context"
	"encoding/json"
	"errors"
	"slices"

	"example.com/landfall/internal/engine"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/redact"
	"example.com/landfall/internal/runbook"
	"example.com/landfall/internal/store"
	"example.com/landfall/internal/view"
)

// Identity is a person, and how it was proved who it is.
type Identity struct {
	By string
	// How is "local user", "ssh signature of KEY", "OIDC ISSUER".
	How  string
	Role string
	// Proof is what an auditor checks it with, nil for a local user.
	Proof map[string]string
}

// localUser is how a person is known by whom nothing is proved.
const localUser = "local user"

// Operate gives an event to the run under way, in the name of the person who
// is speaking.
func (a *App) Operate(ctx context.Context, e engine.Event) error {
	w, err := a.need()
	if err != nil {
		return err
	}
	x, err := openExecution(w)
	if err != nil {
		return err
	}
	if x == nil {
		return noneUnderWay()
	}
	if redact.Value(e.Reason) || redact.Value(e.Detail) {
		return fault.Newf(fault.Invalid, "%s: the reason looks as if it held a secret, and the ledger keeps it for good", e.Kind).Hintf("say it without the secret")
	}
	me, err := a.speak(ctx, saidOf(e, *x))
	if err != nil {
		return err
	}
	e.By, e.How, e.Proof = me.By, me.How, me.Proof
	if e.Role, err = a.roleOf(me, e.Role); err != nil {
		return err
	}
	e.Plan = x.Fingerprint
	runs, done, err := a.runs(ctx, true)
	if err != nil {
		return err
	}
	defer done()
	err = runs.Send(ctx, x.Run, e)
	if fault.Is(err, fault.NotFound) && e.Kind == engine.Abort {
		return a.abandon(ctx, w, *x, e)
	}
	if fault.Is(err, fault.Conflict) {
		err = a.sayAgain(ctx, *x, e, err)
	}
	return a.inVain(ctx, *x, e, err)
}

// inVain uses a word up that a run has refused, and returns why it did. Of one
// that may have arrived nobody knows whether it was taken.
func (a *App) inVain(ctx context.Context, x store.Execution, e engine.Event, refused error) error {
	if !slices.Contains([]fault.Kind{fault.Conflict, fault.Refused, fault.Invalid, fault.NotFound}, fault.KindOf(refused)) {
		return refused
	}
	what, err := parseSaid(e.Proof[proofStatement])
	if err != nil {
		return refused
	}
	body := map[string]any{"run": x.Run, "runbook": x.Fingerprint, "step": e.Step, "data": map[string]string{"verb": what.Verb, "number": what.Number}}
	if _, err := a.recordAs(ctx, e.By, entryRefused, x.Run, body); err != nil {
		return errors.Join(refused, err)
	}
	return refused
}

// ApproveStep gives a person's yes to a step of the run under way. With a
// fingerprint it is a yes to that runbook only.
func (a *App) ApproveStep(ctx context.Context, step, role, fingerprint string) (view.Approved, error) {
	w, err := a.need()
	if err != nil {
		return view.Approved{}, err
	}
	x, err := openExecution(w)
	if err != nil {
		return view.Approved{}, err
	}
	if x == nil {
		return view.Approved{}, noneUnderWay()
	}
	if fingerprint != "" && fingerprint != x.Fingerprint {
		return view.Approved{}, fault.Newf(fault.Conflict, "approve %q: the run is of the runbook %s", step, x.Fingerprint).Hintf("landfall status")
	}
	out := view.Approved{What: step, Fingerprint: x.Fingerprint}
	return out, a.Operate(ctx, engine.Event{Kind: engine.Approve, Step: step, Role: role})
}

// plan reads the runbook of a run, which is kept beside it: that in the
// workspace may be a newer one.
func planOf(w *store.Workspace, run string) (*runbook.Runbook, error) {
	content, err := w.KeptFor(run, "runbook")
	if err != nil {
		return nil, err
	}
	var plan runbook.Runbook
	if err := json.Unmarshal(content, &plan); err != nil {
		return nil, fault.Of(fault.Invalid, "read the runbook of", run, err)
	}
	return &plan, nil
}

// Drain lets what is under way end, and keeps the checkpoint with which the run
// goes on in another engine.
func (a *App) Drain(ctx context.Context, reason string) (view.RunStatus, error) {
	w, err := a.need()
	if err != nil {
		return view.RunStatus{}, err
	}
	x, err := openExecution(w)
	if err != nil {
		return view.RunStatus{}, err
	}
	if x == nil {
		return view.RunStatus{}, noneUnderWay()
	}
	if err := a.Operate(ctx, engine.Event{Kind: engine.Drain, Reason: reason}); err != nil {
		return view.RunStatus{}, err
	}
	return a.follow(ctx, w, *x, following{tell: func(view.RunNews) {}})
}
