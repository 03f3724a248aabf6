package postgres

import (
	"context"
	"errors"
	"slices"
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
	if m.in(Returning, Switched) {
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
	return follow.Reversed(m.stream(m.doc.Run.Generation(1), nil), tables, m.back), nil
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

// Lag looks how far behind the other side is, for as long as it takes to know it,
// and within at most.
func (m *Mover) Lag(ctx context.Context, within time.Duration) (follow.State, error) {
	if err := m.at("look how far the target is", following()...); err != nil {
		return follow.State{}, err
	}
	if m.doc.Lost != "" {
		return follow.State{Lost: m.doc.Lost}, nil
	}
	if m.settings.NoReturn && m.in(Returning, Switched) {
		return follow.State{}, fault.Newf(fault.Refused, "look how far the source is: no way back was prepared")
	}
	f, err := m.follower(ctx)
	if err != nil {
		return follow.State{}, err
	}
	defer f.Close()
	// An idle slot says how far it is when something comes: a server that does not
	// answer shows in what follows.
	if _, err := f.Mark(ctx); err != nil && !fault.Retryable(err) {
		return follow.State{}, err
	}
	for began := time.Now(); ; {
		state, err := f.Look(ctx)
		if err != nil || state.Known || state.Lost != "" || state.Unreachable != "" || time.Since(began) > within {
			return state, err
		}
		if err := pg.Sleep(ctx, lagEvery); err != nil {
			return state, err
		}
	}
}

// lagEvery is the pause between two looks of Lag.
const lagEvery = 500 * time.Millisecond

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

var (
	// errMovedOn ends a watch whose streams another process has ended on purpose.
	errMovedOn = errors.New("another process has taken the move further")
	// errBusy lets a watch look again: another process works on the move.
	errBusy = errors.New("another process works on the move")
)

// Watch tells how far behind the other side is, until ctx ends, each returns an
// error, the move goes on elsewhere, or following is lost: then what was made for
// it is dropped, so that no slot fills a disk, and the error is fault.Refused.
// Changes of the schema are said once each. Another verb may work on the same move
// meanwhile.
func (m *Mover) Watch(ctx context.Context, each func(follow.State) error) error {
	if err := m.at("follow", Following, Switched); err != nil {
		return err
	}
	w := &watch{m: m, began: m.doc.Stage, each: each, known: map[ddl.Change]bool{}, release: func() {}}
	for {
		err := w.look(ctx)
		switch {
		case errors.Is(err, errMovedOn):
			m.say(errMovedOn.Error())
			return nil
		case !errors.Is(err, errBusy):
			return err
		}
		if err := pg.Sleep(ctx, busyPause); err != nil {
			return err
		}
		if err := m.load(); err != nil {
			return err
		}
		if m.doc.Stage != w.began {
			m.say(errMovedOn.Error())
			return nil
		}
	}
}

// busyPause is between two looks while another process works on the move.
const busyPause = time.Second

// watch is one Watch.
type watch struct {
	m       *Mover
	began   Stage
	each    func(follow.State) error
	known   map[ddl.Change]bool
	looked  time.Time
	release func()
}

// look follows until there is a reason to end, or to look anew.
func (w *watch) look(ctx context.Context) error {
	m := w.m
	f, err := m.follower(ctx)
	if err != nil {
		return err
	}
	defer f.Close()
	defer func() { w.release() }()
	err = f.Watch(ctx, func(s follow.State) error {
		if s.Lost != "" {
			if err := w.takeOver(ctx); err != nil {
				return err
			}
			m.doc.Lost = s.Lost
			if err := m.save(); err != nil {
				return err
			}
		}
		if now := m.ports.Now(); w.began == Following && s.Lost == "" && now.Sub(w.looked) >= driftEvery {
			w.looked = now
			if err := m.sayDrift(ctx, w.known); err != nil {
				m.say(err.Error())
			}
		}
		return w.each(s)
	})
	if m.doc.Lost != "" && !errors.Is(err, errBusy) && !errors.Is(err, errMovedOn) {
		return m.lose(ctx, m.doc.Lost)
	}
	return err
}

// takeOver makes this process the one that changes the move: errBusy when another
// one is at it, errMovedOn when one has taken it to another stage.
func (w *watch) takeOver(ctx context.Context) error {
	if w.m.ports.Alone != nil {
		release, err := w.m.ports.Alone(ctx)
		if fault.Is(err, fault.Conflict) {
			return errBusy
		}
		if err != nil {
			return err
		}
		w.release = release
	}
	if err := w.m.load(); err != nil {
		return err
	}
	if w.m.doc.Stage != w.began {
		return errMovedOn
	}
	return nil
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

// lose gives following up for the sake of the publisher: what was made for it goes.
// Before the switch that ends the move, with the source open.
func (m *Mover) lose(ctx context.Context, why string) error {
	m.doc.Lost = why
	if err := m.save(); err != nil {
		return err
	}
	if err := m.tell("lost", map[string]any{"why": why}); err != nil {
		return err
	}
	if m.in(Switched) {
		// The target serves; what was lost is the way back.
		back, err := m.reverse(ctx)
		if err != nil {
			return err
		}
		if err := m.drop(ctx, back); err != nil {
			return err
		}
		return fault.Newf(fault.Refused, "keep the way back: %s", why).Hintf("the target goes on serving; landfall move postgres signoff ends the move")
	}
	if err := m.giveUp(ctx, false); err != nil {
		return err
	}
	return fault.Newf(fault.Refused, "go on following: %s; what was made at the source was dropped", why).
		Hintf("empty the target and begin again, with a larger bound (max_slot_wal_keep_size, --max-slot-wal) or in quieter hours")
}

// drop removes a stream whole.
func (m *Mover) drop(ctx context.Context, s follow.Stream) error {
	left, err := s.Drop(ctx)
	m.left(left)
	if err == nil && len(left) > 0 {
		err = fault.Newf(fault.Unavailable, "end the stream %q: %s", s.Name, left[0])
	}
	return err
}
