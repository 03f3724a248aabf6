package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"example.com/landfall/internal/assess"
	"example.com/landfall/internal/catalog"
	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/graph"
	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/kpi"
	"example.com/landfall/internal/source"
	"example.com/landfall/internal/store"
	"example.com/landfall/internal/trail"
	"example.com/landfall/internal/view"
)

// questionsFile is the questionnaire, in the root of the workspace.
const questionsFile = "questions.yaml"

// AssessOptions says what to read.
type AssessOptions struct {
	Files
	LogFiles
	// Costs are patterns of cost and usage reports.
	Costs []string
	// Live reads the accounts as well as the files; without files it always is.
	Live bool
	// NoLogs leaves out the logs and metrics of the accounts.
	NoLogs bool
	// Questions writes the questionnaire.
	Questions bool
	// Fresh drops what a killed scan has read.
	Fresh bool
}

// live reports whether the accounts are read.
func (o AssessOptions) live() bool { return o.Live || len(o.From) == 0 }

// assessment is one run of the verb.
type assessment struct {
	*App
	o        AssessOptions
	w        *store.Workspace
	progress *view.Progress
	journal  source.Journal
	window   trail.Window

	inv     inventory.Inventory
	found   []trail.Logs
	seen    graph.Observed
	answers assess.Questionnaire
	graph   graph.Graph
	// resources and marked count those of the inventory, which is let go of as
	// soon as it is written.
	resources int
	marked    map[inventory.Mark]int
	baseline  kpi.Baseline
	result    assess.Assessment
	stages    []view.SandboxStage
	evidence  int64
	// made are the fingerprints of the artefacts by name.
	made map[string]string
}

// Assess reads what there is and writes inventory.json, graph.json,
// baseline.json, assessment.json and assessment.html. What could not be read is
// in the result and in the artefacts; the error is only for what makes the
// whole useless, and then no artefact is changed. Nothing is written at the
// source.
func (a *App) Assess(ctx context.Context, o AssessOptions, progress *view.Progress) (view.Assessed, error) {
	w, err := a.need()
	if err != nil {
		return view.Assessed{}, err
	}
	run := &assessment{App: a, o: o, w: w, progress: progress}
	end := a.setup.Now().UTC().Truncate(time.Minute)
	run.window = trail.Window{From: end.AddDate(0, 0, -a.Config.Assess.WindowDays), To: end}
	if !o.live() {
		run.window = trail.Window{} // files are as old as they are
	}
	if run.answers, err = run.readQuestions(); err != nil {
		return view.Assessed{}, err
	}
	discard, err := run.openJournal()
	if err != nil {
		return view.Assessed{}, err
	}
	for _, stage := range []struct {
		name string
		do   func(context.Context) error
	}{
		{"inventory", run.inventory}, {"check", run.worthKeeping}, {"logs", run.logs}, {"graph", run.relate}, {"baseline", run.measure}, {"write", run.write},
	} {
		began := a.setup.Now()
		if err := stage.do(ctx); err != nil {
			return view.Assessed{}, errors.Join(err, discard(false))
		}
		if err := ctx.Err(); err != nil {
			return view.Assessed{}, errors.Join(err, discard(false))
		}
		run.stages = append(run.stages, view.SandboxStage{Name: stage.name, Seconds: a.setup.Now().Sub(began).Seconds()})
	}
	kept, err := run.keep(ctx)
	if err != nil {
		return view.Assessed{}, errors.Join(err, discard(false))
	}
	if err := discard(true); err != nil {
		return view.Assessed{}, err
	}
	return run.told(kept), run.empty()
}

// empty is the error of an assessment that found nothing at all: whoever named
// the wrong files should not take that for an empty account.
func (r *assessment) empty() error {
	if r.resources > 0 {
		return nil
	}
	err := fault.Newf(fault.Invalid, "no resource was found: %d things were not read, %d not understood", len(r.inv.Unread), len(r.inv.Refused))
	if len(r.inv.Refused) > 0 {
		return err.Hintf("%s: %s", r.inv.Refused[0].File, r.inv.Refused[0].Reason)
	}
	return err.Hintf("check source.regions and source.accounts: landfall config")
}

// inventory runs the scanners.
func (r *assessment) inventory(ctx context.Context) error {
	into := &collecting{builder: inventory.NewBuilder()}
	if len(r.o.From) > 0 {
		scanner, err := r.Readers.Files(r.o.Files)
		if err == nil {
			err = r.scan(ctx, into, "files", "bytes", scanner)
		}
		if err != nil {
			return err
		}
	}
	if r.o.live() {
		scanner, err := r.Readers.Live(ctx, r.journal)
		if err == nil {
			err = r.scan(ctx, into, "account", "calls", scanner)
		}
		if err != nil {
			return err
		}
	}
	r.inv = into.builder.Build()
	r.resources, r.marked = len(r.inv.Resources), map[inventory.Mark]int{}
	for i := range r.inv.Resources {
		for _, m := range r.inv.Resources[i].Marks {
			r.marked[m]++
		}
	}
	return nil
}

// worthKeeping ends an assessment that found nothing, so that it does not take
// the place of an earlier one that found something.
func (r *assessment) worthKeeping(context.Context) error {
	if r.resources > 0 {
		return nil
	}
	var before inventory.Inventory
	if err := r.w.Read(store.Inventory, &before); err != nil || len(before.Resources) == 0 {
		return nil //nolint:nilerr // there is nothing to protect; the gaps are written and shown
	}
	return r.empty()
}

func (r *assessment) scan(ctx context.Context, into *collecting, label, unit string, scanner source.Scanner) error {
	into.begin(r.progress.Begin("read "+label, 0, unit))
	defer into.bar.Done()
	return scanner.Scan(ctx, into)
}

// logs reads flow logs, trails and access logs.
func (r *assessment) logs(ctx context.Context) error {
	var finders []trail.Finder
	if r.o.FlowLogs != nil || r.o.CloudTrail != nil || r.o.AccessLogs != nil {
		finders = append(finders, r.Readers.LogFiles(r.o.LogFiles))
	}
	if r.o.live() && !r.o.NoLogs {
		finder, err := r.Readers.LiveLogs(ctx, r.journal)
		if err != nil {
			return err
		}
		finders = append(finders, finder)
	}
	if len(finders) == 0 {
		return nil
	}
	into := &collecting{unread: r.inv.Unread, refused: r.inv.Refused}
	into.begin(r.progress.Begin("read logs", 0, "bytes"))
	defer into.bar.Done()
	seen, err := trail.Read(ctx, &finding{finders: finders, window: r.window, found: &r.found}, r.inv, trail.Options{Window: r.logWindow()}, into)
	if err != nil {
		return err
	}
	r.seen = seen.Observed
	r.inv.Unread, r.inv.Refused = into.gaps()
	return nil
}

// logWindow is the time that log records count in. Whoever names files means
// all that is in them.
func (r *assessment) logWindow() trail.Window {
	if r.o.FlowLogs != nil || r.o.CloudTrail != nil || r.o.AccessLogs != nil {
		return trail.Window{}
	}
	return r.window
}

// finding asks several finders and remembers what they found: the baseline
// reads the access logs among it once more.
type finding struct {
	finders []trail.Finder
	window  trail.Window
	found   *[]trail.Logs
}

func (f *finding) Find(ctx context.Context, inv inventory.Inventory, _ trail.Window, to trail.Sink) ([]trail.Logs, error) {
	for _, finder := range f.finders {
		logs, err := finder.Find(ctx, inv, f.window, to)
		if err != nil {
			return nil, err
		}
		*f.found = append(*f.found, logs...)
	}
	return *f.found, nil
}

// relate makes the graph.
func (r *assessment) relate(context.Context) error {
	asserted, refused := r.answers.Asserted(r.inv)
	gaps := &collecting{unread: r.inv.Unread, refused: slices.Concat(r.inv.Refused, refused, r.strayAnswers())}
	r.inv.Unread, r.inv.Refused = gaps.gaps()
	seen := r.seen
	r.seen = graph.Observed{} // the graph is built in the room that the logs take
	o := r.graphOptions()
	o.FlowAnswers, o.Asserted = r.answers.FlowAnswers(), asserted
	r.graph = graph.Build(r.inv, seen, o)
	return nil
}

// graphOptions are what landfall.yaml says of the boundary.
func (a *App) graphOptions() graph.Options {
	b := a.Config.Boundary
	settled := make(map[cloud.ResourceID]graph.Boundary, len(b.Answers))
	for id, answer := range b.Answers {
		settled[cloud.ResourceID(id)] = graph.Boundary(answer)
	}
	return graph.Options{Seeds: graph.Seeds{Tags: b.Seeds.Tags, VPCs: b.Seeds.VPC, Stacks: b.Seeds.Stacks, Names: b.Seeds.Names, IDs: b.Seeds.IDs}, Answers: settled}
}

// strayAnswers are answers in landfall.yaml about what is not there: a name
// instead of an id, or a resource that is gone. They must not pass for settled.
func (r *assessment) strayAnswers() []inventory.Refused {
	if len(r.Config.Boundary.Answers) == 0 {
		return nil
	}
	known := map[string]bool{}
	for i := range r.inv.Resources {
		known[string(r.inv.Resources[i].ID)] = true
		for _, alias := range r.inv.Resources[i].Aliases {
			known[alias] = true
		}
	}
	var stray []inventory.Refused
	for id := range r.Config.Boundary.Answers {
		if !known[id] && !strings.HasPrefix(id, "external:") {
			stray = append(stray, inventory.Refused{File: "landfall.yaml#/boundary/answers", Reason: fmt.Sprintf("%q is the id of no resource; the answer settles nothing", id)})
		}
	}
	return stray
}

// write makes the assessment and writes all artefacts in the order in which
// they name each other's fingerprints.
func (r *assessment) write(context.Context) error {
	services, err := catalog.LoadServices()
	if err != nil {
		return fault.Of(fault.Internal, "read the service map", "", err)
	}
	r.result = assess.Make(assess.Sources{Inventory: r.inv, Graph: r.graph, Baseline: r.baseline, Services: services})
	r.made = map[string]string{}
	put := func(name store.Name, value store.Artefact) {
		if err == nil {
			r.made[string(name)], err = r.w.Put(name, value)
		}
	}
	put(store.Inventory, r.inv)
	r.inv.Resources = nil
	r.graph.Inputs = joined(r.graph.Inputs, r.made)
	put(store.Graph, r.graph)
	put(store.Baseline, r.baseline)
	r.result.Inputs = maps.Clone(r.made)
	put(store.Assessment, r.result)
	if err == nil && r.o.Questions {
		err = r.writeQuestions()
	}
	return err
}

func joined(a, b map[string]string) map[string]string {
	out := maps.Clone(b)
	if out == nil {
		out = map[string]string{}
	}
	maps.Copy(out, a)
	return out
}

func (r *assessment) readQuestions() (assess.Questionnaire, error) {
	path := filepath.Join(r.w.Root(), questionsFile)
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return assess.Questionnaire{}, nil
	}
	if err != nil {
		return assess.Questionnaire{}, fault.Wrap(err, "read", path)
	}
	return assess.ReadQuestions(path, data)
}

// told is the result for the user.
func (r *assessment) told(run store.RunID) view.Assessed {
	t := view.Assessed{
		Workload: r.Config.Workload.Name, Run: string(run), Scope: r.inv.Scope, Resources: r.resources, Unread: r.inv.Unread, Refused: r.inv.Refused,
		Drift: len(r.inv.Drift), Edges: len(r.graph.Edges), Flows: r.graph.Flows, Questions: r.graph.Questions, KPIs: len(r.baseline.KPIs), Unmeasured: len(r.baseline.Unmeasured),
		Boundary: map[graph.Boundary]int{}, Marked: r.marked, Readiness: map[assess.State]int{},
		Complexity: r.result.Complexity, Completeness: r.result.Completeness, Stages: r.stages, Evidence: r.evidence,
		Files: []string{string(store.Inventory), string(store.Graph), string(store.Baseline), string(store.Assessment), reportFile},
	}
	if r.o.Questions {
		t.Files = append(t.Files, questionsFile)
	}
	for _, n := range r.graph.Nodes {
		if !n.External {
			t.Boundary[n.Boundary]++
		}
	}
	for i := range r.graph.Edges {
		if slices.ContainsFunc(r.graph.Edges[i].Evidence, func(v graph.Evidence) bool { return v.Count > 0 }) {
			t.Observed++
		}
	}
	for _, one := range r.result.Readiness {
		t.Readiness[one.State]++
	}
	for _, k := range r.baseline.KPIs {
		if len(k.Values) == 0 {
			t.KPIs--
			t.Unmeasured++
		}
	}
	t.NoSeeds = t.Boundary[graph.In] == 0
	if r.setup.Workspace != "" {
		t.Workspace = r.setup.Workspace
	}
	slices.SortStableFunc(t.Questions, func(a, b graph.Question) int { return cmp.Compare(b.Weight, a.Weight) })
	return t
}
