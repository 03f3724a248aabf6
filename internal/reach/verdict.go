package reach

import (
	"net/netip"
	"slices"
	"strings"
)

// maxLayers bounds the filters between two parties: two groups, four lists of
// a NAT gateway's subnet, four of the ends' subnets.
const maxLayers = 10

// layer is one filter on the way; a reply is checked against the source port
// instead of the destination port.
type layer struct {
	kase  int32
	reply bool
}

// verdict is what passes from one party to another, for one class of source
// ports.
type verdict struct {
	set  lineID
	mask lineID
	// dead says why nothing passes, unknown why that cannot be told.
	dead, unknown string
	layers        [maxLayers]layer
	n             int
	// main is the layer that speaks for a packet that passes.
	main int
	// knocks are what became of the packet at the receiver's doors, beside what
	// is let through without them.
	knocks  []knocked
	without lineID
}

func (v *verdict) add(kase int32, reply bool) {
	v.layers[v.n] = layer{kase, reply}
	v.n++
}

// judge computes what a may send to b so that an answer comes back, for the
// class of source ports k.
func (s *side) judge(a, b *party, k int) verdict {
	var v verdict
	s.judgeInto(&v, a, b, k)
	return v
}

// judgeInto is judge for millions of pairs.
func (s *side) judgeInto(v *verdict, a, b *party, k int) {
	v.set, v.mask, v.dead, v.unknown, v.main, v.knocks = all, none, "", "", 0, v.knocks[:0]
	clear(v.layers[:v.n])
	v.n = 0
	s.straight(v, a, b, k)
	if v.without = v.set; s.aws && v.unknown == "" {
		s.knockAll(v, a, b, k)
	}
}

// straight is what passes without a balancer.
func (s *side) straight(v *verdict, a, b *party, k int) {
	natted, why, ok := s.connected(a, b, v)
	if !ok {
		v.set, v.dead = none, why
		return
	}
	if s.aws {
		s.layersAWS(a, b, natted, v)
	} else {
		s.layersAzure(a, b, v)
	}
	for i := range v.n {
		l := v.layers[i]
		c := &s.cases[l.kase]
		set := c.sets[k]
		if l.reply {
			set = s.replies(c.sets[0], k)
		}
		v.set = s.book.both(v.set, set)
		if c.mask != none {
			v.mask = s.book.put(s.book.sets[v.mask].union(s.maskOf(c, l.reply)))
		}
	}
}

// maskOf is what a case leaves open; the answer's list leaves everything open.
func (s *side) maskOf(c *kase, reply bool) lines {
	if reply {
		return everything()
	}
	return s.book.sets[c.mask]
}

// connected follows the routes there and back.
func (s *side) connected(a, b *party, v *verdict) (natted *NAT, why string, ok bool) {
	switch {
	case s.aws && a.tag == TagBalancer:
		// At the source nobody has this address; what counts is whether the
		// groups would let a sender from anywhere in.
		return nil, "", true
	case a.subnet >= 0 && b.subnet >= 0:
		ok = s.joined(a, b, v, &why) && s.joined(b, a, v, &why)
		return nil, why, ok
	case a.subnet >= 0:
		return s.leaves(a, b, v)
	case b.subnet >= 0:
		why, ok = s.enters(a, b, v)
		return nil, why, ok
	}
	return nil, "neither end is in the network", false
}

// joined reports whether packets of a reach b inside the networks.
func (s *side) joined(a, b *party, v *verdict, why *string) bool {
	w := s.way(a.subnet, b)
	switch w.hop {
	case HopUnknown:
		v.unknown = w.note
		return false
	case HopLocal, HopLink, HopTransit:
		if w.space == s.net.Subnets[b.subnet].Space {
			return true
		}
	}
	*why = "no route: " + w.note
	return false
}

// private reports whether an address cannot come from, or be reached over, the
// internet.
func private(p *party) bool {
	if p.tag != "" {
		return false
	}
	return slices.ContainsFunc(privateBlocks(), func(x netip.Prefix) bool { return x.Contains(p.addr) }) || p.addr.IsPrivate() || reserved(p.addr)
}

func (s *side) public(p *party) bool { return p.iface >= 0 && s.net.Interfaces[p.iface].Public }

// leaves reports whether an interface's packets to something outside find
// their way, and the NAT gateway that they take.
func (s *side) leaves(a, b *party, v *verdict) (natted *NAT, why string, ok bool) {
	w := s.way(a.subnet, b)
	sub := &s.net.Subnets[a.subnet]
	switch w.hop {
	case HopUnknown:
		v.unknown = w.note
		return nil, "", false
	case HopLocal, HopLink, HopTransit, HopPremises, HopService:
		return nil, "", true
	case HopInternet:
		switch {
		case private(b):
		case s.public(a), s.aws && a.v6, !s.aws && !a.v6 && (sub.NAT || sub.Outbound || s.net.Interfaces[a.iface].Translated):
			return nil, "", true
		default:
			return nil, sub.label() + ": no public address and no NAT for the way out", false
		}
	case HopNAT:
		at, known := s.subnets[w.nat.Subnet]
		if !known {
			v.unknown = w.note + ", whose subnet is not known"
			return nil, "", false
		}
		if !a.v6 && !private(b) && s.way(at, b).hop == HopInternet {
			return w.nat, "", true
		}
	case HopEgressOnly:
		if a.v6 && !private(b) {
			return nil, "", true
		}
	}
	return nil, "no route: " + w.note, false
}

// enters reports whether packets from outside find an interface and its
// answers find their way back.
func (s *side) enters(a, b *party, v *verdict) (why string, ok bool) {
	w := s.way(b.subnet, a)
	switch w.hop {
	case HopUnknown:
		v.unknown = w.note
		return "", false
	case HopLocal, HopLink, HopTransit, HopPremises:
		return "", true
	case HopInternet:
		if s.shut(b) {
			return "a public address of Standard SKU lets nothing in without an NSG", false
		}
		if !private(a) && (s.public(b) || s.aws && b.v6) {
			return "", true
		}
	}
	if !private(a) && (s.aws || w.hop == HopInternet) && s.exposed(b) != none {
		v.set = s.exposed(b)
		return "", true
	}
	if w.hop == HopInternet {
		return "no public address", false
	}
	return "no route back: " + w.note, false
}

// shut reports whether nothing of the internet gets in for want of an NSG
// (Microsoft Learn, "How network security groups filter network traffic",
// virtual machine without an NSG).
func (s *side) shut(p *party) bool {
	if p.iface < 0 || !s.net.Interfaces[p.iface].Closed {
		return false
	}
	g := s.guards(p)
	return g.netIn == nil && g.ownIn == nil
}

// exposed are the points that balancers let the internet reach.
func (s *side) exposed(p *party) lineID {
	if p.iface < 0 || len(s.net.Interfaces[p.iface].Exposed) == 0 {
		return none
	}
	id, ok := s.balanced[p.iface]
	if !ok {
		ports := s.net.Interfaces[p.iface].Exposed
		id = s.book.put(ofProtocol(protocolTCP, ports).union(ofProtocol(protocolUDP, ports)))
		s.balanced[p.iface] = id
	}
	return id
}

// layersAWS lists the filters: the groups of both ends, and the lists of both
// subnets in both directions when the packet leaves a subnet (VPC user guide,
// "Control subnet traffic with network access control lists"). Packets through
// a NAT gateway also cross the lists of its subnet.
func (s *side) layersAWS(a, b *party, natted *NAT, v *verdict) {
	sender, receiver := a, b
	if !s.named(a, b) {
		// Groups are known by reference where the networks are joined for it;
		// elsewhere only addresses count.
		sender, receiver = a.anonymous(), b.anonymous()
	}
	if own := s.guards(a).ownOut; own != nil {
		v.main = v.n
		v.add(s.caseOf(own, receiver), false)
	}
	if a.subnet != b.subnet || a.subnet < 0 {
		if g := s.guards(a); g.netOut != nil {
			v.add(s.caseOf(g.netOut, b), false)
			v.add(s.caseOf(g.netIn, b), true)
		}
		if natted != nil {
			s.layersNAT(a, b, natted, v)
		}
		if g := s.guards(b); g.netIn != nil {
			v.add(s.caseOf(g.netIn, a), false)
			v.add(s.caseOf(g.netOut, a), true)
		}
	}
	if own := s.guards(b).ownIn; own != nil {
		v.main = v.n
		v.add(s.caseOf(own, sender), false)
	}
}

// anonymous is the party as rules see it that do not know its groups.
func (p *party) anonymous() *party {
	q := *p
	q.labels, q.spot = nil, -1
	return &q
}

// guards are the filters around an interface: its own (groups, or the NSG of
// the network interface) and those of its subnet.
type guards struct{ ownOut, netOut, netIn, ownIn *view }

// guards returns what filters a party's packets. A party that is no known
// interface stands for anything in its place: its own side of the way is not
// judged.
func (s *side) guards(p *party) *guards {
	if p.iface < 0 {
		return &s.unguarded
	}
	if p.spot >= 0 && p.spot < len(s.guarding) && s.guarding[p.spot] != nil {
		return s.guarding[p.spot]
	}
	g := &guards{}
	face := &s.net.Interfaces[p.iface]
	near := -1
	if s.aws && len(face.Labels) > 0 {
		g.ownOut, g.ownIn = s.groups(face.Labels, outward).viewFor(p), s.groups(face.Labels, inward).viewFor(p)
	}
	if !s.aws {
		near = p.subnet
		if face.Filter != "" {
			g.ownOut, g.ownIn = s.ordered(face.Filter, outward, near).viewFor(p), s.ordered(face.Filter, inward, near).viewFor(p)
		}
	}
	if p.subnet >= 0 {
		if f := s.net.Subnets[p.subnet].Filter; f != "" {
			g.netOut, g.netIn = s.ordered(f, outward, near).viewFor(p), s.ordered(f, inward, near).viewFor(p)
		}
	}
	if !s.aws && face.Open {
		g.netIn, g.ownIn = nil, nil
	}
	if p.spot >= 0 {
		if s.guarding == nil {
			s.guarding = make([]*guards, len(s.spots))
		}
		s.guarding[p.spot] = g
	}
	return g
}

func (s *side) layersNAT(a, b *party, natted *NAT, v *verdict) {
	at := s.subnets[natted.Subnet]
	acl := s.net.Subnets[at].Filter
	if acl == "" {
		return
	}
	in, out := s.ordered(acl, inward, -1).viewFor(a), s.ordered(acl, outward, -1).viewFor(a)
	if at != a.subnet {
		v.add(s.caseOf(in, a), false)
		v.add(s.caseOf(out, a), true)
	}
	v.add(s.caseOf(out, b), false)
	v.add(s.caseOf(in, b), true)
}

// named reports whether security groups may be named between two parties.
func (s *side) named(a, b *party) bool {
	if a.subnet < 0 || b.subnet < 0 {
		return true
	}
	if s.net.Subnets[a.subnet].Space == s.net.Subnets[b.subnet].Space {
		return true
	}
	return s.way(a.subnet, b).labels
}

// layersAzure lists the filters: the NSG of the network interface and that of
// the subnet at both ends; all have to allow the packet, also inside a subnet
// (Microsoft Learn, "How network security groups filter network traffic").
func (s *side) layersAzure(a, b *party, v *verdict) {
	from, to := s.guards(a), s.guards(b)
	for _, g := range [...]*view{from.ownOut, from.netOut} {
		if g != nil {
			v.main = v.n
			v.add(s.caseOf(g, b), false)
		}
	}
	for _, g := range [...]*view{to.netIn, to.ownIn} {
		if g != nil {
			v.main = v.n
			v.add(s.caseOf(g, a), false)
		}
	}
}

// replies turns what a list lets back into what may be sent: an answer of TCP
// or UDP goes to the port that the packet came from; an echo is answered by
// an echo reply, a timestamp by a timestamp reply, and other ICMP messages by
// none (RFC 792, RFC 4443); other protocols answer in kind.
func (s *side) replies(set lineID, k int) lineID {
	key := [2]lineID{set, lineID(k)}
	if id, ok := s.returns[key]; ok {
		return id
	}
	back := s.book.sets[set]
	out := slices.Clone(back)
	whole := func(protocol uint32, open bool) {
		x := lines{{protocol << 16, protocol<<16 | 0xffff}}
		if out = out.minus(x); open {
			out = out.union(x)
		}
	}
	port := uint32(s.sports[k])
	whole(protocolTCP, back.has(protocolTCP<<16|port))
	whole(protocolUDP, back.has(protocolUDP<<16|port))
	for _, p := range []uint32{protocolICMP, protocolICMPv6} {
		whole(p, true)
		for request, reply := range answered(p) {
			if at := p<<16 | request<<8; !back.has(p<<16 | reply<<8) {
				out = out.minus(lines{{at, at | 0xff}})
			}
		}
	}
	id := s.book.put(out)
	s.returns[key] = id
	return id
}

// answered are the ICMP messages that want an answer, with its type.
func answered(protocol uint32) map[uint32]uint32 {
	if protocol == protocolICMP {
		return map[uint32]uint32{8: 0, 13: 14}
	}
	return map[uint32]uint32{128: 129}
}

// explain says what decides over a point.
func (s *side) explain(v *verdict, point uint32, k int) string {
	if text := v.knockedAt(point, s.book.sets[v.without].has(point)); text != "" {
		return text
	}
	if v.dead != "" {
		return v.dead
	}
	text := "nothing filters it"
	for i, l := range v.layers[:v.n] {
		c := &s.cases[l.kase]
		if l.reply {
			if !s.book.sets[s.replies(c.sets[0], k)].has(point) {
				return c.p.name + ": no way back for the answer"
			}
			continue
		}
		said, allowed := c.explain(point, s.sports[k])
		if !allowed {
			return said
		}
		if i == v.main {
			text = said
		}
	}
	if !s.book.sets[v.set].has(point) {
		return "no balancer listens for it"
	}
	return text
}

// knockedAt is what a door says of a point that does not pass without it: the
// one that lets it through, or the one that stops it where there is no other
// way.
func (v *verdict) knockedAt(point uint32, without bool) string {
	if without {
		return ""
	}
	stopped := ""
	for _, x := range v.knocks {
		if x.point == point && x.passes {
			return x.text
		}
		if x.point == point && v.dead != "" {
			stopped = first(stopped, x.text)
		}
	}
	return stopped
}

// unsureAt is why a door does not tell about a point.
func (v *verdict) unsureAt(point uint32) string {
	for _, x := range v.knocks {
		if x.point == point && x.unknown != "" {
			return x.unknown
		}
	}
	return ""
}

// knocksText tells verdicts apart whose doors decide differently.
func (v *verdict) knocksText() string {
	if len(v.knocks) == 0 {
		return ""
	}
	var parts []string
	for _, x := range v.knocks {
		parts = append(parts, x.text)
	}
	return strings.Join(parts, "|")
}
