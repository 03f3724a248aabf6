package graph

import (
	"cmp"
	"slices"
	"time"
)

// maxEvidence bounds the places that one edge names; the counts of those
// beyond it are added to the last of their source.
const maxEvidence = 6

// none is the number of no text, no evidence, no node.
const none = -1

// ledger holds edges by number while they are collected: a million of them
// take some fifty bytes each until they are written out.
type ledger struct {
	edges     []rawEdge
	evidence  []rawEvidence
	at        map[edgeKey]int32
	texts     []string
	numbers   map[string]int32
	relations []Relation
	ranks     map[Relation]uint8
	// words are the few protocols and sources.
	words []string
}

type edgeKey struct {
	from, to  int32
	port      uint16
	relation  uint8
	protocol  uint8
	potential bool
}

type rawEdge struct {
	edgeKey
	first int32 // of its evidence
	sure  [2]float32
	bytes int64
	calls int64
}

type rawEvidence struct {
	count       int64
	first, last int64 // nanoseconds, 0 when not known
	at, note    int32
	next        int32
	source      uint8
}

func newLedger(edges int) ledger {
	return ledger{edges: make([]rawEdge, 0, edges), evidence: make([]rawEvidence, 0, edges), at: make(map[edgeKey]int32, edges), numbers: map[string]int32{}, ranks: map[Relation]uint8{}}
}

// add puts an edge in, or adds its evidence to the one that is there.
func (l *ledger) add(k link) {
	if k.from == k.to || k.from < 0 || k.to < 0 {
		return
	}
	key := edgeKey{from: k.from, to: k.to, port: uint16(k.port), relation: l.rank(k.relation), protocol: l.word(k.protocol), potential: k.potential}
	i, ok := l.at[key]
	if !ok {
		i = int32(len(l.edges))
		l.at[key] = i
		l.edges = append(l.edges, rawEdge{edgeKey: key, first: none})
	}
	group := 0
	if observed(k.evidence.Source) {
		group = 1
	}
	e := &l.edges[i]
	e.sure[group] = max(e.sure[group], float32(k.sure))
	e.bytes += k.bytes
	e.calls += k.calls
	l.ground(e, rawEvidence{count: k.evidence.Count, first: nanos(k.evidence.First), last: nanos(k.evidence.Last), at: l.number(k.evidence.At), note: l.number(k.evidence.Note),
		source: l.word(k.evidence.Source), next: none})
}

// ground adds evidence to an edge, to a place that it has already or as a new one.
func (l *ledger) ground(e *rawEdge, why rawEvidence) {
	count, tail, same := 0, int32(none), int32(none)
	for i := e.first; i != none; i = l.evidence[i].next {
		have := &l.evidence[i]
		if have.source == why.source {
			if have.at == why.at && have.note == why.note {
				have.merge(why)
				return
			}
			same = i
		}
		tail = i
		count++
	}
	if count >= maxEvidence && same != none {
		l.evidence[same].merge(why)
		return
	}
	why.next = none
	l.evidence = append(l.evidence, why)
	if tail == none {
		e.first = int32(len(l.evidence) - 1)
		return
	}
	l.evidence[tail].next = int32(len(l.evidence) - 1)
}

func (e *rawEvidence) merge(other rawEvidence) {
	e.count += other.count
	if other.first != 0 && (e.first == 0 || other.first < e.first) {
		e.first = other.first
	}
	e.last = max(e.last, other.last)
}

func nanos(t *time.Time) int64 {
	if t == nil {
		return 0
	}
	return t.UnixNano()
}

// number keeps a text once.
func (l *ledger) number(s string) int32 {
	n, ok := l.numbers[s]
	if !ok {
		n = int32(len(l.texts))
		l.texts = append(l.texts, s)
		l.numbers[s] = n
	}
	return n
}

// word keeps one of the few. There are no 255 protocols with a name or number
// that a log could hold; should a broken one hold more, they share the last.
func (l *ledger) word(s string) uint8 {
	for i, w := range l.words {
		if w == s {
			return uint8(i)
		}
	}
	if len(l.words) == 255 {
		return 254
	}
	l.words = append(l.words, s)
	return uint8(len(l.words) - 1)
}

func (l *ledger) rank(r Relation) uint8 {
	n, ok := l.ranks[r]
	if !ok {
		n = uint8(len(l.relations))
		l.relations = append(l.relations, r)
		l.ranks[r] = n
	}
	return n
}

// fold lays a connection that the configuration names without a port onto
// those that were seen between the same two: they are one dependency.
func (l *ledger) fold() {
	connects, ok := l.ranks[ConnectsTo]
	if !ok {
		return
	}
	type pair struct{ from, to int32 }
	vague := map[pair]int32{}
	for i := range l.edges {
		if e := &l.edges[i]; e.relation == connects && e.port == 0 && l.words[e.protocol] == "" && !e.potential {
			vague[pair{e.from, e.to}] = int32(i)
		}
	}
	for i := range l.edges {
		e := &l.edges[i]
		if e.relation != connects || e.port == 0 || e.potential {
			continue
		}
		from, ok := vague[pair{e.from, e.to}]
		if !ok {
			continue
		}
		v := &l.edges[from]
		e.sure[0], e.sure[1] = max(e.sure[0], v.sure[0]), max(e.sure[1], v.sure[1])
		for why := v.first; why != none; why = l.evidence[why].next {
			l.ground(e, l.evidence[why])
		}
		v.potential = true // folded; write leaves it out
		v.to = none
	}
}

// write gives the edges in order, with the nodes at their new places. The
// ledger is spent afterwards: each part of it goes as soon as it is written
// out, as a million edges stand in memory once, not twice.
func (l *ledger) write(nodes []Node, place []int32) ([]Edge, [][2]int32) {
	order := make([]int32, 0, len(l.edges))
	for i := range l.edges {
		if e := &l.edges[i]; e.to != none {
			e.from, e.to = place[e.from], place[e.to]
			order = append(order, int32(i))
		}
	}
	l.at = nil
	slices.SortFunc(order, l.compare)
	lists := l.grounds(order)
	l.evidence, l.numbers, l.texts = nil, nil, nil
	edges, ends := make([]Edge, len(order)), make([][2]int32, len(order))
	for i, n := range order {
		e := &l.edges[n]
		ends[i] = [2]int32{e.from, e.to}
		edges[i] = Edge{From: nodes[e.from].ID, To: nodes[e.to].ID, Relation: l.relations[e.relation], Port: int(e.port), Protocol: l.words[e.protocol], Bytes: e.bytes, Calls: e.calls,
			Evidence: lists.of(i), Confidence: combine(float64(e.sure[0]), float64(e.sure[1])), Potential: e.potential}
	}
	l.edges = nil
	return edges, ends
}

// grounds are the lists of evidence of many edges, one after the other.
type grounds struct {
	all []Evidence
	// span is where each edge's list begins and ends.
	span [][2]int32
}

// of returns the list of the edge i. Edges that rest on the same one property
// share theirs: nobody writes into it.
func (g grounds) of(i int) []Evidence {
	from, to := g.span[i][0], g.span[i][1]
	return g.all[from:to:to]
}

// grounds writes the evidence of edges out, in their order.
func (l *ledger) grounds(order []int32) grounds {
	out := grounds{span: make([][2]int32, len(order))}
	plain, shared := map[rawEvidence]int32{}, 0
	for i := range order {
		if why, ok := l.plain(order[i]); ok {
			plain[why] = none
			shared++
		}
	}
	out.all = make([]Evidence, 0, len(l.evidence)-shared+len(plain))
	for i, n := range order {
		first := l.edges[n].first
		start := int32(len(out.all))
		if why, ok := l.plain(n); ok {
			if plain[why] == none {
				plain[why] = start
				out.all = append(out.all, l.written(&why))
			}
			out.span[i] = [2]int32{plain[why], plain[why] + 1}
			continue
		}
		for why := first; why != none; why = l.evidence[why].next {
			out.all = append(out.all, l.written(&l.evidence[why]))
		}
		out.span[i] = [2]int32{start, int32(len(out.all))}
		slices.SortFunc(out.all[start:], evidenceOrder)
	}
	return out
}

// plain returns the evidence of an edge that rests on one property, of which
// many edges have the same.
func (l *ledger) plain(n int32) (rawEvidence, bool) {
	first := l.edges[n].first
	if first == none {
		return rawEvidence{}, false
	}
	why := l.evidence[first]
	return why, why.next == none && why.first == 0 && why.last == 0
}

func (l *ledger) compare(a, b int32) int {
	x, y := &l.edges[a], &l.edges[b]
	if x.from != y.from {
		return cmp.Compare(x.from, y.from)
	}
	if x.to != y.to {
		return cmp.Compare(x.to, y.to)
	}
	return cmp.Or(cmp.Compare(l.relations[x.relation], l.relations[y.relation]), cmp.Compare(x.port, y.port),
		cmp.Compare(l.words[x.protocol], l.words[y.protocol]), boolOrder(x.potential, y.potential))
}

func (l *ledger) written(e *rawEvidence) Evidence {
	why := Evidence{Source: l.words[e.source], At: l.texts[e.at], Note: l.texts[e.note], Count: e.count}
	if e.first != 0 {
		why.First = new(time.Unix(0, e.first).UTC())
	}
	if e.last != 0 {
		why.Last = new(time.Unix(0, e.last).UTC())
	}
	return why
}

func evidenceOrder(a, b Evidence) int {
	return cmp.Or(cmp.Compare(a.Source, b.Source), cmp.Compare(a.At, b.At), cmp.Compare(a.Note, b.Note))
}

func boolOrder(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
