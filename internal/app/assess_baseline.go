package app

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"

	"example.com/landfall/internal/assess"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/graph"
	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/kpi"
	"example.com/landfall/internal/meter"
	"example.com/landfall/internal/records"
	"example.com/landfall/internal/source"
	"example.com/landfall/internal/store"
	"example.com/landfall/internal/store/durable"
	"example.com/landfall/internal/store/journal"
	"example.com/landfall/internal/trail"
	"example.com/landfall/internal/view/report"
)

// reportFile is the page for people, in the root of the workspace.
const reportFile = "assessment.html"

// measure asks the meters about the workload and freezes what they say.
func (r *assessment) measure(ctx context.Context) error {
	subjects := r.subjects()
	meters, err := r.meters(ctx, int64(len(subjects)))
	if err != nil {
		return err
	}
	request := meter.Request{Resources: subjects, Window: kpi.Window(r.window)}
	var all meter.Answer
	inputs := map[string]string{}
	for _, m := range meters {
		answer, err := m.Query(ctx, request)
		if err != nil {
			return err
		}
		all.Measurements = append(all.Measurements, answer.Measurements...)
		all.Unmeasured = append(all.Unmeasured, answer.Unmeasured...)
		inputs = joined(inputs, answer.Inputs)
	}
	probed, err := r.probed()
	if err != nil {
		return err
	}
	r.baseline = kpi.Join(kpi.Build(all.Measurements, all.Unmeasured, inputs), probed)
	frozen, err := kpi.Freeze(r.baseline)
	if fault.Is(err, fault.Refused) {
		return nil // nothing was measured; the comparison after the move will say so
	}
	r.baseline = frozen
	return err
}

// subjects are the resources in and shared, or all where nothing is in.
func (r *assessment) subjects() []inventory.Resource {
	wanted := map[string]bool{}
	in := 0
	for _, n := range r.graph.Nodes {
		if n.Boundary != graph.Out {
			wanted[string(n.ID)] = true
		}
		if n.Boundary == graph.In {
			in++
		}
	}
	if in == 0 {
		return r.inv.Resources
	}
	var list []inventory.Resource
	for _, one := range r.inv.Resources {
		if wanted[string(one.ID)] {
			list = append(list, one)
		}
	}
	return list
}

// meters are those that the options ask for; subjects is how many resources
// they will be asked about.
func (r *assessment) meters(ctx context.Context, subjects int64) ([]meter.Meter, error) {
	var meters []meter.Meter
	var files []records.File
	var total int64
	for _, l := range r.found {
		if l.Kind == trail.AccessLog {
			files = append(files, l.Files...)
			for _, f := range l.Files {
				total += max(f.Size, 0)
			}
		}
	}
	if len(files) > 0 {
		bar := r.progress.Begin("read access logs", total, "bytes")
		var done int64
		window := kpi.Window(r.logWindow())
		meters = append(meters, finishing{r.Readers.Requests(nil, files, func(n int64) { done += n; bar.Set(done) }), bar.Done, &window})
	}
	if len(r.o.Costs) > 0 {
		meters = append(meters, r.Readers.Costs(r.o.Costs))
	}
	if r.o.live() && !r.o.NoLogs {
		m, err := r.Readers.Metrics(ctx)
		if err != nil {
			return nil, err
		}
		bar := r.progress.Begin("read metrics", 0, "resources")
		meters = append(meters, finishing{m, func() { bar.Set(subjects); bar.Done() }, nil})
	}
	return meters, nil
}

// finishing is a meter that says when it is done, and may have a window of its
// own.
type finishing struct {
	meter.Meter
	done   func()
	window *kpi.Window
}

func (f finishing) Query(ctx context.Context, r meter.Request) (meter.Answer, error) {
	defer f.done()
	if f.window != nil {
		r.Window = *f.window
	}
	return f.Meter.Query(ctx, r)
}

// openJournal opens the journal of a live reading. The function that it returns
// closes it; a finished reading is dropped, a broken one is gone on with.
func (r *assessment) openJournal() (func(finished bool) error, error) {
	if !r.o.live() {
		return func(bool) error { return nil }, nil
	}
	path, err := r.w.Private("scan.journal")
	if err != nil {
		return nil, err
	}
	if r.o.Fresh {
		if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, fault.Wrap(err, "drop what was read", path)
		}
	}
	j, err := journal.Open(path, journal.Options{Work: r.work(), Now: r.setup.Now})
	if err != nil {
		return nil, err
	}
	r.journal = j
	return func(finished bool) error {
		if finished {
			return j.Discard()
		}
		return j.Close()
	}, nil
}

// work names everything that the pages of a scan depend on.
func (r *assessment) work() string {
	s := r.Config.Source
	name := "scan by " + r.setup.Version + " of " + s.Endpoint + " " + s.Profile
	for _, region := range s.Regions {
		name += " " + string(region)
	}
	for _, a := range s.Accounts {
		name += " " + string(a.ID) + " " + a.RoleARN
	}
	return name
}

var _ source.Journal = (*journal.Journal)(nil)

// keep writes the page, copies the artefacts into a run of their own, and
// records in the ledger what was found.
func (r *assessment) keep(ctx context.Context) (store.RunID, error) {
	at := r.setup.Now()
	run, err := r.w.Keep(at, store.Inventory, store.Graph, store.Baseline, store.Assessment)
	if err != nil {
		return "", err
	}
	entry, err := r.record(ctx, "workload.assessed", r.Config.Workload.Name, map[string]any{
		"run": run, "artefacts": r.made, "resources": r.resources, "unread": len(r.inv.Unread), "refused": len(r.inv.Refused),
		"edges": len(r.graph.Edges), "questions": len(r.graph.Questions), "kpis": len(r.baseline.KPIs), "frozen": r.baseline.Frozen,
	})
	if err != nil {
		return "", err
	}
	r.evidence = entry.Seq
	return run, r.page(string(run))
}

func (r *assessment) page(run string) error {
	var b bytes.Buffer
	err := report.Page(&b, report.Data{
		Workload: r.Config.Workload.Name, Inventory: r.inv, Resources: r.resources, Graph: r.graph, Baseline: r.baseline, Assessment: r.result,
		Run: run, Version: r.setup.Version, At: r.setup.Now(),
	})
	if err != nil {
		return err
	}
	return durable.Replace(filepath.Join(r.w.Root(), reportFile), b.Bytes(), 0o644)
}

func (r *assessment) writeQuestions() error {
	content, err := assess.Ask(r.graph, r.answers).Format()
	if err != nil {
		return err
	}
	return durable.Replace(filepath.Join(r.w.Root(), questionsFile), content, 0o644)
}
