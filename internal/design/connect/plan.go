package connect

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/graph"
	"example.com/landfall/internal/inventory"
)

// Side is where an end stands.
type Side string

// The sides.
const (
	Source Side = "source"
	Target Side = "target"
	// Outside is neither: a partner, the internet.
	Outside Side = "outside"
)

// End is one end of a connection.
type End struct {
	Side Side             `json:"side"`
	ID   cloud.ResourceID `json:"id"`
	Name string           `json:"name"`
	// Host is the name or address to connect to, "" when it is only known once
	// the resource exists.
	Host string `json:"host,omitempty"`
}

// Check is one connection to try.
type Check struct {
	// ID is stable between runs.
	ID   string `json:"id"`
	From End    `json:"from"`
	To   End    `json:"to"`
	Port int    `json:"port"`
	// Protocol is what is spoken: "tcp", "tls", "http", "https", "dns".
	Protocol string `json:"protocol"`
	// Open says that the connection has to succeed; otherwise it must not.
	Open bool `json:"open"`
	// Why names the dependency, or the rule that forbids it.
	Why string `json:"why"`
}

// Plan lists the checks of a design, in order; for the host names of an
// environment it takes what design.ForEnvironment returns. What is needed has to
// open. What has to stay shut: the opposite way between machines, and each
// machine's way to a store of the workload that nothing connects and no rule of
// the source allows. What cannot be tried is in Unplannable.
func Plan(d *design.Design, g *graph.Graph, inv *inventory.Inventory) []Check {
	return plan(d, g, inv).checks
}

// Unplanned is a connection that no check stands for.
type Unplanned struct {
	From string `json:"from"`
	To   string `json:"to"`
	Port int    `json:"port,omitempty"`
	Why  string `json:"why"`
}

// Unplannable names the connections that Plan has no check for, in order: a
// person has to try them in another way.
func Unplannable(d *design.Design, g *graph.Graph, inv *inventory.Inventory) []Unplanned {
	return plan(d, g, inv).unplanned
}

func plan(d *design.Design, g *graph.Graph, inv *inventory.Inventory) *planner {
	p := &planner{sources: map[cloud.ResourceID]*inventory.Resource{}, nodes: map[cloud.ResourceID]*graph.Node{}, decisions: map[cloud.ResourceID]*design.Decision{}, targets: map[cloud.ResourceID]*design.Resource{}, redis: map[cloud.ResourceID]int{}, seen: map[string]bool{}}
	for i := range inv.Resources {
		p.sources[inv.Resources[i].ID] = &inv.Resources[i]
	}
	for i := range g.Nodes {
		p.nodes[g.Nodes[i].ID] = &g.Nodes[i]
	}
	for i := range d.Decisions {
		p.decisions[d.Decisions[i].Source] = &d.Decisions[i]
	}
	for i := range d.Resources {
		p.target(&d.Resources[i])
	}
	for _, e := range g.Edges {
		if tried(e) {
			p.edge(e)
		}
	}
	for _, e := range g.Edges {
		if !e.Potential && e.Port > 0 {
			p.reverse(e)
		}
	}
	p.shut(g)
	p.name(g)
	slices.SortFunc(p.checks, func(a, b Check) int { return cmp.Compare(a.ID, b.ID) })
	slices.SortFunc(p.unplanned, func(a, b Unplanned) int {
		return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To), cmp.Compare(a.Port, b.Port), cmp.Compare(a.Why, b.Why))
	})
	p.unplanned = slices.Compact(p.unplanned)
	return p
}

// tried reports whether a dependency can be tried: over TCP, on a known port.
func tried(e graph.Edge) bool {
	return !e.Potential && e.Port > 0 && (e.Protocol == "" || strings.EqualFold(e.Protocol, "tcp"))
}

type planner struct {
	sources   map[cloud.ResourceID]*inventory.Resource
	nodes     map[cloud.ResourceID]*graph.Node
	decisions map[cloud.ResourceID]*design.Decision
	targets   map[cloud.ResourceID]*design.Resource
	// redis is the port of the first database of each cluster.
	redis     map[cloud.ResourceID]int
	seen      map[string]bool
	checks    []Check
	unplanned []Unplanned
}

// target notes a resource of the target, and the port of a cluster's first
// database.
func (p *planner) target(r *design.Resource) {
	p.targets[r.ID] = r
	if strings.EqualFold(string(r.Type), "Microsoft.Cache/redisEnterprise/databases") && p.redis[parentOf(*r)] == 0 {
		p.redis[parentOf(*r)] = design.Int(r.Body, "properties.port", 0)
	}
}

// edge adds the ways of one dependency.
func (p *planner) edge(e graph.Edge) {
	for _, from := range p.ends(e.From) {
		for _, to := range p.ends(e.To) {
			if from.Side == Outside || !machine(from) {
				continue // nobody can be asked to try from there
			}
			port := p.portAt(to, e.Port)
			p.add(Check{From: from, To: to, Port: port, Protocol: spoken(port), Open: true, Why: fmt.Sprintf("%s %s it", from.Name, e.Relation)})
		}
	}
}

// reverse adds the opposite way where nothing depends on it: a firewall that
// keeps its meaning refuses it.
func (p *planner) reverse(e graph.Edge) {
	const refused = "nothing depends on it, so it stays shut"
	for _, from := range p.ends(e.To) {
		for _, to := range p.ends(e.From) {
			if from.Side != to.Side || from.Side == Outside || !machine(from) || !machine(to) {
				continue
			}
			if !p.seen[way(from, to, e.Port)] {
				p.add(Check{From: from, To: to, Port: e.Port, Protocol: "tcp", Why: refused})
			}
		}
	}
}

func (p *planner) add(c Check) {
	key := way(c.From, c.To, c.Port)
	if p.seen[key] {
		return
	}
	p.seen[key] = true
	c.ID = key
	p.checks = append(p.checks, c)
}

func way(from, to End, port int) string {
	return fmt.Sprintf("%s:%s->%s:%s:%d", from.Side, from.Name, to.Side, to.Name, port)
}

// machine reports whether commands can run at an end.
func machine(e End) bool {
	id := strings.ToLower(string(e.ID))
	if strings.Contains(id, "|") {
		return false // a part: a function's permission, an instance's inventory
	}
	for _, part := range []string{":instance/", ":autoscalinggroup:", "microsoft.compute/virtualmachine", "aws::ec2::instance", ":function:", ":task-definition/", "microsoft.app/containerapps", "microsoft.web/sites"} {
		if strings.Contains(id, part) {
			return true
		}
	}
	return false
}

// ends returns where a node stands: at the source, and what stands for it at
// the target.
func (p *planner) ends(id cloud.ResourceID) []End {
	n := p.nodes[id]
	if n == nil || n.Boundary == graph.Out && !n.External {
		return nil // what is no part of the workload is not touched
	}
	if n.External {
		host := strings.TrimPrefix(string(id), "external:")
		if strings.Contains(host, "/") || !strings.ContainsAny(host, ".:") {
			return nil // a block of addresses, the internet
		}
		return []End{{Outside, id, n.Name, host}}
	}
	out := []End{{Source, id, n.Name, p.sourceHost(id)}}
	d := p.decisions[id]
	if d == nil || d.Action == design.Retain || d.Action == design.Retire {
		return out
	}
	if r := p.standIn(id, d.Targets); r != nil {
		host, _ := hostOf(*r)
		return append(out, End{Target, r.ID, r.Name, host})
	}
	return out
}

// standIn is the target that takes or makes the connections of a source
// resource: for what runs commands what runs commands, or else the first that
// has a name, or else what the first part belongs to (a queue's namespace).
func (p *planner) standIn(id cloud.ResourceID, targets []cloud.ResourceID) *design.Resource {
	runs := machine(End{ID: id})
	var parent *design.Resource
	for _, t := range targets {
		r := p.targets[t]
		if r == nil || runs && !machine(End{ID: t}) {
			continue
		}
		if _, ok := hostOf(*r); ok {
			return r
		}
		above := p.targets[parentOf(*r)]
		if above == nil || parent != nil {
			continue
		}
		if _, ok := hostOf(*above); ok {
			parent = above
		}
	}
	return parent
}

// parentOf returns the id of the resource that a part belongs to.
func parentOf(r design.Resource) cloud.ResourceID {
	id := string(r.ID)
	for range max(0, 2*(strings.Count(string(r.Type), "/")-1)) {
		id = id[:max(0, strings.LastIndexByte(id, '/'))]
	}
	return cloud.ResourceID(id)
}

// sourceHost is the endpoint of a source resource, "" when it has none.
func (p *planner) sourceHost(id cloud.ResourceID) string {
	r := p.sources[id]
	if r == nil {
		return ""
	}
	for _, path := range []string{"Endpoint.Address", "DNSName", "PrivateIpAddress", "PrivateDnsName", "RedisEndpoint.Address", "ConfigurationEndPoint.Address", "PrimaryEndPoint.Address", "DomainName"} {
		if host := design.Text(r.Properties, path); host != "" && !strings.Contains(host, "${") {
			return host
		}
	}
	return ""
}
