package sandbox

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"syscall"
	"time"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/sandbox/part"
	"example.com/landfall/internal/sandbox/proc"
)

const (
	// stopWithin bounds an orderly stop, which is over in a few seconds unless
	// something hangs; then the supervisor is killed and swept after.
	stopWithin = 45 * time.Second
	// lockFreeWithin bounds the wait for the kernel to give back the lock of a
	// killed supervisor.
	lockFreeWithin = 10 * time.Second
)

// Downed is the result of Down.
type Downed struct {
	// WasUp says that a supervisor was running.
	WasUp bool `json:"wasUp"`
	// Orderly is false when the supervisor had to be killed.
	Orderly bool `json:"orderly"`
	// Stopped are the servers that the supervisor stopped, Swept the processes
	// that had to be found and killed.
	Stopped []string `json:"stopped"`
	Swept   []string `json:"swept"`
	// Logs is the folder with the logs, which stay.
	Logs string `json:"logs"`
}

// Down ends the sandbox of a workspace: afterwards none of its processes runs
// and its data is gone; the logs stay. It is the same after a crash, with a
// supervisor that hangs, and when nothing ran, which is a success.
func Down(ctx context.Context, workspace string) (Downed, error) {
	l, err := newLayout(workspace)
	if err != nil {
		return Downed{}, err
	}
	result := Downed{Stopped: []string{}, Swept: []string{}, Logs: l.logs()}
	if _, err := os.Stat(l.dir); errors.Is(err, fs.ErrNotExist) {
		// Nobody removes the folder of a sandbox that runs, but if somebody
		// did, its processes are still to be found.
		swept, err := proc.Sweep(ctx, l.everything())
		result.Swept = names(swept)
		return result, err
	}
	unlock, err := lockUp(ctx, l)
	if err != nil {
		return result, err
	}
	defer unlock()
	if result.WasUp, err = supervisorAlive(l); err != nil {
		return result, err
	}
	if result.WasUp {
		if err := end(ctx, l, &result); err != nil {
			return result, err
		}
	}
	swept, err := cleanSlate(ctx, l)
	result.Swept = append(result.Swept, swept...)
	return result, err
}

// end makes the supervisor go: by asking, and when that takes too long or it
// does not answer, by killing it.
func end(ctx context.Context, l layout, result *Downed) error {
	s, stateErr := readState(l)
	if err := ask(ctx, l, "POST", "/stop", nil); err == nil {
		gone, err := awaitGone(ctx, l, stopWithin)
		if err != nil {
			return err
		}
		if gone {
			result.Orderly = true
			for _, p := range s.Parts {
				if p.State != part.Failed && p.State != part.Stopped {
					result.Stopped = append(result.Stopped, p.Name)
				}
			}
			return nil
		}
	}
	if stateErr == nil && s.Supervisor.PID > 0 {
		// Its identity is known; should it have gone meanwhile, the better.
		if err := s.Supervisor.Signal(syscall.SIGKILL); err != nil && !fault.Is(err, fault.NotFound) {
			return err
		}
	}
	swept, err := proc.Sweep(ctx, l.everything())
	result.Swept = append(result.Swept, names(swept)...)
	if err != nil {
		return err
	}
	gone, err := awaitGone(ctx, l, lockFreeWithin)
	if err == nil && !gone {
		return fault.Newf(fault.Conflict, "stop the sandbox: a process that is none of ours holds %q", l.serveLock()).
			Hintf("find it with: fuser %s", l.serveLock())
	}
	return err
}

// awaitGone waits until nobody holds the supervisor's lock.
func awaitGone(ctx context.Context, l layout, bound time.Duration) (bool, error) {
	deadline := time.After(bound)
	for {
		alive, err := supervisorAlive(l)
		if err != nil || !alive {
			return !alive, err
		}
		select {
		case <-deadline:
			return false, nil
		case <-ctx.Done():
			return false, fault.Wrap(ctx.Err(), "wait for the sandbox to stop", "")
		case <-time.After(lookEvery):
		}
	}
}
