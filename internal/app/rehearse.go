package app

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"time"

	"example.com/landfall/internal/action"
	"example.com/landfall/internal/engine"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/runbook"
	"example.com/landfall/internal/store"
	"example.com/landfall/internal/store/durable"
	"example.com/landfall/internal/view"
)

// entryRehearsed is the kind of the ledger entry that ends a rehearsal.
const entryRehearsed = "run.rehearsed"

// rehearsalFolder holds the engine of rehearsals, inside the private folder.
const rehearsalFolder = "rehearsal"

// rehearser is who gives approvals and confirmations in a rehearsal.
const rehearser = "rehearsal"

// RehearseOptions say how to rehearse.
type RehearseOptions struct {
	// Factor by which waits, holds and the times between two questions are
	// shorter than in the runbook.
	Factor int64
}

// Rehearse carries the whole runbook out in the sandbox: the real engine, the
// real actions, people's answers given by itself, waits shortened. What the
// steps took is kept for the next plan. It refuses anywhere else.
func (a *App) Rehearse(ctx context.Context, o RehearseOptions, tell func(view.RunNews)) (view.Rehearsed, error) {
	w, err := a.need()
	if err != nil {
		return view.Rehearsed{}, err
	}
	if o.Factor < 1 {
		return view.Rehearsed{}, fault.Newf(fault.Usage, "rehearse: waits cannot be shortened by %d", o.Factor).Hintf("landfall run --rehearse --factor 100000")
	}
	if err := a.onlySandbox(ctx, w); err != nil {
		return view.Rehearsed{}, err
	}
	if a, err = a.withMadeUpValues(); err != nil {
		return view.Rehearsed{}, err
	}
	r := &rehearsal{App: a, w: w, factor: o.Factor, tell: tell, people: map[string]bool{}, failed: map[string]string{}}
	if err := r.prepare(); err != nil {
		return view.Rehearsed{}, err
	}
	state, err := r.carryOut(ctx)
	if err != nil {
		return view.Rehearsed{}, err
	}
	return r.conclude(ctx, state)
}

// rehearsal is one rehearsal on its way.
type rehearsal struct {
	*App
	w      *store.Workspace
	factor int64
	tell   func(view.RunNews)
	// plan is the shortened runbook, of the approved one it is made from.
	plan      *runbook.Runbook
	shortened string
	of        string
	x         *store.Execution
	people    map[string]bool
	failed    map[string]string
	blind     blindGates
}

// prepare finds the rehearsal that was cut off, or makes a new one.
func (r *rehearsal) prepare() error {
	plan, fingerprint, err := r.sound(r.w)
	if err != nil {
		return err
	}
	r.of = fingerprint
	if r.x, err = openOf(r.w, true); err != nil {
		return err
	}
	if r.x != nil && r.x.Fingerprint == fingerprint {
		if r.plan, err = planOf(r.w, r.x.Run); err != nil {
			return err
		}
	} else {
		if r.plan, err = shorten(plan, r.factor); err != nil {
			return err
		}
		now := r.setup.Now().UTC().Truncate(time.Second)
		r.x = &store.Execution{Run: plan.Workload + "-rehearsal-" + now.Format("20060102-150405"), Fingerprint: fingerprint, Environment: plan.Environment, Begun: now, By: r.setup.User, Rehearsal: true}
	}
	r.shortened, err = r.plan.Fingerprint()
	return err
}

// shorten makes waits shorter by a factor, and lets no step wait for a date.
func shorten(plan *runbook.Runbook, factor int64) (*runbook.Runbook, error) {
	content, err := json.Marshal(plan)
	if err != nil {
		return nil, fault.Of(fault.Internal, "shorten the runbook", plan.Workload, err)
	}
	out := &runbook.Runbook{}
	if err := json.Unmarshal(content, out); err != nil {
		return nil, fault.Of(fault.Internal, "shorten the runbook", plan.Workload, err)
	}
	const leastTimeout = 20
	out.Window = nil
	for i := range out.Steps {
		s := &out.Steps[i]
		s.WaitSeconds = shorter(s.WaitSeconds, factor, 0)
		s.Retry.FirstSeconds, s.Retry.MaxSeconds = shorter(s.Retry.FirstSeconds, factor, 1), shorter(s.Retry.MaxSeconds, factor, 2)
		for k := range s.Gates {
			g := &s.Gates[k]
			g.HoldSeconds, g.EverySeconds, g.TimeoutSeconds = shorter(g.HoldSeconds, factor, 0), shorter(g.EverySeconds, factor, 1), shorter(g.TimeoutSeconds, factor, leastTimeout)
		}
	}
	for k := range out.Triggers {
		t := &out.Triggers[k]
		t.HoldSeconds, t.EverySeconds = shorter(t.HoldSeconds, factor, 1), shorter(t.EverySeconds, factor, 5)
	}
	return out, nil
}

// shorter divides a time; what is not nought stays at least so long, and none
// gets longer.
func shorter(seconds, factor, least int64) int64 {
	if seconds <= 0 {
		return seconds
	}
	return min(seconds, max((seconds+factor-1)/factor, least))
}

// rehearsalPlace is where the engine of a workspace's rehearsals is.
func rehearsalPlace(w *store.Workspace) (EnginePlace, error) {
	id, err := workspaceID(w)
	if err != nil {
		return EnginePlace{}, err
	}
	dir, err := w.Private(rehearsalFolder, engineFolder)
	return EnginePlace{Dir: dir, Workspace: w.Root(), Queue: runQueue(id, true), Rehearsal: true}, err
}

// carryOut runs the rehearsal to its end. Engine and worker live as long as it
// does; one that was cut off goes on when it is asked for again.
func (r *rehearsal) carryOut(ctx context.Context) (engine.State, error) {
	place, err := rehearsalPlace(r.w)
	if err != nil {
		return engine.State{}, err
	}
	runs, done, err := r.Engines.Connect(ctx, place, true)
	if err != nil {
		return engine.State{}, err
	}
	defer func() {
		done()
		_, _ = r.Engines.Stop(context.WithoutCancel(ctx), place) // a next rehearsal uses one that stayed
	}()
	working, stop := context.WithCancel(ctx)
	worked := make(chan error, 1)
	go func() {
		worked <- r.Engines.Work(working, place, Work{Home: true, Hands: rehearsing{hands{r.App, 1 / float64(r.factor)}, &r.blind}})
	}()
	defer func() { stop(); <-worked }()
	request := engine.Request{Run: r.x.Run, Plan: r.plan, Fingerprint: r.shortened, By: rehearser, How: rehearser}
	if err := r.startIn(ctx, r.w, runs, r.x, request); err != nil {
		return engine.State{}, err
	}
	return r.accompany(ctx, runs)
}

// accompany answers for people until the run has ended.
func (r *rehearsal) accompany(ctx context.Context, runs engine.Runs) (engine.State, error) {
	const lookEvery = 200 * time.Millisecond
	var last engine.Summary
	for {
		now, err := runs.Status(ctx, r.x.Run)
		switch {
		case ctx.Err() != nil:
			return engine.State{}, fault.Of(fault.Canceled, "rehearse", r.x.Run, ctx.Err()).Hintf("landfall run --rehearse goes on with it")
		case err != nil && !fault.Is(err, fault.Unavailable):
			return engine.State{}, err
		case err == nil && now.Mode == engine.Ended:
			return runs.Wait(ctx, r.x.Run)
		case err == nil:
			if news := view.NewsOf(last, now); !news.None() {
				news.Lines = progressOnly(now, last)
				r.tell(news)
			}
			last = now
			if err := r.answer(ctx, runs, now); err != nil {
				return engine.State{}, err
			}
		}
		select {
		case <-ctx.Done():
		case <-time.After(lookEvery):
		}
	}
}

// progressOnly is what somebody who watches a rehearsal wants to read: how far
// it is, not that it asks itself.
func progressOnly(now, before engine.Summary) []string {
	if now.Percent == before.Percent && before.Total > 0 {
		return nil
	}
	line := view.Progressed(now)
	return []string{line}
}

// answer gives what each waiting step waits for.
func (r *rehearsal) answer(ctx context.Context, runs engine.Runs, now engine.Summary) error {
	index := r.plan.Index()
	for _, active := range now.Active {
		step := &r.plan.Steps[index[active.ID]]
		for _, e := range r.answers(step, &active) {
			e.Step, e.How, e.Reason, e.Plan = step.ID, rehearser, "rehearsal", r.shortened
			if e.By == "" {
				e.By = rehearser
			}
			// Between the look and the answer the step may have gone on.
			if err := runs.Send(ctx, r.x.Run, e); err != nil && !fault.Is(err, fault.Conflict) && !fault.Is(err, fault.Unavailable) {
				return err
			}
		}
	}
	return nil
}

func (r *rehearsal) answers(step *runbook.Step, active *engine.ActiveStep) []engine.Event {
	switch active.Status {
	case engine.Asked:
		var out []engine.Event
		for n := range step.Approvals.Count {
			e := engine.Event{Kind: engine.Approve, By: rehearser + " " + string(rune('1'+n%9))}
			if roles := step.Approvals.Roles; len(roles) > 0 {
				e.Role = roles[n%len(roles)]
			}
			out = append(out, e)
		}
		return out
	case engine.Person:
		r.people[step.ID] = true
		return []engine.Event{{Kind: engine.Confirm}}
	case engine.Operator:
		r.failed[step.ID] = active.Detail
		gone := false
		// Settling is refused where nothing is unknown, and goes first where it is.
		return []engine.Event{{Kind: engine.Settle, Effect: &gone}, {Kind: engine.Skip, Accept: true}}
	}
	return nil
}

// conclude keeps the end, what was measured, and an entry of the ledger.
func (r *rehearsal) conclude(ctx context.Context, state engine.State) (view.Rehearsed, error) {
	content, err := json.Marshal(state)
	if err != nil {
		return view.Rehearsed{}, fault.Of(fault.Internal, "keep the checkpoint of", r.x.Run, err)
	}
	if err := r.w.KeepFor(r.x.Run, "checkpoint", content); err != nil {
		return view.Rehearsed{}, err
	}
	ended := state.Now
	r.x.Ended, r.x.Result = &ended, state.Result
	if err := r.w.KeepExecution(*r.x); err != nil {
		return view.Rehearsed{}, err
	}
	out := view.Rehearsed{Run: r.x.Run, Fingerprint: r.of, Factor: r.factor, Result: state.Result, Steps: len(state.Steps), People: len(r.people), Measured: []view.Measured{}, Failed: []view.NotDone{}, NoData: r.blind.names(),
		Seconds: int64(state.Now.Sub(state.Begun) / time.Second), File: filepath.Join(store.PrivateFolder, durationsFile)}
	durations := map[string]int64{}
	for i, st := range state.Steps {
		step := &r.plan.Steps[i]
		if why, ok := r.failed[step.ID]; ok {
			out.Failed = append(out.Failed, view.NotDone{ID: step.ID, Why: why})
			continue
		}
		if seconds, ok := measuredOf(step, st); ok {
			durations[step.ID] = seconds
			out.Measured = append(out.Measured, view.Measured{ID: step.ID, Seconds: seconds, Expected: step.ExpectedSeconds})
		}
	}
	if err := r.keepDurations(durations); err != nil {
		return out, err
	}
	entry, err := r.record(ctx, entryRehearsed, r.x.Run, map[string]any{"runbook": r.of, "rehearsed": r.shortened, "factor": r.factor, "result": state.Result, "measured": len(out.Measured), "failed": len(out.Failed), "noData": len(out.NoData), "rehearsal": true})
	if err != nil {
		return out, err
	}
	out.Evidence = entry.Seq
	if state.Result != "done" || len(out.Failed) > 0 {
		return out, fault.Newf(fault.Found, "rehearse: %s did not come through in the sandbox", several(len(out.Failed), "step", "steps")).Hintf("mend what is named, then: landfall run --rehearse")
	}
	return out, nil
}

// measuredOf is how long a step took that was carried out by itself. How long
// people take, or a wait, a rehearsal cannot tell.
func measuredOf(step *runbook.Step, st *engine.StepState) (int64, bool) {
	switch step.Kind {
	case action.KindManual, action.KindWait, action.KindNote:
		return 0, false
	}
	if st.Status != engine.Done || st.Begun.IsZero() || st.Ended.IsZero() {
		return 0, false
	}
	return max(int64((st.Ended.Sub(st.Begun)+time.Second-1)/time.Second), 1), true
}

// keepDurations adds to what earlier rehearsals measured.
func (r *rehearsal) keepDurations(durations map[string]int64) error {
	had, err := r.measured(r.w, map[string]string{})
	if err != nil {
		return err
	}
	if had == nil {
		had = map[string]int64{}
	}
	for id, seconds := range durations {
		had[id] = seconds
	}
	content, err := json.MarshalIndent(had, "", "  ")
	if err != nil {
		return fault.Of(fault.Internal, "keep durations", durationsFile, err)
	}
	path, err := r.w.Private(durationsFile)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fault.Wrap(err, "make folder", filepath.Dir(path))
	}
	return durable.Replace(path, append(content, '\n'), 0o600)
}
