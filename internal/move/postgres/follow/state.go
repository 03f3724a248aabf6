package follow

import (
	"time"

	"example.com/landfall/internal/move/postgres/pg"
)

// State is how a set of streams stands.
type State struct {
	At time.Time `json:"at"`
	// Bytes and Seconds are the lag of the slowest stream. Bytes is what the
	// publisher has written and the stream has not confirmed; Seconds is the time
	// since the subscriber had all that the publisher had written by then, 0 when it
	// has everything.
	Bytes   int64   `json:"bytes"`
	Seconds float64 `json:"seconds"`
	// Known says that Bytes and Seconds are measured of every stream. As long as a
	// stream has not reached where the log ended at the first look, Seconds is a lower
	// bound, and Known is false: a gate stays shut.
	Known   bool          `json:"known"`
	Streams []StreamState `json:"streams"`
	// Unreachable says which server did not answer, "" for none.
	Unreachable string `json:"unreachable,omitempty"`
	// Lost says why following has ended for good, "" as long as it has not: a slot is
	// gone or invalid, or the guard demands it.
	Lost string `json:"lost,omitempty"`
}

// Stuck is the first stream that cannot go on, nil for none.
func (s State) Stuck() *StreamState {
	for i := range s.Streams {
		if s.Streams[i].Stuck {
			return &s.Streams[i]
		}
	}
	return nil
}

// StreamState is how one stream stands.
type StreamState struct {
	Slot
	Bytes   int64   `json:"bytes"`
	Seconds float64 `json:"seconds"`
	// Enabled says that the subscription is; Worker is the process that applies, 0
	// for none; Restarts counts its changes since the Follower began, Errors those that
	// the server has counted since then (PostgreSQL 15 and later).
	Enabled  bool  `json:"enabled"`
	Worker   int   `json:"worker"`
	Restarts int   `json:"restarts,omitempty"`
	Errors   int64 `json:"errors,omitempty"`
	// Trouble says in a sentence what is wrong, "" for nothing.
	Trouble string `json:"trouble,omitempty"`
	// Stuck says that the worker fails again and again at the same place, Stall why,
	// as far as it can be seen without the server's log.
	Stuck bool   `json:"stuck,omitempty"`
	Stall *Stall `json:"stall,omitempty"`
}

// samples bounds what is remembered of the publisher's log: at one look a second it
// is more than an hour, and a lag that is longer is told as at least that.
const samples = 4096

// sample is where the publisher's log ended at a time.
type sample struct {
	at  time.Time
	end pg.LSN
}

// past remembers the ends of the log, oldest first.
type past []sample

// add remembers an end. One that is equal to the last two says nothing new, but for
// the time until which it was the end.
func (p past) add(s sample) past {
	n := len(p)
	if n >= 2 && p[n-1].end == s.end && p[n-2].end == s.end {
		p[n-1] = s
		return p
	}
	if n == samples {
		// Every second one of the older half goes: old lags are told more coarsely.
		kept := p[:0:0]
		for i, old := range p {
			if i >= n/2 || i%2 == 0 {
				kept = append(kept, old)
			}
		}
		p = kept
	}
	return append(p, s)
}

// behind is the time since the subscriber had all that had been written by then. A
// subscriber that has not reached the first end yet is behind for at least that time;
// then known is false.
func (p past) behind(confirmed pg.LSN) (d time.Duration, known bool) {
	if len(p) == 0 {
		return 0, false
	}
	last := p[len(p)-1]
	if confirmed >= last.end {
		return 0, true
	}
	for i := len(p) - 1; i >= 0; i-- {
		if p[i].end <= confirmed {
			return last.at.Sub(p[i].at), true
		}
	}
	return last.at.Sub(p[0].at), false
}
