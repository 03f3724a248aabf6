package postgres

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move/postgres/follow"
	"example.com/landfall/internal/move/postgres/follow/ddl"
	"example.com/landfall/internal/move/postgres/pg"
)

const (
	// driftEvery is how often the schema of the source is compared with the one that
	// was copied, while the move is watched.
	driftEvery = time.Minute
	// drainWithin bounds the wait for what is on its way when nobody writes any more.
	drainWithin = time.Hour
)

// streams are those that the target follows, or the one that comes back from it
// after the switch.
func (m *Mover) streams(ctx context.Context) ([]follow.Stream, error) {
	if slices.Contains([]Stage{Returning, Switched}, m.doc.Stage) {
		back, err := m.reverse(ctx)
		return []follow.Stream{back}, err
	}
	return m.forward(ctx)
}

// forward are the streams from the source to the target.
func (m *Mover) forward(ctx context.Context) ([]follow.Stream, error) {
	tables, err := m.tables(ctx, m.ports.Source)
	if err != nil {
		return nil, err
	}
	var all []follow.Stream
	for _, s := range m.doc.Streams {
		if !s.Ready {
			continue
		}
		var own []pg.Table
		for _, t := range tables {
			if slices.Contains(s.Tables, t.Name) {
				own = append(own, t)
			}
		}
		all = append(all, m.stream(s.Name, own))
	}
	return all, nil
}

// reverse is the stream from the target to the source.
func (m *Mover) reverse(ctx context.Context) (follow.Stream, error) {
	tables, err := m.tables(ctx, m.ports.Target)
	if err != nil {
		return follow.Stream{}, err
	}
	moved := map[pg.Name]bool{}
	for _, s := range m.doc.Streams {
		for _, t := range s.Tables {
			moved[t] = true
		}
	}
	tables = slices.DeleteFunc(tables, func(t pg.Table) bool { return !moved[t.Name] })
	return follow.Reversed(m.stream(m.doc.Run.Generation(1), nil), tables, m.ports.Back), nil
}

func (m *Mover) tables(ctx context.Context, at pg.Endpoint) ([]pg.Table, error) {
	conn, err := at.Connect(ctx, "tables")
	if err != nil {
		return nil, err
	}
	defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // it only read
	return pg.Tables(ctx, conn, m.settings.Select)
}

// follower watches the streams of the present stage.
func (m *Mover) follower(ctx context.Context) (*follow.Follower, error) {
	streams, err := m.streams(ctx)
	if err != nil {
		return nil, err
	}
	if len(streams) == 0 {
		return nil, fault.Newf(fault.Refused, "look how far the target is: it follows nothing").Hintf("landfall move postgres status")
	}
	return follow.NewFollower(streams, follow.Options{Guard: m.settings.Guard}), nil
}

// following are the stages at which something is on its way.
func following() []Stage {
	return []Stage{Copying, Following, Fenced, Drained, Proved, Returning, Switched}
}

// Lag looks once how far behind the other side is.
func (m *Mover) Lag(ctx context.Context) (follow.State, error) {
	if err := m.at("look how far the target is", following()...); err != nil {
		return follow.State{}, err
	}
	if m.doc.Lost != "" {
		return follow.State{Lost: m.doc.Lost}, nil
	}
	f, err := m.follower(ctx)
	if err != nil {
		return follow.State{}, err
	}
	defer f.Close()
	return f.Look(ctx)
}

// Drift names what has changed in the schema of the source since it was copied.
func (m *Mover) Drift(ctx context.Context) ([]ddl.Change, error) {
	conn, err := m.ports.Source.Connect(ctx, "schema")
	if err != nil {
		return nil, err
	}
	defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // it only read
	now, err := ddl.Read(ctx, conn, m.settings.Select)
	if err != nil {
		return nil, err
	}
	return ddl.Changes(m.doc.Catalogue, now), nil
}

// errMovedOn ends a watch whose streams another process has ended on purpose.
var errMovedOn = errors.New("another process has taken the move further")

// Watch tells how far behind the other side is, until ctx ends, each returns an
// error, the move goes on elsewhere, or following is lost: then what was made for
// it is dropped, so that no slot fills a disk, and the error is fault.Refused.
// Changes of the schema are said once each. Another verb may work on the same move
// meanwhile.
func (m *Mover) Watch(ctx context.Context, each func(follow.State) error) error {
	if err := m.at("follow", Following, Switched); err != nil {
		return err
	}
	f, err := m.follower(ctx)
	if err != nil {
		return err
	}
	defer f.Close()
	began := m.doc.Stage
	known := map[ddl.Change]bool{}
	var looked time.Time
	release := func() {}
	defer func() { release() }()
	err = f.Watch(ctx, func(s follow.State) error {
		if s.Lost != "" {
			var err error
			if release, err = m.takeOver(ctx, began); err != nil {
				return err
			}
			m.doc.Lost = s.Lost
			if err := m.save(); err != nil {
				return err
			}
		}
		if now := m.ports.Now(); began == Following && s.Lost == "" && now.Sub(looked) >= driftEvery {
			looked = now
			if err := m.sayDrift(ctx, known); err != nil {
				m.say(err.Error())
			}
		}
		return each(s)
	})
	if errors.Is(err, errMovedOn) {
		m.say(errMovedOn.Error())
		return nil
	}
	if m.doc.Lost != "" {
		return m.lose(ctx, m.doc.Lost)
	}
	return err
}

// takeOver makes this process the one that changes the move; errMovedOn when
// another one is at it, or has taken it to another stage.
func (m *Mover) takeOver(ctx context.Context, stage Stage) (release func(), err error) {
	release = func() {}
	if m.ports.Alone != nil {
		if release, err = m.ports.Alone(ctx); err != nil {
			if fault.Is(err, fault.Conflict) {
				err = errMovedOn
			}
			return func() {}, err
		}
	}
	if err = m.load(); err == nil && m.doc.Stage != stage {
		err = errMovedOn
	}
	if err != nil {
		release()
		return func() {}, err
	}
	return release, nil
}

func (m *Mover) sayDrift(ctx context.Context, known map[ddl.Change]bool) error {
	changes, err := m.Drift(ctx)
	if err != nil {
		return err
	}
	for _, c := range changes {
		if known[c] {
			continue
		}
		known[c] = true
		m.say("the schema of the source has changed: " + c.What + " " + c.Kind + " " + c.Name + "; " + c.Advice)
		if err := m.tell("drift", c); err != nil {
			return err
		}
	}
	return nil
}

// lose gives following up for the sake of the source: what was made for it goes.
func (m *Mover) lose(ctx context.Context, why string) error {
	m.doc.Lost = why
	if err := m.tell("lost", map[string]any{"why": why}); err != nil {
		m.say(err.Error())
	}
	if m.doc.Stage == Switched {
		// The target serves; what was lost is the way back.
		back, err := m.reverse(ctx)
		if err != nil {
			return err
		}
		left, err := back.Drop(ctx)
		m.left(left)
		if err != nil {
			return err
		}
		if err := m.save(); err != nil {
			return err
		}
		return fault.Newf(fault.Refused, "keep the way back: %s", why).Hintf("the target goes on serving; landfall move postgres signoff ends the move")
	}
	if err := m.clean(ctx); err != nil {
		return err
	}
	if err := m.reach(Abandoned, map[string]any{"why": why}); err != nil {
		return err
	}
	return fault.Newf(fault.Refused, "go on following: %s; what was made at the source was dropped", why).
		Hintf("begin again with an empty target: a larger bound (max_slot_wal_keep_size, --max-slot-wal), or quieter hours")
}

// awaiting is Await of a follower for callers that come at the same time.
type awaiting struct {
	mu sync.Mutex
	f  *follow.Follower
}

func (a *awaiting) await(ctx context.Context, at pg.LSN) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.f.Await(ctx, at)
}
