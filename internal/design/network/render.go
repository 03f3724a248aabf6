package network

import (
	"net/netip"
	"slices"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/inventory"
)

// finish writes all NSGs: only now is known who stands where.
func finish(c *design.Context) {
	p := Of(c)
	if p == nil {
		return
	}
	p.finished = true
	p.refresh()
}

// refresh writes the bodies anew after the family has finished: what others
// ask for in their own Finish takes part too.
func (p *Plan) refresh() {
	if !p.finished {
		return
	}
	for _, s := range p.sets {
		if s.nsg == "" {
			continue
		}
		in, out := p.rulesOf(s, s.net, nil)
		if p.balanced(s) {
			in = append([]rule{probes()}, in...)
		}
		p.writeNSG(s.nsg, in, out)
	}
	for _, d := range p.special {
		if d.nsg != "" {
			p.writeDedicated(d)
		}
	}
	p.writeACLs()
	for _, write := range p.routing {
		write()
	}
	p.recall()
}

// probes lets the health probes of a load balancer in, which come from an
// address of the platform (Microsoft Learn, "Azure Load Balancer health probes").
func probes() rule {
	return rule{protocol: "*", ports: everyPort(), peers: []peer{{tag: "AzureLoadBalancer"}}, name: "platform-probes"}
}

// balanced reports whether a load balancer sends to some interface of a set.
func (p *Plan) balanced(s *groupSet) bool {
	for _, r := range s.nics {
		for _, id := range p.c.TargetsOf(r) {
			if t, ok := p.c.Resource(id); ok && hasPool(t.Body) {
				return true
			}
		}
	}
	return false
}

// hasPool reports whether a body names a pool of a load balancer.
func hasPool(v any) bool {
	switch v := v.(type) {
	case []any:
		return slices.ContainsFunc(v, hasPool)
	case map[string]any:
		for k, w := range v {
			if pools, ok := w.([]any); ok && len(pools) > 0 && strings.EqualFold(k, "loadBalancerBackendAddressPools") {
				return true
			}
			if hasPool(w) {
				return true
			}
		}
	}
	return false
}

// rulesOf returns the rules of both directions for members of a set. at is the
// subnet of their own that they stand in, nil for interfaces.
func (p *Plan) rulesOf(s *groupSet, v *vnet, at *dedicated) (in, out []rule) {
	var from, to []flow
	for _, g := range s.groups {
		for _, x := range g.in {
			from = append(from, p.flows(x, v, true, at)...)
			from = append(from, p.throughBalancers(g, x, v, at)...)
		}
		for _, x := range g.out {
			to = append(to, p.flows(x, v, false, nil)...)
		}
	}
	return merged(from), merged(to)
}

// flows writes one permit with the ends it has at the target.
func (p *Plan) flows(x permit, v *vnet, in bool, at *dedicated) []flow {
	var out []flow
	ports := x.ports
	if at != nil && in {
		ports = translated(x, at.ports)
	}
	add := func(e peer, ports []span) {
		// No ports at all would read as all of them.
		if len(ports) > 0 {
			out = append(out, flow{x.protocol, ports, e})
		}
	}
	switch {
	case x.group != nil:
		for _, m := range p.members(x.group, v) {
			if m.place != nil && !in {
				add(m.peer, translated(x, m.place.ports))
			} else {
				add(m.peer, ports)
			}
		}
	case x.list != nil && awsOwned(x.list):
		for _, tag := range serviceTags(design.Text(x.list.Properties, "PrefixListName")) {
			add(peer{tag: tag}, ports)
		}
		if !in {
			for _, d := range p.endpointsOf(design.Text(x.list.Properties, "PrefixListName"), v) {
				add(peer{block: d.target}, translated(x, d.ports))
			}
		}
	case x.list != nil:
		for _, b := range entries(x.list) {
			for _, e := range p.image(b, false) {
				add(e.peer, p.portsTo(x, e, ports, in))
			}
		}
	case x.block.IsValid():
		for _, e := range p.image(x.block, false) {
			add(e.peer, p.portsTo(x, e, ports, in))
		}
	}
	return out
}

func (p *Plan) portsTo(x permit, e end, ports []span, in bool) []span {
	if e.place != nil && !in {
		return translated(x, e.place.ports)
	}
	return ports
}

// translated are the ports of a permit where a service listens elsewhere at the
// target: its port there is open when the source's is.
func translated(x permit, pairs []portPair) []span {
	if x.protocol != "tcp" {
		return x.ports
	}
	return swapped(x.ports, pairs)
}

// swapped says of the port of the target what ports say of the source's.
func swapped(ports []span, pairs []portPair) []span {
	out := ports
	for _, pair := range pairs {
		if pair.source == pair.target {
			continue
		}
		at := []span{{pair.target, pair.target}}
		if out = without(out, at); covers(ports, []span{{pair.source, pair.source}}) {
			out = joined(append(slices.Clone(out), at...))
		}
	}
	return out
}

// end is a peer, with the subnet of its own that it is.
type end struct {
	peer  peer
	place *dedicated
}

// image returns the target addresses that stand for a block of source
// addresses. What stands in a subnet of its own takes part when the block held
// all subnets it stood in; for a deny, when it held any.
func (p *Plan) image(block netip.Prefix, deny bool) []end {
	var out []netip.Prefix
	inside := false
	for _, v := range p.nets {
		for _, b := range v.blocks {
			switch {
			case !b.Source.IsValid():
			case contains(b.Source, block):
				out, inside = append(out, b.moved(block)), true
			case contains(block, b.Source):
				out = append(out, b.Target)
				out = append(out, v.extra...)
			}
		}
	}
	if !inside {
		out = append(out, block)
	}
	out = sorted(out)
	ends := make([]end, 0, len(out))
	for _, b := range out {
		ends = append(ends, end{peer: peer{block: b}})
	}
	for _, d := range p.special {
		if !d.stoodIn(block, deny) {
			continue
		}
		// The pair of ports counts also where the block is inside another.
		if len(d.ports) > 0 || !slices.ContainsFunc(out, func(b netip.Prefix) bool { return contains(b, d.target) }) {
			ends = append(ends, end{peer{block: d.target}, d})
		}
	}
	return ends
}

// stoodIn reports whether a block holds the source subnets of what stands in d.
func (d *dedicated) stoodIn(block netip.Prefix, any bool) bool {
	if d.outside {
		return false
	}
	var from []netip.Prefix
	for _, s := range d.near {
		from = append(from, s.from...)
	}
	for _, f := range from {
		if any && block.Overlaps(f) {
			return true
		}
		if !any && !contains(block, f) {
			return false
		}
	}
	return !any && len(from) > 0
}

// members returns who is in a group, as rules in a network can name them.
func (p *Plan) members(g *group, v *vnet) []end {
	var out []end
	for _, d := range p.special {
		if d.set != nil && slices.Contains(d.set.groups, g) && p.knowsGroups(d.net, v) {
			out = append(out, end{peer{block: d.target}, d})
		}
	}
	switch {
	case len(g.nics) > 0 && (g.net == v || v == nil):
		return append(out, end{peer: peer{asg: p.asgOf(g)}})
	case len(g.nics) > 0 && p.knowsGroups(g.net, v):
		// Rules cannot name an ASG of another VNet (Microsoft Learn,
		// "Application security groups").
		return append(out, p.foreignMembers(g)...)
	case len(out) == 0 && g.net == v && !p.fronts(g):
		// Nobody yet: the group stays, so that whoever joins it is meant.
		return append(out, end{peer: peer{asg: p.asgOf(g)}})
	}
	return out
}

// serviceTags names the target's addresses that stand for those of one of
// AWS's prefix lists, as far as there are any.
func serviceTags(list string) []string {
	switch {
	case strings.HasSuffix(list, ".s3"):
		return []string{"Storage"}
	case strings.HasSuffix(list, ".dynamodb"):
		return []string{"AzureCosmosDB"}
	case strings.Contains(list, "cloudfront.origin-facing"):
		return []string{"AzureFrontDoor.Backend"}
	case strings.Contains(list, "route53-healthchecks"):
		return []string{"AzureTrafficManager"}
	}
	return nil
}

// writeDedicated writes the NSG of a subnet of its own: what the platform
// demands, then the security groups as far as the network ACL lets them.
func (p *Plan) writeDedicated(d *dedicated) {
	var in, out []rule
	if d.set != nil {
		in, out = p.rulesOf(d.set, d.net, d)
	} else {
		in, out = []rule{{protocol: "*", ports: everyPort()}}, []rule{{protocol: "*", ports: everyPort()}}
	}
	var stopIn, stopOut []rule
	for _, acl := range p.aclsNear(d.near) {
		stop, closed := p.aclDenies(acl, true, p.unseen(d), d.ports...)
		if stopIn = append(stopIn, stop...); closed {
			in = spelled(in)
		}
		stop, closed = p.aclDenies(acl, false, p.unseen(d))
		if stopOut = append(stopOut, stop...); closed {
			out = spelled(out)
		}
	}
	if len(d.near) > 0 && !formOf(d.name, d.delegation).closed {
		out = p.throughNAT(d.near[0], out)
	}
	first, firstOut, lastOut := platform(d)
	p.writeNSG(d.nsg, slices.Concat(first, stopIn, in), slices.Concat(firstOut, stopOut, out, lastOut))
}

// unseen returns the blocks of what stood in the one subnet of the source where
// d's members stood: no network ACL sees traffic within a subnet.
func (p *Plan) unseen(d *dedicated) []netip.Prefix {
	if len(d.near) != 1 {
		return nil
	}
	var out []netip.Prefix
	for _, x := range p.together(d.near[0]) {
		out = append(out, x.block)
	}
	return out
}

// together returns the blocks of what stood in one subnet of the source.
func (p *Plan) together(s *subnet) []peer {
	out := []peer{{block: s.target}}
	for _, d := range p.special {
		if len(d.near) == 1 && d.near[0] == s && !d.outside {
			out = append(out, peer{block: d.target})
		}
	}
	return out
}

// Members returns the source resources whose network interfaces are in the
// ASGs of a security group, in order.
func (p *Plan) Members(group cloud.ResourceID) []*inventory.Resource {
	if g := p.groups[group]; g != nil {
		return slices.Clone(g.nics)
	}
	return nil
}
