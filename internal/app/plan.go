package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"

	"example.com/landfall/internal/config"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/graph"
	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/kpi"
	"example.com/landfall/internal/runbook"
	"example.com/landfall/internal/runbook/check"
	"example.com/landfall/internal/runbook/compile"
	"example.com/landfall/internal/runbook/page"
	"example.com/landfall/internal/store"
	"example.com/landfall/internal/store/durable"
	"example.com/landfall/internal/view"
)

// durationsFile holds what a rehearsal measured, in the private folder:
// seconds by the id of a step.
const durationsFile = "durations.json"

// entryPlanned is the kind of ledger entry of a runbook that was compiled.
const entryPlanned = "runbook.planned"

// PlanOptions say how to plan.
type PlanOptions struct {
	// Strategy is used instead of that of landfall.yaml.
	Strategy string
}

// Plan compiles the runbook, checks it, and writes runbook.json and the pages
// for people. The error is fault.Refused when findings block its approval: it
// is written all the same, so that it can be read.
func (a *App) Plan(ctx context.Context, o PlanOptions) (view.Planned, error) {
	w, err := a.need()
	if err != nil {
		return view.Planned{}, err
	}
	r, err := a.compiled(o)
	if err != nil {
		return view.Planned{}, err
	}
	fingerprint, err := w.Put(store.Runbook, r)
	if err != nil {
		return view.Planned{}, err
	}
	if err := keep(w, fingerprint); err != nil {
		return view.Planned{}, err
	}
	for _, f := range page.Files(r, fingerprint) {
		if err := durable.Replace(filepath.Join(w.Root(), f.Path), f.Content, 0o644); err != nil {
			return view.Planned{}, err
		}
	}
	out := view.OfRunbook(r, fingerprint)
	entry, err := a.record(ctx, entryPlanned, r.Workload, map[string]any{"runbook": fingerprint, "inputs": r.Inputs, "strategy": string(r.Strategy), "steps": len(r.Steps), "blocking": out.Blocking})
	if err != nil {
		return view.Planned{}, err
	}
	out.Evidence = entry.Seq
	if out.Blocking > 0 {
		return out, fault.Newf(fault.Refused, "the runbook is written and cannot be approved: %s, first %s", several(out.Blocking, "finding blocks it", "findings block it"), r.Findings[0].ID).
			Hintf("%s, then: landfall plan", r.Findings[0].Do)
	}
	return out, nil
}

// Advise compares the strategies for the workload. Nothing is written.
func (a *App) Advise() (view.Advised, error) {
	in, err := a.planInput(PlanOptions{})
	if err != nil {
		return view.Advised{}, err
	}
	advice, err := compile.Advise(in)
	return view.Advised{Workload: in.Design.Workload, Chosen: in.Choices.Strategy, Advice: advice}, err
}

// PlanDiff compares what would be planned with the runbook that was approved
// last. Nothing is written.
func (a *App) PlanDiff(ctx context.Context, o PlanOptions) (view.PlanChanges, error) {
	fingerprint, approved, err := a.lastApproved(ctx)
	if err != nil {
		return view.PlanChanges{}, err
	}
	r, err := a.compiled(o)
	if err != nil {
		return view.PlanChanges{}, err
	}
	planned, err := r.Fingerprint()
	if err != nil {
		return view.PlanChanges{}, err
	}
	changes, err := runbook.Diff(approved, r)
	return view.PlanChanges{Approved: fingerprint, Planned: planned, Same: fingerprint == planned, Changes: changes}, err
}

// compiled makes the runbook with the findings of its checks.
func (a *App) compiled(o PlanOptions) (*runbook.Runbook, error) {
	in, err := a.planInput(o)
	if err != nil {
		return nil, err
	}
	r, err := compile.Compile(in)
	if err != nil {
		return nil, err
	}
	r.Findings = append(append(r.Findings, check.Runbook(r)...), assumed(a.Config)...)
	compile.SortFindings(r.Findings)
	return r, nil
}

// planInput reads what a runbook is made from, and refuses what is out of date
// or must not be deployed.
func (a *App) planInput(o PlanOptions) (compile.Input, error) {
	w, err := a.need()
	if err != nil {
		return compile.Input{}, err
	}
	d, err := a.freshDesign("plan")
	if err != nil {
		return compile.Input{}, err
	}
	if blocking := d.Blocking(); len(blocking) > 0 {
		return compile.Input{}, fault.Newf(fault.Refused, "plan: %s the design, first %s: %s", several(len(blocking), "finding blocks", "findings block"), blocking[0].ID, blocking[0].Text).
			Hintf("mend them, or accept each by name with a reason under design.accept in landfall.yaml, then: landfall design")
	}
	var inv inventory.Inventory
	var g graph.Graph
	var baseline kpi.Baseline
	// Data and users go to production: the ids of the runbook are those of its place.
	if e, ok := production(a.Config); ok {
		d = design.ForEnvironment(d, environmentOf(a.Config, e))
	}
	in := compile.Input{Inventory: &inv, Graph: &g, Design: d, Inputs: map[string]string{}, Kinds: map[runbook.StepKind]bool{}}
	for _, artefact := range []struct {
		name  store.Name
		value store.Artefact
	}{{store.Inventory, &inv}, {store.Graph, &g}, {store.Baseline, &baseline}, {store.Design, &design.Design{}}} {
		switch err := w.Read(artefact.name, artefact.value); {
		case artefact.name == store.Baseline && fault.Is(err, fault.NotFound):
			continue
		case err != nil:
			return in, err
		}
		if in.Inputs[string(artefact.name)], err = w.Fingerprint(artefact.name); err != nil {
			return in, err
		}
		if artefact.name == store.Baseline {
			in.Baseline = &baseline
		}
	}
	for _, k := range a.Actions.Kinds() {
		in.Kinds[k] = true
	}
	if in.Choices, err = planChoices(a.Config, o.Strategy); err != nil {
		return in, err
	}
	if in.Inputs[configInput], err = choicesFingerprint(in.Choices); err != nil {
		return in, err
	}
	in.Measured, err = a.measured(w, in.Inputs)
	return in, err
}

// production is the environment that users are led to: the last one of the stage.
func production(c *config.Config) (found config.Environment, ok bool) {
	for _, e := range c.Environments {
		if e.Stage == config.Production {
			found, ok = e, true
		}
	}
	return found, ok
}

// choicesFingerprint is that of what a runbook takes from landfall.yaml.
func choicesFingerprint(c compile.Choices) (string, error) {
	content, err := json.Marshal(c)
	if err != nil {
		return "", fault.Of(fault.Internal, "fingerprint settings", configInput, err)
	}
	sum := sha256.Sum256(content)
	return "sha256:" + hex.EncodeToString(sum[:]), nil
}

// measured reads the durations of a rehearsal, and adds the file to the inputs.
func (a *App) measured(w *store.Workspace, inputs map[string]string) (map[string]int64, error) {
	path := filepath.Join(w.Root(), store.PrivateFolder, durationsFile)
	content, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fault.Wrap(err, "read durations", path)
	}
	out := map[string]int64{}
	if err := json.Unmarshal(content, &out); err != nil {
		return nil, fault.Of(fault.Invalid, "read durations", path, err).Hintf("landfall run --rehearse writes it anew")
	}
	sum := sha256.Sum256(content)
	inputs[durationsFile] = "sha256:" + hex.EncodeToString(sum[:])
	return out, nil
}

// planChoices are what landfall.yaml says of the runbook.
func planChoices(c *config.Config, strategy string) (compile.Choices, error) {
	p := c.Runbook
	out := compile.Choices{
		Strategy: runbook.Strategy(p.Strategy), TTLSeconds: p.TTLSeconds, ObservationHours: p.ObservationHours, Shares: p.Shares, TolerancePercent: p.TolerancePercent,
		Owners: p.Owners, TwoPersons: c.Approvals.TwoPersons,
		Window: compile.Window{Opens: p.Window.Opens, Seconds: 60 * p.Window.LengthMinutes, RollbackSeconds: 60 * p.Window.RollbackMinutes, Zone: p.Window.Zone},
	}
	if strategy != "" {
		out.Strategy = runbook.Strategy(strategy)
	}
	if out.Strategy != "" && !slices.Contains(runbook.Strategies(), out.Strategy) {
		return out, fault.Newf(fault.Usage, "plan: there is no strategy %q", out.Strategy).Hintf("take big-bang, phased, blue-green or canary; landfall plan --advise compares them")
	}
	if n := len(p.Shares); n > 0 && (!slices.IsSorted(p.Shares) || p.Shares[n-1] != 100) {
		return out, fault.Newf(fault.Invalid, "plan: the shares under runbook.shares do not rise to 100").Hintf("write them in order, such as [5, 25, 50, 100]")
	}
	if out.Window.Seconds > 0 && out.Window.RollbackSeconds >= out.Window.Seconds {
		return out, fault.Newf(fault.Invalid, "plan: going back takes the whole window: %d of %d minutes", p.Window.RollbackMinutes, p.Window.LengthMinutes).Hintf("make runbook.window.lengthMinutes longer")
	}
	for _, e := range c.Environments {
		out.Environments = append(out.Environments, compile.Environment{Name: e.Name, Production: e.Stage == config.Production})
	}
	for _, v := range p.Contacts {
		out.Contacts = append(out.Contacts, runbook.Contact(v))
	}
	for _, v := range p.Checks {
		if v.Command != "" {
			out.Commands = append(out.Commands, compile.Command{Name: v.Name, Run: v.Command, For: v.For})
			continue
		}
		status := v.Status
		if status == 0 {
			status = 200
		}
		out.HTTP = append(out.HTTP, compile.HTTPCheck{Name: v.Name, URL: v.URL, Status: status, Contains: v.Contains})
	}
	for _, v := range p.Data {
		out.Data = append(out.Data, compile.DataChoice{Of: v.Of, Method: v.Method, Bytes: v.GiB << 30, Names: v.Names, Metadata: v.Metadata})
	}
	return out, nil
}
