package postgres

import (
	"context"
	"errors"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move/postgres/base"
	"example.com/landfall/internal/move/postgres/compare"
	"example.com/landfall/internal/move/postgres/compare/rows"
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
	// Written first: a way back that is half gone is none.
	m.doc.Turned = false
	if err := m.save(); err != nil {
		return err
	}
	if err := m.turnBack(ctx); err != nil {
		return err
	}
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
	f, err := m.follower(ctx)
	if err != nil {
		return err
	}
	defer f.Close()
	// Before anybody is shut out: is there a way?
	state, err := f.Look(ctx)
	if err != nil {
		return err
	}
	if state.Lost != "" {
		m.doc.Lost = state.Lost
		return errors.Join(m.save(), fault.Newf(fault.Refused, "go back: %s; the target goes on serving", state.Lost).
			Hintf("carry back by hand what must not be lost; landfall move postgres signoff ends the move"))
	}
	if err := m.shutTarget(ctx); err != nil {
		return err
	}
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
	if err := m.backEqual(ctx); err != nil {
		return err
	}
	if err := m.freshen(ctx, m.ports.Source); err != nil {
		return err
	}
	return m.reach(Returning, map[string]any{"back": true, "lsn": lsn.String()})
}

// backEqual compares everything behind both fences: what no stream carries (large
// objects, tables that were made at the target, rows without an identity) is found
// here, before the source is opened without it. Sequences were compared when they were
// carried over: the source's are ahead here, by the margin.
func (m *Mover) backEqual(ctx context.Context) error {
	_, err := m.Verify(ctx, rows.Options{}, compare.Parts{NoSequences: true})
	if fault.Is(err, fault.Found) {
		return fault.Of(fault.Refused, "go back: the source does not have all that was written at the target", "", err).
			Hintf("carry back by hand what is named (both sides are shut), then landfall move postgres rollback; or landfall move postgres cutover opens the target again")
	}
	return err
}

// turnBack drops the stream to the source and lets the target follow again. Both
// sides hold the same rows, and nobody can write.
func (m *Mover) turnBack(ctx context.Context) error {
	back, err := m.reverse(ctx)
	if err != nil {
		return err
	}
	if err := m.drop(ctx, back); err != nil {
		return err
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
	m.doc.Streams, m.doc.Rejoined = []Streamed{one}, true
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
	if m.in(Switched) {
		if err := m.Open(ctx); err != nil { // the source is shut, and the target open
			return err
		}
	}
	if err := m.clean(ctx); err != nil {
		return err
	}
	if err := m.openSide(ctx, m.ports.Target, &m.doc.TargetFence); err != nil {
		return err
	}
	return m.reach(Signed, nil)
}

// Abandon gives the move up before the switch: the source is left as it was. The
// rows that were copied stay on the target unless it is to be emptied; it is opened,
// unless it has served already: then somebody may still write there.
func (m *Mover) Abandon(ctx context.Context, empty bool) error {
	if m.in(Abandoned) && !empty {
		return nil
	}
	if err := m.at("abandon", Copying, Copied, Following, Fenced, Drained, Proved, Returning, Abandoned); err != nil {
		return err
	}
	if m.in(Abandoned) && m.doc.TargetFence == nil {
		return fault.Newf(fault.Refused, "empty the target: it was opened when the move was given up, and others may have written there").Hintf("drop by hand what was copied")
	}
	return m.giveUp(ctx, empty)
}

func (m *Mover) giveUp(ctx context.Context, empty bool) error {
	if m.doc.SourceFence != nil {
		if m.doc.Served {
			if err := m.stillShut(ctx, m.ports.Target, m.doc.TargetFence); err != nil {
				return err
			}
		}
		// Written first: a source that may be open is never taken for shut.
		m.doc.Stage, m.doc.FenceLSN, m.doc.Turned = Following, 0, false
		if err := m.save(); err != nil {
			return err
		}
		if err := m.openSide(ctx, m.ports.Source, &m.doc.SourceFence); err != nil {
			return err
		}
	}
	if !m.in(Abandoned) {
		if err := m.clean(ctx); err != nil {
			return err
		}
	}
	if empty {
		if err := m.emptied(ctx); err != nil {
			return err
		}
	}
	if m.doc.Served && !empty {
		m.say("the target stays closed to others: it has served, and who still writes there would be lost; --empty drops what was copied")
	} else if err := m.openSide(ctx, m.ports.Target, &m.doc.TargetFence); err != nil {
		return err
	}
	return m.reach(Abandoned, map[string]any{"emptied": empty, "lost": m.doc.Lost})
}

// emptied drops what was copied. It belongs to its owners: Landfall's login is a
// member of them for as long as that takes.
func (m *Mover) emptied(ctx context.Context) error {
	if err := m.makeRoles(ctx); err != nil {
		return err
	}
	if err := m.empty(ctx); err != nil {
		return err
	}
	return m.dropMemberships(ctx)
}

// clean removes everything of the run from both servers.
func (m *Mover) clean(ctx context.Context) error {
	left, err := follow.Clean(ctx, m.doc.Run, follow.Sides{
		Source: m.ports.Source, Target: m.ports.Target, Identities: m.doc.Identities, TargetIdentities: m.doc.Identities,
	})
	if err != nil {
		return err
	}
	m.left(left)
	more, err := base.Clean(ctx, m.ports.Source, m.ports.Target, string(m.doc.Run))
	if err != nil {
		return err
	}
	if err := m.dropMemberships(ctx); err != nil {
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
