package connect

import (
	"net/netip"
	"slices"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/graph"
)

// wiring is what the graph says of who is meant to reach whom.
type wiring struct {
	// group is the group or cluster that a machine or a store belongs to: its
	// members are reached alike.
	group map[cloud.ResourceID]cloud.ResourceID
	// joined are the pairs of groups that a dependency connects.
	joined map[[2]cloud.ResourceID]bool
	// guards are the security groups of a node, with itself.
	guards map[cloud.ResourceID][]cloud.ResourceID
	// allowed are the rules of the source by what they let something reach.
	allowed map[cloud.ResourceID][]graph.Edge
}

func wiringOf(g *graph.Graph, stores map[cloud.ResourceID]bool) wiring {
	w := wiring{map[cloud.ResourceID]cloud.ResourceID{}, map[[2]cloud.ResourceID]bool{}, map[cloud.ResourceID][]cloud.ResourceID{}, map[cloud.ResourceID][]graph.Edge{}}
	for _, e := range g.Edges {
		switch {
		case e.Relation == graph.Launches && machine(End{ID: e.From}):
			w.group[e.To] = e.From
		case slices.Contains([]graph.Relation{graph.MemberOf, graph.PartOf, graph.InCluster}, e.Relation) && stores[e.From] && stores[e.To]:
			w.group[e.From] = e.To
		case slices.Contains([]graph.Relation{graph.GuardedBy, graph.HasInterface, graph.LaunchesFrom}, e.Relation):
			w.guards[e.From] = append(w.guards[e.From], e.To)
		case e.Relation == graph.MayReach:
			w.allowed[e.To] = append(w.allowed[e.To], e)
		}
	}
	for _, e := range g.Edges {
		if e.Relation != graph.MayReach {
			w.joined[[2]cloud.ResourceID{w.head(e.From), w.head(e.To)}] = true
		}
	}
	return w
}

func (w wiring) head(id cloud.ResourceID) cloud.ResourceID {
	if above, ok := w.group[id]; ok {
		return above
	}
	return id
}

// guard returns a node's security groups, through its interfaces and what it
// is launched from, and itself.
func (w wiring) guard(id cloud.ResourceID) []cloud.ResourceID {
	out := []cloud.ResourceID{id}
	if above := w.head(id); above != id {
		out = append(out, above)
	}
	for i := 0; i < len(out); i++ {
		for _, next := range w.guards[out[i]] {
			if !slices.Contains(out, next) {
				out = append(out, next)
			}
		}
	}
	return out
}

// allows reports whether a rule of the source lets a machine through that
// nothing depends on; host is the machine's address, "" when it is not known.
func (w wiring) allows(from, to cloud.ResourceID, host string, port int) bool {
	outer := w.guard(from)
	for _, guard := range w.guard(to) {
		for _, e := range w.allowed[guard] {
			block, external := strings.CutPrefix(string(e.From), "external:")
			if (e.Port == 0 || e.Port == port) && (slices.Contains(outer, e.From) || external && within(host, block)) {
				return true
			}
		}
	}
	return false
}

// within reports whether an address may lie in a block.
func within(host, block string) bool {
	prefix, err := netip.ParsePrefix(block)
	if err != nil {
		return block == string(graph.Internet)[len("external:"):]
	}
	address, err := netip.ParseAddr(host)
	return err != nil || prefix.Contains(address)
}

// shut plans that machines of the workload do not reach those of its stores
// that nothing connects them with: one check for each pair and side, on the
// store's port.
func (p *planner) shut(g *graph.Graph) {
	stores := map[cloud.ResourceID]bool{}
	for _, n := range g.Nodes {
		stores[n.ID] = n.Boundary == graph.In && storeKind(n.Kind)
	}
	w := wiringOf(g, stores)
	heads := map[cloud.ResourceID]bool{}
	for _, above := range w.group {
		heads[above] = true
	}
	for _, m := range g.Nodes {
		if m.Boundary != graph.In || !machine(End{ID: m.ID}) || heads[m.ID] {
			continue // the instances of a group stand for it
		}
		for _, s := range g.Nodes {
			if stores[s.ID] && w.head(s.ID) == s.ID && !w.joined[[2]cloud.ResourceID{w.head(m.ID), s.ID}] {
				p.apart(w, m, s)
			}
		}
	}
}

// apart plans one pair, or names why it cannot.
func (p *planner) apart(w wiring, m, s graph.Node) {
	port := p.storePort(s)
	switch {
	case port == 0:
		p.open(m.Name, s.Name, 0, "nothing connects them, and the store's port is not known")
		return
	case w.allows(m.ID, s.ID, p.sourceHost(m.ID), port):
		p.open(m.Name, s.Name, port, "nothing connects them, and the rules of the source let it through")
		return
	}
	for _, from := range p.ends(m.ID) {
		for _, to := range p.ends(s.ID) {
			if from.Side == to.Side && machine(from) {
				p.add(Check{From: from, To: to, Port: p.portAt(to, port), Protocol: "tcp", Why: "nothing connects " + m.Name + " with " + s.Name + ", so it stays shut"})
			}
		}
	}
}

func (p *planner) open(from, to string, port int, why string) {
	p.unplanned = append(p.unplanned, Unplanned{from, to, port, why})
}

// storeKind are the stores that stand inside a network; others have public
// names that every machine with a way out reaches.
func storeKind(kind cloud.Kind) bool {
	return slices.Contains([]cloud.Kind{
		"AWS::RDS::DBInstance", "AWS::RDS::DBCluster", "AWS::ElastiCache::ReplicationGroup", "AWS::ElastiCache::CacheCluster", "AWS::ElastiCache::ServerlessCache", "AWS::MemoryDB::Cluster",
		"AWS::Redshift::Cluster", "AWS::DocDB::DBCluster", "AWS::Neptune::DBCluster", "AWS::EFS::FileSystem", "AWS::FSx::FileSystem", "AWS::MSK::Cluster",
	}, kind)
}

// storePort is the port that a store listens on: its own, or the default of
// its kind or engine; 0 when there are several or none is known.
func (p *planner) storePort(n graph.Node) int {
	engine := ""
	if r := p.sources[n.ID]; r != nil {
		for _, path := range []string{"Endpoint.Port", "Port", "PrimaryEndPoint.Port", "ConfigurationEndPoint.Port", "ClusterEndpoint.Port"} {
			if port := design.Int(r.Properties, path, 0); port > 0 {
				return port
			}
		}
		engine = strings.ToLower(design.Text(r.Properties, "Engine"))
	}
	switch n.Kind {
	case "AWS::ElastiCache::ReplicationGroup", "AWS::ElastiCache::CacheCluster", "AWS::ElastiCache::ServerlessCache", "AWS::MemoryDB::Cluster":
		if engine == "memcached" {
			return 11211
		}
		return 6379
	case "AWS::Redshift::Cluster":
		return 5439
	case "AWS::DocDB::DBCluster":
		return 27017
	case "AWS::Neptune::DBCluster":
		return 8182
	case "AWS::EFS::FileSystem":
		return 2049
	}
	for _, d := range []struct {
		part string
		port int
	}{{"postgres", 5432}, {"mysql", 3306}, {"mariadb", 3306}, {"sqlserver", 1433}, {"oracle", 1521}, {"aurora", 3306}} {
		if strings.Contains(engine, d.part) {
			return d.port
		}
	}
	return 0
}

// name lists the dependencies of machines that no check stands for.
func (p *planner) name(g *graph.Graph) {
	planned := map[[2]string]bool{}
	for _, c := range p.checks {
		if c.Open {
			planned[[2]string{string(c.From.ID), string(c.To.ID)}] = true
		}
	}
	for _, e := range g.Edges {
		from, to := p.nodes[e.From], p.nodes[e.To]
		if e.Potential || from == nil || to == nil || from.Boundary == graph.Out || !machine(End{ID: e.From}) || to.Boundary == graph.Out && !to.External {
			continue
		}
		carries := slices.Contains([]graph.Relation{graph.ConnectsTo, graph.Reads, graph.Writes, graph.Invokes}, e.Relation)
		switch {
		case e.Port > 0 && !tried(e):
			p.open(from.Name, to.Name, e.Port, "it speaks "+e.Protocol+", where no answer says nothing")
		case tried(e) && len(p.ends(e.To)) == 0:
			p.open(from.Name, to.Name, e.Port, "it is a range of addresses and no host")
		case tried(e) && !to.External && len(p.ends(e.To)) == 1 && p.moves(e.To):
			p.open(from.Name, to.Name, e.Port, "nothing at the target that stands for it takes connections")
		case e.Port == 0 && carries && !planned[[2]string{string(e.From), string(e.To)}]:
			p.open(from.Name, to.Name, 0, "the dependency names no port")
		}
	}
}

// moves reports whether a resource leaves the source.
func (p *planner) moves(id cloud.ResourceID) bool {
	d := p.decisions[id]
	return d != nil && d.Action != design.Retain && d.Action != design.Retire
}
