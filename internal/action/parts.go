package action

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"strings"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/runbook"
)

// Parted is an action whose Apply (or Try, of a test) falls into parts, which any
// number of workers carry out at the same time. All parts and then Close come to
// the same as Apply does; where nobody carries parts out, Apply is called. Each
// of the four may be called again, by any worker, after any crash.
type Parted interface {
	Action
	// Split says what the parts are, without those that are done already. It
	// begins nothing that Close would not end.
	Split(ctx context.Context, c *Call) (Parts, error)
	// Part carries one part out. What it leaves is nil where it is kept already;
	// otherwise it is given to Keep, and has to be small.
	Part(ctx context.Context, c *Call, work, part json.RawMessage) (left []byte, err error)
	// Keep keeps what a part left. An error is tried again for ever.
	Keep(ctx context.Context, c *Call, work json.RawMessage, left []byte) error
	// Close ends what Split began. Where not all parts are done it only lets go of
	// it, and a *Yield says where an attempt that was asked to stop goes on.
	// Further parts are those of another stage. The evidence is that of a test.
	Close(ctx context.Context, c *Call, work json.RawMessage, e Ended) (*Parts, []Evidence, error)
}

// Parts are what an attempt falls into.
type Parts struct {
	// Work is what all parts are told. It holds no secret.
	Work json.RawMessage
	All  []Part
	// Done counts those that are done already.
	Done int
}

// Part is one of them.
type Part struct {
	ID   string
	Work json.RawMessage
}

// Ended is what the parts of an attempt came to.
type Ended struct {
	Done, Of, Failed int
	// Why are some reasons of those that failed.
	Why []string
	// Final says that trying one of them again cannot help.
	Final bool
	// Stopped says that they were asked to stop, Late that their time was over.
	Stopped, Late bool
}

// Whole says that all parts are done.
func (e Ended) Whole() bool { return e.Done == e.Of && e.Failed == 0 }

// At says how far they came.
func (e Ended) At() string { return strconv.Itoa(e.Done) + " of " + strconv.Itoa(e.Of) + " parts" }

// err says why they did not come to their end.
func (e Ended) err(c *Call) error {
	if e.Late {
		return fault.Newf(fault.Unavailable, "carry out step %q: it took longer than its timeout, at %s", c.Step.ID, e.At())
	}
	return fault.Newf(fault.Unavailable, "carry out step %q: %d parts failed, at %s: %s", c.Step.ID, e.Failed, e.At(), strings.Join(e.Why, "; "))
}

// PartsVerb is what is asked about the parts of an attempt.
type PartsVerb int

// The verbs. Ask only asks whether there are any.
const (
	AskParts PartsVerb = iota
	SplitParts
	CarryPart
	KeepPart
	CloseParts
)

// Asked is one question about the parts of an attempt.
type Asked struct {
	Verb       PartsVerb
	Work, Part json.RawMessage
	Left       []byte
	Ended      Ended
}

// maxLeft bounds what a part leaves: it goes through the engine twice.
const maxLeft = 512 << 10

// RunParts answers a question about the parts of an attempt. An action that does
// not fall into parts is carried out.
func RunParts(ctx context.Context, a Action, c *Call, q Asked) Result {
	parted, ok := a.(Parted)
	if !ok {
		return Run(ctx, a, c, false)
	}
	r := guarded(c, func() Result {
		switch q.Verb {
		case SplitParts:
			return split(ctx, parted, c)
		case CarryPart:
			left, err := parted.Part(ctx, c, q.Work, q.Part)
			if err == nil && len(left) > maxLeft {
				err = fault.Newf(fault.Internal, "carry out a part of step %q: it leaves %d bytes, and %d are too many", c.Step.ID, len(left), maxLeft)
			}
			return Result{Left: left}.ended(err)
		case KeepPart:
			return Result{}.ended(parted.Keep(ctx, c, q.Work, q.Left))
		case CloseParts:
			return closeParts(ctx, parted, c, q)
		default:
			return Result{Parts: &Parts{}}
		}
	})
	return scrub(c, r)
}

// ended is a result with what the error says.
func (r Result) ended(err error) Result {
	if y, ok := yielded(err); ok {
		return y
	}
	if err != nil {
		return failed(runbook.NoEffect, err)
	}
	r.Outcome = runbook.Succeeded
	return r
}

// split looks first, as every attempt does.
func split(ctx context.Context, a Parted, c *Call) Result {
	if _, isTest := a.(Test); !isTest {
		if r, over := look(ctx, a, c); over {
			return r
		}
	}
	c.reach(BeforeEffect)
	parts, err := a.Split(ctx, c)
	if err != nil {
		return Result{}.ended(err)
	}
	return Result{Parts: &parts}
}

// closeParts comes to what carryOut, or find, comes to after Apply.
func closeParts(ctx context.Context, a Parted, c *Call, q Asked) Result {
	_, isTest := a.(Test)
	more, evidence, err := a.Close(ctx, c, q.Work, q.Ended)
	c.reach(AfterEffect)
	if y, ok := yielded(err); ok {
		return y
	}
	whole := q.Ended.Whole()
	switch {
	case err == nil && whole && more != nil:
		return Result{Parts: more}
	case err == nil && whole && isTest:
		c.reach(AfterProof)
		return Result{Outcome: runbook.Succeeded, Evidence: evidence}
	case err == nil && whole:
		return prove(ctx, a, c, "")
	case !whole:
		err = errors.Join(q.Ended.err(c), err)
	}
	r := failed(runbook.NoEffect, err)
	r.Evidence = evidence
	if !isTest {
		r = lookAfter(ctx, a, c, err)
	}
	r.Final = r.Final || q.Ended.Final
	return r
}
