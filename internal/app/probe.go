package app

import (
	"context"
	"os"
	"path/filepath"
	"time"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/kpi"
	"example.com/landfall/internal/meter"
	"example.com/landfall/internal/store"
	"example.com/landfall/internal/view"
)

// ProbeOptions says which requests are sent, and how.
type ProbeOptions struct {
	// List is the file with the requests; its content is given to the driver.
	List    string
	Content []byte
	// Rate is in requests a second over all of them.
	Rate             float64
	Duration, WarmUp time.Duration
	// Arrivals is "poisson" or "constant".
	Arrivals    string
	Seed        uint64
	MaxInFlight int
	Timeout     time.Duration
	Follow      bool
	// Allow permits a high rate, Unsafe methods that may change something.
	Allow, Unsafe bool
}

// maxListBytes bounds the list of requests.
const maxListBytes = 4 << 20

// Probe sends the requests of a list at a constant rate of arrivals, whatever
// the answers take, writes probe.json, and records what was measured. The next
// assessment takes it into the baseline.
func (a *App) Probe(ctx context.Context, o ProbeOptions, progress *view.Progress) (view.Probed, error) {
	w, err := a.need()
	if err != nil {
		return view.Probed{}, err
	}
	if o.Content, err = a.readList(o.List); err != nil {
		return view.Probed{}, err
	}
	m, err := a.Readers.Probe(o)
	if err != nil {
		return view.Probed{}, err
	}
	progress.Say("sending %g requests a second for %s", o.Rate, o.Duration+o.WarmUp)
	answer, err := m.Query(ctx, meter.Request{})
	if err != nil {
		return view.Probed{}, err
	}
	measured := kpi.Build(answer.Measurements, answer.Unmeasured, answer.Inputs)
	if measured, err = kpi.Freeze(measured); err != nil {
		return view.Probed{}, fault.Newf(fault.Found, "no request was answered: nothing was measured").Hintf("try the address by hand: curl -v URL")
	}
	if err := w.Write(store.Probe, measured); err != nil {
		return view.Probed{}, err
	}
	entry, err := a.record(ctx, "workload.probed", a.Config.Workload.Name, map[string]any{
		"list": o.List, "ratePerSecond": o.Rate, "seconds": o.Duration.Seconds(), "kpis": len(measured.KPIs), "frozen": measured.Frozen,
	})
	return view.Probed{File: string(store.Probe), Baseline: measured, Evidence: entry.Seq}, err
}

func (a *App) readList(name string) ([]byte, error) {
	path := a.path(name)
	info, err := os.Stat(path)
	if err != nil {
		return nil, fault.Wrap(err, "read list of requests", name)
	}
	if !info.Mode().IsRegular() || info.Size() > maxListBytes {
		return nil, fault.Newf(fault.Invalid, "read list of requests %q: it is no file of at most %d bytes", filepath.Base(name), maxListBytes)
	}
	content, err := os.ReadFile(path)
	return content, fault.Wrap(err, "read list of requests", name)
}

// probed returns what the last probe measured; nothing when there was none.
func (r *assessment) probed() (kpi.Baseline, error) {
	var b kpi.Baseline
	err := r.w.Read(store.Probe, &b)
	if fault.Is(err, fault.NotFound) {
		return kpi.Baseline{}, nil
	}
	if err == nil {
		err = kpi.Intact(b)
	}
	return b, err
}
