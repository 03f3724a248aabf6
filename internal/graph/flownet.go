package graph

import "example.com/landfall/internal/cloud"

// flowNet finds a smallest vertex cut by unit flows (Menger's theorem): every
// node lets one way through, ways are added while one can be found, and what
// the search still reaches tells the cut.
type flowNet struct {
	q              *Query
	source, target int32
	// through are the nodes that a way passes, used counts the ways of an edge:
	// nodes let one through, edges any number.
	through map[int32]bool
	used    map[int32]int
	reached map[half]half
}

// half is a node's side: where ways come in, or where they go out.
type half struct {
	node int32
	out  bool
}

// augment finds one more way through what is left over.
func (f *flowNet) augment() bool {
	start := half{f.source, true}
	f.reached = map[half]half{start: start}
	queue := []half{start}
	for len(queue) > 0 {
		at := queue[0]
		queue = queue[1:]
		if at.node == f.target && !at.out {
			f.apply(at)
			return true
		}
		for _, to := range f.next(at) {
			if _, seen := f.reached[to]; !seen {
				f.reached[to] = at
				queue = append(queue, to)
			}
		}
	}
	return false
}

// next are the halves that flow can still go to: forward along edges, back
// along used ones.
func (f *flowNet) next(at half) []half {
	var list []half
	if at.out {
		for _, e := range f.q.out.of(at.node) {
			if to := f.q.ends[e][1]; to != f.source {
				list = append(list, half{to, false})
			}
		}
		if f.through[at.node] && at.node != f.source {
			list = append(list, half{at.node, false})
		}
		return list
	}
	if !f.through[at.node] {
		list = append(list, half{at.node, true})
	}
	for _, e := range f.q.into.of(at.node) {
		if f.used[e] > 0 {
			list = append(list, half{f.q.ends[e][0], true})
		}
	}
	return list
}

// apply turns the way that was found over.
func (f *flowNet) apply(at half) {
	for at != (half{f.source, true}) {
		from := f.reached[at]
		switch {
		case from.node == at.node && !from.out && at.out:
			f.through[at.node] = true
		case from.node == at.node:
			delete(f.through, at.node)
		case from.out:
			f.used[f.edge(from.node, at.node, 0)]++
		default:
			f.used[f.edge(at.node, from.node, 1)]--
		}
		at = from
	}
}

// edge is one between two nodes that at least so many ways take.
func (f *flowNet) edge(from, to int32, used int) int32 {
	for _, e := range f.q.out.of(from) {
		if f.q.ends[e][1] == to && f.used[e] >= used {
			return e
		}
	}
	return noEdge
}

// cut are the nodes that the last search entered and could not leave.
func (f *flowNet) cut() []cloud.ResourceID {
	list := []cloud.ResourceID{}
	for at := range f.reached {
		if at.out || at.node == f.target {
			continue
		}
		if _, out := f.reached[half{at.node, true}]; !out {
			list = append(list, f.q.g.Nodes[at.node].ID)
		}
	}
	return list
}
