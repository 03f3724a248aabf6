package shadow

import (
	"maps"
	"slices"
	"sync"
	"time"
)

// maxFields bounds the paths that are kept of a route; those beyond are counted together.
const maxFields = 200

// Report tallies comparisons. The zero value is ready; it may be used by many.
type Report struct {
	mu     sync.Mutex
	routes map[string]*tally
}

type tally struct {
	RouteReport
	fields map[string]*FieldReport
}

// RouteReport is what the copies of a route's requests showed.
type RouteReport struct {
	Route string `json:"route"`
	// Compared are the copies that were answered: Same and Different. Failed
	// were not, Dropped never sent. Cut had a body too long to be compared.
	Compared  int64 `json:"compared"`
	Same      int64 `json:"same"`
	Different int64 `json:"different"`
	Failed    int64 `json:"failed"`
	Dropped   int64 `json:"dropped"`
	Cut       int64 `json:"cut"`
	// Unrepeated were compared without a second call, so that natural
	// differences count among the others.
	Unrepeated int64         `json:"unrepeated"`
	Fields     []FieldReport `json:"fields"`
	// FieldsBeyond counts differences at paths for which there was no room.
	FieldsBeyond int64 `json:"fieldsBeyond"`
}

// FieldReport is a path at which answers differ.
type FieldReport struct {
	Path string `json:"path"`
	// Differences count; Natural ones, seen between two calls of one side, do not.
	Differences int64 `json:"differences"`
	Natural     int64 `json:"natural"`
	// Example is the latest difference; At is its time.
	Example Difference `json:"example"`
	At      time.Time  `json:"at"`
}

// Outcome is one comparison.
type Outcome struct {
	Route    string
	At       time.Time
	Counted  []Difference
	Natural  []Difference
	Cut      bool
	Repeated bool
}

// Add counts a comparison.
func (r *Report) Add(o Outcome) {
	r.mu.Lock()
	defer r.mu.Unlock()
	t := r.of(o.Route)
	t.Compared++
	if len(o.Counted) == 0 {
		t.Same++
	} else {
		t.Different++
	}
	if o.Cut {
		t.Cut++
	}
	if !o.Repeated {
		t.Unrepeated++
	}
	for _, d := range o.Counted {
		if f := t.field(d.Path); f != nil {
			f.Differences++
			f.Example, f.At = d, o.At
		}
	}
	for _, d := range o.Natural {
		if f := t.field(d.Path); f != nil {
			f.Natural++
			if f.At.IsZero() {
				f.Example = d
			}
		}
	}
}

// Fail counts a copy without an answer, Drop one that was not sent.
func (r *Report) Fail(route string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.of(route).Failed++
}

// Drop counts a copy that found no place.
func (r *Report) Drop(route string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.of(route).Dropped++
}

func (r *Report) of(route string) *tally {
	if r.routes == nil {
		r.routes = map[string]*tally{}
	}
	t := r.routes[route]
	if t == nil {
		t = &tally{RouteReport: RouteReport{Route: route}, fields: map[string]*FieldReport{}}
		r.routes[route] = t
	}
	return t
}

func (t *tally) field(path string) *FieldReport {
	if f := t.fields[path]; f != nil {
		return f
	}
	if len(t.fields) >= maxFields {
		t.FieldsBeyond++
		return nil
	}
	f := &FieldReport{Path: path}
	t.fields[path] = f
	return f
}

// Routes returns the report, by route and path.
func (r *Report) Routes() []RouteReport {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := make([]RouteReport, 0, len(r.routes))
	for _, name := range slices.Sorted(maps.Keys(r.routes)) {
		t := r.routes[name]
		one := t.RouteReport
		one.Fields = make([]FieldReport, 0, len(t.fields))
		for _, path := range slices.Sorted(maps.Keys(t.fields)) {
			one.Fields = append(one.Fields, *t.fields[path])
		}
		out = append(out, one)
	}
	return out
}
