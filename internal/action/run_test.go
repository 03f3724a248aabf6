package action_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/landfall/internal/action"
	"example.com/landfall/internal/action/testaction"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/runbook"
	"pgregory.net/rapid"
)

// call is an attempt of a step with the inputs.
func call(kind runbook.StepKind, inputs map[string]any) *action.Call {
	return &action.Call{Run: "run-1", Key: "run-1/a/do", Attempt: 1, Step: runbook.Step{ID: "a", Kind: kind, Inputs: inputs}, Rehearsal: 0.001}
}

// fake answers what it was told to.
type fake struct {
	seen                []action.Seen // one after the other, the last for ever
	look                error
	apply, verify, undo error
	did                 []string
	panics              string
}

func (f *fake) Check(context.Context, *action.Call) (action.Seen, string, error) {
	f.did = append(f.did, "check")
	seen := f.seen[0]
	if len(f.seen) > 1 {
		f.seen = f.seen[1:]
	}
	return seen, "looked", f.look
}

func (f *fake) Apply(context.Context, *action.Call) error {
	f.did = append(f.did, "apply")
	if f.panics != "" {
		panic(f.panics)
	}
	return f.apply
}

func (f *fake) Verify(context.Context, *action.Call) ([]action.Evidence, error) {
	f.did = append(f.did, "verify")
	return []action.Evidence{{Kind: "k", Text: "t"}}, f.verify
}

func (f *fake) Undo(context.Context, *action.Call) ([]action.Evidence, error) {
	f.did = append(f.did, "undo")
	return nil, f.undo
}

func TestOutcomesOfAnAttempt(t *testing.T) {
	t.Parallel()
	no, yes, part, blind := action.NotThere, action.There, action.Partly, action.CannotTell
	oops := errors.New("oops")
	denied := fault.Newf(fault.Denied, "ask")
	stop := fmt.Errorf("wrapped: %w", &action.Yield{Cursor: []byte(`7`), At: "7"})
	for name, c := range map[string]struct {
		f     fake
		undo  bool
		want  runbook.Outcome
		did   string
		final bool
	}{
		"does and proves":            {fake{seen: []action.Seen{no}}, false, runbook.Succeeded, "check apply verify", false},
		"is there already":           {fake{seen: []action.Seen{yes}}, false, runbook.Succeeded, "check verify", false},
		"is there and wrong":         {fake{seen: []action.Seen{yes}, verify: oops}, false, runbook.BadEffect, "check verify", false},
		"is partly there":            {fake{seen: []action.Seen{part}}, false, runbook.Succeeded, "check apply verify", false},
		"cannot look":                {fake{seen: []action.Seen{blind}, look: oops}, false, runbook.NoEffect, "check", false},
		"may not look":               {fake{seen: []action.Seen{blind}, look: denied}, false, runbook.NoEffect, "check", true},
		"cannot tell":                {fake{seen: []action.Seen{blind}}, false, runbook.Unknown, "check", false},
		"fails before":               {fake{seen: []action.Seen{no}, apply: oops}, false, runbook.NoEffect, "check apply check", false},
		"fails for good":             {fake{seen: []action.Seen{no}, apply: denied}, false, runbook.NoEffect, "check apply check", true},
		"fails, and is there":        {fake{seen: []action.Seen{no, yes}, apply: oops}, false, runbook.Succeeded, "check apply check verify", false},
		"fails, and is partly there": {fake{seen: []action.Seen{no, part}, apply: oops}, false, runbook.BadEffect, "check apply check", false},
		"fails, and cannot tell":     {fake{seen: []action.Seen{no, blind}, apply: oops}, false, runbook.Unknown, "check apply check", false},
		"is not right":               {fake{seen: []action.Seen{no}, verify: oops}, false, runbook.BadEffect, "check apply verify", false},
		"yields":                     {fake{seen: []action.Seen{no}, apply: stop}, false, runbook.Yielded, "check apply", false},
		"breaks off":                 {fake{seen: []action.Seen{no}, panics: "here"}, false, runbook.Unknown, "check apply", false},
		"back: nothing there":        {fake{seen: []action.Seen{no}}, true, runbook.Succeeded, "check", false},
		"back: taken":                {fake{seen: []action.Seen{yes, no}}, true, runbook.Succeeded, "check undo check", false},
		"back: a part taken":         {fake{seen: []action.Seen{part, no}}, true, runbook.Succeeded, "check undo check", false},
		"back: cannot tell":          {fake{seen: []action.Seen{blind}}, true, runbook.Unknown, "check", false},
		"back: cannot look":          {fake{seen: []action.Seen{blind}, look: oops}, true, runbook.NoEffect, "check", false},
		"back: still there":          {fake{seen: []action.Seen{yes}}, true, runbook.BadEffect, "check undo check", false},
		"back: fails":                {fake{seen: []action.Seen{yes}, undo: oops}, true, runbook.NoEffect, "check undo check", false},
		"back: fails half way":       {fake{seen: []action.Seen{yes, part}, undo: oops}, true, runbook.BadEffect, "check undo check", false},
		"back: fails and is gone":    {fake{seen: []action.Seen{yes, no}, undo: oops}, true, runbook.Succeeded, "check undo check", false},
		"back: then cannot tell":     {fake{seen: []action.Seen{yes, blind}}, true, runbook.Unknown, "check undo check", false},
		"back: yields":               {fake{seen: []action.Seen{yes}, undo: stop}, true, runbook.Yielded, "check undo", false},
	} {
		r := action.Run(t.Context(), &c.f, call("x", nil), c.undo)
		if r.Outcome != c.want || strings.Join(c.f.did, " ") != c.did || r.Final != c.final {
			t.Errorf("%s: %s (%s), final %v, after %v; want %s, final %v, after %s", name, r.Outcome, r.Detail, r.Final, c.f.did, c.want, c.final, c.did)
		}
		if r.Outcome == runbook.Yielded && string(r.Cursor) != "7" {
			t.Errorf("%s: goes on from %q", name, r.Cursor)
		}
	}
}

// What an attempt did whose own time is over is looked at all the same.
func TestLookAfterTheTimeIsOver(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	a := &late{fake: fake{seen: []action.Seen{action.NotThere}}, cancel: cancel}
	if r := action.Run(ctx, a, call("x", nil), false); r.Outcome != runbook.NoEffect || a.err != nil {
		t.Errorf("outcome %s, looked with %v", r.Outcome, a.err)
	}
}

type late struct {
	fake
	cancel context.CancelFunc
	err    error
}

func (l *late) Apply(ctx context.Context, _ *action.Call) error { l.cancel(); return ctx.Err() }

func (l *late) Check(ctx context.Context, c *action.Call) (action.Seen, string, error) {
	l.err = ctx.Err()
	return l.fake.Check(ctx, c)
}

// reader keeps the inputs that it is called with.
type reader struct {
	fake
	got []map[string]any
}

func (r *reader) Apply(_ context.Context, c *action.Call) error {
	r.got = append(r.got, c.Step.Inputs)
	return nil
}

func (r *reader) Undo(_ context.Context, c *action.Call) ([]action.Evidence, error) {
	r.got = append(r.got, c.Step.Inputs)
	return nil, nil
}

// An undo gets the step's inputs and its own, which count where both have one;
// the step itself stays as it is.
func TestUndoHasItsOwnInputs(t *testing.T) {
	t.Parallel()
	c := call("x", map[string]any{"name": "www", "ttl": 60.0})
	c.Step.Undo = &runbook.Undo{Do: "set it back", Inputs: map[string]any{"ttl": 3600.0}}
	r := &reader{fake: fake{seen: []action.Seen{action.NotThere, action.There, action.NotThere}}}
	action.Run(t.Context(), r, c, false)
	action.Run(t.Context(), r, c, true)
	if len(r.got) != 2 || r.got[0]["ttl"] != 60.0 || r.got[1]["ttl"] != 3600.0 || r.got[1]["name"] != "www" || c.Step.Inputs["ttl"] != 60.0 {
		t.Errorf("inputs %v, the step's %v", r.got, c.Step.Inputs)
	}
	c.Step.Undo = nil
	r.seen, r.got = []action.Seen{action.There, action.NotThere}, nil
	action.Run(t.Context(), r, c, true)
	if len(r.got) != 1 || r.got[0]["ttl"] != 60.0 {
		t.Errorf("inputs %v", r.got)
	}
}

func TestSecretsAndPanicsStayOut(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	c := call("x", nil)
	c.Secret = func(text string) bool { return strings.Contains(text, "hunter2") }
	c.Log = slog.New(slog.NewTextHandler(&log, nil))
	f := &fake{seen: []action.Seen{action.NotThere}, panics: "boom"}
	if r := action.Run(t.Context(), f, c, false); strings.Contains(r.Detail, "boom") || !strings.Contains(log.String(), "boom") || !strings.Contains(log.String(), "stack") {
		t.Errorf("detail %q, log %q", r.Detail, log.String())
	}
	f = &fake{seen: []action.Seen{action.NotThere}, apply: errors.New("login with hunter2 " + strings.Repeat("x", 5000))}
	if r := action.Run(t.Context(), f, c, false); strings.Contains(r.Detail, "hunter2") {
		t.Errorf("detail %q", r.Detail)
	}
	f = &fake{seen: []action.Seen{action.NotThere}, apply: errors.New(strings.Repeat("x\n", 5000))}
	if r := action.Run(t.Context(), f, c, false); len(r.Detail) > 600 || strings.Contains(r.Detail, "\n") {
		t.Errorf("detail of %d bytes", len(r.Detail))
	}
	for _, cursor := range []string{`"hunter2"`, "not json", `"` + strings.Repeat("x", 70_000) + `"`} {
		f = &fake{seen: []action.Seen{action.NotThere}, apply: &action.Yield{Cursor: []byte(cursor)}}
		if r := action.Run(t.Context(), f, c, false); r.Cursor != nil || r.Outcome != runbook.Yielded {
			t.Errorf("the cursor %.20q is kept", cursor)
		}
	}
}

func TestProbe(t *testing.T) {
	t.Parallel()
	if r := action.Probe(t.Context(), &fake{seen: []action.Seen{action.There}}, call("x", nil)); r.Seen != action.There {
		t.Errorf("seen %v", r.Seen)
	}
	f := &fake{seen: []action.Seen{action.There}, look: fault.Newf(fault.Unavailable, "ask")}
	if r := action.Probe(t.Context(), f, call("x", nil)); r.Seen != action.CannotTell || len(f.did) != 5 {
		t.Errorf("seen %v after %d looks", r.Seen, len(f.did))
	}
	f = &fake{seen: []action.Seen{action.There}, look: fault.Newf(fault.Denied, "ask")}
	if r := action.Probe(t.Context(), f, call("x", nil)); r.Seen != action.CannotTell || len(f.did) != 1 {
		t.Errorf("seen %v after %d looks", r.Seen, len(f.did))
	}
}

func TestRegistry(t *testing.T) {
	t.Parallel()
	r := action.Registry{action.KindWait: action.Wait{}, action.KindManual: action.Manual{}}
	if got := r.Kinds(); !slices.Equal(got, []runbook.StepKind{"manual", "wait"}) {
		t.Errorf("kinds %v", got)
	}
	if _, err := r.Of("manual"); err != nil {
		t.Error(err)
	}
	if _, err := r.Of("sing"); !fault.Is(err, fault.Unsupported) {
		t.Errorf("answered %v", err)
	}
}

// Whatever of look, act, crash and prove happened before, an attempt that comes
// to its end leaves exactly one effect, and one that takes back leaves none.
func TestExactlyOneEffect(t *testing.T) {
	t.Parallel()
	type crash struct{ point string }
	rapid.Check(t, func(rt *rapid.T) {
		file := filepath.Join(t.TempDir(), fmt.Sprint("effects-", time.Now().UnixNano()))
		c := call("test", map[string]any{"file": file, "fails": rapid.IntRange(0, 2).Draw(rt, "fails"), "batches": rapid.IntRange(0, 3).Draw(rt, "batches")})
		attempt := func(undo bool, point string) (r action.Result) {
			c.Attempt++
			c.Failpoint = func(at string) {
				if at == point {
					panic(crash{at})
				}
			}
			return action.Run(t.Context(), testaction.Action{}, c, undo)
		}
		end := func(undo bool) {
			for range rapid.IntRange(0, 4).Draw(rt, "crashes") {
				attempt(undo, rapid.SampledFrom(action.Points()).Draw(rt, "point"))
			}
			for n := 0; attempt(undo, "").Outcome != runbook.Succeeded; n++ {
				if n > 5 {
					rt.Fatal("no attempt succeeds")
				}
			}
		}
		end(false)
		if got, err := testaction.Effects(file); err != nil || !slices.Equal(got, []string{"do run-1/a/do"}) {
			rt.Fatalf("effects %v, %v", got, err)
		}
		c.Key = "run-1/a/undo"
		end(true)
		if got, err := testaction.Effects(file); err != nil || !slices.Equal(got, []string{"do run-1/a/do", "undo run-1/a/do"}) {
			rt.Fatalf("effects %v, %v", got, err)
		}
		if got, err := testaction.Doubled(file); err != nil || len(got) != 0 {
			rt.Fatalf("doubled %v, %v", got, err)
		}
	})
}

// The same with a real process that is killed.
func TestKilledAtEachPoint(t *testing.T) {
	t.Parallel()
	if file := os.Getenv("LANDFALL_TEST_EFFECTS"); file != "" {
		r := action.Run(t.Context(), testaction.Action{}, call("test", map[string]any{"file": file, "crash": os.Getenv("LANDFALL_TEST_CRASH")}), false)
		if r.Outcome != runbook.Succeeded {
			t.Fatal(r.Detail)
		}
		return
	}
	for _, point := range action.Points() {
		file := filepath.Join(t.TempDir(), "effects")
		one := func() error {
			p := exec.Command(os.Args[0], "-test.run=^TestKilledAtEachPoint$")
			p.Env = append(os.Environ(), "LANDFALL_TEST_EFFECTS="+file, "LANDFALL_TEST_CRASH="+point)
			return p.Run()
		}
		if err := one(); err == nil {
			t.Errorf("%s: the first process was not killed", point)
		}
		if err := one(); err != nil {
			t.Errorf("%s: the second process: %v", point, err)
		}
		if got, err := testaction.Effects(file); err != nil || !slices.Equal(got, []string{"do run-1/a/do"}) {
			t.Errorf("%s: effects %v, %v", point, got, err)
		}
	}
}

func TestTestActionDoesAsItIsTold(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "effects")
	run := func(inputs map[string]any, stop chan struct{}) action.Result {
		inputs["file"] = file
		c := call("test", inputs)
		c.Key, c.Stop = "run-1/"+t.Name()+fmt.Sprint(inputs["name"])+"/do", stop
		return action.Run(t.Context(), testaction.Action{}, c, false)
	}
	if r := run(map[string]any{"name": 1, "badProofs": 1}, nil); r.Outcome != runbook.BadEffect {
		t.Errorf("a bad proof: %s", r.Outcome)
	}
	if r := run(map[string]any{"name": 2, "fails": 1, "denied": true}, nil); r.Outcome != runbook.NoEffect || !r.Final {
		t.Errorf("denied: %s", r.Outcome)
	}
	run(map[string]any{"name": 3}, nil)
	if r := run(map[string]any{"name": 3, "blind": 1}, nil); r.Outcome != runbook.Unknown {
		t.Errorf("blind: %s", r.Outcome)
	}
	stop := make(chan struct{})
	close(stop)
	if r := run(map[string]any{"name": 4, "batches": 3, "slowMillis": 60_000}, stop); r.Outcome != runbook.Yielded || string(r.Cursor) != "0" {
		t.Errorf("stopped: %s at %q", r.Outcome, r.Cursor)
	}
	if r := run(map[string]any{"name": 5}, nil); r.Outcome != runbook.Succeeded {
		t.Errorf("plain: %s (%s)", r.Outcome, r.Detail)
	}
}

// A test leaves nothing, so one of which the end is not known is made again.
func TestProbeOfATest(t *testing.T) {
	t.Parallel()
	if r := action.Probe(t.Context(), action.Note{}, call(action.KindNote, nil)); r.Seen != action.NotThere {
		t.Errorf("seen %v (%s)", r.Seen, r.Detail)
	}
	if err := (action.Note{}).Apply(t.Context(), call(action.KindNote, nil)); !fault.Is(err, fault.Internal) {
		t.Errorf("apply answered %v", err)
	}
}
