package objects

import (
	"errors"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move"
	"example.com/landfall/internal/move/objects/name"
	"example.com/landfall/internal/move/objects/object"
	"example.com/landfall/internal/move/objects/pace"
	"example.com/landfall/internal/move/objects/tally"
)

// Mover carries one bucket over into one container. It is safe for concurrent
// use: several shards may be worked on at once, and share its limits.
type Mover struct {
	ports    Ports
	settings Settings
	source   object.Source
	target   object.Target
	mapper   *name.Mapper
	origin   string // what marks say of the source
	tally    *tally.Tally
	gate     *pace.Gate
	buffers  *pace.Buffers
	budget   atomic.Uint64 // the bits of Limits.Cost, 0 for none
	meter    meter
	health   health
	route    route
	keeping  keeping
	// readsTags is set when tags could be read.
	readsTags atomic.Bool
	// disorder remembers which sides list out of order: bit 0 source, bit 1 target.
	disorder atomic.Uint32
	seen     atomic.Pointer[seen]
	limits   sync.Mutex
	limited  move.Limits
}

// New returns a mover. It makes no request.
func New(p Ports, s Settings, l move.Limits) (*Mover, error) {
	s, err := s.complete()
	if err != nil {
		return nil, err
	}
	mapper, err := name.New(s.Names)
	if err != nil {
		return nil, err
	}
	if p.Folder == "" {
		return nil, fault.Newf(fault.Internal, "move objects: there is no folder for the manifest")
	}
	if p.Now == nil {
		p.Now = time.Now
	}
	m := &Mover{ports: p, settings: s, mapper: mapper, origin: originOf(s.Source), tally: &tally.Tally{}}
	m.source, m.target = m.tally.OfSource(p.Source), m.tally.OfTarget(p.Target)
	m.gate = pace.NewGate(l.Requests, p.Now)
	memory := l.Buffers
	if memory == 0 {
		memory = defaultBuffers
	}
	m.buffers = pace.NewBuffers(memory)
	if s.Names.Account.Hierarchical {
		// Folders come before all else there: "a/b" before "a-b".
		m.disorder.Store(disorderTarget)
	}
	m.SetLimits(l)
	return m, nil
}

// SetLimits changes the limits while work is going on. The memory for bodies
// stays what New was given.
func (m *Mover) SetLimits(l move.Limits) {
	m.limits.Lock()
	defer m.limits.Unlock()
	m.tally.Bytes.Set(float64(l.BytesPerSecond))
	m.tally.Source.Set(l.RequestsPerSecond)
	m.tally.Target.Set(l.RequestsPerSecond)
	if l.Requests != m.limited.Requests {
		m.gate.Fix(l.Requests)
	}
	m.budget.Store(math.Float64bits(l.Cost))
	m.limited = l
}

// Pause lets no new request begin; those in flight end. Resume goes on.
func (m *Mover) Pause() { m.gate.Pause() }

// Resume ends a pause.
func (m *Mover) Resume() { m.gate.Resume() }

// Slowed is for the drivers to call when "source" or "target" asks to slow down.
func (m *Mover) Slowed(side string) { m.gate.Slowed(side) }

// Use is what was used up so far.
func (m *Mover) Use() tally.Use { return m.tally.Use() }

// errSpent is of a limit of cost that is reached: it ends the pass, whatever
// object meets it.
var errSpent = errors.New("the limit of cost is reached")

// spent is an error when the limit of cost is reached. It is asked before each
// object, and each block of a large one: one of them may cost more than all else.
func (m *Mover) spent() error {
	budget := math.Float64frombits(m.budget.Load())
	if budget == 0 {
		return nil
	}
	if cost := m.tally.Use().Cost(m.ports.Prices); cost >= budget {
		return fault.Of(fault.Refused, fmt.Sprintf("go on moving objects, which have cost about %.4g USD of %.4g USD", cost, budget), "", errSpent).
			Hintf("the same command with a higher --max-cost goes on from here")
	}
	return nil
}

// patience is how many requests in a row may fail for reasons of the service
// before the pass is given up, so that an outage does not turn into a list of all
// objects.
const patience = 100

// health counts failures in a row.
type health struct{ row atomic.Int64 }

func (h *health) good() {
	if h.row.Load() != 0 {
		h.row.Store(0)
	}
}

// bad reports whether patience is at its end.
func (h *health) bad() bool { return h.row.Add(1) >= patience }
