package temporal

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"go.temporal.io/sdk/testsuite"
	"pgregory.net/rapid"

	"example.com/landfall/internal/engine"
	"example.com/landfall/internal/runbook"
)

// inParts are hands whose steps fall into parts.
type inParts struct {
	mu sync.Mutex
	// parts are those of each stage.
	parts []int
	done  map[string]int
	began map[string]int
	kept  map[string]int
	// ended are what the parts of each stage came to.
	ended []engine.Fanned
	now   int
	most  int
	// part, when set, is asked what a try of a part comes to, numbered from 1.
	part func(id string, try int) engine.StepResult
	// begun, when set, hears of each try.
	begun func(id string)
}

func (h *inParts) step(_ context.Context, c engine.StepCall, stop <-chan struct{}) engine.StepResult {
	if c.Fan == nil {
		return fine(c)
	}
	switch c.Fan.Do {
	case engine.FanAsk:
		return engine.StepResult{Parts: &engine.Parts{}}
	case engine.FanSplit:
		return engine.StepResult{Parts: h.split()}
	case engine.FanPart:
		return h.carry(c.Fan.Part, stop)
	case engine.FanKeep:
		h.mu.Lock()
		defer h.mu.Unlock()
		h.kept[string(c.Fan.Left)]++
		return engine.StepResult{Outcome: runbook.Succeeded}
	}
	return h.close(c)
}

func (h *inParts) split() *engine.Parts {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.done == nil {
		h.done, h.began, h.kept = map[string]int{}, map[string]int{}, map[string]int{}
	}
	out := &engine.Parts{Work: json.RawMessage(`"shared"`)}
	for n := range h.parts[min(len(h.ended), len(h.parts)-1)] {
		id := fmt.Sprintf("%d/%d", len(h.ended), n)
		if h.done[id] > 0 {
			out.Done++
			continue
		}
		out.All = append(out.All, engine.Part{ID: id, Work: json.RawMessage(`"` + id + `"`)})
	}
	return out
}

func (h *inParts) carry(p engine.Part, stop <-chan struct{}) engine.StepResult {
	h.mu.Lock()
	h.now++
	h.most = max(h.most, h.now)
	h.began[p.ID]++
	try := h.began[p.ID]
	h.mu.Unlock()
	defer func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.now--
	}()
	if h.begun != nil {
		h.begun(p.ID)
	}
	result := engine.StepResult{Outcome: runbook.Succeeded, Left: []byte(p.ID)}
	if h.part != nil {
		result = h.part(p.ID, try)
	}
	select {
	case <-stop:
		result = engine.StepResult{Outcome: runbook.Yielded}
	default:
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if result.Outcome == runbook.Succeeded {
		h.done[p.ID]++
	}
	return result
}

func (h *inParts) close(c engine.StepCall) engine.StepResult {
	h.mu.Lock()
	e := c.Fan.Ended
	if string(c.Fan.Work) != `"shared"` {
		e.Why = append(e.Why, "the work is "+string(c.Fan.Work))
	}
	h.mu.Unlock()
	switch {
	case e.Late:
		h.ended = append(h.ended, e)
		return engine.StepResult{Outcome: runbook.BadEffect, Detail: "late"}
	case e.Stopped:
		return engine.StepResult{Outcome: runbook.Yielded, Cursor: json.RawMessage(`"here"`)}
	case e.Failed > 0:
		h.ended = append(h.ended, e)
		return engine.StepResult{Outcome: runbook.BadEffect, Detail: strings.Join(e.Why, "; "), Final: e.Final}
	}
	h.ended = append(h.ended, e)
	if len(h.ended) < len(h.parts) {
		return engine.StepResult{Parts: h.split()}
	}
	return fine(c)
}

// fanTrip is a run of one step in parts, with the bounds of the test.
func fanTrip(t *testing.T, h *inParts, f Fans) *trip {
	x := &trip{t: t, hands: &fakeHands{step: h.step}, plan: book(runbook.Step{ID: "a", Retry: runbook.Retry{Attempts: 3}, TimeoutSeconds: 3600}, runbook.Step{ID: "b", Kind: "manual"})}
	x.input = func(in *Input) { in.Fans, in.BeatMillis = f, 60_000 }
	x.look, x.every = person, time.Minute
	return x
}

// An attempt falls into parts, stage by stage: each part is carried out once, no
// more at a time than the bounds say, what it leaves is kept once, and the run sees
// one attempt.
func TestAnAttemptInParts(t *testing.T) {
	t.Parallel()
	h := &inParts{parts: []int{60, 0, 5}}
	x := fanTrip(t, h, Fans{Children: 3, PerChild: 7})
	end := x.run()
	if end.Result != "done" || end.Steps[0].Attempt != 1 || len(h.ended) != 3 || h.ended[0].Done != 60 || h.ended[1].Of != 0 || h.ended[2].Done != 5 {
		t.Fatalf("%s: %s, %+v", end.Result, statuses(end), h.ended)
	}
	if len(h.done) != 65 || h.most > 21 {
		t.Errorf("%d parts, %d at a time", len(h.done), h.most)
	}
	for id, n := range h.done {
		if n != 1 || h.kept[id] != 1 {
			t.Errorf("%s: done %d times, kept %d times", id, n, h.kept[id])
		}
	}
}

// A worker elsewhere says that an attempt falls into parts, and one where the
// ledger is cuts it; the parts go where the step goes.
func TestPartsOfAStepElsewhere(t *testing.T) {
	t.Parallel()
	h := &inParts{parts: []int{4}}
	var mu sync.Mutex
	asked := map[engine.FanKind]int{}
	x := fanTrip(t, h, Fans{})
	x.plan.Steps[0].Place = runbook.NearTarget
	x.hands.step = func(ctx context.Context, c engine.StepCall, stop <-chan struct{}) engine.StepResult {
		mu.Lock()
		asked[c.Fan.Do]++
		mu.Unlock()
		return h.step(ctx, c, stop)
	}
	more := x.input
	x.input = func(in *Input) {
		more(in)
		in.Queues = map[runbook.Place]string{runbook.NearTarget: "elsewhere"}
	}
	if end := x.run(); end.Result != "done" || asked[engine.FanAsk] != 1 || asked[engine.FanSplit] != 1 || asked[engine.FanPart] != 4 || asked[engine.FanKeep] != 4 || asked[engine.FanClose] != 1 {
		t.Errorf("%s: %v", end.Result, asked)
	}
}

// Parts are tried again as the step says: those that failed as often as it has
// attempts, those whose worker fell silent or went away more often.
func TestPartsAreTriedAgain(t *testing.T) {
	t.Parallel()
	h := &inParts{parts: []int{12}}
	h.part = func(id string, try int) engine.StepResult {
		switch {
		case id == "0/1" && try < 3:
			return engine.StepResult{Outcome: runbook.NoEffect, Detail: "not yet"}
		case id == "0/2" && try < 7:
			panic("out of the blue")
		case id == "0/3" && try < 9:
			return engine.StepResult{Outcome: runbook.Yielded}
		}
		return engine.StepResult{Outcome: runbook.Succeeded}
	}
	end := fanTrip(t, h, Fans{PerChild: 5}).run()
	if end.Result != "done" || end.Steps[0].Attempt != 1 || h.began["0/1"] != 3 || h.began["0/2"] != 7 || h.began["0/3"] != 9 || len(h.done) != 12 {
		t.Errorf("%s after %d attempts, %v", end.Result, end.Steps[0].Attempt, h.began)
	}
}

// After the first part that cannot be done nothing more is given out, and the
// attempt says why.
func TestAPartThatCannotBeDone(t *testing.T) {
	t.Parallel()
	h := &inParts{parts: []int{100}}
	mended := false
	h.part = func(id string, _ int) engine.StepResult {
		if id == "0/2" && !mended {
			return engine.StepResult{Outcome: runbook.NoEffect, Detail: "no right to read", Final: true}
		}
		return engine.StepResult{Outcome: runbook.Succeeded}
	}
	x := fanTrip(t, h, Fans{Children: 1, PerChild: 5})
	x.look = func(env *testsuite.TestWorkflowEnvironment, s engine.Summary) {
		if len(s.Active) == 1 && s.Active[0].Status == engine.Operator {
			if len(h.done) != 4 || h.ended[0].Failed != 1 || !strings.Contains(s.Active[0].Detail, "no right to read") {
				t.Errorf("%d done, %+v: %s", len(h.done), h.ended, s.Active[0].Detail)
			}
			mended, h.ended = true, nil
		}
		person(env, s)
	}
	if end := x.run(); end.Result != "done" || len(h.done) != 100 || h.ended[0].Done != 100 {
		t.Errorf("%s: %d done, %+v", end.Result, len(h.done), h.ended)
	}
	if !mended {
		t.Error("no person was asked")
	}
}

// The time of a step is that of all its parts together: those that are not done by
// then are stopped, and the attempt says so.
func TestPartsAreLate(t *testing.T) {
	t.Parallel()
	h := &inParts{parts: []int{20}}
	mended := false
	h.part = func(id string, _ int) engine.StepResult {
		if id == "0/3" && !mended {
			return engine.StepResult{Outcome: runbook.Yielded}
		}
		return engine.StepResult{Outcome: runbook.Succeeded}
	}
	x := fanTrip(t, h, Fans{Children: 2, PerChild: 5})
	x.plan.Steps[0].TimeoutSeconds = 60
	x.look = func(env *testsuite.TestWorkflowEnvironment, s engine.Summary) {
		if len(s.Active) == 1 && s.Active[0].Status == engine.Operator {
			if len(h.ended) != 1 || !h.ended[0].Late || h.ended[0].Done != 19 || h.ended[0].Failed != 0 {
				t.Errorf("%+v", h.ended)
			}
			mended, h.ended = true, nil
		}
		person(env, s)
	}
	if end := x.run(); end.Result != "done" || len(h.done) != 20 || h.ended[0].Late || !mended {
		t.Errorf("%s: %d done, %+v", end.Result, len(h.done), h.ended)
	}
}

// Whatever parts there are and however they are bounded, each goes to one child.
func TestBatches(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var parts []engine.Part
		for n, size := range rapid.SliceOf(rapid.IntRange(0, 3000)).Draw(t, "sizes") {
			parts = append(parts, engine.Part{ID: fmt.Sprint(n), Work: make(json.RawMessage, size)})
		}
		most, bytes := rapid.IntRange(1, 9).Draw(t, "most"), rapid.IntRange(0, 5000).Draw(t, "bytes")
		next := 0
		for rest := parts; len(rest) > 0; {
			n := batch(rest, most, bytes)
			size := 0
			for _, p := range rest[:n] {
				if p.ID != fmt.Sprint(next) {
					t.Fatalf("part %s comes where %d should", p.ID, next)
				}
				next++
				size += len(p.ID) + len(p.Work)
			}
			if n < 1 || n > most || n > 1 && size > bytes {
				t.Fatalf("%d parts of %d bytes", n, size)
			}
			rest = rest[n:]
		}
		if next != len(parts) {
			t.Fatalf("%d of %d", next, len(parts))
		}
	})
}

// A run of an earlier version of the driver is asked nothing about parts, as its
// history has no answer.
func TestEarlierRunsHaveNoParts(t *testing.T) {
	t.Parallel()
	for form, kinds := range map[int]map[engine.CommandKind]bool{1: {}, fanForm: {engine.DoStep: true}} {
		r := &run{in: Input{Form: form}}
		for _, kind := range []engine.CommandKind{engine.DoStep, engine.UndoStep, engine.ProbeStep} {
			if got := r.fan(kind, "") != nil; got != kinds[kind] {
				t.Errorf("version %d, %s: %v", form, kind, got)
			}
		}
	}
}

// The waits of parts are those of the step, within bounds.
func TestWaitsOfParts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		retry runbook.Retry
		n     int
		want  time.Duration
	}{
		{runbook.Retry{}, 1, time.Second}, {runbook.Retry{FirstSeconds: 5}, 3, 20 * time.Second}, {runbook.Retry{FirstSeconds: 5, MaxSeconds: 8}, 3, 8 * time.Second},
		{runbook.Retry{FirstSeconds: 1 << 60}, 2, 10 * time.Minute}, {runbook.Retry{FirstSeconds: -4}, 60, 10 * time.Minute},
	} {
		if got := partWait(c.retry, c.n); got != c.want {
			t.Errorf("%+v, try %d: %v, want %v", c.retry, c.n, got, c.want)
		}
	}
}
