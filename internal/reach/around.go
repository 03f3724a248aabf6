package reach

import (
	"net/netip"
	"slices"
)

// worldKey tells which filters and routes surround an endpoint on both sides.
// Endpoints with the same ones share their cells.
type worldKey struct {
	source, target guards
	here, there    int
	v6             bool
	// doors is one more than the index of an interface with doors.
	doors int
}

// maxWorlds bounds what is kept: with as many sets of groups as endpoints, each
// has a world of its own.
const maxWorlds = 256

// worldCell is a block of addresses, or a tag, as both sides see it.
type worldCell struct {
	name                string
	source, target      *party
	widerOnly, newcomer bool
}

// around compares an endpoint with everything that is no known endpoint.
func (c *comparer) around(e *end) {
	for _, x := range e.spots {
		s, t := &c.source.spots[x[0]], &c.target.spots[x[1]]
		for _, w := range c.world(s, t) {
			if w.source.addr == s.addr && w.source.addr.IsValid() {
				continue
			}
			if !e.source.Mute && !e.target.Mute && !w.newcomer {
				c.compare(&packet{s, w.source, t, w.target, e.source.ID, w.name, e.source.label(), w.name, w.widerOnly, w.newcomer, nil, none})
			}
			if !e.source.Deaf && !e.target.Deaf {
				c.compare(&packet{w.source, s, w.target, t, w.name, e.source.ID, w.name, e.source.label(), w.widerOnly, w.newcomer, e.ports, e.listens})
			}
		}
	}
	c.pairs++
}

// world cuts all other addresses into cells that neither side's rules and
// routes around an endpoint tell apart.
func (c *comparer) world(s, t *party) []worldCell {
	key := worldKey{*c.source.guards(s), *c.target.guards(t), s.subnet, t.subnet, s.v6, c.source.doored(s)}
	if w, ok := c.worlds[key]; ok {
		return w
	}
	here, there := c.source.mentions(s), c.target.mentions(t)
	prefixes := append(c.landmarks(), here.prefixes...)
	for _, p := range there.prefixes {
		prefixes = append(prefixes, movePrefix(p, c.blocks, true))
	}
	var out []worldCell
	for _, x := range cells(family(prefixes, s.v6), c.taken) {
		if w, ok := c.counterpart(x); ok {
			out = append(out, w)
		}
	}
	out = append(out, c.left(there.prefixes, s.v6)...)
	if !s.v6 {
		out = append(out, c.tagged(here.tags, there.tags, c.target.guards(t))...)
	}
	if len(c.worlds) >= maxWorlds {
		clear(c.worlds)
	}
	c.worlds[key] = out
	return out
}

// doored is 0 for an endpoint without doors, else a number of its own.
func (s *side) doored(p *party) int {
	if len(s.net.Interfaces[p.iface].Doors) == 0 {
		return 0
	}
	return p.iface + 1
}

func family(prefixes []netip.Prefix, v6 bool) []netip.Prefix {
	return slices.DeleteFunc(prefixes, func(p netip.Prefix) bool { return p.Addr().Is6() != v6 })
}

// landmarks are the blocks that routing or this package itself tells apart, in
// the source's addresses.
func (c *comparer) landmarks() []netip.Prefix {
	if c.marks != nil {
		return slices.Clone(c.marks)
	}
	out := append(append(wholeWorld(), privateBlocks()...), setAside()...)
	for _, b := range c.blocks {
		out = append(out, b.Source, b.Target)
	}
	for i := range c.source.net.Spaces {
		out = append(out, c.source.net.Spaces[i].Prefixes...)
	}
	for i := range c.source.net.Subnets {
		out = append(out, c.source.net.Subnets[i].Prefixes...)
	}
	for i := range c.target.net.Spaces {
		for _, p := range c.target.net.Spaces[i].Prefixes {
			out = append(out, movePrefix(p, c.blocks, true))
		}
	}
	for i := range c.target.net.Subnets {
		for _, p := range c.target.net.Subnets[i].Prefixes {
			out = append(out, movePrefix(p, c.blocks, true))
		}
	}
	slices.SortFunc(out, comparePrefix)
	c.marks = slices.Compact(out)
	return slices.Clone(c.marks)
}

// setAside are the blocks of reserved, so that no cell has its address there
// by accident; 2000::/3 is what IPv6 gives out (RFC 4291).
func setAside() []netip.Prefix {
	v4 := func(a, b, c, d byte, n int) netip.Prefix {
		return netip.PrefixFrom(netip.AddrFrom4([4]byte{a, b, c, d}), n)
	}
	v6 := func(a, b byte, n int) netip.Prefix { return netip.PrefixFrom(netip.AddrFrom16([16]byte{a, b}), n) }
	return []netip.Prefix{
		v4(0, 0, 0, 0, 8), v4(127, 0, 0, 0, 8), v4(169, 254, 0, 0, 16), v4(224, 0, 0, 0, 3), netip.PrefixFrom(hostAddress(), 32),
		v6(0x20, 0, 3), v6(0xfc, 0, 7), v6(0xfe, 0x80, 10), v6(0xff, 0, 8),
	}
}

// counterpart gives both sides' view of a cell, ok false when nobody can be
// there on both sides: an address inside a network that is in no subnet, or
// that only one side's networks have.
func (c *comparer) counterpart(x cell) (worldCell, bool) {
	if reserved(x.addr) || x.addr.Is6() && !c.global(x.addr) {
		return worldCell{}, false
	}
	w := worldCell{name: x.block.String(), source: c.source.block(x.addr), target: c.target.block(x.addr)}
	into, inside := c.blocks.forward(x.addr)
	if inside {
		w.target = c.target.block(into)
		return w, w.source.subnet >= 0 && w.target.subnet >= 0
	}
	if _, taken := c.blocks.back(x.addr); taken || w.target.subnet >= 0 || c.target.owns(x.addr) {
		return worldCell{}, false
	}
	return w, true
}

func (c *comparer) global(a netip.Addr) bool { return a.As16()[0]>>5 == 1 || a.As16()[0]>>1 == 0x7e }

// block is the party of an address that no known interface has.
func (s *side) block(a netip.Addr) *party {
	return &party{addr: a, v6: a.Is6(), iface: -1, spot: -1, subnet: s.subnetAt(a)}
}

// owns reports whether an address is in one of the side's networks.
func (s *side) owns(a netip.Addr) bool { return s.owned.at(a) >= 0 }

// left are the source's own addresses as the target's rules name them: the
// networks that were left, reached over a connection between the clouds. What
// the target lets through there must have been allowed before.
func (c *comparer) left(named []netip.Prefix, v6 bool) []worldCell {
	var out []worldCell
	for _, b := range c.abandoned() {
		if b.source.Addr().Is6() != v6 {
			continue
		}
		inside := slices.Clone(b.inside)
		for _, p := range named {
			if p.Bits() >= b.source.Bits() && b.source.Contains(p.Addr()) {
				inside = append(inside, p)
			}
		}
		for _, x := range cells(inside, c.taken) {
			_, again := c.blocks.back(x.addr)
			s, t := c.source.block(x.addr), c.target.block(x.addr)
			if s.subnet >= 0 && t.subnet < 0 && !again && !c.target.owns(x.addr) {
				out = append(out, worldCell{name: x.block.String() + " at the source", source: s, target: t, widerOnly: true})
			}
		}
	}
	return out
}

// home is a block of the source that other addresses stand for, with those of
// the subnets in it.
type home struct {
	source netip.Prefix
	inside []netip.Prefix
}

// abandoned returns the blocks of the source that moved, each once.
func (c *comparer) abandoned() []home {
	if c.homes != nil {
		return c.homes
	}
	at := map[netip.Prefix]bool{}
	c.homes = []home{}
	for _, b := range c.blocks {
		if b.Source == b.Target || at[b.Source] {
			continue
		}
		at[b.Source] = true
		h := home{source: b.Source, inside: []netip.Prefix{b.Source}}
		for i := range c.source.net.Subnets {
			for _, p := range c.source.net.Subnets[i].Prefixes {
				if p.Bits() >= b.Source.Bits() && b.Source.Contains(p.Addr()) {
					h.inside = append(h.inside, p)
				}
			}
		}
		slices.SortFunc(h.inside, comparePrefix)
		c.homes = append(c.homes, h)
	}
	return c.homes
}

// tagged are the blocks that only the operators of the clouds know. To a rule
// that names other addresses they are part of the internet.
func (c *comparer) tagged(here, there []string, g *guards) []worldCell {
	var out []worldCell
	party := func(tag string) *party { return &party{tag: tag, iface: -1, subnet: -1, spot: -1} }
	mapped := map[string]bool{}
	slices.Sort(there)
	for _, tag := range slices.Compact(there) {
		if tag == TagBalancer {
			continue
		}
		from := c.pairing.Tags[tag]
		if from == "" {
			from = tag
		}
		mapped[from] = true
		out = append(out, worldCell{name: tag, source: party(from), target: party(tag)})
	}
	slices.Sort(here)
	for _, tag := range slices.Compact(here) {
		if !mapped[tag] {
			out = append(out, worldCell{name: tag, source: party(tag), target: party(tag)})
		}
	}
	if g.netIn != nil || g.ownIn != nil {
		// Packets to the host itself (DNS, DHCP) pass whatever the rules say.
		p := party(TagBalancer)
		p.addr = hostAddress()
		out = append(out, worldCell{name: TagBalancer, source: party(TagBalancer), target: p, newcomer: true})
	}
	return out
}
