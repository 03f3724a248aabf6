package postgres

import (
	"context"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move/postgres/base"
	"example.com/landfall/internal/move/postgres/follow"
	"example.com/landfall/internal/move/postgres/pg"
)

// Back takes the move back to following, with the source open: after the switch
// with all that was written at the target, before it at once. It can be repeated.
func (m *Mover) Back(ctx context.Context) error {
	for _, step := range []func(context.Context) error{m.BringBack, m.TurnBack, m.Unfence} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// BringBack is the undo of Open: it fences the target, and waits until the source
// has all that was written there. Nobody can write afterwards.
func (m *Mover) BringBack(ctx context.Context) error {
	if m.doc.Stage != Switched {
		return m.at("bring back what was written at the target", Copying, Following, Fenced, Drained, Proved, Returning)
	}
	return m.bringBack(ctx)
}

// TurnBack is the undo of Return: the stream to the source goes, and the target
// follows the source again.
func (m *Mover) TurnBack(ctx context.Context) error {
	if m.doc.Stage != Returning {
		return m.at("turn the stream back", Copying, Following, Fenced, Drained, Proved)
	}
	if err := m.turnBack(ctx); err != nil {
		return err
	}
	m.doc.Turned = false
	return m.reach(Fenced, map[string]any{"back": true})
}

// Unfence is the undo of Fence: the source is opened as it was. The target stays
// closed.
func (m *Mover) Unfence(ctx context.Context) error {
	if m.doc.SourceFence == nil {
		return m.at("open the source", Copying, Following)
	}
	if err := m.at("open the source", Following, Fenced, Drained, Proved); err != nil {
		return err
	}
	if err := m.stillShut(ctx, m.ports.Target, m.doc.TargetFence); err != nil {
		return err
	}
	m.doc.FenceLSN = 0
	if err := m.reach(Following, map[string]any{"back": true}); err != nil {
		return err
	}
	m.point("back written")
	return m.openSide(ctx, m.ports.Source, &m.doc.SourceFence)
}

// bringBack fences the target and waits until the source has all of it.
func (m *Mover) bringBack(ctx context.Context) error {
	if m.settings.NoReturn || m.doc.Lost != "" {
		return fault.Newf(fault.Refused, "go back: what was written at the target since the switch has no way to the source").
			Hintf("the target goes on serving; carry back by hand what must not be lost")
	}
	if err := m.shutTarget(ctx); err != nil {
		return err
	}
	f, err := m.follower(ctx)
	if err != nil {
		return err
	}
	defer f.Close()
	ctx, cancel := context.WithTimeout(ctx, drainWithin)
	defer cancel()
	lsn, err := f.Mark(ctx)
	if err != nil {
		return err
	}
	if err := f.Await(ctx, lsn); err != nil {
		return err
	}
	m.point("brought back")
	if err := m.sequences(ctx, m.ports.Target, m.ports.Source); err != nil {
		return err
	}
	if err := m.reach(Returning, map[string]any{"back": true, "lsn": lsn.String()}); err != nil {
		return err
	}
	return nil
}

// turnBack drops the stream to the source and lets the target follow again. Both
// sides hold the same rows, and nobody can write.
func (m *Mover) turnBack(ctx context.Context) error {
	back, err := m.reverse(ctx)
	if err != nil {
		return err
	}
	left, err := back.Drop(ctx)
	m.left(left)
	if err != nil {
		return err
	}
	if len(left) > 0 {
		return fault.Newf(fault.Unavailable, "end the stream %q: %s", back.Name, left[0])
	}
	m.point("reverse dropped")
	tables, err := m.tables(ctx, m.ports.Source)
	if err != nil {
		return err
	}
	moved := map[pg.Name]bool{}
	for _, s := range m.doc.Streams {
		for _, t := range s.Tables {
			moved[t] = true
		}
	}
	one := Streamed{Name: m.doc.Run.Generation(1), Ready: true}
	var own []pg.Table
	for _, t := range tables {
		if moved[t.Name] {
			own = append(own, t)
			one.Tables = append(one.Tables, t.Name)
		}
	}
	m.doc.Streams = []Streamed{one}
	if err := m.save(); err != nil {
		return err
	}
	return m.turn(ctx, m.stream(one.Name, own))
}

// SignOff gives up the way back: what was made for it goes, on both sides. The
// source stays fenced.
func (m *Mover) SignOff(ctx context.Context) error {
	if m.doc.Stage == Signed {
		return nil
	}
	if err := m.at("sign off", Switched, Copied); err != nil {
		return err
	}
	if err := m.openSide(ctx, m.ports.Target, &m.doc.TargetFence); err != nil {
		return err
	}
	if err := m.clean(ctx); err != nil {
		return err
	}
	return m.reach(Signed, nil)
}

// Abandon gives the move up before the switch: the source is left as it was, the
// rows that were copied stay on the target, which is opened.
func (m *Mover) Abandon(ctx context.Context) error {
	if m.doc.Stage == Abandoned {
		return nil
	}
	if m.doc.Stage == Switched || m.doc.Stage == Signed {
		return m.at("abandon", Copying)
	}
	if m.doc.Stage == None {
		return m.at("abandon")
	}
	if err := m.openSide(ctx, m.ports.Source, &m.doc.SourceFence); err != nil {
		return err
	}
	if err := m.clean(ctx); err != nil {
		return err
	}
	if err := m.openSide(ctx, m.ports.Target, &m.doc.TargetFence); err != nil {
		return err
	}
	return m.reach(Abandoned, nil)
}

// clean removes everything of the run from both servers.
func (m *Mover) clean(ctx context.Context) error {
	left, err := follow.Clean(ctx, m.doc.Run, follow.Sides{Source: m.ports.Source, Target: m.ports.Target, Identities: m.doc.Identities})
	if err != nil {
		return err
	}
	m.left(left)
	more, err := base.Clean(ctx, m.ports.Source, m.ports.Target, string(m.doc.Run))
	if err != nil {
		return err
	}
	for _, one := range more {
		m.say("left at the " + one.Side + ": " + one.Kind + " " + one.Name + ": " + one.Message)
	}
	if err := m.tell("cleaned", map[string]any{"left": left, "more": more}); err != nil {
		return err
	}
	if len(left)+len(more) > 0 {
		return fault.Newf(fault.Unavailable, "clear away what the move has made: %d things are left", len(left)+len(more)).Hintf("run the command again when both servers answer")
	}
	return nil
}
