package action_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"example.com/landfall/internal/action"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move"
	"example.com/landfall/internal/runbook"
)

// shelf is a bucket whose passes fall into shards.
type shelf struct {
	bucket
	passes []action.ObjectPass
	closed []action.Ended
	err    error
	stop   chan struct{}
}

func (s *shelf) Split(_ context.Context, _ action.ObjectSet, p action.ObjectPass) (action.Parts, error) {
	s.passes = append(s.passes, p)
	out := action.Parts{Work: json.RawMessage(`"pass"`)}
	for _, id := range []string{"a", "b", "c"} {
		out.All = append(out.All, action.Part{ID: id, Work: json.RawMessage(`"` + id + `"`)})
	}
	return out, s.err
}

func (s *shelf) Shard(ctx context.Context, _ action.ObjectSet, work, shard json.RawMessage, progress func(move.Progress)) ([]byte, error) {
	progress(move.Progress{Doing: "copy", Items: 1})
	if s.stop != nil {
		close(s.stop)
		<-ctx.Done()
		return nil, context.Cause(ctx)
	}
	return []byte(string(work) + string(shard)), s.err
}

func (s *shelf) Keep(_ context.Context, _ action.ObjectSet, _ json.RawMessage, left []byte) error {
	if string(left) != `"pass""a"` {
		return fault.Newf(fault.Internal, "kept %q", left)
	}
	return s.err
}

func (s *shelf) Close(_ context.Context, _ action.ObjectSet, _ json.RawMessage, e action.Ended, _ func(move.Progress)) (action.ObjectsDone, error) {
	s.closed = append(s.closed, e)
	if e.Whole() && s.err == nil {
		s.copied, s.target = true, s.source
	}
	return s.done(), s.err
}

// part is the question about one of the parts that an answer holds.
func part(p *action.Parts, verb action.PartsVerb) action.Asked {
	return action.Asked{Verb: verb, Work: p.Work, Part: p.All[0].Work, Left: []byte(`"pass""a"`), Ended: action.Ended{Done: 3, Of: 3}}
}

// A copy in parts comes to what one in one piece comes to.
func TestObjectsInParts(t *testing.T) {
	t.Parallel()
	s := &shelf{bucket: bucket{source: 3}}
	a := action.MoveObjectsInParts{MoveObjects: action.MoveObjects{Mover: s}, Shards: s}
	c := objectsCall(action.KindMoveObjects, "copy")
	c.Attempt = 2
	if r := action.RunParts(t.Context(), a, c, action.Asked{}); r.Parts == nil || len(r.Parts.All) != 0 || len(s.passes) != 0 {
		t.Errorf("asked whether it falls into parts: %+v", r)
	}
	r := action.RunParts(t.Context(), a, c, action.Asked{Verb: action.SplitParts})
	if r.Parts == nil || len(r.Parts.All) != 3 || s.passes[0].Compare || s.passes[0].Final || s.passes[0].Key != c.Key {
		t.Fatalf("%+v, %+v", r, s.passes)
	}
	if one := action.RunParts(t.Context(), a, c, part(r.Parts, action.CarryPart)); one.Outcome != runbook.Succeeded || string(one.Left) != `"pass""a"` {
		t.Errorf("a part: %+v", one)
	}
	if kept := action.RunParts(t.Context(), a, c, part(r.Parts, action.KeepPart)); kept.Outcome != runbook.Succeeded {
		t.Errorf("kept: %+v", kept)
	}
	end := action.RunParts(t.Context(), a, c, part(r.Parts, action.CloseParts))
	if end.Outcome != runbook.Succeeded || end.Parts != nil || len(end.Evidence) != 1 || end.Evidence[0].Data["manifest"] != "d" {
		t.Errorf("closed: %+v", end)
	}
	// What is there falls into no parts any more.
	if again := action.RunParts(t.Context(), a, c, action.Asked{Verb: action.SplitParts}); again.Outcome != runbook.Succeeded || again.Parts != nil {
		t.Errorf("split once more: %+v", again)
	}
}

// Behind the fence come the last copy and the comparison. The pass of an attempt
// that was stopped is gone on with by the very next one alone.
func TestStagesBehindTheFence(t *testing.T) {
	t.Parallel()
	s := &shelf{bucket: bucket{source: 3, found: "2 are missing"}}
	a := action.VerifyObjectsInParts{VerifyObjects: action.VerifyObjects{Mover: s}, Shards: s}
	c := objectsCall(action.KindVerifyObjects, "final")
	c.Attempt = 1
	first := action.RunParts(t.Context(), a, c, action.Asked{Verb: action.SplitParts})
	second := action.RunParts(t.Context(), a, c, part(first.Parts, action.CloseParts))
	if second.Parts == nil {
		t.Fatalf("after the last copy: %+v", second)
	}
	end := action.RunParts(t.Context(), a, c, part(second.Parts, action.CloseParts))
	if end.Outcome != runbook.NoEffect || !strings.Contains(end.Detail, "2 are missing") || len(end.Evidence) != 1 {
		t.Errorf("what the comparison found: %+v", end)
	}
	q := part(second.Parts, action.CloseParts)
	q.Ended = action.Ended{Done: 1, Of: 3, Stopped: true}
	stopped := action.RunParts(t.Context(), a, c, q)
	if stopped.Outcome != runbook.Yielded || len(stopped.Cursor) == 0 || !strings.Contains(stopped.Detail, "1 of 3 parts") {
		t.Fatalf("stopped: %+v", stopped)
	}
	c.Cursor = stopped.Cursor
	for attempt := 2; attempt <= 3; attempt++ {
		c.Attempt = attempt
		action.RunParts(t.Context(), a, c, action.Asked{Verb: action.SplitParts})
	}
	var got []string
	for _, p := range s.passes {
		word := "copy"
		if p.Compare {
			word = "compare"
		}
		if !p.Final {
			t.Errorf("%+v is not behind the fence", p)
		}
		if p.Again {
			word += " again"
		}
		got = append(got, word)
	}
	if want := []string{"copy", "compare", "compare again", "copy"}; !slices.Equal(got, want) {
		t.Errorf("passes %v, want %v", got, want)
	}
	// A comparison before the fence has one stage.
	s.passes, c.Cursor = nil, nil
	c.Step.Inputs["what"] = "compare"
	action.RunParts(t.Context(), a, c, action.Asked{Verb: action.SplitParts})
	if len(s.passes) != 1 || !s.passes[0].Compare || s.passes[0].Final {
		t.Errorf("%+v", s.passes)
	}
}

// What the parts came to that are not all done is what the attempt came to.
func TestPartsThatAreNotAllDone(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		target int64
		ended  action.Ended
		err    error
		want   runbook.Outcome
		says   string
	}{
		"failed, nothing there": {0, action.Ended{Of: 3, Failed: 1, Why: []string{"no right"}, Final: true}, nil, runbook.NoEffect, "no right"},
		"failed, some there":    {1, action.Ended{Done: 1, Of: 3, Failed: 1, Why: []string{"gone"}}, nil, runbook.BadEffect, "1 of 3 parts: gone"},
		"late":                  {1, action.Ended{Done: 1, Of: 3, Stopped: true, Late: true}, nil, runbook.BadEffect, "longer than its timeout"},
		"not joined":            {1, action.Ended{Done: 3, Of: 3}, errors.New("disk full"), runbook.BadEffect, "disk full"},
	} {
		s := &shelf{bucket: bucket{source: 3, target: c.target}, err: c.err}
		a := action.MoveObjectsInParts{MoveObjects: action.MoveObjects{Mover: s}, Shards: s}
		r := action.RunParts(t.Context(), a, objectsCall(action.KindMoveObjects, "copy"), action.Asked{Verb: action.CloseParts, Work: json.RawMessage(`{"stage":"copy","pass":"x"}`), Ended: c.ended})
		if r.Outcome != c.want || !strings.Contains(r.Detail, c.says) || r.Final != c.ended.Final || len(s.closed) != 1 {
			t.Errorf("%s: %+v", name, r)
		}
	}
	// A part stops where it is asked to, and says why it failed.
	s := &shelf{err: fault.Newf(fault.Denied, "no right"), bucket: bucket{source: 3}}
	a := action.MoveObjectsInParts{MoveObjects: action.MoveObjects{Mover: s}, Shards: s}
	c := objectsCall(action.KindMoveObjects, "copy")
	q := action.Asked{Verb: action.CarryPart, Work: json.RawMessage(`{"stage":"copy","pass":"x"}`), Part: json.RawMessage(`"a"`)}
	if r := action.RunParts(t.Context(), a, c, q); r.Outcome != runbook.NoEffect || !r.Final || !strings.Contains(r.Detail, "no right") {
		t.Errorf("a part that is denied: %+v", r)
	}
	stop := make(chan struct{})
	s.stop, c.Stop = stop, stop
	if r := action.RunParts(t.Context(), a, c, q); r.Outcome != runbook.Yielded {
		t.Errorf("a part that is stopped: %+v", r)
	}
	// What falls into no parts is carried out.
	whole := &bucket{source: 2}
	if r := action.RunParts(t.Context(), action.MoveObjects{Mover: whole}, objectsCall(action.KindMoveObjects, "copy"), action.Asked{Verb: action.SplitParts}); r.Outcome != runbook.Succeeded || whole.target != 2 {
		t.Errorf("in one piece: %+v", r)
	}
}
