package app

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/config"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/paper"
	"example.com/landfall/internal/design/rules"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/graph"
	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/kpi"
	"example.com/landfall/internal/store"
	"example.com/landfall/internal/store/durable"
	"example.com/landfall/internal/view"
)

// designFolder holds the documents that are printed from a design.
const designFolder = "design"

// Design decides what becomes of every resource of the workload and writes
// design.json and the documents below design/. The error is fault.Refused when
// findings block a deployment: the design is written all the same, so that it
// can be read.
func (a *App) Design(ctx context.Context) (view.Designed, error) {
	w, err := a.need()
	if err != nil {
		return view.Designed{}, err
	}
	in, inputs, err := a.designInput(w)
	if err != nil {
		return view.Designed{}, err
	}
	if err := a.checkOverrides(w, in); err != nil {
		return view.Designed{}, err
	}
	d, err := design.Make(in)
	if err != nil {
		return view.Designed{}, err
	}
	d.Inputs = inputs
	fingerprint, err := w.Put(store.Design, d)
	if err != nil {
		return view.Designed{}, err
	}
	files := paper.Files(d, in.Graph, a.places()...)
	if err := replaceFolder(filepath.Join(w.Root(), designFolder), files); err != nil {
		return view.Designed{}, err
	}
	blocking := d.Blocking()
	entry, err := a.record(ctx, "workload.designed", in.Options.Workload, map[string]any{
		"design": fingerprint, "inputs": inputs, "decisions": len(d.Decisions), "resources": len(d.Resources), "blocking": len(blocking), "accepted": acceptances(in.Options.Accept),
	})
	if err != nil {
		return view.Designed{}, err
	}
	out := view.OfDesign(d, fingerprint, entry.Seq, len(files))
	out.Parameters = a.parametersOf(d)
	if len(blocking) > 0 {
		return out, fault.Newf(fault.Refused, "the design is written and must not be deployed: %d findings block it, first %s", len(blocking), blocking[0].ID).
			Hintf("mend them, or accept each by name with a reason under design.accept in landfall.yaml")
	}
	return out, nil
}

// acceptance is a finding that landfall.yaml accepts, with the reason. A ledger
// entry lists them: as a key the name of a finding on a secret or a token would
// look like one.
type acceptance struct {
	Finding string `json:"finding"`
	Reason  string `json:"reason"`
}

func acceptances(accept map[string]string) []acceptance {
	out := []acceptance{}
	for _, id := range slices.Sorted(maps.Keys(accept)) {
		out = append(out, acceptance{id, accept[id]})
	}
	return out
}

// designInput reads what a design is made from, with the fingerprints.
func (a *App) designInput(w *store.Workspace) (design.Input, map[string]string, error) {
	var inv inventory.Inventory
	var g graph.Graph
	in := design.Input{Inventory: &inv, Graph: &g, Families: rules.All()}
	inputs := map[string]string{}
	for _, artefact := range []struct {
		name  store.Name
		value store.Artefact
	}{{store.Inventory, &inv}, {store.Graph, &g}} {
		if err := w.Read(artefact.name, artefact.value); err != nil {
			return in, nil, err
		}
	}
	var baseline kpi.Baseline
	names := []store.Name{store.Inventory, store.Graph}
	switch err := w.Read(store.Baseline, &baseline); {
	case err == nil:
		in.Baseline = &baseline
		names = append(names, store.Baseline)
	case !fault.Is(err, fault.NotFound):
		return in, nil, err
	}
	for _, name := range names {
		fingerprint, err := w.Fingerprint(name)
		if err != nil {
			return in, nil, err
		}
		inputs[string(name)] = fingerprint
	}
	c, fingerprint, err := a.catalogue(w)
	if err != nil {
		return in, nil, err
	}
	if fingerprint != "" {
		inputs[string(store.Catalog)] = fingerprint
	}
	if inputs[configInput], err = configFingerprint(a.Config); err != nil {
		return in, nil, err
	}
	in.Catalog, in.Options = c, designOptions(a.Config, inv)
	if in.Options.Region == "" {
		in.Options.Region = c.DefaultRegion(string(in.Options.SourceRegion)).Name
	}
	if _, known := c.Region(string(in.Options.Region)); !known {
		return in, nil, fault.Newf(fault.Invalid, "design for region %q: Azure has no region of that name", in.Options.Region).
			Hintf("set target.region in landfall.yaml to a name such as %s", c.DefaultRegion(string(in.Options.SourceRegion)).Name)
	}
	return in, inputs, nil
}

func designOptions(c *config.Config, inv inventory.Inventory) design.Options {
	o := design.Options{
		Workload: c.Workload.Name, Region: c.Target.Region, Subscription: c.Target.Subscription, Group: c.Target.ResourceGroup,
		SourceRegion: mostly(inv), Accept: c.Design.Accept, AddressSpaces: c.Design.AddressSpaces, OnPremises: c.Design.OnPremises,
		MergeSubnets: c.Design.MergeSubnets, Tags: c.Design.Tags,
	}
	// The ids of design.json are those of an environment that there is.
	if len(c.Environments) > 0 {
		first := environmentOf(c, c.Environments[0])
		o.Environment, o.Subscription, o.Group = first.Name, first.Subscription, first.Group
		if o.Group == "" {
			o.Group = design.GroupOf(o.Workload, first.Name)
		}
	}
	for _, v := range c.Design.Overrides {
		o.Overrides = append(o.Overrides, design.Override{Source: v.Source, Action: design.Action(v.Action), Size: v.Size, Target: v.Target, Reason: v.Reason})
	}
	return o
}

// mostly returns the region in which most resources stand.
func mostly(inv inventory.Inventory) cloud.Region {
	counts := map[cloud.Region]int{}
	for _, r := range inv.Resources {
		if r.Region != "" && r.Region != "global" {
			counts[r.Region]++
		}
	}
	var best cloud.Region
	for region, n := range counts {
		if n > counts[best] || n == counts[best] && region < best {
			best = region
		}
	}
	return best
}

// printedFile lists what was printed into a folder, so that a later run can
// take away what it no longer prints and nothing else.
const printedFile = ".printed"

// replaceFolder writes the files below the folder and removes what an earlier
// run printed there and this one does not. Other files stay.
func replaceFolder(root string, files []design.File) error {
	wanted := map[string]bool{}
	var list strings.Builder
	for _, f := range files {
		if !filepath.IsLocal(filepath.FromSlash(f.Path)) {
			return fault.Newf(fault.Internal, "write %q: it leads out of its folder", f.Path)
		}
		wanted[f.Path] = true
		list.WriteString(f.Path + "\n")
		name := filepath.Join(root, filepath.FromSlash(f.Path))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return fault.Wrap(err, "make folder", filepath.Dir(name))
		}
		if err := durable.Replace(name, f.Content, 0o644); err != nil {
			return err
		}
	}
	before, err := os.ReadFile(filepath.Join(root, printedFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fault.Wrap(err, "read list of printed files", root)
	}
	for name := range strings.Lines(string(before)) {
		name = strings.TrimSpace(name)
		if name == "" || wanted[name] || !filepath.IsLocal(filepath.FromSlash(name)) {
			continue
		}
		if err := os.Remove(filepath.Join(root, filepath.FromSlash(name))); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fault.Wrap(err, "remove what an earlier run printed", name)
		}
	}
	return durable.Replace(filepath.Join(root, printedFile), []byte(list.String()), 0o644)
}

// readDesign reads design.json.
func (a *App) readDesign() (*design.Design, error) {
	w, err := a.need()
	if err != nil {
		return nil, err
	}
	var d design.Design
	return &d, w.Read(store.Design, &d)
}
