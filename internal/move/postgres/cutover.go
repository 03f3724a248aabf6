package postgres

import (
	"context"
	"strconv"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move/postgres/compare"
	"example.com/landfall/internal/move/postgres/compare/rows"
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

// passed reports whether a stage lies behind the move on its way forward.
func (m *Mover) passed(stage Stage) bool {
	order := map[Stage]int{Following: 1, Fenced: 2, Drained: 3, Proved: 4, Returning: 5, Switched: 6, Signed: 7}
	return order[m.doc.Stage] >= order[stage]
}

// Fence lets nobody but Landfall write at the source, and tries it. Done already,
// it tries again.
func (m *Mover) Fence(ctx context.Context) error {
	if m.passed(Drained) {
		return nil
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
	if m.doc.SourceFence == nil {
		state, err := fence.Look(ctx, m.ports.Source)
		if err != nil {
			return err
		}
		m.doc.SourceFence, m.doc.FencedAt = &state, m.ports.Now().UTC()
		if err := m.save(); err != nil {
			return err
		}
	}
	m.point("source fence kept")
	if err := m.shut(ctx, m.ports.Source, *m.doc.SourceFence); err != nil {
		return err
	}
	m.point("source shut")
	return m.reach(Fenced, nil)
}

// Drain waits until the target has everything that was written before the fence.
func (m *Mover) Drain(ctx context.Context) error {
	if m.passed(Drained) {
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
	if m.passed(Proved) {
		return nil
	}
	if err := m.at("prove", Drained); err != nil {
		return err
	}
	if err := m.sequences(ctx, m.ports.Source, m.ports.Target); err != nil {
		return err
	}
	m.point("sequences carried")
	report, err := m.Verify(ctx, rows.Options{}, compare.Parts{})
	if err != nil {
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
// come back to the source. Nobody can write at either side meanwhile.
func (m *Mover) Return(ctx context.Context) error {
	if m.passed(Switched) {
		return nil
	}
	if err := m.at("prepare the way back", Proved, Returning); err != nil || m.doc.Turned {
		return err
	}
	// Written first: whoever watches does not take the end of the streams for a loss.
	if m.doc.Stage == Proved {
		if err := m.reach(Returning, nil); err != nil {
			return err
		}
	}
	m.point("returning written")
	if err := m.dropForward(ctx); err != nil {
		return err
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
	if _, err := s.MakeSlot(ctx); err != nil {
		return err
	}
	m.point("slot made")
	if err := s.Subscribe(ctx); err != nil {
		return err
	}
	return s.Enable(ctx)
}

// dropForward ends all streams from the source to the target.
func (m *Mover) dropForward(ctx context.Context) error {
	streams, err := m.forward(ctx)
	if err != nil {
		return err
	}
	for _, s := range streams {
		left, err := s.Drop(ctx)
		m.left(left)
		if err != nil {
			return err
		}
		if len(left) > 0 {
			return fault.Newf(fault.Unavailable, "end the stream %q: %s", s.Name, left[0])
		}
	}
	return nil
}

// Open lets others write at the target. Before that the fence of the source is
// tried once more.
func (m *Mover) Open(ctx context.Context) error {
	if m.passed(Switched) && m.doc.TargetFence == nil {
		return nil
	}
	if err := m.at("open the target", Returning, Switched); err != nil {
		return err
	}
	if err := m.stillShut(ctx, m.ports.Source, m.doc.SourceFence); err != nil {
		return err
	}
	m.point("source tried")
	if m.doc.Stage == Returning {
		m.doc.SwitchedAt = m.ports.Now().UTC()
		// Written first: a target that may be open is never taken for shut.
		if err := m.reach(Switched, map[string]any{"closedSeconds": m.doc.SwitchedAt.Sub(m.doc.FencedAt).Seconds()}); err != nil {
			return err
		}
	}
	m.point("switch written")
	return m.openSide(ctx, m.ports.Target, &m.doc.TargetFence)
}

func (m *Mover) stillShut(ctx context.Context, at pg.Endpoint, state *fence.State) error {
	if state == nil {
		return fault.Newf(fault.Internal, "try the fence of %s: there is none", at)
	}
	found, err := fence.Check(ctx, at, *state, m.fencing())
	if err != nil {
		return err
	}
	if !found.Holds {
		return fault.Newf(fault.Refused, "open the other side: the fence of %s does not hold: %s", at, found.Gaps[0])
	}
	return m.tell("fence.tried", map[string]any{"database": at.String(), "result": found})
}

// openSide takes a fence down, as it was noted.
func (m *Mover) openSide(ctx context.Context, at pg.Endpoint, state **fence.State) error {
	if *state == nil {
		return nil
	}
	if err := fence.Open(ctx, at, **state, m.fencing()); err != nil {
		return err
	}
	m.point("side opened")
	*state = nil
	return m.save()
}
