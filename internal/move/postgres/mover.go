package postgres

import (
	"cmp"
	"context"
	"reflect"
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
	// SourceAddress is that of the source as the target's server reaches it, host or
	// host:port, TargetAddress the other way round; "" means as Landfall does.
	SourceAddress, TargetAddress string
	Store                        Store
	// Record keeps evidence: a kind and a body that can be written as JSON. nil keeps
	// none.
	Record func(ctx context.Context, kind string, body any) error
	// Progress hears how far a verb is, from one goroutine at a time. nil is nobody.
	Progress func(move.Progress)
	// Say hears of what a person should know at once, in a sentence. nil is nobody.
	Say func(text string)
	// Journal opens what the comparison behind a fence has kept of a pass, empty for a
	// pass that is new; nil keeps nothing.
	Journal func(pass string) (Kept, error)
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

// Kept is a journal of one pass.
type Kept interface {
	move.Journal
	// Discard drops what was kept, Close leaves it for another process.
	Discard() error
	Close() error
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
	// route is the source as the target's server reaches it, back the other way round;
	// the zero value is as Landfall does.
	route, back pg.Endpoint
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
	m := &Mover{ports: p, settings: s, limits: l}
	if err := m.load(); err != nil {
		return nil, err
	}
	if err := m.settle(); err != nil {
		return nil, err
	}
	return m, nil
}

// defaultSlotWAL bounds the log that a slot may keep where neither the server nor
// the caller does.
const defaultSlotWAL = 16 << 30

// settle takes from the document what this process was not told, and refuses what
// contradicts it.
func (m *Mover) settle() error {
	d, s := &m.doc, &m.settings
	if !m.over() {
		if d.Source != m.ports.Source.String() || d.Target != m.ports.Target.String() {
			return fault.Newf(fault.Conflict, "go on with the move: it is between %s and %s", d.Source, d.Target).
				Hintf("landfall move postgres abandon ends it")
		}
		kept := d.Settings
		if given := s.Select; !reflect.DeepEqual(given, pg.Selection{}) && !reflect.DeepEqual(given, kept.Select) ||
			s.Offline && !kept.Offline || s.NoReturn && !kept.NoReturn || s.Identity && !kept.Identity {
			return fault.Newf(fault.Conflict, "go on with the move: it was begun with other settings").Hintf("leave the flags out: the move knows them")
		}
		s.Select, s.Offline, s.NoReturn, s.Identity, s.ChunkBytes = kept.Select, kept.Offline, kept.NoReturn, kept.Identity, kept.ChunkBytes
		s.OpenTarget = s.OpenTarget || kept.OpenTarget
		s.Guard.Bytes = cmp.Or(s.Guard.Bytes, kept.Guard.Bytes)
		s.Margin, s.Grace, s.Busy = cmp.Or(s.Margin, kept.Margin), cmp.Or(s.Grace, kept.Grace), cmp.Or(s.Busy, kept.Busy)
		m.ports.SourceAddress, m.ports.TargetAddress = cmp.Or(m.ports.SourceAddress, d.SourceAddress), cmp.Or(m.ports.TargetAddress, d.TargetAddress)
	}
	s.Guard.Bytes = cmp.Or(s.Guard.Bytes, defaultSlotWAL)
	var err error
	if m.route, err = m.ports.Source.Through(m.ports.SourceAddress); err != nil {
		return err
	}
	m.back, err = m.ports.Target.Through(m.ports.TargetAddress)
	return err
}

// Document is what the move has written down.
func (m *Mover) Document() Document { return m.doc }

// over reports whether there is nothing to go on with.
func (m *Mover) over() bool {
	return m.in(None, Signed, Abandoned)
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
