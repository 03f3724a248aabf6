package accesslog

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"example.com/landfall/internal/kpi"
	"example.com/landfall/internal/records/weblog"
)

const (
	// maxNames is how many different names may stand at one place of a route
	// before they are taken for ids that no rule knows by sight (titles, user
	// names): /books/history-of-salt is then /books/{*}. Only requests that went
	// well count as names, since anybody can ask for anything.
	maxNames = 100
	// maxRoutes bounds the routes that are kept while reading.
	maxRoutes = 20_000
	// maxDepth bounds the rounds of folding; a route has fewer segments.
	maxDepth = 16
	// clientsPerFlow and clientsPerFront are the sizes of the estimates: exact
	// below, 6 % and 2 % off beyond.
	clientsPerFlow  = 256
	clientsPerFront = 2048
	// maxFronts bounds fronts and target groups; a log of one's own could name
	// a new one in every line.
	maxFronts = 1000
)

// place is what a flow is told by.
type place struct{ front, host, method, route string }

// beyond is the place of what belongs to no route: requests that never went
// well, and routes beyond the bound.
func beyond(front string) place { return place{front: front, host: "*", method: "*", route: other} }

const other = "other"

func (p place) compare(o place) int {
	return cmp.Or(strings.Compare(p.front, o.front), strings.Compare(p.host, o.host), strings.Compare(p.route, o.route), strings.Compare(p.method, o.method))
}

// flow is a place and what happened there.
type flow struct {
	place
	*tally
}

// shard sums up the entries that one worker read.
type shard struct {
	flows map[string]*flow
	// folded are the places of routes whose names are folded, as
	// front, host and the route up to there.
	folded map[string]bool
	// fronts and groups are the components: by name in the log, by ARN.
	fronts, groups map[string]*tally
	entries        int64
	key            []byte
}

func newShard() *shard {
	return &shard{flows: map[string]*flow{}, folded: map[string]bool{}, fronts: map[string]*tally{}, groups: map[string]*tally{}}
}

// add counts one entry.
func (s *shard) add(e *weblog.Entry) {
	s.entries++
	client := hashOf(e.Client)
	component(s.fronts, e.Front).add(e, client)
	if e.TargetGroup != "" {
		component(s.groups, e.TargetGroup).add(e, client)
	}
	if e.Path == "" && e.Method == "" {
		return // a connection of a network load balancer is no request
	}
	method := e.Method
	if !isMethod(method) {
		method = "?"
	}
	s.key = appendPlace(s.key[:0], e.Front, e.Host, method)
	s.key = kpi.AppendRoute(s.key, e.Path)
	f := s.flows[string(s.key)]
	if f == nil {
		f = s.flow(place{e.Front, e.Host, method, kpi.Route(e.Path)})
	}
	f.tally.add(e, client)
}

// component returns the tally of a front or a target group; those beyond the
// bound share one.
func component(list map[string]*tally, name string) *tally {
	t := list[name]
	if t == nil && len(list) >= maxFronts {
		name = other
		t = list[name]
	}
	if t == nil {
		t = newTally(clientsPerFront)
		list[strings.Clone(name)] = t
	}
	return t
}

// isMethod keeps what a client may invent out of the names of flows.
func isMethod(s string) bool {
	switch s {
	case "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE", "PROPFIND", "PURGE":
		return true
	}
	return false
}

func appendPlace(b []byte, front, host, method string) []byte {
	b = append(b, front...)
	b = append(b, 0)
	b = append(b, host...)
	b = append(b, 0)
	b = append(b, method...)
	return append(b, 0)
}

func (p place) key() string {
	return string(append(appendPlace(nil, p.front, p.host, p.method), p.route...))
}

// flow returns the flow of a place that is not known by this name, and makes
// room when there are too many.
func (s *shard) flow(p place) *flow {
	p.route = s.fold(p)
	key := p.key()
	if f := s.flows[key]; f != nil {
		return f
	}
	if len(s.flows) >= maxRoutes {
		s.tidy()
		s.evict()
		p.route = s.fold(p)
		key = p.key()
	}
	return s.at(key, p)
}

func (s *shard) at(key string, p place) *flow {
	f := s.flows[key]
	if f == nil {
		// The strings of an entry share a whole line; see weblog.Parser.
		p = place{strings.Clone(p.front), strings.Clone(p.host), p.method, strings.Clone(p.route)}
		f = &flow{p, newTally(clientsPerFlow)}
		s.flows[key] = f
	}
	return f
}

// fold gives the route with the names of folded places left out.
func (s *shard) fold(p place) string {
	if len(s.folded) == 0 || p.route == "/" || p.route == other {
		return p.route
	}
	prefix := append(appendPlace(nil, p.front, p.host, ""), '/')
	start := len(prefix) - 1
	for name := range strings.SplitSeq(p.route[1:], "/") {
		if s.folded[string(prefix)] {
			name = "{*}"
		}
		prefix = append(append(prefix, name...), '/')
	}
	return string(prefix[start : len(prefix)-1])
}

// tidy finds the places that have too many names and folds their routes. A
// fold may bring names together that were apart, so it goes on until nothing
// changes; each round reaches one level deeper at least.
func (s *shard) tidy() {
	for range maxDepth {
		if !s.findFolds() {
			break
		}
		s.refold()
	}
}

func (s *shard) findFolds() bool {
	names := map[string]map[string]bool{}
	for _, f := range s.flows {
		if !f.good || f.route == other || f.route == "/" {
			continue
		}
		prefix := append(appendPlace(nil, f.front, f.host, ""), '/')
		for name := range strings.SplitSeq(f.route[1:], "/") {
			set := names[string(prefix)]
			if set == nil {
				set = map[string]bool{}
				names[string(prefix)] = set
			}
			if len(set) <= maxNames {
				set[name] = true
			}
			prefix = append(append(prefix, name...), '/')
		}
	}
	found := false
	for prefix, set := range names {
		if len(set) > maxNames && !s.folded[prefix] {
			s.folded[prefix], found = true, true
		}
	}
	return found
}

func (s *shard) refold() {
	for key, f := range maps.Clone(s.flows) {
		route := s.fold(f.place)
		if route == f.route {
			continue
		}
		delete(s.flows, key)
		p := f.place
		p.route = route
		s.at(p.key(), p).merge(f.tally)
	}
}

// evict moves half of the routes to "other" when folding did not make room:
// first those that never went well, then by the hash of their names, because
// which hashes are the smallest does not depend on the order of the entries.
func (s *shard) evict() {
	if len(s.flows) < maxRoutes*3/4 {
		return
	}
	type hashed struct {
		key  string
		hash uint64
		*flow
	}
	list := make([]hashed, 0, len(s.flows))
	for key, f := range s.flows {
		list = append(list, hashed{key, hashOf(key), f})
	}
	slices.SortFunc(list, func(a, b hashed) int {
		if a.good != b.good {
			if a.good {
				return -1
			}
			return 1
		}
		return cmp.Or(cmp.Compare(a.hash, b.hash), strings.Compare(a.key, b.key))
	})
	for _, f := range list[maxRoutes/2:] {
		s.toOther(f.flow)
	}
}

func (s *shard) toOther(f *flow) {
	if f.route == other {
		return
	}
	delete(s.flows, f.key())
	p := beyond(f.front)
	s.at(p.key(), p).merge(f.tally)
}

// merge adds what another worker summed up.
func (s *shard) merge(o *shard) {
	s.entries += o.entries
	for prefix := range o.folded {
		s.folded[prefix] = true
	}
	for _, key := range slices.Sorted(maps.Keys(o.flows)) {
		f := o.flows[key]
		s.at(key, f.place).merge(f.tally)
	}
	for name, t := range o.fronts {
		component(s.fronts, name).merge(t)
	}
	for name, t := range o.groups {
		component(s.groups, name).merge(t)
	}
}

// finish folds what is to be folded, moves to "other" what is no route and
// what is not among the busiest, and returns the flows in order.
func (s *shard) finish(most int) []*flow {
	s.refold()
	s.tidy()
	list := slices.SortedFunc(maps.Values(s.flows), func(a, b *flow) int {
		return cmp.Or(cmp.Compare(b.requests, a.requests), a.compare(b.place))
	})
	kept := 0
	for _, f := range list {
		if f.route == other {
			continue
		}
		if kept++; !f.good || kept > most {
			if !f.good {
				kept--
			}
			s.toOther(f)
		}
	}
	return slices.SortedFunc(maps.Values(s.flows), func(a, b *flow) int { return a.compare(b.place) })
}
