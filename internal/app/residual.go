package app

import (
	"context"
	"time"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/source"
	"example.com/landfall/internal/store"
	"example.com/landfall/internal/trail"
	"example.com/landfall/internal/trail/residual"
	"example.com/landfall/internal/view"
)

// ResidualSilence is how long a log may be silent unless somebody says it.
const ResidualSilence = residual.DefaultTolerated

// ResidualOptions says what is read, and of which time.
type ResidualOptions struct {
	LogFiles
	// Since is the cutover; Until may be empty.
	Since, Until string
	// Expect are rules besides those of landfall.yaml.
	Expect []string
	// Silence is how long a log may be silent.
	Silence time.Duration
	// Check makes anything but "unused" an error.
	Check bool
}

// files reports whether log files were named; the account is not read then.
func (o ResidualOptions) files() bool {
	return o.FlowLogs != nil || o.CloudTrail != nil || o.AccessLogs != nil || o.DNSLogs != nil
}

// Residual says who still uses the source, from logs. In a workspace it writes
// residual.json; log files can be read without one. With Check the result comes
// with an error when it is not that everything is proved unused.
func (a *App) Residual(ctx context.Context, o ResidualOptions, progress *view.Progress) (view.Residual, error) {
	w, err := a.need()
	if err != nil && !(o.files() && fault.Is(err, fault.NotFound)) {
		return view.Residual{}, err
	}
	asked, err := a.residualOptions(o)
	if err != nil {
		return view.Residual{}, err
	}
	in, err := a.residualInputs(w, o, &asked)
	if err != nil {
		return view.Residual{}, err
	}
	finder, err := a.residualFinder(ctx, o)
	if err != nil {
		return view.Residual{}, err
	}
	into := &collecting{}
	into.begin(progress.Begin("read logs", 0, "bytes"))
	report, err := residual.Read(ctx, finder, in, asked, into)
	into.bar.Done()
	if err != nil {
		return view.Residual{}, err
	}
	if report.Total == 0 && len(report.Unread)+len(report.Refused) > 0 {
		return view.Residual{}, nothingRead(report)
	}
	result := view.Residual{Report: report}
	if w != nil {
		if err := a.keepResidual(ctx, w, &result); err != nil {
			return view.Residual{}, err
		}
	}
	if open, all := report.Open(); o.Check && (open > 0 || all == 0) {
		return result, fault.Newf(fault.Found, "check residual use: %d of %d resources are not proved unused", open, all).
			Hintf("the result names who uses them, or which log is missing")
	}
	return result, nil
}

// nothingRead is the error of logs that hold nothing at all: whoever named the
// wrong files should not take that for no use.
func nothingRead(r residual.Report) error {
	err := fault.Newf(fault.Invalid, "read residual use: no record was read: %d things were not read, %d not understood", len(r.Unread), len(r.Refused))
	if len(r.Refused) > 0 {
		return err.Hintf("%s: %s", r.Refused[0].File, r.Refused[0].Reason)
	}
	return err.Hintf("%s: %s", r.Unread[0].Operation, r.Unread[0].Reason)
}

func (a *App) residualOptions(o ResidualOptions) (residual.Options, error) {
	asked := residual.Options{Tolerated: o.Silence}
	if o.Since == "" {
		return asked, fault.Newf(fault.Usage, "landfall residual wants --since, the time of the cutover").Hintf("for example --since 2026-05-03T22:00:00Z")
	}
	for _, one := range []struct {
		flag, text string
		to         *time.Time
	}{{"--since", o.Since, &asked.Since}, {"--until", o.Until, &asked.Until}} {
		if one.text == "" {
			continue
		}
		at, err := time.Parse(time.RFC3339, one.text)
		if err != nil {
			return asked, fault.Newf(fault.Usage, "%s %q is no time", one.flag, one.text).Hintf("for example %s 2026-05-03T22:00:00Z", one.flag)
		}
		*one.to = at.UTC()
	}
	if !o.files() && asked.Until.IsZero() {
		asked.Until = a.setup.Now().UTC().Truncate(time.Minute)
	}
	if o.Silence <= 0 {
		return asked, fault.Newf(fault.Usage, "--silence %s is no duration that a log may be silent", o.Silence).Hintf("for example --silence 12h")
	}
	rules := o.Expect
	if a.Config != nil {
		rules = append(append([]string{}, a.Config.Residual.Expect...), o.Expect...)
	}
	for _, text := range rules {
		r, err := residual.ParseRule(text)
		if err != nil {
			return asked, err
		}
		asked.Expect = append(asked.Expect, r)
	}
	return asked, nil
}

// residualInputs are the inventory and the graph of the workspace, and when the
// account was scanned. Log files can do without them.
func (a *App) residualInputs(w *store.Workspace, o ResidualOptions, asked *residual.Options) (residual.Inputs, error) {
	var in residual.Inputs
	if w == nil {
		return in, nil
	}
	if err := w.Read(store.Inventory, &in.Inventory); err != nil {
		if o.files() && fault.Is(err, fault.NotFound) {
			return residual.Inputs{}, nil
		}
		return in, err
	}
	if err := w.Read(store.Graph, &in.Graph); err != nil && !fault.Is(err, fault.NotFound) {
		return in, err
	}
	runs, err := w.Runs()
	if err != nil {
		return in, err
	}
	// The name of a kept assessment is its time.
	for _, run := range runs {
		if at, err := time.Parse("20060102T150405Z", string(run)); err == nil && at.After(asked.Scanned) {
			asked.Scanned = at
		}
	}
	return in, nil
}

func (a *App) residualFinder(ctx context.Context, o ResidualOptions) (trail.Finder, error) {
	if o.files() {
		return a.Readers.LogFiles(o.LogFiles), nil
	}
	var none source.Journal
	return a.Readers.LiveLogs(ctx, none)
}

func (a *App) keepResidual(ctx context.Context, w *store.Workspace, r *view.Residual) error {
	fingerprint, err := w.Put(store.Residual, r.Report)
	if err != nil {
		return err
	}
	entry, err := a.record(ctx, "source.watched", a.Config.Workload.Name, map[string]any{
		"artefact": fingerprint, "since": r.Since, "until": r.Until, "total": r.Total, "after": r.After, "used": r.Used, "counts": r.Counts, "leftover": len(r.Leftover),
	})
	if err != nil {
		return err
	}
	r.File, r.Evidence = string(store.Residual), entry.Seq
	return nil
}
