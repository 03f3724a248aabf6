package app

import (
	"context"
	"io"
	"strconv"
	"strings"

	"example.com/landfall/internal/action"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move"
	"example.com/landfall/internal/move/postgres"
	"example.com/landfall/internal/move/postgres/compare"
	"example.com/landfall/internal/move/postgres/compare/rows"
	"example.com/landfall/internal/view"
)

// databaseMover moves databases in the steps of a run, as the verbs do.
type databaseMover struct{ app *App }

var _ action.DatabaseMover = databaseMover{}

// databaseVariable is the environment variable with a side of a set of data: that
// of the pair, and behind it the words of the set.
func databaseVariable(side, data string) string {
	word := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' {
			return r - 'a' + 'A'
		}
		if r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, strings.TrimPrefix(data, "db:"))
	return side + "_" + word
}

// options are those of a set. A side is what its own variable says, or the one that
// is for any; the target is otherwise found by the design.
func (m databaseMover) options(ctx context.Context, s action.DatabaseSet) (DatabaseOptions, error) {
	o := DatabaseOptions{Settings: postgres.Settings{Identity: true}}
	source := databaseVariable(sourceDatabase, s.Data)
	if o.Source = m.variable(source, sourceDatabase); o.Source == "" {
		return o, fault.Newf(fault.Denied, "reach the database of %q: neither %s nor %s is set where this worker runs", s.Data, source, sourceDatabase).
			Hintf("set it to postgres://USER@HOST:5432/DATABASE?sslmode=require, with the password in the file that PGPASSFILE names, start the worker again, and landfall retry the step")
	}
	if o.Target = m.variable(databaseVariable(targetDatabase, s.Data), targetDatabase); o.Target != "" {
		return o, nil
	}
	var err error
	o.Target, err = m.targetDatabaseURL(ctx, s.Target)
	return o, err
}

// variable is the value of the first of the variables that is set.
func (m databaseMover) variable(names ...string) string {
	for _, name := range names {
		if value, _ := m.app.setup.Getenv(name); value != "" {
			return value
		}
	}
	return ""
}

// with opens the pair of a set and carries a verb out.
func (m databaseMover) with(ctx context.Context, s action.DatabaseSet, verb string, progress func(move.Progress), do func(d *databaseMove) error) (action.DatabaseDone, error) {
	o, err := m.options(ctx, s)
	if err != nil {
		return action.DatabaseDone{}, err
	}
	d := &databaseMove{App: m.app, o: o, show: view.NewProgress(io.Discard, false, m.app.setup.Now).Moving(), watch: progress, step: s.Step}
	d.out.Verb = verb
	release, err := d.open(verb)
	if err != nil {
		return action.DatabaseDone{}, err
	}
	defer release()
	err = do(d)
	done := action.DatabaseDone{Data: map[string]string{"run": string(d.mover.Document().Run), "stage": string(d.mover.Document().Stage)}}
	if fault.Is(err, fault.Found) {
		done.Found, err = err.Error(), nil
	}
	var words []string
	for _, f := range d.out.Facts {
		words = append(words, f.Text)
	}
	done.Text = strings.Join(words, "; ")
	if done.Text == "" {
		done.Text = "the move is " + string(d.mover.Document().Stage)
	}
	return done, err
}

// Stage implements action.DatabaseMover.
func (m databaseMover) Stage(ctx context.Context, s action.DatabaseSet) (action.DatabaseStage, error) {
	var stage action.DatabaseStage
	_, err := m.with(ctx, s, "status", nil, func(d *databaseMove) error {
		doc := d.mover.Document()
		past := func(stages ...postgres.Stage) bool {
			for _, one := range stages {
				if doc.Stage == one {
					return true
				}
			}
			return false
		}
		stage = action.DatabaseStage{Name: string(doc.Stage), Begun: !past(postgres.None, postgres.Abandoned)}
		stage.Follows = stage.Begun && doc.Stage != postgres.Copying
		stage.Fenced = past(postgres.Fenced, postgres.Drained, postgres.Proved, postgres.Returning, postgres.Switched, postgres.Signed)
		stage.Turned = doc.Turned
		stage.Open = past(postgres.Switched, postgres.Signed) && doc.TargetFence == nil
		stage.HalfFenced = !stage.Fenced && doc.SourceFence != nil
		stage.HalfTurned = doc.Stage == postgres.Returning && !doc.Turned
		stage.HalfOpen = doc.Stage == postgres.Switched && doc.TargetFence != nil
		return nil
	})
	return stage, err
}

// Copy implements action.DatabaseMover.
func (m databaseMover) Copy(ctx context.Context, s action.DatabaseSet, progress func(move.Progress)) (action.DatabaseDone, error) {
	return m.with(ctx, s, "copy", progress, func(d *databaseMove) error { return d.copy(ctx) })
}

// Abandon implements action.DatabaseMover.
func (m databaseMover) Abandon(ctx context.Context, s action.DatabaseSet) (action.DatabaseDone, error) {
	return m.with(ctx, s, "abandon", nil, func(d *databaseMove) error {
		d.o.Empty = true
		return d.abandon(ctx)
	})
}

// Compare implements action.DatabaseMover.
func (m databaseMover) Compare(ctx context.Context, s action.DatabaseSet, last bool, progress func(move.Progress)) (action.DatabaseDone, error) {
	verb := "verify"
	if last {
		verb = "prove"
	}
	return m.with(ctx, s, verb, progress, func(d *databaseMove) error {
		if !last {
			report, err := d.mover.Verify(ctx, rows.Options{}, compare.Parts{})
			d.compared(report)
			return err
		}
		if err := d.mover.Drain(ctx); err != nil {
			return err
		}
		if err := d.mover.Prove(ctx); err != nil {
			return err
		}
		d.fact(view.Good, "everything up to %s is at the target, compared behind the fence and equal", d.mover.Document().FenceLSN)
		return nil
	})
}

// one is a verb without progress.
func (m databaseMover) one(ctx context.Context, s action.DatabaseSet, verb string, do func(m *postgres.Mover, ctx context.Context) error) (action.DatabaseDone, error) {
	return m.with(ctx, s, verb, nil, func(d *databaseMove) error { return do(d.mover, ctx) })
}

// Fence implements action.DatabaseMover.
func (m databaseMover) Fence(ctx context.Context, s action.DatabaseSet) (action.DatabaseDone, error) {
	return m.one(ctx, s, "fence", (*postgres.Mover).Fence)
}

// Unfence implements action.DatabaseMover.
func (m databaseMover) Unfence(ctx context.Context, s action.DatabaseSet) (action.DatabaseDone, error) {
	return m.one(ctx, s, "unfence", (*postgres.Mover).Unfence)
}

// Return implements action.DatabaseMover.
func (m databaseMover) Return(ctx context.Context, s action.DatabaseSet) (action.DatabaseDone, error) {
	return m.one(ctx, s, "return", (*postgres.Mover).Return)
}

// TurnBack implements action.DatabaseMover.
func (m databaseMover) TurnBack(ctx context.Context, s action.DatabaseSet) (action.DatabaseDone, error) {
	return m.one(ctx, s, "turn back", (*postgres.Mover).TurnBack)
}

// Open implements action.DatabaseMover.
func (m databaseMover) Open(ctx context.Context, s action.DatabaseSet) (action.DatabaseDone, error) {
	return m.one(ctx, s, "open", (*postgres.Mover).Open)
}

// BringBack implements action.DatabaseMover.
func (m databaseMover) BringBack(ctx context.Context, s action.DatabaseSet) (action.DatabaseDone, error) {
	return m.one(ctx, s, "bring back", (*postgres.Mover).BringBack)
}

// behind answers how far the copy of a database is behind: seconds, or the bytes
// of changes that are not over.
func (m databaseMover) behind(ctx context.Context, s action.DatabaseSet, changes bool) (action.Measured, error) {
	began := m.app.setup.Now()
	out := action.Measured{Unix: began.Unix(), From: "the replication slots of the source"}
	_, err := m.with(ctx, s, "status", nil, func(d *databaseMove) error {
		doc := d.mover.Document()
		if changes && doc.FenceLSN != 0 {
			// Nothing is written any more, and all of it is over.
			out.Value, out.From = 0.0, "everything up to the fence at "+doc.FenceLSN.String()+" was confirmed"
			return nil
		}
		state, err := d.mover.Lag(ctx, lagWithin)
		if err != nil {
			return err
		}
		l := lagOf(state)
		if !l.Known || l.Trouble != "" {
			return fault.Newf(fault.Unavailable, "measure how far %q is behind: %s", s.Data, strconv.Quote(l.Trouble))
		}
		out.Value = l.Seconds
		if changes {
			out.Value = float64(l.Bytes)
		}
		return nil
	})
	return out, err
}
