package flowlog

import (
	"cmp"
	"iter"
	"maps"
	"slices"
	"strconv"
	"strings"
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
	// Conversations are in order. They are made while they are gone through, for
	// there can be a million; going through them again gives the same.
	Conversations iter.Seq[Conversation]
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
		r.handOver()
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
	m.gather()
	m.carried()
	res.Overflow = c.table.overflow()
	res.Conversations = m.conversations
	res.Interfaces = m.interfaces()
	return res
}

// merger joins the rows of all observers.
type merger struct {
	c      *Collector
	faces  map[uint32]*face
	byAddr map[addr][]uint32
	// rows are all rows, faced the interfaces that their ends were resolved to,
	// and order their places so that those of one pair are beside each other.
	rows  []*row
	faced [][2]uint32
	order []int32
	// carries are the legs at carriers, and apart the pairs that they touch: only
	// of these a sighting is made before the end.
	carries map[uint32]map[leg]*legs
	apart   map[pair]*sighting
}

// sighting is what all observers saw of a pair.
type sighting struct {
	each []*row
	via  map[uint32]bool
	sum  counts
}

func (s *sighting) of(o *row) *row {
	for _, r := range s.each {
		if r.face == o.face && r.log == o.log {
			return r
		}
	}
	return nil
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
	m := &merger{c: c, faces: faces, byAddr: map[addr][]uint32{}, carries: map[uint32]map[leg]*legs{}, apart: map[pair]*sighting{}}
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

// gather resolves the ends of all rows and orders them.
func (m *merger) gather() {
	n := int(m.c.table.count.Load())
	m.rows, m.faced = make([]*row, 0, n), make([][2]uint32, 0, n)
	for r := range m.c.table.rows() {
		m.rows = append(m.rows, r)
		m.faced = append(m.faced, [2]uint32{m.resolve(r.client, r.face), m.resolve(r.server, r.face)})
		if r.replaced&replacedServer != 0 {
			m.enters(r, m.pair(int32(len(m.rows)-1)))
		}
	}
	for i, r := range m.rows {
		if r.replaced == 0 && len(m.carries) > 0 {
			m.leaves(r, m.pair(int32(i)))
		}
	}
	m.order = make([]int32, len(m.rows))
	for i := range m.order {
		m.order[i] = int32(i)
	}
	slices.SortFunc(m.order, m.compare)
}

// pair is the conversation that a row is of.
func (m *merger) pair(i int32) pair {
	r, faced := m.rows[i], m.faced[i]
	return pair{place{r.client, faced[0]}, place{r.server, faced[1]}, r.port, r.protocol}
}

// enters notes the legs at interfaces that forward for others. On such an
// interface the record's own address stands where the packet has the server's.
func (m *merger) enters(r *row, p pair) {
	if m.faces[r.face] == nil {
		return
	}
	if m.carries[r.face] == nil {
		m.carries[r.face] = map[leg]*legs{}
	}
	_, at := r.legs()
	l := m.carries[r.face][at]
	if l == nil {
		l = &legs{}
		m.carries[r.face][at] = l
	}
	l.inner = append(l.inner, p)
}

// leaves notes what goes from a carrier in its own name to a far end that
// something entered it for.
func (m *merger) leaves(r *row, p pair) {
	_, at := r.legs()
	l := m.carries[r.face][at]
	if l == nil {
		return
	}
	if own := m.faces[r.face].ownAddress(); own != (addr{}) && r.client == own {
		l.outer, l.left = p, true
	}
}

// carried folds what leaves a NAT gateway in its own name into the
// conversations that entered it: it is the same traffic.
func (m *merger) carried() {
	for _, all := range m.carries {
		for _, l := range all {
			for _, p := range l.inner {
				m.apart[p] = &sighting{}
			}
			if l.left {
				m.apart[l.outer] = &sighting{}
			}
		}
	}
	if len(m.apart) == 0 {
		return
	}
	for i := range m.rows {
		if s := m.apart[m.pair(int32(i))]; s != nil {
			s.each = append(s.each, m.rows[i])
		}
	}
	for _, face := range slices.SortedFunc(maps.Keys(m.carries), func(a, b uint32) int { return strings.Compare(m.name(a), m.name(b)) }) {
		for _, at := range slices.SortedFunc(maps.Keys(m.carries[face]), compareLegs) {
			m.fold(face, m.carries[face][at])
		}
	}
}

func (m *merger) fold(face uint32, l *legs) {
	slices.SortFunc(l.inner, m.comparePairs)
	l.inner = slices.Compact(l.inner)
	for _, p := range l.inner {
		s := m.apart[p]
		if s.via == nil {
			s.via = map[uint32]bool{}
		}
		s.via[face] = true
	}
	if !l.left {
		return
	}
	outer := m.apart[l.outer]
	own := func(r *row) bool { return r.face == face }
	for _, r := range outer.each {
		if !own(r) {
			continue
		}
		left := r.asked.records + r.answered.records + r.rejected.records
		for i, p := range l.inner {
			// The gateway logs each packet twice, so a leg has as many records
			// inside as outside.
			share := left
			if in := m.apart[p].of(r); in != nil && i < len(l.inner)-1 {
				share = min(left, in.asked.records+in.answered.records+in.rejected.records)
			}
			m.apart[p].sum.asked.records += share
			left -= share
		}
	}
	outer.each = slices.DeleteFunc(outer.each, own)
}

func compareLegs(a, b leg) int {
	return cmp.Or(compareAddr(a.server, b.server), cmp.Compare(a.port, b.port), cmp.Compare(a.protocol, b.protocol))
}

func compareAddr(a, b addr) int { return cmp.Or(cmp.Compare(a.hi, b.hi), cmp.Compare(a.lo, b.lo)) }

// total adds up the observers: records of all, traffic of the best placed.
func (s *sighting) total() counts {
	t := s.sum
	for _, r := range s.each {
		c := &r.counts
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
