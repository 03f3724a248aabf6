package postgres

import (
	"context"
	"slices"
	"sync"
	"time"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move"
	"example.com/landfall/internal/move/postgres/dump"
	"example.com/landfall/internal/move/postgres/follow"
	"example.com/landfall/internal/move/postgres/pg"
)

// Ports are what a move works with.
type Ports struct {
	Source, Target pg.Endpoint
	// Route is the source as the target's server reaches it, Back the target as the
	// source's server does; the zero value means as Landfall does.
	Route, Back pg.Endpoint
	Store       Store
	// Record keeps evidence: a kind and a body that can be written as JSON. nil keeps
	// none.
	Record func(ctx context.Context, kind string, body any) error
	// Progress hears how far a verb is, from one goroutine at a time. nil is nobody.
	Progress func(move.Progress)
	// Say hears of what a person should know at once, in a sentence. nil is nobody.
	Say func(text string)
	// Journal keeps what a comparison has done; nil keeps nothing.
	Journal move.Journal
	// Programs are pg_dump and pg_restore; the zero value looks for them.
	Programs dump.Programs
	// Alone keeps every other process from changing the move until release, for a
	// verb that only watches; fault.Conflict when one is at it. nil is for callers that
	// see to it themselves.
	Alone func(ctx context.Context) (release func(), err error)
	// Now is the clock; nil is time.Now.
	Now func() time.Time
	// Point is passed at places where a kill would be the most interesting; a test
	// kills there.
	Point func(name string)
}

// Settings say what is moved and how. They stay the same for a move.
type Settings struct {
	Select pg.Selection `json:"select"`
	// Offline copies once and follows nothing: the source stands still meanwhile.
	Offline bool `json:"offline,omitempty"`
	// Identity lets Landfall set replica identities at the source, where updates and
	// deletes could not be followed otherwise.
	Identity bool `json:"identity,omitempty"`
	// NoReturn leaves out the way back after the switch.
	NoReturn bool `json:"noReturn,omitempty"`
	// OpenTarget leaves the target open to others while it follows.
	OpenTarget bool `json:"openTarget,omitempty"`
	// Jobs copy at once, IndexJobs build indexes at once, ChunkBytes is the size of the
	// pieces of large tables; 0 takes the defaults of package base.
	Jobs       int   `json:"jobs,omitempty"`
	IndexJobs  int   `json:"indexJobs,omitempty"`
	ChunkBytes int64 `json:"chunkBytes,omitempty"`
	// Busy lets the copy wait while more than so many sessions of others work at the
	// source; 0 never waits.
	Busy  int          `json:"busy,omitempty"`
	Guard follow.Guard `json:"guard"`
	// Margin is how many numbers sequences are set ahead at a switch.
	Margin int64 `json:"margin,omitempty"`
	// Grace is how long transactions may go on that are open when the fence goes up.
	Grace time.Duration `json:"grace,omitempty"`
}

// Mover carries one database over. Its verbs are called one at a time.
type Mover struct {
	ports    Ports
	settings Settings
	limits   move.Limits
	doc      Document
	// recording keeps the records of several goroutines apart.
	recording sync.Mutex
}

// New returns a mover with what its store has kept of an earlier process. A move
// that was begun with other settings or between other databases is refused.
func New(p Ports, s Settings, l move.Limits) (*Mover, error) {
	if !p.Source.Valid() || !p.Target.Valid() || p.Store == nil {
		return nil, fault.Newf(fault.Internal, "move a database: a side or the store is missing")
	}
	if p.Now == nil {
		p.Now = time.Now
	}
	if !p.Route.Valid() {
		p.Route = p.Source
	}
	if !p.Back.Valid() {
		p.Back = p.Target
	}
	m := &Mover{ports: p, settings: s, limits: l}
	if err := m.load(); err != nil {
		return nil, err
	}
	d := &m.doc
	if d.Stage != None && (d.Source != p.Source.String() || d.Target != p.Target.String()) {
		return nil, fault.Newf(fault.Conflict, "go on with the move: it is between %s and %s", d.Source, d.Target).
			Hintf("landfall move postgres abandon ends it")
	}
	return m, nil
}

// Document is what the move has written down.
func (m *Mover) Document() Document { return m.doc }

// over reports whether there is nothing to go on with.
func (m *Mover) over() bool {
	return slices.Contains([]Stage{None, Signed, Abandoned}, m.doc.Stage)
}

func (m *Mover) tell(kind string, details any) error {
	if m.ports.Record == nil {
		return nil
	}
	m.recording.Lock()
	defer m.recording.Unlock()
	body := map[string]any{"run": string(m.doc.Run), "source": m.doc.Source, "target": m.doc.Target, "at": m.ports.Now().UTC().Format(time.RFC3339Nano), "details": details}
	// What happened is recorded, also when nobody waits any more.
	ctx, cancel := context.WithTimeout(context.Background(), recordWithin)
	defer cancel()
	return m.ports.Record(ctx, "postgres."+kind, body)
}

// recordWithin bounds one record.
const recordWithin = 30 * time.Second

func (m *Mover) say(text string) {
	if m.ports.Say != nil {
		m.ports.Say(text)
	}
}

// counting tells progress in a unit.
func (m *Mover) counting(unit string) func(move.Progress) {
	return func(p move.Progress) {
		if m.ports.Progress != nil {
			p.Unit = unit
			m.ports.Progress(p)
		}
	}
}

func (m *Mover) point(name string) {
	if m.ports.Point != nil {
		m.ports.Point(name)
	}
}
