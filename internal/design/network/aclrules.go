package network

import (
	"net/netip"
	"slices"

	"example.com/landfall/internal/inventory"
)

// aclRules writes one direction of a network ACL as rules of an NSG, in order.
//
// An ACL has no memory: a connection works only when the list of the other
// direction lets the answers through, which go to the port that the first
// packet came from. An NSG remembers connections, so that its rule has to name
// these source ports itself to let no more through.
func (p *Plan) aclRules(acl *inventory.Resource, in bool) []rule {
	list, answers := p.entriesOf(acl, in), p.entriesOf(acl, !in)
	var out []rule
	for _, e := range list {
		if e.deny {
			out = append(out, p.blockRules(rule{deny: true, protocol: e.protocol, ports: e.ports}, e.block, in)...)
			continue
		}
		for _, protocol := range e.protocols(answers) {
			out = append(out, p.answered(e, protocol, answers, in)...)
		}
	}
	return out
}

// protocols returns those that an allow is written for: all one by one when the
// list for the answers tells them apart.
func (e entry) protocols(answers []entry) []string {
	if e.protocol != "*" {
		return []string{e.protocol}
	}
	for _, a := range answers {
		if a.protocol != "*" && a.block.Overlaps(e.block) {
			return []string{"tcp", "udp", "icmp", "esp", "ah", "*"}
		}
		if contains(a.block, e.block) {
			break
		}
	}
	return []string{"*"}
}

// answered writes an allow for the peers whose answers come through.
func (p *Plan) answered(e entry, protocol string, answers []entry, in bool) []rule {
	var out []rule
	whole, parts := origins(e.block, protocol, answers), inner(e.block, answers)
	same := func(b netip.Prefix) bool { return slices.Equal(origins(b, protocol, answers), whole) }
	if !slices.ContainsFunc(parts, func(b netip.Prefix) bool { return !same(b) }) {
		parts = nil
	}
	for _, block := range parts {
		// The smaller block first, and closed where its answers do not come back.
		if part := origins(block, protocol, answers); len(part) > 0 {
			out = append(out, p.blockRules(rule{protocol: protocol, ports: e.ports, origins: part}, block, in)...)
		}
		out = append(out, p.blockRules(rule{deny: true, protocol: protocol, ports: e.ports}, block, in)...)
	}
	if len(whole) > 0 {
		out = append(out, p.blockRules(rule{protocol: protocol, ports: e.ports, origins: whole}, e.block, in)...)
	}
	if e.protocol == "*" && !covers(whole, everyPort()) {
		// A rule for other protocols comes behind and must not mean this one.
		out = append(out, p.blockRules(rule{deny: true, protocol: protocol, ports: everyPort()}, e.block, in)...)
	}
	return out
}

// inner returns the blocks inside another that the list for the answers tells
// apart, the smallest first.
func inner(block netip.Prefix, answers []entry) []netip.Prefix {
	var out []netip.Prefix
	for _, a := range answers {
		if a.block != block && contains(block, a.block) && !slices.Contains(out, a.block) {
			out = append(out, a.block)
		}
	}
	slices.SortFunc(out, func(a, b netip.Prefix) int {
		if a.Bits() != b.Bits() {
			return b.Bits() - a.Bits()
		}
		return a.Addr().Compare(b.Addr())
	})
	return out
}

// origins returns the ports to which answers to a block come through: the
// first entry for a port decides. Protocols without ports have all or none.
func origins(block netip.Prefix, protocol string, answers []entry) []span {
	left, out := everyPort(), []span(nil)
	for _, a := range answers {
		if !contains(a.block, block) || a.protocol != "*" && a.protocol != protocol {
			continue
		}
		ports := a.ports
		if a.protocol == "*" || protocol != "tcp" && protocol != "udp" {
			ports = everyPort()
		}
		if !a.deny {
			out = append(out, common(left, ports)...)
		}
		left = without(left, ports)
	}
	return joined(out)
}

// blockRules gives a rule the target addresses that stand for a block. What
// leaves for a service that listens elsewhere at the target gets a rule of its
// own.
func (p *Plan) blockRules(r rule, block netip.Prefix, in bool) []rule {
	var out []rule
	var peers, apart []netip.Prefix
	for _, x := range p.image(block, r.deny) {
		if x.place != nil && !in && r.protocol == "tcp" {
			if ports := swapped(r.ports, x.place.ports); !slices.Equal(ports, r.ports) {
				apart = append(apart, x.peer.block)
				one := r
				one.ports, one.peers = ports, []peer{x.peer}
				out = append(out, one)
				continue
			}
		}
		peers = append(peers, x.peer.block)
	}
	for _, b := range sorted(peers) {
		for _, part := range carve(b, apart) {
			r.peers = append(r.peers, peer{block: part})
		}
	}
	out = append(out, r)
	return slices.DeleteFunc(out, func(r rule) bool { return len(r.ports) == 0 || len(r.peers) == 0 })
}
