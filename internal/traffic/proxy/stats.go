package proxy

import (
	"maps"
	"slices"
	"sync"
	"time"
)

// window is over how many seconds the observed share is measured.
const window = 60

// SideStatus is a side as the admin API tells it.
type SideStatus struct {
	Side     string `json:"side"`
	Requests int64  `json:"requests"`
	// Errors are answers of 500 and above, no answers, and answers that broke off.
	Errors   int64 `json:"errors"`
	InFlight int64 `json:"inFlight"`
	// WindowRequests and WindowErrors are those of the last minute;
	// ObservedShare is in basis points of that minute's requests, absent when
	// there were none: unknown is not zero.
	WindowRequests int64 `json:"windowRequests"`
	WindowErrors   int64 `json:"windowErrors"`
	ObservedShare  *int  `json:"observedShare,omitempty"`
	Endpoints      any   `json:"endpoints,omitempty"`
}

// stats counts exchanges by side.
type stats struct {
	now   func() time.Time
	mu    sync.Mutex
	sides map[string]*counts
}

type counts struct {
	requests, errors int64
	seconds          [window]second
}

type second struct{ at, requests, errors int64 }

func newStats(now func() time.Time) *stats {
	return &stats{now: now, sides: map[string]*counts{}}
}

func (s *stats) add(side string, failed bool) {
	at := s.now().Unix()
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.sides[side]
	if c == nil {
		c = &counts{}
		s.sides[side] = c
	}
	cell := &c.seconds[at%window]
	if cell.at != at {
		*cell = second{at: at}
	}
	c.requests++
	cell.requests++
	if failed {
		c.errors++
		cell.errors++
	}
}

// status returns what was counted, by side; those without a request too.
func (s *stats) status(names []string) []SideStatus {
	at := s.now().Unix()
	s.mu.Lock()
	defer s.mu.Unlock()
	all := map[string]bool{}
	for _, name := range slices.Concat(names, slices.Collect(maps.Keys(s.sides))) {
		all[name] = true
	}
	var out []SideStatus
	var total int64
	for _, name := range slices.Sorted(maps.Keys(all)) {
		one := SideStatus{Side: name}
		if c := s.sides[name]; c != nil {
			one.Requests, one.Errors = c.requests, c.errors
			one.WindowRequests, one.WindowErrors = c.window(at)
		}
		total += one.WindowRequests
		out = append(out, one)
	}
	for i := range out {
		if total > 0 {
			share := int((out[i].WindowRequests*10000 + total/2) / total)
			out[i].ObservedShare = &share
		}
	}
	return out
}

func (c *counts) window(at int64) (requests, errors int64) {
	for _, cell := range c.seconds {
		if cell.at > at-window {
			requests += cell.requests
			errors += cell.errors
		}
	}
	return requests, errors
}
