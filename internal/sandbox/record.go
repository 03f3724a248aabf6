package sandbox

import (
	"cmp"
	"log/slog"
	"slices"
	"sync"
	"time"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/sandbox/part"
)

// record is the supervisor's own copy of the state, which it writes to disk
// on every change.
type record struct {
	layout layout
	now    func() time.Time
	log    *slog.Logger

	mu      sync.Mutex
	state   State
	err     error
	written time.Time
}

// countEvery is how often a running count goes to disk at most. Seeding counts
// tens of thousands of objects, and each write waits for the disk.
const countEvery = 200 * time.Millisecond

// change edits the state and writes it. A disk that does not take it is
// remembered: a start whose progress cannot be recorded is not progress, and
// ends with that error; see Err.
func (r *record) change(edit func(*State)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	edit(&r.state)
	r.write()
}

func (r *record) write() {
	r.written = r.now()
	if err := writeJSON(r.layout.state(), r.state); err != nil {
		if r.err == nil {
			r.log.Error("write the state of the sandbox", slog.String("cause", err.Error()))
		}
		r.err = err
		return
	}
	r.err = nil
}

// Err is the error of the last write.
func (r *record) Err() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return fault.Wrap(r.err, "record the state of the sandbox", "")
}

// snapshot returns a copy that the supervisor does not change any more.
func (r *record) snapshot() State {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.state
	s.Parts = slices.Clone(s.Parts)
	s.Stages = slices.Clone(s.Stages)
	s.Events = slices.Clone(s.Events)
	return s
}

func (r *record) phase(p Phase) {
	r.change(func(s *State) {
		s.Phase = p
		if p == PhaseReady {
			s.Ready = r.now()
		}
	})
	r.log.Info("phase", slog.String("phase", string(p)))
}

func (r *record) fail(err error) {
	r.change(func(s *State) {
		s.Phase, s.Trouble = PhaseFailed, troubleOf(err)
	})
	r.log.Error("sandbox failed", slog.String("cause", err.Error()))
}

// say adds an event.
func (r *record) say(stage, text string) { r.progress(stage, text, 0, 0) }

// progress adds an event that is counted. A running count replaces the last
// event of its step, so that the list stays short.
func (r *record) progress(stage, text string, done, total int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := &r.state
	number := 1
	if n := len(s.Events); n > 0 {
		number = s.Events[n-1].Number + 1
	}
	e := Event{Number: number, Time: r.now(), Stage: stage, Text: text, Done: done, Total: total}
	i := slices.IndexFunc(s.Events, func(o Event) bool { return total > 0 && o.Stage == stage && o.Total > 0 })
	if i >= 0 {
		s.Events = slices.Delete(s.Events, i, i+1)
	}
	s.Events = append(s.Events, e)
	if over := len(s.Events) - maxEvents; over > 0 {
		s.Events = slices.Delete(s.Events, 0, over)
	}
	if done == total || r.now().Sub(r.written) >= countEvery {
		r.write()
	}
}

// partChanged takes over what a server says of itself.
func (r *record) partChanged(p part.Status) {
	r.change(func(s *State) {
		i, found := findPart(s, p.Name)
		if found {
			s.Parts[i] = p
			return
		}
		s.Parts = slices.Insert(s.Parts, i, p)
	})
}

// partGone forgets a server that does not belong to the sandbox any more.
func (r *record) partGone(name string) {
	r.change(func(s *State) {
		if i, found := findPart(s, name); found {
			s.Parts = slices.Delete(s.Parts, i, i+1)
		}
	})
}

func findPart(s *State, name string) (int, bool) {
	return slices.BinarySearchFunc(s.Parts, name, func(have part.Status, name string) int { return cmp.Compare(have.Name, name) })
}

func (r *record) stageDone(name string, began time.Time) {
	r.change(func(s *State) {
		s.Stages = append(s.Stages, Stage{Name: name, Began: seconds(began.Sub(s.Started)), Seconds: seconds(r.now().Sub(began))})
	})
}

// seconds rounds to milliseconds.
func seconds(d time.Duration) float64 { return float64(d.Milliseconds()) / 1000 }
