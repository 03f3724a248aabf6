package action

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move"
	"example.com/landfall/internal/runbook"
)

// The kinds that carry objects over, and compare them.
const (
	KindMoveObjects   runbook.StepKind = "move.objects"
	KindVerifyObjects runbook.StepKind = "verify.objects"
)

// ObjectSet is a bucket and the container that takes it.
type ObjectSet struct {
	// Data is the id of the set in the runbook, Source and Target are resources.
	Data, Source, Target string
	// Step is for the records: the run and the step.
	Step string
	// Names and Metadata are what happens to names that Azure cannot hold, of
	// objects and of what goes with them: "exclude", "rename", "fail" or "" for fail.
	Names, Metadata string
}

// ObjectsSeen is what a look at both sides found.
type ObjectsSeen struct {
	// Left is what a copy would send, Marked how many blobs carry our mark.
	Left, Marked int64
	// Copied says that a whole copy was made before.
	Copied bool
}

// ObjectsDone is what a pass came to.
type ObjectsDone struct {
	// Digest of the manifest, and the run that it is of.
	Digest, Run string
	// Counts are the objects by what became of them, Proofs by what equality rests
	// on.
	Counts, Proofs map[string]int64
	// Bytes of all objects together.
	Bytes int64
	// Found is what is not as it should be, "" when nothing is.
	Found string
	// Unheld are the objects that break a rule of Azure's for names.
	Unheld ObjectsUnheld
}

// ObjectsUnheld are objects that are not at the target because Azure cannot hold
// a name. Where they are to be left out, those of Keys are no fault of a pass.
type ObjectsUnheld struct {
	// Keys counts those whose key it is, Parts those of which it is a metadata name,
	// a tag or a header.
	Keys  int64 `json:"keys,omitempty"`
	Parts int64 `json:"parts,omitempty"`
	// First are some of them, each with the rule that it breaks.
	First []string `json:"first,omitempty"`
}

// ObjectMover moves sets of objects. Each of its verbs may be repeated, and goes
// on where one of before was stopped. Progress hears a few times a second.
type ObjectMover interface {
	// Look asks both sides. It changes nothing.
	Look(ctx context.Context, s ObjectSet) (ObjectsSeen, error)
	// Copy makes the target equal to the source.
	Copy(ctx context.Context, s ObjectSet, progress func(move.Progress)) (ObjectsDone, error)
	// Last is what the last copy came to; false without one.
	Last(ctx context.Context, s ObjectSet) (ObjectsDone, bool, error)
	// Compare compares both sides; last makes the last copy before, behind the
	// fence.
	Compare(ctx context.Context, s ObjectSet, last bool, progress func(move.Progress)) (ObjectsDone, error)
	// Empty deletes the blobs that carry our mark, and no others. It returns how
	// many there were.
	Empty(ctx context.Context, s ObjectSet, progress func(move.Progress)) (int64, error)
}

// objectInputs are those that the runbook gives both kinds.
type objectInputs struct {
	Data   string `json:"data"`
	Source string `json:"source"`
	Target string `json:"target"`
	Method string `json:"method"`
	What   string `json:"what"`
	// Names and Metadata are those of ObjectSet.
	Names    string `json:"names"`
	Metadata string `json:"metadata"`
	// Keep says of an undo that the copy stays: it is made anew the next time, and
	// then is short.
	Keep bool `json:"keep"`
}

func objectSet(c *Call) (ObjectSet, objectInputs, error) {
	var in objectInputs
	if err := inputs(c, &in); err != nil {
		return ObjectSet{}, in, err
	}
	if in.Source == "" || in.Target == "" {
		return ObjectSet{}, in, fault.Newf(fault.Invalid, "read the inputs of step %q: they name no source or no target", c.Step.ID).Hintf("landfall plan")
	}
	return ObjectSet{Data: in.Data, Source: in.Source, Target: in.Target, Step: c.Run + "/" + c.Step.ID, Names: in.Names, Metadata: in.Metadata}, in, nil
}

// MoveObjects copies a bucket into a container. Of a set that is followed it ends
// when the first copy is whole: the passes after that are made while the gate
// before the fence asks how far it is behind, and behind the fence.
type MoveObjects struct{ Mover ObjectMover }

var (
	_ Action = MoveObjects{}
	_ Test   = VerifyObjects{}
)

// Check asks both sides what a copy would send: nothing means that it is whole,
// as of this moment.
func (a MoveObjects) Check(ctx context.Context, c *Call) (Seen, string, error) {
	set, in, err := objectSet(c)
	if err != nil {
		return CannotTell, "", err
	}
	if in.Keep {
		return NotThere, "the copy stays", nil
	}
	seen, err := a.Mover.Look(ctx, set)
	if err != nil {
		return CannotTell, "", err
	}
	switch {
	case seen.Left == 0 && seen.Copied && seen.Marked > 0:
		return There, "nothing is left to copy", nil
	case seen.Marked > 0:
		return Partly, strconv.FormatInt(seen.Left, 10) + " objects are left to copy", nil
	}
	return NotThere, "", nil
}

// Apply copies what is left. A stop lets it end in order; what is done stays
// done.
func (a MoveObjects) Apply(ctx context.Context, c *Call) error {
	set, _, err := objectSet(c)
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

// Verify proves the copy by its manifest: what was refused, or failed, is not
// there.
func (a MoveObjects) Verify(ctx context.Context, c *Call) ([]Evidence, error) {
	set, _, err := objectSet(c)
	if err != nil {
		return nil, err
	}
	done, ok, err := a.Mover.Last(ctx, set)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, fault.Newf(fault.Found, "verify the copy of %q: no manifest of one is here", set.Data).Hintf("the worker that copied has it; landfall retry makes the copy look again")
	}
	return done.evidence("copy", set)
}

// Undo deletes the blobs that carry our mark.
func (a MoveObjects) Undo(ctx context.Context, c *Call) ([]Evidence, error) {
	set, _, err := objectSet(c)
	if err != nil {
		return nil, err
	}
	var n int64
	var last Progress
	err = stoppable(ctx, c, func(ctx context.Context) error {
		var err error
		n, err = a.Mover.Empty(ctx, set, beating(c, &last))
		return err
	})
	evidence := []Evidence{{Kind: "objects", Text: strconv.FormatInt(n, 10) + " blobs with the mark of a copy deleted, and no others", Data: map[string]string{"data": set.Data, "deleted": strconv.FormatInt(n, 10)}}}
	return evidence, yielding(c, err, last)
}

// VerifyObjects compares both copies of a set. Behind the fence ("final") it
// makes the last pass before.
type VerifyObjects struct {
	only
	Mover ObjectMover
}

// Try compares.
func (a VerifyObjects) Try(ctx context.Context, c *Call) ([]Evidence, error) {
	set, in, err := objectSet(c)
	if err != nil {
		return nil, err
	}
	var done ObjectsDone
	var last Progress
	err = stoppable(ctx, c, func(ctx context.Context) error {
		var err error
		done, err = a.Mover.Compare(ctx, set, in.What == whatFinal, beating(c, &last))
		return err
	})
	if err != nil {
		return nil, yielding(c, err, last)
	}
	return done.evidence(in.What, set)
}

// evidence is what the pass proves; what it found is the error.
func (d ObjectsDone) evidence(what string, set ObjectSet) ([]Evidence, error) {
	data := map[string]string{"data": set.Data, "manifest": d.Digest, "pass": d.Run, "bytes": strconv.FormatInt(d.Bytes, 10)}
	var total int64
	for name, n := range d.Counts {
		data[name] = strconv.FormatInt(n, 10)
		total += n
	}
	for name, n := range d.Proofs {
		data["proof."+name] = strconv.FormatInt(n, 10)
	}
	d.Unheld.into(data)
	e := Evidence{Kind: "objects", Text: what + " of " + set.Data + ": " + strconv.FormatInt(total, 10) + " objects, manifest " + d.Digest, Data: data}
	if d.Found != "" && d.Unheld.Keys+d.Unheld.Parts > 0 {
		return []Evidence{e}, d.Unheld.fault(what, set, d.Found)
	}
	if d.Found != "" {
		return []Evidence{e}, fault.Newf(fault.Found, "%s of %q: %s", what, set.Data, d.Found).Hintf("the manifest names each object with the reason; landfall verify objects")
	}
	return []Evidence{e}, nil
}

// errAsked is why work ends that was asked to.
var errAsked = errors.New("asked to stop")

// stoppable ends what it calls when the attempt is asked to stop.
func stoppable(ctx context.Context, c *Call, do func(ctx context.Context) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	done := make(chan struct{})
	defer close(done)
	go func() {
		select {
		case <-c.Stop:
			cancel(errAsked)
		case <-done:
		}
	}()
	return do(ctx)
}

// yielding makes a Yield of work that ended because it was asked to.
func yielding(c *Call, err error, last Progress) error {
	if err == nil || !c.stopped() {
		return err
	}
	cursor, marshalErr := json.Marshal(map[string]int64{"done": last.Done, "of": last.Of})
	if marshalErr != nil {
		return errors.Join(err, marshalErr)
	}
	return &Yield{Cursor: cursor, At: strconv.FormatInt(last.Done, 10) + " of " + strconv.FormatInt(last.Of, 10) + " objects"}
}

// beating tells that the attempt lives and how far it is. Progress comes from one
// goroutine at a time, and the last before the work returns.
func beating(c *Call, last *Progress) func(move.Progress) {
	return func(p move.Progress) {
		*last = Progress{Text: p.Doing, Done: p.Items, Of: p.TotalItems}
		c.beat(*last)
	}
}
