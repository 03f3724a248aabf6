package reach

import (
	"net/netip"
	"slices"
)

// reserved reports whether nothing that a design decides over can have the
// address: links, hosts' own services, multicast, and what is set aside.
func reserved(a netip.Addr) bool {
	return !a.IsValid() || a.IsLinkLocalUnicast() || a.IsMulticast() || a.IsLoopback() || a.IsUnspecified() || a.Is4() && (a.As4()[0] == 0 || a.As4()[0] >= 240) ||
		a == hostAddress()
}

// last is the highest address of a prefix.
func last(p netip.Prefix) netip.Addr {
	b := p.Addr().AsSlice()
	for i := p.Bits(); i < len(b)*8; i++ {
		b[i/8] |= 1 << (7 - i%8)
	}
	a, _ := netip.AddrFromSlice(b)
	return a
}

// free returns the lowest address of a prefix that none of the smaller
// prefixes inside it has and that is not taken. All addresses that differ in
// no prefix are alike to every rule, so one speaks for them.
func free(p netip.Prefix, inside []netip.Prefix, taken map[netip.Addr]bool) (netip.Addr, bool) {
	at, end := p.Addr(), last(p)
	for at.IsValid() && at.Compare(end) <= 0 {
		i, _ := slices.BinarySearchFunc(inside, at, func(x netip.Prefix, a netip.Addr) int {
			if last(x).Compare(a) < 0 {
				return -1
			}
			return 1
		})
		switch {
		case i < len(inside) && inside[i].Contains(at):
			at = last(inside[i]).Next()
		case taken[at]:
			at = at.Next()
		default:
			return at, true
		}
	}
	return netip.Addr{}, false
}

// cell is a set of addresses that no rule tells apart: a prefix without the
// smaller ones inside it, with one address for all.
type cell struct {
	block netip.Prefix
	addr  netip.Addr
}

// cells cuts the prefixes up. The list is put in order.
func cells(prefixes []netip.Prefix, taken map[netip.Addr]bool) []cell {
	slices.SortFunc(prefixes, comparePrefix)
	prefixes = slices.Compact(prefixes)
	var out []cell
	for i, p := range prefixes {
		// In this order the prefixes inside p follow it directly; the largest
		// of them are enough.
		var inside []netip.Prefix
		for _, q := range prefixes[i+1:] {
			if !p.Contains(q.Addr()) {
				break
			}
			if n := len(inside); n == 0 || !inside[n-1].Contains(q.Addr()) {
				inside = append(inside, q)
			}
		}
		if a, ok := free(p, inside, taken); ok {
			out = append(out, cell{p, a})
		}
	}
	return out
}

// translation carries addresses between the sides.
type translation []BlockPair

// forward gives the target's address for one of the source, itself when it
// stands in no block.
func (t translation) forward(a netip.Addr) (netip.Addr, bool) {
	for _, b := range t {
		if b.Source.Contains(a) {
			return move(a, b.Source, b.Target), true
		}
	}
	return a, false
}

// back gives the source's address for one of the target.
func (t translation) back(a netip.Addr) (netip.Addr, bool) {
	for _, b := range t {
		if b.Target.Contains(a) {
			return move(a, b.Target, b.Source), true
		}
	}
	return a, false
}

// move keeps what follows the prefix.
func move(a netip.Addr, from, to netip.Prefix) netip.Addr {
	if from == to || a.Is4() != to.Addr().Is4() {
		return a
	}
	b, into := a.AsSlice(), to.Masked().Addr().AsSlice()
	for i := to.Bits(); i < len(b)*8; i++ {
		if bit := byte(1 << (7 - i%8)); b[i/8]&bit != 0 {
			into[i/8] |= bit
		}
	}
	out, _ := netip.AddrFromSlice(into)
	return out
}

// movePrefix translates a prefix that lies in a block.
func movePrefix(p netip.Prefix, blocks translation, back bool) netip.Prefix {
	for _, b := range blocks {
		from, to := b.Source, b.Target
		if back {
			from, to = to, from
		}
		if from.Contains(p.Addr()) && p.Bits() >= from.Bits() {
			return netip.PrefixFrom(move(p.Addr(), from, to), min(p.Bits()+to.Bits()-from.Bits(), p.Addr().BitLen())).Masked()
		}
	}
	return p
}

// mention are the prefixes and tags that rules and routes of a side name.
type mention struct {
	prefixes []netip.Prefix
	tags     []string
}

func (m *mention) policy(v *view) {
	if v == nil {
		return
	}
	eachBit(v.mask, func(i int) bool {
		r := &v.p.rules[i]
		m.prefixes = append(append(m.prefixes, r.remote.prefixes...), r.remote.except...)
		m.tags = append(m.tags, r.remote.tags...)
		return true
	})
}

// mentions collects what the filters and routes around an interface name.
func (s *side) mentions(p *party) mention {
	var m mention
	g := s.guards(p)
	for _, v := range []*view{g.ownOut, g.netOut, g.netIn, g.ownIn} {
		m.policy(v)
	}
	m.routes(s, p.subnet)
	if s.aws {
		m.doors(s, s.net.Interfaces[p.iface].Doors, p.v6)
	}
	if i, ok := s.tables[s.net.Subnets[p.subnet].Table]; ok && s.aws {
		for _, r := range s.net.Tables[i].Routes {
			n := s.nats[r.Via]
			if n == nil {
				continue
			}
			if at, ok := s.subnets[n.Subnet]; ok {
				m.routes(s, at)
				if acl := s.net.Subnets[at].Filter; acl != "" {
					m.policy(s.ordered(acl, inward, -1).viewFor(p))
					m.policy(s.ordered(acl, outward, -1).viewFor(p))
				}
			}
		}
	}
	return m
}

// doors collects what the filters and routes around balancers name.
func (m *mention) doors(s *side, doors []Door, v6 bool) {
	for i := range doors {
		d := &doors[i]
		groups := d.Labels
		nodes := s.nodes(d.Places, d.Labels, d.Dual, v6)
		if d.Entry != nil {
			nodes = slices.Concat(nodes, s.nodes(d.Entry.Places, d.Entry.Labels, false, v6))
			groups = slices.Concat(groups, d.Entry.Labels)
		}
		for _, n := range nodes {
			m.routes(s, n.subnet)
			in, out := s.lists(n)
			m.policy(in)
			m.policy(out)
			if len(groups) > 0 {
				m.policy(s.groups(groups, inward).viewFor(n))
			}
		}
	}
}

func (m *mention) routes(s *side, subnet int) {
	i, ok := s.tables[s.net.Subnets[subnet].Table]
	if !ok {
		return
	}
	for _, r := range s.net.Tables[i].Routes {
		if r.Tag != "" {
			m.tags = append(m.tags, r.Tag)
		} else {
			m.prefixes = append(m.prefixes, r.Prefix)
		}
		if t := s.transits[r.Via]; t != nil {
			for j := range t.Tables {
				for _, x := range t.Tables[j].Routes {
					m.prefixes = append(m.prefixes, x.Prefix)
				}
			}
		}
	}
}
