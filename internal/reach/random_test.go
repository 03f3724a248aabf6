package reach

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
)

// maker makes small random networks in which the interesting cases are near.
type maker struct {
	*rand.Rand
	aws bool
	// base is the second octet of the first space.
	base int
}

func (m *maker) chance(percent int) bool { return m.IntN(100) < percent }

func pick[T any](m *maker, list []T) T { return list[m.IntN(len(list))] }

func (m *maker) ports() []Range {
	switch m.IntN(5) {
	case 0:
		return nil
	case 1:
		return []Range{{1024, 65535}}
	case 2:
		return []Range{{32768, 61000}}
	}
	a := pick(m, []uint16{22, 80, 443, 1024, 5432, 40000})
	return []Range{{a, a + uint16(m.IntN(3)*100)}}
}

func (m *maker) prefix() netip.Prefix {
	texts := []string{
		"0.0.0.0/0", "::/0", fmt.Sprintf("10.%d.0.0/16", m.base), fmt.Sprintf("10.%d.1.0/24", m.base), fmt.Sprintf("10.%d.0.0/16", m.base+1), "10.0.0.0/8",
		fmt.Sprintf("10.%d.1.4/32", m.base), fmt.Sprintf("10.%d.2.0/25", m.base), "203.0.113.0/24", "203.0.113.7/32", "192.168.7.0/24", "2001:db8:1::/48", "2001:db8:9::/48",
	}
	return netip.MustParsePrefix(pick(m, texts))
}

func (m *maker) peers() Peers {
	switch n := m.IntN(10); {
	case n < 3:
		return Peers{Labels: []string{fmt.Sprint("g", m.IntN(3))}}
	case n < 4:
		return Peers{Tags: []string{pick(m, []string{"storage", "cdn"})}}
	case n < 6 && !m.aws:
		return Peers{Tags: []string{pick(m, []string{TagNetwork, TagInternet, TagBalancer})}}
	case n < 7 && !m.aws:
		return Peers{Any: true}
	case n < 8 && !m.aws:
		return Peers{Prefixes: []netip.Prefix{m.prefix(), m.prefix()}}
	}
	return Peers{Prefixes: []netip.Prefix{m.prefix()}}
}

func (m *maker) rule(in, ordered bool) Rule {
	r := Rule{Order: m.IntN(400), Protocol: pick(m, []int{-1, 1, 6, 6, 6, 17, 50, 58}), Deny: ordered && m.chance(30)}
	r.Name = fmt.Sprint("rule-", m.IntN(1000))
	switch r.Protocol {
	case 6, 17:
		r.Ports = m.ports()
	case -1:
		if !m.aws && m.chance(30) {
			r.Ports = m.ports()
		}
	case 1, 58:
		if m.aws && m.chance(60) {
			t := pick(m, []uint16{0, 3, 8, 13, 14, 128, 129})
			r.Ports = []Range{{t << 8, t<<8 | 0xff}}
		}
	}
	if !m.aws && m.chance(10) {
		r.SourcePorts = m.ports()
	}
	peer, own := m.peers(), Peers{Any: true}
	if m.aws && ordered {
		peer = Peers{Prefixes: []netip.Prefix{m.prefix()}}
	}
	if !m.aws && m.chance(30) {
		own = m.peers()
	}
	if r.From, r.To = peer, own; !in {
		r.From, r.To = own, peer
	}
	return r
}

func (m *maker) filter(id string, ordered bool) Filter {
	f := Filter{ID: id}
	for range m.IntN(5) {
		f.In = append(f.In, m.rule(true, ordered))
	}
	for range m.IntN(5) {
		f.Out = append(f.Out, m.rule(false, ordered))
	}
	everyone := Peers{Any: !m.aws, Prefixes: wholeWorld()}
	if ordered && m.chance(60) {
		f.In = append(f.In, Rule{Name: "last", Order: 500, Protocol: -1, From: everyone, To: Peers{Any: true}})
		f.Out = append(f.Out, Rule{Name: "last", Order: 500, Protocol: -1, From: Peers{Any: true}, To: everyone})
	}
	if !ordered && m.chance(50) {
		f.Out = append(f.Out, Rule{Name: "open", Protocol: -1, From: Peers{Any: true}, To: everyone})
	}
	return f
}

func (m *maker) route() Route {
	r := Route{Prefix: m.prefix(), Learned: m.chance(20)}
	hops := []Hop{HopInternet, HopInternet, HopPremises, HopNone, HopTransit}
	if m.aws {
		hops = append(hops, HopNAT, HopEgressOnly, HopLink, HopLink)
		if m.chance(10) {
			r.Tag, r.Prefix = "storage", netip.Prefix{}
			r.Hop = HopService
			return r
		}
	}
	switch r.Hop = pick(m, hops); r.Hop {
	case HopNAT:
		r.Via = "nat"
	case HopLink:
		r.Via = "pcx"
	case HopTransit:
		r.Via = "tgw"
	}
	return r
}

// network makes two spaces with three subnets and five interfaces.
func (m *maker) network() Network {
	p := func(f string, a ...any) netip.Prefix { return netip.MustParsePrefix(fmt.Sprintf(f, a...)) }
	n := Network{
		Spaces: []Space{{ID: "v0", Prefixes: []netip.Prefix{p("10.%d.0.0/16", m.base), p("2001:db8:1::/48")}}, {ID: "v1", Prefixes: []netip.Prefix{p("10.%d.0.0/16", m.base+1)}}},
		Subnets: []Subnet{
			{ID: "s0", Space: "v0", Prefixes: []netip.Prefix{p("10.%d.1.0/24", m.base), p("2001:db8:1:1::/64")}},
			{ID: "s1", Space: "v0", Prefixes: []netip.Prefix{p("10.%d.2.0/24", m.base), p("2001:db8:1:2::/64")}},
			{ID: "s2", Space: "v1", Prefixes: []netip.Prefix{p("10.%d.1.0/24", m.base+1)}},
		},
		Transits: []Transit{{ID: "tgw", Labels: m.chance(50), Attachments: []Attachment{{ID: "a0", Space: "v0", Table: "t"}, {ID: "a1", Space: "v1", Table: "t"}, {ID: "out", Table: "t"}},
			Tables: []Table{{ID: "t"}}}},
		NATs: []NAT{{"nat", pick(m, []string{"s0", "s1"})}},
	}
	for i := range m.IntN(4) {
		n.Transits[0].Tables[0].Routes = append(n.Transits[0].Tables[0].Routes,
			Route{Prefix: pick(m, []netip.Prefix{p("10.%d.0.0/16", m.base), p("10.%d.0.0/16", m.base+1), p("0.0.0.0/0"), p("10.0.0.0/%d", 8+i)}), Hop: HopTransit, Via: pick(m, []string{"a0", "a1", "out"})})
	}
	routes := n.Transits[0].Tables[0].Routes
	slices.SortFunc(routes, func(a, b Route) int { return comparePrefix(a.Prefix, b.Prefix) })
	n.Transits[0].Tables[0].Routes = slices.CompactFunc(routes, func(a, b Route) bool { return a.Prefix == b.Prefix })
	if m.chance(50) {
		n.Links = []Link{{"pcx", "v0", "v1"}}
	} else if m.aws {
		n.Links = []Link{{"pcx", "v0", "elsewhere"}}
		n.Spaces = append(n.Spaces, Space{ID: "elsewhere", Prefixes: []netip.Prefix{p("192.168.7.0/24")}})
	}
	for _, id := range []string{"g0", "g1", "g2"} {
		if m.aws {
			n.Filters = append(n.Filters, m.filter(id, false))
		}
	}
	for _, id := range []string{"f0", "f1"} {
		n.Filters = append(n.Filters, m.filter(id, true))
	}
	for i := range n.Subnets {
		s := &n.Subnets[i]
		s.Filter, s.NAT, s.Outbound = pick(m, []string{"", "", "f0", "f1"}), m.chance(30), m.chance(30)
		s.Table = pick(m, []string{"", "r0", "r1"})
	}
	for _, id := range []string{"r0", "r1"} {
		t := Table{ID: id}
		for range m.IntN(4) {
			r := m.route()
			if !slices.ContainsFunc(t.Routes, func(x Route) bool { return x.Prefix == r.Prefix && x.Tag == r.Tag }) {
				t.Routes = append(t.Routes, r)
			}
		}
		n.Tables = append(n.Tables, t)
	}
	m.interfaces(&n)
	return n
}

func (m *maker) interfaces(n *Network) {
	addresses := []struct{ subnet, address string }{
		{"s0", fmt.Sprintf("10.%d.1.4", m.base)}, {"s0", fmt.Sprintf("10.%d.1.5", m.base)}, {"s1", fmt.Sprintf("10.%d.2.4", m.base)},
		{"s2", fmt.Sprintf("10.%d.1.4", m.base+1)}, {"s1", "2001:db8:1:2::4"}, {"s0", "2001:db8:1:1::4"},
	}
	for i, a := range addresses {
		f := Interface{ID: fmt.Sprint("i", i), Places: []Place{{a.subnet, netip.MustParseAddr(a.address)}}, Public: m.chance(40)}
		for g := range 3 {
			if m.chance(40) {
				f.Labels = append(f.Labels, fmt.Sprint("g", g))
			}
		}
		if !m.aws {
			f.Filter, f.Open, f.Closed = pick(m, []string{"", "f0", "f1"}), m.chance(5), m.chance(50)
		}
		if m.chance(20) {
			f.Exposed = m.ports()
		}
		if m.aws && m.chance(30) && f.Places[0].Address.Is4() {
			f.Doors = []Door{m.door()}
		}
		n.Interfaces = append(n.Interfaces, f)
	}
}

// someone is an end for a random packet.
func (m *maker) someone(n *Network) (int, netip.Addr, string) {
	switch m.IntN(3) {
	case 0:
		if m.chance(20) {
			return -1, netip.Addr{}, pick(m, []string{"storage", "cdn"})
		}
		return -1, netip.MustParseAddr(pick(m, []string{"203.0.113.7", "203.0.113.9", "198.51.100.1", "192.168.7.9", fmt.Sprintf("10.%d.2.200", m.base), fmt.Sprintf("10.%d.1.9", m.base+1), "10.99.0.1", "2001:db8:9::1", "2001:db8:1:1::9"})), ""
	}
	i := m.IntN(len(n.Interfaces))
	return i, n.Interfaces[i].Places[0].Address, ""
}

func (m *maker) packet(n *Network) (one, bool) {
	var p one
	p.from, p.a, p.tagA = m.someone(n)
	p.to, p.b, p.tagB = m.someone(n)
	if p.from < 0 && p.to < 0 || p.from == p.to || p.a == p.b {
		return p, false
	}
	if p.a.IsValid() && p.b.IsValid() && p.a.Is4() != p.b.Is4() || !p.a.IsValid() && p.b.Is6() || !p.b.IsValid() && p.a.Is6() {
		return p, false
	}
	s := newSide(n, true, nil)
	p.subA, p.subB = s.subnetAt(p.a), s.subnetAt(p.b)
	p.protocol = pick(m, []int{1, 6, 6, 6, 17, 50, 58, 99})
	p.sport = pick(m, []uint16{1024, 1025, 32767, 32768, 50000, 61000, 61001, 65535})
	p.x = pick(m, []uint16{21, 22, 80, 443, 1024, 1124, 5432, 40000, 40200, 65535})
	if p.protocol == 1 || p.protocol == 58 {
		p.x = pick(m, []uint16{0, 3, 8, 13, 128})<<8 | uint16(m.IntN(2))
	}
	return p, true
}

// prepared is a side with spots for all interfaces.
func prepared(n *Network, aws bool, sports []uint16) *side {
	s := newSide(n, aws, newBook())
	s.sports = sports
	at := map[spotKey]int{}
	for i, f := range n.Interfaces {
		s.spot(i, spotPlace{s.subnets[f.Places[0].Subnet], f.Places[0].Address, true}, at)
	}
	return s
}

func (s *side) party(iface int, a netip.Addr, tag string) *party {
	switch {
	case iface >= 0:
		return &s.spots[iface]
	case tag != "":
		return &party{tag: tag, iface: -1, subnet: -1, spot: -1}
	}
	return s.block(a)
}

// TestOneCloudAgainstBruteForce checks single packets on each cloud alone.
func TestOneCloudAgainstBruteForce(t *testing.T) {
	t.Parallel()
	for _, aws := range []bool{true, false} {
		t.Run(fmt.Sprint("aws=", aws), func(t *testing.T) {
			t.Parallel()
			passed := 0
			for seed := range uint64(10_000) {
				m := &maker{rand.New(rand.NewPCG(seed, 1)), aws, 20}
				n := m.network()
				sports := clientPorts(&n, &Network{})
				if !aws {
					sports = clientPorts(&Network{}, &n)
				}
				s := prepared(&n, aws, sports)
				for range 20 {
					p, ok := m.packet(&n)
					if !ok {
						continue
					}
					k, found := slices.BinarySearch(sports, p.sport)
					if !found {
						k--
					}
					v := s.judge(s.party(p.from, p.a, p.tagA), s.party(p.to, p.b, p.tagB), k)
					got := s.book.sets[v.set].has(uint32(p.protocol)<<16 | uint32(p.x))
					simulate := bruteAWS
					if !aws {
						simulate = bruteAzure
					}
					if s.book.sets[v.mask].has(uint32(p.protocol)<<16 | uint32(p.x)) {
						continue // which port a balancer takes decides
					}
					want := simulate(&n, p)
					if want {
						passed++
					}
					if got != want {
						t.Fatalf("seed %d: packet %+v: computed %v, simulated %v (%s)", seed, p, got, want, s.explain(&v, uint32(p.protocol)<<16|uint32(p.x), k))
					}
				}
			}
			if passed < 1000 {
				t.Errorf("only %d packets pass: the test sees too little", passed)
			}
		})
	}
}
