package action

import (
	"context"
	"slices"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/runbook"
)

// Looking returns a registry of the same kinds that can only look: what makes
// or takes back an effect refuses, whatever the action beneath would do. Tests
// of the kinds in tried are carried out, as they only read; all others (a
// team's own commands, load on a front) refuse too. A dry run works with
// nothing else.
func (r Registry) Looking(tried ...runbook.StepKind) Registry {
	out := make(Registry, len(r))
	for kind, a := range r {
		if test, ok := a.(Test); ok {
			out[kind] = lookingTest{looking{a}, test, slices.Contains(tried, kind)}
			continue
		}
		out[kind] = looking{a}
	}
	return out
}

// looking is an action of which only Check is left. The action is no embedded
// field: a method that is added to Action must not slip through.
type looking struct{ inner Action }

var (
	_ Action = looking{}
	_ Test   = lookingTest{}
)

// Check looks.
func (l looking) Check(ctx context.Context, c *Call) (Seen, string, error) {
	return l.inner.Check(ctx, c)
}

// Apply refuses.
func (looking) Apply(_ context.Context, c *Call) error { return onlyLooks(c) }

// Verify refuses: there is nothing of this run to prove.
func (looking) Verify(_ context.Context, c *Call) ([]Evidence, error) { return nil, onlyLooks(c) }

// Undo refuses.
func (looking) Undo(_ context.Context, c *Call) ([]Evidence, error) { return nil, onlyLooks(c) }

// lookingTest is a test, carried out if it only reads.
type lookingTest struct {
	looking
	test  Test
	tried bool
}

// Try carries the test out, or refuses.
func (l lookingTest) Try(ctx context.Context, c *Call) ([]Evidence, error) {
	if !l.tried {
		return nil, onlyLooks(c)
	}
	return l.test.Try(ctx, c)
}

func onlyLooks(c *Call) error {
	return fault.Newf(fault.Refused, "carry out step %q: a dry run only looks", c.Step.ID).Hintf("landfall run")
}
