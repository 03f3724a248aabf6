package app

import (
	"context"
	"errors"
	"strconv"
	"time"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/runbook"
	"example.com/landfall/internal/store"
	"example.com/landfall/internal/view"
)

// entryWatched is the kind of ledger entries about looks at a plan.
const entryWatched = "runbook.watched"

// leastEvery bounds how often a plan is looked at: a look reads whole accounts.
const leastEvery = 10 * time.Second

// Watch looks once at whether the runbook would still come through: at what it
// was made from, at its approvals, and at both clouds, by reading only. The
// error is fault.Found when something would fail or nobody can tell.
func (a *App) Watch(ctx context.Context) (view.Watched, error) {
	w, err := a.need()
	if err != nil {
		return view.Watched{}, err
	}
	x := &watching{App: a, w: w, now: a.setup.Now().UTC()}
	if err := w.Read(store.Runbook, &x.plan); err != nil {
		return view.Watched{}, err
	}
	if x.fingerprint, err = w.Fingerprint(store.Runbook); err != nil {
		return view.Watched{}, err
	}
	if x.open, err = openExecution(w); err != nil {
		return view.Watched{}, err
	}
	out := view.Watched{At: x.now.Truncate(time.Second), Workload: x.plan.Workload, Fingerprint: x.fingerprint, Environment: x.plan.Environment, Findings: []view.WatchFinding{}, Looked: []string{}}
	if x.open != nil {
		out.Run = x.open.Run
	}
	for _, look := range x.looks() {
		out.Looked = append(out.Looked, look.area)
		findings, err := look.at(ctx)
		if ctx.Err() != nil {
			return out, fault.Wrap(ctx.Err(), "watch", look.area)
		}
		for _, f := range findings {
			f.Area = look.area
			out.Findings = append(out.Findings, f)
		}
		if err != nil {
			// What cannot be looked at is no yes.
			out.Findings = append(out.Findings, view.WatchFinding{Area: look.area, Mark: view.Unknown, Where: look.area, What: "cannot look: " + err.Error(), Do: fault.HintOf(err)})
		}
	}
	return out, a.watched(ctx, &out)
}

// watched records a look.
func (a *App) watched(ctx context.Context, out *view.Watched) error {
	failing, unknown := []string{}, 0
	for _, f := range out.Findings {
		switch f.Mark {
		case view.Bad:
			failing = append(failing, f.Area+": "+f.Where)
		case view.Unknown:
			unknown++
		}
	}
	const kept = 100
	entry, err := a.record(ctx, entryWatched, out.Workload, map[string]any{"runbook": out.Fingerprint, "run": out.Run, "failing": len(failing), "first": failing[:min(len(failing), kept)], "unknown": unknown})
	if err != nil {
		return err
	}
	out.Evidence = entry.Seq
	if n := out.Failing(); n > 0 {
		return fault.Newf(fault.Found, "watch: %s would fail or cannot be told", several(n, "thing", "things"))
	}
	return nil
}

// KeepWatching looks again and again until ctx ends, and shows each look that
// found something else than the one before.
func (a *App) KeepWatching(ctx context.Context, every time.Duration, show func(view.Watched) error) error {
	if every < leastEvery {
		return fault.Newf(fault.Usage, "watch: every %s is too often", every).Hintf("landfall watch --every 15m")
	}
	var last view.Watched
	for first := true; ; first = false {
		now, err := a.Watch(ctx)
		switch {
		case ctx.Err() != nil:
			return fault.Of(fault.Canceled, "stop watching", "", ctx.Err())
		case err != nil && !fault.Is(err, fault.Found):
			return err
		case first || now.Changed(last):
			if err := show(now); err != nil {
				return err
			}
		}
		last = now
		select {
		case <-ctx.Done():
		case <-time.After(every):
		}
	}
}

// watching is one look.
type watching struct {
	*App
	w           *store.Workspace
	now         time.Time
	plan        runbook.Runbook
	fingerprint string
	open        *store.Execution
}

// look is one area.
type look struct {
	area string
	at   func(context.Context) ([]view.WatchFinding, error)
}

func (x *watching) looks() []look {
	out := []look{{"artefacts", x.artefacts}, {"approvals", x.approvals}, {"window", x.window}, {"source", x.source}}
	for _, e := range x.targets() {
		out = append(out, look{"target " + e, func(ctx context.Context) ([]view.WatchFinding, error) { return x.target(ctx, e) }})
	}
	return append(out, look{"certificates", x.certificates}, look{"names", x.names})
}

// artefacts looks whether the runbook is of what is in the workspace.
func (x *watching) artefacts(context.Context) ([]view.WatchFinding, error) {
	var out []view.WatchFinding
	for _, f := range x.plan.Findings {
		if f.Blocks {
			out = append(out, view.WatchFinding{Mark: view.Bad, Where: "runbook.json", What: "it cannot be approved: " + f.Text, Do: f.Do})
		}
	}
	older, err := x.olderThan(x.w, &x.plan)
	for _, name := range older {
		out = append(out, view.WatchFinding{Mark: view.Bad, Where: "runbook.json", What: "it is older than " + name, Do: "landfall plan, and have it approved anew"})
	}
	d, designErr := x.readDesign()
	if designErr != nil {
		return out, errors.Join(err, designErr)
	}
	changed, designErr := x.changedInputs(d)
	for _, name := range changed {
		out = append(out, view.WatchFinding{Mark: view.Bad, Where: "design.json", What: "it is older than " + name, Do: "landfall design, then: landfall plan"})
	}
	inputs := map[string]string{}
	if _, measuredErr := x.measured(x.w, inputs); measuredErr != nil {
		return out, errors.Join(err, designErr, measuredErr)
	}
	if got := inputs[durationsFile]; got != "" && got != x.plan.Inputs[durationsFile] {
		out = append(out, view.WatchFinding{Mark: view.Warn, Where: durationsFile, What: "a rehearsal has measured times that the runbook does not have", Do: "landfall plan"})
	}
	return out, errors.Join(err, designErr)
}

// approvals looks whether those who have to have said yes, to this fingerprint.
func (x *watching) approvals(ctx context.Context) ([]view.WatchFinding, error) {
	var out []view.WatchFinding
	given, err := x.runbookApprovals(ctx, x.w, x.fingerprint)
	if err != nil {
		return nil, err
	}
	if needed := x.persons(); len(given) < needed {
		what := "it has " + strconv.Itoa(len(given)) + " of " + several(needed, "approval", "approvals")
		if last, err := x.approvedFingerprint(ctx, x.w); err == nil && last != x.fingerprint {
			what += "; the last yes was to " + short(last) + ", which is another runbook"
		}
		out = append(out, view.WatchFinding{Mark: view.Bad, Where: short(x.fingerprint), What: what, Do: "landfall approve runbook --fingerprint " + x.fingerprint})
	}
	if x.open != nil && x.open.Fingerprint != x.fingerprint {
		out = append(out, view.WatchFinding{Mark: view.Warn, Where: x.open.Run, What: "the run under way is of the runbook " + short(x.open.Fingerprint) + ", not of runbook.json", Do: "landfall plan --diff"})
	}
	return out, nil
}

// window looks whether the maintenance window can still be kept.
func (x *watching) window(context.Context) ([]view.WatchFinding, error) {
	win := x.plan.Window
	if win == nil {
		return nil, nil
	}
	if win.Opens == nil {
		return []view.WatchFinding{{Mark: view.Bad, Where: "runbook.window", What: "no time is agreed for the maintenance window", Do: "set runbook.window.opens in landfall.yaml, then: landfall plan"}}, nil
	}
	opens := win.Opens.UTC()
	last := opens.Add(time.Duration(win.Seconds-win.RollbackSeconds) * time.Second)
	move := "set runbook.window.opens to a later time in landfall.yaml, then: landfall plan, and have it approved anew"
	if x.now.After(last) {
		return []view.WatchFinding{{Mark: view.Bad, Where: "runbook.window", What: "it lies in the past: nothing more begins in it after " + last.Format(time.RFC3339), Do: move}}, nil
	}
	if x.open != nil {
		return nil, nil // how far the run is, status says
	}
	first := x.firstInWindow()
	if earliest := x.now.Add(first); earliest.After(last) {
		return []view.WatchFinding{{Mark: view.Bad, Where: "runbook.window", What: "a run that begins today comes to it at " + earliest.Format(time.RFC3339) + " at the earliest, and nothing more begins in it after " + last.Format(time.RFC3339), Do: move}}, nil
	}
	return nil, nil
}

// firstInWindow is how long a run takes before the first step in the window.
func (x *watching) firstInWindow() time.Duration {
	index := x.plan.Index()
	least := time.Duration(-1)
	for _, slot := range x.plan.Schedule(func(*runbook.Step) bool { return true }) {
		if at := time.Duration(slot.Ready) * time.Second; x.plan.Steps[index[slot.ID]].InWindow && (least < 0 || at < least) {
			least = at
		}
	}
	return max(least, 0)
}
