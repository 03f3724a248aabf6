package app

import (
	"path"
	"slices"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/config"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/graph"
	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/store"
	"example.com/landfall/internal/view"
)

// ExplainOptions says what to tell the story of.
type ExplainOptions struct {
	// Resource is an id or a name on either side.
	Resource string
	// Environment is whose names are shown, "" for the first one that has the
	// resource.
	Environment string
}

// Explain tells the story of each resource of a name: what it is, what the
// design made of it and why, and what depends on it. Of more than a few it
// lists them.
func (a *App) Explain(o ExplainOptions) (view.Explained, error) {
	d, err := a.readDesign()
	if err != nil {
		return view.Explained{}, err
	}
	designs, err := a.inEnvironments(d, o.Environment)
	if err != nil {
		return view.Explained{}, err
	}
	aliases, err := a.aliases()
	if err != nil {
		return view.Explained{}, err
	}
	g, err := a.readGraph()
	if err != nil {
		return view.Explained{}, err
	}
	for _, one := range designs {
		out := view.Explained{Environment: one.Place.Environment}
		found := decisionsOf(one, o.Resource, aliases)
		const most = 8
		if len(found) > most {
			out.Candidates = found
			return out, nil
		}
		for _, decision := range found {
			out.Resources = append(out.Resources, story(one, &g, decision))
		}
		if len(found) == 0 {
			out.Whole = wholeOf(one, o.Resource)
		}
		if len(found)+len(out.Whole) > 0 {
			return out, nil
		}
	}
	return view.Explained{}, unexplained(designs, &g, o.Resource)
}

// places are the environments of landfall.yaml.
func (a *App) places() []design.Environment {
	var out []design.Environment
	for _, e := range a.Config.Environments {
		out = append(out, environmentOf(a.Config, e))
	}
	return out
}

// environmentOf is a place of landfall.yaml for a design.
func environmentOf(c *config.Config, e config.Environment) design.Environment {
	out := design.Environment{Name: e.Name, Subscription: e.Subscription, Group: e.ResourceGroup, Location: e.Region}
	if out.Subscription == "" {
		out.Subscription = c.Target.Subscription
	}
	return out
}

// inEnvironments returns the design as it stands in one environment, or in
// each of them and then in its own place.
func (a *App) inEnvironments(d *design.Design, name string) ([]*design.Design, error) {
	if name != "" {
		e, err := a.environment(name)
		if err != nil {
			return nil, err
		}
		return []*design.Design{design.ForEnvironment(d, environmentOf(a.Config, e))}, nil
	}
	var out []*design.Design
	for _, e := range a.places() {
		out = append(out, design.ForEnvironment(d, e))
	}
	return append(out, d), nil
}

// aliases are the other names that AWS and templates have for a resource. What
// was designed on another machine may come without its inventory.
func (a *App) aliases() (map[cloud.ResourceID][]string, error) {
	w, err := a.need()
	if err != nil {
		return nil, err
	}
	var inv inventory.Inventory
	if err := w.Read(store.Inventory, &inv); err != nil && !fault.Is(err, fault.NotFound) {
		return nil, err
	}
	out := map[cloud.ResourceID][]string{}
	for _, r := range inv.Resources {
		out[r.ID] = append(slices.Clone(r.Aliases), r.LogicalID)
	}
	return out, nil
}

// unexplained says why there is no story of a name, and what may have been
// meant.
func unexplained(designs []*design.Design, g *graph.Graph, text string) error {
	for _, n := range g.Nodes {
		if string(n.ID) == text || strings.EqualFold(n.Name, text) && n.Boundary == graph.Out {
			return fault.Newf(fault.NotFound, "explain %q: it stands outside of the boundary, so the design decides nothing of it", text).
				Hintf("landfall graph needs %s", n.ID)
		}
	}
	var names []string
	for _, d := range designs {
		for _, v := range d.Decisions {
			names = append(names, v.Name)
		}
		for _, r := range d.Resources {
			names = append(names, path.Base(r.Name))
		}
	}
	err := fault.Newf(fault.NotFound, "explain %q: the design decides nothing of that id or name", text)
	const most = 5
	if near := design.Nearest(path.Base(text), names, most); len(near) > 0 {
		return err.Hintf("landfall explain %s (near it: %s)", near[0], strings.Join(near, ", "))
	}
	return err.Hintf("names are in design/README.md; what stands outside of the boundary has no decision: landfall graph needs %s", text)
}

func story(d *design.Design, g *graph.Graph, decision design.Decision) view.Story {
	out := view.Story{Decision: decision, Targets: []design.Resource{}, Labels: []string{}, Findings: []design.Finding{}}
	label := design.Labels(d)
	for _, n := range g.Nodes {
		if n.ID == decision.Source {
			out.Boundary, out.Because = n.Boundary, n.Reason
		}
	}
	for _, e := range g.Edges {
		switch {
		case e.Potential:
		case e.From == decision.Source:
			out.Needs = append(out.Needs, e)
		case e.To == decision.Source:
			out.Users = append(out.Users, e)
		}
	}
	for _, r := range d.Resources {
		if slices.Contains(decision.Targets, r.ID) {
			out.Targets, out.Labels = append(out.Targets, r), append(out.Labels, label(r))
		}
	}
	for _, f := range d.Findings {
		if slices.Contains(f.About, decision.Source) {
			out.Findings = append(out.Findings, f)
		}
	}
	return out
}

// decisionsOf finds the decision on a source resource by its id, else by the
// end of its id, its name or another name of it, else by a target's id or name.
func decisionsOf(d *design.Design, text string, aliases map[cloud.ResourceID][]string) []design.Decision {
	if text == "" {
		return nil
	}
	names := map[cloud.ResourceID]string{}
	for _, r := range d.Resources {
		names[r.ID] = r.Name
	}
	for _, matches := range []func(design.Decision) bool{
		func(v design.Decision) bool {
			return string(v.Source) == text || slices.Contains(aliases[v.Source], text)
		},
		func(v design.Decision) bool {
			head, ok := strings.CutSuffix(string(v.Source), text)
			return ok && head != "" && strings.ContainsAny(head[len(head)-1:], "/:|") || strings.EqualFold(v.Name, text)
		},
		func(v design.Decision) bool {
			return slices.ContainsFunc(v.Targets, func(t cloud.ResourceID) bool { return called(t, names[t], text) })
		},
	} {
		var found []design.Decision
		for _, v := range d.Decisions {
			if matches(v) {
				found = append(found, v)
			}
		}
		if len(found) > 0 {
			return found
		}
	}
	return nil
}

// called reports whether a target goes by a text; names at the target ignore
// capitals.
func called(id cloud.ResourceID, name, text string) bool {
	return strings.EqualFold(string(id), text) || strings.EqualFold(path.Base(string(id)), text) || name != "" && strings.EqualFold(name, text)
}

// wholeOf finds targets that stand for no single resource, with what needs
// them.
func wholeOf(d *design.Design, text string) []view.Whole {
	label := design.Labels(d)
	var out []view.Whole
	for _, r := range d.Resources {
		if text == "" || !called(r.ID, r.Name, text) {
			continue
		}
		one := view.Whole{Target: view.LabelledOf(r, label), Users: []view.Labelled{}}
		for _, other := range d.Resources {
			if slices.Contains(other.DependsOn, r.ID) {
				one.Users = append(one.Users, view.LabelledOf(other, label))
			}
		}
		out = append(out, one)
	}
	return out
}
