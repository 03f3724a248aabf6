package connect

import (
	"net/netip"
	"slices"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/proof"
	"example.com/landfall/internal/graph/refs"
	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/reach"
)

// Rules finds which rule of a firewall or which route decides over a connection,
// on both sides, from the configuration: the inventory's at the source, the
// design's at the target. Not safe for concurrent use.
type Rules struct {
	source, target *reach.Oracle
	faces          *proof.Faces
	known          map[cloud.ResourceID]*inventory.Resource
	// stands are the targets of a source resource, stood the sources of a target.
	stands, stood map[cloud.ResourceID][]cloud.ResourceID
	// ports are those of the source's checks, by both ends.
	ports map[[2]cloud.ResourceID][]int
	// listens knows the ports of the target's services.
	listens *planner
}

// NewRules reads both networks. checks are all that are planned: the source's
// tell the ports there of what listens elsewhere at the target.
func NewRules(d *design.Design, inv *inventory.Inventory, checks []Check) *Rules {
	r := &Rules{known: map[cloud.ResourceID]*inventory.Resource{}, stands: map[cloud.ResourceID][]cloud.ResourceID{}, stood: map[cloud.ResourceID][]cloud.ResourceID{}, ports: map[[2]cloud.ResourceID][]int{}}
	var resources []*inventory.Resource
	for i := range inv.Resources {
		one := &inv.Resources[i]
		r.known[one.ID] = one
		if slices.Contains(reach.Kinds(), one.Kind) {
			resources = append(resources, one)
		}
	}
	r.source = reach.NewOracle(reach.FromAWS(resources, finder(inv)), true)
	var bodies []*design.Resource
	r.listens = &planner{targets: map[cloud.ResourceID]*design.Resource{}, redis: map[cloud.ResourceID]int{}}
	for i := range d.Resources {
		bodies = append(bodies, &d.Resources[i])
		r.listens.target(&d.Resources[i])
	}
	target := reach.FromAzure(proof.Bodies(bodies))
	r.target, r.faces = reach.NewOracle(target, false), proof.NewFaces(bodies, &target)
	for _, x := range d.Decisions {
		r.stands[x.Source] = append(r.stands[x.Source], x.Targets...)
		for _, t := range x.Targets {
			r.stood[t] = append(r.stood[t], x.Source)
		}
	}
	for _, c := range checks {
		if c.From.Side == Source {
			ends := [2]cloud.ResourceID{c.From.ID, c.To.ID}
			r.ports[ends] = append(r.ports[ends], c.Port)
		}
	}
	return r
}

// finder finds the resources that property values name.
func finder(inv *inventory.Inventory) reach.Finder {
	index := refs.NewIndex(inv.Resources)
	place := map[cloud.ResourceID]int32{}
	for i := range inv.Resources {
		place[inv.Resources[i].ID] = int32(i)
	}
	return func(from *inventory.Resource, value any, kinds ...cloud.Kind) (*inventory.Resource, bool) {
		text, ok := value.(string)
		if !ok || text == "" {
			return nil, false
		}
		for _, m := range index.Find(place[from.ID], text) {
			if m.To < 0 {
				continue
			}
			if r := index.Resource(m.To); len(kinds) == 0 || slices.Contains(kinds, r.Kind) {
				return r, true
			}
		}
		for _, kind := range kinds {
			if named := index.Named(place[from.ID], kind, text); len(named) > 0 {
				return index.Resource(named[0]), true
			}
		}
		return nil, false
	}
}

// Of names what decides over a check's connection at the source and at the
// target; "" where an end has no interface in a network there, and for one
// between the clouds.
func (r *Rules) Of(c Check) (source, target string) {
	if c.From.Side != c.To.Side && c.To.Side != Outside {
		return "", "" // between the clouds neither network alone decides
	}
	sourceEnds := [2][]cloud.ResourceID{r.sources(c.From), r.sources(c.To)}
	port := c.Port
	if c.From.Side == Target {
		port = r.portBefore(sourceEnds, c)
	}
	before := r.side(r.source, r.sourceFaces(sourceEnds[0]), r.sourceFaces(sourceEnds[1]), c, port)
	after := r.side(r.target, r.targetFaces(c.From), r.targetFaces(c.To), c, c.Port)
	return told(before, c.Open), told(after, c.Open)
}

// portBefore is the port of the same connection at the source: that of a check
// there, where the target listens for it on the port that is tried.
func (r *Rules) portBefore(ends [2][]cloud.ResourceID, c Check) int {
	for _, a := range ends[0] {
		for _, b := range ends[1] {
			for _, port := range r.ports[[2]cloud.ResourceID{a, b}] {
				if r.listens.portAt(c.To, port) == c.Port {
					return port
				}
			}
		}
	}
	return c.Port
}

func (r *Rules) sources(e End) []cloud.ResourceID {
	if e.Side == Target {
		return r.stood[e.ID]
	}
	return []cloud.ResourceID{e.ID}
}

// sourceFaces are the interfaces of source resources: of a machine of a group
// those of its group, of a member of a cluster those of its cluster.
func (r *Rules) sourceFaces(ids []cloud.ResourceID) []string {
	var out []string
	for _, id := range ids {
		one := r.known[id]
		switch {
		case r.source.Has(string(id)):
			out = append(out, string(id))
		case one == nil:
		default:
			for _, other := range r.known {
				if group := one.Tags["aws:autoscaling:groupName"]; group != "" && other.Kind == "AWS::AutoScaling::AutoScalingGroup" && other.Name == group ||
					other.Kind == "AWS::RDS::DBCluster" && design.Text(one.Properties, "DBClusterIdentifier") == other.Name && other.Name != "" ||
					one.Kind == "AWS::EFS::FileSystem" && other.Kind == "AWS::EFS::MountTarget" && named(other, one) {
					out = append(out, string(other.ID))
				}
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// named reports whether a mount target names a file system.
func named(mount, system *inventory.Resource) bool {
	text := design.Text(mount.Properties, "FileSystemId")
	return text != "" && (text == design.Text(system.Properties, "FileSystemId") || strings.Contains(text, string(system.ID)) || strings.HasSuffix(string(system.ID), "/"+text))
}

func (r *Rules) targetFaces(e End) []string {
	ids := []cloud.ResourceID{e.ID}
	if e.Side == Source {
		ids = r.stands[e.ID]
	}
	var out []string
	for _, id := range ids {
		out = append(out, r.faces.Of(id)...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// side asks one network. A far end that is outside is an address, or some
// address of the internet where only a name is known.
func (r *Rules) side(o *reach.Oracle, from, to []string, c Check, port int) *reach.Deciding {
	var out *reach.Deciding
	note := func(d reach.Deciding, ok bool) {
		switch {
		case !ok:
		case out == nil:
			out = &d
		default:
			out.Passes, out.Stops, out.Unknown = either(out.Passes, d.Passes), either(out.Stops, d.Stops), either(out.Unknown, d.Unknown)
		}
	}
	for _, a := range from {
		if c.To.Side == Outside {
			address, _ := netip.ParseAddr(c.To.Host)
			note(o.Out(a, address, uint16(port)))
		}
		for _, b := range to {
			note(o.Between(a, b, uint16(port)))
		}
	}
	return out
}

func either(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// told writes what decides: for a connection that has to open what stops it, if
// anything does, and for one that has to stay shut what lets it through.
func told(d *reach.Deciding, open bool) string {
	switch {
	case d == nil:
		return ""
	case open && d.Stops != "":
		return "stopped by " + d.Stops
	case !open && d.Passes == "" && d.Stops != "":
		return "stopped by " + d.Stops
	case d.Passes != "":
		return "let through by " + d.Passes
	case d.Stops != "":
		return "stopped by " + d.Stops
	}
	return "not known: " + d.Unknown
}
