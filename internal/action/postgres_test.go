package action_test

import (
	"context"
	"slices"
	"testing"

	"example.com/landfall/internal/action"
	"example.com/landfall/internal/move"
	"example.com/landfall/internal/runbook"
)

// database is a move in memory: each verb notes itself and takes the stage further.
type database struct {
	stage action.DatabaseStage
	did   []string
	found string
	// broken is a verb that gets half way only.
	broken string
	err    error
}

func (d *database) do(verb string, half, whole func(s *action.DatabaseStage)) (action.DatabaseDone, error) {
	d.did = append(d.did, verb)
	if d.broken == verb {
		half(&d.stage)
		return action.DatabaseDone{}, d.err
	}
	whole(&d.stage)
	return action.DatabaseDone{Text: verb, Data: map[string]string{"run": "r"}, Found: d.found}, nil
}

func (d *database) Stage(context.Context, action.DatabaseSet) (action.DatabaseStage, error) {
	return d.stage, nil
}

func (d *database) Copy(_ context.Context, _ action.DatabaseSet, progress func(move.Progress)) (action.DatabaseDone, error) {
	progress(move.Progress{Doing: "copy", Items: 1, TotalItems: 2})
	return d.do("copy", func(s *action.DatabaseStage) { s.Begun = true }, func(s *action.DatabaseStage) { s.Begun, s.Follows = true, true })
}

func (d *database) Abandon(context.Context, action.DatabaseSet) (action.DatabaseDone, error) {
	return d.do("abandon", nil, func(s *action.DatabaseStage) { *s = action.DatabaseStage{} })
}

func (d *database) Compare(_ context.Context, _ action.DatabaseSet, last bool, _ func(move.Progress)) (action.DatabaseDone, error) {
	if last {
		return d.do("prove", nil, func(*action.DatabaseStage) {})
	}
	return d.do("compare", nil, func(*action.DatabaseStage) {})
}

func (d *database) Fence(context.Context, action.DatabaseSet) (action.DatabaseDone, error) {
	return d.do("fence", func(s *action.DatabaseStage) { s.HalfFenced = true }, func(s *action.DatabaseStage) { s.HalfFenced, s.Fenced = false, true })
}

func (d *database) Unfence(context.Context, action.DatabaseSet) (action.DatabaseDone, error) {
	return d.do("unfence", nil, func(s *action.DatabaseStage) { s.HalfFenced, s.Fenced = false, false })
}

func (d *database) Return(context.Context, action.DatabaseSet) (action.DatabaseDone, error) {
	return d.do("return", func(s *action.DatabaseStage) { s.HalfTurned = true }, func(s *action.DatabaseStage) { s.HalfTurned, s.Turned = false, true })
}

func (d *database) TurnBack(context.Context, action.DatabaseSet) (action.DatabaseDone, error) {
	return d.do("turn back", nil, func(s *action.DatabaseStage) { s.HalfTurned, s.Turned = false, false })
}

func (d *database) Open(context.Context, action.DatabaseSet) (action.DatabaseDone, error) {
	return d.do("open", func(s *action.DatabaseStage) { s.HalfOpen = true }, func(s *action.DatabaseStage) { s.HalfOpen, s.Open = false, true })
}

func (d *database) BringBack(context.Context, action.DatabaseSet) (action.DatabaseDone, error) {
	return d.do("bring back", nil, func(s *action.DatabaseStage) { s.HalfOpen, s.Open = false, false })
}

func databaseCall(kind runbook.StepKind, what string) *action.Call {
	c := call(kind, map[string]any{"data": "db:shop", "source": "arn:aws:rds:eu-west-1:1:db:shop", "target": "/x/flexibleServers/s/databases/shop", "method": "online", "what": what})
	c.Step.Undo = &runbook.Undo{}
	return c
}

// Each step of a move there, and back in reverse: what is there is not done again,
// and each undo is the verb that fits.
func TestStepsOfADatabase(t *testing.T) {
	t.Parallel()
	d := &database{}
	steps := []struct {
		kind       runbook.StepKind
		action     action.Action
		do, takeIt string
	}{
		{action.KindMovePostgres, action.MovePostgres{Mover: d}, "copy", "abandon"},
		{action.KindFencePostgres, action.FencePostgres(d), "fence", "unfence"},
		{action.KindReturnPostgres, action.ReturnPostgres(d), "return", "turn back"},
		{action.KindWritersPostgres, action.WritersPostgres(d), "open", "bring back"},
	}
	for _, s := range steps {
		c := databaseCall(s.kind, "copy")
		if p := action.Probe(t.Context(), s.action, c); p.Seen != action.NotThere {
			t.Errorf("%s before: %+v", s.kind, p)
		}
		d.did = nil
		r := action.Run(t.Context(), s.action, c, false)
		if r.Outcome != runbook.Succeeded || len(r.Evidence) != 1 || r.Evidence[0].Data["data"] != "db:shop" || !slices.Equal(d.did, []string{s.do, s.do}) {
			t.Errorf("%s: %+v, %v", s.kind, r, d.did)
		}
		d.did = nil
		if r := action.Run(t.Context(), s.action, c, false); r.Outcome != runbook.Succeeded || !slices.Equal(d.did, []string{s.do}) {
			t.Errorf("%s again: %+v, %v", s.kind, r, d.did) // only tried
		}
	}
	slices.Reverse(steps)
	for _, s := range steps {
		d.did = nil
		if r := action.Run(t.Context(), s.action, databaseCall(s.kind, "copy"), true); r.Outcome != runbook.Succeeded || !slices.Equal(d.did, []string{s.takeIt}) {
			t.Errorf("%s taken back: %+v, %v", s.kind, r, d.did)
		}
	}
}

// What got half way is neither there nor not there: its undo is made.
func TestHalfAStepOfADatabaseIsTakenBack(t *testing.T) {
	t.Parallel()
	for verb, step := range map[string]func(action.DatabaseMover) action.DatabaseStep{"fence": action.FencePostgres, "return": action.ReturnPostgres, "open": action.WritersPostgres} {
		d := &database{broken: verb, err: context.DeadlineExceeded}
		a, c := step(d), databaseCall("fence.postgres", "")
		if r := action.Run(t.Context(), a, c, false); r.Outcome == runbook.Succeeded {
			t.Errorf("%s: %+v", verb, r)
		}
		if p := action.Probe(t.Context(), a, c); p.Seen != action.Partly {
			t.Errorf("%s half done: %+v", verb, p)
		}
		d.did = nil
		if r := action.Run(t.Context(), a, c, true); r.Outcome != runbook.Succeeded || len(d.did) != 1 {
			t.Errorf("%s taken back: %+v, %v", verb, r, d.did)
		}
	}
}

// Behind the fence a comparison proves; what it finds is the error.
func TestVerifyPostgres(t *testing.T) {
	t.Parallel()
	d := &database{}
	a := action.VerifyPostgres{Mover: d}
	for what, verb := range map[string]string{"verify": "compare", "final": "prove"} {
		d.did = nil
		if r := action.Run(t.Context(), a, databaseCall(action.KindVerifyPostgres, what), false); r.Outcome != runbook.Succeeded || !slices.Equal(d.did, []string{verb}) {
			t.Errorf("%s: %+v, %v", what, r, d.did)
		}
	}
	d.found = "3 rows differ"
	if r := action.Run(t.Context(), a, databaseCall(action.KindVerifyPostgres, "final"), false); r.Outcome == runbook.Succeeded {
		t.Errorf("a difference: %+v", r)
	}
}
