package trouble_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"example.com/landfall/examples/bookshop/internal/trouble"
)

func TestTextAndKind(t *testing.T) {
	t.Parallel()
	cause := errors.New("connection\n  refused")
	for _, c := range []struct {
		err  error
		text string
		kind trouble.Kind
		exit int
	}{
		{trouble.Of(trouble.Unavailable, "open database", "a b", cause), `open database "a b": connection refused`, trouble.Unavailable, 8},
		{trouble.Of(trouble.Usage, "give a verb", "", nil), "give a verb", trouble.Usage, 2},
		{fmt.Errorf("outer: %w", trouble.Of(trouble.Unknown, "commit", "", nil)), "outer: commit", trouble.Unknown, 9},
		{cause, cause.Error(), trouble.Internal, 70},
		{context.Canceled, context.Canceled.Error(), trouble.Canceled, 130},
		{fmt.Errorf("x: %w", context.DeadlineExceeded), "x: context deadline exceeded", trouble.Unavailable, 8},
	} {
		if got := c.err.Error(); got != c.text {
			t.Errorf("text = %q, want %q", got, c.text)
		}
		if got := trouble.KindOf(c.err); got != c.kind {
			t.Errorf("kind of %q = %q, want %q", c.text, got, c.kind)
		}
		if got := trouble.ExitCode(c.err); got != c.exit {
			t.Errorf("exit code of %q = %d, want %d", c.text, got, c.exit)
		}
	}
	if trouble.ExitCode(nil) != 0 || trouble.Is(nil, trouble.Internal) {
		t.Error("nil is trouble")
	}
}
