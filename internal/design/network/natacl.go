package network

import (
	"net/netip"
	"slices"

	"example.com/landfall/internal/inventory"
)

// natOf returns the NAT gateway of the source that a subnet's packets leave by.
func (p *Plan) natOf(s *subnet) *inventory.Resource {
	for _, r := range p.routesOf(s) {
		if r.hop == hopNAT && r.via != nil && len(r.to) > 0 && !isPrivateNAT(r.via) && p.leadsOut(r.via) {
			return r.via
		}
	}
	return nil
}

// leadsOut reports whether the subnet of a NAT gateway has a route to an internet
// gateway: without one what is sent to the gateway goes nowhere (Amazon VPC User
// Guide, "NAT gateway basics").
func (p *Plan) leadsOut(nat *inventory.Resource) bool {
	at, ok := p.c.Find(nat, nat.Properties["SubnetId"], subnetKind)
	if !ok {
		return true
	}
	table := p.wires.tables[at.ID]
	if vpc, ok := p.c.Find(at, at.Properties["VpcId"], vpcKind); table == nil && ok {
		table = p.implied.Of(vpc.ID, tableKind)
	}
	if table == nil {
		return true
	}
	return slices.ContainsFunc(p.wires.routes[table.ID], func(r route) bool { return r.hop == hopInternet })
}

// aclOfNAT returns the network ACL of the subnet in which the NAT gateway of a
// subnet stands. At the source it sees what leaves by the gateway, on its way in
// and out; a NAT gateway of Azure stands in no subnet, so that the NSG of the
// sender's own subnet has to say the same.
func (p *Plan) aclOfNAT(s *subnet) *inventory.Resource {
	nat := p.natOf(s)
	if nat == nil {
		return nil
	}
	at, ok := p.c.Find(nat, nat.Properties["SubnetId"], subnetKind)
	if !ok {
		return nil
	}
	for _, own := range s.sources {
		if own == at {
			return nil
		}
	}
	if acl := p.wires.acls[at.ID]; acl != nil && !p.opensAll(acl) {
		return acl
	}
	return nil
}

// throughNAT narrows the rules for what leaves a subnet by what the ACL of the
// NAT gateway's subnet keeps from leaving.
func (p *Plan) throughNAT(s *subnet, rules []rule) []rule {
	acl := p.aclOfNAT(s)
	if acl == nil {
		return rules
	}
	// What stays in the networks does not pass the gateway, nor does IPv6.
	near := []netip.Prefix{netip.PrefixFrom(netip.IPv6Unspecified(), 0)}
	for _, v := range append(p.peersOf(s.net), s.net) {
		for _, b := range v.blocks {
			near = append(near, b.Target)
		}
		near = append(near, v.extra...)
	}
	out, leaving := p.aclDenies(acl, false, near)
	kept, entering := keptOut(s.target, p.aclRules(acl, true))
	var far []peer
	for _, b := range carve(netip.PrefixFrom(netip.IPv4Unspecified(), 0), near) {
		far = append(far, peer{block: b})
	}
	for _, r := range kept {
		r.peers = far
		out = append(out, r)
	}
	if leaving || entering {
		rules = spelledBeyond(rules, near)
	}
	return append(out, rules...)
}

// spelledBeyond writes rules for all protocols as one for each protocol that
// an NSG can name, except towards some blocks.
func spelledBeyond(rules []rule, near []netip.Prefix) []rule {
	var out []rule
	for _, r := range rules {
		if r.protocol == "*" && !r.deny {
			for _, same := range byFamily(within(r.peers, near)) {
				one := r
				one.peers = same
				out = append(out, one)
			}
		}
		out = append(out, spelled([]rule{r})...)
	}
	return out
}

// within returns what peers and blocks have in common; no peers are all.
func within(peers []peer, blocks []netip.Prefix) []peer {
	var out []peer
	for _, b := range blocks {
		if len(peers) == 0 {
			out = append(out, peer{block: b})
		}
		for _, x := range peers {
			switch {
			case !x.block.IsValid():
			case contains(b, x.block):
				out = append(out, x)
			case contains(x.block, b):
				out = append(out, peer{block: b})
			}
		}
	}
	return plain(out)
}

func byFamily(peers []peer) [][]peer {
	at := map[string]int{}
	var out [][]peer
	for _, x := range peers {
		f := x.family()
		i, ok := at[f]
		if !ok {
			i = len(out)
			at[f] = i
			out = append(out, nil)
		}
		out[i] = append(out[i], x)
	}
	return out
}
