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

// Plan lists the checks of a design, in order. Dependencies without a port (an
// API call by name) are checked by name and TLS on 443 where the target has one.
func Plan(d *design.Design, g *graph.Graph, inv *inventory.Inventory) []Check {
	p := planner{sources: map[cloud.ResourceID]*inventory.Resource{}, nodes: map[cloud.ResourceID]*graph.Node{}, decisions: map[cloud.ResourceID]*design.Decision{}, targets: map[cloud.ResourceID]*design.Resource{}, seen: map[string]bool{}}
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
		p.targets[d.Resources[i].ID] = &d.Resources[i]
	}
	for _, e := range g.Edges {
		if !e.Potential && e.Port > 0 && (e.Protocol == "" || strings.EqualFold(e.Protocol, "tcp")) {
			p.edge(e)
		}
	}
	for _, e := range g.Edges {
		if !e.Potential && e.Port > 0 {
			p.reverse(e)
		}
	}
	slices.SortFunc(p.checks, func(a, b Check) int { return cmp.Compare(a.ID, b.ID) })
	return p.checks
}

type planner struct {
	sources   map[cloud.ResourceID]*inventory.Resource
	nodes     map[cloud.ResourceID]*graph.Node
	decisions map[cloud.ResourceID]*design.Decision
	targets   map[cloud.ResourceID]*design.Resource
	seen      map[string]bool
	checks    []Check
}

// edge adds the ways of one dependency.
func (p *planner) edge(e graph.Edge) {
	for _, from := range p.ends(e.From) {
		for _, to := range p.ends(e.To) {
			if from.Side == Outside || !machine(from) {
				continue // nobody can be asked to try from there
			}
			p.add(Check{From: from, To: to, Port: e.Port, Protocol: spoken(e.Port), Open: true, Why: fmt.Sprintf("%s %s it", from.Name, e.Relation)})
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
	if n == nil {
		return nil
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
	for _, t := range d.Targets {
		r := p.targets[t]
		if r == nil {
			continue
		}
		if host, ok := hostOf(*r); ok {
			return append(out, End{Target, t, r.Name, host})
		}
	}
	return out
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

// hostOf is the name under which Azure serves a resource. ok is false for what
// takes no connections.
func hostOf(r design.Resource) (host string, ok bool) {
	zone := map[string]string{
		"microsoft.dbforpostgresql/flexibleservers": "postgres.database.azure.com", "microsoft.dbformysql/flexibleservers": "mysql.database.azure.com",
		"microsoft.sql/servers": "database.windows.net", "microsoft.storage/storageaccounts": "blob.core.windows.net", "microsoft.keyvault/vaults": "vault.azure.net",
		"microsoft.servicebus/namespaces": "servicebus.windows.net", "microsoft.eventhub/namespaces": "servicebus.windows.net", "microsoft.documentdb/databaseaccounts": "documents.azure.com",
		"microsoft.containerregistry/registries": "azurecr.io", "microsoft.web/sites": "azurewebsites.net", "microsoft.appconfiguration/configurationstores": "azconfig.io",
		"microsoft.apimanagement/service": "azure-api.net", "microsoft.cache/redisenterprise": string(r.Location) + ".redis.azure.net",
	}
	kind := strings.ToLower(string(r.Type))
	if suffix, ok := zone[kind]; ok {
		return r.Name + "." + suffix, true
	}
	switch kind {
	case "microsoft.compute/virtualmachines", "microsoft.compute/virtualmachinescalesets", "microsoft.network/applicationgateways", "microsoft.network/loadbalancers", "microsoft.app/containerapps":
		return "", true // its address is given when it exists
	}
	return "", false
}

// spoken is the protocol to try on a port: what a server there answers to
// without being asked to authenticate.
func spoken(port int) string {
	switch port {
	case 53:
		return "dns"
	case 80, 8080:
		return "http"
	case 443, 8443:
		return "https"
	case 5671, 6380, 10000:
		return "tls"
	}
	return "tcp"
}
