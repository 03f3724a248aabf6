package pg

import (
	"context"
	"time"

	"example.com/landfall/internal/fault"
)

// Sleep waits so long, or until ctx ends, which is the error.
func Sleep(ctx context.Context, d time.Duration) error {
	if ctx.Err() != nil {
		return fault.Wrap(context.Cause(ctx), "wait", "") // also where nothing is waited for
	}
	if d <= 0 {
		return nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return fault.Wrap(context.Cause(ctx), "wait", "")
	}
}
