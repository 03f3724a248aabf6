package reach

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"
)

// spotPlace is where an endpoint may stand: at a known address, or at any of
// a cell of its subnet.
type spotPlace struct {
	subnet int
	addr   netip.Addr
	fixed  bool
}

// place fills in the spots of all paired endpoints on both sides.
func (c *comparer) place() {
	cuts := [2][]netip.Prefix{c.cuts(false), c.cuts(true)}
	pairs := slices.Clone(c.pairing.Ends)
	slices.SortFunc(pairs, func(x, y Pair) int { return cmp.Or(cmp.Compare(x.Source, y.Source), cmp.Compare(x.Target, y.Target)) })
	pairs = slices.CompactFunc(pairs, func(x, y Pair) bool { return x.Source == y.Source && x.Target == y.Target })
	at := [2]map[spotKey]int{{}, {}}
	served := map[string]bool{}
	for _, p := range pairs {
		i, okSource := c.source.interfaces[p.Source]
		j, okTarget := c.target.interfaces[p.Target]
		if okSource && c.source.net.Interfaces[i].API != nil {
			// What stands for a cluster has its API server beside it.
			j, okTarget = c.target.interfaces[strings.TrimSuffix(p.Target, apiSuffix)+apiSuffix]
			if served[p.Source] = served[p.Source] || okTarget; !okTarget {
				continue
			}
		}
		if !okSource || !okTarget {
			c.open["pair of "+p.Source+" and "+p.Target+": one of them is not in its network"] = true
			continue
		}
		e := end{source: &c.source.net.Interfaces[i], target: &c.target.net.Interfaces[j], ports: p.Ports}
		s := c.source.placesOf(e.source, cuts[0], &c.open)
		t := c.target.placesOf(e.target, cuts[1], &c.open)
		for _, x := range c.match(s, t) {
			e.spots = append(e.spots, [2]int{c.source.spot(i, s[x[0]], at[0]), c.target.spot(j, t[x[1]], at[1])})
		}
		if e.source.API != nil {
			c.serve(e, [2][]int{c.source.spotsAt(i, s, at[0]), c.target.spotsAt(j, t, at[1])})
			continue
		}
		c.unplaced(&e, s, t)
		c.ends = append(c.ends, e)
	}
	for id, ok := range served {
		if !ok {
			c.open[c.source.net.Interfaces[c.source.interfaces[id]].label()+": nothing at the target takes its place"] = true
		}
	}
}

// spotsAt returns the spots of an interface at some places.
func (s *side) spotsAt(iface int, places []spotPlace, at map[spotKey]int) []int {
	var out []int
	for _, p := range places {
		out = append(out, s.spot(iface, p, at))
	}
	return out
}

// unplaced lists what cannot be compared because a side does not say where it
// stands, or not in both families of addresses.
func (c *comparer) unplaced(e *end, s, t []spotPlace) {
	if len(e.spots) == 0 {
		c.open["place of "+e.source.label()+": its subnet or its counterpart's is not known"] = true
		return
	}
	six := func(p spotPlace) bool { return p.addr.Is6() }
	if slices.ContainsFunc(s, six) != slices.ContainsFunc(t, six) {
		c.open["IPv6 of "+e.source.label()+": only one side has such addresses"] = true
	}
}

type spotKey struct {
	iface, subnet int
	addr          netip.Addr
}

// spot returns the index of an interface at an address.
func (s *side) spot(iface int, p spotPlace, at map[spotKey]int) int {
	key := spotKey{iface, p.subnet, p.addr}
	if n, ok := at[key]; ok {
		return n
	}
	n := len(s.spots)
	at[key] = n
	s.spots = append(s.spots, party{addr: p.addr, v6: p.addr.Is6(), iface: iface, subnet: p.subnet, spot: n, labels: s.net.Interfaces[iface].Labels})
	return n
}

// placesOf lists where an interface may stand. Without a known address it
// stands for each part of its subnet that some rule tells apart.
func (s *side) placesOf(f *Interface, cuts []netip.Prefix, open *map[string]bool) []spotPlace {
	var out []spotPlace
	for _, p := range f.Places {
		i, ok := s.subnets[p.Subnet]
		if !ok {
			(*open)["place of "+f.label()+": subnet "+p.Subnet+" is not known"] = true
			continue
		}
		if p.Address.IsValid() {
			out = append(out, spotPlace{i, p.Address, true})
			continue
		}
		for _, block := range s.net.Subnets[i].Prefixes {
			if block.Addr().Is6() && !f.Dual {
				continue
			}
			inside := []netip.Prefix{block}
			for n, _ := slices.BinarySearchFunc(cuts, block, comparePrefix); n < len(cuts) && block.Contains(cuts[n].Addr()); n++ {
				if cuts[n].Bits() > block.Bits() {
					inside = append(inside, cuts[n])
				}
			}
			for _, x := range cells(inside, kept(block)) {
				out = append(out, spotPlace{i, x.addr, false})
			}
		}
	}
	slices.SortFunc(out, func(a, b spotPlace) int { return cmp.Or(a.addr.Compare(b.addr), a.subnet-b.subnet) })
	return slices.Compact(out)
}

// kept are the addresses of a subnet that no machine gets: both clouds keep the
// first four and the last (VPC user guide, "Subnet CIDR blocks"; Microsoft
// Learn, "Azure Virtual Network FAQ").
func kept(block netip.Prefix) map[netip.Addr]bool {
	out := map[netip.Addr]bool{last(block): true}
	for a, n := block.Addr(), 0; n < 4; a, n = a.Next(), n+1 {
		out[a] = true
	}
	return out
}

// cuts are all prefixes that rules and routes of both sides name, in one
// side's addresses.
func (c *comparer) cuts(target bool) []netip.Prefix {
	var out []netip.Prefix
	for _, p := range c.source.mentioned() {
		if target {
			p = movePrefix(p, c.blocks, false)
		}
		out = append(out, p)
	}
	for _, p := range c.target.mentioned() {
		if !target {
			p = movePrefix(p, c.blocks, true)
		}
		out = append(out, p)
	}
	slices.SortFunc(out, comparePrefix)
	return slices.Compact(out)
}

func (s *side) mentioned() []netip.Prefix {
	var out []netip.Prefix
	for i := range s.net.Filters {
		for _, r := range slices.Concat(s.net.Filters[i].In, s.net.Filters[i].Out) {
			out = append(append(out, r.From.Prefixes...), r.To.Prefixes...)
		}
	}
	for i := range s.net.Tables {
		for _, r := range s.net.Tables[i].Routes {
			if r.Tag == "" {
				out = append(out, r.Prefix)
			}
		}
	}
	for i := range s.net.Transits {
		for _, t := range s.net.Transits[i].Tables {
			for _, r := range t.Routes {
				out = append(out, r.Prefix)
			}
		}
	}
	return out
}

// match pairs the places of both sides. Places that translate into each other
// belong together; a place without its like is combined with all.
func (c *comparer) match(s, t []spotPlace) [][2]int {
	var out [][2]int
	used := make([]bool, len(t))
	var alone []int
	for i, x := range s {
		found := false
		into, _ := c.blocks.forward(x.addr)
		for j, y := range t {
			if x.addr.Is4() != y.addr.Is4() {
				continue
			}
			same := y.addr == into
			if x.fixed != y.fixed || x.fixed {
				same = c.target.holds(y.subnet, into)
			}
			if same {
				out = append(out, [2]int{i, j})
				used[j], found = true, true
			}
		}
		if !found {
			alone = append(alone, i)
		}
	}
	for _, i := range alone {
		for j := range t {
			if s[i].addr.Is4() == t[j].addr.Is4() {
				out = append(out, [2]int{i, j})
			}
		}
	}
	for j := range t {
		for i := range s {
			if !used[j] && !slices.Contains(alone, i) && s[i].addr.Is4() == t[j].addr.Is4() {
				out = append(out, [2]int{i, j})
			}
		}
	}
	return out
}

func (s *side) holds(subnet int, a netip.Addr) bool {
	return slices.ContainsFunc(s.net.Subnets[subnet].Prefixes, func(p netip.Prefix) bool { return p.Contains(a) })
}
