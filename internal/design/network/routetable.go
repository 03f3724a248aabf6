package network

import (
	"cmp"
	"net/netip"
	"slices"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/inventory"
	"github.com/hashicorp/go-azure-sdk/resource-manager/network/2025-07-01/routetables"
)

// maxRoutes is how many routes a table takes (Microsoft Learn, "Azure
// subscription and service limits": 400).
const maxRoutes = 400

// tableFor returns the route table of a subnet, "" when the system's routes do
// what the source's did.
func (p *Plan) tableFor(s *subnet) cloud.ResourceID {
	if len(s.sources) == 0 {
		return ""
	}
	return p.putTable(s.net, p.table(s), true)
}

// sharedTable returns the route table for a subnet that belongs to a service:
// the ways of the source's subnet, but never a cut from the Internet, where
// the service finds its own platform.
func (p *Plan) sharedTable(s *subnet) cloud.ResourceID {
	if len(s.sources) == 0 {
		return ""
	}
	return p.putTable(s.net, p.table(s), false)
}

func (p *Plan) putTable(v *vnet, table *inventory.Resource, isolate bool) cloud.ResourceID {
	var routes []route
	key, name := "main|"+p.key(v), v.name+"-main"
	from := []*inventory.Resource{}
	if table != nil {
		routes, key = p.wires.routes[table.ID], string(table.ID)
		if !slices.Contains(table.Marks, inventory.Default) {
			name, from = table.Name, append(from, table)
		}
	}
	list := p.targetRoutes(v, table, routes, isolate)
	quiet := p.gatewayOf(v) && !p.propagates(v, table, routes)
	if len(list) == 0 && !quiet {
		return ""
	}
	if !isolate {
		if full := p.targetRoutes(v, table, routes, true); len(full) != len(list) {
			key, name, from = key+"|services", name+"-services", nil
		}
	}
	return p.c.Once("network|table|"+key, func() cloud.ResourceID {
		if len(list) > maxRoutes {
			p.c.Finding(design.Finding{
				ID: "network.routes:" + name, Severity: design.Critical, Blocks: true, About: about(table),
				Text: "route table " + name + " needs more than the 400 routes that Azure takes; the rest is left out",
				Do:   "summarise the routes, or let a gateway announce them by BGP",
			})
			list = list[:maxRoutes]
		}
		model := routetables.RouteTable{Properties: &routetables.RouteTablePropertiesFormat{Routes: &list}}
		if quiet {
			model.Properties.DisableBgpRoutePropagation = new(true)
		}
		id := p.c.Put(design.Target{Type: "Microsoft.Network/routeTables", Base: name, Model: model}, from...)
		p.routing = append(p.routing, func() { p.rewrite(id, p.targetRoutes(v, table, routes, isolate)) })
		return id
	})
}

// rewrite writes the routes of a table anew: what takes a subnet of its own in
// another network may do so after the table was put.
func (p *Plan) rewrite(id cloud.ResourceID, list []routetables.Route) {
	r, ok := p.c.Resource(id)
	if !ok || len(list) > maxRoutes {
		return
	}
	properties, ok := r.Body["properties"].(map[string]any)
	if !ok {
		return
	}
	routes := make([]any, len(list))
	for i, x := range list {
		inner := map[string]any{"addressPrefix": *x.Properties.AddressPrefix, "nextHopType": string(x.Properties.NextHopType)}
		if x.Properties.NextHopIPAddress != nil {
			inner["nextHopIpAddress"] = *x.Properties.NextHopIPAddress
		}
		routes[i] = map[string]any{"name": *x.Name, "properties": inner}
	}
	properties["routes"] = routes
}

// targetRoutes writes the routes that Azure's own do not give already.
func (p *Plan) targetRoutes(v *vnet, table *inventory.Resource, routes []route, isolate bool) []routetables.Route {
	t := &tableWriter{p: p, v: v, names: map[string]bool{}, seen: map[netip.Prefix]bool{}}
	first, hasDefault := defaultRoute(routes)
	for _, r := range routes {
		t.write(r, hasDefault && first.hop == hopInternet)
	}
	for _, other := range p.peersOf(v) {
		// A peering lets all subnets reach all subnets; at the source the route
		// tables choose.
		for _, hole := range p.unreached(routes, other) {
			t.add("no-route-to-"+other.name, hole, routetables.RouteNextHopTypeNone, "")
		}
	}
	if isolate && !hasDefault {
		t.add("no-internet", netip.PrefixFrom(netip.IPv4Unspecified(), 0), routetables.RouteNextHopTypeNone, "")
	}
	slices.SortStableFunc(t.list, func(a, b routetables.Route) int { return cmp.Compare(*a.Name, *b.Name) })
	return t.list
}

// unreached returns the blocks of another VNet that stand for what no route of
// the source leads to.
func (p *Plan) unreached(routes []route, other *vnet) []netip.Prefix {
	var covered, out []netip.Prefix
	for _, r := range routes {
		if r.hop == hopPeering || r.hop == hopTransit || r.hop == hopUnknown {
			covered = append(covered, r.to...)
		}
	}
	reached := func(b netip.Prefix) bool {
		return slices.ContainsFunc(covered, func(c netip.Prefix) bool { return contains(c, b) })
	}
	var open []netip.Prefix
	for _, d := range p.special {
		if d.net != other || d.outside || len(d.near) == 0 {
			continue
		}
		all := true
		for _, s := range d.near {
			all = all && !slices.ContainsFunc(s.from, func(b netip.Prefix) bool { return !reached(b) })
		}
		if all {
			open = append(open, d.target)
		} else {
			out = append(out, d.target)
		}
	}
	for _, b := range other.blocks {
		if !b.Source.IsValid() {
			continue
		}
		for _, part := range carve(b.Source, covered) {
			out = append(out, carve(b.moved(part), open)...)
		}
	}
	return sorted(out)
}

// tableWriter collects the routes of one table.
type tableWriter struct {
	p     *Plan
	v     *vnet
	list  []routetables.Route
	names map[string]bool
	seen  map[netip.Prefix]bool
}

func (t *tableWriter) write(r route, open bool) {
	for _, to := range r.to {
		all := to.Bits() == 0
		targets := []netip.Prefix{to}
		if moved, ok := parsePrefix(t.p.Address(to.String())); ok {
			targets = []netip.Prefix{moved}
		}
		for _, target := range targets {
			switch r.hop {
			case hopNowhere:
				t.add("blackhole-"+target.String(), target, routetables.RouteNextHopTypeNone, "")
			case hopAppliance:
				t.add("via-"+t.p.hopName(r)+"-"+target.String(), target, routetables.RouteNextHopTypeVirtualAppliance, t.p.nextHop(r))
			case hopVPN:
				if t.p.gatewayOf(t.v) {
					t.add("gateway-"+target.String(), target, routetables.RouteNextHopTypeVirtualNetworkGateway, "")
				}
			case hopInternet:
				if !all && !open {
					t.add("internet-"+target.String(), target, routetables.RouteNextHopTypeInternet, "")
				}
			case hopEndpoint:
				if address := t.p.firewallAddress(t.v, r); address != "" {
					t.add("firewall-"+target.String(), target, routetables.RouteNextHopTypeVirtualAppliance, address)
				}
			}
		}
	}
}

func (t *tableWriter) add(name string, to netip.Prefix, hop routetables.RouteNextHopType, address string) {
	if t.seen[to] {
		return
	}
	t.seen[to] = true
	properties := routetables.RoutePropertiesFormat{AddressPrefix: new(to.String()), NextHopType: hop}
	if address != "" {
		properties.NextHopIPAddress = &address
	}
	name = ruleName(name, t.names)
	t.list = append(t.list, routetables.Route{Name: &name, Properties: &properties})
}

func (p *Plan) hopName(r route) string {
	if r.via != nil {
		return r.via.Name
	}
	return "appliance"
}

// nextHop returns the address of the machine that a route leads to: a value of
// the deployment, since the machine gets it when it is made.
func (p *Plan) nextHop(r route) string {
	name := "appliance"
	fallback := any(nil)
	if r.via != nil {
		name = r.via.Name
		if text := design.Text(r.via.Properties, "PrivateIpAddress"); text != "" {
			fallback = p.Address(text)
		}
	}
	return p.c.ParameterOf(r.via, design.Parameter{
		Name: "nextHop" + camel(name), Default: fallback, Description: "Private address of " + name + ", to which routes send packets.",
	})
}

// propagates reports whether the routes of the gateway reach a table's subnets.
func (p *Plan) propagates(v *vnet, table *inventory.Resource, routes []route) bool {
	for _, r := range routes {
		if r.hop == hopVPN || r.hop == hopTransit {
			return true
		}
	}
	if table == nil {
		return false
	}
	for _, r := range p.c.Known("AWS::EC2::VPNGatewayRoutePropagation") {
		for _, t := range p.tablesOf(r) {
			if t == table {
				return true
			}
		}
	}
	return len(design.List(table.Properties["PropagatingVgws"])) > 0 || len(design.List(table.Attributes["PropagatingVgws"])) > 0
}

// tablesOf returns the route tables that a propagation of routes names.
func (p *Plan) tablesOf(r *inventory.Resource) []*inventory.Resource {
	var out []*inventory.Resource
	for _, v := range design.List(r.Properties["RouteTableIds"]) {
		if t, ok := p.implied.Find(r, v, tableKind); ok {
			out = append(out, t)
		}
	}
	return out
}
