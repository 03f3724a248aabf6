package postgres

import (
	"context"
	"errors"
	"slices"
	"time"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move/postgres/base"
	"example.com/landfall/internal/move/postgres/compare/rows"
	"example.com/landfall/internal/move/postgres/follow"
	"example.com/landfall/internal/move/postgres/follow/ddl"
	"example.com/landfall/internal/move/postgres/follow/fence"
	"example.com/landfall/internal/move/postgres/pg"
)

// Copy carries schema and rows over, and lets the target follow. It goes on where
// an earlier process was stopped, and ends when the target follows; called again
// then, it tries what is left once more. Error kinds: fault.Refused (the check, a
// stage), fault.Found (something could not be carried over; what could follows).
func (m *Mover) Copy(ctx context.Context) (base.Result, error) {
	if m.in(None, Abandoned) {
		if err := m.begin(ctx); err != nil {
			return base.Result{}, err
		}
	}
	if err := m.at("copy", Copying, Copied, Following); err != nil {
		return base.Result{}, err
	}
	// Before the schema comes, and with it the rights of others.
	if !m.settings.OpenTarget {
		if err := m.shutTarget(ctx); err != nil {
			return base.Result{}, err
		}
	}
	if err := m.prepare(ctx); err != nil {
		return base.Result{}, err
	}
	guard := &protector{m: m}
	defer guard.close()
	s := m.settings
	b, err := base.Open(ctx, base.Options{
		Source: m.ports.Source, Target: m.ports.Target, Run: string(m.doc.Run), Selection: s.Select, Programs: m.ports.Programs,
		Jobs: s.Jobs, IndexJobs: s.IndexJobs, ChunkBytes: s.ChunkBytes, Once: s.Offline, Limits: m.limits,
		Hooks: base.Hooks{
			Protect: guard.protect, Progress: func(p base.Progress) { m.counting("tables")(p.Progress) }, Point: m.point,
			Publish: m.publish, Discard: m.discard, Ready: m.ready, Mend: m.mend,
		},
	})
	if err != nil {
		return base.Result{}, err
	}
	result, err := b.Copy(ctx)
	b.Close()
	if guard.lost != "" {
		return result, m.lose(ctx, guard.lost)
	}
	if err != nil {
		return result, err
	}
	return result, m.copied(ctx, result)
}

// begin is everything before anything is changed.
func (m *Mover) begin(ctx context.Context) error {
	if m.doc.SourceFence != nil || m.doc.TargetFence != nil {
		return fault.Newf(fault.Refused, "begin a move: a side is still shut by the one before").Hintf("landfall move postgres abandon")
	}
	old := m.doc
	fresh := Document{
		Source: m.ports.Source.String(), Target: m.ports.Target.String(), Settings: m.settings, Began: m.ports.Now().UTC(),
		SourceAddress: m.ports.SourceAddress, TargetAddress: m.ports.TargetAddress,
	}
	m.doc = fresh // without a run: what is there of any is foreign
	plan, err := m.sound(ctx)
	if err == nil {
		fresh.TargetWasEmpty, fresh.TargetHad, err = contents(ctx, m.ports.Target)
	}
	if err == nil {
		fresh.Run, err = newRun()
	}
	if err == nil && m.settings.Identity && !m.settings.Offline {
		var tables []pg.Table
		tables, err = m.tables(ctx, m.ports.Source)
		fresh.Identities = follow.Identities(tables)
	}
	if err != nil {
		m.doc = old
		return err
	}
	fresh.Roles = plan
	m.doc = fresh
	// The document comes first: whatever is made from here on is found by it.
	if err := m.reach(Copying, map[string]any{"settings": m.settings, "identities": m.doc.Identities}); err != nil {
		return err
	}
	m.point("begun")
	return nil
}

// prepare makes the roles at the target, sets the replica identities at the source,
// and keeps its schema as it is from then on.
func (m *Mover) prepare(ctx context.Context) error {
	if m.doc.Catalogue.Objects != nil {
		return nil
	}
	if err := m.makeRoles(ctx); err != nil {
		return err
	}
	if err := follow.Identify(ctx, m.ports.Source, m.doc.Identities); err != nil {
		return err
	}
	conn, err := m.ports.Source.Connect(ctx, "schema")
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // it only read
	if m.doc.Catalogue, err = ddl.Read(ctx, conn, m.settings.Select); err != nil {
		return err
	}
	return m.save()
}

// copied is what follows a pass of the copy that came to its end.
func (m *Mover) copied(ctx context.Context, result base.Result) error {
	m.doc.Left = withoutSQL(result.Left)
	if m.doc.Stage == Copying {
		next := Following
		if m.settings.Offline {
			next = Copied
		}
		details := map[string]any{"rows": result.Rows, "bytes": result.Bytes, "tables": len(result.Tables), "indexes": result.Indexes, "largeObjects": result.LargeObjects, "left": m.doc.Left, "seconds": result.Took.Seconds()}
		if err := m.reach(next, details); err != nil {
			return err
		}
	} else if err := m.save(); err != nil {
		return err
	}
	var lost []base.Left
	for _, left := range result.Left {
		if !left.Later {
			lost = append(lost, left)
		}
	}
	if len(lost) > 0 {
		return fault.Newf(fault.Found, "copy the database: %d objects could not be made on the target, the first is %s %s: %s", len(lost), lost[0].Kind, lost[0].Name, lost[0].Message).
			Hintf("mend it and run the command again, or see what it means: landfall verify postgres")
	}
	return nil
}

// withoutSQL leaves the statements out: those of user mappings hold passwords.
func withoutSQL(all []base.Left) []base.Left {
	all = slices.Clone(all)
	for i := range all {
		all[i].SQL = ""
	}
	return all
}

// publish makes the publication of a generation, before its slot.
func (m *Mover) publish(ctx context.Context, g base.Generation) error {
	if m.settings.Offline || m.doc.Rejoined {
		return nil
	}
	if err := m.keepStream(g, false); err != nil {
		return err
	}
	return m.stream(g.Name, g.Tables).Publish(ctx)
}

// discard drops what was made for a generation that got no table.
func (m *Mover) discard(ctx context.Context, g base.Generation) error {
	left, err := m.stream(g.Name, g.Tables).Drop(ctx)
	m.left(left)
	if err != nil {
		return err
	}
	m.doc.Streams = slices.DeleteFunc(m.doc.Streams, func(s Streamed) bool { return s.Name == g.Name })
	return m.save()
}

// ready lets the target follow a generation.
func (m *Mover) ready(ctx context.Context, g base.Generation) error {
	if m.settings.Offline || m.doc.Rejoined || !m.in(Copying, Following) {
		return nil
	}
	if err := m.keepStream(g, true); err != nil {
		return err
	}
	return m.begins(ctx, m.stream(g.Name, g.Tables))
}

// begins lets the subscriber of a stream apply it.
func (m *Mover) begins(ctx context.Context, s follow.Stream) error {
	if err := s.Publish(ctx); err != nil {
		return err
	}
	if err := s.Subscribe(ctx); err != nil {
		return err
	}
	return s.Enable(ctx)
}

func (m *Mover) keepStream(g base.Generation, ready bool) error {
	names := make([]pg.Name, len(g.Tables))
	for i := range g.Tables {
		names[i] = g.Tables[i].Name
	}
	kept := Streamed{g.Name, names, ready}
	if i := slices.IndexFunc(m.doc.Streams, func(s Streamed) bool { return s.Name == g.Name }); i >= 0 {
		m.doc.Streams[i] = kept
	} else {
		m.doc.Streams = append(m.doc.Streams, kept)
	}
	return m.save()
}

// stream is one from the source to the target.
func (m *Mover) stream(name string, tables []pg.Table) follow.Stream {
	return follow.Stream{Run: m.doc.Run, Name: name, Publisher: m.ports.Source, Subscriber: m.ports.Target, Route: m.route, Tables: tables}
}

// mend brings a table that was copied in part up to a later snapshot.
func (m *Mover) mend(ctx context.Context, o base.Mending) (base.Moved, error) {
	source, err := m.ports.Source.Connect(ctx, "mend")
	if err != nil {
		return base.Moved{}, err
	}
	defer source.Close(context.WithoutCancel(ctx)) //nolint:errcheck // it only read
	for _, sql := range []string{"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", "SET TRANSACTION SNAPSHOT " + pg.Literal(o.Snapshot)} {
		if _, err := source.Exec(ctx, sql); err != nil {
			return base.Moved{}, pg.Fault(err, "use the snapshot", o.Snapshot)
		}
	}
	target, err := m.ports.Target.Connect(ctx, "mend")
	if err != nil {
		return base.Moved{}, err
	}
	defer target.Close(context.WithoutCancel(ctx)) //nolint:errcheck // what counts is committed
	piece, err := rows.BringUp(ctx, rows.BringUpOptions{Source: source, Target: target, Table: o.Table})
	return base.Moved{Rows: piece.Rows}, err
}

// shutTarget lets nobody but Landfall write at the target.
func (m *Mover) shutTarget(ctx context.Context) error {
	if err := m.noteFence(ctx, m.ports.Target, &m.doc.TargetFence); err != nil {
		return err
	}
	m.point("target fence kept")
	return m.shut(ctx, m.ports.Target, *m.doc.TargetFence)
}

// noteFence keeps how a database stands before it is fenced: the first note, since
// a later one may describe half a fence. A fence that is not ours is refused, because
// it could not be taken back.
func (m *Mover) noteFence(ctx context.Context, at pg.Endpoint, state **fence.State) error {
	if *state != nil {
		return nil
	}
	now, err := fence.Look(ctx, at)
	if err != nil {
		return err
	}
	if now.Shut {
		return fault.Newf(fault.Refused, "fence %s: it is fenced already, and nobody noted how it was before", at).
			Hintf("GRANT CONNECT ON DATABASE to those who had it, ALTER DATABASE ... RESET default_transaction_read_only, then run the command again")
	}
	*state = &now
	return m.save()
}

// fenceWithin bounds putting up a fence: transactions that are open, and sessions
// that are being opened, are waited for.
const fenceWithin = 10 * time.Minute

// shut puts a fence up, and proves it.
func (m *Mover) shut(ctx context.Context, at pg.Endpoint, state fence.State) error {
	ctx, cancel := context.WithTimeout(ctx, fenceWithin+m.settings.Grace)
	defer cancel()
	var told error
	found, err := fence.Shut(ctx, at, state, m.fencing(&told))
	if err = errors.Join(err, told); err != nil {
		return err
	}
	return m.holds(at, found)
}

// holds records what a fence was tried with, and refuses one that lets anybody
// through.
func (m *Mover) holds(at pg.Endpoint, found fence.Result) error {
	if err := m.tell("fence.tried", map[string]any{"database": at.String(), "result": found}); err != nil {
		return err
	}
	if !found.Holds {
		return fault.Newf(fault.Refused, "fence %s: it does not hold: %s", at, found.Gaps[0]).Hintf("end what is named, then run the command again")
	}
	return nil
}

// fencing tells each transition of a fence; what could not be told is in told.
func (m *Mover) fencing(told *error) fence.Options {
	return fence.Options{Grace: m.settings.Grace, Record: func(t fence.Transition) {
		*told = errors.Join(*told, m.tell("fence."+string(t.What), t))
	}}
}

// left says what could not be removed.
func (m *Mover) left(all follow.Leftovers) {
	for _, one := range all {
		m.say(one)
	}
}
