package reach

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
)

// groupKey names the rules that decide on both sides.
type groupKey struct {
	wider          bool
	source, target string
}

// group is a difference in the making.
type group struct {
	key    groupKey
	points lines
	packet packet
	first  uint32
	sport  uint16
	called string
	// call is the number of the call that made it, whose example it holds.
	call int
	// silent are the points that are not compared.
	silent lines
}

// differ finds which rules decide where two verdicts differ. Between the ends
// of the spans of all rules concerned nothing changes, so one point of each
// part is asked for.
func (c *comparer) differ(p *packet, s, t *verdict, k int) {
	silent := c.outside.union(ofProtocol(foreign(p.sourceTo.v6), nil))
	mask := c.book.sets[s.mask].union(c.book.sets[t.mask]).union(silent)
	has, want := c.book.sets[t.set], c.book.sets[s.set]
	wider, narrower := has.minus(want).minus(mask), want.minus(has).minus(mask)
	if p.widerOnly || p.newcomer {
		narrower = nil
	}
	cuts := c.edges(s, t, p.ports)
	c.call++
	fresh := group{packet: *p, sport: c.source.sports[k], call: c.call, silent: silent}
	for _, part := range []struct {
		points lines
		wider  bool
	}{{wider, true}, {narrower, false}} {
		for _, x := range part.points {
			for _, y := range x.cut(cuts) {
				fresh.key = groupKey{part.wider, c.source.explain(s, before(y.first, p.ports), k), c.target.explain(t, y.first, k)}
				c.note(fresh, y)
			}
		}
	}
}

// note adds points to the difference that the same rules decide. The example is
// the first that was found, or one of TCP from the same pair.
func (c *comparer) note(fresh group, points span) {
	at := points.example()
	g := c.groups[fresh.key]
	if g == nil {
		g = &fresh
		g.first = at
		c.groups[fresh.key] = g
	}
	if g.call == c.call && at>>16 == protocolTCP && g.first>>16 != protocolTCP {
		g.first = at
	}
	g.points = g.points.union(lines{points})
}

// example is a point that people know, where a span has one.
func (s span) example() uint32 {
	for _, port := range []uint32{443, 80, 22, 1024, 0} {
		if p := protocolTCP<<16 | port; s.first <= p && p <= s.last {
			return p
		}
	}
	return s.first
}

// before is the point at the source that a point at the target stands for.
func before(point uint32, ports []PortPair) uint32 {
	for _, p := range ports {
		if point == protocolTCP<<16|uint32(p.Target) {
			return protocolTCP<<16 | uint32(p.Source)
		}
	}
	return point
}

// foreign is the ICMP of the other family.
func foreign(v6 bool) int {
	if v6 {
		return protocolICMP
	}
	return protocolICMPv6
}

// edges are the points at which some rule begins, or has just ended.
func (c *comparer) edges(s, t *verdict, ports []PortPair) []uint32 {
	var out []uint32
	add := func(set lines) {
		for _, x := range set {
			out = append(out, x.first, x.last+1)
		}
	}
	for _, side := range []struct {
		s *side
		v *verdict
	}{{c.source, s}, {c.target, t}} {
		add(c.book.sets[side.v.set])
		for _, x := range ports {
			add(ofProtocol(protocolTCP, []Range{{x.Target, x.Target}}))
		}
		for _, x := range side.v.knocks {
			out = append(out, x.point, x.point+1)
		}
		for _, l := range side.v.layers[:side.v.n] {
			k := &side.s.cases[l.kase]
			if l.reply {
				for n := range side.s.sports {
					add(c.book.sets[side.s.replies(k.sets[0], n)])
				}
				continue
			}
			eachBit(k.bits, func(i int) bool { add(k.p.rules[i].points); return true })
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (s span) cut(edges []uint32) []span {
	var out []span
	i, _ := slices.BinarySearch(edges, s.first+1)
	for ; i < len(edges) && edges[i] <= s.last; i++ {
		out = append(out, span{s.first, edges[i] - 1})
		s.first = edges[i]
	}
	return append(out, s)
}

// proof puts what was found in order.
func (c *comparer) proof() Proof {
	p := Proof{Endpoints: c.pairs, Differences: []Difference{}, Undecided: []string{}}
	for u := range c.open {
		p.Undecided = append(p.Undecided, u)
	}
	slices.Sort(p.Undecided)
	var groups []*group
	for _, g := range c.groups {
		groups = append(groups, g)
	}
	for _, g := range groups {
		g.called = g.name()
	}
	slices.SortFunc(groups, func(a, b *group) int {
		return cmp.Or(cmp.Compare(a.called, b.called), cmp.Compare(a.key.source, b.key.source), cmp.Compare(a.key.target, b.key.target))
	})
	names := map[string]int{}
	p.Equal = len(p.Undecided) == 0
	for _, g := range groups {
		d := g.difference()
		reason, ok := c.expected(g)
		if ok {
			d.Name = strings.Replace(d.Name, "network.wider", "network.platform", 1)
		}
		if names[d.Name]++; names[d.Name] > 1 {
			d.Name += fmt.Sprintf(":%d", names[d.Name])
		}
		if ok {
			d.Accepted = reason
		} else if p.Equal = false; c.pairing.Accepted[d.Name] != "" {
			d.Accepted = c.pairing.Accepted[d.Name]
		}
		p.Differences = append(p.Differences, d)
	}
	return p
}

// expected finds the declaration that a difference falls under.
func (c *comparer) expected(g *group) (string, bool) {
	for _, e := range c.pairing.Expected {
		if g.key.wider && e.Rule == g.key.target {
			return e.Reason, true
		}
	}
	return "", false
}

// shown are the points as people read them: what is not compared anyway makes
// no holes in "all".
func (g *group) shown() (protocol, ports string) {
	protocol, ports = g.points.text()
	if _, whole := g.points.union(g.silent).text(); len(whole) < len(ports) {
		return g.points.union(g.silent).text()
	}
	return protocol, ports
}

func (g *group) name() string {
	word := "network.narrower"
	if g.key.wider {
		word = "network.wider"
	}
	protocol, ports := g.shown()
	if len(ports) > 40 {
		h := fnv.New32a()
		h.Write([]byte(ports)) // a hash never fails to write
		ports = fmt.Sprintf("%d-parts-%08x", len(g.points), h.Sum32())
	}
	return strings.ToLower(strings.Join([]string{word, slug(g.packet.fromName), slug(g.packet.toName), slug(protocol), slug(ports)}, ":"))
}

func slug(s string) string { return strings.Join(strings.Fields(s), "-") }

func (g *group) difference() Difference {
	protocol, ports := g.shown()
	return Difference{
		Name: g.called, Wider: g.key.wider, From: g.packet.from, To: g.packet.to,
		Packet: g.text(), Protocol: protocol, Ports: ports, SourceRule: g.key.source, TargetRule: g.key.target,
	}
}

// text writes the example: with the target's addresses too where they differ.
func (g *group) text() string {
	protocol := g.first >> 16
	text := protocolName(protocol) + " "
	source, target := ends(g.packet.sourceFrom, g.packet.sourceTo), ends(g.packet.targetFrom, g.packet.targetTo)
	switch {
	case g.packet.newcomer:
		text += target
	case source == target:
		text += source
	default:
		text += source + " (at the target " + target + ")"
	}
	switch protocol {
	case protocolTCP, protocolUDP:
		text += fmt.Sprintf(" port %d", g.first&0xffff)
		if g.sport != firstClientPort {
			text += fmt.Sprintf(" from port %d", g.sport)
		}
	case protocolICMP, protocolICMPv6:
		text += fmt.Sprintf(" type %d code %d", g.first>>8&0xff, g.first&0xff)
	}
	return text
}

// ends writes both addresses. Two machines whose addresses are not known may
// stand for the same cell; the second is then written one further.
func ends(from, to *party) string {
	if from.addr == to.addr && to.tag == "" {
		return from.text() + " -> " + to.addr.Next().String()
	}
	return from.text() + " -> " + to.text()
}

func (p *party) text() string {
	if p.tag != "" {
		return p.tag
	}
	return p.addr.String()
}
