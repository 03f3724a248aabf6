package action_test

import (
	"context"
	"strings"
	"testing"

	"example.com/landfall/internal/action"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move"
	"example.com/landfall/internal/runbook"
)

// bucket is both sides of a set in memory.
type bucket struct {
	source, target int64
	foreign        int64
	copied         bool
	found          string
	err            error
	// each is called before each object is copied.
	each     func()
	compared []bool
}

func (b *bucket) Look(context.Context, action.ObjectSet) (action.ObjectsSeen, error) {
	return action.ObjectsSeen{Left: b.source - b.target, Marked: b.target, Copied: b.copied}, b.err
}

func (b *bucket) Copy(ctx context.Context, _ action.ObjectSet, progress func(move.Progress)) (action.ObjectsDone, error) {
	for b.target < b.source {
		if b.each != nil {
			b.each()
		}
		if ctx.Err() != nil {
			return action.ObjectsDone{}, context.Cause(ctx)
		}
		b.target++
		progress(move.Progress{Doing: "copy", Items: b.target, TotalItems: b.source})
	}
	b.copied = b.err == nil
	return b.done(), b.err
}

func (b *bucket) done() action.ObjectsDone {
	return action.ObjectsDone{Digest: "d", Run: "r", Counts: map[string]int64{"copied": b.target}, Proofs: map[string]int64{"bound": b.target}, Found: b.found}
}

func (b *bucket) Last(context.Context, action.ObjectSet) (action.ObjectsDone, bool, error) {
	return b.done(), b.copied, nil
}

func (b *bucket) Compare(_ context.Context, _ action.ObjectSet, last bool, _ func(move.Progress)) (action.ObjectsDone, error) {
	b.compared = append(b.compared, last)
	return b.done(), b.err
}

func (b *bucket) Empty(context.Context, action.ObjectSet, func(move.Progress)) (int64, error) {
	n := b.target
	b.target = 0
	return n, b.err
}

func objectsCall(kind runbook.StepKind, what string) *action.Call {
	c := call(kind, map[string]any{"data": "bucket:covers", "source": "arn:aws:s3:::covers", "target": "/x/storageAccounts/a/blobServices/default/containers/covers", "method": "online", "what": what})
	c.Step.Undo = &runbook.Undo{}
	return c
}

func TestMoveObjects(t *testing.T) {
	t.Parallel()
	b := &bucket{source: 3, foreign: 2}
	a := action.MoveObjects{Mover: b}
	c := objectsCall(action.KindMoveObjects, "copy")
	var beats []action.Progress
	c.Beat = func(p action.Progress) { beats = append(beats, p) }
	for n := range 2 {
		r := action.Run(t.Context(), a, c, false)
		if r.Outcome != runbook.Succeeded || len(r.Evidence) != 1 || r.Evidence[0].Data["copied"] != "3" || r.Evidence[0].Data["manifest"] != "d" || r.Evidence[0].Data["proof.bound"] != "3" {
			t.Errorf("run %d: %+v", n, r)
		}
		if n == 1 && !strings.Contains(r.Detail, "there already") {
			t.Errorf("done twice: %s", r.Detail)
		}
	}
	if len(beats) != 3 || beats[2].Done != 3 || beats[2].Of != 3 {
		t.Errorf("beats %v", beats)
	}
	// More comes up at the source: the copy goes on.
	b.source = 5
	if p := action.Probe(t.Context(), a, c); p.Seen != action.Partly {
		t.Errorf("probe %+v", p)
	}
	if r := action.Run(t.Context(), a, c, false); r.Outcome != runbook.Succeeded || b.target != 5 {
		t.Errorf("%+v", r)
	}
	// Taking it back removes what is ours; the copy that stays, nothing.
	c.Step.Undo = &runbook.Undo{Inputs: map[string]any{"keep": true}}
	if r := action.Run(t.Context(), a, c, true); r.Outcome != runbook.Succeeded || b.target != 5 {
		t.Errorf("keep: %+v, %d", r, b.target)
	}
	c.Step.Undo = &runbook.Undo{}
	if r := action.Run(t.Context(), a, c, true); r.Outcome != runbook.Succeeded || b.target != 0 || r.Evidence[0].Data["deleted"] != "5" {
		t.Errorf("undo: %+v, %d", r, b.target)
	}
}

// What was refused is no copy, although there is nothing left to copy.
func TestMoveObjectsFindsWhatIsRefused(t *testing.T) {
	t.Parallel()
	b := &bucket{source: 2, found: "copy objects: 1 are not as they should be"}
	r := action.Run(t.Context(), action.MoveObjects{Mover: b}, objectsCall(action.KindMoveObjects, "copy"), false)
	if r.Outcome != runbook.BadEffect || !strings.Contains(r.Detail, "1 are not as they should be") || len(r.Evidence) != 1 {
		t.Errorf("%+v", r)
	}
	b = &bucket{err: fault.Newf(fault.Denied, "look")}
	if r := action.Run(t.Context(), action.MoveObjects{Mover: b}, objectsCall(action.KindMoveObjects, "copy"), false); r.Outcome != runbook.NoEffect || !r.Final {
		t.Errorf("%+v", r)
	}
}

// A stop ends the copy in order, and the next attempt goes on.
func TestMoveObjectsStops(t *testing.T) {
	t.Parallel()
	stop := make(chan struct{})
	b := &bucket{source: 10}
	c := objectsCall(action.KindMoveObjects, "copy")
	c.Stop = stop
	b.each = func() {
		if b.target == 4 {
			close(stop)
		}
	}
	waiting := &patient{bucket: b}
	r := action.Run(t.Context(), action.MoveObjects{Mover: waiting}, c, false)
	if r.Outcome != runbook.Yielded || !strings.Contains(r.Detail, "4 of 10 objects") || b.target != 4 {
		t.Errorf("%+v, %d", r, b.target)
	}
	c.Stop = nil
	if r := action.Run(t.Context(), action.MoveObjects{Mover: b}, c, false); r.Outcome != runbook.Succeeded || b.target != 10 {
		t.Errorf("%+v, %d", r, b.target)
	}
}

// patient waits, once it was asked to stop, until its context says so too.
type patient struct{ *bucket }

func (p *patient) Copy(ctx context.Context, s action.ObjectSet, progress func(move.Progress)) (action.ObjectsDone, error) {
	each := p.each
	p.each = func() {
		each()
		if p.target == 4 {
			<-ctx.Done()
		}
	}
	defer func() { p.each = nil }()
	return p.bucket.Copy(ctx, s, progress)
}

func TestVerifyObjects(t *testing.T) {
	t.Parallel()
	b := &bucket{source: 2, target: 2}
	a := action.VerifyObjects{Mover: b}
	for _, what := range []string{"verify", "final"} {
		if r := action.Run(t.Context(), a, objectsCall(action.KindVerifyObjects, what), false); r.Outcome != runbook.Succeeded || len(r.Evidence) != 1 {
			t.Errorf("%s: %+v", what, r)
		}
	}
	if len(b.compared) != 2 || b.compared[0] || !b.compared[1] {
		t.Errorf("the last pass is made %v", b.compared)
	}
	b.found = "verify objects: 1 are not as they should be"
	if r := action.Run(t.Context(), a, objectsCall(action.KindVerifyObjects, "verify"), false); r.Outcome != runbook.NoEffect || len(r.Evidence) != 1 {
		t.Errorf("%+v", r)
	}
	bad := call(action.KindVerifyObjects, map[string]any{"what": "verify"})
	if r := action.Run(t.Context(), a, bad, false); !r.Final || !strings.Contains(r.Detail, "no source or no target") {
		t.Errorf("%+v", r)
	}
}
