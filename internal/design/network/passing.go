package network

import (
	"net/netip"
	"slices"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/reach"
)

// passage is a way through a Network Load Balancer with security groups to
// something in a group.
type passage struct {
	// before are the balancer's groups, behind those of what it leads to.
	before, behind []*group
	door           reach.Door
}

// passages are the ways through the balancers of the source that carry security
// groups. A balancer of Azure carries none, hands packets on with the client's
// address and has no interface, so that a rule which names such a group has to
// name whom the group lets in (Microsoft Learn, "Azure Load Balancer algorithm";
// Elastic Load Balancing, "Update the security groups for your Network Load
// Balancer").
func (p *Plan) passages() []passage {
	if p.passed != nil {
		return p.passed
	}
	p.passed = []passage{}
	if !slices.ContainsFunc(p.c.Known(balancerKind), func(r *inventory.Resource) bool {
		return design.Text(r.Properties, "Type") == "network" && len(design.List(r.Properties["SecurityGroups"])) > 0
	}) {
		return p.passed
	}
	for _, f := range reach.FromAWS(p.c.Known(reach.Kinds()...), p.c.Find).Interfaces {
		for _, d := range f.Doors {
			if d.Entry == nil && len(d.Labels) > 0 {
				p.passed = append(p.passed, passage{p.labelled(d.Labels), p.labelled(f.Labels), d})
			}
		}
	}
	return p.passed
}

// labelled finds groups by their ids.
func (p *Plan) labelled(ids []string) []*group {
	var out []*group
	for _, id := range ids {
		if g := p.groups[cloud.ResourceID(id)]; g != nil {
			out = append(out, g)
		}
	}
	return out
}

// fronts reports whether a group is that of a balancer.
func (p *Plan) fronts(g *group) bool {
	return slices.ContainsFunc(p.passages(), func(x passage) bool { return slices.Contains(x.before, g) })
}

// throughBalancers are the flows that a rule of a group stands for where it names
// a balancer's group: from whom that one lets in, to the port of the target.
func (p *Plan) throughBalancers(g *group, x permit, v *vnet, at *dedicated) []flow {
	if x.group == nil {
		return nil
	}
	var out []flow
	for _, way := range p.passages() {
		protocol, port := protocolName(way.door.Protocol), []span{{int(way.door.Port), int(way.door.Port)}}
		if !slices.Contains(way.before, x.group) || !slices.Contains(way.behind, g) || x.protocol != "*" && (x.protocol != protocol || !covers(x.ports, port)) {
			continue
		}
		for _, front := range way.before {
			for _, y := range front.in {
				if y.protocol != "*" && (y.protocol != protocol || !covers(y.ports, []span{{int(way.door.Listen), int(way.door.Listen)}})) {
					continue
				}
				y.protocol, y.ports = protocol, port
				out = append(out, p.clients(y, way.door, v, at)...)
			}
		}
	}
	return out
}

// clients are the flows from whom a rule of a balancer's group lets in: of the
// internet where the balancer has a public address, of private addresses and
// groups where it has none.
func (p *Plan) clients(y permit, d reach.Door, v *vnet, at *dedicated) []flow {
	switch {
	case y.block.IsValid() && y.block.Addr().Is6() && !d.Dual:
		return nil
	case d.Public && y.group != nil, d.Public && y.block.IsValid() && isPrivate(y.block):
		return nil
	case d.Public && y.block.IsValid() && y.block.Bits() == 0:
		return renamed(p.flows(y, v, true, at), peer{tag: "Internet"})
	case !d.Public && y.block.IsValid() && y.block.Addr().Is4() && !isPrivate(y.block):
		var out []flow
		for _, b := range private() {
			if contains(y.block, b) {
				inside := y
				inside.block = b
				out = append(out, p.flows(inside, v, true, at)...)
			}
		}
		return out
	}
	return p.flows(y, v, true, at)
}

// renamed are flows from one peer in place of their own.
func renamed(flows []flow, to peer) []flow {
	for i := range flows {
		flows[i].peer = to
	}
	return flows
}

// isPrivate reports whether a block is part of a private one.
func isPrivate(b netip.Prefix) bool {
	return b.Addr().Is6() && b.Addr().IsPrivate() || slices.ContainsFunc(private(), func(x netip.Prefix) bool { return contains(x, b) })
}

// protocolName is how rules of an NSG call a protocol that balancers carry.
func protocolName(number int) string {
	const udp = 17
	if number == udp {
		return "udp"
	}
	return "tcp"
}
