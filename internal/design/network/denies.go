package network

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"

	"example.com/landfall/internal/inventory"
)

// box is a set of destination and source ports.
type box struct{ ports, origins span }

func wholeBox() box { return box{span{0, 65535}, span{0, 65535}} }

func (a box) both(b box) (box, bool) {
	x := box{
		span{max(a.ports.from, b.ports.from), min(a.ports.to, b.ports.to)},
		span{max(a.origins.from, b.origins.from), min(a.origins.to, b.origins.to)},
	}
	return x, x.ports.from <= x.ports.to && x.origins.from <= x.origins.to
}

// minus returns the parts of a that are not in b.
func (a box) minus(b box) []box {
	x, ok := a.both(b)
	if !ok {
		return []box{a}
	}
	var out []box
	for _, s := range without([]span{a.ports}, []span{x.ports}) {
		out = append(out, box{s, a.origins})
	}
	for _, s := range without([]span{a.origins}, []span{x.origins}) {
		out = append(out, box{x.ports, s})
	}
	return out
}

// named are the protocols that an NSG can name.
func named() []string { return []string{"tcp", "udp", "icmp", "esp", "ah"} }

// others stands for all protocols that an NSG cannot name.
const others = "others"

// aclDenies writes what a network ACL keeps out, so that rules behind may name
// whom they like: a rule cannot name those members of an application security
// group that stand in some block. exempt are blocks that the ACL does not see.
func (p *Plan) aclDenies(acl *inventory.Resource, in bool, exempt []netip.Prefix, pairs ...portPair) (out []rule, closed bool) {
	list := p.aclRules(acl, in)
	for i := range list {
		if list[i].protocol == "tcp" {
			list[i].ports = swapped(list[i].ports, pairs)
		}
	}
	list = slices.DeleteFunc(list, func(r rule) bool { return len(r.ports) == 0 })
	blocks := []netip.Prefix{netip.PrefixFrom(netip.IPv4Unspecified(), 0), netip.PrefixFrom(netip.IPv6Unspecified(), 0)}
	for _, r := range list {
		for _, x := range r.peers {
			blocks = append(blocks, x.block)
		}
	}
	blocks = append(blocks, exempt...)
	slices.SortFunc(blocks, func(a, b netip.Prefix) int {
		return cmp.Or(a.Addr().Compare(b.Addr()), cmp.Compare(a.Bits(), b.Bits()))
	})
	blocks = slices.Compact(blocks)
	type part struct {
		rules []rule
		peers []peer
	}
	parts := map[string]*part{}
	var order []string
	for _, b := range blocks {
		if slices.ContainsFunc(exempt, func(x netip.Prefix) bool { return contains(x, b) }) {
			continue
		}
		rules, shut := keptOut(b, list)
		closed = closed || shut
		if len(rules) == 0 {
			continue
		}
		key := peer{block: b}.family() + fmt.Sprint(rules)
		if parts[key] == nil {
			parts[key] = &part{rules: rules}
			order = append(order, key)
		}
		for _, x := range region(b, blocks) {
			parts[key].peers = append(parts[key].peers, peer{block: x})
		}
	}
	for _, key := range order {
		for _, r := range parts[key].rules {
			for peers := range slices.Chunk(plain(parts[key].peers), maxAddresses) {
				r.peers = peers
				out = append(out, r)
			}
		}
	}
	return out, closed
}

// keptOut returns the denies for the addresses of a block that are in no
// smaller one; closed says that protocols without a name are kept out.
func keptOut(b netip.Prefix, list []rule) (out []rule, closed bool) {
	all := 0
	for _, protocol := range append(named(), others) {
		boxes := closedBoxes(b, protocol, list)
		if len(boxes) == 1 && boxes[0] == wholeBox() {
			all++
		}
		if protocol == others {
			closed = len(boxes) > 0
			continue
		}
		for _, x := range boxes {
			r := rule{deny: true, protocol: protocol, ports: []span{x.ports}}
			if x.origins != (span{0, 65535}) {
				r.origins = []span{x.origins}
			}
			out = append(out, r)
		}
	}
	if all == len(named())+1 {
		return []rule{{deny: true, protocol: "*", ports: everyPort()}}, true
	}
	return out, closed
}

// closedBoxes returns the ports of a protocol that a list keeps out; the first
// rule that means a packet decides.
func closedBoxes(b netip.Prefix, protocol string, list []rule) []box {
	open, shut := []box{wholeBox()}, []box(nil)
	for _, r := range list {
		if r.protocol != "*" && r.protocol != protocol || !slices.ContainsFunc(r.peers, func(x peer) bool { return contains(x.block, b) }) {
			continue
		}
		for _, x := range boxesOf(r, protocol) {
			var left []box
			for _, o := range open {
				if hit, ok := o.both(x); ok && r.deny {
					shut = append(shut, hit)
				}
				left = append(left, o.minus(x)...)
			}
			open = left
		}
	}
	return tidy(append(shut, open...))
}

func boxesOf(r rule, protocol string) []box {
	ports, from := r.ports, r.origins
	if protocol != "tcp" && protocol != "udp" || r.protocol == "*" || len(ports) == 0 {
		ports = everyPort()
	}
	if protocol != "tcp" && protocol != "udp" || r.protocol == "*" || len(from) == 0 {
		from = everyPort()
	}
	var out []box
	for _, a := range ports {
		for _, b := range from {
			out = append(out, box{a, b})
		}
	}
	return out
}

// tidy joins boxes that touch and have one side in common.
func tidy(boxes []box) []box {
	for joinedOne := true; joinedOne; {
		joinedOne = false
		for i := 0; i < len(boxes); i++ {
			for j := len(boxes) - 1; j > i; j-- {
				a, b := boxes[i], boxes[j]
				switch {
				case a.origins == b.origins && a.ports.from <= b.ports.to+1 && b.ports.from <= a.ports.to+1:
					boxes[i].ports = span{min(a.ports.from, b.ports.from), max(a.ports.to, b.ports.to)}
				case a.ports == b.ports && a.origins.from <= b.origins.to+1 && b.origins.from <= a.origins.to+1:
					boxes[i].origins = span{min(a.origins.from, b.origins.from), max(a.origins.to, b.origins.to)}
				default:
					continue
				}
				boxes = slices.Delete(boxes, j, j+1)
				joinedOne = true
			}
		}
	}
	slices.SortFunc(boxes, func(a, b box) int {
		return cmp.Or(cmp.Compare(a.ports.from, b.ports.from), cmp.Compare(a.origins.from, b.origins.from), cmp.Compare(a.ports.to, b.ports.to))
	})
	return boxes
}

// region returns the addresses of a block that are in no smaller one of a
// list, as blocks.
func region(b netip.Prefix, blocks []netip.Prefix) []netip.Prefix {
	var inside []netip.Prefix
	for _, x := range blocks {
		if x != b && contains(b, x) {
			inside = append(inside, x)
		}
	}
	return carve(b, inside)
}

func carve(b netip.Prefix, holes []netip.Prefix) []netip.Prefix {
	var mine []netip.Prefix
	for _, h := range holes {
		if contains(h, b) {
			return nil
		}
		if contains(b, h) {
			mine = append(mine, h)
		}
	}
	if len(mine) == 0 {
		return []netip.Prefix{b}
	}
	low := netip.PrefixFrom(b.Addr(), b.Bits()+1)
	high := netip.PrefixFrom(behind(low), b.Bits()+1)
	return append(carve(low, mine), carve(high, mine)...)
}

// spelled writes rules for all protocols as one for each protocol that an NSG
// can name, where an ACL keeps the others out.
func spelled(rules []rule) []rule {
	var out []rule
	for _, r := range rules {
		if r.protocol != "*" || r.deny {
			out = append(out, r)
			continue
		}
		for _, protocol := range named() {
			one := r
			one.protocol = protocol
			out = append(out, one)
		}
	}
	return out
}
