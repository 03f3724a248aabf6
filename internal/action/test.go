package action

import (
	"context"

	"example.com/landfall/internal/fault"
)

// Test is an action that only finds something out: it has no effect, so an
// attempt of which the end is not known is simply made again, and there is
// nothing to take back. A Try that finds something wrong returns a fault of
// kind fault.Found with the evidence.
type Test interface {
	Action
	Try(ctx context.Context, c *Call) ([]Evidence, error)
}

// only is what all tests have in common.
type only struct{}

// Check finds nothing: a test leaves nothing.
func (only) Check(context.Context, *Call) (Seen, string, error) { return NotThere, "", nil }

// Apply is never called: Run knows tests.
func (only) Apply(_ context.Context, c *Call) error {
	return fault.Newf(fault.Internal, "apply step %q: a test has no effect", c.Step.ID)
}

// Verify is never called either.
func (only) Verify(context.Context, *Call) ([]Evidence, error) { return nil, nil }

// Undo has nothing to take back.
func (only) Undo(context.Context, *Call) ([]Evidence, error) { return nil, nil }
