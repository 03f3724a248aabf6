package reach

import (
	"fmt"
	"slices"
	"strings"
)

// knocked is what became of a packet that went through one door.
type knocked struct {
	point  uint32
	passes bool
	// text says what decides, unknown why that cannot be told.
	text, unknown string
}

// knockAll adds to a verdict what the doors of the receiver let through.
func (s *side) knockAll(v *verdict, a, b *party, k int) {
	if b.iface < 0 || len(s.net.Interfaces[b.iface].Doors) == 0 || a.tag == TagBalancer {
		return
	}
	doors := s.net.Interfaces[b.iface].Doors
	var opened, unsure lines
	for i := range doors {
		x := s.knock(a, b, &doors[i], k)
		if x.text == "" && x.unknown == "" {
			continue
		}
		v.knocks = append(v.knocks, x)
		switch at := (lines{{x.point, x.point}}); {
		case x.unknown != "":
			unsure = unsure.union(at)
		case x.passes:
			opened = opened.union(at)
		}
	}
	v.set = s.book.put(s.book.sets[v.set].union(opened))
	if unsure = unsure.minus(s.book.sets[v.set]); len(unsure) > 0 {
		v.mask = s.book.put(s.book.sets[v.mask].union(unsure))
	}
	for i := range v.knocks {
		// What passes by another way is not open.
		if x := &v.knocks[i]; !unsure.has(x.point) {
			x.unknown = ""
		}
	}
}

// knock follows a packet through a door at each place that the balancer has.
// Which of its nodes takes a packet is not the client's to choose, so that all
// have to agree.
func (s *side) knock(a, b *party, d *Door, k int) knocked {
	out := knocked{point: uint32(d.Protocol)<<16 | uint32(d.Port)}
	if d.Public && a.subnet >= 0 {
		return out
	}
	agreed := 0
	nodes := s.nodes(d.Places, d.Labels, d.Dual, b.v6)
	for _, n := range nodes {
		t := trial{s: s, k: k}
		t.through(a, n, b, d)
		switch {
		case t.why == "" && t.unknown != "":
			out.text, out.unknown = "", d.Name+": "+t.unknown
			return out
		case t.why == "":
			agreed++
			out.text = d.Name + ": " + t.said
		case agreed == 0 && !t.nowhere:
			out.text = d.Name + ": " + t.why
		}
	}
	if out.passes = agreed > 0; agreed > 0 && agreed < len(nodes) {
		out.text, out.unknown = "", d.Name+": its addresses in its subnets decide, and they are not known or differ"
	}
	return out
}

// nodes are the parties at the places of a balancer or an endpoint: where the
// address is not known, one for each part of the subnet that rules tell apart.
func (s *side) nodes(places []Place, labels []string, dual, v6 bool) []*party {
	key := fmt.Sprint(places, labels, dual, v6)
	if list, ok := s.nodesOf[key]; ok {
		return list
	}
	if s.cuts == nil {
		s.cuts = s.mentioned()
		slices.SortFunc(s.cuts, comparePrefix)
		s.cuts = slices.Compact(s.cuts)
	}
	f, open := Interface{Places: places, Dual: dual}, map[string]bool{}
	var out []*party
	for _, p := range s.placesOf(&f, s.cuts, &open) {
		if p.addr.Is6() == v6 {
			out = append(out, &party{addr: p.addr, v6: v6, iface: -1, subnet: p.subnet, spot: -1, labels: labels})
		}
	}
	s.nodesOf[key] = out
	return out
}

// trial asks all filters on a way in turn. why is the first that stops the
// packet, unknown the first that cannot be told, said what let it through last.
type trial struct {
	s                  *side
	k                  int
	why, unknown, said string
	// nowhere says that the client's network has no way to the door at all.
	nowhere bool
}

// through goes from a client to a balancer, perhaps by way of an endpoint in the
// client's own network, and on to the interface.
func (t *trial) through(a, n, b *party, d *Door) {
	knock := uint32(d.Protocol)<<16 | uint32(d.Listen)
	switch {
	case d.Entry == nil:
		t.arrives(a, n, d, knock)
		if len(d.Labels) > 0 {
			t.ask(t.s.groups(d.Labels, inward).viewFor(n), a.known(t.s.named(a, n)), knock)
		}
	default:
		t.enters(a, d, knock)
		if d.Entry.Asked && len(d.Labels) > 0 {
			// The balancer's groups are asked about the client's own address.
			t.ask(t.s.groups(d.Labels, inward).viewFor(n), a.anonymous(), knock)
		}
	}
	t.handedOn(a, n, b, d)
}

// enters goes to an endpoint in the client's network. Its interfaces in all
// zones are alike, unless rules tell their addresses apart.
func (t *trial) enters(a *party, d *Door, knock uint32) {
	nodes := t.s.nodes(d.Entry.Places, d.Entry.Labels, false, a.v6)
	passed := 0
	var why, unknown string
	for _, e := range nodes {
		one := trial{s: t.s, k: t.k}
		one.arrives(a, e, d, knock)
		one.ask(t.s.groups(d.Entry.Labels, inward).viewFor(e), a.known(t.s.named(a, e)), knock)
		if why, unknown = first(why, one.why), first(unknown, one.unknown); one.why == "" {
			passed++
		}
		t.nowhere = t.nowhere || one.nowhere
	}
	switch {
	case passed == 0:
		t.stop(first(why, "endpoint "+d.Entry.Name+" has no place"))
	case passed < len(nodes):
		t.unknown = first(t.unknown, "the addresses of endpoint "+d.Entry.Name+" decide, and they are not known or differ")
	default:
		t.unknown = first(t.unknown, unknown)
	}
}

// arrives brings a client's packet to something at an address of the network
// and the answer back.
func (t *trial) arrives(a, n *party, d *Door, knock uint32) {
	s := t.s
	if a.subnet < 0 {
		t.fromOutside(a, n, d.Public)
	} else {
		t.route(a, n)
		t.route(n, a)
		t.nowhere = t.why != ""
	}
	if own := s.guards(a).ownOut; own != nil {
		t.ask(own, n.known(s.named(a, n)), knock)
	}
	if a.subnet == n.subnet {
		return
	}
	if g := s.guards(a); g.netOut != nil {
		t.ask(g.netOut, n, knock)
		t.answer(g.netIn, n, knock, t.k)
	}
	if in, out := s.lists(n); in != nil {
		t.ask(in, a, knock)
		t.answer(out, a, knock, t.k)
	}
}

// handedOn brings the packet from the balancer to the interface, which sees the
// client's address or the balancer's.
func (t *trial) handedOn(a, n, b *party, d *Door) {
	s, point := t.s, uint32(d.Protocol)<<16|uint32(d.Port)
	t.route(n, b)
	t.route(b, n)
	if len(d.Labels) > 0 {
		t.ask(s.groups(d.Labels, outward).viewFor(n), b.known(s.named(n, b)), point)
	}
	seen := *n
	if d.Kept && d.Entry == nil {
		seen = *a.anonymous()
	}
	if seen.spot, seen.labels = -1, nil; s.named(n, b) {
		seen.labels = d.Labels
	}
	if n.subnet != b.subnet {
		back := []int{t.k}
		if seen.addr == n.addr {
			// The balancer takes ports of its own.
			back = back[:0]
			for k := range s.sports {
				back = append(back, k)
			}
		}
		in, out := s.lists(n)
		g := s.guards(b)
		if in != nil {
			t.ask(out, b, point)
			t.answer(in, b, point, back...)
		}
		if g.netIn != nil {
			t.ask(g.netIn, &seen, point)
			t.answer(g.netOut, &seen, point, back...)
		}
	}
	if own := s.guards(b).ownIn; own != nil {
		t.ask(own, &seen, point)
	} else {
		t.said = "nothing filters it"
	}
}

// known is a party as rules see it that know groups by reference, or not.
func (p *party) known(named bool) *party {
	if named {
		return p
	}
	return p.anonymous()
}

// lists are the views of the network ACL of a party's subnet, nil for none.
func (s *side) lists(p *party) (in, out *view) {
	acl := s.net.Subnets[p.subnet].Filter
	if acl == "" {
		return nil, nil
	}
	return s.ordered(acl, inward, -1).viewFor(p), s.ordered(acl, outward, -1).viewFor(p)
}

// fromOutside looks for the way of the answer to a client outside: over the
// internet from public doors, inside the networks from others.
func (t *trial) fromOutside(a, n *party, public bool) {
	switch w := t.s.way(n.subnet, a); w.hop {
	case HopUnknown:
		t.unknown = first(t.unknown, w.note)
	case HopInternet:
		if !public || private(a) {
			t.stop("no route back: " + w.note)
		}
	case HopLink, HopTransit, HopPremises:
		if public {
			t.stop("no route back: " + w.note)
		}
	default:
		t.stop("no route back: " + w.note)
	}
}

func (t *trial) route(a, b *party) {
	var v verdict
	var why string
	if !t.s.joined(a, b, &v, &why) {
		if v.unknown != "" {
			t.unknown = first(t.unknown, v.unknown)
			return
		}
		t.stop(why)
	}
}

func (t *trial) stop(why string) { t.why = first(t.why, why) }

// ask asks one filter.
func (t *trial) ask(v *view, remote *party, point uint32) {
	c := &t.s.cases[t.s.caseOf(v, remote)]
	said, _ := c.explain(point, t.s.sports[t.k])
	switch {
	case t.s.book.sets[c.mask].has(point):
		t.unknown = first(t.unknown, "a rule of "+c.p.name+" is not known whole: "+c.doubted())
	case t.s.book.sets[c.sets[t.k]].has(point):
		t.said = said
	default:
		t.stop(said)
	}
}

// doubted is why the first unknown rule of a case is not known.
func (k *kase) doubted() string {
	for i := range k.p.rules {
		if r := &k.p.rules[i]; r.unknown != "" {
			return strings.TrimSpace(r.name + ": " + r.unknown)
		}
	}
	return ""
}

// answer asks a network ACL about the answer, for each class of ports that it
// may go to.
func (t *trial) answer(v *view, remote *party, point uint32, classes ...int) {
	c := &t.s.cases[t.s.caseOf(v, remote)]
	if c.mask != none {
		t.unknown = first(t.unknown, "an entry of "+c.p.name+" is not known whole: "+c.doubted())
		return
	}
	passed := 0
	for _, k := range classes {
		if t.s.book.sets[t.s.replies(c.sets[0], k)].has(point) {
			passed++
		}
	}
	switch {
	case passed == 0:
		t.stop(c.p.name + ": no way back for the answer")
	case passed < len(classes):
		t.unknown = first(t.unknown, c.p.name+" lets answers back to some of the balancer's ports alone")
	}
}
