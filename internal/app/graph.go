package app

import (
	"bytes"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/graph"
	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/store"
	"example.com/landfall/internal/store/durable"
	"example.com/landfall/internal/view"
	"example.com/landfall/internal/view/picture"
)

// GraphOptions says what to draw and where.
type GraphOptions struct {
	Format, Out, Focus string
	Depth              int
	All                bool
}

// DrawGraph draws graph.json. Without a file the picture goes to standard
// output, which out opens, and the result is empty.
func (a *App) DrawGraph(o GraphOptions, out func() io.Writer) (view.Drawn, error) {
	g, err := a.readGraph()
	if err != nil {
		return view.Drawn{}, err
	}
	options := picture.Options{Format: picture.Format(o.Format), Depth: o.Depth, All: o.All}
	if options.Format == "" {
		options.Format = formatOf(o.Out)
	}
	if !slices.Contains(picture.Formats(), options.Format) {
		return view.Drawn{}, fault.Newf(fault.Usage, "draw the graph: there is no format %q", options.Format).Hintf("the formats are svg, mermaid, dot, json and html")
	}
	if o.Depth < 0 {
		return view.Drawn{}, fault.Newf(fault.Usage, "draw the graph: --depth %d is negative", o.Depth)
	}
	if o.Focus != "" {
		node, err := find(g, o.Focus)
		if err != nil {
			return view.Drawn{}, err
		}
		options.Focus = node.ID
	}
	var b bytes.Buffer
	if err := picture.Draw(&b, g, options); err != nil {
		return view.Drawn{}, err
	}
	if o.Out == "" {
		_, err := out().Write(b.Bytes())
		return view.Drawn{}, fault.Wrap(err, "write picture", "")
	}
	path := o.Out
	if !filepath.IsAbs(path) {
		path = filepath.Join(a.setup.Dir, path)
	}
	return view.Drawn{File: o.Out, Format: string(options.Format), Bytes: b.Len()}, durable.Replace(path, b.Bytes(), 0o644)
}

// formatOf takes the format from the ending of a file's name.
func formatOf(file string) picture.Format {
	switch ending := strings.TrimPrefix(strings.ToLower(filepath.Ext(file)), "."); ending {
	case "htm":
		return "html"
	case "gv":
		return "dot"
	case "mmd", "md":
		return "mermaid"
	case "":
		return "svg"
	default:
		return picture.Format(ending)
	}
}

func (a *App) readGraph() (graph.Graph, error) {
	w, err := a.need()
	if err != nil {
		return graph.Graph{}, err
	}
	var g graph.Graph
	return g, w.Read(store.Graph, &g)
}

// find returns the node with the id, else the one node whose id ends with the
// text after a separator, else the one with the name.
func find(g graph.Graph, text string) (graph.Node, error) {
	var ends, named []graph.Node
	for _, n := range g.Nodes {
		id := string(n.ID)
		switch {
		case id == text:
			return n, nil
		case strings.HasSuffix(id, text) && len(id) > len(text) && strings.ContainsAny(id[len(id)-len(text)-1:len(id)-len(text)], "/:|"):
			ends = append(ends, n)
		case strings.EqualFold(n.Name, text):
			named = append(named, n)
		}
	}
	for _, found := range [][]graph.Node{ends, named} {
		if len(found) == 1 {
			return found[0], nil
		}
		if len(found) > 1 {
			return graph.Node{}, fault.Newf(fault.Usage, "find node %q: %d nodes are called so", text, len(found)).
				Hintf("use an id: %s", ids(found))
		}
	}
	return graph.Node{}, fault.Newf(fault.NotFound, "find node %q: the graph has none with that id or name", text).Hintf("%s", nearest(g, text))
}

func ids(nodes []graph.Node) string {
	const shown = 4
	var list []string
	for _, n := range nodes[:min(len(nodes), shown)] {
		list = append(list, string(n.ID))
	}
	return strings.Join(list, ", ")
}

// nearest names nodes that contain the text.
func nearest(g graph.Graph, text string) string {
	var found []graph.Node
	for _, n := range g.Nodes {
		if strings.Contains(strings.ToLower(n.Name+" "+string(n.ID)), strings.ToLower(text)) {
			found = append(found, n)
		}
	}
	if len(found) == 0 {
		return "landfall graph --format json lists all nodes"
	}
	return "did you mean " + ids(found) + "?"
}

// Needs lists what a node needs.
func (a *App) Needs(text string) (view.Reached, error) {
	return a.reach(text, "needs", (*graph.Query).Needs)
}

// Dependents lists what depends on a node.
func (a *App) Dependents(text string) (view.Reached, error) {
	return a.reach(text, "is needed by", (*graph.Query).Dependents)
}

func (a *App) reach(text, verb string, ask func(*graph.Query, cloud.ResourceID) []graph.Reach) (view.Reached, error) {
	g, err := a.readGraph()
	if err != nil {
		return view.Reached{}, err
	}
	node, err := find(g, text)
	if err != nil {
		return view.Reached{}, err
	}
	names := map[cloud.ResourceID]graph.Node{}
	for _, n := range g.Nodes {
		names[n.ID] = n
	}
	r := view.Reached{Node: node.ID, Name: node.Name, Verb: verb, Nodes: []view.ReachedNode{}}
	for _, step := range ask(graph.NewQuery(&g), node.ID) {
		n := names[step.ID]
		r.Nodes = append(r.Nodes, view.ReachedNode{Reach: step, Kind: n.Kind, Name: n.Name, Boundary: n.Boundary})
	}
	return r, nil
}

// Cut finds the fewest nodes without which no way leads from one node to
// another.
func (a *App) Cut(from, to string) (view.Cut, error) {
	g, err := a.readGraph()
	if err != nil {
		return view.Cut{}, err
	}
	var ends [2]graph.Node
	for i, text := range []string{from, to} {
		if ends[i], err = find(g, text); err != nil {
			return view.Cut{}, err
		}
	}
	q := graph.NewQuery(&g)
	c := view.Cut{From: ends[0].ID, To: ends[1].ID}
	c.Nodes, c.Possible = q.Cut(c.From, c.To)
	c.Reachable = slices.ContainsFunc(q.Needs(c.From), func(r graph.Reach) bool { return r.ID == c.To })
	return c, nil
}

// Cycles finds the groups of nodes that need each other around a ring.
func (a *App) Cycles() (view.Cycles, error) {
	g, err := a.readGraph()
	if err != nil {
		return view.Cycles{}, err
	}
	return view.Cycles{Rings: graph.NewQuery(&g).Cycles()}, nil
}

// Diff compares two inventories: kept runs, "latest", or files.
func (a *App) Diff(args []string) (view.Compared, error) {
	w, err := a.need()
	if err != nil {
		return view.Compared{}, err
	}
	runs, err := w.Runs()
	if err != nil {
		return view.Compared{}, err
	}
	names := slices.Clone(args)
	switch len(names) {
	case 0:
		if len(runs) < 2 {
			return view.Compared{}, fault.Newf(fault.NotFound, "compare assessments: %d was kept, two are needed", len(runs)).Hintf("landfall assess")
		}
		names = []string{string(runs[len(runs)-2]), string(runs[len(runs)-1])}
	case 1:
		names = append(names, "latest")
	}
	var both [2]inventory.Inventory
	for i := range both {
		if names[i] == "latest" && len(runs) > 0 {
			names[i] = string(runs[len(runs)-1])
		}
		if slices.Contains(runs, store.RunID(names[i])) {
			err = w.ReadRun(store.RunID(names[i]), store.Inventory, &both[i])
		} else {
			err = store.ReadFile(a.path(names[i]), store.Inventory, &both[i])
			if fault.Is(err, fault.NotFound) {
				err = fault.Newf(fault.NotFound, "compare assessments: %q is neither a kept assessment nor a file", names[i]).Hintf("landfall diff --list")
			}
		}
		if err != nil {
			return view.Compared{}, err
		}
	}
	return view.Compared{Before: names[0], After: names[1], Changes: inventory.Diff(both[0], both[1])}, nil
}

func (a *App) path(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(a.setup.Dir, name)
}

// AssessmentRuns lists the assessments that were kept.
func (a *App) AssessmentRuns() (view.RunList, error) {
	w, err := a.need()
	if err != nil {
		return view.RunList{}, err
	}
	runs, err := w.Runs()
	list := view.RunList{Runs: []string{}}
	for _, r := range runs {
		list.Runs = append(list.Runs, string(r))
	}
	return list, err
}
