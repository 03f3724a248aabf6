package postgres

import (
	"context"
	"errors"
	"strconv"
	"time"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move/postgres/follow"
	"example.com/landfall/internal/move/postgres/follow/fence"
	"example.com/landfall/internal/move/postgres/follow/sequence"
	"example.com/landfall/internal/move/postgres/pg"
)

// Cutover takes the move from following to switched: fence, drain, prove, return,
// open. It goes on where an earlier process was stopped. An error on the way leaves
// the source fenced, for a person to mend what it names and go on, or to go back
// with Back.
func (m *Mover) Cutover(ctx context.Context) error {
	for _, step := range []func(context.Context) error{m.Fence, m.Drain, m.Prove, m.Return, m.Open} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// Fence lets nobody but Landfall write at the source, and tries it; done already, it
// is tried again.
func (m *Mover) Fence(ctx context.Context) error {
	if m.in(Drained, Proved, Returning, Switched) {
		return m.stillShut(ctx, m.ports.Source, m.doc.SourceFence)
	}
	if err := m.at("fence the source", Following, Fenced); err != nil {
		return err
	}
	if m.doc.Lost != "" {
		return fault.Newf(fault.Refused, "fence the source: %s", m.doc.Lost)
	}
	// The target first: it must not be open when the source is not.
	if err := m.shutTarget(ctx); err != nil {
		return err
	}
	if err := m.noteFence(ctx, m.ports.Source, &m.doc.SourceFence); err != nil {
		return err
	}
	if m.in(Following) {
		m.doc.FencedAt, m.doc.OpenedAt = m.ports.Now().UTC(), time.Time{}
		if err := m.save(); err != nil {
			return err
		}
	}
	m.point("source fence kept")
	if err := m.shut(ctx, m.ports.Source, *m.doc.SourceFence); err != nil {
		return err
	}
	m.point("source shut")
	if m.in(Fenced) {
		return nil
	}
	return m.reach(Fenced, nil)
}

// Drain waits until the target has everything that was written before the fence.
func (m *Mover) Drain(ctx context.Context) error {
	if m.in(Drained, Proved, Returning, Switched) {
		return nil
	}
	if err := m.at("drain", Fenced); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, drainWithin)
	defer cancel()
	f, err := m.follower(ctx)
	if err != nil {
		return err
	}
	defer f.Close()
	lsn, err := f.Mark(ctx)
	if err != nil {
		return err
	}
	if err := f.Await(ctx, lsn); err != nil {
		return err
	}
	m.doc.FenceLSN = lsn
	return m.reach(Drained, map[string]any{"lsn": lsn.String()})
}

// Prove carries sequences over and compares everything behind the fence.
func (m *Mover) Prove(ctx context.Context) error {
	if m.in(Proved, Returning, Switched) {
		return nil
	}
	if err := m.at("prove", Drained); err != nil {
		return err
	}
	if err := m.sequences(ctx, m.ports.Source, m.ports.Target); err != nil {
		return err
	}
	m.point("sequences carried")
	report, err := m.proof(ctx)
	if err != nil {
		return err
	}
	if err := m.freshen(ctx, m.ports.Target); err != nil {
		return err
	}
	return m.reach(Proved, map[string]any{"rows": report.Rows, "bytes": report.Bytes})
}

// sequences sets those of one side ahead of the other's.
func (m *Mover) sequences(ctx context.Context, from, to pg.Endpoint) error {
	source, err := from.Connect(ctx, "sequences")
	if err != nil {
		return err
	}
	defer source.Close(context.WithoutCancel(ctx)) //nolint:errcheck // it only read
	target, err := to.Connect(ctx, "sequences")
	if err != nil {
		return err
	}
	defer target.Close(context.WithoutCancel(ctx)) //nolint:errcheck // each statement is done
	all, err := sequence.Read(ctx, source, m.settings.Select)
	if err != nil {
		return err
	}
	if err := sequence.Carry(ctx, target, all, m.settings.Margin); err != nil {
		return err
	}
	there, err := sequence.Read(ctx, target, m.settings.Select)
	if err != nil {
		return err
	}
	if behind := sequence.Behind(all, there); len(behind) > 0 {
		return fault.Newf(fault.Found, "carry the sequences over: %d are behind, the first is %s", len(behind), behind[0])
	}
	// As text: a ledger's numbers have fewer digits than a sequence.
	values := map[string]string{}
	for _, q := range all {
		values[q.Name.String()] = strconv.FormatInt(q.Last, 10)
	}
	return m.tell("sequences", map[string]any{"from": from.String(), "to": to.String(), "last": values})
}

// Return turns the stream round: from here on what is written at the target would
// come back to the source, which is tried. Nobody can write at either side meanwhile.
func (m *Mover) Return(ctx context.Context) error {
	if m.in(Fenced, Drained) {
		// A way back ended here.
		if err := m.Drain(ctx); err != nil {
			return err
		}
		if err := m.Prove(ctx); err != nil {
			return err
		}
	}
	if err := m.at("prepare the way back", Proved, Returning, Switched); err != nil {
		return err
	}
	if m.settings.NoReturn && m.in(Returning, Switched) {
		return nil
	}
	if !m.in(Switched) && !m.doc.Turned {
		if err := m.turnRound(ctx); err != nil {
			return err
		}
	}
	if m.settings.NoReturn || m.doc.Lost != "" {
		return nil
	}
	back, err := m.reverse(ctx)
	if err != nil {
		return err
	}
	arrives, err := back.Advances(ctx, advanceWithin)
	if err == nil && !arrives {
		err = fault.Newf(fault.Refused, "prepare the way back: a mark that was written at the target did not arrive at the source within %s", advanceWithin).
			Hintf("landfall move postgres status says what stands in the way; landfall move postgres cutover tries again")
	}
	return err
}

// advanceWithin bounds the wait for a mark on its way back.
const advanceWithin = 2 * time.Minute

func (m *Mover) turnRound(ctx context.Context) error {
	// Written first: whoever watches does not take the end of the streams for a loss.
	if m.in(Proved) {
		if err := m.reach(Returning, map[string]any{"begun": true}); err != nil {
			return err
		}
	}
	m.point("returning written")
	streams, err := m.forward(ctx)
	if err != nil {
		return err
	}
	for _, s := range streams {
		if err := m.drop(ctx, s); err != nil {
			return err
		}
	}
	m.point("forward dropped")
	if m.settings.NoReturn {
		return nil
	}
	back, err := m.reverse(ctx)
	if err != nil {
		return err
	}
	if err := m.turn(ctx, back); err != nil {
		return err
	}
	m.doc.Turned = true
	if err := m.save(); err != nil {
		return err
	}
	return m.tell("returning", map[string]any{"stream": back.Name, "tables": len(back.Tables)})
}

// turn makes a stream whose subscriber has all rows, and begins it.
func (m *Mover) turn(ctx context.Context, s follow.Stream) error {
	if err := s.Publish(ctx); err != nil {
		return err
	}
	m.point("stream published")
	ctx, cancel := context.WithTimeout(ctx, fenceWithin) // a slot waits for every open transaction of its server
	defer cancel()
	if _, err := s.MakeSlot(ctx); err != nil {
		return err
	}
	m.point("slot made")
	if err := s.Subscribe(ctx); err != nil {
		return err
	}
	return s.Enable(ctx)
}

// Open lets others write at the target. Before that the fence of the source is
// tried once more; done already, it is only tried.
func (m *Mover) Open(ctx context.Context) error {
	if err := m.at("open the target", Returning, Switched); err != nil {
		return err
	}
	if err := m.stillShut(ctx, m.ports.Source, m.doc.SourceFence); err != nil {
		return err
	}
	if m.in(Switched) && m.doc.TargetFence == nil {
		return nil
	}
	if !m.doc.Turned && !m.settings.NoReturn {
		return fault.Newf(fault.Refused, "open the target: the way back is not prepared").Hintf("landfall move postgres cutover prepares it first")
	}
	m.point("source tried")
	if m.in(Returning) {
		// Written first: a target that may be open is never taken for shut.
		m.doc.Served = true
		if err := m.reach(Switched, map[string]any{"begun": true}); err != nil {
			return err
		}
	}
	m.point("switch written")
	if err := m.openSide(ctx, m.ports.Target, &m.doc.TargetFence); err != nil {
		return err
	}
	m.doc.OpenedAt = m.ports.Now().UTC()
	if err := m.save(); err != nil {
		return err
	}
	return m.tell("opened", map[string]any{"closedSeconds": m.doc.OpenedAt.Sub(m.doc.FencedAt).Seconds()})
}

// stillShut tries a fence that stands.
func (m *Mover) stillShut(ctx context.Context, at pg.Endpoint, state *fence.State) error {
	if state == nil {
		return fault.Newf(fault.Internal, "try the fence of %s: there is none", at)
	}
	var told error
	found, err := fence.Check(ctx, at, *state, m.fencing(&told))
	if err = errors.Join(err, told); err != nil {
		return err
	}
	return m.holds(at, found)
}

// openSide takes a fence down, as it was noted.
func (m *Mover) openSide(ctx context.Context, at pg.Endpoint, state **fence.State) error {
	if *state == nil {
		return nil
	}
	var told error
	err := fence.Open(ctx, at, **state, m.fencing(&told))
	if err = errors.Join(err, told); err != nil {
		return err
	}
	m.point("side opened")
	*state = nil
	return m.save()
}
