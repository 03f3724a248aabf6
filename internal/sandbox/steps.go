package sandbox

import (
	"context"
	"sync"

	"example.com/landfall/internal/fault"
)

// step is a part of the start that begins when what it needs is done.
type step struct {
	name  string
	needs []string
	run   func(context.Context) error
}

// runSteps runs the steps, each as soon as all it needs are done, and returns
// when all have ended. The first error ends the context of the others and is
// the one returned. A need that no step has is an error before anything runs.
func runSteps(ctx context.Context, steps []step, done func(name string)) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	ended := make(map[string]chan struct{}, len(steps))
	for _, s := range steps {
		// Steps stand below what they need, so there can be no circle.
		for _, need := range s.needs {
			if ended[need] == nil {
				return fault.Newf(fault.Internal, "order the start: %q needs %q, which does not stand above it", s.name, need)
			}
		}
		ended[s.name] = make(chan struct{})
	}
	var all sync.WaitGroup
	for _, s := range steps {
		all.Go(func() {
			if !await(ctx, s.needs, ended) {
				return
			}
			if err := s.run(ctx); err != nil {
				cancel(err)
				return
			}
			done(s.name)
			close(ended[s.name])
		})
	}
	all.Wait()
	return context.Cause(ctx)
}

func await(ctx context.Context, needs []string, ended map[string]chan struct{}) bool {
	for _, need := range needs {
		select {
		case <-ended[need]:
		case <-ctx.Done():
			return false
		}
	}
	return ctx.Err() == nil
}
