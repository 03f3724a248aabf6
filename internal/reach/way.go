package reach

import (
	"net/netip"
	"slices"
)

// way is where a packet goes that leaves a subnet.
type way struct {
	hop Hop
	// space is where it ends, for local, link and transit.
	space string
	nat   *NAT
	// labels says that groups may be named across it.
	labels bool
	note   string
}

// route is a candidate with its rank: longer prefixes win, then configured
// routes over learned ones, then those over what the platform brings.
type candidate struct {
	bits, rank int
	hop        Hop
	via        string
	// table and route, or what, say where it comes from.
	table *Table
	route *Route
	what  string
}

func (c *candidate) text() string {
	if c.route != nil {
		return c.table.label() + ": " + routeText(*c.route)
	}
	return c.what
}

func better(a, b candidate) bool {
	return a.bits > b.bits || a.bits == b.bits && a.rank > b.rank
}

// way resolves where a packet from a subnet to a party goes.
func (s *side) way(subnet int, to *party) way {
	if to.spot < 0 {
		return s.resolve(subnet, to)
	}
	if s.ways[subnet] == nil {
		s.ways[subnet] = make([]int32, len(s.spots))
	}
	if n := s.ways[subnet][to.spot]; n > 0 {
		return s.known[n-1]
	}
	w := s.resolve(subnet, to)
	at := -1
	for i := range s.known {
		if s.known[i] == w {
			at = i
			break
		}
	}
	if at < 0 {
		at = len(s.known)
		s.known = append(s.known, w)
	}
	s.ways[subnet][to.spot] = int32(at + 1)
	return w
}

func (s *side) resolve(subnet int, to *party) way {
	sub := &s.net.Subnets[subnet]
	if to.tag == TagBalancer {
		return way{hop: HopLocal, space: sub.Space}
	}
	if s.aws && to.subnet == subnet {
		// Packets within a subnet do not pass the VPC's router.
		return way{hop: HopLocal, space: sub.Space, labels: true}
	}
	return s.follow(sub, s.best(sub, to), to)
}

// best is the route of a subnet's table, or of the platform's own, for a party.
func (s *side) best(sub *Subnet, to *party) candidate {
	best := candidate{bits: -1}
	consider := func(p netip.Prefix, c candidate) {
		if covers(p, to) {
			if c.bits = p.Bits(); better(c, best) {
				best = c
			}
		}
	}
	if i, ok := s.tables[sub.Table]; ok {
		t := &s.net.Tables[i]
		for n := range t.Routes {
			r := &t.Routes[n]
			c := candidate{rank: 3, hop: r.Hop, via: r.Via, table: t, route: r}
			if r.Learned {
				if c.rank = 2; s.near(sub, to) {
					continue
				}
			}
			if r.Tag != "" {
				if c.bits = 128; r.Tag == to.tag && better(c, best) {
					best = c
				}
				continue
			}
			consider(r.Prefix, c)
		}
	}
	s.platformRoutes(sub, consider)
	return best
}

// near reports whether a party is in the subnet's own network, or at Azure in a
// peered one: no learned route leads elsewhere, however exact (VPC user guide,
// "How route priority works"; Microsoft Learn, "Virtual network traffic
// routing", how Azure selects routes).
func (s *side) near(sub *Subnet, to *party) bool {
	in := func(space string) bool {
		i, ok := s.spaces[space]
		return ok && contains(s.net.Spaces[i].Prefixes, to)
	}
	if in(sub.Space) {
		return true
	}
	return !s.aws && slices.ContainsFunc(s.net.Links, func(l Link) bool { return l.far(sub.Space) != "" && in(l.far(sub.Space)) })
}

func (t *Table) label() string {
	if t.Name != "" {
		return t.Name
	}
	return t.ID
}

func routeText(r Route) string {
	to := r.Tag
	if to == "" {
		to = r.Prefix.String()
	}
	text := to + " to " + string(r.Hop)
	if r.Via != "" {
		text += " " + r.Via
	}
	return text
}

// platformRoutes are what no table has to name: the space itself, and at Azure
// what it is peered with, the internet, and nothing for the private blocks
// (Microsoft Learn, "Virtual network traffic routing", default routes).
func (s *side) platformRoutes(sub *Subnet, consider func(netip.Prefix, candidate)) {
	if i, ok := s.spaces[sub.Space]; ok {
		for _, p := range s.net.Spaces[i].Prefixes {
			consider(p, candidate{rank: 1, hop: HopLocal, what: "the route to its own network"})
		}
	}
	if s.aws {
		return
	}
	for i := range s.net.Links {
		l := &s.net.Links[i]
		if far := l.far(sub.Space); far != "" {
			if n, ok := s.spaces[far]; ok {
				for _, p := range s.net.Spaces[n].Prefixes {
					consider(p, candidate{rank: 1, hop: HopLink, via: l.ID, what: "the route of a peering"})
				}
			}
		}
	}
	for _, p := range privateBlocks() {
		consider(p, candidate{hop: HopNone, what: "the platform's route for private addresses to none"})
	}
	for _, p := range wholeWorld() {
		consider(p, candidate{hop: HopInternet, what: "the platform's route to the internet"})
	}
}

func (l *Link) far(space string) string {
	switch space {
	case l.A:
		return l.B
	case l.B:
		return l.A
	}
	return ""
}

func privateBlocks() []netip.Prefix {
	return []netip.Prefix{
		netip.PrefixFrom(netip.AddrFrom4([4]byte{10}), 8), netip.PrefixFrom(netip.AddrFrom4([4]byte{172, 16}), 12),
		netip.PrefixFrom(netip.AddrFrom4([4]byte{192, 168}), 16), netip.PrefixFrom(netip.AddrFrom4([4]byte{100, 64}), 10),
	}
}

func wholeWorld() []netip.Prefix {
	return []netip.Prefix{netip.PrefixFrom(netip.IPv4Unspecified(), 0), netip.PrefixFrom(netip.IPv6Unspecified(), 0)}
}

// follow turns the best route into where the packet ends.
func (s *side) follow(sub *Subnet, c candidate, to *party) way {
	switch {
	case c.bits < 0:
		return way{hop: HopNone, note: sub.label() + ": no route"}
	case c.hop == HopLocal:
		return way{hop: HopLocal, space: sub.Space, labels: true, note: c.text()}
	case c.hop == HopLink:
		l := s.links[c.via]
		if l == nil {
			return way{hop: HopUnknown, note: c.text() + ", of which nothing else is known"}
		}
		if l.far(sub.Space) == "" {
			return way{hop: HopNone, note: c.text() + ", which ends elsewhere"}
		}
		return s.ending(HopLink, l.far(sub.Space), to, c.text(), true)
	case c.hop == HopTransit:
		return s.cross(sub, c, to)
	case c.hop == HopNAT:
		n := s.nats[c.via]
		if n == nil {
			return way{hop: HopUnknown, note: c.text() + ", of which nothing else is known"}
		}
		return way{hop: HopNAT, nat: n, note: c.text()}
	}
	return way{hop: c.hop, note: c.text()}
}

func (s *Subnet) label() string {
	if s.Name != "" {
		return s.Name
	}
	return s.ID
}

// ending checks that a peering's or transit's far end really has the address:
// neither carries packets on to a third network.
func (s *side) ending(hop Hop, space string, to *party, text string, labels bool) way {
	i, ok := s.spaces[space]
	if !ok {
		return way{hop: HopUnknown, note: text + ", whose far end is not known"}
	}
	if !contains(s.net.Spaces[i].Prefixes, to) {
		return way{hop: HopNone, note: text + " ends at " + space + ", which lacks the address"}
	}
	return way{hop: hop, space: space, labels: labels, note: text}
}

// cross goes through a transit: the table of the attachment that the packet
// comes from decides.
func (s *side) cross(sub *Subnet, c candidate, to *party) way {
	t := s.transits[c.via]
	if t == nil {
		return way{hop: HopUnknown, note: c.text() + ", of which nothing else is known"}
	}
	var from *Attachment
	for i := range t.Attachments {
		if t.Attachments[i].Space == sub.Space {
			from = &t.Attachments[i]
		}
	}
	if from == nil {
		return way{hop: HopNone, note: c.text() + ", which is not attached"}
	}
	best := candidate{bits: -1}
	for i := range t.Tables {
		if t.Tables[i].ID != from.Table {
			continue
		}
		for j := range t.Tables[i].Routes {
			r := &t.Tables[i].Routes[j]
			n := candidate{bits: r.Prefix.Bits(), rank: 1, hop: r.Hop, via: r.Via, table: &t.Tables[i], route: r}
			if r.Learned {
				n.rank = 0
			}
			if covers(r.Prefix, to) && better(n, best) {
				best = n
			}
		}
	}
	if best.bits < 0 {
		return way{hop: HopNone, note: c.text() + ", which has no route"}
	}
	note := c.text() + ", " + best.text()
	if best.hop != HopTransit {
		return way{hop: best.hop, note: note}
	}
	for i := range t.Attachments {
		if a := &t.Attachments[i]; a.ID == best.via {
			if a.Space == "" {
				return way{hop: HopPremises, note: note}
			}
			if i, ok := s.spaces[a.Space]; ok && len(a.Subnets) > 0 && !contains(s.net.Spaces[i].Prefixes, to) {
				return s.onward(passage{sub, t, to, note}, a)
			}
			return s.ending(HopTransit, a.Space, to, note, t.Labels)
		}
	}
	return way{hop: HopUnknown, note: note + ", which is not known"}
}

// passage is a packet on its way through a transit.
type passage struct {
	from *Subnet
	t    *Transit
	to   *party
	note string
}

// onward is where packets go that a transit hands to a space which lacks their
// address: by the routes of the subnets in which it is attached, to a NAT
// gateway or to what inspects them (Amazon VPC Transit Gateways, "Centralized
// outbound routing" and "Appliance in a shared services VPC").
func (s *side) onward(p passage, a *Attachment) way {
	var out way
	for n, id := range a.Subnets {
		i, ok := s.subnets[id]
		if !ok {
			return way{hop: HopUnknown, note: p.note + " by way of subnet " + id + ", which is not known"}
		}
		w := s.leaving(p, &s.net.Subnets[i], a)
		if n > 0 && w.hop != out.hop {
			return way{hop: HopUnknown, note: p.note + ", whose subnets route it differently"}
		}
		if n == 0 {
			out = w
		}
	}
	return out
}

func (s *side) leaving(p passage, at *Subnet, a *Attachment) way {
	c := s.best(at, p.to)
	if c.bits < 0 {
		return way{hop: HopNone, note: p.note + ", " + at.label() + ": no route"}
	}
	p.note += ", " + c.text()
	switch {
	case c.hop == HopNAT:
		return s.shared(p, at, c)
	case c.hop == HopTransit && c.via == p.t.ID && !s.leads(p, a):
		return way{hop: HopNone, note: p.note + ", which has no route"}
	case c.hop == HopTransit, c.hop == HopUnknown, c.hop == HopLink, c.hop == HopPremises:
		return way{hop: HopUnknown, note: p.note + ": what forwards there decides; check its rules against Azure Firewall's"}
	}
	// An internet gateway translates addresses of its own network alone.
	return way{hop: HopNone, note: p.note}
}

// leads reports whether the table of an attachment has a route for a packet.
func (s *side) leads(p passage, a *Attachment) bool {
	for i := range p.t.Tables {
		for _, r := range p.t.Tables[i].Routes {
			if p.t.Tables[i].ID == a.Table && r.Hop != HopNone && covers(r.Prefix, p.to) {
				return true
			}
		}
	}
	return false
}

// shared goes out by a NAT gateway of another network, when that one knows the
// way back.
func (s *side) shared(p passage, at *Subnet, c candidate) way {
	n := s.nats[c.via]
	if n == nil || at.Filter != "" {
		return way{hop: HopUnknown, note: p.note + ": what its network ACL keeps back is not computed"}
	}
	i, ok := s.subnets[n.Subnet]
	if !ok || len(p.from.Prefixes) == 0 {
		return way{hop: HopUnknown, note: p.note + ", whose subnet is not known"}
	}
	back := s.best(&s.net.Subnets[i], &party{addr: p.from.Prefixes[0].Addr(), iface: -1, subnet: -1, spot: -1})
	if back.hop != HopTransit || back.via != p.t.ID {
		return way{hop: HopNone, note: p.note + ", which knows no way back"}
	}
	return way{hop: HopNAT, nat: n, note: p.note}
}
