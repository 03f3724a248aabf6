package flowlog

import (
	"cmp"
	"slices"
	"strconv"
	"time"
)

// Endpoint is one end of a conversation.
type Endpoint struct {
	Address string
	// Interface and what follows are known for the addresses of interfaces that
	// records came from.
	Interface, Instance, VPC, Subnet, Account string
	// Service is AWS's name for the range of the address.
	Service string
}

// Conversation is all traffic of one client with one server port.
type Conversation struct {
	Client, Server Endpoint
	Port           int
	Protocol       string
	// BytesOut and PacketsOut went from the client to the server, the others
	// came back: what the best placed observer saw, so that a packet that several
	// interfaces logged counts once.
	BytesOut, BytesBack, PacketsOut, PacketsBack int64
	// Records counts the flow records of all observers; Opened the connections
	// of which the beginning was seen.
	Records, Opened int64
	First, Last     time.Time
	// Refused: nothing came back but resets. Rejected: a rule turned all of it away.
	Refused, Rejected bool
	// Sure is how sure it is which end is the server, 0 to 1.
	Sure float64
	// Via are the interfaces in between that carried it: NAT gateways, transit
	// gateway attachments.
	Via []string
	// Paths are the values of traffic-path of outgoing packets (8: internet
	// gateway, 7: gateway endpoint; VPC user guide, traffic-path).
	Paths []int
}

// Result is what the records say.
type Result struct {
	Conversations []Conversation
	Interfaces    []Interface
	// Records is the number that were summed up; NoData, SkipData and Outside
	// (of the wanted time) the numbers of those that were not.
	Records, NoData, SkipData, Outside int64
	Overflow                           Overflow
	// Limit is the cap that Overflow refers to.
	Limit    int
	From, To time.Time
}

// place is an end of a conversation while results are merged: the address,
// and the interface it was resolved to, because addresses repeat across VPCs.
type place struct {
	a    addr
	face uint32
}

// pair is a conversation over all observers.
type pair struct {
	client, server place
	port           uint16
	protocol       uint8
}

// Result merges what the workers and the observers saw. The collector must not
// read any more afterwards.
func (c *Collector) Result() Result {
	res := Result{Limit: c.o.Limit}
	faces := map[uint32]*face{}
	var first, end int64
	for _, r := range c.readers {
		c.table.Take(r.rows)
		res.Records += r.records
		res.NoData += r.noData
		res.SkipData += r.skipData
		res.Outside += r.outside
		first, end = earlier(first, r.first), max(end, r.end)
		for _, f := range r.faces {
			if known := faces[f.number]; known != nil {
				known.merge(&f.face)
				continue
			}
			faces[f.number] = &f.face
		}
	}
	c.readers = nil
	if res.Records > 0 {
		res.From, res.To = time.Unix(first, 0).UTC(), time.Unix(end, 0).UTC()
	}
	c.turn()
	m := newMerger(c, faces)
	for k, row := range c.table.Rows() {
		m.put(k, row)
	}
	m.carried()
	res.Overflow = c.table.over
	res.Conversations = m.conversations()
	res.Interfaces = m.interfaces()
	return res
}

// merger joins the rows of all observers.
type merger struct {
	c       *Collector
	faces   map[uint32]*face
	byAddr  map[addr][]uint32
	pairs   map[pair]*sighting
	carries map[uint32]map[leg]*legs
}

// sighting is what all observers saw of a pair.
type sighting struct {
	each []seen
	via  map[uint32]bool
	sum  counts
}

// seen is what one observer saw. There are seldom more than two.
type seen struct {
	by observer
	*counts
}

func (s *sighting) of(o observer) *counts {
	for _, e := range s.each {
		if e.by == o {
			return e.counts
		}
	}
	return nil
}

type observer struct {
	face uint32
	log  uint16
}

// leg is the far end of what a carrier forwards.
type leg struct {
	server   addr
	port     uint16
	protocol uint8
}

// legs are the conversations that enter a carrier for one far end, and the one
// that leaves it in the carrier's own name.
type legs struct {
	inner []pair
	outer pair
	left  bool
}

func newMerger(c *Collector, faces map[uint32]*face) *merger {
	m := &merger{c: c, faces: faces, byAddr: map[addr][]uint32{}, pairs: map[pair]*sighting{}, carries: map[uint32]map[leg]*legs{}}
	for n, f := range faces {
		if a := f.ownAddress(); a != (addr{}) {
			m.byAddr[a] = append(m.byAddr[a], n)
		}
	}
	return m
}

// resolve finds the interface of an address as an observer means it: its own,
// one of its VPC, or the only one there is.
func (m *merger) resolve(a addr, observer uint32) uint32 {
	candidates := m.byAddr[a]
	if len(candidates) == 0 || slices.Contains(candidates, observer) {
		if len(candidates) > 0 {
			return observer
		}
		return 0
	}
	if len(candidates) == 1 {
		return candidates[0]
	}
	var found uint32
	if f := m.faces[observer]; f != nil && f.vpc.text != "" {
		for _, n := range candidates {
			if m.faces[n].vpc.text != f.vpc.text {
				continue
			}
			if found != 0 {
				return 0
			}
			found = n
		}
	}
	return found
}

func (m *merger) put(k key, c *counts) {
	p := pair{place{k.client, m.resolve(k.client, k.face)}, place{k.server, m.resolve(k.server, k.face)}, k.port, k.protocol}
	s := m.pairs[p]
	if s == nil {
		s = &sighting{}
		m.pairs[p] = s
	}
	o := observer{k.face, k.log}
	if known := s.of(o); known != nil {
		known.add(c)
	} else {
		s.each = append(s.each, seen{o, c})
	}
	m.carry(k, p, c)
}

// carry notes the legs at interfaces that forward for others. On such an
// interface the record's own address stands where the packet has the server's.
func (m *merger) carry(k key, p pair, c *counts) {
	f := m.faces[k.face]
	if f == nil {
		return
	}
	own := f.ownAddress()
	inner := c.replaced&replacedServer != 0
	outer := c.replaced == 0 && own != (addr{}) && k.client == own
	if !inner && !outer {
		return
	}
	if m.carries[k.face] == nil {
		m.carries[k.face] = map[leg]*legs{}
	}
	at := leg{k.server, k.port, k.protocol}
	l := m.carries[k.face][at]
	if l == nil {
		l = &legs{}
		m.carries[k.face][at] = l
	}
	if inner {
		l.inner = append(l.inner, p)
		return
	}
	l.outer, l.left = p, true
}

// carried folds what leaves a NAT gateway in its own name into the
// conversations that entered it: it is the same traffic.
func (m *merger) carried() {
	for face, all := range m.carries {
		for _, l := range all {
			if len(l.inner) > 0 {
				m.fold(face, l)
			}
		}
	}
}

func (m *merger) fold(face uint32, l *legs) {
	slices.SortFunc(l.inner, m.compare)
	l.inner = slices.Compact(l.inner)
	for _, p := range l.inner {
		s := m.pairs[p]
		if s.via == nil {
			s.via = map[uint32]bool{}
		}
		s.via[face] = true
	}
	outer := m.pairs[l.outer]
	if !l.left || outer == nil {
		return
	}
	own := func(e seen) bool { return e.by.face == face }
	for _, c := range outer.each {
		if !own(c) {
			continue
		}
		left := c.asked.records + c.answered.records + c.rejected.records
		for i, p := range l.inner {
			// The gateway logs each packet twice, so a leg has as many records
			// inside as outside.
			share := left
			if in := m.pairs[p].of(c.by); in != nil && i < len(l.inner)-1 {
				share = min(left, in.asked.records+in.answered.records+in.rejected.records)
			}
			m.pairs[p].sum.asked.records += share
			left -= share
		}
	}
	if outer.each = slices.DeleteFunc(outer.each, own); len(outer.each) == 0 {
		delete(m.pairs, l.outer)
	}
}

func compareTraffic(a, b *pair) int {
	if c := compareAddr(a.client.a, b.client.a); c != 0 {
		return c
	}
	if c := compareAddr(a.server.a, b.server.a); c != 0 {
		return c
	}
	return cmp.Or(cmp.Compare(a.port, b.port), cmp.Compare(a.protocol, b.protocol))
}

func compareAddr(a, b addr) int { return cmp.Or(cmp.Compare(a.hi, b.hi), cmp.Compare(a.lo, b.lo)) }

// total adds up the observers: records of all, traffic of the best placed.
func (s *sighting) total() counts {
	t := s.sum
	for _, e := range s.each {
		c := e.counts
		asked, answered, rejected := t.asked, t.answered, t.rejected
		opened := max(t.opened, c.opened)
		asked.records += c.asked.records
		answered.records += c.answered.records
		rejected.records += c.rejected.records
		asked.most(c.asked)
		answered.most(c.answered)
		rejected.most(c.rejected)
		t.add(c)
		t.asked, t.answered, t.rejected, t.opened = asked, answered, rejected, opened
	}
	return t
}

func protocolName(n uint8) string {
	switch n {
	case protoTCP:
		return "tcp"
	case protoUDP:
		return "udp"
	case protoICMP, protoICMP6:
		return "icmp"
	}
	return strconv.Itoa(int(n))
}
