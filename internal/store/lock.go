package store

import (
	"context"
	"time"

	"github.com/gofrs/flock"

	"example.com/landfall/internal/fault"
)

// lockEvery is how often a lock that others hold is tried again.
const lockEvery = 50 * time.Millisecond

// Lock takes a lock of the workspace for this process, and waits for it until
// ctx ends. It is the kernel's: it goes when the process does. name is one word.
func (w *Workspace) Lock(ctx context.Context, name string) (release func(), err error) {
	path, err := w.Private(name + ".lock")
	if err != nil {
		return nil, err
	}
	lock := flock.New(path, flock.SetPermissions(0o600))
	got, err := lock.TryLockContext(ctx, lockEvery)
	if err != nil || !got {
		return nil, fault.Of(fault.Conflict, "wait for another landfall in", w.root, err)
	}
	return func() { _ = lock.Unlock() }, nil // closing the file gives it back in any case
}
