package action

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/runbook"
)

// Result is what an attempt came to.
type Result struct {
	Outcome runbook.Outcome
	// Seen is what a probe found; of use to probes only.
	Seen Seen
	// Detail is one line for people.
	Detail   string
	Evidence []Evidence
	// Cursor is where an attempt that yielded goes on.
	Cursor json.RawMessage
	// Final says that trying again by itself cannot help.
	Final bool
	// Parts are those of an attempt that falls into some, Left is what one of them
	// leaves: see RunParts.
	Parts *Parts
	Left  []byte
}

// Registry holds the actions by kind. It is filled once, where the parts are
// wired, and only read afterwards.
type Registry map[runbook.StepKind]Action

// Kinds returns the kinds in order.
func (r Registry) Kinds() []runbook.StepKind {
	kinds := make([]runbook.StepKind, 0, len(r))
	for kind := range r {
		kinds = append(kinds, kind)
	}
	slices.Sort(kinds)
	return kinds
}

// Of returns the action of a kind, a fault of kind Unsupported without one.
func (r Registry) Of(kind runbook.StepKind) (Action, error) {
	if a, ok := r[kind]; ok {
		return a, nil
	}
	return nil, fault.Newf(fault.Unsupported, "carry out a step of kind %q: this worker does not know it", kind).
		Hintf("start a worker of the release that made the runbook")
}

// The moments of an attempt at which a crash tells something.
const (
	BeforeEffect = "before effect"
	AfterEffect  = "after effect"
	AfterProof   = "after proof"
)

// Points returns the moments in their order.
func Points() []string { return []string{BeforeEffect, AfterEffect, AfterProof} }

const (
	// maxDetail and maxCursor bound what an attempt leaves in the history of a
	// run, where every byte is kept for ever.
	maxDetail = 500
	maxCursor = 64 << 10
	// lookTimeout bounds the look after an attempt whose own time is over.
	lookTimeout = 30 * time.Second
)

// Run carries out one attempt: it looks first, then acts, then proves. The same
// attempt may be made again after a crash at any moment.
func Run(ctx context.Context, a Action, c *Call, undo bool) Result {
	if undo {
		c = c.backwards()
	}
	r := guarded(c, func() Result {
		test, isTest := a.(Test)
		switch {
		case isTest && undo:
			return Result{Outcome: runbook.Succeeded, Detail: "it only looked: nothing of it is there"}
		case isTest:
			return find(ctx, test, c)
		case undo:
			return takeBack(ctx, a, c)
		default:
			return carryOut(ctx, a, c)
		}
	})
	return scrub(c, r)
}

// backwards is the attempt with the inputs that the step's undo adds to its own,
// or puts in their place.
func (c *Call) backwards() *Call {
	if c.Step.Undo == nil || len(c.Step.Undo.Inputs) == 0 {
		return c
	}
	back := *c
	back.Step.Inputs = make(map[string]any, len(c.Step.Inputs)+len(c.Step.Undo.Inputs))
	maps.Copy(back.Step.Inputs, c.Step.Inputs)
	maps.Copy(back.Step.Inputs, c.Step.Undo.Inputs)
	return &back
}

// Probe looks what an attempt has done of which that is not known. A look that
// did not come through is repeated a few times: a probe that cannot tell takes
// a person.
func Probe(ctx context.Context, a Action, c *Call) Result {
	r := guarded(c, func() Result {
		const tries = 5
		for wait := time.Second; ; wait *= 2 {
			seen, detail, err := a.Check(ctx, c)
			if err == nil {
				return Result{Seen: seen, Detail: detail}
			}
			if c.pause(ctx, wait) != nil || wait >= time.Second<<(tries-1) || !fault.ClassOf(err).Retry {
				return Result{Seen: CannotTell, Detail: err.Error()}
			}
		}
	})
	return scrub(c, r)
}

// pause waits, shorter in a rehearsal, until the context or the attempt ends.
func (c *Call) pause(ctx context.Context, d time.Duration) error {
	if c.Rehearsal > 0 {
		d = time.Duration(float64(d) * c.Rehearsal)
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-c.Stop:
		return context.Canceled
	case <-ctx.Done():
		return ctx.Err()
	}
}

// guarded turns a panic into an outcome: nobody knows what was done until then.
func guarded(c *Call, do func() Result) (r Result) {
	defer func() {
		if p := recover(); p != nil {
			c.log().Error("a step broke off", "step", c.Step.ID, "attempt", c.Attempt, "reason", fmt.Sprint(p), "stack", string(debug.Stack()))
			r = Result{Outcome: runbook.Unknown, Detail: "the step broke off; the log has the reason"}
		}
	}()
	return do()
}

func (c *Call) log() *slog.Logger {
	if c.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return c.Log
}

func (c *Call) reach(point string) {
	if c.Failpoint != nil {
		c.Failpoint(point)
	}
}

// yielded is the result of an attempt that stopped where it was asked to.
func yielded(err error) (Result, bool) {
	y, ok := errors.AsType[*Yield](err)
	if !ok {
		return Result{}, false
	}
	return Result{Outcome: runbook.Yielded, Cursor: y.Cursor, Detail: y.Error()}, true
}

// find carries out a test. One that finds something wrong has changed nothing,
// so it is tried again as often as the runbook says.
func find(ctx context.Context, t Test, c *Call) Result {
	evidence, err := t.Try(ctx, c)
	if r, ok := yielded(err); ok {
		return r
	}
	if err != nil {
		r := failed(runbook.NoEffect, err)
		r.Evidence = evidence
		return r
	}
	c.reach(AfterProof)
	return Result{Outcome: runbook.Succeeded, Evidence: evidence}
}

func carryOut(ctx context.Context, a Action, c *Call) Result {
	if r, over := look(ctx, a, c); over {
		return r
	}
	c.reach(BeforeEffect)
	err := a.Apply(ctx, c)
	c.reach(AfterEffect)
	if err == nil {
		return prove(ctx, a, c, "")
	}
	if r, ok := yielded(err); ok {
		return r
	}
	return lookAfter(ctx, a, c, err)
}

// look looks whether there is anything to do; over says that the attempt has come
// to its end by that.
func look(ctx context.Context, a Action, c *Call) (r Result, over bool) {
	seen, detail, err := a.Check(ctx, c)
	switch {
	case err != nil:
		// Nothing was done by this attempt.
		return failed(runbook.NoEffect, err), true
	case seen == CannotTell:
		return Result{Outcome: runbook.Unknown, Detail: detail}, true
	case seen == There:
		return prove(ctx, a, c, "it was there already"), true
	}
	return Result{}, false
}

// lookAfter looks what an attempt did that ended with an error.
func lookAfter(ctx context.Context, a Action, c *Call, err error) Result {
	look, cancel := after(ctx)
	defer cancel()
	seen, detail, lookErr := a.Check(look, c)
	switch {
	case lookErr != nil:
		r := failed(runbook.Unknown, err)
		r.Detail += "; and looking what it did: " + lookErr.Error()
		return r
	case seen == NotThere:
		return failed(runbook.NoEffect, err)
	case seen == There:
		return prove(look, a, c, "it is there, although "+err.Error())
	case seen == Partly:
		return failed(runbook.BadEffect, err)
	default:
		r := failed(runbook.Unknown, err)
		r.Detail += "; " + detail
		return r
	}
}

// after is a context for looking at what an attempt did whose own time may be
// over.
func after(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), lookTimeout)
}

func prove(ctx context.Context, a Action, c *Call, note string) Result {
	evidence, err := a.Verify(ctx, c)
	if err != nil {
		r := failed(runbook.BadEffect, err)
		r.Evidence = evidence
		return r
	}
	c.reach(AfterProof)
	return Result{Outcome: runbook.Succeeded, Detail: note, Evidence: evidence}
}

func takeBack(ctx context.Context, a Action, c *Call) Result {
	seen, detail, err := a.Check(ctx, c)
	switch {
	case err != nil:
		return failed(runbook.NoEffect, err)
	case seen == CannotTell:
		return Result{Outcome: runbook.Unknown, Detail: detail}
	case seen == NotThere:
		return Result{Outcome: runbook.Succeeded, Detail: "nothing of it was there"}
	}
	before := seen
	c.reach(BeforeEffect)
	evidence, err := a.Undo(ctx, c)
	c.reach(AfterEffect)
	if r, ok := yielded(err); ok {
		return r
	}
	look, cancel := after(ctx)
	defer cancel()
	seen, detail, lookErr := a.Check(look, c)
	switch {
	case lookErr != nil:
		r := failed(runbook.Unknown, errors.Join(err, lookErr))
		r.Evidence = evidence
		return r
	case seen == CannotTell:
		return Result{Outcome: runbook.Unknown, Detail: detail, Evidence: evidence}
	case seen == NotThere:
		c.reach(AfterProof)
		note := ""
		if err != nil {
			note = "it is gone, although " + err.Error()
		}
		return Result{Outcome: runbook.Succeeded, Detail: note, Evidence: evidence}
	case err == nil:
		err = fault.Newf(fault.Internal, "take back step %q: its effect is still there: %s", c.Step.ID, detail)
		return Result{Outcome: runbook.BadEffect, Detail: err.Error(), Evidence: evidence}
	case seen == before:
		return failed(runbook.NoEffect, err)
	default:
		return failed(runbook.BadEffect, err)
	}
}

func failed(outcome runbook.Outcome, err error) Result {
	r := Result{Outcome: outcome, Detail: err.Error(), Final: final(err)}
	if hint := fault.HintOf(err); hint != "" {
		r.Detail += " (" + hint + ")"
	}
	return r
}

// final: what a person has to mend first. A kind that nobody set is no such
// thing: most errors of other programs come without one.
func final(err error) bool {
	return slices.Contains([]fault.Kind{fault.Denied, fault.Invalid, fault.Usage, fault.Unsupported, fault.Missing, fault.Refused}, fault.KindOf(err))
}

// scrub keeps secrets, and what is too long, out of what an attempt says.
func scrub(c *Call, r Result) Result {
	r.Detail = c.clean(r.Detail)
	if len(r.Cursor) > maxCursor || len(r.Cursor) > 0 && !json.Valid(r.Cursor) || c.secret(string(r.Cursor)) {
		c.log().Error("the cursor of a step is not kept", "step", c.Step.ID, "bytes", len(r.Cursor))
		r.Cursor = nil
	}
	for i, e := range r.Evidence {
		clean := Evidence{Kind: e.Kind, Text: c.clean(e.Text)}
		for name, value := range e.Data {
			if clean.Data == nil {
				clean.Data = make(map[string]string, len(e.Data))
			}
			clean.Data[name] = c.clean(value)
		}
		r.Evidence[i] = clean
	}
	return r
}

func (c *Call) secret(text string) bool { return c.Secret != nil && text != "" && c.Secret(text) }

func (c *Call) clean(text string) string {
	if c.secret(text) {
		return "(withheld: it looks like a secret)"
	}
	text = strings.Join(strings.Fields(strings.ToValidUTF8(text, "?")), " ")
	if runes := []rune(text); len(runes) > maxDetail {
		return string(runes[:maxDetail]) + "..."
	}
	return text
}
