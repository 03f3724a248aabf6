package graph

import (
	"cmp"
	"slices"

	"example.com/landfall/internal/cloud"
)

// Query answers questions about a graph. It does not change it, and is safe
// for concurrent use.
type Query struct {
	g    *Graph
	byID map[cloud.ResourceID]int32
	ends [][2]int32
	out  *adjacency
	into *adjacency
}

// NewQuery indexes a graph. Potential edges are left out: they are no
// dependencies.
func NewQuery(g *Graph) *Query {
	q := &Query{g: g, byID: make(map[cloud.ResourceID]int32, len(g.Nodes))}
	for i := range g.Nodes {
		q.byID[g.Nodes[i].ID] = int32(i)
	}
	for i := range g.Edges {
		e := &g.Edges[i]
		from, known := q.byID[e.From]
		to, found := q.byID[e.To]
		if known && found && !e.Potential && e.Relation != Inspects && e.Relation != Operates && e.Relation != Records {
			q.ends = append(q.ends, [2]int32{from, to})
		}
	}
	q.out, q.into = adjacent(len(g.Nodes), q.ends, 0), adjacent(len(g.Nodes), q.ends, 1)
	return q
}

// Reach is a node that another reaches, with the way to it.
type Reach struct {
	ID    cloud.ResourceID `json:"id"`
	Depth int              `json:"depth"`
	// Path are the nodes from the one that was asked about to this one.
	Path []cloud.ResourceID `json:"path"`
}

// Needs returns what a node needs, directly or through others, nearest first,
// each with a shortest way. An id that the graph lacks needs nothing.
func (q *Query) Needs(id cloud.ResourceID) []Reach { return q.reach(id, q.out, 1) }

// Dependents returns what needs a node, nearest first. The path runs from the
// node to the one that needs it.
func (q *Query) Dependents(id cloud.ResourceID) []Reach { return q.reach(id, q.into, 0) }

func (q *Query) reach(id cloud.ResourceID, next *adjacency, end int) []Reach {
	start, ok := q.byID[id]
	if !ok {
		return nil
	}
	before := map[int32]int32{start: noEdge}
	depth := map[int32]int{start: 0}
	queue := []int32{start}
	list := []Reach{}
	for len(queue) > 0 {
		n := queue[0]
		queue = queue[1:]
		for _, e := range next.of(n) {
			to := q.ends[e][end]
			if _, seen := before[to]; seen {
				continue
			}
			before[to], depth[to] = n, depth[n]+1
			queue = append(queue, to)
			list = append(list, Reach{ID: q.g.Nodes[to].ID, Depth: depth[to], Path: q.path(to, before)})
		}
	}
	slices.SortFunc(list, func(a, b Reach) int { return cmp.Or(cmp.Compare(a.Depth, b.Depth), cmp.Compare(a.ID, b.ID)) })
	return list
}

func (q *Query) path(n int32, before map[int32]int32) []cloud.ResourceID {
	var path []cloud.ResourceID
	for n != noEdge {
		path = append(path, q.g.Nodes[n].ID)
		n = before[n]
	}
	slices.Reverse(path)
	return path
}

// Cycles returns the groups of nodes that need each other around a ring, each
// in order of ids, the largest first.
func (q *Query) Cycles() [][]cloud.ResourceID {
	component, count := q.components()
	groups := make([][]cloud.ResourceID, count)
	for n, c := range component {
		groups[c] = append(groups[c], q.g.Nodes[n].ID)
	}
	groups = slices.DeleteFunc(groups, func(g []cloud.ResourceID) bool { return len(g) < 2 })
	for _, g := range groups {
		slices.Sort(g)
	}
	slices.SortFunc(groups, func(a, b []cloud.ResourceID) int {
		return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a[0], b[0]))
	})
	return groups
}

// components numbers the strongly connected components so that a component
// has a higher number than those that it needs (Tarjan's algorithm, without
// recursion: a chain of a hundred thousand is legal).
func (q *Query) components() (component []int32, count int32) {
	n := len(q.g.Nodes)
	t := &tarjan{q: q, index: filled(n), low: make([]int32, n), component: filled(n), onStack: make([]bool, n)}
	for i := range n {
		if t.index[i] == noEdge {
			t.visit(int32(i))
		}
	}
	return t.component, t.count
}

type tarjan struct {
	q                     *Query
	index, low, component []int32
	onStack               []bool
	stack                 []int32
	calls                 []frame
	next, count           int32
}

type frame struct {
	node int32
	edge int
}

func (t *tarjan) visit(start int32) {
	t.open(start)
	for len(t.calls) > 0 {
		f := &t.calls[len(t.calls)-1]
		edges := t.q.out.of(f.node)
		if f.edge < len(edges) {
			to := t.q.ends[edges[f.edge]][1]
			f.edge++
			if t.index[to] == noEdge {
				t.open(to)
			} else if t.onStack[to] {
				t.low[f.node] = min(t.low[f.node], t.index[to])
			}
			continue
		}
		t.close(f.node)
	}
}

func (t *tarjan) open(n int32) {
	t.index[n], t.low[n] = t.next, t.next
	t.next++
	t.stack = append(t.stack, n)
	t.onStack[n] = true
	t.calls = append(t.calls, frame{node: n})
}

func (t *tarjan) close(n int32) {
	t.calls = t.calls[:len(t.calls)-1]
	if len(t.calls) > 0 {
		parent := t.calls[len(t.calls)-1].node
		t.low[parent] = min(t.low[parent], t.low[n])
	}
	if t.low[n] != t.index[n] {
		return
	}
	for {
		m := t.stack[len(t.stack)-1]
		t.stack = t.stack[:len(t.stack)-1]
		t.onStack[m] = false
		t.component[m] = t.count
		if m == n {
			break
		}
	}
	t.count++
}

// Order returns waves of the given nodes for deletion: a node stands in an
// earlier wave than anything it needs. Nodes of one ring share a wave. Ids
// that the graph lacks are left out.
func (q *Query) Order(ids []cloud.ResourceID) [][]cloud.ResourceID {
	component, count := q.components()
	chosen := make([]bool, len(q.g.Nodes))
	for _, id := range ids {
		if n, ok := q.byID[id]; ok {
			chosen[n] = true
		}
	}
	members := make([][]int32, count)
	for n, c := range component {
		members[c] = append(members[c], int32(n))
	}
	// A component's wave is one after the latest wave of those that need it.
	// Components have higher numbers than what they need, so going down visits
	// every user first. Nodes that are not chosen pass their wave on.
	wave := make([]int, count)
	last := 0
	for c := count - 1; c >= 0; c-- {
		step := 0
		for _, n := range members[c] {
			if chosen[n] {
				step, last = 1, max(last, wave[c])
			}
		}
		for _, n := range members[c] {
			for _, e := range q.out.of(n) {
				if to := component[q.ends[e][1]]; to != c {
					wave[to] = max(wave[to], wave[c]+step)
				}
			}
		}
	}
	waves := make([][]cloud.ResourceID, last+1)
	for n := range chosen {
		if chosen[n] {
			w := wave[component[n]]
			waves[w] = append(waves[w], q.g.Nodes[n].ID)
		}
	}
	for _, w := range waves {
		slices.Sort(w)
	}
	return slices.DeleteFunc(waves, func(w []cloud.ResourceID) bool { return len(w) == 0 })
}

// Cut returns a smallest set of nodes without which no way leads from one node
// to another along needs, and false when one of them is missing, they are the
// same, or the one needs the other directly.
func (q *Query) Cut(from, to cloud.ResourceID) ([]cloud.ResourceID, bool) {
	source, known := q.byID[from]
	target, found := q.byID[to]
	if !known || !found || source == target {
		return nil, false
	}
	for _, e := range q.out.of(source) {
		if q.ends[e][1] == target {
			return nil, false
		}
	}
	f := &flowNet{q: q, source: source, target: target, through: map[int32]bool{}, used: map[int32]int{}}
	for f.augment() {
	}
	cut := f.cut()
	slices.Sort(cut)
	return cut, true
}

// SinglePoints returns the nodes each of which alone cuts the ways from one
// node to another.
func (q *Query) SinglePoints(from, to cloud.ResourceID) []cloud.ResourceID {
	source, known := q.byID[from]
	target, found := q.byID[to]
	list := []cloud.ResourceID{}
	if !known || !found || source == target {
		return list
	}
	path := q.way(source, target, noEdge)
	if len(path) < 3 {
		return list
	}
	// A single point lies on every way, so on this one.
	for _, n := range path[1 : len(path)-1] {
		if len(q.way(source, target, n)) == 0 {
			list = append(list, q.g.Nodes[n].ID)
		}
	}
	slices.Sort(list)
	return list
}

// way returns a shortest way that avoids one node.
func (q *Query) way(source, target, without int32) []int32 {
	before := map[int32]int32{source: noEdge}
	queue := []int32{source}
	for len(queue) > 0 {
		n := queue[0]
		queue = queue[1:]
		if n == target {
			var path []int32
			for ; n != noEdge; n = before[n] {
				path = append(path, n)
			}
			slices.Reverse(path)
			return path
		}
		for _, e := range q.out.of(n) {
			to := q.ends[e][1]
			if _, seen := before[to]; !seen && to != without {
				before[to] = n
				queue = append(queue, to)
			}
		}
	}
	return nil
}
