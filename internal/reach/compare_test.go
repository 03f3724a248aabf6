package reach

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
)

// translated is the pairing of two networks of the maker: the blocks move, the
// interfaces keep their names.
func translated(source, target *maker) Pairing {
	p := func(f string, a ...any) netip.Prefix { return netip.MustParsePrefix(fmt.Sprintf(f, a...)) }
	out := Pairing{Blocks: []BlockPair{
		{p("10.%d.0.0/16", source.base), p("10.%d.0.0/16", target.base)}, {p("10.%d.0.0/16", source.base+1), p("10.%d.0.0/16", target.base+1)},
		{p("2001:db8:1::/48"), p("2001:db8:1::/48")},
	}}
	for i := range 6 {
		out.Ends = append(out.Ends, Pair{Source: fmt.Sprint("i", i), Target: fmt.Sprint("i", i)})
	}
	return out
}

// simulated asks both brute forces about one packet of a difference.
func (c *comparer) simulated(p packet, point uint32, sport uint16) (source, target bool) {
	ask := func(s *side, from, to *party) one {
		return one{from: from.iface, to: to.iface, a: from.addr, b: to.addr, tagA: from.tag, tagB: to.tag, subA: from.subnet, subB: to.subnet,
			protocol: int(point >> 16), sport: sport, x: uint16(point)}
	}
	q := ask(c.source, p.sourceFrom, p.sourceTo)
	q.x = uint16(before(point, p.ports))
	source = bruteAWS(c.source.net, q)
	return source, bruteAzure(c.target.net, ask(c.target, p.targetFrom, p.targetTo))
}

// sound reports the first difference that no simulation confirms.
func (c *comparer) sound() error {
	for key, g := range c.groups {
		source, target := c.simulated(g.packet, g.first, g.sport)
		if source == target || target != key.wider {
			return fmt.Errorf("difference %+v: simulated source %v, target %v: %s", key, source, target, g.text())
		}
	}
	return nil
}

func run(source, target Network, p Pairing) (*comparer, Proof) {
	c := newComparer(source, target, p)
	c.run()
	return c, c.proof()
}

// TestCompareAgainstBruteForce draws two networks that have nothing to do with
// each other, 10,000 times: every difference must be true, and no packet on
// which the simulations disagree may be missing.
func TestCompareAgainstBruteForce(t *testing.T) {
	t.Parallel()
	for part := range uint64(4) {
		t.Run(fmt.Sprint("part ", part), func(t *testing.T) {
			t.Parallel()
			disagreed := 0
			for seed := part * 2_500; seed < (part+1)*2_500; seed++ {
				n, err := disagreements(seed)
				if err != nil {
					t.Fatalf("seed %d: %v", seed, err)
				}
				disagreed += n
			}
			if disagreed < 2_500 {
				t.Errorf("only %d packets disagreed: the test sees too little", disagreed)
			}
		})
	}
}

// disagreements compares two random networks and then asks both simulations
// about random packets. It counts those on which they disagree.
func disagreements(seed uint64) (int, error) {
	r := rand.New(rand.NewPCG(seed, 2))
	s, g := &maker{r, true, 20}, &maker{r, false, 40}
	source, target := s.network(), g.network()
	c := newComparer(source, target, translated(s, g))
	c.run()
	if err := c.sound(); err != nil {
		return 0, err
	}
	count := 0
	for range 15 {
		p, ok := s.packet(&source)
		if !ok || p.protocol == protocolICMP && p.a.Is6() || p.protocol == protocolICMPv6 && !p.a.Is6() && !p.b.Is6() {
			continue
		}
		q := c.carried(p)
		before, after := bruteAWS(&source, p), bruteAzure(&target, q)
		if before == after {
			continue
		}
		point := uint32(p.protocol)<<16 | uint32(p.x)
		k, ok := slices.BinarySearch(c.source.sports, p.sport)
		if !ok {
			k--
		}
		v := c.source.judge(c.source.where(p.from, p.a, p.tagA), c.source.where(p.to, p.b, p.tagB), k)
		w := c.target.judge(c.target.where(q.from, q.a, q.tagA), c.target.where(q.to, q.b, q.tagB), k)
		if c.book.sets[v.mask].has(point) {
			continue // which port a balancer takes decides
		}
		count++
		key := groupKey{after, c.source.explain(&v, point, k), c.target.explain(&w, point, k)}
		if x := c.groups[key]; x == nil || !x.points.has(point) {
			return count, fmt.Errorf("%+v: source %v, target %v, and no difference says so: %+v", p, before, after, key)
		}
	}
	return count, nil
}

// carried is a packet of the source as it is at the target.
func (c *comparer) carried(p one) one {
	if p.a.IsValid() {
		p.a, _ = c.blocks.forward(p.a)
	}
	if p.b.IsValid() {
		p.b, _ = c.blocks.forward(p.b)
	}
	p.subA, p.subB = c.target.subnetAt(p.a), c.target.subnetAt(p.b)
	return p
}

// where is the party of an interface at an address.
func (s *side) where(iface int, a netip.Addr, tag string) *party {
	for i := range s.spots {
		if p := &s.spots[i]; iface >= 0 && p.iface == iface && p.addr == a {
			return p
		}
	}
	return s.party(-1, a, tag)
}

// mirrored makes the Azure network that lets the same packets through as an
// AWS network of security groups alone: an NSG for each interface, an ASG for
// each group, an explicit deny at the end.
func mirrored(n Network, p Pairing) Network {
	blocks := translation(p.Blocks)
	move := func(x Peers) Peers {
		out := Peers{Any: x.Any, Labels: x.Labels, Tags: x.Tags}
		for _, q := range x.Prefixes {
			out.Prefixes = append(out.Prefixes, movePrefix(q, blocks, false))
			for _, b := range blocks {
				if q.Bits() < b.Source.Bits() && q.Contains(b.Source.Addr()) {
					out.Prefixes = append(out.Prefixes, b.Target)
				}
			}
		}
		return out
	}
	out := Network{Links: n.Links}
	for _, s := range n.Spaces {
		s.Prefixes = slices.Clone(s.Prefixes)
		for i := range s.Prefixes {
			s.Prefixes[i] = movePrefix(s.Prefixes[i], blocks, false)
		}
		out.Spaces = append(out.Spaces, s)
	}
	for _, s := range n.Subnets {
		s.Prefixes = slices.Clone(s.Prefixes)
		for i := range s.Prefixes {
			s.Prefixes[i] = movePrefix(s.Prefixes[i], blocks, false)
		}
		s.Filter, s.Table, s.NAT, s.Outbound = "", "", false, false
		out.Subnets = append(out.Subnets, s)
	}
	everyone := Peers{Any: true}
	for _, f := range n.Interfaces {
		nsg := Filter{ID: "nsg-" + f.ID}
		for _, l := range f.Labels {
			g := n.Filters[slices.IndexFunc(n.Filters, func(x Filter) bool { return x.ID == l })]
			for _, r := range g.In {
				r.From, r.To, r.Order = move(r.From), everyone, 100+len(nsg.In)
				nsg.In = append(nsg.In, r)
			}
			for _, r := range g.Out {
				r.To, r.From, r.Order = move(r.To), everyone, 100+len(nsg.Out)
				nsg.Out = append(nsg.Out, r)
			}
		}
		deny := Rule{Name: "deny-all", Order: 4096, Protocol: -1, Deny: true, From: everyone, To: everyone}
		nsg.In, nsg.Out = append(nsg.In, deny), append(nsg.Out, deny)
		out.Filters = append(out.Filters, nsg)
		f.Filter = nsg.ID
		f.Places = slices.Clone(f.Places)
		for i := range f.Places {
			f.Places[i].Address, _ = blocks.forward(f.Places[i].Address)
		}
		out.Interfaces = append(out.Interfaces, f)
	}
	return out
}

// plainAWS is a network of security groups, with public addresses for all who
// may go out, and no lists.
func (m *maker) plainAWS() Network {
	n := m.network()
	n.Tables, n.Links = []Table{{ID: "r", Routes: []Route{{Prefix: wholeWorld()[0], Hop: HopInternet}, {Prefix: wholeWorld()[1], Hop: HopInternet}}}}, nil
	for i := range n.Subnets {
		n.Subnets[i].Filter, n.Subnets[i].Table = "", "r"
	}
	for i := range n.Interfaces {
		f := &n.Interfaces[i]
		f.Public, f.Exposed, f.Doors = f.Public || f.Places[0].Address.Is6(), nil, nil
		if len(f.Labels) == 0 {
			f.Labels = []string{"g0"}
		}
	}
	n.Spaces = n.Spaces[:2]
	for i := range n.Filters {
		for _, rules := range [][]Rule{n.Filters[i].In, n.Filters[i].Out} {
			for j := range rules {
				// A second VPC shares no network with the first, where a group
				// could be named.
				rules[j].Protocol = pick(m, []int{-1, 6, 17, 50, 1})
				rules[j].Ports = nil
				if rules[j].Protocol == 6 || rules[j].Protocol == 17 {
					rules[j].Ports = m.ports()
				}
			}
		}
	}
	return n
}

// TestMirrorIsEqualAndMutantsAreNot proves a faithful translation equal, and
// then changes one rule: whatever the simulation sees of the change, the
// comparison sees.
func TestMirrorIsEqualAndMutantsAreNot(t *testing.T) {
	t.Parallel()
	found := 0
	for seed := range uint64(1_000) {
		r := rand.New(rand.NewPCG(seed, 3))
		m := &maker{r, true, 20}
		source := m.plainAWS()
		pairing := translated(m, &maker{r, false, 40})
		target := mirrored(source, pairing)
		_, proof := run(source, target, pairing)
		if !proof.Equal {
			t.Fatalf("seed %d: %+v %v", seed, proof.Differences, proof.Undecided)
		}
		what := m.mutate(&target)
		c, proof := run(source, target, pairing)
		if err := c.sound(); err != nil {
			t.Fatalf("seed %d, %s: %v", seed, what, err)
		}
		if !proof.Equal {
			found++
			continue
		}
		for range 100 {
			p, ok := m.packet(&source)
			if !ok || p.protocol == protocolICMP && p.a.Is6() || p.protocol == protocolICMPv6 && p.a.Is4() {
				continue
			}
			if bruteAWS(&source, p) != bruteAzure(&target, c.carried(p)) {
				t.Fatalf("seed %d: %s is seen by packet %+v and not by the comparison", seed, what, p)
			}
		}
	}
	if found < 250 {
		t.Errorf("only %d mutants were found", found)
	}
}

// mutate drops or changes one rule of an NSG.
func (m *maker) mutate(n *Network) string {
	f := &n.Filters[m.IntN(len(n.Filters))]
	rules := &f.In
	if m.chance(50) {
		rules = &f.Out
	}
	*rules = slices.Clone(*rules)
	i := m.IntN(len(*rules))
	r := &(*rules)[i]
	switch m.IntN(4) {
	case 0:
		*rules = slices.Delete(*rules, i, i+1)
		return fmt.Sprintf("rule %d of %s dropped", i, f.ID)
	case 1:
		r.Deny = !r.Deny
	case 2:
		r.Protocol, r.Ports = 6, []Range{{22, 443}}
	case 3:
		r.From, r.To = Peers{Any: true}, Peers{Prefixes: []netip.Prefix{netip.MustParsePrefix("10.40.1.0/25")}}
	}
	return fmt.Sprintf("rule %d of %s changed to %+v", i, f.ID, *r)
}

// TestOrderChangesNothing shuffles everything that has no order of its own.
func TestOrderChangesNothing(t *testing.T) {
	t.Parallel()
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 4))
		s, g := &maker{r, true, 20}, &maker{r, false, 40}
		source, target := s.network(), g.network()
		for _, n := range []*Network{&source, &target} {
			for i := range n.Filters {
				for j := range n.Filters[i].In {
					n.Filters[i].In[j].Order = j
				}
				for j := range n.Filters[i].Out {
					n.Filters[i].Out[j].Order = j
				}
			}
		}
		pairing := translated(s, g)
		_, want := run(source, target, pairing)
		shuffle := func(n *Network) {
			r.Shuffle(len(n.Interfaces), func(i, j int) { n.Interfaces[i], n.Interfaces[j] = n.Interfaces[j], n.Interfaces[i] })
			r.Shuffle(len(n.Subnets), func(i, j int) { n.Subnets[i], n.Subnets[j] = n.Subnets[j], n.Subnets[i] })
			r.Shuffle(len(n.Filters), func(i, j int) { n.Filters[i], n.Filters[j] = n.Filters[j], n.Filters[i] })
			r.Shuffle(len(n.Tables), func(i, j int) { n.Tables[i], n.Tables[j] = n.Tables[j], n.Tables[i] })
		}
		shuffle(&source)
		shuffle(&target)
		r.Shuffle(len(pairing.Ends), func(i, j int) { pairing.Ends[i], pairing.Ends[j] = pairing.Ends[j], pairing.Ends[i] })
		_, got := run(source, target, pairing)
		if a, b := fmt.Sprintf("%+v", want), fmt.Sprintf("%+v", got); a != b {
			t.Fatalf("seed %d:\n%s\n%s", seed, strings.ReplaceAll(a, "} {", "}\n{"), strings.ReplaceAll(b, "} {", "}\n{"))
		}
	}
}
