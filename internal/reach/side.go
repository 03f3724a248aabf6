package reach

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// side is one cloud's network made ready for questions.
type side struct {
	net     *Network
	aws     bool
	book    *book
	spots   []party
	sports  []uint16
	cases   []kase
	matched map[*matcher][]uint64
	// matchers are interned by what they say, so that the spots of a matcher
	// that many rules share are found once.
	matchers map[string]*matcher
	policies map[string]*policy

	// standing tells subnets by address, owned the blocks of the networks.
	standing, owned atlas

	spaces     map[string]int
	subnets    map[string]int
	filters    map[string]int
	tables     map[string]int
	interfaces map[string]int
	links      map[string]*Link
	transits   map[string]*Transit
	nats       map[string]*NAT
	ways       [][]int32
	known      []way
	plain      map[int]bool
	returns    map[[2]lineID]lineID
	balanced   map[int]lineID
	// nodesOf are the parties at the places of balancers, cuts what all rules and
	// routes name.
	nodesOf   map[string][]*party
	cuts      []netip.Prefix
	guarding  []*guards
	unguarded guards
}

func newSide(net *Network, aws bool, b *book) *side {
	s := &side{
		net: net, aws: aws, book: b, matched: map[*matcher][]uint64{}, matchers: map[string]*matcher{}, policies: map[string]*policy{},
		spaces: map[string]int{}, subnets: map[string]int{}, filters: map[string]int{}, tables: map[string]int{}, interfaces: map[string]int{},
		links: map[string]*Link{}, transits: map[string]*Transit{}, nats: map[string]*NAT{},
		plain: map[int]bool{}, returns: map[[2]lineID]lineID{}, balanced: map[int]lineID{}, nodesOf: map[string][]*party{},
	}
	for i := range net.Spaces {
		s.spaces[net.Spaces[i].ID] = i
		for _, p := range net.Spaces[i].Prefixes {
			s.owned.add(p, i)
		}
	}
	for i := range net.Subnets {
		s.subnets[net.Subnets[i].ID] = i
		for _, p := range net.Subnets[i].Prefixes {
			s.standing.add(p, i)
		}
	}
	for i := range net.Filters {
		s.filters[net.Filters[i].ID] = i
	}
	for i := range net.Tables {
		s.tables[net.Tables[i].ID] = i
	}
	for i := range net.Interfaces {
		s.interfaces[net.Interfaces[i].ID] = i
	}
	for i := range net.Links {
		s.links[net.Links[i].ID] = &net.Links[i]
	}
	for i := range net.Transits {
		s.transits[net.Transits[i].ID] = &net.Transits[i]
	}
	for i := range net.NATs {
		s.nats[net.NATs[i].ID] = &net.NATs[i]
	}
	s.ways = make([][]int32, len(net.Subnets))
	return s
}

// direction is that of a filter, seen from the interface.
type direction bool

const (
	inward  direction = false
	outward direction = true
)

// subnetAt returns the subnet that an address stands in, -1 for none.
func (s *side) subnetAt(a netip.Addr) int { return s.standing.at(a) }

// policy compiles filters in one direction. near is the subnet of the
// interface, which gives VirtualNetwork and Internet their meaning at Azure.
func (s *side) policy(ids []string, dir direction, near int) *policy {
	scope := ""
	if !s.aws {
		scope = s.vicinityKey(near)
	}
	key := fmt.Sprint(strings.Join(ids, ","), "|", dir, "|", scope)
	if p := s.policies[key]; p != nil {
		return p
	}
	p := &policy{cases: map[string]int32{}, views: map[string]*view{}}
	var names []string
	for _, id := range ids {
		i, ok := s.filters[id]
		if !ok {
			p.rules = append(p.rules, crule{name: "filter " + id, points: everything(), unknown: "filter " + id + " is not known", everywhere: true, local: &matcher{}, remote: &matcher{}})
			continue
		}
		f := &s.net.Filters[i]
		names = append(names, f.label())
		rules := f.In
		if dir == outward {
			rules = f.Out
		}
		rules = slices.Clone(rules)
		slices.SortStableFunc(rules, func(a, b Rule) int { return a.Order - b.Order })
		for n := range rules {
			p.rules = append(p.rules, s.compile(&rules[n], f, len(ids) > 1, dir, near))
		}
	}
	p.name = strings.Join(names, ", ")
	s.policies[key] = p
	return p
}

func (f *Filter) label() string {
	if f.Name != "" {
		return f.Name
	}
	return f.ID
}

// groups compiles the security groups of an interface: their union.
func (s *side) groups(labels []string, dir direction) *policy {
	labels = slices.Sorted(slices.Values(labels))
	p := s.policy(labels, dir, -1)
	p.union = true
	return p
}

// ordered compiles a network ACL or an NSG.
func (s *side) ordered(id string, dir direction, near int) *policy {
	return s.policy([]string{id}, dir, near)
}

func (s *side) compile(r *Rule, f *Filter, prefixed bool, dir direction, near int) crule {
	local, remote := &r.To, &r.From
	if dir == outward {
		local, remote = remote, local
	}
	out := crule{name: r.Name, deny: r.Deny, points: pointsOf(r), sports: r.SourcePorts, unknown: r.Unknown, everywhere: local.Any,
		local: s.matcher(local, near), remote: s.matcher(remote, near)}
	if out.local.any {
		out.everywhere = true
	}
	if prefixed {
		out.name = f.label() + " " + r.Name
	}
	if r.Protocol != protocolTCP && r.Protocol != protocolUDP && r.Protocol >= 0 {
		out.sports = nil
	}
	return out
}

// matcher compiles peers.
func (s *side) matcher(p *Peers, near int) *matcher {
	m := matcher{any: p.Any, prefixes: p.Prefixes, labels: p.Labels}
	for _, tag := range p.Tags {
		switch {
		case s.aws:
			m.tags = append(m.tags, tag)
		case tag == TagNetwork:
			m.prefixes = slices.Concat(m.prefixes, s.vicinity(near))
		case tag == TagInternet:
			m.internet, m.except = true, s.vicinity(near)
		default:
			m.tags = append(m.tags, tag)
		}
	}
	key := fmt.Sprint(m.any, m.prefixes, m.internet, m.except, m.labels, m.tags)
	if old := s.matchers[key]; old != nil {
		return old
	}
	s.matchers[key] = &m
	return &m
}

// vicinity is what the tag VirtualNetwork stands for at a subnet: the space of
// the VNet, of those it is joined with, what a gateway reaches, the host's
// address, and the prefixes of routes that lead there (Microsoft Learn,
// "Virtual network service tags").
func (s *side) vicinity(subnet int) []netip.Prefix {
	if subnet < 0 {
		return nil
	}
	sub := &s.net.Subnets[subnet]
	out := []netip.Prefix{netip.PrefixFrom(hostAddress(), 32)}
	add := func(space string) {
		if i, ok := s.spaces[space]; ok {
			out = append(out, s.net.Spaces[i].Prefixes...)
		}
	}
	add(sub.Space)
	for i := range s.net.Links {
		switch l := &s.net.Links[i]; sub.Space {
		case l.A:
			add(l.B)
		case l.B:
			add(l.A)
		}
	}
	if i, ok := s.tables[sub.Table]; ok {
		for _, r := range s.net.Tables[i].Routes {
			if r.Tag == "" && r.Hop != HopInternet && r.Hop != HopNone {
				out = append(out, r.Prefix)
			}
		}
	}
	slices.SortFunc(out, comparePrefix)
	return slices.Compact(out)
}

func (s *side) vicinityKey(subnet int) string {
	if subnet < 0 {
		return ""
	}
	return s.net.Subnets[subnet].Space + "|" + s.net.Subnets[subnet].Table
}

// hostAddress is the address under which an Azure host answers its machines,
// and from which load balancers probe (Microsoft Learn, "What is IP address
// 168.63.129.16?").
func hostAddress() netip.Addr { return netip.AddrFrom4([4]byte{168, 63, 129, 16}) }

func comparePrefix(a, b netip.Prefix) int {
	if c := a.Addr().Compare(b.Addr()); c != 0 {
		return c
	}
	return a.Bits() - b.Bits()
}
