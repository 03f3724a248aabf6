package metrics

import (
	"slices"
	"strings"
	"sync"
)

// dimension is one name/value pair of a metric's identity.
type dimension struct{ name, value string }

// identity is what makes a metric the same metric. dims are sorted by name.
type identity struct {
	namespace, name string
	dims            []dimension
}

// key is the identity as one text that sorts by namespace, name, dimensions.
func (id identity) key() string {
	var b strings.Builder
	b.WriteString(id.namespace)
	b.WriteByte(0)
	b.WriteString(id.name)
	for _, d := range id.dims {
		b.WriteByte(0)
		b.WriteString(d.name)
		b.WriteByte(1)
		b.WriteString(d.value)
	}
	return b.String()
}

func sortDimensions(dims []dimension) {
	slices.SortFunc(dims, func(a, b dimension) int { return strings.Compare(a.name, b.name) })
}

// value returns the value of the named dimension.
func (id identity) value(name string) (string, bool) {
	for _, d := range id.dims {
		if d.name == name {
			return d.value, true
		}
	}
	return "", false
}

// metric is one metric with its samples, a column per unit.
type metric struct {
	identity
	units   []string
	columns []*column
	last    int64
}

// column returns the column of the unit, which it makes when it is new.
func (m *metric) column(unit string) *column {
	i, found := slices.BinarySearch(m.units, unit)
	if !found {
		m.units = slices.Insert(m.units, i, unit)
		m.columns = slices.Insert(m.columns, i, &column{ordered: true})
	}
	return m.columns[i]
}

// store holds all metrics. Its methods may be called concurrently.
type store struct {
	mu      sync.Mutex
	byKey   map[string]*metric
	keys    []string // sorted; rebuilt when stale
	stale   bool
	samples int
	most    int
}

func newStore(mostSamples int) *store {
	return &store{byKey: map[string]*metric{}, most: mostSamples}
}

// fits reports whether there is room for as much more.
func (s *store) fits(weight int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.samples+weight <= s.most
}

// weigh returns what the samples count against the limit.
func weigh(samples []sample) int {
	weight := 0
	for _, one := range samples {
		weight += 1 + len(one.values)
	}
	return weight
}

// add stores the samples of one metric in one unit. It reports false, and
// stores nothing, when there is no room.
func (s *store) add(id identity, unit string, samples []sample) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	weight := weigh(samples)
	if s.samples+weight > s.most {
		return false
	}
	s.samples += weight
	key := id.key()
	m := s.byKey[key]
	if m == nil {
		m = &metric{identity: id}
		s.byKey[key] = m
		s.stale = true
	}
	c := m.column(unit)
	for _, one := range samples {
		c.add(one)
		m.last = max(m.last, one.at)
	}
	return true
}

// walk calls f for each metric whose key is above after, in key order, until f
// returns false. f must not call the store.
func (s *store) walk(after string, f func(key string, m *metric) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stale {
		s.keys = s.keys[:0]
		for key := range s.byKey {
			s.keys = append(s.keys, key)
		}
		slices.Sort(s.keys)
		s.stale = false
	}
	from, found := slices.BinarySearch(s.keys, after)
	if found {
		from++
	}
	for _, key := range s.keys[from:] {
		if !f(key, s.byKey[key]) {
			return
		}
	}
}

// span is the part of a series a query asks for: data points of the period
// from start (included) to end (excluded), seen from visible on.
type span struct {
	start, end, period, visible int64
}

// bucket returns the index of the data point that the time belongs to.
func (sp span) bucket(at int64) int64 { return (at - sp.start) / sp.period }

// time returns the time stamp of the data point.
func (sp span) time(bucket int64) int64 { return sp.start + bucket*sp.period }

// read folds the samples of the metric into aggregates, one per period that
// has any, for one unit or (unit "") for all units merged.
func (s *store) read(id identity, unit string, sp span, distribution bool) []aggregate {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.byKey[id.key()]
	if m == nil {
		return nil
	}
	byBucket := map[int64]*aggregate{}
	for i, c := range m.columns {
		if unit == "" || m.units[i] == unit {
			c.fold(sp, distribution, byBucket)
		}
	}
	out := make([]aggregate, 0, len(byBucket))
	for _, a := range byBucket {
		out = append(out, *a)
	}
	slices.SortFunc(out, func(a, b aggregate) int { return int(min(max(a.at-b.at, -1), 1)) })
	return out
}

// unitsOf returns the units the metric was sent in, sorted.
func (s *store) unitsOf(id identity) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if m := s.byKey[id.key()]; m != nil {
		return slices.Clone(m.units)
	}
	return nil
}
