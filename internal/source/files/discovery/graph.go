package discovery

import (
	"context"
	"errors"
	"slices"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/inventory/kinds"
	"example.com/landfall/internal/source/files/document"
	"example.com/landfall/internal/source/files/format"
	"example.com/landfall/internal/source/files/snapshot"
)

// graph gathers the nodes of a diagram and what connects them.
type graph struct {
	format.Request
	out *format.Output
	// resources by ID, in the order of their IDs when handed over. The tree
	// below an account repeats every node.
	resources map[cloud.ResourceID]*inventory.Resource
	places    map[cloud.ResourceID]string
	// ids are the IDs by the node ids of the diagram.
	ids   map[string]cloud.ResourceID
	edges [][2]string
}

func newGraph(q format.Request, out *format.Output) *graph {
	return &graph{Request: q, out: out, resources: map[cloud.ResourceID]*inventory.Resource{}, places: map[cloud.ResourceID]string{}, ids: map[string]cloud.ResourceID{}}
}

func readGraph(ctx context.Context, q format.Request, out *format.Output) error {
	text, err := q.Document.Held().Text()
	if err != nil {
		return err
	}
	defer func() { _ = text.Close() }() // it was only read
	g := newGraph(q, out)
	j := q.Document.Held().JSON(text)
	if err := g.walk(ctx, j, ""); err != nil {
		return errors.Join(g.emit(), err)
	}
	if len(g.ids) == 0 && len(g.resources) == 0 && !out.Recognised() {
		return fault.Newf(fault.Invalid, "read export: there are no nodes in it")
	}
	return g.emit()
}

// walk goes down to the lists of nodes and edges, which stand at the top
// (2.x), under "elements" (cytoscape's own form), "data" or "body".
func (g *graph) walk(ctx context.Context, j *document.JSON, place string) error {
	kind, _, err := j.Open()
	if err != nil || kind == document.Scalar {
		return err
	}
	if kind == document.List {
		return g.list(ctx, j, place)
	}
	for j.Next() {
		name, err := j.Name()
		if err != nil {
			return err
		}
		at := place + "/" + name
		switch strings.ToLower(name) {
		case "nodes", "edges":
			g.out.Recognise()
			_, err = j.Items(func(i int) error { return g.element(ctx, j, at) })
		case "elements", "data", "body", "diagram":
			err = g.walk(ctx, j, at)
		default:
			err = j.Skip()
		}
		if err != nil {
			return err
		}
	}
	return j.Close()
}

func (g *graph) list(ctx context.Context, j *document.JSON, place string) error {
	for j.Next() {
		if err := g.element(ctx, j, place); err != nil {
			return err
		}
	}
	return j.Close()
}

// element reads a node or an edge.
func (g *graph) element(ctx context.Context, j *document.JSON, place string) error {
	var element map[string]any
	if err := j.Value(&element); err != nil {
		if _, broken := errors.AsType[*document.Broken](err); broken {
			return err
		}
		g.out.Refused("#"+place, err)
		return nil
	}
	document.Plain(element)
	if data, ok := element["data"].(map[string]any); ok && data["source"] != nil && data["target"] != nil {
		g.edge(data)
		return ctx.Err()
	}
	if element["source"] != nil && element["target"] != nil {
		g.edge(element)
		return ctx.Err()
	}
	g.node(element, "#"+place)
	return ctx.Err()
}

func (g *graph) edge(data map[string]any) {
	source, _ := data["source"].(string)
	target, _ := data["target"].(string)
	if source != "" && target != "" {
		g.edges = append(g.edges, [2]string{source, target})
	}
}

// node looks for resources in a node and everything below it, and returns the
// one that the object itself describes.
func (g *graph) node(tree any, place string) cloud.ResourceID {
	switch tree := tree.(type) {
	case []any:
		for _, member := range tree {
			g.node(member, place)
		}
	case map[string]any:
		if describes(tree) {
			return g.resource(tree, place)
		}
		var own cloud.ResourceID
		for _, name := range sortedNames(tree) {
			id := g.node(tree[name], place)
			switch name {
			case "properties", "resource", "data":
				own = format.First(own, id)
			}
		}
		if id, ok := tree["id"].(string); ok && own != "" {
			g.ids[id] = own
		}
		return own
	}
	return ""
}

func sortedNames(m map[string]any) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// describes reports whether an object says what a resource is.
func describes(m map[string]any) bool {
	kind, _ := m["resourceType"].(string)
	if kind == "" {
		kind, _ = m["type"].(string)
	}
	return strings.Contains(kind, "::") && (text(m, "arn") != "" || text(m, "resourceId") != "" || strings.HasPrefix(text(m, "id"), "arn:"))
}

func text(m map[string]any, name string) string {
	s, _ := m[name].(string)
	return s
}

func (g *graph) resource(m map[string]any, place string) cloud.ResourceID {
	resources, err := g.convert(m)
	if err != nil {
		g.out.Refused(place, err)
		return ""
	}
	for i := range resources {
		r := &resources[i]
		known := g.resources[r.ID]
		if known == nil || len(r.Properties) > len(known.Properties) {
			g.resources[r.ID], g.places[r.ID] = r, place
		}
	}
	own := resources[0].ID
	for _, id := range []string{text(m, "id"), text(m, "arn"), text(m, "resourceId")} {
		if id != "" {
			g.ids[id] = own
		}
	}
	return own
}

// convert makes resources of a description: with AWS Config's configuration
// where it has one.
func (g *graph) convert(m map[string]any) ([]inventory.Resource, error) {
	if m["configuration"] != nil && m["resourceType"] != nil {
		item, err := snapshot.Normal(m, g.Document.Limits())
		if err == nil {
			resources, err := g.Kinds.FromConfig(item)
			if err == nil && len(resources) > 0 {
				return resources, nil
			}
			g.Log.Debug("take a node without its configuration", "arn", text(m, "arn"), "reason", err)
		}
	}
	b := format.Bare{
		ARN: format.First(text(m, "arn"), arnOnly(text(m, "id"))), Kind: format.First(text(m, "resourceType"), text(m, "type")),
		ID: text(m, "resourceId"), Name: format.First(text(m, "resourceName"), text(m, "name"), text(m, "title")),
		Place: kinds.Place{
			Account: cloud.Account(format.First(text(m, "accountId"), string(g.Account))),
			Region:  cloud.Region(format.First(text(m, "awsRegion"), text(m, "region"), string(g.Region))),
		},
	}
	resource, ok := b.Resource(g.Kinds)
	if !ok {
		return nil, fault.Newf(fault.Invalid, "read node %q of type %q: neither an ARN nor an id is in it", format.Cut(b.Name), format.Cut(b.Kind))
	}
	return []inventory.Resource{resource}, nil
}

func arnOnly(id string) string {
	if strings.HasPrefix(id, "arn:") {
		return id
	}
	return ""
}

// emit hands over the resources in the order of their IDs.
func (g *graph) emit() error {
	related := map[cloud.ResourceID][]string{}
	for _, e := range g.edges {
		source, target := g.ids[e[0]], g.ids[e[1]]
		if source != "" && target != "" && source != target {
			related[source] = append(related[source], string(target))
		}
	}
	ids := make([]cloud.ResourceID, 0, len(g.resources))
	for id := range g.resources {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for _, id := range ids {
		r := g.resources[id]
		if to := related[id]; len(to) > 0 {
			if r.Attributes == nil {
				r.Attributes = map[string]any{}
			}
			slices.Sort(to)
			var list []any
			for _, other := range slices.Compact(to) {
				list = append(list, other)
			}
			r.Attributes["relatedTo"] = list
		}
		if err := g.out.Found(g.places[id], *r); err != nil {
			return err
		}
	}
	return nil
}
