package reach

import (
	"cmp"
	"net/netip"
	"slices"
)

// Clients' source ports: what clients take for themselves (VPC user guide,
// "Ephemeral ports"). Lists that only let these back do not narrow anything.
const (
	firstClientPort = 1024
	lastClientPort  = 65535
)

// Compare finds every difference between what two networks let through: from
// each paired endpoint to each, between them and all blocks of addresses and
// tags that a rule or route on either side tells apart. source is AWS, target
// is Azure. The same input in any order gives the same proof.
func Compare(source, target Network, pairing Pairing) Proof {
	c := newComparer(source, target, pairing)
	c.run()
	return c.proof()
}

// tile is how many senders are taken together: the filters of each receiver
// are then fetched once for all of them.
const tile = 32

func (c *comparer) run() {
	for first := 0; first < len(c.ends); first += tile {
		senders := c.ends[first:min(first+tile, len(c.ends))]
		for j := range c.ends {
			for i := range senders {
				c.between(&senders[i], &c.ends[j])
			}
		}
	}
	for i := range c.ends {
		c.around(&c.ends[i])
	}
	c.reached()
}

// end is a paired endpoint. Spots are its places on both sides; where it is
// not known which of a side's places it has, all are combined.
type end struct {
	source, target *Interface
	spots          [][2]int
	ports          []PortPair
	// listens are the points that it listens at, none for all.
	listens lineID
}

type comparer struct {
	book           *book
	source, target *side
	pairing        Pairing
	blocks         translation
	ends           []end
	servers        []server
	pairs          int
	homes          []home
	marks          []netip.Prefix
	// taken are addresses that a known interface has: who sends from there is
	// compared as that interface.
	taken   map[netip.Addr]bool
	outside lines
	worlds  map[worldKey][]worldCell
	seen    map[caseKey]bool
	masked  map[*policy]bool
	groups  map[groupKey]*group
	open    map[string]bool
	call    int
	// unrouted are the ways that are listed already.
	unrouted map[string]bool
	// before and after are the verdicts at hand.
	before, after verdict
}

func newComparer(source, target Network, pairing Pairing) *comparer {
	b := newBook()
	c := &comparer{
		book: b, source: newSide(&source, true, b), target: newSide(&target, false, b), pairing: pairing,
		blocks: translation(slices.Clone(pairing.Blocks)), taken: map[netip.Addr]bool{}, worlds: map[worldKey][]worldCell{},
		seen: map[caseKey]bool{}, masked: map[*policy]bool{}, groups: map[groupKey]*group{}, open: map[string]bool{}, unrouted: map[string]bool{},
	}
	slices.SortFunc(c.blocks, func(x, y BlockPair) int {
		return cmp.Or(y.Source.Bits()-x.Source.Bits(), comparePrefix(x.Source, y.Source), comparePrefix(x.Target, y.Target))
	})
	sports := clientPorts(&source, &target)
	c.source.sports, c.target.sports = sports, sports
	c.outside = carried(&source)
	for _, f := range source.Interfaces {
		for _, p := range f.Places {
			if p.Address.IsValid() {
				c.taken[p.Address] = true
			}
		}
	}
	for _, f := range target.Interfaces {
		for _, p := range f.Places {
			if p.Address.IsValid() {
				a, _ := c.blocks.back(p.Address)
				c.taken[a] = true
			}
		}
	}
	c.place()
	c.source.doubts(c.open)
	c.target.doubts(c.open)
	return c
}

// doubts lists what is not known of the spaces in which endpoints stand.
func (s *side) doubts(open map[string]bool) {
	used := map[string]bool{"": true}
	for i := range s.spots {
		used[s.net.Subnets[s.spots[i].subnet].Space] = true
	}
	for _, d := range s.net.Doubts {
		if used[d.Space] {
			open[d.Text] = true
		}
	}
}

// carried are the points that are not compared: Azure's networks carry neither
// GRE nor IP in IP (Microsoft Learn, "Azure Virtual Network FAQ"), which
// matters to those whose rules name them, and not to each rule for "all".
func carried(source *Network) lines {
	named := map[int]bool{}
	for i := range source.Filters {
		for _, r := range slices.Concat(source.Filters[i].In, source.Filters[i].Out) {
			named[r.Protocol] = true
		}
	}
	var out lines
	for _, p := range []int{protocolIPIP, protocolGRE} {
		if !named[p] {
			out = append(out, ofProtocol(p, nil)...)
		}
	}
	return out.tidy()
}

// clientPorts cuts the clients' ports into classes that no rule tells apart,
// and returns the lowest of each.
func clientPorts(source, target *Network) []uint16 {
	out := []uint16{firstClientPort}
	cut := func(r Range) {
		if r.First > firstClientPort {
			out = append(out, r.First)
		}
		if r.Last >= firstClientPort && r.Last < lastClientPort {
			out = append(out, r.Last+1)
		}
	}
	lists := map[string]bool{}
	for _, s := range source.Subnets {
		lists[s.Filter] = true
	}
	for i := range source.Filters {
		if f := &source.Filters[i]; lists[f.ID] {
			for _, r := range slices.Concat(f.In, f.Out) {
				if r.Protocol != protocolICMP && r.Protocol != protocolICMPv6 {
					each(r.Ports, cut)
				}
			}
		}
	}
	for i := range target.Filters {
		for _, r := range slices.Concat(target.Filters[i].In, target.Filters[i].Out) {
			each(r.SourcePorts, cut)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func each(ranges []Range, f func(Range)) {
	for _, r := range ranges {
		f(r)
	}
}

// shifted lets through to a port of the target what was let through to the
// source's port for it.
func (b *book) shifted(id lineID, ports []PortPair) lineID {
	if len(ports) == 0 || id == none || id == all {
		return id
	}
	set := b.sets[id]
	out := slices.Clone(set)
	for _, p := range ports {
		at := ofProtocol(protocolTCP, []Range{{p.Target, p.Target}})
		if out = out.minus(at); set.has(protocolTCP<<16 | uint32(p.Source)) {
			out = out.union(at)
		}
	}
	return b.put(out)
}

// between compares what one endpoint may send to another.
func (c *comparer) between(a, b *end) {
	if a == b && !a.source.Many {
		return
	}
	if a.source.Mute || a.target.Mute || b.source.Deaf || b.target.Deaf {
		return
	}
	c.pairs++
	for _, x := range a.spots {
		for _, y := range b.spots {
			if a == b && x == y && c.single(x) {
				// Two machines of one group never have one address.
				continue
			}
			sx, sy, tx, ty := &c.source.spots[x[0]], &c.source.spots[y[0]], &c.target.spots[x[1]], &c.target.spots[y[1]]
			if sx.v6 == sy.v6 && tx.v6 == ty.v6 {
				c.compare(&packet{sx, sy, tx, ty, a.source.ID, b.source.ID, a.source.label(), b.source.label(), false, false, b.ports, b.listens})
			}
		}
	}
}

// single reports whether both addresses are known and so can be had once only.
func (c *comparer) single(x [2]int) bool {
	p := c.source.spots[x[0]]
	return slices.ContainsFunc(c.source.net.Interfaces[p.iface].Places, func(at Place) bool { return at.Address == p.addr })
}

func (f *Interface) label() string {
	if f.Name != "" {
		return f.Name
	}
	return f.ID
}

// packet is what is compared: the ends on both sides, and how they are called.
type packet struct {
	sourceFrom, sourceTo, targetFrom, targetTo *party
	from, to, fromName, toName                 string
	// widerOnly leaves out what only the source lets through; newcomer says that
	// the sender exists at the target only, as part of its platform.
	widerOnly, newcomer bool
	// ports are those that the receiver listens on elsewhere.
	ports []PortPair
	// listens are the points that the receiver listens at, none for all.
	listens lineID
}

// compare finds the differences for one pair of parties.
func (c *comparer) compare(p *packet) {
	for k := range c.source.sports {
		s, t := &c.before, &c.after
		c.source.judgeInto(s, p.sourceFrom, p.sourceTo, k)
		c.target.judgeInto(t, p.targetFrom, p.targetTo, k)
		s.set, s.mask = c.book.shifted(s.set, p.ports), c.book.shifted(s.mask, p.ports)
		if p.listens != none {
			for _, v := range []*verdict{s, t} {
				v.set, v.mask = c.book.both(v.set, p.listens), c.book.both(v.mask, p.listens)
			}
		}
		if s.unknown != "" || t.unknown != "" {
			c.undecided(p, s, t)
			return
		}
		if s.mask != none || t.mask != none {
			c.mask(c.source, s)
			c.mask(c.target, t)
		}
		if s.set == t.set || p.widerOnly && t.set == none {
			continue
		}
		key := caseKey{s.layers, t.layers, s.n, t.n, s.set, t.set, k, s.dead, t.dead, p.widerOnly, p.sourceTo.v6, s.knocksText()}
		if !c.seen[key] {
			c.seen[key] = true
			c.differ(p, s, t, k)
		}
	}
}

type caseKey struct {
	s, t         [maxLayers]layer
	sn, tn       int
	sset, tset   lineID
	k            int
	sdead, tdead string
	widerOnly    bool
	v6           bool
	knocks       string
}

func (c *comparer) undecided(p *packet, s, t *verdict) {
	for _, v := range []*verdict{s, t} {
		if v.unknown != "" {
			if !c.unrouted[v.unknown] {
				c.unrouted[v.unknown] = true
				c.open["route between "+p.fromName+" and "+p.toName+", and others: "+v.unknown] = true
			}
		}
	}
}

// mask lists the rules that are not known.
func (c *comparer) mask(s *side, v *verdict) {
	for _, x := range v.knocks {
		if x.unknown != "" {
			c.open[x.unknown] = true
		}
	}
	for _, l := range v.layers[:v.n] {
		k := &s.cases[l.kase]
		if k.mask == none || c.masked[k.p] {
			continue
		}
		c.masked[k.p] = true
		for i := range k.p.rules {
			if r := &k.p.rules[i]; r.unknown != "" {
				c.open["rule "+r.name+" of "+k.p.name+": "+r.unknown] = true
			}
		}
	}
}
