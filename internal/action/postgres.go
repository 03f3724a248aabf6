package action

import (
	"context"
	"strconv"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move"
	"example.com/landfall/internal/runbook"
)

// The kinds that carry a database of PostgreSQL over, compare it, and switch.
const (
	KindMovePostgres    runbook.StepKind = "move.postgres"
	KindVerifyPostgres  runbook.StepKind = "verify.postgres"
	KindFencePostgres   runbook.StepKind = "fence.postgres"
	KindReturnPostgres  runbook.StepKind = "return.postgres"
	KindWritersPostgres runbook.StepKind = "writers.postgres"
)

// DatabaseSet is a database and the one that takes it.
type DatabaseSet struct {
	// Data is the id of the set in the runbook, Source and Target are resources.
	Data, Source, Target string
	// Step is for the records: the run and the step.
	Step string
}

// DatabaseStage is how far the move of a database is.
type DatabaseStage struct {
	// Begun says that something is there, Follows that the copy is whole and the target
	// follows (or, offline, is whole), Fenced that nobody writes at the source, Turned
	// that changes come back from the target, Open that the target is open to all.
	Begun, Follows, Fenced, Turned, Open bool
	// HalfFenced, HalfTurned and HalfOpen say that it was begun, and did not come to
	// its end.
	HalfFenced, HalfTurned, HalfOpen bool
	// Name is the stage in a word.
	Name string
}

// DatabaseDone is what a verb came to.
type DatabaseDone struct {
	Text string
	// Data are the figures by name.
	Data map[string]string
	// Found is what is not as it should be, "" when nothing is.
	Found string
}

// DatabaseMover moves databases. Each of its verbs may be repeated, and goes on
// where one of before was stopped.
type DatabaseMover interface {
	// Stage asks how far the move is. It changes nothing.
	Stage(ctx context.Context, s DatabaseSet) (DatabaseStage, error)
	// Copy carries everything over and lets the target follow; Abandon takes that back
	// and empties the target.
	Copy(ctx context.Context, s DatabaseSet, progress func(move.Progress)) (DatabaseDone, error)
	Abandon(ctx context.Context, s DatabaseSet) (DatabaseDone, error)
	// Compare compares both sides; last waits for what is on its way behind the fence,
	// and sets the sequences, before.
	Compare(ctx context.Context, s DatabaseSet, last bool, progress func(move.Progress)) (DatabaseDone, error)
	// Fence lets nobody write at the source; Unfence opens it as it was.
	Fence(ctx context.Context, s DatabaseSet) (DatabaseDone, error)
	Unfence(ctx context.Context, s DatabaseSet) (DatabaseDone, error)
	// Return lets changes come back from the target; TurnBack takes that back.
	Return(ctx context.Context, s DatabaseSet) (DatabaseDone, error)
	TurnBack(ctx context.Context, s DatabaseSet) (DatabaseDone, error)
	// Open lets others write at the target; BringBack fences it, and waits until the
	// source has what was written there.
	Open(ctx context.Context, s DatabaseSet) (DatabaseDone, error)
	BringBack(ctx context.Context, s DatabaseSet) (DatabaseDone, error)
}

func databaseSet(c *Call) (DatabaseSet, objectInputs, error) {
	set, in, err := objectSet(c)
	return DatabaseSet{Data: set.Data, Source: set.Source, Target: set.Target, Step: set.Step}, in, err
}

// evidence is what a verb proves; what it found is the error.
func (d DatabaseDone) evidence(what string, set DatabaseSet) ([]Evidence, error) {
	data := map[string]string{"data": set.Data}
	for k, v := range d.Data {
		data[k] = v
	}
	e := []Evidence{{Kind: "database", Text: what + " of " + set.Data + ": " + d.Text, Data: data}}
	if d.Found != "" {
		return e, fault.Newf(fault.Found, "%s of %q: %s", what, set.Data, d.Found).Hintf("landfall verify postgres names every difference")
	}
	return e, nil
}

// DatabaseStep is a step with one verb of the mover, and its undo.
type DatabaseStep struct {
	Mover DatabaseMover
	// What is the verb for people.
	What string
	// There says whether a stage has what the step does, Half whether it has a part of
	// it.
	There, Half func(s DatabaseStage) bool
	// Do and Back are the verbs.
	Do, Back func(m DatabaseMover, ctx context.Context, s DatabaseSet) (DatabaseDone, error)
}

// FencePostgres is the step that lets nobody write at the source.
func FencePostgres(m DatabaseMover) DatabaseStep {
	return DatabaseStep{m, "fence", func(s DatabaseStage) bool { return s.Fenced }, func(s DatabaseStage) bool { return s.HalfFenced }, DatabaseMover.Fence, DatabaseMover.Unfence}
}

// ReturnPostgres is the step that prepares the way back.
func ReturnPostgres(m DatabaseMover) DatabaseStep {
	return DatabaseStep{m, "way back", func(s DatabaseStage) bool { return s.Turned }, func(s DatabaseStage) bool { return s.HalfTurned }, DatabaseMover.Return, DatabaseMover.TurnBack}
}

// WritersPostgres is the step that opens the target.
func WritersPostgres(m DatabaseMover) DatabaseStep {
	return DatabaseStep{m, "switch", func(s DatabaseStage) bool { return s.Open }, func(s DatabaseStage) bool { return s.HalfOpen }, DatabaseMover.Open, DatabaseMover.BringBack}
}

var (
	_ Action = MovePostgres{}
	_ Action = DatabaseStep{}
	_ Test   = VerifyPostgres{}
)

// Check asks for the stage.
func (a DatabaseStep) Check(ctx context.Context, c *Call) (Seen, string, error) {
	set, _, err := databaseSet(c)
	if err != nil {
		return CannotTell, "", err
	}
	stage, err := a.Mover.Stage(ctx, set)
	if err != nil {
		return CannotTell, "", err
	}
	switch {
	case a.There(stage):
		return There, "the move is " + stage.Name, nil
	case a.Half(stage):
		return Partly, "the move is " + stage.Name + ", and this was begun", nil
	}
	return NotThere, "the move is " + strconv.Quote(stage.Name), nil
}

// Apply carries the verb out; each can be repeated.
func (a DatabaseStep) Apply(ctx context.Context, c *Call) error {
	set, _, err := databaseSet(c)
	if err != nil {
		return err
	}
	return stoppable(ctx, c, func(ctx context.Context) error {
		_, err := a.Do(a.Mover, ctx, set)
		return err
	})
}

// Verify tries what is done: the verb, where it is done, only tries. A move that
// somebody has taken back meanwhile is not taken forward again.
func (a DatabaseStep) Verify(ctx context.Context, c *Call) ([]Evidence, error) {
	set, _, err := databaseSet(c)
	if err != nil {
		return nil, err
	}
	stage, err := a.Mover.Stage(ctx, set)
	if err != nil {
		return nil, err
	}
	if !a.There(stage) {
		return nil, fault.Newf(fault.Found, "verify the %s of %q: the move is %q", a.What, set.Data, stage.Name)
	}
	done, err := a.Do(a.Mover, ctx, set)
	if err != nil {
		return nil, err
	}
	return done.evidence(a.What, set)
}

// Undo takes it back.
func (a DatabaseStep) Undo(ctx context.Context, c *Call) ([]Evidence, error) {
	set, _, err := databaseSet(c)
	if err != nil {
		return nil, err
	}
	done, err := a.Back(a.Mover, ctx, set)
	if err != nil {
		return nil, err
	}
	return done.evidence(a.What+" taken back", set)
}

// MovePostgres copies a database and lets the target follow.
type MovePostgres struct{ Mover DatabaseMover }

// Check asks for the stage.
func (a MovePostgres) Check(ctx context.Context, c *Call) (Seen, string, error) {
	set, _, err := databaseSet(c)
	if err != nil {
		return CannotTell, "", err
	}
	stage, err := a.Mover.Stage(ctx, set)
	switch {
	case err != nil:
		return CannotTell, "", err
	case stage.Follows:
		return There, "the copy is whole", nil
	case stage.Begun:
		return Partly, "the copy is under way", nil
	}
	return NotThere, "", nil
}

// Apply copies, or goes on copying.
func (a MovePostgres) Apply(ctx context.Context, c *Call) error {
	set, _, err := databaseSet(c)
	if err != nil {
		return err
	}
	var last Progress
	err = stoppable(ctx, c, func(ctx context.Context) error {
		_, err := a.Mover.Copy(ctx, set, beating(c, &last))
		return err
	})
	return yielding(c, err, last)
}

// Verify is a further pass of the copy, which has nothing left to do but what could
// not be done.
func (a MovePostgres) Verify(ctx context.Context, c *Call) ([]Evidence, error) {
	set, _, err := databaseSet(c)
	if err != nil {
		return nil, err
	}
	stage, err := a.Mover.Stage(ctx, set)
	if err != nil {
		return nil, err
	}
	if !stage.Follows {
		return nil, fault.Newf(fault.Found, "verify the copy of %q: the move is %q", set.Data, stage.Name)
	}
	var last Progress
	done, err := a.Mover.Copy(ctx, set, beating(c, &last))
	if err != nil {
		return nil, err
	}
	return done.evidence("copy", set)
}

// Undo gives the move up and empties the target.
func (a MovePostgres) Undo(ctx context.Context, c *Call) ([]Evidence, error) {
	set, _, err := databaseSet(c)
	if err != nil {
		return nil, err
	}
	done, err := a.Mover.Abandon(ctx, set)
	if err != nil {
		return nil, err
	}
	return done.evidence("copy taken back", set)
}

// VerifyPostgres compares both sides. Behind the fence ("final") it waits for what
// is on its way before.
type VerifyPostgres struct {
	only
	Mover DatabaseMover
}

// Try compares.
func (a VerifyPostgres) Try(ctx context.Context, c *Call) ([]Evidence, error) {
	set, in, err := databaseSet(c)
	if err != nil {
		return nil, err
	}
	var done DatabaseDone
	var last Progress
	err = stoppable(ctx, c, func(ctx context.Context) error {
		var err error
		done, err = a.Mover.Compare(ctx, set, in.What == "final", beating(c, &last))
		return err
	})
	if err != nil {
		return nil, yielding(c, err, last)
	}
	return done.evidence(in.What, set)
}
